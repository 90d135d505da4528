//! `mfm tui`: starts the terminal interface with this process's settings.

use clap::{Args, ValueEnum};

use super::ports::{SystemClock, SystemEntropy, build_holder};
use super::printer::Printer;
use super::secrets::{Keyring, Logins, NoPrompt, Password};
use super::settings::{Color, Settings};
use super::signals::Signals;
use super::terminal::Terminal;
use crate::model::Refusal;
use crate::model::ports::{Account, Secrets};
use crate::ops::{Context, Failure};
use crate::tui::theme::{Appearance, Glyphs, Theme};
use crate::tui::{self, Screen, StartupFacts, TerminalSettings, TuiHost, TuiState};

/// `mfm tui`.
#[derive(Args, Clone, Debug)]
pub(super) struct TuiCall {
    /// Read only: actions that write are greyed out and disabled
    #[arg(long)]
    read_only: bool,
    /// The screen to start with [default: the last one]
    #[arg(long, value_name = "SCREEN", value_parser = screen_names())]
    screen: Option<String>,
    /// The terminal's background, for which to choose colours [default: as the terminal reports, else dark]
    #[arg(long, value_enum, value_name = "THEME")]
    theme: Option<Background>,
    /// Draw with the printable ASCII characters only [default: where the locale is not UTF-8]
    #[arg(long)]
    ascii: bool,
}

/// Which background the terminal has.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Background {
    /// Light text on dark
    Dark,
    /// Dark text on light
    Light,
    /// No colours at all
    Plain,
}

fn screen_names() -> clap::builder::PossibleValuesParser {
    Screen::ALL.map(|screen| screen.name().to_ascii_lowercase()).into()
}

pub(super) fn run(call: &TuiCall, settings: &Settings, printer: &Printer, signals: &Signals) -> Result<u8, Failure> {
    use std::io::IsTerminal as _;
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        let hint = "`mfm status` and the other commands need no terminal; programs can use --json";
        return Err(Failure::usage("terminal", "mfm tui needs a terminal to draw on", hint));
    }
    // As if it always wrote: the terminal has to be restored before the process ends.
    signals.watch(true);
    let passwords = ask_passwords(settings, printer, signals);
    let memory = tui::remembered::view_path(&settings.journal);
    let last = call.screen.clone().or_else(|| memory.as_deref().and_then(tui::remembered::read_view));
    let facts = StartupFacts { journal: settings.journal.display().to_string(), read_only: call.read_only };
    let state = TuiState {
        look: resolve_look(call, settings),
        facts,
        screen: last.as_deref().and_then(Screen::from_name).unwrap_or_default(),
        ..TuiState::default()
    };
    let host = TuiHost {
        journal: settings.journal.clone(),
        target: settings.target.clone(),
        actor: settings.actor.clone(),
        holder: build_holder("tui"),
        wait_ms: super::run::WAIT_MS,
        clock: Box::new(SystemClock),
        entropy: Box::new(SystemEntropy::new()?),
        secrets: Box::new(passwords),
    };
    let watched = signals.clone();
    let around = TerminalSettings {
        pager: settings.surface.pager.clone(),
        folder: std::env::current_dir().unwrap_or_default(),
        memory,
        stopped: Box::new(move || watched.has_signal()),
    };
    tui::run(host, state, &around)?;
    Ok(0)
}

fn resolve_look(call: &TuiCall, settings: &Settings) -> Appearance {
    let theme = match call.theme {
        _ if settings.color == Color::Never => Theme::Plain,
        Some(Background::Plain) => Theme::Plain,
        Some(Background::Light) => Theme::Light,
        Some(Background::Dark) => Theme::Dark,
        None if settings.surface.light => Theme::Light,
        None => Theme::Dark,
    };
    let glyphs = if call.ascii || !settings.surface.unicode { Glyphs::Ascii } else { Glyphs::Unicode };
    Appearance { theme, glyphs }
}

/// A password that was typed, and the only login that it is for.
struct AskedPassword {
    user: String,
    url: String,
    reads_only: bool,
    password: Password,
}

impl AskedPassword {
    fn from_login(login: &Account<'_>, password: &str) -> Self {
        let (user, url) = (login.user.to_owned(), login.url.to_owned());
        Self { user, url, reads_only: login.reads_only, password: Password(password.to_owned()) }
    }

    fn is_for(&self, login: &Account<'_>) -> bool {
        self.user == login.user && self.url == login.url && self.reads_only == login.reads_only
    }
}

/// Passwords from files, variables, or a person who was asked before the screen is drawn.
struct AskedPasswords {
    logins: Logins,
    asked: Vec<AskedPassword>,
}

impl Secrets for AskedPasswords {
    fn password(&self, login: &Account<'_>) -> Result<String, String> {
        match self.asked.iter().find(|asked| asked.is_for(login)) {
            Some(asked) => Ok(asked.password.0.clone()),
            None => Keyring::new(&self.logins, &NoPrompt, &|_| ()).password(login),
        }
    }

    fn permit_login(&self, url: &str) -> Result<(), Refusal> {
        self.logins.servers.permit(url)
    }
}

/// Records the passwords that are typed while the target is opened.
struct RecordingKeyring<'a> {
    keyring: Keyring<'a>,
    asked: std::cell::RefCell<Vec<AskedPassword>>,
}

impl Secrets for RecordingKeyring<'_> {
    fn password(&self, login: &Account<'_>) -> Result<String, String> {
        let password = self.keyring.password(login)?;
        self.asked.borrow_mut().push(AskedPassword::from_login(login, &password));
        Ok(password)
    }

    fn permit_login(&self, url: &str) -> Result<(), Refusal> {
        self.keyring.permit_login(url)
    }
}

/// Opens the target once, so that a person is asked for its password before the screen is drawn.
///
/// Errors are ignored: they come again in the interface, which shows them.
fn ask_passwords(settings: &Settings, printer: &Printer, signals: &Signals) -> AskedPasswords {
    let terminal = Terminal::new(settings, printer, signals);
    let keyring = Keyring::new(&settings.logins, &terminal, &|_| ());
    let recorder = RecordingKeyring { keyring, asked: std::cell::RefCell::default() };
    if let Ok(entropy) = SystemEntropy::new() {
        let context = Context {
            journal: settings.journal.clone(),
            target: settings.target.clone(),
            actor: settings.actor.clone(),
            face: mfm_journal::Face::Tui,
            holder: build_holder("tui"),
            wait_ms: super::run::WAIT_MS,
            clock: &SystemClock,
            entropy: &entropy,
            reporter: &terminal,
            confirm: &terminal,
            secrets: &recorder,
        };
        let target = context.open_journal().and_then(|journal| context.resolve_target(&journal));
        if let Ok(target) = target
            // Only servers have passwords.
            && target.url.starts_with("mssql:")
        {
            let _ = context.open_target(&target.url);
        }
    }
    AskedPasswords { logins: settings.logins.clone(), asked: recorder.asked.into_inner() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_goes_to_the_target_it_was_given_for_and_to_no_other() {
        let login = |url, reads_only| Account { user: "tester", url, reads_only };
        let asked = vec![AskedPassword::from_login(&login("mssql://tester@one/a", false), "secret")];
        let passwords = AskedPasswords { logins: Logins::default(), asked };
        assert_eq!(passwords.password(&login("mssql://tester@one/a", false)).as_deref(), Ok("secret"));
        for other in [login("mssql://tester@two/a", false), login("mssql://tester@one/a", true)] {
            assert!(passwords.password(&other).is_err());
        }
    }
}
