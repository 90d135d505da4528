//! A world for tests: temporary folders, a clock that ticks once a look, counted chance, nobody to ask but yes.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use mfm::domain::mode::Mode;
use mfm::engine::apply::OperationProposal;
use mfm::model::ports::{Clock, Confirm, ConfirmAnswer, ConfirmQuestion, Entropy, NoSecrets, Reporter, Secrets};
use mfm::ops::{Context, Failure, apply, plan, revert};
use mfm_journal::{Digest, Face, FaultLabel, LockHolder, OperationAction};
use serde_json::{Map, Value as Json, json};
use tempfile::TempDir;

/// A clock that starts in 2026 and moves a second at every look.
pub(crate) struct TickingClock {
    now_us: Cell<i64>,
    tick_us: i64,
}

impl Clock for TickingClock {
    fn now_us(&self) -> i64 {
        self.now_us.set(self.now_us.get() + self.tick_us);
        self.now_us.get()
    }

    fn local_time(&self) -> jiff::civil::DateTime {
        jiff::civil::datetime(2026, 11, 21, 12, 0, 0, 0)
    }
}

/// Chance that counts.
pub(crate) struct Counted(Cell<u64>);

impl Entropy for Counted {
    fn bytes(&self) -> [u8; 16] {
        self.0.set(self.0.get() + 1);
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.0.get().to_be_bytes());
        bytes
    }
}

/// Says nothing.
pub(crate) struct Silent;

impl Reporter for Silent {
    fn progress(&self, _: &str, _: u64, _: u64) {}
    fn note(&self, _: &str) {}
}

/// Answers everything alike.
pub(crate) struct Always(pub(crate) ConfirmAnswer);

impl Confirm for Always {
    fn ask(&self, _: &ConfirmQuestion) -> ConfirmAnswer {
        self.0
    }
}

/// Every world draws from its own stretch of chance, so that two journals have two ids.
static WORLDS: AtomicU64 = AtomicU64::new(1);

/// A folder with a journal and, once made, a lab.
pub(crate) struct World {
    pub(crate) dir: TempDir,
    clock: TickingClock,
    entropy: Counted,
    reporter: Silent,
    confirm: Always,
    pub(crate) secrets: Box<dyn Secrets>,
    pub(crate) target: Option<String>,
    pub(crate) journal: PathBuf,
}

impl World {
    /// An empty folder, in the one that `MFM_TEST_DIR` names.
    pub(crate) fn new() -> Self {
        Self::inside(&std::env::var_os("MFM_TEST_DIR").map_or_else(std::env::temp_dir, PathBuf::from))
    }

    /// An empty folder inside another one.
    pub(crate) fn inside(folder: &Path) -> Self {
        let dir = tempfile::tempdir_in(folder).unwrap();
        let journal = dir.path().join("journal.db");
        Self {
            dir,
            clock: TickingClock { now_us: Cell::new(1_795_000_000_000_000), tick_us: 1_000_000 },
            entropy: Counted(Cell::new(WORLDS.fetch_add(1, Ordering::Relaxed) << 32)),
            reporter: Silent,
            confirm: Always(ConfirmAnswer::Yes),
            secrets: Box::new(NoSecrets),
            target: None,
            journal,
        }
    }

    /// A folder with a lab of so many patients.
    pub(crate) fn with_lab(patients: u32) -> Self {
        let world = Self::new();
        let request =
            mfm::ops::lab::create::Request { url: world.url("lab.db"), patients: Some(patients), ..Default::default() };
        mfm::ops::lab::create::run(&world.context(), &request).unwrap();
        world
    }

    /// Answers every question in this way from now on.
    pub(crate) fn answer(&mut self, answer: ConfirmAnswer) {
        self.confirm = Always(answer);
    }

    /// Stops the clock.
    pub(crate) fn freeze(&mut self) {
        self.clock.tick_us = 0;
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("sqlite:{}", self.path(name).display())
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            journal: self.journal.clone(),
            target: self.target.clone(),
            actor: "tester".into(),
            face: Face::Library,
            holder: LockHolder { pid: std::process::id(), host: "test".into(), command: "test".into() },
            wait_ms: 200,
            clock: &self.clock,
            entropy: &self.entropy,
            reporter: &self.reporter,
            confirm: &self.confirm,
            secrets: self.secrets.as_ref(),
        }
    }

    /// Applies a fault.
    pub(crate) fn apply(&self, request: plan::Request) -> Result<apply::Outcome, Failure> {
        apply::run(&self.context(), &apply::Source::Request(request), false, &mut |_| {})
    }

    /// Reverts operations.
    pub(crate) fn revert(&self, operations: &[u64]) -> Result<revert::Outcome, Failure> {
        let request = revert::Request { operations: operations.to_vec(), ..Default::default() };
        revert::run(&self.context(), &request)
    }

    /// A connection of somebody else.
    pub(crate) fn foreign(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path("lab.db")).unwrap()
    }
}

/// What an operation is called that no mode made.
pub(crate) fn proposal() -> OperationProposal {
    OperationProposal {
        action: OperationAction::Apply,
        label: FaultLabel { tool: "test".into(), mode: "test".into(), variant: "test".into(), severity: "1.0".into() },
        plan_digest: Digest::sha256(b"test"),
        plan_id: None,
        reverts: None,
        keys: None,
        detail: Map::new(),
        disable_triggers: false,
        beside: Vec::new(),
    }
}

/// A request with parameters.
pub(crate) fn request(tool: &str, parameters: Json) -> plan::Request {
    let parameters = parameters.as_object().cloned().unwrap_or_default();
    let options = plan::Options { seed: Some(7), ..Default::default() };
    plan::Request { tool: tool.into(), parameters, options, output: None }
}

/// A request for a sample under a variant.
pub(crate) fn sample(tool: &str, variant: &str, count: u64, seed: u64) -> plan::Request {
    let options =
        plan::Options { variant: Some(variant.into()), sample: Some(count), seed: Some(seed), ..Default::default() };
    plan::Request { tool: tool.into(), parameters: Map::new(), options, output: None }
}

/// The same on every kind of record that can show the variant, each with its table.
pub(crate) fn samples(mode: &dyn Mode, variant: &str, count: u64, seed: u64) -> Vec<(&'static str, plan::Request)> {
    let card = mode.card();
    let one = |record: &mfm::domain::mode::FaultRecord| {
        let table = card.table_parameter.map(|name| (name.to_owned(), json!(record.table)));
        let parameters: Map<_, _> = table.into_iter().collect();
        mode.complete(&parameters, Some(variant)).ok()?;
        Some((record.table, plan::Request { parameters, ..sample(card.tool, variant, count, seed) }))
    };
    card.fault_records().filter_map(one).collect()
}

/// The angles of one field.
pub(crate) fn angles(field: i64, value: &str) -> plan::Request {
    request("create_invalid_angles", json!({"fld_id": field, "angle_type": "gantry", "invalid_value": value}))
}

/// Everything in a SQLite file but mfm's own tables, cell by cell with its storage class, as another program reads it.
pub(crate) fn dump(path: &Path) -> String {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut tables = connection
        .prepare(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'mfm\\_%' ESCAPE '\\' ORDER BY name",
        )
        .unwrap();
    let names: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut out = String::new();
    for name in names {
        let quoted = name.replace('"', "\"\"");
        let mut rows = connection.prepare(&format!("SELECT * FROM \"{quoted}\"")).unwrap();
        let width = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        let mut lines = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            lines.push((0..width).map(|at| format!("{:?}|", row.get_ref(at).unwrap())).collect::<String>());
        }
        lines.sort();
        out.push_str(&format!("== {name}\n{}\n", lines.join("\n")));
    }
    out
}

/// One cell, as text.
pub(crate) fn cell(world: &World, sql: &str) -> String {
    let value: rusqlite::types::Value = world.foreign().query_row(sql, [], |row| row.get(0)).unwrap();
    format!("{value:?}")
}

/// Runs SQL as somebody else would.
pub(crate) fn meddle(world: &World, sql: &str) {
    world.foreign().execute_batch(sql).unwrap();
}
