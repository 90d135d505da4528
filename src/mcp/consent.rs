//! A person's yes: asked for while the call waits, or by a question that the client returns with the answer.

use std::time::Duration;

use rmcp::model::{
    ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationSchema, InputRequest,
    InputRequiredResult, SealOptions,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::bounds;
use super::caller::AskMethod;
use super::server::{ClientCall, Inner};
use crate::ops::agents::short_code;
use crate::ops::{Failure, FailureKind};

/// How long a question stays open.
const PATIENCE: Duration = Duration::from_secs(300);
/// The key of the question in the client's responses.
const QUESTION: &str = "consent";

/// The question to a person.
#[derive(Debug, Deserialize, JsonSchema)]
struct Consent {
    /// Yes, do this on the test copy
    confirm: bool,
}

rmcp::elicit_safe!(Consent);

/// The result of asking.
pub(super) enum ConsentAnswer {
    /// Go ahead.
    Yes,
    /// Do not.
    No,
    /// Nobody can be asked.
    Nobody,
    /// The client has to ask, and to come back.
    Ask(Box<InputRequiredResult>),
}

/// The state of an open question, sealed while the client holds it.
#[derive(Debug, Serialize, Deserialize)]
struct SealedQuestion {
    handle: String,
    client: String,
}

impl Inner {
    /// Asks the person, in the way that the client supports.
    pub(super) async fn ask_person(
        &self,
        call: &ClientCall,
        handle: &str,
        text: String,
    ) -> Result<ConsentAnswer, Failure> {
        let text = bounds::bound_text(&text);
        match call.caller.asks {
            AskMethod::Nobody => Ok(ConsentAnswer::Nobody),
            AskMethod::Again => {
                self.seal_question(call, handle, text).map(|question| ConsentAnswer::Ask(Box::new(question)))
            }
            AskMethod::Meanwhile => {
                let answer = call.peer.elicit_with_timeout::<Consent>(text, Some(PATIENCE)).await;
                // Silence, an error and an empty form are no yes.
                Ok(if matches!(answer, Ok(Some(Consent { confirm: true }))) {
                    ConsentAnswer::Yes
                } else {
                    ConsentAnswer::No
                })
            }
        }
    }

    fn seal_question(&self, call: &ClientCall, handle: &str, text: String) -> Result<InputRequiredResult, Failure> {
        let requested_schema = ElicitationSchema::from_type::<Consent>().map_err(|error| unasked_failure(&error))?;
        let form = ElicitRequestParams::FormElicitationParams { meta: None, message: text, requested_schema };
        let request = InputRequest::Elicitation(ElicitRequest::new(form));
        let question = SealedQuestion { handle: handle.to_owned(), client: call.caller.client.clone() };
        let data = associated_data(call);
        let options = SealOptions::new().associated_data(&data).ttl(PATIENCE);
        let state = self.codec.seal_json_with(&question, &options).map_err(|error| unasked_failure(&error))?;
        Ok(InputRequiredResult::new(Some([(QUESTION.to_owned(), request)].into()), Some(state)))
    }

    /// Returns the handle of a question that the client returned, and whether the answer is yes.
    ///
    /// # Errors
    /// `agent_question`: it was forged, changed, or is too old.
    pub(super) fn unseal_answer(&self, call: &ClientCall) -> Result<Option<(String, bool)>, Failure> {
        let Some(state) = &call.state else { return Ok(None) };
        let question: SealedQuestion =
            self.codec.open_json_with(state, &associated_data(call)).map_err(|_| foreign_question())?;
        // The seal proves who made the question, not who returns it.
        if question.client != call.caller.client {
            return Err(foreign_question());
        }
        let answer = call.responses.as_ref().and_then(|answers| answers.get(QUESTION));
        Ok(Some((question.handle, answer.is_some_and(is_yes))))
    }
}

fn unasked_failure(why: &dyn std::fmt::Display) -> Failure {
    let message = format!("the person could not be asked: {why}");
    Failure::new(FailureKind::Refused, "agent_question", message, "call the tool again")
}

fn foreign_question() -> Failure {
    let message = "the returned question is not the one that was asked, or it expired";
    Failure::new(FailureKind::Refused, "agent_question", message, "call the tool again without it")
}

/// Tells whether an answer was accepted with `confirm` set.
fn is_yes(answer: &Json) -> bool {
    let Ok(result) = ElicitResult::deserialize(answer) else { return false };
    let confirmed = result.content.as_ref().and_then(|content| content.get("confirm")).and_then(Json::as_bool);
    result.action == ElicitationAction::Accept && confirmed == Some(true)
}

/// Returns what a sealed question is bound to, the tool and its arguments, so that it cannot answer for another call.
fn associated_data(call: &ClientCall) -> Vec<u8> {
    serde_json::to_vec(&(&call.tool, &call.arguments)).unwrap_or_default()
}

/// Returns the command that an agent has to show: a person types it at a terminal, out of the agent's reach.
pub(super) fn approve_command(code: &str) -> String {
    format!("mfm approve {code}")
}

/// Returns the refusal of a write that waits for a person at a terminal.
pub(super) fn unapproved_refusal(handle: &str) -> Failure {
    let code = short_code(handle);
    let command = approve_command(code);
    let message = format!("a person must approve this first: {command} at a terminal");
    let hint = format!("show the person the plan and the command {command}; then call apply_plan again");
    Failure::new(FailureKind::Refused, "agent_approval", message, hint)
}

/// Returns the refusal after a no.
pub(super) fn declined_refusal() -> Failure {
    crate::model::Refusal::NoConsent { asked: true }.into()
}
