//! The clinic of the other cases with all rows that it refers to, and what the cases share.

use serde_json::{Value as Json, json};

use super::{build_clinic, insert_row, integer_cells, try_plan};
use crate::domains::mosaiq::checks::{self, CheckVerdict};
use crate::domains::mosaiq::modes;
use crate::domains::mosaiq::schema;
use crate::domains::mosaiq::testing::{self, Database, TERMS, json_object};
use crate::model::{Datum, Edit, Finding, Value};

/// Patient 9 with identity 90 and prescription 40 of set 30; field 1 in percent with a dose per MU, field 2 in MU,
/// field 3 with neither; delivery 70 of field 1; shift 50.
pub(super) fn build_department() -> Database {
    let mut database = build_clinic();
    let defs = schema::lab_tables();
    for name in ["Patient", "Ident", "Site", "Offset"] {
        database.create_table(defs.iter().find(|def| def.name == name).unwrap());
    }
    insert_row(&mut database, &defs, "Patient", &integer_cells(&[("Pat_ID1", 9)]));
    insert_row(&mut database, &defs, "Ident", &integer_cells(&[("IDENT_ID", 90), ("Pat_Id1", 9)]));
    insert_row(&mut database, &defs, "Site", &integer_cells(&[("SIT_ID", 40), ("SIT_SET_ID", 30), ("Pat_ID1", 9)]));
    let codes = integer_cells(&[("OFF_ID", 50), ("SIT_SET_ID", 30), ("Offset_State", 1), ("Offset_Type", 2)]);
    let axes = integer_cells(&[("Superior_Offset", 1), ("Anterior_Offset", -2), ("Lateral_Offset", 0)]);
    let study = [("Study_DtTm", Datum::DateTime("2024-06-03T07:55:00".parse().unwrap()))];
    insert_row(&mut database, &defs, "Offset", &[&codes[..], &axes, &study].concat());
    for field in 1..=3 {
        for (column, value) in [("SIT_Set_ID", 30), ("Machine_ID_Staff_ID", 5), ("Meterset", 250)] {
            database.set_cell("TxField", field, column, Value::Integer(value));
        }
    }
    // 250 MU at 0.8 cGy each are 200 cGy.
    database.set_cell("TxField", 1, "Cgray", Value::Integer(200));
    database.set_cell("TxField", 1, "cGrayPerMeterset", Value::Real(0.8));
    for (field, count, last) in [(1, 6, 100), (2, 3, 252), (3, 1, 0)] {
        for point in 0..count {
            let index = if point + 1 == count { last } else { 0 };
            database.set_cell("TxFieldPoint", field * 100 + point, "Index", Value::Integer(index));
            database.set_cell("TxFieldPoint", field * 100 + point, "Coll_Ang", Value::Integer(0));
        }
    }
    for delivery in [70, 71] {
        database.set_cell("TrackTreatment", delivery, "SIT_ID", Value::Integer(40));
    }
    database
}

/// Plans an update of one row, and returns its cells.
pub(super) fn planned_cells(database: &Database, tool: &str, record: i64, given: Json) -> Vec<(String, Datum)> {
    let planned = try_plan(database, tool, record, given).unwrap();
    let [Edit::Update { set, key, .. }] = &planned.edits[..] else { panic!("{planned:?}") };
    assert_eq!(key, &[Value::Integer(record)]);
    set.clone().into_iter().collect()
}

/// Returns the parameters proposed for a record, or the code of the refusal.
pub(super) fn propose_params(
    database: &Database,
    tool: &str,
    record: i64,
    seed: u64,
    variant: &str,
    given: Json,
) -> Json {
    let mode = modes::find_mode(tool).unwrap();
    let record = Value::Integer(record);
    let parameters = mode.complete(&json_object(given), Some(variant)).unwrap();
    let snapshot = database.read_for(mode, std::slice::from_ref(&record), &parameters);
    match testing::propose(mode, variant, &snapshot, &record, &parameters, seed) {
        Ok((proposed, _)) => Json::Object(proposed),
        Err(refusal) => json!(refusal.code()),
    }
}

/// Returns completed parameters, or the usage error as text.
pub(super) fn complete_params(tool: &str, given: Json, variant: Option<&str>) -> Json {
    match modes::find_mode(tool).unwrap().complete(&json_object(given), variant) {
        Ok(complete) => Json::Object(complete),
        Err(error) => Json::String(error),
    }
}

/// Asserts that parameters are refused with a message that contains a part.
pub(super) fn assert_usage_error(tool: &str, given: Json, variant: Option<&str>, part: &str) {
    let error = complete_params(tool, given, variant);
    assert!(error.as_str().is_some_and(|error| error.contains(part)), "{part}: {error}");
}

/// Returns the findings of a check, which must run.
pub(super) fn run_check(database: &Database, id: &str) -> Vec<Finding> {
    let check = checks::find(id).unwrap();
    match check.run(&database.read_snapshot(check.required_queries()), &TERMS) {
        CheckVerdict::Ran { findings, .. } => findings,
        CheckVerdict::NotRun { why } => panic!("{why}"),
    }
}

pub(super) fn check_messages(database: &Database, id: &str) -> Vec<String> {
    run_check(database, id).into_iter().map(|finding| finding.message).collect()
}
