//! Guardrails for agents: limits, handles and counted refusals, kept in the folder `<journal>.agents`.
//!
//! Several processes may work on one journal: every change of the state is made under an operating system lock.

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

/// How often a call is repeated while another writer is in the middle of an operation.
const TURNS: usize = 20;

/// Repeats `work` where it was refused because of an open operation that another writer is just carrying out.
///
/// An operation of a live writer is open only for a moment; one that a crash left open stays, and the refusal with it.
///
/// # Errors
/// The error of `work`.
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

/// Waits until no other process holds the journal's writer lock.
///
/// # Errors
/// A journal error, for instance that the lock is held for too long.
pub fn others_done(context: &Context<'_>) -> Result<(), Failure> {
    let mut journal = context.open_journal_for_writing()?;
    // Taking the lock is the wait; nothing is written.
    drop(journal.lock(&context.holder)?);
    Ok(())
}

/// The guardrails of one journal: the folder that holds their state, and the limits in force.
#[derive(Debug)]
pub struct Agents {
    journal: PathBuf,
    folder: PathBuf,
    /// Whether this process has seen the state file: if it is gone later, somebody removed it.
    seen: AtomicBool,
    limits: Limits,
    /// Calls that this process has reserved for an agent, so that not every call has to take the lock.
    leased: Mutex<BTreeMap<String, u64>>,
}

impl Agents {
    /// Returns the guardrails of a journal, in the folder `<journal>.agents`, which the first write creates.
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

    /// Returns the limits in force.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    fn plan_file(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.plan"))
    }

    /// Reads the state, applies a change to it, and writes it back, all under the lock.
    fn update_state<T>(&self, change: impl FnOnce(&mut state::ServersState) -> T) -> Result<T, Failure> {
        self.still_there()?;
        // A first state starts with the journaled writes: removing the whole folder must not reset the budget.
        let result = state::update_state(
            &self.folder,
            || state::ServersState { writes: self.count_journaled_writes(), ..Default::default() },
            change,
        );
        self.seen.fetch_or(result.is_ok(), Ordering::SeqCst);
        result
    }

    fn read_state(&self) -> Result<state::ServersState, Failure> {
        self.still_there()?;
        state::read_state(&self.folder)
    }

    fn still_there(&self) -> Result<(), Failure> {
        if self.seen.load(Ordering::SeqCst) && !self.folder.join("state.json").exists() {
            return Err(state::unusable_folder(&self.folder, "its state file, which this server had seen, is gone"));
        }
        Ok(())
    }

    /// Returns the journaled writes of agents in the hour before their newest one.
    ///
    /// The journal does not say which agent made them, so they count only against the budget of all agents together.
    /// That budget is twice the budget of one, so each write counts double.
    fn count_journaled_writes(&self) -> state::Window {
        let Ok(journal) = Journal::open_read(&self.journal) else { return state::Window::default() };
        let mut window = state::Window::default();
        // Newest first, and more than any hour's budget holds.
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
