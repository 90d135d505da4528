//! The query for the diagnostics of the solver, frame by frame.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::named::{NamedQuestion, render_count, take_page};
use crate::domain::query::QueryCard;
use crate::domains::recordings::frames::Frames;
use crate::domains::recordings::measure::{Measure, render_number};
use crate::domains::recordings::missing::Missing;
use crate::domains::recordings::reading::{Question, Reading, Stop};
use crate::domains::recordings::schema;

/// Result of the solver in a frame.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Solver {
    /// Iterations of all islands.
    pub iterations: Option<i64>,
    /// The largest residual; separating contacts count, so several units are normal on an impact.
    pub residual: Measure,
    /// Whether every island converged; also false if there was nothing to solve.
    pub converged: bool,
    /// Number of constraints.
    pub num_constraints: Option<i64>,
    /// Number of touching pairs.
    pub num_contacts: Option<i64>,
    /// Whether there was anything to solve.
    pub solved: bool,
}

impl Solver {
    /// Returns whether there was something to solve and the solver did not converge.
    #[must_use]
    pub const fn has_failed(&self) -> bool {
        self.solved && !self.converged
    }
}

/// Reads the solver's diagnostics of a range of frames, in the order of the frames; `None` without the table.
///
/// # Errors
/// As [`Reading::scan`].
pub fn solver_rows(
    reading: &Reading,
    range: (i64, i64),
    missing: &mut Missing,
) -> Result<Option<Vec<(i64, Solver)>>, Stop> {
    let columns = ["frame_id", "iterations", "residual", "converged", "num_constraints", "num_contacts"];
    let sheet = reading.scan_frames(&schema::SOLVER, &columns, range)?;
    missing.note(&schema::SOLVER, &columns, sheet);
    let Some(sheet) = sheet else { return Ok(None) };
    let [frame, iterations, residual, converged, constraints, contacts] = columns.map(|name| sheet.column_index(name));
    let mut rows = Vec::with_capacity(sheet.len());
    for row in sheet.rows() {
        let Some(frame) = row.integer_at(frame) else { continue };
        let num_constraints = row.integer_at(constraints);
        let solver = Solver {
            iterations: row.integer_at(iterations),
            residual: row.number_at(residual).into(),
            converged: row.flag_at(converged) == Some(true),
            num_constraints,
            num_contacts: row.integer_at(contacts),
            // Recorders write `converged` = 0 for a frame without constraints too: this tells such a frame apart.
            solved: num_constraints.is_some_and(|number| number > 0),
        };
        rows.push((frame, solver));
    }
    rows.sort_by_key(|(frame, _)| *frame);
    Ok(Some(rows))
}

/// Parameters of the query.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GetSolverDiagnostics {
    /// The first frame.
    #[arg(long, value_name = "N")]
    pub start_frame: Option<i64>,
    /// The last frame, inclusive.
    #[arg(long, value_name = "N")]
    pub end_frame: Option<i64>,
    /// Maximum number of items on a page.
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// The next_cursor of the previous page.
    #[arg(long, value_name = "CURSOR")]
    pub cursor: Option<String>,
}

/// Result of the solver.
#[derive(Serialize, JsonSchema)]
pub struct SolverAnswer {
    /// The first frame.
    start_frame: i64,
    /// The last frame.
    end_frame: i64,
    /// One entry per frame.
    diagnostics: Option<Vec<Diagnostic>>,
    /// Total number of frames with a row.
    total: u64,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// Number of frames with something to solve.
    solved_frames: u64,
    /// Of those, frames in which the solver did not converge.
    unconverged_frames: u64,
    /// The first of these, at most 50.
    unconverged: Vec<i64>,
    /// Maximum number of iterations of a frame.
    max_iterations: Option<i64>,
    /// Tables and columns that are not recorded.
    not_recorded: Option<Vec<String>>,
    /// Summary in one sentence.
    summary: String,
}

/// Result of the solver in a frame.
#[derive(Serialize, JsonSchema)]
pub struct Diagnostic {
    /// The frame.
    frame_id: i64,
    /// Its time, s.
    simulation_time: Measure,
    /// Result of the solver.
    #[serde(flatten)]
    solver: Solver,
}

static CARD: QueryCard = QueryCard {
    name: "get_solver_diagnostics",
    group: "specification",
    title: "results of the solver, frame by frame",
    about: "Iterations, residual and convergence of each frame, and which frames with constraints did not converge.",
    example: "--start-frame 40 --end-frame 60",
};

/// The most frames that an answer lists.
const NAMED_MAX: usize = 50;

impl NamedQuestion for GetSolverDiagnostics {
    const CARD: &'static QueryCard = &CARD;
}

impl Question for GetSolverDiagnostics {
    type Answer = SolverAnswer;

    fn answer(&self, reading: &Reading) -> Result<SolverAnswer, Stop> {
        let frames = Frames::read(reading)?;
        let range = frames.resolve_range(self.start_frame, self.end_frame)?;
        let mut missing = Missing::default();
        let recorded_rows = solver_rows(reading, range, &mut missing)?;
        let rows = recorded_rows.as_deref().unwrap_or_default();
        let unconverged: Vec<i64> = rows.iter().filter(|(_, row)| row.has_failed()).map(|(frame, _)| *frame).collect();
        let solved = rows.iter().filter(|(_, row)| row.solved).count();
        let most = rows.iter().filter_map(|(_, row)| row.iterations).max();
        // Over all frames, also those that converged.
        let worst = rows.iter().filter_map(|(_, row)| row.residual.0).max_by(f64::total_cmp);
        let summary = match (&recorded_rows, solved, unconverged.len()) {
            (None, _, _) => missing.render_verdict("Convergence"),
            (_, 0, _) => format!("{}, none with anything to solve.", render_count(rows.len(), "frame")),
            (_, solved, unconverged) => format!(
                "{}, {solved} with something to solve: {unconverged} did not converge; at most {} iterations, \
                 residual up to {}.",
                render_count(rows.len(), "frame"),
                most.unwrap_or(0),
                render_number(worst.unwrap_or(0.0))
            ),
        };
        let page = take_page(rows.to_vec(), self.limit, self.cursor.as_deref())?;
        let mut diagnostics = Vec::with_capacity(page.items.len());
        for (frame_id, solver) in page.items {
            diagnostics.push(Diagnostic { frame_id, simulation_time: frames.time(frame_id).into(), solver });
        }
        Ok(SolverAnswer {
            start_frame: range.0,
            end_frame: range.1,
            total: page.total,
            next_cursor: page.next_cursor,
            solved_frames: solved as u64,
            unconverged_frames: unconverged.len() as u64,
            unconverged: unconverged.into_iter().take(NAMED_MAX).collect(),
            max_iterations: most,
            diagnostics: recorded_rows.is_some().then_some(diagnostics),
            not_recorded: missing.to_list(),
            summary,
        })
    }
}
