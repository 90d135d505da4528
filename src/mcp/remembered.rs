//! A cache of the newest status, for agents that ask often. It is valid until a file changes that the status was read
//! from.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::answers::{ToolAnswer, list_field, text_field};
use super::schema::Object;
use crate::ops::watermark::Watermark;

/// The cache of `status`.
#[derive(Default)]
pub(super) struct StatusCache(Mutex<LastStatus>);

#[derive(Default)]
struct LastStatus {
    /// The files that the status was read from; empty if one of the targets is not a file.
    files: Vec<PathBuf>,
    answer: Option<(Object, Watermark, ToolAnswer)>,
}

impl StatusCache {
    fn lock_status(&self) -> MutexGuard<'_, LastStatus> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the status for these arguments, unless something changed.
    pub(super) fn get(&self, arguments: &Object) -> Option<ToolAnswer> {
        let state = self.lock_status();
        let (key, mark, answer) = state.answer.as_ref()?;
        (key == arguments && mark.holds()).then(|| answer.clone())
    }

    /// Marks the state of the files; to be called before they are read.
    pub(super) fn take_watermark(&self) -> Watermark {
        Watermark::from_databases(&self.lock_status().files)
    }

    /// Stores a status, if it was read from the same files that were marked.
    pub(super) fn store_status(&self, arguments: Object, mark: Watermark, answer: &ToolAnswer) {
        let mut state = self.lock_status();
        let files = list_files(answer);
        state.answer = (!files.is_empty() && files == state.files).then(|| (arguments, mark, answer.clone()));
        state.files = files;
    }
}

/// Lists the files that a status was read from; empty if a target is not a file, or not all targets are listed.
fn list_files(answer: &ToolAnswer) -> Vec<PathBuf> {
    let targets =
        list_field(&answer.json, "targets").iter().map(|target| text_field(target, "url").strip_prefix("sqlite:"));
    let targets: Option<Vec<PathBuf>> = targets.map(|path| path.map(PathBuf::from)).collect();
    let journal = PathBuf::from(text_field(&answer.json, "journal"));
    let cut = answer.json.get("targets_left_out").is_some();
    targets.filter(|_| !cut).map(|targets| [vec![journal], targets].concat()).unwrap_or_default()
}
