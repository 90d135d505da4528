//! SQLite's session extension as an oracle: what an operation did to the database, by somebody else's account, beside
//! what the journal says it did. Built with `--features session`, which needs libclang.
#![cfg(feature = "session")]
#![expect(clippy::unwrap_used, reason = "a test may fail by panic")]

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use fallible_streaming_iterator::FallibleStreamingIterator as _;
use mfm::domains::mosaiq::modes::MODES;
use mfm_journal::{Change, Journal, RowAction, Value};
use rusqlite::Connection;
use rusqlite::session::{Changeset, ConflictAction, Session};
use rusqlite::types::ValueRef;
use testutils::{World, dump_tables, request_samples};

/// The cells of one side, by column.
type Cells = BTreeMap<String, Value>;
/// What happened to rows, by table and key: the cells before and after that differ; all of them for a row added or
/// removed.
type Effect = BTreeMap<(String, Value), (Option<Cells>, Option<Cells>)>;

fn value(found: ValueRef<'_>) -> Value {
    match found {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(bytes) => Value::Text(String::from_utf8(bytes.to_vec()).unwrap()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

fn columns(connection: &Connection, table: &str) -> Vec<String> {
    let mut names = connection.prepare("SELECT name FROM pragma_table_info(?1) ORDER BY cid").unwrap();
    names.query_map([table], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Returns the difference between a database as it was and as it is, as the session extension records it.
fn difference(connection: &Connection, was: &Path) -> Changeset {
    connection.execute("ATTACH ?1 AS was", [was.to_str().unwrap()]).unwrap();
    let mut tables = connection.prepare("SELECT name FROM main.sqlite_schema WHERE type = 'table'").unwrap();
    let names: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut session = Session::new(connection).unwrap();
    for name in names.iter().filter(|name| !name.starts_with("mfm_") && !name.starts_with("sqlite_")) {
        session.attach(Some(name.as_str())).unwrap();
        session.diff::<&str, &str>("was", name).unwrap();
    }
    let changes = session.changeset().unwrap();
    drop(session);
    drop(tables);
    connection.execute_batch("DETACH was").unwrap();
    changes
}

/// Reads what a changeset says.
fn recorded(connection: &Connection, changes: &Changeset) -> Effect {
    let mut out = Effect::new();
    let mut items = changes.iter().unwrap();
    while let Some(item) = items.next().unwrap() {
        let table = item.op().unwrap().table_name().to_owned();
        let names = columns(connection, &table);
        let key = item.pk().unwrap().iter().position(|part| *part != 0).unwrap();
        // A cell that an update leaves alone is not there, but for the key, which stands before.
        let side = |cell: &dyn Fn(usize) -> rusqlite::Result<Value>| -> Option<Cells> {
            let cells = names.iter().enumerate().filter_map(|(at, name)| Some((name.clone(), cell(at).ok()?)));
            Some(cells.collect::<Cells>()).filter(|cells| !cells.is_empty())
        };
        let mut before = side(&|at| item.old_value(at).map(value));
        let mut after = side(&|at| item.new_value(at).map(value));
        let id = before.as_ref().or(after.as_ref()).unwrap()[&names[key]].clone();
        if before.is_some() && after.is_some() {
            [&mut before, &mut after].into_iter().flatten().for_each(|cells| drop(cells.remove(&names[key])));
        }
        out.insert((table, id), (before, after));
    }
    out
}

/// Returns what the journal says of an operation.
fn journaled(world: &World, op: u64) -> Effect {
    let journal = Journal::open_read(&world.journal).unwrap();
    let operation = journal.read_operation(op).unwrap().unwrap();
    let mut out = Effect::new();
    let visit = &mut |change: Change| {
        let names = change.column_names();
        let side = |cells: Option<&[Value]>| {
            cells.map(|cells| names.iter().map(|name| (*name).to_owned()).zip(cells.iter().cloned()).collect::<Cells>())
        };
        assert!(!matches!(change.action, RowAction::Kept { .. }));
        let place = (change.table.name.clone(), change.key[0].clone());
        out.insert(place, (side(change.cells_before()), side(change.cells_after())));
        ControlFlow::Continue(())
    };
    journal.visit_changes(&operation, visit).unwrap();
    out
}

/// Every variant on every kind of record: the extension saw exactly what the journal holds; its own inverse, applied to
/// a copy, gives what mfm's revert gives, which is what was there.
#[test]
fn an_operation_does_what_the_journal_says_and_nothing_else() {
    let world = World::with_lab(20);
    let (lab, was, copy) = (world.path("lab.db"), world.path("was.db"), world.path("copy.db"));
    std::fs::copy(&lab, &was).unwrap();
    let before = dump_tables(&lab);
    let mut operations = 0;
    for mode in MODES {
        for variant in mode.card().variants {
            for (_, request) in (0..3).flat_map(|seed| request_samples(*mode, variant.word, 3, seed)) {
                let op = world.apply(request).unwrap().op.unwrap();
                let connection = Connection::open(&lab).unwrap();
                let changes = difference(&connection, &was);
                assert_eq!(recorded(&connection, &changes), journaled(&world, op), "{}", variant.word);
                drop(connection);
                std::fs::copy(&lab, &copy).unwrap();
                let theirs = Connection::open(&copy).unwrap();
                let every = None::<fn(&str) -> bool>;
                theirs.apply(&changes.invert().unwrap(), every, |_, _| ConflictAction::SQLITE_CHANGESET_ABORT).unwrap();
                drop(theirs);
                world.revert(&[op]).unwrap();
                assert_eq!(dump_tables(&lab), before, "{}", variant.word);
                assert_eq!(dump_tables(&copy), before, "{}: the extension's inverse", variant.word);
                let connection = Connection::open(&lab).unwrap();
                assert!(recorded(&connection, &difference(&connection, &was)).is_empty(), "{}", variant.word);
                operations += 1;
            }
        }
    }
    assert!(operations > 100, "only {operations} operations");
}
