//! The checks of recordings: the scans that each needs, and how it judges the facts gathered from them.

mod contacts;
mod course;
mod energy;
mod episodes;
mod facts;
mod finite;
mod impulses;
mod intake;
mod pages;
mod passes;
mod references;
mod run;
mod solver;
mod states;
#[cfg(test)]
mod tests;
mod time;
mod usual;

use std::collections::BTreeSet;

use self::facts::{CellFacts, RecordingFacts, integer_key};
use self::passes::CheckScan;
use super::rules::Rules;
use crate::domain::check::{CheckCard, CheckRequest, CheckRun, CheckTable, CheckVerdict};
use crate::model::{Finding, Severity};

/// A check of recordings.
struct CheckDefinition {
    card: CheckCard,
    /// The scans without which it cannot run.
    needs: &'static [CheckScan],
    /// The scans that it uses if the recording has them.
    also: &'static [CheckScan],
    /// Judges one batch of frames; batches come in the order of the frames.
    judge: fn(&RecordingFacts, &Rules, &mut CheckReport),
    /// Reports, after the last batch, what only the whole recording shows.
    end: Option<fn(&RecordingFacts, &Rules, &mut CheckReport)>,
}

/// Every check, in the order of their groups.
static CHECKS: &[&CheckDefinition] = &[
    &energy::TOTAL,
    &energy::BODIES,
    &energy::CHAIN,
    &energy::KINETIC,
    &energy::POTENTIAL,
    &energy::FLAGS,
    &episodes::INJECTION,
    &finite::BLOW_UP,
    &impulses::CONE,
    &impulses::PULL,
    &impulses::DIRECTIONS,
    &contacts::PENETRATION,
    &contacts::SUPPORT,
    &impulses::BALANCE,
    &states::MOTION,
    &states::ORIENTATION,
    &states::COMPLETE,
    &finite::NUMBERS,
    &time::GAPS,
    &time::ORDER,
    &time::STEP,
    &time::CLOCK,
    &references::REFERENCES,
    &solver::CONVERGENCE,
    &solver::COUNTS,
];

/// The card of every check, in the order of `CHECKS`.
pub static CARDS: &[&CheckCard] = &[
    &energy::TOTAL.card,
    &energy::BODIES.card,
    &energy::CHAIN.card,
    &energy::KINETIC.card,
    &energy::POTENTIAL.card,
    &energy::FLAGS.card,
    &episodes::INJECTION.card,
    &finite::BLOW_UP.card,
    &impulses::CONE.card,
    &impulses::PULL.card,
    &impulses::DIRECTIONS.card,
    &contacts::PENETRATION.card,
    &contacts::SUPPORT.card,
    &impulses::BALANCE.card,
    &states::MOTION.card,
    &states::ORIENTATION.card,
    &states::COMPLETE.card,
    &finite::NUMBERS.card,
    &time::GAPS.card,
    &time::ORDER.card,
    &time::STEP.card,
    &time::CLOCK.card,
    &references::REFERENCES.card,
    &solver::CONVERGENCE.card,
    &solver::COUNTS.card,
];

fn find_checks(cards: &[&'static CheckCard]) -> Vec<&'static CheckDefinition> {
    cards.iter().filter_map(|card| CHECKS.iter().copied().find(|check| check.card.id == card.id)).collect()
}

/// Lists the tables that checks read, each once.
pub(super) fn list_tables(cards: &[&'static CheckCard]) -> Vec<CheckTable> {
    let mut tables: Vec<CheckTable> = Vec::new();
    let checks = find_checks(cards);
    let passes: BTreeSet<CheckScan> =
        checks.iter().flat_map(|check| check.needs.iter().chain(check.also)).copied().collect();
    for card in passes.into_iter().flat_map(CheckScan::tables) {
        if !tables.iter().any(|known| known.table == card.name) {
            // All columns, not only those that the scans read: a fault in any of them is shown beside its finding.
            let columns: Vec<&'static str> = card.columns.iter().map(|(name, _)| *name).collect();
            tables.push(CheckTable { table: card.name, shown: columns.clone(), columns, held: false });
        }
    }
    tables
}

/// Starts a run of the requested checks.
pub(super) fn start_run<'a>(request: &CheckRequest<'a>) -> Box<dyn CheckRun + 'a> {
    let rules = Rules::from_domain(request.params.rules.as_ref());
    Box::new(run::RecordingChecks::new(find_checks(request.checks), request.declared, rules))
}

/// The findings and remarks of a check so far, and what it carries from one batch of frames to the next.
struct CheckReport {
    check: &'static CheckDefinition,
    severity: Severity,
    looked_at: u64,
    findings: Vec<Finding>,
    remarks: Vec<String>,
    course: course::FrameHistory,
}

/// The row that a finding is about.
#[derive(Clone, Copy)]
struct FindingPlace<'p> {
    table: &'static str,
    row: i64,
    /// The frames that the finding concerns, as related rows.
    frames: &'p [i64],
}

impl CheckReport {
    fn new(check: &'static CheckDefinition, rules: &Rules) -> Self {
        let severity = rules.severity(check.card.id).unwrap_or(check.card.severity);
        let (findings, remarks, course) = (Vec::new(), Vec::new(), course::FrameHistory::default());
        Self { check, severity, looked_at: 0, findings, remarks, course }
    }

    /// Adds a finding: `what` is stable text for programs and baselines, `message` is for people.
    fn add_finding(&mut self, place: FindingPlace<'_>, what: String, message: String) {
        let frames = place.frames.iter().map(|frame| ("SimulationFrameRecord", integer_key(*frame)));
        let own = (place.table, integer_key(place.row));
        self.findings.push(Finding {
            check: self.check.card.id,
            severity: self.severity,
            table: place.table,
            key: integer_key(place.row),
            related: frames.filter(|frame| *frame != own).collect(),
            what,
            message,
        });
    }

    fn add_cell_finding(&mut self, cell: &CellFacts, message: String) {
        let frames: Vec<i64> = cell.frame.into_iter().collect();
        let place = FindingPlace { table: cell.table, row: cell.row, frames: &frames };
        self.add_finding(place, format!("{}={}", cell.column, cell.value), message);
    }

    fn into_verdict(mut self) -> CheckVerdict {
        // A check that saw no row has not passed.
        if self.looked_at == 0 {
            let because = self.remarks.first().map_or("the recording has no row of that kind", String::as_str);
            return CheckVerdict::NotRun { why: format!("there is nothing to check: {because}") };
        }
        // Findings come batch by batch and scan by scan; reports and baselines need one order.
        self.findings.sort_by(|a, b| (a.table, &a.key, &a.what).cmp(&(b.table, &b.key, &b.what)));
        CheckVerdict::Ran { looked_at: self.looked_at, findings: self.findings, remarks: self.remarks }
    }
}

/// Returns whether two numbers differ by more than a share of `size` and the rounding of zero.
fn is_beyond_tolerance(one: f64, other: f64, share: f64, size: f64) -> bool {
    // False for NaN: `non_finite` reports those.
    (one - other).abs() > share * size.abs() + 1e-12
}
