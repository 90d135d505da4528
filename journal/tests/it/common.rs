//! Journals, intents and changes to test with; asserts nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mfm_journal::{
    Change, ChosenKeys, ColumnShape, Digest, FaultLabel, Images, Intended, Intent, Journal, LockHolder,
    OperationAction, OperationVerdict, Residue, RevertedRef, RowAction, Stamp, TableShape, TargetRef, Value,
    WriterLock,
};
use serde_json::{Map, json};
use tempfile::TempDir;

pub(crate) const AT_US: i64 = 1_700_000_000_000_000;

pub(crate) fn stamp() -> Stamp {
    Stamp { at_us: AT_US, actor: "Zoë".into(), face: mfm_journal::Face::Cli }
}

pub(crate) fn holder() -> LockHolder {
    LockHolder { pid: 42, host: "here".into(), command: "test".into() }
}

pub(crate) struct Folder {
    pub(crate) folder: TempDir,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }

    pub(crate) fn create(&self) -> (Journal, WriterLock) {
        let mut journal = Journal::create(&self.path(), [7; 16], &stamp()).unwrap();
        let lock = journal.lock(&holder()).unwrap();
        (journal, lock)
    }

    pub(crate) fn open(&self) -> (Journal, WriterLock) {
        let mut journal = Journal::open(&self.path()).unwrap();
        let lock = journal.lock(&holder()).unwrap();
        (journal, lock)
    }
}

pub(crate) fn column(name: &str, declared: &str) -> ColumnShape {
    ColumnShape::new(name, declared)
}

pub(crate) fn shape() -> Arc<TableShape> {
    Arc::new(TableShape {
        name: "TxField".into(),
        key: vec!["FLD_ID".into()],
        columns: vec![
            column("FLD_ID", "INTEGER"),
            ColumnShape { length: Some(20), collation: Some("NOCASE".into()), ..column("Field_Name", "VARCHAR(20)") },
            ColumnShape { precision: Some(9), scale: Some(3), ..column("Meterset", "DECIMAL(9,3)") },
        ],
        omitted: vec!["RowVers".into()],
    })
}

pub(crate) fn row(id: i64, name: &str) -> Vec<Value> {
    vec![Value::Integer(id), Value::Text(name.into()), Value::Decimal("12.340".parse().unwrap())]
}

pub(crate) fn insert(shape: &Arc<TableShape>, id: i64) -> Change {
    let after = row(id, "new");
    let after_digest = shape.row_digest(&after).unwrap();
    Change { table: shape.clone(), key: vec![Value::Integer(id)], action: RowAction::Insert { after, after_digest } }
}

pub(crate) fn delete(shape: &Arc<TableShape>, id: i64) -> Change {
    let before = row(id, "old");
    let before_digest = shape.row_digest(&before).unwrap();
    Change { table: shape.clone(), key: vec![Value::Integer(id)], action: RowAction::Delete { before, before_digest } }
}

pub(crate) fn update(shape: &Arc<TableShape>, id: i64) -> Change {
    let (before, after) = (row(id, "old"), row(id, "new"));
    let action = RowAction::Update {
        columns: vec![1],
        before: vec![before[1].clone()],
        after: vec![after[1].clone()],
        before_digest: shape.row_digest(&before).unwrap(),
        after_digest: shape.row_digest(&after).unwrap(),
    };
    Change { table: shape.clone(), key: vec![Value::Integer(id)], action }
}

pub(crate) fn kept(shape: &Arc<TableShape>, id: i64) -> Change {
    let digest = (id % 2 == 0).then(|| shape.row_digest(&row(id, "old")).unwrap());
    Change { table: shape.clone(), key: vec![Value::Integer(id)], action: RowAction::Kept { digest } }
}

pub(crate) fn updates(count: i64) -> Vec<Change> {
    let shape = shape();
    (1..=count).map(|id| update(&shape, id)).collect()
}

pub(crate) fn identity() -> Digest {
    Digest::sha256(b"target")
}

pub(crate) fn intent() -> Intent {
    Intent {
        action: OperationAction::Apply,
        label: FaultLabel {
            tool: "create_invalid_angles".into(),
            mode: "invalid_angles".into(),
            variant: "gantry".into(),
            severity: "high".into(),
        },
        plan_digest: Digest::sha256(b"plan"),
        plan_id: None,
        target: TargetRef { name: "lab".into(), identity: identity(), marker_id: "m-1".into() },
        reverts: None,
        residue: vec![Residue { table: "TxField".into(), what: "RowVers".into() }],
        keys: None,
        detail: Map::from_iter([("seed".into(), json!(5)), ("note".into(), json!("é"))]),
    }
}

pub(crate) fn chosen(count: i64) -> ChosenKeys {
    let keys = (1..=count).map(|id| vec![Value::Integer(id)]).collect();
    ChosenKeys { table: "TxField".into(), columns: vec!["FLD_ID".into()], keys }
}

pub(crate) fn revert_of(token: &Intended, depth: u32) -> Intent {
    let reverts = Some(RevertedRef { op: token.op(), uid: token.uid(), depth });
    Intent { action: OperationAction::Revert, reverts, ..intent() }
}

pub(crate) fn intend(journal: &mut Journal, lock: &WriterLock, intent: &Intent, changes: &[Change]) -> Intended {
    journal.intend(lock, &stamp(), intent, &Images::from_changes(changes).unwrap()).unwrap()
}

pub(crate) fn apply(journal: &mut Journal, lock: &WriterLock, intent: &Intent, changes: &[Change]) -> Intended {
    let token = intend(journal, lock, intent, changes);
    journal.seal(lock, &stamp(), token.op(), OperationVerdict::Applied, Map::new()).unwrap();
    token
}

pub(crate) fn marked(name: &str, identity: Digest, moved_from: Option<Digest>) -> serde_json::Value {
    json!({"name": name, "url": "sqlite:lab.db", "identity": identity, "marker_id": "m-1", "bound": {}, "overrides": [],
        "lab": true, "moved_from": moved_from})
}

/// A small journal with every kind of change, a revert, chosen keys, an open operation and a kind nobody knows.
pub(crate) fn sample(path: &Path) {
    let mut journal = Journal::create(path, [7; 16], &stamp()).unwrap();
    let lock = journal.lock(&holder()).unwrap();
    let shape = shape();
    journal.append(&lock, &stamp(), "target_added", json!({"name": "lab", "url": "sqlite:lab.db"})).unwrap();
    journal.append(&lock, &stamp(), "target_marked", marked("lab", identity(), None)).unwrap();
    let baseline = json!({"name": "lab", "identity": identity(), "tables": [{"table": "TxField", "rows": 3,
        "digest": Digest::sha256(b"table")}]});
    journal.append(&lock, &stamp(), "baseline", baseline).unwrap();
    let with_keys = Intent { keys: Some(chosen(3)), plan_id: Some("plan-1".into()), ..intent() };
    let first = apply(&mut journal, &lock, &with_keys, &[insert(&shape, 1), update(&shape, 2), delete(&shape, 3)]);
    apply(&mut journal, &lock, &revert_of(&first, 0), &[delete(&shape, 1), update(&shape, 2), kept(&shape, 3)]);
    journal.append(&lock, &stamp(), "from_the_future", json!({"x": [1, "é"]})).unwrap();
    let failed = intend(&mut journal, &lock, &intent(), &updates(2));
    journal.seal(&lock, &stamp(), failed.op(), OperationVerdict::Failed, Map::new()).unwrap();
    intend(&mut journal, &lock, &intent(), &updates(1));
    journal.checkpoint();
}
