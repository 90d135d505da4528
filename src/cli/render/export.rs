//! `audit export -o`: what was written where; the export itself is never rendered.

use crate::cli::report::{Mood, Report, ReportPage, ReportTable, render_count};
use crate::ops::export::Outcome;

impl Outcome {
    fn destination(&self) -> String {
        self.file.as_ref().map_or_else(|| "stdout".to_owned(), |file| file.display().to_string())
    }
}

impl Report for Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        let (entries, changes) = (self.entries, render_count(self.changes, "change"));
        let entries = if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") };
        page.lead(Mood::Good, &format!("exported {entries} and {changes} to {}", self.destination()));
        page.blank();
        page.fields(&[
            ("journal", self.journal.display().to_string()),
            ("journal id", self.journal_id.to_string()),
            ("head", format!("entry {}, {}", self.head.seq, self.head.digest)),
            ("redacted", render_count(self.redacted, "cell")),
        ]);
    }

    fn to_table(&self) -> ReportTable {
        let mut table = ReportTable::new(&["file", "entries", "changes", "redacted"]);
        let numbers = [self.entries, self.changes, self.redacted].map(|number| number.to_string());
        table.push_row([self.destination()].into_iter().chain(numbers).collect());
        table
    }
}
