//! Which jobs run and which wait: of each lane one at a time, the newest request next; runs nothing.

use std::collections::BTreeMap;

use super::job::{Job, JobLane};
use super::message::Effect;

/// A job that runs.
#[derive(Clone, Debug, PartialEq)]
pub struct RunningJob {
    /// Its ticket.
    pub ticket: u64,
    /// What it does.
    pub words: &'static str,
    /// The step, how far, of how much.
    pub progress: Option<(String, u64, u64)>,
    /// The same of the whole that the step is a part of.
    pub whole: Option<(u64, u64)>,
    /// Whether it was asked to stop.
    pub cancelled: bool,
    /// For how many ticks it has been running.
    pub ticks: u64,
}

/// Every job that runs or waits.
#[derive(Clone, Debug, Default)]
pub struct Lanes {
    running: BTreeMap<JobLane, RunningJob>,
    waiting: BTreeMap<JobLane, Job>,
    last: u64,
}

impl Lanes {
    /// Asks for a job; a newer one of its lane takes the place of one that waits, and ends one that only reads.
    pub fn request_job(&mut self, job: Job, target: Option<&str>) -> Vec<Effect> {
        let lane = job.lane();
        let Some(running) = self.running.get_mut(&lane) else { return vec![self.start_job(job, target)] };
        self.waiting.insert(lane, job);
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

    /// Takes note that a job ended: whether its answer still counts, and what begins in its place.
    pub fn finish_job(&mut self, ticket: u64, target: Option<&str>) -> (bool, Vec<Effect>) {
        let Some(lane) = self.lane_of(ticket) else { return (false, Vec::new()) };
        self.running.remove(&lane);
        let next = self.waiting.remove(&lane);
        // What was overtaken is of no use any more; what wrote something always is.
        let counts = next.is_none() || lane == JobLane::Act;
        (counts, next.map(|job| self.start_job(job, target)).into_iter().collect())
    }

    /// Takes note of how far a job is.
    pub fn record_progress(&mut self, ticket: u64, step: String, whole: bool, far: (u64, u64)) {
        let Some(running) = self.running.values_mut().find(|running| running.ticket == ticket) else { return };
        if whole {
            running.whole = Some(far);
        } else {
            running.progress = Some((step, far.0, far.1));
        }
    }

    /// Lets time go by.
    pub fn tick(&mut self) {
        self.running.values_mut().for_each(|running| running.ticks += 1);
    }

    /// Asks every job to stop that a person waits for: what writes and what takes long.
    pub fn cancel_foreground(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (lane, running) in &mut self.running {
            if [JobLane::Act, JobLane::Check, JobLane::Verify, JobLane::Preview, JobLane::Ask].contains(lane)
                && !running.cancelled
            {
                running.cancelled = true;
                effects.push(Effect::Cancel(running.ticket));
            }
        }
        effects
    }

    /// Returns the lane of a ticket.
    #[must_use]
    pub fn lane_of(&self, ticket: u64) -> Option<JobLane> {
        self.running.iter().find(|(_, running)| running.ticket == ticket).map(|(lane, _)| *lane)
    }

    /// Returns the job of a lane.
    #[must_use]
    pub fn running_in(&self, lane: JobLane) -> Option<&RunningJob> {
        self.running.get(&lane)
    }

    /// Returns what a person would like to know of: what writes first, then what takes long.
    #[must_use]
    pub fn foreground_job(&self) -> Option<&RunningJob> {
        let shown = |lane: &JobLane| self.running.get(lane);
        let lanes = [JobLane::Act, JobLane::Check, JobLane::Verify, JobLane::Preview, JobLane::Ask];
        let slow = |(lane, running): &(&JobLane, &RunningJob)| **lane != JobLane::Status && running.ticks > 5;
        lanes.iter().find_map(shown).or_else(|| self.running.iter().find(slow).map(|(_, running)| running))
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
