//! Every variant under many seeds: it commits, a new finding names what it touched, and it reverts to an equal file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use mfm::domain::mode::{FaultRecord, Mode, ModeGroup};
use mfm::domains::mosaiq::modes::MODES;
use mfm::model::Finding;
use mfm::ops::checks::CheckSession;
use mfm::ops::{Failure, plan};
use mfm_journal::Digest;
use mfm_journal::testing::test_scale;
use testutils::World;
use testutils::seen::{NOW, names_record, request_one};

/// A digest of every row of every table but mfm's own, storage class by storage class, taken without mfm's reading.
fn fingerprint(path: &Path) -> BTreeMap<String, Digest> {
    let connection = rusqlite::Connection::open(path).unwrap();
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'mfm\\_%' ESCAPE '\\' ORDER BY 1";
    let mut tables = connection.prepare(sql).unwrap();
    let names: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let digest = |name: &String| {
        let mut rows = connection.prepare(&format!("SELECT rowid, * FROM \"{name}\" ORDER BY rowid")).unwrap();
        let width = rows.column_count();
        let (mut rows, mut bytes) = (rows.query([]).unwrap(), Vec::new());
        while let Some(row) = rows.next().unwrap() {
            (0..width).for_each(|at| write_cell(row.get_ref(at).unwrap(), &mut bytes));
        }
        Digest::sha256(&bytes)
    };
    names.iter().map(|name| (name.clone(), digest(name))).collect()
}

fn write_cell(cell: rusqlite::types::ValueRef<'_>, out: &mut Vec<u8>) {
    use rusqlite::types::ValueRef::{Blob, Integer, Null, Real, Text};
    let (class, bytes) = match cell {
        Null => (0, Vec::new()),
        Integer(number) => (1, number.to_le_bytes().to_vec()),
        Real(number) => (2, number.to_bits().to_le_bytes().to_vec()),
        Text(text) => (3, text.to_vec()),
        Blob(bytes) => (4, bytes.to_vec()),
    };
    out.push(class);
    out.extend((bytes.len() as u64).to_le_bytes());
    out.extend(bytes);
}

/// Begins to check a lab.
fn session(world: &World) -> CheckSession {
    let mut target = world.context().open_target(&world.url("lab.db")).unwrap();
    CheckSession::begin(&world.context(), target.as_mut(), mfm::domains::FIRST, NOW.parse().unwrap()).unwrap()
}

/// Commits and takes back a variant; returns the checks that saw it, or the refusal.
fn there_and_back(
    world: &World,
    session: &mut CheckSession,
    kind: &FaultRecord,
    request: plan::Request,
) -> Result<BTreeSet<&'static str>, Failure> {
    let applied = world.apply(request)?;
    let tables: BTreeSet<&str> = applied.plan.changes.iter().map(|change| change.table.as_str()).collect();
    let mut target = world.context().open_target(&world.url("lab.db")).unwrap();
    let new = session.look_again(&world.context(), target.as_mut(), &tables).unwrap();
    let seen =
        new.iter().filter(|finding| names_record(finding, kind, &applied.plan)).map(|finding| finding.check).collect();
    let back = world.revert(&[applied.op.unwrap()])?;
    assert!(back.operations[0].exact);
    session.look_again(&world.context(), target.as_mut(), &tables).unwrap();
    Ok(seen)
}

const EVERY: [ModeGroup; 2] = [ModeGroup::Specified, ModeGroup::Plausible];

/// How many seeds the long runs try: twenty at a scale of a hundred.
fn seeds() -> u64 {
    test_scale().div_ceil(5)
}

/// Runs every variant on every kind of record under many seeds, and prints what sees it.
#[expect(clippy::print_stdout, reason = "a person who starts the long run wants to see what saw what")]
fn many_seeds(world: &World, seeds: u64, groups: &[ModeGroup]) {
    let (before, mut session) = (fingerprint(&world.path("lab.db")), session(world));
    let mut done = 0;
    let modes: Vec<&dyn Mode> = MODES.iter().copied().filter(|mode| groups.contains(&mode.card().group)).collect();
    for mode in modes.iter().copied() {
        for (kind, variant) in mode
            .card()
            .fault_records()
            .flat_map(|kind| mode.card().variants.iter().map(move |variant| (kind, variant.word)))
        {
            let what = format!("{} {variant} of {}", mode.card().tool, kind.table);
            let (mut seen, mut records, mut missing) = (BTreeMap::<&str, u64>::new(), BTreeSet::new(), None);
            for seed in 0..seeds {
                match there_and_back(world, &mut session, kind, request_one(mode, kind, variant, seed)) {
                    Ok(checks) => {
                        assert!(!checks.is_empty(), "{what}, seed {seed}: no new finding names it");
                        checks.into_iter().for_each(|check| *seen.entry(check).or_default() += 1);
                        done += 1;
                    }
                    // This kind of record has no column of this variant.
                    Err(failure) if failure.kind.exit_code() == 2 => missing = Some("not a variant of it".to_owned()),
                    Err(failure) if failure.code == "missing_table" => {
                        assert!(failure.message.contains("no table"), "{failure:?}");
                        missing = Some(failure.message);
                    }
                    Err(failure) => panic!("{what}, seed {seed}: {failure:?}"),
                }
                records.insert(seed);
                assert_eq!(fingerprint(&world.path("lab.db")), before, "{what}, seed {seed}");
            }
            let seen: Vec<String> = seen.iter().map(|(check, times)| format!("{check} {times}")).collect();
            println!("{what}: {}", missing.unwrap_or_else(|| format!("seen by {}", seen.join(", "))));
        }
    }
    println!("{done} faults committed, seen and taken back");
    assert!(done >= seeds * modes.len() as u64);
}

/// Whole selections: whatever is chosen together, every chosen record shows.
fn all_at_once(world: &World) {
    let (before, mut session) = (fingerprint(&world.path("lab.db")), session(world));
    // A plausible fault shows beside records that are right: where all are wrong, nothing differs.
    for mode in MODES.iter().copied().filter(|mode| mode.card().group == ModeGroup::Specified) {
        for (kind, variant) in mode
            .card()
            .fault_records()
            .flat_map(|kind| mode.card().variants.iter().map(move |variant| (kind, variant.word)))
        {
            let what = format!("all of {} {variant} of {}", mode.card().tool, kind.table);
            let one = request_one(mode, kind, variant, 0);
            let options = plan::Options { sample: None, all: true, max_rows: Some(u64::MAX), ..one.options };
            match world.apply(plan::Request { options, ..one }) {
                Ok(applied) => {
                    let tables = applied.plan.changes.iter().map(|change| change.table.as_str()).collect();
                    let mut target = world.context().open_target(&world.url("lab.db")).unwrap();
                    let new = session.look_again(&world.context(), target.as_mut(), &tables).unwrap();
                    let unseen = unseen(world, kind, applied.op.unwrap(), &new);
                    assert!(
                        unseen.is_empty(),
                        "{what}: {} of {} unseen: {unseen:?}",
                        unseen.len(),
                        applied.plan.records
                    );
                    if mode.card().tool == "mlc_leaf_count_mismatch" {
                        let accused = new.iter().filter(|finding| !names_record(finding, kind, &applied.plan)).count();
                        assert_eq!(accused, 0, "{what}: fields are accused that were left alone");
                    }
                    world.revert(&[applied.op.unwrap()]).unwrap();
                    session.look_again(&world.context(), target.as_mut(), &tables).unwrap();
                }
                Err(failure) => {
                    let known =
                        failure.kind.exit_code() == 2 || ["missing_table", "none_eligible"].contains(&&*failure.code);
                    assert!(known, "{what}: {failure:?}");
                }
            }
            assert_eq!(fingerprint(&world.path("lab.db")), before, "{what}");
        }
    }
}

/// Returns the chosen records that no finding names, neither themselves nor a row that was changed for them.
fn unseen(world: &World, kind: &FaultRecord, op: u64, new: &[Finding]) -> Vec<String> {
    let shown =
        mfm::ops::show::run(&world.context(), &mfm::ops::show::Request { op, diff: true, detect: false }).unwrap();
    let id = |key: &[mfm::model::Value]| mfm::model::refusal::render_key(key);
    let rows = |finding: &Finding| {
        let own = (finding.table.to_owned(), id(&finding.key));
        let related = finding.related.iter().map(|(table, key)| ((*table).to_owned(), id(key)));
        std::iter::once(own).chain(related).collect::<Vec<_>>()
    };
    let named: BTreeSet<(String, String)> = new.iter().flat_map(rows).collect();
    let chosen = shown.keys.iter().map(ToString::to_string);
    chosen.filter(|key| !named.contains(&(kind.table.to_owned(), key.clone()))).collect()
}

#[test]
fn everything_chosen_together_is_seen() {
    all_at_once(&World::with_lab(if test_scale() == 1 { 12 } else { 20 }));
}

#[test]
fn every_variant_is_seen_and_taken_back() {
    many_seeds(&World::with_lab(20), 1, &EVERY);
}

#[test]
#[ignore = "minutes: many seeds of every variant on a lab of three hundred patients"]
fn every_variant_under_many_seeds_on_a_large_lab() {
    many_seeds(&World::with_lab(300), seeds(), &EVERY);
}

#[test]
#[ignore = "needs the folder of PyMedPhys's CSV files in MFM_TEST_MOCK"]
fn every_variant_under_many_seeds_on_the_whole_mock() {
    let world = World::new();
    let source = std::env::var_os("MFM_TEST_MOCK").unwrap().into();
    let request = mfm::ops::lab::import::Request {
        source,
        url: world.url("lab.db"),
        domain: None,
        name: None,
        overrides: Vec::new(),
    };
    mfm::ops::lab::import::run(&world.context(), &request).unwrap();
    all_at_once(&world);
    // What is usual is so often broken in the mock that a fault against it is not seen.
    many_seeds(&world, seeds(), &[ModeGroup::Specified]);
}
