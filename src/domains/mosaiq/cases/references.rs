//! Cases of `create_orphaned_record` and the checks of references.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::department::{
    assert_usage_error, build_department, check_messages, complete_params, planned_cells, propose_params,
};
use super::{refusal_code, try_plan};
use crate::domains::mosaiq::checks::{self, CheckVerdict};
use crate::domains::mosaiq::testing::{Database, TERMS};
use crate::model::{Datum, Value};

const TOOL: &str = "create_orphaned_record";

fn orphan_params(table: &str, column: &str, value: i64) -> Json {
    json!({"record_type": table, "invalid_fk_field": column, "invalid_value": value})
}

#[test]
fn every_reference_can_be_broken_by_column_or_word() {
    let clean = build_department();
    for (table, record, column, word) in [
        ("TrackTreatment", 70, "Pat_ID1", "patient_id"),
        ("TrackTreatment", 70, "FLD_ID", "field_id"),
        ("TrackTreatment", 70, "SIT_ID", "site_id"),
        ("TxFieldPoint", 101, "FLD_ID", "field_id"),
        ("Offset", 50, "SIT_SET_ID", "site_id"),
    ] {
        for name in [column, word, &column.to_lowercase(), &word.replace('_', "-")] {
            assert_eq!(
                complete_params(TOOL, orphan_params(table, name, 7777), None),
                orphan_params(table, column, 7777),
                "{name}"
            );
        }
        let given = orphan_params(table, column, 7777);
        assert_eq!(planned_cells(&clean, TOOL, record, given.clone()), [(column.to_owned(), Datum::Integer(7777))]);
        let planned = try_plan(&clean, TOOL, record, given).unwrap();
        assert_eq!(planned.variant, word);
        let mut broken = clean.clone();
        broken.apply_edits(&planned.edits).unwrap();
        assert_eq!(
            refusal_code(&broken, TOOL, record, orphan_params(table, column, 8888)),
            "ineligible",
            "it is an orphan already"
        );
    }
}

#[test]
fn a_value_that_has_a_parent_is_no_fault() {
    let mut clinic = build_department();
    let refused = try_plan(&clinic, TOOL, 70, orphan_params("TrackTreatment", "FLD_ID", 3)).unwrap_err();
    assert_eq!(refused.to_string(), "3 is a valid TrackTreatment.FLD_ID (TxField has it), so it would not be a fault");
    assert_eq!(refusal_code(&clinic, TOOL, 70, orphan_params("TrackTreatment", "Pat_ID1", 9)), "value_is_valid");
    // 40 is the key of a prescription, but not the id of a set.
    assert!(try_plan(&clinic, TOOL, 50, orphan_params("Offset", "SIT_SET_ID", 40)).is_ok());
    assert_eq!(refusal_code(&clinic, TOOL, 50, orphan_params("Offset", "SIT_SET_ID", 30)), "value_is_valid");
    clinic.set_cell("TrackTreatment", 70, "SIT_ID", Value::Null);
    assert_eq!(
        refusal_code(&clinic, TOOL, 70, orphan_params("TrackTreatment", "SIT_ID", 7777)),
        "ineligible",
        "it refers to nothing"
    );
    let huge = try_plan(&clinic, TOOL, 70, orphan_params("TrackTreatment", "FLD_ID", 1 << 40)).unwrap();
    assert_eq!(clinic.apply_edits(&huge.edits).unwrap_err().code(), "does_not_fit");
    assert!(try_plan(&clinic, TOOL, 70, orphan_params("TrackTreatment", "FLD_ID", -1)).is_ok());
}

#[test]
fn a_missing_parent_table_is_named() {
    let mut without = build_department();
    without.drop("Patient");
    let refused = try_plan(&without, TOOL, 70, orphan_params("TrackTreatment", "Pat_ID1", 7777)).unwrap_err();
    assert_eq!(refused.to_string(), "the target has no table Patient");
    assert_eq!(propose_params(&without, TOOL, 70, 1, "patient_id", json!({})), json!("missing_table"));
    assert!(try_plan(&without, TOOL, 70, orphan_params("TrackTreatment", "SIT_ID", 7777)).is_ok());
}

fn propose_value(clinic: &Database, seed: u64) -> Option<i64> {
    propose_params(clinic, TOOL, 70, seed, "field-id", json!({}))["invalid_value"].as_i64()
}

#[test]
fn a_proposed_value_lies_beyond_the_largest_parent() {
    let mut clinic = build_department();
    let values: BTreeSet<i64> = (0..30).map(|seed| propose_value(&clinic, seed).unwrap()).collect();
    assert!(values.len() > 25 && values.iter().all(|value| (4..=1_000_003).contains(value)), "{values:?}");
    assert_eq!(propose_value(&clinic, 5), propose_value(&clinic, 5));
    // FLD_ID is an int: beyond its maximum no value is left to propose.
    let largest = i64::from(i32::MAX);
    let defs = crate::domains::mosaiq::schema::lab_tables();
    super::insert_row(&mut clinic, &defs, "TxField", &super::integer_cells(&[("FLD_ID", largest - 1)]));
    assert_eq!(propose_value(&clinic, 5), Some(largest));
    super::insert_row(&mut clinic, &defs, "TxField", &super::integer_cells(&[("FLD_ID", largest)]));
    assert_eq!(propose_params(&clinic, TOOL, 70, 5, "field_id", json!({})), json!("ineligible"), "no room is left");
    let given = json!({"invalid_value": 7777});
    assert_eq!(
        propose_params(&clinic, TOOL, 70, 5, "field_id", given),
        orphan_params("TrackTreatment", "FLD_ID", 7777)
    );
}

#[test]
fn usage_errors_name_the_parameter() {
    assert_usage_error(TOOL, json!({}), None, "record_type is missing: one of TrackTreatment, TxFieldPoint, Offset");
    assert_usage_error(TOOL, orphan_params("TxField", "Pat_ID1", 1), None, "record_type: `TxField` is not one of");
    assert_usage_error(
        TOOL,
        json!({"record_type": "Offset", "invalid_value": 1}),
        None,
        "invalid_fk_field is missing: of Offset",
    );
    assert_usage_error(
        TOOL,
        orphan_params("Offset", "patient_id", 1),
        None,
        "`patient_id` is not one of the columns of Offset: SIT_SET_ID",
    );
    assert_usage_error(
        TOOL,
        json!({"record_type": "Offset"}),
        Some("field_id"),
        "Offset cannot show field_id: it can show site_id",
    );
    assert_usage_error(
        TOOL,
        orphan_params("TrackTreatment", "SIT_ID", 1),
        Some("field_id"),
        "contradicts the variant field_id",
    );
    let no_value = json!({"record_type": "Offset", "invalid_fk_field": "site_id"});
    assert_usage_error(TOOL, no_value, None, "invalid_value is missing");
    assert_usage_error(TOOL, json!({"invalid_value": 1.5}), Some("site_id"), "invalid_value: ");
    assert_usage_error(TOOL, json!({"invalid_value": "NULL"}), Some("site_id"), "invalid_value: ");
}

#[test]
fn a_null_refers_to_nothing_and_a_missing_parent_table_stops_a_check() {
    let mut clinic = build_department();
    for (table, key, column) in
        [("TrackTreatment", 70, "Pat_ID1"), ("TxField", 1, "SIT_Set_ID"), ("Offset", 50, "SIT_SET_ID")]
    {
        clinic.set_cell(table, key, column, Value::Null);
    }
    let all = ["orphan_delivery", "orphan_field", "orphan_point", "orphan_offset", "identity"];
    assert!(all.iter().all(|id| check_messages(&clinic, id).is_empty()));
    clinic.set_cell("TxField", 1, "SIT_Set_ID", Value::Integer(77));
    assert_eq!(check_messages(&clinic, "orphan_field"), ["SIT_Set_ID is 77, but Site has no such SIT_SET_ID"]);
    clinic.set_cell("Ident", 90, "Pat_Id1", Value::Integer(8));
    let expected = ["Pat_Id1 is 8, but Patient has no such Pat_ID1", "Pat_ID1 is 9, but Ident has no such Pat_Id1"];
    assert_eq!(check_messages(&clinic, "identity"), expected);
    clinic.drop("Site");
    let check = checks::find("orphan_offset").unwrap();
    let verdict = check.run(&clinic.read_snapshot(check.required_queries()), &TERMS);
    assert_eq!(verdict, CheckVerdict::NotRun { why: "the target has no table Site".into() });
}
