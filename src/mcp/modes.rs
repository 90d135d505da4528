//! The catalogue of failure modes for agents. It is built once, because it never changes while a server runs.

use serde_json::{Value as Json, json};

use super::answers::{ToolAnswer, text_field};
use super::groups;
use super::options::AgentPermissions;
use super::schema::{Object, simplify_type, slim_schema};
use crate::domain::mode::Mode;
use crate::ops::{Failure, modes};

/// The arguments of a mode's tool that are not its own parameters.
pub(super) const MODE_OPTIONS: [&str; 6] = ["target", "hostname", "database", "variant", "sample", "seed"];

/// Returns the catalogue, or one mode with its parameters.
///
/// # Errors
/// Usage: there is no such mode.
pub(super) fn answer_modes(allowed: &AgentPermissions, mode: Option<&str>) -> Result<ToolAnswer, Failure> {
    let outcome = match mode {
        Some(_) => modes::run(mode)?,
        None => modes::of_domains(&allowed.domains),
    };
    let mut entries = Vec::new();
    let mut lines = Vec::new();
    for entry in &outcome.modes {
        entries.push(encode_entry(entry, allowed, mode.is_some()));
        lines.push(format!("{} (severity {}): {}", entry.tool, entry.severity, entry.title));
    }
    Ok(ToolAnswer { json: json!({ "modes": entries }), text: lines.join("\n"), whole: false })
}

/// Encodes a mode, with its parameters and the texts of its variants only if `whole`.
fn encode_entry(entry: &modes::ModeEntry, allowed: &AgentPermissions, whole: bool) -> Json {
    let mut json = serde_json::to_value(entry).unwrap_or_default();
    json["allowed"] = json!(allowed.has_tool(entry.tool));
    json["call"] = json!(groups::tool_of_mode(entry.tool, entry.group));
    if let Some(map) = json.as_object_mut() {
        map.remove("record");
        if !whole {
            // The catalogue lists every mode: in full it would be too long for one answer.
            map.remove("parameters");
            map.remove("variants");
            let variants = entry.variants.iter().map(|v| (v.word.to_owned(), json!(v.severity)));
            map.insert("variants".into(), Json::Object(variants.collect()));
        }
    }
    json
}

/// Renders the page of a mode in Markdown; `None` if there is no such mode.
pub(super) fn render_page(id: &str) -> Option<String> {
    let entry = modes::run(Some(id)).ok()?.modes.into_iter().next()?;
    let mut text = format!("# {}: {}\n\n{}\n\nSeverity {}.", entry.id, entry.title, entry.description, entry.severity);
    text += " Severity is how far the data are from correct, from 0 to 3.\n\n## Variants\n\n";
    for variant in &entry.variants {
        let size = variant.size.map(|size| format!("; size {size}")).unwrap_or_default();
        let about = format!("{}; needs {}{size}", variant.about, variant.eligible);
        text += &format!("- `{}` ({}): {about}\n", variant.word, variant.severity);
    }
    text += &format!("\n## Parameters of `{}`\n\n{}\n", entry.tool, render_parameters(&entry));
    text += &format!("\nRecords: {}.\n", entry.records.join(", "));
    text += &format!("\n## Checks that detect it\n\n{}", render_items(entry.checks));
    text += &format!("\n## Data that better checks would need\n\n{}", render_items(entry.data_needed));
    Some(text)
}

fn render_items(items: &[&str]) -> String {
    items.iter().map(|item| format!("- {item}\n")).collect()
}

fn render_parameters(entry: &modes::ModeEntry) -> String {
    let schema = entry.parameters.clone().to_value();
    let mut text = String::new();
    for (name, property) in schema.get("properties").and_then(Json::as_object).into_iter().flatten() {
        text += &format!("- `{name}`: {}\n", text_field(property, "description"));
    }
    text
}

/// Builds the input schema of a mode's tool: its own parameters, the target, and the choice of records.
pub(super) fn input_schema(mode: &dyn Mode) -> Object {
    let mut schema = slim_schema(mode.params_schema().to_value());
    let card = mode.card();
    let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut) else { return schema };
    for (_, property) in properties.iter_mut() {
        // Every client reads the schemas of all modes; descriptions are left to `list_failure_modes`.
        property.as_object_mut().map(|property| (property.remove("description"), property.remove("items")));
        if let Some(plain) = simplify_type(property) {
            *property = plain;
        }
    }
    for name in ["target", "hostname", "database"] {
        properties.insert(name.into(), json!({"type": "string"}));
    }
    let words: Vec<&str> = card.variants.iter().map(|variant| variant.word).collect();
    // A mode may have a parameter with the same words, which need not be listed twice.
    let is_listed = properties.values().any(|property| property.get("enum") == Some(&json!(words)));
    let variant = if is_listed { json!({"type": "string"}) } else { json!({ "enum": words }) };
    properties.insert("variant".into(), variant);
    properties.insert("sample".into(), json!({"type": "integer"}));
    properties.insert("seed".into(), json!({"type": "integer"}));
    schema
}
