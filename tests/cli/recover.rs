//! `recover` and what an open operation does to the other commands: exit codes and the last line of stderr.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use mfm::engine::Engine;
use mfm::model::Value;
use mfm::plan::PlannedRow;
use mfm::targets::Target as _;
use mfm::targets::faults::{Faults, WriteStep};
use mfm::targets::sqlite::SqliteTarget;
use mfm_journal::{Face, Journal, LockHolder};
use serde_json::Value as Json;
use testutils::build_proposal;
use testutils::ports::{SilentReporter, StandingClock};

use super::world::{World, text};

/// Loses the answer to the commit, and every question after it.
struct Lost;

impl Faults for Lost {
    fn allow_step(&mut self, step: WriteStep) -> Result<(), String> {
        match step {
            WriteStep::AfterCommit | WriteStep::Tombstone => Err("the connection is lost".into()),
            _ => Ok(()),
        }
    }
}

/// Leaves operation 1 open: committed in the lab, and not sealed in the journal.
fn leave_open(world: &World) {
    let mut journal = Journal::open(&world.path().join("journal.db")).unwrap();
    let keys = BTreeMap::from([("Patient".to_owned(), vec!["Pat_ID1".to_owned()])]);
    let mut target = SqliteTarget::open(&world.path().join("lab.db"), keys).unwrap();
    let table = target.find_table("Patient").unwrap().unwrap();
    let key = target.read_keys(&table).unwrap().remove(0);
    let before = target.read_rows(&table, std::slice::from_ref(&key)).unwrap().remove(0);
    let mut after = before.clone().unwrap();
    after[table.position("Last_Name").unwrap()] = Value::Text("CHANGED".into());
    target.set_faults(Arc::new(Mutex::new(Lost)));
    let mut engine = Engine {
        journal: &mut journal,
        target: &mut target,
        name: "lab".into(),
        clock: &StandingClock,
        reporter: &SilentReporter,
        actor: "tester".into(),
        face: Face::Library,
        holder: LockHolder { pid: 1, host: "test".into(), command: "test".into() },
        wait_ms: 100,
        seen: 0,
    };
    let prepared = engine.prepare(&[PlannedRow { table, key, before, after: Some(after) }], false).unwrap();
    assert_eq!(engine.commit(&build_proposal(), &prepared).unwrap_err().code(), "left_open");
}

fn error_code(stderr: &[u8]) -> String {
    let last: Json = serde_json::from_str(text(stderr).lines().last().unwrap()).unwrap();
    assert_eq!(last["schema"], "mfm/error/1");
    last["code"].as_str().unwrap().to_owned()
}

#[test]
fn an_open_operation_is_shown_refuses_the_others_and_is_recovered() {
    let world = World::with_lab();
    leave_open(&world);
    let status = world.json(&["status"]);
    assert_eq!((&status["open"][0]["op"], &status["open"][0]["state"]), (&1.into(), &"open, undecided".into()));
    assert_eq!(world.run(&["status", "--exit-code"]).status.code(), Some(1));
    let refused = world.run(&["revert", "1", "--json"]);
    assert_eq!((refused.status.code(), error_code(&refused.stderr)), (Some(3), "recover_first".into()));
    let recovered = world.json(&["recover"]);
    assert_eq!(recovered["operations"][0]["state"], "applied");
    world.mfm(&["revert", "1"]).assert().success();
}

#[test]
fn what_stays_open_is_exit_code_1_and_a_target_that_is_gone_4() {
    let world = World::with_lab();
    leave_open(&world);
    let writer = rusqlite::Connection::open(world.path().join("lab.db")).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waited = world.run(&["recover", "--json"]);
    assert_eq!(waited.status.code(), Some(1), "{}", text(&waited.stderr));
    let waited: Json = serde_json::from_slice(&waited.stdout).unwrap();
    assert_eq!(waited["operations"][0]["state"], "open");
    writer.execute_batch("ROLLBACK").unwrap();
    // k10: a lock that readers wait for is no failure either.
    writer.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let waited = world.run(&["recover", "--json"]);
    assert_eq!(waited.status.code(), Some(1), "{}", text(&waited.stderr));
    let waited: Json = serde_json::from_slice(&waited.stdout).unwrap();
    assert_eq!(waited["operations"][0]["state"], "open");
    assert!(waited["operations"][0]["why"].as_str().unwrap().contains("waited"), "{waited}");
    writer.execute_batch("ROLLBACK").unwrap();
    drop(writer);
    std::fs::remove_file(world.path().join("lab.db")).unwrap();
    let gone = world.run(&["recover", "--json"]);
    assert_eq!((gone.status.code(), error_code(&gone.stderr)), (Some(4), "target_replaced".into()));
}
