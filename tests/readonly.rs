//! A folder in which nothing can be written: reading commands work and leave nothing behind, writing ones refuse.
#![cfg(all(unix, feature = "cli"))]
#![expect(clippy::unwrap_used, reason = "a test may fail by panic")]

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// The user whom nothing belongs to.
const NOBODY: u32 = 65_534;

fn permit(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn files(folder: &Path) -> BTreeSet<String> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

#[test]
fn a_read_only_folder_is_read_and_never_written() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("place");
    std::fs::create_dir(&place).unwrap();
    // Root may write anywhere, so the program runs as nobody; it has to lie where nobody may run it.
    let program = dir.path().join("mfm");
    std::fs::copy(env!("CARGO_BIN_EXE_mfm"), &program).unwrap();
    let run = |arguments: &[&str], nobody: bool| {
        let mut command = Command::new(&program);
        command.args(arguments).env_clear().env("HOME", dir.path()).env("MFM_JOURNAL", place.join("journal.db"));
        if nobody && is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command.output().unwrap()
    };
    let url = format!("sqlite:{}", place.join("lab.db").display());
    assert!(run(&["lab", "create", &url, "--patients", "20"], false).status.success());
    let fault = ["apply", "create_invalid_angles", "--variant", "gantry", "--sample", "1", "--yes", "--json"];
    assert!(run(&fault, false).status.success());
    // As a copy on read-only media would be: the files, and no leavings of the database beside them.
    for left in ["journal.db-shm", "journal.db-wal", "journal.db.lock"] {
        let _ = std::fs::remove_file(place.join(left));
    }
    let before = files(&place);
    for file in &before {
        permit(&place.join(file), 0o444);
    }
    permit(&place, 0o555);
    permit(dir.path(), 0o755);
    permit(&program, 0o755);
    for reading in [&["status"][..], &["log"], &["show", "1", "--diff"], &["audit", "verify", "--depth", "live"]] {
        let output = run(reading, true);
        assert!(output.status.success(), "{reading:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    for writing in [&fault[..], &["revert", "1", "--json"], &["recover", "--json"]] {
        let output = run(writing, true);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!([Some(4), Some(5)].contains(&output.status.code()), "{writing:?}: {error}");
        let last: serde_json::Value = serde_json::from_str(error.lines().last().unwrap()).unwrap();
        assert!(!last["hint"].as_str().unwrap().is_empty());
    }
    assert_eq!(files(&place), before, "something was left behind");
    permit(&place, 0o755);
}
