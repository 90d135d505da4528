//! The edits of energies that follow from another state of a body: what the recorder would have written for it.

use std::collections::{BTreeMap, BTreeSet};

use super::shared::{build_update, frame_rows, keep_changes, read_numbers};
use crate::model::{Datum, Edit, Row, Snapshot};

const BODY: [&str; 3] = ["linear_ke", "rotational_ke", "potential_e"];
const SYSTEM: [&str; 3] = ["total_linear_ke", "total_rotational_ke", "total_potential_e"];

/// The energies of frames, with the changes so far.
pub(super) struct EnergyLedger<'s> {
    snapshot: &'s Snapshot,
    /// The new sums over the bodies of each changed frame, J: linear, rotational, potential.
    changed: BTreeMap<i64, [f64; 3]>,
    edits: Vec<Edit>,
}

/// Finds the row of the total energies of a frame.
pub(super) fn system_row<'s>(snapshot: &'s Snapshot, frame: i64) -> Option<Row<'s>> {
    frame_rows(snapshot, "SystemEnergyRecord", frame).into_iter().next()
}

/// Finds the row of a body's energies in a frame.
pub(super) fn energy_row<'s>(snapshot: &'s Snapshot, frame: i64, body: i64) -> Option<Row<'s>> {
    frame_rows(snapshot, "EnergyRecord", frame).into_iter().find(|row| row.integer("body_id") == Some(body))
}

impl<'s> EnergyLedger<'s> {
    pub(super) const fn new(snapshot: &'s Snapshot) -> Self {
        Self { snapshot, changed: BTreeMap::new(), edits: Vec::new() }
    }

    /// Sets a body's energies in a frame, J: linear, rotational, potential. `None` where the frame has none of the
    /// body, or no number for another body.
    pub(super) fn set_energy(&mut self, frame: i64, body: i64, parts: [f64; 3]) -> Option<()> {
        let own = energy_row(self.snapshot, frame, body)?;
        let [linear, rotational, potential] = parts;
        let total = linear + rotational + potential;
        let numbers = BODY.into_iter().zip(parts).chain([("total_e", total)]);
        self.edits.push(build_update(&own, keep_changes(&own, numbers)));
        let mut sums = [0.0; 3];
        for row in frame_rows(self.snapshot, "EnergyRecord", frame) {
            let energies = if row.key() == own.key() { parts } else { read_numbers(&row, BODY)? };
            for (sum, energy) in sums.iter_mut().zip(energies) {
                *sum += energy;
            }
        }
        self.changed.insert(frame, sums);
        Some(())
    }

    /// Returns the total energy of a frame, J, with the changes so far.
    pub(super) fn total(&self, frame: i64) -> Option<f64> {
        match self.changed.get(&frame) {
            Some(parts) => Some(parts.iter().sum()),
            None => system_row(self.snapshot, frame)?.float("total_system_e"),
        }
    }

    /// Returns the change of the total energy since the frame before, J; in frame 1, all of it.
    pub(super) fn delta(&self, frame: i64) -> Option<f64> {
        let before = if frame == 1 { 0.0 } else { self.total(frame - 1)? };
        Some(self.total(frame)? - before)
    }

    /// Returns all edits: energies of bodies, totals, and deltas, also that of the frame after each changed one.
    pub(super) fn into_edits(mut self) -> Vec<Edit> {
        let frames: BTreeSet<i64> = self.changed.keys().flat_map(|frame| [*frame, frame + 1]).collect();
        for frame in frames {
            let Some(row) = system_row(self.snapshot, frame) else { continue };
            let mut numbers: Vec<(&'static str, f64)> = Vec::new();
            let mut flag = None;
            if let Some(parts) = self.changed.get(&frame) {
                numbers.extend(SYSTEM.into_iter().zip(*parts));
            }
            if let (Some(total), Some(delta)) = (self.total(frame), self.delta(frame)) {
                numbers.extend([("total_system_e", total), ("delta_e", delta)]);
                // The recorder flags a gain of more than a millionth of the total, and of more than 1e-9 J.
                flag = Some(i64::from(delta > (1e-6 * total.abs()).max(1e-9)));
            }
            let mut cells = keep_changes(&row, numbers);
            if let (Some(flag), Some(old)) = (flag, row.integer("energy_injection"))
                && flag != old
            {
                cells.push(("energy_injection", Datum::Integer(flag)));
            }
            if !cells.is_empty() {
                self.edits.push(build_update(&row, cells));
            }
        }
        self.edits
    }
}
