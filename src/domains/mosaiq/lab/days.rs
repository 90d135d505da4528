//! The days and hours on which a patient comes to the machine; knows no field and no plan.

use super::calendar::Day;
use super::machine::LabMachine;
use super::roster::TreatmentCase;
use super::{LabRequest, random_between, random_stream};

/// Places in a machine's day for one patient each; two more after them are for second sessions.
pub(super) const PLACES: i64 = 18;
/// The first places, whose patients may come twice a day: they stay early.
pub(super) const EARLY: i64 = 2;

/// A visit to the machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct MachineVisit {
    pub(super) day: Day,
    pub(super) slot: i64,
}

/// Returns the sessions of a course: one a working day of the machine, or two, with a day missed now and then. One
/// course in forty is given up before its end.
pub(super) fn plan_sessions(request: &LabRequest, case: &TreatmentCase, first: Day) -> Vec<MachineVisit> {
    let mut random = random_stream(request, "lab/days", &[case.index]);
    let all = case.fractions + case.boost.map_or(0, |(_, fractions)| fractions);
    let mut missed = if case.visit_count() > 5 { random_between(&mut random, 0, 2) } else { 0 };
    let given = if all >= 10 && random.below(40) == 0 { random_between(&mut random, all / 3, all - 2) } else { all };
    let (mut out, mut day, mut moves) = (Vec::new(), first, SlotSwaps::default());
    let count = usize::try_from(given).unwrap_or(0);
    while out.len() < count {
        let misses = missed > 0 && !out.is_empty() && random.below(12) == 0;
        if case.machine.is_running_on(day) && misses {
            missed -= 1;
        } else if case.machine.is_running_on(day) {
            moves.turn_to(request, case.machine, day);
            out.push(MachineVisit { day, slot: moves.slot_on(day, case.slot) });
            if case.twice && out.len() < count {
                out.push(MachineVisit { day, slot: moves.slot_on(day, case.slot + PLACES) });
            }
        }
        day += 1;
    }
    out
}

/// Which places of a machine's timetable change with each other in a week: two change at once, so that no two patients
/// ever meet.
#[derive(Debug, Default)]
struct SlotSwaps {
    week: Option<i64>,
    /// A bit for every place of the morning that changes with its place of the afternoon, all week.
    halves: u64,
    /// A bit for every pair of neighbours that changes, day after day.
    neighbours: u64,
}

impl SlotSwaps {
    fn turn_to(&mut self, request: &LabRequest, machine: &LabMachine, day: Day) {
        let week = day.div_euclid(7);
        if self.week == Some(week) {
            return;
        }
        let mut random = random_stream(request, "lab/moves", &[machine.staff_id, week]);
        let mut rare = |times: u32| (0..times).fold(u64::MAX, |bits, _| bits & random.below(1 << 52));
        *self = Self { week: Some(week), halves: rare(3), neighbours: rare(4) };
    }

    /// Returns where a place of the timetable stands on a day of the week.
    fn slot_on(&self, day: Day, place: i64) -> i64 {
        let set = |bits: u64, at: i64| u32::try_from(at).is_ok_and(|at| bits.checked_shr(at).unwrap_or(0) & 1 == 1);
        let (all, half) = (PLACES - EARLY, (PLACES - EARLY) / 2);
        let late = (EARLY..PLACES).contains(&place);
        let moved = late && set(self.halves, (place - EARLY) % half);
        let place = if moved { EARLY + (place - EARLY + half) % all } else { place };
        let pairs = PLACES / 2 + 1;
        if set(self.neighbours, day.rem_euclid(7) * pairs + place / 2) { place ^ 1 } else { place }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_places_ever_meet() {
        let mut random = random_stream(&LabRequest { patients: 1, seed: 1, until: super::super::UNTIL }, "test", &[]);
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
