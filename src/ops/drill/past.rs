//! Earlier drills: read from the journal or from a saved result, and compared with a new one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use mfm_journal::Journal;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::begin::DrillScope;
use super::detector::OWN;
use super::jobs;
use super::ledger::{self, JournaledDrill, JournaledLook, JournaledTrial};
use super::matrix::{DetectionVerdict, DrillCase, JudgedLook, Matrix, MatrixLine, Trial};
use super::mending::CheckNames;
use super::{DrillRecord, Outcome, build_outcome, find_case};
use crate::domain::repair::Repair;
use crate::file;
use crate::model::NextSteps;
use crate::model::next_step::{Deed, Flag, View, act, leave_out, look};
use crate::ops::context::Context;
use crate::ops::failure::{Failure, FailureKind};

/// A trial whose fault or verdict differs from the earlier drill's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangedVerdict {
    /// The trial's number in the earlier drill.
    pub trial: u64,
    /// The mode's tool name.
    pub tool: String,
    /// The variant.
    pub variant: String,
    /// What differs.
    pub what: String,
}

/// Reads the drill of this number.
///
/// # Errors
/// `no_drill`, or a journal error.
pub fn read_drill(journal: &Journal, drill: u64) -> Result<JournaledDrill, Failure> {
    ledger::read_drills(journal, Some(drill))?.into_iter().next().ok_or_else(|| {
        let message = format!("there is no drill {drill}");
        Failure::new(FailureKind::Refused, "no_drill", message, look(View::Drills, "lists the drills of the journal"))
    })
}

/// The drills of a journal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DrillList {
    /// The drills, newest first.
    pub drills: Vec<DrillSummary>,
    /// The journal read.
    pub journal: PathBuf,
}

/// A drill in one line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DrillSummary {
    /// Its number.
    pub drill: u64,
    /// When it began, as RFC 3339 in UTC.
    pub at: String,
    /// Who ran it.
    pub actor: String,
    /// The target's name.
    pub target: String,
    /// The names of the detectors under test.
    pub detectors: Vec<String>,
    /// Number of variants in its scope.
    pub variants: u64,
    /// Number of faults tried.
    pub tried: u64,
    /// Number of faults that each detector caught, in the order of the detectors.
    pub caught: Vec<u64>,
    /// Whether every table was restored; null where the drill was interrupted.
    pub exact: Option<bool>,
}

/// Lists the drills of the journal, newest first.
///
/// # Errors
/// A journal error.
pub fn list_drills(context: &Context<'_>) -> Result<DrillList, Failure> {
    let journal = context.open_journal()?;
    let drills = ledger::read_drills(&journal, None)?.into_iter().rev().map(summarize_drill).collect();
    Ok(DrillList { drills, journal: context.journal.clone() })
}

fn summarize_drill(drill: JournaledDrill) -> DrillSummary {
    let detectors: Vec<String> = drill.begun.detectors.iter().map(|named| named.name.clone()).collect();
    let looks = drill.trials.iter().flat_map(|trial| &trial.looks);
    let catches: Vec<&JournaledLook> = looks.filter(|look| look.verdict == DetectionVerdict::Caught).collect();
    let caught = detectors.iter().map(|name| catches.iter().filter(|look| look.detector == *name).count() as u64);
    let caught = caught.collect();
    DrillSummary {
        drill: drill.drill,
        at: crate::ops::log::render_timestamp(drill.at_us),
        actor: drill.actor,
        target: drill.begun.target,
        caught,
        detectors,
        variants: drill.begun.cases.len() as u64,
        tried: drill.trials.len() as u64,
        exact: drill.ended.map(|ended| ended.exact),
    }
}

/// Returns the result of an earlier drill from the journal, which holds no times and no output of commands.
///
/// # Errors
/// As [`read_drill`].
pub fn show_drill(context: &Context<'_>, drill: u64) -> Result<Outcome, Failure> {
    let journal = context.open_journal()?;
    let drill = read_drill(&journal, drill)?;
    let trials: Vec<Trial> = rebuild_trials(context, &journal, &drill);
    let untried: BTreeSet<(String, String)> = drill.ended.iter().flat_map(|ended| ended.untried.clone()).collect();
    let mut cases: Vec<DrillCase> = Vec::new();
    for (tool, variant, size) in drill.list_cases() {
        let names = (tool, variant);
        // A case that this version does not know any more has no severity, and is left out.
        let Some(case) = find_case(&names.0, &names.1) else { continue };
        let case = DrillCase { size, ..case };
        let tried = trials.iter().filter(|trial| case.has_trial(trial)).count();
        // In an interrupted drill the journal does not say which variants fell short, so all with too few trials did.
        let is_short = (drill.ended.is_none() || untried.contains(&names)) && (tried as u64) < drill.begun.sample;
        cases.push(DrillCase { untried: is_short.then(|| format!("{tried} of {} tried", drill.begun.sample)), ..case });
    }
    let names = list_known_names(&drill);
    Ok(build_outcome(context, drill.drill, drill.begun, DrillRecord { cases, trials, names }, drill.ended.as_ref()))
}

/// Returns the names of checks as far as the journal has them: those of mfm's own; it keeps no word of a command.
fn list_known_names(drill: &JournaledDrill) -> Vec<CheckNames> {
    let case = drill.begun.cases.first().and_then(|(tool, _)| crate::domains::of_mode(tool));
    let own = case.map(|domain| domain.checks().iter().map(|card| card.id.to_owned()).collect());
    let names = drill.begun.detectors.iter().map(|named| CheckNames {
        detector: named.name.clone(),
        all: own.clone().filter(|_| named.name == OWN),
        known: Vec::new(),
    });
    names.collect()
}

/// Rebuilds the trials of a drill, those of jobs from the journals that they kept.
fn rebuild_trials(context: &Context<'_>, journal: &Journal, drill: &JournaledDrill) -> Vec<Trial> {
    let mut of_jobs: BTreeMap<u64, Option<Journal>> = BTreeMap::new();
    let folder = drill.begun.jobs.as_ref().map(|jobs| jobs::folder_of(&context.journal, jobs));
    let mut trials = Vec::new();
    for journaled in &drill.trials {
        let (Some(job), Some(folder)) = (journaled.job, &folder) else {
            trials.extend(rebuild_trial(journal, journaled));
            continue;
        };
        let kept = of_jobs.entry(job).or_insert_with(|| Journal::open_read(&jobs::journal_of(folder, job)).ok());
        trials.extend(kept.as_ref().and_then(|kept| rebuild_trial(kept, journaled)));
    }
    trials
}

/// Rebuilds a trial from the journal; `None` where this version does not know its variant, or its operation is missing.
fn rebuild_trial(journal: &Journal, journaled: &JournaledTrial) -> Option<Trial> {
    let case = find_case(&journaled.tool, &journaled.variant)?;
    let operation = journal.read_operation(journaled.operation).ok()??;
    let repair = repair_of(journal, &operation)?;
    let keys = journal.read_chosen_keys(&operation).ok()?;
    let table = operation.keys.as_ref().map(|keys| keys.table.clone()).unwrap_or_default();
    let records = crate::domains::find_mode(case.tool)?.card().fault_records();
    let table = records.into_iter().find(|record| record.table.eq_ignore_ascii_case(&table))?.table;
    Some(Trial {
        trial: journaled.trial,
        tool: case.tool,
        variant: case.variant,
        size: journaled.size,
        table,
        record: keys.first().and_then(|key| key.first()).map_or(Json::Null, crate::ops::cell::to_json),
        op: journaled.operation,
        reverted_by: journaled.reverted_by,
        job: journaled.job,
        plan_digest: journaled.plan_digest,
        rows: journaled.rows,
        exact: journaled.exact,
        repair,
        looks: journaled.looks.iter().map(rebuild_look).collect(),
        controls: journaled.controls.iter().map(rebuild_look).collect(),
    })
}

fn rebuild_look(journaled: &JournaledLook) -> JudgedLook {
    JudgedLook {
        detector: journaled.detector.clone(),
        verdict: journaled.verdict,
        signs: journaled.checks.clone(),
        checks: journaled.checks.clone(),
        masked_by: journaled.masked_by.clone(),
        beside: journaled.beside.clone(),
        why: journaled.why.clone(),
        kept_why: journaled.why.clone(),
        took_ms: None,
    }
}

/// Returns whether an operation's original data could be restored without the journal, judged by its first change.
#[must_use]
pub fn repair_of(journal: &Journal, operation: &mfm_journal::Operation) -> Option<Repair> {
    let mut place = None;
    let result = journal.visit_changes(operation, &mut |change| {
        place = self::first_changed_column(&change);
        // The first change decides; the others need not be read.
        std::ops::ControlFlow::Break(())
    });
    result.ok()?;
    let place = place.as_ref().map(|(table, column)| (table.as_str(), column.as_str()));
    Some(crate::domains::of_mode(&operation.label.mode)?.assess_repair(
        &operation.label.mode,
        &operation.label.variant,
        place,
    ))
}

/// Returns a change's table and the first column that it writes.
pub(super) fn first_changed_column(change: &mfm_journal::Change) -> Option<(String, String)> {
    let column = change.column_names().into_iter().next()?;
    Some((change.table.name.clone(), column.to_owned()))
}

/// The part of a saved result that a new drill is compared with.
#[derive(Debug, Deserialize)]
pub struct SavedResult {
    schema: String,
    target: String,
    seed: u64,
    sample: u64,
    /// The counts.
    #[serde(flatten)]
    pub matrix: Matrix,
}

impl SavedResult {
    /// Returns in what the scope of a new drill differs from the saved one.
    ///
    /// # Errors
    /// Usage: the two have no variant or no detector in common.
    pub fn list_differences(
        &self,
        target: &str,
        scope: &DrillScope,
        detectors: &[String],
    ) -> Result<Vec<String>, Failure> {
        let facts = [
            ("target", target.to_owned(), self.target.clone()),
            ("seed", scope.seed.to_string(), self.seed.to_string()),
            ("sample", scope.sample.to_string(), self.sample.to_string()),
        ];
        let differs = facts.into_iter().filter(|(_, is, was)| is != was);
        let mut out: Vec<String> = differs.map(|(what, is, was)| format!("{what} {is}, was {was}")).collect();
        let lines = self.matrix.lines.iter();
        let (shared, gone): (Vec<&MatrixLine>, Vec<&MatrixLine>) =
            lines.partition(|line| scope.cases.iter().any(|case| (case.tool, case.variant, case.size) == line.case()));
        let new = scope.cases.len() - shared.len().min(scope.cases.len());
        for (number, what) in [(gone.len(), "tried then and not now"), (new, "tried now and not then")] {
            if number > 0 {
                out.push(format!("{} {what}", crate::ops::render_count(number as u64, "variant")));
            }
        }
        let totals = &self.matrix.totals;
        let has_detector = detectors.iter().any(|name| totals.iter().any(|total| total.cell.detector == *name));
        if shared.is_empty() || !has_detector {
            let what = if shared.is_empty() { "variant" } else { "detector" };
            let message =
                format!("this drill and the earlier result have no {what} in common, so nothing can be compared");
            let next = NextSteps::from("choose the same modes and detectors, with the same names");
            return Err(Failure::usage("drill", message, next.and(leave_out(Flag::Baseline).when("or"))));
        }
        Ok(out)
    }
}

/// The schema named in a saved result.
const SCHEMA: &str = "mfm/drill/1";

/// Reads a result that was saved with `--json`.
///
/// # Errors
/// Usage: the file cannot be read, or holds something else.
pub fn read_result(path: &Path) -> Result<SavedResult, Failure> {
    let wrong = |why: String| {
        let message = format!("could not read the earlier result {}: {why}", path.display());
        Failure::usage("drill", message, act(Deed::SaveDrill, "saves one"))
    };
    let text = file::read_text(path, file::DATA_BYTES_MAX).map_err(|error| wrong(error.to_string()))?;
    let saved: SavedResult = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    if saved.schema == SCHEMA { Ok(saved) } else { Err(wrong(format!("its schema is `{}`", saved.schema))) }
}

/// Compares a drill with the one that it replays, trial by trial: first the fault, by its plan's digest, then the
/// verdicts.
#[must_use]
pub fn compare_replay(before: &JournaledDrill, now: &[Trial]) -> Vec<ChangedVerdict> {
    let mut out = Vec::new();
    for journaled in &before.trials {
        let trial = now.iter().find(|trial| {
            trial.trial == journaled.trial && trial.tool == journaled.tool && trial.variant == journaled.variant
        });
        let changes = match trial {
            None => vec!["it was not tried again".to_owned()],
            // Verdicts on another fault say nothing about the detectors.
            Some(trial) if trial.plan_digest != journaled.plan_digest => {
                vec![format!("another fault: plan {} was {}", trial.plan_digest, journaled.plan_digest)]
            }
            Some(trial) => compare_verdicts(journaled, trial),
        };
        for what in changes {
            let (tool, variant) = (journaled.tool.clone(), journaled.variant.clone());
            out.push(ChangedVerdict { trial: journaled.trial, tool, variant, what });
        }
    }
    out
}

fn compare_verdicts(journaled: &JournaledTrial, trial: &Trial) -> Vec<String> {
    let mut out = Vec::new();
    for was in &journaled.looks {
        let is = trial.looks.iter().find(|look| look.detector == was.detector);
        let word = is.map_or("not run", |look| look.verdict.word());
        // Only the verdict is compared: signs and times differ from run to run.
        if word != was.verdict.word() {
            out.push(format!("{}: {word}; was {}", was.detector, was.verdict.word()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved_result() -> SavedResult {
        let cell = serde_json::json!({
            "detector": "qa", "caught": 1, "missed": 0, "false_alarm": 0, "could_not_tell": 0, "seen_by": [],
            "rate": {"hits": 1, "of": 1, "rate": 1.0, "low": 0.2, "high": 1.0},
        });
        let mut total = cell.clone();
        total["alarms"] = serde_json::json!({"hits": 0, "of": 0, "rate": null, "low": 0.0, "high": 1.0});
        let line = serde_json::json!({
            "tool": "create_invalid_angles", "mode": "invalid_angles", "variant": "gantry", "severity": "0.7",
            "trials": 1, "untried": null, "cells": [cell],
        });
        serde_json::from_value(serde_json::json!({
            "schema": SCHEMA, "target": "lab", "seed": 1, "now": "2024-06-29T12:00:00", "sample": 1,
            "lines": [line], "totals": [total], "pair": null,
        }))
        .unwrap()
    }

    fn build_scope(seed: u64, variants: &[&str]) -> DrillScope {
        let cases = variants.iter().map(|variant| find_case("create_invalid_angles", variant).unwrap()).collect();
        let now = jiff::civil::date(2024, 6, 29).at(12, 0, 0, 0);
        DrillScope { cases, refines: false, all_records: true, jobs: 1, sample: 1, controls: 1, seed, now }
    }

    #[test]
    fn a_drill_is_compared_with_another_one_only_where_that_is_said() {
        let qa = ["qa".to_owned()];
        let unlike = |wanted: &DrillScope, target| saved_result().list_differences(target, wanted, &qa);
        assert_eq!(unlike(&build_scope(1, &["gantry"]), "lab"), Ok(Vec::new()));
        assert_eq!(
            unlike(&build_scope(2, &["gantry", "both"]), "copy").unwrap(),
            ["target copy, was lab", "seed 2, was 1", "1 variant tried now and not then"]
        );
        let failure = unlike(&build_scope(1, &["both"]), "lab").unwrap_err();
        assert_eq!((failure.code.as_str(), failure.kind), ("drill", FailureKind::Usage));
        assert!(saved_result().list_differences("lab", &build_scope(1, &["gantry"]), &["other".to_owned()]).is_err());
    }
}
