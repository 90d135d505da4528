//! What the tests of this workspace share.

/// Returns how large the long suites are: what `MFM_TEST_SCALE` says, and 1 otherwise.
///
/// A suite at 1 looks at every kind of thing once, at 100 at as many as somebody waits for who changed what it tests.
#[expect(clippy::disallowed_methods, reason = "only tests ask for it")]
pub fn test_scale() -> u64 {
    std::env::var("MFM_TEST_SCALE").ok().and_then(|text| text.parse().ok()).filter(|scale| *scale > 0).unwrap_or(1)
}
