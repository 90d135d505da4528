//! What a client gets: structured content with a short text, or a refusal with what to do next.

use rmcp::model::{CallToolResult, ContentBlock};
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::bounds::{self, Cursor};
use super::next_step;
use crate::domain::query::ErrorCodes;
use crate::model::shown;
use crate::ops::{Failure, FailureKind, redact};

/// An answer of a tool.
#[derive(Clone, Debug)]
pub(super) struct ToolAnswer {
    /// The structured content.
    pub(super) json: Json,
    /// The same in a few lines of text.
    pub(super) text: String,
    /// Whether it has bounds of its own: it is not cut, and its text is the same JSON, escaped.
    pub(super) whole: bool,
}

impl ToolAnswer {
    /// Builds an answer in one page, which may quote the database.
    ///
    /// # Errors
    /// The outcome cannot be written as JSON.
    pub(super) fn from_outcome<T: Serialize>(outcome: &T, text: impl FnOnce(&Json) -> String) -> Result<Self, Failure> {
        Self::single_page(outcome, true, text)
    }

    /// Builds an answer without a next page; its sentences quote the database only if `shows`.
    ///
    /// # Errors
    /// The outcome cannot be written as JSON.
    pub(super) fn single_page<T: Serialize>(
        outcome: &T,
        shows: bool,
        text: impl FnOnce(&Json) -> String,
    ) -> Result<Self, Failure> {
        let mut answer = Self::page_at(outcome, shows, None, text)?;
        // A write must not be called again for a second page; `show` lists what it did.
        answer.json.as_object_mut().map(|map| map.remove("next_cursor"));
        Ok(answer)
    }

    /// Builds an answer from a cursor on, with long lists cut and without the journal's path; its sentences quote the
    /// database only if `shows`.
    ///
    /// # Errors
    /// The outcome cannot be written as JSON.
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
        // Redacted before it is cut: half a quoted value could no longer be found.
        redact::quotes(&mut json, shows);
        bounds::cut_answer(&mut json, cursor);
        let text = text(&json);
        Ok(Self { json, text, whole: false })
    }

    /// Returns the structured content, cut to what a model can read.
    pub(super) fn to_bounded_json(&self) -> Json {
        if self.whole {
            return self.json.clone();
        }
        let mut json = self.json.clone();
        bounds::cut_whole(&mut json);
        json
    }

    /// Converts to the result of the protocol; a client that does not read structured content gets it as text.
    pub(super) fn into_result(self, structured: bool) -> CallToolResult {
        if self.whole {
            let mut result = CallToolResult::success(vec![ContentBlock::text(self.text)]);
            result.structured_content = Some(self.json);
            return result;
        }
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

/// Builds the result of a call that was refused or failed: no error of the protocol, so that the model reads it.
pub(super) fn build_refusal(failure: &Failure) -> CallToolResult {
    let hint = next_step::render_hint(&failure.code, &failure.next);
    let mut result = CallToolResult::structured_error(encode_failure(failure, &hint));
    let text = render_failure(failure, &hint);
    result.content = vec![ContentBlock::text(bounds::bound_text(&shown::escape_line(&text)))];
    result
}

/// Builds the result of a query that failed, as the specification of its tools names errors.
pub(super) fn build_specified_refusal(failure: &Failure, codes: &ErrorCodes) -> CallToolResult {
    let code = match failure.code.as_str() {
        "query_missing" | "missing_argument" => codes.missing,
        "query_parameters" | "arguments" => codes.wrong,
        "unknown_item" => codes.unknown,
        _ => codes.failed,
    };
    let hint = next_step::render_hint(&failure.code, &failure.next);
    let json = json!({
        "error": true,
        "code": code,
        "message": bounds::bound_text(&failure.message),
        "suggestion": bounds::bound_text(&hint),
    });
    let text = shown::escape_json(&json.to_string()).into_owned();
    let mut result = CallToolResult::structured_error(json);
    result.content = vec![ContentBlock::text(text)];
    result
}

/// Renders a failure as a sentence, with what to do next.
pub(super) fn render_failure(failure: &Failure, hint: &str) -> String {
    format!("{}: {}. Next: {hint}", failure.code, failure.message)
}

/// Encodes a failure as JSON, cut to what a model can read.
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

/// Returns the list of a field, empty where it has none.
pub(super) fn list_field<'j>(json: &'j Json, name: &str) -> &'j [Json] {
    json.get(name).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}
