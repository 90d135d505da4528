//! Errors of targets, one variant for each thing that a person can do about them. Exit codes are the faces' business.

use mfm_journal::cbor::CborError;

use crate::model::next_step::{Deed, Marking, NextStep, NextSteps, act};
use crate::model::shown::quote_word;
use crate::model::{Refusal, password};

/// Something went wrong between mfm and the database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what each field is")]
pub enum TargetError {
    /// The URL has no known form.
    #[error("`{}` is not a target URL: {why}", password::hide_password(url))]
    Url { url: String, why: String },
    /// There is no database at the URL.
    #[error("could not open {url}: no such database")]
    Absent { url: String },
    /// The server does not let this login into the database, as far as can be seen because of its state or its users.
    #[error("could not access {url}: {why}")]
    Barred { url: String, why: String },
    /// The file exists and cannot be opened as a database.
    #[error("could not open {url}: {why}")]
    Open { url: String, why: String },
    /// No server answers there, or the connection broke.
    #[error("could not {what} in {url}: {why}")]
    Network { url: String, what: String, why: String },
    /// The connection could not be encrypted, or the server's certificate is not trusted.
    #[error("could not connect safely to {url}: {why}")]
    Tls { url: String, why: String },
    /// The server refused the login.
    #[error("could not log in to {url}: {why}")]
    Login { url: String, why: String },
    /// The login lacks a permission.
    #[error("not permitted to {what} in {url}: {why}")]
    Permission { url: String, what: String, why: String, grant: Option<String> },
    /// The server did not answer in time.
    #[error("waited {after_ms} ms for {url} to {what}")]
    Timeout { url: String, what: String, after_ms: u64 },
    /// The server chose mfm as the victim of a deadlock, and all retries ended the same way.
    #[error("could not {what} in {url}: the server ended this transaction because of a deadlock with another program")]
    Deadlock { url: String, what: String },
    /// A crashed program left a hot journal or log, which only a writer can roll back.
    #[error("could not read {url}: a crashed program left a transaction that must be rolled back")]
    NeedsRecovery { url: String },
    /// The URL leads to another database than the registered one.
    #[error("{url} is not the database that the journal knows: {what}")]
    Replaced { url: String, what: String },
    /// Another program held a lock for longer than mfm waits.
    #[error("waited {wait_ms} ms for {url}, which another program is writing")]
    Busy { url: String, wait_ms: u64 },
    /// No room for the database on its disk.
    #[error("could not write {url}: the disk is full")]
    Full { url: String },
    /// No room for the temporary file in which a database sorts rows.
    #[error("could not sort rows of {url}: there is no space for the database's temporary file")]
    SortFull { url: String },
    /// The file or the database cannot be written.
    #[error("could not write {url}: {why}")]
    ReadOnly { url: String, why: String },
    /// Reading or writing failed in a way that no other variant names.
    #[error("could not {what} in {url}: {why}")]
    Failed { url: String, what: String, why: String },
    /// A cell has no exact form in the journal.
    #[error("could not represent a cell of {table} exactly")]
    Inexact {
        table: String,
        #[source]
        source: CborError,
    },
    /// The row count or the read-back differs from the plan.
    #[error("{table}: {what}; the transaction was rolled back")]
    Mismatch { table: String, what: String },
    /// Nothing failed: mfm itself refuses the operation.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// The URL form of a SQL Server target, for hints.
const MSSQL_FORM: &str = "mssql://USER@HOST:PORT/DATABASE";
/// The URL form of a named instance, for hints.
const INSTANCE_FORM: &str = "HOST\\INSTANCE as mssql://USER@HOST/DATABASE?instance=INSTANCE";

impl TargetError {
    /// Returns the stable code that scripts and agents match on.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Url { .. } => "target_url",
            Self::Absent { .. } => "target_absent",
            Self::Barred { .. } => "target_barred",
            Self::Open { .. } => "target_open",
            Self::Network { .. } => "target_network",
            Self::Tls { .. } => "target_tls",
            Self::Login { .. } => "target_login",
            Self::Permission { .. } => "target_permission",
            Self::Timeout { .. } => "target_timeout",
            Self::Deadlock { .. } => "target_deadlock",
            Self::NeedsRecovery { .. } => "target_needs_recovery",
            Self::Replaced { .. } => "target_replaced",
            Self::Busy { .. } => "target_busy",
            Self::Full { .. } => "target_full",
            Self::SortFull { .. } => "target_sort_full",
            Self::ReadOnly { .. } => "target_read_only",
            Self::Failed { .. } => "target_failed",
            Self::Inexact { .. } => "target_inexact",
            Self::Mismatch { .. } => "target_mismatch",
            Self::Refused(refusal) => refusal.code(),
        }
    }

    /// Returns whether another program's lock was in the way, so that the same step may succeed later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Deadlock { .. })
    }

    /// Returns whether the connection broke, so that the fate of the last statement is unknown.
    #[must_use]
    pub const fn is_lost(&self) -> bool {
        matches!(self, Self::Network { .. } | Self::Timeout { .. } | Self::Tls { .. })
    }

    /// Translates an error of a sorted read: a full disk is then the sorter's temporary file, not the database.
    #[must_use]
    pub fn while_sorting(self) -> Self {
        match self {
            Self::Full { url } => Self::SortFull { url },
            other => other,
        }
    }

    /// Returns what to do next.
    #[must_use]
    pub fn next(&self) -> NextSteps {
        match self {
            Self::Refused(refusal) => refusal.next(),
            Self::Absent { url } if url.starts_with("mssql:") => {
                let lab = NextSteps::from("check the database's name").and(act(Deed::MakeLab, "makes one"));
                lab.and(moved_or_gone("dropped permanently"))
            }
            Self::Absent { .. } => NextSteps::from("check the path").and(moved_or_gone("deleted")),
            Self::NeedsRecovery { .. } => {
                NextSteps::from(act(Deed::Recover, "lets it roll back").when("if it is marked"))
                    .and("otherwise open it with its own program")
            }
            Self::Replaced { .. } => {
                let why = "if it was restored or replaced on purpose";
                act(Deed::WriteOff, "writes off the operations it lost").when(why).into()
            }
            Self::Full { .. } => NextSteps::from("free disk space").and(learn_fate()),
            Self::Failed { .. } => learn_fate().into(),
            Self::Network { why, .. } if !names_browser(why) => {
                NextSteps::from("check host, port and instance, and that the server runs").and(learn_fate())
            }
            Self::Timeout { .. } => {
                NextSteps::from("raise ?statement_timeout_ms or ?connect_timeout_ms in the URL").and(learn_fate())
            }
            Self::Mismatch { .. } => NextSteps::from("another program is writing to this database")
                .and(act(Deed::PlanAgain, "when no other program is writing")),
            _ => self.in_words().into(),
        }
    }

    /// Returns a hint in plain text, which names no command, flag or tool of a face.
    fn in_words(&self) -> String {
        match self {
            Self::Url { url, .. } if url.contains('\\') => {
                format!("a target is written as sqlite:PATH or as {MSSQL_FORM}; {INSTANCE_FORM}")
            }
            Self::Url { url, .. } if !url.contains(':') => {
                let example = quote_word(&format!("sqlite:{url}"));
                format!("a target is written as sqlite:PATH, such as {example}, or as {MSSQL_FORM}")
            }
            Self::Url { .. } => format!("a target is written as sqlite:PATH or as {MSSQL_FORM}"),
            Self::Permission { grant: Some(grant), .. } => {
                format!(
                    "a database owner can run: {grant} TO this login's user; docs/sqlserver.md lists all permissions"
                )
            }
            Self::Tls { why, .. } => about_encryption(why).to_owned(),
            other => other.in_fixed_words().to_owned(),
        }
    }

    const fn in_fixed_words(&self) -> &'static str {
        match self {
            Self::Barred { .. } => BARRED,
            Self::Open { .. } => "check that the file is a database and that you may read it",
            Self::Network { .. } => NO_BROWSER,
            Self::Login { .. } => LOGIN,
            Self::Permission { .. } => "docs/sqlserver.md lists the exact GRANT for each step",
            Self::Deadlock { .. } | Self::Busy { .. } => "try again when the other program has finished",
            Self::SortFull { .. } => SORT_FULL,
            Self::ReadOnly { .. } => "give yourself write permission on the file and its folder",
            Self::Inexact { .. } => "docs/targets.md lists what a target may contain",
            _ => "",
        }
    }
}

const BARRED: &str = "bring the database online, finish its restore or end single-user mode; or give this login \
                      access: CREATE USER in the database FOR LOGIN";
const NO_BROWSER: &str = "start the Browser service and allow UDP port 1434; or give the instance's own port: \
                          HOST:PORT without ?instance=";
const LOGIN: &str = "check user, password and database; the password comes from MFM_MSSQL_PASSWORD (a read_user's \
                     from MFM_MSSQL_READ_PASSWORD), from a file or from a prompt";
const SORT_FULL: &str = "nothing was written; free space for temporary files: SQLITE_TMPDIR or TMPDIR for a \
                         file, tempdb on a server";

/// Returns whether the SQL Server Browser, which knows the ports of instances, is what did not answer.
fn names_browser(why: &str) -> bool {
    why.contains("SQL Server Browser")
}

fn learn_fate() -> NextStep {
    act(Deed::Recover, "resolves an operation that was in progress")
}

fn moved_or_gone(gone: &str) -> [NextStep; 2] {
    let moved = act(Deed::Mark { url: None, marking: Marking::Moved }, "").when("moved");
    [moved, act(Deed::WriteOff, "").when(gone)]
}

/// Returns a hint for a connection that could not be encrypted, or a certificate that is not trusted.
fn about_encryption(why: &str) -> &'static str {
    if why.contains("cannot be read") {
        "name a readable PEM file with certificates"
    } else if why.contains("TDS 8.0") {
        "?encrypt=strict needs SQL Server 2022 or later; without it, or with ?encrypt=on, the whole connection is \
         encrypted too"
    } else if why.contains("not valid for name") {
        "use the certificate's host name in the URL, or get a certificate for the name that you use"
    } else {
        "name the server's certificate authority with ?ca_file=PATH; on a network that you trust, \
         ?trust_server_certificate=true accepts any certificate"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_full_while_rows_are_put_in_order_is_not_the_target_s() {
        let url = || "sqlite:lab.db".to_owned();
        let said = TargetError::Full { url: url() }.while_sorting();
        assert_eq!(said.code(), "target_sort_full");
        assert!(said.to_string().contains("temporary file"), "{said}");
        assert!(said.next().as_slice()[0].text.contains("SQLITE_TMPDIR"), "{:?}", said.next());
        assert_eq!(TargetError::Busy { url: url(), wait_ms: 1 }.while_sorting().code(), "target_busy");
    }
}
