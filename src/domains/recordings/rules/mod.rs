//! The limits that the checks of recordings judge by, read from one TOML file.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::checks;
use crate::domain::check::{self, RulesError};
use crate::domain::rules_file::{self, CheckRule};
use crate::model::Severity;

/// The default rules file: complete, with a comment on every key.
pub const DEFAULT: &str = include_str!("default.toml");

static STANDARD: LazyLock<Arc<Rules>> = LazyLock::new(load_standard);

#[expect(clippy::expect_used, reason = "the text is part of the program, and tests read it")]
fn load_standard() -> Arc<Rules> {
    Arc::new(rules_file::parse_rules(DEFAULT, "").expect("the default rules can be read"))
}

/// Rules of the checks. A file only needs the differences from the default file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Gravity, downwards, m/s2.
    pub gravity: f64,
    /// Energies.
    pub energy: EnergyRules,
    /// Contacts.
    pub contacts: ContactRules,
    /// States of bodies.
    pub states: StateRules,
    /// Time.
    pub time: TimeRules,
    /// Checks by their id.
    #[serde(default)]
    pub checks: BTreeMap<CheckId, CheckRule>,
}

/// Tolerances and limits for energies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnergyRules {
    /// Relative tolerance of sums and formulas.
    pub identity: f64,
    /// Minimum total gain of an episode, J.
    pub episode_joules: f64,
    /// Minimum total gain of an episode, as a fraction of the range of the total energy over the recording.
    pub episode_share: f64,
    /// Minimum gain of a frame, as a fraction of its energy.
    pub gain_share: f64,
    /// Energy that no frame reaches, J.
    pub largest: f64,
}

/// Tolerances and limits for contacts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactRules {
    /// Relative tolerance of friction above its limit.
    pub cone_tolerance: f64,
    /// Additional absolute tolerance, N s.
    pub cone_epsilon: f64,
    /// Friction limit below which the recorder's solver ignores the cone, N s.
    pub unpressed: f64,
    /// Tolerance of the length of normals and tangents around 1.
    pub direction: f64,
    /// Overlap that the position corrector allows, m.
    pub slop: f64,
    /// Fraction of a deeper overlap that it removes per step.
    pub beta: f64,
    /// Distance from a body's centre to its surface, m; rotation adds to the speed of the surface.
    pub reach: f64,
    /// Tolerance of unexplained overlap, m.
    pub depth_margin: f64,
    /// Relative tolerance between the weight of a body at rest and the impulse that supports it.
    pub support: f64,
    /// Maximum difference between the velocity of a body at rest and that of one step of gravity, m/s.
    pub resting_speed: f64,
}

/// Tolerances and limits for states.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StateRules {
    /// Tolerance of the length of orientations around 1.
    pub quaternion: f64,
    /// Relative tolerance between impulses and a change of velocity.
    pub impulse: f64,
    /// Additional absolute tolerance, N s.
    pub impulse_epsilon: f64,
    /// Tolerance of a body's movement beyond its velocity and the position corrector, m.
    pub jump: f64,
    /// Distance that no body reaches, m.
    pub farthest: f64,
    /// Speed that no body reaches, m/s.
    pub fastest: f64,
}

/// Tolerances for times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeRules {
    /// Relative tolerance of step lengths around the usual one.
    pub step_share: f64,
}

/// The id of an existing check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct CheckId(&'static str);

impl<'de> Deserialize<'de> for CheckId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        static IDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| checks::CARDS.iter().map(|card| card.id).collect());
        rules_file::read_check_id(deserializer, &IDS).map(Self)
    }
}

impl Rules {
    /// Returns rules as those of this domain; the standard ones in place of rules of another domain.
    pub(super) fn from_domain(rules: &dyn check::Rules) -> &Self {
        rules.as_any().downcast_ref().unwrap_or_else(|| STANDARD.as_ref())
    }

    fn find_check_rule(&self, check: &str) -> Option<&CheckRule> {
        self.checks.iter().find(|(id, _)| id.0 == check).map(|(_, rule)| rule)
    }

    /// Returns whether a check is switched on.
    pub(super) fn is_enabled(&self, check: &str) -> bool {
        self.find_check_rule(check).is_none_or(|rule| rule.enabled)
    }

    /// Returns the severity that the rules set for a check's findings, if any.
    pub(super) fn severity(&self, check: &str) -> Option<Severity> {
        self.find_check_rule(check)?.severity
    }
}

impl check::Rules for Rules {
    fn to_json(&self) -> serde_json::Value {
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

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Parses rules; what the text leaves out is as in the default file.
pub(super) fn parse(text: &str) -> Result<Arc<dyn check::Rules>, RulesError> {
    // The common case, which parses nothing.
    if text.is_empty() {
        let standard: Arc<Rules> = STANDARD.clone();
        return Ok(standard);
    }
    let rules: Rules = rules_file::parse_rules(DEFAULT, text)?;
    Ok(Arc::new(rules))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_only_what_is_different_and_nothing_unknown() {
        let rules = parse("[contacts]\nslop = 0.01\n[checks.energy_total]\nenabled = false\n").unwrap();
        let rules = Rules::from_domain(rules.as_ref());
        assert_eq!((rules.contacts.slop, rules.contacts.beta), (0.01, 0.2));
        assert!(!rules.is_enabled("energy_total") && rules.is_enabled("energy_chain"));
        let wrong = parse("[contacts]\nslob = 0.01\n").unwrap_err();
        assert_eq!((wrong.line, wrong.nearest.as_deref()), (Some(2), Some("slop")));
        assert!(parse("[checks.energy_totals]\n").unwrap_err().message.contains("energy_total"));
        assert!(parse("[contacts]\nslop = \"deep\"\n").is_err());
    }

    #[test]
    fn the_defaults_survive_being_written() {
        let standard = parse("").unwrap();
        let again = parse(&standard.to_toml()).unwrap();
        assert_eq!(Rules::from_domain(standard.as_ref()), Rules::from_domain(again.as_ref()));
        let keys = DEFAULT.lines().filter(|line| line.contains(" = ") && !line.starts_with('#'));
        assert!(keys.clone().count() > 20);
        for line in keys {
            assert!(line.contains('#') || line.starts_with("gravity"), "every key has a comment: {line}");
        }
    }
}
