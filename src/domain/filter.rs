//! Filters that narrow records by what people know of them. A domain declares them and gives them their meaning.

use std::collections::BTreeMap;

/// A filter of a domain.
#[derive(Debug)]
pub struct FilterCard {
    /// The name of its option, without dashes: `patient`.
    pub flag: &'static str,
    /// The placeholder of its value in help: `ID`.
    pub value_name: &'static str,
    /// What it narrows, in a sentence.
    pub about: &'static str,
    /// What its value may be, in a few words.
    pub brief: &'static str,
    /// The layout of its value, for hints: `YYYY-MM-DD`.
    pub form: &'static str,
    /// An example of its value, shown where records are searched by typing.
    pub example: &'static str,
    /// Other words that the search accepts for it.
    pub aliases: &'static [&'static str],
}

impl FilterCard {
    /// Returns a filter from its option and the placeholder of its value, what it narrows, and an example.
    #[must_use]
    pub const fn new(flag: &'static str, value_name: &'static str, about: &'static str, example: &'static str) -> Self {
        Self { flag, value_name, about, brief: "", form: value_name, example, aliases: &[] }
    }
}

/// Filters with their values, by option.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterValues(BTreeMap<String, String>);

impl FilterValues {
    /// Tells whether no filter is set, so that every record is meant.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the value of an option.
    #[must_use]
    pub fn get(&self, flag: &str) -> Option<&str> {
        self.0.get(flag).map(String::as_str)
    }

    /// Sets the value of an option, replacing an earlier one.
    pub fn set(&mut self, flag: &str, value: &str) {
        self.0.insert(flag.to_owned(), value.to_owned());
    }

    /// Returns every option with its value, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(flag, value)| (flag.as_str(), value.as_str()))
    }
}

impl<'f> FromIterator<(&'f str, String)> for FilterValues {
    fn from_iter<I: IntoIterator<Item = (&'f str, String)>>(values: I) -> Self {
        Self(values.into_iter().map(|(flag, value)| (flag.to_owned(), value)).collect())
    }
}
