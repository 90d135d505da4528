//! Draws the screen of the quality checks.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::pieces::{self, ListField, ListRow};
use crate::ops::checks::{CheckLine, FindingLine, Outcome, Status};
use crate::tui::state::TuiState;
use crate::tui::theme::{Appearance, Mark, Role};
use crate::tui::words;

const FINDINGS: [ListField; 4] = [
    ListField { head: " ", right: false, gives: 0 },
    ListField { head: "severity", right: false, gives: 0 },
    ListField { head: "row", right: false, gives: 1 },
    ListField { head: "what is wrong", right: false, gives: 2 },
];

const CHECKS: [ListField; 4] = [
    ListField { head: " ", right: false, gives: 0 },
    ListField { head: "check", right: false, gives: 1 },
    ListField { head: "examined", right: true, gives: 0 },
    ListField { head: "says", right: false, gives: 1 },
];

/// Draws the screen into the body of the frame.
pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &TuiState) {
    let (look, checks) = (state.look, &state.checks);
    let [left, right] = super::split_halves(area);
    let Some(outcome) = &checks.outcome else {
        let inner = pieces::draw_frame(frame, area, look, "Quality checks", true);
        let running = state.lanes.running_in(crate::tui::job::JobLane::Check).is_some();
        let (role, text) = match (&checks.trouble, running) {
            (_, true) => (Role::Dim, "checking ..."),
            (Some(trouble), false) => (Role::Danger, trouble.as_str()),
            (None, false) => (Role::Note, "The checks have not run yet: c runs them."),
        };
        pieces::draw_empty(frame, inner, look, role, text);
        return;
    };
    // Old findings stay visible while they may be outdated, but say so.
    let stale = if checks.stale { ", before the last change: c checks again" } else { "" };
    let what = if checks.all { "All checks (Tab: findings)" } else { "Findings, worst first (Tab: all checks)" };
    let title = format!("{what}: {}{stale}", words::render_thousands(outcome.violations));
    let inner = pieces::draw_frame(frame, left, look, &title, true);
    if checks.all {
        let items: Vec<ListRow> = outcome.worst_first().into_iter().map(|check| check_item(look, check)).collect();
        pieces::draw_list(frame, inner, look, &CHECKS, &items, checks.place);
    } else {
        let items: Vec<ListRow> =
            checks.visible_findings().into_iter().map(|finding| finding_item(look, finding)).collect();
        if items.is_empty() {
            pieces::draw_empty(frame, inner, look, Role::Good, "No finding. Tab shows what was checked.");
        }
        pieces::draw_list(frame, inner, look, &FINDINGS, &items, checks.place);
    }
    draw_detail(frame, right, state, outcome);
}

fn render_row(finding: &FindingLine) -> String {
    format!("{} {}", finding.table, words::render_values(&finding.key))
}

fn finding_item(look: Appearance, finding: &FindingLine) -> ListRow {
    let style = look.severity_style(finding.severity);
    let mark = look.severity_mark(finding.severity).to_owned();
    let cells = vec![mark, finding.severity.word().to_owned(), render_row(finding), finding.message.clone()];
    ListRow { cells, styles: vec![style, style, look.style(Role::Text)] }
}

fn check_item(look: Appearance, check: &CheckLine) -> ListRow {
    let (mark, role, says) = match check.status {
        Status::Fail => (Mark::Bad, Role::Danger, words::render_count(check.violations, "violation")),
        Status::NotRun => (Mark::Unknown, Role::Warning, "could not run".to_owned()),
        Status::Pass => (Mark::Good, Role::Good, "nothing found".to_owned()),
    };
    let looked = words::render_thousands(check.looked_at);
    let cells = vec![look.mark(mark).to_owned(), check.id.to_owned(), looked, says];
    ListRow { cells, styles: vec![look.style(role), look.style(Role::Text), look.style(Role::Dim), look.style(role)] }
}

fn draw_detail(frame: &mut Frame<'_>, area: Rect, state: &TuiState, outcome: &Outcome) {
    let (look, checks) = (state.look, &state.checks);
    let (id, finding) = if checks.all {
        (outcome.worst_first().get(checks.place.at).map(|check| check.id), None)
    } else {
        let finding = checks.in_hand();
        (finding.map(|finding| finding.check), finding)
    };
    let check = outcome.checks.iter().find(|check| Some(check.id) == id);
    let Some(check) = check else {
        pieces::draw_frame(frame, area, look, "Check", false);
        return;
    };
    let inner = pieces::draw_frame(frame, area, look, check.id, false);
    let mut lines = Vec::new();
    if let Some(finding) = finding {
        lines.push((
            words::severity_role(finding.severity),
            format!("{} ({})", render_row(finding), finding.severity.word()),
        ));
        if let Some(group) = outcome.group_of(finding).filter(|group| !group.facts.is_empty()) {
            let record = format!("{} {}", group.record, words::render_values(&group.key));
            lines.push((Role::Text, format!("{record}: {}", group.render_facts())));
        }
        lines.extend([(Role::Text, finding.message.clone()), (Role::Text, String::new())]);
        for related in finding.related.iter().take(4) {
            lines.push((Role::Dim, format!("with {} {}", related.table, words::render_values(&related.key))));
        }
    }
    lines.push((Role::Heading, "What it looks for".to_owned()));
    lines.push((Role::Text, check.about.to_owned()));
    lines.push((Role::Heading, "What to do".to_owned()));
    lines.push((Role::Text, check.remedy.to_owned()));
    lines.push((
        Role::Dim,
        format!("guards against {}; examined {} rows", check.mode, words::render_thousands(check.looked_at)),
    ));
    lines.extend(check.why.iter().map(|why| (Role::Warning, why.clone())));
    lines.extend(check.remarks.iter().map(|remark| (Role::Note, remark.clone())));
    if let Some(finding) = finding {
        lines.push((Role::Dim, format!("fingerprint {}", finding.fingerprint)));
    }
    state.scroll_end.set(pieces::draw_text(frame, inner, look, &lines, state.detail));
}
