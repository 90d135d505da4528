//! Random tables, random operations, on both engines: what is applied and taken back leaves no trace, whatever the
//! cells hold and however the key is declared.

#![cfg(test)]

use mfm::model::{Change, Value};
use mfm::targets::sim::SimWorld;
use mfm::targets::sqlite::{SqliteTarget, create_lab};
use mfm::targets::{DomainKeys, Marker, NewTable, Target};
use proptest::prelude::*;
use testutils::target::*;

/// Any cell that SQLite can hold.
fn cell() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Integer),
        (-3i64..3).prop_map(Value::Integer),
        any::<f64>().prop_filter("NaN is NULL in SQLite", |number| !number.is_nan()).prop_map(Value::Real),
        prop_oneof![Just(-0.0), Just(0.0), Just(1.0), Just(0.1)].prop_map(Value::Real),
        ".{0,6}".prop_map(Value::Text),
        "[ \\x00-9]{0,4}".prop_map(Value::Text),
        prop::collection::vec(any::<u8>(), 0..6).prop_map(Value::Bytes),
        prop::collection::vec(0x80u8..=0xff, 1..4)
            .prop_filter("UTF-8 by chance", |bytes| std::str::from_utf8(bytes).is_err())
            .prop_map(Value::RawText),
    ]
}

/// What happens to one row.
#[derive(Clone, Debug)]
enum Deed {
    Nothing,
    Update(Vec<Option<Value>>),
    Delete,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        Just(Deed::Nothing),
        Just(Deed::Delete),
        prop::collection::vec(prop::option::of(cell()), 4).prop_map(Deed::Update),
    ]
}

type Row = (Vec<Value>, Deed);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec((prop::collection::vec(cell(), 4), deed()), 1..12)
}

const COLUMNS: [&str; 4] = ["a", "b", "c", "d"];

/// The operation that the deeds make; what the schema would not take, or what changes nothing, is left out.
fn operation(target: &mut dyn Target, rows: &[Row], more: &[Vec<Value>]) -> Vec<Change> {
    let mut changes = Vec::new();
    for (at, (_, deed)) in rows.iter().enumerate() {
        let key = vec![int(i64::try_from(at).unwrap())];
        match deed {
            Deed::Nothing => {}
            Deed::Delete => changes.extend(delete(target, "t", key)),
            Deed::Update(cells) => {
                let set: Vec<(&str, Value)> =
                    COLUMNS.into_iter().zip(cells).filter_map(|(name, cell)| Some((name, cell.clone()?))).collect();
                changes.extend(
                    update(target, "t", key, &set)
                        .ok()
                        .filter(|change| !set.is_empty() && change.before_digest() != change.after_digest()),
                );
            }
        }
    }
    for (at, cells) in more.iter().enumerate() {
        let key = int(1000 + i64::try_from(at).unwrap());
        changes.extend(insert(target, "t", [vec![key], cells.clone()].concat()));
    }
    changes
}

fn sqlite(key: Option<&str>, types: &[&str; 4], rows: &[Row]) -> (tempfile::TempDir, SqliteTarget) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lab.db");
    let mut columns = vec![("id".to_owned(), "int".to_owned(), false)];
    columns.extend(COLUMNS.iter().zip(types).map(|(name, declared)| ((*name).into(), (*declared).into(), true)));
    let mut lab = create_lab(&path).unwrap();
    lab.create_table(&NewTable {
        name: "t".into(),
        key: key.map(Into::into),
        columns,
        indexes: vec![],
        references: vec![],
    })
    .unwrap();
    for (at, (cells, _)) in rows.iter().enumerate() {
        lab.insert_row("t", &[vec![int(i64::try_from(at).unwrap())], cells.clone()].concat()).unwrap();
    }
    lab.finish().unwrap();
    let keys = DomainKeys::from([("t".to_owned(), vec!["id".to_owned()])]);
    let mut target = SqliteTarget::open(&path, keys).unwrap();
    let bound = target.read_binding().unwrap();
    let marker = Marker { marker_id: "00".repeat(16), bound, at_us: AT_US, actor: "tester".into() };
    target.open_writer(WAIT_MS).unwrap().mark(&marker).unwrap();
    (folder, target)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_operation_on_sqlite_leaves_no_trace(
        rows in rows(),
        more in prop::collection::vec(prop::collection::vec(cell(), 4), 0..3),
        declared in any::<bool>(),
        types in prop::sample::select(vec![
            ["", "", "", ""], ["int", "float", "decimal(4,1)", "varchar(9)"], ["blob", "text", "datetime", "bit"],
        ]),
    ) {
        let (_folder, mut target) = sqlite(declared.then_some("id"), &types, &rows);
        let changes = operation(&mut target, &rows, &more);
        if !changes.is_empty() {
            there_and_back(&mut target, &changes);
        }
    }

    #[test]
    fn any_operation_on_the_simulated_database_leaves_no_trace(
        rows in rows(),
        more in prop::collection::vec(prop::collection::vec(cell(), 4), 0..3),
        step in 1u64..20,
    ) {
        let world = SimWorld::new(1);
        let mut columns = vec![("id".to_owned(), "int".to_owned(), false)];
        columns.extend(COLUMNS.iter().map(|name| ((*name).to_owned(), "sql_variant".to_owned(), true)));
        world.create_table(&NewTable { name: "t".into(), key: Some("id".into()), columns, indexes: vec![], references: vec![] }).unwrap();
        for (at, (cells, _)) in rows.iter().enumerate() {
            world.insert_row("t", [vec![int(i64::try_from(at).unwrap())], cells.clone()].concat()).unwrap();
        }
        world.mark("tester").unwrap();
        let mut target = world.open_target();
        let changes = operation(&mut target, &rows, &more);
        if !changes.is_empty() {
            there_and_back(&mut target, &changes);
            // And a process that dies on the way leaves all of it or nothing.
            let (before, steps) = (world.dump(), changes.len() as u64 + 6);
            world.reset_steps();
            world.crash_at(step);
            let died = execute(&mut target, &mut Notebook::new(), &changes, false).is_err();
            prop_assert_eq!(died, step <= steps);
            prop_assert_eq!(world.dump() == before, step < steps);
        }
    }
}
