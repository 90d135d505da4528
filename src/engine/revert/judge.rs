//! The three-way comparison of one row: as it was before the operation, as the operation left it, as it is now. Pure.

use mfm_journal::{Change, RowAction, Value};

use super::super::error::EngineError;
use super::super::reread::RowProjection;
use crate::model::Refusal;
use crate::model::refusal::LostPlace;

/// The judgement on one row of an operation to revert.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::engine) enum RowJudgement {
    /// It can be put back; the row as it will be, `None` for a row that goes.
    Put(Option<Vec<Value>>),
    /// It already is as it was before the operation.
    Kept,
    /// It is neither as it was nor as the operation left it, or a later operation claims it.
    Conflict {
        /// The columns that differ.
        columns: Vec<String>,
        /// Why it is in conflict, in words.
        why: String,
        /// The later operation that claims it.
        operation: Option<u64>,
        /// What is gone: the row, its column or its table; `None` where all are there.
        lost: Option<LostPlace>,
    },
}

impl RowJudgement {
    /// A later operation of this journal changed the same columns.
    pub(super) fn blocked_by(op: u64) -> Self {
        let why = format!("operation {op} changed it later");
        Self::Conflict { columns: Vec::new(), why, operation: Some(op), lost: None }
    }

    /// The schema or another row would not let the row back in.
    pub(super) fn barred_by(refusal: &Refusal) -> Self {
        Self::conflict(Vec::new(), &refusal.to_string())
    }

    fn conflict(columns: Vec<String>, why: &str) -> Self {
        Self::Conflict { columns, why: why.to_owned(), operation: None, lost: None }
    }

    /// There is no row to overwrite, or no column or table to put it back into.
    fn lost(lost: LostPlace) -> Self {
        Self::Conflict { columns: Vec::new(), why: lost.in_words().to_owned(), operation: None, lost: Some(lost) }
    }
}

/// Judges one row of an operation to revert; `now` is the row as it is. `force` overrides what others wrote, but never
/// a missing row.
pub(in crate::engine) fn judge_row(
    change: &Change,
    now: Option<&[Value]>,
    lens: &mut RowProjection,
    force: bool,
) -> Result<RowJudgement, EngineError> {
    if lens.column_positions().is_none() {
        return Ok(RowJudgement::lost(if lens.table.is_some() { LostPlace::Column } else { LostPlace::Table }));
    }
    Ok(match &change.action {
        RowAction::Insert { after_digest, .. } => match now {
            None => RowJudgement::Kept,
            Some(row) if lens.digest(row)? == Some(*after_digest) || force => RowJudgement::Put(None),
            Some(row) => {
                RowJudgement::conflict(differing_columns(change, row, lens), "the added row was changed since then")
            }
        },
        RowAction::Delete { before, before_digest } => match now {
            None => RowJudgement::Put(restore_row(before, None, lens)),
            // The same row is there again, whoever inserted it.
            Some(row) if lens.digest(row)? == Some(*before_digest) => RowJudgement::Kept,
            Some(row) if force => RowJudgement::Put(restore_row(before, Some(row), lens)),
            Some(row) => RowJudgement::conflict(
                differing_columns(change, row, lens),
                "another row has the key of the deleted one",
            ),
        },
        RowAction::Update { columns, before, after, .. } => match now {
            None => RowJudgement::lost(LostPlace::Row),
            Some(row) => judge_update(change, columns, before, after, row, lens, force),
        },
        // The operation wrote nothing to this row.
        RowAction::Kept { .. } => RowJudgement::Kept,
    })
}

fn judge_update(
    change: &Change,
    columns: &[usize],
    before: &[Value],
    after: &[Value],
    row: &[Value],
    lens: &RowProjection,
    force: bool,
) -> RowJudgement {
    let places = lens.column_positions().unwrap_or_default();
    let now: Vec<&Value> = columns.iter().filter_map(|at| row.get(*places.get(*at)?)).collect();
    let equals = |cells: &[Value]| now.len() == cells.len() && now.iter().zip(cells).all(|(now, cell)| *now == cell);
    // Only the columns that the update set decide: what others did to the rest of the row is theirs, and stays.
    if equals(before) {
        return RowJudgement::Kept;
    }
    if equals(after) || force {
        let mut put = row.to_vec();
        for (at, cell) in columns.iter().zip(before) {
            if let Some(now) = places.get(*at).and_then(|place| put.get_mut(*place)) {
                *now = cell.clone();
            }
        }
        return RowJudgement::Put(Some(put));
    }
    let differ = now.iter().zip(after).zip(change.column_names());
    let names = differ.filter(|((now, after), _)| **now != *after).map(|(_, name)| name.to_owned()).collect();
    RowJudgement::conflict(names, "somebody else changed it since then")
}

/// Returns a row of the table as declared now, with the image's cells. Columns that the image does not know keep their
/// value, or are NULL until the database fills them.
fn restore_row(cells: &[Value], now: Option<&[Value]>, lens: &RowProjection) -> Option<Vec<Value>> {
    let width = lens.table.as_ref()?.columns.len();
    let mut row = now.map_or_else(|| vec![Value::Null; width], <[Value]>::to_vec);
    for (cell, place) in cells.iter().zip(lens.column_positions()?) {
        if let Some(now) = row.get_mut(*place) {
            *now = cell.clone();
        }
    }
    Some(row)
}

fn differing_columns(change: &Change, row: &[Value], lens: &RowProjection) -> Vec<String> {
    let image = change.cells_after().or_else(|| change.cells_before()).unwrap_or_default();
    let now = lens.project(row).unwrap_or_default();
    let pairs = image.iter().zip(&now).zip(&change.table.columns);
    pairs.filter(|((image, now), _)| image != now).map(|(_, column)| column.name.clone()).collect()
}
