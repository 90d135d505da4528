//! A world for the command line: a folder, a clean environment, and what a command printed, ready for a snapshot.

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value as Json;
use tempfile::TempDir;
use testutils::program::{build_command, expect_success, parse_stdout};

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

    /// Makes a world with a small database of nobody's making, registered as `copy` and never marked.
    pub(crate) fn with_copy() -> Self {
        let world = Self::empty();
        let copy = rusqlite::Connection::open(world.path().join("copy.db")).unwrap();
        copy.execute_batch(
            "CREATE TABLE Ident(IDENT_ID int PRIMARY KEY, Pat_Id1 int, IDA char(12));
             INSERT INTO Ident VALUES (1, 9, 'MR000009    '), (2, 8, 'MR000008    ');
             CREATE TABLE Staff(Staff_ID int PRIMARY KEY, Last_Name char(12));
             INSERT INTO Staff VALUES (5, 'Agility 1   '), (6, 'SOMEBODY');
             CREATE TABLE TxField(FLD_ID int PRIMARY KEY, Pat_ID1 int, Field_Label varchar(20), Field_Name varchar(40),
               Type_Enum tinyint, Machine_ID_Staff_ID int, ControlPoints smallint, Meterset decimal(10,4));
             INSERT INTO TxField VALUES (1, 9, '1', 'LEFT LUNG', 13, 5, 6, 123.5), (2, 9, NULL, 'KV', 4, 5, 1, 0),
               (3, 8, '1', 'BRAIN', 99, 7, NULL, NULL);
             CREATE TABLE TxFieldPoint(TFP_ID int PRIMARY KEY, FLD_ID int, Point smallint, Gantry_Ang decimal(4,1),
               Coll_Ang decimal(4,1));
             INSERT INTO TxFieldPoint VALUES (10, 1, 0, 400, 0), (11, 1, 1, 401, 0), (12, 1, 2, 402, 0),
               (13, 1, 3, 403, 0), (14, 1, 4, 404, 0), (15, 1, 5, 405, 500), (20, 2, 0, 90, 0);",
        )
        .unwrap();
        world.mfm(&["target", "add", "sqlite:copy.db"]).assert().success();
        world
    }

    /// Returns the folder.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes the project's configuration, which nobody else may write to, whatever the umask of the tests.
    pub(crate) fn configure(&self, text: impl AsRef<[u8]>) {
        let path = self.path().join("mfm.toml");
        std::fs::write(&path, text).unwrap();
        own(&path, 0o644);
    }

    /// Returns a command with a clean environment, to be spawned.
    pub(crate) fn process(&self, words: &[&str]) -> std::process::Command {
        build_command(env!("CARGO_BIN_EXE_mfm"), self.path(), words)
    }

    /// Returns a command with a clean environment, to be asserted on.
    pub(crate) fn mfm(&self, words: &[&str]) -> Command {
        Command::from_std(self.process(words))
    }

    /// Runs a command and returns what it printed.
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        self.mfm(words).output().unwrap()
    }

    /// Runs a command that has to succeed, and returns its stdout as JSON.
    pub(crate) fn json(&self, words: &[&str]) -> Json {
        let output = self.run(&[words, &["--json"]].concat());
        expect_success(&output);
        parse_stdout(&output)
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

/// Says who may use a file or a folder, where the system knows modes.
pub(crate) fn own(path: &Path, mode: u32) {
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    #[cfg(not(unix))]
    let _ = (path, mode);
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
