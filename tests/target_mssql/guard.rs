//! The guard on a server: what a marker is bound to, who else is connected, and what the preflight of the command line says.

use assert_cmd::Command;
use mfm::engine::guard;
use mfm::targets::Target;

use super::world::{Database, Somebody, fresh, password, url_of};

const T: &str = "CREATE TABLE dbo.t(k int NOT NULL PRIMARY KEY, a int NULL); INSERT INTO dbo.t VALUES (1, 1);";

fn code(target: &mut dyn Target) -> &'static str {
    guard::check_marker(target).unwrap_err().code()
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn a_marker_is_bound_to_server_name_number_and_creation() {
    let database = Database::bare();
    database.sql(T);
    let mut target = database.target();
    assert_eq!(code(&mut target), "unmarked");
    let marker = database.mark();
    assert_eq!(guard::check_marker(&mut target).unwrap(), marker);
    let names: Vec<&str> = marker.bound.keys().map(String::as_str).collect();
    assert_eq!(names, ["broker_guid", "created", "database", "database_id", "server"]);
    let json = |bound: &mfm::targets::TargetBinding| serde_json::to_string(bound).unwrap();
    for name in names {
        let mut other = marker.bound.clone();
        other.insert(name.to_owned(), "2001-01-01T00:00:00".to_owned());
        let text = json(&other).replace('\'', "''");
        database.sql(&format!("UPDATE dbo.mfm_marker SET bound = N'{text}'"));
        let refused = guard::check_marker(&mut target).unwrap_err();
        assert_eq!(refused.code(), "marked_elsewhere", "{name}");
        database.sql(&format!("UPDATE dbo.mfm_marker SET bound = N'{}'", json(&marker.bound).replace('\'', "''")));
        assert_eq!(guard::check_marker(&mut target).unwrap(), marker);
    }
    database.sql("UPDATE dbo.mfm_marker SET bound = N'no JSON'");
    assert_eq!(code(&mut target), "target_failed");
    database.sql("DELETE FROM dbo.mfm_marker");
    assert_eq!(code(&mut target), "unmarked");
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn nothing_is_written_under_a_marker_of_another_database() {
    use testutils::target::*;
    let database = Database::new(T);
    let mut target = database.target();
    let changes = [update(&mut target, "t", vec![int(1)], &[("a", int(9))]).unwrap()];
    let touches = touches(&mut target, &changes);
    let preflight = target.first_preflight(&touches, false).unwrap();
    let mut bound = target.read_marker().unwrap().unwrap().bound;
    bound.insert("database_id".to_owned(), "32000".to_owned());
    let text = serde_json::to_string(&bound).unwrap();
    database.sql(&format!("UPDATE dbo.mfm_marker SET bound = N'{text}'"));
    let clean = database.dump();
    let done = execute_judged(&mut target, &mut Notebook::new(), &changes, &touches, &preflight, false);
    assert_eq!(refused(done).code(), "marked_elsewhere");
    database.sql("DELETE FROM dbo.mfm_marker");
    assert_eq!(database.dump(), clean);
    assert!(database.words("SELECT uid FROM dbo.mfm_operation").is_empty());
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn a_database_dropped_and_made_again_under_its_name_is_another() {
    let name = fresh("again");
    let database = Database::named(&name);
    database.sql(T);
    let marker = database.mark();
    let marks = |database: &Database| {
        let columns = database.somebody().rows("SELECT bound FROM dbo.mfm_marker");
        let tiberius::ColumnData::String(Some(bound)) = &columns[0][0] else { panic!() };
        bound.to_string()
    };
    let bound = marks(&database);
    drop(database);
    let again = Database::named(&name);
    again.sql(T);
    let mut target = again.target();
    assert_eq!(code(&mut target), "unmarked");
    // As if a backup had brought the marker along.
    let fresh_marker = again.mark();
    assert_ne!(fresh_marker.bound, marker.bound, "created at another moment");
    again.sql(&format!("UPDATE dbo.mfm_marker SET bound = N'{}'", bound.replace('\'', "''")));
    assert_eq!(code(&mut target), "marked_elsewhere");
}

/// Runs mfm in a folder of its own.
fn mfm(folder: &std::path::Path, words: &[&str]) -> (Option<i32>, serde_json::Value, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_mfm"))
        .current_dir(folder)
        .args(["--journal", "journal.db"])
        .args(words)
        .env("MFM_MSSQL_PASSWORD", password())
        .env("XDG_STATE_HOME", folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains(&password()) && !complaint.contains(&password()), "{said}{complaint}");
    let json = said.lines().chain(complaint.lines()).find_map(|line| serde_json::from_str(line).ok());
    let json = serde_json::from_str(&said).ok().or(json).unwrap_or(serde_json::Value::Null);
    (output.status.code(), json, said + &complaint)
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn the_census_prints_who_is_there_and_what_is_found() {
    let database = Database::bare();
    let now = jiff::Zoned::now().datetime().strftime("%Y-%m-%dT%H:%M:%S").to_string();
    database.sql(&format!(
        "CREATE TABLE dbo.TrackTreatment(TTX_ID int NOT NULL PRIMARY KEY, Create_DtTm datetime NULL, rv rowversion);
         INSERT INTO dbo.TrackTreatment(TTX_ID, Create_DtTm) VALUES (1, '{now}');
         CREATE TABLE dbo.TxField(FLD_ID int NULL, a int NULL, twice AS a * 2);
         INSERT INTO dbo.TxField(FLD_ID, a) VALUES (1, 1);
         \nGO\nCREATE TRIGGER dbo.audit ON dbo.TrackTreatment AFTER UPDATE AS SELECT 1;\nGO\n"
    ));
    let folder = tempfile::tempdir().unwrap();
    let url = database.url();
    let (status, _, said) = mfm(folder.path(), &["target", "add", &url, "--name", "copy"]);
    assert_eq!(status, Some(0), "{said}");
    let mut clinic = Somebody::called("MOSAIQ", &url_of(&database.name), &password());
    clinic.sql("SELECT 1");
    let (status, json, said) = mfm(folder.path(), &["target", "preflight", "copy", "--json"]);
    assert_eq!(status, Some(0), "{said}");
    let all = json.to_string().to_lowercase();
    for word in ["clinical-sessions", "recent-treatments", "MOSAIQ", "audit", "rowversion"] {
        assert!(all.contains(&word.to_lowercase()), "{word}: {all}");
    }
    let (status, _, said) = mfm(folder.path(), &["target", "preflight", "copy"]);
    assert_eq!(status, Some(0), "{said}");
    for word in ["MOSAIQ", "TrackTreatment", "TxField", "rv", "audit"] {
        assert!(said.to_lowercase().contains(&word.to_lowercase()), "{word}: {said}");
    }
    let mark = |overrides: &[&str]| {
        let words = [&["target", "mark", "copy", "--confirm", &database.name, "--json"][..], overrides].concat();
        mfm(folder.path(), &words)
    };
    let (status, _, said) = mark(&[]);
    assert_eq!(status, Some(3), "{said}");
    assert!(said.contains("live_clinic") && said.contains("MOSAIQ"), "{said}");
    let (status, _, said) = mark(&["--override", "clinical-sessions"]);
    assert_eq!(status, Some(3), "{said}");
    assert!(said.contains("recent-treatments"), "{said}");
    assert!(database.target().read_marker().unwrap().is_none());
    let (status, _, said) = mark(&["--override", "clinical-sessions", "--override", "recent-treatments"]);
    assert_eq!(status, Some(0), "{said}");
    assert!(database.target().read_marker().unwrap().is_some());
    drop(clinic);
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn a_database_called_mosaiq_has_to_be_overridden_by_name() {
    // Judged like MOSAIQ itself, and no name that anybody else has.
    let database = Database::named(&format!("MOSAIQ.{}", fresh("name")));
    database.sql(T);
    let folder = tempfile::tempdir().unwrap();
    let (status, json, said) =
        mfm(folder.path(), &["target", "add", &database.url(), "--name", "copy", "--domain", "mosaiq", "--json"]);
    assert_eq!(status, Some(0), "{said} {json}");
    // Some servers keep the name in their own case.
    let name = database.words("SELECT DB_NAME()").concat();
    let words = ["target", "mark", "copy", "--confirm", &name, "--json"];
    let (status, _, said) = mfm(folder.path(), &words);
    assert_eq!(status, Some(3), "{said}");
    assert!(said.contains("name-mosaiq"), "{said}");
    let (status, _, said) = mfm(folder.path(), &[&words[..], &["--override", "name-mosaiq"]].concat());
    assert_eq!(status, Some(0), "{said}");
}

/// Ways in which mfm's own tables can reach further: what opens the door, and what closes it again.
const DOORS: [(&str, &str); 7] = [
    ("CREATE TRIGGER dbo.d ON dbo.mfm_operation AFTER INSERT AS BEGIN DELETE FROM dbo.t END", "DROP TRIGGER dbo.d"),
    ("CREATE TRIGGER dbo.d ON dbo.mfm_marker AFTER DELETE AS BEGIN DELETE FROM dbo.t END", "DROP TRIGGER dbo.d"),
    (
        "CREATE TABLE dbo.d (m char(32) NULL REFERENCES dbo.mfm_marker (marker_id) ON DELETE CASCADE)",
        "DROP TABLE dbo.d",
    ),
    ("CREATE INDEX d ON dbo.mfm_operation (state)", "DROP INDEX d ON dbo.mfm_operation"),
    ("ALTER TABLE dbo.mfm_operation ADD d int NULL", "ALTER TABLE dbo.mfm_operation DROP COLUMN d"),
    (
        "ALTER TABLE dbo.mfm_marker ADD CONSTRAINT d CHECK (at_us < 0 OR at_us >= 0)",
        "ALTER TABLE dbo.mfm_marker DROP CONSTRAINT d",
    ),
    (
        "EXEC sp_rename 'dbo.mfm_operation', 'kept', 'OBJECT'; EXEC('CREATE VIEW dbo.mfm_operation AS SELECT * FROM dbo.kept')",
        "DROP VIEW dbo.mfm_operation; EXEC sp_rename 'dbo.kept', 'mfm_operation', 'OBJECT'",
    ),
];

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn a4_whatever_reaches_on_from_mfm_s_own_tables_is_refused() {
    use testutils::target::*;
    let database = Database::new(T);
    let mut target = database.target();
    let changes = [update(&mut target, "t", vec![int(1)], &[("a", int(9))]).unwrap()];
    let marker = target.read_marker().unwrap().unwrap();
    for (open, close) in DOORS {
        let clean = database.dump();
        database.sql(open);
        assert_eq!(code(&mut target), "own_tables", "{open}");
        let done = execute(&mut target, &mut Notebook::new(), &changes, false);
        assert!(["own_tables", "target_permission", "target_failed"].contains(&rolled_back(done).as_str()), "{open}");
        let uid = mfm_journal::Digest::sha256(open.as_bytes());
        let row =
            mfm::targets::OperationRow { uid, journal_id: uid, op: 1, state: mfm::targets::OperationState::Abandoned };
        let mut writer = target.open_writer(WAIT_MS).unwrap();
        writer.write_tombstone(&row, AT_US).unwrap_err();
        assert_eq!(writer.mark(&marker).unwrap_err().code(), "own_tables", "{open}");
        assert_eq!(writer.unmark().unwrap_err().code(), "own_tables", "{open}");
        drop(writer);
        database.sql(close);
        assert_eq!(database.dump(), clean, "{open}");
        assert_eq!(guard::check_marker(&mut target).unwrap(), marker, "{close}");
    }
    execute(&mut target, &mut Notebook::new(), &changes, false).unwrap();
}

/// Returns the code of what rolled an operation back.
fn rolled_back(done: Result<mfm::targets::Executed, mfm::targets::ExecuteError>) -> String {
    match done.unwrap_err() {
        mfm::targets::ExecuteError::Refused(refusal) => refusal.code().to_owned(),
        mfm::targets::ExecuteError::RolledBack(error) => error.code().to_owned(),
        unknown @ mfm::targets::ExecuteError::Unknown(_) => format!("{unknown}"),
    }
}
