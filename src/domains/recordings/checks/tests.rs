//! Checks on incomplete recordings, and on oddities that they accept on purpose.

use crate::domain::Domain;
use crate::domain::check::CheckVerdict;
use crate::domain::laws::run_checks;
use crate::domains::recordings::Recordings;
use crate::domains::recordings::testing::{Database, recording};
use crate::model::{Fetch, Value};

/// Runs a single check.
fn run_check(database: &Database, id: &str) -> CheckVerdict {
    let domain: &dyn Domain = &Recordings;
    run_checks(domain, database, &[domain.find_check(id).unwrap()]).remove(0)
}

fn why_not(database: &Database, id: &str) -> String {
    match run_check(database, id) {
        CheckVerdict::NotRun { why } => why,
        CheckVerdict::Ran { .. } => panic!("{id} ran"),
    }
}

/// Returns the messages of a check's findings.
fn finding_messages(database: &Database, id: &str) -> Vec<String> {
    match run_check(database, id) {
        CheckVerdict::Ran { findings, .. } => findings.into_iter().map(|finding| finding.message).collect(),
        CheckVerdict::NotRun { why } => panic!("{id} did not run: {why}"),
    }
}

#[test]
fn what_is_missing_or_empty_is_no_pass() {
    let mut database = recording("stack", 20, 1);
    database.drop("SystemEnergyRecord");
    database.drop_column("UnifiedContactConstraintRecord", "tangent1_lambda");
    assert_eq!(why_not(&database, "energy_chain"), "the recording has no table SystemEnergyRecord");
    assert_eq!(why_not(&database, "friction_cone"), "UnifiedContactConstraintRecord has no column tangent1_lambda");
    assert!(finding_messages(&database, "kinetic_energy").is_empty(), "others run on");
    let fall = recording("free-fall", 20, 1);
    assert!(why_not(&fall, "friction_cone").contains("nothing to check"));
    assert!(why_not(&recording("elastic-pair", 20, 1), "resting_support").contains("without gravity"));
    for card in Recordings.checks() {
        assert!(!why_not(&Database::default(), card.id).is_empty());
        assert!(!why_not(&recording("stack", 0, 1), card.id).is_empty());
    }
}

#[test]
fn friction_where_nothing_presses_is_remarked() {
    let mut database = recording("sliding", 20, 1);
    database.set_cell("UnifiedContactConstraintRecord", 1, "tangent1_lambda", Value::Real(0.64));
    let CheckVerdict::Ran { findings, remarks, .. } = run_check(&database, "friction_cone") else { panic!("it ran") };
    assert!(findings.is_empty(), "{findings:?}");
    assert!(remarks[0].starts_with("1 contact points have friction"), "{remarks:?}");
}

#[test]
fn small_gains_of_many_frames_add_up() {
    let mut database = recording("resting", 200, 1);
    let snapshot = database.read_snapshot([Fetch::all("SystemEnergyRecord")]);
    let rows = snapshot.table("SystemEnergyRecord").unwrap();
    // A leak: each frame from 150 to 160 gains 0.05 J, and the sum stays in the total.
    let mut sum = 0.0;
    for frame in 150..=200 {
        sum += if frame <= 160 { 0.05 } else { 0.0 };
        let total = rows.row(&[Value::Integer(frame)]).unwrap().float("total_system_e").unwrap();
        database.set_cell("SystemEnergyRecord", frame, "total_system_e", Value::Real(total + sum));
    }
    let messages = finding_messages(&database, "energy_injection");
    assert!(messages.len() == 1 && messages[0].contains("frames 150 to 160"), "{messages:?}");
    assert!(messages[0].starts_with("0.55"), "{messages:?}");
}

#[test]
fn lost_frames_make_one_gap_and_no_other_finding_of_time_or_energy() {
    let mut database = recording("resting", 30, 1);
    for frame in 10..13 {
        database.remove_row("SimulationFrameRecord", frame);
    }
    assert_eq!(finding_messages(&database, "frame_gap"), ["frames 10 to 12 are missing"]);
    for id in ["time_step", "frame_order", "wall_clock", "energy_chain", "energy_injection"] {
        assert!(finding_messages(&database, id).is_empty(), "{id}");
    }
    assert!(!finding_messages(&database, "references").is_empty(), "their rows are still there");
}
