//! A world for tests: a temporary folder, a clock that ticks once a look, counted chance, nobody to ask but yes.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use mfm::model::ports::{ConfirmAnswer, NoSecrets, Secrets};
use mfm::ops::{Context, Failure, apply, lab, plan, revert};
use mfm::targets::Marker;
use mfm_journal::{Face, Journal, LockHolder, Stamp, WriterLock};
use serde_json::json;
use tempfile::TempDir;

use crate::ports::{CountingEntropy, SameAnswer, SilentReporter, TickingClock};

/// Every world draws from its own stretch of chance, so that two journals have two ids.
static WORLDS: AtomicU64 = AtomicU64::new(1);

/// A folder with a journal and, once made, a lab.
pub struct World {
    /// The folder.
    pub dir: TempDir,
    clock: TickingClock,
    entropy: CountingEntropy,
    reporter: SilentReporter,
    confirm: SameAnswer,
    /// The passwords that are known: none, until a test says so.
    pub secrets: Box<dyn Secrets>,
    /// The target that is meant where none is named.
    pub target: Option<String>,
    /// The journal's file.
    pub journal: PathBuf,
}

impl World {
    /// Makes an empty folder, in the one that `MFM_TEST_DIR` names.
    pub fn new() -> Self {
        Self::inside(&std::env::var_os("MFM_TEST_DIR").map_or_else(std::env::temp_dir, PathBuf::from))
    }

    /// Makes an empty folder inside another one.
    pub fn inside(folder: &Path) -> Self {
        let dir = tempfile::tempdir_in(folder).unwrap();
        let journal = dir.path().join("journal.db");
        Self {
            dir,
            clock: TickingClock::by_seconds(),
            entropy: CountingEntropy::above(WORLDS.fetch_add(1, Ordering::Relaxed) << 32, 0),
            reporter: SilentReporter,
            confirm: SameAnswer(ConfirmAnswer::Yes),
            secrets: Box::new(NoSecrets),
            target: None,
            journal,
        }
    }

    /// Makes a folder with a lab of so many patients.
    pub fn with_lab(patients: u32) -> Self {
        let world = Self::new();
        let request = lab::create::Request { url: world.url("lab.db"), patients: Some(patients), ..Default::default() };
        lab::create::run(&world.context(), &request).unwrap();
        world
    }

    /// Answers every question in this way from now on.
    pub fn answer_with(&mut self, answer: ConfirmAnswer) {
        self.confirm = SameAnswer(answer);
    }

    /// Stops the clock.
    pub fn stop_clock(&mut self) {
        self.clock.stop();
    }

    /// Returns the path of a file of the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Returns the URL of a SQLite file of the folder.
    pub fn url(&self, name: &str) -> String {
        format!("sqlite:{}", self.path(name).display())
    }

    /// Returns what every operation is given.
    pub fn context(&self) -> Context<'_> {
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
    pub fn apply(&self, request: plan::Request) -> Result<apply::Outcome, Failure> {
        apply::run(&self.context(), &apply::Source::Request(request), false, &mut |_| {})
    }

    /// Reverts operations.
    pub fn revert(&self, operations: &[u64]) -> Result<revert::Outcome, Failure> {
        let request = revert::Request { operations: operations.to_vec(), ..Default::default() };
        revert::run(&self.context(), &request)
    }

    /// Opens the lab as somebody else would.
    pub fn open_foreign(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path("lab.db")).unwrap()
    }
}

/// Writes into a journal that a target is known under a name, and marked as a lab.
pub fn journal_marked_target(
    journal: &mut Journal,
    lock: &WriterLock,
    stamp: &Stamp,
    (name, url): (&str, &str),
    marker: &Marker,
) {
    journal.append(lock, stamp, "target_added", json!({"name": name, "url": url})).unwrap();
    let body = json!({
        "name": name, "url": url, "identity": marker.identity(), "marker_id": marker.marker_id,
        "bound": marker.bound, "overrides": [], "lab": true, "moved_from": null,
    });
    journal.append(lock, stamp, "target_marked", body).unwrap();
}
