//! The list of features, without any target.

use serde::Serialize;

use super::Outcome;
use crate::domain::feature::{FeatureCard, FeatureSetCard, FlagCard};
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
    pub features: &'static [FeatureCard],
    /// The flags, whose columns follow.
    pub flags: &'static [FlagCard],
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
    let FeatureSetCard { record, about, features, flags, .. } = *card;
    SetLine { domain, record: record.word, key: record.key, about, features, flags }
}
