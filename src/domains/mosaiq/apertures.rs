//! Apertures: what leaves leave open, and how far the jaws cover it, under each convention of leaves and jaws.
//!
//! Lengths are cm. Leaves are taken to travel along X. Which convention holds is known only after the last field.

use super::geometry::Span;
use super::leaves::{Convention, LeafPoint, LeafPositions, within_limits};
use crate::model::Row;

/// A pair is open if its gap is wider than the narrowest one of the control point by this, 1/100 cm.
const OPEN: i32 = 25;
/// Jaws fit a convention if width and jaws agree within this, cm.
const WIDTH_CM: f64 = 0.1;

const CONVENTIONS: [Convention; 2] = [Convention::Absolute, Convention::Outward];

/// How leaves and jaws are counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    pub(super) leaves: Convention,
    pub(super) jaws: Convention,
}

/// The aperture of a field over its control points.
#[derive(Clone, Debug, Default)]
pub(super) struct Aperture {
    /// How far open pairs reach beyond the left and the right jaw at most, and the number of the control point.
    pub(super) overhang: [Option<(f64, i64)>; 2],
    /// For the lower and the upper jaw where it is nearest to the centre: the outermost open pair there, the jaw's
    /// distance from the centre, and the number of the control point.
    pub(super) outermost: [Option<(usize, f64, i64)>; 2],
}

/// The apertures of a field under each convention of leaves and jaws.
#[derive(Debug, Default)]
pub(super) struct ApertureViews {
    /// Leaf pairs in use.
    pub(super) pairs: usize,
    /// Whether the jaws count outward; `None` if both conventions fit, or neither.
    pub(super) jaws_outward: Option<bool>,
    /// By convention of the leaves: the narrowest gap of the control points, and the apertures by that of the jaws.
    leaves: [(Option<Span>, [Aperture; 2]); 2],
}

/// The narrowest gaps of a field's control points under each convention of the leaves.
#[derive(Debug, Default)]
pub(super) struct NarrowestGaps {
    /// Leaf pairs in use.
    pub(super) pairs: usize,
    spans: [Option<Span>; 2],
}

impl NarrowestGaps {
    /// Returns the gaps of a field; `None` as for its apertures.
    pub(super) fn of_points(points: &[Row<'_>]) -> Option<Self> {
        let mut gaps = Self::default();
        for (point, pairs) in read_sound_points(points)? {
            gaps.pairs = point.leaves;
            for (leaves, span) in CONVENTIONS.iter().zip(&mut gaps.spans) {
                add_gap(span, narrowest_gap(&pairs, *leaves));
            }
        }
        Some(gaps)
    }

    /// Returns the span of the narrowest gaps of the control points.
    pub(super) fn narrowest(&self, leaves: Convention) -> Option<Span> {
        self.spans.get(index_of(leaves)).copied().flatten()
    }
}

/// Returns the control points that use leaves, with their pairs; `None` if there is none, if a leaf set is damaged or a
/// leaf out of any machine's reach, which other checks report.
fn read_sound_points<'s>(points: &[Row<'s>]) -> Option<Vec<(LeafPoint<'s>, Vec<LeafPositions>)>> {
    let mut sound: Vec<(LeafPoint<'s>, Vec<LeafPositions>)> = Vec::with_capacity(points.len());
    for point in points.iter().filter_map(LeafPoint::from_row) {
        let is_like_first = sound.first().is_none_or(|(first, _)| first.leaves == point.leaves);
        if !is_like_first || !point.is_whole() || !point.a.len().is_multiple_of(2) {
            return None;
        }
        let pairs: Vec<LeafPositions> = point.pairs().collect();
        if !pairs.iter().all(|pair| within_limits(pair.a) && within_limits(pair.b)) {
            return None;
        }
        sound.push((point, pairs));
    }
    (!sound.is_empty()).then_some(sound)
}

/// Widens a span by the gap of a control point.
fn add_gap(span: &mut Option<Span>, gap: Option<i32>) {
    let Some(gap) = gap.map(centimetres) else { return };
    let known = span.unwrap_or(Span { least: gap, most: gap });
    *span = Some(Span { least: known.least.min(gap), most: known.most.max(gap) });
}

impl ApertureViews {
    /// Returns the apertures of a field; `None` if a leaf set is damaged or a leaf out of any machine's reach, which
    /// other checks report.
    pub(super) fn of_points(points: &[Row<'_>]) -> Option<Self> {
        let points = read_sound_points(points)?;
        let pairs = points.first()?.0.leaves;
        let jaws_outward = jaws_outward(points.iter().map(|(point, _)| point));
        let mut views = Self { pairs, jaws_outward, ..Self::default() };
        for (point, pairs) in &points {
            let place = JawPlace::of_point(point);
            for (leaves, (narrowest, apertures)) in CONVENTIONS.iter().zip(&mut views.leaves) {
                let gap = narrowest_gap(pairs, *leaves);
                add_gap(narrowest, gap);
                let Some(open) = gap.and_then(|gap| OpenEdges::of_pairs(pairs, *leaves, gap)) else { continue };
                for (jaws, aperture) in CONVENTIONS.iter().zip(apertures) {
                    aperture.add_point(&open, &place, *jaws);
                }
            }
        }
        Some(views)
    }

    /// Returns the aperture under a view; `None` if leaves are crossed under it.
    pub(super) fn view(&self, view: View) -> Option<&Aperture> {
        let (narrowest, apertures) = self.leaves.get(index_of(view.leaves))?;
        narrowest.filter(|narrowest| narrowest.least >= 0.0).and_then(|_| apertures.get(index_of(view.jaws)))
    }
}

const fn index_of(convention: Convention) -> usize {
    match convention {
        Convention::Absolute => 0,
        Convention::Outward => 1,
    }
}

fn centimetres(hundredths: i32) -> f64 {
    f64::from(hundredths) / 100.0
}

fn narrowest_gap(pairs: &[LeafPositions], leaves: Convention) -> Option<i32> {
    pairs.iter().map(|pair| leaves.gap(*pair)).min()
}

/// Tells whether the jaws count outward, by width and jaws of the control points.
fn jaws_outward<'p, 's: 'p>(points: impl Iterator<Item = &'p LeafPoint<'s>>) -> Option<bool> {
    let (mut absolute, mut outward) = (true, true);
    for point in points {
        for (width, one, other) in [("Field_X", "Coll_X1", "Coll_X2"), ("Field_Y", "Coll_Y1", "Coll_Y2")] {
            let [Some(width), Some(one), Some(other)] = [width, one, other].map(|name| point.row.float(name)) else {
                continue;
            };
            absolute &= (width - (other - one)).abs() <= WIDTH_CM + 1e-9;
            outward &= (width - (one + other)).abs() <= WIDTH_CM + 1e-9;
        }
    }
    (absolute != outward).then_some(outward)
}

/// The open pairs of a control point: their left and right edge, 1/100 cm, and the first and the last of them.
struct OpenEdges {
    left: i32,
    right: i32,
    first: usize,
    last: usize,
}

impl OpenEdges {
    /// `None` if no pair is open.
    fn of_pairs(pairs: &[LeafPositions], leaves: Convention, narrowest: i32) -> Option<Self> {
        let mut edges: Option<Self> = None;
        for (at, pair) in pairs.iter().enumerate().filter(|(_, pair)| leaves.gap(**pair) > narrowest + OPEN) {
            let (a, right) = (i32::from(pair.a), i32::from(pair.b));
            let left = if leaves == Convention::Outward { -a } else { a };
            let known = edges.unwrap_or(Self { left, right, first: at, last: at });
            edges =
                Some(Self { left: known.left.min(left), right: known.right.max(right), first: known.first, last: at });
        }
        edges
    }
}

/// Where the jaws of a control point stand, cm, and its number.
struct JawPlace {
    number: i64,
    x: [Option<f64>; 2],
    y: [Option<f64>; 2],
}

impl JawPlace {
    fn of_point(point: &LeafPoint<'_>) -> Self {
        Self {
            number: point.row.integer("Point").unwrap_or_default(),
            x: ["Coll_X1", "Coll_X2"].map(|jaw| point.row.float(jaw)),
            y: ["Coll_Y1", "Coll_Y2"].map(|jaw| point.row.float(jaw)),
        }
    }
}

impl Aperture {
    fn add_point(&mut self, open: &OpenEdges, place: &JawPlace, jaws: Convention) {
        let inner = if jaws == Convention::Outward { 1.0 } else { -1.0 };
        let ([low_x, high_x], [low_y, high_y], number) = (place.x, place.y, place.number);
        // Distances of the jaws from the centre, positive on their own side.
        let overhang =
            [low_x.map(|jaw| -centimetres(open.left) - inner * jaw), high_x.map(|jaw| centimetres(open.right) - jaw)];
        for (known, now) in self.overhang.iter_mut().zip(overhang) {
            let is_more = now.is_some_and(|now| known.is_none_or(|(most, _)| now > most));
            *known = now.filter(|_| is_more).map(|now| (now, number)).or(*known);
        }
        let outermost =
            [low_y.map(|jaw| (open.first, inner * jaw, number)), high_y.map(|jaw| (open.last, jaw, number))];
        for (known, now) in self.outermost.iter_mut().zip(outermost) {
            let is_nearer = now.is_some_and(|(_, now, _)| known.is_none_or(|(_, least, _)| now < least));
            *known = now.filter(|_| is_nearer).or(*known);
        }
    }
}
