//! SIGINT, SIGTERM and SIGHUP: a flag that operations look at, or an end at once where nothing is being written.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// The signals watched, with the exit code of each.
const WATCHED: [(i32, u8); 2] = [(SIGINT, 130), (SIGTERM, 143)];

/// Returns the signal of a terminal that is closed, with its exit code: what is in effect only while a command runs is
/// taken back then too. Under nohup it is ignored, and stays so; where nobody can tell, it is left as it is.
fn hanging_up() -> Option<(i32, u8)> {
    #[cfg(unix)]
    {
        let status = crate::file::read_text(std::path::Path::new("/proc/self/status"), 1 << 20).ok()?;
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        let ignored = u64::from_str_radix(ignored.trim(), 16).ok()?;
        (ignored & 1 << (signal_hook::consts::SIGHUP - 1) == 0).then_some((signal_hook::consts::SIGHUP, 129))
    }
    #[cfg(not(unix))]
    None
}

/// What signals came in.
#[derive(Clone, Debug, Default)]
pub(super) struct Signals {
    caught: Arc<AtomicUsize>,
    ends_at_once: Arc<AtomicBool>,
}

impl Signals {
    /// Begins to watch; where nothing is written, a signal ends the process at once.
    pub(super) fn watch(&self, writes: bool) {
        self.ends_at_once.store(!writes, Ordering::SeqCst);
        for (signal, code) in WATCHED.into_iter().chain(hanging_up()) {
            // Where a handler cannot be put, the signal ends the process as it always did.
            let _ = flag::register_conditional_shutdown(signal, i32::from(code), self.ends_at_once.clone());
            let _ = flag::register_usize(signal, self.caught.clone(), usize::from(code));
        }
    }

    /// Does something during which a signal ends the process at once: a question to a person, before any write.
    pub(super) fn at_once<T>(&self, ask: impl FnOnce() -> T) -> T {
        self.while_asked(true, ask)
    }

    /// Does something during which a signal is only noted: what has to be put back first, such as a terminal's echo.
    pub(super) fn defer_signals<T>(&self, ask: impl FnOnce() -> T) -> T {
        self.while_asked(false, ask)
    }

    fn while_asked<T>(&self, ends: bool, ask: impl FnOnce() -> T) -> T {
        let before = self.ends_at_once.swap(ends, Ordering::SeqCst);
        let answer = ask();
        self.ends_at_once.store(before, Ordering::SeqCst);
        answer
    }

    /// Tells whether a signal came in.
    pub(super) fn has_signal(&self) -> bool {
        self.exit_code().is_some()
    }

    /// Returns the exit code of the signal that came in.
    pub(super) fn exit_code(&self) -> Option<u8> {
        u8::try_from(self.caught.load(Ordering::SeqCst)).ok().filter(|code| *code != 0)
    }
}
