//! Apertures: what leaves leave open, and how far the jaws cover it, under each convention of leaves and jaws.
//!
//! Lengths are cm. Leaves are taken to travel along X. Which convention holds is known only after the last field.

use super::geometry::Span;
use super::leaves::{Convention, LeafPoint, within_limits};
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

impl ApertureViews {
    /// Returns the apertures of a field; `None` if a leaf set is damaged or a leaf out of any machine's reach, which
    /// other checks report.
    pub(super) fn of_points(points: &[Row<'_>]) -> Option<Self> {
        let points: Vec<LeafPoint<'_>> = points.iter().filter_map(LeafPoint::from_row).collect();
        let pairs = points.first()?.leaves;
        let is_sound = points.iter().all(|point| {
            point.leaves == pairs
                && point.is_whole()
                && point.a.len().is_multiple_of(2)
                && point.leaf_positions().all(within_limits)
        });
        if !is_sound {
            return None;
        }
        let mut views = Self { pairs, jaws_outward: jaws_outward(&points), ..Self::default() };
        for (leaves, (narrowest, apertures)) in CONVENTIONS.iter().zip(&mut views.leaves) {
            let gaps = points.iter().filter_map(|point| narrowest_gap(point, *leaves)).map(centimetres);
            *narrowest = Span::of_numbers(gaps);
            for (jaws, aperture) in CONVENTIONS.iter().zip(apertures) {
                for point in &points {
                    aperture.add_point(point, View { leaves: *leaves, jaws: *jaws });
                }
            }
        }
        Some(views)
    }

    /// Returns the span of the narrowest gaps of the control points.
    pub(super) fn narrowest(&self, leaves: Convention) -> Option<Span> {
        self.leaves.get(index_of(leaves)).and_then(|(narrowest, _)| *narrowest)
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

fn narrowest_gap(point: &LeafPoint<'_>, leaves: Convention) -> Option<i32> {
    point.pairs().map(|pair| leaves.gap(pair)).min()
}

/// Tells whether the jaws count outward, by width and jaws of the control points.
fn jaws_outward(points: &[LeafPoint<'_>]) -> Option<bool> {
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

impl Aperture {
    fn add_point(&mut self, point: &LeafPoint<'_>, view: View) {
        let Some(narrowest) = narrowest_gap(point, view.leaves) else { return };
        let number = point.row.integer("Point").unwrap_or_default();
        let open = point.pairs().enumerate().filter(|(_, pair)| view.leaves.gap(*pair) > narrowest + OPEN);
        let (mut left, mut right, mut pairs) = (i32::MAX, i32::MIN, None);
        for (at, pair) in open {
            let a = i32::from(pair.a);
            left = left.min(if view.leaves == Convention::Outward { -a } else { a });
            right = right.max(i32::from(pair.b));
            let (first, _) = pairs.unwrap_or((at, at));
            pairs = Some((first, at));
        }
        let Some((first, last)) = pairs else { return };
        let inner = if view.jaws == Convention::Outward { 1.0 } else { -1.0 };
        let [low_x, high_x, low_y, high_y] =
            ["Coll_X1", "Coll_X2", "Coll_Y1", "Coll_Y2"].map(|jaw| point.row.float(jaw));
        // Distances of the jaws from the centre, positive on their own side.
        let overhang = [low_x.map(|jaw| -centimetres(left) - inner * jaw), high_x.map(|jaw| centimetres(right) - jaw)];
        for (known, now) in self.overhang.iter_mut().zip(overhang) {
            let is_more = now.is_some_and(|now| known.is_none_or(|(most, _)| now > most));
            *known = now.filter(|_| is_more).map(|now| (now, number)).or(*known);
        }
        let outermost = [low_y.map(|jaw| (first, inner * jaw, number)), high_y.map(|jaw| (last, jaw, number))];
        for (known, now) in self.outermost.iter_mut().zip(outermost) {
            let is_nearer = now.is_some_and(|(_, now, _)| known.is_none_or(|(_, least, _)| now < least));
            *known = now.filter(|_| is_nearer).or(*known);
        }
    }
}
