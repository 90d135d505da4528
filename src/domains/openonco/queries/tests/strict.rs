//! The strict manner: what the original answers, its slips of meaning included.

use serde_json::{Map, Value as Json, json};

use super::{ids, small, try_ask};
use crate::domains::openonco::testing;

fn ask(query: &str, params: Json) -> Map<String, Json> {
    try_ask(query, &params, true).unwrap_or_else(|error| panic!("{query} {params}: {error}"))
}

fn search(params: Json) -> Vec<String> {
    ids(&ask("openonco_search_mrd", params)).into_iter().map(str::to_owned).collect()
}

#[test]
fn texts_are_patterns_without_folding() {
    assert_eq!(search(json!({"vendor": "%"})).len(), 4);
    assert_eq!(search(json!({"vendor": "n_tera"})), ["mrd-3", "trm-4"]);
    assert!(search(json!({"approach": "Tumor-naive"})).is_empty());
    assert_eq!(search(json!({"approach": "TUMOR-NA\u{ef}VE"})), ["mrd-10"]);
    assert_eq!(search(json!({"fda_status": "FDA-approved"})), ["mrd-10", "mrd-2"], "a denial matches too");
}

#[test]
fn items_of_lists_are_compared_whole_and_letter_by_letter() {
    assert_eq!(search(json!({"cancer_type": "colorectal"})), ["mrd-2"]);
    assert!(search(json!({"cancer_type": "Colorectal"})).is_empty());
    assert_eq!(search(json!({"clinical_setting": "Post-Surgery"})), ["mrd-10"]);
}

#[test]
fn every_column_of_the_category_is_shown_with_null_for_what_is_absent() {
    let answer = ask("openonco_search_mrd", json!({}));
    let rows = answer["items"].as_array().unwrap();
    assert_eq!((rows.len(), &answer["total"]), (4, &json!(4)), "discontinued tests too, except of trm");
    let keys = |row: &Json| row.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert!(rows.iter().all(|row| keys(row) == keys(&rows[0])));
    assert!(rows[1]["submissionInfo"].is_null() && rows[0]["submissionInfo"].is_object());
    assert_eq!(keys(&json!(ask("openonco_get_mrd", json!({"id": "mrd-2"})))), keys(&rows[0]));
}

#[test]
fn limits_are_mended_as_the_original_mends_them() {
    let many = testing::catalogue(300, 1);
    let ask = |params: Json| testing::ask(&many, "openonco_search_mrd", &params, true).unwrap();
    for (limit, rows) in [(0, 50), (-3, 50), (7, 7), (1000, 79)] {
        let answer = ask(json!({"limit": limit}));
        assert_eq!((answer["items"].as_array().unwrap().len(), &answer["total"]), (rows, &json!(79)), "{limit}");
    }
    assert_eq!(ask(json!({"offset": -5}))["returned"], 50);
    let large = testing::catalogue(2_400, 1);
    let capped = testing::ask(&large, "openonco_search_mrd", &json!({"limit": 100_000}), true).unwrap();
    assert_eq!(capped["returned"], 500);
    assert!(capped["total"].as_u64() > Some(500));
}

#[test]
fn a_record_is_found_by_its_id_first_and_a_comparison_is_in_the_order_of_the_file() {
    assert_eq!(ask("openonco_get_mrd", json!({"id": "mrd-2", "name": "Alpha"}))["id"], "mrd-2");
    assert_eq!(ask("openonco_get_mrd", json!({"id": " ", "name": "TWIN"}))["id"], "mrd-3", "the first of two");
    let compared = ask("openonco_compare_mrd", json!({"ids": "trm-4,mrd-10,mrd-99", "metrics": "name,nothing"}));
    assert_eq!(
        json!(compared),
        json!({
            "items": [{"name": "Alpha\u{2122}"}, {"name": "twin"}],
            "returned": 2,
            "total": 2
        })
    );
    assert_eq!(json!(ask("openonco_compare_mrd", json!({"ids": "mrd-99"})))["items"], json!([]));
}

#[test]
fn counts_are_bare() {
    let counted = ask("openonco_count_mrd", json!({"group_by": "requiresTumorTissue"}));
    assert_eq!(json!(counted), json!({"total": 4, "by_requiresTumorTissue": {"null": 2, "Yes": 1, "No": 1}}));
    let filtered = ask("openonco_count_mrd", json!({"group_by": "vendor", "filter_vendor": "lumenar"}));
    assert_eq!(filtered["by_vendor"], json!({"Lumenar": 1, "Lumenar Inc.": 1}));
    assert_eq!(json!(ask("openonco_count_mrd", json!({}))), json!({"total": 4}));
}

#[test]
fn what_the_original_does_not_have_is_refused() {
    for params in [json!({"cursor": "1"}), json!({"regulatory_class": "ldt"}), json!({"include_discontinued": true})] {
        assert!(try_ask("openonco_search_mrd", &params, true).is_err(), "{params}");
    }
    assert_eq!(ids(&testing::ask(&small(), "openonco_search_trm", &json!({}), true).unwrap()), Vec::<&str>::new());
}
