//! A world whose lab is on the live server, with what another program sees of it.

use std::cell::RefCell;

use mfm::ops::lab::create;
use mfm::target::{TableDigest, Target};

use super::dump::Dump;
use super::server::{Database, Session, password};
use super::world::World;

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

    pub(crate) fn open(&self) -> Box<dyn Target> {
        self.world.context().open(&self.database.url()).unwrap()
    }
}

/// The digests of all tables, as mfm takes them.
pub(crate) fn digests(target: &mut dyn Target) -> Vec<TableDigest> {
    target.digests(&mut |_, _| {}).unwrap()
}
