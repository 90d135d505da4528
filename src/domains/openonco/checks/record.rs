//! A record as checks see it: its fields, its category, and how its figures are named.

use serde_json::{Map, Value as Json};

use crate::domains::openonco::categories::{Category, find_category};
use crate::domains::openonco::source;
use crate::model::Row;

/// The figures that are shares of a hundred.
pub(in crate::domains::openonco) const SHARES: [&str; 16] = [
    "sensitivity",
    "specificity",
    "analyticalSensitivity",
    "analyticalSpecificity",
    "advancedAdenomaSensitivity",
    "stageISensitivity",
    "stageIISensitivity",
    "stageIIISensitivity",
    "stageIVSensitivity",
    "ppv",
    "npv",
    "landmarkSensitivity",
    "landmarkSpecificity",
    "longitudinalSensitivity",
    "longitudinalSpecificity",
    "tumorOriginAccuracy",
];

/// Further fields that hold a number in catalogues.
pub(in crate::domains::openonco) const AMOUNTS: [&str; 9] = [
    "initialTat",
    "followUpTat",
    "bloodVolume",
    "listPrice",
    "leadTimeVsImaging",
    "genesAnalyzed",
    "fdaCompanionDxCount",
    "totalParticipants",
    "numPublications",
];

/// The fields of sensitivity by stage, the earliest stage first.
pub(in crate::domains::openonco) const STAGES: [&str; 4] =
    ["stageISensitivity", "stageIISensitivity", "stageIIISensitivity", "stageIVSensitivity"];

/// A record as checks see it.
pub(in crate::domains::openonco) struct CatalogueRecord {
    /// Its number.
    pub(in crate::domains::openonco) record: i64,
    /// Its category; `None` for one that this version does not know.
    pub(in crate::domains::openonco) category: Option<&'static Category>,
    /// Its fields.
    pub(in crate::domains::openonco) fields: Map<String, Json>,
}

impl CatalogueRecord {
    /// Reads a row of the texts; `None` where the text is no object.
    pub(super) fn from_row(row: &Row<'_>) -> Option<Self> {
        Some(Self {
            record: row.integer("record")?,
            category: row.text("category").and_then(find_category),
            fields: source::parse_object(row.text("text")?)?,
        })
    }

    /// Builds a record from its text, as faults look at it before and after.
    pub(in crate::domains::openonco) fn from_text(record: i64, category: &str, text: &str) -> Option<Self> {
        Some(Self { record, category: find_category(category), fields: source::parse_object(text)? })
    }

    pub(in crate::domains::openonco) fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(Json::as_str)
    }

    /// Returns a field as a number; `None` for a text, whatever it says.
    pub(in crate::domains::openonco) fn number(&self, field: &str) -> Option<f64> {
        self.fields.get(field).and_then(Json::as_f64)
    }

    /// Returns the name of the company.
    pub(in crate::domains::openonco) fn vendor(&self) -> &str {
        self.text(self.category.map_or("vendor", |category| category.fields.vendor)).unwrap_or_default()
    }

    /// Returns its id, or its number where it has none.
    pub(super) fn label(&self) -> String {
        self.text("id").map_or_else(|| format!("record {}", self.record), str::to_owned)
    }

    /// Returns the texts of citations: of every field whose name says so, with the field's name.
    pub(super) fn citations(&self) -> Vec<(&str, &str)> {
        let is_citation =
            |name: &str| name.ends_with("Citations") || name.ends_with("Citation") || name.ends_with("Url");
        let mut out = Vec::new();
        for (name, value) in self.fields.iter().filter(|(name, _)| is_citation(name)) {
            match value {
                Json::String(text) => out.push((name.as_str(), text.as_str())),
                Json::Array(list) => out.extend(list.iter().filter_map(|item| Some((name.as_str(), item.as_str()?)))),
                _ => {}
            }
        }
        out
    }
}
