//! The public mock: the committed excerpt in its format always, the whole of it where `MFM_TEST_MOCK` names it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use mfm::domain::mode::{Mode, ModeGroup};
use mfm::domains::mosaiq::modes::MODES;
use mfm::ops::lab::import;
use mfm::ops::{apply, audit, plan, revert};
use testutils::{World, dump_tables, request_samples};

fn import(world: &World, source: PathBuf) -> import::Outcome {
    let request = import::Request { source, url: world.url("lab.db"), domain: None, name: None, overrides: Vec::new() };
    import::run(&world.context(), &request).unwrap()
}

/// Applies a fault; `None` for a plausible one where the mock lacks tables, columns or records that it relates.
fn apply_where_possible(world: &World, mode: &dyn Mode, request: plan::Request) -> Option<apply::Outcome> {
    match world.apply(request) {
        Err(refused) if mode.card().group == ModeGroup::Plausible => {
            let lacking = ["none_eligible", "too_few_eligible", "missing_table", "missing_column"];
            assert!(lacking.contains(&refused.code.as_str()), "{}: {refused:?}", mode.card().tool);
            None
        }
        Ok(applied) => Some(applied),
        Err(refused) => panic!("{}: {refused:?}", mode.card().tool),
    }
}

/// Commits and takes back every variant, `count` records each where there are so many, and audits at the end; a fault
/// in a table that the mock lacks is refused by the table's name.
fn there_and_back(world: &World, made: &import::Outcome, count: u64, seeds: u64) {
    let before = dump_tables(&world.path("lab.db"));
    let has = |table: &str| made.made.tables.contains_key(table);
    let mut lacking = BTreeSet::new();
    for mode in MODES {
        for variant in mode.card().variants {
            for (table, request) in (0..seeds).flat_map(|seed| request_samples(*mode, variant.word, count, seed)) {
                if !has(table) {
                    let refused = world.apply(request).unwrap_err();
                    assert_eq!(refused.code, "missing_table");
                    assert_eq!(refused.message, format!("the target has no table {table}"));
                    lacking.insert(table);
                    continue;
                }
                let Some(applied) = apply_where_possible(world, *mode, request) else { continue };
                assert_ne!(dump_tables(&world.path("lab.db")), before);
                let back = world.revert(&[applied.op.unwrap()]).unwrap();
                assert!(back.operations[0].exact);
                assert_eq!(dump_tables(&world.path("lab.db")), before, "{}", variant.word);
            }
            for (_, request) in
                request_samples(*mode, variant.word, count, 99).into_iter().filter(|(table, _)| has(table))
            {
                if apply_where_possible(world, *mode, request).is_none() {
                    continue;
                }
                revert::run(&world.context(), &revert::Request { last: true, ..Default::default() }).unwrap();
            }
        }
    }
    assert_eq!(lacking, BTreeSet::from(["Dose_Hst", "Offset"]));
    let request = audit::Request { depth: audit::Level::Live, full: true };
    let audited = audit::run(&world.context(), &request).unwrap();
    assert!(audited.ok, "{audited:#?}");
    assert_eq!(dump_tables(&world.path("lab.db")), before);
}

#[test]
fn the_excerpt_is_imported_cell_by_cell() {
    let world = World::new();
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/mock");
    let outcome = import(&world, source);
    assert!(outcome.cells_proved > 100);
    // It has the form of the public mock, and is not it: it may be anybody's.
    assert!(
        !outcome.synthetic
            && !mfm::ops::synthetic::is_synthetic(&world.context().open_journal().unwrap(), "lab").unwrap()
    );
    let left_out: usize = outcome.reports.iter().map(|report| report.left_out.len()).sum();
    assert!(left_out > 0, "the excerpt repeats a Staff_ID");
    for report in &outcome.reports {
        assert_eq!(report.rows_read, report.rows_kept + report.left_out.len() as u64, "{}", report.table);
        assert_eq!(outcome.made.tables.get(&report.table), Some(&report.rows_kept));
    }
    there_and_back(&world, &outcome, 1, 2);
}

#[test]
fn k8_an_import_that_may_be_somebodys_is_asked_for_signs_of_a_live_clinic() {
    let world = World::new();
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/mock");
    let request = |overrides: &[&str]| import::Request {
        domain: None,
        source: source.clone(),
        url: world.url("MOSAIQ.db"),
        name: None,
        overrides: overrides.iter().map(|word| (*word).to_owned()).collect(),
    };
    let refused = import::run(&world.context(), &request(&[])).unwrap_err();
    assert_eq!(refused.code, "live_clinic");
    assert!(!world.path("MOSAIQ.db").exists() && world.context().open_journal().unwrap().state().targets.is_empty());
    let unknown = import::run(&world.context(), &request(&["whatever"])).unwrap_err();
    assert_eq!(unknown.code, "override");
    let outcome = import::run(&world.context(), &request(&["name-mosaiq"])).unwrap();
    assert!(!outcome.synthetic && world.path("MOSAIQ.db").exists());
    let mut overrides = Vec::new();
    let mut keep = |entry: mfm_journal::Entry| {
        overrides.extend(entry.body.get("overrides").cloned());
        std::ops::ControlFlow::Continue(())
    };
    world.context().open_journal().unwrap().visit_entries(1, &mut keep).unwrap();
    assert_eq!(overrides, [serde_json::json!(["name-mosaiq"])]);
}

#[test]
fn a_source_that_is_no_mock_leaves_nothing_behind() {
    let world = World::new();
    for source in [
        world.path("nothing"),
        world.dir.path().to_path_buf(),
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"),
    ] {
        let request =
            import::Request { source, url: world.url("lab.db"), domain: None, name: None, overrides: Vec::new() };
        let failure = import::run(&world.context(), &request).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.kind.exit_code()), ("import_source", 2));
        assert!(!world.path("lab.db").exists());
    }
}

#[test]
#[ignore = "needs PyMedPhys: its folder of CSV files in MFM_TEST_MOCK, its wheel in MFM_TEST_MOCK_WHEEL"]
fn the_whole_mock() {
    let (world, again) = (World::new(), World::new());
    let outcome = import(&world, PathBuf::from(std::env::var_os("MFM_TEST_MOCK").unwrap()));
    import(&again, PathBuf::from(std::env::var_os("MFM_TEST_MOCK_WHEEL").unwrap()));
    assert_eq!(dump_tables(&world.path("lab.db")), dump_tables(&again.path("lab.db")));
    assert_eq!(outcome.reports.len(), 11);
    // From the folder and from the wheel it is known, and is nobody's data.
    for world in [&world, &again] {
        assert!(mfm::ops::synthetic::is_synthetic(&world.context().open_journal().unwrap(), "lab").unwrap());
    }
    assert!(outcome.cells_proved > 500_000, "{}", outcome.cells_proved);
    there_and_back(&world, &outcome, 10, 3);
}
