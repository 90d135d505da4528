//! Draws the screen of failure modes.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::pieces::{self, ListField, ListRow};
use crate::domain::mode::ModeCard;
use crate::model::Severity;
use crate::ops::modes;
use crate::tui::state::TuiState;
use crate::tui::theme::Role;
use crate::tui::words;

const COLUMNS: [ListField; 3] = [
    ListField { head: " ", right: false, gives: 0 },
    ListField { head: "severity", right: true, gives: 0 },
    ListField { head: "mode", right: false, gives: 1 },
];

/// Draws the screen into the body of the frame.
pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &TuiState) {
    let look = state.look;
    let [left, right] = super::split_halves(area);
    let shown = state.modes.visible_modes(state.domain());
    let title = match state.modes.search.as_str() {
        "" => "Failure modes".to_owned(),
        search => format!("Failure modes with `{search}`"),
    };
    let inner = pieces::draw_frame(frame, left, look, &title, true);
    let mut items = Vec::new();
    for mode in shown {
        let card = mode.card();
        let severity = Severity::from(card.severity);
        let cells = vec![look.severity_mark(severity).to_owned(), card.severity.to_string(), card.tool.to_owned()];
        let styles = vec![look.severity_style(severity), look.severity_style(severity), look.style(Role::Text)];
        items.push(ListRow { cells, styles });
    }
    if items.is_empty() {
        pieces::draw_empty(frame, inner, look, Role::Note, "No mode fits; Esc clears the search.");
    }
    pieces::draw_list(frame, inner, look, &COLUMNS, &items, state.modes.place);
    let Some(mode) = state.modes.in_hand(state.domain()) else { return };
    let inner = pieces::draw_frame(frame, right, look, mode.card().title, false);
    state.scroll_end.set(pieces::draw_text(frame, inner, look, &render_mode(mode.card()), state.detail));
}

/// Renders a mode: description, variants, checks, parameters.
#[must_use]
pub fn render_mode(card: &'static ModeCard) -> Vec<(Role, String)> {
    let blank = (Role::Text, String::new());
    let mut lines =
        vec![(Role::Text, card.description.to_owned()), blank.clone(), (Role::Heading, "Variants".to_owned())];
    for variant in card.variants {
        let severity = Severity::from(variant.severity);
        lines.push((
            words::severity_role(severity),
            format!("{}  {} ({})", variant.word, variant.severity, severity.word()),
        ));
        lines.push((Role::Text, format!("  {}", variant.about)));
        lines.push((Role::Dim, format!("  on {}", variant.eligible)));
        lines.extend(variant.size.map(|size| (Role::Dim, format!("  size {size}"))));
    }
    lines.extend([blank.clone(), (Role::Heading, "Detected by the checks".to_owned())]);
    lines.push((Role::Text, card.checks.join(", ")));
    if let Some(names) = render_parameters(card) {
        lines.extend([blank.clone(), (Role::Heading, "Parameters".to_owned()), (Role::Text, names)]);
    }
    // What a check cannot see in this schema, however good it is.
    if !card.data_needed.is_empty() {
        lines.extend([blank, (Role::Heading, "A better check would need".to_owned())]);
        lines.push((Role::Text, card.data_needed.join("; ")));
    }
    lines
}

fn render_parameters(card: &'static ModeCard) -> Option<String> {
    let entry = modes::run(Some(card.tool)).ok()?.modes.into_iter().next()?;
    let schema = serde_json::Value::from(entry.parameters);
    let names = schema.get("properties")?.as_object()?.keys().cloned().collect::<Vec<_>>();
    Some(names.join(", "))
}
