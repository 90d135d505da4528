//! Tables as they are found in the wild: names, schemas, keys, identity, triggers, foreign keys, rules, other programs.

use mfm::model::{Change, KeyStanding, Refusal, Value};
use mfm::targets::{ExecuteError, Preflight, TableTouch, Target, create_lab};
use testutils::target::*;

use super::world::{Database, Passwords, fresh};

const PAIR: &str = "INSERT INTO dbo.t VALUES (1, 1), (2, 2);";

fn one_update(target: &mut dyn Target, name: &str) -> Change {
    update(target, name, vec![int(1)], &[("a", int(9))]).unwrap()
}

fn residue(preflight: &Preflight) -> Vec<(&str, &str)> {
    preflight.residue.iter().map(|residue| (residue.table.as_str(), residue.what.as_str())).collect()
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn names_with_schemas_brackets_and_reserved_words() {
    let database = Database::new(
        "CREATE SCHEMA app;\nGO\nCREATE SCHEMA [odd one];\nGO\n
         CREATE TABLE dbo.t(k int NOT NULL PRIMARY KEY, a int NULL);
         CREATE TABLE app.t(k int NOT NULL PRIMARY KEY, a int NULL);
         CREATE TABLE [odd one].[Select]([Order By] int NOT NULL PRIMARY KEY, a int NULL, [a'b\"c] int NULL);
         CREATE TABLE dbo.[MiXed Case]([Key] int NOT NULL PRIMARY KEY, a int NULL);
         INSERT INTO dbo.t VALUES (1, 1), (2, 2); INSERT INTO app.t VALUES (1, 10), (3, 30);
         INSERT INTO [odd one].[Select] VALUES (1, 1, 1); INSERT INTO dbo.[MiXed Case] VALUES (1, 1);",
    );
    let mut target = database.target();
    // A server may list its tables in lower case.
    let mut names: Vec<String> = target.list_tables().unwrap().iter().map(|name| name.to_lowercase()).collect();
    names.sort();
    assert_eq!(names, ["app.t", "mixed case", "odd one.select", "t"]);
    let clean = database.dump();
    let mut changes: Vec<Change> =
        ["t", "app.t", "odd one.Select", "MiXed Case"].map(|name| one_update(&mut target, name)).into();
    changes.push(delete(&mut target, "app.t", vec![int(3)]).unwrap());
    changes.push(insert(&mut target, "odd one.Select", vec![int(7), int(7), int(7)]).unwrap());
    there_and_back(&mut target, &changes);
    assert_eq!(database.dump(), clean);
    let mut notebook = Notebook::new();
    execute(&mut target, &mut notebook, &changes[1..2], false).unwrap();
    assert_eq!(database.words("SELECT a FROM app.t ORDER BY k"), ["9", "30"]);
    assert_eq!(database.words("SELECT a FROM dbo.t ORDER BY k"), ["1", "2"], "the namesake is nobody's business");
    execute(&mut target, &mut notebook, &inverses(&changes[1..2]), false).unwrap();
    assert!(table(&mut target, "mixed case").shape.name.eq_ignore_ascii_case("MiXed Case"));
}

/// Names go into statements as identifiers, into questions as parameters, and into permission functions in brackets.
#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn k10_names_that_end_the_quotes_of_others() {
    let database = Database::named(&format!("{}'quote\"d. e[", fresh("names")));
    database.sql(
        "CREATE SCHEMA [s'\"%.x];\nGO\n
         CREATE TABLE [s'\"%.x].[u'\"%d.\u{e9}[ v]([k'\"%s.\u{e9}] int NOT NULL PRIMARY KEY, a int NULL, [b'\"%[] int NULL);
         CREATE TABLE dbo.[--x/*%](k int NOT NULL PRIMARY KEY, a int NULL, [b;c] int NULL);
         INSERT INTO [s'\"%.x].[u'\"%d.\u{e9}[ v] VALUES (1, 1, 1), (2, 2, 2);
         INSERT INTO dbo.[--x/*%] VALUES (1, 1, 1), (2, 2, 2);",
    );
    database.mark();
    let mut target = database.target();
    let mut names: Vec<String> = target.list_tables().unwrap();
    names.sort();
    assert_eq!(names, ["--x/*%", "s'\"%.x.u'\"%d.\u{e9}[ v"]);
    let clean = database.dump();
    let mut changes: Vec<Change> = names.iter().map(|name| one_update(&mut target, name)).collect();
    changes.push(delete(&mut target, &names[1], vec![int(2)]).unwrap());
    changes.push(insert(&mut target, &names[0], vec![int(7), int(7), int(7)]).unwrap());
    there_and_back(&mut target, &changes);
    assert_eq!(database.dump(), clean);
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn names_with_a_closing_bracket() {
    let database = Database::bare();
    let making = "CREATE TABLE dbo.[a]]b](k int NOT NULL PRIMARY KEY, a int NULL, [c]]] int NULL);
         INSERT INTO dbo.[a]]b] VALUES (1, 1, 1), (2, 2, 2)\nGO\n
         CREATE TRIGGER dbo.[on ]]it] ON dbo.[a]]b] AFTER UPDATE AS SELECT 1";
    let mark = match database.somebody().tries(making) {
        Ok(()) => "]",
        Err(why) => {
            println!("this server takes no closing bracket in a name, so the names here have an opening one: {why}");
            database.sql(&making.replace("]]", "["));
            "["
        }
    };
    database.mark();
    let mut target = database.target();
    let changes = [
        update(&mut target, &format!("a{mark}b"), vec![int(1)], &[(&format!("c{mark}"), int(9))]).unwrap(),
        delete(&mut target, &format!("a{mark}b"), vec![int(2)]).unwrap(),
    ];
    let clean = database.dump();
    let mut notebook = Notebook::new();
    execute(&mut target, &mut notebook, &changes, true).unwrap();
    execute(&mut target, &mut notebook, &inverses(&changes), true).unwrap();
    assert_eq!(database.dump(), clean);
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn a_table_without_a_primary_key_works_where_the_domain_s_key_is_unique() {
    let database =
        Database::new("CREATE TABLE dbo.t(k int NULL, a int NULL); INSERT INTO dbo.t VALUES (1, 1), (2, 2);");
    let mut target = database.target();
    let t = table(&mut target, "t");
    let touch = TableTouch { table: t, updated: vec!["a".into()], inserts: 0, deletes: 0 };
    assert_eq!(refusal(target.first_preflight(&[touch], false)).code(), "no_key");
    drop(target);
    let database = database.keyed("T", &["K"]);
    let mut target = database.target();
    assert_eq!(table(&mut target, "t").key, KeyStanding::Undeclared);
    let change = one_update(&mut target, "t");
    let preflight = preflight(&mut target, std::slice::from_ref(&change)).unwrap();
    assert_eq!(preflight.notes, ["t: no index vouches for the key k; 2 rows were scanned"]);
    there_and_back(&mut target, std::slice::from_ref(&change));
    for (sql, why) in [
        ("INSERT INTO dbo.t VALUES (NULL, 3)", "k is NULL in 1 rows"),
        ("UPDATE dbo.t SET k = 2 WHERE k IS NULL", "k is 2 in several rows"),
    ] {
        database.sql(sql);
        let clean = database.dump();
        let touches = touches(&mut target, std::slice::from_ref(&change));
        let refused = refusal(target.first_preflight(&touches, false));
        assert!(refused.to_string().ends_with(why), "{refused}");
        assert_eq!(database.dump(), clean);
    }
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn a_key_that_becomes_ambiguous_under_our_feet() {
    let database = Database::new("CREATE TABLE dbo.t(k int NULL, a int NULL); INSERT INTO dbo.t VALUES (1, 1);")
        .keyed("t", &["k"]);
    let mut target = database.target();
    let changes = [one_update(&mut target, "t")];
    let touches = touches(&mut target, &changes);
    let preflight = target.first_preflight(&touches, false).unwrap();
    database.sql("INSERT INTO dbo.t VALUES (1, 1)");
    let done = execute_judged(&mut target, &mut Notebook::new(), &changes, &touches, &preflight, false);
    let code = match done {
        Err(ExecuteError::Refused(refusal)) => refusal.code(),
        Err(ExecuteError::RolledBack(error)) => error.code(),
        other => panic!("{other:?}"),
    };
    assert!(["no_key", "target_mismatch"].contains(&code), "{code}");
    assert_eq!(database.words("SELECT a FROM dbo.t"), ["1", "1"]);
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn composite_keys_and_keys_that_the_server_holds_equal() {
    let database = Database::new(
        "CREATE TABLE dbo.t(p int NOT NULL, q nvarchar(5) COLLATE Latin1_General_CI_AS NOT NULL, a int NULL,
           PRIMARY KEY (p, q));
         INSERT INTO dbo.t VALUES (1, N'a', 1), (1, N'b', 2), (2, N'a', 3);",
    );
    let mut target = database.target();
    assert_eq!(table(&mut target, "t").shape.key, ["p", "q"]);
    let key = |p: i64, q: &str| vec![int(p), text(q)];
    let changes = [
        update(&mut target, "t", key(1, "a"), &[("a", int(9))]).unwrap(),
        delete(&mut target, "t", key(2, "a")).unwrap(),
        insert(&mut target, "t", vec![int(3), text("A"), int(5)]).unwrap(),
    ];
    let clean = database.dump();
    there_and_back(&mut target, &changes);
    assert_eq!(database.dump(), clean);
    // 'A' is 'a' to this key: no row is found under the other spelling, and none is written.
    assert_eq!(row(&mut target, "t", &key(1, "A")), None);
    let mut other = changes[0].clone();
    other.key = key(1, "A");
    let done = execute(&mut target, &mut Notebook::new(), &[other], false);
    assert!(matches!(done, Err(ExecuteError::Refused(_) | ExecuteError::RolledBack(_))), "{done:?}");
    let twin = insert(&mut target, "t", vec![int(1), text("A"), int(5)]).unwrap();
    let done = execute(&mut target, &mut Notebook::new(), &[twin], false);
    assert!(matches!(done, Err(ExecuteError::Refused(_) | ExecuteError::RolledBack(_))), "{done:?}");
    assert_eq!(database.dump(), clean);
    let key_change = TableTouch { table: table(&mut target, "t"), updated: vec!["q".into()], inserts: 0, deletes: 0 };
    assert_eq!(refusal(target.first_preflight(&[key_change], false)).code(), "unsupported");
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn identity_values_come_back_and_the_counter_is_declared() {
    let database = Database::new(
        "CREATE TABLE dbo.t(k int IDENTITY(1,1) NOT NULL PRIMARY KEY, a int NULL);
         INSERT INTO dbo.t(a) VALUES (1), (2), (3);",
    );
    let mut target = database.target();
    let clean = database.dump();
    let gone = [delete(&mut target, "t", vec![int(2)]).unwrap()];
    assert!(
        residue(&preflight(&mut target, &gone).unwrap()).is_empty(),
        "the counter does not move for a row put back"
    );
    there_and_back(&mut target, &gone);
    assert_eq!(database.dump(), clean);
    let added = [insert(&mut target, "t", vec![int(50), int(4)]).unwrap()];
    assert_eq!(residue(&preflight(&mut target, &added).unwrap()), [("t", "identity")]);
    there_and_back(&mut target, &added);
    assert_eq!(database.dump(), clean);
    database.sql("INSERT INTO dbo.t(a) VALUES (5)");
    assert_eq!(database.words("SELECT k FROM dbo.t WHERE a = 5"), ["51"], "which is why it is declared");
    let numbered = TableTouch { table: table(&mut target, "t"), updated: vec!["k".into()], inserts: 0, deletes: 0 };
    assert_eq!(refusal(target.first_preflight(&[numbered], false)).code(), "unsupported");
    assert_eq!(refusal(insert(&mut target, "t", vec![Value::Null, int(1)])).code(), "not_null");
}

const AUDITED: &str =
    "CREATE TABLE dbo.t(k int NOT NULL PRIMARY KEY, a int NULL); CREATE TABLE dbo.log(what int NOT NULL);
     INSERT INTO dbo.t VALUES (1, 1), (2, 2);
\nGO\nCREATE TRIGGER dbo.[audit it] ON dbo.t AFTER UPDATE, DELETE AS INSERT INTO dbo.log VALUES (1);\nGO\n";
const ENABLED: &str = "SELECT CONVERT(int, is_disabled) FROM sys.triggers";

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn triggers_are_refused_or_switched_off_and_always_on_again() {
    let database = Database::new(AUDITED);
    let mut target = database.target();
    let changes = [one_update(&mut target, "t")];
    let refused = refusal(preflight(&mut target, &changes));
    assert_eq!(refused, Refusal::Trigger { table: "t".into(), trigger: "audit it".into() });
    let added = [insert(&mut target, "t", vec![int(3), int(3)]).unwrap()];
    assert_eq!(refusal(preflight(&mut target, &added)).code(), "trigger", "the way back would fire it");
    let touches = touches(&mut target, &changes);
    assert_eq!(target.first_preflight(&touches, true).unwrap().triggers_disabled, ["audit it"]);
    let clean = database.dump();
    let mut notebook = Notebook::new();
    for changes in [changes.to_vec(), inverses(&changes)] {
        execute(&mut target, &mut notebook, &changes, true).unwrap();
        assert_eq!(database.words(ENABLED), ["0"], "on again");
    }
    assert_eq!(database.dump(), clean, "nothing was logged");
    database.sql("UPDATE dbo.t SET a = 5");
    assert_eq!(database.words("SELECT what FROM dbo.log"), ["1"], "and it works for others");
    // A transaction that fails takes the switching off back too.
    let done = execute(&mut target, &mut notebook, &changes, true);
    assert!(matches!(done, Err(ExecuteError::Refused(_) | ExecuteError::RolledBack(_))), "{done:?}");
    assert_eq!(database.words(ENABLED), ["0"]);
    // Switched off by its owner, it is no reason to refuse.
    database.sql("DISABLE TRIGGER dbo.[audit it] ON dbo.t");
    let changes = [one_update(&mut target, "t")];
    there_and_back(&mut target, &changes);
    assert_eq!(database.words(ENABLED), ["1"], "and stays so");
}

const FAMILY: &str = "CREATE TABLE dbo.p(k int NOT NULL PRIMARY KEY, a int NULL);
     CREATE TABLE dbo.c(k int NOT NULL PRIMARY KEY, p int NULL CONSTRAINT fk_c REFERENCES dbo.p(k), a int NULL);
     CREATE TABLE dbo.s(k int NOT NULL PRIMARY KEY, up int NULL CONSTRAINT fk_s REFERENCES dbo.s(k), a int NULL);
     INSERT INTO dbo.p VALUES (1, 1), (2, 2); INSERT INTO dbo.c VALUES (1, 1, 1), (2, NULL, 2);
     INSERT INTO dbo.s VALUES (1, NULL, 1), (2, 1, 2), (3, 3, 3);";

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn foreign_keys_of_parents_children_and_the_table_itself() {
    let database = Database::new(FAMILY);
    let mut target = database.target();
    let clean = database.dump();
    for name in ["p", "c", "s"] {
        let change = one_update(&mut target, name);
        there_and_back(&mut target, &[change]);
    }
    let free = [delete(&mut target, "p", vec![int(2)]).unwrap()];
    there_and_back(&mut target, &free);
    let child = [delete(&mut target, "c", vec![int(1)]).unwrap(), delete(&mut target, "s", vec![int(2)]).unwrap()];
    there_and_back(&mut target, &child);
    let leaf = [insert(&mut target, "c", vec![int(3), int(2), Value::Null]).unwrap()];
    there_and_back(&mut target, &leaf);
    assert_eq!(database.dump(), clean);
    let orphan = vec![int(4), int(77), Value::Null];
    for refused in [
        delete(&mut target, "p", vec![int(1)]).map(drop),
        insert(&mut target, "c", orphan).map(drop),
        delete(&mut target, "s", vec![int(1)]).map(drop),
    ] {
        assert_eq!(refusal(refused).code(), "foreign_key");
    }
    let parent = TableTouch { table: table(&mut target, "c"), updated: vec!["p".into()], inserts: 0, deletes: 0 };
    assert_eq!(refusal(target.first_preflight(&[parent], false)).code(), "foreign_key");
    assert_eq!(database.dump(), clean);
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn cascades_are_refused() {
    let database = Database::new(
        "CREATE TABLE dbo.p(k int NOT NULL PRIMARY KEY, a int NULL);
         CREATE TABLE dbo.c(k int NOT NULL PRIMARY KEY,
           p int NULL CONSTRAINT fk_c REFERENCES dbo.p(k) ON DELETE CASCADE, a int NULL);
         INSERT INTO dbo.p VALUES (1, 1), (2, 2); INSERT INTO dbo.c VALUES (1, 1, 1);",
    );
    let mut target = database.target();
    for (inserts, deletes) in [(0, 1), (1, 0)] {
        let touch = TableTouch { table: table(&mut target, "p"), updated: vec![], inserts, deletes };
        let refused = refusal(target.first_preflight(&[touch], false));
        assert_eq!(refused.code(), "foreign_key");
        assert!(refused.to_string().contains("CASCADE"), "{refused}");
    }
    let change = one_update(&mut target, "p");
    there_and_back(&mut target, &[change]);
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn checks_and_not_null_are_refused_before_anything_is_written() {
    let database = Database::new(
        "CREATE TABLE dbo.t(k int NOT NULL PRIMARY KEY, a int NULL CONSTRAINT [a is small] CHECK (a < 100 OR a = 500),
           b int NOT NULL, CONSTRAINT a_b CHECK (a <> b));
         INSERT INTO dbo.t VALUES (1, 1, 2), (2, NULL, 2);",
    );
    let mut target = database.target();
    let clean = database.dump();
    let refused = refusal(update(&mut target, "t", vec![int(1)], &[("a", int(100))]));
    assert_eq!(refused.code(), "constraint");
    assert!(refused.to_string().contains("CHECK constraint a is small"), "{refused}");
    let refused = refusal(update(&mut target, "t", vec![int(1)], &[("a", int(2))]));
    assert!(refused.to_string().contains("CHECK constraint a_b"), "{refused}");
    let refused = refusal(insert(&mut target, "t", vec![int(3), int(3), int(3)]));
    assert!(refused.to_string().contains("a_b"), "{refused}");
    let refused = refusal(update(&mut target, "t", vec![int(1)], &[("b", Value::Null)]));
    assert_eq!(refused, Refusal::NotNull { table: "t".into(), column: "b".into() });
    // What is unknown to a CHECK passes it.
    let changes = [update(&mut target, "t", vec![int(1)], &[("a", Value::Null)]).unwrap()];
    there_and_back(&mut target, &changes);
    let changes = [update(&mut target, "t", vec![int(1)], &[("a", int(500))]).unwrap()];
    there_and_back(&mut target, &changes);
    assert_eq!(database.dump(), clean);
    // A CHECK that comes after the rehearsal: the preflight's facts differ.
    let touches = touches(&mut target, &changes);
    let preflight = target.first_preflight(&touches, false).unwrap();
    database.sql("ALTER TABLE dbo.t ADD CONSTRAINT late CHECK (a < 400)");
    let done = execute_judged(&mut target, &mut Notebook::new(), &changes, &touches, &preflight, false);
    assert_eq!(refused_code(done), "stale");
    assert_eq!(database.dump(), clean);
}

fn refused_code<T: std::fmt::Debug>(done: Result<T, ExecuteError>) -> &'static str {
    refused(done).code()
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn unique_indexes_are_refused_by_name() {
    let database = Database::new(
        "CREATE TABLE dbo.t(k int NOT NULL PRIMARY KEY, a int NULL, n nvarchar(9) COLLATE Latin1_General_CI_AS NULL,
           CONSTRAINT ux_a UNIQUE (a), CONSTRAINT ux_n UNIQUE (n));
         INSERT INTO dbo.t VALUES (1, 1, N'x'), (2, 2, N'y'), (3, NULL, NULL);",
    );
    let mut target = database.target();
    let clean = database.dump();
    let key = |k: i64| vec![int(k)];
    for (key, column, value) in [
        (key(1), "a", int(2)),
        (key(1), "n", text("Y")),
        // SQL Server takes one NULL in a unique index, and no second.
        (key(1), "a", Value::Null),
        (key(1), "n", Value::Null),
    ] {
        let refused = refusal(update(&mut target, "t", key, &[(column, value)]));
        let Refusal::UniqueIndex { table, index } = refused else { panic!("{refused:?}") };
        assert_eq!(table, "t");
        assert!(index.starts_with(&format!("ux_{column}")), "{index}");
    }
    // Two rows that swap: a value that another row holds is taken, even if that row would make room.
    let refused = refusal(update(&mut target, "t", key(2), &[("a", int(1))]));
    assert_eq!(refused.code(), "unique_index");
    let t = table(&mut target, "t");
    let twins = [vec![int(8), int(8), text("p")], vec![int(9), int(8), text("q")]];
    assert_eq!(refusal(target.check_unique(&t, &[], &twins)).code(), "unique_index", "they meet each other");
    // Its own value is not in a row's way.
    let changes = [update(&mut target, "t", key(1), &[("n", text("X"))]).unwrap()];
    there_and_back(&mut target, &changes);
    assert_eq!(database.dump(), clean);
    // A row that comes after the look-up: the database has the last word, and everything is rolled back.
    let changes = [update(&mut target, "t", key(1), &[("a", int(7))]).unwrap()];
    let touches = touches(&mut target, &changes);
    let preflight = target.first_preflight(&touches, false).unwrap();
    database.sql("INSERT INTO dbo.t VALUES (4, 7, N'z')");
    let held = database.dump();
    let done = execute_judged(&mut target, &mut Notebook::new(), &changes, &touches, &preflight, false);
    assert_eq!(refused_code(done), "unique_index");
    assert_eq!(database.dump(), held);
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn views_synonyms_and_mfm_s_own_tables_are_no_tables() {
    let database = Database::new(
        "CREATE TABLE dbo.t(k int NOT NULL PRIMARY KEY, a int NULL);\nGO\nCREATE VIEW dbo.v AS SELECT k, a FROM dbo.t;\nGO\n",
    );
    let mut names = vec![("v", "view"), ("mfm_marker", "table of mfm's own"), ("MFM_Operation", "table of mfm's own")];
    match database.somebody().tries("CREATE SYNONYM dbo.syn FOR dbo.t") {
        Ok(()) => names.push(("syn", "synonym")),
        Err(why) => println!("this server has no synonyms: {why}"),
    }
    let mut target = database.target();
    assert_eq!(target.list_tables().unwrap(), ["t"]);
    for (name, is) in names {
        let refused = refusal(target.find_table(name));
        assert!(matches!(&refused, Refusal::NotATable { what, .. } if what == is), "{refused:?}");
    }
    assert_eq!(target.find_table("nothing").unwrap(), None);
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn a_schema_that_changed_since_the_census_is_seen_under_lock() {
    for sql in [
        "ALTER TABLE dbo.t ADD c int NULL",
        "CREATE UNIQUE INDEX late ON dbo.t(a)",
        "CREATE TABLE dbo.child(k int NOT NULL PRIMARY KEY, p int NULL REFERENCES dbo.t(k))",
        "ALTER TABLE dbo.t ADD CONSTRAINT late CHECK (a < 5)",
        "CREATE TRIGGER dbo.late ON dbo.t AFTER UPDATE AS SELECT 1",
        "ALTER TABLE dbo.t ALTER COLUMN b bigint",
        "EXEC sp_rename 'dbo.t.b', 'bb', 'COLUMN'",
        "DROP TABLE dbo.t; CREATE TABLE dbo.t(k int NOT NULL PRIMARY KEY, a int NULL, b int NULL);
           INSERT INTO dbo.t VALUES (1, 1, 1)",
        "DROP TABLE dbo.t",
    ] {
        let database = Database::new(
            "CREATE TABLE dbo.t(k int NOT NULL PRIMARY KEY, a int NULL, b int NULL); INSERT INTO dbo.t VALUES (1, 1, 1);",
        );
        let mut target = database.target();
        let changes = [one_update(&mut target, "t")];
        let touches = touches(&mut target, &changes);
        let preflight = target.first_preflight(&touches, false).unwrap();
        database.sql(sql);
        let clean = database.dump();
        let done = execute_judged(&mut target, &mut Notebook::new(), &changes, &touches, &preflight, false);
        assert_eq!(refused_code(done), "stale", "{sql}");
        assert_eq!(database.dump(), clean, "{sql}");
        assert!(database.words("SELECT uid FROM dbo.mfm_operation").is_empty(), "{sql}");
    }
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn a_row_that_somebody_changed_rolls_everything_back() {
    let database = Database::new(&format!("CREATE TABLE dbo.t(k int NOT NULL PRIMARY KEY, a int NULL); {PAIR}"));
    let mut target = database.target();
    let changes = [
        update(&mut target, "t", vec![int(1)], &[("a", int(9))]).unwrap(),
        update(&mut target, "t", vec![int(2)], &[("a", int(9))]).unwrap(),
    ];
    for sql in ["UPDATE dbo.t SET a = 3 WHERE k = 2", "DELETE FROM dbo.t WHERE k = 2"] {
        database.sql(sql);
        let clean = database.dump();
        let done = execute(&mut target, &mut Notebook::new(), &changes, false);
        assert!(matches!(done, Err(ExecuteError::Refused(_) | ExecuteError::RolledBack(_))), "{done:?}");
        assert_eq!(database.dump(), clean);
    }
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn a_filtered_unique_index_is_left_to_the_database() {
    let database = Database::new(&format!(
        "CREATE TABLE dbo.t(k int NOT NULL PRIMARY KEY, a int NULL); {PAIR}
         CREATE UNIQUE INDEX some_a ON dbo.t(a) WHERE a > 5;"
    ));
    let mut target = database.target();
    let changes = [
        update(&mut target, "t", vec![int(1)], &[("a", int(9))]).unwrap(),
        update(&mut target, "t", vec![int(2)], &[("a", int(9))]).unwrap(),
    ];
    let clean = database.dump();
    let done: Result<_, ExecuteError> = execute(&mut target, &mut Notebook::new(), &changes, false);
    assert_eq!(refused_code(done), "unique_index");
    assert_eq!(database.dump(), clean);
    there_and_back(&mut target, &changes[..1]);
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn a_pass_comes_in_order_and_beside_other_rows() {
    let database = Database::bare();
    let mut lab = create_lab(&database.url(), &Passwords::default()).unwrap();
    for new in scans::tables() {
        let made = lab.create_table(&new).unwrap();
        scans::rows(&made).iter().for_each(|row| lab.insert_row(&new.name, row).unwrap());
    }
    lab.finish().unwrap();
    let indexed = "SELECT c.name FROM sys.indexes AS i JOIN sys.index_columns AS x ON x.object_id = i.object_id AND \
                   x.index_id = i.index_id JOIN sys.columns AS c ON c.object_id = x.object_id AND \
                   c.column_id = x.column_id WHERE i.object_id = OBJECT_ID('dbo.Point') AND i.is_primary_key = 0";
    assert_eq!(database.words(indexed).concat().to_uppercase(), "FLD_ID");
    let mut target = database.target();
    scans::Rig::new(&mut target).holds();
    scans::notes_are_refused(&mut target);
}
