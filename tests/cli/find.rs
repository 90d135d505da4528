//! `mfm find`: records to pick from, as pages, rows and JSON.

use insta::assert_snapshot;
use serde_json::Value as Json;

use crate::world::{World, text};

#[test]
fn fields_of_a_database_that_nobody_marked() {
    let world = World::with_copy();
    assert_snapshot!(world.shown(&["find", "field"]), @r"
    exit code: 0
    ----- stdout -----
    3 fields on copy

    FLD ID  IDA       VERSION  LABEL  NAME   TYPE      MACHINE  POINTS  METERSET
                                                                        MU
    1       MR000009           1      LEFT   vmat      Agility  6       123.5
                                      LUNG             1
    2       MR000009                  KV     kv_setup  Agility  1       0
                                                       1
    3       MR000008           1      BRAIN  99        7

    next: mfm find field --eligible TOOL lists the possible variants
    ----- stderr -----
    ");
    assert_snapshot!(world.shown(&["find", "field", "--patient", "MR000009", "--eligible", "create_invalid_angles"]), @r"
    exit code: 0
    ----- stdout -----
    1 field on copy
    that create_invalid_angles can break

    FLD ID  IDA       VER  NAME  TYPE      MACHINE    VARIANTS
    2       MR000009       KV    kv_setup  Agility 1  gantry, collimator, both

    next: mfm plan create_invalid_angles --variant gantry ...
    ----- stderr -----
    ");
    assert_snapshot!(world.shown(&["find", "field", "--machine", "agility 1", "--type", "vmat", "--json"]), @r#"
    exit code: 0
    ----- stdout -----
    {"schema":"mfm/find/1","kind":"field","target":"copy","eligible":null,"records":[{"fld_id":1,"ida":"MR000009","site":null,"version":null,"label":"1","name":"LEFT LUNG","type":"vmat","machine":"Agility 1","control_points":6,"meterset":123.5}],"shown":1,"total":1,"why_none":null,"remarks":[],"journal":"journal.db"}
    ----- stderr -----
    "#);
    assert_snapshot!(world.shown(&["find", "field", "--machine", "somewhere"]), @r"
    exit code: 3
    ----- stdout -----
    ----- stderr -----
    error: there is no machine `somewhere`

    hint: available: Agility 1
    ");
    assert_snapshot!(world.shown(&["find", "offset"]), @r"
    exit code: 3
    ----- stdout -----
    ----- stderr -----
    error: the target has no table Offset

    hint: choose a target that has it, or do without it
    ");
}

#[test]
fn every_kind_fits_a_narrow_page() {
    let world = World::with_lab();
    for kind in ["field", "delivery", "offset", "point"] {
        let page = text(&world.run(&["find", kind, "--limit", "5"]).stdout);
        assert!(page.starts_with("the first 5 of "), "{page}");
        assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
        let json = world.json(&["find", kind, "--limit", "5"]);
        let (records, total) = (json["records"].as_array().unwrap(), json["total"].as_u64().unwrap());
        assert_eq!((records.len(), json["shown"].as_u64(), &json["kind"]), (5, Some(5), &kind.into()));
        assert!(total > 5);
        let id = |record: &Json| record.as_object().unwrap().values().filter_map(Json::as_i64).max();
        assert!(records.windows(2).all(|pair| id(&pair[0]) <= id(&pair[1])), "{json}");
        let all = text(&world.run(&["find", kind, "--limit", "0", "--format", "plain"]).stdout);
        assert_eq!(all.lines().count() as u64, total + 1);
    }
}

#[test]
fn selectors_narrow_together() {
    let world = World::with_lab();
    let total = |words: &[&str]| world.json(&[&["find"], words].concat())["total"].as_u64().unwrap();
    let all = total(&["delivery"]);
    let of_patient = total(&["delivery", "--patient", "LAB000003"]);
    let first = &world.json(&["find", "delivery", "--patient", "LAB000003"])["records"][0].clone();
    let day = &first["start"].as_str().unwrap()[..10];
    let machine = first["machine"].as_str().unwrap().to_lowercase();
    let of_day = total(&["delivery", "--patient", "LAB000003", "--date", day, "--machine", &machine]);
    assert!(0 < of_day && of_day < of_patient && of_patient < all, "{of_day} {of_patient} {all}");
    assert_eq!(total(&["point", "--patient", "LAB000003", "--date", "1999-01-01"]), 0);
}

#[test]
fn eligible_records_name_their_variants_and_can_be_broken() {
    let world = World::with_lab();
    for mode in mfm::domains::mosaiq::modes::MODES {
        let card = mode.card();
        let record = mode.card().fault_records().next().unwrap();
        let kind = mfm::domains::FIRST.kind_of_table(record.table).unwrap();
        if !kind.faultable {
            // `find` does not list prescriptions: they are chosen by id, or by the seed.
            assert_eq!(record.table, "Site", "{}", card.tool);
            continue;
        }
        let kind = kind.word;
        let json = world.json(&["find", kind, "--eligible", card.tool, "--limit", "2"]);
        assert_eq!(json["shown"], 2, "{json}");
        let found = &json["records"][0];
        let variants = found["variants"].as_array().unwrap();
        assert!(!variants.is_empty() && variants.iter().all(|word| card.variants.iter().any(|v| v.word == *word)));
        let (id, word) = (found.as_object().unwrap()[&record.key.to_lowercase()].to_string(), variants[0].as_str());
        let flag = format!("--{}", record.parameter.replace('_', "-"));
        let words = ["plan", card.tool, "--variant", word.unwrap(), &flag, &id, "--now", "2024-06-29T12:00:00"];
        assert_eq!(world.json(&words)["records"], 1, "{words:?}");
        let page = text(&world.run(&["find", kind, "--eligible", card.tool]).stdout);
        assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
        assert!(page.contains("VARIANTS"), "{page}");
    }
    let one = world.json(&["find", "field", "--eligible", "delete_control_points", "--variant", "all-deleted"]);
    assert_eq!(one["records"][0]["variants"], serde_json::json!(["all_deleted"]));
}

#[test]
fn a_search_that_stops_early_says_so() {
    let world = World::with_lab();
    let json = world.json(&["find", "delivery", "--eligible", "create_duplicate_treatment", "--limit", "3"]);
    assert_eq!((&json["total"], &json["shown"]), (&Json::Null, &3.into()));
    let page = text(&world.run(&["find", "delivery", "--eligible", "create_duplicate_treatment"]).stdout);
    assert!(page.starts_with(
        "the first 20 deliveries on lab\nthat create_duplicate_treatment can break; the search stopped there"
    ));
}

#[test]
fn an_empty_selection_says_what_there_is() {
    let world = World::with_lab();
    for (words, says, helps) in [
        (&["field", "--type", "arc"][..], "no field matches type arc", "the fields are of the types static, "),
        (
            &["delivery", "--date", "2031-01-01"],
            "no delivery matches date 2031-01-01",
            "the newest delivery started on 2",
        ),
        (&["offset", "--date", "2031-01-01"], "no offset matches", "the newest offset was measured on 2"),
        (&["field", "--type", "setup", "--eligible", "corrupt_mlc_data"], "examined is eligible", ""),
    ] {
        let json = world.json(&[&["find"], words].concat());
        assert!(json["why_none"].as_str().unwrap().contains(says), "{json}");
        assert!(json["next"].to_string().contains(helps), "{json}");
        let page = text(&world.run(&[&["find"], words].concat()).stdout);
        assert!(page.lines().all(|line| line.chars().count() <= 80) && !page.contains("TOOL"), "{page}");
    }
    let plan = ["plan", "create_invalid_angles", "--variant", "gantry", "--sample", "3", "--type", "arc"];
    assert_snapshot!(world.shown(&plan), @r"
    exit code: 3
    ----- stdout -----
    ----- stderr -----
    error: no field matches type arc

    hint: the fields are of the types static, step_n_shoot, setup, kv_setup, ct, vmat, dmlc
    ");
    let plan = ["plan", "corrupt_mlc_data", "--variant", "odd_bytes", "--sample", "3", "--type", "portal", "--json"];
    let done = world.run(&plan);
    let error: Json = serde_json::from_slice(&done.stderr).unwrap();
    assert_eq!(error["code"], "none_eligible", "{error}");
    assert_eq!(error["hint"], "`mfm modes corrupt_mlc_data` lists what a record needs");
    assert!(error["message"].as_str().unwrap().contains("the first: "), "{error}");
}

#[test]
fn usage_errors_say_what_to_write() {
    let world = World::with_lab();
    for (words, code, says) in [
        (&["field", "--type", "vmad"][..], "selector", "vmat (13)"),
        (&["field", "--date", "28.6.2024"], "selector", "YYYY-MM-DD"),
        (&["point", "--eligible", "create_invalid_angles"], "eligible", "it takes field"),
        (&["field", "--eligible", "nothing"], "unknown_mode", "`nothing`"),
        (&["field", "--eligible", "create_invalid_angles", "--variant", "up"], "unknown_variant", "`up`"),
        (&["field", "--variant", "gantry"], "usage", "--eligible"),
        (&["patient"], "usage", "patient"),
    ] {
        let done = world.run(&[&["find"], words, &["--json"]].concat());
        assert_eq!(done.status.code(), Some(2), "{words:?} {}", text(&done.stderr));
        let error: Json = serde_json::from_slice(&done.stderr).unwrap();
        assert_eq!(error["code"], code, "{error}");
        assert!(error["message"].as_str().unwrap().contains(says), "{error}");
    }
    let done = world.run(&["find", "field", "--machine", "Cyclotron", "--json"]);
    let error: Json = serde_json::from_slice(&done.stderr).unwrap();
    assert_eq!((done.status.code(), &error["code"]), (Some(3), &"no_match".into()));
    assert!(error["hint"].as_str().unwrap().contains("LINAC 1"), "{error}");
}
