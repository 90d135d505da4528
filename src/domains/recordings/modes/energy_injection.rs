//! `create_energy_injection`: a body is faster than its contacts and gravity made it, or only delta_e says so.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::books::{self, EnergyLedger};
use super::shared::{self, RECORD, build_update, read_numbers, real};
use crate::domain::mode::{FailureMode, ModeCard, PlannedFault, Task, Variant};
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
    title: "Energy from nowhere",
    description: "A body has more kinetic energy than gravity and contacts gave it: in one frame, as after an impulse \
        that was applied twice, or growing a little from frame to frame, as from friction or corrections that push \
        along. Every sum and every formula still agrees. Or only delta_e is wrong, as after a total that was taken \
        from another frame. Thresholds on single frames miss the slow kind, which is the common one.",
    record: RECORD,
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: SPIKE,
            severity: FaultSeverity::tenths::<20>(),
            about: "one body is faster in this frame; energies and totals follow",
            eligible: "a frame with the energies of a body that moves",
        },
        Variant {
            word: LEAK,
            severity: FaultSeverity::tenths::<25>(),
            about: "one body gains a little in this frame and in each that follows, and loses it all after the last",
            eligible: "a frame with so many after it, none of which loses as much as it is to gain",
        },
        Variant {
            word: UNBOOKED,
            severity: FaultSeverity::tenths::<10>(),
            about: "delta_e is not what the totals say",
            eligible: "a frame with a total energy, and one before it",
        },
    ],
    severity: FaultSeverity::tenths::<20>(),
    uses_now: false,
    uses_ordinal: false,
    checks: &["energy_injection", "impulse_balance", "energy_chain", "energy_flags"],
    data_needed: &["the work of external forces, where there are any"],
};

/// Parameters of `create_energy_injection`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Frames to break, by SimulationFrameRecord.id: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    frame_id: Option<Ids>,
    /// How energy comes in.
    #[arg(long, value_name = "HOW", value_parser = params::variant_parser(&CARD))]
    injection: Option<String>,
    /// How much in all, J, more than 0; a twentieth of the total energy, and half a joule at least, where nothing is
    /// said.
    #[arg(long, value_name = "J")]
    joules: Option<Number>,
    /// Over how many frames a slow leak goes, 2 to 200; 12 where nothing is said.
    #[arg(long, value_name = "N")]
    frames: Option<u16>,
}

fn to_float(number: Number) -> f64 {
    number.0.to_string().parse().unwrap_or(0.0)
}

impl FailureMode for EnergyInjection {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, mut params: Params, variant: Option<&str>) -> Result<Params, String> {
        let word = params::resolve_variant(self, "injection", params.injection.as_deref(), variant)?;
        params.injection = Some(word.to_owned());
        if params.joules.is_some_and(|joules| to_float(joules) <= 0.0) {
            return Err("joules has to be more than 0".into());
        }
        match (word, params.frames) {
            (LEAK, frames) => {
                let frames = frames.unwrap_or(FRAMES);
                if !(2..=200).contains(&frames) {
                    return Err(format!("frames: {frames} is not within 2 to 200"));
                }
                params.frames = Some(frames);
            }
            (word, Some(_)) => return Err(format!("frames says how long a {LEAK} goes, and {word} is none")),
            (_, None) => {}
        }
        Ok(params)
    }

    fn needs(&self, records: &[Value], params: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        let ids = shared::frame_ids_around(records, 1, i64::from(params.frames.unwrap_or(1)));
        let mut wanted = vec![
            shared::fetch_frames(&ids),
            shared::of_frames("SystemEnergyRecord", &ids),
            shared::of_frames("EnergyRecord", &ids),
            shared::of_frames("AssetDynamicStateRecord", &ids),
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
        let frame = shared::frame_of(snapshot, task)?;
        let total = books::system_row(snapshot, frame).and_then(|row| row.float("total_system_e")).unwrap_or(0.0);
        // Well above the noise of the check, and in whole millijoules, as it is shown and typed.
        let joules = ((total.abs() / 20.0).max(0.5) * 1000.0).round() / 1000.0;
        let size = Decimal::from_f64(joules).filter(|_| joules < 1e9);
        let joules = size.ok_or_else(|| task.ineligible("its energy is no size"))?;
        Ok(Some(Params { joules: Some(Number(joules)), ..params.clone() }))
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let word = params::variant_of_plan(self, params.injection.as_deref(), "injection")?;
        let joules = to_float(params::require_param(params.joules, "joules")?);
        let frame = shared::frame_of(snapshot, task)?;
        snapshot.table("SystemEnergyRecord")?;
        if word == UNBOOKED {
            return self
                .plan_unbooked(snapshot, frame, joules, task)
                .map(|edits| PlannedFault::without_witness(word, edits));
        }
        snapshot.table("EnergyRecord")?;
        let frames = i64::from(params.frames.unwrap_or(1));
        if !shared::has_frame(snapshot, frame - 1) {
            return Err(task.ineligible("there is no frame before it to gain on"));
        }
        let mut random = RecordRandom::new(task.seed, word, std::slice::from_ref(task.record));
        let moving = moving_bodies(snapshot, frame);
        let body = random.pick(&moving).copied();
        let body = body.ok_or_else(|| task.ineligible("no body of it moves"))?;
        let mut books = EnergyLedger::new(snapshot);
        let mut edits = Vec::new();
        for at in 0..frames {
            #[expect(clippy::cast_precision_loss, reason = "at most 200 frames")]
            let gained = joules * (at + 1) as f64 / frames as f64;
            let missing = || task.ineligible(format!("body {body} has no state in frame {}", frame + at));
            edits.push(add_energy(snapshot, &mut books, (frame + at, body), gained).ok_or_else(missing)?);
            let delta = books.delta(frame + at).unwrap_or(0.0);
            // A frame that loses energy by itself would hide the gain: nothing could see the fault.
            let noise = 1e-6 * books.total(frame + at).unwrap_or(0.0).abs() + 1e-6;
            if delta <= noise || (at > 0 && delta <= 0.0) {
                let reason = format!("frame {} loses more than it would gain", frame + at);
                return Err(task.ineligible(reason));
            }
        }
        edits.extend(books.into_edits());
        Ok(PlannedFault::without_witness(word, edits))
    }
}

impl EnergyInjection {
    fn plan_unbooked(
        &self,
        snapshot: &Snapshot,
        frame: i64,
        joules: f64,
        task: &Task<'_>,
    ) -> Result<Vec<Edit>, Refusal> {
        let row = books::system_row(snapshot, frame).filter(|_| books::system_row(snapshot, frame - 1).is_some());
        let delta = row.and_then(|row| Some((row, row.float("delta_e")?)));
        let none = || task.ineligible("it, or the frame before it, has no total energy");
        let (row, delta) = delta.ok_or_else(none)?;
        Ok(vec![build_update(&row, [("delta_e", real(delta + joules))])])
    }
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
    let rows = shared::frame_rows(snapshot, "EnergyRecord", frame);
    let moves = |row: &Row<'_>| row.float("linear_ke").is_some_and(|energy| energy > 1e-9 && energy.is_finite());
    let bodies = rows.into_iter().filter(moves).filter_map(|row| row.integer("body_id"));
    bodies.filter(|body| velocity_row(snapshot, frame, *body).is_some()).collect()
}

/// Makes a body faster, so that it gains that many joules, and changes its energies accordingly.
fn add_energy(
    snapshot: &Snapshot,
    books: &mut EnergyLedger<'_>,
    (frame, body): (i64, i64),
    joules: f64,
) -> Option<Edit> {
    let row = velocity_row(snapshot, frame, body)?;
    let old = read_numbers(&row, ["x", "y", "z"])?;
    let statics = snapshot.table("AssetInertialStaticRecord").ok()?;
    let mass = statics.rows_with("body_id", &Value::Integer(body)).first()?.float("mass")?;
    let energies = books::energy_row(snapshot, frame, body)?;
    let [linear, rotational, potential] = read_numbers(&energies, ["linear_ke", "rotational_ke", "potential_e"])?;
    // The direction stays: kinetic energy grows with the square of the speed.
    let factor = ((linear + joules) / linear).sqrt();
    let [x, y, z] = old.map(|part| part * factor);
    let gained = 0.5 * mass * (x * x + y * y + z * z);
    books.set_energy(frame, body, [gained, rotational, potential])?;
    let parts = [("x", x), ("y", y), ("z", z)].into_iter().zip(old);
    let set: Vec<_> =
        parts.filter(|((_, new), old)| new != old).map(|((column, new), _)| (column, real(new))).collect();
    (gained.is_finite() && !set.is_empty()).then(|| build_update(&row, set))
}
