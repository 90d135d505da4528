//! The features of a delivery: 74 numbers in seven groups, and ten flags that say what they were computed from.

mod cards;
mod fields;
mod meterset;
mod mlc;
mod numbers;
mod offsets;
mod points;
mod row;
mod run;
#[cfg(test)]
mod tests;
mod times;

use self::run::DeliveryRun;
use super::kinds;
use crate::domain::feature::{FeatureRequest, FeatureRun, FeatureSet, FeatureSetCard, FeatureSink};

/// The features of deliveries.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeliveryFeatures;

static CARD: FeatureSetCard = FeatureSetCard {
    record: &kinds::DELIVERY,
    about: "74 numbers of a delivery, its field, its control points and its prescription's offsets, and ten flags",
    time: Some("Create_DtTm"),
    reference: Some("the extraction that came with the first description of these features"),
    features: &cards::FEATURES,
    flags: &cards::FLAGS,
};

impl FeatureSet for DeliveryFeatures {
    fn card(&self) -> &'static FeatureSetCard {
        &CARD
    }

    fn start<'s>(&self, request: &FeatureRequest, sink: &'s mut FeatureSink<'s>) -> Box<dyn FeatureRun + 's> {
        Box::new(DeliveryRun::new(request, sink))
    }
}
