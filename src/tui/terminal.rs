//! The terminal: keys in, frames out, and everything put back as it was, whatever happens; knows no operation.

use std::io::{self, Stdout, Write as _, stdout};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use base64::Engine as _;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{
    self, DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, Event,
};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};

use super::message::{Effect, Message};
use super::state::TuiState;
use super::workers::{TuiHost, Workers};
use super::{answers, remembered, update, views};
use crate::file::{self, FileAccess, FileError};
use crate::ops::{Failure, FailureKind};

/// How long to wait for a key while something is under way, and while nothing is.
const BUSY: Duration = Duration::from_millis(20);
const IDLE: Duration = Duration::from_millis(100);

/// How long a tick lasts.
const TICK: Duration = Duration::from_millis(100);

/// What the terminal is given beside the host.
pub struct TerminalSettings {
    /// The pager and its arguments.
    pub pager: Vec<String>,
    /// The folder into which pages are exported.
    pub folder: PathBuf,
    /// Where the last view is remembered; nowhere, where there is no journal yet.
    pub memory: Option<PathBuf>,
    /// Tells whether a signal asked the process to end.
    pub stopped: Box<dyn Fn() -> bool>,
}

/// Runs the interface until it ends.
///
/// # Errors
/// The terminal cannot be used.
pub fn run(host: TuiHost, mut state: TuiState, around: &TerminalSettings) -> Result<(), Failure> {
    restore_on_panic();
    let (out, messages) = channel();
    let mut terminal = enter_terminal().map_err(terminal_error)?;
    let mut workers = Workers::new(host, out);
    let size = terminal.size().map_err(terminal_error)?;
    state.size = (size.width, size.height);
    let done = run_event_loop(&mut terminal, &mut state, &mut workers, &messages, around);
    let left = leave_terminal();
    workers.shut_down();
    done.and(left).map_err(terminal_error)
}

fn terminal_error(error: io::Error) -> Failure {
    let hint = "this interface needs a terminal; the command line does without";
    Failure::new(FailureKind::Usage, "terminal", format!("could not use the terminal: {error}"), hint)
}

type CrosstermTerminal = Terminal<CrosstermBackend<Stdout>>;

fn enter_terminal() -> io::Result<CrosstermTerminal> {
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, EnableMouseCapture, EnableBracketedPaste)?;
    open_cleared_terminal()
}

/// Returns a terminal of which nothing is taken for drawn; one that never says where its cursor stands will do.
fn open_cleared_terminal() -> io::Result<CrosstermTerminal> {
    execute!(stdout(), Clear(ClearType::All))?;
    Terminal::new(CrosstermBackend::new(stdout()))
}

fn leave_terminal() -> io::Result<()> {
    let left = execute!(stdout(), DisableBracketedPaste, DisableMouseCapture, LeaveAlternateScreen);
    disable_raw_mode()?;
    left
}

/// Puts the terminal back before a panic says what it has to say.
fn restore_on_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        // Threads that carry jobs out are caught, and told of on the screen.
        if std::thread::current().name() == Some("main") {
            let _ = leave_terminal();
            before(panic);
        }
    }));
}

fn run_event_loop(
    terminal: &mut CrosstermTerminal,
    state: &mut TuiState,
    workers: &mut Workers,
    messages: &Receiver<Message>,
    around: &TerminalSettings,
) -> io::Result<()> {
    let mut effects = answers::request_initial_data(state);
    let mut ticked = Instant::now();
    let mut stopped = false;
    loop {
        while !effects.is_empty() {
            let mut told = Vec::new();
            for effect in std::mem::take(&mut effects) {
                if effect == Effect::Quit {
                    return Ok(());
                }
                told.extend(carry_out(terminal, effect, workers, around)?);
            }
            effects.extend(told.into_iter().flat_map(|message| update::update(state, message)));
        }
        terminal.draw(|frame| views::draw(frame, state))?;
        let wait = if state.lanes.is_busy() { BUSY } else { IDLE };
        if event::poll(wait)? {
            // All that is waiting is taken in before anything is drawn: held keys never lag behind.
            loop {
                if let Some(message) = to_message(event::read()?) {
                    effects.extend(update::update(state, message));
                }
                if !event::poll(Duration::ZERO)? {
                    break;
                }
            }
        }
        while let Ok(message) = messages.try_recv() {
            effects.extend(update::update(state, message));
        }
        if ticked.elapsed() >= TICK {
            ticked = Instant::now();
            effects.extend(update::update(state, Message::Tick));
        }
        if !stopped && (around.stopped)() {
            stopped = true;
            effects.extend(update::update(state, Message::Stop));
        }
    }
}

fn to_message(event: Event) -> Option<Message> {
    match event {
        Event::Key(key) => Some(Message::Key(key)),
        Event::Mouse(mouse) => Some(Message::Mouse(mouse)),
        Event::Paste(text) => Some(Message::Paste(text)),
        Event::Resize(columns, rows) => Some(Message::Resize(columns, rows)),
        Event::FocusGained | Event::FocusLost => None,
    }
}

/// Does what is wanted outside, and returns what there is to tell of it.
fn carry_out(
    terminal: &mut CrosstermTerminal,
    effect: Effect,
    workers: &mut Workers,
    around: &TerminalSettings,
) -> io::Result<Vec<Message>> {
    match effect {
        Effect::Start { ticket, job, target } => workers.start_job(ticket, job, target),
        Effect::Cancel(ticket) => workers.cancel_job(ticket),
        Effect::Reply(ticket, yes) => workers.reply_to_job(ticket, yes),
        Effect::Copy(text) => {
            let coded = base64::engine::general_purpose::STANDARD.encode(text);
            write!(stdout(), "\x1b]52;c;{coded}\x07")?;
            stdout().flush()?;
        }
        Effect::Redraw => *terminal = open_cleared_terminal()?,
        Effect::Bell => {
            write!(stdout(), "\x07")?;
            stdout().flush()?;
        }
        Effect::Export(text) => return Ok(vec![Message::Told(export_page(around, &text))]),
        Effect::Pager(text) => {
            let told = run_outside(terminal, || run_pager(around, &text))?;
            return Ok(told.err().map(|error| Message::Told(Err(error))).into_iter().collect());
        }
        Effect::Remember(screen) => {
            if let Some(path) = &around.memory {
                remembered::write_view(path, &screen);
            }
        }
        Effect::Suspend => run_outside(terminal, suspend_process)?,
        Effect::Quit => {}
    }
    Ok(Vec::new())
}

/// Gives the terminal away for a while.
fn run_outside<T>(terminal: &mut CrosstermTerminal, away: impl FnOnce() -> T) -> io::Result<T> {
    leave_terminal()?;
    let done = away();
    *terminal = enter_terminal()?;
    Ok(done)
}

#[cfg(unix)]
fn suspend_process() {
    // Where the signal cannot be sent, the interface simply comes back.
    let _ = signal_hook::low_level::raise(signal_hook::consts::SIGTSTP);
}

#[cfg(not(unix))]
const fn suspend_process() {}

/// Writes text into a new file, never over one that is there.
fn export_page(around: &TerminalSettings, text: &str) -> Result<String, String> {
    for number in 1..1000 {
        let path = around.folder.join(format!("mfm-view-{number}.txt"));
        // What is shown may be of people: only the person may read it.
        match file::write_new(&path, text, FileAccess::Private) {
            Ok(()) => return Ok(format!("wrote {}", path.display())),
            Err(FileError::Occupied | FileError::Link | FileError::NotRegular(_)) => {}
            Err(error) => return Err(format!("could not write {}: {error}", path.display())),
        }
    }
    Err("there are a thousand views in this folder already".to_owned())
}

fn run_pager(around: &TerminalSettings, text: &str) -> Result<(), String> {
    let (program, arguments) = around.pager.split_first().ok_or("no pager is named: set PAGER")?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|error| format!("could not start the pager {program}: {error}"))?;
    if let Some(mut input) = child.stdin.take() {
        // A pager that is left early reads no further.
        let _ = input.write_all(text.as_bytes());
    }
    child.wait().map(drop).map_err(|error| format!("the pager {program} failed: {error}"))
}
