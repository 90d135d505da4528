//! Explain: the inverse of an operation as the engine judges it now, what blocks it, the ways out, and its proof.

use mfm::model::next_step::{Deed, Flag, NextStep, StepKind};
use mfm::ops::explain::{self, InverseState, Outcome};
use mfm::ops::{Context, revert, status};
use mfm_journal::Journal;
use serde_json::json;
use testutils::bomb::{Bomb, How, silence_crashes};
use testutils::{World, build_request, dump_tables, request_angles, request_sample, run_foreign_sql};

use super::crash::Rig;

fn explain(world: &World, op: u64) -> Outcome {
    let before = (dump_tables(&world.path("lab.db")), std::fs::read(&world.journal).unwrap());
    let outcome = explain::run(&world.context(), &explain::Request { op }).unwrap();
    assert!(
        before == (dump_tables(&world.path("lab.db")), std::fs::read(&world.journal).unwrap()),
        "something was written"
    );
    outcome
}

/// A lab with a gantry fault on a field of several points: the field, and its points.
fn faulty() -> (World, i64, Vec<i64>) {
    let world = World::with_lab(12);
    let sql = "SELECT FLD_ID FROM TxFieldPoint GROUP BY FLD_ID HAVING count(*) > 5 ORDER BY 1 LIMIT 1";
    let field: i64 = world.open_foreign().query_row(sql, [], |row| row.get(0)).unwrap();
    let points = {
        let connection = world.open_foreign();
        let mut statement = connection.prepare("SELECT TFP_ID FROM TxFieldPoint WHERE FLD_ID = ? ORDER BY 1").unwrap();
        statement.query_map([field], |row| row.get(0)).unwrap().map(Result::unwrap).collect::<Vec<i64>>()
    };
    world.apply(request_angles(field, "400")).unwrap();
    (world, field, points)
}

fn deeds(outcome: &Outcome) -> Vec<Deed> {
    let deed = |step: &NextStep| if let StepKind::Run(deed) = &step.way { Some(deed.clone()) } else { None };
    outcome.ways_out.iter().filter_map(deed).collect()
}

fn blocks(outcome: &Outcome) -> Vec<(&str, &str, Option<u64>)> {
    outcome.blocked_by.iter().map(|block| (block.what, block.code.as_str(), block.operation)).collect()
}

#[test]
fn an_operation_that_can_be_taken_back() {
    let (world, field, points) = faulty();
    let outcome = explain(&world, 1);
    assert!(outcome.ok);
    assert!(
        outcome
            .words
            .starts_with("tester, over library, committed create_invalid_angles (gantry, severity 0.7) on lab:")
    );
    assert_eq!(outcome.operation.keys, [json!(field)]);
    let inverse = &outcome.inverse;
    assert_eq!((inverse.state, inverse.rows, inverse.in_conflict), (InverseState::Possible, points.len() as u64, 0));
    assert_eq!(inverse.changes[0].before["Gantry_Ang"], json!(400));
    assert_ne!(inverse.changes[0].after["Gantry_Ang"], json!(400));
    assert_eq!(deeds(&outcome), [Deed::revert([1])]);
    let proof = &outcome.proof;
    assert!(proof.holds && proof.rows_root == proof.rows_root_computed);
    assert_eq!((proof.target.state, proof.target.agrees), ("committed", Some(true)));
    assert_eq!((proof.intended_entry + 1, proof.chunks), (proof.sealed_entry.unwrap(), 1));
    // The revert does what was said.
    let done = world.revert(&[1]).unwrap();
    assert_eq!(done.operations[0].rows, inverse.rows);
    let after = explain(&world, 1);
    assert_eq!((after.inverse.state, deeds(&after)), (InverseState::AlreadyReverted, vec![Deed::revert([2])]));
    let of_revert = explain(&world, 2);
    assert_eq!(
        (of_revert.inverse.state, of_revert.inverse.carried_by.as_slice()),
        (InverseState::Possible, [2].as_slice())
    );
    assert!(of_revert.words.contains("took back operation 1"), "{}", of_revert.words);
}

#[test]
fn later_operations_and_changes_of_others_are_named_row_by_row() {
    let (world, field, points) = faulty();
    world.apply(build_request("delete_control_points", json!({"fld_id": field, "points_to_delete": [3]}))).unwrap();
    let later = explain(&world, 1);
    assert_eq!((later.inverse.state, later.inverse.in_conflict), (InverseState::Blocked, 1));
    assert_eq!(blocks(&later), [("later_operation", "conflict", Some(2))]);
    let with = |option| Deed::revert_with(1, [option]);
    assert_eq!(deeds(&later), [with(Flag::Cascade), with(Flag::SkipConflicts)]);
    assert!(later.ways_out[0].text.contains("2, 1"), "{:?}", later.ways_out[0]);

    run_foreign_sql(&world, &format!("UPDATE TxFieldPoint SET Gantry_Ang = 12 WHERE TFP_ID = {}", points[0]));
    run_foreign_sql(&world, &format!("UPDATE TxFieldPoint SET Couch_Vrt = 12.25 WHERE TFP_ID = {}", points[1]));
    run_foreign_sql(&world, &format!("DELETE FROM TxFieldPoint WHERE TFP_ID = {}", points[2]));
    let all = explain(&world, 1);
    assert_eq!(
        blocks(&all),
        [
            ("foreign_change", "conflict", None),
            ("foreign_change", "conflict", None),
            ("later_operation", "conflict", Some(2))
        ]
    );
    assert_eq!(all.blocked_by[0].columns, ["Gantry_Ang"]);
    assert_eq!(all.blocked_by[1].key, Some(points[2].to_string()));
    assert_eq!(all.inverse.drift.len(), 1);
    assert!(all.ways_out[0].text.contains("2 rows would still be in conflict"), "{:?}", all.ways_out);
    assert!(deeds(&all).contains(&Deed::revert_with(1, [Flag::Force, Flag::SkipConflicts])));
    assert!(all.ok, "drift is the target's business, not a broken proof");
    // What it says of --skip-conflicts is what happens.
    let skip = revert::Request { operations: vec![1], skip_conflicts: true, ..Default::default() };
    let done = revert::run(&world.context(), &skip).unwrap();
    assert_eq!(
        (done.operations[0].rows, done.operations[0].conflicts.len() as u64),
        (all.inverse.rows, all.inverse.in_conflict)
    );
}

#[test]
fn a_change_of_others_alone_can_be_overwritten() {
    let (world, _, points) = faulty();
    run_foreign_sql(&world, &format!("UPDATE TxFieldPoint SET Gantry_Ang = 12 WHERE TFP_ID = {}", points[0]));
    let with = |option| Deed::revert_with(1, [option]);
    assert_eq!(deeds(&explain(&world, 1)), [with(Flag::SkipConflicts), with(Flag::Force)]);
}

#[test]
fn k10_a_column_that_is_gone_is_put_back_by_hand_and_never_forced() {
    let (world, _, _) = faulty();
    run_foreign_sql(&world, "ALTER TABLE TxFieldPoint RENAME COLUMN Gantry_Ang TO Elsewhere");
    let outcome = explain(&world, 1);
    assert!(deeds(&outcome).is_empty(), "{:?}", deeds(&outcome));
    assert!(outcome.ways_out[0].text.contains("restore the column"), "{:?}", outcome.ways_out[0]);
    let refused = world.revert(&[1]).unwrap_err();
    assert_eq!(refused.code, "conflict");
    let said = format!("{:?}", refused.next);
    assert!(said.contains("restore the column") && !said.contains("Force"), "{said}");
    run_foreign_sql(&world, "ALTER TABLE TxFieldPoint RENAME COLUMN Elsewhere TO Gantry_Ang");
    assert!(world.revert(&[1]).unwrap().operations[0].exact);
}

#[test]
fn rows_that_are_back_already_leave_something_to_close() {
    let (world, _, points) = faulty();
    let was = explain(&world, 1).inverse.changes[0].after["Gantry_Ang"].clone();
    run_foreign_sql(&world, &format!("UPDATE TxFieldPoint SET Gantry_Ang = {was} WHERE TFP_ID = {}", points[0]));
    let outcome = explain(&world, 1);
    assert_eq!((outcome.inverse.already_back, outcome.inverse.rows), (1, points.len() as u64 - 1));
    assert_eq!(outcome.inverse.state, InverseState::Possible);
}

#[test]
fn what_the_schema_refuses_is_said_before_anybody_tries() {
    let (world, _, _) = faulty();
    run_foreign_sql(&world, "CREATE TRIGGER t AFTER UPDATE ON TxFieldPoint BEGIN SELECT 1; END");
    let outcome = explain(&world, 1);
    assert_eq!((outcome.inverse.state, blocks(&outcome)), (InverseState::Blocked, vec![("refusal", "trigger", None)]));
    assert!(matches!(outcome.ways_out[0].way, StepKind::Give { option: Flag::DisableTriggers, .. }));
}

#[test]
fn an_absent_target_is_unknown_and_a_replaced_one_is_found() {
    let (world, _, _) = faulty();
    let (lab, aside) = (world.path("lab.db"), world.path("aside.db"));
    std::fs::rename(&lab, &aside).unwrap();
    let outcome = explain::run(&world.context(), &explain::Request { op: 1 }).unwrap();
    assert!(outcome.ok && outcome.proof.holds);
    assert_eq!((outcome.inverse.state, outcome.proof.target.state), (InverseState::Unknown, "unknown"));
    assert!(outcome.proof.target.why.is_some() && outcome.inverse.why.is_some());
    std::fs::rename(&aside, &lab).unwrap();
    // The uid is gone, as after a restore from before the operation.
    run_foreign_sql(&world, "DELETE FROM mfm_operation");
    let replaced = explain(&world, 1);
    assert!(!replaced.ok);
    assert_eq!((replaced.proof.target.state, replaced.proof.target.agrees), ("absent", Some(false)));
    assert_eq!(blocks(&replaced), [("refusal", "target_replaced", None)]);
    run_foreign_sql(&world, "DROP TABLE mfm_marker");
    assert_eq!(blocks(&explain(&world, 1)), [("refusal", "unmarked", None)]);
}

#[test]
fn an_operation_that_never_took_effect_and_one_that_is_open() {
    silence_crashes();
    let world = World::with_lab(12);
    let foreign = world.open_foreign();
    foreign.execute_batch("BEGIN IMMEDIATE").unwrap();
    world.apply(request_sample("create_duplicate_treatment", "same_field", 1, 1)).unwrap_err();
    foreign.execute_batch("ROLLBACK").unwrap();
    let failed = explain(&world, 1);
    assert_eq!((failed.inverse.state, failed.ways_out.len()), (InverseState::Nothing, 0));
    assert!(failed.ok && failed.words.contains("tried to commit"), "{}", failed.words);

    world.apply(request_sample("create_duplicate_treatment", "same_field", 1, 2)).unwrap();
    let (_, made) =
        mfm::ops::plan::run(&world.context(), &request_sample("delete_control_points", "single_gap", 1, 3)).unwrap();
    let rig = Rig::of(world);
    let mut step = 0;
    while Journal::open_read(&rig.world.journal).unwrap().state().open.is_empty() {
        step += 1;
        rig.with(&Bomb::at(step, How::Crash), |engine| engine.commit(&made.proposal, &made.prepared));
    }
    let op = status::run(&rig.world.context()).unwrap().open[0].op;
    let open = explain(&rig.world, op);
    assert_eq!((open.inverse.state, open.proof.sealed_entry), (InverseState::Unknown, None));
    assert_eq!(blocks(&open), [("open_operation", "recover_first", Some(op))]);
    // It stands in the way of every other operation too.
    assert_eq!(blocks(&explain(&rig.world, 2)), [("open_operation", "recover_first", Some(op))]);
    assert_eq!(deeds(&open), [Deed::Recover]);
}

#[test]
fn a_number_that_is_none_and_a_target_that_is_no_longer_registered() {
    let (world, _, _) = faulty();
    let missing = explain::run(&world.context(), &explain::Request { op: 7 }).unwrap_err();
    assert_eq!(missing.code, "no_operation");
    world.revert(&[1]).unwrap();
    let on_lab = Context { target: Some("lab".into()), ..world.context() };
    mfm::ops::targets::remove::run(&on_lab).unwrap();
    let outcome = explain(&world, 2);
    assert_eq!((outcome.inverse.state, outcome.proof.target.state), (InverseState::Unknown, "unknown"));
    assert!(outcome.words.contains("no longer registered"));
}
