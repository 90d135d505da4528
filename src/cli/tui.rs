//! `mfm tui`: gives the terminal interface what this process has; draws nothing.

use clap::{Args, ValueEnum};

use super::ports::{SystemClock, SystemEntropy, holder};
use super::printer::Printer;
use super::secrets::{Hidden, Keyring, Sources};
use super::settings::{Color, Settings};
use super::signals::Signals;
use super::terminal::Terminal;
use crate::model::ports::{Account, Secrets};
use crate::ops::{Context, Failure};
use crate::tui::look::{Glyphs, Look, Theme};
use crate::tui::{self, Facts, Host, Screen, State, Surroundings};

/// `mfm tui`.
#[derive(Args, Clone, Debug)]
pub(super) struct Call {
    /// Look only: what writes is greyed, and does nothing
    #[arg(long)]
    read_only: bool,
    /// The screen to begin with [default: the last one]
    #[arg(long, value_name = "SCREEN", value_parser = screens())]
    screen: Option<String>,
    /// Colours for which background [default: as the terminal says, else dark]
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

fn screens() -> clap::builder::PossibleValuesParser {
    Screen::ALL.map(|screen| screen.name().to_ascii_lowercase()).into()
}

/// Runs the interface.
pub(super) fn run(call: &Call, settings: &Settings, printer: &Printer, signals: &Signals) -> Result<u8, Failure> {
    use std::io::IsTerminal as _;
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        let hint = "`mfm status` and the other commands do without, and --json serves programs";
        return Err(Failure::usage("terminal", "mfm tui needs a terminal to draw on", hint));
    }
    signals.watch(true);
    let asked = passwords(settings, printer, signals);
    let memory = tui::remembered::place(&settings.journal);
    let last = call.screen.clone().or_else(|| memory.as_deref().and_then(tui::remembered::read));
    let facts = Facts {
        journal: settings.journal.display().to_string(),
        actor: settings.actor.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        read_only: call.read_only,
    };
    let state = State {
        look: look(call, settings),
        facts,
        screen: last.as_deref().and_then(Screen::of).unwrap_or_default(),
        ..State::default()
    };
    let host = Host {
        journal: settings.journal.clone(),
        target: settings.target.clone(),
        actor: settings.actor.clone(),
        holder: holder("tui"),
        wait_ms: super::run::WAIT_MS,
        clock: Box::new(SystemClock),
        entropy: Box::new(SystemEntropy::new()?),
        secrets: Box::new(asked),
    };
    let watched = signals.clone();
    let around = Surroundings {
        pager: settings.surface.pager.clone(),
        folder: std::env::current_dir().unwrap_or_default(),
        memory,
        stopped: Box::new(move || watched.came()),
    };
    tui::run(host, state, &around)?;
    Ok(0)
}

fn look(call: &Call, settings: &Settings) -> Look {
    let theme = match call.theme {
        _ if settings.color == Color::Never => Theme::Plain,
        Some(Background::Plain) => Theme::Plain,
        Some(Background::Light) => Theme::Light,
        Some(Background::Dark) => Theme::Dark,
        None if settings.surface.light => Theme::Light,
        None => Theme::Dark,
    };
    let glyphs = if call.ascii || !settings.surface.unicode { Glyphs::Ascii } else { Glyphs::Unicode };
    Look { theme, glyphs }
}

/// Passwords from files, variables, or the person, who is asked before the screen is drawn.
struct Passwords {
    whole: Sources,
    reads: Sources,
    asked: Vec<((String, bool), String)>,
}

/// Nobody: the screen is drawn.
struct Nobody;

impl Hidden for Nobody {
    fn ask_hidden(&self, _: &str) -> Option<Result<String, String>> {
        None
    }
}

impl Secrets for Passwords {
    fn password(&self, login: &Account<'_>) -> Result<String, String> {
        let known = (login.user.to_owned(), login.reads_only);
        match self.asked.iter().find(|(account, _)| *account == known) {
            Some((_, password)) => Ok(password.clone()),
            None => Keyring::new(&self.whole, &self.reads, &Nobody, &|_| ()).password(login),
        }
    }
}

/// Keeps what a person is asked while the target is opened once.
struct Asking<'a> {
    keyring: Keyring<'a>,
    asked: std::cell::RefCell<Vec<((String, bool), String)>>,
}

impl Secrets for Asking<'_> {
    fn password(&self, login: &Account<'_>) -> Result<String, String> {
        let password = self.keyring.password(login)?;
        self.asked.borrow_mut().push(((login.user.to_owned(), login.reads_only), password.clone()));
        Ok(password)
    }
}

/// Opens the target once, so that a person is asked for its password before the screen is drawn.
///
/// What goes wrong here goes wrong again on the screen, and is said there.
fn passwords(settings: &Settings, printer: &Printer, signals: &Signals) -> Passwords {
    let terminal = Terminal::new(settings, printer, signals);
    let quiet = |_: &str| ();
    let keyring = Keyring::new(&settings.password, &settings.read_password, &terminal, &quiet);
    let asking = Asking { keyring, asked: std::cell::RefCell::default() };
    if let Ok(entropy) = SystemEntropy::new() {
        let context = Context {
            journal: settings.journal.clone(),
            target: settings.target.clone(),
            actor: settings.actor.clone(),
            face: mfm_journal::Face::Tui,
            holder: holder("tui"),
            wait_ms: super::run::WAIT_MS,
            clock: &SystemClock,
            entropy: &entropy,
            reporter: &terminal,
            confirm: &terminal,
            secrets: &asking,
        };
        let chosen = context.reading().and_then(|journal| context.chosen(&journal));
        if let Ok(chosen) = chosen
            && chosen.url.starts_with("mssql:")
        {
            let _ = context.open(&chosen.url);
        }
    }
    Passwords {
        whole: settings.password.clone(),
        reads: settings.read_password.clone(),
        asked: asking.asked.into_inner(),
    }
}
