//! A whole conversation, in both eras, with a person who says yes, who says no, and whom nobody can ask.

use serde_json::{Value as Json, json};

use crate::world::{Connected, ERAS, Era, Person, World, call, fault_of, field, run};

/// Calls a tool that writes, and hands the handle back where nobody can be asked.
async fn consented(client: &Connected, tool: &str, arguments: Json) -> Json {
    let first = call(client, tool, arguments).await.ok();
    if first["state"] != "planned" {
        return first;
    }
    call(client, "apply_plan", json!({"handle": first["handle"]})).await.ok()
}

async fn whole(world: &World, era: Era, says: Option<bool>) {
    let person = Person::who(says);
    let client = world.client(&World::options(), era, person.clone()).await;
    assert_eq!(call(&client, "list_failure_modes", json!({})).await.ok()["modes"].as_array().unwrap().len(), 16);
    let fld_id = field(&client).await;
    let fault = json!({
        "hostname": "localhost", "database": "lab.db", "fld_id": fld_id, "angle_type": "gantry", "invalid_value": 400
    });
    let before = world.lab();
    let planned =
        call(&client, "plan", json!({"tool": "create_invalid_angles", "variant": "gantry", "sample": 1})).await;
    assert_eq!(planned.ok()["state"], "planned");
    assert_eq!(world.lab(), before, "a plan writes nothing");
    let applied = consented(&client, "create_invalid_angles", fault).await;
    assert_eq!((&applied["state"], &applied["op"]), (&json!("applied"), &json!(1)), "{applied}");
    assert_ne!(world.lab(), before);
    let found = call(&client, "check", json!({"only": ["angles"], "target": "lab"})).await.ok();
    assert_eq!(found["violations"], applied["rows"]);
    assert_eq!(call(&client, "status", json!({})).await.ok()["active"][0]["op"], 1);
    let reverted = consented(&client, "revert", json!({"operations": [1]})).await;
    assert_eq!((&reverted["state"], &reverted["operations"][0]["exact"]), (&json!("reverted"), &json!(true)));
    let audit = call(&client, "audit_verify", json!({"depth": "live", "full": true})).await.ok();
    assert_eq!(audit["ok"], true, "{audit}");
    let log = call(&client, "log", json!({})).await.ok();
    for line in log["operations"].as_array().unwrap() {
        assert_eq!((&line["actor"], &line["face"]), (&json!("tester 1.0 for operator"), &json!("mcp")));
    }
    assert_eq!(person.asked.lock().unwrap().len(), if says.is_some() { 2 } else { 0 });
    client.cancel().await.unwrap();
}

#[test]
fn a_conversation_in_both_eras_with_and_without_a_person() {
    for era in ERAS {
        for says in [Some(true), None] {
            let world = World::new();
            run(whole(&world, era, says));
            // The command line is satisfied with what agents did, and sees no difference in form.
            let audit = world.mfm(&["audit", "verify", "--depth", "live", "--full"]);
            assert_eq!(audit.status.code(), Some(0), "{}", String::from_utf8_lossy(&audit.stdout));
            let fault = ["apply", "create_invalid_angles", "--variant", "gantry", "--sample", "1", "--yes"];
            world.json(&fault);
            let names = |op: &str| {
                let shown = world.json(&["show", op]);
                (shown.as_object().unwrap().keys().cloned().collect::<Vec<_>>(), shown["sealed"].clone())
            };
            let (by_agent, by_person) = (names("1"), names("3"));
            assert_eq!(by_agent.0, by_person.0);
            let keys = |sealed: &Json| sealed.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(&by_agent.1), keys(&by_person.1));
        }
    }
}

#[test]
fn a_no_is_a_no_and_ends_the_handle() {
    for era in ERAS {
        let world = World::new();
        let before = world.lab();
        run(async {
            let person = Person::who(Some(false));
            let client = world.client(&World::options(), era, person.clone()).await;
            let fault = json!({"target": "lab", "variant": "gantry", "sample": 1, "seed": 7});
            let refused = call(&client, "create_invalid_angles", fault.clone()).await;
            assert_eq!(refused.code(), "no_consent");
            let mut options = fault;
            options["tool"] = json!("create_invalid_angles");
            let planned = call(&client, "plan", options).await.ok();
            // A client that can ask is asked again: an agent's word is no person's.
            let refused = call(&client, "apply_plan", json!({"handle": planned["handle"]})).await;
            assert_eq!(refused.code(), "no_consent");
            let dead = call(&client, "apply_plan", json!({"handle": planned["handle"]})).await;
            assert_eq!(dead.code(), "agent_handle");
            let asked = person.asked.lock().unwrap().clone();
            assert_eq!(asked.len(), 2);
            assert!(asked.iter().all(|text| text.contains("severity 0.7") && text.contains("-> 400")), "{asked:?}");
        });
        assert_eq!(world.lab(), before);
        assert_eq!(world.json(&["log"])["operations"], json!([]));
    }
}

#[test]
fn every_fault_of_the_specification_is_committed_and_taken_back() {
    let world = World::new();
    run(async {
        let client = world.client(&World::options(), Era::Session, Person::who(Some(true))).await;
        let modes = call(&client, "list_failure_modes", json!({})).await.ok();
        let modes = modes["modes"].as_array().unwrap();
        let is_of = |mode: &&Json, group: &str| mode["group"] == group;
        let specified: Vec<&Json> = modes.iter().filter(|mode| is_of(mode, "specified")).collect();
        assert_eq!(specified.len(), 10);
        // The others share one tool, so one of them stands for all.
        let plausible = modes.iter().find(|mode| is_of(mode, "plausible")).unwrap();
        for mode in specified.into_iter().chain([plausible]) {
            let variants: Vec<String> = mode["variants"].as_object().unwrap().keys().cloned().collect();
            let mut committed = 0;
            for variant in variants {
                let (tool, fault) = fault_of(mode, &variant);
                let done = call(&client, &tool, fault).await;
                if done.is_error {
                    assert!(["none_eligible", "too_few_eligible"].contains(&done.json["code"].as_str().unwrap()));
                    continue;
                }
                committed += 1;
                assert_eq!(done.json["state"], "applied", "{tool} {variant}");
                assert!(done.text.contains("takes it back"), "{}", done.text);
                let back = call(&client, "revert", json!({"last": true, "target": "lab"})).await.ok();
                assert_eq!(back["state"], "reverted");
            }
            assert!(committed > 0, "{}", mode["id"]);
        }
        let audit = call(&client, "audit_verify", json!({"depth": "live", "full": true})).await.ok();
        assert_eq!(audit["ok"], true, "{audit}");
    });
}
