//! Signs of a live clinic that only a server shows: who is connected, and whether mfm may know it.

use mfm::model::next_step::{Flag, StepKind};
use mfm::ops::Failure;
use mfm::ops::targets::signs::{check_signs, list_signs};
use mfm::targets::ConnectedProgram;
use mfm::targets::sim::SimWorld;
use testutils::World;

fn session(program: &str, host: &str) -> ConnectedProgram {
    ConnectedProgram { program: program.into(), host: host.into() }
}

/// The words of the signs that a database shows.
fn words(sim: &SimWorld) -> Vec<&'static str> {
    let world = World::new();
    list_signs(&world.context(), &mut sim.open_target()).unwrap().into_iter().map(|sign| sign.word).collect()
}

/// What marking says of the signs, some of them overridden.
fn judged(sim: &SimWorld, overrides: &[&str]) -> Result<(), mfm::ops::Failure> {
    let world = World::new();
    let overrides: Vec<String> = overrides.iter().map(|word| (*word).to_owned()).collect();
    check_signs(&world.context(), &mut sim.open_target(), "sim:copy", &overrides).map(drop)
}

/// Tells whether a failure says that a sign can be overruled.
fn offers(failure: &Failure, sign: &str) -> bool {
    let way = StepKind::Give { option: Flag::Override, value: Some(sign.to_owned()) };
    failure.next.as_slice().iter().any(|step| step.way == way)
}

#[test]
fn programs_that_belong_to_no_clinic_are_no_sign() {
    let sim = SimWorld::new(1);
    assert!(words(&sim).is_empty());
    sim.set_sessions(Some(vec![session("SQLCMD", "desk"), session("", ""), session("mfm", "desk")]));
    assert!(words(&sim).is_empty());
    judged(&sim, &[]).unwrap();
}

#[test]
fn a_clinic_at_work_has_to_be_overridden_by_name() {
    let sim = SimWorld::new(1);
    sim.set_sessions(Some(vec![session("SQLCMD", "desk"), session("Elekta MOSAIQ", "console-3")]));
    assert_eq!(words(&sim), ["clinical-sessions"]);
    for overrides in [&[][..], &["sessions-unseen"], &["name-mosaiq", "recent-treatments"]] {
        let failure = judged(&sim, overrides).unwrap_err();
        assert_eq!(failure.code, "live_clinic");
        assert!(failure.message.contains("Elekta MOSAIQ is connected to it, from console-3"), "{}", failure.message);
        assert!(offers(&failure, "clinical-sessions"), "{:?}", failure.next);
    }
    judged(&sim, &["clinical-sessions"]).unwrap();
}

#[test]
fn not_to_see_who_is_connected_is_a_sign_of_its_own() {
    let sim = SimWorld::new(1);
    sim.set_sessions(None);
    assert_eq!(words(&sim), ["sessions-unseen"]);
    let failure = judged(&sim, &["clinical-sessions"]).unwrap_err();
    assert_eq!(failure.code, "live_clinic");
    assert!(failure.message.contains("VIEW SERVER STATE"), "{}", failure.message);
    assert!(offers(&failure, "sessions-unseen"), "{:?}", failure.next);
    judged(&sim, &["sessions-unseen"]).unwrap();
}

/// A file with a table of deliveries that holds these times, as SQL writes them.
fn file(world: &World, name: &str, sql: &str) {
    let connection = rusqlite::Connection::open(world.path(name)).unwrap();
    let table = "CREATE TABLE TrackTreatment(TTX_ID INTEGER PRIMARY KEY, Create_DtTm datetime, Edit_DtTm datetime);
         INSERT INTO TrackTreatment VALUES(1, '2020-01-06 08:00:00.000', '2020-01-06 08:02:00.000');";
    connection.execute_batch(&format!("{table} {sql}")).unwrap();
}

/// The words of the signs that a file shows.
fn signs_of(world: &World, name: &str) -> Vec<&'static str> {
    let mut target =
        mfm::targets::sqlite::SqliteTarget::open(&world.path(name), mfm::domains::mosaiq::schema::key_columns())
            .unwrap();
    list_signs(&world.context(), &mut target).unwrap().into_iter().map(|sign| sign.word).collect()
}

#[test]
fn w03_a_time_that_cannot_be_read_is_a_sign_of_its_own() {
    let world = World::new();
    for (nth, cell) in [
        "1795000000",
        "1795000000000",
        "'1795000000'",
        "2461366.25",
        "x'0102'",
        "'11/20/2026 08:00:00 AM'",
        "'20.11.2026 08:00:00'",
        "'26-11-20 08:00:00'",
        "'0026-11-20 08:00:00'",
        "'20261120'",
        "'2026-W47-5'",
        "'2026-11-20 24:00:00'",
        "'2026-11-20T08:00:00[Europe/Berlin]'",
        "'2026-11-20 08:00:00' || char(0)",
        "'1900-01-01 00:00:00.000'",
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("{nth}.db");
        file(&world, &name, &format!("UPDATE TrackTreatment SET Edit_DtTm = {cell}"));
        assert_eq!(signs_of(&world, &name), ["times-unreadable"], "{cell}");
    }
    file(&world, "old.db", "UPDATE TrackTreatment SET Create_DtTm = NULL, Edit_DtTm = ''");
    assert_eq!(signs_of(&world, "old.db"), [""; 0], "nothing is no time");
}

#[test]
fn w03_the_newest_treatment_is_that_of_all_rows_and_all_tables() {
    let world = World::new();
    let many = "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO TrackTreatment SELECT i + 900000, '2010-01-04 08:00:00', '2010-01-04 08:02:00' FROM n;";
    for (nth, (sql, expected)) in [
        (many.to_owned(), &[][..]),
        (format!("{many} UPDATE TrackTreatment SET Create_DtTm = '2026-11-20 08:00:00' WHERE TTX_ID = 1"), &RECENT[..]),
        ("UPDATE TrackTreatment SET Edit_DtTm = '2026-11-20T08:00:00Z'".into(), &RECENT),
        ("UPDATE TrackTreatment SET Edit_DtTm = '2026-11-20t08:00:00,5-0030'".into(), &RECENT),
        ("UPDATE TrackTreatment SET Edit_DtTm = '2999-01-01 00:00:00'".into(), &RECENT),
        (
            "CREATE TABLE Dose_Hst(DHS_ID int, Tx_DtTm datetime); INSERT INTO Dose_Hst VALUES(1, '2026-11-20')".into(),
            &RECENT,
        ),
        ("CREATE TABLE dose(Tx_DtTm text); INSERT INTO dose VALUES('2026-11-20 08:00')".into(), &RECENT),
        (
            "CREATE TABLE Offset(OFF_ID int, Study_DtTm datetime); INSERT INTO Offset VALUES(1, 1)".into(),
            &["times-unreadable"],
        ),
        ("CREATE TABLE Offset(OFF_ID int, At datetime); INSERT INTO Offset VALUES(1, 1)".into(), &["times-unreadable"]),
        // What is no table may show treatments under other names than it keeps them.
        ("CREATE TABLE d(n int); CREATE VIEW dose_hst AS SELECT n AS DHS_ID FROM d".into(), &["times-unreadable"]),
        ("CREATE VIRTUAL TABLE Offset USING fts5(OFF_ID, Study_DtTm)".into(), &["times-unreadable"]),
        ("CREATE VIEW deliveries AS SELECT * FROM TrackTreatment".into(), &[]),
        (
            "CREATE TABLE Patient(Pat_ID1 int, Edit_DtTm datetime); INSERT INTO Patient VALUES(1, '2026-11-20')".into(),
            &[],
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("{nth}.db");
        file(&world, &name, &sql);
        assert_eq!(signs_of(&world, &name), expected, "{sql}");
    }
}

const RECENT: [&str; 1] = ["recent-treatments"];

#[test]
#[cfg(unix)]
fn w03_names_are_known_by_links_too() {
    let world = World::new();
    file(&world, "MOSAIQ_Prod.db", "");
    assert_eq!(signs_of(&world, "MOSAIQ_Prod.db"), ["name-mosaiq"]);
    std::os::unix::fs::symlink(world.path("MOSAIQ_Prod.db"), world.path("soft.db")).unwrap();
    assert_eq!(signs_of(&world, "soft.db"), ["name-mosaiq"]);
    std::fs::hard_link(world.path("MOSAIQ_Prod.db"), world.path("hard.db")).unwrap();
    assert_eq!(signs_of(&world, "hard.db"), ["hard-linked"]);
    file(&world, "plain.db", "");
    assert_eq!(signs_of(&world, "plain.db"), [""; 0]);
    std::os::unix::fs::symlink(world.path("plain.db"), world.path("mosaiq.db")).unwrap();
    let request = mfm::ops::targets::mark::Request {
        target: world.url("mosaiq.db"),
        domain: Some("mosaiq".into()),
        confirm: Some("plain.db".into()),
        ..Default::default()
    };
    let failure = mfm::ops::targets::mark::run(&world.context(), &request).unwrap_err();
    assert!(offers(&failure, "name-mosaiq"), "{:?}", failure.next);
    let request = mfm::ops::targets::mark::Request { target: world.url("plain.db"), ..request };
    mfm::ops::targets::mark::run(&world.context(), &request).unwrap();
}
