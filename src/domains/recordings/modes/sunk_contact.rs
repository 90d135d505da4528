//! `create_sunk_contact`: bodies overlap more deeply than their motion can explain.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::books::{self, EnergyLedger};
use super::shared::{self, RECORD, build_update, read_numbers, real};
use crate::domain::mode::{FailureMode, ModeCard, PlannedFault, Task, Variant};
use crate::domain::params::{self, Number};
use crate::model::seed::RecordRandom;
use crate::model::{Decimal, Edit, FaultSeverity, Fetch, Ids, Refusal, Row, Snapshot, Value};

pub(super) struct SunkContact;

const DEEP: &str = "deep_overlap";
const SUNK: &str = "sunk_body";

static CARD: ModeCard = ModeCard {
    id: "sunk_contact",
    tool: "create_sunk_contact",
    title: "Bodies inside each other",
    description: "A touching pair overlaps far deeper than in the frame before, although nothing moved so fast; or a \
        body lies lower for one frame, energies included: as from collision detection that takes the wrong face, or a \
        position that was written after the corrector had moved it back.",
    record: RECORD,
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: DEEP,
            severity: FaultSeverity::tenths::<15>(),
            about: "a touching pair is recorded as overlapping by so much more",
            eligible: "a frame with a touching pair whose bodies have states in the frame before",
        },
        Variant {
            word: SUNK,
            severity: FaultSeverity::tenths::<20>(),
            about: "a body lies lower by so much in this frame; energies and totals follow",
            eligible: "a frame with the state and the energy of a body that was there in the frame before",
        },
    ],
    severity: FaultSeverity::tenths::<15>(),
    uses_now: false,
    uses_ordinal: false,
    checks: &["penetration", "body_motion"],
    data_needed: &["the shapes of the bodies"],
};

/// Parameters of `create_sunk_contact`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Frames to break, by SimulationFrameRecord.id: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    frame_id: Option<Ids>,
    /// What sinks.
    #[arg(long, value_name = "WHAT", value_parser = params::variant_parser(&CARD))]
    sinking: Option<String>,
    /// How much deeper, m, more than 0; 0.5 where nothing is said.
    #[arg(long, value_name = "M")]
    depth: Option<Number>,
}

fn to_float(number: Number) -> f64 {
    number.0.to_string().parse().unwrap_or(0.0)
}

impl FailureMode for SunkContact {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, mut params: Params, variant: Option<&str>) -> Result<Params, String> {
        params.sinking = Some(params::resolve_variant(self, "sinking", params.sinking.as_deref(), variant)?.to_owned());
        // Far deeper than a body sinks at rest, and half the edge of a box in a lab.
        let usual = Decimal::from_f64(0.5).map(Number);
        params.depth = params.depth.or(usual);
        if params.depth.is_some_and(|depth| to_float(depth) <= 0.0) {
            return Err("depth has to be more than 0".into());
        }
        Ok(params)
    }

    fn needs(&self, records: &[Value], _: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        let ids = shared::frame_ids_around(records, 1, 1);
        let tables = [
            "SystemEnergyRecord",
            "EnergyRecord",
            "AssetDynamicStateRecord",
            "CollisionResultRecord",
            "ContactConstraintRecord",
            "UnifiedContactConstraintRecord",
        ];
        let mut wanted = vec![shared::fetch_frames(&ids), Fetch::all("AssetInertialStaticRecord")];
        wanted.extend(tables.map(|table| shared::of_frames(table, &ids)));
        let states = shared::column_values(snapshot, "AssetDynamicStateRecord", "kinematicState_id");
        wanted.push(Fetch::among("InertialStateRecord", "id", states));
        let positions = shared::column_values(snapshot, "InertialStateRecord", "position_id");
        wanted.push(Fetch::among("CoordinateRecord", "id", positions));
        shared::unread_queries(wanted, snapshot)
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let word = params::variant_of_plan(self, params.sinking.as_deref(), "sinking")?;
        let depth = to_float(params::require_param(params.depth, "depth")?);
        let frame = shared::frame_of(snapshot, task)?;
        let mut random = RecordRandom::new(task.seed, word, std::slice::from_ref(task.record));
        let choices = if word == DEEP {
            snapshot.table("CollisionResultRecord")?;
            deepen_overlaps(snapshot, frame, depth)
        } else {
            snapshot.table("AssetDynamicStateRecord")?;
            lower_bodies(snapshot, frame, depth)
        };
        let none = || task.ineligible("it has no such pair or body that was there in the frame before");
        let edits = random.pick(&choices).cloned().ok_or_else(none)?;
        Ok(PlannedFault::without_witness(word, edits))
    }
}

/// Returns the ids of the bodies with a state in a frame.
fn body_ids(snapshot: &Snapshot, frame: i64) -> Vec<i64> {
    let rows = shared::frame_rows(snapshot, "AssetDynamicStateRecord", frame);
    rows.iter().filter_map(|row| row.integer("body_id")).collect()
}

/// Returns, for each touching pair of a frame that can be broken, the edits that make it overlap more deeply.
fn deepen_overlaps(snapshot: &Snapshot, frame: i64, depth: f64) -> Vec<Vec<Edit>> {
    let before = body_ids(snapshot, frame - 1);
    let known = |body: Option<i64>| body.is_some_and(|body| body & (1 << 31) != 0 || before.contains(&body));
    let sides = |row: &Row<'_>| [row.integer("body_a_id"), row.integer("body_b_id")];
    let pairs = shared::frame_rows(snapshot, "CollisionResultRecord", frame);
    let one = |pair: &Row<'_>| {
        let old = pair.float("penetrationDepth").filter(|old| old.is_finite())?;
        let mut edits = vec![build_update(pair, [("penetrationDepth", real(old + depth))])];
        // The recorder writes the depth with each constraint of the pair too: all must agree.
        for table in ["ContactConstraintRecord", "UnifiedContactConstraintRecord"] {
            for row in shared::frame_rows(snapshot, table, frame).iter().filter(|row| sides(row) == sides(pair)) {
                let old = row.float("penetration_depth").filter(|old| old.is_finite());
                edits.extend(old.map(|old| build_update(row, [("penetration_depth", real(old + depth))])));
            }
        }
        Some(edits)
    };
    pairs.iter().filter(|pair| sides(pair).into_iter().all(known)).filter_map(one).collect()
}

/// Returns, for each body of a frame that can be broken, the edits that lower it, with its energies.
fn lower_bodies(snapshot: &Snapshot, frame: i64, depth: f64) -> Vec<Vec<Edit>> {
    let before = body_ids(snapshot, frame - 1);
    let rows = shared::frame_rows(snapshot, "AssetDynamicStateRecord", frame);
    let one = |state: &Row<'_>| {
        let body = state.integer("body_id").filter(|body| before.contains(body))?;
        let inertial = shared::find_row(snapshot, "InertialStateRecord", state.integer("kinematicState_id"))?;
        let place = shared::find_row(snapshot, "CoordinateRecord", inertial.integer("position_id"))?;
        let old = place.float("z").filter(|old| old.is_finite())?;
        let new = old - depth;
        let energies = books::energy_row(snapshot, frame, body)?;
        let parts = read_numbers(&energies, ["linear_ke", "rotational_ke", "potential_e"])?;
        let mut edits = vec![build_update(&place, [("z", real(new))])];
        let [linear, rotational, potential] = parts;
        // Without gravity no body has potential energy at any height, and none changes.
        if potential != 0.0 {
            let statics = snapshot.table("AssetInertialStaticRecord").ok()?;
            let mass = statics.rows_with("body_id", &Value::Integer(body)).first()?.float("mass")?;
            let mut books = EnergyLedger::new(snapshot);
            books.set_energy(frame, body, [linear, rotational, mass * 9.81 * new])?;
            edits.extend(books.into_edits());
        }
        Some(edits)
    };
    rows.iter().filter_map(one).collect()
}
