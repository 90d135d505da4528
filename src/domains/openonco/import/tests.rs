//! Tests of reading folders and writing them again: odd files, odd records, odd numbers.

use serde_json::json;

use super::CatalogueFolder;
use crate::domain::folder::FolderFormat as _;
use crate::domains::openonco::schema::{FILES, SOURCES, TESTS};
use crate::domains::openonco::testing::{Database, ask, export_files, import_files};
use crate::model::{Fetch, Value};

/// Imports files that are sound, and demands that they are written again byte for byte.
fn import(files: &[(&str, &str)]) -> Database {
    let (database, reports) = import_files(files).unwrap();
    let written = export_files(&database);
    assert_eq!(written.len(), reports.len());
    for (name, text) in &written {
        let (_, given) = files.iter().find(|(given, _)| given == name).unwrap();
        assert_eq!(text, given, "{name}");
    }
    database
}

fn remarks(files: &[(&str, &str)]) -> String {
    let (_, reports) = import_files(files).unwrap();
    reports.iter().flat_map(|report| &report.remarks).cloned().collect::<Vec<_>>().join("; ")
}

fn cells(database: &Database, table: &str, column: &str) -> Vec<Value> {
    let answer = database.answer_fetch(&Fetch::all(table)).unwrap();
    let at = answer.table.unwrap().position(column).unwrap();
    answer.rows.iter().map(|row| row[at].clone()).collect()
}

#[test]
fn any_layout_is_written_again_byte_for_byte() {
    for text in [
        "[]",
        "[\r\n]\r\n",
        "\u{feff}[ {\"id\":\"a\"} ]",
        "[{\"id\":\"a\"},{\"id\":\"b\"}]\n\n",
        "\n[\n\t{ \"id\" : \"a\" , \"x\" : [ ] } ,\n\t{}\n]",
        "[null, 3, \"x\", [1], {\"id\": \"a\"}]",
    ] {
        import(&[("mrd.json", text), ("ecd.json", "[]")]);
    }
}

#[test]
fn a_category_is_told_by_its_file_and_never_by_an_id() {
    let database = import(&[("mrd.json", r#"[{"id": "trm-1", "name": "A", "vendor": "V"}]"#), ("trm.json", "[]")]);
    assert_eq!(cells(&database, TESTS, "category"), [Value::Text("mrd".into())]);
    assert_eq!(ask(&database, "openonco_search_trm", &json!({}), false).unwrap()["total"], 0);
    assert_eq!(ask(&database, "openonco_get_mrd", &json!({"id": "trm-1"}), false).unwrap()["name"], "A");
}

#[test]
fn only_files_of_categories_are_chosen_and_one_of_each() {
    let choose = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        CatalogueFolder.choose_files(&names)
    };
    assert_eq!(
        choose(&["tds.json", "manifest.json", "ecd.json", "x.json", "mrd.json.bak"]),
        ["manifest.json", "ecd.json", "tds.json"]
    );
    assert_eq!(choose(&["manifest.json", "readme.md"]), Vec::<String>::new(), "a manifest alone is no catalogue");
    assert_eq!(choose(&["MRD.json", "mrd.json"]), ["mrd.json"], "the name as it is published goes first");
    assert_eq!(choose(&["MRD.JSON"]), ["MRD.JSON"]);
}

#[test]
fn what_is_odd_is_reported_and_kept() {
    let odd = r#"[
  {"id": "a", "id": "a", "name": "One"},
  {"name": "without an id"},
  {"id": 7, "name": "a number for an id"},
  7,
  {"id": "a", "name": "again"}
]"#;
    let files = [("mrd.json", odd), ("ecd.json", r#"[{"id": "a"}]"#)];
    let database = import(&files);
    assert_eq!(cells(&database, SOURCES, "record").len(), 6, "nothing is left out");
    let said = remarks(&files);
    for part in [
        "record 1 gives id twice; the last value counts",
        "record 2 has no id",
        "record 3 has no id",
        "record 4 is no object, and is kept as it is",
        "record 5 has the id a, which mrd.json has already",
        "record 1 has the id a, which mrd.json has already",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let many = format!("[{}]", vec!["1"; 50].join(","));
    assert!(remarks(&[("mrd.json", &many)]).ends_with("and 30 more"));
}

#[test]
fn the_four_kinds_of_nothing_stay_apart() {
    let text = r#"[{"id": "a", "null": null, "list": [], "text": ""}]"#;
    let database = import(&[("ecd.json", text)]);
    let record = ask(&database, "openonco_get_ecd", &json!({"id": "a"}), false).unwrap();
    assert_eq!((&record["null"], &record["list"], &record["text"]), (&json!(null), &json!([]), &json!("")));
    assert!(!record.contains_key("absent"));
    let asked = json!({"id": "a"});
    let strict = ask(&database, "openonco_get_ecd", &asked, true).unwrap();
    assert_eq!(json!(strict), json!({"id": "a", "null": null, "list": [], "text": ""}));
}

#[test]
fn a_number_stays_what_it_is_beside_a_parsed_one() {
    let text = r#"[{"id": "a", "sensitivity": 94.50, "specificity": "99.9%", "listPrice": 1e400, "genesAnalyzed": 12.0,
        "big": 12345678901234567890123, "deep": {"list": [{"x": [1.0]}]}},
        {"id": "b", "sensitivity": ">99% for SNVs", "specificity": -0.0, "listPrice": "$4,000"}]"#;
    let database = import(&[("mrd.json", text)]);
    let real = |number: f64| Value::Real(number);
    assert_eq!(cells(&database, TESTS, "sensitivity"), [real(94.5), Value::Null]);
    assert_eq!(cells(&database, TESTS, "specificity"), [real(99.9), real(-0.0)]);
    assert_eq!(cells(&database, TESTS, "list_price"), [Value::Null, real(4000.0)]);
    let record = ask(&database, "openonco_get_mrd", &json!({"id": "a"}), false).unwrap();
    assert_eq!((&record["listPrice"], &record["big"]), (&json!("1e400"), &json!("12345678901234567890123")));
    assert_eq!(record["deep"], json!({"list": [{"x": [1.0]}]}));
    assert_eq!(record["catalogue"]["numbers"]["specificity"], json!({"number": 99.9, "unit": "%"}));
    assert_eq!(record["catalogue"]["notNumbers"], json!(["listPrice"]));
    let texts: Vec<Value> = cells(&database, SOURCES, "text");
    assert!(matches!(&texts[0], Value::Text(text) if text.contains("94.50") && text.contains("1e400")));
}

#[test]
fn what_is_no_catalogue_is_refused_with_its_file_and_place() {
    for (text, why) in [
        ("", "mrd.json: the array does not end; the file has 0 bytes"),
        ("{}", "mrd.json: byte 1: `{` where the array should begin"),
        ("[{\"a\": 1}", "mrd.json: the array does not end; the file has 9 bytes"),
        ("[{\"a\": tru}]", "is not JSON"),
        ("[1,]", "mrd.json: byte 4: `]` where a record should begin"),
        ("[]x", "mrd.json: byte 3: `x` behind the array"),
    ] {
        let error = import_files(&[("mrd.json", text)]).map(drop).unwrap_err();
        assert!(error.contains(why), "{text}: {error}");
    }
    let error = import_files(&[("manifest.json", "{"), ("mrd.json", "[]")]).map(|(_, reports)| reports[0].clone());
    assert!(error.unwrap().remarks[0].contains("exportedAt"));
}

#[test]
fn a_manifest_says_from_when_the_catalogue_is() {
    let manifest = "{\"exportedAt\": \"2026-01-13T04:00:00Z\", \"counts\": {\"mrd\": 99}}\n";
    let database = import(&[("manifest.json", manifest), ("mrd.json", "[]")]);
    let listed = ask(&database, "openonco_list_categories", &json!({}), false).unwrap();
    let source = listed["source"].as_str().unwrap();
    assert!(source.contains("2026-01-13") && source.contains("CC BY 4.0") && source.contains("not medical advice"));
    assert_eq!(cells(&database, FILES, "file").len(), 2);
}
