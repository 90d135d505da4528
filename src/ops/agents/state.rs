//! The state that all servers of a journal share: one small file, changed under a lock; decides nothing.

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

/// How long to wait for another server: this many looks, [`LOOK_EVERY`] apart.
const LOOKS: u32 = 400;
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// What the lock's file says once a state was written.
const WRITTEN: &str = "a state was written beside this file\n";

/// What the servers of a journal know together.
///
/// What it counts has to be there: an emptied state would be limits that do not hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ServersState {
    /// Every call of a tool, a resource or a prompt.
    pub(super) calls: Window,
    /// Writes that were carried out or tried, by their operations.
    pub(super) writes: Window,
    /// When each tool wrote last, in UTC microseconds since 1970.
    #[serde(default)]
    pub(super) wrote_us: BTreeMap<String, i64>,
    /// Targets that failed lately.
    #[serde(default)]
    pub(super) breakers: BTreeMap<String, Breaker>,
    /// Refusals by their code.
    #[serde(default)]
    pub(super) refused: BTreeMap<String, RefusalCount>,
    /// Writes that wait for a yes.
    #[serde(default)]
    pub(super) handles: BTreeMap<String, Handle>,
}

/// What was counted within an hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Window {
    /// When the hour began.
    pub(super) since_us: i64,
    /// How many in all.
    pub(super) total: u64,
    /// How many of each client.
    pub(super) clients: BTreeMap<String, u64>,
}

/// How a target did lately.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Breaker {
    /// Failures since the last success.
    pub(super) failures: u32,
    /// When the newest of them was.
    pub(super) at_us: i64,
}

/// Refusals of one code within an hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct RefusalCount {
    /// When the first of them was.
    pub(super) since_us: i64,
    /// How many followed it, and are not journaled yet.
    pub(super) further: u64,
}

/// Returns the failure of a folder that cannot be used: an agent then gets nothing.
pub(super) fn unusable_folder(folder: &Path, why: &str) -> Failure {
    let message = format!("the agents' folder {} cannot be used: {why}", folder.display());
    let hint = "the operator has to look at the folder, and may remove it whole; without its limits no agent is served";
    Failure::new(FailureKind::Journal, "agents_folder", message, hint)
}

/// Reads the state, lets something change it, and writes it back, all under the lock; `fresh` makes the first.
pub(super) fn update_state<T>(
    folder: &Path,
    fresh: impl FnOnce() -> ServersState,
    change: impl FnOnce(&mut ServersState) -> T,
) -> Result<T, Failure> {
    let failed = |error: FileError| unusable_folder(folder, &error.to_string());
    ensure_folder(folder).map_err(failed)?;
    let mut lock = lock_folder(folder)?;
    let before = find_state(folder)?;
    let mut state = before.clone().unwrap_or_else(fresh);
    let out = change(&mut state);
    if before.as_ref() != Some(&state) {
        let text = serde_json::to_string(&state).map_err(|error| unusable_folder(folder, &error.to_string()))?;
        // Only its owner may read it: questions and handles wait in it.
        file::replace_file(&folder.join("state.json"), &text, FileAccess::Private, |_| true).map_err(failed)?;
        if before.is_none() {
            lock.write_all(WRITTEN.as_bytes()).map_err(|error| failed(error.into()))?;
        }
    }
    Ok(out)
}

/// Makes the folder, which only its owner may look into.
fn ensure_folder(folder: &Path) -> Result<(), FileError> {
    if folder.is_dir() { Ok(()) } else { file::make_folder(folder, FileAccess::Private) }
}

fn lock_folder(folder: &Path) -> Result<File, Failure> {
    let failed = |error: FileError| unusable_folder(folder, &error.to_string());
    let file = file::open_lock(&folder.join("lock")).map_err(failed)?;
    for _ in 0..LOOKS {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => sleep(LOOK_EVERY),
            Err(TryLockError::Error(error)) => return Err(failed(error.into())),
        }
    }
    Err(unusable_folder(folder, "another server holds its lock"))
}

/// Reads the state; where none was written yet, an empty one.
pub(super) fn read_state(folder: &Path) -> Result<ServersState, Failure> {
    find_state(folder).map(Option::unwrap_or_default)
}

/// What cannot be read is no empty state, and one that was written is not gone: limits that were lost do not hold.
fn find_state(folder: &Path) -> Result<Option<ServersState>, Failure> {
    match file::read_text(&folder.join("state.json"), file::DATA_BYTES_MAX) {
        Ok(text) => {
            let state = serde_json::from_str(&text);
            state.map(Some).map_err(|error| unusable_folder(folder, &format!("state.json: {error}")))
        }
        Err(error) if error.is_missing() => match std::fs::metadata(folder.join("lock")) {
            Ok(lock) if lock.len() > 0 => Err(unusable_folder(folder, "state.json, which was written before, is gone")),
            _ => Ok(None),
        },
        Err(error) => Err(unusable_folder(folder, &error.to_string())),
    }
}
