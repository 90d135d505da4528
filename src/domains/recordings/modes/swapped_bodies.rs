//! `create_swapped_bodies`: numbers of one body are recorded under the id of another.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::{self, RECORD, build_update, read_numbers};
use crate::domain::mode::{FailureMode, ModeCard, PlannedFault, Task, Variant};
use crate::domain::params;
use crate::model::seed::RecordRandom;
use crate::model::{Datum, Edit, FaultSeverity, Fetch, Ids, Refusal, Row, Snapshot, Value};

pub(super) struct SwappedBodies;

const STATES: &str = "states";
const ENERGIES: &str = "energies";
const SIDES: &str = "contact_sides";

/// The least distance of two bodies whose states are exchanged, m: of nearer ones no check could tell.
const APART: f64 = 0.2;

static CARD: ModeCard = ModeCard {
    id: "swapped_bodies",
    tool: "create_swapped_bodies",
    title: "One body's numbers under another's name",
    description: "Two bodies exchange their states or their energies in a frame, or the two sides of a contact are \
        exchanged while its normal stays: as from two counters of ids that meet, an order that changed between two \
        loops, or a normal that points the other way. Every row is sound by itself.",
    record: RECORD,
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: STATES,
            severity: FaultSeverity::tenths::<20>(),
            about: "two bodies exchange position, velocity and orientation",
            eligible: "a frame with two bodies that are apart, both there in the frame before",
        },
        Variant {
            word: ENERGIES,
            severity: FaultSeverity::tenths::<15>(),
            about: "two bodies exchange their energies",
            eligible: "a frame with two bodies of different energies",
        },
        Variant {
            word: SIDES,
            severity: FaultSeverity::tenths::<10>(),
            about: "a contact point's bodies change sides",
            eligible: "a frame in which two bodies that move press each other, and one before it",
        },
    ],
    severity: FaultSeverity::tenths::<15>(),
    uses_now: false,
    uses_ordinal: false,
    checks: &["body_motion", "impulse_balance", "kinetic_energy", "potential_energy"],
    data_needed: &["who spawned which body"],
};

/// Parameters of `create_swapped_bodies`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Frames to break, by SimulationFrameRecord.id: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    frame_id: Option<Ids>,
    /// What is exchanged.
    #[arg(long, value_name = "WHAT", value_parser = params::variant_parser(&CARD))]
    exchange: Option<String>,
}

impl FailureMode for SwappedBodies {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, mut params: Params, variant: Option<&str>) -> Result<Params, String> {
        params.exchange =
            Some(params::resolve_variant(self, "exchange", params.exchange.as_deref(), variant)?.to_owned());
        Ok(params)
    }

    fn needs(&self, records: &[Value], _: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        let ids = shared::frame_ids_around(records, 1, 0);
        let mut wanted = vec![
            shared::fetch_frames(&ids),
            shared::of_frames("AssetDynamicStateRecord", &ids),
            shared::of_frames("EnergyRecord", &ids),
        ];
        wanted.extend(shared::of_points(&ids));
        let states = shared::column_values(snapshot, "AssetDynamicStateRecord", "kinematicState_id");
        wanted.push(Fetch::among("InertialStateRecord", "id", states));
        let positions = shared::column_values(snapshot, "InertialStateRecord", "position_id");
        wanted.push(Fetch::among("CoordinateRecord", "id", positions));
        shared::unread_queries(wanted, snapshot)
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let word = params::variant_of_plan(self, params.exchange.as_deref(), "exchange")?;
        let frame = shared::frame_of(snapshot, task)?;
        let mut random = RecordRandom::new(task.seed, word, std::slice::from_ref(task.record));
        let choices = match word {
            STATES => swap_states(snapshot, frame),
            ENERGIES => swap_energies(snapshot, frame),
            _ => swap_sides(snapshot, frame),
        };
        let none = || task.ineligible("nothing in it could be exchanged and told apart");
        let edits = random.pick(&choices).cloned().ok_or_else(none)?;
        Ok(PlannedFault::without_witness(word, edits))
    }
}

/// Returns every pair of different rows, each once.
fn row_pairs<'r, 's>(rows: &'r [Row<'s>]) -> impl Iterator<Item = (&'r Row<'s>, &'r Row<'s>)> {
    rows.iter().enumerate().flat_map(|(at, first)| rows.iter().skip(at + 1).map(move |second| (first, second)))
}

/// Returns the edits that exchange columns between two rows; `None` where both hold the same.
fn exchange_cells(columns: &[&'static str], first: &Row<'_>, second: &Row<'_>) -> Option<Vec<Edit>> {
    let cells = |row: &Row<'_>| -> Option<Vec<Value>> { columns.iter().map(|name| row.cell(name).cloned()).collect() };
    let (one, two) = (cells(first)?, cells(second)?);
    let set = |row: &Row<'_>, cells: &[Value]| {
        build_update(row, columns.iter().copied().zip(cells.iter().cloned().map(Datum::Raw)))
    };
    (one != two).then(|| vec![set(first, &two), set(second, &one)])
}

fn read_position(snapshot: &Snapshot, state: &Row<'_>) -> Option<[f64; 3]> {
    let inertial = shared::find_row(snapshot, "InertialStateRecord", state.integer("kinematicState_id"))?;
    let place = shared::find_row(snapshot, "CoordinateRecord", inertial.integer("position_id"))?;
    read_numbers(&place, ["x", "y", "z"])
}

fn swap_states(snapshot: &Snapshot, frame: i64) -> Vec<Vec<Edit>> {
    const TABLE: &str = "AssetDynamicStateRecord";
    let before: Vec<_> =
        shared::frame_rows(snapshot, TABLE, frame - 1).iter().map(|row| row.integer("body_id")).collect();
    let mut rows = shared::frame_rows(snapshot, TABLE, frame);
    rows.retain(|row| before.contains(&row.integer("body_id")));
    let apart = |(first, second): &(&Row<'_>, &Row<'_>)| {
        let places = read_position(snapshot, first).zip(read_position(snapshot, second));
        places.is_some_and(|(a, b)| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt() > APART)
    };
    let all = row_pairs(&rows).filter(apart);
    all.filter_map(|(first, second)| exchange_cells(&["body_id"], first, second)).collect()
}

fn swap_energies(snapshot: &Snapshot, frame: i64) -> Vec<Vec<Edit>> {
    let rows = shared::frame_rows(snapshot, "EnergyRecord", frame);
    let differ = |(first, second): &(&Row<'_>, &Row<'_>)| {
        ["linear_ke", "potential_e"].iter().any(|column| {
            let both = first.float(column).zip(second.float(column));
            both.is_some_and(|(a, b)| (a - b).abs() > 1e-6 * (a.abs() + b.abs()) + 1e-6)
        })
    };
    let all = row_pairs(&rows).filter(differ);
    // The numbers are exchanged and not the ids: an edit of the ids could break a declared key.
    let columns = ["linear_ke", "rotational_ke", "potential_e", "total_e"];
    all.filter_map(|(first, second)| exchange_cells(&columns, first, second)).collect()
}

fn swap_sides(snapshot: &Snapshot, frame: i64) -> Vec<Vec<Edit>> {
    let moves = |row: &Row<'_>, column: &str| row.integer(column).is_some_and(|body| body & (1 << 31) == 0);
    let presses = |row: &Row<'_>| {
        let both_move = moves(row, "body_a_id") && moves(row, "body_b_id");
        both_move && row.float("normal_lambda").is_some_and(|impulse| impulse > 1e-4 && impulse.is_finite())
    };
    if !shared::has_frame(snapshot, frame - 1) {
        return Vec::new();
    }
    let turn = |row: Row<'_>| {
        let (a, b) = (row.cell("body_a_id")?.clone(), row.cell("body_b_id")?.clone());
        Some(vec![build_update(&row, [("body_a_id", Datum::Raw(b)), ("body_b_id", Datum::Raw(a))])])
    };
    shared::impulse_rows(snapshot, frame).into_iter().filter(presses).filter_map(turn).collect()
}
