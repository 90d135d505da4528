//! Results and errors as JSON: one object per line, its schema first.

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};
use serde_json::Value as Json;

use super::next_step;
use crate::model::shown;
use crate::ops::cell::ChangeRow;
use crate::ops::{Failure, FailureKind};

/// A result with its schema in front.
#[derive(Serialize)]
struct Tagged<'a, T> {
    schema: String,
    #[serde(flatten)]
    body: &'a T,
}

/// Encodes a result as one line of JSON with the schema `mfm/NAME/1`.
///
/// # Errors
/// A value that JSON cannot hold, such as a path that is not UTF-8.
pub(super) fn encode_line<T: Serialize>(name: &str, body: &T) -> Result<String, Failure> {
    let tagged = Tagged { schema: format!("mfm/{name}/1"), body };
    let text = serde_json::to_string(&tagged).map_err(|error| {
        let message = format!("could not write the result as JSON: {error}");
        Failure::new(FailureKind::Found, "output", message, "--format table shows it")
    })?;
    // JSON is printed on terminals too, so control characters are escaped.
    Ok(shown::escape_json(&text).into_owned() + "\n")
}

/// The fields of an error that come first, in this order; the others follow.
const ERROR_FIELDS: [&str; 6] = ["schema", "code", "kind", "message", "hint", "next"];

/// Serialises an object with the fields of `ERROR_FIELDS` first.
struct SchemaFirst(Json);

impl Serialize for SchemaFirst {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = self.0.as_object();
        let mut map = serializer.serialize_map(fields.map(serde_json::Map::len))?;
        let first = ERROR_FIELDS.iter().filter_map(|name| fields?.get_key_value(*name));
        let rest = fields.into_iter().flatten().filter(|(name, _)| !ERROR_FIELDS.contains(&name.as_str()));
        first.chain(rest).try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        map.end()
    }
}

/// Encodes a failure as one line of JSON.
pub(super) fn encode_error(failure: &Failure) -> String {
    let json = failure.to_json(&next_step::render_hint(&failure.next));
    // A failure is printed even if its fields cannot be put in order.
    let text = serde_json::to_string(&SchemaFirst(json.clone())).unwrap_or_else(|_| json.to_string());
    shown::escape_json(&text).into_owned() + "\n"
}

/// Encodes changes, each as one line of JSON.
///
/// # Errors
/// As [`encode_line`].
pub(super) fn encode_changes(changes: &[ChangeRow]) -> Result<String, Failure> {
    changes.iter().map(|change| encode_line("change", change)).collect()
}
