//! The domain: tables, failure modes, checks and labs of MOSAIQ; pure, without a connection, a file or a clock.

pub mod browse;
pub mod checks;
pub mod clinic;
mod course;
mod deliveries;
mod field_types;
mod fields;
pub mod find;
mod fleet;
pub mod gather;
mod ground;
pub mod import;
mod known;
pub mod lab;
mod leaves;
pub mod limits;
pub mod looks;
mod lookup;
pub mod machines;
mod metersets;
pub mod modes;
mod numbers;
pub mod pictures;
mod records;
mod references;
pub mod repairs;
mod required;
pub mod rules;
mod run;
pub mod schema;
pub mod selection;
mod tally;
mod versions;

use std::sync::{Arc, LazyLock};

use self::checks::{CHECKS, Criteria};
use self::modes::MODES;
use crate::domain::check::{CheckCard, CheckRequest, CheckRun, CheckTable, RulesError};
use crate::domain::import::Import;
use crate::domain::lab::Lab;
use crate::domain::live::LiveSystem;
use crate::domain::mode::Mode;
use crate::domain::picture::Painter;
use crate::domain::record::RecordKind;
use crate::domain::repair::Repair;
use crate::domain::table::TableCard;
use crate::domain::{Domain, DomainCard, check};

/// The domain.
#[derive(Clone, Copy, Debug)]
pub struct Mosaiq;

static CARD: DomainCard = DomainCard {
    id: "mosaiq",
    title: "MOSAIQ",
    about: "the database of the radiation-oncology record and verify system MOSAIQ",
};

static CHECK_CARDS: LazyLock<Vec<&'static CheckCard>> =
    LazyLock::new(|| CHECKS.iter().map(|check| check.card()).collect());

/// Returns the checks of cards.
fn of_cards(cards: &[&'static CheckCard]) -> Vec<&'static dyn checks::Check> {
    cards.iter().filter_map(|card| checks::find(card.id)).collect()
}

impl Domain for Mosaiq {
    fn card(&self) -> &'static DomainCard {
        &CARD
    }

    fn tables(&self) -> &'static [&'static TableCard] {
        &schema::TABLES
    }

    fn kinds(&self) -> &'static [&'static RecordKind] {
        &[]
    }

    fn modes(&self) -> &'static [&'static dyn Mode] {
        MODES
    }

    fn checks(&self) -> &'static [&'static CheckCard] {
        &CHECK_CARDS
    }

    fn check_tables(&self, cards: &[&'static CheckCard]) -> Vec<CheckTable> {
        let chosen = of_cards(cards);
        let table = |passing: &looks::Passing| CheckTable {
            table: passing.table(),
            columns: looks::columns(CHECKS, passing.table()),
            shown: looks::read_columns(CHECKS, passing.table()),
            held: matches!(passing, looks::Passing::Held(_)),
        };
        let mut tables: Vec<CheckTable> = Vec::new();
        for passing in &looks::passing(&chosen) {
            if !tables.iter().any(|known| known.table == passing.table()) {
                tables.push(table(passing));
            }
        }
        tables
    }

    fn run_checks<'a>(&self, request: &CheckRequest<'a>) -> Box<dyn CheckRun + 'a> {
        let checks = of_cards(request.checks).into_iter().map(|check| check as &dyn checks::Check).collect();
        Box::new(run::Run::begin(checks, request.declared, Criteria::of(request.params)))
    }

    fn rules(&self, text: &str) -> Result<Arc<dyn check::Rules>, RulesError> {
        if text.is_empty() {
            return Ok(rules::Rules::standard());
        }
        Ok(Arc::new(rules::Rules::read(text)?))
    }

    fn default_rules(&self) -> &'static str {
        rules::DEFAULT
    }

    fn import(&self) -> Option<&'static dyn Import> {
        Some(&import::Mock)
    }

    fn live_system(&self) -> Option<&'static dyn LiveSystem> {
        Some(&clinic::Clinic)
    }

    fn lab(&self) -> Option<&'static dyn Lab> {
        Some(&lab::Department)
    }

    fn painter(&self) -> Option<&'static dyn Painter> {
        Some(&pictures::MosaiqPainter)
    }

    fn repair(&self, mode: &str, variant: &str, place: Option<(&str, &str)>) -> Repair {
        repairs::of(mode, variant, place)
    }
}

#[cfg(test)]
mod cases;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod testing;
