//! `replay` and `explain` as people and scripts meet them: exit codes, pages and the fields that programs rely on.

use insta::assert_snapshot;

use crate::world::{World, text};

const ANGLES: [&str; 12] = [
    "apply",
    "create_invalid_angles",
    "--variant",
    "gantry",
    "--sample",
    "1",
    "--seed",
    "7",
    "--target",
    "lab",
    "--yes",
    "--quiet",
];

/// A lab with one fault, and a marked copy of what it was.
fn with_copy() -> World {
    let world = World::with_lab();
    std::fs::copy(world.path().join("lab.db"), world.path().join("copy.db")).unwrap();
    world.mfm(&["target", "mark", "sqlite:copy.db", "--confirm", "copy.db"]).assert().success();
    world.mfm(&ANGLES).assert().success();
    world
}

#[test]
fn a_replay_that_is_equal() {
    let world = with_copy();
    world.mfm(&["revert", "1"]).assert().success();
    assert_snapshot!(world.shown(&["replay", "--onto", "copy"]), @r"
    exit code: 3
    ----- stdout -----
    ----- stderr -----
    error: no consent: there is no terminal to ask at

    hint: --yes consents in scripts
    ");
    assert_snapshot!(world.shown(&["replay", "--onto", "copy", "--yes"]), @r"
    exit code: 0
    ----- stdout -----
    2 operations of lab replayed onto copy: every digest equal

    OP  AS  FAULT                         ROWS  PLAN DIGEST   VERDICT
    1   3   create_invalid_angles gantry  10    31f1b1d2a06d  equal
    2   4   revert of 1                   10    8ddd72914e48  equal
    ----- stderr -----
    ");
    let plain = text(&world.run(&["replay", "--onto", "copy", "--format", "plain"]).stdout);
    let rows: Vec<Vec<&str>> = plain.lines().map(|line| line.split('\t').collect()).collect();
    assert!(rows.len() == 3 && rows.iter().all(|row| row.len() == rows[0].len()), "{plain}");
    assert_eq!(rows[2][..8], ["2", "4", "revert", "1", "create_invalid_angles", "gantry", "10", "equal"]);
    let json = world.json(&["replay", "--onto", "sqlite:copy.db"]);
    assert_eq!(json["schema"], "mfm/replay/1");
    for field in ["ok", "source", "onto", "until", "replayed", "skipped", "first_difference"] {
        assert!(json.get(field).is_some(), "{field}");
    }
    for field in ["op", "as", "tool", "variant", "rows", "plan_digest", "verdict"] {
        assert!(json["replayed"][0].get(field).is_some(), "{field}");
    }
    assert_eq!(
        (&json["ok"], &json["replayed"][1]["as"], &json["replayed"][1]["verdict"]),
        (&true.into(), &4.into(), &"equal".into())
    );
}

#[test]
fn a_replay_that_differs() {
    let world = with_copy();
    let copy = rusqlite::Connection::open(world.path().join("copy.db")).unwrap();
    copy.execute_batch("UPDATE TxFieldPoint SET Gantry_Ang = 12.5 WHERE TFP_ID = 20877").unwrap();
    assert_snapshot!(world.shown(&["replay", "--onto", "copy", "--yes"]), @r"
    exit code: 1
    ----- stdout -----
    replay differs at operation 1 of lab: copy does not match the journal
      TxFieldPoint 20877 Gantry_Ang: journaled 330, found 12.5

    nothing of operation 1 was written to copy
    ----- stderr -----
    ");
    let output = world.run(&["replay", "--onto", "copy", "--yes", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = &json["first_difference"];
    assert_eq!(
        (&found["what"], &found["table"], &found["key"]),
        (&"cell".into(), &"TxFieldPoint".into(), &"20877".into())
    );
    assert_eq!((&found["column"], &found["found"]), (&"Gantry_Ang".into(), &12.5.into()));
    let plain = text(&world.run(&["replay", "--onto", "copy", "--yes", "--format", "plain"]).stdout);
    let line: Vec<&str> = plain.lines().last().unwrap().split('\t').collect();
    assert_eq!(
        (line[0], line[7], line[9], line[10], line[11]),
        ("1", "differs", "TxFieldPoint", "20877", "Gantry_Ang")
    );
    assert_eq!(line[13], "12.5");
}

#[test]
fn a_replay_without_two_ends() {
    let world = World::with_lab();
    assert_snapshot!(world.shown(&["replay", "--onto", "sqlite:copy.db"]), @r"
    exit code: 3
    ----- stdout -----
    ----- stderr -----
    error: sqlite:copy.db is not registered

    hint: make a fresh copy of the baseline, then mark it as a test copy: `mfm target mark sqlite:copy.db`
    ");
    assert_snapshot!(world.shown(&["replay", "--onto", "lab"]), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error: lab is both the source and the destination

    hint: --onto names another copy; --target NAME names the source
    ");
    assert_eq!(world.run(&["replay"]).status.code(), Some(2));
}

#[test]
fn an_explanation() {
    let world = with_copy();
    world
        .mfm(&[
            "apply",
            "delete_control_points",
            "--fld-id",
            "5015",
            "--points-to-delete",
            "3",
            "--target",
            "lab",
            "--yes",
        ])
        .assert()
        .success();
    let shown = world.shown(&["explain", "1"]);
    let without_times: Vec<&str> = shown.lines().filter(|line| !line.starts_with("at  ")).collect();
    assert_snapshot!(without_times.join("\n"), @r"
    exit code: 0
    ----- stdout -----
    operation 1: create_invalid_angles gantry, active, 10 rows
    tester, over cli, committed create_invalid_angles (gantry, severity 0.7) on lab:
    10 rows in TxFieldPoint; all of them are in effect.

    severity    0.7
    by          tester, over cli
    tables      TxFieldPoint
    rows left   10
    records     5015
    parameters  angle_type gantry, invalid_value 400
    seed        7

    Revert now
    blocked: 1 row in conflict, 9 rows could be restored

    Blocked by
    TxFieldPoint 20880: operation 2 changed it later

    Possible commands
    mfm revert 1 --cascade         takes back operations 2, 1, in this order
    mfm revert 1 --skip-conflicts  restores 9 rows and leaves 1 row in conflict

    Changes
    TxFieldPoint 20877 Gantry_Ang: 400 -> 330
    TxFieldPoint 20878 Gantry_Ang: 400 -> 330
    TxFieldPoint 20879 Gantry_Ang: 400 -> 330
    TxFieldPoint 20881 Gantry_Ang: 400 -> 330
    TxFieldPoint 20882 Gantry_Ang: 400 -> 330
    TxFieldPoint 20883 Gantry_Ang: 400 -> 330
    TxFieldPoint 20884 Gantry_Ang: 400 -> 330
    TxFieldPoint 20885 Gantry_Ang: 400 -> 330
    TxFieldPoint 20886 Gantry_Ang: 400 -> 330

    Proof
    uid            [DIGEST]
    intended       entry 7
    sealed         entry 8, applied
    plan digest    [DIGEST]
    rows root      [DIGEST],
                   matches 1 chunk of images
    in the target  committed, matches the journal

    How to verify it
    1  entry 7 of the journal has the uid as its digest, and contains the digest of
       the previous entry
    2  its body lists the chunks of images by digest; the SHA-256 of each chunk is
       that digest
    3  the RFC 6962 root over the changes in them is the rows root of the body
    4  in lab: SELECT state FROM mfm_operation WHERE uid =
       '[DIGEST]'
    5  an audit of the live target does this for every operation; journal/verify.py
       reads the journal without mfm
    ----- stderr -----
    ");
    let json = world.json(&["explain", "1"]);
    assert_eq!(json["schema"], "mfm/explain/1");
    for field in ["ok", "words", "operation", "inverse", "blocked_by", "ways_out", "residue", "proof"] {
        assert!(json.get(field).is_some(), "{field}");
    }
    assert_eq!((&json["inverse"]["state"], &json["blocked_by"][0]["operation"]), (&"blocked".into(), &2.into()));
    let plain = text(&world.run(&["explain", "1", "--format", "plain"]).stdout);
    assert!(plain.contains("inverse\tstate\tblocked\n"), "{plain}");
    assert!(plain.contains("way_out\tmfm revert 1 --cascade\t"), "{plain}");
    std::fs::remove_file(world.path().join("lab.db")).unwrap();
    let absent = world.json(&["explain", "1"]);
    assert_eq!((&absent["ok"], &absent["proof"]["target"]["state"]), (&true.into(), &"unknown".into()));
}
