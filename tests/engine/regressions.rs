//! Ways in which the promise was once broken, each with the test that shows it kept.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use mfm::engine::EngineError;
use mfm::engine::revert::{RevertOptions, RevertSelection};
use mfm::model::Value;
use mfm::model::ports::{Confirm, ConfirmAnswer, ConfirmQuestion};
use mfm::ops::targets::{add, mark, unmark};
use mfm::ops::{Context, Failure, apply as applied, audit, recover, revert, status};
use mfm::plan::PlannedRow;
use mfm::targets::faults::{Faults, WriteStep};
use mfm::targets::sqlite::SqliteTarget;
use mfm_journal::Journal;
use testutils::bomb::{apply_three_rows, commit_rows, revert_all, set_text};
use testutils::{
    World, dump_tables, read_cell, request_angles, request_marking, request_sample, request_write_off, run_foreign_sql,
};

use super::crash::Rig;

fn gantry() -> mfm::ops::plan::Request {
    request_sample("create_invalid_angles", "gantry", 1, 1)
}

/// Runs a step of an engine on the lab.
fn with<T>(world: &World, run: impl FnOnce(&mut mfm::engine::Engine<'_>) -> T) -> T {
    failing(world, &[], run)
}

/// The answer to the commit is lost, and every question after it.
const LOST: [WriteStep; 2] = [WriteStep::AfterCommit, WriteStep::Tombstone];

/// Fails at some steps.
struct FailAt(&'static [WriteStep]);

impl Faults for FailAt {
    fn allow_step(&mut self, step: WriteStep) -> Result<(), String> {
        if self.0.contains(&step) { Err("injected".into()) } else { Ok(()) }
    }
}

/// Runs a step of an engine on the lab, whose writes fail at some steps.
fn failing<T>(world: &World, steps: &'static [WriteStep], run: impl FnOnce(&mut mfm::engine::Engine<'_>) -> T) -> T {
    let mut journal = Journal::open(&world.journal).unwrap();
    let mut target = SqliteTarget::open(&world.path("lab.db"), BTreeMap::new()).unwrap();
    target.set_faults(Arc::new(Mutex::new(FailAt(steps))));
    let context = world.context();
    run(&mut context.engine(&mut journal, &mut target, "lab"))
}

/// Sets cells of row 1 of the rig's table, by place.
fn set(world: &World, cells: &[(usize, Value)]) -> Result<mfm::engine::apply::CommittedOperation, EngineError> {
    with(world, |engine| {
        let table = engine.target.find_table("t")?.unwrap();
        let key = vec![Value::Integer(1)];
        let before = engine.target.read_rows(&table, std::slice::from_ref(&key))?.remove(0);
        let mut after = before.clone().unwrap();
        for (at, value) in cells {
            after[*at] = value.clone();
        }
        commit_rows(engine, &[PlannedRow { table, key, before, after: Some(after) }])
    })
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// A deleted target that was written off comes back, faults and all: the journal holds them as gone.
#[test]
fn a_written_off_target_that_comes_back_is_not_clean() {
    let world = World::with_lab(20);
    world.apply(gantry()).unwrap();
    std::fs::rename(world.path("lab.db"), world.path("away.db")).unwrap();
    recover::run(&world.context(), &request_write_off()).unwrap();
    std::fs::rename(world.path("away.db"), world.path("lab.db")).unwrap();
    let clean = !status::run(&world.context()).unwrap().is_disturbed();
    let unmarked = unmark::run(&world.context());
    assert!(!clean && unmarked.is_err(), "status clean: {clean}, unmark: {:?}", unmarked.is_ok());
}

/// A target that is only busy is not gone.
#[test]
fn a_busy_target_is_not_written_off() {
    let rig = Rig::new();
    with(&rig.world, apply_three_rows).unwrap();
    let other = rig.world.open_foreign();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let written_off = recover::run(&rig.world.context(), &request_write_off());
    other.execute_batch("ROLLBACK").unwrap();
    assert!(written_off.is_err(), "{written_off:?}");
}

/// One database under two names: the second name knows nothing of the first one's operations.
#[test]
fn a_second_name_does_not_unmark_what_is_active() {
    let mut world = World::with_lab(20);
    world.apply(gantry()).unwrap();
    let named = add::run(
        &world.context(),
        &add::Request { url: world.url("lab.db"), name: Some("other".into()), domain: None },
    );
    assert_eq!(named.unwrap_err().code, "url_taken");
    world.target = Some("other".into());
    let unmarked = unmark::run(&world.context());
    world.target = Some("lab".into());
    let back = world.revert(&[1]);
    assert!(unmarked.is_err() && back.is_ok(), "unmark: {:?}, revert: {back:?}", unmarked.is_ok());
}

#[test]
fn a_second_name_does_not_mark_anew_what_is_active() {
    let mut world = World::with_lab(20);
    world.apply(gantry()).unwrap();
    let request = mark::Request { name: Some("other".into()), ..request_marking(&world.url("lab.db"), "lab.db") };
    let marked = mark::run(&world.context(), &request);
    world.target = Some("lab".into());
    let back = world.revert(&[1]);
    assert!(marked.is_err() && back.is_ok(), "mark: {:?}, revert: {back:?}", marked.is_ok());
}

/// The second name's force overwrites a later operation of ours.
#[test]
fn a_second_name_does_not_hide_claims() {
    let rig = Rig::new();
    let world = &rig.world;
    set(world, &[(2, text("one"))]).unwrap();
    let second = add::Request { url: world.url("lab.db"), name: Some("other".into()), domain: Some("mosaiq".into()) };
    assert_eq!(add::run(&world.context(), &second).unwrap_err().code, "url_taken");
    let mut journal = Journal::open(&world.journal).unwrap();
    let mut target = SqliteTarget::open(&world.path("lab.db"), BTreeMap::new()).unwrap();
    let context = world.context();
    let refused = set_text(&mut context.engine(&mut journal, &mut target, "other"), "two").unwrap_err();
    assert_eq!(refused.code(), "no_target");
    assert_eq!(read_cell(world, "SELECT b FROM t WHERE id = 1"), "Text(\"one\")");
}

/// A rebinding that journals but cannot write its marker must be possible again.
#[test]
fn a_move_that_failed_half_way_can_be_made_again() {
    let mut world = World::with_lab(20);
    world.apply(gantry()).unwrap();
    std::fs::rename(world.path("lab.db"), world.path("moved.db")).unwrap();
    let request = mark::Request { moved: true, ..request_marking(&world.url("moved.db"), "moved.db") };
    let other = rusqlite::Connection::open(world.path("moved.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    mark::run(&world.context(), &request).unwrap_err();
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    let again = mark::run(&world.context(), &request);
    world.target = Some("lab".into());
    let back = world.revert(&[1]);
    assert!(again.is_ok() && back.is_ok(), "{:?} {:?}", again.err(), back.err());
}

/// A copy is not the moved original because the original is busy.
#[test]
fn a_copy_is_not_a_move_while_the_original_is_busy() {
    let rig = Rig::new();
    let world = &rig.world;
    with(world, apply_three_rows).unwrap();
    std::fs::copy(world.path("lab.db"), world.path("copy.db")).unwrap();
    let other = world.open_foreign();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let request = mark::Request { moved: true, ..request_marking(&world.url("copy.db"), "copy.db") };
    let moved = mark::run(&world.context(), &request);
    other.execute_batch("ROLLBACK").unwrap();
    assert!(moved.is_err(), "{moved:?}");
}

/// A baseline of a moved target that carries faults is no state to compare with after they are gone.
#[test]
fn a_baseline_is_not_taken_while_faults_are_active() {
    let mut world = World::with_lab(20);
    world.apply(gantry()).unwrap();
    std::fs::rename(world.path("lab.db"), world.path("moved.db")).unwrap();
    let request = mark::Request { moved: true, baseline: true, ..request_marking(&world.url("moved.db"), "moved.db") };
    assert_eq!(mark::run(&world.context(), &request).unwrap_err().code, "still_active");
    mark::run(&world.context(), &mark::Request { baseline: false, ..request }).unwrap();
    world.target = Some("lab".into());
    assert!(world.revert(&[1]).unwrap().operations[0].exact);
    let audited = audit::run(&world.context(), &audit::Request { depth: audit::Level::Live, full: true }).unwrap();
    assert!(audited.ok, "{:?}", audited.live);
}

/// A write-off that stops between its tombstone and its entry can be made again.
#[test]
fn a_write_off_that_failed_half_way_can_be_made_again() {
    let rig = Rig::new();
    let world = &rig.world;
    std::fs::copy(world.path("lab.db"), world.path("backup.db")).unwrap();
    with(world, apply_three_rows).unwrap();
    std::fs::copy(world.path("backup.db"), world.path("lab.db")).unwrap();
    failing(world, &[WriteStep::TombstonePut], |engine| engine.write_off(true)).unwrap_err();
    recover::run(&world.context(), &request_write_off()).unwrap();
    let again = with(world, apply_three_rows);
    assert!(again.is_ok(), "{again:?}");
}

/// A journal that lost its tail writes nothing, in recover either.
#[test]
fn recover_writes_nothing_into_a_journal_that_is_behind() {
    let rig = Rig::new();
    let world = &rig.world;
    failing(world, &LOST, apply_three_rows).unwrap_err();
    std::fs::copy(&world.journal, world.path("older.db")).unwrap();
    recover::run(&world.context(), &recover::Request::default()).unwrap();
    with(world, revert_all).unwrap();
    let mut older = World::new();
    older.journal = world.path("older.db");
    let head = Journal::open_read(&older.journal).unwrap().head();
    let done = recover::run(&older.context(), &recover::Request::default());
    let code = match &done {
        Ok(outcome) => outcome.failure.as_ref().map(|failure| failure.code.clone()),
        Err(failure) => Some(failure.code.clone()),
    };
    assert_eq!(code.as_deref(), Some("journal_behind"), "{done:?}");
    assert_eq!(Journal::open_read(&older.journal).unwrap().head(), head);
}

/// Somebody who takes long to answer; another session works meanwhile.
struct Slow<'w>(&'w World, fn(&World));

impl Confirm for Slow<'_> {
    fn ask(&self, _: &ConfirmQuestion) -> ConfirmAnswer {
        (self.1)(self.0);
        ConfirmAnswer::Yes
    }
}

fn slowly<T>(
    world: &World,
    meanwhile: fn(&World),
    run: impl FnOnce(&Context<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let slow = Slow(world, meanwhile);
    let context = world.context();
    run(&Context { confirm: &slow, ..context })
}

#[test]
fn unmark_looks_again_after_the_question() {
    let world = World::with_lab(20);
    let unmarked = slowly(&world, |world| drop(world.apply(gantry()).unwrap()), unmark::run);
    let back = world.revert(&[1]);
    assert!(unmarked.is_err() && back.is_ok(), "unmark: {:?}, revert: {back:?}", unmarked.is_ok());
}

#[test]
fn mark_looks_again_after_the_question() {
    let world = World::with_lab(20);
    let request = mark::Request { confirm: None, ..request_marking("lab", "") };
    let marked = slowly(&world, |world| drop(world.apply(gantry()).unwrap()), |context| mark::run(context, &request));
    assert!(marked.is_err(), "{marked:?}");
    assert!(world.revert(&[1]).is_ok());
}

/// While the person reads the question, another session reverts and does it again: operation 3 carries the rows now.
#[test]
fn a_revert_takes_back_what_carries_the_rows_when_it_writes() {
    let rig = Rig::new();
    let world = &rig.world;
    with(world, apply_three_rows).unwrap();
    let request = revert::Request { operations: vec![1], force: true, ..Default::default() };
    let meanwhile = |world: &World| {
        world.revert(&[1]).unwrap();
        world.revert(&[2]).unwrap();
    };
    let _ = slowly(world, meanwhile, |context| revert::run(context, &request));
    let active = status::run(&world.context()).unwrap().active;
    assert_eq!(
        dump_tables(&world.path("lab.db")) != rig.before,
        !active.is_empty(),
        "journal and target disagree: {active:?}"
    );
}

fn two_rows(world: &World, a: i64, rows: &[(i64, &str)]) {
    with(world, |engine| {
        let table = engine.target.find_table("t").unwrap().unwrap();
        let pending = rows.iter().map(|(id, b)| {
            let key = vec![Value::Integer(*id)];
            let before = engine.target.read_rows(&table, std::slice::from_ref(&key)).unwrap().remove(0);
            let mut after = before.clone().unwrap();
            if a != 0 {
                after[1] = Value::Integer(a);
            }
            after[2] = text(b);
            PlannedRow { table: table.clone(), key, before, after: Some(after) }
        });
        let pending: Vec<_> = pending.collect();
        commit_rows(engine, &pending).unwrap();
    });
}

#[test]
fn skipped_rows_of_a_later_operation_are_not_overwritten() {
    let rig = Rig::new();
    let world = &rig.world;
    two_rows(world, 0, &[(1, "one"), (2, "one")]);
    two_rows(world, 11, &[(1, "two"), (3, "two")]);
    // Row 1: one column as operation 2 found it, the other as it left it; so operation 2's row is in conflict.
    run_foreign_sql(world, "UPDATE t SET b = 'one' WHERE id = 1");
    let request = revert::Request { all: true, skip_conflicts: true, ..Default::default() };
    let done = revert::run(&world.context(), &request).unwrap();
    let active = status::run(&world.context()).unwrap().active;
    assert!(active.iter().any(|active| active.op == 2), "{done:#?}");
    assert_eq!(read_cell(world, "SELECT b FROM t WHERE id = 1"), "Text(\"one\")", "operation 2 still claims it");
}

/// Force overrides what others wrote, never the row of a later operation that stays.
#[test]
fn force_does_not_reach_the_skipped_rows_of_a_later_operation() {
    let rig = Rig::new();
    let world = &rig.world;
    two_rows(world, 0, &[(1, "one"), (2, "one")]);
    two_rows(world, 11, &[(1, "two"), (3, "two")]);
    set(world, &[(1, Value::Integer(12))]).unwrap();
    let request = revert::Request { operations: vec![1, 2], skip_conflicts: true, force: true, ..Default::default() };
    let done = revert::run(&world.context(), &request).unwrap();
    assert_eq!(
        read_cell(world, "SELECT b FROM t WHERE id = 1"),
        "Text(\"two\")",
        "operation 2 is active there: {done:#?}"
    );
}

/// What cannot be put back at all does not keep the rest from being put back.
#[test]
fn skip_conflicts_puts_back_the_rest() {
    let rig = Rig::new();
    let world = &rig.world;
    two_rows(world, 0, &[(1, "one")]);
    two_rows(world, 0, &[(2, "two")]);
    run_foreign_sql(world, "UPDATE t SET b = 'foreign' WHERE id = 1");
    let request = revert::Request { all: true, skip_conflicts: true, ..Default::default() };
    let done = revert::run(&world.context(), &request);
    assert_eq!(read_cell(world, "SELECT b FROM t WHERE id = 2"), "Text(\"y\")", "{done:#?}");
}

/// `--all` judges everything before the first write, the preflight too.
#[test]
fn all_takes_the_census_before_it_writes() {
    let rig = Rig::new();
    let world = &rig.world;
    run_foreign_sql(world, "CREATE TABLE u (id INTEGER PRIMARY KEY, a INTEGER); INSERT INTO u VALUES (1, 1)");
    set(world, &[(2, text("one"))]).unwrap();
    with(world, |engine| {
        let table = engine.target.find_table("u").unwrap().unwrap();
        let row = |a: i64| Some(vec![Value::Integer(1), Value::Integer(a)]);
        commit_rows(engine, &[PlannedRow { table, key: vec![Value::Integer(1)], before: row(1), after: row(2) }])
            .unwrap();
    });
    run_foreign_sql(world, "CREATE TRIGGER tr AFTER UPDATE ON t BEGIN SELECT 1; END");
    let faulty = dump_tables(&world.path("lab.db"));
    let request = revert::Request { all: true, ..Default::default() };
    assert_eq!(revert::run(&world.context(), &request).unwrap_err().code, "trigger");
    assert_eq!(dump_tables(&world.path("lab.db")), faulty);
}

/// Another journal's mark must not take the target away from operations that are active.
#[test]
fn another_journal_does_not_mark_anew_what_is_active() {
    let world = World::with_lab(20);
    world.apply(gantry()).unwrap();
    let other = World::new();
    let marked = mark::run(&other.context(), &request_marking(&world.url("lab.db"), "lab.db")).unwrap();
    assert!(marked.adopted, "a marker that is there is taken over, not put anew");
    let back = world.revert(&[1]).unwrap();
    assert!(back.operations[0].exact, "{back:?}");
}

/// A plan is no reason to replace the target or the journal.
#[test]
fn a_plan_file_replaces_no_database() {
    let world = World::with_lab(20);
    let before = std::fs::read(world.path("lab.db")).unwrap();
    let mut request = gantry();
    request.output = Some(world.path("lab.db"));
    let refused = mfm::ops::plan::run(&world.context(), &request).map(drop).unwrap_err();
    assert_eq!(refused.code, "protected_file");
    assert!(std::fs::read(world.path("lab.db")).unwrap() == before, "the target was overwritten");
}

/// A lock on a file that has lost its name keeps nobody out, so its holder writes nothing more.
#[test]
fn a_lock_whose_file_was_removed_is_lost() {
    let world = World::with_lab(20);
    let holder = world.context().holder;
    let mut one = Journal::open(&world.journal).unwrap();
    let held = one.lock(&holder).unwrap();
    std::fs::remove_file(world.path("journal.db.lock")).unwrap();
    let stamp = world.context().stamp();
    let error = one.append(&held, &stamp, "note", serde_json::json!({})).unwrap_err();
    assert_eq!(error.code(), "journal_busy");
}

/// A lost answer whose inquiry fails as well leaves the operation open, and says so.
#[test]
fn a_lost_answer_that_stays_lost_is_said_to_be_open() {
    let rig = Rig::new();
    let error = failing(&rig.world, &LOST, apply_three_rows).unwrap_err();
    assert_eq!(error.code(), "left_open", "{error}");
}

/// The backup is written off, and then a later copy is restored after all: its fault is there, and the journal says gone.
#[test]
fn a_later_copy_restored_after_a_write_off_is_not_clean() {
    let world = World::with_lab(20);
    std::fs::copy(world.path("lab.db"), world.path("backup.db")).unwrap();
    world.apply(gantry()).unwrap();
    std::fs::copy(world.path("lab.db"), world.path("later.db")).unwrap();
    std::fs::copy(world.path("backup.db"), world.path("lab.db")).unwrap();
    recover::run(&world.context(), &request_write_off()).unwrap();
    std::fs::copy(world.path("later.db"), world.path("lab.db")).unwrap();
    let applied = world.apply(request_sample("create_invalid_angles", "collimator", 1, 2));
    assert!(status::run(&world.context()).unwrap().is_disturbed() && applied.is_err(), "{:?}", applied.is_ok());
}

/// A word that the target itself contradicts would leave a fault that nobody can take back.
#[test]
fn a_word_that_the_target_contradicts_is_refused() {
    let rig = Rig::new();
    let world = &rig.world;
    failing(world, &LOST, apply_three_rows).unwrap_err();
    let request = recover::Request { op: Some(1), word: Some(recover::As::Abandoned), ..Default::default() };
    let word = recover::run(&world.context(), &request).unwrap_err();
    assert_eq!(word.code, "contradicted");
    let _ = recover::run(&world.context(), &recover::Request::default());
    let _ = recover::run(&world.context(), &request_write_off());
    let back = world.revert(&[1]);
    assert!(back.is_ok(), "word: {word:?}, revert: {:?}", back.err());
}

/// The journal is no target.
#[test]
fn the_journal_is_not_marked_as_a_target() {
    let world = World::with_lab(20);
    let marked = mark::run(&world.context(), &request_marking(&world.url("journal.db"), "journal.db"));
    let audited = audit::run(&world.context(), &audit::Request::default()).unwrap();
    assert!(marked.is_err() && audited.ok, "{:?} {:?}", marked.is_ok(), audited.journal.findings);
}

/// Says stop once operation 2 is sealed.
struct Stop<'w>(&'w World);

impl mfm::model::ports::Reporter for Stop<'_> {
    fn progress(&self, _: &str, _: u64, _: u64) {}
    fn note(&self, _: &str) {}
    fn is_interrupted(&self) -> bool {
        Journal::open_read(&self.0.journal).unwrap().state().next_op > 3
    }
}

#[test]
fn an_interrupt_between_two_reverts_does_not_say_that_nothing_was_written() {
    let rig = Rig::new();
    let world = &rig.world;
    two_rows(world, 0, &[(1, "one")]);
    two_rows(world, 0, &[(2, "two")]);
    let stop = Stop(world);
    let context = world.context();
    let context = Context { reporter: &stop, ..context };
    let stopped = revert::run(&context, &revert::Request { all: true, ..Default::default() }).unwrap_err();
    assert_eq!(status::run(&world.context()).unwrap().active.len(), 1);
    assert!(!stopped.message.contains("before anything was written"), "{stopped:?}");
}

/// A database that still holds an operation's uid has not lost it, whoever marked it anew.
#[test]
fn what_the_target_holds_is_not_written_off() {
    let world = World::with_lab(20);
    world.apply(gantry()).unwrap();
    let other = World::new();
    mark::run(&other.context(), &request_marking(&world.url("lab.db"), "lab.db")).unwrap();
    let _ = recover::run(&world.context(), &request_write_off());
    assert!(status::run(&world.context()).unwrap().active.iter().any(|active| active.op == 1), "written off");
}

/// An operation that was open is abandoned, not gone, and the report should say what the journal says.
#[test]
fn a_write_off_says_what_it_journals() {
    let rig = Rig::new();
    let world = &rig.world;
    std::fs::copy(world.path("lab.db"), world.path("backup.db")).unwrap();
    failing(world, &LOST, apply_three_rows).unwrap_err();
    std::fs::copy(world.path("backup.db"), world.path("lab.db")).unwrap();
    let done = recover::run(&world.context(), &request_write_off()).unwrap();
    let journaled = Journal::open_read(&world.journal).unwrap().read_operation(1).unwrap().unwrap().verdict.unwrap();
    assert_eq!(done.operations[0].state, journaled.as_str());
}

/// A marker that somebody dropped must be possible to put again while faults are active, where every uid is there.
#[test]
fn a_lost_marker_does_not_strand_a_fault() {
    let world = World::with_lab(20);
    world.apply(gantry()).unwrap();
    run_foreign_sql(&world, "DROP TABLE mfm_marker");
    let marked = mark::run(&world.context(), &request_marking("lab", "lab.db"));
    let moved = mark::run(&world.context(), &mark::Request { moved: true, ..request_marking("lab", "lab.db") });
    let back = world.revert(&[1]);
    assert!(back.is_ok(), "mark {:?}, --moved {:?}, {:?}", marked.err(), moved.err(), back.err());
}

/// Another process takes rows over between the judgement of several reverts and the second of them.
#[test]
fn every_one_of_several_reverts_is_looked_at_again() {
    let rig = Rig::new();
    let world = &rig.world;
    run_foreign_sql(world, "INSERT INTO t VALUES (4, 40, 'w')");
    let set_a = |ids: &[i64], a: i64| {
        with(world, |engine| {
            let table = engine.target.find_table("t").unwrap().unwrap();
            let row = |id: &i64| {
                let key = vec![Value::Integer(*id)];
                let before = engine.target.read_rows(&table, std::slice::from_ref(&key)).unwrap().remove(0);
                let mut after = before.clone().unwrap();
                after[1] = Value::Integer(a);
                PlannedRow { table: table.clone(), key, before, after: Some(after) }
            };
            let rows: Vec<PlannedRow> = ids.iter().map(row).collect();
            commit_rows(engine, &rows).unwrap();
        });
    };
    set_a(&[1, 2, 3], 98);
    set_a(&[4], 98);
    set_a(&[3], 99);
    run_foreign_sql(world, "UPDATE t SET a = 10 WHERE id = 1; UPDATE t SET a = 5 WHERE id = 2");
    let skip = RevertOptions { skip_conflicts: true, ..RevertOptions::default() };
    let force = RevertOptions { force: true, ..skip };
    with(world, |engine| {
        let judged = engine.judge_reverts(&RevertSelection::Operations(vec![1, 2]), force).unwrap();
        with(world, |other| {
            let judged = other.judge_reverts(&RevertSelection::Operations(vec![1]), skip).unwrap();
            assert_eq!(other.revert(&judged.planned[0], skip).unwrap().kept, 1);
        });
        engine.revert(&judged.planned[0], force).unwrap();
        assert_eq!(engine.revert(&judged.planned[1], force).unwrap_err().code(), "stale");
    });
    let left: Vec<_> = status::run(&world.context()).unwrap().active.iter().map(|one| (one.op, one.rows)).collect();
    assert_eq!(left, [(1, 2), (3, 1)]);
}

/// A revert is taken back together with what is under it: its fault, in again, is later than that, and stands in the way
/// whatever the row's value is, and whatever is forced.
#[test]
fn a_fault_put_in_again_is_not_reverted_past() {
    for (second, force) in [(10, false), (10, true), (12, true)] {
        let rig = Rig::new();
        let world = &rig.world;
        set(world, &[(1, Value::Integer(11))]).unwrap();
        set(world, &[(1, Value::Integer(second))]).unwrap();
        world.revert(&[2]).unwrap();
        let request = revert::Request { operations: vec![1, 3], force, ..Default::default() };
        let refused = revert::run(&world.context(), &request).unwrap_err();
        assert_eq!((refused.code.as_str(), refused.conflicts[0].operation), ("conflict", Some(3)), "{second} {force}");
        let some = revert::Request { skip_conflicts: true, ..request };
        revert::run(&world.context(), &some).unwrap();
        let all = revert::Request { all: true, ..Default::default() };
        revert::run(&world.context(), &all).unwrap();
        assert_eq!(dump_tables(&world.path("lab.db")), rig.before, "{second} {force}");
    }
}

/// An index that lacks rows shows a part of a field as if it were the whole.
#[test]
fn k11_an_index_that_lacks_rows_is_refused() {
    let world = World::with_lab(3);
    let field: i64 = {
        let copy = world.open_foreign();
        let sql = "SELECT FLD_ID FROM TxFieldPoint GROUP BY FLD_ID HAVING count(*) > 5 ORDER BY FLD_ID LIMIT 1";
        let field = copy.query_row(sql, [], |row| row.get(0)).unwrap();
        copy.execute_batch(&format!(
            "CREATE INDEX lacking ON TxFieldPoint(FLD_ID) WHERE NOT (FLD_ID = {field} AND Point IN (1, 2));
             PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = 'CREATE INDEX lacking ON TxFieldPoint(FLD_ID)' WHERE name = 'lacking';
             PRAGMA writable_schema = RESET;"
        ))
        .unwrap();
        field
    };
    let refused = world.apply(request_angles(field, "400")).unwrap_err();
    assert_eq!((refused.code.as_str(), refused.kind.exit_code()), ("broken_index", 3), "{refused:?}");
    assert!(refused.message.contains("lacking") && refused.message.contains("TxFieldPoint"), "{refused:?}");
    // Another table is none of its business, and made anew the index is sound.
    world.apply(request_sample("create_meterset_inconsistency", "negative_meterset", 1, 1)).unwrap();
    world.open_foreign().execute_batch("REINDEX lacking").unwrap();
    assert_eq!(world.apply(request_angles(field, "400")).unwrap().op, Some(2));
}

/// A critical fault wants the target's name typed at a terminal, as in the interface; an agreement before is enough.
#[test]
fn k11_a_critical_fault_wants_a_name_typed() {
    struct Hears(RefCell<Vec<Option<String>>>, bool);
    impl Confirm for Hears {
        fn ask(&self, question: &ConfirmQuestion) -> ConfirmAnswer {
            self.0.borrow_mut().push(question.type_name.clone());
            ConfirmAnswer::No
        }
        fn agreed_before(&self) -> bool {
            self.1
        }
    }
    let world = World::with_lab(20);
    let asked = |tool: &str, variant: &str, agreed: bool| {
        let hears = Hears(RefCell::default(), agreed);
        let context = Context { confirm: &hears, ..world.context() };
        let source = applied::Source::Request(request_sample(tool, variant, 1, 1));
        let refused = applied::run(&context, &source, false, &mut |_| ()).unwrap_err();
        assert_eq!(refused.code, "no_consent");
        hears.0.take()
    };
    assert_eq!(asked("create_orphaned_record", "patient_id", false), [Some("lab".to_owned())]);
    assert_eq!(asked("create_orphaned_record", "patient_id", true), [None]);
    assert_eq!(asked("create_invalid_angles", "gantry", false), [None]);
}
