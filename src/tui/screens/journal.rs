//! The entries of the journal, newest first, as they stand there.

use mfm_journal::Entry;

use super::{matches_search, move_in_list};
use crate::tui::job::{Job, JobLane};
use crate::tui::keys::Action;
use crate::tui::list::ListPosition;
use crate::tui::message::Effect;
use crate::tui::state;

/// How many entries are fetched in one go.
pub const PAGE: u64 = 200;

/// What is known of the journal.
#[derive(Debug, Default)]
pub struct JournalScreen {
    /// The entries, newest first.
    pub entries: Vec<Entry>,
    /// What went wrong.
    pub trouble: Option<String>,
    /// What is looked for.
    pub search: String,
    /// Which entry is in hand.
    pub place: ListPosition,
}

impl JournalScreen {
    /// Returns the entries that fit the search.
    #[must_use]
    pub fn visible_entries(&self) -> Vec<&Entry> {
        let fits = |entry: &&Entry| {
            let (seq, op) = (entry.seq.to_string(), entry.op.map(|op| format!("op {op}")).unwrap_or_default());
            [&seq, &entry.kind, &entry.actor, &op].iter().any(|text| matches_search(text, &self.search))
        };
        self.entries.iter().filter(fits).collect()
    }

    /// Returns the entry in hand.
    #[must_use]
    pub fn in_hand(&self) -> Option<&Entry> {
        self.visible_entries().get(self.place.at).copied()
    }
}

/// Asks for what it shows.
pub fn enter(state: &mut state::TuiState) -> Vec<Effect> {
    state.request_job(Job::Entries { before: None })
}

/// Takes in entries.
pub fn receive_entries(state: &mut state::TuiState, entries: Vec<Entry>, before: Option<u64>) {
    let journal = &mut state.journal;
    journal.trouble = None;
    let in_hand = journal.in_hand().map(|entry| entry.seq);
    match before {
        None => journal.entries = entries,
        Some(_) => journal.entries.extend(entries),
    }
    let at_top = journal.place.at == 0;
    let place = in_hand.and_then(|seq| journal.visible_entries().iter().position(|entry| entry.seq == seq));
    let length = journal.visible_entries().len();
    journal.place.move_to(if at_top { 0 } else { place.unwrap_or(0) }, length);
}

/// Does what a key says.
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
