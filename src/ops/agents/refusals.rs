//! Refusals of agents in the journal: the first of a kind in an hour, then a count, so that no agent can flood it.

use serde_json::{Value as Json, json};

use super::Agents;
use super::limits::HOUR_US;
use super::state::{RefusalCount, ServersState};
use crate::ops::{Context, Failure, log};

/// The kind of entry.
const KIND: &str = "agent_refused";

/// Tells whether a failure is one that keeps an agent within its limits, and that the journal should know of.
#[must_use]
pub fn is_guardrail(failure: &Failure) -> bool {
    failure.code.starts_with("agent_") || failure.code == "no_consent"
}

impl Agents {
    /// Counts a refusal, and journals the first of its code in an hour; what cannot be journaled stays counted.
    ///
    /// # Errors
    /// The agents' folder.
    pub fn note_refusal(&self, context: &Context<'_>, tool: &str, failure: &Failure) -> Result<(), Failure> {
        let now_us = context.clock.now_us();
        let (first, ended) = self.update_state(|state| {
            let ended = drain_expired(state, now_us);
            let known = state.refused.get_mut(&failure.code);
            let first = known.is_none();
            match known {
                Some(refused) => refused.further += 1,
                None => drop(state.refused.insert(failure.code.clone(), RefusalCount { since_us: now_us, further: 0 })),
            }
            (first, ended)
        })?;
        let mut entries = ended;
        if first {
            entries.push(json!({"code": failure.code, "tool": tool, "further": null, "since": null}));
        }
        if !entries.is_empty() && journal_refusals(context, &entries).is_err() && first {
            // It is as if this one had not been the first.
            self.update_state(|state| state.refused.remove(&failure.code))?;
        }
        Ok(())
    }
}

/// Takes out the kinds whose hour is over, and returns an entry for each that had more than its first.
fn drain_expired(state: &mut ServersState, now_us: i64) -> Vec<Json> {
    let over = |refused: &RefusalCount| now_us >= refused.since_us.saturating_add(HOUR_US);
    let entry = |(code, refused): (&String, &RefusalCount)| {
        let since = log::render_timestamp(refused.since_us);
        json!({"code": code, "tool": null, "further": refused.further, "since": since})
    };
    let ended = state.refused.iter().filter(|(_, refused)| over(refused));
    let entries = ended.filter(|(_, refused)| refused.further > 0).map(entry).collect();
    state.refused.retain(|_, refused| !over(refused));
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
