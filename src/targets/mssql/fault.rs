//! What goes wrong on the wire, told apart, and what it means to the person who runs mfm; decides nothing further.

use tiberius::error::{Error, IoErrorKind, TokenError};

use super::sql::qualified;
use crate::model::Refusal;
use crate::targets::TargetError;

/// Something that the driver or the server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The server answered with an error; the connection lives.
    Server {
        /// The error's number.
        number: u32,
        /// Its severity class.
        class: u8,
        /// Its words.
        message: String,
    },
    /// Nobody there, or the connection is gone.
    Network(String),
    /// The encryption, or the certificate.
    Tls(String),
    /// The login was refused.
    Login(String),
    /// The server has no such database, or one that it lets this login into not at all, or not just now: its words.
    Barred(String),
    /// The server said nothing in time.
    Timeout {
        /// How long was waited.
        after_ms: u64,
    },
    /// The server's bytes make no sense to the driver.
    Protocol(String),
    /// A cell has no exact form.
    Cell(String),
}

/// Why an exchange of rows stopped: something went wrong on the wire, or with a row.
pub(super) enum Stopped {
    /// On the wire.
    Fault(Fault),
    /// With a row.
    Target(TargetError),
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl<E: Into<TargetError>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Target(error.into())
    }
}

/// A database's name in errors, and how long mfm waits there.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) url: String,
    pub(super) wait_ms: u64,
    pub(super) statement_timeout_ms: u64,
}

/// Errors of a login to a database that is not there, that the login may not enter, or that lets nobody in just now:
/// offline, restoring, recovering, taken by a single user, in an availability group the secondary.
const BARRED: [u32; 24] = [
    904, 905, 911, 916, 921, 922, 923, 924, 926, 927, 942, 945, 946, 952, 954, 955, 976, 978, 979, 981, 982, 983, 4060,
    4064,
];
/// Errors of a login: wrong user or password, locked, expired, not trusted.
const LOGIN: [u32; 8] = [18_401, 18_452, 18_456, 18_461, 18_470, 18_486, 18_487, 18_488];
/// Errors of missing permission.
const PERMISSION: [u32; 11] = [229, 230, 262, 297, 300, 1088, 2760, 3701, 15_151, 15_247, 21_089];
/// A deadlock's victim; an update that lost against another in a snapshot.
const DEADLOCK: [u32; 3] = [1205, 3960, 3961];
/// A lock that was not given in time.
const LOCKED: u32 = 1222;
/// No room: in the database's files, its log, or tempdb.
const FULL: [u32; 5] = [1101, 1105, 9002, 3257, 5149];
/// The database cannot be written.
const READ_ONLY: [u32; 2] = [3906, 3908];
/// Classes from here on end the connection.
const CLASS_FATAL: u8 = 20;

impl Fault {
    /// Tells apart what a statement met.
    pub(super) fn of(error: Error) -> Self {
        match error {
            Error::Server(said) => Self::said(&said),
            Error::Io { kind: IoErrorKind::TimedOut, .. } => Self::Timeout { after_ms: 0 },
            Error::Io { message, .. } => Self::Network(ended(message)),
            Error::Tls(why) => Self::Tls(why),
            Error::Utf16 | Error::Utf8 => Self::Cell("text with half a surrogate pair".to_owned()),
            Error::Encoding(why) | Error::Conversion(why) => Self::Cell(why.into_owned()),
            Error::Protocol(why) if HUNG_UP.contains(&why.as_ref()) => Self::Network(ended(why.into_owned())),
            other => Self::Protocol(other.to_string()),
        }
    }

    /// Tells apart what a login met, `strict` where TLS came before the first byte.
    pub(super) fn of_login(error: Error, strict: bool) -> Self {
        Self::of(error).at_login(strict)
    }

    /// Says what the same means while nobody is logged in yet.
    pub(super) fn at_login(self, strict: bool) -> Self {
        match self {
            Self::Server { number, message, .. } if BARRED.contains(&number) || says(&message, &BARRED_WORDS) => {
                Self::Barred(message)
            }
            Self::Server { message, .. } => Self::Login(message),
            Self::Network(why) if strict => Self::Tls(format!("{NOT_STRICT}: {why}")),
            Self::Timeout { after_ms } if strict => Self::Tls(format!("{NOT_STRICT}: no answer in {after_ms} ms")),
            // A server that refuses TLS hangs up in the middle of the handshake.
            Self::Network(why) if TLS_WORDS.iter().any(|word| why.contains(word)) => Self::Tls(why),
            Self::Protocol(why) if why.contains("ncrypt") || why.contains("TLS") => Self::Tls(why),
            other => other,
        }
    }

    /// Says what asking a server for the port of an instance met.
    pub(super) fn of_browser(host: &str, instance: &str, error: Error) -> Self {
        let asked = format!("the SQL Server Browser at {host}, UDP port 1434, for the port of instance {instance}");
        Self::Network(match error {
            Error::Conversion(why) if why.contains("timeout") => format!("nobody answered who asked {asked}"),
            Error::Conversion(_) => format!("no port was named by {asked}"),
            Error::Io { message, .. } => format!("asked {asked}: {message}"),
            other => format!("asked {asked}: {other}"),
        })
    }

    fn said(said: &TokenError) -> Self {
        Self::Server { number: said.code(), class: said.class(), message: said.message().to_owned() }
    }

    /// Tells whether the connection is of no further use, and nobody knows what the server made of the last statement.
    pub(super) const fn lost(&self) -> bool {
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

    /// Tells whether the same transaction may well succeed when it is tried again.
    pub(super) fn transient(&self) -> bool {
        let Self::Server { number, message, .. } = self else { return false };
        let numbered = *number == LOCKED || DEADLOCK.contains(number);
        numbered || says(message, &DEADLOCK_WORDS) || says(message, &LOCK_WORDS)
    }

    /// Returns the number of the server's error.
    pub(super) const fn number(&self) -> Option<u32> {
        if let Self::Server { number, .. } = self { Some(*number) } else { None }
    }
}

/// Servers that speak T-SQL without SQL Server's numbers say it in words.
const BARRED_WORDS: [&str; 1] = ["Cannot open database"];
const DEADLOCK_WORDS: [&str; 2] = ["deadlock", "could not serialize access"];
const DENIED_WORDS: [&str; 3] = ["permission denied", "permission was denied", "must be owner of"];
const LOCK_WORDS: [&str; 2] = ["lock timeout", "Lock request time out"];

fn says(message: &str, words: &[&str]) -> bool {
    words.iter().any(|word| message.contains(word))
}

impl Place {
    /// Returns a closure that says what a fault means here.
    pub(super) fn error<'p>(&'p self, what: &'p str) -> impl Fn(Fault) -> TargetError + 'p {
        move |fault| self.explain(what, fault)
    }

    /// Returns a closure that says why rows stopped.
    pub(super) fn stopped<'p>(&'p self, what: &'p str) -> impl Fn(Stopped) -> TargetError + 'p {
        move |stopped| match stopped {
            Stopped::Fault(fault) => self.explain(what, fault),
            Stopped::Target(error) => error,
        }
    }

    /// Says what a fault means here.
    pub(super) fn explain(&self, what: &str, fault: Fault) -> TargetError {
        let (url, what) = (self.url.clone(), what.to_owned());
        match fault {
            Fault::Network(why) | Fault::Protocol(why) => TargetError::Network { url, what, why },
            Fault::Tls(why) => TargetError::Tls { url, why: tidy(&why) },
            Fault::Login(why) => TargetError::Login { url, why },
            Fault::Barred(why) => TargetError::Barred { url, why },
            Fault::Timeout { after_ms: 0 } => TargetError::Timeout { url, what, after_ms: self.statement_timeout_ms },
            Fault::Timeout { after_ms } => TargetError::Timeout { url, what, after_ms },
            Fault::Cell(why) => Refusal::Unsupported { what: why }.into(),
            Fault::Server { class, message, .. } if class >= CLASS_FATAL => {
                TargetError::Network { url, what, why: message }
            }
            Fault::Server { number, message, .. } => self.said(what, number, message),
        }
    }

    fn said(&self, what: String, number: u32, message: String) -> TargetError {
        let url = self.url.clone();
        match number {
            LOCKED => TargetError::Busy { url, wait_ms: self.wait_ms },
            _ if says(&message, &LOCK_WORDS) => TargetError::Busy { url, wait_ms: self.wait_ms },
            _ if DEADLOCK.contains(&number) || says(&message, &DEADLOCK_WORDS) => TargetError::Deadlock { url, what },
            _ if LOGIN.contains(&number) => TargetError::Login { url, why: message },
            _ if PERMISSION.contains(&number) || says(&message, &DENIED_WORDS) => {
                TargetError::Permission { url, what, grant: grant(&message), why: message }
            }
            _ if FULL.contains(&number) => TargetError::Full { url },
            _ if READ_ONLY.contains(&number) => TargetError::ReadOnly { url, why: message },
            _ => TargetError::Failed { url, what, why: format!("{message} (error {number})") },
        }
    }

    /// Returns an error in mfm's own words.
    pub(super) fn failed(&self, what: &str, why: impl Into<String>) -> TargetError {
        TargetError::Failed { url: self.url.clone(), what: what.to_owned(), why: why.into() }
    }
}

/// Returns the words that grant what a message says is missing, where it names both; `None` where it does not.
fn grant(message: &str) -> Option<String> {
    let (permission, rest) = message.strip_prefix("The ")?.split_once(" permission was denied on the object '")?;
    let (object, rest) = rest.split_once("', database '")?;
    let schema = rest.rsplit_once("schema '")?.1.trim_end_matches(['.', '\'']);
    Some(format!("GRANT {permission} ON {}", qualified(schema, object)))
}

/// What is said where a connection that begins with TLS ends before the login.
const NOT_STRICT: &str = "the server may speak no TDS 8.0, in which TLS comes first";

/// What tells a failed handshake from a connection that broke.
const TLS_WORDS: [&str; 4] = ["certificate", "handshake", "fatal alert", "TLS"];

/// What the driver says where the other side hung up.
const HUNG_UP: [&str; 2] = ["failed to fill whole buffer", "No more packets in the wire"];

/// Says in plain words that the other side hung up.
fn ended(why: String) -> String {
    if HUNG_UP.contains(&why.as_str()) { "the server ended the connection before it answered".to_owned() } else { why }
}

/// Leaves out the driver's advice, which names its own functions.
fn tidy(why: &str) -> String {
    why.split(" To connect anyway").next().unwrap_or(why).trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place { url: "mssql://u@h:1433/T".into(), wait_ms: 5000, statement_timeout_ms: 300_000 }
    }

    fn server(number: u32, message: &str) -> Fault {
        Fault::Server { number, class: 14, message: message.into() }
    }

    /// Returns the sentences of what to do next.
    fn said(error: &TargetError) -> String {
        error.next().as_slice().iter().map(|step| step.text.clone()).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn errors_are_told_apart_and_each_has_a_hint() {
        for (fault, code, lost) in [
            (Fault::Login("Login failed for user 'u'.".into()), "target_login", true),
            (Fault::Barred("Cannot open database".into()), "target_barred", true),
            (server(229, "The SELECT permission was denied"), "target_permission", false),
            (server(33_557_097, "permission denied for table t"), "target_permission", false),
            (server(33_557_097, "must be owner of table t"), "target_permission", false),
            (server(1205, "chosen as the deadlock victim"), "target_deadlock", false),
            (server(33_557_097, "deadlock detected"), "target_deadlock", false),
            (server(1222, "Lock request time out period exceeded."), "target_busy", false),
            (server(33_557_097, "canceling statement due to lock timeout"), "target_busy", false),
            (server(1105, "Could not allocate space"), "target_full", false),
            (server(3906, "the database is read-only"), "target_read_only", false),
            (server(8134, "Divide by zero"), "target_failed", false),
            (Fault::Network("connection reset".into()), "target_network", true),
            (Fault::Tls("invalid peer certificate: UnknownIssuer".into()), "target_tls", true),
            (Fault::Timeout { after_ms: 0 }, "target_timeout", true),
            (Fault::Protocol("unknown token".into()), "target_network", true),
        ] {
            assert_eq!(fault.lost(), lost, "{fault:?}");
            let error = place().explain("read rows", fault);
            assert_eq!(error.code(), code);
            assert!(!error.next().is_empty());
        }
        assert!(Fault::Server { number: 596, class: 21, message: "session killed".into() }.lost());
    }

    #[test]
    fn the_drivers_words_for_a_hang_up_are_said_plainly() {
        let eof = Error::Io { kind: IoErrorKind::UnexpectedEof, message: "failed to fill whole buffer".into() };
        for fault in [Fault::of(eof), Fault::of(Error::Protocol("No more packets in the wire".into()))] {
            assert_eq!(fault, Fault::Network("the server ended the connection before it answered".into()));
            assert!(fault.lost());
        }
    }

    #[test]
    fn a_handshake_that_ends_in_an_alert_is_no_broken_connection() {
        let alert =
            || Error::Io { kind: IoErrorKind::InvalidData, message: "received fatal alert: HandshakeFailure".into() };
        assert!(matches!(Fault::of_login(alert(), false), Fault::Tls(_)));
        assert!(matches!(Fault::of(alert()), Fault::Network(_)));
    }

    #[test]
    fn k10_a_login_that_the_database_keeps_out_is_barred_and_says_nothing_of_absence() {
        for number in [916, 927, 942, 4060, 976] {
            let fault = server(number, "Cannot open database").at_login(false);
            let error = place().explain("open a session", fault);
            assert_eq!(error.code(), "target_barred", "{number}");
            assert!(!format!("{error} {}", said(&error)).contains("no such database"), "{error}");
        }
    }

    #[test]
    fn k10_hints_name_what_helps() {
        let hung_up = Error::Io { kind: IoErrorKind::UnexpectedEof, message: "failed to fill whole buffer".into() };
        let strict = place().explain("open a session", Fault::of_login(hung_up, true));
        assert_eq!(strict.code(), "target_tls");
        assert!(said(&strict).contains("encrypt=on"), "{}", said(&strict));
        let silent = Fault::Timeout { after_ms: 15_000 }.at_login(true);
        assert!(said(&place().explain("open a session", silent)).contains("encrypt=on"));
        let timeout = Error::Conversion("SQL browser timeout during resolving instance X.".into());
        let unheard = place().explain("open a session", Fault::of_browser("h", "X", timeout));
        assert_eq!(unheard.code(), "target_network");
        assert!(unheard.to_string().contains("Browser") && said(&unheard).contains("HOST:PORT"), "{unheard}");
        assert!(!unheard.to_string().contains("Conversion"), "{unheard}");
        let name = Fault::Tls(
            "invalid peer certificate: certificate not valid for name \"h\"; certificate is only \
                               valid for DnsName(\"db\")"
                .into(),
        );
        assert!(said(&place().explain("x", name)).contains("the name in the URL"));
        let denied = "The SELECT permission was denied on the object 'Tx]F', database 'T', schema 'dbo'.";
        let denied = place().explain("read rows", server(229, denied));
        assert!(said(&denied).contains("GRANT SELECT ON [dbo].[Tx]]F]"), "{}", said(&denied));
        assert!(said(&place().explain("x", server(229, "no such words"))).contains("docs/sqlserver.md"));
    }

    #[test]
    fn what_may_succeed_later_is_transient() {
        assert!(server(1205, "").transient() && server(1222, "").transient() && server(3960, "").transient());
        assert!(!server(547, "").transient() && !Fault::Network("reset".into()).transient());
    }

    #[test]
    fn a_timeout_names_the_limit() {
        let error =
            place().explain("read rows", Fault::of(Error::Io { kind: IoErrorKind::TimedOut, message: "".into() }));
        assert!(error.to_string().contains("300000 ms"), "{error}");
    }
}
