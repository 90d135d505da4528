//! The catalogue of failure modes as agents get it: made once, because it never changes while a server runs.

use serde_json::{Value as Json, json};

use super::answers::{ToolAnswer, list_field, text_field};
use super::options::AgentPermissions;
use super::schema::{Object, one_type, slim_schema};
use crate::domain::mode::Mode;
use crate::ops::{Failure, modes};

/// Returns the catalogue, or one mode with its parameters.
///
/// # Errors
/// Usage: there is no such mode.
pub(super) fn answer_modes(allowed: &AgentPermissions, mode: Option<&str>) -> Result<ToolAnswer, Failure> {
    let outcome = match mode {
        Some(_) => modes::run(mode)?,
        None => modes::of_domains(&allowed.domains),
    };
    let whole = mode.is_some();
    let entry = |entry: &modes::ModeEntry| {
        let mut json = serde_json::to_value(entry).unwrap_or_default();
        json["allowed"] = json!(allowed.has_tool(entry.tool));
        if let Some(map) = json.as_object_mut() {
            map.remove("record");
            if !whole {
                map.remove("parameters");
                map.remove("variants");
                let variants = entry.variants.iter().map(|v| (v.word.to_owned(), json!(v.severity)));
                map.insert("variants".into(), Json::Object(variants.collect()));
            }
        }
        json
    };
    let json = json!({"modes": outcome.modes.iter().map(entry).collect::<Vec<_>>()});
    let line = |mode: &Json| {
        format!(
            "{} (severity {}): {}",
            text_field(mode, "tool"),
            text_field(mode, "severity"),
            text_field(mode, "title")
        )
    };
    let text = list_field(&json, "modes").iter().map(line).collect::<Vec<_>>().join("\n");
    Ok(ToolAnswer { json, text })
}

/// Returns the page of a mode: what a person or a model reads of it.
pub(super) fn render_page(id: &str) -> Option<String> {
    let entry = modes::run(Some(id)).ok()?.modes.into_iter().next()?;
    let mut text = format!("# {}: {}\n\n{}\n\nSeverity {}.", entry.id, entry.title, entry.description, entry.severity);
    text += " Severity says how far the data are from what they should be, from 0 to 3.\n\n## Variants\n\n";
    for variant in &entry.variants {
        text +=
            &format!("- `{}` ({}): {}; needs {}\n", variant.word, variant.severity, variant.about, variant.eligible);
    }
    let items = |list: &[&str]| list.iter().map(|item| format!("- {item}\n")).collect::<String>();
    text += &format!("\n## Parameters of `{}`\n\n{}\n", entry.tool, render_parameters(&entry));
    text += &format!("\nRecords: {}.\n", entry.records.join(", "));
    text += &format!("\n## Checks that see it\n\n{}", items(entry.checks));
    text += &format!("\n## Data that fuller checks need\n\n{}", items(entry.data_needed));
    Some(text)
}

fn render_parameters(entry: &modes::ModeEntry) -> String {
    let schema = entry.parameters.clone().to_value();
    let none = Object::new();
    let properties = schema.get("properties").and_then(Json::as_object).unwrap_or(&none);
    let line = |(name, property): (&String, &Json)| format!("- `{name}`: {}\n", text_field(property, "description"));
    properties.iter().map(line).collect()
}

/// Returns the input schema of a mode's tool: its own parameters, and where and on what.
pub(super) fn input_schema(mode: &dyn Mode) -> Object {
    let mut schema = slim_schema(mode.params_schema().to_value());
    let card = mode.card();
    let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut) else { return schema };
    for (_, property) in properties.iter_mut() {
        property.as_object_mut().map(|property| (property.remove("description"), property.remove("items")));
        if let Some(plain) = one_type(property) {
            *property = plain;
        }
    }
    for name in ["target", "hostname", "database"] {
        properties.insert(name.into(), json!({"type": "string"}));
    }
    let words: Vec<&str> = card.variants.iter().map(|variant| variant.word).collect();
    let named = properties.values().any(|property| property.get("enum") == Some(&json!(words)));
    let variant = if named { json!({"type": "string"}) } else { json!({ "enum": words }) };
    properties.insert("variant".into(), variant);
    properties.insert("sample".into(), json!({"type": "integer"}));
    properties.insert("seed".into(), json!({"type": "integer"}));
    schema
}
