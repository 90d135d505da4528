//! Fractions that were given: the complete deliveries of a treatment field over the days of a course. Holds a few
//! numbers for a field, not the deliveries.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};

use super::deliveries::is_set;
use super::limits::DUPLICATE_WINDOW_SECONDS;
use super::lookup::{CompactKey, LookupId};
use super::orders::Orders;
use crate::model::Row;

/// A complete delivery to a patient.
#[derive(Clone, Debug)]
pub(super) struct GivenBeam {
    pub(super) key: CompactKey,
    /// FLD_ID.
    pub(super) field: LookupId,
    /// As the clock showed it.
    pub(super) start: DateTime,
    /// Never before the start.
    pub(super) end: DateTime,
}

impl GivenBeam {
    /// Reads a row; `None` unless the beam was on, complete, not cancelled and not for quality assurance.
    pub(super) fn from_row(row: &Row<'_>) -> Option<Self> {
        let is_given = is_set(row, "WasBeamOn") && is_set(row, "WasBeamComplete") && !is_set(row, "WasCanceled");
        let start = row.time("Create_DtTm").filter(|_| is_given && !is_set(row, "WasQAMode"))?;
        let lasted = row.time("Edit_DtTm").and_then(|end| end.elapsed_since(start)).filter(SignedDuration::is_positive);
        Some(Self {
            key: row.key().into(),
            field: LookupId::from_cell(row.cell("FLD_ID")),
            start: start.wall,
            end: start.wall.saturating_add(lasted.unwrap_or_default()),
        })
    }
}

/// Two deliveries of a field that follow each other.
#[derive(Clone, Debug)]
pub(super) struct BeamPair {
    pub(super) first: CompactKey,
    pub(super) second: CompactKey,
    pub(super) day: Date,
    /// From start to start.
    pub(super) apart: SignedDuration,
    /// From day to day.
    pub(super) days: i64,
}

/// The fractions of one field, over all of its versions.
#[derive(Clone, Debug)]
pub(super) struct FieldCourse {
    /// SIT_SET_ID of its prescription.
    pub(super) site: LookupId,
    /// Number of fractions given.
    pub(super) count: i64,
    /// Number of days on which one was given.
    pub(super) days: i64,
    /// The second fractions of a day: how many, the first of them, and the one that followed soonest.
    pub(super) doubles: i64,
    pub(super) first_double: Option<BeamPair>,
    pub(super) closest_double: Option<BeamPair>,
    /// Fractions on consecutive days: how many, and the first.
    pub(super) consecutive: i64,
    pub(super) first_consecutive: Option<BeamPair>,
    /// The longest break.
    pub(super) longest_break: Option<BeamPair>,
    /// The first fraction beyond those that are prescribed.
    pub(super) surplus: Option<CompactKey>,
    last: GivenBeam,
}

impl FieldCourse {
    fn new(beam: GivenBeam, site: LookupId) -> Self {
        Self {
            site,
            count: 1,
            days: 1,
            doubles: 0,
            first_double: None,
            closest_double: None,
            consecutive: 0,
            first_consecutive: None,
            longest_break: None,
            surplus: None,
            last: beam,
        }
    }

    /// Adds a later delivery. One within the window of duplicates, or while the last one runs, is the same beam
    /// recorded twice, which is another check's matter.
    fn add_beam(&mut self, beam: GivenBeam) -> bool {
        let apart = beam.start.duration_since(self.last.start);
        if apart <= SignedDuration::from_secs(DUPLICATE_WINDOW_SECONDS) || beam.start < self.last.end {
            return false;
        }
        let days = i64::from(self.last.start.date().until(beam.start.date()).map_or(0, |span| span.get_days()));
        let pair =
            BeamPair { first: self.last.key.clone(), second: beam.key.clone(), day: beam.start.date(), apart, days };
        self.count += 1;
        self.days += i64::from(days > 0);
        match days {
            0 => {
                self.doubles += 1;
                if self.closest_double.as_ref().is_none_or(|closest| apart < closest.apart) {
                    self.closest_double = Some(pair.clone());
                }
                self.first_double.get_or_insert(pair);
            }
            1 => {
                self.consecutive += 1;
                self.first_consecutive.get_or_insert(pair);
            }
            _ if self.longest_break.as_ref().is_none_or(|longest| days > longest.days) => {
                self.longest_break = Some(pair);
            }
            _ => {}
        }
        self.last = beam;
        true
    }

    /// Returns the key of the latest delivery.
    pub(super) const fn last_key(&self) -> &CompactKey {
        &self.last.key
    }

    /// Tells whether it was given twice on at least a third of its days.
    pub(super) const fn is_twice_daily(&self) -> bool {
        self.doubles * 3 >= self.days && self.doubles > 1
    }
}

/// The fractions of all treatment fields.
#[derive(Debug, Default)]
pub(super) struct FractionHistory {
    courses: BTreeMap<LookupId, FieldCourse>,
    /// Number of fractions given with each version of a field, by FLD_ID.
    by_version: BTreeMap<LookupId, i64>,
}

impl FractionHistory {
    /// Adds deliveries in the order of their starts.
    pub(super) fn add_rows(&mut self, rows: &[Row<'_>], orders: &Orders) {
        for beam in rows.iter().filter_map(GivenBeam::from_row) {
            let Some(field) = orders.field(&beam.field).filter(|field| field.is_treatment()) else { continue };
            self.add_beam(beam, &field.set, &field.site, orders);
        }
    }

    fn add_beam(&mut self, beam: GivenBeam, set: &LookupId, site: &LookupId, orders: &Orders) {
        let (key, version) = (beam.key.clone(), beam.field.clone());
        let course = match self.courses.get_mut(set) {
            Some(course) => {
                if !course.add_beam(beam) {
                    return;
                }
                course
            }
            None => self.courses.entry(set.clone()).or_insert_with(|| FieldCourse::new(beam, site.clone())),
        };
        *self.by_version.entry(version).or_default() += 1;
        let prescribed = orders.current(site).and_then(|order| order.fractions);
        if prescribed.is_some_and(|prescribed| course.count > prescribed) {
            course.surplus.get_or_insert(key);
        }
    }

    /// Returns the courses in the order of their fields' sets.
    pub(super) fn courses(&self) -> impl Iterator<Item = (&LookupId, &FieldCourse)> {
        self.courses.iter()
    }

    /// Returns the course of a field by FLD_SET_ID.
    pub(super) fn course(&self, set: &LookupId) -> Option<&FieldCourse> {
        self.courses.get(set)
    }

    /// Returns how many fractions were given with a version of a field.
    pub(super) fn count_of_version(&self, field: &LookupId) -> i64 {
        self.by_version.get(field).copied().unwrap_or_default()
    }
}
