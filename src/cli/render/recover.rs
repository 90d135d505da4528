//! `recover`: what became of what was open.

use crate::cli::report::{Mood, Page, Report, Sheet, count};
use crate::ops::recover::Outcome;

impl Report for Outcome {
    fn page(&self, page: &mut Page) {
        let open = self.operations.iter().filter(|line| line.state == "open").count() as u64;
        let operations = count(self.operations.len() as u64, "operation");
        for name in &self.rolled_back {
            page.lead(Mood::Good, &format!("a crashed program's transaction in target {name} was rolled back"));
        }
        match (self.operations.len(), open) {
            (0, _) => return page.lead(Mood::Good, "nothing was open"),
            (_, 0) => page.lead(Mood::Good, &format!("{operations} closed")),
            _ => page.lead(Mood::Bad, &format!("{open} of {operations} stay open")),
        }
        page.blank();
        page.table(&self.sheet());
        for line in self.operations.iter().filter(|line| !line.differing.is_empty()) {
            page.heading(&format!("Operation {}: rows that are not as the verdict says", line.op));
            line.differing.iter().for_each(|row| page.line(row));
        }
    }

    fn sheet(&self) -> Sheet {
        let mut lines: Vec<_> = self.operations.iter().collect();
        lines.sort_by_key(|line| line.state != "open");
        Sheet::new(&["op", "target", "state", "why"]).with(lines.into_iter().map(|line| {
            vec![line.op.to_string(), line.target.clone(), line.state.clone(), line.why.clone().unwrap_or_default()]
        }))
    }
}
