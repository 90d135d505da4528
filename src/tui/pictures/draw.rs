//! Drawing for all pictures: text and single cells clipped to an area, and conversions of numbers to cells.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::Span;

/// The part of a buffer that a picture may draw on; positions are relative to it.
pub(super) struct Canvas<'b> {
    buffer: &'b mut Buffer,
    area: Rect,
}

impl<'b> Canvas<'b> {
    /// Returns a canvas for the part of an area that lies in the buffer.
    pub(super) fn new(area: Rect, buffer: &'b mut Buffer) -> Self {
        let area = area.intersection(buffer.area);
        Self { buffer, area }
    }

    /// Returns how many columns there are.
    pub(super) const fn width(&self) -> u16 {
        self.area.width
    }

    /// Returns how many rows there are.
    pub(super) const fn height(&self) -> u16 {
        self.area.height
    }

    /// Draws one character, unless it is outside the area.
    pub(super) fn draw_cell(&mut self, x: u16, y: u16, glyph: &str, style: Style) {
        if x < self.area.width
            && y < self.area.height
            && let Some(cell) = self.buffer.cell_mut(Position::new(self.area.x + x, self.area.y + y))
        {
            cell.set_symbol(glyph).set_style(style);
        }
    }

    /// Draws text from a column on, cut at the end of the row; returns the column after it.
    pub(super) fn draw_text(&mut self, x: u16, y: u16, text: &str, style: Style) -> u16 {
        if x >= self.area.width || y >= self.area.height {
            return x;
        }
        let room = usize::from(self.area.width - x);
        let (end, _) = self.buffer.set_stringn(self.area.x + x, self.area.y + y, text, room, style);
        end - self.area.x
    }

    /// Draws spans one after another, with an ellipsis at the end of the row if they do not fit; returns the column
    /// after them.
    pub(super) fn draw_spans(&mut self, x: u16, y: u16, spans: &[Span<'_>], ellipsis: &str) -> u16 {
        let width: usize = spans.iter().map(Span::width).sum();
        let end = spans.iter().fold(x, |x, span| self.draw_text(x, y, &span.content, span.style));
        if width > usize::from(self.area.width.saturating_sub(x)) && self.area.width > 0 {
            let style = spans.last().map(|span| span.style).unwrap_or_default();
            self.draw_cell(self.area.width - 1, y, ellipsis, style);
        }
        end
    }

    /// Draws text so that it ends before a column; nothing if it is too long for that.
    pub(super) fn draw_text_before(&mut self, end: u16, y: u16, text: &str, style: Style) {
        let width = display_width(text);
        if width <= end {
            self.draw_text(end - width, y, text, style);
        }
    }
}

/// Returns the width of a text in columns.
pub(super) fn display_width(text: &str) -> u16 {
    u16::try_from(Span::raw(text).width()).unwrap_or(u16::MAX)
}

/// Returns the whole part of a number, clamped to 0 and `max`; 0 for NaN.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held between 0 and a u16 before")]
pub(super) fn clamp_to_u16(number: f64, max: u16) -> u16 {
    number.clamp(0.0, f64::from(max)) as u16
}

/// Returns a length as a `u16`, at most the largest one.
pub(super) fn to_u16_saturating(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

/// Returns the smallest of 1, 2 and 5 times a power of ten that is not below `step`; 1 if `step` is not a positive
/// number of ordinary size.
pub(super) fn round_up_nice(step: f64) -> f64 {
    if !(1e-300..=1e300).contains(&step) {
        return 1.0;
    }
    let power = 10_f64.powf(step.log10().floor());
    // The tolerance keeps 5.000000001 at 5: steps come from divisions.
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= step * 0.999_999);
    factor.unwrap_or(10.0) * power
}

/// Renders a number with as many digits after the point as a step between ticks needs.
pub(super) fn render_rounded(number: f64, step: f64) -> String {
    let digits = (0..6_u8).find(|digits| step * 10_f64.powi(i32::from(*digits)) >= 0.999).map_or(6, usize::from);
    // Adding zero turns -0.0 into 0.0, which would be printed as `-0`.
    if number.abs() >= 1e7 { format!("{number:.1e}") } else { format!("{:.digits$}", number + 0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_cells_whatever_they_are() {
        let found = [-1.0, 0.9, 3.99, 70_000.0, f64::NAN, f64::INFINITY].map(|number| clamp_to_u16(number, 100));
        assert_eq!(found, [0, 0, 3, 100, 0, 100]);
        assert_eq!([0.3, 1.0, 1.1, 4.9, 7.0, 130.0].map(round_up_nice), [0.5, 1.0, 2.0, 5.0, 10.0, 200.0]);
        assert_eq!([0.0, -3.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE / 1e10].map(round_up_nice), [1.0; 5]);
        let shown = [(5.0, 1.0), (0.5, 0.5), (0.25, 0.05), (-0.0, 1.0), (20.0, 20.0), (1e9, 1e8)];
        assert_eq!(shown.map(|(at, step)| render_rounded(at, step)), ["5", "0.5", "0.25", "0", "20", "1.0e9"]);
    }

    #[test]
    fn text_stays_in_its_area() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 2));
        let mut canvas = Canvas::new(Rect::new(2, 0, 4, 1), &mut buffer);
        canvas.draw_spans(0, 0, &[Span::raw("ab"), Span::raw("cdef")], "~");
        canvas.draw_text(0, 1, "below", Style::new());
        canvas.draw_cell(9, 0, "x", Style::new());
        assert_eq!(buffer, Buffer::with_lines(["  abc~  ", "        "]));
    }
}
