//! A database with one large table, marked, and a journal that knows it; copied anew for each measurement.

use std::path::{Path, PathBuf};

use mfm::engine::Engine;
use mfm::engine::apply::OperationProposal;
use mfm::model::ports::Clock as _;
use mfm::model::{Table, Value};
use mfm::plan::PlannedRow;
use mfm::targets::sqlite::{SqliteTarget, create_lab};
use mfm::targets::{DomainKeys, Marker, NewTable, Target};
use mfm_journal::{Digest, Face, FaultLabel, Journal, LockHolder, Stamp};
use rusqlite::Connection;
use testutils::ports::{SilentReporter, StandingClock};
use testutils::{build_proposal, journal_marked_target};

/// The table, and the column that changes.
pub(crate) const TABLE: &str = "TxFieldPoint";
/// The columns: nine, of the kinds that a control point has.
const COLUMNS: [(&str, &str); 9] = [
    ("TFP_ID", "int"),
    ("FLD_ID", "int"),
    ("Point", "smallint"),
    ("Index", "float"),
    ("Gantry_Ang", "float"),
    ("Coll_Ang", "float"),
    ("Energy", "smallint"),
    ("Meterset_Rate", "float"),
    ("Edit_DtTm", "datetime"),
];

/// The folder of a run.
pub(crate) struct World {
    folder: PathBuf,
}

fn keys() -> DomainKeys {
    DomainKeys::from([(TABLE.to_owned(), vec!["TFP_ID".to_owned()])])
}

fn stamp() -> Stamp {
    Stamp { at_us: StandingClock.now_us(), actor: "bench".into(), face: Face::Library }
}

fn holder() -> LockHolder {
    LockHolder { pid: std::process::id(), host: "bench".into(), command: "bench".into() }
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn row(id: i64) -> Vec<Value> {
    let real = |value: i64, by: f64| Value::Real(value as f64 * by);
    vec![
        Value::Integer(id),
        Value::Integer(id / 40),
        Value::Integer(id % 40),
        real(id % 40, 0.025),
        real(id % 3600, 0.1),
        real(id % 90, 0.5),
        Value::Integer(6),
        real(id % 600, 1.0),
        Value::Text(format!("2024-06-{:02} 12:{:02}:00.000", id % 28 + 1, id % 60)),
    ]
}

impl World {
    /// Makes the database of so many rows, and the journal.
    pub(crate) fn create(folder: &Path, rows: u64) -> Self {
        let world = Self { folder: folder.to_path_buf() };
        let columns = COLUMNS.iter().map(|(name, declared)| ((*name).into(), (*declared).into(), true)).collect();
        let mut lab = create_lab(&world.database()).unwrap();
        lab.create_table(&NewTable {
            name: TABLE.into(),
            key: Some("TFP_ID".into()),
            columns,
            indexes: vec![],
            references: vec![],
        })
        .unwrap();
        for id in 1..=i64::try_from(rows).unwrap() {
            lab.insert_row(TABLE, &row(id)).unwrap();
        }
        lab.finish().unwrap();
        let connection = Connection::open(world.database()).unwrap();
        connection.pragma_update(None, "journal_mode", "wal").unwrap();
        drop(connection);
        let mut target = world.target();
        let bound = target.read_binding().unwrap();
        let marker = Marker { marker_id: "00".repeat(16), bound, at_us: StandingClock.now_us(), actor: "bench".into() };
        target.open_writer(1000).unwrap().mark(&marker).unwrap();
        let url = target.url().to_owned();
        drop(target);
        world.settle();
        let mut journal = Journal::create(&world.journal_path(), *b"0123456789abcdef", &stamp()).unwrap();
        let lock = journal.lock(&holder()).unwrap();
        journal_marked_target(&mut journal, &lock, &stamp(), ("lab", &url), &marker);
        journal.checkpoint();
        drop((lock, journal));
        for (live, kept) in world.copies() {
            std::fs::copy(live, kept).unwrap();
        }
        world
    }

    /// Takes over a folder that `create` filled.
    pub(crate) fn at(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf() }
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.join("lab.db")
    }

    pub(crate) fn journal_path(&self) -> PathBuf {
        self.folder.join("journal.db")
    }

    fn copies(&self) -> [(PathBuf, PathBuf); 2] {
        let kept = |path: PathBuf| (path.clone(), path.with_extension("kept"));
        [kept(self.database()), kept(self.journal_path())]
    }

    /// Folds the write-ahead log into the database, as everybody finds it.
    fn settle(&self) {
        let connection = Connection::open(self.database()).unwrap();
        let _: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
    }

    /// Puts database and journal back as they were made.
    pub(crate) fn renew(&self) {
        for (live, kept) in self.copies() {
            for ending in ["-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{}{ending}", live.display()));
            }
            std::fs::copy(kept, &live).unwrap();
            std::fs::File::open(&live).unwrap().sync_all().unwrap();
        }
    }

    /// A connection that writes as mfm's does.
    pub(crate) fn connection(&self) -> Connection {
        let connection = Connection::open(self.database()).unwrap();
        connection.pragma_update(None, "synchronous", "full").unwrap();
        connection
    }

    pub(crate) fn target(&self) -> SqliteTarget {
        SqliteTarget::open(&self.database(), keys()).unwrap()
    }

    /// Runs a step with an engine opened for it.
    pub(crate) fn engine<T>(&self, step: impl FnOnce(&mut Engine<'_>) -> T) -> T {
        let mut journal = Journal::open(&self.journal_path()).unwrap();
        let mut target = self.target();
        let mut engine = Engine {
            journal: &mut journal,
            target: &mut target,
            name: "lab".into(),
            clock: &StandingClock,
            reporter: &SilentReporter,
            actor: "bench".into(),
            face: Face::Library,
            holder: holder(),
            wait_ms: 1000,
            seen: 0,
        };
        step(&mut engine)
    }
}

/// The value that an update sets.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
pub(crate) fn changed(id: i64) -> f64 {
    400.0 + (id % 97) as f64
}

/// Every `each`th row of a table of so many, with another gantry angle.
pub(crate) fn pending(target: &mut dyn Target, rows: u64, each: u64) -> Vec<PlannedRow> {
    let table: std::sync::Arc<Table> = target.find_table(TABLE).unwrap().unwrap();
    let ids = (1..=rows / each).map(|nth| i64::try_from(nth * each).unwrap());
    let keys: Vec<Vec<Value>> = ids.map(|id| vec![Value::Integer(id)]).collect();
    let found = target.read_rows(&table, &keys).unwrap();
    let change = |(key, before): (Vec<Value>, Option<Vec<Value>>)| {
        let mut after = before.clone().unwrap();
        if let Value::Integer(id) = key[0] {
            after[4] = Value::Real(changed(id));
        }
        PlannedRow { table: table.clone(), key, before, after: Some(after) }
    };
    keys.into_iter().zip(found).map(change).collect()
}

/// What the operation is called.
pub(crate) fn proposal() -> OperationProposal {
    let label = FaultLabel {
        tool: "create_invalid_angles".into(),
        mode: "invalid_angles".into(),
        variant: "gantry".into(),
        severity: "0.7".into(),
    };
    OperationProposal { label, plan_digest: Digest::ZERO, ..build_proposal() }
}
