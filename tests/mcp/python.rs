//! The official Python client drives the server; only where its package is there.

use std::path::Path;
use std::process::Command;

use crate::world::World;

#[test]
#[ignore = "needs python3 with the package mcp, named by MFM_TEST_MCP_PYTHON"]
fn python_client_drives_every_tool_resource_prompt_and_completion() {
    let python = std::env::var("MFM_TEST_MCP_PYTHON").expect("MFM_TEST_MCP_PYTHON names a python with mcp");
    let world = World::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/mcp_session.py");
    let mut command = Command::new(python);
    command.arg(script).arg(env!("CARGO_BIN_EXE_mfm")).current_dir(world.path());
    let done = command.env("MFM_JOURNAL", "journal.db").env("MFM_ACTOR", "operator").output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{out}\n{err}");
    println!("{out}");
    let audit = world.mfm(&["audit", "verify", "--depth", "live", "--full"]);
    assert_eq!(audit.status.code(), Some(0), "{}", String::from_utf8_lossy(&audit.stdout));
}
