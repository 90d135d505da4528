//! What a domain's published reports say goes wrong, and which of a domain's faults are of that kind.

use serde::Serialize;

/// When a review should find a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewPoint {
    /// Before the first use.
    Initial,
    /// Regularly while it is in use.
    Weekly,
}

impl ReviewPoint {
    /// Returns its word in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Weekly => "weekly",
        }
    }
}

/// The mode and the variant of a fault.
pub type FaultName = (&'static str, &'static str);

/// A way in which something goes wrong that a review should find.
#[derive(Debug)]
pub struct PublishedFailure {
    /// Its number in the list.
    pub number: &'static str,
    /// When a review should find it.
    pub review: ReviewPoint,
    /// What goes wrong, in a few words.
    pub name: &'static str,
    /// The faults of this kind; empty where none can be made.
    pub faults: &'static [FaultName],
    /// Why the database shows it only in part, or not at all; empty where it shows all of it.
    pub outside: &'static str,
}

/// A domain's list of failures, and what stands beside it.
#[derive(Debug)]
pub struct CoverageCard {
    /// Where the list comes from, and what its numbers are, in sentences.
    pub source: &'static str,
    /// The failures, by number.
    pub failures: &'static [PublishedFailure],
    /// Faults that are no failure of the list, with the reason.
    pub beside: &'static [(FaultName, &'static str)],
}
