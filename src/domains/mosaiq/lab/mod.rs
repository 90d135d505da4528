//! Synthetic departments: believable rows, the same for the same request; opens no database and asks no clock.
//!
//! One file makes one group of tables; all of them walk the same courses of treatment, so that memory stays flat and
//! every foreign key meets its row. Chance comes from streams named by purpose and patient: a new table disturbs none
//! of the others. All sizes are whole numbers, so that every platform makes the same rows.

mod aperture;
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
mod roster;
mod row;
mod session;
mod template;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use jiff::civil;
use mfm_journal::Value;

use self::roster::Roster;
use self::row::NewRow;
use super::schema;
use crate::domain::lab::{self, Lab, LabSize, RowSink};
use crate::domain::table::TableDef;
use crate::model::Datum;
use crate::model::seed::RecordRandom;

/// The last day of a lab that names none: in the past for good, so that no lab is mistaken for a live clinic.
pub const UNTIL: civil::Date = civil::date(2024, 6, 28);

/// What a lab is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabRequest {
    /// How many patients.
    pub patients: u32,
    /// Every choice follows from it.
    pub seed: u64,
    /// Nothing lies after this day.
    pub until: civil::Date,
}

/// What makes the labs of this domain.
pub(super) struct Department;

impl Lab for Department {
    fn size(&self) -> LabSize {
        // At most some forty million rows.
        LabSize { option: "patients", default: Some(30), most: 100_000 }
    }

    fn default_end_date(&self) -> Option<civil::Date> {
        Some(UNTIL)
    }

    fn tables(&self) -> Vec<TableDef> {
        schema::lab_tables()
    }

    fn generate(&self, request: &lab::LabRequest, sink: &mut RowSink<'_>) -> ControlFlow<()> {
        let patients = request.size.unwrap_or(30);
        let own = LabRequest { patients, seed: request.seed, until: request.until.unwrap_or(UNTIL) };
        let stop = |flow: ControlFlow<()>| if flow.is_break() { Err(()) } else { Ok(()) };
        match generate(&own, &mut |table, cells| stop(sink(table, cells))) {
            Ok(()) => ControlFlow::Continue(()),
            Err(()) => ControlFlow::Break(()),
        }
    }
}

/// Hands all rows to `sink`, table by table in the order of [`schema::lab_tables`], values in the order of its columns.
///
/// # Errors
/// Whatever `sink` returns; nothing else fails.
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

/// Where rows go.
type Sink<'a, E> = &'a mut dyn FnMut(&'static str, Vec<Datum>) -> Result<(), E>;

/// Returns the stream of chance of a purpose and what it concerns.
fn random_stream(request: &LabRequest, purpose: &str, about: &[i64]) -> RecordRandom {
    let key: Vec<Value> = about.iter().map(|number| Value::Integer(*number)).collect();
    RecordRandom::new(request.seed, purpose, &key)
}

/// Returns a number from `least` to `most`, both included.
fn random_between(random: &mut RecordRandom, least: i64, most: i64) -> i64 {
    let width = u64::try_from(most - least + 1).unwrap_or(1);
    least + i64::try_from(random.below(width)).unwrap_or(0)
}

/// Returns one of the items; they are never none.
fn pick_one<T: Copy + Default>(random: &mut RecordRandom, items: &[T]) -> T {
    random.pick(items).copied().unwrap_or_default()
}
