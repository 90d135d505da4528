//! Cells, keys and changes as JSON, in which values of different types never look alike.

use mfm_journal::digest::encode_hex;
use mfm_journal::{Change, ColumnShape, Moment, TableShape, Value};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::bytes;
use crate::model::column::Table;
use crate::model::time;

/// Maximum number of changes that a report lists.
pub const CHANGES_MAX: usize = 1000;

/// Maximum number of hexadecimal digits that a line shows.
const HEX_MAX: usize = 32;

/// The largest integer that every JSON reader holds exactly: many read numbers as binary64.
const INTEGER_MAX: u64 = (1 << 53) - 1;

/// A change of one row, as reports show it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChangeRow {
    /// The table's name, as the target spells it.
    pub table: String,
    /// The key, an object by column.
    pub key: Json,
    /// `insert`, `update`, `delete` or `kept`.
    pub kind: &'static str,
    /// The cells before, by column; null for an insert.
    pub before: Json,
    /// The cells after, by column; null for a delete.
    pub after: Json,
}

/// Returns a change in the form that reports show.
#[must_use]
pub fn to_change_row(change: &Change) -> ChangeRow {
    let names = change.column_names();
    let table = &change.table;
    let cells = |values: Option<&[Value]>| {
        values.map_or(Json::Null, |values| cells_to_json(table, names.iter().copied().zip(values)))
    };
    ChangeRow {
        table: table.name.clone(),
        key: cells_to_json(table, table.key.iter().map(String::as_str).zip(&change.key)),
        kind: change.action.as_str(),
        before: cells(change.cells_before()),
        after: cells(change.cells_after()),
    }
}

/// Returns a change in one line: `Table 7 Column: 180 -> 400`.
#[must_use]
pub fn render_change(change: &ChangeRow) -> String {
    let key: Vec<String> = change.key.as_object().into_iter().flat_map(Map::values).map(ToString::to_string).collect();
    let place = format!("{} {}", change.table, key.join(", "));
    match (change.before.as_object(), change.after.as_object()) {
        (Some(before), Some(after)) => {
            let mut cells = Vec::new();
            for (name, value) in after {
                cells.push(render_cell_change(name, before.get(name).unwrap_or(&Json::Null), value));
            }
            format!("{place} {}", cells.join(", "))
        }
        (None, Some(_)) => format!("{place}: new row"),
        (Some(_), None) => format!("{place}: deleted row"),
        (None, None) => format!("{place}: already in the wanted state"),
    }
}

fn render_cell_change(name: &String, before: &Json, after: &Json) -> String {
    match bytes::compare_cells(before, after) {
        Some(difference) => format!("{name}: {difference}"),
        None => format!("{name}: {} -> {}", render_short(before), render_short(after)),
    }
}

/// Returns a cell as one line: as JSON, with long bytes cut.
#[must_use]
pub fn render_value(value: &Value) -> String {
    render_short(&to_json(value))
}

/// Returns a cell in a list: as [`render_value`], but text without quotes, a decimal by its digits, NULL as nothing.
#[must_use]
pub fn render_in_list(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Text(text) => text.clone(),
        Value::Decimal(number) => number.to_string(),
        value => render_value(value),
    }
}

/// Returns a cell of a table as one line: as [`render_value`], but dates and times as people write them, texts without
/// quotes.
#[must_use]
pub fn in_table(value: &Value, table: &Table, column: &str) -> String {
    let cell =
        table.position(column).and_then(|at| table.shape.columns.get(at)).map(|column| column_to_json(value, column));
    match cell.unwrap_or_else(|| self::to_json(value)) {
        Json::Null => "NULL".to_owned(),
        Json::String(text) => text,
        tagged => match tagged.get("$moment").or_else(|| tagged.get("$decimal")).and_then(Json::as_str) {
            Some(text) => text.to_owned(),
            None => render_short(&tagged),
        },
    }
}

/// Returns a cell as JSON, long bytes cut.
fn render_short(cell: &Json) -> String {
    match cell.get("$hex").and_then(Json::as_str).filter(|hex| hex.len() > HEX_MAX) {
        Some(hex) => format!("{}... ({} bytes)", hex.get(..HEX_MAX).unwrap_or(hex), hex.len() / 2),
        None => cell.to_string(),
    }
}

fn cells_to_json<'v>(table: &TableShape, cells: impl Iterator<Item = (&'v str, &'v Value)>) -> Json {
    let mut map = Map::new();
    for (name, value) in cells {
        let column = table.column_position(name).and_then(|at| table.columns.get(at));
        map.insert(name.to_owned(), column.map_or_else(|| to_json(value), |column| column_to_json(value, column)));
    }
    Json::Object(map)
}

/// Returns a cell of a column: as [`to_json`], but dates and times as people write them, to the last tick.
fn column_to_json(value: &Value, column: &ColumnShape) -> Json {
    let text = match value {
        Value::Moment(moment) => time::render_moment(*moment, column),
        _ => None,
    };
    text.map_or_else(|| to_json(value), |text| json!({"$moment": text}))
}

/// Returns a value as JSON that keeps its type.
///
/// Null, booleans, texts, integers below 2^53 and finite reals (with a point or an exponent) are plain JSON. Any other
/// value is an object whose one field names the type.
#[must_use]
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Boolean(flag) => json!(flag),
        Value::Integer(number) if number.unsigned_abs() <= INTEGER_MAX => json!(number),
        Value::Integer(number) => json!({"$int": number.to_string()}),
        // JSON has neither infinities nor NaN.
        Value::Real(number) if number.is_finite() => json!(number),
        Value::Real(number) => json!({"$real": number.to_string()}),
        Value::Decimal(number) => json!({"$decimal": number.to_string()}),
        Value::Text(text) => json!(text),
        Value::RawText(bytes) => json!({"$text_hex": encode_hex(bytes)}),
        Value::Bytes(bytes) => json!({"$hex": encode_hex(bytes)}),
        // Days and ticks; without the column, their precision and time zone are unknown.
        Value::Moment(moment) => json!({"$moment": moment_parts(*moment)}),
        Value::Uuid(bytes) => json!({"$uuid": encode_hex(bytes)}),
    }
}

fn moment_parts(moment: Moment) -> Json {
    let mut parts = vec![json!(moment.days)];
    parts.extend(moment.ticks.map(|ticks| json!(ticks)));
    parts.extend(moment.offset_minutes.map(|minutes| json!(minutes)));
    Json::Array(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_what_differs_of_long_bytes() {
        let leaves = |bytes: &[u8]| json!({"A_Leaf_Set": to_json(&Value::Bytes(bytes.to_vec()))});
        let mut row = ChangeRow {
            table: "TxFieldPoint".into(),
            key: json!({"TFP_ID": 7}),
            kind: "update",
            before: leaves(&[0; 160]),
            after: leaves(&[0; 161]),
        };
        assert_eq!(render_change(&row), "TxFieldPoint 7 A_Leaf_Set: 160 -> 161 bytes, from byte 160: 00 added");
        row.after = json!({"A_Leaf_Set": null});
        let cut = "0".repeat(32);
        assert_eq!(render_change(&row), format!("TxFieldPoint 7 A_Leaf_Set: {cut}... (160 bytes) -> null"));
        row.before = json!({"A_Leaf_Set": "x"});
        assert_eq!(render_change(&row), "TxFieldPoint 7 A_Leaf_Set: \"x\" -> null");
    }

    #[test]
    fn look_alikes_differ() {
        let shown = |value: &Value| to_json(value).to_string();
        for (value, text) in [
            (Value::Null, "null"),
            (Value::Text(String::new()), "\"\""),
            (Value::Text("null".into()), "\"null\""),
            (Value::Integer(1), "1"),
            (Value::Real(1.0), "1.0"),
            (Value::Real(-0.0), "-0.0"),
            (Value::Real(1e300), "1e+300"),
            (Value::Real(f64::INFINITY), "{\"$real\":\"inf\"}"),
            (Value::Integer(1 << 53), "{\"$int\":\"9007199254740992\"}"),
            (Value::Decimal("1.00".parse().unwrap()), "{\"$decimal\":\"1.00\"}"),
            (Value::Bytes(vec![0xff]), "{\"$hex\":\"ff\"}"),
            (Value::RawText(vec![0xff]), "{\"$text_hex\":\"ff\"}"),
        ] {
            assert_eq!(shown(&value), text);
        }
    }
}
