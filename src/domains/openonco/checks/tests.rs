//! Each check planted once on a catalogue that is clean, and what looks like a fault and is none.

use super::CARDS;
use crate::domain::Domain;
use crate::domain::check::{CheckParams, CheckRequest, CheckVerdict};
use crate::domain::laws::{collect_findings, every_check, run_checks};
use crate::domain::testing::NOW;
use crate::domains::openonco::OpenOnco;
use crate::domains::openonco::schema::{SOURCES, TESTS};
use crate::domains::openonco::testing::{Database, import_files};
use crate::model::time::Time;
use crate::model::{Snapshot, Value};

/// A record with which no check has anything to do.
const CLEAN: &str = r#"{"id": "mrd-1", "name": "Alpha", "vendor": "Natera", "fdaStatus": "CLIA LDT",
    "sensitivity": 90.0, "sensitivityCitations": "https://doi.org/10.5555/a", "specificity": 95.5,
    "specificityCitations": "https://www.natera.com/a | Author A et al. 2024; https://doi.org/10.5555/b"}"#;

fn catalogue(mrd: &[&str], ecd: &[&str]) -> Database {
    let [mrd, ecd] = [mrd, ecd].map(|records| format!("[{}]", records.join(",\n")));
    import_files(&[("mrd.json", &mrd), ("ecd.json", &ecd)]).unwrap().0
}

/// Returns the findings of a catalogue: check, and the end of its message.
fn find(database: &Database) -> Vec<(&'static str, String)> {
    let domain: &dyn Domain = &OpenOnco;
    let findings = collect_findings(domain, database, &every_check(domain));
    findings.into_iter().map(|finding| (finding.check, finding.message)).collect()
}

/// Demands that a record beside a clean one has one finding, of this check, which says this.
fn assert_found(check: &str, fields: &str, says: &str) {
    let record = format!("{{\"id\": \"mrd-2\", \"name\": \"Beta\", \"vendor\": \"Guard\", {fields}}}");
    let found = find(&catalogue(&[CLEAN, &record], &[]));
    assert!(found.len() == 1 && found[0].0 == check && found[0].1.contains(says), "{check} {fields}: {found:?}");
}

/// Demands that a record beside a clean one has no finding.
fn assert_silent(fields: &str) {
    let record = format!("{{\"id\": \"mrd-2\", \"name\": \"Beta\", \"vendor\": \"Guard\", {fields}}}");
    assert_eq!(find(&catalogue(&[CLEAN, &record], &[])), [], "{fields}");
}

/// The citation of every figure of a record.
const CITED: &str = r#""performanceCitations": "https://doi.org/10.5555/c""#;

#[test]
fn figures_that_cannot_be_are_found() {
    for share in ["100.1", "-1", "9062"] {
        assert_found("share_range", &format!("\"sensitivity\": {share}, {CITED}"), "no share of a hundred");
    }
    assert_silent(&format!("\"sensitivity\": 100, \"specificity\": 0, {CITED}"));
    let stages = |shares: [f64; 4], overall: f64| {
        let [one, two, three, four] = shares;
        format!(
            "\"stageISensitivity\": {one}, \"stageIISensitivity\": {two}, \"stageIIISensitivity\": {three}, \
             \"stageIVSensitivity\": {four}, \"sensitivity\": {overall}, {CITED}"
        )
    };
    assert_found("stage_order", &stages([20.0, 40.0, 39.0, 90.0], 50.0), "stageIIISensitivity is 39, below");
    assert_found("stage_order", &stages([20.0, 40.0, 60.0, 90.0], 95.0), "lies outside those of the stages");
    assert_silent(&stages([20.0, 20.0, 60.0, 90.0], 20.0));
    assert_silent("\"stageISensitivity\": null, \"stageIISensitivity\": 90, \"stageIVSensitivity\": 95");
}

#[test]
fn predictive_values_need_one_prevalence() {
    let figures = |ppv: f64, npv: f64| {
        format!("\"sensitivity\": 80, \"specificity\": 90, \"ppv\": {ppv}, \"npv\": {npv}, {CITED}")
    };
    // At a prevalence of one in a hundred: 7.48 and 99.776.
    assert_silent(&figures(7.48, 99.776));
    assert_silent(&figures(20.0, 99.776));
    assert_found("predictive_values", &figures(76.0, 99.776), "implies a prevalence of");
    let exchanged = "\"sensitivity\": 90.5, \"sensitivityNotes\": \"Specificity was 90.5%.\", \"specificity\": 80.25, \
        \"specificityNotes\": \"80.25% of patients were found, among 120.\"";
    assert_silent(&format!("{exchanged}, {CITED}"));
    let exchanged = exchanged
        .replace("Specificity was 90.5%", "80.25% of patients")
        .replace("80.25% of patients were", "90.5% were");
    assert_found(
        "figures_and_notes",
        &format!("{exchanged}, {CITED}"),
        "sensitivity stands in the notes of specificity",
    );
}

#[test]
fn values_of_another_kind_are_found() {
    assert_found("number_as_text", "\"listPrice\": \"$4,000\"", "it states the number 4000");
    assert_found("number_as_text", "\"bloodVolume\": \">16\"", "no number can be read off it for certain");
    assert_silent("\"tat\": \"7-14 days\", \"lod\": \"0.01%\"");
    assert_found(
        "unit",
        "\"leadTimeVsImaging\": 4.6, \"leadTimeVsImagingNotes\": \"4.6 months\"",
        "its note says 4.6 months",
    );
    assert_found("unit", "\"leadTimeVsImaging\": 5", "probably meant in months");
    assert_found("unit", "\"initialTat\": 240", "beyond 120");
    assert_found("unit", "\"initialTat\": 60, \"initialTatNotes\": \"within 10 days\"", "its note says 10");
    assert_silent("\"initialTat\": 12, \"initialTatNotes\": \"within 10 days\", \"leadTimeVsImaging\": 150");
}

#[test]
fn words_that_contradict_each_other_are_found() {
    let denied = "\"fdaStatus\": \"LDT; not FDA-approved\"";
    assert_found(
        "regulatory_words",
        &format!("{denied}, \"fdaApprovalDate\": \"2020-01-01\""),
        "there is a date of approval",
    );
    assert_found("regulatory_words", &format!("{denied}, \"fdaCompanionDxCount\": 3"), "companion diagnostics");
    assert_found("regulatory_words", "\"fdaStatus\": \"FDA-approved\"", "nothing else in the record speaks for it");
    for evidence in ["FDA-approved PMA (P170019)", "FDA-cleared (Aug 2025)", "FDA De Novo authorized DEN170058"] {
        assert_silent(&format!("\"fdaStatus\": \"{evidence}\""));
    }
    assert_silent(&format!("{denied}, \"fdaCompanionDxCount\": 0"));
    assert_found(
        "discontinued_on_market",
        "\"isDiscontinued\": true, \"clinicalAvailability\": \"Commercially available since 2020\"",
        "says that it is available",
    );
    assert_found("discontinued_on_market", "\"fdaStatus\": \"Discontinued\", \"isDiscontinued\": false", "contradicts");
    assert_silent("\"isDiscontinued\": true, \"clinicalAvailability\": \"No longer available\"");
    assert_found(
        "coverage_words",
        "\"reimbursement\": \"Medicare\", \"medicareCoverage\": {\"status\": \"NOT_COVERED\"}",
        "medicareCoverage `not covered`",
    );
    assert_found(
        "coverage_words",
        "\"reimbursement\": \"Self-Pay\", \"medicareCoverage\": {\"status\": \"COVERED\"}",
        "reimbursement says `self pay`",
    );
    assert_silent("\"reimbursement\": \"Medicare pending\", \"medicareCoverage\": {\"status\": \"NOT_COVERED\"}");
}

#[test]
fn figures_without_a_source_are_found() {
    assert_found("missing_citation", "\"ppv\": 50, \"ppvCitations\": \" \"", "ppv of 50 has no citation");
    assert_silent("\"ppv\": 50, \"ppvCitations\": \"https://doi.org/10.5555/d\"");
    assert_found("dead_address", "\"tatCitations\": \"https://guard\"", "its host is no name of the internet");
    assert_found("dead_address", "\"tatCitations\": \"https://a.orghttps://b.org\"", "it holds a second address");
    assert_silent("\"tatCitations\": \"Author A et al. 2024; https://doi.org/10.5555/e\"");
    let foreign = "\"sensitivity\": 90, \"sensitivityCitations\": \"https://investor.natera.com/x\"";
    assert_found("foreign_citation", foreign, "cites the site of natera");
    assert_silent("\"methodCitations\": \"https://www.natera.com/x\"");
}

#[test]
fn records_that_are_not_one_of_their_kind_are_found() {
    let other = r#"{"id": "mrd-1", "name": "Beta", "vendor": "Guard"}"#;
    let ids: Vec<&str> = find(&catalogue(&[CLEAN], &[other])).iter().map(|(check, _)| *check).collect();
    assert_eq!(ids, ["duplicate_id", "duplicate_id"], "each of the two, in whatever files");
    let named =
        |name: &str, vendor: &str| format!("{{\"id\": \"x-2\", \"name\": \"{name}\", \"vendor\": \"{vendor}\"}}");
    let same = find(&catalogue(&[CLEAN, &named("ALPHA", "Natera")], &[]));
    assert!(matches!(same.as_slice(), [("duplicate_name", _)]), "{same:?}");
    let two_vendors = find(&catalogue(&[CLEAN], &[&named("alpha", "Guard")]));
    assert!(matches!(two_vendors.as_slice(), [("duplicate_name", _)]), "{two_vendors:?}");
    assert_eq!(find(&catalogue(&[CLEAN], &[&named("Alpha", "Natera")])), [], "one vendor's test in two categories");
    let spelled = find(&catalogue(&[CLEAN], &[&named("Beta", "Natera, Inc.")]));
    assert!(matches!(spelled.as_slice(), [("vendor_spelling", _)]), "{spelled:?}");
    let nameless = find(&catalogue(&[CLEAN, "{\"vendor\": \"Guard\"}", "7"], &[]));
    assert_eq!(nameless.iter().filter(|(check, _)| *check == "identity").count(), 5, "{nameless:?}");
}

#[test]
fn what_happened_since_the_import_is_found() {
    let records = [CLEAN, r#"{"id": "mrd-2", "name": "Beta", "vendor": "Guard"}"#];
    let mut lost = catalogue(&records, &[r#"{"id": "ecd-1", "name": "C", "vendor": "Guard"}"#]);
    for table in [TESTS, SOURCES] {
        lost.remove_row(table, 2);
    }
    let found = find(&lost);
    assert!(found.len() == 1 && found[0].1.contains("record 2 of mrd.json is gone"), "{found:?}");
    let mut moved = catalogue(&records, &[]);
    for table in [TESTS, SOURCES] {
        moved.set_cell(table, 2, "category", Value::Text("ecd".into()));
    }
    assert!(matches!(find(&moved).as_slice(), [("moved_record", _)]), "{:?}", find(&moved));
    let mut differs = catalogue(&records, &[]);
    differs.set_cell(TESTS, 1, "sensitivity", Value::Real(91.0));
    assert!(matches!(find(&differs).as_slice(), [("columns_agree", _)]), "{:?}", find(&differs));
}

#[test]
fn a_baseline_of_the_rules_counts_the_records_of_a_file() {
    let domain: &dyn Domain = &OpenOnco;
    let database = catalogue(&[CLEAN], &[]);
    for (count, expected) in [(1, 0), (2, 1)] {
        let rules = domain.parse_rules(&format!("[baseline]\nmrd = {count}\n")).unwrap();
        let params = CheckParams { now: Time::local(NOW), rules };
        let declared = Snapshot::default();
        let mut run = domain.run_checks(&CheckRequest { checks: CARDS, declared: &declared, params: &params });
        database.run_scans(run.as_mut());
        let mut found = Vec::new();
        for verdict in run.finish().verdicts {
            let CheckVerdict::Ran { findings, .. } = verdict else { panic!("{verdict:?}") };
            found.extend(findings.into_iter().map(|finding| finding.message));
        }
        assert_eq!(found.len(), expected, "{found:?}");
        assert!(found.iter().all(|message| message == "mrd.json has 1 records, and the rules say 2"), "{found:?}");
    }
}

#[test]
fn a_check_that_could_not_look_has_not_passed() {
    let domain: &dyn Domain = &OpenOnco;
    let verdicts = run_checks(domain, &catalogue(&[], &[]), CARDS);
    assert_eq!(verdicts.len(), 19);
    assert!(verdicts.iter().all(|verdict| matches!(verdict, CheckVerdict::NotRun { .. })));
    let mut without = catalogue(&[CLEAN], &[]);
    without.drop(SOURCES);
    let verdicts = run_checks(domain, &without, CARDS);
    assert!(verdicts.iter().all(|verdict| matches!(verdict, CheckVerdict::NotRun { .. })));
}
