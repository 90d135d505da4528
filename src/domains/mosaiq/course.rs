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
    /// In UTC where it names an offset.
    pub(super) start: DateTime,
    /// Never before the start.
    pub(super) end: DateTime,
    /// Whether the start names its offset from UTC.
    zoned: bool,
    /// The day of the start, by its own clock.
    day: Date,
    /// Whether it is compared with others.
    counts: bool,
    /// Whether its length is judged.
    judged: bool,
    /// Whether its beam was on, and it is not complete.
    begun: bool,
}

impl Slim {
    fn read(row: &Row<'_>) -> Option<Self> {
        let start = row.time("Create_DtTm")?;
        let lasted = row.time("Edit_DtTm").and_then(|end| end.since(start)).filter(SignedDuration::is_positive);
        let set = |column: &str| row.flag(column) == Some(true);
        Some(Self {
            key: row.key().into(),
            patient: Id::of(row.cell("Pat_ID1")),
            machine: Id::of(row.cell("Machine_ID_Staff_ID")),
            field: Id::of(row.cell("FLD_ID")),
            start: start.instant(),
            end: start.instant().saturating_add(lasted.unwrap_or_default()),
            zoned: start.is_zoned(),
            day: start.wall.date(),
            counts: Delivery::read(row).is_ok(),
            judged: judged(row).is_some(),
            begun: set("WasBeamOn") && !set("WasBeamComplete"),
        })
    }
}

/// The deliveries that come by.
#[derive(Debug, Default)]
pub(super) struct DeliveryStream {
    passing: Vec<Slim>,
    latest: Option<DateTime>,
    disordered: bool,
}

impl DeliveryStream {
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

/// The deliveries that are compared with each other.
type DeliveryGroup = (Id, Id, bool);

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
    /// Times with an offset from UTC and times without one are compared each among themselves.
    fn place(self, slim: &Slim) -> DeliveryGroup {
        let (patient, machine) = match self {
            Self::Patient => (slim.patient.clone(), Id::Null),
            Self::Machine => (Id::Null, slim.machine.clone()),
            Self::Both => (slim.patient.clone(), slim.machine.clone()),
        };
        (patient, machine, slim.zoned)
    }
}

/// Deliveries that count, those that are compared together, by start and key.
///
/// Wherever nothing went on for longer than a gap, one group ends and the next begins: few are held at a time.
#[derive(Debug)]
pub(super) struct Groups {
    within: Within,
    gap: SignedDuration,
    open: BTreeMap<DeliveryGroup, Group>,
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
            if std::mem::replace(&mut self.day, slim.day) != slim.day {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn minute(minute: i64) -> DateTime {
        jiff::civil::datetime(2024, 5, 6, 8, 0, 0, 0) + SignedDuration::from_mins(minute)
    }

    fn slim(key: i64, patient: i64, machine: i64, (start, lasted): (i64, i64)) -> Slim {
        Slim {
            key: SlimKey::Number(key),
            patient: Id::Number(patient),
            machine: Id::Number(machine),
            field: Id::Number(patient * 10),
            start: minute(start),
            end: minute(start + lasted),
            zoned: false,
            day: minute(start).date(),
            counts: true,
            judged: true,
            begun: false,
        }
    }

    /// Deliveries in the order of their starts.
    fn course() -> impl Strategy<Value = Vec<Slim>> {
        let delivery = (0_i64..3, 0_i64..2, (0_i64..300, 0_i64..30));
        prop::collection::vec(delivery, 0..60).prop_map(|mut all| {
            all.sort_by_key(|(.., (start, _))| *start);
            (0..).zip(all).map(|(at, (patient, machine, times))| slim(50 - at, patient, machine, times)).collect()
        })
    }

    fn groups(course: &[Slim], within: Within, gap: SignedDuration, part: usize) -> Vec<Vec<Slim>> {
        let (mut groups, mut shown) = (Groups::new(within, gap), Vec::new());
        course.chunks(part).for_each(|part| groups.take(part, &mut |group| shown.push(group.to_vec())));
        groups.finish(&mut |group| shown.push(group.to_vec()));
        shown
    }

    proptest! {
        #[test]
        fn what_may_meet_is_shown_together(course in course(), gap in 0_i64..20, part in 1_usize..9) {
            let gap = SignedDuration::from_mins(gap);
            for within in [Within::Patient, Within::Machine, Within::Both] {
                let shown = groups(&course, within, gap, part);
                let group_of = |slim: &Slim| shown.iter().position(|group| group.iter().any(|one| one.key == slim.key));
                for (at, first) in course.iter().enumerate() {
                    for later in course.iter().skip(at + 1).filter(|later| within.place(first) == within.place(later)) {
                        if later.start.duration_since(first.end) <= gap {
                            prop_assert!(group_of(first).is_some() && group_of(first) == group_of(later));
                        }
                    }
                }
                for group in &shown {
                    prop_assert!(group.len() > 1 && group.is_sorted_by_key(|slim| (slim.start, slim.key.clone())));
                    prop_assert!(group.iter().all(|slim| within.place(slim) == within.place(&group[0])));
                }
                let all: usize = shown.iter().map(Vec::len).sum();
                let once: BTreeSet<&SlimKey> = shown.iter().flatten().map(|slim| &slim.key).collect();
                prop_assert_eq!(all, once.len());
            }
        }
    }

    #[test]
    fn a_long_course_is_not_held() {
        let day = |day: i64| (0..40).map(move |at| slim(day * 40 + at, at % 20, at % 3, (day * 1440 + at * 10, 9)));
        let mut groups = Groups::new(Within::Patient, SignedDuration::from_secs(10));
        for number in 0..500 {
            groups.take(&day(number).collect::<Vec<_>>(), &mut |_| panic!("nobody is treated twice"));
            assert!(groups.open.len() <= 1, "{} patients are held", groups.open.len());
        }
    }

    #[test]
    fn a_delivery_that_continues_another_is_not_the_shortest() {
        let begun = |slim: Slim| Slim { begun: true, judged: false, ..slim };
        let mut shortest = Shortest::default();
        shortest.take(&[slim(1, 7, 1, (0, 9)), slim(2, 8, 1, (10, 4)), slim(3, 8, 1, (20, 4))]);
        shortest.take(&[begun(slim(4, 7, 1, (30, 2))), slim(5, 7, 1, (1440, 8)), slim(6, 7, 1, (2880, 8))]);
        let mut of = |patient: i64| shortest.of(&Id::Number(patient * 10)).cloned();
        assert_eq!(of(7), Some((480.0, SlimKey::Number(5))), "the first day was interrupted");
        assert_eq!((of(8), of(9)), (Some((240.0, SlimKey::Number(2))), None));
    }
}
