//! The difference at which a replay stopped, as reports show it: row, column, and both values.

use serde::Serialize;
use serde_json::Value as Json;

use crate::model::refusal::render_key;
use crate::ops::{Failure, cell};
use crate::plan::alike::{self, DifferenceKind, DifferingSide};

/// The first difference between the journal and the copy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FirstDifference {
    /// The operation's number on the source.
    pub op: u64,
    /// `cell`, `column`, `other_columns`, `missing_row`, `extra_row`, `action`, `order`, `variant`, `plan_digest`,
    /// `refused`, `not_replayed` or `open`.
    pub what: String,
    /// The table.
    pub table: Option<String>,
    /// The row's key, as text.
    pub key: Option<String>,
    /// The column.
    pub column: Option<String>,
    /// Whether the cell differs in the row as found (`before`), or as it would be written (`after`).
    pub side: Option<DifferingSide>,
    /// The journaled value; null also where the journal holds no row or no cell.
    pub journaled: Json,
    /// The value found or planned on the copy.
    pub found: Json,
    /// The code of the refusal, where the copy refuses the operation.
    pub code: Option<String>,
    /// A description in one sentence.
    pub message: String,
}

impl FirstDifference {
    fn new(op: u64, what: &str, message: String) -> Self {
        Self {
            op,
            what: what.to_owned(),
            table: None,
            key: None,
            column: None,
            side: None,
            journaled: Json::Null,
            found: Json::Null,
            code: None,
            message,
        }
    }

    /// Returns that the operation is open on the source.
    pub(super) fn from_open(op: u64, source: &str) -> Self {
        let message = format!("it is open on {source}: its outcome is not yet known");
        Self::new(op, "open", message)
    }

    /// Returns that the operation reverts one that was not replayed.
    pub(super) fn not_replayed(op: u64, reverts: u64) -> Self {
        Self::new(op, "not_replayed", format!("it reverts operation {reverts}, which was not replayed"))
    }

    /// Returns that the copy refuses the operation.
    pub(super) fn from_refusal(op: u64, failure: &Failure) -> Self {
        let message = format!("the copy refuses it: {}", failure.message);
        Self { code: Some(failure.code.clone()), ..Self::new(op, "refused", message) }
    }

    /// Returns a difference in the plan itself, such as its variant or digest.
    pub(super) fn from_texts(op: u64, what: &str, journaled: &str, found: &str) -> Self {
        let message = format!("the {}: journaled {journaled}, planned {found}", what.replace('_', " "));
        let (journaled, found) = (Json::from(journaled), Json::from(found));
        Self { journaled, found, ..Self::new(op, what, message) }
    }

    /// Returns the difference of a row; where the copy also refuses the operation, with the refusal after it.
    pub(super) fn from_row(op: u64, difference: &alike::Difference, refusal: Option<&Failure>) -> Self {
        let [journaled, found] =
            [&difference.journaled, &difference.found].map(|value| value.as_ref().map_or(Json::Null, cell::to_json));
        let what = serde_json::to_value(difference.what).ok().and_then(|word| Some(word.as_str()?.to_owned()));
        let mut message = in_words(difference);
        if let Some(failure) = refusal {
            message += &format!("; the copy refuses the operation: {}", failure.message);
        }
        Self {
            table: Some(difference.table.clone()),
            key: Some(render_key(&difference.key)),
            column: difference.column.clone(),
            side: difference.side,
            journaled,
            found,
            code: refusal.map(|failure| failure.code.clone()),
            ..Self::new(op, &what.unwrap_or_default(), message)
        }
    }
}

fn in_words(difference: &alike::Difference) -> String {
    let place = format!("{} {}", difference.table, render_key(&difference.key));
    let column = difference.column.as_deref().unwrap_or_default();
    let [journaled, found] = [&difference.journaled, &difference.found]
        .map(|value| value.as_ref().map_or_else(|| "nothing".to_owned(), cell::render_value));
    let verb = if difference.side == Some(DifferingSide::After) { "planned" } else { "found" };
    match difference.what {
        DifferenceKind::Cell => format!("{place} {column}: journaled {journaled}, {verb} {found}"),
        DifferenceKind::Column if difference.side.is_none() => {
            format!("{place}: one of the tables has no column {column}")
        }
        DifferenceKind::Column => format!("{place} {column}: journaled {journaled}, {verb} {found}"),
        DifferenceKind::OtherColumns => {
            format!("{place}: a column that the operation does not set differs; the journal only has its digest")
        }
        DifferenceKind::MissingRow => format!("{place}: the row is in the journal but missing here"),
        DifferenceKind::ExtraRow => format!("{place}: the row is not in the journal"),
        DifferenceKind::Action => format!("{place}: journaled {journaled}, planned {found}"),
        DifferenceKind::Order => format!("{place}: the rows are in another order"),
    }
}
