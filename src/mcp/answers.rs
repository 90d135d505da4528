//! What a client gets: structured content, a short text beside it, refusals with what to do next; decides nothing.

use rmcp::model::{CallToolResult, ContentBlock};
use serde::Serialize;
use serde_json::Value as Json;

use super::bounds::{self, Cursor};
use super::next_step;
use crate::model::shown;
use crate::ops::{Failure, FailureKind, redact};

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct ToolAnswer {
    /// For programs.
    pub(super) json: Json,
    /// For readers: the same in a few lines.
    pub(super) text: String,
}

impl ToolAnswer {
    /// Returns an answer, without the journal's path, with long lists cut.
    ///
    /// # Errors
    /// What cannot be written as JSON.
    pub(super) fn from_outcome<T: Serialize>(outcome: &T, text: impl FnOnce(&Json) -> String) -> Result<Self, Failure> {
        Self::single_page(outcome, true, text)
    }

    /// Returns an answer that goes on nowhere; sentences quote the database only where it is shown.
    ///
    /// # Errors
    /// What cannot be written as JSON.
    pub(super) fn single_page<T: Serialize>(
        outcome: &T,
        shows: bool,
        text: impl FnOnce(&Json) -> String,
    ) -> Result<Self, Failure> {
        let mut answer = Self::page_at(outcome, shows, None, text)?;
        // What writes goes on nowhere; `show` lists what it did.
        answer.json.as_object_mut().map(|map| map.remove("next_cursor"));
        Ok(answer)
    }

    /// Returns an answer from a cursor on; sentences quote the database only where it is shown.
    ///
    /// # Errors
    /// What cannot be written as JSON.
    pub(super) fn page_at<T: Serialize>(
        outcome: &T,
        shows: bool,
        cursor: Option<&Cursor>,
        text: impl FnOnce(&Json) -> String,
    ) -> Result<Self, Failure> {
        let mut json = serde_json::to_value(outcome).map_err(|error| {
            let message = format!("could not write the answer as JSON: {error}");
            Failure::new(FailureKind::Found, "output", message, "tell the operator")
        })?;
        if let Some(map) = json.as_object_mut() {
            map.remove("journal");
            map.remove("file");
        }
        redact::quotes(&mut json, shows);
        bounds::cut_answer(&mut json, cursor);
        let text = text(&json);
        Ok(Self { json, text })
    }

    /// Returns the answer for programs, never longer than a model can read.
    pub(super) fn to_bounded_json(&self) -> Json {
        let mut json = self.json.clone();
        bounds::cut_whole(&mut json);
        json
    }

    /// Returns what a client gets; one that does not read structured content gets it as text.
    pub(super) fn into_result(self, structured: bool) -> CallToolResult {
        let whole = self.to_bounded_json();
        let text = if structured {
            bounds::bound_text(&shown::escape_lines(&self.text))
        } else {
            shown::escape_json(&whole.to_string()).into_owned()
        };
        let mut result = CallToolResult::structured(whole);
        result.content = vec![ContentBlock::text(text)];
        result
    }
}

/// Returns what a client gets where something was refused or failed: the model reads it, and what to do next.
pub(super) fn build_refusal(failure: &Failure) -> CallToolResult {
    let hint = next_step::render_hint(&failure.code, &failure.next);
    let mut result = CallToolResult::structured_error(encode_failure(failure, &hint));
    let text = render_failure(failure, &hint);
    result.content = vec![ContentBlock::text(bounds::bound_text(&shown::escape_line(&text)))];
    result
}

/// Returns a failure in a sentence, with what to do next.
pub(super) fn render_failure(failure: &Failure, hint: &str) -> String {
    format!("{}: {}. Next: {hint}", failure.code, failure.message)
}

/// Returns a failure as JSON, never longer than a model can read.
pub(super) fn encode_failure(failure: &Failure, hint: &str) -> Json {
    let mut json = failure.to_json(hint);
    bounds::cut_answer(&mut json, None);
    json
}

/// Returns the text of a field, empty where it has none.
pub(super) fn text_field<'j>(json: &'j Json, name: &str) -> &'j str {
    json.get(name).and_then(Json::as_str).unwrap_or_default()
}

/// Returns the number of a field, 0 where it has none.
pub(super) fn number_field(json: &Json, name: &str) -> u64 {
    json.get(name).and_then(Json::as_u64).unwrap_or_default()
}

/// Returns the list of a field.
pub(super) fn list_field<'j>(json: &'j Json, name: &str) -> &'j [Json] {
    json.get(name).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}
