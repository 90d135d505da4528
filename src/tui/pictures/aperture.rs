//! The leaves of a control point in the beam's eye view, before and after laid over each other; judges no leaf.
//!
//! Bank A comes from the left, bank B from the right, the first pair lies at the foot. Blocks are leaves, the gap
//! between them is what the beam comes through. A row of the terminal holds two rows of pixels, so that eighty pairs
//! need forty rows; where there are fewer, a window of pairs is drawn, and the picture says which.

mod blocks;
mod rows;
mod words;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::widgets::Widget;

use self::blocks::BankCell;
use self::rows::Rows;
use super::draw::{Canvas, columns, nice, number, whole};
use crate::domain::picture::Jaws;
use crate::domain::picture::{Aperture, LeafPair};
use crate::tui::look::{Glyphs, Look, Mark, Role};

/// What is left of the leaves: a pointer, a number and a space.
const LEFT: u16 = 5;
/// What is right of them: a space and two marks.
const RIGHT: u16 = 3;

/// The leaves of a control point.
#[derive(Clone, Debug)]
pub struct AperturePicture<'a> {
    look: Look,
    after: &'a Aperture,
    before: Option<&'a Aperture>,
    jaws: Jaws,
    edges: &'a [i32],
    stretch: Option<(i32, i32)>,
    first: Option<usize>,
    around: Option<(usize, usize)>,
    hand: Option<usize>,
}

/// Where the pixels of the leaves lie.
struct LeafGrid {
    left: u16,
    width: u16,
    rows: Rows,
    /// Pixels a column.
    fine: u16,
    low: f64,
    high: f64,
}

impl LeafGrid {
    /// Returns the place along the leaves in the middle of a pixel, in 1/100 cm.
    fn at(&self, pixel: u16) -> f64 {
        let part = (f64::from(pixel) + 0.5) / f64::from((self.width * self.fine).max(1));
        (self.high - self.low).mul_add(part, self.low)
    }

    /// Returns the column of a place along the leaves.
    fn column(&self, place: i32) -> Option<u16> {
        let part = (f64::from(place) - self.low) / (self.high - self.low);
        let inside = (0.0..=1.0).contains(&part) && self.width > 0;
        inside.then(|| self.left + whole(part * f64::from(self.width), self.width.saturating_sub(1)))
    }
}

impl<'a> AperturePicture<'a> {
    /// Returns the picture of leaves.
    #[must_use]
    pub const fn new(look: Look, after: &'a Aperture) -> Self {
        let jaws = Jaws { x: None, y: None };
        Self { look, after, before: None, jaws, edges: &[], stretch: None, first: None, around: None, hand: None }
    }

    /// Lays the leaves over those that were there before.
    #[must_use]
    pub const fn before(self, before: Option<&'a Aperture>) -> Self {
        Self { before, ..self }
    }

    /// Draws the jaws; those across the leaves only where the leaves' edges are known.
    #[must_use]
    pub const fn jaws(self, jaws: Jaws) -> Self {
        Self { jaws, ..self }
    }

    /// Says where the pairs lie: one edge more than there are pairs, in 1/100 cm; any other number says nothing.
    #[must_use]
    pub const fn edges(self, edges: &'a [i32]) -> Self {
        Self { edges, ..self }
    }

    /// Draws this stretch along the leaves, in 1/100 cm, so that the pictures of a film share one.
    #[must_use]
    pub const fn stretch(self, stretch: (i32, i32)) -> Self {
        Self { stretch: Some(stretch), ..self }
    }

    /// Draws the window of pairs from this one on, counted from 0; without it, the one that shows what matters.
    #[must_use]
    pub const fn first(self, first: Option<usize>) -> Self {
        Self { first, ..self }
    }

    /// Draws the window around these pairs whatever this control point is like, so that a film does not jump.
    #[must_use]
    pub const fn around(self, pairs: Option<(usize, usize)>) -> Self {
        Self { around: pairs, ..self }
    }

    /// Points to a pair, counted from 0, and spells it out.
    #[must_use]
    pub const fn hand(self, hand: Option<usize>) -> Self {
        Self { hand, ..self }
    }

    /// Returns which pairs are drawn in an area, counted from 0.
    #[must_use]
    pub fn shown(&self, area: Rect) -> std::ops::Range<usize> {
        self.rows(self.heights(area.height).0).shown()
    }

    /// Returns how many pairs there are, before or after.
    fn pairs(&self) -> usize {
        self.after.pairs.len().max(self.before.map_or(0, |before| before.pairs.len()))
    }

    fn pair(&self, at: usize) -> Option<&LeafPair> {
        self.after.pairs.get(at)
    }

    fn was(&self, at: usize) -> Option<&LeafPair> {
        self.before.and_then(|before| before.pairs.get(at))
    }

    fn differs(&self, at: usize) -> bool {
        let ends = |pair: Option<&LeafPair>| pair.map(|pair| (pair.a, pair.b));
        self.before.is_some() && ends(self.pair(at)) != ends(self.was(at))
    }

    fn is_wrong(&self, at: usize) -> bool {
        self.pair(at).is_some_and(LeafPair::is_wrong)
    }

    /// Returns how many rows the leaves get, and how many the lines of text below them.
    fn heights(&self, height: u16) -> (u16, u16) {
        let wanted = 1 + u16::from(self.hand.is_some()) + u16::from(self.before.is_some());
        let wanted = wanted + u16::from(self.after.pairs.iter().any(LeafPair::is_wrong));
        let most = match height {
            0..=4 => 0,
            5..=7 => 1,
            8..=11 => 2,
            _ => 3,
        };
        let texts = most.min(wanted + u16::from(!self.after.counting.is_empty()));
        let axis = u16::from(height >= 4);
        (height.saturating_sub(texts + axis), texts)
    }

    fn rows(&self, height: u16) -> Rows {
        let pairs = self.pairs();
        let matters = |at: usize| self.is_wrong(at) || self.differs(at) || Some(at) == self.hand;
        let is_open = |at: usize| {
            self.pair(at).is_some_and(|pair| pair.a.zip(pair.b).is_some_and(|(a, b)| b > a.saturating_add(20)))
        };
        let span = |wanted: &dyn Fn(usize) -> bool| {
            let mut all = (0..pairs).filter(|at| wanted(*at));
            let first = all.next();
            first.map(|first| (first, all.next_back().unwrap_or(first)))
        };
        let edges = if self.edges.len() == pairs + 1 { self.edges } else { &[] };
        let hand = self.hand.filter(|hand| *hand < pairs);
        let spans = if self.around.is_some() { [None, self.around] } else { [span(&matters), span(&is_open)] };
        Rows::new(pairs, edges, height, (self.first, hand), spans)
    }

    fn field(&self, canvas: &Canvas<'_>, height: u16) -> LeafGrid {
        let margins = if canvas.width() >= 24 { (LEFT, RIGHT) } else { (0, 0) };
        let (low, high) = self.stretch.unwrap_or_else(|| self.reach());
        let (low, high) = (f64::from(low), f64::from(high));
        LeafGrid {
            left: margins.0,
            width: canvas.width().saturating_sub(margins.0 + margins.1),
            rows: self.rows(height),
            fine: if self.look.glyphs == Glyphs::Unicode { 2 } else { 1 },
            low,
            high: if high - low >= 1.0 { high } else { low + 1.0 },
        }
    }

    /// Returns the stretch that shows every leaf that can be.
    fn reach(&self) -> (i32, i32) {
        let pairs = self.after.pairs.iter().chain(self.before.iter().flat_map(|before| &before.pairs));
        let leaves = pairs.flat_map(|pair| [pair.a, pair.b]).flatten();
        let jaws = self.jaws.x.into_iter().flat_map(|(low, high)| [low, high]);
        let near = leaves.chain(jaws).filter(|place| place.unsigned_abs() <= 2000);
        let (low, high) = near.fold((-100, 100), |(low, high), place| (low.min(place), high.max(place)));
        (low - 50, high + 50)
    }

    fn draw_leaves(&self, canvas: &mut Canvas<'_>, field: &LeafGrid) {
        for row in 0..field.rows.height() {
            for column in 0..field.width {
                let places = self.places(field, row, column);
                let (glyph, style) = self.glyph(places);
                canvas.cell(field.left + column, row, glyph, style);
            }
        }
    }

    /// Returns the pixels of a cell: upper left, upper right, lower left, lower right.
    fn places(&self, field: &LeafGrid, row: u16, column: u16) -> [BankCell; 4] {
        let of = |pixel: u16, side: u16| {
            let x = field.at(column * field.fine + side.min(field.fine - 1));
            field.rows.pair(pixel).map_or(BankCell::Open, |pair| self.place(pair, x))
        };
        [of(2 * row, 0), of(2 * row, 1), of(2 * row + 1, 0), of(2 * row + 1, 1)]
    }

    /// Returns the style of a jaw over leaves.
    fn jaw(&self) -> Style {
        let style = self.look.style(Role::Limit);
        self.leaf().fg.map_or(style, |leaf| style.fg(Color::Indexed(16)).bg(leaf))
    }

    /// Draws a line through what is open or all leaf, so that it hides no end of a leaf.
    fn line(&self, canvas: &mut Canvas<'_>, field: &LeafGrid, (row, column): (u16, u16), glyph: &str, role: Role) {
        let style = self.look.style(role);
        let Some(own) = column.checked_sub(field.left) else { return };
        match self.places(field, row, own) {
            [BankCell::Open, BankCell::Open, BankCell::Open, BankCell::Open] => canvas.cell(column, row, glyph, style),
            [BankCell::Leaf, BankCell::Leaf, BankCell::Leaf, BankCell::Leaf] if role == Role::Limit => {
                canvas.cell(column, row, glyph, self.jaw());
            }
            _ => {}
        }
    }

    fn draw_lines(&self, canvas: &mut Canvas<'_>, field: &LeafGrid) {
        let unicode = self.look.glyphs == Glyphs::Unicode;
        let (middle, upright, level, corner) =
            if unicode { ("\u{250a}", "\u{2502}", "\u{2500}", "\u{253c}") } else { (":", "|", "-", "+") };
        let rows = 0..field.rows.height();
        let sides: Vec<u16> =
            self.jaws.x.into_iter().flat_map(|(low, high)| [low, high]).filter_map(|x| field.column(x)).collect();
        for row in rows.clone() {
            if let Some(column) = field.column(0).filter(|column| !sides.contains(column)) {
                self.line(canvas, field, (row, column), middle, Role::Dim);
            }
            for column in &sides {
                self.line(canvas, field, (row, *column), upright, Role::Limit);
            }
        }
        let jaws =
            self.jaws.y.map_or([None; 2], |(low, high)| [field.rows.jaw(low, false), field.rows.jaw(high, true)]);
        for row in jaws.into_iter().flatten() {
            for column in field.left..field.left + field.width {
                let glyph = if sides.contains(&column) { corner } else { level };
                self.line(canvas, field, (row, column), glyph, Role::Limit);
            }
        }
    }

    /// Draws what stands beside the rows: numbers, the pointer, marks of what differs and what is wrong.
    fn draw_margins(&self, canvas: &mut Canvas<'_>, field: &LeafGrid) {
        let mut named = None;
        for row in 0..field.rows.height() {
            let pairs = field.rows.pairs(row);
            let any = |is: &dyn Fn(usize) -> bool| pairs.clone().find(|at| is(*at));
            let hand = any(&|at| Some(at) == self.hand);
            let wrong = any(&|at| self.is_wrong(at));
            let differs = any(&|at| self.differs(at));
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
            let fifth = any(&|at| at % 5 == 4);
            // A wide leaf takes more than one row, and is named once.
            if let Some(at) = hand.or(wrong).or(differs).or(fifth).filter(|at| named.replace(*at) != Some(*at)) {
                canvas.text_before(LEFT - 1, row, &(at + 1).to_string(), style);
            }
            if hand.is_some() {
                canvas.cell(0, row, self.look.mark(Mark::Pointer), self.look.style(Role::Cursor));
            }
            let right = field.left + field.width;
            if differs.is_some() {
                canvas.cell(right + 1, row, self.look.mark(Mark::After), self.look.style(Role::After));
            }
            if wrong.is_some() {
                canvas.cell(right + 2, row, self.look.mark(Mark::Bad), self.look.style(Role::Danger));
            }
        }
    }

    /// Points out of the picture where a leaf stands beyond what any can reach.
    fn draw_edges(&self, canvas: &mut Canvas<'_>, field: &LeafGrid, row: u16) {
        let beyond = field.rows.pairs(row).filter_map(|at| self.pair(at)).filter(|pair| pair.beyond);
        for place in beyond.flat_map(|pair| [pair.a, pair.b]).flatten().map(f64::from) {
            let style = self.look.style(Role::Danger);
            if place < field.low {
                let glyph = if self.look.glyphs == Glyphs::Unicode { "\u{25c4}" } else { "<" };
                canvas.cell(field.left, row, glyph, style);
            } else if place > field.high && field.width > 0 {
                canvas.cell(field.left + field.width - 1, row, self.look.mark(Mark::Play), style);
            }
        }
    }

    fn draw_axis(&self, canvas: &mut Canvas<'_>, field: &LeafGrid, row: u16) {
        let style = self.look.style(Role::Dim);
        let ticks = f64::from((field.width / 9).max(1));
        let step = nice((field.high - field.low) / 100.0 / ticks).max(0.5);
        let (mut at, mut free) = ((field.low / 100.0 / step).ceil() * step, 0);
        while at * 100.0 <= field.high && step.is_finite() {
            let label = number(at, step);
            let part = at.mul_add(100.0, -field.low) / (field.high - field.low);
            let middle = field.left + whole(part * f64::from(field.width), field.width.saturating_sub(1));
            let start = middle.saturating_sub(columns(&label) / 2);
            if start >= free {
                free = canvas.text(start, row, &label, style) + 1;
            }
            at += step;
        }
        if free + 2 <= canvas.width() {
            canvas.text(free, row, "cm", style);
        }
    }
}

impl Widget for &AperturePicture<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut canvas = Canvas::new(area, buffer);
        let (height, texts) = self.heights(canvas.height());
        let field = self.field(&canvas, height);
        self.draw_leaves(&mut canvas, &field);
        self.draw_lines(&mut canvas, &field);
        self.draw_margins(&mut canvas, &field);
        if height < canvas.height() {
            self.draw_axis(&mut canvas, &field, height);
        }
        for (row, line) in (height + 1..).zip(self.lines(&field)).take(usize::from(texts)) {
            canvas.spans(0, row, &line, self.look.mark(Mark::Ellipsis));
        }
    }
}
