//! Which published failures the faults of a drill are of, as a table.

use super::super::super::report::{ReportPage, ReportTable};
use crate::ops::drill::Outcome;

/// What the table does not show.
pub(super) const COVERAGE_NOTE: &str =
    "Those of which no fault was tried are left out; mfm coverage lists them, and what lies outside the database.";

/// Writes how many faults of each published failure were caught by what is under test.
pub(super) fn write_coverage(page: &mut ReportPage, outcome: &Outcome) {
    if outcome.coverage.is_empty() {
        return;
    }
    page.heading("Published failures");
    let rows = outcome.coverage.iter().map(|line| {
        let caught = line.drill.map_or_else(String::new, |count| format!("{} of {}", count.caught, count.tried));
        vec![line.number.to_owned(), line.name.to_owned(), caught]
    });
    page.table(&ReportTable::new(&["number", "what goes wrong", "caught"]).with_rows(rows));
    page.paragraph(2, COVERAGE_NOTE);
}
