//! `mfm target list`: all registered targets, each with the guard's verdict; reads only.

use std::path::PathBuf;

use serde::Serialize;

use crate::model::ports::Danger;
use crate::ops::status::{self, TargetLine};
use crate::ops::{Card, Context, Failure};

/// The command's card.
pub const CARD: Card = Card { name: "target list", danger: Danger::Read, about: "List the registered targets" };

/// The list of targets.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The targets, by name.
    pub targets: Vec<TargetLine>,
    /// The journal read.
    pub journal: PathBuf,
}

/// Lists the targets.
///
/// # Errors
/// A journal error.
pub fn run(context: &Context<'_>) -> Result<Outcome, Failure> {
    let journal = context.open_journal()?;
    let names: Vec<String> = journal.state().targets.keys().cloned().collect();
    let targets = names.iter().map(|name| status::target_line(context, &journal, name, None)).collect();
    Ok(Outcome { targets, journal: context.journal.clone() })
}
