//! JUnit XML as Jenkins and GitLab read it (the schema of Jenkins' xunit plugin): suites of cases, with counts.

use super::markup::escape;

/// How a test case ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// It passed.
    #[default]
    Passed,
    /// It did not run, for this reason.
    Skipped(String),
    /// It gave no result: the kind of error, if any, and the reason.
    Error(Option<&'static str>, String),
    /// It failed.
    Failed {
        /// What is wrong, in one line.
        message: String,
        /// The kind of failure, if any.
        kind: Option<&'static str>,
        /// Details; may be empty.
        text: String,
    },
}

/// A test case.
#[derive(Clone, Debug, Default)]
pub struct TestCase {
    /// Its class, by which readers group test cases.
    pub class: String,
    /// Its name.
    pub name: String,
    /// How it ended.
    pub ending: Ending,
    /// Its standard output; may be empty.
    pub output: String,
    /// Its standard error; may be empty.
    pub complaints: String,
}

/// A suite of test cases.
#[derive(Clone, Debug, Default)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// Names and values of its properties.
    pub properties: Vec<(&'static str, String)>,
    /// Its test cases.
    pub cases: Vec<TestCase>,
    /// Its standard output; may be empty.
    pub output: String,
}

/// The counts in the attributes of a suite.
#[derive(Clone, Copy, Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn from_cases<'a>(cases: impl Iterator<Item = &'a TestCase>) -> Self {
        let mut counts = Self::default();
        for case in cases {
            counts.tests += 1;
            match case.ending {
                Ending::Passed => {}
                Ending::Skipped(_) => counts.skipped += 1,
                Ending::Error(..) => counts.errors += 1,
                Ending::Failed { .. } => counts.failures += 1,
            }
        }
        counts
    }

    fn render_attributes(self) -> String {
        let Self { tests, failures, errors, skipped } = self;
        format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"")
    }
}

/// Returns the whole document; `name` is that of all suites together.
#[must_use]
pub fn render_document(name: &str, suites: &[Suite]) -> String {
    let counts = Counts::from_cases(suites.iter().flat_map(|suite| &suite.cases)).render_attributes();
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    out += &format!("<testsuites name=\"{}\" {counts}>\n", escape(name));
    for suite in suites {
        write_suite(&mut out, suite);
    }
    out + "</testsuites>\n"
}

fn write_suite(out: &mut String, suite: &Suite) {
    let counts = Counts::from_cases(suite.cases.iter()).render_attributes();
    *out += &format!("  <testsuite name=\"{}\" {counts}>\n", escape(&suite.name));
    // The schema requires this order: properties, test cases, output.
    if !suite.properties.is_empty() {
        *out += "    <properties>\n";
        for (name, value) in &suite.properties {
            *out += &format!("      <property name=\"{name}\" value=\"{}\"/>\n", escape(value));
        }
        *out += "    </properties>\n";
    }
    for case in &suite.cases {
        write_case(out, case);
    }
    *out += &render_element("    ", "system-out", "", &suite.output);
    *out += "  </testsuite>\n";
}

fn write_case(out: &mut String, case: &TestCase) {
    let ending = match &case.ending {
        Ending::Passed => String::new(),
        Ending::Skipped(why) => format!("      <skipped message=\"{}\"/>\n", escape(why)),
        Ending::Error(kind, why) => format!("      <error{} message=\"{}\"/>\n", kind_attribute(*kind), escape(why)),
        Ending::Failed { message, kind, text } => {
            let attributes = format!("{} message=\"{}\"", kind_attribute(*kind), escape(message));
            match text.is_empty() {
                true => format!("      <failure{attributes}/>\n"),
                false => render_element("      ", "failure", &attributes, text),
            }
        }
    };
    let output = render_element("      ", "system-out", "", &case.output);
    let complaints = render_element("      ", "system-err", "", &case.complaints);
    let start = format!("    <testcase name=\"{}\" classname=\"{}\"", escape(&case.name), escape(&case.class));
    let inside = ending + &output + &complaints;
    *out += &if inside.is_empty() { start + "/>\n" } else { format!("{start}>\n{inside}    </testcase>\n") };
}

fn kind_attribute(kind: Option<&str>) -> String {
    kind.map(|kind| format!(" type=\"{}\"", escape(kind))).unwrap_or_default()
}

/// Returns an element with text, or nothing where the text is empty.
fn render_element(indent: &str, name: &str, attributes: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{indent}<{name}{attributes}>{}</{name}>\n", escape(text)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_of_the_cases_and_text_stays_text() {
        let failed = Ending::Failed { message: "a < b".into(), kind: Some("high"), text: "one\ntwo".into() };
        let error = Ending::Error(Some("not_run"), "no table".into());
        let cases = [Ending::Passed, failed, error, Ending::Skipped("\"later\"".into())];
        let cases: Vec<TestCase> = cases
            .map(|ending| TestCase { class: "c".into(), name: "n & m".into(), ending, ..TestCase::default() })
            .into();
        let suite = Suite { name: "s".into(), cases, ..Suite::default() };
        let document = render_document("it", &[suite]);
        insta::assert_snapshot!(document, @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="it" tests="4" failures="1" errors="1" skipped="1">
          <testsuite name="s" tests="4" failures="1" errors="1" skipped="1">
            <testcase name="n &amp; m" classname="c"/>
            <testcase name="n &amp; m" classname="c">
              <failure type="high" message="a &lt; b">one
        two</failure>
            </testcase>
            <testcase name="n &amp; m" classname="c">
              <error type="not_run" message="no table"/>
            </testcase>
            <testcase name="n &amp; m" classname="c">
              <skipped message="&quot;later&quot;"/>
            </testcase>
          </testsuite>
        </testsuites>
        "#);
    }
}
