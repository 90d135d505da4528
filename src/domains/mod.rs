//! The registry of domains. Each is a folder here that implements the port in [`crate::domain`].

pub mod mosaiq;
pub mod openonco;
pub mod recordings;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::domain::Domain;
use crate::domain::check::CheckCard;
use crate::domain::mode::Mode;
use crate::domain::record::RecordKind;
use crate::domain::table::{self, ColumnContent};

/// The built-in domains. The first also serves journals that name no domain.
static OWN: &[&dyn Domain] = &[&mosaiq::Mosaiq, &recordings::Recordings, &openonco::OpenOnco];

// Set once: command lines, tool lists and key maps are built from it, and a domain added later would be missing there.
static ALL: OnceLock<Vec<&'static dyn Domain>> = OnceLock::new();

/// Returns every domain.
pub fn all() -> &'static [&'static dyn Domain] {
    ALL.get_or_init(|| OWN.to_vec())
}

/// Adds domains to the built-in ones, for a program that links this library. Must precede every other use of them.
///
/// # Errors
/// Returns the given domains if the list was already in use.
pub fn register_domains(more: Vec<&'static dyn Domain>) -> Result<(), Vec<&'static dyn Domain>> {
    ALL.set(OWN.iter().copied().chain(more).collect())
}

/// The domain assumed for journals that name none.
pub static FIRST: &dyn Domain = &mosaiq::Mosaiq;

/// Returns the domain of an id.
#[must_use]
pub fn find(id: &str) -> Option<&'static dyn Domain> {
    all().iter().copied().find(|domain| domain.card().id == id)
}

/// Returns the failure modes of all domains.
pub fn modes() -> impl Iterator<Item = &'static dyn Mode> {
    all().iter().flat_map(|domain| domain.modes().iter().copied())
}

/// Finds a mode by tool name or mode id, in snake or kebab case. No two domains share one.
#[must_use]
pub fn find_mode(word: &str) -> Option<&'static dyn Mode> {
    all().iter().find_map(|domain| domain.find_mode(word))
}

/// Finds the domain of a mode by its tool name or id.
#[must_use]
pub fn of_mode(word: &str) -> Option<&'static dyn Domain> {
    all().iter().copied().find(|domain| domain.find_mode(word).is_some())
}

/// Returns the checks of all domains.
pub fn checks() -> impl Iterator<Item = &'static CheckCard> {
    all().iter().flat_map(|domain| domain.checks().iter().copied())
}

/// Returns the key columns of every table of all domains.
#[must_use]
pub fn key_columns() -> BTreeMap<String, Vec<String>> {
    all().iter().flat_map(|domain| domain.key_columns()).collect()
}

/// Returns the columns that identify a person or hold free text, by table, for all domains.
#[must_use]
pub fn identifying_columns() -> BTreeMap<String, Vec<String>> {
    all().iter().flat_map(|domain| table::identifying_columns(domain.tables())).collect()
}

/// Returns what kind of content a column holds if its values may be disclosed; `None` if not, or if no domain knows it.
#[must_use]
pub fn disclosable_content(table: &str, column: &str) -> Option<ColumnContent> {
    let mut cards = all().iter().flat_map(|domain| domain.tables().iter());
    cards.find(|card| card.name.eq_ignore_ascii_case(table))?.disclosable_content(column)
}

/// Finds a kind of record by its word; if several domains have one, that of the first.
#[must_use]
pub fn find_kind(word: &str) -> Option<&'static RecordKind> {
    all().iter().find_map(|domain| domain.find_kind(word))
}

/// Returns the kinds of record that modes can break, of all domains.
pub fn faultable_kinds() -> impl Iterator<Item = &'static RecordKind> {
    all().iter().flat_map(|domain| domain.kinds().iter().copied()).filter(|kind| kind.faultable)
}
