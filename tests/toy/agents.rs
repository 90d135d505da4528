//! The toy domain before agents: its tools, prompts and instructions, without a line written for it.

use std::sync::atomic::AtomicU64;

use mfm::mcp::ServerOptions;
use serde_json::{Value as Json, json};
use testutils::ports::TickingClock;

use crate::agents_world::{Connected, Era, Person, World, call, run};

/// A server of the toy domain alone, on a lab of it.
fn served<T>(work: impl AsyncFnOnce(Connected) -> T) -> T {
    // What was journaled before lies before.
    let clock = TickingClock::by_milliseconds(1_800_000_000_000_000);
    let world = World { dir: crate::toy().dir, clock, servers: AtomicU64::new(0) };
    let options = ServerOptions { domain: vec!["library".into()], ..World::options() };
    run(async { work(world.client(&options, Era::Session, Person::who(None)).await).await })
}

/// Carries out what a tool planned.
async fn agreed(client: &Connected, tool: &str, arguments: Json) -> Json {
    let planned = call(client, tool, arguments).await.ok();
    assert_eq!(planned["state"], "planned", "{planned}");
    call(client, "apply_plan", json!({"handle": planned["handle"]})).await.ok()
}

#[test]
fn its_tools_stand_beside_the_common_ones() {
    served(async |client| {
        let told = client.peer_info().unwrap().instructions.clone().unwrap();
        assert!(told.contains("shelves, books and cards") && !told.contains("MOSAIQ"), "{told}");
        let tools = client.list_all_tools().await.unwrap();
        let has = |name: &str| tools.iter().any(|tool| tool.name == name);
        assert!(has("list_cards") && has("create_impossible_pages") && has("check") && has("drill"));
        assert!(!has("create_invalid_angles") && !has("get_frame"));
        let find = tools.iter().find(|tool| tool.name == "find").unwrap();
        let takes = find.input_schema["properties"].as_object().unwrap();
        assert_eq!(takes["kind"], json!({"enum": ["book"]}));
        assert!(takes.contains_key("shelf") && !takes.contains_key("patient"), "{takes:?}");
    });
}

#[test]
fn it_is_found_broken_checked_asked_and_mended() {
    served(async |client| {
        let wanted = json!({"kind": "book", "shelf": "2", "eligible": "create_impossible_pages", "limit": 3});
        let found = call(&client, "find", wanted).await.ok();
        assert_eq!((&found["shown"], &found["records"][0]["shelf_id"]), (&json!(3), &json!(2)));
        let fault = json!({"target": "toy", "book_id": 3, "size": "negative"});
        assert_eq!(agreed(&client, "create_impossible_pages", fault).await["state"], "applied");
        let checked = call(&client, "check", json!({})).await.ok();
        assert_eq!((&checked["violations"], &checked["warnings"]), (&json!(1), &Json::Null));
        let first = call(&client, "list_cards", json!({"target": "toy", "limit": 12})).await.ok();
        assert_eq!((&first["summary"], &first["next_cursor"]), (&json!("12 of 20 cards"), &json!("12")));
        let rest = json!({"target": "toy", "limit": 12, "cursor": first["next_cursor"]});
        assert_eq!(call(&client, "list_cards", rest).await.ok()["items"].as_array().unwrap().len(), 8);
        assert_eq!(agreed(&client, "revert", json!({"target": "toy", "all": true})).await["state"], "reverted");
        assert_eq!(call(&client, "check", json!({})).await.ok()["violations"], 0);
    });
}

#[test]
fn modes_with_plausible_values_are_one_tool_with_a_size() {
    served(async |client| {
        let tools = client.list_all_tools().await.unwrap();
        assert!(!tools.iter().any(|tool| tool.name == "create_miscounted_pages"));
        let tool = tools.iter().find(|tool| tool.name == "create_plausible_fault").unwrap();
        let takes = tool.input_schema["properties"].as_object().unwrap();
        assert_eq!(takes["mode"], json!({"enum": ["miscounted_pages"]}));
        assert!(takes.contains_key("book_id") && takes.contains_key("size") && !takes.contains_key("fault"));
        let listed = call(&client, "list_failure_modes", json!({"mode": "miscounted_pages"})).await.ok();
        let mode = &listed["modes"][0];
        assert_eq!((&mode["group"], &mode["call"]), (&json!("plausible"), &json!("create_plausible_fault")));
        assert_eq!(mode["variants"][0]["size"]["unit"], "pages");
        let fault = |size: &str| json!({"target": "toy", "mode": "miscounted_pages", "variant": "more", "size": size, "book_id": 3});
        let applied = agreed(&client, "create_plausible_fault", fault("100%")).await;
        assert_eq!((&applied["state"], &applied["params"]["size"]), (&json!("applied"), &json!("100%")));
        assert_eq!(applied["changes"][0]["after"]["pages"], 206, "{applied}");
        assert_eq!(call(&client, "check", json!({})).await.ok()["violations"], 0, "possible, and so unseen");
        assert_eq!(call(&client, "create_plausible_fault", fault("-5")).await.code(), "parameters");
        let other = json!({"target": "toy", "mode": "impossible_pages", "variant": "huge", "book_id": 3});
        assert_eq!(call(&client, "create_plausible_fault", other).await.code(), "arguments");
    });
}
