//! Laws that every mode, check and file of this floor obeys; a new one is held to them unasked.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Map;

use super::checks::{self, CHECKS, Verdict};
use super::modes::{self, MODES, Mode, Task};
use super::testing::{Database, NOW, task};
use crate::model::{Edit, Finding, Refusal, Snapshot, Value};

const SEED: u64 = 11;

fn findings(database: &Database) -> BTreeSet<Finding> {
    let mut all = BTreeSet::new();
    for check in CHECKS {
        match check.run(&database.read(check.needs())) {
            Verdict::Ran { looked_at, findings } => {
                assert!(looked_at > 0, "{}", check.card().id);
                assert!(findings.iter().all(|finding| finding.check == check.card().id));
                all.extend(findings);
            }
            Verdict::NotRun { why } => panic!("{} did not run: {why}", check.card().id),
        }
    }
    all
}

/// Returns the variant's plan for a record, proposed and then planned.
fn plan(mode: &dyn Mode, variant: &str, snapshot: &Snapshot, record: &Value) -> Result<Vec<Edit>, Refusal> {
    let given = mode.complete(&Map::new(), Some(variant)).unwrap();
    let proposed = mode.propose(variant, snapshot, &task(record, &given, SEED))?;
    let whole = mode.complete(&proposed, Some(variant)).unwrap();
    assert_eq!(whole, proposed, "a proposal is complete");
    let planned = mode.plan(snapshot, &task(record, &proposed, SEED))?;
    assert_eq!(planned.variant, variant);
    assert_eq!(planned, mode.plan(snapshot, &task(record, &proposed, SEED)).unwrap(), "deterministic");
    assert!(!planned.edits.is_empty());
    Ok(planned.edits)
}

fn touched(edits: &[Edit], mode: &dyn Mode, record: &Value) -> Vec<(String, Vec<Value>)> {
    let row = |edit: &Edit| match edit {
        Edit::Update { table, key, .. } | Edit::Delete { table, key } => (table.clone(), key.clone()),
        Edit::Insert { table, row } => {
            let keys = super::schema::keys();
            let key = keys[table].iter().map(|column| match &row[column] {
                crate::model::Datum::Integer(number) => Value::Integer(*number),
                other => panic!("{other:?}"),
            });
            (table.clone(), key.collect())
        }
    };
    let own = (mode.card().record.table.to_owned(), vec![record.clone()]);
    edits.iter().map(row).chain([own]).collect()
}

#[test]
fn every_fault_is_seen_and_every_variant_has_records() {
    let clean = Database::lab(20, 1);
    assert_eq!(findings(&clean), BTreeSet::new(), "checks find nothing in a clean lab");
    every_fault_is_seen(&clean, 10);
}

#[test]
fn checks_are_silent_on_any_clean_lab() {
    for seed in [2, 3, 1 << 52] {
        assert_eq!(findings(&Database::lab(25, seed)), BTreeSet::new(), "seed {seed}");
    }
}

/// Breaks up to a dozen records with every variant, of which each must have so many.
pub(super) fn every_fault_is_seen(clean: &Database, least: usize) {
    let before = findings(clean);
    for mode in MODES {
        let card = mode.card();
        let records = clean.keys(card.record.table);
        let snapshot = clean.read_for(*mode, &records);
        for variant in card.variants {
            let eligible: Vec<(&Value, Vec<Edit>)> = records
                .iter()
                .filter_map(|record| match plan(*mode, variant.word, &snapshot, record) {
                    Ok(edits) => Some((record, edits)),
                    Err(Refusal::Ineligible { .. }) => None,
                    Err(other) => panic!("{} {}: {other}", card.tool, variant.word),
                })
                .collect();
            assert!(eligible.len() >= least, "{} {}: {}", card.tool, variant.word, eligible.len());
            println!("{} {}: {} of {} eligible", card.tool, variant.word, eligible.len(), records.len());
            for (record, edits) in eligible.iter().step_by(1 + eligible.len() / 12) {
                let mut broken = clean.clone();
                assert_eq!(broken.apply(edits).unwrap(), edits.len(), "every edit changes its row");
                let after = findings(&broken);
                let touched = touched(edits, *mode, record);
                let seen = after.difference(&before).any(|finding| {
                    card.checks.contains(&finding.check) && touched.iter().any(|(t, key)| finding.names(t, key))
                });
                assert!(seen, "{} {} on {record:?}: {after:?}", card.tool, variant.word);
            }
        }
    }
}

#[test]
fn a_record_read_alone_plans_the_same() {
    let lab = Database::lab(4, 1);
    for mode in MODES {
        let records = lab.keys(mode.card().record.table);
        let together = lab.read_for(*mode, &records);
        for variant in mode.card().variants {
            for record in records.iter().step_by(1 + records.len() / 8) {
                let alone = lab.read_for(*mode, std::slice::from_ref(record));
                let plans = [&together, &alone].map(|snapshot| plan(*mode, variant.word, snapshot, record));
                assert_eq!(plans[0], plans[1]);
            }
        }
    }
}

#[test]
fn a_fault_is_not_made_twice() {
    let clean = Database::lab(8, 2);
    for mode in MODES {
        let card = mode.card();
        let records = clean.keys(card.record.table);
        for variant in card.variants {
            let snapshot = clean.read_for(*mode, &records);
            let (record, edits) = records
                .iter()
                .find_map(|record| Some((record, plan(*mode, variant.word, &snapshot, record).ok()?)))
                .unwrap();
            let mut broken = clean.clone();
            broken.apply(&edits).unwrap();
            let snapshot = broken.read_for(*mode, &records);
            let again = plan(*mode, variant.word, &snapshot, record);
            let ineligible = matches!(again, Err(Refusal::Ineligible { .. }));
            assert!(ineligible, "{} {}: {again:?}", card.tool, variant.word);
        }
    }
}

#[test]
fn missing_records_and_tables_are_said() {
    let lab = Database::lab(2, 1);
    let nobody = Value::Integer(-1);
    for mode in MODES {
        let variant = mode.card().variants[0].word;
        let snapshot = lab.read_for(*mode, std::slice::from_ref(&nobody));
        let refused = plan(*mode, variant, &snapshot, &nobody).unwrap_err();
        assert_eq!(refused.code(), "missing_record", "{}", mode.card().tool);
        let snapshot = Database::default().read_for(*mode, std::slice::from_ref(&nobody));
        let refused = plan(*mode, variant, &snapshot, &nobody).unwrap_err();
        assert_eq!(refused.code(), "missing_table", "{}", mode.card().tool);
    }
    for check in CHECKS {
        let verdict = check.run(&Database::default().read(check.needs()));
        assert!(matches!(verdict, Verdict::NotRun { .. }), "{}", check.card().id);
    }
}

#[test]
fn cards_name_what_exists() {
    for mode in MODES {
        let card = mode.card();
        assert!(!card.checks.is_empty() && card.checks.iter().all(|id| checks::find(id).is_some()), "{}", card.tool);
        assert!([card.id, card.tool, &card.tool.replace('_', "-")].iter().all(|word| modes::find(word).is_some()));
        for variant in card.variants {
            let kebab = variant.word.replace('_', "-");
            assert_eq!(mode.complete(&Map::new(), Some(&kebab)), mode.complete(&Map::new(), Some(variant.word)));
        }
        assert!(mode.complete(&Map::new(), Some("nonsense")).is_err());
        assert!(mode.complete(&Map::from_iter([("nonsense".to_owned(), 1.into())]), None).is_err());
        let command = mode.arguments(clap::Command::new("mode").about("kept"));
        assert_eq!(command.get_about().map(ToString::to_string).as_deref(), Some("kept"), "{}", card.tool);
        let schema = mode.schema();
        let properties = schema.get("properties").and_then(|found| found.as_object()).unwrap();
        let flags: BTreeSet<String> = command.get_arguments().map(|arg| arg.get_id().to_string()).collect();
        assert_eq!(flags, properties.keys().cloned().collect());
        assert!(flags.contains(card.record.parameter));
        assert!(command.get_arguments().all(|arg| arg.get_help().is_some()));
        command.debug_assert();
    }
    for check in CHECKS {
        let card = check.card();
        assert!(MODES.iter().any(|mode| mode.card().checks.contains(&card.id)), "{}", card.id);
        assert!(modes::find(card.mode).is_some(), "{}", card.id);
    }
}

#[test]
fn a_task_carries_no_clock_that_no_mode_asked_for() {
    let lab = Database::lab(4, 1);
    for mode in MODES.iter().filter(|mode| !mode.card().uses_now) {
        let records = lab.keys(mode.card().record.table);
        let snapshot = lab.read_for(*mode, &records);
        let word = mode.card().variants[0].word;
        let given = mode.complete(&Map::new(), Some(word)).unwrap();
        let at = |record: &Value, now| {
            let task = Task { now, ..task(record, &given, SEED) };
            let proposed = mode.propose(word, &snapshot, &task)?;
            mode.plan(&snapshot, &Task { parameters: &proposed, ..task })
        };
        let later = NOW.checked_add(jiff::SignedDuration::from_hours(1000)).unwrap();
        assert!(records.iter().take(20).all(|record| at(record, NOW) == at(record, later)));
    }
}

#[test]
fn no_file_is_forgotten() {
    for (folder, listed, list) in [("modes", MODES.len(), "MODES"), ("checks", CHECKS.len(), "CHECKS")] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/mosaiq").join(folder);
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
        assert_eq!(names.len(), listed, "{list} lists each file once");
    }
}
