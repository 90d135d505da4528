//! The ways in which other tools failed to take a change back, each tried on a SQLite target, under the number that
//! the project gives it everywhere.

#![cfg(test)]

use mfm::model::{Change, Refusal, Role, RowAction, Value};
use mfm::targets::{ExecuteError, Target, TargetError};
use testutils::target::*;

#[test]
fn case_15_storage_classes_and_signed_zero() {
    let file = File::new(
        "CREATE TABLE t(k INTEGER PRIMARY KEY, b BLOB, r REAL, n NUMERIC, i INTEGER, x TEXT);
         INSERT INTO t VALUES (1, 1, 1.0, 1, 1, '1'), (2, 1.0, 2, 0.5, 2.5, 'x'), (3, '1', 1e300, '1x', 'no', x'00');",
    );
    let mut target = file.target();
    let one = row(&mut target, "t", &[int(1)]).unwrap();
    assert_eq!(one[1..], [int(1), Value::Real(1.0), int(1), int(1), text("1")]);
    let two = row(&mut target, "t", &[int(2)]).unwrap();
    assert_eq!(two[1..], [Value::Real(1.0), Value::Real(2.0), Value::Real(0.5), Value::Real(2.5), text("x")]);
    let three = row(&mut target, "t", &[int(3)]).unwrap();
    assert_eq!(three[3..], [text("1x"), text("no"), Value::Bytes(vec![0])]);
    // What looks equal to SQL is a change all the same, and comes back as it was.
    for value in [Value::Real(1.0), text("1"), Value::Bytes(b"1".to_vec()), Value::Real(-0.0), int(0)] {
        there_and_back(&mut target, &[update(&mut file.target(), "t", vec![int(1)], &[("b", value)]).unwrap()]);
    }
    let zero = [update(&mut target, "t", vec![int(2)], &[("b", Value::Real(-0.0))]).unwrap()];
    execute(&mut target, &mut Notebook::new(), &zero, false).unwrap();
    there_and_back(&mut target, &[update(&mut file.target(), "t", vec![int(2)], &[("b", Value::Real(0.0))]).unwrap()]);
    there_and_back(&mut target, &[delete(&mut file.target(), "t", vec![int(2)]).unwrap()]);
    assert_eq!(row(&mut target, "t", &[int(2)]).unwrap()[1], Value::Real(-0.0));
    // Affinity has its say before anything is hashed.
    let t = table(&mut target, "t");
    let asked = [
        vec![int(9), int(7), int(7), Value::Real(7.0), text("7"), int(7)],
        vec![int(9), int(7), Value::Real(-0.0), Value::Real(-0.0), Value::Real(7.5), Value::Real(7.0)],
    ];
    let held = target.normalize_rows(&t, mfm::targets::RowTrial::for_inserts(asked.to_vec())).unwrap();
    assert_eq!(held[0], [int(9), int(7), Value::Real(7.0), int(7), int(7), text("7")]);
    assert_eq!(held[1], [int(9), int(7), Value::Real(0.0), int(0), Value::Real(7.5), text("7.0")]);
}

#[test]
fn case_15_somebody_else_changed_only_the_storage_class() {
    let file = File::new("CREATE TABLE t(k INTEGER PRIMARY KEY, b, v); INSERT INTO t VALUES (1, 1, 0);");
    let mut target = file.target();
    let changes = [update(&mut target, "t", vec![int(1)], &[("v", int(1))]).unwrap()];
    file.sql("UPDATE t SET b = 1.0");
    let refusal = refused(execute(&mut target, &mut Notebook::new(), &changes, false));
    assert_eq!(refusal.to_string(), "the plan is stale: t 1 was changed by somebody else");
}

#[test]
fn case_16_and_17_null_and_texts_that_look_like_it() {
    let file = File::new("CREATE TABLE t(k INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, NULL), (2, '');");
    let mut target = file.target();
    for key in 1..=2 {
        for value in [Value::Null, text(""), text("NULL"), text("null")] {
            let old = row(&mut target, "t", &[int(key)]).unwrap().remove(1);
            if value != old {
                there_and_back(
                    &mut target,
                    &[update(&mut file.target(), "t", vec![int(key)], &[("v", value)]).unwrap()],
                );
            }
        }
    }
    assert_eq!(file.quote("SELECT v FROM t"), "NULL|''");
}

#[test]
fn case_18_padding_collations_and_bytes() {
    let file = File::new(
        "CREATE TABLE t(k TEXT PRIMARY KEY NOT NULL COLLATE NOCASE, c char(5), b varbinary(9));
         INSERT INTO t VALUES ('Key ', 'ab   ', x'00ff00'), ('n', CAST(x'ff00fe' AS TEXT), zeroblob(3)),
                              ('z', 'a' || char(0) || 'b', x'');",
    );
    let mut target = file.target();
    let t = table(&mut target, "t");
    assert_eq!(t.columns[0].image.collation.as_deref(), Some("NOCASE"));
    assert_eq!(t.columns[1].image.length, Some(5));
    let n = row(&mut target, "t", &[text("n")]).unwrap();
    assert_eq!(n[1..], [Value::RawText(vec![0xff, 0, 0xfe]), Value::Bytes(vec![0; 3])]);
    assert_eq!(row(&mut target, "t", &[text("z")]).unwrap()[1], text("a\0b"));
    assert!(row(&mut target, "t", &[text("key ")]).is_none(), "found by collation is not found");
    assert!(row(&mut target, "t", &[text("Key")]).is_none());
    let mut changes = Vec::new();
    for key in ["Key ", "n", "z"] {
        let set = [("c", text("ab")), ("b", Value::Bytes(vec![0]))];
        changes.push(update(&mut target, "t", vec![text(key)], &set).unwrap());
    }
    there_and_back(&mut target, &changes);
    let gone: Vec<Change> =
        ["Key ", "n", "z"].iter().map(|key| delete(&mut target, "t", vec![text(key)]).unwrap()).collect();
    there_and_back(&mut target, &gone);
    let raw = update(&mut target, "t", vec![text("z")], &[("c", Value::RawText(vec![0xc3, 0x28]))]).unwrap();
    there_and_back(&mut target, &[raw]);
    assert_eq!(file.quote("SELECT hex(c) v FROM t ORDER BY k"), "'6162202020'|'FF00FE'|'610062'");
    let met = [insert(&mut target, "t", vec![text("KEY "), Value::Null, Value::Null]).unwrap()];
    let refusal = refused(execute(&mut target, &mut Notebook::new(), &met, false));
    assert_eq!(refusal.code(), "constraint", "the key's own collation decides in the database");
}

#[test]
fn case_19_column_order_does_not_matter_to_a_row() {
    let a = File::new("CREATE TABLE t(k INTEGER PRIMARY KEY, a, b); INSERT INTO t VALUES (1, 'x', 2);");
    let b = File::new("CREATE TABLE t(b, k INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (2, 1, 'x');");
    let digests = |file: &File| file.target().digest_tables(&mut |_, _| ()).unwrap();
    assert_eq!(digests(&a), digests(&b));
    let digest = |file: &File| match update(&mut file.target(), "t", vec![int(1)], &[("a", int(5))]).unwrap().action {
        RowAction::Update { before_digest, after_digest, .. } => (before_digest, after_digest),
        other => panic!("{other:?}"),
    };
    assert_eq!(digest(&a), digest(&b));
}

#[test]
fn case_20_not_null_check_and_strict() {
    let file = File::new(
        "CREATE TABLE t(k INTEGER PRIMARY KEY, a NOT NULL, b CHECK (b < 10) DEFAULT 3);
         INSERT INTO t VALUES (1, 1, 1);
         CREATE TABLE s(k INTEGER PRIMARY KEY, i INT, a ANY, x TEXT) STRICT; INSERT INTO s VALUES (1, 1, 1, '1');",
    );
    let mut target = file.target();
    let not_null = Refusal::NotNull { table: "t".into(), column: "a".into() };
    assert_eq!(refusal(update(&mut target, "t", vec![int(1)], &[("a", Value::Null)])), not_null);
    assert_eq!(refusal(insert(&mut target, "t", vec![int(2), Value::Null, int(1)])), not_null);
    let checked = refusal(update(&mut target, "t", vec![int(1)], &[("b", int(10))]));
    assert!(matches!(&checked, Refusal::Constraint { why, .. } if why.contains("b < 10")), "{checked}");
    assert_eq!(refusal(update(&mut target, "s", vec![int(1)], &[("i", text("x"))])).code(), "constraint");
    there_and_back(&mut target, &[update(&mut file.target(), "s", vec![int(1)], &[("a", text("1"))]).unwrap()]);
    let mut changes = [update(&mut target, "t", vec![int(1)], &[("b", int(9))]).unwrap()];
    // Added later, so that the revert would break it.
    execute(&mut target, &mut Notebook::new(), &changes, false).unwrap();
    file.sql(
        "PRAGMA writable_schema = on;
         UPDATE sqlite_schema SET sql = replace(sql, 'b < 10', 'b > 5') WHERE name = 't'; PRAGMA schema_version = 1000;",
    );
    changes[0] = inverse(&changes[0]);
    let t = table(&mut target, "t");
    assert_eq!(
        refusal(target.normalize_rows(&t, mfm::targets::RowTrial::for_inserts(vec![vec![int(1), int(1), int(1)]])))
            .code(),
        "constraint"
    );
    assert_eq!(refused(execute(&mut target, &mut Notebook::new(), &changes, false)).code(), "constraint");
    assert_eq!(file.quote("SELECT b v FROM t"), "9");
}

#[test]
fn case_20_conflict_clauses_of_the_schema_do_not_work_on_us() {
    for clause in ["REPLACE", "IGNORE", "ROLLBACK", "FAIL"] {
        let file = File::new(&format!(
            "CREATE TABLE t(k INTEGER PRIMARY KEY ON CONFLICT {clause}, a NOT NULL ON CONFLICT {clause} DEFAULT 7,
                            u UNIQUE ON CONFLICT {clause});
             INSERT INTO t VALUES (1, 1, 1), (2, 2, 2);"
        ));
        let mut target = file.target();
        assert_eq!(refusal(update(&mut target, "t", vec![int(1)], &[("a", Value::Null)])).code(), "not_null");
        let mut changes = [update(&mut target, "t", vec![int(1)], &[("u", int(3))]).unwrap()];
        file.sql("UPDATE t SET u = 3 WHERE k = 2");
        let refusal = refused(execute(&mut target, &mut Notebook::new(), &changes, false));
        assert_eq!(refusal.code(), "unique_index", "{clause}");
        assert_eq!(file.quote("SELECT u v FROM t"), "1|3");
        changes[0] = update(&mut target, "t", vec![int(1)], &[("u", int(4))]).unwrap();
        there_and_back(&mut target, &changes);
    }
}

#[test]
fn case_28_every_row_is_counted() {
    let file = File::new("CREATE TABLE t(k INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 1), (2, 2);");
    let mut target = file.target();
    let changes = [update(&mut target, "t", vec![int(1)], &[("v", int(9))]).unwrap()];
    let twice = [changes[0].clone(), changes[0].clone()];
    let done = execute(&mut target, &mut Notebook::new(), &twice, false);
    let Err(ExecuteError::RolledBack(TargetError::Mismatch { what, .. })) = done else { panic!("{done:?}") };
    assert_eq!(what, "update of one row touched 0");
    assert_eq!(file.quote("SELECT v FROM t"), "1|2");
}

#[test]
fn case_29_quoted_reserved_and_mixed_case_identifiers() {
    let file = File::new(
        r#"CREATE TABLE "se""lect Ünïcode"("Order" INTEGER PRIMARY KEY, "a""b" TEXT, [group] INT, `MiXeD` REAL, "rowid" INT);
           INSERT INTO "se""lect Ünïcode" VALUES (1, 'x', 1, 1.5, 77);
           CREATE TABLE "Order"("rowid" INT, "oid" INT, "_rowid_" INT, k TEXT NOT NULL UNIQUE); 
           INSERT INTO "Order" VALUES (1, 2, 3, 'k');"#,
    )
    .keyed("order", &["K"]);
    let mut target = file.target();
    assert_eq!(target.list_tables().unwrap(), ["Order", "se\"lect Ünïcode"]);
    let name = "SE\"LECT Ünïcode";
    assert_eq!(table(&mut target, name).shape.name, "se\"lect Ünïcode");
    let changes = [
        update(&mut target, name, vec![int(1)], &[("A\"B", text("y")), ("GROUP", int(2)), ("mixed", int(3))]).unwrap(),
        insert(&mut target, name, vec![int(2), Value::Null, int(1), Value::Null, Value::Null]).unwrap(),
        update(&mut target, "ORDER", vec![text("k")], &[("oid", int(9))]).unwrap(),
    ];
    there_and_back(&mut target, &changes);
    there_and_back(&mut target, &[delete(&mut file.target(), "Order", vec![text("k")]).unwrap()]);
}

#[test]
fn case_29_names_that_differ_only_in_the_case_the_caller_wrote() {
    let file = File::new("CREATE TABLE FldPoint(FLD_ID INTEGER PRIMARY KEY, Gantry_Ang decimal(4,1));");
    let mut target = file.target();
    let t = table(&mut target, "fldpoint");
    assert_eq!((t.shape.name.as_str(), t.shape.key[0].as_str()), ("FldPoint", "FLD_ID"));
    let image = &t.column("gantry_ang").unwrap().1.image;
    assert_eq!((image.precision, image.scale), (Some(4), Some(1)));
    assert!(target.find_table("nothing").unwrap().is_none());
}

#[test]
fn case_30_unrelated_tables_and_rows_are_nobodys_business() {
    let file = File::new(
        "CREATE TABLE t(k INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 1), (2, 2);
         CREATE TABLE other(k INTEGER PRIMARY KEY, v); INSERT INTO other VALUES (1, 1);",
    );
    let mut target = file.target();
    let changes = [update(&mut target, "t", vec![int(1)], &[("v", int(9))]).unwrap()];
    let touches = touches(&mut target, &changes);
    let preflight = target.first_preflight(&touches, false).unwrap();
    file.sql(
        "UPDATE other SET v = 5; UPDATE t SET v = 5 WHERE k = 2; CREATE TABLE new(x); CREATE INDEX i ON other(v);",
    );
    let mut notebook = Notebook::new();
    execute_judged(&mut target, &mut notebook, &changes, &touches, &preflight, false).unwrap();
    file.sql("DELETE FROM other; INSERT INTO t VALUES (3, 3)");
    execute(&mut target, &mut notebook, &inverses(&changes), false).unwrap();
    assert_eq!(file.quote("SELECT v FROM t"), "1|5|3");
    assert_eq!(file.quote("SELECT count(*) v FROM other"), "0");
}

#[test]
fn generated_columns_are_left_out_and_listed() {
    let file = File::new(
        "CREATE TABLE t(k INTEGER PRIMARY KEY, a, twice AS (a * 2), thrice AS (a * 3) STORED);
         INSERT INTO t VALUES (1, 5);",
    );
    let mut target = file.target();
    let t = table(&mut target, "t");
    assert_eq!(t.shape.omitted, ["twice", "thrice"]);
    assert!(t.omitted.iter().all(|column| column.role == Role::Computed));
    let changes = [update(&mut target, "t", vec![int(1)], &[("a", int(7))]).unwrap()];
    assert_eq!(preflight(&mut target, &changes).unwrap().notes.len(), 2);
    there_and_back(&mut target, &changes);
    there_and_back(&mut target, &[delete(&mut file.target(), "t", vec![int(1)]).unwrap()]);
    assert_eq!(file.quote("SELECT thrice v FROM t"), "15");
}

#[test]
fn composite_keys_of_mixed_types() {
    let file = File::new(
        "CREATE TABLE t(a TEXT, b INT, v, PRIMARY KEY (b, a)) WITHOUT ROWID;
         INSERT INTO t VALUES ('x', 1, 1), ('x', 2, 2), ('y', 1, 3);",
    );
    let mut target = file.target();
    assert_eq!(table(&mut target, "t").shape.key, ["b", "a"]);
    let changes = [
        update(&mut target, "t", vec![int(1), text("x")], &[("v", int(9))]).unwrap(),
        delete(&mut target, "t", vec![int(2), text("x")]).unwrap(),
        insert(&mut target, "t", vec![text("y"), int(2), Value::Null]).unwrap(),
    ];
    there_and_back(&mut target, &changes);
}
