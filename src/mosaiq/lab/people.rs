//! Staff, machines, patients and their hospital numbers; every name is invented.

use jiff::civil::date;

use super::course::{Courses, MACHINES};
use super::{LabRequest, NewRow, Sink, between, calendar, one, stream};

/// Initials, given name, surname, Type, Staff_Role.
static STAFF: [(&str, &str, &str, &str, i64); 8] = [
    ("AOK", "Amara", "Okonjo", "Physician", 2),
    ("LBE", "Lukas", "Bergstrand", "Physician", 2),
    ("YTA", "Yuki", "Tanabe", "Physicist", 5),
    ("CMO", "Clara", "Monteverde", "Physicist", 5),
    ("JHA", "Jonas", "Haldorsen", "Therapist", 6),
    ("PSI", "Priya", "Sivaraman", "Therapist", 6),
    ("EDU", "Eloise", "Durandal", "Therapist", 6),
    ("MKO", "Marek", "Kowalczuk", "Therapist", 6),
];

/// The Staff_ID of the first therapist, and how many there are.
pub(super) const THERAPISTS: (i64, i64) = (205, 4);

static SURNAMES: [&str; 24] = [
    "Abelson",
    "Brightwater",
    "Castellane",
    "Dunmore",
    "Eastvale",
    "Farrowby",
    "Greystone",
    "Hollins",
    "Iverley",
    "Jasperson",
    "Kettering",
    "Lindqvist",
    "Marchbank",
    "Norbury",
    "Oakhurst",
    "Pemberley",
    "Quillfeather",
    "Ravensdale",
    "Silverton",
    "Thornbury",
    "Underwood",
    "Vandermeer",
    "Whitlock",
    "Yarrowdale",
];

static GIVEN_NAMES: [&str; 20] = [
    "Alma", "Bruno", "Celia", "Dario", "Edith", "Felix", "Greta", "Hugo", "Ines", "Jasper", "Klara", "Leon", "Mira",
    "Nils", "Olive", "Pavel", "Rosa", "Stefan", "Thea", "Victor",
];

/// Makes Staff: machines and people.
pub(super) fn staff<E>(request: &LabRequest, sink: Sink<'_, E>) -> Result<(), E> {
    let since = calendar::moment(calendar::days(request.until, -2000), 9 * 3_600_000);
    let row = |id: i64, initials: &str, kind: &str, surname: &str| {
        NewRow::new("Staff")
            .integer("Staff_ID", id)
            .time("Create_DtTm", since)
            .time("Edit_DtTm", since)
            .text("Initials", format!("{initials:<6}"))
            .text("Type", kind)
            .integer("Category", 0)
            .text("Last_Name", format!("{surname:<40}"))
            .flag("Status_inactive", false)
    };
    for machine in &MACHINES {
        row(machine.staff_id, "", "Location", machine.name).integer("Machine_Type", 1).send(sink)?;
    }
    for (id, (initials, given, surname, kind, role)) in (201..).zip(STAFF) {
        row(id, initials, kind, surname).text("First_Name", given).integer("Staff_Role", role).send(sink)?;
    }
    Ok(())
}

/// Makes Patient.
pub(super) fn patients<E>(request: &LabRequest, sink: Sink<'_, E>) -> Result<(), E> {
    for course in Courses::new(request) {
        let mut random = stream(request, "lab/patient", &[course.patient]);
        let born = calendar::days(date(1935, 1, 1), between(&mut random, 0, 20_000));
        let created = calendar::moment(course.planned_on(), 8 * 3_600_000 + between(&mut random, 0, 3_000_000));
        NewRow::new("Patient")
            .integer("Pat_ID1", course.patient)
            .time("Create_DtTm", created)
            .time("Edit_DtTm", created)
            .time("Birth_DtTm", calendar::moment(born, 0))
            .text("Last_Name", one(&mut random, &SURNAMES).to_uppercase())
            .text("First_Name", one(&mut random, &GIVEN_NAMES).to_uppercase())
            .integer("Clin_Status", 1)
            .flag("Inactive", false)
            .send(sink)?;
    }
    Ok(())
}

/// Makes Ident.
pub(super) fn identities<E>(request: &LabRequest, sink: Sink<'_, E>) -> Result<(), E> {
    for course in Courses::new(request) {
        let created = calendar::moment(course.planned_on(), 9 * 3_600_000);
        NewRow::new("Ident")
            .integer("IDENT_ID", 501 + course.index)
            .integer("IDENT_Set_ID", 501 + course.index)
            .integer("Version", 0)
            .time("Create_DtTm", created)
            .time("Edit_DtTm", created)
            .integer("Pat_Id1", course.patient)
            .text("IDA", format!("LAB{:06}", course.index + 1))
            .send(sink)?;
    }
    Ok(())
}
