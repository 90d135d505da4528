//! Filters: what people know of records and narrow them by; a domain says which there are and what they mean.

use std::collections::BTreeMap;

/// A filter of a domain.
#[derive(Debug)]
pub struct FilterCard {
    /// Its option: `patient`.
    pub flag: &'static str,
    /// What its value is called.
    pub value_name: &'static str,
    /// What it narrows, in a sentence.
    pub about: &'static str,
    /// What it takes, in a few words.
    pub brief: &'static str,
    /// The form of its value, for hints: `YYYY-MM-DD`.
    pub form: &'static str,
    /// An example of its value, for whoever looks for records by typing.
    pub example: &'static str,
    /// Other words for it, for whoever types.
    pub aliases: &'static [&'static str],
}

impl FilterCard {
    /// A filter, by its option, what its value is called, what it narrows, and an example of its value.
    #[must_use]
    pub const fn new([flag, value_name]: [&'static str; 2], about: &'static str, example: &'static str) -> Self {
        Self { flag, value_name, about, brief: "", form: value_name, example, aliases: &[] }
    }
}

/// Filters with their values, by option.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterValues(BTreeMap<String, String>);

impl FilterValues {
    /// Tells whether every record is meant.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the value of an option.
    #[must_use]
    pub fn get(&self, flag: &str) -> Option<&str> {
        self.0.get(flag).map(String::as_str)
    }

    /// Says the value of an option.
    pub fn set(&mut self, flag: &str, value: &str) {
        self.0.insert(flag.to_owned(), value.to_owned());
    }

    /// Returns every option with its value, by option.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(flag, value)| (flag.as_str(), value.as_str()))
    }
}

impl<'f> FromIterator<(&'f str, String)> for FilterValues {
    fn from_iter<I: IntoIterator<Item = (&'f str, String)>>(values: I) -> Self {
        Self(values.into_iter().map(|(flag, value)| (flag.to_owned(), value)).collect())
    }
}
