//! Which detectors saw a fault: from the journal of a drill, or by running mfm's own checks now.

use mfm_journal::{Journal, Operation};
use serde::Serialize;

use super::checks::{CheckOutcome, CheckSession};
use super::context::Context;
use super::detect;
use super::drill::detector::{KnownFault, OWN};
use super::drill::ledger;
use super::drill::matrix::DetectionVerdict;
use super::failure::Failure;
use super::reading::read_changes;
use crate::domains;

/// The detection of a fault, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Detection {
    /// The source: `drill`, `now` or `unknown`.
    pub known_from: &'static str,
    /// The drill's number, where a drill is the source.
    pub drill: Option<u64>,
    /// The verdict of each detector.
    pub seen: Vec<DetectorAnswer>,
}

/// The verdict of one detector on a fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DetectorAnswer {
    /// The detector's name; `mfm` for mfm's own checks.
    pub detector: String,
    /// Its verdict.
    pub verdict: DetectionVerdict,
    /// The ids of mfm's own checks that reported it.
    pub checks: Vec<String>,
}

/// Returns the journaled detection of a fault; `None` for a revert.
///
/// # Errors
/// A journal error.
pub fn read_detection(journal: &Journal, operation: &Operation) -> Result<Option<Detection>, Failure> {
    if operation.reverts.is_some() {
        return Ok(None);
    }
    let Some(trial) = ledger::of_operation(journal, operation)? else {
        return Ok(Some(Detection { known_from: "unknown", drill: None, seen: Vec::new() }));
    };
    let looks = trial.looks.into_iter();
    let seen = looks.map(|look| DetectorAnswer { detector: look.detector, verdict: look.verdict, checks: look.checks });
    Ok(Some(Detection { known_from: "drill", drill: Some(trial.drill), seen: seen.collect() }))
}

/// Runs mfm's own checks on the target now, and returns which of them report a row of an operation; `None` where it is
/// not active.
///
/// # Errors
/// A target or journal error.
pub fn detect_now(
    context: &Context<'_>,
    journal: &Journal,
    operation: &Operation,
) -> Result<Option<Detection>, Failure> {
    if !journal.state().active.contains_key(&operation.op) {
        return Ok(None);
    }
    let chosen = context.chosen_for(journal, &[operation.op])?;
    let mut target = context.open_target(&chosen.url)?;
    detect::warn_of_mismatch(context, journal, &chosen.name, target.as_mut());
    // The clock of the fault's plan: what lay in its future may lie in the past by now.
    let clock = operation.detail.get("now").and_then(serde_json::Value::as_str);
    let now = context.resolve_now(clock)?;
    let domain = detect::registered_domain(journal, &chosen.name)?;
    let params = super::checks::default_params(context, domain, now)?;
    let session = CheckSession::run_once(context, target.as_mut(), domain, domain.checks(), params)?;
    let changes = read_changes(journal, operation)?;
    let keys = journal.read_chosen_keys(operation)?;
    let table = operation.keys.as_ref().map(|keys| keys.table.clone()).unwrap_or_default();
    let guards = domains::find_mode(&operation.label.tool).map(|mode| mode.card().checks).unwrap_or_default();
    let fault = KnownFault::from_changes(&changes, &table, &keys, guards);
    let mut checks: Vec<String> = Vec::new();
    for finding in session.checked.iter().flat_map(CheckOutcome::findings).filter(|finding| fault.explains(finding)) {
        if !checks.iter().any(|check| check == finding.check) {
            checks.push(finding.check.to_owned());
        }
    }
    let verdict = if checks.is_empty() { DetectionVerdict::Missed } else { DetectionVerdict::Caught };
    let seen = vec![DetectorAnswer { detector: OWN.to_owned(), verdict, checks }];
    Ok(Some(Detection { known_from: "now", drill: None, seen }))
}
