//! Cases of `corrupt_offset_data` and the checks of offsets.

use serde_json::{Value as Json, json};

use super::department::{assert_usage_error, build_department, complete_params, planned_cells, run_check};
use super::{refusal_code, try_plan};
use crate::domain::check::{CheckParams, CheckVerdict};
use crate::domains::mosaiq::checks;
use crate::domains::mosaiq::rules::Rules;
use crate::domains::mosaiq::testing::{Database, TERMS};
use crate::model::{Datum, Severity, Value};

const TOOL: &str = "corrupt_offset_data";
const AXES: [&str; 3] = ["Superior_Offset", "Anterior_Offset", "Lateral_Offset"];

fn variant_params(word: &str) -> Json {
    json!({"corruption_type": word})
}

fn value_params(word: &str, value: Json) -> Json {
    json!({"corruption_type": word, "value": value})
}

fn decimal_datum(text: &str) -> Datum {
    Datum::Decimal(text.parse().unwrap())
}

#[test]
fn defaults_are_what_the_specification_says() {
    for (word, value) in [("extreme_values", "999.9"), ("invalid_type", "99"), ("invalid_state", "99")] {
        assert_eq!(complete_params(TOOL, json!({"off_id": "1-9"}), Some(word)), value_params(word, json!(value)));
        assert_eq!(complete_params(TOOL, variant_params(word), None), value_params(word, json!(value)));
    }
    assert_eq!(complete_params(TOOL, variant_params("future-study-time"), None), variant_params("future_study_time"));
}

#[test]
fn only_the_named_cells_are_written() {
    let clinic = build_department();
    // Planned cells come in the order of their names.
    let mut axes: Vec<(String, Datum)> = AXES.map(|axis| (axis.to_owned(), decimal_datum("999.9"))).into();
    axes.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(planned_cells(&clinic, TOOL, 50, variant_params("extreme_values")), axes);
    assert_eq!(
        planned_cells(&clinic, TOOL, 50, variant_params("invalid_type")),
        [("Offset_Type".to_owned(), decimal_datum("99"))]
    );
    let zero = planned_cells(&clinic, TOOL, 50, value_params("invalid_state", json!(0)));
    assert_eq!(zero, [("Offset_State".to_owned(), decimal_datum("0"))]);
    let ahead = Datum::Raw(Value::Text("2025-07-01 09:00:00.000".into()));
    assert_eq!(
        planned_cells(&clinic, TOOL, 50, variant_params("future_study_time")),
        [("Study_DtTm".to_owned(), ahead)]
    );
}

#[test]
fn valid_values_and_values_that_do_not_fit_are_refused() {
    let mut clinic = build_department();
    for (word, value) in [
        ("extreme_values", "20"),
        ("extreme_values", "-20.0"),
        ("extreme_values", "0"),
        ("invalid_type", "2"),
        ("invalid_type", "4.0"),
        ("invalid_state", "1"),
    ] {
        assert_eq!(
            refusal_code(&clinic, TOOL, 50, value_params(word, json!(value))),
            "value_is_valid",
            "{word} {value}"
        );
    }
    assert!(try_plan(&clinic, TOOL, 50, value_params("extreme_values", json!("-20.1"))).is_ok());
    assert!(try_plan(&clinic, TOOL, 50, value_params("invalid_state", json!(3))).is_ok(), "3 is a type, no state");
    // Not on the grid of the column, or too large for it: found when the edit is applied, not when it is planned.
    for value in ["20.05", "100000"] {
        let planned = try_plan(&clinic, TOOL, 50, value_params("extreme_values", json!(value))).unwrap();
        assert_eq!(clinic.apply_edits(&planned.edits).unwrap_err().code(), "does_not_fit", "{value}");
    }
}

#[test]
fn a_shift_that_shows_it_already_is_not_eligible() {
    for (word, column, value) in [
        ("extreme_values", "Lateral_Offset", Value::Real(-20.1)),
        ("invalid_type", "Offset_Type", Value::Integer(1)),
        ("invalid_state", "Offset_State", Value::Integer(3)),
        ("future_study_time", "Study_DtTm", Value::Text("2024-07-01 09:00:01".into())),
        ("future_study_time", "Study_DtTm", Value::Null),
    ] {
        let mut clinic = build_department();
        assert!(try_plan(&clinic, TOOL, 50, variant_params(word)).is_ok());
        clinic.set_cell("Offset", 50, column, value);
        assert_eq!(refusal_code(&clinic, TOOL, 50, variant_params(word)), "ineligible", "{word}");
    }
    let mut empty = build_department();
    for column in AXES.into_iter().chain(["Offset_Type", "Offset_State"]) {
        empty.set_cell("Offset", 50, column, Value::Null);
    }
    for word in ["extreme_values", "invalid_type", "invalid_state"] {
        assert!(try_plan(&empty, TOOL, 50, variant_params(word)).is_ok(), "{word}: an empty cell shows nothing yet");
    }
}

#[test]
fn usage_errors_name_the_parameter() {
    assert_usage_error(TOOL, json!({}), None, "corruption_type is missing: one of extreme_values");
    assert_usage_error(TOOL, variant_params("none"), None, "corruption_type: `none` is not one of");
    assert_usage_error(
        TOOL,
        value_params("future_study_time", json!(5)),
        None,
        "value: future_study_time does not take it; omit it",
    );
    assert_usage_error(TOOL, json!({"value": 5}), Some("future_study_time"), "does not take it");
    for value in [json!(256), json!(-1), json!("2.5"), json!("NaN")] {
        assert_usage_error(TOOL, value_params("invalid_type", value), None, "value: ");
    }
    assert_usage_error(
        TOOL,
        variant_params("invalid_type"),
        Some("invalid_state"),
        "corruption_type invalid_type contradicts",
    );
}

#[test]
fn sizes_have_two_limits_and_a_whole() {
    for (axes, fault) in [
        (["10", "-10", "5"], None),
        (["", "", ""], None),
        (["10", "-10", "5.1"], Some((Severity::High, "the shift is 15.03 cm long, more than 15"))),
        (["10.1", "0", ""], Some((Severity::High, "Superior_Offset is 10.1 cm, outside -10 to 10 cm"))),
        (["", "20", "0"], Some((Severity::High, "Anterior_Offset is 20 cm, outside -10 to 10 cm"))),
        (["", "0", "-20.1"], Some((Severity::Critical, "Lateral_Offset is -20.1 cm, outside -20 to 20 cm"))),
    ] {
        let mut clinic = build_department();
        for (axis, size) in AXES.into_iter().zip(axes) {
            let size = size.parse().map_or(Value::Null, Value::Real);
            clinic.set_cell("Offset", 50, axis, size);
        }
        let expected = fault.map(|(severity, message)| (severity, message.to_owned()));
        assert_eq!(severities_and_messages(&clinic, "offset_size"), Vec::from_iter(expected), "{axes:?}");
    }
}

#[test]
fn codes_are_known_or_found() {
    let mut clinic = build_department();
    assert_eq!(severities_and_messages(&clinic, "offset_codes"), []);
    clinic.set_cell("Offset", 50, "Offset_Type", Value::Null);
    assert_eq!(severities_and_messages(&clinic, "offset_codes"), [], "a NULL is another check's business");
    clinic.set_cell("Offset", 50, "Offset_Type", Value::Real(2.5));
    let expected = [(Severity::Low, "Offset_Type is 2.5, not one of [2, 3, 4]".to_owned())];
    assert_eq!(severities_and_messages(&clinic, "offset_codes"), expected);
}

fn severities_and_messages(clinic: &Database, id: &str) -> Vec<(Severity, String)> {
    run_check(clinic, id).into_iter().map(|finding| (finding.severity, finding.message)).collect()
}

/// Returns the number of shifts looked at, the number of findings, and the remarks or the reason why the check did not
/// run.
fn check_action_limit(clinic: &Database, rules: &str) -> (u64, usize, Vec<String>) {
    let check = checks::find("offset_action_limit").unwrap();
    let terms = CheckParams { rules: std::sync::Arc::new(Rules::parse(rules).unwrap()), ..TERMS.clone() };
    match check.run(&clinic.read_snapshot(check.required_queries()), &terms) {
        CheckVerdict::Ran { looked_at, findings, remarks } => (looked_at, findings.len(), remarks),
        CheckVerdict::NotRun { why } => (0, 0, vec![why]),
    }
}

#[test]
fn a_shift_without_an_action_limit_is_not_judged_and_a_rule_for_no_site_is_named() {
    let mut clinic = build_department();
    clinic.set_cell("Site", 40, "Site_Name", Value::Text("Left Breast".into()));
    let unlimited = "no shift belongs to a site with a limit";
    assert_eq!(check_action_limit(&clinic, ""), (0, 0, vec![unlimited.to_owned()]));
    let matching = "[sites.mine]\nname = \"breast\"\nmax_shift = 1.5\n";
    assert_eq!(check_action_limit(&clinic, matching), (1, 1, Vec::new()));
    let idle = format!("{unlimited}; the rules name the site mine, which matches no prescription");
    let misspelt = "[sites.mine]\nname = \"brest\"\nmax_shift = 1.5\n";
    assert_eq!(check_action_limit(&clinic, misspelt), (0, 0, vec![idle]));
}
