//! The plan file: a request with the digest of its plan, but no changes; it can be applied at most once.

use std::path::Path;

use mfm_journal::{Digest, Value};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::cell;
use super::context::Context;
use super::failure::Failure;
use super::plan::{self, BuiltPlan, Options, Request, ResolvedRequest};
use super::select::Records;
use crate::file::{self, FileAccess};
use crate::model::next_step::{Deed, act};
use crate::model::snapshot::key_form;
use crate::model::{Key, time};

/// The schema's name.
const SCHEMA: &str = "mfm/plan-file/2";
/// The schema's name in the first release, whose digest does not cover permits.
const OLD_SCHEMA: &str = "mfm/plan-file/1";

/// A plan, as stored in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    schema: String,
    tool: String,
    variant: Option<String>,
    params: Map<String, Json>,
    keys: Vec<Json>,
    seed: u64,
    now: String,
    max_rows: Option<u64>,
    disable_triggers: bool,
    beside_journal: Vec<String>,
    /// The plan's id.
    pub plan_id: String,
    /// The target's identity.
    pub target: Digest,
    /// The journal's id.
    pub journal: Digest,
    /// The digest that planning it again must give.
    pub plan_digest: Digest,
}

impl PlanFile {
    /// Returns the file of a plan just built.
    #[must_use]
    pub fn new(plan: &BuiltPlan, resolved: &ResolvedRequest, plan_id: String, target: Digest, journal: Digest) -> Self {
        let keys = plan.proposal.keys.as_ref().map(|chosen| chosen.keys.as_slice()).unwrap_or_default();
        Self {
            schema: SCHEMA.to_owned(),
            tool: plan.outcome.label.tool.clone(),
            variant: resolved.variant.clone(),
            params: resolved.parameters.clone(),
            keys: keys.iter().filter_map(|key| key.first().map(key_form).as_ref().map(cell::to_json)).collect(),
            seed: resolved.seed,
            now: time::format_wall(resolved.now, 0, 'T'),
            max_rows: resolved.options.max_rows,
            disable_triggers: resolved.options.disable_triggers,
            beside_journal: resolved.options.beside_journal.clone(),
            plan_id,
            target,
            journal,
            plan_digest: plan.outcome.plan_digest,
        }
    }

    /// Writes a new file, or replaces an earlier plan; any other file is left alone.
    ///
    /// # Errors
    /// A file system error, or that another file is in the way.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let failure = |why: String| {
            let message = format!("could not write the plan file {}: {why}", path.display());
            Failure::usage("plan_file", message, "choose a path that can be written")
        };
        let text = self.to_json_text().map_err(|error| failure(error.to_string()))?;
        file::replace_file(path, &text, FileAccess::Private, |path| Self::read(path).is_ok())
            .map_err(|error| failure(error.to_string()))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// A file system error, or what is wrong with the file.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let failure = |why: String| {
            let message = format!("could not read the plan file {}: {why}", path.display());
            Failure::usage("plan_file", message, act(Deed::SavePlan, "makes one"))
        };
        let text = file::read_text(path, file::DATA_BYTES_MAX).map_err(|error| failure(error.to_string()))?;
        Self::parse(&text).map_err(failure)
    }

    /// Parses the text of a plan file.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let json: Json = serde_json::from_str(text).map_err(|error| format!("it is not a plan file: {error}"))?;
        match json.get("schema").and_then(Json::as_str) {
            // Files of the first release are still accepted; `check_coverage` refuses those with permits.
            Some(SCHEMA | OLD_SCHEMA) => serde_json::from_value(json).map_err(|error| error.to_string()),
            Some(other) => Err(format!("its schema is `{other}`")),
            None => Err("it is not a plan file".to_owned()),
        }
    }

    /// Returns the text of the file, as indented JSON.
    ///
    /// # Errors
    /// A serialization error.
    pub fn to_json_text(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// Returns the request to plan again, with exactly the keys that were chosen.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn resolve_request(&self, context: &Context<'_>) -> Result<ResolvedRequest, Failure> {
        self.check_coverage()?;
        let options = Options {
            variant: self.variant.clone(),
            seed: Some(self.seed),
            now: Some(self.now.clone()),
            max_rows: self.max_rows,
            disable_triggers: self.disable_triggers,
            beside_journal: self.beside_journal.clone(),
            // Some choice of records is required; the stored keys replace it below.
            all: true,
            ..Options::default()
        };
        let request = Request { tool: self.tool.clone(), parameters: self.params.clone(), options, output: None };
        let mut resolved = plan::resolve_request(context, &request)?;
        resolved.records = Records::Keys(self.parse_keys()?);
        Ok(resolved)
    }

    /// Refuses permits in a file of the first release: its digest does not cover them, so they may be added later.
    fn check_coverage(&self) -> Result<(), Failure> {
        let has_permits = self.disable_triggers || !self.beside_journal.is_empty() || self.max_rows.is_some();
        if self.schema == SCHEMA || !has_permits {
            return Ok(());
        }
        let what =
            "it was made by an earlier mfm, whose digest does not cover max_rows, disable_triggers and beside_journal";
        Err(plan::stale_plan(what))
    }

    /// Returns the keys that were chosen.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn parse_keys(&self) -> Result<Vec<Key>, Failure> {
        let keys: Option<Vec<Key>> = self.keys.iter().map(parse_key).collect();
        keys.ok_or_else(|| {
            Failure::usage(
                "plan_file",
                "a key of the plan file is neither a number nor a string",
                act(Deed::PlanAgain, ""),
            )
        })
    }
}

/// Returns a key of one column from its JSON form: a number, a text, or an integer beyond 2^53 as `{"$int": "..."}`.
fn parse_key(json: &Json) -> Option<Key> {
    match json {
        Json::Number(number) => number.as_i64().map(|id| vec![Value::Integer(id)]),
        Json::String(text) => Some(vec![Value::Text(text.clone())]),
        Json::Object(map) => map.get("$int")?.as_str()?.parse().ok().map(|id| vec![Value::Integer(id)]),
        _ => None,
    }
}
