//! A world whose lab is on the live server, with what another program sees of it.

use std::cell::RefCell;

use mfm::engine::{Engine, EngineError};
use mfm::ops::Failure;
use mfm::ops::context::ChosenTarget;
use mfm::ops::lab::create;
use mfm::ops::plan::{self, BuiltPlan};
use mfm::targets::{TableDigest, Target};
use mfm_journal::Journal;
use testutils::World;

use super::dump::Dump;
use super::server::{Database, Session, password};

/// A journal here and a lab there. The database goes last, when nobody is connected any more.
pub(crate) struct Live {
    pub(crate) world: World,
    beside: RefCell<Session>,
    dump: Dump,
    pub(crate) database: Database,
}

/// A world that knows the password.
pub(crate) fn world() -> World {
    let mut world = World::new();
    world.secrets = Box::new(password());
    world
}

impl Live {
    /// A lab of so many patients.
    pub(crate) fn with_lab(patients: u32) -> Self {
        let database = Database::new();
        let world = world();
        let request = create::Request { url: database.url(), patients: Some(patients), ..Default::default() };
        create::run(&world.context(), &request).unwrap();
        Self::of(world, database)
    }

    /// What is there by now.
    pub(crate) fn of(world: World, database: Database) -> Self {
        let mut beside = database.connect();
        let dump = Dump::of(&mut beside);
        Self { world, beside: beside.into(), dump, database }
    }

    /// Everything but mfm's own tables, as another program reads it.
    pub(crate) fn dump(&self) -> String {
        self.dump.take(&mut self.beside.borrow_mut())
    }

    /// Runs SQL as somebody else would.
    pub(crate) fn meddle(&self, sql: &str) {
        self.beside.borrow_mut().run(sql);
    }

    /// Asks for whole numbers as somebody else would.
    pub(crate) fn numbers(&self, sql: &str) -> Vec<i64> {
        self.beside.borrow_mut().numbers(sql)
    }

    /// Waits until the server knows that every connection of mfm's but so many is gone.
    pub(crate) fn settled(&self, but: i64) {
        self.database.settled(&mut self.beside.borrow_mut(), but);
    }

    /// The name under which the lab is known, and its URL.
    fn chosen(&self, journal: &Journal) -> ChosenTarget {
        let (name, target) = journal.state().targets.iter().next().unwrap();
        ChosenTarget { name: name.clone(), url: target.url.clone() }
    }

    /// Plans a fault on a connection that is there already: a new one costs a server more than the plan.
    pub(crate) fn plan(&self, reader: &mut dyn Target, request: &plan::Request) -> Result<BuiltPlan, Failure> {
        let context = self.world.context();
        let mut journal = Journal::open(&self.world.journal).unwrap();
        let chosen = self.chosen(&journal);
        plan::build_plan(&context, &mut journal, reader, &chosen, &plan::resolve_request(&context, request)?)
    }

    /// Runs a step of an engine that reads on that connection.
    pub(crate) fn step<T>(
        &self,
        reader: &mut dyn Target,
        run: impl FnOnce(&mut Engine<'_>) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let context = self.world.context();
        let mut journal = Journal::open(&self.world.journal).unwrap();
        let name = self.chosen(&journal).name;
        run(&mut context.engine(&mut journal, reader, &name))
    }

    /// Opens the lab for reading.
    pub(crate) fn open(&self) -> Box<dyn Target> {
        self.world.context().open_target(&self.database.url()).unwrap()
    }
}

/// The digests of all tables, as mfm takes them.
pub(crate) fn digests(target: &mut dyn Target) -> Vec<TableDigest> {
    target.digest_tables(&mut |_, _| {}).unwrap()
}
