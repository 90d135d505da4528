//! What comes into the interface, and what it wants done outside; does nothing itself.

use ratatui::crossterm::event::{KeyEvent, MouseEvent};

use super::job::{Job, JobAnswer};
use crate::model::ports::ConfirmQuestion;

/// What comes in.
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
    /// Time went by: a tenth of a second.
    Tick,
    /// A job ended.
    Done {
        /// Its ticket.
        ticket: u64,
        /// What came of it.
        answer: JobAnswer,
    },
    /// A job goes on.
    Progress {
        /// Its ticket.
        ticket: u64,
        /// The step.
        step: String,
        /// Whether it is the whole that the other steps are a part of.
        whole: bool,
        /// How far.
        done: u64,
        /// Of how much; 0 where that is not known.
        total: u64,
    },
    /// An operation asks the person something, and waits for the answer.
    Asked {
        /// The ticket of the job that asks.
        ticket: u64,
        /// The question.
        question: ConfirmQuestion,
    },
    /// Something outside went wrong, or well.
    Told(Result<String, String>),
    /// The process is asked to end.
    Stop,
}

/// What is wanted outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Begin a job.
    Start {
        /// Its ticket.
        ticket: u64,
        /// The work.
        job: Job,
        /// The target that it is for, where one was chosen here.
        target: Option<String>,
    },
    /// Ask a job to stop between its steps.
    Cancel(u64),
    /// Answer an operation that asked.
    Reply(u64, bool),
    /// Put text on the clipboard of the terminal.
    Copy(String),
    /// Write text into a new file.
    Export(String),
    /// Read text in the pager.
    Pager(String),
    /// Keep the last view.
    Remember(String),
    /// Stop the process until the shell goes on with it.
    Suspend,
    /// Draw everything anew, whatever the terminal shows.
    Redraw,
    /// Ring the bell.
    Bell,
    /// End.
    Quit,
}
