//! The checks of catalogues: what each looks at, and how it judges it.

mod figures;
mod gather;
pub(super) mod record;
mod run;
mod sources;
#[cfg(test)]
mod tests;
mod values;
mod whole;
mod words;

pub(super) use figures::{PAIRS, stand_in_each_others_notes};
pub(super) use sources::{CITED, site_label, squeeze};
pub(super) use values::TURNAROUNDS;
pub(super) use words::{find_evidence, has_evidence};

use std::collections::BTreeMap;

use self::gather::Gathered;
use self::record::CatalogueRecord;
use super::rules::Rules;
use super::schema::TABLES;
use crate::domain::check::{CheckCard, CheckRequest, CheckRun, CheckTable, CheckVerdict};
use crate::model::{Finding, Key, Severity, Value};

/// A check of catalogues.
struct CheckDefinition {
    card: CheckCard,
    judge: Judge,
}

/// What a check looks at.
enum Judge {
    /// Each record alone.
    Record(fn(&CatalogueRecord, &Rules) -> Vec<Problem>),
    /// Each record, among the vendors of the catalogue.
    Among(fn(&CatalogueRecord, &Surroundings) -> Vec<Problem>),
    /// What was gathered of all records.
    Whole(fn(&Gathered, &Rules, &mut Report)),
    /// The columns of each record beside its text.
    Columns,
}

/// What is wrong with a record.
struct Problem {
    /// The field and its value: stable text for programs and baselines.
    what: String,
    message: String,
}

impl Problem {
    fn new(field: &str, value: f64, message: String) -> Self {
        Self { what: format!("{field}={value}"), message }
    }

    fn text(field: &str, value: &str, message: String) -> Self {
        let value: String = value.chars().take(120).collect();
        Self { what: format!("{field}={value}"), message }
    }
}

/// The vendors of the catalogue, by the names of their sites.
#[derive(Debug, Default)]
struct Surroundings {
    sites: BTreeMap<String, String>,
}

impl Surroundings {
    fn vendor_of_site(&self, label: &str) -> Option<&String> {
        self.sites.get(label)
    }
}

/// Every check, in the order of their groups.
static CHECKS: [&CheckDefinition; 18] = [
    &figures::SHARE,
    &figures::STAGE,
    &figures::PREDICTIVE,
    &figures::EXCHANGED,
    &values::AS_TEXT,
    &values::UNIT,
    &words::REGULATORY,
    &words::DISCONTINUED,
    &words::COVERAGE,
    &sources::MISSING,
    &sources::DEAD,
    &sources::FOREIGN,
    &whole::IDENTITY,
    &whole::IDS,
    &whole::NAMES,
    &whole::VENDORS,
    &whole::LOST,
    &whole::MOVED,
];

/// The card of every check, in the order of their groups.
pub static CARDS: &[&CheckCard] = &[
    &figures::SHARE.card,
    &figures::STAGE.card,
    &figures::PREDICTIVE.card,
    &figures::EXCHANGED.card,
    &values::AS_TEXT.card,
    &values::UNIT.card,
    &words::REGULATORY.card,
    &words::DISCONTINUED.card,
    &words::COVERAGE.card,
    &sources::MISSING.card,
    &sources::DEAD.card,
    &sources::FOREIGN.card,
    &whole::IDENTITY.card,
    &whole::IDS.card,
    &whole::NAMES.card,
    &whole::VENDORS.card,
    &whole::LOST.card,
    &whole::MOVED.card,
    &whole::COLUMNS.card,
];

fn find_check(id: &str) -> Option<&'static CheckDefinition> {
    CHECKS.iter().copied().chain([&whole::COLUMNS]).find(|check| check.card.id == id)
}

/// Lists the tables that checks read, each once.
pub(super) fn list_tables(cards: &[&'static CheckCard]) -> Vec<CheckTable> {
    if cards.is_empty() {
        return Vec::new();
    }
    let mut tables = Vec::new();
    for card in TABLES {
        let columns: Vec<&'static str> = card.columns.iter().map(|(name, _)| *name).collect();
        // A text is far too long to be shown beside a finding.
        let shown = columns.iter().copied().filter(|name| *name != "text").collect();
        tables.push(CheckTable { table: card.name, columns, shown, held: false });
    }
    tables
}

/// Starts a run of the requested checks.
pub(super) fn start_run<'a>(request: &CheckRequest<'a>) -> Box<dyn CheckRun + 'a> {
    let rules = Rules::from_domain(request.params.rules.as_ref());
    let checks = request.checks.iter().filter_map(|card| find_check(card.id)).collect();
    Box::new(run::CatalogueChecks::new(checks, rules))
}

/// The findings of a check so far.
struct Report {
    check: &'static CheckDefinition,
    severity: Severity,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl Report {
    fn new(check: &'static CheckDefinition, rules: &Rules) -> Self {
        let severity = rules.severity(check.card.id).unwrap_or(check.card.severity);
        Self { check, severity, looked_at: 0, findings: Vec::new() }
    }

    /// Adds a finding about a record.
    fn add(&mut self, table: &'static str, record: i64, related: &[i64], what: String, message: String) {
        self.add_key(table, vec![Value::Integer(record)], related, what, message);
    }

    fn add_key(&mut self, table: &'static str, key: Key, related: &[i64], what: String, message: String) {
        let related = related.iter().map(|record| (super::schema::TESTS, vec![Value::Integer(*record)])).collect();
        let (check, severity) = (self.check.card.id, self.severity);
        self.findings.push(Finding { check, severity, table, key, related, what, message });
    }

    fn into_verdict(mut self, rules: &Rules, missing: Option<&str>) -> CheckVerdict {
        if !rules.is_enabled(self.check.card.id) {
            return CheckVerdict::NotRun { why: "the rules disable it".to_owned() };
        }
        if let Some(table) = missing {
            return CheckVerdict::NotRun { why: format!("there is no table {table}") };
        }
        // A check that saw no row has not passed.
        if self.looked_at == 0 {
            return CheckVerdict::NotRun { why: "the catalogue has no record".to_owned() };
        }
        self.findings.sort_by(|a, b| (a.table, &a.key, &a.what).cmp(&(b.table, &b.key, &b.what)));
        CheckVerdict::Ran { looked_at: self.looked_at, findings: self.findings, remarks: Vec::new() }
    }
}
