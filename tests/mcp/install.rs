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

#[test]
fn w08_a_file_that_is_not_plain_is_left_to_the_person_and_the_rest_of_one_stays() {
    let world = World::new();
    let file = world.path().join(".mcp.json");
    let install = || world.mfm(&["mcp", "install", "claude-code", "--write", "--yes"]);
    let doubled = r#"{"mcpServers":{"a":{"command":"x"}},"mcpServers":{"b":{"command":"y"}}}"#;
    std::fs::write(&file, doubled).unwrap();
    let refused = install();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(2) && said.contains("occurs twice"), "{said}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), doubled);
    std::fs::write(&file, "\u{feff}{\"limit\":12345678901234567890123,\"ratio\":1.10}").unwrap();
    assert_eq!(install().status.code(), Some(0));
    let after = std::fs::read_to_string(&file).unwrap();
    assert!(after.starts_with("{\"limit\":12345678901234567890123,\"ratio\":1.10,\"mcpServers\":{\"mfm\":"), "{after}");
}

#[cfg(unix)]
#[test]
fn a_link_and_who_may_read_it_stay() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    let (real, link) = (world.path().join("dotfiles.json"), world.path().join(".cursor/mcp.json"));
    std::fs::write(&real, r#"{"zebra":1,"mcpServers":{"z":{"env":{"KEY":"secret"}},"a":{}},"alpha":2}"#).unwrap();
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::create_dir(world.path().join(".cursor")).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let written = world.mfm(&["mcp", "install", "cursor", "--write", "--yes"]);
    assert_eq!(written.status.code(), Some(0), "{}", String::from_utf8_lossy(&written.stderr));
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o600);
    let after = std::fs::read_to_string(&real).unwrap();
    let order = ["zebra", "\"z\"", "secret", "\"a\"", "\"mfm\"", "alpha"].map(|word| after.find(word).unwrap());
    assert!(order.is_sorted(), "{after}");
    // Again changes nothing, and comments are somebody's work.
    world.mfm(&["mcp", "install", "cursor", "--write", "--yes"]);
    assert_eq!(std::fs::read_to_string(&real).unwrap(), after);
    let commented = format!("// mine\n{after}");
    std::fs::write(&real, &commented).unwrap();
    let refused = world.mfm(&["mcp", "install", "cursor", "--write", "--yes"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("does not edit files with comments"), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&real).unwrap(), commented);
    assert_eq!(std::fs::read_dir(world.path()).unwrap().filter(|at| format!("{at:?}").contains("draft")).count(), 0);
}
