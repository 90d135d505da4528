//! The checks of recordings as a run of scans: each is read once, whatever number of checks it serves.

use std::collections::{BTreeSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::facts::Facts;
use super::passes::Pass;
use super::take::Intake;
use super::{Check, Judged};
use crate::domain::check::{CheckResults, CheckRun, Verdict};
use crate::domain::scan::{Reader, ScanRequest};
use crate::domains::recordings::rules::Rules;
use crate::model::{Row, Snapshot, Table};

/// Checks at work.
pub(super) struct Run<'a> {
    checks: Vec<&'static Check>,
    declared: &'a Snapshot,
    rules: &'a Rules,
    waiting: VecDeque<Pass>,
    passes: usize,
    /// The scan that is being made, and the intake of its rows once the table is known.
    reading: Option<(Pass, Option<Intake>)>,
    facts: Facts,
}

impl<'a> Run<'a> {
    pub(super) fn begin(checks: Vec<&'static Check>, declared: &'a Snapshot, rules: &'a Rules) -> Self {
        let passes: BTreeSet<Pass> =
            checks.iter().flat_map(|check| check.needs.iter().chain(check.also).copied()).collect();
        let waiting: VecDeque<Pass> = passes.into_iter().collect();
        let passes = waiting.len();
        Self { checks, declared, rules, waiting, passes, reading: None, facts: Facts::default() }
    }

    /// Makes ready what later scans look up.
    fn close(&mut self, pass: Pass) {
        match pass {
            Pass::Frames => self.facts.frames_are_read(),
            Pass::States => self.facts.states_are_read(),
            _ => {}
        }
    }

    fn judge(&self, check: &Check) -> Verdict {
        if !self.rules.runs(check.card.id) {
            return Verdict::NotRun { why: "the rules switch it off".to_owned() };
        }
        if let Some(why) = check.needs.iter().find_map(|pass| pass.lacks(self.declared)) {
            return Verdict::NotRun { why };
        }
        let mut judged = Judged::new(check, self.rules);
        (check.judge)(&self.facts, self.rules, &mut judged);
        judged.verdict()
    }
}

impl Reader for Run<'_> {
    fn next_scan(&mut self) -> Option<ScanRequest> {
        while let Some(pass) = self.waiting.pop_front() {
            if let Some(scan) = pass.scan(self.declared) {
                self.reading = Some((pass, None));
                return Some(scan);
            }
            self.close(pass);
        }
        None
    }

    fn begin(&mut self, table: Option<&Arc<Table>>) {
        if let (Some((pass, intake)), Some(table)) = (&mut self.reading, table) {
            *intake = Some(Intake::new(*pass, self.declared, table));
        }
    }

    fn take(&mut self, rows: &[Row<'_>]) -> ControlFlow<()> {
        if let Some((_, Some(intake))) = &self.reading {
            intake.take(rows, &mut self.facts, self.rules);
        }
        ControlFlow::Continue(())
    }

    fn end(&mut self) {
        if let Some((pass, _)) = self.reading.take() {
            self.close(pass);
        }
    }

    fn progress(&self) -> (u64, u64) {
        ((self.passes - self.waiting.len()) as u64, self.passes as u64)
    }
}

impl CheckRun for Run<'_> {
    fn finish(mut self: Box<Self>) -> CheckResults {
        self.facts.find_gravity(self.rules.gravity);
        let verdicts = self.checks.iter().map(|check| self.judge(check)).collect();
        CheckResults { verdicts, gathered: Box::new(self.facts) }
    }
}
