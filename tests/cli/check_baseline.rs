//! `mfm check`: fingerprints, baselines and thresholds: what counts, what is known, and what the exit code makes of it.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value as Json, json};

use crate::world::{World, text};

/// The day after the lab's last.
const NOW: [&str; 2] = ["--now", "2024-06-29T12:00:00"];

fn apply(world: &World, words: &[&str]) {
    let done = world.run(&[&["apply"], words, &["--seed", "1", "--yes"]].concat());
    assert!(done.status.success(), "{}", text(&done.stderr));
}

fn broken() -> World {
    let world = World::with_lab();
    apply(&world, &["create_invalid_angles", "--variant", "both", "--sample", "3"]);
    world
}

fn check(world: &World, words: &[&str]) -> (i32, Json) {
    let done = world.run(&[&["check", "--json"], &NOW[..], words].concat());
    let (out, err) = (text(&done.stdout), text(&done.stderr));
    let code = done.status.code().unwrap();
    (code, serde_json::from_str(if out.is_empty() { &err } else { &out }).unwrap())
}

fn fingerprints(json: &Json) -> Vec<String> {
    let findings = json["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["fingerprint"].as_str().unwrap().to_owned()).collect()
}

fn counts(json: &Json) -> [u64; 4] {
    ["violations", "known", "gone", "unchecked"].map(|name| json[name].as_u64().unwrap())
}

fn read(world: &World, name: &str) -> String {
    std::fs::read_to_string(world.path().join(name)).unwrap()
}

#[test]
fn fingerprints_stay_and_tell_findings_apart() {
    let world = broken();
    apply(&world, &["nullify_required_fields", "--variant", "pat_id", "--sample", "2"]);
    let (_, first) = check(&world, &[]);
    let (_, again) = check(&world, &["--only", "angle_range"]);
    let (all, angles) = (fingerprints(&first), fingerprints(&again));
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
    assert!(!angles.is_empty() && angles.iter().all(|one| all.contains(one)));
    // A database that spells its tables and columns in its own way has the same findings.
    let copy = |name: &str, ddl: &str| {
        let copy = rusqlite::Connection::open(world.path().join(name)).unwrap();
        copy.execute_batch(ddl).unwrap();
        world.mfm(&["target", "add", &format!("sqlite:{name}")]).assert().success();
        let name = name.trim_end_matches(".db");
        fingerprints(&check(&world, &["--only", "angle_range", "--target", name]).1)
    };
    let usual = "CREATE TABLE TxFieldPoint(TFP_ID int PRIMARY KEY, FLD_ID int, Gantry_Ang decimal(4,1), Coll_Ang real);
         INSERT INTO TxFieldPoint VALUES (7, 1, 400, 10);";
    let folded = usual.replace("TxFieldPoint", "TXFIELDPOINT").replace("TFP_ID", "tfp_id").replace("Gantry", "GANTRY");
    assert_eq!(copy("usual.db", usual), copy("folded.db", &folded));
}

#[test]
fn a_baseline_lets_only_new_findings_count() {
    let world = broken();
    let (code, first) = check(&world, &[]);
    let total = first["violations"].as_u64().unwrap();
    assert_eq!((code, counts(&first), first["failed"].clone()), (1, [total, 0, 0, 0], json!(true)));
    let (code, written) = check(&world, &["--write-baseline", "known.json"]);
    assert_eq!((code, &written["baseline_written"]), (0, &json!("known.json")));
    let (code, known) = check(&world, &["--baseline", "known.json"]);
    assert_eq!((code, counts(&known)), (0, [0, total, 0, 0]));
    assert_eq!((&known["findings_total"], &known["findings"][0]["known"]), (&json!(total), &json!(true)));
    assert!(known["checks"].as_array().unwrap().iter().all(|check| check["status"] == "pass"), "{known}");
    apply(&world, &["nullify_required_fields", "--variant", "pat_id", "--sample", "2"]);
    let (code, new) = check(&world, &["--baseline", "known.json"]);
    let [violations, still, ..] = counts(&new);
    assert_eq!((code, still, new["findings"][0]["known"].clone()), (1, total, json!(false)));
    assert!(violations >= 2, "{new}");
    // What is taken back is gone; what is not looked for is not.
    world.mfm(&["revert", "1"]).assert().success();
    let (_, gone) = check(&world, &["--baseline", "known.json"]);
    assert_eq!(counts(&gone)[1..], [0, total, 0]);
    assert_eq!(gone["gone_findings"].as_array().unwrap().len() as u64, total);
    let (_, unchecked) = check(&world, &["--baseline", "known.json", "--only", "offsets"]);
    assert_eq!(counts(&unchecked), [0, 0, 0, total]);
}

/// A finding that is accepted with one value is new with another.
#[test]
fn another_value_is_another_finding() {
    let world = World::with_copy();
    let only = ["--only", "angle_range", "--baseline", "known.json"];
    check(&world, &["--only", "angle_range", "--write-baseline", "known.json"]);
    let (code, before) = check(&world, &only);
    assert_eq!((code, counts(&before)), (0, [0, 7, 0, 0]));
    let copy = rusqlite::Connection::open(world.path().join("copy.db")).unwrap();
    copy.execute_batch("UPDATE TxFieldPoint SET Gantry_Ang = 999 WHERE TFP_ID = 10").unwrap();
    let (code, after) = check(&world, &only);
    assert_eq!((code, counts(&after)), (1, [1, 6, 1, 0]));
}

#[test]
fn a_baseline_is_one_sorted_line_a_finding_and_keeps_its_reasons() {
    let world = World::with_copy();
    let update = ["--only", "angle_range", "--baseline", "known.json", "--write-baseline", "known.json"];
    check(&world, &["--only", "angle_range", "--write-baseline", "known.json"]);
    let first = read(&world, "known.json");
    let lines: Vec<&str> = first.lines().collect();
    assert_eq!((lines.len(), lines[1]), (12, "  \"schema\": \"mfm/baseline/1\","), "{first}");
    assert!(lines[3].contains("\"key\":{\"TFP_ID\":10}") && lines[9].contains("\"key\":{\"TFP_ID\":15}"), "{first}");
    let filled = first.replacen("\"reason\":\"\"", "\"reason\":\"the linac counts so\"", 1);
    std::fs::write(world.path().join("known.json"), &filled).unwrap();
    let (code, json) = check(&world, &update);
    assert_eq!((code, &json["findings"][0]["reason"]), (0, &json!("the linac counts so")));
    assert_eq!(read(&world, "known.json"), filled, "nothing changed, so the file is the same");
    let copy = rusqlite::Connection::open(world.path().join("copy.db")).unwrap();
    copy.execute_batch("UPDATE TxFieldPoint SET Gantry_Ang = 90 WHERE TFP_ID > 12").unwrap();
    check(&world, &update);
    let less = read(&world, "known.json");
    assert!(less.contains("the linac counts so") && less.lines().count() < filled.lines().count(), "{less}");
    // What was not looked for stays.
    let (_, other) = check(&world, &["--only", "nulls", "--baseline", "known.json", "--write-baseline", "known.json"]);
    assert!(read(&world, "known.json").contains("angle_range"), "{other}");
}

#[test]
fn a_baseline_is_never_written_over_anything_else() {
    let world = World::with_copy();
    std::fs::write(world.path().join("mine.txt"), "mine").unwrap();
    check(&world, &["--only", "angle_range", "--write-baseline", "known.json"]);
    for (name, words) in [
        ("mine.txt", &["--write-baseline", "mine.txt"][..]),
        ("known.json", &["--write-baseline", "known.json"][..]),
        ("mine.txt", &["--baseline", "known.json", "--write-baseline", "mine.txt"][..]),
    ] {
        let before = read(&world, name);
        let (code, error) = check(&world, words);
        assert_eq!((code, &error["code"]), (2, &json!("baseline_exists")));
        assert_eq!(read(&world, name), before);
    }
}

#[test]
fn a_baseline_that_does_not_hold_together_is_refused() {
    let world = World::with_copy();
    check(&world, &["--only", "angle_range", "--write-baseline", "known.json"]);
    let good = read(&world, "known.json");
    for (bad, why) in [
        (good.replacen("\"TFP_ID\":10", "\"TFP_ID\":99", 1), "finding 1 does not match"),
        (good.replace("baseline/1", "baseline/2"), "mfm/baseline/2"),
        (good.replacen("\"reason\"", "\"because\"", 1), "because"),
        ("{}".to_owned(), "not a baseline"),
        (String::new(), "not a baseline"),
    ] {
        std::fs::write(world.path().join("known.json"), bad).unwrap();
        let (code, error) = check(&world, &["--baseline", "known.json"]);
        assert_eq!((code, &error["code"]), (2, &json!("baseline_file")));
        assert!(error["message"].as_str().unwrap().contains(why), "{error}");
    }
    let (code, error) = check(&world, &["--baseline", "nowhere.json"]);
    assert_eq!((code, &error["code"]), (2, &json!("baseline_file")));
}

#[test]
fn the_schema_of_the_baseline_is_on_its_page_and_holds() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/baseline.schema.json");
    let schema = schemars::schema_for!(mfm::ops::checks::Baseline);
    let expected = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    if std::env::var_os("MFM_BLESS").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(&path).unwrap_or_default(),
        expected,
        "MFM_BLESS=1 cargo test --test cli schema"
    );
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("mfm:baseline", serde_json::to_value(&schema).unwrap()).unwrap();
    let compiled = compiler.compile("mfm:baseline", &mut schemas).unwrap();
    let world = World::with_copy();
    check(&world, &["--only", "angle_range", "--write-baseline", "known.json"]);
    let mut file: Json = serde_json::from_str(&read(&world, "known.json")).unwrap();
    schemas.validate(&file, compiled).unwrap();
    file["schema"] = json!("mfm/baseline/2");
    assert!(schemas.validate(&file, compiled).is_err());
}

#[test]
fn only_what_is_bad_enough_is_an_exit_code() {
    let world = World::with_copy();
    let only = |fail_on: &str| check(&world, &["--only", "angle_range,duplicate_delivery", "--fail-on", fail_on]);
    for (fail_on, code) in [("low", 1), ("medium", 0), ("high", 0), ("critical", 0), ("never", 0)] {
        let (exit, json) = only(fail_on);
        assert_eq!((exit, &json["fail_on"], &json["failed"]), (code, &json!(fail_on), &json!(code == 1)));
        assert_eq!(
            (&json["violations"], &json["not_run"]),
            (&json!(7), &json!(1)),
            "what is found is said all the same"
        );
    }
    let page = text(&world.run(&["check", "--only", "angle_range", "--now", "2024-06-29", "--fail-on", "high"]).stdout);
    assert!(page.contains("the exit code is 0 by --fail-on high"), "{page}");
}

#[test]
fn the_page_says_what_is_new_known_and_gone() {
    let world = World::with_copy();
    check(&world, &["--only", "angle_range", "--write-baseline", "known.json"]);
    let copy = rusqlite::Connection::open(world.path().join("copy.db")).unwrap();
    copy.execute_batch("UPDATE TxFieldPoint SET Gantry_Ang = 999 WHERE TFP_ID = 10").unwrap();
    let words = ["check", "--only", "angle_range", "--now", "2024-06-29", "--baseline", "known.json"];
    insta::assert_snapshot!(world.shown(&words), @r"
    exit code: 1
    ----- stdout -----
    1 new violation and 6 known on copy: 1 of 1 check fails
      known from known.json: 6 (6 without a reason); gone: 1
        gone: angle_range, TxFieldPoint 10, Gantry_Ang=400

    CHECK        STATUS  SEVERITY  NEW  KNOWN  LOOKED AT
    angle_range  fail    low       1    6      7 rows

    field 1
      ida MR000009, label 1, machine Agility 1, name LEFT LUNG
      angle_range (low): the gantry angle is 999, outside 0 to 360 degrees
        1 row: TxFieldPoint 10

    To do
      angle_range: Compare the field with the treatment plan, and import its angles
      again.
    ----- stderr -----
    ");
    let plain = text(&world.run(&[&words[..], &["--format", "plain"]].concat()).stdout);
    let status = |word: &str| plain.lines().filter(|line| line.split('\t').nth(3) == Some(word)).count();
    assert_eq!((status("fail"), status("known")), (1, 6), "{plain}");
}
