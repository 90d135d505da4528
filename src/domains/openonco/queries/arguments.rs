//! The arguments of a call, read by the cards of their parameters.

use serde_json::{Map, Value as Json};

use super::parameters::{ParameterKind, find_parameter};
use crate::domain::query::QueryError;
use crate::domains::openonco::text::folding::find_nearest;

/// The longest text of an argument, in bytes.
const TEXT_BYTES_MAX: usize = 1_000;
/// The most texts of a list.
const TEXTS_MAX: usize = 500;

/// The arguments of a call.
#[derive(Clone, Debug)]
pub(super) struct Arguments {
    given: Map<String, Json>,
    strict: bool,
}

impl Arguments {
    /// Takes the arguments of a call, in the strict manner or not.
    ///
    /// # Errors
    /// One has a name that the tool does not know; the nearest are told.
    pub(super) fn new(given: &Map<String, Json>, known: &[&'static str], strict: bool) -> Result<Self, QueryError> {
        if let Some(name) = given.keys().find(|name| !known.contains(&name.as_str())) {
            let near = find_nearest(name, known.iter().copied());
            let known = if near.is_empty() { known.join(", ") } else { near.join(", ") };
            return Err(QueryError::Params(format!("there is no parameter `{}`; nearest: {known}", shorten(name))));
        }
        let given = given.iter().filter(|(_, value)| !value.is_null());
        Ok(Self { given: given.map(|(name, value)| (name.clone(), value.clone())).collect(), strict })
    }

    /// Tells whether the tool answers as the original does.
    pub(super) const fn is_strict(&self) -> bool {
        self.strict
    }

    /// Tells whether an argument was given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// Tells whether an argument is a text of nothing but white space.
    pub(super) fn is_blank(&self, name: &str) -> bool {
        self.given.get(name).and_then(Json::as_str).is_some_and(|text| text.trim().is_empty())
    }

    /// Returns a text. The original takes a blank one for an absent one; otherwise it is refused, because whoever
    /// gave it
    /// meant something by it.
    ///
    /// # Errors
    /// It is no text, or blank, or too long.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, QueryError> {
        let Some(value) = self.given.get(name) else { return Ok(None) };
        let Some(text) = value.as_str() else { return Err(wrong(name, "it is not a text")) };
        if text.len() > TEXT_BYTES_MAX {
            return Err(wrong(name, &format!("it is longer than {TEXT_BYTES_MAX} bytes")));
        }
        if text.trim().is_empty() {
            return if self.strict { Ok(None) } else { Err(wrong(name, "it is empty: leave it out")) };
        }
        Ok(Some(text))
    }

    /// Returns a word of a list, as the list spells it.
    ///
    /// # Errors
    /// It is none of them.
    pub(super) fn word(&self, name: &str, words: &[&'static str]) -> Result<Option<&'static str>, QueryError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let same = |word: &&&str| word.eq_ignore_ascii_case(text.trim());
        match words.iter().find(same) {
            Some(word) => Ok(Some(word)),
            None => {
                let near = find_nearest(text, words.iter().copied());
                let known = if near.is_empty() { words.join(", ") } else { near.join(", ") };
                Err(wrong(name, &format!("`{}` is unknown; nearest: {known}", shorten(text))))
            }
        }
    }

    /// Returns texts: of a list, or of one text with commas.
    ///
    /// # Errors
    /// It is neither, or empty, or too long.
    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, QueryError> {
        let Some(value) = self.given.get(name) else { return Ok(None) };
        let parts: Vec<&str> = match value {
            Json::String(text) => text.split(',').collect(),
            Json::Array(list) => {
                let texts: Option<Vec<&str>> = list.iter().map(Json::as_str).collect();
                texts.ok_or_else(|| wrong(name, "it is not a list of texts"))?
            }
            _ => return Err(wrong(name, "it is not a list of texts")),
        };
        let mut texts: Vec<String> = Vec::new();
        for part in parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()) {
            if part.len() > TEXT_BYTES_MAX || texts.len() >= TEXTS_MAX {
                return Err(wrong(
                    name,
                    &format!("it has more than {TEXTS_MAX} parts, or one of {TEXT_BYTES_MAX} bytes"),
                ));
            }
            if !texts.iter().any(|known| known == part) {
                texts.push(part.to_owned());
            }
        }
        match texts.is_empty() {
            true if self.strict => Ok(None),
            true => Err(wrong(name, "it is empty: leave it out")),
            false => Ok(Some(texts)),
        }
    }

    /// Returns yes or no.
    ///
    /// # Errors
    /// It is neither.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, QueryError> {
        match self.given.get(name) {
            None => Ok(None),
            Some(Json::Bool(flag)) => Ok(Some(*flag)),
            Some(Json::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Json::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(wrong(name, "it is neither true nor false")),
        }
    }

    /// Returns a number; outside its range it is refused, except in the strict manner.
    ///
    /// # Errors
    /// It is no number, or out of range.
    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, QueryError> {
        let Some(value) = self.given.get(name) else { return Ok(None) };
        let number = match value {
            Json::Number(number) => number.as_f64(),
            Json::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let Some(number) = number.filter(|number| number.is_finite()) else {
            return Err(wrong(name, "it is not a number"));
        };
        let kind = find_parameter(name).map(|parameter| parameter.kind);
        match kind {
            Some(ParameterKind::Number(first, last)) if !self.strict && !(first..=last).contains(&number) => {
                Err(wrong(name, &format!("{number} is not from {first} to {last}")))
            }
            _ => Ok(Some(number)),
        }
    }

    /// Returns a whole number; outside its range it is refused, except in the strict manner.
    ///
    /// # Errors
    /// It is no whole number, or out of range.
    pub(super) fn whole(&self, name: &str) -> Result<Option<i64>, QueryError> {
        let Some(value) = self.given.get(name) else { return Ok(None) };
        let number = match value {
            // 20.0 is what some programs write for 20.
            Json::Number(number) => number.as_i64().or_else(|| whole_of(number.as_f64()?)),
            Json::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let Some(number) = number else { return Err(wrong(name, "it is not a whole number")) };
        let kind = find_parameter(name).map(|parameter| parameter.kind);
        match kind {
            Some(ParameterKind::Whole(first, last)) if !self.strict && !(first..=last).contains(&number) => {
                Err(wrong(name, &format!("{number} is not from {first} to {last}")))
            }
            _ => Ok(Some(number)),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the number is whole, and small enough for an integer")]
fn whole_of(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64)
}

/// Builds the error for an argument.
pub(super) fn wrong(name: &str, what: &str) -> QueryError {
    QueryError::Params(format!("{name}: {what}"))
}

/// Shortens what a caller gave, before it is repeated.
pub(super) fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}
