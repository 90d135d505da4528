//! Worker threads, one per lane, so that a slow target never delays a key.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use mfm_journal::{Face, LockHolder};

use super::desk::{self, OpenTarget};
use super::job::{Job, JobAnswer, JobLane};
use super::message::Message;
use crate::model::NextSteps;
use crate::model::next_step::{Deed, act};
use crate::model::ports::{self, Clock, Confirm, ConfirmQuestion, Danger, Entropy, Reporter, Secrets};
use crate::ops::{Context, Failure, FailureKind};

/// What the process provides for the operations.
pub struct TuiHost {
    /// The journal's file.
    pub journal: PathBuf,
    /// The target to use unless another one is chosen.
    pub target: Option<String>,
    /// The person, as entries name them.
    pub actor: String,
    /// This process, as the writer lock names it.
    pub holder: LockHolder,
    /// How long to wait for other writers of a target, in milliseconds.
    pub wait_ms: u64,
    /// The source of every time that is written.
    pub clock: Box<dyn Clock + Send + Sync>,
    /// The source of random bytes.
    pub entropy: Box<dyn Entropy + Send + Sync>,
    /// Where passwords come from.
    pub secrets: Box<dyn Secrets + Send + Sync>,
}

/// A job for a worker thread.
struct JobOrder {
    ticket: u64,
    job: Job,
    target: Option<String>,
    stop: Arc<AtomicBool>,
    answer: Receiver<bool>,
}

/// The channels to a running job.
struct JobHandle {
    stop: Arc<AtomicBool>,
    answer: Sender<bool>,
}

/// The worker threads.
pub struct Workers {
    host: Arc<TuiHost>,
    out: Sender<Message>,
    lanes: BTreeMap<JobLane, Sender<JobOrder>>,
    held: BTreeMap<u64, JobHandle>,
    acting: Arc<Mutex<()>>,
}

impl Workers {
    /// Returns the pool without threads: each starts with the first job of its lane.
    #[must_use]
    pub fn new(host: TuiHost, out: Sender<Message>) -> Self {
        let acting = Arc::new(Mutex::new(()));
        Self { host: Arc::new(host), out, lanes: BTreeMap::new(), held: BTreeMap::new(), acting }
    }

    /// Sends a job to the thread of its lane.
    pub fn start_job(&mut self, ticket: u64, job: Job, target: Option<String>) {
        let lane = job.lane();
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, answer) = channel();
        // A job that has ended has dropped its half of the flag.
        self.held.retain(|_, hold| Arc::strong_count(&hold.stop) > 1);
        self.held.insert(ticket, JobHandle { stop: Arc::clone(&stop), answer: sender });
        let order = JobOrder { ticket, job, target, stop, answer };
        let (host, out, acting) = (&self.host, &self.out, &self.acting);
        let thread = self.lanes.entry(lane).or_insert_with(|| spawn_worker(lane, host, out, acting));
        if let Err(lost) = thread.send(order) {
            // The thread has ended: start another one.
            let again = spawn_worker(lane, host, out, acting);
            let _ = again.send(lost.0);
            self.lanes.insert(lane, again);
        }
    }

    /// Asks a job to stop after its current step.
    pub fn cancel_job(&self, ticket: u64) {
        if let Some(hold) = self.held.get(&ticket) {
            hold.stop.store(true, Ordering::SeqCst);
        }
    }

    /// Answers the question of a job.
    pub fn reply_to_job(&self, ticket: u64, yes: bool) {
        if let Some(hold) = self.held.get(&ticket) {
            // Sending fails if the job has ended, and then needs no answer.
            let _ = hold.answer.send(yes);
        }
    }

    /// Stops all jobs and waits until nothing is being written. Threads that only read end with the process.
    pub fn shut_down(self) {
        for hold in self.held.values() {
            hold.stop.store(true, Ordering::SeqCst);
            let _ = hold.answer.send(false);
        }
        drop(self.acting.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn spawn_worker(
    lane: JobLane,
    host: &Arc<TuiHost>,
    out: &Sender<Message>,
    acting: &Arc<Mutex<()>>,
) -> Sender<JobOrder> {
    let (sender, orders) = channel::<JobOrder>();
    let (host, out, acting) = (Arc::clone(host), out.clone(), Arc::clone(acting));
    // If the system cannot create a thread, the receiver is dropped here, and sending the job fails.
    let _ =
        thread::Builder::new().name(format!("{lane:?}")).spawn(move || run_lane(lane, &host, &out, &acting, &orders));
    sender
}

/// Runs the jobs of one lane, one after another, until the pool or the interface is gone.
fn run_lane(lane: JobLane, host: &TuiHost, out: &Sender<Message>, acting: &Mutex<()>, orders: &Receiver<JobOrder>) {
    let mut open = OpenTarget::default();
    while let Ok(order) = orders.recv() {
        // Held while a job writes, so that the end of the program can wait for it. The lock guards no data, so a
        // poisoned one is as good.
        let writing = (lane == JobLane::Act).then(|| acting.lock().unwrap_or_else(PoisonError::into_inner));
        let ticket = order.ticket;
        let answer = carry_out(host, &mut open, out, order);
        drop(writing);
        if out.send(Message::Done { ticket, answer }).is_err() {
            return;
        }
    }
}

/// Runs a job. A panic becomes a failure, because the user has to get the terminal back.
fn carry_out(host: &TuiHost, open: &mut OpenTarget, out: &Sender<Message>, order: JobOrder) -> JobAnswer {
    let JobOrder { ticket, job, target, stop, answer } = order;
    // These were confirmed in a dialog before they were requested.
    let consents = matches!(job, Job::Apply { .. } | Job::Recover | Job::Drill);
    let watch = JobReporter { ticket, stop: &stop, out, last: Cell::new(None), step: RefCell::default() };
    let asks = JobConfirm { ticket, out, answer: &answer, consents };
    let context = Context {
        journal: host.journal.clone(),
        target: target.or_else(|| host.target.clone()),
        actor: host.actor.clone(),
        face: Face::Tui,
        holder: host.holder.clone(),
        wait_ms: host.wait_ms,
        clock: host.clock.as_ref(),
        entropy: host.entropy.as_ref(),
        reporter: &watch,
        confirm: &asks,
        secrets: host.secrets.as_ref(),
    };
    let work = std::panic::AssertUnwindSafe(|| desk::run_job(&context, open, job));
    std::panic::catch_unwind(work).unwrap_or_else(|_| {
        let message = "an operation ended unexpectedly; this is a bug in mfm";
        let next = NextSteps::from(act(Deed::Recover, "closes what it left open")).and("please report it");
        JobAnswer::Failed(Box::new(Failure::new(FailureKind::Target, "panic", message, next)))
    })
}

/// The shortest time between two reports of progress.
const EVERY: Duration = Duration::from_millis(100);

struct JobReporter<'a> {
    ticket: u64,
    stop: &'a AtomicBool,
    out: &'a Sender<Message>,
    last: Cell<Option<Instant>>,
    step: RefCell<String>,
}

impl JobReporter<'_> {
    fn report_progress(&self, step: &str, whole: bool, done: u64, total: u64) {
        let same = *self.step.borrow() == step;
        if same && self.last.get().is_some_and(|last| last.elapsed() < EVERY) {
            return;
        }
        step.clone_into(&mut self.step.borrow_mut());
        self.last.set(Some(Instant::now()));
        // Sending fails if the interface has ended.
        let _ = self.out.send(Message::Progress { ticket: self.ticket, step: step.to_owned(), whole, done, total });
    }
}

impl Reporter for JobReporter<'_> {
    fn progress(&self, step: &str, done: u64, total: u64) {
        self.report_progress(step, false, done, total);
    }

    fn overall_progress(&self, step: &str, done: u64, total: u64) {
        self.report_progress(step, true, done, total);
    }

    fn note(&self, _: &str) {}

    fn is_interrupted(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

/// Asks the person at the screen. What was agreed to before the job started is not asked again.
struct JobConfirm<'a> {
    ticket: u64,
    out: &'a Sender<Message>,
    answer: &'a Receiver<bool>,
    consents: bool,
}

impl Confirm for JobConfirm<'_> {
    fn agreed_before(&self) -> bool {
        self.consents
    }

    fn ask(&self, question: &ConfirmQuestion) -> ports::ConfirmAnswer {
        let agreed = self.consents && question.type_name.is_none() && question.danger != Danger::Destroy;
        if agreed {
            return ports::ConfirmAnswer::Yes;
        }
        let asked = self.out.send(Message::Asked { ticket: self.ticket, question: question.clone() });
        match asked.ok().and_then(|()| self.answer.recv().ok()) {
            Some(true) => ports::ConfirmAnswer::Yes,
            Some(false) => ports::ConfirmAnswer::No,
            None => ports::ConfirmAnswer::Nobody,
        }
    }
}
