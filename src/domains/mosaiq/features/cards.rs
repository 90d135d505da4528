//! What each feature is: name, unit, formula, sentinel. The order is that of the columns.

use crate::domain::feature::{FeatureCard, FlagCard};
use crate::domains::mosaiq::features::mlc;

/// Number of features.
pub(super) const COUNT: usize = 74;
/// Number of flags.
pub(super) const FLAGS_COUNT: usize = 10;

const CONDITION: &str = "0/1";

const fn card(group: &'static str, name: &'static str, unit: &'static str, formula: &'static str) -> FeatureCard {
    FeatureCard::new(group, name, unit, formula)
}

const fn key(name: &'static str, formula: &'static str) -> FeatureCard {
    card("foreign_keys", name, CONDITION, formula)
}

const fn time(name: &'static str, unit: &'static str, formula: &'static str) -> FeatureCard {
    card("timestamps", name, unit, formula)
}

const fn meterset(name: &'static str, unit: &'static str, formula: &'static str) -> FeatureCard {
    card("meterset", name, unit, formula)
}

const fn point(name: &'static str, unit: &'static str, formula: &'static str) -> FeatureCard {
    card("control_points", name, unit, formula)
}

const fn angle(name: &'static str, unit: &'static str, formula: &'static str) -> FeatureCard {
    card("angles", name, unit, formula)
}

const fn leaf(name: &'static str, unit: &'static str, formula: &'static str) -> FeatureCard {
    card("mlc", name, unit, formula)
}

const fn offset(name: &'static str, unit: &'static str, formula: &'static str) -> FeatureCard {
    card("offsets", name, unit, formula)
}

const MEAN: &str = "plain mean of the angles that are there, not circular";
const DEVIATION: &str = "population standard deviation of the same angles";
const RANGE: &str = "largest minus smallest of the same angles";
const MAX_DELTA: &str = "largest turn from one angle to the next, the shorter way round";
const MEAN_DELTA: &str = "mean turn from one angle to the next, the shorter way round";
const JUMPS: &str = "number of turns of more than 90 degrees";
const SET_BYTES: &str = "fewest bytes of the bank's set in any point, padding included";
const BANK_MEAN: &str = "mean of the bank's leaves over all points";
const BANK_DEVIATION: &str = "population standard deviation of the bank's leaves, in the point where it is largest";
const BANK_MIN: &str = "smallest position of the bank's leaves in any point";
const BANK_MAX: &str = "largest position of the bank's leaves in any point";
const BANK_LIMIT: &str = "some leaf of the bank lies more than 20 cm from the centre";

/// Every feature.
pub(super) static FEATURES: [FeatureCard; COUNT] = [
    key("pat_id_null", "Pat_ID1 is NULL"),
    key("fld_id_null", "FLD_ID is NULL"),
    key("sit_id_null", "SIT_ID is NULL"),
    key("patient_exists", "Patient has a row of that Pat_ID1"),
    key("field_exists", "TxField has a row of that FLD_ID"),
    key("site_exists", "Site has a row of that SIT_ID"),
    time("edit_before_create", CONDITION, "Edit_DtTm lies before Create_DtTm"),
    time("create_in_future", CONDITION, "Create_DtTm lies after now"),
    time("edit_in_future", CONDITION, "Edit_DtTm lies after now"),
    time("duration_seconds", "s", "Edit_DtTm - Create_DtTm, signed"),
    time("duration_negative", CONDITION, "duration_seconds < 0"),
    time("duration_too_short", CONDITION, "duration_seconds < 10, so also where it is negative"),
    time("duration_too_long", CONDITION, "duration_seconds > 1800"),
    time("dose_time_delta", "s", "distance of Create_DtTm from Tx_DtTm of the dose that DHS_ID names; 0 without one"),
    time("dose_time_mismatch", CONDITION, "dose_time_delta > 300"),
    meterset("mu_negative", CONDITION, "Meterset < 0"),
    meterset("mu_extreme_low", CONDITION, "Meterset < 10, so also where it is negative or 0"),
    meterset("mu_extreme_high", CONDITION, "Meterset > 1000"),
    meterset("mu_planned", "MU", "Meterset"),
    meterset(
        "mu_cp_sum",
        "MU",
        "Index of the last point, where there are two points and it is no 100 percent; else Cgray / cGrayPerMeterset",
    ),
    meterset("mu_cp_difference", "MU", "distance of mu_cp_sum from Meterset"),
    meterset("mu_cp_percent_diff", "%", "mu_cp_difference in percent of Meterset, where that is positive")
        .with_sentinel(mlc::MANY),
    meterset("mu_cp_mismatch", CONDITION, "mu_cp_difference > 5 % of Meterset"),
    point("cp_count", "count", "control points, also those without a number"),
    point("cp_minimum_met", CONDITION, "cp_count is at least 2"),
    point("cp_sequential", CONDITION, "the numbers are 0 to cp_count - 1, each once"),
    point("cp_max_gap", "count", "largest step between neighbouring numbers; 0 with one point"),
    point("cp_gap_count", "count", "steps between neighbouring numbers of more than 1"),
    point("cp_starts_at_zero", CONDITION, "the smallest number is 0"),
    angle("gantry_out_of_range", CONDITION, "some gantry angle is below 0 or above 360"),
    angle("coll_out_of_range", CONDITION, "some collimator angle is below -180 or above 360"),
    angle("gantry_mean", "degrees", MEAN),
    angle("gantry_std", "degrees", DEVIATION),
    angle("gantry_range", "degrees", RANGE),
    angle("coll_mean", "degrees", MEAN),
    angle("coll_std", "degrees", DEVIATION),
    angle("coll_range", "degrees", RANGE),
    angle("gantry_max_delta", "degrees", MAX_DELTA),
    angle("gantry_mean_delta", "degrees", MEAN_DELTA),
    angle("coll_max_delta", "degrees", MAX_DELTA),
    angle("coll_mean_delta", "degrees", MEAN_DELTA),
    angle("gantry_suspicious_jumps", "count", JUMPS),
    angle("coll_suspicious_jumps", "count", JUMPS),
    leaf("a_byte_length", "bytes", SET_BYTES),
    leaf("b_byte_length", "bytes", SET_BYTES),
    leaf("byte_length_match", CONDITION, "both sets have one length in every point"),
    leaf("byte_length_even", CONDITION, "both sets have an even number of bytes in every point"),
    leaf("a_mean_pos", "cm", BANK_MEAN).with_sentinel(mlc::NONE),
    leaf("a_std_pos", "cm", BANK_DEVIATION).with_sentinel(mlc::NONE),
    leaf("a_min_pos", "cm", BANK_MIN).with_sentinel(mlc::NONE),
    leaf("a_max_pos", "cm", BANK_MAX).with_sentinel(mlc::NONE),
    leaf("b_mean_pos", "cm", BANK_MEAN).with_sentinel(mlc::NONE),
    leaf("b_std_pos", "cm", BANK_DEVIATION).with_sentinel(mlc::NONE),
    leaf("b_min_pos", "cm", BANK_MIN).with_sentinel(mlc::NONE),
    leaf("b_max_pos", "cm", BANK_MAX).with_sentinel(mlc::NONE),
    leaf("a_out_of_range", CONDITION, BANK_LIMIT),
    leaf("b_out_of_range", CONDITION, BANK_LIMIT),
    leaf("min_gap", "cm", "smallest opening of a pair in any point").with_sentinel(mlc::NONE),
    leaf("mean_gap", "cm", "mean opening over all pairs of all points").with_sentinel(mlc::NONE),
    leaf("negative_gap_count", "count", "crossed pairs, in the point where there are most").with_sentinel(mlc::MANY),
    leaf("max_gap", "cm", "largest opening of a pair in any point").with_sentinel(mlc::NONE),
    leaf("leaf_count", "count", "leaf pairs in use, in the point where there are fewest"),
    offset("offset_superior", "cm", "Superior_Offset; 0 where it is NULL"),
    offset("offset_anterior", "cm", "Anterior_Offset; 0 where it is NULL"),
    offset("offset_lateral", "cm", "Lateral_Offset; 0 where it is NULL"),
    offset("offset_vector_magnitude", "cm", "length of the vector of the three"),
    offset("superior_extreme", CONDITION, "offset_superior is beyond 10 cm either way"),
    offset("anterior_extreme", CONDITION, "offset_anterior is beyond 10 cm either way"),
    offset("lateral_extreme", CONDITION, "offset_lateral is beyond 10 cm either way"),
    offset("vector_extreme", CONDITION, "offset_vector_magnitude > 15"),
    offset("offset_critical", CONDITION, "offset_vector_magnitude > 20"),
    offset("type_valid", CONDITION, "Offset_Type is 2, 3 or 4"),
    offset("state_valid", CONDITION, "Offset_State is 1 or 2"),
    offset("type_third_party", CONDITION, "Offset_Type is 4"),
];

/// Every flag.
pub(super) static FLAGS: [FlagCard; FLAGS_COUNT] = [
    FlagCard { name: "has_foreign_keys", about: "always" },
    FlagCard { name: "has_timestamps", about: "Create_DtTm and Edit_DtTm are both there" },
    FlagCard { name: "has_meterset", about: "the field has a Meterset, and be it 0" },
    FlagCard { name: "has_control_points", about: "the field has a control point" },
    FlagCard { name: "has_angles", about: "the field has a gantry angle and a collimator angle" },
    FlagCard { name: "has_mlc", about: "some control point uses leaves, and has both sets" },
    FlagCard { name: "has_offsets", about: "the prescription has an offset" },
    FlagCard { name: "has_dose_time", about: "dose_time_delta has a dose's time to compare with" },
    FlagCard { name: "has_mu_cp", about: "mu_cp_sum could be had, from the last Index or from the doses" },
    FlagCard {
        name: "has_gap",
        about: "the gaps could be computed: the machine's leaf convention is known, and the \
                                        banks of every point have as many leaves as each other",
    },
];
