//! The tools that stand for a whole group of modes, so that a longer list of modes costs a client no longer list of
//! tools.

use serde_json::{Value as Json, json};

use super::modes::MODE_OPTIONS;
use super::options::AgentPermissions;
use super::schema::{Object, simplify_type, slim_schema};
use crate::domain::mode::{Mode, ModeGroup};
use crate::ops::Failure;
use crate::ops::modes::find_mode;

/// The tool of all modes whose faults are plausible.
pub(super) const PLAUSIBLE_TOOL: &str = "create_plausible_fault";

/// Returns the tool that commits a mode's fault.
pub(super) fn tool_of_mode(tool: &'static str, group: ModeGroup) -> &'static str {
    match group {
        ModeGroup::Specified => tool,
        ModeGroup::Plausible => PLAUSIBLE_TOOL,
    }
}

/// Lists the allowed modes whose faults are plausible.
pub(super) fn list_plausible(allowed: &AgentPermissions) -> Vec<&'static dyn Mode> {
    let modes = allowed.domains.iter().flat_map(|domain| domain.modes().iter().copied());
    let plausible = modes.filter(|mode| mode.card().group == ModeGroup::Plausible);
    plausible.filter(|mode| allowed.has_tool(mode.card().tool)).collect()
}

/// Builds the input schema of the group's tool: mode, variant, size, and what any of the modes takes beside.
pub(super) fn input_schema(modes: &[&'static dyn Mode]) -> Object {
    let ids: Vec<&str> = modes.iter().map(|mode| mode.card().id).collect();
    let mut properties = Object::new();
    for mode in modes {
        add_own_parameters(*mode, &mut properties);
    }
    for name in ["target", "hostname", "database"] {
        properties.insert(name.into(), json!({"type": "string"}));
    }
    properties.insert("mode".into(), json!({ "enum": ids }));
    properties.insert("variant".into(), json!({"type": "string"}));
    properties.insert("size".into(), json!({"type": "string", "description": "In the column's unit, or as 5%"}));
    properties.insert("sample".into(), json!({"type": "integer"}));
    properties.insert("seed".into(), json!({"type": "integer"}));
    let mut out = Object::new();
    out.insert("type".into(), json!("object"));
    out.insert("properties".into(), Json::Object(properties));
    out.insert("required".into(), json!(["mode", "variant"]));
    out
}

/// Adds the parameters of a mode but the one that names its variant, which the tool calls `variant` for all modes.
fn add_own_parameters(mode: &dyn Mode, properties: &mut Object) {
    let words: Vec<&str> = mode.card().variants.iter().map(|variant| variant.word).collect();
    let schema = slim_schema(mode.params_schema().to_value());
    for (name, property) in schema.get("properties").and_then(Json::as_object).into_iter().flatten() {
        if property.get("enum") == Some(&json!(words)) {
            continue;
        }
        let mut property = property.clone();
        property.as_object_mut().map(|property| (property.remove("description"), property.remove("items")));
        properties.insert(name.clone(), simplify_type(&property).unwrap_or(property));
    }
}

/// The arguments of the group's tool, taken apart.
pub(super) struct GroupCall {
    /// The tool of the mode that it names.
    pub(super) tool: String,
    /// The mode's own parameters.
    pub(super) parameters: Object,
    /// The choice of target, variant and records.
    pub(super) options: Object,
}

/// Takes the arguments of the group's tool apart.
///
/// # Errors
/// Usage: the mode is unknown, or not one of the group.
pub(super) fn parse_call(allowed: &AgentPermissions, mut arguments: Object) -> Result<GroupCall, Failure> {
    let word = arguments.remove("mode");
    let word = word.as_ref().and_then(Json::as_str).unwrap_or_default();
    let card = find_mode(word)?.card();
    if card.group != ModeGroup::Plausible {
        let message = format!("{} is a tool of its own", card.tool);
        return Err(Failure::usage("arguments", message, format!("call {} itself", card.tool)));
    }
    allowed.permit(card.tool, "0")?;
    let (options, parameters) = arguments.into_iter().partition(|(name, _)| MODE_OPTIONS.contains(&name.as_str()));
    Ok(GroupCall { tool: card.tool.to_owned(), parameters, options })
}
