//! The checks of recordings as a run of scans: some frames are read and judged, then those after them, so that what
//! is kept does not grow with the recording. Only where rows do not lie in the order of their frames, all are read at
//! once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::facts::RecordingFacts;
use super::pages::{FrameBatch, Reach, TableCursors};
use super::passes::CheckScan;
use super::take::RowIntake;
use super::usual::StepLengths;
use super::{CheckDefinition, CheckReport};
use crate::domain::check::{CheckResults, CheckRun, CheckVerdict};
use crate::domain::scan::{ScanReader, ScanRequest};
use crate::domains::recordings::rules::Rules;
use crate::model::{Filter, Row, Snapshot, Table, Value};

/// How many frames are read together at first.
const FRAMES_FIRST: u64 = 64;
/// How many are read together at most.
const FRAMES_MAX: u64 = 2048;
/// About how many states are kept.
const STATES_KEPT: u64 = 16_384;

/// What is done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CheckStep {
    /// Find out whether a scan yields any row.
    Probe(CheckScan),
    /// Find the usual time between frames.
    Times,
    /// Find out whether anything has potential energy.
    Potentials,
    /// Find out whether anything that could have potential energy has any height.
    Heights,
    /// Read a table as a whole.
    Whole(CheckScan),
    /// Read some frames.
    Frames,
    /// Read the rows of these frames.
    Rows(CheckScan),
    /// Read a part of the states of these frames.
    Part(CheckScan),
    /// Judge these frames.
    Judge,
}

/// Checks at work.
pub(super) struct RecordingChecks<'a> {
    checks: Vec<&'static CheckDefinition>,
    declared: &'a Snapshot,
    rules: &'a Rules,
    /// The scans that checks look at, of those that the recording has.
    passes: BTreeSet<CheckScan>,
    steps: VecDeque<CheckStep>,
    /// The step that is being read, and the intake of its rows once the table is known.
    reading: Option<(CheckStep, Option<RowIntake>)>,
    /// Whether the reader of a step wishes for no more rows.
    enough: bool,
    times: StepLengths,
    facts: RecordingFacts,
    judged: Vec<CheckReport>,
    pages: TableCursors,
    /// How rows of later frames that were read before are taken in.
    intakes: BTreeMap<CheckScan, RowIntake>,
    window: FrameBatch,
    /// How many frames are read together; all of them where nothing is said.
    size: Option<u64>,
    /// How many frames were read of those, and in all.
    frames: (u64, u64),
    /// How many frames there are.
    known: u64,
    /// The ids of the states of these frames: from the first that was not read yet to the last.
    states: (i64, i64),
    disordered: bool,
}

impl<'a> RecordingChecks<'a> {
    pub(super) fn new(checks: Vec<&'static CheckDefinition>, declared: &'a Snapshot, rules: &'a Rules) -> Self {
        let passes = checks.iter().flat_map(|check| check.needs.iter().chain(check.also).copied());
        let passes: BTreeSet<CheckScan> = passes.filter(|pass| pass.find_missing(declared).is_none()).collect();
        let mut run = Self {
            checks,
            declared,
            rules,
            passes,
            steps: VecDeque::new(),
            reading: None,
            enough: false,
            times: StepLengths::default(),
            facts: RecordingFacts::default(),
            judged: Vec::new(),
            pages: TableCursors::new(),
            intakes: BTreeMap::new(),
            window: FrameBatch { judged: None, last: i64::MAX },
            size: Some(FRAMES_FIRST),
            frames: (0, 0),
            known: 0,
            states: (i64::MIN, i64::MAX),
            disordered: false,
        };
        let known = [CheckStep::Times, CheckStep::Potentials, CheckStep::Heights];
        run.steps = CheckScan::PROBED.map(CheckStep::Probe).into_iter().chain(known).collect();
        run.start_judging();
        run
    }

    /// Begins to judge, with nothing judged.
    fn start_judging(&mut self) {
        self.judged = self.checks.iter().map(|check| CheckReport::new(check, self.rules)).collect();
        let whole = [CheckScan::Bodies, CheckScan::Accelerations, CheckScan::AngularAccelerations];
        self.steps.extend(whole.map(CheckStep::Whole));
        self.next_frames();
    }

    /// Begins again, with all frames at once: what was read so far does not lie in the order of frames.
    fn start_whole(&mut self) {
        let known = std::mem::take(&mut self.facts);
        (self.facts.step, self.facts.gravity, self.facts.present) = (known.step, known.gravity, known.present);
        (self.pages, self.size, self.frames, self.disordered) = (TableCursors::new(), None, (0, 0), false);
        self.window = FrameBatch { judged: None, last: i64::MAX };
        self.states = (i64::MIN, i64::MAX);
        self.steps.clear();
        self.start_judging();
    }

    fn next_frames(&mut self) {
        self.frames.0 = 0;
        let of = |pass: &CheckScan| match pass {
            CheckScan::Frames => Some(CheckStep::Frames),
            pass if pass.is_whole() => None,
            pass if pass.is_part() => Some(CheckStep::Part(*pass)),
            pass => Some(CheckStep::Rows(*pass)),
        };
        self.steps.extend(self.passes.iter().filter_map(of));
        self.steps.push_back(CheckStep::Judge);
    }

    /// Returns the scan of a step; `None` where there is nothing to read.
    fn build_scan(&mut self, step: CheckStep) -> Option<ScanRequest> {
        let pass = match step {
            CheckStep::Probe(pass) | CheckStep::Whole(pass) | CheckStep::Rows(pass) | CheckStep::Part(pass) => pass,
            CheckStep::Times | CheckStep::Frames => CheckScan::Frames,
            CheckStep::Potentials => CheckScan::Energies,
            CheckStep::Heights => CheckScan::Positions,
            CheckStep::Judge => return None,
        };
        if !self.passes.contains(&pass) {
            return None;
        }
        let whole = pass.request(self.declared);
        match step {
            CheckStep::Probe(_) => Some(whole.limit(1)),
            CheckStep::Times => Some(whole.order_by("id")),
            // Without an energy that is 0, heights tell nothing.
            CheckStep::Heights => {
                (self.facts.gravity.is_none() && self.facts.has_rows(CheckScan::Energies)).then_some(whole)
            }
            CheckStep::Frames => match self.size {
                Some(size) => Some(from(whole, self.frames_from()).limit(size)),
                None => Some(whole),
            },
            CheckStep::Rows(pass) if self.size.is_some() => self.rows_from(pass).map(|first| from(whole, first)),
            CheckStep::Part(_) if self.size.is_some() => {
                let (first, last) = self.states;
                (first <= last).then(|| filter_ids(whole, first, last))
            }
            _ => Some(whole),
        }
    }

    /// Returns the smallest id that a frame may have which was not read yet.
    fn frames_from(&self) -> i64 {
        self.facts.frames.last().map_or(i64::MIN, |frame| frame.id.saturating_add(1))
    }

    /// Takes in rows that were read before, and returns from which id on to read further.
    fn rows_from(&mut self, pass: CheckScan) -> Option<i64> {
        let page = self.pages.entry(pass).or_default();
        if let Some(intake) = self.intakes.get(&pass) {
            let (facts, rules) = (&mut self.facts, self.rules);
            let reach = page.resume(self.window, intake.column_places(), |cells| intake.add_row(cells, facts, rules));
            self.disordered |= reach == Reach::Disordered;
        }
        page.next()
    }

    /// Makes ready what later scans look up.
    fn finish_step(&mut self, step: CheckStep) {
        match step {
            CheckStep::Times => self.facts.step = self.times.median(),
            CheckStep::Frames => {
                self.facts.frames_are_read();
                let last = self.size.filter(|size| self.frames.0 >= *size);
                let last = last.and_then(|_| self.facts.frames.last()).map(|frame| frame.id);
                self.window.last = last.unwrap_or(i64::MAX);
            }
            CheckStep::Rows(CheckScan::States) => {
                self.facts.states_are_read();
                self.find_states();
            }
            CheckStep::Rows(_) | CheckStep::Probe(_) | CheckStep::Potentials | CheckStep::Heights => {}
            CheckStep::Whole(_) | CheckStep::Part(_) | CheckStep::Judge => {}
        }
        if self.disordered {
            self.start_whole();
        }
    }

    /// Finds the rows that hold the numbers of the states.
    fn find_states(&mut self) {
        let rows = || self.facts.fresh_states().map(|state| state.inertial);
        let (first, last) = (rows().min(), rows().max());
        let from = self.states.0;
        self.disordered |= self.size.is_some() && first.is_some_and(|first| first < from);
        // What no state names lies between those that are named.
        self.states.1 = if self.window.last == i64::MAX { i64::MAX } else { last.unwrap_or(from.saturating_sub(1)) };
    }

    /// Judges the frames that were read.
    fn judge_frames(&mut self) {
        for judged in &mut self.judged {
            (judged.check.judge)(&self.facts, self.rules, judged);
        }
        if self.window.last == i64::MAX {
            return;
        }
        let states = self.facts.fresh_states().count() as u64;
        let kept = (STATES_KEPT * self.frames.0 / states.max(1)).clamp(16, FRAMES_MAX);
        self.size = Some(kept);
        self.window.judged = Some(self.window.last);
        self.states.0 = self.states.1.saturating_add(1).max(self.states.0);
        self.facts.move_on();
        self.next_frames();
    }

    fn not_run_verdict(&self, check: &CheckDefinition) -> Option<CheckVerdict> {
        if !self.rules.is_enabled(check.card.id) {
            return Some(CheckVerdict::NotRun { why: "the rules switch it off".to_owned() });
        }
        let why = check.needs.iter().find_map(|pass| pass.find_missing(self.declared))?;
        Some(CheckVerdict::NotRun { why })
    }
}

/// Asks for the rows whose ids lie between two.
fn filter_ids(scan: ScanRequest, first: i64, last: i64) -> ScanRequest {
    scan.filter(Filter::Between { column: "id".to_owned(), first, last })
}

/// Asks for the rows from an id on, in the order of ids.
fn from(scan: ScanRequest, first: i64) -> ScanRequest {
    filter_ids(scan, first, i64::MAX).order_by("id")
}

impl ScanReader for RecordingChecks<'_> {
    fn next_scan(&mut self) -> Option<ScanRequest> {
        while let Some(step) = self.steps.pop_front() {
            self.enough = false;
            if let Some(scan) = self.build_scan(step) {
                self.reading = Some((step, None));
                return Some(scan);
            }
            match step {
                CheckStep::Judge => self.judge_frames(),
                step => self.finish_step(step),
            }
        }
        None
    }

    fn begin_scan(&mut self, table: Option<&Arc<Table>>) {
        if let (Some((step, intake)), Some(table)) = (&mut self.reading, table) {
            let pass = match *step {
                CheckStep::Probe(pass) | CheckStep::Whole(pass) | CheckStep::Rows(pass) | CheckStep::Part(pass) => pass,
                CheckStep::Potentials => CheckScan::Energies,
                CheckStep::Heights => CheckScan::Positions,
                CheckStep::Times | CheckStep::Frames | CheckStep::Judge => CheckScan::Frames,
            };
            *intake = Some(RowIntake::new(pass, self.declared, table));
        }
    }

    fn take_rows(&mut self, rows: &[Row<'_>]) -> ControlFlow<()> {
        let Some((step, Some(intake))) = &self.reading else { return ControlFlow::Continue(()) };
        let (facts, rules) = (&mut self.facts, self.rules);
        match step {
            CheckStep::Probe(pass) => {
                facts.present.insert(*pass);
                self.enough = true;
            }
            CheckStep::Times => {
                self.known += rows.len() as u64;
                rows.iter()
                    .filter_map(|row| intake.frame_time(row.cells))
                    .for_each(|(id, time)| self.times.add_frame(id, time));
            }
            CheckStep::Potentials if rows.iter().any(|row| intake.potential_energy(row.cells) != 0.0) => {
                (facts.gravity, self.enough) = (Some(rules.gravity), true);
            }
            CheckStep::Heights if rows.iter().any(|row| intake.state_height(row.cells).abs() > 1e-6) => {
                (facts.gravity, self.enough) = (Some(0.0), true);
            }
            CheckStep::Potentials | CheckStep::Heights | CheckStep::Judge => {}
            CheckStep::Rows(pass) if self.size.is_some() => {
                let page = self.pages.entry(*pass).or_default();
                let one = |cells: &[Value]| intake.add_row(cells, facts, rules);
                let reach = page.add_rows(rows, self.window, intake.column_places(), one);
                self.disordered |= reach == Reach::Disordered;
                self.enough = reach != Reach::Within;
            }
            CheckStep::Frames => {
                (self.frames.0, self.frames.1) = (self.frames.0 + rows.len() as u64, self.frames.1 + rows.len() as u64);
                rows.iter().for_each(|row| intake.add_row(row.cells, facts, rules));
            }
            CheckStep::Whole(_) | CheckStep::Rows(_) | CheckStep::Part(_) => {
                rows.iter().for_each(|row| intake.add_row(row.cells, facts, rules));
            }
        }
        if self.enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn end_scan(&mut self) {
        let Some((step, intake)) = self.reading.take() else { return };
        if let CheckStep::Rows(pass) = step {
            self.intakes.extend(intake.map(|intake| (pass, intake)));
            if !self.enough {
                self.pages.entry(pass).or_default().mark_ended();
            }
        }
        self.finish_step(step);
    }

    fn progress(&self) -> (u64, u64) {
        (self.frames.1.min(self.known), self.known)
    }
}

impl CheckRun for RecordingChecks<'_> {
    fn finish(mut self: Box<Self>) -> CheckResults {
        let mut verdicts = Vec::with_capacity(self.judged.len());
        for mut judged in std::mem::take(&mut self.judged) {
            let not_run = self.not_run_verdict(judged.check);
            if let (None, Some(end)) = (&not_run, judged.check.end) {
                end(&self.facts, self.rules, &mut judged);
            }
            verdicts.push(not_run.unwrap_or_else(|| judged.into_verdict()));
        }
        CheckResults { verdicts, gathered: Box::new(()) }
    }
}
