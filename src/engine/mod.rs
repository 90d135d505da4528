//! Plan, journal, target, seal: the only place where journal and target meet; asks nobody and prints nothing.

pub mod apply;
pub mod error;
pub mod gone;
pub mod guard;
pub mod live;
pub mod look;
pub mod recover;
pub mod replay;
pub mod resolve;
pub mod revert;
pub mod terms;

pub use error::EngineError;

use mfm_journal::{Face, Journal, LockHolder, Stamp};

use crate::model::ports::{Clock, Reporter};
use crate::targets::Target;

/// What an engine works with.
pub struct Engine<'a> {
    /// The journal, open for writing.
    pub journal: &'a mut Journal,
    /// The target.
    pub target: &'a mut dyn Target,
    /// The target's registered name.
    pub name: String,
    /// Time.
    pub clock: &'a dyn Clock,
    /// Progress and remarks.
    pub reporter: &'a dyn Reporter,
    /// Who acts.
    pub actor: String,
    /// Through which face.
    pub face: Face,
    /// Who holds the journal's lock meanwhile.
    pub holder: LockHolder,
    /// How long to wait for other writers of the target.
    pub wait_ms: u64,
    /// The newest entry that this engine judged by, or wrote: anything later is somebody else's.
    pub seen: u64,
}

impl Engine<'_> {
    /// Returns who and when, for an entry.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        Stamp { at_us: self.clock.now_us(), actor: self.actor.clone(), face: self.face }
    }
}
