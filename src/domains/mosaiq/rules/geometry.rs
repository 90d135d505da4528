//! Limits for the geometry of fields.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sizes::{Largest, Size};
use crate::model::Row;

/// Limits for couch, jaws, leaves and angles, where a field is compared with others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Geometry {
    /// Minimum number of other fields of a machine, a type or the database before a field is compared with them.
    pub peers: NonZeroU32,
    /// Maximum difference of the couch from that of the prescription's other fields, cm.
    pub couch_tolerance: Size,
    /// How far beyond the couches of the machine's other fields a couch may stand, in height and across, cm.
    pub couch_margin: Size,
    /// The same along the couch, where patients lie by the part of the body, cm.
    pub couch_length_margin: Size,
    /// Maximum difference between a field size and its jaws, cm.
    pub jaw_tolerance: Size,
    /// How far an open leaf pair may reach beyond a jaw, cm.
    pub jaw_overhang: Size,
    /// How much nearer to the centre a jaw beside the outermost open pair may stand than in similar fields, cm.
    pub jaw_nearer: Size,
    /// Maximum difference of a field's narrowest gap from that of the machine's closed pairs, cm.
    pub gap_tolerance: Size,
    /// Maximum difference of two angles that should be the same, degrees.
    pub angle_tolerance: Size,
    /// Words of Site_Name or Technique of the prescriptions whose beams may each have a couch angle of their own.
    pub turned_couch: Vec<String>,
    /// Maximum difference between distances to the skin of one prescription from the same side, cm.
    pub skin_tolerance: Size,
    /// How far beyond the distances to the skin of the machine's other fields of the modality a distance may be, cm.
    pub skin_margin: Size,
    /// Maximum weight of a control point of an arc, as a multiple of the mean.
    pub point_weight: Largest,
}

impl Geometry {
    pub(in crate::domains::mosaiq) fn peers(&self) -> usize {
        usize::try_from(self.peers.get()).unwrap_or(usize::MAX)
    }

    /// Tells whether the beams of a prescription, a row of Site, may each have a couch angle of their own.
    pub(in crate::domains::mosaiq) fn lets_couch_turn(&self, site: &Row<'_>) -> bool {
        let texts = ["Site_Name", "Technique"].map(|column| site.text(column).unwrap_or_default().to_lowercase());
        self.turned_couch.iter().any(|word| texts.iter().any(|text| text.contains(&word.to_lowercase())))
    }
}
