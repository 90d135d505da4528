//! `mfm query` on recordings: listing, asking a file and a target, and leaving nothing behind.

use serde_json::Value as Json;

use crate::world::World;

/// Makes a world with a recording of a box at rest, registered as `run`.
fn with_recording() -> World {
    let world = World::empty();
    let made = ["lab", "create", "sqlite:run.db", "--domain", "recordings", "--scenario", "resting", "--frames", "60"];
    world.mfm(&made).assert().success();
    world
}

fn names(world: &World) -> Vec<String> {
    let entries = std::fs::read_dir(world.path()).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    // A journal that was just read may keep its log beside it for a moment.
    names.retain(|name| !name.starts_with("journal.db-"));
    names.sort();
    names
}

#[test]
fn all_queries_are_listed() {
    let listed = World::empty().json(&["query"]);
    assert_eq!(listed["schema"], "mfm/query/1");
    let names: Vec<&str> =
        listed["queries"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    let specified = [
        "list_recordings",
        "load_recording",
        "get_metadata",
        "get_frame",
        "get_body_state",
        "get_contacts_for_body",
        "get_body_energy",
        "get_system_energy",
        "find_energy_anomalies",
        "compare_body_across_frames",
        "get_contact_history",
        "get_solver_diagnostics",
        "check_friction_cone",
        "check_penetration",
        "check_resting_contact",
    ];
    assert!(specified.iter().all(|name| names.contains(name)), "{names:?}");
}

#[test]
fn list_recordings_of_an_empty_directory_is_an_empty_list() {
    let world = World::empty();
    let answer = &world.json(&["query", "list-recordings", "."])["answer"];
    assert_eq!((&answer["recordings"], &answer["total"]), (&Json::Array(Vec::new()), &Json::from(0)));
    let output = world.run(&["query", "list-recordings", "nowhere", "--json"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn recordings_are_told_apart_from_other_files() {
    let world = with_recording();
    std::fs::write(world.path().join("empty.db"), "").unwrap();
    std::fs::write(world.path().join("text.db"), "no database at all, though its name says so").unwrap();
    let answer = &world.json(&["query", "list_recordings", "."])["answer"];
    let found = answer["recordings"].as_array().unwrap();
    assert_eq!(found.len(), 1, "{answer}");
    assert_eq!(
        (&found[0]["total_frames"], &found[0]["bodies"], &found[0]["name"]),
        (&60.into(), &1.into(), &"run".into())
    );
    assert!(answer["others"].as_array().unwrap().len() >= 2, "{answer}");
}

#[test]
fn a_file_and_a_target_answer_the_same_and_nothing_is_left() {
    let world = with_recording();
    let before = names(&world);
    let of_file = world.json(&["query", "get-frame", "--frame-id", "60", "--recording", "run.db"]);
    let of_target = world.json(&["query", "get_frame", "--frame-id", "60"]);
    assert_eq!(of_file["answer"], of_target["answer"]);
    assert_eq!(names(&world), before);
    let loaded = &world.json(&["query", "load-recording", "run.db"])["answer"];
    assert_eq!((&loaded["loaded"], &loaded["total_frames"], &loaded["bodies"]), (&true.into(), &60.into(), &1.into()));
}

#[test]
fn a_missing_file_and_an_unknown_frame_are_clear_errors() {
    let world = with_recording();
    let code = |words: &[&str]| {
        let output = world.run(&[words, &["--json"]].concat());
        let last = String::from_utf8(output.stderr).unwrap().lines().last().unwrap().to_owned();
        let error: Json = serde_json::from_str(&last).unwrap();
        error["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(code(&["query", "load-recording", "nothing.db"]), "target_absent");
    assert_eq!(code(&["query", "get-frame", "--frame-id", "61", "--recording", "run.db"]), "unknown_item");
    assert_eq!(code(&["query", "get-frame", "--recording", "run.db"]), "query_parameters");
}
