//! Scans on an engine that does nothing by itself beside one that does everything: whoever reads sees the same rows.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use mfm::domain::scan::{JoinRequest, PipelineStage, ScanOrder, ScanReader, ScanRequest};
use mfm::model::{Digest, Fetch, FetchAnswer, Filter, Key, Row, Scan, Table, Value};
use mfm::ops::lab;
use mfm::ops::pump::ScanRunner;
use mfm::targets::sqlite::SqliteTarget;
use mfm::targets::{
    ConnectedProgram, DomainKeys, Marker, OperationRow, PendingRows, Preflight, PreflightConditions, Pushdown,
    RowMovement, RowTrial, SparedKeys, TableDigest, TableTouch, Target, TargetBinding, TargetError, Writer,
};
use testutils::World;

/// A target of which nothing is asked but whole tables, as they lie.
struct Plain(SqliteTarget);

impl Target for Plain {
    fn engine(&self) -> &'static str {
        "plain"
    }

    fn url(&self) -> &str {
        self.0.url()
    }

    fn name(&self) -> String {
        self.0.name()
    }

    fn read_binding(&mut self) -> Result<TargetBinding, TargetError> {
        self.0.read_binding()
    }

    fn read_marker(&mut self) -> Result<Option<Marker>, TargetError> {
        self.0.read_marker()
    }

    fn find_operation(&mut self, uid: &Digest) -> Result<Option<OperationRow>, TargetError> {
        self.0.find_operation(uid)
    }

    fn find_newest_operation(&mut self, journal: &Digest) -> Result<Option<OperationRow>, TargetError> {
        self.0.find_newest_operation(journal)
    }

    fn list_journals(&mut self) -> Result<Vec<Digest>, TargetError> {
        self.0.list_journals()
    }

    fn list_operations(&mut self, journal: &Digest) -> Result<Vec<OperationRow>, TargetError> {
        self.0.list_operations(journal)
    }

    fn list_tables(&mut self) -> Result<Vec<String>, TargetError> {
        self.0.list_tables()
    }

    fn find_table(&mut self, name: &str) -> Result<Option<Arc<Table>>, TargetError> {
        self.0.find_table(name)
    }

    fn read(&mut self, query: &Fetch) -> Result<FetchAnswer, TargetError> {
        assert_eq!(query.filter, Filter::All, "it does not filter");
        self.0.read(query)
    }

    fn scan(
        &mut self,
        scan: &Scan,
        take: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
    ) -> Result<(), TargetError> {
        assert!(scan.order.is_none() && scan.range.is_none() && scan.limit.is_none(), "it does none of this: {scan:?}");
        self.0.scan(scan, take)
    }

    fn read_keys(&mut self, table: &Table) -> Result<Vec<Key>, TargetError> {
        self.0.read_keys(table)
    }

    fn read_rows(&mut self, table: &Arc<Table>, keys: &[Key]) -> Result<Vec<Option<Vec<Value>>>, TargetError> {
        self.0.read_rows(table, keys)
    }

    fn preflight(
        &mut self,
        touches: &[TableTouch],
        conditions: &PreflightConditions<'_>,
    ) -> Result<Preflight, TargetError> {
        self.0.preflight(touches, conditions)
    }

    fn normalize_rows(&mut self, table: &Arc<Table>, trials: Vec<RowTrial>) -> Result<Vec<Vec<Value>>, TargetError> {
        self.0.normalize_rows(table, trials)
    }

    fn fill_defaults(
        &mut self,
        table: &Arc<Table>,
        known: &[usize],
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Value>>, TargetError> {
        self.0.fill_defaults(table, known, rows)
    }

    fn unique_after(
        &mut self,
        table: &Arc<Table>,
        columns: &[String],
        rows: &[Vec<Value>],
        meanwhile: &PendingRows,
    ) -> Result<(), TargetError> {
        self.0.unique_after(table, columns, rows, meanwhile)
    }

    fn check_references(&mut self, moves: &[RowMovement<'_>], spared: &SparedKeys<'_>) -> Result<(), TargetError> {
        self.0.check_references(moves, spared)
    }

    fn digest_tables(&mut self, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<TableDigest>, TargetError> {
        self.0.digest_tables(progress)
    }

    fn list_sessions(&mut self) -> Result<Option<Vec<ConnectedProgram>>, TargetError> {
        self.0.list_sessions()
    }

    fn open_writer(&mut self, wait_ms: u64) -> Result<Box<dyn Writer>, TargetError> {
        self.0.open_writer(wait_ms)
    }
}

/// Asks for scans, and keeps the columns and rows that it is shown of each.
#[derive(Default)]
struct Kept {
    waiting: Vec<ScanRequest>,
    shown: Vec<(Vec<String>, Vec<Vec<Value>>)>,
}

impl ScanReader for Kept {
    fn next_scan(&mut self) -> Option<ScanRequest> {
        self.waiting.pop()
    }

    fn begin_scan(&mut self, table: Option<&Arc<Table>>) {
        let columns = table.unwrap().columns.iter().map(|column| column.image.name.clone()).collect();
        self.shown.push((columns, Vec::new()));
    }

    fn take_rows(&mut self, rows: &[Row<'_>]) -> ControlFlow<()> {
        let (_, kept) = self.shown.last_mut().unwrap();
        kept.extend(rows.iter().map(|row| row.cells.to_vec()));
        ControlFlow::Continue(())
    }
}

fn between(column: &str, first: i64, last: i64) -> Filter {
    Filter::Between { column: column.into(), first, last }
}

fn requests() -> Vec<ScanRequest> {
    let states = || ScanRequest::every_row("AssetDynamicStateRecord", &["id", "body_id"]);
    let among = Filter::In { column: "frame_id".into(), values: [3, 9, 999].map(Value::Integer).into() };
    let join = JoinRequest {
        column: "position_id".into(),
        parent: "CoordinateRecord".into(),
        columns: vec!["z".into()],
        parent_column: "id".into(),
    };
    let beside = || ScanRequest { join: Some(join.clone()), ..ScanRequest::every_row("InertialStateRecord", &["id"]) };
    vec![
        states(),
        states().limit(5),
        states().limit(0),
        states().filter(among.clone()),
        states().filter(among.clone()).order_by_descending("id").limit(3),
        states().filter(between("frame_id", 4, 7)),
        states().filter(between("frame_id", 4, 7)).order_by("body_id"),
        states().filter(between("id", 20, i64::MAX)).order_by("id").limit(7),
        states().order_by_descending("frame_id").limit(4),
        ScanRequest::every_row("AssetDynamicStateRecord", &[]).filter(between("body_id", 4, 4)).limit(2),
        beside(),
        beside().limit(6),
        beside().filter(between("id", 10, 14)),
        beside().filter(between("id", 10, i64::MAX)).order_by("id").limit(4),
        beside().filter(among.clone()).order_by_descending("id"),
        ScanRequest::count_by("CollisionResultRecord", &["body_a_id", "body_b_id"]),
        ScanRequest::count_by("CollisionResultRecord", &["body_b_id", "no_such_column"])
            .filter(between("frame_id", 3, 9)),
        ScanRequest::count_by("AssetDynamicStateRecord", &["frame_id"]).filter(among),
        ScanRequest::count_by("AssetDynamicStateRecord", &["frame_id"])
            .then(PipelineStage::CountBy(vec!["count".into()]))
            .then(PipelineStage::Limit(1)),
        ScanRequest::count_by("AssetDynamicStateRecord", &["body_id"])
            .then(PipelineStage::Sort(ScanOrder { column: "body_id".into(), descending: true }))
            .then(PipelineStage::Limit(2)),
        states().limit(9).then(PipelineStage::CountBy(vec!["body_id".into()])),
    ]
}

fn shown(world: &World, target: &mut dyn Target) -> Vec<(Vec<String>, Vec<Vec<Value>>)> {
    let mut reader = Kept { waiting: requests().into_iter().rev().collect(), ..Kept::default() };
    let context = world.context();
    ScanRunner { context: &context, target, cache: None, doing: "reading" }.run(&mut reader).unwrap();
    reader.shown
}

fn open(path: &Path) -> SqliteTarget {
    SqliteTarget::open(path, DomainKeys::new()).unwrap()
}

#[test]
fn what_an_engine_does_not_do_is_done_on_the_rows_that_it_sends() {
    let world = World::new();
    let request = lab::create::Request {
        url: world.url("lab.db"),
        domain: Some("recordings".into()),
        frames: Some(30),
        ..Default::default()
    };
    lab::create::run(&world.context(), &request).unwrap();
    let path = world.path("lab.db");
    let mut plain = Plain(open(&path));
    assert_eq!((plain.pushes_down(), open(&path).pushes_down()), (Pushdown::default(), Pushdown::ALL));
    let (by_itself, by_us) = (shown(&world, &mut open(&path)), shown(&world, &mut plain));
    for ((request, one), other) in requests().iter().zip(&by_itself).zip(&by_us) {
        assert_eq!(one, other, "{request:?}");
        assert!(!one.1.is_empty() || request.limit == Some(0) || request.join.is_some(), "{request:?}");
        assert!(request.limit.is_none_or(|most| one.1.len() as u64 <= most), "{request:?}");
    }
}

#[test]
fn groups_are_counted_by_type_and_bit_whoever_counts() {
    let world = World::new();
    let path = world.path("mixed.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    let rows = "(1), (1.0), ('1'), (x'31'), ('a'), ('A'), (NULL), (NULL), (1), (-0.0), (0.0), ('a'), (1e300)";
    let text =
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v COLLATE NOCASE, i INTEGER COLLATE NOCASE, s TEXT COLLATE NOCASE)";
    let fill = "UPDATE t SET i = v, s = v";
    connection.execute_batch(&format!("{text}; INSERT INTO t(v) VALUES {rows}; {fill}")).unwrap();
    let count = |target: &mut dyn Target, column: &str| {
        let mut reader = Kept { waiting: vec![ScanRequest::count_by("t", &[column])], ..Kept::default() };
        let context = world.context();
        ScanRunner { context: &context, target, cache: None, doing: "reading" }.run(&mut reader).unwrap();
        let (columns, rows) = reader.shown.pop().unwrap();
        assert_eq!(columns, [column, "count"]);
        let cell = |row: &Vec<Value>| (format!("{:?}", row[0]), row[1].clone());
        rows.iter().map(cell).collect::<Vec<_>>()
    };
    let by_us = count(&mut Plain(open(&path)), "v");
    let counted = |value: &str| by_us.iter().find(|(known, _)| known == value).map(|(_, count)| count.clone());
    assert_eq!(counted("Integer(1)"), Some(Value::Integer(2)));
    assert_eq!(counted("Text(\"a\")"), Some(Value::Integer(2)));
    assert_eq!(counted("Text(\"A\")"), Some(Value::Integer(1)));
    assert_eq!(counted("Null"), Some(Value::Integer(2)));
    for column in ["v", "i", "s"] {
        assert_eq!(count(&mut open(&path), column), count(&mut Plain(open(&path)), column), "{column}");
    }
}
