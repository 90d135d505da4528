//! `mfm drill --jobs N`: the trials of a drill shared out to jobs, each on a copy of the target that is its own.
//!
//! The copies stand in a folder beside the journal that only its owner may look into. That folder is named in the entry
//! that begins the drill before it is made, so that `recover` finds what a crash leaves. Each job keeps a journal of
//! its own there, which stays; the entry that ends the drill names its head.

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use mfm_journal::{Digest, Face, Journal, LockHolder};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::begin::{self, DrillScope};
use super::course::try_all;
use super::ledger::{self, DrillEnded};
use super::matrix::{DrillCase, Trial};
use super::progress::{DrillProgress, LEFT};
use super::trial::DrillRun;
use super::{Request, describe_start, digest_tables};
use crate::domain::Domain;
use crate::file::{self, FileAccess};
use crate::model::next_step::say;
use crate::model::ports::{Clock, Confirm, ConfirmAnswer, ConfirmQuestion, Entropy, NoSecrets, Reporter};
use crate::ops::context::{ChosenTarget, Context};
use crate::ops::failure::{Failure, FailureKind};
use crate::ops::targets::{Marking, append_entry, new_marker, put_marker};
use crate::targets::{canonical_url, copy_file};

/// The name under which a job's journal knows the copy.
const COPY: &str = "copy";
/// The file in a drill's folder that is locked while the drill runs.
const LOCK: &str = "lock";
/// How long to wait for news of a job before looking whether the user asked to stop.
const PATIENCE: Duration = Duration::from_millis(100);

/// The jobs of a drill, as the entry that begins it names them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillJobs {
    /// Number of jobs.
    pub count: u64,
    /// The folder of their copies and journals, beside the drill's journal.
    pub folder: String,
}

/// The drill of which another one is a job, as the job's own entries name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParentDrill {
    /// The id of the drill's journal.
    pub journal: Digest,
    /// The drill's number there.
    pub drill: u64,
    /// The job's number, from 1.
    pub job: u64,
}

/// The end of a job, as the entry that ends the drill names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobEnded {
    /// The job's number, from 1.
    pub job: u64,
    /// The file of its journal, in the drill's folder.
    pub journal: String,
    /// The id of its journal.
    pub id: Digest,
    /// The sequence number of its journal's last entry.
    pub entries: u64,
    /// The digest of its journal's last entry.
    pub head: Digest,
    /// Number of faults tried.
    pub trials: u64,
    /// Whether every table of its copy equals its state before the drill, by digest.
    pub exact: bool,
}

/// What all jobs of a drill share.
pub(super) struct JobPlan<'a> {
    pub(super) scope: &'a DrillScope,
    pub(super) request: &'a Request,
    pub(super) chosen: &'a ChosenTarget,
    pub(super) domain: &'static dyn Domain,
    /// Whether mfm made the target, and whether its rows are invented: a copy is what the original is.
    pub(super) lab: bool,
    pub(super) synthetic: bool,
    pub(super) jobs: &'a DrillJobs,
    /// The id of the drill's journal, and the drill's number there.
    pub(super) journal_id: Digest,
    pub(super) drill: u64,
}

/// What the jobs of a drill did.
pub(super) struct JobResults {
    pub(super) cases: Vec<DrillCase>,
    pub(super) trials: Vec<Trial>,
    pub(super) ended: Vec<JobEnded>,
    /// Why it stopped early; the results are those until then.
    pub(super) failure: Option<Failure>,
}

/// Cases that one job tries together: a variant at all its sizes, as the sizes that are added depend on the others.
type WorkUnit = (usize, Vec<DrillCase>);

/// News from a job.
enum JobNews {
    /// It is about to try a fault.
    Step(String),
    /// It is through with a unit of work.
    Done(usize, Vec<DrillCase>, Vec<Trial>),
    /// It has ended.
    Ended(Box<Result<JobEnded, Failure>>),
}

/// Returns the folder of a drill's copies and journals.
#[must_use]
pub fn folder_of(journal: &Path, jobs: &DrillJobs) -> PathBuf {
    journal.with_file_name(&jobs.folder)
}

/// Returns the path of a job's journal.
#[must_use]
pub fn journal_of(folder: &Path, job: u64) -> PathBuf {
    folder.join(journal_name(job))
}

fn journal_name(job: u64) -> String {
    format!("job-{job}.journal.db")
}

fn copy_name(job: u64) -> String {
    format!("job-{job}.db")
}

/// Begins the jobs of a drill: fixes their folder's name, which is journaled before the folder is made.
///
/// # Errors
/// Usage: the target is no file.
pub(super) fn plan_jobs(context: &Context<'_>, url: &str, count: u64) -> Result<DrillJobs, Failure> {
    if !url.starts_with("sqlite:") {
        let message = format!("jobs work on copies of a file, and {url} is a server's database");
        return Err(Failure::usage("drill", message, say("leave the jobs out")));
    }
    let name = context.journal.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let id = context.random_id();
    Ok(DrillJobs { count, folder: format!("{name}.drill-{}", id.get(..12).unwrap_or(&id)) })
}

/// Makes the folder of a drill, and locks it as long as the drill runs.
fn make_folder(folder: &Path) -> Result<File, Failure> {
    let failed = |why: String| {
        let message = format!("could not make the folder of the drill's copies, {}: {why}", folder.display());
        Failure::new(FailureKind::Target, "drill", message, say("look at its place: rights and room"))
    };
    file::make_folder(folder, FileAccess::Private).map_err(|error| failed(error.to_string()))?;
    let lock = file::open_lock(&folder.join(LOCK)).map_err(|error| failed(error.to_string()))?;
    lock.try_lock().map_err(|error| failed(error.to_string()))?;
    Ok(lock)
}

/// Tries the cases of a drill in jobs, and removes their copies.
///
/// # Errors
/// A file system error. What a job failed at is part of the results.
pub(super) fn try_in_jobs(context: &Context<'_>, plan: &JobPlan<'_>) -> Result<JobResults, Failure> {
    let folder = folder_of(&context.journal, plan.jobs);
    let lock = make_folder(&folder)?;
    let units = Mutex::new(share_out(&plan.scope.cases));
    let stop = AtomicBool::new(false);
    let (sender, news) = channel();
    let results = thread::scope(|scope| {
        for job in 1..=plan.jobs.count {
            let worker = JobWorker {
                job,
                folder: &folder,
                plan,
                units: &units,
                stop: &stop,
                sender: sender.clone(),
                actor: context.actor.clone(),
                face: context.face,
                holder: context.holder.clone(),
                wait_ms: context.wait_ms,
                clock: context.clock,
                entropy: context.entropy,
            };
            scope.spawn(move || {
                let ended = worker.run_job();
                // The receiver lives as long as the scope.
                let _ = worker.sender.send(JobNews::Ended(Box::new(ended)));
            });
        }
        drop(sender);
        collect_results(context, plan, &news, &stop)
    });
    remove_copies(&folder, plan.jobs.count);
    drop(lock);
    let _ = file::remove_if_there(&folder.join(LOCK));
    Ok(results)
}

/// Shares the cases out: each variant with all its sizes is one unit.
fn share_out(cases: &[DrillCase]) -> VecDeque<WorkUnit> {
    let mut units: VecDeque<WorkUnit> = VecDeque::new();
    for case in cases {
        let same = |one: &DrillCase| (one.tool, one.variant) == (case.tool, case.variant);
        match units.iter_mut().find(|(_, unit)| unit.first().is_some_and(same)) {
            Some((_, unit)) => unit.push(case.clone()),
            None => units.push_back((units.len(), vec![case.clone()])),
        }
    }
    units
}

/// Collects what the jobs report until all have ended; passes on that the user asked to stop.
fn collect_results(
    context: &Context<'_>,
    plan: &JobPlan<'_>,
    news: &Receiver<JobNews>,
    stop: &AtomicBool,
) -> JobResults {
    let mut done: Vec<(usize, Vec<DrillCase>, Vec<Trial>)> = Vec::new();
    let mut results = JobResults { cases: Vec::new(), trials: Vec::new(), ended: Vec::new(), failure: None };
    let mut progress = DrillProgress::begin(context, plan.scope.cases.len() as u64 * plan.scope.sample);
    let mut begun: u64 = 0;
    loop {
        if context.reporter.is_interrupted() {
            stop.store(true, Ordering::SeqCst);
        }
        match news.recv_timeout(PATIENCE) {
            Ok(JobNews::Step(step)) => {
                begun += 1;
                // Each job is at work on a fault that is not done.
                progress.done = begun.saturating_sub(plan.jobs.count);
                progress.total = progress.total.max(begun);
                progress.report_step(&step);
            }
            Ok(JobNews::Done(at, cases, trials)) => done.push((at, cases, trials)),
            Ok(JobNews::Ended(ended)) => match *ended {
                Ok(ended) => results.ended.push(ended),
                Err(failure) => {
                    stop.store(true, Ordering::SeqCst);
                    results.failure = results.failure.or(Some(failure));
                }
            },
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    // In the order of the cases, so that a result does not depend on which job was faster.
    done.sort_by_key(|(at, ..)| *at);
    for (_, cases, trials) in done {
        results.cases.extend(cases);
        results.trials.extend(trials);
    }
    for (number, trial) in (1..).zip(&mut results.trials) {
        trial.trial = number;
    }
    results.ended.sort_by_key(|ended| ended.job);
    results
}

/// One job: its copy, its journal, and the work that it shares with the others.
struct JobWorker<'a> {
    job: u64,
    folder: &'a Path,
    plan: &'a JobPlan<'a>,
    units: &'a Mutex<VecDeque<WorkUnit>>,
    stop: &'a AtomicBool,
    sender: Sender<JobNews>,
    actor: String,
    face: Face,
    holder: LockHolder,
    wait_ms: u64,
    clock: &'a dyn Clock,
    entropy: &'a dyn Entropy,
}

/// The reporter of a job: it hands on each fault that is about to be tried.
struct JobReporter<'a> {
    stop: &'a AtomicBool,
    sender: &'a Sender<JobNews>,
}

impl Reporter for JobReporter<'_> {
    fn progress(&self, _: &str, _: u64, _: u64) {}

    fn overall_progress(&self, step: &str, _: u64, _: u64) {
        // How long it takes all jobs together, only the drill knows.
        let step = step.split(LEFT).next().unwrap_or(step).to_owned();
        let _ = self.sender.send(JobNews::Step(step));
    }

    fn note(&self, _: &str) {}

    fn is_interrupted(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

/// The consent of a job: that to the whole drill, which was asked for before.
struct GivenConsent;

impl Confirm for GivenConsent {
    fn ask(&self, _: &ConfirmQuestion) -> ConfirmAnswer {
        ConfirmAnswer::Yes
    }
}

impl JobWorker<'_> {
    fn run_job(&self) -> Result<JobEnded, Failure> {
        let reporter = JobReporter { stop: self.stop, sender: &self.sender };
        let context = Context {
            journal: journal_of(self.folder, self.job),
            target: Some(COPY.to_owned()),
            actor: self.actor.clone(),
            face: self.face,
            holder: self.holder.clone(),
            wait_ms: self.wait_ms,
            clock: self.clock,
            entropy: self.entropy,
            reporter: &reporter,
            confirm: &GivenConsent,
            secrets: &NoSecrets,
        };
        let chosen = self.make_copy()?;
        let mut journal = Journal::create(&context.journal, context.entropy.bytes(), &context.stamp())?;
        self.mark_copy(&context, &mut journal, &chosen)?;
        self.try_units(&context, &mut journal, &chosen)
    }

    /// Makes the copy, which only its owner may read.
    fn make_copy(&self) -> Result<ChosenTarget, Failure> {
        let path = self.folder.join(copy_name(self.job));
        // The journal may be named by a relative path; a target is registered by its absolute one.
        let url = canonical_url(&format!("sqlite:{}", path.display()))?;
        copy_file(&self.plan.chosen.url, &url)?;
        file::make_private(&path).map_err(|error| {
            let message = format!("could not keep the copy {} private: {error}", path.display());
            Failure::new(FailureKind::Target, "drill", message, say("look at its place: rights and room"))
        })?;
        Ok(ChosenTarget { name: COPY.to_owned(), url })
    }

    /// Takes the original's marker away from the copy, and gives it one of its own, by an entry that names the drill.
    fn mark_copy(&self, context: &Context<'_>, journal: &mut Journal, chosen: &ChosenTarget) -> Result<(), Failure> {
        let mut target = context.open_target(&chosen.url)?;
        target.open_writer(context.wait_ms)?.unmark()?;
        let marker = new_marker(context, target.as_mut())?;
        let domain = self.plan.domain.card().id;
        let lock = journal.lock(&context.holder)?;
        let added = json!({"name": COPY, "url": chosen.url, "domain": domain, "drill": self.parent()});
        append_entry(context, journal, &lock, "target_added", added)?;
        let marking = Marking {
            name: COPY,
            url: &chosen.url,
            domain,
            marker: &marker,
            overrides: &[],
            lab: self.plan.lab,
            synthetic: self.plan.synthetic,
            moved_from: None,
            adopted: false,
            records: &[],
        };
        put_marker(context, journal, &lock, target.as_mut(), &marking)
    }

    fn parent(&self) -> ParentDrill {
        ParentDrill { journal: self.plan.journal_id, drill: self.plan.drill, job: self.job }
    }

    fn try_units(
        &self,
        context: &Context<'_>,
        journal: &mut Journal,
        chosen: &ChosenTarget,
    ) -> Result<JobEnded, Failure> {
        let mut target = context.open_target(&chosen.url)?;
        let identity = crate::engine::guard::check_target(journal, target.as_mut(), COPY)?.identity;
        let JobPlan { scope, request, domain, .. } = *self.plan;
        let at_work = begin::DetectorPlace { chosen, domain, now: scope.now, job: Some(self.job) };
        let mut detectors = begin::start_detectors(context, target.as_mut(), &at_work, request)?;
        let before = digest_tables(context, target.as_mut())?;
        let mut begun = describe_start(scope, chosen, identity, &detectors);
        begun.parent = Some(self.parent());
        let drill = ledger::append_entry(context, journal, ledger::BEGUN, &begun)?;
        let (mut tried, mut untried) = (0, Vec::new());
        while let Some((at, cases)) = self.next_unit() {
            context.go_on()?;
            let bench = DrillRun {
                context,
                journal: &mut *journal,
                target: target.as_mut(),
                chosen,
                detectors: &mut detectors,
                drill,
                tried_before: tried,
            };
            let (cases, mut trials) = try_all(bench, &DrillScope { cases, ..scope.clone() })?;
            tried += trials.len() as u64;
            let short = cases.iter().filter(|case| case.untried.is_some());
            untried.extend(short.map(|case| (case.tool.to_owned(), case.variant.to_owned())));
            trials.iter_mut().for_each(|trial| trial.job = Some(self.job));
            let _ = self.sender.send(JobNews::Done(at, cases, trials));
        }
        let after = digest_tables(context, target.as_mut())?;
        let exact = before == after;
        let ended = DrillEnded { drill, trials: tried, exact, tables: after.len() as u64, untried, jobs: Vec::new() };
        ledger::append_entry(context, journal, ledger::ENDED, &ended)?;
        journal.checkpoint();
        let head = journal.head();
        let (entries, head) = (head.seq, head.digest);
        Ok(JobEnded {
            job: self.job,
            journal: journal_name(self.job),
            id: journal.id(),
            entries,
            head,
            trials: tried,
            exact,
        })
    }

    fn next_unit(&self) -> Option<WorkUnit> {
        self.units.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// Removes the copies in a drill's folder, and what SQLite keeps beside them; the journals stay.
fn remove_copies(folder: &Path, count: u64) -> u64 {
    let mut removed = 0;
    for job in 1..=count {
        let copy = folder.join(copy_name(job));
        removed += u64::from(file::remove_if_there(&copy));
        for ending in ["-wal", "-shm", "-journal"] {
            // Most of these do not exist.
            let _ = file::remove_if_there(&folder.join(format!("{}{ending}", copy_name(job))));
        }
    }
    removed
}

/// Removes the copies that a crashed drill left beside the journal; returns their number. Those of a drill that still
/// runs stay.
///
/// # Errors
/// A journal error.
pub fn remove_left_copies(context: &Context<'_>, journal: &Journal) -> Result<u64, Failure> {
    if !has_folder_beside(&context.journal) {
        return Ok(0);
    }
    let mut removed = 0;
    for drill in ledger::read_drills(journal, None)? {
        let Some(jobs) = &drill.begun.jobs else { continue };
        let folder = folder_of(&context.journal, jobs);
        if !folder.is_dir() {
            continue;
        }
        let Ok(lock) = file::open_lock(&folder.join(LOCK)) else { continue };
        if lock.try_lock().is_ok() {
            removed += remove_copies(&folder, jobs.count);
            let _ = file::remove_if_there(&folder.join(LOCK));
        }
    }
    Ok(removed)
}

/// Returns whether a folder of a drill stands beside a journal: only then are its drills read.
fn has_folder_beside(journal: &Path) -> bool {
    let Some(name) = journal.file_name().map(|name| format!("{}.drill-", name.to_string_lossy())) else { return false };
    file::has_neighbour(journal, &name)
}
