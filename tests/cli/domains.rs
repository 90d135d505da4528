//! Targets of another domain than the first: records narrowed, pictures in reports, and tables that are no longer what
//! the journal says.

use serde_json::{Value as Json, json};

use crate::world::World;

fn with_recording(scenario: &str) -> World {
    let world = World::empty();
    let made = ["lab", "create", "sqlite:run.db", "--domain", "recordings", "--scenario", scenario, "--frames", "60"];
    world.mfm(&made).assert().success();
    world
}

/// Takes the tables of the recording away, as somebody does who puts other data in its place.
fn becomes_something_else(world: &World) {
    let file = rusqlite::Connection::open(world.path().join("run.db")).unwrap();
    file.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    let mut named = file.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
    let names: Vec<String> = named.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for name in names.iter().filter(|name| !name.starts_with("mfm_") && !name.starts_with("sqlite_")) {
        file.execute_batch(&format!("DROP TABLE \"{name}\"")).unwrap();
    }
    file.execute_batch("CREATE TABLE TxField(FLD_ID int PRIMARY KEY)").unwrap();
}

#[test]
fn frames_are_narrowed_on_the_command_line() {
    let world = with_recording("bouncing");
    let ids = |words: &[&str]| -> Vec<i64> {
        let found = world.json(&[&["find"], words].concat());
        found["records"].as_array().unwrap().iter().map(|one| one["id"].as_i64().unwrap()).collect()
    };
    assert_eq!(ids(&["frame", "--frame", "10-12,40"]), [10, 11, 12, 40]);
    assert_eq!(ids(&["frame", "--seconds", "0.1-0.15"]), [7, 8, 9]);
    assert_eq!(ids(&["body", "--body", "3"]), [1]);
    let touching = ids(&["frame", "--touching", "ground", "--limit", "0"]);
    assert!(!touching.is_empty());
    assert_eq!(ids(&["contact", "--touching", "ground", "--limit", "0"]).len(), touching.len());
    for (words, code) in [
        (&["frame", "--seconds", "2-1"], "selector"),
        (&["body", "--frame", "1"], "selector"),
        (&["frame", "--patient", "X"], "selector"),
    ] {
        let output = world.run(&[&["find"], words.as_slice(), &["--json"]].concat());
        assert_eq!(output.status.code(), Some(2));
        let said: Json = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(said["code"], code, "{said}");
    }
    let made = ["apply", "create_sunk_contact", "--variant", "deep_overlap", "--sample", "1", "--seed", "1"];
    let made = world.json(&[&made[..], &["--touching", "ground", "--yes"]].concat());
    assert_eq!(made["records"], 1);
}

#[test]
fn a_report_shows_the_energies_around_a_finding() {
    let world = with_recording("bouncing");
    let broken = ["apply", "create_energy_injection", "--variant", "spike", "--sample", "1", "--seed", "3", "--yes"];
    world.mfm(&broken).assert().success();
    let output = world.run(&["check", "--as", "html"]);
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(page.contains("Energy of all bodies, frame by frame") && page.contains("class=\"ring\""), "{page}");
}

#[test]
fn what_is_no_longer_of_its_domain_is_read_with_a_warning_and_never_broken() {
    let world = with_recording("resting");
    becomes_something_else(&world);
    let said = "`run` is registered as recordings, but has the tables of mosaiq";
    for words in [&["check"][..], &["find", "frame"], &["query", "get_metadata"], &["target", "preflight"]] {
        let output = world.run(words);
        let told = String::from_utf8_lossy(&output.stderr).replace('\n', " ");
        assert!(told.contains(said) && told.contains("domain_mismatch"), "{words:?}: {told}");
    }
    let status = world.run(&["status", "--exit-code", "--json"]);
    let told: Json = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!((status.status.code(), &told["target"]["state"]), (Some(1), &json!("domain_mismatch")));
    assert_eq!(told["target"]["domain"], "recordings");
    let energy = ["create_energy_injection", "--variant", "spike", "--sample", "1"];
    for words in [
        &[&["plan"], &energy[..]].concat()[..],
        &[&["apply"], &energy[..], &["--yes"]].concat(),
        &["drill", "--yes"],
        &["target", "mark", "run", "--confirm", "run.db"],
    ] {
        let output = world.run(&[words, &["--json"]].concat());
        let told: Json = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!((output.status.code(), &told["code"]), (Some(3), &json!("domain_mismatch")), "{words:?}");
    }
    let added = world.run(&["target", "add", "sqlite:run.db", "--name", "run", "--domain", "mosaiq", "--json"]);
    assert!(added.status.success(), "{added:?}");
    assert_eq!(world.json(&["status"])["target"]["domain"], "recordings");
}
