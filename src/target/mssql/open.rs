//! Who logs in where, and sessions made ready for mfm; keeps passwords, and shows them to nobody.

use std::sync::{Arc, Mutex};

use super::fault::Place;
use super::sql::session;
use super::url::{Login, MssqlUrl};
use super::wire::Wire;
use crate::model::ports::{Account, Secrets};
use crate::target::TargetError;

/// How long a reader waits for somebody else's locks.
pub(super) const READ_WAIT_MS: u64 = 5_000;

/// A connection between two steps, with no transaction open: whoever needs one next takes it.
pub(super) type Parked = Arc<Mutex<Option<Wire>>>;

/// A database, and what it takes to log in.
#[derive(Clone)]
pub(super) struct Access {
    pub(super) url: MssqlUrl,
    writes: Option<Credentials>,
    reads: Option<Credentials>,
}

#[derive(Clone)]
struct Credentials {
    user: String,
    password: String,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("url", &self.url.canonical()).finish_non_exhaustive()
    }
}

impl Access {
    /// Parses a URL and asks for the passwords that it needs.
    pub(super) fn find(url: &str, secrets: &dyn Secrets) -> Result<Self, TargetError> {
        let url = MssqlUrl::parse(url)?;
        let shown = url.canonical();
        // Before anything is asked or sent: not even who logs in is a stranger's to know.
        secrets.permit(&shown)?;
        let ask = |user: &str, reads_only: bool| {
            let password = secrets.password(&Account { user, url: &shown, reads_only });
            let password = password.map_err(|why| TargetError::Login { url: shown.clone(), why })?;
            Ok::<_, TargetError>(Credentials { user: user.to_owned(), password })
        };
        let (writes, reads) = match &url.login {
            Login::Sql { user, read_user } => {
                let reads = read_user.as_deref().map(|user| ask(user, true)).transpose()?;
                (Some(ask(user, false)?), reads)
            }
            Login::Integrated => (None, None),
        };
        Ok(Self { url, writes, reads })
    }

    /// Returns the same access to another database of the server.
    pub(super) fn to(&self, database: &str) -> Self {
        Self { url: MssqlUrl { database: database.to_owned(), ..self.url.clone() }, ..self.clone() }
    }

    /// Tells whether another login reads than the one that writes.
    pub(super) const fn reads_apart(&self) -> bool {
        self.reads.is_some()
    }

    /// Returns the database's name in errors.
    pub(super) fn place(&self, wait_ms: u64) -> Place {
        Place { url: self.url.canonical(), wait_ms, statement_timeout_ms: self.url.statement_timeout_ms }
    }

    /// Connects, and prepares the session.
    pub(super) fn connect(&self, place: &Place, reads: bool) -> Result<Wire, TargetError> {
        let login = if reads { self.reads.as_ref().or(self.writes.as_ref()) } else { self.writes.as_ref() };
        let user = login.map(|login| login.user.as_str());
        let wire = Wire::connect(&self.url, user, login.map(|login| login.password.as_str()));
        let mut wire = wire.map_err(place.error("open a session"))?;
        wire.run(session::SETTINGS).map_err(place.error("prepare the session"))?;
        Ok(wire)
    }
}
