//! Checks the inserted and deleted rows of one operation against foreign keys, together and in their order, for every
//! engine. The engine answers lookups through [`ForeignKeyLookup`].

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use mfm_journal::{Change, RowAction, Value};

use super::TargetError;
use super::foreign::ForeignKey;
use crate::model::Table;
use crate::model::snapshot::key_form;

/// A row that an operation inserts or deletes.
#[derive(Clone, Copy, Debug)]
pub struct RowMovement<'m> {
    /// The table.
    pub table: &'m Arc<Table>,
    /// All cells of the row, in the order of the table's columns.
    pub row: &'m [Value],
    /// Whether the row is inserted; otherwise it is deleted.
    pub comes: bool,
}

/// The foreign keys and rows that are not checked.
#[derive(Clone, Copy, Debug, Default)]
pub struct SparedKeys<'s> {
    /// The keys, by name, that the database does not enforce.
    pub unenforced: &'s [String],
    /// Tables whose rows will have changed by the time of the write: their keys are checked then.
    pub unsettled: &'s [&'s str],
    /// How many rows, counted from the first, were checked before.
    pub settled: usize,
}

impl SparedKeys<'_> {
    fn is_checked(&self, key: &ForeignKey) -> bool {
        !self.unenforced.contains(&key.name())
            && !self
                .unsettled
                .iter()
                .any(|table| key.child.eq_ignore_ascii_case(table) || key.parent.eq_ignore_ascii_case(table))
    }
}

/// What an engine answers about its foreign keys and rows.
pub(super) trait ForeignKeyLookup {
    /// Lists the foreign keys that a table declares.
    fn list_declared_keys(&mut self, table: &Arc<Table>) -> Result<Vec<ForeignKey>, TargetError>;
    /// Lists the foreign keys that tables, this one included, declare on a table.
    fn list_referring_keys(&mut self, table: &Arc<Table>) -> Result<Vec<ForeignKey>, TargetError>;
    /// Returns whether a parent row has these values in the key's columns.
    fn has_parent(&mut self, key: &ForeignKey, values: &[Value]) -> Result<bool, TargetError>;
    /// Returns whether a child row has these values in the key's columns.
    fn has_child(&mut self, key: &ForeignKey, values: &[Value]) -> Result<bool, TargetError>;
    /// Counts the child rows with these values in the key's columns.
    fn count_children(&mut self, key: &ForeignKey, values: &[Value]) -> Result<u64, TargetError>;
}

/// Returns whether rows are inserted or deleted in more than one table. Then the order of the changes matters: parents
/// are inserted before their children and deleted after them, and a revert takes the last change back first.
#[must_use]
pub fn in_order(changes: &[Change]) -> bool {
    let mut tables = changes
        .iter()
        .filter(|change| matches!(change.action, RowAction::Insert { .. } | RowAction::Delete { .. }))
        .map(|change| &change.table.name);
    let first = tables.next();
    tables.any(|table| Some(table) != first)
}

/// Checks that inserted rows have their parents, and that deleted rows leave no children: in the database, or among the
/// rows of the operation that are inserted or deleted before them.
pub(super) fn check_movements(
    moves: &[RowMovement<'_>],
    spared: &SparedKeys<'_>,
    lookup: &mut dyn ForeignKeyLookup,
) -> Result<(), TargetError> {
    let mut own = MovingRows { moves, known: BTreeMap::new() };
    let mut keys: BTreeMap<(&str, bool), Vec<ForeignKey>> = BTreeMap::new();
    for (at, one) in moves.iter().enumerate().skip(spared.settled) {
        let table = one.table;
        // The keys of a table are read once for each direction, not once for each row.
        let keys = match keys.entry((table.shape.name.as_str(), one.comes)) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let mut declared =
                    if one.comes { lookup.list_declared_keys(table)? } else { lookup.list_referring_keys(table)? };
                declared.retain(|key| spared.is_checked(key));
                entry.insert(declared)
            }
        };
        for key in keys.iter() {
            if one.comes { own.finds_parent(at, key, lookup)? } else { own.leaves_no_child(at, key, lookup)? }
        }
    }
    Ok(())
}

/// Positions in the operation's list of rows, by the values of some columns.
type RowPositions = BTreeMap<Vec<Value>, Vec<usize>>;

/// The operation's own rows, indexed by table and columns when a key first asks for them.
struct MovingRows<'m> {
    moves: &'m [RowMovement<'m>],
    known: BTreeMap<(String, Vec<String>), RowPositions>,
}

impl<'m> MovingRows<'m> {
    fn finds_parent(
        &mut self,
        at: usize,
        key: &ForeignKey,
        lookup: &mut dyn ForeignKeyLookup,
    ) -> Result<(), TargetError> {
        let Some(child) = self.moves.get(at) else { return Ok(()) };
        let Some(values) = reference_values(child.table, &key.child_columns, child.row) else { return Ok(()) };
        // Rows of one table may be inserted with one statement, as on SQL Server: their order is the database's to
        // judge.
        let same_table = key.parent.eq_ignore_ascii_case(&child.table.shape.name);
        let moving = self.find_moving_rows(&key.parent, &key.parent_columns, &values);
        if moving.iter().any(|(other, comes)| *comes && (same_table || *other < at)) {
            return Ok(());
        }
        // The database still shows a parent that this operation deletes: such a one does not count.
        let goes = moving.iter().any(|(_, comes)| !comes);
        if !goes && lookup.has_parent(key, &values)? {
            return Ok(());
        }
        Err(key.to_refusal(&child.table.shape.name, "an inserted row would have no parent".to_owned()).into())
    }

    fn leaves_no_child(
        &mut self,
        at: usize,
        key: &ForeignKey,
        lookup: &mut dyn ForeignKeyLookup,
    ) -> Result<(), TargetError> {
        let Some(parent) = self.moves.get(at) else { return Ok(()) };
        let Some(values) = reference_values(parent.table, &key.parent_columns, parent.row) else { return Ok(()) };
        let moving = self.find_moving_rows(&key.child, &key.child_columns, &values);
        // `<=`: a row that refers to itself is deleted together with itself.
        let gone = moving.iter().filter(|(other, comes)| !comes && *other <= at).count() as u64;
        // One child is enough to refuse. All of them are counted only where the operation deletes some itself.
        let remaining = match gone {
            0 => u64::from(lookup.has_child(key, &values)?),
            gone => lookup.count_children(key, &values)?.saturating_sub(gone),
        };
        if remaining == 0 && !moving.iter().any(|(_, comes)| *comes) {
            return Ok(());
        }
        Err(key
            .to_refusal(&parent.table.shape.name, "another row refers to a row that would be deleted".to_owned())
            .into())
    }

    /// Returns the operation's rows of a table that have these values: their positions, and whether each is inserted.
    fn find_moving_rows(&mut self, table: &str, columns: &[String], values: &[Value]) -> Vec<(usize, bool)> {
        let moves = self.moves;
        let positions = self.known.entry((table.to_owned(), columns.to_vec())).or_insert_with(|| {
            let mut positions = RowPositions::new();
            for (at, one) in moves.iter().enumerate() {
                if !one.table.shape.name.eq_ignore_ascii_case(table) {
                    continue;
                }
                if let Some(values) = self::reference_values(one.table, columns, one.row) {
                    positions.entry(values.iter().map(key_form).collect()).or_default().push(at);
                }
            }
            positions
        });
        let values: Vec<Value> = values.iter().map(key_form).collect();
        let positions = positions.get(&values).into_iter().flatten();
        positions.filter_map(|at| Some((*at, moves.get(*at)?.comes))).collect()
    }
}

/// Returns a row's values in some columns, `None` where one is NULL: such a row refers to nothing.
fn reference_values(table: &Table, columns: &[String], row: &[Value]) -> Option<Vec<Value>> {
    let mut values = Vec::with_capacity(columns.len());
    for name in columns {
        let cell = row.get(table.position(name)?)?;
        if cell.is_null() {
            return None;
        }
        values.push(cell.clone());
    }
    Some(values)
}
