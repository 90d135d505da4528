//! Building blocks of screens: frames, lists with columns, wrapped text.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Wrap};
use unicode_width::UnicodeWidthStr as _;

use crate::model::shown::is_unsafe;
use crate::tui::list::ListPosition;
use crate::tui::theme::{Appearance, Mark, Role};

/// Rows of a list before its first line: the frame and the column headings.
pub const HEAD_ROWS: u16 = 2;

/// Draws a frame with a title, with focus if `in_hand`, and returns the area inside.
pub fn draw_frame(frame: &mut Frame<'_>, area: Rect, look: Appearance, title: &str, in_hand: bool) -> Rect {
    let (set, role) = if in_hand { (look.focus_borders(), Role::Focus) } else { (look.borders(), Role::Border) };
    let title = Span::styled(format!(" {title} "), look.style(Role::Title));
    let block = Block::bordered().border_set(set).border_style(look.style(role)).title(title);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    inner
}

/// Draws wrapped text scrolled past `top` rows, or as far as it goes; returns how far it can be scrolled.
pub fn draw_text(frame: &mut Frame<'_>, area: Rect, look: Appearance, lines: &[(Role, String)], top: usize) -> usize {
    let rows: usize = lines.iter().map(|(_, line)| wrapped_rows(&replace_unsafe(line), usize::from(area.width))).sum();
    let last = rows.saturating_sub(usize::from(area.height));
    let top = top.min(last);
    let lines: Vec<Line<'_>> =
        lines.iter().map(|(role, text)| Line::styled(replace_unsafe(text), look.style(*role))).collect();
    let top = u16::try_from(top).unwrap_or(u16::MAX);
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }).scroll((top, 0)), area);
    last
}

/// Returns how many rows a line takes when wrapped at a width, between words, and within a word that is too long. It
/// has to count as `Paragraph` wraps, or the last rows could not be scrolled to.
#[must_use]
pub fn wrapped_rows(line: &str, width: usize) -> usize {
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

/// Replaces characters that could move the cursor or change colours: free text comes from databases.
#[must_use]
pub fn replace_unsafe(text: &str) -> String {
    text.chars().map(|letter| if is_unsafe(letter) { '\u{fffd}' } else { letter }).collect()
}

/// Cuts text to a width in columns, with an ellipsis where it was cut.
#[must_use]
pub fn cut_to_width(text: &str, width: usize, look: Appearance) -> String {
    let text = replace_unsafe(text);
    if text.width() <= width {
        return text;
    }
    let mut beginning = String::new();
    for letter in text.chars() {
        if beginning.width() + unicode_width::UnicodeWidthChar::width(letter).unwrap_or(0) + 1 > width {
            break;
        }
        beginning.push(letter);
    }
    beginning + look.mark(Mark::Ellipsis)
}

/// A column of a list.
pub struct ListField {
    /// The heading; a space for columns of marks.
    pub head: &'static str,
    /// Whether its cells are aligned right, as numbers are.
    pub right: bool,
    /// Whether it may be cut when there is no room: above 0 it may.
    pub gives: u16,
}

/// One line of a list.
pub struct ListRow {
    /// The text of each column, in the order of the columns.
    pub cells: Vec<String>,
    /// The style of each cell; the last one holds for the rest.
    pub styles: Vec<Style>,
}

/// Draws a list with columns, and a scroll bar if it is longer than the area.
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
    // Only visible lines decide the widths: measuring thousands for every frame would be slow.
    let visible: Vec<&ListRow> = items.iter().skip(first).take(rows).collect();
    // Three columns are taken by the pointer with its space and by the scroll bar.
    let widths = measure_columns(columns, &visible, usize::from(area.width.saturating_sub(3)));
    let head = columns.iter().zip(&widths).map(|(column, width)| pad_to_width(column.head, *width, column.right, look));
    let mut lines = vec![Line::styled(format!("  {}", head.collect::<Vec<_>>().join(" ")), look.style(Role::Heading))];
    for (at, item) in visible.iter().enumerate() {
        lines.push(build_line(look, columns, &widths, item, first + at == place.at));
    }
    frame.render_widget(Paragraph::new(lines), area);
    scroll_bar(frame, area, look, first, rows, items.len());
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

/// Returns the width of each column: that of its widest visible cell, if there is room.
///
/// Without room, headings longer than their cells shrink first, then the widest columns that may be cut, then any.
fn measure_columns(columns: &[ListField], visible: &[&ListRow], room: usize) -> Vec<usize> {
    let mut measured = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        let cells = visible.iter().filter_map(|item| item.cells.get(at)).map(|cell| cell.width());
        let cells = cells.max().unwrap_or(0);
        measured.push(ColumnWidth { width: cells.max(column.head.width()), cells, can_shrink: column.gives > 0 });
    }
    let total = measured.iter().map(|column| column.width).sum::<usize>() + columns.len().saturating_sub(1);
    // One column of the terminal at a time, always from the widest list column, so that several shrink evenly.
    for _ in room..total {
        let at = widest(&measured, |column| column.width > column.cells.max(3))
            .or_else(|| widest(&measured, |column| column.can_shrink && column.width > 6))
            .or_else(|| widest(&measured, |column| column.width > 0));
        let Some(column) = at.and_then(|at| measured.get_mut(at)) else { break };
        column.width -= 1;
    }
    measured.into_iter().map(|column| column.width).collect()
}

/// The width of a column of a list, while it is fitted to the room.
struct ColumnWidth {
    width: usize,
    /// The width of its widest visible cell.
    cells: usize,
    can_shrink: bool,
}

/// Returns the index of the widest column that `matches`, the last one of several.
fn widest(columns: &[ColumnWidth], matches: impl Fn(&ColumnWidth) -> bool) -> Option<usize> {
    let matching = columns.iter().enumerate().filter(|(_, column)| matches(column));
    matching.max_by_key(|(_, column)| column.width).map(|(at, _)| at)
}

/// Draws a scroll bar at the right edge of a list.
fn scroll_bar(frame: &mut Frame<'_>, area: Rect, look: Appearance, first: usize, rows: usize, length: usize) {
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

/// Draws a sentence in an area that has nothing else to show.
pub fn draw_empty(frame: &mut Frame<'_>, area: Rect, look: Appearance, role: Role, text: &str) {
    let lines = [(Role::Text, String::new()), (role, text.to_owned())];
    self::draw_text(frame, area, look, &lines, 0);
}
