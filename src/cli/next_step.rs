//! Renders next steps as commands and flags of the command line.

use crate::model::next_step::{Deed, Flag, Marking, StepKind, View};
use crate::model::shown::quote_word;
use crate::model::{NextStep, NextSteps};

/// Renders steps as one hint, with semicolons between them.
pub(super) fn render_hint(steps: &NextSteps) -> String {
    steps.as_slice().iter().map(render_step).collect::<Vec<_>>().join("; ")
}

/// Renders one step as a sentence without a final period.
pub(super) fn render_step(step: &NextStep) -> String {
    let action = match &step.way {
        StepKind::Say => return step.text.clone(),
        StepKind::Look(view) => format!("`{}`", render_view(view)),
        StepKind::Run(Deed::Again) => "run the command again".to_owned(),
        StepKind::Run(Deed::PlanAgain) => "plan again".to_owned(),
        StepKind::Run(deed) => format!("`{}`", render_command(deed)),
        StepKind::Give { option, value } => render_flag(option, value.as_deref()),
        StepKind::GiveOne { options } => format!("give {}", render_choice(options)),
        StepKind::LeaveOut { option } => format!("omit {}", spell_flag(option)),
    };
    // With a condition in front or a text behind, the command needs no verb to be a sentence.
    let verb = match &step.way {
        _ if !(step.text.is_empty() && step.when.is_empty()) => "",
        StepKind::Run(Deed::Again | Deed::PlanAgain) => "",
        StepKind::Run(_) => "run ",
        StepKind::Give { .. } => "say ",
        _ => "",
    };
    let when = if step.when.is_empty() { String::new() } else { format!("{}: ", step.when) };
    let does = if step.text.is_empty() { String::new() } else { format!(" {}", step.text) };
    format!("{when}{verb}{action}{does}")
}

/// Returns the command line of a step; `None` for a step that is advice.
pub(super) fn command_line(step: &NextStep) -> Option<String> {
    match &step.way {
        StepKind::Look(view) => Some(render_view(view)),
        StepKind::Run(deed) => Some(render_command(deed)),
        _ => None,
    }
}

fn render_choice(options: &[Flag]) -> String {
    let all: Vec<String> = options.iter().map(|option| render_flag(option, None)).collect();
    match all.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} or {last}", before.join(", ")),
        None => String::new(),
    }
}

/// Renders a flag with its value, or with a placeholder such as `N`.
fn render_flag(option: &Flag, value: Option<&str>) -> String {
    let value = value.map(|value| if is_verbatim(option) { value.to_owned() } else { quote_word(value) });
    match (option, value.or_else(|| placeholder(option).map(str::to_owned))) {
        (Flag::Command, _) => "the command behind `--`".to_owned(),
        (Flag::Operations, _) => "numbers".to_owned(),
        (Flag::Output, Some(value)) => format!("-o {value}"),
        (_, Some(value)) => format!("{} {value}", spell_flag(option)),
        (_, None) => spell_flag(option),
    }
}

/// Tells whether a flag's values are words of the command line itself, which need no quoting for a shell.
const fn is_verbatim(option: &Flag) -> bool {
    matches!(option, Flag::As | Flag::Judge | Flag::Depth)
}

/// Spells a flag as it is typed, such as `--max-rows`.
pub(super) fn spell_flag(option: &Flag) -> String {
    format!("--{}", option.name().replace('_', "-"))
}

/// Returns the placeholder of a flag's value; `None` for a flag without one.
const fn placeholder(option: &Flag) -> Option<&'static str> {
    Some(match option {
        Flag::Sample | Flag::MaxRows | Flag::Op | Flag::Patients => "N",
        Flag::Target => "NAME",
        Flag::Domain | Flag::BesideJournal => "ID",
        Flag::Name => "OTHER",
        Flag::Output | Flag::Baseline | Flag::WriteBaseline | Flag::Journal => "FILE",
        Flag::Detector => "NAME='COMMAND WORDS'",
        Flag::Sweep => "MODE:VARIANT",
        Flag::Sizes => "SIZES",
        Flag::Parameter(_) => "IDS",
        _ => return None,
    })
}

fn render_view(view: &View) -> String {
    let text = match view {
        View::Records { kind, eligible } => {
            let kind = kind.as_ref().map_or_else(String::new, |kind| format!(" {kind}"));
            let eligible = eligible.as_ref().map_or_else(String::new, |tool| format!(" --eligible {tool}"));
            return format!("mfm find{kind}{eligible}");
        }
        View::Mode { mode } => return format!("mfm modes {}", mode.as_deref().unwrap_or("MODE")),
        View::Operation { op } => return format!("mfm show {op}"),
        View::Drill { drill } => return format!("mfm drill --show {drill}"),
        View::Check { now } => return format!("mfm check --now {}", quote_word(now)),
        View::Query { query, example } => return format!("mfm query {query} {example}"),
        View::Files { query } => return format!("mfm query {query}"),
        View::Modes => "mfm modes",
        View::Queries => "mfm query",
        View::Log => "mfm log",
        View::Status => "mfm status",
        View::Targets => "mfm target list",
        View::Drills => "mfm drill --list",
        View::Approvals => "mfm approve",
        View::Rules => "mfm check --print-rules",
        View::CampaignSchema => "mfm campaign schema",
        View::CampaignPlan => "mfm campaign plan FILE",
        View::OneFault => "mfm plan TOOL --sample 1",
    };
    text.to_owned()
}

fn render_command(deed: &Deed) -> String {
    let text = match deed {
        Deed::Revert { ops, with } => return render_revert(ops, with),
        Deed::RevertAll { target: Some(target) } => return format!("mfm revert --all --target {}", quote_word(target)),
        Deed::Mark { url, marking } => return render_mark(url.as_deref(), *marking),
        Deed::Register { url } => return format!("mfm target add {}", url.as_deref().map_or("URL".into(), quote_word)),
        Deed::RemoveTarget { target } => return format!("mfm target remove {}", quote_word(target)),
        Deed::Approve { code } => return format!("mfm approve {}", quote_word(code)),
        // A step does not carry the command line that failed.
        Deed::Again => "mfm",
        Deed::PlanAgain => "mfm plan TOOL",
        Deed::Recover => "mfm recover",
        Deed::WriteOff => "mfm recover --as gone",
        Deed::RevertAll { target: None } => "mfm revert --all",
        Deed::MakeLab => "mfm lab create URL",
        Deed::MakeLabFile => "mfm lab create sqlite:lab.db",
        Deed::SavePlan => "mfm plan TOOL ARGS -o FILE",
        Deed::SaveBaseline => "mfm check --write-baseline FILE",
        Deed::SaveDrill => "mfm --json drill ... > FILE",
        Deed::ApplyCampaign => "mfm campaign apply FILE",
        Deed::RevertCampaign => "mfm campaign revert FILE",
        Deed::Demo => "mfm demo OTHER-DIR",
    };
    text.to_owned()
}

fn render_revert(ops: &[u64], with: &[Flag]) -> String {
    let ops: Vec<String> = ops.iter().map(ToString::to_string).collect();
    let ops = if ops.is_empty() { "OP".to_owned() } else { ops.join(" ") };
    with.iter().fold(format!("mfm revert {ops}"), |text, option| format!("{text} {}", spell_flag(option)))
}

fn render_mark(url: Option<&str>, marking: Marking) -> String {
    let url = url.map_or("NEW_URL".into(), quote_word);
    match marking {
        Marking::TestCopy => format!("mfm target mark {url}"),
        Marking::Moved => format!("mfm target mark --moved {url}"),
        Marking::RecordsLost => format!("mfm target mark {url} --records-lost"),
        Marking::Beside => format!("mfm target mark {url} --override foreign-operations"),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::args::Cli;
    use crate::model::Refusal;
    use crate::model::next_step::{act, give, give_value, leave_out, look};

    #[test]
    fn a_url_in_a_hint_is_one_word_of_a_shell() {
        let said = |url: &str| render_hint(&Refusal::LooksMoved { url: url.into(), target: "copy".into() }.next());
        assert_eq!(said("sqlite:/tmp/copy.db"), "run `mfm target mark --moved sqlite:/tmp/copy.db`");
        assert_eq!(said("sqlite:/tmp/my copy.db"), "run `mfm target mark --moved 'sqlite:/tmp/my copy.db'`");
        let url = "mssql://sa@host:1433/Copy?encrypt=strict&read_user=r";
        assert_eq!(said(url), format!("run `mfm target mark --moved '{url}'`"));
        assert_eq!(said("sqlite:o'clock.db"), r"run `mfm target mark --moved 'sqlite:o'\''clock.db'`");
    }

    #[test]
    fn every_kind_of_step_is_a_sentence_of_this_face() {
        for (step, said) in [
            (look(View::Log, "lists the operations"), "`mfm log` lists the operations"),
            (act(Deed::Recover, ""), "run `mfm recover`"),
            (act(Deed::WriteOff, "").when("deleted"), "deleted: `mfm recover --as gone`"),
            (give(Flag::Target, ""), "say --target NAME"),
            (give_value(Flag::MaxRows, 5, "allows it"), "--max-rows 5 allows it"),
            (give_value(Flag::Override, "name", "").when("if you know better"), "if you know better: --override name"),
            (leave_out(Flag::WithPassword), "omit --with-password"),
        ] {
            assert_eq!(render_step(&step), said);
        }
        let all = [Flag::parameter("fld_id"), Flag::Sample, Flag::All];
        assert_eq!(render_choice(&all), "--fld-id IDS, --sample N or --all");
        assert_eq!(render_choice(&[Flag::Operations, Flag::Last]), "numbers or --last");
    }

    #[test]
    fn every_option_is_one_of_some_command() {
        let mut known = std::collections::BTreeSet::new();
        let mut todo = vec![Cli::command()];
        while let Some(command) = todo.pop() {
            known.extend(command.get_arguments().filter_map(|one| one.get_long()).map(str::to_owned));
            known.extend(command.get_arguments().map(|one| one.get_id().as_str().to_lowercase().replace('_', "-")));
            todo.extend(command.get_subcommands().cloned());
        }
        // A command under test follows `--` and has no flag.
        for option in Flag::ALL.iter().filter(|option| **option != Flag::Command) {
            assert!(known.contains(&option.name().replace('_', "-")), "{option:?} is no option");
        }
    }
}
