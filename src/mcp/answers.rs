//! What a client gets: structured content, a short text beside it, refusals with what to do next; decides nothing.

use rmcp::model::{CallToolResult, ContentBlock};
use serde::Serialize;
use serde_json::Value as Json;

use super::bounds::{self, Cursor};
use crate::model::shown;
use crate::ops::{Failure, Kind, redact};

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// For programs.
    pub(super) json: Json,
    /// For readers: the same in a few lines.
    pub(super) text: String,
}

impl Answer {
    /// Returns an answer, without the journal's path, with long lists cut.
    ///
    /// # Errors
    /// What cannot be written as JSON.
    pub(super) fn of<T: Serialize>(outcome: &T, text: impl FnOnce(&Json) -> String) -> Result<Self, Failure> {
        Self::once(outcome, true, text)
    }

    /// Returns an answer that goes on nowhere; sentences quote the database only where it is shown.
    ///
    /// # Errors
    /// What cannot be written as JSON.
    pub(super) fn once<T: Serialize>(
        outcome: &T,
        shows: bool,
        text: impl FnOnce(&Json) -> String,
    ) -> Result<Self, Failure> {
        let mut answer = Self::paged(outcome, shows, None, text)?;
        // What writes goes on nowhere; `show` lists what it did.
        answer.json.as_object_mut().map(|map| map.remove("next_cursor"));
        Ok(answer)
    }

    /// Returns an answer from a cursor on; sentences quote the database only where it is shown.
    ///
    /// # Errors
    /// What cannot be written as JSON.
    pub(super) fn paged<T: Serialize>(
        outcome: &T,
        shows: bool,
        cursor: Option<&Cursor>,
        text: impl FnOnce(&Json) -> String,
    ) -> Result<Self, Failure> {
        let mut json = serde_json::to_value(outcome).map_err(|error| {
            let message = format!("could not write the answer as JSON: {error}");
            Failure::new(Kind::Found, "output", message, "tell the operator")
        })?;
        if let Some(map) = json.as_object_mut() {
            map.remove("journal");
            map.remove("file");
        }
        redact::quotes(&mut json, shows);
        bounds::cut(&mut json, cursor);
        let text = text(&json);
        Ok(Self { json, text })
    }

    /// Returns the answer for programs, never longer than a model can read.
    pub(super) fn whole(&self) -> Json {
        let mut json = self.json.clone();
        bounds::cut_whole(&mut json);
        json
    }

    /// Returns what a client gets; one that does not read structured content gets it as text.
    pub(super) fn result(self, structured: bool) -> CallToolResult {
        let whole = self.whole();
        let text = if structured {
            bounds::text(&shown::lines(&self.text))
        } else {
            shown::json(&whole.to_string()).into_owned()
        };
        let mut result = CallToolResult::structured(whole);
        result.content = vec![ContentBlock::text(text)];
        result
    }
}

/// Returns what a client gets where something was refused or failed: the model reads it, and what to do next.
pub(super) fn refused(failure: &Failure) -> CallToolResult {
    let failure = advised(failure);
    let mut json = failure.to_json();
    bounds::cut(&mut json, None);
    let mut result = CallToolResult::structured_error(json);
    let text = format!("{}: {}. Next: {}", failure.code, failure.message, failure.hint);
    result.content = vec![ContentBlock::text(bounds::text(&shown::line(&text)))];
    result
}

/// Returns a failure with what an agent does next.
pub(super) fn advised(failure: &Failure) -> Failure {
    Failure { hint: next(failure), ..failure.clone() }
}

/// Returns what an agent does next; what only the command line has, it can only pass on.
fn next(failure: &Failure) -> String {
    let hint = &failure.hint;
    match advice(&failure.code) {
        Some(advice) => advice.to_owned(),
        // It names the one command that the person has to type.
        None if failure.code == "agent_approval" => hint.clone(),
        None if hint.contains("--") || hint.contains("`mfm ") || hint.contains("mfm target") => {
            format!("nothing that you can call; tell the person, who has the command line: {hint}")
        }
        None => hint.clone(),
    }
}

/// Returns what an agent does next, where the command line's hint would not help it.
fn advice(code: &str) -> Option<&'static str> {
    Some(match code {
        "no_consent" => "nothing was written; do not try again unless the person asks for it",
        "recover_first" => {
            "somebody may be at work on it: look at status in a moment; if it stays open, call recover, with consent"
        }
        "left_open" => "call recover, with the person's consent",
        "target_needs_recovery" => {
            "only a person lets a database roll back what a program left in it: tell them to run `mfm recover`"
        }
        "own_tables" | "hard_linked" => "only the operator can put the database in order; stop here and say so",
        "stale" | "plan_used" | "target_mismatch" => "call the tool again for a new plan",
        "conflict" => "explain says what is in the way; cascade, skip_conflicts or force only as the person decides",
        "records" | "ids" | "sample" => "give the record's id, or a variant and sample",
        "ineligible" | "none_eligible" | "too_few_eligible" | "missing_record" => {
            "find with eligible set to the tool lists records that can show it; or give a variant and sample"
        }
        "unknown_mode" | "unknown_variant" => "list_failure_modes lists modes and variants",
        "parameters" => "give a variant to have the rest proposed; list_failure_modes with mode shows the parameters",
        "no_target" | "which_target" => "status lists the targets; give one as target",
        "unmarked" | "marked_elsewhere" | "live_clinic" | "target_replaced" => {
            "only the operator can mark a test copy; stop here and say so"
        }
        "journal_missing" => "the operator has to make a lab or register a test copy first; stop here and say so",
        "no_operation" | "not_applied" | "not_open" => "log lists the operations, status what is active and open",
        "other_target" => "give the operation's own target, which log shows",
        "contradicted" => "call recover without as",
        "no_drill" => "drill_result without a number lists the drills",
        "full" => "give depth live with full",
        "no_match" => "find shows what there is, by number",
        "limit" => "choose fewer records",
        "selector" => "patient, machine, type, and date as YYYY-MM-DD",
        _ => return None,
    })
}

/// Returns the text of a field, empty where it has none.
pub(super) fn word<'j>(json: &'j Json, name: &str) -> &'j str {
    json.get(name).and_then(Json::as_str).unwrap_or_default()
}

/// Returns the number of a field, 0 where it has none.
pub(super) fn number(json: &Json, name: &str) -> u64 {
    json.get(name).and_then(Json::as_u64).unwrap_or_default()
}

/// Returns the list of a field.
pub(super) fn list<'j>(json: &'j Json, name: &str) -> &'j [Json] {
    json.get(name).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}
