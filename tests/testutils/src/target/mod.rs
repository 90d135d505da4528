//! What the tests of targets share: a marked SQLite file, and small plans as the engine would make them.

pub mod scans;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use mfm::model::{Change, Key, Refusal, RowAction, Table, Value};
use mfm::targets::sqlite::SqliteTarget;
use mfm::targets::{
    DomainKeys, ExecuteError, Executed, Marker, PlannedWork, Preflight, RowMovement, RowTrial, SparedKeys, TableTouch,
    Target, TargetError,
};
use mfm_journal::{
    Digest, Face, FaultLabel, Images, Intended, Intent, Journal, LockHolder, OperationAction, Stamp, TargetRef,
};

/// When everything is written, UTC microseconds since 1970.
pub const AT_US: i64 = 1_700_000_000_000_000;
/// How long somebody else is waited for, in milliseconds.
pub const WAIT_MS: u64 = 50;

/// A journal, because only a journal makes tokens.
pub struct Notebook {
    journal: Journal,
    folder: tempfile::TempDir,
}

impl Notebook {
    /// An empty one, in a folder of its own.
    pub fn new() -> Self {
        static MADE: AtomicU8 = AtomicU8::new(0);
        let folder = tempfile::tempdir().unwrap();
        let nonce = [MADE.fetch_add(1, Ordering::Relaxed); 16];
        let journal = Journal::create(&folder.path().join("journal.db"), nonce, &stamp()).unwrap();
        Self { journal, folder }
    }

    /// Writes down what is going to be done.
    pub fn intend(&mut self, changes: &[Change]) -> Intended {
        let holder = LockHolder { pid: 1, host: "here".into(), command: "test".into() };
        let lock = self.journal.lock(&holder).unwrap();
        let digest = Digest::sha256(b"test");
        let intent = Intent {
            action: OperationAction::Apply,
            label: FaultLabel {
                tool: "tool".into(),
                mode: "mode".into(),
                variant: "variant".into(),
                severity: "low".into(),
            },
            plan_digest: digest,
            plan_id: None,
            target: TargetRef { name: "lab".into(), identity: digest, marker_id: "00".repeat(16) },
            reverts: None,
            residue: Vec::new(),
            keys: None,
            detail: serde_json::Map::new(),
        };
        self.journal.intend(&lock, &stamp(), &intent, &Images::from_changes(changes).unwrap()).unwrap()
    }

    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

fn stamp() -> Stamp {
    Stamp { at_us: AT_US, actor: "tester".into(), face: Face::Library }
}

/// A SQLite file in a folder of its own.
pub struct File {
    folder: tempfile::TempDir,
    /// The file.
    pub path: PathBuf,
    /// The keys that the domain knows.
    pub keys: DomainKeys,
}

impl File {
    /// One made by some SQL, and marked.
    pub fn new(sql: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lab.db");
        let file = Self { folder, path, keys: DomainKeys::new() };
        file.sql(sql);
        file.mark();
        file
    }

    /// The same with a key that the domain knows.
    pub fn keyed(mut self, table: &str, columns: &[&str]) -> Self {
        self.keys.insert(table.into(), columns.iter().map(|column| (*column).into()).collect());
        self
    }

    /// What somebody else does.
    pub fn sql(&self, sql: &str) {
        self.connection().execute_batch(sql).unwrap();
    }

    /// Connects as somebody else.
    pub fn connection(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(&self.path).unwrap()
    }

    /// Opens it as mfm does.
    pub fn target(&self) -> SqliteTarget {
        SqliteTarget::open(&self.path, self.keys.clone()).unwrap()
    }

    /// Marks it.
    pub fn mark(&self) -> Marker {
        let mut target = self.target();
        let bound = target.read_binding().unwrap();
        let marker = Marker { marker_id: "00".repeat(16), bound, at_us: AT_US, actor: "tester".into() };
        target.open_writer(WAIT_MS).unwrap().mark(&marker).unwrap();
        marker
    }

    /// One value, as SQLite itself shows it.
    pub fn quote(&self, select: &str) -> String {
        let quoted = format!("SELECT group_concat(q, '|') FROM (SELECT quote(v) AS q FROM ({select}))");
        self.connection().query_one(&quoted, [], |row| row.get::<_, Option<String>>(0)).unwrap().unwrap_or_default()
    }

    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Returns a table, which has to be there.
pub fn table(target: &mut dyn Target, name: &str) -> Arc<Table> {
    target.find_table(name).unwrap().unwrap()
}

/// Returns a whole number as a value.
pub fn int(number: i64) -> Value {
    Value::Integer(number)
}

/// Returns a text as a value.
pub fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// Returns a row as it is now.
pub fn row(target: &mut dyn Target, name: &str, key: &[Value]) -> Option<Vec<Value>> {
    let table = table(target, name);
    target.read_rows(&table, &[key.to_vec()]).unwrap().remove(0)
}

fn digest(table: &Table, row: &[Value]) -> Digest {
    table.shape.row_digest(row).unwrap()
}

/// An update as the planner makes it: tried out first.
pub fn update(target: &mut dyn Target, name: &str, key: Key, set: &[(&str, Value)]) -> Result<Change, TargetError> {
    let table = table(target, name);
    let before = row(target, name, &key).expect("a row to update");
    let mut after = before.clone();
    let mut columns = Vec::new();
    for (column, value) in set {
        let (at, _) = table.column(column)?;
        after[at] = value.clone();
        columns.push(at);
    }
    columns.sort_unstable();
    let after = target.normalize_rows(&table, vec![RowTrial { from: Some(before.clone()), to: after }])?.remove(0);
    let names: Vec<String> = columns.iter().map(|at| table.columns[*at].image.name.clone()).collect();
    target.check_unique(&table, &names, std::slice::from_ref(&after))?;
    let pick = |row: &[Value]| columns.iter().map(|at| row[*at].clone()).collect::<Vec<_>>();
    let action = RowAction::Update {
        before: pick(&before),
        after: pick(&after),
        before_digest: digest(&table, &before),
        after_digest: digest(&table, &after),
        columns,
    };
    Ok(Change { table: Arc::clone(&table.shape), key, action })
}

/// An insert as the planner makes it: tried out first.
pub fn insert(target: &mut dyn Target, name: &str, row: Vec<Value>) -> Result<Change, TargetError> {
    let table = table(target, name);
    let after = target.normalize_rows(&table, RowTrial::for_inserts(vec![row]))?.remove(0);
    target.check_unique(&table, &[], std::slice::from_ref(&after))?;
    target.check_references(&[RowMovement { table: &table, row: &after, comes: true }], &SparedKeys::default())?;
    let key = table.key_of(&after)?;
    let after_digest = digest(&table, &after);
    Ok(Change { table: Arc::clone(&table.shape), key, action: RowAction::Insert { after, after_digest } })
}

/// A delete as the planner makes it.
pub fn delete(target: &mut dyn Target, name: &str, key: Key) -> Result<Change, TargetError> {
    let table = table(target, name);
    let before = row(target, name, &key).expect("a row to delete");
    target.check_references(&[RowMovement { table: &table, row: &before, comes: false }], &SparedKeys::default())?;
    let before_digest = digest(&table, &before);
    Ok(Change { table: Arc::clone(&table.shape), key, action: RowAction::Delete { before, before_digest } })
}

/// Rows of a table `t` with a key.
pub const ROWS: &str = "CREATE TABLE t(id INTEGER PRIMARY KEY, a decimal(4,1), b varchar(9));
    INSERT INTO t VALUES (1, 1.5, 'x'), (2, NULL, 'y'), (3, 3, '');";

/// An update, an insert and a delete of them.
pub fn change_rows(target: &mut dyn Target) -> Vec<Change> {
    vec![
        update(target, "t", vec![int(1)], &[("a", int(400))]).unwrap(),
        insert(target, "t", vec![int(9), Value::Real(0.5), text("new ")]).unwrap(),
        delete(target, "t", vec![int(2)]).unwrap(),
    ]
}

/// What takes a change back.
pub fn inverse(change: &Change) -> Change {
    let action = match change.action.clone() {
        RowAction::Insert { after, after_digest } => RowAction::Delete { before: after, before_digest: after_digest },
        RowAction::Delete { before, before_digest } => RowAction::Insert { after: before, after_digest: before_digest },
        RowAction::Update { columns, before, after, before_digest, after_digest } => RowAction::Update {
            columns,
            before: after,
            after: before,
            before_digest: after_digest,
            after_digest: before_digest,
        },
        kept @ RowAction::Kept { .. } => kept,
    };
    Change { table: Arc::clone(&change.table), key: change.key.clone(), action }
}

/// What takes changes back, the last first.
pub fn inverses(changes: &[Change]) -> Vec<Change> {
    changes.iter().rev().map(inverse).collect()
}

/// What changes do to each table.
pub fn touches(target: &mut dyn Target, changes: &[Change]) -> Vec<TableTouch> {
    let mut touches: Vec<TableTouch> = Vec::new();
    for change in changes {
        let name = &change.table.name;
        let at = touches.iter().position(|touch| touch.table.shape.name == *name).unwrap_or_else(|| {
            let table = table(target, name);
            touches.push(TableTouch { table, updated: Vec::new(), inserts: 0, deletes: 0 });
            touches.len() - 1
        });
        let touch = &mut touches[at];
        match &change.action {
            RowAction::Insert { .. } => touch.inserts += 1,
            RowAction::Delete { .. } => touch.deletes += 1,
            RowAction::Update { .. } => touch.updated.extend(change.column_names().into_iter().map(str::to_owned)),
            RowAction::Kept { .. } => {}
        }
        touch.updated.sort();
        touch.updated.dedup();
    }
    touches
}

/// Asks the target what it says of changes before anything is written.
pub fn preflight(target: &mut dyn Target, changes: &[Change]) -> Result<Preflight, TargetError> {
    let touches = touches(target, changes);
    target.first_preflight(&touches, false)
}

/// Returns the work of an operation that switches no triggers off, and whose way back is not rehearsed.
pub fn plan_work<'a>(
    changes: &'a [Change],
    touches: &'a [TableTouch],
    facts: Option<Digest>,
    marker: &'a Marker,
) -> PlannedWork<'a> {
    PlannedWork {
        changes,
        touches,
        facts,
        disable_triggers: false,
        unenforced: &[],
        rehearse: false,
        marker,
        at_us: AT_US,
    }
}

/// Takes all steps of an operation on the target's side.
pub fn execute(
    target: &mut dyn Target,
    notebook: &mut Notebook,
    changes: &[Change],
    disable_triggers: bool,
) -> Result<Executed, ExecuteError> {
    let touches = touches(target, changes);
    let preflight = target.first_preflight(&touches, disable_triggers).map_err(ExecuteError::RolledBack)?;
    execute_judged(target, notebook, changes, &touches, &preflight, disable_triggers)
}

/// The same behind a preflight that was made before.
pub fn execute_judged(
    target: &mut dyn Target,
    notebook: &mut Notebook,
    changes: &[Change],
    touches: &[TableTouch],
    preflight: &Preflight,
    disable_triggers: bool,
) -> Result<Executed, ExecuteError> {
    let marker = target.read_marker().unwrap().expect("a marker");
    let (unenforced, rehearse) = (preflight.unenforced.as_slice(), preflight.rehearse);
    let plain = plan_work(changes, touches, preflight.facts, &marker);
    let work = PlannedWork { disable_triggers, unenforced, rehearse, ..plain };
    let mut writer = target.open_writer(WAIT_MS).map_err(ExecuteError::RolledBack)?;
    writer.execute(&notebook.intend(changes), &work)
}

/// Applies, and reverts, and checks that every table is what it was.
pub fn there_and_back(target: &mut dyn Target, changes: &[Change]) -> Notebook {
    let mut notebook = Notebook::new();
    let before = target.digest_tables(&mut |_, _| ()).unwrap();
    let written = execute(target, &mut notebook, changes, false).unwrap();
    assert_eq!(written.rows, changes.iter().filter(|change| change.is_write()).count() as u64);
    assert_ne!(target.digest_tables(&mut |_, _| ()).unwrap(), before);
    execute(target, &mut notebook, &inverses(changes), false).unwrap();
    assert_eq!(target.digest_tables(&mut |_, _| ()).unwrap(), before);
    notebook
}

/// Returns the refusal that a step has to end with.
pub fn refusal<T: std::fmt::Debug>(result: Result<T, TargetError>) -> Refusal {
    match result {
        Err(TargetError::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, found {other:?}"),
    }
}

/// Returns the refusal that a write has to end with.
pub fn refused<T: std::fmt::Debug>(result: Result<T, ExecuteError>) -> Refusal {
    match result {
        Err(ExecuteError::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, found {other:?}"),
    }
}
