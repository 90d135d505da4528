//! The screen of the journal's entries, newest first.

use mfm_journal::Entry;

use super::{matches_search, move_in_list};
use crate::tui::job::{Job, JobLane};
use crate::tui::keys::Action;
use crate::tui::list::ListPosition;
use crate::tui::message::Effect;
use crate::tui::state;

/// How many entries a page has.
pub const PAGE: u64 = 200;

/// The state of the screen.
#[derive(Debug, Default)]
pub struct JournalScreen {
    /// The entries read so far, newest first.
    pub entries: Vec<Entry>,
    /// Why reading failed.
    pub trouble: Option<String>,
    /// The search text.
    pub search: String,
    /// The selected entry.
    pub place: ListPosition,
}

impl JournalScreen {
    /// Returns the entries that match the search.
    #[must_use]
    pub fn visible_entries(&self) -> Vec<&Entry> {
        let mut visible = Vec::new();
        for entry in &self.entries {
            let (seq, op) = (entry.seq.to_string(), entry.op.map(|op| format!("op {op}")).unwrap_or_default());
            if [&seq, &entry.kind, &entry.actor, &op].iter().any(|text| matches_search(text, &self.search)) {
                visible.push(entry);
            }
        }
        visible
    }

    /// Returns the selected entry.
    #[must_use]
    pub fn in_hand(&self) -> Option<&Entry> {
        self.visible_entries().get(self.place.at).copied()
    }
}

/// Requests the newest entries.
pub fn enter(state: &mut state::TuiState) -> Vec<Effect> {
    state.request_job(Job::Entries { before: None })
}

/// Applies a page of entries; `before` is the number it was requested for.
pub fn receive_entries(state: &mut state::TuiState, entries: Vec<Entry>, before: Option<u64>) {
    let journal = &mut state.journal;
    journal.trouble = None;
    let in_hand = journal.in_hand().map(|entry| entry.seq);
    match before {
        None => journal.entries = entries,
        Some(_) => journal.entries.extend(entries),
    }
    // At the top the newest entry stays selected; elsewhere the selected entry does, wherever it moved.
    let at_top = journal.place.at == 0;
    let place = in_hand.and_then(|seq| journal.visible_entries().iter().position(|entry| entry.seq == seq));
    let length = journal.visible_entries().len();
    journal.place.move_to(if at_top { 0 } else { place.unwrap_or(0) }, length);
}

/// Performs an action on this screen.
pub fn perform_action(state: &mut state::TuiState, action: Action) -> Vec<Effect> {
    let rows = super::records::rows_seen(state);
    let length = state.journal.visible_entries().len();
    if move_in_list(&mut state.journal.place, action, rows, length) {
        let oldest = state.journal.entries.last().map(|entry| entry.seq).filter(|seq| *seq > 1);
        let near = state.journal.place.at + 40 >= length;
        return match oldest.filter(|_| near && state.lanes.running_in(JobLane::Journal).is_none()) {
            Some(before) => state.request_job(Job::Entries { before: Some(before) }),
            None => Vec::new(),
        };
    }
    if action == Action::Back {
        state.journal.search.clear();
    }
    Vec::new()
}
