//! `mfm drill`: what is counted, what a command is told, and what a crash leaves.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value as Json;

use crate::world::{World, text};

/// The day after the lab's last.
const NOW: &str = "2024-06-29T12:00:00";
const MODES: &str = "create_invalid_angles:gantry,corrupt-mlc-data:odd-bytes";

pub(crate) fn drill(world: &World, words: &[&str]) -> (Option<i32>, Json) {
    let all = [&["drill", "--seed", "1", "--now", NOW, "--yes", "--json"], words].concat();
    let output = world.run(&all);
    let json = serde_json::from_slice(&output.stdout);
    assert!(json.is_ok(), "{}{}", text(&output.stdout), text(&output.stderr));
    (output.status.code(), json.unwrap())
}

/// Returns the counts of one detector, variant by variant: caught, missed, false alarms, could not tell.
pub(crate) fn counts(json: &Json, detector: &str) -> Vec<(String, [u64; 4])> {
    let of =
        |cell: &Json| ["caught", "missed", "false_alarm", "could_not_tell"].map(|name| cell[name].as_u64().unwrap());
    let mut out = Vec::new();
    for line in json["lines"].as_array().unwrap() {
        let cells = line["cells"].as_array().unwrap().iter();
        let own = cells.filter(|cell| cell["detector"] == detector);
        out.extend(own.map(|cell| (line["variant"].as_str().unwrap().to_owned(), of(cell))));
    }
    out
}

/// Returns counts of these variants, each with the faults caught of so many.
fn caught(variants: &[(&str, u64)], of: u64) -> Vec<(String, [u64; 4])> {
    variants.iter().map(|(word, hits)| ((*word).to_owned(), [*hits, of - hits, 0, 0])).collect()
}

/// The words of a check of angles alone, by mfm itself: a command like any other.
fn angles_only(world: &World) -> Vec<String> {
    let journal = world.path().join("journal.db").display().to_string();
    let words = [env!("CARGO_BIN_EXE_mfm"), "--journal", &journal, "check", "--only", "angles", "--now", NOW];
    ["--name", "angles", "--"].into_iter().chain(words).map(str::to_owned).collect()
}

#[test]
fn a_drill_counts_what_a_command_sees_and_what_it_does_not() {
    let world = World::with_lab();
    let command = angles_only(&world);
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    let words = [&["--modes", MODES, "--sample", "2"], &command[..]].concat();
    let (code, json) = drill(&world, &words);
    assert_eq!(code, Some(1), "the command misses something");
    assert_eq!(json["schema"], "mfm/drill/1");
    let all = [("gantry", 2), ("odd_bytes", 2)];
    assert_eq!(counts(&json, "mfm"), caught(&all, 2));
    let blind = [("gantry", 2), ("odd_bytes", 0)];
    assert_eq!(counts(&json, "angles"), caught(&blind, 2));
    assert_eq!((&json["exact"], &json["tried"], &json["ok"]), (&true.into(), &4.into(), &false.into()));
    let pair = ["both", "first_only", "second_only", "neither"].map(|name| json["pair"][name].as_u64().unwrap());
    assert_eq!(pair, [2, 2, 0, 0]);
    let total = &json["totals"][1];
    assert_eq!(
        (&total["rate"]["rate"], &total["rate"]["low"], &total["rate"]["high"]),
        (&0.5.into(), &0.15.into(), &0.85.into())
    );
    assert_eq!((&total["alarms"]["hits"], &total["alarms"]["of"]), (&0.into(), &2.into()));
    assert_eq!(total["weighted"], 0.5385, "0.7 of 0.7 + 0.6");
    assert_eq!((&json["yardstick"]["hits"], &json["yardstick"]["of"]), (&76.into(), &113.into()));
    assert_eq!(world.json(&["status"])["active"], Json::Array(Vec::new()));
    again(&world, &json, &command);
}

/// A drill is shown and replayed from the journal, and compared with a saved result.
fn again(world: &World, json: &Json, command: &[&str]) {
    let number = json["drill"].to_string();
    let (code, shown) = drill_shown(world, &number);
    assert_eq!(code, Some(1));
    assert_eq!((counts(&shown, "mfm"), counts(&shown, "angles")), (counts(json, "mfm"), counts(json, "angles")));
    assert_eq!((&shown["detectors"], &shown["exact"]), (&json["detectors"], &true.into()));
    std::fs::write(world.path().join("before.json"), json.to_string()).unwrap();
    let list = world.json(&["drill", "--list"]);
    let listed = &list["drills"][0];
    assert_eq!((&listed["drill"], &listed["tried"], &listed["exact"]), (&json["drill"], &4.into(), &true.into()));
    assert_eq!(
        (&listed["detectors"], &listed["caught"]),
        (&serde_json::json!(["mfm", "angles"]), &serde_json::json!([4, 2]))
    );
    let replay = ["drill", "--replay", &number, "--baseline", "before.json", "--yes", "--json"];
    let replayed = world.run(&[&replay[..], command].concat());
    assert_eq!(replayed.status.code(), Some(0), "{}", text(&replayed.stderr));
    let replayed: Json = serde_json::from_slice(&replayed.stdout).unwrap();
    let none = Json::Array(Vec::new());
    assert_eq!((&replayed["differences"], &replayed["worse"]), (&none, &none));
    let digests = |json: &Json| -> Vec<Json> {
        json["trials"].as_array().unwrap().iter().map(|trial| trial["plan_digest"].clone()).collect()
    };
    assert_eq!(digests(&replayed), digests(json), "the same faults");
    let words = ["--modes", "create_invalid_angles:gantry", "--sample", "2", "--baseline", "before.json"];
    let blind = ["--name", "angles", "--", env!("CARGO_BIN_EXE_mfm"), "modes"];
    let (code, json) = drill(world, &[&words[..], &blind].concat());
    assert_eq!(code, Some(1));
    let worse: Vec<String> = json["worse"]
        .as_array()
        .unwrap()
        .iter()
        .map(|worse| ["variant", "detector", "what"].map(|name| worse[name].as_str().unwrap()).join(" "))
        .collect();
    assert_eq!(
        worse,
        [
            "gantry angles caught 0 of 2; was 2 of 2",
            "odd_bytes mfm no longer tried; was 2 of 2, 100 % [34-100]",
            "odd_bytes angles no longer tried; was 0 of 2, 0 % [0-66]"
        ]
    );
}

fn drill_shown(world: &World, number: &str) -> (Option<i32>, Json) {
    let output = world.run(&["drill", "--show", number, "--json"]);
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn a_drill_is_written_in_the_forms_that_others_read() {
    let world = World::with_lab();
    world.mfm(&["drill", "--modes", MODES, "--sample", "1", "--seed", "1", "--now", NOW, "--yes"]).assert().success();
    let number = world.json(&["audit", "verify"])["entries"].as_u64().unwrap();
    // What begins it stands before two trials, of five entries each, and what ends it.
    let number = (number - 11).to_string();
    let form = |form: &str| {
        let output = world.run(&["drill", "--show", &number, "--as", form]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let csv = form("csv");
    assert_eq!(csv.lines().count(), 3, "{csv}");
    assert!(csv.contains("invalid_angles,gantry,0.7,1,mfm,1,0,0,0,1,0.2065,1,\"angle_range,"), "{csv}");
    let junit = form("junit");
    assert!(
        junit.contains("<testsuite name=\"mfm\" tests=\"2\" failures=\"0\" errors=\"0\" skipped=\"0\">"),
        "{junit}"
    );
    let html = form("html");
    assert!(html.contains("<h1>mfm caught 2 of 2 faults, with no false alarm</h1>"), "{html}");
    assert!(!html.contains("http") && !html.contains("<script"), "{html}");
}

#[test]
fn an_operation_of_a_drill_says_what_saw_it() {
    let world = World::with_lab();
    let (code, json) = drill(&world, &["--modes", "corrupt_mlc_data:odd_bytes", "--sample", "1"]);
    assert_eq!(code, Some(0));
    let op = json["trials"][0]["op"].to_string();
    let shown = world.json(&["show", &op]);
    assert_eq!(shown["detection"]["drill"], json["drill"]);
    assert_eq!(shown["detection"]["seen"][0]["checks"], serde_json::json!(["mlc_leaf_set"]));
    assert_eq!((&shown["repair"]["extent"], &shown["repair"]["source"]), (&"exactly".into(), &"row".into()));
    let page = text(&world.run(&["show", &op]).stdout);
    assert!(page.contains("mfm (mlc_leaf_set); in drill"), "{page}");
    assert!(page.contains("exactly without the journal: the extra byte is at the end"), "{page}");
    let words = ["apply", "create_invalid_angles", "--variant", "gantry", "--sample", "1", "--seed", "1", "--yes"];
    let op = world.json(&words)["op"].to_string();
    assert_eq!(world.json(&["show", &op])["detection"]["known_from"], "unknown");
    let asked = world.json(&["show", &op, "--detect"]);
    assert_eq!(asked["detection"]["known_from"], "now");
    assert_eq!(asked["detection"]["seen"][0]["checks"], serde_json::json!(["angle_range"]));
    assert_eq!(asked["repair"]["extent"], "not");
    world.mfm(&["revert", &op]).assert().success();
    assert_eq!(world.json(&["show", &op, "--detect"])["detection"]["known_from"], "unknown");
}

#[test]
fn what_a_command_has_to_say_of_untouched_data_comes_first() {
    let world = World::with_lab();
    let refused = |words: &[&str]| {
        let all = [&["drill", "--modes", "create_invalid_angles", "--sample", "1", "--yes", "--json"], words].concat();
        let output = world.run(&all);
        let last = text(&output.stderr).lines().last().unwrap().to_owned();
        let error: Json = serde_json::from_str(&last).unwrap();
        (output.status.code().unwrap(), error["code"].as_str().unwrap().to_owned(), error["message"].to_string())
    };
    let mfm = env!("CARGO_BIN_EXE_mfm");
    let (code, name, message) = refused(&["--", mfm, "no-such-command"]);
    assert_eq!((code, name.as_str()), (3, "detector"), "{message}");
    let (code, _, message) = refused(&["--found-codes", "0", "--", mfm, "modes"]);
    assert!(code == 3 && message.contains("found something on the untouched data"), "{message}");
    let (code, _, message) = refused(&["--", "/no/such/program"]);
    assert!(code == 3 && message.contains("could not be started"), "{message}");
    let (code, _, message) = refused(&["--judge", "junit", "--", mfm, "modes"]);
    assert!(code == 3 && message.contains("no XML"), "{message}");
    assert_eq!(refused(&["--judge", "junit"]).0, 2, "no command");
    let (code, name, message) = refused(&["--with-password", "--", mfm, "modes"]);
    assert!(code == 2 && name == "drill" && message.contains("has no login"), "{message}");
    assert_eq!(refused(&["--modes", "havoc"]).1, "unknown_mode");
    assert_eq!(refused(&["--replay", "1"]).1, "usage", "it conflicts with --modes");
    assert_eq!(world.json(&["log"])["operations"], Json::Array(Vec::new()), "nothing was broken");
}

/// Runs a shell's words as the command under test.
#[cfg(unix)]
fn shell<'w>(options: &[&'w str], words: &'w str) -> Vec<&'w str> {
    [
        &["--modes", "create_invalid_angles:gantry", "--sample", "1", "--command-only"],
        options,
        &["--", "sh", "-c", words],
    ]
    .concat()
}

#[cfg(unix)]
#[test]
fn a_command_learns_where_the_target_is_and_nothing_of_the_fault() {
    let world = World::with_lab();
    let path = world.path().canonicalize().unwrap().join("lab.db").display().to_string();
    let words = shell(&[], "env >> seen; echo {path} {url} >> seen");
    let all = [&["drill", "--seed", "1", "--yes", "--json"], &words[..]].concat();
    let mut command = world.mfm(&all);
    command.env("MFM_MSSQL_PASSWORD", "secret").env("MFM_TARGET", "lab");
    assert_eq!(command.output().unwrap().status.code(), Some(1), "it misses the fault");
    let seen = std::fs::read_to_string(world.path().join("seen")).unwrap();
    let mut own: Vec<&str> = seen.lines().filter(|line| line.starts_with("MFM_")).collect();
    own.sort_unstable();
    own.dedup();
    assert_eq!(own, [format!("MFM_TARGET_PATH={path}"), format!("MFM_TARGET_URL=sqlite:{path}")]);
    assert!(seen.contains(&format!("{path} sqlite:{path}\n")), "{seen}");
    assert!(!seen.contains("secret") && !seen.contains("journal") && !seen.contains("angle"), "{seen}");
    assert_eq!(seen.matches("MFM_TARGET_URL").count(), 3, "clean, fault, control: {seen}");
}

#[cfg(unix)]
#[test]
fn a_command_that_takes_too_long_is_ended_with_its_process_group() {
    let world = World::with_lab();
    // It is slow only where there is a fault to look at: the second look.
    let slow = "test -e looked || { touch looked; exit 0; }; sleep 60 & echo $! > pid; sleep 60";
    let (code, json) = drill(&world, &shell(&["--timeout", "1", "--controls", "0"], slow));
    assert_eq!((code, counts(&json, "sh")), (Some(1), vec![("gantry".to_owned(), [0, 0, 0, 1])]));
    let look = &json["trials"][0]["looks"][0];
    assert_eq!((&look["verdict"], &look["why"]), (&"could_not_tell".into(), &"it ran for more than 1 s".into()));
    assert_eq!(json["exact"], true);
    let pid = std::fs::read_to_string(world.path().join("pid")).unwrap();
    let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    assert!(state.is_empty() || state.contains(") Z "), "it still runs: {state}");
}

#[cfg(unix)]
#[test]
fn an_alarm_without_a_fault_is_false() {
    let world = World::with_lab();
    // The third look is the control.
    let moody = "echo x >> looks; test $(wc -l < looks) -lt 2";
    let (code, json) = drill(&world, &shell(&[], moody));
    assert_eq!((code, counts(&json, "sh")), (Some(1), vec![("gantry".to_owned(), [1, 0, 0, 0])]));
    assert_eq!(json["totals"][0]["alarms"]["hits"], 1);
    assert_eq!(json["totals"][0]["controls"]["false_alarm"], 1, "faults and controls apart");
}

#[cfg(unix)]
#[test]
fn a_test_that_failed_before_does_not_count() {
    let world = World::with_lab();
    let report = "echo x >> looks; f=''; test $(wc -l < looks) -eq 2 && f='<failure/>'; \
                  echo \"<testsuite><testcase name='known'><failure/></testcase>\
                  <testcase name='new'>$f</testcase></testsuite>\" > out.xml; exit 1";
    let (code, json) = drill(&world, &shell(&["--judge", "junit", "--report", "out.xml"], report));
    assert_eq!((code, counts(&json, "sh")), (Some(0), vec![("gantry".to_owned(), [1, 0, 0, 0])]));
    assert_eq!(json["trials"][0]["looks"][0]["signs"], serde_json::json!(["new"]));
    assert_eq!(json["detectors"][0]["known"], 1);
    assert_eq!(json["trials"][0]["controls"][0]["verdict"], "quiet");
}

/// Starts a drill whose command waits once there is a fault, and returns when it does.
#[cfg(unix)]
fn waiting(world: &World) -> std::process::Child {
    let slow = "test -e looked || { touch looked; exit 0; }; touch there; sleep 60";
    let words = [&["drill", "--seed", "1", "--yes", "--json"], &shell(&[], slow)[..]].concat();
    let child = world.process(&words).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    while !world.path().join("there").exists() {
        sleep(Duration::from_millis(10));
    }
    child
}

#[cfg(unix)]
#[test]
fn an_interrupted_drill_takes_its_fault_back() {
    for (signal, code) in [("INT", 130), ("HUP", 129)] {
        if signal == "HUP" && !crate::signals::hangs_up() {
            println!("left out: a terminal that is closed ends no program here");
            continue;
        }
        let world = World::with_lab();
        let child = waiting(&world);
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{signal}");
        let said = text(&output.stderr);
        assert!(said.contains("its last fault is taken back"), "{said}");
        assert_eq!(world.json(&["status"])["active"], Json::Array(Vec::new()));
    }
}

#[cfg(unix)]
#[test]
fn what_a_killed_drill_leaves_the_next_one_takes_back() {
    let world = World::with_lab();
    let mut child = waiting(&world);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(world.json(&["status"])["active"].as_array().unwrap().len(), 1, "the fault stands, and is seen");
    let (code, json) = drill(&world, &["--modes", "create_invalid_angles:gantry", "--sample", "1"]);
    assert_eq!((code, &json["exact"]), (Some(0), &true.into()));
    assert_eq!(world.json(&["status"])["active"], Json::Array(Vec::new()));
    let audit = world.json(&["audit", "verify", "--depth", "live", "--full"]);
    assert_eq!(audit["ok"], true, "{audit}");
}

#[test]
fn a_drill_killed_at_any_moment_leaves_nothing_that_stays() {
    let world = World::with_lab();
    let words = ["--modes", "create_invalid_angles:gantry,delete_control_points:all_deleted", "--sample", "1"];
    for killed_after_ms in [150, 300, 450, 600, 800, 1000] {
        let all = [&["drill", "--yes", "--now", NOW], &words[..]].concat();
        let mut child = world.process(&all).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(Duration::from_millis(killed_after_ms));
        child.kill().unwrap();
        child.wait().unwrap();
        world.mfm(&["recover"]).assert().success();
    }
    let (code, json) = drill(&world, &words);
    assert_eq!((code, &json["exact"]), (Some(0), &true.into()));
    assert_eq!(world.json(&["status"])["active"], Json::Array(Vec::new()));
    let audit = world.json(&["audit", "verify", "--depth", "live", "--full"]);
    assert_eq!(audit["ok"], true, "{audit}");
}

/// The words of a check of angles alone, by mfm itself with a journal of its own, on the database that the drill names.
#[cfg(unix)]
fn angles_where_told() -> Vec<String> {
    let script = format!(
        "\"$0\" --journal own-$$.db target add \"$1\" --name told >&2 && \
         exec \"$0\" --journal own-$$.db --target told check --only angles --now {NOW}"
    );
    let words = ["--name", "angles", "--", "sh", "-c", &script, env!("CARGO_BIN_EXE_mfm"), "{url}"];
    words.map(str::to_owned).to_vec()
}

#[cfg(unix)]
#[test]
fn jobs_try_the_same_faults_on_copies_that_go() {
    let world = World::with_lab();
    let command = angles_where_told();
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    let scope = ["--modes", MODES, "--sample", "2"];
    let alone = drill(&world, &[&scope[..], &command].concat()).1;
    let (code, json) = drill(&world, &[&["--jobs", "2"], &scope[..], &command].concat());
    assert_eq!((code, &json["exact"], &json["tried"]), (Some(1), &true.into(), &4.into()), "{json}");
    assert_eq!((counts(&json, "mfm"), counts(&json, "angles")), (counts(&alone, "mfm"), counts(&alone, "angles")));
    let digests = |json: &Json| -> Vec<Json> {
        json["trials"].as_array().unwrap().iter().map(|trial| trial["plan_digest"].clone()).collect()
    };
    assert_eq!(digests(&json), digests(&alone), "the same faults, whichever job was faster");
    let folder = world.path().join(json["jobs"]["folder"].as_str().unwrap());
    let names = |folder: &Path| -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        entries.map(|name| name.to_string_lossy().into_owned()).collect()
    };
    let left = names(&folder);
    assert!(left.iter().all(|name| name.contains(".journal.db")) && !left.is_empty(), "{left:?}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&folder).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o700);
    assert_eq!(world.json(&["target", "list"])["targets"].as_array().unwrap().len(), 1);
    let missed = &json["missed"][0];
    let journal = folder.join(format!("job-{}.journal.db", missed["job"])).display().to_string();
    let output = world.run(&["--journal", &journal, "show", &missed["op"].to_string(), "--json"]);
    let shown: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&shown["tool"], &shown["state"]), (&missed["tool"], &"reverted".into()), "{shown}");
    let (_, shown) = drill_shown(&world, &json["drill"].to_string());
    assert_eq!((digests(&shown), &shown["missed"]), (digests(&json), &json["missed"]));
    let output = world.run(&["audit", "verify", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let words = ["drill", "--modes", MODES, "--sample", "1", "--yes", "--jobs", "2", "--", "true"];
    let said = text(&world.run(&words).stderr);
    assert!(said.contains("true names neither {url} nor {path}"), "{said}");
    let words = ["drill", "--yes", "--jobs", "2", "--judge", "junit", "--report", "out.xml", "--", "true"];
    let output = world.run(&words);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("{job}"), "{}", text(&output.stderr));
    recover_removes_what_a_crash_leaves(&world, &folder);
}

/// The copies that a crash leaves are removed, and nothing else is.
#[cfg(unix)]
fn recover_removes_what_a_crash_leaves(world: &World, folder: &Path) {
    for name in ["job-1.db", "job-2.db-wal", "notes.txt"] {
        std::fs::write(folder.join(name), "left").unwrap();
    }
    world.mfm(&["recover"]).assert().success();
    let is_there = |name: &str| folder.join(name).exists();
    assert!(!is_there("job-1.db") && !is_there("job-2.db-wal"));
    assert!(is_there("notes.txt") && is_there("job-1.journal.db"));
}

#[test]
fn two_commands_are_compared_with_each_other() {
    let world = World::with_lab();
    let journal = world.path().join("journal.db").display().to_string();
    let by = |name: &str, only: &str| {
        let mfm = env!("CARGO_BIN_EXE_mfm");
        format!("{name}='{mfm}' --journal '{journal}' check --only {only} --now {NOW}")
    };
    let (angles, both) = (by("angles", "angles"), by("both", "angles,mlc"));
    let words = ["--modes", MODES, "--sample", "2", "--command-only", "--detector", &angles, "--detector", &both];
    let (code, json) = drill(&world, &words);
    assert_eq!((code, &json["ok"]), (Some(1), &false.into()), "one of them misses something");
    assert_eq!(counts(&json, "angles"), caught(&[("gantry", 2), ("odd_bytes", 0)], 2));
    assert_eq!(counts(&json, "both"), caught(&[("gantry", 2), ("odd_bytes", 2)], 2));
    let pair = ["both", "first_only", "second_only", "neither"].map(|name| json["pair"][name].as_u64().unwrap());
    assert_eq!(pair, [2, 0, 2, 0]);
    let names = |json: &Json| json["detectors"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    let (code, json) =
        drill(&world, &["--modes", MODES, "--sample", "1", "--detector", &both, "--name", "a", "--", "true"]);
    let found: Vec<Json> = names(&json);
    assert_eq!((code, found), (Some(1), vec!["mfm".into(), "a".into(), "both".into()]));
    assert!(json["pair"].is_null(), "three are no pair");
    for wrong in ["angles", "=true", "a=", "mfm=true", "a='true"] {
        let output = world.run(&["drill", "--yes", "--detector", wrong]);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()), "{wrong}");
    }
    let output = world.run(&["drill", "--yes", "--detector", "a=true", "--detector", "a=false"]);
    assert!(text(&output.stderr).contains("another detector has this name"));
}

#[test]
fn w01_rows_that_break_a_declared_key_end_no_drill() {
    let world = World::with_lab();
    let lab = rusqlite::Connection::open(world.path().join("lab.db")).unwrap();
    lab.execute_batch(
        "PRAGMA foreign_keys = OFF; ALTER TABLE TxFieldPoint ADD COLUMN Edit_ID INT REFERENCES Staff (Staff_ID); \
         UPDATE TxFieldPoint SET Edit_ID = 987654 WHERE Point > 0",
    )
    .unwrap();
    for modes in ["delete_control_points:single_gap", "create_invalid_angles:gantry"] {
        let (_, json) = drill(&world, &["--modes", modes, "--sample", "1"]);
        assert_eq!((&json["tried"], &json["exact"]), (&1.into(), &true.into()), "{json}");
    }
    let unmarked = world.run(&["target", "unmark", "lab", "--yes"]);
    assert!(unmarked.status.success(), "{}", text(&unmarked.stderr));
}

#[test]
fn w01_a_record_that_could_not_come_back_is_no_trial_and_ends_no_drill() {
    let world = World::with_lab();
    let lab = rusqlite::Connection::open(world.path().join("lab.db")).unwrap();
    lab.execute_batch(
        "PRAGMA ignore_check_constraints = ON; ALTER TABLE TxFieldPoint ADD COLUMN Q INT CHECK (Q > 0); \
         UPDATE TxFieldPoint SET Q = -1",
    )
    .unwrap();
    let (_, json) = drill(&world, &["--modes", "delete_control_points:single_gap", "--sample", "1"]);
    assert_eq!(json["tried"], 0, "{json}");
    let (_, json) = drill(&world, &["--modes", "create_invalid_angles:gantry", "--sample", "1"]);
    assert_eq!((&json["tried"], &json["exact"]), (&1.into(), &true.into()), "{json}");
}
