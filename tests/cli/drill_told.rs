//! What `mfm drill` says of detectors that hang, write, know too much, or are compared with an earlier result.

use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value as Json;

use crate::world::{World, text};

const NOW: &str = "2024-06-29T12:00:00";
const GANTRY: [&str; 4] = ["--modes", "create_invalid_angles:gantry", "--sample", "1"];

/// Runs a drill of commands alone, and returns its exit code, its output and what it said on stderr.
fn drill(world: &World, words: &[&str]) -> (Option<i32>, String, String) {
    let output = world.run(&[&["drill", "--seed", "1", "--now", NOW, "--yes", "--command-only"], words].concat());
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Returns shell words that find something from the second look on, as the first detector that counts looks in `file`.
#[cfg(unix)]
fn second_look(name: &str) -> String {
    format!("{name}=sh -c 'echo x >> {name}; test $(wc -l < {name}) -ne 2'")
}

#[cfg(unix)]
#[test]
fn the_headline_names_every_detector_the_worst_first() {
    let world = World::with_lab();
    let strong = second_look("strong");
    let words = [&GANTRY[..], &["--detector", "weak=true", "--detector", strong.as_str()]].concat();
    let (code, page, _) = drill(&world, &words);
    let head = "weak caught 0 of 1 fault, with no false alarm; strong caught 1 of 1 fault, with no false alarm";
    assert_eq!(code, Some(1));
    assert!(page.replace('\n', " ").contains(head), "{page}");
    let html = drill(&world, &[&words[..], &["--as", "html"]].concat()).1;
    assert!(html.contains("<title>weak caught 0 of ") && html.contains("<h1>weak caught 0 of "), "{html}");
}

#[cfg(unix)]
#[test]
fn looks_that_told_nothing_add_up_and_say_why() {
    let world = World::with_lab();
    let hang = "test -e looked || { touch looked; exit 0; }; sleep 60";
    let words = [&GANTRY[..], &["--timeout", "1"]].concat();
    let command = ["--name", "hang", "--", "sh", "-c", hang];
    let (code, page, _) = drill(&world, &[&words[..], &command].concat());
    assert_eq!(code, Some(1));
    let head = "hang caught 0 of 0 faults, with no false alarm; inconclusive: 1 fault and 1 control";
    assert!(page.replace('\n', " ").contains(head), "{page}");
    assert!(page.contains("2 looks: it ran for more than 1 s"), "{page}");
    std::fs::remove_file(world.path().join("looked")).unwrap();
    let csv = drill(&world, &[&words[..], &["--as", "csv"], &command].concat()).1;
    assert!(csv.contains(",1,hang,0,0,0,1,,,,,,1,0,1,2 looks: it ran for more than 1 s,"), "{csv}");
    std::fs::remove_file(world.path().join("looked")).unwrap();
    let junit = drill(&world, &[&words[..], &["--as", "junit"], &command].concat()).1;
    assert!(junit.contains("<error message=\"inconclusive: 1 fault and 1 control\"/>"), "{junit}");
    assert!(junit.contains("<system-err>2 looks: it ran for more than 1 s</system-err>"), "{junit}");
}

#[test]
fn with_a_baseline_only_what_got_worse_has_failed() {
    let world = World::with_lab();
    let mfm = env!("CARGO_BIN_EXE_mfm");
    let save = |words: &[&str]| {
        let command = ["--json", "--name", "blind", "--", mfm, "modes"];
        let (code, json, _) = drill(&world, &[words, &command].concat());
        assert_eq!(code, Some(1), "it misses all");
        std::fs::write(world.path().join("before.json"), json).unwrap();
    };
    save(&GANTRY);
    let blind = ["--baseline", "before.json", "--name", "blind", "--as", "junit", "--", mfm, "modes"];
    let (code, junit, said) = drill(&world, &[&GANTRY[..], &blind].concat());
    assert_eq!(code, Some(0), "{junit}");
    assert!(!junit.contains("<failure") && !said.contains("another drill"), "{junit}{said}");
    assert!(junit.contains("failures=\"0\"") && junit.contains("as in the earlier result: caught 0 of 1"), "{junit}");
    let more = ["--modes", "create_invalid_angles:gantry,create_invalid_angles:both", "--sample", "2"];
    let (code, junit, said) = drill(&world, &[&more[..], &blind].concat());
    assert_eq!(code, Some(1), "a variant that was not tried before is missed");
    assert_eq!(junit.matches("<failure").count(), 1, "{junit}");
    assert!(said.contains("sample 2, was 1; 1 variant tried now and not then"), "{said}");
    let csv = ["--baseline", "before.json", "--name", "blind", "--as", "csv", "--", mfm, "modes"];
    let csv = drill(&world, &[&more[..], &csv].concat()).1;
    assert!(csv.lines().any(|line| line.ends_with("not tried before\",")), "{csv}");
    let (code, _, said) = drill(&world, &[&["--modes", "corrupt_mlc_data", "--sample", "1"], &blind[..]].concat());
    assert_eq!(code, Some(2));
    assert!(said.contains("no variant in common"), "{said}");
}

#[test]
fn a_drill_not_consented_to_hints_at_what_there_is() {
    let world = World::with_lab();
    let said = text(&world.run(&["drill", "--seed", "1"]).stderr);
    assert!(said.contains("mfm plan TOOL --sample 1") && !said.contains("--dry-run"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_detector_that_writes_leaves_a_fault_that_is_said_to_stand() {
    let world = World::with_lab();
    let slow = "test -e looked || { touch looked; exit 0; }; touch there; while ! test -e done; do sleep 0.05; done";
    let words = ["drill", "--seed", "1", "--now", NOW, "--yes", "--json", "--command-only"];
    let mut command = world.process(&[&words[..], &GANTRY, &["--", "sh", "-c", slow]].concat());
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    while !world.path().join("there").exists() {
        sleep(Duration::from_millis(10));
    }
    let lab = rusqlite::Connection::open(world.path().join("lab.db")).unwrap();
    lab.execute("UPDATE TxFieldPoint SET Gantry_Ang = 12.5", []).unwrap();
    std::fs::write(world.path().join("done"), "").unwrap();
    let output = child.wait_with_output().unwrap();
    let said = text(&output.stderr);
    let error: Json = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!((output.status.code(), &error["code"]), (Some(1), &"fault_stands".into()), "{said}");
    assert!(!error["hint"].as_str().unwrap().contains("next drill takes it back"), "{said}");
    let active = world.json(&["status"])["active"].as_array().unwrap().len();
    assert_eq!(active, 1);
    let (code, _, said) = drill(&world, &[&GANTRY[..], &["--", "true"]].concat());
    assert_eq!(code, Some(3));
    assert!(said.contains("a fault of an earlier drill is in effect"), "{said}");
}
