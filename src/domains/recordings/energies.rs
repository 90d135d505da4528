//! Energies as of the end of a frame's step: of all bodies together, and of each body.

use super::missing::Missing;
use super::reading::{Reading, Stop};
use super::schema;

/// The energy of all bodies after the step of a frame, J.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEnergy {
    /// The frame.
    pub frame: i64,
    /// Linear kinetic energy.
    pub linear: Option<f64>,
    /// Rotational kinetic energy.
    pub rotational: Option<f64>,
    /// Potential energy, from height 0.
    pub potential: Option<f64>,
    /// The total, as recorded.
    pub total: Option<f64>,
    /// The change since the frame before, as recorded.
    pub delta: Option<f64>,
    /// Whether the recorder flagged an energy injection.
    pub injection: Option<bool>,
    /// Whether any pair touched.
    pub collision: Option<bool>,
}

const SYSTEM: [&str; 8] = [
    "frame_id",
    "total_linear_ke",
    "total_rotational_ke",
    "total_potential_e",
    "total_system_e",
    "delta_e",
    "energy_injection",
    "collision_active",
];

/// Reads the energies of all bodies together in a range of frames, in the order of the frames; `None` without the
/// table.
///
/// # Errors
/// As [`Reading::scan`].
pub fn read_system_energies(
    reading: &Reading,
    range: (i64, i64),
    missing: &mut Missing,
) -> Result<Option<Vec<SystemEnergy>>, Stop> {
    let sheet = reading.scan_frames(&schema::SYSTEM_ENERGY, &SYSTEM, range)?;
    missing.note(&schema::SYSTEM_ENERGY, &SYSTEM, sheet);
    let Some(sheet) = sheet else { return Ok(None) };
    let [frame, linear, rotational, potential, total, delta, injection, collision] =
        SYSTEM.map(|name| sheet.column_index(name));
    let mut rows = Vec::with_capacity(sheet.len());
    for row in sheet.rows() {
        // A row without a frame can be compared with no other.
        let Some(frame) = row.integer_at(frame) else { continue };
        rows.push(SystemEnergy {
            frame,
            linear: row.number_at(linear),
            rotational: row.number_at(rotational),
            potential: row.number_at(potential),
            total: row.number_at(total),
            delta: row.number_at(delta),
            injection: row.flag_at(injection),
            collision: row.flag_at(collision),
        });
    }
    // Callers take differences between neighbours; the table is in the order of its own ids.
    rows.sort_by_key(|row| row.frame);
    Ok(Some(rows))
}

/// Returns the change of an energy, J; `None` where either value is not recorded.
#[must_use]
pub fn difference(before: Option<f64>, after: Option<f64>) -> Option<f64> {
    Some(after? - before?)
}

/// The energy of a body after the step of a frame, J.
#[derive(Clone, Copy, Debug, Default)]
pub struct BodyEnergy {
    /// The frame.
    pub frame: i64,
    /// The body.
    pub body: i64,
    /// Linear kinetic energy.
    pub linear: Option<f64>,
    /// Rotational kinetic energy.
    pub rotational: Option<f64>,
    /// Potential energy, from height 0.
    pub potential: Option<f64>,
    /// The total, as recorded.
    pub total: Option<f64>,
}

/// Reads the energies of each body in a range of frames, in the order of the frames; `None` without the table.
///
/// # Errors
/// As [`Reading::scan`].
pub fn read_body_energies(
    reading: &Reading,
    range: (i64, i64),
    missing: &mut Missing,
) -> Result<Option<Vec<BodyEnergy>>, Stop> {
    let columns = ["frame_id", "body_id", "linear_ke", "rotational_ke", "potential_e", "total_e"];
    let sheet = reading.scan_frames(&schema::ENERGY, &columns, range)?;
    missing.note(&schema::ENERGY, &columns, sheet);
    let Some(sheet) = sheet else { return Ok(None) };
    let [frame, body, linear, rotational, potential, total] = columns.map(|name| sheet.column_index(name));
    let mut rows = Vec::with_capacity(sheet.len());
    for row in sheet.rows() {
        let (Some(frame), Some(body)) = (row.integer_at(frame), row.integer_at(body)) else { continue };
        rows.push(BodyEnergy {
            frame,
            body,
            linear: row.number_at(linear),
            rotational: row.number_at(rotational),
            potential: row.number_at(potential),
            total: row.number_at(total),
        });
    }
    rows.sort_by_key(|row| row.frame);
    Ok(Some(rows))
}
