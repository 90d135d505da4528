//! Deliveries as they come by in the order of their starts, those that may meet put together; judges none of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};

use super::deliveries::{Delivery, judged};
use super::lookup::{Id, SlimKey};
use crate::model::Row;

/// A delivery with a start, in a few bytes.
#[derive(Clone, Debug)]
pub(super) struct Slim {
    pub(super) key: SlimKey,
    pub(super) patient: Id,
    pub(super) machine: Id,
    pub(super) field: Id,
    pub(super) start: DateTime,
    /// Never before the start.
    pub(super) end: DateTime,
    /// Whether it is compared with others.
    counts: bool,
    /// Whether its length is judged.
    judged: bool,
    /// Whether its beam was on, and it is not complete.
    begun: bool,
}

impl Slim {
    fn read(row: &Row<'_>) -> Option<Self> {
        let start = row.datetime("Create_DtTm")?;
        let set = |column: &str| row.flag(column) == Some(true);
        Some(Self {
            key: row.key().into(),
            patient: Id::of(row.cell("Pat_ID1")),
            machine: Id::of(row.cell("Machine_ID_Staff_ID")),
            field: Id::of(row.cell("FLD_ID")),
            start,
            end: row.datetime("Edit_DtTm").unwrap_or(start).max(start),
            counts: Delivery::read(row).is_ok(),
            judged: judged(row).is_some(),
            begun: set("WasBeamOn") && !set("WasBeamComplete"),
        })
    }
}

/// The deliveries that come by.
#[derive(Debug, Default)]
pub(super) struct Course {
    passing: Vec<Slim>,
    latest: Option<DateTime>,
    disordered: bool,
}

impl Course {
    /// Takes in rows; those before them are gone.
    pub(super) fn take(&mut self, rows: &[Row<'_>]) {
        self.passing.clear();
        self.passing.extend(rows.iter().filter_map(Slim::read));
        let starts = self.latest.into_iter().chain(self.passing.iter().map(|slim| slim.start));
        self.disordered |= !starts.is_sorted();
        self.latest = self.passing.last().map(|slim| slim.start).or(self.latest);
    }

    /// Returns the deliveries of the rows that were last taken in.
    pub(super) fn passing(&self) -> &[Slim] {
        &self.passing
    }

    /// Tells whether a delivery came by after one that started later.
    pub(super) const fn is_disordered(&self) -> bool {
        self.disordered
    }
}

/// What deliveries are compared within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Within {
    /// The deliveries of a patient.
    Patient,
    /// Those on a machine.
    Machine,
    /// Those of a patient on a machine.
    Both,
}

impl Within {
    fn place(self, slim: &Slim) -> (Id, Id) {
        match self {
            Self::Patient => (slim.patient.clone(), Id::Null),
            Self::Machine => (Id::Null, slim.machine.clone()),
            Self::Both => (slim.patient.clone(), slim.machine.clone()),
        }
    }
}

/// Deliveries that count, those that are compared together, by start and key.
///
/// Wherever nothing went on for longer than a gap, one group ends and the next begins: few are held at a time.
#[derive(Debug)]
pub(super) struct Groups {
    within: Within,
    gap: SignedDuration,
    open: BTreeMap<(Id, Id), Group>,
}

/// Deliveries that may meet others to come.
#[derive(Debug, Default)]
struct Group {
    /// When the last of them ends.
    end: DateTime,
    deliveries: Vec<Slim>,
}

impl Group {
    /// Shows what is there, and forgets it.
    fn show(&mut self, look: &mut dyn FnMut(&[Slim])) {
        if self.deliveries.len() > 1 {
            self.deliveries.sort_by(|a, b| (a.start, &a.key).cmp(&(b.start, &b.key)));
            look(&self.deliveries);
        }
        self.deliveries.clear();
    }
}

impl Groups {
    /// Returns groups that end where nothing goes on for longer than a gap.
    pub(super) fn new(within: Within, gap: SignedDuration) -> Self {
        Self { within, gap: gap.max(SignedDuration::ZERO), open: BTreeMap::new() }
    }

    /// Takes in deliveries, and shows the groups of several that have ended.
    pub(super) fn take(&mut self, passing: &[Slim], look: &mut dyn FnMut(&[Slim])) {
        let gap = self.gap;
        let over = |group: &Group, now: DateTime| now.duration_since(group.end) > gap;
        for slim in passing.iter().filter(|slim| slim.counts) {
            let group = self.open.entry(self.within.place(slim)).or_default();
            if over(group, slim.start) {
                group.show(look);
            }
            group.end = if group.deliveries.is_empty() { slim.end } else { group.end.max(slim.end) };
            group.deliveries.push(slim.clone());
        }
        let Some(now) = passing.last().map(|slim| slim.start) else { return };
        self.open.retain(|_, group| {
            let over = over(group, now);
            if over {
                group.show(look);
            }
            !over
        });
    }

    /// Shows the groups that are left.
    pub(super) fn finish(&mut self, look: &mut dyn FnMut(&[Slim])) {
        std::mem::take(&mut self.open).values_mut().for_each(|group| group.show(look));
    }
}

/// The shortest delivery of every field that is judged, and continues no other of the day.
#[derive(Debug, Default)]
pub(super) struct Shortest {
    day: Date,
    /// Fields and patients of the day whose treatment was interrupted.
    interrupted: BTreeSet<(Id, Id)>,
    of_day: BTreeMap<(Id, Id), (f64, SlimKey)>,
    all: BTreeMap<Id, (f64, SlimKey)>,
}

impl Shortest {
    /// Takes in deliveries.
    pub(super) fn take(&mut self, passing: &[Slim]) {
        for slim in passing.iter().filter(|slim| !slim.field.is_null() && (slim.begun || slim.judged)) {
            let day = slim.start.date();
            if std::mem::replace(&mut self.day, day) != day {
                self.end_day();
            }
            let place = (slim.field.clone(), slim.patient.clone());
            if slim.begun {
                self.interrupted.insert(place);
            } else {
                let lasted = (slim.end.duration_since(slim.start).as_secs_f64(), slim.key.clone());
                shorten(&mut self.of_day, place, lasted);
            }
        }
    }

    fn end_day(&mut self) {
        let interrupted = std::mem::take(&mut self.interrupted);
        for (place, lasted) in std::mem::take(&mut self.of_day) {
            if !interrupted.contains(&place) {
                shorten(&mut self.all, place.0, lasted);
            }
        }
    }

    /// Returns a field's shortest delivery, its seconds and its key, once all have come by.
    pub(super) fn of(&mut self, field: &Id) -> Option<&(f64, SlimKey)> {
        self.end_day();
        self.all.get(field)
    }
}

/// Keeps the shorter of two deliveries; of equally long ones that with the first key.
fn shorten<P: Ord>(kept: &mut BTreeMap<P, (f64, SlimKey)>, place: P, lasted: (f64, SlimKey)) {
    match kept.get_mut(&place) {
        None => drop(kept.insert(place, lasted)),
        Some(best) => {
            if lasted.0.total_cmp(&best.0).then_with(|| lasted.1.cmp(&best.1)).is_lt() {
                *best = lasted;
            }
        }
    }
}
