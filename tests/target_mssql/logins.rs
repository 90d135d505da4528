//! Logins with just the permissions that docs/sqlserver.md grants, with one missing, and connections that never come about.

use mfm::model::{Refusal, Value};
use mfm::targets::{ExecuteError, Marker, Target, TargetError};
use testutils::target::*;

use super::world::{Database, Passwords, Somebody, fresh, quoted, url_of};

const PASSWORD: &str = "Mfm-Test-Login-1";

/// A login of a test's own, dropped with it.
struct Login(String);

impl Login {
    fn new(database: &Database) -> Self {
        let name = fresh("login");
        let user = quoted(&name);
        Somebody::new("master").sql(&format!("CREATE LOGIN {user} WITH PASSWORD = N'{PASSWORD}'"));
        database.sql(&format!("CREATE USER {user} FOR LOGIN {user}"));
        Self(name)
    }

    /// Opens a database under this login, with more settings.
    fn open(&self, database: &Database, settings: &str) -> Result<mfm::targets::mssql::MssqlTarget, TargetError> {
        database.opened(&self.url(&database.name, settings), &self.secrets())
    }

    fn url(&self, database: &str, settings: &str) -> String {
        let mut url = url_of(database);
        url.set_username(&self.0).unwrap();
        if !settings.is_empty() {
            let query = url.query().map_or_else(|| settings.to_owned(), |known| format!("{known}&{settings}"));
            url.set_query(Some(&query));
        }
        url.into()
    }

    fn secrets(&self) -> Passwords {
        Passwords([(self.0.clone(), PASSWORD.to_owned())].into())
    }

    /// Grants, and tells what the server would not grant.
    fn grant(&self, database: &Database, grants: &[&str]) -> Vec<String> {
        let user = quoted(&self.0);
        let refused = |grant: &&&str| database.somebody().tries(&format!("GRANT {grant} TO {user}")).is_err();
        let refused: Vec<String> = grants.iter().filter(refused).map(|grant| (*grant).to_owned()).collect();
        for grant in &refused {
            eprintln!("this server does not grant {grant}: the test goes on without");
        }
        refused
    }
}

impl Drop for Login {
    fn drop(&mut self) {
        let gone = Somebody::new("master").tries(&format!("DROP LOGIN {}", quoted(&self.0)));
        if let Err(error) = gone {
            eprintln!("{} stays: {error}", self.0);
        }
    }
}

/// A database and its logins: dropped together, the database with its users first.
struct Rig {
    database: Option<Database>,
    logins: Vec<Login>,
}

impl Rig {
    fn new() -> Self {
        let database = Database::new(
            "CREATE TABLE dbo.TxField(FLD_ID int NOT NULL PRIMARY KEY, a int NULL);
             CREATE TABLE dbo.TxFieldPoint(TFP_ID int NOT NULL PRIMARY KEY, a int NULL);
             INSERT INTO dbo.TxField VALUES (1, 1), (2, 2); INSERT INTO dbo.TxFieldPoint VALUES (1, 1), (2, 2);",
        );
        Self { database: Some(database), logins: Vec::new() }
    }

    fn database(&self) -> &Database {
        self.database.as_ref().unwrap()
    }

    fn login(&mut self) -> usize {
        let login = Login::new(self.database());
        self.logins.push(login);
        self.logins.len() - 1
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.database.take();
    }
}

/// What docs/sqlserver.md grants for reading and applying; those after the first two one by one.
const APPLY: [&str; 6] = [
    "VIEW DEFINITION",
    "SELECT ON SCHEMA::dbo",
    "UPDATE ON dbo.TxField",
    "INSERT, UPDATE, DELETE ON dbo.TxFieldPoint",
    "SELECT, INSERT ON dbo.mfm_operation",
    "SELECT ON dbo.mfm_marker",
];
const MARK: [&str; 6] = [
    "VIEW DEFINITION",
    "SELECT ON SCHEMA::dbo",
    "CREATE TABLE",
    "ALTER ON SCHEMA::dbo",
    "SELECT, INSERT, DELETE ON dbo.mfm_marker",
    "SELECT, INSERT, DELETE ON dbo.mfm_operation",
];

fn changes(target: &mut dyn Target) -> Vec<mfm::model::Change> {
    vec![
        update(target, "TxField", vec![int(1)], &[("a", int(9))]).unwrap(),
        update(target, "TxFieldPoint", vec![int(1)], &[("a", Value::Null)]).unwrap(),
        delete(target, "TxFieldPoint", vec![int(2)]).unwrap(),
        insert(target, "TxFieldPoint", vec![int(3), int(3)]).unwrap(),
    ]
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn the_documented_grants_are_enough_to_read_apply_and_revert() {
    let mut rig = Rig::new();
    let at = rig.login();
    let (database, login) = (rig.database(), &rig.logins[at]);
    login.grant(database, &APPLY);
    let clean = database.dump();
    let mut target = login.open(database, "").unwrap();
    // Some servers keep names in their own case.
    let names: Vec<String> = target.list_tables().unwrap().iter().map(|name| name.to_lowercase()).collect();
    assert_eq!(names, ["txfield", "txfieldpoint"]);
    let changes = changes(&mut target);
    there_and_back(&mut target, &changes);
    assert_eq!(database.dump(), clean);
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn the_documented_grants_are_enough_to_mark_again_and_unmark() {
    let mut rig = Rig::new();
    let at = rig.login();
    let (database, login) = (rig.database(), &rig.logins[at]);
    let refused = login.grant(database, &MARK);
    let mut target = login.open(database, "").unwrap();
    let bound = target.read_binding().unwrap();
    let marker = Marker { marker_id: "11".repeat(16), bound, at_us: AT_US, actor: "tester".into() };
    target.open_writer(WAIT_MS).unwrap().mark(&marker).unwrap();
    assert_eq!(target.read_marker().unwrap(), Some(marker));
    let unmarked = target.open_writer(WAIT_MS).unwrap().unmark();
    match unmarked {
        Ok(()) => assert_eq!(target.read_marker().unwrap(), None),
        // Not every server knows the grant that unmarking needs.
        Err(error) => {
            assert!(refused.iter().any(|grant| grant.starts_with("ALTER")), "{error}");
            assert_eq!(error.code(), "target_permission", "{error}");
        }
    }
}

/// The single permissions of applying, each with the code that says it is missing.
const EACH: [&str; 9] = [
    "SELECT ON dbo.TxField",
    "SELECT ON dbo.TxFieldPoint",
    "UPDATE ON dbo.TxField",
    "UPDATE ON dbo.TxFieldPoint",
    "INSERT ON dbo.TxFieldPoint",
    "DELETE ON dbo.TxFieldPoint",
    "SELECT ON dbo.mfm_operation",
    "INSERT ON dbo.mfm_operation",
    "SELECT ON dbo.mfm_marker",
];

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn with_any_one_grant_missing_nothing_is_written() {
    let mut rig = Rig::new();
    let planned = changes(&mut rig.database().target());
    let clean = rig.database().dump();
    for missing in EACH {
        let at = rig.login();
        let (database, login) = (rig.database(), &rig.logins[at]);
        let others: Vec<&str> = EACH.into_iter().filter(|grant| *grant != missing).chain(["VIEW DEFINITION"]).collect();
        login.grant(database, &others);
        println!("{} lacks {missing}", login.0);
        let code = refused_with(database, login, &planned);
        // A marker that the login cannot see is none to it.
        let said = ["not_permitted", "target_permission", "unmarked"];
        assert!(said.contains(&code.as_str()), "{missing}: {code}");
        assert_eq!(database.dump(), clean, "{missing}");
        assert!(database.words("SELECT uid FROM dbo.mfm_operation").is_empty(), "{missing}");
    }
}

/// Tries all that an apply does, and returns the code of what stops it.
fn refused_with(database: &Database, login: &Login, planned: &[mfm::model::Change]) -> String {
    let attempt = || -> Result<(), TargetError> {
        let mut target = login.open(database, "")?;
        let mut touches = Vec::new();
        for touch in touches_of(database, planned) {
            let name = touch.table.shape.name.clone();
            let missing = || TargetError::from(Refusal::MissingTable { table: name.clone() });
            let table = target.find_table(&name)?.ok_or_else(missing)?;
            let keys: Vec<_> = planned.iter().filter(|one| one.table.name == name).map(|one| one.key.clone()).collect();
            target.read_rows(&table, &keys)?;
            touches.push(mfm::targets::TableTouch { table, ..touch });
        }
        let preflight = target.first_preflight(&touches, false)?;
        target.read_marker()?;
        target.list_journals()?;
        let marker = database.target().read_marker()?.unwrap();
        let work = plan_work(planned, &touches, preflight.facts, &marker);
        let mut notebook = Notebook::new();
        match target.open_writer(WAIT_MS)?.execute(&notebook.intend(planned), &work) {
            Ok(done) => panic!("{} wrote: {done:?}", login.0),
            Err(ExecuteError::Refused(refusal)) => Err(refusal.into()),
            Err(ExecuteError::RolledBack(error)) => Err(error),
            Err(unknown @ ExecuteError::Unknown(_)) => panic!("{unknown:?}"),
        }
    };
    attempt().unwrap_err().code().to_owned()
}

fn touches_of(database: &Database, planned: &[mfm::model::Change]) -> Vec<mfm::targets::TableTouch> {
    touches(&mut database.target(), planned)
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn a_missing_grant_is_named_with_the_words_that_grant_it() {
    let mut rig = Rig::new();
    let planned = changes(&mut rig.database().target());
    let at = rig.login();
    let (database, login) = (rig.database(), &rig.logins[at]);
    login.grant(database, &["SELECT ON dbo.TxField", "SELECT ON dbo.TxFieldPoint"]);
    let mut target = login.open(database, "").unwrap();
    let touches = touches(&mut target, &planned);
    let refused = refusal(target.first_preflight(&touches, false));
    let grant = format!("GRANT UPDATE ON [dbo].[TxField] TO [{}]", login.0);
    let Refusal::NotPermitted { table, what, grant: said } = &refused else { panic!("{refused:?}") };
    assert!(table.eq_ignore_ascii_case("TxField") && what == "UPDATE", "{refused:?}");
    assert_eq!(said.to_lowercase(), grant.to_lowercase());
    assert!(format!("{:?}", refused.next()).contains(said), "{:?}", refused.next());
    database.sql(said);
    let refused = refusal(target.first_preflight(&touches, false));
    assert_ne!(refused.to_string(), String::new());
    let Refusal::NotPermitted { table, .. } = &refused else { panic!("{refused:?}") };
    assert!(table.eq_ignore_ascii_case("TxFieldPoint"), "{refused:?}");
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn k10_what_mfms_own_tables_lack_is_found_before_anything_is_written() {
    let mut rig = Rig::new();
    let planned = changes(&mut rig.database().target());
    for missing in ["SELECT ON dbo.mfm_marker", "SELECT ON dbo.mfm_operation", "INSERT ON dbo.mfm_operation"] {
        let at = rig.login();
        let (database, login) = (rig.database(), &rig.logins[at]);
        let others: Vec<&str> = EACH.into_iter().filter(|grant| *grant != missing).chain(["VIEW DEFINITION"]).collect();
        login.grant(database, &others);
        let mut target = login.open(database, "").unwrap();
        let touches = touches(&mut target, &planned);
        let looked = target.first_preflight(&touches, false).map(drop).and_then(|()| target.read_marker().map(drop));
        let error = looked.unwrap_err();
        assert!(["not_permitted", "target_permission"].contains(&error.code()), "{missing}: {error}");
        // A table that the login does not see at all may be there or not.
        let unseen = "GRANT VIEW DEFINITION ON SCHEMA::dbo";
        let grant = format!("GRANT {missing} TO {}", quoted(&login.0));
        let next = format!("{:?}", error.next());
        assert!(next.contains(&grant) || next.contains(unseen), "{missing}: {next}");
        database.sql(&grant);
        target.first_preflight(&touches, false).unwrap();
        target.read_marker().unwrap().unwrap();
    }
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn k10_a_database_that_the_login_may_not_enter_is_not_absent() {
    let database = Database::new("CREATE TABLE dbo.t(k int NOT NULL PRIMARY KEY);");
    let name = fresh("outside");
    Somebody::new("master").sql(&format!("CREATE LOGIN {} WITH PASSWORD = N'{PASSWORD}'", quoted(&name)));
    let login = Login(name);
    let error = login.open(&database, "").unwrap_err();
    assert_eq!(error.code(), "target_barred", "{error}");
    assert!(
        !error.to_string().contains("no such database") && format!("{:?}", error.next()).contains("CREATE USER"),
        "{error}"
    );
    let nowhere = Database::unmade();
    let absent = database.opened(&nowhere.url(), &Passwords::default()).unwrap_err();
    assert_eq!(absent.code(), "target_absent", "{absent}");
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn a_second_login_reads_and_cannot_write() {
    let mut rig = Rig::new();
    let (writer, reader) = (rig.login(), rig.login());
    let (database, writer, reader) = (rig.database(), &rig.logins[writer], &rig.logins[reader]);
    writer.grant(database, &APPLY);
    reader.grant(database, &["VIEW DEFINITION", "SELECT ON SCHEMA::dbo"]);
    let clean = database.dump();
    let mut secrets = writer.secrets();
    secrets.0.extend(reader.secrets().0);
    let url = writer.url(&database.name, &format!("read_user={}", reader.0));
    let mut target = database.opened(&url, &secrets).unwrap();
    let changes = changes(&mut target);
    there_and_back(&mut target, &changes);
    assert_eq!(database.dump(), clean);
    let sessions = "SELECT DISTINCT CONVERT(varchar(200), login_name) FROM sys.dm_exec_sessions";
    let seen = database.words(sessions);
    assert!(seen.contains(&reader.0) && !seen.contains(&writer.0), "only the reader stays connected: {seen:?}");
    // The reader alone may not write.
    let code = refused_with(database, reader, &changes);
    assert!(["not_permitted", "target_permission"].contains(&code.as_str()), "{code}");
    assert_eq!(database.dump(), clean);
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn connections_that_do_not_come_about_are_told_apart() {
    let database = Database::bare();
    let opened = |url: &str, secrets: &Passwords| database.opened(url, secrets).map(drop).unwrap_err();
    let known = Passwords::default();
    let user = url_of("x").username().to_owned();
    let wrong = Passwords([(user, "not the password".to_owned())].into());
    let error = opened(&database.url(), &wrong);
    assert_eq!(error.code(), "target_login");
    assert!(!error.to_string().contains("not the password"), "{error}");
    assert_eq!(opened(url_of("mfm_test_none_of_that_name").as_str(), &known).code(), "target_absent");
    let mut url = url_of(&database.name);
    url.set_port(Some(1)).unwrap();
    assert_eq!(opened(url.as_str(), &known).code(), "target_network");
    // Nobody vouches for the certificate.
    let mut url = url_of(&database.name);
    url.set_query(None);
    assert_eq!(opened(url.as_str(), &known).code(), "target_tls");
    // Another authority does not, either.
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.pem");
    std::fs::write(&other, OTHER_AUTHORITY).unwrap();
    url.query_pairs_mut().append_pair("ca_file", other.to_str().unwrap());
    let error = opened(url.as_str(), &known);
    assert_eq!(error.code(), "target_tls", "{error}");
    url.set_query(Some("ca_file=/nowhere/at/all.pem"));
    assert_eq!(opened(url.as_str(), &known).code(), "target_tls");
}

/// The certificate of an authority that has signed nothing.
const OTHER_AUTHORITY: &str = include_str!("other_authority.pem");

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn a_statement_that_takes_too_long_is_a_timeout() {
    let database = Database::bare();
    database.sql(
        "CREATE TABLE dbo.t(k int NOT NULL PRIMARY KEY, a int NULL);
         WITH n AS (SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
           UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)
         INSERT INTO dbo.t SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + 100000 * g.d, 1
           FROM n AS a, n AS b, n AS c, n AS e, n AS f, n AS g WHERE g.d < 3;",
    );
    let mut url = url_of(&database.name);
    url.query_pairs_mut().append_pair("statement_timeout_ms", "1000");
    let mut target = database.opened(url.as_str(), &Passwords::default()).unwrap();
    // Held by another transaction, the rows do not come.
    let mut somebody = database.somebody();
    somebody.sql("BEGIN TRANSACTION; ALTER TABLE dbo.t ADD b int NULL");
    let error = target.digest_tables(&mut |_, _| ()).unwrap_err();
    assert!(["target_timeout", "target_busy"].contains(&error.code()), "{error:?}");
    if error.code() == "target_timeout" {
        assert!(error.to_string().contains("1000 ms"), "{error}");
    }
    somebody.sql("ROLLBACK TRANSACTION");
    drop(somebody);
}
