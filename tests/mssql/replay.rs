//! Replay between a SQLite lab and one on the server, both ways, and from one server's lab onto another.

use mfm::domains::mosaiq::modes::MODES;
use mfm::ops::replay::{self, Outcome};
use mfm::ops::{Context, lab, plan, revert};
use mfm::plan::alike::Likeness;
use testutils::{World, request_sample};

use super::live::world;
use super::server::Database;

const PATIENTS: u32 = 20;

/// Registers a lab under a name.
fn add_lab(world: &World, url: String, name: &str) {
    let request = lab::create::Request { url, patients: Some(PATIENTS), name: Some(name.into()), ..Default::default() };
    lab::create::run(&world.context(), &request).unwrap();
}

fn on<'w>(world: &'w World, target: &str) -> Context<'w> {
    Context { target: Some(target.into()), ..world.context() }
}

/// Applies the first variant of every mode, takes every second one back, partly redoes one, and returns how many
/// operations that made.
fn history(world: &World, target: &str) -> usize {
    let mut made = 0;
    for (nth, mode) in MODES.iter().enumerate() {
        let request = plan::Request { ..request_sample(mode.card().tool, mode.card().variants[0].word, 1, 9) };
        let source = mfm::ops::apply::Source::Request(request);
        let applied = mfm::ops::apply::run(&on(world, target), &source, false, &mut |_| {}).unwrap();
        made += 1;
        if nth % 2 == 0 {
            let request = revert::Request { operations: vec![applied.op.unwrap()], ..Default::default() };
            let back = revert::run(&on(world, target), &request).unwrap();
            made += 1;
            if nth == 0 {
                let redo = revert::Request { operations: vec![back.operations[0].op.unwrap()], ..Default::default() };
                revert::run(&on(world, target), &redo).unwrap();
                made += 1;
            }
        }
    }
    made
}

fn replay(world: &World, from: &str, onto: &str) -> Outcome {
    let request = replay::Request { onto: onto.into(), ..Default::default() };
    let outcome = replay::run(&on(world, from), &request).unwrap();
    assert!(outcome.ok, "{:#?}", outcome.first_difference);
    outcome
}

fn verdicts(outcome: &Outcome, made: usize, verdict: Likeness) {
    assert_eq!(outcome.replayed.len(), made);
    assert!(outcome.replayed.iter().all(|line| line.verdict == verdict), "{outcome:#?}");
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn what_was_done_on_sqlite_is_equivalent_on_the_server() {
    let (database, world) = (Database::new(), world());
    add_lab(&world, world.url("lab.db"), "file");
    add_lab(&world, database.url(), "server");
    let made = history(&world, "file");
    verdicts(&replay(&world, "file", "server"), made, Likeness::Equivalent);
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn what_was_done_on_the_server_is_equivalent_on_sqlite_and_equal_on_another_lab_there() {
    let (database, other, world) = (Database::new(), Database::new(), world());
    add_lab(&world, database.url(), "server");
    add_lab(&world, world.url("lab.db"), "file");
    add_lab(&world, other.url(), "other");
    let made = history(&world, "server");
    verdicts(&replay(&world, "server", "file"), made, Likeness::Equivalent);
    let again = replay(&world, "server", "other");
    verdicts(&again, made, Likeness::Equal);
    let journal = mfm_journal::Journal::open_read(&world.journal).unwrap();
    for line in &again.replayed {
        let operation = |op| journal.read_operation(op).unwrap().unwrap();
        let (was, is) = (operation(line.op), operation(line.replayed_as));
        assert_eq!((was.plan_digest, was.rows_root), (is.plan_digest, is.rows_root), "operation {}", line.op);
    }
}
