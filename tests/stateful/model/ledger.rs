//! The model's journal: operations with their whole rows, and what follows from them, counted row by row.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::database::{Change, Place};

/// What became of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Open,
    Applied,
    Failed,
    Abandoned,
    Gone,
}

/// An operation.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) verdict: Verdict,
    pub(crate) reverts: Option<u64>,
    pub(crate) depth: u32,
    pub(crate) changes: Rc<[Change]>,
    /// Whether triggers were switched off for it.
    pub(crate) triggers_off: bool,
    reverted_by: Vec<u64>,
    /// The places of the changes that wrote, and that no revert took or found as it wanted.
    left: Vec<usize>,
}

/// The operations of one journal, from number 1.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    operations: Vec<Operation>,
    active: BTreeMap<u64, usize>,
    /// Grows with every entry.
    pub(crate) entries: u64,
}

impl Ledger {
    pub(crate) fn count(&self) -> u64 {
        self.operations.len() as u64
    }

    pub(crate) fn get(&self, op: u64) -> Option<&Operation> {
        self.operations.get(usize::try_from(op.checked_sub(1)?).unwrap())
    }

    pub(crate) fn operation(&self, op: u64) -> &Operation {
        self.get(op).unwrap()
    }

    pub(crate) fn numbers(&self) -> impl DoubleEndedIterator<Item = u64> + use<> {
        1..=self.count()
    }

    /// Adds an operation without a verdict, and returns its number.
    pub(crate) fn intend(&mut self, changes: Vec<Change>, reverts: Option<u64>, triggers_off: bool) -> u64 {
        let op = self.count() + 1;
        let depth = reverts.map_or(0, |of| self.operation(of).depth + 1);
        let (verdict, changes) = (Verdict::Open, Rc::from(changes));
        let (reverted_by, left) = (Vec::new(), Vec::new());
        self.operations.push(Operation { verdict, reverts, depth, changes, triggers_off, reverted_by, left });
        if let Some(of) = reverts {
            self.of(of).reverted_by.push(op);
        }
        self.entries += 1;
        op
    }

    pub(crate) fn seal(&mut self, op: u64, verdict: Verdict) {
        self.of(op).verdict = verdict;
        self.entries += 1;
        self.count_left(op);
        if let Some(of) = self.operation(op).reverts {
            self.count_left(of);
        }
    }

    fn of(&mut self, op: u64) -> &mut Operation {
        &mut self.operations[usize::try_from(op - 1).unwrap()]
    }

    /// Counts an operation's rows left, after a verdict on it or on a revert of it.
    fn count_left(&mut self, op: u64) {
        let back: BTreeSet<Place> = self
            .applied_reverts(op)
            .flat_map(|revert| self.operation(revert).changes.iter().map(Change::place))
            .collect();
        let operation = self.operation(op);
        let left = |(_, change): &(usize, &Change)| change.writes() && !back.contains(&change.place());
        let left: Vec<usize> = operation.changes.iter().enumerate().filter(left).map(|(at, _)| at).collect();
        let active = operation.verdict == Verdict::Applied && operation.depth.is_multiple_of(2) && !left.is_empty();
        if active {
            self.active.insert(op, left.len());
        } else {
            self.active.remove(&op);
        }
        self.of(op).left = left;
    }

    pub(crate) fn open(&self) -> Option<u64> {
        self.numbers().next_back().filter(|op| self.operation(*op).verdict == Verdict::Open)
    }

    pub(crate) fn applied_reverts(&self, op: u64) -> impl Iterator<Item = u64> + '_ {
        let applied = |op: &&u64| self.operation(**op).verdict == Verdict::Applied;
        self.operation(op).reverted_by.iter().filter(applied).copied()
    }

    /// The rows that an operation wrote and no revert of it took, or found as it wanted.
    pub(crate) fn rows_left(&self, op: u64) -> impl Iterator<Item = &Change> {
        let operation = self.operation(op);
        operation.left.iter().map(|at| &operation.changes[*at])
    }

    /// The operations in effect, with how many rows of each: applies, reverts of reverts, and so on.
    pub(crate) const fn active(&self) -> &BTreeMap<u64, usize> {
        &self.active
    }

    /// The operations that carry a number's rows now: itself, and the reverts of its reverts.
    pub(crate) fn carriers(&self, op: u64) -> BTreeSet<u64> {
        let mut out = BTreeSet::new();
        if self.operation(op).verdict != Verdict::Applied {
            return out;
        }
        if self.rows_left(op).next().is_some() {
            out.insert(op);
        }
        for revert in self.applied_reverts(op) {
            for again in self.applied_reverts(revert).collect::<Vec<_>>() {
                out.extend(self.carriers(again));
            }
        }
        out
    }

    /// The operation that committed last, as far as the journal knows.
    pub(crate) fn newest(&self) -> Option<u64> {
        self.numbers().rev().find(|op| self.operation(*op).verdict == Verdict::Applied)
    }
}
