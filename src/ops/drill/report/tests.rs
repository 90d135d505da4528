//! Broken, incomplete and contradictory reports, of each form, and the sound ones beside them.

use super::*;
use crate::ops::drill::matrix::DetectionVerdict;
use crate::ops::drill::said::{CommandResult, judge_answer};

fn parse_names(judge: Judge, text: &str) -> Vec<String> {
    match parse_report(judge, text) {
        Ok(CommandAnswer::Named(named)) => named.finding_names().map(str::to_owned).collect(),
        other => panic!("{text}: {other:?}"),
    }
}

fn parse_error(judge: Judge, text: &str) -> String {
    parse_report(judge, text).map_or_else(|untold| untold.to_string(), |said| panic!("{text}: {said:?}"))
}

/// Judges two reports, read as they are, of a command that always ends with 0.
fn judge_reports(judge: Judge, clean: &str, now: &str) -> (DetectionVerdict, String) {
    let heard = |text: &str| CommandResult {
        said: parse_report(judge, text).unwrap_or_else(CommandAnswer::Untold),
        code: Some(0),
    };
    let (verdict, _, _, why) = judge_answer(&heard(clean), &heard(now), &[1]);
    (verdict, why.map(|why| why.to_string()).unwrap_or_default())
}

fn wrap_suite(inner: &str) -> String {
    format!("<testsuite name=\"s\">{inner}</testsuite>")
}

#[test]
fn junit_names_what_failed() {
    let text = r#"<?xml version="1.0"?><testsuites><testsuite><testcase classname="qa" name="angles">
        <failure message="400"/></testcase><testcase classname="qa" name="doses"/>
        <testcase name="broken"><error/></testcase><testcase name="left"><skipped/></testcase>
        </testsuite></testsuites>"#;
    assert_eq!(parse_names(Judge::Junit, text), ["broken", "qa::angles"]);
    for wrong in ["", "<html/>", "<testsuite/>", "plain"] {
        assert!(parse_report(Judge::Junit, wrong).is_err(), "{wrong}");
    }
}

#[test]
fn w07_a_suite_that_lost_a_test_or_hides_an_error_tells_nothing() {
    let case = r#"<testcase classname="qa" name="doses"/>"#;
    for (attributes, inner, reason) in [
        (r#"tests="2""#, case, "announces 2 tests, and holds 1"),
        (r#"tests="1" errors="1""#, case, "counts 1 failures and errors, and shows 0"),
        (r#"failures="1""#, case, "counts 1 failures"),
        (r#"tests="many""#, case, "no number"),
        (r#"failures="0" errors="0""#, r#"<testcase name="a"><failure/></testcase>"#, "counts 0"),
        ("", &format!("{case}<error/>"), "outside of its test cases"),
        ("", "<testcase/>", "no name"),
        ("", r#"<testcase name=" "/>"#, "no name"),
    ] {
        let text = format!("<testsuites><testsuite name=\"a\" {attributes}>{inner}</testsuite></testsuites>");
        assert!(parse_error(Judge::Junit, &text).contains(reason), "{text}: {}", parse_error(Judge::Junit, &text));
    }
    let outer = format!("<testsuites tests=\"2\"><testsuite tests=\"1\">{case}</testsuite></testsuites>");
    assert!(parse_error(Judge::Junit, &outer).contains("announces 2"));
    let sound = format!(
        "<testsuites tests=\"1\" errors=\"0\"><testsuite tests=\"1\" skipped=\"0\">{case}</testsuite></testsuites>"
    );
    assert_eq!(parse_names(Judge::Junit, &sound), Vec::<String>::new());
    let twice = r#"<testsuite tests="1" failures="1" errors="1"><testcase name="a"><failure/></testcase>
        <testcase name="a"><error/></testcase></testsuite>"#;
    assert_eq!(parse_names(Judge::Junit, twice), ["a"], "a failed test whose end failed too");
}

#[test]
fn k4_a_test_case_that_says_otherwise_than_it_shows_tells_nothing() {
    let case = |inner: &str| wrap_suite(&format!("<testcase name=\"a\" {inner}</testcase>"));
    let sound = case(">");
    for (inner, reason) in [
        ("status=\"failed\">", "says that it failed"),
        ("result=\"Failure\">", "says that it failed"),
        ("success=\"False\" executed=\"True\">", "says that it failed"),
        (">  <Failure/>", "under a name"),
        ("><rerunFailure message=\"x\"/>", "under a name"),
        ("executed=\"False\">", "did not run"),
        ("result=\"suppressed\">", "did not run"),
    ] {
        let (told, why) = judge_reports(Judge::Junit, &sound, &case(inner));
        assert!(told == DetectionVerdict::CouldNotTell && why.contains(reason), "{inner}: {told:?} {why}");
    }
    for inner in ["status=\"passed\">", "status=\"run\" result=\"completed\">", "success=\"True\">", "><flakyFailure/>"]
    {
        assert_eq!(judge_reports(Judge::Junit, &sound, &case(inner)).0, DetectionVerdict::Missed, "{inner}");
    }
    for inner in ["status=\"failed\"><failure/>", "><failure/><rerunFailure/>"] {
        assert_eq!(judge_reports(Judge::Junit, &sound, &case(inner)).0, DetectionVerdict::Caught, "{inner}");
    }
}

#[test]
fn w07_a_name_that_stands_twice_tells_no_test() {
    let (good, bad) = (r#"<testcase name="a"/>"#, r#"<testcase name="a"><failure/></testcase>"#);
    let other = r#"<testcase name="b"><failure/></testcase>"#;
    let told = |clean: &[&str], now: &[&str]| {
        judge_reports(Judge::Junit, &wrap_suite(&clean.concat()), &wrap_suite(&now.concat()))
    };
    assert_eq!(told(&[bad, good], &[bad, bad]).0, DetectionVerdict::CouldNotTell);
    assert_eq!(told(&[bad, good], &[good, bad]).0, DetectionVerdict::CouldNotTell, "it may be the other one");
    assert_eq!(told(&[good], &[good, bad]).0, DetectionVerdict::CouldNotTell);
    assert_eq!(told(&[good, good], &[good]).0, DetectionVerdict::CouldNotTell, "one of them is lost");
    assert_eq!(told(&[good, good], &[good, good]).0, DetectionVerdict::Missed);
    assert_eq!(told(&[good, good], &[bad, bad]).0, DetectionVerdict::Caught);
    assert_eq!(told(&[bad, good], &[bad, good, other]).0, DetectionVerdict::Caught, "another one tells enough");
    let two = |inner: &str| {
        format!(
            "<testsuites><testsuite name=\"x\">{good}</testsuite><testsuite name=\"y\">{inner}</testsuite></testsuites>"
        )
    };
    assert_eq!(
        judge_reports(Judge::Junit, &two(good), &two(bad)).0,
        DetectionVerdict::Caught,
        "suites tell tests apart"
    );
}

#[test]
fn w07_a_test_lost_since_the_untouched_look_tells_nothing() {
    let case = |name: &str, inner: &str| format!("<testcase name=\"{name}\">{inner}</testcase>");
    let told = |clean: &[String], now: &[String]| {
        judge_reports(Judge::Junit, &wrap_suite(&clean.concat()), &wrap_suite(&now.concat()))
    };
    let (a, b) = (case("a", ""), case("b", ""));
    let (lost, why) = told(&[a.clone(), b.clone()], std::slice::from_ref(&a));
    assert_eq!(lost, DetectionVerdict::CouldNotTell);
    assert!(why.contains("1 did not run") && why.ends_with("the first is b"), "{why}");
    assert_eq!(told(&[a.clone(), b.clone()], &[a.clone(), case("b", "<skipped/>")]).0, DetectionVerdict::CouldNotTell);
    let fails = case("b", "<failure/>");
    assert_eq!(told(&[a.clone(), fails.clone()], std::slice::from_ref(&a)).0, DetectionVerdict::CouldNotTell);
    assert_eq!(told(&[a.clone(), fails], &[a.clone(), b.clone()]).0, DetectionVerdict::Missed, "it ran, and passed");
    assert_eq!(
        told(&[a.clone(), b], &[a.clone(), case("c", "<failure/>")]).0,
        DetectionVerdict::Caught,
        "as with names of data"
    );
    assert_eq!(
        told(&[a.clone(), case("s", "<skipped/>")], &[a]).0,
        DetectionVerdict::CouldNotTell,
        "a part is missing"
    );
}

#[test]
fn k4_xml_that_is_no_plain_report_is_refused() {
    let entity = "<!DOCTYPE t [<!ENTITY x \"y\">]><testsuite><testcase name=\"&x;\"/></testsuite>";
    assert!(parse_error(Judge::Junit, entity).contains("no XML"));
    let one = wrap_suite(r#"<testcase name="a"/>"#);
    assert!(parse_error(Judge::Junit, &format!("{one}{one}")).contains("no XML"), "two documents");
    assert!(parse_error(Judge::Junit, one.get(..one.len() - 4).unwrap()).contains("no XML"), "cut off");
    let deep = "<a>".repeat(200_000);
    assert!(parse_error(Judge::Junit, &format!("<testsuite>{deep}")).contains("no XML"));
}

#[test]
fn sarif_names_what_stands() {
    let log = serde_json::json!({"version": "2.1.0", "runs": [{"results": [
        {"ruleId": "angle", "partialFingerprints": {"mfm/1": "77"}},
        {"ruleId": "angle", "message": {"text": "400"}},
        {"ruleId": "known", "baselineState": "unchanged", "message": {"text": "x"}},
        {"ruleId": "accepted", "suppressions": [{"kind": "external"}], "message": {"text": "x"}},
        {"ruleId": "doubted", "suppressions": [{"status": "rejected"}], "message": {"text": "x"}},
        {"ruleId": "fine", "kind": "pass", "message": {"text": "x"}},
    ], "invocations": [{"executionSuccessful": true, "exitCode": 1}]}]});
    let found = parse_names(Judge::Sarif, &log.to_string());
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.contains(&"angle 77".to_owned()) && found.iter().any(|one| one.starts_with("doubted")), "{found:?}");
    assert!(parse_report(Judge::Sarif, "{}").is_err());
}

#[test]
fn w07_a_run_that_failed_or_did_not_look_tells_nothing() {
    let run = |inner: &str| format!(r#"{{"version":"2.1.0","runs":[{{{inner}}}]}}"#);
    for (inner, reason) in [
        (r#""results":[],"invocations":[{"executionSuccessful":false}]"#, "executionSuccessful is false"),
        (r#""results":[],"invocations":[{}]"#, "does not say whether"),
        (r#""results":[],"invocations":[{"executionSuccessful":"true"}]"#, "does not say whether"),
        (r#""results":[],"invocations":[{"executionSuccessful":true,"exitSignalName":"KILL"}]"#, "exitSignalName"),
        (
            r#""results":[],"invocations":[{"executionSuccessful":true,
                "toolExecutionNotifications":[{"level":"error"}]}]"#,
            "an error stands",
        ),
        (
            r#""results":[],"invocations":[{"executionSuccessful":true,
                "toolExecutionNotifications":[{"exception":{"kind":"ValueError"}}]}]"#,
            "an error stands",
        ),
        (r#""results":null"#, "no results"),
        (r#""tool":{}"#, "no results"),
        (r#""results":{}"#, "no results"),
        (r#""results":[1]"#, "no object"),
        (r#""results":[{"ruleId":"a"}]"#, "neither fingerprint, place nor message"),
        (r#""results":[],"results":[]"#, "a key stands twice"),
        (r#""results":[],"properties":{"mean":NaN}"#, "no JSON"),
        (r#""results":[],"externalPropertyFileReferences":{"results":[{}]}"#, "in other files"),
    ] {
        assert!(
            parse_error(Judge::Sarif, &run(inner)).contains(reason),
            "{inner}: {}",
            parse_error(Judge::Sarif, &run(inner))
        );
    }
    for wrong in [r#"{"version":"2.1.0","runs":[]}"#, r#"{"version":"1.0.0","runs":[{"results":[]}]}"#, "[]"] {
        assert!(parse_report(Judge::Sarif, wrong).is_err(), "{wrong}");
    }
    let beside = r#"{"version":"2.1.0","runs":[{"results":[]}],"inlineExternalProperties":[{"results":[{}]}]}"#;
    assert!(parse_error(Judge::Sarif, beside).contains("outside of its runs"));
    assert!(parse_error(Judge::Sarif, &run(r#""results":[]"#).repeat(2)).contains("no JSON"), "two documents");
    assert_eq!(parse_names(Judge::Sarif, &run(r#""results":[]"#)), Vec::<String>::new());
}

#[test]
fn lines_of_json_may_stand_among_others() {
    let said = |text: &str| parse_report(Judge::Json, text);
    assert_eq!(said("hello\n{\"noticed\": true}\n{\"noticed\": false}"), Ok(CommandAnswer::Something));
    let quiet = said("{\"noticed\": false}\n{\"level\": \"info\"}\n[1]\n'{'");
    assert!(matches!(&quiet, Ok(CommandAnswer::Named(named)) if named.is_empty() && named.answers == 1), "{quiet:?}");
    assert_eq!(parse_names(Judge::Json, "{\"findings\": [\"x\"]}\n{\"findings\": [\"y\"]}"), ["x", "y"]);
    assert_eq!(parse_names(Judge::Json, "{\n  \"findings\": [\n    \"x\"\n  ]\n}\n"), ["x"], "laid out");
    assert_eq!(parse_names(Judge::Json, "{\"findings\": []}\r\n"), Vec::<String>::new());
    assert!(said("all fine").is_err());
}

#[test]
fn w07_a_line_that_cannot_be_read_tells_nothing() {
    for (text, reason) in [
        ("{\"findings\":[]}\n{\"findings\":[\"a\"],\"mean\":NaN}", "is none"),
        ("{\"findings\":[],\"mean\":Infinity}", "is none"),
        ("{\"findings\":[],\"mean\":1e999}", "is none"),
        ("{\"findings\":[]}\n{\"findings\":[{\"row\":1}]}", "no list of texts"),
        ("{\"findings\":[1]}", "no list of texts"),
        ("{\"findings\":null}", "no list of texts"),
        ("{\"findings\":\"a\"}", "no list of texts"),
        ("{\"findings\":[\" \"]}", "no list of texts"),
        ("{\"noticed\":\"no\"}", "neither true nor false"),
        ("{\"noticed\":false,\"findings\":[\"a\"]}", "contradict"),
        ("{\"noticed\":true,\"findings\":[]}", "contradict"),
        ("{\"findings\":[]}\n{\"noticed\":true}", "only says that there are some"),
        ("{\"findings\":[]}{\"findings\":[\"a\"]}", "is none"),
        ("{\"findings\":[],\"findings\":[\"a\"]}", "a key stands twice"),
        ("{\"findings\":[]}\n{\"find", "is none"),
        ("{\"findings\":[]}\nINFO {\"findings\":[\"a\"]}", "does not begin as JSON"),
        ("{\"findings\":[]}\n[{\"noticed\":true}]", "does not begin as JSON"),
        ("{\"findings\":[],\"Findings\":[\"a\"]}", "but for its capitals"),
        ("{\"noticed\":false}\n{\"NOTICED\":true}", "but for its capitals"),
        ("{\"findings\":[],\"error\":\"no such table\"}", "something failed"),
        ("{\"noticed\":false,\"errors\":[{}]}", "something failed"),
        ("", "printed no line"),
    ] {
        assert!(parse_error(Judge::Json, text).contains(reason), "{text}: {}", parse_error(Judge::Json, text));
    }
}

#[test]
fn k4_a_line_lost_since_the_untouched_look_tells_nothing() {
    let line = "{\"noticed\":false}\n{\"findings\":[]}\n";
    let told = |clean: &str, now: &str| judge_reports(Judge::Json, clean, now).0;
    assert_eq!(told(line, line), DetectionVerdict::Missed);
    assert_eq!(told(line, "{\"findings\":[]}"), DetectionVerdict::CouldNotTell);
    let quiet = "{\"noticed\":false}\n";
    assert_eq!(told(&quiet.repeat(2), &quiet.repeat(2)), DetectionVerdict::Missed);
    assert_eq!(told(&quiet.repeat(2), quiet), DetectionVerdict::CouldNotTell, "one check died");
    assert_eq!(told(line, quiet), DetectionVerdict::CouldNotTell);
    assert_eq!(told(quiet, "{\"noticed\":true}"), DetectionVerdict::Caught);
    let sound = "{\"findings\":[],\"error\":null,\"errors\":0}";
    assert_eq!(told(sound, sound), DetectionVerdict::Missed);
    assert_eq!(
        told("{\"findings\":[\"a\"]}\n{\"findings\":[]}", "{\"findings\":[]}"),
        DetectionVerdict::Missed,
        "a is gone"
    );
    assert_eq!(told(line, "{\"findings\":[\"a\"]}"), DetectionVerdict::Caught);
}
