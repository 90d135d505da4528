//! A picture of bytes before and after, side by side, with the differences marked and, if asked, read as leaf
//! positions.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;

use super::draw::{Canvas, display_width};
use crate::tui::theme::{Appearance, Mark, Role};

/// Columns of an offset and the space after it.
const OFFSET: u16 = 5;
/// Columns between before and after.
const BETWEEN: u16 = 1;
/// The least columns for the leaf positions of a row.
const LEAVES: u16 = 24;

/// A widget that shows bytes before and after.
#[derive(Clone, Debug)]
pub struct HexPicture<'a> {
    look: Appearance,
    before: Option<&'a [u8]>,
    after: Option<&'a [u8]>,
    first: usize,
    leaves: bool,
}

impl<'a> HexPicture<'a> {
    /// Returns the picture of two byte strings; `None` is NULL.
    #[must_use]
    pub const fn new(look: Appearance, before: Option<&'a [u8]>, after: Option<&'a [u8]>) -> Self {
        Self { look, before, after, first: 0, leaves: false }
    }

    /// Draws from this row on, counted from 0.
    #[must_use]
    pub const fn first_row(self, first: usize) -> Self {
        Self { first, ..self }
    }

    /// Shows the bytes as leaf positions too: little-endian signed 16-bit integers in 1/100 cm.
    #[must_use]
    pub const fn leaves(self, leaves: bool) -> Self {
        Self { leaves, ..self }
    }

    /// Returns how many bytes a row shows in `width` columns: 16, 8 or 4.
    #[must_use]
    pub fn bytes_a_row(&self, width: u16) -> usize {
        let leaves = if self.leaves { LEAVES } else { 0 };
        // Each byte takes three columns, on both sides.
        let bytes = [16, 8, 4_u16].into_iter().find(|bytes| OFFSET + 6 * bytes + BETWEEN + leaves <= width);
        usize::from(bytes.unwrap_or(4))
    }

    /// Returns the number of rows in `width` columns.
    #[must_use]
    pub fn row_count(&self, width: u16) -> usize {
        self.byte_count().div_ceil(self.bytes_a_row(width))
    }

    /// Returns the first row with a difference, from row `from` on, in `width` columns.
    #[must_use]
    pub fn next_difference(&self, from: usize, width: u16) -> Option<usize> {
        let bytes = self.bytes_a_row(width);
        (from..self.row_count(width)).find(|row| (row * bytes..(row + 1) * bytes).any(|at| self.is_changed(at)))
    }

    fn byte_count(&self) -> usize {
        self.before.map_or(0, <[u8]>::len).max(self.after.map_or(0, <[u8]>::len))
    }

    fn byte_at(bytes: Option<&[u8]>, at: usize) -> Option<u8> {
        bytes.and_then(|bytes| bytes.get(at)).copied()
    }

    /// Returns the leaf position in bytes `2 * at` and `2 * at + 1`.
    fn leaf_at(bytes: Option<&[u8]>, at: usize) -> Option<i16> {
        Some(i16::from_le_bytes([Self::byte_at(bytes, 2 * at)?, Self::byte_at(bytes, 2 * at + 1)?]))
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
            let size = own.map_or_else(|| "NULL".to_owned(), |own| format!("{} bytes", own.len()));
            let mark = self.look.mark(mark);
            // The longest heading that fits.
            let all = [format!("{mark} {word}, {size}"), format!("{mark} {size}"), format!("{mark} {word}")];
            let text = all.iter().find(|text| display_width(text) < 3 * bytes).map_or(mark, String::as_str);
            canvas.draw_text(Self::start_column(is_after, bytes), 0, text, style);
        }
        if self.leaves {
            let all = ["leaves that differ, cm", "leaves, cm"];
            let room = canvas.width().saturating_sub(Self::end_column(bytes));
            let text = all.into_iter().find(|text| display_width(text) <= room).unwrap_or("cm");
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

    /// Draws the leaves of a row that differ, each with its number from 1, as far as they fit.
    fn draw_leaves(&self, canvas: &mut Canvas<'_>, y: u16, first: usize, bytes: usize) {
        let mut leaves = Vec::new();
        for at in first / 2..(first + bytes) / 2 {
            let (before, after) = (Self::leaf_at(self.before, at), Self::leaf_at(self.after, at));
            if before != after {
                leaves.push((at, before, after));
            }
        }
        let mut x = Self::end_column(u16::try_from(bytes).unwrap_or(4));
        for (done, (at, before, after)) in leaves.iter().enumerate() {
            let parts = [
                (format!("#{} ", at + 1), self.look.style(Role::Dim)),
                (render_leaf(*before), self.look.style(Role::Before)),
                (self.look.mark(Mark::Arrow).to_owned(), self.look.style(Role::Dim)),
                (render_leaf(*after), self.look.style(Role::After)),
            ];
            let width: u16 = parts.iter().map(|(text, _)| display_width(text)).sum();
            let rest = leaves.len() - done;
            // Four columns are kept for the number of those that do not fit.
            if x + width + if rest > 1 { 4 } else { 0 } > canvas.width() && done > 0 {
                canvas.draw_text(x, y, &format!("+{rest}"), self.look.style(Role::Dim));
                return;
            }
            x = parts.iter().fold(x, |x, (text, style)| canvas.draw_text(x, y, text, *style)) + 1;
        }
    }
}

fn render_leaf(leaf: Option<i16>) -> String {
    leaf.map_or_else(|| "none".to_owned(), render_centimetres)
}

/// Renders 1/100 cm as cm.
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
        // Scrolled at most to the last row.
        let first = self.first.min(self.row_count(canvas.width()).saturating_sub(1));
        for (y, row) in (heads..canvas.height()).zip(first..self.row_count(canvas.width())) {
            self.draw_row(&mut canvas, y, row, bytes);
        }
    }
}
