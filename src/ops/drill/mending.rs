//! What a drill says is to be mended: which check saw which faults, which saw none, which faults nothing saw, and each
//! trial that was missed.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value as Json;

use super::detector::{Detector, OWN};
use super::matrix::{DetectionVerdict, DrillCase, Trial};
use crate::domain::params::Size;

/// The checks of a detector, by name, as far as it tells them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckNames {
    /// The detector's name.
    pub detector: String,
    /// The names of all its checks; `None` where it does not tell.
    pub all: Option<Vec<String>>,
    /// The checks that found something on the untouched data.
    pub known: Vec<String>,
}

impl CheckNames {
    pub(super) fn of_detector(detector: &Detector) -> Self {
        let (all, known) = (detector.list_checks(), detector.list_known_checks());
        Self { detector: detector.name().to_owned(), all, known }
    }
}

/// What each check of a detector saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DetectorChecks {
    /// The detector's name.
    pub detector: String,
    /// The checks that saw a fault, the one that saw most first.
    pub saw: Vec<CheckCatches>,
    /// The checks that ran and saw no fault; null where the detector does not tell the names of its checks.
    pub saw_nothing: Option<Vec<String>>,
    /// The checks that found something on the untouched data: what they find of a fault may not be new.
    pub found_before: Vec<String>,
}

/// The faults that one check saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckCatches {
    /// The check's name.
    pub check: String,
    /// Number of faults that it saw.
    pub caught: u64,
    /// The same by variant.
    pub faults: Vec<FaultCatches>,
}

/// Number of faults of a variant that a check saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultCatches {
    /// The mode's tool name.
    pub tool: String,
    /// The variant.
    pub variant: String,
    /// Number of faults that the check saw.
    pub caught: u64,
    /// Number of faults tried.
    pub tried: u64,
}

/// A variant that no detector under test saw once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnseenFault {
    /// The mode's tool name.
    pub tool: String,
    /// The variant.
    pub variant: String,
    /// Its severity.
    pub severity: String,
    /// Number of faults tried.
    pub tried: u64,
    /// The ids of the checks of mfm that guard against it.
    pub guarded_by: Vec<String>,
}

/// A trial that a detector under test missed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MissedTrial {
    /// Its number in the drill.
    pub trial: u64,
    /// The mode's tool name.
    pub tool: String,
    /// The variant.
    pub variant: String,
    /// The size of the fault; null for a variant without sizes, or at its default.
    pub size: Option<Size>,
    /// The record's table.
    pub table: String,
    /// The record's id.
    pub record: Json,
    /// The operation that committed it.
    pub op: u64,
    /// The job that tried it, in whose journal the operation is; null where it is in the drill's own.
    pub job: Option<u64>,
    /// The detectors that missed it.
    pub missed_by: Vec<String>,
    /// The checks that had found something there already on the untouched data, and so could not find anything new.
    pub masked_by: Vec<String>,
}

/// Returns the names of the detectors under test: the commands if there are any, else mfm's own checks.
#[must_use]
pub fn list_under_test(detectors: &[String]) -> Vec<&str> {
    let has_command = detectors.iter().any(|name| name != OWN);
    detectors.iter().map(String::as_str).filter(|name| !has_command || *name != OWN).collect()
}

/// Counts what each check of a detector saw.
#[must_use]
pub fn count_checks(names: &CheckNames, trials: &[Trial]) -> DetectorChecks {
    let mut tried: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut caught: BTreeMap<&str, BTreeMap<(&str, &str), u64>> = BTreeMap::new();
    for trial in trials {
        let fault = (trial.tool, trial.variant);
        *tried.entry(fault).or_default() += 1;
        let own = trial.looks.iter().find(|look| look.detector == names.detector);
        for check in own.filter(|look| look.verdict == DetectionVerdict::Caught).iter().flat_map(|look| &look.checks) {
            *caught.entry(check).or_default().entry(fault).or_default() += 1;
        }
    }
    let silent = |check: &&String| !caught.contains_key(check.as_str());
    let saw_nothing = names.all.as_ref().map(|all| all.iter().filter(silent).cloned().collect());
    let mut saw: Vec<CheckCatches> = caught.iter().map(|(check, faults)| count_faults(check, faults, &tried)).collect();
    saw.sort_by_key(|check| std::cmp::Reverse(check.caught));
    DetectorChecks { detector: names.detector.clone(), saw, saw_nothing, found_before: names.known.clone() }
}

fn count_faults(
    check: &str,
    faults: &BTreeMap<(&str, &str), u64>,
    tried: &BTreeMap<(&str, &str), u64>,
) -> CheckCatches {
    let mut counted = Vec::new();
    for (fault, caught) in faults {
        counted.push(FaultCatches {
            tool: fault.0.to_owned(),
            variant: fault.1.to_owned(),
            caught: *caught,
            tried: tried.get(fault).copied().unwrap_or_default(),
        });
    }
    CheckCatches { check: check.to_owned(), caught: faults.values().sum(), faults: counted }
}

/// Lists the variants that no detector under test saw, of those on which one gave a verdict; the most severe first.
#[must_use]
pub fn list_unseen(cases: &[DrillCase], detectors: &[String], trials: &[Trial]) -> Vec<UnseenFault> {
    let under_test = list_under_test(detectors);
    let mut unseen: Vec<(&DrillCase, UnseenFault)> = Vec::new();
    let mut looked_at: BTreeSet<(&str, &str)> = BTreeSet::new();
    for case in cases.iter().filter(|case| looked_at.insert((case.tool, case.variant))) {
        let own: Vec<&Trial> =
            trials.iter().filter(|trial| (trial.tool, trial.variant) == (case.tool, case.variant)).collect();
        let looks = own.iter().flat_map(|trial| &trial.looks);
        let verdicts: Vec<DetectionVerdict> = looks
            .filter(|look| under_test.contains(&look.detector.as_str()))
            .map(|look| look.verdict)
            .filter(|verdict| *verdict != DetectionVerdict::CouldNotTell)
            .collect();
        if verdicts.is_empty() || verdicts.contains(&DetectionVerdict::Caught) {
            continue;
        }
        let checks = crate::domains::find_mode(case.tool).map_or(&[][..], |mode| mode.card().checks);
        let fault = UnseenFault {
            tool: case.tool.to_owned(),
            variant: case.variant.to_owned(),
            severity: case.severity.to_string(),
            tried: own.len() as u64,
            guarded_by: checks.iter().map(ToString::to_string).collect(),
        };
        unseen.push((case, fault));
    }
    unseen.sort_by_key(|(case, _)| std::cmp::Reverse(case.severity));
    unseen.into_iter().map(|(_, fault)| fault).collect()
}

/// Lists the trials that a detector under test missed, in order.
#[must_use]
pub fn list_missed(detectors: &[String], trials: &[Trial]) -> Vec<MissedTrial> {
    let under_test = list_under_test(detectors);
    let mut missed = Vec::new();
    for trial in trials {
        let looks = trial.looks.iter().filter(|look| under_test.contains(&look.detector.as_str()));
        let misses: Vec<_> = looks
            .filter(|look| [DetectionVerdict::Missed, DetectionVerdict::FalseAlarm].contains(&look.verdict))
            .collect();
        if misses.is_empty() {
            continue;
        }
        let masked_by: BTreeSet<&String> = misses.iter().flat_map(|look| &look.masked_by).collect();
        missed.push(MissedTrial {
            trial: trial.trial,
            tool: trial.tool.to_owned(),
            variant: trial.variant.to_owned(),
            size: trial.size,
            table: trial.table.to_owned(),
            record: trial.record.clone(),
            op: trial.op,
            job: trial.job,
            missed_by: misses.iter().map(|look| look.detector.clone()).collect(),
            masked_by: masked_by.into_iter().cloned().collect(),
        });
    }
    missed
}

/// The caveat on the figure of mfm's own checks.
pub const OWN_CAVEAT: &str = "mfm's own checks were built against these very faults: their figure does not carry over \
    to other kinds of fault, and cannot be compared with that of people";

/// Returns what has to be known before any figure of a drill is relied on.
#[must_use]
pub fn list_caveats(detectors: &[String]) -> Vec<&'static str> {
    let own = detectors.iter().any(|name| name == OWN).then_some(OWN_CAVEAT);
    own.into_iter().collect()
}
