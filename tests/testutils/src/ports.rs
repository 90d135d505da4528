//! The ports as tests want them: clocks that stand or tick, chance that counts, nobody to tell, nobody to ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use jiff::civil::{DateTime, datetime};
use mfm::model::Refusal;
use mfm::model::ports::{Account, Clock, Confirm, ConfirmAnswer, ConfirmQuestion, Entropy, Reporter, Secrets};

/// When tests take place on this clock: UTC microseconds since 1970.
const MOMENT_US: i64 = 1_795_000_000_000_000;

/// What the clock on the wall says there.
const LOCAL_TIME: DateTime = datetime(2026, 11, 21, 12, 0, 0, 0);

/// A clock that stands, so that every run says the same.
pub struct StandingClock;

impl Clock for StandingClock {
    fn now_us(&self) -> i64 {
        MOMENT_US
    }

    fn local_time(&self) -> DateTime {
        LOCAL_TIME
    }
}

/// A clock that goes on with every look; its clones go on together.
#[derive(Clone)]
pub struct TickingClock {
    /// What it says at the next look, UTC microseconds since 1970. Below 0 it panics, which a test may want.
    pub now_us: Arc<AtomicI64>,
    tick_us: i64,
    local_time: DateTime,
}

impl TickingClock {
    /// Starts in 2026 and goes on by a second.
    pub fn by_seconds() -> Self {
        Self { now_us: Arc::new(AtomicI64::new(MOMENT_US + 1_000_000)), tick_us: 1_000_000, local_time: LOCAL_TIME }
    }

    /// Starts at a moment, in UTC microseconds since 1970, and goes on by a millisecond; on the wall it is 2024, the
    /// day after a lab's last.
    pub fn by_milliseconds(from_us: i64) -> Self {
        let local_time = datetime(2024, 6, 29, 12, 0, 0, 0);
        Self { now_us: Arc::new(AtomicI64::new(from_us)), tick_us: 1_000, local_time }
    }

    /// Lets every later look see the same moment.
    pub fn stop(&mut self) {
        self.tick_us = 0;
    }
}

impl Clock for TickingClock {
    fn now_us(&self) -> i64 {
        let now = self.now_us.fetch_add(self.tick_us, Ordering::SeqCst);
        assert!(now >= 0, "this clock panics");
        now
    }

    fn local_time(&self) -> DateTime {
        self.local_time
    }
}

/// Chance that counts: eight bytes of the count, then eight that stay.
pub struct CountingEntropy {
    count: AtomicU64,
    rest: u8,
}

impl CountingEntropy {
    /// Counts on from a number.
    pub fn above(count: u64, rest: u8) -> Self {
        Self { count: AtomicU64::new(count), rest }
    }
}

impl Entropy for CountingEntropy {
    fn bytes(&self) -> [u8; 16] {
        let mut bytes = [self.rest; 16];
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        bytes[..8].copy_from_slice(&count.to_be_bytes());
        bytes
    }
}

/// Tells nobody anything.
pub struct SilentReporter;

impl Reporter for SilentReporter {
    fn progress(&self, _: &str, _: u64, _: u64) {}
    fn note(&self, _: &str) {}
}

/// Answers every question alike.
pub struct SameAnswer(pub ConfirmAnswer);

impl Confirm for SameAnswer {
    fn ask(&self, _: &ConfirmQuestion) -> ConfirmAnswer {
        self.0
    }
}

/// One password for every login.
pub struct OnePassword(pub String);

impl Secrets for OnePassword {
    fn password(&self, _: &Account<'_>) -> Result<String, String> {
        Ok(self.0.clone())
    }

    fn permit_login(&self, _: &str) -> Result<(), Refusal> {
        Ok(())
    }
}
