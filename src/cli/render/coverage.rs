//! `coverage`: published failures, and what sees them.

use crate::cli::report::{Mood, Report, ReportPage, ReportTable, join_list, render_count};
use crate::ops::coverage::{DrillCount, FailureLine, Outcome, SeenBy};

impl Report for Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        let made = self.failures.iter().filter(|line| !line.faults.is_empty()).count();
        let outside = self.failures.iter().filter(|line| line.seen_by == SeenBy::Outside).count();
        let all = render_count(self.failures.len() as u64, "failure");
        page.lead(Mood::Plain, &format!("{all}: {made} can be made, {outside} lie outside the database"));
        page.blank();
        page.table(&ReportTable::new(&["number", "what goes wrong", "faults", "drill", "seen by"]).with_rows(
            self.failures.iter().map(|line| {
                let faults = line.faults.len().to_string();
                let [number, name] = [line.number, line.name].map(str::to_owned);
                vec![number, name, faults, render_drill(line.drill), line.seen_by.words().to_owned()]
            }),
        ));
        page.heading("Outside the database");
        for line in &self.failures {
            if let Some(why) = line.outside {
                page.line(&format!("{} {}: {why}", line.number, line.name));
            }
        }
        page.blank();
        page.paragraph(0, self.source);
        page.blank();
        match self.drill {
            Some(drill) => page.aside(&format!("next: mfm drill --show {drill} shows the drill that is counted here")),
            None => page.aside("next: mfm drill counts what your own checks see"),
        }
    }

    fn to_table(&self) -> ReportTable {
        let columns = ["number", "review", "name", "faults", "checks", "tried", "caught", "seen_by", "outside"];
        ReportTable::new(&columns).with_rows(self.failures.iter().map(to_row))
    }
}

fn to_row(line: &FailureLine) -> Vec<String> {
    let [tried, caught] =
        line.drill.map_or_else(Default::default, |count| [count.tried, count.caught].map(|n| n.to_string()));
    vec![
        line.number.to_owned(),
        line.review.word().to_owned(),
        line.name.to_owned(),
        join_list(&line.faults),
        join_list(&line.checks),
        tried,
        caught,
        line.seen_by.words().to_owned(),
        line.outside.unwrap_or_default().to_owned(),
    ]
}

/// Renders the counts of a drill: `3 of 4`.
fn render_drill(count: Option<DrillCount>) -> String {
    count.map_or_else(|| "-".to_owned(), |count| format!("{} of {}", count.caught, count.tried))
}
