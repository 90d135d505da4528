//! The laws that every mode and check of this domain must obey. They iterate over the lists, so a new one is included.

use super::Recordings;
use super::lab::RecordingsLab;
use super::testing::recording;
use crate::domain::Domain;
use crate::domain::lab::Lab as _;
use crate::domain::laws;

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
