//! The settings: flags win over the environment, that over `mfm.toml`, and that over the user's configuration.

use std::collections::BTreeMap;
use std::env::VarError;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Deserialize;

use super::args::Globals;
use super::completion;
use super::secrets::{self, LoginSources, Logins, Password, PasswordSource};
use crate::file;
use crate::file::owner::TrustedOwners;
use crate::model::{password, shown};
use crate::ops::servers::Servers;
use crate::ops::{Failure, FailureKind, toml_fault};

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    /// Tables and sentences, for people
    #[default]
    Table,
    /// One JSON object, for programs
    Json,
    /// Tab-separated values with a header line, for shell tools
    Plain,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Color {
    /// On terminals
    #[default]
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

impl Color {
    /// Converts to the choice of the output streams.
    pub(super) const fn to_choice(self) -> anstream::ColorChoice {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
    }
}

/// What the process was started with: variables, arguments and the current folder.
#[derive(Clone, Debug, Default)]
pub(super) struct Environment {
    /// The variables that mfm reads, if set and not empty; without passwords.
    pub(super) variables: BTreeMap<&'static str, String>,
    /// The variables that hold passwords, which are never printed.
    pub(super) passwords: BTreeMap<&'static str, Password>,
    pub(super) folder: PathBuf,
    /// The arguments after the program's name.
    pub(super) words: Vec<String>,
    /// A variable whose value is not UTF-8, which must not be mistaken for one that is not set.
    pub(super) unreadable: Option<&'static str>,
}

/// Every environment variable that mfm looks at.
const VARIABLES: [&str; 24] = [
    "MFM_JOURNAL",
    "MFM_TARGET",
    "MFM_FORMAT",
    "MFM_ACTOR",
    secrets::VARIABLE,
    secrets::READ_VARIABLE,
    "NO_COLOR",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "HOME",
    "SUDO_UID",
    "USER",
    "LOGNAME",
    "USERNAME",
    "COLUMNS",
    "PAGER",
    "TERM",
    "COLORFGBG",
    "LC_ALL",
    "LC_CTYPE",
    "LANG",
    completion::VARIABLE,
    completion::INDEX,
    completion::SEPARATOR,
];

impl Environment {
    /// Reads the environment of this process.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub(super) fn from_process() -> Self {
        let folder = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
        let mut around = Self { folder, words, ..Self::default() };
        for name in VARIABLES {
            match std::env::var(name) {
                // An empty variable counts as one that is not set.
                Ok(value) if value.is_empty() => {}
                Ok(value) if secrets::holds_password(name) => drop(around.passwords.insert(name, Password(value))),
                Ok(value) => drop(around.variables.insert(name, value)),
                Err(VarError::NotPresent) => {}
                Err(VarError::NotUnicode(_)) => around.unreadable = Some(name),
            }
        }
        around
    }

    /// Returns a variable that is set and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    fn xdg(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        // The XDG specification wants relative paths to be ignored.
        let absolute = self.get(variable).map(PathBuf::from).filter(|path| path.is_absolute());
        absolute.or_else(|| Some(Path::new(self.get("HOME")?).join(below_home)))
    }
}

/// A configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    journal: Option<PathBuf>,
    target: Option<String>,
    format: Option<Format>,
    actor: Option<String>,
    color: Option<Color>,
    /// Folders whose files are trusted whoever owns them; only the user's own file may say so.
    trusted_folders: Option<Vec<PathBuf>>,
}

impl Config {
    /// Reads the user's own file, also through a link. A missing one is empty.
    fn read_user_file(path: &Path) -> Result<Self, Failure> {
        match file::read_text(path, file::TEXT_BYTES_MAX) {
            Ok(text) => Self::parse(path, &text),
            Err(error) if error.is_missing() => Ok(Self::default()),
            Err(error) => Err(config_failure(path, &error.to_string())),
        }
    }

    /// Reads a project's file, which is refused unless its owner is trusted: it may have come with a download.
    fn read_project_file(path: &Path, owners: &TrustedOwners) -> Result<Self, Failure> {
        owners.check_file(path).map_err(|why| untrusted_failure(path, &why, ""))?;
        let text = owners.read(path).map_err(|why| config_failure(path, &why))?;
        let config = Self::parse(path, &text)?;
        if config.trusted_folders.is_some() {
            return Err(config_failure(path, "trusted_folders is only allowed in the user's own configuration"));
        }
        // An existing journal is judged by its own owner, whoever wrote the file that names it.
        if let Some(journal) = config.journal.as_deref().filter(|journal| journal.symlink_metadata().is_ok()) {
            owners.check_file(journal).map_err(|why| untrusted_failure(journal, &why, JOURNAL_NAMED))?;
        }
        Ok(config)
    }

    /// Parses a file; paths in it are relative to its folder.
    fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        // A link may lead to a file that must not be shown, so the error quotes none of its lines.
        let mut config: Self = toml::from_str(text).map_err(|error| config_failure(path, &toml_fault(text, &error)))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        config.journal = config.journal.map(|journal| folder.join(journal));
        config.target = config.target.map(|target| match target.strip_prefix("sqlite:") {
            Some(file) => format!("sqlite:{}", folder.join(file).display()),
            None => target,
        });
        Ok(config)
    }

    /// Returns these settings, completed from `other`.
    fn or(self, other: Self) -> Self {
        Self {
            journal: self.journal.or(other.journal),
            target: self.target.or(other.target),
            format: self.format.or(other.format),
            actor: self.actor.or(other.actor),
            color: self.color.or(other.color),
            // Only the user's own file has them, which is the last one here.
            trusted_folders: other.trusted_folders,
        }
    }
}

fn config_failure(path: &Path, why: &str) -> Failure {
    let message = format!("could not read the configuration {}: {why}", path.display());
    Failure::usage("config", message, "its keys are journal, target, format, actor and color")
}

/// The hint for a journal: named by the user, it is used whoever owns it.
const JOURNAL_NAMED: &str = "name the journal with --journal FILE or MFM_JOURNAL, whoever owns it; or, ";

/// Builds the failure of a file that was found by search and whose owner is not trusted.
fn untrusted_failure(path: &Path, why: &str, or: &str) -> Failure {
    let message = format!("{} was found automatically and is not used: {why}", path.display());
    let folder = path.parent().unwrap_or(Path::new("."));
    let folder = toml::Value::String(folder.display().to_string());
    let hint = format!("{or}if you trust its folder, add it to your own configuration: trusted_folders = [{folder}]");
    Failure::new(FailureKind::Refused, "folder_untrusted", message, hint)
}

/// The settings of one run, resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) journal: PathBuf,
    /// What named the journal: a flag, a variable, a file or the search for it.
    pub(super) journal_from: &'static str,
    /// The name or URL of the target, if one was given.
    pub(super) target: Option<String>,
    pub(super) format: Format,
    /// Who acts, as the journal records it.
    pub(super) actor: String,
    pub(super) color: Color,
    /// Where the passwords of servers' logins come from, and where they may go.
    pub(super) logins: Logins,
    /// The hosts to which a login may go unencrypted.
    pub(super) unencrypted_logins: Vec<String>,
    /// Whether plain questions are answered with yes.
    pub(super) yes: bool,
    /// Whether no question may be asked.
    pub(super) no_input: bool,
    /// Whether notes and progress are left out.
    pub(super) quiet: bool,
    /// Whether to say where the settings came from.
    pub(super) verbose: bool,
    /// The width of tables, in columns: at least 40.
    pub(super) width: u16,
    /// The user's home.
    pub(super) home: Option<PathBuf>,
    /// The folder of the user's configuration files.
    pub(super) configuration: Option<PathBuf>,
    /// What the TUI can draw with.
    pub(super) surface: ScreenSettings,
}

/// What the TUI can draw with, and what it shows long text in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ScreenSettings {
    /// The pager and its arguments.
    pub(super) pager: Vec<String>,
    /// Whether its background is known to be light.
    pub(super) light: bool,
    /// Whether it shows more than ASCII.
    pub(super) unicode: bool,
}

impl ScreenSettings {
    fn from_environment(around: &Environment) -> Self {
        let pager = around.get("PAGER").unwrap_or("less").split_whitespace().map(str::to_owned).collect();
        // The last number is the background; of the sixteen colours, these are light.
        let background = around.get("COLORFGBG").and_then(|text| text.rsplit(';').next()?.parse::<u8>().ok());
        // In the order in which the C library looks at them.
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| around.get(name));
        let utf8 = locale.is_some_and(|locale| locale.to_ascii_lowercase().replace('-', "").contains("utf8"));
        // Terminals on Windows need no locale for it; the Linux console has too few characters with any.
        let unicode = (utf8 || cfg!(windows)) && around.get("TERM") != Some("linux");
        Self { pager, light: matches!(background, Some(7 | 9..=15)), unicode }
    }
}

impl Settings {
    /// Resolves all settings.
    ///
    /// # Errors
    /// Usage: a configuration file or a variable that cannot be read.
    pub(super) fn resolve(globals: &Globals, around: &Environment) -> Result<Self, Failure> {
        if let Some(name) = around.unreadable {
            let message = format!("{name} is not valid UTF-8");
            return Err(Failure::usage("config", message, "set it to text, or unset it"));
        }
        // The user's file first: it says which folders are trusted, and so whether a project's file counts.
        let user = around.xdg("XDG_CONFIG_HOME", ".config").map(|folder| folder.join("mfm").join("config.toml"));
        let user = user.map_or_else(|| Ok(Config::default()), |path| Config::read_user_file(&path))?;
        let owners = TrustedOwners::of_process(around.get("SUDO_UID"));
        let owners = owners.and_in(user.trusted_folders.as_deref().unwrap_or_default());
        let project = find_upward(&around.folder, "mfm.toml");
        let project =
            project.map_or_else(|| Ok(Config::default()), |path| Config::read_project_file(&path, &owners))?;
        let logins = resolve_logins(globals, around, user.target.as_deref(), &owners)?;
        let config = project.or(user);
        let variable = |name: &str| around.get(name).map(str::to_owned);
        let (journal, journal_from) = resolve_journal(globals, around, config.journal, &owners)?;
        let no_color = around.get("NO_COLOR").map(|_| Color::Never);
        let user_name = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(variable);
        let actor = globals.actor.clone().or_else(|| variable("MFM_ACTOR")).or(config.actor).or(user_name);
        Ok(Self {
            journal,
            journal_from,
            target: globals.target.clone().or_else(|| variable("MFM_TARGET")).or(config.target),
            format: globals.format().or(read_format(around)?).or(config.format).unwrap_or_default(),
            actor: actor.map_or_else(|| Ok(read_user_number()), check_actor)?,
            color: globals.color.or(no_color).or(config.color).unwrap_or_default(),
            logins,
            unencrypted_logins: globals.unencrypted_login.clone(),
            yes: globals.yes,
            no_input: globals.no_input,
            quiet: globals.quiet,
            verbose: globals.verbose,
            width: resolve_width(around),
            home: around.get("HOME").map(PathBuf::from),
            configuration: around.xdg("XDG_CONFIG_HOME", ".config"),
            surface: ScreenSettings::from_environment(around),
        })
    }
}

/// Reads the format from the environment; `None` if it is not set.
///
/// # Errors
/// Usage: no such format.
pub(super) fn read_format(around: &Environment) -> Result<Option<Format>, Failure> {
    let Some(word) = around.get("MFM_FORMAT") else { return Ok(None) };
    let parsed = Format::from_str(word, true);
    parsed.map(Some).map_err(|_| {
        let message = "MFM_FORMAT is not a known format";
        Failure::usage("config", message, "set it to table, json or plain")
    })
}

/// Checks an actor's name for the journal: visible characters only, nothing that could be a password.
fn check_actor(actor: String) -> Result<String, Failure> {
    if shown::is_safe(&actor) && !password::is_in(&actor) {
        return Ok(actor);
    }
    let message = "the actor's name contains invisible characters, or something that could be a password";
    Err(Failure::usage("config", message, "every journal entry stores it: give --actor NAME"))
}

/// Resolves where passwords come from, and where they may go: to servers that the user named on the command line, by a
/// variable or in the own configuration, or confirmed before. A project's file names none: it comes with the folder, as
/// a journal does.
fn resolve_logins(
    globals: &Globals,
    around: &Environment,
    target: Option<&str>,
    owners: &TrustedOwners,
) -> Result<Logins, Failure> {
    let (whole, reads) = resolve_passwords(globals, around)?;
    let words = around.words.iter().map(String::as_str).chain(around.get("MFM_TARGET")).chain(target);
    let state = around.xdg("XDG_STATE_HOME", ".local/state").map(|folder| folder.join("mfm").join("servers"));
    let servers = Servers::from_words(words, &globals.unencrypted_login, state, owners.clone());
    Ok(Logins { whole, reads, servers })
}

/// Resolves where the two passwords come from; only one of them can be on standard input.
fn resolve_passwords(globals: &Globals, around: &Environment) -> Result<(LoginSources, LoginSources), Failure> {
    let whole = LoginSources {
        file: globals.password_file.as_deref().map(PasswordSource::from_argument),
        variable: around.passwords.get(secrets::VARIABLE).cloned(),
    };
    let reads = LoginSources {
        file: globals.read_password_file.as_deref().map(PasswordSource::from_argument),
        variable: around.passwords.get(secrets::READ_VARIABLE).cloned(),
    };
    if [&whole, &reads].iter().all(|sources| sources.file == Some(PasswordSource::Stdin)) {
        let message = "standard input cannot supply two passwords";
        return Err(Failure::usage("usage", message, "put one of them in a file"));
    }
    Ok((whole, reads))
}

fn resolve_journal(
    globals: &Globals,
    around: &Environment,
    config: Option<PathBuf>,
    owners: &TrustedOwners,
) -> Result<(PathBuf, &'static str), Failure> {
    let (path, from) = if let Some(path) = &globals.journal {
        (path.clone(), "--journal")
    } else if let Some(path) = around.get("MFM_JOURNAL") {
        (PathBuf::from(path), "MFM_JOURNAL")
    } else if let Some(path) = config {
        (path, "the configuration")
    } else if let Some(path) = find_upward(&around.folder, ".mfm/journal.db") {
        // A journal that was found by search may be another user's; one that was named is meant.
        owners.check_file(&path).map_err(|why| untrusted_failure(&path, &why, JOURNAL_NAMED))?;
        (path, "the nearest .mfm")
    } else {
        let state = around.xdg("XDG_STATE_HOME", ".local/state").unwrap_or_else(|| around.folder.clone());
        (state.join("mfm").join("journal.db"), "the default")
    };
    // The path is part of results and JSON, so it has to be text.
    if path.to_str().is_none() {
        let message = format!("the journal's path {} is not UTF-8", path.display());
        return Err(Failure::usage("config", message, "choose a path that can be printed"));
    }
    Ok((path, from))
}

/// Finds a file by name in a folder or the nearest one above it. A dangling link counts: its error is better than a
/// journal further up.
fn find_upward(folder: &Path, name: &str) -> Option<PathBuf> {
    folder.ancestors().map(|folder| folder.join(name)).find(|path| path.symlink_metadata().is_ok())
}

fn resolve_width(around: &Environment) -> u16 {
    let columns = around.get("COLUMNS").and_then(|columns| columns.parse().ok());
    columns.filter(|columns| *columns >= 40).unwrap_or(80)
}

/// Returns the user's number in the system, for an environment without a user's name.
fn read_user_number() -> String {
    #[cfg(unix)]
    // The folder of a process belongs to the user who runs it.
    if let Ok(own) = std::fs::metadata("/proc/self") {
        return format!("uid {}", std::os::unix::fs::MetadataExt::uid(&own));
    }
    "unknown".to_owned()
}
