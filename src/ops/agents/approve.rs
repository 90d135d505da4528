//! `mfm approve`: a person's yes to what an agent asked for, given at a terminal by typing the target's name.

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

/// What it is.
pub const CARD: Card =
    Card { name: "approve", danger: Danger::Write, about: "Say yes to what an agent asked for, or list what waits" };

/// What to approve.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// The code that the agent shows; without it, what waits is listed
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
}

/// What waits, or what was approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// What still waits for a person.
    pub waiting: Vec<WaitingQuestion>,
    /// What was approved just now.
    pub approved: Option<WaitingQuestion>,
    /// The journal beside which the questions wait.
    pub journal: PathBuf,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WaitingQuestion {
    /// Its code.
    pub code: String,
    /// The tool that was called.
    pub tool: String,
    /// The target that would be written.
    pub target: String,
    /// Who asks.
    pub asker: String,
    /// When the question ends, UTC.
    pub expires: String,
}

/// Lists what waits, or asks the person about one of it.
///
/// # Errors
/// `agent_handle`, no consent, or what journal, target and the agents' folder say.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    context.open_journal()?;
    let agents = Agents::for_journal(&context.journal, Limits::default());
    let journal = context.journal.clone();
    let Some(wanted) = &request.code else {
        let waiting = agents.list_waiting(context)?;
        let waiting = waiting.iter().map(|(id, handle)| describe_handle(id, handle)).collect();
        return Ok(Outcome { waiting, approved: None, journal });
    };
    let (id, handle) = resolve_code(agents.list_waiting(context)?, wanted)?;
    let text = render_question(context, &agents, &id, &handle)?;
    let asked = ConfirmQuestion { text, danger: Danger::Write, type_name: Some(handle.written.clone()) };
    let person = "only a person at a terminal approves, by typing the target's name; nothing types it for them";
    context.ask_consent(&asked).map_err(|failure| failure.with_next(person))?;
    // The person may have thought for long: what ended meanwhile is not approved.
    agents.approve_handle(context, &id)?;
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

/// Returns the one question of a code.
fn resolve_code(waiting: Vec<(String, Handle)>, wanted: &str) -> Result<(String, Handle), Failure> {
    let wanted = wanted.trim().to_ascii_lowercase();
    let mut fitting = waiting.into_iter().filter(|(id, _)| short_code(id) == wanted);
    let refused = |message: &str, next: NextSteps| Failure::new(FailureKind::Refused, "agent_handle", message, next);
    let list = || look(View::Approvals, "lists what waits").into();
    let one = fitting.next().ok_or_else(|| refused("no question of this code waits for a person", list()))?;
    match fitting.next() {
        Some(_) => Err(refused("two questions have this code", "have the agent ask again".into())),
        None => Ok(one),
    }
}

/// Returns who asks for what, as the target is now.
fn render_question(context: &Context<'_>, agents: &Agents, id: &str, handle: &Handle) -> Result<String, Failure> {
    let context = &retarget_context(context, &handle.target);
    let what = match &handle.pending {
        PendingAction::Plan => apply::render_question(&agents.replan(context, id)?),
        PendingAction::Request { standing: shown, question, .. } => {
            if digest_standing(context)? != *shown {
                return Err(plan::stale_plan(
                    "other operations were made, or the target was marked, since it was asked",
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

/// Returns the same context, on a target.
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
