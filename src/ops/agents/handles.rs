//! Handles: writes that wait for a person's yes, used once, gone after a while, bound to what they were made for.

use mfm_journal::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::terms::WriteTerms;
use super::{Agents, after_others};
use crate::model::next_step::{Deed, act};
use crate::ops::plan_file::PlanFile;
use crate::ops::{Context, Failure, FailureKind, apply, plan, status};

/// How many handles of one client may wait at once; beyond, its own oldest is dropped.
const CLIENT_MAX: usize = 20;
/// How many handles of all clients may wait at once; beyond, nobody gets another.
const WAITING_MAX: usize = 200;
/// How many digits of a handle a person types.
const CODE_DIGITS: usize = 8;

/// Returns the part of a handle by which a person names it.
#[must_use]
pub fn short_code(id: &str) -> &str {
    id.get(..CODE_DIGITS).unwrap_or(id)
}

/// A write that waits for a yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handle {
    /// The tool that was called.
    pub tool: String,
    /// The target's registered name.
    pub target: String,
    /// The target that is written: another one only for a replay.
    pub written: String,
    /// The client that asked, without its version.
    pub client: String,
    /// When it ends, in UTC microseconds since 1970.
    pub expires_us: i64,
    /// How severe the fault is; `None` for what commits none.
    pub severity: Option<String>,
    /// How many operations it makes at most.
    pub operations: u64,
    /// What it is held to by whoever asked for it.
    pub terms: WriteTerms,
    /// The person who approved it at a terminal.
    pub approved: Option<String>,
    /// What is to be done.
    pub pending: PendingAction,
}

/// A write that an agent asks for, other than a fault.
#[derive(Clone, Debug)]
pub struct RequestedWrite<'a> {
    /// The tool.
    pub tool: &'a str,
    /// The target of the request.
    pub target: &'a str,
    /// The target that is written.
    pub written: &'a str,
    /// How many operations it makes at most.
    pub operations: u64,
    /// What a person is asked.
    pub question: &'a str,
    /// The request, as the tool got it.
    pub request: Json,
}

/// What a handle stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PendingAction {
    /// A fault, by its plan: bound to the target's identity and, by the plan's digest, to the rows as they were.
    Plan,
    /// Anything else, bound to what was active and open on the target, and to the target's marking.
    Request {
        /// The operation's request, as the tool got it.
        request: Json,
        /// The digest of what was active, open and marked.
        standing: Digest,
        /// What a person is asked.
        question: String,
    },
}

impl Agents {
    /// Plans a fault, and keeps the plan under a handle of 32 hexadecimal digits.
    ///
    /// # Errors
    /// What planning says, or the agents' folder.
    pub fn keep_plan(
        &self,
        context: &Context<'_>,
        client: &str,
        terms: WriteTerms,
        mut request: plan::Request,
        permit: &dyn Fn(&plan::Outcome) -> Result<(), Failure>,
    ) -> Result<(String, plan::Outcome), Failure> {
        let id = context.random_id();
        // The folder has to be there before the plan is written into it.
        self.update_state(|_| ())?;
        let path = self.plan_file(&id);
        request.output = Some(path.clone());
        let (mut outcome, _) = after_others(context, || plan::run(context, &request))?;
        outcome.file = None;
        let refused = permit(&outcome).err();
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
        match refused.map_or_else(|| self.store_handle(context, &id, handle), Err) {
            Ok(()) => Ok((id, outcome)),
            Err(failure) => {
                let _ = std::fs::remove_file(path);
                Err(failure)
            }
        }
    }

    /// Keeps another request under a handle.
    ///
    /// # Errors
    /// What the journal says, or the agents' folder.
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
        let lives_us = i64::try_from(self.limits.handle_s).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        context.clock.now_us().saturating_add(lives_us)
    }

    fn store_handle(&self, context: &Context<'_>, id: &str, handle: Handle) -> Result<(), Failure> {
        let now_us = context.clock.now_us();
        let dropped: Vec<String> = self.update_state(|state| {
            let handles = &mut state.handles;
            let ended = handles.iter().filter(|(_, handle)| handle.expires_us <= now_us);
            let mut dropped: Vec<String> = ended.map(|(id, _)| id.clone()).collect();
            dropped.iter().for_each(|id| drop(handles.remove(id)));
            let own = handles.iter().filter(|(_, known)| known.client == handle.client);
            let oldest = own.clone().min_by_key(|(_, known)| known.expires_us).map(|(id, _)| id.clone());
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
        dropped.iter().for_each(|id| drop(std::fs::remove_file(self.plan_file(id))));
        Ok(())
    }

    /// Returns what waits for a person at a terminal.
    ///
    /// # Errors
    /// The agents' folder.
    pub(super) fn list_waiting(&self, context: &Context<'_>) -> Result<Vec<(String, Handle)>, Failure> {
        let now_us = context.clock.now_us();
        let handles = self.read_state()?.handles.into_iter();
        let waits = |handle: &Handle| {
            handle.approved.is_none() && !handle.terms.client_is_enough() && now_us < handle.expires_us
        };
        Ok(handles.filter(|(_, handle)| waits(handle)).collect())
    }

    /// Notes that a person approved what a handle stands for.
    ///
    /// # Errors
    /// `agent_handle`: it was used or ended meanwhile; or the agents' folder.
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

    /// Looks at a handle without using it.
    ///
    /// # Errors
    /// `agent_handle`, or the agents' folder.
    pub fn read_handle(&self, context: &Context<'_>, client: &str, id: &str) -> Result<Handle, Failure> {
        let state = self.read_state()?;
        check_handle(state.handles.get(id), client, context.clock.now_us())
    }

    /// Uses a handle up: whatever comes of it, nobody can use it again, in this process or another.
    ///
    /// # Errors
    /// `agent_handle`, or the agents' folder.
    pub fn take_handle(&self, context: &Context<'_>, client: &str, id: &str) -> Result<Handle, Failure> {
        let now_us = context.clock.now_us();
        self.update_state(|state| {
            let handle = check_handle(state.handles.get(id), client, now_us)?;
            state.handles.remove(id);
            Ok(handle)
        })?
    }

    /// Returns what is planned under a handle: planned anew, and refused where it is not what was planned.
    ///
    /// # Errors
    /// `stale`, or what planning says.
    pub fn replan(&self, context: &Context<'_>, id: &str) -> Result<plan::Outcome, Failure> {
        let source = apply::Source::File(self.plan_file(id));
        after_others(context, || apply::run(context, &source, true, &mut |_| ())).map(|outcome| outcome.plan)
    }

    /// Carries out a plan whose handle was taken.
    ///
    /// # Errors
    /// `stale`, or what target and journal say.
    pub fn apply_plan(&self, context: &Context<'_>, id: &str) -> Result<apply::Outcome, Failure> {
        let path = self.plan_file(id);
        let source = apply::Source::File(path.clone());
        let done = after_others(context, || apply::run(context, &source, false, &mut |_| ()));
        let _ = std::fs::remove_file(path);
        done
    }

    /// Throws a handle away, because a person said no.
    ///
    /// # Errors
    /// The agents' folder.
    pub fn discard_handle(&self, id: &str) -> Result<(), Failure> {
        self.update_state(|state| drop(state.handles.remove(id)))?;
        let _ = std::fs::remove_file(self.plan_file(id));
        Ok(())
    }

    /// Returns the digest that a plan under a handle promises.
    #[must_use]
    pub fn plan_digest(&self, id: &str) -> Option<Digest> {
        PlanFile::read(&self.plan_file(id)).ok().map(|file| file.plan_digest)
    }
}

/// Returns a handle that is there, that this client was given, and that has not ended.
fn check_handle(handle: Option<&Handle>, client: &str, now_us: i64) -> Result<Handle, Failure> {
    let found = handle.filter(|handle| handle.client == client && now_us < handle.expires_us);
    found.cloned().ok_or_else(unusable_handle)
}

fn unusable_handle() -> Failure {
    let message = "the handle is unknown, used, expired or another client's";
    Failure::new(FailureKind::Refused, "agent_handle", message, act(Deed::Again, "for a new handle"))
}

fn too_many() -> Failure {
    let message = format!("{WAITING_MAX} writes wait for a yes already");
    Failure::new(
        FailureKind::Refused,
        "agent_busy",
        message,
        "carry out or forget what was planned; it ends in ten minutes",
    )
}

/// Returns the digest of what is active, open and marked on the target asked for, or on all.
///
/// # Errors
/// What the journal says.
pub fn digest_standing(context: &Context<'_>) -> Result<Digest, Failure> {
    let status = status::run(context)?;
    let facts = serde_json::json!([status.journal_id, status.targets, status.active, status.open]);
    Ok(Digest::sha256(facts.to_string().as_bytes()))
}
