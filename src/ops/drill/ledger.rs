//! The journal entries of a drill: its scope and detectors, each trial with its verdicts, and its end.
//!
//! They hold no cell, no key, and no output of a command.

use std::ops::ControlFlow;

use mfm_journal::{Digest, Journal};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::detector::OWN;
use super::jobs::{DrillJobs, JobEnded, ParentDrill};
use super::matrix::{DetectionVerdict, JudgedLook, Trial};
use crate::domain::params::Size;
use crate::domain::repair::RepairExtent;
use crate::ops::context::Context;
use crate::ops::failure::Failure;

/// The kind of the entry that begins a drill; the entry's sequence number is the drill's number.
pub const BEGUN: &str = "drill_begun";
/// The kind of the entry of one trial.
pub const TRIAL: &str = "drill_trial";
/// The kind of the entry that ends a drill.
pub const ENDED: &str = "drill_ended";

/// A detector, as the journal names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedDetector {
    /// Its name in the matrix.
    pub name: String,
    /// The digest of everything that determines its verdicts.
    pub digest: Digest,
    /// Number of findings on the untouched data, which do not count.
    pub known: u64,
}

/// The body of the entry that begins a drill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillBegun {
    /// The target's name.
    pub target: String,
    /// The target's identity.
    pub identity: Digest,
    /// Tool and variant of each case, in order.
    pub cases: Vec<(String, String)>,
    /// The jobs that share its trials; absent where there is one alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs: Option<DrillJobs>,
    /// The drill of which this one is a job; absent for any other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ParentDrill>,
    /// The size of each case, in the order of the cases; absent where none has one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<Option<Size>>,
    /// Which records were tried: `that_matter`; absent where all were, as in journals of earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<String>,
    /// Number of records per variant.
    pub sample: u64,
    /// Number of controls per variant, for commands.
    pub controls: u64,
    /// The seed.
    pub seed: u64,
    /// The target's wall clock.
    pub now: String,
    /// The detectors under test.
    pub detectors: Vec<NamedDetector>,
}

/// The body of the entry of one trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournaledTrial {
    /// The drill's number.
    pub drill: u64,
    /// The trial's number in the drill, from 1.
    pub trial: u64,
    /// The mode's tool name.
    pub tool: String,
    /// The variant.
    pub variant: String,
    /// The size of the fault; absent for a variant without sizes, or at its default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// The job that tried it, in whose journal the operations are; absent where they are in this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<u64>,
    /// The operation that committed the fault.
    pub operation: u64,
    /// The operation that reverted it.
    pub reverted_by: u64,
    /// The digest of its plan.
    pub plan_digest: Digest,
    /// Number of rows that it changed.
    pub rows: u64,
    /// Whether every touched row was restored, by digest.
    pub exact: bool,
    /// How well the original could have been restored without the journal.
    pub repairable: RepairExtent,
    /// The verdict of each detector on the fault.
    pub looks: Vec<JournaledLook>,
    /// The verdicts after the revert, of the detectors that ran again.
    pub controls: Vec<JournaledLook>,
}

/// The journaled verdict of one detector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournaledLook {
    /// The detector's name.
    pub detector: String,
    /// The verdict.
    pub verdict: DetectionVerdict,
    /// The ids of mfm's own checks with new findings; empty for a command, whose output is not journaled.
    pub checks: Vec<String>,
    /// The ids of mfm's own checks with new findings on other rows than the fault's.
    pub beside: Vec<String>,
    /// The ids of mfm's own checks that had found something there before the fault; absent where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub masked_by: Vec<String>,
    /// Why there was no verdict, in mfm's own words; absent otherwise, and in journals of the first release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// The body of the entry that ends a drill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillEnded {
    /// The drill's number.
    pub drill: u64,
    /// Number of faults tried.
    pub trials: u64,
    /// Whether every table equals its state before the drill, by digest.
    pub exact: bool,
    /// Number of tables compared.
    pub tables: u64,
    /// Tool and variant of the cases that could not be tried as often as requested.
    pub untried: Vec<(String, String)>,
    /// The jobs, each with the head of its journal; absent where there were none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<JobEnded>,
}

/// Appends an entry, and returns its sequence number.
///
/// # Errors
/// A journal error.
pub fn append_entry<T: Serialize>(
    context: &Context<'_>,
    journal: &mut Journal,
    kind: &str,
    body: &T,
) -> Result<u64, Failure> {
    // The bodies hold texts, numbers and lists only, and always serialize.
    let body = serde_json::to_value(body).unwrap_or_else(|_| json!({}));
    let lock = journal.lock(&context.holder)?;
    Ok(journal.append(&lock, &context.stamp(), kind, body)?.seq)
}

/// Returns the journaled form of a trial.
#[must_use]
pub fn to_journaled_trial(drill: u64, trial: &Trial) -> JournaledTrial {
    JournaledTrial {
        drill,
        trial: trial.trial,
        tool: trial.tool.to_owned(),
        variant: trial.variant.to_owned(),
        size: trial.size,
        job: trial.job,
        operation: trial.op,
        reverted_by: trial.reverted_by,
        plan_digest: trial.plan_digest,
        rows: trial.rows,
        exact: trial.exact,
        repairable: trial.repair.extent,
        looks: trial.looks.iter().map(kept_look).collect(),
        controls: trial.controls.iter().map(kept_look).collect(),
    }
}

fn kept_look(look: &JudgedLook) -> JournaledLook {
    // A command names its findings itself, perhaps by data: only the ids of mfm's own checks are safe to journal.
    let own = (look.detector == OWN).then(|| look.clone());
    let (checks, beside, masked_by) = own.map(|own| (own.signs, own.beside, own.masked_by)).unwrap_or_default();
    let (detector, why) = (look.detector.clone(), look.kept_why.clone());
    JournaledLook { detector, verdict: look.verdict, checks, beside, masked_by, why }
}

/// Returns the body of an entry; `None` where it is of another kind, or of a later form.
fn parse_body<T: for<'a> Deserialize<'a>>(entry: &mfm_journal::Entry, kind: &str) -> Option<T> {
    (entry.kind == kind).then(|| T::deserialize(&entry.body).ok()).flatten()
}

/// A drill, as the journal holds it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JournaledDrill {
    /// Its number: the sequence number of the entry that begins it.
    pub drill: u64,
    /// When it began, in UTC microseconds since 1970.
    pub at_us: i64,
    /// Who ran it.
    pub actor: String,
    /// Its scope and detectors.
    pub begun: DrillBegun,
    /// Its trials, in order.
    pub trials: Vec<JournaledTrial>,
    /// Its end; null where it was interrupted.
    pub ended: Option<DrillEnded>,
}

impl JournaledDrill {
    /// Returns tool, variant and size of all that it tried or began to try, in order: the sizes that a sweep added on
    /// the way stand in its trials alone.
    #[must_use]
    pub fn list_cases(&self) -> Vec<(String, String, Option<Size>)> {
        let sizes = self.begun.sizes.iter().copied().chain(std::iter::repeat(None));
        let begun = self.begun.cases.iter().cloned().zip(sizes).map(|((tool, variant), size)| (tool, variant, size));
        let tried = self.trials.iter().map(|trial| (trial.tool.clone(), trial.variant.clone(), trial.size));
        let mut cases: Vec<(String, String, Option<Size>)> = Vec::new();
        for case in begun.chain(tried) {
            if !cases.contains(&case) {
                cases.push(case);
            }
        }
        cases
    }
}

/// Reads one drill, or all of them, oldest first.
///
/// # Errors
/// A journal error.
pub fn read_drills(journal: &Journal, only: Option<u64>) -> Result<Vec<JournaledDrill>, Failure> {
    let mut all: Vec<JournaledDrill> = Vec::new();
    journal.visit_entries(only.unwrap_or(1), &mut |entry| {
        if let Some(begun) =
            parse_body::<DrillBegun>(&entry, BEGUN).filter(|_| only.is_none_or(|only| only == entry.seq))
        {
            let (at_us, actor) = (entry.at_us, entry.actor.clone());
            all.push(JournaledDrill { drill: entry.seq, at_us, actor, begun, trials: Vec::new(), ended: None });
        } else if let Some(trial) = parse_body::<JournaledTrial>(&entry, TRIAL) {
            if let Some(drill) = all.iter_mut().find(|drill| drill.drill == trial.drill) {
                drill.trials.push(trial);
            }
        } else if let Some(ended) = parse_body::<DrillEnded>(&entry, ENDED) {
            let number = ended.drill;
            if let Some(drill) = all.iter_mut().find(|drill| drill.drill == number) {
                drill.ended = Some(ended);
            }
            if only == Some(number) {
                return ControlFlow::Break(());
            }
        }
        // The first entry read is the one asked for: if it begins no drill, there is none of that number.
        if only.is_some() && all.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(all)
}

/// Returns the trial that an operation was made for; `None` where no drill made it, or its trial was not journaled.
///
/// # Errors
/// A journal error.
pub fn of_operation(journal: &Journal, operation: &mfm_journal::Operation) -> Result<Option<JournaledTrial>, Failure> {
    if operation.detail.get("drill").is_none() {
        return Ok(None);
    }
    let mut trial = None;
    let mut remaining = NEAR;
    journal.visit_entries(operation.intended_seq, &mut |entry| {
        let own = parse_body::<JournaledTrial>(&entry, TRIAL).filter(|trial| trial.job.is_none());
        trial = own.filter(|trial| trial.operation == operation.op);
        remaining -= 1;
        if trial.is_some() || remaining == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(trial)
}

/// Maximum number of entries between an operation and the entry of its trial, those of other processes included.
const NEAR: u32 = 256;

/// Returns the note on its drill in the entry of an operation.
#[must_use]
pub fn build_mark(drill: u64, trial: u64) -> Json {
    json!({"drill": drill, "trial": trial})
}
