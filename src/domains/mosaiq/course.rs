//! Deliveries streamed in the order of their starts, and those that may overlap grouped for comparison. Holds no more
//! than the open groups in memory.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};

use super::deliveries::{Delivery, is_set, judged_duration};
use super::lookup::{CompactKey, LookupId};
use crate::model::Row;
use crate::model::time::Time;

/// The columns of a delivery that checks compare, without the row: a table has millions.
#[derive(Clone, Debug)]
pub(super) struct DeliveryRecord {
    pub(super) key: CompactKey,
    pub(super) patient: LookupId,
    pub(super) machine: LookupId,
    pub(super) field: LookupId,
    /// UTC if the cell names an offset, else local.
    pub(super) start: DateTime,
    /// Never before the start.
    pub(super) end: DateTime,
    /// When the field was sent to the machine (Sent_DtTm), if between start and end: a delivery is recorded when it is
    /// queued, and runs once it was sent.
    pub(super) sent: Option<DateTime>,
    /// Whether the start names its offset from UTC.
    zoned: bool,
    /// The day of the start as written, not converted to UTC.
    day: Date,
    /// Whether it is compared with other deliveries.
    counts: bool,
    /// Whether its duration is checked.
    judged: bool,
    /// Beam on, but not complete: interrupted.
    begun: bool,
}

impl DeliveryRecord {
    fn from_row(row: &Row<'_>) -> Option<Self> {
        let start = row.time("Create_DtTm")?;
        // A missing end, or one before the start, counts as no duration: another check reports it.
        let lasted = row.time("Edit_DtTm").and_then(|end| end.elapsed_since(start)).filter(SignedDuration::is_positive);
        let end = start.instant().saturating_add(lasted.unwrap_or_default());
        let sent = row.time("Sent_DtTm").filter(|sent| sent.is_zoned() == start.is_zoned()).map(Time::instant);
        Some(Self {
            key: row.key().into(),
            patient: LookupId::from_cell(row.cell("Pat_ID1")),
            machine: LookupId::from_cell(row.cell("Machine_ID_Staff_ID")),
            field: LookupId::from_cell(row.cell("FLD_ID")),
            start: start.instant(),
            end,
            sent: sent.filter(|sent| (start.instant()..=end).contains(sent)),
            zoned: start.is_zoned(),
            day: start.wall.date(),
            counts: Delivery::from_row(row).is_ok(),
            judged: judged_duration(row).is_some(),
            begun: is_set(row, "WasBeamOn") && !is_set(row, "WasBeamComplete"),
        })
    }
}

impl DeliveryRecord {
    /// Tells whether it was queued together with an earlier delivery of another field, and sent after that one ended.
    pub(super) fn ran_after(&self, earlier: &Self) -> bool {
        self.field != earlier.field && self.sent.is_some_and(|sent| sent >= earlier.end)
    }
}

/// The current batch of deliveries, and whether all batches were in order so far.
#[derive(Debug, Default)]
pub(super) struct DeliveryStream {
    passing: Vec<DeliveryRecord>,
    latest: Option<DateTime>,
    disordered: bool,
}

impl DeliveryStream {
    /// Replaces the batch with the deliveries of these rows.
    pub(super) fn replace_batch(&mut self, rows: &[Row<'_>]) {
        self.passing.clear();
        self.passing.extend(rows.iter().filter_map(DeliveryRecord::from_row));
        let starts = self.latest.into_iter().chain(self.passing.iter().map(|delivery| delivery.start));
        self.disordered |= !starts.is_sorted();
        self.latest = self.passing.last().map(|delivery| delivery.start).or(self.latest);
    }

    pub(super) fn batch(&self) -> &[DeliveryRecord] {
        &self.passing
    }

    /// Tells whether any delivery so far came after one that started later.
    pub(super) const fn is_disordered(&self) -> bool {
        self.disordered
    }
}

/// Patient, machine (NULL if the scope ignores it), and whether the times name an offset from UTC.
type GroupKey = (LookupId, LookupId, bool);

/// Which deliveries are compared with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeliveryScope {
    /// Those of one patient.
    Patient,
    /// Those on one machine.
    Machine,
    /// Those of one patient on one machine.
    Both,
}

impl DeliveryScope {
    fn group_key(self, delivery: &DeliveryRecord) -> GroupKey {
        let (patient, machine) = match self {
            Self::Patient => (delivery.patient.clone(), LookupId::Null),
            Self::Machine => (LookupId::Null, delivery.machine.clone()),
            Self::Both => (delivery.patient.clone(), delivery.machine.clone()),
        };
        // A local time cannot be placed on the UTC time line, so that the two kinds are never compared.
        (patient, machine, delivery.zoned)
    }
}

/// Groups comparable deliveries that follow each other closely, sorted by start and key.
///
/// A pause longer than the gap ends a group, so that few deliveries are held at a time.
#[derive(Debug)]
pub(super) struct DeliveryGroups {
    within: DeliveryScope,
    gap: SignedDuration,
    open: BTreeMap<GroupKey, OpenGroup>,
}

#[derive(Debug, Default)]
struct OpenGroup {
    /// The latest end among the deliveries.
    end: DateTime,
    deliveries: Vec<DeliveryRecord>,
}

impl OpenGroup {
    /// Tells whether a delivery that starts now is too late to join.
    fn has_ended(&self, now: DateTime, gap: SignedDuration) -> bool {
        now.duration_since(self.end) > gap
    }

    /// Hands on the deliveries if there are several, and empties the group.
    fn flush(&mut self, look: &mut dyn FnMut(&[DeliveryRecord])) {
        if self.deliveries.len() > 1 {
            self.deliveries.sort_by(|a, b| (a.start, &a.key).cmp(&(b.start, &b.key)));
            look(&self.deliveries);
        }
        self.deliveries.clear();
    }
}

impl DeliveryGroups {
    /// `gap` is the longest pause inside a group; a negative one counts as zero.
    pub(super) fn new(within: DeliveryScope, gap: SignedDuration) -> Self {
        Self { within, gap: gap.max(SignedDuration::ZERO), open: BTreeMap::new() }
    }

    /// Adds deliveries, and hands on the groups of several that have ended.
    pub(super) fn add_batch(&mut self, passing: &[DeliveryRecord], look: &mut dyn FnMut(&[DeliveryRecord])) {
        let gap = self.gap;
        for delivery in passing.iter().filter(|delivery| delivery.counts) {
            let group = self.open.entry(self.within.group_key(delivery)).or_default();
            if group.has_ended(delivery.start, gap) {
                group.flush(look);
            }
            // The end of an emptied group is stale.
            group.end = if group.deliveries.is_empty() { delivery.end } else { group.end.max(delivery.end) };
            group.deliveries.push(delivery.clone());
        }
        // The stream is in order: no later delivery can join a group that has ended by the last start.
        let Some(now) = passing.last().map(|delivery| delivery.start) else { return };
        self.open.retain(|_, group| {
            let ended = group.has_ended(now, gap);
            if ended {
                group.flush(look);
            }
            !ended
        });
    }

    /// Hands on the groups that are still open.
    pub(super) fn finish(&mut self, look: &mut dyn FnMut(&[DeliveryRecord])) {
        for group in std::mem::take(&mut self.open).values_mut() {
            group.flush(look);
        }
    }
}

/// The shortest checked delivery of every field, in seconds. A delivery that continues an interrupted one of the same
/// day does not count.
#[derive(Debug, Default)]
pub(super) struct ShortestDeliveries {
    day: Date,
    /// Fields and patients of the day whose treatment was interrupted.
    interrupted: BTreeSet<(LookupId, LookupId)>,
    of_day: BTreeMap<(LookupId, LookupId), (f64, CompactKey)>,
    all: BTreeMap<LookupId, (f64, CompactKey)>,
}

impl ShortestDeliveries {
    pub(super) fn add_batch(&mut self, passing: &[DeliveryRecord]) {
        for delivery in
            passing.iter().filter(|delivery| !delivery.field.is_null() && (delivery.begun || delivery.judged))
        {
            // Only at the end of a day is it known which treatments were interrupted on it.
            if std::mem::replace(&mut self.day, delivery.day) != delivery.day {
                self.end_day();
            }
            let place = (delivery.field.clone(), delivery.patient.clone());
            if delivery.begun {
                self.interrupted.insert(place);
            } else {
                let lasted = (delivery.end.duration_since(delivery.start).as_secs_f64(), delivery.key.clone());
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

    /// Returns duration in seconds and key of a field's shortest delivery. Call it after the last batch only.
    pub(super) fn find_shortest(&mut self, field: &LookupId) -> Option<&(f64, CompactKey)> {
        self.end_day();
        self.all.get(field)
    }
}

/// Replaces an entry by a shorter delivery.
fn keep_shorter<P: Ord>(shortest: &mut BTreeMap<P, (f64, CompactKey)>, place: P, lasted: (f64, CompactKey)) {
    let Some(best) = shortest.get_mut(&place) else {
        shortest.insert(place, lasted);
        return;
    };
    // The key decides between equal durations, so that the finding does not depend on the order of the rows.
    if lasted.0.total_cmp(&best.0).then_with(|| lasted.1.cmp(&best.1)).is_lt() {
        *best = lasted;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at_minute(minute: i64) -> DateTime {
        jiff::civil::datetime(2024, 5, 6, 8, 0, 0, 0) + SignedDuration::from_mins(minute)
    }

    fn delivery_at(key: i64, patient: i64, machine: i64, start: i64, lasted: i64) -> DeliveryRecord {
        DeliveryRecord {
            key: CompactKey::Number(key),
            patient: LookupId::Number(patient),
            machine: LookupId::Number(machine),
            field: LookupId::Number(patient * 10),
            start: at_minute(start),
            end: at_minute(start + lasted),
            sent: None,
            zoned: false,
            day: at_minute(start).date(),
            counts: true,
            judged: true,
            begun: false,
        }
    }

    fn sorted_deliveries() -> impl Strategy<Value = Vec<DeliveryRecord>> {
        let delivery = (0_i64..3, 0_i64..2, (0_i64..300, 0_i64..30));
        prop::collection::vec(delivery, 0..60).prop_map(|mut all| {
            all.sort_by_key(|(.., (start, _))| *start);
            let mut deliveries = Vec::new();
            for (at, (patient, machine, (start, lasted))) in (0..).zip(all) {
                deliveries.push(delivery_at(50 - at, patient, machine, start, lasted));
            }
            deliveries
        })
    }

    fn collect_groups(
        course: &[DeliveryRecord],
        within: DeliveryScope,
        gap: SignedDuration,
        part: usize,
    ) -> Vec<Vec<DeliveryRecord>> {
        let (mut groups, mut shown) = (DeliveryGroups::new(within, gap), Vec::new());
        for batch in course.chunks(part) {
            groups.add_batch(batch, &mut |group| shown.push(group.to_vec()));
        }
        groups.finish(&mut |group| shown.push(group.to_vec()));
        shown
    }

    fn position_of(delivery: &DeliveryRecord, groups: &[Vec<DeliveryRecord>]) -> Option<usize> {
        groups.iter().position(|group| group.iter().any(|one| one.key == delivery.key))
    }

    proptest! {
        #[test]
        fn what_may_meet_is_shown_together(course in sorted_deliveries(), gap in 0_i64..20, part in 1_usize..9) {
            let gap = SignedDuration::from_mins(gap);
            for within in [DeliveryScope::Patient, DeliveryScope::Machine, DeliveryScope::Both] {
                let shown = collect_groups(&course, within, gap, part);
                for (at, first) in course.iter().enumerate() {
                    let key = within.group_key(first);
                    for later in course.iter().skip(at + 1).filter(|later| within.group_key(later) == key) {
                        if later.start.duration_since(first.end) <= gap {
                            let group = position_of(first, &shown);
                            prop_assert!(group.is_some() && group == position_of(later, &shown));
                        }
                    }
                }
                for group in &shown {
                    let key = within.group_key(&group[0]);
                    prop_assert!(group.len() > 1 && group.iter().all(|one| within.group_key(one) == key));
                    prop_assert!(group.is_sorted_by_key(|one| (one.start, one.key.clone())));
                }
                let all: usize = shown.iter().map(Vec::len).sum();
                let once: BTreeSet<&CompactKey> = shown.iter().flatten().map(|delivery| &delivery.key).collect();
                prop_assert_eq!(all, once.len());
            }
        }
    }

    #[test]
    fn a_long_course_is_not_held() {
        let mut groups = DeliveryGroups::new(DeliveryScope::Patient, SignedDuration::from_secs(10));
        for day in 0..500 {
            let batch: Vec<DeliveryRecord> =
                (0..40).map(|at| delivery_at(day * 40 + at, at % 20, at % 3, day * 1440 + at * 10, 9)).collect();
            groups.add_batch(&batch, &mut |_| panic!("nobody is treated twice"));
            assert!(groups.open.len() <= 1, "{} patients are held", groups.open.len());
        }
    }

    #[test]
    fn a_delivery_that_continues_another_is_not_the_shortest() {
        let interrupted = DeliveryRecord { begun: true, judged: false, ..delivery_at(4, 7, 1, 30, 2) };
        let mut shortest = ShortestDeliveries::default();
        shortest.add_batch(&[delivery_at(1, 7, 1, 0, 9), delivery_at(2, 8, 1, 10, 4), delivery_at(3, 8, 1, 20, 4)]);
        shortest.add_batch(&[interrupted, delivery_at(5, 7, 1, 1440, 8), delivery_at(6, 7, 1, 2880, 8)]);
        let [seven, eight, nine] = [70, 80, 90].map(|field| shortest.find_shortest(&LookupId::Number(field)).cloned());
        assert_eq!(seven, Some((480.0, CompactKey::Number(5))), "the first day was interrupted");
        assert_eq!((eight, nine), (Some((240.0, CompactKey::Number(2))), None));
    }
}
