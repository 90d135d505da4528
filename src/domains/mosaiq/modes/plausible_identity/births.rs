//! Birth dates that cannot be right, and a second chart of one person.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::DateTime;

use super::people::{Chosen, filled_cell, set_cell, values_of};
use super::{BIRTH_CENTURY, DELIVERIES, FIELDS, PATIENTS, SECOND_CHART};
use crate::domain::mode::{PlannedFault, Task};
use crate::domains::mosaiq::checks::exchange_day_and_month;
use crate::domains::mosaiq::limits::OLDEST_YEARS;
use crate::domains::mosaiq::records::{self, unread_queries};
use crate::model::time::Time;
use crate::model::{Datum, Edit, Fetch, Kind, Refusal, Role, Row, Snapshot, Value, time};

const BIRTH: &str = "Birth_DtTm";

/// Returns what has to be read for a fault; the caller asks again until it is nothing.
pub(super) fn needs(word: &str, chosen: &Chosen<'_>) -> Vec<Fetch> {
    let first = unread_queries(chosen.snapshot, [chosen.own_query()]);
    if !first.is_empty() {
        return first;
    }
    let rows = chosen.rows();
    let patients = values_of(&rows, "Pat_ID1");
    let second = if word == SECOND_CHART {
        let names = rows.iter().filter_map(|row| row.cell("Last_Name").cloned());
        vec![
            Fetch::among(FIELDS, "Pat_ID1", patients),
            Fetch::among(PATIENTS, "Last_Name", names),
            Fetch::maximum(PATIENTS, "Pat_ID1"),
        ]
    } else {
        vec![Fetch::among(DELIVERIES, "Pat_ID1", patients)]
    };
    unread_queries(chosen.snapshot, second)
}

/// Plans a fault of a record.
pub(super) fn plan(word: &'static str, snapshot: &Snapshot, task: &Task<'_>) -> Result<PlannedFault, Refusal> {
    let row = records::read_record(snapshot, task.kind.table, task.kind.key, task.record)?;
    row.table.column(BIRTH)?;
    let birth = row.time(BIRTH).filter(|birth| !birth.is_zoned());
    let birth = birth.ok_or_else(|| task.ineligible("it has no birth date that can be read"))?.wall;
    if word == SECOND_CHART {
        return plan_second_chart(word, &row, birth, snapshot, task);
    }
    let patient = filled_cell(task, &row, "Pat_ID1")?;
    let first = first_delivery(&patient, snapshot, task)?;
    let years = i64::from(first.year()) - i64::from(birth.year());
    if birth > first || years > OLDEST_YEARS {
        return Err(task.ineligible("its birth date is not believable already"));
    }
    let wrong = if word == BIRTH_CENTURY {
        if years < OLDEST_YEARS - 90 {
            return Err(task.ineligible("born a hundred years earlier, the patient would still be of a possible age"));
        }
        birth.checked_sub(100.years())
    } else {
        first.date().tomorrow().map(|day| day.to_datetime(birth.time()))
    };
    let wrong = wrong.map_err(|_| task.ineligible("its birth date cannot be moved so far"))?;
    let edit = set_cell(PATIENTS, &row, BIRTH, Datum::DateTime(wrong))?;
    Ok(PlannedFault::without_witness(word, vec![edit]))
}

fn first_delivery(patient: &Value, snapshot: &Snapshot, task: &Task<'_>) -> Result<DateTime, Refusal> {
    let deliveries = snapshot.table(DELIVERIES)?.rows_with("Pat_ID1", patient);
    let starts = deliveries.iter().filter_map(|row| row.time("Create_DtTm")).map(|start| start.wall);
    starts.min().ok_or_else(|| task.ineligible("it was never treated"))
}

fn plan_second_chart(
    word: &'static str,
    row: &Row<'_>,
    birth: DateTime,
    snapshot: &Snapshot,
    task: &Task<'_>,
) -> Result<PlannedFault, Refusal> {
    let patient = filled_cell(task, row, "Pat_ID1")?;
    if snapshot.table(FIELDS)?.rows_with("Pat_ID1", &patient).is_empty() {
        return Err(task.ineligible("it has no field"));
    }
    let [last, first] = [filled_cell(task, row, "Last_Name")?, filled_cell(task, row, "First_Name")?];
    let exchanged = exchange_day_and_month(birth.date()).unwrap_or(birth.date());
    for other in snapshot.table(PATIENTS)?.rows_with("Last_Name", &last) {
        let same_name = super::people::holds(&other, "First_Name", &first) && other.key() != row.key();
        let day = other.time(BIRTH).map(|birth| birth.wall.date());
        if same_name && (day == Some(birth.date()) || day == Some(exchanged)) {
            return Err(task.ineligible("it has a namesake already"));
        }
    }
    let cells = copy_chart(row, exchanged.to_datetime(birth.time()), snapshot, task)?;
    Ok(PlannedFault::without_witness(word, vec![Edit::Insert { table: PATIENTS.into(), row: cells }]))
}

/// Returns the cells of the second chart: those of the first with another id and birth date.
fn copy_chart(
    row: &Row<'_>,
    birth: DateTime,
    snapshot: &Snapshot,
    task: &Task<'_>,
) -> Result<BTreeMap<String, Datum>, Refusal> {
    let mut cells = BTreeMap::new();
    for (column, cell) in row.table.columns.iter().zip(row.cells) {
        // The database fills these columns itself and rejects values for them.
        if column.kind != Kind::RowVersion && column.role == Role::Plain {
            cells.insert(column.image.name.clone(), Datum::Raw(cell.clone()));
        }
    }
    let (_, column) = row.table.column(BIRTH)?;
    let cell = row.cell(BIRTH).unwrap_or(&Value::Null);
    let moved = time::replace_time(Time::local(birth), cell, column);
    let moved = moved.ok_or_else(|| task.ineligible("its birth date cannot be written"))?;
    cells.insert(column.image.name.clone(), Datum::Raw(moved));
    let largest = snapshot.maximum(PATIENTS, "Pat_ID1")?.unwrap_or(0);
    // All charts of an operation are planned from the same maximum; the ordinal keeps their ids apart.
    let ordinal = i64::try_from(task.ordinal).unwrap_or(i64::MAX);
    let (_, key) = row.table.column("Pat_ID1")?;
    cells.insert(key.image.name.clone(), Datum::Integer(largest.saturating_add(1).saturating_add(ordinal)));
    Ok(cells)
}
