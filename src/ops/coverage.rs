//! `mfm coverage`: which published failures can be made, and what sees them: mfm's checks, the newest drill, or nobody.

use std::collections::BTreeMap;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Card;
use super::context::Context;
use super::detect;
use super::drill::ledger::{self, JournaledDrill};
use super::drill::matrix::{DetectionVerdict, Trial};
use super::drill::mending::list_under_test;
use super::failure::Failure;
use crate::domain::Domain;
use crate::domain::coverage::{PublishedFailure, ReviewPoint};
use crate::domains;
use crate::model::next_step::{Flag, give};
use crate::model::ports::Danger;

/// The command's card.
pub const CARD: Card = Card {
    name: "coverage",
    danger: Danger::Read,
    about: "Show which published failures can be made, and what sees them",
};

/// Which list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// The domain whose list to show, by id [default: mosaiq]
    #[arg(long, value_name = "ID")]
    pub domain: Option<String>,
}

/// The list, with what sees each failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Where the list comes from, and what its numbers are.
    pub source: &'static str,
    /// The newest drill of the journal with these faults; null where there is none.
    pub drill: Option<u64>,
    /// The failures, in the order of the list.
    pub failures: Vec<FailureLine>,
    /// Faults that are no failure of the list.
    pub beside: Vec<BesideLine>,
}

/// A failure of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailureLine {
    /// Its number.
    pub number: &'static str,
    /// When a review should find it.
    pub review: ReviewPoint,
    /// What goes wrong.
    pub name: &'static str,
    /// What the database does not show of it; null where it shows all.
    pub outside: Option<&'static str>,
    /// The faults of this kind, as MODE:VARIANT.
    pub faults: Vec<String>,
    /// The checks of mfm that look for these faults.
    pub checks: Vec<&'static str>,
    /// How many of these faults the detectors of the newest drill caught; null where it tried none.
    pub drill: Option<DrillCount>,
    /// Who sees it.
    pub seen_by: SeenBy,
}

/// Faults of the newest drill that are of one failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DrillCount {
    /// Faults tried.
    pub tried: u64,
    /// Faults that at least one of the detectors under test caught.
    pub caught: u64,
}

/// Who sees a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SeenBy {
    /// mfm's checks, and every fault of the newest drill was caught.
    MfmAndDrill,
    /// mfm's checks; the newest drill tried none, or missed some.
    Mfm,
    /// Nobody, as no such fault can be made yet.
    Nobody,
    /// Nobody can, from the database.
    Outside,
}

impl SeenBy {
    /// Returns its words for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::MfmAndDrill => "mfm, your drill",
            Self::Mfm => "mfm",
            Self::Nobody => "nobody",
            Self::Outside => "outside",
        }
    }
}

/// A fault that is no failure of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BesideLine {
    /// The fault, as MODE:VARIANT.
    pub fault: String,
    /// Why it is none.
    pub why: &'static str,
}

/// Returns the list of a domain, with the newest drill of the journal if there is one.
///
/// # Errors
/// Usage: no such domain, or it has no list; a journal error.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let domain = match &request.domain {
        Some(id) => detect::resolve_domain(id)?,
        None => domains::FIRST,
    };
    // Without a journal the list is still worth reading.
    let drills =
        if context.journal.exists() { ledger::read_drills(&context.open_journal()?, None)? } else { Vec::new() };
    let newest =
        drills.iter().rev().find(|drill| drill.begun.cases.iter().any(|(tool, _)| domain.find_mode(tool).is_some()));
    of_domain(domain, newest)
}

/// Returns the list of a domain with the verdicts of a drill.
///
/// # Errors
/// Usage: the domain has no list.
pub fn of_domain(domain: &dyn Domain, drill: Option<&JournaledDrill>) -> Result<Outcome, Failure> {
    let Some(card) = domain.coverage() else {
        let message = format!("no published list of failures is known for {}", domain.card().title);
        return Err(Failure::usage("no_coverage", message, give(Flag::Domain, "chooses another one")));
    };
    let counts = count_faults(domain, drill);
    let beside = card.beside.iter().map(|(fault, why)| BesideLine { fault: join_fault(*fault), why });
    Ok(Outcome {
        source: card.source,
        drill: drill.map(|drill| drill.drill),
        failures: card.failures.iter().map(|failure| describe_failure(domain, failure, &counts)).collect(),
        beside: beside.collect(),
    })
}

fn join_fault((mode, variant): (&str, &str)) -> String {
    format!("{mode}:{variant}")
}

/// Counts the trials of a drill by mode and variant: a fault is caught where a detector under test caught it, which is
/// mfm's own checks where no command was.
fn count_faults(domain: &dyn Domain, drill: Option<&JournaledDrill>) -> BTreeMap<String, DrillCount> {
    let names = drill.iter().flat_map(|drill| &drill.begun.detectors).map(|named| named.name.clone());
    let names: Vec<String> = names.collect();
    let under_test = list_under_test(&names);
    let mut counts = BTreeMap::new();
    for trial in drill.iter().flat_map(|drill| &drill.trials) {
        let caught = trial.looks.iter().filter(|look| look.verdict == DetectionVerdict::Caught);
        let is_caught = caught.into_iter().any(|look| under_test.contains(&look.detector.as_str()));
        add_fault(domain, &mut counts, (&trial.tool, &trial.variant), is_caught);
    }
    counts
}

fn add_fault(
    domain: &dyn Domain,
    counts: &mut BTreeMap<String, DrillCount>,
    (tool, variant): (&str, &str),
    is_caught: bool,
) {
    let Some(mode) = domain.find_mode(tool) else { return };
    let count = counts.entry(join_fault((mode.card().id, variant))).or_default();
    count.tried += 1;
    count.caught += u64::from(is_caught);
}

/// Returns the published failures that faults of these trials are of, with how many the detectors under test caught;
/// nothing where the domain has no list.
#[must_use]
pub fn list_tried_failures(detectors: &[String], trials: &[Trial]) -> Vec<FailureLine> {
    let Some(domain) = trials.first().and_then(|trial| domains::of_mode(trial.tool)) else { return Vec::new() };
    let Some(card) = domain.coverage() else { return Vec::new() };
    let under_test = list_under_test(detectors);
    let mut counts = BTreeMap::new();
    for trial in trials {
        let caught = trial.looks.iter().filter(|look| look.verdict == DetectionVerdict::Caught);
        let is_caught = caught.into_iter().any(|look| under_test.contains(&look.detector.as_str()));
        add_fault(domain, &mut counts, (trial.tool, trial.variant), is_caught);
    }
    let lines = card.failures.iter().map(|failure| describe_failure(domain, failure, &counts));
    lines.filter(|line| line.drill.is_some()).collect()
}

fn describe_failure(
    domain: &dyn Domain,
    failure: &PublishedFailure,
    counts: &BTreeMap<String, DrillCount>,
) -> FailureLine {
    let faults: Vec<String> = failure.faults.iter().map(|fault| join_fault(*fault)).collect();
    let mut drill: Option<DrillCount> = None;
    for count in faults.iter().filter_map(|fault| counts.get(fault)) {
        let sum = drill.get_or_insert_default();
        sum.tried += count.tried;
        sum.caught += count.caught;
    }
    let checks = looking_checks(domain, failure);
    FailureLine {
        number: failure.number,
        review: failure.review,
        name: failure.name,
        outside: Some(failure.outside).filter(|why| !why.is_empty()),
        seen_by: match (checks.is_empty(), drill) {
            (false, Some(count)) if count.caught == count.tried => SeenBy::MfmAndDrill,
            (false, _) => SeenBy::Mfm,
            (true, _) if failure.outside.is_empty() => SeenBy::Nobody,
            (true, _) => SeenBy::Outside,
        },
        faults,
        checks,
        drill,
    }
}

/// Returns the checks of the modes whose faults are of a failure, each once, in the order of the checks.
fn looking_checks(domain: &dyn Domain, failure: &PublishedFailure) -> Vec<&'static str> {
    let modes = failure.faults.iter().filter_map(|(mode, _)| domain.find_mode(mode));
    let named: Vec<&str> = modes.flat_map(|mode| mode.card().checks).copied().collect();
    domain.checks().iter().map(|card| card.id).filter(|id| named.contains(id)).collect()
}

#[cfg(test)]
mod tests {
    use mfm_journal::Digest;

    use super::*;
    use crate::domain::repair::RepairExtent;
    use crate::ops::drill::detector::OWN;
    use crate::ops::drill::ledger::{DrillBegun, JournaledLook, JournaledTrial, NamedDetector};

    fn build_trial(tool: &str, variant: &str, verdict: DetectionVerdict) -> JournaledTrial {
        let (checks, beside) = (Vec::new(), Vec::new());
        JournaledTrial {
            drill: 3,
            trial: 1,
            tool: tool.into(),
            variant: variant.into(),
            size: None,
            job: None,
            operation: 1,
            reverted_by: 2,
            plan_digest: Digest::sha256(b"plan"),
            rows: 1,
            exact: true,
            repairable: RepairExtent::Not,
            looks: vec![JournaledLook {
                detector: "own".into(),
                verdict,
                checks,
                beside,
                masked_by: Vec::new(),
                why: None,
            }],
            controls: Vec::new(),
        }
    }

    fn build_drill(trials: Vec<JournaledTrial>) -> JournaledDrill {
        let begun = DrillBegun {
            target: "lab".into(),
            identity: Digest::sha256(b"lab"),
            cases: Vec::new(),
            jobs: None,
            parent: None,
            sizes: Vec::new(),
            records: None,
            sample: 1,
            controls: 0,
            seed: 1,
            now: String::new(),
            detectors: vec![NamedDetector { name: "own".into(), digest: Digest::sha256(b"own"), known: 0 }],
        };
        JournaledDrill { drill: 3, at_us: 0, actor: "tester".into(), begun, trials, ended: None }
    }

    #[test]
    fn a_drill_counts_where_its_faults_belong() {
        let domain = domains::FIRST;
        let plain = of_domain(domain, None).unwrap();
        assert!(plain.failures.iter().all(|line| line.drill.is_none() && line.seen_by != SeenBy::MfmAndDrill));
        // Any failure with a fault will do: its tool is tried once with success, then once without.
        let line = plain.failures.iter().find(|line| !line.faults.is_empty()).unwrap();
        let (mode, variant) = line.faults[0].split_once(':').unwrap();
        let tool = domain.find_mode(mode).unwrap().card().tool;
        let mut trials = vec![build_trial(tool, variant, DetectionVerdict::Caught)];
        for (caught, tried, seen_by) in [(1, 1, SeenBy::MfmAndDrill), (1, 2, SeenBy::Mfm)] {
            let outcome = of_domain(domain, Some(&build_drill(trials.clone()))).unwrap();
            let found = outcome.failures.iter().find(|found| found.number == line.number).unwrap();
            assert_eq!((found.drill, found.seen_by), (Some(DrillCount { tried, caught }), seen_by));
            trials.push(build_trial(tool, variant, DetectionVerdict::Missed));
        }
        // Beside a command, what mfm's own checks caught is not what the user's caught.
        let mut own = build_drill(vec![build_trial(tool, variant, DetectionVerdict::Caught)]);
        own.begun.detectors.push(NamedDetector { name: OWN.into(), digest: Digest::sha256(b"mfm"), known: 0 });
        OWN.clone_into(&mut own.trials[0].looks[0].detector);
        let outcome = of_domain(domain, Some(&own)).unwrap();
        let found = outcome.failures.iter().find(|found| found.number == line.number).unwrap();
        assert_eq!((found.drill, found.seen_by), (Some(DrillCount { tried: 1, caught: 0 }), SeenBy::Mfm));
        let unlisted = domains::all().iter().find(|domain| domain.coverage().is_none()).unwrap();
        assert_eq!(of_domain(*unlisted, None).unwrap_err().code, "no_coverage");
    }
}
