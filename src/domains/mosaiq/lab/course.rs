//! A patient's course of treatment: days, prescriptions and fields with all their versions and ids. Makes no rows.

use super::calendar::{self, Day};
use super::days::{GUEST, MachineVisit, plan_sessions};
use super::machine::LabMachine;
use super::preparation::{DayTime, Preparation};
use super::profile::Profile;
use super::roster::TreatmentCase;
use super::template::{Beam, FieldKind, Imaging, Template};
use super::{LabRequest, beams, random_between, random_stream};
use crate::model::seed::RecordRandom;

/// The pseudo-fraction of the first measurement, before any patient is treated.
pub(super) const QUALITY: i64 = -1;
/// The pseudo-fraction from which first versions are current.
const ALWAYS: i64 = -2;

#[derive(Clone, Copy, Debug)]
pub(super) struct VersionInfo {
    pub(super) id: i64,
    pub(super) saved: DayTime,
    /// The fraction from which on it is the current one.
    pub(super) from: i64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct FieldVersion {
    pub(super) version: VersionInfo,
    pub(super) first_point: i64,
    pub(super) points: i64,
    /// In 1/10 MU.
    pub(super) meterset_tenths: i64,
    /// Beam-on time.
    pub(super) beam_ms: i64,
}

#[derive(Debug)]
pub(super) struct LabField {
    pub(super) kind: FieldKind,
    /// Counted from 1 within the prescription; 0 for imaging.
    pub(super) number: i64,
    pub(super) beam: Beam,
    /// Degrees.
    pub(super) collimator: i64,
    /// Dose of a fraction, 1/100 cGy.
    pub(super) centigray_hundredths: i64,
    /// Angle of the wedge, degrees.
    pub(super) wedge: Option<i64>,
    /// Oldest first.
    pub(super) versions: Vec<FieldVersion>,
}

/// What is planned for the beams of a prescription.
#[derive(Debug)]
struct PlannedBeams {
    /// Dose of a fraction of each beam, 1/100 cGy.
    doses: Vec<i64>,
    /// Angle of the wedge in all of them, degrees.
    wedge: Option<i64>,
}

#[derive(Debug)]
pub(super) struct Prescription {
    pub(super) template: &'static Template,
    /// Dose of a fraction, cGy.
    pub(super) dose: i64,
    pub(super) fractions: i64,
    /// Its first fraction, counted from 0 over the course.
    pub(super) first_fraction: i64,
    /// Oldest first.
    pub(super) versions: Vec<VersionInfo>,
    /// A setup field first.
    pub(super) fields: Vec<LabField>,
}

#[derive(Debug)]
pub(super) struct Course {
    /// The patient's number in the random streams.
    pub(super) index: i64,
    pub(super) patient: i64,
    pub(super) machine: &'static LabMachine,
    pub(super) imaging: Imaging,
    pub(super) template: &'static Template,
    pub(super) slot: i64,
    /// Whether the patient comes twice a day.
    pub(super) twice: bool,
    pub(super) profile: &'static Profile,
    pub(super) preparation: Preparation,
    pub(super) until: Day,
    /// One per fraction, including those after the lab's end.
    pub(super) sessions: Vec<MachineVisit>,
    /// Evenings on which modulated fields are measured, with the fraction that they belong to.
    pub(super) measured: Vec<(Day, i64)>,
    pub(super) prescriptions: Vec<Prescription>,
    /// The next free ids of prescriptions, fields and control points, for the next patient.
    pub(super) next: (i64, i64, i64),
}

/// Returns the index of the version that is current at a fraction.
fn current_version(versions: impl Iterator<Item = VersionInfo>, fraction: i64) -> Option<usize> {
    versions.enumerate().filter(|(_, version)| version.from <= fraction).map(|(at, _)| at).last()
}

impl LabField {
    /// Returns the version that is delivered at a fraction.
    pub(super) fn version_at(&self, fraction: i64) -> Option<&FieldVersion> {
        self.versions.get(current_version(self.versions.iter().map(|each| each.version), fraction)?)
    }

    /// FLD_SET_ID: the id of the oldest version.
    pub(super) fn set_id(&self) -> i64 {
        self.versions.first().map_or(0, |oldest| oldest.version.id)
    }
}

impl Prescription {
    /// SIT_SET_ID: the id of the oldest version.
    pub(super) fn set_id(&self) -> i64 {
        self.versions.first().map_or(0, |oldest| oldest.id)
    }

    /// Returns the SIT_ID of the version that is current at a fraction.
    pub(super) fn version_id_at(&self, fraction: i64) -> i64 {
        let at = current_version(self.versions.iter().copied(), fraction);
        at.and_then(|at| self.versions.get(at)).map_or(0, |version| version.id)
    }

    /// The fractions of the prescription, counted from 0 over the course.
    pub(super) fn fraction_range(&self) -> std::ops::Range<i64> {
        self.first_fraction..self.first_fraction + self.fractions
    }
}

/// Returns column Version: 0 for the current version, 32000 for the oldest, 31999 for the next, and so on.
pub(super) fn version_number(place: usize, count: usize) -> i64 {
    if place + 1 == count { 0 } else { 32_000 - i64::try_from(place).unwrap_or(0) }
}

impl Course {
    pub(super) fn new(
        request: &LabRequest,
        case: TreatmentCase,
        patient: i64,
        first: Day,
        ids: (i64, i64, i64),
    ) -> Self {
        let mut random = random_stream(request, "lab/course", &[case.index]);
        let sessions = plan_sessions(request, &case, first);
        let mut course = Self {
            index: case.index,
            patient,
            machine: case.machine,
            imaging: case.template.imaging,
            template: case.template,
            slot: case.slot,
            twice: case.twice,
            profile: request.profile(),
            preparation: Preparation::default(),
            until: calendar::day_of(request.until),
            sessions,
            measured: Vec::new(),
            prescriptions: Vec::new(),
            next: ids,
        };
        course.prepare(request, first);
        course.prescribe(request, &case, &mut random);
        course.revise(&mut random);
        course.schedule_measurements();
        course
    }

    /// The last day of treatment.
    pub(super) fn last_day(&self) -> Day {
        self.sessions.last().map_or(self.preparation.planned.0, |session| session.day)
    }

    /// Returns the session of a fraction; `None` after the lab's end.
    pub(super) fn find_session(&self, fraction: i64) -> Option<MachineVisit> {
        let session = self.sessions.get(usize::try_from(fraction).ok()?)?;
        (session.day <= self.until).then_some(*session)
    }

    /// Returns the fractions that were given on a day.
    pub(super) fn fractions_on(&self, day: Day) -> std::ops::Range<i64> {
        // Two a day, if the patient comes twice.
        let first = self.sessions.partition_point(|session| session.day < day);
        let next = self.sessions.partition_point(|session| session.day <= day);
        i64::try_from(first).unwrap_or(i64::MAX)..i64::try_from(next).unwrap_or(i64::MAX)
    }

    /// Counts the fractions that were given with a version of a field.
    pub(super) fn count_given(&self, site: &Prescription, field: &LabField, version: &FieldVersion) -> i64 {
        let given = site.fraction_range().take_while(|fraction| self.find_session(*fraction).is_some());
        let with_it =
            |fraction: &i64| field.version_at(*fraction).is_some_and(|own| own.version.id == version.version.id);
        i64::try_from(given.filter(with_it).count()).unwrap_or(0)
    }

    /// Returns the prescription that a fraction belongs to.
    pub(super) fn find_prescription(&self, fraction: i64) -> Option<&Prescription> {
        self.prescriptions.iter().find(|each| each.fraction_range().contains(&fraction.max(0)))
    }

    fn prepare(&mut self, request: &LabRequest, first: Day) {
        let planned = self.sessions.first().copied();
        let first = planned.unwrap_or(MachineVisit { day: first, slot: self.slot, machine: self.machine });
        let measured = if self.template.kind.is_modulated() { self.evening_before(first.day) } else { None };
        let begins = (first.day, self.profile.begins_ms(first.slot));
        self.preparation = Preparation::new(request, self.index, self.template, begins, measured);
    }

    fn prescribe(&mut self, request: &LabRequest, case: &TreatmentCase, random: &mut RecordRandom) {
        let phases = [Some((case.template, case.fractions, case.dose)), case.boost.map(|(how, n)| (how, n, 200))];
        let mut first_fraction = 0;
        for (phase, (template, fractions, dose)) in (0..).zip(phases.into_iter().flatten()) {
            let (day, at) = self.preparation.prescribed;
            let version = VersionInfo { id: self.next.0, saved: (day, at - 60_000 * (2 - phase)), from: ALWAYS };
            self.next.0 += 1;
            let mut prescription =
                Prescription { template, dose, fractions, first_fraction, versions: vec![version], fields: Vec::new() };
            let mut plan = random_stream(request, "lab/plan", &[self.index, phase]);
            let doses = beams::share_dose(dose * 100, template.beams.len(), &mut plan);
            let wedge = template.wedge.filter(|_| plan.below(2) == 0);
            self.add_fields(&mut prescription, phase, &PlannedBeams { doses, wedge }, random);
            first_fraction += fractions;
            self.prescriptions.push(prescription);
        }
    }

    fn add_fields(
        &mut self,
        prescription: &mut Prescription,
        phase: i64,
        plan: &PlannedBeams,
        random: &mut RecordRandom,
    ) {
        let template = prescription.template;
        let setup = self.setup_kind();
        let mut all = vec![(setup, 0, (0, 0, 0))];
        all.extend((1..).zip(template.beams).map(|(number, beam)| (template.kind, number, *beam)));
        if setup != FieldKind::ConeBeam {
            // Three axes need a second image, from the side.
            let side = if self.template.is_left() { 90 } else { 270 };
            all.push((setup, 0, (side, 0, 0)));
        }
        for (kind, number, beam) in all {
            let place = usize::try_from(number - 1).ok().filter(|_| !kind.is_imaging());
            let centigray_hundredths = place.and_then(|place| plan.doses.get(place)).copied().unwrap_or(0);
            let wedge = plan.wedge.filter(|_| !kind.is_imaging());
            let collimator = beams::choose_collimator(kind, number, random);
            let mut field =
                LabField { kind, number, beam, collimator, centigray_hundredths, wedge, versions: Vec::new() };
            let (day, at) = self.preparation.planned;
            let saved = (day, at + phase * 60_000 + 1000 * number);
            self.add_version(template, &mut field, saved, ALWAYS, random);
            prescription.fields.push(field);
        }
    }

    /// Returns the kind of imaging before treatment: a CT before arcs, two images before other fields.
    pub(super) fn setup_kind(&self) -> FieldKind {
        match (self.template.kind, self.machine.offset_type) {
            (FieldKind::Vmat, _) => FieldKind::ConeBeam,
            (_, 3) => FieldKind::Portal,
            _ => FieldKind::KvSetup,
        }
    }

    fn add_version(
        &mut self,
        template: &Template,
        field: &mut LabField,
        saved: (Day, i64),
        from: i64,
        random: &mut RecordRandom,
    ) {
        let points = match field.kind {
            FieldKind::StepAndShoot => 2 * random_between(random, 5, 8),
            FieldKind::Vmat => field.beam.1.abs() / self.machine.arc_step + 1,
            FieldKind::Dmlc => random_between(random, 15, 28),
            _ => 1,
        };
        let units = match field.kind {
            FieldKind::KvSetup | FieldKind::ConeBeam => 0,
            FieldKind::Portal => 10 * random_between(random, 1, 3),
            _ => beams::choose_units(field, template, random),
        };
        let version = VersionInfo { id: self.next.1, saved, from };
        let beam_ms = beams::beam_ms(field, template, points, units, random);
        field.versions.push(FieldVersion {
            version,
            first_point: self.next.2,
            points,
            meterset_tenths: units,
            beam_ms,
        });
        self.next.1 += 1;
        self.next.2 += points;
    }

    /// Adds versions: corrections before the first fraction, or a new plan halfway.
    fn revise(&mut self, random: &mut RecordRandom) {
        // Taken out, because adding versions needs `self` for the next ids.
        let mut prescriptions = std::mem::take(&mut self.prescriptions);
        let chance = random.below(12);
        let whole = self.index % 5 == 2;
        if let Some(first) = prescriptions.first_mut().filter(|_| whole || chance == 0) {
            let anew = if self.index % 10 == 7 { self.find_replanning(first.fractions) } else { None };
            let (from, saved) = anew.unwrap_or((QUALITY, self.preparation.corrected));
            // A correction after the lab's end has not happened yet.
            if saved.0 <= self.until {
                self.add_correction(first, whole, from, saved, random);
            }
        }
        self.prescriptions = prescriptions;
    }

    /// Adds a version of a prescription and all its treatment fields, or of the first field only.
    fn add_correction(
        &mut self,
        site: &mut Prescription,
        whole: bool,
        from: i64,
        saved: DayTime,
        random: &mut RecordRandom,
    ) {
        if whole {
            site.versions.push(VersionInfo { id: self.next.0, saved, from });
            self.next.0 += 1;
        }
        let template = site.template;
        let changed = site.fields.iter_mut().filter(|field| !field.kind.is_imaging());
        for (place, field) in (0..).zip(changed.take(if whole { usize::MAX } else { 1 })) {
            let saved = (saved.0, saved.1 + 5000 * (place + 1));
            self.add_version(template, field, saved, from, random);
        }
    }

    /// Returns the fraction from which on a new plan counts, and when it was saved: after the last fraction before it,
    /// on an evening on which it can be measured.
    fn find_replanning(&self, fractions: i64) -> Option<(i64, DayTime)> {
        for fraction in (fractions / 2).max(1)..fractions - 1 {
            let Some(last) = self.find_session(fraction - 1).map(|session| session.day) else { continue };
            let next = self.find_session(fraction).map_or(i64::MAX, |next| next.day);
            let measured = !self.template.kind.is_modulated() || self.can_measure(last);
            // A guest at another machine is treated too late for that.
            let guest = self.find_session(fraction - 1).is_some_and(|session| session.slot == GUEST);
            if next > last && measured && !guest {
                return Some((fraction, (last, self.profile.replanned_ms())));
            }
        }
        None
    }

    /// Tells whether fields of this course can be measured in the evening of a day.
    fn can_measure(&self, day: Day) -> bool {
        // Two places of the timetable share one slot of the evening, on different weekdays.
        self.machine.is_running_on(day) && [self.slot % 2, self.slot % 2 + 2].contains(&calendar::weekday(day))
    }

    /// Returns the last evening before a day on which fields can be measured and none of the course are yet.
    fn evening_before(&self, day: Day) -> Option<Day> {
        let mut evenings = (1..=13).map(|back| day - back);
        evenings.find(|day| self.can_measure(*day) && !self.measured.iter().any(|(taken, _)| taken == day))
    }

    /// Finds the evenings on which modulated fields are measured: every version before its first delivery.
    fn schedule_measurements(&mut self) {
        if !self.template.kind.is_modulated() {
            return;
        }
        let Some(first) = self.sessions.first().map(|session| session.day) else { return };
        let before = self.evening_before(first).map(|day| (day, QUALITY));
        self.measured.extend(before);
        let sites = self.prescriptions.iter();
        let from = sites.flat_map(|site| &site.versions).map(|each| each.from).max().unwrap_or(ALWAYS);
        let anew = self.find_session(from - 1).map(|last| (last.day, from));
        self.measured.extend(anew);
        let boosts = self.prescriptions.iter().map(|site| site.first_fraction).filter(|first| *first > 0);
        for fraction in boosts.collect::<Vec<_>>() {
            let session = usize::try_from(fraction).ok().and_then(|fraction| self.sessions.get(fraction));
            let before = session.and_then(|session| self.evening_before(session.day)).map(|day| (day, fraction));
            self.measured.extend(before);
        }
        self.measured.retain(|(day, _)| *day <= self.until);
    }
}
