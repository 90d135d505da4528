//! One operation on every tenth row of a large table: apply, revert and audit, beside the same without mfm.

use std::time::Duration;

use mfm::engine::revert::{RevertOptions, RevertSelection};
use mfm_journal::Depth;

use super::Plan;
use super::table::{Table, median};
use super::world::{World, pending, proposal};
use super::yardstick::{CAPTURE, captured, sha256, taken_back, timed, update, update_at_once};

/// One in so many rows changes.
pub(crate) const EACH: u64 = 10;

/// A constraint over what an update sets, so that the way back is rehearsed.
const CONSTRAINT: &str =
    "ALTER TABLE TxFieldPoint ADD COLUMN Bound INT CHECK (Gantry_Ang IS NULL OR Gantry_Ang > -1000)";

/// The times of one round, in seconds.
#[derive(Default)]
struct Times {
    bare: Vec<f64>,
    at_once: Vec<f64>,
    capture: Vec<f64>,
    undo: Vec<f64>,
    plan: Vec<f64>,
    rehearsed: Vec<f64>,
    apply: Vec<f64>,
    judge: Vec<f64>,
    revert: Vec<f64>,
    audit: Vec<f64>,
    sha: Vec<f64>,
    all: Vec<f64>,
}

/// The chunks of a journal.
fn chunks(world: &World) -> Vec<Vec<u8>> {
    let connection = rusqlite::Connection::open(world.journal_path()).unwrap();
    let mut select = connection.prepare("SELECT bytes FROM chunk").unwrap();
    select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// All that an audit of the data has to hash, piece by piece: the chunks, the leaves of the changes, and the nodes above.
fn hashed(world: &World, chunks: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let journal = mfm_journal::Journal::open_read(&world.journal_path()).unwrap();
    let mut out = chunks.to_vec();
    for operation in journal.read_operations(None, usize::MAX).unwrap() {
        let mut leaves = 0;
        let visit = &mut |change: mfm_journal::Change| {
            let mut leaf = mfm_journal::cbor::Writer::new();
            leaf.write_raw(&[0]);
            change.write_leaf(&mut leaf).unwrap();
            out.push(leaf.into_bytes());
            leaves += 1;
            std::ops::ControlFlow::Continue(())
        };
        journal.visit_changes(&operation, visit).unwrap();
        out.extend((1..leaves).map(|_| vec![1; 65]));
    }
    out
}

fn bytes_of(path: &std::path::Path) -> u64 {
    let wal = std::fs::metadata(format!("{}-wal", path.display())).map_or(0, |wal| wal.len());
    std::fs::metadata(path).unwrap().len() + wal
}

/// Applies, and returns how long planning and the rest took.
pub(crate) fn apply(world: &World, rows: u64) -> (Duration, Duration) {
    world.engine(|engine| {
        let changing = pending(engine.target, rows, EACH);
        let (prepared, plan) = timed(|| engine.prepare(&changing, false).unwrap());
        drop(changing);
        let (done, took) = timed(|| engine.commit(&proposal(), &prepared).unwrap());
        assert_eq!((done.rows, done.drift.len()), (rows / EACH, 0));
        (plan, took)
    })
}

/// Takes back, and returns how long judging and the rest took.
pub(crate) fn revert(world: &World) -> (Duration, Duration) {
    world.engine(|engine| {
        let options = RevertOptions::default();
        let (judged, judge) = timed(|| {
            let mut judged = engine.judge_reverts(&RevertSelection::Last, options).unwrap();
            engine.prepare_alone(&mut judged, options).unwrap();
            judged
        });
        let (_, took) = timed(|| engine.revert(&judged.planned[0], options).unwrap());
        (judge, took)
    })
}

fn round(world: &World, rows: u64, times: &mut Times) -> [u64; 3] {
    let mut keep = |into: fn(&mut Times) -> &mut Vec<f64>, took: Duration| into(times).push(took.as_secs_f64());
    world.renew();
    let connection = world.connection();
    keep(|times| &mut times.bare, timed(|| update(&connection, rows, EACH)).1);
    drop(connection);
    world.renew();
    let connection = world.connection();
    keep(|times| &mut times.at_once, timed(|| update_at_once(&connection, EACH)).1);
    drop(connection);
    world.renew();
    let (log, took) = timed(|| captured(world, rows, EACH));
    keep(|times| &mut times.capture, took);
    keep(|times| &mut times.undo, timed(|| taken_back(world, &log)).1);
    world.renew();
    let before = bytes_of(&world.journal_path());
    let (plan, took) = apply(world, rows);
    keep(|times| &mut times.plan, plan);
    keep(|times| &mut times.apply, took);
    let journal = bytes_of(&world.journal_path()) - before;
    let audited = timed(|| mfm_journal::audit(&world.journal_path(), Depth::Data, &mut |_, _| {}).unwrap());
    assert!(audited.0.findings.is_empty());
    keep(|times| &mut times.audit, audited.1);
    let blobs = chunks(world);
    keep(|times| &mut times.sha, timed(|| sha256(&blobs)).1);
    let pieces = hashed(world, &blobs);
    keep(|times| &mut times.all, timed(|| sha256(&pieces)).1);
    let (judge, took) = revert(world);
    keep(|times| &mut times.judge, judge);
    keep(|times| &mut times.revert, took);
    world.renew();
    world.connection().execute_batch(CONSTRAINT).unwrap();
    keep(|times| &mut times.rehearsed, apply(world, rows).1);
    let sum = |pieces: &[Vec<u8>]| pieces.iter().map(|piece| piece.len() as u64).sum();
    [journal, sum(&blobs), sum(&pieces)]
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows and bytes")]
pub(crate) fn run(plan: &Plan, table: &mut Table) {
    let folder = tempfile::tempdir().unwrap();
    let world = World::create(folder.path(), plan.rows);
    let changed = (plan.rows / EACH) as f64;
    let mut times = Times::default();
    let [mut journal, mut stored, mut hashed] = [0; 3];
    for _ in 0..plan.rounds {
        [journal, stored, hashed] = round(&world, plan.rows, &mut times);
    }
    let rehearsed = median(std::mem::take(&mut times.rehearsed));
    let Times { bare, at_once, capture, undo, plan: planned, apply, judge, revert, audit, sha, all, .. } = times;
    let [bare, at_once, capture, undo] = [bare, at_once, capture, undo].map(median);
    let [planned, apply, judge, revert] = [planned, apply, judge, revert].map(median);
    let [audit, sha, all] = [audit, sha, all].map(median);
    let shown = |seconds: f64| format!("{:.0} ms, {:.0} k rows/s", seconds * 1e3, changed / seconds / 1e3);
    let rows = format!("{changed} of {} rows", plan.rows);
    let mut ratio = |what: &str, ours: f64, name: &str, theirs: f64, least: Option<f64>| {
        let (what, beside) = (format!("{what}, {rows}"), format!("{name}: {}", shown(theirs)));
        table.ratio(&what, shown(ours), beside, theirs / ours, least);
    };
    ratio("apply, plan to seal", apply, CAPTURE, capture, Some(1.0));
    ratio("apply, plan to seal", apply, "UPDATE by key", bare, Some(0.45));
    ratio("apply, plan to seal", apply, "one UPDATE", at_once, None);
    ratio("apply, rehearsed, plan to seal", rehearsed, "apply, plan to seal", apply, Some(0.67));
    ratio("revert, plan to seal", revert, CAPTURE, undo, Some(1.3));
    ratio("prepare an apply", planned, "UPDATE by key", bare, None);
    ratio("judge a revert", judge, "UPDATE by key", bare, None);
    let speed = |bytes: u64, seconds: f64| format!("{:.0} ms, {:.0} MB/s", seconds * 1e3, bytes as f64 / seconds / 1e6);
    let mut audited = |name: &str, bytes: u64, raw: f64, least: Option<f64>| {
        let beside = format!("SHA-256 of {name}: {}", speed(bytes, raw));
        table.ratio("audit, data depth", speed(bytes, audit), beside, raw / audit, least);
    };
    audited("all that it hashes", hashed, all, Some(0.7));
    audited("the stored chunks", stored, sha, None);
    let width = journal as f64 / changed;
    table.at_most("journal, a changed one-column row", width, "bytes", String::new(), Some(160.0));
}
