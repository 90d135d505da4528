//! A small journal with one of everything, the same at every making.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mfm_journal::{
    Change, ChosenKeys, ColumnShape, Digest, Face, FaultLabel, Images, Intent, Journal, JournalError, LockHolder,
    OperationAction, OperationVerdict, Residue, RevertedRef, RowAction, Stamp, TableShape, TargetRef, Value,
};
use serde_json::{Map, json};

pub(super) fn stamp() -> Stamp {
    Stamp { at_us: 1_700_000_000_000_000, actor: "fuzz".into(), face: Face::Library }
}

pub(super) fn holder() -> LockHolder {
    LockHolder { pid: 1, host: "here".into(), command: "fuzz".into() }
}

/// Returns a folder, in memory where there is one.
pub(super) fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

fn column(name: &str, declared: &str) -> ColumnShape {
    ColumnShape::new(name, declared)
}

pub(super) fn shape() -> Arc<TableShape> {
    let columns = vec![
        column("Key", "INTEGER"),
        ColumnShape { length: Some(20), collation: Some("NOCASE".into()), ..column("Name", "VARCHAR(20)") },
    ];
    let (key, omitted) = (vec!["Key".into()], vec!["RowVers".into()]);
    Arc::new(TableShape { name: "Field".into(), key, columns, omitted })
}

fn row(id: i64, name: &str) -> Vec<Value> {
    vec![Value::Integer(id), Value::Text(name.into())]
}

/// Returns an insert, an update, a delete and two rows that were kept.
pub(super) fn changes() -> Vec<Change> {
    let shape = shape();
    let (old, new) = (row(2, "old"), row(2, "new"));
    let digest = |row: &[Value]| shape.row_digest(row).unwrap();
    let (before_digest, after_digest) = (digest(&old), digest(&new));
    let update = RowAction::Update {
        columns: vec![1],
        before: old[1..].to_vec(),
        after: new[1..].to_vec(),
        before_digest,
        after_digest,
    };
    let actions = [
        RowAction::Insert { after: row(1, "new"), after_digest: digest(&row(1, "new")) },
        update,
        RowAction::Delete { before: row(3, "old"), before_digest: digest(&row(3, "old")) },
        RowAction::Kept { digest: Some(after_digest) },
        RowAction::Kept { digest: None },
    ];
    let change = |(id, action)| Change { table: Arc::clone(&shape), key: vec![Value::Integer(id)], action };
    (1..).zip(actions).map(change).collect()
}

fn intent() -> Intent {
    let chosen = (1..=3).map(|id| vec![Value::Integer(id)]).collect();
    Intent {
        action: OperationAction::Apply,
        label: FaultLabel {
            tool: "tool".into(),
            mode: "mode".into(),
            variant: "variant".into(),
            severity: "1.0".into(),
        },
        plan_digest: Digest::sha256(b"plan"),
        plan_id: None,
        target: TargetRef { name: "lab".into(), identity: Digest::sha256(b"target"), marker_id: "m".into() },
        reverts: None,
        residue: vec![Residue { table: "Field".into(), what: "RowVers".into() }],
        keys: Some(ChosenKeys { table: "Field".into(), columns: vec!["Key".into()], keys: chosen }),
        detail: Map::from_iter([("seed".into(), json!(5))]),
    }
}

/// Makes the journal in a folder.
pub(super) fn journal(folder: &Path) -> Result<PathBuf, JournalError> {
    let path = folder.join("journal.db");
    let mut journal = Journal::create(&path, [7; 16], &stamp())?;
    let lock = journal.lock(&holder())?;
    let marked = json!({"name": "lab", "url": "sqlite:lab.db", "identity": Digest::sha256(b"target"), "marker_id": "m",
        "bound": {}, "overrides": [], "lab": true, "moved_from": null});
    journal.append(&lock, &stamp(), "target_added", json!({"name": "lab", "url": "sqlite:lab.db"}))?;
    journal.append(&lock, &stamp(), "target_marked", marked)?;
    let (changes, intent) = (changes(), intent());
    let first = journal.intend(&lock, &stamp(), &intent, &Images::from_changes(&changes[..3])?)?;
    journal.seal(&lock, &stamp(), first.op(), OperationVerdict::Applied, Map::new())?;
    let reverts = Some(RevertedRef { op: first.op(), uid: first.uid(), depth: 0 });
    let back = Intent { action: OperationAction::Revert, reverts, keys: None, ..intent.clone() };
    let second = journal.intend(&lock, &stamp(), &back, &Images::from_changes(&changes)?)?;
    journal.seal(&lock, &stamp(), second.op(), OperationVerdict::Applied, Map::new())?;
    journal.append(&lock, &stamp(), "from_the_future", json!({"x": [1]}))?;
    journal.intend(&lock, &stamp(), &Intent { keys: None, ..intent }, &Images::from_changes(&changes[1..2])?)?;
    journal.checkpoint();
    Ok(path)
}
