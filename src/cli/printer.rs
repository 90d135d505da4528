//! The only module that writes to stdout and stderr. A closed pipe is no failure.

use std::cell::{Cell, RefCell};
use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use crate::model::password::hidden_in;

/// The first word of an error.
pub(super) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// The first word of a hint.
pub(super) const HINT: Style = AnsiColor::Cyan.on_default();
/// The first word of a note.
pub(super) const NOTE: Style = AnsiColor::Cyan.on_default();
/// What went well.
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// What needs attention.
pub(super) const WARN: Style = AnsiColor::Yellow.on_default().bold();
/// Secondary information.
pub(super) const DIM: Style = Style::new().dimmed();
/// Headings.
pub(super) const BOLD: Style = Style::new().bold();

/// Wraps text in the escape codes of a style.
pub(super) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Text from databases and file names is cleaned, so that it cannot control the terminal or start a line.
pub(super) use crate::model::shown::{escape_line as clean, escape_lines as clean_lines};

/// stdout and stderr.
pub(super) struct Printer {
    color: ColorChoice,
    quiet: bool,
    gone: Cell<bool>,
    failure: RefCell<Option<io::Error>>,
}

impl Printer {
    pub(super) const fn new(color: ColorChoice, quiet: bool) -> Self {
        Self { color, quiet, gone: Cell::new(false), failure: RefCell::new(None) }
    }

    /// Writes styled text to stdout.
    pub(super) fn out(&self, text: &str) {
        let mut stream = AutoStream::new(io::stdout().lock(), self.color);
        // Flushed at once: an error at exit would go unnoticed.
        self.record_result(stream.write_all(text.as_bytes()).and_then(|()| stream.flush()));
    }

    /// Writes data to stdout without interpreting styles.
    pub(super) fn data(&self, text: &str) {
        let mut stream = io::stdout().lock();
        self.record_result(stream.write_all(text.as_bytes()).and_then(|()| stream.flush()));
    }

    /// Calls `write` with stdout, for data that would not fit into memory.
    pub(super) fn with_stdout<T>(&self, write: impl FnOnce(&mut dyn Write) -> T) -> T {
        write(&mut io::stdout().lock())
    }

    /// Writes styled text to stderr. Errors are ignored: there is nowhere left to report them.
    pub(super) fn err(&self, text: &str) {
        let mut stream = AutoStream::new(io::stderr().lock(), self.color);
        let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
    }

    /// Prints a note to stderr unless `--quiet` is given; passwords are redacted.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            self.err(&format!("{}: {}\n", paint(NOTE, "note"), clean(&hidden_in(text))));
        }
    }

    /// Tells whether the reader of stdout closed the pipe.
    pub(super) const fn is_gone(&self) -> bool {
        self.gone.get()
    }

    /// Takes the error of the last failed write to stdout.
    pub(super) fn take_failure(&self) -> Option<io::Error> {
        self.failure.borrow_mut().take()
    }

    fn record_result(&self, written: io::Result<()>) {
        match written {
            Ok(()) => {}
            // `mfm log | head` closes the pipe early, and has what it wants.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.gone.set(true),
            Err(error) => *self.failure.borrow_mut() = Some(error),
        }
    }
}
