//! Somebody else on the same rows: changed between apply and revert, locked while mfm writes, deadlocked with it.

use std::panic::panic_any;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use mfm::ops::{log, recover, revert};
use mfm::targets::faults::{Faults, WriteStep};
use mfm_journal::{Journal, OperationVerdict};
use serde_json::Value as Json;
use testutils::bomb::{Bomb, Crash, How, apply_three_rows as apply_rows, silence_crashes};
use testutils::request_angles;

use super::crash::Rig;
use super::live::Live;

const PATIENTS: u32 = 8;

/// A lab, and a field with its control points.
fn lab() -> (Live, i64, Vec<i64>) {
    let live = Live::with_lab(PATIENTS);
    let sql = "SELECT TOP (1) FLD_ID FROM TxFieldPoint GROUP BY FLD_ID HAVING COUNT(*) > 5 ORDER BY FLD_ID";
    let field = live.numbers(sql)[0];
    let points = live.numbers(&format!("SELECT TFP_ID FROM TxFieldPoint WHERE FLD_ID = {field} ORDER BY TFP_ID"));
    (live, field, points)
}

/// How an operation ended.
fn verdict(live: &Live, op: u64) -> Option<OperationVerdict> {
    Journal::open_read(&live.world.journal).unwrap().read_operation(op).unwrap().unwrap().verdict
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn what_another_session_wrote_in_between_is_a_conflict_or_drift() {
    let (live, field, points) = lab();
    let before = live.dump();
    live.world.apply(request_angles(field, "400")).unwrap();
    live.meddle(&format!("UPDATE TxFieldPoint SET Gantry_Ang = 123 WHERE TFP_ID = {}", points[0]));
    let refused = live.world.revert(&[1]).unwrap_err();
    assert_eq!((refused.code.as_str(), refused.conflicts.len()), ("conflict", 1));
    assert_eq!(refused.conflicts[0].columns.len(), 1);
    let forced = revert::Request { operations: vec![1], force: true, ..Default::default() };
    assert!(revert::run(&live.world.context(), &forced).unwrap().operations[0].exact);
    assert_eq!(live.dump(), before);
    live.world.apply(request_angles(field, "401")).unwrap();
    live.meddle(&format!("UPDATE TxFieldPoint SET Couch_Vrt = 12.5 WHERE TFP_ID = {}", points[1]));
    let back = live.world.revert(&[3]).unwrap();
    assert!(back.operations[0].restored && !back.operations[0].exact);
    assert_eq!(back.operations[0].drift[0].key, points[1].to_string());
}

/// Another session's lock is waited for, then tried again a few times, then the operation is sealed as failed.
#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn a_row_that_another_session_holds_is_waited_for_and_given_up() {
    let (live, field, points) = lab();
    let before = live.dump();
    let mut other = live.database.connect();
    other.run(&format!("BEGIN TRANSACTION; UPDATE TxFieldPoint SET Couch_Vrt = 1 WHERE TFP_ID = {}", points[0]));
    let refused = live.world.apply(request_angles(field, "400")).unwrap_err();
    assert_eq!(refused.code, "target_busy", "{refused:?}");
    other.run("ROLLBACK");
    assert_eq!(live.dump(), before);
    assert_eq!(verdict(&live, 1), Some(OperationVerdict::Failed));
    let log = log::run(&live.world.context(), &log::Request::default()).unwrap();
    assert_eq!(log.operations[0].state, "failed");
    live.world.apply(request_angles(field, "400")).unwrap();
    live.world.revert(&[2]).unwrap();
    assert_eq!(live.dump(), before);
}

/// Whoever holds the row for a while only makes mfm try again, and the journal tells how often.
#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn a_lock_that_goes_away_is_survived_and_the_journal_says_so() {
    let rig = Rig::new();
    let mut other = rig.live.database.connect();
    other.run("BEGIN TRANSACTION; UPDATE t SET b = N'held' WHERE id = 2");
    let (again, wait) = channel();
    let holder = thread::spawn(move || {
        // The first attempt ended in vain: the second one finds the row free.
        wait.recv().unwrap();
        other.run("ROLLBACK");
    });
    let faults = Arc::new(Mutex::new(Again { begun: 0, tell: again }));
    let done = rig.with(faults, &Bomb::at(0, How::Crash), |engine| {
        engine.wait_ms = 1_000;
        apply_rows(engine)
    });
    holder.join().unwrap();
    done.unwrap().unwrap();
    tried_again(&rig.live);
    rig.settles("lock");
}

/// Dies once its transaction is committed.
struct Dies;

impl Faults for Dies {
    fn allow_step(&mut self, step: WriteStep) -> Result<(), String> {
        if step == WriteStep::AfterCommit { panic_any(Crash) } else { Ok(()) }
    }
}

/// Behind a lock that even readers wait for, recover leaves open what is open, and does not fail.
#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn k10_a_lock_that_readers_wait_for_leaves_an_operation_open() {
    silence_crashes();
    let rig = Rig::new();
    let died = rig.with(Arc::new(Mutex::new(Dies)), &Bomb::at(0, How::Crash), apply_rows);
    assert!(died.is_none());
    let mut other = rig.live.database.connect();
    other.run("BEGIN TRANSACTION; ALTER TABLE dbo.mfm_marker ADD waits int NULL");
    let outcome = recover::run(&rig.live.world.context(), &recover::Request::default()).unwrap();
    assert!(outcome.left_open() && outcome.failure.is_none(), "{outcome:?}");
    assert!(outcome.operations[0].why.as_ref().unwrap().contains("waited"), "{outcome:?}");
    other.run("ROLLBACK");
    rig.settles("a lock that readers wait for");
}

/// Tells somebody when a transaction is begun for the second time.
struct Again {
    begun: u32,
    tell: Sender<()>,
}

impl Faults for Again {
    fn allow_step(&mut self, step: WriteStep) -> Result<(), String> {
        self.begun += u32::from(step == WriteStep::Begun);
        if self.begun == 2 {
            let _ = self.tell.send(());
        }
        Ok(())
    }
}

/// Holds that the journal's one `applied` entry says how often the transaction was tried again.
fn tried_again(live: &Live) {
    let connection = rusqlite::Connection::open(&live.world.journal).unwrap();
    let sql = "SELECT body FROM entry WHERE kind = 'applied'";
    let body: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    let body: Json = serde_json::from_str(&body).unwrap();
    assert!(body["retries"].as_u64().is_some_and(|times| (1..=3).contains(&times)), "{body}");
}

/// Tells somebody when the first rows are written.
struct Written(Sender<()>);

impl Faults for Written {
    fn allow_step(&mut self, step: WriteStep) -> Result<(), String> {
        if step == WriteStep::Row {
            let _ = self.0.send(());
        }
        Ok(())
    }
}

/// A deadlock that mfm loses is rolled back and tried again.
#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn a_lost_deadlock_is_tried_again_and_the_journal_says_so() {
    let rig = Rig::new();
    let mut other = rig.live.database.connect();
    // Where a server lets nobody choose, whoever waits first loses: mfm.
    let _ = other.attempt("SET DEADLOCK_PRIORITY HIGH");
    other.run("BEGIN TRANSACTION; UPDATE t SET b = N'held' WHERE id = 2");
    let (written, wait) = channel();
    let rival = thread::spawn(move || {
        wait.recv().unwrap();
        // By now mfm waits for row 2.
        thread::sleep(Duration::from_millis(600));
        other.run("UPDATE t SET b = N'held' WHERE id = 1");
        other.run("ROLLBACK");
    });
    let faults = Arc::new(Mutex::new(Written(written)));
    let done = rig.with(faults, &Bomb::at(0, How::Crash), |engine| {
        engine.wait_ms = 10_000;
        apply_rows(engine)
    });
    rival.join().unwrap();
    done.unwrap().unwrap();
    tried_again(&rig.live);
    rig.settles("deadlock");
}
