//! A world for the command line: a folder, a clean environment, and what a command printed, ready for a snapshot.

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value as Json;
use tempfile::TempDir;

/// A folder in which commands run; nothing outside it is seen.
pub(crate) struct World {
    pub(crate) dir: TempDir,
}

impl World {
    /// Makes an empty world.
    pub(crate) fn empty() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    /// Makes a world with a small lab, registered as `lab`.
    pub(crate) fn with_lab() -> Self {
        let world = Self::empty();
        world.mfm(&["lab", "create", "sqlite:lab.db", "--patients", "20"]).assert().success();
        world
    }

    /// Returns the folder.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Returns a command with a clean environment.
    pub(crate) fn mfm(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mfm"));
        command.env_clear().current_dir(self.path()).args(words);
        command.env("HOME", self.path()).env("MFM_JOURNAL", "journal.db").env("MFM_ACTOR", "tester");
        command
    }

    /// Runs a command and returns what it printed.
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        self.mfm(words).output().unwrap()
    }

    /// Runs a command that has to succeed, and returns its stdout as JSON.
    pub(crate) fn json(&self, words: &[&str]) -> Json {
        let output = self.run(&[words, &["--json"]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Runs a command and returns exit code, stdout and stderr as one text, without what differs from run to run.
    pub(crate) fn shown(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let code = output.status.code().unwrap();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        let place = self.path().canonicalize().unwrap();
        let all = format!("exit code: {code}\n----- stdout -----\n{out}----- stderr -----\n{err}");
        plain(&all.replace(&place.display().to_string(), "[DIR]"))
    }
}

/// Returns bytes as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Replaces digests.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut digits = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_hexdigit() && !c.is_ascii_uppercase() {
            digits.push(c);
            continue;
        }
        out += if digits.len() == 64 { "[DIGEST]" } else { &digits };
        digits.clear();
        out.push(c);
    }
    out.trim_end_matches('\0').to_owned()
}
