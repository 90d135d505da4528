//! What can be done next about an error, as data. Commands, flags, tools and keys are named by the faces alone.

mod deed;
mod flag;
mod of_refusal;
mod steps;
mod view;

use serde::Serialize;

pub use deed::{Deed, Marking};
pub use flag::Flag;
pub use steps::NextSteps;
pub use view::View;

/// One thing to do next. Each face renders it in its own terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NextStep {
    /// What to do.
    #[serde(flatten)]
    pub way: StepKind,
    /// The condition under which it helps, such as "moved"; empty where it always does.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub when: String,
    /// What it does, verb first; for [`StepKind::Say`] the whole sentence.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// The kinds of next step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum StepKind {
    /// A sentence that names nothing of a face.
    Say,
    /// Look at something.
    Look(View),
    /// Do something else first, or instead.
    Run(Deed),
    /// Repeat the request with an option.
    Give {
        /// The option.
        option: Flag,
        /// Its value; `None` where the error does not know it.
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// Repeat the request with one of several options.
    GiveOne {
        /// The options.
        options: Vec<Flag>,
    },
    /// Repeat the request without an option.
    LeaveOut {
        /// The option.
        option: Flag,
    },
}

impl NextStep {
    /// Restricts the step to a condition.
    #[must_use]
    pub fn when(mut self, when: impl Into<String>) -> Self {
        self.when = when.into();
        self
    }

    /// Applies a change to every text of the step that may come from user input.
    pub(super) fn change_texts(&mut self, change: &mut dyn FnMut(&mut String)) {
        change(&mut self.when);
        change(&mut self.text);
        match &mut self.way {
            StepKind::Look(view) => view.texts_mut().into_iter().for_each(change),
            StepKind::Run(deed) => deed.texts_mut().into_iter().for_each(change),
            StepKind::Give { value, .. } => value.iter_mut().for_each(change),
            StepKind::Say | StepKind::GiveOne { .. } | StepKind::LeaveOut { .. } => {}
        }
    }
}

fn new_step(way: StepKind, text: impl Into<String>) -> NextStep {
    NextStep { way, when: String::new(), text: text.into() }
}

/// Returns a step that is a sentence; it must name nothing of a face.
#[must_use]
pub fn say(text: impl Into<String>) -> NextStep {
    new_step(StepKind::Say, text)
}

/// Returns the step of looking at something; `shows` says what it shows.
#[must_use]
pub fn look(at: View, shows: impl Into<String>) -> NextStep {
    new_step(StepKind::Look(at), shows)
}

/// Returns the step of an action; `does` says what it does, and may be empty.
#[must_use]
pub fn act(deed: Deed, does: impl Into<String>) -> NextStep {
    new_step(StepKind::Run(deed), does)
}

/// Returns the step of giving an option; `does` says what it does, and may be empty.
#[must_use]
pub fn give(option: Flag, does: impl Into<String>) -> NextStep {
    new_step(StepKind::Give { option, value: None }, does)
}

/// Returns the step of giving an option with a value; `does` says what it does, and may be empty.
#[must_use]
pub fn give_value(option: Flag, value: impl ToString, does: impl Into<String>) -> NextStep {
    new_step(StepKind::Give { option, value: Some(value.to_string()) }, does)
}

/// Returns the step of giving one of several options.
#[must_use]
pub fn give_one(options: impl Into<Vec<Flag>>) -> NextStep {
    new_step(StepKind::GiveOne { options: options.into() }, "")
}

/// Returns the step of leaving out an option.
#[must_use]
pub fn leave_out(option: Flag) -> NextStep {
    new_step(StepKind::LeaveOut { option }, "")
}
