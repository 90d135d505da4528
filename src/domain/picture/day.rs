//! What happened on a day, side by side: when each began and ended, and which clash; draws nothing.

use crate::model::Key;

/// The deliveries of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayChart {
    /// What is shown.
    pub title: String,
    /// Machines or patients, in the order of their ids.
    pub lanes: Vec<DayLane>,
}

/// The deliveries of one machine or one patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayLane {
    /// Its name.
    pub name: String,
    /// The deliveries, the first one first.
    pub spans: Vec<DeliverySpan>,
}

/// One delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliverySpan {
    /// Its key.
    pub key: Key,
    /// When it began, in seconds since the day began.
    pub start: i64,
    /// When it ended, in seconds since the day began; before its start where the record says so.
    pub end: i64,
    /// What it is called: patient or machine, and field.
    pub name: String,
    /// How it went.
    pub standing: DeliveryStatus,
    /// Whether it is on a machine at the time of another delivery of the patient.
    pub clashes: bool,
}

impl DeliverySpan {
    /// Tells whether the delivery cannot have been so.
    #[must_use]
    pub const fn is_wrong(&self) -> bool {
        self.clashes || self.end < self.start
    }
}

/// How a delivery went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// Beam on, complete, not cancelled.
    Complete,
    /// Begun, but not complete.
    Partial,
    /// Cancelled.
    Cancelled,
}

impl DeliveryStatus {
    /// Returns the word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "not complete",
            Self::Cancelled => "cancelled",
        }
    }
}
