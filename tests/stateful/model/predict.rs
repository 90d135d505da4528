//! What guard, preparation, commit, recover and write-off should answer, and what they leave.

use std::collections::{BTreeMap, BTreeSet};

use super::database::{Cell, Change, Database, Event, Place, Row};
use super::ledger::Verdict;
use super::revert::claims;
use super::{Code, Held, Model};

/// An operation that was found possible, with the declarations that it saw.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub(crate) changes: Vec<Change>,
    facts: BTreeMap<String, u64>,
    /// Whether triggers would fire, and are switched off.
    pub(crate) triggers_off: bool,
}

/// What is to be committed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// An apply, beside the other journal or not.
    Apply { beside: bool },
    /// The revert of an operation, judged when the journal had so many entries.
    Revert { of: u64, seen: u64 },
}

/// The tables that changes name, in order.
pub(super) fn tables(changes: &[Change]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for change in changes {
        if !out.contains(&change.table) {
            out.push(change.table.clone());
        }
    }
    out
}

impl Model {
    /// The guard: the target holds the newest operation, nothing written off, nothing that the journal lacks.
    pub(crate) fn pass(&self, journal: usize) -> Result<(), Code> {
        let ledger = self.ledger(journal);
        if ledger.newest().is_some_and(|op| self.marks().get(&(journal, op)) != Some(&true)) {
            return Err("target_replaced");
        }
        let mut own = self.marks().iter().filter(|((owner, _), _)| *owner == journal);
        if own.any(|((_, op), committed)| *committed && ledger.operation(*op).verdict == Verdict::Gone) {
            return Err("target_replaced");
        }
        Ok(())
    }

    pub(crate) fn nothing_open(&self, journal: usize) -> Result<(), Code> {
        self.ledger(journal).open().map_or(Ok(()), |_| Err("recover_first"))
    }

    /// What the declarations say of rows to be written, other rows aside.
    pub(crate) fn try_out(&self, changes: &[Change], disable_triggers: bool) -> Result<(), Code> {
        let here = |name: &String| changes.iter().filter(move |change| change.table == *name).collect::<Vec<_>>();
        for name in tables(changes) {
            let Some(table) = self.database.tables.get(&name) else { return Err("stale") };
            if here(&name).iter().any(|change| change.shape != table.shape()) {
                return Err("stale");
            }
            let mut written = here(&name).into_iter().filter(|change| change.writes());
            if written.any(|change| change.after.as_ref().is_some_and(|row| table.lacks(row))) {
                return Err("not_null");
            }
        }
        if !disable_triggers && self.wakes(changes) { Err("trigger") } else { Ok(()) }
    }

    /// Tells whether a trigger would fire, on the way there or back.
    fn wakes(&self, changes: &[Change]) -> bool {
        let event = |change: &Change| self.database.tables[&change.table].trigger.as_ref();
        changes.iter().any(|change| event(change).is_some_and(|event| wakes(event, change)))
    }

    /// Everything that is judged before the journal is asked.
    pub(crate) fn prepare(&self, changes: &[Change], disable_triggers: bool) -> Result<Prepared, Code> {
        self.try_out(changes, disable_triggers)?;
        for name in tables(changes) {
            if self.database.meets(&name, changes) {
                return Err("unique_index");
            }
        }
        let facts = tables(changes).into_iter().map(|name| (name.clone(), self.database.tables[&name].facts));
        let triggers_off = disable_triggers && self.wakes(changes);
        Ok(Prepared { changes: changes.to_vec(), facts: facts.collect(), triggers_off })
    }

    /// What a commit should answer, and what it leaves; the number where it was applied.
    pub(crate) fn commit(&mut self, journal: usize, kind: Kind, prepared: &Prepared) -> Result<u64, Code> {
        self.pass(journal)?;
        self.nothing_open(journal)?;
        let reverts = match kind {
            Kind::Apply { beside } => {
                let foreign = self.marks().keys().any(|(owner, _)| *owner != journal);
                if foreign && !beside {
                    return Err("foreign_operation");
                }
                None
            }
            Kind::Revert { of, seen } => {
                if self.ledger(journal).entries != seen {
                    self.still_carried(journal, of, &prepared.changes)?;
                }
                Some(of)
            }
        };
        let op = self.ledgers[journal].intend(prepared.changes.clone(), reverts, prepared.triggers_off);
        match self.execute(prepared) {
            Ok(()) => {
                self.took_effect(journal, op);
                self.ledgers[journal].seal(op, Verdict::Applied);
                Ok(op)
            }
            Err(code) => {
                self.ledgers[journal].seal(op, Verdict::Failed);
                Err(code)
            }
        }
    }

    /// Whether a judged revert still is right, where the journal went on since.
    fn still_carried(&self, journal: usize, of: u64, changes: &[Change]) -> Result<(), Code> {
        let ledger = self.ledger(journal);
        let left: BTreeSet<Place> = ledger.rows_left(of).map(Change::place).collect();
        if !changes.iter().all(|change| left.contains(&change.place())) {
            return Err("stale");
        }
        let later: Vec<u64> = ledger.active().range(of + 1..).map(|(op, _)| *op).collect();
        let mut written = changes.iter().filter(|change| change.writes());
        let blocked = written.any(|change| later.iter().any(|op| claims(ledger, *op, change)));
        if blocked { Err("stale") } else { Ok(()) }
    }

    /// What the target says once its lock is asked for.
    fn execute(&self, prepared: &Prepared) -> Result<(), Code> {
        if self.held.is_some() {
            return Err("target_busy");
        }
        let same =
            |(name, facts): (&String, &u64)| self.database.tables.get(name).is_some_and(|table| table.facts == *facts);
        if !prepared.facts.iter().all(same) {
            return Err("stale");
        }
        let same = |change: &Change| self.database.row(&change.table, change.key) == change.before.as_ref();
        if !prepared.changes.iter().all(same) {
            return Err("stale");
        }
        // Somebody else may have taken a place in a unique index since: the target says so while it writes.
        let meets = |name: &String| self.database.meets(name, &prepared.changes);
        if tables(&prepared.changes).iter().any(meets) { Err("unique_index") } else { Ok(()) }
    }

    /// The rows of an operation and its uid are in the target.
    pub(crate) fn took_effect(&mut self, journal: usize, op: u64) {
        let changes = self.ledger(journal).operation(op).changes.clone();
        self.database.carry_out(&changes);
        self.database.marks.insert((journal, op), true);
    }

    /// What a recover should answer: the operation, its verdict unless it stays open, and the rows that are not so.
    pub(crate) fn recover(&mut self, journal: usize) -> Vec<(u64, Option<Verdict>, Vec<Place>)> {
        let Some(op) = self.ledger(journal).open() else { return Vec::new() };
        let hidden = |held: &Held| !self.database.server || held.of == Some((journal, op));
        if self.held.as_ref().is_some_and(hidden) {
            return vec![(op, None, Vec::new())];
        }
        let committed = *self.database.marks.entry((journal, op)).or_insert(false);
        let verdict = if committed { Verdict::Applied } else { Verdict::Abandoned };
        let differ = |change: &&Change| {
            let side = if committed { &change.after } else { &change.before };
            self.found(change) != side.as_ref().map(|row| Some(row.clone()))
        };
        let differing = self.ledger(journal).operation(op).changes.iter().filter(differ).map(Change::place).collect();
        self.ledgers[journal].seal(op, verdict);
        vec![(op, Some(verdict), differing)]
    }

    /// What a live audit should find: each row that is not as the newest operation on it left it.
    pub(crate) fn drifted(&self, journal: usize) -> Vec<(Code, u64)> {
        let mut seen: BTreeSet<Place> = BTreeSet::new();
        let mut out = Vec::new();
        for op in self.ledger(journal).numbers().rev() {
            let operation = self.ledger(journal).operation(op);
            if operation.verdict != Verdict::Applied {
                continue;
            }
            for change in operation.changes.iter() {
                if seen.insert(change.place()) && self.found(change) != change.after.clone().map(Some) {
                    out.push(("row_drift", op));
                }
            }
        }
        out
    }

    /// The row as an image sees it now; inside, nothing where a column that it knew is gone.
    fn found(&self, change: &Change) -> Option<Option<Row>> {
        let row = self.database.row(&change.table, change.key)?;
        let cell = |name: &String| Some((name.clone(), row.get(name)?.clone()));
        Some(change.shape.iter().map(cell).collect())
    }

    /// What writing off should answer: what the target lost, newest first.
    pub(crate) fn write_off(&mut self, journal: usize) -> Vec<(u64, Verdict)> {
        let lost: Vec<u64> = self
            .ledger(journal)
            .numbers()
            .rev()
            .filter(|op| matches!(self.ledger(journal).operation(*op).verdict, Verdict::Open | Verdict::Applied))
            .filter(|op| self.marks().get(&(journal, *op)) != Some(&true))
            .collect();
        let one = |op: u64| {
            let open = self.ledgers[journal].operation(op).verdict == Verdict::Open;
            let verdict = if open { Verdict::Abandoned } else { Verdict::Gone };
            self.database.marks.insert((journal, op), false);
            self.ledgers[journal].seal(op, verdict);
            (op, verdict)
        };
        lost.into_iter().map(one).collect()
    }
}

/// Tells whether a change, or taking it back, would wake a trigger.
fn wakes(event: &Event, change: &Change) -> bool {
    match (event, change.sets()) {
        _ if !change.writes() => false,
        (Event::Insert | Event::Delete, sets) => sets.is_none(),
        (Event::Update(columns), Some(sets)) => columns.is_empty() || columns.iter().any(|name| sets.contains(name)),
        (Event::Update(_), None) => false,
    }
}

impl Database {
    /// Tells whether a row to be written meets another one, there or among them, in the unique index.
    pub(super) fn meets(&self, name: &str, changes: &[Change]) -> bool {
        let table = &self.tables[name];
        let Some(unique) = &table.unique else { return false };
        let written: Vec<&Change> =
            changes.iter().filter(|change| change.table == name && change.writes() && change.after.is_some()).collect();
        let inserts = written.iter().any(|change| change.before.is_none());
        if !inserts && !written.iter().any(|change| change.sets().is_some_and(|sets| sets.contains(unique))) {
            return false;
        }
        let mut new: BTreeSet<Cell> = BTreeSet::new();
        written.iter().any(|change| {
            let row = change.after.as_ref().unwrap();
            let entry = table.entry(row, self.server);
            entry.is_some_and(|entry| table.taken(change.key, row, self.server) || !new.insert(entry))
        })
    }
}
