//! MLC leaf sets of any bytes: their checks look at them, and every fault of leaves that can be planned is seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use jiff::civil::DateTime;
use mfm::domain::check::CheckVerdict;
use mfm::domain::mode::{Mode, ProposedFault, Task};
use mfm::domain::table::TableDef;
use mfm::domains::mosaiq::checks;
use mfm::domains::mosaiq::lab::{self, LabRequest};
use mfm::domains::mosaiq::modes;
use mfm::domains::mosaiq::schema;
use mfm::model::{
    Column, Datum, Edit, Fetch, FetchAnswer, Filter, Finding, Key, KeyStanding, Kind, NameIndex, Role, Snapshot,
    Storage, Table, Value,
};
use mfm_journal::{ColumnShape as ColumnImage, TableShape};
use serde_json::Map;

const POINTS: &str = "TxFieldPoint";
/// The tools that break leaves.
const TOOLS: [&str; 2] = ["corrupt_mlc_data", "mlc_leaf_count_mismatch"];
/// The tables that these tools and their checks read.
const READ: [&str; 2] = ["TxField", POINTS];
/// A wall clock after all that a lab holds.
const NOW: DateTime = jiff::civil::datetime(2024, 7, 1, 9, 0, 0, 0);
/// How many points of a field are kept: enough to differ.
const POINTS_KEPT: usize = 2;

/// A table with its rows, by key.
type Stored = (Arc<Table>, BTreeMap<Key, Vec<Value>>);

/// Tables by name.
#[derive(Clone)]
struct Database(BTreeMap<String, Stored>);

/// Writes a set of leaves into a field's control points, runs their checks, and plans every fault of leaves.
pub fn law(bytes: &[u8]) {
    let Some((head, sets)) = bytes.split_first_chunk::<12>() else { return };
    let [flags, split, _, _, leaves @ ..] = *head;
    let leaves = i64::from_be_bytes(leaves);
    // Wild numbers have few leaves behind them, so that half of them are tamed.
    let leaves = if flags & 4 == 0 { leaves } else { leaves & 0xFF };
    let (a, b) = sets.split_at(sets.len() * usize::from(split) / 255);
    let mut database = Database::lab().clone();
    let field = database.set_leaves(leaves, a, b, flags);
    let before = database.findings();
    looked_at(&before, leaves, a, b);
    for mode in TOOLS.iter().filter_map(|tool| modes::find_mode(tool)) {
        for variant in mode.card().variants {
            fault(&database, &before, mode, variant.word, &field);
        }
    }
}

/// Looks for what no check may miss: a set that does not hold the leaves it says it has.
fn looked_at(found: &BTreeSet<Finding>, leaves: i64, a: &[u8], b: &[u8]) {
    let wrong = |set: &[u8]| !set.is_empty() && (set.len() % 2 == 1 || (set.len() as i64) < leaves.saturating_mul(2));
    if leaves > 0 && (wrong(a) || wrong(b)) {
        assert!(
            found.iter().any(|finding| finding.check == "mlc_leaf_set"),
            "{leaves} leaves, {} {}",
            a.len(),
            b.len()
        );
    }
}

/// Plans a fault, and carries it out where it can be: the mode's checks must see it.
fn fault(database: &Database, before: &BTreeSet<Finding>, mode: &dyn Mode, variant: &str, field: &Value) {
    let given = mode.complete(&Map::new(), Some(variant)).unwrap();
    let snapshot = database.read_for(mode, field, &given);
    let bound = mode.bind(&given).unwrap();
    let task = Task { kind: bound.record(), record: field, ordinal: 0, seed: 7, now: NOW };
    let Ok(ProposedFault { planned, .. }) = bound.propose(variant, &snapshot, &task) else { return };
    let mut broken = database.clone();
    broken.apply(&planned.edits);
    let own = |finding: &&Finding| mode.card().checks.contains(&finding.check);
    let after = broken.findings();
    assert!(!after.iter().filter(own).eq(before.iter().filter(own)), "{variant} of field {field:?} shows nowhere");
}

impl Database {
    /// Returns a lab of few rows, the same each time.
    fn lab() -> &'static Self {
        static LAB: OnceLock<Database> = OnceLock::new();
        LAB.get_or_init(|| {
            let tables = schema::lab_tables();
            let mut out = Self(tables.iter().map(|def| (def.name.clone(), (table(def), BTreeMap::new()))).collect());
            let mut kept = BTreeMap::new();
            let request = LabRequest { patients: 6, seed: 1, until: lab::UNTIL, scenario: None };
            let sink = &mut |name: &'static str, datums: Vec<Datum>| {
                if !READ.contains(&name) {
                    return Ok(());
                }
                let (table, rows) = out.0.get_mut(name).unwrap();
                let cells =
                    table.columns.iter().zip(&datums).map(|(column, datum)| column.store_datum(name, datum).unwrap());
                let row: Vec<Value> = cells.collect();
                if name == POINTS {
                    let field = row[table.position("FLD_ID").unwrap()].clone();
                    let points = kept.entry(field).or_insert(0);
                    *points += 1;
                    if *points > POINTS_KEPT {
                        return Ok::<_, ()>(());
                    }
                }
                rows.insert(table.key_of(&row).unwrap(), row);
                Ok(())
            };
            lab::generate(&request, sink).unwrap();
            out
        })
    }

    /// Gives leaves to the first field that has control points, and returns its key.
    fn set_leaves(&mut self, leaves: i64, a: &[u8], b: &[u8], flags: u8) -> Value {
        let (table, rows) = self.0.get_mut(POINTS).unwrap();
        let at = |column: &str| table.position(column).unwrap();
        let field = rows.values().next().unwrap()[at("FLD_ID")].clone();
        let own = rows.values_mut().filter(|row| row[at("FLD_ID")] == field);
        // The second point alone keeps what it had where the first bit says so, and has no bank B where the second does.
        for (number, row) in own.enumerate().take(if flags & 1 == 0 { 1 } else { POINTS_KEPT }) {
            row[at("MLC_Leaves")] = Value::Integer(leaves);
            row[at("A_Leaf_Set")] = Value::Bytes(a.to_vec());
            let none = flags & 2 != 0 && number == 1;
            row[at("B_Leaf_Set")] = if none { Value::Null } else { Value::Bytes(b.to_vec()) };
        }
        field
    }

    fn answer(&self, query: &Fetch) -> FetchAnswer {
        let Some((table, rows)) = self.0.get(&query.table) else {
            return FetchAnswer { table: None, rows: Vec::new(), maximum: None };
        };
        let at = |column: &str| table.position(column).unwrap();
        let (mut found, mut maximum) = (Vec::new(), None);
        match &query.filter {
            Filter::In { column, values } => {
                found = rows.values().filter(|row| values.contains(&row[at(column)])).cloned().collect();
            }
            Filter::Maximum { column } => {
                let number = |row: &Vec<Value>| if let Value::Integer(n) = row[at(column)] { Some(n) } else { None };
                maximum = rows.values().filter_map(number).max();
            }
            Filter::All | Filter::Days { .. } | Filter::Between { .. } => found = rows.values().cloned().collect(),
        }
        FetchAnswer { table: Some(Arc::clone(table)), rows: found, maximum }
    }

    fn read_for(&self, mode: &dyn Mode, field: &Value, given: &Map<String, serde_json::Value>) -> Snapshot {
        let mut snapshot = Snapshot::default();
        loop {
            let queries = mode.bind(given).unwrap().needs(std::slice::from_ref(field), &snapshot);
            if queries.is_empty() {
                return snapshot;
            }
            queries.into_iter().for_each(|query| snapshot.add_answer(query.clone(), self.answer(&query)).unwrap());
        }
    }

    /// Returns what the checks of leaves find.
    fn findings(&self) -> BTreeSet<Finding> {
        let of_leaves = |id: &&str| checks::find(id).unwrap();
        let cards = TOOLS.iter().map(|tool| modes::find_mode(tool).unwrap().card());
        let ids: BTreeSet<&str> = cards.flat_map(|card| card.checks).copied().collect();
        let checks: Vec<_> = ids.iter().map(of_leaves).collect();
        let queries: BTreeSet<Fetch> = checks.iter().flat_map(|check| check.required_queries()).collect();
        let mut snapshot = Snapshot::default();
        queries.into_iter().for_each(|query| snapshot.add_answer(query.clone(), self.answer(&query)).unwrap());
        let found = |check: &&dyn checks::Check| match check.run(&snapshot, &checks::standard_params(NOW)) {
            CheckVerdict::Ran { findings, .. } => findings,
            // Too few other fields to judge by.
            CheckVerdict::NotRun { .. } => Vec::new(),
        };
        checks.iter().flat_map(found).collect()
    }

    fn apply(&mut self, edits: &[Edit]) {
        for edit in edits {
            let Edit::Update { table, key, set } = edit else { panic!("a fault of leaves only updates: {edit:?}") };
            let (declared, rows) = self.0.get_mut(table).unwrap();
            for (name, datum) in set {
                let (at, column) = declared.column(name).unwrap();
                rows.get_mut(key).unwrap()[at] = column.store_datum(table, datum).unwrap();
            }
        }
    }
}

/// Returns a table as SQLite would hold it.
fn table(def: &TableDef) -> Arc<Table> {
    let column = |(name, declared, nullable): &(String, String, bool)| {
        let kind = Kind::parse(declared);
        let storage = match kind {
            Kind::Integer { .. } => Storage::Integer,
            Kind::Text { .. } => Storage::Text,
            Kind::Float => Storage::Real,
            _ => Storage::Numeric,
        };
        let image = ColumnImage::new(name, declared);
        Column { image, kind, storage, nullable: *nullable, role: Role::Plain }
    };
    let columns: Vec<Column> = def.columns.iter().map(column).collect();
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
