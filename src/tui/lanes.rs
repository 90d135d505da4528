//! Which jobs run and which wait: one per lane at a time, then the newest request.

use std::collections::BTreeMap;

use super::job::{Job, JobLane};
use super::message::Effect;

/// A running job.
#[derive(Clone, Debug, PartialEq)]
pub struct RunningJob {
    /// The job's ticket, unique in this process.
    pub ticket: u64,
    /// What the job does, in a few words.
    pub words: &'static str,
    /// The name of its step, the amount done and the total, 0 if unknown.
    pub progress: Option<(String, u64, u64)>,
    /// Done and total of a larger job that the step is a part of, such as the faults of a drill.
    pub whole: Option<(u64, u64)>,
    /// Whether it was asked to stop.
    pub cancelled: bool,
    /// For how many ticks of a tenth of a second it has been running.
    pub ticks: u64,
}

/// The lanes whose jobs a person waits for, the most important first.
const AWAITED: [JobLane; 5] = [JobLane::Act, JobLane::Check, JobLane::Verify, JobLane::Preview, JobLane::Ask];

/// All jobs that run or wait.
#[derive(Clone, Debug, Default)]
pub struct Lanes {
    running: BTreeMap<JobLane, RunningJob>,
    waiting: BTreeMap<JobLane, Job>,
    last: u64,
}

impl Lanes {
    /// Requests a job. If its lane is busy it replaces the waiting job, and cancels the running one unless that writes.
    pub fn request_job(&mut self, job: Job, target: Option<&str>) -> Vec<Effect> {
        let lane = job.lane();
        let Some(running) = self.running.get_mut(&lane) else { return vec![self.start_job(job, target)] };
        self.waiting.insert(lane, job);
        // A write is never cut short by a later request, only by the person.
        if lane == JobLane::Act || running.cancelled {
            return Vec::new();
        }
        running.cancelled = true;
        vec![Effect::Cancel(running.ticket)]
    }

    fn start_job(&mut self, job: Job, target: Option<&str>) -> Effect {
        self.last += 1;
        let ticket = self.last;
        let running =
            RunningJob { ticket, words: job.description(), progress: None, whole: None, cancelled: false, ticks: 0 };
        self.running.insert(job.lane(), running);
        Effect::Start { ticket, job, target: target.map(str::to_owned) }
    }

    /// Removes a job that ended. Returns whether its answer still counts, and the effects that start the next job.
    pub fn finish_job(&mut self, ticket: u64, target: Option<&str>) -> (bool, Vec<Effect>) {
        let Some(lane) = self.lane_of(ticket) else { return (false, Vec::new()) };
        self.running.remove(&lane);
        let next = self.waiting.remove(&lane);
        // An answer overtaken by a newer request is outdated. One of a job that wrote must always be shown.
        let counts = next.is_none() || lane == JobLane::Act;
        (counts, next.map(|job| self.start_job(job, target)).into_iter().collect())
    }

    /// Records the progress of a job, of its step or, with `whole`, of all its steps.
    pub fn record_progress(&mut self, ticket: u64, step: String, whole: bool, done: u64, total: u64) {
        let Some(running) = self.running.values_mut().find(|running| running.ticket == ticket) else { return };
        if whole {
            running.whole = Some((done, total));
        } else {
            running.progress = Some((step, done, total));
        }
    }

    /// Counts a tick for every running job.
    pub fn tick(&mut self) {
        self.running.values_mut().for_each(|running| running.ticks += 1);
    }

    /// Cancels the jobs that a person waits for: what writes, and what takes long.
    pub fn cancel_foreground(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (lane, running) in &mut self.running {
            if AWAITED.contains(lane) && !running.cancelled {
                running.cancelled = true;
                effects.push(Effect::Cancel(running.ticket));
            }
        }
        effects
    }

    /// Returns the lane of a running job, by its ticket.
    #[must_use]
    pub fn lane_of(&self, ticket: u64) -> Option<JobLane> {
        self.running.iter().find(|(_, running)| running.ticket == ticket).map(|(lane, _)| *lane)
    }

    /// Returns the running job of a lane.
    #[must_use]
    pub fn running_in(&self, lane: JobLane) -> Option<&RunningJob> {
        self.running.get(&lane)
    }

    /// Returns the job that the status line shows: what writes first, then what takes long, then any slow one.
    #[must_use]
    pub fn foreground_job(&self) -> Option<&RunningJob> {
        if let Some(running) = AWAITED.iter().find_map(|lane| self.running.get(lane)) {
            return Some(running);
        }
        // The status is read every few seconds on its own: showing that would only flicker. Other reads are shown once
        // they take longer than half a second.
        let mut others = self.running.iter().filter(|(lane, running)| **lane != JobLane::Status && running.ticks > 5);
        others.next().map(|(_, running)| running)
    }

    /// Tells whether anything runs.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        !self.running.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started_ticket(effects: &[Effect]) -> u64 {
        match effects {
            [Effect::Start { ticket, .. }] => *ticket,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_newest_request_of_a_lane_is_next_and_the_older_ones_never_count() {
        let mut lanes = Lanes::default();
        let first = started_ticket(&lanes.request_job(Job::Operation(1), None));
        assert_eq!(lanes.request_job(Job::Operation(2), None), [Effect::Cancel(first)]);
        assert_eq!(lanes.request_job(Job::Operation(3), None), []);
        let (counts, next) = lanes.finish_job(first, None);
        assert!(!counts);
        assert!(matches!(next.as_slice(), [Effect::Start { job: Job::Operation(3), .. }]));
        let (counts, next) = lanes.finish_job(started_ticket(&next), None);
        assert!(counts && next.is_empty() && !lanes.is_busy());
    }

    #[test]
    fn what_writes_is_never_ended_by_a_later_request() {
        let mut lanes = Lanes::default();
        let first = started_ticket(&lanes.request_job(Job::Recover, None));
        assert_eq!(lanes.request_job(Job::Drill, None), []);
        let (counts, next) = lanes.finish_job(first, None);
        assert!(counts && next.len() == 1);
    }

    #[test]
    fn lanes_do_not_wait_for_each_other() {
        let mut lanes = Lanes::default();
        lanes.request_job(Job::Check, None);
        assert_eq!(lanes.request_job(Job::Status, None).len(), 1);
        assert_eq!(lanes.foreground_job().map(|running| running.words), Some("checking"));
    }
}
