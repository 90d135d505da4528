//! Passwords of database servers, from a file, a variable or a prompt. Each is read once; none is printed or stored.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::{Path, PathBuf};

use crate::file::{self, FileError};
use crate::model::Refusal;
use crate::model::ports::{Account, Secrets};
use crate::ops::servers::Servers;

/// The variable with the password of a login.
pub(super) const VARIABLE: &str = "MFM_MSSQL_PASSWORD";
/// The variable with the password of a login that only reads.
pub(super) const READ_VARIABLE: &str = "MFM_MSSQL_READ_PASSWORD";
/// No server takes a longer password; a longer file is something else. In bytes.
const BYTES_MAX: u64 = 4096;

/// Said of a missing password file. The name is left out, because it may be the password itself.
const NO_FILE: &str = "the password file that was named does not exist (its name is not repeated here)";

/// Tells whether a variable holds a password.
pub(super) fn holds_password(variable: &str) -> bool {
    [VARIABLE, READ_VARIABLE].contains(&variable)
}

/// A password, which `Debug` does not print.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Password(pub(super) String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// What `--password-file` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PasswordSource {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

impl PasswordSource {
    /// Parses the argument of `--password-file`; `-` is standard input.
    pub(super) fn from_argument(argument: &Path) -> Self {
        if argument == Path::new("-") { Self::Stdin } else { Self::File(argument.to_owned()) }
    }

    fn read(&self) -> Result<Password, String> {
        match self {
            Self::Stdin if io::stdin().is_terminal() => {
                Err("standard input is a terminal: omit --password-file to be asked".to_owned())
            }
            Self::Stdin => {
                read_password(io::stdin().lock()).map_err(|why| format!("the password on standard input: {why}"))
            }
            Self::File(path) => {
                let file = open_file(path).map_err(|error| match error {
                    // People often put the password itself where its file's name belongs.
                    error if error.is_missing() => NO_FILE.to_owned(),
                    error => format!("the password file {}: {error}", path.display()),
                })?;
                let password = check_private(&file).and_then(|()| read_password(file));
                password.map_err(|why| format!("the password file {}: {why}", path.display()))
            }
        }
    }
}

/// Opens a password file without blocking. A descriptor that the shell opened, as for `<(...)`, is a pipe, which
/// `file::open` would refuse.
fn open_file(path: &Path) -> Result<File, FileError> {
    if ["/dev/fd", "/proc/self/fd"].iter().any(|folder| path.parent() == Some(Path::new(folder))) {
        return Ok(File::open(path)?);
    }
    file::open_regular(path)
}

/// Where the password of one kind of login comes from, before a person is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LoginSources {
    /// From `--password-file` or `--read-password-file`.
    pub(super) file: Option<PasswordSource>,
    /// From the environment.
    pub(super) variable: Option<Password>,
}

/// Where passwords come from, and where they may go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Logins {
    /// Where the password of a server's login comes from.
    pub(super) whole: LoginSources,
    /// Where the password of the read-only login comes from.
    pub(super) reads: LoginSources,
    /// The servers that passwords may be sent to.
    pub(super) servers: Servers,
}

/// Refuses a file that anyone but its owner could read or change.
#[cfg(unix)]
fn check_private(file: &File) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata().map_err(|error| error.to_string())?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(format!("users other than its owner can access it (mode {mode:04o}); chmod 600 makes it private"))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
fn check_private(_: &File) -> Result<(), String> {
    Ok(())
}

/// Reads a password to the end of its source, without one newline there.
fn read_password(source: impl Read) -> Result<Password, String> {
    let mut bytes = Vec::new();
    // One byte more than allowed shows that the source is too long.
    source.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(format!("it is larger than {BYTES_MAX} bytes, too long for a password"));
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let line = text.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).unwrap_or(&text);
    if line.is_empty() { Err("it is empty".to_owned()) } else { Ok(Password(line.to_owned())) }
}

/// Asks a person for a password.
pub(super) trait PasswordPrompt {
    /// Asks without echo; `None` if no person can be asked, an error if the answer could not be read.
    fn ask_hidden(&self, prompt: &str) -> Option<Result<String, String>>;
}

/// Asks no one: the terminal carries a protocol, or is drawn on.
#[cfg(any(feature = "mcp", feature = "tui"))]
pub(super) struct NoPrompt;

#[cfg(any(feature = "mcp", feature = "tui"))]
impl PasswordPrompt for NoPrompt {
    fn ask_hidden(&self, _: &str) -> Option<Result<String, String>> {
        None
    }
}

/// A login as (URL, user, only reads).
type LoginKey = (String, String, bool);

/// The passwords of this process.
pub(super) struct Keyring<'a> {
    sources: &'a Logins,
    person: &'a dyn PasswordPrompt,
    note: &'a dyn Fn(&str),
    found: RefCell<BTreeMap<LoginKey, Password>>,
    /// Standard input can be read only once, but several servers may need its password.
    stdin: RefCell<Option<Password>>,
}

impl<'a> Keyring<'a> {
    /// Calls `note` with the source of each password, once it is known.
    pub(super) fn new(sources: &'a Logins, person: &'a dyn PasswordPrompt, note: &'a dyn Fn(&str)) -> Self {
        Self { sources, person, note, found: RefCell::default(), stdin: RefCell::default() }
    }

    fn resolve_password(&self, login: &Account<'_>) -> Result<Password, String> {
        let (sources, flag, variable) = if login.reads_only {
            (&self.sources.reads, "--read-password-file", READ_VARIABLE)
        } else {
            (&self.sources.whole, "--password-file", VARIABLE)
        };
        // A flag wins over the variable, and that over a person.
        if let Some(source) = &sources.file {
            self.note_source(login, flag);
            return self.read_once(source);
        }
        if let Some(password) = &sources.variable {
            self.note_source(login, variable);
            return Ok(password.clone());
        }
        match self.person.ask_hidden(&format!("Password of {} for {}: ", login.user, login.url)) {
            Some(Ok(line)) if line.is_empty() => Err("no password was entered".to_owned()),
            Some(Ok(line)) => {
                self.note_source(login, "a person");
                Ok(Password(line))
            }
            Some(Err(why)) => Err(format!("the password could not be read: {why}")),
            None => Err(format!(
                "no password for {}: name a file with {flag}, set {variable}, or run at a terminal to be asked",
                login.user
            )),
        }
    }

    fn note_source(&self, login: &Account<'_>, place: &str) {
        (self.note)(&format!("password of {} by {place}", login.user));
    }

    fn read_once(&self, source: &PasswordSource) -> Result<Password, String> {
        if *source != PasswordSource::Stdin {
            return source.read();
        }
        if let Some(password) = self.stdin.borrow().as_ref() {
            return Ok(password.clone());
        }
        let password = source.read()?;
        *self.stdin.borrow_mut() = Some(password.clone());
        Ok(password)
    }
}

impl Secrets for Keyring<'_> {
    fn password(&self, login: &Account<'_>) -> Result<String, String> {
        // The caller is about to send the password to this server, which may be named by a foreign journal only.
        self.permit_login(login.url).map_err(|refusal| refusal.to_string())?;
        let key = (login.url.to_owned(), login.user.to_owned(), login.reads_only);
        // A command may open the target more than once, but a person types the password once.
        if let Some(Password(password)) = self.found.borrow().get(&key) {
            return Ok(password.clone());
        }
        let password = self.resolve_password(login)?;
        self.found.borrow_mut().insert(key, password.clone());
        Ok(password.0)
    }

    fn permit_login(&self, url: &str) -> Result<(), Refusal> {
        self.sources.servers.permit(url)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Answers with a line or not at all, and counts how often it was asked.
    struct Person(Option<&'static str>, Cell<u32>);

    impl PasswordPrompt for Person {
        fn ask_hidden(&self, prompt: &str) -> Option<Result<String, String>> {
            assert!(prompt.contains("sa") && prompt.contains("mssql://"), "{prompt}");
            self.1.set(self.1.get() + 1);
            self.0.map(|line| Ok(line.to_owned()))
        }
    }

    fn login(reads_only: bool) -> Account<'static> {
        Account { user: "sa", url: "mssql://sa@localhost:1433/Copy", reads_only }
    }

    /// The one server that the user named.
    fn known_servers() -> Servers {
        Servers::from_words([login(false).url], &[], None, crate::file::owner::TrustedOwners::default())
    }

    #[test]
    fn k6_no_password_for_a_server_that_only_a_journal_names() {
        let logins = Logins { whole: variable("Tr0ub4dor"), servers: known_servers(), ..Logins::default() };
        let person = Person(Some("typed"), Cell::new(0));
        let keyring = Keyring::new(&logins, &person, &|_| ());
        for reads_only in [false, true] {
            let stranger = Account { user: "sa", url: "mssql://sa@stranger:1433/Copy", reads_only };
            let why = keyring.password(&stranger).unwrap_err();
            assert!(why.contains("you have not confirmed it"), "{why}");
        }
        assert_eq!(person.1.get(), 0, "nor is anybody asked for one");
        assert_eq!(keyring.password(&login(false)).unwrap(), "Tr0ub4dor");
    }

    fn variable(password: &str) -> LoginSources {
        LoginSources { file: None, variable: Some(Password(password.to_owned())) }
    }

    fn ask(
        whole: &LoginSources,
        reads: &LoginSources,
        person: &Person,
        reads_only: bool,
    ) -> (Result<String, String>, String) {
        let notes = RefCell::new(String::new());
        let note = |text: &str| notes.borrow_mut().push_str(text);
        let logins = Logins { whole: whole.clone(), reads: reads.clone(), servers: known_servers() };
        let answer = Keyring::new(&logins, person, &note).password(&login(reads_only));
        (answer, notes.into_inner())
    }

    fn absent_person() -> Person {
        Person(None, Cell::new(0))
    }

    #[test]
    fn the_file_wins_over_the_variable_and_that_over_a_person() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "of-the-file\n").unwrap();
        set_mode(&path, 0o600);
        let both = LoginSources { file: Some(PasswordSource::from_argument(&path)), ..variable("of-the-variable") };
        let person = Person(Some("of-a-person"), Cell::new(0));
        let none = LoginSources::default();
        assert_eq!(ask(&both, &none, &person, false).0.unwrap(), "of-the-file");
        assert_eq!(ask(&variable("of-the-variable"), &none, &person, false).0.unwrap(), "of-the-variable");
        assert_eq!(person.1.get(), 0);
        assert_eq!(ask(&none, &none, &person, false).0.unwrap(), "of-a-person");
        assert_eq!(ask(&none, &both, &person, true).0.unwrap(), "of-the-file");
        // The read-only login does not fall back on the password of the other.
        assert_eq!(ask(&both, &none, &person, true).0.unwrap(), "of-a-person");
    }

    #[test]
    fn a_person_is_asked_once_for_each_login() {
        let person = Person(Some("typed"), Cell::new(0));
        let (none, silent) = (Logins { servers: known_servers(), ..Logins::default() }, |_: &str| ());
        let keyring = Keyring::new(&none, &person, &silent);
        for _ in 0..3 {
            keyring.password(&login(false)).unwrap();
            keyring.password(&login(true)).unwrap();
        }
        assert_eq!(person.1.get(), 2);
    }

    #[test]
    fn without_a_terminal_the_three_ways_are_named() {
        let none = LoginSources::default();
        let (failed, _) = ask(&none, &variable("x"), &absent_person(), false);
        let why = failed.unwrap_err();
        assert!(["--password-file", "MFM_MSSQL_PASSWORD", "terminal"].iter().all(|way| why.contains(way)), "{why}");
        let why = ask(&variable("x"), &none, &absent_person(), true).0.unwrap_err();
        assert!(["--read-password-file", READ_VARIABLE].iter().all(|way| why.contains(way)), "{why}");
        let why = ask(&none, &none, &Person(Some(""), Cell::new(0)), false).0.unwrap_err();
        assert_eq!(why, "no password was entered");
    }

    #[test]
    fn nothing_shows_a_password() {
        let (answer, notes) = ask(&variable("Tr0ub4dor"), &LoginSources::default(), &absent_person(), false);
        assert_eq!(answer.unwrap(), "Tr0ub4dor");
        assert_eq!(notes, "password of sa by MFM_MSSQL_PASSWORD");
        assert!(!format!("{:?}", variable("Tr0ub4dor")).contains("Tr0ub"));
    }

    #[test]
    fn one_newline_at_the_end_is_no_part_of_a_password() {
        let read = |text: &str| read_password(text.as_bytes()).map(|password| password.0);
        assert_eq!(read(" a b \n").unwrap(), " a b ");
        assert_eq!(read("a\r\n").unwrap(), "a");
        assert_eq!(read("a\n\n").unwrap(), "a\n");
        assert_eq!(read("a\r").unwrap(), "a\r");
        assert_eq!(read("\n").unwrap_err(), "it is empty");
        assert!(read_password(&b"\xff\n"[..]).is_err());
        assert!(read(&"x".repeat(4096)).is_ok() && read(&"x".repeat(4097)).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_use_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "Tr0ub4dor").unwrap();
        let read = || PasswordSource::from_argument(&path).read();
        for mode in [0o640, 0o604, 0o620, 0o601, 0o666] {
            set_mode(&path, mode);
            let why = read().unwrap_err();
            assert!(why.contains(&format!("{mode:04o}")) && why.contains("chmod 600"), "{why}");
            assert!(!why.contains("Tr0ub"), "{why}");
        }
        for mode in [0o600, 0o400] {
            set_mode(&path, mode);
            assert_eq!(read().unwrap().0, "Tr0ub4dor");
        }
        let missing = PasswordSource::from_argument(Path::new("Tr0ub4dor")).read().unwrap_err();
        assert!(missing.contains("does not exist") && !missing.contains("Tr0ub"), "{missing}");
    }

    #[cfg(unix)]
    fn set_mode(path: &Path, mode: u32) {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[cfg(not(unix))]
    fn set_mode(_: &Path, _: u32) {}
}
