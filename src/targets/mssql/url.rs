//! The URL of a SQL Server database: parsing, checking, and its one canonical spelling. It never holds a password.

use std::path::PathBuf;

use url::{Host, Url};

use crate::model::{password, shown};
use crate::targets::TargetError;

/// The port of SQL Server's default instance.
const PORT: u16 = 1433;
/// The default limit for the network, TLS and the login together.
const CONNECT_TIMEOUT_MS: u64 = 15_000;
/// The default limit for the server's next packet of an answer: long enough for a scan of a large table.
const STATEMENT_TIMEOUT_MS: u64 = 300_000;
/// Timeouts beyond a day are typing errors.
const TIMEOUT_MS_MAX: u64 = 86_400_000;

/// How much of a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    /// TLS before the first TDS message (TDS 8.0).
    Strict,
    /// All of it.
    On,
    /// Only the login.
    Login,
    /// Nothing, the password included.
    Off,
}

/// Who logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MssqlLogin {
    /// A SQL Server login.
    Sql {
        /// The login that writes, and reads unless another one does.
        user: String,
        /// The login that only reads.
        read_user: Option<String>,
    },
    /// The account that runs the program (Windows or Kerberos).
    Integrated,
}

/// A SQL Server database, and how to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MssqlUrl {
    pub(super) login: MssqlLogin,
    pub(super) host: String,
    pub(super) port: Option<u16>,
    pub(super) instance: Option<String>,
    pub(super) database: String,
    pub(super) encrypt: Encryption,
    pub(super) trust_server_certificate: bool,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) connect_timeout_ms: u64,
    pub(super) statement_timeout_ms: u64,
}

/// Returns whether a URL has SQL Server's scheme, well-formed or not.
pub(in crate::targets) fn is_mssql(url: &str) -> bool {
    url.split_once(':').is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("mssql"))
}

impl MssqlUrl {
    /// Parses `mssql://user@host:port/Database?setting=value&...`.
    ///
    /// # Errors
    /// [`TargetError::Url`], which never repeats a password.
    pub(super) fn parse(text: &str) -> Result<Self, TargetError> {
        let without = without_password(text);
        if let Some(why) = as_elsewhere(text) {
            return Err(url_error(&without, why));
        }
        let parsed = Url::parse(text).map_err(|error| url_error(&without, &error.to_string()))?;
        // Every error below names the URL without whatever could be a password in it.
        let wrong = |why: &str| url_error(&without, why);
        if parsed.password().is_some() {
            return Err(wrong("a URL must not contain a password"));
        }
        let host = match parsed.host() {
            Some(Host::Domain(name)) if !name.is_empty() => percent_decode(name).to_lowercase(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            _ => return Err(wrong("it has no host")),
        };
        let database = percent_decode(parsed.path().trim_start_matches('/'));
        if database.is_empty() {
            return Err(wrong("it has no database; mfm uses no default database"));
        }
        let user = Some(percent_decode(parsed.username())).filter(|user| !user.is_empty());
        // Percent escapes can hide a password in the user or the host, as in `user%3Asecret%40host`.
        if user.as_ref().is_some_and(|user| user.contains(':'))
            || host.contains([':', '@']) && !is_address(parsed.host())
        {
            return Err(wrong("a URL must not contain a password, not even escaped"));
        }
        // In `mssql://user/secret@host/database` the path begins with a password.
        if parsed.path().contains('@') {
            return Err(wrong("write an @ after the host as %40; the user goes before the host"));
        }
        if password::is_in(&database) {
            return Err(wrong("a URL must not contain a password, not even after the database"));
        }
        if [user.as_deref().unwrap_or_default(), &host, &database].iter().any(|part| !shown::is_safe(part)) {
            return Err(wrong("it contains invisible characters"));
        }
        let mut url = Self {
            login: user.map_or(MssqlLogin::Integrated, |user| MssqlLogin::Sql { user, read_user: None }),
            host,
            port: parsed.port(),
            instance: None,
            database,
            encrypt: Encryption::On,
            trust_server_certificate: false,
            ca_file: None,
            connect_timeout_ms: CONNECT_TIMEOUT_MS,
            statement_timeout_ms: STATEMENT_TIMEOUT_MS,
        };
        for (name, value) in parsed.query_pairs() {
            url.apply_setting(&name, &value).map_err(|why| wrong(&why))?;
        }
        url.check_consistency().map_err(wrong)?;
        Ok(url)
    }

    fn apply_setting(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "instance" => self.instance = Some(value.to_owned()).filter(|name| !name.is_empty()),
            "encrypt" => {
                self.encrypt = parse_encryption(value).ok_or("encrypt must be one of strict, on, login, off")?;
            }
            "trust_server_certificate" => {
                self.trust_server_certificate =
                    parse_flag(value).ok_or("trust_server_certificate must be true or false")?;
            }
            "ca_file" => self.ca_file = Some(PathBuf::from(value)),
            "connect_timeout_ms" => self.connect_timeout_ms = timeout_ms(name, value)?,
            "statement_timeout_ms" => self.statement_timeout_ms = timeout_ms(name, value)?,
            "read_user" => match &mut self.login {
                MssqlLogin::Sql { read_user, .. } => {
                    *read_user = Some(value.to_owned()).filter(|user| !user.is_empty());
                }
                MssqlLogin::Integrated => return Err("read_user needs a user before the @".into()),
            },
            "password" | "pwd" => return Err("a URL must not contain a password".into()),
            _ if is_word(name) => return Err(format!("unknown setting `{name}`; the settings are {SETTINGS}")),
            // Not repeated: the name could be the rest of a password.
            _ => return Err(format!("malformed setting; the settings are {SETTINGS}")),
        }
        Ok(())
    }

    fn check_consistency(&self) -> Result<(), &'static str> {
        if self.trust_server_certificate && self.ca_file.is_some() {
            return Err("trust_server_certificate and ca_file exclude each other");
        }
        if self.port.is_some() && self.instance.is_some() {
            return Err("give either a port or an instance; an instance has its own port");
        }
        Ok(())
    }

    /// Returns the port to connect to, where the URL names no instance.
    pub(super) fn port_or_default(&self) -> u16 {
        self.port.unwrap_or(PORT)
    }

    /// Returns the one spelling of this URL: settings in a fixed order, without those that have their default value.
    pub(super) fn to_canonical(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let mut out = "mssql://".to_owned();
        let mut read_user = None;
        if let MssqlLogin::Sql { user, read_user: reader } = &self.login {
            out.push_str(&percent_encode(user).replace('/', "%2F"));
            out.push('@');
            read_user.clone_from(reader);
        }
        out.push_str(&host);
        if self.instance.is_none() {
            out.push_str(&format!(":{}", self.port_or_default()));
        }
        out.push('/');
        // A slash at the beginning of the name is escaped, because parsing strips leading slashes.
        let slashes = self.database.len() - self.database.trim_start_matches('/').len();
        out.push_str(&"%2F".repeat(slashes));
        out.push_str(&percent_encode(self.database.trim_start_matches('/')));
        let settings = [
            ("ca_file", self.ca_file.as_ref().map(|path| path.display().to_string())),
            ("connect_timeout_ms", unless_default(self.connect_timeout_ms, CONNECT_TIMEOUT_MS)),
            ("encrypt", (self.encrypt != Encryption::On).then(|| self.encrypt.word().to_owned())),
            ("instance", self.instance.clone()),
            ("read_user", read_user),
            ("statement_timeout_ms", unless_default(self.statement_timeout_ms, STATEMENT_TIMEOUT_MS)),
            ("trust_server_certificate", self.trust_server_certificate.then(|| "true".to_owned())),
        ];
        let mut separator = '?';
        for (name, value) in settings {
            if let Some(value) = value {
                out.push_str(&format!("{separator}{name}={}", percent_encode(&value)));
                separator = '&';
            }
        }
        out
    }
}

fn unless_default(ms: u64, default: u64) -> Option<String> {
    (ms != default).then(|| ms.to_string())
}

const SETTINGS: &str = "instance, encrypt, trust_server_certificate, ca_file, connect_timeout_ms, \
                        statement_timeout_ms, read_user";

impl Encryption {
    const fn word(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::On => "on",
            Self::Login => "login",
            Self::Off => "off",
        }
    }
}

fn parse_encryption(word: &str) -> Option<Encryption> {
    let all = [Encryption::Strict, Encryption::On, Encryption::Login, Encryption::Off];
    let flagged = parse_flag(word).map(|on| if on { Encryption::On } else { Encryption::Off });
    all.into_iter().find(|one| one.word() == word).or(flagged)
}

fn parse_flag(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

fn timeout_ms(name: &str, value: &str) -> Result<u64, String> {
    let parsed = value.parse().ok().filter(|ms| (1..=TIMEOUT_MS_MAX).contains(ms));
    parsed.ok_or_else(|| format!("{name} must be a number of milliseconds from 1 to {TIMEOUT_MS_MAX}"))
}

fn is_address(host: Option<Host<&str>>) -> bool {
    matches!(host, Some(Host::Ipv6(_)))
}

/// Returns whether a name has the form of a setting's name.
fn is_word(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Returns how to write an instance or a port, for a URL with `HOST\INSTANCE` or `HOST,PORT` as other programs take
/// them. The text of the URL is not repeated: it may hold a password.
fn as_elsewhere(text: &str) -> Option<&'static str> {
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host).to_ascii_uppercase();
    match () {
        () if host.contains('\\') || host.contains("%5C") => {
            Some("give the instance as a setting: mssql://USER@HOST/DATABASE?instance=INSTANCE")
        }
        () if host.contains(',') => Some("give the port after a colon: HOST:PORT"),
        () => None,
    }
}

fn url_error(url: &str, why: &str) -> TargetError {
    TargetError::Url { url: url.to_owned(), why: why.to_owned() }
}

/// Returns a URL for error messages, without anything that could be a password and without settings.
fn without_password(text: &str) -> String {
    let shown = password::hide_password(text);
    shown.split_once(['?', ';']).map_or(shown.as_str(), |(place, _)| place).to_owned()
}

fn percent_decode(text: &str) -> String {
    // `query_pairs` decodes percent escapes; a plus sign stands for itself outside a query.
    let query = format!("_={}", text.replace('+', "%2B"));
    let pair = url::form_urlencoded::parse(query.as_bytes()).next();
    pair.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonicalize(text: &str) -> String {
        MssqlUrl::parse(text).unwrap().to_canonical()
    }

    #[test]
    fn one_database_has_one_spelling() {
        for (given, spelt) in [
            ("mssql://sa@DB1/Mosaiq_Test", "mssql://sa@db1:1433/Mosaiq_Test"),
            ("mssql://sa@db1:1433/Mosaiq_Test?encrypt=true", "mssql://sa@db1:1433/Mosaiq_Test"),
            ("mssql://db1/T", "mssql://db1:1433/T"),
            ("mssql://a%40b@[::1]:1500/My%20Copy", "mssql://a%40b@[::1]:1500/My%20Copy"),
            ("mssql://sa@db1/T?instance=SQL2019", "mssql://sa@db1/T?instance=SQL2019"),
            (
                "mssql://w@h/T?trust_server_certificate=yes&read_user=r&encrypt=login&statement_timeout_ms=1000",
                "mssql://w@h:1433/T?encrypt=login&read_user=r&statement_timeout_ms=1000&trust_server_certificate=true",
            ),
            ("mssql://sa@h/T?ca_file=/etc/ca.pem", "mssql://sa@h:1433/T?ca_file=/etc/ca.pem"),
            ("mssql://sa%2Fx@h/%2FT%2Fu", "mssql://sa%2Fx@h:1433/%2FT/u"),
            ("mssql://sa@h/mfm'quote%22d%5D%25.%C3%A9%20", "mssql://sa@h:1433/mfm%27quote%22d%5D%25.%C3%A9%20"),
        ] {
            assert_eq!(canonicalize(given), spelt);
            assert_eq!(canonicalize(spelt), spelt);
        }
    }

    #[test]
    fn what_is_wrong_is_said_and_no_password_is_repeated() {
        for (given, part) in [
            ("mssql://sa:Secret1@h/T", "password"),
            ("mssql://sa@h/T?password=Secret1", "password"),
            ("mssql://sa@h/", "no database"),
            ("mssql://sa@h", "no database"),
            ("mssql:///T", "host"),
            ("mssql:T", "host"),
            ("mssql://sa@h/T?encrypted=on", "unknown setting `encrypted`"),
            ("mssql://sa@h/T?encrypt=perhaps", "strict, on, login, off"),
            ("mssql://sa@h/T?connect_timeout_ms=0", "milliseconds"),
            ("mssql://sa@h:1/T?instance=X", "a port or an instance"),
            ("mssql://h/T?read_user=r", "before the @"),
            ("mssql://sa:Secret1@h:port/T", "port"),
            ("mssql://sa@h/T?trust_server_certificate=1&ca_file=a", "exclude each other"),
            ("mssql://sa:1/x?Secret1@h/T", "malformed setting"),
            ("mssql:/sa:Secret1@h/T", "no host"),
            ("mssql://sa@h/T;password=Secret1", "after the database"),
            ("mssql://sa/Secret1@h/T", "%40"),
            ("mssql://sa:Secret1/T", "port"),
            ("mssql://sa%3ASecret1%40h/T?x=1", "escaped"),
            ("mssql://sa%3ASecret1@h/T?x=1", "escaped"),
            ("mssql://sa@DB1,1433/T", "HOST:PORT"),
            (r"mssql://sa@DB1\SQL2019/T", "?instance=INSTANCE"),
            (r"mssql://sa:Secret1@DB1\SQL2019", "?instance=INSTANCE"),
            (r"mssql://sa:\Secret1/T", "?instance=INSTANCE"),
            ("mssql://DB1%5CSQL2019/T?encrypt=on", "?instance=INSTANCE"),
        ] {
            let error = MssqlUrl::parse(given).unwrap_err();
            assert_eq!(error.code(), "target_url", "{given}");
            assert!(error.to_string().contains(part), "{given}: {error}");
            let said = format!("{error} {:?}", error.next());
            assert!(!said.contains("Secret1"), "{said}");
        }
    }
}
