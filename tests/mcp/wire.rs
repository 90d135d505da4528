//! The binary over its pipes: lines of garbage, messages out of order, EOF, signals; nothing but protocol on stdout.

use serde_json::{Value as Json, json};

use crate::world::World;

#[test]
fn garbage_is_survived_and_stdout_is_protocol() {
    let world = World::new();
    let mut server = world.piped(&[]);
    server.greet();
    let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
    // What is nested so deep is a list to this server, and no list is a message.
    for (garbage, code) in [
        ("hello", -32700),
        ("{", -32700),
        ("[]", -32600),
        ("null", -32600),
        ("{\"jsonrpc\":\"2.0\"}", -32600),
        ("\u{feff}{}", -32600),
        (&deep, -32600),
        (&"x".repeat(1 << 20), -32700),
        (&"x".repeat(5 << 20), -32700),
    ] {
        server.say("");
        server.say(garbage);
        let answer = server.message();
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&Json::Null, &json!(code)), "{answer}");
    }
    let listed = server.ask(1, "tools/list", json!({}));
    assert!(listed["result"]["tools"].as_array().unwrap().len() > 20);
    let unknown = server.ask(2, "tools/call", json!({"name": "drop_database", "arguments": {}}));
    assert_eq!(unknown["error"]["code"], -32602);
    let unknown = server.ask(3, "no/such/method", json!({}));
    assert_eq!(unknown["error"]["code"], -32601);
    let again = server.ask(4, "tools/call", json!({"name": "status"}));
    assert_eq!(again["result"]["isError"], false);
    let huge = json!({"name": "find", "arguments": {"kind": "field", "patient": "x".repeat(1 << 20)}});
    let refused = server.ask(5, "tools/call", huge);
    assert_eq!(refused["result"]["structuredContent"]["code"], "agent_arguments");
    // Deeper than a parser goes, and in the shape of a call: it is answered, not waited for.
    for (id, depth) in [(6, 60), (7, 126), (8, 200), (9, 100_000)] {
        let nested = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let call = json!({"name": "status", "arguments": {"target": "@"}}).to_string().replace("\"@\"", &nested);
        server.say(&format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{call}}}"));
        let answer = server.answer(id);
        assert_eq!(answer["result"]["structuredContent"]["code"], "agent_arguments", "{depth}: {answer}");
    }
    let (code, out, err) = server.end();
    assert_eq!((code, out.as_str()), (Some(0), ""), "{err}");
}

#[test]
fn a_message_before_the_greeting_and_eof_at_once() {
    let world = World::new();
    let server = world.piped(&[]);
    let (code, out, err) = server.end();
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "", ""));
    let mut server = world.piped(&[]);
    // Without a greeting, and without what a request has to carry in the era that has none.
    server.say(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "status"}}).to_string());
    let (code, out, _) = server.end();
    assert!(code.is_some() && out.lines().all(|line| line.starts_with("{\"jsonrpc\"")), "{code:?} {out}");
}

#[test]
fn what_is_under_way_at_eof_is_answered() {
    let world = World::new();
    let mut server = world.piped(&[]);
    server.greet();
    let check = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "check"}});
    server.say(&check.to_string());
    let (code, out, err) = server.end();
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("\"id\":7") && out.contains("findings"), "{out}");
}

#[test]
fn a_client_without_structured_content_gets_it_as_text() {
    let world = World::new();
    let mut server = world.piped(&[]);
    let me = json!({"name": "old", "version": "0"});
    let hello = json!({"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": me});
    assert_eq!(server.ask(0, "initialize", hello)["result"]["protocolVersion"], "2024-11-05");
    server.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string());
    let status = server.ask(1, "tools/call", json!({"name": "status", "arguments": {}}));
    let text = status["result"]["content"][0]["text"].as_str().unwrap();
    let parsed: Json = serde_json::from_str(text).unwrap();
    assert_eq!(parsed["targets"][0]["name"], "lab");
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn a_password_does_not_come_over_stdin() {
    let world = World::new();
    let refused = world.mfm(&["mcp", "--password-file", "-"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("standard input carries the protocol"));
}

#[test]
fn k8_every_line_is_answered_and_none_ends_the_server() {
    let world = World::new();
    let mut server = world.piped(&[]);
    // Before the greeting: what asks for nothing is passed over, what asks is answered.
    for line in [
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#,
        r#"{"jsonrpc":"2.0","id":5,"result":{}}"#,
    ] {
        server.say(line);
    }
    server.say(
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"find","arguments":{"limit":Infinity}}}"#,
    );
    let answer = server.message();
    assert_eq!((answer.get("id"), &answer["error"]["code"]), (Some(&Json::Null), &json!(-32700)), "{answer}");
    server.greet();
    let half =
        r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"find","arguments":{"patient":"\ud83d"}}}"#;
    for line in [half, "{\"jsonrpc\":\"2.0\",\0}", "{\"a\":NaN}"] {
        server.say(line);
        let answer = server.message();
        assert_eq!((answer.get("id"), &answer["error"]["code"]), (Some(&Json::Null), &json!(-32700)), "{answer}");
    }
    for arguments in ["[]", "\"all\"", "7", "true"] {
        server.say(&format!(
            r#"{{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{{"name":"status","arguments":{arguments}}}}}"#
        ));
        let answer = server.message();
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(3), &json!(-32602)), "{answer}");
    }
    server.say(r#"[{"jsonrpc":"2.0","id":4,"method":"ping"},{"jsonrpc":"2.0","id":5,"method":"ping"}]"#);
    assert_eq!(server.message()["error"]["code"], -32600);
    assert_eq!(server.ask(6, "ping", json!({}))["result"], json!({}));
    // A last line without its end is a line.
    server.say_without_end(r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#);
    let (code, out, err) = server.end();
    assert!(code == Some(0) && out.contains("\"id\":7"), "{out} {err}");
}

#[test]
fn k8_the_revision_with_batches_is_not_offered() {
    let world = World::new();
    for (asked, given) in [("2025-03-26", "2024-11-05"), ("2025-11-25", "2025-11-25"), ("2099-01-01", "2025-11-25")] {
        let mut server = world.piped(&[]);
        let me = json!({"name": "old", "version": "0"});
        let hello = json!({"protocolVersion": asked, "capabilities": {}, "clientInfo": me});
        assert_eq!(server.ask(0, "initialize", hello)["result"]["protocolVersion"], given);
        assert_eq!(server.end().0, Some(0));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn k8_many_reads_at_once_are_few_at_a_time() {
    let world = World::new();
    let mut server = world.piped(&[]);
    server.greet();
    for id in 1..=100 {
        server.request(id, "tools/call", &json!({"name": "check", "arguments": {}}));
    }
    let mut threads_most = 0;
    for _ in 1..=100 {
        let answer = server.message();
        assert_eq!(answer["result"]["isError"], false, "{answer}");
        threads_most = threads_most.max(server.threads());
    }
    assert!(threads_most <= 12, "{threads_most} threads");
    assert_eq!(server.end().0, Some(0));
}
