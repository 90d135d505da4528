//! A severity in JSON: the text that it always was, and beside it the number that programs sort and compare by.

use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serializer};

use crate::model::Severity;

/// Writes a fault's severity, decimal text from 0 to 3, as `severity` and `severity_level`: for a flattened field.
///
/// # Errors
/// What the serializer says.
pub(super) fn of_fault<S: Serializer>(severity: impl AsRef<str>, serializer: S) -> Result<S::Ok, S::Error> {
    let text = severity.as_ref();
    serialize_both(text, text.parse::<f64>().ok(), serializer)
}

/// Writes a check's severity as its word and a number on the scale of faults, low 0 to critical 3.
///
/// # Errors
/// What the serializer says.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
pub(super) fn of_check<S: Serializer>(severity: &Severity, serializer: S) -> Result<S::Ok, S::Error> {
    serialize_both(severity.word(), Some(fault_level(*severity)), serializer)
}

/// Reads back a fault's severity; the text alone counts.
///
/// # Errors
/// What the deserializer says.
pub(super) fn deserialize_fault<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    struct Text {
        severity: String,
    }
    Text::deserialize(deserializer).map(|text| text.severity)
}

/// Returns a check's severity on the scale of faults.
#[must_use]
pub(super) const fn fault_level(severity: Severity) -> f64 {
    match severity {
        Severity::Low => 0.0,
        Severity::Medium => 1.0,
        Severity::High => 2.0,
        Severity::Critical => 3.0,
    }
}

fn serialize_both<S: Serializer>(text: &str, level: Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(2))?;
    map.serialize_entry("severity", text)?;
    map.serialize_entry("severity_level", &level)?;
    map.end()
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::json;

    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Fault {
        op: u64,
        #[serde(flatten, serialize_with = "of_fault", deserialize_with = "deserialize_fault")]
        severity: String,
    }

    #[derive(Serialize)]
    struct Check {
        #[serde(flatten, serialize_with = "of_check")]
        severity: Severity,
    }

    #[test]
    fn k11_the_text_stays_and_a_number_stands_beside_it() {
        let fault = Fault { op: 1, severity: "2.3".to_owned() };
        let json = serde_json::to_value(&fault).unwrap();
        assert_eq!(json, json!({"op": 1, "severity": "2.3", "severity_level": 2.3}));
        assert_eq!(serde_json::from_value::<Fault>(json).unwrap().severity, "2.3");
        assert_eq!(serde_json::from_value::<Fault>(json!({"op": 1, "severity": "2.3"})).unwrap().severity, "2.3");
        let levels = Severity::WORST_FIRST.map(|severity| serde_json::to_value(Check { severity }).unwrap());
        assert_eq!(levels[0], json!({"severity": "critical", "severity_level": 3.0}));
        assert_eq!(levels.map(|json| json["severity_level"].as_f64().unwrap()), [3.0, 2.0, 1.0, 0.0]);
    }
}
