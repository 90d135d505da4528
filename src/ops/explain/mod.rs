//! `mfm explain`: one operation in words, the effect of a revert now, what blocks it, and its proof; reads only.

use clap::Args;
use mfm_journal::{Journal, Operation, OperationAction, Residue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::failure::Failure;
use super::show;
use super::{Card, render_count};
use crate::model::NextStep;
use crate::model::Refusal;
use crate::model::ports::Danger;

mod inverse;
mod proof;

pub use inverse::{Inverse, InverseState, RevertBlock};
pub use proof::{Proof, TargetProof};

/// The command's card.
pub const CARD: Card = Card {
    name: "explain",
    danger: Danger::Read,
    about: "Explain one operation: its revert, what blocks it, its proof",
};

/// Which operation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// The operation's number
    #[arg(value_name = "OP")]
    pub op: u64,
}

/// The explanation of an operation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Whether journal and target agree on the operation, as far as both could be read.
    pub ok: bool,
    /// The operation in a sentence.
    pub words: String,
    /// The result of `show`.
    pub operation: show::Outcome,
    /// What a revert of it would do now.
    pub inverse: Inverse,
    /// What blocks a revert.
    pub blocked_by: Vec<RevertBlock>,
    /// Commands that would revert it, or remove what blocks that.
    pub ways_out: Vec<NextStep>,
    /// What no revert can put back.
    pub residue: Vec<Residue>,
    /// The digests that an auditor can check.
    pub proof: Proof,
}

/// Explains an operation; a target that cannot be read makes its state unknown, and is no failure.
///
/// # Errors
/// [`Refusal::NoOperation`], or a journal error.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let mut journal = context.open_journal()?;
    let operation = journal.read_operation(request.op)?.ok_or(Refusal::NoOperation { op: request.op })?;
    // From `show`, so that both commands describe the operation alike.
    let shown = show::run(context, &show::Request { op: request.op, ..show::Request::default() })?;
    let proof = proof::compute_proof(context, &journal, &operation)?;
    let inverse = inverse::find_inverse(context, &mut journal, &operation)?;
    Ok(Outcome {
        ok: proof.holds && proof.target.agrees != Some(false),
        words: render_sentence(&journal, &operation, &shown),
        operation: shown,
        inverse: inverse.inverse,
        blocked_by: inverse.blocked_by,
        ways_out: inverse.ways_out,
        residue: operation.residue,
        proof,
    })
}

/// Returns the operation in a sentence: who, when, what, where, how much.
fn render_sentence(journal: &Journal, operation: &Operation, shown: &show::Outcome) -> String {
    let line = &shown.line;
    let fault = format!("{} ({}, severity {})", line.label.tool, line.label.variant, line.label.severity);
    let verb = match (line.state.as_str(), operation.action) {
        ("failed" | "abandoned", OperationAction::Apply) => "tried to commit",
        ("failed" | "abandoned", OperationAction::Revert) => "tried to take back",
        ("open", _) => "began (it is not yet known whether it was committed):",
        (_, OperationAction::Apply) => "committed",
        (_, OperationAction::Revert) => "took back",
    };
    let what = operation.reverts.map_or_else(|| fault.clone(), |op| format!("operation {op}, {fault}"));
    let rows = render_count(operation.rows, "row");
    let tables =
        if operation.tables.is_empty() { String::new() } else { format!(" in {}", operation.tables.join(", ")) };
    let mut text = format!("{}, over {}, {verb} {what} on {}: {rows}{tables}", line.actor, line.face, line.target);
    if operation.kept > 0 {
        text += &format!(", and {} already in the wanted state", render_count(operation.kept, "row"));
    }
    if let Some(op) = operation.detail.get("replays").and_then(serde_json::Value::as_u64) {
        text += &format!("; it replays operation {op}");
    }
    let after = match line.state.as_str() {
        "active" if line.rows_left < line.rows => format!("; {} of them are in effect", line.rows_left),
        "active" => "; all of them are in effect".to_owned(),
        "reverted" => "; all of them were taken back".to_owned(),
        "gone" => "; the target lost it".to_owned(),
        "failed" | "abandoned" => "; it never took effect".to_owned(),
        _ => String::new(),
    };
    let unmarked =
        if journal.state().targets.contains_key(&line.target) { "" } else { "; the target is no longer registered" };
    text + &after + unmarked + "."
}
