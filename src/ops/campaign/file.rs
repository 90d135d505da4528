//! The campaign file: faults, records and seed, as versioned TOML in which unknown keys are refused.

use std::collections::BTreeMap;
use std::path::Path;

use mfm_journal::Digest;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

use crate::domain::filter::FilterValues;
use crate::file;
use crate::model::next_step::{View, look};
use crate::model::seed::{self, SEED_MAX};
use crate::ops::failure::Failure;
use crate::ops::filters;
use crate::ops::plan::{Options, Request};

/// The version of the format.
const VERSION: u32 = 1;

/// A campaign: many faults of one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "mfm campaign")]
pub struct Campaign {
    /// The version of the format: 1
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// What the campaign is called; the journal keeps it with every operation
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// The seed from which the seed of each fault is derived, 0 to 2^53-1
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_u64))]
    pub seed: u64,
    /// The target's wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS; read when the campaign is begun if left out
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    /// The faults, committed in this order, each as an operation of its own
    #[serde(rename = "fault")]
    #[schemars(length(min = 1))]
    pub faults: Vec<Fault>,
}

/// One fault of a campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The tool, as `mfm modes` lists it
    pub tool: String,
    /// The variant, whose parameters are proposed for each record
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// How many eligible records, chosen by the seed
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Every eligible record
    #[serde(default)]
    pub all: bool,
    /// Its own seed, instead of the one derived from the campaign's
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Refuse to change more rows than this, 10000 if left out
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_rows: Option<u64>,
    /// Filters for the records that `count` and `all` choose from
    #[serde(default, deserialize_with = "known_filters")]
    #[schemars(schema_with = "filters_schema")]
    pub select: FilterValues,
    /// The tool's own parameters, as `mfm modes TOOL` lists them: the records by id, if neither `count` nor `all` is
    #[serde(default)]
    pub params: BTreeMap<String, Json>,
}

/// Returns the schema of filters, closed: the derived one allows further fields because it is flattened elsewhere.
fn filters_schema(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = FilterValues::json_schema(generator);
    schema.insert("additionalProperties".to_owned(), Json::from(false));
    schema
}

/// Reads filters, and refuses unknown ones: `FilterValues` itself ignores them.
fn known_filters<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FilterValues, D::Error> {
    let fields: BTreeMap<String, Json> = BTreeMap::deserialize(deserializer)?;
    let known: Vec<&str> = filters::list_filters().into_iter().map(|card| card.flag).collect();
    if let Some(unknown) = fields.keys().find(|word| !known.contains(&word.as_str())) {
        return Err(serde::de::Error::custom(format!(
            "unknown field `{unknown}`, expected one of {}",
            known.join(", ")
        )));
    }
    let fields = Json::Object(fields.into_iter().collect());
    serde_json::from_value(fields).map_err(serde::de::Error::custom)
}

impl Campaign {
    /// Reads a file.
    ///
    /// # Errors
    /// Usage: the file cannot be read, or is no campaign; the first mistake is named with its line.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let wrong = |why: String| {
            let message = format!("could not read the campaign {}: {why}", path.display());
            Failure::usage("campaign", message, look(View::CampaignSchema, "prints the schema of the file"))
        };
        let text = file::read_text(path, file::TEXT_BYTES_MAX).map_err(|error| wrong(error.to_string()))?;
        Self::parse(&text).map_err(wrong)
    }

    /// Parses the text of a campaign file.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let campaign: Self = toml::from_str(text).map_err(|error| crate::ops::toml_fault(text, &error))?;
        if campaign.version != VERSION {
            return Err(format!("its version is {}, but this program reads version {VERSION}", campaign.version));
        }
        if campaign.name.trim().is_empty() || campaign.name.chars().count() > 100 {
            return Err("its name is empty, or longer than 100 characters".to_owned());
        }
        if campaign.faults.is_empty() {
            return Err("it lists no fault".to_owned());
        }
        // The schema has the same limit, but nothing checks a file against the schema.
        let seeds = campaign.faults.iter().filter_map(|fault| fault.seed).chain([campaign.seed]);
        match seeds.into_iter().find(|seed| *seed > SEED_MAX) {
            Some(seed) => Err(format!("the seed {seed} is above 2^53-1")),
            None => Ok(campaign),
        }
    }

    /// Returns the digest of the campaign's content, independent of layout and comments.
    #[must_use]
    pub fn digest(&self) -> Digest {
        // Journaled with every operation, and so frozen: the prefix names the form.
        let text = serde_json::to_value(self).map(|value| value.to_string()).unwrap_or_default();
        Digest::sha256(format!("mfm/campaign/1\n{text}").as_bytes())
    }

    /// Returns the request of each fault, in the order of the file; `now` is the target's wall clock.
    pub fn requests<'c>(&'c self, now: &'c str) -> impl Iterator<Item = Request> + 'c {
        (1u64..).zip(&self.faults).map(move |(step, fault)| self.build_request(step, fault, now))
    }

    fn build_request(&self, step: u64, fault: &Fault, now: &str) -> Request {
        // The step is part of the derivation: two faults of one tool must not choose the same records.
        let own = seed::derive_seed(self.seed, &["campaign", &step.to_string(), &fault.tool]);
        let options = Options {
            variant: fault.variant.clone(),
            sample: fault.count,
            all: fault.all,
            selector: fault.select.clone(),
            seed: Some(fault.seed.unwrap_or(own)),
            now: Some(now.to_owned()),
            max_rows: fault.max_rows,
            ..Options::default()
        };
        let parameters = fault.params.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        Request { tool: fault.tool.clone(), parameters, options, output: None }
    }
}

/// Returns the JSON Schema of a campaign file.
#[must_use]
pub fn schema() -> Json {
    schemars::schema_for!(Campaign).to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "version = 1\nname = 'autumn'\nseed = 7\n[[fault]]\ntool = 'create_invalid_angles'\n\
                        variant = 'gantry'\ncount = 2\nselect = { machine = '102' }\n";

    #[test]
    fn what_a_file_says_counts_and_not_how() {
        let first = Campaign::parse(TEXT).unwrap();
        let same = Campaign::parse(&TEXT.replace("seed", "# a remark\nseed")).unwrap();
        assert_eq!(first.digest(), same.digest());
        assert_ne!(first.digest(), Campaign::parse(&TEXT.replace("count = 2", "count = 3")).unwrap().digest());
    }

    #[test]
    fn every_fault_has_a_seed_of_its_own() {
        let text =
            TEXT.to_owned() + "[[fault]]\ntool = 'create_invalid_angles'\nvariant = 'gantry'\nall = true\nseed = 3";
        let campaign = Campaign::parse(&text).unwrap();
        let seeds: Vec<Option<u64>> = campaign.requests("2024-06-29").map(|request| request.options.seed).collect();
        assert_eq!(seeds[1], Some(3));
        assert!(seeds[0].is_some_and(|seed| seed != 7 && seed <= SEED_MAX), "{seeds:?}");
    }

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        for (wrong, named) in [
            (TEXT.replace("count", "cuont"), "cuont"),
            (TEXT.replace("machine", "linac"), "linac"),
            (TEXT.replace("seed", "sed"), "sed"),
            (TEXT.replace("version = 1", "version = 2"), "version is 2"),
            (TEXT.replace("seed = 7", "seed = 9007199254740992"), "9007199254740992"),
            (TEXT.replace("'autumn'", "' '"), "name is empty"),
            ("version = 1\nname = 'x'\nseed = 1\nfault = []".to_owned(), "no fault"),
        ] {
            let why = Campaign::parse(&wrong).unwrap_err();
            assert!(why.contains(named), "{why}");
        }
    }
}
