//! Renders next steps as tools and arguments of this server, and in plain words what only a person can do.

use crate::model::next_step::{Deed, Flag, StepKind, View};
use crate::model::{NextStep, NextSteps};

/// Renders what an agent does next about an error.
pub(super) fn render_hint(code: &str, steps: &NextSteps) -> String {
    if let Some(rule) = find_rule(code) {
        return rule.to_owned();
    }
    // To look comes first: the other steps skip or overwrite rows.
    let first = (code == "conflict").then(|| "explain shows what blocks it".to_owned());
    first.into_iter().chain(steps.as_slice().iter().map(render_step)).collect::<Vec<_>>().join("; ")
}

/// Returns the hint for codes whose next steps an agent must not take; `None` for all others.
fn find_rule(code: &str) -> Option<&'static str> {
    Some(match code {
        "no_consent" => "nothing was written; do not try again unless the person asks for it",
        "recover_first" => {
            "it may still be running: call status in a moment; if it stays open, call recover, with consent"
        }
        "target_needs_recovery" => {
            "only a person may let the database roll back a crashed program's transaction: tell them to recover it at \
                a terminal"
        }
        "own_tables" | "hard_linked" => "only the operator can repair the database; stop here and say so",
        "unmarked" | "marked_elsewhere" | "looks_moved" | "marked_beside" | "live_clinic" | "target_replaced" => {
            "only the operator can mark a test copy; stop here and say so"
        }
        "journal_missing" => "the operator must make a lab or register a test copy first; stop here and say so",
        "limit" => "choose fewer records",
        _ => return None,
    })
}

/// Renders one step as a sentence.
pub(super) fn render_step(step: &NextStep) -> String {
    // The schema is no example of a call, which is what this step shows at a terminal.
    let is_schema = matches!(step.way, StepKind::Look(View::Query { .. }));
    let when = if step.when.is_empty() || is_schema { String::new() } else { format!("{}: ", step.when) };
    let action = match &step.way {
        StepKind::Say => step.text.clone(),
        StepKind::Look(view) => render_view(view, &step.text),
        StepKind::Run(deed) => render_deed(deed, &step.text),
        StepKind::Give { option, value } => render_argument(option, value.as_deref(), &step.text),
        StepKind::GiveOne { options } => format!("give {}", render_choice(options)),
        StepKind::LeaveOut { option } => format!("omit {}", option.name()),
    };
    when + &action
}

fn render_view(view: &View, shows: &str) -> String {
    let subject = match view {
        View::Records { kind, eligible } => {
            let kind = kind.as_ref().map_or_else(String::new, |kind| format!(" with kind {kind}"));
            let eligible = eligible.as_ref().map_or_else(String::new, |tool| format!(" and eligible {tool}"));
            format!("find{kind}{eligible}")
        }
        View::Modes => "list_failure_modes".to_owned(),
        View::Mode { mode: Some(mode) } => format!("list_failure_modes with mode {mode}"),
        View::Mode { mode: None } => "list_failure_modes with mode".to_owned(),
        View::Files { query } => query.clone(),
        View::Query { query, .. } => return format!("the input schema of {query} lists its parameters"),
        View::Queries => "the list of tools".to_owned(),
        View::Log => "log".to_owned(),
        View::Operation { op } => format!("show with op {op}"),
        View::Status | View::Targets => "status".to_owned(),
        View::Drills => "drill_result without a number".to_owned(),
        View::Drill { drill } => format!("drill_result with drill {drill}"),
        View::OneFault => "plan with sample 1".to_owned(),
        View::Check { now } => format!("check with now {now}"),
        View::Approvals => return render_for_person("list pending approvals"),
        View::Rules => return render_for_person("print a complete rules file"),
        View::CampaignSchema | View::CampaignPlan => return render_for_person("print the campaign"),
    };
    if shows.is_empty() { format!("call {subject}") } else { format!("{subject} {shows}") }
}

fn render_deed(deed: &Deed, does: &str) -> String {
    let behind = if does.is_empty() { String::new() } else { format!(" {does}") };
    match deed {
        Deed::Again => format!("call the tool again{behind}"),
        Deed::PlanAgain => format!("call the tool again for a new plan{behind}"),
        Deed::Recover if does.is_empty() => "call recover, with the person's consent".to_owned(),
        Deed::Recover => format!("recover, with the person's consent, {does}"),
        Deed::Revert { ops, with } => format!("{}{behind}", render_revert(ops, with)),
        Deed::RevertAll { target } => {
            let target = target.as_ref().map_or_else(String::new, |target| format!(" and target {target}"));
            format!("revert with all{target}{behind}")
        }
        Deed::SavePlan => format!("plan{behind}"),
        other => render_for_person(&other.in_words()),
    }
}

fn render_revert(ops: &[u64], with: &[Flag]) -> String {
    let ops = match ops {
        [] => "revert".to_owned(),
        ops => format!("revert with operations {}", ops.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")),
    };
    with.iter().fold(ops, |text, option| format!("{text} and {}", option.name()))
}

fn render_argument(option: &Flag, value: Option<&str>, does: &str) -> String {
    let name = option.name();
    let value = value.map_or_else(String::new, |value| format!(" {value}"));
    if !has_argument(option) {
        return render_for_person(&format!("give {}{value}", name.replace('_', " ")));
    }
    let step = if does.is_empty() { format!("give {name}{value}") } else { format!("{name}{value} {does}") };
    match option {
        Flag::Cascade | Flag::SkipConflicts | Flag::Force => format!("{step}, if the person decides so"),
        _ => step,
    }
}

fn render_choice(options: &[Flag]) -> String {
    let names: Vec<&str> = options.iter().filter(|option| has_argument(option)).map(Flag::name).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, before)) => format!("{} or {last}", before.join(", ")),
        None => "what is missing".to_owned(),
    }
}

/// Renders what an agent cannot do itself.
fn render_for_person(what: &str) -> String {
    format!("tell the person, who has the command line, to {what}")
}

/// Tells whether some tool has the argument.
fn has_argument(option: &Flag) -> bool {
    match option {
        Flag::Cascade
        | Flag::SkipConflicts
        | Flag::Force
        | Flag::MaxRows
        | Flag::Sample
        | Flag::All
        | Flag::Last
        | Flag::Operations
        | Flag::Variant
        | Flag::Target
        | Flag::Onto
        | Flag::Depth
        | Flag::Op
        | Flag::Only
        | Flag::Until
        | Flag::As
        | Flag::Sweep
        | Flag::Sizes
        | Flag::Parameter(_) => true,
        Flag::DisableTriggers
        | Flag::Journal
        | Flag::Domain
        | Flag::Name
        | Flag::Override
        | Flag::BesideJournal
        | Flag::UnencryptedLogin
        | Flag::InPlace
        | Flag::Moved
        | Flag::Yes
        | Flag::Confirm
        | Flag::DryRun
        | Flag::From
        | Flag::Output
        | Flag::Scenario
        | Flag::Patients
        | Flag::Judge
        | Flag::Command
        | Flag::Detector
        | Flag::WithPassword
        | Flag::Baseline
        | Flag::WriteBaseline
        | Flag::IncludePhi => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::options::ServerOptions;
    use crate::mcp::{catalogue, queries};
    use crate::model::Refusal;

    #[test]
    fn an_option_is_an_agents_where_a_tool_has_it() {
        let mut allowed = ServerOptions::default().resolve_permissions().unwrap();
        allowed.domains = crate::domains::all().to_vec();
        // What a domain's question is asked with is its own, whatever its name.
        let asked: Vec<_> = queries::list_entries(&allowed).into_iter().map(|entry| entry.tool.name).collect();
        let mut entries = catalogue::list_entries(&allowed);
        entries.retain(|entry| !asked.contains(&entry.tool.name));
        let tools = entries.iter().filter_map(|entry| entry.tool.input_schema.get("properties")?.as_object());
        let known: Vec<String> = tools.flat_map(|properties| properties.keys().cloned()).collect();
        for option in Flag::ALL {
            assert_eq!(has_argument(option), known.iter().any(|name| name == option.name()), "{option:?}");
        }
    }

    #[test]
    fn a_step_names_tools_and_arguments_and_what_only_a_person_has_is_told_to_them() {
        let said = |refusal: Refusal| render_hint(refusal.code(), &refusal.next());
        assert_eq!(said(Refusal::NoOperation { op: 1 }), "log lists the operations");
        assert_eq!(said(Refusal::Stale { what: "x".into() }), "call the tool again for a new plan");
        let conflict = Refusal::Conflict { op: 1, rows: 1, blocked_by: vec![2], conflicts: Vec::new() };
        assert!(said(conflict).starts_with("explain shows what blocks it; cascade reverts the later operations"));
        let name = Refusal::NoTarget { name: "sqlite:copy.db".into() };
        assert_eq!(
            said(name),
            "status lists them; tell the person, who has the command line, to register sqlite:copy.db"
        );
    }
}
