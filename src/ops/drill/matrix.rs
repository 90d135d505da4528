//! What a drill found, counted: variant by detector, and each detector over all; pure, and knows no detector.

use std::collections::BTreeSet;

use mfm_journal::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::statistics::{Estimate, Share, short};
use crate::mosaiq::repair::Repair;

/// What a detector made of one look at the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It reported something new that the fault explains, or that cannot be told from it.
    Caught,
    /// It reported nothing new.
    Missed,
    /// It reported something new that is not the fault.
    FalseAlarm,
    /// It did not run to its end, or its words could not be read.
    CouldNotTell,
    /// It reported nothing new, and there was nothing to report: a control.
    Quiet,
}

impl Verdict {
    /// Returns the word that programs get.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Caught => "caught",
            Self::Missed => "missed",
            Self::FalseAlarm => "false_alarm",
            Self::CouldNotTell => "could_not_tell",
            Self::Quiet => "quiet",
        }
    }
}

/// One look of one detector, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Look {
    /// The detector's name.
    pub detector: String,
    /// The verdict.
    pub verdict: Verdict,
    /// What it reported that is new: check ids, test names, findings; the first ten.
    pub signs: Vec<String>,
    /// What else it reported that is new, of other rows: it comes and goes with the fault, and counts neither way.
    pub beside: Vec<String>,
    /// Why it could not tell.
    pub why: Option<String>,
    /// How long it took, by the wall clock, in milliseconds.
    pub took_ms: u64,
}

/// One fault, committed, looked at, and taken back.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trial {
    /// Its number in the drill, from 1.
    pub trial: u64,
    /// The tool.
    pub tool: &'static str,
    /// The variant.
    pub variant: &'static str,
    /// The record's table.
    pub table: &'static str,
    /// The record's id.
    pub record: Json,
    /// The operation that committed it.
    pub op: u64,
    /// The operation that took it back.
    pub reverted_by: u64,
    /// The digest of its plan.
    pub plan_digest: Digest,
    /// How many rows it changed.
    pub rows: u64,
    /// Whether every row it touched is as it was, by digest.
    pub exact: bool,
    /// Whether the original could have been restored without the journal.
    pub repair: Repair,
    /// What each detector made of it.
    pub looks: Vec<Look>,
    /// What detectors made of the target once it was taken back, where they looked.
    pub controls: Vec<Look>,
}

/// A variant that was to be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The tool.
    pub tool: &'static str,
    /// The mode's id.
    pub mode: &'static str,
    /// The variant.
    pub variant: &'static str,
    /// Its severity, as decimal text.
    pub severity: &'static str,
    /// Why it could not be tried as often as asked.
    pub untried: Option<String>,
}

/// How often each verdict was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// The detector.
    pub detector: String,
    /// Faults caught.
    pub caught: u64,
    /// Faults missed.
    pub missed: u64,
    /// Reports of something else, controls included.
    pub false_alarm: u64,
    /// Looks that told nothing.
    pub could_not_tell: u64,
    /// Caught, of the faults that it looked at and could tell.
    pub rate: Share,
    /// What it reported when it caught one; the first ten.
    pub seen_by: Vec<String>,
}

/// One variant: what each detector made of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The tool.
    pub tool: String,
    /// The mode's id.
    pub mode: String,
    /// The variant.
    pub variant: String,
    /// Its severity, as decimal text.
    pub severity: String,
    /// How many faults were committed.
    pub trials: u64,
    /// Why it could not be tried as often as asked.
    pub untried: Option<String>,
    /// One cell a detector.
    pub cells: Vec<Cell>,
}

/// One detector over all variants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Total {
    /// The counts.
    #[serde(flatten)]
    pub cell: Cell,
    /// The share caught, each fault counted by its severity; null where nothing could be told.
    pub weighted: Option<f64>,
    /// Alarms at controls, of the controls that could be told.
    pub alarms: Share,
    /// The median time to a catch, in milliseconds of wall clock; null where nothing was caught.
    pub detect_ms_median: Option<u64>,
    /// The longest time to a catch.
    pub detect_ms_max: Option<u64>,
}

/// Everything counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Matrix {
    /// One line a variant.
    pub lines: Vec<Line>,
    /// One line a detector.
    pub totals: Vec<Total>,
    /// What two detectors both missed; null where there are not two.
    pub pair: Option<Estimate>,
}

/// How many signs a cell keeps.
pub const SIGNS_MAX: usize = 10;

impl Matrix {
    /// Counts what was found.
    #[must_use]
    pub fn of(cases: &[Case], detectors: &[String], trials: &[Trial]) -> Self {
        let lines = cases.iter().map(|case| line(case, detectors, trials)).collect();
        let totals = detectors.iter().map(|name| total(name, cases, trials)).collect();
        let pair = (detectors.len() == 2).then(|| pair(trials));
        Self { lines, totals, pair }
    }

    /// Tells whether a detector caught every fault, raised no false alarm, and always could tell.
    #[must_use]
    pub fn flawless(&self, detector: &str) -> bool {
        let whole = |cell: &Cell| cell.missed + cell.false_alarm + cell.could_not_tell == 0;
        self.totals.iter().any(|total| total.cell.detector == detector && whole(&total.cell) && total.cell.caught > 0)
    }
}

fn line(case: &Case, detectors: &[String], trials: &[Trial]) -> Line {
    let own = |trial: &&Trial| trial.tool == case.tool && trial.variant == case.variant;
    let trials: Vec<&Trial> = trials.iter().filter(own).collect();
    Line {
        tool: case.tool.to_owned(),
        mode: case.mode.to_owned(),
        variant: case.variant.to_owned(),
        severity: case.severity.to_owned(),
        trials: trials.len() as u64,
        untried: case.untried.clone(),
        cells: detectors.iter().map(|name| cell(name, &trials)).collect(),
    }
}

/// Returns the looks of one detector.
fn of_detector<'l>(looks: &'l [Look], name: &str) -> Option<&'l Look> {
    looks.iter().find(|look| look.detector == name)
}

fn cell(name: &str, all: &[&Trial]) -> Cell {
    let trials: Vec<&Look> = all.iter().filter_map(|trial| of_detector(&trial.looks, name)).collect();
    let controls: Vec<&Look> = all.iter().filter_map(|trial| of_detector(&trial.controls, name)).collect();
    let count = |looks: &[&Look], verdict| looks.iter().filter(|look| look.verdict == verdict).count() as u64;
    let caught = count(&trials, Verdict::Caught);
    let missed = count(&trials, Verdict::Missed);
    let elsewhere = count(&trials, Verdict::FalseAlarm);
    let mut seen_by: Vec<String> = Vec::new();
    for sign in trials.iter().filter(|look| look.verdict == Verdict::Caught).flat_map(|look| &look.signs) {
        if seen_by.len() < SIGNS_MAX && !seen_by.contains(sign) {
            seen_by.push(sign.clone());
        }
    }
    Cell {
        detector: name.to_owned(),
        caught,
        missed,
        false_alarm: elsewhere + count(&controls, Verdict::FalseAlarm),
        could_not_tell: count(&trials, Verdict::CouldNotTell) + count(&controls, Verdict::CouldNotTell),
        rate: Share::of(caught, caught + missed + elsewhere),
        seen_by,
    }
}

fn total(name: &str, cases: &[Case], trials: &[Trial]) -> Total {
    let looks = || trials.iter().filter_map(|trial| of_detector(&trial.looks, name));
    let quiet = || trials.iter().filter_map(|trial| of_detector(&trial.controls, name));
    let alarms = quiet().filter(|look| look.verdict == Verdict::FalseAlarm).count() as u64;
    let told = quiet().filter(|look| look.verdict != Verdict::CouldNotTell).count() as u64;
    let mut times: Vec<u64> = looks().filter(|look| look.verdict == Verdict::Caught).map(|look| look.took_ms).collect();
    times.sort_unstable();
    Total {
        cell: cell(name, &trials.iter().collect::<Vec<_>>()),
        weighted: weighted(name, cases, trials),
        alarms: Share::of(alarms, told),
        detect_ms_median: times.get(times.len() / 2).copied(),
        detect_ms_max: times.last().copied(),
    }
}

fn weighted(name: &str, cases: &[Case], trials: &[Trial]) -> Option<f64> {
    let (mut caught, mut all) = (0.0, 0.0);
    for trial in trials {
        let look = of_detector(&trial.looks, name).filter(|look| look.verdict != Verdict::CouldNotTell);
        let Some(look) = look else { continue };
        let case = cases.iter().find(|case| case.tool == trial.tool && case.variant == trial.variant);
        let severity: f64 = case.and_then(|case| case.severity.parse().ok()).unwrap_or_default();
        all += severity;
        if look.verdict == Verdict::Caught {
            caught += severity;
        }
    }
    (all > 0.0).then(|| short(caught / all))
}

/// Counts the faults on which both detectors could tell.
fn pair(trials: &[Trial]) -> Estimate {
    let (mut both, mut first, mut second, mut neither) = (0, 0, 0, 0);
    for trial in trials {
        let [one, other] = trial.looks.as_slice() else { continue };
        if [one, other].iter().any(|look| look.verdict == Verdict::CouldNotTell) {
            continue;
        }
        *match (one.verdict == Verdict::Caught, other.verdict == Verdict::Caught) {
            (true, true) => &mut both,
            (true, false) => &mut first,
            (false, true) => &mut second,
            (false, false) => &mut neither,
        } += 1;
    }
    Estimate::of(both, first, second, neither)
}

/// Where a detector does worse than before.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Worse {
    /// The tool.
    pub tool: String,
    /// The variant.
    pub variant: String,
    /// The detector.
    pub detector: String,
    /// What got worse, with the counts of both drills.
    pub what: String,
}

impl Matrix {
    /// Compares with an earlier drill, cell by cell: a smaller share caught, a new false alarm, a look that told
    /// nothing, a variant that is tried no more.
    #[must_use]
    pub fn worse_than(&self, before: &Self) -> Vec<Worse> {
        let mut out = Vec::new();
        for old in &before.lines {
            let new = self.lines.iter().find(|line| (&line.tool, &line.variant) == (&old.tool, &old.variant));
            for was in &old.cells {
                let is = new.and_then(|line| line.cells.iter().find(|cell| cell.detector == was.detector));
                if let Some(what) = worse(was, is) {
                    let (tool, variant) = (old.tool.clone(), old.variant.clone());
                    out.push(Worse { tool, variant, detector: was.detector.clone(), what });
                }
            }
        }
        out
    }
}

fn worse(was: &Cell, is: Option<&Cell>) -> Option<String> {
    let Some(is) = is else {
        return (was.rate.of > 0).then(|| format!("tried no more; was {}", was.rate.text()));
    };
    // Exact, in integers: a/b < c/d.
    let fewer = u128::from(is.rate.hits) * u128::from(was.rate.of) < u128::from(was.rate.hits) * u128::from(is.rate.of);
    if fewer || (is.rate.of == 0 && was.rate.of > 0) {
        return Some(format!("caught {} of {}; was {} of {}", is.caught, is.rate.of, was.caught, was.rate.of));
    }
    if is.false_alarm > was.false_alarm {
        return Some(format!("{} false alarms; was {}", is.false_alarm, was.false_alarm));
    }
    let more = is.could_not_tell > was.could_not_tell;
    more.then(|| format!("{} looks told nothing; was {}", is.could_not_tell, was.could_not_tell))
}

/// Returns the first signs, each once; at most [`SIGNS_MAX`].
#[must_use]
pub fn first_signs<'s>(signs: impl IntoIterator<Item = &'s String>) -> Vec<String> {
    let mut known = BTreeSet::new();
    signs.into_iter().filter(|sign| known.insert(*sign)).take(SIGNS_MAX).cloned().collect()
}
