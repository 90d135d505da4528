//! A login that is refused, encryption that is refused, and connections that end in the middle.

use std::time::{Duration, Instant};

use tiberius::EncryptionLevel;
use tiberius::error::{Error, IoErrorKind};

use crate::client::Entry;
use crate::tds::cut::{Cut, number};
use crate::tds::double::Double;
use crate::tds::message::{Kind, Message};

fn is_login(message: &Message) -> bool {
    matches!(message.kind, Kind::Login(_))
}

fn refused(server: &Double) -> Error {
    Entry::to(server.port()).open().err().expect("the login does not succeed")
}

fn is_gone(error: &Error) -> bool {
    matches!(error, Error::Io { .. }) && !is_timeout(error)
}

fn is_timeout(error: &Error) -> bool {
    matches!(error, Error::Io { kind: IoErrorKind::TimedOut, .. })
}

#[test]
fn the_greeter_lets_a_client_in_and_answers_nothing() {
    let server = Double::greeter();
    let mut session = Entry::to(server.port()).open().unwrap();
    assert_eq!(session.batch("SELECT 1").unwrap(), [0; 0]);
    assert_eq!(session.query("SELECT @P1", 5, "x").unwrap(), [0; 0]);
    let seen = server.messages();
    assert_eq!(seen.iter().map(|message| message.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let Kind::Login(login) = &seen[1].kind else { panic!("{seen:?}") };
    assert_eq!((login.user.as_str(), login.password.as_str()), ("tester", "secret"));
    assert_eq!((login.database.as_str(), login.program.as_str()), ("Lab", "mfm"));
    assert_eq!((seen[2].sql(), seen[3].sql()), ("SELECT 1", "SELECT @P1"));
    assert_eq!(server.cuts(), 0);
}

#[test]
fn a_refused_login_is_error_18456() {
    let server = Double::greeter().refusing_login("tester");
    let Error::Server(said) = refused(&server) else { panic!("no error of the server") };
    assert_eq!((said.code(), said.class(), said.message()), (18_456, 14, "Login failed for user 'tester'."));
    let server = Double::greeter().refusing_login_with(4060, "Cannot open database \"Lab\".");
    assert!(matches!(refused(&server), Error::Server(said) if said.code() == 4060));
}

#[test]
fn a_client_that_requires_tls_does_not_send_its_password_without() {
    let server = Double::greeter().refusing_tls();
    let entry = Entry { encryption: EncryptionLevel::Required, ..Entry::to(server.port()) };
    let error = entry.open().err().expect("no TLS, no login");
    assert!(error.to_string().contains("encryption"), "{error}");
    assert_eq!(server.messages().len(), 1, "nothing but the question was sent");
}

#[test]
fn a_server_that_breaks_the_tls_handshake_never_sees_a_login() {
    for encryption in [EncryptionLevel::Required, EncryptionLevel::Off] {
        let server = Double::greeter().breaking_tls();
        let error = Entry { encryption, ..Entry::to(server.port()) }.open().err().expect("no TLS, no login");
        assert!(error.to_string().contains("HandshakeFailure"), "{error:?}");
        assert_eq!(server.messages()[1].kind, Kind::Tls);
        assert!(!server.messages().iter().any(is_login));
    }
}

#[test]
fn a_cut_during_the_handshake_is_the_end_of_the_connection() {
    for at in [1, 2] {
        for cut in [Cut::before(number(at)), Cut::after(number(at)), Cut::amid(number(at))] {
            let server = Double::greeter().cut(cut);
            let error = refused(&server);
            assert!(is_gone(&error), "{at}: {error:?}");
            assert_eq!((server.cuts(), server.messages().len()), (1, at));
        }
    }
}

#[test]
fn a_cut_happens_once_and_the_next_connection_lives() {
    let server = Double::greeter().cut(Cut::before(is_login));
    assert!(is_gone(&refused(&server)));
    assert!(Entry::to(server.port()).open().is_ok());
    let server = Double::greeter().cut(Cut::before(is_login).times(2));
    assert!(is_gone(&refused(&server)) && is_gone(&refused(&server)));
    assert!(Entry::to(server.port()).open().is_ok());
    assert_eq!(server.cuts(), 2);
}

#[test]
fn a_server_that_says_nothing_runs_into_the_limit() {
    const LIMIT: Duration = Duration::from_secs(1);
    let began = Instant::now();
    let entry = |server: &Double| Entry { patience: LIMIT, ..Entry::to(server.port()) };
    for cut in [Cut::stall(number(1)), Cut::stall(is_login)] {
        let server = Double::greeter().cut(cut);
        assert!(is_timeout(&entry(&server).open().err().expect("nobody answers")));
    }
    let server = Double::greeter().cut(Cut::stall(|message| message.sql_starts("WAIT")));
    let mut session = entry(&server).open().unwrap();
    session.batch("SELECT 1").unwrap();
    assert!(is_timeout(&session.batch("wait").unwrap_err()));
    assert!(session.batch("SELECT 1").is_err(), "the connection is of no more use");
    assert!(began.elapsed() >= 3 * LIMIT && began.elapsed() < 20 * LIMIT);
}

#[test]
fn an_error_at_a_message_leaves_the_connection_alive() {
    let server = Double::greeter().cut(Cut::error(1205, "You lost.", |message| message.sql_starts("UPDATE")));
    let mut session = Entry::to(server.port()).open().unwrap();
    assert!(matches!(session.batch("UPDATE t SET a = 1"), Err(Error::Server(said)) if said.code() == 1205));
    session.batch("UPDATE t SET a = 1").unwrap();
}
