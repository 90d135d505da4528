//! Deliveries as the duplicate mode and the duplicate check both see them; reads no database.

use jiff::SignedDuration;
use jiff::civil::DateTime;

use crate::model::snapshot::key_form;
use crate::model::{Key, Row, Value};
use crate::mosaiq::limits::DUPLICATE_WINDOW_SECONDS;

/// A delivery that counts: beam on, complete, not cancelled, with a patient, a machine and both times.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Delivery {
    /// The row's key.
    pub(super) key: Key,
    /// Pat_ID1.
    pub(super) patient: Value,
    /// Machine_ID_Staff_ID.
    pub(super) machine: Value,
    /// Create_DtTm.
    pub(super) start: DateTime,
    /// Edit_DtTm, never before the start.
    pub(super) end: DateTime,
}

impl Delivery {
    /// The columns that a delivery is read from.
    pub(super) const COLUMNS: [&'static str; 7] =
        ["Pat_ID1", "Machine_ID_Staff_ID", "Create_DtTm", "Edit_DtTm", "WasBeamOn", "WasBeamComplete", "WasCanceled"];

    /// Tells whether two deliveries are on one machine within the window of duplicates, or at the same time.
    pub(super) fn doubles(&self, other: &Self) -> bool {
        let near = self.start.duration_since(other.start).abs() <= SignedDuration::from_secs(DUPLICATE_WINDOW_SECONDS);
        let overlap = self.start < other.end && other.start < self.end;
        self.machine == other.machine && (near || overlap)
    }

    /// Reads a row; says why it does not count.
    pub(super) fn read(row: &Row<'_>) -> Result<Self, &'static str> {
        if row.flag("WasBeamOn") != Some(true) {
            return Err("its beam was never on");
        }
        if row.flag("WasBeamComplete") != Some(true) {
            return Err("it is not complete");
        }
        if row.flag("WasCanceled") == Some(true) {
            return Err("it was cancelled");
        }
        let present = |column: &str| row.cell(column).filter(|cell| !cell.is_null()).map(key_form);
        let start = row.datetime("Create_DtTm").ok_or("it has no start (Create_DtTm)")?;
        let end = row.datetime("Edit_DtTm").ok_or("it has no end (Edit_DtTm)")?;
        Ok(Self {
            key: row.key(),
            patient: present("Pat_ID1").ok_or("it has no patient (Pat_ID1)")?,
            machine: present("Machine_ID_Staff_ID").ok_or("it has no machine (Machine_ID_Staff_ID)")?,
            start,
            end: end.max(start),
        })
    }
}

/// Returns how long a delivery lasted that is to be judged.
pub(super) fn judged(row: &Row<'_>) -> Option<SignedDuration> {
    let set = |column: &str| row.flag(column) == Some(true);
    let counts = set("WasBeamOn") && set("WasBeamComplete") && !set("WasCanceled") && !set("WasQAMode");
    let (start, end) = (row.datetime("Create_DtTm")?, row.datetime("Edit_DtTm")?);
    (counts && end >= start).then(|| end.duration_since(start))
}
