//! What saw a fault: as a drill noted it, or as mfm's own checks find it now; and else that nobody knows.

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

/// What is known of a fault's being seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Detection {
    /// How it is known: `drill`, `now` or `unknown`.
    pub known_from: &'static str,
    /// The drill's number.
    pub drill: Option<u64>,
    /// What each detector made of it.
    pub seen: Vec<DetectorAnswer>,
}

/// What one detector made of a fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DetectorAnswer {
    /// The detector.
    pub detector: String,
    /// Its verdict.
    pub verdict: DetectionVerdict,
    /// The ids of mfm's own checks that reported it.
    pub checks: Vec<String>,
}

/// Returns what the journal knows of a fault's being seen; nothing of a revert.
///
/// # Errors
/// What the journal says.
pub fn read_detection(journal: &Journal, operation: &Operation) -> Result<Option<Detection>, Failure> {
    if operation.reverts.is_some() {
        return Ok(None);
    }
    let Some(kept) = ledger::of_operation(journal, operation)? else {
        return Ok(Some(Detection { known_from: "unknown", drill: None, seen: Vec::new() }));
    };
    let seen = kept.looks.into_iter().map(|look| DetectorAnswer {
        detector: look.detector,
        verdict: look.verdict,
        checks: look.checks,
    });
    Ok(Some(Detection { known_from: "drill", drill: Some(kept.drill), seen: seen.collect() }))
}

/// Runs mfm's own checks on the target as it is now, and returns which of them report a row of an active operation;
/// nothing where it is not active.
///
/// # Errors
/// What target and journal say.
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
    let clock = operation.detail.get("now").and_then(serde_json::Value::as_str);
    let now = context.resolve_now(clock)?;
    let domain = detect::registered_domain(journal, &chosen.name)?;
    let params = super::checks::default_params(context, domain, now)?;
    let session = CheckSession::run_once(context, target.as_mut(), domain, domain.checks(), params)?;
    let changes = read_changes(journal, operation)?;
    let keys = journal.read_chosen_keys(operation)?;
    let table = operation.keys.as_ref().map(|keys| keys.table.clone()).unwrap_or_default();
    let guards = domains::find_mode(&operation.label.tool).map(|mode| mode.card().checks).unwrap_or_default();
    let fault = KnownFault::from_changes(&changes, (&table, &keys), guards);
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
