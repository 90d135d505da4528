//! Whole processes, as a shell starts them: a one-row apply on a lab, and the cheapest command; beside an empty one.

use std::path::Path;
use std::process::{Command, Stdio};

use super::Plan;
use super::table::{Table, median};
use super::yardstick::timed;

fn mfm(folder: &Path, words: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mfm"));
    command.args(words).current_dir(folder).env("MFM_JOURNAL", folder.join("journal.db"));
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn millis(step: impl FnOnce()) -> f64 {
    timed(step).1.as_secs_f64() * 1e3
}

/// One commit of one row to each of two databases: what no program can be faster than that does it durably.
fn two_commits(folder: &Path) {
    for name in ["first.db", "second.db"] {
        let connection = rusqlite::Connection::open(folder.join(name)).unwrap();
        connection.pragma_update(None, "journal_mode", "wal").unwrap();
        connection.pragma_update(None, "synchronous", "full").unwrap();
        connection.execute_batch("CREATE TABLE IF NOT EXISTS t(a)").unwrap();
        connection.execute_batch("INSERT INTO t VALUES (1)").unwrap();
    }
}

pub(crate) fn run(plan: &Plan, table: &mut Table) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let runs = plan.rounds * 8;
    mfm(path, &["lab", "create", "sqlite:lab.db", "--seed", "1"]);
    let nothing = || {
        Command::new("true").status().unwrap();
    };
    let nothing = median((0..runs).map(|_| millis(nothing)).collect());
    let modes = median((0..runs).map(|_| millis(|| mfm(path, &["modes"]))).collect());
    let beside = format!("an empty process: {nothing:.1} ms");
    table.at_most("`mfm modes`, as a process", modes, "ms", beside.clone(), Some(5.0));
    let (mut one, mut back, mut commits) = (Vec::new(), Vec::new(), Vec::new());
    let fault =
        ["apply", "corrupt_offset_data", "--variant", "extreme_values", "--sample", "1", "--seed", "3", "--yes"];
    for _ in 0..runs {
        one.push(millis(|| mfm(path, &fault)));
        back.push(millis(|| mfm(path, &["revert", "--last"])));
        commits.push(millis(|| two_commits(path)));
    }
    let beside = format!("{beside}; a row into each of two databases: {:.1} ms", median(commits));
    table.at_most("apply of one row, as a process", median(one), "ms", beside.clone(), Some(15.0));
    table.at_most("revert of one row, as a process", median(back), "ms", beside, None);
}
