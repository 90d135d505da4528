//! SQLite targets from outside: opening, reading, digests, and a lab's file.

#![cfg(test)]

use std::path::Path;

use mfm::model::{Fetch, Filter, Key, Kind, Refusal, Scan, Storage, Value};
use mfm::targets::sqlite::{SqliteTarget, create_lab, roll_back_hot_journal};
use mfm::targets::{DomainKeys, NewTable, OperationState, Target, TargetError, open_url};
use testutils::target::*;

#[test]
fn an_update_an_insert_and_a_delete_come_back_exactly() {
    let file = File::new(ROWS);
    let mut target = file.target();
    let changes = change_rows(&mut target);
    let mut notebook = there_and_back(&mut target, &changes);
    let journal_id = target.list_journals().unwrap()[0];
    let newest = target.find_newest_operation(&journal_id).unwrap().unwrap();
    assert_eq!((newest.op, newest.state), (2, OperationState::Committed));
    assert_eq!(target.find_operation(&newest.uid).unwrap(), Some(newest.clone()));
    assert_eq!(target.list_operations(&journal_id).unwrap().len(), 2);
    assert_eq!(notebook.intend(&changes).journal_id(), journal_id);
    assert_eq!(target.list_tables().unwrap(), ["t"], "mfm's own tables are nobody's");
    assert_eq!(refusal(target.find_table("mfm_marker")).code(), "not_a_table");
}

#[test]
fn what_cannot_be_opened_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let code = |path: &Path| SqliteTarget::open(path, DomainKeys::new()).unwrap_err().code();
    assert_eq!(code(&folder.path().join("nothing.db")), "target_absent");
    assert!(!folder.path().join("nothing.db").exists());
    assert_eq!(code(folder.path()), "target_open");
    let text = folder.path().join("text.db");
    std::fs::write(&text, "this is no database, whatever its name says".repeat(99)).unwrap();
    assert_eq!(code(&text), "target_open");
    let wide = folder.path().join("wide.db");
    let connection = rusqlite::Connection::open(&wide).unwrap();
    connection.execute_batch("PRAGMA encoding = 'UTF-16le'; CREATE TABLE t(a)").unwrap();
    assert_eq!(code(&wide), "unsupported");
    let url = |url: &str| {
        open_url(url, DomainKeys::new(), &mfm::model::ports::NoSecrets).map(|target| target.url().to_owned())
    };
    for bad in ["lab.db", "/lab.db", "sqlite:", "mysql:lab", ""] {
        assert_eq!(url(bad).unwrap_err().code(), "target_url", "{bad}");
    }
    let file = File::new(ROWS);
    let good = format!("sqlite:{}", file.path.display());
    assert_eq!(url(&good).unwrap(), good);
    assert_eq!(file.target().name(), "lab.db");
}

#[test]
fn the_reading_side_cannot_write_and_leaves_the_file_alone() {
    let file = File::new(ROWS);
    let before = std::fs::read(&file.path).unwrap();
    let mut target = file.target();
    let changes = change_rows(&mut target);
    preflight(&mut target, &changes).unwrap();
    target.digest_tables(&mut |_, _| ()).unwrap();
    drop(target);
    assert_eq!(std::fs::read(&file.path).unwrap(), before);
    assert_eq!(std::fs::read_dir(file.folder()).unwrap().count(), 1);
}

#[test]
fn a_hot_journal_needs_recovery_and_nothing_else() {
    let file = File::new(ROWS);
    let crashed = tempfile::tempdir().unwrap();
    let path = crashed.path().join("lab.db");
    let connection = file.connection();
    // A tiny cache makes SQLite write into the database before the commit; copied now, it is a crash's remains.
    connection
        .execute_batch(
            "PRAGMA cache_size = 1; BEGIN; UPDATE t SET b = 'changed'; CREATE TABLE filler(v);
             INSERT INTO filler WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
               SELECT zeroblob(1000) FROM n;",
        )
        .unwrap();
    for suffix in ["", "-journal"] {
        let name = format!("lab.db{suffix}");
        std::fs::copy(file.folder().join(&name), crashed.path().join(&name)).unwrap();
    }
    drop(connection);
    let open = || SqliteTarget::open(&path, DomainKeys::new());
    assert_eq!(open().unwrap_err().code(), "target_needs_recovery");
    assert_eq!(open().unwrap_err().code(), "target_needs_recovery", "asking changes nothing");
    roll_back_hot_journal(&path).unwrap();
    let mut target = open().unwrap();
    assert_eq!(target.list_tables().unwrap(), ["t"]);
    assert_eq!(row(&mut target, "t", &[int(1)]).unwrap()[2], text("x"));
    assert_eq!(roll_back_hot_journal(&crashed.path().join("no.db")).unwrap_err().code(), "target_absent");
}

#[test]
fn write_ahead_logging_stays_as_it_was() {
    let file = File::new(&format!("PRAGMA journal_mode = wal; {ROWS}"));
    let mut target = file.target();
    let changes = change_rows(&mut target);
    there_and_back(&mut target, &changes);
    let mode: String = file.connection().query_one("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn queries_find_rows_whatever_number_holds_the_value() {
    let file = File::new(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, f, x TEXT);
         INSERT INTO t VALUES (1, 5, '5'), (2, 5.0, 'a'), (3, '5', 'A'), (4, NULL, NULL), (5, 5.5, 'b'), (6, x'05', '');
         CREATE TABLE mixed(v); INSERT INTO mixed VALUES (3), (2.5), ('z'), (NULL); CREATE TABLE empty(v);",
    );
    let mut target = file.target();
    let mut ids = |column: &str, values: Vec<Value>| {
        let answer = target.read(&Fetch::among("T", column, values)).unwrap();
        answer.rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids("F", vec![int(5)]), [int(1), int(2)]);
    assert_eq!(ids("f", vec![text("5"), Value::Null]), [int(3)]);
    assert_eq!(ids("f", vec![Value::Real(5.5), Value::Bytes(vec![5])]), [int(5), int(6)]);
    assert_eq!(ids("x", vec![text("a"), text("")]), [int(2), int(6)]);
    assert_eq!(ids("x", vec![int(5)]), [], "a text is no number");
    assert_eq!(ids("id", (0..5000).map(int).collect()), (1..=6).map(int).collect::<Vec<_>>());
    assert_eq!(ids("id", vec![]), []);
    assert_eq!(target.read(&Fetch::maximum("t", "id")).unwrap().maximum, Some(6));
    assert_eq!(target.read(&Fetch::maximum("mixed", "v")).unwrap().maximum, Some(3));
    assert_eq!(target.read(&Fetch::maximum("empty", "v")).unwrap().maximum, None);
    assert_eq!(target.read(&Fetch::all("T")).unwrap().rows.len(), 6);
    assert!(target.read(&Fetch::all("nothing")).unwrap().table.is_none());
    let wrong = Fetch { table: "t".into(), filter: Filter::Maximum { column: "nothing".into() } };
    assert_eq!(refusal(target.read(&wrong)).code(), "missing_column");
    let t = table(&mut target, "t");
    assert_eq!(target.read_keys(&t).unwrap(), (1..=6).map(|id| vec![int(id)]).collect::<Vec<Key>>());
}

#[test]
fn views_and_virtual_tables_are_no_tables_but_their_data_is_digested() {
    let file = File::new(
        "CREATE TABLE t(k INTEGER PRIMARY KEY); CREATE VIEW v AS SELECT * FROM t; CREATE VIRTUAL TABLE f USING fts5(x);",
    );
    let mut target = file.target();
    assert_eq!(target.list_tables().unwrap(), ["t"]);
    for (name, what) in [("V", "view"), ("f", "virtual table"), ("f_data", "shadow table of a virtual table")] {
        assert_eq!(
            refusal(target.find_table(name)).to_string(),
            format!("{} is a {what}, not a table", name.to_lowercase())
        );
    }
    let before = target.digest_tables(&mut |_, _| ()).unwrap();
    file.sql("INSERT INTO f VALUES ('somebody')");
    assert_ne!(target.digest_tables(&mut |_, _| ()).unwrap(), before);
}

#[test]
fn digests_do_not_depend_on_order_and_report_progress() {
    let rows = |order: &str| {
        format!(
            "CREATE TABLE t(v); INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
                 WHERE i < 9000) SELECT i FROM n ORDER BY i {order}; CREATE TABLE \"A b\"(v)"
        )
    };
    let (up, down) = (File::new(&rows("ASC")), File::new(&rows("DESC")));
    let mut seen = Vec::new();
    let digests = up.target().digest_tables(&mut |done, total| seen.push((done, total))).unwrap();
    assert_eq!(digests, down.target().digest_tables(&mut |_, _| ()).unwrap());
    assert_eq!(seen, [(4096, 9000), (8192, 9000), (9000, 9000)]);
    assert_eq!(digests.iter().map(|one| (one.table.as_str(), one.rows)).collect::<Vec<_>>(), [("A b", 0), ("t", 9000)]);
}

#[test]
fn a_schema_that_needs_unknown_functions_is_refused_where_it_is_rehearsed() {
    let file = File::new("CREATE TABLE t(id INTEGER PRIMARY KEY, a COLLATE NOCASE CHECK (a IS NOT 'no'), b);");
    file.sql(
        "INSERT INTO t VALUES (1, 'x', 1); PRAGMA writable_schema = on;
         UPDATE sqlite_schema SET sql = replace(sql, 'a IS NOT', 'unknown(a) IS NOT') WHERE name = 't';
         PRAGMA schema_version = 1000;",
    );
    let mut target = file.target();
    let t = table(&mut target, "t");
    let refusal =
        refusal(target.normalize_rows(&t, mfm::targets::RowTrial::for_inserts(vec![vec![int(2), text("x"), int(1)]])));
    assert!(matches!(&refusal, Refusal::Unsupported { what } if what.contains("unknown")), "{refusal}");
}

#[test]
fn storage_and_kind_of_declared_types() {
    let file = File::new(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, a decimal(6,2), b nvarchar(20), c datetime, d tinyint, e binary(4), f bit);
         CREATE TABLE s(id INTEGER PRIMARY KEY, a ANY) STRICT;
         CREATE TABLE w(a TEXT, b INT, c, PRIMARY KEY (a, b)) WITHOUT ROWID;",
    );
    let mut target = file.target();
    let t = table(&mut target, "t");
    let of = |name: &str| {
        let column = t.column(name).unwrap().1;
        (column.kind, column.storage, column.nullable)
    };
    assert_eq!(of("id"), (Kind::Integer { min: i64::MIN, max: i64::MAX }, Storage::Integer, false));
    assert_eq!(of("a"), (Kind::Decimal { precision: 6, scale: 2 }, Storage::Numeric, true));
    assert_eq!(of("b"), (Kind::Text { length: Some(20) }, Storage::Text, true));
    assert_eq!(of("c"), (Kind::DateTime, Storage::Numeric, true));
    assert_eq!(of("d"), (Kind::Integer { min: 0, max: 255 }, Storage::Integer, true));
    assert_eq!(of("e"), (Kind::Bytes { length: Some(4), fixed: true }, Storage::Numeric, true));
    assert_eq!(of("f"), (Kind::Boolean, Storage::Numeric, true));
    let w = table(&mut target, "w");
    assert_eq!(w.columns.iter().map(|column| column.nullable).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(table(&mut target, "s").column("a").unwrap().1.storage, Storage::Blob);
}

fn new_table(name: &str, key: Option<&str>, columns: &[(&str, &str, bool)]) -> NewTable {
    let columns = columns.iter().map(|(name, declared, null)| ((*name).into(), (*declared).into(), *null)).collect();
    NewTable { name: name.into(), key: key.map(Into::into), columns, indexes: vec![], references: vec![] }
}

#[test]
fn a_lab_is_one_whole_file_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lab.db");
    let mut lab = create_lab(&path).unwrap();
    let mut site = new_table("Site", Some("SIT_ID"), &[("SIT_ID", "int", false), ("Dose", "decimal(8,2)", true)]);
    site.indexes = vec!["Dose".into()];
    lab.create_table(&site).unwrap();
    lab.create_table(&new_table("Txt", Some("k"), &[("k", "varchar(8)", false)])).unwrap();
    lab.create_table(&new_table("Bare", None, &[("v", "varbinary(9)", false)])).unwrap();
    lab.insert_row("Site", &[int(1), Value::Real(0.5)]).unwrap();
    assert!(lab.insert_row("Site", &[int(1), Value::Null]).is_err(), "twice the same key");
    assert!(lab.insert_row("Site", &[int(2)]).is_err());
    assert_eq!(refusal(lab.insert_row("Nothing", &[])).code(), "missing_table");
    let evil = new_table("Evil", None, &[("v", "int); DROP TABLE Site; --", true)]);
    assert_eq!(refusal(lab.create_table(&evil)).code(), "unsupported");
    assert_eq!(refusal(create_lab(&path).map(|_| ())).code(), "exists");
    lab.finish().unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(refusal(create_lab(&path).map(|_| ())).code(), "exists");

    let connection = rusqlite::Connection::open(&path).unwrap();
    let plan = "EXPLAIN QUERY PLAN SELECT * FROM Site WHERE Dose = 0.5";
    let step: String = connection.query_one(plan, [], |row| row.get(3)).unwrap();
    assert_eq!(step, "SEARCH Site USING COVERING INDEX IX_Site_Dose (Dose=?)");
    drop(connection);
    let mut target = SqliteTarget::open(&path, DomainKeys::new()).unwrap();
    assert_eq!(target.list_tables().unwrap(), ["Bare", "Site", "Txt"]);
    let site = table(&mut target, "site");
    assert!(matches!(site.key, mfm::model::KeyStanding::Declared(_)));
    for name in ["Site", "Txt"] {
        let touch =
            mfm::targets::TableTouch { table: table(&mut target, name), updated: vec![], inserts: 1, deletes: 1 };
        assert!(target.first_preflight(&[touch], false).unwrap().residue.is_empty(), "{name}");
    }
    let unfinished = folder.path().join("half.db");
    let mut lab = create_lab(&unfinished).unwrap();
    lab.create_table(&new_table("t", None, &[("v", "int", true)])).unwrap();
    drop(lab);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "half a lab is none");
    assert_eq!(create_lab(&folder.path().join("no/lab.db")).map(|_| ()).unwrap_err().code(), "target_open");
}

#[test]
fn a_lab_declares_keys_that_its_rows_may_break() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lab.db");
    let mut lab = create_lab(&path).unwrap();
    let mut state = new_table("State", Some("id"), &[("id", "INTEGER", false), ("frame_id", "INTEGER", true)]);
    state.references = vec![("frame_id".into(), "Frame".into(), "id".into())];
    lab.create_table(&state).unwrap();
    lab.create_table(&new_table("Frame", Some("id"), &[("id", "INTEGER", false)])).unwrap();
    lab.insert_row("State", &[int(1), int(0)]).unwrap();
    lab.finish().unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    let declared = |column: usize| -> String {
        connection.query_one("PRAGMA foreign_key_list('State')", [], |row| row.get(column)).unwrap()
    };
    assert_eq!([declared(2), declared(3), declared(4)], ["Frame", "frame_id", "id"]);
    let broken: i64 =
        connection.query_one("SELECT count(*) FROM pragma_foreign_key_check('State')", [], |row| row.get(0)).unwrap();
    assert_eq!(broken, 1, "the row came in");
}

#[test]
fn days_are_read_as_text_and_judged_as_time() {
    let file = File::new(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, at datetime, note TEXT COLLATE NOCASE);
         INSERT INTO t VALUES (1, '2024-06-27 23:59:59.997', NULL), (2, '2024-06-28', NULL), (3, '2024-06-28 00:00:00', 'x'),
           (4, '2024-06-28T23:59:59.997', '2024-06-28t12:00:00'), (5, '2024-06-29 00:00:00.000', '2024-06-28'),
           (6, 20240628, NULL), (7, NULL, NULL), (8, '2024-06-28 noon', NULL), (9, x'323032342D30362D3238', NULL);",
    );
    let mut target = file.target();
    let mut ids = |column: &str, first: &str, last: &str| {
        let (first, last) = (first.parse().unwrap(), last.parse().unwrap());
        let filter = Filter::Days { column: column.into(), first, last };
        let answer = target.read(&Fetch { table: "T".into(), filter }).unwrap();
        answer.rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids("AT", "2024-06-28", "2024-06-28"), [int(2), int(3), int(4)]);
    assert_eq!(ids("at", "2024-06-27", "2024-06-29"), [int(1), int(2), int(3), int(4), int(5)]);
    assert_eq!(ids("at", "2024-06-30", "9999-12-31"), []);
    assert_eq!(ids("note", "2024-06-28", "2024-06-28"), [int(4), int(5)]);
    let day = "2024-06-28".parse().unwrap();
    assert!(target.read(&Fetch::day("nothing", "at", day)).unwrap().table.is_none());
    assert_eq!(refusal(target.read(&Fetch::day("t", "nothing", day))).code(), "missing_column");
}

#[test]
fn a_pass_comes_in_order_and_beside_other_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lab.db");
    let mut lab = create_lab(&path).unwrap();
    for new in scans::tables() {
        let made = lab.create_table(&new).unwrap();
        scans::rows(&made).iter().for_each(|row| lab.insert_row(&new.name, row).unwrap());
    }
    lab.finish().unwrap();
    scans::Rig::new(&mut SqliteTarget::open(&path, DomainKeys::new()).unwrap()).holds();
}

#[test]
fn what_a_sqlite_column_holds_against_its_type_is_no_other_value() {
    let file = File::new(
        "CREATE TABLE c(id INTEGER PRIMARY KEY, up, at datetime); CREATE TABLE p(id INTEGER PRIMARY KEY, k varchar(5));
         INSERT INTO c VALUES (1, 5, '2026-01-02'), (2, '5', 20260101), (3, 5.0, NULL), (4, x'35', '2026-01-01'),
           (5, NULL, x'00');
         INSERT INTO p VALUES (5, '5'), (6, NULL);",
    );
    let mut target = file.target();
    let (c, p) = (table(&mut target, "c"), table(&mut target, "p"));
    let mut ids = |pass: Scan| {
        let mut ids = Vec::new();
        target.scan(&pass, &mut |row| {
            ids.push(row[0].clone());
            Ok(())
        })?;
        Ok::<_, TargetError>(ids)
    };
    let plain = || Scan::every_row(c.clone());
    assert_eq!(ids(plain().join("up", p.clone(), "id")).unwrap(), [int(1), int(3)]);
    assert_eq!(ids(plain().join("up", p, "k")).unwrap(), [int(2)]);
    assert_eq!(ids(plain().order_by("at")).unwrap(), [3, 2, 4, 1, 5].map(int), "NULL, numbers, text, bytes");
}
