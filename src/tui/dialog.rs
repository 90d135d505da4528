//! What stands in front of a screen: questions, choices, input, text; decides nothing of its own.

use super::list::ListPosition;
use super::look::Role;
use super::screens::plan::FormField;
use crate::domain::record::RecordKind;
use crate::model::Digest;
use crate::ops::{plan, revert};

/// Everything dangerous that a person can be asked to agree to, and what a yes leads to.
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
    /// Ask the target what became of what is open, and seal it.
    Recover,
    /// Break, look and take back, many times.
    Drill,
    /// What an operation asks while it runs.
    Asked(u64),
}

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub struct QuestionDialog {
    /// What it is about, in a few words.
    pub title: String,
    /// The question, in lines.
    pub lines: Vec<(Role, String)>,
    /// The word that has to be typed, where a plain yes is too little; and what was typed so far.
    pub typed: Option<(String, String)>,
    /// What a yes leads to.
    pub danger: DangerousAction,
}

/// What a chosen line leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MenuChoice {
    /// To break a record with a mode.
    Mode {
        /// The mode's tool.
        tool: &'static str,
        /// The kind of record.
        kind: &'static RecordKind,
        /// Its id.
        id: i64,
    },
    /// To another target.
    Target(String),
    /// To a way of taking an operation back.
    Revert(revert::Request),
    /// To a question to the data, by its name.
    Query(&'static str),
}

/// Lines to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu {
    /// What is chosen.
    pub title: String,
    /// Each line with what it leads to, and what is to be known of it.
    pub lines: Vec<(MenuChoice, String, String)>,
    /// Which is in hand.
    pub place: ListPosition,
}

/// What a line that is typed is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputPurpose {
    /// To look for something on the screen.
    Search,
    /// To fill a line of the plan's form.
    Field(usize),
}

/// A line that is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputLine {
    /// What is asked for.
    pub title: String,
    /// What may be typed.
    pub hint: String,
    /// What was typed so far.
    pub text: String,
    /// What it is for.
    pub purpose: InputPurpose,
}

/// Every action by name, narrowed by what is typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Palette {
    /// What was typed so far.
    pub text: String,
    /// Which line is in hand.
    pub place: ListPosition,
}

/// Text to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextDialog {
    /// What it is.
    pub title: String,
    /// Its lines.
    pub lines: Vec<(Role, String)>,
    /// How far it is scrolled.
    pub top: usize,
}

/// A question to the data, while it is put together and once it is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryDialog {
    /// Its name.
    pub query: &'static str,
    /// What it answers.
    pub about: &'static str,
    /// Its parameters.
    pub form: Vec<FormField>,
    /// Which of them is in hand.
    pub place: ListPosition,
    /// What came of it.
    pub answer: QueryState,
    /// How far the answer is scrolled.
    pub top: usize,
    /// The list that it was chosen from.
    pub menu: Menu,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryState {
    /// It was not asked yet.
    NotAsked,
    /// It is under way.
    Asking,
    /// An answer.
    Said {
        /// It, in lines.
        lines: Vec<(Role, String)>,
        /// Where the next page begins.
        next: Option<String>,
    },
    /// Why there is no answer.
    Failed(String),
}

/// What stands in front.
#[derive(Clone, Debug, PartialEq)]
pub enum Overlay {
    /// A question.
    Question(QuestionDialog),
    /// Lines to choose from.
    Menu(Menu),
    /// A line that is typed.
    Input(InputLine),
    /// Every action.
    Palette(Palette),
    /// The keys of the screen.
    Help(usize),
    /// Text to read.
    Text(TextDialog),
    /// A question to the data.
    Ask(Box<QueryDialog>),
}
