//! What a drill says is to be mended, as a page: the checks that saw nothing, the faults that nothing saw, which check
//! saw what, and each trial that was missed.

use super::super::super::report::{ReportPage, ReportTable, join_list, render_count};
use crate::ops::drill::Outcome;
use crate::ops::drill::detector::OWN;
use crate::ops::drill::jobs::{folder_of, journal_of};
use crate::ops::drill::mending::{CheckCatches, DetectorChecks, MissedTrial, UnseenFault};

/// Most trials that were missed which a page lists; `--json` has them all.
const MISSED_MAX: usize = 40;
/// Most faults that nothing saw which a page lists one by one; of those that are less severe, it names the variants.
const UNSEEN_MAX: usize = 10;

/// Returns the checks of the detectors under test: those of the commands if there are any.
pub(super) fn list_checks(outcome: &Outcome) -> Vec<&DetectorChecks> {
    let has_command = outcome.checks.iter().any(|checks| checks.detector != OWN);
    outcome.checks.iter().filter(|checks| !has_command || checks.detector != OWN).collect()
}

/// Writes what is to be mended, which is what a drill is for: it comes first. The checks are few and the faults may be
/// many, so the checks come before them.
pub(super) fn write_mending(page: &mut ReportPage, outcome: &Outcome) {
    for checks in list_checks(outcome) {
        page.heading(&format!("Checks of {} that saw nothing", checks.detector));
        page.paragraph(2, &render_silent(outcome, checks).unwrap_or_else(|| "none: each saw a fault".to_owned()));
        if let Some(text) = render_found_before(checks) {
            page.paragraph(2, &text);
        }
    }
    write_unseen(page, outcome);
    for checks in list_checks(outcome).into_iter().filter(|checks| !checks.saw.is_empty()) {
        page.heading(&format!("What each check of {} saw", checks.detector));
        page.table(&build_table(checks));
    }
}

/// Renders which checks found something on the untouched data; `None` if none did.
pub(super) fn render_found_before(checks: &DetectorChecks) -> Option<String> {
    let names = join_list(checks.found_before.iter().map(String::as_str));
    (!checks.found_before.is_empty())
        .then(|| format!("found something on the untouched data, which may hide a fault: {names}"))
}

fn write_unseen(page: &mut ReportPage, outcome: &Outcome) {
    if outcome.tried == 0 {
        return;
    }
    page.heading("Faults that nothing saw");
    if outcome.unseen.is_empty() {
        page.paragraph(2, "none: each variant was seen at least once");
    }
    for fault in outcome.unseen.iter().take(UNSEEN_MAX) {
        let tried = render_count(fault.tried, "trial");
        page.paragraph(2, &format!("{} {} (severity {}): {tried}", fault.tool, fault.variant, fault.severity));
    }
    if let Some(more) = outcome.unseen.get(UNSEEN_MAX..).filter(|more| !more.is_empty()) {
        page.paragraph(2, &format!("and {} less severe:", more.len()));
        for (tool, variants) in group_by_tool(more) {
            page.paragraph(4, &format!("{tool}: {}", join_list(variants)));
        }
    }
}

/// Groups faults by their tool, in the order in which the tools come first.
fn group_by_tool(faults: &[UnseenFault]) -> Vec<(&str, Vec<&str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for fault in faults {
        match groups.iter_mut().find(|(tool, _)| *tool == fault.tool) {
            Some((_, variants)) => variants.push(&fault.variant),
            None => groups.push((&fault.tool, vec![&fault.variant])),
        }
    }
    groups
}

/// Renders the checks that saw nothing; `None` where each saw something.
pub(super) fn render_silent(outcome: &Outcome, checks: &DetectorChecks) -> Option<String> {
    let Some(silent) = &checks.saw_nothing else {
        // The rows were counted in the drill itself, and are not journaled either.
        let why = if outcome.rows.is_none() {
            "unknown: the journal keeps no word of a command; the drill's own result, saved with --json, has them"
        } else {
            "unknown: it does not tell the names of its checks. A JUnit report does; a line of JSON does with \
             \"checks\": [\"...\"]"
        };
        return Some(why.to_owned());
    };
    let all = silent.len() + checks.saw.len();
    let names = join_list(silent.iter().map(String::as_str));
    (!silent.is_empty()).then(|| format!("{} of {}: {names}", silent.len(), render_count(all as u64, "check")))
}

fn build_table(checks: &DetectorChecks) -> ReportTable {
    let rows = checks.saw.iter().map(|check| vec![check.check.clone(), check.caught.to_string(), render_faults(check)]);
    ReportTable::new(&["check", "caught", "faults"]).with_rows(rows)
}

/// Renders the faults that a check saw, such as `gantry 3 of 3`.
pub(super) fn render_faults(check: &CheckCatches) -> String {
    let faults = check.faults.iter();
    join_list(faults.map(|fault| format!("{} {} of {}", fault.variant, fault.caught, fault.tried)))
}

/// Lists the trials that were missed, each with the command that shows its fault.
pub(super) fn write_missed(page: &mut ReportPage, outcome: &Outcome) {
    if outcome.missed.is_empty() {
        return;
    }
    page.heading("Missed trials");
    render_place(outcome).iter().for_each(|text| page.paragraph(2, text));
    for missed in outcome.missed.iter().take(MISSED_MAX) {
        page.paragraph(2, &render_missed(missed));
    }
    if let Some(more) = outcome.missed.len().checked_sub(MISSED_MAX).filter(|more| *more > 0) {
        page.paragraph(2, &format!("and {more} more: --json and --as html list them all"));
    }
}

/// Renders where the operations of missed trials are to be looked at; `None` where it is the drill's own journal.
pub(super) fn render_place(outcome: &Outcome) -> Option<String> {
    let jobs = outcome.jobs.as_ref()?;
    let journal = journal_of(&folder_of(&outcome.journal, jobs), 1);
    Some(format!("of job 1, each is shown by mfm --journal {} show OP", journal.display()))
}

/// Renders a trial that was missed, such as `mfm show 12: create_x gantry, Table 5, missed by qa`.
pub(super) fn render_missed(missed: &MissedTrial) -> String {
    let size = missed.size.map(|size| format!(" at {size}")).unwrap_or_default();
    let masked = match missed.masked_by.as_slice() {
        [] => String::new(),
        checks => format!("; perhaps masked by what {} found before", join_list(checks.iter().map(String::as_str))),
    };
    let by = join_list(missed.missed_by.iter().map(String::as_str));
    let record = missed.record.as_str().map_or_else(|| missed.record.to_string(), str::to_owned);
    let job = missed.job.map(|job| format!(" of job {job}")).unwrap_or_default();
    let MissedTrial { op, tool, variant, table, .. } = missed;
    format!("mfm show {op}{job}: {tool} {variant}{size}, {table} {record}, missed by {by}{masked}")
}
