//! How long an answer takes over the pipes, beside a Python server with the same tool; figures for a release build.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::world::World;

const CALLS: usize = 2_000;
const WARM: usize = 200;

/// Greets a server, calls a tool again and again, and returns the time of the greeting and the median of a call.
fn measured(mut command: Command, tool: &str) -> (Duration, Duration) {
    let begun = Instant::now();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    let mut ask = |message: Json, answered: bool| -> String {
        let mut line = String::new();
        stdin.write_all((message.to_string() + "\n").as_bytes()).unwrap();
        if answered {
            stdout.read_line(&mut line).unwrap();
        }
        line
    };
    let me = json!({"name": "measure", "version": "0"});
    let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": me});
    assert!(ask(json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello}), true).contains("result"));
    let greeted = begun.elapsed();
    ask(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}), false);
    let mut times = Vec::new();
    for id in 1..=CALLS + WARM {
        let params = json!({"name": tool, "arguments": {}});
        let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
        let begun = Instant::now();
        let answer = ask(call, true);
        times.push(begun.elapsed());
        assert!(answer.contains("\"result\"") && !answer.contains("\"isError\":true"), "{answer}");
    }
    drop(stdin);
    child.wait().unwrap();
    let mut times = times.split_off(WARM);
    times.sort_unstable();
    (greeted, times[times.len() / 2])
}

#[test]
#[ignore = "a measurement: run it with --release, and MFM_TEST_MCP_PYTHON for the Python server beside it"]
fn measure_calls_over_the_pipes() {
    let world = World::new();
    for tool in ["list_failure_modes", "status"] {
        let (greeted, median) = measured(world.command(&["mcp", "--calls-per-hour", "1000000"]), tool);
        println!("mfm {tool}: p50 {} us, start and initialize {} us", median.as_micros(), greeted.as_micros());
        if !cfg!(debug_assertions) {
            assert!(greeted < Duration::from_millis(20), "{greeted:?}");
            assert!(median < Duration::from_micros(100), "{tool}: {median:?}");
        }
    }
    let Ok(python) = std::env::var("MFM_TEST_MCP_PYTHON") else {
        println!("left out: a Python server beside it, because MFM_TEST_MCP_PYTHON names no Python");
        return;
    };
    let modes = world.mfm(&["modes", "--json"]);
    std::fs::write(world.path().join("modes.json"), &modes.stdout).unwrap();
    let mut command = Command::new(python);
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/mcp_yardstick.py");
    command.arg(script).arg(world.path().join("modes.json"));
    let (greeted, median) = measured(command, "list_failure_modes");
    println!(
        "python list_failure_modes: p50 {} us, start and initialize {} us",
        median.as_micros(),
        greeted.as_micros()
    );
}
