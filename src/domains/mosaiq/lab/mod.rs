//! Synthetic departments: plausible rows, the same for the same request. Opens no database and asks no clock.
//!
//! Each file writes one group of tables. All of them walk the same courses of treatment, so that memory stays flat and
//! every foreign key meets its row. Random numbers come from streams named by purpose and patient: a new table changes
//! none of the others. All arithmetic is in whole numbers, so that every platform makes the same rows.

mod aperture;
mod beams;
mod calendar;
mod checklist;
mod course;
mod days;
mod deliveries;
mod fields;
mod machine;
mod offsets;
mod people;
mod points;
mod preparation;
mod profile;
mod profiles;
mod roster;
mod row;
mod session;
mod template;
#[cfg(test)]
mod tests;
mod treatments;

use std::ops::ControlFlow;

use jiff::civil;
use mfm_journal::Value;

use self::machine::LabMachine;
use self::profile::Profile;
pub(super) use self::profile::SCENARIOS;
use self::roster::Roster;
use self::row::NewRow;
use super::schema;
use crate::domain::lab::{self, Lab, LabSize, RowSink};
use crate::domain::table::TableDef;
use crate::model::Datum;
use crate::model::seed::RecordRandom;

/// The default last day of a lab. It stays in the past, so that no lab is mistaken for a live clinic.
pub const UNTIL: civil::Date = civil::date(2024, 6, 28);

/// The size, the seed, the last day and the department of a lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabRequest {
    /// Number of patients.
    pub patients: u32,
    /// Determines every random choice.
    pub seed: u64,
    /// No time lies after this day.
    pub until: civil::Date,
    /// One of the scenarios; `None` for the first.
    pub scenario: Option<&'static str>,
}

/// Patients for each machine in use, as long as the department has another.
const PATIENTS_PER_MACHINE: usize = 15;

impl LabRequest {
    fn profile(&self) -> &'static Profile {
        profile::find_profile(self.scenario)
    }

    /// Returns the machines in use: two at least, so that no convention is the only one.
    fn machines(&self) -> &'static [LabMachine] {
        let all = self.profile().machines;
        let wished = usize::try_from(self.patients).unwrap_or(usize::MAX).div_ceil(PATIENTS_PER_MACHINE).max(2);
        all.get(..wished).unwrap_or(all)
    }
}

pub(super) struct Department;

impl Lab for Department {
    fn size(&self) -> LabSize {
        // At most some forty million rows.
        LabSize { option: "patients", default: Some(30), most: 100_000 }
    }

    fn default_end_date(&self) -> Option<civil::Date> {
        Some(UNTIL)
    }

    fn scenarios(&self) -> &'static [&'static str] {
        &SCENARIOS
    }

    fn tables(&self) -> Vec<TableDef> {
        schema::lab_tables()
    }

    fn generate(&self, request: &lab::LabRequest, sink: &mut RowSink<'_>) -> ControlFlow<()> {
        let patients = request.size.unwrap_or(30);
        let scenario = request.scenario.as_deref().map(|word| profile::find_profile(Some(word)).word);
        let own = LabRequest { patients, seed: request.seed, until: request.until.unwrap_or(UNTIL), scenario };
        match generate(&own, &mut |table, cells| if sink(table, cells).is_break() { Err(()) } else { Ok(()) }) {
            Ok(()) => ControlFlow::Continue(()),
            Err(()) => ControlFlow::Break(()),
        }
    }
}

/// Passes all rows to `sink`, table by table in the order of [`schema::lab_tables`], values in the order of the
/// columns.
///
/// # Errors
/// Whatever `sink` returns.
pub fn generate<E>(
    request: &LabRequest,
    sink: &mut dyn FnMut(&'static str, Vec<Datum>) -> Result<(), E>,
) -> Result<(), E> {
    let roster = Roster::new(request);
    people::write_staff(&roster, sink)?;
    people::write_patients(&roster, sink)?;
    people::write_identities(&roster, sink)?;
    fields::write_sites(&roster, sink)?;
    fields::write_fields(&roster, sink)?;
    points::write_points(&roster, sink)?;
    deliveries::write_treatments(&roster, sink)?;
    deliveries::write_doses(&roster, sink)?;
    offsets::write_offsets(&roster, sink)?;
    checklist::write_tasks(&roster, sink)?;
    checklist::write_items(&roster, sink)
}

/// Receives table and values of a row.
type Sink<'a, E> = &'a mut dyn FnMut(&'static str, Vec<Datum>) -> Result<(), E>;

/// Returns the random stream of a purpose and the ids that it is about.
fn random_stream(request: &LabRequest, purpose: &str, about: &[i64]) -> RecordRandom {
    let key: Vec<Value> = about.iter().map(|number| Value::Integer(*number)).collect();
    RecordRandom::new(request.seed, purpose, &key)
}

/// Returns a random number from `least` to `most`, both included.
fn random_between(random: &mut RecordRandom, least: i64, most: i64) -> i64 {
    let width = u64::try_from(most - least + 1).unwrap_or(1);
    least + i64::try_from(random.below(width)).unwrap_or(0)
}

/// Returns a random item; the default if there is none.
fn pick_one<T: Copy + Default>(random: &mut RecordRandom, items: &[T]) -> T {
    random.pick(items).copied().unwrap_or_default()
}
