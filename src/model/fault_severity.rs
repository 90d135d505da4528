//! The severity of a fault as a number, parsed from text in this one place.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use mfm_journal::Decimal;
use serde::{Serialize, Serializer};

/// The severity of a fault: a decimal from 0 (harmless) to 3 (critical). 0.7 and 0.70 are equal, and each is printed as
/// it was written.
#[derive(Clone, Copy, Debug)]
pub struct FaultSeverity(Decimal);

/// The error for a text that is not a plain decimal number from 0 to 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoFaultSeverity;

impl FaultSeverity {
    /// Returns a severity given in tenths: `tenths::<18>()` is 1.8. More than 30 tenths do not compile.
    #[must_use]
    pub const fn tenths<const TENTHS: u8>() -> Self {
        const { assert!(TENTHS <= 30, "a severity is between 0 and 3") };
        Self(Decimal::from_tenths(TENTHS))
    }

    /// Returns the number that programs sort and compare by, 0.0 to 3.0.
    #[must_use]
    pub fn level(self) -> f64 {
        // Decimal text always parses as a float, so the default is never used.
        self.to_string().parse().unwrap_or_default()
    }
}

impl FromStr for FaultSeverity {
    type Err = NoFaultSeverity;

    fn from_str(text: &str) -> Result<Self, NoFaultSeverity> {
        let number: Decimal = text.parse().map_err(|_| NoFaultSeverity)?;
        let is_within = |least: i64, most: i64| {
            number.compare_by_value(least.into()) != Ordering::Less
                && number.compare_by_value(most.into()) != Ordering::Greater
        };
        is_within(0, 3).then_some(Self(number)).ok_or(NoFaultSeverity)
    }
}

impl fmt::Display for FaultSeverity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0.to_string())
    }
}

impl Serialize for FaultSeverity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl PartialEq for FaultSeverity {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for FaultSeverity {}

impl PartialOrd for FaultSeverity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for FaultSeverity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.compare_by_value(other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Severity;

    fn read(text: &str) -> Option<FaultSeverity> {
        text.parse().ok()
    }

    #[test]
    fn a_severity_is_a_decimal_from_0_to_3_and_printed_as_written() {
        for text in ["0", "0.0", "0.7", "0.70", "1.8", "2.25", "3", "3.000"] {
            let severity = read(text).unwrap();
            assert_eq!(severity.to_string(), text);
            assert_eq!(severity.level(), text.parse::<f64>().unwrap());
            assert_eq!(serde_json::to_string(&severity).unwrap(), format!("\"{text}\""));
        }
        assert_eq!(FaultSeverity::tenths::<7>().to_string(), "0.7");
        assert_eq!(FaultSeverity::tenths::<30>().to_string(), "3.0");
        assert_eq!(format!("{:5}|", FaultSeverity::tenths::<30>()), "3.0  |");
    }

    #[test]
    fn what_a_foreign_journal_may_hold_is_no_severity_and_counts_as_the_worst() {
        let long = "1".repeat(5_000);
        for text in ["", "high", "-0.1", "3.01", "1e0", "inf", "NaN", "1.", ".5", " 1", "1\u{660}", &long] {
            assert_eq!(read(text), None, "{text}");
            assert_eq!(Severity::of_fault(text), Severity::Critical, "{text}");
        }
    }

    #[test]
    fn severities_are_ordered_by_value() {
        assert_eq!(read("0.7"), read("0.70"));
        assert!(read("2.9") < read("3.0") && read("0.10") < read("0.9"));
        let bands = ["0.7", "0.75", "1.4", "1.5", "2.2", "2.25"].map(Severity::of_fault);
        assert_eq!(bands.map(Severity::word), ["low", "medium", "medium", "high", "high", "critical"]);
    }
}
