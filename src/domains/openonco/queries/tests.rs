//! Tests of the tools on catalogues in memory: each rule of the documentation, the strict manner, errors, and whatever
//! anybody may give.

mod refusals;
mod rules;
mod strict;

use serde_json::{Map, Value as Json, json};

use crate::domain::query::QueryError;
use crate::domains::openonco::testing::{self, Database, import_files};
use crate::model::seed::RecordRandom;

/// A catalogue in the irregular shape of published ones.
const MRD: &str = r#"[
  {"id": "mrd-10", "name": "Alpha\u2122", "vendor": "Lumenar Inc.", "approach": "Tumor-na\u00efve (methylation)",
    "sensitivity": 100, "specificity": 98, "analyticalValidationWarning": true,
    "cancerTypes": ["Colorectal (stage II-IV)"],
    "clinicalSettings": ["Post-Surgery"], "fdaStatus": "CLIA LDT \u2013 NOT FDA-approved", "requiresTumorTissue": "No",
    "initialTat": "10 days", "bloodVolume": ">16", "submissionInfo": {"submitter": "A. Person"}},
  {"vendor": "Lumenar", "id": "mrd-2", "name": "Beta", "approach": "Tumor-informed", "sensitivity": 81.5,
    "cancerTypes": ["Breast", "colorectal"], "clinicalSettings": ["Surveillance", "Post-Surgery (any)"],
    "fdaStatus": "FDA-approved PMA (P170019)", "requiresTumorTissue": "Yes", "smallSampleWarning": true,
    "initialTat": 28, "leadTimeVsImaging": 4.6, "leadTimeVsImagingNotes": "A median of 4.6 months before imaging."},
  {"id": "mrd-3", "name": "Twin", "vendor": "Foundation / Natera", "approach": "Tumor-informed", "sensitivity": null,
    "cancerTypes": [], "fdaStatus": "DISCONTINUED - no longer available", "isDiscontinued": true},
  {"id": "trm-4", "name": "twin", "vendor": "Natera", "cancerTypes": ["TGF-\u03b2 driven"], "listPrice": "$4,000",
    "requiresTumorTissue": null, "fdaStatus": "CE-IVD; FDA clearance pending"}
]"#;
const ECD: &str = r#"[
  {"id": "ecd-1", "name": "Shield", "vendor": "Guard", "testScope": "Single-cancer (CRC)", "listPrice": 949,
    "sensitivity": 83, "specificity": 90, "fdaStatus": "FDA-approved", "tat": "~14 days"},
  {"id": "ecd-2", "name": "Shield MCD", "vendor": "Guard", "testScope": "Multi-cancer (MCED)", "listPrice": null,
    "fdaStatus": "LDT; not FDA-approved"}
]"#;
const HCT: &str = r#"[{"id": "hct-1", "name": "Heir", "vendor": "Gene Co", "genesAnalyzed": 63,
  "cancerTypesAssessed": ["Breast"],
  "analyticalSensitivity": 99.9, "fdaStatus": "CLIA LDT", "sampleCategory": "Saliva"}]"#;
const PAP: &str = r#"[{"id": "guard", "vendorName": "Guard", "programName": "Access", "hasProgram": true,
  "eligibilityRules": {"fplThresholds": [{"maxFPL": 400, "discount": null}]}}]"#;

fn small() -> Database {
    import_files(&[("mrd.json", MRD), ("ecd.json", ECD), ("trm.json", "[]"), ("hct.json", HCT), ("pap.json", PAP)])
        .unwrap()
        .0
}

fn try_ask(query: &str, params: &Json, strict: bool) -> Result<Map<String, Json>, QueryError> {
    testing::ask(&small(), query, params, strict)
}

fn ask(query: &str, params: Json) -> Map<String, Json> {
    try_ask(query, &params, false).unwrap_or_else(|error| panic!("{query} {params}: {error}"))
}

fn ids(answer: &Map<String, Json>) -> Vec<&str> {
    answer["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

fn search(params: Json) -> Vec<String> {
    ids(&ask("openonco_search_mrd", params)).into_iter().map(str::to_owned).collect()
}

#[test]
fn every_tool_has_a_card_an_example_and_schemas() {
    for query in super::QUERIES {
        let card = query.card();
        assert!(card.about.len() < 200 && card.about.ends_with('.'), "{}", card.name);
        let schema = query.params_schema().to_value();
        let known = schema["properties"].as_object().unwrap();
        for word in card.example.split_whitespace().filter_map(|word| word.strip_prefix("--")) {
            assert!(known.contains_key(&word.replace('-', "_")), "{}: {word}", card.name);
        }
        assert_eq!(query.answer_schema().to_value()["type"], "object");
    }
    let specified = super::QUERIES.iter().filter(|query| query.card().group == "specification").count();
    assert_eq!((specified, super::QUERIES.len()), (19, 25));
}

#[test]
fn every_group_of_every_category_is_counted_by_its_own_values() {
    for category in crate::domains::openonco::categories::CATEGORIES {
        let Ok(_) = try_ask("openonco_fields", &json!({"category": category.id}), false) else { continue };
        for field in category.groups {
            let counted = ask("openonco_count", json!({"category": category.id, "group_by": field}));
            let params = json!({"category": category.id, "fields": [field], "include_discontinued": true});
            // A field that no record has is none that can be shown; it is counted as null.
            let Ok(records) = try_ask("openonco_search", &params, false) else {
                let nothing = if counted["total"] == 0 { json!({}) } else { json!({"null": counted["total"]}) };
                assert_eq!(counted[&format!("by_{field}")], nothing, "{} {field}", category.id);
                continue;
            };
            for item in records["items"].as_array().unwrap() {
                let value = match &item[field] {
                    Json::String(text) => text.clone(),
                    other => other.to_string(),
                };
                assert!(counted[&format!("by_{field}")][&value].as_u64() >= Some(1), "{} {field} {value}", category.id);
            }
        }
    }
}

/// What somebody may give for any parameter: sound, empty, negative, huge, of another type, and hostile.
fn values() -> Vec<Json> {
    let long = "x".repeat(2_000);
    vec![
        json!(null),
        json!(""),
        json!("  "),
        json!("mrd-2"),
        json!("mrd-2,trm-4,,mrd-2"),
        json!("twin"),
        json!("Lumenar"),
        json!("mrd"),
        json!("vendor"),
        json!("*"),
        json!("id,*,nothing"),
        json!("%"),
        json!("' OR 1=1 --"),
        json!("\u{202e}\u{0}\n\u{1f9ec}"),
        json!(long),
        json!(true),
        json!(false),
        json!("true"),
        json!(0),
        json!(-1),
        json!(1),
        json!(2.5),
        json!(501),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1e308),
        json!("12"),
        json!([]),
        json!(["mrd-2", "trm-4"]),
        json!([1, null]),
        json!(vec!["mrd-2"; 600]),
        json!({"a": [1]}),
    ]
}

/// Returns a value that a parameter of this name may well have.
fn likely_value(name: &str) -> Option<Json> {
    Some(match name {
        "category" => json!("mrd"),
        "id" => json!("mrd-2"),
        "ids" => json!(["mrd-2", "trm-4", "mrd-1"]),
        "names" => json!("Alpha,twin"),
        "group_by" => json!("vendor"),
        "of" => json!("name"),
        "limit" => json!(2),
        "offset" => json!(1),
        "cursor" => json!("1"),
        "fields" | "metrics" => json!(["name", "sensitivity", "tat"]),
        "regulatory_class" => json!("ldt"),
        name if name.starts_with("min_") => json!(1),
        name if name.starts_with("has_") || name.starts_with("requires_") || name.starts_with("include_") => {
            json!(true)
        }
        "max_price" => json!(5_000),
        _ => json!("a"),
    })
}

/// Draws parameters for a tool: most of them its own, now and then one that it does not have.
fn draw_params(random: &mut RecordRandom, known: &[&String], values: &[Json]) -> Json {
    let mut params = json!({});
    for _ in 0..random.below(4) {
        let name = random.pick(known).map_or_else(|| "nothing".to_owned(), |name| (*name).clone());
        // Half of the values are likely ones, because almost every wild one is refused.
        let value = if random.below(2) == 0 { likely_value(&name) } else { random.pick(values).cloned() };
        let name = if random.below(20) == 0 { format!("{name}x") } else { name };
        params[name] = value.unwrap_or_default();
    }
    params
}

/// Demands that an answer is what its schema and every list promise.
fn assert_sound(query: &str, params: &Json, strict: bool, answer: Map<String, Json>) {
    let answer = Json::Object(answer);
    let text = answer.to_string();
    assert_eq!(serde_json::from_str::<Json>(&text).unwrap(), answer, "{query} {params}: it is not the same as text");
    let Some(items) = answer.get("items").filter(|_| answer.get("total").is_some()) else { return };
    let (items, total) = (items.as_array().unwrap().len() as u64, answer["total"].as_u64().unwrap());
    assert_eq!(answer["returned"].as_u64(), Some(items), "{query} {params}");
    assert!(
        items <= total.max(answer["groups"].as_u64().unwrap_or(0)).min(500),
        "{query} {params}: {items} of {total}"
    );
    if strict && !query.starts_with("openonco_complete") && !query.starts_with("openonco_fields") {
        let keys: Vec<&String> = answer.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["items", "returned", "total"], "{query} {params}");
    }
}

#[test]
fn whatever_is_given_no_tool_panics_and_every_answer_fits_its_schema() {
    let databases = [small(), testing::catalogue(60, 3), import_files(&[("mrd.json", "[]")]).unwrap().0];
    let values = values();
    let (mut answered, mut refused) = (0, 0);
    for query in super::QUERIES {
        let name = query.card().name;
        let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
        compiler.add_resource("mfm:answer", query.answer_schema().to_value()).unwrap();
        let schema = compiler.compile("mfm:answer", &mut schemas).unwrap();
        let params_schema = query.params_schema().to_value();
        let known: Vec<&String> = params_schema["properties"].as_object().unwrap().keys().collect();
        for seed in 0..400_u32 {
            let mut random = RecordRandom::new(u64::from(seed), name, &[]);
            let params = draw_params(&mut random, &known, &values);
            let strict = seed % 3 == 0;
            let database = &databases[usize::try_from(seed % 4).unwrap() % databases.len()];
            match testing::ask(database, name, &params, strict) {
                Ok(answer) => {
                    let json = Json::Object(answer.clone());
                    let wrong = schemas.validate(&json, schema).err().map(|error| error.to_string());
                    assert_eq!(wrong, None, "{name} {params}");
                    assert_sound(name, &params, strict, answer);
                    answered += 1;
                }
                Err(error) => {
                    assert!(
                        !error.to_string().is_empty() && error.to_string().len() < 2_000,
                        "{name} {params}: {error}"
                    );
                    refused += 1;
                }
            }
        }
    }
    assert!(answered > 1_500 && refused > 1_500, "{answered} answers, {refused} refusals");
}
