//! Candidates for shell completion: operation numbers and target names of a journal; opens no target, and never fails.

use std::path::Path;

use mfm_journal::{Journal, JournalError};

use super::log;
use super::targets::is_name;

/// Maximum number of operations offered: a longer list is of no use in a shell.
const OPERATIONS_MAX: usize = 100;

/// The kind of candidates to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CandidateKind {
    /// The newest operations.
    Operations,
    /// The operations in effect, newest first.
    Active,
    /// The operations that a crash left open.
    Open,
    /// The registered targets.
    Targets,
}

/// A completion, with a description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The word to insert.
    pub word: String,
    /// A description in one line.
    pub about: String,
}

/// Returns the candidates of a kind; none where the journal cannot be read.
#[must_use]
pub fn list_candidates(journal: &Path, kind: CandidateKind) -> Vec<Candidate> {
    read_candidates(journal, kind).unwrap_or_default()
}

fn read_candidates(path: &Path, kind: CandidateKind) -> Result<Vec<Candidate>, JournalError> {
    let journal = Journal::open_read(path)?;
    let state = journal.state();
    match kind {
        CandidateKind::Operations => {
            let newest = journal.read_operations(None, OPERATIONS_MAX)?;
            Ok(newest.iter().map(|operation| operation_line(&log::describe_operation(&journal, operation))).collect())
        }
        CandidateKind::Active => list_operations(&journal, state.active.keys()),
        CandidateKind::Open => list_operations(&journal, state.open.keys()),
        CandidateKind::Targets => {
            // The word goes into a command line: a journal written by others may hold names that mfm would not make.
            let named = state.targets.iter().filter(|(name, _)| is_name(name));
            Ok(named.map(|(name, target)| Candidate { word: name.clone(), about: target.url.clone() }).collect())
        }
    }
}

fn list_operations<'n>(
    journal: &Journal,
    numbers: impl DoubleEndedIterator<Item = &'n u64>,
) -> Result<Vec<Candidate>, JournalError> {
    let newest: Vec<u64> = numbers.rev().take(OPERATIONS_MAX).copied().collect();
    let mut out = Vec::new();
    for op in newest {
        out.extend(
            journal.read_operation(op)?.map(|operation| operation_line(&log::describe_operation(journal, &operation))),
        );
    }
    Ok(out)
}

fn operation_line(line: &log::LoggedOperation) -> Candidate {
    let what = match line.reverts {
        Some(op) => format!("revert of {op}, {}", line.label.tool),
        None => format!("{} {}", line.label.tool, line.label.variant),
    };
    Candidate { word: line.op.to_string(), about: format!("{what} on {}, {}", line.target, line.state) }
}
