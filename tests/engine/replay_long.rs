//! Replay of a long journal: every mode, reverts of all kinds, faults put back in; onto a fresh copy, and onto one with
//! a single changed cell.

use std::collections::BTreeSet;
use std::time::Instant;

use mfm::domains::mosaiq::modes::MODES;
use mfm::model::Value;
use mfm::model::seed::RecordRandom;
use mfm::ops::{revert, status};
use mfm::plan::alike::Likeness;
use mfm_journal::{Journal, OperationAction, OperationVerdict as Sealed};
use serde_json::json;
use testutils::{World, build_request, dump_tables, request_angles, request_samples};

use super::replay::{add_copy, replay, with_copy};

/// How often each kind of operation was made.
#[derive(Debug, Default)]
struct Made {
    applies: usize,
    whole: usize,
    partial: usize,
    cascades: usize,
    again: usize,
}

/// The fields of at least six control points.
fn fields(world: &World) -> Vec<i64> {
    let connection = world.open_foreign();
    let sql = "SELECT FLD_ID FROM TxFieldPoint GROUP BY FLD_ID HAVING count(*) > 5 ORDER BY 1";
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Makes so many operations, mixed by a seed.
fn history(world: &World, wanted: u64, seed: u64) -> Made {
    let mut random = RecordRandom::new(seed, "history", &[Value::Integer(1)]);
    let mut below = |n: usize| usize::try_from(random.below(n as u64)).unwrap();
    let (mut made, mut last, mut variants) = (Made::default(), 0, 0);
    let all: Vec<_> = MODES.iter().flat_map(|mode| mode.card().variants.iter().map(move |v| (*mode, v.word))).collect();
    let fields = fields(world);
    while last < wanted {
        let active: Vec<u64> = status::run(&world.context()).unwrap().active.iter().map(|active| active.op).collect();
        if active.len() < 5 || (below(3) > 0 && active.len() < 40) {
            // Every variant in turn, so that all of them are there however few operations are wanted.
            let (mode, variant) = all[variants % all.len()];
            variants += 1;
            if below(3) == 0 {
                // One fault on top of another, so that reverts meet later operations.
                let field = fields[below(fields.len())];
                let below_it = json!({"fld_id": field, "points_to_delete": [below(3)]});
                for request in [request_angles(field, "400"), build_request("delete_control_points", below_it)] {
                    if let Ok(applied) = world.apply(request) {
                        made.applies += 1;
                        last = applied.op.unwrap();
                    }
                }
                continue;
            }
            let requests = request_samples(mode, variant, 1 + below(2) as u64, below(1000) as u64);
            let (_, request) = requests[below(requests.len())].clone();
            if let Ok(applied) = world.apply(request) {
                made.applies += 1;
                last = applied.op.unwrap();
            }
            continue;
        }
        let op = active[below(active.len())];
        let mut request = revert::Request { operations: vec![op], ..Default::default() };
        let kind = below(4);
        if kind == 0 {
            request.cascade = true;
        } else if kind < 3 {
            request.skip_conflicts = true;
        }
        let Ok(done) = revert::run(&world.context(), &request) else { continue };
        for line in &done.operations {
            let Some(number) = line.op else { continue };
            last = number;
            match (line.state, done.operations.len()) {
                ("partly_reverted", _) => made.partial += 1,
                (_, 1) => made.whole += 1,
                _ => made.cascades += 1,
            }
        }
        if below(4) == 0
            && let Some(number) = done.operations[0].op
            && let Ok(done) =
                revert::run(&world.context(), &revert::Request { operations: vec![number], ..Default::default() })
            && let Some(number) = done.operations[0].op
        {
            made.again += 1;
            last = number;
        }
    }
    made
}

/// Replays a history onto a fresh copy and onto one with a changed cell.
#[expect(clippy::print_stdout, reason = "a long run says its seed and its times")]
fn holds(wanted: u64, seed: u64, patients: u32) {
    let world = with_copy(patients);
    add_copy(&world, "changed.db");
    let began = Instant::now();
    let made = history(&world, wanted, seed);
    println!("seed {seed}: {made:?} in {:?}", began.elapsed());
    assert!(made.partial > 0 && made.cascades > 0 && made.again > 0 && made.whole > 0, "{made:?}");

    let began = Instant::now();
    let outcome = replay(&world, None).unwrap();
    println!("{} operations replayed in {:?}", outcome.replayed.len(), began.elapsed());
    assert!(outcome.ok, "{:#?}", outcome.first_difference);
    assert!(outcome.replayed.len() as u64 >= wanted);
    let tools: BTreeSet<&str> = outcome.replayed.iter().map(|line| line.tool.as_str()).collect();
    assert!(wanted < 100 || tools.len() == MODES.len(), "{tools:?}");
    assert!(outcome.replayed.iter().all(|line| line.verdict == Likeness::Equal));
    assert_eq!(dump_tables(&world.path("copy.db")), dump_tables(&world.path("lab.db")));
    let journal = Journal::open_read(&world.journal).unwrap();
    for line in &outcome.replayed {
        let (was, is) = (
            journal.read_operation(line.op).unwrap().unwrap(),
            journal.read_operation(line.replayed_as).unwrap().unwrap(),
        );
        assert_eq!((was.plan_digest, was.rows_root), (is.plan_digest, is.rows_root), "operation {}", line.op);
    }
    changed(&world, &journal);
}

/// Changes one cell that an operation in the middle is the first to touch, and replays onto that.
#[expect(clippy::print_stdout, reason = "a long run says what it found")]
fn changed(world: &World, journal: &Journal) {
    let (mut seen, mut chosen) = (BTreeSet::new(), None);
    let last = journal.state().next_op;
    for op in 1..last {
        let operation = journal.read_operation(op).unwrap().unwrap();
        if operation.target.name != "lab" || operation.verdict != Some(Sealed::Applied) {
            continue;
        }
        journal
            .visit_changes(&operation, &mut |change| {
                let fresh = seen.insert((change.table.name.clone(), change.key.clone()));
                let column = change.column_names().first().map(|name| (*name).to_owned());
                let number = change.cells_before().and_then(|cells| cells.first()).cloned();
                let wanted = fresh && operation.action == OperationAction::Apply && change.action.as_str() == "update";
                if wanted && let (Some(column), Some(Value::Real(_) | Value::Integer(_))) = (column, &number) {
                    let table = change.table.clone();
                    chosen =
                        Some((op, table.name.clone(), table.key[0].clone(), change.key[0].clone(), column, number));
                }
                std::ops::ControlFlow::Continue(())
            })
            .unwrap();
        if op > last / 4 && chosen.is_some() {
            break;
        }
    }
    let (op, table, key_column, key, column, number) = chosen.unwrap();
    let Value::Integer(key) = key else { panic!("{key:?}") };
    let copy = rusqlite::Connection::open(world.path("changed.db")).unwrap();
    copy.execute_batch(&format!("UPDATE {table} SET {column} = 17.25 WHERE {key_column} = {key}")).unwrap();
    let request = mfm::ops::replay::Request { onto: "changed".into(), ..Default::default() };
    let outcome = mfm::ops::replay::run(&world.context(), &request).unwrap();
    let found = outcome.first_difference.unwrap();
    // An operation that reads the cell may part earlier than the first that changes it.
    assert!(!outcome.ok && found.op <= op, "{found:?}, operation {op}");
    assert_eq!((found.what.as_str(), found.table.as_deref()), ("cell", Some(table.as_str())), "{found:?}");
    assert_eq!((found.key, found.column), (Some(key.to_string()), Some(column)));
    let number = number.unwrap();
    assert_eq!((found.journaled, found.found), (mfm::ops::cell::to_json(&number), json!(17.25)));
    println!("operation {op} of {last}: {}", found.message);
}

#[test]
fn mixed_operations_are_the_same_on_a_fresh_copy() {
    holds(50, 1, 12);
}

/// The acceptance test: run by hand and by `.ci/run`.
#[test]
#[ignore = "a thousand operations: longer than ten seconds"]
fn a_thousand_mixed_operations_are_the_same_on_a_fresh_copy() {
    holds(1000, 2, 30);
}
