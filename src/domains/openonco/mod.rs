//! The domain of catalogues of oncology tests: residual disease, early detection, response monitoring, treatment
//! decisions, and whatever further category a folder holds.
//!
//! Pure: no connection, no file, no clock. The text of each record is the truth; the columns beside it are read off it.

pub mod categories;
pub mod checks;
pub mod columns;
mod exact;
mod examples;
mod filters;
mod import;
pub mod lab;
pub mod modes;
mod partial;
pub mod queries;
pub mod records;
pub mod rules;
pub mod schema;
pub mod source;
pub mod text;

use std::sync::Arc;

use crate::domain::check::{self, CheckCard, CheckRequest, CheckRun, CheckTable, RulesError};
use crate::domain::examples::{Examples, PromptCard};
use crate::domain::filter::{FilterCard, FilterValues};
use crate::domain::folder::FolderFormat;
use crate::domain::lab::Lab;
use crate::domain::mode::Mode;
use crate::domain::pause::Pause;
use crate::domain::query::{ErrorCodes, Query};
use crate::domain::record::RecordKind;
use crate::domain::repair::Repair;
use crate::domain::resource::{ArgumentCard, ResourceCard};
use crate::domain::table::TableCard;
use crate::domain::{Domain, DomainCard, FurtherGroups};
use crate::model::{Key, Snapshot};

/// The domain of catalogues of oncology tests.
#[derive(Clone, Copy, Debug)]
pub struct OpenOnco;

static CARD: DomainCard = DomainCard {
    id: "openonco",
    title: "Oncology tests",
    about: "catalogues of oncology tests: what each is for, how well it works, who approved it and who pays",
};

static ERRORS: ErrorCodes = ErrorCodes {
    wrong: "INVALID_PARAMETER",
    missing: "MISSING_PARAMETER",
    unknown: "NOT_FOUND",
    failed: "QUERY_ERROR",
};

/// Returns 64 bits of a word, because a catalogue of a million tests has a million of them.
fn word_digest(word: &str) -> u64 {
    let digest = mfm_journal::Digest::sha256(word.as_bytes());
    digest.as_bytes().iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}

impl Domain for OpenOnco {
    fn card(&self) -> &'static DomainCard {
        &CARD
    }

    fn tables(&self) -> &'static [&'static TableCard] {
        schema::TABLES
    }

    fn kinds(&self) -> &'static [&'static RecordKind] {
        records::KINDS
    }

    fn filters(&self) -> &'static [FilterCard] {
        &filters::FILTERS
    }

    fn judge_filters(&self, kind: &RecordKind, filters: &FilterValues) -> Result<(), String> {
        filters::check_filters(kind, filters)
    }

    fn select_keys(&self, kind: &RecordKind, filters: &FilterValues, snapshot: &Snapshot) -> Result<Vec<Key>, Pause> {
        filters::select_keys(kind, filters, snapshot)
    }

    fn modes(&self) -> &'static [&'static dyn Mode] {
        modes::MODES
    }

    fn checks(&self) -> &'static [&'static CheckCard] {
        checks::CARDS
    }

    fn check_tables(&self, cards: &[&'static CheckCard]) -> Vec<CheckTable> {
        checks::list_tables(cards)
    }

    fn run_checks<'a>(&self, request: &CheckRequest<'a>) -> Box<dyn CheckRun + 'a> {
        checks::start_run(request)
    }

    fn parse_rules(&self, text: &str) -> Result<Arc<dyn check::Rules>, RulesError> {
        rules::parse(text)
    }

    fn default_rules(&self) -> &'static str {
        rules::DEFAULT
    }

    fn assess_repair(&self, mode: &str, variant: &str, place: Option<(&str, &str)>) -> Repair {
        modes::resolve_repair(mode, variant, place)
    }

    fn lab(&self) -> Option<&'static dyn Lab> {
        Some(&lab::CatalogueLab)
    }

    fn folder_format(&self) -> Option<&'static dyn FolderFormat> {
        Some(&import::CatalogueFolder)
    }

    fn error_codes(&self) -> Option<&'static ErrorCodes> {
        Some(&ERRORS)
    }

    fn examples(&self) -> Option<&'static Examples> {
        Some(&examples::EXAMPLES)
    }

    fn prompts(&self) -> &'static [PromptCard] {
        &examples::PROMPTS
    }

    fn prompt_arguments(&self, prompt: &str) -> &'static [ArgumentCard] {
        examples::prompt_arguments(prompt)
    }

    fn resources(&self) -> &'static [ResourceCard] {
        &examples::RESOURCES
    }

    fn completing_query(&self) -> Option<&'static str> {
        Some("openonco_complete")
    }

    fn further_groups(&self) -> Option<FurtherGroups> {
        Some(("openonco_list_categories", queries::decide_groups))
    }

    fn queries(&self) -> &'static [&'static dyn Query] {
        queries::QUERIES
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod testing;
