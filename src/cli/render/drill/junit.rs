//! A drill as JUnit XML: one suite per detector, one test case per variant, failed on a missed fault or a false alarm.

use super::{GENERATOR, find_worse, list_reasons, render_total, render_untold};
use crate::ops::drill::Outcome;
use crate::ops::drill::detector::OWN;
use crate::ops::drill::matrix::{DetectorTotal, MatrixCell, MatrixLine, Regression};
use crate::ops::drill::mending::OWN_CAVEAT;
use crate::ops::report::junit::{self, Ending, Suite, TestCase};

pub(super) fn render_suites(outcome: &Outcome) -> String {
    let mut suites: Vec<Suite> = outcome
        .matrix
        .totals
        .iter()
        .map(|total| Suite { output: render_output(total), ..build_suite(outcome, &total.cell.detector) })
        .collect();
    for one in outcome.worse.iter().flatten() {
        // A detector that is gone from the drill still gets a suite: what it caught before counts as lost.
        if outcome.matrix.totals.iter().all(|total| total.cell.detector != one.detector) {
            suites.push(Suite { name: one.detector.clone(), cases: vec![build_lost_case(one)], ..Suite::default() });
        }
    }
    junit::render_document(GENERATOR, &suites)
}

/// Renders the totals of a detector; those of mfm's own checks with their caveat.
fn render_output(total: &DetectorTotal) -> String {
    let text = render_total(total);
    if total.cell.detector == OWN { format!("{text}. {OWN_CAVEAT}") } else { text }
}

fn build_suite(outcome: &Outcome, detector: &str) -> Suite {
    let mut cases = Vec::new();
    for line in &outcome.matrix.lines {
        cases.extend(
            line.cells.iter().filter(|cell| cell.detector == detector).map(|cell| build_case(outcome, line, cell)),
        );
    }
    for one in outcome.worse.iter().flatten().filter(|one| is_gone(outcome, one, detector)) {
        cases.push(build_lost_case(one));
    }
    Suite { name: detector.to_owned(), cases, ..Suite::default() }
}

/// Tells whether a detector has this variant in the earlier result but not in the present drill.
fn is_gone(outcome: &Outcome, one: &Regression, detector: &str) -> bool {
    one.detector == detector
        && outcome.matrix.lines.iter().all(|line| {
            line.label.tool != one.tool
                || line.variant_and_size() != one.variant
                || line.cells.iter().all(|cell| cell.detector != detector)
        })
}

fn build_lost_case(one: &Regression) -> TestCase {
    let ending = Ending::Failed { message: one.what.clone(), kind: None, text: String::new() };
    TestCase { class: one.tool.clone(), name: one.variant.clone(), ending, ..TestCase::default() }
}

/// Tells whether a case failed: worse than in the earlier result if there is one, else any miss or false alarm.
fn has_failed(outcome: &Outcome, line: &MatrixLine, cell: &MatrixCell) -> bool {
    match &outcome.worse {
        Some(_) => find_worse(outcome, line, &cell.detector).is_some(),
        None => cell.missed + cell.false_alarms() > 0,
    }
}

fn build_case(outcome: &Outcome, line: &MatrixLine, cell: &MatrixCell) -> TestCase {
    let result = format!("caught {}, false alarms {}", cell.rate.render_counts(), cell.false_alarms());
    let ending = build_ending(outcome, line, cell, &result);
    let is_known = ending == Ending::Passed && !cell.is_flawless();
    TestCase {
        class: line.label.tool.clone(),
        name: line.variant_and_size(),
        ending,
        // What was missed before as well passes here, but the report still says so.
        output: if is_known { format!("as in the earlier result: {result}") } else { String::new() },
        complaints: list_reasons(cell).join("\n"),
    }
}

fn build_ending(outcome: &Outcome, line: &MatrixLine, cell: &MatrixCell, result: &str) -> Ending {
    if has_failed(outcome, line, cell) {
        let worse = find_worse(outcome, line, &cell.detector);
        let message = worse.map_or_else(|| result.to_owned(), |what| format!("{what}; now {result}"));
        return Ending::Failed { message, kind: None, text: String::new() };
    }
    if line.trials == 0 {
        return Ending::Skipped(line.untried.clone().unwrap_or_else(|| "not tried".to_owned()));
    }
    if outcome.worse.is_none() && cell.untold_looks() > 0 {
        return Ending::Error(None, format!("inconclusive: {}", render_untold(cell)));
    }
    Ending::Passed
}
