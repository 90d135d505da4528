//! Vectors and orientations, which a recording stores in tables of their own and refers to by id.

use std::collections::BTreeMap;

use super::measure::{Orientation, Vector};
use super::missing::Missing;
use super::reading::{Reading, ScanSheet, SheetRow, Stop};
use super::schema;
use crate::domain::table::TableCard;

/// Vectors by id.
#[derive(Debug, Default)]
pub struct Vectors(BTreeMap<i64, Vector>);

impl Vectors {
    /// Reads the vectors with the given ids from a table with columns x, y and z.
    ///
    /// # Errors
    /// As [`Reading::scan`].
    pub fn read(
        reading: &Reading,
        table: &TableCard,
        ids: impl IntoIterator<Item = i64>,
        missing: &mut Missing,
    ) -> Result<Self, Stop> {
        let sheet = reading.scan_among(table, &["id", "x", "y", "z"], "id", ids)?;
        missing.note(table, &["x", "y", "z"], sheet);
        let rows = sheet.into_iter().flat_map(ScanSheet::rows);
        Ok(Self(rows.filter_map(|row| Some((row.integer("id")?, row_vector(row)))).collect()))
    }

    /// Returns the vector with an id; `None` without an id, or where no row has it.
    #[must_use]
    pub fn get(&self, id: Option<i64>) -> Option<Vector> {
        self.0.get(&id?).copied()
    }
}

fn row_vector(row: SheetRow<'_>) -> Vector {
    Vector { x: row.number("x").into(), y: row.number("y").into(), z: row.number("z").into() }
}

/// Reads the orientations with the given ids, or their rates (1/s), by id.
///
/// # Errors
/// As [`Reading::scan`].
pub fn read_orientations(
    reading: &Reading,
    table: &TableCard,
    ids: impl IntoIterator<Item = i64>,
    missing: &mut Missing,
) -> Result<BTreeMap<i64, Orientation>, Stop> {
    let sheet = reading.scan_among(table, &["id", "w", "x", "y", "z"], "id", ids)?;
    missing.note(table, &["w", "x", "y", "z"], sheet);
    let mut orientations = BTreeMap::new();
    for row in sheet.into_iter().flat_map(ScanSheet::rows) {
        let Some(id) = row.integer("id") else { continue };
        let Vector { x, y, z } = row_vector(row);
        orientations.insert(id, Orientation { w: row.number("w").into(), x, y, z });
    }
    Ok(orientations)
}

/// Reads normals, tangents and lever arms by their ids; a missing id is skipped.
///
/// # Errors
/// As [`Reading::scan`].
pub fn read_directions(
    reading: &Reading,
    ids: impl IntoIterator<Item = Option<i64>>,
    missing: &mut Missing,
) -> Result<Vectors, Stop> {
    Vectors::read(reading, &schema::VECTOR, ids.into_iter().flatten(), missing)
}
