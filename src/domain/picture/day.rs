//! The deliveries of one day as spans of time in lanes, with those that clash marked. Drawing is left to the faces.

use crate::model::Key;

/// The deliveries of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayChart {
    /// The title of the picture.
    pub title: String,
    /// One lane a machine or a patient, in the order of their ids.
    pub lanes: Vec<DayLane>,
}

/// The deliveries of one machine or one patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayLane {
    /// The machine's or the patient's name.
    pub name: String,
    /// The deliveries, by their start.
    pub spans: Vec<DeliverySpan>,
}

/// One delivery, as a span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliverySpan {
    /// The key of the delivery's record.
    pub key: Key,
    /// When it began, in seconds since the day began.
    pub start: i64,
    /// When it ended, in seconds since the day began. A faulty record may put it before the start.
    pub end: i64,
    /// Its label: patient or machine, and field.
    pub name: String,
    /// Whether it was completed.
    pub standing: DeliveryStatus,
    /// Whether it overlaps another delivery of the same patient.
    pub clashes: bool,
}

impl DeliverySpan {
    /// Tells whether the delivery cannot have happened as recorded.
    #[must_use]
    pub const fn is_wrong(&self) -> bool {
        self.clashes || self.end < self.start
    }
}

/// Whether a delivery was completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// Beam on, complete, not cancelled.
    Complete,
    /// Started, but not completed.
    Partial,
    /// Cancelled.
    Cancelled,
}

impl DeliveryStatus {
    /// Returns the word that people see.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "not complete",
            Self::Cancelled => "cancelled",
        }
    }
}
