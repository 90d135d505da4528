//! The two steps of every write: plan it and hand out a handle; after a yes, use the handle up and carry it out.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::answers::ToolAnswer;
use super::caller::{AskMethod, Caller};
use super::consent::{ConsentAnswer, approve_command, declined_refusal, unapproved_refusal};
use super::groups::{self, GroupCall};
use super::modes::MODE_OPTIONS;
use super::options::AgentPermissions;
use super::reads::{self, ReadTool, parse_request};
use super::schema::Object;
use super::server::{ClientCall, Inner};
use super::writes::{self, WriteResponse, WriteTool};
use crate::ops::agents::{DatabaseAddress, PendingAction, RequestedWrite, WriteTerms, resolve_target, short_code};
use crate::ops::modes::find_mode;
use crate::ops::plan::{self, Options};
use crate::ops::{Context, Failure, FailureKind, agents, apply, redact};

/// A planned write: its handle, the question, the answer if no one can be asked, and whose yes it needs.
struct PendingWrite {
    handle: String,
    text: String,
    answer: ToolAnswer,
    terms: WriteTerms,
    approved: bool,
}

/// Who asks for a write.
#[derive(Clone)]
struct Asker {
    client: String,
    actor: String,
    could_ask: bool,
}

impl Asker {
    fn from_call(inner: &Inner, call: &ClientCall) -> Self {
        let Caller { client, could_ask, .. } = &call.caller;
        Self { client: client.clone(), actor: call.caller.actor(&inner.host.operator), could_ask: *could_ask }
    }

    /// Returns the terms of a write to the target `written`: what may be shown, and whose yes it needs.
    fn terms(&self, context: &Context<'_>, allowed: &AgentPermissions, written: &str) -> Result<WriteTerms, Failure> {
        Ok(WriteTerms {
            actor: self.actor.clone(),
            identifying: allowed.identifying,
            rules: allowed.rules.clone(),
            asks: self.could_ask,
            person: allowed.needs_person(context, written)?,
        })
    }
}

impl Inner {
    /// `status`: from the cache, as long as no file that it was read from has changed.
    pub(super) async fn answer_status(self: &Arc<Self>, call: &ClientCall) -> Result<ToolAnswer, Failure> {
        if let Some(answer) = self.remembered.get(&call.arguments) {
            return Ok(answer);
        }
        let mut arguments = call.arguments.clone();
        let key = arguments.clone();
        self.run_in_thread(call, false, move |inner, context| {
            // Before the files are read: a change meanwhile makes the mark invalid.
            let mark = inner.remembered.take_watermark();
            inner.settle_target(context, &mut arguments)?;
            let read_call = reads::ReadCall::from_arguments(&inner.allowed, &mut arguments)?;
            let answer = reads::status(context, &read_call)?;
            inner.remembered.store_status(key, mark, &answer);
            Ok(answer)
        })
        .await
    }

    /// Runs a reading tool on the target that the arguments name.
    pub(super) async fn answer_read(
        self: &Arc<Self>,
        call: &ClientCall,
        read: ReadTool,
    ) -> Result<ToolAnswer, Failure> {
        let (mut arguments, looks) = (call.arguments.clone(), ["find", "check"].contains(&call.tool.as_str()));
        self.run_in_thread(call, false, move |inner, context| {
            inner.settle_target(context, &mut arguments)?;
            let read_call = reads::ReadCall::from_arguments(&inner.allowed, &mut arguments)?;
            if !looks {
                return read(context, &read_call, arguments);
            }
            inner.with_breaker(context, |context| read(context, &read_call, arguments))
        })
        .await
    }

    /// `plan`: a fault of any mode that is allowed, with a handle unless this server only reads.
    pub(super) async fn answer_plan(self: &Arc<Self>, call: &ClientCall) -> Result<ToolAnswer, Failure> {
        let mut arguments = call.arguments.clone();
        let tool = arguments.remove("tool").and_then(|tool| tool.as_str().map(str::to_owned)).unwrap_or_default();
        let params = match arguments.remove("params") {
            Some(Json::Object(params)) => params,
            None => Map::new(),
            Some(_) => {
                return Err(Failure::usage("arguments", "params is not an object", "send the mode's parameters"));
            }
        };
        let waiting = self.plan_and_keep(call, tool, params, arguments).await?;
        Ok(waiting.answer)
    }

    /// The tool of a mode: plans a fault, and commits it after a yes.
    pub(super) async fn answer_fault(self: &Arc<Self>, call: &ClientCall) -> Result<WriteResponse, Failure> {
        if let Some((handle, yes)) = self.unseal_answer(call)? {
            return self.act_on_decision(call, handle, yes).await;
        }
        // The tool takes one flat list of arguments: the selection and the mode's parameters.
        let (options, params): (Object, Object) =
            call.arguments.clone().into_iter().partition(|(name, _)| MODE_OPTIONS.contains(&name.as_str()));
        let waiting = self.plan_and_keep(call, call.tool.clone(), params, options).await?;
        self.settle_consent(call, waiting, false).await
    }

    /// The tool of a group of modes: the same for the mode that the arguments name.
    pub(super) async fn answer_group_fault(self: &Arc<Self>, call: &ClientCall) -> Result<WriteResponse, Failure> {
        if let Some((handle, yes)) = self.unseal_answer(call)? {
            return self.act_on_decision(call, handle, yes).await;
        }
        let GroupCall { tool, parameters, options } = groups::parse_call(&self.allowed, call.arguments.clone())?;
        let waiting = self.plan_and_keep(call, tool, parameters, options).await?;
        self.settle_consent(call, waiting, false).await
    }

    /// Any other write: shows it, and carries it out after a yes.
    pub(super) async fn answer_write(
        self: &Arc<Self>,
        call: &ClientCall,
        write: WriteTool,
    ) -> Result<WriteResponse, Failure> {
        if let Some((handle, yes)) = self.unseal_answer(call)? {
            return self.act_on_decision(call, handle, yes).await;
        }
        let (mut arguments, tool, asker) = (call.arguments.clone(), call.tool.clone(), Asker::from_call(self, call));
        let waiting = self.run_in_thread(call, false, move |inner, context| {
            inner.settle_target(context, &mut arguments)?;
            let preview = agents::after_others(context, || (write.preview)(context, &inner.allowed, &arguments))?;
            context.target = Some(preview.target.clone()).filter(|target| !target.is_empty()).or(context.target.take());
            let terms = asker.terms(context, &inner.allowed, &preview.written)?;
            let pending = RequestedWrite {
                tool: &tool,
                target: &preview.target,
                written: &preview.written,
                operations: preview.operations,
                question: &preview.text,
                request: Json::Object(arguments.clone()),
            };
            let handle = inner.agents.keep_request(context, &asker.client, terms.clone(), pending)?;
            let mut answer = ToolAnswer::from_outcome(&preview.json, |_| preview.text.clone())?;
            inner.add_handle(&mut answer, &handle, &terms);
            Ok(PendingWrite { handle, text: preview.text, answer, terms, approved: false })
        });
        let waiting = waiting.await?;
        self.settle_consent(call, waiting, false).await
    }

    /// `apply_plan`: where the client's word is enough, the call itself counts as the person's yes.
    pub(super) async fn answer_apply_plan(self: &Arc<Self>, call: &ClientCall) -> Result<WriteResponse, Failure> {
        if let Some((handle, yes)) = self.unseal_answer(call)? {
            return self.act_on_decision(call, handle, yes).await;
        }
        let handle = call.arguments.get("handle").and_then(Json::as_str).unwrap_or_default().to_owned();
        let (asker, asks) = (Asker::from_call(self, call), call.caller.asks != AskMethod::Nobody);
        let waiting = self.run_in_thread(call, false, move |inner, context| {
            let entry = inner.agents.read_handle(context, &asker.client, &handle)?;
            let terms = entry.terms.strictest(&asker.terms(context, &inner.allowed, &entry.written)?)?;
            let approved = entry.approved.is_some();
            let mut text = String::new();
            if asks && !approved {
                context.target = Some(entry.target.clone()).filter(|target| !target.is_empty());
                let allowed = inner.allowed.with_identifying(terms.identifying);
                text = match &entry.pending {
                    PendingAction::Plan => render_question(inner.agents.replan(context, &handle)?, context, &allowed)?,
                    PendingAction::Request { request, .. } => render_preview(&allowed, context, &entry.tool, request)?,
                };
            }
            let answer = ToolAnswer { json: json!({}), text: String::new(), whole: false };
            Ok(PendingWrite { handle, text, answer, terms, approved })
        });
        let waiting = waiting.await?;
        self.settle_consent(call, waiting, true).await
    }

    /// Plans a fault and keeps it under a handle.
    async fn plan_and_keep(
        self: &Arc<Self>,
        call: &ClientCall,
        tool: String,
        parameters: Object,
        mut options: Object,
    ) -> Result<PendingWrite, Failure> {
        let asker = Asker::from_call(self, call);
        self.run_in_thread(call, false, move |inner, context| {
            let card = find_mode(&tool)?.card();
            // Before the plan only the tool can be judged; `permit` below knows the severity too.
            inner.allowed.permit(card.tool, "0")?;
            inner.settle_target(context, &mut options)?;
            let options: Options = parse_request(options)?;
            let request = plan::Request { tool: card.tool.to_owned(), parameters, options, output: None };
            let permit = |plan: &plan::Outcome| inner.allowed.permit(&plan.label.tool, &plan.label.severity);
            let target = context.resolve_target(&context.open_journal()?)?.name;
            let terms = asker.terms(context, &inner.allowed, &target)?;
            let (handle, outcome) = inner.with_breaker(context, |context| {
                inner.agents.keep_plan(context, &asker.client, terms.clone(), request, &permit)
            })?;
            let outcome = redact_plan(outcome, inner.allowed.can_show(context, &target)?);
            let text = apply::render_question(&outcome);
            let mut answer = ToolAnswer::from_outcome(&outcome, |_| text.clone())?;
            if inner.allowed.read_only {
                // A server that only reads hands out no handle.
                inner.agents.discard_handle(&handle)?;
                answer.json["state"] = json!("planned");
                answer.text += "\nPlanned; this server writes nothing.";
            } else {
                inner.add_handle(&mut answer, &handle, &terms);
            }
            Ok(PendingWrite { handle, text, answer, terms, approved: false })
        })
        .await
    }

    /// Adds the handle to an answer, and how to carry it out.
    fn add_handle(&self, answer: &mut ToolAnswer, handle: &str, terms: &WriteTerms) {
        let minutes = self.agents.limits().handle_s / 60;
        answer.json["state"] = json!("planned");
        answer.json["handle"] = json!(handle);
        answer.json["expires_s"] = json!(self.agents.limits().handle_s);
        let advice = if terms.client_is_enough() {
            "Show this to the person; after their yes, and only then,".to_owned()
        } else {
            let command = approve_command(short_code(handle));
            answer.json["approve"] = json!(command);
            format!("Show this to the person, who must type `{command}` at a terminal; only then")
        };
        answer.text += &format!(
            "\nPlanned; nothing was written. {advice} call apply_plan with handle {handle} within {minutes} minutes."
        );
    }

    /// Asks for the yes, and goes on accordingly; `implied` if the call itself may count as one.
    async fn settle_consent(
        self: &Arc<Self>,
        call: &ClientCall,
        waiting: PendingWrite,
        implied: bool,
    ) -> Result<WriteResponse, Failure> {
        if implied && waiting.approved {
            return self.act_on_decision(call, waiting.handle, true).await;
        }
        match self.ask_person(call, &waiting.handle, waiting.text).await? {
            ConsentAnswer::Yes => self.act_on_decision(call, waiting.handle, true).await,
            ConsentAnswer::No => self.act_on_decision(call, waiting.handle, false).await,
            ConsentAnswer::Nobody if !implied => Ok(waiting.answer.into()),
            ConsentAnswer::Nobody if waiting.terms.client_is_enough() => {
                self.act_on_decision(call, waiting.handle, true).await
            }
            ConsentAnswer::Nobody => Err(unapproved_refusal(&waiting.handle)),
            ConsentAnswer::Ask(question) => Ok(WriteResponse::Ask(question)),
        }
    }

    /// Carries a handle out after a yes, and discards it after a no.
    async fn act_on_decision(
        self: &Arc<Self>,
        call: &ClientCall,
        handle: String,
        yes: bool,
    ) -> Result<WriteResponse, Failure> {
        let asker = Asker::from_call(self, call);
        if !yes {
            self.run_in_thread(call, false, move |inner, _| inner.agents.discard_handle(&handle)).await?;
            return Err(declined_refusal());
        }
        // Awaited outside the thread: a write that waits for another takes no slot.
        let writer = self.writer.clone().lock_owned().await;
        let answer = self.run_in_thread(call, true, move |inner, context| {
            // The thread holds the lock: it may go on after the client stopped waiting, and the next writer must not
            // overtake it.
            let _writer = writer;
            inner.execute_handle(context, &asker, &handle)
        });
        answer.await.map(Into::into)
    }

    fn execute_handle(&self, context: &mut Context<'_>, asker: &Asker, handle: &str) -> Result<ToolAnswer, Failure> {
        // The call may have been cancelled while it waited for the lock.
        context.go_on()?;
        let client = &asker.client;
        let entry = self.agents.read_handle(context, client, handle)?;
        if let Some(severity) = &entry.severity {
            self.allowed.permit(&entry.tool, severity)?;
        } else if !self.has_tool(&entry.tool) {
            return Err(missing_tool_refusal(&entry.tool));
        }
        let terms = entry.terms.strictest(&asker.terms(context, &self.allowed, &entry.written)?)?;
        let allowed = self.allowed.with_identifying(terms.identifying);
        // Before the handle is taken: a write that is refused for its limits leaves it usable.
        self.agents.admit_write(client, &entry.tool, entry.operations, context.clock.now_us())?;
        let entry = self.agents.take_handle(context, client, handle)?;
        context.target = Some(entry.target).filter(|target| !target.is_empty());
        if let Some(person) = &entry.approved {
            context.actor = format!("{}, approved by {person}", context.actor);
        }
        match entry.pending {
            PendingAction::Plan => self.apply_plan(context, &allowed, handle),
            PendingAction::Request { request, standing, .. } => {
                agents::others_done(context)?;
                // The person agreed to what was shown, so nothing may have changed since.
                if agents::digest_standing(context)? != standing {
                    return Err(plan::stale_plan(
                        "other operations were made, or the target was marked again, since it was shown",
                    ));
                }
                let write = writes::find_write(&entry.tool).ok_or_else(|| missing_tool_refusal(&entry.tool))?;
                let arguments = request.as_object().cloned().unwrap_or_default();
                // Previewed again for its checks alone: it may have been shown by a server that permits more.
                (write.preview)(context, &allowed, &arguments)?;
                self.with_breaker(context, |context| (write.run)(context, &allowed, arguments))
            }
        }
    }

    fn apply_plan(
        &self,
        context: &Context<'_>,
        allowed: &AgentPermissions,
        handle: &str,
    ) -> Result<ToolAnswer, Failure> {
        let mut outcome = self.with_breaker(context, |context| self.agents.apply_plan(context, handle))?;
        let shows = allowed.can_show(context, &outcome.plan.target)?;
        outcome.plan = redact_plan(outcome.plan, shows);
        ToolAnswer::single_page(&outcome, shows, |json| {
            let op = super::answers::number_field(json, "op");
            let plan = &outcome.plan;
            format!(
                "operation {op}: applied {} ({}, severity {}) on {}, {} rows. revert with operations [{op}] takes it \
                 back.",
                plan.label.tool, plan.label.variant, plan.label.severity, plan.target, plan.rows
            )
        })
    }

    /// Moves the target from the arguments into the context.
    fn settle_target(&self, context: &mut Context<'_>, arguments: &mut Object) -> Result<(), Failure> {
        let place = DatabaseAddress {
            target: take_text(arguments, "target")?,
            hostname: take_text(arguments, "hostname")?,
            database: take_text(arguments, "database")?,
        };
        if let Some(name) = resolve_target(context, &place)? {
            context.target = Some(name);
        }
        Ok(())
    }

    /// Runs `work` under the circuit breaker of its target.
    fn with_breaker<T>(
        &self,
        context: &Context<'_>,
        work: impl FnOnce(&Context<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let target = context.open_journal().and_then(|journal| context.resolve_target(&journal)).ok();
        // Without a target there is nothing to break; `work` says itself what is missing.
        let Some(target) = target else { return work(context) };
        self.agents.admit_target(&target.name, context.clock.now_us())?;
        let result = work(context);
        // A refusal is no sign that the target is ill.
        let failed = matches!(&result, Err(failure) if failure.kind == FailureKind::Target);
        self.agents.note_target(&target.name, failed, context.clock.now_us())?;
        result
    }
}

fn take_text(arguments: &mut Object, name: &str) -> Result<Option<String>, Failure> {
    match arguments.remove(name) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(Failure::usage("arguments", format!("{name} is not a string"), "send the name as a string")),
    }
}

/// Redacts the keys, values and remarks of a plan, unless `shows`.
fn redact_plan(mut plan: plan::Outcome, shows: bool) -> plan::Outcome {
    plan.changes.iter_mut().for_each(|change| redact::change(change, shows));
    plan.keys.iter_mut().for_each(|key| redact::key(key, shows));
    plan.proposals.iter_mut().for_each(|each| redact::key(&mut each.record, shows));
    for skipped in &mut plan.skipped {
        skipped.record = redact::text(&skipped.record, shows);
        skipped.reason = redact::text(&skipped.reason, shows);
    }
    plan.notes.iter_mut().for_each(|note| *note = redact::text(note, shows));
    plan
}

/// Renders the question for a plan.
fn render_question(plan: plan::Outcome, context: &Context<'_>, allowed: &AgentPermissions) -> Result<String, Failure> {
    let shows = allowed.can_show(context, &plan.target)?;
    Ok(apply::render_question(&redact_plan(plan, shows)))
}

/// Renders the question for another write.
fn render_preview(
    allowed: &AgentPermissions,
    context: &Context<'_>,
    tool: &str,
    request: &Json,
) -> Result<String, Failure> {
    let write = writes::find_write(tool).ok_or_else(|| missing_tool_refusal(tool))?;
    let arguments = request.as_object().cloned().unwrap_or_default();
    (write.preview)(context, allowed, &arguments).map(|preview| preview.text)
}

/// Builds the refusal of a handle whose tool this server does not have.
fn missing_tool_refusal(tool: &str) -> Failure {
    let hint = "the operator must start the server with other limits; do not try to work around this";
    Failure::new(FailureKind::Refused, "agent_mode", format!("agents may not use {tool} here"), hint)
}
