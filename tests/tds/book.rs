//! One tape over many runs of a test: records each against a live server when told to, else replays; decides no test.

use super::cut::Cut;
use super::double::Double;
use super::message::Message;
use super::proxy::Proxy;
use super::tape::Tape;

/// Who logs in where no server checks it.
const ANYBODY: (&str, &str) = ("tester", "secret");

/// A tape that a test reads, or writes.
pub(crate) struct Book {
    name: String,
    live: Option<(String, u16)>,
    tape: Tape,
    differing: Vec<String>,
}

/// What a test connects to.
pub(crate) enum Server {
    Live(Proxy),
    Taped(Double),
}

impl Book {
    /// Opens the tape of a name; it is recorded where `MFM_BLESS=1` and `MFM_TEST_MSSQL_URL` are set.
    pub(crate) fn open(name: &str) -> Self {
        let url =
            std::env::var("MFM_TEST_MSSQL_URL").ok().filter(|_| std::env::var("MFM_BLESS").is_ok_and(|v| v == "1"));
        let live = url.map(|url| address(&url));
        let tape = if live.is_some() { Tape::default() } else { Tape::load(&Tape::place(name)) };
        Self { name: name.to_owned(), live, tape, differing: Vec::new() }
    }

    /// Opens the tape of a name for reading only: another test records it.
    pub(crate) fn replaying(name: &str) -> Self {
        Self { name: name.to_owned(), live: None, tape: Tape::load(&Tape::place(name)), differing: Vec::new() }
    }

    /// Opens a live server only, and no tape.
    pub(crate) fn live() -> Self {
        let url = std::env::var("MFM_TEST_MSSQL_URL").expect("MFM_TEST_MSSQL_URL names a live server");
        let live = Some(address(&url));
        Self { name: String::new(), live, tape: Tape::default(), differing: Vec::new() }
    }

    /// Tells whether a live server answers.
    pub(crate) fn records(&self) -> bool {
        self.live.is_some()
    }

    /// Returns the user and the password to log in with.
    pub(crate) fn login(&self) -> (String, String) {
        let (user, password) = ANYBODY;
        if !self.records() {
            return (user.to_owned(), password.to_owned());
        }
        let url = std::env::var("MFM_TEST_MSSQL_URL").unwrap();
        let user = url.split_once("://").and_then(|(_, rest)| rest.split_once('@')).map(|(user, _)| user.to_owned());
        (user.expect("the URL names a user"), std::env::var("MFM_TEST_MSSQL_PASSWORD").expect("a password is set"))
    }

    /// Opens a server for one run; the databases are as at the run's beginning.
    pub(crate) fn server(&self) -> Server {
        match &self.live {
            Some((host, port)) => Server::Live(Proxy::to(host, *port)),
            None => Server::Taped(Double::of(self.tape.clone())),
        }
    }

    /// Opens a way to the live server that records nothing, to make its databases ready for a run.
    pub(crate) fn behind(&self) -> Option<Proxy> {
        self.live.as_ref().map(|(host, port)| Proxy::to(host, *port))
    }

    /// Ends a run: what was recorded joins the tape; what was not on it fails the test.
    pub(crate) fn take(&mut self, server: Server) {
        if let Server::Live(proxy) = server {
            self.differing.extend(self.tape.merge(proxy.tape()));
        }
    }

    /// Saves what was recorded, and returns the exchanges that differed between runs.
    pub(crate) fn close(self) -> Vec<String> {
        if self.records() {
            self.tape.save(&Tape::place(&self.name));
        }
        self.differing
    }
}

impl Server {
    /// Lets something go wrong.
    pub(crate) fn cut(self, cut: Cut) -> Self {
        match self {
            Self::Live(proxy) => Self::Live(proxy.cut(cut)),
            Self::Taped(double) => Self::Taped(double.cut(cut)),
        }
    }

    /// Lets something go wrong from now on.
    pub(crate) fn plan(&self, cut: Cut) {
        match self {
            Self::Live(proxy) => proxy.plan(cut),
            Self::Taped(double) => double.plan(cut),
        }
    }

    /// Lets nothing more go wrong.
    pub(crate) fn heal(&self) {
        match self {
            Self::Live(proxy) => proxy.heal(),
            Self::Taped(double) => double.heal(),
        }
    }

    /// Keeps a word out of the tape, and out of what the client reads.
    pub(crate) fn hide(self, word: &str) -> Self {
        match self {
            Self::Live(proxy) => Self::Live(proxy.hide(word)),
            taped @ Self::Taped(_) => taped,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        match self {
            Self::Live(proxy) => proxy.port(),
            Self::Taped(double) => double.port(),
        }
    }

    /// Returns how often something went wrong.
    pub(crate) fn cuts(&self) -> usize {
        match self {
            Self::Live(proxy) => proxy.cuts(),
            Self::Taped(double) => double.cuts(),
        }
    }

    /// Returns the messages so far, in order.
    pub(crate) fn messages(&self) -> Vec<Message> {
        match self {
            Self::Live(proxy) => proxy.messages(),
            Self::Taped(double) => double.messages(),
        }
    }

    /// Says that something was done to the databases that did not pass through here.
    pub(crate) fn step(&self, name: &str) {
        match self {
            Self::Live(proxy) => proxy.step(name),
            Self::Taped(double) => double.step(name),
        }
    }
}

/// Returns the host and the port of a URL.
fn address(url: &str) -> (String, u16) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    match place.rsplit_once(':') {
        Some((host, port)) => (host.to_owned(), port.parse().expect("a port is a number")),
        None => (place.to_owned(), 1433),
    }
}
