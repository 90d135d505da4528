//! A picture of the leaves of a control point in beam's eye view, before and after on top of each other.
//!
//! Bank A comes from the left, bank B from the right, the first pair is at the bottom. Blocks are leaves; the beam
//! passes through the gap. A row of the terminal holds two rows of pixels, so that eighty pairs need forty rows. In
//! fewer rows a window of pairs is drawn, and the legend says which.

mod blocks;
mod rows;
mod words;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::widgets::Widget;

use self::blocks::BankCell;
use self::rows::PixelRows;
use super::draw::{Canvas, clamp_to_u16, display_width, render_rounded, round_up_nice};
use crate::domain::picture::Jaws;
use crate::domain::picture::{Aperture, LeafPair};
use crate::tui::theme::{Appearance, Glyphs, Mark, Role};

/// Columns left of the leaves: a pointer, a number and a space.
const LEFT: u16 = 5;
/// Columns right of them: a space and two marks.
const RIGHT: u16 = 3;

/// A widget that shows the leaves of a control point.
#[derive(Clone, Debug)]
pub struct AperturePicture<'a> {
    look: Appearance,
    after: &'a Aperture,
    before: Option<&'a Aperture>,
    jaws: Jaws,
    edges: &'a [i32],
    stretch: Option<(i32, i32)>,
    first: Option<usize>,
    around: Option<(usize, usize)>,
    hand: Option<usize>,
}

/// The area of the leaves: its columns on the canvas, and its range along the leaves in 1/100 cm.
struct LeafGrid {
    left: u16,
    width: u16,
    rows: PixelRows,
    /// Pixels per column.
    fine: u16,
    low: f64,
    high: f64,
}

impl LeafGrid {
    /// Returns the position along the leaves of the middle of a pixel, in 1/100 cm.
    fn position_at(&self, pixel: u16) -> f64 {
        let part = (f64::from(pixel) + 0.5) / f64::from((self.width * self.fine).max(1));
        (self.high - self.low).mul_add(part, self.low)
    }

    /// Returns the column of a position along the leaves, in 1/100 cm; `None` outside the area.
    fn column(&self, place: i32) -> Option<u16> {
        let part = (f64::from(place) - self.low) / (self.high - self.low);
        let inside = (0.0..=1.0).contains(&part) && self.width > 0;
        inside.then(|| self.left + clamp_to_u16(part * f64::from(self.width), self.width.saturating_sub(1)))
    }
}

impl<'a> AperturePicture<'a> {
    /// Returns the picture of leaves.
    #[must_use]
    pub const fn new(look: Appearance, after: &'a Aperture) -> Self {
        let jaws = Jaws { x: None, y: None };
        Self { look, after, before: None, jaws, edges: &[], stretch: None, first: None, around: None, hand: None }
    }

    /// Draws the leaves on top of those before the change.
    #[must_use]
    pub const fn before(self, before: Option<&'a Aperture>) -> Self {
        Self { before, ..self }
    }

    /// Draws the jaws. Those across the leaves are drawn only if the leaves' edges are known.
    #[must_use]
    pub const fn jaws(self, jaws: Jaws) -> Self {
        Self { jaws, ..self }
    }

    /// Sets the edges of the pairs, in 1/100 cm: one edge more than pairs. With any other number they are ignored.
    #[must_use]
    pub const fn pair_edges(self, edges: &'a [i32]) -> Self {
        Self { edges, ..self }
    }

    /// Sets the range along the leaves, in 1/100 cm, so that all pictures of a film have the same.
    #[must_use]
    pub const fn visible_range(self, stretch: (i32, i32)) -> Self {
        Self { stretch: Some(stretch), ..self }
    }

    /// Sets the first pair of the window, counted from 0; `None` shows the pairs that are wrong or differ.
    #[must_use]
    pub const fn first_pair(self, first: Option<usize>) -> Self {
        Self { first, ..self }
    }

    /// Centres the window on these pairs whatever this control point is like, so that a film does not jump.
    #[must_use]
    pub const fn centred_on(self, pairs: Option<(usize, usize)>) -> Self {
        Self { around: pairs, ..self }
    }

    /// Selects a pair, counted from 0. It is highlighted and described.
    #[must_use]
    pub const fn selected_pair(self, hand: Option<usize>) -> Self {
        Self { hand, ..self }
    }

    /// Returns the pairs that are drawn in an area, counted from 0.
    #[must_use]
    pub fn visible_pairs(&self, area: Rect) -> std::ops::Range<usize> {
        self.arrange_rows(self.split_height(area.height).0).visible_pairs()
    }

    /// Returns the number of pairs, before or after, whichever is larger.
    fn pair_count(&self) -> usize {
        self.after.pairs.len().max(self.before.map_or(0, |before| before.pairs.len()))
    }

    fn pair(&self, at: usize) -> Option<&LeafPair> {
        self.after.pairs.get(at)
    }

    fn pair_before(&self, at: usize) -> Option<&LeafPair> {
        self.before.and_then(|before| before.pairs.get(at))
    }

    fn is_changed(&self, at: usize) -> bool {
        let after = self.pair(at).map(|pair| (pair.a, pair.b));
        let before = self.pair_before(at).map(|pair| (pair.a, pair.b));
        self.before.is_some() && after != before
    }

    fn is_wrong(&self, at: usize) -> bool {
        self.pair(at).is_some_and(LeafPair::is_wrong)
    }

    /// Divides a height into the rows of the leaves and those of the text below them; one more is left for the axis.
    fn split_height(&self, height: u16) -> (u16, u16) {
        let lines = 1
            + u16::from(self.hand.is_some())
            + u16::from(self.before.is_some())
            + u16::from(self.after.pairs.iter().any(LeafPair::is_wrong))
            + u16::from(!self.after.counting.is_empty());
        let most = match height {
            0..=4 => 0,
            5..=7 => 1,
            8..=11 => 2,
            _ => 3,
        };
        let texts = most.min(lines);
        let axis = u16::from(height >= 4);
        (height.saturating_sub(texts + axis), texts)
    }

    fn arrange_rows(&self, height: u16) -> PixelRows {
        let pairs = self.pair_count();
        let edges = if self.edges.len() == pairs + 1 { self.edges } else { &[] };
        let hand = self.hand.filter(|hand| *hand < pairs);
        let (important, open) = if self.around.is_some() {
            (None, self.around)
        } else {
            (self.span(|at| self.is_important(at)), self.span(|at| self.is_open(at)))
        };
        PixelRows::new(pairs, edges, height, self.first, hand, important, open)
    }

    fn is_important(&self, at: usize) -> bool {
        self.is_wrong(at) || self.is_changed(at) || Some(at) == self.hand
    }

    /// Tells whether a pair is open by more than 2 mm: closed pairs keep a small gap, lest the leaves collide.
    fn is_open(&self, at: usize) -> bool {
        let ends = self.pair(at).and_then(|pair| pair.a.zip(pair.b));
        ends.is_some_and(|(a, b)| b > a.saturating_add(20))
    }

    /// Returns the first and the last pair that `matches`.
    fn span(&self, matches: impl Fn(usize) -> bool) -> Option<(usize, usize)> {
        let mut matching = (0..self.pair_count()).filter(|at| matches(*at));
        let first = matching.next()?;
        Some((first, matching.next_back().unwrap_or(first)))
    }

    fn build_grid(&self, canvas: &Canvas<'_>, height: u16) -> LeafGrid {
        let margins = if canvas.width() >= 24 { (LEFT, RIGHT) } else { (0, 0) };
        let (low, high) = self.stretch.unwrap_or_else(|| self.full_range());
        let (low, high) = (f64::from(low), f64::from(high));
        LeafGrid {
            left: margins.0,
            width: canvas.width().saturating_sub(margins.0 + margins.1),
            rows: self.arrange_rows(height),
            fine: if self.look.glyphs == Glyphs::Unicode { 2 } else { 1 },
            low,
            high: if high - low >= 1.0 { high } else { low + 1.0 },
        }
    }

    /// Returns a range that shows every leaf within 20 cm of the middle: values beyond are faults in the data.
    fn full_range(&self) -> (i32, i32) {
        let pairs = self.after.pairs.iter().chain(self.before.iter().flat_map(|before| &before.pairs));
        let leaves = pairs.flat_map(|pair| [pair.a, pair.b]).flatten();
        let jaws = self.jaws.x.into_iter().flat_map(|(low, high)| [low, high]);
        // One faulty position must not shrink all other leaves to a point.
        let near = leaves.chain(jaws).filter(|place| place.unsigned_abs() <= 2000);
        let (low, high) = near.fold((-100, 100), |(low, high), place| (low.min(place), high.max(place)));
        (low - 50, high + 50)
    }

    fn draw_leaves(&self, canvas: &mut Canvas<'_>, field: &LeafGrid) {
        for row in 0..field.rows.height() {
            for column in 0..field.width {
                let places = self.cells_at(field, row, column);
                let (glyph, style) = self.choose_glyph(places);
                canvas.draw_cell(field.left + column, row, glyph, style);
            }
        }
    }

    /// Returns the four pixels of a cell: upper left, upper right, lower left, lower right.
    fn cells_at(&self, field: &LeafGrid, row: u16, column: u16) -> [BankCell; 4] {
        // In ASCII a column has one pixel, which then stands for both sides.
        let left = field.position_at(column * field.fine);
        let right = field.position_at(column * field.fine + (field.fine - 1));
        let (upper, lower) = (2 * row, 2 * row + 1);
        [(upper, left), (upper, right), (lower, left), (lower, right)]
            .map(|(pixel, x)| field.rows.pair_at(pixel).map_or(BankCell::Open, |pair| self.classify_cell(pair, x)))
    }

    /// Returns the style of a jaw on top of leaves.
    fn jaw_style(&self) -> Style {
        let style = self.look.style(Role::Limit);
        self.leaf_style().fg.map_or(style, |leaf| style.fg(Color::Indexed(16)).bg(leaf))
    }

    /// Draws one cell of a line, only where the cell is all open or all leaf: a line must not hide the end of a leaf.
    fn draw_line_cell(
        &self,
        canvas: &mut Canvas<'_>,
        field: &LeafGrid,
        row: u16,
        column: u16,
        glyph: &str,
        role: Role,
    ) {
        let style = self.look.style(role);
        let Some(inside) = column.checked_sub(field.left) else { return };
        match self.cells_at(field, row, inside) {
            [BankCell::Open, BankCell::Open, BankCell::Open, BankCell::Open] => {
                canvas.draw_cell(column, row, glyph, style);
            }
            [BankCell::Leaf, BankCell::Leaf, BankCell::Leaf, BankCell::Leaf] if role == Role::Limit => {
                canvas.draw_cell(column, row, glyph, self.jaw_style());
            }
            _ => {}
        }
    }

    fn draw_lines(&self, canvas: &mut Canvas<'_>, field: &LeafGrid) {
        let unicode = self.look.glyphs == Glyphs::Unicode;
        let (middle, upright, level, corner) =
            if unicode { ("\u{250a}", "\u{2502}", "\u{2500}", "\u{253c}") } else { (":", "|", "-", "+") };
        let sides: Vec<u16> =
            self.jaws.x.into_iter().flat_map(|(low, high)| [low, high]).filter_map(|x| field.column(x)).collect();
        for row in 0..field.rows.height() {
            if let Some(column) = field.column(0).filter(|column| !sides.contains(column)) {
                self.draw_line_cell(canvas, field, row, column, middle, Role::Dim);
            }
            for column in &sides {
                self.draw_line_cell(canvas, field, row, *column, upright, Role::Limit);
            }
        }
        let jaws = self
            .jaws
            .y
            .map_or([None; 2], |(low, high)| [field.rows.jaw_row(low, false), field.rows.jaw_row(high, true)]);
        for row in jaws.into_iter().flatten() {
            for column in field.left..field.left + field.width {
                let glyph = if sides.contains(&column) { corner } else { level };
                self.draw_line_cell(canvas, field, row, column, glyph, Role::Limit);
            }
        }
    }

    /// Draws the margins: numbers of pairs, the pointer, and marks of pairs that differ or are wrong.
    fn draw_margins(&self, canvas: &mut Canvas<'_>, field: &LeafGrid) {
        let mut last_named = None;
        for row in 0..field.rows.height() {
            let pairs = field.rows.pairs_in_row(row);
            let hand = pairs.clone().find(|at| Some(*at) == self.hand);
            let wrong = pairs.clone().find(|at| self.is_wrong(*at));
            let differs = pairs.clone().find(|at| self.is_changed(*at));
            self.draw_edges(canvas, field, row);
            if field.left < LEFT {
                continue;
            }
            let style = match (hand, wrong, differs) {
                (Some(_), ..) => self.look.style(Role::Cursor),
                (_, Some(_), _) => self.look.style(Role::Danger),
                (.., Some(_)) => self.look.style(Role::After),
                _ => self.look.style(Role::Dim),
            };
            let fifth = pairs.clone().find(|at| at % 5 == 4);
            // A wide leaf takes several rows, and is numbered in one of them.
            if let Some(at) = hand.or(wrong).or(differs).or(fifth).filter(|at| last_named.replace(*at) != Some(*at)) {
                canvas.draw_text_before(LEFT - 1, row, &(at + 1).to_string(), style);
            }
            if hand.is_some() {
                canvas.draw_cell(0, row, self.look.mark(Mark::Pointer), self.look.style(Role::Cursor));
            }
            let right = field.left + field.width;
            if differs.is_some() {
                canvas.draw_cell(right + 1, row, self.look.mark(Mark::After), self.look.style(Role::After));
            }
            if wrong.is_some() {
                canvas.draw_cell(right + 2, row, self.look.mark(Mark::Bad), self.look.style(Role::Danger));
            }
        }
    }

    /// Draws an arrow at the edge for a leaf whose position is outside the picture.
    fn draw_edges(&self, canvas: &mut Canvas<'_>, field: &LeafGrid, row: u16) {
        let beyond = field.rows.pairs_in_row(row).filter_map(|at| self.pair(at)).filter(|pair| pair.beyond);
        for place in beyond.flat_map(|pair| [pair.a, pair.b]).flatten().map(f64::from) {
            let style = self.look.style(Role::Danger);
            if place < field.low {
                let glyph = if self.look.glyphs == Glyphs::Unicode { "\u{25c4}" } else { "<" };
                canvas.draw_cell(field.left, row, glyph, style);
            } else if place > field.high && field.width > 0 {
                canvas.draw_cell(field.left + field.width - 1, row, self.look.mark(Mark::Play), style);
            }
        }
    }

    fn draw_axis(&self, canvas: &mut Canvas<'_>, field: &LeafGrid, row: u16) {
        let style = self.look.style(Role::Dim);
        // About nine columns for a label and its space.
        let ticks = f64::from((field.width / 9).max(1));
        let step = round_up_nice((field.high - field.low) / 100.0 / ticks).max(0.5);
        let (mut at, mut free) = ((field.low / 100.0 / step).ceil() * step, 0);
        while at * 100.0 <= field.high && step.is_finite() {
            let label = render_rounded(at, step);
            let part = at.mul_add(100.0, -field.low) / (field.high - field.low);
            let middle = field.left + clamp_to_u16(part * f64::from(field.width), field.width.saturating_sub(1));
            let start = middle.saturating_sub(display_width(&label) / 2);
            // A label that would touch the last one is left out.
            if start >= free {
                free = canvas.draw_text(start, row, &label, style) + 1;
            }
            at += step;
        }
        if free + 2 <= canvas.width() {
            canvas.draw_text(free, row, "cm", style);
        }
    }
}

impl Widget for &AperturePicture<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut canvas = Canvas::new(area, buffer);
        let (height, texts) = self.split_height(canvas.height());
        let field = self.build_grid(&canvas, height);
        self.draw_leaves(&mut canvas, &field);
        self.draw_lines(&mut canvas, &field);
        self.draw_margins(&mut canvas, &field);
        if height < canvas.height() {
            self.draw_axis(&mut canvas, &field, height);
        }
        for (row, line) in (height + 1..).zip(self.render_captions(&field)).take(usize::from(texts)) {
            canvas.draw_spans(0, row, &line, self.look.mark(Mark::Ellipsis));
        }
    }
}
