//! Hospital numbers: shared, superseded or missing.

use std::collections::BTreeSet;

use super::people::{self, Chosen, filled_cell, pick_value, set_cell, values_of};
use super::{FIELDS, NO_NUMBER, NUMBERS, SHARED_NUMBER};
use crate::domain::mode::{PlannedFault, Task};
use crate::domains::mosaiq::hospital_numbers::{is_current, number_of};
use crate::domains::mosaiq::records::{self, unread_queries};
use crate::model::{Datum, Edit, Fetch, Refusal, Row, Snapshot, Value};

/// Column Version of the oldest version of a set.
const OLDEST_VERSION: i64 = 32_000;

/// Returns what has to be read for a fault; the caller asks again until it is nothing.
pub(super) fn needs(word: &str, chosen: &Chosen<'_>) -> Vec<Fetch> {
    let first = unread_queries(chosen.snapshot, [chosen.own_query()]);
    if !first.is_empty() {
        return first;
    }
    let patients = values_of(&chosen.rows(), "Pat_Id1");
    let second = match word {
        SHARED_NUMBER => people::nearby_queries(NUMBERS, "Pat_Id1", &patients),
        NO_NUMBER => {
            vec![Fetch::among(NUMBERS, "Pat_Id1", patients.clone()), Fetch::among(FIELDS, "Pat_ID1", patients)]
        }
        _ => vec![Fetch::among(NUMBERS, "Pat_Id1", patients)],
    };
    unread_queries(chosen.snapshot, second)
}

/// Plans a fault of a record.
pub(super) fn plan(word: &'static str, snapshot: &Snapshot, task: &Task<'_>) -> Result<PlannedFault, Refusal> {
    let row = records::read_record(snapshot, task.kind.table, task.kind.key, task.record)?;
    let patient = filled_cell(task, &row, "Pat_Id1")?;
    row.table.column("IDA")?;
    let number = number_of(&row).ok_or_else(|| task.ineligible("it has no number"))?;
    if !is_current(&row) {
        return Err(task.ineligible("it is no current number"));
    }
    match word {
        SHARED_NUMBER => plan_shared(word, &row, (&patient, &number), snapshot, task),
        NO_NUMBER => plan_missing(word, &row, &patient, snapshot, task),
        _ => plan_superseded(word, &row, &patient, snapshot, task),
    }
}

fn plan_shared(
    word: &'static str,
    row: &Row<'_>,
    (patient, number): (&Value, &str),
    snapshot: &Snapshot,
    task: &Task<'_>,
) -> Result<PlannedFault, Refusal> {
    if gives_only(row) {
        return Err(task.ineligible("its number is one that others take"));
    }
    let others = people::nearby_rows(snapshot, NUMBERS, "Pat_Id1", patient);
    let mut numbers = BTreeSet::new();
    for other in others.iter().filter(|other| is_current(other)) {
        match number_of(other) {
            Some(known) if known.eq_ignore_ascii_case(number) => {
                return Err(task.ineligible("another patient has its number already"));
            }
            Some(_) if gives_only(other) => numbers.extend(other.cell("IDA").cloned()),
            Some(_) => {}
            None => {}
        }
    }
    let chosen = pick_value(task, word, numbers, "no other patient with a number is registered near its own")?;
    let edit = set_cell(NUMBERS, row, "IDA", Datum::Raw(chosen))?;
    Ok(PlannedFault::without_witness(word, vec![edit]))
}

/// Returns whether a number is only given to others: every second one. If the numbers of all could be changed, several
/// faults at once might only exchange them.
fn gives_only(row: &Row<'_>) -> bool {
    matches!(row.key().as_slice(), [Value::Integer(key)] if key % 2 == 0)
}

fn plan_missing(
    word: &'static str,
    row: &Row<'_>,
    patient: &Value,
    snapshot: &Snapshot,
    task: &Task<'_>,
) -> Result<PlannedFault, Refusal> {
    if snapshot.table(FIELDS)?.rows_with("Pat_ID1", patient).is_empty() {
        return Err(task.ineligible("its patient has no field"));
    }
    let numbers = snapshot.table(NUMBERS)?.rows_with("Pat_Id1", patient);
    if numbers.iter().filter(|other| is_current(other) && number_of(other).is_some()).count() > 1 {
        return Err(task.ineligible("its patient has another current number"));
    }
    Ok(PlannedFault::without_witness(word, vec![set_cell(NUMBERS, row, "IDA", Datum::Null)?]))
}

/// Exchanges the versions of the current number and of the one before it, where there is one.
fn plan_superseded(
    word: &'static str,
    row: &Row<'_>,
    patient: &Value,
    snapshot: &Snapshot,
    task: &Task<'_>,
) -> Result<PlannedFault, Refusal> {
    row.table.column("Version")?;
    let numbers = snapshot.table(NUMBERS)?.rows_with("Pat_Id1", patient);
    let key = row.key();
    if numbers.iter().any(|other| other.key() > key || (other.key() != key && is_current(other))) {
        return Err(task.ineligible("it is not the newest number of its patient, and the only current one"));
    }
    let older = numbers.into_iter().filter(|other| other.key() < key && number_of(other).is_some());
    let Some(older) = older.max_by_key(Row::key) else {
        // The only number becomes an old one, and no other takes its place.
        let edit = set_cell(NUMBERS, row, "Version", Datum::Integer(OLDEST_VERSION))?;
        return Ok(PlannedFault::without_witness(word, vec![edit]));
    };
    let version = older.cell("Version").cloned().unwrap_or(Value::Null);
    let edits: Vec<Edit> = vec![
        set_cell(NUMBERS, row, "Version", Datum::of_cell(&version))?,
        set_cell(NUMBERS, &older, "Version", Datum::Integer(0))?,
    ];
    Ok(PlannedFault::without_witness(word, edits))
}
