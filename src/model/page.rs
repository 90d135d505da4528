//! A page of a long table: which keys to read, from where, in which order; reads nothing itself.

use super::Key;
use super::snapshot::key_form;
use mfm_journal::Value;

/// Which keys of a table whose key is one whole number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPage {
    /// Only rows whose column holds this number.
    pub only: Option<(String, i64)>,
    /// Only keys behind this one; before it, where the page goes backwards. `None` begins at the end it comes from.
    pub from: Option<i64>,
    /// Whether keys descend.
    pub backwards: bool,
    /// At most so many keys.
    pub limit: u32,
}

impl KeyPage {
    /// Returns the keys of the page out of keys in any order.
    #[must_use]
    pub fn select_keys(&self, mut keys: Vec<Key>) -> Vec<Key> {
        let number = |key: &Key| match key.first().map(key_form) {
            Some(Value::Integer(number)) => Some(number),
            _ => None,
        };
        let behind = |number: i64| match (self.from, self.backwards) {
            (None, _) => true,
            (Some(from), false) => number > from,
            (Some(from), true) => number < from,
        };
        keys.retain(|key| number(key).is_some_and(behind));
        keys.sort_by_key(number);
        if self.backwards {
            keys.reverse();
        }
        keys.truncate(usize::try_from(self.limit).unwrap_or(usize::MAX));
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_goes_on_behind_its_beginning() {
        let keys = || (1..=9).rev().map(|id| vec![Value::Integer(id)]).collect::<Vec<Key>>();
        let page = |from, backwards| KeyPage { from, backwards, limit: 3, ..KeyPage::default() }.select_keys(keys());
        let ids = |keys: Vec<Key>| keys.into_iter().flatten().collect::<Vec<Value>>();
        let numbers = |numbers: [i64; 3]| numbers.map(Value::Integer).to_vec();
        assert_eq!(ids(page(None, false)), numbers([1, 2, 3]));
        assert_eq!(ids(page(Some(3), false)), numbers([4, 5, 6]));
        assert_eq!(ids(page(None, true)), numbers([9, 8, 7]));
        assert_eq!(ids(page(Some(7), true)), numbers([6, 5, 4]));
        assert_eq!(ids(page(Some(9), false)), []);
    }
}
