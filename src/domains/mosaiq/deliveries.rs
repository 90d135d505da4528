//! The definition of a delivery that the duplicate mode and the duplicate check share, so that a planted duplicate is
//! one that the check looks for.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};

use crate::domains::mosaiq::limits::DUPLICATE_WINDOW_SECONDS;
use crate::model::snapshot::key_form;
use crate::model::time::Time;
use crate::model::{Key, Row, Value};

/// A comparable delivery: beam on, complete, not cancelled, with a patient, a machine and both times.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Delivery {
    pub(super) key: Key,
    /// Pat_ID1.
    pub(super) patient: Value,
    /// Machine_ID_Staff_ID.
    pub(super) machine: Value,
    /// Create_DtTm; UTC if the cell names an offset, else local.
    pub(super) start: DateTime,
    /// Edit_DtTm likewise, never before the start.
    pub(super) end: DateTime,
    /// Whether the times name their offset from UTC. Those that do are not compared with those that do not.
    pub(super) zoned: bool,
}

impl Delivery {
    pub(super) const COLUMNS: [&'static str; 7] =
        ["Pat_ID1", "Machine_ID_Staff_ID", "Create_DtTm", "Edit_DtTm", "WasBeamOn", "WasBeamComplete", "WasCanceled"];

    /// Tells whether two deliveries on one machine start within the duplicate window, or overlap.
    pub(super) fn is_duplicate_of(&self, other: &Self) -> bool {
        let near = self.start.duration_since(other.start).abs() <= SignedDuration::from_secs(DUPLICATE_WINDOW_SECONDS);
        let overlap = self.start < other.end && other.start < self.end;
        self.machine == other.machine && self.zoned == other.zoned && (near || overlap)
    }

    /// Reads a row; the error says why it is not comparable.
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
        let (start, end) = read_times(row)?;
        let lasted = end.elapsed_since(start).ok_or("only one of its times has an offset from UTC")?;
        Ok(Self {
            key: row.key(),
            patient: filled_key(row, "Pat_ID1").ok_or("it has no patient (Pat_ID1)")?,
            machine: filled_key(row, "Machine_ID_Staff_ID").ok_or("it has no machine (Machine_ID_Staff_ID)")?,
            start: start.instant(),
            // An end before the start is another check's finding; here it must not widen the overlap.
            end: if lasted.is_positive() { end.instant() } else { start.instant() },
            zoned: start.is_zoned(),
        })
    }
}

fn filled_key(row: &Row<'_>, column: &str) -> Option<Value> {
    row.cell(column).filter(|cell| !cell.is_null()).map(key_form)
}

/// Returns start and end of a delivery; the error says why one of them cannot be had.
fn read_times(row: &Row<'_>) -> Result<(Time, Time), &'static str> {
    let unread_start = "its start (Create_DtTm) cannot be read";
    let unread_end = "its end (Edit_DtTm) cannot be read";
    let start = read_time(row, "Create_DtTm", "it has no start (Create_DtTm)", unread_start)?;
    Ok((start, read_time(row, "Edit_DtTm", "it has no end (Edit_DtTm)", unread_end)?))
}

fn read_time(
    row: &Row<'_>,
    column: &str,
    missing: &'static str,
    unreadable: &'static str,
) -> Result<Time, &'static str> {
    row.time(column).ok_or(if row.has_value(column) { unreadable } else { missing })
}

/// Returns the day of a delivery's start as written, not converted to UTC.
pub(super) fn start_day(row: &Row<'_>) -> Option<Date> {
    row.time("Create_DtTm").map(|start| start.wall.date())
}

/// Returns the duration of a delivery, `None` if it is not to be checked: beam off, incomplete, cancelled, for quality
/// assurance, or with an end before the start.
pub(super) fn judged_duration(row: &Row<'_>) -> Option<SignedDuration> {
    let is_complete = is_set(row, "WasBeamOn") && is_set(row, "WasBeamComplete") && !is_set(row, "WasCanceled");
    let lasted = row.time("Edit_DtTm")?.elapsed_since(row.time("Create_DtTm")?)?;
    (is_complete && !is_set(row, "WasQAMode") && !lasted.is_negative()).then_some(lasted)
}

/// Tells whether a flag is set; NULL and unreadable cells count as not set.
pub(super) fn is_set(row: &Row<'_>, column: &str) -> bool {
    row.flag(column) == Some(true)
}
