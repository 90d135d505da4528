//! Prescriptions and fields; their control points are elsewhere.

use super::course::{Course, Courses, Field, FieldKind, Prescription};
use super::{LabRequest, NewRow, Sink, calendar};

/// Makes Site.
pub(super) fn sites<E>(request: &LabRequest, sink: Sink<'_, E>) -> Result<(), E> {
    for course in Courses::new(request) {
        let planned = calendar::moment(course.planned_on(), 10 * 3_600_000);
        for (phase, site) in (1..).zip(&course.prescriptions) {
            let name = if phase == 1 { site.template.site.to_owned() } else { format!("{} BOOST", site.template.site) };
            NewRow::new("Site")
                .integer("SIT_ID", site.id)
                .integer("SIT_SET_ID", site.id)
                .integer("Version", 0)
                .integer("Pat_ID1", course.patient)
                .time("Create_DtTm", planned)
                .time("Edit_DtTm", planned)
                .text("Site_Name", name)
                .text("Technique", site.template.technique)
                .text("Modality", "x06")
                .decimal("Dose_Tx", site.template.dose * 100, 2)
                .decimal("Dose_Ttl", site.template.dose * site.fractions * 100, 2)
                .integer("Fractions", site.fractions)
                .text("Notes", format!("Phase {phase}"))
                .send(sink)?;
        }
    }
    Ok(())
}

/// Makes TxField.
pub(super) fn fields<E>(request: &LabRequest, sink: Sink<'_, E>) -> Result<(), E> {
    for course in Courses::new(request) {
        for site in &course.prescriptions {
            for field in &site.fields {
                row(&course, site, field).send(sink)?;
            }
        }
    }
    Ok(())
}

fn row(course: &Course, site: &Prescription, field: &Field) -> NewRow {
    let planned = calendar::moment(course.planned_on(), 11 * 3_600_000 + field.number * 1000);
    let setup = field.kind == FieldKind::KvSetup;
    let (label, name) = match field.kind {
        FieldKind::KvSetup => ("KV".to_owned(), "KV SETUP".to_owned()),
        FieldKind::Vmat => (format!("A{}", field.number), format!("{} ARC {}", site.template.site, field.number)),
        _ => (format!("{}", field.number), format!("{} G{}", site.template.site, field.gantry)),
    };
    // The dose of a monitor unit, in 10^-6 cGy.
    let per_unit = if setup { 0 } else { field.centigray_hundredths * 100_000 / field.meterset_tenths.max(1) };
    NewRow::new("TxField")
        .integer("FLD_ID", field.id)
        .integer("FLD_SET_ID", field.id)
        .integer("Version", 0)
        .integer("Pat_ID1", course.patient)
        .time("Create_DtTm", planned)
        .time("Edit_DtTm", planned)
        .integer("SIT_Set_ID", site.id)
        .text("Field_Label", label)
        .text("Field_Name", name)
        .integer("Machine_ID_Staff_ID", course.machine.staff_id)
        .decimal("Cgray", field.centigray_hundredths, 2)
        .decimal("Arc_Mu", 0, 4)
        .decimal("Sad", 1000, 1)
        .integer("Mlc", if setup { -1 } else { 1 })
        .integer("Type_Enum", field.kind.code())
        .integer("Modality_Enum", if setup { 0 } else { 1 })
        .integer("ControlPoints", field.points)
        .integer("IndexMethod_Enum", 1)
        .integer("IndexReference_Enum", 1)
        .decimal("Meterset", field.meterset_tenths, 1)
        .integer("MetersetUnit_Enum", 1)
        .decimal("cGrayPerMeterset", per_unit, 6)
}
