//! The scans that checks need: their tables, columns, and joins.

use crate::domain::scan::{JoinRequest, ScanRequest};
use crate::domain::table::TableCard;
use crate::domains::recordings::schema::{
    ACCELERATION, ANGULAR_ACCELERATION, BODY, BODY_STATE, COLLISION, CONTACT, COORDINATE, ENERGY, FRAME, FRICTION,
    QUATERNION, RATE, SOLVER, STATE, SYSTEM_ENERGY, UNIFIED, VECTOR, VELOCITY,
};
use crate::model::Snapshot;

/// A scan. The order of the variants is that in which scans are made: a later one looks up what earlier ones stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CheckScan {
    Frames,
    Bodies,
    States,
    Positions,
    Velocities,
    Orientations,
    Accelerations,
    Rates,
    AngularAccelerations,
    Energies,
    System,
    Solver,
    Pairs,
    Points,
    Normals,
    Alongs,
    Acrosses,
}

/// The table and columns of a scan, and the table that it joins.
pub(super) struct ScanSource {
    pub(super) table: &'static TableCard,
    pub(super) columns: &'static [&'static str],
    /// The referring column, and the other table.
    pub(super) beside: Option<(&'static str, &'static TableCard)>,
}

const STATE_COLUMNS: &[&str] = &["id", "body_id", "kinematicState_id", "frame_id"];
const ENERGY_COLUMNS: &[&str] = &["id", "body_id", "linear_ke", "rotational_ke", "potential_e", "total_e", "frame_id"];
const SYSTEM_COLUMNS: &[&str] = &[
    "id",
    "total_linear_ke",
    "total_rotational_ke",
    "total_potential_e",
    "total_system_e",
    "delta_e",
    "energy_injection",
    "collision_active",
    "frame_id",
];
const SOLVER_COLUMNS: &[&str] =
    &["id", "iterations", "residual", "converged", "num_constraints", "num_contacts", "frame_id"];
const PAIR_COLUMNS: &[&str] = &["id", "body_a_id", "body_b_id", "penetrationDepth", "frame_id"];
const NORMAL_COLUMNS: &[&str] = &[
    "id",
    "body_a_id",
    "body_b_id",
    "frame_id",
    "friction_coefficient",
    "normal_lambda",
    "tangent1_lambda",
    "tangent2_lambda",
    "normal_id",
];
const ALONG_COLUMNS: &[&str] = &["id", "body_a_id", "body_b_id", "frame_id", "tangent1_lambda", "tangent1_id"];
const ACROSS_COLUMNS: &[&str] = &["id", "body_a_id", "body_b_id", "frame_id", "tangent2_lambda", "tangent2_id"];

/// The columns of a vector.
pub(super) const XYZ: &[&str] = &["x", "y", "z"];
/// The columns of a quaternion.
pub(super) const WXYZ: &[&str] = &["w", "x", "y", "z"];
/// The columns of angles about the axes.
pub(super) const ANGLES: &[&str] = &["pitch", "roll", "yaw"];

const fn table_source(table: &'static TableCard, columns: &'static [&'static str]) -> ScanSource {
    ScanSource { table, columns, beside: None }
}

const fn joined_source(
    table: &'static TableCard,
    columns: &'static [&'static str],
    column: &'static str,
    parent: &'static TableCard,
) -> ScanSource {
    ScanSource { table, columns, beside: Some((column, parent)) }
}

/// Returns the table of impulses: that of the newest generation if it is declared, or else the older one.
fn impulse_table(declared: &Snapshot) -> &'static TableCard {
    if declared.table(UNIFIED.name).is_ok() { &UNIFIED } else { &FRICTION }
}

impl CheckScan {
    /// The scans that are first probed for any row, as a missing row is a fault only where others are recorded.
    pub(super) const PROBED: [Self; 8] = [
        Self::Energies,
        Self::System,
        Self::Solver,
        Self::Points,
        Self::Normals,
        Self::Positions,
        Self::Velocities,
        Self::Orientations,
    ];

    /// Returns whether a scan is made once for the whole recording: its rows name no frame.
    pub(super) const fn is_whole(self) -> bool {
        matches!(self, Self::Bodies | Self::Accelerations | Self::AngularAccelerations)
    }

    /// Returns whether the rows of a scan are parts of states, and are selected by the ids of these.
    pub(super) const fn is_part(self) -> bool {
        matches!(self, Self::Positions | Self::Velocities | Self::Orientations | Self::Rates)
    }

    /// Returns the index, among the columns of a scan, of the one that names a frame.
    pub(super) const fn frame_column(self) -> usize {
        match self {
            Self::System => 8,
            Self::Energies | Self::Solver => 6,
            Self::Pairs => 4,
            Self::Points => 1,
            // The column lists of all other scans have `frame_id` in the fourth place.
            _ => 3,
        }
    }

    /// Returns the source of a scan in a recording with these tables.
    pub(super) fn source(self, declared: &Snapshot) -> ScanSource {
        match self {
            Self::Frames => table_source(&FRAME, &["id", "simulation_time", "wall_clock_time"]),
            Self::Bodies => table_source(&BODY, &["id", "body_id", "mass"]),
            Self::States => table_source(&BODY_STATE, STATE_COLUMNS),
            Self::Positions => joined_source(&STATE, &["id", "position_id"], "position_id", &COORDINATE),
            Self::Velocities => joined_source(&STATE, &["id", "velocity_id"], "velocity_id", &VELOCITY),
            Self::Orientations => joined_source(&STATE, &["id", "orientation_id"], "orientation_id", &QUATERNION),
            Self::Accelerations => table_source(&ACCELERATION, &["id", "x", "y", "z"]),
            Self::Rates => joined_source(&STATE, &["id", "quaternionRate_id"], "quaternionRate_id", &RATE),
            Self::AngularAccelerations => table_source(&ANGULAR_ACCELERATION, &["id", "pitch", "roll", "yaw"]),
            Self::Energies => table_source(&ENERGY, ENERGY_COLUMNS),
            Self::System => table_source(&SYSTEM_ENERGY, SYSTEM_COLUMNS),
            Self::Solver => table_source(&SOLVER, SOLVER_COLUMNS),
            Self::Pairs => table_source(&COLLISION, PAIR_COLUMNS),
            Self::Points => table_source(&CONTACT, &["id", "frame_id"]),
            Self::Normals => joined_source(impulse_table(declared), NORMAL_COLUMNS, "normal_id", &VECTOR),
            Self::Alongs => joined_source(impulse_table(declared), ALONG_COLUMNS, "tangent1_id", &VECTOR),
            Self::Acrosses => joined_source(impulse_table(declared), ACROSS_COLUMNS, "tangent2_id", &VECTOR),
        }
    }

    /// Returns every table that a scan may read, in recordings of any generation.
    pub(super) fn tables(self) -> Vec<&'static TableCard> {
        // An empty snapshot declares no table, so that the source is the older table of impulses.
        let nothing = Snapshot::default();
        let ScanSource { table, beside, .. } = self.source(&nothing);
        let newest = matches!(self, Self::Normals | Self::Alongs | Self::Acrosses).then_some(&UNIFIED);
        std::iter::once(table).chain(beside.map(|(_, parent)| parent)).chain(newest).collect()
    }

    /// Returns the columns of the joined table.
    pub(super) const fn parent_columns(self) -> &'static [&'static str] {
        if matches!(self, Self::Orientations | Self::Rates) { WXYZ } else { XYZ }
    }

    /// Returns the request for all rows of a scan.
    pub(super) fn request(self, declared: &Snapshot) -> ScanRequest {
        let ScanSource { table, columns, beside } = self.source(declared);
        let join = beside.map(|(column, parent)| JoinRequest {
            column: column.to_owned(),
            parent: parent.name.to_owned(),
            columns: self.parent_columns().iter().map(|name| (*name).to_owned()).collect(),
            parent_column: "id".to_owned(),
        });
        ScanRequest { join, ..ScanRequest::every_row(table.name, columns) }
    }

    /// Returns why a recording cannot serve a scan: a missing table or column; `None` where it can.
    pub(super) fn find_missing(self, declared: &Snapshot) -> Option<String> {
        let ScanSource { table, columns, beside } = self.source(declared);
        let parents = beside.map(|(_, parent)| (parent, self.parent_columns()));
        for (table, columns) in std::iter::once((table, columns)).chain(parents) {
            let Ok(rows) = declared.table(table.name) else {
                return Some(format!("the recording has no table {}", table.name));
            };
            if let Some(column) = columns.iter().find(|column| rows.table.position(column).is_none()) {
                return Some(format!("{} has no column {column}", table.name));
            }
        }
        None
    }
}
