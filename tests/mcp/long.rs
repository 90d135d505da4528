//! Long calls: progress, cancelling, signals and the end of stdin in the middle of a drill and of a write.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rmcp::model::{CallToolRequest, CallToolRequestParams, ClientRequest};
use serde_json::{Value as Json, json};

use crate::world::{ERAS, Person, World, call, run};

/// How long a thing may take that takes a second.
const PATIENCE: Duration = Duration::from_secs(60);
/// Modes whose drill can be ended in the middle; one of all modes is refused, as more operations than an hour allows.
const DRILLED: [&str; 3] = ["invalid_angles", "orphaned_records", "timestamp_inconsistencies"];

#[test]
fn a_drill_tells_its_progress_and_ends_between_trials_when_cancelled() {
    for era in ERAS {
        let world = World::new();
        run(async {
            let person = Person::who(Some(true));
            let client = Arc::new(world.client(&World::options(), era, person.clone()).await);
            let all = json!({"target": "lab", "modes": DRILLED, "sample": 40, "seed": 1});
            let params = CallToolRequestParams::new("drill").with_arguments(all.as_object().cloned().unwrap());
            let begun = Instant::now();
            // In the era without sessions the question comes first, and the call is made again with the answer.
            let (asker, seen) = (client.clone(), person.progress.clone());
            let drill = tokio::spawn(async move { asker.call_tool(params).await });
            // Of each trial it is told which tool's fault is tried.
            let tried = |seen: &[(f64, String)]| seen.iter().filter(|(_, said)| said.starts_with("create_")).count();
            while tried(&seen.lock().unwrap()) < 3 {
                if drill.is_finished() || begun.elapsed() > PATIENCE {
                    panic!("{era:?}: {:?}", drill.await);
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let told = seen.lock().unwrap().clone();
            assert!(told.windows(2).all(|pair| pair[0].0 < pair[1].0), "{told:?}");
            drill.abort();
            assert!(drill.await.unwrap_err().is_cancelled());
            // Whoever writes next waits for what is under way; what was shown before that is stale.
            let wanted = json!({"target": "lab", "modes": ["invalid_angles:gantry"], "sample": 1});
            let mut next = call(&client, "drill", wanted.clone()).await;
            while next.is_error && next.json["code"] == "stale" && begun.elapsed() < PATIENCE {
                next = call(&client, "drill", wanted.clone()).await;
            }
            let next = next.ok();
            assert_eq!((&next["exact"], &next["tried"]), (&json!(true), &json!(1)), "{next}");
            let status = call(&client, "status", json!({})).await.ok();
            assert_eq!((&status["active"], &status["open"]), (&json!([]), &json!([])));
            let shown = call(&client, "drill_result", json!({"drill": 1})).await;
            assert!(shown.text.contains("drill 1"), "{}", shown.text);
        });
        let log = world.json(&["log", "--limit", "100000"]);
        let operations = log["operations"].as_array().unwrap().len();
        assert!(operations > 2 && operations.is_multiple_of(2) && operations < 1_000, "{operations}");
        world.sound();
    }
}

#[tokio::test]
async fn a_call_cancelled_while_its_question_waits_writes_nothing() {
    let world = World::new();
    let before = world.lab();
    let client = world.client(&World::options(), ERAS[0], Person::who(Some(true))).await;
    let fault = json!({"target": "lab", "variant": "gantry", "sample": 1});
    let params =
        CallToolRequestParams::new("create_invalid_angles").with_arguments(fault.as_object().cloned().unwrap());
    let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
    let options = rmcp::service::PeerRequestOptions::no_options();
    let running = client.send_cancellable_request(request, options).await.unwrap();
    running.cancel(Some("no more".into())).await.unwrap();
    assert_eq!(call(&client, "status", json!({})).await.ok()["active"], json!([]));
    assert_eq!(world.lab(), before);
}

/// How a server is made to end.
#[derive(Clone, Copy, Debug)]
enum End {
    #[cfg(unix)]
    Signal,
    Eof,
}

/// A fault in every field that can show it.
fn large() -> Json {
    json!({
        "tool": "create_invalid_angles", "variant": "gantry", "all": true, "max_rows": 100_000, "target": "lab"
    })
}

/// Starts a large write, ends the server so many milliseconds later, and returns how many rows stayed changed.
fn ended_within(world: &World, how: End, after_ms: u64) -> usize {
    let mut server = world.greeted("writer", &["--cooldown-ms", "0"]);
    let handle = server.call("plan", large())["handle"].clone();
    assert!(handle.is_string());
    server.request(2, "tools/call", &json!({"name": "apply_plan", "arguments": {"handle": handle}}));
    std::thread::sleep(Duration::from_millis(after_ms));
    match how {
        #[cfg(unix)]
        End::Signal => {
            server.terminate();
            assert_eq!(server.ended().code(), Some(143), "{how:?} {after_ms}");
        }
        End::Eof => {
            let (code, out, err) = server.end();
            assert_eq!(code, Some(0), "{err}");
            assert!(out.lines().all(|line| line.starts_with("{\"jsonrpc\"")), "{out}");
        }
    }
    world.sound();
    let active = world.json(&["status"])["active"].as_array().unwrap().clone();
    if !active.is_empty() {
        let reverted = world.json(&["revert", "--all", "--yes"]);
        assert!(reverted["operations"].as_array().unwrap().iter().all(|op| op["exact"] == true), "{reverted}");
        world.sound();
    }
    active.len()
}

#[test]
fn a_server_that_ends_in_the_middle_of_a_write_leaves_all_of_it_or_nothing() {
    let world = World::of(16);
    let mut applied = Vec::new();
    for after_ms in [0, 30, 80, 200] {
        #[cfg(unix)]
        applied.push(ended_within(&world, End::Signal, after_ms));
    }
    // What is under way at the end of stdin may be finished and answered, so it is.
    applied.push(ended_within(&world, End::Eof, 30));
    applied.push(ended_within(&world, End::Eof, 2_000));
    assert!(applied.contains(&1), "{applied:?}");
}

#[cfg(unix)]
#[test]
fn sigterm_in_the_middle_of_a_drill_takes_its_fault_back() {
    let world = World::new();
    for after in [1, 4] {
        let mut server = world.greeted("driller", &["--cooldown-ms", "0", "--writes-per-hour", "100000"]);
        let planned = server.call("drill", json!({"target": "lab", "modes": DRILLED, "sample": 40, "seed": after}));
        let params = json!({
            "name": "apply_plan", "arguments": {"handle": planned["handle"]}, "_meta": {"progressToken": "drill"}
        });
        server.request(2, "tools/call", &params);
        let mut told = 0;
        while told < after {
            let message = server.message();
            assert_eq!(message["method"], "notifications/progress", "{message}");
            assert_eq!(message["params"]["progressToken"], "drill");
            told += u64::from(message["params"]["message"].as_str().is_some_and(|said| said.starts_with("create_")));
        }
        server.terminate();
        assert_eq!(server.ended().code(), Some(143));
        assert_eq!(world.json(&["status"])["active"], json!([]));
        world.sound();
    }
}

#[test]
fn a_killed_server_is_recovered_by_the_next() {
    let world = World::of(16);
    for after_ms in [30, 90] {
        let mut server = world.greeted("writer", &["--cooldown-ms", "0"]);
        let handle = server.call("plan", large())["handle"].clone();
        server.request(2, "tools/call", &json!({"name": "apply_plan", "arguments": {"handle": handle}}));
        std::thread::sleep(Duration::from_millis(after_ms));
        server.kill();
        let mut next = world.greeted("writer", &["--cooldown-ms", "0"]);
        // The handle was used up, or the write never began.
        let again: Json = next.call("apply_plan", json!({"handle": handle}));
        let said = again["code"].as_str().or(again["state"].as_str()).unwrap().to_owned();
        assert!(["agent_handle", "applied", "recover_first"].contains(&said.as_str()), "{again}");
        let recovered = next.write("recover", json!({"target": "lab"}));
        if recovered["state"] != "recovered" {
            // A transaction that was half written is a person's to roll back.
            let why = recovered.to_string();
            assert!(why.contains("left a transaction that must be rolled back"), "{why}");
            world.json(&["recover"]);
        }
        let active = next.call("status", json!({}))["active"].as_array().unwrap().len();
        if active > 0 {
            assert_eq!(next.write("revert", json!({"all": true, "target": "lab"}))["state"], "reverted");
        }
        assert_eq!(next.end().0, Some(0));
        world.sound();
    }
}
