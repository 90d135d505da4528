//! Vectors and orientations, which recordings keep in tables of their own, by id.

use std::collections::BTreeMap;

use super::measure::{Orientation, Vector};
use super::missing::Missing;
use super::reading::{Reading, SheetRow, Stop};
use super::schema;
use crate::domain::table::TableCard;

/// Vectors by id.
#[derive(Debug, Default)]
pub struct Vectors(BTreeMap<i64, Vector>);

impl Vectors {
    /// Reads those of some ids.
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
        let vectors = sheet.iter().flat_map(|sheet| sheet.rows());
        Ok(Self(vectors.filter_map(|line| Some((line.integer("id")?, row_vector(line)))).collect()))
    }

    /// Returns the vector of an id.
    #[must_use]
    pub fn get(&self, id: Option<i64>) -> Option<Vector> {
        self.0.get(&id?).copied()
    }
}

fn row_vector(line: SheetRow<'_>) -> Vector {
    Vector { x: line.number("x").into(), y: line.number("y").into(), z: line.number("z").into() }
}

/// Reads orientations, or their rates, of some ids.
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
    let orientation = |line: SheetRow<'_>| {
        let Vector { x, y, z } = row_vector(line);
        Some((line.integer("id")?, Orientation { w: line.number("w").into(), x, y, z }))
    };
    Ok(sheet.iter().flat_map(|sheet| sheet.rows()).filter_map(orientation).collect())
}

/// Reads normals, tangents and lever arms of some ids.
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
