//! The roster: a slot in a machine's timetable for every patient. Makes no rows.
//!
//! Every machine has the same slots in its day. One patient after another has a slot, so that no two are treated at
//! once. The roster is all that a lab keeps in memory for every patient, a few numbers each.

use super::calendar::{self, Day};
use super::course::Course;
use super::days::{EARLY, PLACES};
use super::machine::LabMachine;
use super::template::{FieldKind, Template};
use super::{LabRequest, random_between, random_stream};

/// Upper bound of the working days that a course loses to holidays, service and missed sessions.
const LOST_DAYS: i64 = 8;

/// A patient's treatment in outline, before any plan is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct TreatmentCase {
    /// The patient's number in the random streams, independent of the order of the ids.
    pub(super) index: i64,
    pub(super) machine: &'static LabMachine,
    pub(super) template: &'static Template,
    pub(super) slot: i64,
    pub(super) fractions: i64,
    /// Dose of a fraction, cGy.
    pub(super) dose: i64,
    /// Template and fractions of a second prescription.
    pub(super) boost: Option<(&'static Template, i64)>,
    /// Whether the patient comes twice a day.
    pub(super) twice: bool,
    /// The fewest days from one session to the next.
    pub(super) days_apart: i64,
}

/// A patient's case, first possible day of treatment, and first ids. The rest is computed again when it is needed.
#[derive(Clone, Copy, Debug, Default)]
struct RosterEntry {
    index: i64,
    first: Day,
    site: i64,
    field: i64,
    point: i64,
}

/// All entries in the order of their patients' ids, which follow the first days.
pub(super) struct Roster<'a> {
    pub(super) request: &'a LabRequest,
    entries: Vec<RosterEntry>,
}

/// Receives a day with the courses that are active on it.
pub(super) type DayCallback<'a, E> = &'a mut dyn FnMut(Day, &[Course]) -> Result<(), E>;

impl TreatmentCase {
    fn new(request: &LabRequest, index: i64) -> Option<Self> {
        let machines = request.machines();
        let count = i64::try_from(machines.len()).ok()?;
        let machine = machines.get(usize::try_from(index % count).ok()?)?;
        let lane = index / count;
        let mut random = random_stream(request, "lab/case", &[index]);
        let own = machine.template_for(lane);
        let template = own.mirrored.filter(|_| random.below(2) == 0).unwrap_or(own);
        let (mut fractions, mut dose) = random.pick(template.schedules).copied()?;
        let slot = lane * 5 % PLACES;
        let twice = template.twice.filter(|_| slot < EARLY && random.below(3) > 0);
        (fractions, dose) = twice.unwrap_or((fractions, dose));
        let boost = match (template.kind, random.below(4)) {
            (FieldKind::Static, 0 | 1) if (15..=25).contains(&fractions) && template.energy == 6 => {
                Some((request.profile().electrons, 5))
            }
            (FieldKind::Static | FieldKind::StepAndShoot, 0) if (15..=25).contains(&fractions) => Some((template, 5)),
            _ => None,
        };
        let days_apart = Template::days_apart(dose);
        Some(Self { index, machine, template, slot, fractions, dose, boost, twice: twice.is_some(), days_apart })
    }

    /// Number of days on which the patient comes.
    pub(super) fn visit_count(&self) -> i64 {
        let all = self.fractions + self.boost.map_or(0, |(_, fractions)| fractions);
        if self.twice { (all + 1) / 2 } else { all }
    }

    /// Upper bound of the calendar days that the course takes.
    fn longest_span(&self) -> i64 {
        (self.visit_count() * self.days_apart + LOST_DAYS) * 7 / 5 + 3
    }
}

impl<'a> Roster<'a> {
    pub(super) fn new(request: &'a LabRequest) -> Self {
        let mut roster = Self { request, entries: place_patients(request) };
        roster.entries.sort_by_key(|entry| (entry.first, entry.index));
        roster.lead_with_movement();
        let (mut site, mut field, mut point) = (1001, 5001, 20_001);
        for rank in 0..roster.entries.len() {
            if let Some(entry) = roster.entries.get_mut(rank) {
                (entry.site, entry.field, entry.point) = (site, field, point);
            }
            if let Some(course) = roster.build_course(rank) {
                (site, field, point) = course.next;
            }
        }
        roster
    }

    /// Gives the first ids to a patient who is treated with arcs, or else with other moving leaves. The examples in
    /// help and docs rely on it.
    fn lead_with_movement(&mut self) {
        let request = self.request;
        let find_first = |is_wanted: fn(FieldKind) -> bool| {
            self.entries.iter().position(|entry| {
                TreatmentCase::new(request, entry.index).is_some_and(|case| is_wanted(case.template.kind))
            })
        };
        let lead = find_first(|kind| kind == FieldKind::Vmat).or_else(|| find_first(FieldKind::is_modulated));
        if let Some(at) = lead {
            self.entries.get_mut(..=at).unwrap_or_default().rotate_right(1);
        }
    }

    /// Builds all courses in the order of the patients' ids, one at a time.
    pub(super) fn courses(&self) -> impl Iterator<Item = Course> {
        (0..self.entries.len()).filter_map(|rank| self.build_course(rank))
    }

    fn build_course(&self, rank: usize) -> Option<Course> {
        let entry = self.entries.get(rank)?;
        let case = TreatmentCase::new(self.request, entry.index)?;
        let patient = 10_001 + i64::try_from(rank).ok()?;
        Some(Course::new(self.request, case, patient, entry.first, (entry.site, entry.field, entry.point)))
    }

    /// Visits all days up to the last one, with the courses that are active on each.
    ///
    /// # Errors
    /// What `visit` returns.
    pub(super) fn visit_days<E>(&self, visit: DayCallback<'_, E>) -> Result<(), E> {
        let last = calendar::day_of(self.request.until);
        let Some(mut day) = self.entries.iter().map(|entry| entry.first - EARLIER).min() else { return Ok(()) };
        let (mut active, mut next) = (Vec::new(), 0);
        while day <= last {
            // The first entry was moved to the front, and need not be the earliest: take it at once, so that the others
            // follow.
            while self.entries.get(next).is_some_and(|entry| next == 0 || entry.first - EARLIER <= day) {
                active.extend(self.build_course(next));
                next += 1;
            }
            active.retain(|course: &Course| course.last_day() >= day);
            visit(day, &active)?;
            day += 1;
        }
        Ok(())
    }
}

/// Upper bound of the days by which a measurement at the machine precedes the first session.
const EARLIER: i64 = 14;

/// Assigns a slot and a first day to every case, going back in time: the last patient of a slot comes first.
fn place_patients(request: &LabRequest) -> Vec<RosterEntry> {
    let machines = i64::try_from(request.machines().len()).unwrap_or(1);
    let until = calendar::day_of(request.until);
    let full = i64::from(request.patients) > machines * PLACES;
    // The first day of the patient who has each slot next.
    let mut taken: Vec<Option<Day>> = Vec::new();
    let mut out = Vec::new();
    for case in (0..i64::from(request.patients)).filter_map(|index| TreatmentCase::new(request, index)) {
        let mut random = random_stream(request, "lab/place", &[case.index]);
        let place = usize::try_from(case.slot * machines + case.index % machines).unwrap_or(0);
        if taken.len() <= place {
            taken.resize(place + 1, None);
        }
        let first = match taken.get(place).copied().flatten() {
            // Some days apart, so that the next patient's fields can be measured after this one's last session.
            Some(next) => next - case.longest_span() - random_between(&mut random, 3, 8),
            None => until - days_ago(&case, full, &mut random),
        };
        if let Some(place) = taken.get_mut(place) {
            *place = Some(first);
        }
        out.push(RosterEntry { index: case.index, first, ..RosterEntry::default() });
    }
    out
}

/// Returns how many days before the lab's end the last patient of a slot begins: most are under treatment or finished,
/// a few only planned.
fn days_ago(case: &TreatmentCase, full: bool, random: &mut crate::model::seed::RecordRandom) -> i64 {
    match case.index % 12 {
        11 if case.template.is_palliative() => -random_between(random, 1, 2),
        11 => -random_between(random, 1, 5),
        1 | 4 | 7 | 10 => random_between(random, 4, course_days(case)),
        _ if full => random_between(random, 4, course_days(case)),
        _ => case.longest_span() + random_between(random, 0, 40),
    }
}

/// Returns about how many days a course takes, five at least.
fn course_days(case: &TreatmentCase) -> i64 {
    (case.visit_count() * case.days_apart * 7 / 5).max(5)
}
