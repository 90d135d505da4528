//! What an answer shows of a record: the fields asked for, as their file has them; what the numbers among them need
//! said; and what is kept back.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use crate::domains::openonco::categories::Category;
use crate::domains::openonco::text::{numbers, regulatory};

/// Fields that name the people who sent a record in, or hold free text of outsiders: never shown unless the answer is
/// to be as the original's.
const KEPT_BACK: [&str; 2] = ["submissionInfo", "vendorRequestedChanges"];

/// Fields that hold a number, and its unit.
const UNITS: [(&str, &str); 25] = [
    ("sensitivity", "percent"),
    ("specificity", "percent"),
    ("analyticalSensitivity", "percent"),
    ("analyticalSpecificity", "percent"),
    ("advancedAdenomaSensitivity", "percent"),
    ("landmarkSensitivity", "percent"),
    ("landmarkSpecificity", "percent"),
    ("longitudinalSensitivity", "percent"),
    ("longitudinalSpecificity", "percent"),
    ("stageISensitivity", "percent"),
    ("stageIISensitivity", "percent"),
    ("stageIIISensitivity", "percent"),
    ("stageIVSensitivity", "percent"),
    ("ppv", "percent"),
    ("npv", "percent"),
    ("tumorOriginAccuracy", "percent"),
    ("leadTimeVsImaging", "days"),
    ("tat", "days"),
    ("initialTat", "days"),
    ("followUpTat", "days"),
    ("bloodVolume", "mL"),
    ("listPrice", "US dollars"),
    ("variantsTracked", "variants"),
    ("genesAnalyzed", "genes"),
    ("totalParticipants", "participants"),
];

/// Figures that a small or an analytical study can make look better than they are.
const FIGURES: [&str; 13] = [
    "sensitivity",
    "specificity",
    "analyticalSensitivity",
    "analyticalSpecificity",
    "ppv",
    "npv",
    "stageISensitivity",
    "stageIISensitivity",
    "stageIIISensitivity",
    "stageIVSensitivity",
    "landmarkSensitivity",
    "longitudinalSensitivity",
    "lod",
];

/// The flags of a record that warn of its figures, and what they mean.
const FLAGS: [(&str, &str); 2] = [
    ("analyticalValidationWarning", "figures are from analytical validation, not from patients"),
    ("smallSampleWarning", "figures are from a small sample"),
];

/// The derived fields, which may be asked for like those of the file.
pub(super) const DERIVED: [&str; 2] = ["regulatoryClass", "vendorGroup"];

/// Returns the value of a derived field; `None` for any other.
pub(super) fn derive_field(category: &Category, record: &Map<String, Json>, field: &str) -> Option<Json> {
    let text = |name: &str| record.get(name).and_then(Json::as_str);
    match field {
        "regulatoryClass" => Some(json!(text("fdaStatus").map(regulatory::class_of))),
        "vendorGroup" => Some(json!(text(category.fields.vendor).map(super::super::text::vendors::group_of))),
        _ => None,
    }
}

/// Returns the members of a record that an answer with these fields reads: them, and what is said beside them.
pub(super) fn list_read<'f>(category: &Category, fields: impl Iterator<Item = &'f str>) -> BTreeSet<String> {
    let beside = ["id", "fdaStatus", "leadTimeVsImagingNotes", category.fields.vendor];
    fields.chain(beside).chain(FLAGS.map(|(flag, _)| flag)).map(str::to_owned).collect()
}

/// Returns a record as its file has it, without what is kept back.
pub(super) fn whole_record(record: &Map<String, Json>) -> Map<String, Json> {
    let shown = record.iter().filter(|(name, _)| !KEPT_BACK.contains(&name.as_str()));
    shown.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Returns some fields of a record with its id. Fields that it lacks are null where `fill`, else left out.
pub(super) fn some_fields(
    category: &Category,
    record: &Map<String, Json>,
    fields: &[&str],
    fill: bool,
) -> Map<String, Json> {
    let mut row = Map::new();
    row.insert("id".to_owned(), record.get("id").cloned().unwrap_or(Json::Null));
    for field in fields {
        let derived = derive_field(category, record, field);
        match derived.or_else(|| record.get(*field).filter(|_| !KEPT_BACK.contains(field)).cloned()) {
            Some(value) => drop(row.insert((*field).to_owned(), value)),
            None if fill => drop(row.insert((*field).to_owned(), Json::Null)),
            None => {}
        }
    }
    row
}

/// Returns what the figures of a row need said: its warnings, the class of its status, the numbers in its texts.
pub(super) fn list_remarks(
    category: &Category,
    record: &Map<String, Json>,
    row: &Map<String, Json>,
    with_numbers: bool,
) -> Map<String, Json> {
    let mut remarks = Map::new();
    if row.contains_key("fdaStatus") && !row.contains_key("regulatoryClass") {
        remarks.extend(
            derive_field(category, record, "regulatoryClass").map(|class| ("regulatoryClass".to_owned(), class)),
        );
    }
    let warnings = find_warnings(record, row);
    if !warnings.is_empty() {
        remarks.insert("warnings".to_owned(), json!(warnings));
    }
    if with_numbers {
        let (read, unread) = read_texts(row);
        if !read.is_empty() {
            remarks.insert("numbers".to_owned(), Json::Object(read));
        }
        if !unread.is_empty() {
            remarks.insert("notNumbers".to_owned(), json!(unread));
        }
    }
    remarks
}

/// Returns the warnings that a row needs, because it shows a figure that one of them is about.
fn find_warnings(record: &Map<String, Json>, row: &Map<String, Json>) -> Vec<String> {
    let mut warnings = Vec::new();
    let shows_figure = FIGURES.iter().any(|figure| row.get(*figure).is_some_and(|value| !value.is_null()));
    for (flag, meaning) in FLAGS {
        if shows_figure && record.get(flag) == Some(&Json::Bool(true)) {
            warnings.push(meaning.to_owned());
        }
    }
    if let Some(months) = row.get("leadTimeVsImaging").and_then(|lead| lead_in_months(record, lead)) {
        warnings.push(format!("leadTimeVsImaging is in days, but its notes say {months} months"));
    }
    warnings
}

/// Returns the lead time that a record's notes state in months, where the field, which is of days, has the same number.
fn lead_in_months(record: &Map<String, Json>, lead: &Json) -> Option<f64> {
    let notes = record.get("leadTimeVsImagingNotes")?.as_str()?;
    lead.as_f64().filter(|number| numbers::states_months(notes, *number))
}

/// Returns the numbers that texts of a row certainly state, and the names of the fields whose texts state none.
fn read_texts(row: &Map<String, Json>) -> (Map<String, Json>, Vec<String>) {
    let (mut read, mut unread) = (Map::new(), Vec::new());
    for (field, unit) in UNITS {
        let Some(text) = row.get(field).and_then(Json::as_str) else { continue };
        match numbers::read_stated(text) {
            Some(stated) => {
                let unit = if stated.unit.is_empty() || stated.unit == "$" { unit } else { stated.unit.as_str() };
                read.insert(field.to_owned(), json!({"number": stated.number, "unit": unit}));
            }
            None => unread.push(field.to_owned()),
        }
    }
    (read, unread)
}

/// Returns the units of those fields of a list that hold numbers.
pub(super) fn units_of(fields: &[&str]) -> Map<String, Json> {
    let known = UNITS.iter().filter(|(field, _)| fields.contains(field));
    known.map(|(field, unit)| ((*field).to_owned(), json!(unit))).collect()
}

/// Tells whether a field is known to belong to catalogues, whether or not a record at hand has it.
pub(super) fn is_usual_field(category: &Category, field: &str) -> bool {
    field == "id" || DERIVED.contains(&field) || category.brief.contains(&field) || category.metrics.contains(&field)
}
