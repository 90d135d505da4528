//! One visit to the machine: an image, then one beam after another, with what goes wrong; knows no other patient.

use super::course::{Course, FieldVersion, LabField, Prescription, QUALITY};
use super::people;
use super::template::FieldKind;
use super::{LabRequest, random_between, random_stream};
use crate::model::seed::RecordRandom;

/// A place in the timetable, and when the first one begins.
const SLOT_MS: i64 = 30 * 60_000;
/// No visit begins more than so long after its place does.
const DELAY_MS: i64 = 13 * 60_000;
const OPENS_AT_MS: i64 = 450 * 60_000;
/// Fields are measured in the evening, two places of the timetable sharing one on different weekdays.
const EVENING_MS: i64 = 18 * 3_600_000;
const MEASURING_MS: i64 = 18 * 60_000;

/// How a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeliveryEnd {
    Complete,
    /// The beam stopped half-way, and the rest follows.
    Partial,
    Cancelled,
}

/// One attempt to deliver a field.
#[derive(Clone, Copy, Debug)]
pub(super) struct LabDelivery {
    pub(super) patient: i64,
    pub(super) machine: i64,
    pub(super) site: i64,
    pub(super) field: i64,
    /// Milliseconds since midnight.
    pub(super) start_ms: i64,
    pub(super) end_ms: i64,
    pub(super) therapist: i64,
    pub(super) quality: bool,
    pub(super) end: DeliveryEnd,
    /// Whether it has a row in Dose_Hst.
    pub(super) dosed: bool,
}

/// When the steps of a visit happen, in milliseconds since midnight.
#[derive(Clone, Copy, Debug)]
pub(super) struct VisitTimes {
    /// When imaging begins.
    pub(super) start: i64,
    /// When the shift was found, where the fraction is imaged.
    pub(super) study: Option<i64>,
    /// When the first beam can begin.
    pub(super) beams: i64,
}

/// Returns when a fraction's steps happen.
pub(super) fn visit_times(request: &LabRequest, course: &Course, fraction: i64) -> Option<VisitTimes> {
    let session = course.find_session(fraction)?;
    let mut random = random_stream(request, "lab/session", &[course.index, fraction]);
    let spare = (SLOT_MS - longest_ms(course.find_prescription(fraction)?, fraction)).clamp(0, DELAY_MS);
    let start =
        begins_ms(session.slot) + random_between(&mut random, 0, spare / 2) + random_between(&mut random, 0, spare / 2);
    // Daily imaging is skipped now and then.
    let missed = fraction > 0 && random.below(25) == 0;
    if !course.imaging.is_due(fraction) || missed {
        return Some(VisitTimes { start, study: None, beams: start });
    }
    let study = start + IMAGES_MS + random_between(&mut random, 2000, 20_000);
    Some(VisitTimes { start, study: Some(study), beams: study + random_between(&mut random, 80_000, 170_000) })
}

/// Returns when a place of the timetable begins, milliseconds since midnight.
pub(super) const fn begins_ms(slot: i64) -> i64 {
    OPENS_AT_MS + slot * SLOT_MS
}

/// Returns how long a visit lasts at most, if everything happens at once that can.
fn longest_ms(site: &Prescription, fraction: i64) -> i64 {
    let beams = site.fields.iter().filter(|field| !field.kind.is_imaging());
    let beams = beams.filter_map(|field| field.version_at(fraction)).map(|version| version.beam_ms + 4000);
    let (sum, longest) = beams.fold((0, 0), |(sum, longest), beam| (sum + beam + 30_000, longest.max(beam)));
    IMAGES_MS + 190_000 + sum + longest + 103_000 + 10_000
}

/// Returns when the fields of a place are measured, milliseconds since midnight.
pub(super) const fn measuring_ms(slot: i64) -> i64 {
    EVENING_MS + slot / 2 * MEASURING_MS
}

/// So long taking two images, or a CT, lasts at most.
const IMAGES_MS: i64 = 75_000;

/// Returns the deliveries of a fraction, in the order of their times.
pub(super) fn of_fraction(request: &LabRequest, course: &Course, fraction: i64, out: &mut Vec<LabDelivery>) {
    let (Some(times), Some(site)) = (visit_times(request, course, fraction), course.find_prescription(fraction)) else {
        return;
    };
    let mut random = random_stream(request, "lab/deliveries", &[course.index, fraction]);
    let week = course.find_session(fraction).map_or(0, |session| session.day.div_euclid(7));
    let therapist = people::therapist_id(course.machine, week, random_between(&mut random, 0, 1));
    let mut run = VisitRun { course, site, fraction, therapist, quality: false, now: times.start, out };
    for (field, version) in run.current_fields(true).filter(|_| times.study.is_some()) {
        run.record_delivery(field, version, version.beam_ms, DeliveryEnd::Complete);
        run.now += random_between(&mut random, 3000, 8000);
    }
    run.now = times.beams;
    let (stumbles, stops) = (random.below(90), random.below(120));
    for (place, (field, version)) in (0..).zip(run.current_fields(false)) {
        if place == stumbles {
            run.record_delivery(field, version, random_between(&mut random, 2000, 4000), DeliveryEnd::Cancelled);
            run.now += random_between(&mut random, 2000, 5000);
        }
        run.deliver_beam(field, version, place == stops, &mut random);
        run.now += random_between(&mut random, 16_000, 30_000);
    }
}

/// Returns the deliveries that measure a course's fields on an evening.
pub(super) fn of_measurement(request: &LabRequest, course: &Course, fraction: i64, out: &mut Vec<LabDelivery>) {
    let Some(site) = course.find_prescription(fraction) else { return };
    let mut random = random_stream(request, "lab/quality", &[course.index, fraction]);
    let start = measuring_ms(course.slot) + random_between(&mut random, 0, 30_000);
    let (first, count) = people::PHYSICISTS;
    let physicist = first + random_between(&mut random, 0, count - 1);
    let mut run = VisitRun { course, site, fraction, therapist: physicist, quality: true, now: start, out };
    for (field, version) in run.current_fields(false) {
        run.record_delivery(
            field,
            version,
            version.beam_ms + random_between(&mut random, 500, 2500),
            DeliveryEnd::Complete,
        );
        run.now += random_between(&mut random, 11_000, 18_000);
    }
}

/// A visit under way.
struct VisitRun<'a> {
    course: &'a Course,
    site: &'a Prescription,
    fraction: i64,
    therapist: i64,
    quality: bool,
    now: i64,
    out: &'a mut Vec<LabDelivery>,
}

impl<'a> VisitRun<'a> {
    /// Returns the fields for imaging or for treatment, each in the version that is current.
    fn current_fields(&self, images: bool) -> impl Iterator<Item = (&'a LabField, &'a FieldVersion)> + use<'a> {
        let fraction = self.fraction;
        let fields = self.site.fields.iter().filter(move |field| field.kind.is_imaging() == images);
        fields.filter_map(move |field| Some((field, field.version_at(fraction)?)))
    }

    /// Gives a beam, in two parts where it stops half-way.
    fn deliver_beam(&mut self, field: &LabField, version: &FieldVersion, stops: bool, random: &mut RecordRandom) {
        let mut rest = version.beam_ms + random_between(random, 500, 4000);
        if stops {
            let part = random_between(random, 12_000, 28_000);
            self.record_delivery(field, version, part, DeliveryEnd::Partial);
            self.now += random_between(random, 45_000, 75_000);
            // An arc is taken up from its beginning, without beam up to where it stopped.
            rest = if field.kind == FieldKind::Vmat {
                rest
            } else {
                (rest - part).max(random_between(random, 31_000, 44_000))
            };
        }
        self.record_delivery(field, version, rest, DeliveryEnd::Complete);
    }

    fn record_delivery(&mut self, field: &LabField, version: &FieldVersion, length_ms: i64, end: DeliveryEnd) {
        let given = end != DeliveryEnd::Cancelled;
        self.out.push(LabDelivery {
            patient: self.course.patient,
            machine: self.course.machine.staff_id,
            site: self.site.version_id_at(self.fraction.max(QUALITY)),
            field: version.version.id,
            start_ms: self.now,
            end_ms: self.now + length_ms,
            therapist: self.therapist,
            quality: self.quality,
            end,
            dosed: given && !self.quality && !field.kind.is_imaging(),
        });
        self.now += length_ms;
    }
}
