//! Scans on an engine that does nothing by itself beside one that does everything: whoever reads sees the same rows.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use mfm::domain::scan::{JoinRequest, Reader, ScanRequest};
use mfm::model::{Answer, Digest, Fetch, Filter, Key, Row, Scan, Table, Value};
use mfm::ops::lab;
use mfm::ops::pump::Pump;
use mfm::targets::sqlite::SqliteTarget;
use mfm::targets::{
    Bound, Conditions, DomainKeys, Marker, Meanwhile, Movement, OperationRow, Preflight, Pushdown, Session, Spared,
    TableDigest, Target, TargetError, Touch, Trial, Writer,
};

use super::world::World;

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

    fn bound(&mut self) -> Result<Bound, TargetError> {
        self.0.bound()
    }

    fn marker(&mut self) -> Result<Option<Marker>, TargetError> {
        self.0.marker()
    }

    fn operation(&mut self, uid: &Digest) -> Result<Option<OperationRow>, TargetError> {
        self.0.operation(uid)
    }

    fn newest(&mut self, journal: &Digest) -> Result<Option<OperationRow>, TargetError> {
        self.0.newest(journal)
    }

    fn journals(&mut self) -> Result<Vec<Digest>, TargetError> {
        self.0.journals()
    }

    fn operations(&mut self, journal: &Digest) -> Result<Vec<OperationRow>, TargetError> {
        self.0.operations(journal)
    }

    fn tables(&mut self) -> Result<Vec<String>, TargetError> {
        self.0.tables()
    }

    fn table(&mut self, name: &str) -> Result<Option<Arc<Table>>, TargetError> {
        self.0.table(name)
    }

    fn read(&mut self, query: &Fetch) -> Result<Answer, TargetError> {
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

    fn keys(&mut self, table: &Table) -> Result<Vec<Key>, TargetError> {
        self.0.keys(table)
    }

    fn rows(&mut self, table: &Arc<Table>, keys: &[Key]) -> Result<Vec<Option<Vec<Value>>>, TargetError> {
        self.0.rows(table, keys)
    }

    fn preflight(&mut self, touches: &[Touch], conditions: &Conditions<'_>) -> Result<Preflight, TargetError> {
        self.0.preflight(touches, conditions)
    }

    fn normalize(&mut self, table: &Arc<Table>, trials: Vec<Trial>) -> Result<Vec<Vec<Value>>, TargetError> {
        self.0.normalize(table, trials)
    }

    fn complete(
        &mut self,
        table: &Arc<Table>,
        known: &[usize],
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Value>>, TargetError> {
        self.0.complete(table, known, rows)
    }

    fn unique_after(
        &mut self,
        table: &Arc<Table>,
        columns: &[String],
        rows: &[Vec<Value>],
        meanwhile: &Meanwhile,
    ) -> Result<(), TargetError> {
        self.0.unique_after(table, columns, rows, meanwhile)
    }

    fn references(&mut self, moves: &[Movement<'_>], spared: &Spared<'_>) -> Result<(), TargetError> {
        self.0.references(moves, spared)
    }

    fn digests(&mut self, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<TableDigest>, TargetError> {
        self.0.digests(progress)
    }

    fn sessions(&mut self) -> Result<Option<Vec<Session>>, TargetError> {
        self.0.sessions()
    }

    fn writer(&mut self, wait_ms: u64) -> Result<Box<dyn Writer>, TargetError> {
        self.0.writer(wait_ms)
    }
}

/// Asks for scans, and keeps the columns and rows that it is shown of each.
#[derive(Default)]
struct Kept {
    waiting: Vec<ScanRequest>,
    shown: Vec<(Vec<String>, Vec<Vec<Value>>)>,
}

impl Reader for Kept {
    fn next_scan(&mut self) -> Option<ScanRequest> {
        self.waiting.pop()
    }

    fn begin(&mut self, table: Option<&Arc<Table>>) {
        let columns = table.unwrap().columns.iter().map(|column| column.image.name.clone()).collect();
        self.shown.push((columns, Vec::new()));
    }

    fn take(&mut self, rows: &[Row<'_>]) -> ControlFlow<()> {
        let (_, kept) = self.shown.last_mut().unwrap();
        kept.extend(rows.iter().map(|row| row.cells.to_vec()));
        ControlFlow::Continue(())
    }
}

fn between(column: &str, first: i64, last: i64) -> Filter {
    Filter::Between { column: column.into(), first, last }
}

fn requests() -> Vec<ScanRequest> {
    let states = || ScanRequest::of("AssetDynamicStateRecord", &["id", "body_id"]);
    let among = Filter::In { column: "frame_id".into(), values: [3, 9, 999].map(Value::Integer).into() };
    let join = JoinRequest {
        column: "position_id".into(),
        parent: "CoordinateRecord".into(),
        columns: vec!["z".into()],
        parent_column: "id".into(),
    };
    let beside = || ScanRequest { join: Some(join.clone()), ..ScanRequest::of("InertialStateRecord", &["id"]) };
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
        ScanRequest::of("AssetDynamicStateRecord", &[]).filter(between("body_id", 4, 4)).limit(2),
        beside(),
        beside().limit(6),
        beside().filter(between("id", 10, 14)),
        beside().filter(between("id", 10, i64::MAX)).order_by("id").limit(4),
        beside().filter(among).order_by_descending("id"),
    ]
}

fn shown(world: &World, target: &mut dyn Target) -> Vec<(Vec<String>, Vec<Vec<Value>>)> {
    let mut reader = Kept { waiting: requests().into_iter().rev().collect(), ..Kept::default() };
    let context = world.context();
    Pump { context: &context, target, cache: None, doing: "reading" }.run(&mut reader).unwrap();
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
