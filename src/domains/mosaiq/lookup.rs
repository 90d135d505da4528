//! What is looked up by an id, some bytes an entry: most ids are whole numbers that come in order; knows no table.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::snapshot::key_form;
use crate::model::{Key, Value};

/// A value that tells something apart, in the form in which foreign keys meet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LookupId {
    /// None.
    Null,
    /// A whole number, as nearly all of them are.
    Number(i64),
    /// Anything else.
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
    /// Returns the id that a cell holds; a missing one is none.
    pub(super) fn from_cell(cell: Option<&Value>) -> Self {
        match cell {
            None | Some(Value::Null) => Self::Null,
            Some(Value::Integer(number)) => Self::Number(*number),
            Some(other) => other.clone().into(),
        }
    }

    /// Tells whether there is none.
    pub(super) const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Returns the value.
    pub(super) fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Number(number) => Value::Integer(*number),
            Self::Other(value) => (**value).clone(),
        }
    }
}

/// Things by id.
#[derive(Debug)]
pub(super) struct Lookup<T> {
    /// Those whose id is a whole number; in order once they are sealed.
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
    /// Takes in a thing; of several with one id the last one counts.
    pub(super) fn insert(&mut self, id: LookupId, thing: T) {
        self.add_with(id, thing, |kept, last| *kept = last);
    }

    /// Takes in a thing that is to be put together with others of its id, now or when all are sealed.
    pub(super) fn add_with(&mut self, id: LookupId, thing: T, put: impl Fn(&mut T, T)) {
        match id {
            LookupId::Number(id) => {
                self.sealed &= self.numbers.last().is_none_or(|(last, _)| *last < id);
                self.numbers.push((id, thing));
            }
            other => match self.others.get_mut(&other) {
                Some(kept) => put(kept, thing),
                None => drop(self.others.insert(other, thing)),
            },
        }
    }

    /// Puts what was added in order, as every look-up needs it.
    pub(super) fn seal(&mut self) {
        self.seal_with(|kept, last| *kept = last);
    }

    /// Does so, and puts together what was added under one id.
    pub(super) fn seal_with(&mut self, put: impl Fn(&mut T, T)) {
        if std::mem::replace(&mut self.sealed, true) {
            return;
        }
        self.numbers.sort_by_key(|(id, _)| *id);
        let mut kept: Vec<(i64, T)> = Vec::with_capacity(self.numbers.len());
        for (id, thing) in self.numbers.drain(..) {
            match kept.last_mut().filter(|(last, _)| *last == id) {
                Some((_, one)) => put(one, thing),
                None => kept.push((id, thing)),
            }
        }
        self.numbers = kept;
    }

    /// Returns the thing of an id.
    pub(super) fn get(&self, id: &LookupId) -> Option<&T> {
        let LookupId::Number(id) = id else { return self.others.get(id) };
        let at = self.numbers.binary_search_by_key(id, |(known, _)| *known).ok()?;
        self.numbers.get(at).map(|(_, thing)| thing)
    }

    /// Returns the thing of an id.
    pub(super) fn get_mut(&mut self, id: &LookupId) -> Option<&mut T> {
        let LookupId::Number(id) = id else { return self.others.get_mut(id) };
        let at = self.numbers.binary_search_by_key(id, |(known, _)| *known).ok()?;
        self.numbers.get_mut(at).map(|(_, thing)| thing)
    }

    /// Returns everything, by id.
    pub(super) fn iter(&self) -> impl Iterator<Item = (LookupId, &T)> {
        let numbers = self.numbers.iter().map(|(id, thing)| (LookupId::Number(*id), thing));
        numbers.chain(self.others.iter().map(|(id, thing)| (id.clone(), thing)))
    }

    /// Returns everything, by id.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (LookupId, &mut T)> {
        let numbers = self.numbers.iter_mut().map(|(id, thing)| (LookupId::Number(*id), thing));
        numbers.chain(self.others.iter_mut().map(|(id, thing)| (id.clone(), thing)))
    }

    /// Returns how many things were added.
    pub(super) fn len(&self) -> usize {
        self.numbers.len() + self.others.len()
    }
}

/// A set of ids: whole numbers that follow each other take no room.
#[derive(Debug, Default)]
pub(super) struct IdSet {
    /// Runs of numbers, the first and the last of each; in order and apart once they are sealed.
    runs: Vec<(i64, i64)>,
    unsealed: bool,
    others: BTreeSet<LookupId>,
}

impl IdSet {
    /// Takes in an id.
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

    /// Puts what was added in order, as every question needs it.
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

    /// Tells whether an id was added.
    pub(super) fn contains(&self, id: &LookupId) -> bool {
        let LookupId::Number(number) = id else { return self.others.contains(id) };
        let after = self.runs.partition_point(|(first, _)| first <= number);
        after.checked_sub(1).and_then(|at| self.runs.get(at)).is_some_and(|(_, last)| number <= last)
    }
}

/// A row's key, which is one whole number in nearly every table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CompactKey {
    /// One whole number.
    Number(i64),
    /// Anything else.
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
    /// Returns the key.
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
        let found = |id: &LookupId| lookup.get(id).copied();
        assert_eq!([3, 7, 8, 9, 10].map(|id| found(&LookupId::Number(id))), [Some(3), Some(0), None, Some(2), None]);
        assert_eq!((found(&word), found(&LookupId::Null), lookup.len()), (Some(4), None, 4));
        assert_eq!(Lookup::<u8>::default().get(&LookupId::Number(0)), None);
    }

    #[test]
    fn what_is_added_under_one_id_is_put_together() {
        let mut counts = Lookup::default();
        let put = |kept: &mut i32, more: i32| *kept += more;
        let (two, five) = (LookupId::Number(2), LookupId::Number(5));
        let added = [(&five, 1), (&two, 10), (&LookupId::Null, 5), (&five, 2), (&LookupId::Null, 6), (&two, 20)];
        added.into_iter().for_each(|(id, count)| counts.add_with(id.clone(), count, put));
        counts.seal_with(put);
        let all: Vec<(LookupId, i32)> = counts.iter().map(|(id, count)| (id, *count)).collect();
        assert_eq!(all, [(two, 30), (five, 3), (LookupId::Null, 11)]);
    }

    #[test]
    fn an_id_is_the_value_in_the_form_of_foreign_keys() {
        let of = |value: Value| LookupId::from_cell(Some(&value));
        assert_eq!([of(Value::Real(7.0)), of(Value::Integer(7)), of(Value::Null)], [7, 7, 0].map(number_or_null));
        assert_eq!((LookupId::from_cell(None), LookupId::Number(7).to_value()), (LookupId::Null, Value::Integer(7)));
        assert_eq!(of(Value::Text("7".into())).to_value(), Value::Text("7".into()));
    }

    fn number_or_null(number: i64) -> LookupId {
        if number == 0 { LookupId::Null } else { LookupId::Number(number) }
    }

    #[test]
    fn numbers_that_follow_each_other_take_no_room() {
        let mut ids = IdSet::default();
        (1..=10_000).chain(20_000..30_000).for_each(|id| ids.insert(LookupId::Number(id)));
        ids.seal();
        assert_eq!(ids.runs, [(1, 10_000), (20_000, 29_999)]);
        let ends = [i64::MIN, i64::MAX - 1, i64::MAX];
        ends.into_iter().for_each(|id| ids.insert(LookupId::Number(id)));
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
