//! Draws the state. The only thing it changes is how far texts can be scrolled.

pub mod approvals;
pub mod bars;
pub mod checks;
pub mod film;
pub mod front;
pub mod journal;
pub mod modes;
pub mod operations;
pub mod overview;
pub mod page;
pub mod pieces;
pub mod plan;
pub mod queries;
pub mod records;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::widgets::Paragraph;

pub use self::page::{in_hand, render_page};
use super::list::ListPosition;
use super::state::{Screen, TuiState};
use super::theme::Role;
use crate::model::shown;

/// The least columns and rows of a terminal.
const LEAST: (u16, u16) = (40, 10);

/// Tells whether a terminal with `columns` columns shows list and detail side by side.
#[must_use]
pub const fn is_wide(columns: u16) -> bool {
    columns >= 100
}

/// Draws a frame. Control and direction characters that came from a database are replaced: they could drive the
/// terminal.
pub fn draw(frame: &mut Frame<'_>, state: &TuiState) {
    draw_screen(frame, state);
    // Done for the whole frame, as the last step, so that no text can be forgotten.
    for cell in &mut frame.buffer_mut().content {
        if !shown::is_safe(cell.symbol()) {
            cell.set_symbol("\u{fffd}");
        }
    }
}

fn draw_screen(frame: &mut Frame<'_>, state: &TuiState) {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let text = format!("mfm needs {} columns and {} rows", LEAST.0, LEAST.1);
        frame.render_widget(Paragraph::new(text).style(state.look.style(Role::Warning)), area);
        return;
    }
    let [top, body, note, bar] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(bars::note_rows(state)),
        Constraint::Length(1),
    ])
    .areas(area);
    bars::draw_top_bar(frame, top, state);
    match state.screen {
        Screen::Overview => overview::draw(frame, body, state),
        Screen::Modes => modes::draw(frame, body, state),
        Screen::Records => records::draw(frame, body, state),
        Screen::Plan => plan::draw(frame, body, state),
        Screen::Operations => operations::draw(frame, body, state),
        Screen::Checks => checks::draw(frame, body, state),
        Screen::Journal => journal::draw(frame, body, state),
    }
    bars::draw_note(frame, note, state);
    bars::draw_key_bar(frame, bar, state);
    if let Some(overlay) = &state.overlay {
        front::draw(frame, area, state, overlay);
    }
}

/// Splits the body into list and detail: side by side if there is room, else one above the other.
#[must_use]
pub fn split_halves(area: Rect) -> [Rect; 2] {
    if is_wide(area.width) {
        Layout::horizontal([Constraint::Percentage(50), Constraint::Percentage(50)]).areas(area)
    } else {
        Layout::vertical([Constraint::Percentage(45), Constraint::Percentage(55)]).areas(area)
    }
}

/// Returns the list at a position of the screen, for the mouse: its position, its length, and the index of the line
/// there.
#[must_use]
pub fn line_at(state: &TuiState, column: u16, row: u16) -> Option<(ListPosition, usize, usize)> {
    let body = Rect::new(0, 1, state.size.0, state.body_rows());
    let [list, _] = split_halves(body);
    if !list.contains(ratatui::layout::Position::new(column, row)) {
        return None;
    }
    let (place, length) = match state.screen {
        Screen::Modes => (state.modes.place, state.modes.visible_modes(state.domain()).len()),
        Screen::Records => (state.records.place, state.records.rows.len()),
        Screen::Operations => (state.operations.place, state.operations.visible_operations().len()),
        Screen::Checks if !state.checks.all => (state.checks.place, state.checks.visible_findings().len()),
        Screen::Journal => (state.journal.place, state.journal.visible_entries().len()),
        Screen::Plan => (state.plan.place, state.plan.form.len()),
        _ => return None,
    };
    let inside = row.checked_sub(list.y + pieces::HEAD_ROWS)?;
    let rows = usize::from(list.height.saturating_sub(pieces::HEAD_ROWS + 1));
    Some((place, length, place.first_visible(rows, length) + usize::from(inside)))
}
