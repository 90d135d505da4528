//! Which pair of leaves is in which row of pixels. A terminal row has two pixels; the first pair is at the bottom.

use std::ops::Range;

/// The most pixels per unit: taller leaves show nothing more.
const PIXELS_MAX: usize = 4;
/// The most units of a pair, so that faulty edges cannot fill the picture with one pair.
const UNITS_MAX: usize = 8;

/// A span of pairs, both ends included; `None` for no pair.
type PairSpan = Option<(usize, usize)>;

/// The arrangement of pairs in rows.
#[derive(Clone, Debug)]
pub(super) struct PixelRows {
    height: u16,
    /// The pair of each unit, from the bottom up. A unit is as wide as the narrowest leaf.
    units: Vec<usize>,
    /// The lowest edge and the width of a unit, in 1/100 cm; `None` if the edges are unknown.
    scale: Option<(i32, i32)>,
    /// Pixels per unit.
    pixels: usize,
    /// The lowest unit that is drawn.
    first: usize,
    /// Empty pixels at the bottom, which centre the pairs.
    foot: usize,
}

impl PixelRows {
    /// Arranges pairs in `height` terminal rows. If not all fit, the window starts with pair `first` if given,
    /// otherwise it shows the important and the open pairs, as many as fit, and always the selected pair `hand`.
    pub(super) fn new(
        pairs: usize,
        edges: &[i32],
        height: u16,
        first: Option<usize>,
        hand: Option<usize>,
        important: PairSpan,
        open: PairSpan,
    ) -> Self {
        let widths: Vec<i32> =
            edges.iter().zip(edges.iter().skip(1)).map(|(low, high)| high.saturating_sub(*low)).collect();
        let narrowest = widths.iter().copied().min().filter(|width| *width > 0);
        let mut units = Vec::new();
        for pair in 0..pairs {
            let width = widths.get(pair).zip(narrowest).map_or(1, |(width, narrowest)| width / narrowest);
            units.extend(std::iter::repeat_n(pair, usize::try_from(width).unwrap_or(1).clamp(1, UNITS_MAX)));
        }
        let room = usize::from(height) * 2;
        let pixels = match room / units.len().max(1) {
            0 | 1 => 1,
            fits => (fits / 2 * 2).min(PIXELS_MAX),
        };
        let mut rows = Self { height, units, scale: edges.first().copied().zip(narrowest), pixels, first: 0, foot: 0 };
        let all = rows.units.len() * pixels;
        if all <= room {
            rows.foot = (room - all) / 2;
        } else {
            let start = rows.window_start(room, first, hand, important, open);
            rows.first = start.min(rows.units.len().saturating_sub(room));
        }
        rows
    }

    /// Returns the first unit of a window of `room` units.
    fn window_start(
        &self,
        room: usize,
        first: Option<usize>,
        hand: Option<usize>,
        important: PairSpan,
        open: PairSpan,
    ) -> usize {
        if let Some(first) = first {
            let last = self.units.last().copied().unwrap_or(0);
            return self.units_of(first.min(last), first.min(last)).start;
        }
        let important = important.map(|(low, high)| self.units_of(low, high));
        let open = open.map(|(low, high)| self.units_of(low, high));
        let both = important.clone().zip(open.clone()).map(|(a, b)| a.start.min(b.start)..a.end.max(b.end));
        // Both if they fit, else what is important, centred.
        let middle = self.units.len() / 2;
        let span = both.filter(|span| span.len() <= room).or(important).or(open).unwrap_or(middle..middle);
        let start = (span.start + span.end).saturating_sub(room) / 2;
        let Some(hand) = hand.map(|hand| self.units_of(hand, hand)) else { return start };
        // Moved just as far as the selected pair needs. A pair taller than the window shows its upper end.
        let lowest = hand.end.saturating_sub(room);
        start.clamp(lowest, hand.start.max(lowest))
    }

    /// Returns the units from the first one of pair `low` to the last one of pair `high`.
    fn units_of(&self, low: usize, high: usize) -> Range<usize> {
        let start = self.units.iter().position(|pair| *pair == low).unwrap_or(0);
        let end = self.units.iter().rposition(|pair| *pair == high).map_or(0, |last| last + 1);
        start..end
    }

    /// Returns the number of terminal rows.
    pub(super) const fn height(&self) -> u16 {
        self.height
    }

    /// Returns the pair in a row of pixels, counted from the top; `None` if it is empty.
    pub(super) fn pair_at(&self, pixel: u16) -> Option<usize> {
        let from_foot = (usize::from(self.height) * 2).checked_sub(usize::from(pixel) + 1)?.checked_sub(self.foot)?;
        self.units.get(self.first + from_foot / self.pixels).copied()
    }

    /// Returns the pairs in a terminal row.
    pub(super) fn pairs_in_row(&self, row: u16) -> Range<usize> {
        let (upper, lower) = (self.pair_at(2 * row), self.pair_at(2 * row + 1));
        let pairs = lower.or(upper).zip(upper.or(lower));
        pairs.map_or(0..0, |(low, high)| low..high + 1)
    }

    /// Tells whether the edges of the pairs are known, so that jaws across them can be drawn.
    pub(super) const fn is_to_scale(&self) -> bool {
        self.scale.is_some()
    }

    /// Returns the pairs that are drawn.
    pub(super) fn visible_pairs(&self) -> Range<usize> {
        let mut rows = (0..self.height).map(|row| self.pairs_in_row(row)).filter(|pairs| !pairs.is_empty());
        let highest = rows.next();
        let lowest = rows.next_back().or_else(|| highest.clone());
        lowest.zip(highest).map_or(0..0, |(low, high)| low.start..high.end)
    }

    /// Returns the terminal row just outside a jaw across the leaves; `None` if it is not visible or the edges are
    /// unknown.
    pub(super) fn jaw_row(&self, place: i32, upper: bool) -> Option<u16> {
        let (low, unit) = self.scale?;
        let from_edge = i64::from(place) - i64::from(low);
        let pixels = i64::try_from(self.pixels).ok()?;
        let first = i64::try_from(self.first).ok()? * pixels;
        let edge = from_edge * pixels / i64::from(unit) - first + i64::try_from(self.foot).ok()?;
        let pixel = if upper { edge } else { edge - 1 };
        let from_top = i64::from(self.height) * 2 - 1 - pixel;
        u16::try_from(from_top).ok().map(|pixel| pixel / 2).filter(|row| *row < self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_leaves_take_more_rows() {
        let edges = [-200, -100, -50, 0, 50, 100, 200];
        let rows = PixelRows::new(6, &edges, 8, None, None, None, None);
        let pairs: Vec<_> = (0..16).map(|pixel| rows.pair_at(pixel)).collect();
        let expected = [5, 5, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0, 0, 0, 0].map(Some);
        assert_eq!((pairs.as_slice(), rows.visible_pairs()), (&expected[..], 0..6));
        assert_eq!((rows.pairs_in_row(0), rows.pairs_in_row(2), rows.pairs_in_row(7)), (5..6, 4..5, 0..1));
        assert_eq!(
            [rows.jaw_row(-50, false), rows.jaw_row(50, true), rows.jaw_row(-200, false)],
            [Some(5), Some(2), None]
        );
    }

    #[test]
    fn a_window_shows_what_matters() {
        for (first, hand, important, open, expected) in [
            (None, None, None, None, 30..50),
            (Some(3), None, None, None, 3..23),
            (Some(99), None, None, None, 60..80),
            (None, None, None, Some((10, 15)), 3..23),
            // What differs goes before what is open.
            (None, None, Some((20, 20)), Some((10, 60)), 10..30),
            // Too far apart: the middle of it.
            (None, None, Some((5, 70)), None, 28..48),
            (None, Some(6), Some((5, 70)), None, 6..26),
            (None, Some(70), Some((5, 70)), None, 51..71),
        ] {
            let rows = PixelRows::new(80, &[], 10, first, hand, important, open);
            assert_eq!(rows.visible_pairs(), expected, "{first:?} {hand:?} {important:?} {open:?}");
        }
        assert_eq!(PixelRows::new(0, &[], 10, None, None, None, None).visible_pairs(), 0..0);
        assert_eq!(PixelRows::new(80, &[], 0, None, None, None, None).visible_pairs(), 0..0);
    }
}
