//! Texts and roles that several screens share.

use super::theme::{Appearance, Mark, Role};
use crate::model::{Digest, Severity};

/// Returns the severity of a fault from its text.
#[must_use]
pub fn parse_severity(text: &str) -> Severity {
    Severity::of_fault(text)
}

/// Returns the role of a severity.
#[must_use]
pub const fn severity_role(severity: Severity) -> Role {
    match severity {
        Severity::Critical | Severity::High => Role::Danger,
        Severity::Medium => Role::Warning,
        Severity::Low => Role::Note,
    }
}

/// Returns a number with a noun, in the plural unless it is 1: `1 row`, `2 000 rows to change`.
#[must_use]
pub fn render_count(number: u64, one: &str) -> String {
    let (one, rest) = one.split_once(' ').map_or((one, String::new()), |(one, rest)| (one, format!(" {rest}")));
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {one}{plural}{rest}", render_thousands(number))
}

/// Returns a number in groups of three digits: `1 234 567`.
#[must_use]
pub fn render_thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(" ")
}

/// Returns the first 16 digits of a digest.
#[must_use]
pub fn render_short_digest(look: Appearance, digest: &Digest) -> String {
    let text: String = digest.to_string().chars().take(16).collect();
    text + look.mark(Mark::Ellipsis)
}

/// Returns the values of a JSON object, such as a key, separated by commas.
#[must_use]
pub fn render_values(json: &serde_json::Value) -> String {
    let mut texts = Vec::new();
    for (_, value) in json.as_object().into_iter().flatten() {
        // `to_string` of a JSON text would add quotation marks.
        texts.push(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_groups() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1 000"), (1_234_567, "1 234 567")] {
            assert_eq!(render_thousands(number), text);
        }
        assert_eq!(render_count(1, "row to change"), "1 row to change");
        assert_eq!(render_count(2000, "row"), "2 000 rows");
    }
}
