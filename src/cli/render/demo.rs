//! `demo`: the whole run on one page, to show to a colleague.

use std::collections::BTreeSet;

use mfm_journal::FaultLabel;

use super::drill;
use crate::cli::placeholders;
use crate::cli::report::{Mood, Report, ReportPage, ReportTable, render_count};
use crate::ops::demo::{DemoFault, Outcome};

impl Report for Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        let faults = self.faults.len() as u64;
        let number = render_count(faults, "fault");
        if self.held {
            page.lead(Mood::Good, &format!("{number} committed, all detected, all taken back exactly"));
        } else {
            page.lead(Mood::Bad, &format!("{number} committed, and some steps failed"));
        }
        page.blank();
        page.fields(&[
            ("lab", self.lab.display().to_string()),
            ("", format!("{} synthetic patients, {} tables, {} rows", self.patients, self.tables, self.rows)),
            ("clean", render_clean(self)),
        ]);
        write_committed(page, self);
        page.heading("Each fault alone: committed, checked, taken back");
        drill::write_matrix(page, &self.drill.matrix);
        write_proof(page, self);
        write_next(page, self);
    }

    fn to_table(&self) -> ReportTable {
        let head = ["op", "tool", "variant", "severity", "record", "rows", "seen_by", "finding"];
        ReportTable::new(&head).with_rows(self.faults.iter().map(|fault| {
            let DemoFault { op, label, record, rows, seen_by, finding, .. } = fault.clone();
            let FaultLabel { tool, variant, severity, .. } = label;
            let finding = finding.unwrap_or_default();
            vec![op.to_string(), tool, variant, severity, record, rows.to_string(), seen_by.join(","), finding]
        }))
    }
}

fn render_clean(demo: &Outcome) -> String {
    let looks = format!("{} examined {} rows", render_count(demo.clean.checks, "check"), demo.clean.looked_at);
    let result = match demo.clean.findings {
        0 => "nothing".to_owned(),
        number => format!("{number}; there should be none"),
    };
    match demo.clean.not_run {
        0 => format!("{looks} and found {result}"),
        number => format!("{looks} and found {result}; {number} could not run"),
    }
}

/// Writes the faults grouped by mode: what was changed, and which checks found it.
fn write_committed(page: &mut ReportPage, demo: &Outcome) {
    let mut rest = demo.faults.as_slice();
    while let Some(first) = rest.first() {
        // Faults of one mode follow each other, so each run of them is a group.
        let size = rest.iter().take_while(|fault| fault.label.mode == first.label.mode).count();
        let (faults, others) = rest.split_at(size);
        rest = others;
        page.heading(&format!("{}: {}", first.label.tool, first.title));
        let wide = faults.iter().map(|fault| fault.label.variant.len()).max().unwrap_or_default();
        for fault in faults {
            let DemoFault { op, label, record, .. } = fault;
            let FaultLabel { variant, severity, .. } = label;
            let rows = render_count(fault.rows, "row");
            page.line(&format!("{op:>3}  {variant:wide$}  severity {severity}  {record}, {rows}"));
            write_seen(page, fault);
        }
    }
}

/// The indent of what was found of a fault, in characters.
const SAID: usize = 5;

fn write_seen(page: &mut ReportPage, fault: &DemoFault) {
    let Some((first, others)) = fault.seen_by.split_first() else {
        return page.paragraph(SAID, "NOT DETECTED by any check");
    };
    page.paragraph(SAID, &format!("{first}: {}", fault.finding.as_deref().unwrap_or_default()));
    if !others.is_empty() {
        page.paragraph(SAID, &format!("also detected by {}", others.join(", ")));
    }
}

fn write_proof(page: &mut ReportPage, demo: &Outcome) {
    let faults = demo.faults.len();
    let unseen: Vec<&DemoFault> = demo.faults.iter().filter(|fault| fault.seen_by.is_empty()).collect();
    let noticed = match unseen.len() {
        0 => format!("all {faults}, by {} in total", render_count(count_checks(demo), "check")),
        missed => {
            let names: Vec<String> =
                unseen.iter().map(|fault| format!("{} {}", fault.label.tool, fault.label.variant)).collect();
            format!("{} of {faults}; missed: {}", faults - missed, names.join(", "))
        }
    };
    let equal = if demo.equal {
        format!("all {} tables are unchanged, row by row, by digest", demo.tables)
    } else {
        "the tables have changed".to_owned()
    };
    let audit = if demo.audit_ok {
        format!("{} entries, images and target agree", demo.entries)
    } else {
        format!("{} entries, and there are discrepancies", demo.entries)
    };
    let committed = format!(
        "{} of {}, {} changed",
        render_count(faults as u64, "fault"),
        render_count(demo.modes, "mode"),
        render_count(demo.rows_changed, "row")
    );
    page.heading("Summary");
    let mut fields = vec![
        ("committed", committed),
        ("noticed", noticed),
        ("caught", demo.drill.matrix.totals.first().map(drill::render_total).unwrap_or_default()),
        ("people", demo.drill.yardstick.as_ref().map(drill::render_people).unwrap_or_default()),
        ("note", drill::render_own_note(&demo.drill.matrix).unwrap_or_default()),
        ("reverted", format!("{} of {faults} exactly", demo.reverted)),
        ("equal", equal),
        ("audit", audit),
    ];
    fields.extend(demo.head.map(|head| ("head", head.to_string())));
    fields.push(("journal", demo.journal.display().to_string()));
    page.fields(&fields);
}

/// Counts the distinct checks that found something.
fn count_checks(demo: &Outcome) -> u64 {
    demo.faults.iter().flat_map(|fault| &fault.seen_by).collect::<BTreeSet<_>>().len() as u64
}

fn write_next(page: &mut ReportPage, demo: &Outcome) {
    page.heading("Try it yourself");
    // The commands below may be run in another folder.
    let journal = std::path::absolute(&demo.journal).unwrap_or_else(|_| demo.journal.clone());
    page.line(&format!("  export MFM_JOURNAL={}", journal.display()));
    for command in [
        "mfm log",
        "mfm show 1 --diff",
        "mfm find {kind} {filter} --eligible {tool}",
        "mfm apply {tool} --variant {variant} --sample 1",
        "mfm check",
        "mfm revert --last",
        "mfm audit verify --depth live --full",
    ] {
        page.line(&format!("  {}", placeholders::fill_first(command)));
    }
}
