//! Comparison of two lists of changes: bit by bit, or by meaning where two engines store values differently. Pure.

use std::collections::BTreeSet;

use mfm_journal::{Change, ColumnShape, RowAction, TableShape, Value};
use serde::Serialize;

use crate::model::Key;

mod values;

pub use values::{compare_values, is_fixed, to_common_form};

/// How closely two things are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Likeness {
    /// They are the same bit by bit.
    Equal,
    /// They have the same meaning, stored differently by another engine.
    Equivalent,
}

/// The rule by which two things count as the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EqualityLevel {
    /// Bit by bit, including the digests of whole rows: for two databases of one engine.
    Bits,
    /// By the meaning of tables, keys, columns and cells: for databases of two engines.
    Meaning,
}

/// The side of a change that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DifferingSide {
    /// The row as the change found it.
    Before,
    /// The row as it becomes.
    After,
}

/// The kind of a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// A cell.
    Cell,
    /// A column that only one of the two changes, or that one table lacks.
    Column,
    /// A cell that the change does not set, so that only the digests of the whole rows show it.
    OtherColumns,
    /// A row of the journal that is missing elsewhere.
    MissingRow,
    /// A row that the journal does not have.
    ExtraRow,
    /// What is done to the row: insert, update or delete.
    Action,
    /// The order of the rows.
    #[default]
    Order,
}

/// The first difference between two lists of changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    /// Its kind.
    pub what: DifferenceKind,
    /// The table.
    pub table: String,
    /// The row's key.
    pub key: Key,
    /// The column, for a difference in one.
    pub column: Option<String>,
    /// The side of the change, for a difference in a cell or column.
    pub side: Option<DifferingSide>,
    /// The value in the journal.
    pub journaled: Option<Value>,
    /// The value that was found or planned.
    pub found: Option<Value>,
}

impl Difference {
    fn for_change(what: DifferenceKind, change: &Change) -> Self {
        Self { what, table: change.table.name.clone(), key: change.key.clone(), ..Self::default() }
    }

    /// Returns a difference in one cell.
    #[must_use]
    pub fn in_cell(change: &Change, column: &str, side: DifferingSide, journaled: &Value, found: &Value) -> Self {
        Self {
            column: Some(column.to_owned()),
            side: Some(side),
            journaled: Some(journaled.clone()),
            found: Some(found.clone()),
            ..Self::for_change(DifferenceKind::Cell, change)
        }
    }

    /// Returns a difference that only the digests of whole rows show.
    #[must_use]
    pub fn other_columns(change: &Change) -> Self {
        Self::for_change(DifferenceKind::OtherColumns, change)
    }
}

/// Compares changes as a journal holds them with changes found or planned elsewhere.
///
/// # Errors
/// The first difference, in the order of the journal.
pub fn compare_changes(
    journaled: &[Change],
    found: &[Change],
    measure: EqualityLevel,
) -> Result<Likeness, Box<Difference>> {
    let mut likeness = Likeness::Equal;
    for at in 0..journaled.len().max(found.len()) {
        match (journaled.get(at), found.get(at)) {
            (Some(one), Some(other)) if same_place(one, other, measure) => {
                likeness = likeness.max(compare_change(one, other, measure)?);
            }
            _ => return Err(find_unpaired(journaled, found, at, measure)),
        }
    }
    Ok(likeness)
}

/// Returns the difference of two lists that have different rows from index `at` on: a missing row, an extra row, or
/// only their order.
fn find_unpaired(journaled: &[Change], found: &[Change], at: usize, measure: EqualityLevel) -> Box<Difference> {
    let (ours, theirs) = (journaled.get(at..).unwrap_or_default(), found.get(at..).unwrap_or_default());
    if let Some(missing) = find_absent(ours, theirs, measure) {
        return Box::new(Difference::for_change(DifferenceKind::MissingRow, missing));
    }
    if let Some(extra) = find_absent(theirs, ours, measure) {
        return Box::new(Difference::for_change(DifferenceKind::ExtraRow, extra));
    }
    let first = ours.iter().chain(theirs).next();
    Box::new(first.map(|change| Difference::for_change(DifferenceKind::Order, change)).unwrap_or_default())
}

/// Returns the first change of one list whose row no change of another list has.
fn find_absent<'c>(changes: &'c [Change], others: &[Change], measure: EqualityLevel) -> Option<&'c Change> {
    let places: BTreeSet<_> = others.iter().map(|other| place_under(other, measure)).collect();
    changes.iter().find(|change| !places.contains(&place_under(change, measure)))
}

fn place_under(change: &Change, measure: EqualityLevel) -> (String, Key) {
    match measure {
        EqualityLevel::Bits => (change.table.name.clone(), change.key.clone()),
        EqualityLevel::Meaning => place_form(change),
    }
}

/// Tells whether two changes are of the same row.
#[must_use]
pub fn same_place(one: &Change, other: &Change, measure: EqualityLevel) -> bool {
    match measure {
        EqualityLevel::Bits => one.table.name == other.table.name && one.key == other.key,
        EqualityLevel::Meaning => place_form(one) == place_form(other),
    }
}

/// Returns the table and key of a change in the form that is the same on every engine: the table in lower case, the key
/// as [`to_common_form`] values.
#[must_use]
pub fn place_form(change: &Change) -> (String, Key) {
    let shape = &change.table;
    let mut key = Vec::with_capacity(change.key.len());
    for (value, name) in change.key.iter().zip(&shape.key) {
        let is_padded = find_column(shape, name, EqualityLevel::Meaning).is_some_and(is_fixed);
        key.push(to_common_form(value, is_padded));
    }
    (shape.name.to_ascii_lowercase(), key)
}

fn same_name(one: &str, other: &str, measure: EqualityLevel) -> bool {
    one == other || (measure == EqualityLevel::Meaning && one.eq_ignore_ascii_case(other))
}

fn find_column<'s>(shape: &'s TableShape, name: &str, measure: EqualityLevel) -> Option<&'s ColumnShape> {
    shape.columns.iter().find(|column| same_name(&column.name, name, measure))
}

/// Tells whether two changes of one row encode to the same leaf of a journal's tree.
fn is_identical(one: &Change, other: &Change) -> bool {
    one.action.as_str() == other.action.as_str()
        && one.column_names() == other.column_names()
        && (one.cells_before(), one.cells_after()) == (other.cells_before(), other.cells_after())
        && (one.before_digest(), one.after_digest()) == (other.before_digest(), other.after_digest())
}

/// Compares two changes of one row.
fn compare_change(one: &Change, other: &Change, measure: EqualityLevel) -> Result<Likeness, Box<Difference>> {
    if is_identical(one, other) && one.table.name == other.table.name && one.key == other.key {
        return Ok(Likeness::Equal);
    }
    if one.action.as_str() != other.action.as_str() {
        return Err(Box::new(Difference {
            journaled: Some(Value::Text(one.action.as_str().to_owned())),
            found: Some(Value::Text(other.action.as_str().to_owned())),
            ..Difference::for_change(DifferenceKind::Action, one)
        }));
    }
    // Before first: a difference there explains one after it.
    for (side, ours, theirs) in [
        (DifferingSide::Before, one.cells_before(), other.cells_before()),
        (DifferingSide::After, one.cells_after(), other.cells_after()),
    ] {
        compare_cells(one, side, &named_cells(one, ours), &other.table, &named_cells(other, theirs), measure)?;
    }
    // All cells of the change are the same, so what differs is in columns that it does not set.
    let agree_on_presence = one.after_digest().is_some() == other.after_digest().is_some();
    if measure == EqualityLevel::Bits || !agree_on_presence {
        let column = find_unshared_column(&one.table, &other.table);
        let difference = Difference::other_columns(one);
        return Err(Box::new(match column {
            Some(_) => Difference { what: DifferenceKind::Column, column, ..difference },
            None => difference,
        }));
    }
    Ok(Likeness::Equivalent)
}

/// Returns a column that one of two tables lacks.
fn find_unshared_column(one: &TableShape, other: &TableShape) -> Option<String> {
    let missing = one.columns.iter().find(|column| other.column_position(&column.name).is_none());
    let extra = other.columns.iter().find(|column| one.column_position(&column.name).is_none());
    missing.or(extra).map(|column| column.name.clone())
}

/// Pairs the cells of one side of a change with the names of their columns.
fn named_cells<'c>(change: &'c Change, side: Option<&'c [Value]>) -> Vec<(&'c str, &'c Value)> {
    change.column_names().into_iter().zip(side.unwrap_or_default()).collect()
}

/// Compares cells by the names of their columns. Columns that an engine leaves out of images are skipped.
fn compare_cells(
    change: &Change,
    side: DifferingSide,
    ours: &[(&str, &Value)],
    shape: &TableShape,
    theirs: &[(&str, &Value)],
    measure: EqualityLevel,
) -> Result<(), Box<Difference>> {
    let lone_column = |name: &str| Difference {
        column: Some(name.to_owned()),
        side: Some(side),
        ..Difference::for_change(DifferenceKind::Column, change)
    };
    for (name, value) in ours {
        let Some((other_name, other)) = theirs.iter().find(|(other, _)| same_name(name, other, measure)) else {
            if is_left_out(shape, name, measure) {
                continue;
            }
            return Err(Box::new(Difference { journaled: Some((*value).clone()), ..lone_column(name) }));
        };
        if !same_cell(
            value,
            find_column(&change.table, name, measure),
            other,
            find_column(shape, other_name, measure),
            measure,
        ) {
            return Err(Box::new(Difference::in_cell(change, name, side, value, other)));
        }
    }
    let mut more = theirs.iter().filter(|(name, _)| !ours.iter().any(|(other, _)| same_name(name, other, measure)));
    match more.find(|(name, _)| !is_left_out(&change.table, name, measure)) {
        Some((name, value)) => Err(Box::new(Difference { found: Some((*value).clone()), ..lone_column(name) })),
        None => Ok(()),
    }
}

/// Tells whether one engine leaves a column out of images, such as a row version, that another engine keeps there.
fn is_left_out(shape: &TableShape, name: &str, measure: EqualityLevel) -> bool {
    measure == EqualityLevel::Meaning && shape.omitted.iter().any(|omitted| same_name(omitted, name, measure))
}

fn same_cell(
    one: &Value,
    one_column: Option<&ColumnShape>,
    other: &Value,
    other_column: Option<&ColumnShape>,
    measure: EqualityLevel,
) -> bool {
    match (measure, one_column, other_column) {
        (EqualityLevel::Meaning, Some(one_column), Some(other_column)) => {
            compare_values(one, one_column, other, other_column).is_some()
        }
        // Without both declarations neither units nor padding are known, so only equal bits count.
        _ => one == other,
    }
}

/// Compares the row that a journaled change found with the same row elsewhere, as far as the change holds its cells.
///
/// # Errors
/// The first difference, in the order of the columns.
pub fn compare_found(
    journaled: &Change,
    shape: &TableShape,
    row: Option<&[Value]>,
    measure: EqualityLevel,
) -> Result<(), Box<Difference>> {
    let row = match (journaled.before_digest(), row) {
        (None, None) => return Ok(()),
        (Some(_), None) => return Err(Box::new(Difference::for_change(DifferenceKind::MissingRow, journaled))),
        (None, Some(_)) => return Err(Box::new(Difference::for_change(DifferenceKind::ExtraRow, journaled))),
        (Some(_), Some(row)) => row,
    };
    let ours = named_cells(journaled, journaled.cells_before());
    let whole: Vec<(&str, &Value)> = shape.columns.iter().map(|column| column.name.as_str()).zip(row).collect();
    let theirs: Vec<(&str, &Value)> = match journaled.action {
        // The image of an update has only the columns that it sets.
        RowAction::Update { .. } => whole
            .into_iter()
            .filter(|(name, _)| ours.iter().any(|(other, _)| same_name(name, other, measure)))
            .collect(),
        RowAction::Kept { .. } => return Ok(()),
        RowAction::Insert { .. } | RowAction::Delete { .. } => whole,
    };
    compare_cells(journaled, DifferingSide::Before, &ours, shape, &theirs, measure)
}

#[cfg(test)]
mod tests;
