//! Deliveries as they come by in the order of their starts, those that may meet put together; judges none of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};

use super::deliveries::{Delivery, judged_duration};
use super::lookup::{CompactKey, LookupId};
use crate::model::Row;

/// A delivery with a start, in a few bytes.
#[derive(Clone, Debug)]
pub(super) struct DeliveryRecord {
    pub(super) key: CompactKey,
    pub(super) patient: LookupId,
    pub(super) machine: LookupId,
    pub(super) field: LookupId,
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

impl DeliveryRecord {
    fn from_row(row: &Row<'_>) -> Option<Self> {
        let start = row.time("Create_DtTm")?;
        let lasted = row.time("Edit_DtTm").and_then(|end| end.elapsed_since(start)).filter(SignedDuration::is_positive);
        let set = |column: &str| row.flag(column) == Some(true);
        Some(Self {
            key: row.key().into(),
            patient: LookupId::from_cell(row.cell("Pat_ID1")),
            machine: LookupId::from_cell(row.cell("Machine_ID_Staff_ID")),
            field: LookupId::from_cell(row.cell("FLD_ID")),
            start: start.instant(),
            end: start.instant().saturating_add(lasted.unwrap_or_default()),
            zoned: start.is_zoned(),
            day: start.wall.date(),
            counts: Delivery::from_row(row).is_ok(),
            judged: judged_duration(row).is_some(),
            begun: set("WasBeamOn") && !set("WasBeamComplete"),
        })
    }
}

/// The deliveries that come by.
#[derive(Debug, Default)]
pub(super) struct DeliveryStream {
    passing: Vec<DeliveryRecord>,
    latest: Option<DateTime>,
    disordered: bool,
}

impl DeliveryStream {
    /// Takes in rows; those before them are gone.
    pub(super) fn replace_batch(&mut self, rows: &[Row<'_>]) {
        self.passing.clear();
        self.passing.extend(rows.iter().filter_map(DeliveryRecord::from_row));
        let starts = self.latest.into_iter().chain(self.passing.iter().map(|slim| slim.start));
        self.disordered |= !starts.is_sorted();
        self.latest = self.passing.last().map(|slim| slim.start).or(self.latest);
    }

    /// Returns the deliveries of the rows that were last taken in.
    pub(super) fn batch(&self) -> &[DeliveryRecord] {
        &self.passing
    }

    /// Tells whether a delivery came by after one that started later.
    pub(super) const fn is_disordered(&self) -> bool {
        self.disordered
    }
}

/// The deliveries that are compared with each other.
type GroupKey = (LookupId, LookupId, bool);

/// What deliveries are compared within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeliveryScope {
    /// The deliveries of a patient.
    Patient,
    /// Those on a machine.
    Machine,
    /// Those of a patient on a machine.
    Both,
}

impl DeliveryScope {
    /// Times with an offset from UTC and times without one are compared each among themselves.
    fn group_key(self, slim: &DeliveryRecord) -> GroupKey {
        let (patient, machine) = match self {
            Self::Patient => (slim.patient.clone(), LookupId::Null),
            Self::Machine => (LookupId::Null, slim.machine.clone()),
            Self::Both => (slim.patient.clone(), slim.machine.clone()),
        };
        (patient, machine, slim.zoned)
    }
}

/// Deliveries that count, those that are compared together, by start and key.
///
/// Wherever nothing went on for longer than a gap, one group ends and the next begins: few are held at a time.
#[derive(Debug)]
pub(super) struct DeliveryGroups {
    within: DeliveryScope,
    gap: SignedDuration,
    open: BTreeMap<GroupKey, OpenGroup>,
}

/// Deliveries that may meet others to come.
#[derive(Debug, Default)]
struct OpenGroup {
    /// When the last of them ends.
    end: DateTime,
    deliveries: Vec<DeliveryRecord>,
}

impl OpenGroup {
    /// Shows what is there, and forgets it.
    fn flush(&mut self, look: &mut dyn FnMut(&[DeliveryRecord])) {
        if self.deliveries.len() > 1 {
            self.deliveries.sort_by(|a, b| (a.start, &a.key).cmp(&(b.start, &b.key)));
            look(&self.deliveries);
        }
        self.deliveries.clear();
    }
}

impl DeliveryGroups {
    /// Returns groups that end where nothing goes on for longer than a gap.
    pub(super) fn new(within: DeliveryScope, gap: SignedDuration) -> Self {
        Self { within, gap: gap.max(SignedDuration::ZERO), open: BTreeMap::new() }
    }

    /// Takes in deliveries, and shows the groups of several that have ended.
    pub(super) fn add_batch(&mut self, passing: &[DeliveryRecord], look: &mut dyn FnMut(&[DeliveryRecord])) {
        let gap = self.gap;
        let over = |group: &OpenGroup, now: DateTime| now.duration_since(group.end) > gap;
        for slim in passing.iter().filter(|slim| slim.counts) {
            let group = self.open.entry(self.within.group_key(slim)).or_default();
            if over(group, slim.start) {
                group.flush(look);
            }
            group.end = if group.deliveries.is_empty() { slim.end } else { group.end.max(slim.end) };
            group.deliveries.push(slim.clone());
        }
        let Some(now) = passing.last().map(|slim| slim.start) else { return };
        self.open.retain(|_, group| {
            let over = over(group, now);
            if over {
                group.flush(look);
            }
            !over
        });
    }

    /// Shows the groups that are left.
    pub(super) fn finish(&mut self, look: &mut dyn FnMut(&[DeliveryRecord])) {
        std::mem::take(&mut self.open).values_mut().for_each(|group| group.flush(look));
    }
}

/// The shortest delivery of every field that is judged, and continues no other of the day.
#[derive(Debug, Default)]
pub(super) struct ShortestDeliveries {
    day: Date,
    /// Fields and patients of the day whose treatment was interrupted.
    interrupted: BTreeSet<(LookupId, LookupId)>,
    of_day: BTreeMap<(LookupId, LookupId), (f64, CompactKey)>,
    all: BTreeMap<LookupId, (f64, CompactKey)>,
}

impl ShortestDeliveries {
    /// Takes in deliveries.
    pub(super) fn add_batch(&mut self, passing: &[DeliveryRecord]) {
        for slim in passing.iter().filter(|slim| !slim.field.is_null() && (slim.begun || slim.judged)) {
            if std::mem::replace(&mut self.day, slim.day) != slim.day {
                self.end_day();
            }
            let place = (slim.field.clone(), slim.patient.clone());
            if slim.begun {
                self.interrupted.insert(place);
            } else {
                let lasted = (slim.end.duration_since(slim.start).as_secs_f64(), slim.key.clone());
                keep_shorter(&mut self.of_day, place, lasted);
            }
        }
    }

    fn end_day(&mut self) {
        let interrupted = std::mem::take(&mut self.interrupted);
        for (place, lasted) in std::mem::take(&mut self.of_day) {
            if !interrupted.contains(&place) {
                keep_shorter(&mut self.all, place.0, lasted);
            }
        }
    }

    /// Returns a field's shortest delivery, its seconds and its key, once all have come by.
    pub(super) fn find_shortest(&mut self, field: &LookupId) -> Option<&(f64, CompactKey)> {
        self.end_day();
        self.all.get(field)
    }
}

/// Keeps the shorter of two deliveries; of equally long ones that with the first key.
fn keep_shorter<P: Ord>(kept: &mut BTreeMap<P, (f64, CompactKey)>, place: P, lasted: (f64, CompactKey)) {
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

    fn at_minute(minute: i64) -> DateTime {
        jiff::civil::datetime(2024, 5, 6, 8, 0, 0, 0) + SignedDuration::from_mins(minute)
    }

    fn delivery_at(key: i64, patient: i64, machine: i64, (start, lasted): (i64, i64)) -> DeliveryRecord {
        DeliveryRecord {
            key: CompactKey::Number(key),
            patient: LookupId::Number(patient),
            machine: LookupId::Number(machine),
            field: LookupId::Number(patient * 10),
            start: at_minute(start),
            end: at_minute(start + lasted),
            zoned: false,
            day: at_minute(start).date(),
            counts: true,
            judged: true,
            begun: false,
        }
    }

    /// Deliveries in the order of their starts.
    fn sorted_deliveries() -> impl Strategy<Value = Vec<DeliveryRecord>> {
        let delivery = (0_i64..3, 0_i64..2, (0_i64..300, 0_i64..30));
        prop::collection::vec(delivery, 0..60).prop_map(|mut all| {
            all.sort_by_key(|(.., (start, _))| *start);
            (0..)
                .zip(all)
                .map(|(at, (patient, machine, times))| delivery_at(50 - at, patient, machine, times))
                .collect()
        })
    }

    fn collect_groups(
        course: &[DeliveryRecord],
        within: DeliveryScope,
        gap: SignedDuration,
        part: usize,
    ) -> Vec<Vec<DeliveryRecord>> {
        let (mut groups, mut shown) = (DeliveryGroups::new(within, gap), Vec::new());
        course.chunks(part).for_each(|part| groups.add_batch(part, &mut |group| shown.push(group.to_vec())));
        groups.finish(&mut |group| shown.push(group.to_vec()));
        shown
    }

    proptest! {
        #[test]
        fn what_may_meet_is_shown_together(course in sorted_deliveries(), gap in 0_i64..20, part in 1_usize..9) {
            let gap = SignedDuration::from_mins(gap);
            for within in [DeliveryScope::Patient, DeliveryScope::Machine, DeliveryScope::Both] {
                let shown = collect_groups(&course, within, gap, part);
                let group_of = |slim: &DeliveryRecord| shown.iter().position(|group| group.iter().any(|one| one.key == slim.key));
                for (at, first) in course.iter().enumerate() {
                    for later in course.iter().skip(at + 1).filter(|later| within.group_key(first) == within.group_key(later)) {
                        if later.start.duration_since(first.end) <= gap {
                            prop_assert!(group_of(first).is_some() && group_of(first) == group_of(later));
                        }
                    }
                }
                for group in &shown {
                    prop_assert!(group.len() > 1 && group.is_sorted_by_key(|slim| (slim.start, slim.key.clone())));
                    prop_assert!(group.iter().all(|slim| within.group_key(slim) == within.group_key(&group[0])));
                }
                let all: usize = shown.iter().map(Vec::len).sum();
                let once: BTreeSet<&CompactKey> = shown.iter().flatten().map(|slim| &slim.key).collect();
                prop_assert_eq!(all, once.len());
            }
        }
    }

    #[test]
    fn a_long_course_is_not_held() {
        let day =
            |day: i64| (0..40).map(move |at| delivery_at(day * 40 + at, at % 20, at % 3, (day * 1440 + at * 10, 9)));
        let mut groups = DeliveryGroups::new(DeliveryScope::Patient, SignedDuration::from_secs(10));
        for number in 0..500 {
            groups.add_batch(&day(number).collect::<Vec<_>>(), &mut |_| panic!("nobody is treated twice"));
            assert!(groups.open.len() <= 1, "{} patients are held", groups.open.len());
        }
    }

    #[test]
    fn a_delivery_that_continues_another_is_not_the_shortest() {
        let begun = |slim: DeliveryRecord| DeliveryRecord { begun: true, judged: false, ..slim };
        let mut shortest = ShortestDeliveries::default();
        shortest.add_batch(&[
            delivery_at(1, 7, 1, (0, 9)),
            delivery_at(2, 8, 1, (10, 4)),
            delivery_at(3, 8, 1, (20, 4)),
        ]);
        shortest.add_batch(&[
            begun(delivery_at(4, 7, 1, (30, 2))),
            delivery_at(5, 7, 1, (1440, 8)),
            delivery_at(6, 7, 1, (2880, 8)),
        ]);
        let mut of = |patient: i64| shortest.find_shortest(&LookupId::Number(patient * 10)).cloned();
        assert_eq!(of(7), Some((480.0, CompactKey::Number(5))), "the first day was interrupted");
        assert_eq!((of(8), of(9)), (Some((240.0, CompactKey::Number(2))), None));
    }
}
