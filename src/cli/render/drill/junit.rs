//! A drill as JUnit XML: a suite a detector, a test case a variant, failed where a fault was missed or an alarm false.

use super::{escaped, reasons, sentence, untold, worse};
use crate::ops::drill::Outcome;
use crate::ops::drill::matrix::{Cell, Line, Worse};

/// Returns the whole file.
pub(super) fn suites(outcome: &Outcome) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"mfm drill\">\n");
    for total in &outcome.matrix.totals {
        let name = &total.cell.detector;
        let cells = outcome.matrix.lines.iter().filter_map(|line| {
            let own = line.cells.iter().find(|cell| cell.detector == *name);
            own.map(|cell| (line, cell))
        });
        let cells: Vec<(&Line, &Cell)> = cells.collect();
        let with = |test: &dyn Fn(&Line, &Cell) -> bool| cells.iter().filter(|(line, cell)| test(line, cell)).count();
        let gone: Vec<&Worse> = outcome.worse.iter().flatten().filter(|one| gone(outcome, one, name)).collect();
        out += &format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">\n",
            escaped(name),
            cells.len() + gone.len(),
            with(&|line, cell| failed(outcome, line, cell)) + gone.len(),
            with(&|line, cell| erred(outcome, line, cell)),
            with(&|line, cell| line.trials == 0 && !failed(outcome, line, cell))
        );
        cells.iter().for_each(|(line, cell)| out += &case(outcome, line, cell));
        gone.iter().for_each(|one| out += &tried_no_more(one));
        out += &format!("    <system-out>{}</system-out>\n  </testsuite>\n", escaped(&sentence(total)));
    }
    for one in outcome
        .worse
        .iter()
        .flatten()
        .filter(|one| outcome.matrix.totals.iter().all(|t| t.cell.detector != one.detector))
    {
        out += &format!(
            "  <testsuite name=\"{}\" tests=\"1\" failures=\"1\" errors=\"0\" skipped=\"0\">\n{}  </testsuite>\n",
            escaped(&one.detector),
            tried_no_more(one)
        );
    }
    out + "</testsuites>\n"
}

/// Tells whether something that a detector of this drill did in the result compared with has no case here.
fn gone(outcome: &Outcome, one: &Worse, detector: &str) -> bool {
    one.detector == detector && outcome.matrix.cell(&one.tool, &one.variant, detector).is_none()
}

fn tried_no_more(one: &Worse) -> String {
    let (tool, variant) = (escaped(&one.tool), escaped(&one.variant));
    let what = escaped(&one.what);
    format!("    <testcase classname=\"{tool}\" name=\"{variant}\"><failure message=\"{what}\"/></testcase>\n")
}

/// Tells whether a case failed: with a result to compare with, where it got worse, and else where anything is wanting.
fn failed(outcome: &Outcome, line: &Line, cell: &Cell) -> bool {
    match &outcome.worse {
        Some(_) => worse(outcome, &line.tool, &line.variant, &cell.detector).is_some(),
        None => cell.missed + cell.alarms() > 0,
    }
}

fn erred(outcome: &Outcome, line: &Line, cell: &Cell) -> bool {
    outcome.worse.is_none() && !failed(outcome, line, cell) && cell.untold() > 0
}

fn case(outcome: &Outcome, line: &Line, cell: &Cell) -> String {
    let start = format!("    <testcase classname=\"{}\" name=\"{}\"", escaped(&line.tool), escaped(&line.variant));
    let told = format!("caught {}, false alarms {}", cell.rate.text(), cell.alarms());
    let worse = worse(outcome, &line.tool, &line.variant, &cell.detector).map(|what| format!("{what}; now {told}"));
    let mut inside = if failed(outcome, line, cell) {
        format!("<failure message=\"{}\"/>", escaped(&worse.unwrap_or(told)))
    } else if line.trials == 0 {
        format!("<skipped message=\"{}\"/>", escaped(line.untried.as_deref().unwrap_or("not tried")))
    } else if erred(outcome, line, cell) {
        format!("<error message=\"it told nothing {}\"/>", escaped(&untold(cell)))
    } else if !cell.sound() {
        format!("<system-out>as in the earlier result: {}</system-out>", escaped(&told))
    } else {
        return format!("{start}/>\n");
    };
    if !cell.reasons.is_empty() {
        inside += &format!("<system-err>{}</system-err>", escaped(&reasons(cell).join("\n")));
    }
    format!("{start}>{inside}</testcase>\n")
}
