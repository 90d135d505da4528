//! A person's yes: asked for while the call waits, or by a question that the client brings back; never assumed.

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

/// How long a person may think.
const PATIENCE: Duration = Duration::from_secs(300);
/// The name of the one question.
const QUESTION: &str = "consent";

/// What a person is asked.
#[derive(Debug, Deserialize, JsonSchema)]
struct Consent {
    /// Yes, do this on the test copy
    confirm: bool,
}

rmcp::elicit_safe!(Consent);

/// What came of asking.
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

/// What a question stands for, sealed while the client carries it.
#[derive(Debug, Serialize, Deserialize)]
struct SealedQuestion {
    handle: String,
    client: String,
}

impl Inner {
    /// Asks the person, in the way that the client has.
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
        let wrong = |why: String| {
            let message = format!("the person could not be asked: {why}");
            Failure::new(FailureKind::Refused, "agent_question", message, "call the tool again")
        };
        let requested_schema = ElicitationSchema::from_type::<Consent>().map_err(|error| wrong(error.to_string()))?;
        let form = ElicitRequestParams::FormElicitationParams { meta: None, message: text, requested_schema };
        let asked = InputRequest::Elicitation(ElicitRequest::new(form));
        let sealed = SealedQuestion { handle: handle.to_owned(), client: call.caller.client.clone() };
        let bound = associated_data(call);
        let options = SealOptions::new().associated_data(&bound).ttl(PATIENCE);
        let state = self.codec.seal_json_with(&sealed, &options).map_err(|error| wrong(error.to_string()))?;
        Ok(InputRequiredResult::new(Some([(QUESTION.to_owned(), asked)].into()), Some(state)))
    }

    /// Returns the handle of a question that the client brought back, and whether the person said yes.
    ///
    /// # Errors
    /// `agent_question`: it was forged, changed, or is too old.
    pub(super) fn brought_back(&self, call: &ClientCall) -> Result<Option<(String, bool)>, Failure> {
        let Some(state) = &call.state else { return Ok(None) };
        let refused = || {
            let message = "the question that came back is not the one that was asked, or too old";
            Failure::new(FailureKind::Refused, "agent_question", message, "call the tool again without it")
        };
        let sealed: SealedQuestion = self.codec.open_json_with(state, &associated_data(call)).map_err(|_| refused())?;
        if sealed.client != call.caller.client {
            return Err(refused());
        }
        let answer = call.responses.as_ref().and_then(|answers| answers.get(QUESTION));
        Ok(Some((sealed.handle, answer.is_some_and(is_yes))))
    }
}

/// Tells whether an answer is a yes, and nothing less.
fn is_yes(answer: &Json) -> bool {
    let Ok(result) = ElicitResult::deserialize(answer) else { return false };
    let confirmed = result.content.as_ref().and_then(|content| content.get("confirm")).and_then(Json::as_bool);
    result.action == ElicitationAction::Accept && confirmed == Some(true)
}

/// What a question is bound to: the tool and its arguments.
fn associated_data(call: &ClientCall) -> Vec<u8> {
    serde_json::to_vec(&(&call.tool, &call.arguments)).unwrap_or_default()
}

/// Returns the one command that an agent has to show: a person types it at a terminal, out of the agent's reach.
pub(super) fn for_a_person(code: &str) -> String {
    format!("mfm approve {code}")
}

/// Returns the refusal of a write that waits for a person at a terminal.
pub(super) fn unapproved_refusal(handle: &str) -> Failure {
    let code = short_code(handle);
    let command = for_a_person(code);
    let message = format!("a person has to approve this first: {command} at a terminal");
    let hint = format!("show the person the plan and the command {command}; then call apply_plan again");
    Failure::new(FailureKind::Refused, "agent_approval", message, hint)
}

/// Returns the refusal after a no.
pub(super) fn declined_refusal() -> Failure {
    crate::model::Refusal::NoConsent { asked: true }.into()
}
