//! Straight-line reading of a snapshot that is not whole yet: it pauses where a query is still unanswered.

use crate::model::snapshot::lies_between;
use crate::model::time;
use crate::model::{Fetch, Filter, Key, Refusal, Row, Snapshot};

/// Why reading stopped.
#[derive(Clone, Debug, PartialEq)]
pub enum Pause {
    /// These queries have to be answered first; then the reading begins anew.
    Ask(Vec<Fetch>),
    /// It cannot go on.
    Refuse(Refusal),
}

impl From<Refusal> for Pause {
    fn from(refusal: Refusal) -> Self {
        Self::Refuse(refusal)
    }
}

/// Returns the rows that one query asks for, each once, in key order, whatever else was read of the table.
pub fn read_rows<'s>(snapshot: &'s Snapshot, query: &Fetch) -> Result<Vec<Row<'s>>, Pause> {
    if !snapshot.has_answer(query) {
        return Err(Pause::Ask(vec![query.clone()]));
    }
    let table = snapshot.table(&query.table)?;
    Ok(match &query.filter {
        Filter::All => table.rows().collect(),
        Filter::In { column, values } => {
            table.table.column(column)?;
            let mut found: Vec<(Key, Row<'_>)> =
                values.iter().flat_map(|value| table.rows_with(column, value)).map(|row| (row.key(), row)).collect();
            found.sort_by(|a, b| a.0.cmp(&b.0));
            found.dedup_by(|a, b| a.0 == b.0);
            found.into_iter().map(|(_, row)| row).collect()
        }
        Filter::Days { column, first, last } => {
            let (at, column) = table.table.column(column)?;
            let asked =
                |row: &Row<'_>| row.cells.get(at).is_some_and(|cell| time::lies_on(cell, column, *first, *last));
            table.rows().filter(asked).collect()
        }
        Filter::Between { column, first, last } => {
            let (at, _) = table.table.column(column)?;
            let asked = |row: &Row<'_>| row.cells.get(at).is_some_and(|cell| lies_between(cell, *first, *last));
            table.rows().filter(asked).collect()
        }
        Filter::Maximum { .. } => Vec::new(),
    })
}
