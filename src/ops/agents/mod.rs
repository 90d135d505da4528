//! What agents may do, and how often: limits, handles and counted refusals in a folder beside the journal; asks nobody.
//!
//! Several servers may work on one journal: every change of the state is made under a lock of the operating system.

pub mod approve;
mod handles;
mod limits;
mod places;
mod refusals;
mod state;
mod terms;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use mfm_journal::{Face, Journal};

pub use handles::{Handle, PendingAction, RequestedWrite, digest_standing, short_code};
pub use limits::{Limits, check_arguments};
pub use places::{DatabaseAddress, resolve_target};
pub use refusals::is_guardrail;
pub use terms::{Consent, WriteTerms};

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
    let mut journal = context.open_journal_for_writing()?;
    drop(journal.lock(&context.holder)?);
    Ok(())
}

/// The folder in which agents' limits and handles are kept, and what they are held to.
#[derive(Debug)]
pub struct Agents {
    journal: PathBuf,
    folder: PathBuf,
    /// Whether this process saw the state, which then does not vanish by itself.
    seen: AtomicBool,
    limits: Limits,
    /// Calls that this process has set aside for a client, so that not every call has to take the lock.
    leased: Mutex<BTreeMap<String, u64>>,
}

impl Agents {
    /// Returns the guardrails of a journal: `<journal>.agents` beside it. Nothing is made before it is needed.
    #[must_use]
    pub fn for_journal(journal: &Path, limits: Limits) -> Self {
        let mut folder = journal.as_os_str().to_owned();
        folder.push(".agents");
        let leased = Mutex::new(BTreeMap::new());
        Self {
            journal: journal.to_owned(),
            folder: PathBuf::from(folder),
            seen: AtomicBool::new(false),
            limits,
            leased,
        }
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
    fn update_state<T>(&self, change: impl FnOnce(&mut state::ServersState) -> T) -> Result<T, Failure> {
        self.still_there()?;
        let changed = state::update_state(
            &self.folder,
            || state::ServersState { writes: self.count_journaled_writes(), ..Default::default() },
            change,
        );
        self.seen.fetch_or(changed.is_ok(), Ordering::SeqCst);
        changed
    }

    /// Reads the state.
    fn read_state(&self) -> Result<state::ServersState, Failure> {
        self.still_there()?;
        state::read_state(&self.folder)
    }

    fn still_there(&self) -> Result<(), Failure> {
        if self.seen.load(Ordering::SeqCst) && !self.folder.join("state.json").exists() {
            return Err(state::unusable_folder(&self.folder, "its state, which this server saw, is gone"));
        }
        Ok(())
    }

    /// Returns what agents wrote within an hour of their last write, as the journal has it.
    ///
    /// Whose they were is not known there, so each counts for two: as much as all may do is twice what one may.
    fn count_journaled_writes(&self) -> state::Window {
        let Ok(journal) = Journal::open_read(&self.journal) else { return state::Window::default() };
        let mut window = state::Window::default();
        let operations = journal.read_operations(None, 1_000).unwrap_or_default();
        let mut newest_us = None;
        for operation in operations.iter().filter(|operation| operation.face == Face::Mcp.as_str()) {
            let newest_us = *newest_us.get_or_insert(operation.at_us);
            if operation.at_us.saturating_add(limits::HOUR_US) <= newest_us {
                break;
            }
            window.since_us = operation.at_us;
            window.total += 2;
        }
        window
    }
}
