//! A database in memory for tests: tables from their definitions, answers to queries, edits; no SQL anywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use mfm_journal::{ColumnShape as ColumnImage, TableShape};

use super::mode::{BoundMode, Mode, PlannedFault, ProposedFault, Task};
use super::scan::{ScanReader, ScanRequest};
use super::table::TableDef;
use crate::model::snapshot::lies_between;
use crate::model::{
    Column, Datum, Edit, Fetch, FetchAnswer, Filter, Key, KeyStanding, Kind, Refusal, Role, Row, Snapshot, Storage,
    Table, Value, time,
};

/// A wall clock for plans.
pub(crate) const NOW: jiff::civil::DateTime = jiff::civil::datetime(2024, 7, 1, 9, 0, 0, 0);

/// A mode's parameters.
type Parameters = serde_json::Map<String, serde_json::Value>;

/// A table with its rows.
type StoredTable = (Arc<Table>, BTreeMap<Key, Vec<Value>>);

/// Tables with their rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Database {
    tables: BTreeMap<String, StoredTable>,
}

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

/// Returns a table as SQLite would hold it.
pub(crate) fn build_table(def: &TableDef) -> Arc<Table> {
    let column = |(name, declared, nullable): &(String, String, bool)| Column {
        image: ColumnImage {
            name: name.clone(),
            declared: declared.clone(),
            precision: None,
            scale: None,
            length: None,
            collation: None,
        },
        kind: Kind::parse(declared),
        storage: affinity_of_type(declared),
        nullable: *nullable,
        role: Role::Plain,
    };
    let columns: Vec<Column> = def.columns.iter().map(column).collect();
    let shape = TableShape {
        name: def.name.clone(),
        key: def.key.iter().cloned().collect(),
        columns: columns.iter().map(|column| column.image.clone()).collect(),
        omitted: Vec::new(),
    };
    Arc::new(Table { shape: Arc::new(shape), columns, omitted: Vec::new(), key: KeyStanding::Undeclared })
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

    /// Drops a column that is no key.
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

    /// Returns the tables that are different in another database.
    pub(crate) fn differing_tables(&self, other: &Self) -> BTreeSet<String> {
        let tables = self.tables.iter().filter(|(name, stored)| other.tables.get(*name) != Some(stored));
        tables.map(|(name, _)| name.clone()).collect()
    }

    pub(crate) fn insert_row(&mut self, table: &str, values: &[Datum]) -> Result<(), Refusal> {
        let (declared, rows) = self.tables.get_mut(table).unwrap();
        assert_eq!(declared.columns.len(), values.len(), "{table}");
        let store = |(column, datum): (&Column, &Datum)| column.store_datum(table, datum);
        let row = declared.columns.iter().zip(values).map(store).collect::<Result<Vec<_>, _>>()?;
        let key = declared.key_of(&row)?;
        // A table without a key keeps its rows in the order in which they came.
        let number = || vec![Value::Integer(i64::try_from(rows.len()).unwrap())];
        let key = if key.is_empty() { number() } else { key };
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
        let (mut found, mut maximum) = (Vec::new(), None);
        match &query.filter {
            Filter::All => found = rows.values().cloned().collect(),
            Filter::In { column, values } => {
                let (at, _) = table.column(column)?;
                found = rows.values().filter(|row| values.contains(&row[at])).cloned().collect();
            }
            Filter::Days { column, first, last } => {
                let (at, column) = table.column(column)?;
                let asked = |row: &&Vec<Value>| time::lies_on(&row[at], column, *first, *last);
                found = rows.values().filter(asked).cloned().collect();
            }
            Filter::Between { column, first, last } => {
                let (at, _) = table.column(column)?;
                let asked = |row: &&Vec<Value>| lies_between(&row[at], *first, *last);
                found = rows.values().filter(asked).cloned().collect();
            }
            Filter::Maximum { column } => {
                let (at, _) = table.column(column)?;
                maximum =
                    rows.values().filter_map(|row| if let Value::Integer(n) = row[at] { Some(n) } else { None }).max();
            }
        }
        Ok(FetchAnswer { table: Some(table.clone()), rows: found, maximum })
    }

    /// Carries out every scan that a reader asks for.
    pub(crate) fn run_scans(&self, reader: &mut dyn ScanReader) {
        while let Some(scan) = reader.next_scan() {
            self.run_scan(&scan, reader);
            reader.end_scan();
        }
    }

    fn run_scan(&self, scan: &ScanRequest, reader: &mut dyn ScanReader) {
        let whole = self.answer_fetch(&Fetch { table: scan.table.clone(), filter: scan.filter.clone() }).unwrap();
        let Some(table) = whole.table else { return reader.begin_scan(None) };
        let narrow = |table: &Arc<Table>, columns: &[String]| match columns {
            [] => table.clone(),
            some => Arc::new(table.select_columns(&some.iter().map(String::as_str).collect::<Vec<_>>())),
        };
        let mut shown = narrow(&table, &scan.columns);
        let mut rows = whole.rows;
        if let Some(order) = &scan.order {
            let at = table.position(&order.column).unwrap();
            rows.sort_by(|a, b| if order.descending { b[at].cmp(&a[at]) } else { a[at].cmp(&b[at]) });
        }
        let parts = |row: &Vec<Value>, from: &Table, to: &Table| -> Vec<Value> {
            to.columns.iter().map(|column| row[from.position(&column.image.name).unwrap()].clone()).collect()
        };
        let own = |row: &Vec<Value>| parts(row, &table, &shown);
        let mut out: Vec<Vec<Value>> = rows.iter().map(own).collect();
        if let Some(join) = &scan.join {
            let Some((parent, known)) = self.tables.get(&join.parent) else { return reader.begin_scan(None) };
            let (at, key) = (table.position(&join.column).unwrap(), parent.position(&join.parent_column).unwrap());
            let index: BTreeMap<&Value, &Vec<Value>> = known.values().map(|row| (&row[key], row)).collect();
            let beside = narrow(parent, &join.columns);
            let both = |row: &Vec<Value>| {
                let with = index.get(&row[at])?;
                Some([own(row), parts(with, parent, &beside)].concat())
            };
            out = rows.iter().filter_map(both).collect();
            shown = Arc::new(shown.join_columns(&beside));
        }
        out.truncate(scan.limit.map_or(usize::MAX, |most| usize::try_from(most).unwrap()));
        reader.begin_scan(Some(&shown));
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

    /// Reads what a mode needs for records under parameters, in its own stages.
    pub(crate) fn read_for(&self, mode: &dyn Mode, records: &[Value], parameters: &Parameters) -> Snapshot {
        self.try_read_for(mode, records, parameters).unwrap()
    }

    /// The same, or the refusal of a column that is missing.
    pub(crate) fn try_read_for(
        &self,
        mode: &dyn Mode,
        records: &[Value],
        parameters: &Parameters,
    ) -> Result<Snapshot, Refusal> {
        let bound = mode.bind(parameters)?;
        let mut snapshot = Snapshot::default();
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

    /// Returns the rows that edits are about.
    pub(crate) fn touched_rows(&self, edits: &[Edit]) -> Vec<(String, Key)> {
        let row = |edit: &Edit| match edit {
            Edit::Update { table, key, .. } | Edit::Delete { table, key } => (table.clone(), key.clone()),
            Edit::Insert { table, row } => {
                let declared = &self.tables[table].0;
                let cell = |name: &String| match &row[name] {
                    Datum::Integer(number) => Value::Integer(*number),
                    other => panic!("{other:?}"),
                };
                (table.clone(), declared.shape.key.iter().map(cell).collect())
            }
        };
        edits.iter().map(row).collect()
    }

    /// Returns the edits that take edits of this database back.
    pub(crate) fn invert_edits(&self, edits: &[Edit]) -> Vec<Edit> {
        let raw = |table: &String, key: &Key| -> BTreeMap<String, Datum> {
            let (declared, rows) = &self.tables[table];
            let names = declared.columns.iter().map(|column| column.image.name.clone());
            names.zip(rows[key].iter().cloned().map(Datum::Raw)).collect()
        };
        let back = |(edit, (table, key)): (&Edit, (String, Key))| match edit {
            Edit::Update { .. } => Edit::Update { set: raw(&table, &key), table, key },
            Edit::Delete { .. } => Edit::Insert { row: raw(&table, &key), table },
            Edit::Insert { .. } => Edit::Delete { table, key },
        };
        edits.iter().zip(self.touched_rows(edits)).map(back).rev().collect()
    }

    /// Carries out edits as the columns store them; returns how many rows really changed.
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
                row.keys().try_for_each(|name| self.tables[table].0.column(name).map(|_| ()))?;
                let cell = |column: &Column| row.get(&column.image.name).cloned().unwrap_or(Datum::Null);
                self.insert_row(table, &columns.iter().map(cell).collect::<Vec<_>>())?;
                Ok(true)
            }
            Edit::Delete { table, key } => Ok(self.tables.get_mut(table).unwrap().1.remove(key).is_some()),
        }
    }
}

/// Returns a JSON object.
pub(crate) fn json_object(json: serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
    json.as_object().unwrap().clone()
}

/// Returns a record's task under a mode's parameters.
pub(crate) fn build_task<'a>(bound: &dyn BoundMode, record: &'a Value, seed: u64) -> Task<'a> {
    Task { kind: bound.record(), record, ordinal: 0, seed, now: NOW }
}

/// Returns what completed parameters do to a record.
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

/// Returns the parameters under which a record shows a variant, and what they do to it.
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
