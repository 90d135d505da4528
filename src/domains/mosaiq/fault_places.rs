//! The kinds of record on which each plausible fault is made, where one mode makes its faults in several tables.

use crate::domain::mode::{FaultRecord, Mode};
use crate::domain::params;

/// The name of the parameter that says which fault.
pub(super) const FAULT: &str = "fault";
/// The name of the parameter that says in which table.
pub(super) const TABLE: &str = "record_type";

/// A fault and the tables in which it is made; the first is the default.
pub(super) struct FaultPlace {
    pub(super) word: &'static str,
    pub(super) tables: &'static [&'static str],
}

/// Returns the word of the fault, and the kind of record, that parameters name.
///
/// # Errors
/// A sentence on what is missing or contradicts the rest.
pub(super) fn resolve_place(
    mode: &dyn Mode,
    places: &'static [FaultPlace],
    given: (Option<&str>, Option<&str>),
    variant: Option<&str>,
) -> Result<(&'static str, &'static FaultRecord), String> {
    let (fault, table) = given;
    let word = params::resolve_variant(mode, FAULT, fault, variant)?;
    let tables = places.iter().find(|place| place.word == word).map(|place| place.tables).unwrap_or_default();
    let chosen = match table {
        None => tables.first(),
        Some(name) => tables.iter().find(|table| table.eq_ignore_ascii_case(name)),
    };
    match chosen {
        Some(table) => Ok((word, mode.card().find_record(Some(table)))),
        None => Err(format!("{TABLE}: {word} is a fault of {}", tables.join(" or "))),
    }
}
