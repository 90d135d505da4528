//! `mfm target show`: one target, its marker and its tables; reads only.

use std::path::PathBuf;

use mfm_journal::Digest;
use serde::Serialize;

use crate::model::ports::Danger;
use crate::ops::status::{self, TargetLine};
use crate::ops::{Card, Context, Failure};
use crate::targets::Marker;

/// The command's card.
pub const CARD: Card =
    Card { name: "target show", danger: Danger::Read, about: "Show one target, its marker and its tables" };

/// A target with all that is known of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The target as the list shows it.
    #[serde(flatten)]
    pub line: TargetLine,
    /// Its identity, while it is marked.
    pub identity: Option<Digest>,
    /// The marker found in it.
    pub marker: Option<Marker>,
    /// Its identities since it was first marked, oldest first.
    pub lineage: Vec<Digest>,
    /// The number of the operation that was committed last.
    pub newest: Option<u64>,
    /// The names of its tables; empty where it cannot be read.
    pub tables: Vec<String>,
    /// The journal read.
    pub journal: PathBuf,
}

/// Shows a target.
///
/// # Errors
/// A refusal, or a journal error.
pub fn run(context: &Context<'_>) -> Result<Outcome, Failure> {
    let journal = context.open_journal()?;
    let chosen = context.resolve_target(&journal)?;
    let record = journal.state().targets.get(&chosen.name).cloned().unwrap_or_default();
    // A target that cannot be opened is shown with what the journal knows of it.
    let mut target = context.open_target(&chosen.url);
    let marker = target.as_mut().ok().and_then(|target| target.read_marker().ok().flatten());
    let tables = target.as_mut().ok().and_then(|target| target.list_tables().ok()).unwrap_or_default();
    Ok(Outcome {
        line: status::target_line(context, &journal, &chosen.name, None),
        identity: record.identity,
        marker,
        lineage: record.lineage,
        newest: record.newest.map(|newest| newest.op),
        tables,
        journal: context.journal.clone(),
    })
}
