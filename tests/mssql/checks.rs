//! Checks and drills on the server, beside the same lab in a SQLite file: the same findings, and the same matrix.

use mfm::domains::mosaiq::modes::MODES;
use mfm::ops::{Context, checks, drill, lab};
use testutils::seen::NOW;
use testutils::{World, request_sample};

use super::live::world;
use super::server::Database;

const PATIENTS: u32 = 20;
const NAMES: [&str; 2] = ["file", "server"];

/// Makes the same lab in a file and on the server.
fn labs(world: &World, server: String) {
    for (name, url) in NAMES.into_iter().zip([world.url("lab.db"), server]) {
        let request =
            lab::create::Request { url, patients: Some(PATIENTS), name: Some(name.into()), ..Default::default() };
        lab::create::run(&world.context(), &request).unwrap();
    }
}

fn on<'w>(world: &'w World, target: &str) -> Context<'w> {
    Context { target: Some(target.into()), ..world.context() }
}

/// What the checks say, but for the target's name.
fn checked(world: &World, target: &str) -> checks::Outcome {
    let options = checks::Options { form: Some(checks::Form::Html), ..Default::default() };
    let request = checks::Request { now: Some(NOW.into()), options, ..Default::default() };
    checks::Outcome { target: String::new(), ..checks::run(&on(world, target), &request).unwrap() }
}

/// A key, whose columns not every server spells as they were declared.
fn lower(key: &serde_json::Value) -> String {
    key.to_string().to_lowercase()
}

/// What a finding says, line by line.
fn told(outcome: &checks::Outcome) -> Vec<String> {
    let related = |line: &checks::RelatedLine| format!("{} {}", line.table, lower(&line.key));
    let line = |line: &checks::FindingLine| {
        let rows: Vec<String> = line.related.iter().map(related).collect();
        let checks::FindingLine { fingerprint, check, severity, table, key, what, message, .. } = line;
        format!("{fingerprint} {check} {severity:?} {table} {} {rows:?} {what}: {message}", lower(key))
    };
    outcome.findings.iter().map(line).collect()
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn the_same_lab_has_the_same_findings() {
    let (database, world) = (Database::new(), world());
    labs(&world, database.url());
    let [file, server] = NAMES.map(|name| checked(&world, name));
    assert_eq!((file.violations, file.not_run, &file.checks), (0, 0, &server.checks));
    for mode in MODES {
        // One fault of each mode is enough for findings of all kinds, and few are hidden behind others.
        let word = mode.card().variants[0].word;
        for name in NAMES {
            let source = mfm::ops::apply::Source::Request(request_sample(mode.card().tool, word, 2, 9));
            mfm::ops::apply::run(&on(&world, name), &source, false, &mut |_| {}).unwrap();
        }
    }
    let [file, server] = NAMES.map(|name| checked(&world, name));
    assert!(file.findings.len() > 2 * MODES.len(), "{} findings", file.findings.len());
    assert_eq!(told(&file), told(&server), "fingerprints and order included");
    assert_eq!(file.checks, server.checks);
    assert_eq!(file.exhibits.gallery, server.exhibits.gallery, "the pictures of a report");
    let named = |outcome: &checks::Outcome| outcome.exhibits.rows.iter().map(|row| lower(&row.key)).collect::<Vec<_>>();
    assert_eq!(named(&file), named(&server));
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn a_drill_has_the_same_matrix() {
    let (database, world) = (Database::new(), world());
    labs(&world, database.url());
    let outcomes = NAMES.map(|name| {
        let request =
            drill::Request { sample: Some(1), seed: Some(1), now: Some(NOW.into()), ..drill::Request::default() };
        drill::run(&on(&world, name), &request).unwrap()
    });
    let [file, server] = &outcomes;
    let counts = |outcome: &drill::Outcome| {
        let cells = outcome.matrix.lines.iter().flat_map(|line| &line.cells);
        cells.map(|cell| [cell.caught, cell.missed, cell.false_alarm, cell.could_not_tell]).collect::<Vec<_>>()
    };
    assert_eq!(counts(file), counts(server));
    assert!(counts(server).iter().all(|cell| *cell == [1, 0, 0, 0]), "every variant caught, no false alarm");
    for outcome in &outcomes {
        assert!(outcome.ok && outcome.exact == Some(true) && outcome.trials.iter().all(|trial| trial.exact));
    }
    let found = |outcome: &drill::Outcome| {
        let looks = outcome.trials.iter().flat_map(|trial| &trial.looks);
        looks.map(|look| (look.verdict, look.signs.clone(), look.beside.clone())).collect::<Vec<_>>()
    };
    assert_eq!(found(file), found(server), "seen by the same checks");
}
