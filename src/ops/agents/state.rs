//! The guardrails' state, shared by all processes that work on a journal: one small file, changed under a lock.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::handles::Handle;
use crate::file::{self, FileAccess, FileError};
use crate::ops::{Failure, FailureKind};

/// Number of attempts to take the lock, [`LOOK_EVERY`] apart: 2 s in all.
const LOOKS: u32 = 400;
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Content of the lock file once a state was written: a missing state file is then an error and not a fresh start.
const WRITTEN: &str = "a state file was written next to this file\n";

/// The shared state.
///
/// `calls` and `writes` have no serde default: an emptied file must fail to parse rather than reset the limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ServersState {
    /// All requests of agents, reading ones included.
    pub(super) calls: Window,
    /// Writes that were carried out or tried, counted in operations.
    pub(super) writes: Window,
    /// When each command wrote last, in UTC microseconds since 1970.
    #[serde(default)]
    pub(super) wrote_us: BTreeMap<String, i64>,
    /// Circuit breakers, by target.
    #[serde(default)]
    pub(super) breakers: BTreeMap<String, Breaker>,
    /// Refusals, by code.
    #[serde(default)]
    pub(super) refused: BTreeMap<String, RefusalCount>,
    /// Writes that wait for consent, by handle.
    #[serde(default)]
    pub(super) handles: BTreeMap<String, Handle>,
}

/// Counts within one hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Window {
    /// When the hour began, in UTC microseconds since 1970.
    pub(super) since_us: i64,
    /// Count of all agents together.
    pub(super) total: u64,
    /// Count of each agent; the empty name stands for those not counted by name.
    pub(super) clients: BTreeMap<String, u64>,
}

/// Recent failures of a target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Breaker {
    /// Failures since the last success.
    pub(super) failures: u32,
    /// When the newest of them was, in UTC microseconds since 1970.
    pub(super) at_us: i64,
}

/// Refusals of one code within an hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct RefusalCount {
    /// When the first of them was, in UTC microseconds since 1970.
    pub(super) since_us: i64,
    /// How many followed the first, and are not journaled yet.
    pub(super) further: u64,
}

/// Returns the failure for a folder that cannot be used: agents are then refused altogether.
pub(super) fn unusable_folder(folder: &Path, why: &str) -> Failure {
    let message = format!("the agents' folder {} cannot be used: {why}", folder.display());
    let hint = "the operator must check the folder, and may delete it; without its limits no agent is served";
    Failure::new(FailureKind::Journal, "agents_folder", message, hint)
}

/// Reads the state, applies a change to it, and writes it back, all under the lock; `fresh` makes the first state.
pub(super) fn update_state<T>(
    folder: &Path,
    fresh: impl FnOnce() -> ServersState,
    change: impl FnOnce(&mut ServersState) -> T,
) -> Result<T, Failure> {
    ensure_folder(folder).map_err(|error| unusable_folder(folder, &error.to_string()))?;
    let mut lock = lock_folder(folder)?;
    let before = find_state(folder)?;
    let mut state = before.clone().unwrap_or_else(fresh);
    let result = change(&mut state);
    if before.as_ref() != Some(&state) {
        let text = serde_json::to_string(&state).map_err(|error| unusable_folder(folder, &error.to_string()))?;
        // Readable by its owner alone: it holds questions and handles.
        file::replace_file(&folder.join("state.json"), &text, FileAccess::Private, |_| true)
            .map_err(|error| unusable_folder(folder, &error.to_string()))?;
        // After the state and not before: a crash in between must not leave a lock file that misses its state.
        if before.is_none() {
            lock.write_all(WRITTEN.as_bytes())
                .map_err(|error| unusable_folder(folder, &FileError::from(error).to_string()))?;
        }
    }
    Ok(result)
}

/// Creates the folder, accessible to its owner alone.
fn ensure_folder(folder: &Path) -> Result<(), FileError> {
    if folder.is_dir() { Ok(()) } else { file::make_folder(folder, FileAccess::Private) }
}

fn lock_folder(folder: &Path) -> Result<File, Failure> {
    let file = file::open_lock(&folder.join("lock")).map_err(|error| unusable_folder(folder, &error.to_string()))?;
    for _ in 0..LOOKS {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => sleep(LOOK_EVERY),
            Err(TryLockError::Error(error)) => {
                return Err(unusable_folder(folder, &FileError::from(error).to_string()));
            }
        }
    }
    Err(unusable_folder(folder, "another server holds its lock"))
}

/// Reads the state; an empty one where none was written yet.
pub(super) fn read_state(folder: &Path) -> Result<ServersState, Failure> {
    find_state(folder).map(Option::unwrap_or_default)
}

/// Returns the stored state; `None` only where none was ever written: losing the file must not reset the limits.
fn find_state(folder: &Path) -> Result<Option<ServersState>, Failure> {
    match file::read_text(&folder.join("state.json"), file::DATA_BYTES_MAX) {
        Ok(text) => {
            let state = serde_json::from_str(&text);
            state.map(Some).map_err(|error| unusable_folder(folder, &format!("state.json: {error}")))
        }
        Err(error) if error.is_missing() => match std::fs::metadata(folder.join("lock")) {
            Ok(lock) if lock.len() > 0 => Err(unusable_folder(folder, "state.json, written earlier, is gone")),
            _ => Ok(None),
        },
        Err(error) => Err(unusable_folder(folder, &error.to_string())),
    }
}
