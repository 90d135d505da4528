//! Laws over every mode and variant, on a lab that is on the server.

use std::collections::{BTreeMap, BTreeSet};

use mfm::domain::mode::{FaultRecord, Mode};
use mfm::domains::mosaiq::modes::MODES;
use mfm::ops::checks::CheckSession;
use mfm::ops::{audit, revert};
use mfm_journal::Journal;
use testutils::bomb::revert_all;
use testutils::seen::{NOW, names_record, request_one};
use testutils::{World, request_sample};

use super::live::{Live, digests};

const PATIENTS: u32 = 20;

/// Every variant on every kind of record.
fn cases() -> impl Iterator<Item = (&'static dyn Mode, &'static FaultRecord, &'static str)> {
    let of = |mode: &'static dyn Mode| {
        let each = move |kind| mode.card().variants.iter().map(move |variant| (mode, kind, variant.word));
        mode.card().fault_records().flat_map(each)
    };
    MODES.iter().copied().flat_map(of)
}

/// The lines of a dump, table by table, each as often as it is there.
fn lines(dump: &str) -> BTreeMap<(String, String), u64> {
    let (mut table, mut lines) = (String::new(), BTreeMap::new());
    for line in dump.lines() {
        match line.strip_prefix("== ") {
            Some(name) => name.clone_into(&mut table),
            None => *lines.entry((table.clone(), line.to_owned())).or_default() += 1,
        }
    }
    lines
}

/// How many lines one dump has more of.
fn more(one: &BTreeMap<(String, String), u64>, other: &BTreeMap<(String, String), u64>) -> u64 {
    one.iter().map(|(line, times)| times.saturating_sub(other.get(line).copied().unwrap_or(0))).sum()
}

/// Every variant goes in, changes exactly the planned rows, is seen by a check that names what it touched, and comes
/// back to the bit: as mfm digests it, and as another program reads it.
#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn every_variant_goes_and_comes_back_bit_for_bit() {
    let live = Live::with_lab(PATIENTS);
    let mut reader = live.open();
    let (before, digested) = (live.dump(), digests(reader.as_mut()));
    let context = live.world.context();
    let mut session =
        CheckSession::begin(&context, reader.as_mut(), mfm::domains::FIRST, NOW.parse().unwrap()).unwrap();
    let (mut done, mut shown) = (0, BTreeSet::new());
    for (mode, kind, variant) in cases() {
        let what = format!("{} {variant} of {}", mode.card().tool, kind.table);
        let made = match live.plan(reader.as_mut(), &request_one(mode, kind, variant, 3)) {
            Ok(made) => made,
            // This kind of record has no column of this variant, or a lab has no such table.
            Err(failure) => {
                assert!(failure.kind.exit_code() == 2 || failure.code == "missing_table", "{what}: {failure:?}");
                continue;
            }
        };
        let plan = &made.outcome;
        let op = live.step(reader.as_mut(), |engine| engine.commit(&made.proposal, &made.prepared)).unwrap().op;
        let (was, is) = (lines(&before), lines(&live.dump()));
        let count = |kind: &str| plan.changes.iter().filter(|change| change.kind == kind).count() as u64;
        assert_eq!(more(&was, &is), count("update") + count("delete"), "{what}: rows gone");
        assert_eq!(more(&is, &was), count("update") + count("insert"), "{what}: rows come");
        let tables: BTreeSet<&str> = plan.changes.iter().map(|change| change.table.as_str()).collect();
        let new = session.look_again(&context, reader.as_mut(), &tables).unwrap();
        assert!(new.iter().any(|finding| names_record(finding, kind, plan)), "{what}: no new finding names it");
        live.step(reader.as_mut(), revert_all).unwrap();
        let journal = Journal::open_read(&live.world.journal).unwrap();
        assert_eq!(journal.read_operation(op + 1).unwrap().unwrap().reverts, Some(op), "{what}");
        assert_eq!(live.dump(), before, "{what}");
        assert_eq!(digests(reader.as_mut()), digested, "{what}");
        session.look_again(&context, reader.as_mut(), &tables).unwrap();
        done += 1;
        shown.insert((mode.card().tool, variant));
    }
    let variants: usize = MODES.iter().map(|mode| mode.card().variants.len()).sum();
    assert_eq!(shown.len(), variants, "every variant takes part");
    println!("{done} faults committed, seen and taken back");
    whole(&live);
}

/// Audits journal and target to the last row.
fn whole(live: &Live) {
    let request = audit::Request { depth: audit::Level::Live, full: true };
    let audited = audit::run(&live.world.context(), &request).unwrap();
    assert!(audited.ok, "{audited:#?}");
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn the_same_request_makes_the_same_plan() {
    let (one, two) = (Live::with_lab(PATIENTS), Live::with_lab(PATIENTS));
    assert_eq!(one.dump(), two.dump());
    let mut readers = [one.open(), two.open()];
    for mode in MODES {
        for variant in mode.card().variants {
            let request = request_sample(mode.card().tool, variant.word, 2, 5);
            let [a, b] = &mut readers;
            let (a, b) = (one.plan(a.as_mut(), &request).unwrap(), two.plan(b.as_mut(), &request).unwrap());
            let (a, b) = (a.outcome, b.outcome);
            assert_eq!(a.plan_digest, b.plan_digest, "{}", variant.word);
        }
    }
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn stacked_faults_come_back_newest_first() {
    let live = Live::with_lab(PATIENTS);
    let (before, mut reader) = (live.dump(), live.open());
    for mode in MODES {
        for variant in mode.card().variants {
            let made = live.plan(reader.as_mut(), &request_sample(mode.card().tool, variant.word, 2, 5)).unwrap();
            live.step(reader.as_mut(), |engine| engine.commit(&made.proposal, &made.prepared)).unwrap();
        }
    }
    assert_ne!(live.dump(), before);
    let back = all_back(&live.world);
    assert!(back.operations.iter().all(|line| line.exact));
    let order: Vec<u64> = back.operations.iter().map(|line| line.reverts).collect();
    assert!(order.windows(2).all(|pair| pair[0] > pair[1]), "{order:?}");
    assert_eq!(live.dump(), before);
    whole(&live);
}

fn all_back(world: &World) -> revert::Outcome {
    let request = revert::Request { all: true, ..Default::default() };
    revert::run(&world.context(), &request).unwrap()
}
