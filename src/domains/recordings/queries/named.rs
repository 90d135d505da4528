//! The common part of the queries of recordings: a question whose fields are its parameters, and pages of answers.

use std::marker::PhantomData;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use crate::domain::query::{ItemPage, size_of, start_of, take_page};
use crate::domain::query::{QueryCard, QueryError, QueryRun, TypedQuery};
use crate::domains::recordings::reading::{Question, QuestionRun};

/// A question that users can ask by name, with its fields as parameters.
pub trait NamedQuestion: Question + Args + Serialize + DeserializeOwned + JsonSchema + 'static {
    /// The card of the query: name, help, example.
    const CARD: &'static QueryCard;

    /// Checks the parameters as far as that needs no recording.
    ///
    /// # Errors
    /// [`QueryError::Params`].
    fn check_params(&self) -> Result<(), QueryError> {
        Ok(())
    }
}

/// Returns whether a number is zero or more; false for NaN.
#[must_use]
pub fn is_size(number: f64) -> bool {
    number >= 0.0
}

/// A named question as a query.
///
/// `fn() -> Q` makes it `Send` and `Sync` whatever `Q` is: it holds no question.
#[derive(Debug)]
pub struct NamedQuery<Q>(PhantomData<fn() -> Q>);

impl<Q> Default for NamedQuery<Q> {
    fn default() -> Self {
        Self::new()
    }
}

impl<Q> NamedQuery<Q> {
    /// Creates the query of a question type.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<Q: NamedQuestion> TypedQuery for NamedQuery<Q>
where
    Q::Answer: JsonSchema,
{
    type Params = Q;
    type Answer = Q::Answer;

    fn card(&self) -> &'static QueryCard {
        Q::CARD
    }

    fn start(&self, params: Q) -> Result<Box<dyn QueryRun>, QueryError> {
        params.check_params()?;
        Ok(QuestionRun::start(params))
    }
}

/// Renders a number with its noun: `1 frame`, `2 frames`, `3 bodies`.
#[must_use]
pub fn render_count(number: usize, noun: &str) -> String {
    match (number, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {noun}s"),
    }
}
