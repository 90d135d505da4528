//! What a search asks of a test, in both manners: as people mean it, and as the original answers.

use serde_json::Value as Json;

use super::arguments::{Arguments, wrong};
use crate::domain::query::QueryError;
use crate::domains::openonco::categories::Category;
use crate::domains::openonco::text::folding::{contains_folded, fold_text};
use crate::domains::openonco::text::{regulatory, vendors};
use crate::model::{Row, Value};

/// A condition on a column.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) column: &'static str,
    test: Test,
}

/// What a cell must be.
#[derive(Clone, Debug)]
enum Test {
    /// It contains a part, whatever the spelling.
    Contains(String),
    /// It is of a vendor: its name contains the part, or means the same company.
    Vendor { part: String, group: String },
    /// It is a status that says so, and does not deny it.
    Status(String),
    /// It is this word.
    Equals(&'static str),
    /// A text of the list contains a part, whatever the spelling.
    AnyContains(String),
    /// It matches the pattern of SQL, in which `%` and `_` stand for others; the original compares so.
    Like(String),
    /// A text of the list is the same letter by letter; the original compares so.
    AnyEquals(String),
    /// It is a number, at least this.
    AtLeast(f64),
    /// It is a number, at most this.
    AtMost(f64),
    /// It is a number above 0, or it is not.
    Some(bool),
    /// It is not true.
    NotTrue,
}

impl Condition {
    /// Tells whether a row passes. What is absent passes no filter but those that ask for absence.
    pub(super) fn holds(&self, row: &Row<'_>) -> bool {
        let text = row.text(self.column);
        match &self.test {
            Test::Contains(part) => text.is_some_and(|text| contains_folded(text, part)),
            Test::Vendor { part, group } => text.is_some_and(|text| vendors::matches_vendor(text, part, group)),
            Test::Status(part) => text.is_some_and(|text| regulatory::matches_status(text, part)),
            Test::Equals(word) => text == Some(word),
            Test::AnyContains(part) => text.is_some_and(|text| any_contains(text, part)),
            Test::Like(pattern) => text.is_some_and(|text| is_like(&text.to_lowercase(), pattern)),
            Test::AnyEquals(word) => {
                text.is_some_and(|text| list_texts(text).iter().any(|item| item.as_str() == Some(word)))
            }
            Test::AtLeast(least) => row.float(self.column).is_some_and(|number| number >= *least),
            Test::AtMost(most) => row.float(self.column).is_some_and(|number| number <= *most),
            Test::Some(is) => row.float(self.column).is_some_and(|number| number > 0.0) == *is,
            Test::NotTrue => row.cell(self.column) != Some(&Value::Integer(1)),
        }
    }
}

/// Returns the texts of a list that a cell holds as JSON.
pub(super) fn list_texts(cell: &str) -> Vec<Json> {
    match serde_json::from_str(cell) {
        Ok(Json::Array(list)) => list,
        // Some records hold one text where others hold a list.
        Ok(other) => vec![other],
        Err(_) => Vec::new(),
    }
}

fn any_contains(cell: &str, part: &str) -> bool {
    // Taking a list apart costs ten times more than looking whether it can hold the part at all.
    let is_plain = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' ');
    if is_plain && !contains_folded(cell, part) && !cell.contains('\\') {
        return false;
    }
    list_texts(cell).iter().any(|item| item.as_str().is_some_and(|item| contains_folded(item, part)))
}

/// Tells whether a text matches a pattern of SQL's LIKE, without an escape, as the original's database has it.
pub(super) fn is_like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    // The usual walk with one way back, to the last `%`: the time is at most the product of both lengths.
    let (mut at, mut of, mut back) = (0, 0, None);
    while at < text.len() {
        match pattern.get(of) {
            Some('%') => {
                back = Some((at, of));
                of += 1;
            }
            Some(letter) if *letter == '_' || text.get(at) == Some(letter) => (at, of) = (at + 1, of + 1),
            _ => match back {
                Some((from, percent)) => {
                    (at, of, back) = (from + 1, percent + 1, Some((from + 1, percent)));
                }
                None => return false,
            },
        }
    }
    pattern.get(of..).unwrap_or_default().iter().all(|letter| *letter == '%')
}

/// The filters that compare texts: the parameter, and its column.
const TEXTS: [(&str, &str); 6] = [
    ("vendor", "vendor"),
    ("approach", "approach"),
    ("test_scope", "test_scope"),
    ("product_type", "product_type"),
    ("sample_category", "sample_category"),
    ("fda_status", "fda_status"),
];

/// Builds the conditions of a search.
///
/// # Errors
/// A parameter is wrong, or two contradict each other.
pub(super) fn build_conditions(arguments: &Arguments, category: &Category) -> Result<Vec<Condition>, QueryError> {
    let mut conditions = Vec::new();
    for (name, column) in TEXTS {
        conditions.extend(arguments.text(name)?.map(|text| text_condition(column, text, arguments.is_strict())));
    }
    for (name, column) in [("cancer_type", "cancer_types"), ("clinical_setting", "clinical_settings")] {
        let test = |text: &str| match arguments.is_strict() {
            true => Test::AnyEquals(text.to_owned()),
            false => Test::AnyContains(fold_text(text)),
        };
        conditions.extend(arguments.text(name)?.map(|text| Condition { column, test: test(text) }));
    }
    for (name, column) in [("min_sensitivity", "sensitivity"), ("min_specificity", "specificity")] {
        conditions.extend(arguments.number(name)?.map(|least| Condition { column, test: Test::AtLeast(least) }));
    }
    if let Some(most) = arguments.number("max_price")? {
        conditions.push(Condition { column: "list_price", test: Test::AtMost(most) });
    }
    if let Some(least) = arguments.whole("min_genes")? {
        // Genes are far fewer than what a float holds exactly.
        let least = i32::try_from(least).map_or(f64::INFINITY, f64::from);
        conditions.push(Condition { column: "genes", test: Test::AtLeast(least) });
    }
    conditions.extend(flag_conditions(arguments, category)?);
    conditions.extend(class_condition(arguments)?);
    Ok(conditions)
}

/// Builds the condition of a text on a column.
pub(super) fn text_condition(column: &'static str, text: &str, strict: bool) -> Condition {
    let test = if strict {
        Test::Like(format!("%{}%", text.to_lowercase()))
    } else {
        let part = fold_text(text);
        match column {
            "vendor" => Test::Vendor { part, group: vendors::group_of(text) },
            "fda_status" => Test::Status(part),
            _ => Test::Contains(part),
        }
    };
    Condition { column, test }
}

fn flag_conditions(arguments: &Arguments, category: &Category) -> Result<Vec<Condition>, QueryError> {
    let mut conditions = Vec::new();
    if let Some(needs) = arguments.flag("requires_tumor_tissue")? {
        let word = if needs { "Yes" } else { "No" };
        conditions.push(Condition { column: "requires_tumor", test: Test::Equals(word) });
    }
    if let Some(has) = arguments.flag("has_fda_cdx")? {
        conditions.push(Condition { column: "companion_diagnostics", test: Test::Some(has) });
    }
    // The original hides discontinued tests in one category alone; one that moved to another came back.
    let hides = !arguments.is_strict() || category.id == "trm";
    if hides && !arguments.flag("include_discontinued")?.unwrap_or(false) {
        conditions.push(Condition { column: "discontinued", test: Test::NotTrue });
    }
    Ok(conditions)
}

fn class_condition(arguments: &Arguments) -> Result<Option<Condition>, QueryError> {
    let Some(class) = arguments.word("regulatory_class", &regulatory::CLASSES)? else { return Ok(None) };
    if let Some(status) = arguments.text("fda_status")? {
        let asked = regulatory::class_of(status);
        if regulatory::is_consent(asked) && asked != class {
            let why =
                format!("{class} contradicts fda_status `{}`, which means {asked}", super::arguments::shorten(status));
            return Err(wrong("regulatory_class", &why));
        }
    }
    Ok(Some(Condition { column: "regulatory_class", test: Test::Equals(class) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_of_the_original_stand_for_others() {
        for (text, pattern, is) in [
            ("natera", "%n_tera%", true),
            ("natera", "%", true),
            ("", "%%", true),
            ("natera", "%xyz%", false),
            ("aaab", "%a_b", true),
            ("abc", "abcd", false),
            ("100%", "100%", true),
        ] {
            assert_eq!(is_like(text, pattern), is, "{text} like {pattern}");
        }
        assert!(!is_like(&"a".repeat(1000), &format!("{}b", "%a".repeat(300))));
    }
}
