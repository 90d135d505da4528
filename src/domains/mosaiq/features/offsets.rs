//! The latest offset of a delivery's prescription.

use jiff::civil::DateTime;

use super::numbers::condition;
use super::times::read_time;
use crate::model::Row;
use crate::model::time::Time;

/// The largest offset along an axis, cm.
const AXIS_CM: f64 = 10.0;
/// The largest length of the vector, cm.
const VECTOR_CM: f64 = 15.0;
/// The length from which on it is critical, cm.
const CRITICAL_CM: f64 = 20.0;
/// Offset_Type of a third party's system.
const THIRD_PARTY: i64 = 4;

/// An offset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct OffsetFacts {
    study: Option<DateTime>,
    id: i64,
    /// Superior, anterior, lateral, cm.
    axes: [Option<f64>; 3],
    kind: Option<i64>,
    state: Option<i64>,
}

impl OffsetFacts {
    pub(super) fn from_row(row: &Row<'_>) -> Self {
        let axes = ["Superior_Offset", "Anterior_Offset", "Lateral_Offset"];
        Self {
            study: read_time(row, "Study_DtTm").map(Time::instant),
            id: row.integer("OFF_ID").unwrap_or(i64::MIN),
            axes: axes.map(|axis| row.float(axis).filter(|offset| offset.is_finite())),
            kind: row.integer("Offset_Type"),
            state: row.integer("Offset_State"),
        }
    }

    /// Tells whether it is later than another one; without a time it is earlier than any.
    pub(super) fn is_later_than(&self, other: &Self) -> bool {
        (self.study, self.id) > (other.study, other.id)
    }

    /// Tells whether an axis is missing.
    pub(super) fn lacks_axis(&self) -> bool {
        self.axes.iter().any(Option::is_none)
    }

    pub(super) fn compute(&self) -> [f64; 12] {
        let [superior, anterior, lateral] = self.axes.map(Option::unwrap_or_default);
        let length = (superior.powi(2) + anterior.powi(2) + lateral.powi(2)).sqrt();
        let is_extreme = |offset: f64| condition(offset.abs() > AXIS_CM);
        [
            superior,
            anterior,
            lateral,
            length,
            is_extreme(superior),
            is_extreme(anterior),
            is_extreme(lateral),
            condition(length > VECTOR_CM),
            condition(length > CRITICAL_CM),
            condition(self.kind.is_some_and(|kind| (2..=THIRD_PARTY).contains(&kind))),
            condition(self.state.is_some_and(|state| (1..=2).contains(&state))),
            condition(self.kind == Some(THIRD_PARTY)),
        ]
    }
}
