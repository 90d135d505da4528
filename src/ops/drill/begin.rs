//! The start of a drill: its scope, the cleanup after an interrupted drill, and the detectors under test.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil;

use super::command::Program;
use super::detector::{Detector, OWN};
use super::ledger::JournaledDrill;
use super::matrix::DrillCase;
use super::said::Judge;
use super::{Request, find_case, trial};
use crate::domain::Domain;
use crate::domain::mode::{Mode, ModeGroup};
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

/// Default number of records per variant.
const SAMPLE: u64 = 3;
/// Default number of records per size of a sweep.
const SWEEP_SAMPLE: u64 = 5;
/// Default time limit of a command, seconds.
const TIMEOUT_S: u64 = 300;

/// What a drill tries.
#[derive(Clone)]
pub struct DrillScope {
    /// The variants, in the order of the modes.
    pub cases: Vec<DrillCase>,
    /// Whether sizes are added where a detector begins to see.
    pub refines: bool,
    /// Whether records are tried that matter little in treatment, too.
    pub all_records: bool,
    /// Number of jobs that share the trials; 1 for a drill on the target itself.
    pub jobs: u64,
    /// Number of records per variant.
    pub sample: u64,
    /// Number of controls per variant, for commands.
    pub controls: u64,
    /// The seed, at most 2^53-1.
    pub seed: u64,
    /// The target's wall clock.
    pub now: civil::DateTime,
}

/// Validates a request without reading anything, and fills in its defaults, seed and clock.
///
/// # Errors
/// Usage errors only.
pub fn resolve_scope(context: &Context<'_>, request: &Request) -> Result<DrillScope, Failure> {
    if parse_commands(request)?.is_empty() {
        needs_command(request)?;
    }
    check_job_reports(request)?;
    if request.seed.is_some_and(|seed| seed > SEED_MAX) {
        return Err(Failure::usage("seed", "the seed is above 2^53-1", "choose a smaller seed"));
    }
    let sweeps = !request.sweep.is_empty();
    if !sweeps && !request.sizes.is_empty() {
        return Err(Failure::usage(
            "drill",
            "sizes are those of a sweep, but none was asked for",
            give(Flag::Sweep, ""),
        ));
    }
    Ok(DrillScope {
        cases: super::resolve_cases(request)?,
        refines: refines(request),
        all_records: request.all_records,
        jobs: request.jobs.unwrap_or(1),
        sample: sample_of(request),
        controls: request.controls.unwrap_or(1),
        seed: request.seed.unwrap_or_else(|| context.draw_seed()),
        now: context.resolve_now(request.now.as_deref())?,
    })
}

/// Returns the number of records per variant, or per size of a sweep.
pub(super) fn sample_of(request: &Request) -> u64 {
    request.sample.unwrap_or(if request.sweep.is_empty() { SAMPLE } else { SWEEP_SAMPLE })
}

/// Returns whether a drill adds sizes where a detector begins to see.
pub(super) fn refines(request: &Request) -> bool {
    !request.sweep.is_empty() && request.sizes.is_empty()
}

/// Refuses options that concern a command, where there is none: they would otherwise be silently without effect.
fn needs_command(request: &Request) -> Result<(), Failure> {
    let options = [
        ("judge", request.judge.is_some()),
        ("report", request.report.is_some()),
        ("found codes", !request.found_codes.is_empty()),
        ("timeout", request.timeout.is_some()),
        ("name", request.name.is_some()),
        ("command only", request.command_only),
        ("with password", request.with_password),
    ];
    match options.into_iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some((option, _)) => {
            let message = format!("the option `{option}` needs a command, but none was given");
            Err(Failure::usage("drill", message, give_one([Flag::Command, Flag::Detector])))
        }
    }
}

/// Returns the scope of an earlier drill, to try the same again.
///
/// # Errors
/// Refused: this version does not know one of its variants.
pub fn restore_scope(context: &Context<'_>, drill: &JournaledDrill) -> Result<DrillScope, Failure> {
    let begun = &drill.begun;
    let mut cases = Vec::new();
    for (tool, variant, size) in drill.list_cases() {
        let case = find_case(&tool, &variant).ok_or_else(|| {
            let message = format!("drill {} tried {tool} {variant}, which this mfm does not know", drill.drill);
            Failure::new(FailureKind::Refused, "no_drill", message, look(View::Modes, "lists them"))
        })?;
        cases.push(DrillCase { size, ..case });
    }
    Ok(DrillScope {
        cases,
        refines: false,
        all_records: begun.records.is_none(),
        jobs: 1,
        sample: begun.sample,
        controls: begun.controls,
        seed: begun.seed,
        now: context.resolve_now(Some(&begun.now))?,
    })
}

/// Returns the cases of modes or single variants, each named as `MODE` or `MODE:VARIANT`; all where none is named.
pub(super) fn select_cases(named: &[String]) -> Result<Vec<DrillCase>, Failure> {
    if named.is_empty() {
        return Ok(domains::modes().flat_map(|mode| cases_of_mode(mode, None)).collect());
    }
    let mut out: Vec<DrillCase> = Vec::new();
    for word in named {
        if let Some(group) = parse_group(word) {
            let modes = domains::modes().filter(|mode| mode.card().group == group);
            out.extend(modes.flat_map(|mode| cases_of_mode(mode, None)));
            continue;
        }
        let (tool, variant) = word.split_once(':').map_or((word.as_str(), None), |(tool, word)| (tool, Some(word)));
        let mode = modes::find_mode(tool.trim())?;
        let variant = variant.map(|word| modes::known_variant(mode, word.trim())).transpose()?;
        for case in cases_of_mode(mode, variant) {
            if !out.contains(&case) {
                out.push(case);
            }
        }
    }
    Ok(out)
}

/// Returns the group of modes that a word names.
pub(super) fn parse_group(word: &str) -> Option<ModeGroup> {
    [ModeGroup::Specified, ModeGroup::Plausible].into_iter().find(|group| group.word() == word.trim())
}

/// Returns the cases of a mode: of one variant, or of all.
fn cases_of_mode(mode: &dyn Mode, only: Option<&str>) -> Vec<DrillCase> {
    let card = mode.card();
    let variants = card.variants.iter().filter(|variant| only.is_none_or(|word| word == variant.word));
    variants.filter_map(|variant| find_case(card.tool, variant.word)).collect()
}

/// Restricts a scope to the target's domain, where the request named no variant.
///
/// # Errors
/// Refused: a named variant is of another domain.
pub(super) fn of_target(
    journal: &mfm_journal::Journal,
    chosen: &ChosenTarget,
    named: bool,
    mut scope: DrillScope,
) -> Result<DrillScope, Failure> {
    if named {
        scope.cases.iter().try_for_each(|case| detect::check_tool(journal, &chosen.name, case.tool))?;
        return Ok(scope);
    }
    let domain = detect::registered_domain(journal, &chosen.name)?;
    scope.cases.retain(|case| domain.find_mode(case.tool).is_some());
    Ok(scope)
}

/// Reverts the faults that an interrupted drill left on the target.
///
/// # Errors
/// A target or journal error.
pub fn revert_leftovers(
    context: &Context<'_>,
    journal: &mut mfm_journal::Journal,
    target: &mut dyn Target,
    chosen: &ChosenTarget,
) -> Result<(), Failure> {
    let operations = standing::list_standing(journal, &chosen.name, "drill")?.iter().map(|active| active.op).collect();
    let reverted =
        trial::take_back_all(context, journal, target, &chosen.name, operations).map_err(earlier_fault_stands)?;
    if reverted > 0 {
        let faults = super::super::render_count(reverted, "fault");
        context.reporter.note(&format!("{faults} of an interrupted drill taken back"));
    }
    // Other active operations are part of the data on which the detectors run first, so their findings do not count.
    let others = journal.state().active_on(&chosen.name).count() as u64;
    if others > 0 {
        let what = super::super::render_count(others, "operation");
        context.reporter.note(&format!("{what} in effect on {}: their findings do not count", chosen.name));
    }
    Ok(())
}

fn earlier_fault_stands(failure: Failure) -> Failure {
    if failure.kind != FailureKind::Refused {
        return failure;
    }
    let message = format!("a fault of an earlier drill is in effect and cannot be taken back: {}", failure.message);
    let first = [look(View::Status, "shows it"), act(Deed::revert([]), "with one of its options takes it back")];
    Failure { message, next: NextSteps::from(first).and(failure.next), ..failure }
}

/// Where detectors look, and when.
pub struct DetectorPlace<'a> {
    /// The target.
    pub chosen: &'a ChosenTarget,
    /// Its domain.
    pub domain: &'static dyn Domain,
    /// Its wall clock.
    pub now: civil::DateTime,
    /// The job's number; `None` where there are no jobs, 0 for the drill that shares its trials out.
    pub job: Option<u64>,
}

impl DetectorPlace<'_> {
    /// Puts the job's number in the place of `{job}`.
    fn fill_job(&self, text: &str) -> String {
        self.job.map_or_else(|| text.to_owned(), |job| text.replace("{job}", &job.to_string()))
    }
}

/// Refuses jobs that would write their reports into one file.
fn check_job_reports(request: &Request) -> Result<(), Failure> {
    let shared = request.report.as_ref().is_some_and(|report| !report.to_string_lossy().contains("{job}"));
    if request.jobs.unwrap_or(1) < 2 || !shared {
        return Ok(());
    }
    let message = "the jobs would all write their reports into one file";
    let hint = "write {job} into its name, here and in the command: out-{job}.xml";
    Err(Failure::usage("drill", message, hint))
}

/// Says which commands of a drill in jobs name no database: each job looks at a copy of its own, and such a command has
/// to ask its environment for it.
pub(super) fn note_unnamed_copies(context: &Context<'_>, request: &Request) -> Result<(), Failure> {
    for (name, words) in parse_commands(request)? {
        let is_named = words.iter().any(|word| word.contains("{url}") || word.contains("{path}"));
        if request.jobs.unwrap_or(1) > 1 && !is_named {
            context.reporter.note(&format!(
                "{name} names neither {{url}} nor {{path}}: it sees faults only if it reads the job's copy, which \
                 MFM_TARGET_URL and MFM_TARGET_PATH name"
            ));
        }
    }
    Ok(())
}

/// Starts mfm's own checks and the commands, each with a run on the untouched data.
///
/// # Errors
/// A target error, or that a command cannot be tried.
pub fn start_detectors(
    context: &Context<'_>,
    target: &mut dyn Target,
    place: &DetectorPlace<'_>,
    request: &Request,
) -> Result<Vec<Detector>, Failure> {
    let mut out = Vec::new();
    if !request.command_only {
        out.push(Detector::of_checks(CheckSession::begin(context, target, place.domain, place.now)?));
    }
    for (name, words) in parse_commands(request)? {
        let program = build_program(context, place, request, words)?;
        out.push(Detector::of_program(context, name, program)?);
    }
    Ok(out)
}

/// Returns the names of the detectors that will be under test.
///
/// # Errors
/// Usage errors only.
pub(super) fn list_detector_names(request: &Request) -> Result<Vec<String>, Failure> {
    let own = (!request.command_only).then(|| OWN.to_owned());
    Ok(own.into_iter().chain(parse_commands(request)?.into_iter().map(|(name, _)| name)).collect())
}

/// Returns the commands under test as name and words, in the order of the matrix.
fn parse_commands(request: &Request) -> Result<Vec<(String, Vec<String>)>, Failure> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    if !request.command.is_empty() {
        all.push((name_command(request), request.command.clone()));
    }
    for text in &request.detectors {
        let (name, words) = text.split_once('=').ok_or_else(|| wrong_detector("", "it has no command"))?;
        let words = shlex::split(words).ok_or_else(|| wrong_detector(name, "a quote is not closed"))?;
        if name.trim().is_empty() || words.is_empty() {
            return Err(wrong_detector(name, "name or command is missing"));
        }
        if name.trim() == OWN || all.iter().any(|(other, _)| other == name.trim()) {
            return Err(wrong_detector(name, "another detector has this name"));
        }
        all.push((name.trim().to_owned(), words));
    }
    // The journal keeps the names for good, and prints them.
    match all.iter().find(|(name, _)| !shown::is_safe(name) || password::is_in(name)) {
        None => Ok(all),
        Some(_) => {
            let message = "the command's name contains invisible characters, or something that could be a password";
            Err(Failure::usage("drill", message, [give(Flag::Name, ""), give(Flag::Detector, "sets the name too")]))
        }
    }
}

/// Names the detector alone: its command may hold a password, and is not repeated.
fn wrong_detector(name: &str, why: &str) -> Failure {
    let next = give(Flag::Detector, "is the form; each needs its own name");
    Failure::usage("drill", format!("the detector {name}: {why}"), next)
}

fn build_program(
    context: &Context<'_>,
    place: &DetectorPlace<'_>,
    request: &Request,
    words: Vec<String>,
) -> Result<Program, Failure> {
    let chosen = place.chosen;
    let password = if request.with_password { Some(read_password(context, &chosen.url)?) } else { None };
    let mut protected = ProtectedFiles::from_context(context);
    protected.add_target(&chosen.url, &chosen.name);
    Ok(Program {
        protected,
        words: words.iter().map(|word| place.fill_job(word)).collect(),
        url: chosen.url.clone(),
        judge: request.judge.unwrap_or(Judge::ExitCode),
        report: request.report.as_ref().map(|report| PathBuf::from(place.fill_job(&report.to_string_lossy()))),
        // Most checkers end with 1 where they found something, and with another code where they failed.
        found_codes: if request.found_codes.is_empty() { vec![1] } else { request.found_codes.clone() },
        timeout: Duration::from_secs(request.timeout.unwrap_or(TIMEOUT_S)),
        password,
    })
}

fn read_password(context: &Context<'_>, url: &str) -> Result<String, Failure> {
    let login = url.split_once("://").and_then(|(_, rest)| rest.split_once('@')).map(|(user, _)| user);
    let password = match login {
        Some(user) => context.secrets.password(&Account { user, url, reads_only: false }),
        None => Err(format!("{url} has no login whose password could be passed on")),
    };
    password.map_err(|why| Failure::usage("drill", why, leave_out(Flag::WithPassword)))
}

/// Returns a command's name: as requested, else the first file or folder among its arguments, else the program.
fn name_command(request: &Request) -> String {
    let file = |word: &String| Path::new(word).file_name().map(|name| name.to_string_lossy().into_owned());
    let named = request.command.iter().skip(1).find(|word| Path::new(word).exists()).and_then(file);
    let name = request.name.clone().or(named).or_else(|| request.command.first().and_then(file));
    match name {
        Some(name) if name != OWN => name,
        _ => "command".to_owned(),
    }
}
