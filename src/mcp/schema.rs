//! Input and output schemas, reduced so that they cost a model few tokens.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value as Json, json};

/// A JSON object.
pub(super) type Object = Map<String, Json>;

/// The longest description that is kept, in bytes.
const WORDS_MAX: usize = 64;

/// Returns the reduced schema of a request.
pub(super) fn from_request<R: JsonSchema>() -> Object {
    slim_schema(SchemaGenerator::default().into_root_schema_for::<R>().to_value())
}

/// Drops what a model does not need: titles, formats, definitions, null, long descriptions.
pub(super) fn slim_schema(root: Json) -> Object {
    let none = Object::new();
    let definitions = root.get("$defs").and_then(Json::as_object).unwrap_or(&none);
    let mut out = match slim_part(&root, definitions) {
        Json::Object(out) => out,
        _ => Object::new(),
    };
    // The protocol wants the input of every tool to be an object.
    out.insert("type".into(), json!("object"));
    out.entry("properties").or_insert_with(|| json!({}));
    out.remove("description");
    out
}

fn slim_part(schema: &Json, definitions: &Object) -> Json {
    let Some(map) = schema.as_object() else { return json!({}) };
    let mut out = Object::new();
    let definition = map.get("$ref").and_then(Json::as_str).and_then(|name| definitions.get(name.rsplit('/').next()?));
    if let Some(Json::Object(slim)) = definition.map(|definition| slim_part(definition, definitions)) {
        out = slim;
        // A type's own description says less than that of the field that has it.
        out.remove("description");
    }
    if let Some(ways) = map.get("anyOf").or_else(|| map.get("oneOf")).and_then(Json::as_array) {
        out.extend(join_ways(ways, definitions));
    }
    if let Some(word) = map.get("const") {
        out.insert("enum".into(), json!([word]));
    }
    for key in ["enum", "required"] {
        if let Some(value) = map.get(key).filter(|value| value.as_array().is_some_and(|list| !list.is_empty())) {
            out.insert(key.into(), drop_null(value.clone()));
        }
    }
    if let Some(kind) = map.get("type").filter(|_| !out.contains_key("enum")) {
        out.insert("type".into(), drop_null(kind.clone()));
    }
    if let Some(items) = map.get("items") {
        out.insert("items".into(), slim_part(items, definitions));
    }
    if let Some(properties) = map.get("properties").and_then(Json::as_object) {
        let each = properties.iter().map(|(name, property)| (name.clone(), slim_part(property, definitions)));
        out.insert("properties".into(), Json::Object(each.collect()));
    }
    if let Some(text) = map.get("description").and_then(Json::as_str).map(first_clause).filter(|text| !text.is_empty())
    {
        out.insert("description".into(), json!(text));
    }
    Json::Object(out)
}

/// Merges alternatives of a schema: their words into one list of words, else their types into one list of types.
fn join_ways(ways: &[Json], definitions: &Object) -> Object {
    let parts: Vec<Json> = ways.iter().map(|way| slim_part(way, definitions)).collect();
    let mut parts: Vec<&Object> = parts.iter().filter_map(Json::as_object).collect();
    parts.retain(|part| !part.is_empty() && part.get("type") != Some(&json!("null")));
    if let [only] = parts.as_slice() {
        return (*only).clone();
    }
    let words = collect_values(&parts, "enum");
    let mut out = Object::new();
    if words.is_empty() {
        out.insert("type".into(), Json::Array(collect_values(&parts, "type")));
    } else {
        out.insert("enum".into(), Json::Array(words));
    }
    out
}

/// Collects the distinct values that schemas have under a key, be it one value or a list.
fn collect_values(schemas: &[&Object], key: &str) -> Vec<Json> {
    let mut values: Vec<Json> = Vec::new();
    for value in schemas.iter().filter_map(|schema| schema.get(key)) {
        let list = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for value in list {
            if !values.contains(value) {
                values.push(value.clone());
            }
        }
    }
    values
}

fn drop_null(value: Json) -> Json {
    let Json::Array(list) = value else { return value };
    let list: Vec<Json> = list.into_iter().filter(|word| *word != json!("null") && !word.is_null()).collect();
    match list.as_slice() {
        [only] if only.as_str().is_some_and(is_type) => only.clone(),
        _ => Json::Array(list),
    }
}

fn is_type(word: &str) -> bool {
    ["string", "integer", "number", "boolean", "array", "object"].contains(&word)
}

/// Returns the first clause of a description; empty if it is longer than `WORDS_MAX`.
fn first_clause(text: &str) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let first = flat.split([';', '(', '[']).next().unwrap_or_default();
    let first = first.split(". ").next().unwrap_or_default().split(": ").next().unwrap_or_default();
    let first = first.trim().trim_end_matches(['.', ',']);
    if first.len() <= WORDS_MAX { first.to_owned() } else { String::new() }
}

/// Drops the descriptions of the properties `undescribed`, of all with `*`, and the properties `left_out`.
pub(super) fn strip_properties(mut schema: Object, undescribed: &[&str], left_out: &[&str]) -> Object {
    if let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut) {
        left_out.iter().for_each(|name| drop(properties.remove(*name)));
        for (name, property) in properties.iter_mut() {
            if undescribed == ["*"] || undescribed.contains(&name.as_str()) {
                property.as_object_mut().map(|property| property.remove("description"));
            }
        }
    }
    schema
}

/// Keeps these properties alone: what else a request takes, such as files, is the operator's choice.
pub(super) fn keep_properties(mut schema: Object, kept: &[&str]) -> Object {
    if let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut) {
        properties.retain(|name, _| kept.contains(&name.as_str()));
    }
    schema
}

/// Returns the simplest schema for a property of several types; `None` if it has one type.
///
/// Some clients know neither a list of types nor an array without items. The types that are left out are still
/// accepted.
pub(super) fn simplify_type(property: &Json) -> Option<Json> {
    let types = property.get("type")?.as_array()?;
    Some(match (types.contains(&json!("number")), types.contains(&json!("integer"))) {
        (true, _) => json!({"type": "number"}),
        (false, true) => json!({"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        (false, false) => json!({"type": "string"}),
    })
}

/// Builds the schema of an answer from the fields of one that is not a refusal.
///
/// Nothing is required: a refusal is a structured answer too, and clients check both against this one schema.
pub(super) fn answer_schema(fields: &[(&str, &str)]) -> Object {
    let each = fields.iter().map(|(name, kind)| ((*name).to_owned(), json!({ "type": kind })));
    let properties: Object = each.collect();
    let mut out = Object::new();
    out.insert("type".into(), json!("object"));
    out.insert("properties".into(), Json::Object(properties));
    out
}
