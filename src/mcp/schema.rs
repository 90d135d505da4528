//! Input and output schemas that cost a model few tokens, made from those of the requests; adds nothing of its own.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value as Json, json};

/// A JSON object.
pub(super) type Object = Map<String, Json>;

/// How much of a field's description is kept, in bytes.
const WORDS_MAX: usize = 64;

/// Returns the schema of a request, short.
pub(super) fn from_request<R: JsonSchema>() -> Object {
    slim_schema(SchemaGenerator::default().into_root_schema_for::<R>().to_value())
}

/// Returns a schema without what a model does not need: titles, formats, definitions, NULL, long descriptions.
pub(super) fn slim_schema(root: Json) -> Object {
    let none = Object::new();
    let definitions = root.get("$defs").and_then(Json::as_object).unwrap_or(&none);
    let mut out = match slim_part(&root, definitions) {
        Json::Object(out) => out,
        _ => Object::new(),
    };
    out.insert("type".into(), json!("object"));
    out.entry("properties").or_insert_with(|| json!({}));
    out.remove("description");
    out
}

fn slim_part(schema: &Json, definitions: &Object) -> Json {
    let Some(map) = schema.as_object() else { return json!({}) };
    let mut out = Object::new();
    let named = map.get("$ref").and_then(Json::as_str).and_then(|name| definitions.get(name.rsplit('/').next()?));
    if let Some(Json::Object(named)) = named.map(|named| slim_part(named, definitions)) {
        out = named;
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
            out.insert(key.into(), without_null(value.clone()));
        }
    }
    if let Some(kind) = map.get("type").filter(|_| !out.contains_key("enum")) {
        out.insert("type".into(), without_null(kind.clone()));
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

/// Joins the ways in which something may be written: words to one list of words, types to one list of types.
fn join_ways(ways: &[Json], definitions: &Object) -> Object {
    let parts: Vec<Json> = ways.iter().map(|way| slim_part(way, definitions)).collect();
    let parts: Vec<&Object> = parts.iter().filter_map(Json::as_object).filter(|part| !part.is_empty()).collect();
    let parts: Vec<&&Object> = parts.iter().filter(|part| part.get("type") != Some(&json!("null"))).collect();
    if let [only] = parts.as_slice() {
        return (**only).clone();
    }
    let list = |key: &str| -> Vec<Json> {
        let each = parts.iter().filter_map(|part| part.get(key));
        let flat = each.flat_map(|value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]));
        let mut out: Vec<Json> = Vec::new();
        flat.for_each(|value| {
            if !out.contains(&value) {
                out.push(value);
            }
        });
        out
    };
    let words = list("enum");
    let mut out = Object::new();
    if words.is_empty() {
        out.insert("type".into(), Json::Array(list("type")));
    } else {
        out.insert("enum".into(), Json::Array(words));
    }
    out
}

fn without_null(value: Json) -> Json {
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

/// Returns the first clause of a description, where that is short.
fn first_clause(text: &str) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let first = flat.split([';', '(', '[']).next().unwrap_or_default();
    let first = first.split(". ").next().unwrap_or_default().split(": ").next().unwrap_or_default();
    let first = first.trim().trim_end_matches(['.', ',']);
    if first.len() <= WORDS_MAX { first.to_owned() } else { String::new() }
}

/// Returns a schema without the descriptions of some properties, and without some properties.
pub(super) fn strip_properties(mut schema: Object, undescribed: &[&str], left_out: &[&str]) -> Object {
    if let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut) {
        left_out.iter().for_each(|name| drop(properties.remove(*name)));
        let wanted = |name: &String| undescribed.contains(&name.as_str()) || undescribed == ["*"];
        for (_, property) in properties.iter_mut().filter(|(name, _)| wanted(name)) {
            property.as_object_mut().map(|property| property.remove("description"));
        }
    }
    schema
}

/// Returns a schema with these properties alone: what else a request takes, such as files, is the operator's to say.
pub(super) fn keep_properties(mut schema: Object, kept: &[&str]) -> Object {
    if let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut) {
        properties.retain(|name, _| kept.contains(&name.as_str()));
    }
    schema
}

/// Returns the schema of a property that may be written in several types: the simplest that most clients understand.
///
/// Some know neither a list of types nor an array of anything. What is left out is still read where it is sent.
pub(super) fn one_type(property: &Json) -> Option<Json> {
    let types = property.get("type")?.as_array()?;
    let has = |name: &str| types.contains(&json!(name));
    Some(match (has("number"), has("integer")) {
        (true, _) => json!({"type": "number"}),
        (false, true) => json!({"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        (false, false) => json!({"type": "string"}),
    })
}

/// Returns the schema of an answer: what each has that is no refusal.
///
/// Nothing is required. A refusal is a structured answer too, and clients hold both against this one schema.
pub(super) fn answer_schema(fields: &[(&str, &str)]) -> Object {
    let each = fields.iter().map(|(name, kind)| ((*name).to_owned(), json!({ "type": kind })));
    let properties: Object = each.collect();
    let mut out = Object::new();
    out.insert("type".into(), json!("object"));
    out.insert("properties".into(), Json::Object(properties));
    out
}
