//! The next steps of an error, in the order in which they are worth trying.

use serde::Serialize;

use super::{NextStep, StepKind, View, say};
use crate::model::password::hidden_in;

/// The next steps of an error. A text converts to one step, an empty text to none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct NextSteps(Vec<NextStep>);

impl NextSteps {
    /// Returns the steps.
    #[must_use]
    pub fn as_slice(&self) -> &[NextStep] {
        &self.0
    }

    /// Tells whether there is no step.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends more steps.
    #[must_use]
    pub fn and(mut self, more: impl Into<Self>) -> Self {
        self.0.extend(more.into().0);
        self
    }

    /// Hides passwords in every text, because errors are read by others than those who typed the request.
    #[must_use]
    pub fn without_passwords(mut self) -> Self {
        for step in &mut self.0 {
            step.change_texts(&mut |text| *text = hidden_in(text));
        }
        self
    }

    /// Fills in the tool wherever a step points to a mode without naming it.
    #[must_use]
    pub fn of_tool(mut self, tool: &str) -> Self {
        for step in &mut self.0 {
            if let StepKind::Look(View::Mode { mode: mode @ None }) = &mut step.way {
                *mode = Some(tool.to_owned());
            }
        }
        self
    }
}

impl From<NextStep> for NextSteps {
    fn from(step: NextStep) -> Self {
        Self(vec![step])
    }
}

impl From<Vec<NextStep>> for NextSteps {
    fn from(steps: Vec<NextStep>) -> Self {
        Self(steps)
    }
}

impl<const N: usize> From<[NextStep; N]> for NextSteps {
    fn from(steps: [NextStep; N]) -> Self {
        Self(steps.into())
    }
}

impl From<&str> for NextSteps {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<String> for NextSteps {
    fn from(text: String) -> Self {
        if text.is_empty() { Self::default() } else { say(text).into() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Deed, Flag, act, give_value, look};
    use super::*;

    #[test]
    fn no_step_repeats_a_password() {
        let url = || "mssql://sa:Tr0ub4dor@host/Copy".to_owned();
        let steps = NextSteps::from([
            say(url()),
            act(Deed::Register { url: Some(url()) }, ""),
            give_value(Flag::Target, url(), "").when(url()),
        ]);
        let json = serde_json::to_string(&steps.without_passwords()).unwrap();
        assert!(!json.contains("Tr0ub") && json.matches("mssql://sa").count() == 4, "{json}");
    }

    #[test]
    fn steps_are_written_with_a_word_and_what_belongs_to_it() {
        let steps = NextSteps::from("try again").and(look(View::Mode { mode: None }, "shows it")).of_tool("tool");
        assert_eq!(
            serde_json::to_value(&steps).unwrap(),
            serde_json::json!([
                {"step": "say", "text": "try again"},
                {"step": "look", "at": "mode", "mode": "tool", "text": "shows it"},
            ])
        );
        let steps = NextSteps::from([act(Deed::Recover, ""), give_value(Flag::MaxRows, 5, "allows it")]);
        assert_eq!(
            serde_json::to_value(&steps).unwrap(),
            serde_json::json!([
                {"step": "run", "operation": "recover"},
                {"step": "give", "option": "max_rows", "value": "5", "text": "allows it"},
            ])
        );
        assert!(NextSteps::from("").is_empty());
    }
}
