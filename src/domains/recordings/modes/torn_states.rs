//! `create_torn_states`: a state with NULL, infinity, or an orientation that is not a unit quaternion.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::{self, RECORD, build_update, keep_changes, read_numbers, real};
use crate::domain::mode::{FailureMode, ModeCard, ModeGroup, PlannedFault, Task, Variant};
use crate::domain::params;
use crate::model::seed::RecordRandom;
use crate::model::{Datum, Edit, FaultSeverity, Fetch, Ids, Refusal, Row, Snapshot, Value};

pub(super) struct TornStates;

const NAN: &str = "not_a_number";
const INFINITE: &str = "infinite";
const STRETCHED: &str = "stretched_orientation";

/// How much longer a stretched quaternion is.
const STRETCH: f64 = 1.01;

static CARD: ModeCard = ModeCard {
    id: "torn_states",
    tool: "create_torn_states",
    group: ModeGroup::Specified,
    title: "Invalid states",
    description: "A velocity is NULL (NaN is stored as NULL), a position is infinite, or an orientation is longer than \
        1: as from a division by a zero mass or length, an overflow, or an integrator that never normalises. Readers \
        turn the first into 0, fail on the second, and draw growing bodies from the third.",
    record: RECORD,
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: NAN,
            severity: FaultSeverity::tenths::<25>(),
            about: "a component of a body's velocity is NULL",
            eligible: "a frame with the state of a body",
            size: None,
        },
        Variant {
            word: INFINITE,
            severity: FaultSeverity::tenths::<30>(),
            about: "a component of a body's position is infinite",
            eligible: "a frame with the state of a body",
            size: None,
        },
        Variant {
            word: STRETCHED,
            severity: FaultSeverity::tenths::<10>(),
            about: "a body's quaternion is 1 % too long",
            eligible: "a frame with the state of a body",
            size: None,
        },
    ],
    severity: FaultSeverity::tenths::<20>(),
    uses_now: false,
    uses_ordinal: false,
    checks: &["non_finite", "orientation"],
    data_needed: &[],
};

/// Parameters of `create_torn_states`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Frames to break, by SimulationFrameRecord.id: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    frame_id: Option<Ids>,
    /// What is wrong with the state.
    #[arg(long, value_name = "WHAT", value_parser = params::variant_parser(&CARD))]
    tear: Option<String>,
}

impl FailureMode for TornStates {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, mut params: Params, variant: Option<&str>) -> Result<Params, String> {
        params.tear = Some(params::resolve_variant(self, "tear", params.tear.as_deref(), variant)?.to_owned());
        Ok(params)
    }

    fn needs(&self, records: &[Value], _: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        let ids = shared::frame_ids_around(records, 0, 0);
        let mut wanted = vec![shared::fetch_frames(&ids), shared::fetch_frame_rows("AssetDynamicStateRecord", &ids)];
        let states = shared::column_values(snapshot, "AssetDynamicStateRecord", "kinematicState_id");
        wanted.push(Fetch::among("InertialStateRecord", "id", states));
        for (column, table) in [
            ("velocity_id", "VelocityRecord"),
            ("position_id", "CoordinateRecord"),
            ("orientation_id", "QuaternionDRecord"),
        ] {
            wanted.push(Fetch::among(table, "id", shared::column_values(snapshot, "InertialStateRecord", column)));
        }
        shared::unread_queries(wanted, snapshot)
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let word = params::variant_of_plan(self, params.tear.as_deref(), "tear")?;
        let frame = shared::read_frame_id(snapshot, task)?;
        snapshot.table("AssetDynamicStateRecord")?;
        let states = shared::frame_rows(snapshot, "AssetDynamicStateRecord", frame);
        let mut random = RecordRandom::new(task.seed, word, std::slice::from_ref(task.record));
        let state = random
            .pick(&states)
            .and_then(|state| shared::find_row(snapshot, "InertialStateRecord", state.integer("kinematicState_id")));
        let axis = *random.pick(&["x", "y", "z"]).unwrap_or(&"z");
        match state.and_then(|state| tear_state(snapshot, &state, word, axis)) {
            Some(edit) => Ok(PlannedFault::without_witness(word, vec![edit])),
            None => Err(task.ineligible("it has no state, or its values are already invalid")),
        }
    }
}

/// Builds the edit by which a state shows a variant; `None` where it holds no finite number to overwrite.
fn tear_state(snapshot: &Snapshot, state: &Row<'_>, word: &str, axis: &'static str) -> Option<Edit> {
    match word {
        NAN => {
            let velocity = shared::find_row(snapshot, "VelocityRecord", state.integer("velocity_id"))?;
            overwrite_number(&velocity, axis, Datum::Null)
        }
        INFINITE => {
            let position = shared::find_row(snapshot, "CoordinateRecord", state.integer("position_id"))?;
            overwrite_number(&position, axis, real(f64::INFINITY))
        }
        _ => {
            let orientation = shared::find_row(snapshot, "QuaternionDRecord", state.integer("orientation_id"))?;
            stretch_quaternion(&orientation)
        }
    }
}

fn overwrite_number(row: &Row<'_>, column: &'static str, datum: Datum) -> Option<Edit> {
    read_numbers(row, [column])?;
    Some(build_update(row, [(column, datum)]))
}

fn stretch_quaternion(row: &Row<'_>) -> Option<Edit> {
    const PARTS: [&str; 4] = ["w", "x", "y", "z"];
    let old = read_numbers(row, PARTS)?;
    // A component of 0 stays 0.
    let cells = keep_changes(row, PARTS.into_iter().zip(old.map(|part| part * STRETCH)));
    (!cells.is_empty()).then(|| build_update(row, cells))
}
