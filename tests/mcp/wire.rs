//! The binary over its pipes: lines of garbage, messages out of order, EOF, signals; nothing but protocol on stdout.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value as Json, json};

use crate::world::World;

/// The server as a client starts it.
struct Piped {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Piped {
    fn start(world: &World, words: &[&str]) -> Self {
        let mut command = world.command(&[&["mcp"], words].concat());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, stdin, stdout }
    }

    fn say(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    fn ask(&mut self, id: u64, method: &str, params: Json) -> Json {
        self.say(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string());
        self.answer(id)
    }

    /// Returns the answer to a request; every line before it has to be protocol too.
    fn answer(&mut self, id: u64) -> Json {
        loop {
            let mut line = String::new();
            assert!(self.stdout.read_line(&mut line).unwrap() > 0, "the server went away");
            let message: Json = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not protocol: {line}"));
            assert_eq!(message["jsonrpc"], "2.0");
            if message["id"] == id {
                return message;
            }
        }
    }

    fn greet(&mut self) {
        let me = json!({"name": "raw", "version": "0"});
        let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": me});
        let welcome = self.ask(0, "initialize", hello);
        assert_eq!(welcome["result"]["serverInfo"]["name"], "mfm");
        assert_eq!(welcome["result"]["protocolVersion"], "2025-06-18");
        self.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string());
    }

    /// Ends stdin, and returns the exit code and what was left on stdout and stderr.
    fn end(mut self) -> (Option<i32>, String, String) {
        drop(self.stdin.take());
        let (mut out, mut err) = (String::new(), String::new());
        self.stdout.read_to_string(&mut out).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (self.child.wait().unwrap().code(), out, err)
    }
}

#[test]
fn garbage_is_survived_and_stdout_is_protocol() {
    let world = World::new();
    let mut server = Piped::start(&world, &[]);
    server.greet();
    let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
    for garbage in ["", "hello", "{", "[]", "null", "{\"jsonrpc\":\"2.0\"}", "\u{feff}{}", &deep, &"x".repeat(1 << 20)]
    {
        server.say(garbage);
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
    let (code, out, err) = server.end();
    assert_eq!((code, out.as_str()), (Some(0), ""), "{err}");
}

#[test]
fn a_message_before_the_greeting_and_eof_at_once() {
    let world = World::new();
    let server = Piped::start(&world, &[]);
    let (code, out, err) = server.end();
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "", ""));
    let mut server = Piped::start(&world, &[]);
    // Without a greeting, and without what a request has to carry in the era that has none.
    server.say(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "status"}}).to_string());
    let (code, out, _) = server.end();
    assert!(code.is_some() && out.lines().all(|line| line.starts_with("{\"jsonrpc\"")), "{code:?} {out}");
}

#[test]
fn what_is_under_way_at_eof_is_answered() {
    let world = World::new();
    let mut server = Piped::start(&world, &[]);
    server.greet();
    let check = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "check"}});
    server.say(&check.to_string());
    let (code, out, err) = server.end();
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("\"id\":7") && out.contains("findings"), "{out}");
}

#[cfg(unix)]
#[test]
fn sigterm_ends_the_server_with_nothing_left_open() {
    let world = World::new();
    let mut server = Piped::start(&world, &["--cooldown-ms", "0"]);
    server.greet();
    let fault = json!({"target": "lab", "variant": "gantry", "sample": 1});
    let planned = server.ask(1, "tools/call", json!({"name": "create_invalid_angles", "arguments": fault}));
    let handle = planned["result"]["structuredContent"]["handle"].clone();
    let apply = json!({"name": "apply_plan", "arguments": {"handle": handle}});
    server.say(&json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": apply}).to_string());
    let killed = std::process::Command::new("kill").arg(server.child.id().to_string()).status().unwrap();
    assert!(killed.success());
    assert_eq!(server.child.wait().unwrap().code(), Some(143));
    let status = world.json(&["status"]);
    assert_eq!(status["open"], json!([]));
    let audit = world.mfm(&["audit", "verify", "--depth", "live"]);
    assert_eq!(audit.status.code(), Some(0), "{}", String::from_utf8_lossy(&audit.stdout));
}

#[test]
fn a_client_without_structured_content_gets_it_as_text() {
    let world = World::new();
    let mut server = Piped::start(&world, &[]);
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
