//! What a server says no with, and what mfm makes of it: retried so often, sealed, and told in words of its own.

use mfm::engine::EngineError;
use mfm::targets::TargetError;
use mfm_journal::OperationVerdict;
use serde_json::Value as Json;

use crate::cuts::{Calm, Step, calm};
use crate::tds::book::{Book, Server};
use crate::tds::cut::{self, Cut};
use crate::tds::double::Double;
use crate::tds::message::{Kind, Message};
use crate::tds::tape::Tape;
use crate::world::World;

const TAPE: &str = "apply.tape";
const DATABASE: &str = "mfm_wire_apply";
/// What a server says of each error; mfm goes by the number.
const DEADLOCK: (u32, &str) = (1205, "Transaction was deadlocked and has been chosen as the deadlock victim.");
const LOCKED: (u32, &str) = (1222, "Lock request time out period exceeded.");
/// One attempt, and three more.
const ATTEMPTS: usize = 4;

fn world(settings: &str) -> World {
    World::marked(&Book::replaying(TAPE), DATABASE, settings)
}

fn quiet() -> Calm {
    calm(&mut Book::replaying(TAPE), DATABASE, Step::Apply)
}

fn target_error(error: &EngineError) -> &TargetError {
    match error {
        EngineError::Target(error) => error,
        other => panic!("{other}"),
    }
}

/// Returns the body of the newest entry, which seals an operation.
fn seal(world: &World) -> Json {
    let journal = world.journal();
    journal.read_entry(journal.head().seq).unwrap().unwrap().body
}

/// Returns the newest operation's verdict.
fn verdict(world: &World) -> Option<OperationVerdict> {
    world.journal().read_operations(None, 1).unwrap()[0].verdict
}

/// Everything is as before, sealed, and agreed on.
fn nothing_happened(world: &World, calm: &Calm, wanted: OperationVerdict) {
    assert_eq!(verdict(world), Some(wanted));
    assert_eq!(world.rows(), calm.before);
    assert!(world.status().open.is_empty() && world.status().active.is_empty());
    world.audits("nothing happened");
}

fn inserts_uid(message: &Message) -> bool {
    message.sql_starts("INSERT INTO dbo.mfm_operation")
}

fn writes(message: &Message) -> bool {
    message.sql_holds("UPDATE") && message.sql_holds("dbo].[t]")
}

fn commits(message: &Message) -> bool {
    message.sql_starts("COMMIT")
}

#[test]
fn a_deadlocks_victim_is_tried_again_three_times_and_the_journal_says_so() {
    let calm = quiet();
    // Whoever loses at the commit has used up the names of his staging tables that have one digit, after three attempts.
    for (fits, most) in [(inserts_uid as fn(&Message) -> bool, ATTEMPTS), (writes, ATTEMPTS), (commits, ATTEMPTS - 2)] {
        for times in 1..most.min(ATTEMPTS - 1) + 1 {
            let world = world("");
            world.server.plan(Cut::error(DEADLOCK.0, DEADLOCK.1, fits).times(times));
            world.apply().unwrap();
            assert_eq!(world.server.cuts(), times);
            assert_eq!(seal(&world)["retries"], times);
            assert_eq!(world.rows(), calm.after);
            world.audits("after retries");
        }
        if most < ATTEMPTS {
            continue;
        }
        let world = world("");
        world.server.plan(Cut::error(DEADLOCK.0, DEADLOCK.1, fits).times(usize::MAX));
        let error = world.apply().unwrap_err();
        assert_eq!(target_error(&error).code(), "target_deadlock");
        assert_eq!(world.server.cuts(), ATTEMPTS);
        assert_eq!(seal(&world)["code"], "target_deadlock");
        nothing_happened(&world, &calm, OperationVerdict::Failed);
    }
}

#[test]
fn a_lock_that_is_not_given_is_waited_for_so_often_and_then_the_target_is_busy() {
    let calm = quiet();
    let world = world("");
    world.server.plan(Cut::error(LOCKED.0, LOCKED.1, writes).times(usize::MAX));
    let error = world.apply().unwrap_err();
    assert_eq!(target_error(&error).code(), "target_busy");
    assert_eq!(world.server.cuts(), ATTEMPTS);
    nothing_happened(&world, &calm, OperationVerdict::Failed);
}

#[test]
fn a_session_that_is_killed_is_lost_and_asked_about() {
    let calm = quiet();
    for fits in [inserts_uid, writes, commits] {
        let world = world("");
        world.server.plan(Cut::kill(fits));
        let error = world.apply().unwrap_err();
        assert!(error.to_string().contains("sealed as abandoned"), "{error}");
        nothing_happened(&world, &calm, OperationVerdict::Abandoned);
    }
}

#[test]
fn a_door_that_stays_shut_says_why() {
    let double = || Double::of(Tape::load(&Tape::place(TAPE)));
    for (server, settings, code) in [
        (double().refusing_login("tester"), "?encrypt=off", "target_login"),
        (double().refusing_login_with(4060, "Cannot open database"), "?encrypt=off", "target_barred"),
        (double().refusing_tls(), "", "target_tls"),
        (double().breaking_tls(), "", "target_tls"),
        (double().cut(Cut::stall(cut::number(1))), "?encrypt=off&connect_timeout_ms=200", "target_timeout"),
        (double().cut(Cut::before(|_| true).times(usize::MAX)), "?encrypt=off", "target_network"),
    ] {
        let url = format!("mssql://tester@127.0.0.1:{}/{DATABASE}{settings}", server.port());
        let world = World::at(Server::Taped(server), &url, DATABASE);
        let failure = world.mark().unwrap_err();
        assert_eq!(failure.code, code, "{}", failure.message);
        assert!(!failure.next.is_empty() && !failure.message.contains("secret"), "{failure:?}");
        // Nothing that could be believed of the target was written down.
        assert!(world.journal().state().targets.is_empty());
    }
}

#[test]
fn a_first_connection_that_breaks_is_tried_again() {
    let calm = quiet();
    let world = world("");
    // The encryption, the login, the settings, who it is, what it offers; then the first reading step.
    for nth in 0..7 {
        for cut in 0..3 {
            let at = world.next_number() + nth;
            let here = cut::number(at);
            world.server.plan([Cut::before, Cut::after, Cut::amid][cut](here));
            let cuts = world.server.cuts();
            assert_eq!(world.rows(), calm.before, "message {nth}");
            assert_eq!(world.server.cuts(), cuts + 1, "message {nth}");
        }
    }
}

#[test]
fn a_login_that_is_refused_to_the_writer_alone_seals_the_operation_as_failed() {
    let calm = quiet();
    let (writer, _) = Book::replaying(TAPE).login();
    let world = world("&read_user=reader");
    let writes = move |message: &Message| matches!(&message.kind, Kind::Login(login) if login.user == writer);
    world.server.plan(Cut::error(18_456, "Login failed.", writes).times(usize::MAX));
    let error = world.apply().unwrap_err();
    assert_eq!(target_error(&error).code(), "target_login");
    nothing_happened(&world, &calm, OperationVerdict::Failed);
}

#[test]
fn one_database_under_two_urls_is_one_target() {
    let world = world("");
    let other = world.url.replace("?encrypt=off", "?encrypt=off&statement_timeout_ms=250000");
    let request = mfm::ops::targets::mark::Request {
        target: other,
        name: Some("other".into()),
        domain: Some("mosaiq".into()),
        confirm: Some(DATABASE.into()),
        ..Default::default()
    };
    let failure = mfm::ops::targets::mark::run(&world.context(), &request).unwrap_err();
    assert_eq!(failure.code, "url_taken", "{failure:?}");
    assert!(
        format!("{:?}", failure.next).contains("\"lab\"") && !world.journal().state().targets.contains_key("other")
    );
}

#[test]
fn a_server_that_says_nothing_is_a_timeout_and_asked_once() {
    let calm = quiet();
    let world = world("&statement_timeout_ms=300");
    let first = world.next_number();
    world.server.plan(
        Cut::stall(move |message| message.number > first && message.sql_holds("JOIN [dbo].[t] AS t")).times(usize::MAX),
    );
    let error = world.apply().unwrap_err();
    assert_eq!(target_error(&error).code(), "target_timeout");
    assert!(error.to_string().contains("300 ms"), "{error}");
    assert_eq!(world.server.cuts(), 1, "waiting is not done four times over");
    world.server.heal();
    assert_eq!(world.rows(), calm.before);
    for fits in [inserts_uid, writes, commits] {
        let world = self::world("&statement_timeout_ms=300");
        world.server.plan(Cut::stall(fits));
        let error = world.apply().unwrap_err();
        assert!(error.to_string().contains("300 ms"), "{error}");
        nothing_happened(&world, &calm, OperationVerdict::Abandoned);
    }
}
