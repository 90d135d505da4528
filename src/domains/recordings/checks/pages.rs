//! Tables whose rows name frames, read some frames at a time: where reading stands, and what was read too far; judges
//! nothing.

use std::collections::BTreeMap;

use super::passes::CheckScan;
use crate::model::{Row, Value};

/// Where the reading of a table stands.
#[derive(Debug)]
pub(super) struct TableCursor {
    /// The smallest id that was not read yet.
    next: i64,
    /// Rows that were read and belong to later frames: cells, row after row.
    ahead: Vec<Value>,
    width: usize,
    ended: bool,
}

impl Default for TableCursor {
    fn default() -> Self {
        Self { next: i64::MIN, ahead: Vec::new(), width: 1, ended: false }
    }
}

/// How far rows were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Up to rows of later frames.
    Beyond,
    /// No row of a later frame came yet.
    Within,
    /// Rows do not lie in the order of their frames: they cannot be read some frames at a time.
    Disordered,
}

/// The frames that are read together.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameBatch {
    /// The last frame that was judged before, if there was one.
    pub(super) judged: Option<i64>,
    /// The last frame of them; beyond every frame at the end of the recording.
    pub(super) last: i64,
}

/// The places of cells in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct ColumnPlaces {
    pub(super) id: usize,
    pub(super) frame: usize,
}

impl FrameBatch {
    /// Tells whether a row of a frame is too late to be judged with it.
    fn is_past(self, frame: i64) -> bool {
        self.judged.is_some_and(|judged| frame <= judged)
    }
}

impl TableCursor {
    /// Returns the smallest id that is still to be read; none where nothing is, or where enough was.
    pub(super) fn next(&self) -> Option<i64> {
        (!self.ended && self.ahead.is_empty()).then_some(self.next)
    }

    /// Hands out the rows that were read before and belong to a window.
    pub(super) fn resume(&mut self, window: FrameBatch, places: ColumnPlaces, mut take: impl FnMut(&[Value])) -> Reach {
        let rows = std::mem::take(&mut self.ahead);
        let mut reach = Reach::Within;
        for row in rows.chunks_exact(self.width) {
            reach = self.route_row(row, window, places, reach, &mut take);
        }
        reach
    }

    /// Takes in rows, hands out those of a window, and keeps those of later frames.
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
        let number = if let Some(Value::Integer(number)) = row.get(places.frame) { *number } else { 0 };
        if number > window.last {
            self.ahead.extend_from_slice(row);
            return if reach == Reach::Disordered { reach } else { Reach::Beyond };
        }
        if reach != Reach::Within || window.is_past(number) {
            return Reach::Disordered;
        }
        take(row);
        reach
    }

    /// Notes that there is no further row.
    pub(super) const fn mark_ended(&mut self) {
        self.ended = true;
    }
}

/// Where the reading of each table stands.
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

    /// What a window takes of rows: their ids, and how far it read.
    fn take_ids(page: &mut TableCursor, window: FrameBatch, rows: &[[i64; 2]]) -> (Vec<i64>, Reach) {
        let (table, mut ids) = (solver_table(), Vec::new());
        let cells: Vec<[Value; 2]> = rows.iter().map(|row| row.map(Value::Integer)).collect();
        let rows: Vec<Row<'_>> = cells.iter().map(|cells| Row { table: &table, cells }).collect();
        let places = ColumnPlaces { id: 0, frame: 1 };
        let mut take = |row: &[Value]| ids.extend(row.first().cloned());
        let reach = if rows.is_empty() {
            page.resume(window, places, &mut take)
        } else {
            page.add_rows(&rows, window, places, &mut take)
        };
        let whole = |id: &Value| if let Value::Integer(id) = id { *id } else { 0 };
        (ids.iter().map(whole).collect(), reach)
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
