//! The two steps of every write: plan and hand out a handle; with a yes, use the handle up and carry it out.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::answers::Answer;
use super::caller::{Asks, Caller};
use super::consent::{Said, declined, for_a_person, unapproved};
use super::options::Allowed;
use super::reads::{self, Read, request};
use super::schema::Object;
use super::server::{Call, Inner};
use super::writes::{self, Done, Write};
use crate::ops::agents::{Asked, DatabaseAddress, Pending, Terms, code, resolve};
use crate::ops::modes::find_mode;
use crate::ops::plan::{self, Options};
use crate::ops::{Context, Failure, Kind, agents, apply, redact};

/// A plan that waits: its handle, the question, what it says, and what its yes has to be.
struct Waiting {
    handle: String,
    text: String,
    answer: Answer,
    terms: Terms,
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
    fn of(inner: &Inner, call: &Call) -> Self {
        let Caller { client, could_ask, .. } = &call.caller;
        Self { client: client.clone(), actor: call.caller.actor(&inner.host.operator), could_ask: *could_ask }
    }

    /// Returns what a write of theirs to a target is held to.
    fn terms(&self, context: &Context<'_>, allowed: &Allowed, written: &str) -> Result<Terms, Failure> {
        Ok(Terms {
            actor: self.actor.clone(),
            identifying: allowed.identifying,
            rules: allowed.rules.clone(),
            asks: self.could_ask,
            person: allowed.needs_person(context, written)?,
        })
    }
}

impl Inner {
    /// `status`: as it was read last, where no file that it was read from changed since.
    pub(super) async fn status(self: &Arc<Self>, call: &Call) -> Result<Answer, Failure> {
        if let Some(answer) = self.remembered.get(&call.arguments) {
            return Ok(answer);
        }
        let mut arguments = call.arguments.clone();
        let asked = arguments.clone();
        self.run(call, false, move |inner, context| {
            let mark = inner.remembered.mark();
            inner.settle_place(context, &mut arguments)?;
            let asked_for = reads::ReadCall::of(&inner.allowed, &mut arguments)?;
            let answer = reads::status(context, &asked_for)?;
            inner.remembered.keep(asked, mark, &answer);
            Ok(answer)
        })
        .await
    }

    /// Reads, on the target that the arguments mean.
    pub(super) async fn read(self: &Arc<Self>, call: &Call, read: Read) -> Result<Answer, Failure> {
        let (mut arguments, looks) = (call.arguments.clone(), ["find", "check"].contains(&call.tool.as_str()));
        self.run(call, false, move |inner, context| {
            inner.settle_place(context, &mut arguments)?;
            let asked = reads::ReadCall::of(&inner.allowed, &mut arguments)?;
            if !looks {
                return read(context, &asked, arguments);
            }
            inner.watched(context, |context| read(context, &asked, arguments))
        })
        .await
    }

    /// `plan`: a fault of any mode that is allowed, with a handle unless this server only reads.
    pub(super) async fn plan(self: &Arc<Self>, call: &Call) -> Result<Answer, Failure> {
        let mut arguments = call.arguments.clone();
        let tool = arguments.remove("tool").and_then(|tool| tool.as_str().map(str::to_owned)).unwrap_or_default();
        let params = match arguments.remove("params") {
            Some(Json::Object(params)) => params,
            None => Map::new(),
            Some(_) => return Err(Failure::usage("arguments", "params is no object", "send the mode's parameters")),
        };
        let waiting = self.waiting(call, tool, params, arguments).await?;
        Ok(waiting.answer)
    }

    /// A fault: planned, and committed where the person says yes.
    pub(super) async fn fault(self: &Arc<Self>, call: &Call) -> Result<Done, Failure> {
        if let Some(back) = self.brought_back(call)? {
            return self.decided(call, back).await;
        }
        let options = ["target", "hostname", "database", "variant", "sample", "seed"];
        let (options, params): (Object, Object) =
            call.arguments.clone().into_iter().partition(|(name, _)| options.contains(&name.as_str()));
        let waiting = self.waiting(call, call.tool.clone(), params, options).await?;
        self.settle(call, waiting, false).await
    }

    /// Any other write: shown, and done where the person says yes.
    pub(super) async fn write(self: &Arc<Self>, call: &Call, write: Write) -> Result<Done, Failure> {
        if let Some(back) = self.brought_back(call)? {
            return self.decided(call, back).await;
        }
        let (mut arguments, tool, asker) = (call.arguments.clone(), call.tool.clone(), Asker::of(self, call));
        let waiting = self.run(call, false, move |inner, context| {
            inner.settle_place(context, &mut arguments)?;
            let shown = |context: &Context<'_>| (write.preview)(context, &inner.allowed, &arguments);
            let preview = agents::after_others(context, || shown(context))?;
            context.target = Some(preview.target.clone()).filter(|target| !target.is_empty()).or(context.target.take());
            let terms = asker.terms(context, &inner.allowed, &preview.written)?;
            let asked = Asked {
                tool: &tool,
                target: &preview.target,
                written: &preview.written,
                operations: preview.operations,
                question: &preview.text,
                request: Json::Object(arguments.clone()),
            };
            let handle = inner.agents.keep_request(context, &asker.client, terms.clone(), asked)?;
            let mut answer = Answer::of(&preview.json, |_| preview.text.clone())?;
            inner.hand_out(&mut answer, &handle, &terms);
            Ok(Waiting { handle, text: preview.text, answer, terms, approved: false })
        });
        let waiting = waiting.await?;
        self.settle(call, waiting, false).await
    }

    /// `apply_plan`: whoever brings a handle back brings the person's yes, where the client's word is enough.
    pub(super) async fn carry_out(self: &Arc<Self>, call: &Call) -> Result<Done, Failure> {
        if let Some(back) = self.brought_back(call)? {
            return self.decided(call, back).await;
        }
        let handle = call.arguments.get("handle").and_then(Json::as_str).unwrap_or_default().to_owned();
        let (asker, asks) = (Asker::of(self, call), call.caller.asks != Asks::Nobody);
        let waiting = self.run(call, false, move |inner, context| {
            let kept = inner.agents.look(context, &asker.client, &handle)?;
            let terms = kept.terms.strictest(&asker.terms(context, &inner.allowed, &kept.written)?)?;
            let approved = kept.approved.is_some();
            let mut text = String::new();
            if asks && !approved {
                context.target = Some(kept.target.clone()).filter(|target| !target.is_empty());
                let allowed = inner.allowed.showing(terms.identifying);
                text = match &kept.pending {
                    Pending::Plan => asked(inner.agents.planned(context, &handle)?, context, &allowed)?,
                    Pending::Request { request, .. } => preview(&allowed, context, &kept.tool, request)?,
                };
            }
            let answer = Answer { json: json!({}), text: String::new() };
            Ok(Waiting { handle, text, answer, terms, approved })
        });
        let waiting = waiting.await?;
        self.settle(call, waiting, true).await
    }

    /// Plans a fault and keeps it under a handle.
    async fn waiting(
        self: &Arc<Self>,
        call: &Call,
        tool: String,
        parameters: Object,
        mut options: Object,
    ) -> Result<Waiting, Failure> {
        let asker = Asker::of(self, call);
        self.run(call, false, move |inner, context| {
            let card = find_mode(&tool)?.card();
            inner.allowed.permit(card.tool, "0")?;
            inner.settle_place(context, &mut options)?;
            let options: Options = request(options)?;
            let wanted = plan::Request { tool: card.tool.to_owned(), parameters, options, output: None };
            let permit = |plan: &plan::Outcome| inner.allowed.permit(&plan.tool, &plan.severity);
            let written = context.chosen(&context.reading()?)?.name;
            let terms = asker.terms(context, &inner.allowed, &written)?;
            let kept = terms.clone();
            let keep = |context: &Context<'_>| inner.agents.keep_plan(context, &asker.client, kept, wanted, &permit);
            let (handle, outcome) = inner.watched(context, keep)?;
            let outcome = hidden(outcome, inner.allowed.shows(context, &written)?);
            let text = apply::asks(&outcome);
            let mut answer = Answer::of(&outcome, |_| text.clone())?;
            if inner.allowed.read_only {
                inner.agents.discard(&handle)?;
                answer.json["state"] = json!("planned");
                answer.text += "\nPlanned; this server writes nothing.";
            } else {
                inner.hand_out(&mut answer, &handle, &terms);
            }
            Ok(Waiting { handle, text, answer, terms, approved: false })
        })
        .await
    }

    /// Says in an answer that something is planned, and how it is carried out.
    fn hand_out(&self, answer: &mut Answer, handle: &str, terms: &Terms) {
        let minutes = self.agents.limits().handle_s / 60;
        answer.json["state"] = json!("planned");
        answer.json["handle"] = json!(handle);
        answer.json["expires_s"] = json!(self.agents.limits().handle_s);
        let told = if terms.client_is_enough() {
            "Show this to the person; after their yes, and only then,".to_owned()
        } else {
            let command = for_a_person(code(handle));
            answer.json["approve"] = json!(command);
            format!("Show this to the person, who has to type `{command}` at a terminal; only then")
        };
        answer.text += &format!(
            "\nPlanned; nothing was written. {told} call apply_plan with handle {handle} within {minutes} minutes."
        );
    }

    /// Asks for the yes, and goes on accordingly; `implied` where the call itself brings it.
    async fn settle(self: &Arc<Self>, call: &Call, waiting: Waiting, implied: bool) -> Result<Done, Failure> {
        if implied && waiting.approved {
            return self.decided(call, (waiting.handle, true)).await;
        }
        match self.ask(call, &waiting.handle, waiting.text).await? {
            Said::Yes => self.decided(call, (waiting.handle, true)).await,
            Said::No => self.decided(call, (waiting.handle, false)).await,
            Said::Nobody if !implied => Ok(waiting.answer.into()),
            Said::Nobody if waiting.terms.client_is_enough() => self.decided(call, (waiting.handle, true)).await,
            Said::Nobody => Err(unapproved(&waiting.handle)),
            Said::Ask(question) => Ok(Done::Ask(question)),
        }
    }

    /// Carries a handle out after a yes, and throws it away after a no.
    async fn decided(self: &Arc<Self>, call: &Call, (handle, yes): (String, bool)) -> Result<Done, Failure> {
        let asker = Asker::of(self, call);
        if !yes {
            self.run(call, false, move |inner, _| inner.agents.discard(&handle)).await?;
            return Err(declined());
        }
        let writer = self.writer.clone().lock_owned().await;
        let done = self.run(call, true, move |inner, context| {
            // One writer at a time, even where nobody waits for the answer any more.
            let _writer = writer;
            inner.carry(context, &asker, &handle)
        });
        done.await.map(Into::into)
    }

    fn carry(&self, context: &mut Context<'_>, asker: &Asker, handle: &str) -> Result<Answer, Failure> {
        context.go_on()?;
        let client = &asker.client;
        let kept = self.agents.look(context, client, handle)?;
        if let Some(severity) = &kept.severity {
            self.allowed.permit(&kept.tool, severity)?;
        } else if !self.has(&kept.tool) {
            return Err(not_here(&kept.tool));
        }
        let terms = kept.terms.strictest(&asker.terms(context, &self.allowed, &kept.written)?)?;
        let allowed = self.allowed.showing(terms.identifying);
        self.agents.admit_write(client, &kept.tool, kept.operations, context.clock.now_us())?;
        let kept = self.agents.take(context, client, handle)?;
        context.target = Some(kept.target).filter(|target| !target.is_empty());
        if let Some(person) = &kept.approved {
            context.actor = format!("{}, approved by {person}", context.actor);
        }
        match kept.pending {
            Pending::Plan => self.apply(context, &allowed, handle),
            Pending::Request { request, standing, .. } => {
                agents::others_done(context)?;
                if agents::standing(context)? != standing {
                    return Err(plan::stale(
                        "other operations were made, or the target was marked, since it was shown",
                    ));
                }
                let write = writes::of(&kept.tool).ok_or_else(|| not_here(&kept.tool))?;
                let arguments = request.as_object().cloned().unwrap_or_default();
                // What this server permits was not asked where it was shown.
                (write.preview)(context, &allowed, &arguments)?;
                self.watched(context, |context| (write.run)(context, &allowed, arguments))
            }
        }
    }

    fn apply(&self, context: &Context<'_>, allowed: &Allowed, handle: &str) -> Result<Answer, Failure> {
        let mut outcome = self.watched(context, |context| self.agents.apply(context, handle))?;
        let shows = allowed.shows(context, &outcome.plan.target)?;
        outcome.plan = hidden(outcome.plan, shows);
        Answer::once(&outcome, shows, |json| {
            let op = super::answers::number(json, "op");
            let plan = &outcome.plan;
            format!(
                "operation {op}: applied {} ({}, severity {}) on {}, {} rows. revert with operations [{op}] takes it \
                 back.",
                plan.tool, plan.variant, plan.severity, plan.target, plan.rows
            )
        })
    }

    /// Takes the target out of arguments and into the context.
    fn settle_place(&self, context: &mut Context<'_>, arguments: &mut Object) -> Result<(), Failure> {
        let mut take = |name: &str| match arguments.remove(name) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(_) => Err(Failure::usage("arguments", format!("{name} is no text"), "send the name as text")),
        };
        let place =
            DatabaseAddress { target: take("target")?, hostname: take("hostname")?, database: take("database")? };
        if let Some(name) = resolve(context, &place)? {
            context.target = Some(name);
        }
        Ok(())
    }

    /// Does something with a target under the circuit breaker.
    fn watched<T>(
        &self,
        context: &Context<'_>,
        work: impl FnOnce(&Context<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let chosen = context.reading().and_then(|journal| context.chosen(&journal)).ok();
        let Some(chosen) = chosen else { return work(context) };
        self.agents.admit_target(&chosen.name, context.clock.now_us())?;
        let done = work(context);
        let failed = matches!(&done, Err(failure) if failure.kind == Kind::Target);
        self.agents.note_target(&chosen.name, failed, context.clock.now_us())?;
        done
    }
}

/// Returns a plan without what an agent must not see.
fn hidden(mut plan: plan::Outcome, shows: bool) -> plan::Outcome {
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

/// Returns the question for a plan.
fn asked(plan: plan::Outcome, context: &Context<'_>, allowed: &Allowed) -> Result<String, Failure> {
    let shows = allowed.shows(context, &plan.target)?;
    Ok(apply::asks(&hidden(plan, shows)))
}

/// Returns the question for another write.
fn preview(allowed: &Allowed, context: &Context<'_>, tool: &str, request: &Json) -> Result<String, Failure> {
    let write = writes::of(tool).ok_or_else(|| not_here(tool))?;
    let arguments = request.as_object().cloned().unwrap_or_default();
    (write.preview)(context, allowed, &arguments).map(|preview| preview.text)
}

/// Refuses a handle of a server with more tools.
fn not_here(tool: &str) -> Failure {
    let hint = "the operator has to start the server with other limits; do not look for a way round";
    Failure::new(Kind::Refused, "agent_mode", format!("agents may not use {tool} here"), hint)
}
