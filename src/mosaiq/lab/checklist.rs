//! Quality checklists: what has to be done for a course, by whom and by when; decides nothing about it.

use super::calendar::{self, Day};
use super::course::Course;
use super::people::{DOSIMETRISTS, LISTS, PHYSICIANS, PHYSICISTS};
use super::{NewRow, Roster, Sink, between, stream};

/// Kinds of items; TSK_ID counts from 11_001. Description, minutes it takes, and who does it.
static TASKS: [(&str, i64, Who); 9] = [
    ("Tx:Consent", 15, Who::Physician),
    ("Contour", 60, Who::Physician),
    ("Tx:Prescription", 10, Who::Physician),
    ("Dose Calcs Complete", 90, Who::Dosimetrist),
    ("IMRT Physics Check", 45, Who::Physicist),
    ("3D Physics Check", 30, Who::Physicist),
    ("IMRT Measurement", 30, Who::Physicist),
    ("Chart Check", 15, Who::Physicist),
    ("End of Tx Phys Sum.", 20, Who::Physicist),
];

const FIRST_TASK: i64 = 11_001;

/// Who an item waits for: a person, or a list that several people work off.
#[derive(Clone, Copy)]
enum Who {
    Physician,
    Dosimetrist,
    Physicist,
}

impl Who {
    const fn people(self) -> (i64, i64) {
        match self {
            Self::Physician => PHYSICIANS,
            Self::Dosimetrist => DOSIMETRISTS,
            Self::Physicist => PHYSICISTS,
        }
    }

    /// Returns the Staff_ID that an item waits on; `person` is who will do it.
    const fn responsible(self, person: i64) -> i64 {
        match self {
            Self::Physician => person,
            Self::Dosimetrist => LISTS[1].0,
            Self::Physicist => LISTS[0].0,
        }
    }
}

/// Makes QCLTask.
pub(super) fn tasks<E>(roster: &Roster<'_>, sink: Sink<'_, E>) -> Result<(), E> {
    let since = calendar::moment(calendar::day_of(roster.request.until) - 7000, 9 * 3_600_000);
    for (id, (description, minutes, who)) in (FIRST_TASK..).zip(TASKS) {
        NewRow::new("QCLTask")
            .integer("TSK_ID", id)
            .times(since, since)
            .text("Description", description)
            .flag("Inactive", false)
            .integer("Responsible_Staff_ID", who.responsible(who.people().0))
            .integer("Est_Dur", minutes)
            .send(sink)?;
    }
    Ok(())
}

/// Makes Chklist. What is due after the lab's end is not on the list yet.
pub(super) fn items<E>(roster: &Roster<'_>, sink: Sink<'_, E>) -> Result<(), E> {
    let mut id = 900_001;
    for course in roster.courses() {
        for (number, (task, made, due)) in (0..).zip(plan(&course)) {
            if due <= course.until {
                item(roster, &course, id, number, (task, made, due)).send(sink)?;
                id += 1;
            }
        }
    }
    Ok(())
}

/// Returns what a course needs: which task, when it is put on the list, when it is due.
fn plan(course: &Course) -> Vec<(usize, Day, Day)> {
    let (planned, last) = (course.planned, course.last_day());
    let first = course.sessions.first().map_or(planned, |session| session.day);
    let before = |days: i64| calendar::working_day(first - days);
    let check = if course.template.kind.modulated() { 4 } else { 5 };
    let mut all = vec![
        (0, course.registered, planned),
        (1, course.registered, planned),
        (2, course.registered, planned),
        (3, planned, before(5)),
        (check, planned, before(3)),
    ];
    if course.template.kind.modulated() {
        all.push((6, planned, before(1)));
    }
    let weekly = course.sessions.iter().skip(4).step_by(5);
    all.extend(weekly.map(|session| (7, first, session.day)));
    all.push((8, last, calendar::working_day(last + 9)));
    all
}

fn item(roster: &Roster<'_>, course: &Course, id: i64, number: i64, (task, made, due): (usize, Day, Day)) -> NewRow {
    let mut random = stream(roster.request, "lab/checklist", &[course.index, number]);
    let who = TASKS.get(task).map_or(Who::Physicist, |task| task.2);
    let (first, count) = who.people();
    let person = first + between(&mut random, 0, count - 1);
    let minutes = TASKS.get(task).map_or(0, |task| task.1);
    let asked = first_moment(made, &mut random);
    let done_on = calendar::working_day(due - between(&mut random, 0, 2)).max(made);
    let done = calendar::moment(done_on, 13 * 3_600_000 + between(&mut random, 0, 14_000_000));
    // Of what was due lately, some is late.
    let open = due > course.until - 10 && random.below(3) == 0;
    let edited = if open { asked } else { done };
    let row = NewRow::new("Chklist")
        .integer("Chk_id", id)
        .integer("Chk_set_id", id)
        .integer("Version", 0)
        .time("Create_DtTm", asked)
        .integer("Create_ID", DOSIMETRISTS.0)
        .time("Edit_DtTm", edited)
        .integer("Edit_ID", if open { DOSIMETRISTS.0 } else { person })
        .integer("Pat_ID1", course.patient)
        .time("Due_DtTm", calendar::moment(due, 86_399_000))
        .integer("Req_Staff_ID", DOSIMETRISTS.0)
        .integer("Rsp_Staff_ID", who.responsible(person))
        .flag("Complete", !open)
        .flag("Suppressed", false)
        .integer("TSK_ID", FIRST_TASK + i64::try_from(task).unwrap_or(0))
        .integer("Est_Dur", minutes)
        .time("Start_DtTm", calendar::moment(made, 0));
    if open { row } else { row.time("Act_DtTm", done).integer("Com_Staff_ID", person) }
}

fn first_moment(day: Day, random: &mut crate::model::seed::RecordRandom) -> jiff::civil::DateTime {
    calendar::moment(day, 8 * 3_600_000 + between(random, 0, 14_000_000))
}
