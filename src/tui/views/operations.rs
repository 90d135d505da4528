//! Draws the screen of operations, and the selected one in detail.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::pieces::{self, ListField, ListRow};
use super::plan::ShownChanges;
use crate::ops::log::LoggedOperation;
use crate::tui::job;
use crate::tui::next_step;
use crate::tui::screens::{operations::OperationView, plan};
use crate::tui::state::TuiState;
use crate::tui::theme::{Appearance, Mark, Role};
use crate::tui::words;

const COLUMNS: [ListField; 7] = [
    ListField { head: " ", right: false, gives: 0 },
    ListField { head: "op", right: true, gives: 0 },
    ListField { head: "at (UTC)", right: false, gives: 1 },
    ListField { head: "what", right: false, gives: 2 },
    ListField { head: "variant", right: false, gives: 1 },
    ListField { head: "rows", right: true, gives: 0 },
    ListField { head: "state", right: false, gives: 0 },
];

/// Draws the screen into the body of the frame.
pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &TuiState) {
    let (look, operations) = (state.look, &state.operations);
    let [left, right] = super::split_halves(area);
    let title = match operations.search.as_str() {
        "" => "Operations, newest first".to_owned(),
        search => format!("Operations with `{search}`"),
    };
    let inner = pieces::draw_frame(frame, left, look, &title, true);
    let shown = operations.visible_operations();
    if shown.is_empty() {
        let (role, text) = match (&operations.trouble, operations.fetched, operations.search.is_empty()) {
            (Some(trouble), ..) => (Role::Danger, trouble.as_str()),
            (None, false, _) => (Role::Dim, "reading ..."),
            (None, true, true) => {
                (Role::Note, "No operations yet. 3 shows the records; b commits a fault on the selected one.")
            }
            (None, true, false) => (Role::Note, "No operation fits; Esc clears the search."),
        };
        pieces::draw_empty(frame, inner, look, role, text);
    } else {
        let items: Vec<ListRow> = shown.iter().map(|line| build_item(look, line)).collect();
        pieces::draw_list(frame, inner, look, &COLUMNS, &items, operations.place);
    }
    draw_detail(frame, right, state);
}

fn build_item(look: Appearance, line: &LoggedOperation) -> ListRow {
    let (mark, role) = match line.state.as_str() {
        "active" => (Mark::Applied, words::severity_role(words::parse_severity(&line.label.severity))),
        "open" => (Mark::Unknown, Role::Warning),
        "failed" | "abandoned" | "gone" => (Mark::Failed, Role::Dim),
        _ => (Mark::Reverted, Role::Text),
    };
    let what = line.reverts.map_or_else(|| line.label.tool.clone(), |op| format!("takes {op} back"));
    // Without the year and the seconds, to save columns.
    let at: String = line.at.chars().skip(5).take(11).collect::<String>().replace('T', " ");
    let cells = vec![
        look.mark(mark).to_owned(),
        line.op.to_string(),
        at,
        what,
        line.label.variant.clone(),
        line.rows.to_string(),
        line.state.clone(),
    ];
    ListRow { cells, styles: vec![look.style(role)] }
}

fn draw_detail(frame: &mut Frame<'_>, area: Rect, state: &TuiState) {
    let (look, operations) = (state.look, &state.operations);
    let here = operations.in_hand().map(|line| line.op);
    let Some(whole) = operations.whole.as_ref().filter(|whole| Some(whole.shown.line.op) == here) else {
        let inner = pieces::draw_frame(frame, area, look, "Operation", false);
        let text = if here.is_some() { "reading ..." } else { "" };
        pieces::draw_empty(frame, inner, look, Role::Dim, text);
        return;
    };
    let op = whole.shown.line.op;
    let has_pictures = operations.has_pictures();
    let (view, next) = match operations.view {
        OperationView::Words => ("in words", if has_pictures { "before and after" } else { "changes" }),
        OperationView::Of(view) => match view.effective_view(has_pictures) {
            plan::PlanView::Picture => ("before and after", "changes"),
            plan::PlanView::Changes => ("changes", "bytes"),
            plan::PlanView::Bytes => ("bytes", "words"),
        },
    };
    let inner = pieces::draw_frame(frame, area, look, &format!("Operation {op}, {view} (Tab: {next})"), false);
    match operations.view {
        OperationView::Words => {
            state.scroll_end.set(pieces::draw_text(frame, inner, look, &render_operation(look, whole), state.detail));
        }
        OperationView::Of(view) => {
            let shown = ShownChanges { changes: &whole.shown.changes, pictures: whole.pictures.as_ref() };
            let end = super::plan::draw_view(frame, inner, look, view, shown, operations.player, state.detail);
            state.scroll_end.set(end);
        }
    }
}

/// Renders an operation: what it is, what a revert would do, and its digests.
#[must_use]
pub fn render_operation(look: Appearance, whole: &job::OperationDetail) -> Vec<(Role, String)> {
    let shown = &whole.shown;
    let line = &shown.line;
    let mut lines = Vec::new();
    match &whole.explained {
        Some(explained) => lines.push((Role::Text, explained.words.clone())),
        None => lines.push((
            Role::Text,
            format!("{} {} on {}: {}", line.label.tool, line.label.variant, line.target, line.state),
        )),
    }
    lines.push((Role::Text, String::new()));
    if let Some(explained) = &whole.explained {
        render_inverse(look, explained, &mut lines);
    }
    if let Some(detection) = &shown.detection {
        lines.push((Role::Dim, format!("checks that know its mode: {}", detection_words(detection))));
    }
    for residue in &shown.residue {
        lines.push((Role::Warning, format!("cannot be restored: {residue:?}")));
    }
    lines.push((Role::Dim, format!("at {} by {} over {}", line.at, line.actor, line.face)));
    lines.push((Role::Dim, format!("tables {}", shown.tables.join(", "))));
    lines.push((Role::Dim, format!("plan digest {}", words::render_short_digest(look, &shown.plan_digest))));
    lines.push((Role::Dim, format!("uid {}; y copies it", words::render_short_digest(look, &line.uid))));
    if !shown.reverted_by.is_empty() {
        let by: Vec<String> = shown.reverted_by.iter().map(u64::to_string).collect();
        lines.push((Role::Dim, format!("taken back by operation {}", by.join(", "))));
    }
    lines
}

fn detection_words(detection: &crate::ops::detection::Detection) -> String {
    let json = serde_json::to_value(detection).unwrap_or_default();
    let names = json.get("seen_by").and_then(|seen| seen.as_array()).cloned().unwrap_or_default();
    let names: Vec<&str> = names.iter().filter_map(serde_json::Value::as_str).collect();
    if names.is_empty() { "press c to run the checks".to_owned() } else { names.join(", ") }
}

fn render_inverse(look: Appearance, explained: &crate::ops::explain::Outcome, lines: &mut Vec<(Role, String)>) {
    use crate::ops::explain::InverseState as Now;
    let inverse = &explained.inverse;
    let rows = words::render_count(inverse.rows, "row");
    lines.push(match inverse.state {
        Now::Possible if inverse.again => {
            (Role::Warning, format!("x takes this revert back: the fault comes again, {rows}"))
        }
        Now::Possible => (Role::Good, format!("{} x takes it back: {rows}, exactly", look.mark(Mark::Good))),
        Now::Blocked => (Role::Danger, format!("{} cannot be taken back now:", look.mark(Mark::Bad))),
        Now::AlreadyReverted => (Role::Good, "it was taken back".to_owned()),
        Now::Nothing | Now::Unknown => (Role::Dim, inverse.why.clone().unwrap_or_default()),
    });
    for block in explained.blocked_by.iter().take(8) {
        lines.push((Role::Danger, format!("  {} {}", look.mark(Mark::Branch), block.message)));
    }
    for way in &explained.ways_out {
        lines.push((Role::Note, format!("  {} {}", look.mark(Mark::Arrow), next_step::render_step(way))));
    }
    for drift in inverse.drift.iter().take(4) {
        let text = match drift.filled_columns() {
            Some(columns) => format!("  {columns} of {} {} would be left to the database", drift.table, drift.key),
            None => format!("  others changed other cells of {} {}, which would stay", drift.table, drift.key),
        };
        lines.push((Role::Warning, text));
    }
    let holds = match (explained.proof.holds, explained.proof.target.agrees) {
        (true, Some(true)) => (Role::Dim, "the journal's proof is valid, and the target agrees"),
        (true, None) => (Role::Warning, "the journal's proof is valid; the target could not be read"),
        (true, Some(false)) => (Role::Danger, "the target disagrees"),
        (false, _) => (Role::Danger, "the journal's proof is not valid"),
    };
    lines.push((holds.0, holds.1.to_owned()));
}
