//! Checks of the solver's own diagnostics: convergence, and its counts against what was recorded.

use super::facts::{RecordingFacts, SolverFacts};
use super::passes::CheckScan;
use super::{CheckDefinition, CheckReport, FindingPlace};
use crate::domain::check::CheckCard;
use crate::domains::recordings::rules::Rules;
use crate::model::Severity;

const SOLVER: &str = "SolverDiagnosticRecord";

pub(super) static CONVERGENCE: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "solver_convergence",
        group: "solver",
        mode: "unconverged_solver",
        severity: Severity::Medium,
        about: "a run of frames with constraints in which the solver did not converge",
        remedy: "check energy and friction in these frames; more iterations or a better initial guess may help",
    },
    needs: &[CheckScan::Frames, CheckScan::Solver],
    also: &[],
    judge: judge_convergence,
    end: Some(end_convergence),
};

pub(super) static COUNTS: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "solver_counts",
        group: "solver",
        mode: "unconverged_solver",
        severity: Severity::Medium,
        about: "a solver row whose counts differ from the recorded contacts or constraints, or that iterated without \
            any",
        remedy: "look for contacts that were lost or added after the step",
    },
    needs: &[CheckScan::Frames, CheckScan::Solver, CheckScan::Pairs],
    also: &[CheckScan::Points, CheckScan::Normals],
    judge: judge_counts,
    end: None,
};

fn judge_convergence(facts: &RecordingFacts, _: &Rules, judged: &mut CheckReport) {
    for (_, frame) in facts.fresh_frames() {
        let Some(solver) = frame.solver else { continue };
        judged.looked_at += 1;
        // Frames without a constraint store 0 for "converged" too.
        if solver.constraints > 0 && !solver.converged {
            judged.course.unconverged.push((frame.id, solver));
        } else {
            end_run(judged);
        }
    }
}

fn end_convergence(_: &RecordingFacts, _: &Rules, judged: &mut CheckReport) {
    end_run(judged);
}

/// Reports the current run of unconverged frames, if there is one, as a single finding.
fn end_run(judged: &mut CheckReport) {
    let run = std::mem::take(&mut judged.course.unconverged);
    report_run(&run, judged);
}

fn report_run(run: &[(i64, SolverFacts)], judged: &mut CheckReport) {
    let (Some((first, solver)), Some((last, _))) = (run.first(), run.last()) else { return };
    let iterations = run.iter().map(|(_, solver)| solver.iterations).max().unwrap_or_default();
    let residual = run.iter().map(|(_, solver)| solver.residual).fold(0.0, f64::max);
    let frames: Vec<i64> = run.iter().map(|(frame, _)| *frame).collect();
    let message = if first == last {
        format!("the solver gave up in frame {first} after {iterations} iterations, with a residual of {residual:e}")
    } else {
        format!(
            "the solver gave up in {} frames, {first} to {last}, after at most {iterations} iterations, with a \
             residual of up to {residual:e}",
            run.len()
        )
    };
    let place = FindingPlace { table: SOLVER, row: solver.row, frames: &frames };
    judged.add_finding(place, format!("unconverged={}", run.len()), message);
}

fn judge_counts(facts: &RecordingFacts, _: &Rules, judged: &mut CheckReport) {
    let recorded = facts.has_rows(CheckScan::Points) || facts.has_rows(CheckScan::Normals);
    for (_, frame) in facts.fresh_frames() {
        let Some(solver) = frame.solver else { continue };
        judged.looked_at += 1;
        let place = FindingPlace { table: SOLVER, row: solver.row, frames: &[frame.id] };
        if solver.contacts != i64::from(frame.pairs) {
            let message = format!("num_contacts is {}, but {} pairs touch", solver.contacts, frame.pairs);
            judged.add_finding(place, format!("num_contacts={}", solver.contacts), message);
        }
        // Older recorders count a constraint for the contact and one for the friction of a point, in two tables; the
        // newest has one table, and no points in the other.
        let (points, rows) = (i64::from(frame.points), i64::from(frame.constraints) + i64::from(frame.points));
        // Without a table of impulses, whether each point had a friction constraint too is unknown: both counts pass.
        let doubled = !facts.has_rows(CheckScan::Normals) && solver.constraints == 2 * points;
        if recorded && solver.constraints != rows && !doubled {
            let message = format!("num_constraints is {}, but {rows} are recorded", solver.constraints);
            judged.add_finding(place, format!("num_constraints={}", solver.constraints), message);
        }
        if solver.constraints == 0 && (solver.iterations != 0 || solver.residual != 0.0) {
            let message = format!("it ran {} iterations without any constraint", solver.iterations);
            judged.add_finding(place, format!("iterations={}", solver.iterations), message);
        }
    }
}
