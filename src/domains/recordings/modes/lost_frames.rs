//! `create_lost_frames`: frames vanish, whole or in part.

use std::collections::BTreeMap;
use std::ops::Range;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::{self, RECORD, build_delete};
use crate::domain::mode::{FailureMode, ModeCard, ModeGroup, PlannedFault, Task, Variant};
use crate::domain::params;
use crate::model::seed::RecordRandom;
use crate::model::{Edit, FaultSeverity, Fetch, Ids, Key, Refusal, Snapshot, Value};

pub(super) struct LostFrames;

const EMPTIED: &str = "emptied_frame";
const SEVERAL_EMPTIED: &str = "emptied_frames";
const TORN: &str = "torn_frame";
const LOST: &str = "lost_frame";
const SEVERAL_LOST: &str = "lost_frames";

/// The number of frames that are lost together.
const RUN: i64 = 3;

const BODY_STATE: &str = "AssetDynamicStateRecord";
const STATE: &str = "InertialStateRecord";
const STATE_ID: &str = "kinematicState_id";

/// The tables whose rows belong to frames, each before the ones that it refers to: a database that enforces its keys
/// refuses to delete a row that another refers to. Rows that do not name a frame, such as coordinates, stay behind, as
/// they do where a recorder loses a frame.
const TABLES: [&str; 9] = [
    BODY_STATE,
    "EnergyRecord",
    "SystemEnergyRecord",
    "CollisionResultRecord",
    "ContactConstraintRecord",
    "FrictionConstraintRecord",
    "UnifiedContactConstraintRecord",
    "SolverDiagnosticRecord",
    "AssetPhysicalDynamicRecord",
];

static CARD: ModeCard = ModeCard {
    id: "lost_frames",
    tool: "create_lost_frames",
    group: ModeGroup::Specified,
    title: "Missing or empty frames",
    description: "Frames are missing with all their rows, as after a transaction that failed in the background; or \
        only their number and time exist, because the frame rows were written first; or one body's rows are missing \
        from an otherwise complete frame. Differences between neighbours span the gap, and counting frames does not \
        reveal empty ones.",
    record: RECORD,
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: EMPTIED,
            severity: FaultSeverity::tenths::<10>(),
            about: "everything of the frame is missing except its own row",
            eligible: "a frame with one before and one after it",
            size: None,
        },
        Variant {
            word: SEVERAL_EMPTIED,
            severity: FaultSeverity::tenths::<15>(),
            about: "the same, of the frame and the two after it",
            eligible: "a frame with one before it and three after it",
            size: None,
        },
        Variant {
            word: TORN,
            severity: FaultSeverity::tenths::<20>(),
            about: "the state and energy of one body are missing from the frame",
            eligible: "a frame with the state of a body that is also in the previous frame",
            size: None,
        },
        Variant {
            word: LOST,
            severity: FaultSeverity::tenths::<15>(),
            about: "the frame is missing with all its rows",
            eligible: "a frame with one before and one after it",
            size: None,
        },
        Variant {
            word: SEVERAL_LOST,
            severity: FaultSeverity::tenths::<20>(),
            about: "the same, of the frame and the two after it",
            eligible: "a frame with one before it and three after it",
            size: None,
        },
    ],
    severity: FaultSeverity::tenths::<15>(),
    uses_now: false,
    uses_ordinal: false,
    checks: &["frame_gap", "frame_complete", "energy_of_bodies"],
    data_needed: &["the requested number of simulation steps"],
};

/// Parameters of `create_lost_frames`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Frames to lose, by SimulationFrameRecord.id: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    frame_id: Option<Ids>,
    /// What is lost.
    #[arg(long, value_name = "WHAT", value_parser = params::variant_parser(&CARD))]
    loss: Option<String>,
}

impl FailureMode for LostFrames {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, mut params: Params, variant: Option<&str>) -> Result<Params, String> {
        params.loss = Some(params::resolve_variant(self, "loss", params.loss.as_deref(), variant)?.to_owned());
        Ok(params)
    }

    fn needs(&self, records: &[Value], _: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        let ids = shared::frame_ids_around(records, 1, RUN);
        let mut wanted = vec![shared::fetch_frames(&ids), shared::fetch_frame_rows(STATE, &ids)];
        wanted.extend(TABLES.iter().map(|table| shared::fetch_frame_rows(table, &ids)));
        let states = shared::column_values(snapshot, BODY_STATE, STATE_ID);
        wanted.push(Fetch::among(STATE, "id", states));
        shared::unread_queries(wanted, snapshot)
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let word = params::variant_of_plan(self, params.loss.as_deref(), "loss")?;
        let frame = shared::read_frame_id(snapshot, task)?;
        if word == TORN {
            return Ok(PlannedFault::without_witness(word, tear_frame(snapshot, frame, task)?));
        }
        let several = word == SEVERAL_EMPTIED || word == SEVERAL_LOST;
        let frames = frame..frame + if several { RUN } else { 1 };
        if let Some(missing) = (frame - 1..=frames.end).find(|at| !shared::has_frame(snapshot, *at)) {
            let reason = format!("frame {missing} does not exist, so the gap would have no edge");
            return Err(task.ineligible(reason));
        }
        if shared::frame_rows(snapshot, BODY_STATE, frame).is_empty() {
            return Err(task.ineligible("it has no state to lose"));
        }
        let mut edits = delete_contents(snapshot, frames.clone());
        if word == LOST || word == SEVERAL_LOST {
            edits.extend(delete_states(snapshot, frames.clone()));
            // Last, because all of the above refer to the frames themselves.
            for at in frames {
                edits.extend(shared::find_row(snapshot, RECORD.table, Some(at)).map(|row| build_delete(&row)));
            }
        }
        Ok(PlannedFault::without_witness(word, edits))
    }
}

/// Deletes the rows that belong to frames, table by table in the order of [`TABLES`].
fn delete_contents(snapshot: &Snapshot, frames: Range<i64>) -> Vec<Edit> {
    let mut edits = Vec::new();
    for table in TABLES {
        for frame in frames.clone() {
            edits.extend(shared::frame_rows(snapshot, table, frame).iter().map(build_delete));
        }
    }
    edits
}

/// Deletes the states of the bodies in frames, also those whose own rows name a frame.
fn delete_states(snapshot: &Snapshot, frames: Range<i64>) -> Vec<Edit> {
    // A state may be reached twice, through its body and by its own frame: it can be deleted only once.
    let mut states: BTreeMap<Key, Edit> = BTreeMap::new();
    for frame in frames {
        let mut rows = shared::frame_rows(snapshot, STATE, frame);
        for body in shared::frame_rows(snapshot, BODY_STATE, frame) {
            rows.extend(shared::find_row(snapshot, STATE, body.integer(STATE_ID)));
        }
        states.extend(rows.iter().map(|row| (row.key(), build_delete(row))));
    }
    states.into_values().collect()
}

/// Deletes the state and the energy of one body in a frame.
fn tear_frame(snapshot: &Snapshot, frame: i64, task: &Task<'_>) -> Result<Vec<Edit>, Refusal> {
    snapshot.table(BODY_STATE)?;
    // A body that is spawned in this frame would just seem to come a frame later.
    let before = shared::body_ids(snapshot, frame - 1);
    let mut candidates = shared::body_ids(snapshot, frame);
    candidates.retain(|body| before.contains(body));
    let mut random = RecordRandom::new(task.seed, TORN, std::slice::from_ref(task.record));
    let Some(body) = random.pick(&candidates) else {
        return Err(task.ineligible("none of its bodies was in the previous frame"));
    };
    let mut edits = Vec::new();
    for table in [BODY_STATE, "EnergyRecord"] {
        for row in shared::frame_rows(snapshot, table, frame) {
            if row.integer("body_id") == Some(*body) {
                edits.push(build_delete(&row));
            }
        }
    }
    Ok(edits)
}
