//! Logging in: which login reads and which writes, and the settings of a new session. Passwords never leave this module
//! except for the driver.

use std::sync::{Arc, Mutex};

use super::fault::{ServerLocation, WireFault};
use super::sql::session;
use super::url::{MssqlLogin, MssqlUrl};
use super::wire::{self, Wire, WireRow, cell_flag, cell_integer, cell_text};
use crate::model::ports::{Account, Secrets};
use crate::targets::TargetError;

/// How long a reader waits for the locks of other programs, milliseconds.
pub(super) const READ_WAIT_MS: u64 = 5_000;

/// The slot for a connection between two steps. It has no transaction open; the next step takes it out.
pub(super) type ParkedWire = Arc<Mutex<Option<Wire>>>;

/// A database, and what it takes to log in.
#[derive(Clone)]
pub(super) struct MssqlAccess {
    pub(super) url: MssqlUrl,
    writes: Option<Credentials>,
    reads: Option<Credentials>,
}

#[derive(Clone)]
struct Credentials {
    user: String,
    password: String,
}

impl std::fmt::Debug for MssqlAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("url", &self.url.to_canonical()).finish_non_exhaustive()
    }
}

impl MssqlAccess {
    /// Parses a URL, and asks for the passwords that its logins need.
    pub(super) fn from_url(url: &str, secrets: &dyn Secrets) -> Result<Self, TargetError> {
        let url = MssqlUrl::parse(url)?;
        let shown = url.to_canonical();
        // Before any password is asked for and anything is sent: a forbidden server must not even learn the user's
        // name.
        secrets.permit_login(&shown)?;
        let (writes, reads) = match &url.login {
            MssqlLogin::Sql { user, read_user } => {
                let reads = match read_user {
                    Some(user) => Some(ask_credentials(secrets, Account { user, url: &shown, reads_only: true })?),
                    None => None,
                };
                (Some(ask_credentials(secrets, Account { user, url: &shown, reads_only: false })?), reads)
            }
            MssqlLogin::Integrated => (None, None),
        };
        Ok(Self { url, writes, reads })
    }

    /// Returns the same access to another database of the server.
    pub(super) fn with_database(&self, database: &str) -> Self {
        Self { url: MssqlUrl { database: database.to_owned(), ..self.url.clone() }, ..self.clone() }
    }

    /// Returns whether a login of its own reads.
    pub(super) const fn reads_apart(&self) -> bool {
        self.reads.is_some()
    }

    /// Returns the database's name and limits for errors.
    pub(super) fn location(&self, wait_ms: u64) -> ServerLocation {
        ServerLocation { url: self.url.to_canonical(), wait_ms, statement_timeout_ms: self.url.statement_timeout_ms }
    }

    /// Connects as the login that reads, or else writes, and sets the session up.
    pub(super) fn connect(&self, place: &ServerLocation, reads: bool) -> Result<Wire, TargetError> {
        let wire = self.open_wire(reads).map_err(|fault| match fault {
            WireFault::Barred(why) => self.explain_barred(place, reads, why),
            other => place.explain("open a session", other),
        });
        let mut wire = wire?;
        wire.run_batch(session::SETTINGS).map_err(place.explainer("prepare the session"))?;
        Ok(wire)
    }

    fn open_wire(&self, reads: bool) -> Result<Wire, WireFault> {
        let login = if reads { self.reads.as_ref().or(self.writes.as_ref()) } else { self.writes.as_ref() };
        let user = login.map(|login| login.user.as_str());
        Wire::connect(&self.url, user, login.map(|login| login.password.as_str()))
    }

    /// Explains why a database does not let this login in. The server's error is the same for a database that does not
    /// exist and for one that is offline, so a second connection, to `master`, asks which it is.
    fn explain_barred(&self, place: &ServerLocation, reads: bool, why: String) -> TargetError {
        let url = place.url.clone();
        let parameters = vec![wire::text_parameter(self.url.database.clone())];
        let master = self.with_database("master").open_wire(reads);
        let answer = master.and_then(|mut wire| wire.query_rows(session::DATABASE, parameters));
        match answer.as_deref().map(|rows| rows.first().map(Presence::from_row)) {
            Ok(Some(Presence::Absent)) => TargetError::Absent { url },
            Ok(Some(Presence::There(state))) => {
                TargetError::Barred { url, why: add_clause(&why, &format!("the database exists: {state}")) }
            }
            Ok(Some(Presence::Unknown) | None) | Err(_) => {
                TargetError::Barred { url, why: add_clause(&why, "the server does not say whether it exists") }
            }
        }
    }
}

/// Adds a clause to a server's message, which may or may not end with a full stop.
fn add_clause(message: &str, clause: &str) -> String {
    format!("{}; {clause}", message.trim_end_matches('.'))
}

/// Asks for the password of an account.
fn ask_credentials(secrets: &dyn Secrets, account: Account<'_>) -> Result<Credentials, TargetError> {
    match secrets.password(&account) {
        Ok(password) => Ok(Credentials { user: account.user.to_owned(), password }),
        Err(why) => Err(TargetError::Login { url: account.url.to_owned(), why }),
    }
}

/// Whether a server has a database.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Presence {
    /// The database exists, in this state.
    There(String),
    /// The database does not exist.
    Absent,
    /// This login may not see all databases, so its answer proves nothing.
    Unknown,
}

impl Presence {
    /// Parses the answer to [`session::DATABASE`].
    fn from_row(row: &WireRow) -> Self {
        if cell_integer(row.first()).is_some() {
            let state = [cell_text(row.get(2)), cell_text(row.get(3))].into_iter().flatten();
            return Self::There(state.collect::<Vec<_>>().join(", "));
        }
        if cell_flag(row.get(1)) { Self::Absent } else { Self::Unknown }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clause_is_added_to_a_message_with_or_without_a_full_stop() {
        for message in ["Cannot open database. The login failed.", "Cannot open database. The login failed"] {
            let expected = "Cannot open database. The login failed; the database exists: ONLINE";
            assert_eq!(add_clause(message, "the database exists: ONLINE"), expected);
        }
    }

    #[test]
    fn k10_a_database_is_absent_only_to_a_login_that_would_see_it() {
        let none = || wire::number_parameter(0);
        let null = tiberius::ColumnData::I64(None);
        let text = |word: &str| wire::text_parameter(word);
        let there = vec![wire::number_parameter(7), none(), text("OFFLINE"), text("MULTI_USER")];
        assert_eq!(Presence::from_row(&there), Presence::There("OFFLINE, MULTI_USER".into()));
        assert_eq!(Presence::from_row(&vec![null.clone(), wire::number_parameter(1)]), Presence::Absent);
        assert_eq!(Presence::from_row(&vec![null.clone(), none()]), Presence::Unknown);
        assert_eq!(Presence::from_row(&vec![null.clone(), null]), Presence::Unknown);
    }
}
