//! One vocabulary of arguments over all tools: other spellings, names and shapes of the same; guesses nothing.

use serde_json::{Value as Json, json};

use super::schema::Object;

/// Names that mean the same; a tool has one of each line.
const SAME: [&[&str]; 6] = [
    &["op", "operations", "operation", "ops"],
    &["mode", "modes", "tool", "tools", "failure_mode"],
    &["only", "checks", "check"],
    &["hostname", "host", "server"],
    &["database", "database_name"],
    &["drill", "drill_number"],
];
/// How many numbers a range may stand for.
const RANGE_MAX: i64 = 10_000;
/// How many letters a name may differ in and still be meant.
const TYPOS_MAX: usize = 3;

/// Returns arguments in the names and shapes of a tool's schema; what cannot be told is left as it is.
pub(super) fn normalise_arguments(properties: &Object, arguments: Object) -> Object {
    let mut out = Object::new();
    let mut others = Vec::new();
    for (name, value) in arguments {
        match properties.get(&name) {
            Some(property) => drop(out.insert(name, coerce_value(property, value))),
            None => others.push((name, value)),
        }
    }
    for (name, value) in others {
        let known = other_name(properties, &name).filter(|known| !out.contains_key(*known));
        match known.and_then(|known| Some((known.clone(), properties.get(known)?))) {
            Some((known, property)) => drop(out.insert(known, coerce_value(property, value))),
            None => drop(out.insert(name, value)),
        }
    }
    out
}

/// Returns the name of a tool's argument that is nearest to one that it does not have.
pub(super) fn find_nearest<'p>(properties: &'p Object, name: &str) -> Option<&'p str> {
    let name = to_snake_case(&name.chars().take(64).collect::<String>());
    let apart = |known: &&String| strsim::damerau_levenshtein(known, &name);
    let begins = |known: &&String| known.starts_with(&name) || name.starts_with(known.as_str());
    let near = properties.keys().min_by_key(apart).filter(|known| apart(known) <= TYPOS_MAX.min(known.len() / 2));
    near.or_else(|| properties.keys().filter(|_| name.len() > 1).find(begins)).map(String::as_str)
}

fn other_name<'p>(properties: &'p Object, name: &str) -> Option<&'p String> {
    let name = to_snake_case(name);
    if let Some((known, _)) = properties.get_key_value(&name) {
        return Some(known);
    }
    let group = SAME.iter().find(|group| group.contains(&name.as_str()))?;
    let mut known = properties.keys().filter(|known| group.contains(&known.as_str()));
    let first = known.next()?;
    known.next().is_none().then_some(first)
}

/// Returns a name in small letters with lines between its words.
fn to_snake_case(name: &str) -> String {
    let mut out = String::new();
    for (at, letter) in name.chars().enumerate() {
        match letter {
            '-' | ' ' => out.push('_'),
            letter if letter.is_ascii_uppercase() => {
                if at > 0
                    && !out.ends_with('_')
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

/// Returns a value in the shape that a property has.
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

/// Returns a list, which may be written as text with commas and ranges, or be one thing alone.
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

/// Reads `5-9,12`.
fn parse_numbers(text: &str) -> Option<Vec<i64>> {
    let mut out = Vec::new();
    for part in text.trim().trim_start_matches('[').trim_end_matches(']').split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (i64, i64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
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
