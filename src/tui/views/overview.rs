//! Draws the overview: state, faults in effect, drills.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use super::approvals;
use super::pieces::{self, ListField, ListRow};
use crate::ops::status;
use crate::tui::state::TuiState;
use crate::tui::theme::{Mark, Role};
use crate::tui::words;

/// Draws the screen into the body of the frame.
pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &TuiState) {
    // What agents ask gets rows of its own, so that it hides nothing else.
    let width = usize::from(area.width.saturating_sub(2));
    let asked = approvals::render_waiting(state).map_or(0, |(_, line)| pieces::wrapped_rows(&line, width));
    let rows = u16::try_from(asked.min(4)).unwrap_or(4) + 8;
    let [top, middle, foot] =
        Layout::vertical([Constraint::Length(rows), Constraint::Min(4), Constraint::Length(6)]).areas(area);
    draw_status(frame, top, state);
    draw_active(frame, middle, state);
    draw_drills(frame, foot, state);
}

fn draw_status(frame: &mut Frame<'_>, area: Rect, state: &TuiState) {
    let look = state.look;
    let inner = pieces::draw_frame(frame, area, look, "Target and journal", false);
    let mut lines = Vec::new();
    match (&state.status, &state.trouble) {
        (_, Some(trouble)) => lines.push((Role::Danger, format!("{} {trouble}", look.mark(Mark::Bad)))),
        (None, None) => lines.push((Role::Dim, "reading ...".to_owned())),
        (Some(status), None) => render_targets(&mut lines, status, state),
    }
    lines.extend(approvals::render_waiting(state));
    lines.push((Role::Dim, format!("journal  {}", state.facts.journal)));
    if let Some(status) = &state.status {
        lines.push((
            Role::Dim,
            format!(
                "         {}, id {}",
                words::render_thousands(status.entries) + " entries",
                words::render_short_digest(state.look, &status.journal_id)
            ),
        ));
    }
    let (role, text) = match &state.overview.audit {
        None => (Role::Dim, format!("{} not verified yet: v", look.mark(Mark::Unknown))),
        Some((true, text)) => (Role::Good, format!("{} {text}", look.mark(Mark::Good))),
        Some((false, text)) => (Role::Danger, format!("{} {text}", look.mark(Mark::Bad))),
    };
    lines.push((role, text));
    pieces::draw_text(frame, inner, look, &lines, 0);
}

fn render_targets(lines: &mut Vec<(Role, String)>, status: &status::Outcome, state: &TuiState) {
    let name = state.target_name();
    let Some(target) = status.targets.iter().find(|target| Some(target.name.as_str()) == name) else {
        let text = match status.targets.len() {
            0 => "no target is registered: make a lab at the command line".to_owned(),
            many => format!("{many} targets are registered: t chooses one"),
        };
        lines.push((Role::Warning, text));
        return;
    };
    let lab = if target.lab { ", a lab that mfm made" } else { "" };
    lines.push((Role::Title, format!("{}  {}{lab}", target.name, target.url)));
    let look = state.look;
    lines.push(match (target.state.as_str(), &target.problem) {
        ("marked", _) => {
            (Role::Good, format!("{} marked as a test copy: faults may be committed", look.mark(Mark::Good)))
        }
        (code, Some(problem)) => (Role::Danger, format!("{} guarded: {problem} [{code}]", look.mark(Mark::Bad))),
        (code, None) => (Role::Warning, format!("{} {code}", look.mark(Mark::Bad))),
    });
    for foreign in &status.foreign_operations {
        let text = format!("another journal, {}, committed {} here", foreign.journal_id, foreign.committed);
        lines.push((Role::Warning, text));
    }
}

const COLUMNS: [ListField; 6] = [
    ListField { head: " ", right: false, gives: 0 },
    ListField { head: "op", right: true, gives: 0 },
    ListField { head: "severity", right: true, gives: 0 },
    ListField { head: "fault", right: false, gives: 3 },
    ListField { head: "variant", right: false, gives: 2 },
    ListField { head: "rows", right: true, gives: 0 },
];

fn draw_active(frame: &mut Frame<'_>, area: Rect, state: &TuiState) {
    let look = state.look;
    let title = match state.status.as_ref().map(|status| (status.active.len(), status.open.len())) {
        Some((active, 0)) => format!("Faults in effect: {active}"),
        Some((active, open)) => format!("Faults in effect: {active}; open: {open} (R recovers)"),
        None => "Faults in effect".to_owned(),
    };
    let inner = pieces::draw_frame(frame, area, look, &title, true);
    let Some(status) = &state.status else { return };
    if status.active.is_empty() && status.open.is_empty() {
        let name = state.target_name();
        // Nothing can be claimed of a target that could not be read.
        let is_readable =
            status.targets.iter().any(|target| Some(target.name.as_str()) == name && target.problem.is_none());
        let (role, text) = if is_readable {
            (Role::Good, "No fault is in effect. Enter shows the failure modes, 3 the records.")
        } else {
            (Role::Note, "The journal knows of no fault in effect.")
        };
        pieces::draw_empty(frame, inner, look, role, text);
        return;
    }
    let mut items = Vec::new();
    for active in &status.active {
        let severity = words::parse_severity(&active.label.severity);
        let rows = if active.rows == active.rows_written {
            active.rows.to_string()
        } else {
            format!("{} of {}", active.rows, active.rows_written)
        };
        let mark = look.severity_mark(severity).to_owned();
        let cells = [
            mark,
            active.op.to_string(),
            active.label.severity.clone(),
            active.label.tool.clone(),
            active.label.variant.clone(),
            rows,
        ];
        let (style, text) = (look.severity_style(severity), look.style(Role::Text));
        items.push(ListRow { cells: cells.to_vec(), styles: vec![style, text, style, text] });
    }
    for open in &status.open {
        let mark = look.mark(Mark::Unknown).to_owned();
        let cells =
            [mark, open.op.to_string(), String::new(), open.tool.clone(), open.state.to_owned(), open.rows.to_string()];
        items.push(ListRow { cells: cells.to_vec(), styles: vec![look.style(Role::Warning)] });
    }
    pieces::draw_list(frame, inner, look, &COLUMNS, &items, state.overview.place);
}

fn draw_drills(frame: &mut Frame<'_>, area: Rect, state: &TuiState) {
    let look = state.look;
    let inner = pieces::draw_frame(frame, area, look, "Drills: what the checks catch", false);
    let Some(list) = &state.overview.drills else { return };
    if list.drills.is_empty() {
        let text = "No drill yet: d commits faults one by one, runs the checks, and takes each fault back.";
        pieces::draw_text(frame, inner, look, &[(Role::Dim, text.to_owned())], 0);
        return;
    }
    let mut lines = Vec::new();
    for drill in list.drills.iter().take(4) {
        let caught: Vec<String> =
            drill.detectors.iter().zip(&drill.caught).map(|(name, caught)| format!("{name} {caught}")).collect();
        let at: String = drill.at.chars().take(16).collect::<String>().replace('T', " ");
        let (role, exact) = match drill.exact {
            Some(true) => (Role::Text, "every table unchanged"),
            Some(false) => (Role::Danger, "TABLES DIFFER"),
            // The journal has the drill's first entry and not its last: it is running, or was interrupted.
            None => (Role::Warning, "not ended"),
        };
        let (number, tried, caught) = (drill.drill, drill.tried, caught.join(", "));
        lines.push((role, format!("drill {number}  {at}  caught of {tried}: {caught}; {exact}")));
    }
    pieces::draw_text(frame, inner, look, &lines, 0);
}
