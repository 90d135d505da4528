//! A rules file laid over the default one: its keys replace the default's, key by key. An unknown key is refused with
//! its line.

use std::any::Any;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, Error};

use super::check::{Rules, RulesError};
use crate::model::Severity;

/// Parses a rules file; keys that it leaves out have the values of the default file.
///
/// # Errors
/// The line and what is wrong with it.
pub fn parse_rules<R: DeserializeOwned>(default: &str, text: &str) -> Result<R, RulesError> {
    let given = DeTable::parse(text).map_err(|error| to_rules_error(text, &error))?;
    let span = given.span();
    let mut all = DeTable::parse(default).map_err(|error| to_rules_error(default, &error))?.into_inner();
    merge_tables(&mut all, given.into_inner());
    R::deserialize(Deserializer::from(Spanned::new(span, all))).map_err(|error| to_rules_error(text, &error))
}

/// Lays a table over another: nested tables key by key, any other value as a whole.
fn merge_tables<'t>(onto: &mut DeTable<'t>, given: DeTable<'t>) {
    for (key, value) in given {
        let deeper = matches!(value.get_ref(), DeValue::Table(_));
        match onto.get_mut(key.get_ref().as_ref()).map(Spanned::get_mut) {
            Some(DeValue::Table(below)) if deeper => {
                if let DeValue::Table(inner) = value.into_inner() {
                    merge_tables(below, inner);
                }
            }
            _ => {
                // `insert` alone would keep the old key with its span, and an error would name a line of the default
                // file.
                onto.remove(key.get_ref().as_ref());
                onto.insert(key, value);
            }
        }
    }
}

fn to_rules_error(text: &str, error: &Error) -> RulesError {
    let line = error.span().and_then(|span| line_of_span(text, &span));
    // serde words it as: unknown field `x`, expected `a` or `b`. The words in backticks are the key and the known ones.
    let words: Vec<&str> = error.message().split('`').skip(1).step_by(2).collect();
    let unknown = error.message().starts_with("unknown ");
    let (Some((given, known)), true) = (words.split_first(), unknown) else {
        let message = prefix_key(error.message().trim_end(), &error.to_string());
        return RulesError { line, message, nearest: None };
    };
    let distance = |word: &&&str| strsim::damerau_levenshtein(given, word);
    // Beyond half of the letters a suggestion would only mislead.
    let nearest = known.iter().min_by_key(distance).filter(|word| distance(word) * 2 <= word.len().max(given.len()));
    let hint = match nearest {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("one of {}", known.join(", ")),
    };
    let message = format!("`{given}` is unknown here: {hint}");
    RulesError { line, message, nearest: nearest.map(|word| (*word).to_owned()) }
}

/// Prefixes a message with its key, if the error's full text (`whole`) ends in a line that names it.
fn prefix_key(message: &str, whole: &str) -> String {
    let key = whole.rsplit_once("\nin `").and_then(|(_, rest)| rest.trim_end().strip_suffix('`'));
    key.map_or_else(|| message.to_owned(), |key| format!("{key}: {message}"))
}

fn line_of_span(text: &str, span: &Range<usize>) -> Option<usize> {
    text.get(..span.start).map(|before| before.matches('\n').count() + 1)
}

/// Settings of a check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckRule {
    /// Whether it runs; a disabled check does not count as passed.
    #[serde(default = "is_enabled_by_default")]
    pub enabled: bool,
    /// Severity of each of its findings; chosen by the check if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
}

// `serde(default = ...)` takes a function only.
const fn is_enabled_by_default() -> bool {
    true
}

/// Reads the id of one of the known checks.
///
/// # Errors
/// An id that is none of them is refused, not ignored: a rule for a mistyped check would have no effect.
pub fn read_check_id<'de, D>(deserializer: D, known: &'static [&'static str]) -> Result<&'static str, D::Error>
where
    D: serde::Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    let found = known.iter().find(|id| **id == text);
    found.copied().ok_or_else(|| D::Error::unknown_variant(&text, known))
}

/// Rules that are plain values, without switches: every check runs, with the severity of its card.
#[derive(Debug)]
pub struct PlainRules<T>(pub T);

impl<T: Serialize + Debug + Send + Sync + 'static> Rules for PlainRules<T> {
    fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(&self.0).unwrap_or_default()
    }

    fn to_toml(&self) -> String {
        toml::to_string(&self.0).unwrap_or_default()
    }

    fn is_enabled(&self, _: &str) -> bool {
        true
    }

    fn severity_override(&self, _: &str) -> Option<Severity> {
        None
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Parses rules that are plain values, laid over the default ones.
///
/// # Errors
/// The line and what is wrong with it.
pub fn parse_plain_rules<T>(default: &str, text: &str) -> Result<Arc<dyn Rules>, RulesError>
where
    T: Serialize + DeserializeOwned + Debug + Send + Sync + 'static,
{
    Ok(Arc::new(PlainRules(parse_rules::<T>(default, text)?)))
}

/// Returns the values of plain rules; `None` for rules of any other type.
#[must_use]
pub fn plain_values<T: 'static>(rules: &dyn Rules) -> Option<&T> {
    rules.as_any().downcast_ref::<PlainRules<T>>().map(|plain| &plain.0)
}
