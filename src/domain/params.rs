//! What all modes and queries do with their parameters: clap arguments, JSON Schema, JSON in and out.

use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{ArgMatches, Args, Command};
use mfm_journal::Decimal;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json};

use super::mode::{Mode, ModeCard};
pub use super::size::{Size, resolve_size, size_of_plan};
use crate::model::Refusal;

/// Adds the parameters to a command. Its own description is kept, which clap would replace by the struct's.
pub fn add_arguments<P: Args>(command: Command) -> Command {
    let (short, long) = (command.get_about().cloned(), command.get_long_about().cloned());
    let mut command = P::augment_args(command).about(None).long_about(None);
    if let Some(short) = short {
        command = command.about(short);
    }
    if let Some(long) = long {
        command = command.long_about(long);
    }
    command
}

/// Returns the parameters given on a command line.
pub fn parse_matches<P: Args + Serialize>(matches: &ArgMatches) -> Result<Map<String, Json>, clap::Error> {
    Ok(to_json(&P::from_arg_matches(matches)?))
}

/// Returns the JSON Schema of the parameters.
pub fn params_schema<P: JsonSchema>() -> schemars::Schema {
    let mut schema = schemars::SchemaGenerator::default().into_root_schema_for::<P>();
    // The name of a Rust struct means nothing to a caller.
    schema.remove("title");
    schema
}

/// Returns the parameters as JSON, without those that are absent.
pub fn to_json<P: Serialize>(parameters: &P) -> Map<String, Json> {
    match serde_json::to_value(parameters) {
        Ok(Json::Object(map)) => map.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Map::new(),
    }
}

/// Parses parameters.
///
/// # Errors
/// A sentence that names the parameter at fault.
pub fn from_json<P: DeserializeOwned>(given: &Map<String, Json>) -> Result<P, String> {
    let error = match serde_json::from_value::<P>(Json::Object(given.clone())) {
        Ok(params) => return Ok(params),
        Err(error) => error.to_string(),
    };
    // A missing field is not the fault of one parameter, and each alone would lack the others.
    if error.starts_with("missing field") {
        return Err(error.replacen("missing field", "there is no", 1));
    }
    // An error of serde need not say which parameter it is about: the first that fails alone is at fault.
    for (name, value) in given {
        let one = Map::from_iter([(name.clone(), value.clone())]);
        if let Err(error) = serde_json::from_value::<P>(Json::Object(one)) {
            let error = error.to_string();
            let is_named = error.contains(&format!("`{name}`"));
            return Err(if is_named { error } else { format!("{name}: {error}") });
        }
    }
    Err(error)
}

/// Returns a parameter that a completed plan has; a refusal for a plan file without it.
pub fn require_param<T>(value: Option<T>, name: &str) -> Result<T, Refusal> {
    value.ok_or_else(|| Refusal::Stale { what: format!("the parameter {name} is missing") })
}

/// Returns a variant of a mode by its word, in snake or kebab case.
pub fn find_variant(mode: &dyn Mode, word: &str) -> Result<&'static str, String> {
    let card = mode.card();
    let snake = word.replace('-', "_");
    match card.variants.iter().find(|variant| variant.word == snake) {
        Some(variant) => Ok(variant.word),
        None => {
            let words = variant_words(card).join(", ");
            Err(format!("{} has no variant `{word}`: choose one of {words}", card.tool))
        }
    }
}

/// Returns the words of a mode's variants.
pub fn variant_words(card: &ModeCard) -> Vec<&'static str> {
    card.variants.iter().map(|variant| variant.word).collect()
}

/// Returns the parser for a parameter that names the variant itself, with a line of help for each word.
pub fn variant_parser(card: &ModeCard) -> PossibleValuesParser {
    let mut values = Vec::with_capacity(card.variants.len());
    for variant in card.variants {
        let kebab = variant.word.replace('_', "-");
        values.push(PossibleValue::new(variant.word).alias(kebab).help(variant.about));
    }
    values.into()
}

/// Returns the variant that a parameter names, or the requested one; if both are given, they must agree.
pub fn resolve_variant(
    mode: &dyn Mode,
    parameter: &str,
    value: Option<&str>,
    variant: Option<&str>,
) -> Result<&'static str, String> {
    let words = variant_words(mode.card()).join(", ");
    let value = match value {
        Some(word) => {
            Some(find_variant(mode, word).map_err(|_| format!("{parameter}: `{word}` is not one of {words}"))?)
        }
        None => None,
    };
    let variant = variant.map(|word| find_variant(mode, word)).transpose()?;
    match (value, variant) {
        (Some(value), Some(variant)) if value != variant => {
            Err(format!("{parameter} {value} contradicts the variant {variant}"))
        }
        (value, variant) => value.or(variant).ok_or_else(|| format!("{parameter} is missing: one of {words}")),
    }
}

/// Returns the variant that a parameter of a completed plan names.
pub fn variant_of_plan(mode: &dyn Mode, value: Option<&str>, parameter: &str) -> Result<&'static str, Refusal> {
    find_variant(mode, require_param(value, parameter)?).map_err(|what| Refusal::Stale { what })
}

/// An exact number: decimal text, or a JSON number read by its shortest text; never NaN or infinite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(with = "NumberForm")]
pub struct Number(pub Decimal);

impl Number {
    /// Returns the nearest float.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        // Through the text, because `Decimal` converts only what a float holds exactly.
        self.0.to_string().parse().unwrap_or(0.0)
    }
}

/// What JSON may hold for a number.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged, expecting = "it is not a number: write decimal digits, such as 400 or -0.5")]
enum NumberForm {
    /// A whole number.
    Whole(i64),
    /// A larger whole number.
    Large(u64),
    /// Any other number.
    Real(f64),
    /// The number's decimal text.
    Text(String),
}

impl FromStr for Number {
    type Err = mfm_journal::decimal::DecimalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Normalised, so that 400 and 400.0 give the same plan digest.
        serializer.collect_str(&self.0.normalise())
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match NumberForm::deserialize(deserializer)? {
            NumberForm::Whole(number) => number.to_string(),
            NumberForm::Large(number) => number.to_string(),
            // The shortest text that parses back to the same float.
            NumberForm::Real(number) => number.to_string(),
            NumberForm::Text(text) => text,
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_decimal_digits() {
        for (json, text) in
            [("400", "400"), ("400.0", "400"), ("\"-0.50\"", "-0.5"), ("360.1", "360.1"), ("1e3", "1000")]
        {
            let number: Number = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_value(number).unwrap(), Json::String(text.into()));
        }
        for bad in ["\"NaN\"", "\"inf\"", "\"abc\"", "true", "\"\"", "[1]"] {
            assert!(serde_json::from_str::<Number>(bad).is_err(), "{bad}");
        }
    }
}
