//! A proxy in front of a live SQL Server that records and cuts; reads no TLS, so its clients use none.

use std::io::{Result, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::alias::Aliases;
use super::answer;
use super::cut::{CLASS_FATAL, Cut, Log, Way};
use super::line::{Line, Sockets, wait_for_the_end};
use super::message::{Kind, Message};
use super::packet::{self, Frame};
use super::tape::Tape;
use super::world::World;

/// How long a server may take to take note that a client has gone, and to roll back what it left open.
const FAREWELL: Duration = Duration::from_secs(10);

/// The proxy; whoever drops it hangs up on everybody.
pub(crate) struct Proxy {
    line: Line,
    desk: Arc<Mutex<Desk>>,
}

/// What the connections of a proxy share.
struct Desk {
    log: Log,
    world: World,
    tape: Tape,
    aliases: Aliases,
}

impl Proxy {
    /// Listens, and connects to a server for each client.
    pub(crate) fn to(host: &str, port: u16) -> Self {
        Self::to_world(host, port, "before")
    }

    /// Does so where the databases are in a state that goes by a name of its own.
    pub(crate) fn to_world(host: &str, port: u16, world: &str) -> Self {
        let desk = Desk {
            log: Log::default(),
            world: World::named(world),
            tape: Tape::default(),
            aliases: Aliases::default(),
        };
        let desk = Arc::new(Mutex::new(desk));
        let (shared, host) = (Arc::clone(&desk), host.to_owned());
        let line = Line::open(move |client, number, sockets| {
            // What ends a connection reaches the client as the end of the connection.
            let _ended = serve(client, number, sockets, &shared, (&host, port));
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

    /// Says that something was done to the databases that did not pass through here.
    pub(crate) fn step(&self, name: &str) {
        self.desk.lock().unwrap().world.step(name);
    }

    /// Keeps a word out of the tape, and out of what the client reads.
    pub(crate) fn hide(self, word: &str) -> Self {
        self.desk.lock().unwrap().tape.hide([&word.to_owned()]);
        self
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

    /// Hangs up on everybody, and returns what was recorded.
    pub(crate) fn tape(mut self) -> Tape {
        self.line.close();
        std::mem::take(&mut self.desk.lock().unwrap().tape)
    }
}

fn serve(
    mut client: TcpStream,
    connection: usize,
    sockets: &Sockets,
    desk: &Mutex<Desk>,
    server: (&str, u16),
) -> Result<()> {
    let mut server = TcpStream::connect(server)?;
    server.set_nodelay(true)?;
    sockets.keep(&server);
    let ended = relay(&mut client, &mut server, connection, desk);
    // First the server forgets the client, then the client hears of it: nobody finds a half-rolled-back transaction.
    farewell(&mut server);
    let _gone = client.shutdown(Shutdown::Both);
    ended
}

fn relay(client: &mut TcpStream, server: &mut TcpStream, connection: usize, desk: &Mutex<Desk>) -> Result<()> {
    while let Some(frame) = packet::read(client)? {
        let (message, way, met) = {
            let mut desk = desk.lock().unwrap();
            let message = Message::of(&frame, connection, desk.log.next_number()).by(&mut desk.aliases);
            let way = desk.log.received(&message);
            (message.clone(), way, desk.world.met_by(&message))
        };
        match way {
            Some(Way::Before) => return Ok(()),
            Some(Way::Error { number, class, text }) => {
                // What the error ended here, the client ends there.
                client.write_all(&answer::packed(&answer::error(number, class, &text, false)))?;
                match class {
                    CLASS_FATAL.. => return Ok(()),
                    _ => continue,
                }
            }
            Some(Way::Stall) => {
                wait_for_the_end(client);
                return Ok(());
            }
            Some(Way::After | Way::Amid) | None => {}
        }
        server.write_all(&frame.bytes)?;
        let Some(answered) = packet::read(server)? else { return Ok(()) };
        let answered = note(&mut desk.lock().unwrap(), &met, &message, &answered);
        match way {
            Some(Way::After) => return Ok(()),
            Some(Way::Amid) => return client.write_all(&answered.bytes[..answered.bytes.len() / 2]),
            _ => client.write_all(&answered.bytes)?,
        }
    }
    Ok(())
}

/// Records an exchange, and returns the answer for the client: without names that a tape must not hold, so that the
/// client makes of it what it will make of the tape.
fn note(desk: &mut Desk, met: &str, message: &Message, answered: &Frame) -> Frame {
    if let Kind::Login(login) = &message.kind {
        desk.tape.hide([&login.host, &login.user, &login.password]);
        desk.tape.hide(answer::machine(&answered.payload).as_ref());
        desk.tape.recorded_from(answer::server(&answered.payload));
    }
    let payload = desk.tape.without_hidden(&answered.payload);
    desk.tape.add(met, message, answer::normal(&desk.aliases.masked(&payload)));
    desk.world.took(message, &payload);
    Frame::answer(&payload)
}

fn farewell(server: &mut TcpStream) {
    let _told = server.shutdown(Shutdown::Write);
    let _limited = server.set_read_timeout(Some(FAREWELL));
    wait_for_the_end(server);
}
