//! Draws what stands in front of a screen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::Clear;
use unicode_width::UnicodeWidthStr as _;

use super::bars::shown;
use super::pieces::{self, Item, ListField};
use crate::tui::dialog::{Input, Menu, Overlay, Palette, Question, Text};
use crate::tui::keys::{BINDINGS, Binding};
use crate::tui::look::{Mark, Role};
use crate::tui::overlays;
use crate::tui::state::State;

/// Draws it over what is there.
pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, overlay: &Overlay) {
    match overlay {
        Overlay::Question(asked) => question(frame, area, state, asked),
        Overlay::Menu(lines) => menu(frame, area, state, lines),
        Overlay::Input(line) => input(frame, area, state, line),
        Overlay::Palette(typed) => palette(frame, area, state, typed),
        Overlay::Help(top) => help(frame, area, state, *top),
        Overlay::Text(shown) => text(frame, area, state, shown),
        Overlay::Ask(ask) => {
            let area = middle(area, 130, area.height.saturating_sub(2));
            let inner = box_of(frame, area, state, ask.query);
            super::queries::draw(frame, inner, state, ask);
        }
    }
}

/// Returns an area of a size in the middle of another one, as far as there is room.
fn middle(area: Rect, columns: u16, rows: u16) -> Rect {
    let (width, height) = (columns.min(area.width.saturating_sub(2)), rows.min(area.height.saturating_sub(2)));
    Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 2, width, height)
}

fn box_of(frame: &mut Frame<'_>, area: Rect, state: &State, title: &str) -> Rect {
    frame.render_widget(Clear, area);
    pieces::frame(frame, area, state.look, title, true)
}

/// Returns how many rows lines take when they wrap at a width.
fn rows(lines: &[(Role, String)], width: u16) -> u16 {
    let width = usize::from(width).max(1);
    let rows: usize = lines.iter().map(|(_, line)| line.width().div_ceil(width).max(1)).sum();
    u16::try_from(rows).unwrap_or(u16::MAX)
}

fn question(frame: &mut Frame<'_>, area: Rect, state: &State, question: &Question) {
    let mut lines = question.lines.clone();
    lines.push((Role::Text, String::new()));
    match &question.typed {
        Some((wanted, typed)) => {
            lines.push((Role::Warning, format!("Type {wanted} and press Enter to go on; Esc leaves it.")));
            lines.push((Role::Key, format!("{} {typed}_", state.look.mark(Mark::Pointer))));
        }
        None => lines.push((Role::Key, "y: yes    n or Esc: no".to_owned())),
    }
    let columns = 76.min(area.width.saturating_sub(4));
    let area = middle(area, columns, rows(&lines, columns.saturating_sub(2)) + 2);
    let inner = box_of(frame, area, state, &question.title);
    pieces::text(frame, inner, state.look, &lines, 0);
}

const MENU: [ListField; 2] =
    [ListField { head: "", right: false, gives: 0 }, ListField { head: "", right: false, gives: 1 }];

fn menu(frame: &mut Frame<'_>, area: Rect, state: &State, menu: &Menu) {
    let rows = u16::try_from(menu.lines.len()).unwrap_or(u16::MAX).saturating_add(4);
    let inner = box_of(frame, middle(area, 96, rows), state, &menu.title);
    let styles = || vec![state.look.style(Role::Text), state.look.style(Role::Dim)];
    let item = |line: &(_, String, String)| Item { cells: vec![line.1.clone(), line.2.clone()], styles: styles() };
    let items: Vec<Item> = menu.lines.iter().map(item).collect();
    let foot = Rect { y: inner.bottom().saturating_sub(1), height: 1.min(inner.height), ..inner };
    let body = Rect { height: inner.height.saturating_sub(1), ..inner };
    pieces::list(frame, body, state.look, &MENU, &items, menu.place);
    pieces::text(frame, foot, state.look, &[(Role::Key, "Enter: choose    Esc: back".to_owned())], 0);
}

fn input(frame: &mut Frame<'_>, area: Rect, state: &State, input: &Input) {
    let lines = [
        (Role::Dim, input.hint.clone()),
        (Role::Text, format!("{} {}_", state.look.mark(Mark::Pointer), input.text)),
        (Role::Key, "Enter: take it    Esc: leave it    C-u: empty it".to_owned()),
    ];
    let columns = 76.min(area.width.saturating_sub(4));
    let area = middle(area, columns, rows(&lines, columns.saturating_sub(2)) + 2);
    let inner = box_of(frame, area, state, &input.title);
    pieces::text(frame, inner, state.look, &lines, 0);
}

fn keys(binding: &Binding) -> String {
    binding.keys.iter().map(|key| shown(key)).collect::<Vec<_>>().join(" ")
}

fn item(state: &State, binding: &Binding) -> Item {
    let look = state.look;
    let off = binding.writes && state.facts.read_only;
    let (key, text) = if off { (Role::Off, Role::Off) } else { (Role::Key, Role::Text) };
    let writes = if binding.writes { " (writes)" } else { "" };
    let cells = vec![keys(binding), format!("{}{writes}", binding.about)];
    Item { cells, styles: vec![look.style(key), look.style(text)] }
}

const KEYS: [ListField; 2] =
    [ListField { head: "key", right: false, gives: 0 }, ListField { head: "what it does", right: false, gives: 1 }];

fn palette(frame: &mut Frame<'_>, area: Rect, state: &State, palette: &Palette) {
    let fitting = overlays::fitting(state, &palette.text);
    let inner = box_of(frame, middle(area, 86, 22), state, "Actions");
    let head = Rect { height: 1.min(inner.height), ..inner };
    let body = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    let typed = format!("{} {}_", state.look.mark(Mark::Pointer), palette.text);
    pieces::text(frame, head, state.look, &[(Role::Key, typed)], 0);
    let items: Vec<Item> = fitting.into_iter().map(|binding| item(state, binding)).collect();
    if items.is_empty() {
        pieces::empty(frame, body, state.look, Role::Note, "No action fits.");
        return;
    }
    pieces::list(frame, body, state.look, &KEYS, &items, palette.place);
}

fn help(frame: &mut Frame<'_>, area: Rect, state: &State, top: usize) {
    let title = format!("Keys on {} (Esc: back)", state.screen.name());
    let inner = box_of(frame, middle(area, 86, area.height.saturating_sub(2)), state, &title);
    let all: Vec<&Binding> =
        BINDINGS.iter().filter(|binding| binding.fits(state.screen) && state.offers(binding)).collect();
    let rows = usize::from(inner.height.saturating_sub(1));
    let last = all.len().saturating_sub(rows);
    state.scroll_end.set(last);
    let first = top.min(last);
    let items: Vec<Item> = all.into_iter().skip(first).map(|binding| item(state, binding)).collect();
    // No line is in hand: there is nothing to choose.
    let place = crate::tui::list::Place { at: usize::MAX, top: 0 };
    let seen = items.len().min(rows);
    let items: Vec<Item> = items.into_iter().take(seen).collect();
    pieces::list(frame, inner, state.look, &KEYS, &items, place);
}

fn text(frame: &mut Frame<'_>, area: Rect, state: &State, text: &Text) {
    let inner =
        box_of(frame, middle(area, 110, area.height.saturating_sub(2)), state, &format!("{} (Esc: back)", text.title));
    state.scroll_end.set(pieces::text(frame, inner, state.look, &text.lines, text.top));
}
