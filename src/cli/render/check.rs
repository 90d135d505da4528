//! `check`: what is wrong, worst first; a check that could not run never looks like one that passed.

use std::cmp::Reverse;

use super::changes;
use crate::cli::report::{Mood, Page, Report, Sheet, count, list};
use crate::model::Severity;
use crate::ops::checks::{CheckLine, FindingLine, Outcome, Status};

/// How many findings of a check a page shows.
const FINDINGS_MAX: usize = 5;

impl Report for Outcome {
    fn page(&self, page: &mut Page) {
        lead(page, self);
        not_run(page, self);
        page.blank();
        let mut sheet = Sheet::new(&["check", "status", "severity", "found", "looked_at"]);
        for check in worst_first(self) {
            let (found, looked_at) = match check.status {
                Status::NotRun => ("-".to_owned(), "-".to_owned()),
                Status::Pass | Status::Fail => (check.violations.to_string(), count(check.looked_at, "row")),
            };
            let status = check.status.word().replace('_', " ");
            sheet.row(vec![check.id.to_owned(), status, word(worst(self, check)).to_owned(), found, looked_at]);
        }
        page.table(&sheet);
        worst_first(self).into_iter().filter(|check| check.status == Status::Fail).for_each(|check| {
            failing(page, self, check);
        });
    }

    /// One line a finding; a check without any has a line of its own, so that no status is lost, and so have the
    /// remarks of one with some.
    fn sheet(&self) -> Sheet {
        let head = ["check", "group", "mode", "status", "severity", "looked_at", "table", "key", "related", "message"];
        let mut sheet = Sheet::new(&head);
        for check in worst_first(self) {
            let line = |status: &str, severity: Severity, rest: [String; 4]| {
                let looked_at = check.looked_at.to_string();
                let start = [check.id, check.group, check.mode, status, word(severity)];
                start.into_iter().map(str::to_owned).chain([looked_at]).chain(rest).collect()
            };
            let status = check.status.word();
            let mut found = findings(self, check).peekable();
            let own =
                if found.peek().is_none() { Some(status) } else { (!check.remarks.is_empty()).then_some("remark") };
            if let Some(own) = own {
                let why = check.why.clone().unwrap_or_else(|| check.remarks.join("; "));
                sheet.row(line(own, check.severity, [String::new(), String::new(), String::new(), why]));
            }
            for finding in found {
                let related = finding.related.iter().map(|row| format!("{} {}", row.table, changes::key(&row.key)));
                let (table, key) = (finding.table.to_owned(), changes::key(&finding.key));
                sheet.row(line(status, finding.severity, [table, key, list(related), finding.message.clone()]));
            }
        }
        sheet
    }
}

fn lead(page: &mut Page, outcome: &Outcome) {
    let (all, target) = (outcome.checks.len() as u64, &outcome.target);
    let with = |status: Status| outcome.checks.iter().filter(|check| check.status == status).count() as u64;
    let checks = count(all, "check");
    let unjudged = outcome.checks.iter().filter(|check| !check.remarks.is_empty()).count();
    let rest = match outcome.not_run {
        0 => String::new(),
        number => format!(", and {number} could not run"),
    };
    let rest = if unjudged > 0 { format!("{rest}; {unjudged} could not judge everything") } else { rest };
    let text = match (outcome.violations, outcome.not_run) {
        (0, 0) => {
            let rows = count(outcome.checks.iter().map(|check| check.looked_at).sum(), "row");
            let mood = if unjudged > 0 { Mood::Plain } else { Mood::Good };
            return page.lead(mood, &format!("{checks} looked at {rows} of {target} and found nothing{rest}"));
        }
        (0, number) if number == all => format!("nothing was checked on {target}: no check could run"),
        (0, _) => format!("{} of {checks} found nothing on {target}{rest}", with(Status::Pass)),
        (found, _) => {
            let fail = with(Status::Fail);
            let verb = if fail == 1 { "fails" } else { "fail" };
            format!("{} on {target}: {fail} of {checks} {verb}{rest}", count(found, "violation"))
        }
    };
    page.lead(Mood::Bad, &text);
}

/// Says why checks could not run, and what others could not judge.
fn not_run(page: &mut Page, outcome: &Outcome) {
    for (why, ids) in by_reason(outcome, |check| check.why.as_slice()) {
        page.paragraph(2, &format!("not run, because {why}: {ids}"));
    }
    for (remark, ids) in by_reason(outcome, |check| &check.remarks) {
        page.paragraph(2, &format!("{remark}: {ids}"));
    }
}

/// Returns each reason that checks give once, with the checks that give it.
fn by_reason(outcome: &Outcome, reasons: impl Fn(&CheckLine) -> &[String]) -> Vec<(&str, String)> {
    let mut all: Vec<(&str, Vec<&str>)> = Vec::new();
    for check in &outcome.checks {
        for reason in reasons(check) {
            match all.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, ids)) => ids.push(check.id),
                None => all.push((reason, vec![check.id])),
            }
        }
    }
    all.into_iter().map(|(reason, ids)| (reason, ids.join(", "))).collect()
}

/// Returns the checks: failures, then those that could not run, then passes; each part worst first.
fn worst_first(outcome: &Outcome) -> Vec<&CheckLine> {
    let mut checks: Vec<&CheckLine> = outcome.checks.iter().collect();
    checks.sort_by_key(|check| (check.status, Reverse(worst(outcome, check)), Reverse(check.violations)));
    checks
}

/// Returns how bad a check's worst finding is, or would be.
fn worst(outcome: &Outcome, check: &CheckLine) -> Severity {
    findings(outcome, check).map(|finding| finding.severity).max().unwrap_or(check.severity)
}

fn findings<'o>(outcome: &'o Outcome, check: &CheckLine) -> impl Iterator<Item = &'o FindingLine> {
    let id = check.id;
    outcome.findings.iter().filter(move |finding| finding.check == id)
}

fn failing(page: &mut Page, outcome: &Outcome, check: &CheckLine) {
    page.heading(&format!("{}: {}", check.id, count(check.violations, "violation")));
    let worst = worst(outcome, check);
    for finding in findings(outcome, check).take(FINDINGS_MAX) {
        let severity = if finding.severity == worst { String::new() } else { format!(" ({})", word(finding.severity)) };
        let key = changes::key(&finding.key);
        page.paragraph(2, &format!("{} {key}{severity}: {}", finding.table, finding.message));
    }
    let more = check.violations.saturating_sub(FINDINGS_MAX as u64);
    if more > 0 {
        page.aside(&format!("  and {more} more; --format plain lists them"));
    }
    page.paragraph(2, &format!("To do: {}", check.remedy));
}

const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}
