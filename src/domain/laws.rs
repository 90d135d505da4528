//! Laws that the modes and checks of every domain obey, tested on databases in memory.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde_json::{Map, Value as Json};

use super::Domain;
use super::check::{CheckCard, CheckParams, CheckRequest, CheckVerdict};
use super::feature::{FeatureRequest, FeatureRow, FeatureSet};
use super::mode::{FaultRecord, Mode};
use super::testing::{self, Database, NOW};
use crate::model::time::Time;
use crate::model::{Edit, Fetch, Finding, Refusal, Snapshot, Value};

const SEED: u64 = 11;

/// Returns what checks say of a database, in the order of their cards.
pub(crate) fn run_checks(domain: &dyn Domain, database: &Database, cards: &[&'static CheckCard]) -> Vec<CheckVerdict> {
    let tables = domain.check_tables(cards);
    let mut declared = Snapshot::default();
    for table in &tables {
        // Rows are read ahead only of held tables. A query without values reads the declaration alone.
        let query = if table.held { Fetch::all(table.table) } else { Fetch::among(table.table, "", []) };
        let mut answer = database.answer_fetch(&Fetch::all(table.table)).unwrap();
        if !table.held {
            answer.rows.clear();
        }
        declared.add_answer(query, answer).unwrap();
    }
    let params = CheckParams { now: Time::local(NOW), rules: domain.parse_rules("").unwrap() };
    let mut run = domain.run_checks(&CheckRequest { checks: cards, declared: &declared, params: &params });
    database.run_scans(run.as_mut());
    run.finish().verdicts
}

/// Returns all findings of some checks; a check that cannot run has none.
pub(crate) fn collect_findings(domain: &dyn Domain, database: &Database, ids: &[&str]) -> BTreeSet<Finding> {
    let chosen: Vec<_> = domain.checks().iter().copied().filter(|card| ids.contains(&card.id)).collect();
    let mut all = BTreeSet::new();
    for (card, verdict) in chosen.iter().zip(run_checks(domain, database, &chosen)) {
        if let CheckVerdict::Ran { looked_at, findings, .. } = verdict {
            assert!(looked_at > 0, "{}", card.id);
            assert!(findings.iter().all(|finding| finding.check == card.id));
            all.extend(findings);
        }
    }
    all
}

/// Returns the ids of all checks.
pub(crate) fn every_check(domain: &dyn Domain) -> Vec<&'static str> {
    domain.checks().iter().map(|card| card.id).collect()
}

/// The features of a record: its key, the bits of its values, its flags.
type FeatureLine = (i64, Vec<u64>, Vec<bool>);

/// Returns the features of the records that a request names.
pub(crate) fn collect_features(
    set: &dyn FeatureSet,
    database: &Database,
    request: &FeatureRequest,
) -> Vec<FeatureLine> {
    let mut lines = Vec::new();
    let mut sink = |row: &FeatureRow<'_>| {
        assert!(row.values.iter().all(|value| value.is_finite()), "{}: {:?}", row.key, row.values);
        lines.push((row.key, row.values.iter().map(|value| value.to_bits()).collect(), row.flags.to_vec()));
        ControlFlow::Continue(())
    };
    let mut run = set.start(request, &mut sink);
    database.run_scans(run.as_mut());
    let counts = run.finish();
    assert_eq!(counts.read, lines.len() as u64 + counts.left_out, "every record gives a line, or is counted");
    lines
}

/// Asserts that the features of a domain have names of their own and a formula each, that every record gives one finite
/// number for each by ascending key, and that neither another run nor another number of records in hand changes any.
pub(crate) fn assert_features_hold(domain: &dyn Domain, database: &Database) {
    let Some(set) = domain.features() else { return };
    let card = set.card();
    let names: Vec<&str> = card.column_names().collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
    let is_plain = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    assert!(names.iter().all(is_plain), "{names:?}");
    for feature in card.features {
        let told = [feature.group, feature.unit, feature.formula].iter().all(|text| !text.is_empty());
        assert!(told && feature.sentinel.is_none_or(f64::is_finite), "{feature:?}");
    }
    let request = FeatureRequest::every_record(Time::local(NOW));
    for strict_reference in [false, card.reference.is_some()] {
        let request = FeatureRequest { strict_reference, ..request.clone() };
        let lines = collect_features(set, database, &request);
        for (key, values, flags) in &lines {
            assert_eq!((values.len(), flags.len()), (card.features.len(), card.flags.len()), "{key}");
        }
        let keys: Vec<Value> = lines.iter().map(|(key, ..)| Value::Integer(*key)).collect();
        let all = if database.has_table(card.record.table) { database.keys(card.record.table) } else { Vec::new() };
        assert!(strict_reference || keys == all, "{keys:?}");
        for batch in [1, 7, request.batch] {
            let again = collect_features(set, database, &FeatureRequest { batch, ..request.clone() });
            assert!(again == lines, "with {batch} records in hand, the features are others");
        }
    }
}

/// A variant of a mode on one kind of record, with completed parameters.
struct LawCase {
    mode: &'static dyn Mode,
    variant: &'static str,
    record: &'static FaultRecord,
    given: Map<String, Json>,
}

impl LawCase {
    fn name(&self) -> String {
        format!("{} {} of {}", self.mode.card().tool, self.variant, self.record.table)
    }
}

fn list_cases(domain: &dyn Domain) -> Vec<LawCase> {
    let mut cases = Vec::new();
    for mode in domain.modes().iter().copied() {
        for variant in mode.card().variants {
            for record in mode.card().fault_records() {
                let table = mode.card().table_parameter.map(|name| (name.to_owned(), Json::from(record.table)));
                let Ok(given) = mode.complete(&table.into_iter().collect(), Some(variant.word)) else { continue };
                cases.push(LawCase { mode, variant: variant.word, record, given });
            }
        }
    }
    cases
}

/// Asserts that clean databases have no finding, and that every variant of every mode is eligible on a record of one of
/// them, is planned the same twice, is seen by a check that its card names, and can be reverted.
pub(crate) fn assert_laws_hold(domain: &dyn Domain, databases: &[Database]) {
    cards_name_what_exists(domain);
    for (at, database) in databases.iter().enumerate() {
        let found = collect_findings(domain, database, &every_check(domain));
        assert!(found.is_empty(), "database {at}: {found:#?}");
        assert_features_hold(domain, database);
    }
    for case in list_cases(domain) {
        let seen: usize = databases.iter().map(|database| faults_are_seen(domain, &case, database)).sum();
        assert!(seen > 0, "{} has no eligible record", case.name());
    }
}

fn cards_name_what_exists(domain: &dyn Domain) {
    for mode in domain.modes() {
        let card = mode.card();
        assert!(
            !card.checks.is_empty() && card.checks.iter().all(|id| domain.find_check(id).is_some()),
            "{}",
            card.tool
        );
        assert!([card.id, card.tool].iter().all(|word| domain.find_mode(word).is_some()));
        assert!(mode.complete(&Map::new(), Some("nonsense")).is_err());
        assert!(mode.complete(&Map::from_iter([("nonsense".to_owned(), 1.into())]), None).is_err());
        let command = mode.add_arguments(clap::Command::new("mode").about("kept"));
        assert!(command.get_arguments().all(|arg| arg.get_help().is_some()), "{}", card.tool);
        assert!(card.fault_records().all(|record| command.get_arguments().any(|arg| arg.get_id() == record.parameter)));
        command.debug_assert();
        for variant in card.variants {
            let kebab = variant.word.replace('_', "-");
            assert_eq!(mode.complete(&Map::new(), Some(&kebab)), mode.complete(&Map::new(), Some(variant.word)));
            assert!((0.0..=3.0).contains(&variant.severity.level()));
        }
    }
    for card in domain.checks() {
        assert!(domain.find_mode(card.mode).is_some(), "{} guards against no mode", card.id);
    }
}

/// Returns the edits of a variant on a record, asserting that proposing and then planning give the same plan.
fn plan_twice(case: &LawCase, snapshot: &Snapshot, record: &Value) -> Result<Vec<Edit>, Refusal> {
    let LawCase { mode, variant, given, .. } = case;
    let (proposed, planned) = testing::propose(*mode, variant, snapshot, record, given, SEED)?;
    assert_eq!(mode.complete(&proposed, Some(variant)).unwrap(), proposed, "a proposal is complete");
    assert_eq!(planned.variant, *variant);
    assert_eq!(planned, testing::plan(*mode, snapshot, record, &proposed, SEED).unwrap(), "deterministic");
    assert!(!planned.edits.is_empty());
    Ok(planned.edits)
}

/// Breaks some records of a database and asserts that each fault is seen; returns the number of eligible records.
fn faults_are_seen(domain: &dyn Domain, case: &LawCase, clean: &Database) -> usize {
    if !clean.has_table(case.record.table) {
        return 0;
    }
    let records = clean.keys(case.record.table);
    let mut eligible = Vec::new();
    let snapshot = clean.read_for(case.mode, &records, &case.given);
    for record in &records {
        match plan_twice(case, &snapshot, record) {
            Ok(edits) => eligible.push((record, edits)),
            Err(Refusal::Ineligible { .. } | Refusal::MissingTable { .. }) => {}
            Err(other) => panic!("{}: {other}", case.name()),
        }
    }
    println!("{}: {} of {} eligible", case.name(), eligible.len(), records.len());
    // At most 4 records a case: each runs all checks of the mode over the whole database.
    for (record, edits) in eligible.iter().step_by(1 + eligible.len() / 4) {
        let mut broken = clean.clone();
        assert_eq!(broken.apply_edits(edits).unwrap(), edits.len(), "{}: every edit changes its row", case.name());
        let found = collect_findings(domain, &broken, case.mode.card().checks);
        let rows: Vec<(String, Vec<Value>)> = clean.touched_rows(edits);
        let own = (case.record.table.to_owned(), vec![(*record).clone()]);
        let is_seen = rows.iter().chain([&own]).any(|(table, key)| found.iter().any(|one| one.names_row(table, key)));
        assert!(is_seen, "{} on {record:?} is not seen: {found:?}", case.name());
        broken.apply_edits(&clean.invert_edits(edits)).unwrap();
        assert!(broken == *clean, "{} on {record:?} cannot be taken back", case.name());
    }
    eligible.len()
}
