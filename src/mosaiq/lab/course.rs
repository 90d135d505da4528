//! What is planned for each patient: machine, hour, prescriptions and beams, with their ids; makes no rows.

use jiff::civil::Date;

use super::{LabRequest, between, calendar, stream};
use crate::model::seed::RecordRandom;

/// A treatment machine.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) staff_id: i64,
    pub(super) name: &'static str,
    pub(super) leaf_pairs: i64,
    /// In 1/100 cm.
    pub(super) leaf_width: i64,
}

/// The department's machines.
pub(super) static MACHINES: [Machine; 4] = [
    Machine { staff_id: 101, name: "LINAC 1", leaf_pairs: 80, leaf_width: 50 },
    Machine { staff_id: 102, name: "LINAC 2", leaf_pairs: 80, leaf_width: 50 },
    Machine { staff_id: 103, name: "LINAC 3", leaf_pairs: 60, leaf_width: 66 },
    Machine { staff_id: 104, name: "LINAC 4", leaf_pairs: 40, leaf_width: 100 },
];

/// A session's length; every machine works off so many of them a day.
const SLOT_MINUTES: i64 = 20;
const SLOTS: i64 = 27;
const OPENS_AT_MINUTE: i64 = 8 * 60;
/// Patients of one place in the timetable follow each other at this distance, in working days.
const WAVE_DAYS: i64 = 36;

/// What a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldKind {
    Static,
    StepAndShoot,
    Vmat,
    KvSetup,
}

impl FieldKind {
    /// Type_Enum.
    pub(super) const fn code(self) -> i64 {
        match self {
            Self::Static => 1,
            Self::StepAndShoot => 2,
            Self::KvSetup => 4,
            Self::Vmat => 13,
        }
    }
}

/// A way to treat a site.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) site: &'static str,
    pub(super) technique: &'static str,
    pub(super) kind: FieldKind,
    pub(super) fractions: i64,
    /// Dose of a fraction, cGy.
    pub(super) dose: i64,
    /// Gantry angle of each field; for an arc, where it begins. Degrees.
    gantry: &'static [i64],
    /// Half the aperture across and along, 1/100 cm.
    pub(super) half_width: i64,
    pub(super) half_length: i64,
}

static TEMPLATES: [Template; 7] = [
    template("PROSTATE", "VMAT", FieldKind::Vmat, (20, 300), &[181, 179], (350, 400)),
    template("PELVIS", "4 FIELD BOX", FieldKind::Static, (25, 180), &[0, 90, 180, 270], (700, 800)),
    template("BRAIN", "IMRT", FieldKind::StepAndShoot, (30, 200), &[40, 100, 260, 320], (350, 350)),
    template("HEAD NECK", "VMAT", FieldKind::Vmat, (30, 200), &[181, 179], (600, 900)),
    template("OESOPHAGUS", "IMRT", FieldKind::StepAndShoot, (25, 200), &[0, 120, 240], (400, 700)),
    template("BREAST LEFT", "TANGENTS", FieldKind::Static, (15, 267), &[308, 130], (450, 900)),
    template("LUNG RIGHT", "VMAT", FieldKind::Vmat, (20, 275), &[181, 179], (400, 450)),
];

const fn template(
    site: &'static str,
    technique: &'static str,
    kind: FieldKind,
    (fractions, dose): (i64, i64),
    gantry: &'static [i64],
    (half_width, half_length): (i64, i64),
) -> Template {
    Template { site, technique, kind, fractions, dose, gantry, half_width, half_length }
}

/// A beam.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) id: i64,
    pub(super) kind: FieldKind,
    /// Counted from 1 within the prescription; 0 for the setup field.
    pub(super) number: i64,
    pub(super) points: i64,
    pub(super) first_point: i64,
    /// Degrees.
    pub(super) gantry: i64,
    /// Degrees.
    pub(super) collimator: i64,
    /// Dose of a fraction, 1/100 cGy.
    pub(super) centigray_hundredths: i64,
    /// Monitor units, tenths.
    pub(super) meterset_tenths: i64,
}

/// A prescription with its fields, the setup field first.
#[derive(Debug)]
pub(super) struct Prescription {
    pub(super) id: i64,
    pub(super) template: &'static Template,
    pub(super) fractions: i64,
    /// Its first fraction, counted from 0 over the course.
    pub(super) first_fraction: i64,
    pub(super) fields: Vec<Field>,
}

/// A patient's course.
#[derive(Debug)]
pub(super) struct Course {
    /// Counted from 0.
    pub(super) index: i64,
    pub(super) patient: i64,
    pub(super) machine: &'static Machine,
    slot: i64,
    /// The last treatment day, in working days before the lab's end.
    last_day_back: i64,
    until: Date,
    pub(super) fractions: i64,
    pub(super) prescriptions: Vec<Prescription>,
}

impl Course {
    /// Returns the day of a fraction; -1 is the working day before the first.
    pub(super) fn day(&self, fraction: i64) -> Date {
        calendar::working_day(self.until, self.last_day_back + self.fractions - 1 - fraction)
    }

    /// Returns the day on which the plan was made.
    pub(super) fn planned_on(&self) -> Date {
        self.day(-10)
    }

    /// Returns when the patient's place in the timetable begins, in milliseconds since midnight.
    pub(super) const fn slot_ms(&self) -> i64 {
        (OPENS_AT_MINUTE + self.slot * SLOT_MINUTES) * 60_000
    }
}

/// All courses in the order of their patients: ids count up from one to the next.
pub(super) struct Courses<'a> {
    request: &'a LabRequest,
    index: i64,
    next_site: i64,
    next_field: i64,
    next_point: i64,
}

impl<'a> Courses<'a> {
    pub(super) const fn new(request: &'a LabRequest) -> Self {
        Self { request, index: 0, next_site: 1001, next_field: 5001, next_point: 20_001 }
    }
}

impl Iterator for Courses<'_> {
    type Item = Course;

    fn next(&mut self) -> Option<Course> {
        if self.index >= i64::from(self.request.patients) {
            return None;
        }
        let index = self.index;
        self.index += 1;
        let mut random = stream(self.request, "lab/course", &[index]);
        let machine = at(&MACHINES, index)?;
        let lane = index / i64::try_from(MACHINES.len()).ok()?;
        let shift = i64::try_from(self.request.seed % 7).unwrap_or(0);
        let template = at(&TEMPLATES, index + shift)?;
        let mut prescriptions = vec![self.prescription(template, template.fractions, 0, &mut random)];
        // A fifth of the patients gets a boost: the same site, smaller, in the last fractions.
        let boost = if template.fractions <= 25 && random.below(5) == 0 { 5 } else { 0 };
        if boost > 0 {
            prescriptions.push(self.prescription(template, boost, template.fractions, &mut random));
        }
        Some(Course {
            index,
            patient: 10_001 + index,
            machine,
            slot: lane % SLOTS,
            last_day_back: lane / SLOTS * WAVE_DAYS + between(&mut random, 0, 3),
            until: self.request.until,
            fractions: template.fractions + boost,
            prescriptions,
        })
    }
}

/// Returns an item, counting round and round; `None` of none.
fn at<T>(items: &[T], index: i64) -> Option<&T> {
    let place = usize::try_from(index).ok()?.checked_rem(items.len())?;
    items.get(place)
}

impl Courses<'_> {
    fn prescription(
        &mut self,
        template: &'static Template,
        fractions: i64,
        first_fraction: i64,
        random: &mut RecordRandom,
    ) -> Prescription {
        let id = self.next_site;
        self.next_site += 1;
        let share = template.dose * 100 / i64::try_from(template.gantry.len()).unwrap_or(1).max(1);
        let mut fields = vec![self.field(FieldKind::KvSetup, 0, 0, 0, random)];
        for (number, gantry) in (1..).zip(template.gantry) {
            fields.push(self.field(template.kind, number, *gantry, share, random));
        }
        Prescription { id, template, fractions, first_fraction, fields }
    }

    fn field(
        &mut self,
        kind: FieldKind,
        number: i64,
        gantry: i64,
        centigray_hundredths: i64,
        random: &mut RecordRandom,
    ) -> Field {
        let (points, percent) = match kind {
            FieldKind::Static => (1, between(random, 100, 130)),
            FieldKind::StepAndShoot => (2 * between(random, 5, 8), between(random, 200, 280)),
            FieldKind::Vmat => (between(random, 56, 64), between(random, 200, 300)),
            FieldKind::KvSetup => (1, 0),
        };
        let collimator = match kind {
            FieldKind::Vmat if number % 2 == 0 => 350,
            FieldKind::Vmat => 10,
            _ => 0,
        };
        let (id, first_point) = (self.next_field, self.next_point);
        self.next_field += 1;
        self.next_point += points;
        let meterset_tenths = centigray_hundredths * percent / 1000;
        Field { id, kind, number, points, first_point, gantry, collimator, centigray_hundredths, meterset_tenths }
    }
}
