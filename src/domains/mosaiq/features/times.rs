//! The timestamps of a delivery: order, duration, and the distance from the dose history.

use std::cmp::Ordering;

use jiff::{SignedDuration, Unit};

use super::numbers::{condition, to_float};
use crate::model::Row;
use crate::model::time::Time;

/// Seconds below which a delivery is too short.
const SHORT_S: f64 = 10.0;
/// Seconds above which a delivery is too long.
const LONG_S: f64 = 1800.0;
/// Seconds above which a dose is another delivery's.
pub(super) const DOSE_S: f64 = 300.0;

/// The group's values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TimeFeatures {
    pub(super) values: [f64; 9],
    pub(super) has_dose_time: bool,
}

/// Reads a time to the millisecond, as people see it: a tick of 1/300 s is .003 or .007.
pub(super) fn read_time(row: &Row<'_>, column: &str) -> Option<Time> {
    let time = row.time(column)?;
    Some(Time { wall: time.wall.round(Unit::Millisecond).unwrap_or(time.wall), ..time })
}

/// Returns the seconds from one time to a later one; `None` where only one names an offset from UTC.
pub(super) fn seconds_between(from: Time, to: Time) -> Option<f64> {
    to.elapsed_since(from).map(to_seconds)
}

fn to_seconds(duration: SignedDuration) -> f64 {
    to_float(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)) / 1000.0
}

/// Computes the group; `None` where a time is missing, or the two cannot be compared.
pub(super) fn compute([create, edit]: [Option<Time>; 2], dose: Option<Time>, now: Time) -> Option<TimeFeatures> {
    let (create, edit) = (create?, edit?);
    let duration = seconds_between(create, edit)?;
    let is_future = |time: Time| condition(time.compare_with_present(now) == Some(Ordering::Greater));
    let apart = dose.and_then(|dose| seconds_between(create, dose)).map(f64::abs);
    let delta = apart.unwrap_or_default();
    let values = [
        condition(duration < 0.0),
        is_future(create),
        is_future(edit),
        duration,
        condition(duration < 0.0),
        condition(duration < SHORT_S),
        condition(duration > LONG_S),
        delta,
        condition(delta > DOSE_S),
    ];
    Some(TimeFeatures { values, has_dose_time: apart.is_some() })
}
