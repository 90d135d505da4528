//! `mfm target remove`: forgets a target; neither the database nor the history changes.

use serde::Serialize;
use serde_json::json;

use super::{append_entry, nothing_active};
use crate::model::ports::Danger;
use crate::ops::{Card, Context, Failure};

/// What it is.
pub const CARD: Card = Card { name: "target remove", danger: Danger::Read, about: "Forget a registered target" };

/// What was forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The name.
    pub name: String,
    /// The URL.
    pub url: String,
}

/// Forgets a target.
///
/// # Errors
/// A refusal, or what the journal says.
pub fn run(context: &Context<'_>) -> Result<Outcome, Failure> {
    let mut journal = context.open_journal_for_writing()?;
    let chosen = context.resolve_target(&journal)?;
    let lock = journal.lock(&context.holder)?;
    nothing_active(&journal, &chosen.name)?;
    append_entry(context, &mut journal, &lock, "target_removed", json!({"name": chosen.name}))?;
    Ok(Outcome { name: chosen.name, url: chosen.url })
}
