//! A server that replays a tape, or greets whoever comes, and goes wrong where it is told; runs no SQL.

use std::collections::BTreeMap;
use std::io::{Result, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use super::alias::Aliases;
use super::answer;
use super::cut::{CLASS_FATAL, Cut, Log, Way};
use super::line::{Line, wait_for_the_end};
use super::message::{Kind, Message};
use super::packet::{self, ANSWER, Frame, PACKET_BYTES, PRELOGIN};
use super::tape::Tape;
use super::world::{self, World};

/// The error of a login that is refused.
const LOGIN_FAILED: u32 = 18_456;
/// The error of a transaction that lost, and was rolled back.
const DEADLOCK: u32 = 1205;
/// The error that tells a client of a message that is on no tape.
const NOT_ON_TAPE: u32 = 50_000;

/// The double; whoever drops it learns which messages it could not answer.
pub(crate) struct Double {
    line: Line,
    desk: Arc<Mutex<Desk>>,
}

/// What the connections of a double share.
struct Desk {
    log: Log,
    world: World,
    tape: Option<Tape>,
    aliases: Aliases,
    turns: BTreeMap<(String, String), usize>,
    /// What it says of encryption instead of what the tape says.
    encryption: Option<u8>,
    refuses_login: Option<(u32, String)>,
}

impl Double {
    /// Replays a tape of `tests/tds/tapes`.
    pub(crate) fn replay(name: &str) -> Self {
        Self::replay_world(name, "before")
    }

    /// Does so where the databases are in a state that goes by a name of its own.
    pub(crate) fn replay_world(name: &str, world: &str) -> Self {
        Self::open(Some(Tape::load(&Tape::place(name))), world)
    }

    /// Replays a tape at hand.
    pub(crate) fn of(tape: Tape) -> Self {
        Self::open(Some(tape), "before")
    }

    /// Lets everybody in, and has nothing to say to what they ask.
    pub(crate) fn greeter() -> Self {
        Self::open(None, "before")
    }

    fn open(tape: Option<Tape>, world: &str) -> Self {
        let desk = Desk {
            log: Log::default(),
            world: World::named(world),
            tape,
            aliases: Aliases::default(),
            turns: BTreeMap::new(),
            encryption: None,
            refuses_login: None,
        };
        let desk = Arc::new(Mutex::new(desk));
        let shared = Arc::clone(&desk);
        let line = Line::open(move |mut client, number, _| {
            // What ends a connection reaches the client as the end of the connection.
            let _ended = serve(&mut client, number, &shared);
            let _gone = client.shutdown(std::net::Shutdown::Both);
            shared.lock().unwrap().world.left(number);
        });
        Self { line, desk }
    }

    /// Lets something go wrong.
    pub(crate) fn cut(self, cut: Cut) -> Self {
        self.plan(cut);
        self
    }

    /// Lets something go wrong from now on.
    pub(crate) fn plan(&self, cut: Cut) {
        self.desk.lock().unwrap().log.plan(cut);
    }

    /// Lets nothing more go wrong.
    pub(crate) fn heal(&self) {
        self.desk.lock().unwrap().log.heal();
    }

    /// Refuses every login as SQL Server refuses a wrong password.
    pub(crate) fn refusing_login(self, user: &str) -> Self {
        self.refusing_login_with(LOGIN_FAILED, &format!("Login failed for user '{user}'."))
    }

    /// Refuses every login with an error of its own.
    pub(crate) fn refusing_login_with(self, number: u32, text: &str) -> Self {
        self.desk.lock().unwrap().refuses_login = Some((number, text.to_owned()));
        self
    }

    /// Cannot encrypt, whatever the client asks for.
    pub(crate) fn refusing_tls(self) -> Self {
        self.desk.lock().unwrap().encryption = Some(answer::NOT_SUPPORTED);
        self
    }

    /// Offers to encrypt, and agrees to no way of it.
    pub(crate) fn breaking_tls(self) -> Self {
        self.desk.lock().unwrap().encryption = Some(answer::ON);
        self
    }

    /// Says that something was done to the databases that did not pass through here when the tape was recorded.
    pub(crate) fn step(&self, name: &str) {
        self.desk.lock().unwrap().world.step(name);
    }

    pub(crate) fn port(&self) -> u16 {
        self.line.port
    }

    /// Returns how often something went wrong.
    pub(crate) fn cuts(&self) -> usize {
        self.desk.lock().unwrap().log.cuts
    }

    /// Returns the messages so far, in order.
    pub(crate) fn messages(&self) -> Vec<Message> {
        self.desk.lock().unwrap().log.messages.clone()
    }

    /// Returns what could not be answered, and so keeps the drop from failing.
    pub(crate) fn failures(&self) -> Vec<String> {
        std::mem::take(&mut self.desk.lock().unwrap().log.failures)
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.line.close();
        let failures = self.failures();
        assert!(failures.is_empty() || std::thread::panicking(), "{}", failures.join("\n\n"));
    }
}

impl Desk {
    /// Returns what the server says to a message.
    fn answer(&mut self, message: &Message) -> std::result::Result<Vec<u8>, String> {
        match (&message.kind, self.encryption, &self.refuses_login) {
            (Kind::Prelogin { .. }, Some(encryption), _) => return Ok(answer::prelogin(encryption)),
            (Kind::Tls, ..) => return Ok(answer::TLS_ALERT.to_vec()),
            (Kind::Login(_), _, Some((number, text))) => return Ok(answer::error(*number, 14, text, false)),
            (Kind::Attention, ..) => return Ok(answer::attention()),
            _ => {}
        }
        let Some(tape) = &self.tape else { return Ok(greeting(message)) };
        let met = self.world.met_by(message);
        if met == world::NOTHING_OPEN {
            return Ok(answer::done());
        }
        let turn = self.turns.entry((met.clone(), message.key())).or_default();
        let answer = tape.answer(&met, message, *turn).map(|answer| self.aliases.unmasked(answer));
        *turn += 1;
        answer.ok_or_else(|| tape.miss(&met, message))
    }
}

fn greeting(message: &Message) -> Vec<u8> {
    match message.kind {
        Kind::Prelogin { .. } => answer::prelogin(answer::NOT_SUPPORTED),
        Kind::Login(_) => answer::logged_in(),
        _ => answer::done(),
    }
}

fn serve(client: &mut TcpStream, connection: usize, desk: &Mutex<Desk>) -> Result<()> {
    while let Some(frame) = packet::read(client)? {
        let mut guard = desk.lock().unwrap();
        let held = &mut *guard;
        let message = Message::of(&frame, connection, held.log.next_number()).by(&mut held.aliases);
        let way = held.log.received(&message);
        match &way {
            Some(Way::Before) => return Ok(()),
            Some(Way::Stall) => {
                drop(guard);
                wait_for_the_end(client);
                return Ok(());
            }
            Some(Way::Error { number, class, text }) => {
                drop(guard);
                client.write_all(&answer::packed(&answer::error(*number, *class, text, *number == DEADLOCK)))?;
                match *class {
                    CLASS_FATAL.. => return Ok(()),
                    _ => continue,
                }
            }
            Some(Way::After | Way::Amid) | None => {}
        }
        let answered = match held.answer(&message) {
            Ok(answered) => answered,
            Err(miss) => {
                held.log.failures.push(miss.clone());
                return client.write_all(&answer::packed(&answer::error(NOT_ON_TAPE, 20, &miss, false)));
            }
        };
        held.world.took(&message, &answered);
        drop(guard);
        let kind = if message.kind == Kind::Tls { PRELOGIN } else { ANSWER };
        let bytes = Frame::pack(kind, &answered, PACKET_BYTES).bytes;
        match way {
            Some(Way::After) => return Ok(()),
            Some(Way::Amid) => return client.write_all(&bytes[..bytes.len() / 2]),
            _ => client.write_all(&bytes)?,
        }
    }
    Ok(())
}
