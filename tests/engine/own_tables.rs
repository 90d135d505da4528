//! mfm's own tables in a target, changed by somebody: whatever writes there would reach further, and nothing does.

use std::sync::{Arc, Mutex};

use mfm::engine::{Engine, EngineError};
use mfm::ops::{audit, recover, status, targets};
use mfm::targets::faults::{Faults as TargetFaults, WriteStep};
use mfm::targets::sqlite::SqliteTarget;
use mfm_journal::{Faults as JournalFaults, Journal, JournalStep};
use testutils::bomb::{Bomb, How, apply_three_rows, revert_all, silence_crashes};
use testutils::{World, dump_tables, run_foreign_sql};

use super::crash::{Rig, leave_open};

/// Ways in which mfm's own tables can reach further: what opens the door, and what closes it again.
const DOORS: [(&str, &str); 14] = [
    (
        "CREATE TRIGGER d AFTER INSERT ON mfm_operation BEGIN UPDATE t SET b = 'reached'; DELETE FROM t WHERE id = 3; END",
        "DROP TRIGGER d",
    ),
    ("CREATE TRIGGER d BEFORE INSERT ON main.MFM_Operation BEGIN SELECT raise(IGNORE); END", "DROP TRIGGER d"),
    ("CREATE TRIGGER d BEFORE DELETE ON \"mfm_marker\" BEGIN DELETE FROM t; END", "DROP TRIGGER d"),
    ("CREATE TABLE d (m TEXT REFERENCES mfm_marker(marker_id) ON DELETE CASCADE)", "DROP TABLE d"),
    ("CREATE TABLE d (m TEXT REFERENCES MFM_OPERATION ON UPDATE SET NULL)", "DROP TABLE d"),
    ("CREATE UNIQUE INDEX d ON mfm_operation (state)", "DROP INDEX d"),
    ("CREATE INDEX d ON mfm_operation (json(state)) WHERE op > 1", "DROP INDEX d"),
    ("CREATE INDEX d ON mfm_marker (actor) WHERE at > 0", "DROP INDEX d"),
    ("ALTER TABLE mfm_operation ADD COLUMN d INTEGER", "ALTER TABLE mfm_operation DROP COLUMN d"),
    ("ALTER TABLE mfm_operation ADD COLUMN d AS (op + 1)", "ALTER TABLE mfm_operation DROP COLUMN d"),
    // As copying tools do.
    (
        "ALTER TABLE mfm_operation RENAME TO kept; CREATE TABLE mfm_operation AS SELECT * FROM kept",
        "DROP TABLE mfm_operation; ALTER TABLE kept RENAME TO mfm_operation",
    ),
    (
        "ALTER TABLE mfm_operation RENAME TO kept; CREATE TABLE mfm_operation (uid TEXT PRIMARY KEY NOT NULL, \
         journal_id TEXT NOT NULL, op INTEGER NOT NULL, state TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID; \
         INSERT INTO mfm_operation SELECT * FROM kept",
        "DROP TABLE mfm_operation; ALTER TABLE kept RENAME TO mfm_operation",
    ),
    (
        "ALTER TABLE mfm_operation RENAME TO kept; CREATE VIEW mfm_operation AS SELECT * FROM kept; \
         CREATE TRIGGER d INSTEAD OF INSERT ON mfm_operation BEGIN DELETE FROM t; END",
        "DROP VIEW mfm_operation; ALTER TABLE kept RENAME TO mfm_operation",
    ),
    (
        "ALTER TABLE mfm_marker RENAME TO kept; CREATE VIRTUAL TABLE mfm_marker USING fts5(marker_id, bound, at, actor); \
         INSERT INTO mfm_marker SELECT * FROM kept",
        "DROP TABLE mfm_marker; ALTER TABLE kept RENAME TO mfm_marker",
    ),
];

/// A renamed table is declared under a quoted name, so the declaration is put back as it was.
const AS_MADE: &str = "PRAGMA writable_schema = ON; \
    UPDATE sqlite_schema SET sql = replace(sql, '\"mfm_operation\"', 'mfm_operation') WHERE name = 'mfm_operation'; \
    UPDATE sqlite_schema SET sql = replace(sql, '\"mfm_marker\"', 'mfm_marker') WHERE name = 'mfm_marker'; \
    PRAGMA writable_schema = RESET";

fn none() -> Bomb {
    Bomb::at(0, How::Crash)
}

fn run<T>(rig: &Rig, step: impl FnOnce(&mut Engine<'_>) -> Result<T, EngineError>) -> Result<T, EngineError> {
    rig.with(&none(), step).unwrap()
}

fn remark(world: &World) -> Result<targets::mark::Outcome, mfm::ops::Failure> {
    let request = targets::mark::Request { target: "lab".into(), confirm: Some("lab.db".into()), ..Default::default() };
    targets::mark::run(&world.context(), &request)
}

fn entries(world: &World) -> u64 {
    Journal::open_read(&world.journal).unwrap().head().seq
}

#[test]
fn a4_whatever_reaches_on_from_mfm_s_own_tables_is_refused_and_writes_nothing() {
    for (open, close) in DOORS {
        let rig = Rig::new();
        run(&rig, apply_three_rows).unwrap();
        run_foreign_sql(&rig.world, open);
        let (then, seq) = (dump_tables(&rig.world.path("lab.db")), entries(&rig.world));
        assert_eq!(run(&rig, apply_three_rows).unwrap_err().code(), "own_tables", "{open}");
        assert_eq!(run(&rig, revert_all).unwrap_err().code(), "own_tables", "{open}");
        let marked = remark(&rig.world).unwrap_err();
        assert_eq!((marked.code.as_str(), marked.kind.exit_code()), ("own_tables", 3), "{open}");
        let context = rig.world.context();
        let gone =
            recover::Request { word: Some(recover::As::Gone), confirm: Some("lab".into()), ..Default::default() };
        assert_eq!(recover::run(&context, &gone).unwrap_err().code, "own_tables", "{open}");
        assert_eq!(targets::unmark::run(&context).unwrap_err().code, "still_active", "{open}");
        assert_eq!(targets::preflight::run(&context).unwrap().guard, "own_tables", "{open}");
        assert_eq!(status::run(&context).unwrap().targets[0].state, "own_tables", "{open}");
        let audited = audit::run(&context, &audit::Request { depth: audit::Level::Live, full: false }).unwrap();
        assert!(audited.journal.findings.iter().any(|found| found.code == "own_tables"), "{open}");
        assert_eq!((dump_tables(&rig.world.path("lab.db")), entries(&rig.world)), (then, seq), "{open}");
        run_foreign_sql(&rig.world, close);
        run_foreign_sql(&rig.world, AS_MADE);
        run(&rig, revert_all).unwrap();
        assert_eq!(dump_tables(&rig.world.path("lab.db")), rig.before, "{close}");
        targets::unmark::run(&rig.world.context()).unwrap();
    }
}

/// Opens a door, once, when a step is reached: after everything was judged.
struct Opens(String, JournalStep, WriteStep, Option<&'static str>);

impl Opens {
    fn open(&mut self) {
        if let Some(door) = self.3.take() {
            rusqlite::Connection::open(&self.0).unwrap().execute_batch(door).unwrap();
        }
    }
}

impl JournalFaults for Opens {
    fn check_step(&mut self, step: JournalStep) -> Result<(), String> {
        if step == self.1 {
            self.open();
        }
        Ok(())
    }
}

impl TargetFaults for Opens {
    fn allow_step(&mut self, step: WriteStep) -> Result<(), String> {
        if step == self.2 {
            self.open();
        }
        Ok(())
    }
}

/// Runs a step of an engine while a door opens at the last moment before a transaction begins.
fn raced<T>(rig: &Rig, step: WriteStep, door: &'static str, run: impl FnOnce(&mut Engine<'_>) -> T) -> T {
    let path = rig.world.path("lab.db");
    let opens = |journal: JournalStep| Opens(path.display().to_string(), journal, step, Some(door));
    let mut journal = Journal::open(&rig.world.journal).unwrap();
    let mut target = SqliteTarget::open(&path, std::collections::BTreeMap::new()).unwrap();
    if step == WriteStep::Uid {
        journal.set_faults(Box::new(opens(JournalStep::AfterIntendCommit)));
    } else {
        target.set_faults(Arc::new(Mutex::new(opens(JournalStep::AfterCheckpoint))));
    }
    let context = rig.world.context();
    run(&mut context.engine(&mut journal, &mut target, "lab"))
}

#[test]
fn a4_a_door_that_opens_after_the_look_is_seen_in_the_transaction() {
    for (door, _) in DOORS {
        let rig = Rig::new();
        let refused = raced(&rig, WriteStep::Uid, door, apply_three_rows).unwrap_err();
        assert_eq!(refused.code(), "own_tables", "{door}");
        assert!(dump_tables(&rig.world.path("lab.db")).contains(rig.before.trim()), "{door}");
        let operation = Journal::open_read(&rig.world.journal).unwrap().read_operation(1).unwrap().unwrap();
        assert_eq!(operation.verdict, Some(mfm_journal::OperationVerdict::Failed), "{door}");
    }
}

/// A tombstone that a trigger swallows is not put; and a table without constraints takes a second row for a uid.
#[test]
fn a4_recover_seals_nothing_where_its_tombstone_could_be_ignored() {
    silence_crashes();
    for (open, close) in DOORS {
        for commits in [false, true] {
            let rig = Rig::new();
            leave_open(&rig, commits);
            let then = dump_tables(&rig.world.path("lab.db"));
            #[expect(clippy::redundant_closure_for_method_calls, reason = "the method itself is of one lifetime only")]
            let left = raced(&rig, WriteStep::Tombstone, open, |engine| engine.recover()).unwrap_err();
            assert_eq!(left.code(), "own_tables", "{open}");
            let left = recover::run(&rig.world.context(), &recover::Request::default()).unwrap();
            assert!(left.left_open(), "{open}");
            assert_eq!(left.failure.unwrap().code, "own_tables", "{open}");
            assert!(dump_tables(&rig.world.path("lab.db")).contains(then.trim()), "{open}");
            run_foreign_sql(&rig.world, close);
            run_foreign_sql(&rig.world, AS_MADE);
            rig.settles(close);
        }
    }
}

#[test]
fn a4_a_marking_reaches_nothing_by_a_door_that_opens_after_the_look() {
    for (door, _) in DOORS {
        let rig = Rig::new();
        let path = rig.world.path("lab.db");
        let mut target = SqliteTarget::open(&path, std::collections::BTreeMap::new()).unwrap();
        let door_opens = Opens(path.display().to_string(), JournalStep::AfterCheckpoint, WriteStep::Mark, Some(door));
        target.set_faults(Arc::new(Mutex::new(door_opens)));
        let mut port: Box<dyn mfm::targets::Target> = Box::new(target);
        let marker = port.read_marker().unwrap().unwrap();
        let refused = port.open_writer(200).unwrap().mark(&marker).unwrap_err();
        assert_eq!(refused.code(), "own_tables", "{door}");
        assert!(dump_tables(&path).contains(rig.before.trim()), "{door}");
        assert_eq!(port.open_writer(200).unwrap().unmark().unwrap_err().code(), "own_tables", "{door}");
        assert!(dump_tables(&path).contains(rig.before.trim()), "{door}");
    }
}

/// What says nothing about mfm's own tables is nobody's business: views over them, other tables' triggers and keys.
#[test]
fn a4_what_only_looks_at_mfm_s_own_tables_is_let_pass() {
    let rig = Rig::new();
    run_foreign_sql(
        &rig.world,
        "CREATE VIEW v AS SELECT uid, state FROM mfm_operation; \
         CREATE TABLE log (what TEXT); CREATE TABLE other (id INTEGER PRIMARY KEY, t INTEGER REFERENCES log(rowid)); \
         CREATE TRIGGER quiet AFTER INSERT ON other BEGIN INSERT INTO log SELECT uid FROM mfm_operation; END; \
         CREATE TABLE mfm_operations (id INTEGER); CREATE INDEX mfm_operation_x ON mfm_operations (id)",
    );
    run(&rig, apply_three_rows).unwrap();
    run(&rig, revert_all).unwrap();
}
