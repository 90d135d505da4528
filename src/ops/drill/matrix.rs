//! The counts of a drill: by variant and detector, and for each detector over all variants; pure.

use std::collections::BTreeSet;

use mfm_journal::{Digest, FaultLabel};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::statistics::clusters::{ClusterCounts, Estimate, estimate_new_variant, estimate_this_mix};
use super::statistics::{Share, round_to_four_decimals};
use crate::domain::params::Size;
use crate::domain::repair::Repair;
use crate::model::FaultSeverity;

/// The verdict on one run of a detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DetectionVerdict {
    /// It reported something new that the fault explains, or that cannot be distinguished from it.
    Caught,
    /// It reported nothing new.
    Missed,
    /// It reported something new that is not the fault.
    FalseAlarm,
    /// It did not run to its end, or its answer could not be read.
    CouldNotTell,
    /// A control: it reported nothing new, and there was nothing to report.
    Quiet,
}

impl DetectionVerdict {
    /// Returns the word used in JSON.
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

/// One run of one detector, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JudgedLook {
    /// The detector's name.
    pub detector: String,
    /// The verdict.
    pub verdict: DetectionVerdict,
    /// What it newly reported: check ids, test names or findings; the first ten.
    pub signs: Vec<String>,
    /// The checks of its own whose findings or tests it newly reported, by name.
    pub checks: Vec<String>,
    /// The checks of its own that had found something here already on the untouched data, so that what they find of
    /// this fault is not new.
    pub masked_by: Vec<String>,
    /// What it newly reported on other rows than the fault's; it comes and goes with the fault, and does not count.
    pub beside: Vec<String>,
    /// Why there is no verdict.
    pub why: Option<String>,
    /// The part of `why` in mfm's own words, which alone is journaled.
    #[serde(skip)]
    pub kept_why: Option<String>,
    /// Duration by the wall clock, milliseconds; null where the run was read from the journal.
    pub took_ms: Option<u64>,
}

/// One fault that was committed, examined and reverted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trial {
    /// Its number in the drill, from 1.
    pub trial: u64,
    /// The mode's tool name.
    pub tool: &'static str,
    /// The variant.
    pub variant: &'static str,
    /// The size of the fault; null for a variant without sizes, or at its default.
    pub size: Option<Size>,
    /// The record's table.
    pub table: &'static str,
    /// The record's id.
    pub record: Json,
    /// The operation that committed the fault.
    pub op: u64,
    /// The operation that reverted it.
    pub reverted_by: u64,
    /// The job that tried it, in whose journal its operations are; null where they are in the drill's own.
    pub job: Option<u64>,
    /// The digest of its plan.
    pub plan_digest: Digest,
    /// Number of rows that it changed.
    pub rows: u64,
    /// Whether every touched row was restored, by digest.
    pub exact: bool,
    /// Whether the original could have been restored without the journal.
    pub repair: Repair,
    /// The verdict of each detector on the fault.
    pub looks: Vec<JudgedLook>,
    /// The verdicts after the revert, of the detectors that ran again.
    pub controls: Vec<JudgedLook>,
}

/// A variant to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrillCase {
    /// The mode's tool name.
    pub tool: &'static str,
    /// The mode's id.
    pub mode: &'static str,
    /// The variant.
    pub variant: &'static str,
    /// The size to try; `None` for the default, or a variant without sizes.
    pub size: Option<Size>,
    /// Its severity.
    pub severity: FaultSeverity,
    /// Why it could not be tried as often as asked.
    pub untried: Option<String>,
}

/// The counts of one detector, for one variant or for all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MatrixCell {
    /// The detector's name.
    pub detector: String,
    /// Faults caught.
    pub caught: u64,
    /// Faults missed.
    pub missed: u64,
    /// Faults at which it reported something else.
    pub false_alarm: u64,
    /// Faults without a verdict; with the three above, all faults that it examined.
    pub could_not_tell: u64,
    /// Runs on the data after a revert; results of the first release count them in the two fields above.
    #[serde(default)]
    pub controls: ControlCounts,
    /// Why runs gave no verdict, controls included; the first ten.
    #[serde(default)]
    pub reasons: Vec<UntoldReason>,
    /// The share caught of the faults with a verdict.
    pub rate: Share,
    /// What it reported when it caught a fault; the first ten.
    pub seen_by: Vec<String>,
}

/// The counts of a detector's runs on the data after a revert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlCounts {
    /// Number of runs.
    pub looks: u64,
    /// Runs with an alarm, which is always false.
    pub false_alarm: u64,
    /// Runs without a verdict.
    pub could_not_tell: u64,
}

/// Why runs gave no verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UntoldReason {
    /// The reason.
    pub why: String,
    /// Number of runs with this reason.
    pub looks: u64,
}

impl DrillCase {
    /// Returns whether a trial is one of this case.
    #[must_use]
    pub fn has_trial(&self, trial: &Trial) -> bool {
        trial.tool == self.tool && trial.variant == self.variant && trial.size == self.size
    }
}

impl MatrixLine {
    /// Returns tool and variant.
    #[must_use]
    pub fn tool_and_variant(&self) -> (&str, &str) {
        (&self.label.tool, &self.label.variant)
    }

    /// Returns tool, variant and size, which identify the line.
    #[must_use]
    pub fn case(&self) -> (&str, &str, Option<Size>) {
        (&self.label.tool, &self.label.variant, self.size)
    }

    /// Returns the variant with its size, if it has one: `jaw_shift at 2.5`.
    #[must_use]
    pub fn variant_and_size(&self) -> String {
        let variant = &self.label.variant;
        self.size.map_or_else(|| variant.clone(), |size| format!("{variant} at {size}"))
    }
}

impl MatrixCell {
    /// Returns the number of false alarms, at faults and at controls.
    #[must_use]
    pub const fn false_alarms(&self) -> u64 {
        self.false_alarm + self.controls.false_alarm
    }

    /// Returns the number of runs without a verdict, at faults and at controls.
    #[must_use]
    pub const fn untold_looks(&self) -> u64 {
        self.could_not_tell + self.controls.could_not_tell
    }

    /// Returns whether it missed nothing, raised no false alarm, and always gave a verdict.
    #[must_use]
    pub const fn is_flawless(&self) -> bool {
        self.missed + self.false_alarms() + self.untold_looks() == 0
    }
}

/// The counts of one variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MatrixLine {
    /// The fault's tool, mode, variant and severity.
    #[serde(flatten, serialize_with = "crate::ops::severity::of_label")]
    pub label: FaultLabel,
    /// The size of its faults; absent for a variant without sizes, or at its default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// Number of faults committed.
    pub trials: u64,
    /// Why it could not be tried as often as requested.
    pub untried: Option<String>,
    /// One cell per detector.
    pub cells: Vec<MatrixCell>,
}

/// The counts of one detector over all variants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DetectorTotal {
    /// The counts.
    #[serde(flatten)]
    pub cell: MatrixCell,
    /// The share caught for this mix of variants: on other records of the same variants.
    #[serde(default)]
    pub this_mix: Estimate,
    /// The share that would be caught of a variant that was not tried; each variant tried counts once.
    #[serde(default)]
    pub new_variant: Estimate,
    /// The share caught, 0 to 1, each fault weighted by its severity; null where there is no verdict.
    pub weighted: Option<f64>,
    /// The share of controls with an alarm, of those with a verdict.
    pub alarms: Share,
    /// The median time to a catch, milliseconds by the wall clock; null where nothing was caught.
    pub detect_ms_median: Option<u64>,
    /// The longest time to a catch, milliseconds by the wall clock.
    pub detect_ms_max: Option<u64>,
}

/// All counts of a drill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Matrix {
    /// One line per variant.
    pub lines: Vec<MatrixLine>,
    /// One line per detector.
    pub totals: Vec<DetectorTotal>,
    /// Which of two detectors caught each fault; null unless there are exactly two.
    pub pair: Option<PairCounts>,
}

/// The faults on which both of two detectors gave a verdict, by which of them caught each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairCounts {
    /// Caught by both.
    pub both: u64,
    /// Caught by the first alone.
    pub first_only: u64,
    /// Caught by the second alone.
    pub second_only: u64,
    /// Caught by neither.
    pub neither: u64,
}

/// Maximum number of signs, and of reasons, that a cell holds.
pub const SIGNS_MAX: usize = 10;

impl Matrix {
    /// Counts the verdicts of trials, by case and detector.
    #[must_use]
    pub fn from_trials(cases: &[DrillCase], detectors: &[String], trials: &[Trial]) -> Self {
        let lines = cases.iter().map(|case| build_line(case, detectors, trials)).collect();
        let totals = detectors.iter().map(|name| build_total(name, cases, trials)).collect();
        let pair = (detectors.len() == 2).then(|| count_pair(trials));
        Self { lines, totals, pair }
    }

    /// Returns whether a detector caught every fault, raised no false alarm, and always gave a verdict.
    #[must_use]
    pub fn is_flawless(&self, detector: &str) -> bool {
        let own = self.totals.iter().find(|total| total.cell.detector == detector);
        own.is_some_and(|total| total.cell.is_flawless() && total.cell.caught > 0)
    }
}

fn build_line(case: &DrillCase, detectors: &[String], trials: &[Trial]) -> MatrixLine {
    let trials: Vec<&Trial> = trials.iter().filter(|trial| case.has_trial(trial)).collect();
    MatrixLine {
        label: FaultLabel {
            tool: case.tool.to_owned(),
            mode: case.mode.to_owned(),
            variant: case.variant.to_owned(),
            severity: case.severity.to_string(),
        },
        size: case.size,
        trials: trials.len() as u64,
        untried: case.untried.clone(),
        cells: detectors.iter().map(|name| build_cell(name, &trials)).collect(),
    }
}

/// Returns the run of one detector; `None` where it did not run.
fn find_detector<'l>(looks: &'l [JudgedLook], name: &str) -> Option<&'l JudgedLook> {
    looks.iter().find(|look| look.detector == name)
}

fn build_cell(name: &str, all: &[&Trial]) -> MatrixCell {
    let trials: Vec<&JudgedLook> = all.iter().filter_map(|trial| find_detector(&trial.looks, name)).collect();
    let controls: Vec<&JudgedLook> = all.iter().filter_map(|trial| find_detector(&trial.controls, name)).collect();
    let count = |looks: &[&JudgedLook], verdict| looks.iter().filter(|look| look.verdict == verdict).count() as u64;
    let caught = count(&trials, DetectionVerdict::Caught);
    let missed = count(&trials, DetectionVerdict::Missed);
    let false_alarm = count(&trials, DetectionVerdict::FalseAlarm);
    let mut seen_by: Vec<String> = Vec::new();
    for sign in trials.iter().filter(|look| look.verdict == DetectionVerdict::Caught).flat_map(|look| &look.signs) {
        // In order of first occurrence, so that the list is the same for the same trials.
        if seen_by.len() < SIGNS_MAX && !seen_by.contains(sign) {
            seen_by.push(sign.clone());
        }
    }
    MatrixCell {
        detector: name.to_owned(),
        caught,
        missed,
        false_alarm,
        could_not_tell: count(&trials, DetectionVerdict::CouldNotTell),
        controls: ControlCounts {
            looks: controls.len() as u64,
            false_alarm: count(&controls, DetectionVerdict::FalseAlarm),
            could_not_tell: count(&controls, DetectionVerdict::CouldNotTell),
        },
        reasons: count_reasons(trials.iter().chain(&controls)),
        rate: Share::from_counts(caught, caught + missed + false_alarm),
        seen_by,
    }
}

/// Counts the reasons, in the order of their first occurrence.
fn count_reasons<'l>(looks: impl Iterator<Item = &'l &'l JudgedLook>) -> Vec<UntoldReason> {
    let mut out: Vec<UntoldReason> = Vec::new();
    for why in looks.filter_map(|look| look.why.as_ref()) {
        if let Some(known) = out.iter_mut().find(|known| known.why == *why) {
            // Counted even when the list is full: the limit is one of reasons, not of runs.
            known.looks += 1;
        } else if out.len() < SIGNS_MAX {
            out.push(UntoldReason { why: why.clone(), looks: 1 });
        }
    }
    out
}

fn build_total(name: &str, cases: &[DrillCase], trials: &[Trial]) -> DetectorTotal {
    let looks = trials.iter().filter_map(|trial| find_detector(&trial.looks, name));
    let caught = looks.filter(|look| look.verdict == DetectionVerdict::Caught);
    let mut times: Vec<u64> = caught.filter_map(|look| look.took_ms).collect();
    times.sort_unstable();
    let cell = build_cell(name, &trials.iter().collect::<Vec<_>>());
    let ControlCounts { looks: controls, false_alarm, could_not_tell } = cell.controls;
    let clusters = count_clusters(name, cases, trials);
    DetectorTotal {
        cell,
        this_mix: estimate_this_mix(&clusters),
        new_variant: estimate_new_variant(&clusters),
        weighted: weigh_caught(name, cases, trials),
        // Cannot be negative: a control without a verdict is one of the controls.
        alarms: Share::from_counts(false_alarm, controls - could_not_tell),
        // Of an even number of times, the upper of the two in the middle.
        detect_ms_median: times.get(times.len() / 2).copied(),
        detect_ms_max: times.last().copied(),
    }
}

/// Counts the faults of each variant that a detector caught, of those with a verdict.
fn count_clusters(name: &str, cases: &[DrillCase], trials: &[Trial]) -> Vec<ClusterCounts> {
    let mut clusters = Vec::with_capacity(cases.len());
    for case in cases {
        let trials: Vec<&Trial> = trials.iter().filter(|trial| case.has_trial(trial)).collect();
        let rate = build_cell(name, &trials).rate;
        clusters.push(ClusterCounts { hits: rate.hits, of: rate.of });
    }
    clusters
}

fn weigh_caught(name: &str, cases: &[DrillCase], trials: &[Trial]) -> Option<f64> {
    let (mut caught, mut all) = (0.0, 0.0);
    for trial in trials {
        // Without a verdict, a fault counts neither as caught nor as missed.
        let look = find_detector(&trial.looks, name).filter(|look| look.verdict != DetectionVerdict::CouldNotTell);
        let Some(look) = look else { continue };
        let case = cases.iter().find(|case| case.has_trial(trial));
        let severity = case.map_or(0.0, |case| case.severity.level());
        all += severity;
        if look.verdict == DetectionVerdict::Caught {
            caught += severity;
        }
    }
    (all > 0.0).then(|| round_to_four_decimals(caught / all))
}

/// Counts the faults on which both detectors gave a verdict.
fn count_pair(trials: &[Trial]) -> PairCounts {
    let mut pair = PairCounts::default();
    for trial in trials {
        let [one, other] = trial.looks.as_slice() else { continue };
        if [one, other].iter().any(|look| look.verdict == DetectionVerdict::CouldNotTell) {
            continue;
        }
        *match (one.verdict == DetectionVerdict::Caught, other.verdict == DetectionVerdict::Caught) {
            (true, true) => &mut pair.both,
            (true, false) => &mut pair.first_only,
            (false, true) => &mut pair.second_only,
            (false, false) => &mut pair.neither,
        } += 1;
    }
    pair
}

/// A case on which a detector does worse than in an earlier drill.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Regression {
    /// The mode's tool name.
    pub tool: String,
    /// The variant.
    pub variant: String,
    /// The detector's name.
    pub detector: String,
    /// What got worse, with the counts of both drills.
    pub what: String,
}

impl Matrix {
    /// Returns where this drill is worse than an earlier one.
    ///
    /// Worse is a smaller share caught, more false alarms, more runs without a verdict, or a case that is not tried any
    /// more. A case that the earlier drill did not try is worse if it is not flawless.
    #[must_use]
    pub fn worse_than(&self, before: &Self) -> Vec<Regression> {
        let mut out = Vec::new();
        for old in &before.lines {
            let new = self.lines.iter().find(|line| line.case() == old.case());
            for was in &old.cells {
                let is = new.and_then(|line| line.cells.iter().find(|cell| cell.detector == was.detector));
                if let Some(what) = compare_cells(was, is) {
                    let (tool, variant) = (old.label.tool.clone(), old.variant_and_size());
                    out.push(Regression { tool, variant, detector: was.detector.clone(), what });
                }
            }
        }
        for line in &self.lines {
            for cell in line.cells.iter().filter(|cell| !cell.is_flawless()) {
                // Cells that both drills have were compared above.
                if before.find_cell(line.case(), &cell.detector).is_some() {
                    continue;
                }
                let what = format!("{}; not tried before", render_shortfall(cell));
                let (tool, variant) = (line.label.tool.clone(), line.variant_and_size());
                out.push(Regression { tool, variant, detector: cell.detector.clone(), what });
            }
        }
        out
    }

    /// Returns the cell of a variant and a detector.
    #[must_use]
    pub fn find_cell(&self, case: (&str, &str, Option<Size>), detector: &str) -> Option<&MatrixCell> {
        let line = self.lines.iter().find(|line| line.case() == case)?;
        line.cells.iter().find(|cell| cell.detector == detector)
    }
}

fn render_shortfall(cell: &MatrixCell) -> String {
    let (rate, alarms, untold) = (cell.rate, cell.false_alarms(), cell.untold_looks());
    format!("caught {} of {}, {alarms} false alarms, {untold} inconclusive", rate.hits, rate.of)
}

fn compare_cells(was: &MatrixCell, is: Option<&MatrixCell>) -> Option<String> {
    let Some(is) = is else {
        return (was.rate.of > 0).then(|| format!("no longer tried; was {}", was.rate.render_counts()));
    };
    // a/b < c/d by cross multiplication, exact in integers: rounded shares could hide a difference.
    let fewer = u128::from(is.rate.hits) * u128::from(was.rate.of) < u128::from(was.rate.hits) * u128::from(is.rate.of);
    // Without any verdict both products are 0, so that case is asked for by itself.
    if fewer || (is.rate.of == 0 && was.rate.of > 0) {
        return Some(format!("caught {} of {}; was {} of {}", is.caught, is.rate.of, was.caught, was.rate.of));
    }
    if is.false_alarms() > was.false_alarms() {
        return Some(format!("{} false alarms; was {}", is.false_alarms(), was.false_alarms()));
    }
    (is.untold_looks() > was.untold_looks())
        .then(|| format!("{} inconclusive; was {}", is.untold_looks(), was.untold_looks()))
}

/// Returns the first signs, each once; at most [`SIGNS_MAX`].
#[must_use]
pub fn first_signs<'s>(signs: impl IntoIterator<Item = &'s String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    signs.into_iter().filter(|sign| seen.insert(*sign)).take(SIGNS_MAX).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(verdict: DetectionVerdict, why: Option<&str>) -> JudgedLook {
        let why = why.map(str::to_owned);
        JudgedLook {
            detector: "qa".into(),
            verdict,
            signs: Vec::new(),
            checks: Vec::new(),
            masked_by: Vec::new(),
            beside: Vec::new(),
            kept_why: why.clone(),
            why,
            took_ms: Some(1),
        }
    }

    fn trial(at_fault: JudgedLook, at_control: JudgedLook) -> Trial {
        Trial {
            trial: 1,
            tool: "tool",
            variant: "variant",
            size: None,
            table: "TxField",
            record: Json::Null,
            op: 1,
            reverted_by: 2,
            job: None,
            plan_digest: Digest::sha256(b"plan"),
            rows: 1,
            exact: true,
            repair: crate::domains::FIRST.assess_repair("mode", "variant", None),
            looks: vec![at_fault],
            controls: vec![at_control],
        }
    }

    fn matrix(trials: &[Trial]) -> Matrix {
        let severity = FaultSeverity::tenths::<10>();
        let case = DrillCase { tool: "tool", mode: "mode", variant: "variant", size: None, severity, untried: None };
        Matrix::from_trials(&[case], &["qa".to_owned()], trials)
    }

    #[test]
    fn faults_and_controls_are_counted_apart_and_add_up() {
        let late = Some("it ran for more than 1 s");
        let all = matrix(&[
            trial(look(DetectionVerdict::CouldNotTell, late), look(DetectionVerdict::CouldNotTell, late)),
            trial(look(DetectionVerdict::Caught, None), look(DetectionVerdict::FalseAlarm, None)),
        ]);
        let cell = &all.lines[0].cells[0];
        assert_eq!([cell.caught, cell.missed, cell.false_alarm, cell.could_not_tell], [1, 0, 0, 1], "2 faults");
        assert_eq!(cell.controls, ControlCounts { looks: 2, false_alarm: 1, could_not_tell: 1 });
        assert_eq!(cell.reasons, [UntoldReason { why: "it ran for more than 1 s".into(), looks: 2 }]);
        assert!(!cell.is_flawless() && !all.is_flawless("qa"));
    }

    #[test]
    fn what_an_earlier_drill_missed_is_not_worse_and_what_it_never_tried_is() {
        let missed = matrix(&[trial(look(DetectionVerdict::Missed, None), look(DetectionVerdict::Quiet, None))]);
        assert_eq!(missed.worse_than(&missed), []);
        let nothing = Matrix { lines: Vec::new(), totals: Vec::new(), pair: None };
        let worse = missed.worse_than(&nothing);
        assert!(worse[0].what.contains("caught 0 of 1") && worse[0].what.ends_with("not tried before"), "{worse:?}");
        let fine = matrix(&[trial(look(DetectionVerdict::Caught, None), look(DetectionVerdict::Quiet, None))]);
        assert_eq!((fine.worse_than(&nothing), missed.worse_than(&fine).len()), (Vec::new(), 1));
    }
}
