//! `audit verify`: violations first, then what holds.

use super::shorten_digest;
use crate::cli::report::{Mood, Report, ReportPage, ReportTable, or_empty, render_count};
use crate::engine::live::BaselineComparison;
use crate::ops::audit::{LiveLine, Outcome};

impl Report for Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        write_lead(page, self);
        write_findings(page, self);
        page.blank();
        let audit = &self.journal;
        let mut fields = vec![
            ("journal", self.path.display().to_string()),
            ("depth", format!("{:?}", self.depth).to_lowercase()),
            ("entries", audit.entries.to_string()),
            ("operations", audit.operations.to_string()),
        ];
        fields.extend(audit.head.map(|head| ("head", format!("entry {}, {}", head.seq, head.digest))));
        fields.extend(audit.root.map(|root| ("tree root", root.to_string())));
        let stretches =
            [("anchored", &audit.anchored), ("unanchored", &audit.unanchored), ("unverifiable", &audit.unverifiable)];
        fields
            .extend(stretches.into_iter().filter(|(_, ranges)| !ranges.is_empty()).map(|(n, r)| (n, render_ranges(r))));
        for (kind, number) in &audit.unknown_kinds {
            fields.push(("unknown kind", format!("{kind}: {number}")));
        }
        page.fields(&fields);
        self.live.iter().for_each(|line| write_live(page, line));
    }

    fn to_table(&self) -> ReportTable {
        let mut table = ReportTable::new(&["source", "code", "op", "entry", "message"]);
        for (at, finding) in self.journal.findings.iter().enumerate() {
            let [op, seq] = [finding.op, finding.seq].map(or_empty);
            let source = if at < self.own_findings { "journal" } else { "target" };
            table.push_row(vec![source.into(), finding.code.clone(), op, seq, finding.message.clone()]);
        }
        table
    }
}

fn write_lead(page: &mut ReportPage, outcome: &Outcome) {
    let violations = outcome.journal.findings.len();
    if outcome.ok {
        page.lead(Mood::Good, &format!("the journal is intact: {} entries, nothing found", outcome.journal.entries));
    } else {
        page.lead(Mood::Bad, &format!("{} found", render_count(violations as u64, "violation")));
    }
}

fn write_findings(page: &mut ReportPage, outcome: &Outcome) {
    // Findings on a target come last in the list, and are shown with the target.
    let own = outcome.journal.findings.get(..outcome.own_findings).unwrap_or_default();
    if own.is_empty() {
        return;
    }
    page.heading("Journal");
    for finding in own {
        let place = match (finding.seq, finding.op, &finding.chunk) {
            (Some(seq), _, _) => format!("entry {seq}"),
            (None, Some(op), _) => format!("operation {op}"),
            (None, None, Some(chunk)) => format!("chunk {}", shorten_digest(chunk)),
            (None, None, None) => "the file".to_owned(),
        };
        page.line(&format!("{place}: {}: {}", finding.code, finding.message));
    }
}

fn write_live(page: &mut ReportPage, line: &LiveLine) {
    page.heading(&format!("Target {}", line.target));
    if let Some(why) = &line.not_run {
        return page.line(&format!("not compared: {why}"));
    }
    if line.findings.is_empty() {
        page.line("every row ever touched matches the journal");
    }
    line.findings.iter().for_each(|finding| page.line(&format!("{}: {}", finding.code, finding.message)));
    match &line.baseline {
        None => {}
        Some(BaselineComparison::Equal { tables, rows }) => {
            page.line(&format!("all {tables} tables, {rows} rows, match the baseline by digest"));
        }
        Some(BaselineComparison::Differs { tables }) => {
            page.line(&format!("differ from the baseline: {}", tables.join(", ")));
        }
        Some(BaselineComparison::NotRun { why }) => page.line(&format!("not compared with the baseline: {why}")),
    }
}

fn render_ranges(ranges: &[[u64; 2]]) -> String {
    let mut words = Vec::new();
    for [first, last] in ranges {
        words.push(if first == last { first.to_string() } else { format!("{first}-{last}") });
    }
    words.join(", ")
}
