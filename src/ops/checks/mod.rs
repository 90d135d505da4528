//! `mfm check`: runs the quality checks on a target, marked or not; never writes to it.

mod baseline;
mod exhibits;
pub mod fingerprint;
mod groups;
mod lines;
mod options;
pub mod report;
mod session;

use std::path::PathBuf;

use clap::Args;
use jiff::civil;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::baseline::{Baseline, KnownFinding};
pub use self::exhibits::{Exhibits, RowLine};
pub use self::groups::{FindingGroup, GroupedCheck};
pub use self::lines::{CheckLine, FindingLine, Outcome, RelatedLine, Status};
pub use self::options::{FailOn, Form, Options};
pub use self::session::{CheckOutcome, CheckSession, default_params};
use super::context::Context;
use super::detect;
use super::failure::Failure;
use super::protected::ProtectedFiles;
use super::rules::ChosenRules;
use crate::domain::Domain;
use crate::domain::check::{CheckCard, CheckParams};
use crate::domains;
use crate::model::NextSteps;
use crate::model::next_step::{Flag, give};
use crate::model::ports::Danger;
use crate::model::time;
use crate::targets::Target;

/// The command's card.
pub const CARD: super::Card =
    super::Card { name: "check", danger: Danger::Read, about: "Run the quality checks on a target" };

/// Which checks, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// Only these checks, or the checks of these groups: ids separated by commas
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub only: Vec<String>,
    /// The wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS: later is the future [default: the clock here]
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// Use the rules of this file; missing keys are as `--print-rules` shows them
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub rules: Option<PathBuf>,
    /// Print the rules, complete, and check nothing
    #[arg(long)]
    pub print_rules: bool,
    /// What becomes of findings.
    #[command(flatten)]
    #[serde(flatten)]
    pub options: Options,
}

/// Runs the checks on a registered target.
///
/// # Errors
/// A usage error, or a target or journal error.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    // Everything that can be wrong with the arguments and the files comes first: checks may take minutes.
    known_somewhere(request.only.iter().chain(&request.options.fail_on_not_run))?;
    let protected = ProtectedFiles::from_context(context);
    request.options.output_files().try_for_each(|path| protected.refuse(path))?;
    let baseline = request.options.prepare_files()?;
    let now = context.resolve_now(request.now.as_deref())?;
    let Checked { name: named, domain, mut target } = open_checked(context)?;
    let chosen = choose_checks(domain, &request.only)?;
    let must_run = must_run(domain, &request.options.fail_on_not_run, &chosen)?;
    let rules = ChosenRules::load(domain, request.rules.as_deref())?;
    let params = CheckParams { now: context.at_place(now), rules: rules.rules.clone() };
    let session = CheckSession::run_once(context, target.as_mut(), domain, &chosen, params)?;
    let mut outcome = build_outcome(context, named, now, &session);
    outcome.rules = rules.to_line();
    outcome.must_run = must_run;
    apply_options(&mut outcome, &request.options, baseline.as_ref())?;
    // After the baseline, which decides the order of the findings and so which of them are listed.
    outcome.groups = FindingGroup::gather(&session, target.as_mut(), &outcome);
    if request.options.form == Some(Form::Html) {
        outcome.exhibits = Exhibits::gather(&session, target.as_mut(), &outcome)?;
    }
    Ok(outcome)
}

/// What is checked.
struct Checked {
    name: String,
    domain: &'static dyn Domain,
    target: Box<dyn Target>,
}

/// Opens what is checked: a folder that is read in place, which needs no journal, or a registered target.
fn open_checked(context: &Context<'_>) -> Result<Checked, Failure> {
    if let Some(url) = context.place_to_read() {
        let mut target = context.open_target(url)?;
        let domain = detect::detect_domain(target.as_mut(), None)?;
        return Ok(Checked { name: url.to_owned(), domain, target });
    }
    let journal = context.open_journal()?;
    let named = context.resolve_target(&journal)?;
    let domain = detect::registered_domain(&journal, &named.name)?;
    let mut target = context.open_target(&named.url)?;
    detect::warn_of_mismatch(context, &journal, &named.name, target.as_mut());
    Ok(Checked { name: named.name, domain, target })
}

/// Returns the result of a session before a baseline is applied.
fn build_outcome(context: &Context<'_>, target: String, now: civil::DateTime, session: &CheckSession) -> Outcome {
    let findings = session.checked.iter().flat_map(CheckOutcome::findings);
    let mut findings: Vec<FindingLine> = findings.map(|finding| FindingLine::new(finding, &session.held)).collect();
    lines::number_alike(&mut findings);
    Outcome {
        target,
        now: time::format_wall(now, 0, 'T'),
        checks: session.checked.iter().map(CheckLine::new).collect(),
        unkeyed: findings.iter().filter(|finding| !lines::tells_a_row(&finding.key)).count() as u64,
        findings_total: findings.len() as u64,
        findings,
        journal: context.journal.clone(),
        ..Outcome::default()
    }
}

/// Applies the baseline, counts the findings, decides the exit code, and writes the baseline that was asked for.
fn apply_options(outcome: &mut Outcome, options: &Options, baseline: Option<&Baseline>) -> Result<(), Failure> {
    outcome.baseline.clone_from(&options.baseline);
    if let Some(baseline) = baseline {
        baseline.mark_known(outcome);
    }
    outcome.count_findings();
    outcome.fail_on = options.fail_on;
    let has_violation = outcome.findings.iter().any(|finding| outcome.is_failing(finding));
    // A run in which no check could run proves nothing, and must not pass in continuous integration.
    let nothing_ran = outcome.not_run == outcome.checks.len() as u64 && options.fail_on != FailOn::Never;
    let not_run = outcome.checks.iter().any(|check| outcome.fails_not_run(check));
    outcome.failed = (has_violation && options.write_baseline.is_none()) || nothing_ran || not_run;
    if let Some(path) = &options.write_baseline {
        Baseline::from_outcome(outcome, baseline).write(path, options.baseline.as_deref())?;
        outcome.baseline_written = Some(path.clone());
    }
    Ok(())
}

/// Returns the ids of the chosen checks that make the exit code 1 where they cannot run.
fn must_run(
    domain: &dyn Domain,
    words: &[String],
    chosen: &[&'static CheckCard],
) -> Result<Vec<&'static str>, Failure> {
    let ids = |checks: &[&'static CheckCard]| checks.iter().map(|check| check.id).collect::<Vec<_>>();
    if words.is_empty() {
        return Ok(Vec::new());
    }
    if words.iter().any(|word| word.trim().eq_ignore_ascii_case(options::ALL)) {
        return Ok(ids(chosen));
    }
    let (named, all) = (ids(&choose_checks(domain, words)?), ids(chosen));
    if let Some(left_out) = named.iter().find(|id| !all.contains(id)) {
        let message = format!("`{left_out}` has to run, but is not among the chosen checks");
        let next = NextSteps::from(give(Flag::Only, "must include it too")).and("or omit it from both");
        return Err(Failure::usage("unknown_check", message, next));
    }
    Ok(named)
}

/// Refuses words that name no check of any domain; the target's own domain is not known yet.
fn known_somewhere<'w>(words: impl Iterator<Item = &'w String>) -> Result<(), Failure> {
    for word in words.filter(|word| !word.trim().eq_ignore_ascii_case(options::ALL)) {
        let word = std::slice::from_ref(word);
        if !domains::all().iter().any(|domain| choose_checks(*domain, word).is_ok()) {
            choose_checks(domains::FIRST, word)?;
        }
    }
    Ok(())
}

/// Returns the checks of these ids and groups, or every check of the domain where none is named.
fn choose_checks(domain: &dyn Domain, only: &[String]) -> Result<Vec<&'static CheckCard>, Failure> {
    let checks = domain.checks();
    if let Some(unknown) = only.iter().find(|word| !checks.iter().any(|check| is_named(check, word))) {
        let message = format!("there is no check and no group of checks `{unknown}`");
        return Err(Failure::usage("unknown_check", message, render_known_checks(domain)));
    }
    let chosen = checks.iter().filter(|check| only.is_empty() || only.iter().any(|word| is_named(check, word)));
    Ok(chosen.copied().collect())
}

/// Returns whether a word, in snake or kebab case, is the id or the group of a check.
fn is_named(check: &CheckCard, word: &str) -> bool {
    let snake = word.trim().to_ascii_lowercase().replace('-', "_");
    [check.id, check.group].contains(&snake.as_str())
}

/// Lists the checks of a domain by group, in a sentence.
fn render_known_checks(domain: &dyn Domain) -> String {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for card in domain.checks() {
        match groups.iter_mut().find(|(group, _)| *group == card.group) {
            Some((_, ids)) => ids.push(card.id),
            None => groups.push((card.group, vec![card.id])),
        }
    }
    let lines = groups.iter().map(|(group, ids)| format!("{group}: {}", ids.join(", ")));
    format!("groups and their checks: {}", lines.collect::<Vec<_>>().join("; "))
}
