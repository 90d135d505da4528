//! What the process gives the server: where the journal is, who runs it, time, chance, passwords; decides nothing.

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
    /// The target that is meant where a call names none.
    pub target: Option<String>,
    /// The person who runs the server.
    pub operator: String,
    /// Who holds locks meanwhile.
    pub holder: LockHolder,
    /// How long to wait for other writers of a target.
    pub wait_ms: u64,
    /// Time.
    pub clock: Box<dyn Clock + Send + Sync>,
    /// Chance.
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

/// The answer that was had before the operation began; a name to be typed is never typed here.
pub(super) struct PriorConsent(pub(super) bool);

impl Confirm for PriorConsent {
    fn agreed_before(&self) -> bool {
        self.0
    }

    fn ask(&self, question: &ConfirmQuestion) -> ConfirmAnswer {
        if self.0 && question.type_name.is_none() { ConfirmAnswer::Yes } else { ConfirmAnswer::Nobody }
    }
}

/// How often progress is reported at most.
const EVERY: Duration = Duration::from_millis(100);

/// A step of something long, in words.
pub(super) type ProgressText = String;

/// What was warned of during a call.
pub(super) type Warnings = Arc<Mutex<Vec<String>>>;

/// Watches one call: hands its progress on, and ends it between steps when the client or the process wants that.
pub(super) struct CallWatch {
    /// The client cancelled the call.
    pub(super) cancelled: CancellationToken,
    /// The process is asked to end.
    pub(super) stopping: CancellationToken,
    /// Where progress goes, where the client wants it.
    pub(super) steps: Option<UnboundedSender<ProgressText>>,
    /// What the person behind the client has to know before going by the answer.
    pub(super) warnings: Warnings,
    /// When the last step was handed on.
    pub(super) last: Cell<Option<Instant>>,
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
