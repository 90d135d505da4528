//! Staff, machines, patients and their hospital numbers. Every name is invented.

use jiff::civil::DateTime;

use super::template::Sex;
use super::{NewRow, Roster, Sink, calendar, course, pick_one, random_between, random_stream};

/// Initials, given name, surname, Type, Staff_Role; Staff_ID counts from 201.
static STAFF: [(&str, &str, &str, &str, i64); 22] = [
    ("AOK", "Amara", "Okonjo", "Physician", 2),
    ("LBE", "Lukas", "Bergstrand", "Physician", 2),
    ("IVA", "Ilse", "Vandamme", "Physician", 2),
    ("RQU", "Rafael", "Quintanar", "Physician", 2),
    ("YTA", "Yuki", "Tanabe", "Physicist", 5),
    ("CMO", "Clara", "Monteverde", "Physicist", 5),
    ("HRI", "Henrik", "Ristvedt", "Physicist", 5),
    ("DNA", "Dilan", "Nazari", "Dosimetrist", 7),
    ("BFO", "Beatrix", "Fontanel", "Dosimetrist", 7),
    ("TWH", "Tobias", "Wheelock", "Dosimetrist", 7),
    ("JHA", "Jonas", "Haldorsen", "Therapist", 6),
    ("PSI", "Priya", "Sivaraman", "Therapist", 6),
    ("EDU", "Eloise", "Durandal", "Therapist", 6),
    ("MKO", "Marek", "Kowalczuk", "Therapist", 6),
    ("SAB", "Samira", "Abadi", "Therapist", 6),
    ("GLI", "Goran", "Lisowski", "Therapist", 6),
    ("NPE", "Nadia", "Pellegrin", "Therapist", 6),
    ("OTR", "Owen", "Trevanion", "Therapist", 6),
    ("FKA", "Freya", "Karlstad", "Therapist", 6),
    ("WAM", "Wanjiru", "Amadi", "Therapist", 6),
    ("ZMI", "Zoltan", "Mihalik", "Therapist", 6),
    ("CRO", "Colette", "Rousselot", "Therapist", 6),
];

/// First Staff_ID and number of people of a profession.
pub(super) const PHYSICIANS: (i64, i64) = (201, 4);
pub(super) const PHYSICISTS: (i64, i64) = (205, 3);
pub(super) const DOSIMETRISTS: (i64, i64) = (208, 3);
const THERAPISTS: i64 = 211;

/// Staff_ID and name of the task lists that several people share.
pub(super) static LISTS: [(i64, &str); 2] = [(151, "PHYSICS_QCL"), (152, "DOSIMETRY_QCL")];

/// Returns the Staff_ID of one of the two therapists at a machine, by its place in the department, in a week. Half of
/// them move one machine up every week, half one down, so that the teams change.
pub(super) fn therapist_id(place: i64, week: i64, which: i64) -> i64 {
    let way = if which % 2 == 0 { week } else { -week };
    THERAPISTS + 2 * (place + way).rem_euclid(6) + which % 2
}

static SURNAMES: [&str; 48] = [
    "Abelson",
    "Ainsley",
    "Barrowby",
    "Brightwater",
    "Castellane",
    "Corbridge",
    "Dunmore",
    "Dovecote",
    "Eastvale",
    "Ellerton",
    "Farrowby",
    "Fairweather",
    "Greystone",
    "Gadsby",
    "Hollins",
    "Hazelwood",
    "Iverley",
    "Ilsley",
    "Jasperson",
    "Jarrow",
    "Kettering",
    "Kestrel",
    "Lindqvist",
    "Larkspur",
    "Marchbank",
    "Merriweather",
    "Norbury",
    "Nightjar",
    "Oakhurst",
    "Ollerton",
    "Pemberley",
    "Pinkerfield",
    "Quillfeather",
    "Quarrington",
    "Ravensdale",
    "Rookwood",
    "Silverton",
    "Swinbrook",
    "Thornbury",
    "Tidewell",
    "Underwood",
    "Ullswater",
    "Vandermeer",
    "Vexford",
    "Whitlock",
    "Wraysbury",
    "Yarrowdale",
    "Yelverton",
];

static WOMEN: [&str; 20] = [
    "Alma", "Celia", "Dorothea", "Edith", "Frida", "Greta", "Helene", "Ines", "Judith", "Klara", "Linnea", "Mira",
    "Nora", "Olive", "Petra", "Rosa", "Sunniva", "Thea", "Ursula", "Vera",
];

static MEN: [&str; 20] = [
    "Alfred", "Bruno", "Casper", "Dario", "Emil", "Felix", "Gustav", "Hugo", "Ivan", "Jasper", "Konrad", "Leon",
    "Matteo", "Nils", "Oskar", "Pavel", "Rufus", "Stefan", "Tomas", "Victor",
];

/// Writes table Staff: machines, task lists and people.
pub(super) fn write_staff<E>(roster: &Roster<'_>, sink: Sink<'_, E>) -> Result<(), E> {
    let since = calendar::datetime_at(calendar::day_of(roster.request.until) - 8000, 9 * 3_600_000);
    for machine in roster.request.machines() {
        staff_row(machine.staff_id, "", "Location", machine.name, since).integer("Machine_Type", 1).write_to(sink)?;
    }
    for (id, name) in LISTS {
        staff_row(id, "", "Location", name, since).integer("Machine_Type", 0).write_to(sink)?;
    }
    for (id, (initials, given, surname, kind, role)) in (201..).zip(STAFF) {
        let row = staff_row(id, initials, kind, surname, since);
        row.text("First_Name", given).integer("Staff_Role", role).write_to(sink)?;
    }
    Ok(())
}

fn staff_row(id: i64, initials: &str, kind: &str, surname: &str, since: DateTime) -> NewRow {
    // Padded to the width of the `char` columns, as a server returns them.
    NewRow::new("Staff")
        .integer("Staff_ID", id)
        .created_and_edited(since, since)
        .text("Initials", format!("{initials:<6}"))
        .text("Type", kind)
        .integer("Category", 0)
        .text("Last_Name", format!("{surname:<40}"))
        .flag("Status_inactive", false)
}

/// Patients in a row who are all born on different days.
const BIRTHDAYS: i64 = 1024;

/// Writes table Patient.
pub(super) fn write_patients<E>(roster: &Roster<'_>, sink: Sink<'_, E>) -> Result<(), E> {
    for course in roster.courses() {
        let mut random = random_stream(roster.request, "lab/patient", &[course.index]);
        let registered = course.preparation.registered;
        let (youngest, oldest) = course.template.ages;
        // Ages are as of registration, in years of 365 days.
        let drawn = registered.0 - random_between(&mut random, youngest * 365, oldest * 365 - BIRTHDAYS);
        // No two of a thousand patients are born on one day, so that none are namesakes.
        let born = drawn - (drawn - course.index * 389).rem_euclid(BIRTHDAYS);
        let created = calendar::datetime_at(registered.0, registered.1);
        let woman = match course.template.sex {
            Sex::Female => true,
            Sex::Male => false,
            Sex::Any => random.below(2) == 0,
        };
        let given = pick_one(&mut random, if woman { &WOMEN } else { &MEN });
        NewRow::new("Patient")
            .integer("Pat_ID1", course.patient)
            .created_and_edited(created, created)
            .time("Birth_DtTm", calendar::datetime_at(born, 0))
            .text("Last_Name", pick_one(&mut random, &SURNAMES).to_uppercase())
            .text("First_Name", given.to_uppercase())
            .integer("Clin_Status", 1)
            .flag("Inactive", false)
            .write_to(sink)?;
    }
    Ok(())
}

/// Writes table Ident. Some patients have a provisional number first, which stays as an older version.
pub(super) fn write_identities<E>(roster: &Roster<'_>, sink: Sink<'_, E>) -> Result<(), E> {
    let mut id = 501;
    for course in roster.courses() {
        let number = course.patient - 10_000;
        let steps = course.preparation;
        let created = calendar::datetime_at(steps.registered.0, steps.registered.1);
        let later = calendar::datetime_at(steps.contoured.0, steps.contoured.1);
        let naming = &course.profile.naming;
        let provisional = (course.index % 9 == 4).then(|| ((naming.provisional_number)(number), created));
        let lasting = ((naming.hospital_number)(number), if provisional.is_some() { later } else { created });
        let (set, count) = (id, 1 + usize::from(provisional.is_some()));
        for (place, (text, edited)) in provisional.into_iter().chain([lasting]).enumerate() {
            NewRow::new("Ident")
                .integer("IDENT_ID", id)
                .integer("IDENT_Set_ID", set)
                .integer("Version", course::version_number(place, count))
                .created_and_edited(created, edited)
                .integer("Pat_Id1", course.patient)
                .text("IDA", text)
                .write_to(sink)?;
            id += 1;
        }
    }
    Ok(())
}
