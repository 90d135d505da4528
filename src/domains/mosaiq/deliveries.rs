//! Deliveries as the duplicate mode and the duplicate check both see them; reads no database.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};

use crate::domains::mosaiq::limits::DUPLICATE_WINDOW_SECONDS;
use crate::model::snapshot::key_form;
use crate::model::time::Time;
use crate::model::{Key, Row, Value};

/// A delivery that counts: beam on, complete, not cancelled, with a patient, a machine and both times.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Delivery {
    /// The row's key.
    pub(super) key: Key,
    /// Pat_ID1.
    pub(super) patient: Value,
    /// Machine_ID_Staff_ID.
    pub(super) machine: Value,
    /// Create_DtTm, in UTC where it names an offset.
    pub(super) start: DateTime,
    /// Edit_DtTm, so too, never before the start.
    pub(super) end: DateTime,
    /// Whether the times name their offset from UTC; those that do cannot be compared with those that do not.
    pub(super) zoned: bool,
}

impl Delivery {
    /// The columns that a delivery is read from.
    pub(super) const COLUMNS: [&'static str; 7] =
        ["Pat_ID1", "Machine_ID_Staff_ID", "Create_DtTm", "Edit_DtTm", "WasBeamOn", "WasBeamComplete", "WasCanceled"];

    /// Tells whether two deliveries are on one machine within the window of duplicates, or at the same time.
    pub(super) fn is_duplicate_of(&self, other: &Self) -> bool {
        let near = self.start.duration_since(other.start).abs() <= SignedDuration::from_secs(DUPLICATE_WINDOW_SECONDS);
        let overlap = self.start < other.end && other.start < self.end;
        self.machine == other.machine && self.zoned == other.zoned && (near || overlap)
    }

    /// Reads a row; says why it does not count.
    pub(super) fn from_row(row: &Row<'_>) -> Result<Self, &'static str> {
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
        let (start, end) = read_times(row)?;
        let lasted = end.elapsed_since(start).ok_or("only one of its times names an offset from UTC")?;
        Ok(Self {
            key: row.key(),
            patient: present("Pat_ID1").ok_or("it has no patient (Pat_ID1)")?,
            machine: present("Machine_ID_Staff_ID").ok_or("it has no machine (Machine_ID_Staff_ID)")?,
            start: start.instant(),
            end: if lasted.is_positive() { end.instant() } else { start.instant() },
            zoned: start.is_zoned(),
        })
    }
}

/// Returns start and end of a delivery; says why one is not there.
fn read_times(row: &Row<'_>) -> Result<(Time, Time), &'static str> {
    let time = |column: &str, none: &'static str, unreadable: &'static str| {
        row.time(column).ok_or(if row.has_value(column) { unreadable } else { none })
    };
    let start = time("Create_DtTm", "it has no start (Create_DtTm)", "its start (Create_DtTm) cannot be read")?;
    Ok((start, time("Edit_DtTm", "it has no end (Edit_DtTm)", "its end (Edit_DtTm) cannot be read")?))
}

/// Returns the day on which a delivery began, by the clock that its start was read from.
pub(super) fn start_day(row: &Row<'_>) -> Option<Date> {
    row.time("Create_DtTm").map(|start| start.wall.date())
}

/// Returns how long a delivery lasted that is to be judged.
pub(super) fn judged_duration(row: &Row<'_>) -> Option<SignedDuration> {
    let set = |column: &str| row.flag(column) == Some(true);
    let counts = set("WasBeamOn") && set("WasBeamComplete") && !set("WasCanceled") && !set("WasQAMode");
    let lasted = row.time("Edit_DtTm")?.elapsed_since(row.time("Create_DtTm")?)?;
    (counts && !lasted.is_negative()).then_some(lasted)
}
