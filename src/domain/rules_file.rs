//! A rules file read over the default one: what it says counts, the rest stays; an unknown key is refused where it is.

use std::any::Any;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, Error};

use super::check::{Rules, RulesError};
use crate::model::Severity;

/// Reads a file; what it does not say is as in the default file.
///
/// # Errors
/// The line and what is wrong with it.
pub fn parse_rules<R: DeserializeOwned>(default: &str, text: &str) -> Result<R, RulesError> {
    let parse = |text| DeTable::parse(text).map_err(|error| to_rules_error(text, &error));
    let given = parse(text)?;
    let span = given.span();
    let mut all = DeTable::parse(default).map_err(|error| to_rules_error(default, &error))?.into_inner();
    merge_tables(&mut all, given.into_inner());
    R::deserialize(Deserializer::from(Spanned::new(span, all))).map_err(|error| to_rules_error(text, &error))
}

/// Lays a table over another: tables key by key, anything else whole.
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
                // The key goes in anew, so that an error names its place in the file that was given.
                onto.remove(key.get_ref().as_ref());
                onto.insert(key, value);
            }
        }
    }
}

fn to_rules_error(text: &str, error: &Error) -> RulesError {
    let line = error.span().and_then(|span| line_of_span(text, &span));
    let words: Vec<&str> = error.message().split('`').skip(1).step_by(2).collect();
    let unknown = error.message().starts_with("unknown ");
    let (Some((given, known)), true) = (words.split_first(), unknown) else {
        let message = prefix_key(error.message().trim_end(), &error.to_string());
        return RulesError { line, message, nearest: None };
    };
    let alike = |word: &&&str| strsim::damerau_levenshtein(given, word);
    let nearest = known.iter().min_by_key(alike).filter(|word| alike(word) * 2 <= word.len().max(given.len()));
    let hint = match nearest {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("one of {}", known.join(", ")),
    };
    let message = format!("`{given}` is unknown here: {hint}");
    RulesError { line, message, nearest: nearest.map(|word| (*word).to_owned()) }
}

/// Puts the key before what is wrong with its value, where the error knows it.
fn prefix_key(message: &str, whole: &str) -> String {
    let key = whole.rsplit_once("\nin `").and_then(|(_, rest)| rest.trim_end().strip_suffix('`'));
    key.map_or_else(|| message.to_owned(), |key| format!("{key}: {message}"))
}

fn line_of_span(text: &str, span: &Range<usize>) -> Option<usize> {
    text.get(..span.start).map(|before| before.matches('\n').count() + 1)
}

/// Rules that are plain values: every check runs, with the severity of its card.
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

/// Reads rules that are plain values, over the default ones.
///
/// # Errors
/// The line and what is wrong with it.
pub fn parse_plain_rules<T>(default: &str, text: &str) -> Result<Arc<dyn Rules>, RulesError>
where
    T: Serialize + DeserializeOwned + Debug + Send + Sync + 'static,
{
    Ok(Arc::new(PlainRules(parse_rules::<T>(default, text)?)))
}

/// Returns the values of plain rules.
#[must_use]
pub fn plain_values<T: 'static>(rules: &dyn Rules) -> Option<&T> {
    rules.as_any().downcast_ref::<PlainRules<T>>().map(|plain| &plain.0)
}
