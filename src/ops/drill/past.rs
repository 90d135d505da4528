//! Earlier drills: as the journal has them, as a file has their result, and against a new one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mfm_journal::Journal;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::begin::DrillScope;
use super::ledger::{self, JournaledDrill, JournaledLook, JournaledTrial};
use super::matrix::{DetectionVerdict, DrillCase, JudgedLook, Matrix, MatrixLine, Trial};
use super::{Outcome, build_outcome, find_case};
use crate::domain::repair::Repair;
use crate::file;
use crate::model::NextSteps;
use crate::model::next_step::{Deed, Flag, View, act, leave_out, look};
use crate::ops::context::Context;
use crate::ops::failure::{Failure, FailureKind};

/// A verdict that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangedVerdict {
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
pub fn read_drill(journal: &Journal, drill: u64) -> Result<JournaledDrill, Failure> {
    let found = ledger::read_drills(journal, Some(drill))?.into_iter().next();
    let message = || format!("there is no drill {drill}");
    let list = || look(View::Drills, "lists the drills of the journal");
    found.ok_or_else(|| Failure::new(FailureKind::Refused, "no_drill", message(), list()))
}

/// The drills of a journal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DrillList {
    /// The drills, newest first.
    pub drills: Vec<DrillSummary>,
    /// The journal read.
    pub journal: PathBuf,
}

/// One drill, in a line.
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
    /// What was under test.
    pub detectors: Vec<String>,
    /// How many variants were to be tried.
    pub variants: u64,
    /// How many faults were tried.
    pub tried: u64,
    /// How many of them each detector caught, in the order of the detectors.
    pub caught: Vec<u64>,
    /// Whether every table was what it was; null where the drill was cut off.
    pub exact: Option<bool>,
}

/// Lists the drills of the journal, newest first.
///
/// # Errors
/// What the journal says.
pub fn list_drills(context: &Context<'_>) -> Result<DrillList, Failure> {
    let journal = context.open_journal()?;
    let drills = ledger::read_drills(&journal, None)?.into_iter().rev().map(summarize_drill).collect();
    Ok(DrillList { drills, journal: context.journal.clone() })
}

fn summarize_drill(drill: JournaledDrill) -> DrillSummary {
    let detectors: Vec<String> = drill.begun.detectors.iter().map(|named| named.name.clone()).collect();
    let caught = |name: &String| {
        let looks = drill.trials.iter().flat_map(|trial| &trial.looks);
        looks.filter(|look| look.detector == *name && look.verdict == DetectionVerdict::Caught).count() as u64
    };
    DrillSummary {
        drill: drill.drill,
        at: crate::ops::log::render_timestamp(drill.at_us),
        actor: drill.actor,
        target: drill.begun.target,
        caught: detectors.iter().map(caught).collect(),
        detectors,
        variants: drill.begun.cases.len() as u64,
        tried: drill.trials.len() as u64,
        exact: drill.ended.map(|ended| ended.exact),
    }
}

/// Shows a drill as the journal has it: without times, and without a command's own words.
///
/// # Errors
/// As [`read_drill`].
pub fn show_drill(context: &Context<'_>, drill: u64) -> Result<Outcome, Failure> {
    let journal = context.open_journal()?;
    let drill = read_drill(&journal, drill)?;
    let trials: Vec<Trial> = drill.trials.iter().filter_map(|kept| rebuild_trial(&journal, kept)).collect();
    let untried: BTreeSet<(String, String)> = drill.ended.iter().flat_map(|ended| ended.untried.clone()).collect();
    let cases: Vec<DrillCase> = drill
        .begun
        .cases
        .iter()
        .filter_map(|(tool, variant)| {
            let fewer = untried.contains(&(tool.clone(), variant.clone())) || drill.ended.is_none();
            let case = find_case(tool, variant)?;
            let tried = trials.iter().filter(|trial| trial.tool == case.tool && trial.variant == case.variant).count();
            let short = fewer && (tried as u64) < drill.begun.sample;
            Some(DrillCase { untried: short.then(|| format!("{tried} of {} tried", drill.begun.sample)), ..case })
        })
        .collect();
    Ok(build_outcome(context, drill.drill, drill.begun, &cases, trials, drill.ended.as_ref()))
}

/// Returns a trial as the journal has it; its repair is told again from what its operation changed.
fn rebuild_trial(journal: &Journal, kept: &JournaledTrial) -> Option<Trial> {
    let case = find_case(&kept.tool, &kept.variant)?;
    let operation = journal.read_operation(kept.operation).ok()??;
    let repair = repair_of(journal, &operation)?;
    let keys = journal.read_chosen_keys(&operation).ok()?;
    let table = operation.keys.as_ref().map(|keys| keys.table.clone()).unwrap_or_default();
    let records = crate::domains::find_mode(case.tool)?.card().fault_records();
    let table = records.into_iter().find(|record| record.table.eq_ignore_ascii_case(&table))?.table;
    let look = |look: &JournaledLook| JudgedLook {
        detector: look.detector.clone(),
        verdict: look.verdict,
        signs: look.checks.clone(),
        beside: look.beside.clone(),
        why: look.why.clone(),
        kept_why: look.why.clone(),
        took_ms: None,
    };
    Some(Trial {
        trial: kept.trial,
        tool: case.tool,
        variant: case.variant,
        table,
        record: keys.first().and_then(|key| key.first()).map_or(Json::Null, crate::ops::cell::to_json),
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
    let read = journal.visit_changes(operation, &mut |change| {
        place = self::first_changed_column(&change);
        std::ops::ControlFlow::Break(())
    });
    read.ok()?;
    let place = place.as_ref().map(|(table, column)| (table.as_str(), column.as_str()));
    Some(crate::domains::of_mode(&operation.label.mode)?.assess_repair(
        &operation.label.mode,
        &operation.label.variant,
        place,
    ))
}

/// Returns the table, and the first column, that a change writes.
pub(super) fn first_changed_column(change: &mfm_journal::Change) -> Option<(String, String)> {
    let column = change.column_names().into_iter().next()?;
    Some((change.table.name.clone(), column.to_owned()))
}

/// What is read of a saved result.
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
    /// Says in what a drill to come is not the one that was saved.
    ///
    /// # Errors
    /// Usage: nothing of the two can be compared.
    pub fn list_differences(
        &self,
        target: &str,
        wanted: &DrillScope,
        detectors: &[String],
    ) -> Result<Vec<String>, Failure> {
        let facts = [
            ("target", target.to_owned(), self.target.clone()),
            ("seed", wanted.seed.to_string(), self.seed.to_string()),
            ("sample", wanted.sample.to_string(), self.sample.to_string()),
        ];
        let differs = facts.into_iter().filter(|(_, is, was)| is != was);
        let mut out: Vec<String> = differs.map(|(what, is, was)| format!("{what} {is}, was {was}")).collect();
        let own =
            |line: &MatrixLine| wanted.cases.iter().any(|case| (case.tool, case.variant) == line.tool_and_variant());
        let (shared, gone): (Vec<&MatrixLine>, Vec<&MatrixLine>) = self.matrix.lines.iter().partition(|line| own(line));
        let new = wanted.cases.len() - shared.len().min(wanted.cases.len());
        let more = |number: usize, what: &str| {
            (number > 0).then(|| format!("{} {what}", crate::ops::render_count(number as u64, "variant")))
        };
        out.extend(more(gone.len(), "tried then and not now"));
        out.extend(more(new, "tried now and not then"));
        let known = |name: &String| self.matrix.totals.iter().any(|total| total.cell.detector == *name);
        if shared.is_empty() || !detectors.iter().any(known) {
            let what = if shared.is_empty() { "variant" } else { "detector" };
            let message = format!("this drill and the earlier result have no {what} in common: nothing compares");
            let next = NextSteps::from("name the same modes and detectors, each as before");
            return Err(Failure::usage("drill", message, next.and(leave_out(Flag::Baseline).when("or"))));
        }
        Ok(out)
    }
}

/// The schema that a saved result begins with.
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

/// Compares a drill with the one that it replays, trial by trial: the fault by its plan's digest, then the verdicts.
#[must_use]
pub fn compare_replay(before: &JournaledDrill, now: &[Trial]) -> Vec<ChangedVerdict> {
    let mut out = Vec::new();
    for kept in &before.trials {
        let same =
            |trial: &&Trial| trial.trial == kept.trial && trial.tool == kept.tool && trial.variant == kept.variant;
        let what = match now.iter().find(same) {
            None => vec!["it was not tried again".to_owned()],
            Some(trial) if trial.plan_digest != kept.plan_digest => {
                vec![format!("another fault: plan {} was {}", trial.plan_digest, kept.plan_digest)]
            }
            Some(trial) => compare_verdicts(kept, trial),
        };
        let (tool, variant) = (&kept.tool, &kept.variant);
        let of = |what| ChangedVerdict { trial: kept.trial, tool: tool.clone(), variant: variant.clone(), what };
        out.extend(what.into_iter().map(of));
    }
    out
}

fn compare_verdicts(kept: &JournaledTrial, trial: &Trial) -> Vec<String> {
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
        DrillScope { cases, sample: 1, controls: 1, seed, now: jiff::civil::date(2024, 6, 29).at(12, 0, 0, 0) }
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
