//! Quality checklists: the tasks of a course, who does them, and when they are due.

use super::calendar::{self, Day};
use super::course::Course;
use super::people::{DOSIMETRISTS, LISTS, PHYSICIANS, PHYSICISTS};
use super::preparation::DayTime;
use super::{NewRow, Roster, Sink, random_between, random_stream, session};
use crate::model::seed::RecordRandom;

/// Description, minutes and staff of every kind of item.
static TASKS: [(&str, i64, Assignee); 9] = [
    ("Tx:Consent", 15, Assignee::Physician),
    ("Contour", 60, Assignee::Physician),
    ("Tx:Prescription", 10, Assignee::Physician),
    ("Dose Calcs Complete", 90, Assignee::Dosimetrist),
    ("IMRT Physics Check", 45, Assignee::Physicist),
    ("3D Physics Check", 30, Assignee::Physicist),
    ("IMRT Measurement", 30, Assignee::Physicist),
    ("Chart Check", 15, Assignee::Physicist),
    ("End of Tx Phys Sum.", 20, Assignee::Physicist),
];

const FIRST_TASK: i64 = 11_001;

/// The group of staff that does an item.
#[derive(Clone, Copy)]
enum Assignee {
    Physician,
    Dosimetrist,
    Physicist,
}

impl Assignee {
    /// First Staff_ID and number of people.
    const fn staff_range(self) -> (i64, i64) {
        match self {
            Self::Physician => PHYSICIANS,
            Self::Dosimetrist => DOSIMETRISTS,
            Self::Physicist => PHYSICISTS,
        }
    }

    /// Returns the Staff_ID that an item waits for. Only physicians have items of their own, the others share a list.
    const fn responsible_staff(self, person: i64) -> i64 {
        match self {
            Self::Physician => person,
            Self::Dosimetrist => LISTS[1].0,
            Self::Physicist => LISTS[0].0,
        }
    }
}

/// Writes table QCLTask.
pub(super) fn write_tasks<E>(roster: &Roster<'_>, sink: Sink<'_, E>) -> Result<(), E> {
    let since = calendar::datetime_at(calendar::day_of(roster.request.until) - 7000, 9 * 3_600_000);
    for (id, (description, minutes, who)) in (FIRST_TASK..).zip(TASKS) {
        NewRow::new("QCLTask")
            .integer("TSK_ID", id)
            .created_and_edited(since, since)
            .text("Description", description)
            .flag("Inactive", false)
            .integer("Responsible_Staff_ID", who.responsible_staff(who.staff_range().0))
            .integer("Est_Dur", minutes)
            .write_to(sink)?;
    }
    Ok(())
}

struct ChecklistItem {
    /// Index into [`TASKS`].
    task: usize,
    made: DayTime,
    due: Day,
    done: DayTime,
}

/// Writes table Chklist. Items that are due after the lab's end are not on the list yet.
pub(super) fn write_items<E>(roster: &Roster<'_>, sink: Sink<'_, E>) -> Result<(), E> {
    let mut id = 900_001;
    for course in roster.courses() {
        let mut random = random_stream(roster.request, "lab/checklist", &[course.index]);
        for item in plan_items(&course, &mut random) {
            // Both draws for every item, written or not: the later ones must not depend on the lab's end.
            let (person, chance) = (random_between(&mut random, 0, 11), random.below(3));
            if item.due <= course.until && item.made.0 <= course.until {
                build_row(&course, &item, id, person, chance == 0).write_to(sink)?;
                id += 1;
            }
        }
    }
    Ok(())
}

/// Returns the items of a course.
fn plan_items(course: &Course, random: &mut RecordRandom) -> Vec<ChecklistItem> {
    let steps = &course.preparation;
    let first = course.sessions.first().map_or(steps.checked.0, |session| session.day);
    let check = if course.template.kind.is_modulated() { 4 } else { 5 };
    let ready = calendar::working_day(first - 1).max(steps.checked.0);
    let mut all = Vec::new();
    for (task, made, due, done) in [
        (0, steps.registered, steps.contoured.0, steps.consented),
        (1, steps.registered, steps.prescribed.0, steps.contoured),
        (2, steps.registered, steps.planned.0, steps.prescribed),
        (3, steps.prescribed, steps.checked.0, steps.calculated),
        (check, steps.planned, ready, steps.checked),
    ] {
        // Late items move their due day and not the day on which they are done, which the later steps follow.
        let missed = calendar::working_day(done.0 - 1);
        let late = random.below(8) == 0 && missed >= made.0;
        all.push(ChecklistItem { task, made, due: if late { missed } else { due }, done });
    }
    for (evening, fraction) in &course.measured {
        all.push(measurement_item(course, *evening, *fraction));
    }
    let begun = (first, MORNING_MS);
    let weekly = course.sessions.iter().skip(4).step_by(5);
    all.extend(weekly.map(|session| plan_later_item(7, begun, session.day, random)));
    let last = course.last_day();
    all.push(plan_later_item(8, (last, MORNING_MS), calendar::working_day(last + 9), random));
    all
}

/// Returns the item of an evening on which the fields of a fraction are measured.
fn measurement_item(course: &Course, evening: Day, fraction: i64) -> ChecklistItem {
    let used = usize::try_from(fraction.max(0)).ok().and_then(|fraction| course.sessions.get(fraction));
    let due = used.map_or(evening, |session| calendar::working_day(session.day - 1)).max(evening);
    // A revised plan is handed over a minute after it was saved.
    let made =
        if fraction > 0 { (evening, course.profile.replanned_ms() + 60_000) } else { course.preparation.planned };
    ChecklistItem { task: 6, made, due, done: (evening, session::measuring_ms(course) + 20 * 60_000) }
}

/// Returns an item that is done up to two days before it is due, or, one in twelve, a day late.
fn plan_later_item(task: usize, made: DayTime, due: Day, random: &mut RecordRandom) -> ChecklistItem {
    let early = calendar::working_day(due - random_between(random, 0, 2));
    let late = random.below(12) == 0;
    let day = if late { calendar::next_working(due) } else { early };
    let at = MORNING_MS + random_between(random, 0, 33_000_000);
    let done = if day <= made.0 { (made.0, at + 1_800_000) } else { (day, at) };
    ChecklistItem { task, made, due: due.max(made.0), done }
}

/// When the staff begins.
const MORNING_MS: i64 = 8 * 3_600_000;

fn build_row(course: &Course, item: &ChecklistItem, id: i64, person: i64, forgotten: bool) -> NewRow {
    let (_, minutes, who) = TASKS.get(item.task).copied().unwrap_or(("", 0, Assignee::Physicist));
    let (first, count) = who.staff_range();
    let person = first + person % count;
    let [asked, done] = [item.made, item.done].map(|(day, at)| calendar::datetime_at(day, at));
    // Some recent items are forgotten, but only those that no beam waits for.
    let open = item.done.0 > course.until || (item.task >= 7 && item.due > course.until - 10 && forgotten);
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
        .time("Due_DtTm", calendar::datetime_at(item.due, 86_399_000))
        .integer("Req_Staff_ID", DOSIMETRISTS.0)
        .integer("Rsp_Staff_ID", who.responsible_staff(person))
        .flag("Complete", !open)
        .flag("Suppressed", false)
        .integer("TSK_ID", FIRST_TASK + i64::try_from(item.task).unwrap_or(0))
        .integer("Est_Dur", minutes)
        .time("Start_DtTm", calendar::datetime_at(item.made.0, 0));
    if open { row } else { row.time("Act_DtTm", done).integer("Com_Staff_ID", person) }
}
