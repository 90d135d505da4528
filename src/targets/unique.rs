//! Checks rows against a unique index, for every engine. The engine looks up which rows hold the values.

use std::collections::{BTreeMap, BTreeSet};

use mfm_journal::Value;

use super::{PendingRows, TargetError};
use crate::model::{Key, Refusal, Table};

/// A unique index, as far as a check needs it.
pub(super) struct CheckedIndex<'i> {
    /// The index's name.
    pub(super) name: &'i str,
    /// The names of its columns.
    pub(super) columns: Vec<&'i str>,
    /// Maps all values that the index holds equal to one value; takes the position of the column in the index.
    pub(super) fold: &'i dyn Fn(usize, &Value) -> Value,
}

/// Finds the keys of the rows that hold these values in the columns of an index.
pub(super) type FindHolders<'h> = dyn FnMut(&[Value]) -> Result<Vec<Key>, TargetError> + 'h;

/// Checks rows against one index.
///
/// A row does not collide with itself. It does collide with another row, even where the same operation would make
/// room: rows are written one by one, and two rows that swap their values would collide half way.
pub(super) fn check_index(
    table: &Table,
    index: &CheckedIndex<'_>,
    rows: &[Vec<Value>],
    pending: &PendingRows,
    holders: &mut FindHolders<'_>,
) -> Result<(), TargetError> {
    let mut by_then: BTreeMap<Vec<Value>, &Key> = BTreeMap::new();
    for (key, row) in pending {
        let Some(row) = row else { continue };
        if let Some(values) = index_values(table, index, row)? {
            by_then.insert(fold_values(index, &values), key);
        }
    }
    let mut new = BTreeSet::new();
    for row in rows {
        let Some(values) = index_values(table, index, row)? else { continue };
        let own = table.key_of(row)?;
        let folded = fold_values(index, &values);
        // What the database holds for a row in `pending` is out of date by then, so it does not count.
        let held = holders(&values)?.iter().any(|key| *key != own && !pending.contains_key(key));
        if held || by_then.get(&folded).is_some_and(|key| **key != own) || !new.insert(folded) {
            let (table, index) = (table.shape.name.clone(), index.name.to_owned());
            return Err(Refusal::UniqueIndex { table, index }.into());
        }
    }
    Ok(())
}

fn fold_values(index: &CheckedIndex<'_>, values: &[Value]) -> Vec<Value> {
    values.iter().enumerate().map(|(at, value)| (index.fold)(at, value)).collect()
}

/// Returns the values that a row has in an index, `None` where one is NULL: such a row collides with no other.
fn index_values(table: &Table, index: &CheckedIndex<'_>, row: &[Value]) -> Result<Option<Vec<Value>>, Refusal> {
    let mut values = Vec::with_capacity(index.columns.len());
    for name in &index.columns {
        let (at, _) = table.column(name)?;
        values.push(row.get(at).cloned().unwrap_or(Value::Null));
    }
    Ok(if values.iter().any(Value::is_null) { None } else { Some(values) })
}

/// Returns whether a write touches an index: an update of these columns, or an insert where the list is empty.
pub(super) fn touches_index(updated: &[String], index: &[&str]) -> bool {
    updated.is_empty() || index.iter().any(|name| updated.iter().any(|column| column.eq_ignore_ascii_case(name)))
}
