//! Words and roles that several screens share; draws nothing.

use super::look::{Appearance, Mark, Role};
use crate::model::{Digest, Severity};

/// Returns how bad a fault's severity is.
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

/// Returns `1 row`, `2 rows`; thousands apart.
#[must_use]
pub fn render_count(number: u64, one: &str) -> String {
    let (one, rest) = one.split_once(' ').map_or((one, String::new()), |(one, rest)| (one, format!(" {rest}")));
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {one}{plural}{rest}", render_thousands(number))
}

/// Returns a number with its thousands apart.
#[must_use]
pub fn render_thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(" ")
}

/// Returns the beginning of a digest; `y` copies all of it.
#[must_use]
pub fn render_short_digest(look: Appearance, digest: &Digest) -> String {
    let text: String = digest.to_string().chars().take(16).collect();
    text + look.mark(Mark::Ellipsis)
}

/// Returns a key, or any object of JSON, by its values.
#[must_use]
pub fn render_values(json: &serde_json::Value) -> String {
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let values: Vec<String> = json.as_object().into_iter().flatten().map(|(_, value)| text(value)).collect();
    values.join(", ")
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
