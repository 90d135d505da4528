//! The domains that mfm knows, each a folder of its own behind the port in [`crate::domain`].

pub mod mosaiq;
pub mod recordings;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::domain::Domain;
use crate::domain::check::CheckCard;
use crate::domain::mode::Mode;
use crate::domain::record::RecordKind;
use crate::domain::table::{self, ColumnContent};

/// The domains of mfm itself; the first is the one of journals that name none.
static OWN: &[&dyn Domain] = &[&mosaiq::Mosaiq, &recordings::Recordings];

/// Every domain, once somebody has asked for them or brought more.
static ALL: OnceLock<Vec<&'static dyn Domain>> = OnceLock::new();

/// Returns every domain.
pub fn all() -> &'static [&'static dyn Domain] {
    ALL.get_or_init(|| OWN.to_vec())
}

/// Brings domains beside mfm's own, for a program that links this library; it has to be done before anything else.
///
/// # Errors
/// The domains given, where somebody has asked for the domains already.
pub fn register_domains(more: Vec<&'static dyn Domain>) -> Result<(), Vec<&'static dyn Domain>> {
    ALL.set(OWN.iter().copied().chain(more).collect())
}

/// The domain of the targets of journals that name none.
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

/// Returns the mode of a tool name or mode id, in snake or kebab case; no two domains share one.
#[must_use]
pub fn find_mode(word: &str) -> Option<&'static dyn Mode> {
    all().iter().find_map(|domain| domain.find_mode(word))
}

/// Returns the domain that a mode belongs to, by its tool name or id.
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

/// Returns the columns that identify a person or hold free text, by table, of all domains.
#[must_use]
pub fn identifying_columns() -> BTreeMap<String, Vec<String>> {
    all().iter().flat_map(|domain| table::identifying_columns(domain.tables())).collect()
}

/// Returns what a column holds that may be shown to a stranger; `None` where it may not, or no domain knows it.
#[must_use]
pub fn disclosable_content(table: &str, column: &str) -> Option<ColumnContent> {
    let mut cards = all().iter().flat_map(|domain| domain.tables().iter());
    cards.find(|card| card.name.eq_ignore_ascii_case(table))?.disclosable_content(column)
}

/// Returns the kind of record of a word, of any domain; the first domain's where several have it.
#[must_use]
pub fn find_kind(word: &str) -> Option<&'static RecordKind> {
    all().iter().find_map(|domain| domain.find_kind(word))
}

/// Returns the kinds of record that faults are made on, of all domains.
pub fn faultable_kinds() -> impl Iterator<Item = &'static RecordKind> {
    all().iter().flat_map(|domain| domain.kinds().iter().copied()).filter(|kind| kind.faultable)
}
