//! Patient shifts found by imaging: a systematic part of each patient, and a random part of each day.

use super::calendar;
use super::course::Course;
use super::template::FieldKind;
use super::{NewRow, Roster, Sink, random_between, random_stream, session};
use crate::model::seed::RecordRandom;

/// The largest shift that is corrected every day instead of once, 1/10 cm.
const MARKS_MAX: i64 = 9;

/// Writes table Offset in the order of the studies over the whole department.
pub(super) fn write_offsets<E>(roster: &Roster<'_>, sink: Sink<'_, E>) -> Result<(), E> {
    let mut id = 700_001;
    roster.visit_days(&mut |day, courses| {
        let mut today = Vec::new();
        for course in courses {
            for fraction in course.fractions_on(day) {
                let study = session::visit_times(roster.request, course, fraction).and_then(|times| times.study);
                today.extend(study.map(|study| (study, course, fraction)));
            }
        }
        today.sort_by_key(|(study, course, _)| (*study, course.index));
        for (study, course, fraction) in today {
            let study = calendar::datetime_at(day, study);
            let [superior, anterior, lateral] = random_shift(roster, course, fraction);
            NewRow::new("Offset")
                .integer("OFF_ID", id)
                .integer(
                    "SIT_SET_ID",
                    course.find_prescription(fraction).map_or(0, super::course::Prescription::set_id),
                )
                .integer("Version", 0)
                .time("Create_DtTm", study)
                .time("Study_DtTm", study)
                .integer("Offset_State", if is_latest(roster, course, fraction) { 1 } else { 2 })
                .integer("Offset_Type", found_by(course))
                .decimal("Superior_Offset", superior, 1)
                .decimal("Anterior_Offset", anterior, 1)
                .decimal("Lateral_Offset", lateral, 1)
                .write_to(sink)?;
            id += 1;
        }
        Ok(())
    })
}

/// Tells whether no later fraction of the course was imaged.
fn is_latest(roster: &Roster<'_>, course: &Course, fraction: i64) -> bool {
    let later = (fraction + 1..).map_while(|later| session::visit_times(roster.request, course, later));
    later.into_iter().all(|times| times.study.is_none())
}

/// Returns Offset_Type. On a machine with portal images, shifts from a CT count as localisation.
fn found_by(course: &Course) -> i64 {
    match (course.machine.offset_type, course.setup_kind()) {
        (3, FieldKind::ConeBeam) => 2,
        (own, _) => own,
    }
}

/// Returns the shift along the three axes, 1/10 cm.
fn random_shift(roster: &Roster<'_>, course: &Course, fraction: i64) -> [i64; 3] {
    let (size, largest) = (course.template.shift, course.template.largest_shift);
    let mut always = random_stream(roster.request, "lab/offset/patient", &[course.index]);
    let mut today = random_stream(roster.request, "lab/offset", &[course.index, fraction]);
    // After three to five images the systematic part is known and corrected, but for a fifth.
    let learnt = random_between(&mut always, 3, 5);
    let seen = (0..fraction).filter(|earlier| course.imaging.is_due(*earlier)).take(6).count();
    let percent = if i64::try_from(seen).is_ok_and(|seen| seen >= learnt) { 20 } else { 100 };
    let off = misplaced_marks(roster, course);
    off.map(|off| {
        // A shift that is the same every day leaves little to chance.
        let day_size = if off == 0 { size } else { size / 2 };
        let hundredths =
            (random_normal(&mut always, day_size) * percent / 100 + random_normal(&mut today, day_size)) * 7 / 10;
        ((hundredths + 5).div_euclid(10) + off).clamp(-largest, largest)
    })
}

/// Returns by how much the marks on the patient's skin are off, 1/10 cm, where nobody draws them anew: for one patient
/// in four, along one axis, every day.
fn misplaced_marks(roster: &Roster<'_>, course: &Course) -> [i64; 3] {
    let mut random = random_stream(roster.request, "lab/offset/marks", &[course.index]);
    let mut off = [0; 3];
    // By number, so that a small department has such a patient, too.
    if course.template.largest_shift <= MARKS_MAX || course.index % 4 != 1 {
        return off;
    }
    let axis = random_between(&mut random, 0, 2);
    let size = random_between(&mut random, 7, MARKS_MAX) * if random_between(&mut random, 0, 1) == 0 { 1 } else { -1 };
    if let Some(place) = usize::try_from(axis).ok().and_then(|axis| off.get_mut(axis)) {
        *place = size;
    }
    off
}

/// Returns a nearly normal number around 0 with a standard deviation of `size`.
fn random_normal(random: &mut RecordRandom, size: i64) -> i64 {
    // The sum of four uniform numbers has a standard deviation of 116.
    let sum: i64 = (0..4).map(|_| random_between(random, -100, 100)).sum();
    sum * size / 116
}
