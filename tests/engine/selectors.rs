//! Selectors, which narrow what is chosen and leave no trace of what they were; checks, again and again.

use mfm::domain::filter::FilterValues;
use mfm::model::next_step::{Flag, StepKind};
use mfm::ops::{checks, find, plan};
use serde_json::Value as Json;
use testutils::{World, read_cell, request_angles, request_sample, run_foreign_sql};

const PATIENT: &str = "LAB000003";

fn by(flag: &str, value: &str) -> FilterValues {
    and(FilterValues::default(), flag, value)
}

fn and(mut filters: FilterValues, flag: &str, value: &str) -> FilterValues {
    filters.set(flag, value);
    filters
}

fn of_patient() -> FilterValues {
    by("patient", PATIENT)
}

/// A request for all eligible fields that a selector leaves.
fn narrowed(selector: FilterValues) -> plan::Request {
    let mut request = request_sample("create_invalid_angles", "gantry", 1, 7);
    (request.options.sample, request.options.all, request.options.selector) = (None, true, selector);
    request
}

fn find(world: &World, selector: FilterValues, eligible: Option<&str>) -> find::Outcome {
    let eligible = eligible.map(str::to_owned);
    let request = find::Request { kind: "field".into(), selector, eligible, variant: None, limit: 0 };
    find::run(&world.context(), &request).unwrap()
}

fn ids(found: &find::Outcome) -> Vec<Json> {
    found.records.iter().map(|record| record.cells[0].1.clone()).collect()
}

#[test]
fn apply_takes_what_find_lists() {
    let world = World::with_lab(20);
    let listed = find(&world, of_patient(), Some("create_invalid_angles"));
    assert!(listed.shown > 1 && listed.total == Some(listed.shown), "{listed:?}");
    let applied = world.apply(narrowed(of_patient())).unwrap();
    assert_eq!(applied.plan.keys, ids(&listed));
    assert_eq!(applied.plan.records, listed.shown);
    let again = find(&world, of_patient(), Some("create_invalid_angles"));
    let shows = |found: &find::Outcome| {
        let variants = found.records.iter().filter_map(|record| record.variants.as_ref());
        variants.filter(|words| words.contains(&"gantry")).count() as u64
    };
    assert_eq!((shows(&listed), shows(&again)), (listed.shown, 0));
    world.revert(&[1]).unwrap();
    let mut one = narrowed(and(of_patient(), "type", "ct"));
    (one.options.all, one.options.sample) = (false, Some(1));
    let kv = find(&world, one.options.selector.clone(), None);
    assert_eq!(world.apply(one).unwrap().plan.keys, ids(&kv));
}

#[test]
fn neither_journal_nor_plan_file_knows_a_selector() {
    let world = World::with_lab(20);
    let machine = read_cell(
        &world,
        "SELECT trim(Last_Name) FROM Staff JOIN TxField ON Machine_ID_Staff_ID = Staff.Staff_ID \
        JOIN Ident ON Ident.Pat_Id1 = TxField.Pat_ID1 WHERE IDA = 'LAB000003' LIMIT 1",
    );
    let machine = machine.trim_start_matches("Text(\"").trim_end_matches("\")").to_owned();
    assert!(machine.starts_with("LINAC"), "{machine}");
    let mut request = narrowed(and(of_patient(), "machine", &machine.to_lowercase()));
    request.output = Some(world.path("fault.json"));
    plan::run(&world.context(), &request).unwrap();
    let applied = world.apply(request).unwrap();
    let file = std::fs::read_to_string(world.path("fault.json")).unwrap();
    let journal = rusqlite::Connection::open(&world.journal).unwrap();
    let mut bodies = journal.prepare("SELECT body FROM entry UNION ALL SELECT state FROM projection").unwrap();
    let bodies: Vec<String> = bodies.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(bodies.len() > 3 && bodies.iter().any(|body| body.contains(&applied.plan.plan_digest.to_string())));
    for text in bodies.iter().chain([&file]).map(|text| text.to_lowercase()) {
        for secret in [PATIENT.to_lowercase(), machine.to_lowercase(), "selector".into(), "\"machine\"".into()] {
            assert!(!text.contains(&secret), "{secret} stands in {text}");
        }
    }
    world.revert(&[1]).unwrap();
    let source = mfm::ops::apply::Source::File(world.path("fault.json"));
    let again = mfm::ops::apply::run(&world.context(), &source, false, &mut |_| {}).unwrap();
    assert_eq!((again.plan.keys, again.plan.plan_digest), (applied.plan.keys, applied.plan.plan_digest));
}

#[test]
fn a_selector_alone_or_beside_ids_says_nothing() {
    let world = World::with_lab(20);
    let mut beside = request_angles(5001, "400");
    beside.options.selector = of_patient();
    let mut alone = narrowed(of_patient());
    alone.options.all = false;
    for request in [beside, alone] {
        let failure = world.apply(request).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.kind.exit_code()), ("records", 2), "{failure}");
        let ways: Vec<&StepKind> = failure.next.as_slice().iter().map(|step| &step.way).collect();
        let wanted = StepKind::GiveOne { options: vec![Flag::Sample, Flag::All] };
        assert!(ways.contains(&&wanted), "{ways:?}");
    }
    let wrong = |selector: FilterValues| world.apply(narrowed(selector)).unwrap_err();
    let failure = wrong(by("type", "vmad"));
    assert_eq!((failure.code.as_str(), failure.kind.exit_code()), ("selector", 2));
    for (selector, code) in [
        (by("patient", "NOBODY"), "no_match"),
        (by("machine", "CYCLOTRON"), "no_match"),
        (by("date", "1999-01-01"), "nothing_left"),
    ] {
        let failure = wrong(selector);
        assert_eq!((failure.code.as_str(), failure.kind.exit_code()), (code, 3), "{failure}");
    }
}

#[test]
fn checks_need_no_mark_and_what_cannot_run_is_no_pass() {
    let world = World::with_lab(20);
    run_foreign_sql(
        &world,
        "DROP TABLE mfm_marker; DROP TABLE TxField; UPDATE TxFieldPoint SET Gantry_Ang = 400 WHERE Point = 0",
    );
    let points: u64 = {
        let sql = "SELECT count(*) FROM TxFieldPoint WHERE Point = 0";
        world.open_foreign().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap().try_into().unwrap()
    };
    let now = Some("2024-06-29T12:00:00".to_owned());
    let only = vec!["angle-range".into(), "control_points".into()];
    let request = checks::Request { only, now, ..checks::Request::default() };
    let outcome = checks::run(&world.context(), &request).unwrap();
    let line = |id: &str| outcome.checks.iter().find(|check| check.id == id).unwrap();
    let (angles, points_line) = (line("angle_range"), line("control_point_sequence"));
    assert_eq!((angles.status, angles.violations), (checks::Status::Fail, points));
    assert_eq!((points_line.status, points_line.looked_at), (checks::Status::NotRun, 0));
    assert!(points_line.why.as_deref().unwrap().contains("TxField"));
    assert!(outcome.violations >= points && outcome.not_run >= 1);
    assert!(outcome.findings.windows(2).all(|pair| pair[0].severity >= pair[1].severity));
    assert_eq!(outcome.findings[0].key.as_object().unwrap().keys().collect::<Vec<_>>(), ["TFP_ID"]);
}

#[test]
fn checks_that_look_again_see_what_checks_that_begin_anew_see() {
    let world = World::with_lab(20);
    let now = jiff::civil::datetime(2024, 6, 29, 12, 0, 0, 0);
    let context = world.context();
    let begin = || {
        let mut target = context.open_target(&world.url("lab.db")).unwrap();
        checks::CheckSession::begin(&context, target.as_mut(), mfm::domains::FIRST, now).unwrap()
    };
    let found = |session: &checks::CheckSession| -> Vec<_> {
        session.checked.iter().map(|checked| (checked.card.id, checked.verdict.clone())).collect()
    };
    let mut session = begin();
    let clean = found(&session);
    for (tool, variant) in [
        ("delete_control_points", "all_deleted"),
        ("create_duplicate_treatment", "same_field"),
        ("create_invalid_angles", "both"),
    ] {
        let tables: std::collections::BTreeSet<String> = world
            .apply(request_sample(tool, variant, 2, 3))
            .unwrap()
            .plan
            .changes
            .into_iter()
            .map(|row| row.table)
            .collect();
        let tables = tables.iter().map(String::as_str).collect();
        let mut target = context.open_target(&world.url("lab.db")).unwrap();
        let new = session.look_again(&context, target.as_mut(), &tables).unwrap();
        assert!(!new.is_empty(), "{tool}");
        assert_eq!(found(&session), found(&begin()), "{tool}");
    }
    let all = mfm::ops::revert::Request { all: true, ..Default::default() };
    mfm::ops::revert::run(&context, &all).unwrap();
    let every = ["TxField", "txfieldpoint", "TrackTreatment"].into_iter().collect();
    let mut target = context.open_target(&world.url("lab.db")).unwrap();
    assert_eq!(session.look_again(&context, target.as_mut(), &every).unwrap(), []);
    assert_eq!(found(&session), clean);
}
