//! `create_broken_friction_cone`: contact impulses that are physically impossible.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::{self, PRESSED_LEAST, RECORD, build_update, keep_changes, read_numbers, real};
use crate::domain::mode::{FailureMode, ModeCard, ModeGroup, PlannedFault, Task, Variant};
use crate::domain::params;
use crate::model::seed::RecordRandom;
use crate::model::{Edit, FaultSeverity, Fetch, Ids, Refusal, Row, Snapshot, Value};

pub(super) struct BrokenCone;

const BEYOND: &str = "beyond_cone";
const PULLING: &str = "pulling";
const WEIGHTLESS: &str = "weightless";

/// The friction of the variant beyond the cone, as a multiple of its limit.
const BEYOND_TIMES: f64 = 1.5;

static CARD: ModeCard = ModeCard {
    id: "broken_cone",
    tool: "create_broken_friction_cone",
    group: ModeGroup::Specified,
    title: "Impossible contact impulses",
    description: "A contact point has more friction than its coefficient allows, pulls instead of pushing, or carries \
        nothing although a body rests on it: as from a solver that omits a projection, clamps after writing, or loses \
        its last sweep. The recorded motion does not follow from these impulses.",
    record: RECORD,
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: BEYOND,
            severity: FaultSeverity::tenths::<20>(),
            about: "one point's friction is 1.5 times its limit",
            eligible: "a frame with a loaded contact point that has friction",
            size: None,
        },
        Variant {
            word: PULLING,
            severity: FaultSeverity::tenths::<25>(),
            about: "one point's normal impulse is negative",
            eligible: "a frame with a loaded contact point",
            size: None,
        },
        Variant {
            word: WEIGHTLESS,
            severity: FaultSeverity::tenths::<15>(),
            about: "every point of the frame carries nothing",
            eligible: "a frame with a loaded contact point, and a previous frame",
            size: None,
        },
    ],
    severity: FaultSeverity::tenths::<20>(),
    uses_now: false,
    uses_ordinal: false,
    checks: &["friction_cone", "contact_pull", "impulse_balance", "resting_support"],
    data_needed: &["the solver's own log of sweeps"],
};

/// Parameters of `create_broken_friction_cone`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Frames to break, by SimulationFrameRecord.id: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    frame_id: Option<Ids>,
    /// What is wrong with the impulses.
    #[arg(long, value_name = "WHAT", value_parser = params::variant_parser(&CARD))]
    impulses: Option<String>,
}

impl FailureMode for BrokenCone {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, mut params: Params, variant: Option<&str>) -> Result<Params, String> {
        params.impulses =
            Some(params::resolve_variant(self, "impulses", params.impulses.as_deref(), variant)?.to_owned());
        Ok(params)
    }

    fn needs(&self, records: &[Value], _: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        let ids = shared::frame_ids_around(records, 1, 0);
        let [newest, older] = shared::fetch_impulse_rows(&ids);
        shared::unread_queries(vec![shared::fetch_frames(&ids), newest, older], snapshot)
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let word = params::variant_of_plan(self, params.impulses.as_deref(), "impulses")?;
        let frame = shared::read_frame_id(snapshot, task)?;
        let points: Vec<ImpulsePoint<'_>> = shared::impulse_rows(snapshot, frame)
            .into_iter()
            .filter_map(ImpulsePoint::from_row)
            .filter(ImpulsePoint::is_pressed)
            .collect();
        let mut random = RecordRandom::new(task.seed, word, std::slice::from_ref(task.record));
        let edits = match word {
            // Without the frame before, no check can see that the velocity of the body does not follow.
            WEIGHTLESS if !shared::has_frame(snapshot, frame - 1) => {
                return Err(task.ineligible("there is no previous frame to compute the change of velocity from"));
            }
            WEIGHTLESS => points.iter().map(ImpulsePoint::clear_impulses).collect(),
            PULLING => random.pick(&points).map(ImpulsePoint::reverse_normal).into_iter().collect(),
            _ => {
                // Three halves of a limit of 0 would still be 0.
                let rough: Vec<&ImpulsePoint<'_>> =
                    points.iter().filter(|point| point.friction_limit() > PRESSED_LEAST).collect();
                random.pick(&rough).map(|point| point.exceed_cone()).into_iter().collect::<Vec<Edit>>()
            }
        };
        if edits.is_empty() {
            return Err(task.ineligible("it has no loaded contact, or none with friction"));
        }
        Ok(PlannedFault::without_witness(word, edits))
    }
}

/// A contact point: its row, coefficient of friction, and impulses (N s) along the normal and both tangents.
struct ImpulsePoint<'s> {
    row: Row<'s>,
    friction: f64,
    normal: f64,
    tangents: [f64; 2],
}

impl<'s> ImpulsePoint<'s> {
    fn from_row(row: Row<'s>) -> Option<Self> {
        let columns = ["friction_coefficient", "normal_lambda", "tangent1_lambda", "tangent2_lambda"];
        let [friction, normal, one, two] = read_numbers(&row, columns)?;
        Some(Self { row, friction, normal, tangents: [one, two] })
    }

    fn is_pressed(&self) -> bool {
        self.normal > PRESSED_LEAST
    }

    /// Returns the largest friction that Coulomb's law allows, N s: the coefficient times the normal impulse.
    fn friction_limit(&self) -> f64 {
        self.friction * self.normal
    }

    fn clear_impulses(&self) -> Edit {
        let numbers = [("normal_lambda", 0.0), ("tangent1_lambda", 0.0), ("tangent2_lambda", 0.0)];
        build_update(&self.row, keep_changes(&self.row, numbers))
    }

    fn reverse_normal(&self) -> Edit {
        build_update(&self.row, [("normal_lambda", real(-self.normal))])
    }

    /// Sets friction beyond its limit, in its own direction; along the first tangent where it has none.
    fn exceed_cone(&self) -> Edit {
        let [one, two] = self.tangents;
        let old_size = one.hypot(two);
        let new_size = BEYOND_TIMES * self.friction_limit();
        // So little friction, N s, has no direction of its own.
        let [x, y] = if old_size > 1e-12 { [one / old_size, two / old_size] } else { [1.0, 0.0] };
        let numbers = [("tangent1_lambda", x * new_size), ("tangent2_lambda", y * new_size)];
        build_update(&self.row, keep_changes(&self.row, numbers))
    }
}
