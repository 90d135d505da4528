//! The transaction of an operation: uid, comparison, writes, counts, read-back; neither begins nor ends it.

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

/// How many changes are compared, written and read back in one go, so that their pages are read once for all three.
const BATCH: usize = 512;
/// So many changes are worth a second connection that compares ahead.
const MANY: usize = 4096;
/// How many batches it compares ahead.
const AHEAD: usize = 8;

/// The tables of a plan, by name.
type LayoutsByName<'w> = BTreeMap<&'w str, Arc<SqliteLayout>>;

/// Does everything between BEGIN and COMMIT, and returns how many rows were written.
pub(super) fn run_transaction(
    writer: &mut SqliteWriter,
    intended: &Intended,
    work: &PlannedWork<'_>,
) -> Result<u64, TargetError> {
    own::check_own_tables(&writer.connection, &writer.place)?;
    let before = writer.connection.total_changes();
    put_uid(writer, intended, work)?;
    writer.check_own_rows_only(before, 1)?;
    writer.pass_step(WriteStep::Uid)?;
    compare::check_work(intended, work)?;
    compare_marker(writer, work)?;
    let sheets = compare_schema(writer, work)?;
    let rows = carry_out(writer, work.changes, &sheets)?;
    keep_keys(writer, work)?;
    if work.rehearse {
        rehearse(writer, work, &sheets)?;
    }
    Ok(rows)
}

/// Tries the way back, and takes the trial back again: what stands between rows and their old selves is known before
/// anything is committed.
fn rehearse(writer: &SqliteWriter, work: &PlannedWork<'_>, sheets: &LayoutsByName<'_>) -> Result<(), TargetError> {
    let failed = writer.place.explainer("rehearse the way back");
    writer.connection.execute_batch(sql::SAVEPOINT).map_err(&failed)?;
    let mut statements = StatementCache { connection: &writer.connection, place: &writer.place, prepared: Vec::new() };
    // Where no index leads to a row, every look is a walk through the table: all of them are one batch.
    let size = if sheets.values().all(|sheet| sheet.seek) { BATCH } else { work.changes.len().max(1) };
    let mut parts: Vec<&[Change]> = work.changes.chunks(size).collect();
    let in_order = in_order(work.changes);
    if in_order {
        parts.reverse();
    }
    for part in parts {
        let back = compare::way_back(part, in_order);
        let rowids = compare_rows(&writer.connection, &writer.place, &back, sheets)?;
        let done = write_batch(writer, &back, &rowids, sheets, &mut statements);
        done.map_err(compare::no_way_back)?;
    }
    keep_keys(writer, work).map_err(compare::no_way_back)?;
    drop(statements);
    writer.connection.execute_batch(sql::ROLLBACK_TO_SAVEPOINT).map_err(&failed)?;
    writer.pass_step(WriteStep::Rehearsed)
}

/// Where SQLite enforces no foreign keys, checks that those which were sound still are.
fn keep_keys(writer: &SqliteWriter, work: &PlannedWork<'_>) -> Result<(), TargetError> {
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

/// Compares, writes and reads back, a batch of changes at a time.
fn carry_out(writer: &SqliteWriter, changes: &[Change], sheets: &LayoutsByName<'_>) -> Result<u64, TargetError> {
    let mut statements = StatementCache { connection: &writer.connection, place: &writer.place, prepared: Vec::new() };
    let mut batch =
        |changes: &[Change], rowids: Vec<Option<i64>>| write_batch(writer, changes, &rowids, sheets, &mut statements);
    let seek = sheets.values().all(|sheet| sheet.seek);
    if !seek {
        // Every look at rows is a walk through their table: all of them are one batch.
        return batch(changes, compare_rows(&writer.connection, &writer.place, changes, sheets)?);
    }
    if !writer.log || changes.len() < MANY {
        let one = |part: &[Change]| {
            let rowids = compare_rows(&writer.connection, &writer.place, part, sheets)?;
            batch(part, rowids)
        };
        return changes.chunks(BATCH).map(one).sum();
    }
    let place = &writer.place;
    thread::scope(|scope| {
        let (sender, compared) = mpsc::sync_channel(AHEAD);
        scope.spawn(move || compare_ahead(place, changes, sheets, &sender));
        let stopped = |_| place.failure("read rows", "the reader stopped");
        changes.chunks(BATCH).map(|part| batch(part, compared.recv().map_err(stopped)??)).sum()
    })
}

/// Writes changes whose rows were compared, counts them, and reads them back.
fn write_batch(
    writer: &SqliteWriter,
    changes: &[Change],
    rowids: &[Option<i64>],
    sheets: &LayoutsByName<'_>,
    statements: &mut StatementCache<'_>,
) -> Result<u64, TargetError> {
    writer.pass_step(WriteStep::Compared)?;
    let before = writer.connection.total_changes();
    let rows = write_changes(writer, changes, rowids, sheets, statements)?;
    check_row_count(changes, rows, writer.connection.total_changes() - before)?;
    read_back(writer, changes, sheets)?;
    Ok(rows)
}

/// Checks that nothing else was written meanwhile: by a trigger, or a cascade.
fn check_row_count(changes: &[Change], rows: u64, counted: u64) -> Result<(), TargetError> {
    if counted == rows {
        return Ok(());
    }
    let table = changes.first().map(|change| change.table.name.clone()).unwrap_or_default();
    Err(TargetError::Mismatch { table, what: format!("{counted} rows were written where {rows} were planned") })
}

/// Compares rows on another connection while those before are written: with a write-ahead log, and under the writer's
/// lock, it goes on seeing the rows as they were when the transaction began.
fn compare_ahead(
    place: &FileLocation,
    changes: &[Change],
    sheets: &LayoutsByName<'_>,
    sender: &mpsc::SyncSender<Result<Vec<Option<i64>>, TargetError>>,
) {
    let connection = match open_reader(place) {
        Ok(connection) => connection,
        Err(error) => return drop(sender.send(Err(error))),
    };
    for part in changes.chunks(BATCH) {
        let compared = compare_rows(&connection, place, part, sheets);
        let failed = compared.is_err();
        if sender.send(compared).is_err() || failed {
            return;
        }
    }
}

fn put_uid(writer: &SqliteWriter, intended: &Intended, work: &PlannedWork<'_>) -> Result<(), TargetError> {
    let (uid, journal_id, op) = (intended.uid(), intended.journal_id(), intended.op());
    let row = OperationRow { uid, journal_id, op, state: OperationState::Committed };
    match writer.insert_operation(&row, OperationState::Committed, work.at_us) {
        Ok(()) => Ok(()),
        Err(error) if is_constraint(&error) => {
            if marks::find_operation(&writer.connection, &writer.place, &uid)?.is_some() {
                let what = format!("operation {op} was closed by a recover meanwhile");
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
    let found = marks::read_marker(connection, place)?;
    Ok(known::check_marker(&place.url, found.as_ref(), &file::read_binding(place)?, work)?)
}

/// Compares the schema with what the preflight saw, and returns the tables.
fn compare_schema<'w>(writer: &mut SqliteWriter, work: &PlannedWork<'w>) -> Result<LayoutsByName<'w>, TargetError> {
    let SqliteWriter { connection, place, catalogue, .. } = writer;
    let facts = preflight::digest_facts(connection, place, catalogue, work.touches)?;
    if work.facts != Some(facts) {
        let what = "the schema is not as the preflight saw it".to_owned();
        return Err(Refusal::Stale { what }.into());
    }
    let mut sheets = LayoutsByName::new();
    let mut last: Option<&TableShape> = None;
    for shape in work.changes.iter().map(|change| change.table.as_ref()) {
        if last.replace(shape).is_some_and(|last| std::ptr::eq(last, shape)) {
            continue;
        }
        let name = shape.name.as_str();
        let gone = || Refusal::Stale { what: format!("table {name} is gone") };
        let sheet = catalogue.find_layout(connection, place, name)?.ok_or_else(gone)?;
        if *sheet.table.shape != *shape {
            return Err(known::redeclared_refusal(name).into());
        }
        sheets.insert(name, sheet);
    }
    Ok(sheets)
}

/// Compares rows with what the plan knows, and returns their hidden rowids, by change.
fn compare_rows(
    connection: &Connection,
    place: &FileLocation,
    changes: &[Change],
    sheets: &LayoutsByName<'_>,
) -> Result<Vec<Option<i64>>, TargetError> {
    let mut rowids = vec![None; changes.len()];
    each_row(connection, place, changes, sheets, |at, found, rowid| {
        rowids[at] = rowid;
        Ok(compare::check_before(&changes[at], found)?)
    })?;
    Ok(rowids)
}

fn read_back(writer: &SqliteWriter, changes: &[Change], sheets: &LayoutsByName<'_>) -> Result<(), TargetError> {
    let SqliteWriter { connection, place, .. } = writer;
    each_row(connection, place, changes, sheets, |at, found, _| compare::check_after(&changes[at], found))?;
    writer.pass_step(WriteStep::ReadBack)
}

/// Digests the rows of changes, table by table, each in plan order; gives their hidden rowids as well.
fn each_row(
    connection: &Connection,
    place: &FileLocation,
    changes: &[Change],
    sheets: &LayoutsByName<'_>,
    mut take: impl FnMut(usize, Option<Digest>, Option<i64>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    for (name, places) in compare::by_table(changes) {
        let Some(sheet) = sheets.get(name) else { continue };
        let keys: Vec<&[Value]> = places.iter().map(|at| changes[*at].key.as_slice()).collect();
        rows::digests_of_keys(connection, place, sheet, &keys, |nth, digest, rowid| take(places[nth], digest, rowid))?;
    }
    Ok(())
}

/// Writes changes in plan order, and counts each.
fn write_changes(
    writer: &SqliteWriter,
    changes: &[Change],
    rowids: &[Option<i64>],
    sheets: &LayoutsByName<'_>,
    statements: &mut StatementCache<'_>,
) -> Result<u64, TargetError> {
    let mut rows = 0;
    for (change, rowid) in changes.iter().zip(rowids).filter(|(change, _)| change.is_write()) {
        let Some(sheet) = sheets.get(change.table.name.as_str()) else { continue };
        let prepared = statements.find_or_prepare(sheet, change)?;
        let counted = prepared.run(sheet, change, *rowid);
        let counted =
            counted.map_err(|error| normalize::explain_write_error(&writer.place, sheet, "write a row", &error))?;
        if counted != 1 {
            let what = format!("{} of one row touched {counted}", change.action.as_str());
            return Err(TargetError::Mismatch { table: change.table.name.clone(), what });
        }
        rows += 1;
        writer.pass_step(WriteStep::Row)?;
    }
    Ok(rows)
}

/// The statements of an operation: one for each table and set of columns.
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
        sheet: &SqliteLayout,
        change: &Change,
    ) -> Result<&mut PreparedWrite<'c>, TargetError> {
        let columns: &[usize] = if let RowAction::Update { columns, .. } = &change.action { columns } else { &[] };
        let word = change.action.as_str();
        let fits =
            |one: &PreparedWrite<'_>| one.word == word && one.columns == columns && one.table == change.table.name;
        // The newest is most often the one wanted.
        let found = self.prepared.iter().rposition(fits);
        let at = match found {
            Some(at) => at,
            None => {
                let text = match &change.action {
                    RowAction::Insert { .. } => sql::insert_row(sheet),
                    RowAction::Delete { .. } => sql::delete_row(sheet),
                    RowAction::Update { .. } | RowAction::Kept { .. } => sql::update_row(sheet, columns),
                };
                let statement = self.connection.prepare(&text).map_err(self.place.explainer("prepare a write"))?;
                let (table, columns) = (change.table.name.clone(), columns.to_vec());
                self.prepared.push(PreparedWrite { table, word, columns, by_rowid: sheet.rowid.is_some(), statement });
                self.prepared.len() - 1
            }
        };
        let missing = || self.place.failure("prepare a write", "it was forgotten");
        self.prepared.get_mut(at).ok_or_else(missing)
    }
}

impl PreparedWrite<'_> {
    fn run(&mut self, sheet: &SqliteLayout, change: &Change, rowid: Option<i64>) -> rusqlite::Result<usize> {
        debug_assert_eq!(self.by_rowid, sheet.rowid.is_some());
        let rowid = rowid.map_or(Value::Null, Value::Integer);
        let rowid = self.by_rowid.then_some(&rowid);
        match &change.action {
            RowAction::Insert { after, .. } => bind_values(&mut self.statement, after)?,
            RowAction::Delete { .. } => bind_values(&mut self.statement, rowid.into_iter().chain(&change.key))?,
            RowAction::Update { before, after, .. } => {
                let address = rowid.into_iter().chain(&change.key);
                bind_values(&mut self.statement, after.iter().chain(address).chain(before))?;
            }
            RowAction::Kept { .. } => return Ok(1),
        }
        self.statement.raw_execute()
    }
}
