//! A page of a long table: the keys to read, where to start and in which order.

use super::Key;
use super::snapshot::key_form;
use mfm_journal::Value;

/// A request for a page of keys, of a table whose key is one whole number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPage {
    /// Only rows whose column (by name) holds this number.
    pub only: Option<(String, i64)>,
    /// Only keys after this one, or before it if the page goes backwards. `None` starts at the first, or the last key.
    pub from: Option<i64>,
    /// Whether the keys descend.
    pub backwards: bool,
    /// The largest number of keys.
    pub limit: u32,
}

impl KeyPage {
    /// Selects the keys of the page from keys in any order.
    #[must_use]
    pub fn select_keys(&self, mut keys: Vec<Key>) -> Vec<Key> {
        keys.retain(|key| key_number(key).is_some_and(|number| self.reaches(number)));
        keys.sort_by_key(key_number);
        if self.backwards {
            keys.reverse();
        }
        keys.truncate(usize::try_from(self.limit).unwrap_or(usize::MAX));
        keys
    }

    fn reaches(&self, number: i64) -> bool {
        match (self.from, self.backwards) {
            (None, _) => true,
            (Some(from), false) => number > from,
            (Some(from), true) => number < from,
        }
    }
}

/// Returns the number of a key, whatever numeric type holds it; `None` for any other key.
fn key_number(key: &Key) -> Option<i64> {
    match key.first().map(key_form) {
        Some(Value::Integer(number)) => Some(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_goes_on_behind_its_beginning() {
        let keys: Vec<Key> = (1..=9).rev().map(|id| vec![Value::Integer(id)]).collect();
        for (from, backwards, expected) in [
            (None, false, &[1_i64, 2, 3][..]),
            (Some(3), false, &[4, 5, 6][..]),
            (None, true, &[9, 8, 7][..]),
            (Some(7), true, &[6, 5, 4][..]),
            (Some(9), false, &[][..]),
        ] {
            let page = KeyPage { from, backwards, limit: 3, ..KeyPage::default() };
            let numbers: Vec<i64> = page.select_keys(keys.clone()).iter().filter_map(key_number).collect();
            assert_eq!(numbers, expected, "{from:?} {backwards}");
        }
    }
}
