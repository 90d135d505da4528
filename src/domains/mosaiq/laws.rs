//! Laws that every mode, check and file of this domain obeys. A new one is tested by them without being listed here.

use std::collections::BTreeSet;
use std::path::Path;

use mfm_journal::testing::test_scale;
use serde_json::{Map, Value as Json};

use super::Mosaiq;
use super::checks::{self, CHECKS, CheckVerdict};
use super::lab::SCENARIOS;
use super::modes::{self, MODES};
use super::testing::{Database, NOW, TERMS, build_task, plan as plan_record, propose};
use crate::domain::laws::assert_features_hold;
use crate::domain::mode::{FaultRecord, Mode, ModeGroup, Task};
use crate::model::{Edit, Fetch, Finding, Refusal, Snapshot, Value};

const SEED: u64 = 11;

/// Records that a short run breaks per variant.
const SAMPLE: u64 = 3;

/// Records that are tried where one fault is enough.
const FEW: usize = 40;

/// Checks for faults that no mode makes.
const BEYOND: [&str; 16] = [
    "angle_jump",
    "angle_speed",
    "overlapping_delivery",
    "control_point_minimum",
    "null_identity",
    "null_prescription",
    "null_dose",
    "orphan_field",
    "orphan_dose",
    "meterset_limit",
    "field_energy",
    "fraction_pattern",
    "fractions_recorded",
    "dose_meterset",
    "dose_energy",
    "dose_fraction",
];

/// Tells whether a column is missing that one of these checks reads.
fn lacks_columns(database: &Database, ids: &[&str]) -> bool {
    let checks: Vec<&dyn checks::Check> =
        CHECKS.iter().copied().filter(|check| ids.contains(&check.card().id)).collect();
    let queries: BTreeSet<Fetch> = checks.iter().flat_map(|check| check.queries()).collect();
    let snapshot = database.read_snapshot(queries);
    checks.iter().any(|check| check.columns().iter().any(|read| !read.is_there(&snapshot)))
}

/// Returns the findings of some checks. Each must run, unless the database lacks a table or a column that it reads.
fn run_checks(database: &Database, ids: &[&str]) -> BTreeSet<Finding> {
    let checks: Vec<&dyn checks::Check> =
        CHECKS.iter().copied().filter(|check| ids.contains(&check.card().id)).collect();
    let queries: BTreeSet<Fetch> = checks.iter().flat_map(|check| check.queries()).collect();
    let snapshot = database.read_snapshot(queries);
    let mut all = BTreeSet::new();
    for (check, verdict) in checks.iter().zip(checks::run_together(&checks, &snapshot, &TERMS)) {
        match verdict {
            CheckVerdict::Ran { looked_at, findings, .. } => {
                // A check that sees no row finds nothing either, and would pass.
                assert!(looked_at > 0, "{}", check.card().id);
                assert!(findings.iter().all(|finding| finding.check == check.card().id));
                assert_told_apart(&findings);
                all.extend(findings);
            }
            CheckVerdict::NotRun { why } => {
                let lacks = check.columns().iter().any(|read| !read.is_there(&snapshot));
                // An excerpt has no record for some checks to judge.
                let lacks =
                    lacks || database.has_table("TrackTreatment") && database.keys("TrackTreatment").len() < 300;
                assert!(lacks, "{} did not run: {why}", check.card().id);
            }
        }
    }
    all
}

/// Asserts that findings of one row differ in `what`, not in their messages only: baselines compare nothing else.
fn assert_told_apart(findings: &[Finding]) {
    let identities: BTreeSet<_> =
        findings.iter().map(|finding| (finding.table, finding.key.clone(), finding.what.clone())).collect();
    assert_eq!(identities.len(), findings.len(), "{findings:?}");
    for Finding { what, message, .. } in findings {
        assert!(!what.is_empty() && what != message && what.chars().any(|c| "=+".contains(c)), "{what}: {message}");
    }
}

fn every_check() -> Vec<&'static str> {
    CHECKS.iter().map(|check| check.card().id).collect()
}

/// Returns the checks that cannot run because the database lacks one of their tables.
pub(super) fn checks_lacking_tables(database: &Database) -> Vec<&'static str> {
    let mut ids = Vec::new();
    for check in CHECKS {
        if check.required_queries().iter().any(|query| !database.has_table(&query.table)) {
            ids.push(check.card().id);
        }
    }
    ids
}

/// A mode's variant on one kind of record.
struct VariantCase {
    mode: &'static dyn Mode,
    variant: &'static str,
    kind: &'static FaultRecord,
    given: Map<String, Json>,
}

/// Returns every variant on every kind of record that it applies to.
fn every_case() -> Vec<VariantCase> {
    let mut cases = Vec::new();
    for mode in MODES.iter().copied() {
        for variant in mode.card().variants {
            let before = cases.len();
            cases.extend(mode.card().fault_records().filter_map(|kind| build_case(mode, variant.word, kind)));
            assert!(cases.len() > before, "{} {} has no kind of record", mode.card().tool, variant.word);
        }
    }
    cases
}

impl VariantCase {
    fn name(&self) -> String {
        format!("{} {} of {}", self.mode.card().tool, self.variant, self.kind.table)
    }
}

fn build_case(mode: &'static dyn Mode, variant: &'static str, kind: &'static FaultRecord) -> Option<VariantCase> {
    let table = mode.card().table_parameter.map(|name| (name.to_owned(), Json::from(kind.table)));
    let given = mode.complete(&table.into_iter().collect(), Some(variant)).ok()?;
    assert_eq!(mode.card().choose_record(&given).table, kind.table);
    Some(VariantCase { mode, variant, kind, given })
}

/// Proposes parameters for a record and plans with them.
fn plan_case(case: &VariantCase, snapshot: &Snapshot, record: &Value) -> Result<Vec<Edit>, Refusal> {
    let VariantCase { mode, variant, given, .. } = case;
    let (proposed, planned) = propose(*mode, variant, snapshot, record, given, SEED)?;
    let whole = mode.complete(&proposed, Some(variant)).unwrap();
    assert_eq!(whole, proposed, "a proposal is complete");
    assert_eq!(planned.variant, *variant);
    assert_eq!(planned, plan_record(*mode, snapshot, record, &proposed, SEED).unwrap(), "deterministic");
    assert!(!planned.edits.is_empty());
    Ok(planned.edits)
}

fn touched_rows(edits: &[Edit], kind: &FaultRecord, record: &Value) -> Vec<(String, Vec<Value>)> {
    let mut rows = vec![(kind.table.to_owned(), vec![record.clone()])];
    for edit in edits {
        rows.push(match edit {
            Edit::Update { table, key, .. } | Edit::Delete { table, key } => (table.clone(), key.clone()),
            Edit::Insert { table, row } => {
                let keys = super::schema::key_columns();
                let key = keys[table].iter().map(|column| match &row[column] {
                    crate::model::Datum::Integer(number) => Value::Integer(*number),
                    other => panic!("{other:?}"),
                });
                (table.clone(), key.collect())
            }
        });
    }
    rows
}

#[test]
fn every_fault_is_seen_and_every_variant_has_records() {
    let clean = Database::generate_lab(20, 1);
    assert_eq!(checks_lacking_tables(&clean), [""; 0], "a lab has the tables of every check");
    assert_eq!(run_checks(&clean, &every_check()), BTreeSet::new(), "checks find nothing in a clean lab");
    // One patient in five has a plan of two versions.
    every_fault_is_seen(&clean, 4);
}

#[test]
fn features_of_every_delivery_hold() {
    assert_features_hold(&Mosaiq, &Database::generate_lab(3, 1));
    let mut broken = Database::generate_lab(2, 2);
    ["Patient", "Offset", "TxField", "Dose_Hst"].into_iter().for_each(|table| broken.drop(table));
    assert_features_hold(&Mosaiq, &broken);
    assert_features_hold(&Mosaiq, &Database::default());
}

#[test]
fn checks_are_silent_on_any_clean_lab() {
    for (scenario, seed) in SCENARIOS.into_iter().zip([2, 3, 1 << 52]).chain(SCENARIOS.into_iter().zip([4, 5, 6])) {
        let lab = Database::generate_lab_of(Some(scenario), 25, seed);
        assert_eq!(run_checks(&lab, &every_check()), BTreeSet::new(), "{scenario}, seed {seed}");
    }
}

#[test]
#[ignore = "takes minutes: a thousand patients"]
fn checks_are_silent_on_a_thousand_patients() {
    for (scenario, seed) in SCENARIOS.into_iter().zip(5..) {
        let lab = Database::generate_lab_of(Some(scenario), 1000, seed);
        assert_eq!(run_checks(&lab, &every_check()), BTreeSet::new(), "{scenario}, seed {seed}");
    }
}

#[test]
#[ignore = "takes minutes: ten seeds of a hundred patients in every department"]
fn checks_are_silent_on_ten_seeds_of_every_department() {
    for (scenario, seed) in SCENARIOS.into_iter().flat_map(|scenario| (11..21).map(move |seed| (scenario, seed))) {
        let lab = Database::generate_lab_of(Some(scenario), 100, seed);
        assert_eq!(run_checks(&lab, &every_check()), BTreeSet::new(), "{scenario}, seed {seed}");
    }
}

/// Breaks some records with every variant whose table exists; each variant needs at least `least` eligible records.
pub(super) fn every_fault_is_seen(clean: &Database, least: usize) {
    for case in every_case() {
        if !clean.has_table(case.kind.table) {
            println!("{}: no such table", case.name());
            continue;
        }
        let is_plausible = case.mode.card().group == ModeGroup::Plausible;
        // What is usual is so often broken in the whole mock that a fault against it is not seen.
        if is_plausible && least > 1 && !clean.has_table("Dose_Hst") {
            continue;
        }
        // There are three times as many plausible ones, and each needs the checks of whole tables.
        let sample = if is_plausible { 1 } else { SAMPLE };
        let seen = match faults_are_seen(clean, &case, sample * test_scale(), usize::MAX) {
            // An excerpt lacks columns that only relations between records need.
            Err(Refusal::MissingColumn { .. } | Refusal::MissingTable { .. }) if is_plausible && least == 1 => continue,
            seen => seen.unwrap_or_else(|refusal| panic!("{}: {refusal}", case.name())),
        };
        // Nor has it other records for every record to be mistaken for.
        let least = if is_plausible && least == 1 { 0 } else { least };
        assert!(seen >= least, "{}: {seen}", case.name());
    }
}

/// Drops a column, and then breaks a record with every variant whose checks read it, if that is still possible.
pub(super) fn faults_are_seen_without(clean: &Database, table: &str, column: &str) {
    let mut without = clean.clone();
    without.drop_column(table, column);
    // A plausible fault shows in relations: without a column of theirs, its checks say that they did not run.
    for case in every_case().iter().filter(|case| case.mode.card().group == ModeGroup::Specified) {
        let mut reads = case.mode.card().checks.iter().flat_map(|id| checks::find(id).unwrap().columns());
        if !reads.any(|read| read.table_column() == (table, column)) {
            continue;
        }
        // A mode that needs the column refuses; one that does not must still make a visible fault.
        match faults_are_seen(&without, case, 1, FEW) {
            Ok(_) | Err(Refusal::MissingColumn { .. }) => {}
            Err(other) => panic!("{} without {table}.{column}: {other}", case.name()),
        }
    }
}

/// Breaks some of the records, of which about `among` are tried, and asserts that each fault is found; returns the
/// number of eligible ones.
fn faults_are_seen(clean: &Database, case: &VariantCase, sample: u64, among: usize) -> Result<usize, Refusal> {
    let (checks, name) = (case.mode.card().checks, case.name());
    let before = run_checks(clean, checks);
    let mut records = clean.keys(case.kind.table);
    records = records.iter().step_by(1 + records.len() / among).cloned().collect();
    let snapshot = clean.try_read_for(case.mode, &records, &case.given)?;
    let mut eligible: Vec<(&Value, Vec<Edit>)> = Vec::new();
    for record in &records {
        match plan_case(case, &snapshot, record) {
            Ok(edits) => eligible.push((record, edits)),
            Err(Refusal::Ineligible { .. } | Refusal::NoIndependentMeterset { .. }) => {}
            Err(other) => return Err(other),
        }
    }
    let sample = usize::try_from(sample).unwrap();
    println!("{name}: {} of {} eligible", eligible.len(), records.len());
    // Spread over the whole table: the first records are all of one patient.
    for (record, edits) in eligible.iter().step_by(1 + eligible.len() / sample).take(sample) {
        let mut broken = clean.clone();
        assert_eq!(broken.apply_edits(edits)?, edits.len(), "every edit changes its row");
        let after = run_checks(&broken, checks);
        let touched = touched_rows(edits, case.kind, record);
        let new: Vec<&Finding> = after.difference(&before).collect();
        let seen = new.iter().any(|finding| touched.iter().any(|(t, key)| finding.names_row(t, key)));
        let told = case.mode.card().group == ModeGroup::Plausible && lacks_columns(clean, checks);
        assert!(seen || told, "{name} on {record:?}: {new:?}");
    }
    Ok(eligible.len())
}

#[test]
fn a_record_read_alone_plans_the_same() {
    let lab = Database::generate_lab(4, 1);
    for case in every_case() {
        let records = lab.keys(case.kind.table);
        let together = lab.read_for(case.mode, &records, &case.given);
        for record in records.iter().step_by(1 + records.len() / 8) {
            let alone = lab.read_for(case.mode, std::slice::from_ref(record), &case.given);
            let plans = [&together, &alone].map(|snapshot| plan_case(&case, snapshot, record));
            assert_eq!(plans[0], plans[1]);
        }
    }
}

#[test]
fn a_fault_is_not_made_twice() {
    let clean = Database::generate_lab(20, 1);
    for case in every_case() {
        let name = case.name();
        let records = clean.keys(case.kind.table);
        let snapshot = clean.read_for(case.mode, &records, &case.given);
        let eligible = records.iter().find_map(|record| Some((record, plan_case(&case, &snapshot, record).ok()?)));
        let (record, edits) = eligible.unwrap_or_else(|| panic!("{name}: nothing eligible"));
        let mut broken = clean.clone();
        broken.apply_edits(&edits).unwrap();
        let snapshot = broken.read_for(case.mode, &records, &case.given);
        // The parameters of the first fault: a new proposal would choose something else to break.
        let whole = clean.read_for(case.mode, &records, &case.given);
        let (given, _) = propose(case.mode, case.variant, &whole, record, &case.given, SEED).unwrap();
        let again = plan_record(case.mode, &snapshot, record, &given, SEED);
        let refused = matches!(again, Err(Refusal::Ineligible { .. } | Refusal::MissingRecord { .. }));
        assert!(refused, "{name}: {again:?}");
    }
}

#[test]
fn missing_records_and_tables_are_said() {
    let lab = Database::generate_lab(2, 1);
    let nobody = Value::Integer(-1);
    for case in every_case() {
        let name = case.name();
        let snapshot = lab.read_for(case.mode, std::slice::from_ref(&nobody), &case.given);
        let refused = plan_case(&case, &snapshot, &nobody).unwrap_err();
        assert_eq!(refused.code(), "missing_record", "{name}");
        let snapshot = Database::default().read_for(case.mode, std::slice::from_ref(&nobody), &case.given);
        let refused = plan_case(&case, &snapshot, &nobody).unwrap_err();
        assert_eq!(refused.code(), "missing_table", "{name}");
    }
    for check in CHECKS {
        let verdict = check.run(&Database::default().read_snapshot(check.required_queries()), &TERMS);
        assert!(matches!(verdict, CheckVerdict::NotRun { .. }), "{}", check.card().id);
    }
}

#[test]
fn cards_name_what_exists() {
    for mode in MODES {
        let card = mode.card();
        assert!(!card.checks.is_empty() && card.checks.iter().all(|id| checks::find(id).is_some()), "{}", card.tool);
        assert!([card.id, card.tool, &card.tool.replace('_', "-")].iter().all(|word| modes::find_mode(word).is_some()));
        for variant in card.variants {
            let kebab = variant.word.replace('_', "-");
            assert_eq!(mode.complete(&Map::new(), Some(&kebab)), mode.complete(&Map::new(), Some(variant.word)));
        }
        assert!(mode.complete(&Map::new(), Some("nonsense")).is_err());
        assert!(mode.complete(&Map::from_iter([("nonsense".to_owned(), 1.into())]), None).is_err());
        // Derived arguments would replace the command's description by the doc comment of their struct.
        let command = mode.add_arguments(clap::Command::new("mode").about("kept"));
        assert_eq!(command.get_about().map(ToString::to_string).as_deref(), Some("kept"), "{}", card.tool);
        let schema = mode.params_schema();
        let properties = schema.get("properties").and_then(|found| found.as_object()).unwrap();
        let flags: BTreeSet<String> = command.get_arguments().map(|arg| arg.get_id().to_string()).collect();
        assert_eq!(flags, properties.keys().cloned().collect());
        assert!(card.fault_records().all(|record| flags.contains(record.parameter)));
        assert_eq!(card.table_parameter.is_some(), !card.others.is_empty(), "{}", card.tool);
        assert!(command.get_arguments().all(|arg| arg.get_help().is_some()));
        command.debug_assert();
    }
    for check in CHECKS {
        let card = check.card();
        let sees = MODES.iter().any(|mode| mode.card().checks.contains(&card.id));
        assert_ne!(sees, BEYOND.contains(&card.id), "{}", card.id);
        assert!(modes::find_mode(card.mode).is_some(), "{}", card.id);
    }
}

#[test]
fn a_task_carries_no_clock_that_no_mode_asked_for() {
    let lab = Database::generate_lab(4, 1);
    for case in every_case().iter().filter(|case| !case.mode.card().uses_now) {
        let records = lab.keys(case.kind.table);
        let snapshot = lab.read_for(case.mode, &records, &case.given);
        let bound = case.mode.bind(&case.given).unwrap();
        let later = NOW.checked_add(jiff::SignedDuration::from_hours(1000)).unwrap();
        for record in records.iter().take(20) {
            let proposals = [NOW, later].map(|now| {
                let task = Task { now, ..build_task(bound.as_ref(), record, SEED) };
                bound.propose(case.variant, &snapshot, &task)
            });
            assert_eq!(proposals[0], proposals[1], "{}", case.name());
        }
    }
}

#[test]
fn no_file_is_forgotten() {
    for (folder, list) in [("modes", "MODES"), ("checks", "CHECKS")] {
        // A file without a `mod` line is not compiled, so that only the folder shows it.
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/domains/mosaiq").join(folder);
        let source = std::fs::read_to_string(path.join("mod.rs")).unwrap();
        let names: Vec<String> = std::fs::read_dir(&path)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .filter(|name| name != "mod")
            .collect();
        for name in &names {
            assert!(source.contains(&format!("mod {name};")), "{folder}/{name}.rs is in no `mod`");
            assert!(source.contains(&format!("&{name}::")), "{folder}/{name}.rs is not in {list}");
        }
    }
    for (at, check) in CHECKS.iter().enumerate() {
        let again = CHECKS.iter().skip(at + 1).any(|other| other.card().id == check.card().id);
        assert!(!again, "{} is listed twice", check.card().id);
    }
}
