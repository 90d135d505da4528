//! The real thing beside the model: two journals and one target, opened for each step as a process of its own would,
//! with faults at drawn writes.

#[cfg(feature = "mssql")]
pub(crate) mod mssql;
pub(crate) mod simulated;
pub(crate) mod sqlite;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use mfm::engine::{Engine, EngineError};
use mfm::model::Value;
use mfm::targets::faults::WriteStep;
use mfm::targets::{Marker, Target};
use mfm_journal::{Digest, Faults, Journal, JournalStep};
use testutils::{World, journal_marked_target};

use crate::model::{Cell, Change, Code, Database, Ddl, JOURNALS, Row, Write};

/// Which store a fault is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Journal,
    Target,
}

/// How a write goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// The process dies.
    Crash,
    /// The process dies, and its transaction lives on.
    CrashHolding,
    /// An error is reported.
    Error,
    /// The connection is lost.
    LoseAnswer,
    /// There is no room for so many pages more.
    NoRoom,
}

/// A fault at the n-th step of a store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) side: Side,
    pub(crate) step: u64,
    pub(crate) how: How,
}

/// What a crash unwinds with.
pub(crate) struct Crash;

/// Goes off at the n-th step, and notes all that it sees.
#[derive(Debug)]
pub(crate) struct Bomb<S> {
    fault: Option<Fault>,
    pub(crate) seen: Vec<S>,
}

impl<S: std::fmt::Debug> Bomb<S> {
    pub(crate) const fn new(fault: Option<Fault>) -> Self {
        Self { fault, seen: Vec::new() }
    }

    /// Passes a step. `Some` is what goes wrong there.
    pub(crate) fn pass(&mut self, step: S) -> Option<How> {
        self.seen.push(step);
        let now = self.seen.len() as u64;
        self.fault.filter(|fault| fault.step == now && fault.how != How::NoRoom).map(|fault| fault.how)
    }
}

/// Says what goes wrong to whoever takes the step, once no lock is held any more.
pub(crate) fn go_wrong(how: Option<How>) -> Result<(), String> {
    match how {
        None => Ok(()),
        Some(How::Crash | How::CrashHolding) => panic_any(Crash),
        Some(_) => Err("injected".to_owned()),
    }
}

struct JournalBomb(Arc<Mutex<Bomb<JournalStep>>>);

impl Faults for JournalBomb {
    fn check_step(&mut self, step: JournalStep) -> Result<(), String> {
        let how = self.0.lock().unwrap().pass(step);
        go_wrong(how)
    }
}

/// A dead process's transaction that another session carries on.
pub(crate) struct Zombie<'z> {
    pub(crate) uid: Digest,
    pub(crate) journal_id: Digest,
    pub(crate) op: u64,
    pub(crate) changes: &'z [Change],
}

/// A kind of target.
pub(crate) trait Store {
    /// Makes one that holds what a model's database does.
    fn new(world: &World, seed: u64, database: &Database) -> Self;
    fn open(&self) -> Box<dyn Target>;
    /// Forgets what was seen, and plans a fault for the next target opened.
    fn arm(&self, fault: Option<Fault>);
    /// The steps passed since.
    fn seen(&self) -> Vec<WriteStep>;
    /// The code of an error at a step.
    fn code(how: How) -> Code;
    fn write(&self, write: &Write);
    /// Declares; `after` is what there is then.
    fn declare(&self, ddl: &Ddl, after: &Database);
    fn rows(&self) -> BTreeMap<String, BTreeMap<i64, Row>>;
    fn marks(&self) -> BTreeMap<(Digest, u64), bool>;
    fn save(&self);
    fn restore(&self);
    /// Tells whether a transaction of somebody else's can be held open whenever one likes.
    const HOLDS: bool;
    /// Tells whether it is as SQL Server is: typed columns, triggers without columns, NULL once in a unique index, and
    /// rows locked one by one.
    const SERVER: bool = false;
    /// How long an operation waits for somebody else.
    const WAIT_MS: u64 = 1;
    /// Waits until the target knows that the processes are gone.
    fn died(&self) {}
    /// Holds a transaction open after a crash, or one of somebody else's; says whether there is one, and whether it
    /// may commit.
    fn hold(&self, zombie: Option<&Zombie<'_>>) -> Option<bool>;
    fn release(&self, commit: bool);
}

/// How a step ended.
pub(crate) enum Ended<T> {
    Returned(Result<T, EngineError>),
    Crashed,
}

/// A step that was run, and what was written meanwhile.
pub(crate) struct Ran<T> {
    pub(crate) ended: Ended<T>,
    pub(crate) journal: Vec<JournalStep>,
    pub(crate) target: Vec<WriteStep>,
}

/// A journal and a target, as one process holds them open.
type Process = (Journal, Box<dyn Target>);

/// How many undisturbed steps a process lives for.
const PROCESS_STEPS: u64 = 12;

/// Two journals, one target.
pub(crate) struct Rig<S> {
    /// Before the store, which may not go while anybody is connected.
    processes: [RefCell<Option<Process>>; JOURNALS],
    pub(crate) world: World,
    pub(crate) store: S,
    journals: [PathBuf; JOURNALS],
    pub(crate) ids: [Digest; JOURNALS],
    runs: std::cell::Cell<u64>,
}

impl<S: Store> Rig<S> {
    pub(crate) fn new(seed: u64, database: &Database) -> Self {
        // Crashes are of processes here, not of machines: a disk in memory, where there is one, tells the same.
        let memory = Path::new("/dev/shm");
        let world = match std::env::var_os("MFM_TEST_DIR") {
            None if memory.is_dir() => World::inside(memory),
            _ => World::new(),
        };
        let store = S::new(&world, seed, database);
        let mut target = store.open();
        let bound = target.read_binding().unwrap();
        let marker =
            Marker { marker_id: "00112233445566778899aabbccddeeff".into(), bound, at_us: 1, actor: "me".into() };
        target.open_writer(1000).unwrap().mark(&marker).unwrap();
        let journals = [world.path("journal-0.db"), world.path("journal-1.db")];
        let ids = std::array::from_fn(|at| begin(&world, &journals[at], at, target.url(), &marker));
        Self { world, store, journals, ids, processes: Default::default(), runs: std::cell::Cell::new(0) }
    }

    /// Runs a step of an engine, in a process that may have run others before; a fault is that process's last step.
    pub(crate) fn run<T>(
        &self,
        journal: usize,
        fault: Option<Fault>,
        step: impl FnOnce(&mut Engine<'_>) -> Result<T, EngineError>,
    ) -> Ran<T> {
        self.store.arm(fault.filter(|fault| fault.side == Side::Target));
        let own = fault.filter(|fault| fault.side == Side::Journal);
        let bomb = Arc::new(Mutex::new(Bomb::new(own)));
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let (mut book, mut target) = self.process(journal, fault.is_some());
            book.refresh().unwrap();
            book.set_faults(Box::new(JournalBomb(bomb.clone())));
            if let Some(fault) = own.filter(|fault| fault.how == How::NoRoom) {
                book.limit_pages(self.pages(&book) + u32::try_from(fault.step).unwrap() / 3);
            }
            let context = self.world.context();
            let mut engine = context.engine(&mut book, target.as_mut(), "lab");
            engine.wait_ms = S::WAIT_MS;
            let done = step(&mut engine);
            if fault.is_none() {
                *self.processes[journal].borrow_mut() = Some((book, target));
            }
            done
        }));
        if fault.is_some() {
            // Whoever else was at it may have died with it: a simulated crash kills all that are connected.
            self.processes.iter().for_each(|process| drop(process.take()));
            self.store.died();
        }
        let ended = match caught {
            Ok(result) => Ended::Returned(result),
            Err(payload) if payload.is::<Crash>() => Ended::Crashed,
            Err(payload) => resume_unwind(payload),
        };
        let seen = bomb.lock().unwrap().seen.clone();
        Ran { ended, journal: seen, target: self.store.seen() }
    }

    /// Takes over the process that is at hand, or starts one: every so often, for a fault, and while the one at hand
    /// is in the middle of something.
    fn process(&self, journal: usize, fresh: bool) -> Process {
        self.runs.set(self.runs.get() + 1);
        let at_hand = self.processes[journal].take();
        let start = || (Journal::open(&self.journals[journal]).unwrap(), self.store.open());
        let old = fresh || self.runs.get().is_multiple_of(PROCESS_STEPS);
        at_hand.filter(|_| !old).unwrap_or_else(start)
    }

    fn pages(&self, journal: &Journal) -> u32 {
        let connection = rusqlite::Connection::open(journal.path()).unwrap();
        connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap()
    }

    /// What the target holds of mfm's operations, by journal.
    pub(crate) fn marks(&self) -> BTreeMap<(usize, u64), bool> {
        let whose = |id: &Digest| self.ids.iter().position(|own| own == id).unwrap();
        self.store.marks().into_iter().map(|((id, op), committed)| ((whose(&id), op), committed)).collect()
    }

    /// Audits a journal to its last byte.
    pub(crate) fn audit(&self, journal: usize) {
        let audit = mfm_journal::audit(&self.journals[journal], mfm_journal::Depth::Data, &mut |_, _| {}).unwrap();
        assert!(audit.findings.is_empty(), "journal {journal}: {:#?}", audit.findings);
    }
}

fn begin(world: &World, path: &Path, at: usize, url: &str, marker: &Marker) -> Digest {
    let stamp = world.context().stamp();
    let mut journal = Journal::create(path, [u8::try_from(at).unwrap() + 1; 16], &stamp).unwrap();
    let lock = journal.lock(&world.context().holder).unwrap();
    journal_marked_target(&mut journal, &lock, &stamp, ("lab", url), marker);
    journal.id()
}

/// A cell as the engine knows it.
pub(crate) fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Int(number) => Value::Integer(*number),
        Cell::Real(bits) => Value::Real(f64::from_bits(*bits)),
        Cell::Text(text) => Value::Text(text.clone()),
    }
}

/// A cell as the model knows it.
pub(crate) fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Integer(number) => Cell::Int(*number),
        Value::Real(number) => Cell::Real(number.to_bits()),
        Value::Text(text) => Cell::Text(text.clone()),
        other => panic!("no cell of the model: {other:?}"),
    }
}
