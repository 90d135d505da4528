//! Single cases of `create_orphaned_record` and the checks of references.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::department::{complete, department, found, proposed, usage, written};
use super::{code, try_plan};
use crate::domains::mosaiq::checks::{self, Verdict};
use crate::domains::mosaiq::testing::{Database, TERMS};
use crate::model::{Datum, Value};

const TOOL: &str = "create_orphaned_record";

fn orphan(table: &str, column: &str, value: i64) -> Json {
    json!({"record_type": table, "invalid_fk_field": column, "invalid_value": value})
}

#[test]
fn every_reference_can_be_broken_by_column_or_word() {
    let clean = department();
    for (table, record, column, word) in [
        ("TrackTreatment", 70, "Pat_ID1", "patient_id"),
        ("TrackTreatment", 70, "FLD_ID", "field_id"),
        ("TrackTreatment", 70, "SIT_ID", "site_id"),
        ("TxFieldPoint", 101, "FLD_ID", "field_id"),
        ("Offset", 50, "SIT_SET_ID", "site_id"),
    ] {
        for name in [column, word, &column.to_lowercase(), &word.replace('_', "-")] {
            assert_eq!(complete(TOOL, orphan(table, name, 7777), None), orphan(table, column, 7777), "{name}");
        }
        let given = orphan(table, column, 7777);
        assert_eq!(written(&clean, TOOL, record, given.clone()), [(column.to_owned(), Datum::Integer(7777))]);
        let planned = try_plan(&clean, TOOL, record, given).unwrap();
        assert_eq!(planned.variant, word);
        let mut broken = clean.clone();
        broken.apply(&planned.edits).unwrap();
        assert_eq!(code(&broken, TOOL, record, orphan(table, column, 8888)), "ineligible", "it is an orphan already");
    }
}

#[test]
fn a_value_that_has_a_parent_is_no_fault() {
    let mut clinic = department();
    let refused = try_plan(&clinic, TOOL, 70, orphan("TrackTreatment", "FLD_ID", 3)).unwrap_err();
    assert_eq!(refused.to_string(), "3 is a valid TrackTreatment.FLD_ID (TxField has it): it would be no fault");
    assert_eq!(code(&clinic, TOOL, 70, orphan("TrackTreatment", "Pat_ID1", 9)), "value_is_valid");
    // The prescription's key is no set.
    assert!(try_plan(&clinic, TOOL, 50, orphan("Offset", "SIT_SET_ID", 40)).is_ok());
    assert_eq!(code(&clinic, TOOL, 50, orphan("Offset", "SIT_SET_ID", 30)), "value_is_valid");
    clinic.set("TrackTreatment", 70, "SIT_ID", Value::Null);
    assert_eq!(code(&clinic, TOOL, 70, orphan("TrackTreatment", "SIT_ID", 7777)), "ineligible", "it refers to nothing");
    let huge = try_plan(&clinic, TOOL, 70, orphan("TrackTreatment", "FLD_ID", 1 << 40)).unwrap();
    assert_eq!(clinic.apply(&huge.edits).unwrap_err().code(), "does_not_fit");
    assert!(try_plan(&clinic, TOOL, 70, orphan("TrackTreatment", "FLD_ID", -1)).is_ok());
}

#[test]
fn a_missing_parent_table_is_named() {
    let mut without = department();
    without.drop("Patient");
    let refused = try_plan(&without, TOOL, 70, orphan("TrackTreatment", "Pat_ID1", 7777)).unwrap_err();
    assert_eq!(refused.to_string(), "the target has no table Patient");
    assert_eq!(proposed(&without, TOOL, (70, 1), "patient_id", json!({})), json!("missing_table"));
    assert!(try_plan(&without, TOOL, 70, orphan("TrackTreatment", "SIT_ID", 7777)).is_ok());
}

#[test]
fn a_proposed_value_lies_beyond_the_largest_parent() {
    let mut clinic = department();
    let value = |clinic: &Database, seed| {
        let proposed = proposed(clinic, TOOL, (70, seed), "field-id", json!({}));
        proposed["invalid_value"].as_i64()
    };
    let values: BTreeSet<i64> = (0..30).map(|seed| value(&clinic, seed).unwrap()).collect();
    assert!(values.len() > 25 && values.iter().all(|value| (4..=1_000_003).contains(value)), "{values:?}");
    assert_eq!(value(&clinic, 5), value(&clinic, 5));
    let largest = i64::from(i32::MAX);
    let defs = crate::domains::mosaiq::schema::lab_tables();
    super::put(&mut clinic, &defs, "TxField", &super::integers(&[("FLD_ID", largest - 1)]));
    assert_eq!(value(&clinic, 5), Some(largest));
    super::put(&mut clinic, &defs, "TxField", &super::integers(&[("FLD_ID", largest)]));
    assert_eq!(proposed(&clinic, TOOL, (70, 5), "field_id", json!({})), json!("ineligible"), "no room is left");
    let given = json!({"invalid_value": 7777});
    assert_eq!(proposed(&clinic, TOOL, (70, 5), "field_id", given), orphan("TrackTreatment", "FLD_ID", 7777));
}

#[test]
fn usage_errors_name_the_parameter() {
    usage(TOOL, json!({}), None, "record_type is missing: one of TrackTreatment, TxFieldPoint, Offset");
    usage(TOOL, orphan("TxField", "Pat_ID1", 1), None, "record_type: `TxField` is none of");
    usage(TOOL, json!({"record_type": "Offset", "invalid_value": 1}), None, "invalid_fk_field is missing: of Offset");
    usage(TOOL, orphan("Offset", "patient_id", 1), None, "`patient_id` is none of the columns of Offset: SIT_SET_ID");
    usage(TOOL, json!({"record_type": "Offset"}), Some("field_id"), "Offset cannot show field_id: it can show site_id");
    usage(TOOL, orphan("TrackTreatment", "SIT_ID", 1), Some("field_id"), "contradicts the variant field_id");
    let no_value = json!({"record_type": "Offset", "invalid_fk_field": "site_id"});
    usage(TOOL, no_value, None, "invalid_value is missing");
    usage(TOOL, json!({"invalid_value": 1.5}), Some("site_id"), "invalid_value: ");
    usage(TOOL, json!({"invalid_value": "NULL"}), Some("site_id"), "invalid_value: ");
}

#[test]
fn a_null_refers_to_nothing_and_a_missing_parent_table_stops_a_check() {
    let mut clinic = department();
    for (table, key, column) in
        [("TrackTreatment", 70, "Pat_ID1"), ("TxField", 1, "SIT_Set_ID"), ("Offset", 50, "SIT_SET_ID")]
    {
        clinic.set(table, key, column, Value::Null);
    }
    let all = ["orphan_delivery", "orphan_field", "orphan_point", "orphan_offset", "identity"];
    assert!(all.iter().all(|id| found(&clinic, id).is_empty()));
    clinic.set("TxField", 1, "SIT_Set_ID", Value::Integer(77));
    assert_eq!(found(&clinic, "orphan_field"), ["SIT_Set_ID is 77, and Site has no such SIT_SET_ID"]);
    clinic.set("Ident", 90, "Pat_Id1", Value::Integer(8));
    let expected = ["Pat_Id1 is 8, and Patient has no such Pat_ID1", "Pat_ID1 is 9, and Ident has no such Pat_Id1"];
    assert_eq!(found(&clinic, "identity"), expected);
    clinic.drop("Site");
    let check = checks::find("orphan_offset").unwrap();
    let verdict = check.run(&clinic.read(check.needs()), &TERMS);
    assert_eq!(verdict, Verdict::NotRun { why: "the target has no table Site".into() });
}
