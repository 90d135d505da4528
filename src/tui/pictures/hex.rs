//! Bytes before and after, side by side: what differs is marked, and read as leaf positions where asked; writes none.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;

use super::draw::{Canvas, display_width};
use crate::tui::look::{Appearance, Mark, Role};

/// Columns of an offset and the space after it.
const OFFSET: u16 = 5;
/// Columns between before and after.
const BETWEEN: u16 = 1;
/// Columns that reading a row as leaves takes at least.
const LEAVES: u16 = 24;

/// Bytes before and after.
#[derive(Clone, Debug)]
pub struct HexPicture<'a> {
    look: Appearance,
    before: Option<&'a [u8]>,
    after: Option<&'a [u8]>,
    first: usize,
    leaves: bool,
}

impl<'a> HexPicture<'a> {
    /// Returns the picture of bytes; `None` stands for NULL.
    #[must_use]
    pub const fn new(look: Appearance, before: Option<&'a [u8]>, after: Option<&'a [u8]>) -> Self {
        Self { look, before, after, first: 0, leaves: false }
    }

    /// Draws the rows from this one on, counted from 0.
    #[must_use]
    pub const fn first_row(self, first: usize) -> Self {
        Self { first, ..self }
    }

    /// Reads the bytes as leaf positions too: little-endian signed 16-bit integers in 1/100 cm.
    #[must_use]
    pub const fn leaves(self, leaves: bool) -> Self {
        Self { leaves, ..self }
    }

    /// Returns how many bytes a row has in so many columns.
    #[must_use]
    pub fn bytes_a_row(&self, width: u16) -> usize {
        let beside = if self.leaves { LEAVES } else { 0 };
        let fits =
            |bytes: &usize| u16::try_from(*bytes).is_ok_and(|bytes| OFFSET + 6 * bytes + BETWEEN + beside <= width);
        [16, 8, 4].into_iter().find(fits).unwrap_or(4)
    }

    /// Returns how many rows there are in so many columns.
    #[must_use]
    pub fn row_count(&self, width: u16) -> usize {
        self.byte_count().div_ceil(self.bytes_a_row(width))
    }

    /// Returns the first row that differs from another row on, in so many columns.
    #[must_use]
    pub fn next_difference(&self, from: usize, width: u16) -> Option<usize> {
        let bytes = self.bytes_a_row(width);
        let differs = |row: &usize| (row * bytes..(row + 1) * bytes).any(|at| self.is_changed(at));
        (from..self.row_count(width)).find(differs)
    }

    fn byte_count(&self) -> usize {
        let of = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
        of(self.before).max(of(self.after))
    }

    fn byte_at(bytes: Option<&[u8]>, at: usize) -> Option<u8> {
        bytes.and_then(|bytes| bytes.get(at)).copied()
    }

    fn is_changed(&self, at: usize) -> bool {
        Self::byte_at(self.before, at) != Self::byte_at(self.after, at)
    }

    fn side(&self, is_after: bool) -> (Option<&'a [u8]>, Mark, Style) {
        if is_after {
            (self.after, Mark::After, self.look.style(Role::After))
        } else {
            (self.before, Mark::Before, self.look.style(Role::Before))
        }
    }

    fn draw_heads(&self, canvas: &mut Canvas<'_>, bytes: u16) {
        for (is_after, word) in [(false, "before"), (true, "after")] {
            let (own, mark, style) = self.side(is_after);
            let long = own.map_or_else(|| "NULL".to_owned(), |own| format!("{} bytes", own.len()));
            let mark = self.look.mark(mark);
            let all = [format!("{mark} {word}, {long}"), format!("{mark} {long}"), format!("{mark} {word}")];
            let text = all.iter().find(|text| display_width(text) < 3 * bytes).map_or(mark, String::as_str);
            canvas.draw_text(Self::start_column(is_after, bytes), 0, text, style);
        }
        if self.leaves {
            let all = ["leaves that differ, cm", "leaves, cm"];
            let fits = |text: &&&str| Self::end_column(bytes) + display_width(text) <= canvas.width();
            let text = all.iter().find(fits).unwrap_or(&"cm");
            canvas.draw_text(Self::end_column(bytes), 0, text, self.look.style(Role::Heading));
        }
    }

    const fn start_column(is_after: bool, bytes: u16) -> u16 {
        if is_after { OFFSET + 3 * bytes + BETWEEN } else { OFFSET }
    }

    const fn end_column(bytes: u16) -> u16 {
        OFFSET + 6 * bytes + BETWEEN + 1
    }

    fn draw_row(&self, canvas: &mut Canvas<'_>, y: u16, row: usize, bytes: u16) {
        let first = row * usize::from(bytes);
        canvas.draw_text(0, y, &format!("{first:04x}"), self.look.style(Role::Dim));
        for is_after in [false, true] {
            let (own, mark, style) = self.side(is_after);
            for (column, at) in (0..bytes).zip(first..) {
                let x = Self::start_column(is_after, bytes) + 3 * column;
                let differs = self.is_changed(at);
                let Some(byte) = Self::byte_at(own, at) else { continue };
                if differs {
                    canvas.draw_cell(x, y, self.look.mark(mark), style);
                }
                let style = if differs { style } else { self.look.style(Role::Same) };
                canvas.draw_text(x + 1, y, &format!("{byte:02x}"), style);
            }
        }
        if self.leaves {
            self.draw_leaves(canvas, y, first, usize::from(bytes));
        }
    }

    /// Writes the leaves of a row that differ, each with its number from 1, as far as they fit.
    fn draw_leaves(&self, canvas: &mut Canvas<'_>, y: u16, first: usize, bytes: usize) {
        let leaf = |own: Option<&[u8]>, at: usize| {
            let (low, high) = (Self::byte_at(own, 2 * at), Self::byte_at(own, 2 * at + 1));
            low.zip(high).map(|(low, high)| i16::from_le_bytes([low, high]))
        };
        let leaves = (first / 2..(first + bytes) / 2).filter(|at| leaf(self.before, *at) != leaf(self.after, *at));
        let mut x = Self::end_column(u16::try_from(bytes).unwrap_or(4));
        let all: Vec<usize> = leaves.collect();
        for (done, at) in all.iter().enumerate() {
            let words = |own| leaf(own, *at).map_or_else(|| "none".to_owned(), render_centimetres);
            let parts = [
                (format!("#{} ", at + 1), self.look.style(Role::Dim)),
                (words(self.before), self.look.style(Role::Before)),
                (self.look.mark(Mark::Arrow).to_owned(), self.look.style(Role::Dim)),
                (words(self.after), self.look.style(Role::After)),
            ];
            let wide: u16 = parts.iter().map(|(text, _)| display_width(text)).sum();
            let rest = all.len() - done;
            if x + wide + if rest > 1 { 4 } else { 0 } > canvas.width() && done > 0 {
                canvas.draw_text(x, y, &format!("+{rest}"), self.look.style(Role::Dim));
                return;
            }
            x = parts.iter().fold(x, |x, (text, style)| canvas.draw_text(x, y, text, *style)) + 1;
        }
    }
}

/// Writes 1/100 cm as cm.
fn render_centimetres(hundredths: i16) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    let size = hundredths.unsigned_abs();
    format!("{sign}{}.{:02}", size / 100, size % 100)
}

impl Widget for &HexPicture<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut canvas = Canvas::new(area, buffer);
        let bytes = u16::try_from(self.bytes_a_row(canvas.width())).unwrap_or(4);
        let heads = u16::from(canvas.height() >= 2);
        if heads > 0 {
            self.draw_heads(&mut canvas, bytes);
        }
        let first = self.first.min(self.row_count(canvas.width()).saturating_sub(1));
        for (y, row) in (heads..canvas.height()).zip(first..self.row_count(canvas.width())) {
            self.draw_row(&mut canvas, y, row, bytes);
        }
    }
}
