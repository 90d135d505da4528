//! The model's journal: operations with their whole rows, and what follows from them, counted row by row each time.

use std::collections::{BTreeMap, BTreeSet};

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
    pub(crate) changes: Vec<Change>,
    reverted_by: Vec<u64>,
}

/// The operations of one journal, from number 1.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    operations: Vec<Operation>,
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
    pub(crate) fn intend(&mut self, changes: Vec<Change>, reverts: Option<u64>) -> u64 {
        let op = self.count() + 1;
        let depth = reverts.map_or(0, |of| self.operation(of).depth + 1);
        self.operations.push(Operation { verdict: Verdict::Open, reverts, depth, changes, reverted_by: Vec::new() });
        if let Some(of) = reverts {
            self.operations[usize::try_from(of - 1).unwrap()].reverted_by.push(op);
        }
        self.entries += 1;
        op
    }

    pub(crate) fn seal(&mut self, op: u64, verdict: Verdict) {
        self.operations[usize::try_from(op - 1).unwrap()].verdict = verdict;
        self.entries += 1;
    }

    pub(crate) fn open(&self) -> Option<u64> {
        self.numbers().next_back().filter(|op| self.operation(*op).verdict == Verdict::Open)
    }

    pub(crate) fn applied_reverts(&self, op: u64) -> impl Iterator<Item = u64> + '_ {
        let applied = |op: &&u64| self.operation(**op).verdict == Verdict::Applied;
        self.operation(op).reverted_by.iter().filter(applied).copied()
    }

    /// The rows that an operation wrote and no revert of it took, or found as it wanted.
    pub(crate) fn rows_left(&self, op: u64) -> Vec<&Change> {
        let back: BTreeSet<Place> = self
            .applied_reverts(op)
            .flat_map(|revert| self.operation(revert).changes.iter().map(Change::place))
            .collect();
        self.operation(op).changes.iter().filter(|change| change.writes() && !back.contains(&change.place())).collect()
    }

    /// The operations in effect, with how many rows of each: applies, reverts of reverts, and so on.
    pub(crate) fn active(&self) -> BTreeMap<u64, usize> {
        let even = self.numbers().filter(|op| {
            let operation = self.operation(*op);
            operation.verdict == Verdict::Applied && operation.depth.is_multiple_of(2)
        });
        even.map(|op| (op, self.rows_left(op).len())).filter(|(_, left)| *left > 0).collect()
    }

    /// The operations that carry a number's rows now: itself, and the reverts of its reverts.
    pub(crate) fn carriers(&self, op: u64) -> BTreeSet<u64> {
        let mut out = BTreeSet::new();
        if self.operation(op).verdict != Verdict::Applied {
            return out;
        }
        if !self.rows_left(op).is_empty() {
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
