//! `approve`: the requests of agents that wait for a person, or the one that was just approved.

use crate::cli::report::{Mood, Report, ReportPage, ReportTable, render_count};
use crate::ops::agents::approve::Outcome;

impl Report for Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        if let Some(line) = &self.approved {
            let what = format!("approved {} on {}, once, until {}", line.tool, line.target, line.expires);
            return page.lead(Mood::Good, &what);
        }
        if self.waiting.is_empty() {
            return page.lead(Mood::Good, "no requests are waiting for approval");
        }
        let waiting = self.waiting.len() as u64;
        page.lead(
            Mood::Plain,
            &format!("{} of agents for a person; `mfm approve CODE` shows one", render_count(waiting, "question")),
        );
        page.blank();
        page.table(&self.to_table());
    }

    fn to_table(&self) -> ReportTable {
        ReportTable::new(&["code", "tool", "target", "asker", "expires"]).with_rows(self.waiting.iter().map(|line| {
            vec![line.code.clone(), line.tool.clone(), line.target.clone(), line.asker.clone(), line.expires.clone()]
        }))
    }
}
