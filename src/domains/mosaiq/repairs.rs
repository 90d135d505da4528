//! Where the original of a faulty cell could be recovered without the journal: the same row, another row, another
//! table, or nowhere in the database. Repairs nothing.

use crate::domain::repair::{Repair, RepairExtent};

const ROW: &str = "row";
const OTHER_ROW: &str = "other_row";
const OTHER_TABLE: &str = "other_table";
const OUTSIDE: &str = "outside";

// The first row that matches counts, so in both tables the special cases precede the general ones.

/// For variants that always write the same columns: mode, variant (empty for any), extent, source and reason.
const VARIANTS: &[(&str, &str, RepairExtent, &str, &str)] = &[
    ("corrupt_mlc_data", "odd_bytes", RepairExtent::Exactly, ROW, "the extra byte is at the end and can be removed"),
    ("corrupt_mlc_data", "negative_gap", RepairExtent::Exactly, ROW, "the pair that crosses can be swapped back"),
    ("corrupt_mlc_data", "", RepairExtent::Not, OUTSIDE, "only the DICOM plan has the leaf positions"),
    (
        "invalid_angles",
        "",
        RepairExtent::Not,
        OUTSIDE,
        "every point of the field was overwritten; the plan has the angles",
    ),
    ("duplicate_treatments", "", RepairExtent::Exactly, OTHER_ROW, "the original delivery is still there"),
    ("missing_control_points", "", RepairExtent::Not, OUTSIDE, "whole rows are gone; the plan has the control points"),
    ("timestamp_inconsistencies", "negative_duration", RepairExtent::Exactly, ROW, "the end is mirrored at the start"),
    (
        "timestamp_inconsistencies",
        "",
        RepairExtent::Approximately,
        OTHER_TABLE,
        "Dose_Hst.Tx_DtTm, if the delivery has a dose history, is within minutes of it",
    ),
    ("invalid_offset_data", "extreme_values", RepairExtent::Not, OUTSIDE, "the imaging system's log has the shift"),
    (
        "invalid_offset_data",
        "future_study_time",
        RepairExtent::Approximately,
        ROW,
        "Create_DtTm of the shift is close to it",
    ),
    ("invalid_offset_data", "", RepairExtent::Not, OUTSIDE, "only this cell has the code"),
    (
        "meterset_inconsistency",
        "",
        RepairExtent::Approximately,
        ROW,
        "Cgray / cGrayPerMeterset gives it within rounding, if both are there",
    ),
    ("mlc_leaf_count_mismatch", "", RepairExtent::Not, OUTSIDE, "leaf pairs are gone; the DICOM plan has them"),
    (
        "plausible_identity",
        "delivery_of_another_patient",
        RepairExtent::Exactly,
        OTHER_TABLE,
        "TxField.Pat_ID1 of the delivery's field has it",
    ),
    (
        "plausible_identity",
        "delivery_of_another_patients_field",
        RepairExtent::Sometimes,
        OTHER_TABLE,
        "Dose_Hst.FLD_ID has it, where DHS_ID is filled",
    ),
    (
        "plausible_identity",
        "delivery_of_another_prescription",
        RepairExtent::Approximately,
        OTHER_TABLE,
        "TxField.SIT_Set_ID of its field has the set of versions",
    ),
    (
        "plausible_identity",
        "delivery_with_another_patients_dose",
        RepairExtent::Sometimes,
        OTHER_TABLE,
        "one entry of its patient, field and time is left without a delivery",
    ),
    (
        "plausible_identity",
        "field_of_another_patient",
        RepairExtent::Exactly,
        OTHER_TABLE,
        "Site.Pat_ID1 of the field's prescription has it",
    ),
    (
        "plausible_identity",
        "dose_of_another_patient",
        RepairExtent::Exactly,
        OTHER_TABLE,
        "TxField.Pat_ID1 of its field has it",
    ),
    (
        "plausible_identity",
        "prescription_of_another_patient",
        RepairExtent::Sometimes,
        OTHER_TABLE,
        "TxField.Pat_ID1 of its fields has it, if there are any",
    ),
    (
        "plausible_identity",
        "shift_of_another_patient",
        RepairExtent::Sometimes,
        OTHER_TABLE,
        "the deliveries around its time name the prescription, if only one patient was there",
    ),
    (
        "plausible_identity",
        "superseded_hospital_number",
        RepairExtent::Exactly,
        OTHER_ROW,
        "the newest number is the current one",
    ),
    (
        "plausible_identity",
        "birth_date_in_another_century",
        RepairExtent::Exactly,
        ROW,
        "a hundred years later it is right",
    ),
    ("plausible_identity", "second_chart", RepairExtent::Exactly, OTHER_ROW, "the first chart is still there"),
    ("plausible_identity", "", RepairExtent::Not, OUTSIDE, "only the hospital's patient index has it"),
    (
        "plausible_versions",
        "old_field_delivered",
        RepairExtent::Exactly,
        OTHER_TABLE,
        "the version that was current at its time is still there",
    ),
    (
        "plausible_versions",
        "old_prescription_delivered",
        RepairExtent::Exactly,
        OTHER_TABLE,
        "the version that was current at its time is still there",
    ),
    ("plausible_versions", "", RepairExtent::Exactly, OTHER_ROW, "the newest version is the current one"),
    ("plausible_prescription", "dose_per_fraction", RepairExtent::Exactly, ROW, "Dose_Ttl / Fractions has it"),
    ("plausible_prescription", "total_dose", RepairExtent::Exactly, ROW, "Dose_Tx times Fractions has it"),
    (
        "plausible_prescription",
        "dose_and_total",
        RepairExtent::Exactly,
        OTHER_TABLE,
        "the doses of the current fields add up to it",
    ),
    ("plausible_prescription", "fractions", RepairExtent::Exactly, ROW, "Dose_Ttl / Dose_Tx has it"),
    (
        "plausible_prescription",
        "energy",
        RepairExtent::Exactly,
        OTHER_TABLE,
        "the control points of the fields have the energy",
    ),
    (
        "plausible_prescription",
        "field_energy",
        RepairExtent::Exactly,
        OTHER_TABLE,
        "Site.Modality of the prescription has the energy",
    ),
    (
        "plausible_prescription",
        "field_modality",
        RepairExtent::Exactly,
        OTHER_TABLE,
        "Site.Modality of the prescription has the rays",
    ),
    (
        "plausible_prescription",
        "field_dose",
        RepairExtent::Exactly,
        OTHER_ROW,
        "Dose_Tx of the prescription less the other fields has it",
    ),
    (
        "plausible_prescription",
        "field_meterset",
        RepairExtent::Approximately,
        ROW,
        "Cgray / cGrayPerMeterset gives it within rounding",
    ),
    (
        "plausible_prescription",
        "field_dose_and_meterset",
        RepairExtent::Approximately,
        OTHER_ROW,
        "Dose_Tx less the other fields has the dose, and the dose gives the MU within rounding",
    ),
    ("plausible_prescription", "", RepairExtent::Not, OUTSIDE, "only the plan and the signed prescription have it"),
    ("plausible_delivery", "other_machine", RepairExtent::Exactly, OTHER_TABLE, "TxField has the planned machine"),
    (
        "plausible_delivery",
        "after_course_ended",
        RepairExtent::Exactly,
        ROW,
        "the delivery without a dose can be removed",
    ),
    (
        "plausible_delivery",
        "after_a_long_break",
        RepairExtent::Exactly,
        ROW,
        "the delivery without a dose can be removed",
    ),
    ("plausible_delivery", "twice_on_a_day", RepairExtent::Exactly, ROW, "the delivery without a dose can be removed"),
    (
        "plausible_delivery",
        "complete_and_cancelled",
        RepairExtent::Exactly,
        ROW,
        "the other flags and the dose history say that it was given",
    ),
    (
        "plausible_delivery",
        "complete_without_beam",
        RepairExtent::Exactly,
        ROW,
        "the other flags and the dose history say that it was given",
    ),
    (
        "plausible_delivery",
        "field_left_out",
        RepairExtent::Exactly,
        OTHER_TABLE,
        "the dose history has the whole dose of the field",
    ),
    ("plausible_delivery", "dose_given", RepairExtent::Exactly, OTHER_TABLE, "Cgray of the field has it"),
    ("plausible_delivery", "", RepairExtent::Not, OUTSIDE, "the machine's log or the signed plan has it"),
    ("plausible_geometry", "field_size", RepairExtent::Exactly, ROW, "the jaws of the control point give it"),
    (
        "plausible_geometry",
        "gantry_direction",
        RepairExtent::Exactly,
        OTHER_ROW,
        "the angles of the control points show it",
    ),
    ("plausible_geometry", "", RepairExtent::Not, OUTSIDE, "only the plan has it"),
    ("plausible_offsets", "millimetres_as_centimetres", RepairExtent::Exactly, ROW, "a tenth of it is right"),
    ("plausible_offsets", "", RepairExtent::Not, OUTSIDE, "only the image has it"),
];

/// For variants that write a column of choice: table and column (empty for any), extent, source and reason.
const COLUMNS: &[(&str, &str, RepairExtent, &str, &str)] = &[
    ("TrackTreatment", "Pat_ID1", RepairExtent::Exactly, OTHER_TABLE, "TxField.Pat_ID1 of the delivery's field has it"),
    (
        "TrackTreatment",
        "FLD_ID",
        RepairExtent::Sometimes,
        OTHER_TABLE,
        "Dose_Hst.FLD_ID has it, where DHS_ID is filled",
    ),
    (
        "TrackTreatment",
        "SIT_ID",
        RepairExtent::Sometimes,
        OTHER_TABLE,
        "Dose_Hst.SIT_ID has it, where DHS_ID is filled",
    ),
    (
        "TrackTreatment",
        "Machine_ID_Staff_ID",
        RepairExtent::Sometimes,
        OTHER_TABLE,
        "TxField has the planned machine, on which most are delivered",
    ),
    (
        "TrackTreatment",
        "",
        RepairExtent::Approximately,
        OTHER_TABLE,
        "Dose_Hst.Tx_DtTm, if the delivery has a dose history, is within minutes of it",
    ),
    ("TxField", "Pat_ID1", RepairExtent::Exactly, OTHER_TABLE, "Site.Pat_ID1 of the field's prescription has it"),
    (
        "TxField",
        "SIT_Set_ID",
        RepairExtent::Sometimes,
        OTHER_TABLE,
        "the prescription of its deliveries has it, if there are any",
    ),
    (
        "TxField",
        "Machine_ID_Staff_ID",
        RepairExtent::Sometimes,
        OTHER_TABLE,
        "its deliveries name the machine, if there are any",
    ),
    (
        "TxField",
        "Meterset",
        RepairExtent::Approximately,
        ROW,
        "Cgray / cGrayPerMeterset gives it within rounding, if both are there",
    ),
    (
        "TxFieldPoint",
        "Point",
        RepairExtent::Exactly,
        OTHER_ROW,
        "it is the only number missing from the field's points",
    ),
    (
        "TxFieldPoint",
        "FLD_ID",
        RepairExtent::Sometimes,
        OTHER_ROW,
        "one field lacks this Point, and has neighbouring keys",
    ),
    ("TxFieldPoint", "", RepairExtent::Approximately, OTHER_ROW, "it is between those of the previous and next points"),
    ("Offset", "Study_DtTm", RepairExtent::Approximately, ROW, "Create_DtTm of the shift is close to it"),
    ("", "", RepairExtent::Not, OUTSIDE, "only this cell has it"),
];

/// Returns the repair for a variant, or else for the table and column that it changed first.
#[must_use]
pub fn resolve_repair(mode: &str, variant: &str, place: Option<(&str, &str)>) -> Repair {
    let by_variant = VARIANTS.iter().find(|row| row.0 == mode && is_match(row.1, variant));
    let (table, column) = place.unwrap_or_default();
    let row = by_variant.or_else(|| COLUMNS.iter().find(|row| is_match(row.0, table) && is_match(row.1, column)));
    match row {
        Some((_, _, extent, source, why)) => Repair { extent: *extent, source, why },
        None => Repair { extent: RepairExtent::Not, source: OUTSIDE, why: "nothing is known about it" },
    }
}

fn is_match(pattern: &str, word: &str) -> bool {
    // A journal keeps the database's spelling of names, which may differ in case.
    pattern.is_empty() || pattern.eq_ignore_ascii_case(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains::mosaiq::modes::MODES;
    use crate::domains::mosaiq::required::REQUIRED;

    #[test]
    fn every_variant_has_its_answer() {
        for card in MODES.iter().map(|mode| mode.card()) {
            let by_place = ["null_required_fields", "orphaned_records"].contains(&card.id);
            assert_ne!(VARIANTS.iter().any(|row| row.0 == card.id), by_place, "{}", card.id);
        }
        for row in VARIANTS {
            let mode = MODES.iter().find(|mode| mode.card().id == row.0).map(|mode| mode.card()).unwrap();
            assert!(row.1.is_empty() || mode.variants.iter().any(|variant| variant.word == row.1), "{row:?}");
        }
        for row in COLUMNS.iter().filter(|row| !row.1.is_empty()) {
            assert!(REQUIRED.iter().any(|place| (place.table, place.column) == (row.0, row.1)), "{row:?}");
        }
    }

    #[test]
    fn the_first_answer_that_fits_counts() {
        for (mode, variant, place, extent) in [
            ("corrupt_mlc_data", "odd_bytes", None, RepairExtent::Exactly),
            ("corrupt_mlc_data", "random_bytes", None, RepairExtent::Not),
            ("orphaned_records", "patient_id", Some(("TrackTreatment", "Pat_ID1")), RepairExtent::Exactly),
            ("null_required_fields", "other", Some(("Offset", "Offset_Type")), RepairExtent::Not),
            ("null_required_fields", "other", Some(("TxFieldPoint", "Index")), RepairExtent::Approximately),
        ] {
            assert_eq!(resolve_repair(mode, variant, place).extent, extent, "{mode} {variant}");
        }
    }
}
