//! The built program in a folder of its own, and what it printed.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value as Json;

/// Returns a command with a clean environment, whose home and journal are in the folder. Only a suite knows where the
/// program is: `env!("CARGO_BIN_EXE_mfm")`.
pub fn build_command(program: &str, folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.env_clear().current_dir(folder).args(words);
    command.env("HOME", folder).env("MFM_JOURNAL", "journal.db").env("MFM_ACTOR", "tester");
    command
}

/// Demands that a command succeeded, and shows what it complained of otherwise.
#[track_caller]
pub fn expect_success(output: &Output) {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
}

/// Returns a command's stdout as JSON.
#[track_caller]
pub fn parse_stdout(output: &Output) -> Json {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {out}{err}"))
}
