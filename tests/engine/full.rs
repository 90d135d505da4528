//! A full disk at each step, on either side, and several processes at once.

use std::collections::BTreeMap;

use mfm::engine::EngineError;
use mfm::ops::status;
use mfm::targets::sqlite::SqliteTarget;
use mfm_journal::Journal;
use testutils::bomb::{apply_three_rows, revert_all};
use testutils::{World, dump_tables, request_sample};

use super::crash::Rig;

/// Runs an operation with so many pages of room in the journal and in the target (0: no limit).
fn squeezed<T>(
    rig: &Rig,
    journal_pages: u32,
    target_pages: u32,
    run: impl FnOnce(&mut mfm::engine::Engine<'_>) -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    let mut journal = Journal::open(&rig.world.journal).unwrap();
    let mut target = SqliteTarget::open(&rig.world.path("lab.db"), BTreeMap::new()).unwrap();
    if journal_pages > 0 {
        journal.limit_pages(journal_pages);
    }
    if target_pages > 0 {
        target.limit_pages(target_pages);
    }
    let context = rig.world.context();
    let mut engine = context.engine(&mut journal, &mut target, "lab");
    run(&mut engine)
}

/// Makes the rows so large that a change needs pages of its own on both sides.
fn heavy() -> Rig {
    let rig = Rig::new();
    testutils::run_foreign_sql(
        &rig.world,
        "CREATE TABLE TxField (FLD_ID int); CREATE TABLE filler (x); INSERT INTO filler VALUES (zeroblob(3000))",
    );
    Rig { before: dump_tables(&rig.world.path("lab.db")), ..rig }
}

fn pages(path: &std::path::Path) -> u32 {
    rusqlite::Connection::open(path).unwrap().query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap()
}

/// Torture 25.
#[test]
fn torture_25_the_journal_s_disk_is_full() {
    let mut failures = 0;
    for room in 0..12 {
        let rig = heavy();
        // Filled to the brim first, so that the next entry needs a page of its own sooner or later.
        let limit = pages(&rig.world.journal) + room;
        let mut applied = 0;
        let code = loop {
            let done = squeezed(&rig, limit, 0, |engine| apply_three_rows(engine).and_then(|_| revert_all(engine)));
            match done {
                Ok(()) => applied += 1,
                Err(error) => break error.code().to_owned(),
            }
            assert!(applied < 200, "the limit of {limit} pages never bit");
        };
        assert!(["journal_full", "left_open"].contains(&code.as_str()), "{code}");
        failures += 1;
        rig.settles(&format!("journal of {limit} pages"));
    }
    assert_eq!(failures, 12);
}

/// A target without room: rolled back, sealed as failed, and nothing changed.
#[test]
fn torture_25_the_target_s_disk_is_full() {
    let rig = heavy();
    testutils::run_foreign_sql(&rig.world, "UPDATE t SET b = hex(zeroblob(1500))");
    let before = dump_tables(&rig.world.path("lab.db"));
    let limit = pages(&rig.world.path("lab.db"));
    let fill = |engine: &mut mfm::engine::Engine<'_>| testutils::bomb::set_text(engine, &"w".repeat(20_000));
    let error = squeezed(&rig, 0, limit, fill).unwrap_err();
    assert_eq!(error.code(), "target_full");
    assert_eq!(dump_tables(&rig.world.path("lab.db")), before);
    let operation = Journal::open_read(&rig.world.journal).unwrap().read_operation(1).unwrap().unwrap();
    assert_eq!(operation.verdict, Some(mfm_journal::OperationVerdict::Failed));
    assert!(!status::run(&rig.world.context()).unwrap().is_disturbed());
    squeezed(&rig, 0, 0, fill).unwrap();
}

/// Torture 27: several writers at once; each operation is whole, in one order, and every one can be taken back.
#[test]
fn torture_27_several_writers_at_once() {
    let world = World::with_lab(20);
    let before = dump_tables(&world.path("lab.db"));
    let (journal, url) = (world.journal.clone(), world.url("lab.db"));
    std::thread::scope(|scope| {
        for writer in 0..3 {
            let (journal, url) = (journal.clone(), url.clone());
            scope.spawn(move || {
                let mut own = World::new();
                (own.journal, own.target) = (journal, Some(url));
                let mut done = 0;
                for attempt in 0..200 {
                    let request =
                        request_sample("create_duplicate_treatment", "same_field", 1, writer * 1000 + attempt);
                    match own.apply(request) {
                        Ok(_) => done += 1,
                        // A plan that another writer overtook is stale; a busy journal or target is tried again.
                        Err(failure) => assert!(
                            ["stale", "journal_busy", "target_busy", "recover_first", "constraint"]
                                .contains(&failure.code.as_str()),
                            "{failure:?}"
                        ),
                    }
                    if done == 5 {
                        break;
                    }
                }
                assert_eq!(done, 5);
            });
        }
    });
    let status = status::run(&world.context()).unwrap();
    assert_eq!((status.active.len(), status.open.len()), (15, 0));
    let all = mfm::ops::revert::Request { all: true, ..Default::default() };
    let back = mfm::ops::revert::run(&world.context(), &all).unwrap();
    assert!(back.operations.iter().all(|line| line.exact));
    assert_eq!(dump_tables(&world.path("lab.db")), before);
}
