//! The laws that every mode and check of this domain must obey. They iterate over the lists, so a new one is included.

use super::OpenOnco;
use super::testing::catalogue;
use crate::domain::Domain;
use crate::domain::laws;

#[test]
fn every_fault_is_seen_and_taken_back() {
    laws::assert_laws_hold(&OpenOnco, &[catalogue(102, 1), catalogue(204, 2)]);
}

#[test]
fn checks_are_silent_on_any_clean_catalogue() {
    let domain: &dyn Domain = &OpenOnco;
    for (tests, seed) in [(1, 1), (40, 3), (600, 1 << 52)] {
        let findings = laws::collect_findings(domain, &catalogue(tests, seed), &laws::every_check(domain));
        assert!(findings.is_empty(), "{tests} {seed}: {findings:#?}");
    }
}
