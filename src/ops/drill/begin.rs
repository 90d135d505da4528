//! How a drill begins: what is wanted, what an earlier one left, and what is put under test.

use std::path::Path;
use std::time::Duration;

use jiff::civil;

use super::command::Program;
use super::detector::{Detector, OWN};
use super::ledger::JournaledDrill;
use super::matrix::DrillCase;
use super::said::Judge;
use super::{Request, find_case, trial};
use crate::domain::Domain;
use crate::domain::mode::Mode;
use crate::domains;
use crate::model::NextSteps;
use crate::model::next_step::{Deed, Flag, View, act, give, give_one, leave_out, look};
use crate::model::ports::Account;
use crate::model::seed::SEED_MAX;
use crate::model::{password, shown};
use crate::ops::checks::CheckSession;
use crate::ops::context::{ChosenTarget, Context};
use crate::ops::failure::{Failure, FailureKind};
use crate::ops::protected::ProtectedFiles;
use crate::ops::{detect, modes, standing};
use crate::targets::Target;

/// How many records a variant are tried unless told otherwise.
const SAMPLE: u64 = 3;
/// How long a command may run unless told otherwise, in seconds.
const TIMEOUT_S: u64 = 300;

/// What is to be tried.
pub struct DrillScope {
    /// Variants, in the order of the modes.
    pub cases: Vec<DrillCase>,
    /// How many records of each.
    pub sample: u64,
    /// How many controls of a command, for each variant.
    pub controls: u64,
    /// The seed.
    pub seed: u64,
    /// The wall clock.
    pub now: civil::DateTime,
}

/// Checks a request by itself, and fills in seed and clock.
///
/// # Errors
/// Usage only.
pub fn resolve_scope(context: &Context<'_>, request: &Request) -> Result<DrillScope, Failure> {
    if parse_commands(request)?.is_empty() {
        needs_command(request)?;
    }
    if request.seed.is_some_and(|seed| seed > SEED_MAX) {
        return Err(Failure::usage("seed", "the seed is above 2^53-1", "choose a smaller seed"));
    }
    Ok(DrillScope {
        cases: select_cases(&request.modes)?,
        sample: request.sample.unwrap_or(SAMPLE),
        controls: request.controls.unwrap_or(1),
        seed: request.seed.unwrap_or_else(|| context.draw_seed()),
        now: context.resolve_now(request.now.as_deref())?,
    })
}

fn needs_command(request: &Request) -> Result<(), Failure> {
    let given = [
        ("judge", request.judge.is_some()),
        ("report", request.report.is_some()),
        ("found codes", !request.found_codes.is_empty()),
        ("timeout", request.timeout.is_some()),
        ("name", request.name.is_some()),
        ("command only", request.command_only),
        ("with password", request.with_password),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((option, _)) => {
            let message = format!("the option `{option}` speaks of a command, and there is none");
            Err(Failure::usage("drill", message, give_one([Flag::Command, Flag::Detector])))
        }
    }
}

/// Returns what an earlier drill tried.
///
/// # Errors
/// Refused: this version does not know one of its variants.
pub fn restore_scope(context: &Context<'_>, drill: &JournaledDrill) -> Result<DrillScope, Failure> {
    let begun = &drill.begun;
    let known = |(tool, variant): &(String, String)| {
        let message = format!("drill {} tried {tool} {variant}, which is not known here", drill.drill);
        find_case(tool, variant)
            .ok_or_else(|| Failure::new(FailureKind::Refused, "no_drill", message, look(View::Modes, "lists them")))
    };
    Ok(DrillScope {
        cases: begun.cases.iter().map(known).collect::<Result<_, _>>()?,
        sample: begun.sample,
        controls: begun.controls,
        seed: begun.seed,
        now: context.resolve_now(Some(&begun.now))?,
    })
}

/// Returns the variants that are named, or all.
pub(super) fn select_cases(named: &[String]) -> Result<Vec<DrillCase>, Failure> {
    let of = |mode: &dyn Mode, word: Option<&str>| -> Vec<DrillCase> {
        let card = mode.card();
        let variants = card.variants.iter().filter(|variant| word.is_none_or(|word| word == variant.word));
        variants.filter_map(|variant| find_case(card.tool, variant.word)).collect()
    };
    if named.is_empty() {
        return Ok(domains::modes().flat_map(|mode| of(mode, None)).collect());
    }
    let mut out: Vec<DrillCase> = Vec::new();
    for word in named {
        let (tool, variant) = word.split_once(':').map_or((word.as_str(), None), |(tool, word)| (tool, Some(word)));
        let mode = modes::find_mode(tool.trim())?;
        let variant = variant.map(|word| modes::known_variant(mode, word.trim())).transpose()?;
        out.extend(of(mode, variant).into_iter().filter(|case| !out.contains(case)).collect::<Vec<_>>());
    }
    Ok(out)
}

/// Leaves the variants of the target's own domain, where none was named.
///
/// # Errors
/// Refused: a named one is of another domain.
pub(super) fn of_target(
    journal: &mfm_journal::Journal,
    chosen: &ChosenTarget,
    named: bool,
    mut wanted: DrillScope,
) -> Result<DrillScope, Failure> {
    if named {
        wanted.cases.iter().try_for_each(|case| detect::check_tool(journal, &chosen.name, case.tool))?;
        return Ok(wanted);
    }
    let domain = detect::registered_domain(journal, &chosen.name)?;
    wanted.cases.retain(|case| domain.find_mode(case.tool).is_some());
    Ok(wanted)
}

/// Takes back what an interrupted drill left on the target.
///
/// # Errors
/// What target and journal say.
pub fn revert_leftovers(
    context: &Context<'_>,
    journal: &mut mfm_journal::Journal,
    target: &mut dyn Target,
    chosen: &ChosenTarget,
) -> Result<(), Failure> {
    let left: Vec<u64> = standing::list_standing(journal, &chosen.name, "drill")?.iter().map(|one| one.op).collect();
    let stands = |failure: Failure| {
        let message = format!("a fault of an earlier drill stands, and cannot be taken back: {}", failure.message);
        if failure.kind != FailureKind::Refused {
            return failure;
        }
        let first = [look(View::Status, "names it"), act(Deed::revert([]), "with what helps takes it back")];
        Failure { message, next: NextSteps::from(first).and(failure.next), ..failure }
    };
    let taken = trial::take_back_all(context, journal, target, &chosen.name, left).map_err(stands)?;
    if taken > 0 {
        context
            .reporter
            .note(&format!("{} of an interrupted drill taken back", super::super::render_count(taken, "fault")));
    }
    let others = journal.state().active_on(&chosen.name).count() as u64;
    if others > 0 {
        let what = super::super::render_count(others, "operation");
        context.reporter.note(&format!("{what} in effect on {}: what is found of them does not count", chosen.name));
    }
    Ok(())
}

/// Puts mfm's own checks and the commands under test, each on the untouched data first.
///
/// # Errors
/// What the target says, or the command.
pub fn start_detectors(
    context: &Context<'_>,
    target: &mut dyn Target,
    (chosen, domain): (&ChosenTarget, &'static dyn Domain),
    wanted: &DrillScope,
    request: &Request,
) -> Result<Vec<Detector>, Failure> {
    let mut out = Vec::new();
    if !request.command_only {
        out.push(Detector::of_checks(CheckSession::begin(context, target, domain, wanted.now)?));
    }
    for (name, words) in parse_commands(request)? {
        let program = build_program(context, chosen, request, words)?;
        out.push(Detector::of_program(context, name, program)?);
    }
    Ok(out)
}

/// Returns the names of what will be under test.
///
/// # Errors
/// Usage only.
pub(super) fn list_detector_names(request: &Request) -> Result<Vec<String>, Failure> {
    let own = (!request.command_only).then(|| OWN.to_owned());
    Ok(own.into_iter().chain(parse_commands(request)?.into_iter().map(|(name, _)| name)).collect())
}

/// Returns the commands under test, each behind its name, in the order of the matrix.
fn parse_commands(request: &Request) -> Result<Vec<(String, Vec<String>)>, Failure> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    if !request.command.is_empty() {
        all.push((name_command(request), request.command.clone()));
    }
    for given in &request.detectors {
        let wrong = |why: &str| {
            let next = give(Flag::Detector, "is the form, each with a name of its own");
            // A command may hold a password, and is not repeated.
            let name = given.split_once('=').map_or("", |(name, _)| name);
            Failure::usage("drill", format!("the detector {name}: {why}"), next)
        };
        let (name, words) = given.split_once('=').ok_or_else(|| wrong("it names no command"))?;
        let words = shlex::split(words).ok_or_else(|| wrong("a quote is not closed"))?;
        if name.trim().is_empty() || words.is_empty() {
            return Err(wrong("name or command is missing"));
        }
        if name.trim() == OWN || all.iter().any(|(known, _)| known == name.trim()) {
            return Err(wrong("another detector has this name"));
        }
        all.push((name.trim().to_owned(), words));
    }
    // The journal keeps these names.
    match all.iter().find(|(name, _)| !shown::is_safe(name) || password::is_in(name)) {
        None => Ok(all),
        Some(_) => {
            let message = "a command's name holds what cannot be seen, or what could be a password";
            Err(Failure::usage("drill", message, [give(Flag::Name, ""), give(Flag::Detector, "names it too")]))
        }
    }
}

fn build_program(
    context: &Context<'_>,
    chosen: &ChosenTarget,
    request: &Request,
    words: Vec<String>,
) -> Result<Program, Failure> {
    let password = if request.with_password { Some(read_password(context, &chosen.url)?) } else { None };
    let mut protected = ProtectedFiles::from_context(context);
    protected.add_target(&chosen.url, &chosen.name);
    Ok(Program {
        protected,
        words,
        url: chosen.url.clone(),
        judge: request.judge.unwrap_or(Judge::ExitCode),
        report: request.report.clone(),
        found_codes: if request.found_codes.is_empty() { vec![1] } else { request.found_codes.clone() },
        timeout: Duration::from_secs(request.timeout.unwrap_or(TIMEOUT_S)),
        password,
    })
}

fn read_password(context: &Context<'_>, url: &str) -> Result<String, Failure> {
    let login = url.split_once("://").and_then(|(_, rest)| rest.split_once('@')).map(|(user, _)| user);
    let none = |why: String| Failure::usage("drill", why, leave_out(Flag::WithPassword));
    let user = login.ok_or_else(|| none(format!("{url} has no login whose password could be handed on")))?;
    context.secrets.password(&Account { user, url, reads_only: false }).map_err(none)
}

/// Returns what a command is called: as the person says, or by the first file that it names.
fn name_command(request: &Request) -> String {
    let file = |word: &String| Path::new(word).file_name().map(|name| name.to_string_lossy().into_owned());
    let named = request.command.iter().skip(1).find(|word| Path::new(word).is_file()).and_then(file);
    let name = request.name.clone().or(named).or_else(|| request.command.first().and_then(file));
    match name {
        Some(name) if name != OWN => name,
        _ => "command".to_owned(),
    }
}
