//! Earlier drills: as the journal has them, as a file has their result, and against a new one.

use std::collections::BTreeSet;
use std::path::Path;

use mfm_journal::Journal;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::ledger::{self, Drill, Kept, KeptLook};
use super::matrix::{Case, Look, Matrix, Trial};
use super::{Outcome, case, made};
use crate::mosaiq::repair::Repair;
use crate::ops::context::Context;
use crate::ops::failure::{Failure, Kind};

/// A verdict that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The trial's number in the earlier drill.
    pub trial: u64,
    /// The tool.
    pub tool: String,
    /// The variant.
    pub variant: String,
    /// What differs.
    pub what: String,
}

/// Returns a drill.
///
/// # Errors
/// `no_drill`, or what the journal says.
pub fn find(journal: &Journal, drill: u64) -> Result<Drill, Failure> {
    let found = ledger::drills(journal, Some(drill))?.into_iter().next();
    found.ok_or_else(|| {
        let all = ledger::drills(journal, None).unwrap_or_default();
        let numbers: Vec<String> = all.iter().map(|drill| drill.drill.to_string()).collect();
        let known = if numbers.is_empty() { "none yet".to_owned() } else { numbers.join(", ") };
        let hint = format!("drills in this journal: {known}");
        Failure::new(Kind::Refused, "no_drill", format!("there is no drill {drill}"), hint)
    })
}

/// Shows a drill as the journal has it: without times, and without a command's own words.
///
/// # Errors
/// As [`find`].
pub fn show(context: &Context<'_>, drill: u64) -> Result<Outcome, Failure> {
    let journal = context.reading()?;
    let drill = find(&journal, drill)?;
    let trials: Vec<Trial> = drill.trials.iter().filter_map(|kept| trial(&journal, kept)).collect();
    let untried: BTreeSet<(String, String)> = drill.ended.iter().flat_map(|ended| ended.untried.clone()).collect();
    let cases: Vec<Case> = drill
        .begun
        .cases
        .iter()
        .filter_map(|(tool, variant)| {
            let fewer = untried.contains(&(tool.clone(), variant.clone())) || drill.ended.is_none();
            let case = case(tool, variant)?;
            let tried = trials.iter().filter(|trial| trial.tool == case.tool && trial.variant == case.variant).count();
            let short = fewer && (tried as u64) < drill.begun.sample;
            Some(Case { untried: short.then(|| format!("{tried} of {} tried", drill.begun.sample)), ..case })
        })
        .collect();
    Ok(made(context, drill.drill, drill.begun, &cases, trials, drill.ended.as_ref()))
}

/// Returns a trial as the journal has it; its repair is told again from what its operation changed.
fn trial(journal: &Journal, kept: &Kept) -> Option<Trial> {
    let case = case(&kept.tool, &kept.variant)?;
    let operation = journal.operation(kept.operation).ok()??;
    let repair = repair_of(journal, &operation)?;
    let keys = journal.chosen_keys(&operation).ok()?;
    let table = operation.keys.as_ref().map(|keys| keys.table.clone()).unwrap_or_default();
    let records = crate::mosaiq::modes::find(case.tool)?.card().records();
    let table = records.into_iter().find(|record| record.table.eq_ignore_ascii_case(&table))?.table;
    let look = |look: &KeptLook| Look {
        detector: look.detector.clone(),
        verdict: look.verdict,
        signs: look.checks.clone(),
        beside: look.beside.clone(),
        why: None,
        took_ms: 0,
    };
    Some(Trial {
        trial: kept.trial,
        tool: case.tool,
        variant: case.variant,
        table,
        record: keys.first().and_then(|key| key.first()).map_or(Json::Null, crate::ops::cell::cell),
        op: kept.operation,
        reverted_by: kept.reverted_by,
        plan_digest: kept.plan_digest,
        rows: kept.rows,
        exact: kept.exact,
        repair,
        looks: kept.looks.iter().map(look).collect(),
        controls: kept.controls.iter().map(look).collect(),
    })
}

/// Tells from an operation's journaled changes whether the original could be had without the journal.
#[must_use]
pub fn repair_of(journal: &Journal, operation: &mfm_journal::Operation) -> Option<Repair> {
    let mut place = None;
    let read = journal.changes(operation, &mut |change| {
        place = self::place(&change);
        std::ops::ControlFlow::Break(())
    });
    read.ok()?;
    let place = place.as_ref().map(|(table, column)| (table.as_str(), column.as_str()));
    Some(crate::mosaiq::repair::of(&operation.mode, &operation.variant, place))
}

/// Returns the table, and the first column, that a change writes.
pub(super) fn place(change: &mfm_journal::Change) -> Option<(String, String)> {
    let column = change.column_names().into_iter().next()?;
    Some((change.table.name.clone(), column.to_owned()))
}

/// What is read of a saved result.
#[derive(Deserialize)]
struct Saved {
    schema: String,
    #[serde(flatten)]
    matrix: Matrix,
}

/// The schema that a saved result begins with.
const SCHEMA: &str = "mfm/drill/1";

/// Reads a result that was saved with `--json`.
///
/// # Errors
/// Usage: the file cannot be read, or holds something else.
pub fn read_result(path: &Path) -> Result<Matrix, Failure> {
    let wrong = |why: String| {
        let message = format!("could not read the earlier result {}: {why}", path.display());
        Failure::usage("drill", message, "save one with `mfm --json drill ... > FILE`")
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let saved: Saved = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    if saved.schema == SCHEMA { Ok(saved.matrix) } else { Err(wrong(format!("its schema is `{}`", saved.schema))) }
}

/// Compares a drill with the one that it replays, trial by trial: the fault by its plan's digest, then the verdicts.
#[must_use]
pub fn differences(before: &Drill, now: &[Trial]) -> Vec<Difference> {
    let mut out = Vec::new();
    for kept in &before.trials {
        let same =
            |trial: &&Trial| trial.trial == kept.trial && trial.tool == kept.tool && trial.variant == kept.variant;
        let what = match now.iter().find(same) {
            None => vec!["it was not tried again".to_owned()],
            Some(trial) if trial.plan_digest != kept.plan_digest => {
                vec![format!("another fault: plan {} was {}", trial.plan_digest, kept.plan_digest)]
            }
            Some(trial) => verdicts(kept, trial),
        };
        let (tool, variant) = (&kept.tool, &kept.variant);
        let of = |what| Difference { trial: kept.trial, tool: tool.clone(), variant: variant.clone(), what };
        out.extend(what.into_iter().map(of));
    }
    out
}

fn verdicts(kept: &Kept, trial: &Trial) -> Vec<String> {
    let mut out = Vec::new();
    for was in &kept.looks {
        let is = trial.looks.iter().find(|look| look.detector == was.detector);
        let word = is.map_or("not asked", |look| look.verdict.word());
        if word != was.verdict.word() {
            out.push(format!("{}: {word}; was {}", was.detector, was.verdict.word()));
        }
    }
    out
}
