//! Unique indexes and what would meet them, whatever the engine; looks nothing up itself.

use std::collections::{BTreeMap, BTreeSet};

use mfm_journal::Value;

use super::{PendingRows, TargetError};
use crate::model::{Key, Refusal, Table};

/// A unique index, as far as a check needs it.
pub(super) struct CheckedIndex<'i> {
    /// Its name.
    pub(super) name: &'i str,
    /// Its columns.
    pub(super) columns: Vec<&'i str>,
    /// Returns one form of all values that it holds equal, by column.
    pub(super) fold: &'i dyn Fn(usize, &Value) -> Value,
}

/// Finds the keys of the rows that hold values.
pub(super) type FindHolders<'h> = dyn FnMut(&[Value]) -> Result<Vec<Key>, TargetError> + 'h;

/// Checks rows against one index.
///
/// A row does not stand in its own way. Another one does, even where the same operation would make room: rows are
/// written one by one, and a swap would meet itself half way.
pub(super) fn check_index(
    table: &Table,
    index: &CheckedIndex<'_>,
    rows: &[Vec<Value>],
    meanwhile: &PendingRows,
    holders: &mut FindHolders<'_>,
) -> Result<(), TargetError> {
    let taken = || Refusal::UniqueIndex { table: table.shape.name.clone(), index: index.name.to_owned() };
    let folded = |values: &[Value]| -> Vec<Value> {
        values.iter().enumerate().map(|(at, value)| (index.fold)(at, value)).collect()
    };
    let mut by_then: BTreeMap<Vec<Value>, &Key> = BTreeMap::new();
    for (key, row) in meanwhile {
        let values = row.as_ref().map(|row| index_values(table, index, row)).transpose()?.flatten();
        by_then.extend(values.map(|values| (folded(&values), key)));
    }
    let mut new = BTreeSet::new();
    for row in rows {
        let Some(values) = index_values(table, index, row)? else { continue };
        let own = table.key_of(row)?;
        let folded = folded(&values);
        let held = holders(&values)?.iter().any(|key| *key != own && !meanwhile.contains_key(key));
        if held || by_then.get(&folded).is_some_and(|key| **key != own) || !new.insert(folded) {
            return Err(taken().into());
        }
    }
    Ok(())
}

/// Returns what a row puts into an index, `None` where a cell is NULL: such a row meets nothing.
fn index_values(table: &Table, index: &CheckedIndex<'_>, row: &[Value]) -> Result<Option<Vec<Value>>, Refusal> {
    let cell = |name: &&str| table.column(name).map(|(at, _)| row.get(at).cloned().unwrap_or(Value::Null));
    let values = index.columns.iter().map(cell).collect::<Result<Vec<Value>, _>>()?;
    Ok(if values.iter().any(Value::is_null) { None } else { Some(values) })
}

/// Tells whether an update of some columns (none: an insert) touches an index.
pub(super) fn touches_index(updated: &[String], index: &[&str]) -> bool {
    let among = |name: &&str| updated.iter().any(|column| column.eq_ignore_ascii_case(name));
    updated.is_empty() || index.iter().any(among)
}
