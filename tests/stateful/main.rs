//! Random histories against a model: applies, reverts in every mode, redos, foreign writes, foreign declarations, faults
//! at any write, two journals, copies put back. The model predicts every answer and every row; a seed repeats a history.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test may fail by panic, says which seed it is at, and has settings of its own"
)]

mod draw;
mod fate;
mod history;
mod model;
mod play;
mod rig;
#[cfg(feature = "mssql")]
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "../mssql/server.rs"]
mod server;

use history::{History, Tally, number, run};
use mfm_journal::testing::test_scale;
#[cfg(feature = "mssql")]
use rig::mssql::Mssql;
use rig::simulated::Simulated;
use rig::sqlite::Sqlite;

/// How many steps a history has: as many as a journal of some hundred operations takes.
const STEPS: u64 = 300;

/// What has to happen in a few histories, so that they look at what they should.
const NOTABLE: [&str; 30] = [
    "a revert of a redo",
    "a revert of a revert",
    "a transaction outlived its process",
    "already_reverted",
    "applied",
    "conflict",
    "conflict, blocked by a later operation",
    "crash",
    "drift",
    "everything came back",
    "foreign_operation",
    "gone",
    "injected",
    "left_open",
    "no_operation",
    "not_applied",
    "nothing but conflicts",
    "partly blocked",
    "partly reverted",
    "recover: abandoned",
    "recover: applied",
    "recover_first",
    "restored",
    "reverted",
    "rows given up",
    "rows kept",
    "several reverts",
    "stale",
    "target_failed",
    "trigger",
];

fn some<S: rig::Store>() {
    let mut all = Tally::new();
    for seed in 1..=6 {
        add(&mut all, run::<S>(&History::whole(seed, 200)));
    }
    let missing: Vec<&str> = NOTABLE.into_iter().filter(|what| !all.contains_key(what)).collect();
    assert!(missing.is_empty(), "it never came to {missing:?}: {all:#?}");
}

fn add(all: &mut Tally, more: Tally) {
    more.into_iter().for_each(|(what, times)| *all.entry(what).or_default() += times);
}

#[test]
fn random_histories_on_the_simulated_target() {
    some::<Simulated>();
}

#[test]
fn random_histories_on_sqlite() {
    some::<Sqlite>();
}

/// Every history that once failed, at its shortest: target, seed, and the steps played of it.
#[test]
fn kept_seeds() {
    let mut kept = 0;
    for line in include_str!("seeds.txt").lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        let mut words = line.split_whitespace();
        let (target, seed, steps) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        let history = History::parse(seed, steps);
        match target {
            "simulated" => drop(run::<Simulated>(&history)),
            "sqlite" => drop(run::<Sqlite>(&history)),
            other => panic!("no target {other}"),
        }
        kept += 1;
    }
    assert!(kept > 0);
}

fn long<S: rig::Store>(name: &str) {
    let (first, steps) = (number("MFM_TEST_SEED", 1000), STEPS * test_scale());
    let started = std::time::Instant::now();
    let (mut done, mut all) = (0, Tally::new());
    for seed in first.. {
        println!("{name} MFM_TEST_SEED={seed}: {done} steps done in {} s", started.elapsed().as_secs());
        add(&mut all, run::<S>(&History::whole(seed, STEPS.min(steps - done))));
        done += STEPS.min(steps - done);
        if done == steps {
            break;
        }
    }
    println!("{name}: {done} steps in {} s: {all:#?}", started.elapsed().as_secs());
}

/// As long as one likes: `MFM_TEST_SEED=first MFM_TEST_SCALE=histories`, and a disk in memory as `MFM_TEST_DIR`.
#[test]
#[ignore = "runs as long as it is told to"]
fn long_histories_on_the_simulated_target() {
    long::<Simulated>("simulated");
}

#[test]
#[ignore = "runs as long as it is told to"]
fn long_histories_on_sqlite() {
    long::<Sqlite>("sqlite");
}

/// A short history for each kind of seed, each step over the network; as long as one likes with `MFM_TEST_SCALE`.
#[cfg(feature = "mssql")]
#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn random_histories_on_a_live_server() {
    let (first, steps) = (number("MFM_TEST_SEED", 1), STEPS * test_scale());
    let mut all = Tally::new();
    for (seed, from) in (first..).zip((0..steps).step_by(100)) {
        let steps = (steps - from).min(100);
        println!("live server MFM_TEST_SEED={seed}: {steps} steps");
        add(&mut all, run::<Mssql>(&History::whole(seed, steps)));
    }
    println!("{steps} steps: {all:#?}");
    for what in ["applied", "reverted", "conflict", "crash", "stale"] {
        assert!(steps < 300 || first > 1 || all.contains_key(what), "it never came to {what}: {all:#?}");
    }
}
