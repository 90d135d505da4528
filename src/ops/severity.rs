//! Severities in JSON: the text of the first release, and a number for programs to sort and compare by.

use mfm_journal::FaultLabel;
use serde::Serializer;
use serde::ser::SerializeMap;

use crate::model::{FaultSeverity, Severity};

/// Serializes a fault's label with `severity_level` after its severity; for a flattened field.
///
/// The level is null where the severity's text is no number. The field is deserialized as a plain label.
///
/// # Errors
/// A serialization error.
pub(super) fn of_label<S: Serializer>(label: &FaultLabel, serializer: S) -> Result<S::Ok, S::Error> {
    let FaultLabel { tool, mode, variant, severity } = label;
    // A label's four fields and the level.
    let mut map = serializer.serialize_map(Some(5))?;
    map.serialize_entry("tool", tool)?;
    map.serialize_entry("mode", mode)?;
    map.serialize_entry("variant", variant)?;
    write(&mut map, severity, severity.parse().ok().map(FaultSeverity::level))?;
    map.end()
}

/// Serializes a fault's severity as `severity` and `severity_level`; for a flattened field.
///
/// # Errors
/// A serialization error.
pub(super) fn of_fault<S: Serializer>(severity: &FaultSeverity, serializer: S) -> Result<S::Ok, S::Error> {
    serialize_both(&severity.to_string(), Some(severity.level()), serializer)
}

/// Serializes a check's severity as its word and a number on the scale of faults, low 0 to critical 3.
///
/// # Errors
/// A serialization error.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
pub(super) fn of_check<S: Serializer>(severity: &Severity, serializer: S) -> Result<S::Ok, S::Error> {
    serialize_both(severity.word(), Some(fault_level(*severity)), serializer)
}

/// Returns a check's severity on the scale of faults, 0 to 3.
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
    write(&mut map, text, level)?;
    map.end()
}

fn write<M: SerializeMap>(map: &mut M, text: &str, level: Option<f64>) -> Result<(), M::Error> {
    map.serialize_entry("severity", text)?;
    map.serialize_entry("severity_level", &level)
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Fault {
        op: u64,
        #[serde(flatten, serialize_with = "of_label")]
        label: FaultLabel,
    }

    #[derive(Serialize)]
    struct Variant {
        #[serde(flatten, serialize_with = "of_fault")]
        severity: FaultSeverity,
    }

    #[derive(Serialize)]
    struct Check {
        #[serde(flatten, serialize_with = "of_check")]
        severity: Severity,
    }

    #[test]
    fn k11_the_text_stays_and_a_number_stands_beside_it() {
        let [tool, mode, variant] = ["t", "m", "v"].map(str::to_owned);
        let fault = Fault { op: 1, label: FaultLabel { tool, mode, variant, severity: "2.3".to_owned() } };
        let (told, text) = (json!({"severity": "2.3", "severity_level": 2.3}), serde_json::to_string(&fault).unwrap());
        let names = r#""tool":"t","mode":"m","variant":"v""#;
        assert_eq!(text, format!(r#"{{"op":1,{names},"severity":"2.3","severity_level":2.3}}"#));
        assert_eq!(serde_json::from_str::<Fault>(&text).unwrap().label, fault.label);
        let alone = serde_json::from_str::<Fault>(&format!(r#"{{"op":1,{names},"severity":"none"}}"#)).unwrap();
        assert_eq!(alone.label.severity, "none", "the text alone counts");
        assert_eq!(serde_json::to_value(&alone).unwrap()["severity_level"], json!(null));
        assert_eq!(serde_json::to_value(Variant { severity: FaultSeverity::tenths::<23>() }).unwrap(), told);
        let levels = Severity::WORST_FIRST.map(|severity| serde_json::to_value(Check { severity }).unwrap());
        assert_eq!(levels[0], json!({"severity": "critical", "severity_level": 3.0}));
        assert_eq!(levels.map(|json| json["severity_level"].as_f64().unwrap()), [3.0, 2.0, 1.0, 0.0]);
    }
}
