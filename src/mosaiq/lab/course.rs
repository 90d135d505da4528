//! A patient's course: days, prescriptions and fields with all their versions and ids; makes no rows.

use super::calendar::{self, Day};
use super::machine::Machine;
use super::roster::Case;
use super::template::{Beam, FieldKind, Imaging, Template};
use super::{LabRequest, between, stream};
use crate::model::seed::RecordRandom;

/// The fraction at which fields are measured, before any patient sees them.
pub(super) const QUALITY: i64 = -1;
/// The fraction from which the first version of anything counts.
const ALWAYS: i64 = -2;

/// A visit to the machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    pub(super) day: Day,
    pub(super) slot: i64,
}

/// What all versions have: an id, when it was saved, and from which fraction on it is the current one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Version {
    pub(super) id: i64,
    pub(super) saved: (Day, i64),
    pub(super) from: i64,
}

/// A version of a field.
#[derive(Clone, Copy, Debug)]
pub(super) struct FieldVersion {
    pub(super) version: Version,
    pub(super) first_point: i64,
    pub(super) points: i64,
    /// Monitor units, tenths.
    pub(super) meterset_tenths: i64,
    /// How long the beam takes.
    pub(super) beam_ms: i64,
}

/// A beam, oldest version first.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) kind: FieldKind,
    /// Counted from 1 within the prescription; 0 for imaging.
    pub(super) number: i64,
    pub(super) beam: Beam,
    /// Degrees.
    pub(super) collimator: i64,
    /// Dose of a fraction, 1/100 cGy.
    pub(super) centigray_hundredths: i64,
    pub(super) versions: Vec<FieldVersion>,
}

/// A prescription with its fields, a setup field first.
#[derive(Debug)]
pub(super) struct Prescription {
    pub(super) template: &'static Template,
    /// Dose of a fraction, cGy.
    pub(super) dose: i64,
    pub(super) fractions: i64,
    /// Its first fraction, counted from 0 over the course.
    pub(super) first_fraction: i64,
    /// Oldest first.
    pub(super) versions: Vec<Version>,
    pub(super) fields: Vec<Field>,
}

/// A patient's course.
#[derive(Debug)]
pub(super) struct Course {
    /// The number in the streams of chance.
    pub(super) index: i64,
    pub(super) patient: i64,
    pub(super) machine: &'static Machine,
    pub(super) imaging: Imaging,
    pub(super) template: &'static Template,
    pub(super) slot: i64,
    pub(super) registered: Day,
    pub(super) planned: Day,
    pub(super) until: Day,
    /// One a fraction, those after the lab's end too.
    pub(super) sessions: Vec<Session>,
    /// The days on which modulated fields are measured, each in the evening, with the fraction they belong to.
    pub(super) measured: Vec<(Day, i64)>,
    pub(super) prescriptions: Vec<Prescription>,
    /// The ids of the next patient's first prescription, field and control point.
    pub(super) next: (i64, i64, i64),
}

/// Returns the version that is current at a fraction.
fn current(versions: impl Iterator<Item = Version>, fraction: i64) -> Option<usize> {
    versions.enumerate().filter(|(_, version)| version.from <= fraction).map(|(at, _)| at).last()
}

impl Field {
    /// Returns the version that is delivered at a fraction.
    pub(super) fn at(&self, fraction: i64) -> Option<&FieldVersion> {
        self.versions.get(current(self.versions.iter().map(|each| each.version), fraction)?)
    }

    /// Returns FLD_SET_ID: the id of the oldest version.
    pub(super) fn set(&self) -> i64 {
        self.versions.first().map_or(0, |oldest| oldest.version.id)
    }
}

impl Prescription {
    /// Returns SIT_SET_ID: the id of the oldest version.
    pub(super) fn set(&self) -> i64 {
        self.versions.first().map_or(0, |oldest| oldest.id)
    }

    /// Returns the SIT_ID of the version that counts at a fraction.
    pub(super) fn at(&self, fraction: i64) -> i64 {
        let at = current(self.versions.iter().copied(), fraction);
        at.and_then(|at| self.versions.get(at)).map_or(0, |version| version.id)
    }

    /// Returns its fractions, counted over the course.
    pub(super) fn span(&self) -> std::ops::Range<i64> {
        self.first_fraction..self.first_fraction + self.fractions
    }
}

/// Returns Version, oldest first: the current one is 0, older ones count down from 32000 in the order of their making.
pub(super) fn number(place: usize, count: usize) -> i64 {
    if place + 1 == count { 0 } else { 32_000 - i64::try_from(place).unwrap_or(0) }
}

impl Course {
    pub(super) fn new(request: &LabRequest, case: Case, patient: i64, first: Day, ids: (i64, i64, i64)) -> Self {
        let mut random = stream(request, "lab/course", &[case.index]);
        let planned = calendar::working_day(first - 14);
        let mut course = Self {
            index: case.index,
            patient,
            machine: case.machine,
            imaging: case.template.imaging,
            template: case.template,
            slot: case.slot,
            registered: calendar::working_day(planned - between(&mut random, 4, 12)),
            planned,
            until: calendar::day_of(request.until),
            sessions: sessions(request, &case, first),
            measured: Vec::new(),
            prescriptions: Vec::new(),
            next: ids,
        };
        course.prescribe(&case, &mut random);
        course.revise(&mut random);
        course.measure();
        course
    }

    /// Returns the last day of treatment.
    pub(super) fn last_day(&self) -> Day {
        self.sessions.last().map_or(self.planned, |session| session.day)
    }

    /// Returns the session of a fraction, unless it lies after the lab's end.
    pub(super) fn session(&self, fraction: i64) -> Option<Session> {
        let session = self.sessions.get(usize::try_from(fraction).ok()?)?;
        (session.day <= self.until).then_some(*session)
    }

    /// Returns the fractions that were given on a day.
    pub(super) fn fractions_on(&self, day: Day) -> std::ops::Range<i64> {
        let count = |before: &dyn Fn(&Session) -> bool| {
            i64::try_from(self.sessions.partition_point(before)).unwrap_or(i64::MAX)
        };
        count(&|session| session.day < day)..count(&|session| session.day <= day)
    }

    /// Returns the prescription that a fraction belongs to.
    pub(super) fn prescription(&self, fraction: i64) -> Option<&Prescription> {
        self.prescriptions.iter().find(|each| each.span().contains(&fraction.max(0)))
    }

    fn prescribe(&mut self, case: &Case, random: &mut RecordRandom) {
        let phases = [Some((case.template, case.fractions, case.dose)), case.boost.map(|(how, n)| (how, n, 200))];
        let mut first_fraction = 0;
        for (phase, (template, fractions, dose)) in (0..).zip(phases.into_iter().flatten()) {
            let version = Version { id: self.next.0, saved: (self.planned, 36_000_000 + phase * 60_000), from: ALWAYS };
            self.next.0 += 1;
            let mut made =
                Prescription { template, dose, fractions, first_fraction, versions: vec![version], fields: Vec::new() };
            self.add_fields(&mut made, phase, random);
            first_fraction += fractions;
            self.prescriptions.push(made);
        }
    }

    fn add_fields(&mut self, made: &mut Prescription, phase: i64, random: &mut RecordRandom) {
        let template = made.template;
        let beams = i64::try_from(template.beams.len()).unwrap_or(1).max(1);
        let setup = if self.machine.offset_type == 3 { FieldKind::Portal } else { FieldKind::KvSetup };
        let mut all = vec![(setup, 0, (0, 0, 0))];
        all.extend((1..).zip(template.beams).map(|(number, beam)| (template.kind, number, *beam)));
        if template.kind == FieldKind::Static && phase == 0 {
            // Static fields are verified with a second image, from the side.
            all.push((FieldKind::Portal, 0, (270, 0, 0)));
        }
        for (kind, number, beam) in all {
            let dose = if kind.images() { 0 } else { made.dose * 100 / beams };
            let collimator = collimator(kind, number, random);
            let mut field = Field { kind, number, beam, collimator, centigray_hundredths: dose, versions: Vec::new() };
            let saved = (self.planned, 39_600_000 + phase * 300_000 + 1000 * number);
            self.add_version(template, &mut field, saved, ALWAYS, random);
            made.fields.push(field);
        }
    }

    fn add_version(
        &mut self,
        template: &Template,
        field: &mut Field,
        saved: (Day, i64),
        from: i64,
        random: &mut RecordRandom,
    ) {
        let points = match field.kind {
            FieldKind::StepAndShoot => 2 * between(random, 5, 8),
            FieldKind::Vmat => field.beam.1.abs() / self.machine.arc_step + 1,
            FieldKind::Dmlc => between(random, 15, 28),
            _ => 1,
        };
        let units = match field.kind {
            FieldKind::KvSetup => 0,
            FieldKind::Portal => 10 * between(random, 1, 3),
            _ => field.centigray_hundredths * between(random, template.units.0, template.units.1) / 1000,
        };
        let version = Version { id: self.next.1, saved, from };
        let beam_ms = beam_ms(field, template, points, units, random);
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

    /// Makes new versions of what was corrected before the first fraction, and of plans that were made anew.
    fn revise(&mut self, random: &mut RecordRandom) {
        let mut prescriptions = std::mem::take(&mut self.prescriptions);
        let chance = random.below(12);
        if let Some(first) = prescriptions.first_mut() {
            // An even number, so that it is a new day also for those who come twice a day.
            let half = first.fractions / 4 * 2;
            let replanned = self.index % 10 == 7 && half > 1 && self.session(half - 1).is_some();
            let whole = self.index % 5 == 2;
            if whole || chance == 0 {
                let (from, saved) = if replanned {
                    (half, (self.session(half - 1).map_or(self.planned, |last| last.day), 63_900_000))
                } else {
                    (QUALITY, (next_working(self.planned), 34_200_000))
                };
                if whole {
                    first.versions.push(Version { id: self.next.0, saved, from });
                    self.next.0 += 1;
                }
                let template = first.template;
                let changed = first.fields.iter_mut().filter(|field| !field.kind.images());
                for (place, field) in (0..).zip(changed.take(if whole { usize::MAX } else { 1 })) {
                    let saved = (saved.0, saved.1 + 5000 * (place + 1));
                    self.add_version(template, field, saved, from, random);
                }
            }
        }
        self.prescriptions = prescriptions;
    }

    /// Finds the evenings on which modulated fields are measured: the place in the timetable says on which weekdays.
    fn measure(&mut self) {
        if !self.template.kind.modulated() {
            return;
        }
        let suits = |day: &Day| {
            self.machine.runs(*day) && [self.slot % 2, self.slot % 2 + 2].contains(&calendar::weekday(*day))
        };
        let Some(first) = self.sessions.first().map(|session| session.day) else { return };
        let before = (1..=9).map(|back| first - back).find(suits).filter(|day| *day <= self.until);
        let mut measured: Vec<(Day, i64)> = before.into_iter().map(|day| (day, QUALITY)).collect();
        let fields = self.prescriptions.iter().flat_map(|site| &site.fields);
        let from = fields.flat_map(|field| &field.versions).map(|each| each.version.from).max().unwrap_or(ALWAYS);
        // A plan made anew is measured on the evening before it is used, if that suits.
        measured.extend(self.session(from - 1).map(|last| last.day).filter(suits).map(|day| (day, from)));
        self.measured = measured;
    }
}

fn next_working(day: Day) -> Day {
    let later = (1..8).find(|later| calendar::works(day + later)).unwrap_or(1);
    day + later
}

/// Returns the sessions of a course: one a working day of the machine, or two, with a day missed now and then.
fn sessions(request: &LabRequest, case: &Case, first: Day) -> Vec<Session> {
    let mut random = stream(request, "lab/days", &[case.index]);
    let all = case.fractions + case.boost.map_or(0, |(_, fractions)| fractions);
    let mut missed = if case.visits() > 5 { between(&mut random, 0, 2) } else { 0 };
    let (mut out, mut day) = (Vec::new(), first);
    let count = usize::try_from(all).unwrap_or(0);
    while out.len() < count {
        let misses = missed > 0 && !out.is_empty() && random.below(12) == 0;
        if case.machine.runs(day) && misses {
            missed -= 1;
        } else if case.machine.runs(day) {
            out.push(Session { day, slot: case.slot });
            if case.twice && out.len() < count {
                out.push(Session { day, slot: case.slot + 22 });
            }
        }
        day += 1;
    }
    out
}

/// Returns a collimator angle, degrees from 0 to 359.
fn collimator(kind: FieldKind, number: i64, random: &mut RecordRandom) -> i64 {
    let turned = *random.pick(&[5, 10, 15, 20]).unwrap_or(&10);
    match kind {
        FieldKind::Vmat if number % 2 == 0 => 360 - turned,
        FieldKind::Vmat => turned,
        FieldKind::Static if random.below(3) > 0 => 0,
        FieldKind::Static => *random.pick(&[90, 270, 350, turned]).unwrap_or(&0),
        FieldKind::StepAndShoot | FieldKind::Dmlc => *random.pick(&[0, 0, 90, 270, 355, 3]).unwrap_or(&0),
        FieldKind::Electron => *random.pick(&[0, 0, 45, 340]).unwrap_or(&0),
        FieldKind::KvSetup | FieldKind::Portal => 0,
    }
}

/// Returns how long a beam takes: the dose rate, the gantry and the leaves each want their time.
fn beam_ms(field: &Field, template: &Template, points: i64, tenths: i64, random: &mut RecordRandom) -> i64 {
    let dose_ms = tenths * 6000 / template.rate.max(1);
    match field.kind {
        // The gantry makes 6 degrees a second and stays below that; the dose rate has to leave room for its changes.
        FieldKind::Vmat => {
            let gantry_ms = field.beam.1.abs() * 1000 * 10 / 56;
            gantry_ms.max(dose_ms * 5 / 4).max(62_000) * between(random, 100, 170) / 100
        }
        FieldKind::StepAndShoot => (dose_ms + points * 2600 + between(random, 6000, 30_000)).clamp(50_000, 110_000),
        FieldKind::Dmlc => (dose_ms * 5 / 4 + between(random, 15_000, 45_000)).clamp(45_000, 110_000),
        FieldKind::Static | FieldKind::Electron => (dose_ms + between(random, 15_000, 70_000)).clamp(31_000, 120_000),
        FieldKind::KvSetup | FieldKind::Portal => between(random, 11_000, 30_000),
    }
}
