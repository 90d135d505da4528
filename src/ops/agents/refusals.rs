//! Journals refusals of agents: the first of each code in an hour, then only a count, so that the journal stays small.

use serde_json::{Value as Json, json};

use super::Agents;
use super::limits::HOUR_US;
use super::state::{RefusalCount, ServersState};
use crate::ops::{Context, Failure, log};

/// The entry kind in the journal.
const KIND: &str = "agent_refused";

/// Returns whether a failure comes from a guardrail, so that it is journaled.
#[must_use]
pub fn is_guardrail(failure: &Failure) -> bool {
    failure.code.starts_with("agent_") || failure.code == "no_consent"
}

impl Agents {
    /// Counts a refusal, and journals the first of its code in an hour.
    ///
    /// # Errors
    /// An error of the agents' folder. A journal that cannot be written is none: the refusal itself still holds.
    pub fn note_refusal(&self, context: &Context<'_>, tool: &str, failure: &Failure) -> Result<(), Failure> {
        let now_us = context.clock.now_us();
        let (is_first, mut entries) = self.update_state(|state| {
            let entries = drain_expired(state, now_us);
            let count = state.refused.get_mut(&failure.code);
            let is_first = count.is_none();
            match count {
                Some(count) => count.further += 1,
                None => drop(state.refused.insert(failure.code.clone(), RefusalCount { since_us: now_us, further: 0 })),
            }
            (is_first, entries)
        })?;
        if is_first {
            entries.push(json!({"code": failure.code, "tool": tool, "further": null, "since": null}));
        }
        if !entries.is_empty() && journal_refusals(context, &entries).is_err() && is_first {
            // Forgets the count, so that the next refusal of this code is journaled as the first.
            self.update_state(|state| state.refused.remove(&failure.code))?;
        }
        Ok(())
    }
}

/// Removes the codes whose hour is over, and returns an entry for each that had more refusals than the journaled one.
fn drain_expired(state: &mut ServersState, now_us: i64) -> Vec<Json> {
    let mut entries = Vec::new();
    state.refused.retain(|code, count| {
        if now_us < count.since_us.saturating_add(HOUR_US) {
            return true;
        }
        if count.further > 0 {
            let since = log::render_timestamp(count.since_us);
            entries.push(json!({"code": code, "tool": null, "further": count.further, "since": since}));
        }
        false
    });
    entries
}

fn journal_refusals(context: &Context<'_>, entries: &[Json]) -> Result<(), Failure> {
    let mut journal = context.open_journal_for_writing()?;
    let lock = journal.lock(&context.holder)?;
    for body in entries {
        journal.append(&lock, &context.stamp(), KIND, body.clone())?;
    }
    journal.checkpoint();
    Ok(())
}
