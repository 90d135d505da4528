//! Reading a snapshot that is still incomplete. Code reads straight on, and stops with [`Pause::Ask`] at the first
//! query without an answer; the caller fetches it and runs the code again from the start.

use std::collections::BTreeMap;

use crate::model::snapshot::lies_between;
use crate::model::time;
use crate::model::{Fetch, Filter, Key, Refusal, Row, Snapshot};

/// Why reading stopped.
#[derive(Clone, Debug, PartialEq)]
pub enum Pause {
    /// These queries have to be answered first; then the reading starts again.
    Ask(Vec<Fetch>),
    /// Nothing that could be read would help.
    Refuse(Refusal),
}

impl From<Refusal> for Pause {
    fn from(refusal: Refusal) -> Self {
        Self::Refuse(refusal)
    }
}

/// Returns the rows that one query asks for, each once, in key order, whatever else was read of the table.
///
/// # Errors
/// [`Pause::Ask`] where the query was not answered yet; [`Pause::Refuse`] where the table or a column is missing.
pub fn read_rows<'s>(snapshot: &'s Snapshot, query: &Fetch) -> Result<Vec<Row<'s>>, Pause> {
    if !snapshot.has_answer(query) {
        return Err(Pause::Ask(vec![query.clone()]));
    }
    let table = snapshot.table(&query.table)?;
    Ok(match &query.filter {
        Filter::All => table.rows().collect(),
        Filter::In { column, values } => {
            table.table.column(column)?;
            // The rows of each value come in key order, but the query promises key order over all values.
            let mut by_key: BTreeMap<Key, Row<'_>> = BTreeMap::new();
            for value in values {
                by_key.extend(table.rows_with(column, value).into_iter().map(|row| (row.key(), row)));
            }
            by_key.into_values().collect()
        }
        Filter::Days { column, first, last } => {
            let (at, column) = table.table.column(column)?;
            table
                .rows()
                .filter(|row| row.cells.get(at).is_some_and(|cell| time::lies_on(cell, column, *first, *last)))
                .collect()
        }
        Filter::Between { column, first, last } => {
            let (at, _) = table.table.column(column)?;
            table.rows().filter(|row| row.cells.get(at).is_some_and(|cell| lies_between(cell, *first, *last))).collect()
        }
        Filter::Maximum { .. } => Vec::new(),
    })
}
