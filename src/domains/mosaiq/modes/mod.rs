//! Failure modes: one file each, listed in [`MODES`].

mod corrupt_mlc_data;
mod duplicate_treatments;
mod invalid_angles;
mod invalid_offset_data;
mod meterset_inconsistency;
mod missing_control_points;
mod mlc_leaf_count_mismatch;
mod null_required_fields;
mod orphaned_records;
mod plausible_delivery;
mod plausible_geometry;
mod plausible_identity;
mod plausible_offsets;
mod plausible_prescription;
mod plausible_versions;
mod timestamp_inconsistencies;

use crate::domain::mode::Mode;

/// Every mode: those of the specification in its order, then those with plausible faults.
pub static MODES: &[&dyn Mode] = &[
    &corrupt_mlc_data::CorruptMlcData,
    &invalid_angles::InvalidAngles,
    &duplicate_treatments::DuplicateTreatments,
    &missing_control_points::MissingControlPoints,
    &null_required_fields::NullRequiredFields,
    &timestamp_inconsistencies::TimestampInconsistencies,
    &orphaned_records::OrphanedRecords,
    &invalid_offset_data::InvalidOffsetData,
    &meterset_inconsistency::MetersetInconsistency,
    &mlc_leaf_count_mismatch::MlcLeafCountMismatch,
    &plausible_identity::PlausibleIdentity,
    &plausible_versions::PlausibleVersions,
    &plausible_prescription::PlausiblePrescription,
    &plausible_delivery::PlausibleDelivery,
    &plausible_geometry::PlausibleGeometry,
    &plausible_offsets::PlausibleOffsets,
];

/// Returns the mode of a tool name or mode id, in snake or kebab case.
#[must_use]
pub fn find_mode(word: &str) -> Option<&'static dyn Mode> {
    let snake = word.replace('-', "_");
    MODES.iter().copied().find(|mode| mode.card().tool == snake || mode.card().id == snake)
}
