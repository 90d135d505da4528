//! The list of features, without any target.

use serde::Serialize;

use super::Outcome;
use crate::domain::feature::FeatureSetCard;
use crate::domains;

/// The features of a domain.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SetLine {
    /// The id of the domain.
    pub domain: &'static str,
    /// The word for one of its records.
    pub record: &'static str,
    /// The head of the first column, which holds the record's key.
    pub key: &'static str,
    /// What the features are for.
    pub about: &'static str,
    /// The features, in the order of the columns.
    pub features: Vec<FeatureLine>,
    /// The flags, whose columns follow.
    pub flags: Vec<FlagLine>,
}

/// A feature in the list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FeatureLine {
    /// The group of features that are missing together.
    pub group: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// How it is computed.
    pub formula: &'static str,
    /// The value that stands for "cannot be computed"; null where it always can.
    pub sentinel: Option<f64>,
}

/// A flag in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FlagLine {
    /// Its name.
    pub name: &'static str,
    /// When it is 1.
    pub about: &'static str,
}

/// Returns the features of all domains.
#[must_use]
pub fn list_sets() -> Outcome {
    let mut sets = Vec::new();
    for domain in domains::all() {
        if let Some(set) = domain.features() {
            sets.push(describe_set(domain.card().id, set.card()));
        }
    }
    Outcome { written: None, sets }
}

fn describe_set(domain: &'static str, card: &'static FeatureSetCard) -> SetLine {
    let features = card.features.iter().map(|card| FeatureLine {
        group: card.group,
        name: card.name,
        unit: card.unit,
        formula: card.formula,
        sentinel: card.sentinel,
    });
    SetLine {
        domain,
        record: card.record.word,
        key: card.record.key,
        about: card.about,
        features: features.collect(),
        flags: card.flags.iter().map(|card| FlagLine { name: card.name, about: card.about }).collect(),
    }
}
