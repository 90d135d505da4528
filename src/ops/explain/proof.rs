//! The proof of an operation: its digests, computed again from the images, and its uid in the target.

use std::ops::ControlFlow;

use mfm_journal::{Digest, Journal, Operation, OperationVerdict};
use serde::Serialize;

use crate::engine::EngineError;
use crate::ops::{Context, Failure};
use crate::plan::RowsTree;
use crate::targets::OperationState;

/// The proof of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Whether the computed root equals the journaled one.
    pub holds: bool,
    /// The uid: the digest of the `intended` entry.
    pub uid: Digest,
    /// The sequence number of the `intended` entry.
    pub intended_entry: u64,
    /// The sequence number of the entry with the newest verdict; null while it is open.
    pub sealed_entry: Option<u64>,
    /// The newest verdict; null while it is open.
    pub verdict: Option<OperationVerdict>,
    /// The plan's digest.
    pub plan_digest: Digest,
    /// The journaled RFC 6962 root over the changes.
    pub rows_root: Digest,
    /// The root computed from the images.
    pub rows_root_computed: Digest,
    /// Number of image chunks read, each of which has the digest that the entry names.
    pub chunks: u64,
    /// The operation's row in the target.
    pub target: TargetProof,
    /// The steps by which an auditor checks all this without trusting this program.
    pub how: Vec<String>,
}

/// The operation's row in a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TargetProof {
    /// `committed`, `abandoned`, `absent` or `unknown`.
    pub state: &'static str,
    /// Whether that agrees with the journal; null where it is unknown, or the operation is open.
    pub agrees: Option<bool>,
    /// Why it is unknown; null otherwise.
    pub why: Option<String>,
}

/// Computes the proof of an operation.
pub(super) fn compute_proof(context: &Context<'_>, journal: &Journal, operation: &Operation) -> Result<Proof, Failure> {
    // One change at a time: an operation may have more of them than fit into memory.
    let mut tree = RowsTree::default();
    let mut tree_error = None;
    journal.visit_changes(operation, &mut |change| match tree.add(&change) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            tree_error = Some(error);
            ControlFlow::Break(())
        }
    })?;
    if let Some(error) = tree_error {
        return Err(EngineError::from(error).into());
    }
    let rows_root_computed = tree.root();
    Ok(Proof {
        holds: rows_root_computed == operation.rows_root,
        uid: operation.uid,
        intended_entry: operation.intended_seq,
        sealed_entry: operation.sealed.as_ref().map(|entry| entry.seq),
        verdict: operation.verdict,
        plan_digest: operation.plan_digest,
        rows_root: operation.rows_root,
        rows_root_computed,
        chunks: operation.chunks.len() as u64,
        target: read_target_state(context, journal, operation),
        how: list_audit_steps(operation),
    })
}

/// Reads the operation's row in the target, by its uid.
fn read_target_state(context: &Context<'_>, journal: &Journal, operation: &Operation) -> TargetProof {
    let name = &operation.target.name;
    let Some(record) = journal.state().targets.get(name) else {
        return TargetProof { state: "unknown", agrees: None, why: Some(format!("{name} is no longer registered")) };
    };
    let row = context.open_target(&record.url).and_then(|mut target| target.find_operation(&operation.uid));
    let state = match row {
        Err(error) => return TargetProof { state: "unknown", agrees: None, why: Some(error.to_string()) },
        Ok(row) => row.map(|row| row.state),
    };
    let word = match state {
        Some(OperationState::Committed) => "committed",
        Some(OperationState::Abandoned) => "abandoned",
        None => "absent",
    };
    let agrees = match (operation.verdict, state) {
        (None, _) => None,
        (Some(OperationVerdict::Applied), state) => Some(state == Some(OperationState::Committed)),
        // Failed, abandoned and gone operations have no row, or a tombstone: both are consistent.
        (Some(_), state) => Some(state != Some(OperationState::Committed)),
    };
    TargetProof { state: word, agrees, why: None }
}

fn list_audit_steps(operation: &Operation) -> Vec<String> {
    let (uid, name) = (operation.uid, &operation.target.name);
    vec![
        format!(
            "entry {} of the journal has the uid as its digest, and contains the digest of the previous entry",
            operation.intended_seq
        ),
        "its body lists the chunks of images by digest; the SHA-256 of each chunk is that digest".to_owned(),
        "the RFC 6962 root over the changes in them is the rows root of the body".to_owned(),
        format!("in {name}: SELECT state FROM mfm_operation WHERE uid = '{uid}'"),
        "an audit of the live target does this for every operation; journal/verify.py reads the journal without mfm"
            .to_owned(),
    ]
}
