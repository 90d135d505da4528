//! Which pair of leaves lies in which row of pixels, two of them a row of the terminal, the first pair at the foot.

use std::ops::Range;

/// The most rows of pixels that a leaf gets: more tell nothing.
const PIXELS_MAX: usize = 4;
/// The most rows of pixels that a pair gets for its width, however odd the edges are.
const UNITS_MAX: usize = 8;

/// A span of pairs, both ends included.
type PairSpan = Option<(usize, usize)>;

/// The rows of a picture of leaves.
#[derive(Clone, Debug)]
pub(super) struct PixelRows {
    height: u16,
    /// The pair of every unit: of the narrowest leaf's width, from the foot upwards.
    units: Vec<usize>,
    /// The lower edge and the width of a unit, in 1/100 cm; none where the edges are unknown.
    scale: Option<(i32, i32)>,
    /// Rows of pixels a unit.
    pixels: usize,
    /// The lowest unit that is drawn.
    first: usize,
    /// Rows of pixels left empty at the foot, so that the pairs lie in the middle.
    foot: usize,
}

impl PixelRows {
    /// Arranges pairs in so many rows: from the first of two on where it is given, otherwise around what matters and
    /// what is open, with the second of two among them.
    pub(super) fn new(
        pairs: usize,
        edges: &[i32],
        height: u16,
        from: (Option<usize>, Option<usize>),
        spans: [PairSpan; 2],
    ) -> Self {
        let widths: Vec<i32> =
            edges.iter().zip(edges.iter().skip(1)).map(|(low, high)| high.saturating_sub(*low)).collect();
        let narrowest = widths.iter().copied().min().filter(|width| *width > 0);
        let unit = |at: usize| {
            let width = widths.get(at).zip(narrowest).map_or(1, |(width, narrowest)| width / narrowest);
            std::iter::repeat_n(at, usize::try_from(width).unwrap_or(1).clamp(1, UNITS_MAX))
        };
        let units: Vec<usize> = (0..pairs).flat_map(unit).collect();
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
            rows.first = rows.window_start(room, from, spans).min(rows.units.len().saturating_sub(room));
        }
        rows
    }

    /// Returns the unit that a window of so many units begins with.
    fn window_start(
        &self,
        room: usize,
        (first, hand): (Option<usize>, Option<usize>),
        [matters, open]: [PairSpan; 2],
    ) -> usize {
        let unit = |pair: usize| self.units.iter().position(|own| *own == pair).unwrap_or(0);
        let end = |pair: usize| self.units.iter().rposition(|own| *own == pair).map_or(0, |last| last + 1);
        let units = |(low, high): (usize, usize)| (unit(low), end(high));
        if let Some(first) = first {
            return unit(first.min(self.units.last().copied().unwrap_or(0)));
        }
        let (matters, open) = (matters.map(units), open.map(units));
        let both = matters.zip(open).map(|(one, other)| (one.0.min(other.0), one.1.max(other.1)));
        let fits = |(low, high): &(usize, usize)| high - low <= room;
        let middle = (self.units.len() / 2, self.units.len() / 2);
        let (low, high) = both.filter(fits).or(matters).or(open).unwrap_or(middle);
        let low = (low + high).saturating_sub(room) / 2;
        let Some((hand, after)) = hand.map(|hand| units((hand, hand))) else { return low };
        low.clamp(after.saturating_sub(room), hand.max(after.saturating_sub(room)))
    }

    /// Returns how many rows of the terminal there are.
    pub(super) const fn height(&self) -> u16 {
        self.height
    }

    /// Returns the pair in a row of pixels, counted from the top.
    pub(super) fn pair_at(&self, pixel: u16) -> Option<usize> {
        let from_foot = (usize::from(self.height) * 2).checked_sub(usize::from(pixel) + 1)?.checked_sub(self.foot)?;
        self.units.get(self.first + from_foot / self.pixels).copied()
    }

    /// Returns the pairs in a row of the terminal.
    pub(super) fn pairs_in_row(&self, row: u16) -> Range<usize> {
        let (upper, lower) = (self.pair_at(2 * row), self.pair_at(2 * row + 1));
        let pairs = lower.or(upper).zip(upper.or(lower));
        pairs.map_or(0..0, |(low, high)| low..high + 1)
    }

    /// Tells whether it is known where the pairs lie.
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

    /// Returns the row just outside of a jaw across the leaves, where it is drawn and the edges are known.
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
        let rows = PixelRows::new(6, &edges, 8, (None, None), [None; 2]);
        let found: Vec<_> = (0..16).map(|pixel| rows.pair_at(pixel)).collect();
        let expected = [5, 5, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0, 0, 0, 0].map(Some);
        assert_eq!((found.as_slice(), rows.visible_pairs()), (&expected[..], 0..6));
        assert_eq!((rows.pairs_in_row(0), rows.pairs_in_row(2), rows.pairs_in_row(7)), (5..6, 4..5, 0..1));
        assert_eq!(
            [rows.jaw_row(-50, false), rows.jaw_row(50, true), rows.jaw_row(-200, false)],
            [Some(5), Some(2), None]
        );
    }

    #[test]
    fn a_window_shows_what_matters() {
        let of = |first, spans| PixelRows::new(80, &[], 10, (first, None), spans).visible_pairs();
        let hand = |hand, spans| PixelRows::new(80, &[], 10, (None, Some(hand)), spans).visible_pairs();
        assert_eq!(of(None, [None; 2]), 30..50);
        assert_eq!(of(Some(3), [None; 2]), 3..23);
        assert_eq!(of(Some(99), [None; 2]), 60..80);
        assert_eq!(of(None, [None, Some((10, 15))]), 3..23);
        assert_eq!(of(None, [Some((20, 20)), Some((10, 60))]), 10..30, "what differs goes before what is open");
        assert_eq!(of(None, [Some((5, 70)), None]), 28..48, "too far apart: the middle of it");
        assert_eq!(hand(6, [Some((5, 70)), None]), 6..26);
        assert_eq!(hand(70, [Some((5, 70)), None]), 51..71);
        assert_eq!(PixelRows::new(0, &[], 10, (None, None), [None; 2]).visible_pairs(), 0..0);
        assert_eq!(PixelRows::new(80, &[], 0, (None, None), [None; 2]).visible_pairs(), 0..0);
    }
}
