//! Whether two lists of changes are the same: to the bit, or in meaning where two engines store it differently; pure.

use std::collections::BTreeSet;

use mfm_journal::{Change, ColumnShape, RowAction, TableShape, Value};
use serde::Serialize;

use crate::model::Key;

mod values;

pub use values::{compare_values, is_fixed, to_common_form};

/// How alike two things are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Likeness {
    /// To the bit.
    Equal,
    /// In meaning: stored in another way by another engine.
    Equivalent,
}

/// What counts as the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EqualityLevel {
    /// Every bit, the digests of whole rows included: for two databases of one engine.
    Bits,
    /// The meaning of tables, keys, columns and cells: for two engines.
    Meaning,
}

/// Which side of a change differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DifferingSide {
    /// The row as it was found.
    Before,
    /// The row as it becomes.
    After,
}

/// What differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// A cell.
    Cell,
    /// A column that is changed on one side only, or is missing there.
    Column,
    /// A cell that the change does not set: only the digests of the whole rows show it.
    OtherColumns,
    /// A row that one side knows is missing on the other.
    MissingRow,
    /// A row that should not be there.
    ExtraRow,
    /// What happens to the row.
    Action,
    /// The order of the rows.
    #[default]
    Order,
}

/// The first difference between two lists of changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    /// What differs.
    pub what: DifferenceKind,
    /// The table.
    pub table: String,
    /// The row's key.
    pub key: Key,
    /// The column, where one is to blame.
    pub column: Option<String>,
    /// The side of the change, where a cell differs.
    pub side: Option<DifferingSide>,
    /// What the journal holds.
    pub journaled: Option<Value>,
    /// What was found or planned.
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
    let mut verdict = Likeness::Equal;
    for at in 0..journaled.len().max(found.len()) {
        match (journaled.get(at), found.get(at)) {
            (Some(one), Some(other)) if same_place(one, other, measure) => {
                verdict = verdict.max(compare_change(one, other, measure)?);
            }
            _ => return Err(find_unpaired(journaled, found, at, measure)),
        }
    }
    Ok(verdict)
}

/// Says of two lists that part at a place which row is missing, which is too many, or that only their order differs.
fn find_unpaired(journaled: &[Change], found: &[Change], at: usize, measure: EqualityLevel) -> Box<Difference> {
    let (ours, theirs) = (journaled.get(at..).unwrap_or_default(), found.get(at..).unwrap_or_default());
    let places = |all: &[Change]| all.iter().map(|one| place_under(one, measure)).collect::<BTreeSet<_>>();
    let (here, there) = (places(ours), places(theirs));
    let missing = ours.iter().find(|one| !there.contains(&place_under(one, measure)));
    let extra = theirs.iter().find(|one| !here.contains(&place_under(one, measure)));
    let first = ours.iter().chain(theirs).next();
    let parts =
        [(DifferenceKind::MissingRow, missing), (DifferenceKind::ExtraRow, extra), (DifferenceKind::Order, first)];
    let difference = parts.into_iter().find_map(|(what, one)| one.map(|one| Difference::for_change(what, one)));
    Box::new(difference.unwrap_or_default())
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

/// Returns where a change is, in the form in which engines meet.
#[must_use]
pub fn place_form(change: &Change) -> (String, Key) {
    let shape = &change.table;
    let fixed = |name: &String| find_column(shape, name, EqualityLevel::Meaning).is_some_and(is_fixed);
    let key = change.key.iter().zip(&shape.key).map(|(value, name)| to_common_form(value, fixed(name))).collect();
    (shape.name.to_ascii_lowercase(), key)
}

fn same_name(one: &str, other: &str, measure: EqualityLevel) -> bool {
    one == other || (measure == EqualityLevel::Meaning && one.eq_ignore_ascii_case(other))
}

fn find_column<'s>(shape: &'s TableShape, name: &str, measure: EqualityLevel) -> Option<&'s ColumnShape> {
    shape.columns.iter().find(|column| same_name(&column.name, name, measure))
}

/// Tells whether two changes are one leaf of a journal's tree.
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
        let word = |change: &Change| Some(Value::Text(change.action.as_str().to_owned()));
        let difference = Difference::for_change(DifferenceKind::Action, one);
        return Err(Box::new(Difference { journaled: word(one), found: word(other), ..difference }));
    }
    for (side, ours, theirs) in [
        (DifferingSide::Before, one.cells_before(), other.cells_before()),
        (DifferingSide::After, one.cells_after(), other.cells_after()),
    ] {
        compare_cells(one, side, &named_cells(one, ours), &other.table, &named_cells(other, theirs), measure)?;
    }
    let both_there = one.after_digest().is_some() == other.after_digest().is_some();
    if measure == EqualityLevel::Bits || !both_there {
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
    let lacks = |table: &TableShape, column: &&ColumnShape| table.column_position(&column.name).is_none();
    let missing = one.columns.iter().find(|column| lacks(other, column));
    missing.or_else(|| other.columns.iter().find(|column| lacks(one, column))).map(|column| column.name.clone())
}

/// The cells of one side, each with its column's name.
fn named_cells<'c>(change: &'c Change, side: Option<&'c [Value]>) -> Vec<(&'c str, &'c Value)> {
    change.column_names().into_iter().zip(side.unwrap_or_default()).collect()
}

/// Compares cells by their columns' names; columns that an engine leaves out of images are passed over.
fn compare_cells(
    change: &Change,
    side: DifferingSide,
    ours: &[(&str, &Value)],
    shape: &TableShape,
    theirs: &[(&str, &Value)],
    measure: EqualityLevel,
) -> Result<(), Box<Difference>> {
    let left_out = |shape: &TableShape, name: &str| {
        measure == EqualityLevel::Meaning && shape.omitted.iter().any(|omitted| same_name(omitted, name, measure))
    };
    let alone = |name: &str, journaled: Option<&Value>, found: Option<&Value>| {
        let difference = Difference::for_change(DifferenceKind::Column, change);
        let (journaled, found) = (journaled.cloned(), found.cloned());
        Box::new(Difference { column: Some(name.to_owned()), side: Some(side), journaled, found, ..difference })
    };
    for (name, value) in ours {
        let Some((other_name, other)) = theirs.iter().find(|(other, _)| same_name(name, other, measure)) else {
            if left_out(shape, name) {
                continue;
            }
            return Err(alone(name, Some(value), None));
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
    match more.find(|(name, _)| !left_out(&change.table, name)) {
        Some((name, value)) => Err(alone(name, None, Some(value))),
        None => Ok(()),
    }
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
        _ => one == other,
    }
}

/// Compares what a change found with the row that stands there elsewhere, as far as the change holds it cell by cell.
///
/// # Errors
/// The first difference, in the order of the columns.
pub fn compare_found(
    journaled: &Change,
    shape: &TableShape,
    row: Option<&[Value]>,
    measure: EqualityLevel,
) -> Result<(), Box<Difference>> {
    let was_there = journaled.before_digest().is_some();
    let Some(row) = row else {
        let missing = || Box::new(Difference::for_change(DifferenceKind::MissingRow, journaled));
        return if was_there { Err(missing()) } else { Ok(()) };
    };
    if !was_there {
        return Err(Box::new(Difference::for_change(DifferenceKind::ExtraRow, journaled)));
    }
    let ours = named_cells(journaled, journaled.cells_before());
    let whole: Vec<(&str, &Value)> = shape.columns.iter().map(|column| column.name.as_str()).zip(row).collect();
    let known = |name: &str| ours.iter().any(|(other, _)| same_name(name, other, measure));
    let theirs: Vec<(&str, &Value)> = match journaled.action {
        RowAction::Update { .. } => whole.into_iter().filter(|(name, _)| known(name)).collect(),
        RowAction::Kept { .. } => return Ok(()),
        RowAction::Insert { .. } | RowAction::Delete { .. } => whole,
    };
    compare_cells(journaled, DifferingSide::Before, &ours, shape, &theirs, measure)
}

#[cfg(test)]
mod tests;
