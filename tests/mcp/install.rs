//! `mfm mcp install`: what it prints starts this server, and what it writes keeps what was there.

use serde_json::{Value as Json, json};

use crate::world::World;

#[test]
fn the_configuration_starts_this_server() {
    let world = World::new();
    let printed = world.mfm(&["--target", "lab", "mcp", "--read-only", "install", "cursor", "--json"]);
    let printed: Json = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!(printed["client"], "Cursor");
    let server = &printed["configuration"]["mcpServers"]["mfm"];
    assert_eq!(server["command"], env!("CARGO_BIN_EXE_mfm"));
    let words: Vec<&str> = server["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let journal = world.path().canonicalize().unwrap().join("journal.db");
    assert_eq!(words[0], "--journal");
    assert_eq!(std::path::Path::new(words[1]).canonicalize().unwrap(), journal);
    assert_eq!(words[2..], ["--target", "lab", "mcp", "--read-only"]);
    assert!(mfm::cli::command().try_get_matches_from([&["mfm"], &words[..]].concat()).is_ok());
    let all = world.mfm(&["mcp", "install"]);
    let all = String::from_utf8(all.stdout).unwrap();
    assert!(["Claude Desktop", "Claude Code", "Cursor", "Visual Studio Code"].iter().all(|name| all.contains(name)));
}

#[test]
fn writing_needs_a_yes_and_keeps_what_was_there() {
    let world = World::new();
    let refused = world.mfm(&["mcp", "install", "claude-code", "--write"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(!world.path().join(".mcp.json").exists());
    std::fs::write(world.path().join(".mcp.json"), r#"{"mcpServers":{"other":{"command":"x"}}}"#).unwrap();
    let written = world.mfm(&["mcp", "install", "claude-code", "--write", "--yes"]);
    assert_eq!(written.status.code(), Some(0), "{}", String::from_utf8_lossy(&written.stderr));
    let after: Json = serde_json::from_slice(&std::fs::read(world.path().join(".mcp.json")).unwrap()).unwrap();
    assert_eq!(after["mcpServers"]["other"], json!({"command": "x"}));
    assert!(after["mcpServers"]["mfm"]["args"].as_array().unwrap().contains(&json!("mcp")));
    std::fs::write(world.path().join(".mcp.json"), "[1]").unwrap();
    let broken = world.mfm(&["mcp", "install", "claude-code", "--write", "--yes"]);
    assert_eq!(broken.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(world.path().join(".mcp.json")).unwrap(), "[1]");
}
