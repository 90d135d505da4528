//! The official Python client and the inspector drive the server; only where they are there.

use std::path::Path;
use std::process::Command;

use crate::world::World;

/// Runs a script with mfm's path and the journal of a lab and its copy, and demands that the journal is sound after it;
/// returns what the script said.
fn drive(mut command: Command, script: &str) -> String {
    let world = World::new();
    world.copy();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(script);
    command.arg(script).arg(env!("CARGO_BIN_EXE_mfm")).arg(world.journal()).current_dir(world.path());
    let done = command.env("HOME", world.path()).env("MFM_ACTOR", "operator").output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{out}\n{err}");
    for target in ["lab", "copy"] {
        let audit = world.mfm(&["--target", target, "audit", "verify", "--depth", "live", "--full"]);
        assert_eq!(audit.status.code(), Some(0), "{}", String::from_utf8_lossy(&audit.stdout));
    }
    out.into_owned()
}

#[test]
#[ignore = "needs python3 with the package mcp, named by MFM_TEST_MCP_PYTHON"]
fn python_client_drives_every_tool_resource_prompt_and_completion() {
    let python = std::env::var("MFM_TEST_MCP_PYTHON").expect("MFM_TEST_MCP_PYTHON names a python with mcp");
    println!("{}", drive(Command::new(python), "mcp_session.py"));
}

#[test]
#[ignore = "needs python3 and the MCP inspector, whose node_modules/.bin MFM_TEST_MCP_INSPECTOR names"]
fn inspector_drives_every_tool_resource_prompt_and_completion() {
    let folder = std::env::var("MFM_TEST_MCP_INSPECTOR").expect("MFM_TEST_MCP_INSPECTOR names a folder with mcpdo");
    let mut command = Command::new("python3");
    command.env("PATH", format!("{folder}:{}", std::env::var("PATH").unwrap()));
    println!("{}", drive(command, "mcp_inspector.py"));
}

#[test]
#[ignore = "needs python3 and the MCP inspector, whose node_modules/.bin MFM_TEST_MCP_INSPECTOR names"]
fn inspector_asks_every_tool_of_catalogues() {
    let folder = std::env::var("MFM_TEST_MCP_INSPECTOR").expect("MFM_TEST_MCP_INSPECTOR names a folder with mcpdo");
    let home = tempfile::tempdir().unwrap();
    for words in
        [["create", "sqlite:made.db", "--domain", "openonco"].as_slice(), &["export", "sqlite:made.db", "tests"]]
    {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mfm"));
        command.arg("lab").args(words).current_dir(home.path()).env("HOME", home.path());
        assert!(command.env("MFM_JOURNAL", home.path().join("journal.db")).output().unwrap().status.success());
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/openonco_inspector.py");
    let mut command = Command::new("python3");
    command.arg(script).arg(env!("CARGO_BIN_EXE_mfm")).arg(home.path().join("tests"));
    command.env("PATH", format!("{folder}:{}", std::env::var("PATH").unwrap()));
    let done = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{out}\n{err}");
    println!("{out}");
}

#[test]
#[ignore = "needs python3 with the package mcp, named by MFM_TEST_MCP_PYTHON"]
fn python_client_asks_every_tool_of_recordings_and_physics_agrees() {
    let python = std::env::var("MFM_TEST_MCP_PYTHON").expect("MFM_TEST_MCP_PYTHON names a python with mcp");
    let (folder, journal) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for scenario in ["stack", "free-fall", "resting", "bouncing", "sliding", "elastic-pair", "grid"] {
        let url = format!("sqlite:{}", folder.path().join(format!("{scenario}.db")).display());
        let made = ["lab", "create", &url, "--domain", "recordings", "--scenario", scenario, "--frames", "150"];
        let mut command = Command::new(env!("CARGO_BIN_EXE_mfm"));
        command.env("HOME", journal.path()).env("MFM_JOURNAL", journal.path().join("journal.db"));
        assert!(command.args(made).output().unwrap().status.success(), "{scenario}");
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/recordings_session.py");
    let mut command = Command::new(python);
    command.arg(script).arg(env!("CARGO_BIN_EXE_mfm")).arg(folder.path()).env("HOME", journal.path());
    // A person's own recordings too, where a folder of them is named.
    command.args(std::env::var_os("MFM_TEST_RECORDINGS"));
    let done = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{out}\n{err}");
    println!("{out}");
}

#[test]
#[ignore = "needs python3 with the package mcp, named by MFM_TEST_MCP_PYTHON, and the folder of the published states, \
    by MFM_TEST_OPENONCO"]
fn published_catalogues_are_answered_as_worked_out_by_hand() {
    let python = std::env::var("MFM_TEST_MCP_PYTHON").expect("MFM_TEST_MCP_PYTHON names a python with mcp");
    let states =
        std::env::var("MFM_TEST_OPENONCO").expect("MFM_TEST_OPENONCO names the folder of the published states");
    let files = Path::new(&states).join("v1.0.0");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/openonco_session.py");
    let mut command = Command::new(python);
    let done = command.arg(script).arg(env!("CARGO_BIN_EXE_mfm")).arg(files).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{out}\n{err}");
    println!("{out}");
}
