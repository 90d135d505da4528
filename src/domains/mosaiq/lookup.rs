//! Maps and sets of ids that take a few bytes an entry: most ids are whole numbers that arrive in ascending order.
//! Knows no table.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::snapshot::key_form;
use crate::model::{Key, Value};

/// An id, normalised so that a foreign key equals the key that it refers to, whatever types the columns have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LookupId {
    /// NULL or missing.
    Null,
    /// A whole number, as nearly all ids are.
    Number(i64),
    /// Boxed, because it is rare and would double the size of every id.
    Other(Box<Value>),
}

impl From<Value> for LookupId {
    fn from(value: Value) -> Self {
        match key_form(&value) {
            Value::Null => Self::Null,
            Value::Integer(number) => Self::Number(number),
            other => Self::Other(Box::new(other)),
        }
    }
}

impl LookupId {
    /// Returns the id in a cell; a missing cell counts as NULL.
    pub(super) fn from_cell(cell: Option<&Value>) -> Self {
        match cell {
            None | Some(Value::Null) => Self::Null,
            Some(Value::Integer(number)) => Self::Number(*number),
            Some(other) => other.clone().into(),
        }
    }

    pub(super) const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub(super) fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Number(number) => Value::Integer(*number),
            Self::Other(value) => (**value).clone(),
        }
    }
}

/// A map by id. After additions it must be sealed before it is read.
#[derive(Debug)]
pub(super) struct Lookup<T> {
    /// Entries whose id is a whole number; sorted once sealed.
    numbers: Vec<(i64, T)>,
    others: BTreeMap<LookupId, T>,
    sealed: bool,
}

impl<T> Default for Lookup<T> {
    fn default() -> Self {
        Self { numbers: Vec::new(), others: BTreeMap::new(), sealed: true }
    }
}

impl<T> Lookup<T> {
    /// Adds an entry; of several with one id the last counts.
    pub(super) fn insert(&mut self, id: LookupId, entry: T) {
        self.add_with(id, entry, |earlier, last| *earlier = last);
    }

    /// Adds an entry to be merged with others of its id, now or at sealing.
    pub(super) fn add_with(&mut self, id: LookupId, entry: T, merge: impl Fn(&mut T, T)) {
        match id {
            LookupId::Number(id) => {
                // Ids in ascending order keep the map sealed: then sealing sorts and copies nothing.
                self.sealed &= self.numbers.last().is_none_or(|(last, _)| *last < id);
                self.numbers.push((id, entry));
            }
            other => match self.others.get_mut(&other) {
                Some(earlier) => merge(earlier, entry),
                None => drop(self.others.insert(other, entry)),
            },
        }
    }

    /// Sorts the entries; the last of an id replaces the others. Must precede every look-up.
    pub(super) fn seal(&mut self) {
        self.seal_with(|earlier, last| *earlier = last);
    }

    /// Sorts the entries, and merges those of one id.
    pub(super) fn seal_with(&mut self, merge: impl Fn(&mut T, T)) {
        if std::mem::replace(&mut self.sealed, true) {
            return;
        }
        // A stable sort: entries of one id are merged in the order in which they were added.
        self.numbers.sort_by_key(|(id, _)| *id);
        let mut merged: Vec<(i64, T)> = Vec::with_capacity(self.numbers.len());
        for (id, entry) in self.numbers.drain(..) {
            match merged.last_mut().filter(|(last, _)| *last == id) {
                Some((_, earlier)) => merge(earlier, entry),
                None => merged.push((id, entry)),
            }
        }
        self.numbers = merged;
    }

    pub(super) fn get(&self, id: &LookupId) -> Option<&T> {
        let LookupId::Number(id) = id else { return self.others.get(id) };
        let at = self.numbers.binary_search_by_key(id, |(known, _)| *known).ok()?;
        self.numbers.get(at).map(|(_, thing)| thing)
    }

    pub(super) fn get_mut(&mut self, id: &LookupId) -> Option<&mut T> {
        let LookupId::Number(id) = id else { return self.others.get_mut(id) };
        let at = self.numbers.binary_search_by_key(id, |(known, _)| *known).ok()?;
        self.numbers.get_mut(at).map(|(_, thing)| thing)
    }

    /// Iterates in the order of the ids: whole numbers, then the others.
    pub(super) fn iter(&self) -> impl Iterator<Item = (LookupId, &T)> {
        let numbers = self.numbers.iter().map(|(id, thing)| (LookupId::Number(*id), thing));
        numbers.chain(self.others.iter().map(|(id, thing)| (id.clone(), thing)))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (LookupId, &mut T)> {
        let numbers = self.numbers.iter_mut().map(|(id, thing)| (LookupId::Number(*id), thing));
        numbers.chain(self.others.iter_mut().map(|(id, thing)| (id.clone(), thing)))
    }

    /// Number of entries; before sealing, those of one id count several times.
    pub(super) fn len(&self) -> usize {
        self.numbers.len() + self.others.len()
    }
}

/// A set of ids that stores consecutive whole numbers as runs. After additions it must be sealed before it is read.
#[derive(Debug, Default)]
pub(super) struct IdSet {
    /// First and last number of each run; sorted and disjoint once sealed.
    runs: Vec<(i64, i64)>,
    unsealed: bool,
    others: BTreeSet<LookupId>,
}

impl IdSet {
    pub(super) fn insert(&mut self, id: LookupId) {
        let LookupId::Number(number) = id else {
            self.others.insert(id);
            return;
        };
        match self.runs.last_mut() {
            Some((first, last)) if (*first..=*last).contains(&number) => {}
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            run => {
                self.unsealed |= run.is_some_and(|(_, last)| *last > number);
                self.runs.push((number, number));
            }
        }
    }

    /// Sorts and merges the runs. Must precede every look-up. Ids that came in order need no work.
    pub(super) fn seal(&mut self) {
        if !std::mem::replace(&mut self.unsealed, false) {
            return;
        }
        self.runs.sort_unstable();
        self.runs.dedup_by(|next, run| {
            let joins = next.0 <= run.1.saturating_add(1);
            if joins {
                run.1 = run.1.max(next.1);
            }
            joins
        });
    }

    pub(super) fn contains(&self, id: &LookupId) -> bool {
        let LookupId::Number(number) = id else { return self.others.contains(id) };
        // Only the last run that begins at or before the number can hold it.
        let after = self.runs.partition_point(|(first, _)| first <= number);
        after.checked_sub(1).and_then(|at| self.runs.get(at)).is_some_and(|(_, last)| number <= last)
    }
}

/// A row's key without an allocation for the usual case, one whole number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CompactKey {
    /// A key of one whole number.
    Number(i64),
    /// Any other key.
    Other(Box<Key>),
}

impl From<Key> for CompactKey {
    fn from(key: Key) -> Self {
        match key.as_slice() {
            [Value::Integer(number)] => Self::Number(*number),
            _ => Self::Other(Box::new(key)),
        }
    }
}

impl CompactKey {
    pub(super) fn to_key(&self) -> Key {
        match self {
            Self::Number(number) => vec![Value::Integer(*number)],
            Self::Other(key) => (**key).clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_last_of_an_id_is_found_whatever_the_order() {
        let mut lookup = Lookup::default();
        let word = LookupId::from(Value::Text("a".into()));
        for (at, id) in [7, 3, 9, 3].into_iter().map(LookupId::Number).chain([word.clone()]).enumerate() {
            lookup.insert(id, at);
        }
        lookup.seal();
        let entries = [3, 7, 8, 9, 10].map(|id| lookup.get(&LookupId::Number(id)).copied());
        assert_eq!(entries, [Some(3), Some(0), None, Some(2), None]);
        assert_eq!((lookup.get(&word), lookup.get(&LookupId::Null), lookup.len()), (Some(&4), None, 4));
        assert_eq!(Lookup::<u8>::default().get(&LookupId::Number(0)), None);
    }

    #[test]
    fn what_is_added_under_one_id_is_put_together() {
        let mut counts: Lookup<i32> = Lookup::default();
        let (two, five) = (LookupId::Number(2), LookupId::Number(5));
        for (id, count) in [(&five, 1), (&two, 10), (&LookupId::Null, 5), (&five, 2), (&LookupId::Null, 6), (&two, 20)]
        {
            counts.add_with(id.clone(), count, std::ops::AddAssign::add_assign);
        }
        counts.seal_with(std::ops::AddAssign::add_assign);
        let all: Vec<(LookupId, i32)> = counts.iter().map(|(id, count)| (id, *count)).collect();
        assert_eq!(all, [(two, 30), (five, 3), (LookupId::Null, 11)]);
    }

    #[test]
    fn an_id_is_the_value_in_the_form_of_foreign_keys() {
        let cells = [Value::Real(7.0), Value::Integer(7), Value::Null];
        assert_eq!(
            cells.map(|cell| LookupId::from_cell(Some(&cell))),
            [LookupId::Number(7), LookupId::Number(7), LookupId::Null]
        );
        assert_eq!((LookupId::from_cell(None), LookupId::Number(7).to_value()), (LookupId::Null, Value::Integer(7)));
        let text = Value::Text("7".into());
        assert_eq!(LookupId::from_cell(Some(&text)).to_value(), text);
    }

    #[test]
    fn numbers_that_follow_each_other_take_no_room() {
        let mut ids = IdSet::default();
        for id in (1..=10_000).chain(20_000..30_000) {
            ids.insert(LookupId::Number(id));
        }
        ids.seal();
        assert_eq!(ids.runs, [(1, 10_000), (20_000, 29_999)]);
        let ends = [i64::MIN, i64::MAX - 1, i64::MAX];
        for id in ends {
            ids.insert(LookupId::Number(id));
        }
        ids.seal();
        assert!(ends.into_iter().all(|id| ids.contains(&LookupId::Number(id))) && !ids.contains(&LookupId::Number(0)));
    }

    proptest! {
        #[test]
        fn a_set_has_what_was_added_and_nothing_else(numbers in prop::collection::vec(-20_i64..20, 0..40)) {
            let mut ids = IdSet::default();
            for number in &numbers {
                ids.insert(LookupId::Number(*number));
                if *number % 3 == 0 {
                    ids.seal();
                }
            }
            ids.seal();
            for number in -25..25 {
                prop_assert_eq!(ids.contains(&LookupId::Number(number)), numbers.contains(&number));
            }
        }
    }

    #[test]
    fn a_slim_key_is_the_key() {
        for key in [vec![Value::Integer(7)], vec![Value::Text("7".into())], vec![Value::Integer(7); 2], vec![]] {
            assert_eq!(CompactKey::from(key.clone()).to_key(), key);
        }
    }
}
