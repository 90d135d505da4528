//! Signs of a live clinic that only a server shows: who is connected, and whether mfm may know it.

use mfm::ops::target::signs::{judge, signs};
use mfm::target::Session;
use mfm::target::sim::SimWorld;

use super::world::World;

fn session(program: &str, host: &str) -> Session {
    Session { program: program.into(), host: host.into() }
}

/// The words of the signs that a database shows.
fn words(sim: &SimWorld) -> Vec<&'static str> {
    let world = World::new();
    signs(&world.context(), &mut sim.target()).unwrap().into_iter().map(|sign| sign.word).collect()
}

/// What marking says of the signs, some of them overridden.
fn judged(sim: &SimWorld, overrides: &[&str]) -> Result<(), mfm::ops::Failure> {
    let world = World::new();
    let overrides: Vec<String> = overrides.iter().map(|word| (*word).to_owned()).collect();
    judge(&world.context(), &mut sim.target(), "sim:copy", &overrides).map(drop)
}

#[test]
fn programs_that_belong_to_no_clinic_are_no_sign() {
    let sim = SimWorld::new(1);
    assert!(words(&sim).is_empty());
    sim.set_sessions(Some(vec![session("SQLCMD", "desk"), session("", ""), session("mfm", "desk")]));
    assert!(words(&sim).is_empty());
    judged(&sim, &[]).unwrap();
}

#[test]
fn a_clinic_at_work_has_to_be_overridden_by_name() {
    let sim = SimWorld::new(1);
    sim.set_sessions(Some(vec![session("SQLCMD", "desk"), session("Elekta MOSAIQ", "console-3")]));
    assert_eq!(words(&sim), ["clinical-sessions"]);
    for overrides in [&[][..], &["sessions-unseen"], &["name-mosaiq", "recent-treatments"]] {
        let failure = judged(&sim, overrides).unwrap_err();
        assert_eq!(failure.code, "live_clinic");
        assert!(failure.message.contains("Elekta MOSAIQ is connected to it, from console-3"), "{}", failure.message);
        assert!(failure.hint.contains("--override clinical-sessions"), "{}", failure.hint);
    }
    judged(&sim, &["clinical-sessions"]).unwrap();
}

#[test]
fn not_to_see_who_is_connected_is_a_sign_of_its_own() {
    let sim = SimWorld::new(1);
    sim.set_sessions(None);
    assert_eq!(words(&sim), ["sessions-unseen"]);
    let failure = judged(&sim, &["clinical-sessions"]).unwrap_err();
    assert_eq!(failure.code, "live_clinic");
    assert!(failure.message.contains("VIEW SERVER STATE"), "{}", failure.message);
    assert!(failure.hint.contains("--override sessions-unseen"), "{}", failure.hint);
    judged(&sim, &["sessions-unseen"]).unwrap();
}
