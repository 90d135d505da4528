//! The columns that are read off a record's text: one function, which import, labs, faults and checks share.

use serde_json::{Map, Value as Json};

use super::categories::{Category, find_category};
use super::source;
use super::text::{numbers, regulatory};
use crate::model::{Datum, Value};

/// Returns the row of [`super::schema::TEST`] for a record's text.
#[must_use]
pub fn read_columns(record: i64, category: &str, text: &str) -> Vec<Datum> {
    let fields = source::parse_object(text).unwrap_or_default();
    let mut row = vec![Datum::Integer(record), Datum::Text(category.to_owned())];
    row.extend(read_cells(find_category(category), &fields));
    row
}

fn read_cells(category: Option<&'static Category>, fields: &Map<String, Json>) -> Vec<Datum> {
    let names = category.map_or(&super::categories::CATEGORIES[0].fields, |category| &category.fields);
    let status = fields.get("fdaStatus").and_then(Json::as_str);
    vec![
        text_cell(fields.get("id")),
        text_cell(fields.get(names.name)),
        text_cell(fields.get(names.vendor)),
        text_cell(fields.get("approach")),
        text_cell(fields.get("testScope")),
        text_cell(fields.get("productType")),
        text_cell(fields.get("sampleCategory")),
        text_cell(fields.get("fdaStatus")),
        status.map_or(Datum::Null, |status| Datum::Text(regulatory::class_of(status).to_owned())),
        text_cell(fields.get("reimbursement")),
        text_cell(fields.get("requiresTumorTissue")),
        list_cell(fields.get(names.cancer_types)),
        list_cell(fields.get("clinicalSettings")),
        number_cell(fields.get(names.sensitivity)),
        number_cell(fields.get(names.specificity)),
        number_cell(fields.get("listPrice")),
        whole_cell(fields.get("genesAnalyzed")),
        whole_cell(fields.get("fdaCompanionDxCount")),
        match fields.get("isDiscontinued") {
            Some(Json::Bool(is)) => Datum::Integer(i64::from(*is)),
            _ => Datum::Null,
        },
    ]
}

/// Returns the cell of a text; any other value as its JSON.
fn text_cell(value: Option<&Json>) -> Datum {
    match value {
        None | Some(Json::Null) => Datum::Null,
        Some(Json::String(text)) => Datum::Text(text.clone()),
        Some(other) => Datum::Text(other.to_string()),
    }
}

/// Returns the cell of a list, as JSON.
fn list_cell(value: Option<&Json>) -> Datum {
    match value {
        None | Some(Json::Null) => Datum::Null,
        Some(list) => Datum::Text(list.to_string()),
    }
}

/// Returns the number of a value: of a text only where it certainly states one.
#[must_use]
pub fn certain_number(value: &Json) -> Option<f64> {
    match value {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => numbers::read_stated(text).map(|stated| stated.number),
        _ => None,
    }
}

fn number_cell(value: Option<&Json>) -> Datum {
    value.and_then(certain_number).map_or(Datum::Null, |number| Datum::Raw(Value::Real(number)))
}

fn whole_cell(value: Option<&Json>) -> Datum {
    value.and_then(Json::as_i64).map_or(Datum::Null, Datum::Integer)
}
