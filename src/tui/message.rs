//! Messages that come into the interface, and the effects it wants from outside.

use ratatui::crossterm::event::{KeyEvent, MouseEvent};

use super::job::{Job, JobAnswer};
use crate::model::ports::ConfirmQuestion;

/// An event for the interface.
#[derive(Debug)]
pub enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse was used.
    Mouse(MouseEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has another size: columns, rows.
    Resize(u16, u16),
    /// A tenth of a second has passed.
    Tick,
    /// A job has ended.
    Done {
        /// The ticket of the job.
        ticket: u64,
        /// The result, or the failure.
        answer: JobAnswer,
    },
    /// A job has made progress.
    Progress {
        /// The ticket of the job.
        ticket: u64,
        /// The name of the step.
        step: String,
        /// Whether this is the progress over all steps, such as the faults of a drill.
        whole: bool,
        /// The amount done.
        done: u64,
        /// The total amount; 0 if unknown.
        total: u64,
    },
    /// An operation asks the person something and waits for the answer.
    Asked {
        /// The ticket of the job that asks.
        ticket: u64,
        /// The question, with the word to type where a yes is not enough.
        question: ConfirmQuestion,
    },
    /// The result of an effect, as text for the status line.
    Told(Result<String, String>),
    /// The process is asked to end.
    Stop,
}

/// Something to be done outside the pure part: by threads, the terminal or the file system.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Start a job.
    Start {
        /// The ticket of the job.
        ticket: u64,
        /// What to do.
        job: Job,
        /// Its target, if one was chosen in the interface.
        target: Option<String>,
    },
    /// Ask a job to stop after its current step.
    Cancel(u64),
    /// Answer the question of a job: its ticket, and whether yes.
    Reply(u64, bool),
    /// Copy text to the terminal's clipboard.
    Copy(String),
    /// Write text to a new file.
    Export(String),
    /// Show text in the pager.
    Pager(String),
    /// Remember the name of the screen for the next start.
    Remember(String),
    /// Suspend the process until the shell continues it.
    Suspend,
    /// Clear the terminal and draw everything again.
    Redraw,
    /// Ring the bell.
    Bell,
    /// Leave the program.
    Quit,
}
