//! One visit to the machine: imaging, then one beam after another, with interruptions and cancellations.

use super::course::{Course, FieldVersion, LabField, Prescription, QUALITY};
use super::machine::LabMachine;
use super::people;
use super::profile::SLOT_MS;
use super::template::FieldKind;
use super::{LabRequest, random_between, random_stream};
use crate::model::seed::RecordRandom;

/// The latest start of a visit within its slot.
const DELAY_MS: i64 = 13 * 60_000;
/// Length of a slot for measurements, which two slots of the day share on different weekdays.
const MEASURING_MS: i64 = 18 * 60_000;

/// All of a field, in thousandths.
const WHOLE: i64 = 1000;

/// Returns a share in thousandths, so that two shares that make up the whole add up to all of it.
const fn share_of(all: i64, share: i64) -> i64 {
    // The smaller share is rounded, the larger one is the rest.
    if 2 * share > WHOLE { all - all * (WHOLE - share) / WHOLE } else { all * share / WHOLE }
}

/// How a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeliveryEnd {
    Complete,
    /// The beam stopped, and the rest is delivered later.
    Partial,
    Cancelled,
}

/// One attempt to deliver a field.
#[derive(Clone, Copy, Debug)]
pub(super) struct LabDelivery {
    pub(super) patient: i64,
    /// Staff_ID of the machine that gave it.
    pub(super) machine: i64,
    pub(super) site: i64,
    pub(super) field: i64,
    /// The number of the fraction in its prescription, from 1 on.
    pub(super) fraction: i64,
    /// MV, or MeV of electrons.
    pub(super) energy: i64,
    /// When it was sent to the machine; `None` if it was cancelled before.
    pub(super) sent_ms: Option<i64>,
    /// Milliseconds since midnight.
    pub(super) start_ms: i64,
    pub(super) end_ms: i64,
    pub(super) therapist: i64,
    pub(super) quality: bool,
    pub(super) end: DeliveryEnd,
    /// What was given, if it has a row in Dose_Hst.
    pub(super) given: Option<GivenDose>,
}

/// What a delivery gave.
#[derive(Clone, Copy, Debug)]
pub(super) struct GivenDose {
    /// 1/10 MU.
    pub(super) meterset_tenths: i64,
    /// 1/100 cGy.
    pub(super) centigray_hundredths: i64,
}

/// The steps of a visit, in milliseconds since midnight.
#[derive(Clone, Copy, Debug)]
pub(super) struct VisitTimes {
    /// Begin of imaging.
    pub(super) start: i64,
    /// When the shift was measured; `None` without imaging.
    pub(super) study: Option<i64>,
    /// Earliest start of the first beam.
    pub(super) beams: i64,
}

/// Returns the times of a fraction; `None` after the lab's end.
pub(super) fn visit_times(request: &LabRequest, course: &Course, fraction: i64) -> Option<VisitTimes> {
    let session = course.find_session(fraction)?;
    let mut random = random_stream(request, "lab/session", &[course.index, fraction]);
    // A late start must leave room for the longest course of the visit: the next patient's slot follows.
    let spare = (SLOT_MS - longest_ms(course.find_prescription(fraction)?, fraction)).clamp(0, DELAY_MS);
    let start = course.profile.begins_ms(session.slot)
        + random_between(&mut random, 0, spare / 2)
        + random_between(&mut random, 0, spare / 2);
    // Daily imaging is skipped now and then.
    let is_skipped = fraction > 0 && random.below(25) == 0;
    if !course.imaging.is_due(fraction) || is_skipped {
        return Some(VisitTimes { start, study: None, beams: start });
    }
    let study = start + IMAGES_MS + random_between(&mut random, 2000, 20_000);
    Some(VisitTimes { start, study: Some(study), beams: study + random_between(&mut random, 80_000, 170_000) })
}

/// Returns the longest possible visit: a cancelled and an interrupted beam, and all delays at their longest.
fn longest_ms(site: &Prescription, fraction: i64) -> i64 {
    let beams = site.fields.iter().filter(|field| !field.kind.is_imaging());
    let beams = beams.filter_map(|field| field.version_at(fraction)).map(|version| version.beam_ms + 4000);
    let (sum, longest) = beams.fold((0, 0), |(sum, longest), beam| (sum + beam + 30_000, longest.max(beam)));
    IMAGES_MS + 190_000 + sum + longest + 103_000 + 10_000
}

/// Returns when the fields of a course are measured, in milliseconds since midnight.
pub(super) const fn measuring_ms(course: &Course) -> i64 {
    course.profile.evening_ms() + course.slot / 2 * MEASURING_MS
}

/// Longest time for two images or a CT.
const IMAGES_MS: i64 = 75_000;

/// Adds the deliveries of a fraction in the order of their times.
pub(super) fn of_fraction(request: &LabRequest, course: &Course, fraction: i64, out: &mut Vec<LabDelivery>) {
    let (Some(times), Some(site)) = (visit_times(request, course, fraction), course.find_prescription(fraction)) else {
        return;
    };
    let mut random = random_stream(request, "lab/deliveries", &[course.index, fraction]);
    let session = course.find_session(fraction);
    let week = session.map_or(0, |session| session.day.div_euclid(7));
    let machine = session.map_or(course.machine, |session| session.machine);
    let place = course.profile.place_of(machine);
    let therapist = people::therapist_id(place, week, random_between(&mut random, 0, 1));
    let mut run = VisitRun { course, site, fraction, machine, therapist, quality: false, now: times.start, out };
    for (field, version) in run.current_fields(true).filter(|_| times.study.is_some()) {
        run.record_delivery(field, version, version.beam_ms, DeliveryEnd::Complete, WHOLE);
        run.now += random_between(&mut random, 3000, 8000);
    }
    run.now = times.beams;
    // Drawn once a visit, as the number of the beam: most draws hit none of the few beams.
    let (cancelled, interrupted) = (random.below(90), random.below(120));
    for (place, (field, version)) in (0..).zip(run.current_fields(false)) {
        if place == cancelled {
            run.record_delivery(field, version, random_between(&mut random, 2000, 4000), DeliveryEnd::Cancelled, 0);
            run.now += random_between(&mut random, 2000, 5000);
        }
        run.deliver_beam(field, version, place == interrupted, &mut random);
        run.now += random_between(&mut random, 16_000, 30_000);
    }
}

/// Adds the deliveries of an evening on which the fields of a fraction are measured.
pub(super) fn of_measurement(request: &LabRequest, course: &Course, fraction: i64, out: &mut Vec<LabDelivery>) {
    let Some(site) = course.find_prescription(fraction) else { return };
    let mut random = random_stream(request, "lab/quality", &[course.index, fraction]);
    let start = measuring_ms(course) + random_between(&mut random, 0, 30_000);
    let (first, count) = people::PHYSICISTS;
    let physicist = first + random_between(&mut random, 0, count - 1);
    let machine = course.machine;
    let mut run = VisitRun { course, site, fraction, machine, therapist: physicist, quality: true, now: start, out };
    for (field, version) in run.current_fields(false) {
        run.record_delivery(
            field,
            version,
            version.beam_ms + random_between(&mut random, 500, 2500),
            DeliveryEnd::Complete,
            WHOLE,
        );
        run.now += random_between(&mut random, 11_000, 18_000);
    }
}

/// The state of a visit.
struct VisitRun<'a> {
    course: &'a Course,
    site: &'a Prescription,
    fraction: i64,
    machine: &'static LabMachine,
    therapist: i64,
    quality: bool,
    now: i64,
    out: &'a mut Vec<LabDelivery>,
}

impl<'a> VisitRun<'a> {
    /// Returns the fields for imaging or for treatment, each with its current version.
    fn current_fields(&self, images: bool) -> impl Iterator<Item = (&'a LabField, &'a FieldVersion)> + use<'a> {
        let fraction = self.fraction;
        let fields = self.site.fields.iter().filter(move |field| field.kind.is_imaging() == images);
        fields.filter_map(move |field| Some((field, field.version_at(fraction)?)))
    }

    /// Delivers a field, in two parts if the beam stops.
    fn deliver_beam(&mut self, field: &LabField, version: &FieldVersion, stops: bool, random: &mut RecordRandom) {
        let mut rest = version.beam_ms + random_between(random, 500, 4000);
        let mut share = WHOLE;
        if stops {
            let part = random_between(random, 12_000, 28_000);
            // A little less than the time says: the beam begins slowly.
            let given = WHOLE * part * 9 / (10 * version.beam_ms.max(part));
            self.record_delivery(field, version, part, DeliveryEnd::Partial, given);
            share -= given;
            self.now += random_between(random, 45_000, 75_000);
            // An arc is repeated from its start, without beam up to where it stopped.
            rest = if field.kind == FieldKind::Vmat {
                rest
            } else {
                (rest - part).max(random_between(random, 31_000, 44_000))
            };
        }
        self.record_delivery(field, version, rest, DeliveryEnd::Complete, share);
    }

    /// Adds a delivery that gives a share of the field, in thousandths.
    fn record_delivery(
        &mut self,
        field: &LabField,
        version: &FieldVersion,
        length_ms: i64,
        end: DeliveryEnd,
        share: i64,
    ) {
        let is_on = end != DeliveryEnd::Cancelled;
        // As in the public mock: sent a few hundredths of a second before it is created, and a third of the cancelled.
        let sent = self.now - 20 - (self.now * 7 + version.version.id).rem_euclid(150);
        let dosed = is_on && !self.quality && !field.kind.is_imaging();
        self.out.push(LabDelivery {
            patient: self.course.patient,
            machine: self.machine.staff_id,
            fraction: self.fraction - self.site.first_fraction + 1,
            energy: self.site.template.energy,
            sent_ms: Some(sent).filter(|_| is_on || length_ms % 3 == 0),
            site: self.site.version_id_at(self.fraction.max(QUALITY)),
            field: version.version.id,
            start_ms: self.now,
            end_ms: self.now + length_ms,
            therapist: self.therapist,
            quality: self.quality,
            end,
            given: dosed.then(|| GivenDose {
                meterset_tenths: share_of(version.meterset_tenths, share),
                centigray_hundredths: share_of(field.centigray_hundredths, share),
            }),
        });
        self.now += length_ms;
    }
}
