//! Cursors over tables whose rows name frames and are read by id, one batch of frames at a time.
//!
//! A scan reads rows by id until one belongs to a frame after the batch. The rows read too far wait in the cursor for
//! the batch that they belong to. That works only if rows lie in the order of their frames; a cursor notices if not.

use std::collections::BTreeMap;

use super::passes::CheckScan;
use crate::model::{Row, Value};

/// The position of reading in a table.
#[derive(Debug)]
pub(super) struct TableCursor {
    /// The smallest id that is still unread.
    next: i64,
    /// Rows that were read and belong to later frames, as cells row after row.
    ahead: Vec<Value>,
    width: usize,
    ended: bool,
}

impl Default for TableCursor {
    fn default() -> Self {
        Self { next: i64::MIN, ahead: Vec::new(), width: 1, ended: false }
    }
}

/// How far a read got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// To rows of frames after the batch: the batch is complete.
    Beyond,
    /// To no row of a later frame yet.
    Within,
    /// To a row of an earlier frame after one of a later frame: this table cannot be read in batches.
    Disordered,
}

/// A batch of frames that are read and judged together.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameBatch {
    /// The last frame of the batch before; `None` for the first batch.
    pub(super) judged: Option<i64>,
    /// The last frame of this batch; `i64::MAX` for the last batch.
    pub(super) last: i64,
}

/// The indexes of the cells of a row that hold its id and its frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct ColumnPlaces {
    pub(super) id: usize,
    pub(super) frame: usize,
}

impl FrameBatch {
    /// Returns whether a frame was judged in an earlier batch.
    fn is_past(self, frame: i64) -> bool {
        self.judged.is_some_and(|judged| frame <= judged)
    }
}

impl TableCursor {
    /// Returns the id to read on from; `None` at the end of the table, or where rows of later frames wait already.
    pub(super) fn next(&self) -> Option<i64> {
        (!self.ended && self.ahead.is_empty()).then_some(self.next)
    }

    /// Hands out the waiting rows that belong to a batch, and keeps the others waiting.
    pub(super) fn resume(&mut self, window: FrameBatch, places: ColumnPlaces, mut take: impl FnMut(&[Value])) -> Reach {
        let rows = std::mem::take(&mut self.ahead);
        let mut reach = Reach::Within;
        for row in rows.chunks_exact(self.width) {
            reach = self.route_row(row, window, places, reach, &mut take);
        }
        reach
    }

    /// Hands out the rows that belong to a batch, and lets those of later frames wait.
    pub(super) fn add_rows(
        &mut self,
        rows: &[Row<'_>],
        window: FrameBatch,
        places: ColumnPlaces,
        mut take: impl FnMut(&[Value]),
    ) -> Reach {
        let mut reach = Reach::Within;
        for row in rows {
            self.width = row.cells.len().max(1);
            reach = self.route_row(row.cells, window, places, reach, &mut take);
            if let Some(Value::Integer(id)) = row.cells.get(places.id) {
                self.next = id.saturating_add(1);
                // No id can follow: reading on from `next` would read this row again.
                self.ended = *id == i64::MAX;
            }
        }
        reach
    }

    fn route_row(
        &mut self,
        row: &[Value],
        window: FrameBatch,
        places: ColumnPlaces,
        reach: Reach,
        take: &mut impl FnMut(&[Value]),
    ) -> Reach {
        // A row without a frame counts as one of frame 0; after the first batch, that has the table read at once.
        let number = if let Some(Value::Integer(number)) = row.get(places.frame) { *number } else { 0 };
        if number > window.last {
            self.ahead.extend_from_slice(row);
            return if reach == Reach::Disordered { reach } else { Reach::Beyond };
        }
        // After a row of a later frame, or in a batch after its own: either way it comes too late.
        if reach != Reach::Within || window.is_past(number) {
            return Reach::Disordered;
        }
        take(row);
        reach
    }

    /// Notes that the table has no further row.
    pub(super) const fn mark_ended(&mut self) {
        self.ended = true;
    }
}

/// The cursor of each scan. Two scans of one table (its normals and its tangents) read it apart.
pub(super) type TableCursors = BTreeMap<CheckScan, TableCursor>;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domains::recordings::schema::SOLVER;
    use crate::model::Table;

    fn solver_table() -> Arc<Table> {
        let mut database = crate::domain::testing::Database::default();
        database.create_table(&SOLVER.to_def());
        database.answer_fetch(&crate::model::Fetch::all(SOLVER.name)).unwrap().table.unwrap()
    }

    /// Returns the ids of the rows that a batch is handed, and how far it read.
    fn take_ids(page: &mut TableCursor, window: FrameBatch, rows: &[[i64; 2]]) -> (Vec<i64>, Reach) {
        let (table, mut ids) = (solver_table(), Vec::new());
        let cells: Vec<[Value; 2]> = rows.iter().map(|row| row.map(Value::Integer)).collect();
        let rows: Vec<Row<'_>> = cells.iter().map(|cells| Row { table: &table, cells }).collect();
        let places = ColumnPlaces { id: 0, frame: 1 };
        let mut push_id = |row: &[Value]| {
            if let Some(Value::Integer(id)) = row.first() {
                ids.push(*id);
            }
        };
        let reach = if rows.is_empty() {
            page.resume(window, places, &mut push_id)
        } else {
            page.add_rows(&rows, window, places, &mut push_id)
        };
        (ids, reach)
    }

    #[test]
    fn rows_of_later_frames_wait_for_their_window() {
        let mut page = TableCursor::default();
        let first = FrameBatch { judged: None, last: 2 };
        let rows = [[1, 1], [2, 1], [3, 2], [4, 3], [5, 5]];
        assert_eq!(take_ids(&mut page, first, &rows), (vec![1, 2, 3], Reach::Beyond));
        assert_eq!(page.next(), None, "enough was read");
        let second = FrameBatch { judged: Some(2), last: 4 };
        assert_eq!(take_ids(&mut page, second, &[]), (vec![4], Reach::Beyond));
        let third = FrameBatch { judged: Some(4), last: i64::MAX };
        assert_eq!(take_ids(&mut page, third, &[]), (vec![5], Reach::Within));
        assert_eq!(page.next(), Some(6));
    }

    #[test]
    fn rows_out_of_order_are_noticed_whichever_way_they_lie() {
        let window = FrameBatch { judged: Some(4), last: 8 };
        assert_eq!(take_ids(&mut TableCursor::default(), window, &[[1, 9], [2, 5]]).1, Reach::Disordered);
        assert_eq!(take_ids(&mut TableCursor::default(), window, &[[1, 4]]).1, Reach::Disordered);
        assert_eq!(
            take_ids(&mut TableCursor::default(), window, &[[1, 6], [2, 5]]).1,
            Reach::Within,
            "in one window all may"
        );
    }
}
