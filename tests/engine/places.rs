//! Targets that are unmarked, copied, moved, replaced or restored, and journals beside each other or behind.

use mfm::ops::targets::{add, mark, remove, unmark};
use mfm::ops::{apply, audit, recover, revert, status};
use testutils::{World, dump_tables, request_marking, request_sample};

fn gantry() -> mfm::ops::plan::Request {
    request_sample("create_invalid_angles", "gantry", 1, 1)
}

fn reverting(operations: &[u64]) -> revert::Request {
    revert::Request { operations: operations.to_vec(), ..Default::default() }
}

#[test]
fn an_unmarked_database_is_refused_and_a_copy_is_unmarked() {
    let mut world = World::with_lab(20);
    std::fs::copy(world.path("lab.db"), world.path("copy.db")).unwrap();
    add::run(&world.context(), &add::Request { url: world.url("copy.db"), name: None, domain: None }).unwrap();
    world.target = Some("copy".into());
    let failure = world.apply(gantry()).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.kind.exit_code()), ("marked_elsewhere", 3));
    let wrong = mark::run(&world.context(), &request_marking("copy", "lab.db")).unwrap_err();
    assert_eq!(wrong.code, "wrong_name");
    mark::run(&world.context(), &request_marking("copy", "copy.db")).unwrap();
    world.apply(gantry()).unwrap();
    world.open_foreign().execute_batch("DROP TABLE mfm_marker; DROP TABLE mfm_operation").unwrap();
    world.target = Some("lab".into());
    assert_eq!(world.apply(gantry()).unwrap_err().code, "unmarked");
}

#[test]
fn a_live_clinic_is_refused_by_each_sign() {
    let world = World::with_lab(20);
    std::fs::copy(world.path("lab.db"), world.path("MOSAIQ.db")).unwrap();
    rusqlite::Connection::open(world.path("MOSAIQ.db"))
        .unwrap()
        .execute(
            "UPDATE TrackTreatment SET Create_DtTm = '2026-11-20 08:00:00.000' WHERE TTX_ID = \
                  (SELECT max(TTX_ID) FROM TrackTreatment)",
            [],
        )
        .unwrap();
    let url = world.url("MOSAIQ.db");
    let mut request = request_marking(&url, "MOSAIQ.db");
    let sign = |request: &mark::Request| mark::run(&world.context(), request).unwrap_err();
    assert!(format!("{:?}", sign(&request).next).contains("name-mosaiq"));
    request.overrides = vec!["name-mosaiq".into()];
    assert_eq!(sign(&request).code, "live_clinic");
    assert!(format!("{:?}", sign(&request).next).contains("recent-treatments"));
    request.overrides.push("recent-treatments".into());
    let marked = mark::run(&world.context(), &request).unwrap();
    assert_eq!(marked.overrides.len(), 2);
    let journal = mfm_journal::Journal::open_read(&world.journal).unwrap();
    let last = journal.read_entry(journal.head().seq).unwrap().unwrap();
    assert_eq!(last.body["overrides"][1], "recent-treatments");
}

#[test]
fn a_moved_target_is_rebound_with_its_operations() {
    let mut world = World::with_lab(20);
    let before = dump_tables(&world.path("lab.db"));
    world.apply(gantry()).unwrap();
    std::fs::copy(world.path("lab.db"), world.path("copy.db")).unwrap();
    let mut request = request_marking(&world.url("copy.db"), "copy.db");
    request.moved = true;
    assert_eq!(mark::run(&world.context(), &request).unwrap_err().code, "target_replaced");
    std::fs::remove_file(world.path("copy.db")).unwrap();
    std::fs::rename(world.path("lab.db"), world.path("moved.db")).unwrap();
    assert_eq!(revert::run(&world.context(), &reverting(&[1])).unwrap_err().code, "target_absent");
    let mut request = request_marking(&world.url("moved.db"), "moved.db");
    request.moved = true;
    mark::run(&world.context(), &request).unwrap();
    world.target = Some("lab".into());
    assert!(revert::run(&world.context(), &reverting(&[1])).unwrap().operations[0].exact);
    assert_eq!(dump_tables(&world.path("moved.db")), before);
}

/// Marking it anew under another name would cut its operations off from every way back.
#[test]
fn a_moved_target_with_active_operations_is_not_marked_anew() {
    let world = World::with_lab(20);
    world.apply(gantry()).unwrap();
    std::fs::rename(world.path("lab.db"), world.path("moved.db")).unwrap();
    let mut request = request_marking(&world.url("moved.db"), "moved.db");
    request.name = Some("other".into());
    let failure = mark::run(&world.context(), &request).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.kind.exit_code()), ("looks_moved", 3));
    assert!(format!("{:?}", failure.next).contains("Moved"));
    std::fs::copy(world.path("moved.db"), world.path("lab.db")).unwrap();
    mark::run(&world.context(), &request).unwrap();
}

/// Somebody takes mfm's own tables away, or empties one: what it did is still there, and has to be taken back.
#[test]
fn a_record_that_somebody_removed_is_put_back_and_the_faults_with_it() {
    for removed in ["DROP TABLE mfm_marker; DROP TABLE mfm_operation", "DELETE FROM mfm_operation"] {
        let world = World::with_lab(20);
        let before = dump_tables(&world.path("lab.db"));
        world.apply(gantry()).unwrap();
        world.apply(request_sample("create_invalid_angles", "collimator", 1, 2)).unwrap();
        world.revert(&[2]).unwrap();
        world.open_foreign().execute_batch(removed).unwrap();
        let refused = revert::run(&world.context(), &reverting(&[1])).unwrap_err();
        assert!(["unmarked", "target_replaced"].contains(&refused.code.as_str()), "{refused:?}");
        let gone =
            recover::Request { word: Some(recover::As::Gone), confirm: Some("lab".into()), ..Default::default() };
        assert_eq!(recover::run(&world.context(), &gone).unwrap_err().code, "records_lost");
        let mut request = request_marking("lab", "lab.db");
        assert_eq!(mark::run(&world.context(), &request).unwrap_err().code, "records_lost");
        request.records_lost = true;
        assert_eq!(mark::run(&world.context(), &request).unwrap().records, [1, 2, 3], "{removed}");
        world.revert(&[1]).unwrap();
        assert_eq!(dump_tables(&world.path("lab.db")), before);
        let verify = audit::Request { depth: audit::Level::Live, full: true };
        assert!(audit::run(&world.context(), &verify).unwrap().ok);
    }
}

/// Where the rows are not as the operations left them, the database was restored, and there is nothing to put back.
#[test]
fn no_record_is_put_back_of_what_a_restore_undid() {
    let world = World::with_lab(20);
    std::fs::copy(world.path("lab.db"), world.path("backup.db")).unwrap();
    world.apply(gantry()).unwrap();
    std::fs::copy(world.path("backup.db"), world.path("lab.db")).unwrap();
    let request = mark::Request { records_lost: true, ..request_marking("lab", "lab.db") };
    assert_eq!(mark::run(&world.context(), &request).unwrap_err().code, "still_active");
    let gone = recover::Request { word: Some(recover::As::Gone), ..Default::default() };
    assert_eq!(recover::run(&world.context(), &gone).unwrap().operations[0].state, "gone");
}

#[test]
fn a_word_that_overrides_nothing_is_refused_and_only_signs_that_were_met_are_journaled() {
    let world = World::with_lab(20);
    let overriding = |word: &str| mark::Request { overrides: vec![word.into()], ..request_marking("lab", "lab.db") };
    assert_eq!(mark::run(&world.context(), &overriding("bogus")).unwrap_err().code, "override");
    assert!(mark::run(&world.context(), &overriding("name-mosaiq")).unwrap().overrides.is_empty());
}

/// A second journal that marks a marked target takes it over as it is; a new marker would strand the first.
#[test]
fn k7_a_second_journal_marks_by_the_marker_that_is_there() {
    let (world, other) = (World::with_lab(20), World::new());
    let before = dump_tables(&world.path("lab.db"));
    world.apply(gantry()).unwrap();
    let mut request = request_marking(&world.url("lab.db"), "lab.db");
    let marked = mark::run(&other.context(), &request).unwrap();
    assert!(marked.adopted);
    let known = mfm_journal::Journal::open_read(&world.journal).unwrap().state().targets["lab"].identity;
    assert_eq!(Some(marked.identity), known);
    world.revert(&[1]).unwrap();
    assert_eq!(dump_tables(&world.path("lab.db")), before);
    request.overrides = vec!["foreign-operations".into()];
    assert!(!mark::run(&other.context(), &request).unwrap().adopted);
}

#[test]
fn a_target_restored_from_before_the_fault_is_replaced_until_written_off() {
    let world = World::with_lab(20);
    std::fs::copy(world.path("lab.db"), world.path("backup.db")).unwrap();
    world.apply(gantry()).unwrap();
    std::fs::copy(world.path("backup.db"), world.path("lab.db")).unwrap();
    for failure in [world.apply(gantry()).unwrap_err(), revert::run(&world.context(), &reverting(&[1])).unwrap_err()] {
        assert_eq!((failure.code.as_str(), failure.kind.exit_code()), ("target_replaced", 4));
    }
    let request = recover::Request { word: Some(recover::As::Gone), ..Default::default() };
    let gone = recover::run(&world.context(), &request).unwrap();
    assert_eq!((gone.operations[0].op, gone.operations[0].state.as_str()), (1, "gone"));
    assert!(!status::run(&world.context()).unwrap().is_disturbed());
    let again = world.apply(gantry()).unwrap();
    assert_eq!(again.op, Some(2));
    world.revert(&[2]).unwrap();
    let verify = audit::Request { depth: audit::Level::Live, full: true };
    assert!(audit::run(&world.context(), &verify).unwrap().ok);
}

/// The backup holds the fault, and the revert is lost: the fault is active again and can be taken back again.
#[test]
fn a_lost_revert_makes_its_rows_active_again() {
    let world = World::with_lab(20);
    let before = dump_tables(&world.path("lab.db"));
    world.apply(gantry()).unwrap();
    std::fs::copy(world.path("lab.db"), world.path("backup.db")).unwrap();
    world.revert(&[1]).unwrap();
    std::fs::copy(world.path("backup.db"), world.path("lab.db")).unwrap();
    assert_eq!(world.apply(gantry()).unwrap_err().code, "target_replaced");
    let request = recover::Request { word: Some(recover::As::Gone), ..Default::default() };
    recover::run(&world.context(), &request).unwrap();
    let active: Vec<u64> = status::run(&world.context()).unwrap().active.iter().map(|active| active.op).collect();
    assert_eq!(active, [1]);
    assert!(world.revert(&[1]).unwrap().operations[0].exact);
    assert_eq!(dump_tables(&world.path("lab.db")), before);
}

#[test]
fn a_deleted_target_is_written_off_by_name() {
    let world = World::with_lab(20);
    world.apply(gantry()).unwrap();
    std::fs::remove_file(world.path("lab.db")).unwrap();
    assert_eq!(world.apply(gantry()).unwrap_err().code, "target_absent");
    assert_eq!(remove::run(&world.context()).unwrap_err().code, "still_active");
    let wrong =
        recover::Request { word: Some(recover::As::Gone), confirm: Some("lab.db".into()), ..Default::default() };
    assert_eq!(recover::run(&world.context(), &wrong).unwrap_err().code, "wrong_name");
    let request = recover::Request { word: Some(recover::As::Gone), confirm: Some("lab".into()), ..Default::default() };
    assert_eq!(recover::run(&world.context(), &request).unwrap().operations.len(), 1);
    remove::run(&world.context()).unwrap();
}

/// Torture 27: two journals on one target.
#[test]
fn two_journals_on_one_target() {
    let world = World::with_lab(20);
    let mut other = World::new();
    other.target = None;
    mark::run(&other.context(), &request_marking(&world.url("lab.db"), "lab.db")).unwrap();
    world.apply(gantry()).unwrap();
    let failure = other.apply(request_sample("delete_control_points", "single_gap", 1, 1)).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.kind.exit_code()), ("foreign_operation", 3));
    let id = mfm_journal::Journal::open_read(&world.journal).unwrap().id().to_string();
    let mut beside = request_sample("delete_control_points", "single_gap", 1, 1);
    beside.options.beside_journal = vec![id.clone()];
    other.apply(beside).unwrap();
    let status = status::run(&other.context()).unwrap();
    assert_eq!((status.foreign_operations[0].journal_id.to_string(), status.foreign_operations[0].operations), (id, 1));
    // Each journal takes back its own, and neither unmarks beside the other.
    other.revert(&[1]).unwrap();
    world.revert(&[1]).unwrap();
    assert_eq!(unmark::run(&other.context()).unwrap_err().code, "foreign_operation");
}

/// Torture 26: the journal lost its tail, or was forked.
#[test]
fn torture_26_a_journal_without_its_tail_writes_nothing() {
    let world = World::with_lab(20);
    let copy = world.path("older.db");
    std::fs::copy(&world.journal, &copy).unwrap();
    world.apply(gantry()).unwrap();
    let mut older = World::new();
    older.journal = copy;
    older.target = Some("lab".into());
    let failure = older.apply(gantry()).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.kind.exit_code()), ("journal_behind", 5));
    let verify = audit::Request { depth: audit::Level::Live, full: false };
    assert!(!audit::run(&older.context(), &verify).unwrap().ok);
}

#[test]
fn unmark_and_remove_wait_for_the_last_revert() {
    let world = World::with_lab(20);
    world.apply(gantry()).unwrap();
    assert_eq!(unmark::run(&world.context()).unwrap_err().code, "still_active");
    assert_eq!(mark::run(&world.context(), &request_marking("lab", "lab.db")).unwrap_err().code, "still_active");
    world.revert(&[1]).unwrap();
    unmark::run(&world.context()).unwrap();
    let tables: i64 = world
        .open_foreign()
        .query_row("SELECT count(*) FROM sqlite_master WHERE name LIKE 'mfm%'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(tables, 0);
    assert_eq!(world.apply(gantry()).unwrap_err().code, "unmarked");
    remove::run(&world.context()).unwrap();
    assert_eq!(world.apply(gantry()).unwrap_err().code, "no_target");
}

/// A plan made before a new marking is stale: the identity is another.
#[test]
fn a_plan_for_another_marking_is_stale() {
    let world = World::with_lab(20);
    let file = world.path("plan.json");
    let mut request = gantry();
    request.output = Some(file.clone());
    mfm::ops::plan::run(&world.context(), &request).unwrap();
    mark::run(&world.context(), &request_marking("lab", "lab.db")).unwrap();
    let failure = apply::run(&world.context(), &apply::Source::File(file), false, &mut |_| {}).unwrap_err();
    assert_eq!(failure.code, "stale");
}
