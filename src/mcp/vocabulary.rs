//! One vocabulary of arguments for all tools: other spellings, names and shapes are accepted if their meaning is
//! certain.

use serde_json::{Value as Json, json};

use super::schema::Object;

/// Names that mean the same; a tool has at most one of each line.
const SAME: [&[&str]; 6] = [
    &["op", "operations", "operation", "ops"],
    &["mode", "modes", "tool", "tools", "failure_mode"],
    &["only", "checks", "check"],
    &["hostname", "host", "server"],
    &["database", "database_name"],
    &["drill", "drill_number"],
];
/// Most numbers in a range.
const RANGE_MAX: i64 = 10_000;
/// The most letters in which a name may differ from the one that is suggested.
const TYPOS_MAX: usize = 3;

/// Converts arguments to the names and shapes of a tool's schema; what is ambiguous stays as it is.
pub(super) fn normalise_arguments(properties: &Object, arguments: Object) -> Object {
    let mut out = Object::new();
    let mut others = Vec::new();
    for (name, value) in arguments {
        match properties.get(&name) {
            Some(property) => drop(out.insert(name, coerce_value(property, value))),
            None => others.push((name, value)),
        }
    }
    // After the exact names, which no synonym may overwrite.
    for (name, value) in others {
        let known = find_synonym(properties, &name).filter(|known| !out.contains_key(*known));
        match known.and_then(|known| Some((known.clone(), properties.get(known)?))) {
            Some((known, property)) => drop(out.insert(known, coerce_value(property, value))),
            None => drop(out.insert(name, value)),
        }
    }
    out
}

/// Finds the argument of a tool that is nearest to an unknown name.
pub(super) fn find_nearest<'p>(properties: &'p Object, name: &str) -> Option<&'p str> {
    // The name is the client's and may be long; the distance takes time with its length.
    let name = to_snake_case(&name.chars().take(64).collect::<String>());
    let distances = properties.keys().map(|known| (strsim::damerau_levenshtein(known, &name), known));
    if let Some((distance, near)) = distances.min_by_key(|(distance, _)| *distance)
        && distance <= TYPOS_MAX.min(near.len() / 2)
    {
        return Some(near);
    }
    // One letter begins too many names to mean any of them.
    if name.len() < 2 {
        return None;
    }
    let mut known = properties.keys().map(String::as_str);
    known.find(|known| known.starts_with(&name) || name.starts_with(known))
}

fn find_synonym<'p>(properties: &'p Object, name: &str) -> Option<&'p String> {
    let name = to_snake_case(name);
    if let Some((known, _)) = properties.get_key_value(&name) {
        return Some(known);
    }
    let group = SAME.iter().find(|group| group.contains(&name.as_str()))?;
    let mut known = properties.keys().filter(|known| group.contains(&known.as_str()));
    let first = known.next()?;
    // With two candidates the synonym would be ambiguous.
    known.next().is_none().then_some(first)
}

/// Converts a name in kebab case, camel case or with spaces to snake case.
fn to_snake_case(name: &str) -> String {
    let mut out = String::new();
    for (at, letter) in name.chars().enumerate() {
        match letter {
            '-' | ' ' => out.push('_'),
            letter if letter.is_ascii_uppercase() => {
                if at > 0
                    && !out.ends_with('_')
                    // Capitals in a row, as in `fieldID`, are one word.
                    && !name.chars().nth(at - 1).is_some_and(|one| one.is_ascii_uppercase())
                {
                    out.push('_');
                }
                out.push(letter.to_ascii_lowercase());
            }
            letter => out.push(letter),
        }
    }
    out
}

/// Converts a value to the type of a property, if its meaning is certain.
fn coerce_value(property: &Json, value: Json) -> Json {
    match property.get("type").and_then(Json::as_str) {
        Some("array") => coerce_list(property.pointer("/items/type").and_then(Json::as_str), value),
        Some("integer") => coerce_integer(value),
        Some("boolean") => match value.as_str() {
            Some("true") => json!(true),
            Some("false") => json!(false),
            _ => value,
        },
        _ => value,
    }
}

fn coerce_integer(value: Json) -> Json {
    match &value {
        Json::String(text) => text.trim().parse::<i64>().map_or(value, Json::from),
        Json::Array(list) => match list.as_slice() {
            [one] => coerce_integer(one.clone()),
            _ => value,
        },
        _ => value,
    }
}

/// Converts a text with commas and ranges, or a number alone, to a list.
fn coerce_list(items: Option<&str>, value: Json) -> Json {
    let numbers = items == Some("integer");
    match &value {
        Json::String(text) if numbers => parse_numbers(text).map_or(value, Json::from),
        Json::String(text) => {
            let parts = text.trim().trim_start_matches('[').trim_end_matches(']').split(',');
            let parts = parts.map(|part| part.trim().trim_matches(['"', '\'']).to_owned());
            Json::from(parts.filter(|part| !part.is_empty()).collect::<Vec<_>>())
        }
        Json::Array(list) if numbers => Json::from(list.iter().cloned().map(coerce_integer).collect::<Vec<_>>()),
        Json::Number(_) => json!([value]),
        _ => value,
    }
}

/// Parses `5-9,12`; `None` for anything else.
fn parse_numbers(text: &str) -> Option<Vec<i64>> {
    let mut out = Vec::new();
    for part in text.trim().trim_start_matches('[').trim_end_matches(']').split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (i64, i64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        // A wide range would take much memory before any check could refuse it.
        if first > last || last - first >= RANGE_MAX {
            return None;
        }
        out.extend(first..=last);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(json: Json) -> Object {
        json.as_object().cloned().unwrap_or_default()
    }

    fn revert_schema() -> Object {
        map(json!({
            "operations": {"type": "array", "items": {"type": "integer"}},
            "all": {"type": "boolean"},
            "target": {"type": "string"},
            "skip_conflicts": {"type": "boolean"},
        }))
    }

    #[test]
    fn k8_one_vocabulary_over_all_tools() {
        let show = map(json!({"op": {"type": "integer"}, "diff": {"type": "boolean"}}));
        let check = map(json!({"only": {"type": "array", "items": {"type": "string"}}}));
        for (tool, given, meant) in [
            (&revert_schema(), json!({"op": 3}), json!({"operations": [3]})),
            (&revert_schema(), json!({"operation": "5-7, 9"}), json!({"operations": [5, 6, 7, 9]})),
            (&revert_schema(), json!({"operations": ["1", 2]}), json!({"operations": [1, 2]})),
            (&revert_schema(), json!({"operations": "[1, 2]"}), json!({"operations": [1, 2]})),
            (&revert_schema(), json!({"skipConflicts": "true"}), json!({"skip_conflicts": true})),
            (&revert_schema(), json!({"skip-conflicts": true}), json!({"skip_conflicts": true})),
            (&revert_schema(), json!({"operations": [1], "op": 2}), json!({"operations": [1], "op": 2})),
            (&revert_schema(), json!({"operations": "all"}), json!({"operations": "all"})),
            (&revert_schema(), json!({"operations": "1-99999"}), json!({"operations": "1-99999"})),
            (&show, json!({"operations": [7]}), json!({"op": 7})),
            (&show, json!({"operations": [7, 8]}), json!({"op": [7, 8]})),
            (&show, json!({"op": "7"}), json!({"op": 7})),
            (&check, json!({"checks": "angles, mlc"}), json!({"only": ["angles", "mlc"]})),
        ] {
            assert_eq!(Json::Object(normalise_arguments(tool, map(given.clone()))), meant, "{given}");
        }
    }

    #[test]
    fn k8_the_nearest_name_is_told() {
        for (given, near) in [
            ("operatoins", Some("operations")),
            ("targt", Some("target")),
            ("Skip", Some("skip_conflicts")),
            ("sql", None),
            ("journal", None),
            ("x", None),
        ] {
            assert_eq!(find_nearest(&revert_schema(), given), near, "{given}");
        }
    }
}
