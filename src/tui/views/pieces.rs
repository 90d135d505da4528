//! Pieces that several screens are made of: frames, lists with columns, text that wraps; knows no screen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Wrap};
use unicode_width::UnicodeWidthStr as _;

use crate::model::shown::is_unsafe;
use crate::tui::list::ListPosition;
use crate::tui::look::{Appearance, Mark, Role};

/// The rows of a list before its first line: the frame and the column heads.
pub const HEAD_ROWS: u16 = 2;

/// Draws a frame with a title, and returns what is inside.
pub fn draw_frame(frame: &mut Frame<'_>, area: Rect, look: Appearance, title: &str, in_hand: bool) -> Rect {
    let (set, role) = if in_hand { (look.focus_borders(), Role::Focus) } else { (look.borders(), Role::Border) };
    let title = Span::styled(format!(" {title} "), look.style(Role::Title));
    let block = Block::bordered().border_set(set).border_style(look.style(role)).title(title);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    inner
}

/// Draws text in lines that wrap, from a row on, and never past its last one; returns how far it can be scrolled.
pub fn draw_text(frame: &mut Frame<'_>, area: Rect, look: Appearance, lines: &[(Role, String)], top: usize) -> usize {
    let rows: usize = lines.iter().map(|(_, line)| wrapped_rows(&replace_unsafe(line), usize::from(area.width))).sum();
    let last = rows.saturating_sub(usize::from(area.height));
    let top = top.min(last);
    let styled = |(role, text): &(Role, String)| Line::styled(replace_unsafe(text), look.style(*role));
    let lines: Vec<Line<'_>> = lines.iter().map(styled).collect();
    let top = u16::try_from(top).unwrap_or(u16::MAX);
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }).scroll((top, 0)), area);
    last
}

/// Returns how many rows a line takes when it wraps between words at a width, and within a word that is longer.
fn wrapped_rows(line: &str, width: usize) -> usize {
    let width = width.max(1);
    let (mut rows, mut used) = (1, 0);
    for word in line.split_inclusive(' ') {
        let (whole, bare) = (word.width(), word.trim_end_matches(' ').width());
        if used > 0 && used + bare > width {
            (rows, used) = (rows + 1, 0);
        }
        rows += bare.saturating_sub(1) / width;
        used = if bare > width { (bare - 1) % width + 1 } else { used + whole };
    }
    rows
}

/// Returns text without what could move the cursor or change colours: free text comes out of databases.
#[must_use]
pub fn replace_unsafe(text: &str) -> String {
    text.chars().map(|letter| if is_unsafe(letter) { '\u{fffd}' } else { letter }).collect()
}

/// Cuts text to a width, and says where it did.
#[must_use]
pub fn cut_to_width(text: &str, width: usize, look: Appearance) -> String {
    let text = replace_unsafe(text);
    if text.width() <= width {
        return text;
    }
    let mut kept = String::new();
    for letter in text.chars() {
        if kept.width() + unicode_width::UnicodeWidthChar::width(letter).unwrap_or(0) + 1 > width {
            break;
        }
        kept.push(letter);
    }
    kept + look.mark(Mark::Ellipsis)
}

/// A column of a list.
pub struct ListField {
    /// Its head.
    pub head: &'static str,
    /// Whether its cells stand at the right: numbers.
    pub right: bool,
    /// Its share of the room that is left, where it may be cut; 0 keeps it whole.
    pub gives: u16,
}

/// One line of a list.
pub struct ListRow {
    /// Its cells.
    pub cells: Vec<String>,
    /// The style of each cell; the last one holds for the rest.
    pub styles: Vec<Style>,
}

/// Draws a list with columns, and a scroll bar where it is longer than its room.
pub fn draw_list(
    frame: &mut Frame<'_>,
    area: Rect,
    look: Appearance,
    columns: &[ListField],
    items: &[ListRow],
    place: ListPosition,
) {
    if area.height == 0 {
        return;
    }
    let rows = usize::from(area.height.saturating_sub(1));
    let first = place.first_visible(rows, items.len());
    let seen: Vec<&ListRow> = items.iter().skip(first).take(rows).collect();
    let widths = measure_columns(columns, &seen, usize::from(area.width.saturating_sub(3)));
    let head = columns.iter().zip(&widths).map(|(column, width)| pad_to_width(column.head, *width, column.right, look));
    let mut lines = vec![Line::styled(format!("  {}", head.collect::<Vec<_>>().join(" ")), look.style(Role::Heading))];
    for (at, item) in seen.iter().enumerate() {
        lines.push(build_line(look, columns, &widths, item, first + at == place.at));
    }
    frame.render_widget(Paragraph::new(lines), area);
    scroll_bar(frame, area, look, (first, rows, items.len()));
}

fn build_line<'l>(
    look: Appearance,
    columns: &[ListField],
    widths: &[usize],
    item: &ListRow,
    in_hand: bool,
) -> Line<'l> {
    let pointer = if in_hand { look.mark(Mark::Pointer) } else { " " };
    let mut spans = vec![Span::raw(format!("{pointer} "))];
    for (at, (column, width)) in columns.iter().zip(widths).enumerate() {
        let cell = item.cells.get(at).map_or("", String::as_str);
        let style = item.styles.get(at).or(item.styles.last()).copied().unwrap_or_default();
        spans.push(Span::styled(pad_to_width(cell, *width, column.right, look) + " ", style));
    }
    let line = Line::from(spans);
    if in_hand { line.patch_style(look.style(Role::Selected)) } else { line }
}

fn pad_to_width(text: &str, width: usize, right: bool, look: Appearance) -> String {
    let text = cut_to_width(text, width, look);
    let room = " ".repeat(width.saturating_sub(text.width()));
    if right { room + &text } else { text + &room }
}

/// Returns how wide each column is: as wide as what is seen of it, as far as there is room.
///
/// Heads that are longer than what stands under them give first, then the widest cells that may be cut.
fn measure_columns(columns: &[ListField], seen: &[&ListRow], room: usize) -> Vec<usize> {
    let cells = |at: usize| {
        let cells = seen.iter().filter_map(|item| item.cells.get(at)).map(|cell| cell.width());
        cells.max().unwrap_or(0)
    };
    let heads: Vec<usize> = columns.iter().map(|column| column.head.width()).collect();
    let needed: Vec<usize> = (0..columns.len()).map(cells).collect();
    let mut widths: Vec<usize> = heads.iter().zip(&needed).map(|(head, cells)| *head.max(cells)).collect();
    let mut over = (widths.iter().sum::<usize>() + columns.len().saturating_sub(1)).saturating_sub(room);
    while over > 0 {
        let spare =
            |at: &usize| widths.get(*at).zip(needed.get(*at)).is_some_and(|(width, cells)| *width > (*cells).max(3));
        let gives = |at: &usize| columns.get(*at).is_some_and(|column| column.gives > 0);
        let size = |at: &usize| widths.get(*at).copied().unwrap_or(0);
        let of = |fits: &dyn Fn(&usize) -> bool| (0..columns.len()).filter(fits).max_by_key(size);
        let wide = |at: &usize| gives(at) && size(at) > 6;
        let Some(at) = of(&spare).or_else(|| of(&wide)).or_else(|| of(&|at: &usize| size(at) > 0)) else { break };
        if let Some(width) = widths.get_mut(at) {
            *width -= 1;
        }
        over -= 1;
    }
    widths
}

/// Draws which part of a list is seen, at its right edge.
fn scroll_bar(frame: &mut Frame<'_>, area: Rect, look: Appearance, (first, rows, length): (usize, usize, usize)) {
    if length <= rows || rows == 0 || area.width == 0 {
        return;
    }
    let thumb = (rows * rows / length).max(1);
    let top = first * (rows - thumb) / (length - rows).max(1);
    for row in 0..rows {
        let mark = if (top..top + thumb).contains(&row) { Mark::Scroll } else { Mark::Track };
        let (x, y) = (area.right() - 1, area.y + 1 + u16::try_from(row).unwrap_or(u16::MAX));
        if let Some(cell) = frame.buffer_mut().cell_mut((x, y)) {
            cell.set_symbol(look.mark(mark)).set_style(look.style(Role::Border));
        }
    }
}

/// Draws a sentence in the middle of an area that has nothing else to show.
pub fn draw_empty(frame: &mut Frame<'_>, area: Rect, look: Appearance, role: Role, text: &str) {
    let lines = [(Role::Text, String::new()), (role, text.to_owned())];
    self::draw_text(frame, area, look, &lines, 0);
}
