//! The treatment machines, and how each of them writes its leaves, angles and metersets.

use super::calendar::{self, Day};
use super::template::Template;
use super::treatments::PELVIS_BOX;

/// A machine of a department.
#[derive(Debug)]
pub(super) struct LabMachine {
    pub(super) staff_id: i64,
    pub(super) name: &'static str,
    pub(super) leaves: MlcLayout,
    /// Whether Coll_X1 and Coll_Y1 count outward from the centre; otherwise all jaws are in one coordinate.
    pub(super) jaws_outward: bool,
    /// Whether the jaws follow the leaves from control point to control point, where these move.
    pub(super) jaws_follow: bool,
    /// Whether TxFieldPoint.Index is in monitor units instead of percent.
    pub(super) index_in_units: bool,
    /// Whether collimator angles beyond 180 degrees are written as negative ones.
    pub(super) signed_collimator: bool,
    /// Degrees between two control points of an arc.
    pub(super) arc_step: i64,
    /// Offset_Type of its imaging: 2 localisation, 3 portal, 4 third party.
    pub(super) offset_type: i64,
    /// Place in the department of the machine of the same model that stands in on days of service.
    pub(super) twin: Option<usize>,
    /// The cases in its timetable. The first of them cover what the machine can do, for labs of few patients.
    pub(super) mix: &'static [&'static Template],
}

/// A multi-leaf collimator, and how its leaf sets are written.
#[derive(Debug)]
pub(super) struct MlcLayout {
    pub(super) pairs: i64,
    /// Width of the inner pairs, 1/100 cm.
    pub(super) width: i64,
    /// Width of the outer pairs, 1/100 cm.
    pub(super) outer_width: i64,
    /// Number of outer pairs at each end.
    pub(super) outer_pairs: i64,
    /// Gap of a closed pair, 1/100 cm.
    pub(super) closed: i64,
    /// Whether each bank counts outward from the centre; otherwise both are in one coordinate.
    pub(super) outward: bool,
    /// Whether a set is filled up with zeros to the column's width.
    pub(super) padded: bool,
    /// 1/100 cm a second.
    pub(super) speed: i64,
}

const fn mlc_layout(pairs: i64, width: i64, closed: i64, speed: i64) -> MlcLayout {
    MlcLayout { pairs, width, outer_width: width, outer_pairs: 0, closed, outward: false, padded: false, speed }
}

// Modelled on four real collimators: 80 pairs of 0.5 cm, 60 with 1 cm at both ends, 60 narrow ones, 40 of 1 cm. Their
// closed pairs are as far apart as those of the public mock.
pub(super) const NARROW: MlcLayout = mlc_layout(80, 50, 40, 600);
pub(super) const MIDDLE: MlcLayout = MlcLayout { outer_width: 100, outer_pairs: 10, ..mlc_layout(60, 50, 0, 250) };
pub(super) const FINE: MlcLayout = MlcLayout { outer_width: 50, outer_pairs: 14, ..mlc_layout(60, 25, 0, 250) };
pub(super) const WIDE: MlcLayout = mlc_layout(40, 100, 50, 250);

impl MlcLayout {
    /// Returns the position of a pair's middle along the field, 1/100 cm.
    pub(super) const fn pair_middle(&self, pair: i64) -> i64 {
        let twice = 2 * pair + 1 - self.pairs;
        let inner = self.pairs - 2 * self.outer_pairs;
        let size = if twice < 0 { -twice } else { twice };
        let place = if size <= inner {
            size * self.width / 2
        } else {
            (inner * self.width + (size - inner) * self.outer_width) / 2
        };
        if twice < 0 { -place } else { place }
    }

    /// Returns the narrowest opening of a pair in use, 1/100 cm.
    pub(super) const fn narrowest(&self) -> i64 {
        if self.closed > 20 { self.closed + 10 } else { 30 }
    }
}

impl LabMachine {
    /// Returns the template for the n-th case, repeating the mix.
    pub(super) fn template_for(&self, number: i64) -> &'static Template {
        let at = usize::try_from(number).unwrap_or(0).checked_rem(self.mix.len()).unwrap_or(0);
        self.mix.get(at).copied().unwrap_or(&PELVIS_BOX)
    }

    /// Tells whether it treats on a day: a working day without service, which comes every eighth week.
    pub(super) fn is_running_on(&self, day: Day) -> bool {
        calendar::is_working_day(day) && !self.is_serviced_on(day)
    }

    fn is_serviced_on(&self, day: Day) -> bool {
        (day.div_euclid(7) + 3 * self.staff_id) % 8 == 0 && calendar::weekday(day) == self.staff_id % 5
    }

    /// Tells whether it has beams of a template's kind, energy and dose rate.
    pub(super) fn treats(&self, template: &Template) -> bool {
        let beams = |other: &Template| (other.kind, other.energy, other.rate);
        self.mix.iter().any(|own| beams(own) == beams(template))
    }

    /// Returns the place of the timetable whose patient is treated at the other machine on a day; `None` on days
    /// without service.
    pub(super) fn moved_place(&self, day: Day, places: i64) -> Option<i64> {
        let moves = calendar::is_working_day(day) && self.is_serviced_on(day);
        moves.then(|| (day.div_euclid(7) / 8 * 5).rem_euclid(places))
    }

    /// Returns a collimator angle as the machine writes it, degrees.
    pub(super) const fn written_collimator(&self, angle: i64) -> i64 {
        if self.signed_collimator && angle > 180 { angle - 360 } else { angle }
    }
}
