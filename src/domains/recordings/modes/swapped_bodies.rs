//! `create_swapped_bodies`: numbers of one body are recorded under the id of another.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::{self, PRESSED_LEAST, RECORD, build_update, read_numbers};
use crate::domain::mode::{FailureMode, ModeCard, ModeGroup, PlannedFault, Task, Variant};
use crate::domain::params;
use crate::domains::recordings::bodies::is_environment;
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
    group: ModeGroup::Specified,
    title: "One body's values stored for another",
    description: "Two bodies exchange their states or their energies in a frame, or the two sides of a contact are \
        exchanged while its normal stays: as from two id counters that collide, an order that changed between two \
        loops, or an inverted normal. Each row by itself is valid.",
    record: RECORD,
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: STATES,
            severity: FaultSeverity::tenths::<20>(),
            about: "two bodies exchange position, velocity and orientation",
            eligible: "a frame with two bodies at different places, both also in the previous frame",
            size: None,
        },
        Variant {
            word: ENERGIES,
            severity: FaultSeverity::tenths::<15>(),
            about: "two bodies exchange their energies",
            eligible: "a frame with two bodies of different energies",
            size: None,
        },
        Variant {
            word: SIDES,
            severity: FaultSeverity::tenths::<10>(),
            about: "the two bodies of a contact point are exchanged",
            eligible: "a frame with a loaded contact of two moving bodies, and a previous frame",
            size: None,
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
            shared::fetch_frame_rows("AssetDynamicStateRecord", &ids),
            shared::fetch_frame_rows("EnergyRecord", &ids),
        ];
        wanted.extend(shared::fetch_impulse_rows(&ids));
        let states = shared::column_values(snapshot, "AssetDynamicStateRecord", "kinematicState_id");
        wanted.push(Fetch::among("InertialStateRecord", "id", states));
        let positions = shared::column_values(snapshot, "InertialStateRecord", "position_id");
        wanted.push(Fetch::among("CoordinateRecord", "id", positions));
        shared::unread_queries(wanted, snapshot)
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let word = params::variant_of_plan(self, params.exchange.as_deref(), "exchange")?;
        let frame = shared::read_frame_id(snapshot, task)?;
        let mut random = RecordRandom::new(task.seed, word, std::slice::from_ref(task.record));
        let choices = match word {
            STATES => swap_states(snapshot, frame),
            ENERGIES => swap_energies(snapshot, frame),
            _ => swap_sides(snapshot, frame),
        };
        match random.pick(&choices) {
            Some(edits) => Ok(PlannedFault::without_witness(word, edits.clone())),
            None => Err(task.ineligible("an exchange in it would change nothing or could not be detected")),
        }
    }
}

/// Returns every pair of different rows, each once.
fn row_pairs<'r, 's>(rows: &'r [Row<'s>]) -> impl Iterator<Item = (&'r Row<'s>, &'r Row<'s>)> {
    rows.iter().enumerate().flat_map(|(at, first)| rows.iter().skip(at + 1).map(move |second| (first, second)))
}

/// Builds the edits that exchange columns between two rows; `None` where both hold the same.
fn exchange_cells(columns: &[&'static str], first: &Row<'_>, second: &Row<'_>) -> Option<Vec<Edit>> {
    let one = read_cells(first, columns)?;
    let two = read_cells(second, columns)?;
    (one != two).then(|| vec![replace_cells(first, columns, two), replace_cells(second, columns, one)])
}

fn read_cells(row: &Row<'_>, columns: &[&'static str]) -> Option<Vec<Value>> {
    columns.iter().map(|column| row.cell(column).cloned()).collect()
}

fn replace_cells(row: &Row<'_>, columns: &[&'static str], cells: Vec<Value>) -> Edit {
    build_update(row, columns.iter().copied().zip(cells.into_iter().map(Datum::Raw)))
}

/// Returns, for each two bodies of a frame that are apart, the edits that exchange their states.
fn swap_states(snapshot: &Snapshot, frame: i64) -> Vec<Vec<Edit>> {
    const TABLE: &str = "AssetDynamicStateRecord";
    let before: Vec<_> =
        shared::frame_rows(snapshot, TABLE, frame - 1).iter().map(|row| row.integer("body_id")).collect();
    let mut rows = shared::frame_rows(snapshot, TABLE, frame);
    rows.retain(|row| before.contains(&row.integer("body_id")));
    let mut choices = Vec::new();
    for (first, second) in row_pairs(&rows) {
        if distance_between(snapshot, first, second).is_some_and(|distance| distance > APART) {
            choices.extend(exchange_cells(&["body_id"], first, second));
        }
    }
    choices
}

/// Returns how far apart two bodies are by their states, m; `None` where one has no position.
fn distance_between(snapshot: &Snapshot, first: &Row<'_>, second: &Row<'_>) -> Option<f64> {
    let one = read_numbers(&shared::find_position(snapshot, first)?, ["x", "y", "z"])?;
    let two = read_numbers(&shared::find_position(snapshot, second)?, ["x", "y", "z"])?;
    Some(one.iter().zip(two).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt())
}

/// Returns, for each two bodies of a frame with different energies, the edits that exchange these.
fn swap_energies(snapshot: &Snapshot, frame: i64) -> Vec<Vec<Edit>> {
    let rows = shared::frame_rows(snapshot, "EnergyRecord", frame);
    // The numbers are exchanged and not the ids: an edit of the ids could break a declared key.
    let columns = ["linear_ke", "rotational_ke", "potential_e", "total_e"];
    let mut choices = Vec::new();
    for (first, second) in row_pairs(&rows) {
        if differs(first, second, "linear_ke") || differs(first, second, "potential_e") {
            choices.extend(exchange_cells(&columns, first, second));
        }
    }
    choices
}

/// Tells whether two rows hold energies that no rounding explains: by more than a millionth of both, and 1e-6 J.
fn differs(first: &Row<'_>, second: &Row<'_>, column: &str) -> bool {
    let both = first.float(column).zip(second.float(column));
    both.is_some_and(|(a, b)| (a - b).abs() > 1e-6 * (a.abs() + b.abs()) + 1e-6)
}

/// Returns, for each contact point of a frame between two bodies that move, the edit that exchanges its sides.
fn swap_sides(snapshot: &Snapshot, frame: i64) -> Vec<Vec<Edit>> {
    // Without the frame before, no check can see which way the impulse pushed.
    if !shared::has_frame(snapshot, frame - 1) {
        return Vec::new();
    }
    let mut choices = Vec::new();
    for row in shared::impulse_rows(snapshot, frame) {
        let both_move = moves(&row, "body_a_id") && moves(&row, "body_b_id");
        let Some([impulse]) = read_numbers(&row, ["normal_lambda"]) else { continue };
        if both_move && impulse > PRESSED_LEAST {
            choices.extend(exchange_sides(&row));
        }
    }
    choices
}

fn moves(row: &Row<'_>, column: &str) -> bool {
    row.integer(column).is_some_and(|body| !is_environment(body))
}

/// Builds the edit that exchanges the bodies of a contact point; its normal, which points from one to the other, stays.
fn exchange_sides(row: &Row<'_>) -> Option<Vec<Edit>> {
    let (a, b) = (row.cell("body_a_id")?.clone(), row.cell("body_b_id")?.clone());
    Some(vec![build_update(row, [("body_a_id", Datum::Raw(b)), ("body_b_id", Datum::Raw(a))])])
}
