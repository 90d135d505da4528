//! What is better than the specification: each rule that docs/openonco.md names.

use serde_json::{Value as Json, json};

use super::{ask, ids, search, small};
use crate::domains::openonco::testing;

#[test]
fn spelling_makes_no_difference() {
    assert_eq!(search(json!({"approach": "tumor naive"})), ["mrd-10"]);
    assert_eq!(search(json!({"approach": "TUMOR\u{2010}NA\u{cf}VE"})), ["mrd-10"]);
    assert_eq!(search(json!({"cancer_type": "tgf beta"})), ["trm-4"]);
    assert_eq!(ask("openonco_get_mrd", json!({"name": "ALPHA"}))["id"], "mrd-10");
    assert_eq!(ask("openonco_get_mrd", json!({"id": "MRD-10"}))["name"], "Alpha\u{2122}");
}

#[test]
fn parts_of_items_match() {
    assert_eq!(search(json!({"cancer_type": "Colorectal", "clinical_setting": "post-surgery"})), ["mrd-10", "mrd-2"]);
    assert!(search(json!({"cancer_type": "Breast\", \"colorectal"})).is_empty(), "a part never spans two items");
}

#[test]
fn patterns_are_literal() {
    for vendor in ["%", "N_tera", "Lum%", ".*", "\\", "'"] {
        assert!(search(json!({"vendor": vendor})).is_empty(), "{vendor}");
    }
    assert_eq!(search(json!({"vendor": "natera"})), ["trm-4"]);
}

#[test]
fn denials_and_classes_of_approval_are_read() {
    let found = |status: &str| search(json!({"fda_status": status}));
    assert_eq!(found("FDA-approved"), ["mrd-2"]);
    assert_eq!(found("not FDA-approved"), ["mrd-10"]);
    assert!(found("cleared").is_empty() && found("clearance").is_empty(), "pending is not cleared");
    for (class, id) in [("approved", "mrd-2"), ("ldt", "mrd-10"), ("ce_ivd", "trm-4")] {
        assert_eq!(search(json!({"regulatory_class": class})), [id], "{class}");
    }
    assert_eq!(ask("openonco_search_ecd", json!({"fda_status": "FDA-approved"}))["total"], 1);
}

#[test]
fn an_ambiguous_name_is_answered_with_the_candidates() {
    let answer = ask("openonco_get_mrd", json!({"name": "TWIN"}));
    assert_eq!(
        (&answer["ambiguous"], &answer["total"], ids(&answer)),
        (&json!(true), &json!(2), vec!["mrd-3", "trm-4"])
    );
    assert_eq!(answer["items"][0]["vendor"], "Foundation / Natera");
    assert_eq!(ask("openonco_get_ecd", json!({"name": "shield"}))["id"], "ecd-1", "a whole name is not a part");
}

#[test]
fn a_comparison_keeps_the_order_asked_and_names_the_unknown() {
    let answer = ask("openonco_compare_mrd", json!({"ids": "trm-4, mrd-2 ,mrd-99,trm-4,mrd-10"}));
    assert_eq!(ids(&answer), ["trm-4", "mrd-2", "mrd-10"]);
    assert_eq!(answer["unknown"][0]["asked"], "mrd-99");
    assert!(!answer["unknown"][0]["nearest"].as_array().unwrap().is_empty());
    let by_name = ask("openonco_compare_mrd", json!({"names": ["beta", "alpha"]}));
    assert_eq!(ids(&by_name), ["mrd-2", "mrd-10"]);
    let page = ask("openonco_compare_mrd", json!({"ids": ["trm-4", "mrd-2", "mrd-10"], "limit": 2, "metrics": ["*"]}));
    assert_eq!((ids(&page), &page["total"], &page["next_cursor"]), (vec!["trm-4", "mrd-2"], &json!(3), &json!("2")));
    let rest = ask("openonco_compare_mrd", json!({"ids": ["trm-4", "mrd-2", "mrd-10"], "cursor": "2"}));
    assert_eq!((ids(&rest), rest.get("next_cursor")), (vec!["mrd-10"], None));
}

#[test]
fn every_list_has_bounds_and_every_row_its_id() {
    let page = ask("openonco_search_mrd", json!({"limit": 1, "offset": 1, "include_discontinued": true}));
    assert_eq!((ids(&page), &page["total"], &page["returned"]), (vec!["mrd-2"], &json!(4), &json!(1)));
    let next =
        ask("openonco_search_mrd", json!({"limit": 5, "cursor": page["next_cursor"], "include_discontinued": true}));
    assert_eq!((ids(&next), next.get("next_cursor")), (vec!["mrd-3", "trm-4"], None));
    let beyond = ask("openonco_search_mrd", json!({"offset": 1000}));
    assert_eq!((&beyond["total"], &beyond["returned"]), (&json!(3), &json!(0)));
    for (tool, params) in [
        ("openonco_list_vendors", json!({"limit": 1})),
        ("openonco_list_cancer_types", json!({"limit": 1})),
        ("openonco_count_mrd", json!({"limit": 1, "group_by": "vendor"})),
        ("openonco_fields", json!({"limit": 1, "category": "mrd"})),
    ] {
        let first = ask(tool, params.clone());
        assert_eq!((&first["returned"], &first["next_cursor"]), (&json!(1), &json!("1")), "{tool}");
        let mut following = params;
        following["cursor"] = json!("1");
        assert_ne!(ask(tool, following)["items"], first["items"], "{tool}");
    }
    let fields = ask("openonco_search_mrd", json!({"fields": ["sensitivity"]}));
    assert!(fields["items"].as_array().unwrap().iter().all(|item| item["id"].is_string()));
}

#[test]
fn a_row_is_brief_and_whole_on_request() {
    let brief = ask("openonco_search_mrd", json!({"vendor": "Lumenar"}));
    let keys: Vec<&String> = brief["items"][1].as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["approach", "cancerTypes", "fdaStatus", "id", "name", "regulatoryClass", "sensitivity", "vendor", "warnings"]
    );
    let whole = ask("openonco_search_mrd", json!({"vendor": "Lumenar", "fields": "*"}));
    assert_eq!(whole["items"][0]["initialTat"], "10 days");
}

#[test]
fn numbers_in_texts_are_read_where_that_is_certain() {
    let record = ask("openonco_get_mrd", json!({"id": "mrd-10"}));
    assert_eq!(record["initialTat"], "10 days", "the file's own value stays");
    assert_eq!(record["catalogue"]["numbers"], json!({"initialTat": {"number": 10.0, "unit": "days"}}));
    assert_eq!(record["catalogue"]["notNumbers"], json!(["bloodVolume"]));
    let compared = ask("openonco_compare_mrd", json!({"ids": ["mrd-10"], "metrics": ["initialTat", "bloodVolume"]}));
    assert_eq!(compared["units"], json!({"initialTat": "days", "bloodVolume": "mL"}));
    assert_eq!(compared["items"][0]["notNumbers"], json!(["bloodVolume"]));
    assert_eq!(ask("openonco_search_ecd", json!({"max_price": 1000}))["total"], 1, "no price is no low price");
}

#[test]
fn warnings_stand_beside_the_figures_that_they_are_about() {
    let warned = |params: Json| {
        let answer = ask("openonco_search_mrd", params);
        answer["items"][0].get("warnings").cloned().unwrap_or_default().to_string()
    };
    assert!(warned(json!({"vendor": "Lumenar Inc"})).contains("analytical validation"));
    assert!(warned(json!({"approach": "informed"})).contains("small sample"));
    assert_eq!(warned(json!({"approach": "informed", "fields": "name"})), "null", "there is no figure to warn of");
    assert!(warned(json!({"approach": "informed", "fields": "leadTimeVsImaging"})).contains("4.6 months"));
}

#[test]
fn vendors_of_one_company_are_a_group_and_keep_their_names() {
    assert_eq!(search(json!({"vendor": "Lumenar, Inc."})), ["mrd-10", "mrd-2"]);
    let listed = ask("openonco_list_vendors", json!({}));
    assert_eq!(listed["groups"], json!({"lumenar": ["Lumenar", "Lumenar Inc."]}));
    assert!(listed["items"].as_array().unwrap().contains(&json!("Lumenar Inc.")));
    let counted = ask("openonco_count_mrd", json!({"group_by": "vendorGroup"}));
    assert_eq!(counted["by_vendorGroup"]["lumenar"], 2);
}

#[test]
fn discontinued_tests_are_hidden_unless_asked_for() {
    assert!(!search(json!({})).contains(&"mrd-3".to_owned()));
    assert!(search(json!({"include_discontinued": true})).contains(&"mrd-3".to_owned()));
    assert_eq!(ask("openonco_get_mrd", json!({"id": "mrd-3"}))["isDiscontinued"], true);
}

#[test]
fn names_of_people_are_never_shown() {
    for params in [json!({"fields": "*"}), json!({"fields": "submissionInfo"}), json!({})] {
        assert!(!json!(ask("openonco_search_mrd", params)).to_string().contains("A. Person"));
    }
    assert!(!json!(ask("openonco_get_mrd", json!({"id": "mrd-10"}))).to_string().contains("A. Person"));
}

#[test]
fn every_answer_names_its_source() {
    for query in super::super::QUERIES {
        let card = query.card();
        let params = match card.name {
            name if name.starts_with("openonco_get") => json!({"id": "mrd-2"}),
            name if name.starts_with("openonco_compare") => json!({"ids": "mrd-2"}),
            _ => json!({}),
        };
        if !card.name.ends_with("_mrd") && !card.name.starts_with("openonco_list") {
            continue;
        }
        let answer = testing::ask(&small(), card.name, &params, false).unwrap();
        assert!(json!(answer).to_string().contains("CC BY 4.0"), "{}", card.name);
    }
}

#[test]
fn categories_without_tools_of_their_own_are_asked_by_verb() {
    let found = ask("openonco_search", json!({"category": "HCT", "cancer_type": "breast", "min_genes": 60}));
    assert_eq!(ids(&found), ["hct-1"]);
    assert_eq!(ask("openonco_get", json!({"category": "pap", "name": "guard"}))["id"], "guard");
    let nested = ask("openonco_get", json!({"category": "pap", "id": "guard"}));
    assert_eq!(nested["eligibilityRules"]["fplThresholds"][0]["maxFPL"], 400);
    let counted = ask("openonco_count", json!({"category": "hct", "group_by": "sampleCategory"}));
    assert_eq!(counted["by_sampleCategory"], json!({"Saliva": 1}));
    let fields = ask("openonco_fields", json!({"category": "mrd"}));
    let of =
        |name: &str| fields["items"].as_array().unwrap().iter().find(|item| item["field"] == name).cloned().unwrap();
    assert_eq!(of("id")["percent"], 100);
    assert_eq!((&of("sensitivity")["filled"], &of("initialTat")["types"]), (&json!(2), &json!(["number", "text"])));
    let words = ask("openonco_complete", json!({"of": "vendor", "prefix": "LU"}));
    assert_eq!(words["items"], json!(["Lumenar", "Lumenar Inc."]));
}
