//! A drill as JUnit XML: a suite a detector, a test case a variant, failed where a fault was missed or an alarm false.

use super::{escaped, sentence};
use crate::ops::drill::Outcome;
use crate::ops::drill::matrix::{Cell, Line};

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
        let with = |test: fn(&Line, &Cell) -> bool| cells.iter().filter(|(line, cell)| test(line, cell)).count();
        out += &format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">\n",
            escaped(name),
            cells.len(),
            with(|_, cell| failed(cell)),
            with(|_, cell| !failed(cell) && cell.could_not_tell > 0),
            with(|line, _| line.trials == 0)
        );
        cells.iter().for_each(|(line, cell)| out += &case(line, cell));
        out += &format!("    <system-out>{}</system-out>\n  </testsuite>\n", escaped(&sentence(total)));
    }
    out + "</testsuites>\n"
}

const fn failed(cell: &Cell) -> bool {
    cell.missed > 0 || cell.false_alarm > 0
}

fn case(line: &Line, cell: &Cell) -> String {
    let start = format!("    <testcase classname=\"{}\" name=\"{}\"", escaped(&line.tool), escaped(&line.variant));
    let told = format!("caught {}, false alarms {}", cell.rate.text(), cell.false_alarm);
    let inside = if line.trials == 0 {
        format!("<skipped message=\"{}\"/>", escaped(line.untried.as_deref().unwrap_or("not tried")))
    } else if failed(cell) {
        format!("<failure message=\"{}\"/>", escaped(&told))
    } else if cell.could_not_tell > 0 {
        format!("<error message=\"{} looks told nothing\"/>", cell.could_not_tell)
    } else {
        return format!("{start}/>\n");
    };
    format!("{start}>{inside}</testcase>\n")
}
