//! The edits of energies that follow from another state of a body: what the recorder would have written for it.

use std::collections::{BTreeMap, BTreeSet};

use super::shared::{build_update, frame_rows, read_numbers, real};
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
        let columns = BODY.into_iter().zip(parts).chain([("total_e", total)]);
        let old = |column: &str| own.float(column);
        // An edit may only name cells that change.
        let set: Vec<_> = columns.filter(|(column, new)| old(column) != Some(*new)).collect();
        self.edits.push(build_update(&own, set.into_iter().map(|(column, new)| (column, real(new)))));
        let mut sums = [0.0; 3];
        for row in frame_rows(self.snapshot, "EnergyRecord", frame) {
            let these = if row.key() == own.key() { parts } else { read_numbers(&row, BODY)? };
            sums.iter_mut().zip(these).for_each(|(sum, part)| *sum += part);
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
        let concerned: BTreeSet<i64> = self.changed.keys().flat_map(|frame| [*frame, frame + 1]).collect();
        for frame in concerned {
            let Some(row) = system_row(self.snapshot, frame) else { continue };
            let mut set: Vec<(&'static str, Datum)> = Vec::new();
            let mut put = |column: &'static str, new: f64| {
                if row.float(column) != Some(new) {
                    set.push((column, real(new)));
                }
            };
            if let Some(parts) = self.changed.get(&frame) {
                SYSTEM.into_iter().zip(*parts).for_each(|(column, part)| put(column, part));
            }
            if let (Some(total), Some(delta)) = (self.total(frame), self.delta(frame)) {
                put("total_system_e", total);
                put("delta_e", delta);
                // The rule by which the recorder sets its flag.
                let flag = i64::from(delta > (1e-6 * total.abs()).max(1e-9));
                if row.integer("energy_injection").is_some_and(|old| old != flag) {
                    set.push(("energy_injection", Datum::Integer(flag)));
                }
            }
            if !set.is_empty() {
                self.edits.push(build_update(&row, set));
            }
        }
        self.edits
    }
}
