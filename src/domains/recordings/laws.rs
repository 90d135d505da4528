//! The laws that every mode and check of this domain must obey. They iterate over the lists, so a new one is included.

use super::Recordings;
use super::lab::RecordingsLab;
use super::testing::{Database, recording};
use crate::domain::Domain;
use crate::domain::lab::Lab as _;
use crate::domain::laws;
use crate::domain::testing::propose;
use crate::model::Value;

#[test]
fn every_fault_is_seen_and_taken_back() {
    let scenarios = ["stack", "elastic-pair", "sliding"];
    let recordings: Vec<_> = scenarios.iter().map(|scenario| recording(scenario, 45, 1)).collect();
    laws::assert_laws_hold(&Recordings, &recordings);
}

#[test]
fn checks_are_silent_on_any_clean_recording() {
    let domain: &dyn Domain = &Recordings;
    for scenario in RecordingsLab.scenarios() {
        for seed in [1, 2, 1 << 52] {
            let findings = laws::collect_findings(domain, &recording(scenario, 150, seed), &laws::every_check(domain));
            assert!(findings.is_empty(), "{scenario} {seed}: {findings:#?}");
        }
    }
}

#[test]
fn what_rounding_would_lose_is_no_fault() {
    for (tool, variant, table, column) in [
        ("create_sunk_contact", "sunk_body", "CoordinateRecord", "z"),
        ("create_sunk_contact", "deep_overlap", "CollisionResultRecord", "penetrationDepth"),
        ("create_energy_injection", "unbooked", "SystemEnergyRecord", "delta_e"),
    ] {
        let mode = (&Recordings as &dyn Domain).find_mode(tool).unwrap();
        let parameters = mode.complete(&serde_json::Map::new(), Some(variant)).unwrap();
        let mut recording = recording("stack", 20, 1);
        let planned = |recording: &Database| {
            let records = recording.keys("SimulationFrameRecord");
            let snapshot = recording.read_for(mode, &records, &parameters);
            let plan = |frame: &Value| propose(mode, variant, &snapshot, frame, &parameters, 1);
            records.iter().filter(|frame| plan(frame).is_ok()).count()
        };
        assert!(planned(&recording) > 0, "{tool} {variant}");
        for key in recording.keys(table) {
            let Value::Integer(key) = key else { panic!("{key:?}") };
            recording.set_cell(table, key, column, Value::Real(1e61));
        }
        assert_eq!(planned(&recording), 0, "{tool} {variant}");
    }
}
