//! `create_unconverged_solver`: the solver's row says that it gave up, or counts a pair that was not recorded.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::{self, RECORD, build_update, real};
use crate::domain::mode::{FailureMode, ModeCard, ModeGroup, PlannedFault, Task, Variant};
use crate::domain::params;
use crate::model::{Datum, Edit, FaultSeverity, Fetch, Ids, Refusal, Snapshot, Value};

pub(super) struct UnconvergedSolver;

const GAVE_UP: &str = "gave_up";
const MISCOUNTED: &str = "miscounted";

/// The most sweeps of the recorder's solver: it gives up only after all of them.
const SWEEPS: i64 = 50;
/// The residual that it is left with, m/s.
const RESIDUAL: f64 = 0.25;

static CARD: ModeCard = ModeCard {
    id: "unconverged_solver",
    tool: "create_unconverged_solver",
    group: ModeGroup::Specified,
    title: "A solver that gave up",
    description: "The solver's row says that it did not converge although there were contacts, or counts a touching \
        pair that was not recorded: as in deep piles, with very different masses, or when a contact is lost between \
        solving and recording. The impulses of such a frame cannot be trusted.",
    record: RECORD,
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: GAVE_UP,
            severity: FaultSeverity::tenths::<10>(),
            about: "it made all its sweeps without converging",
            eligible: "a frame with constraints in which it converged",
            size: None,
        },
        Variant {
            word: MISCOUNTED,
            severity: FaultSeverity::tenths::<10>(),
            about: "it counts one touching pair too many",
            eligible: "a frame with a solver row that counts the recorded pairs correctly",
            size: None,
        },
    ],
    severity: FaultSeverity::tenths::<10>(),
    uses_now: false,
    uses_ordinal: false,
    checks: &["solver_convergence", "solver_counts"],
    data_needed: &["the solver's own log of sweeps"],
};

/// Parameters of `create_unconverged_solver`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Frames to break, by SimulationFrameRecord.id: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    frame_id: Option<Ids>,
    /// What is wrong with the solver's row.
    #[arg(long, value_name = "WHAT", value_parser = params::variant_parser(&CARD))]
    failure: Option<String>,
}

impl FailureMode for UnconvergedSolver {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, mut params: Params, variant: Option<&str>) -> Result<Params, String> {
        params.failure = Some(params::resolve_variant(self, "failure", params.failure.as_deref(), variant)?.to_owned());
        Ok(params)
    }

    fn needs(&self, records: &[Value], _: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        let ids = shared::frame_ids_around(records, 0, 0);
        let tables = ["SolverDiagnosticRecord", "CollisionResultRecord"];
        let mut wanted = vec![shared::fetch_frames(&ids)];
        wanted.extend(tables.map(|table| shared::fetch_frame_rows(table, &ids)));
        shared::unread_queries(wanted, snapshot)
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let word = params::variant_of_plan(self, params.failure.as_deref(), "failure")?;
        let frame = shared::read_frame_id(snapshot, task)?;
        snapshot.table("SolverDiagnosticRecord")?;
        let edit = if word == GAVE_UP { give_up(snapshot, frame) } else { miscount_contacts(snapshot, frame) };
        let edit = edit.ok_or_else(|| task.ineligible(format!("its solver row cannot show {word}")))?;
        Ok(PlannedFault::without_witness(word, vec![edit]))
    }
}

fn give_up(snapshot: &Snapshot, frame: i64) -> Option<Edit> {
    let row = shared::frame_rows(snapshot, "SolverDiagnosticRecord", frame).into_iter().next()?;
    // A row that gave up already, or had nothing to solve, could not show the fault.
    let converged = row.integer("num_constraints")? > 0 && row.flag("converged")?;
    let set = [("iterations", Datum::Integer(SWEEPS)), ("residual", real(RESIDUAL)), ("converged", Datum::Integer(0))];
    converged.then(|| build_update(&row, set))
}

fn miscount_contacts(snapshot: &Snapshot, frame: i64) -> Option<Edit> {
    let row = shared::frame_rows(snapshot, "SolverDiagnosticRecord", frame).into_iter().next()?;
    let pairs = shared::frame_rows(snapshot, "CollisionResultRecord", frame).len();
    let count = row.integer("num_contacts")?;
    // A row that miscounts already could not show another miscount.
    let right = !snapshot.lacks("CollisionResultRecord") && usize::try_from(count) == Ok(pairs);
    right.then(|| build_update(&row, [("num_contacts", Datum::Integer(count + 1))]))
}
