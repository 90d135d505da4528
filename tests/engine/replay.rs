//! Replay: the same operations on a fresh copy are the same to the bit, and what is not is named.

use std::sync::{Arc, Mutex};

use mfm::ops::context::ChosenTarget;
use mfm::ops::replay::{self, Outcome};
use mfm::ops::targets::mark;
use mfm::ops::{Failure, revert};
use mfm::plan::alike::Likeness;
use mfm_journal::Journal;
use serde_json::json;
use testutils::bomb::{Bomb, How, silence_crashes};
use testutils::{World, build_request, dump_tables, read_cell, request_angles, request_sample, run_foreign_sql};

use super::crash::Rig;

/// A lab with a marked copy of its baseline beside it.
pub(crate) fn with_copy(patients: u32) -> World {
    let mut world = World::with_lab(patients);
    add_copy(&world, "copy.db");
    world.target = Some("lab".into());
    world
}

pub(crate) fn add_copy(world: &World, file: &str) {
    std::fs::copy(world.path("lab.db"), world.path(file)).unwrap();
    let request = mark::Request { target: world.url(file), confirm: Some(file.into()), ..Default::default() };
    mark::run(&world.context(), &request).unwrap();
}

pub(crate) fn replay(world: &World, until: Option<u64>) -> Result<Outcome, Failure> {
    let request = replay::Request { onto: "copy".into(), until, ..Default::default() };
    replay::run(&world.context(), &request)
}

/// Replays, and holds the two databases against each other.
fn same(world: &World) -> Outcome {
    let outcome = replay(world, None).unwrap();
    assert!(outcome.ok, "{:#?}", outcome.first_difference);
    assert!(outcome.replayed.iter().all(|line| line.verdict == Likeness::Equal));
    assert_eq!(dump_tables(&world.path("copy.db")), dump_tables(&world.path("lab.db")));
    outcome
}

fn of(operations: &[u64]) -> revert::Request {
    revert::Request { operations: operations.to_vec(), ..Default::default() }
}

fn revert(world: &World, request: &revert::Request) -> revert::Outcome {
    revert::run(&world.context(), request).unwrap()
}

/// A field with several control points, and its first point.
fn field(world: &World) -> (i64, i64) {
    let sql = "SELECT FLD_ID, min(TFP_ID) FROM TxFieldPoint GROUP BY FLD_ID HAVING count(*) > 5 ORDER BY 1 LIMIT 1";
    world.open_foreign().query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

fn write_to(world: &World, file: &str, sql: &str) {
    rusqlite::Connection::open(world.path(file)).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn applies_reverts_and_reverts_of_reverts_are_equal() {
    let world = with_copy(12);
    let (field, _) = field(&world);
    world.apply(request_angles(field, "400")).unwrap();
    world.apply(request_sample("create_duplicate_treatment", "same_field", 2, 1)).unwrap();
    world.apply(request_sample("delete_control_points", "single_gap", 2, 3)).unwrap();
    revert(&world, &of(&[2]));
    revert(&world, &of(&[4]));
    revert(&world, &revert::Request { cascade: true, ..of(&[1]) });
    let outcome = same(&world);
    let state = Journal::open_read(&world.journal).unwrap();
    assert_eq!(outcome.replayed.len() as u64, outcome.operations);
    for line in &outcome.replayed {
        let (was, is) =
            (state.read_operation(line.op).unwrap().unwrap(), state.read_operation(line.replayed_as).unwrap().unwrap());
        assert_eq!((was.plan_digest, was.rows_root, was.depth), (is.plan_digest, is.rows_root, is.depth));
        assert_eq!(is.target.name, "copy");
    }
    // All of it is taken back like anything else, and replay can start anew.
    let all = revert::Request { all: true, ..Default::default() };
    let context = mfm::ops::Context { target: Some("copy".into()), ..world.context() };
    revert::run(&context, &all).unwrap();
    same(&world);
}

#[test]
fn a_partial_revert_puts_back_the_same_keys() {
    let world = with_copy(12);
    let (field, point) = field(&world);
    world.apply(request_angles(field, "400")).unwrap();
    let other = json!({"fld_id": field, "points_to_delete": [1]});
    world.apply(build_request("delete_control_points", other)).unwrap();
    let partly = revert(&world, &revert::Request { skip_conflicts: true, ..of(&[1]) });
    assert_eq!(partly.operations[0].state, "partly_reverted");
    revert(&world, &of(&[2]));
    revert(&world, &of(&[1]));
    assert_eq!(same(&world).replayed.len(), 5);
    assert_ne!(
        read_cell(&world, &format!("SELECT Gantry_Ang FROM TxFieldPoint WHERE TFP_ID = {point}")),
        "Integer(400)"
    );
}

#[test]
fn a_changed_cell_is_named_with_both_values() {
    let world = with_copy(12);
    let (field, point) = field(&world);
    let was = read_cell(&world, &format!("SELECT Gantry_Ang FROM TxFieldPoint WHERE TFP_ID = {point}"));
    world.apply(request_sample("create_duplicate_treatment", "same_field", 1, 1)).unwrap();
    world.apply(request_angles(field, "400")).unwrap();
    write_to(&world, "copy.db", &format!("UPDATE TxFieldPoint SET Gantry_Ang = 12.5 WHERE TFP_ID = {point}"));
    let before = dump_tables(&world.path("copy.db"));
    let outcome = replay(&world, None).unwrap();
    assert!(!outcome.ok);
    assert_eq!(outcome.replayed.len(), 1);
    let found = outcome.first_difference.unwrap();
    assert_eq!((found.op, found.what.as_str()), (2, "cell"));
    assert_eq!(found.table.as_deref(), Some("TxFieldPoint"));
    assert_eq!((found.key, found.column.as_deref()), (Some(point.to_string()), Some("Gantry_Ang")));
    assert_eq!(found.found, json!(12.5));
    assert!(was.contains(&found.journaled.to_string()), "{was} {}", found.journaled);
    // Nothing of that operation was written, and what went before stays, journaled.
    let state = Journal::open_read(&world.journal).unwrap();
    assert_eq!(state.state().next_op, 4);
    assert_ne!(dump_tables(&world.path("copy.db")), before);
}

/// The journal holds only the digest of a column that an operation does not set; the source's row proves the value.
#[test]
fn a_changed_cell_that_no_operation_sets_is_named_by_the_source() {
    let world = with_copy(12);
    let (field, point) = field(&world);
    world.apply(request_angles(field, "400")).unwrap();
    // A later fault on the same row is taken back in memory before the rows are compared.
    world.apply(build_request("delete_control_points", json!({"fld_id": field, "points_to_delete": [0]}))).unwrap();
    write_to(&world, "copy.db", &format!("UPDATE TxFieldPoint SET Couch_Vrt = 12.5 WHERE TFP_ID = {point}"));
    let found = replay(&world, None).unwrap().first_difference.unwrap();
    assert_eq!((found.op, found.what.as_str(), found.column.as_deref()), (1, "cell", Some("Couch_Vrt")));
    assert_eq!(found.found, json!(12.5));
    // Where the source's row cannot prove it, it is not said.
    let world = with_copy(12);
    world.apply(request_angles(field, "400")).unwrap();
    write_to(&world, "copy.db", &format!("UPDATE TxFieldPoint SET Couch_Vrt = 12.5 WHERE TFP_ID = {point}"));
    run_foreign_sql(&world, &format!("UPDATE TxFieldPoint SET Couch_Lat = 3 WHERE TFP_ID = {point}"));
    let found = replay(&world, None).unwrap().first_difference.unwrap();
    assert_eq!((found.op, found.what.as_str(), found.column), (1, "other_columns", None));
    std::fs::remove_file(world.path("lab.db")).unwrap();
    let found = replay(&world, None).unwrap().first_difference.unwrap();
    assert_eq!((found.key, found.what.as_str()), (Some(point.to_string()), "other_columns"));
}

#[test]
fn rows_missing_and_too_many_are_named() {
    let world = with_copy(12);
    let (field, point) = field(&world);
    world.apply(request_angles(field, "400")).unwrap();
    write_to(&world, "copy.db", &format!("DELETE FROM TxFieldPoint WHERE TFP_ID = {point}"));
    let found = replay(&world, None).unwrap().first_difference.unwrap();
    assert_eq!((found.what.as_str(), found.key), ("missing_row", Some(point.to_string())));

    let world = with_copy(12);
    let applied = world.apply(request_sample("create_duplicate_treatment", "same_field", 1, 1)).unwrap();
    let key = applied.plan.changes[0].key["TTX_ID"].clone();
    write_to(&world, "copy.db", &format!("INSERT INTO TrackTreatment (TTX_ID) VALUES ({key})"));
    let found = replay(&world, None).unwrap().first_difference.unwrap();
    assert_eq!((found.what.as_str(), found.key), ("extra_row", Some(key.to_string())));
}

#[test]
fn a_refusal_is_a_difference_with_its_code() {
    let world = with_copy(12);
    let (field, _) = field(&world);
    world.apply(request_angles(field, "400")).unwrap();
    write_to(&world, "copy.db", "CREATE TRIGGER t AFTER UPDATE ON TxFieldPoint BEGIN SELECT 1; END");
    let found = replay(&world, None).unwrap().first_difference.unwrap();
    assert_eq!((found.what.as_str(), found.code.as_deref()), ("refused", Some("trigger")));
    // A row that differs is the better reason.
    write_to(
        &world,
        "copy.db",
        &format!("DROP TRIGGER t; UPDATE TxFieldPoint SET Gantry_Ang = 400 WHERE FLD_ID = {field}"),
    );
    let found = replay(&world, None).unwrap().first_difference.unwrap();
    assert_eq!((found.what.as_str(), found.column.as_deref()), ("cell", Some("Gantry_Ang")));
    assert_eq!(found.found, json!(400));
}

#[test]
fn what_somebody_else_wrote_between_operations_is_what_differs() {
    let world = with_copy(12);
    let (field, point) = field(&world);
    world.apply(request_angles(field, "400")).unwrap();
    run_foreign_sql(&world, &format!("UPDATE TxFieldPoint SET Gantry_Ang = 123 WHERE TFP_ID = {point}"));
    revert(&world, &revert::Request { force: true, ..of(&[1]) });
    let outcome = replay(&world, None).unwrap();
    let found = outcome.first_difference.unwrap();
    assert_eq!((outcome.replayed.len(), found.op, found.what.as_str()), (1, 2, "cell"));
    assert_eq!((found.column.as_deref(), found.journaled, found.found), (Some("Gantry_Ang"), json!(123), json!(400)));
    // The same write on the copy makes it the same, and the replay goes on.
    write_to(&world, "copy.db", &format!("UPDATE TxFieldPoint SET Gantry_Ang = 123 WHERE TFP_ID = {point}"));
    let outcome = same(&world);
    assert_eq!(outcome.replayed.iter().map(|line| line.earlier).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_row_given_up_and_a_row_found_back_are_replayed() {
    let world = with_copy(12);
    let (field, point) = field(&world);
    world.apply(request_angles(field, "400")).unwrap();
    let gone = format!("DELETE FROM TxFieldPoint WHERE TFP_ID = {point}");
    run_foreign_sql(&world, &gone);
    revert(&world, &revert::Request { force: true, skip_conflicts: true, ..of(&[1]) });
    assert_eq!(replay(&world, Some(1)).unwrap().replayed.len(), 1);
    let found = replay(&world, None).unwrap().first_difference.unwrap();
    assert_eq!((found.op, found.what.as_str(), found.key), (2, "extra_row", Some(point.to_string())));
    write_to(&world, "copy.db", &gone);
    same(&world);
}

#[test]
fn until_a_number_and_on_from_there() {
    let world = with_copy(12);
    for seed in 0..4 {
        world.apply(request_sample("create_duplicate_treatment", "same_field", 1, seed)).unwrap();
    }
    let outcome = replay(&world, Some(2)).unwrap();
    assert_eq!((outcome.until, outcome.replayed.len(), outcome.ok), (2, 2, true));
    assert_ne!(dump_tables(&world.path("copy.db")), dump_tables(&world.path("lab.db")));
    let outcome = same(&world);
    let earlier: Vec<bool> = outcome.replayed.iter().map(|line| line.earlier).collect();
    assert_eq!(earlier, [true, true, false, false]);
    // Once more there is nothing to do.
    let again = same(&world);
    assert!(again.replayed.iter().all(|line| line.earlier));
    // A shorter replay than the one that was made is no beginning of it.
    assert_eq!(replay(&world, Some(2)).unwrap_err().code, "not_fresh");
    assert_eq!(replay(&world, Some(99)).unwrap_err().code, "no_operation");
}

#[test]
fn a_copy_with_operations_of_its_own_is_refused() {
    let world = with_copy(12);
    world.apply(request_sample("create_duplicate_treatment", "same_field", 1, 1)).unwrap();
    let on_copy = mfm::ops::Context { target: Some("copy".into()), ..world.context() };
    let own = mfm::ops::apply::Source::Request(request_sample("delete_control_points", "single_gap", 1, 3));
    mfm::ops::apply::run(&on_copy, &own, false, &mut |_| {}).unwrap();
    let refused = replay(&world, None).unwrap_err();
    assert_eq!((refused.code.as_str(), refused.kind.exit_code()), ("not_fresh", 3));
    revert::run(&on_copy, &revert::Request { all: true, ..Default::default() }).unwrap();
    let outcome = same(&world);
    assert_eq!(outcome.replayed.len(), 1);
}

#[test]
fn operations_of_other_targets_and_those_without_effect_are_passed_over() {
    let mut world = with_copy(12);
    add_copy(&world, "third.db");
    world.apply(request_sample("create_duplicate_treatment", "same_field", 1, 1)).unwrap();
    world.target = Some("third".into());
    world.apply(request_sample("delete_control_points", "single_gap", 1, 3)).unwrap();
    world.target = Some("lab".into());
    // A lock on the database makes the next operation fail.
    let foreign = world.open_foreign();
    foreign.execute_batch("BEGIN IMMEDIATE").unwrap();
    let failed = world.apply(request_sample("create_duplicate_treatment", "same_field", 1, 2)).unwrap_err();
    assert_eq!(failed.code, "target_busy");
    foreign.execute_batch("ROLLBACK").unwrap();
    world.apply(request_sample("create_duplicate_treatment", "same_field", 1, 3)).unwrap();
    let outcome = same(&world);
    assert_eq!(outcome.replayed.iter().map(|line| line.op).collect::<Vec<_>>(), [1, 4]);
    assert_eq!(outcome.skipped.len(), 1);
    assert_eq!((outcome.skipped[0].op, outcome.skipped[0].why.contains("target_busy")), (3, true));
    let mut world = world;
    world.target = None;
    assert_eq!(replay(&world, None).unwrap_err().code, "which_target");
    world.target = Some("copy".into());
    assert_eq!(replay(&world, None).unwrap_err().code, "onto");
}

#[test]
fn a_copy_that_is_not_registered_or_not_marked_is_refused_with_a_way_out() {
    let world = with_copy(12);
    let onto = |name: &str| {
        let request = replay::Request { onto: world.url(name), ..Default::default() };
        replay::run(&world.context(), &request).unwrap_err()
    };
    let missing = onto("nowhere.db");
    assert_eq!((missing.code.as_str(), format!("{:?}", missing.next).contains("TestCopy")), ("no_target", true));
    std::fs::copy(world.path("lab.db"), world.path("fourth.db")).unwrap();
    let add = mfm::ops::targets::add::Request { url: world.url("fourth.db"), name: None, domain: None };
    mfm::ops::targets::add::run(&world.context(), &add).unwrap();
    let unmarked = onto("fourth.db");
    assert!(format!("{:?}", unmarked.next).contains("TestCopy"), "{unmarked:?}");
    assert_eq!(unmarked.kind.exit_code(), 3);
}

#[test]
fn nobody_asked_writes_nothing() {
    let mut world = with_copy(12);
    world.apply(request_sample("create_duplicate_treatment", "same_field", 1, 1)).unwrap();
    let before = dump_tables(&world.path("copy.db"));
    world.answer_with(mfm::model::ports::ConfirmAnswer::Nobody);
    let refused = replay(&world, None).unwrap_err();
    assert_eq!((refused.code.as_str(), refused.kind.exit_code()), ("no_consent", 3));
    assert_eq!(dump_tables(&world.path("copy.db")), before);
}

/// Stops whatever asks, from the n-th question on.
struct Stopping(std::cell::Cell<u32>);

impl mfm::model::ports::Reporter for Stopping {
    fn progress(&self, _: &str, _: u64, _: u64) {}
    fn note(&self, _: &str) {}
    fn is_interrupted(&self) -> bool {
        self.0.set(self.0.get().saturating_sub(1));
        self.0.get() == 0
    }
}

#[test]
fn an_interrupted_replay_says_what_is_done_and_goes_on() {
    let world = with_copy(12);
    for seed in 0..3 {
        world.apply(request_sample("create_duplicate_treatment", "same_field", 1, seed)).unwrap();
    }
    let mut stops = 0;
    for questions in 1.. {
        let reporter = Stopping(std::cell::Cell::new(questions));
        let context = mfm::ops::Context { reporter: &reporter, ..world.context() };
        let request = replay::Request { onto: "copy".into(), ..Default::default() };
        let Err(failure) = replay::run(&context, &request) else { break };
        assert_eq!((failure.code.as_str(), failure.kind.exit_code()), ("interrupted", 130));
        let done = Journal::open_read(&world.journal).unwrap().state().active_on("copy").count();
        assert_eq!(failure.message.contains(&format!("{done} of 3 operations are replayed")), done > 0, "{failure:?}");
        stops += usize::from(done > 0);
    }
    assert!(stops > 1, "it was stopped {stops} times between operations");
    same(&world);
}

#[test]
fn a_crash_in_a_replay_is_recovered_and_the_replay_goes_on() {
    silence_crashes();
    let mut open = 0;
    for step in [2, 8, 14, 20, 26] {
        let world = with_copy(6);
        world.apply(request_sample("create_invalid_angles", "gantry", 1, 1)).unwrap();
        world.revert(&[1]).unwrap();
        let bomb = Bomb::at(step, How::Crash);
        let crashed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut journal = Journal::open(&world.journal).unwrap();
            let keys = mfm::domains::mosaiq::schema::key_columns();
            let mut target = mfm::targets::sqlite::SqliteTarget::open(&world.path("copy.db"), keys).unwrap();
            journal.set_faults(Box::new(bomb.clone()));
            target.set_faults(Arc::new(Mutex::new(bomb.clone())));
            let chosen =
                |name: &str| ChosenTarget { name: name.into(), url: journal.state().targets[name].url.clone() };
            let ends = replay::ReplayEnds { source: chosen("lab"), onto: chosen("copy") };
            let request = replay::Request { onto: "copy".into(), ..Default::default() };
            replay::run_onto(&world.context(), &mut journal, &mut target, &ends, &request).unwrap();
        }));
        assert_eq!(crashed.is_err(), bomb.went_off());
        if !Journal::open_read(&world.journal).unwrap().state().open.is_empty() {
            open += 1;
            assert_eq!(replay(&world, None).unwrap_err().code, "recover_first");
            let on_copy = mfm::ops::Context { target: Some("copy".into()), ..world.context() };
            mfm::ops::recover::run(&on_copy, &mfm::ops::recover::Request::default()).unwrap();
        }
        assert_eq!(same(&world).replayed.len(), 2, "step {step}");
    }
    assert!(open > 1, "only {open} crashes left an operation open");
}

#[test]
fn an_open_operation_of_the_source_stops_the_replay() {
    silence_crashes();
    let world = with_copy(6);
    world.apply(request_sample("create_invalid_angles", "gantry", 1, 1)).unwrap();
    let (_, made) =
        mfm::ops::plan::run(&world.context(), &request_sample("delete_control_points", "single_gap", 1, 3)).unwrap();
    let rig = Rig::of(world);
    let journal = || Journal::open_read(&rig.world.journal).unwrap();
    let mut step = 0;
    while journal().state().open.is_empty() {
        step += 1;
        rig.with(&Bomb::at(step, How::Crash), |engine| engine.commit(&made.proposal, &made.prepared));
    }
    let world = &rig.world;
    let op = *journal().state().open.keys().next().unwrap();
    let outcome = replay(world, None).unwrap();
    assert_eq!((outcome.ok, outcome.replayed.len()), (false, 1));
    let found = outcome.first_difference.unwrap();
    assert_eq!((found.op, found.what.as_str()), (op, "open"));
    mfm::ops::recover::run(&world.context(), &mfm::ops::recover::Request::default()).unwrap();
    let outcome = same(world);
    assert_eq!(outcome.replayed.len() + outcome.skipped.len(), usize::try_from(op).unwrap());
}

#[test]
fn what_the_source_lost_is_passed_over() {
    let world = with_copy(12);
    world.apply(request_sample("create_duplicate_treatment", "same_field", 1, 1)).unwrap();
    std::fs::copy(world.path("lab.db"), world.path("backup.db")).unwrap();
    world.apply(request_sample("delete_control_points", "single_gap", 1, 3)).unwrap();
    world.revert(&[2]).unwrap();
    std::fs::copy(world.path("backup.db"), world.path("lab.db")).unwrap();
    let gone = mfm::ops::recover::Request { word: Some(mfm::ops::recover::As::Gone), ..Default::default() };
    mfm::ops::recover::run(&world.context(), &gone).unwrap();
    world.apply(request_sample("create_duplicate_treatment", "same_field", 1, 4)).unwrap();
    let outcome = same(&world);
    assert_eq!(outcome.replayed.iter().map(|line| line.op).collect::<Vec<_>>(), [1, 4]);
    assert_eq!(outcome.skipped.iter().map(|skip| skip.op).collect::<Vec<_>>(), [2, 3]);
    assert!(outcome.skipped.iter().all(|skip| skip.why.starts_with("gone")));
}

#[test]
fn a_marking_begins_a_new_history() {
    let world = with_copy(12);
    world.apply(request_sample("create_duplicate_treatment", "same_field", 1, 1)).unwrap();
    world.revert(&[1]).unwrap();
    let again = mark::Request { target: "lab".into(), confirm: Some("lab.db".into()), ..Default::default() };
    mark::run(&world.context(), &again).unwrap();
    world.apply(request_sample("create_duplicate_treatment", "same_field", 1, 2)).unwrap();
    let outcome = same(&world);
    assert_eq!(outcome.replayed.iter().map(|line| line.op).collect::<Vec<_>>(), [3]);
    assert!(outcome.skipped.iter().all(|skip| skip.why.contains("before the target was last marked")));
    assert_eq!(outcome.skipped.len(), 2);
}
