//! The terminal: reads keys, draws frames, runs effects, and restores the terminal at the end, also after a panic.

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

/// How long to wait for a key while jobs run, and while none does.
const BUSY: Duration = Duration::from_millis(20);
const IDLE: Duration = Duration::from_millis(100);

/// How long a tick lasts.
const TICK: Duration = Duration::from_millis(100);

/// Settings of the terminal part.
pub struct TerminalSettings {
    /// The pager and its arguments.
    pub pager: Vec<String>,
    /// The folder for exported pages.
    pub folder: PathBuf,
    /// The file that remembers the last screen; `None` while there is no journal.
    pub memory: Option<PathBuf>,
    /// Tells whether a signal has asked the process to end.
    pub stopped: Box<dyn Fn() -> bool>,
}

/// Runs the interface until it quits.
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
    let result = run_event_loop(&mut terminal, &mut state, &mut workers, &messages, around);
    // The terminal is restored first: waiting for a write to be sealed may take a while.
    let restored = leave_terminal();
    workers.shut_down();
    result.and(restored).map_err(terminal_error)
}

fn terminal_error(error: io::Error) -> Failure {
    let hint = "this interface needs a terminal; the command line does not";
    Failure::new(FailureKind::Usage, "terminal", format!("could not use the terminal: {error}"), hint)
}

type CrosstermTerminal = Terminal<CrosstermBackend<Stdout>>;

fn enter_terminal() -> io::Result<CrosstermTerminal> {
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, EnableMouseCapture, EnableBracketedPaste)?;
    open_cleared_terminal()
}

/// Clears the screen and returns a terminal with an empty buffer. `Terminal::clear` would ask for the cursor position,
/// which some terminals never answer.
fn open_cleared_terminal() -> io::Result<CrosstermTerminal> {
    execute!(stdout(), Clear(ClearType::All))?;
    Terminal::new(CrosstermBackend::new(stdout()))
}

fn leave_terminal() -> io::Result<()> {
    // Raw mode is switched off even if writing to the terminal fails.
    let result = execute!(stdout(), DisableBracketedPaste, DisableMouseCapture, LeaveAlternateScreen);
    disable_raw_mode()?;
    result
}

/// Restores the terminal before a panic prints its message, which would be lost on the alternate screen.
fn restore_on_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        // A panic of a worker thread is caught there and shown on the screen, which must stay.
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
            // Running an effect may give messages, and updating by these further effects, until nothing is left.
            let mut results = Vec::new();
            for effect in std::mem::take(&mut effects) {
                if effect == Effect::Quit {
                    return Ok(());
                }
                results.extend(carry_out(terminal, effect, workers, around)?);
            }
            for message in results {
                effects.extend(update::update(state, message));
            }
        }
        terminal.draw(|frame| views::draw(frame, state))?;
        let wait = if state.lanes.is_busy() { BUSY } else { IDLE };
        if event::poll(wait)? {
            // All waiting events are handled before the next frame, so that held keys do not lag behind.
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

/// Runs an effect and returns its result as messages.
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
            let encoded = base64::engine::general_purpose::STANDARD.encode(text);
            // OSC 52, which also reaches the clipboard through SSH.
            write!(stdout(), "\x1b]52;c;{encoded}\x07")?;
            stdout().flush()?;
        }
        Effect::Redraw => *terminal = open_cleared_terminal()?,
        Effect::Bell => {
            write!(stdout(), "\x07")?;
            stdout().flush()?;
        }
        Effect::Export(text) => return Ok(vec![Message::Told(export_page(around, &text))]),
        Effect::Pager(text) => {
            let result = run_outside(terminal, || run_pager(around, &text))?;
            return Ok(result.err().map(|error| Message::Told(Err(error))).into_iter().collect());
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

/// Leaves the terminal to something else, such as the pager, and takes it back.
fn run_outside<T>(terminal: &mut CrosstermTerminal, away: impl FnOnce() -> T) -> io::Result<T> {
    leave_terminal()?;
    let result = away();
    *terminal = enter_terminal()?;
    Ok(result)
}

#[cfg(unix)]
fn suspend_process() {
    // If the signal cannot be sent, the interface simply continues.
    let _ = signal_hook::low_level::raise(signal_hook::consts::SIGTSTP);
}

#[cfg(not(unix))]
const fn suspend_process() {}

/// Writes text to a new file with a free number; never over an existing one.
fn export_page(around: &TerminalSettings, text: &str) -> Result<String, String> {
    for number in 1..1000 {
        let path = around.folder.join(format!("mfm-view-{number}.txt"));
        // The page may hold data about people: only the user may read the file.
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
    // `take` drops the pipe at the end of the block: the pager then sees the end of the text.
    if let Some(mut input) = child.stdin.take() {
        // Writing fails when the pager is quit early: that is no error.
        let _ = input.write_all(text.as_bytes());
    }
    child.wait().map(drop).map_err(|error| format!("the pager {program} failed: {error}"))
}
