//! Draws dialogs.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::widgets::Clear;

use super::bars::render_key_name;
use super::pieces::{self, ListField, ListRow};
use crate::tui::dialog::{InputLine, Menu, Overlay, Palette, QuestionDialog, TextDialog};
use crate::tui::keys::{BINDINGS, Binding};
use crate::tui::overlays;
use crate::tui::state::TuiState;
use crate::tui::theme::{Mark, Role};

/// Draws a dialog over the screen.
pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &TuiState, overlay: &Overlay) {
    match overlay {
        Overlay::Question(asked) => draw_question(frame, area, state, asked),
        Overlay::Menu(lines) => draw_menu(frame, area, state, lines),
        Overlay::Input(line) => draw_input(frame, area, state, line),
        Overlay::Palette(typed) => draw_palette(frame, area, state, typed),
        Overlay::Help(top) => draw_help(frame, area, state, *top),
        Overlay::Text(shown) => draw_text_page(frame, area, state, shown),
        Overlay::Ask(ask) => {
            let area = centre_area(area, 130, area.height.saturating_sub(2));
            let inner = draw_box(frame, area, state, ask.query);
            super::queries::draw(frame, inner, state, ask);
        }
        Overlay::Approvals => {
            let rows = u16::try_from(state.approvals.waiting.len()).unwrap_or(u16::MAX).saturating_add(4).max(8);
            let inner = draw_box(frame, centre_area(area, 96, rows), state, "Agents ask");
            super::approvals::draw(frame, inner, state);
        }
    }
}

/// Returns an area of a size in the middle of another one, smaller if there is no room.
fn centre_area(area: Rect, columns: u16, rows: u16) -> Rect {
    let (width, height) = (columns.min(area.width.saturating_sub(2)), rows.min(area.height.saturating_sub(2)));
    Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 2, width, height)
}

fn draw_box(frame: &mut Frame<'_>, area: Rect, state: &TuiState, title: &str) -> Rect {
    frame.render_widget(Clear, area);
    pieces::draw_frame(frame, area, state.look, title, true)
}

/// Returns how many rows lines take when they are broken at a width.
fn count_wrapped_rows(lines: &[(Role, String)], width: u16) -> u16 {
    let width = usize::from(width).max(1);
    let rows: usize = lines.iter().map(|(_, line)| pieces::wrapped_rows(&pieces::replace_unsafe(line), width)).sum();
    u16::try_from(rows).unwrap_or(u16::MAX)
}

fn draw_question(frame: &mut Frame<'_>, area: Rect, state: &TuiState, question: &QuestionDialog) {
    let answer = match &question.typed {
        Some((wanted, typed)) => vec![
            (Role::Warning, format!("Type {wanted} and press Enter to go on; Esc leaves it.")),
            (Role::Key, format!("{} {typed}_", state.look.mark(Mark::Pointer))),
        ],
        None => vec![(Role::Key, "y: yes    n or Esc: no".to_owned())],
    };
    let columns = 76.min(area.width.saturating_sub(4));
    let width = columns.saturating_sub(2);
    let (asked, answered) = (count_wrapped_rows(&question.lines, width), count_wrapped_rows(&answer, width));
    let area = centre_area(area, columns, asked.saturating_add(answered).saturating_add(3));
    let inner = draw_box(frame, area, state, &question.title);
    // The place of the answer is always seen; a question that is too long for the terminal is scrolled above it.
    let [text, gap, foot] =
        Layout::vertical([Constraint::Min(0), Constraint::Length(1), Constraint::Length(answered)]).areas(inner);
    let last = pieces::draw_text(frame, text, state.look, &question.lines, question.top);
    state.scroll_end.set(last);
    if last > 0 {
        let more = (Role::Dim, "Up and Down, PageUp and PageDown: the rest of the question".to_owned());
        pieces::draw_text(frame, gap, state.look, &[more], 0);
    }
    pieces::draw_text(frame, foot, state.look, &answer, 0);
}

const MENU: [ListField; 2] =
    [ListField { head: "", right: false, gives: 0 }, ListField { head: "", right: false, gives: 1 }];

fn draw_menu(frame: &mut Frame<'_>, area: Rect, state: &TuiState, menu: &Menu) {
    let rows = u16::try_from(menu.lines.len()).unwrap_or(u16::MAX).saturating_add(4);
    let inner = draw_box(frame, centre_area(area, 96, rows), state, &menu.title);
    let styles = vec![state.look.style(Role::Text), state.look.style(Role::Dim)];
    let mut items = Vec::new();
    for (_, label, about) in &menu.lines {
        items.push(ListRow { cells: vec![label.clone(), about.clone()], styles: styles.clone() });
    }
    let foot = Rect { y: inner.bottom().saturating_sub(1), height: 1.min(inner.height), ..inner };
    let body = Rect { height: inner.height.saturating_sub(1), ..inner };
    pieces::draw_list(frame, body, state.look, &MENU, &items, menu.place);
    pieces::draw_text(frame, foot, state.look, &[(Role::Key, "Enter: choose    Esc: back".to_owned())], 0);
}

fn draw_input(frame: &mut Frame<'_>, area: Rect, state: &TuiState, input: &InputLine) {
    let lines = [
        (Role::Dim, input.hint.clone()),
        (Role::Text, format!("{} {}_", state.look.mark(Mark::Pointer), input.text)),
        (Role::Key, "Enter: take it    Esc: leave it    C-u: empty it".to_owned()),
    ];
    let columns = 76.min(area.width.saturating_sub(4));
    let area = centre_area(area, columns, count_wrapped_rows(&lines, columns.saturating_sub(2)) + 2);
    let inner = draw_box(frame, area, state, &input.title);
    pieces::draw_text(frame, inner, state.look, &lines, 0);
}

fn render_keys(binding: &Binding) -> String {
    binding.keys.iter().map(|key| render_key_name(key)).collect::<Vec<_>>().join(" ")
}

fn build_item(state: &TuiState, binding: &Binding) -> ListRow {
    let look = state.look;
    let off = binding.writes && state.facts.read_only;
    let (key, text) = if off { (Role::Off, Role::Off) } else { (Role::Key, Role::Text) };
    let writes = if binding.writes { " (writes)" } else { "" };
    let cells = vec![render_keys(binding), format!("{}{writes}", binding.about)];
    ListRow { cells, styles: vec![look.style(key), look.style(text)] }
}

const KEYS: [ListField; 2] =
    [ListField { head: "key", right: false, gives: 0 }, ListField { head: "what it does", right: false, gives: 1 }];

fn draw_palette(frame: &mut Frame<'_>, area: Rect, state: &TuiState, palette: &Palette) {
    let fitting = overlays::list_matching_bindings(state, &palette.text);
    let inner = draw_box(frame, centre_area(area, 86, 22), state, "Actions");
    let head = Rect { height: 1.min(inner.height), ..inner };
    let body = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    let typed = format!("{} {}_", state.look.mark(Mark::Pointer), palette.text);
    pieces::draw_text(frame, head, state.look, &[(Role::Key, typed)], 0);
    let items: Vec<ListRow> = fitting.into_iter().map(|binding| build_item(state, binding)).collect();
    if items.is_empty() {
        pieces::draw_empty(frame, body, state.look, Role::Note, "No action fits.");
        return;
    }
    pieces::draw_list(frame, body, state.look, &KEYS, &items, palette.place);
}

fn draw_help(frame: &mut Frame<'_>, area: Rect, state: &TuiState, top: usize) {
    let title = format!("Keys on {} (Esc: back)", state.screen.name());
    let inner = draw_box(frame, centre_area(area, 86, area.height.saturating_sub(2)), state, &title);
    let all: Vec<&Binding> =
        BINDINGS.iter().filter(|binding| binding.is_available_on(state.screen) && state.is_offered(binding)).collect();
    let rows = usize::from(inner.height.saturating_sub(1));
    let last = all.len().saturating_sub(rows);
    state.scroll_end.set(last);
    let first = top.min(last);
    let items: Vec<ListRow> = all.into_iter().skip(first).map(|binding| build_item(state, binding)).collect();
    // An index out of range selects no line: there is nothing to choose.
    let place = crate::tui::list::ListPosition { at: usize::MAX, top: 0 };
    let seen = items.len().min(rows);
    let items: Vec<ListRow> = items.into_iter().take(seen).collect();
    pieces::draw_list(frame, inner, state.look, &KEYS, &items, place);
}

fn draw_text_page(frame: &mut Frame<'_>, area: Rect, state: &TuiState, text: &TextDialog) {
    let inner = draw_box(
        frame,
        centre_area(area, 110, area.height.saturating_sub(2)),
        state,
        &format!("{} (Esc: back)", text.title),
    );
    state.scroll_end.set(pieces::draw_text(frame, inner, state.look, &text.lines, text.top));
}
