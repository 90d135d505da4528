//! The fields that programs rely on.

use serde_json::Value as Json;

use crate::world::{World, text};

const APPLY: [&str; 8] = ["apply", "create_invalid_angles", "--variant", "both", "--sample", "1", "--seed", "1"];

fn has(json: &Json, schema: &str, fields: &[&str]) {
    assert_eq!(json["schema"], schema);
    for field in fields {
        assert!(json.get(field).is_some(), "{schema} lacks {field}: {json}");
    }
}

#[test]
fn the_required_fields_are_there() {
    let world = World::with_lab();
    let applied = world.json(&[&APPLY[..], &["--yes"]].concat());
    let fields = [
        "op",
        "uid",
        "tool",
        "mode",
        "variant",
        "severity",
        "target",
        "seed",
        "rows",
        "state",
        "plan_digest",
        "changes_total",
        "changes",
        "residue",
    ];
    has(&applied, "mfm/apply/1", &fields);
    assert_eq!(applied["state"], "applied");
    for field in ["table", "key", "kind", "before", "after"] {
        assert!(applied["changes"][0].get(field).is_some(), "{field}");
    }
    let status = world.json(&["status"]);
    has(&status, "mfm/status/1", &["journal", "target", "active", "open", "foreign_operations"]);
    for field in ["op", "tool", "mode", "variant", "severity", "rows"] {
        assert!(status["active"][0].get(field).is_some(), "{field}");
    }
    has(&world.json(&["log"]), "mfm/log/1", &["operations"]);
    has(&world.json(&["show", "1", "--diff"]), "mfm/show/1", &["op", "changes"]);
    let reverted = world.json(&["revert", "1"]);
    has(&reverted, "mfm/revert/1", &["operations"]);
    let fields = ["op", "uid", "reverts", "rows", "state", "restored", "exact", "residue", "conflicts", "drift"];
    for field in fields {
        assert!(reverted["operations"][0].get(field).is_some(), "{field}");
    }
    let again = world.json(&["revert", "1"]);
    assert_eq!(again["operations"][0]["state"], "already_reverted");
    assert!(again["operations"][0]["op"].is_null());
    let audit = world.json(&["audit", "verify", "--depth", "live", "--full"]);
    let fields = ["ok", "entries", "operations", "head", "anchored", "unanchored", "unverifiable", "findings"];
    has(&audit, "mfm/audit-verify/1", &fields);
    assert_eq!(audit["ok"], true);
    has(&world.json(&["target", "list"]), "mfm/target-list/1", &["targets"]);
    has(&world.json(&["target", "preflight"]), "mfm/target-preflight/1", &["tables", "guard", "signs"]);
    has(&world.json(&["modes"]), "mfm/modes/1", &["modes"]);
    has(&world.json(&["help", "errors"]), "mfm/help/1", &["errors"]);
}

#[test]
fn every_change_is_a_line_where_all_are_asked_for() {
    let world = World::with_lab();
    let output = world.run(&[&APPLY[..], &["--yes", "--changes", "all", "--json"]].concat());
    let out = text(&output.stdout);
    let lines: Vec<Json> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (first, changes) = lines.split_first().unwrap();
    has(first, "mfm/apply/1", &["op", "changes"]);
    assert!(out.starts_with("{\"schema\":\"mfm/apply/1\","), "{out}");
    assert_eq!(first["changes"].as_array().unwrap().len(), 0);
    assert_eq!(first["changes_total"], changes.len());
    for change in changes {
        has(change, "mfm/change/1", &["table", "key", "kind", "before", "after"]);
    }
}

#[test]
fn a_plan_file_is_applied_once() {
    let world = World::with_lab();
    let plan = [&["plan"], &APPLY[1..], &["-o", "fault.json"]].concat();
    let planned = world.json(&plan);
    has(&planned, "mfm/plan/1", &["plan_digest", "plan_id", "file"]);
    let dry = world.json(&["apply", "--plan", "fault.json", "--dry-run"]);
    assert_eq!((&dry["state"], &dry["op"]), (&"planned".into(), &Json::Null));
    let applied = world.json(&["apply", "--plan", "fault.json", "--yes"]);
    assert_eq!(applied["plan_digest"], planned["plan_digest"]);
    let again = world.run(&["apply", "--plan", "fault.json", "--yes", "--json"]);
    assert_eq!(again.status.code(), Some(3));
    let error: Json = serde_json::from_slice(&again.stderr).unwrap();
    assert_eq!(error["code"], "plan_used");
    assert!(text(&again.stderr).starts_with("{\"schema\":\"mfm/error/1\","));
}

#[test]
fn status_tells_by_its_exit_code() {
    let world = World::with_lab();
    assert_eq!(world.run(&["status", "--exit-code"]).status.code(), Some(0));
    world.json(&[&APPLY[..], &["--yes"]].concat());
    assert_eq!(world.run(&["status"]).status.code(), Some(0));
    assert_eq!(world.run(&["status", "--exit-code"]).status.code(), Some(1));
}

#[test]
fn a_broken_journal_is_a_finding_of_an_audit_and_a_failure_elsewhere() {
    let world = World::with_lab();
    world.json(&[&APPLY[..], &["--yes"]].concat());
    let path = world.path().join("journal.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(6).rposition(|window| window == b"tester").unwrap();
    bytes[at] = b'T';
    std::fs::write(&path, bytes).unwrap();
    let audit = world.run(&["audit", "verify", "--json"]);
    assert_eq!(audit.status.code(), Some(1), "{}", text(&audit.stderr));
    let json: Json = serde_json::from_slice(&audit.stdout).unwrap();
    assert_eq!(json["ok"], false);
    let elsewhere = world.run(&["apply", "create_invalid_angles", "--variant", "gantry", "--sample", "1", "--yes"]);
    assert_eq!(elsewhere.status.code(), Some(5), "{}", text(&elsewhere.stderr));
}
