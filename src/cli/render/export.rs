//! `audit export -o`: what was written where; the export itself is never rendered.

use crate::cli::report::{Mood, Page, Report, Sheet, count};
use crate::ops::export::Outcome;

impl Outcome {
    fn place(&self) -> String {
        self.file.as_ref().map_or_else(|| "stdout".to_owned(), |file| file.display().to_string())
    }
}

impl Report for Outcome {
    fn page(&self, page: &mut Page) {
        let (entries, changes) = (self.entries, count(self.changes, "change"));
        let entries = if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") };
        page.lead(Mood::Good, &format!("exported {entries} and {changes} to {}", self.place()));
        page.blank();
        page.fields(&[
            ("journal", self.journal.display().to_string()),
            ("journal id", self.journal_id.to_string()),
            ("head", format!("entry {}, {}", self.head.seq, self.head.digest)),
            ("redacted", count(self.redacted, "cell")),
        ]);
    }

    fn sheet(&self) -> Sheet {
        let mut sheet = Sheet::new(&["file", "entries", "changes", "redacted"]);
        let numbers = [self.entries, self.changes, self.redacted].map(|number| number.to_string());
        sheet.row([self.place()].into_iter().chain(numbers).collect());
        sheet
    }
}
