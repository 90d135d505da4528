//! The threads behind the interface: a target that takes its time never keeps another job waiting, and nothing that is
//! being written is left half done.

use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use mfm::model::ports::{Clock, NoSecrets};
use mfm::ops::{lab, plan};
use mfm::tui::job::{Job, JobAnswer};
use mfm::tui::message::Message;
use mfm::tui::workers::{TuiHost, Workers};
use mfm_journal::LockHolder;

use crate::world::{TestEntropy, World, angles_on, start_clock};

fn workers(world: &World) -> (Workers, Receiver<Message>) {
    workers_by(world, Box::new(start_clock()))
}

fn workers_by(world: &World, clock: Box<dyn Clock + Send + Sync>) -> (Workers, Receiver<Message>) {
    let (out, messages) = channel();
    let host = TuiHost {
        journal: world.journal(),
        target: None,
        actor: "tester".into(),
        holder: LockHolder { pid: 1, host: "here".into(), command: "mfm tui".into() },
        wait_ms: 5_000,
        clock,
        entropy: Box::new(TestEntropy::new()),
        secrets: Box::new(NoSecrets),
    };
    (Workers::new(host, out), messages)
}

/// Returns the next answer.
fn next(messages: &Receiver<Message>) -> (u64, JobAnswer) {
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if let Message::Done { ticket, answer } = messages.recv_timeout(left).unwrap() {
            return (ticket, answer);
        }
    }
}

fn answer(messages: &Receiver<Message>, wanted: u64) -> JobAnswer {
    let (ticket, answer) = next(messages);
    assert_eq!(ticket, wanted);
    answer
}

/// Plans impossible angles on three fields, and returns the job that commits them.
fn angles(world: &mut World) -> Job {
    let request = angles_on(3);
    let (outcome, _) = world.with(|context, _| plan::run(context, &request)).unwrap();
    Job::Apply { request: Box::new(request), digest: outcome.plan_digest }
}

#[test]
fn a_lane_that_waits_for_a_lock_keeps_no_other_lane_waiting() {
    let mut world = World::new((80, 24));
    let apply = angles(&mut world);
    let lock = rusqlite::Connection::open(world.lab()).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE; UPDATE Patient SET Inactive = 0 WHERE Pat_ID1 = -1;").unwrap();
    let (mut workers, messages) = workers(&world);
    workers.start_job(1, apply, None);
    workers.start_job(2, Job::Status, None);
    workers.start_job(3, Job::Entries { before: None }, None);
    let mut first = [next(&messages), next(&messages)];
    first.sort_by_key(|(ticket, _)| *ticket);
    assert!(
        matches!(&first, [(2, JobAnswer::Status(_)), (3, JobAnswer::Entries(entries, None))] if !entries.is_empty())
    );
    lock.execute_batch("ROLLBACK").unwrap();
    assert!(matches!(answer(&messages, 1), JobAnswer::Applied(_)));
    workers.shut_down();
}

#[test]
fn what_is_written_is_sealed_before_the_end() {
    let mut world = World::new((80, 24));
    let apply = angles(&mut world);
    let (mut workers, messages) = workers(&world);
    workers.start_job(1, apply, None);
    drop(messages);
    // Whoever ends now waits for the seal: an operation is there whole, or never began.
    workers.shut_down();
    let status = world.with(|context, _| mfm::ops::status::run(context)).unwrap();
    assert!(status.open.is_empty(), "{:?}", status.open);
}

#[test]
fn a_job_that_panics_is_an_answer() {
    let mut world = World::bare((80, 24));
    let request = lab::create::Request {
        url: format!("sqlite:{}", world.dir.path().join("lab.db").display()),
        patients: Some(2),
        ..Default::default()
    };
    world.with(|context, _| lab::create::run(context, &request).map(drop)).unwrap();
    let (mut workers, messages) = workers_by(&world, Box::new(Stopped));
    workers.start_job(1, Job::Check, None);
    assert!(matches!(answer(&messages, 1), JobAnswer::Failed(failure) if failure.code == "panic"));
    workers.start_job(2, Job::Status, None);
    assert!(matches!(answer(&messages, 2), JobAnswer::Status(_)));
    workers.shut_down();
}

/// A clock that panics.
struct Stopped;

impl Clock for Stopped {
    fn now_us(&self) -> i64 {
        panic!("this clock stands still")
    }

    fn local_time(&self) -> jiff::civil::DateTime {
        panic!("this clock stands still")
    }
}
