//! What can be done next, as keys and screens; what only the command line has is said in plain words.

use super::keys::{Action, BINDINGS};
use super::state::Screen;
use crate::model::next_step::{Deed, Flag, View, Way};
use crate::model::{NextStep, NextSteps};

/// Returns what a person can do about an error.
#[must_use]
pub fn hint(steps: &NextSteps) -> String {
    steps.as_slice().iter().map(sentence).collect::<Vec<_>>().join("; ")
}

/// Returns one step as a sentence.
#[must_use]
pub fn sentence(step: &NextStep) -> String {
    let when = if step.when.is_empty() { String::new() } else { format!("{}: ", step.when) };
    let does = if step.text.is_empty() { String::new() } else { format!(" {}", step.text) };
    let said = match &step.way {
        Way::Say => step.text.clone(),
        Way::Look(view) => looking(view) + &does,
        Way::Run(deed) => doing(deed, &does),
        Way::Give { option, value } => giving(option, value.as_deref(), &does),
        Way::GiveOne { options } => {
            format!("give one of {}", options.iter().map(plain).collect::<Vec<_>>().join(", "))
        }
        Way::LeaveOut { option } => format!("leave {} empty", plain(option)),
    };
    when + &said
}

/// Returns the word of an action with its key.
#[must_use]
pub fn key(action: Action) -> String {
    let binding = BINDINGS.iter().find(|binding| binding.action == action);
    binding.map_or_else(String::new, |binding| format!("{} ({})", binding.label, binding.keys.first().unwrap_or(&"")))
}

fn looking(view: &View) -> String {
    let screen = match view {
        View::Records { .. } => Screen::Records,
        View::Modes | View::Mode { .. } => Screen::Modes,
        View::Log | View::Operation { .. } => Screen::Operations,
        View::Status | View::Targets | View::Drills | View::Drill { .. } => Screen::Overview,
        View::OneFault => Screen::Plan,
        View::Check { .. } => Screen::Checks,
        View::Queries
        | View::Query { .. }
        | View::Files { .. }
        | View::Approvals
        | View::Rules
        | View::CampaignSchema
        | View::CampaignPlan => return "the command line".to_owned(),
    };
    key(Action::Show(screen))
}

fn doing(deed: &Deed, does: &str) -> String {
    match deed {
        Deed::Again | Deed::PlanAgain => deed.in_words() + does,
        Deed::Recover => key(Action::Recover) + does,
        Deed::Revert { with, .. } => {
            with.iter().fold(key(Action::Revert), |said, option| said + ", " + &plain(option)) + does
        }
        other => format!("at the command line: {}", other.in_words()),
    }
}

fn giving(option: &Flag, value: Option<&str>, does: &str) -> String {
    let value = value.map_or_else(String::new, |value| format!(" {value}"));
    match option {
        Flag::Yes => "nothing is done without a yes".to_owned(),
        // A revert offers them where something is in its way.
        Flag::Cascade | Flag::SkipConflicts | Flag::Force => plain(option) + does,
        Flag::MaxRows | Flag::Variant | Flag::Parameter(_) => {
            format!("{}{value} in the form{does}", option.name())
        }
        _ => format!("at the command line, {}{value}{does}", plain(option)),
    }
}

fn plain(option: &Flag) -> String {
    option.name().replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Refusal;
    use crate::model::next_step::act;

    #[test]
    fn a_step_names_screens_and_keys() {
        let said = |refusal: Refusal| hint(&refusal.next());
        assert_eq!(said(Refusal::NoOperation { op: 1 }), "operations (5) lists the operations");
        assert_eq!(said(Refusal::RecoverFirst { op: 1 }), "recover (R)");
        assert_eq!(said(Refusal::Limit { rows: 7, limit: 5 }), "max_rows 7 in the form allows it");
        assert_eq!(
            sentence(&act(Deed::WriteOff, "").when("deleted")),
            "deleted: at the command line: write off what the target carried"
        );
    }
}
