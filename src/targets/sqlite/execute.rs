//! The inside of an operation's transaction: uid, comparison, writes, counts, read-back. The writer begins and ends it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use std::thread;

use mfm_journal::{Change, Digest, Intended, RowAction, TableShape, Value};
use rusqlite::{Connection, Statement};

use super::catalogue::SqliteLayout;
use super::open::{FileLocation, open_reader};
use super::value::bind_values;
use super::writer::{SqliteWriter, is_constraint};
use super::{file, foreign, marks, normalize, own, preflight, rows, sql};
use crate::model::Refusal;
use crate::targets::compare;
use crate::targets::faults::WriteStep;
use crate::targets::foreign::{affects_columns, filter_enforced};
use crate::targets::known;
use crate::targets::{OperationRow, OperationState, PlannedWork, TargetError, in_order};

/// How many changes are compared, written and read back together, so that their pages are still cached for all three.
const BATCH: usize = 512;
/// From this many changes on, a second connection compares ahead.
const MANY: usize = 4096;
/// How many batches the second connection may be ahead.
const AHEAD: usize = 8;

/// The tables of a plan, by name.
type LayoutsByName<'w> = BTreeMap<&'w str, Arc<SqliteLayout>>;

/// Does everything between BEGIN and COMMIT, and returns how many rows were written.
///
/// The uid comes first: once it is inserted, no recover can write a tombstone for this operation any more.
pub(super) fn run_transaction(
    writer: &mut SqliteWriter,
    intended: &Intended,
    work: &PlannedWork<'_>,
) -> Result<u64, TargetError> {
    own::check_own_tables(&writer.connection, &writer.place)?;
    let before = writer.connection.total_changes();
    insert_uid(writer, intended, work)?;
    // Exactly one row: a trigger on the table of operations would write more.
    writer.check_own_rows_only(before, 1)?;
    writer.pass_step(WriteStep::Uid)?;
    compare::check_work(intended, work)?;
    compare_marker(writer, work)?;
    let layouts = compare_schema(writer, work)?;
    let written = execute_changes(writer, work.changes, &layouts)?;
    check_enforced_keys(writer, work)?;
    if work.rehearse {
        rehearse(writer, work, &layouts, &written.rowids)?;
    }
    Ok(written.rows)
}

/// Executes the way back inside a savepoint and rolls it back, so that whatever prevents a revert is known before the
/// commit.
fn rehearse(
    writer: &SqliteWriter,
    work: &PlannedWork<'_>,
    layouts: &LayoutsByName<'_>,
    rowids: &[Option<i64>],
) -> Result<(), TargetError> {
    let failed = writer.place.explainer("rehearse the way back");
    writer.connection.execute_batch(sql::SAVEPOINT).map_err(&failed)?;
    let mut statements = StatementCache { connection: &writer.connection, place: &writer.place, prepared: Vec::new() };
    // Without an index each batch scans the whole table, so all changes are one batch.
    let size = if layouts.values().all(|layout| layout.seek) { BATCH } else { work.changes.len().max(1) };
    let mut parts: Vec<_> = work.changes.chunks(size).zip(rowids.chunks(size)).collect();
    let in_order = in_order(work.changes);
    if in_order {
        parts.reverse();
    }
    for (part, rowids) in parts {
        let back = compare::invert_changes(part, in_order);
        let rowids = find_rowids(writer, &back, rowids, layouts)?;
        write_batch(writer, &back, &rowids, layouts, &mut statements).map_err(compare::refuse_way_back)?;
    }
    check_enforced_keys(writer, work).map_err(compare::refuse_way_back)?;
    drop(statements);
    writer.connection.execute_batch(sql::ROLLBACK_TO_SAVEPOINT).map_err(&failed)?;
    writer.pass_step(WriteStep::Rehearsed)
}

/// Returns the hidden rowids of the rows that a way back writes. An update keeps its row's, and what it wrote was read
/// back a moment ago in this transaction; only inserted and deleted rows have to be found again.
fn find_rowids<'r>(
    writer: &SqliteWriter,
    back: &[Change],
    rowids: &'r [Option<i64>],
    layouts: &LayoutsByName<'_>,
) -> Result<Cow<'r, [Option<i64>]>, TargetError> {
    if back.iter().all(|change| matches!(change.action, RowAction::Update { .. } | RowAction::Kept { .. })) {
        return Ok(Cow::Borrowed(rowids));
    }
    compare_rows(&writer.connection, &writer.place, back, layouts).map(Cow::Owned)
}

/// Where SQLite's own enforcement is off, checks that the foreign keys which were satisfied still are.
fn check_enforced_keys(writer: &SqliteWriter, work: &PlannedWork<'_>) -> Result<(), TargetError> {
    if work.unenforced.is_empty() {
        return Ok(());
    }
    let SqliteWriter { connection, place, .. } = writer;
    for touch in work.touches {
        let table = &touch.table.shape.name;
        let mut keys = foreign::read_declared_keys(connection, place, table)?;
        keys.retain(|key| affects_columns(touch, &key.child_columns));
        let children = foreign::read_referring_keys(connection, place, table)?;
        keys.extend(children.into_iter().filter(|key| affects_columns(touch, &key.parent_columns)));
        for key in filter_enforced(keys, work.unenforced) {
            if foreign::is_broken(connection, place, &key)? {
                return Err(key.to_refusal(table, "a row would have no parent".to_owned()).into());
            }
        }
    }
    Ok(())
}

/// What was written: how many rows, and the hidden rowid of each change's row, as it was before.
#[derive(Default)]
struct WrittenRows {
    rows: u64,
    rowids: Vec<Option<i64>>,
}

/// Compares, writes and reads back, a batch of changes at a time.
fn execute_changes(
    writer: &SqliteWriter,
    changes: &[Change],
    layouts: &LayoutsByName<'_>,
) -> Result<WrittenRows, TargetError> {
    let SqliteWriter { connection, place, .. } = writer;
    let mut statements = StatementCache { connection, place, prepared: Vec::new() };
    let mut written = WrittenRows::default();
    let seek = layouts.values().all(|layout| layout.seek);
    // Only a write-ahead log lets a second connection read while this one writes.
    if !seek || !writer.log || changes.len() < MANY {
        // Without an index each batch scans the whole table, so all changes are one batch.
        let size = if seek { BATCH } else { changes.len().max(1) };
        for part in changes.chunks(size) {
            let rowids = compare_rows(connection, place, part, layouts)?;
            written.rows += write_batch(writer, part, &rowids, layouts, &mut statements)?;
            written.rowids.extend(rowids);
        }
        return Ok(written);
    }
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(AHEAD);
        scope.spawn(move || compare_ahead(place, changes, layouts, &sender));
        for part in changes.chunks(BATCH) {
            let rowids = receiver.recv().map_err(|_| place.failure("read rows", "the reader stopped"))??;
            written.rows += write_batch(writer, part, &rowids, layouts, &mut statements)?;
            written.rowids.extend(rowids);
        }
        Ok(written)
    })
}

/// Writes changes whose rows were compared, counts them, and reads them back.
fn write_batch(
    writer: &SqliteWriter,
    changes: &[Change],
    rowids: &[Option<i64>],
    layouts: &LayoutsByName<'_>,
    statements: &mut StatementCache<'_>,
) -> Result<u64, TargetError> {
    writer.pass_step(WriteStep::Compared)?;
    let before = writer.connection.total_changes();
    let rows = write_changes(writer, changes, rowids, layouts, statements)?;
    check_row_count(changes, rows, writer.connection.total_changes() - before)?;
    read_back(writer, changes, layouts)?;
    Ok(rows)
}

/// Checks that the connection counted no rows but the planned ones. A trigger or a cascade would write more.
fn check_row_count(changes: &[Change], rows: u64, counted: u64) -> Result<(), TargetError> {
    if counted == rows {
        return Ok(());
    }
    let table = changes.first().map(|change| change.table.name.clone()).unwrap_or_default();
    Err(TargetError::Mismatch { table, what: format!("{counted} rows were written, but {rows} were planned") })
}

/// Compares rows on a second connection while earlier ones are written. With a write-ahead log it sees the last
/// committed state, and the writer's lock keeps every other program from committing a newer one.
fn compare_ahead(
    place: &FileLocation,
    changes: &[Change],
    layouts: &LayoutsByName<'_>,
    sender: &mpsc::SyncSender<Result<Vec<Option<i64>>, TargetError>>,
) {
    let connection = match open_reader(place) {
        Ok(connection) => connection,
        Err(error) => return drop(sender.send(Err(error))),
    };
    for part in changes.chunks(BATCH) {
        let compared = compare_rows(&connection, place, part, layouts);
        let failed = compared.is_err();
        // A failed send means that the writer has given up.
        if sender.send(compared).is_err() || failed {
            return;
        }
    }
}

fn insert_uid(writer: &SqliteWriter, intended: &Intended, work: &PlannedWork<'_>) -> Result<(), TargetError> {
    let (uid, journal_id, op) = (intended.uid(), intended.journal_id(), intended.op());
    let row = OperationRow { uid, journal_id, op, state: OperationState::Committed };
    match writer.insert_operation(&row, OperationState::Committed, work.at_us) {
        Ok(()) => Ok(()),
        // The uid, or the number within the journal, has a row already: a tombstone, or another operation's row.
        Err(error) if is_constraint(&error) => {
            if marks::find_operation(&writer.connection, &writer.place, &uid)?.is_some() {
                let what = format!("operation {op} was closed by a recover in the meantime");
                return Err(Refusal::Stale { what }.into());
            }
            Err(writer.number_conflict_error(&row))
        }
        Err(error) => match marks::has_table(&writer.connection, &writer.place, "mfm_operation") {
            Ok(false) => Err(Refusal::Unmarked { url: writer.place.url.clone() }.into()),
            _ => Err(writer.explain_operation(&error)),
        },
    }
}

fn compare_marker(writer: &SqliteWriter, work: &PlannedWork<'_>) -> Result<(), TargetError> {
    let SqliteWriter { connection, place, .. } = writer;
    let marker = marks::read_marker(connection, place)?;
    Ok(known::check_marker(&place.url, marker.as_ref(), &file::read_binding(place)?, work)?)
}

/// Checks that the schema is as the preflight saw it, and returns the layouts of the plan's tables.
fn compare_schema<'w>(writer: &mut SqliteWriter, work: &PlannedWork<'w>) -> Result<LayoutsByName<'w>, TargetError> {
    let SqliteWriter { connection, place, catalogue, .. } = writer;
    let facts = preflight::digest_facts(connection, place, catalogue, work.touches)?;
    if work.facts != Some(facts) {
        let what = "the schema has changed since it was checked".to_owned();
        return Err(Refusal::Stale { what }.into());
    }
    let mut layouts = LayoutsByName::new();
    let mut last: Option<&TableShape> = None;
    for shape in work.changes.iter().map(|change| change.table.as_ref()) {
        // Changes of one table share one shape, so its address spares looking the table up again.
        if last.replace(shape).is_some_and(|last| std::ptr::eq(last, shape)) {
            continue;
        }
        let name = shape.name.as_str();
        let Some(layout) = catalogue.find_layout(connection, place, name)? else {
            return Err(Refusal::Stale { what: format!("table {name} no longer exists") }.into());
        };
        if *layout.table.shape != *shape {
            return Err(known::redeclared_refusal(name).into());
        }
        layouts.insert(name, layout);
    }
    Ok(layouts)
}

/// Checks that rows are as the plan knows them, and returns the hidden rowid of each change's row.
fn compare_rows(
    connection: &Connection,
    place: &FileLocation,
    changes: &[Change],
    layouts: &LayoutsByName<'_>,
) -> Result<Vec<Option<i64>>, TargetError> {
    let mut rowids = vec![None; changes.len()];
    each_row(connection, place, changes, layouts, |at, digest, rowid| {
        rowids[at] = rowid;
        Ok(compare::check_before(&changes[at], digest)?)
    })?;
    Ok(rowids)
}

fn read_back(writer: &SqliteWriter, changes: &[Change], layouts: &LayoutsByName<'_>) -> Result<(), TargetError> {
    let SqliteWriter { connection, place, .. } = writer;
    each_row(connection, place, changes, layouts, |at, digest, _| compare::check_after(&changes[at], digest))?;
    writer.pass_step(WriteStep::ReadBack)
}

/// Visits the digest and the hidden rowid of each change's row, table by table, each table in plan order.
fn each_row(
    connection: &Connection,
    place: &FileLocation,
    changes: &[Change],
    layouts: &LayoutsByName<'_>,
    mut visit: impl FnMut(usize, Option<Digest>, Option<i64>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    for (name, positions) in compare::group_by_table(changes) {
        let Some(layout) = layouts.get(name) else { continue };
        let keys: Vec<&[Value]> = positions.iter().map(|at| changes[*at].key.as_slice()).collect();
        rows::digests_of_keys(connection, place, layout, &keys, |nth, digest, rowid| {
            visit(positions[nth], digest, rowid)
        })?;
    }
    Ok(())
}

/// Writes changes in plan order, and checks that each statement touched exactly one row.
fn write_changes(
    writer: &SqliteWriter,
    changes: &[Change],
    rowids: &[Option<i64>],
    layouts: &LayoutsByName<'_>,
    statements: &mut StatementCache<'_>,
) -> Result<u64, TargetError> {
    let mut rows = 0;
    for (change, rowid) in changes.iter().zip(rowids).filter(|(change, _)| change.is_write()) {
        let Some(layout) = layouts.get(change.table.name.as_str()) else { continue };
        let prepared = statements.find_or_prepare(layout, change)?;
        let count = prepared
            .run(layout, change, *rowid)
            .map_err(|error| normalize::explain_write_error(&writer.place, layout, "write a row", &error))?;
        if count != 1 {
            let what = format!("{} of one row touched {count}", change.action.as_str());
            return Err(TargetError::Mismatch { table: change.table.name.clone(), what });
        }
        rows += 1;
        writer.pass_step(WriteStep::Row)?;
    }
    Ok(rows)
}

/// The prepared statements of an operation: one for each table, kind of change and set of columns.
struct StatementCache<'c> {
    connection: &'c Connection,
    place: &'c FileLocation,
    prepared: Vec<PreparedWrite<'c>>,
}

struct PreparedWrite<'c> {
    table: String,
    word: &'static str,
    columns: Vec<usize>,
    by_rowid: bool,
    statement: Statement<'c>,
}

impl<'c> StatementCache<'c> {
    fn find_or_prepare(
        &mut self,
        layout: &SqliteLayout,
        change: &Change,
    ) -> Result<&mut PreparedWrite<'c>, TargetError> {
        let columns: &[usize] = if let RowAction::Update { columns, .. } = &change.action { columns } else { &[] };
        let word = change.action.as_str();
        // Neighbouring changes are most often alike, so the newest statement is tried first.
        let known = self
            .prepared
            .iter()
            .rposition(|one| one.word == word && one.columns == columns && one.table == change.table.name);
        let at = match known {
            Some(at) => at,
            None => {
                let text = match &change.action {
                    RowAction::Insert { .. } => sql::insert_row(layout),
                    RowAction::Delete { .. } => sql::delete_row(layout),
                    RowAction::Update { .. } | RowAction::Kept { .. } => sql::update_row(layout, columns),
                };
                let statement = self.connection.prepare(&text).map_err(self.place.explainer("prepare a write"))?;
                let (table, columns) = (change.table.name.clone(), columns.to_vec());
                self.prepared.push(PreparedWrite { table, word, columns, by_rowid: layout.rowid.is_some(), statement });
                self.prepared.len() - 1
            }
        };
        self.prepared.get_mut(at).ok_or_else(|| self.place.failure("prepare a write", "it is no longer there"))
    }
}

impl PreparedWrite<'_> {
    fn run(&mut self, layout: &SqliteLayout, change: &Change, rowid: Option<i64>) -> rusqlite::Result<usize> {
        debug_assert_eq!(self.by_rowid, layout.rowid.is_some());
        let rowid = rowid.map_or(Value::Null, Value::Integer);
        let rowid = self.by_rowid.then_some(&rowid);
        match &change.action {
            RowAction::Insert { after, .. } => bind_values(&mut self.statement, after)?,
            RowAction::Delete { .. } => bind_values(&mut self.statement, rowid.into_iter().chain(&change.key))?,
            RowAction::Update { before, after, .. } => {
                // In the order of the statement: the new values, the address, the old values.
                let address = rowid.into_iter().chain(&change.key);
                bind_values(&mut self.statement, after.iter().chain(address).chain(before))?;
            }
            RowAction::Kept { .. } => return Ok(1),
        }
        self.statement.raw_execute()
    }
}
