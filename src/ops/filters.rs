//! The filters of all domains: as options of a command, as fields of a request, and applied to a target.

use std::borrow::Cow;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json};

use super::failure::Failure;
use super::select;
use crate::domain::Domain;
use crate::domain::filter::{FilterCard, FilterValues};
use crate::domain::record::RecordKind;
use crate::domains;
use crate::model::next_step::{Flag, give_value};
use crate::model::{Key, Refusal};
use crate::model::{NextStep, NextSteps};
use crate::targets::Target;

/// Returns the filters of all domains, each option once.
pub fn list_filters() -> Vec<&'static FilterCard> {
    let mut cards: Vec<&FilterCard> = Vec::new();
    for card in domains::all().iter().flat_map(|domain| domain.filters()) {
        // Domains may share an option, which clap accepts only once.
        if !cards.iter().any(|known| known.flag == card.flag) {
            cards.push(card);
        }
    }
    cards
}

/// Returns the names of filters in a sentence: `patient, machine and date`.
#[must_use]
pub fn render_filter_names(cards: &[FilterCard]) -> String {
    in_a_sentence(cards.iter().map(|card| card.flag.to_owned()).collect())
}

/// Returns names in a sentence: `patient, machine and date`.
#[must_use]
pub fn in_a_sentence(mut names: Vec<String>) -> String {
    match names.pop() {
        Some(last) if !names.is_empty() => format!("{} and {last}", names.join(", ")),
        last => last.unwrap_or_default(),
    }
}

/// Returns the next step of using a filter, with the form of its value.
fn suggest_filter(name: &str, form: &str) -> NextStep {
    give_value(Flag::parameter(name), form, "is one of its filters")
}

/// Hides the filter options of other domains in the help of a command that concerns one domain.
#[must_use]
pub fn hide_foreign(command: Command, domain: &dyn Domain) -> Command {
    let foreign = list_filters().into_iter().filter(|card| !domain.filters().iter().any(|own| own.flag == card.flag));
    foreign.fold(command, |command, card| command.mut_arg(option_id(card), |option| option.hide(true)))
}

/// Returns the failure for filters that are wrong whatever the target holds.
#[must_use]
pub fn wrong_filters(domain: &dyn Domain, why: &str) -> Failure {
    let forms: Vec<NextStep> = domain.filters().iter().map(|card| suggest_filter(card.flag, card.form)).collect();
    let next = if forms.is_empty() { "its records have no filters".into() } else { NextSteps::from(forms) };
    Failure::usage("selector", why, next)
}

/// A selection of records of one kind, by filters of their domain.
#[derive(Clone, Debug)]
pub struct RecordFilter {
    domain: &'static dyn Domain,
    kind: &'static RecordKind,
    filters: FilterValues,
}

impl RecordFilter {
    /// Validates filters without reading the target; `None` where there are none, so that every record is selected.
    ///
    /// # Errors
    /// Usage: `selector`.
    pub fn from_filters(
        domain: &'static dyn Domain,
        kind: &'static RecordKind,
        filters: &FilterValues,
    ) -> Result<Option<Self>, Failure> {
        if filters.is_empty() {
            return Ok(None);
        }
        let unknown = filters.iter().find(|(flag, _)| !domain.filters().iter().any(|card| card.flag == *flag));
        if let Some((flag, _)) = unknown {
            return Err(wrong_filters(domain, &format!("records of {} have no filter `{flag}`", domain.card().id)));
        }
        domain.judge_filters(kind, filters).map_err(|why| wrong_filters(domain, &why))?;
        Ok(Some(Self { domain, kind, filters: filters.clone() }))
    }

    /// Returns the keys of the selected records, ascending.
    ///
    /// # Errors
    /// A refusal, or a target error.
    pub fn read_keys(&self, target: &mut dyn Target) -> Result<Vec<Key>, Failure> {
        select::read_through(target, |snapshot| self.domain.select_keys(self.kind, &self.filters, snapshot))
    }

    /// Returns the refusal for filters that select no record, with the value that matches none.
    ///
    /// # Errors
    /// A refusal, or a target error.
    pub fn explain_none_left(&self, target: &mut dyn Target) -> Result<Refusal, Failure> {
        select::read_through(target, |snapshot| self.domain.none_left(self.kind, &self.filters, snapshot))
    }
}

impl FromArgMatches for FilterValues {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut values = Self::default();
        values.update_from_arg_matches(matches)?;
        Ok(values)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for card in list_filters() {
            if let Ok(Some(value)) = matches.try_get_one::<String>(&option_id(card)) {
                self.set(card.flag, value);
            }
        }
        Ok(())
    }
}

/// Returns the clap id of a filter's option; the prefix keeps it apart from the parameters of modes.
fn option_id(card: &FilterCard) -> String {
    format!("filter_{}", card.flag)
}

impl Args for FilterValues {
    fn augment_args(command: Command) -> Command {
        command.args(
            list_filters()
                .into_iter()
                .map(|card| Arg::new(option_id(card)).long(card.flag).value_name(card.value_name).help(card.about)),
        )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl Serialize for FilterValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for FilterValues {
    /// Reads the fields that are filters of any domain, and ignores others: this is flattened into other requests.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields: Map<String, Json> = Map::deserialize(deserializer)?;
        let mut values = Self::default();
        for card in list_filters() {
            match fields.get(card.flag) {
                None | Some(Json::Null) => {}
                Some(Json::String(text)) => values.set(card.flag, text),
                // Programs write ids as numbers.
                Some(Json::Number(number)) => values.set(card.flag, &number.to_string()),
                Some(other) => {
                    let message = format!("{}: `{other}` is not a string", card.flag);
                    return Err(serde::de::Error::custom(message));
                }
            }
        }
        Ok(values)
    }
}

impl JsonSchema for FilterValues {
    fn schema_name() -> Cow<'static, str> {
        "Filters".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut properties = Map::new();
        for card in list_filters() {
            let schema = serde_json::json!({"description": card.about, "type": ["string", "null"], "default": null});
            properties.insert(card.flag.to_owned(), schema);
        }
        json_schema!({"type": "object", "properties": properties})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_from_a_line_and_from_fields_alike() {
        let command = FilterValues::augment_args(Command::new("x"));
        let matches = command.try_get_matches_from(["x", "--machine", "102", "--date", "2024-06-28"]).unwrap();
        let line = FilterValues::from_arg_matches(&matches).unwrap();
        let fields = serde_json::json!({"machine": 102, "date": "2024-06-28", "patient": null, "other": [1]});
        assert_eq!(serde_json::from_value::<FilterValues>(fields).unwrap(), line);
        assert_eq!(serde_json::to_value(&line).unwrap(), serde_json::json!({"machine": "102", "date": "2024-06-28"}));
        assert!(serde_json::from_value::<FilterValues>(serde_json::json!({"machine": true})).is_err());
    }
}
