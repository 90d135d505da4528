//! A short story on a real server, recorded once; replayed, cut everywhere, and never answered wrongly.

use tiberius::error::Error;

use crate::client::{Entry, Session};
use crate::tds::answer;
use crate::tds::book::{Book, Server};
use crate::tds::cut::Cut;
use crate::tds::double::Double;
use crate::tds::message::Message;
use crate::tds::tape::Tape;

const TAPE: &str = "basics.tape";
const TABLE: &str = "mfm_wire_basics";

fn entry(port: u16) -> Entry {
    Entry { database: "tempdb".into(), ..Entry::to(port) }
}

/// Makes the table anew.
fn prepare(session: &mut Session) -> Result<(), Error> {
    session.batch(&format!("DROP TABLE IF EXISTS dbo.{TABLE}"))?;
    session.batch(&format!("CREATE TABLE dbo.{TABLE}(k int NOT NULL PRIMARY KEY, v nvarchar(40))"))?;
    session.query(&format!("INSERT INTO dbo.{TABLE} VALUES (@P1, @P2)"), 1, "one").map(drop)
}

/// Adds rows through a stage, in one transaction, and reads them back inside.
fn add(session: &mut Session) -> Result<Vec<i32>, Error> {
    let rows: Vec<(i32, String)> = (2..400).map(|k| (k, format!("row {k}"))).collect();
    session.batch("CREATE TABLE #mfm_1(k int NOT NULL, v nvarchar(40))")?;
    assert_eq!(session.bulk("#mfm_1", &rows)?, 398);
    session.batch("BEGIN TRANSACTION")?;
    session.batch(&format!("INSERT INTO dbo.{TABLE}(k, v) SELECT k, v FROM #mfm_1"))?;
    let inside = count(session)?;
    session.batch("COMMIT TRANSACTION")?;
    Ok(inside)
}

fn count(session: &mut Session) -> Result<Vec<i32>, Error> {
    session.query(&format!("SELECT COUNT(*) FROM dbo.{TABLE} WHERE k >= @P1 AND v <> @P2"), 1, "none")
}

/// Tells the story on one server: prepares, adds until something goes wrong, and comes back to look.
fn story(server: &Server, (user, password): (String, String)) -> (Option<Vec<i32>>, Vec<i32>) {
    let entry = Entry { user, password, ..entry(server.port()) };
    prepare(&mut entry.open().unwrap()).unwrap();
    let inside = entry.open().and_then(|mut session| add(&mut session)).ok();
    let mut session = entry.open().unwrap();
    let again = session.query(&format!("INSERT INTO dbo.{TABLE} VALUES (@P1, @P2)"), 1, "one");
    assert!(matches!(again, Err(Error::Server(said)) if said.code() == 2627), "the key is taken");
    (inside, count(&mut session).unwrap())
}

type Way = fn(usize) -> Cut;

const WAYS: [Way; 3] = [
    |number| Cut::before(move |message: &Message| message.number == number),
    |number| Cut::after(move |message: &Message| message.number == number),
    |number| Cut::amid(move |message: &Message| message.number == number),
];

#[test]
fn a_connection_cut_anywhere_leaves_all_or_nothing() {
    let mut book = Book::open(TAPE);
    let server = book.server();
    assert_eq!(story(&server, book.login()), (Some(vec![399]), vec![399]));
    let messages = server.messages();
    book.take(server);
    let commit = messages.iter().position(|message| message.sql_starts("COMMIT")).unwrap() + 1;
    let first = messages.iter().position(|message| message.connection == 2).unwrap() + 1;
    for number in first..=commit {
        for (at, way) in WAYS.iter().enumerate() {
            let server = book.server().cut(way(number));
            let (inside, found) = story(&server, book.login());
            assert_eq!(inside, None, "message {number}, way {at}");
            let committed = number == commit && at > 0;
            assert_eq!(found, [if committed { 399 } else { 1 }], "message {number}, way {at}");
            assert_eq!(server.cuts(), 1);
            book.take(server);
        }
    }
    let differing = book.close();
    assert!(differing.is_empty(), "the server answered the same each time: {differing:?}");
}

#[test]
fn what_is_not_on_the_tape_is_said_in_full() {
    let server = Double::replay(TAPE);
    let mut session = entry(server.port()).open().unwrap();
    let error = session.batch("SELECT 42 AS answer").unwrap_err();
    assert!(error.to_string().contains("SELECT 42 AS answer"), "{error}");
    let failures = server.failures();
    assert_eq!(failures.len(), 1);
    assert!(failures[0].contains("batch: SELECT 42 AS answer"), "{failures:?}");
    let mut session = entry(server.port()).open().unwrap();
    prepare(&mut session).unwrap();
    let sql = format!("SELECT COUNT(*) FROM dbo.{TABLE} WHERE k >= @P1 AND v <> @P2");
    session.query(&sql, 7, "none").unwrap_err();
    let failures = server.failures();
    assert!(failures[0].contains("with this SQL the tape has:"), "{failures:?}");
}

#[test]
#[should_panic(expected = "SELECT 42 AS answer")]
fn a_double_that_could_not_answer_fails_the_test() {
    let server = Double::replay(TAPE);
    let _error = entry(server.port()).open().unwrap().batch("SELECT 42 AS answer");
}

#[test]
fn a_tape_is_the_same_after_its_file_and_holds_no_login() {
    let bytes = std::fs::read(Tape::place(TAPE)).unwrap();
    let tape = Tape::from_bytes(&bytes);
    assert!(bytes.len() < 20_000, "{} bytes", bytes.len());
    let again = Tape::from_bytes(&tape.to_bytes());
    assert_eq!(again, tape);
    assert_eq!(again.to_bytes(), tape.to_bytes());
    let mut hiding = tape.clone();
    hiding.hide(&["BASICS".to_owned()]);
    assert!(Tape::from_bytes(&hiding.to_bytes()) != tape, "a word of an exchange is replaced");
}

#[test]
fn no_tape_names_a_machine() {
    let mut seen = 0;
    for entry in std::fs::read_dir(Tape::place("")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "tape") {
            continue;
        }
        for machine in Tape::load(&path).answers().filter_map(answer::machine) {
            assert!(machine.bytes().all(|letter| letter == b'x'), "{}: {machine}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 0, "a login tells of a machine");
}
