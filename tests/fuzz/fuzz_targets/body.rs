//! Fuzzes `body`, whose law stands in the library.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mfm_fuzz::body::law(bytes));
