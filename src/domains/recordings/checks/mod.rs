//! The checks of recordings: what each looks for, what it needs read, and how it judges what was read.

mod contacts;
mod course;
mod energy;
mod episodes;
mod facts;
mod finite;
mod impulses;
mod pages;
mod passes;
mod references;
mod run;
mod solver;
mod states;
mod take;
#[cfg(test)]
mod tests;
mod time;
mod usual;

use std::collections::BTreeSet;

use self::facts::{CellFacts, RecordingFacts, key};
use self::passes::Pass;
use super::rules::Rules;
use crate::domain::check::{CheckCard, CheckRequest, CheckRun, CheckTable, Verdict};
use crate::model::{Finding, Severity};

/// A check.
struct Check {
    card: CheckCard,
    /// The scans without which it cannot run.
    needs: &'static [Pass],
    /// The scans that it looks at where it can.
    also: &'static [Pass],
    /// Judges the frames that are to be judged, some at a time, in their order.
    judge: fn(&RecordingFacts, &Rules, &mut Judged),
    /// Says at last what only the whole recording tells.
    end: Option<fn(&RecordingFacts, &Rules, &mut Judged)>,
}

/// Every check, in the order of their groups.
static CHECKS: &[&Check] = &[
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

/// What each check is.
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

fn of_cards(cards: &[&'static CheckCard]) -> Vec<&'static Check> {
    let find = |card: &&CheckCard| CHECKS.iter().copied().find(|check| check.card.id == card.id);
    cards.iter().filter_map(find).collect()
}

/// Returns what some checks read.
pub(super) fn tables(cards: &[&'static CheckCard]) -> Vec<CheckTable> {
    let mut tables: Vec<CheckTable> = Vec::new();
    let checks = of_cards(cards);
    let passes: BTreeSet<Pass> =
        checks.iter().flat_map(|check| check.needs.iter().chain(check.also)).copied().collect();
    for card in passes.into_iter().flat_map(Pass::tables) {
        if !tables.iter().any(|known| known.table == card.name) {
            let columns: Vec<&'static str> = card.columns.iter().map(|(name, _)| *name).collect();
            tables.push(CheckTable { table: card.name, shown: columns.clone(), columns, held: false });
        }
    }
    tables
}

/// Begins some checks.
pub(super) fn run<'a>(request: &CheckRequest<'a>) -> Box<dyn CheckRun + 'a> {
    let rules = Rules::of(request.params.rules.as_ref());
    Box::new(run::RecordingChecks::begin(of_cards(request.checks), request.declared, rules))
}

/// What a check says while it looks.
struct Judged {
    check: &'static Check,
    severity: Severity,
    looked_at: u64,
    findings: Vec<Finding>,
    remarks: Vec<String>,
    course: course::Course,
}

/// Where something is wrong.
#[derive(Clone, Copy)]
struct Place<'p> {
    table: &'static str,
    row: i64,
    /// The frames that it concerns.
    frames: &'p [i64],
}

impl Judged {
    fn new(check: &'static Check, rules: &Rules) -> Self {
        let severity = rules.severity(check.card.id).unwrap_or(check.card.severity);
        let (findings, remarks, course) = (Vec::new(), Vec::new(), course::Course::default());
        Self { check, severity, looked_at: 0, findings, remarks, course }
    }

    /// Says that something is wrong: for programs, then for people.
    fn wrong(&mut self, place: Place<'_>, what: String, message: String) {
        let frames = place.frames.iter().map(|frame| ("SimulationFrameRecord", key(*frame)));
        let own = (place.table, key(place.row));
        self.findings.push(Finding {
            check: self.check.card.id,
            severity: self.severity,
            table: place.table,
            key: key(place.row),
            related: frames.filter(|frame| *frame != own).collect(),
            what,
            message,
        });
    }

    /// Says what is wrong with a cell.
    fn wrong_cell(&mut self, cell: &CellFacts, message: String) {
        let frames: Vec<i64> = cell.frame.into_iter().collect();
        let place = Place { table: cell.table, row: cell.row, frames: &frames };
        self.wrong(place, format!("{}={}", cell.column, cell.value), message);
    }

    fn verdict(mut self) -> Verdict {
        if self.looked_at == 0 {
            let because = self.remarks.first().map_or("the recording holds no row of that kind", String::as_str);
            return Verdict::NotRun { why: format!("there is nothing to look at: {because}") };
        }
        self.findings.sort_by(|a, b| (a.table, &a.key, &a.what).cmp(&(b.table, &b.key, &b.what)));
        Verdict::Ran { looked_at: self.looked_at, findings: self.findings, remarks: self.remarks }
    }
}

/// Tells whether two numbers differ by more than a part of a size, and more than rounding leaves of nothing.
fn differ(one: f64, other: f64, share: f64, size: f64) -> bool {
    // What is no number is another check's business.
    (one - other).abs() > share * size.abs() + 1e-12
}
