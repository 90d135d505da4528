//! What must not break the server: panics, wrong types, calls at once, cancelled calls.

use std::sync::atomic::Ordering;

use serde_json::json;

use crate::world::{ERAS, Era, Person, World, call, run};

#[test]
fn a_panic_is_an_answer_and_the_server_goes_on() {
    let world = World::new();
    run(async {
        let client = world.client(&World::options(), Era::Session, Person::who(None)).await;
        let now = world.clock.now_us.load(Ordering::SeqCst);
        world.clock.now_us.store(-1_000_000_000, Ordering::SeqCst);
        for tool in ["status", "log", "check"] {
            assert_eq!(call(&client, tool, json!({})).await.code(), "agent_bug");
        }
        world.clock.now_us.store(now, Ordering::SeqCst);
        call(&client, "status", json!({})).await.ok();
    });
}

#[test]
fn wrong_types_and_unknown_arguments_are_said() {
    let world = World::new();
    run(async {
        let client = world.client(&World::options(), Era::Session, Person::who(None)).await;
        for (tool, arguments) in [
            ("show", json!({"op": "one"})),
            ("show", json!({"op": -1})),
            ("revert", json!({"operations": "all"})),
            ("log", json!({"limit": {"$gt": 0}})),
            ("find", json!({})),
            ("find", json!({"kind": "patients"})),
            ("check", json!({"only": {"a": 1}})),
            ("check", json!({"cursor": "findings"})),
            ("check", json!({"target": 7})),
            ("plan", json!({"tool": "create_invalid_angles", "params": []})),
            ("apply_plan", json!({"handle": 7, "yes": true})),
            ("apply_plan", json!({})),
            ("show", json!({"diff": true})),
            ("drill", json!({"modes": ["create_invalid_angles:sideways"]})),
            ("drill", json!({"modes": ["havoc"]})),
            (
                "create_invalid_angles",
                json!({"fld_id": 1, "angle_type": "gantry", "invalid_value": 400, "sql": "DROP"}),
            ),
            ("create_invalid_angles", json!({"fld_id": {"a": 1}, "angle_type": "gantry", "invalid_value": 400})),
            ("status", json!({"journal": "/etc/passwd"})),
        ] {
            let answer = call(&client, tool, arguments.clone()).await;
            assert!(answer.text.contains("Next: "), "{tool} {arguments}: {}", answer.text);
            let code = answer.code();
            let known =
                ["arguments", "parameters", "ids", "agent_handle", "records", "unknown_mode", "unknown_variant"];
            assert!(known.contains(&code.as_str()), "{tool} {arguments}: {code}");
        }
        let near = call(&client, "find", json!({"kind": "field", "elligible": "create_invalid_angles"})).await;
        assert!(near.text.contains("did you mean `eligible`?"), "{}", near.text);
        // What is meant is clear, whatever the name and the shape.
        call(&client, "check", json!({"checks": "angles", "target": "lab"})).await.ok();
        for arguments in [json!({"operations": [1]}), json!({"op": "1"}), json!({"operation": 1})] {
            assert_eq!(call(&client, "show", arguments).await.code(), "no_operation");
        }
    });
}

#[test]
fn calls_at_once_on_one_journal() {
    let world = World::new();
    run(async {
        let first = world.client(&World::options(), Era::Session, Person::who(Some(true))).await;
        let second = world.client(&World::options(), Era::Stateless, Person::who(Some(true))).await;
        let fault = |seed: u64| json!({"target": "lab", "variant": "same_field", "sample": 1, "seed": seed});
        let writes = (0..8).map(|seed| {
            let client = if seed % 2 == 0 { &first } else { &second };
            call(client, "create_duplicate_treatment", fault(seed))
        });
        let reads = (0..8).map(|_| call(&first, "status", json!({})));
        let (written, read) =
            futures_util::future::join(futures_util::future::join_all(writes), futures_util::future::join_all(reads))
                .await;
        assert!(read.iter().all(|answer| !answer.is_error));
        // Two that were planned on the same rows: the later one is refused, and says so.
        let refused: Vec<&str> = written
            .iter()
            .filter(|answer| answer.is_error)
            .map(|answer| answer.json["code"].as_str().unwrap())
            .collect();
        let usual =
            ["stale", "target_mismatch", "conflict", "unique_index", "ineligible", "none_eligible", "recover_first"];
        assert!(refused.iter().all(|code| usual.contains(code)), "{refused:?}");
        let applied = written.len() - refused.len();
        assert!(applied > 0);
        let log = call(&first, "log", json!({})).await.ok();
        let active = log["operations"].as_array().unwrap().iter().filter(|op| op["state"] == "active").count();
        assert_eq!(active, applied);
        call(&first, "revert", json!({"all": true})).await.ok();
        let audit = call(&second, "audit_verify", json!({"depth": "live", "full": true})).await.ok();
        assert_eq!(audit["ok"], true, "{audit}");
    });
}

#[test]
fn progress_goes_up_and_a_cancelled_call_writes_nothing() {
    for era in ERAS {
        let world = World::new();
        let before = world.lab();
        run(async {
            let person = Person::who(None);
            let client = world.client(&World::options(), era, person.clone()).await;
            call(&client, "check", json!({})).await.ok();
            let progress = person.progress.lock().unwrap().clone();
            assert!(!progress.is_empty() && progress.windows(2).all(|pair| pair[0].0 < pair[1].0), "{progress:?}");
            let params = rmcp::model::CallToolRequestParams::new("check");
            let request = rmcp::model::ClientRequest::CallToolRequest(rmcp::model::CallToolRequest::new(params));
            let options = rmcp::service::PeerRequestOptions::no_options();
            let running = client.send_cancellable_request(request, options).await.unwrap();
            running.cancel(Some("enough".into())).await.unwrap();
            call(&client, "status", json!({})).await.ok();
        });
        assert_eq!(world.lab(), before);
    }
}
