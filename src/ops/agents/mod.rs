//! What agents may do, and how often: limits, handles and counted refusals in a folder beside the journal; asks nobody.
//!
//! Several servers may work on one journal: every change of the state is made under a lock of the operating system.

mod handles;
mod limits;
mod places;
mod refusals;
mod state;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

pub use handles::{Handle, Pending, standing};
pub use limits::{Limits, measured};
pub use places::{Place, resolve};
pub use refusals::is_guardrail;

use super::Context;
use super::failure::Failure;

/// How often a call looks again at an operation that somebody was at work on.
const TURNS: usize = 20;

/// Does something again where another writer was in the middle of an operation: such a one is open, and not left open.
///
/// # Errors
/// What the work says.
pub fn after_others<T>(context: &Context<'_>, mut work: impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
    for _ in 0..TURNS {
        match work() {
            Err(failure) if failure.code == "recover_first" && others_done(context).is_ok() => {}
            done => return done,
        }
        context.go_on()?;
    }
    work()
}

/// Waits until nobody writes the journal.
///
/// # Errors
/// What the journal says, for instance that somebody writes for too long.
pub fn others_done(context: &Context<'_>) -> Result<(), Failure> {
    let mut journal = context.writing()?;
    drop(journal.lock(&context.holder)?);
    Ok(())
}

/// The folder in which agents' limits and handles are kept, and what they are held to.
#[derive(Debug)]
pub struct Agents {
    folder: PathBuf,
    limits: Limits,
    /// Calls that this process has set aside for a client, so that not every call has to take the lock.
    leased: Mutex<BTreeMap<String, u64>>,
}

impl Agents {
    /// Returns the guardrails of a journal: `<journal>.agents` beside it. Nothing is made before it is needed.
    #[must_use]
    pub fn beside(journal: &Path, limits: Limits) -> Self {
        let mut folder = journal.as_os_str().to_owned();
        folder.push(".agents");
        Self { folder: PathBuf::from(folder), limits, leased: Mutex::new(BTreeMap::new()) }
    }

    /// Returns what agents are held to.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Returns the file in which the plan behind a handle is kept.
    fn plan_file(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.plan"))
    }

    /// Reads the state, lets something change it, and writes it back, all under the lock.
    fn change<T>(&self, change: impl FnOnce(&mut state::State) -> T) -> Result<T, Failure> {
        state::change(&self.folder, change)
    }
}
