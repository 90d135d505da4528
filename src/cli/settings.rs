//! Where things are and how to show them: flags, then environment, then `mfm.toml`, then the user's configuration.

use std::collections::BTreeMap;
use std::env::VarError;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Deserialize;

use super::args::Globals;
use super::completion;
use super::secrets::{self, Password, Source, Sources};
use crate::ops::Failure;

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
    /// Returns what the streams are told.
    pub(super) const fn choice(self) -> anstream::ColorChoice {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
    }
}

/// What surrounds the process: its environment and its folder.
#[derive(Clone, Debug, Default)]
pub(super) struct Surroundings {
    /// The variables that mfm looks at, where they are set and not empty.
    pub(super) variables: BTreeMap<&'static str, String>,
    /// Those of them that hold passwords, apart from the others and never shown.
    pub(super) passwords: BTreeMap<&'static str, Password>,
    /// The current folder.
    pub(super) folder: PathBuf,
    /// A variable that is set to what is no text: it must not be mistaken for one that is not set.
    pub(super) unreadable: Option<&'static str>,
}

/// Every environment variable that mfm looks at.
const VARIABLES: [&str; 23] = [
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

impl Surroundings {
    /// Reads those of this process.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub(super) fn of_process() -> Self {
        let folder = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let mut around = Self { folder, ..Self::default() };
        for name in VARIABLES {
            match std::env::var(name) {
                Ok(value) if value.is_empty() => {}
                Ok(value) if secrets::holds_password(name) => drop(around.passwords.insert(name, Password(value))),
                Ok(value) => drop(around.variables.insert(name, value)),
                Err(VarError::NotPresent) => {}
                Err(VarError::NotUnicode(_)) => around.unreadable = Some(name),
            }
        }
        around
    }

    /// Returns a variable.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    fn xdg(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
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
}

impl Config {
    /// Reads a file; paths in it are relative to its folder. A missing file says nothing.
    fn read(path: &Path) -> Result<Self, Failure> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(wrong(path, &error.to_string())),
        };
        let mut config: Self = toml::from_str(&text).map_err(|error| wrong(path, error.to_string().trim_end()))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        config.journal = config.journal.map(|journal| folder.join(journal));
        config.target = config.target.map(|target| match target.strip_prefix("sqlite:") {
            Some(file) => format!("sqlite:{}", folder.join(file).display()),
            None => target,
        });
        Ok(config)
    }

    /// Returns these settings, and those of another where nothing is said here.
    fn or(self, other: Self) -> Self {
        Self {
            journal: self.journal.or(other.journal),
            target: self.target.or(other.target),
            format: self.format.or(other.format),
            actor: self.actor.or(other.actor),
            color: self.color.or(other.color),
        }
    }
}

fn wrong(path: &Path, why: &str) -> Failure {
    let message = format!("could not read the configuration {}: {why}", path.display());
    Failure::usage("config", message, "its keys are journal, target, format, actor and color")
}

/// Everything settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// The journal's file.
    pub(super) journal: PathBuf,
    /// What named the journal.
    pub(super) journal_from: &'static str,
    /// The target asked for.
    pub(super) target: Option<String>,
    /// How results are written.
    pub(super) format: Format,
    /// Who acts.
    pub(super) actor: String,
    /// When to use colour.
    pub(super) color: Color,
    /// Where the password of a server's login comes from.
    pub(super) password: Sources,
    /// Where that of the login that only reads comes from.
    pub(super) read_password: Sources,
    /// Whether plain questions are answered with yes.
    pub(super) yes: bool,
    /// Whether nobody is to be asked.
    pub(super) no_input: bool,
    /// Whether notes and progress are left out.
    pub(super) quiet: bool,
    /// Whether to say where the settings came from.
    pub(super) verbose: bool,
    /// How many columns the screen has.
    pub(super) width: u16,
    /// The user's home.
    pub(super) home: Option<PathBuf>,
    /// The folder of the user's configurations.
    pub(super) configuration: Option<PathBuf>,
    /// What the whole terminal can show.
    pub(super) surface: Surface,
}

/// What the whole terminal can show, and what reads long text there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Surface {
    /// The pager and its arguments.
    pub(super) pager: Vec<String>,
    /// Whether its background is known to be light.
    pub(super) light: bool,
    /// Whether it shows more than ASCII.
    pub(super) unicode: bool,
}

impl Surface {
    fn of(around: &Surroundings) -> Self {
        let pager = around.get("PAGER").unwrap_or("less").split_whitespace().map(str::to_owned).collect();
        // The last number is the background; of the sixteen colours, these are light.
        let background = around.get("COLORFGBG").and_then(|text| text.rsplit(';').next()?.parse::<u8>().ok());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| around.get(name));
        let utf8 = locale.is_some_and(|locale| locale.to_ascii_lowercase().replace('-', "").contains("utf8"));
        let unicode = (utf8 || cfg!(windows)) && around.get("TERM") != Some("linux");
        Self { pager, light: matches!(background, Some(7 | 9..=15)), unicode }
    }
}

impl Settings {
    /// Settles everything.
    ///
    /// # Errors
    /// Usage: a configuration file or a variable that cannot be read.
    pub(super) fn resolve(globals: &Globals, around: &Surroundings) -> Result<Self, Failure> {
        if let Some(name) = around.unreadable {
            let message = format!("{name} is set to what is no UTF-8");
            return Err(Failure::usage("config", message, "set it to text, or unset it"));
        }
        let project =
            upward(&around.folder, "mfm.toml").map_or_else(|| Ok(Config::default()), |path| Config::read(&path))?;
        let user = around.xdg("XDG_CONFIG_HOME", ".config").map(|folder| folder.join("mfm").join("config.toml"));
        let user = user.map_or_else(|| Ok(Config::default()), |path| Config::read(&path))?;
        let config = project.or(user);
        let variable = |name: &str| around.get(name).map(str::to_owned);
        let (journal, journal_from) = journal(globals, around, config.journal)?;
        let (password, read_password) = passwords(globals, around)?;
        let no_color = around.get("NO_COLOR").map(|_| Color::Never);
        let user_name = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(variable);
        Ok(Self {
            journal,
            journal_from,
            target: globals.target.clone().or_else(|| variable("MFM_TARGET")).or(config.target),
            format: globals.format().or(format(around)?).or(config.format).unwrap_or_default(),
            actor: globals
                .actor
                .clone()
                .or_else(|| variable("MFM_ACTOR"))
                .or(config.actor)
                .or(user_name)
                .unwrap_or_else(user_number),
            color: globals.color.or(no_color).or(config.color).unwrap_or_default(),
            password,
            read_password,
            yes: globals.yes,
            no_input: globals.no_input,
            quiet: globals.quiet,
            verbose: globals.verbose,
            width: width(around),
            home: around.get("HOME").map(PathBuf::from),
            configuration: around.xdg("XDG_CONFIG_HOME", ".config"),
            surface: Surface::of(around),
        })
    }
}

/// Returns the format that the environment asks for.
///
/// # Errors
/// Usage: no such format.
pub(super) fn format(around: &Surroundings) -> Result<Option<Format>, Failure> {
    let Some(word) = around.get("MFM_FORMAT") else { return Ok(None) };
    let parsed = Format::from_str(word, true);
    parsed.map(Some).map_err(|_| {
        let message = format!("MFM_FORMAT is `{word}`, which is no format");
        Failure::usage("config", message, "set it to table, json or plain")
    })
}

/// Returns where the passwords come from; standard input holds but one.
fn passwords(globals: &Globals, around: &Surroundings) -> Result<(Sources, Sources), Failure> {
    let sources = |file: &Option<PathBuf>, variable: &str| Sources {
        file: file.as_deref().map(Source::of),
        variable: around.passwords.get(variable).cloned(),
    };
    let whole = sources(&globals.password_file, secrets::VARIABLE);
    let reads = sources(&globals.read_password_file, secrets::READ_VARIABLE);
    if [&whole, &reads].iter().all(|sources| sources.file == Some(Source::Stdin)) {
        let message = "standard input cannot hold two passwords";
        return Err(Failure::usage("usage", message, "give one of them in a file"));
    }
    Ok((whole, reads))
}

fn journal(
    globals: &Globals,
    around: &Surroundings,
    config: Option<PathBuf>,
) -> Result<(PathBuf, &'static str), Failure> {
    let (path, from) = if let Some(path) = &globals.journal {
        (path.clone(), "--journal")
    } else if let Some(path) = around.get("MFM_JOURNAL") {
        (PathBuf::from(path), "MFM_JOURNAL")
    } else if let Some(path) = config {
        (path, "the configuration")
    } else if let Some(path) = upward(&around.folder, ".mfm/journal.db") {
        (path, "the nearest .mfm")
    } else {
        let state = around.xdg("XDG_STATE_HOME", ".local/state").unwrap_or_else(|| around.folder.clone());
        (state.join("mfm").join("journal.db"), "the default")
    };
    if path.to_str().is_none() {
        let message = format!("the journal's path {} is no UTF-8", path.display());
        return Err(Failure::usage("config", message, "choose a path that can be printed"));
    }
    Ok((path, from))
}

/// Returns the nearest file of a name in a folder or above it.
fn upward(folder: &Path, name: &str) -> Option<PathBuf> {
    folder.ancestors().map(|folder| folder.join(name)).find(|path| path.is_file())
}

fn width(around: &Surroundings) -> u16 {
    let said = around.get("COLUMNS").and_then(|columns| columns.parse().ok());
    said.filter(|columns| *columns >= 40).unwrap_or(80)
}

/// Returns who runs the program where no variable names them: the number that the system knows them by.
fn user_number() -> String {
    #[cfg(unix)]
    if let Ok(own) = std::fs::metadata("/proc/self") {
        return format!("uid {}", std::os::unix::fs::MetadataExt::uid(&own));
    }
    "unknown".to_owned()
}
