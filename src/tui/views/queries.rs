//! Draws the dialog of a query: its form and its answer.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use super::pieces::{self, ListField, ListRow};
use crate::tui::dialog::{QueryDialog, QueryState};
use crate::tui::screens::plan::{FieldInput, FormField};
use crate::tui::state::TuiState;
use crate::tui::theme::Role;

/// The most fields of the form that are visible at once.
const FORM_MAX: usize = 6;

const COLUMNS: [ListField; 2] =
    [ListField { head: "parameter", right: false, gives: 0 }, ListField { head: "value", right: false, gives: 1 }];

/// Draws the dialog's content, and records how far the answer can be scrolled.
pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &TuiState, ask: &QueryDialog) {
    let look = state.look;
    // One row more than fields, for the heading.
    let form = if ask.form.is_empty() { 0 } else { u16::try_from(ask.form.len().min(FORM_MAX) + 1).unwrap_or(1) };
    let [about, lines, hint, answer, foot] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Length(form),
        Constraint::Length(2.min(form)),
        Constraint::Min(3),
        Constraint::Length(1),
    ])
    .areas(area);
    pieces::draw_text(frame, about, look, &[(Role::Dim, ask.about.to_owned())], 0);
    let mut items = Vec::new();
    for (at, field) in ask.form.iter().enumerate() {
        let cursor = if at == ask.place.at { "_" } else { "" };
        let role = if field.value.is_empty() { Role::Dim } else { Role::Text };
        let cells = vec![field.name.clone(), format!("{}{cursor}", field.value)];
        items.push(ListRow { cells, styles: vec![look.style(Role::Text), look.style(role)] });
    }
    pieces::draw_list(frame, lines, look, &COLUMNS, &items, ask.place);
    if let Some(field) = ask.form.get(ask.place.at) {
        pieces::draw_text(frame, hint, look, &[(Role::Dim, about_field(field))], 0);
    }
    state.scroll_end.set(draw_answer(frame, answer, state, ask));
    let more = matches!(&ask.answer, QueryState::Said { next: Some(_), .. });
    let next = if more { "    Tab: next page" } else { "" };
    let keys = format!("Enter: run    type: change    PageUp, PageDown: the answer{next}    Esc: back");
    pieces::draw_text(frame, foot, look, &[(Role::Key, keys)], 0);
}

fn about_field(field: &FormField) -> String {
    match &field.kinds {
        FieldInput::Choice(words) => format!("{}: one of{}", field.about, words.join(" ")),
        FieldInput::Text => field.about.clone(),
    }
}

fn draw_answer(frame: &mut Frame<'_>, area: Rect, state: &TuiState, ask: &QueryDialog) -> usize {
    let inner = pieces::draw_frame(frame, area, state.look, "Answer", false);
    let (role, text) = match &ask.answer {
        QueryState::NotAsked => (Role::Dim, "Enter runs it."),
        QueryState::Asking => (Role::Dim, "asking ..."),
        QueryState::Failed(why) => (Role::Danger, why.as_str()),
        QueryState::Said { lines, .. } => return pieces::draw_text(frame, inner, state.look, lines, ask.top),
    };
    pieces::draw_text(frame, inner, state.look, &[(role, text.to_owned())], 0)
}
