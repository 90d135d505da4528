//! Shared by the tests of this workspace.

/// Returns the size factor of the long test suites: the environment's `MFM_TEST_SCALE`, else 1.
///
/// At 1 a suite covers every kind of case once; 100 is for someone who has changed what the suite tests.
#[expect(clippy::disallowed_methods, reason = "only tests ask for it")]
pub fn test_scale() -> u64 {
    std::env::var("MFM_TEST_SCALE").ok().and_then(|text| text.parse().ok()).filter(|scale| *scale > 0).unwrap_or(1)
}
