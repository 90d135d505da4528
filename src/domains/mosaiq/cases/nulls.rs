//! Cases of `nullify_required_fields` and the checks of NULLs.

use std::collections::BTreeSet;

use serde_json::json;

use super::department::{
    assert_usage_error, build_department, complete_params, planned_cells, propose_params, run_check,
};
use super::{refusal_code, try_plan};
use crate::domains::mosaiq::records;
use crate::domains::mosaiq::required::REQUIRED;
use crate::domains::mosaiq::schema;
use crate::domains::mosaiq::testing::{self, Database};
use crate::model::{Datum, Key, Role, Value};

const TOOL: &str = "nullify_required_fields";

/// A row of each table, and the check that reports it.
const ROWS: [(&str, i64, &str); 4] = [
    ("TrackTreatment", 70, "null_delivery"),
    ("TxField", 1, "null_field"),
    ("TxFieldPoint", 101, "null_point"),
    ("Offset", 50, "null_offset"),
];

fn keys_and_messages(database: &Database, check: &str) -> Vec<(Key, String)> {
    run_check(database, check).into_iter().map(|finding| (finding.key, finding.message)).collect()
}

#[test]
fn every_listed_column_can_be_emptied_and_is_seen() {
    let clean = build_department();
    for place in &REQUIRED {
        let (table, record, check) = ROWS.into_iter().find(|(table, _, _)| *table == place.table).unwrap();
        assert_eq!(keys_and_messages(&clean, check), []);
        let given = json!({"table": table, "field_to_nullify": place.column.to_lowercase()});
        assert_eq!(planned_cells(&clean, TOOL, record, given.clone()), [(place.column.to_owned(), Datum::Null)]);
        let planned = try_plan(&clean, TOOL, record, given.clone()).unwrap();
        assert_eq!(planned.variant, place.word);
        let mut broken = clean.clone();
        broken.apply_edits(&planned.edits).unwrap();
        assert_eq!(
            keys_and_messages(&broken, check),
            [(vec![Value::Integer(record)], format!("{} is NULL", place.column))]
        );
        assert_eq!(refusal_code(&broken, TOOL, record, given), "ineligible", "already NULL");
    }
}

#[test]
fn only_listed_columns_are_emptied() {
    let listed = "not one of the columns of TrackTreatment: Pat_ID1, FLD_ID, SIT_ID, Create_DtTm, Edit_DtTm, \
        Machine_ID_Staff_ID";
    for column in ["TTX_ID", "RowVers", "DHS_ID", "Meterset", "timestamp", ""] {
        assert_usage_error(TOOL, json!({"table": "TrackTreatment", "field_to_nullify": column}), None, listed);
    }
    assert_usage_error(
        TOOL,
        json!({"table": "TxField", "field_to_nullify": "FLD_ID"}),
        None,
        "not one of the columns of TxField",
    );
    assert_usage_error(
        TOOL,
        json!({"table": "Patient", "field_to_nullify": "Pat_ID1"}),
        None,
        "table: `Patient` is not one of",
    );
    assert_usage_error(
        TOOL,
        json!({"field_to_nullify": "Pat_ID1"}),
        None,
        "table is missing: one of TrackTreatment, TxField",
    );
    assert_usage_error(
        TOOL,
        json!({"table": "Offset"}),
        None,
        "field_to_nullify is missing: of Offset, one of SIT_SET_ID",
    );
    assert_usage_error(
        TOOL,
        json!({"table": "Offset"}),
        Some("pat_id"),
        "Offset cannot show pat_id: it can show other, timestamp",
    );
    let pair = json!({"field_to_nullify": "FLD_ID"});
    assert_usage_error(
        TOOL,
        pair,
        Some("pat_id"),
        "field_to_nullify FLD_ID contradicts the variant pat_id: it shows fld_id",
    );
    assert_usage_error(
        TOOL,
        json!({"field_to_nullify": "Meterset"}),
        Some("other"),
        "not one of the columns of TrackTreatment",
    );
}

#[test]
fn parameters_are_completed_to_the_databases_own_names() {
    let both = json!({"table": "TxFieldPoint", "field_to_nullify": "FLD_ID"});
    let given = json!({"table": "txfieldpoint", "record_id": "1-5", "field_to_nullify": "fld_id"});
    assert_eq!(complete_params(TOOL, given, None), both);
    assert_eq!(complete_params(TOOL, json!({"table": "TxFieldPoint"}), Some("fld-id")), both);
    let first = json!({"table": "TrackTreatment", "field_to_nullify": "Pat_ID1"});
    assert_eq!(complete_params(TOOL, json!({}), Some("pat_id")), first);
    assert_eq!(complete_params(TOOL, json!({}), Some("timestamp")), json!({"table": "TrackTreatment"}));
}

fn propose_column(database: &Database, seed: u64) -> String {
    let proposed = propose_params(database, TOOL, 101, seed, "other", json!({"table": "TxFieldPoint"}));
    proposed["field_to_nullify"].as_str().unwrap_or("none").to_owned()
}

#[test]
fn a_proposed_column_is_one_that_the_row_can_lose() {
    let mut changed = build_department();
    let all: BTreeSet<String> = (0..40).map(|seed| propose_column(&changed, seed)).collect();
    assert_eq!(all.into_iter().collect::<Vec<_>>(), ["Coll_Ang", "Gantry_Ang", "Index", "Point"]);
    for column in ["Coll_Ang", "Gantry_Ang", "Point"] {
        changed.set_cell("TxFieldPoint", 101, column, Value::Null);
    }
    assert!((0..20).all(|seed| propose_column(&changed, seed) == "Index"));
    changed.set_cell("TxFieldPoint", 101, "Index", Value::Null);
    let none = propose_params(&changed, TOOL, 101, 1, "other", json!({"table": "TxFieldPoint"}));
    assert_eq!(none, json!("ineligible"));
}

/// Returns a table of deliveries in which only these columns may be NULL.
fn strict_deliveries(nullable: &[&str]) -> Database {
    let mut def = schema::lab_tables().into_iter().find(|def| def.name == "TrackTreatment").unwrap();
    // The lab's own tables let every column but keys be NULL, which real databases do not.
    for (name, _, null) in &mut def.columns {
        *null = nullable.contains(&name.as_str());
    }
    let values: Vec<Datum> = def.columns.iter().map(|(_, declared, _)| filler_datum(declared)).collect();
    let mut database = Database::default();
    database.create_table(&def);
    database.insert_row("TrackTreatment", &values).unwrap();
    database
}

fn filler_datum(declared: &str) -> Datum {
    match declared {
        "datetime" => Datum::DateTime("2024-06-03T08:00:00".parse().unwrap()),
        "timestamp" => Datum::Raw(Value::Bytes(vec![0; 8])),
        _ => Datum::Integer(1),
    }
}

#[test]
fn a_column_that_the_database_keeps_filled_is_refused() {
    let one = strict_deliveries(&["SIT_ID"]);
    let [patient, site] =
        ["Pat_ID1", "SIT_ID"].map(|column| json!({"table": "TrackTreatment", "field_to_nullify": column}));
    assert_eq!(refusal_code(&one, TOOL, 1, patient), "not_null");
    assert!(try_plan(&one, TOOL, 1, site.clone()).is_ok());
    for seed in 0..10 {
        assert_eq!(propose_params(&one, TOOL, 1, seed, "other", json!({})), site);
    }
    assert_eq!(propose_params(&one, TOOL, 1, 1, "pat_id", json!({})), json!("not_null"));
    assert_eq!(propose_params(&one, TOOL, 1, 1, "timestamp", json!({})), json!("not_null"));
}

#[test]
fn a_key_and_a_computed_column_are_never_chosen() {
    let def = schema::lab_tables().into_iter().find(|def| def.name == "TxFieldPoint").unwrap();
    let mut table = (*testing::build_table(&def)).clone();
    let refused = "the schema of TxFieldPoint refuses the change: ";
    let refusal = records::settable_column(&table, "TFP_ID").unwrap_err();
    assert_eq!(refusal.to_string(), format!("{refused}TFP_ID is part of its key"));
    assert!(records::settable_column(&table, "Index").is_ok());
    let (at, _) = table.column("Index").unwrap();
    let computed = table.columns.remove(at);
    table.omitted.push(computed);
    let refusal = records::settable_column(&table, "index").unwrap_err();
    assert_eq!(refusal.to_string(), format!("{refused}index is computed by the database"));
    table.columns[at].role = Role::RowVersion;
    let name = table.columns[at].image.name.clone();
    let refusal = records::settable_column(&table, &name).unwrap_err();
    assert_eq!(refusal.to_string(), format!("{refused}{name} is set by the database itself"));
    assert_eq!(records::settable_column(&table, "Nothing").unwrap_err().code(), "missing_column");
}

#[test]
fn a_missing_table_or_column_is_named() {
    let mut without = build_department();
    without.drop("Offset");
    let refused = try_plan(&without, TOOL, 50, json!({"table": "Offset", "field_to_nullify": "Study_DtTm"}));
    assert_eq!(refused.unwrap_err().to_string(), "the target has no table Offset");
}
