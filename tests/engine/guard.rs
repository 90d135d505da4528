//! What the guard takes nobody's word for: markers found, files moved onto marked paths, transactions of others, options
//! in plan files.

use std::path::Path;
use std::sync::{Arc, Mutex};

use mfm::model::ports::ConfirmAnswer;
use mfm::ops::targets::{add, mark, show};
use mfm::ops::{Context, apply, plan, recover, status};
use mfm::targets::faults::{Faults, WriteStep};
use mfm::targets::sqlite::SqliteTarget;
use mfm_journal::{Face, Journal, OperationVerdict};
use testutils::bomb;
use testutils::{World, dump_tables, request_angles, request_marking, request_sample, run_foreign_sql};

use super::crash::Rig;

fn gantry() -> plan::Request {
    request_sample("create_invalid_angles", "gantry", 1, 1)
}

fn adding(world: &World, name: &str) -> add::Request {
    add::Request { url: world.url(name), name: None, domain: None }
}

/// A clinic's database with a marker row that somebody forged for its path.
fn forged(world: &World) {
    let at = "UPDATE TrackTreatment SET Create_DtTm = '2026-11-20 08:00:00.000'";
    run_foreign_sql(world, at);
}

#[test]
fn k7_to_register_adopts_no_marker_and_lists_what_others_left() {
    let (world, other) = (World::with_lab(20), World::new());
    world.apply(gantry()).unwrap();
    let added = add::run(&other.context(), &adding(&world, "lab.db")).unwrap();
    assert_eq!(added.line.state, "unmarked");
    let id = Journal::open_read(&world.journal).unwrap().id();
    assert_eq!((added.foreign_operations[0].journal_id, added.foreign_operations[0].committed), (id, 1));
    let before = dump_tables(&world.path("lab.db"));
    let refused = other.apply(gantry()).unwrap_err();
    assert_eq!((refused.code.as_str(), refused.kind.exit_code()), ("unmarked", 3));
    assert_eq!(dump_tables(&world.path("lab.db")), before);
}

#[test]
fn k7_a_found_marker_is_adopted_by_the_questions_of_marking_and_keeps_its_id() {
    let (world, mut other) = (World::with_lab(20), World::new());
    forged(&world);
    add::run(&other.context(), &adding(&world, "lab.db")).unwrap();
    let mut request = request_marking("lab", "lab.db");
    let sign = mark::run(&other.context(), &request).unwrap_err();
    assert_eq!((sign.code.as_str(), format!("{:?}", sign.next).contains("recent-treatments")), ("live_clinic", true));
    request.overrides = vec!["recent-treatments".into()];
    request.confirm = Some("else.db".into());
    assert_eq!(mark::run(&other.context(), &request).unwrap_err().code, "wrong_name");
    request.confirm = None;
    other.answer_with(ConfirmAnswer::Nobody);
    assert_eq!(mark::run(&other.context(), &request).unwrap_err().code, "no_consent");
    assert_eq!(other.apply(gantry()).unwrap_err().code, "unmarked");
    request.confirm = Some("lab.db".into());
    let then = show::run(&world.context()).unwrap().marker;
    let marked = mark::run(&other.context(), &request).unwrap();
    assert!(marked.adopted);
    assert_eq!(show::run(&world.context()).unwrap().marker, then);
    let journal = Journal::open_read(&other.journal).unwrap();
    let entry = journal.read_entry(journal.head().seq).unwrap().unwrap();
    assert_eq!((entry.body["adopted"].as_bool(), entry.body["overrides"][0].as_str()), (Some(true), Some(SIGN)));
    other.answer_with(ConfirmAnswer::Yes);
    other.apply(gantry()).unwrap();
}

const SIGN: &str = "recent-treatments";

/// Leaves in `onto` what a crash in the middle of a transaction on `from` leaves.
fn crash(from: &Path, onto: &Path) {
    let connection = rusqlite::Connection::open(from).unwrap();
    connection
        .execute_batch(
            "PRAGMA cache_size = 1; BEGIN; UPDATE TxFieldPoint SET Gantry_Ang = 1; CREATE TABLE filler(v);
             INSERT INTO filler WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
               SELECT zeroblob(1000) FROM n;",
        )
        .unwrap();
    for suffix in ["", "-journal"] {
        let name = |path: &Path| format!("{}{suffix}", path.display());
        std::fs::copy(name(from), name(onto)).unwrap();
    }
}

fn bytes(world: &World) -> (Vec<u8>, bool) {
    (std::fs::read(world.path("lab.db")).unwrap(), world.path("lab.db-journal").exists())
}

#[test]
fn k7_recover_rolls_back_in_marked_targets_after_consent_and_by_a_person() {
    let mut world = World::with_lab(20);
    let clean = dump_tables(&world.path("lab.db"));
    std::fs::copy(world.path("lab.db"), world.path("source.db")).unwrap();
    crash(&world.path("source.db"), &world.path("lab.db"));
    let crashed = bytes(&world);
    let run = |context: &Context<'_>| recover::run(context, &recover::Request::default()).unwrap();
    // An agent, whatever was consented to.
    let context = world.context();
    assert!(run(&Context { face: Face::Mcp, ..context }).rolled_back.is_empty());
    assert_eq!(bytes(&world), crashed);
    for (answer, code) in [(ConfirmAnswer::Nobody, "no_consent"), (ConfirmAnswer::No, "no_consent")] {
        world.answer_with(answer);
        let left = run(&world.context());
        assert_eq!((left.rolled_back.len(), left.failure.unwrap().code.as_str()), (0, code));
        assert_eq!(bytes(&world), crashed);
    }
    world.answer_with(ConfirmAnswer::Yes);
    assert_eq!(run(&world.context()).rolled_back, ["lab"]);
    assert_eq!(dump_tables(&world.path("lab.db")), clean);
}

#[test]
fn k7_recover_leaves_a_file_alone_that_is_not_marked_or_is_another_one() {
    let mut world = World::with_lab(20);
    std::fs::copy(world.path("lab.db"), world.path("source.db")).unwrap();
    run_foreign_sql(&world, "DROP TABLE mfm_marker");
    // Registered, and not marked.
    std::fs::copy(world.path("lab.db"), world.path("clinic.db")).unwrap();
    add::run(&world.context(), &adding(&world, "clinic.db")).unwrap();
    // At the path of a marked target, and without its marker.
    std::fs::copy(world.path("lab.db"), world.path("bare.db")).unwrap();
    for (from, onto) in [("bare.db", "clinic.db"), ("clinic.db", "lab.db")] {
        std::fs::remove_file(world.path("clinic.db")).unwrap();
        std::fs::copy(world.path("bare.db"), world.path("clinic.db")).unwrap();
        crash(&world.path(from), &world.path(onto));
        let then = std::fs::read(world.path(onto)).unwrap();
        world.target = None;
        assert!(recover::run(&world.context(), &recover::Request::default()).unwrap().rolled_back.is_empty());
        world.target = Some(onto.trim_end_matches(".db").into());
        let named = recover::run(&world.context(), &recover::Request::default()).unwrap();
        assert_eq!(named.failure.unwrap().code, "target_needs_recovery", "{onto}");
        assert_eq!(std::fs::read(world.path(onto)).unwrap(), then, "{onto}");
        assert!(world.path(&format!("{onto}-journal")).exists(), "{onto}");
        std::fs::remove_file(world.path(&format!("{onto}-journal"))).unwrap();
    }
}

/// The copy holds the marker, id and path, and everything else that a byte copy takes along.
#[test]
fn k7_a_byte_copy_moved_onto_a_marked_path_is_not_the_target() {
    let mut world = World::with_lab(20);
    std::fs::copy(world.path("lab.db"), world.path("other.db")).unwrap();
    let copy = rusqlite::Connection::open(world.path("other.db")).unwrap();
    copy.execute_batch("UPDATE TxFieldPoint SET Couch_Vrt = 12.5").unwrap();
    copy.close().unwrap();
    std::fs::rename(world.path("other.db"), world.path("lab.db")).unwrap();
    let then = std::fs::read(world.path("lab.db")).unwrap();
    let refused = world.apply(gantry()).unwrap_err();
    assert_eq!((refused.code.as_str(), refused.kind.exit_code()), ("target_replaced", 4));
    assert_eq!(status::run(&world.context()).unwrap().targets[0].state, "target_replaced");
    assert_eq!(std::fs::read(world.path("lab.db")).unwrap(), then);
    // Whoever put it there on purpose says so, by the name and past the signs, and goes on.
    world.answer_with(ConfirmAnswer::Nobody);
    let moved = mark::Request { moved: true, confirm: None, ..request_marking("lab", "") };
    assert_eq!(mark::run(&world.context(), &moved).unwrap_err().code, "no_consent");
    mark::run(&world.context(), &mark::Request { confirm: Some("lab.db".into()), ..moved }).unwrap();
    world.answer_with(ConfirmAnswer::Yes);
    world.apply(gantry()).unwrap();
    world.revert(&[1]).unwrap();
}

/// A marker as the first release put it knows the path alone.
fn first_release(world: &World) {
    let mut target = mfm::targets::open_url(&world.url("lab.db"), Default::default(), world.secrets.as_ref()).unwrap();
    let mut marker = target.read_marker().unwrap().unwrap();
    marker.bound.retain(|name, _| name == "path");
    target.open_writer(200).unwrap().mark(&marker).unwrap();
    let mut journal = Journal::open(&world.journal).unwrap();
    let lock = journal.lock(&world.context().holder).unwrap();
    let body = serde_json::json!({"name": "lab", "url": world.url("lab.db"), "identity": marker.identity(),
        "marker_id": marker.marker_id, "bound": marker.bound, "overrides": [], "lab": true, "moved_from": null});
    journal.append(&lock, &world.context().stamp(), "target_marked", body).unwrap();
}

#[test]
fn k7_a_marker_of_the_first_release_is_taken_and_bound_more_tightly_on_demand() {
    let world = World::with_lab(20);
    first_release(&world);
    world.apply(gantry()).unwrap();
    let moved = mark::Request { moved: true, ..request_marking("lab", "lab.db") };
    mark::run(&world.context(), &moved).unwrap();
    assert!(show::run(&world.context()).unwrap().marker.unwrap().bound.len() > 1);
    assert_eq!(mark::run(&world.context(), &moved).unwrap_err().code, "not_moved");
    assert!(world.revert(&[1]).unwrap().operations[0].exact);
}

#[test]
fn k7_what_a_plan_file_permits_is_under_its_digest() {
    let world = World::with_lab(20);
    let file = world.path("plan.json");
    let request =
        plan::Request { output: Some(file.clone()), ..request_sample("create_invalid_angles", "gantry", 2, 1) };
    let (planned, _) = plan::run(&world.context(), &request).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let run = || apply::run(&world.context(), &apply::Source::File(file.clone()), false, &mut |_| {});
    for (was, is) in [
        ("\"disable_triggers\": false", "\"disable_triggers\": true"),
        ("\"beside_journal\": []", "\"beside_journal\": [\"x\"]"),
        ("\"max_rows\": null", "\"max_rows\": 20000"),
    ] {
        assert!(text.contains(was), "{text}");
        std::fs::write(&file, text.replace(was, is)).unwrap();
        assert_eq!(run().unwrap_err().code, "stale", "{is}");
        // A file of the first release: its digest vouches for none of them.
        let old = text.replace(was, is).replace("mfm/plan-file/2", "mfm/plan-file/1");
        std::fs::write(&file, old).unwrap();
        let refused = run().unwrap_err();
        assert!(refused.code == "stale" && refused.message.contains("earlier mfm"), "{refused:?}");
    }
    std::fs::write(&file, text.replace("mfm/plan-file/2", "mfm/plan-file/1")).unwrap();
    assert_eq!(run().unwrap().plan.plan_digest, planned.plan_digest);
}

#[test]
fn k7_what_was_permitted_changes_the_digest_and_is_journaled() {
    let world = World::with_lab(20);
    let plain = plan::run(&world.context(), &gantry()).unwrap().0.plan_digest;
    let mut usual = gantry();
    usual.options.max_rows = Some(plan::ROWS_MAX);
    assert_eq!(plan::run(&world.context(), &usual).unwrap().0.plan_digest, plain);
    let mut more = gantry();
    (more.options.disable_triggers, more.options.max_rows) = (true, Some(u64::MAX));
    let planned = plan::run(&world.context(), &more).unwrap().0.plan_digest;
    assert_ne!(planned, plain);
    assert_eq!(world.apply(more).unwrap().plan.plan_digest, planned);
    let operation = Journal::open_read(&world.journal).unwrap().read_operation(1).unwrap().unwrap();
    assert_eq!(operation.detail["permits"]["disable_triggers"], true);
    assert_eq!(world.apply(request_angles(field(&world), "400")).unwrap().op, Some(2));
    let operation = Journal::open_read(&world.journal).unwrap().read_operation(2).unwrap().unwrap();
    assert!(!operation.detail.contains_key("permits"));
}

fn field(world: &World) -> i64 {
    let sql = "SELECT FLD_ID FROM TxFieldPoint GROUP BY 1 HAVING count(*) > 8 ORDER BY 1 DESC LIMIT 1";
    world.open_foreign().query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Moves the target away when a step is reached.
struct MovesAway(std::path::PathBuf, WriteStep, bool);

impl Faults for MovesAway {
    fn allow_step(&mut self, step: WriteStep) -> Result<(), String> {
        if step == self.1 && self.0.exists() {
            std::fs::rename(&self.0, self.0.with_file_name("away.db")).unwrap();
            if self.2 {
                std::fs::copy(self.0.with_file_name("away.db"), &self.0).unwrap();
            }
        }
        Ok(())
    }
}

/// Applies while the target moves away at a step, with a byte copy left in its place or nothing.
fn apply_moving(rig: &Rig, step: WriteStep, replaced: bool) -> mfm::engine::EngineError {
    let path = rig.world.path("lab.db");
    let mut journal = Journal::open(&rig.world.journal).unwrap();
    let mut target = SqliteTarget::open(&path, Default::default()).unwrap();
    target.set_faults(Arc::new(Mutex::new(MovesAway(path, step, replaced))));
    let context = rig.world.context();
    bomb::apply_three_rows(&mut context.engine(&mut journal, &mut target, "lab")).unwrap_err()
}

fn verdict(rig: &Rig) -> Option<OperationVerdict> {
    Journal::open_read(&rig.world.journal).unwrap().read_operation(1).unwrap().unwrap().verdict
}

#[test]
fn k9_a_target_renamed_away_before_the_commit_is_rolled_back() {
    for step in [WriteStep::Begun, WriteStep::Uid, WriteStep::Row, WriteStep::ReadBack, WriteStep::BeforeCommit] {
        for replaced in [false, true] {
            let rig = Rig::new();
            let refused = apply_moving(&rig, step, replaced);
            let codes = ["target_replaced", "target_absent", "marked_elsewhere"];
            assert!(codes.contains(&refused.code()), "{step:?}: {refused}");
            assert_eq!(verdict(&rig), Some(OperationVerdict::Failed), "{step:?}");
            assert_eq!(dump_tables(&rig.world.path("away.db")), rig.before, "{step:?}");
        }
    }
}

#[test]
fn k9_a_target_renamed_away_with_the_commit_is_left_open_and_closed_where_it_is_found() {
    for replaced in [false, true] {
        let rig = Rig::new();
        let left = apply_moving(&rig, WriteStep::AfterCommit, replaced);
        assert_eq!(left.code(), "left_open");
        assert_eq!(verdict(&rig), None);
        let stays = recover::run(&rig.world.context(), &recover::Request::default()).unwrap();
        assert!(stays.left_open() && stays.failure.unwrap().kind.exit_code() == 4);
        std::fs::rename(rig.world.path("away.db"), rig.world.path("lab.db")).unwrap();
        let closed = recover::run(&rig.world.context(), &recover::Request::default()).unwrap();
        assert_eq!(closed.operations[0].state, "applied");
        rig.settles("found again");
    }
}
