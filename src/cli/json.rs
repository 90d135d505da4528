//! Results for programs: one object a line, its schema first; renders nothing for people.

use serde::Serialize;

use crate::ops::cell::ChangeRow;
use crate::ops::{Failure, Kind};

/// A result with its schema in front.
#[derive(Serialize)]
struct Tagged<'a, T> {
    schema: String,
    #[serde(flatten)]
    body: &'a T,
}

/// Returns a result as a line.
///
/// # Errors
/// A value that JSON cannot hold, such as a path that is no UTF-8.
pub(super) fn line<T: Serialize>(name: &str, body: &T) -> Result<String, Failure> {
    let tagged = Tagged { schema: format!("mfm/{name}/1"), body };
    let text = serde_json::to_string(&tagged).map_err(|error| {
        let message = format!("could not write the result as JSON: {error}");
        Failure::new(Kind::Found, "output", message, "--format table shows it")
    })?;
    Ok(text + "\n")
}

/// Returns changes as lines.
///
/// # Errors
/// See [`line`].
pub(super) fn changes(changes: &[ChangeRow]) -> Result<String, Failure> {
    changes.iter().map(|change| line("change", change)).collect()
}
