//! The way back is proved before the way there: whatever the data already break, whatever is declared meanwhile.

use mfm::engine::revert::{RevertOptions, RevertSelection};
use mfm::model::Value;
use mfm::ops::{audit, explain, revert, status, targets};
use mfm::plan::PlannedRow;
use mfm_journal::Journal;
use serde_json::{Value as Json, json};
use testutils::bomb::commit_rows;
use testutils::{World, dump_tables, run_foreign_sql};

use super::crash::Rig;
use super::torture::{change, marked, run, text};

const INT: fn(i64) -> Value = Value::Integer;

/// Whatever the schema says against it.
const ANYHOW: &str = "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;";

fn anyhow(sql: &str) -> String {
    format!("{ANYHOW} {sql}")
}

/// Says something else of a table than what its rows were held to when they came.
fn redeclared(sql: &str, from: &str, to: &str) -> String {
    format!(
        "{ANYHOW} {sql}; PRAGMA writable_schema = ON; \
         UPDATE sqlite_schema SET sql = replace(sql, '{from}', '{to}'); PRAGMA writable_schema = RESET"
    )
}

/// Changes several rows of a table by one operation.
fn change_all(rig: &Rig, table: &str, rows: &[(i64, Option<Vec<Value>>)]) -> u64 {
    run(rig, |engine| {
        let table = engine.target.find_table(table)?.unwrap();
        let pending = rows.iter().map(|(key, after)| {
            let key = vec![INT(*key)];
            let before = engine.target.read_rows(&table, std::slice::from_ref(&key))?.remove(0);
            Ok(PlannedRow { table: table.clone(), key, before, after: after.clone() })
        });
        let pending = pending.collect::<Result<Vec<_>, mfm::engine::EngineError>>()?;
        commit_rows(engine, &pending).map(|done| done.op)
    })
    .unwrap()
}

fn code(rig: &Rig, table: &str, key: i64, after: Option<Vec<Value>>) -> &'static str {
    let journal = std::fs::read(&rig.world.journal).unwrap();
    let refused = change(rig, table, INT(key), after).unwrap_err();
    assert_eq!(dump_tables(&rig.world.path("lab.db")), rig.before, "{refused}");
    assert!(std::fs::read(&rig.world.journal).unwrap() == journal || refused.code() == "no_way_back", "{refused}");
    refused.code()
}

/// Commits and takes back, and everything is as it was.
fn there_and_back(rig: &Rig, table: &str, key: i64, after: Option<Vec<Value>>) -> u64 {
    let op = change(rig, table, INT(key), after).unwrap();
    let back = rig.world.revert(&[op]).unwrap();
    assert!(back.operations[0].exact, "{:?}", back.operations[0]);
    assert_eq!(dump_tables(&rig.world.path("lab.db")), rig.before);
    op
}

/// The body of an entry of an operation.
fn body(world: &World, op: u64, kind: &str) -> Json {
    let connection = rusqlite::Connection::open(&world.journal).unwrap();
    let text: String = connection
        .query_row("SELECT body FROM entry WHERE op = ?1 AND kind = ?2", (i64::try_from(op).unwrap(), kind), |row| {
            row.get(0)
        })
        .unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a1_a_row_that_could_not_come_back_is_not_deleted_and_the_one_beside_it_is() {
    let rows = "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 9)";
    for (what, sql) in [
        ("CHECK", anyhow(&format!("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, z INT CHECK (z > 5)); {rows}"))),
        (
            "NOT NULL",
            redeclared(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, z); INSERT INTO t VALUES (1, 'a', NULL), (2, 'b', 9)",
                ", z)",
                ", z NOT NULL)",
            ),
        ),
        (
            "type",
            redeclared(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, z); INSERT INTO t VALUES (1, 'a', '5'), (2, 'b', 9)",
                ", z)",
                ", z INTEGER)",
            ),
        ),
        (
            "STRICT",
            redeclared(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, z ANY) STRICT; \
                 INSERT INTO t VALUES (1, 'a', 'x'), (2, 'b', 9)",
                "z ANY",
                "z INT",
            ),
        ),
        (
            "partial unique",
            redeclared(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, z); CREATE INDEX i ON t (z) WHERE z < 5; \
                 INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 9), (3, 'c', 1)",
                "CREATE INDEX i",
                "CREATE UNIQUE INDEX i",
            ),
        ),
        (
            "unique over an expression",
            redeclared(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, z); CREATE INDEX i ON t (abs(z)); \
                 INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 9), (3, 'c', -1)",
                "CREATE INDEX i",
                "CREATE UNIQUE INDEX i",
            ),
        ),
        (
            "unique over a computed column",
            redeclared(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, z, g AS (abs(z))); CREATE INDEX i ON t (g); \
                 INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 9), (3, 'c', -1)",
                "CREATE INDEX i",
                "CREATE UNIQUE INDEX i",
            ),
        ),
    ] {
        let rig = marked(&sql);
        assert_eq!(code(&rig, "t", 1, None), "no_way_back", "{what}");
        there_and_back(&rig, "t", 2, None);
    }
}

#[test]
fn a1_a_cell_that_could_not_come_back_is_not_changed_and_the_one_beside_it_is() {
    let sql = "CREATE TABLE t (id INTEGER PRIMARY KEY, v INT CHECK (v >= 0), w); INSERT INTO t VALUES (1, -3, 'a'), (2, 4, 'b')";
    let rig = marked(&anyhow(sql));
    assert_eq!(code(&rig, "t", 1, Some(vec![INT(1), Value::Null, text("a")])), "no_way_back");
    there_and_back(&rig, "t", 2, Some(vec![INT(2), Value::Null, text("b")]));
    // What the fault does not touch may be as it likes.
    there_and_back(&rig, "t", 1, Some(vec![INT(1), INT(-3), text("other")]));
}

#[test]
fn w01_an_oddity_that_a_fault_does_not_touch_refuses_nothing() {
    for sql in [
        anyhow(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, z INT CHECK (z > 5)); INSERT INTO t VALUES (1, 'a', 1)",
        ),
        redeclared(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, z); INSERT INTO t VALUES (1, 'a', NULL)",
            ", z)",
            ", z NOT NULL)",
        ),
        anyhow(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, z REFERENCES nowhere); INSERT INTO t VALUES (1, 'a', 1)",
        ),
        anyhow(
            "CREATE TABLE p (x); CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, z REFERENCES p (x)); \
             INSERT INTO t VALUES (1, 'a', 1)",
        ),
        anyhow(
            "CREATE TABLE p (x INTEGER PRIMARY KEY); \
             CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, z REFERENCES p); INSERT INTO t VALUES (1, 'a', 1)",
        ),
        redeclared(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, z TEXT COLLATE NOCASE); CREATE INDEX i ON t (z); \
             INSERT INTO t VALUES (1, 'a', 'A')",
            "COLLATE NOCASE",
            "COLLATE LOCALIZED",
        ),
    ] {
        let rig = marked(&sql);
        let row = run(&rig, |engine| {
            let table = engine.target.find_table("t")?.unwrap();
            Ok(engine.target.read_rows(&table, &[vec![INT(1)]])?.remove(0).unwrap())
        });
        let mut row = row.unwrap();
        row[1] = text("other");
        there_and_back(&rig, "t", 1, Some(row));
    }
}

#[test]
fn w01_a_key_that_the_data_break_is_off_said_and_journaled() {
    let sql = "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1); \
               CREATE TABLE t (id INTEGER PRIMARY KEY, par REFERENCES p, own REFERENCES p); \
               INSERT INTO t VALUES (1, 99, 1), (2, 1, 1)";
    let rig = marked(&anyhow(sql));
    let op = there_and_back(&rig, "t", 1, None);
    let name = "t(par) -> p(id)";
    let intended = body(&rig.world, op, "intended");
    assert_eq!(
        (&intended["detail"]["foreign_keys_off"], &intended["detail"]["rehearse"]),
        (&json!([name]), &json!(true))
    );
    assert_eq!(body(&rig.world, op, "applied")["rehearsed"], json!(true));
    // All rows that broke it were gone meanwhile: the revert knew by the journal.
    assert_eq!(body(&rig.world, op + 1, "intended")["detail"]["foreign_keys_off"], json!([name]));
    let redo = rig.world.revert(&[op + 1]).unwrap();
    assert!(redo.operations[0].again && redo.operations[0].exact);
    rig.world.revert(&[op]).unwrap();
    assert_eq!(dump_tables(&rig.world.path("lab.db")), rig.before);
    // The sound keys are kept all the same, by mfm.
    assert_eq!(code(&rig, "t", 3, Some(vec![INT(3), INT(98), INT(77)])), "foreign_key");
    assert_eq!(code(&rig, "p", 1, None), "foreign_key");
    there_and_back(&rig, "t", 3, Some(vec![INT(3), INT(98), INT(1)]));
    let preflight = targets::preflight::run(&rig.world.context()).unwrap();
    let line = preflight.tables.iter().find(|line| line.table == "t").unwrap();
    assert!(line.delete.notes.iter().any(|note| note.contains("foreign keys are off") && note.contains(name)));
}

#[test]
fn k1_a_key_over_a_computed_column_is_judged_with_what_it_is_computed_from() {
    let tables = "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (9); \
         CREATE TABLE t (id INTEGER PRIMARY KEY, v, w, g AS (v * 1) VIRTUAL REFERENCES p (id)); ";
    // The row breaks the key, and would no longer: it could not come back where the key is enforced.
    let rig = marked(&anyhow(&format!("{tables} INSERT INTO t VALUES (1, 5, 'x')")));
    let op = there_and_back(&rig, "t", 1, Some(vec![INT(1), INT(9), text("x")]));
    assert_eq!(body(&rig.world, op, "intended")["detail"]["foreign_keys_off"], json!(["t(g) -> p(id)"]));
    // Where nothing breaks it, it is enforced: one value has a parent, another has none.
    let rig = marked(&format!("{tables} INSERT INTO p VALUES (5); INSERT INTO t VALUES (1, 5, 'x')"));
    there_and_back(&rig, "t", 1, Some(vec![INT(1), INT(9), text("x")]));
    let refused = change(&rig, "t", INT(1), Some(vec![INT(1), INT(7), text("x")])).unwrap_err();
    assert_eq!(refused.code(), "foreign_key");
    there_and_back(&rig, "t", 1, Some(vec![INT(1), INT(5), text("y")]));
}

#[test]
fn k1_a_column_in_other_letters_is_the_same_column() {
    let rig = marked("CREATE TABLE t (id INTEGER PRIMARY KEY, V, w); INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2)");
    let changed = change(&rig, "t", INT(1), Some(vec![INT(1), text("x"), INT(1)])).unwrap();
    let deleted = change(&rig, "t", INT(2), None).unwrap();
    run_foreign_sql(&rig.world, "ALTER TABLE t RENAME COLUMN V TO v");
    for op in [deleted, changed] {
        let back = rig.world.revert(&[op]).unwrap();
        assert!(back.operations[0].exact, "{:?}", back.operations[0]);
    }
    run_foreign_sql(&rig.world, "ALTER TABLE t RENAME COLUMN v TO V");
    assert_eq!(dump_tables(&rig.world.path("lab.db")), rig.before);
}

#[test]
fn k1_a_row_that_refers_to_itself_alone_can_be_deleted() {
    let rig = marked(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, up INT REFERENCES t (id)); INSERT INTO t VALUES (1, 1), (2, 2), (3, 2)",
    );
    there_and_back(&rig, "t", 1, None);
    there_and_back(&rig, "t", 3, None);
    let refused = change(&rig, "t", INT(2), None).unwrap_err();
    assert_eq!(refused.code(), "foreign_key", "3 refers to it");
    assert_eq!(dump_tables(&rig.world.path("lab.db")), rig.before);
}

#[test]
fn w10_what_needs_an_unknown_function_is_refused_by_name_and_what_does_not_is_not() {
    let rig = marked(&redeclared(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v, w CHECK (abs(w))); INSERT INTO t VALUES (1, 'a', 1)",
        "CHECK (abs(w))",
        "CHECK (w REGEXP 1 AND theirs(w))",
    ));
    there_and_back(&rig, "t", 1, Some(vec![INT(1), text("b"), INT(1)]));
    for after in [None, Some(vec![INT(1), text("a"), INT(2)])] {
        let refused = change(&rig, "t", INT(1), after).unwrap_err();
        assert_eq!(refused.code(), "unsupported");
        assert!(refused.to_string().contains("the function "), "{refused}");
        assert_eq!(dump_tables(&rig.world.path("lab.db")), rig.before);
    }
}

#[test]
fn w10_the_preflight_names_the_unknown_function_before_an_apply_does() {
    let rig = marked(&redeclared(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v, w CHECK (abs(w))); INSERT INTO t VALUES (1, 'a', 1); \
         CREATE TABLE s (id INTEGER PRIMARY KEY, w CHECK (abs(w) > 0)); INSERT INTO s VALUES (1, 1)",
        "CHECK (abs(w))",
        "CHECK (w REGEXP 1 AND theirs(w))",
    ));
    let judged = targets::preflight::run(&rig.world.context()).unwrap();
    let verdicts = |name: &str| {
        let line = judged.tables.iter().find(|line| line.table == name).unwrap();
        [&line.update, &line.insert, &line.delete].map(|one| one.verdict.as_str())
    };
    assert_eq!(verdicts("t"), ["unsupported", "unsupported", "unsupported"]);
    assert_eq!(verdicts("s"), ["exact"; 3]);
    assert_eq!(dump_tables(&rig.world.path("lab.db")), rig.before);
}

#[test]
fn w10_a_row_goes_again_whatever_a_check_came_to_call_meanwhile() {
    let rig = marked("CREATE TABLE t (id INTEGER PRIMARY KEY, v, w CHECK (abs(w))); INSERT INTO t VALUES (1, 'a', 1)");
    let op = change(&rig, "t", INT(2), Some(vec![INT(2), text("b"), INT(1)])).unwrap();
    run_foreign_sql(&rig.world, &redeclared("SELECT 1", "CHECK (abs(w))", "CHECK (theirs(w))"));
    assert!(rig.world.revert(&[op]).unwrap().operations[0].exact);
}

#[test]
fn w01_a_key_that_a_dangling_child_names_can_be_added_and_removed() {
    let rig = marked(&anyhow(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (5, 'a'); \
         CREATE TABLE kid (a REFERENCES t (id)); INSERT INTO kid VALUES (6)",
    ));
    there_and_back(&rig, "t", 6, Some(vec![INT(6), text("b")]));
}

#[test]
fn w01_what_would_cascade_stays_refused_whether_the_data_break_the_key_or_not() {
    let rig = marked(&anyhow(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (5, 'a'); \
         CREATE TABLE kid (a REFERENCES t (id) ON DELETE CASCADE); INSERT INTO kid VALUES (5), (6)",
    ));
    assert_eq!(code(&rig, "t", 5, None), "foreign_key");
    there_and_back(&rig, "t", 5, Some(vec![INT(5), text("b")]));
}

#[test]
fn a8_a_column_added_since_is_the_database_s_own_and_said() {
    for (declared, given) in [
        ("State TEXT DEFAULT 'open'", text("open")),
        ("State INT NOT NULL DEFAULT 7", INT(7)),
        ("State TEXT NOT NULL DEFAULT 5", text("5")),
        ("State DEFAULT -1.5", Value::Real(-1.5)),
        ("State", Value::Null),
    ] {
        let rig = marked(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, v CHECK (v <> 'z')); INSERT INTO t VALUES (1, 'a'), (2, 'b')",
        );
        let op = change(&rig, "t", INT(1), None).unwrap();
        run_foreign_sql(&rig.world, &format!("ALTER TABLE t ADD COLUMN {declared}"));
        let explained = explain::run(&rig.world.context(), &explain::Request { op }).unwrap();
        assert_eq!(explained.inverse.drift[0].columns, ["State"], "{declared}");
        let back = rig.world.revert(&[op]).unwrap();
        let line = &back.operations[0];
        assert!(line.restored && !line.exact, "{declared}");
        assert_eq!((line.drift.len(), line.drift[0].columns.as_slice()), (1, ["State".to_owned()].as_slice()));
        let row = |key: i64| {
            run(&rig, |engine| {
                let table = engine.target.find_table("t")?.unwrap();
                Ok(engine.target.read_rows(&table, &[vec![INT(key)]])?.remove(0))
            })
            .unwrap()
        };
        assert_eq!(row(1), Some(vec![INT(1), text("a"), given]), "{declared}");
        // The revert's own images know the column: it can be taken back, and that as well, exactly.
        let redo = rig.world.revert(&[op + 1]).unwrap();
        assert!(redo.operations[0].again && redo.operations[0].exact && row(1).is_none());
        assert!(rig.world.revert(&[op]).unwrap().operations[0].exact);
        let live = audit::Request { depth: audit::Level::Live, full: false };
        assert!(audit::run(&rig.world.context(), &live).unwrap().ok, "{declared}");
    }
}

#[test]
fn w02_a_revert_that_is_taken_back_leaves_a_column_added_since_to_the_database() {
    let rig = marked("CREATE TABLE t (id INTEGER PRIMARY KEY, v)");
    let op = change(&rig, "t", INT(1), Some(vec![INT(1), text("a")])).unwrap();
    rig.world.revert(&[op]).unwrap();
    run_foreign_sql(
        &rig.world,
        "ALTER TABLE t ADD COLUMN n INT NOT NULL DEFAULT 3; ALTER TABLE t ADD COLUMN at DEFAULT CURRENT_TIMESTAMP",
    );
    // SQLite adds no such column to a table with rows; to an empty one it does.
    let redo = rig.world.revert(&[op + 1]).unwrap();
    let line = &redo.operations[0];
    assert!(line.again && line.restored && !line.exact);
    assert_eq!(line.drift[0].columns, ["n", "at"]);
    assert_eq!(testutils::read_cell(&rig.world, "SELECT n FROM t WHERE at IS NOT NULL"), "Integer(3)");
}

#[test]
fn w09_a_foreign_key_that_nobody_can_follow_is_refused_by_name_and_said_before() {
    for (parent, key, said) in [
        ("CREATE TABLE q (x)", "REFERENCES p (x)", "the database has no table p"),
        ("CREATE TABLE p (x)", "REFERENCES p (x)", "no unique index of p has exactly these columns"),
        ("CREATE TABLE p (x); CREATE UNIQUE INDEX u ON p (x) WHERE x > 0", "REFERENCES p (x)", "no unique index of p"),
        (
            "CREATE TABLE p (x); CREATE UNIQUE INDEX u ON p (x COLLATE NOCASE)",
            "REFERENCES p (x)",
            "no unique index of p",
        ),
        ("CREATE TABLE p (x, y, PRIMARY KEY (x, y))", "REFERENCES p", "it has 1 columns, but the key of p has 2"),
        ("CREATE TABLE p (x)", "REFERENCES p", "no unique index of p has exactly these columns"),
        ("CREATE TABLE p (x PRIMARY KEY)", "REFERENCES p (z)", "p has no column z"),
        (
            "CREATE TABLE q (x UNIQUE); CREATE VIEW p AS SELECT x FROM q",
            "REFERENCES p (x)",
            "the database has no table p",
        ),
    ] {
        let rig = marked(&anyhow(&format!(
            "{parent}; CREATE TABLE t (id INTEGER PRIMARY KEY, v, r {key}); INSERT INTO t VALUES (1, 'a', NULL)"
        )));
        let refused = change(&rig, "t", INT(1), None).unwrap_err();
        assert_eq!(refused.code(), "foreign_key", "{refused}");
        assert!(refused.to_string().contains(said), "{refused}");
        assert_eq!(code(&rig, "t", 2, Some(vec![INT(2), Value::Null, Value::Null])), "foreign_key");
        let preflight = targets::preflight::run(&rig.world.context()).unwrap();
        let line = preflight.tables.iter().find(|line| line.table == "t").unwrap();
        assert_eq!(line.delete.verdict, "foreign_key", "{said}");
        there_and_back(&rig, "t", 1, Some(vec![INT(1), text("b"), Value::Null]));
    }
}

#[test]
fn w09_a_key_that_can_be_followed_is_none_of_those() {
    for (parent, key) in [
        ("CREATE TABLE p (x INTEGER PRIMARY KEY)", "REFERENCES P"),
        ("CREATE TABLE p (x INTEGER PRIMARY KEY)", "REFERENCES p (X)"),
        ("CREATE TABLE p (x TEXT COLLATE NOCASE UNIQUE)", "REFERENCES p (x)"),
        ("CREATE TABLE p (x, y); CREATE UNIQUE INDEX u ON p (x)", "REFERENCES p (x)"),
        ("CREATE TABLE p (x PRIMARY KEY, y) WITHOUT ROWID", "REFERENCES p"),
    ] {
        let rig = marked(&format!(
            "{parent}; CREATE TABLE t (id INTEGER PRIMARY KEY, v, r {key}); INSERT INTO t VALUES (1, 'a', NULL)"
        ));
        there_and_back(&rig, "t", 1, None);
    }
}

#[test]
fn w10_what_needs_an_unknown_collation_is_refused_by_name_and_a_target_marked_whole_or_not() {
    let sql = redeclared(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT COLLATE NOCASE); CREATE INDEX i ON t (v); \
         INSERT INTO t VALUES (1, 'a')",
        "COLLATE NOCASE",
        "COLLATE LOCALIZED",
    );
    let rig = marked(&sql);
    let refused = change(&rig, "t", INT(1), Some(vec![INT(1), text("b")])).unwrap_err();
    assert_eq!(refused.code(), "unsupported");
    assert!(refused.to_string().contains("collation LOCALIZED"), "{refused}");
    assert_eq!(dump_tables(&rig.world.path("lab.db")), rig.before);
    let preflight = targets::preflight::run(&rig.world.context()).unwrap();
    assert_eq!(preflight.tables[0].update.verdict, "unsupported");
    // A table that cannot even be read in its order has no digest: no marker either.
    let world = World::new();
    run_foreign_sql(
        &world,
        &redeclared(
            "CREATE TABLE t (k TEXT COLLATE NOCASE PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO t VALUES ('a', 1)",
            "COLLATE NOCASE",
            "COLLATE LOCALIZED",
        ),
    );
    let marking = |baseline| targets::mark::Request {
        target: world.url("lab.db"),
        confirm: Some("lab.db".into()),
        domain: Some("mosaiq".into()),
        baseline,
        ..Default::default()
    };
    let refused = targets::mark::run(&world.context(), &marking(true)).unwrap_err();
    assert_eq!((refused.code.as_str(), refused.kind.exit_code()), ("unsupported", 3));
    assert!(world.open_foreign().query_row("SELECT 1 FROM mfm_marker", [], |_| Ok(())).is_err(), "half marked");
    targets::mark::run(&world.context(), &marking(false)).unwrap();
}

#[test]
fn w01_all_is_judged_against_constraints_before_one_is_written() {
    let rig = marked("CREATE TABLE t (id INTEGER PRIMARY KEY, v, w); INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2)");
    change(&rig, "t", INT(1), None).unwrap();
    change(&rig, "t", INT(2), Some(vec![INT(2), text("b"), INT(9)])).unwrap();
    run_foreign_sql(&rig.world, "CREATE UNIQUE INDEX u ON t (v); INSERT INTO t VALUES (7, 'a', 7)");
    let faulty = dump_tables(&rig.world.path("lab.db"));
    let all = || revert::Request { all: true, ..Default::default() };
    let refused = revert::run(&rig.world.context(), &all()).unwrap_err();
    assert_eq!((refused.code.as_str(), refused.kind.exit_code()), ("unique_index", 3));
    assert_eq!(dump_tables(&rig.world.path("lab.db")), faulty);
    // The other is put back where that is asked for.
    let some = revert::Request { skip_conflicts: true, ..all() };
    let back = revert::run(&rig.world.context(), &some).unwrap();
    assert_eq!((back.operations[0].state, back.operations[1].state), ("reverted", "partly_reverted"));
    assert!(back.operations[1].conflicts[0].why.contains("unique index u"), "{:?}", back.operations[1].conflicts);
    assert_eq!(status::run(&rig.world.context()).unwrap().active.len(), 1);
}

#[test]
fn w01_a_revert_that_makes_room_for_another_is_no_obstacle() {
    let rig = marked("CREATE TABLE t (id INTEGER PRIMARY KEY, v UNIQUE); INSERT INTO t VALUES (1, 'a'), (2, 'b')");
    change(&rig, "t", INT(1), Some(vec![INT(1), text("x")])).unwrap();
    change(&rig, "t", INT(2), Some(vec![INT(2), text("a")])).unwrap();
    revert::run(&rig.world.context(), &revert::Request { all: true, ..Default::default() }).unwrap();
    assert_eq!(dump_tables(&rig.world.path("lab.db")), rig.before);
}

#[test]
fn w01_where_a_type_changed_the_rest_is_put_back() {
    let rig = marked(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v, w); INSERT INTO t VALUES (1, '5', 1), (2, 'b', 2), (3, 'c', 3)",
    );
    let op = change_all(&rig, "t", &[(1, None), (2, None), (3, Some(vec![INT(3), text("x"), INT(3)]))]);
    run_foreign_sql(
        &rig.world,
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'v, w', 'v INT, w') WHERE name = 't'; \
         PRAGMA writable_schema = RESET",
    );
    let refused = rig.world.revert(&[op]).unwrap_err();
    assert_eq!(refused.code, "does_not_fit");
    let skipping = revert::Request { operations: vec![op], skip_conflicts: true, ..Default::default() };
    let back = revert::run(&rig.world.context(), &skipping).unwrap();
    let line = &back.operations[0];
    assert_eq!((line.rows, line.conflicts.len(), line.conflicts[0].key.as_str()), (2, 1, "1"));
    assert!(line.conflicts[0].why.contains("cannot hold '5'"), "{:?}", line.conflicts);
    // A row that nothing lets in again is given up by name, and does not bar the target for ever.
    let nothing = revert::run(&rig.world.context(), &skipping).unwrap_err();
    assert_eq!(nothing.code, "conflict");
    let given_up = revert::Request { force: true, ..skipping };
    revert::run(&rig.world.context(), &given_up).unwrap();
    assert!(status::run(&rig.world.context()).unwrap().active.is_empty());
    targets::unmark::run(&rig.world.context()).unwrap();
}

#[test]
fn k1_only_what_a_constraint_covers_is_rehearsed() {
    let covered = |sql: &str, after: Option<Vec<Value>>| {
        let rig = marked(sql);
        let op = there_and_back(&rig, "t", 1, after);
        let (intended, applied) = (body(&rig.world, op, "intended"), body(&rig.world, op, "applied"));
        assert_eq!(intended["detail"].get("rehearse"), applied.get("rehearsed"));
        // The way back from a fault is no fault: it is not rehearsed.
        assert_eq!(body(&rig.world, op + 1, "applied").get("rehearsed"), None);
        applied.get("rehearsed") == Some(&json!(true))
    };
    let row = "INSERT INTO t VALUES (1, 'a', 1)";
    let update = || Some(vec![INT(1), text("b"), INT(1)]);
    for (declared, by_update, by_delete) in [
        ("id INTEGER PRIMARY KEY, v, w", false, false),
        ("id INTEGER PRIMARY KEY, v, \"check\"", false, false),
        ("id INTEGER PRIMARY KEY, v UNIQUE, w", true, true),
        ("id INTEGER PRIMARY KEY, v, w UNIQUE", false, true),
        ("id INTEGER PRIMARY KEY, v, w CHECK (w > 0)", true, true),
        ("id INTEGER PRIMARY KEY, v, w REFERENCES t (id)", false, true),
    ] {
        let sql = format!("CREATE TABLE t ({declared}); {row}");
        assert_eq!(covered(&sql, update()), by_update, "an update of {declared}");
        if !declared.contains("REFERENCES") {
            assert_eq!(covered(&sql, None), by_delete, "a delete of {declared}");
        }
    }
}

#[test]
fn k1_a_revert_of_a_revert_is_a_fault_again_and_needs_a_way_back() {
    let rig = marked("CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, -3)");
    let op = change(&rig, "t", INT(1), Some(vec![INT(1), INT(4)])).unwrap();
    rig.world.revert(&[op]).unwrap();
    run_foreign_sql(
        &rig.world,
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'v)', 'v CHECK (v > 0))') \
         WHERE name = 't'; PRAGMA writable_schema = RESET",
    );
    let refused = rig.world.revert(&[op + 1]).unwrap_err();
    assert_eq!((refused.code.as_str(), refused.kind.exit_code()), ("no_way_back", 3));
    assert_eq!(dump_tables(&rig.world.path("lab.db")), rig.before);
}

#[test]
fn k1_many_rows_under_a_constraint_are_rehearsed_in_batches() {
    let rig = marked(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v INT UNIQUE CHECK (v > 0), w); \
         WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 5000) \
         INSERT INTO t SELECT i, i, 'a' FROM n",
    );
    let rows: Vec<_> = (1..=5000).map(|id| (id, Some(vec![INT(id), INT(id + 100_000), text("a")]))).collect();
    let op = change_all(&rig, "t", &rows);
    assert_eq!(body(&rig.world, op, "applied")["rehearsed"], json!(true));
    let judged = run(&rig, |engine| engine.judge_reverts(&RevertSelection::All, RevertOptions::default())).unwrap();
    assert_eq!(judged.planned[0].rows.len(), 5000);
    rig.world.revert(&[op]).unwrap();
    assert_eq!(dump_tables(&rig.world.path("lab.db")), rig.before);
    assert_eq!(Journal::open_read(&rig.world.journal).unwrap().read_operation(op).unwrap().unwrap().rows, 5000);
}
