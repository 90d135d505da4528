//! The only place that writes to stdout and stderr; a reader that went away is no failure.

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
/// What wants attention.
pub(super) const WARN: Style = AnsiColor::Yellow.on_default().bold();
/// What is of lesser interest.
pub(super) const DIM: Style = Style::new().dimmed();
/// Headings.
pub(super) const BOLD: Style = Style::new().bold();

/// Returns text in a style.
pub(super) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// No cell of a database and no name of a file can drive a terminal, or make a line of its own.
pub(super) use crate::model::shown::{escape_line as clean, escape_lines as clean_lines};

/// stdout and stderr.
pub(super) struct Printer {
    color: ColorChoice,
    quiet: bool,
    gone: Cell<bool>,
    failure: RefCell<Option<io::Error>>,
}

impl Printer {
    /// Makes a printer.
    pub(super) const fn new(color: ColorChoice, quiet: bool) -> Self {
        Self { color, quiet, gone: Cell::new(false), failure: RefCell::new(None) }
    }

    /// Writes styled text to stdout.
    pub(super) fn out(&self, text: &str) {
        let mut stream = AutoStream::new(io::stdout().lock(), self.color);
        self.record_result(stream.write_all(text.as_bytes()).and_then(|()| stream.flush()));
    }

    /// Writes data to stdout, as it is.
    pub(super) fn data(&self, text: &str) {
        let mut stream = io::stdout().lock();
        self.record_result(stream.write_all(text.as_bytes()).and_then(|()| stream.flush()));
    }

    /// Lends stdout for data that would not fit into memory.
    pub(super) fn with_stdout<T>(&self, write: impl FnOnce(&mut dyn Write) -> T) -> T {
        write(&mut io::stdout().lock())
    }

    /// Writes styled text to stderr; where nobody listens, nobody is told.
    pub(super) fn err(&self, text: &str) {
        let mut stream = AutoStream::new(io::stderr().lock(), self.color);
        let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
    }

    /// Says something worth knowing that is no result.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            self.err(&format!("{}: {}\n", paint(NOTE, "note"), clean(&hidden_in(text))));
        }
    }

    /// Tells whether the reader of stdout went away.
    pub(super) const fn is_gone(&self) -> bool {
        self.gone.get()
    }

    /// Returns why stdout could not be written, once.
    pub(super) fn take_failure(&self) -> Option<io::Error> {
        self.failure.borrow_mut().take()
    }

    fn record_result(&self, written: io::Result<()>) {
        match written {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.gone.set(true),
            Err(error) => *self.failure.borrow_mut() = Some(error),
        }
    }
}
