//! Catalogues of oncology tests at the command line: folders read in place, imports, exports, faults, both manners.

use std::path::Path;

use serde_json::{Value as Json, json};

use crate::world::{World, text};

/// A small catalogue in the irregular shape of real ones.
const MRD: &str = r#"[
  {
    "id": "mrd-2",
    "name": "Beta",
    "vendor": "Lumenar",
    "approach": "Tumor-naïve",
    "sensitivity": 95.0,
    "fdaStatus": "CLIA LDT - not FDA approved"
  },
  {
    "vendor": "Lumenar",
    "id": "mrd-10",
    "name": "Alpha",
    "sensitivity": 80,
    "sensitivityCitations": "https://doi.org/10.5555/x",
    "tat": null
  }
]"#;
const ECD: &str = "[ {\"id\":\"ecd-1\",\"name\":\"Gamma\",\"vendor\":\"Corvane\",\"listPrice\":949} ]\n";

/// Writes a catalogue, and returns the world that it is in.
fn world_with(files: &[(&str, &str)]) -> World {
    let world = World::empty();
    std::fs::create_dir(world.path().join("tests")).unwrap();
    for (name, text) in files {
        std::fs::write(world.path().join("tests").join(name), text).unwrap();
    }
    world
}

fn ask(world: &World, target: &str, words: &[&str]) -> Json {
    world.json(&[&["--target", target, "query"], words].concat())["answer"].clone()
}

fn ids(answer: &Json) -> Vec<&str> {
    answer["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

fn code(world: &World, words: &[&str]) -> String {
    let output = world.run(&[words, &["--json"]].concat());
    let said = text(&output.stderr);
    let error: Json = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    error["code"].as_str().unwrap().to_owned()
}

/// Demands that two folders hold the same files, byte for byte.
fn assert_same_folder(one: &Path, other: &Path, files: &[&str]) {
    for file in files {
        assert_eq!(std::fs::read(one.join(file)).unwrap(), std::fs::read(other.join(file)).unwrap(), "{file}");
    }
    assert_eq!(std::fs::read_dir(other).unwrap().count(), files.len());
}

#[test]
fn duck_db_service_test_loads_any_subset_and_an_empty_file() {
    let world = world_with(&[("mrd.json", MRD), ("trm.json", "[]"), ("notes.txt", "x")]);
    let categories = ask(&world, "json:tests", &["openonco-list-categories"]);
    let counts: Vec<(&str, u64)> = categories["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["id"].as_str().unwrap(), item["testCount"].as_u64().unwrap()))
        .collect();
    assert_eq!(counts, [("mrd", 2), ("trm", 0)]);
    assert!(!world.path().join("journal.db").exists(), "reading needs no journal");
    let missing = ["--target", "json:tests", "query", "openonco-search-ecd"];
    assert_eq!(code(&world, &missing), "unknown_item");
    std::fs::write(world.path().join("tests/ecd.json"), ECD).unwrap();
    assert_eq!(ids(&ask(&world, "json:tests", &["openonco-search-ecd"])), ["ecd-1"], "it is read again");
    std::fs::write(world.path().join("tests/ecd.json"), "[{]").unwrap();
    assert_eq!(code(&world, &missing), "target_open");
    assert_eq!(code(&world, &["--target", "json:nowhere", "query", "openonco-search-ecd"]), "target_absent");
}

#[test]
fn query_builder_test_filters_are_literal_and_limits_hold() {
    let world = world_with(&[("mrd.json", MRD), ("ecd.json", ECD)]);
    let search = |words: &[&str]| ask(&world, "json:tests", &[&["openonco-search-mrd"], words].concat());
    assert_eq!(ids(&search(&["--approach", "tumor-naive"])), ["mrd-2"]);
    assert!(ids(&search(&["--vendor", "%"])).is_empty());
    assert_eq!(ids(&search(&["--min-sensitivity", "90"])), ["mrd-2"]);
    assert_eq!(
        search(&["--fields", "tat"])["items"],
        json!([{"id": "mrd-10", "tat": null}, {"id": "mrd-2", "tat": null}])
    );
    let page = search(&["--limit", "1"]);
    assert_eq!((&page["returned"], &page["total"], &page["next_cursor"]), (&json!(1), &json!(2), &json!("1")));
    let failed =
        |words: &[&str]| code(&world, &[&["--target", "json:tests", "query", "openonco-search-mrd"], words].concat());
    assert_eq!(failed(&["--limit", "501"]), "query_parameters");
    assert_eq!(failed(&["--fields", "sensitvity"]), "query_parameters");
    assert_eq!(code(&world, &["--target", "json:tests", "query", "openonco-get-mrd"]), "query_missing");
}

#[test]
fn open_onco_client_test_answers_both_manners() {
    let world = world_with(&[("mrd.json", MRD), ("ecd.json", ECD)]);
    let strict = ask(&world, "json:tests", &["--strict", "openonco-search-mrd", "--vendor", "%"]);
    assert_eq!(strict.as_object().unwrap().keys().collect::<Vec<_>>(), ["items", "returned", "total"]);
    assert_eq!(ids(&strict), ["mrd-10", "mrd-2"]);
    assert!(strict["items"][0]["approach"].is_null(), "the original gives every column");
    let record = ask(&world, "json:tests", &["openonco-get-mrd", "--name", "BETA"]);
    assert_eq!((&record["id"], &record["catalogue"]["regulatoryClass"]), (&json!("mrd-2"), &json!("ldt")));
    let counted = ask(&world, "json:tests", &["openonco-count-mrd", "--group-by", "vendor"]);
    assert_eq!((&counted["total"], &counted["by_vendor"]), (&json!(2), &json!({"Lumenar": 2})));
    let recordings = ["query", "get-metadata", "--strict", "--recording", "run.db"];
    assert_eq!(code(&world, &recordings), "query_parameters", "other queries have one manner only");
}

#[test]
fn an_import_proves_every_byte_and_says_what_was_odd() {
    let odd = "[{\"id\":\"a\",\"id\":\"a\",\"x\":1.50},\n7]";
    let world = world_with(&[("mrd.json", MRD), ("ecd.json", odd), ("trm.json", "[ ]\n"), ("readme.md", "x")]);
    let made = world.json(&["lab", "import", "tests", "sqlite:tests.db", "--domain", "openonco"]);
    assert_eq!(made["bytes_proved"], (MRD.len() + odd.len() + 4));
    assert_eq!(made["others"], json!(["readme.md"]));
    let remarks = made["reports"].to_string();
    assert!(remarks.contains("gives id twice") && remarks.contains("is no object"), "{remarks}");
    world.json(&["lab", "export", "sqlite:tests.db", "out"]);
    std::fs::remove_file(world.path().join("tests/readme.md")).unwrap();
    assert_same_folder(&world.path().join("tests"), &world.path().join("out"), &["mrd.json", "ecd.json", "trm.json"]);
    let again = world.run(&["lab", "export", "sqlite:tests.db", "out"]);
    assert_eq!(again.status.code(), Some(2), "a folder with files is left alone");
    let wrong = world_with(&[("mrd.json", "{}")]);
    assert_eq!(code(&wrong, &["lab", "import", "tests", "sqlite:x.db", "--domain", "openonco"]), "import_source");
    assert!(!wrong.path().join("x.db").exists());
}

#[test]
fn after_a_fault_and_its_revert_the_export_is_the_folder() {
    let world = World::empty();
    world.json(&["lab", "create", "sqlite:made.db", "--domain", "openonco", "--tests", "60"]);
    world.json(&["lab", "export", "sqlite:made.db", "tests"]);
    world.json(&["lab", "import", "tests", "sqlite:read.db", "--domain", "openonco", "--name", "read"]);
    let files = ["mrd.json", "ecd.json", "trm.json", "tds.json"];
    let modes = world.json(&["modes", "--domain", "openonco"]);
    let own = modes["modes"].as_array().unwrap();
    assert_eq!(own.len(), 10);
    let mut variants = 0;
    for mode in own {
        for variant in mode["variants"].as_array().unwrap() {
            let (tool, word) = (mode["tool"].as_str().unwrap(), variant["word"].as_str().unwrap());
            let fault = ["--target", "read", "--yes", "apply", tool, "--variant", word, "--sample", "1", "--seed", "5"];
            world.json(&fault);
            let checked = world.run(&["--target", "read", "check", "--json"]);
            assert_eq!(checked.status.code(), Some(1), "{tool} {word} is seen");
            let broken = format!("broken-{variants}");
            world.json(&["lab", "export", "read", &broken]);
            let differs = files.iter().any(|file| {
                std::fs::read(world.path().join("tests").join(file)).unwrap()
                    != std::fs::read(world.path().join(&broken).join(file)).unwrap()
            });
            assert!(differs, "{tool} {word}: a fault is in the files too");
            world.json(&["--target", "read", "--yes", "revert", "--last"]);
            variants += 1;
        }
    }
    assert_eq!(variants, 19);
    world.json(&["lab", "export", "read", "after"]);
    assert_same_folder(&world.path().join("tests"), &world.path().join("after"), &files);
    let audit = world.json(&["--target", "read", "audit", "verify", "--depth", "live", "--full"]);
    assert_eq!(audit["ok"], true);
}

#[test]
fn a_drill_of_every_mode_sees_every_fault() {
    let world = World::empty();
    world.json(&["lab", "create", "sqlite:made.db", "--domain", "openonco"]);
    let drill = world.json(&["--yes", "drill", "--sample", "1", "--seed", "3"]);
    assert_eq!((&drill["ok"], &drill["exact"]), (&json!(true), &json!(true)), "{drill}");
    assert!(drill["tried"].as_u64() >= Some(19), "{}", drill["tried"]);
    let missed: Vec<&Json> =
        drill["trials"].as_array().unwrap().iter().filter(|trial| trial.to_string().contains("\"missed\"")).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn people_see_lists_of_texts_parts_of_a_record_and_comparisons_side_by_side() {
    let world = world_with(&[("mrd.json", MRD)]);
    let show = |words: &[&str]| {
        let output = world.run(&[&["--target", "json:tests", "query"], words].concat());
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    assert!(show(&["openonco-list-vendors"]).contains("Lumenar"));
    assert!(show(&["openonco-get-mrd", "--id", "mrd-2"]).contains("catalogue regulatoryClass: ldt"));
    let compared = show(&["openonco-compare-mrd", "--ids", "mrd-2,mrd-10,mrd-77"]);
    let line = |field: &str| {
        let line =
            compared.lines().find(|line| line.starts_with(field)).unwrap_or_else(|| panic!("{field}: {compared}"));
        line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    };
    assert_eq!((line("sensitivity"), line("name")), ("95.0 80".to_owned(), "Beta Alpha".to_owned()));
    assert!(compared.contains("mrd-77"), "what was not found is said: {compared}");
}

#[test]
fn a_folder_is_checked_in_place_and_never_written() {
    let world = world_with(&[("mrd.json", &MRD.replace("95.0", "950"))]);
    let checked = world.run(&["--target", "json:tests", "check", "--json"]);
    assert_eq!(checked.status.code(), Some(1), "{}", text(&checked.stderr));
    assert!(text(&checked.stdout).contains("share_range"));
    let refused = code(&world, &["target", "add", "json:tests"]);
    assert_eq!(refused, "target_url");
}
