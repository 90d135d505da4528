//! The limits that the checks of catalogues judge by, read from one TOML file.

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
    /// Figures.
    pub figures: FigureRules,
    /// Times.
    pub times: TimeRules,
    /// The number of records that each file should have, by category.
    #[serde(default)]
    pub baseline: BTreeMap<String, u64>,
    /// Checks by their id.
    #[serde(default)]
    pub checks: BTreeMap<CheckId, CheckRule>,
}

/// Tolerances of figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FigureRules {
    /// Most by which the prevalence that a PPV implies may differ from the one that the NPV implies, as a factor.
    pub predictive_factor: f64,
    /// Percent points by which sensitivity may fall from one stage to the next.
    pub stage_drop: f64,
}

/// Limits of times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeRules {
    /// Longest time to a result, days.
    pub turnaround_days: f64,
    /// A shorter lead time over imaging was probably meant in months, days.
    pub lead_days: f64,
    /// Most by which a figure may differ from the number in its own note, as a factor.
    pub note_factor: f64,
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
        let rules =
            parse("[times]\nlead_days = 5\n[baseline]\nmrd = 27\n[checks.duplicate_id]\nenabled = false\n").unwrap();
        let rules = Rules::from_domain(rules.as_ref());
        assert_eq!((rules.times.lead_days, rules.times.turnaround_days), (5.0, 120.0));
        assert_eq!(rules.baseline.get("mrd"), Some(&27));
        assert!(!rules.is_enabled("duplicate_id") && rules.is_enabled("duplicate_name"));
        let wrong = parse("[times]\nlead_day = 5\n").unwrap_err();
        assert_eq!((wrong.line, wrong.nearest.as_deref()), (Some(2), Some("lead_days")));
        assert!(parse("[checks.duplicate_ids]\n").unwrap_err().message.contains("duplicate_id"));
    }

    #[test]
    fn the_defaults_survive_being_written() {
        let standard = parse("").unwrap();
        let again = parse(&standard.to_toml()).unwrap();
        assert_eq!(Rules::from_domain(standard.as_ref()), Rules::from_domain(again.as_ref()));
        let keys: Vec<&str> = DEFAULT.lines().filter(|line| line.contains(" = ") && !line.starts_with('#')).collect();
        assert!(keys.len() >= 5 && keys.iter().all(|line| line.contains('#')), "every key has a comment: {keys:?}");
    }
}
