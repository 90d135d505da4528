//! The MOSAIQ domain: tables, failure modes, checks and labs. Pure: no connection, no file, no clock.

mod apertures;
mod browse;
mod checked_columns;
pub mod checks;
mod clinic;
mod conventions;
mod course;
mod coverage;
mod deliveries;
mod examples;
mod facts;
mod fault_places;
mod features;
mod field_names;
mod field_types;
mod fields;
mod find;
mod fleet;
mod fractions;
mod gather;
mod geometry;
mod hospital_numbers;
pub mod import;
mod importance;
mod kinds;
pub mod lab;
mod leaves;
pub mod limits;
mod links;
mod lookup;
pub mod machines;
mod metersets;
mod modality;
pub mod modes;
mod numbers;
mod orders;
mod peers;
pub mod pictures;
mod records;
mod references;
pub mod repairs;
mod required;
pub mod rules;
mod run;
mod schedule;
pub mod schema;
mod selection;
mod shifts;
mod subjects;
mod surveys;
mod tally;
mod versions;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use self::checks::{CHECKS, Criteria};
use self::modes::MODES;
use crate::domain::check::{CheckCard, CheckRequest, CheckRun, CheckTable, RulesError};
use crate::domain::coverage::CoverageCard;
use crate::domain::examples::{DetectionStudy, Examples, PromptCard};
use crate::domain::feature::FeatureSet;
use crate::domain::filter::{FilterCard, FilterValues};
use crate::domain::import::Import;
use crate::domain::lab::Lab;
use crate::domain::live::LiveSystem;
use crate::domain::mode::Mode;
use crate::domain::pause::Pause;
use crate::domain::picture::Painter;
use crate::domain::record::{RecordDescription, RecordKind};
use crate::domain::repair::Repair;
use crate::domain::subject::FindingSubject;
use crate::domain::table::TableCard;
use crate::domain::{Domain, DomainCard, check};
use crate::model::{Key, Refusal, Snapshot};

/// The radiation-oncology record and verify system, see [`Domain`].
#[derive(Clone, Copy, Debug)]
pub struct Mosaiq;

static CARD: DomainCard = DomainCard {
    id: "mosaiq",
    title: "MOSAIQ",
    about: "the database of the radiation-oncology record and verify system MOSAIQ",
};

static CHECK_CARDS: LazyLock<Vec<&'static CheckCard>> =
    LazyLock::new(|| CHECKS.iter().map(|check| check.card()).collect());

fn checks_of(cards: &[&'static CheckCard]) -> Vec<&'static dyn checks::Check> {
    cards.iter().filter_map(|card| checks::find(card.id)).collect()
}

/// Resolves filters on a kind of record; `None` if no filter is set.
fn build_selection(kind: &RecordKind, filters: &FilterValues) -> Result<Option<selection::Selection>, String> {
    match selection::FaultableKind::of_table(kind.table) {
        Some(kind) => selection::Selector::from(filters).to_selection(kind),
        None => Err(format!("a {} has no filters: open it, or list the fields", kind.word)),
    }
}

impl Domain for Mosaiq {
    fn card(&self) -> &'static DomainCard {
        &CARD
    }

    fn tables(&self) -> &'static [&'static TableCard] {
        &schema::TABLES
    }

    fn kinds(&self) -> &'static [&'static RecordKind] {
        &kinds::KINDS
    }

    fn describe_records(
        &self,
        kind: &RecordKind,
        keys: &[Key],
        snapshot: &Snapshot,
    ) -> Result<Vec<RecordDescription>, Pause> {
        let Some(kind) = browse::BrowsedKind::of_table(kind.table) else {
            return Err(Refusal::MissingTable { table: kind.table.to_owned() }.into());
        };
        browse::describe_records(kind, keys, snapshot)
    }

    fn describe_subjects(
        &self,
        rows: &[(&'static str, Key)],
        snapshot: &Snapshot,
    ) -> Result<Vec<FindingSubject>, Pause> {
        subjects::describe_subjects(rows, snapshot)
    }

    fn filters(&self) -> &'static [FilterCard] {
        &kinds::FILTERS
    }

    fn judge_filters(&self, kind: &RecordKind, filters: &FilterValues) -> Result<(), String> {
        build_selection(kind, filters).map(drop)
    }

    fn select_keys(&self, kind: &RecordKind, filters: &FilterValues, snapshot: &Snapshot) -> Result<Vec<Key>, Pause> {
        match build_selection(kind, filters) {
            Ok(Some(selection)) => selection.select_keys(snapshot),
            _ => Ok(Vec::new()),
        }
    }

    fn list_minor_records(&self, table: &str, keys: &[Key], snapshot: &Snapshot) -> Result<BTreeSet<Key>, Pause> {
        importance::list_minor_records(table, keys, snapshot)
    }

    fn none_left(&self, kind: &RecordKind, filters: &FilterValues, snapshot: &Snapshot) -> Result<Refusal, Pause> {
        match build_selection(kind, filters) {
            Ok(Some(selection)) => selection.build_refusal(snapshot),
            _ => Ok(Refusal::NothingToChange),
        }
    }

    fn is_own_word(&self, text: &str) -> bool {
        find::is_own_word(text)
    }

    fn modes(&self) -> &'static [&'static dyn Mode] {
        MODES
    }

    fn checks(&self) -> &'static [&'static CheckCard] {
        &CHECK_CARDS
    }

    fn check_tables(&self, cards: &[&'static CheckCard]) -> Vec<CheckTable> {
        let mut tables: Vec<CheckTable> = Vec::new();
        for passing in &schedule::plan_scans(&checks_of(cards)) {
            // A join scans a table again that is already in the list.
            if tables.iter().any(|known| known.table == passing.table()) {
                continue;
            }
            tables.push(CheckTable {
                table: passing.table(),
                // The columns of all checks, not only of the chosen ones: shared facts read columns for other checks.
                columns: schedule::scan_columns(CHECKS, passing.table()),
                shown: schedule::checked_columns(CHECKS, passing.table()),
                held: matches!(passing, schedule::TableScan::Held(_)),
            });
        }
        tables
    }

    fn run_checks<'a>(&self, request: &CheckRequest<'a>) -> Box<dyn CheckRun + 'a> {
        let checks = checks_of(request.checks).into_iter().map(|check| check as &dyn checks::Check).collect();
        Box::new(run::MosaiqChecks::new(checks, request.declared, Criteria::from_params(request.params)))
    }

    fn parse_rules(&self, text: &str) -> Result<Arc<dyn check::Rules>, RulesError> {
        if text.is_empty() {
            // Shared by every run without a rules file, instead of parsing the default file again.
            return Ok(rules::Rules::standard());
        }
        Ok(Arc::new(rules::Rules::parse(text)?))
    }

    fn default_rules(&self) -> &'static str {
        rules::DEFAULT
    }

    fn features(&self) -> Option<&'static dyn FeatureSet> {
        Some(&features::DeliveryFeatures)
    }

    fn examples(&self) -> Option<&'static Examples> {
        Some(&examples::EXAMPLES)
    }

    fn detection_study(&self) -> Option<&'static DetectionStudy> {
        Some(&examples::YARDSTICK)
    }

    fn coverage(&self) -> Option<&'static CoverageCard> {
        Some(&coverage::COVERAGE)
    }

    fn prompts(&self) -> &'static [PromptCard] {
        &examples::PROMPTS
    }

    fn importer(&self) -> Option<&'static dyn Import> {
        Some(&import::MockImport)
    }

    fn live_system(&self) -> Option<&'static dyn LiveSystem> {
        Some(&clinic::ClinicSigns)
    }

    fn lab(&self) -> Option<&'static dyn Lab> {
        Some(&lab::Department)
    }

    fn painter(&self) -> Option<&'static dyn Painter> {
        Some(&pictures::MosaiqPainter)
    }

    fn assess_repair(&self, mode: &str, variant: &str, place: Option<(&str, &str)>) -> Repair {
        repairs::resolve_repair(mode, variant, place)
    }
}

#[cfg(test)]
mod cases;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod testing;
