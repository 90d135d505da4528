//! `create_time_runs_back`: frames whose times are not in the order of their ids.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::{self, RECORD, build_update, real};
use crate::domain::mode::{FailureMode, ModeCard, ModeGroup, PlannedFault, Task, Variant};
use crate::domain::params;
use crate::model::{FaultSeverity, Fetch, Ids, Refusal, Snapshot, Value};

pub(super) struct TimeRunsBack;

const EARLIER: &str = "earlier";
const REPEATED: &str = "repeated";
const UNSTEADY: &str = "unsteady_step";
const CLOCK: &str = "clock_set_back";

/// How far the wall clock is set back, s.
const SET_BACK: f64 = 60.0;

static CARD: ModeCard = ModeCard {
    id: "time_runs_back",
    tool: "create_time_runs_back",
    group: ModeGroup::Specified,
    title: "Time that does not advance",
    description: "A frame's simulation time is before or equal to that of the previous frame, or the step to it has \
        another length; or the wall clock was set back while the recorder ran: as from a clock that is not reset \
        between two runs, a frame recorded twice, or frames written by two threads. Speeds and thresholds derived from \
        the step become wrong or infinite.",
    record: RECORD,
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: EARLIER,
            severity: FaultSeverity::tenths::<20>(),
            about: "its time is half a step before that of the previous frame",
            eligible: "a frame with two frames before it",
            size: None,
        },
        Variant {
            word: REPEATED,
            severity: FaultSeverity::tenths::<15>(),
            about: "its time equals that of the previous frame",
            eligible: "a frame with two frames before it",
            size: None,
        },
        Variant {
            word: UNSTEADY,
            severity: FaultSeverity::tenths::<10>(),
            about: "its time is a quarter of a step late",
            eligible: "a frame with two frames before it",
            size: None,
        },
        Variant {
            word: CLOCK,
            severity: FaultSeverity::tenths::<5>(),
            about: "it was recorded a minute before the previous frame, by the wall clock",
            eligible: "a frame with two frames before it",
            size: None,
        },
    ],
    severity: FaultSeverity::tenths::<15>(),
    uses_now: false,
    uses_ordinal: false,
    checks: &["frame_order", "time_step", "wall_clock"],
    data_needed: &["the requested simulation step"],
};

/// Parameters of `create_time_runs_back`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Frames to break, by SimulationFrameRecord.id: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    frame_id: Option<Ids>,
    /// What is wrong with the time.
    #[arg(long, value_name = "WHAT", value_parser = params::variant_parser(&CARD))]
    time: Option<String>,
}

impl FailureMode for TimeRunsBack {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, mut params: Params, variant: Option<&str>) -> Result<Params, String> {
        params.time = Some(params::resolve_variant(self, "time", params.time.as_deref(), variant)?.to_owned());
        Ok(params)
    }

    fn needs(&self, records: &[Value], _: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        shared::unread_queries(vec![shared::fetch_frames(&shared::frame_ids_around(records, 2, 0))], snapshot)
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let word = params::variant_of_plan(self, params.time.as_deref(), "time")?;
        let frame = shared::read_frame_id(snapshot, task)?;
        let column = if word == CLOCK { "wall_clock_time" } else { "simulation_time" };
        let earlier = read_time(snapshot, frame - 2, column, task)?;
        let before = read_time(snapshot, frame - 1, column, task)?;
        let now = read_time(snapshot, frame, column, task)?;
        // The step before serves as the usual one: the frame's own may already be odd.
        let step = before - earlier;
        // Where time is irregular already, the fault would hide behind what is wrong anyway.
        if word != CLOCK && (step <= 0.0 || now <= before || (now - before - step).abs() > step * 1e-3) {
            return Err(task.ineligible("time already advances unevenly there"));
        }
        let new = match word {
            EARLIER => before - step / 2.0,
            REPEATED => before,
            UNSTEADY => now + step / 4.0,
            _ if now < before => return Err(task.ineligible("the clock already runs backwards there")),
            _ => before - SET_BACK,
        };
        let row = shared::find_row(snapshot, RECORD.table, Some(frame));
        let edits = row.iter().map(|row| build_update(row, [(column, real(new))])).collect();
        Ok(PlannedFault::without_witness(word, edits))
    }
}

/// Returns a time of a frame, s; refuses a frame that is not there or has none.
fn read_time(snapshot: &Snapshot, frame: i64, column: &str, task: &Task<'_>) -> Result<f64, Refusal> {
    let row = shared::find_row(snapshot, RECORD.table, Some(frame));
    let time = row.and_then(|row| row.float(column)).filter(|time| time.is_finite());
    time.ok_or_else(|| task.ineligible(format!("frame {frame} does not exist, or has no {column}")))
}
