//! `mfm drill`: commits faults one at a time, runs checks, reverts each fault, and counts what was caught.
//!
//! A detector gets no information about the fault.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use mfm_journal::{Digest, Journal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub mod begin;
pub mod command;
mod course;
pub mod detector;
pub mod jobs;
pub mod ledger;
pub mod matrix;
pub mod mending;
pub mod past;
mod progress;
pub mod report;
pub mod said;
pub mod statistics;
pub mod sweep;
mod trial;

use self::begin::{DetectorPlace, DrillScope, resolve_scope};
use self::course::try_all;
use self::detector::{Detector, OWN};
use self::jobs::{DrillJobs, JobEnded, JobPlan, JobResults};
use self::ledger::{DrillBegun, DrillEnded, NamedDetector};
use self::matrix::{DrillCase, Matrix, Regression, Trial};
use self::mending::{CheckNames, DetectorChecks, MissedTrial, UnseenFault};
use self::past::ChangedVerdict;
use self::said::Judge;
use self::statistics::Share;
use self::sweep::SweepCurve;
use self::trial::DrillRun;
use super::Card;
use super::context::{ChosenTarget, Context};
use super::coverage::{self, FailureLine};
use super::detect;
use super::failure::{Failure, FailureKind};
use super::protected::ProtectedFiles;
use super::synthetic;
use crate::domain::Domain;
use crate::domain::params::Size;
use crate::domains;
use crate::engine::guard;
use crate::model::next_step::{View, look};
use crate::model::ports::{ConfirmQuestion, Danger};
use crate::model::time;
use crate::targets::{TableDigest, Target};

/// The command's card.
pub const CARD: Card =
    Card { name: "drill", danger: Danger::Write, about: "Measure what checks catch, fault by fault" };

/// The hint to look at a fault before a drill commits it.
const LOOK_FIRST: &str = "shows what one of the faults changes";

/// In which form a result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Comma-separated values: one line per variant and detector
    Csv,
    /// A self-contained HTML page
    Html,
    /// JUnit XML: one test case per variant and detector, failed if a fault was missed
    Junit,
}

/// What to try, on how many records, with what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// Only these modes, by id or tool, single variants as MODE:VARIANT, or the groups specified and plausible,
    /// separated by commas [default: all]
    #[arg(long, value_name = "MODE", value_delimiter = ',')]
    pub modes: Vec<String>,
    /// Try these variants at sizes over their range, as MODE:VARIANT, or all variants of a MODE that have sizes
    #[arg(long, value_name = "MODE:VARIANT", value_delimiter = ',', conflicts_with = "modes")]
    pub sweep: Vec<String>,
    /// The sizes of a sweep, such as 0.5,1,2 or 1%,5% [default: 9 over the range, and more where a detector begins to
    /// see]
    #[arg(long, value_name = "SIZES", value_delimiter = ',', requires = "sweep")]
    pub sizes: Vec<String>,
    /// Share the trials out to this many jobs, each on a copy of the target; {job} becomes a job's number [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=64))]
    pub jobs: Option<u64>,
    /// Try records that matter little in treatment, too, such as imaging and replaced versions
    #[arg(long)]
    pub all_records: bool,
    /// How many records to commit each variant on, one after another [default: 3; 5 per size of a sweep]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub sample: Option<u64>,
    /// Seed of every choice, 0 to 2^53-1; drawn and printed if omitted
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// The target's wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS; read and printed if omitted
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// How often to run a command on the untouched data, for each variant: alarms there are false [default: 1]
    #[arg(long, value_name = "N")]
    pub controls: Option<u64>,
    /// How the command reports what it found [default: exit-code]
    #[arg(long, value_name = "HOW", value_enum)]
    pub judge: Option<Judge>,
    /// The file into which the command writes its JUnit, SARIF or JSON report [default: its standard output]
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// The exit codes that mean the command found something, separated by commas [default: 1]
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    pub found_codes: Vec<u8>,
    /// Time limit for each run of the command, in seconds; then its process group is killed [default: 300]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub timeout: Option<u64>,
    /// The command's name in the matrix [default: the first file or folder that it names]
    #[arg(long, value_name = "WORD")]
    pub name: Option<String>,
    /// Leave mfm's own checks out
    #[arg(long)]
    pub command_only: bool,
    /// Hand the password of the target's login to the command, as MFM_MSSQL_PASSWORD
    #[arg(long)]
    pub with_password: bool,
    /// Fail only if detection got worse than in this result, saved with --json
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Try the same faults as this earlier drill, and report which verdicts differ
    #[arg(long, value_name = "DRILL")]
    #[arg(conflicts_with_all = ["modes", "sweep", "all_records", "sample", "seed", "now", "controls"])]
    pub replay: Option<u64>,
    /// Show this earlier drill from the journal, and try nothing
    #[arg(long, value_name = "DRILL")]
    #[arg(conflicts_with_all = ["replay", "modes", "sweep", "sample", "seed", "now", "detectors", "words"])]
    pub show: Option<u64>,
    /// List the drills of the journal, and try nothing
    #[arg(long)]
    #[arg(conflicts_with_all = ["show", "replay", "modes", "sweep", "sample", "seed", "now", "form", "detectors"])]
    #[arg(conflicts_with = "words")]
    pub list: bool,
    /// Write the result in another form
    #[arg(long = "as", value_name = "FORM", value_enum)]
    #[serde(rename = "as")]
    pub form: Option<Form>,
    /// Another command under test, as NAME='COMMAND': words separated by spaces; quote words that contain spaces
    #[arg(long = "detector", value_name = "NAME=COMMAND")]
    pub detectors: Vec<String>,
    /// The command under test, after `--`; {url} and {path} are replaced by the target's
    #[arg(last = true, id = "words", value_name = "COMMAND")]
    pub command: Vec<String>,
}

/// The result of a drill.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The drill's number: the sequence number of its first entry in the journal.
    pub drill: u64,
    /// The target's name.
    pub target: String,
    /// The seed.
    pub seed: u64,
    /// The target's wall clock.
    pub now: String,
    /// Number of records requested per variant.
    pub sample: u64,
    /// The detectors under test.
    pub detectors: Vec<NamedDetector>,
    /// Number of faults that the drill set out to try, without the sizes that a sweep adds.
    pub planned: u64,
    /// Number of faults tried.
    pub tried: u64,
    /// Whether it was stopped before its end: then its figures are those of the faults tried until then.
    pub interrupted: bool,
    /// Whether records were tried that matter little in treatment, too.
    pub all_records: bool,
    /// What each check of each detector saw.
    pub checks: Vec<DetectorChecks>,
    /// The variants that nothing under test saw, the most severe first.
    pub unseen: Vec<UnseenFault>,
    /// The trials that something under test missed.
    pub missed: Vec<MissedTrial>,
    /// The published failures that faults of the drill are of, with how many were caught by what is under test; none
    /// in a sweep, whose faults are smaller than usual.
    pub coverage: Vec<FailureLine>,
    /// Detection by size, for each variant and detector of a sweep.
    pub sweeps: Vec<SweepCurve>,
    /// What has to be known before a figure is relied on.
    pub caveats: Vec<&'static str>,
    /// The counts by variant and detector.
    #[serde(flatten)]
    pub matrix: Matrix,
    /// A published rate at which people detect simulated errors, for comparison; null where there is none.
    pub yardstick: Option<DrillYardstick>,
    /// Whether every table equals its state before the drill, by digest; null where it was interrupted before that.
    pub exact: Option<bool>,
    /// Number of tables compared; null where the drill was interrupted before that.
    pub tables: Option<u64>,
    /// Number of rows in them; null where the result was read from the journal.
    pub rows: Option<u64>,
    /// Where detection got worse than in the baseline result; null without one.
    pub worse: Option<Vec<Regression>>,
    /// How the scope differs from that of the baseline result: target, seed, sample, variants.
    pub unlike: Vec<String>,
    /// Verdicts that differ from those of the replayed drill; null where none is replayed.
    pub differences: Option<Vec<ChangedVerdict>>,
    /// Whether the drill passed: against the baseline, the replayed drill, or by its own verdicts.
    pub ok: bool,
    /// The folder of the jobs' journals, beside the drill's own; null without jobs.
    pub jobs: Option<DrillJobs>,
    /// All trials.
    pub trials: Vec<Trial>,
    /// The journal.
    pub journal: PathBuf,
}

/// A published rate at which people detect simulated errors.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DrillYardstick {
    /// The share detected.
    #[serde(flatten)]
    pub share: Share,
    /// The publication.
    pub source: &'static str,
}

impl DrillYardstick {
    /// Returns the published rate for the domain of a mode's tool.
    fn find_published(tool: &str) -> Option<Self> {
        let yardstick = domains::of_mode(tool)?.detection_study()?;
        Some(Self { share: Share::from_counts(yardstick.hits, yardstick.of), source: yardstick.source })
    }
}

/// Returns the number of variants, or of variants at a size, that a drill tries at most.
///
/// # Errors
/// Usage: there is no such mode, variant or size.
pub fn count_cases(request: &Request) -> Result<usize, Failure> {
    Ok(resolve_cases(request)?.len() + if begin::refines(request) { sweep::ADDED_SIZES_MAX } else { 0 })
}

/// Returns the number of records that a drill tries each variant on.
#[must_use]
pub fn sample_of(request: &Request) -> u64 {
    begin::sample_of(request)
}

/// Returns what a drill tries: every variant of its modes, or the variants of its sweep at each size.
fn resolve_cases(request: &Request) -> Result<Vec<DrillCase>, Failure> {
    if request.sweep.is_empty() {
        return begin::select_cases(&request.modes);
    }
    sweep::select_cases(&request.sweep, &request.sizes)
}

/// Runs a drill.
///
/// # Errors
/// A usage error, a refusal, or an error of the target, the journal or a command. Trials before an error are journaled,
/// and every fault is reverted.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    if let Some(drill) = request.show {
        return past::show_drill(context, drill);
    }
    let baseline = request.baseline.as_deref().map(past::read_result).transpose()?;
    let requested = resolve_scope(context, request)?;
    request.report.iter().try_for_each(|report| ProtectedFiles::from_context(context).refuse(report))?;
    let mut journal = context.open_journal_for_writing()?;
    let replayed = request.replay.map(|drill| past::read_drill(&journal, drill)).transpose()?;
    let scope = replayed.as_ref().map_or(Ok(requested), |drill| begin::restore_scope(context, drill))?;
    let chosen = context.resolve_target(&journal)?;
    // A group has modes of every domain, of which a drill tries those of its own.
    let is_named = request.modes.iter().any(|word| begin::parse_group(word).is_none()) || !request.sweep.is_empty();
    let scope = begin::of_target(&journal, &chosen, is_named, scope)?;
    // Before anything is written: results that cannot be compared are known from their scopes alone.
    let unlike = baseline
        .as_ref()
        .map(|before| before.list_differences(&chosen.name, &scope, &begin::list_detector_names(request)?));
    let unlike = unlike.transpose()?.unwrap_or_default();
    if !unlike.is_empty() {
        context.reporter.note(&format!("the earlier result is of a different drill: {}", unlike.join("; ")));
    }
    let mut target = context.open_target(&chosen.url)?;
    let mut outcome = run_on_target(context, &mut journal, target.as_mut(), &chosen, &scope, request)?;
    outcome.unlike = unlike;
    outcome.worse = baseline.map(|before| outcome.matrix.worse_than(&before.matrix));
    outcome.differences = replayed.map(|drill| past::compare_replay(&drill, &outcome.trials));
    outcome.ok = is_satisfied(&outcome);
    Ok(outcome)
}

/// Returns whether a drill passed.
///
/// Every table must be restored. Beyond that the baseline or the replayed drill decides, where there is one; otherwise
/// every detector under test must be flawless. With commands under test, mfm's own checks only serve for comparison.
fn is_satisfied(outcome: &Outcome) -> bool {
    if outcome.exact != Some(true) || outcome.trials.iter().any(|trial| !trial.exact) {
        return false;
    }
    match (&outcome.worse, &outcome.differences) {
        (None, None) => {
            let has_command = outcome.detectors.iter().any(|named| named.name != OWN);
            let mut under_test = outcome.detectors.iter().filter(|named| !has_command || named.name != OWN);
            under_test.all(|named| outcome.matrix.is_flawless(&named.name))
        }
        (worse, differences) => {
            worse.as_ref().is_none_or(Vec::is_empty) && differences.as_ref().is_none_or(Vec::is_empty)
        }
    }
}

fn run_on_target(
    context: &Context<'_>,
    journal: &mut Journal,
    target: &mut dyn Target,
    chosen: &ChosenTarget,
    scope: &DrillScope,
    request: &Request,
) -> Result<Outcome, Failure> {
    let identity = guard::check_target(journal, target, &chosen.name)?.identity;
    detect::check_domain(journal, &chosen.name, target)?;
    guard::nothing_open(journal, &chosen.name)?;
    context
        .ask_consent(&build_question(scope, chosen))
        .map_err(|failure| failure.and_next(look(View::OneFault, LOOK_FIRST)))?;
    begin::revert_leftovers(context, journal, target, chosen)?;
    let domain = detect::registered_domain(journal, &chosen.name)?;
    // After the cleanup: what the detectors find now counts as known in every trial.
    let job = (scope.jobs > 1).then_some(0);
    let place = DetectorPlace { chosen, domain, now: scope.now, job };
    let mut detectors = begin::start_detectors(context, target, &place, request)?;
    let before = digest_tables(context, target)?;
    let mut begun = describe_start(scope, chosen, identity, &detectors);
    if scope.jobs > 1 {
        begin::note_unnamed_copies(context, request)?;
        begun.jobs = Some(jobs::plan_jobs(context, &chosen.url, scope.jobs)?);
    }
    let drill = ledger::append_entry(context, journal, ledger::BEGUN, &begun)?;
    let tried = match &begun.jobs {
        Some(planned) => {
            let chosen_place = JobPlace { chosen, domain, drill };
            try_shared(context, journal, &chosen_place, planned, scope, request)
        }
        None => {
            let (journal, target, detectors) = (&mut *journal, &mut *target, &mut detectors);
            let bench = DrillRun { context, journal, target, chosen, detectors, drill, tried_before: 0 };
            try_all(bench, scope).map(|(cases, trials)| DrillTried { cases, trials, ended: Vec::new() })
        }
    };
    let DrillTried { cases, trials, ended: job_ends } = tried.map_err(|failure| cut_off(failure, drill))?;
    let names = detectors.iter().map(CheckNames::of_detector).collect();
    let after = digest_tables(context, target)?;
    let untried = cases.iter().filter(|case| case.untried.is_some());
    let ended = DrillEnded {
        drill,
        trials: trials.len() as u64,
        exact: before == after && job_ends.iter().all(|ended| ended.exact),
        jobs: job_ends,
        tables: after.len() as u64,
        untried: untried.map(|case| (case.tool.to_owned(), case.variant.to_owned())).collect(),
    };
    ledger::append_entry(context, journal, ledger::ENDED, &ended)?;
    journal.checkpoint();
    let record = DrillRecord { cases, trials, names };
    let mut outcome = build_outcome(context, drill, begun, record, Some(&ended));
    outcome.rows = Some(after.iter().map(|table| table.rows).sum());
    Ok(outcome)
}

/// The drill whose trials are shared out, and its target.
struct JobPlace<'a> {
    chosen: &'a ChosenTarget,
    domain: &'static dyn Domain,
    drill: u64,
}

/// What was tried, in jobs or without.
struct DrillTried {
    cases: Vec<DrillCase>,
    trials: Vec<Trial>,
    ended: Vec<JobEnded>,
}

/// Tries the cases in jobs, and journals their trials here as well, each with its job.
fn try_shared(
    context: &Context<'_>,
    journal: &mut Journal,
    place: &JobPlace<'_>,
    jobs: &DrillJobs,
    scope: &DrillScope,
    request: &Request,
) -> Result<DrillTried, Failure> {
    let JobPlace { chosen, domain, drill } = *place;
    let lab = journal.state().targets.get(&chosen.name).is_some_and(|known| known.lab);
    let synthetic = synthetic::is_synthetic(journal, &chosen.name)?;
    let plan = JobPlan { scope, request, chosen, domain, lab, synthetic, jobs, journal_id: journal.id(), drill };
    let JobResults { cases, trials, ended, failure } = jobs::try_in_jobs(context, &plan)?;
    for trial in &trials {
        ledger::append_entry(context, journal, ledger::TRIAL, &ledger::to_journaled_trial(drill, trial))?;
    }
    match failure {
        Some(failure) => Err(failure),
        None => Ok(DrillTried { cases, trials, ended }),
    }
}

/// Adds to an interruption which drill it was, and that its last fault is reverted.
fn cut_off(failure: Failure, drill: u64) -> Failure {
    if failure.kind != FailureKind::Interrupted {
        return failure;
    }
    let message = format!("interrupted: drill {drill} stopped early, and its last fault is taken back");
    Failure { message, next: look(View::Drill { drill }, "shows what was tried").into(), ..failure }
}

/// What a drill tried, and with what.
struct DrillRecord {
    cases: Vec<DrillCase>,
    trials: Vec<Trial>,
    /// The names of the detectors' checks, as far as they are known.
    names: Vec<CheckNames>,
}

/// Builds a result from its trials, before any comparison with another drill.
fn build_outcome(
    context: &Context<'_>,
    drill: u64,
    begun: DrillBegun,
    record: DrillRecord,
    ended: Option<&DrillEnded>,
) -> Outcome {
    let DrillRecord { mut cases, trials, names: checks } = record;
    sweep::sort_sizes(&mut cases);
    let names: Vec<String> = begun.detectors.iter().map(|named| named.name.clone()).collect();
    let has_sizes = cases.iter().any(|case| case.size.is_some());
    let yardstick = cases.first().and_then(|case| DrillYardstick::find_published(case.tool));
    let mut outcome = Outcome {
        drill,
        target: begun.target,
        seed: begun.seed,
        now: begun.now,
        sample: begun.sample,
        detectors: begun.detectors,
        planned: begun.cases.len() as u64 * begun.sample,
        tried: trials.len() as u64,
        interrupted: ended.is_none(),
        all_records: begun.records.is_none(),
        checks: checks.iter().map(|names| mending::count_checks(names, &trials)).collect(),
        unseen: mending::list_unseen(&cases, &names, &trials),
        missed: mending::list_missed(&names, &trials),
        coverage: if has_sizes { Vec::new() } else { coverage::list_tried_failures(&names, &trials) },
        sweeps: sweep::build_curves(&cases, &trials, &names),
        caveats: mending::list_caveats(&names),
        matrix: Matrix::from_trials(&cases, &names, &trials),
        yardstick,
        exact: ended.map(|ended| ended.exact),
        tables: ended.map(|ended| ended.tables),
        rows: None,
        worse: None,
        unlike: Vec::new(),
        differences: None,
        ok: false,
        jobs: begun.jobs,
        trials,
        journal: context.journal.clone(),
    };
    outcome.ok = is_satisfied(&outcome);
    outcome
}

fn build_question(scope: &DrillScope, chosen: &ChosenTarget) -> ConfirmQuestion {
    let most = scope.cases.len() as u64 * scope.sample;
    let text = format!(
        "Commit up to {} on target {}, one at a time, and take each back before the next. Go on?",
        super::render_count(most, "fault"),
        chosen.name
    );
    ConfirmQuestion { text, danger: CARD.danger, type_name: None }
}

fn describe_start(scope: &DrillScope, chosen: &ChosenTarget, identity: Digest, detectors: &[Detector]) -> DrillBegun {
    let mut named = Vec::new();
    for detector in detectors {
        let name = detector.name().to_owned();
        named.push(NamedDetector { name, digest: detector.digest(), known: detector.count_known() });
    }
    DrillBegun {
        target: chosen.name.clone(),
        identity,
        cases: scope.cases.iter().map(|case| (case.tool.to_owned(), case.variant.to_owned())).collect(),
        jobs: None,
        parent: None,
        sizes: list_sizes(&scope.cases),
        records: (!scope.all_records).then(|| THAT_MATTER.to_owned()),
        sample: scope.sample,
        controls: scope.controls,
        seed: scope.seed,
        now: time::format_wall(scope.now, 0, 'T'),
        detectors: named,
    }
}

/// The word of a journaled drill that tried only records that matter.
const THAT_MATTER: &str = "that_matter";

/// Returns the size of each case; nothing where none has one, as drills had before sweeps.
fn list_sizes(cases: &[DrillCase]) -> Vec<Option<Size>> {
    let sizes: Vec<Option<Size>> = cases.iter().map(|case| case.size).collect();
    if sizes.iter().all(Option::is_none) { Vec::new() } else { sizes }
}

fn digest_tables(context: &Context<'_>, target: &mut dyn Target) -> Result<Vec<TableDigest>, Failure> {
    Ok(target.digest_tables(&mut |done, total| context.reporter.progress("digesting tables", done, total))?)
}

/// Returns the case of a tool and a variant; `None` where this version knows no such mode or variant.
fn find_case(tool: &str, variant: &str) -> Option<DrillCase> {
    let card = domains::find_mode(tool)?.card();
    let variant = card.variants.iter().find(|known| known.word == variant)?;
    let (tool, mode) = (card.tool, card.id);
    Some(DrillCase { tool, mode, variant: variant.word, size: None, severity: variant.severity, untried: None })
}
