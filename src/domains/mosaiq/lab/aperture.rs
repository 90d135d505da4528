//! Leaf apertures of a lab: a target's outline as seen from the gantry, and leaves that follow it.
//!
//! Lengths are 1/100 cm in the plane of the isocentre, angles 1/10 degree, and sines thousandths.

use super::course::{Course, FieldVersion, LabField, Prescription};
use super::machine::MlcLayout;
use super::template::FieldKind;
use super::{LabRequest, random_between, random_stream};
use crate::model::seed::RecordRandom;

/// Closed pairs are parked behind the left jaw, no nearer to the centre than this.
// From here on the high byte of a position is not zero: readers strip trailing zeros of a set.
const PARKED: i64 = -270;
/// The left jaw stays on its side of the middle.
const NEAREST_JAW: i64 = -50;
/// Margin of a conformal aperture around its target, and of the jaws around the aperture.
const MARGIN: i64 = 60;

/// Left, right, lower and upper edge of the jaws.
pub(super) type JawEdges = (i64, i64, i64, i64);

/// Returns the sine of an angle by Bhaskara's approximation: whole numbers, the same on every platform.
pub(super) fn sine(tenths: i64) -> i64 {
    let angle = tenths.rem_euclid(3600);
    let (half, sign) = if angle < 1800 { (angle, 1) } else { (angle - 1800, -1) };
    let product = half * (1800 - half);
    sign * 4000 * product / (4_050_000 - product)
}

pub(super) fn cosine(tenths: i64) -> i64 {
    sine(tenths + 900)
}

/// An elliptic target, partly hidden by an organ.
#[derive(Debug)]
struct TreatedShape {
    /// Half the size across, in depth and along the patient.
    across: i64,
    deep: i64,
    along: i64,
    /// Offset of the middle from the isocentre in the same directions.
    middle: (i64, i64, i64),
    /// The gantry angle from which the organ hides most of the target.
    organ_angle: i64,
    /// The range along the patient in which the organ lies.
    organ: (i64, i64),
}

impl TreatedShape {
    fn new(request: &LabRequest, course: &Course, site: &Prescription) -> Self {
        let mut random = random_stream(request, "lab/target", &[course.index]);
        let percent = random_between(&mut random, 85, 115) * if site.first_fraction > 0 { 70 } else { 100 } / 100;
        let (across, deep, along) = site.template.target;
        let along = along * percent / 100;
        let organ = random_between(&mut random, -along / 2, along / 3);
        Self {
            across: across * percent / 100,
            deep: deep * percent / 100,
            along,
            middle: (
                random_between(&mut random, -90, 90),
                random_between(&mut random, -90, 90),
                random_between(&mut random, -60, 60),
            ),
            organ_angle: random_between(&mut random, 0, 3599),
            organ: (organ, organ + along / 3),
        }
    }

    /// Returns middle and half the width as seen from a gantry angle.
    fn seen_from(&self, gantry: i64) -> (i64, i64) {
        let (sine, cosine) = (sine(gantry), cosine(gantry));
        let (a, b) = (self.across * cosine, self.deep * sine);
        ((self.middle.0 * cosine + self.middle.1 * sine) / 1000, (a * a + b * b).isqrt() / 1000)
    }
}

/// A leaf pair in front of the target.
#[derive(Debug)]
struct OpenPair {
    pair: usize,
    /// Width of the target at this pair, in thousandths of its widest.
    width: i64,
    /// Whether the organ lies here.
    organ: bool,
    /// Phases of the left and the right leaf's swing, 1/10 degree.
    phases: (i64, i64),
    /// How far a swing or a window reaches into the target, in thousandths.
    depth: i64,
}

/// The leaves of a field, moved from control point to control point.
#[derive(Debug)]
pub(super) struct LeafMotion<'a> {
    leaves: &'static MlcLayout,
    kind: FieldKind,
    target: TreatedShape,
    rows: Vec<OpenPair>,
    /// Swings of a leaf per turn of the gantry.
    swings: i64,
    /// The longest way of a leaf between two points; `None` if the beam is off between them.
    step: Option<i64>,
    version: &'a FieldVersion,
    random: RecordRandom,
    /// Left and right end of every pair's opening.
    now: Vec<(i64, i64)>,
    /// Whether the leaves stand at a first control point, from which their speed counts.
    begun: bool,
}

impl<'a> LeafMotion<'a> {
    pub(super) fn new(
        request: &LabRequest,
        course: &Course,
        site: &Prescription,
        field: &LabField,
        version: &'a FieldVersion,
    ) -> Self {
        let mut random = random_stream(request, "lab/aperture", &[course.index, site.first_fraction, field.number]);
        let target = TreatedShape::new(request, course, site);
        let leaves = &course.machine.leaves;
        let (base, slope) = (random_between(&mut random, 0, 3599), random_between(&mut random, 40, 160));
        let swings = random_between(&mut random, 2, 4);
        // A stream of its own: a new version opens the same target a little differently.
        let mut own = random_stream(request, "lab/aperture/version", &[course.index, version.version.id]);
        let shift = random_between(&mut own, 0, 400);
        let mut rows = Vec::new();
        for (pair, number) in (0..).zip(0..leaves.pairs) {
            let along = leaves.pair_middle(number) - target.middle.2;
            // The chord of the ellipse at this height; outside the target there is none.
            let rest = target.along * target.along - along * along;
            if rest <= 0 {
                continue;
            }
            let phase = base + shift + slope * number;
            let [left, right, deeper] = [0; 3].map(|_| random_between(&mut random, 0, 250));
            rows.push(OpenPair {
                pair,
                width: 1000 * rest.isqrt() / target.along,
                organ: (target.organ.0..target.organ.1).contains(&along),
                phases: (phase + left, phase + 1300 + right),
                depth: 780 + deeper / 2,
            });
        }
        let gaps = version.points - 1;
        let continuous = matches!(field.kind, FieldKind::Vmat | FieldKind::Dmlc) && gaps > 0;
        // Nine tenths of the leaves' speed: times are rounded, and a check compares the speed with the machine's.
        let step = continuous.then(|| leaves.speed * version.beam_ms * 9 / (10_000 * gaps.max(1)));
        let now = vec![(PARKED - leaves.closed, PARKED); usize::try_from(leaves.pairs).unwrap_or(0)];
        Self { leaves, kind: field.kind, target, rows, swings, step, version, random: own, now, begun: false }
    }

    /// Parks all pairs behind the left jaw, each field at another position.
    pub(super) fn park_beyond(&mut self, jaw: i64) {
        let place = (jaw - random_between(&mut self.random, 20, 70)).min(PARKED);
        self.now.fill((place - self.leaves.closed, place));
    }

    /// Returns left, right, lower and upper jaw around every opening of the field, in whole millimetres.
    pub(super) fn jaws(&self, gantries: impl Iterator<Item = i64>) -> JawEdges {
        let (mut left, mut right) = (0, 0);
        for gantry in gantries {
            let (middle, half) = self.target.seen_from(gantry);
            left = left.min(middle - half - 2 * MARGIN);
            right = right.max(middle + half + 2 * MARGIN);
        }
        let (low, high) = (self.target.middle.2 - self.target.along, self.target.middle.2 + self.target.along);
        // Rounded down; 9 more rounds the right jaw up.
        let [left, right, low, high] =
            [left, right + 9, low - MARGIN, high + MARGIN].map(|length| length.div_euclid(10) * 10);
        (left, right, low, high)
    }

    /// Returns the jaws at the control point that the leaves were moved to, inside those of the whole field.
    pub(super) fn jaws_now(&self, whole: JawEdges) -> JawEdges {
        let open = self.rows.iter().filter_map(|row| self.now.get(row.pair));
        let (mut left, mut right) = (whole.1, whole.0);
        for (from, to) in open {
            (left, right) = (left.min(*from), right.max(*to));
        }
        let [left, right] = [left - MARGIN, right + MARGIN + 9].map(|length| length.div_euclid(10) * 10);
        // A jaw never passes the middle.
        (
            left.clamp(whole.0, NEAREST_JAW.max(whole.0)),
            right.clamp(-NEAREST_JAW, whole.1.max(-NEAREST_JAW)),
            whole.2,
            whole.3,
        )
    }

    /// Moves the leaves to a control point, and returns both banks as the machine writes them.
    pub(super) fn move_to(&mut self, point: i64, gantry: i64) -> (Vec<u8>, Vec<u8>) {
        let seen = self.target.seen_from(gantry);
        // Step and shoot: both points of a segment have the same shape.
        if self.kind != FieldKind::StepAndShoot || point % 2 == 0 {
            let segment = self.segment_window(point);
            for row in &self.rows {
                let aim = match self.kind {
                    FieldKind::Vmat => self.arc_opening(row, seen, gantry),
                    FieldKind::Dmlc => self.sliding_opening(row, seen, gantry, point),
                    _ => self.conformal_opening(row, seen, gantry, segment),
                };
                if let Some(now) = self.now.get_mut(row.pair) {
                    *now = step_towards(*now, aim, self.step.filter(|_| self.begun));
                }
            }
            self.begun = true;
        }
        self.encode_banks()
    }

    /// Returns the window of a segment in thousandths of half the target's width. The first one covers the target.
    fn segment_window(&mut self, point: i64) -> (i64, i64) {
        if self.kind != FieldKind::StepAndShoot || point == 0 {
            return (-1100, 1100);
        }
        let left = random_between(&mut self.random, -1100, 300);
        (left, left + random_between(&mut self.random, 500, 1100))
    }

    /// Returns the ends of the target at a pair, without the part on the right side that the organ hides.
    fn outline(&self, row: &OpenPair, seen: (i64, i64), gantry: i64) -> (i64, i64) {
        let (middle, half) = seen;
        let reach = half * row.width / 1000;
        let hidden = if row.organ { sine(gantry - self.target.organ_angle).max(0) * reach / 1500 } else { 0 };
        let left = middle - reach - MARGIN;
        (left, (middle + reach + MARGIN - hidden).max(left + 2 * self.leaves.narrowest()))
    }

    /// Returns an opening that follows the outline inside a window.
    fn conformal_opening(&self, row: &OpenPair, seen: (i64, i64), gantry: i64, window: (i64, i64)) -> (i64, i64) {
        let slit = self.leaves.narrowest();
        let (left, right) = self.outline(row, seen, gantry);
        let (from, to) = (seen.0 + seen.1 * window.0 / 1000, seen.0 + seen.1 * window.1 / 1000);
        let left = from.clamp(left, (right - slit).max(left));
        (left, to.clamp(left + slit, right.max(left + slit)))
    }

    /// Returns an opening whose leaves swing into the target and out again while the gantry turns.
    fn arc_opening(&self, row: &OpenPair, seen: (i64, i64), gantry: i64) -> (i64, i64) {
        let slit = self.leaves.narrowest();
        let (left, right) = self.outline(row, seen, gantry);
        let reach = (right - left) / 2 * row.depth / 1000;
        let [from_left, from_right] =
            [row.phases.0, row.phases.1].map(|phase| reach * (1000 + sine(self.swings * gantry + phase)) / 2000);
        let left = left + from_left;
        (left, (right - from_right).max(left + slit))
    }

    /// Returns a window that slides from left to right over the target.
    fn sliding_opening(&self, row: &OpenPair, seen: (i64, i64), gantry: i64, point: i64) -> (i64, i64) {
        let slit = self.leaves.narrowest();
        let (left, right) = self.outline(row, seen, gantry);
        let way = (right - left - slit).max(0);
        let done = 1000 * point / (self.version.points - 1).max(1);
        let lag = 350 + (row.depth - 780) * 2;
        // A quarter is open at the start, and at the end.
        let leading = 250 + done * (500 + lag) / 1000;
        let [trailing, leading] =
            [leading - lag, leading].map(|thousandths| left + way * thousandths.clamp(0, 1000) / 1000);
        (trailing, leading + slit)
    }

    fn encode_banks(&self) -> (Vec<u8>, Vec<u8>) {
        let length = if self.leaves.padded { 200 } else { 2 * self.now.len() };
        let (mut a, mut b) = (Vec::with_capacity(length), Vec::with_capacity(length));
        for (left, right) in &self.now {
            let left = if self.leaves.outward { -left } else { *left };
            a.extend_from_slice(&i16::try_from(left).unwrap_or_default().to_le_bytes());
            b.extend_from_slice(&i16::try_from(*right).unwrap_or_default().to_le_bytes());
        }
        a.resize(length, 0);
        b.resize(length, 0);
        (a, b)
    }
}

/// Moves both ends of an opening towards an aim, at most one step each.
fn step_towards(now: (i64, i64), aim: (i64, i64), step: Option<i64>) -> (i64, i64) {
    match step {
        Some(step) => (aim.0.clamp(now.0 - step, now.0 + step), aim.1.clamp(now.1 - step, now.1 + step)),
        None => aim,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sine_is_near_and_turns_round() {
        for tenths in (-7200..7200).step_by(7) {
            let exact = 1000.0 * (f64::from(tenths) / 1800.0 * std::f64::consts::PI).sin();
            assert!((sine(i64::from(tenths)) as f64 - exact).abs() < 3.0, "{tenths}");
        }
    }

    #[test]
    fn a_slow_leaf_never_meets_its_partner() {
        let (mut now, aims) = ((-500, -470), [(400, 430), (-500, -470), (0, 800)]);
        for aim in aims.iter().cycle().take(50) {
            let next = step_towards(now, *aim, Some(70));
            assert!(next.1 - next.0 >= 30 && (next.0 - now.0).abs() <= 70 && (next.1 - now.1).abs() <= 70);
            now = next;
        }
    }
}
