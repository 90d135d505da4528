//! Which fields of a record an answer shows, and which members it has to read for them.

use std::collections::BTreeSet;

use crate::domains::openonco::categories::Category;
use crate::domains::openonco::queries::answer::list_read;

/// Which fields are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Projection {
    /// The few of the category's card.
    Brief,
    /// All that a record has.
    Whole,
    /// All that any record of the category has, as the original answers.
    EveryColumn,
    /// Those named.
    Named(Vec<String>),
}

impl Projection {
    /// Returns the members of records that it needs; `None` for all.
    pub(super) fn list_wanted(&self, category: &Category) -> Option<BTreeSet<String>> {
        match self {
            Self::Brief => Some(list_read(category, category.brief.iter().copied())),
            Self::Named(fields) => Some(list_read(category, fields.iter().map(String::as_str))),
            Self::Whole | Self::EveryColumn => None,
        }
    }
}
