//! Draws the screen of the journal: the entries, and the selected one as JSON.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::pieces::{self, ListField, ListRow};
use crate::tui::state::TuiState;
use crate::tui::theme::{Mark, Role};
use crate::tui::words;

const COLUMNS: [ListField; 6] = [
    ListField { head: "entry", right: true, gives: 0 },
    ListField { head: "kind", right: false, gives: 1 },
    ListField { head: "op", right: true, gives: 0 },
    ListField { head: "at (UTC)", right: false, gives: 1 },
    ListField { head: "actor", right: false, gives: 1 },
    ListField { head: "face", right: false, gives: 0 },
];

/// Draws the screen into the body of the frame.
pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &TuiState) {
    let (look, journal) = (state.look, &state.journal);
    let [left, right] = super::split_halves(area);
    let verdict = match &state.overview.audit {
        None => format!("{} not verified yet: v", look.mark(Mark::Unknown)),
        Some((true, _)) => format!("{} verified", look.mark(Mark::Good)),
        Some((false, _)) => format!("{} HAS DISCREPANCIES", look.mark(Mark::Bad)),
    };
    let inner = pieces::draw_frame(frame, left, look, &format!("Journal, newest first: {verdict}"), true);
    let entries = journal.visible_entries();
    if entries.is_empty() {
        let (role, text) = match &journal.trouble {
            Some(trouble) => (Role::Danger, trouble.as_str()),
            None => (Role::Dim, "no entries"),
        };
        pieces::draw_empty(frame, inner, look, role, text);
        return;
    }
    let mut items = Vec::new();
    for entry in entries {
        let at: String = crate::ops::log::render_timestamp(entry.at_us).chars().skip(5).take(14).collect();
        let op = entry.op.map_or_else(String::new, |op| op.to_string());
        let cells = vec![
            entry.seq.to_string(),
            entry.kind.clone(),
            op,
            at.replace('T', " "),
            entry.actor.clone(),
            entry.face.clone(),
        ];
        items.push(ListRow { cells, styles: vec![look.style(Role::Text)] });
    }
    pieces::draw_list(frame, inner, look, &COLUMNS, &items, journal.place);
    let Some(entry) = journal.in_hand() else { return };
    let inner = pieces::draw_frame(frame, right, look, &format!("Entry {}, as stored", entry.seq), false);
    state.scroll_end.set(pieces::draw_text(frame, inner, look, &render_entry(entry, state), state.detail));
}

fn render_entry(entry: &mfm_journal::Entry, state: &TuiState) -> Vec<(Role, String)> {
    let mut lines = Vec::new();
    if let Some((false, text)) = &state.overview.audit {
        lines.push((Role::Danger, text.clone()));
    }
    lines.push((Role::Dim, format!("digest {}; y copies it", words::render_short_digest(state.look, &entry.digest))));
    lines.push((Role::Dim, format!("prev   {}", words::render_short_digest(state.look, &entry.prev))));
    let text = serde_json::to_string_pretty(&entry.body).unwrap_or_default();
    lines.extend(text.lines().map(|line| (Role::Text, line.to_owned())));
    lines
}
