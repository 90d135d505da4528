//! Rows that come by in any order, gathered until all of their field are there; holds few at a time, and reads nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::lookup::{Lookup, LookupId};
use crate::model::{Row, Table, Value};

/// How many rows are shown together, unless a field alone has more.
const SHOWN: usize = 4096;
/// The most rows that are held at a time, unless a field alone has more.
pub(super) const HELD_MAX: usize = 16_384;

/// How many rows every field has, counted in a first pass.
#[derive(Debug, Default)]
pub(super) struct GroupSizes {
    counts: Lookup<RowCount>,
    /// How many entries there were when they were last put together.
    settled: usize,
    /// The field of the last rows, and how many came one after the other.
    last: Option<(LookupId, u32)>,
}

/// How many rows a field has, and whether they were shown.
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
                // Rows that lie in no order make many entries of a field.
                if self.counts.len() > 2 * self.settled + SHOWN {
                    self.put_together();
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

    fn put_together(&mut self) {
        self.flush_run();
        self.counts.seal_with(RowCount::merge);
        self.settled = self.counts.len();
    }

    /// Returns how many rows were counted.
    #[must_use]
    pub(super) fn total_rows(&mut self) -> usize {
        self.put_together();
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

/// Rows on their way, each field's shown together.
///
/// Most tables have the rows of a field near each other, and one pass shows them all. Where more fields are begun than
/// may be held, the others wait for another pass over the table.
#[derive(Debug)]
pub(super) struct FieldGatherer {
    table: Arc<Table>,
    /// The place of the cell that names the field.
    at: usize,
    key: Vec<usize>,
    /// How many rows a field has; those that came after they were counted are left out.
    counts: Lookup<RowCount>,
    /// How many fields are still to be shown.
    left: usize,
    /// The cells of the rows that are held, one after the other.
    cells: Vec<Value>,
    /// The places in `cells` that hold no row any more.
    free: Vec<usize>,
    /// The places of the rows of fields that are not whole yet.
    open: BTreeMap<LookupId, Vec<usize>>,
    /// The field of the last row.
    current: Option<(LookupId, usize, Vec<usize>)>,
    /// The fields that wait for another pass, once their first row went by.
    waiting: BTreeSet<LookupId>,
    /// The places of rows whose field is whole.
    ready: Vec<usize>,
    held: usize,
    held_max: usize,
    /// How many rows the fields will have that are open.
    promised: usize,
    limit: usize,
}

impl FieldGatherer {
    /// Gathers the rows of a table by a column; `None` where the table has no such column.
    #[must_use]
    pub(super) fn new(table: Arc<Table>, column: &str, sizes: GroupSizes) -> Option<Self> {
        Self::with_limit(table, column, sizes, HELD_MAX)
    }

    fn with_limit(table: Arc<Table>, column: &str, mut sizes: GroupSizes, limit: usize) -> Option<Self> {
        sizes.put_together();
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

    /// Shows some fields again in the next passes, and no others.
    pub(super) fn revisit_fields(&mut self, fields: &BTreeSet<Value>) {
        let fields: BTreeSet<LookupId> = fields.iter().map(|field| LookupId::from_cell(Some(field))).collect();
        self.counts.iter_mut().for_each(|(field, count)| count.shown = !fields.contains(&field));
        self.left = self.counts.iter().filter(|(_, count)| !count.shown).count();
    }

    /// Returns the most rows that were held at a time.
    #[cfg(test)]
    #[must_use]
    pub(super) const fn held_max(&self) -> usize {
        self.held_max
    }

    /// Takes in a row, and shows some once there are enough of them.
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

    /// Makes a field the one whose rows come; tells whether it is taken in this pass.
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
        if opened.is_none() && self.promised + self.ready.len() + rows > self.limit {
            self.emit_ready(show);
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

    /// Keeps a row, and returns its place.
    fn store_row(&mut self, row: &[Value]) -> usize {
        self.held += 1;
        self.held_max = self.held_max.max(self.held);
        match self.free.pop() {
            Some(place) => {
                let kept = self.cells.iter_mut().skip(place).zip(row);
                kept.for_each(|(kept, cell)| overwrite_cell(kept, cell));
                place
            }
            None => {
                self.cells.extend_from_slice(row);
                self.cells.len() - row.len()
            }
        }
    }

    /// Takes the current field as whole, its rows in key order.
    fn complete_field(&mut self) {
        let Some((field, rows, mut places)) = self.current.take() else { return };
        if let Some(count) = self.counts.get_mut(&field).filter(|count| !count.shown) {
            count.shown = true;
            self.left -= 1;
        }
        self.promised -= rows;
        let (cells, key) = (&self.cells, &self.key);
        let of = |place: usize| key.iter().map(move |at| cells.get(place + at));
        if !places.is_sorted_by(|a, b| of(*a).le(of(*b))) {
            places.sort_by(|a, b| of(*a).cmp(of(*b)));
        }
        self.ready.extend(places);
    }

    /// Shows the rows whose fields are whole, and forgets them.
    fn emit_ready(&mut self, show: &mut dyn FnMut(Vec<Row<'_>>)) {
        let width = self.table.columns.len();
        let row = |place: &usize| {
            let cells = self.cells.get(*place..place + width)?;
            Some(Row { table: &self.table, cells })
        };
        show(self.ready.iter().filter_map(row).collect());
        self.held -= self.ready.len();
        self.free.append(&mut self.ready);
    }

    /// Shows what is left at the end of a pass, fields that lost rows since they were counted included; tells whether
    /// fields wait for another pass.
    pub(super) fn end_pass(&mut self, show: &mut dyn FnMut(Vec<Row<'_>>)) -> bool {
        let opened = std::mem::take(&mut self.open).into_iter();
        let left: Vec<(LookupId, Vec<usize>)> =
            opened.chain(self.current.take().map(|(field, _, at)| (field, at))).collect();
        let any = !left.is_empty() || !self.ready.is_empty();
        for (field, places) in left {
            let rows = self.counts.get(&field).map(RowCount::rows).unwrap_or_default();
            self.current = Some((field, rows, places));
            self.complete_field();
        }
        self.emit_ready(show);
        self.waiting.clear();
        // A pass that met none of the fields that wait found them gone.
        any && self.left > 0
    }
}

/// Copies a cell over another, whose room is used again.
fn overwrite_cell(kept: &mut Value, cell: &Value) {
    match (kept, cell) {
        (Value::Bytes(kept), Value::Bytes(bytes)) => kept.clone_from(bytes),
        (Value::Text(kept), Value::Text(text)) => kept.clone_from(text),
        (kept, cell) => *kept = cell.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains::mosaiq::testing::Database;
    use crate::model::snapshot::key_form;

    /// Passes rows by until none waits; returns the fields in the order in which they were shown, each with its rows.
    fn gather_all(rows: &[Vec<Value>], table: &Arc<Table>, limit: usize) -> (Vec<(Value, usize)>, usize, usize) {
        let at = table.position("FLD_ID").unwrap();
        let mut sizes = GroupSizes::default();
        rows.iter().for_each(|row| sizes.count_row(&row[at]));
        let mut gather = FieldGatherer::with_limit(table.clone(), "FLD_ID", sizes, limit).unwrap();
        let (mut shown, mut passes) = (Vec::new(), 0);
        let mut show = |rows: Vec<Row<'_>>| {
            let mut fields: BTreeMap<Value, usize> = BTreeMap::new();
            rows.iter().for_each(|row| *fields.entry(key_form(&row.cells[at])).or_default() += 1);
            shown.extend(fields);
        };
        loop {
            passes += 1;
            rows.iter().for_each(|row| gather.push_row(row, &mut show));
            if !gather.end_pass(&mut show) {
                break;
            }
        }
        (shown, passes, gather.held_max())
    }

    #[test]
    fn every_field_is_shown_whole_and_once_whatever_the_order() {
        let lab = Database::generate_lab(12, 1);
        let snapshot = lab.read_snapshot([crate::model::Fetch::all("TxFieldPoint")]);
        let points = snapshot.table("TxFieldPoint").unwrap();
        let mut rows: Vec<Vec<Value>> = points.rows().map(|row| row.cells.to_vec()).collect();
        let mut fields: BTreeMap<Value, usize> = BTreeMap::new();
        points.rows().for_each(|row| *fields.entry(key_form(row.cell("FLD_ID").unwrap())).or_default() += 1);
        let largest = *fields.values().max().unwrap();
        let whole = |(mut shown, passes, held): (Vec<(Value, usize)>, usize, usize), limit: usize| {
            shown.sort();
            assert_eq!(shown, fields.clone().into_iter().collect::<Vec<_>>());
            assert!(held <= limit.max(largest), "{held} rows held");
            passes
        };
        assert!(rows.len() > 1000 && fields.len() > 20, "{} rows", rows.len());
        assert_eq!(whole(gather_all(&rows, &points.table, 2 * largest), 2 * largest), 1, "as labs have them");
        // The first points of all fields, then the second ones.
        let number = points.table.position("Point").unwrap();
        rows.sort_by_key(|row| row[number].clone());
        assert_eq!(whole(gather_all(&rows, &points.table, rows.len()), rows.len()), 1);
        assert!(whole(gather_all(&rows, &points.table, largest), largest) > 2);
        assert!(whole(gather_all(&rows, &points.table, 0), 0) > 40, "one field of several points a pass");
    }

    #[test]
    fn rows_that_came_or_went_after_counting_stop_nothing() {
        let lab = Database::generate_lab(2, 1);
        let snapshot = lab.read_snapshot([crate::model::Fetch::all("TxFieldPoint")]);
        let points = snapshot.table("TxFieldPoint").unwrap();
        let field = |row: &Row<'_>| key_form(row.cell("FLD_ID").unwrap());
        let first = field(&points.rows().next().unwrap());
        let (more, gone) = (Value::Integer(-1), Value::Integer(-2));
        let mut sizes = GroupSizes::default();
        (0..10_000).for_each(|_| sizes.count_row(&first));
        (0..3).for_each(|_| sizes.count_row(&gone));
        let mut gather = FieldGatherer::with_limit(points.table.clone(), "FLD_ID", sizes, 10).unwrap();
        let mut shown = Vec::new();
        let mut passes = 0;
        loop {
            passes += 1;
            let mut show = |rows: Vec<Row<'_>>| shown.extend(rows.iter().map(field));
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
        let expected = points.rows().filter(|row| field(row) == first).count();
        assert_eq!((shown.len(), shown.iter().all(|one| *one == first), passes), (expected, true, 2));
    }
}
