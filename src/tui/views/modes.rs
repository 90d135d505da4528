//! Draws the catalogue of failure modes.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::pieces::{self, Item, ListField};
use crate::domain::mode::ModeCard;
use crate::ops::modes;
use crate::tui::look::Role;
use crate::tui::state::State;
use crate::tui::words;

const COLUMNS: [ListField; 3] = [
    ListField { head: " ", right: false, gives: 0 },
    ListField { head: "severity", right: true, gives: 0 },
    ListField { head: "mode", right: false, gives: 1 },
];

/// Draws it.
pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let look = state.look;
    let [left, right] = super::halves(area);
    let shown = state.modes.shown(state.domain());
    let title = match state.modes.search.as_str() {
        "" => "Failure modes".to_owned(),
        search => format!("Failure modes with `{search}`"),
    };
    let inner = pieces::frame(frame, left, look, &title, true);
    let item = |card: &'static ModeCard| {
        let severity = words::severity(card.severity);
        let cells = [look.severity_mark(severity), card.severity, card.tool].map(str::to_owned).to_vec();
        Item { cells, styles: vec![look.severity(severity), look.severity(severity), look.style(Role::Text)] }
    };
    let items: Vec<Item> = shown.iter().map(|mode| item(mode.card())).collect();
    if items.is_empty() {
        pieces::empty(frame, inner, look, Role::Note, "No mode fits; Esc clears the search.");
    }
    pieces::list(frame, inner, look, &COLUMNS, &items, state.modes.place);
    let Some(mode) = state.modes.in_hand(state.domain()) else { return };
    let inner = pieces::frame(frame, right, look, mode.card().title, false);
    state.scroll_end.set(pieces::text(frame, inner, look, &about(mode.card()), state.detail));
}

/// Returns everything that is to be known of a mode, in lines.
#[must_use]
pub fn about(card: &'static ModeCard) -> Vec<(Role, String)> {
    let blank = || (Role::Text, String::new());
    let mut lines = vec![(Role::Text, card.description.to_owned()), blank(), (Role::Heading, "Variants".to_owned())];
    for variant in card.variants {
        let severity = words::severity(variant.severity);
        lines.push((words::role(severity), format!("{}  {} ({})", variant.word, variant.severity, severity.word())));
        lines.push((Role::Text, format!("  {}", variant.about)));
        lines.push((Role::Dim, format!("  on {}", variant.eligible)));
    }
    lines.extend([blank(), (Role::Heading, "Seen by the checks".to_owned())]);
    lines.push((Role::Text, card.checks.join(", ")));
    if let Some(names) = parameters(card) {
        lines.extend([blank(), (Role::Heading, "Parameters".to_owned()), (Role::Text, names)]);
    }
    if !card.data_needed.is_empty() {
        lines.extend([blank(), (Role::Heading, "A fuller check would need".to_owned())]);
        lines.push((Role::Text, card.data_needed.join("; ")));
    }
    lines
}

fn parameters(card: &'static ModeCard) -> Option<String> {
    let entry = modes::run(Some(card.tool)).ok()?.modes.into_iter().next()?;
    let schema = serde_json::Value::from(entry.parameters);
    let names = schema.get("properties")?.as_object()?.keys().cloned().collect::<Vec<_>>();
    Some(names.join(", "))
}
