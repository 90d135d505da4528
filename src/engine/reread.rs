//! Re-reading rows: whether a target holds what the journal's images say, over the columns that the images know.

use std::collections::BTreeMap;
use std::sync::Arc;

use mfm_journal::{Change, Digest, RowHasher, TableShape, Value};

use super::error::EngineError;
use crate::model::{Key, Refusal, Table};
use crate::targets::Target;

/// The number of rows that are read at once: enough to spare round trips, few enough to keep in memory.
pub const BATCH: usize = 1024;

/// The side of a change with which a row is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeSide {
    /// The row as it was.
    Before,
    /// The row as it became.
    After,
}

/// A row that differs from its image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DifferingRow {
    /// The table's name.
    pub table: String,
    /// The row's key.
    pub key: Key,
}

/// The projection of a table's rows now onto the columns that an image of it knows.
#[derive(Debug)]
pub struct RowProjection {
    /// The table now; `None` where it is gone.
    pub table: Option<Arc<Table>>,
    /// For each column of the image, its position in the table now; `None` where one is gone.
    places: Option<Vec<usize>>,
    hasher: RowHasher,
}

impl RowProjection {
    /// Looks up an image's table in a target.
    ///
    /// # Errors
    /// The target's error.
    pub fn new(target: &mut dyn Target, shape: &TableShape) -> Result<Self, EngineError> {
        let table = target.find_table(&shape.name)?;
        let places = table
            .as_ref()
            .and_then(|table| shape.columns.iter().map(|column| place_of(&table.shape, shape, &column.name)).collect());
        Ok(Self { table, places, hasher: RowHasher::new(shape) })
    }

    /// Returns the cells of a row, as it is now, that the image knows, in the image's order; `None` where a column of
    /// the image is gone.
    #[must_use]
    pub fn project(&self, row: &[Value]) -> Option<Vec<Value>> {
        self.places.as_ref()?.iter().map(|at| row.get(*at).cloned()).collect()
    }

    /// Returns the digest of a row, as it is now, over the columns that the image knows; `None` where one is gone.
    ///
    /// # Errors
    /// [`EngineError::Target`] for a NaN, which has no exact form.
    pub fn digest(&mut self, row: &[Value]) -> Result<Option<Digest>, EngineError> {
        let Some(cells) = self.project(row) else { return Ok(None) };
        Ok(Some(self.hasher.digest_row(&cells)?))
    }

    /// Returns the names of the columns that were added since the image was made. In a row that is inserted again, the
    /// database fills them.
    #[must_use]
    pub fn unknown_columns(&self) -> Vec<String> {
        let (Some(table), Some(places)) = (&self.table, &self.places) else { return Vec::new() };
        let columns = table.columns.iter().enumerate().filter(|(at, _)| !places.contains(at));
        columns.map(|(_, column)| column.image.name.clone()).collect()
    }

    /// Returns the positions of the image's columns in the table now; `None` where one is gone.
    #[must_use]
    pub fn column_positions(&self) -> Option<&[usize]> {
        self.places.as_deref()
    }
}

/// Returns the position of an image's column in a table now: by its exact name, else ignoring case, because tools that
/// rebuild a table may change the case of its columns. A column that the image knows by that exact name is another one.
fn place_of(now: &TableShape, image: &TableShape, name: &str) -> Option<usize> {
    let exact = now.columns.iter().position(|column| column.name == name);
    exact.or_else(|| {
        now.columns.iter().position(|column| {
            let is_other = image.columns.iter().any(|known| known.name == column.name);
            column.name.eq_ignore_ascii_case(name) && !is_other
        })
    })
}

/// The projections of several tables, each built when it is first needed.
#[derive(Debug, Default)]
pub struct RowProjections {
    all: BTreeMap<TableShape, RowProjection>,
}

impl RowProjections {
    /// Returns the projection for an image's table.
    ///
    /// # Errors
    /// The target's error.
    pub fn get_or_load(
        &mut self,
        target: &mut dyn Target,
        shape: &TableShape,
    ) -> Result<&mut RowProjection, EngineError> {
        if !self.all.contains_key(shape) {
            self.all.insert(shape.clone(), RowProjection::new(target, shape)?);
        }
        self.all.get_mut(shape).ok_or_else(|| Refusal::MissingTable { table: shape.name.clone() }.into())
    }
}

/// Returns the rows of changes as they are now, in the order of the changes; `None` for an absent row.
///
/// # Errors
/// The target's error.
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

/// Lets the database fill the columns that were added since the images were made, in rows that are inserted again. What
/// it refuses to fill stays NULL, and is judged with the rest of the row.
///
/// # Errors
/// The target's error, unless it is a refusal of the schema.
pub fn fill_unknown_columns(
    target: &mut dyn Target,
    lenses: &mut RowProjections,
    rows: Vec<(&TableShape, &mut Vec<Value>)>,
) -> Result<(), EngineError> {
    let mut groups: BTreeMap<&TableShape, Vec<&mut Vec<Value>>> = BTreeMap::new();
    for (shape, row) in rows {
        groups.entry(shape).or_default().push(row);
    }
    for (shape, rows) in groups {
        let lens = lenses.get_or_load(target, shape)?;
        let (Some(table), Some(places)) = (lens.table.clone(), lens.places.clone()) else { continue };
        // No column was added since, so there is nothing to fill.
        if places.len() == table.columns.len() {
            continue;
        }
        match target.fill_defaults(&table, &places, rows.iter().map(|row| (**row).clone()).collect()) {
            Ok(filled) => {
                for (row, filled) in rows.into_iter().zip(filled) {
                    *row = filled;
                }
            }
            // A refusal of the schema is not the end: the row is judged with its NULLs, and refused by its name.
            Err(error) => drop(EngineError::from(error).of_the_schema()?),
        }
    }
    Ok(())
}

/// Returns the rows that differ from one side of their changes, in the order of the changes.
///
/// # Errors
/// The target's error.
pub fn find_differing(
    target: &mut dyn Target,
    changes: &[Change],
    side: ChangeSide,
) -> Result<Vec<DifferingRow>, EngineError> {
    let mut differing = Vec::new();
    for (change, digest) in changes.iter().zip(digest_current(target, changes)?) {
        let image = if side == ChangeSide::Before { change.before_digest() } else { change.after_digest() };
        if image != digest {
            differing.push(DifferingRow { table: change.table.name.clone(), key: change.key.clone() });
        }
    }
    Ok(differing)
}

/// Returns the digests of the rows of changes as they are now, over the columns that the images know; `None` for an
/// absent row, [`Digest::ZERO`] for one that has lost a column, which equals no image.
fn digest_current(target: &mut dyn Target, changes: &[Change]) -> Result<Vec<Option<Digest>>, EngineError> {
    let mut lenses = RowProjections::default();
    let mut out = vec![None; changes.len()];
    for (shape, places) in by_shape(changes) {
        let lens = lenses.get_or_load(target, shape)?;
        let Some(table) = lens.table.clone() else { continue };
        let keys: Vec<&[Value]> = places.iter().map(|at| changes[*at].key.as_slice()).collect();
        // An unchanged declaration lets the target hash rows as it reads them; else each row is projected first.
        let row_digests = if *table.shape == *shape {
            target.row_digests(&table, &keys)?
        } else {
            digest_projected(target, lens, &table, &keys)?
        };
        for (at, digest) in places.iter().zip(row_digests) {
            out[*at] = digest;
        }
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

/// Returns the indexes of changes, grouped by the shape of their table.
fn by_shape(changes: &[Change]) -> BTreeMap<&TableShape, Vec<usize>> {
    let mut groups: BTreeMap<&TableShape, Vec<usize>> = BTreeMap::new();
    let mut last: Option<(&TableShape, Vec<usize>)> = None;
    for (at, change) in changes.iter().enumerate() {
        match &mut last {
            // Changes of one table follow each other and share its shape; comparing pointers is cheaper than shapes.
            Some((shape, places)) if std::ptr::eq(*shape, change.table.as_ref()) => places.push(at),
            _ => {
                if let Some((shape, places)) = last.replace((&change.table, vec![at])) {
                    groups.entry(shape).or_default().extend(places);
                }
            }
        }
    }
    if let Some((shape, places)) = last {
        groups.entry(shape).or_default().extend(places);
    }
    groups
}
