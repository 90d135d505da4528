//! Renders next steps as keys and screens. Steps that only the command line offers are described in words.

use super::keys::{Action, BINDINGS};
use super::state::Screen;
use crate::model::next_step::{Deed, Flag, StepKind, View};
use crate::model::{NextStep, NextSteps};

/// Returns what a person can do about an error, as one line; empty if there are no steps.
#[must_use]
pub fn render_hint(steps: &NextSteps) -> String {
    steps.as_slice().iter().map(render_step).collect::<Vec<_>>().join("; ")
}

/// Returns one step as a clause.
#[must_use]
pub fn render_step(step: &NextStep) -> String {
    let when = if step.when.is_empty() { String::new() } else { format!("{}: ", step.when) };
    let effect = if step.text.is_empty() { String::new() } else { format!(" {}", step.text) };
    let clause = match &step.way {
        StepKind::Say => step.text.clone(),
        StepKind::Look(view) => render_view(view) + &effect,
        StepKind::Run(deed) => render_deed(deed, &effect),
        StepKind::Give { option, value } => render_option(option, value.as_deref(), &effect),
        StepKind::GiveOne { options } => {
            format!("give one of {}", options.iter().map(render_option_name).collect::<Vec<_>>().join(", "))
        }
        StepKind::LeaveOut { option } => format!("leave {} empty", render_option_name(option)),
    };
    when + &clause
}

/// Returns an action's label with its first key, such as `recover (R)`.
#[must_use]
pub fn render_key(action: Action) -> String {
    let binding = BINDINGS.iter().find(|binding| binding.action == action);
    binding.map_or_else(String::new, |binding| format!("{} ({})", binding.label, binding.keys.first().unwrap_or(&"")))
}

fn render_view(view: &View) -> String {
    let screen = match view {
        View::Records { .. } => Screen::Records,
        View::Modes | View::Mode { .. } => Screen::Modes,
        View::Log | View::Operation { .. } => Screen::Operations,
        View::Status | View::Targets | View::Drills | View::Drill { .. } => Screen::Overview,
        View::OneFault => Screen::Plan,
        View::Check { .. } => Screen::Checks,
        View::Approvals => return render_key(Action::Agents),
        View::Queries
        | View::Query { .. }
        | View::Files { .. }
        | View::Rules
        | View::CampaignSchema
        | View::CampaignPlan => return "the command line".to_owned(),
    };
    render_key(Action::Show(screen))
}

fn render_deed(deed: &Deed, effect: &str) -> String {
    match deed {
        Deed::Again | Deed::PlanAgain => deed.in_words() + effect,
        Deed::Recover => render_key(Action::Recover) + effect,
        Deed::Approve { .. } => render_key(Action::Agents) + effect,
        Deed::Revert { with, .. } => {
            with.iter().fold(render_key(Action::Revert), |text, option| text + ", " + &render_option_name(option))
                + effect
        }
        other => format!("at the command line: {}", other.in_words()),
    }
}

fn render_option(option: &Flag, value: Option<&str>, effect: &str) -> String {
    let value = value.map_or_else(String::new, |value| format!(" {value}"));
    match option {
        Flag::Yes => "nothing is done without confirmation".to_owned(),
        // The menu of a revert offers these, so they need no command line.
        Flag::Cascade | Flag::SkipConflicts | Flag::Force => render_option_name(option) + effect,
        Flag::MaxRows | Flag::Variant | Flag::Parameter(_) => {
            format!("{}{value} in the form{effect}", option.name())
        }
        _ => format!("at the command line, {}{value}{effect}", render_option_name(option)),
    }
}

fn render_option_name(option: &Flag) -> String {
    option.name().replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Refusal;
    use crate::model::next_step::{act, look};

    #[test]
    fn a_step_names_screens_and_keys() {
        for (refusal, text) in [
            (Refusal::NoOperation { op: 1 }, "operations (5) lists the operations"),
            (Refusal::RecoverFirst { op: 1 }, "recover (R)"),
            (Refusal::Limit { rows: 7, limit: 5 }, "max_rows 7 in the form allows it"),
        ] {
            assert_eq!(render_hint(&refusal.next()), text);
        }
        assert_eq!(
            render_step(&act(Deed::WriteOff, "").when("deleted")),
            "deleted: at the command line: write off the operations of the target"
        );
        assert_eq!(render_step(&look(View::Approvals, "lists what waits")), "agents (A) lists what waits");
    }
}
