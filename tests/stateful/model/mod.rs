//! The model: what journals and target should hold, and what every step should answer; written from the documents, with
//! nothing of the engine in it, and with rows as plain maps.

pub(crate) mod database;
pub(crate) mod ledger;
pub(crate) mod predict;
mod revert;

use std::collections::BTreeMap;

pub(crate) use database::{Cell, Change, Column, Database, Ddl, Event, Kind, Place, Row, Table, Write};
pub(crate) use ledger::{Ledger, Verdict};
pub(crate) use revert::{Conflict, Judged, Options, Planned, Selection};

/// How many journals there are on the one target.
pub(crate) const JOURNALS: usize = 2;

/// A stable error code.
pub(crate) type Code = &'static str;

/// A transaction of somebody's that is still open in the target, and keeps every other writer out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// The journal and the number of the operation whose dead process left it, if it is one of ours.
    pub(crate) of: Option<(usize, u64)>,
    /// Whether it may still commit.
    pub(crate) may_commit: bool,
}

/// Everything there is.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) database: Database,
    pub(crate) ledgers: [Ledger; JOURNALS],
    pub(crate) held: Option<Held>,
    pub(crate) saved: Option<Database>,
    /// How often each thing happened that is worth happening.
    pub(crate) tally: BTreeMap<&'static str, u64>,
}

impl Model {
    pub(crate) fn new(database: Database) -> Self {
        Self { database, ledgers: Default::default(), held: None, saved: None, tally: BTreeMap::new() }
    }

    /// Notes that something happened.
    pub(crate) fn note(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    pub(crate) fn ledger(&self, journal: usize) -> &Ledger {
        &self.ledgers[journal]
    }

    /// What `mfm_operation` should hold: committed or abandoned, by journal and number.
    pub(crate) fn marks(&self) -> &BTreeMap<(usize, u64), bool> {
        &self.database.marks
    }
}
