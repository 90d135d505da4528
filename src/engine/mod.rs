//! Plan, journal, target, seal: the only floor where journal and target meet. It asks for no consent and prints
//! nothing.

pub mod apply;
pub mod error;
pub mod gone;
pub mod guard;
pub mod live;
pub mod recover;
pub mod replay;
pub mod reread;
pub mod resolve;
pub mod revert;
pub mod terms;

pub use error::EngineError;

use mfm_journal::{Face, Journal, LockHolder, Stamp};

use crate::model::ports::{Clock, Reporter};
use crate::targets::Target;

/// The engine: a journal and a target, with the ports that it uses.
pub struct Engine<'a> {
    /// The journal, open for writing.
    pub journal: &'a mut Journal,
    /// The target, as opened by the caller.
    pub target: &'a mut dyn Target,
    /// The target's registered name.
    pub name: String,
    /// The clock for entries and tombstones.
    pub clock: &'a dyn Clock,
    /// Takes progress and remarks, and tells whether to stop.
    pub reporter: &'a dyn Reporter,
    /// The name of the person or agent who acts, for entries.
    pub actor: String,
    /// The face through which they act, for entries.
    pub face: Face,
    /// The process that holds the journal's lock during an operation.
    pub holder: LockHolder,
    /// How long to wait for other writers of the target, milliseconds.
    pub wait_ms: u64,
    /// The number of the newest entry that this engine judged by or wrote: a later one comes from another process.
    pub seen: u64,
}

impl Engine<'_> {
    /// Returns the time, actor and face for a new entry.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        Stamp { at_us: self.clock.now_us(), actor: self.actor.clone(), face: self.face }
    }
}
