//! Limits how many calls run at once: a few run, some wait, and the rest are refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ops::{Failure, FailureKind};

/// How many calls run at once: each has a thread, a journal and a target open, and rows in memory.
const WORKING_MAX: usize = 4;
/// How many others may wait.
const WAITING_MAX: usize = 250;

/// The slots of a server.
pub(super) struct CallSlots {
    working: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Default for CallSlots {
    fn default() -> Self {
        Self { working: Arc::new(Semaphore::new(WORKING_MAX)), waiting: AtomicUsize::new(0) }
    }
}

/// A call that waits; dropping it ends the count.
struct WaitingCall<'t>(&'t AtomicUsize);

impl Drop for WaitingCall<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl CallSlots {
    /// Waits for a slot, which is held until the permit is dropped.
    ///
    /// # Errors
    /// `agent_busy`: too many wait already.
    pub(super) async fn acquire(&self) -> Result<OwnedSemaphorePermit, Failure> {
        if let Ok(turn) = self.working.clone().try_acquire_owned() {
            return Ok(turn);
        }
        // Counted before it is checked, so that two calls cannot both take the last place.
        let before = self.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiting = WaitingCall(&self.waiting);
        if before >= WAITING_MAX {
            return Err(busy_failure());
        }
        self.working.clone().acquire_owned().await.map_err(|_| busy_failure())
    }
}

fn busy_failure() -> Failure {
    let message = format!("{WORKING_MAX} calls are running and {WAITING_MAX} are waiting");
    Failure::new(FailureKind::Refused, "agent_busy", message, "wait for the pending answers, then call again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k8_a_few_work_some_wait_and_the_rest_is_refused() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let turns = CallSlots::default();
            let mut working = Vec::new();
            for _ in 0..WORKING_MAX {
                working.push(turns.acquire().await.unwrap());
            }
            let mut waiting: Vec<_> = (0..=WAITING_MAX).map(|_| Box::pin(turns.acquire())).collect();
            // The last one is one too many, and is refused at once.
            let polled: Vec<_> = waiting.iter_mut().map(futures_util::FutureExt::now_or_never).collect();
            assert_eq!(polled.iter().filter(|poll| poll.is_none()).count(), WAITING_MAX);
            assert!(matches!(polled.last(), Some(Some(Err(_)))));
            // A slot that is freed goes to the next call; a call that is dropped no longer counts.
            working.pop();
            drop(waiting.pop());
            assert!(waiting.remove(0).await.is_ok());
            drop(waiting);
            assert_eq!(turns.waiting.load(Ordering::SeqCst), 0);
        });
    }
}
