//! Clock, randomness and process identity from the operating system.

use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use mfm_journal::LockHolder;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use crate::model::ports::{Clock, Entropy};
use crate::ops::{Failure, FailureKind};

pub(super) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one clock that the others come from")]
    fn now_us(&self) -> i64 {
        // A clock before 1970 counts as 1970.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    }

    fn local_time(&self) -> jiff::civil::DateTime {
        let now = jiff::Timestamp::from_microsecond(self.now_us()).unwrap_or_default();
        let local = now.to_zoned(jiff::tz::TimeZone::system()).datetime();
        local.with().subsec_nanosecond(0).build().unwrap_or(local)
    }

    fn offset_minutes(&self, local: jiff::civil::DateTime) -> Option<i16> {
        let zoned = local.to_zoned(jiff::tz::TimeZone::system()).ok()?;
        i16::try_from(zoned.offset().seconds() / 60).ok()
    }
}

/// A generator seeded once by the operating system.
pub(super) struct SystemEntropy(Mutex<ChaCha20Rng>);

impl SystemEntropy {
    /// Seeds the generator.
    ///
    /// # Errors
    /// The operating system offers no randomness.
    pub(super) fn new() -> Result<Self, Failure> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| {
            let message = format!("could not draw random bytes: {error}");
            Failure::new(
                FailureKind::Target,
                "entropy",
                message,
                "the operating system must provide a source of random numbers",
            )
        })?;
        Ok(Self(Mutex::new(ChaCha20Rng::from_seed(seed))))
    }
}

impl Entropy for SystemEntropy {
    fn bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
        bytes
    }
}

/// Returns what a lock says of its holder, for the message that another process prints.
#[expect(clippy::disallowed_methods, reason = "the host's name is no setting")]
pub(super) fn build_holder(command: &str) -> LockHolder {
    let files = ["/proc/sys/kernel/hostname", "/etc/hostname"];
    let host = files.iter().find_map(|path| std::fs::read_to_string(path).ok()).map(|name| name.trim().to_owned());
    // Shells set HOSTNAME without exporting it, so the variable comes last.
    let host = host.or_else(|| std::env::var("HOSTNAME").or_else(|_| std::env::var("COMPUTERNAME")).ok());
    LockHolder {
        pid: std::process::id(),
        host: host.unwrap_or_else(|| "unknown".to_owned()),
        command: format!("mfm {command}"),
    }
}
