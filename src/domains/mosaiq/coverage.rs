//! What reviews of plans and charts should find, and the faults of this domain that are of that kind.

use crate::domain::coverage::ReviewPoint::{Initial, Weekly};
use crate::domain::coverage::{CoverageCard, FaultName, PublishedFailure, ReviewPoint};

pub(super) static COVERAGE: CoverageCard = CoverageCard {
    source: "Review points and scope follow the report of AAPM Task Group 275 (Ford et al., Medical Physics 2020), \
        which rates 112 failure modes of the initial review of photon and electron treatments and 55 of the weekly \
        review. This list is mfm's own grouping in its own words. Its numbers are mfm's, not those of the report.",
    failures: &FAILURES,
    beside: &BESIDE,
};

const NO_PLAN: &str = "only the treatment plan shows what was meant";
const NO_IMAGE: &str = "images, contours and dose distributions are not in the database";
const NO_PAPER: &str = "consultations, consents and other documents are not in these tables";
const NO_MACHINE: &str = "the state of the machine is in its log and its own quality assurance";
const NO_PATIENT: &str = "what happens in the room is not recorded";

const fn failure(
    number: &'static str,
    review: ReviewPoint,
    name: &'static str,
    faults: &'static [FaultName],
    outside: &'static str,
) -> PublishedFailure {
    PublishedFailure { number, review, name, faults, outside }
}

static FAILURES: [PublishedFailure; 33] = [
    failure("I1", Initial, "patient, field or prescription is another person's", NOBODYS_FIELD, ""),
    failure("I2", Initial, "prescription and plan differ in dose or fractions", WRONG_DOSE, ""),
    failure("I3", Initial, "prescription and plan differ in energy, modality or technique", WRONG_BEAM, ""),
    failure("I4", Initial, "field belongs to no prescription, or to the wrong one", SITELESS_FIELD, ""),
    failure("I5", Initial, "monitor units wrong or out of step with the dose", METERSETS, NO_PLAN),
    failure("I6", Initial, "control points lost between plan and record", LOST_POINTS, ""),
    failure("I7", Initial, "leaf positions damaged between plan and record", LEAVES, NO_PLAN),
    failure("I8", Initial, "field made for another machine or collimator", LEAF_COUNTS, ""),
    failure("I9", Initial, "gantry or collimator angle wrong", ANGLES, NO_PLAN),
    failure("I10", Initial, "couch, jaws or source distance wrong", WRONG_PLACE, NO_PLAN),
    failure("I11", Initial, "field incomplete in the record-and-verify system", INCOMPLETE_FIELD, ""),
    failure("I12", Initial, "an old version of field or prescription in use", OLD_VERSIONS, ""),
    failure("I13", Initial, "field or prescription not approved", UNAPPROVED, ""),
    failure("I14", Initial, "bolus, wedge or applicator missing or wrong", ACCESSORIES, NO_PATIENT),
    failure("I15", Initial, "tolerance table missing or wrong", &[], ""),
    failure("I16", Initial, "target or organ at risk contoured wrongly", &[], NO_IMAGE),
    failure("I17", Initial, "images of another patient, or the wrong image set", &[], NO_IMAGE),
    failure("I18", Initial, "dose to target or organs not acceptable", &[], NO_IMAGE),
    failure("I19", Initial, "isocentre at the wrong place", &[], NO_IMAGE),
    failure("I20", Initial, "earlier treatment, pacemaker or pregnancy not considered", &[], NO_PAPER),
    failure("I21", Initial, "consent, pathology or intent missing", &[], NO_PAPER),
    failure("I22", Initial, "laterality wrong from the start", &[], NO_PAPER),
    failure("W1", Weekly, "delivery booked on another patient, or on none", NOBODYS_DELIVERY, ""),
    failure("W2", Weekly, "delivery of no field or prescription that exists", LOST_DELIVERY, ""),
    failure("W3", Weekly, "a fraction recorded twice", TWICE, ""),
    failure("W4", Weekly, "a fraction missing, too many, or on the wrong day", FRACTIONS, ""),
    failure("W5", Weekly, "time or duration of a delivery wrong", TIMES, ""),
    failure("W6", Weekly, "delivery on another machine than planned", UNPLACED_DELIVERY, ""),
    failure("W7", Weekly, "dose given and dose recorded differ", DOSE_GIVEN, NO_MACHINE),
    failure("W8", Weekly, "shift of the patient wrong or out of proportion", SHIFTS, NO_IMAGE),
    failure("W9", Weekly, "shift recorded for another treatment, or for none", UNPLACED_SHIFT, ""),
    failure("W10", Weekly, "machine out of tolerance", &[], NO_MACHINE),
    failure("W11", Weekly, "patient set up wrongly, or changed since planning", &[], NO_PATIENT),
];

const NOBODYS_FIELD: &[FaultName] = &[
    ("null_required_fields", "pat_id"),
    ("plausible_identity", "field_of_another_patient"),
    ("plausible_identity", "prescription_of_another_patient"),
    ("plausible_identity", "shared_hospital_number"),
    ("plausible_identity", "superseded_hospital_number"),
    ("plausible_identity", "missing_hospital_number"),
    ("plausible_identity", "birth_date_in_another_century"),
    ("plausible_identity", "birth_date_after_delivery"),
    ("plausible_identity", "second_chart"),
];
const SITELESS_FIELD: &[FaultName] = &[("null_required_fields", "other")];
const METERSETS: &[FaultName] = &[
    ("meterset_inconsistency", "negative_meterset"),
    ("meterset_inconsistency", "extreme_value"),
    ("meterset_inconsistency", "mismatch_with_cp"),
    ("plausible_prescription", "field_meterset"),
    ("plausible_prescription", "field_dose_and_meterset"),
    ("plausible_geometry", "dose_rate"),
];
const LOST_POINTS: &[FaultName] = &[
    ("missing_control_points", "single_gap"),
    ("missing_control_points", "multiple_gaps"),
    ("missing_control_points", "all_deleted"),
    ("orphaned_records", "field_id"),
    ("null_required_fields", "fld_id"),
    ("plausible_geometry", "index_order"),
];
const LEAVES: &[FaultName] = &[
    ("corrupt_mlc_data", "odd_bytes"),
    ("corrupt_mlc_data", "out_of_range"),
    ("corrupt_mlc_data", "negative_gap"),
    ("corrupt_mlc_data", "random_bytes"),
    ("plausible_geometry", "bank_shifted"),
    ("plausible_geometry", "leaves_shifted"),
];
const LEAF_COUNTS: &[FaultName] = &[
    ("mlc_leaf_count_mismatch", "intra_field"),
    ("mlc_leaf_count_mismatch", "vs_machine"),
    ("mlc_leaf_count_mismatch", "vs_plan"),
];
const ANGLES: &[FaultName] = &[
    ("invalid_angles", "gantry"),
    ("invalid_angles", "collimator"),
    ("invalid_angles", "both"),
    ("plausible_geometry", "gantry_direction"),
    ("plausible_geometry", "opposite_side"),
    ("plausible_geometry", "collimator_turned"),
];
const INCOMPLETE_FIELD: &[FaultName] = &[("null_required_fields", "other")];
const NOBODYS_DELIVERY: &[FaultName] = &[
    ("orphaned_records", "patient_id"),
    ("null_required_fields", "pat_id"),
    ("plausible_identity", "delivery_of_another_patient"),
    ("plausible_identity", "delivery_of_another_patients_field"),
    ("plausible_identity", "dose_of_another_patient"),
    ("plausible_identity", "delivery_with_another_patients_dose"),
];
const LOST_DELIVERY: &[FaultName] = &[
    ("orphaned_records", "field_id"),
    ("orphaned_records", "site_id"),
    ("null_required_fields", "fld_id"),
    ("plausible_identity", "delivery_of_another_prescription"),
];
const TWICE: &[FaultName] = &[
    ("duplicate_treatments", "same_field"),
    ("duplicate_treatments", "different_field"),
    ("plausible_delivery", "twice_on_a_day"),
];
const TIMES: &[FaultName] = &[
    ("timestamp_inconsistencies", "edit_before_create"),
    ("timestamp_inconsistencies", "future_timestamp"),
    ("timestamp_inconsistencies", "negative_duration"),
    ("null_required_fields", "timestamp"),
    ("plausible_delivery", "outside_working_hours"),
    ("plausible_delivery", "faster_than_machine"),
    ("plausible_delivery", "too_long"),
];
const UNPLACED_DELIVERY: &[FaultName] = &[("null_required_fields", "other"), ("plausible_delivery", "other_machine")];
const SHIFTS: &[FaultName] = &[
    ("invalid_offset_data", "extreme_values"),
    ("plausible_offsets", "millimetres_as_centimetres"),
    ("plausible_offsets", "sign_flipped"),
    ("plausible_offsets", "axes_exchanged"),
    ("plausible_offsets", "shift_off"),
];
const UNPLACED_SHIFT: &[FaultName] = &[
    ("invalid_offset_data", "future_study_time"),
    ("orphaned_records", "site_id"),
    ("plausible_identity", "shift_of_another_patient"),
];

const OLD_VERSIONS: &[FaultName] = &[
    ("plausible_versions", "two_current"),
    ("plausible_versions", "none_current"),
    ("plausible_versions", "old_current"),
    ("plausible_versions", "old_field_delivered"),
    ("plausible_versions", "old_prescription_delivered"),
];
const WRONG_DOSE: &[FaultName] = &[
    ("plausible_prescription", "dose_per_fraction"),
    ("plausible_prescription", "total_dose"),
    ("plausible_prescription", "dose_and_total"),
    ("plausible_prescription", "fractions"),
    ("plausible_prescription", "field_dose"),
];
const WRONG_BEAM: &[FaultName] = &[
    ("plausible_prescription", "energy"),
    ("plausible_prescription", "field_energy"),
    ("plausible_prescription", "field_modality"),
    ("plausible_prescription", "technique"),
];
const WRONG_PLACE: &[FaultName] = &[
    ("plausible_geometry", "couch_off"),
    ("plausible_geometry", "couch_turned"),
    ("plausible_geometry", "jaw_beyond_machine"),
    ("plausible_geometry", "jaw_over_leaves"),
    ("plausible_geometry", "field_size"),
    ("plausible_geometry", "skin_distance"),
];
const UNAPPROVED: &[FaultName] = &[
    ("plausible_delivery", "before_field_existed"),
    ("plausible_delivery", "before_approval"),
    ("plausible_delivery", "field_unapproved"),
];
const ACCESSORIES: &[FaultName] = &[("plausible_prescription", "bolus"), ("plausible_prescription", "wedge")];
const FRACTIONS: &[FaultName] = &[
    ("plausible_delivery", "after_course_ended"),
    ("plausible_delivery", "after_a_long_break"),
    ("plausible_delivery", "field_left_out"),
    ("plausible_delivery", "complete_and_cancelled"),
    ("plausible_delivery", "complete_without_beam"),
];
const DOSE_GIVEN: &[FaultName] = &[("plausible_delivery", "dose_given")];
static BESIDE: [(FaultName, &str); 2] = [
    (("invalid_offset_data", "invalid_type"), "a code of the interface, which no reviewer looks at"),
    (("invalid_offset_data", "invalid_state"), "a code of the interface, which no reviewer looks at"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domains::mosaiq::modes::MODES;

    #[test]
    fn every_variant_is_in_the_list_or_beside_it_and_nothing_else_is() {
        let variants: BTreeSet<FaultName> = MODES
            .iter()
            .flat_map(|mode| mode.card().variants.iter().map(|variant| (mode.card().id, variant.word)))
            .collect();
        let listed: BTreeSet<FaultName> = FAILURES.iter().flat_map(|failure| failure.faults).copied().collect();
        let beside: BTreeSet<FaultName> = BESIDE.iter().map(|(fault, _)| *fault).collect();
        assert_eq!(listed.intersection(&beside).next(), None, "in the list and beside it");
        assert_eq!(listed.union(&beside).copied().collect::<BTreeSet<_>>(), variants);
    }

    #[test]
    fn numbers_are_told_apart_and_count_within_their_review() {
        for (review, letter) in [(Initial, 'I'), (Weekly, 'W')] {
            let own = FAILURES.iter().filter(|failure| failure.review == review);
            let numbers: Vec<String> = own.map(|failure| failure.number.to_owned()).collect();
            let expected: Vec<String> = (1..=numbers.len()).map(|number| format!("{letter}{number}")).collect();
            assert_eq!(numbers, expected);
        }
    }
}
