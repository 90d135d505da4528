//! Errors of the driver and the server: telling them apart, and translating them into the port's errors.

use tiberius::error::{Error, IoErrorKind, TokenError};

use super::sql::qualify_name;
use crate::model::Refusal;
use crate::targets::TargetError;

/// An error of the driver or the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WireFault {
    /// The server answered with an error; the connection lives.
    Server {
        /// The error's number, as in `sys.messages`.
        number: u32,
        /// Its severity class, from 0 to 25.
        class: u8,
        /// The server's message.
        message: String,
    },
    /// No server answers there, or the connection is gone.
    Network(String),
    /// The encryption failed, or the certificate is not trusted.
    Tls(String),
    /// The login was refused.
    Login(String),
    /// The server has no such database, or does not let this login into it, or not at the moment; its message.
    Barred(String),
    /// The server did not answer in time.
    Timeout {
        /// How long mfm waited; 0 stands for the statement timeout.
        after_ms: u64,
    },
    /// The driver does not understand the server's bytes.
    Protocol(String),
    /// A cell has no exact form.
    Cell(String),
}

/// Why an exchange of rows stopped.
pub(super) enum ExchangeError {
    /// Something failed on the wire.
    Fault(WireFault),
    /// A row could not be used, or its visitor failed.
    Target(TargetError),
}

impl From<WireFault> for ExchangeError {
    fn from(fault: WireFault) -> Self {
        Self::Fault(fault)
    }
}

impl<E: Into<TargetError>> From<E> for ExchangeError {
    fn from(error: E) -> Self {
        Self::Target(error.into())
    }
}

/// A database's name in errors, and how long mfm waits for it.
#[derive(Clone, Debug)]
pub(super) struct ServerLocation {
    pub(super) url: String,
    pub(super) wait_ms: u64,
    pub(super) statement_timeout_ms: u64,
}

/// Errors of a login to a database that does not exist, that the login may not enter, or that is closed at the moment:
/// offline, restoring, recovering, in single-user mode, or the secondary of an availability group.
const BARRED: [u32; 24] = [
    904, 905, 911, 916, 921, 922, 923, 924, 926, 927, 942, 945, 946, 952, 954, 955, 976, 978, 979, 981, 982, 983, 4060,
    4064,
];
/// Errors of a login: wrong user or password, locked, expired, not trusted.
const LOGIN: [u32; 8] = [18_401, 18_452, 18_456, 18_461, 18_470, 18_486, 18_487, 18_488];
/// Errors of missing permission.
const PERMISSION: [u32; 11] = [229, 230, 262, 297, 300, 1088, 2760, 3701, 15_151, 15_247, 21_089];
/// This session was chosen as a deadlock's victim, or its update conflicted with another one under snapshot isolation.
const DEADLOCK: [u32; 3] = [1205, 3960, 3961];
/// A lock was not granted in time.
const LOCKED: u32 = 1222;
/// No room in the database's files, in its log, or in tempdb.
const FULL: [u32; 5] = [1101, 1105, 9002, 3257, 5149];
/// The database cannot be written.
const READ_ONLY: [u32; 2] = [3906, 3908];
/// Errors of this severity class and above end the connection.
const CLASS_FATAL: u8 = 20;

impl WireFault {
    /// Classifies an error of a statement.
    pub(super) fn from_driver(error: Error) -> Self {
        match error {
            Error::Server(said) => Self::from_server(&said),
            Error::Io { kind: IoErrorKind::TimedOut, .. } => Self::Timeout { after_ms: 0 },
            Error::Io { message, .. } => Self::Network(explain_hang_up(message)),
            Error::Tls(why) => Self::Tls(why),
            Error::Utf16 | Error::Utf8 => Self::Cell("text with half a surrogate pair".to_owned()),
            Error::Encoding(why) | Error::Conversion(why) => Self::Cell(why.into_owned()),
            Error::Protocol(why) if HUNG_UP.contains(&why.as_ref()) => Self::Network(explain_hang_up(why.into_owned())),
            other => Self::Protocol(other.to_string()),
        }
    }

    /// Classifies an error of a login; `strict` where TLS begins before the first TDS byte.
    pub(super) fn from_login(error: Error, strict: bool) -> Self {
        Self::from_driver(error).at_login(strict)
    }

    /// Returns what the same error means before the login is complete.
    pub(super) fn at_login(self, strict: bool) -> Self {
        match self {
            Self::Server { number, message, .. }
                if BARRED.contains(&number) || contains_any(&message, &BARRED_WORDS) =>
            {
                Self::Barred(message)
            }
            // Before the login is complete, any other error of the server means that it refused the login.
            Self::Server { message, .. } => Self::Login(message),
            Self::Network(why) if strict => Self::Tls(format!("{NOT_STRICT}: {why}")),
            Self::Timeout { after_ms } if strict => Self::Tls(format!("{NOT_STRICT}: no answer in {after_ms} ms")),
            // A server that refuses TLS hangs up in the middle of the handshake.
            Self::Network(why) if TLS_WORDS.iter().any(|word| why.contains(word)) => Self::Tls(why),
            Self::Protocol(why) if why.contains("ncrypt") || why.contains("TLS") => Self::Tls(why),
            other => other,
        }
    }

    /// Classifies an error of asking the SQL Server Browser for the port of an instance.
    pub(super) fn from_browser(host: &str, instance: &str, error: Error) -> Self {
        let asked = format!("the SQL Server Browser at {host}, UDP port 1434, for the port of instance {instance}");
        Self::Network(match error {
            Error::Conversion(why) if why.contains("timeout") => format!("no answer from {asked}"),
            Error::Conversion(_) => format!("no port in the answer of {asked}"),
            Error::Io { message, .. } => format!("asked {asked}: {message}"),
            other => format!("asked {asked}: {other}"),
        })
    }

    fn from_server(said: &TokenError) -> Self {
        Self::Server { number: said.code(), class: said.class(), message: said.message().to_owned() }
    }

    /// Returns whether the connection is unusable from now on, and the fate of the last statement unknown.
    pub(super) const fn is_connection_lost(&self) -> bool {
        match self {
            Self::Server { class, .. } => *class >= CLASS_FATAL,
            Self::Cell(_) => false,
            Self::Barred(_)
            | Self::Network(_)
            | Self::Tls(_)
            | Self::Login(_)
            | Self::Timeout { .. }
            | Self::Protocol(_) => true,
        }
    }

    /// Returns whether the same transaction may succeed when it is tried again.
    pub(super) fn is_transient(&self) -> bool {
        let Self::Server { number, message, .. } = self else { return false };
        let numbered = *number == LOCKED || DEADLOCK.contains(number);
        numbered || contains_any(message, &DEADLOCK_WORDS) || contains_any(message, &LOCK_WORDS)
    }

    /// Returns the number of the server's error.
    pub(super) const fn number(&self) -> Option<u32> {
        if let Self::Server { number, .. } = self { Some(*number) } else { None }
    }
}

/// Phrases for the same errors from servers that speak T-SQL without SQL Server's error numbers.
const BARRED_WORDS: [&str; 1] = ["Cannot open database"];
const DEADLOCK_WORDS: [&str; 2] = ["deadlock", "could not serialize access"];
const DENIED_WORDS: [&str; 3] = ["permission denied", "permission was denied", "must be owner of"];
const LOCK_WORDS: [&str; 2] = ["lock timeout", "Lock request time out"];

fn contains_any(message: &str, words: &[&str]) -> bool {
    words.iter().any(|word| message.contains(word))
}

impl ServerLocation {
    /// Returns a function for `map_err` that translates a fault; `what` was attempted.
    pub(super) fn explainer<'p>(&'p self, what: &'p str) -> impl Fn(WireFault) -> TargetError + 'p {
        move |fault| self.explain(what, fault)
    }

    /// Returns a function for `map_err` that translates why an exchange of rows stopped.
    pub(super) fn stop_explainer<'p>(&'p self, what: &'p str) -> impl Fn(ExchangeError) -> TargetError + 'p {
        move |stopped| match stopped {
            ExchangeError::Fault(fault) => self.explain(what, fault),
            ExchangeError::Target(error) => error,
        }
    }

    /// Translates a fault into the port's error; `what` was attempted.
    pub(super) fn explain(&self, what: &str, fault: WireFault) -> TargetError {
        let (url, what) = (self.url.clone(), what.to_owned());
        match fault {
            WireFault::Network(why) | WireFault::Protocol(why) => TargetError::Network { url, what, why },
            WireFault::Tls(why) => TargetError::Tls { url, why: strip_driver_advice(&why) },
            WireFault::Login(why) => TargetError::Login { url, why },
            WireFault::Barred(why) => TargetError::Barred { url, why },
            WireFault::Timeout { after_ms: 0 } => {
                TargetError::Timeout { url, what, after_ms: self.statement_timeout_ms }
            }
            WireFault::Timeout { after_ms } => TargetError::Timeout { url, what, after_ms },
            WireFault::Cell(why) => Refusal::Unsupported { what: why }.into(),
            WireFault::Server { class, message, .. } if class >= CLASS_FATAL => {
                TargetError::Network { url, what, why: message }
            }
            WireFault::Server { number, message, .. } => self.explain_server_error(what, number, message),
        }
    }

    fn explain_server_error(&self, what: String, number: u32, message: String) -> TargetError {
        let url = self.url.clone();
        match number {
            LOCKED => TargetError::Busy { url, wait_ms: self.wait_ms },
            _ if contains_any(&message, &LOCK_WORDS) => TargetError::Busy { url, wait_ms: self.wait_ms },
            _ if DEADLOCK.contains(&number) || contains_any(&message, &DEADLOCK_WORDS) => {
                TargetError::Deadlock { url, what }
            }
            _ if LOGIN.contains(&number) => TargetError::Login { url, why: message },
            _ if PERMISSION.contains(&number) || contains_any(&message, &DENIED_WORDS) => {
                TargetError::Permission { url, what, grant: parse_missing_grant(&message), why: message }
            }
            _ if FULL.contains(&number) => TargetError::Full { url },
            _ if READ_ONLY.contains(&number) => TargetError::ReadOnly { url, why: message },
            _ => TargetError::Failed { url, what, why: format!("{message} (error {number})") },
        }
    }

    /// Builds an error with a reason of mfm's own.
    pub(super) fn failure(&self, what: &str, why: impl Into<String>) -> TargetError {
        TargetError::Failed { url: self.url.clone(), what: what.to_owned(), why: why.into() }
    }
}

/// Parses a message about a missing permission into the GRANT that gives it; `None` where the message does not name
/// both the permission and the object.
fn parse_missing_grant(message: &str) -> Option<String> {
    let (permission, rest) = message.strip_prefix("The ")?.split_once(" permission was denied on the object '")?;
    let (object, rest) = rest.split_once("', database '")?;
    let schema = rest.rsplit_once("schema '")?.1.trim_end_matches(['.', '\'']);
    Some(format!("GRANT {permission} ON {}", qualify_name(schema, object)))
}

/// The explanation for a connection that begins with TLS and ends before the login.
const NOT_STRICT: &str = "the server may not support TDS 8.0, which starts with TLS";

/// Words in a message that tell a failed TLS handshake from a broken connection.
const TLS_WORDS: [&str; 4] = ["certificate", "handshake", "fatal alert", "TLS"];

/// The driver's messages for a connection that the other side closed.
const HUNG_UP: [&str; 2] = ["failed to fill whole buffer", "No more packets in the wire"];

/// Replaces the driver's message for a closed connection by a plain one.
fn explain_hang_up(why: String) -> String {
    if HUNG_UP.contains(&why.as_str()) { "the server closed the connection before it answered".to_owned() } else { why }
}

/// Cuts off the driver's advice, which names functions of its own API.
fn strip_driver_advice(why: &str) -> String {
    why.split(" To connect anyway").next().unwrap_or(why).trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample_location() -> ServerLocation {
        ServerLocation { url: "mssql://u@h:1433/T".into(), wait_ms: 5000, statement_timeout_ms: 300_000 }
    }

    fn server_fault(number: u32, message: &str) -> WireFault {
        WireFault::Server { number, class: 14, message: message.into() }
    }

    /// Returns the sentences of what to do next.
    fn next_steps_text(error: &TargetError) -> String {
        error.next().as_slice().iter().map(|step| step.text.clone()).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn errors_are_told_apart_and_each_has_a_hint() {
        for (fault, code, lost) in [
            (WireFault::Login("Login failed for user 'u'.".into()), "target_login", true),
            (WireFault::Barred("Cannot open database".into()), "target_barred", true),
            (server_fault(229, "The SELECT permission was denied"), "target_permission", false),
            (server_fault(33_557_097, "permission denied for table t"), "target_permission", false),
            (server_fault(33_557_097, "must be owner of table t"), "target_permission", false),
            (server_fault(1205, "chosen as the deadlock victim"), "target_deadlock", false),
            (server_fault(33_557_097, "deadlock detected"), "target_deadlock", false),
            (server_fault(1222, "Lock request time out period exceeded."), "target_busy", false),
            (server_fault(33_557_097, "canceling statement due to lock timeout"), "target_busy", false),
            (server_fault(1105, "Could not allocate space"), "target_full", false),
            (server_fault(3906, "the database is read-only"), "target_read_only", false),
            (server_fault(8134, "Divide by zero"), "target_failed", false),
            (WireFault::Network("connection reset".into()), "target_network", true),
            (WireFault::Tls("invalid peer certificate: UnknownIssuer".into()), "target_tls", true),
            (WireFault::Timeout { after_ms: 0 }, "target_timeout", true),
            (WireFault::Protocol("unknown token".into()), "target_network", true),
        ] {
            assert_eq!(fault.is_connection_lost(), lost, "{fault:?}");
            let error = sample_location().explain("read rows", fault);
            assert_eq!(error.code(), code);
            assert!(!error.next().is_empty());
        }
        assert!(WireFault::Server { number: 596, class: 21, message: "session killed".into() }.is_connection_lost());
    }

    #[test]
    fn the_drivers_words_for_a_hang_up_are_said_plainly() {
        let eof = Error::Io { kind: IoErrorKind::UnexpectedEof, message: "failed to fill whole buffer".into() };
        for fault in
            [WireFault::from_driver(eof), WireFault::from_driver(Error::Protocol("No more packets in the wire".into()))]
        {
            assert_eq!(fault, WireFault::Network("the server closed the connection before it answered".into()));
            assert!(fault.is_connection_lost());
        }
    }

    #[test]
    fn a_handshake_that_ends_in_an_alert_is_no_broken_connection() {
        let alert =
            || Error::Io { kind: IoErrorKind::InvalidData, message: "received fatal alert: HandshakeFailure".into() };
        assert!(matches!(WireFault::from_login(alert(), false), WireFault::Tls(_)));
        assert!(matches!(WireFault::from_driver(alert()), WireFault::Network(_)));
    }

    #[test]
    fn k10_a_login_that_the_database_keeps_out_is_barred_and_says_nothing_of_absence() {
        for number in [916, 927, 942, 4060, 976] {
            let fault = server_fault(number, "Cannot open database").at_login(false);
            let error = sample_location().explain("open a session", fault);
            assert_eq!(error.code(), "target_barred", "{number}");
            assert!(!format!("{error} {}", next_steps_text(&error)).contains("no such database"), "{error}");
        }
    }

    #[test]
    fn k10_hints_name_what_helps() {
        let hung_up = Error::Io { kind: IoErrorKind::UnexpectedEof, message: "failed to fill whole buffer".into() };
        let strict = sample_location().explain("open a session", WireFault::from_login(hung_up, true));
        assert_eq!(strict.code(), "target_tls");
        assert!(next_steps_text(&strict).contains("encrypt=on"), "{}", next_steps_text(&strict));
        let silent = WireFault::Timeout { after_ms: 15_000 }.at_login(true);
        assert!(next_steps_text(&sample_location().explain("open a session", silent)).contains("encrypt=on"));
        let timeout = Error::Conversion("SQL browser timeout during resolving instance X.".into());
        let unheard = sample_location().explain("open a session", WireFault::from_browser("h", "X", timeout));
        assert_eq!(unheard.code(), "target_network");
        assert!(
            unheard.to_string().contains("Browser") && next_steps_text(&unheard).contains("HOST:PORT"),
            "{unheard}"
        );
        assert!(!unheard.to_string().contains("Conversion"), "{unheard}");
        let name = WireFault::Tls(
            "invalid peer certificate: certificate not valid for name \"h\"; certificate is only \
                               valid for DnsName(\"db\")"
                .into(),
        );
        assert!(next_steps_text(&sample_location().explain("x", name)).contains("host name in the URL"));
        let denied = "The SELECT permission was denied on the object 'Tx]F', database 'T', schema 'dbo'.";
        let denied = sample_location().explain("read rows", server_fault(229, denied));
        assert!(next_steps_text(&denied).contains("GRANT SELECT ON [dbo].[Tx]]F]"), "{}", next_steps_text(&denied));
        assert!(
            next_steps_text(&sample_location().explain("x", server_fault(229, "no such words")))
                .contains("docs/sqlserver.md")
        );
    }

    #[test]
    fn what_may_succeed_later_is_transient() {
        assert!(
            server_fault(1205, "").is_transient()
                && server_fault(1222, "").is_transient()
                && server_fault(3960, "").is_transient()
        );
        assert!(!server_fault(547, "").is_transient() && !WireFault::Network("reset".into()).is_transient());
    }

    #[test]
    fn a_timeout_names_the_limit() {
        let error = sample_location().explain(
            "read rows",
            WireFault::from_driver(Error::Io { kind: IoErrorKind::TimedOut, message: "".into() }),
        );
        assert!(error.to_string().contains("300000 ms"), "{error}");
    }
}
