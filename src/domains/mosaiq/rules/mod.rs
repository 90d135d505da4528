//! The rules file: what checks allow on machines, types of field and sites.

mod geometry;
mod sizes;
mod words;

use std::collections::BTreeMap;
use std::num::{NonZeroU16, NonZeroU32};
use std::sync::{Arc, LazyLock};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use geometry::Geometry;
pub use sizes::{Durations, Largest, Size};
pub use words::{Bounds, CheckId, FieldType, Limit, Speed};

use super::leaves::Convention;
use crate::domain::check::{self as domain, RulesError};
use crate::domain::rules_file::{self, CheckRule};
use crate::model::Severity;

/// The default rules file, complete and with a comment on every key.
pub const DEFAULT: &str = include_str!("default.toml");

static STANDARD: LazyLock<Arc<Rules>> = LazyLock::new(load_standard);

// `Rules::read` merges a file into the default one: an empty text gives the defaults themselves.
#[expect(clippy::expect_used, reason = "the text is part of the program, and tests read it")]
fn load_standard() -> Arc<Rules> {
    Arc::new(Rules::parse("").expect("the default rules can be read"))
}

/// Rules of the checks. A file only needs the differences from the default file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Defaults for every machine; `machines` overrides them.
    pub machine: Machine,
    /// Machines by their name in Staff.Last_Name, or by their Staff_ID.
    #[serde(default)]
    pub machines: BTreeMap<String, MachineRule>,
    /// Field types by name; types and limits that are missing are not judged.
    #[serde(default)]
    pub types: BTreeMap<FieldType, TypeRule>,
    /// Action limits of sites; you choose the keys.
    #[serde(default)]
    pub sites: BTreeMap<String, SiteRule>,
    /// What the techniques of prescriptions mean; you choose the keys.
    #[serde(default)]
    pub techniques: BTreeMap<String, TechniqueRule>,
    /// Prescriptions and the fields planned for them.
    pub prescriptions: Prescriptions,
    /// Fractions of a course.
    pub fractions: Fractions,
    /// Times of deliveries.
    pub deliveries: Deliveries,
    /// Patients.
    pub patients: Patients,
    /// Patient shifts.
    pub offsets: Offsets,
    /// Couch, jaws, leaves and angles of fields.
    pub geometry: Geometry,
    /// Monitor units.
    pub metersets: Metersets,
    /// Checks by their id.
    #[serde(default)]
    pub checks: BTreeMap<CheckId, CheckRule>,
}

/// Capabilities of a machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Positions that a leaf can reach, cm.
    pub min_position: Limit,
    /// Positions that a leaf can reach, cm.
    pub max_position: Limit,
    /// Maximum leaf speed, cm per second.
    pub max_leaf_speed: Speed,
    /// Degrees per second.
    pub gantry_speed: Speed,
    /// Degrees per second.
    pub collimator_speed: Speed,
    /// Degrees per second.
    pub couch_speed: Speed,
    /// Allowed gantry angles, degrees.
    pub gantry_range: Bounds,
    /// Allowed collimator angles, degrees.
    pub collimator_range: Bounds,
    /// How far a jaw moves away from the centre, cm.
    pub jaw_reach: Largest,
}

impl Machine {
    /// Tells whether a leaf can reach a position, in 1/100 cm.
    #[must_use]
    pub fn can_reach(&self, position: i16) -> bool {
        (self.min_position.get()..=self.max_position.get()).contains(&(f64::from(position) / 100.0))
    }
}

/// Overrides for one machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MachineRule {
    /// Its multi-leaf collimator; gives the number of leaf pairs if `leaf_pairs` is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mlc_model: Option<MlcModel>,
    /// Number of leaf pairs of every field on the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf_pairs: Option<NonZeroU16>,
    /// How it counts its banks; inferred from the machine's other fields if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf_convention: Option<Convention>,
    /// Positions that a leaf can reach, cm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_position: Option<Limit>,
    /// Positions that a leaf can reach, cm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_position: Option<Limit>,
    /// Maximum leaf speed, cm per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_leaf_speed: Option<Speed>,
    /// Degrees per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gantry_speed: Option<Speed>,
    /// Degrees per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collimator_speed: Option<Speed>,
    /// Degrees per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub couch_speed: Option<Speed>,
    /// Allowed gantry angles, degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gantry_range: Option<Bounds>,
    /// Allowed collimator angles, degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collimator_range: Option<Bounds>,
    /// How far a jaw moves away from the centre, cm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jaw_reach: Option<Largest>,
}

/// A multi-leaf collimator whose leaf pairs are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MlcModel {
    /// Elekta MLCi and MLCi2: 40 pairs.
    Mlci,
    /// Varian Millennium: 60 pairs.
    Millennium,
    /// Elekta Agility: 80 pairs.
    Agility,
}

impl MlcModel {
    const fn pairs(self) -> u16 {
        match self {
            Self::Mlci => 40,
            Self::Millennium => 60,
            Self::Agility => 80,
        }
    }
}

impl MachineRule {
    /// Returns the number of leaf pairs of the machine, as given or else by its collimator's model.
    pub(super) fn pairs(&self) -> Option<usize> {
        self.leaf_pairs.map(NonZeroU16::get).or(self.mlc_model.map(MlcModel::pairs)).map(usize::from)
    }

    /// Returns the limits of the machine: its own, or else the usual ones.
    pub(super) fn apply_to(&self, usual: &Machine) -> Machine {
        Machine {
            min_position: self.min_position.unwrap_or(usual.min_position),
            max_position: self.max_position.unwrap_or(usual.max_position),
            max_leaf_speed: self.max_leaf_speed.unwrap_or(usual.max_leaf_speed),
            gantry_speed: self.gantry_speed.unwrap_or(usual.gantry_speed),
            collimator_speed: self.collimator_speed.unwrap_or(usual.collimator_speed),
            couch_speed: self.couch_speed.unwrap_or(usual.couch_speed),
            gantry_range: self.gantry_range.unwrap_or(usual.gantry_range),
            collimator_range: self.collimator_range.unwrap_or(usual.collimator_range),
            jaw_reach: self.jaw_reach.unwrap_or(usual.jaw_reach),
        }
    }
}

/// Limits for a field type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TypeRule {
    /// Duration of a complete delivery, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<Durations>,
    /// Maximum monitor units of X-rays or electrons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_meterset: Option<Largest>,
    /// Minimum number of control points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_control_points: Option<u16>,
    /// Maximum turn of gantry and collimator between two control points, degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_jump: Option<Size>,
}

/// The action limit of a site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteRule {
    /// Text contained in Site.Site_Name, ignoring case; empty matches anything.
    #[serde(default)]
    pub name: String,
    /// Text contained in Site.Technique, ignoring case; empty matches anything.
    #[serde(default)]
    pub technique: String,
    /// Maximum shift along an axis, cm.
    pub max_shift: Largest,
}

/// What a technique means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TechniqueRule {
    /// Texts of which Site.Technique contains one, ignoring case.
    pub names: Vec<String>,
    /// Types of its fields.
    pub types: Vec<FieldType>,
    /// Whether its fields are of electrons.
    #[serde(default)]
    pub electrons: bool,
}

impl TechniqueRule {
    /// Tells whether a text in upper case names the technique.
    pub(super) fn names(&self, technique: &str) -> bool {
        self.names.iter().any(|name| technique.contains(&name.to_uppercase()))
    }
}

/// Limits for prescriptions and their fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Prescriptions {
    /// Tolerance between the doses of a prescription, and between it and its fields, percent.
    pub dose_tolerance: Size,
    /// Records that must keep a convention of the department for the others to be reported, percent.
    pub agreement: Size,
    /// Minimum number of other prescriptions of a technique that tell the types of its fields.
    pub technique_prescriptions: NonZeroU32,
}

/// Limits for the fractions of a course.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fractions {
    /// Minimum time between two fractions of a day, hours.
    pub hours_apart: Size,
    /// Maximum time from one fraction to the next, days.
    pub days_between: Size,
    /// Fractions of this dose or more need a day between them, cGy.
    pub large_dose: Largest,
}

/// Times and durations of deliveries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deliveries {
    /// Deliveries of a patient on a machine that start within this time are duplicates, seconds.
    pub duplicate_window: Size,
    /// Minimum time between the starts of deliveries of a patient with different fields, seconds.
    pub field_window: Size,
    /// Duration of any complete delivery, seconds.
    pub duration: Durations,
    /// Maximum time between a delivery and its dose history, seconds.
    pub dose_window: Size,
    /// Tolerance of the time that monitor units take at the dose rate, percent.
    pub rate_tolerance: Size,
    /// Maximum ratio of a delivery's duration to that of any other delivery of its field.
    pub usual_factor: Largest,
    /// Minimum difference for that comparison, seconds.
    pub usual_difference: Size,
    /// Maximum time outside the hours in which 98 of 100 deliveries begin, hours.
    pub hours_margin: Size,
}

/// Limits for patients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Patients {
    /// Allowed ages at the first delivery, years.
    pub age: Bounds,
}

/// Limits for patient shifts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Offsets {
    /// A shift along an axis beyond this, in either direction, is reported, cm.
    pub max_shift: Largest,
    /// A shift along an axis beyond this, in either direction, is impossible, cm.
    pub possible_shift: Largest,
    /// Maximum length of the whole shift, cm.
    pub max_length: Largest,
    /// Maximum time from a shift to the treatment after it, seconds.
    pub before_treatment: Size,
    /// Maximum time from the start of treatment to a shift after it, seconds.
    pub after_treatment: Size,
    /// Maximum time between a shift and the visit of its patient, from the first delivery to the last, seconds.
    pub visit_margin: Size,
    /// Minimum number of other shifts, of the prescription or of the database, before a shift is compared with them.
    pub usual_shifts: NonZeroU32,
    /// A shift beyond those of the prescription's other ones by more than this many times their range is reported.
    pub usual_ranges: Largest,
    /// The same, but never by less than this, cm.
    pub usual_margin: Largest,
}

/// Limits for metersets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metersets {
    /// Monitor units that no field of any type reaches.
    pub impossible: Largest,
    /// Tolerance between meterset, dose and control points, percent.
    pub tolerance: Size,
    /// Tolerance of the last control-point index around 100 percent.
    pub index_tolerance: Size,
    /// Maximum deviation of monitor units per dose from other fields of the type, standard deviations.
    pub deviations: Largest,
    /// Minimum number of other fields of the type for that comparison.
    pub deviations_fields: NonZeroU32,
}

impl Rules {
    /// Parses a rules file. What it leaves out is as in the default file.
    ///
    /// # Errors
    /// The line, and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, RulesError> {
        rules_file::parse_rules(DEFAULT, text)
    }

    /// Returns the default rules.
    #[must_use]
    pub fn standard() -> Arc<Self> {
        Arc::clone(&STANDARD)
    }

    /// Tells whether a check is switched on.
    #[must_use]
    pub fn is_enabled(&self, check: &str) -> bool {
        self.find_check_rule(check).is_none_or(|rule| rule.enabled)
    }

    /// Returns the severity that the rules give the findings of a check, if any.
    #[must_use]
    pub fn severity(&self, check: &str) -> Option<Severity> {
        self.find_check_rule(check)?.severity
    }

    fn find_check_rule(&self, check: &str) -> Option<&CheckRule> {
        self.checks.iter().find(|(id, _)| id.word() == check).map(|(_, rule)| rule)
    }

    /// Returns the rule of a field type by TxField.Type_Enum.
    pub(super) fn of_type(&self, kind: Option<i64>) -> Option<&TypeRule> {
        self.types.get(&FieldType::from_number(kind?)?)
    }
}

#[cfg(test)]
mod tests;

impl Rules {
    /// Downcasts rules to this domain's. For the rules of another domain, the default ones apply.
    pub(super) fn from_domain(rules: &dyn domain::Rules) -> &Self {
        rules.as_any().downcast_ref().unwrap_or_else(|| STANDARD.as_ref())
    }
}

impl domain::Rules for Rules {
    fn to_json(&self) -> serde_json::Value {
        // Cannot fail: rules hold finite numbers, words and flags under text keys.
        serde_json::to_value(self).unwrap_or_default()
    }

    fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }

    fn is_enabled(&self, check: &str) -> bool {
        Self::is_enabled(self, check)
    }

    fn severity_override(&self, check: &str) -> Option<Severity> {
        Self::severity(self, check)
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
