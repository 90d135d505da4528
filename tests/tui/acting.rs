//! What is done here is done by the operations of every other face: journaled, guarded, and taken back exactly.

use mfm::ops::audit::{self, Level};
use mfm::tui::Screen;
use mfm::tui::job::{Job, JobLane};
use mfm::tui::message::Effect;

use crate::screens::BREAK;
use crate::world::World;

const LEAVES: &str = "SELECT CAST(hex(A_Leaf_Set) || hex(B_Leaf_Set) AS BLOB) FROM TxFieldPoint WHERE FLD_ID = 5002 ORDER BY Point LIMIT 1";

#[test]
fn from_a_fresh_lab_to_a_fault_a_finding_a_revert_and_a_clean_audit() {
    let mut world = World::new((120, 40));
    let before = world.cell(LEAVES);
    let entries = world.entries();
    world.press("3 enter down b enter right right");
    assert_eq!(world.entries(), entries, "a preview writes nothing");
    assert_eq!(world.cell(LEAVES), before);
    world.press("a y").sees("operation 1 is committed");
    assert_eq!(world.state.screen, Screen::Operations);
    assert_ne!(world.cell(LEAVES), before);
    assert_eq!(world.entries(), entries + 2, "an intent and a seal");
    world.press("c").sees("1 violation").sees("mlc_leaf_gap");
    world.press("enter").sees("crossed");
    assert_eq!(world.state.screen, Screen::Records);
    world.press("u y").sees("taken back, exactly");
    assert_eq!(world.cell(LEAVES), before);
    world.press("v").sees("every row ever touched matches the journal");
    let request = audit::Request { depth: Level::Live, full: true };
    let outcome = world.with(|context, _| audit::run(context, &request)).unwrap();
    assert!(outcome.ok, "{:?}", outcome.journal.findings);
    let faces: Vec<String> = world.state.operations.lines.iter().map(|line| line.face.clone()).collect();
    assert_eq!(faces, ["tui", "tui"]);
}

#[test]
fn undo_and_redo_go_back_and_forth() {
    let mut world = World::new((80, 24));
    let before = world.cell(LEAVES);
    world.press(BREAK);
    let broken = world.cell(LEAVES);
    for _ in 0..2 {
        world.press("u y");
        assert_eq!(world.cell(LEAVES), before);
        world.press("U").sees("will be in effect again");
        world.press("y").sees("is in effect again");
        assert_eq!(world.cell(LEAVES), broken);
    }
    world.press("u y U esc");
    assert_eq!(world.cell(LEAVES), before);
}

#[test]
fn enter_is_no_yes_and_escape_is_a_no() {
    let mut world = World::new((80, 24));
    let entries = world.entries();
    world.press("3 enter down b enter right right a enter enter").sees("y: yes");
    world.press("esc").sees("nothing was written");
    assert_eq!(world.entries(), entries);
}

#[test]
fn a_critical_fault_is_committed_only_by_its_target_typed() {
    let mut world = World::new((120, 40));
    let entries = world.entries();
    world.press("3 enter down b down down down down enter a").sees("Type lab");
    world.press("y enter").sees("type exactly lab");
    world.press("backspace \"lab enter").sees("is committed");
    assert_eq!(world.entries(), entries + 2);
}

#[test]
fn what_others_wrote_meanwhile_stops_a_revert_and_every_way_says_what_it_does() {
    let mut world = World::new((120, 40));
    world.press(BREAK);
    let lab = rusqlite::Connection::open(world.lab()).unwrap();
    let changed = lab.execute("UPDATE TxFieldPoint SET A_Leaf_Set = x'0001' WHERE FLD_ID = 5002 AND Point = 0", []);
    assert_eq!(changed.unwrap(), 1);
    world.press("u y").sees("conflict");
    world.press("5 f5").sees("cannot be taken back now");
    world.press("x").sees("all rows or none").sees("overwrite what others wrote");
    world.press("down down down enter").sees("OVERWRITTEN").sees("Type lab");
    world.press("esc");
    assert_eq!(world.cell("SELECT A_Leaf_Set FROM TxFieldPoint WHERE FLD_ID = 5002 AND Point = 0"), [0, 1]);
}

#[test]
fn what_is_committed_is_what_was_seen() {
    let mut world = World::new((120, 40));
    world.press("3 enter down b enter right right a");
    let lab = rusqlite::Connection::open(world.lab()).unwrap();
    lab.execute("UPDATE TxFieldPoint SET Gantry_Ang = 7 WHERE FLD_ID = 5002 AND Point = 0", []).unwrap();
    let entries = world.entries();
    world.press("y").sees("changed since it was shown");
    assert_eq!(world.entries(), entries);
}

#[test]
fn a_field_that_cannot_show_it_is_exchanged_for_one_that_can() {
    let mut world = World::new((120, 40));
    world.press("3 enter b enter").sees("not eligible").sees("f takes the first record");
    world.press("f").sees("1 record, 1 row");
}

#[test]
fn read_only_greys_what_writes_and_does_none_of_it() {
    let mut world = World::new((120, 40));
    world.state.facts.read_only = true;
    let entries = world.entries();
    for script in ["3 enter down b", "u", "U", "R", "1 d", "4 a", "5 x"] {
        world.press(script).sees("read-only");
        assert!(world.state.overlay.is_none(), "{script}");
    }
    assert_eq!(world.entries(), entries);
    world.press("c").sees("All checks");
}

#[test]
fn a_drill_is_asked_about_and_can_be_stopped() {
    let mut world = World::new((120, 40));
    world.holds = vec![JobLane::Act];
    world.press("d").sees("Measure what the quality checks catch?");
    world.press("y").sees("drilling");
    assert!(matches!(world.held.as_slice(), [(_, Job::Drill)]));
    world.press("u").sees("drilling");
    assert!(world.state.overlay.is_none(), "nothing else is written meanwhile");
    let ticket = world.held[0].0;
    for (step, whole, done) in [("trying faults", true, 6), ("checking tables", false, 3)] {
        world.tell(mfm::tui::message::Message::Progress { ticket, step: step.into(), whole, done, total: 90 });
    }
    world.sees("drilling, fault 7 of 90: checking tables, 3 of 90");
    world.press("C-c").sees("(stopping)");
    assert!(world.outside.contains(&Effect::Cancel(ticket)));
    world.press("q");
    assert!(!world.outside.contains(&Effect::Quit), "it ends when the drill has ended");
    let failure = mfm::ops::Failure::new(mfm::ops::FailureKind::Interrupted, "interrupted", "interrupted", "");
    world.fail(&failure);
    assert!(world.outside.contains(&Effect::Quit));
}

#[test]
fn what_a_crash_left_open_is_recovered() {
    let mut world = World::new((120, 40));
    world.press("R").sees("nothing is open");
    world.holds = vec![JobLane::Status];
    world.state.status.as_mut().unwrap().open.push(mfm::ops::status::OpenLine {
        op: 1,
        target: "lab".into(),
        tool: "create_invalid_angles".into(),
        variant: "gantry".into(),
        state: "open",
        rows: 1,
    });
    world.press("R").sees("Ask the targets");
    world.press("y").sees("nothing was open");
}

#[test]
fn undo_takes_back_what_it_names_whatever_others_commit_meanwhile() {
    let mut world = World::new((120, 40));
    world.press("u").sees("nothing to take back");
    assert!(world.state.overlay.is_none());
    world.press(BREAK);
    world.press("u").sees("operation 1, corrupt_mlc_data negative_gap, of tester");
    let other = world.somebody_breaks();
    assert_eq!(other.op, Some(2));
    world.press("y").sees("operation 1 is taken back");
    let status = world.with(|context, _| mfm::ops::status::run(context)).unwrap();
    assert_eq!(status.active.iter().map(|active| active.op).collect::<Vec<_>>(), [2]);
}

#[test]
fn the_same_choice_shows_the_same_plan() {
    let mut world = World::new((120, 40));
    world.press("3 enter down b enter right right");
    let first = world.state.plan.preview.as_ref().unwrap().plan.clone();
    world.sees(&format!("seed={}", first.seed));
    world.press("right left");
    assert_eq!(world.state.plan.preview.as_ref().unwrap().plan.plan_digest, first.plan_digest);
}

#[test]
fn a_control_point_leads_to_the_faults_of_its_field() {
    let mut world = World::new((120, 40));
    world.press("3 enter down enter b").sees("on point").sees("Damaged MLC leaf sets, on field 5002");
}
