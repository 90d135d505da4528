//! Handles: single-use tokens for writes that wait for consent; they expire, and are bound to what was planned.

use mfm_journal::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::terms::WriteTerms;
use super::{Agents, after_others};
use crate::model::next_step::{Deed, act};
use crate::ops::plan_file::PlanFile;
use crate::ops::{Context, Failure, FailureKind, apply, plan, status};

/// Maximum number of pending handles of one agent; one more drops its own oldest.
const CLIENT_MAX: usize = 20;
/// Maximum number of pending handles of all agents together; further ones are refused.
const WAITING_MAX: usize = 200;
/// How many hexadecimal digits of a handle a person types.
const CODE_DIGITS: usize = 8;

/// Returns the first digits of a handle, by which a person refers to it.
#[must_use]
pub fn short_code(id: &str) -> &str {
    id.get(..CODE_DIGITS).unwrap_or(id)
}

/// A write that waits for consent, as stored in the agents' folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handle {
    /// The command that was requested.
    pub tool: String,
    /// The target's registered name.
    pub target: String,
    /// The registered name of the target that is written: differs from `target` only for a replay.
    pub written: String,
    /// The agent's program that asked, without its version.
    pub client: String,
    /// When it expires, in UTC microseconds since 1970.
    pub expires_us: i64,
    /// The fault's severity, decimal text from 0 to 3; `None` for requests other than a fault.
    pub severity: Option<String>,
    /// Maximum number of operations it makes.
    pub operations: u64,
    /// The terms in force when it was requested.
    pub terms: WriteTerms,
    /// The person who approved it at a terminal; `None` until then.
    pub approved: Option<String>,
    /// The write itself.
    pub pending: PendingAction,
}

/// A write that an agent requests, other than a fault.
#[derive(Clone, Debug)]
pub struct RequestedWrite<'a> {
    /// The command that was requested.
    pub tool: &'a str,
    /// The registered name of the request's target.
    pub target: &'a str,
    /// The registered name of the target that is written.
    pub written: &'a str,
    /// Maximum number of operations it makes.
    pub operations: u64,
    /// The question to put to a person.
    pub question: &'a str,
    /// The request's arguments, as received.
    pub request: Json,
}

/// The write behind a handle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PendingAction {
    /// A fault; its plan file binds it to the target's identity and, by the plan's digest, to the rows as they were.
    Plan,
    /// Any other write, bound to the active and open operations and to the target's marking.
    Request {
        /// The request's arguments, as received.
        request: Json,
        /// The digest that [`digest_standing`] returned at the time of the request.
        standing: Digest,
        /// The question to put to a person.
        question: String,
    },
}

impl Agents {
    /// Plans a fault, and stores the plan under a handle of 32 hexadecimal digits.
    ///
    /// # Errors
    /// A planning error, or an error of the agents' folder.
    pub fn keep_plan(
        &self,
        context: &Context<'_>,
        client: &str,
        terms: WriteTerms,
        mut request: plan::Request,
        permit: &dyn Fn(&plan::Outcome) -> Result<(), Failure>,
    ) -> Result<(String, plan::Outcome), Failure> {
        let id = context.random_id();
        // An update that changes nothing creates the folder, into which the plan file is written next.
        self.update_state(|_| ())?;
        let path = self.plan_file(&id);
        request.output = Some(path.clone());
        let (mut outcome, _) = after_others(context, || plan::run(context, &request))?;
        // The file's path is not shown to the agent: only the handle refers to the plan.
        outcome.file = None;
        let refusal = permit(&outcome).err();
        let handle = Handle {
            tool: outcome.label.tool.clone(),
            target: outcome.target.clone(),
            written: outcome.target.clone(),
            client: client.to_owned(),
            expires_us: self.handle_expiry_us(context),
            severity: Some(outcome.label.severity.clone()),
            operations: 1,
            terms,
            approved: None,
            pending: PendingAction::Plan,
        };
        match refusal.map_or_else(|| self.store_handle(context, &id, handle), Err) {
            Ok(()) => Ok((id, outcome)),
            Err(failure) => {
                let _ = std::fs::remove_file(path);
                Err(failure)
            }
        }
    }

    /// Stores any other write under a handle.
    ///
    /// # Errors
    /// A journal error, or an error of the agents' folder.
    pub fn keep_request(
        &self,
        context: &Context<'_>,
        client: &str,
        terms: WriteTerms,
        asked: RequestedWrite<'_>,
    ) -> Result<String, Failure> {
        let id = context.random_id();
        let question = asked.question.to_owned();
        let pending = PendingAction::Request { request: asked.request, standing: digest_standing(context)?, question };
        let handle = Handle {
            tool: asked.tool.to_owned(),
            target: asked.target.to_owned(),
            written: asked.written.to_owned(),
            client: client.to_owned(),
            expires_us: self.handle_expiry_us(context),
            severity: None,
            operations: asked.operations,
            terms,
            approved: None,
            pending,
        };
        self.store_handle(context, &id, handle)?;
        Ok(id)
    }

    fn handle_expiry_us(&self, context: &Context<'_>) -> i64 {
        let lifetime_us = i64::try_from(self.limits.handle_s).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        context.clock.now_us().saturating_add(lifetime_us)
    }

    fn store_handle(&self, context: &Context<'_>, id: &str, handle: Handle) -> Result<(), Failure> {
        let now_us = context.clock.now_us();
        let dropped: Vec<String> = self.update_state(|state| {
            let handles = &mut state.handles;
            let expired = handles.iter().filter(|(_, handle)| handle.expires_us <= now_us);
            let mut dropped: Vec<String> = expired.map(|(id, _)| id.clone()).collect();
            dropped.iter().for_each(|id| drop(handles.remove(id)));
            let own = handles.iter().filter(|(_, known)| known.client == handle.client);
            let oldest = own.clone().min_by_key(|(_, known)| known.expires_us).map(|(id, _)| id.clone());
            // An agent over its own limit loses its own oldest handle, never another agent's.
            if let Some(oldest) = oldest.filter(|_| own.count() >= CLIENT_MAX) {
                handles.remove(&oldest);
                dropped.push(oldest);
            }
            if handles.len() >= WAITING_MAX {
                return Err(too_many());
            }
            handles.insert(id.to_owned(), handle);
            Ok(dropped)
        })??;
        // Plan files go after the state is written: a crash in between leaves a stray file, not a handle without plan.
        dropped.iter().for_each(|id| drop(std::fs::remove_file(self.plan_file(id))));
        Ok(())
    }

    /// Returns the handles that need a person's approval at a terminal, by id.
    ///
    /// # Errors
    /// An error of the agents' folder.
    pub(super) fn list_waiting(&self, context: &Context<'_>) -> Result<Vec<(String, Handle)>, Failure> {
        let now_us = context.clock.now_us();
        let mut handles = self.read_state()?.handles;
        handles.retain(|_, handle| {
            handle.approved.is_none() && !handle.terms.client_is_enough() && now_us < handle.expires_us
        });
        Ok(handles.into_iter().collect())
    }

    /// Records that a person approved a handle.
    ///
    /// # Errors
    /// `agent_handle`: it was used or has expired; or an error of the agents' folder.
    pub(super) fn approve_handle(&self, context: &Context<'_>, id: &str) -> Result<(), Failure> {
        let now_us = context.clock.now_us();
        self.update_state(|state| match state.handles.get_mut(id).filter(|handle| now_us < handle.expires_us) {
            Some(handle) => {
                handle.approved = Some(context.actor.clone());
                Ok(())
            }
            None => Err(unusable_handle()),
        })?
    }

    /// Returns a handle without using it up.
    ///
    /// # Errors
    /// `agent_handle`, or an error of the agents' folder.
    pub fn read_handle(&self, context: &Context<'_>, client: &str, id: &str) -> Result<Handle, Failure> {
        let state = self.read_state()?;
        check_handle(state.handles.get(id), client, context.clock.now_us())
    }

    /// Removes a handle and returns it: whether the write succeeds or not, no process can use it again.
    ///
    /// # Errors
    /// `agent_handle`, or an error of the agents' folder.
    pub fn take_handle(&self, context: &Context<'_>, client: &str, id: &str) -> Result<Handle, Failure> {
        let now_us = context.clock.now_us();
        self.update_state(|state| {
            let handle = check_handle(state.handles.get(id), client, now_us)?;
            state.handles.remove(id);
            Ok(handle)
        })?
    }

    /// Plans a handle's fault again, and refuses a plan that differs from the stored one.
    ///
    /// # Errors
    /// `stale`, or a planning error.
    pub fn replan(&self, context: &Context<'_>, id: &str) -> Result<plan::Outcome, Failure> {
        let source = apply::Source::File(self.plan_file(id));
        after_others(context, || apply::run(context, &source, true, &mut |_| ())).map(|outcome| outcome.plan)
    }

    /// Commits the plan of a handle that was taken.
    ///
    /// # Errors
    /// `stale`, or a target or journal error.
    pub fn apply_plan(&self, context: &Context<'_>, id: &str) -> Result<apply::Outcome, Failure> {
        let path = self.plan_file(id);
        let source = apply::Source::File(path.clone());
        let outcome = after_others(context, || apply::run(context, &source, false, &mut |_| ()));
        // The handle is used up either way; a file that stays behind is only a file.
        let _ = std::fs::remove_file(path);
        outcome
    }

    /// Discards a handle that a person declined.
    ///
    /// # Errors
    /// An error of the agents' folder.
    pub fn discard_handle(&self, id: &str) -> Result<(), Failure> {
        self.update_state(|state| drop(state.handles.remove(id)))?;
        let _ = std::fs::remove_file(self.plan_file(id));
        Ok(())
    }

    /// Returns the plan digest stored under a handle; `None` where its plan file is missing or unreadable.
    #[must_use]
    pub fn plan_digest(&self, id: &str) -> Option<Digest> {
        PlanFile::read(&self.plan_file(id)).ok().map(|file| file.plan_digest)
    }
}

/// Returns a handle that exists, was issued to this agent, and has not expired.
fn check_handle(handle: Option<&Handle>, client: &str, now_us: i64) -> Result<Handle, Failure> {
    let own = handle.filter(|handle| handle.client == client && now_us < handle.expires_us);
    own.cloned().ok_or_else(unusable_handle)
}

fn unusable_handle() -> Failure {
    let message = "the handle is unknown, used, expired or another client's";
    Failure::new(FailureKind::Refused, "agent_handle", message, act(Deed::Again, "for a new handle"))
}

fn too_many() -> Failure {
    let message = format!("{WAITING_MAX} writes are already waiting for consent");
    Failure::new(
        FailureKind::Refused,
        "agent_busy",
        message,
        "carry out or drop earlier plans; they expire after ten minutes",
    )
}

/// Returns the digest of the active and open operations and of the marking of the context's target, or of all targets.
///
/// # Errors
/// A journal error.
pub fn digest_standing(context: &Context<'_>) -> Result<Digest, Failure> {
    let status = status::run(context)?;
    let facts = serde_json::json!([status.journal_id, status.targets, status.active, status.open]);
    Ok(Digest::sha256(facts.to_string().as_bytes()))
}
