//! `features`: what was written where, or the list of features; the lines themselves are never rendered.

use crate::cli::report::{Mood, Report, ReportPage, ReportTable};
use crate::ops::features::{Outcome, SetLine, Written};

impl Report for Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        match &self.written {
            Some(written) => render_written(written, page),
            None => self.sets.iter().for_each(|set| render_set(set, page)),
        }
    }

    fn to_table(&self) -> ReportTable {
        if let Some(written) = &self.written {
            let numbers = [written.count, written.left_out, written.features, written.flags].map(|n| n.to_string());
            let mut table = ReportTable::new(&["target", "file", "count", "left_out", "features", "flags"]);
            table.push_row([written.target.clone(), render_destination(written)].into_iter().chain(numbers).collect());
            return table;
        }
        let mut table = ReportTable::new(&["domain", "group", "name", "unit", "sentinel", "formula"]);
        for set in &self.sets {
            table =
                table.with_rows(list_lines(set).into_iter().map(|line| [vec![set.domain.to_owned()], line].concat()));
        }
        table
    }
}

fn render_destination(written: &Written) -> String {
    written.file.as_ref().map_or_else(|| "stdout".to_owned(), |file| file.display().to_string())
}

fn render_written(written: &Written, page: &mut ReportPage) {
    let Written { count, records, features, flags, .. } = written;
    page.lead(Mood::Good, &format!("wrote {count} {records} to {}", render_destination(written)));
    page.blank();
    let mut fields = vec![
        ("target", format!("{}, domain {}", written.target, written.domain)),
        ("columns", format!("the key, {features} features, {flags} flags")),
        ("now", written.now.clone()),
    ];
    if let Some(head) = &written.head {
        fields.push(("journal", format!("entry {}, {}", head.seq, head.digest)));
    }
    page.fields(&fields);
}

fn render_set(set: &SetLine, page: &mut ReportPage) {
    let (features, flags) = (set.features.len(), set.flags.len());
    page.lead(Mood::Plain, &format!("{}: {features} features of a {}, {flags} flags", set.domain, set.record));
    page.blank();
    page.table(&ReportTable::new(&["group", "name", "unit", "sentinel", "formula"]).with_rows(list_lines(set)));
    page.blank();
}

/// Lists the features, then the flags: group, name, unit, sentinel, formula.
fn list_lines(set: &SetLine) -> Vec<Vec<String>> {
    let mut lines = Vec::new();
    for card in set.features {
        let sentinel = card.sentinel.map_or_else(String::new, |value| value.to_string());
        let [group, name, unit, formula] = [card.group, card.name, card.unit, card.formula].map(str::to_owned);
        lines.push(vec![group, name, unit, sentinel, formula]);
    }
    for flag in set.flags {
        lines.push(["flags", flag.name, "0/1", "", flag.about].map(str::to_owned).into());
    }
    lines
}
