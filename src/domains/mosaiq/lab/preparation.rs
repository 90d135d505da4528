//! The times of the steps between a patient's registration and the first fraction. Makes no rows.

use super::calendar::{self, Day};
use super::template::Template;
use super::{LabRequest, random_between, random_stream};
use crate::model::seed::RecordRandom;

/// A day and milliseconds since its midnight.
pub(super) type DayTime = (Day, i64);

/// The steps in chronological order.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Preparation {
    pub(super) registered: DayTime,
    pub(super) consented: DayTime,
    pub(super) contoured: DayTime,
    pub(super) prescribed: DayTime,
    /// Import of the fields.
    pub(super) planned: DayTime,
    pub(super) calculated: DayTime,
    /// Correction of the plan, if there is one.
    pub(super) corrected: DayTime,
    pub(super) checked: DayTime,
}

/// Working hours of the staff, milliseconds since midnight.
const BEGINS_MS: i64 = 8 * 3_600_000;
const ENDS_MS: i64 = 17 * 3_600_000;
/// Everything is ready at least this long before the first session.
const READY_MS: i64 = 20 * 60_000;
/// A first session after this hour can follow everything else on one day.
const AFTERNOON_MS: i64 = 13 * 3_600_000;

impl Preparation {
    /// Schedules backwards from the first session, over the evening on which the fields are measured if they are.
    pub(super) fn new(
        request: &LabRequest,
        index: i64,
        template: &Template,
        first: DayTime,
        measured: Option<Day>,
    ) -> Self {
        let mut random = random_stream(request, "lab/preparation", &[index]);
        // A patient whose first session lies after the lab's end is planned before it all the same.
        let least = calendar::working_days(calendar::day_of(request.until), first.0);
        let back = if template.is_palliative() {
            plan_urgent(template, first, least, &mut random)
        } else {
            let measured = measured.map(|day| calendar::working_days(day, first.0));
            plan_usual(template, measured, least, &mut random)
        };
        let days = back.map(|back| calendar::working_days_before(first.0, back));
        let moments = std::array::from_fn(|place| schedule_step(&days, place, first, &mut random));
        let [registered, consented, contoured, prescribed, planned, calculated, corrected, checked] = moments;
        Self { registered, consented, contoured, prescribed, planned, calculated, corrected, checked }
    }
}

/// Returns the working days from each step to the first fraction for an urgent treatment.
fn plan_urgent(template: &Template, first: DayTime, least: i64, random: &mut RecordRandom) -> [i64; 8] {
    // A field must be there before it is treated, the earliest on the same day.
    let earliest = i64::from(first.1 < AFTERNOON_MS).max(template.lead.0);
    let registered = random_between(random, earliest, template.lead.1).max(least);
    let planned = random_between(random, earliest.min(registered), registered.min(2)).max(least).max(earliest);
    let asked = random_between(random, planned, registered);
    let checked = if planned > 1 { random_between(random, 1, planned) } else { planned };
    [registered, registered, asked, asked, planned, planned, checked, checked]
}

/// Returns the working days from each step to the first fraction, built from the last step backwards.
fn plan_usual(template: &Template, measured: Option<i64>, least: i64, random: &mut RecordRandom) -> [i64; 8] {
    let checked = match measured {
        Some(measured) => measured + random_between(random, 0, 1),
        None => random_between(random, 1, 3),
    };
    let corrected = checked + random_between(random, 0, 1);
    let calculated = corrected + random_between(random, 0, 1);
    let planned = (calculated + random_between(random, 0, 1)).max(least);
    let prescribed = planned + random_between(random, 0, 1);
    let wished = random_between(random, template.lead.0, template.lead.1);
    let contoured = prescribed + random_between(random, 1, ((wished - prescribed) / 2).max(1));
    let registered = wished.max(contoured);
    let consented = (registered - random_between(random, 0, 2)).max(contoured);
    [registered, consented, contoured, prescribed, planned, calculated, corrected, checked]
}

/// Returns day and time of a step. The steps of one day share its hours in their order.
fn schedule_step(days: &[Day; 8], place: usize, first: DayTime, random: &mut RecordRandom) -> DayTime {
    let day = days.get(place).copied().unwrap_or(first.0);
    let [all, earlier] = [&days[..], days.get(..place).unwrap_or_default()]
        .map(|steps| i64::try_from(steps.iter().filter(|other| **other == day).count()).unwrap_or(1));
    let end = if day == first.0 { (first.1 - READY_MS).min(ENDS_MS) } else { ENDS_MS };
    let width = (end - BEGINS_MS) / all.max(1);
    (day, BEGINS_MS + earlier * width + random_between(random, width / 10, width * 9 / 10))
}
