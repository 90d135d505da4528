//! JUnit XML: which test cases ran, and which of them failed; a suite that lost some, or hides an error, tells nothing.

use roxmltree::{Document, Node, ParsingOptions};

use crate::ops::drill::said::{NamedFindings, NoVerdict};

/// More elements than a report of the largest test suite has; each takes memory.
const NODES_MAX: u32 = 4_000_000;

/// Reads which test cases ran, and which failed: each known by its suite's name and its own, as `class::name`.
pub(super) fn parse_junit(text: &str) -> Result<NamedFindings, NoVerdict> {
    // Entities need a document type, which is not allowed.
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
            named.add_finding((&suite, name));
        } else if !left_out(&case) {
            named.add_passed((&suite, name));
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

/// Returns how many failures and errors a test case has.
fn count_failures(case: &Node<'_, '_>) -> u64 {
    case.children().filter(|child| child.has_tag_name("failure") || child.has_tag_name("error")).count() as u64
}

/// What attributes call a test case that did not run, by the tools that write such reports.
const LEFT_OUT: [&str; 6] = ["notrun", "skipped", "skip", "disabled", "ignored", "suppressed"];
/// What they call one that failed.
const FAILED: [&str; 10] =
    ["fail", "failed", "failure", "error", "errored", "broken", "aborted", "crashed", "timeout", "cancelled"];

/// Tells whether an attribute of a test case is one of these words.
fn has_attribute_word(case: &Node<'_, '_>, names: &[&str], words: &[&str]) -> bool {
    let said = names.iter().filter_map(|name| case.attribute(*name));
    said.into_iter().any(|said| words.iter().any(|word| said.trim().eq_ignore_ascii_case(word)))
}

/// Tells whether a test case says that it did not run.
fn left_out(case: &Node<'_, '_>) -> bool {
    case.children().any(|child| child.has_tag_name("skipped"))
        || has_attribute_word(case, &["status", "result"], &LEFT_OUT)
        || has_attribute_word(case, &["executed"], &["false"])
}

/// Refuses a test case that says of itself that it failed, and shows no failure: it would pass for one that did not.
fn check_case(case: &Node<'_, '_>) -> Result<(), NoVerdict> {
    if count_failures(case) > 0 || left_out(case) {
        return Ok(());
    }
    if has_attribute_word(case, &["status", "result", "outcome"], &FAILED)
        || has_attribute_word(case, &["success", "passed"], &["false"])
    {
        return Err(NoVerdict::new("a test case says that it failed, and shows no failure"));
    }
    // A test that failed first and passed when it was tried again is called flaky.
    let odd = |name: &str| {
        let name = name.to_ascii_lowercase();
        !name.starts_with("flaky") && ["failure", "failures", "error", "errors"].iter().any(|end| name.ends_with(end))
    };
    if case.children().any(|child| child.is_element() && odd(child.tag_name().name())) {
        return Err(NoVerdict::new("a test case shows a failure under a name that reports of this kind do not have"));
    }
    Ok(())
}

/// Refuses a suite that does not hold what it counts: it was cut off, or failed outside of every test case.
fn check_suite(suite: &Node<'_, '_>) -> Result<(), NoVerdict> {
    let all: Vec<_> = list_cases(suite).collect();
    let number = |name: &str| -> Result<Option<u64>, NoVerdict> {
        let text = suite.attribute(name);
        let wrong = || NoVerdict::new(format!("the attribute {name} of a test suite is no number"));
        text.map(|text| text.trim().parse().map_err(|_| wrong())).transpose()
    };
    if let Some(announced) = number("tests")?.filter(|announced| *announced > all.len() as u64) {
        return Err(NoVerdict::new(format!("a test suite announces {announced} tests, and holds {}", all.len())));
    }
    if suite.children().any(|child| child.has_tag_name("error") || child.has_tag_name("failure")) {
        return Err(NoVerdict::new("a test suite failed outside of its test cases"));
    }
    let (failures, errors) = (number("failures")?, number("errors")?);
    let counted = failures.unwrap_or(0).saturating_add(errors.unwrap_or(0));
    let elements: u64 = all.iter().map(count_failures).sum();
    let failed = all.iter().filter(|case| count_failures(case) > 0).count() as u64;
    if counted > elements {
        return Err(NoVerdict::new(format!("a test suite counts {counted} failures and errors, and shows {elements}")));
    }
    if failures.is_some() && errors.is_some() && counted < failed {
        return Err(NoVerdict::new(format!("a test suite counts {counted} failures and errors, and shows {failed}")));
    }
    Ok(())
}

/// Returns the name of the suite that a test case stands in; empty where it has none.
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
