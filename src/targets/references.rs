//! Rows of one operation that come and go, held against foreign keys together and in their order, whatever the engine;
//! looks nothing up itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use mfm_journal::{Change, RowAction, Value};

use super::TargetError;
use super::foreign::ForeignKey;
use crate::model::Table;
use crate::model::snapshot::key_form;

/// A row that an operation adds or removes.
#[derive(Clone, Copy, Debug)]
pub struct RowMovement<'m> {
    /// The table.
    pub table: &'m Arc<Table>,
    /// The row, whole.
    pub row: &'m [Value],
    /// Whether it comes; otherwise it goes.
    pub comes: bool,
}

/// The foreign keys that are not judged.
#[derive(Clone, Copy, Debug, Default)]
pub struct SparedKeys<'s> {
    /// Those that nobody enforces, by name.
    pub unenforced: &'s [String],
    /// Tables whose rows will be others by then: their keys are judged once they are.
    pub unsettled: &'s [&'s str],
    /// How many of the rows, from the first on, were judged before.
    pub settled: usize,
}

impl SparedKeys<'_> {
    fn is_checked(&self, key: &ForeignKey) -> bool {
        let tied = |table: &&str| [&key.child, &key.parent].iter().any(|name| name.eq_ignore_ascii_case(table));
        !self.unenforced.contains(&key.name()) && !self.unsettled.iter().any(tied)
    }
}

/// What an engine is asked about its foreign keys and rows.
pub(super) trait ForeignKeyLookup {
    /// Returns the foreign keys that a table declares.
    fn list_declared_keys(&mut self, table: &Arc<Table>) -> Result<Vec<ForeignKey>, TargetError>;
    /// Returns the foreign keys that tables declare on a table.
    fn list_referring_keys(&mut self, table: &Arc<Table>) -> Result<Vec<ForeignKey>, TargetError>;
    /// Tells whether a parent holds values.
    fn has_parent(&mut self, key: &ForeignKey, values: &[Value]) -> Result<bool, TargetError>;
    /// Tells whether a child holds values.
    fn has_child(&mut self, key: &ForeignKey, values: &[Value]) -> Result<bool, TargetError>;
    /// Counts the children that hold values.
    fn count_children(&mut self, key: &ForeignKey, values: &[Value]) -> Result<u64, TargetError>;
}

/// Tells whether rows come or go in more than one table: then parents come before their children and go after them, and
/// what takes the changes back takes back the last of them first.
#[must_use]
pub fn in_order(changes: &[Change]) -> bool {
    let moves = |change: &&Change| matches!(change.action, RowAction::Insert { .. } | RowAction::Delete { .. });
    let mut moving = changes.iter().filter(moves).map(|change| &change.table.name);
    let first = moving.next();
    moving.any(|table| Some(table) != first)
}

/// Checks that rows that come find their parents, and that rows that go leave no children: in the database, or among
/// the rows of the operation that come or go before them.
pub(super) fn check_movements(
    moves: &[RowMovement<'_>],
    spared: &SparedKeys<'_>,
    kinship: &mut dyn ForeignKeyLookup,
) -> Result<(), TargetError> {
    let mut own = MovingRows { moves, known: BTreeMap::new() };
    let mut keys: BTreeMap<(&str, bool), Vec<ForeignKey>> = BTreeMap::new();
    for (at, one) in moves.iter().enumerate().skip(spared.settled) {
        let table = one.table;
        let known = keys.entry((table.shape.name.as_str(), one.comes));
        let keys = match known {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => {
                let mut declared =
                    if one.comes { kinship.list_declared_keys(table)? } else { kinship.list_referring_keys(table)? };
                declared.retain(|key| spared.is_checked(key));
                new.insert(declared)
            }
        };
        for key in keys.iter() {
            if one.comes { own.finds_parent(at, key, kinship)? } else { own.leaves_no_child(at, key, kinship)? }
        }
    }
    Ok(())
}

/// Where the operation's own rows move, by the values that they hold.
type RowPositions = BTreeMap<Vec<Value>, Vec<usize>>;

/// The rows of the operation itself.
struct MovingRows<'m> {
    moves: &'m [RowMovement<'m>],
    known: BTreeMap<(String, Vec<String>), RowPositions>,
}

impl<'m> MovingRows<'m> {
    fn finds_parent(
        &mut self,
        at: usize,
        key: &ForeignKey,
        kinship: &mut dyn ForeignKeyLookup,
    ) -> Result<(), TargetError> {
        let Some(child) = self.moves.get(at) else { return Ok(()) };
        let Some(values) = reference_values(child.table, &key.child_columns, child.row) else { return Ok(()) };
        // Rows of one table may come together.
        let alike = key.parent.eq_ignore_ascii_case(&child.table.shape.name);
        let moving = self.find_moving_rows(&key.parent, &key.parent_columns, &values);
        if moving.iter().any(|(other, comes)| *comes && (alike || *other < at)) {
            return Ok(());
        }
        let goes = moving.iter().any(|(_, comes)| !comes);
        if !goes && kinship.has_parent(key, &values)? {
            return Ok(());
        }
        Err(key.to_refusal(&child.table.shape.name, "an inserted row would have no parent".to_owned()).into())
    }

    fn leaves_no_child(
        &mut self,
        at: usize,
        key: &ForeignKey,
        kinship: &mut dyn ForeignKeyLookup,
    ) -> Result<(), TargetError> {
        let Some(parent) = self.moves.get(at) else { return Ok(()) };
        let Some(values) = reference_values(parent.table, &key.parent_columns, parent.row) else { return Ok(()) };
        let moving = self.find_moving_rows(&key.child, &key.child_columns, &values);
        // A row that refers to itself goes with itself.
        let gone = moving.iter().filter(|(other, comes)| !comes && *other <= at).count() as u64;
        let left = match gone {
            0 => u64::from(kinship.has_child(key, &values)?),
            gone => kinship.count_children(key, &values)?.saturating_sub(gone),
        };
        if left == 0 && !moving.iter().any(|(_, comes)| *comes) {
            return Ok(());
        }
        Err(key.to_refusal(&parent.table.shape.name, "a row that would be deleted is referred to".to_owned()).into())
    }

    /// Returns the rows of a table that move and hold values: their places, and whether they come.
    fn find_moving_rows(&mut self, table: &str, columns: &[String], values: &[Value]) -> Vec<(usize, bool)> {
        let moves = self.moves;
        let places = self.known.entry((table.to_owned(), columns.to_vec())).or_insert_with(|| {
            let mut places = RowPositions::new();
            let here = |one: &RowMovement<'_>| one.table.shape.name.eq_ignore_ascii_case(table);
            for (at, one) in moves.iter().enumerate().filter(|(_, one)| here(one)) {
                if let Some(values) = self::reference_values(one.table, columns, one.row) {
                    places.entry(values.iter().map(key_form).collect()).or_default().push(at);
                }
            }
            places
        });
        let wanted: Vec<Value> = values.iter().map(key_form).collect();
        let found = places.get(&wanted).into_iter().flatten();
        found.filter_map(|at| Some((*at, moves.get(*at)?.comes))).collect()
    }
}

/// Returns a row's values in some columns, `None` where one is NULL: such a row refers to nothing.
fn reference_values(table: &Table, columns: &[String], row: &[Value]) -> Option<Vec<Value>> {
    let cell = |name: &String| table.position(name).and_then(|at| row.get(at)).filter(|cell| !cell.is_null());
    columns.iter().map(|name| cell(name).cloned()).collect()
}
