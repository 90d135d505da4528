//! The transaction of an operation: uid, comparison, writes, counts, read-back; neither begins nor ends it.

use std::collections::BTreeMap;
use std::sync::Arc;

use mfm_journal::{Action, Change, Intended, RowHasher, Value};
use rusqlite::{Connection, Statement};

use super::catalogue::Sheet;
use super::open::Place;
use super::value::bind;
use super::writer::{SqliteWriter, is_constraint};
use super::{census, marks, rehearse, rows, sql};
use crate::model::Refusal;
use crate::target::compare;
use crate::target::faults::WriteStep;
use crate::target::{OperationRow, OperationState, TargetError, Work};

/// The places of a plan's changes in one table, with that table.
type Groups = Vec<(Arc<Sheet>, Vec<usize>)>;

/// Does everything between BEGIN and COMMIT, and returns how many rows were written.
pub(super) fn transact(writer: &mut SqliteWriter, intended: &Intended, work: &Work<'_>) -> Result<u64, TargetError> {
    let started = writer.connection.total_changes();
    put_uid(writer, intended, work)?;
    writer.step(WriteStep::Uid)?;
    compare::covered(intended, work)?;
    compare_marker(writer, work)?;
    let groups = compare_schema(writer, work)?;
    let rowids = compare_rows(writer, work, &groups)?;
    writer.step(WriteStep::Compared)?;
    let rows = write(writer, work, &groups, &rowids)?;
    let counted = writer.connection.total_changes() - started;
    if counted != rows + 1 {
        let what = format!("{} rows were written where {rows} were planned", counted - 1);
        let table = work.touches.first().map(|touch| touch.table.shape.name.clone()).unwrap_or_default();
        return Err(TargetError::Mismatch { table, what });
    }
    read_back(writer, work, &groups)?;
    writer.step(WriteStep::ReadBack)?;
    Ok(rows)
}

fn put_uid(writer: &SqliteWriter, intended: &Intended, work: &Work<'_>) -> Result<(), TargetError> {
    let (uid, journal_id, op) = (intended.uid(), intended.journal_id(), intended.op());
    let row = OperationRow { uid, journal_id, op, state: OperationState::Committed };
    match writer.insert_operation(&row, OperationState::Committed, work.at_us) {
        Ok(()) => Ok(()),
        Err(error) if is_constraint(&error) => {
            if marks::operation(&writer.connection, &writer.place, &uid)?.is_some() {
                let what = format!("operation {op} was closed by a recover meanwhile");
                return Err(Refusal::Stale { what }.into());
            }
            Err(writer.taken(&row))
        }
        Err(error) => match marks::has(&writer.connection, &writer.place, "mfm_operation") {
            Ok(false) => Err(Refusal::Unmarked { url: writer.place.url.clone() }.into()),
            _ => Err(writer.explain_operation(&error)),
        },
    }
}

fn compare_marker(writer: &SqliteWriter, work: &Work<'_>) -> Result<(), TargetError> {
    let url = || writer.place.url.clone();
    let Some(marker) = marks::marker(&writer.connection, &writer.place)? else {
        return Err(Refusal::Unmarked { url: url() }.into());
    };
    if marker != *work.marker {
        return Err(Refusal::Stale { what: format!("{} was marked anew", url()) }.into());
    }
    let found = marks::bound(&writer.place.path)?;
    if found != marker.bound {
        let text = |bound| marks::bound_json(&writer.place, bound);
        let (found, bound) = (text(&found)?, text(&marker.bound)?);
        return Err(Refusal::MarkedElsewhere { url: url(), found, bound }.into());
    }
    Ok(())
}

/// Compares the schema with what the census saw, and groups the changes by table.
fn compare_schema(writer: &mut SqliteWriter, work: &Work<'_>) -> Result<Groups, TargetError> {
    let SqliteWriter { connection, place, catalogue, .. } = writer;
    let facts = census::facts(connection, place, catalogue, work.touches)?;
    if work.facts != Some(facts) {
        let what = "the schema is not as the census saw it".to_owned();
        return Err(Refusal::Stale { what }.into());
    }
    let mut groups = Groups::new();
    for (name, places) in compare::by_table(work.changes) {
        let gone = || Refusal::Stale { what: format!("table {name} is gone") };
        let sheet = catalogue.sheet(connection, place, name)?.ok_or_else(gone)?;
        let same = |at: &usize| *work.changes[*at].table == *sheet.table.shape;
        if !places.iter().all(same) {
            return Err(Refusal::Stale { what: format!("table {name} is declared differently now") }.into());
        }
        groups.push((sheet, places));
    }
    Ok(groups)
}

/// Compares all rows with what the plan knows, and returns their hidden rowids, by change.
fn compare_rows(writer: &SqliteWriter, work: &Work<'_>, groups: &Groups) -> Result<Vec<Option<i64>>, TargetError> {
    let mut rowids = vec![None; work.changes.len()];
    each_row(writer, work, groups, |at, change, hasher, row| {
        let found = compare::digest(hasher, &change.table.name, row.map(|(_, cells)| cells))?;
        compare::before(change, found)?;
        rowids[at] = row.and_then(|(rowid, _)| rowid);
        Ok(())
    })?;
    Ok(rowids)
}

fn read_back(writer: &SqliteWriter, work: &Work<'_>, groups: &Groups) -> Result<(), TargetError> {
    each_row(writer, work, groups, |_, change, hasher, row| {
        let found = compare::digest(hasher, &change.table.name, row.map(|(_, cells)| cells))?;
        compare::after(change, found)
    })
}

/// Reads the rows of all changes, table by table, each in plan order.
fn each_row<'w>(
    writer: &SqliteWriter,
    work: &Work<'w>,
    groups: &Groups,
    mut take: impl FnMut(usize, &'w Change, &mut RowHasher, Option<rows::Found<'_>>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    for (sheet, places) in groups {
        let mut hasher = RowHasher::new(&sheet.table.shape);
        let keys: Vec<&[Value]> = places.iter().map(|at| work.changes[*at].key.as_slice()).collect();
        rows::of_keys(&writer.connection, &writer.place, sheet, &keys, |nth, row| {
            let at = places[nth];
            take(at, &work.changes[at], &mut hasher, row)
        })?;
    }
    Ok(())
}

/// Writes all changes in plan order, and counts each.
fn write(writer: &SqliteWriter, work: &Work<'_>, groups: &Groups, rowids: &[Option<i64>]) -> Result<u64, TargetError> {
    let sheets: BTreeMap<&str, &Sheet> = groups.iter().map(|(sheet, _)| (sheet.name(), sheet.as_ref())).collect();
    let mut statements = Statements { connection: &writer.connection, place: &writer.place, prepared: Vec::new() };
    let mut rows = 0;
    for (change, rowid) in work.changes.iter().zip(rowids).filter(|(change, _)| change.writes()) {
        let Some(sheet) = sheets.get(change.table.name.as_str()) else { continue };
        let prepared = statements.of(sheet, change)?;
        let counted = prepared.run(sheet, change, *rowid);
        let counted = counted.map_err(|error| rehearse::refusal(&writer.place, sheet, "write a row", &error))?;
        if counted != 1 {
            let what = format!("{} of one row touched {counted}", change.action.word());
            return Err(TargetError::Mismatch { table: change.table.name.clone(), what });
        }
        rows += 1;
        writer.step(WriteStep::Row)?;
    }
    Ok(rows)
}

/// The statements of an operation: one for each table and set of columns.
struct Statements<'c> {
    connection: &'c Connection,
    place: &'c Place,
    prepared: Vec<Prepared<'c>>,
}

struct Prepared<'c> {
    table: String,
    word: &'static str,
    columns: Vec<usize>,
    by_rowid: bool,
    statement: Statement<'c>,
}

impl<'c> Statements<'c> {
    fn of(&mut self, sheet: &Sheet, change: &Change) -> Result<&mut Prepared<'c>, TargetError> {
        let columns: &[usize] = if let Action::Update { columns, .. } = &change.action { columns } else { &[] };
        let word = change.action.word();
        let fits = |one: &Prepared<'_>| one.word == word && one.columns == columns && one.table == change.table.name;
        // The newest is most often the one wanted.
        let found = self.prepared.iter().rposition(fits);
        let at = match found {
            Some(at) => at,
            None => {
                let text = match &change.action {
                    Action::Insert { .. } => sql::insert(sheet),
                    Action::Delete { .. } => sql::delete(sheet),
                    Action::Update { .. } | Action::Kept { .. } => sql::update(sheet, columns),
                };
                let statement = self.connection.prepare(&text).map_err(self.place.error("prepare a write"))?;
                let (table, columns) = (change.table.name.clone(), columns.to_vec());
                self.prepared.push(Prepared { table, word, columns, by_rowid: sheet.rowid.is_some(), statement });
                self.prepared.len() - 1
            }
        };
        let missing = || self.place.failed("prepare a write", "it was forgotten");
        self.prepared.get_mut(at).ok_or_else(missing)
    }
}

impl Prepared<'_> {
    fn run(&mut self, sheet: &Sheet, change: &Change, rowid: Option<i64>) -> rusqlite::Result<usize> {
        debug_assert_eq!(self.by_rowid, sheet.rowid.is_some());
        let rowid = rowid.map_or(Value::Null, Value::Integer);
        let rowid = self.by_rowid.then_some(&rowid);
        match &change.action {
            Action::Insert { after, .. } => bind(&mut self.statement, after)?,
            Action::Delete { .. } => bind(&mut self.statement, rowid.into_iter().chain(&change.key))?,
            Action::Update { before, after, .. } => {
                let address = rowid.into_iter().chain(&change.key);
                bind(&mut self.statement, after.iter().chain(address).chain(before))?;
            }
            Action::Kept { .. } => return Ok(1),
        }
        self.statement.raw_execute()
    }
}
