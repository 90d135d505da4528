//! The `mfm` binary.
fn main() {}
