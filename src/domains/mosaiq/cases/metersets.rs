//! Cases of `create_meterset_inconsistency` and the checks of metersets.

use serde_json::{Value as Json, json};

use super::department::{assert_usage_error, build_department, check_messages, complete_params, planned_cells};
use super::{refusal_code, try_plan};
use crate::model::{Datum, Value};

const TOOL: &str = "create_meterset_inconsistency";
const ALL: [&str; 3] = ["meterset_value", "meterset_index", "meterset_dose"];

fn variant_params(word: &str) -> Json {
    json!({"inconsistency_type": word})
}

fn value_params(word: &str, value: Json) -> Json {
    json!({"inconsistency_type": word, "value": value})
}

#[test]
fn metersets_are_written_as_the_specification_says() {
    let clinic = build_department();
    for (word, value) in [("negative_meterset", "-100"), ("extreme_value", "999999")] {
        assert_eq!(complete_params(TOOL, json!({}), Some(word)), value_params(word, json!(value)));
        let cells = planned_cells(&clinic, TOOL, 3, variant_params(word));
        assert_eq!(cells, [("Meterset".to_owned(), Datum::Decimal(value.parse().unwrap()))]);
    }
    assert_eq!(complete_params(TOOL, json!({}), Some("mismatch-with-cp")), variant_params("mismatch_with_cp"));
    for field in [1, 2] {
        let cells = planned_cells(&clinic, TOOL, field, variant_params("mismatch_with_cp"));
        assert_eq!(cells, [("Meterset".to_owned(), Datum::Decimal(1.into()))]);
    }
}

#[test]
fn a_meterset_is_contradicted_by_its_index_or_its_dose() {
    let clean = build_department();
    assert!(ALL.iter().all(|id| check_messages(&clean, id).is_empty()));
    for (field, id, message) in [
        (1, "meterset_dose", "0.8 cGy per MU times 1 MU is not 200 cGy"),
        (2, "meterset_index", "the last index is 252, neither 100 % nor the Meterset, 1 MU"),
    ] {
        let planned = try_plan(&clean, TOOL, field, variant_params("mismatch_with_cp")).unwrap();
        let mut broken = clean.clone();
        broken.apply_edits(&planned.edits).unwrap();
        assert_eq!(check_messages(&broken, id), [message]);
        assert_eq!(
            refusal_code(&broken, TOOL, field, variant_params("mismatch_with_cp")),
            "ineligible",
            "it is 1 MU already"
        );
    }
    let alone = try_plan(&clean, TOOL, 3, variant_params("mismatch_with_cp")).unwrap_err();
    assert_eq!(
        alone.to_string(),
        "TxField 3 has no independent meterset: it has neither several control points nor a dose per MU"
    );
}

#[test]
fn what_fails_already_contradicts_nothing() {
    let mismatch = variant_params("mismatch_with_cp");
    let refused = "no_independent_meterset";
    for (field, column, value, code) in [
        (1, "Cgray", Value::Integer(205), refused),
        // Percent says nothing of MU.
        (1, "cGrayPerMeterset", Value::Null, refused),
        (1, "Meterset", Value::Integer(0), refused),
        (1, "Meterset", Value::Null, "ineligible"),
        (2, "Meterset", Value::Integer(240), refused),
    ] {
        let mut clinic = build_department();
        clinic.set_cell("TxField", field, column, value);
        assert_eq!(super::refusal_code(&clinic, TOOL, field, mismatch.clone()), code, "{column}");
    }
    let mut close = build_department();
    close.set_cell("TxField", 1, "Cgray", Value::Integer(204));
    assert!(try_plan(&close, TOOL, 1, mismatch.clone()).is_ok(), "within 2 %");
    let mut unknown = build_department();
    unknown.set_cell("TxFieldPoint", 201, "Index", Value::Null);
    assert_eq!(refusal_code(&unknown, TOOL, 2, mismatch.clone()), refused, "an index with a hole tells nothing");
    assert_eq!(check_messages(&unknown, "meterset_index"), [""; 0]);
    let mut without = build_department();
    without.drop("TxFieldPoint");
    assert!(try_plan(&without, TOOL, 1, mismatch).is_ok(), "the dose is enough");
    assert!(try_plan(&without, TOOL, 2, variant_params("extreme_value")).is_ok());
}

#[test]
fn valid_metersets_and_metersets_that_do_not_fit_are_refused() {
    let mut clinic = build_department();
    for (word, value) in [("negative_meterset", "0"), ("negative_meterset", "5"), ("extreme_value", "9999.9999")] {
        assert_eq!(
            refusal_code(&clinic, TOOL, 1, value_params(word, json!(value))),
            "value_is_valid",
            "{word} {value}"
        );
    }
    assert!(try_plan(&clinic, TOOL, 1, value_params("extreme_value", json!(10000))).is_ok());
    assert!(try_plan(&clinic, TOOL, 1, value_params("negative_meterset", json!("-0.0001"))).is_ok());
    for (word, value) in [("extreme_value", "1000000"), ("negative_meterset", "-0.00001")] {
        let planned = try_plan(&clinic, TOOL, 1, value_params(word, json!(value))).unwrap();
        let refused = clinic.apply_edits(&planned.edits).unwrap_err();
        assert_eq!(refused.to_string(), format!("TxField.Meterset decimal(10,4) cannot hold {value} exactly"));
    }
    clinic.set_cell("TxField", 1, "Meterset", Value::Integer(-1));
    clinic.set_cell("TxField", 2, "Meterset", Value::Integer(10_000));
    assert_eq!(refusal_code(&clinic, TOOL, 1, variant_params("negative_meterset")), "ineligible");
    assert_eq!(refusal_code(&clinic, TOOL, 2, variant_params("extreme_value")), "ineligible");
    assert_eq!(check_messages(&clinic, "meterset_value"), ["Meterset is -1 MU", "Meterset is 10000 MU"]);
    assert!(try_plan(&clinic, TOOL, 1, variant_params("extreme_value")).is_ok());
}

#[test]
fn usage_errors_name_the_parameter() {
    assert_usage_error(TOOL, json!({}), None, "inconsistency_type is missing: one of negative_meterset");
    assert_usage_error(TOOL, variant_params("zero"), None, "inconsistency_type: `zero` is not one of");
    assert_usage_error(
        TOOL,
        value_params("mismatch_with_cp", json!(1)),
        None,
        "value: mismatch_with_cp does not take it; omit it",
    );
    assert_usage_error(TOOL, value_params("extreme_value", json!("many")), None, "value: ");
    assert_usage_error(
        TOOL,
        variant_params("extreme_value"),
        Some("negative_meterset"),
        "contradicts the variant negative_meterset",
    );
}

#[test]
fn fields_without_a_meterset_or_a_dose_are_silent() {
    let mut clinic = build_department();
    for (column, value) in [("Meterset", Value::Integer(0)), ("Meterset", Value::Null), ("Cgray", Value::Integer(0))] {
        clinic.set_cell("TxField", 1, column, value);
        assert!(ALL.iter().all(|id| check_messages(&clinic, id).is_empty()), "{column}");
    }
    clinic.set_cell("TxFieldPoint", 105, "Index", Value::Real(99.4));
    clinic.set_cell("TxField", 1, "Meterset", Value::Integer(250));
    assert_eq!(
        check_messages(&clinic, "meterset_index"),
        ["the last index is 99.4, neither 100 % nor the Meterset, 250 MU"]
    );
    clinic.set_cell("TxFieldPoint", 105, "Index", Value::Real(99.5));
    assert_eq!(check_messages(&clinic, "meterset_index"), [""; 0]);
}
