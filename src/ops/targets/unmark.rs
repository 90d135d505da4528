//! `mfm target unmark`: removes mfm's two tables from a target; refuses while an operation depends on them.

use serde_json::json;

use super::{append_entry, nothing_active};
use crate::engine::guard;
use crate::model::ports::{ConfirmQuestion, Danger};
use crate::ops::status::{self, TargetLine};
use crate::ops::{Card, Context, Failure};

/// The command's card.
pub const CARD: Card =
    Card { name: "target unmark", danger: Danger::Destroy, about: "Remove the marker from a target" };

/// Unmarks a target; no command writes to it until it is marked again.
///
/// # Errors
/// A refusal, or a target or journal error.
pub fn run(context: &Context<'_>) -> Result<TargetLine, Failure> {
    let mut journal = context.open_journal_for_writing()?;
    let chosen = context.resolve_target(&journal)?;
    nothing_active(&journal, &chosen.name)?;
    let mut target = context.open_target(&chosen.url)?;
    let standing = guard::check_target(&journal, target.as_mut(), &chosen.name)?;
    guard::nothing_foreign(&standing, &[])?;
    let text = format!("Remove the marker and the list of operations from {}?", chosen.url);
    context.ask_consent(&ConfirmQuestion { text, danger: CARD.danger, type_name: None })?;
    // Checked again under the lock: operations may have been made while the question waited.
    let lock = journal.lock(&context.holder)?;
    nothing_active(&journal, &chosen.name)?;
    guard::nothing_foreign(&guard::check_target(&journal, target.as_mut(), &chosen.name)?, &[])?;
    target.open_writer(context.wait_ms)?.unmark()?;
    append_entry(
        context,
        &mut journal,
        &lock,
        "target_unmarked",
        json!({"name": chosen.name, "identity": standing.identity}),
    )?;
    Ok(status::target_line(context, &journal, &chosen.name, None))
}
