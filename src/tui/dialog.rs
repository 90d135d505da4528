//! Data of the dialogs in front of a screen: questions, menus, input, text.

use super::list::ListPosition;
use super::screens::plan::FormField;
use super::theme::Role;
use crate::domain::record::RecordKind;
use crate::model::Digest;
use crate::ops::{plan, revert};

/// The actions that need a person's yes.
#[derive(Clone, Debug, PartialEq)]
pub enum DangerousAction {
    /// Commit the fault that was previewed.
    Apply {
        /// The request, its seed and clock fixed.
        request: Box<plan::Request>,
        /// The digest of the plan that was seen.
        digest: Digest,
    },
    /// Take operations back.
    Revert(revert::Request),
    /// Ask the targets what became of the open operations, and seal them.
    Recover,
    /// Run a drill.
    Drill,
    /// Answer an operation that asks while it runs; the job's ticket.
    Asked(u64),
}

/// A yes-or-no question.
#[derive(Clone, Debug, PartialEq)]
pub struct QuestionDialog {
    /// The dialog's title.
    pub title: String,
    /// The question, in lines.
    pub lines: Vec<(Role, String)>,
    /// The word that has to be typed where a plain yes is not enough, and what has been typed so far.
    pub typed: Option<(String, String)>,
    /// What a yes starts.
    pub danger: DangerousAction,
    /// The number of rows of the question scrolled past.
    pub top: usize,
}

/// What choosing a line of a menu does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MenuChoice {
    /// Plan a fault of a mode on a record.
    Mode {
        /// The mode's tool.
        tool: &'static str,
        /// The kind of record.
        kind: &'static RecordKind,
        /// The id of the record.
        id: i64,
    },
    /// Switch to another target, by name.
    Target(String),
    /// Take an operation back in one of several ways.
    Revert(revert::Request),
    /// Open a query of the domain, by its name.
    Query(&'static str),
}

/// A menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu {
    /// What is to be chosen.
    pub title: String,
    /// Each line: what choosing it does, its label, and an explanation.
    pub lines: Vec<(MenuChoice, String, String)>,
    /// The selected line.
    pub place: ListPosition,
}

/// What a typed line is used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputPurpose {
    /// To search the list on the screen.
    Search,
    /// To fill a field of the plan's form, by its index.
    Field(usize),
}

/// A line of input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputLine {
    /// What is asked for.
    pub title: String,
    /// An explanation of what may be typed.
    pub hint: String,
    /// The text typed so far.
    pub text: String,
    /// What the line is used for.
    pub purpose: InputPurpose,
}

/// The palette: all actions by name, filtered by what is typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Palette {
    /// The text typed so far.
    pub text: String,
    /// The selected line.
    pub place: ListPosition,
}

/// A text to read, which can be scrolled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextDialog {
    /// The dialog's title.
    pub title: String,
    /// The lines of text, each with its role; long ones are wrapped.
    pub lines: Vec<(Role, String)>,
    /// The number of rows scrolled past.
    pub top: usize,
}

/// A query of the domain: its form, and its answer once there is one.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryDialog {
    /// The name of the query.
    pub query: &'static str,
    /// What it answers.
    pub about: &'static str,
    /// A field for each parameter.
    pub form: Vec<FormField>,
    /// The selected parameter.
    pub place: ListPosition,
    /// The state of the answer.
    pub answer: QueryState,
    /// The number of rows that the answer is scrolled past.
    pub top: usize,
    /// The menu that it was chosen from, to go back to.
    pub menu: Menu,
}

/// The state of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryState {
    /// It has not been sent yet.
    NotAsked,
    /// It is running.
    Asking,
    /// An answer.
    Said {
        /// The answer in lines.
        lines: Vec<(Role, String)>,
        /// The cursor of the next page, if there is one.
        next: Option<String>,
    },
    /// Why there is no answer.
    Failed(String),
}

/// A dialog in front of the screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Overlay {
    /// A yes-or-no question.
    Question(QuestionDialog),
    /// A menu.
    Menu(Menu),
    /// A line of input.
    Input(InputLine),
    /// The palette of actions.
    Palette(Palette),
    /// The keys of the screen, and the number of rows scrolled past.
    Help(usize),
    /// A text to read.
    Text(TextDialog),
    /// A query of the domain.
    Ask(Box<QueryDialog>),
    /// The questions of agents that wait for a person.
    Approvals,
}
