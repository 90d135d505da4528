//! The days and hours at which a patient comes to the machine.

use super::calendar::Day;
use super::machine::LabMachine;
use super::roster::TreatmentCase;
use super::{LabRequest, random_between, random_stream};
use crate::model::seed::RecordRandom;

/// Slots in a machine's day, one patient each. [`EARLY`] more after them are for second sessions.
pub(super) const PLACES: i64 = 18;
/// The first slots, whose patients may come twice a day and therefore stay early.
pub(super) const EARLY: i64 = 2;

/// A visit to the machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct MachineVisit {
    pub(super) day: Day,
    pub(super) slot: i64,
    /// The patient's own machine, or the one that stands in for it.
    pub(super) machine: &'static LabMachine,
}

/// The slot of a patient of another machine, which is serviced on that day: after all others.
pub(super) const GUEST: i64 = PLACES + EARLY;

/// Returns the sessions of a course: one or two on every working day of the machine, large fractions days apart, with a
/// day missed now and then. One course in forty ends early.
pub(super) fn plan_sessions(request: &LabRequest, case: &TreatmentCase, first: Day) -> Vec<MachineVisit> {
    let mut random = random_stream(request, "lab/days", &[case.index]);
    let all = case.fractions + case.boost.map_or(0, |(_, fractions)| fractions);
    let mut missed = if case.visit_count() > 5 { random_between(&mut random, 0, 2) } else { 0 };
    let delivered =
        if all >= 10 && random.below(40) == 0 { random_between(&mut random, all / 3, all - 2) } else { all };
    let (mut out, mut day, mut moves) = (Vec::new(), first, SlotSwaps::default());
    let count = usize::try_from(delivered).unwrap_or(0);
    while out.len() < count {
        // Never the first session: it fixes the days of the preparation.
        let misses = missed > 0 && !out.is_empty() && random.below(12) == 0;
        if case.machine.is_running_on(day) && misses {
            missed -= 1;
        } else if case.machine.is_running_on(day) {
            moves.turn_to(request, case.machine, day);
            out.push(MachineVisit { day, slot: moves.slot_on(day, case.slot), machine: case.machine });
            if case.twice && out.len() < count {
                out.push(MachineVisit { day, slot: moves.slot_on(day, case.slot + PLACES), machine: case.machine });
            }
            day += case.days_apart - 1;
        } else if let Some(machine) = find_stand_in(request, case, day).filter(|_| !out.is_empty()) {
            out.push(MachineVisit { day, slot: GUEST, machine });
            day += case.days_apart - 1;
        }
        day += 1;
    }
    out
}

/// Returns the machine that treats a patient on a day of service of the patient's own. It has time for one.
fn find_stand_in(request: &LabRequest, case: &TreatmentCase, day: Day) -> Option<&'static LabMachine> {
    let twin = request.machines().get(case.machine.twin?)?;
    let boost = case.boost.map_or(case.template, |(template, _)| template);
    let fits = !case.twice && twin.treats(case.template) && twin.treats(boost) && twin.is_running_on(day);
    (fits && case.machine.moved_place(day, PLACES) == Some(case.slot)).then_some(twin)
}

/// The slots of a machine's timetable that are swapped in a week. Both slots of a swap move at once, so that two
/// patients never have the same slot.
#[derive(Debug, Default)]
struct SlotSwaps {
    week: Option<i64>,
    /// A bit for every slot of the morning that is swapped with its slot of the afternoon, all week.
    halves: u64,
    /// A bit for every pair of neighbours that is swapped, for each day of the week.
    neighbours: u64,
}

impl SlotSwaps {
    fn turn_to(&mut self, request: &LabRequest, machine: &LabMachine, day: Day) {
        let week = day.div_euclid(7);
        if self.week == Some(week) {
            return;
        }
        // By machine and week, not by patient: all patients of a machine must see the same swaps.
        let mut random = random_stream(request, "lab/moves", &[machine.staff_id, week]);
        let (halves, neighbours) = (rare_bits(&mut random, 3), rare_bits(&mut random, 4));
        *self = Self { week: Some(week), halves, neighbours };
    }

    /// Returns the slot on a day for a place of the timetable.
    fn slot_on(&self, day: Day, place: i64) -> i64 {
        let (all, half) = (PLACES - EARLY, (PLACES - EARLY) / 2);
        let late = (EARLY..PLACES).contains(&place);
        let is_swapped = late && has_bit(self.halves, (place - EARLY) % half);
        let place = if is_swapped { EARLY + (place - EARLY + half) % all } else { place };
        let pairs = PLACES / 2 + 1;
        if has_bit(self.neighbours, day.rem_euclid(7) * pairs + place / 2) { place ^ 1 } else { place }
    }
}

/// Returns random bits of which one in `2^times` is set.
fn rare_bits(random: &mut RecordRandom, times: u32) -> u64 {
    (0..times).fold(u64::MAX, |bits, _| bits & random.below(1 << 52))
}

fn has_bit(bits: u64, at: i64) -> bool {
    u32::try_from(at).is_ok_and(|at| bits.checked_shr(at).unwrap_or(0) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_places_ever_meet() {
        let mut random = random_stream(
            &LabRequest { patients: 1, seed: 1, until: super::super::UNTIL, scenario: None },
            "test",
            &[],
        );
        let mut moved = 0;
        for _ in 0..200 {
            let moves = SlotSwaps { week: None, halves: random.below(1 << 52), neighbours: random.below(1 << 52) };
            for day in 0..5 {
                let mut seen: Vec<i64> = (0..PLACES + EARLY).map(|place| moves.slot_on(day, place)).collect();
                moved += seen.iter().zip(0..).filter(|(now, place)| **now != *place).count();
                assert!(seen[..2].iter().all(|slot| *slot < EARLY), "early places stay early");
                seen.sort_unstable();
                assert!(seen.into_iter().eq(0..PLACES + EARLY));
            }
        }
        assert!(moved > 1000);
    }
}
