//! The grid on which lines are drawn, in braille dots or one character per cell.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::super::draw::{Canvas, clamp_to_u16};

/// The bits of a braille character, by row: left dot, right dot.
const BRAILLE: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// A range of numbers: low, high, with low < high.
pub(super) type NumberRange = (f64, f64);

/// A grid of cells. Each has several dots, all in the style drawn last.
pub(super) struct Plot {
    pub(super) left: u16,
    pub(super) top: u16,
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) x: NumberRange,
    pub(super) y: NumberRange,
    /// Dots per cell: across, up.
    fine: (u16, u16),
    cells: Vec<(u8, Style)>,
}

impl Plot {
    /// Returns an empty grid; `area` is relative to the canvas.
    pub(super) fn new(area: Rect, x: NumberRange, y: NumberRange, braille: bool) -> Self {
        let Rect { x: left, y: top, width, height } = area;
        let cells = vec![(0, Style::new()); usize::from(width) * usize::from(height)];
        Self { left, top, width, height, x, y, fine: if braille { (2, 4) } else { (1, 1) }, cells }
    }

    /// Returns the row of a y value; `None` outside the grid.
    pub(super) fn row(&self, y: f64) -> Option<u16> {
        let (low, high) = self.y;
        let inside = (low..=high).contains(&y) && self.height > 0;
        inside.then(|| self.dot_at(0.0, y).1 / self.fine.1)
    }

    /// Returns the column of an x value; `None` outside the grid.
    pub(super) fn column(&self, x: f64) -> Option<u16> {
        let (low, high) = self.x;
        let inside = (low..=high).contains(&x) && self.width > 0;
        inside.then(|| self.dot_at(x, 0.0).0 / self.fine.0)
    }

    /// Returns the nearest dot of a point, counted from the upper left.
    fn dot_at(&self, x: f64, y: f64) -> (u16, u16) {
        let (across, up) = (self.width * self.fine.0, self.height * self.fine.1);
        let from_bottom = dot_along(y, self.y, up);
        (dot_along(x, self.x, across), up.saturating_sub(1) - from_bottom)
    }

    fn set_dot(&mut self, x: u16, y: u16, style: Style) {
        let at = usize::from(y / self.fine.1) * usize::from(self.width) + usize::from(x / self.fine.0);
        let bit = BRAILLE.get(usize::from(y % self.fine.1)).and_then(|row| row.get(usize::from(x % self.fine.0)));
        if let Some((cell, bit)) = self.cells.get_mut(at).zip(bit) {
            *cell = (cell.0 | bit, style);
        }
    }

    /// Draws a line between two points by Bresenham's algorithm. Only every `every`th dot is set, for dotted lines.
    pub(super) fn draw_line(&mut self, from: (f64, f64), to: (f64, f64), every: usize, style: Style) {
        if self.cells.is_empty() {
            return;
        }
        let (start, end) = (self.dot_at(from.0, from.1), self.dot_at(to.0, to.1));
        // Signed, because the algorithm takes differences.
        let (mut x, mut y) = (i32::from(start.0), i32::from(start.1));
        let (end_x, end_y) = (i32::from(end.0), i32::from(end.1));
        let (wide, tall) = ((end_x - x).abs(), -(end_y - y).abs());
        let (right, down) = ((end_x - x).signum(), (end_y - y).signum());
        let mut error = wide + tall;
        for step in 0_usize.. {
            if step % every.max(1) == 0
                && let (Ok(x), Ok(y)) = (u16::try_from(x), u16::try_from(y))
            {
                self.set_dot(x, y, style);
            }
            if (x, y) == (end_x, end_y) {
                return;
            }
            let twice = 2 * error;
            if twice >= tall {
                error += tall;
                x += right;
            }
            if twice <= wide {
                error += wide;
                y += down;
            }
        }
    }

    /// Tells whether a cell has a dot.
    pub(super) fn is_drawn(&self, column: u16, row: u16) -> bool {
        let at = usize::from(row) * usize::from(self.width) + usize::from(column);
        self.cells.get(at).is_some_and(|(bits, _)| *bits != 0)
    }

    /// Draws the cells on the canvas, in braille or as full stops.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>) {
        for row in 0..self.height {
            for column in 0..self.width {
                let at = usize::from(row) * usize::from(self.width) + usize::from(column);
                let Some((bits, style)) = self.cells.get(at).filter(|(bits, _)| *bits != 0) else { continue };
                let dots = char::from_u32(0x2800 + u32::from(*bits)).filter(|_| self.fine.0 > 1).unwrap_or('.');
                canvas.draw_cell(self.left + column, self.top + row, dots.encode_utf8(&mut [0; 4]), *style);
            }
        }
    }
}

/// Returns the dot of a number among `dots` dots that span a range, clamped to them.
fn dot_along(number: f64, range: NumberRange, dots: u16) -> u16 {
    let (low, high) = range;
    let last = dots.saturating_sub(1);
    // Adding a half rounds to the nearest dot.
    clamp_to_u16(((number - low) / (high - low)).mul_add(f64::from(last), 0.5), last)
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;

    use super::*;

    #[test]
    fn lines_reach_both_of_their_ends() {
        for (braille, expected) in [(true, ["\u{2880}\u{2801}", "\u{2801} "]), (false, [" .", ". "])] {
            let mut plot = Plot::new(Rect::new(0, 0, 2, 2), (0.0, 1.0), (0.0, 1.0), braille);
            plot.draw_line((0.0, 0.0), (1.0, 1.0), 1, Style::new());
            let mut buffer = Buffer::empty(Rect::new(0, 0, 2, 2));
            plot.draw(&mut Canvas::new(buffer.area, &mut buffer));
            if braille {
                assert!(plot.is_drawn(0, 1) && plot.is_drawn(1, 0));
            } else {
                assert_eq!(buffer, Buffer::with_lines(expected));
            }
            assert_eq!(
                (plot.row(0.0), plot.row(1.0), plot.column(0.0), plot.column(1.1)),
                (Some(1), Some(0), Some(0), None)
            );
        }
    }
}
