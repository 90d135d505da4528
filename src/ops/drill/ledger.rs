//! What the journal keeps of a drill: what was to be tried and by what, each trial with its verdicts, and how it ended;
//! no cell, no key, and no word of a command.

use std::ops::ControlFlow;

use mfm_journal::{Digest, Journal};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::detector::OWN;
use super::matrix::{DetectionVerdict, JudgedLook, Trial};
use crate::domain::repair::RepairExtent;
use crate::ops::context::Context;
use crate::ops::failure::Failure;

/// The kind of the entry that begins a drill; its number is the drill's.
pub const BEGUN: &str = "drill_begun";
/// The kind of the entry of one trial.
pub const TRIAL: &str = "drill_trial";
/// The kind of the entry that ends a drill.
pub const ENDED: &str = "drill_ended";

/// A detector, as the journal names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedDetector {
    /// Its name.
    pub name: String,
    /// The digest of what decides its verdicts.
    pub digest: Digest,
    /// How many findings of the untouched data do not count.
    pub known: u64,
}

/// What begins a drill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillBegun {
    /// The target's name.
    pub target: String,
    /// The target's identity.
    pub identity: Digest,
    /// Tools and variants, in order.
    pub cases: Vec<(String, String)>,
    /// How many records a variant.
    pub sample: u64,
    /// How many controls a variant, for commands.
    pub controls: u64,
    /// The seed.
    pub seed: u64,
    /// The wall clock.
    pub now: String,
    /// What was under test.
    pub detectors: Vec<NamedDetector>,
}

/// What one trial showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournaledTrial {
    /// The drill.
    pub drill: u64,
    /// The trial's number in it.
    pub trial: u64,
    /// The tool.
    pub tool: String,
    /// The variant.
    pub variant: String,
    /// The operation that committed the fault.
    pub operation: u64,
    /// The operation that took it back.
    pub reverted_by: u64,
    /// The digest of its plan.
    pub plan_digest: Digest,
    /// How many rows it changed.
    pub rows: u64,
    /// Whether every row it touched was as it was, by digest.
    pub exact: bool,
    /// How well the original could have been restored without the journal.
    pub repairable: RepairExtent,
    /// What each detector made of it.
    pub looks: Vec<JournaledLook>,
    /// What detectors made of the target once it was taken back.
    pub controls: Vec<JournaledLook>,
}

/// What one look showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournaledLook {
    /// The detector.
    pub detector: String,
    /// The verdict.
    pub verdict: DetectionVerdict,
    /// The ids of mfm's own checks that reported something new; a command's own words are not kept.
    pub checks: Vec<String>,
    /// The ids of those that reported something of other rows, beside the fault.
    pub beside: Vec<String>,
    /// Why it could not tell, in mfm's own words; absent where it could, and in journals of the first release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// How a drill ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillEnded {
    /// The drill.
    pub drill: u64,
    /// How many faults were tried.
    pub trials: u64,
    /// Whether every table is what it was, by digest.
    pub exact: bool,
    /// How many tables were compared.
    pub tables: u64,
    /// Variants that could not be tried as often as asked: tool and variant.
    pub untried: Vec<(String, String)>,
}

/// Writes an entry, and returns its number.
///
/// # Errors
/// What the journal says.
pub fn append_entry<T: Serialize>(
    context: &Context<'_>,
    journal: &mut Journal,
    kind: &str,
    body: &T,
) -> Result<u64, Failure> {
    let body = serde_json::to_value(body).unwrap_or_else(|_| json!({}));
    let lock = journal.lock(&context.holder)?;
    Ok(journal.append(&lock, &context.stamp(), kind, body)?.seq)
}

/// Returns what the journal keeps of a trial.
#[must_use]
pub fn to_journaled_trial(drill: u64, trial: &Trial) -> JournaledTrial {
    JournaledTrial {
        drill,
        trial: trial.trial,
        tool: trial.tool.to_owned(),
        variant: trial.variant.to_owned(),
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
    let own = |ids: &Vec<String>| if look.detector == OWN { ids.clone() } else { Vec::new() };
    let (checks, beside) = (own(&look.signs), own(&look.beside));
    JournaledLook { detector: look.detector.clone(), verdict: look.verdict, checks, beside, why: look.kept_why.clone() }
}

/// Returns the body of an entry of one kind.
fn parse_body<T: for<'a> Deserialize<'a>>(entry: &mfm_journal::Entry, kind: &str) -> Option<T> {
    (entry.kind == kind).then(|| T::deserialize(&entry.body).ok()).flatten()
}

/// A drill as the journal has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JournaledDrill {
    /// Its number: that of the entry that begins it.
    pub drill: u64,
    /// When it began, in microseconds since 1970 UTC.
    pub at_us: i64,
    /// Who ran it.
    pub actor: String,
    /// What was to be tried.
    pub begun: DrillBegun,
    /// The trials.
    pub trials: Vec<JournaledTrial>,
    /// How it ended; null where it was cut off.
    pub ended: Option<DrillEnded>,
}

/// Reads drills from the journal: one, or all.
///
/// # Errors
/// What the journal says.
pub fn read_drills(journal: &Journal, only: Option<u64>) -> Result<Vec<JournaledDrill>, Failure> {
    let mut all: Vec<JournaledDrill> = Vec::new();
    journal.visit_entries(only.unwrap_or(1), &mut |entry| {
        if let Some(begun) =
            parse_body::<DrillBegun>(&entry, BEGUN).filter(|_| only.is_none_or(|only| only == entry.seq))
        {
            let (at_us, actor) = (entry.at_us, entry.actor.clone());
            all.push(JournaledDrill { drill: entry.seq, at_us, actor, begun, trials: Vec::new(), ended: None });
        } else if let Some(kept) = parse_body::<JournaledTrial>(&entry, TRIAL) {
            all.iter_mut().filter(|drill| drill.drill == kept.drill).for_each(|drill| drill.trials.push(kept.clone()));
        } else if let Some(ended) = parse_body::<DrillEnded>(&entry, ENDED) {
            all.iter_mut().filter(|drill| drill.drill == ended.drill).for_each(|d| d.ended = Some(ended.clone()));
            if only == Some(ended.drill) {
                return ControlFlow::Break(());
            }
        }
        if only.is_some() && all.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(all)
}

/// Returns what a drill found of an operation that it made.
///
/// # Errors
/// What the journal says.
pub fn of_operation(journal: &Journal, operation: &mfm_journal::Operation) -> Result<Option<JournaledTrial>, Failure> {
    if operation.detail.get("drill").is_none() {
        return Ok(None);
    }
    let mut found = None;
    let mut left = NEAR;
    journal.visit_entries(operation.intended_seq, &mut |entry| {
        found = parse_body::<JournaledTrial>(&entry, TRIAL).filter(|kept| kept.operation == operation.op);
        left -= 1;
        if found.is_some() || left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(found)
}

/// How far behind an operation its trial's entry stands at most, whoever else writes meanwhile.
const NEAR: u32 = 256;

/// Returns what an operation's own entry says of its drill.
#[must_use]
pub fn build_mark(drill: u64, trial: u64) -> Json {
    json!({"drill": drill, "trial": trial})
}
