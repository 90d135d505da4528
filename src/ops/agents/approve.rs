//! `mfm approve`: a person's consent to an agent's request, given at a terminal by typing the target's name.

use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::handles::{Handle, PendingAction, digest_standing, short_code};
use super::{Agents, Limits};
use crate::model::NextSteps;
use crate::model::next_step::{View, look};
use crate::model::ports::{ConfirmQuestion, Danger};
use crate::ops::{Card, Context, Failure, FailureKind, apply, log, plan};

/// The command's card.
pub const CARD: Card =
    Card { name: "approve", danger: Danger::Write, about: "Approve a request of an agent, or list pending requests" };

/// What to approve.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// The code that the agent shows; without it, pending requests are listed
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
}

/// The pending questions, and the one just approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Questions that still need a person's answer.
    pub waiting: Vec<WaitingQuestion>,
    /// The question approved by this call; `None` when only listing.
    pub approved: Option<WaitingQuestion>,
    /// The journal whose `.agents` folder holds the questions.
    pub journal: PathBuf,
}

/// A pending question, as listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WaitingQuestion {
    /// The first 8 digits of its handle.
    pub code: String,
    /// The command that was requested.
    pub tool: String,
    /// The target that would be written.
    pub target: String,
    /// Who asks.
    pub asker: String,
    /// When the question expires, RFC 3339 in UTC.
    pub expires: String,
}

/// Lists the pending questions, or asks the person about one of them.
///
/// # Errors
/// `agent_handle`, no consent, or an error of the journal, the target or the agents' folder.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    context.open_journal()?;
    let agents = Agents::for_journal(&context.journal, Limits::default());
    let journal = context.journal.clone();
    let Some(code) = &request.code else {
        let waiting = agents.list_waiting(context)?;
        let waiting = waiting.iter().map(|(id, handle)| describe_handle(id, handle)).collect();
        return Ok(Outcome { waiting, approved: None, journal });
    };
    let (id, handle) = resolve_code(agents.list_waiting(context)?, code)?;
    let text = render_question(context, &agents, &id, &handle)?;
    let consent = ConfirmQuestion { text, danger: Danger::Write, type_name: Some(handle.written.clone()) };
    let person = "only a person at a terminal can approve, by typing the target's name";
    context.ask_consent(&consent).map_err(|failure| failure.with_next(person))?;
    // The person may have taken minutes to answer, so the handle is checked for expiry again under the lock.
    agents.approve_handle(context, &id).map_err(reword_gone)?;
    let waiting = agents.list_waiting(context)?.iter().map(|(id, handle)| describe_handle(id, handle)).collect();
    Ok(Outcome { waiting, approved: Some(describe_handle(&id, &handle)), journal })
}

fn describe_handle(id: &str, handle: &Handle) -> WaitingQuestion {
    WaitingQuestion {
        code: short_code(id).to_owned(),
        tool: handle.tool.clone(),
        target: handle.written.clone(),
        asker: handle.terms.actor.clone(),
        expires: log::render_timestamp(handle.expires_us),
    }
}

/// Returns the one question that has this code.
fn resolve_code(waiting: Vec<(String, Handle)>, typed: &str) -> Result<(String, Handle), Failure> {
    let typed = typed.trim().to_ascii_lowercase();
    let mut matching = waiting.into_iter().filter(|(id, _)| short_code(id) == typed);
    let Some(question) = matching.next() else {
        let next = look(View::Approvals, "lists pending requests");
        return Err(handle_failure("no pending request has this code", next));
    };
    // A code is a quarter of the handle: two handles may share it, and neither is guessed.
    if matching.next().is_some() {
        return Err(handle_failure("two requests have this code", "let the agent ask again"));
    }
    Ok(question)
}

/// Returns the failure of an approval, where the handle is gone in the words of the person, whose handle it never was.
fn reword_gone(failure: Failure) -> Failure {
    if failure.code != "agent_handle" {
        return failure;
    }
    handle_failure("the request expired, or was dropped, before it was approved", "let the agent ask again")
}

fn handle_failure(message: &str, next: impl Into<NextSteps>) -> Failure {
    Failure::new(FailureKind::Refused, "agent_handle", message, next)
}

/// Returns the text of the question, computed on the target as it is now.
fn render_question(context: &Context<'_>, agents: &Agents, id: &str, handle: &Handle) -> Result<String, Failure> {
    let context = &retarget_context(context, &handle.target);
    let what = match &handle.pending {
        // The fault is planned again, so the person sees the rows as they are now.
        PendingAction::Plan => apply::render_question(&agents.replan(context, id)?),
        PendingAction::Request { standing: shown, question, .. } => {
            // Other requests have no plan digest; their text holds only while the set of operations is the same.
            if digest_standing(context)? != *shown {
                return Err(plan::stale_plan(
                    "other operations were made, or the target was marked again, since it was asked",
                ));
            }
            question.clone()
        }
    };
    Ok(format!(
        "{} asks through {}:\n{what}\nThis will be written to {}.",
        handle.terms.actor, handle.tool, handle.written
    ))
}

/// Returns the same context, for another target.
fn retarget_context<'c>(context: &Context<'c>, target: &str) -> Context<'c> {
    Context {
        journal: context.journal.clone(),
        target: Some(target.to_owned()),
        actor: context.actor.clone(),
        face: context.face,
        holder: context.holder.clone(),
        wait_ms: context.wait_ms,
        clock: context.clock,
        entropy: context.entropy,
        reporter: context.reporter,
        confirm: context.confirm,
        secrets: context.secrets,
    }
}
