//! Energies, which are those after the step of their frame: of all bodies together, and of each.

use super::missing::Missing;
use super::reading::{Reading, SheetRow, Stop};
use super::schema;

/// The energy of all bodies after the step of a frame, J.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEnergy {
    /// The frame.
    pub frame: i64,
    /// Of motion.
    pub linear: Option<f64>,
    /// Of turning.
    pub rotational: Option<f64>,
    /// Of height.
    pub potential: Option<f64>,
    /// All of it.
    pub total: Option<f64>,
    /// What it gained since the frame before, as recorded.
    pub delta: Option<f64>,
    /// Whether the recorder took it for an injection.
    pub injection: Option<bool>,
    /// Whether any pair touched.
    pub collision: Option<bool>,
}

/// The columns of a system's energy.
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

/// Reads the energies of all bodies together in some frames, by frame; `None` where none are recorded.
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
    let flag = |line: &SheetRow<'_>, place| line.integer_at(place).map(|number| number != 0);
    let energy = |line: SheetRow<'_>| {
        Some(SystemEnergy {
            frame: line.integer_at(frame)?,
            linear: line.number_at(linear),
            rotational: line.number_at(rotational),
            potential: line.number_at(potential),
            total: line.number_at(total),
            delta: line.number_at(delta),
            injection: flag(&line, injection),
            collision: flag(&line, collision),
        })
    };
    let mut rows: Vec<SystemEnergy> = sheet.rows().filter_map(energy).collect();
    rows.sort_by_key(|row| row.frame);
    Ok(Some(rows))
}

/// The energy of a body after the step of a frame, J.
#[derive(Clone, Copy, Debug, Default)]
pub struct BodyEnergy {
    /// The frame.
    pub frame: i64,
    /// The body.
    pub body: i64,
    /// Of motion.
    pub linear: Option<f64>,
    /// Of turning.
    pub rotational: Option<f64>,
    /// Of height.
    pub potential: Option<f64>,
    /// All of it.
    pub total: Option<f64>,
}

/// Reads the energies of bodies in some frames, by frame; `None` where none are recorded.
///
/// # Errors
/// As [`Reading::scan`].
pub fn of_bodies(reading: &Reading, range: (i64, i64), missing: &mut Missing) -> Result<Option<Vec<BodyEnergy>>, Stop> {
    let columns = ["frame_id", "body_id", "linear_ke", "rotational_ke", "potential_e", "total_e"];
    let sheet = reading.scan_frames(&schema::ENERGY, &columns, range)?;
    missing.note(&schema::ENERGY, &columns, sheet);
    let Some(sheet) = sheet else { return Ok(None) };
    let [frame, body, linear, rotational, potential, total] = columns.map(|name| sheet.column_index(name));
    let energy = |line: SheetRow<'_>| {
        Some(BodyEnergy {
            frame: line.integer_at(frame)?,
            body: line.integer_at(body)?,
            linear: line.number_at(linear),
            rotational: line.number_at(rotational),
            potential: line.number_at(potential),
            total: line.number_at(total),
        })
    };
    let mut rows: Vec<BodyEnergy> = sheet.rows().filter_map(energy).collect();
    rows.sort_by_key(|row| row.frame);
    Ok(Some(rows))
}
