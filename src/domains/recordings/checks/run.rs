//! The checks of recordings as a sequence of scans. Frames are read and judged in batches, so that memory does not grow
//! with the recording. Only where the rows of a table are not in the order of their frames, everything is read at once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::facts::RecordingFacts;
use super::intake::RowIntake;
use super::pages::{FrameBatch, Reach, TableCursors};
use super::passes::CheckScan;
use super::usual::StepLengths;
use super::{CheckDefinition, CheckReport};
use crate::domain::check::{CheckResults, CheckRun, CheckVerdict};
use crate::domain::scan::{ScanReader, ScanRequest};
use crate::domains::recordings::rules::Rules;
use crate::model::{Filter, Row, Snapshot, Table};

/// The number of frames of the first batch: small, as nothing is known yet of how many states a frame has.
const FRAMES_FIRST: u64 = 64;
/// The most frames of a batch.
const FRAMES_MAX: u64 = 2048;
/// About the number of states of a batch; a later batch gets as many frames as hold that many.
const STATES_KEPT: u64 = 16_384;

/// A step of the run: most are one scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CheckStep {
    /// Read one row of a scan, to learn whether it yields any.
    Probe(CheckScan),
    /// Read all frame times, to find the median step.
    Times,
    /// Read energies until one has a potential part: then there is gravity.
    Potentials,
    /// Where none has, read positions until one has a height: then there is no gravity.
    Heights,
    /// Read a table whose rows name no frame, once.
    Whole(CheckScan),
    /// Read the frames of a batch.
    Frames,
    /// Read the rows of these frames in another table.
    Rows(CheckScan),
    /// Read a part (such as velocities) of the states of these frames.
    Part(CheckScan),
    /// Judge the batch; reads nothing.
    Judge,
}

/// A run of checks.
pub(super) struct RecordingChecks<'a> {
    checks: Vec<&'static CheckDefinition>,
    declared: &'a Snapshot,
    rules: &'a Rules,
    /// The scans that the checks use and the recording can serve.
    passes: BTreeSet<CheckScan>,
    steps: VecDeque<CheckStep>,
    /// The step whose scan is being read, and the intake of its rows once the table is known.
    reading: Option<(CheckStep, Option<RowIntake>)>,
    /// Whether the current step needs no more rows.
    enough: bool,
    times: StepLengths,
    facts: RecordingFacts,
    judged: Vec<CheckReport>,
    pages: TableCursors,
    /// The intake of each scan that was read before, for its rows that waited for a later batch.
    intakes: BTreeMap<CheckScan, RowIntake>,
    window: FrameBatch,
    /// The number of frames of a batch; `None` reads everything at once.
    size: Option<u64>,
    /// The number of frames read in this batch, and in all.
    frames: (u64, u64),
    /// The number of frames of the recording, for the progress.
    known: u64,
    /// The ids of InertialStateRecord of this batch: the first unread one, and the last that a state names.
    states: (i64, i64),
    /// Whether any table turned out not to be in the order of frames.
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
        // Before any batch: these facts hold for the whole recording, and checks of the first frames need them.
        let whole = [CheckStep::Times, CheckStep::Potentials, CheckStep::Heights];
        run.steps = CheckScan::PROBED.map(CheckStep::Probe).into_iter().chain(whole).collect();
        run.start_judging();
        run
    }

    /// Starts judging from the first frame, with no findings.
    fn start_judging(&mut self) {
        self.judged = self.checks.iter().map(|check| CheckReport::new(check, self.rules)).collect();
        let whole = [CheckScan::Bodies, CheckScan::Accelerations, CheckScan::AngularAccelerations];
        self.steps.extend(whole.map(CheckStep::Whole));
        self.queue_batch();
    }

    /// Starts again with all frames in one batch, since a table is not in the order of frames. Findings so far are
    /// dropped with the rest: they may rest on rows that were assigned to the wrong batch.
    fn restart_whole(&mut self) {
        let old = std::mem::take(&mut self.facts);
        (self.facts.step, self.facts.gravity, self.facts.present) = (old.step, old.gravity, old.present);
        (self.pages, self.size, self.frames, self.disordered) = (TableCursors::new(), None, (0, 0), false);
        self.window = FrameBatch { judged: None, last: i64::MAX };
        self.states = (i64::MIN, i64::MAX);
        self.steps.clear();
        self.start_judging();
    }

    /// Queues the steps of the next batch.
    fn queue_batch(&mut self) {
        self.frames.0 = 0;
        for pass in &self.passes {
            match pass {
                CheckScan::Frames => self.steps.push_back(CheckStep::Frames),
                // Read once by `start_judging`.
                pass if pass.is_whole() => {}
                pass if pass.is_part() => self.steps.push_back(CheckStep::Part(*pass)),
                pass => self.steps.push_back(CheckStep::Rows(*pass)),
            }
        }
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
            // Heights matter only where energies are recorded and all their potential parts are 0.
            CheckStep::Heights => {
                (self.facts.gravity.is_none() && self.facts.has_rows(CheckScan::Energies)).then_some(whole)
            }
            CheckStep::Frames => match self.size {
                Some(size) => Some(from_id(whole, self.next_frame_id()).limit(size)),
                None => Some(whole),
            },
            CheckStep::Rows(pass) if self.size.is_some() => self.resume_rows(pass).map(|first| from_id(whole, first)),
            CheckStep::Part(_) if self.size.is_some() => {
                let (first, last) = self.states;
                (first <= last).then(|| filter_ids(whole, first, last))
            }
            _ => Some(whole),
        }
    }

    /// Returns the smallest id that an unread frame may have.
    fn next_frame_id(&self) -> i64 {
        self.facts.frames.last().map_or(i64::MIN, |frame| frame.id.saturating_add(1))
    }

    /// Adds the rows that waited for this batch, and returns the id to read on from; `None` where nothing is to be
    /// read.
    fn resume_rows(&mut self, pass: CheckScan) -> Option<i64> {
        let page = self.pages.entry(pass).or_default();
        if let Some(intake) = self.intakes.get(&pass) {
            let (facts, rules) = (&mut self.facts, self.rules);
            let reach = page.resume(self.window, intake.column_places(), |cells| intake.add_row(cells, facts, rules));
            self.disordered |= reach == Reach::Disordered;
        }
        page.next()
    }

    /// Finishes a step: builds what later scans look up, and restarts if a table is not in the order of frames.
    fn finish_step(&mut self, step: CheckStep) {
        match step {
            CheckStep::Times => self.facts.step = self.times.median(),
            CheckStep::Frames => {
                self.facts.sort_frames();
                // Fewer frames than asked for: this is the last batch, and takes all rows that are left.
                let is_full = self.size.is_some_and(|size| self.frames.0 >= size);
                let last = self.facts.frames.last().filter(|_| is_full);
                self.window.last = last.map_or(i64::MAX, |frame| frame.id);
            }
            CheckStep::Rows(CheckScan::States) => {
                self.facts.index_states();
                self.update_state_span();
            }
            CheckStep::Rows(_) | CheckStep::Probe(_) | CheckStep::Potentials | CheckStep::Heights => {}
            CheckStep::Whole(_) | CheckStep::Part(_) | CheckStep::Judge => {}
        }
        if self.disordered {
            self.restart_whole();
        }
    }

    /// Updates the span of ids in which the parts of this batch's states are read.
    fn update_state_span(&mut self) {
        let first = self.facts.fresh_states().map(|state| state.inertial).min();
        let last = self.facts.fresh_states().map(|state| state.inertial).max();
        let from = self.states.0;
        // A state whose row was passed over in an earlier batch would never get its parts.
        self.disordered |= self.size.is_some() && first.is_some_and(|first| first < from);
        // The last batch reads to the end of the table: rows that no state names are judged too.
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
        self.size = Some((STATES_KEPT * self.frames.0 / states.max(1)).clamp(16, FRAMES_MAX));
        self.window.judged = Some(self.window.last);
        self.states.0 = self.states.1.saturating_add(1).max(self.states.0);
        self.facts.drop_judged();
        self.queue_batch();
    }

    fn not_run_verdict(&self, check: &CheckDefinition) -> Option<CheckVerdict> {
        if !self.rules.is_enabled(check.card.id) {
            return Some(CheckVerdict::NotRun { why: "the rules disable it".to_owned() });
        }
        let why = check.needs.iter().find_map(|pass| pass.find_missing(self.declared))?;
        Some(CheckVerdict::NotRun { why })
    }
}

/// Narrows a scan to a span of ids, both ends included.
fn filter_ids(scan: ScanRequest, first: i64, last: i64) -> ScanRequest {
    scan.filter(Filter::Between { column: "id".to_owned(), first, last })
}

/// Narrows a scan to the rows from an id on, in the order of ids.
fn from_id(scan: ScanRequest, first: i64) -> ScanRequest {
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
                for (id, time) in rows.iter().filter_map(|row| intake.frame_time(row.cells)) {
                    self.times.add_frame(id, time);
                }
            }
            // NaN is not 0 either, so one broken energy is enough to assume gravity.
            CheckStep::Potentials if rows.iter().any(|row| intake.potential_energy(row.cells) != 0.0) => {
                (facts.gravity, self.enough) = (Some(rules.gravity), true);
            }
            CheckStep::Heights if rows.iter().any(|row| intake.state_height(row.cells).abs() > 1e-6) => {
                (facts.gravity, self.enough) = (Some(0.0), true);
            }
            CheckStep::Potentials | CheckStep::Heights | CheckStep::Judge => {}
            CheckStep::Rows(pass) if self.size.is_some() => {
                let page = self.pages.entry(*pass).or_default();
                let reach = page.add_rows(rows, self.window, intake.column_places(), |cells| {
                    intake.add_row(cells, facts, rules);
                });
                self.disordered |= reach == Reach::Disordered;
                self.enough = reach != Reach::Within;
            }
            CheckStep::Frames => {
                self.frames.0 += rows.len() as u64;
                self.frames.1 += rows.len() as u64;
                for row in rows {
                    intake.add_row(row.cells, facts, rules);
                }
            }
            CheckStep::Whole(_) | CheckStep::Rows(_) | CheckStep::Part(_) => {
                for row in rows {
                    intake.add_row(row.cells, facts, rules);
                }
            }
        }
        if self.enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn end_scan(&mut self) {
        let Some((step, intake)) = self.reading.take() else { return };
        if let CheckStep::Rows(pass) = step {
            self.intakes.extend(intake.map(|intake| (pass, intake)));
            // Only a scan that ran to its end says that the table has no further row.
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
