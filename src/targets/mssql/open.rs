//! Who logs in where, and sessions made ready for mfm; keeps passwords, and shows them to nobody.

use std::sync::{Arc, Mutex};

use super::fault::{Fault, Place};
use super::sql::session;
use super::url::{Login, MssqlUrl};
use super::wire::{self, Cells, Wire, flag, whole, word};
use crate::model::ports::{Account, Secrets};
use crate::targets::TargetError;

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
        let wire = self.dial(reads).map_err(|fault| match fault {
            Fault::Barred(why) => self.barred(place, reads, why),
            other => place.explain("open a session", other),
        });
        let mut wire = wire?;
        wire.run(session::SETTINGS).map_err(place.error("prepare the session"))?;
        Ok(wire)
    }

    fn dial(&self, reads: bool) -> Result<Wire, Fault> {
        let login = if reads { self.reads.as_ref().or(self.writes.as_ref()) } else { self.writes.as_ref() };
        let user = login.map(|login| login.user.as_str());
        Wire::connect(&self.url, user, login.map(|login| login.password.as_str()))
    }

    /// Says what it means that a database does not let this login in: a server says the same of one that is not there
    /// and of one that is offline, so it is asked, in `master`.
    fn barred(&self, place: &Place, reads: bool, why: String) -> TargetError {
        let url = place.url.clone();
        let question = vec![wire::text(self.url.database.clone())];
        let asked = self.to("master").dial(reads).and_then(|mut wire| wire.rows(session::DATABASE, question));
        match asked.as_deref().map(|rows| rows.first().map(Presence::of)) {
            Ok(Some(Presence::Absent)) => TargetError::Absent { url },
            Ok(Some(Presence::There(state))) => {
                TargetError::Barred { url, why: format!("{why} The database is there: {state}.") }
            }
            Ok(Some(Presence::Unknown) | None) | Err(_) => {
                TargetError::Barred { url, why: format!("{why} Whether it is there, the server does not tell.") }
            }
        }
    }
}

/// Whether a server has a database.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Presence {
    /// It has, in this state.
    There(String),
    /// It has none.
    Absent,
    /// This login may not see them all.
    Unknown,
}

impl Presence {
    /// Reads the row that answers [`session::DATABASE`].
    fn of(row: &Cells) -> Self {
        if whole(row.first()).is_some() {
            let state = [word(row.get(2)), word(row.get(3))].into_iter().flatten();
            return Self::There(state.collect::<Vec<_>>().join(", "));
        }
        if flag(row.get(1)) { Self::Absent } else { Self::Unknown }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k10_a_database_is_absent_only_to_a_login_that_would_see_it() {
        let none = || wire::number(0);
        let null = tiberius::ColumnData::I64(None);
        let text = |word: &str| wire::text(word);
        let there = vec![wire::number(7), none(), text("OFFLINE"), text("MULTI_USER")];
        assert_eq!(Presence::of(&there), Presence::There("OFFLINE, MULTI_USER".into()));
        assert_eq!(Presence::of(&vec![null.clone(), wire::number(1)]), Presence::Absent);
        assert_eq!(Presence::of(&vec![null.clone(), none()]), Presence::Unknown);
        assert_eq!(Presence::of(&vec![null.clone(), null]), Presence::Unknown);
    }
}
