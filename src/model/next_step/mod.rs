//! What can be done next about an error, as data; names no command, no flag, no tool and no key of any face.

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

/// One thing that can be done next. Each face renders it in its own terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NextStep {
    /// What is done.
    #[serde(flatten)]
    pub way: StepKind,
    /// In which case, such as "moved"; empty where it always helps.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub when: String,
    /// What it does, with the verb first; of [`StepKind::Say`] the whole sentence.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// The ways in which somebody goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum StepKind {
    /// As a sentence says that names nothing of a face.
    Say,
    /// By looking at something.
    Look(View),
    /// By doing something else first, or instead.
    Run(Deed),
    /// By asking the same again with an option.
    Give {
        /// The option.
        option: Flag,
        /// Its value, where the error knows it.
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// By asking the same again with one of several options.
    GiveOne {
        /// The options.
        options: Vec<Flag>,
    },
    /// By asking the same again without an option.
    LeaveOut {
        /// The option.
        option: Flag,
    },
}

impl NextStep {
    /// Returns the step for one case only.
    #[must_use]
    pub fn when(mut self, when: impl Into<String>) -> Self {
        self.when = when.into();
        self
    }

    /// Gives every text in the step that may come from elsewhere to a function, to be changed.
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

/// Says what to do in a sentence that names nothing of a face.
#[must_use]
pub fn say(text: impl Into<String>) -> NextStep {
    new_step(StepKind::Say, text)
}

/// Names what shows more, and what it shows.
#[must_use]
pub fn look(at: View, shows: impl Into<String>) -> NextStep {
    new_step(StepKind::Look(at), shows)
}

/// Names what can be done, and what it does; without a text it simply has to be done.
#[must_use]
pub fn act(deed: Deed, does: impl Into<String>) -> NextStep {
    new_step(StepKind::Run(deed), does)
}

/// Names an option, and what it does; without a text it simply is missing.
#[must_use]
pub fn give(option: Flag, does: impl Into<String>) -> NextStep {
    new_step(StepKind::Give { option, value: None }, does)
}

/// Names an option with its value, and what it does.
#[must_use]
pub fn give_value(option: Flag, value: impl ToString, does: impl Into<String>) -> NextStep {
    new_step(StepKind::Give { option, value: Some(value.to_string()) }, does)
}

/// Names several options of which one is wanted.
#[must_use]
pub fn give_one(options: impl Into<Vec<Flag>>) -> NextStep {
    new_step(StepKind::GiveOne { options: options.into() }, "")
}

/// Names an option that does not belong there.
#[must_use]
pub fn leave_out(option: Flag) -> NextStep {
    new_step(StepKind::LeaveOut { option }, "")
}
