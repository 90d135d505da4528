//! What all queries of recordings share: a question that is its own parameters, and pages of answers.

use std::marker::PhantomData;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::query::{ITEMS_DEFAULT, QueryCard, QueryError, QueryRun, TypedQuery};
use crate::domains::recordings::reading::{Asking, Question};

/// A question that has a name: its fields are its parameters.
pub trait NamedQuestion: Question + Args + Serialize + DeserializeOwned + JsonSchema + 'static {
    /// What it is.
    const CARD: &'static QueryCard;

    /// Refuses parameters that no recording could answer.
    ///
    /// # Errors
    /// [`QueryError::Params`].
    fn judge(&self) -> Result<(), QueryError> {
        Ok(())
    }
}

/// Tells whether a number is a size: zero or more, and a number at all.
#[must_use]
pub fn is_size(number: f64) -> bool {
    number >= 0.0
}

/// A named question as a query.
#[derive(Debug)]
pub struct Named<Q>(PhantomData<fn() -> Q>);

impl<Q> Default for Named<Q> {
    fn default() -> Self {
        Self::new()
    }
}

impl<Q> Named<Q> {
    /// Makes a query of it.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<Q: NamedQuestion> TypedQuery for Named<Q>
where
    Q::Answer: JsonSchema,
{
    type Params = Q;
    type Answer = Q::Answer;

    fn card(&self) -> &'static QueryCard {
        Q::CARD
    }

    fn start(&self, params: Q) -> Result<Box<dyn QueryRun>, QueryError> {
        params.judge()?;
        Ok(Asking::begin(params))
    }
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Paged<T> {
    /// The items of the page.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: u64,
    /// Where the next page begins; `None` on the last one.
    pub next_cursor: Option<String>,
}

/// Returns the place where a page begins.
///
/// # Errors
/// [`QueryError::Params`] for a cursor that no answer gave.
pub fn start_of(cursor: Option<&str>) -> Result<usize, QueryError> {
    let Some(cursor) = cursor else { return Ok(0) };
    let wrong = || QueryError::Params(format!("cursor: `{cursor}` is none; take the next_cursor of an answer"));
    cursor.parse().map_err(|_| wrong())
}

/// Returns how many items a page holds.
///
/// # Errors
/// [`QueryError::Params`] for none at all.
pub fn size_of(limit: Option<u64>) -> Result<usize, QueryError> {
    match limit {
        Some(0) => Err(QueryError::Params("limit: at least 1 item makes a page".to_owned())),
        limit => Ok(usize::try_from(limit.unwrap_or(ITEMS_DEFAULT)).unwrap_or(usize::MAX)),
    }
}

/// Returns one page of a list.
///
/// # Errors
/// As [`start_of`] and [`size_of`].
pub fn page<T>(all: Vec<T>, limit: Option<u64>, cursor: Option<&str>) -> Result<Paged<T>, QueryError> {
    let (start, size) = (start_of(cursor)?, size_of(limit)?);
    let total = all.len();
    let items: Vec<T> = all.into_iter().skip(start).take(size).collect();
    let end = start.saturating_add(items.len());
    let next_cursor = (end < total && !items.is_empty()).then(|| end.to_string());
    Ok(Paged { items, total: total as u64, next_cursor })
}

/// Returns a number with its noun: `1 frame`, `2 frames`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    match (number, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {noun}s"),
    }
}
