//! What saw a fault: as a drill noted it, or as mfm's own checks find it now; and else that nobody knows.

use mfm_journal::{Journal, Operation};
use serde::Serialize;

use super::checks::{Checked, Session};
use super::context::Context;
use super::detect;
use super::drill::detector::{KnownFault, OWN};
use super::drill::ledger;
use super::drill::matrix::Verdict;
use super::failure::Failure;
use super::reading::changes;
use crate::domains;

/// What is known of a fault's being seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Detection {
    /// How it is known: `drill`, `now` or `unknown`.
    pub known_from: &'static str,
    /// The drill's number.
    pub drill: Option<u64>,
    /// What each detector made of it.
    pub seen: Vec<Seen>,
}

/// What one detector made of a fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// The detector.
    pub detector: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// The ids of mfm's own checks that reported it.
    pub checks: Vec<String>,
}

/// Returns what the journal knows of a fault's being seen; nothing of a revert.
///
/// # Errors
/// What the journal says.
pub fn kept(journal: &Journal, operation: &Operation) -> Result<Option<Detection>, Failure> {
    if operation.reverts.is_some() {
        return Ok(None);
    }
    let Some(kept) = ledger::of_operation(journal, operation)? else {
        return Ok(Some(Detection { known_from: "unknown", drill: None, seen: Vec::new() }));
    };
    let seen =
        kept.looks.into_iter().map(|look| Seen { detector: look.detector, verdict: look.verdict, checks: look.checks });
    Ok(Some(Detection { known_from: "drill", drill: Some(kept.drill), seen: seen.collect() }))
}

/// Runs mfm's own checks on the target as it is now, and returns which of them report a row of an active operation;
/// nothing where it is not active.
///
/// # Errors
/// What target and journal say.
pub fn now(context: &Context<'_>, journal: &Journal, operation: &Operation) -> Result<Option<Detection>, Failure> {
    if !journal.state().active.contains_key(&operation.op) {
        return Ok(None);
    }
    let chosen = context.chosen_for(journal, &[operation.op])?;
    let mut target = context.open(&chosen.url)?;
    detect::warn(context, journal, &chosen.name, target.as_mut());
    let clock = operation.detail.get("now").and_then(serde_json::Value::as_str);
    let now = context.now(clock)?;
    let domain = detect::registered(journal, &chosen.name)?;
    let params = super::checks::standard(context, domain, now)?;
    let session = Session::once(context, target.as_mut(), domain, domain.checks(), params)?;
    let changes = changes(journal, operation)?;
    let keys = journal.chosen_keys(operation)?;
    let table = operation.keys.as_ref().map(|keys| keys.table.clone()).unwrap_or_default();
    let guards = domains::mode(&operation.tool).map(|mode| mode.card().checks).unwrap_or_default();
    let fault = KnownFault::of(&changes, (&table, &keys), guards);
    let mut checks: Vec<String> = Vec::new();
    for finding in session.checked.iter().flat_map(Checked::findings).filter(|finding| fault.explains(finding)) {
        if !checks.iter().any(|check| check == finding.check) {
            checks.push(finding.check.to_owned());
        }
    }
    let verdict = if checks.is_empty() { Verdict::Missed } else { Verdict::Caught };
    let seen = vec![Seen { detector: OWN.to_owned(), verdict, checks }];
    Ok(Some(Detection { known_from: "now", drill: None, seen }))
}
