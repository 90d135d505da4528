//! `mfm target show`: one target, its marker and its tables; reads only.

use std::path::PathBuf;

use mfm_journal::Digest;
use serde::Serialize;

use crate::model::ports::Danger;
use crate::ops::status::{self, TargetLine};
use crate::ops::{Card, Context, Failure};
use crate::targets::Marker;

/// What it is.
pub const CARD: Card =
    Card { name: "target show", danger: Danger::Read, about: "Show one target, its marker and its tables" };

/// What is known of a target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// What the list says of it.
    #[serde(flatten)]
    pub line: TargetLine,
    /// Its identity, while it is marked.
    pub identity: Option<Digest>,
    /// The marker found in it.
    pub marker: Option<Marker>,
    /// The identities it had, oldest first.
    pub lineage: Vec<Digest>,
    /// The operation that committed last.
    pub newest: Option<u64>,
    /// Its tables.
    pub tables: Vec<String>,
    /// The journal read.
    pub journal: PathBuf,
}

/// Shows a target.
///
/// # Errors
/// A refusal, or what the journal says.
pub fn run(context: &Context<'_>) -> Result<Outcome, Failure> {
    let journal = context.open_journal()?;
    let chosen = context.resolve_target(&journal)?;
    let record = journal.state().targets.get(&chosen.name).cloned().unwrap_or_default();
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
