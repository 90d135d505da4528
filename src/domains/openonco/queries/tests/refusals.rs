//! What is refused: the kind of error, and what it says.

use serde_json::{Value as Json, json};

use super::try_ask;
use crate::domain::query::QueryError;

fn refuse(query: &str, params: Json) -> QueryError {
    match try_ask(query, &params, false) {
        Err(error) => error,
        Ok(answer) => panic!("{query} {params}: {answer:?}"),
    }
}

fn assert_wrong(query: &str, params: Json, part: &str) {
    let error = refuse(query, params.clone());
    assert!(matches!(error, QueryError::Params(_)), "{params}: {error:?}");
    assert!(error.to_string().contains(part), "{params}: {error}");
}

#[test]
fn empty_negative_huge_and_contradictory_parameters_are_wrong() {
    for (params, part) in [
        (json!({"vendor": ""}), "vendor: it is empty: leave it out"),
        (json!({"vendor": " "}), "vendor: it is empty"),
        (json!({"vendor": 7}), "vendor: it is not a text"),
        (json!({"vendor": "x".repeat(1_001)}), "vendor: it is longer than 1000 bytes"),
        (json!({"min_sensitivity": -1}), "min_sensitivity: -1 is not from 0 to 100"),
        (json!({"min_sensitivity": 100.5}), "is not from 0 to 100"),
        (json!({"min_sensitivity": "NaN"}), "it is not a number"),
        (json!({"limit": 0}), "limit: 0 is not from 1 to 500"),
        (json!({"limit": 501}), "limit: 501 is not from 1 to 500"),
        (json!({"limit": 2.5}), "limit: it is not a whole number"),
        (json!({"offset": -1}), "offset: -1 is not from 0"),
        (json!({"offset": 1, "cursor": "1"}), "cursor: it contradicts offset"),
        (json!({"cursor": "x"}), "next_cursor"),
        (json!({"requires_tumor_tissue": "perhaps"}), "neither true nor false"),
        (json!({"fields": []}), "fields: it is empty"),
        (json!({"fields": [1]}), "fields: it is not a list of texts"),
        (json!({"fda_status": "FDA-approved", "regulatory_class": "ldt"}), "contradicts"),
        (json!({"regulatory_class": "aproved"}), "nearest: approved"),
        (json!({"vendr": "x"}), "there is no parameter `vendr`; nearest: vendor"),
    ] {
        assert_wrong("openonco_search_mrd", params, part);
    }
    assert_wrong("openonco_get_mrd", json!({"id": "mrd-2", "name": "Alpha"}), "it contradicts id: mrd-2 is named Beta");
    assert!(try_ask("openonco_get_mrd", &json!({"id": "mrd-2", "name": "beta"}), false).is_ok(), "both mean one test");
    assert_wrong("openonco_compare_mrd", json!({"ids": "mrd-2", "names": "Beta"}), "either ids or names");
}

#[test]
fn what_is_missing_is_named() {
    for (tool, params, part) in [
        ("openonco_get_mrd", json!({}), "id or name is missing: which MRD test"),
        ("openonco_get_mrd", json!({"id": null}), "id or name is missing"),
        ("openonco_compare_ecd", json!({}), "ids or names are missing"),
        ("openonco_search", json!({}), "category is missing"),
        ("openonco_complete", json!({}), "of is missing"),
    ] {
        let error = refuse(tool, params);
        assert!(matches!(error, QueryError::Missing(_)), "{tool}: {error:?}");
        assert!(error.to_string().contains(part), "{tool}: {error}");
    }
}

#[test]
fn what_is_unknown_is_named_with_the_nearest() {
    for (tool, params, part) in [
        ("openonco_get_mrd", json!({"name": "Betta"}), "there is no MRD test `Betta`; existing: Beta"),
        ("openonco_get_mrd", json!({"id": "mrd-22"}), "mrd-2"),
        ("openonco_compare_mrd", json!({"ids": ["mrd-77", "mrd-78"]}), "there is no MRD test `mrd-77`"),
        ("openonco_search_tds", json!({}), "there is no loaded category `tds`"),
        ("openonco_list_vendors", json!({"category": "cgp"}), "there is no loaded category `cgp`"),
    ] {
        let error = refuse(tool, params);
        assert!(matches!(error, QueryError::Unknown { .. }), "{tool}: {error:?}");
        assert!(error.to_string().contains(part), "{tool}: {error}");
    }
    assert_wrong("openonco_search_mrd", json!({"fields": "sensitvity"}), "nearest: sensitivity");
    assert_wrong("openonco_compare_mrd", json!({"ids": "mrd-2", "metrics": "approch"}), "nearest: approach");
    assert_wrong("openonco_count_mrd", json!({"group_by": "vendr"}), "nearest: vendor");
    assert_wrong("openonco_list_vendors", json!({"category": "mdr"}), "nearest: mrd");
}
