//! Laws over every mode and variant; a new mode file is tested here unasked.

use mfm::domain::mode::{Mode, ModeGroup};
use mfm::domains::mosaiq::modes::MODES;
use mfm::model::ports::Danger;
use mfm::ops::{Failure, OPERATIONS, audit, log, show, status};
use mfm_journal::testing::test_scale;
use testutils::{World, dump_tables, request_sample, request_samples};

#[test]
fn every_variant_goes_and_comes_back_bit_for_bit() {
    let world = World::with_lab(20);
    let before = dump_tables(&world.path("lab.db"));
    for mode in MODES {
        for variant in mode.card().variants {
            for (_, request) in (0..test_scale()).flat_map(|seed| request_samples(*mode, variant.word, 2, seed)) {
                let applied = world.apply(request).unwrap();
                assert_eq!(applied.plan.label.variant, variant.word);
                assert_eq!(applied.plan.label.severity, variant.severity.to_string());
                assert_ne!(dump_tables(&world.path("lab.db")), before);
                let back = world.revert(&[applied.op.unwrap()]).unwrap();
                assert!(back.operations[0].exact);
                assert_eq!(dump_tables(&world.path("lab.db")), before, "{}", variant.word);
            }
        }
    }
}

#[test]
fn an_apply_changes_exactly_the_planned_rows() {
    let world = World::with_lab(20);
    for mode in MODES {
        for variant in mode.card().variants {
            let before = dump_tables(&world.path("lab.db"));
            let applied = world.apply(request_sample(mode.card().tool, variant.word, 3, 11)).unwrap();
            let after = dump_tables(&world.path("lab.db"));
            let lines = |text: &str| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
            let (before, after) = (lines(&before), lines(&after));
            let gone = before.difference(&after).count() as u64;
            let come = after.difference(&before).count() as u64;
            let count = |kind: &str| applied.plan.changes.iter().filter(|change| change.kind == kind).count() as u64;
            assert_eq!(gone, count("update") + count("delete"), "{}", variant.word);
            assert_eq!(come, count("update") + count("insert"), "{}", variant.word);
            world.revert(&[applied.op.unwrap()]).unwrap();
        }
    }
}

/// Returns why a plausible fault has no record on top of all the others: what is usual has been broken by them.
fn explain_nothing_left(mode: &dyn Mode, refused: Failure) -> String {
    let card = mode.card();
    assert!(card.group == ModeGroup::Plausible && refused.code == "none_eligible", "{}: {refused:?}", card.tool);
    refused.message
}

#[test]
fn the_same_request_makes_the_same_plan() {
    let (one, two) = (World::with_lab(20), World::with_lab(20));
    for mode in MODES {
        for variant in mode.card().variants {
            let (a, b) = (
                request_sample(mode.card().tool, variant.word, 2, 5),
                request_sample(mode.card().tool, variant.word, 2, 5),
            );
            let digest = |world: &World, request| match world.apply(request) {
                Ok(applied) => applied.plan.plan_digest.to_string(),
                Err(refused) => explain_nothing_left(*mode, refused),
            };
            assert_eq!(digest(&one, a), digest(&two, b), "{}", variant.word);
        }
    }
}

#[test]
fn stacked_faults_come_back_newest_first() {
    let world = World::with_lab(20);
    let before = dump_tables(&world.path("lab.db"));
    for mode in MODES {
        for variant in mode.card().variants {
            if let Err(refused) = world.apply(request_sample(mode.card().tool, variant.word, 2, 5)) {
                explain_nothing_left(*mode, refused);
            }
        }
    }
    let request = mfm::ops::revert::Request { all: true, ..Default::default() };
    let back = mfm::ops::revert::run(&world.context(), &request).unwrap();
    assert!(back.operations.iter().all(|line| line.exact));
    let order: Vec<u64> = back.operations.iter().map(|line| line.reverts).collect();
    assert!(order.windows(2).all(|pair| pair[0] > pair[1]), "{order:?}");
    assert_eq!(dump_tables(&world.path("lab.db")), before);
    let verify = audit::Request { depth: audit::Level::Live, full: true };
    let audited = audit::run(&world.context(), &verify).unwrap();
    assert!(audited.ok, "{audited:#?}");
}

#[test]
fn status_log_and_show_agree() {
    let world = World::with_lab(20);
    let applied = world.apply(request_sample("create_invalid_angles", "both", 2, 5)).unwrap();
    let status = status::run(&world.context()).unwrap();
    assert!(status.is_disturbed());
    assert_eq!(status.active[0].rows, applied.plan.rows);
    let log = log::run(&world.context(), &log::Request::default()).unwrap();
    assert_eq!((log.operations[0].op, log.operations[0].state.as_str()), (1, "active"));
    let shown = show::run(&world.context(), &show::Request { op: 1, diff: true, detect: false }).unwrap();
    assert_eq!(shown.changes, applied.plan.changes);
    assert_eq!(shown.keys, applied.plan.keys);
    world.revert(&[1]).unwrap();
    let log = log::run(&world.context(), &log::Request::default()).unwrap();
    let states: Vec<&str> = log.operations.iter().map(|line| line.state.as_str()).collect();
    assert_eq!(states, ["applied", "reverted"]);
    assert!(!status::run(&world.context()).unwrap().is_disturbed());
}

#[test]
fn every_operation_says_how_dangerous_it_is() {
    let writes: Vec<&str> =
        OPERATIONS.iter().filter(|card| card.danger != Danger::Read).map(|card| card.name).collect();
    for name in ["apply", "revert", "recover", "target mark", "target unmark", "demo", "lab create", "lab import"] {
        assert!(writes.contains(&name), "{name}");
    }
    for name in ["plan", "status", "log", "show", "audit verify", "modes"] {
        assert!(!writes.contains(&name), "{name}");
    }
}
