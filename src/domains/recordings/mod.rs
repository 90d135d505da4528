//! The domain of recordings: databases that a recorder of physics simulations writes, of every generation of it.
//!
//! Pure: no connection, no file, no clock.

pub mod bodies;
pub mod checks;
pub mod cone;
pub mod constants;
pub mod contacts;
pub mod energies;
mod examples;
mod filters;
pub mod frames;
pub mod gains;
pub mod lab;
pub mod measure;
pub mod missing;
pub mod modes;
pub mod motion;
mod pictures;
pub mod queries;
pub mod reading;
pub mod records;
pub mod rules;
pub mod schema;
pub mod states;
mod tables;
pub mod touches;
pub mod vectors;

use std::sync::Arc;

use crate::domain::check::{self, CheckCard, CheckRequest, CheckRun, CheckTable, RulesError};
use crate::domain::examples::{Examples, PromptCard};
use crate::domain::files::FileCard;
use crate::domain::filter::{FilterCard, FilterValues};
use crate::domain::lab::Lab;
use crate::domain::mode::Mode;
use crate::domain::pause::Pause;
use crate::domain::picture::Painter;
use crate::domain::query::Query;
use crate::domain::record::RecordKind;
use crate::domain::repair::Repair;
use crate::domain::table::TableCard;
use crate::domain::{Domain, DomainCard, MarkedIn};
use crate::model::{Key, Snapshot};

/// The domain of recordings.
#[derive(Clone, Copy, Debug)]
pub struct Recordings;

static CARD: DomainCard = DomainCard {
    id: "recordings",
    title: "Recordings",
    about: "recordings of physics simulations: bodies, contacts, impulses and energies, frame by frame",
};

/// Recordings are files that the recorder writes: they are listed and loaded from folders.
static FILES: FileCard = FileCard {
    word: "recording",
    plural: "recordings",
    list: "list_recordings",
    load: "load_recording",
    compare: Some(("compare_recordings", "recording_profile")),
    folders: &["build/Debug/debug/recordings", "."],
    ending: "db",
    counts: &[("total_frames", "SimulationFrameRecord"), ("bodies", "AssetInertialStaticRecord")],
    last: Some(("last_frame", "SimulationFrameRecord")),
};

impl Domain for Recordings {
    fn card(&self) -> &'static DomainCard {
        &CARD
    }

    fn marked_in(&self) -> MarkedIn {
        MarkedIn::Copy
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
        Some(&lab::RecordingsLab)
    }

    fn files(&self) -> Option<&'static FileCard> {
        Some(&FILES)
    }

    fn examples(&self) -> Option<&'static Examples> {
        Some(&examples::EXAMPLES)
    }

    fn prompts(&self) -> &'static [PromptCard] {
        &examples::PROMPTS
    }

    fn painter(&self) -> Option<&'static dyn Painter> {
        Some(&pictures::RecordingsPainter)
    }

    fn queries(&self) -> &'static [&'static dyn Query] {
        queries::QUERIES
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod testing;
