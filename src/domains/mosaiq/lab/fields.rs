//! Prescriptions and fields, one row per version.

use super::course::{Course, FieldVersion, LabField, Prescription, version_number};
use super::people::{PHYSICIANS, PHYSICISTS};
use super::preparation::DayTime;
use super::profile::NamedField;
use super::template::{FieldKind, Region, Template};
use super::{NewRow, Roster, Sink, aperture, calendar};

/// Writes table Site.
pub(super) fn write_sites<E>(roster: &Roster<'_>, sink: Sink<'_, E>) -> Result<(), E> {
    for course in roster.courses() {
        for (phase, site) in (1..).zip(&course.prescriptions) {
            for place in 0..site.versions.len() {
                build_site_row(&course, site, phase, place).write_to(sink)?;
            }
        }
    }
    Ok(())
}

fn build_site_row(course: &Course, site: &Prescription, phase: i64, place: usize) -> NewRow {
    let version = site.versions.get(place);
    let saved = version.map_or(course.preparation.prescribed, |version| version.saved);
    let created = site.versions.first().map_or(saved, |oldest| oldest.saved);
    let ordered = describe_version(course, site, place);
    let naming = &course.profile.naming;
    let approval = Approval {
        moment: later_by(saved, 3 * MINUTE_MS + course.index % 7 * 10_000),
        person: PHYSICIANS.0 + course.index % PHYSICIANS.1,
    };
    let approval = Some(approval).filter(|approval| approval.moment.0 <= course.until);
    let status = if approval.is_some() { 5 } else { 7 };
    let row = NewRow::new("Site")
        .integer("SIT_ID", version.map_or(0, |version| version.id))
        .integer("SIT_SET_ID", site.set_id())
        .integer("Version", version_number(place, site.versions.len()))
        .integer("Pat_ID1", course.patient)
        .created_and_edited(calendar::datetime_at(created.0, created.1), calendar::datetime_at(saved.0, saved.1));
    with_approval(row, "Sanct_DtTm", "Sanct_Id", approval)
        .text("Site_Name", (naming.site)(course.template.site, phase > 1))
        .text("Technique", ordered.technique)
        .text("Modality", (naming.modality)(site.template))
        .decimal("Dose_Tx", site.dose * 100, 2)
        .decimal("Dose_Ttl", site.dose * ordered.fractions * 100, 2)
        .integer("Fractions", ordered.fractions)
        .text("Frac_Pattern", name_pattern(course, site))
        .text("Notes", format!("Phase {phase}{}", ordered.note))
        .integer("DisplaySequence", phase)
        .flag("Holidays_OK", false)
        .flag("SATURDAY_OK", false)
        .flag("SUNDAY_OK", false)
        .integer("Status_Enum", status)
        .integer("Modality_Enum", site.template.kind.modality_number())
}

/// Milliseconds of a minute.
const MINUTE_MS: i64 = 60_000;

/// When a row was approved, and by whom.
struct Approval {
    moment: DayTime,
    /// Staff_ID.
    person: i64,
}

/// Returns the moment some milliseconds after another of the same day.
const fn later_by(moment: DayTime, milliseconds: i64) -> DayTime {
    (moment.0, moment.1 + milliseconds)
}

/// Sets when a row was approved, and by whom, in the columns of these names.
fn with_approval(row: NewRow, moment_column: &str, person_column: &str, approval: Option<Approval>) -> NewRow {
    let Some(Approval { moment: (day, at), person }) = approval else { return row };
    row.time(moment_column, calendar::datetime_at(day, at)).integer(person_column, person)
}

/// Returns Frac_Pattern in the department's words.
fn name_pattern(course: &Course, site: &Prescription) -> &'static str {
    let [daily, twice, alternate] = course.profile.naming.patterns;
    match Template::days_apart(site.dose) {
        1 if course.twice => twice,
        1 => daily,
        _ => alternate,
    }
}

/// The content of a version of a prescription.
struct VersionText {
    technique: &'static str,
    fractions: i64,
    note: &'static str,
}

/// Returns the content of a version. An old one mostly has other fractions or another technique, but never fewer
/// fractions than were given by it.
fn describe_version(course: &Course, site: &Prescription, place: usize) -> VersionText {
    let now = VersionText { technique: site.template.technique, fractions: site.fractions, note: "" };
    let Some(next) = site.versions.get(place + 1) else {
        let anew = site.versions.last().is_some_and(|version| version.from > 0);
        let note = match (place, anew) {
            (0, _) => "",
            (_, true) => ", planned anew",
            (_, false) => ", corrected",
        };
        return VersionText { note, ..now };
    };
    // The dose of a fraction stays, because the fields carry it.
    let fractions = match course.index / 5 % 5 {
        0 | 3 => site.fractions + 1 + site.fractions / 8,
        1 => (site.fractions - 1 - site.fractions / 12).max(next.from).max(1),
        _ => site.fractions,
    };
    match (course.index / 5 % 5, site.template.kind) {
        // What was given by it stays as it was.
        (2, _) if next.from > 0 => VersionText { note: ", preliminary", ..now },
        (2, FieldKind::Static | FieldKind::StepAndShoot | FieldKind::Vmat | FieldKind::Dmlc) => {
            VersionText { technique: "3D CONFORMAL", ..now }
        }
        (4, _) => VersionText { note: ", preliminary", ..now },
        _ => VersionText { fractions, ..now },
    }
}

/// Writes table TxField.
pub(super) fn write_fields<E>(roster: &Roster<'_>, sink: Sink<'_, E>) -> Result<(), E> {
    // Rows of a course in the order of their ids: a new version comes after all first versions.
    for course in roster.courses() {
        let mut rows = Vec::new();
        for site in &course.prescriptions {
            for field in &site.fields {
                rows.extend(field.versions.iter().enumerate().map(|(place, version)| (site, field, place, version)));
            }
        }
        rows.sort_by_key(|(.., version)| version.version.id);
        for (site, field, place, version) in rows {
            build_row(&course, site, field, place, version).write_to(sink)?;
        }
    }
    Ok(())
}

/// Returns Field_Label and Field_Name.
fn label_and_name(course: &Course, site: &Prescription, field: &LabField) -> (String, String) {
    (course.profile.naming.field)(&NamedField {
        kind: field.kind,
        number: field.number,
        gantry: field.beam.0,
        sweep: field.beam.1,
        energy: site.template.energy,
        site: course.template.site,
    })
}

/// Returns the approval of a version of a field; `None` if there is none, because another version replaced it before,
/// or because the day is still to come.
fn field_approval(course: &Course, field: &LabField, place: usize) -> Option<Approval> {
    let version = field.versions.get(place)?.version;
    let replaced = field.versions.get(place + 1).is_some_and(|next| next.version.from <= 0);
    let moment = if version.from > 0 {
        later_by(version.saved, 4 * MINUTE_MS + 10_000 * field.number)
    } else {
        later_by(course.preparation.checked, 10_000 * field.number)
    };
    let person = PHYSICISTS.0 + course.index % PHYSICISTS.1;
    Some(Approval { moment, person }).filter(|_| !replaced && moment.0 <= course.until)
}

/// Returns Tol_Tbl_ID: tighter for the head and for large fractions, a table of its own for images and electrons.
fn tolerance_table(course: &Course, site: &Prescription, field: &LabField) -> i64 {
    let further = match (field.kind, course.template.region) {
        (kind, _) if kind.is_imaging() => 4,
        (FieldKind::Electron, _) => 3,
        _ if Template::days_apart(site.dose) > 1 => 2,
        (_, Region::Head) => 1,
        _ => 0,
    };
    course.profile.tolerance + further
}

fn build_row(course: &Course, site: &Prescription, field: &LabField, place: usize, version: &FieldVersion) -> NewRow {
    let saved = version.version.saved;
    let created = field.versions.first().map_or(saved, |oldest| oldest.version.saved);
    let (label, name) = label_and_name(course, site, field);
    let naming = &course.profile.naming;
    // The dose of a monitor unit, in 10^-6 cGy.
    let per_unit = field.centigray_hundredths * 100_000 / version.meterset_tenths.max(1);
    let (kind, treats) = (field.kind, !field.kind.is_imaging());
    let row = NewRow::new("TxField")
        .integer("FLD_ID", version.version.id)
        .integer("FLD_SET_ID", field.set_id())
        .integer("Version", version_number(place, field.versions.len()))
        .integer("Pat_ID1", course.patient)
        .created_and_edited(calendar::datetime_at(created.0, created.1), calendar::datetime_at(saved.0, saved.1));
    let row = with_approval(row, "Sanct_DtTm", "Sanct_ID", field_approval(course, field, place))
        .integer("SIT_Set_ID", site.set_id())
        .text("Field_Label", label)
        .text("Field_Name", name)
        .integer("Machine_ID_Staff_ID", course.machine.staff_id)
        .integer("Fractions_Tx", if treats { course.count_given(site, field, version) } else { 0 })
        .decimal("Cgray", field.centigray_hundredths, 2)
        .integer("Tol_Tbl_ID", tolerance_table(course, site, field))
        .decimal("Arc_Mu", 0, 4);
    let row = match (kind, field.wedge) {
        (FieldKind::Electron, _) => row.text("Wdg_Appl", (naming.applicator)(applicator_side(site) / 100)),
        (_, Some(angle)) => row.text("Wdg_Appl", (naming.wedge)(angle, field.number)),
        _ => row,
    };
    let row = match site.template.bolus_mm {
        thickness @ 1.. if treats => row.text("Bolus", (naming.bolus)(thickness)),
        _ => row,
    };
    row.decimal("Sad", 1000, 1)
        .decimal("Ssd", skin_mm(course, site, field), 1)
        .integer("Mlc", if kind.has_leaves() { 1 } else { 0 })
        .integer("DisplaySequence", field.number + 1)
        .integer("Type_Enum", kind.type_number())
        .integer("Modality_Enum", kind.modality_number())
        .integer("ControlPoints", version.points)
        .integer("IndexMethod_Enum", 1)
        .integer("IndexReference_Enum", 1)
        .decimal("Meterset", version.meterset_tenths, 1)
        .integer("MetersetUnit_Enum", i64::from(kind.modality_number() != 0))
        .decimal("cGrayPerMeterset", per_unit, 6)
        .flag("IsFFF", treats && site.template.is_unflattened())
}

/// Returns the distance from source to skin along a beam, in mm, for a patient who is no cylinder and unlike others.
fn skin_mm(course: &Course, site: &Prescription, field: &LabField) -> i64 {
    if field.kind == FieldKind::Electron {
        return 1000;
    }
    let stout = (course.index * 7 + course.patient * 3).rem_euclid(31) - 12;
    let front = site.template.target.1 / 10 + 50 + stout;
    // Heads are narrower than deep, trunks wider.
    let percent = if site.template.shift < 20 { 82 } else { 150 } + stout / 2;
    let (sine, cosine) = (aperture::sine(field.beam.0 * 10), aperture::cosine(field.beam.0 * 10));
    let (across, deep) = (front * percent / 100 * sine, front * cosine);
    // The target lies off the middle, nearer to one side.
    let off = ((course.index * 5).rem_euclid(17) - 8) * cosine + ((course.index * 11).rem_euclid(23) - 11) * sine;
    1000 - (across * across + deep * deep).isqrt() / 1000 + off / 1000
}

/// Returns the side of the smallest square applicator around an electron target, 1/100 cm.
pub(super) fn applicator_side(site: &Prescription) -> i64 {
    let (across, _, along) = site.template.target;
    [600, 1000, 1500, 2000].into_iter().find(|side| *side >= 2 * across.max(along) + 100).unwrap_or(2500)
}
