//! The plan file: a request and a promise of its digest, without any change in it; applied at most once.

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
/// Its name while the digest did not cover what was permitted beside the usual.
const OLD_SCHEMA: &str = "mfm/plan-file/1";

/// A plan, as a file holds it.
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
    /// The digest that planning again must give.
    pub plan_digest: Digest,
}

impl PlanFile {
    /// Returns the file for a plan just made.
    #[must_use]
    pub fn new(made: &BuiltPlan, settled: &ResolvedRequest, plan_id: String, target: Digest, journal: Digest) -> Self {
        let keys = made.proposal.keys.as_ref().map(|chosen| chosen.keys.as_slice()).unwrap_or_default();
        Self {
            schema: SCHEMA.to_owned(),
            tool: made.outcome.label.tool.clone(),
            variant: settled.variant.clone(),
            params: settled.parameters.clone(),
            keys: keys.iter().filter_map(|key| key.first().map(key_form).as_ref().map(cell::to_json)).collect(),
            seed: settled.seed,
            now: time::format_wall(settled.now, 0, 'T'),
            max_rows: settled.options.max_rows,
            disable_triggers: settled.options.disable_triggers,
            beside_journal: settled.options.beside_journal.clone(),
            plan_id,
            target,
            journal,
            plan_digest: made.outcome.plan_digest,
        }
    }

    /// Writes the file; an earlier plan is replaced, anything else is left alone.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let failure = |why: String| {
            let message = format!("could not write the plan file {}: {why}", path.display());
            Failure::usage("plan_file", message, "choose a path that can be written")
        };
        let text = self.to_json_text().map_err(|error| failure(error.to_string()))?;
        let written = file::replace_file(path, &text, FileAccess::Private, |path| Self::read(path).is_ok());
        written.map_err(|error| failure(error.to_string()))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// What the file system says, or what is wrong with the file.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let failure = |why: String| {
            let message = format!("could not read the plan file {}: {why}", path.display());
            Failure::usage("plan_file", message, act(Deed::SavePlan, "makes one"))
        };
        let text = file::read_text(path, file::DATA_BYTES_MAX).map_err(|error| failure(error.to_string()))?;
        Self::parse(&text).map_err(failure)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let json: Json = serde_json::from_str(text).map_err(|error| format!("it is no plan: {error}"))?;
        match json.get("schema").and_then(Json::as_str) {
            Some(SCHEMA | OLD_SCHEMA) => serde_json::from_value(json).map_err(|error| error.to_string()),
            Some(other) => Err(format!("its schema is `{other}`")),
            None => Err("it is no plan".to_owned()),
        }
    }

    /// Returns the text of the file.
    ///
    /// # Errors
    /// What the serialiser says.
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
            all: true,
            ..Options::default()
        };
        let request = Request { tool: self.tool.clone(), parameters: self.params.clone(), options, output: None };
        let mut settled = plan::resolve_request(context, &request)?;
        settled.records = Records::Keys(self.parse_keys()?);
        Ok(settled)
    }

    /// Refuses what the digest of an earlier mfm did not cover: whoever saw that digest has not seen it.
    fn check_coverage(&self) -> Result<(), Failure> {
        let usual = !self.disable_triggers && self.beside_journal.is_empty() && self.max_rows.is_none();
        if self.schema == SCHEMA || usual {
            return Ok(());
        }
        let what =
            "an earlier mfm made it, whose digest covers neither max_rows nor disable_triggers nor beside_journal";
        Err(plan::stale_plan(what))
    }

    /// Returns the keys that were chosen.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn parse_keys(&self) -> Result<Vec<Key>, Failure> {
        let key = |json: &Json| match json {
            Json::Number(number) => number.as_i64().map(|id| vec![Value::Integer(id)]),
            Json::String(text) => Some(vec![Value::Text(text.clone())]),
            Json::Object(map) => map.get("$int")?.as_str()?.parse().ok().map(|id| vec![Value::Integer(id)]),
            _ => None,
        };
        let all: Option<Vec<Key>> = self.keys.iter().map(key).collect();
        all.ok_or_else(|| {
            Failure::usage("plan_file", "a key of the plan file is no number and no text", act(Deed::PlanAgain, ""))
        })
    }
}
