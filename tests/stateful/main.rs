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
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "../engine/world.rs"]
mod world;

use history::{History, number, run};
use rig::simulated::Simulated;
use rig::sqlite::Sqlite;

/// How many steps a history has: as many as a journal of some hundred operations takes.
const STEPS: u64 = 300;

#[test]
fn random_histories_on_the_simulated_target() {
    (1..=4).for_each(|seed| run::<Simulated>(&History::whole(seed, STEPS)));
}

#[test]
fn random_histories_on_sqlite() {
    (1..=4).for_each(|seed| run::<Sqlite>(&History::whole(seed, STEPS)));
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
            "simulated" => run::<Simulated>(&history),
            "sqlite" => run::<Sqlite>(&history),
            other => panic!("no target {other}"),
        }
        kept += 1;
    }
    assert!(kept > 0);
}

fn long<S: rig::Store>(name: &str) {
    let (first, steps) = (number("MFM_TEST_SEED", 1000), number("MFM_TEST_STEPS", 20_000));
    let started = std::time::Instant::now();
    let mut done = 0;
    for seed in first.. {
        println!("{name} MFM_TEST_SEED={seed}: {done} steps done in {} s", started.elapsed().as_secs());
        run::<S>(&History::whole(seed, STEPS.min(steps - done)));
        done += STEPS.min(steps - done);
        if done == steps {
            break;
        }
    }
    println!("{name}: {done} steps in {} s", started.elapsed().as_secs());
}

/// As long as one likes: `MFM_TEST_SEED=first MFM_TEST_STEPS=count`, and a disk in memory as `MFM_TEST_DIR`.
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
