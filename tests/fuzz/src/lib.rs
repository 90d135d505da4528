//! What must hold of any bytes, one law a decoder: used by the fuzz targets, and replayed by `tests/decoders.rs`.

pub mod body;
pub mod cbor;
pub mod chunk;
pub mod entry;
pub mod import;
pub mod journal;
pub mod keys;
pub mod leaves;
pub mod plan;
mod sample;

/// What must hold of any bytes; panics where it does not.
pub type Law = fn(&[u8]);

/// Every law, by the name of its fuzz target and of its folder in `corpus/`; and how many random changes of the corpus
/// are worth their time in every test run.
pub const LAWS: [(&str, Law, u32); 9] = [
    ("body", body::law, 5000),
    ("cbor", cbor::law, 5000),
    ("chunk", chunk::law, 10_000),
    ("entry", entry::law, 50),
    ("import", import::law, 2000),
    ("journal", journal::law, 200),
    ("keys", keys::law, 3000),
    ("leaves", leaves::law, 200),
    ("plan", plan::law, 3000),
];
