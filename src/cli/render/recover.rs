//! `recover`: the verdict on each operation that was open.

use crate::cli::report::{Mood, Report, ReportPage, ReportTable, render_count};
use crate::ops::recover::Outcome;

impl Report for Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        let open = self.operations.iter().filter(|line| line.state == "open").count() as u64;
        let operations = render_count(self.operations.len() as u64, "operation");
        for name in &self.rolled_back {
            page.lead(Mood::Good, &format!("a crashed program's transaction in target {name} was rolled back"));
        }
        match (self.operations.len(), open) {
            (0, _) => return page.lead(Mood::Good, "nothing was open"),
            (_, 0) => page.lead(Mood::Good, &format!("{operations} closed")),
            _ => page.lead(Mood::Bad, &format!("{open} of {operations} stay open")),
        }
        page.blank();
        page.table(&self.to_table());
        for line in self.operations.iter().filter(|line| !line.differing.is_empty()) {
            page.heading(&format!("Operation {}: rows that differ from the verdict", line.op));
            line.differing.iter().for_each(|row| page.line(row));
        }
    }

    fn to_table(&self) -> ReportTable {
        let mut lines: Vec<_> = self.operations.iter().collect();
        // What is still open comes first: it needs a decision.
        lines.sort_by_key(|line| line.state != "open");
        ReportTable::new(&["op", "target", "state", "why"]).with_rows(lines.into_iter().map(|line| {
            vec![line.op.to_string(), line.target.clone(), line.state.clone(), line.why.clone().unwrap_or_default()]
        }))
    }
}
