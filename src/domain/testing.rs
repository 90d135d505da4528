//! A database in memory for tests: tables, answers to queries, scans and edits, without any SQL.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use mfm_journal::{ColumnShape as ColumnImage, TableShape};

use super::mode::{BoundMode, Mode, PlannedFault, ProposedFault, Task};
use super::pipeline::PipelineReader;
use super::scan::{ScanReader, ScanRequest};
use super::table::TableDef;
use crate::model::snapshot::lies_between;
use crate::model::{
    Column, Datum, Edit, Fetch, FetchAnswer, Filter, Key, KeyStanding, Kind, NameIndex, Refusal, Role, Row, Snapshot,
    Storage, Table, Value, time,
};

/// A wall clock for plans.
pub(crate) const NOW: jiff::civil::DateTime = jiff::civil::datetime(2024, 7, 1, 9, 0, 0, 0);

/// A mode's parameters.
type Parameters = serde_json::Map<String, serde_json::Value>;

/// A table with its rows by key.
type StoredTable = (Arc<Table>, BTreeMap<Key, Vec<Value>>);

/// A database: tables with their rows, by the table's name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Database {
    tables: BTreeMap<String, StoredTable>,
}

/// Returns the affinity of a declared type, by SQLite's rules in their order.
fn affinity_of_type(declared: &str) -> Storage {
    let upper = declared.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| upper.contains(word));
    if has(&["INT"]) {
        Storage::Integer
    } else if has(&["CHAR", "CLOB", "TEXT"]) {
        Storage::Text
    } else if upper.is_empty() || has(&["BLOB"]) {
        Storage::Blob
    } else if has(&["REAL", "FLOA", "DOUB"]) {
        Storage::Real
    } else {
        Storage::Numeric
    }
}

/// Returns the table of a definition as SQLite would declare it.
pub(crate) fn build_table(def: &TableDef) -> Arc<Table> {
    let mut columns = Vec::with_capacity(def.columns.len());
    for (name, declared, nullable) in &def.columns {
        columns.push(Column {
            image: ColumnImage::new(name, declared),
            kind: Kind::parse(declared),
            storage: affinity_of_type(declared),
            nullable: *nullable,
            role: Role::Plain,
        });
    }
    let shape = TableShape {
        name: def.name.clone(),
        key: def.key.iter().cloned().collect(),
        columns: columns.iter().map(|column| column.image.clone()).collect(),
        omitted: Vec::new(),
    };
    Arc::new(Table {
        shape: Arc::new(shape),
        columns,
        omitted: Vec::new(),
        key: KeyStanding::Undeclared,
        names: NameIndex::default(),
    })
}

impl Database {
    pub(crate) fn create_table(&mut self, def: &TableDef) {
        self.tables.insert(def.name.clone(), (build_table(def), BTreeMap::new()));
    }

    pub(crate) fn has_table(&self, table: &str) -> bool {
        self.tables.contains_key(table)
    }

    pub(crate) fn drop(&mut self, table: &str) {
        self.tables.remove(table);
    }

    pub(crate) fn remove_row(&mut self, table: &str, key: i64) {
        self.tables.get_mut(table).unwrap().1.remove(&vec![Value::Integer(key)]).unwrap();
    }

    /// Drops a column that is not part of the key.
    pub(crate) fn drop_column(&mut self, table: &str, column: &str) {
        let (declared, rows) = self.tables.get_mut(table).unwrap();
        let at = declared.position(column).unwrap();
        let mut new = (**declared).clone();
        let mut shape = (*new.shape).clone();
        shape.columns.remove(at);
        new.columns.remove(at);
        new.shape = Arc::new(shape);
        *declared = Arc::new(new);
        rows.values_mut().for_each(|row| drop(row.remove(at)));
    }

    /// Adds a copy of a row under another key.
    pub(crate) fn copy_row(&mut self, table: &str, key: i64, new: i64) {
        let (declared, rows) = self.tables.get_mut(table).unwrap();
        let mut row = rows[&vec![Value::Integer(key)]].clone();
        row[declared.position(&declared.shape.key[0]).unwrap()] = Value::Integer(new);
        assert!(rows.insert(vec![Value::Integer(new)], row).is_none());
    }

    /// Returns the names of the tables that differ in another database or are missing there.
    pub(crate) fn differing_tables(&self, other: &Self) -> BTreeSet<String> {
        let differing_tables = self.tables.iter().filter(|(name, stored)| other.tables.get(*name) != Some(stored));
        differing_tables.map(|(name, _)| name.clone()).collect()
    }

    pub(crate) fn insert_row(&mut self, table: &str, values: &[Datum]) -> Result<(), Refusal> {
        let (declared, rows) = self.tables.get_mut(table).unwrap();
        assert_eq!(declared.columns.len(), values.len(), "{table}");
        let mut row = Vec::with_capacity(values.len());
        for (column, datum) in declared.columns.iter().zip(values) {
            row.push(column.store_datum(table, datum)?);
        }
        let mut key = declared.key_of(&row)?;
        if key.is_empty() {
            // A table without a key keeps its rows in the order of insertion.
            key.push(Value::Integer(i64::try_from(rows.len()).unwrap()));
        }
        assert!(rows.insert(key.clone(), row).is_none(), "{table} {key:?} twice");
        Ok(())
    }

    /// Sets one cell.
    pub(crate) fn set_cell(&mut self, table: &str, key: i64, column: &str, value: Value) {
        let (declared, rows) = self.tables.get_mut(table).unwrap();
        let at = declared.position(column).unwrap();
        rows.get_mut(&vec![Value::Integer(key)]).unwrap()[at] = value;
    }

    pub(crate) fn keys(&self, table: &str) -> Vec<Value> {
        self.tables[table].1.keys().map(|key| key[0].clone()).collect()
    }

    pub(crate) fn answer_fetch(&self, query: &Fetch) -> Result<FetchAnswer, Refusal> {
        let Some((table, rows)) = self.tables.get(&query.table) else {
            return Ok(FetchAnswer { table: None, rows: Vec::new(), maximum: None });
        };
        let (mut answer_rows, mut maximum) = (Vec::new(), None);
        match &query.filter {
            Filter::All => answer_rows = rows.values().cloned().collect(),
            Filter::In { column, values } => {
                let (at, _) = table.column(column)?;
                answer_rows.extend(rows.values().filter(|row| values.contains(&row[at])).cloned());
            }
            Filter::Days { column, first, last } => {
                let (at, column) = table.column(column)?;
                let on_days = rows.values().filter(|row| time::lies_on(&row[at], column, *first, *last));
                answer_rows.extend(on_days.cloned());
            }
            Filter::Between { column, first, last } => {
                let (at, _) = table.column(column)?;
                let in_range = rows.values().filter(|row| lies_between(&row[at], *first, *last));
                answer_rows.extend(in_range.cloned());
            }
            Filter::Maximum { column } => {
                let (at, _) = table.column(column)?;
                maximum =
                    rows.values().filter_map(|row| if let Value::Integer(n) = row[at] { Some(n) } else { None }).max();
            }
        }
        Ok(FetchAnswer { table: Some(table.clone()), rows: answer_rows, maximum })
    }

    /// Runs every scan that a reader asks for.
    pub(crate) fn run_scans(&self, reader: &mut dyn ScanReader) {
        while let Some(scan) = reader.next_scan() {
            self.run_scan(&scan, reader);
            reader.end_scan();
        }
    }

    fn run_scan(&self, scan: &ScanRequest, reader: &mut dyn ScanReader) {
        if !scan.pipeline.is_empty() {
            let mut pipeline = PipelineReader::new(&scan.pipeline);
            self.run_scan(&ScanRequest { pipeline: Vec::new(), ..scan.clone() }, &mut pipeline);
            let Some((table, rows)) = pipeline.finish() else { return reader.begin_scan(None) };
            reader.begin_scan(Some(&table));
            let rows: Vec<Row<'_>> = rows.iter().map(|cells| Row { table: &table, cells }).collect();
            let _ = reader.take_rows(&rows);
            return;
        }
        let whole = self.answer_fetch(&Fetch { table: scan.table.clone(), filter: scan.filter.clone() }).unwrap();
        let Some(table) = whole.table else { return reader.begin_scan(None) };
        let mut shown = narrow_table(&table, &scan.columns);
        let mut rows = whole.rows;
        if let Some(order) = &scan.order {
            let at = table.position(&order.column).unwrap();
            rows.sort_by(|a, b| if order.descending { b[at].cmp(&a[at]) } else { a[at].cmp(&b[at]) });
        }
        let mut out: Vec<Vec<Value>> = rows.iter().map(|row| project_cells(row, &table, &shown)).collect();
        if let Some(join) = &scan.join {
            let Some((parent, known)) = self.tables.get(&join.parent) else { return reader.begin_scan(None) };
            let (at, key) = (table.position(&join.column).unwrap(), parent.position(&join.parent_column).unwrap());
            let index: BTreeMap<&Value, &Vec<Value>> = known.values().map(|row| (&row[key], row)).collect();
            let parent_shown = narrow_table(parent, &join.columns);
            out.clear();
            for row in &rows {
                if let Some(parent_row) = index.get(&row[at]) {
                    let parent_cells = project_cells(parent_row, parent, &parent_shown);
                    out.push([project_cells(row, &table, &shown), parent_cells].concat());
                }
            }
            shown = Arc::new(shown.join_columns(&parent_shown));
        }
        out.truncate(scan.limit.map_or(usize::MAX, |most| usize::try_from(most).unwrap()));
        reader.begin_scan(Some(&shown));
        // Small batches, so that readers are tested with rows that fall apart into several.
        for batch in out.chunks(100) {
            let rows: Vec<Row<'_>> = batch.iter().map(|cells| Row { table: &shown, cells }).collect();
            if reader.take_rows(&rows) == ControlFlow::Break(()) {
                return;
            }
        }
    }

    pub(crate) fn read_snapshot(&self, queries: impl IntoIterator<Item = Fetch>) -> Snapshot {
        let mut snapshot = Snapshot::default();
        for query in queries {
            snapshot.add_answer(query.clone(), self.answer_fetch(&query).unwrap()).unwrap();
        }
        snapshot
    }

    /// Reads what a mode needs for records under parameters, in as many stages as it asks for.
    pub(crate) fn read_for(&self, mode: &dyn Mode, records: &[Value], parameters: &Parameters) -> Snapshot {
        self.try_read_for(mode, records, parameters).unwrap()
    }

    /// As [`Self::read_for`], or the refusal for a missing column.
    pub(crate) fn try_read_for(
        &self,
        mode: &dyn Mode,
        records: &[Value],
        parameters: &Parameters,
    ) -> Result<Snapshot, Refusal> {
        let bound = mode.bind(parameters)?;
        let mut snapshot = Snapshot::default();
        // Far more stages than any mode has: one that asks for ever must not hang the tests.
        for _ in 0..10 {
            let queries = bound.needs(records, &snapshot);
            if queries.is_empty() {
                return Ok(snapshot);
            }
            for query in queries {
                assert!(!snapshot.has_answer(&query));
                snapshot.add_answer(query.clone(), self.answer_fetch(&query)?)?;
            }
        }
        panic!("{} never stops reading", mode.card().tool)
    }

    /// Returns the table and key of the row of each edit.
    pub(crate) fn touched_rows(&self, edits: &[Edit]) -> Vec<(String, Key)> {
        edits.iter().map(|edit| self.row_of(edit)).collect()
    }

    fn row_of(&self, edit: &Edit) -> (String, Key) {
        match edit {
            Edit::Update { table, key, .. } | Edit::Delete { table, key } => (table.clone(), key.clone()),
            Edit::Insert { table, row } => {
                let mut key = Key::new();
                for name in &self.tables[table].0.shape.key {
                    match &row[name] {
                        Datum::Integer(number) => key.push(Value::Integer(*number)),
                        other => panic!("{other:?}"),
                    }
                }
                (table.clone(), key)
            }
        }
    }

    /// Returns the edits that undo edits of this database, in the opposite order.
    pub(crate) fn invert_edits(&self, edits: &[Edit]) -> Vec<Edit> {
        let mut inverse = Vec::with_capacity(edits.len());
        for edit in edits.iter().rev() {
            let (table, key) = self.row_of(edit);
            inverse.push(match edit {
                Edit::Update { .. } => Edit::Update { set: self.raw_row(&table, &key), table, key },
                Edit::Delete { .. } => Edit::Insert { row: self.raw_row(&table, &key), table },
                Edit::Insert { .. } => Edit::Delete { table, key },
            });
        }
        inverse
    }

    /// Returns a row's cells as they are stored, by column.
    fn raw_row(&self, table: &str, key: &Key) -> BTreeMap<String, Datum> {
        let (declared, rows) = &self.tables[table];
        let names = declared.columns.iter().map(|column| column.image.name.clone());
        names.zip(rows[key].iter().cloned().map(Datum::Raw)).collect()
    }

    /// Applies edits as the columns store them; returns the number of rows that changed.
    pub(crate) fn apply_edits(&mut self, edits: &[Edit]) -> Result<usize, Refusal> {
        let mut changed = 0;
        for edit in edits {
            changed += usize::from(self.apply_one(edit)?);
        }
        Ok(changed)
    }

    fn apply_one(&mut self, edit: &Edit) -> Result<bool, Refusal> {
        match edit {
            Edit::Update { table, key, set } => {
                let (declared, rows) = self.tables.get_mut(table).unwrap();
                let row = rows.get_mut(key).unwrap();
                let before = row.clone();
                for (column, datum) in set {
                    let (at, column) = declared.column(column)?;
                    row[at] = column.store_datum(table, datum)?;
                }
                Ok(*row != before)
            }
            Edit::Insert { table, row } => {
                let columns = self.tables[table].0.columns.clone();
                for name in row.keys() {
                    self.tables[table].0.column(name)?;
                }
                let mut values = Vec::with_capacity(columns.len());
                for column in &columns {
                    values.push(row.get(&column.image.name).cloned().unwrap_or(Datum::Null));
                }
                self.insert_row(table, &values)?;
                Ok(true)
            }
            Edit::Delete { table, key } => Ok(self.tables.get_mut(table).unwrap().1.remove(key).is_some()),
        }
    }
}

/// Returns a table reduced to some columns and its key; without any, the whole table.
fn narrow_table(table: &Arc<Table>, columns: &[String]) -> Arc<Table> {
    if columns.is_empty() {
        return table.clone();
    }
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    Arc::new(table.select_columns(&columns))
}

/// Returns the cells of a row of one table in the order of the columns of another that has fewer.
fn project_cells(row: &[Value], from: &Table, to: &Table) -> Vec<Value> {
    to.columns.iter().map(|column| row[from.position(&column.image.name).unwrap()].clone()).collect()
}

/// Returns the map of a JSON object.
pub(crate) fn json_object(json: serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
    json.as_object().unwrap().clone()
}

/// Returns the task for a record under a mode's parameters.
pub(crate) fn build_task<'a>(bound: &dyn BoundMode, record: &'a Value, seed: u64) -> Task<'a> {
    Task { kind: bound.record(), record, ordinal: 0, seed, now: NOW }
}

/// Returns the plan for a record under completed parameters.
pub(crate) fn plan(
    mode: &dyn Mode,
    snapshot: &Snapshot,
    record: &Value,
    parameters: &Parameters,
    seed: u64,
) -> Result<PlannedFault, Refusal> {
    let bound = mode.bind(parameters)?;
    bound.plan(snapshot, &build_task(bound.as_ref(), record, seed))
}

/// Returns the parameters under which a record shows a variant, and the plan under them.
pub(crate) fn propose(
    mode: &dyn Mode,
    variant: &str,
    snapshot: &Snapshot,
    record: &Value,
    parameters: &Parameters,
    seed: u64,
) -> Result<(Parameters, PlannedFault), Refusal> {
    let bound = mode.bind(parameters)?;
    let ProposedFault { planned, params } =
        bound.propose(variant, snapshot, &build_task(bound.as_ref(), record, seed))?;
    Ok((params.unwrap_or_else(|| parameters.clone()), planned))
}
