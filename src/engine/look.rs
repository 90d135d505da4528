//! Looking at rows again: whether a target holds what images say, over the columns that the images know.

use std::collections::BTreeMap;
use std::sync::Arc;

use mfm_journal::{Change, Digest, RowHasher, TableShape, Value};

use super::error::EngineError;
use crate::model::{Key, Table};
use crate::targets::Target;

/// How many rows are looked at in one go.
pub const BATCH: usize = 1024;

/// Which side of a change a row is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeSide {
    /// The row as it was.
    Before,
    /// The row as it became.
    After,
}

/// A row that is not as its image says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DifferingRow {
    /// The table.
    pub table: String,
    /// The key.
    pub key: Key,
}

/// A table of an image beside the same table now.
#[derive(Debug)]
pub struct RowProjection {
    /// The table now; `None` where it is gone.
    pub table: Option<Arc<Table>>,
    places: Option<Vec<usize>>,
    hasher: RowHasher,
}

impl RowProjection {
    /// Looks up an image's table in a target.
    ///
    /// # Errors
    /// What the target says.
    pub fn new(target: &mut dyn Target, shape: &TableShape) -> Result<Self, EngineError> {
        let table = target.find_table(&shape.name)?;
        let place = |table: &Table| {
            let find = |name: &str| place_of(&table.shape, shape, name);
            shape.columns.iter().map(|column| find(&column.name)).collect::<Option<Vec<_>>>()
        };
        let places = table.as_ref().and_then(|table| place(table));
        Ok(Self { table, places, hasher: RowHasher::new(shape) })
    }

    /// Returns the cells of a row now that the image knows, in the image's order; `None` where a column is gone.
    #[must_use]
    pub fn project(&self, row: &[Value]) -> Option<Vec<Value>> {
        self.places.as_ref()?.iter().map(|at| row.get(*at).cloned()).collect()
    }

    /// Returns the digest of a row now, over the columns that the image knows.
    ///
    /// # Errors
    /// A NaN.
    pub fn digest(&mut self, row: &[Value]) -> Result<Option<Digest>, EngineError> {
        let Some(cells) = self.project(row) else { return Ok(None) };
        Ok(Some(self.hasher.digest_row(&cells)?))
    }

    /// Returns the columns of the table now that the image does not know: of a row that comes back, left to the
    /// database.
    #[must_use]
    pub fn unknown_columns(&self) -> Vec<String> {
        let (Some(table), Some(places)) = (&self.table, &self.places) else { return Vec::new() };
        let columns = table.columns.iter().enumerate().filter(|(at, _)| !places.contains(at));
        columns.map(|(_, column)| column.image.name.clone()).collect()
    }

    /// Returns the places of the image's columns in the table now.
    #[must_use]
    pub fn column_positions(&self) -> Option<&[usize]> {
        self.places.as_deref()
    }
}

/// Returns the place of an image's column in a table now: by its name, or by its name in other letters, as a tool may
/// have written it that makes tables anew, unless the image knows another column by that one.
fn place_of(now: &TableShape, image: &TableShape, name: &str) -> Option<usize> {
    let exact = now.columns.iter().position(|column| column.name == name);
    let is_other = |found: &str| image.columns.iter().any(|column| column.name == found);
    exact.or_else(|| {
        now.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name) && !is_other(&column.name))
    })
}

/// Lenses by table, made when first needed.
#[derive(Debug, Default)]
pub struct RowProjections {
    all: BTreeMap<TableShape, RowProjection>,
}

impl RowProjections {
    /// Returns the lens for an image's table.
    ///
    /// # Errors
    /// What the target says.
    pub fn get_or_load(
        &mut self,
        target: &mut dyn Target,
        shape: &TableShape,
    ) -> Result<&mut RowProjection, EngineError> {
        if !self.all.contains_key(shape) {
            self.all.insert(shape.clone(), RowProjection::new(target, shape)?);
        }
        let missing = || crate::model::Refusal::MissingTable { table: shape.name.clone() };
        self.all.get_mut(shape).ok_or_else(|| missing().into())
    }
}

/// Returns the rows of changes as they are now, in the order of the changes; `None` for an absent row.
///
/// # Errors
/// What the target says.
pub fn read_current(
    target: &mut dyn Target,
    lenses: &mut RowProjections,
    changes: &[Change],
) -> Result<Vec<Option<Vec<Value>>>, EngineError> {
    let mut out: Vec<Option<Vec<Value>>> = vec![None; changes.len()];
    for (shape, places) in by_shape(changes) {
        let Some(table) = lenses.get_or_load(target, shape)?.table.clone() else { continue };
        for part in places.chunks(BATCH) {
            let keys: Vec<Key> = part.iter().map(|at| changes[*at].key.clone()).collect();
            for (at, row) in part.iter().zip(target.read_rows(&table, &keys)?) {
                out[*at] = row;
            }
        }
    }
    Ok(out)
}

/// Lets the database fill, in rows that come back, the columns that their images do not know. What it refuses to fill
/// stays NULL, which is judged with all else.
///
/// # Errors
/// What the target says.
pub fn fill_unknown_columns(
    target: &mut dyn Target,
    lenses: &mut RowProjections,
    rows: Vec<(&TableShape, &mut Vec<Value>)>,
) -> Result<(), EngineError> {
    let mut groups: BTreeMap<&TableShape, Vec<&mut Vec<Value>>> = BTreeMap::new();
    rows.into_iter().for_each(|(shape, row)| groups.entry(shape).or_default().push(row));
    for (shape, rows) in groups {
        let lens = lenses.get_or_load(target, shape)?;
        let (Some(table), Some(places)) = (lens.table.clone(), lens.places.clone()) else { continue };
        if places.len() == table.columns.len() {
            continue;
        }
        match target.fill_defaults(&table, &places, rows.iter().map(|row| (**row).clone()).collect()) {
            Ok(filled) => rows.into_iter().zip(filled).for_each(|(row, filled)| *row = filled),
            Err(error) => drop(EngineError::from(error).of_the_schema()?),
        }
    }
    Ok(())
}

/// Returns the rows that are not as one side of their changes says.
///
/// # Errors
/// What the target says.
pub fn find_differing(
    target: &mut dyn Target,
    changes: &[Change],
    side: ChangeSide,
) -> Result<Vec<DifferingRow>, EngineError> {
    let found = digest_current(target, changes)?;
    let wanted =
        |change: &Change| if side == ChangeSide::Before { change.before_digest() } else { change.after_digest() };
    let differ = changes.iter().zip(found).filter(|(change, found)| wanted(change) != *found);
    Ok(differ.map(|(change, _)| DifferingRow { table: change.table.name.clone(), key: change.key.clone() }).collect())
}

/// Returns the digests of the rows of changes as they are now, over the columns that the images know; `None` for an
/// absent row, zero for one that has lost a column.
fn digest_current(target: &mut dyn Target, changes: &[Change]) -> Result<Vec<Option<Digest>>, EngineError> {
    let mut lenses = RowProjections::default();
    let mut out = vec![None; changes.len()];
    for (shape, places) in by_shape(changes) {
        let lens = lenses.get_or_load(target, shape)?;
        let Some(table) = lens.table.clone() else { continue };
        let keys: Vec<&[Value]> = places.iter().map(|at| changes[*at].key.as_slice()).collect();
        let found = if *table.shape == *shape {
            target.row_digests(&table, &keys)?
        } else {
            digest_projected(target, lens, &table, &keys)?
        };
        places.iter().zip(found).for_each(|(at, digest)| out[*at] = digest);
    }
    Ok(out)
}

/// Digests rows of a table that is declared differently now, a batch at a time.
fn digest_projected(
    target: &mut dyn Target,
    lens: &mut RowProjection,
    table: &Arc<Table>,
    keys: &[&[Value]],
) -> Result<Vec<Option<Digest>>, EngineError> {
    let mut out = Vec::with_capacity(keys.len());
    for part in keys.chunks(BATCH) {
        let part: Vec<Key> = part.iter().map(|key| key.to_vec()).collect();
        for row in target.read_rows(table, &part)? {
            out.push(row.map(|row| lens.digest(&row)).transpose()?.map(|digest| digest.unwrap_or(Digest::ZERO)));
        }
    }
    Ok(out)
}

/// Returns the places of changes by the tables that their images know.
fn by_shape(changes: &[Change]) -> BTreeMap<&TableShape, Vec<usize>> {
    let mut groups: BTreeMap<&TableShape, Vec<usize>> = BTreeMap::new();
    let mut last: Option<(&TableShape, Vec<usize>)> = None;
    for (at, change) in changes.iter().enumerate() {
        match &mut last {
            // Changes of one table stand together and share its shape: comparing shapes costs more than pointers.
            Some((shape, places)) if std::ptr::eq(*shape, change.table.as_ref()) => places.push(at),
            _ => {
                let full = last.replace((&change.table, vec![at]));
                full.into_iter().for_each(|(shape, places)| groups.entry(shape).or_default().extend(places));
            }
        }
    }
    last.into_iter().for_each(|(shape, places)| groups.entry(shape).or_default().extend(places));
    groups
}
