//! A journal in a folder, a small marked database on a server that may break, and what has to hold of both whatever
//! happens; breaks nothing itself.

use mfm::engine::apply::CommittedOperation;
use mfm::engine::revert::{RevertOptions, RevertSelection};
use mfm::engine::{Engine, EngineError};
use mfm::model::Value;
use mfm::ops::{Context, Failure, audit, recover, status, targets::mark};
use mfm::plan::PlannedRow;
use mfm::targets::TableDigest;
use mfm_journal::Journal;
use testutils::build_proposal;
use testutils::ports::{CountingEntropy, OnePassword, StandingClock};

use crate::client::Entry;
use crate::tds::book::{Book, Server};
use crate::tds::message::Message;

/// What the table holds when a run begins; the collation is one that servers call by the same name.
const ROWS: [&str; 2] = [
    "IF OBJECT_ID('dbo.t') IS NULL CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, a int NULL, \
     b nvarchar(20) COLLATE Finnish_Swedish_CI_AS NULL, price money NOT NULL, at datetime NULL, \
     dose decimal(9,3) NULL, angle float NULL, done bit NOT NULL, raw varbinary(8) NULL, stamp rowversion)",
    "DELETE FROM dbo.t; INSERT INTO dbo.t (id, a, b, price, at, dose, angle, done, raw) VALUES \
     (1, 10, N'x', 1.5, '2024-01-02T03:04:05.677', 1.25, 0.1, 1, 0x0102), \
     (2, 20, N'\u{e9}', -2, NULL, NULL, 359.9, 0, NULL), (3, NULL, NULL, 0, NULL, 0, NULL, 0, 0x)",
];
/// No marks of an earlier run; their tables stay, because a table that is made anew has another number.
const UNMARKED: [&str; 2] = [
    "IF OBJECT_ID('dbo.mfm_marker') IS NOT NULL DELETE FROM dbo.mfm_marker",
    "IF OBJECT_ID('dbo.mfm_operation') IS NOT NULL DELETE FROM dbo.mfm_operation",
];

/// The table's rows of the keys that a run touches.
pub(crate) type Rows = Vec<Option<Vec<Value>>>;

/// A world with a server of its own.
pub(crate) struct World {
    folder: testutils::World,
    entropy: CountingEntropy,
    secrets: OnePassword,
    pub(crate) url: String,
    database: String,
    pub(crate) server: Server,
}

impl World {
    /// A journal that does not exist yet, and a database without a marker.
    pub(crate) fn new(book: &Book, database: &str, settings: &str) -> Self {
        let (user, password) = book.login();
        let server = book.server();
        let url = format!("mssql://{user}@127.0.0.1:{}/{database}?encrypt=off{settings}", server.port());
        Self { secrets: OnePassword(password), ..Self::at(server, &url, database) }
    }

    /// A journal that does not exist yet, and a server at hand.
    pub(crate) fn at(server: Server, url: &str, database: &str) -> Self {
        Self {
            folder: testutils::World::new(),
            entropy: CountingEntropy::above(0, 7),
            secrets: OnePassword("secret".into()),
            url: url.to_owned(),
            database: database.to_owned(),
            server,
        }
    }

    /// The same, marked.
    pub(crate) fn marked(book: &Book, database: &str, settings: &str) -> Self {
        prepare(book, database);
        let world = Self::new(book, database, settings);
        world.mark().unwrap();
        world
    }

    /// Puts what was recorded on the tape.
    pub(crate) fn end(self, book: &mut Book) {
        book.take(self.server);
    }

    pub(crate) fn mark(&self) -> Result<mark::Outcome, Failure> {
        let request = mark::Request {
            target: self.url.clone(),
            name: Some("lab".into()),
            domain: Some("mosaiq".into()),
            confirm: Some(self.database.clone()),
            ..Default::default()
        };
        mark::run(&self.context(), &request)
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            wait_ms: 5000,
            clock: &StandingClock,
            entropy: &self.entropy,
            secrets: &self.secrets,
            ..self.folder.context()
        }
    }

    /// Runs a step of an engine.
    pub(crate) fn with<T>(
        &self,
        run: impl FnOnce(&mut Engine<'_>) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let context = self.context();
        let mut journal = context.open_journal_for_writing().unwrap();
        let mut target = context.open_target(&self.url).map_err(EngineError::from)?;
        let mut engine = context.engine(&mut journal, target.as_mut(), "lab");
        run(&mut engine)
    }

    /// Commits an operation of an update, an insert and a delete.
    pub(crate) fn apply(&self) -> Result<CommittedOperation, EngineError> {
        self.with(|engine| {
            let rows = pending(engine)?;
            let prepared = engine.prepare(&rows, false)?;
            engine.commit(&build_proposal(), &prepared)
        })
    }

    /// Takes everything back.
    pub(crate) fn revert(&self) -> Result<(), EngineError> {
        self.with(|engine| {
            let options = RevertOptions::default();
            let judged = engine.judge_reverts(&RevertSelection::All, options)?;
            judged.planned.iter().try_for_each(|planned| engine.revert(planned, options).map(drop))
        })
    }

    pub(crate) fn recover(&self) -> recover::Outcome {
        recover::run(&self.context(), &recover::Request::default()).unwrap()
    }

    pub(crate) fn status(&self) -> status::Outcome {
        status::run(&self.context()).unwrap()
    }

    pub(crate) fn journal(&self) -> Journal {
        self.context().open_journal().unwrap()
    }

    /// Returns the rows as they are now.
    pub(crate) fn rows(&self) -> Rows {
        self.with(|engine| {
            let table = engine.target.find_table("t")?.unwrap();
            Ok(engine.target.read_rows(&table, &[1, 2, 3, 9].map(|id| vec![Value::Integer(id)]))?)
        })
        .unwrap()
    }

    /// Returns the digests of all tables.
    pub(crate) fn digests(&self) -> Vec<TableDigest> {
        self.with(|engine| Ok(engine.target.digest_tables(&mut |_, _| ())?)).unwrap()
    }

    /// Checks that journal, images and target agree.
    pub(crate) fn audits(&self, what: &str) {
        let request = audit::Request { depth: audit::Level::Live, full: false };
        let audited = audit::run(&self.context(), &request).unwrap();
        assert!(audited.ok && audited.live.iter().all(|line| line.not_run.is_none()), "{what}: {audited:#?}");
    }

    /// Returns the number of the next message.
    pub(crate) fn next_number(&self) -> usize {
        self.server.messages().len() + 1
    }

    /// Returns the messages from a number on.
    pub(crate) fn messages_from(&self, number: usize) -> Vec<Message> {
        self.server.messages().split_off(number - 1)
    }
}

/// Puts the database of a live server into the state in which every run begins.
fn prepare(book: &Book, database: &str) {
    let Some(server) = book.behind() else { return };
    let (user, password) = book.login();
    let entry = |database: &str| Entry {
        user: user.clone(),
        password: password.clone(),
        database: database.into(),
        ..Entry::to(server.port())
    };
    let made = format!("IF DB_ID('{database}') IS NULL CREATE DATABASE {database}");
    entry("master").open().unwrap().batch(&made).unwrap();
    let mut session = entry(database).open().unwrap();
    for statement in UNMARKED.iter().chain(&ROWS) {
        session.batch(statement).unwrap();
    }
}

fn pending(engine: &mut Engine<'_>) -> Result<Vec<PlannedRow>, EngineError> {
    let table = engine.target.find_table("t")?.unwrap();
    let key = |id: i64| vec![Value::Integer(id)];
    let found = engine.target.read_rows(&table, &[key(1), key(2)])?;
    let changed = |id: i64, text: &str| {
        let mut row = found[0].clone().unwrap();
        (row[0], row[1], row[2]) = (Value::Integer(id), Value::Integer(id + 10), Value::Text(text.into()));
        Some(row)
    };
    let row = |id: i64, before, after| PlannedRow { table: table.clone(), key: key(id), before, after };
    Ok(vec![
        row(1, found[0].clone(), changed(1, "wrong")),
        row(2, found[1].clone(), None),
        row(9, None, changed(9, "new")),
    ])
}
