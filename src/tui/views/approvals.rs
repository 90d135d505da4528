//! Draws what agents ask: the list in its dialog, and the lines on the overview and in the bar that lead to it.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::pieces::{self, ListField, ListRow};
use crate::tui::state::TuiState;
use crate::tui::theme::{Mark, Role};
use crate::tui::words;

const COLUMNS: [ListField; 5] = [
    ListField { head: "code", right: false, gives: 0 },
    ListField { head: "what", right: false, gives: 2 },
    ListField { head: "target", right: false, gives: 1 },
    ListField { head: "who asks", right: false, gives: 3 },
    ListField { head: "until (UTC)", right: false, gives: 0 },
];

/// Draws the list into its dialog.
pub fn draw(frame: &mut Frame<'_>, inner: Rect, state: &TuiState) {
    let look = state.look;
    let foot = Rect { y: inner.bottom().saturating_sub(1), height: 1.min(inner.height), ..inner };
    let body = Rect { height: inner.height.saturating_sub(1), ..inner };
    let mut items = Vec::new();
    for question in &state.approvals.waiting {
        let cells = [&question.code, &question.tool, &question.target, &question.asker];
        let mut cells: Vec<String> = cells.map(Clone::clone).to_vec();
        cells.push(shorten_time(&question.expires).to_owned());
        items.push(ListRow { cells, styles: vec![look.style(Role::Key), look.style(Role::Text)] });
    }
    match &state.approvals.trouble {
        Some(trouble) => pieces::draw_empty(frame, body, look, Role::Danger, trouble),
        None if items.is_empty() => {
            pieces::draw_empty(frame, body, look, Role::Note, "No question of an agent waits for a person.");
        }
        None => pieces::draw_list(frame, body, look, &COLUMNS, &items, state.approvals.place),
    }
    pieces::draw_text(frame, foot, look, &[(Role::Key, "Enter: show the request    Esc: back".to_owned())], 0);
}

/// Returns the time of day of a timestamp in RFC 3339: a question lives for minutes.
fn shorten_time(timestamp: &str) -> &str {
    timestamp.get(11..19).unwrap_or(timestamp)
}

/// Returns the line of the overview that says how many questions wait; `None` if none does.
#[must_use]
pub fn render_waiting(state: &TuiState) -> Option<(Role, String)> {
    let look = state.look;
    // Without a journal, or with a broken one, the status has said so already.
    if let Some(trouble) = state.approvals.trouble.as_ref().filter(|_| state.trouble.is_none()) {
        return Some((
            Role::Danger,
            format!("{} the requests of agents could not be read: {trouble}", look.mark(Mark::Bad)),
        ));
    }
    let waiting = count_waiting(state)?;
    let text = format!("{} {waiting} of agents: A lists them", look.mark(Mark::Unknown));
    Some((Role::Warning, text))
}

/// Returns the number of questions that wait, with its noun; `None` if none does.
#[must_use]
pub fn count_waiting(state: &TuiState) -> Option<String> {
    let waiting = state.approvals.waiting.len();
    (waiting > 0).then(|| words::render_count(waiting as u64, "question"))
}
