//! `mfm check`: what it says, to people and to programs, and how it ends.

use insta::assert_snapshot;
use serde_json::Value as Json;

use crate::world::{World, text};

/// The day after the lab's last.
const NOW: [&str; 2] = ["--now", "2024-06-29T12:00:00"];

fn broken() -> World {
    let world = World::with_lab();
    world.json(&["apply", "create_invalid_angles", "--variant", "both", "--sample", "5", "--seed", "1", "--yes"]);
    world
}

fn check(world: &World, words: &[&str]) -> std::process::Output {
    world.run(&[&["check"], &NOW[..], words].concat())
}

#[test]
fn a_clean_lab_passes() {
    let world = World::with_lab();
    let done = check(&world, &[]);
    let out = text(&done.stdout);
    assert_eq!(done.status.code(), Some(0), "{out}");
    assert!(out.lines().next().unwrap().contains("102 checks found nothing on lab"), "{out}");
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    let json = world.json(&[&["check"], &NOW[..]].concat());
    assert_eq!((&json["violations"], &json["not_run"]), (&0.into(), &0.into()));
    for check in json["checks"].as_array().unwrap() {
        assert_eq!(check["status"], "pass", "{check}");
        // A lab of few patients may have no site with an action limit, and says so.
        let is_said = check["id"] == "offset_action_limit" && check["remarks"].as_array().unwrap().len() == 1;
        assert!(check["looked_at"].as_u64().unwrap() > 0 || is_said, "{check}");
    }
}

#[test]
fn a_fault_is_an_exit_code_a_page_and_rows() {
    let world = broken();
    let json = check(&world, &["--json"]);
    assert_eq!(json.status.code(), Some(1), "{}", text(&json.stderr));
    let json: Json = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["schema"], "mfm/check/1");
    for field in ["target", "journal", "now", "checks", "violations", "findings", "findings_total", "not_run"] {
        assert!(json.get(field).is_some(), "{field}");
    }
    let fields = ["id", "group", "mode", "severity", "status", "looked_at", "violations", "about", "remedy", "why"];
    for field in fields {
        assert!(json["checks"][0].get(field).is_some(), "{field}");
    }
    let total = json["violations"].as_u64().unwrap();
    let of_checks = json["checks"].as_array().unwrap().iter().map(|check| check["violations"].as_u64().unwrap());
    assert_eq!((of_checks.sum::<u64>(), json["findings_total"].as_u64()), (total, Some(total)));
    let first = &json["findings"][0];
    for field in ["check", "severity", "table", "key", "related", "message"] {
        assert!(first.get(field).is_some(), "{field}");
    }
    let plain = text(&check(&world, &["--format", "plain"]).stdout);
    let head = "check\tgroup\tmode\tstatus\tseverity\tlooked_at\ttable\tkey\trelated\tmessage";
    assert_eq!(plain.lines().next(), Some(head));
    let fails = plain.lines().filter(|line| line.split('\t').nth(3) == Some("fail")).count() as u64;
    assert_eq!(fails, total, "one line a finding\n{plain}");
    assert!(plain.lines().skip(1).all(|line| line.split('\t').count() == 10), "{plain}");
    let page = text(&check(&world, &[]).stdout);
    assert!(page.starts_with(&format!("{total} violations on lab: ")), "{page}");
    assert!(page.contains("To do\n") && page.contains("--format plain lists every finding"), "{page}");
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
}

/// A database that holds times as text puts `2024-01-02T...` behind every other time of the day.
#[test]
fn times_in_several_layouts_change_no_finding() {
    const FAULTS: [(&str, &str); 2] =
        [("create_duplicate_treatment", "same_field"), ("create_timestamp_inconsistency", "edit_before_create")];
    let world = World::with_lab();
    for (tool, variant) in FAULTS {
        world.json(&["apply", tool, "--variant", variant, "--sample", "6", "--seed", "1", "--yes"]);
    }
    let findings = || {
        let done = check(&world, &["--json"]);
        let json: Json = serde_json::from_slice(&done.stdout).unwrap();
        (json["findings"].clone(), json["checks"].clone())
    };
    let before = findings();
    assert!(before.0.as_array().unwrap().len() > 6, "{}", before.0);
    let lab = rusqlite::Connection::open(world.path().join("lab.db")).unwrap();
    let changed =
        lab.execute("UPDATE TrackTreatment SET Create_DtTm = replace(Create_DtTm, ' ', 'T') WHERE TTX_ID % 3 = 0", []);
    assert!(changed.unwrap() > 100);
    assert_eq!(findings(), before);
}

/// Checks that look again keep small tables: a drill met the rows that it had kept in the database's order for ever.
#[test]
fn times_in_several_layouts_do_not_stop_a_drill() {
    let world = World::with_lab();
    let lab = rusqlite::Connection::open(world.path().join("lab.db")).unwrap();
    let text = "UPDATE TrackTreatment SET Create_DtTm = replace(Create_DtTm, ' ', 'T') WHERE TTX_ID % 3 = 0";
    assert!(lab.execute(text, []).unwrap() > 100);
    let words = ["drill", "--modes", "create_duplicate_treatment", "--sample", "1", "--seed", "1", "--yes", "--json"];
    let done = world.mfm(&words).timeout(std::time::Duration::from_secs(60)).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", crate::world::text(&done.stderr));
    let json: Json = serde_json::from_slice(&done.stdout).unwrap();
    let caught = json["totals"][0]["caught"].as_u64();
    assert_eq!((caught, &json["totals"][0]["missed"]), (Some(2), &0.into()), "{json}");
}

#[test]
fn what_fails_and_what_could_not_run_stand_first() {
    let world = World::with_copy();
    let page = world.shown(&["check", "--only", "angle-range,duplicate_delivery", "--now", "2024-06-29"]);
    assert_snapshot!(page, @r"
    exit code: 1
    ----- stdout -----
    7 violations on copy: 1 of 2 checks fails; 1 could not run
      not run (the target has no table TrackTreatment): duplicate_delivery

    CHECK               STATUS   SEVERITY  FOUND  LOOKED AT
    angle_range         fail     low       7      7 rows
    duplicate_delivery  not run  medium    -      -

    field 1
      ida MR000009, label 1, machine Agility 1, name LEFT LUNG
      angle_range (low): the gantry angle is 400, outside 0 to 360 degrees
        6 rows: TxFieldPoint 10, TxFieldPoint 11, TxFieldPoint 12, TxFieldPoint 13,
        TxFieldPoint 14, and 1 more

    --format plain lists every finding

    To do
      angle_range: Compare the field with the treatment plan, and import its angles
      again.
    ----- stderr -----
    ");
    let rows =
        world.shown(&["check", "--only", "duplicate_delivery,angle_range", "--now", "2024-06-29", "--format", "plain"]);
    assert_snapshot!(rows, @r"
    exit code: 1
    ----- stdout -----
    check	group	mode	status	severity	looked_at	table	key	related	message
    angle_range	angles	invalid_angles	fail	low	7	TxFieldPoint	10	TxField 1	the gantry angle is 400, outside 0 to 360 degrees
    angle_range	angles	invalid_angles	fail	low	7	TxFieldPoint	11	TxField 1	the gantry angle is 401, outside 0 to 360 degrees
    angle_range	angles	invalid_angles	fail	low	7	TxFieldPoint	12	TxField 1	the gantry angle is 402, outside 0 to 360 degrees
    angle_range	angles	invalid_angles	fail	low	7	TxFieldPoint	13	TxField 1	the gantry angle is 403, outside 0 to 360 degrees
    angle_range	angles	invalid_angles	fail	low	7	TxFieldPoint	14	TxField 1	the gantry angle is 404, outside 0 to 360 degrees
    angle_range	angles	invalid_angles	fail	low	7	TxFieldPoint	15	TxField 1	the gantry angle is 405, outside 0 to 360 degrees
    angle_range	angles	invalid_angles	fail	low	7	TxFieldPoint	15	TxField 1	the collimator angle is 500, outside -180 to 360 degrees
    duplicate_delivery	duplicates	duplicate_treatments	not_run	medium	0				the target has no table TrackTreatment
    ----- stderr -----
    ");
}

#[test]
fn what_could_not_run_is_no_pass() {
    let world = World::with_copy();
    assert_snapshot!(world.shown(&["check", "--only", "duplicate_delivery", "--now", "2024-06-29"]), @r"
    exit code: 1
    ----- stdout -----
    nothing was checked on copy: no check could run
      not run (the target has no table TrackTreatment): duplicate_delivery

    CHECK               STATUS   SEVERITY  FOUND  LOOKED AT
    duplicate_delivery  not run  medium    -      -
    ----- stderr -----
    ");
}

/// A copy with unreadable gantry angles, no Coll_Ang, and an empty Offset of one axis.
fn unreadable() -> World {
    let world = World::with_copy();
    let copy = rusqlite::Connection::open(world.path().join("copy.db")).unwrap();
    copy.execute_batch(
        "UPDATE TxFieldPoint SET Gantry_Ang = 90;
         UPDATE TxFieldPoint SET Gantry_Ang = 'left' WHERE TFP_ID > 13;
         ALTER TABLE TxFieldPoint DROP COLUMN Coll_Ang;
         CREATE TABLE Offset(OFF_ID int PRIMARY KEY, Superior_Offset decimal(4,1));",
    )
    .unwrap();
    world
}

#[test]
fn what_was_not_judged_is_said() {
    let world = unreadable();
    let only = ["check", "--only", "ANGLE-Range,Offset-Size", "--now", "2024-06-29"];
    assert_snapshot!(world.shown(&only), @r"
    exit code: 0
    ----- stdout -----
    1 of 2 checks found nothing on copy; 1 could not run; 1 could not judge everything
      not run (Offset is empty): offset_size
      3 cells of TxFieldPoint.Gantry_Ang contain no number: angle_range
      TxFieldPoint.Coll_Ang is missing, and was not judged: angle_range

    CHECK        STATUS   SEVERITY  FOUND  LOOKED AT
    offset_size  not run  critical  -      -
    angle_range  pass     low       0      7 rows
    ----- stderr -----
    ");
    assert_snapshot!(world.shown(&[&only[..], &["--format", "plain"]].concat()), @r"
    exit code: 0
    ----- stdout -----
    check	group	mode	status	severity	looked_at	table	key	related	message
    offset_size	offsets	invalid_offset_data	not_run	critical	0				Offset is empty
    angle_range	angles	invalid_angles	pass	low	7				3 cells of TxFieldPoint.Gantry_Ang contain no number; TxFieldPoint.Coll_Ang is missing, and was not judged
    ----- stderr -----
    ");
    let json = world.json(&only);
    assert_eq!(json["checks"][0]["remarks"].as_array().unwrap().len(), 2, "{json}");
    let copy = rusqlite::Connection::open(world.path().join("copy.db")).unwrap();
    copy.execute_batch("UPDATE TxFieldPoint SET Gantry_Ang = 400 WHERE TFP_ID = 10").unwrap();
    assert_snapshot!(world.shown(&[&only[..], &["--format", "plain"]].concat()), @r"
    exit code: 1
    ----- stdout -----
    check	group	mode	status	severity	looked_at	table	key	related	message
    angle_range	angles	invalid_angles	remark	low	7				3 cells of TxFieldPoint.Gantry_Ang contain no number; TxFieldPoint.Coll_Ang is missing, and was not judged
    angle_range	angles	invalid_angles	fail	low	7	TxFieldPoint	10	TxField 1	the gantry angle is 400, outside 0 to 360 degrees
    offset_size	offsets	invalid_offset_data	not_run	critical	0				Offset is empty
    ----- stderr -----
    ");
    let page = world.run(&only);
    let lead = "1 violation on copy: 1 of 2 checks fails; 1 could not run; 1 could not judge everything";
    assert_eq!((page.status.code(), text(&page.stdout).lines().next()), (Some(1), Some(lead)));
}

#[test]
fn usage_errors_list_what_there_is() {
    let world = World::with_lab();
    let failed = |words: &[&str]| -> Json {
        let done = check(&world, words);
        assert_eq!(done.status.code(), Some(2), "{}", text(&done.stderr));
        serde_json::from_slice(&done.stderr).unwrap()
    };
    let error = failed(&["--only", "angle_range,nothing", "--json"]);
    assert_eq!(error["code"], "unknown_check");
    assert!(error["message"].as_str().unwrap().contains("`nothing`"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("angles: angle_range"), "{error}");
    let done = world.run(&["check", "--now", "soon", "--json"]);
    let error: Json = serde_json::from_slice(&done.stderr).unwrap();
    assert_eq!((done.status.code(), &error["code"]), (Some(2), &"now".into()));
}

#[test]
fn rules_are_read_and_named() {
    let world = World::with_lab();
    let print = |words: &[&str]| world.run(&[&["check", "--print-rules"], words].concat());
    let default = text(&print(&[]).stdout);
    assert!(default.starts_with("# The rules of `mfm check`"), "{default}");
    std::fs::write(world.path().join("same.toml"), &default).unwrap();
    let own = "[machines.\"LINAC 1\"]\ngantry_range = [0, 1]\n[checks.angle_range]\nseverity = \"critical\"\n\
        [checks.mlc_leaf_set]\nenabled = false\n";
    std::fs::write(world.path().join("own.toml"), own).unwrap();
    let judged = |words: &[&str]| -> Json { serde_json::from_slice(&check(&world, words).stdout).unwrap() };
    let plain = judged(&["--json"]);
    assert_eq!(plain["rules"]["file"], Json::Null);
    let same = judged(&["--json", "--rules", "same.toml"]);
    assert_eq!((&same["rules"]["digest"], &same["violations"]), (&plain["rules"]["digest"], &0.into()));
    let json: Json = serde_json::from_slice(&print(&["--rules", "own.toml", "--json"]).stdout).unwrap();
    let own = judged(&["--json", "--rules", "own.toml"]);
    assert_eq!((&own["rules"]["digest"], &own["rules"]["file"]), (&json["digest"], &"own.toml".into()));
    assert_ne!(json["digest"], plain["rules"]["digest"]);
    assert_eq!(json["rules"]["machines"]["LINAC 1"]["gantry_range"][1], 1.0);
    let complete = print(&["--rules", "own.toml"]);
    std::fs::write(world.path().join("complete.toml"), &complete.stdout).unwrap();
    assert_eq!(judged(&["--json", "--rules", "complete.toml"])["rules"]["digest"], json["digest"]);
    let of = |id: &str| own["checks"].as_array().unwrap().iter().find(|check| check["id"] == id).unwrap().clone();
    assert_eq!(
        (of("mlc_leaf_set")["status"].as_str(), of("mlc_leaf_set")["why"].as_str()),
        (Some("not_run"), Some("the rules disable it"))
    );
    assert_eq!(of("angle_range")["status"], "fail");
    let found = own["findings"].as_array().unwrap();
    assert!(found.iter().all(|found| found["check"] == "angle_range" && found["severity"] == "critical"), "{found:?}");
    assert!(found.iter().all(|found| found["message"].as_str().unwrap().ends_with("outside 0 to 1 degrees")));
}

#[test]
fn a_rules_file_that_means_nothing_is_refused_by_its_line() {
    let world = World::with_lab();
    std::fs::write(world.path().join("bad.toml"), "[machine]\ngantry_sped = 6\n").unwrap();
    let refused = world.run(&["check", "--rules", "bad.toml", "--json"]);
    let error: Json = serde_json::from_slice(&refused.stderr).unwrap();
    let message =
        "could not read the rules bad.toml: line 2: `gantry_sped` is unknown here: did you mean `gantry_speed`?";
    assert_eq!((refused.status.code(), &error["code"], &error["message"]), (Some(2), &"rules".into(), &message.into()));
    let done = world.run(&["check", "--print-rules", "--rules", "none.toml", "--json"]);
    let error: Json = serde_json::from_slice(&done.stderr).unwrap();
    assert_eq!((done.status.code(), &error["code"]), (Some(2), &"rules".into()));
}
