//! `create_energy_injection`: a body is faster than its contacts and gravity made it, or only delta_e says so.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::books::{self, EnergyLedger};
use super::shared::{self, RECORD, build_update, differ_by, keep_changes, read_numbers, real};
use crate::domain::mode::{FailureMode, ModeCard, ModeGroup, PlannedFault, Task, Variant};
use crate::domain::params::{self, Number};
use crate::model::seed::RecordRandom;
use crate::model::{Decimal, Edit, FaultSeverity, Fetch, Ids, Refusal, Row, Snapshot, Value};

pub(super) struct EnergyInjection;

const SPIKE: &str = "spike";
const LEAK: &str = "slow_leak";
const UNBOOKED: &str = "unbooked";
const FRAMES: u16 = 12;

static CARD: ModeCard = ModeCard {
    id: "energy_injection",
    tool: "create_energy_injection",
    group: ModeGroup::Specified,
    title: "Unexplained energy",
    description: "A body has more kinetic energy than gravity and contacts gave it: in one frame, as after an impulse \
        applied twice, or growing slightly from frame to frame, as from friction or position corrections that push. \
        All sums and formulas still agree. Or only delta_e is wrong, as after a total taken from another frame. \
        Thresholds on single frames miss the slow kind, which is the common one.",
    record: RECORD,
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: SPIKE,
            severity: FaultSeverity::tenths::<20>(),
            about: "one body is faster in this frame; energies and totals follow",
            eligible: "a frame with the energies of a body that moves",
            size: None,
        },
        Variant {
            word: LEAK,
            severity: FaultSeverity::tenths::<25>(),
            about: "one body gains a little in this and each following frame, and loses it all after the last",
            eligible: "a frame with enough frames after it, none of which loses as much as it is to gain",
            size: None,
        },
        Variant {
            word: UNBOOKED,
            severity: FaultSeverity::tenths::<10>(),
            about: "delta_e contradicts the totals",
            eligible: "a frame with a total energy, and a previous frame",
            size: None,
        },
    ],
    severity: FaultSeverity::tenths::<20>(),
    uses_now: false,
    uses_ordinal: false,
    checks: &["energy_injection", "impulse_balance", "energy_chain", "energy_flags"],
    data_needed: &["the work of external forces, if there are any"],
};

/// Parameters of `create_energy_injection`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Frames to break, by SimulationFrameRecord.id: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    frame_id: Option<Ids>,
    /// How energy is added.
    #[arg(long, value_name = "HOW", value_parser = params::variant_parser(&CARD))]
    injection: Option<String>,
    /// Total energy added, J, more than 0. Default: a twentieth of the total energy, at least 0.5.
    #[arg(long, value_name = "J")]
    joules: Option<Number>,
    /// Length of a slow leak in frames, 2 to 200. Default: 12.
    #[arg(long, value_name = "N")]
    frames: Option<u16>,
}

impl FailureMode for EnergyInjection {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, mut params: Params, variant: Option<&str>) -> Result<Params, String> {
        let word = params::resolve_variant(self, "injection", params.injection.as_deref(), variant)?;
        params.injection = Some(word.to_owned());
        if params.joules.is_some_and(|joules| joules.to_f64() <= 0.0) {
            return Err("joules must be more than 0".into());
        }
        match (word, params.frames) {
            (LEAK, frames) => {
                let frames = frames.unwrap_or(FRAMES);
                if !(2..=200).contains(&frames) {
                    return Err(format!("frames: {frames} is not from 2 to 200"));
                }
                params.frames = Some(frames);
            }
            (word, Some(_)) => return Err(format!("frames is the length of a {LEAK}; {word} does not take it")),
            (_, None) => {}
        }
        Ok(params)
    }

    fn needs(&self, records: &[Value], params: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        let ids = shared::frame_ids_around(records, 1, i64::from(params.frames.unwrap_or(1)));
        let mut wanted = vec![
            shared::fetch_frames(&ids),
            shared::fetch_frame_rows("SystemEnergyRecord", &ids),
            shared::fetch_frame_rows("EnergyRecord", &ids),
            shared::fetch_frame_rows("AssetDynamicStateRecord", &ids),
            Fetch::all("AssetInertialStaticRecord"),
        ];
        let states = shared::column_values(snapshot, "AssetDynamicStateRecord", "kinematicState_id");
        wanted.push(Fetch::among("InertialStateRecord", "id", states));
        let velocities = shared::column_values(snapshot, "InertialStateRecord", "velocity_id");
        wanted.push(Fetch::among("VelocityRecord", "id", velocities));
        shared::unread_queries(wanted, snapshot)
    }

    fn propose(
        &self,
        _: &str,
        snapshot: &Snapshot,
        task: &Task<'_>,
        params: &Params,
    ) -> Result<Option<Params>, Refusal> {
        if params.joules.is_some() {
            return Ok(None);
        }
        let frame = shared::read_frame_id(snapshot, task)?;
        let total = books::system_row(snapshot, frame).and_then(|row| row.float("total_system_e")).unwrap_or(0.0);
        // Well above the noise of the check, and in whole millijoules, as it is shown and typed.
        let joules = ((total.abs() / 20.0).max(0.5) * 1000.0).round() / 1000.0;
        // The rules of the checks hold that no frame has more than 1e9 J.
        let decimal = Decimal::from_f64(joules).filter(|_| joules < 1e9);
        let joules = decimal.ok_or_else(|| task.ineligible("its energy is not a finite number"))?;
        Ok(Some(Params { joules: Some(Number(joules)), ..params.clone() }))
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let word = params::variant_of_plan(self, params.injection.as_deref(), "injection")?;
        let joules = params::require_param(params.joules, "joules")?.to_f64();
        let frame = shared::read_frame_id(snapshot, task)?;
        snapshot.table("SystemEnergyRecord")?;
        if word == UNBOOKED {
            let edit = change_delta(snapshot, frame, joules, task)?;
            return Ok(PlannedFault::without_witness(word, vec![edit]));
        }
        snapshot.table("EnergyRecord")?;
        let frames = i64::from(params.frames.unwrap_or(1));
        if !shared::has_frame(snapshot, frame - 1) {
            return Err(task.ineligible("there is no previous frame to gain from"));
        }
        let mut random = RecordRandom::new(task.seed, word, std::slice::from_ref(task.record));
        let bodies = moving_bodies(snapshot, frame);
        let body = *random.pick(&bodies).ok_or_else(|| task.ineligible("none of its bodies is moving"))?;
        let mut ledger = EnergyLedger::new(snapshot);
        let mut edits = Vec::new();
        for step in 0..frames {
            let frame = frame + step;
            // The gain grows evenly, J: each frame has a frame's share more than the one before, and the last all.
            #[expect(clippy::cast_precision_loss, reason = "at most 200 frames")]
            let gain = joules * (step + 1) as f64 / frames as f64;
            let Some(edit) = add_energy(snapshot, &mut ledger, frame, body, gain) else {
                return Err(task.ineligible(format!("body {body} has no state in frame {frame}")));
            };
            edits.push(edit);
            let delta = ledger.delta(frame).unwrap_or(0.0);
            // A frame that loses energy by itself would hide the gain: nothing could see the fault. The noise, J, lies
            // well above that of the check.
            let noise = 1e-6 * ledger.total(frame).unwrap_or(0.0).abs() + 1e-6;
            if delta <= noise || (step > 0 && delta <= 0.0) {
                return Err(task.ineligible(format!("frame {frame} loses more than it would gain")));
            }
        }
        edits.extend(ledger.into_edits());
        Ok(PlannedFault::without_witness(word, edits))
    }
}

/// Builds the edit that adds so many joules to the change of energy that a frame records, and to nothing else.
fn change_delta(snapshot: &Snapshot, frame: i64, joules: f64, task: &Task<'_>) -> Result<Edit, Refusal> {
    // Without the frame before, no check could tell what the change should be.
    let row = books::system_row(snapshot, frame).filter(|_| books::system_row(snapshot, frame - 1).is_some());
    let Some((row, delta)) = row.and_then(|row| Some((row, row.float("delta_e")?))) else {
        return Err(task.ineligible("it, or the previous frame, has no total energy"));
    };
    if !differ_by(delta, delta + joules, joules) {
        return Err(task.ineligible("its change of energy is so large that rounding would lose the gain"));
    }
    Ok(build_update(&row, [("delta_e", real(delta + joules))]))
}

/// Finds the row of a body's velocity in a frame.
fn velocity_row<'s>(snapshot: &'s Snapshot, frame: i64, body: i64) -> Option<Row<'s>> {
    let states = shared::frame_rows(snapshot, "AssetDynamicStateRecord", frame);
    let state = states.into_iter().find(|row| row.integer("body_id") == Some(body))?;
    let inertial = shared::find_row(snapshot, "InertialStateRecord", state.integer("kinematicState_id"))?;
    shared::find_row(snapshot, "VelocityRecord", inertial.integer("velocity_id"))
}

/// Returns the bodies that move in a frame and have an energy and a velocity there.
fn moving_bodies(snapshot: &Snapshot, frame: i64) -> Vec<i64> {
    let mut bodies = Vec::new();
    for row in shared::frame_rows(snapshot, "EnergyRecord", frame) {
        let Some(body) = row.integer("body_id") else { continue };
        // A body with so little energy, J, has no direction in which it could be faster.
        let moves = row.float("linear_ke").is_some_and(|energy| energy > 1e-9 && energy.is_finite());
        if moves && velocity_row(snapshot, frame, body).is_some() {
            bodies.push(body);
        }
    }
    bodies
}

/// Makes a body faster, so that it gains that many joules, and changes its energies accordingly.
fn add_energy(snapshot: &Snapshot, ledger: &mut EnergyLedger<'_>, frame: i64, body: i64, joules: f64) -> Option<Edit> {
    let row = velocity_row(snapshot, frame, body)?;
    let old = read_numbers(&row, ["x", "y", "z"])?;
    let statics = snapshot.table("AssetInertialStaticRecord").ok()?;
    let mass = statics.rows_with("body_id", &Value::Integer(body)).first()?.float("mass")?;
    let energies = books::energy_row(snapshot, frame, body)?;
    let [linear, rotational, potential] = read_numbers(&energies, ["linear_ke", "rotational_ke", "potential_e"])?;
    // The direction stays, and kinetic energy grows with the square of the speed: v' = v sqrt((E + joules) / E).
    let factor = ((linear + joules) / linear).sqrt();
    let [x, y, z] = old.map(|part| part * factor);
    // From the velocity as it will stand in its row, so that E = m v^2 / 2 (J, kg, m/s) holds to the last digit.
    let kinetic = 0.5 * mass * (x * x + y * y + z * z);
    ledger.set_energy(frame, body, [kinetic, rotational, potential])?;
    let cells = keep_changes(&row, [("x", x), ("y", y), ("z", z)]);
    (kinetic.is_finite() && !cells.is_empty()).then(|| build_update(&row, cells))
}
