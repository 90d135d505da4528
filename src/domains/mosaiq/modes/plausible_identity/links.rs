//! A reference to a record of another patient, or to another prescription.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::people::{self, Chosen, filled_cell, find_row, holds, pick_value, set_cell, values_of};
use super::{
    DELIVERIES, DELIVERY_DOSE, DELIVERY_FIELD, DELIVERY_PATIENT, DELIVERY_SITE, DOSE_PATIENT, DOSES, FIELD_PATIENT,
    FIELDS, PATIENTS, SITE_PATIENT, SITES,
};
use crate::domain::mode::{PlannedFault, Task};
use crate::domains::mosaiq::records::{self, unread_queries};
use crate::model::{Datum, Fetch, Refusal, Row, Snapshot, Value};

/// A shift lies beyond this from every delivery of the patient to whom it is moved.
const AWAY: SignedDuration = SignedDuration::from_hours(1);

const DELIVERY_DAY: (&str, &str) = (DELIVERIES, "Create_DtTm");
const DOSE_DAY: (&str, &str) = (DOSES, "Tx_DtTm");

/// Returns what has to be read for a fault; the caller asks again until it is nothing.
pub(super) fn needs(word: &str, chosen: &Chosen<'_>) -> Vec<Fetch> {
    let first = unread_queries(chosen.snapshot, [chosen.own_query()]);
    if !first.is_empty() {
        return first;
    }
    let rows = chosen.rows();
    let among = |table: &str, column: &str, of: &str| Fetch::among(table, column, values_of(&rows, of));
    let mut second = match word {
        FIELD_PATIENT => vec![among(SITES, "SIT_SET_ID", "SIT_Set_ID")],
        SITE_PATIENT => vec![among(FIELDS, "SIT_Set_ID", "SIT_SET_ID"), among(SITES, "SIT_SET_ID", "SIT_SET_ID")],
        DELIVERY_SITE => vec![among(FIELDS, "FLD_ID", "FLD_ID"), among(SITES, "Pat_ID1", "Pat_ID1")],
        DELIVERY_DOSE => vec![among(DOSES, "DHS_ID", "DHS_ID")],
        super::SHIFT_PATIENT => vec![among(SITES, "SIT_SET_ID", "SIT_SET_ID")],
        _ => vec![among(FIELDS, "FLD_ID", "FLD_ID"), among(SITES, "SIT_ID", "SIT_ID")],
    };
    second.extend(match word {
        FIELD_PATIENT | SITE_PATIENT => people::nearby_queries(PATIENTS, "Pat_ID1", &values_of(&rows, "Pat_ID1")),
        DOSE_PATIENT => people::day_queries(&rows, DOSE_DAY.1, DOSE_DAY),
        super::SHIFT_PATIENT => people::day_queries(&rows, "Study_DtTm", DELIVERY_DAY),
        _ => people::day_queries(&rows, DELIVERY_DAY.1, DELIVERY_DAY),
    });
    let second = unread_queries(chosen.snapshot, second);
    if second.is_empty() {
        unread_queries(chosen.snapshot, third_queries(word, &rows, chosen.snapshot))
    } else {
        second
    }
}

/// Returns what has to be read of the other records of the day.
fn third_queries(word: &str, rows: &[Row<'_>], snapshot: &Snapshot) -> Vec<Fetch> {
    let column = if word == super::SHIFT_PATIENT { "Study_DtTm" } else { DELIVERY_DAY.1 };
    let days: BTreeSet<_> = rows.iter().filter_map(|row| people::day_of(row, column)).collect();
    let others: Vec<Row<'_>> =
        days.into_iter().flat_map(|day| people::rows_of_day(snapshot, DELIVERY_DAY, Some(day))).collect();
    match word {
        DELIVERY_FIELD => vec![Fetch::among(FIELDS, "FLD_ID", values_of(&others, "FLD_ID"))],
        DELIVERY_DOSE => vec![Fetch::among(DOSES, "DHS_ID", values_of(&others, "DHS_ID"))],
        DELIVERY_SITE | super::SHIFT_PATIENT => vec![Fetch::among(SITES, "SIT_ID", values_of(&others, "SIT_ID"))],
        _ => Vec::new(),
    }
}

/// Plans a fault of a record.
pub(super) fn plan(word: &'static str, snapshot: &Snapshot, task: &Task<'_>) -> Result<PlannedFault, Refusal> {
    let row = records::read_record(snapshot, task.kind.table, task.kind.key, task.record)?;
    let (column, value) = match word {
        DELIVERY_PATIENT => ("Pat_ID1", patient_of_day(word, &row, snapshot, task, DELIVERY_DAY)?),
        DOSE_PATIENT => ("Pat_ID1", patient_of_day(word, &row, snapshot, task, DOSE_DAY)?),
        DELIVERY_FIELD => ("FLD_ID", field_of_day(word, &row, snapshot, task)?),
        DELIVERY_SITE => ("SIT_ID", other_prescription(word, &row, snapshot, task)?),
        DELIVERY_DOSE => ("DHS_ID", dose_of_day(word, &row, snapshot, task)?),
        FIELD_PATIENT => ("Pat_ID1", patient_nearby(word, &row, snapshot, task, check_field)?),
        SITE_PATIENT => ("Pat_ID1", patient_nearby(word, &row, snapshot, task, check_site)?),
        _ => ("SIT_SET_ID", set_of_day(word, &row, snapshot, task)?),
    };
    let edit = set_cell(task.kind.table, &row, column, Datum::of_cell(&value))?;
    Ok(PlannedFault::without_witness(word, vec![edit]))
}

/// Returns the patient of a row, if its field and prescription are of that patient too.
fn consistent_patient(row: &Row<'_>, snapshot: &Snapshot, task: &Task<'_>) -> Result<Value, Refusal> {
    let patient = filled_cell(task, row, "Pat_ID1")?;
    for (table, key) in [(FIELDS, "FLD_ID"), (SITES, "SIT_ID")] {
        let id = filled_cell(task, row, key)?;
        snapshot.table(table)?.table.column("Pat_ID1")?;
        let Some(parent) = find_row(snapshot, table, key, &id) else {
            return Err(task.ineligible(format!("its {key} refers to no row of {table}")));
        };
        if !holds(&parent, "Pat_ID1", &patient) {
            return Err(task.ineligible(format!("its {key} is another patient's already")));
        }
    }
    Ok(patient)
}

/// Returns another patient with a record on the day of this one.
fn patient_of_day(
    word: &str,
    row: &Row<'_>,
    snapshot: &Snapshot,
    task: &Task<'_>,
    of: (&str, &str),
) -> Result<Value, Refusal> {
    let own = consistent_patient(row, snapshot, task)?;
    let mut others = values_of(&people::rows_of_day(snapshot, of, people::day_of(row, of.1)), "Pat_ID1");
    others.remove(&own);
    pick_value(task, word, others, "no other patient was treated on its day")
}

/// Returns a field that was delivered to another patient on the day of a delivery.
fn field_of_day(word: &str, row: &Row<'_>, snapshot: &Snapshot, task: &Task<'_>) -> Result<Value, Refusal> {
    let own = consistent_patient(row, snapshot, task)?;
    let others = people::rows_of_day(snapshot, DELIVERY_DAY, people::day_of(row, DELIVERY_DAY.1));
    let mut fields = values_of(&others, "FLD_ID");
    fields.retain(|id| {
        let field = find_row(snapshot, FIELDS, "FLD_ID", id);
        let patient = field.map(|field| values_of(&[field], "Pat_ID1"));
        patient.is_some_and(|patient| !patient.is_empty() && !patient.contains(&own))
    });
    pick_value(task, word, fields, "no other patient was treated on its day")
}

/// Returns another current prescription of the delivery's patient; where there is none, that of another patient of
/// the day.
fn other_prescription(word: &str, row: &Row<'_>, snapshot: &Snapshot, task: &Task<'_>) -> Result<Value, Refusal> {
    let patient = filled_cell(task, row, "Pat_ID1")?;
    let own = filled_cell(task, row, "SIT_ID")?;
    let field = filled_cell(task, row, "FLD_ID")?;
    let set = find_row(snapshot, FIELDS, "FLD_ID", &field).filter(|field| holds(field, "Pat_ID1", &patient));
    let set = set.map(|field| values_of(&[field], "SIT_Set_ID")).unwrap_or_default();
    let sites = snapshot.table(SITES)?.rows_with("Pat_ID1", &patient);
    let named = sites.iter().find(|site| holds(site, "SIT_ID", &own));
    if set.is_empty() || named.map(|site| values_of(&[*site], "SIT_SET_ID")) != Some(set.clone()) {
        return Err(task.ineligible("its field does not belong to its prescription"));
    }
    let others = sites.into_iter().filter(|site| {
        let of = values_of(&[*site], "SIT_SET_ID");
        site.integer("Version").is_none_or(|version| version == 0) && !of.is_empty() && of != set
    });
    let mut others = values_of(&others.collect::<Vec<_>>(), "SIT_ID");
    if others.is_empty() {
        let deliveries = people::rows_of_day(snapshot, DELIVERY_DAY, people::day_of(row, DELIVERY_DAY.1));
        others = values_of(&deliveries, "SIT_ID");
        others.retain(|id| {
            let patient_of = find_row(snapshot, SITES, "SIT_ID", id).map(|site| values_of(&[site], "Pat_ID1"));
            patient_of.is_some_and(|of| !of.is_empty() && !of.contains(&patient))
        });
    }
    pick_value(task, word, others, "its patient has no other prescription, and nobody else was treated on its day")
}

/// Returns the dose history entry of a delivery to another patient on the day.
fn dose_of_day(word: &str, row: &Row<'_>, snapshot: &Snapshot, task: &Task<'_>) -> Result<Value, Refusal> {
    let patient = filled_cell(task, row, "Pat_ID1")?;
    let dose = filled_cell(task, row, "DHS_ID")?;
    match snapshot.table(DOSES) {
        Ok(doses) => drop(doses.table.column("Pat_ID1")?),
        Err(_) => return Err(task.ineligible("the database has no dose history")),
    }
    let own = find_row(snapshot, DOSES, "DHS_ID", &dose).filter(|own| holds(own, "Pat_ID1", &patient));
    if own.is_none() {
        return Err(task.ineligible("its dose history entry is missing, or another patient's already"));
    }
    let others = people::rows_of_day(snapshot, DELIVERY_DAY, people::day_of(row, DELIVERY_DAY.1));
    let mut doses = values_of(&others, "DHS_ID");
    doses.retain(|id| {
        let patient_of = find_row(snapshot, DOSES, "DHS_ID", id).map(|dose| values_of(&[dose], "Pat_ID1"));
        patient_of.is_some_and(|of| !of.is_empty() && !of.contains(&patient))
    });
    pick_value(task, word, doses, "no other patient has a dose history entry on its day")
}

/// Says whether a record can show the fault, for its patient.
type Precondition = fn(&Row<'_>, &Value, &Snapshot, &Task<'_>) -> Result<(), Refusal>;

/// Returns a patient registered near this one.
fn patient_nearby(
    word: &str,
    row: &Row<'_>,
    snapshot: &Snapshot,
    task: &Task<'_>,
    check: Precondition,
) -> Result<Value, Refusal> {
    let patient = filled_cell(task, row, "Pat_ID1")?;
    check(row, &patient, snapshot, task)?;
    let others = values_of(&people::nearby_rows(snapshot, PATIENTS, "Pat_ID1", &patient), "Pat_ID1");
    pick_value(task, word, others, "no other patient is registered near its own")
}

fn check_field(row: &Row<'_>, patient: &Value, snapshot: &Snapshot, task: &Task<'_>) -> Result<(), Refusal> {
    let set = filled_cell(task, row, "SIT_Set_ID")?;
    let sites = snapshot.table(SITES)?.rows_with("SIT_SET_ID", &set);
    if sites.is_empty() || !sites.iter().all(|site| holds(site, "Pat_ID1", patient)) {
        return Err(task.ineligible("its prescription is missing, or another patient's already"));
    }
    Ok(())
}

fn check_site(row: &Row<'_>, patient: &Value, snapshot: &Snapshot, task: &Task<'_>) -> Result<(), Refusal> {
    let set = filled_cell(task, row, "SIT_SET_ID")?;
    snapshot.table(SITES)?.table.column("Version")?;
    let is_whole = |rows: &[Row<'_>]| rows.iter().all(|other| holds(other, "Pat_ID1", patient));
    let versions = snapshot.table(SITES)?.rows_with("SIT_SET_ID", &set);
    let fields = snapshot.table(FIELDS)?.rows_with("SIT_Set_ID", &set);
    if !is_whole(&versions) || !is_whole(&fields) {
        return Err(task.ineligible("a field or another version of it is another patient's already"));
    }
    if versions.len() < 2 && fields.is_empty() {
        return Err(task.ineligible("it has no field and no other version, so that nothing tells whose it is"));
    }
    Ok(())
}

/// Returns the prescription of a patient who was treated on the day of a shift, but not around its time.
fn set_of_day(word: &str, row: &Row<'_>, snapshot: &Snapshot, task: &Task<'_>) -> Result<Value, Refusal> {
    let own = filled_cell(task, row, "SIT_SET_ID")?;
    let study = row.time("Study_DtTm").filter(|time| !time.is_zoned());
    let study = study.ok_or_else(|| task.ineligible("its Study_DtTm cannot be read"))?;
    let deliveries = people::rows_of_day(snapshot, DELIVERY_DAY, Some(study.wall.date()));
    let sites = snapshot.table(SITES)?;
    let patient_of = |set: &Value| {
        let rows = sites.rows_with("SIT_SET_ID", set);
        values_of(&rows, "Pat_ID1")
    };
    let near: Vec<Row<'_>> = deliveries
        .iter()
        .filter(|row| row.time(DELIVERY_DAY.1).is_some_and(|start| start.wall.duration_since(study.wall).abs() <= AWAY))
        .copied()
        .collect();
    let (present, own_patient) = (values_of(&near, "Pat_ID1"), patient_of(&own));
    if own_patient.is_disjoint(&present) {
        return Err(task.ineligible("its patient was not treated around its time"));
    }
    let mut sets = BTreeSet::new();
    for site in values_of(&deliveries, "SIT_ID") {
        sets.extend(find_row(snapshot, SITES, "SIT_ID", &site).map(|site| values_of(&[site], "SIT_SET_ID")));
    }
    let mut sets: BTreeSet<Value> = sets.into_iter().flatten().collect();
    sets.retain(|set| {
        let patients = patient_of(set);
        !patients.is_empty() && patients.is_disjoint(&present)
    });
    pick_value(task, word, sets, "no other patient was treated on its day at another time")
}
