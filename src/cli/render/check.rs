//! `check`: what is wrong, worst first; a check that could not run never looks like one that passed.

use super::changes;
use crate::cli::report::{Mood, Report, ReportPage, ReportTable, join_list, render_count};
use crate::model::Severity;
use crate::ops::checks::{CheckLine, FindingGroup, GroupedCheck, Outcome, RelatedLine, Status};

/// The columns of the table of checks.
const HEAD: [&str; 5] = ["check", "status", "severity", "found", "looked_at"];

/// Most lines of a baseline without a finding on a page.
const FINDINGS_MAX: usize = 5;

/// Most groups of findings on a page.
const GROUPS_MAX: usize = 20;

/// Most rows of a check in a group on a page.
const ROWS_MAX: usize = 5;

impl Report for Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        write_lead(page, self);
        if let Some(file) = &self.rules.file {
            page.paragraph(2, &format!("judged by {}, sha256 {}", file.display(), self.rules.digest));
        }
        write_baseline(page, self);
        write_not_run(page, self);
        page.blank();
        let has_baseline = self.baseline.is_some();
        let head: &[&str] =
            if has_baseline { &["check", "status", "severity", "new", "known", "looked_at"] } else { &HEAD };
        let mut table = ReportTable::new(head);
        for check in self.worst_first() {
            let (violations, looked_at) = match check.status {
                Status::NotRun => ("-".to_owned(), "-".to_owned()),
                Status::Pass | Status::Fail => (check.violations.to_string(), render_count(check.looked_at, "row")),
            };
            let status = check.status.word().replace('_', " ");
            let known = has_baseline.then(|| check.known.to_string());
            let severity = self.worst_severity(check).word().to_owned();
            let start = [check.id.to_owned(), status, severity, violations];
            table.push_row(start.into_iter().chain(known).chain([looked_at]).collect());
        }
        page.table(&table);
        write_groups(page, self);
        write_remedies(page, self);
    }

    /// One row per finding. A check without findings gets a row too, so that no status is lost, and so do the remarks
    /// of a check that has some.
    fn to_table(&self) -> ReportTable {
        let head = ["check", "group", "mode", "status", "severity", "looked_at", "table", "key", "related", "message"];
        let mut rows = ReportTable::new(&head);
        for check in self.worst_first() {
            let line = |status: &str, severity: Severity, rest: [String; 4]| {
                let looked_at = check.looked_at.to_string();
                let start = [check.id, check.group, check.mode, status, severity.word()];
                start.into_iter().map(str::to_owned).chain([looked_at]).chain(rest).collect()
            };
            let status = check.status.word();
            let mut findings = self.of_check(check).peekable();
            let own =
                if findings.peek().is_none() { Some(status) } else { (!check.remarks.is_empty()).then_some("remark") };
            if let Some(own) = own {
                let why = check.why.clone().unwrap_or_else(|| check.remarks.join("; "));
                rows.push_row(line(own, check.severity, [String::new(), String::new(), String::new(), why]));
            }
            for finding in findings {
                let related =
                    finding.related.iter().map(|row| format!("{} {}", row.table, changes::render_key(&row.key)));
                let (table, key) = (finding.table.to_owned(), changes::render_key(&finding.key));
                let status = if finding.known { "known" } else { status };
                rows.push_row(line(
                    status,
                    finding.severity,
                    [table, key, join_list(related), finding.message.clone()],
                ));
            }
        }
        rows
    }
}

fn write_lead(page: &mut ReportPage, outcome: &Outcome) {
    let (all, target) = (outcome.checks.len() as u64, &outcome.target);
    let checks = render_count(all, "check");
    let unjudged = outcome.checks.iter().filter(|check| !check.remarks.is_empty()).count();
    let rest = match outcome.not_run {
        0 => String::new(),
        number => format!("; {number} could not run"),
    };
    let rest = if unjudged > 0 { format!("{rest}; {unjudged} could not judge everything") } else { rest };
    let nothing = match outcome.known {
        0 => "nothing".to_owned(),
        number => format!("nothing new, {number} known"),
    };
    let text = match (outcome.violations, outcome.not_run) {
        (0, 0) => {
            let mood = if unjudged > 0 { Mood::Plain } else { Mood::Good };
            page.lead(mood, &format!("{checks} found {nothing} on {target}{rest}"));
            // A row counts once for each check that read it, so the sum is of judgements, not of rows.
            let judgements = render_count(outcome.checks.iter().map(|check| check.looked_at).sum(), "judgement");
            return page.paragraph(2, &format!("{judgements} of rows"));
        }
        // Nothing ran at all, which must not look like a clean result.
        (0, number) if number == all => format!("nothing was checked on {target}: no check could run"),
        (0, _) => format!("{} of {checks} found {nothing} on {target}{rest}", count_status(outcome, Status::Pass)),
        (violations, _) => {
            let fail = count_status(outcome, Status::Fail);
            let verb = if fail == 1 { "fails" } else { "fail" };
            let violations = match outcome.baseline {
                None => render_count(violations, "violation"),
                Some(_) => format!("{} and {} known", render_count(violations, "new violation"), outcome.known),
            };
            format!("{violations} on {target}: {fail} of {checks} {verb}{rest}")
        }
    };
    page.lead(Mood::Bad, &text);
}

fn count_status(outcome: &Outcome, status: Status) -> u64 {
    outcome.checks.iter().filter(|check| check.status == status).count() as u64
}

/// Writes what the baseline covers, and why the exit code is 0 in spite of findings.
fn write_baseline(page: &mut ReportPage, outcome: &Outcome) {
    if let Some(baseline) = &outcome.baseline {
        let file = baseline.display();
        let gone = match outcome.gone {
            0 => String::new(),
            number => format!("; gone: {number}"),
        };
        let unchecked = match outcome.unchecked {
            0 => String::new(),
            number => format!("; not checked: {number}"),
        };
        let bare = match outcome.findings.iter().filter(|finding| finding.reason.as_deref() == Some("")).count() {
            0 => String::new(),
            number => format!(" ({number} without a reason)"),
        };
        page.paragraph(2, &format!("known from {file}: {}{bare}{gone}{unchecked}", outcome.known));
        for known in outcome.gone_findings.iter().take(FINDINGS_MAX) {
            let key = changes::render_key(&serde_json::Value::Object(known.key.clone()));
            page.paragraph(4, &format!("gone: {}, {} {key}, {}", known.check, known.table, known.what));
        }
    }
    if outcome.unkeyed > 0 {
        let text = format!(
            "{} have no usable row key: they are counted, but cannot be told apart",
            render_count(outcome.unkeyed, "finding")
        );
        page.paragraph(2, &text);
    }
    if let Some(path) = &outcome.baseline_written {
        let text = format!(
            "{} now contains every finding; fill in its reason fields to say why they are accepted",
            path.display()
        );
        page.paragraph(2, &text);
    } else if outcome.violations > 0 && !outcome.failed {
        let word = serde_json::to_value(outcome.fail_on).ok();
        let word = word.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
        page.paragraph(2, &format!("the exit code is 0 by --fail-on {word}"));
    }
}

/// Writes why checks could not run, and what others could not judge.
fn write_not_run(page: &mut ReportPage, outcome: &Outcome) {
    for (why, ids) in group_by_reason(outcome, |check| check.why.as_slice()) {
        page.paragraph(2, &format!("not run ({why}): {ids}"));
    }
    for (remark, ids) in group_by_reason(outcome, |check| &check.remarks) {
        page.paragraph(2, &format!("{remark}: {ids}"));
    }
}

/// Groups the checks by reason, in the order in which the reasons first appear.
fn group_by_reason(outcome: &Outcome, reasons: impl Fn(&CheckLine) -> &[String]) -> Vec<(&str, String)> {
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

/// Writes what was found, by the record that it is about.
fn write_groups(page: &mut ReportPage, outcome: &Outcome) {
    for group in outcome.groups.iter().take(GROUPS_MAX) {
        page.heading(&format!("{} {}", group.record, changes::render_key(&group.key)));
        if !group.facts.is_empty() {
            page.paragraph(2, &group.render_facts());
        }
        for check in &group.checks {
            page.paragraph(2, &format!("{} ({}): {}", check.check, check.severity.word(), check.message));
            write_rows(page, group, check);
        }
    }
    let more = outcome.groups.len().saturating_sub(GROUPS_MAX);
    let rows = outcome.groups.iter().flat_map(|group| &group.checks);
    if more > 0 {
        page.blank();
        page.aside(&format!("and {more} more of them; --format plain lists every finding"));
    } else if rows.into_iter().any(|check| check.rows_total > ROWS_MAX as u64) {
        page.blank();
        page.aside("--format plain lists every finding");
    }
}

/// Writes the rows of a check, unless the only one is the record itself.
fn write_rows(page: &mut ReportPage, group: &FindingGroup, check: &GroupedCheck) {
    let is_own = |row: &RelatedLine| row.table == group.table && row.key == group.key;
    if check.rows_total == 1 && check.rows.iter().all(is_own) {
        return;
    }
    let rows = check.rows.iter().take(ROWS_MAX).map(|row| format!("{} {}", row.table, changes::render_key(&row.key)));
    let more = check.rows_total.saturating_sub(ROWS_MAX as u64);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    page.paragraph(4, &format!("{}: {}{more}", render_count(check.rows_total, "row"), join_list(rows)));
}

/// Writes what to do about each check that found something.
fn write_remedies(page: &mut ReportPage, outcome: &Outcome) {
    let failing: Vec<&CheckLine> =
        outcome.worst_first().into_iter().filter(|check| check.status == Status::Fail).collect();
    if failing.is_empty() {
        return;
    }
    page.heading("To do");
    for check in failing {
        page.paragraph(2, &format!("{}: {}", check.id, check.remedy));
    }
}
