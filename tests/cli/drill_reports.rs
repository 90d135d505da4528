//! `mfm drill` with commands whose reports are broken, incomplete, contradictory, or no files at all: nothing of them is
//! believed, nothing hangs, and the fault is always taken back.

use serde_json::Value as Json;

use crate::world::{World, text};

/// Runs a drill of one fault whose command prints `clean`, at its second look `faulty`, and then ends with `code`.
fn drill(world: &World, judge: &str, (clean, faulty, code): (&str, &str, u8)) -> (Option<i32>, Json) {
    for (name, text) in [("clean", clean), ("faulty", faulty)] {
        std::fs::write(world.path().join(name), text).unwrap();
    }
    let _ = std::fs::remove_file(world.path().join("looks"));
    let words = format!("echo x >> looks; if test $(wc -l < looks) -eq 2; then cat faulty; exit {code}; fi; cat clean");
    told(world, &["--judge", judge], &words)
}

/// Runs a drill of one fault, with a shell's words as the command.
fn told(world: &World, options: &[&str], words: &str) -> (Option<i32>, Json) {
    let drill = ["drill", "--modes", "create_invalid_angles:gantry", "--sample", "1", "--seed", "1", "--yes", "--json"];
    let output = world.run(&[&drill[..], &["--command-only"], options, &["--", "sh", "-c", words]].concat());
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let json = if out.is_empty() { err.lines().last().unwrap_or_default().to_owned() } else { out };
    (output.status.code(), serde_json::from_str(&json).unwrap())
}

/// Returns the verdict on the fault, and why nothing could be told.
fn look(json: &Json) -> (&str, &str) {
    let look = &json["trials"][0]["looks"][0];
    (look["verdict"].as_str().unwrap(), look["why"].as_str().unwrap_or_default())
}

fn nothing_stands(world: &World) {
    assert_eq!(world.json(&["status"])["active"], Json::Array(Vec::new()));
}

const NONE: &str = "{\"findings\": []}\n";
const CASE: &str = "<testcase classname=\"qa\" name=\"doses\"/>";

fn suite(inner: &str) -> String {
    format!("<testsuites><testsuite name=\"a\" tests=\"2\">{inner}</testsuite></testsuites>")
}

#[test]
fn w07_a_broken_report_is_no_missed_fault_and_its_reason_is_journaled() {
    let world = World::with_lab();
    let both = suite(&format!("{CASE}<testcase classname=\"qa\" name=\"angles\"/>"));
    let lost = format!("<testsuite name=\"a\">{CASE}</testsuite>");
    let failed = r#"{"version":"2.1.0","runs":[{"results":[],"invocations":[{"executionSuccessful":false}]}]}"#;
    let fine = failed.replace("false", "true");
    let twice = |second: &str| {
        suite(&format!("<testcase name=\"[1]\"><failure/></testcase><testcase name=\"[1]\">{second}</testcase>"))
    };
    for (judge, clean, faulty, code, why) in [
        ("json", NONE, "{\"findings\": [\"a\"], \"mean\": NaN}\n", 1, "a line of it begins as JSON and is none"),
        ("json", NONE, "{\"findings\": [{\"row\": 1}]}\n", 1, "its `findings` is no list of texts"),
        ("json", NONE, "{\"findings\": []", 0, "a line of it begins as JSON and is none"),
        ("json", NONE, NONE, 3, "it ended with exit code 3"),
        ("json", NONE, NONE, 1, "it ended with exit code 1, and with 0 on the untouched data"),
        ("sarif", &fine, failed, 3, "a run of the SARIF log failed"),
        ("sarif", &fine, "{\"version\":\"2.1.0\",\"runs\":[{\"results\":null}]}", 0, "no results"),
        ("junit", &both, &suite(CASE), 3, "a test suite announces 2 tests, and holds 1"),
        ("junit", &both, &lost, 0, "of the tests of the untouched data, 1 did not run"),
        ("junit", &twice(""), &twice("<failure/>"), 0, "a test of one name failed and passed"),
        ("junit", &both, "\u{feff}<a", 0, "the report is no XML"),
    ] {
        let (ended, json) = drill(&world, judge, (clean, faulty, code));
        assert_eq!(
            (ended, look(&json).0, &json["exact"]),
            (Some(1), "could_not_tell", &true.into()),
            "{faulty}: {json}"
        );
        assert!(look(&json).1.contains(why), "{}", look(&json).1);
        let shown = world.run(&["drill", "--show", &json["drill"].to_string(), "--json"]);
        let shown: Json = serde_json::from_slice(&shown.stdout).unwrap();
        assert_eq!(look(&shown).0, "could_not_tell");
        assert!(look(&shown).1.contains(why), "{shown}");
        assert!(!shown["trials"].to_string().contains("doses"), "no word of the command is kept");
        nothing_stands(&world);
    }
}

#[test]
fn w07_sound_reports_are_believed_as_before() {
    let world = World::with_lab();
    let found = "\u{feff}{\"findings\": [\"a\"]}\n";
    let sarif = |results: &str| {
        format!(
            "{{\"version\":\"2.1.0\",\"runs\":[{{\"results\":[{results}],\"invocations\":[{{\"executionSuccessful\":true}}]}}]}}"
        )
    };
    let second = |inner: &str| suite(&format!("{CASE}<testcase name=\"b\">{inner}</testcase>"));
    for (judge, clean, faulty, code, verdict) in [
        ("json", NONE, found, 1, "caught"),
        ("json", NONE, found, 0, "caught"),
        ("json", NONE, NONE, 0, "missed"),
        ("sarif", &sarif(""), &sarif("{\"ruleId\":\"a\",\"message\":{\"text\":\"b\"}}"), 1, "caught"),
        ("sarif", &sarif(""), &sarif(""), 0, "missed"),
        ("junit", &second(""), &second("<failure/>"), 1, "caught"),
        ("junit", &second(""), &second(""), 0, "missed"),
    ] {
        let (_, json) = drill(&world, judge, (clean, faulty, code));
        assert_eq!(look(&json), (verdict, ""), "{faulty}");
    }
}

#[test]
fn k4_output_without_an_end_or_in_utf_16_tells_nothing() {
    let world = World::with_lab();
    // What leaves the command's process group before the command ends lives on; what has not yet left is ended with it.
    let leave = "setsid sh -c 'touch away; exec sleep 60' & while ! test -e away; do sleep 0.01; done";
    for (words, why) in [
        ("cat /dev/zero", "it printed more than 67108864 bytes"),
        ("printf '\\377\\376{\\0'", "its output cannot be read"),
        (leave, "still holds its output open"),
    ] {
        let _ = std::fs::remove_file(world.path().join("looked"));
        let words = format!("echo '{{\"findings\": []}}'; if test -e looked; then {words}; fi; touch looked; true");
        let (code, json) = told(&world, &["--judge", "json", "--controls", "0"], &words);
        assert_eq!((code, look(&json).0), (Some(1), "could_not_tell"), "{json}");
        assert!(look(&json).1.contains(why), "{words}: {}", look(&json).1);
        nothing_stands(&world);
    }
}

/// A report at which an opening would wait, or a reading never end: what the command puts there at its second look.
#[test]
fn k4_a_report_that_is_no_file_hangs_nothing() {
    let world = World::with_lab();
    for (words, why) in [
        ("mkfifo out", "it is a pipe"),
        ("mkfifo pipe; ln -s pipe out", "it is a pipe"),
        ("ln -s /dev/zero out", "it is a device"),
        ("ln -s /dev/stdin out", "its report cannot be read"),
        ("ln -s out out", "its report cannot be read"),
        ("mkdir out", "it is a folder"),
        ("truncate -s 100M out", "it is larger than 67108864 bytes"),
        ("true", "its report cannot be read"),
        ("printf '\\377\\376{\\0' > out", "UTF-16"),
    ] {
        let all = format!("rm -rf looked out pipe; {words}");
        let first = format!("if test -e looked; then {all}; else touch looked; echo '{{\"findings\": []}}' > out; fi");
        let options = ["--judge", "json", "--report", "out", "--controls", "0", "--timeout", "20"];
        let (code, json) = told(&world, &options, &first);
        assert_eq!((code, look(&json).0), (Some(1), "could_not_tell"), "{words}: {json}");
        assert!(look(&json).1.contains(why), "{words}: {}", look(&json).1);
        nothing_stands(&world);
        std::fs::remove_dir_all(world.path().join("out"))
            .or_else(|_| std::fs::remove_file(world.path().join("out")))
            .ok();
        let _ = std::fs::remove_file(world.path().join("looked"));
        let _ = std::fs::remove_file(world.path().join("pipe"));
    }
}

#[test]
fn k5_a_report_never_takes_the_place_of_the_journal_or_a_target() {
    let world = World::with_lab();
    let at = |name: &str| world.path().join(name);
    std::fs::hard_link(at("journal.db"), at("hard.xml")).unwrap();
    std::os::unix::fs::symlink("lab.db", at("soft.xml")).unwrap();
    let before = std::fs::read(at("journal.db")).unwrap();
    for report in ["journal.db", "lab.db", "lab.db-wal", "journal.db.lock", "hard.xml", "soft.xml"] {
        let (code, json) = told(&world, &["--judge", "json", "--report", report], "true");
        assert_eq!((code, &json["code"]), (Some(3), &"protected_file".into()), "{report}: {json}");
    }
    assert_eq!(std::fs::read(at("journal.db")).unwrap(), before);
    // What the command itself moves to the report's place is not removed either.
    let moved =
        "if test -e looked; then rm -f out; ln journal.db out; else echo '{\"findings\": []}' > out; fi; touch looked";
    let (code, json) = told(&world, &["--judge", "json", "--report", "out"], moved);
    assert_eq!((code, look(&json).0), (Some(1), "could_not_tell"), "{json}");
    assert_eq!(world.json(&["audit", "verify"])["ok"], true);
    nothing_stands(&world);
}

#[test]
fn k5_what_stood_at_the_reports_place_is_never_removed_and_never_read() {
    let world = World::with_lab();
    let out = world.path().join("out");
    std::fs::write(&out, "{\"findings\": []}\n").unwrap();
    let (code, json) = told(&world, &["--judge", "json", "--report", "out"], "true");
    assert_eq!((code, &json["code"]), (Some(3), &"detector".into()), "{json}");
    assert!(json["message"].to_string().contains("what stands there is older"), "{json}");
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "{\"findings\": []}\n");
    // A command that writes its report anew may do so, also where an earlier drill left one.
    let (_, json) = told(&world, &["--judge", "json", "--report", "out"], "echo '{\"findings\": []}' > out");
    assert_eq!(look(&json).0, "missed");
    // One that adds to it would give old findings for new ones.
    let (code, json) = told(&world, &["--judge", "json", "--report", "out"], "echo '{\"findings\": []}' >> out");
    assert_eq!((code, &json["code"]), (Some(3), &"detector".into()), "{json}");
    std::fs::remove_file(&out).unwrap();
    let (_, json) = told(&world, &["--judge", "json", "--report", "out"], "echo '{\"findings\": []}' >> out");
    assert_eq!(look(&json).0, "missed", "of its own looks, each begins anew");
}

#[test]
fn k11_a_command_that_takes_the_fault_back_ends_the_drill_with_1() {
    let world = World::with_lab();
    let mfm = env!("CARGO_BIN_EXE_mfm");
    let words = format!("test -e looked && '{mfm}' --journal journal.db revert --last; touch looked; true");
    let (code, json) = told(&world, &[], &words);
    assert_eq!((code, &json["code"]), (Some(1), &"fault_taken_back".into()), "{json}");
    nothing_stands(&world);
}

#[test]
fn k11_what_was_not_measured_is_null() {
    let world = World::with_lab();
    let (_, json) = drill(&world, "json", (NONE, NONE, 0));
    assert!(json["rows"].is_u64() && json["tables"].is_u64() && json["trials"][0]["looks"][0]["took_ms"].is_u64());
    let shown = world.run(&["drill", "--show", &json["drill"].to_string(), "--json"]);
    let shown: Json = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!((&shown["rows"], &shown["trials"][0]["looks"][0]["took_ms"]), (&Json::Null, &Json::Null));
    assert!(shown["tables"].is_u64());
}

#[test]
fn k5_a_journal_moved_away_under_a_drill_is_noticed() {
    let world = World::with_lab();
    let words = "test -e looked && mv journal.db away.db; touch looked; true";
    let (code, json) = told(&world, &[], words);
    assert_eq!((code, &json["code"]), (Some(5), &"journal_moved".into()), "{json}");
    std::fs::rename(world.path().join("away.db"), world.path().join("journal.db")).unwrap();
    world.mfm(&["recover"]).assert().success();
    assert_eq!(world.json(&["status"])["active"].as_array().unwrap().len(), 1, "the fault is in the journal");
    world.mfm(&["revert", "--all"]).assert().success();
    assert_eq!(world.json(&["audit", "verify", "--depth", "live"])["ok"], true);
}
