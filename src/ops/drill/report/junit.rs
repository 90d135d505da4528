//! Reports as JUnit XML: which test cases ran and which failed; an incomplete or contradictory suite is refused.

use roxmltree::{Document, Node, ParsingOptions};

use crate::ops::drill::said::{NamedFindings, NoVerdict};

/// Maximum number of XML nodes, each of which takes memory; the largest test suites have fewer.
const NODES_MAX: u32 = 4_000_000;

/// Parses the test cases that ran and those that failed, each identified by its suite's name and `class::name`.
pub(super) fn parse_junit(text: &str) -> Result<NamedFindings, NoVerdict> {
    // By default no document type is allowed, and so no entities, whose expansion could fill the memory.
    let options = ParsingOptions { nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options)
        .map_err(|error| NoVerdict::with_detail("the report is no XML", error.to_string()))?;
    let root = document.root_element();
    if !["testsuites", "testsuite"].contains(&root.tag_name().name()) {
        return Err(NoVerdict::with_detail(
            "the report is no JUnit report",
            format!("it begins with <{}>", root.tag_name().name()),
        ));
    }
    let suites = root.descendants().filter(|node| ["testsuites", "testsuite"].contains(&node.tag_name().name()));
    suites.clone().try_for_each(|suite| check_suite(&suite))?;
    let mut named = NamedFindings::of_tests();
    for case in root.descendants().filter(|node| node.has_tag_name("testcase")) {
        let (suite, name) = (suite_name(&case), case_name(&case)?);
        check_case(&case)?;
        if count_failures(&case) > 0 {
            named.add_finding(&suite, name);
        } else if !left_out(&case) {
            named.add_passed(&suite, name);
        }
        named.answers += 1;
    }
    if named.answers == 0 {
        return Err(NoVerdict::new("the report holds no test case"));
    }
    Ok(named)
}

fn list_cases<'n>(suite: &Node<'n, 'n>) -> impl Iterator<Item = Node<'n, 'n>> + use<'n> {
    suite.descendants().filter(|node| node.has_tag_name("testcase"))
}

/// Returns the number of failures and errors of a test case.
fn count_failures(case: &Node<'_, '_>) -> u64 {
    case.children().filter(|child| child.has_tag_name("failure") || child.has_tag_name("error")).count() as u64
}

/// Attribute values, as various test runners write them, for a test case that did not run.
const LEFT_OUT: [&str; 6] = ["notrun", "skipped", "skip", "disabled", "ignored", "suppressed"];
/// Attribute values for a test case that failed.
const FAILED: [&str; 10] =
    ["fail", "failed", "failure", "error", "errored", "broken", "aborted", "crashed", "timeout", "cancelled"];

/// Returns whether one of these attributes of a test case has one of these values, in any case.
fn has_attribute_word(case: &Node<'_, '_>, names: &[&str], words: &[&str]) -> bool {
    let mut values = names.iter().filter_map(|name| case.attribute(*name));
    values.any(|value| words.iter().any(|word| value.trim().eq_ignore_ascii_case(word)))
}

/// Returns whether a test case is marked as not run.
fn left_out(case: &Node<'_, '_>) -> bool {
    case.children().any(|child| child.has_tag_name("skipped"))
        || has_attribute_word(case, &["status", "result"], &LEFT_OUT)
        || has_attribute_word(case, &["executed"], &["false"])
}

/// Refuses a test case that is marked as failed but has no failure element: it would count as passed.
fn check_case(case: &Node<'_, '_>) -> Result<(), NoVerdict> {
    if count_failures(case) > 0 || left_out(case) {
        return Ok(());
    }
    if has_attribute_word(case, &["status", "result", "outcome"], &FAILED)
        || has_attribute_word(case, &["success", "passed"], &["false"])
    {
        return Err(NoVerdict::new("a test case says that it failed, and shows no failure"));
    }
    if case.children().any(|child| child.is_element() && is_failure_variant(child.tag_name().name())) {
        return Err(NoVerdict::new("a test case shows a failure under a name that reports of this kind do not have"));
    }
    Ok(())
}

/// Returns whether an element is named like a failure, but not as the format has it, such as `rerunFailure`.
fn is_failure_variant(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // A flaky test failed first and passed when it was repeated: it passed.
    !name.starts_with("flaky") && ["failure", "failures", "error", "errors"].iter().any(|end| name.ends_with(end))
}

/// Refuses a suite that holds less than it counts, because it was cut off or failed outside of its test cases.
fn check_suite(suite: &Node<'_, '_>) -> Result<(), NoVerdict> {
    let all: Vec<_> = list_cases(suite).collect();
    if let Some(announced) = read_count(suite, "tests")?.filter(|announced| *announced > all.len() as u64) {
        return Err(NoVerdict::new(format!("a test suite announces {announced} tests, and holds {}", all.len())));
    }
    if suite.children().any(|child| child.has_tag_name("error") || child.has_tag_name("failure")) {
        return Err(NoVerdict::new("a test suite failed outside of its test cases"));
    }
    let (failures, errors) = (read_count(suite, "failures")?, read_count(suite, "errors")?);
    let counted = failures.unwrap_or(0).saturating_add(errors.unwrap_or(0));
    let elements: u64 = all.iter().map(count_failures).sum();
    let failed = all.iter().filter(|case| count_failures(case) > 0).count() as u64;
    if counted > elements {
        return Err(NoVerdict::new(format!("a test suite counts {counted} failures and errors, and shows {elements}")));
    }
    // Compared with test cases and not with elements: one test case may have a failure and an error, counted once.
    if failures.is_some() && errors.is_some() && counted < failed {
        return Err(NoVerdict::new(format!("a test suite counts {counted} failures and errors, and shows {failed}")));
    }
    Ok(())
}

/// Returns a count among a suite's attributes; `None` where it is missing.
fn read_count(suite: &Node<'_, '_>, name: &str) -> Result<Option<u64>, NoVerdict> {
    let Some(text) = suite.attribute(name) else { return Ok(None) };
    match text.trim().parse() {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(NoVerdict::new(format!("the attribute {name} of a test suite is no number"))),
    }
}

/// Returns the name of a test case's innermost suite; empty where that has none.
fn suite_name(case: &Node<'_, '_>) -> String {
    let suite = case.ancestors().find(|node| node.has_tag_name("testsuite"));
    suite.and_then(|suite| suite.attribute("name").map(str::to_owned)).unwrap_or_default()
}

fn case_name(case: &Node<'_, '_>) -> Result<String, NoVerdict> {
    let (class, name) = (case.attribute("classname").unwrap_or(""), case.attribute("name").unwrap_or(""));
    match (class.trim(), name.trim()) {
        (_, "") => Err(NoVerdict::new("a test case has no name")),
        ("", _) => Ok(name.to_owned()),
        _ => Ok(format!("{class}::{name}")),
    }
}
