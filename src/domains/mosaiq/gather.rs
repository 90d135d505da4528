//! Collects rows that arrive in any order until all rows of a field are there, with a bound on the rows held at a time.
//!
//! A first pass counts the rows of each field ([`GroupSizes`]), a second one collects them ([`FieldGatherer`]).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::lookup::{Lookup, LookupId};
use crate::model::{Row, Table, Value};

/// Rows handed on together, unless a single field has more.
const SHOWN: usize = 4096;
/// Most rows held at a time, unless a single field has more.
pub(super) const HELD_MAX: usize = 16_384;

/// The number of rows of every field, counted in a first pass.
#[derive(Debug, Default)]
pub(super) struct GroupSizes {
    counts: Lookup<RowCount>,
    /// Length of `counts` after it was last merged.
    settled: usize,
    /// The current run: a field and how many of its rows came in sequence.
    last: Option<(LookupId, u32)>,
}

/// The number of rows of a field, and whether they were handed on.
#[derive(Debug)]
struct RowCount {
    rows: u32,
    shown: bool,
}

impl GroupSizes {
    /// Counts a row by the cell that names its field.
    pub(super) fn count_row(&mut self, cell: &Value) {
        let field = LookupId::from_cell(Some(cell));
        match &mut self.last {
            Some((last, rows)) if *last == field => *rows = rows.saturating_add(1),
            _ => {
                self.flush_run();
                // Rows in no order make many entries of a field; merging each time they double bounds memory and cost.
                if self.counts.len() > 2 * self.settled + SHOWN {
                    self.merge_counts();
                }
                self.last = Some((field, 1));
            }
        }
    }

    fn flush_run(&mut self) {
        if let Some((field, rows)) = self.last.take() {
            self.counts.add_with(field, RowCount { rows, shown: false }, RowCount::merge);
        }
    }

    fn merge_counts(&mut self) {
        self.flush_run();
        self.counts.seal_with(RowCount::merge);
        self.settled = self.counts.len();
    }

    #[must_use]
    pub(super) fn total_rows(&mut self) -> usize {
        self.merge_counts();
        self.counts.iter().map(|(_, count)| count.rows()).sum()
    }
}

impl RowCount {
    const fn merge(&mut self, more: Self) {
        self.rows = self.rows.saturating_add(more.rows);
    }

    fn rows(&self) -> usize {
        usize::try_from(self.rows).unwrap_or(usize::MAX)
    }
}

/// Collects rows until their field is complete, and hands on whole fields.
///
/// Most tables have the rows of a field near each other, so that one pass is enough. If more fields are open than may
/// be held, further ones wait for another pass over the table.
#[derive(Debug)]
pub(super) struct FieldGatherer {
    table: Arc<Table>,
    /// Position of the cell that names the field.
    at: usize,
    /// Positions of the key columns.
    key: Vec<usize>,
    /// Rows by field as counted; rows inserted since then are left out.
    counts: Lookup<RowCount>,
    /// Number of fields still to be handed on.
    left: usize,
    /// The cells of the held rows, row after row: one allocation instead of one a row.
    cells: Vec<Value>,
    /// Offsets in `cells` that are free for another row.
    free: Vec<usize>,
    /// Offsets of the rows of incomplete fields.
    open: BTreeMap<LookupId, Vec<usize>>,
    /// The field of the last row: its id, its number of rows, and the offsets of those that came.
    current: Option<(LookupId, usize, Vec<usize>)>,
    /// Fields put off to another pass.
    waiting: BTreeSet<LookupId>,
    /// Offsets of the rows of complete fields.
    ready: Vec<usize>,
    held: usize,
    /// The most rows held at a time so far.
    held_max: usize,
    /// Total number of rows that the open fields will have.
    promised: usize,
    limit: usize,
}

impl FieldGatherer {
    /// Gathers the rows of a table by a column; `None` if the table lacks it.
    #[must_use]
    pub(super) fn new(table: Arc<Table>, column: &str, sizes: GroupSizes) -> Option<Self> {
        Self::with_limit(table, column, sizes, HELD_MAX)
    }

    fn with_limit(table: Arc<Table>, column: &str, mut sizes: GroupSizes, limit: usize) -> Option<Self> {
        sizes.merge_counts();
        let (left, counts) = (sizes.counts.len(), sizes.counts);
        let at = table.position(column)?;
        let key = table.shape.key.iter().filter_map(|name| table.position(name)).collect();
        let (cells, free, ready) = (Vec::new(), Vec::new(), Vec::new());
        let (open, waiting) = (BTreeMap::new(), BTreeSet::new());
        let (current, held, held_max, promised) = (None, 0, 0, 0);
        Some(Self {
            table,
            at,
            key,
            counts,
            left,
            cells,
            free,
            open,
            current,
            waiting,
            ready,
            held,
            held_max,
            promised,
            limit,
        })
    }

    /// Hands on these fields, and no others, in the next passes.
    pub(super) fn revisit_fields(&mut self, fields: &BTreeSet<Value>) {
        let fields: BTreeSet<LookupId> = fields.iter().map(|field| LookupId::from_cell(Some(field))).collect();
        self.left = 0;
        for (field, count) in self.counts.iter_mut() {
            count.shown = !fields.contains(&field);
            self.left += usize::from(!count.shown);
        }
    }

    #[cfg(test)]
    #[must_use]
    pub(super) const fn held_max(&self) -> usize {
        self.held_max
    }

    /// Adds a row, and hands on complete fields once there are enough rows.
    pub(super) fn push_row(&mut self, row: &[Value], show: &mut dyn FnMut(Vec<Row<'_>>)) {
        let Some(field) = row.get(self.at).map(|cell| LookupId::from_cell(Some(cell))) else { return };
        if !self.turn_to(field, show) {
            return;
        }
        let place = self.store_row(row);
        let Some((_, rows, places)) = &mut self.current else { return };
        places.push(place);
        if places.len() >= *rows {
            self.complete_field();
            if self.ready.len() >= SHOWN {
                self.emit_ready(show);
            }
        }
    }

    /// Makes a field the current one; returns whether its rows are taken in this pass.
    fn turn_to(&mut self, field: LookupId, show: &mut dyn FnMut(Vec<Row<'_>>)) -> bool {
        if self.current.as_ref().is_some_and(|(current, ..)| *current == field) {
            return true;
        }
        if let Some((field, _, places)) = self.current.take() {
            self.open.insert(field, places);
        }
        let counted = self.counts.get(&field).filter(|count| !count.shown && !self.waiting.contains(&field));
        let Some(rows) = counted.map(RowCount::rows) else { return false };
        let opened = self.open.remove(&field);
        // A field is only opened if all of its rows fit, else the pass could fill up with parts of fields and stall.
        if opened.is_none() && self.promised + self.ready.len() + rows > self.limit {
            self.emit_ready(show);
            // With nothing open, a field larger than the limit is taken all the same: it would wait for ever.
            if self.promised > 0 && self.promised + rows > self.limit {
                self.waiting.insert(field);
                return false;
            }
        }
        let places = opened.unwrap_or_else(|| {
            self.promised += rows;
            Vec::new()
        });
        self.current = Some((field, rows, places));
        true
    }

    /// Copies a row into `cells`, and returns its offset.
    fn store_row(&mut self, row: &[Value]) -> usize {
        self.held += 1;
        self.held_max = self.held_max.max(self.held);
        match self.free.pop() {
            Some(place) => {
                for (target, cell) in self.cells.iter_mut().skip(place).zip(row) {
                    overwrite_cell(target, cell);
                }
                place
            }
            None => {
                self.cells.extend_from_slice(row);
                self.cells.len() - row.len()
            }
        }
    }

    /// Moves the rows of the current field to the ready ones, in key order.
    fn complete_field(&mut self) {
        let Some((field, rows, mut places)) = self.current.take() else { return };
        if let Some(count) = self.counts.get_mut(&field).filter(|count| !count.shown) {
            count.shown = true;
            self.left -= 1;
        }
        self.promised -= rows;
        let (cells, key) = (&self.cells, &self.key);
        // Compares keys in place: copies of them for every row would cost more than the sort.
        let key_at = |place: usize| key.iter().map(move |at| cells.get(place + at));
        if !places.is_sorted_by(|a, b| key_at(*a).le(key_at(*b))) {
            places.sort_by(|a, b| key_at(*a).cmp(key_at(*b)));
        }
        self.ready.extend(places);
    }

    /// Hands on the rows of complete fields, and frees their offsets.
    fn emit_ready(&mut self, show: &mut dyn FnMut(Vec<Row<'_>>)) {
        let width = self.table.columns.len();
        let cells = self.ready.iter().filter_map(|place| self.cells.get(*place..place + width));
        show(cells.map(|cells| Row { table: &self.table, cells }).collect());
        self.held -= self.ready.len();
        self.free.append(&mut self.ready);
    }

    /// Hands on what is left at the end of a pass, including fields that lost rows since they were counted. Returns
    /// whether another pass is needed.
    pub(super) fn end_pass(&mut self, show: &mut dyn FnMut(Vec<Row<'_>>)) -> bool {
        let opened = std::mem::take(&mut self.open).into_iter();
        let rest: Vec<(LookupId, Vec<usize>)> =
            opened.chain(self.current.take().map(|(field, _, at)| (field, at))).collect();
        let any = !rest.is_empty() || !self.ready.is_empty();
        for (field, places) in rest {
            let rows = self.counts.get(&field).map(RowCount::rows).unwrap_or_default();
            self.current = Some((field, rows, places));
            self.complete_field();
        }
        self.emit_ready(show);
        self.waiting.clear();
        // A pass without any row: the waiting fields were deleted meanwhile, and another pass would find no more.
        any && self.left > 0
    }
}

/// Copies a cell over another, reusing its allocation.
fn overwrite_cell(target: &mut Value, cell: &Value) {
    match (target, cell) {
        (Value::Bytes(target), Value::Bytes(bytes)) => target.clone_from(bytes),
        (Value::Text(target), Value::Text(text)) => target.clone_from(text),
        (target, cell) => *target = cell.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains::mosaiq::testing::Database;
    use crate::model::snapshot::key_form;

    /// Makes passes until no field waits. Returns the fields with their numbers of rows in the order in which they were
    /// handed on, the number of passes, and the most rows held.
    fn gather_all(rows: &[Vec<Value>], table: &Arc<Table>, limit: usize) -> (Vec<(Value, usize)>, usize, usize) {
        let at = table.position("FLD_ID").unwrap();
        let mut sizes = GroupSizes::default();
        for row in rows {
            sizes.count_row(&row[at]);
        }
        let mut gather = FieldGatherer::with_limit(table.clone(), "FLD_ID", sizes, limit).unwrap();
        let (mut shown, mut passes) = (Vec::new(), 0);
        let mut show = |rows: Vec<Row<'_>>| shown.extend(count_by_field(&rows));
        loop {
            passes += 1;
            for row in rows {
                gather.push_row(row, &mut show);
            }
            if !gather.end_pass(&mut show) {
                break;
            }
        }
        (shown, passes, gather.held_max())
    }

    fn count_by_field(rows: &[Row<'_>]) -> BTreeMap<Value, usize> {
        let mut fields = BTreeMap::new();
        for row in rows {
            *fields.entry(field_of(row)).or_default() += 1;
        }
        fields
    }

    fn field_of(row: &Row<'_>) -> Value {
        key_form(row.cell("FLD_ID").unwrap())
    }

    #[test]
    fn every_field_is_shown_whole_and_once_whatever_the_order() {
        let lab = Database::generate_lab(24, 1);
        let snapshot = lab.read_snapshot([crate::model::Fetch::all("TxFieldPoint")]);
        let points = snapshot.table("TxFieldPoint").unwrap();
        let mut rows: Vec<Vec<Value>> = points.rows().map(|row| row.cells.to_vec()).collect();
        let fields = count_by_field(&points.rows().collect::<Vec<_>>());
        let largest = *fields.values().max().unwrap();
        let passes = |rows: &[Vec<Value>], limit: usize| {
            let (mut shown, passes, held) = gather_all(rows, &points.table, limit);
            shown.sort();
            assert_eq!(shown, fields.clone().into_iter().collect::<Vec<_>>());
            assert!(held <= limit.max(largest), "{held} rows held");
            passes
        };
        assert!(rows.len() > 1000 && fields.len() > 20, "{} rows", rows.len());
        assert_eq!(passes(&rows, 2 * largest), 1, "as labs have them");
        // The first points of all fields, then the second ones.
        let number = points.table.position("Point").unwrap();
        rows.sort_by_key(|row| row[number].clone());
        assert_eq!(passes(&rows, rows.len()), 1);
        assert!(passes(&rows, largest) > 2);
        assert!(passes(&rows, 0) > 40, "one field of several points a pass");
    }

    #[test]
    fn rows_that_came_or_went_after_counting_stop_nothing() {
        let lab = Database::generate_lab(2, 1);
        let snapshot = lab.read_snapshot([crate::model::Fetch::all("TxFieldPoint")]);
        let points = snapshot.table("TxFieldPoint").unwrap();
        let first = field_of(&points.rows().next().unwrap());
        let (more, gone) = (Value::Integer(-1), Value::Integer(-2));
        let mut sizes = GroupSizes::default();
        for _ in 0..10_000 {
            sizes.count_row(&first);
        }
        for _ in 0..3 {
            sizes.count_row(&gone);
        }
        let mut gather = FieldGatherer::with_limit(points.table.clone(), "FLD_ID", sizes, 10).unwrap();
        let mut shown = Vec::new();
        let mut passes = 0;
        loop {
            passes += 1;
            let mut show = |rows: Vec<Row<'_>>| shown.extend(rows.iter().map(field_of));
            for row in points.rows() {
                gather.push_row(row.cells, &mut show);
                let mut new = row.cells.to_vec();
                new[points.table.position("FLD_ID").unwrap()] = more.clone();
                gather.push_row(&new, &mut show);
            }
            if !gather.end_pass(&mut show) {
                break;
            }
        }
        let expected = points.rows().filter(|row| field_of(row) == first).count();
        assert_eq!((shown.len(), shown.iter().all(|one| *one == first), passes), (expected, true, 2));
    }
}
