//! What the process gives the server: the journal's path, the operator, time, randomness and passwords.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mfm_journal::{Face, LockHolder};
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use super::caller::Caller;
use crate::model::ports::{Clock, Confirm, ConfirmAnswer, ConfirmQuestion, Entropy, Reporter, Secrets};
use crate::ops::Context;

/// What the process gives the server.
pub struct Host {
    /// The journal's file.
    pub journal: PathBuf,
    /// The target of a call that names none.
    pub target: Option<String>,
    /// The person who runs the server.
    pub operator: String,
    /// What the journal's lock says of its holder.
    pub holder: LockHolder,
    /// How long to wait for other writers of a target, in milliseconds.
    pub wait_ms: u64,
    /// The source of time.
    pub clock: Box<dyn Clock + Send + Sync>,
    /// The source of randomness.
    pub entropy: Box<dyn Entropy + Send + Sync>,
    /// Where passwords come from; never from an agent.
    pub secrets: Box<dyn Secrets + Send + Sync>,
}

impl Host {
    /// Returns the context of one call.
    pub(super) fn context<'a>(
        &'a self,
        caller: &Caller,
        watch: &'a CallWatch,
        consent: &'a PriorConsent,
    ) -> Context<'a> {
        Context {
            journal: self.journal.clone(),
            target: self.target.clone(),
            actor: caller.actor(&self.operator),
            face: Face::Mcp,
            holder: self.holder.clone(),
            wait_ms: self.wait_ms,
            clock: self.clock.as_ref(),
            entropy: self.entropy.as_ref(),
            reporter: watch,
            confirm: consent,
            secrets: self.secrets.as_ref(),
        }
    }
}

/// The answer that was given before the operation began. A name to be typed is never typed here.
pub(super) struct PriorConsent(pub(super) bool);

impl Confirm for PriorConsent {
    fn agreed_before(&self) -> bool {
        self.0
    }

    fn ask(&self, question: &ConfirmQuestion) -> ConfirmAnswer {
        if self.0 && question.type_name.is_none() { ConfirmAnswer::Yes } else { ConfirmAnswer::Nobody }
    }
}

/// The shortest time between two reports of progress.
const EVERY: Duration = Duration::from_millis(100);

/// The text of a progress notification.
pub(super) type ProgressText = String;

/// The warnings of a call so far.
pub(super) type Warnings = Arc<Mutex<Vec<String>>>;

/// Watches one call: passes its progress on, and interrupts it when the client cancels or the process stops.
pub(super) struct CallWatch {
    /// Cancelled when the client cancels the call.
    pub(super) cancelled: CancellationToken,
    /// Cancelled when the process is asked to stop.
    pub(super) stopping: CancellationToken,
    /// Takes the progress; `None` if the client wants none.
    pub(super) steps: Option<UnboundedSender<ProgressText>>,
    /// What the person has to know before relying on the answer.
    pub(super) warnings: Warnings,
    /// When progress was last passed on.
    pub(super) last: Cell<Option<Instant>>,
}

impl CallWatch {
    /// Watches no call: for what the server reads by itself before the first one.
    pub(super) fn idle() -> Self {
        let (cancelled, stopping) = (CancellationToken::new(), CancellationToken::new());
        Self { cancelled, stopping, steps: None, warnings: Warnings::default(), last: Cell::new(None) }
    }
}

impl Reporter for CallWatch {
    fn progress(&self, step: &str, done: u64, total: u64) {
        let Some(steps) = &self.steps else { return };
        if self.last.get().is_some_and(|last| last.elapsed() < EVERY) {
            return;
        }
        self.last.set(Some(Instant::now()));
        let of = if total > 0 { format!(" of {total}") } else { String::new() };
        // A client that went away needs no progress.
        let _ = steps.send(format!("{step}: {done}{of}"));
    }

    fn note(&self, _: &str) {}

    fn warn(&self, text: &str) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
    }

    fn is_interrupted(&self) -> bool {
        self.cancelled.is_cancelled() || self.stopping.is_cancelled()
    }
}
