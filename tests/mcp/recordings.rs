//! The tools of recordings as an agent meets them: over stdin and stdout of the built binary.

use std::path::Path;

use assert_cmd::Command;
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use testutils::piped::Piped;
use testutils::program::build_command;

fn mfm(folder: &Path) -> Command {
    Command::from_std(build_command(env!("CARGO_BIN_EXE_mfm"), folder, &[]))
}

/// Makes a folder with a recording of a scenario.
fn folder(scenario: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let made = ["lab", "create", "sqlite:run.db", "--domain", "recordings", "--frames", "60", "--scenario", scenario];
    mfm(folder.path()).args(made).assert().success();
    folder
}

/// Sends requests, and returns their results in order.
fn ask(folder: &Path, options: &[&str], calls: &[(&str, Json)]) -> Vec<Json> {
    let hello =
        json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let mut lines = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello}).to_string();
    lines += "\n{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n";
    let mut out = Vec::new();
    // One process a call, so that answers come in the order of the calls whatever takes longer.
    for (nth, (method, params)) in calls.iter().enumerate() {
        let request = json!({"jsonrpc": "2.0", "id": nth + 1, "method": method, "params": params});
        let input = format!("{lines}{request}\n");
        let words = [&["mcp", "--domain", "recordings", "--recordings", "."], options].concat();
        let output = mfm(folder).args(words).write_stdin(input).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut answers = text.lines().rev().map(|line| serde_json::from_str::<Json>(line).unwrap());
        out.push(answers.find(|answer| answer["id"] == nth + 1).unwrap()["result"].clone());
    }
    out
}

fn call(folder: &Path, tool: &str, mut arguments: Json) -> Json {
    arguments["recording"] = json!("run.db");
    ask(folder, &[], &[("tools/call", json!({"name": tool, "arguments": arguments}))]).remove(0)
}

#[test]
fn the_tools_of_the_specification_are_cheap_and_the_analyses_off() {
    let folder = TempDir::new().unwrap();
    let listed =
        |options: &[&str]| ask(folder.path(), options, &[("tools/list", json!({}))]).remove(0)["tools"].clone();
    let tools = listed(&["--read-only"]);
    let common = listed(&["--read-only", "--domain", "mosaiq"]);
    let own: Vec<&Json> =
        tools.as_array().unwrap().iter().filter(|tool| tool["annotations"]["readOnlyHint"] == true).collect();
    let names: Vec<&str> = own.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"list_recordings") && names.contains(&"check_resting_contact"), "{names:?}");
    assert!(!names.contains(&"energy_episodes"), "analyses are off");
    assert!(json!(own).to_string().len() / 4 < 6_000, "the specification's and the common ones");
    assert!(common.as_array().unwrap().len() >= own.len());
    let more = listed(&["--read-only", "--tools", "analysis"]);
    assert!(more.as_array().unwrap().iter().any(|tool| tool["name"] == "energy_episodes"));
}

#[test]
fn get_frame_without_a_loaded_recording_is_an_error() {
    let folder = folder("resting");
    let request = ("tools/call", json!({"name": "get_frame", "arguments": {"frame_id": 1}}));
    let answer = ask(folder.path(), &[], &[request]).remove(0);
    assert_eq!((&answer["isError"], &answer["structuredContent"]["code"]), (&json!(true), &json!("no_file")));
}

#[test]
fn end_to_end_anomaly_at_a_known_frame() {
    let folder = folder("resting");
    let recording = rusqlite::Connection::open(folder.path().join("run.db")).unwrap();
    recording.execute("UPDATE SystemEnergyRecord SET delta_e = 7.5 WHERE frame_id = 33", []).unwrap();
    drop(recording);
    let answer = &call(folder.path(), "find_energy_anomalies", json!({"threshold": 1.0}))["structuredContent"];
    assert_eq!(answer["total"], 1);
    assert_eq!(
        (&answer["anomalies"][0]["frame_id"], &answer["anomalies"][0]["kind"]),
        (&json!(33), &json!("injection"))
    );
}

#[test]
fn cone_violations_in_a_controlled_recording() {
    let folder = folder("sliding");
    let recording = rusqlite::Connection::open(folder.path().join("run.db")).unwrap();
    let set = "UPDATE UnifiedContactConstraintRecord SET tangent1_lambda = 9 WHERE frame_id = 20";
    let rows = recording.execute(set, []).unwrap();
    drop(recording);
    let answer = &call(folder.path(), "check_friction_cone", json!({"frame_id": 20}))["structuredContent"];
    assert_eq!(answer["violations"].as_array().unwrap().len(), rows);
    let answer = &call(folder.path(), "check_friction_cone", json!({"frame_id": 21}))["structuredContent"];
    assert_eq!(answer["violations"], json!([]));
}

#[test]
fn only_files_below_the_operators_folders_are_asked() {
    let (own, other) = (folder("resting"), folder("free-fall"));
    let path = other.path().join("run.db");
    let request = ("tools/call", json!({"name": "load_recording", "arguments": {"path": path}}));
    let answer = ask(own.path(), &[], &[request]).remove(0);
    assert_eq!(answer["structuredContent"]["code"], "outside", "{answer}");
}

#[test]
fn what_is_no_longer_of_its_domain_is_warned_of_and_never_broken() {
    let folder = folder("resting");
    let file = rusqlite::Connection::open(folder.path().join("run.db")).unwrap();
    let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'mfm%'";
    let names: Vec<String> =
        file.prepare(names).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    file.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    names.iter().for_each(|name| file.execute_batch(&format!("DROP TABLE \"{name}\"")).unwrap());
    file.execute_batch("CREATE TABLE TxField(FLD_ID int PRIMARY KEY)").unwrap();
    drop(file);
    let tool = |name: &str, arguments: Json| ("tools/call", json!({"name": name, "arguments": arguments}));
    let fault = tool("create_energy_injection", json!({"target": "run", "variant": "spike", "sample": 1}));
    let calls = [tool("check", json!({"target": "run"})), fault, tool("status", json!({}))];
    let answers = ask(folder.path(), &[], &calls);
    let [checked, refused, status] = answers.as_slice() else { panic!("{answers:?}") };
    let said = "`run` is registered as recordings, but has the tables of mosaiq [domain_mismatch]";
    assert_eq!(checked["structuredContent"]["warnings"], json!([said]));
    assert!(checked["content"][0]["text"].as_str().unwrap().starts_with("warning: "), "{checked}");
    assert_eq!((&refused["isError"], &refused["structuredContent"]["code"]), (&json!(true), &json!("domain_mismatch")));
    assert_eq!(status["structuredContent"]["targets"][0]["state"], "domain_mismatch");
}

#[test]
fn a_server_tells_of_its_own_domains_alone() {
    let folder = folder("resting");
    let names = |list: &Json| -> Vec<String> {
        list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    let none = json!({});
    let calls = [("prompts/list", none.clone()), ("resources/templates/list", none.clone()), ("tools/list", none)];
    let answers = ask(folder.path(), &[], &calls);
    assert_eq!(names(&answers[0]["prompts"]), ["investigate_energy", "test_energy_checks", "read_drill"]);
    let templates = answers[1]["resourceTemplates"].to_string();
    assert!(templates.contains("failure-mode://recordings/") && !templates.contains("mosaiq"), "{templates}");
    let find = answers[2]["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == "find").unwrap();
    let taken = &find["inputSchema"]["properties"];
    assert_eq!(taken["kind"], json!({"enum": ["frame", "body", "contact"]}));
    assert!(taken["seconds"].is_object() && taken["patient"].is_null(), "{taken}");
    let reference = json!({"type": "ref/resource", "uri": "failure-mode://recordings/{mode}"});
    let wanted = json!({"ref": reference, "argument": {"name": "mode", "value": "energy"}});
    let completed = ask(folder.path(), &[], &[("completion/complete", wanted)]).remove(0);
    assert_eq!(completed["completion"]["values"], json!(["energy_injection"]));
}

/// Calls tools of one server, each once the answer before is there, and returns what they answered.
fn converse(folder: &Path, calls: &[(&str, Json)]) -> Vec<Json> {
    let words = ["mcp", "--domain", "recordings", "--recordings", "."];
    let mut server = Piped::greeted(build_command(env!("CARGO_BIN_EXE_mfm"), folder, &words), "t");
    let call = |(nth, (tool, arguments)): (usize, &(&str, Json))| {
        let params = json!({"name": tool, "arguments": arguments});
        server.ask(nth as u64 + 1, "tools/call", params)["result"].clone()
    };
    let out = calls.iter().enumerate().map(call).collect();
    server.end();
    out
}

#[test]
fn load_recording_opens_a_file_and_counts_what_is_in_it() {
    let folder = folder("elastic-pair");
    let frame = ("get_frame", json!({"frame_id": 60}));
    let answers = converse(folder.path(), &[("load_recording", json!({"path": "run.db"})), frame]);
    let loaded = &answers[0]["structuredContent"];
    assert_eq!((&loaded["loaded"], &loaded["total_frames"], &loaded["bodies"]), (&json!(true), &json!(60), &json!(2)));
    assert_eq!(answers[1]["structuredContent"]["frame_id"], 60);
}

#[test]
fn load_recording_of_a_missing_file_is_a_structured_error_and_the_one_before_stays() {
    let folder = folder("resting");
    let calls = [
        ("load_recording", json!({"path": "run.db"})),
        ("load_recording", json!({"path": "missing.db"})),
        ("get_metadata", json!({})),
    ];
    let answers = converse(folder.path(), &calls);
    assert_eq!(answers[1]["isError"], true);
    assert!(answers[1]["structuredContent"]["code"].is_string(), "{}", answers[1]);
    assert_eq!(answers[2]["structuredContent"]["total_frames"], 60);
}

#[test]
fn stdio_round_trip_of_all_fifteen_tools() {
    let folder = folder("resting");
    let (frame, body) = (json!({"frame_id": 50}), json!({"body_id": 3, "frame_id": 50}));
    let pair = json!({"body_a_id": 3, "body_b_id": 2_147_483_650_u64, "start_frame": 1, "end_frame": 60});
    let calls = [
        ("list_recordings", json!({})),
        ("load_recording", json!({"path": "run.db"})),
        ("get_metadata", json!({})),
        ("get_frame", frame.clone()),
        ("get_body_state", body.clone()),
        ("get_contacts_for_body", body),
        ("get_body_energy", json!({"body_id": 3})),
        ("get_system_energy", json!({})),
        ("find_energy_anomalies", json!({})),
        ("compare_body_across_frames", json!({"body_id": 3, "frame_a": 1, "frame_b": 60})),
        ("get_contact_history", pair),
        ("get_solver_diagnostics", json!({})),
        ("check_friction_cone", frame.clone()),
        ("check_penetration", frame.clone()),
        ("check_resting_contact", frame),
    ];
    for ((tool, _), answer) in calls.iter().zip(converse(folder.path(), &calls)) {
        assert_ne!(answer["isError"], true, "{tool}: {answer}");
        assert!(answer["structuredContent"]["summary"].is_string(), "{tool}: {answer}");
    }
}
