//! `create_sunk_contact`: bodies overlap more deeply than their motion can explain.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::books::{self, EnergyLedger};
use super::shared::{self, RECORD, build_update, differ_by, read_numbers, real};
use crate::domain::mode::{FailureMode, ModeCard, ModeGroup, PlannedFault, Task, Variant};
use crate::domain::params::{self, Number};
use crate::domains::recordings::bodies::is_environment;
use crate::domains::recordings::constants::GRAVITY;
use crate::model::seed::RecordRandom;
use crate::model::{Decimal, Edit, FaultSeverity, Fetch, Ids, Refusal, Row, Snapshot, Value};

pub(super) struct SunkContact;

const DEEP: &str = "deep_overlap";
const SUNK: &str = "sunk_body";

static CARD: ModeCard = ModeCard {
    id: "sunk_contact",
    tool: "create_sunk_contact",
    group: ModeGroup::Specified,
    title: "Bodies inside each other",
    description: "A touching pair overlaps far deeper than in the previous frame, although nothing moved that fast; or \
        a body is lower for one frame, energies included: as from collision detection that picks the wrong face, or a \
        position written after the corrector had moved it back.",
    record: RECORD,
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: DEEP,
            severity: FaultSeverity::tenths::<15>(),
            about: "a touching pair is recorded as overlapping by that much more",
            eligible: "a frame with a touching pair whose bodies have states in the previous frame",
            size: None,
        },
        Variant {
            word: SUNK,
            severity: FaultSeverity::tenths::<20>(),
            about: "a body is lower by that much in this frame; energies and totals follow",
            eligible: "a frame with the state and energy of a body that is also in the previous frame",
            size: None,
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
    /// How much deeper, m, more than 0. Default: 0.5.
    #[arg(long, value_name = "M")]
    depth: Option<Number>,
}

impl FailureMode for SunkContact {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, mut params: Params, variant: Option<&str>) -> Result<Params, String> {
        params.sinking = Some(params::resolve_variant(self, "sinking", params.sinking.as_deref(), variant)?.to_owned());
        // Far deeper than a body sinks at rest, and half the edge of a box in a lab.
        let default = Decimal::from_f64(0.5).map(Number);
        params.depth = params.depth.or(default);
        if params.depth.is_some_and(|depth| depth.to_f64() <= 0.0) {
            return Err("depth must be more than 0".into());
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
        wanted.extend(tables.map(|table| shared::fetch_frame_rows(table, &ids)));
        let states = shared::column_values(snapshot, "AssetDynamicStateRecord", "kinematicState_id");
        wanted.push(Fetch::among("InertialStateRecord", "id", states));
        let positions = shared::column_values(snapshot, "InertialStateRecord", "position_id");
        wanted.push(Fetch::among("CoordinateRecord", "id", positions));
        shared::unread_queries(wanted, snapshot)
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let word = params::variant_of_plan(self, params.sinking.as_deref(), "sinking")?;
        let depth = params::require_param(params.depth, "depth")?.to_f64();
        let frame = shared::read_frame_id(snapshot, task)?;
        let mut random = RecordRandom::new(task.seed, word, std::slice::from_ref(task.record));
        let choices = if word == DEEP {
            snapshot.table("CollisionResultRecord")?;
            deepen_overlaps(snapshot, frame, depth)
        } else {
            snapshot.table("AssetDynamicStateRecord")?;
            lower_bodies(snapshot, frame, depth)
        };
        match random.pick(&choices) {
            Some(edits) => Ok(PlannedFault::without_witness(word, edits.clone())),
            None => Err(task.ineligible("it has no such pair or body that is also in the previous frame")),
        }
    }
}

/// Returns, for each touching pair of a frame that can be broken, the edits that make it overlap more deeply.
fn deepen_overlaps(snapshot: &Snapshot, frame: i64, depth: f64) -> Vec<Vec<Edit>> {
    let before = shared::body_ids(snapshot, frame - 1);
    let mut choices = Vec::new();
    for pair in shared::frame_rows(snapshot, "CollisionResultRecord", frame) {
        let sides = read_sides(&pair);
        // A check explains depth by motion, so it has to know where both were; the environment has no states.
        let all_known = sides.iter().flatten().all(|body| is_environment(*body) || before.contains(body));
        if !all_known || sides.contains(&None) {
            continue;
        }
        let Some([old]) = read_numbers(&pair, ["penetrationDepth"]) else { continue };
        if !differ_by(old, old + depth, depth) {
            continue;
        }
        let mut edits = vec![build_update(&pair, [("penetrationDepth", real(old + depth))])];
        // The recorder writes the depth with each constraint of the pair too: all must agree.
        for table in ["ContactConstraintRecord", "UnifiedContactConstraintRecord"] {
            for row in shared::frame_rows(snapshot, table, frame) {
                if let (true, Some([old])) = (read_sides(&row) == sides, read_numbers(&row, ["penetration_depth"])) {
                    edits.push(build_update(&row, [("penetration_depth", real(old + depth))]));
                }
            }
        }
        choices.push(edits);
    }
    choices
}

/// Returns the ids of the bodies on both sides of a contact.
fn read_sides(row: &Row<'_>) -> [Option<i64>; 2] {
    [row.integer("body_a_id"), row.integer("body_b_id")]
}

/// Returns, for each body of a frame that can be broken, the edits that lower it, with its energies.
fn lower_bodies(snapshot: &Snapshot, frame: i64, depth: f64) -> Vec<Vec<Edit>> {
    let before = shared::body_ids(snapshot, frame - 1);
    let mut choices = Vec::new();
    for state in shared::frame_rows(snapshot, "AssetDynamicStateRecord", frame) {
        let Some(body) = state.integer("body_id").filter(|body| before.contains(body)) else { continue };
        let position = shared::find_position(snapshot, &state);
        choices.extend(position.and_then(|position| lower_body(snapshot, frame, body, &position, depth)));
    }
    choices
}

/// Builds the edits that lower a body; `None` where its height, mass or energies are missing, or where the change would
/// be lost in rounding.
fn lower_body(snapshot: &Snapshot, frame: i64, body: i64, position: &Row<'_>, depth: f64) -> Option<Vec<Edit>> {
    let [old] = read_numbers(position, ["z"])?;
    let height = old - depth;
    if !differ_by(height, old, depth) {
        return None;
    }
    let energies = books::energy_row(snapshot, frame, body)?;
    let [linear, rotational, potential] = read_numbers(&energies, ["linear_ke", "rotational_ke", "potential_e"])?;
    let mut edits = vec![build_update(position, [("z", real(height))])];
    // Without gravity no body has potential energy at any height, and none changes.
    if potential != 0.0 {
        let statics = snapshot.table("AssetInertialStaticRecord").ok()?;
        let mass = statics.rows_with("body_id", &Value::Integer(body)).first()?.float("mass")?;
        let mut ledger = EnergyLedger::new(snapshot);
        // E = m g z (J, kg, m/s2, m): the recorder counts heights from z = 0.
        ledger.set_energy(frame, body, [linear, rotational, mass * GRAVITY * height])?;
        edits.extend(ledger.into_edits());
    }
    Some(edits)
}
