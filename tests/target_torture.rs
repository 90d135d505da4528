//! The ways in which other tools failed to take a change back, each tried on a SQLite target, under the number that
//! the project gives it everywhere.

#![cfg(test)]

use mfm::model::{KeyStanding, Refusal, Value};
use mfm::targets::{ExecuteError, Preflight, Target, TargetError};
use testutils::target::*;

fn residue(preflight: &Preflight) -> Vec<(&str, &str)> {
    preflight.residue.iter().map(|residue| (residue.table.as_str(), residue.what.as_str())).collect()
}

#[test]
fn case_01_no_primary_key() {
    let file = File::new("CREATE TABLE t(k INTEGER, v); INSERT INTO t VALUES (1, 'a'), (2, 'b'), (1, 'c');");
    let mut target = file.target();
    let t = table(&mut target, "t");
    assert_eq!((t.key.clone(), t.shape.key.len()), (KeyStanding::Undeclared, 0));
    let touch = mfm::targets::TableTouch { table: t, updated: vec!["v".into()], inserts: 0, deletes: 0 };
    assert_eq!(refusal(target.first_preflight(&[touch], false)).to_string(), NO_KEY);

    let file = file.keyed("T", &["K"]);
    let mut target = file.target();
    assert_eq!(table(&mut target, "t").shape.key, ["k"]);
    let change = update(&mut target, "t", vec![int(2)], &[("v", text("x"))]).unwrap();
    let refused = refusal(preflight(&mut target, std::slice::from_ref(&change)));
    assert!(refused.to_string().ends_with("k is 1 in several rows"), "{refused}");
    let t = table(&mut target, "t");
    assert!(target.read_rows(&t, &[vec![int(1)]]).is_err());

    file.sql("UPDATE t SET k = 3 WHERE v = 'c'");
    let notes = preflight(&mut target, std::slice::from_ref(&change)).unwrap().notes;
    assert_eq!(notes, ["t: no index vouches for the key k; 3 rows were scanned"]);
    there_and_back(&mut target, &[change]);
}

const NO_KEY: &str = "table t has no reliable key: it declares none";

#[test]
fn case_01_a_key_that_becomes_ambiguous_under_our_feet() {
    let file = File::new("CREATE TABLE t(k INTEGER, v); INSERT INTO t VALUES (1, 'a');").keyed("t", &["k"]);
    let mut target = file.target();
    let changes = [update(&mut target, "t", vec![int(1)], &[("v", text("x"))]).unwrap()];
    let touches = touches(&mut target, &changes);
    let preflight = target.first_preflight(&touches, false).unwrap();
    file.sql("INSERT INTO t VALUES (1, 'a')");
    let done = execute_judged(&mut target, &mut Notebook::new(), &changes, &touches, &preflight, false);
    assert_eq!(refused(done).code(), "no_key");
    assert_eq!(file.quote("SELECT v FROM t"), "'a'|'a'");
}

#[test]
fn case_02_null_in_the_primary_key() {
    let file = File::new("CREATE TABLE t(k TEXT PRIMARY KEY, v); INSERT INTO t VALUES ('a', 1), ('b', 2);");
    let mut target = file.target();
    assert_eq!(table(&mut target, "t").key, KeyStanding::Undeclared);
    let changes = [update(&mut target, "t", vec![text("a")], &[("v", int(9))]).unwrap()];
    there_and_back(&mut target, &changes);
    file.sql("INSERT INTO t VALUES (NULL, 3)");
    assert!(refusal(preflight(&mut target, &changes)).to_string().ends_with("k is NULL in 1 rows"));

    let file = File::new("CREATE TABLE t(k TEXT PRIMARY KEY NOT NULL, v); INSERT INTO t VALUES ('a', 1);");
    assert_eq!(table(&mut file.target(), "t").key, KeyStanding::Declared("PRIMARY KEY".into()));
}

#[test]
fn case_02_what_vouches_for_a_key() {
    let declared = |sql: &str| {
        let file = File::new(sql).keyed("t", &["k"]);
        matches!(table(&mut file.target(), "t").key, KeyStanding::Declared(_))
    };
    assert!(declared("CREATE TABLE t(k INT NOT NULL, v); CREATE UNIQUE INDEX u ON t(k)"));
    assert!(declared("CREATE TABLE t(k INTEGER PRIMARY KEY, v)"));
    assert!(declared("CREATE TABLE t(k TEXT PRIMARY KEY, v) WITHOUT ROWID"));
    assert!(declared("CREATE TABLE t(k TEXT NOT NULL UNIQUE, v)"));
    assert!(declared("CREATE TABLE t(k TEXT PRIMARY KEY, v ANY) STRICT"), "STRICT forbids NULL there");
    assert!(!declared("CREATE TABLE t(k INT, v); CREATE UNIQUE INDEX u ON t(k)"), "NULL is allowed");
    assert!(!declared("CREATE TABLE t(k INT NOT NULL, v); CREATE UNIQUE INDEX u ON t(k) WHERE k > 5"), "partial");
    assert!(!declared("CREATE TABLE t(k INT NOT NULL, v); CREATE UNIQUE INDEX u ON t(abs(k))"), "expression");
    assert!(!declared("CREATE TABLE t(k INT NOT NULL, v); CREATE INDEX u ON t(k)"), "not unique");
    assert!(!declared("CREATE TABLE t(k INT NOT NULL, v); CREATE UNIQUE INDEX u ON t(k, v)"), "wider");
}

#[test]
fn case_03_rowid_drift_is_declared_or_absent() {
    let rows = "INSERT INTO t VALUES ('a', 1), ('b', 2), ('c', 3);";
    let hidden = File::new(&format!("CREATE TABLE t(k TEXT PRIMARY KEY NOT NULL, v); {rows}"));
    let mut target = hidden.target();
    let changes = [delete(&mut target, "t", vec![text("a")]).unwrap()];
    assert_eq!(residue(&preflight(&mut target, &changes).unwrap()), [("t", "rowid")]);
    there_and_back(&mut target, &changes);
    assert_eq!(hidden.quote("SELECT rowid v FROM t WHERE k = 'a'"), "4", "which is why it is declared");
    let changes = [update(&mut target, "t", vec![text("b")], &[("v", int(9))]).unwrap()];
    assert!(residue(&preflight(&mut target, &changes).unwrap()).is_empty());
    there_and_back(&mut target, &changes);
    assert_eq!(hidden.quote("SELECT rowid v FROM t WHERE k = 'b'"), "2");

    let none = File::new(&format!("CREATE TABLE t(k TEXT PRIMARY KEY, v) WITHOUT ROWID; {rows}"));
    let shown = File::new("CREATE TABLE t(k INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 1), (2, 2), (9, 3);");
    for (file, key) in [(&none, text("a")), (&shown, int(1))] {
        let mut target = file.target();
        let changes = [delete(&mut target, "t", vec![key]).unwrap()];
        assert!(residue(&preflight(&mut target, &changes).unwrap()).is_empty());
        there_and_back(&mut target, &changes);
    }
    assert_eq!(shown.quote("SELECT rowid v FROM t"), "1|2|9");
}

#[test]
fn case_04_autoincrement_counter_is_residue() {
    let file = File::new("CREATE TABLE t(k INTEGER PRIMARY KEY AUTOINCREMENT, v); INSERT INTO t VALUES (1, 'a');");
    let mut target = file.target();
    let changes = [insert(&mut target, "t", vec![int(50), text("b")]).unwrap()];
    assert_eq!(residue(&preflight(&mut target, &changes).unwrap()), [("t", "sqlite_sequence")]);
    there_and_back(&mut target, &changes);
    assert_eq!(file.quote("SELECT seq v FROM sqlite_sequence"), "50", "which is why it is declared");
    let drawn = insert(&mut target, "t", vec![Value::Null, text("b")]);
    assert_eq!(refusal(drawn).code(), "not_null", "a number that the database would draw cannot be planned");
}

const AUDITED: &str = "CREATE TABLE t(k INTEGER PRIMARY KEY, a, b); CREATE TABLE log(what);
    INSERT INTO t VALUES (1, 1, 1), (2, 2, 2);
    CREATE TRIGGER audit AFTER UPDATE OF a ON t BEGIN INSERT INTO log VALUES ('a'); END;";

#[test]
fn case_05_audit_trigger_fires_neither_there_nor_back() {
    let file = File::new(AUDITED);
    let mut target = file.target();
    let changes = [update(&mut target, "t", vec![int(1)], &[("a", int(9))]).unwrap()];
    let refusal = refusal(preflight(&mut target, &changes));
    assert_eq!(refusal, Refusal::Trigger { table: "t".into(), trigger: "audit".into() });
    let mut notebook = Notebook::new();
    for changes in [changes.to_vec(), inverses(&changes)] {
        let touches = touches(&mut target, &changes);
        assert_eq!(target.first_preflight(&touches, true).unwrap().triggers_disabled, ["audit"]);
        execute(&mut target, &mut notebook, &changes, true).unwrap();
    }
    assert_eq!(file.quote("SELECT count(*) v FROM log"), "0");
    file.sql("UPDATE t SET a = 5");
    assert_eq!(file.quote("SELECT count(*) v FROM log"), "2", "nobody else's triggers were touched");
    let other = [update(&mut target, "t", vec![int(1)], &[("b", int(9))]).unwrap()];
    there_and_back(&mut target, &other);
}

#[test]
fn case_05_a_trigger_that_only_the_way_back_would_fire() {
    let file = File::new(
        "CREATE TABLE t(k INTEGER PRIMARY KEY, a); CREATE TABLE log(what);
         CREATE TRIGGER gone AFTER DELETE ON t BEGIN INSERT INTO log VALUES (old.k); END;",
    );
    let mut target = file.target();
    let changes = [insert(&mut target, "t", vec![int(1), int(1)]).unwrap()];
    assert_eq!(refusal(preflight(&mut target, &changes)).code(), "trigger");
}

#[test]
fn case_06_trigger_maintained_edit_time() {
    let file = File::new(
        "CREATE TABLE t(k INTEGER PRIMARY KEY, a, edits INTEGER); INSERT INTO t VALUES (1, 1, 0);
         CREATE TRIGGER touch AFTER UPDATE ON t WHEN old.edits IS new.edits
           BEGIN UPDATE t SET edits = edits + 1 WHERE k = new.k; END;",
    );
    let mut target = file.target();
    let changes = [update(&mut target, "t", vec![int(1)], &[("a", int(9))]).unwrap()];
    let touches = touches(&mut target, &changes);
    assert_eq!(refusal(target.first_preflight(&touches, false)).code(), "trigger");
    // Switched off for the preflight but not for the transaction: the count sees it, and all is rolled back.
    let preflight = target.first_preflight(&touches, true).unwrap();
    let done = execute_judged(&mut target, &mut Notebook::new(), &changes, &touches, &preflight, false);
    let Err(ExecuteError::RolledBack(TargetError::Mismatch { what, .. })) = done else { panic!("{done:?}") };
    assert_eq!(what, "2 rows were written, but 1 were planned");
    assert_eq!(file.quote("SELECT a v FROM t UNION ALL SELECT edits FROM t"), "1|0");
    execute(&mut target, &mut Notebook::new(), &changes, true).unwrap();
    assert_eq!(file.quote("SELECT edits v FROM t"), "0");
}

#[test]
fn case_08_schema_changed_since_the_census() {
    let changed = [
        "ALTER TABLE t ADD COLUMN c",
        "CREATE TRIGGER late AFTER UPDATE ON t BEGIN SELECT 1; END",
        "CREATE UNIQUE INDEX late ON t(a)",
        "CREATE TABLE child(p REFERENCES t(a))",
        "ALTER TABLE t RENAME TO u",
        "DROP TABLE t; CREATE TABLE t(k INTEGER PRIMARY KEY, b, a)",
    ];
    for sql in changed {
        let file = File::new("CREATE TABLE t(k INTEGER PRIMARY KEY, a, b); INSERT INTO t VALUES (1, 1, 1);");
        let mut target = file.target();
        let changes = [update(&mut target, "t", vec![int(1)], &[("a", int(9))]).unwrap()];
        let touches = touches(&mut target, &changes);
        let preflight = target.first_preflight(&touches, false).unwrap();
        file.sql(sql);
        let done = execute_judged(&mut target, &mut Notebook::new(), &changes, &touches, &preflight, false);
        assert_eq!(refused(done).code(), "stale", "{sql}");
    }
}

#[test]
fn case_09_foreign_keys_and_cascades() {
    let parents = "CREATE TABLE p(k INTEGER PRIMARY KEY, u UNIQUE, v); INSERT INTO p VALUES (1, 10, 0), (2, 20, 0);";
    let children = "INSERT INTO c VALUES (1, 1, 0);";
    let file = File::new(&format!("{parents} CREATE TABLE c(k INTEGER PRIMARY KEY, p REFERENCES p, v); {children}"));
    let mut target = file.target();
    let named = |refusal: Refusal| match refusal {
        Refusal::ForeignKey { constraint, .. } => constraint,
        other => panic!("{other}"),
    };
    let child = [update(&mut target, "c", vec![int(1)], &[("p", int(2))]).unwrap()];
    assert_eq!(named(refusal(preflight(&mut target, &child))), "c(p) -> p(k)");
    assert_eq!(named(refusal(delete(&mut target, "p", vec![int(1)]))), "c(p) -> p(k)");
    assert_eq!(named(refusal(insert(&mut target, "c", vec![int(5), int(99), int(0)]))), "c(p) -> p(k)");
    let free = [
        update(&mut target, "p", vec![int(1)], &[("v", int(7))]).unwrap(),
        update(&mut target, "c", vec![int(1)], &[("v", int(7))]).unwrap(),
        insert(&mut target, "c", vec![int(5), int(2), int(0)]).unwrap(),
        insert(&mut target, "c", vec![int(6), Value::Null, int(0)]).unwrap(),
    ];
    there_and_back(&mut target, &free);
    there_and_back(&mut target, &[delete(&mut file.target(), "p", vec![int(2)]).unwrap()]);

    for action in ["CASCADE", "SET NULL", "SET DEFAULT"] {
        let table = format!("CREATE TABLE c(k INTEGER PRIMARY KEY, p REFERENCES p(u) ON DELETE {action}, v);");
        let file = File::new(&format!("{parents} {table}"));
        let mut target = file.target();
        let gone = [delete(&mut target, "p", vec![int(2)]).unwrap()];
        assert_eq!(named(refusal(preflight(&mut target, &gone))), "c(p) -> p(u)");
        let come = [insert(&mut target, "p", vec![int(9), int(90), int(0)]).unwrap()];
        assert_eq!(named(refusal(preflight(&mut target, &come))), "c(p) -> p(u)");
        let referenced = [update(&mut target, "p", vec![int(2)], &[("u", int(21))]).unwrap()];
        assert_eq!(named(refusal(preflight(&mut target, &referenced))), "c(p) -> p(u)");
    }
}

#[test]
fn case_09_the_database_has_the_last_word() {
    let file = File::new(
        "CREATE TABLE p(k INTEGER PRIMARY KEY); INSERT INTO p VALUES (1), (2);
         CREATE TABLE c(k INTEGER PRIMARY KEY, p REFERENCES p DEFERRABLE INITIALLY DEFERRED);",
    );
    let mut target = file.target();
    let changes = [delete(&mut target, "p", vec![int(1)]).unwrap()];
    file.sql("INSERT INTO c VALUES (1, 1)");
    let refusal = refused(execute(&mut target, &mut Notebook::new(), &changes, false));
    assert_eq!(refusal.code(), "foreign_key", "{refusal}");
    assert_eq!(file.quote("SELECT k v FROM p"), "1|2");
}

#[test]
fn case_09_a_row_may_be_its_own_parent() {
    let file = File::new("CREATE TABLE t(k INTEGER PRIMARY KEY, up REFERENCES t, v);");
    let mut target = file.target();
    there_and_back(&mut target, &[insert(&mut file.target(), "t", vec![int(1), int(1), int(0)]).unwrap()]);
    assert_eq!(refusal(insert(&mut target, "t", vec![int(1), int(2), int(0)])).code(), "foreign_key");
}

#[test]
fn case_10_unique_values_are_refused_by_name() {
    let file = File::new(
        "CREATE TABLE t(k INTEGER PRIMARY KEY, u TEXT COLLATE NOCASE, v);
         CREATE UNIQUE INDEX only_u ON t(u); INSERT INTO t VALUES (1, 'a', 0), (2, 'b', 0), (3, NULL, 0);",
    );
    let mut target = file.target();
    let by_name = Refusal::UniqueIndex { table: "t".into(), index: "only_u".into() };
    assert_eq!(refusal(update(&mut target, "t", vec![int(1)], &[("u", text("B"))])), by_name);
    assert_eq!(refusal(insert(&mut target, "t", vec![int(9), text("A"), int(0)])), by_name);
    let t = table(&mut target, "t");
    let swapped = vec![vec![int(1), text("b"), int(0)], vec![int(2), text("a"), int(0)]];
    assert_eq!(refusal(target.check_unique(&t, &["u".into()], &swapped)), by_name);
    let twice = vec![vec![int(8), text("x"), int(0)], vec![int(9), text("X"), int(0)]];
    assert_eq!(refusal(target.check_unique(&t, &[], &twice)), by_name);
    target.check_unique(&t, &["v".into()], &swapped).unwrap();
    let free = [
        update(&mut target, "t", vec![int(1)], &[("u", text("A"))]).unwrap(),
        update(&mut target, "t", vec![int(2)], &[("u", Value::Null)]).unwrap(),
        insert(&mut target, "t", vec![int(9), text("c"), int(0)]).unwrap(),
    ];
    there_and_back(&mut target, &free);
}

#[test]
fn case_10_indexes_that_only_the_database_understands() {
    let file = File::new(
        "CREATE TABLE t(k INTEGER PRIMARY KEY, u); CREATE UNIQUE INDEX half ON t(abs(u)) WHERE u > 0;
         INSERT INTO t VALUES (1, 5), (2, 6);",
    );
    let mut target = file.target();
    let changes = [update(&mut target, "t", vec![int(1)], &[("u", int(6))]).unwrap()];
    let refusal = refused(execute(&mut target, &mut Notebook::new(), &changes, false));
    assert!(matches!(&refusal, Refusal::UniqueIndex { index, .. } if index == "half"), "{refusal}");
    assert_eq!(file.quote("SELECT u v FROM t"), "5|6");
}

#[test]
fn case_11_a_key_never_changes() {
    let file = File::new("CREATE TABLE t(k INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 1);");
    let mut target = file.target();
    let changes = [update(&mut target, "t", vec![int(1)], &[("k", int(2))]).unwrap()];
    let refusal = refusal(preflight(&mut target, &changes));
    assert_eq!(refusal.to_string(), "a change of the key column t.k cannot be kept exactly");
}
