//! `demo`: the account that one shows to a colleague.

use super::weight;
use crate::cli::report::{Mood, Page, Report, Sheet, count};
use crate::ops::demo::{Fault, Outcome};

impl Report for Outcome {
    fn page(&self, page: &mut Page) {
        let faults = self.faults.len() as u64;
        let number = count(faults, "fault");
        if self.held {
            page.lead(Mood::Good, &format!("{number} committed, every one noticed, all of them taken back exactly"));
        } else {
            page.lead(Mood::Bad, &format!("{number} committed, and not everything held"));
        }
        page.blank();
        page.fields(&[
            ("lab", self.lab.display().to_string()),
            ("", format!("{} synthetic patients, {} tables, {} rows", self.patients, self.tables, self.rows)),
            ("clean", clean(self)),
        ]);
        committed(page, self);
        said(page, self);
        proved(page, self);
        next(page, self);
    }

    fn sheet(&self) -> Sheet {
        let head = ["op", "tool", "variant", "severity", "record", "rows", "seen_by", "finding"];
        Sheet::new(&head).with(self.faults.iter().map(|fault| {
            let Fault { op, tool, variant, severity, record, rows, seen_by, finding } = fault.clone();
            let finding = finding.unwrap_or_default();
            vec![op.to_string(), tool, variant, severity, record, rows.to_string(), seen_by.join(","), finding]
        }))
    }
}

fn clean(demo: &Outcome) -> String {
    let looked = format!("{} looked at {} rows", count(demo.clean.checks, "check"), demo.clean.looked_at);
    match demo.clean.findings {
        0 => format!("{looked} and found nothing"),
        found => format!("{looked} and found {found}, which should be nothing"),
    }
}

fn worst_first(demo: &Outcome) -> Vec<&Fault> {
    let mut faults: Vec<&Fault> = demo.faults.iter().collect();
    faults.sort_by(|a, b| weight(&b.severity).total_cmp(&weight(&a.severity)).then(a.op.cmp(&b.op)));
    faults
}

fn committed(page: &mut Page, demo: &Outcome) {
    page.heading("Faults, worst first (severity from 0 to 3)");
    let mut sheet = Sheet::new(&["op", "severity", "fault", "rows", "seen by"]);
    for fault in worst_first(demo) {
        let seen = if fault.seen_by.is_empty() { "nobody".to_owned() } else { fault.seen_by.join(", ") };
        let what = format!("{} {}", fault.tool, fault.variant);
        sheet.row(vec![fault.op.to_string(), fault.severity.clone(), what, fault.rows.to_string(), seen]);
    }
    page.table(&sheet);
}

fn said(page: &mut Page, demo: &Outcome) {
    page.heading("What the checks said");
    for fault in worst_first(demo) {
        let said = fault.finding.as_deref().unwrap_or("nothing");
        page.paragraph(2, &format!("{}. {}: {said}", fault.op, fault.record));
    }
}

fn proved(page: &mut Page, demo: &Outcome) {
    let faults = demo.faults.len();
    let equal = if demo.equal {
        format!("all {} tables are what they were, row by row, by digest", demo.tables)
    } else {
        "the tables are not what they were".to_owned()
    };
    let audit = if demo.audit_ok {
        format!("{} entries, images and target agree", demo.entries)
    } else {
        format!("{} entries, and something does not hold", demo.entries)
    };
    page.heading("Taken back");
    let mut fields =
        vec![("reverted", format!("{} of {faults} exactly", demo.reverted)), ("equal", equal), ("audit", audit)];
    fields.extend(demo.head.map(|head| ("head", head.to_string())));
    fields.push(("journal", demo.journal.display().to_string()));
    page.fields(&fields);
}

fn next(page: &mut Page, demo: &Outcome) {
    page.heading("Try it yourself");
    let journal = std::path::absolute(&demo.journal).unwrap_or_else(|_| demo.journal.clone());
    page.line(&format!("  export MFM_JOURNAL={}", journal.display()));
    for command in [
        "mfm log",
        "mfm show 1 --diff",
        "mfm apply create_invalid_angles --variant gantry --sample 1",
        "mfm status",
        "mfm revert --last",
        "mfm audit verify --depth live --full",
    ] {
        page.line(&format!("  {command}"));
    }
}
