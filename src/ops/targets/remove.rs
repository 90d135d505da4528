//! `mfm target remove`: removes a target from the registry; the database and the history stay as they are.

use serde::Serialize;
use serde_json::json;

use super::{append_entry, nothing_active};
use crate::model::ports::Danger;
use crate::ops::{Card, Context, Failure};

/// The command's card.
pub const CARD: Card = Card { name: "target remove", danger: Danger::Read, about: "Remove a target from the list" };

/// The removed target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The name.
    pub name: String,
    /// The URL.
    pub url: String,
}

/// Removes a target from the registry.
///
/// # Errors
/// A refusal, or a journal error.
pub fn run(context: &Context<'_>) -> Result<Outcome, Failure> {
    let mut journal = context.open_journal_for_writing()?;
    let chosen = context.resolve_target(&journal)?;
    // Checked under the lock, so that no operation can begin in between.
    let lock = journal.lock(&context.holder)?;
    nothing_active(&journal, &chosen.name)?;
    append_entry(context, &mut journal, &lock, "target_removed", json!({"name": chosen.name}))?;
    Ok(Outcome { name: chosen.name, url: chosen.url })
}
