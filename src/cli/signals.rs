//! SIGINT, SIGTERM and SIGHUP: a flag that operations poll while they write, or an end at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// The signals watched, with the exit code of each.
const WATCHED: [(i32, u8); 2] = [(SIGINT, 130), (SIGTERM, 143)];

/// Returns SIGHUP with its exit code, so that a command ends in order when its terminal is closed. `None` under nohup,
/// where the signal is ignored and has to stay so, and on systems that do not show that.
fn hangup_signal() -> Option<(i32, u8)> {
    #[cfg(unix)]
    {
        let status = crate::file::read_text(std::path::Path::new("/proc/self/status"), 1 << 20).ok()?;
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        let ignored = u64::from_str_radix(ignored.trim(), 16).ok()?;
        // A mask in which signal n has bit n - 1.
        (ignored & 1 << (signal_hook::consts::SIGHUP - 1) == 0).then_some((signal_hook::consts::SIGHUP, 129))
    }
    #[cfg(not(unix))]
    None
}

/// The signals received.
#[derive(Clone, Debug, Default)]
pub(super) struct Signals {
    caught: Arc<AtomicUsize>,
    ends_at_once: Arc<AtomicBool>,
}

impl Signals {
    /// Installs the handlers; unless the command `writes`, a signal ends the process at once.
    pub(super) fn watch(&self, writes: bool) {
        self.ends_at_once.store(!writes, Ordering::SeqCst);
        for (signal, code) in WATCHED.into_iter().chain(hangup_signal()) {
            // If a handler cannot be installed, the signal keeps its default effect.
            let _ = flag::register_conditional_shutdown(signal, i32::from(code), self.ends_at_once.clone());
            let _ = flag::register_usize(signal, self.caught.clone(), usize::from(code));
        }
    }

    /// Runs `ask` so that a signal ends the process at once: a question to a person comes before any write.
    pub(super) fn end_on_signal<T>(&self, ask: impl FnOnce() -> T) -> T {
        self.run_with_mode(true, ask)
    }

    /// Runs `ask` so that a signal is only recorded, because a state such as the terminal's echo has to be restored
    /// first.
    pub(super) fn defer_signals<T>(&self, ask: impl FnOnce() -> T) -> T {
        self.run_with_mode(false, ask)
    }

    fn run_with_mode<T>(&self, ends: bool, ask: impl FnOnce() -> T) -> T {
        let before = self.ends_at_once.swap(ends, Ordering::SeqCst);
        let answer = ask();
        self.ends_at_once.store(before, Ordering::SeqCst);
        answer
    }

    /// Tells whether a signal came in.
    pub(super) fn has_signal(&self) -> bool {
        self.exit_code().is_some()
    }

    /// Returns the exit code of the signal that came in: 128 and its number.
    pub(super) fn exit_code(&self) -> Option<u8> {
        // 0 is the initial value, before any signal.
        u8::try_from(self.caught.load(Ordering::SeqCst)).ok().filter(|code| *code != 0)
    }
}
