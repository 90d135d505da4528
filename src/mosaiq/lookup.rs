//! What is looked up by an id, some bytes an entry: most ids are whole numbers that come in order; knows no table.

use std::collections::BTreeMap;

use crate::model::{Key, Value};

/// Things by id, in the form in which foreign keys meet.
#[derive(Debug)]
pub(super) struct Lookup<T> {
    /// Those whose id is a whole number; in order once they are sealed.
    numbers: Vec<(i64, T)>,
    others: BTreeMap<Value, T>,
    sealed: bool,
}

impl<T> Default for Lookup<T> {
    fn default() -> Self {
        Self { numbers: Vec::new(), others: BTreeMap::new(), sealed: true }
    }
}

impl<T> Lookup<T> {
    /// Takes in a thing; of several with one id the last one counts.
    pub(super) fn add(&mut self, id: Value, thing: T) {
        match id {
            Value::Integer(id) => {
                self.sealed &= self.numbers.last().is_none_or(|(last, _)| *last <= id);
                self.numbers.push((id, thing));
            }
            other => drop(self.others.insert(other, thing)),
        }
    }

    /// Puts what was added in order, as every look-up needs it.
    pub(super) fn seal(&mut self) {
        if !self.sealed {
            self.numbers.sort_by_key(|(id, _)| *id);
            self.sealed = true;
        }
    }

    /// Returns the thing of an id.
    pub(super) fn get(&self, id: &Value) -> Option<&T> {
        let Value::Integer(id) = id else { return self.others.get(id) };
        let after = self.numbers.partition_point(|(known, _)| known <= id);
        self.numbers.get(after.checked_sub(1)?).filter(|(known, _)| known == id).map(|(_, thing)| thing)
    }
}

/// A row's key, which is one whole number in nearly every table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SlimKey {
    /// One whole number.
    Number(i64),
    /// Anything else.
    Other(Box<Key>),
}

impl From<Key> for SlimKey {
    fn from(key: Key) -> Self {
        match key.as_slice() {
            [Value::Integer(number)] => Self::Number(*number),
            _ => Self::Other(Box::new(key)),
        }
    }
}

impl SlimKey {
    /// Returns the key.
    pub(super) fn key(&self) -> Key {
        match self {
            Self::Number(number) => vec![Value::Integer(*number)],
            Self::Other(key) => (**key).clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_an_id_is_found_whatever_the_order() {
        let mut lookup = Lookup::default();
        let word = Value::Text("a".into());
        for (at, id) in [7, 3, 9, 3].into_iter().map(Value::Integer).chain([word.clone()]).enumerate() {
            lookup.add(id, at);
        }
        lookup.seal();
        let found = |id: &Value| lookup.get(id).copied();
        assert_eq!([3, 7, 8, 9, 10].map(|id| found(&Value::Integer(id))), [Some(3), Some(0), None, Some(2), None]);
        assert_eq!((found(&word), found(&Value::Null)), (Some(4), None));
        assert_eq!(Lookup::<u8>::default().get(&Value::Integer(0)), None);
    }

    #[test]
    fn a_slim_key_is_the_key() {
        for key in [vec![Value::Integer(7)], vec![Value::Text("7".into())], vec![Value::Integer(7); 2], vec![]] {
            assert_eq!(SlimKey::from(key.clone()).key(), key);
        }
    }
}
