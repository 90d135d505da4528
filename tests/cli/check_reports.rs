//! `mfm check --as`: SARIF, JUnit and HTML say what the JSON says, and nothing from a database becomes markup.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value as Json, json};

use crate::world::{World, text};

/// The day after the lab's last.
const NOW: [&str; 2] = ["--now", "2024-06-29T12:00:00"];

fn broken() -> World {
    broken_by(["2", "1"])
}

/// Breaks some records with each of four tools, chosen by a seed.
fn broken_by([sample, seed]: [&str; 2]) -> World {
    let world = World::with_lab();
    // Arcs, whose angles over the control points are drawn.
    for (tool, variant, select) in [
        ("create_invalid_angles", "both", &["--type", "vmat"][..]),
        ("corrupt_mlc_data", "out_of_range", &[]),
        ("corrupt_offset_data", "extreme_values", &[]),
        ("nullify_required_fields", "pat_id", &[]),
    ] {
        let apply = ["apply", tool, "--variant", variant, "--sample", sample, "--seed", seed, "--yes"];
        let done = world.run(&[&apply[..], select].concat());
        assert!(done.status.success(), "{}", text(&done.stderr));
    }
    world
}

fn check(world: &World, words: &[&str]) -> (i32, String) {
    let done = world.run(&[&["check"], &NOW[..], words].concat());
    (done.status.code().unwrap(), text(&done.stdout))
}

fn json(world: &World, words: &[&str]) -> Json {
    serde_json::from_str(&check(world, &[words, &["--json"]].concat()).1).unwrap()
}

fn fingerprints(json: &Json) -> BTreeSet<String> {
    let findings = json["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["fingerprint"].as_str().unwrap().to_owned()).collect()
}

/// What stands between two marks, each time.
fn between<'t>(text: &'t str, start: &str, end: &str) -> Vec<&'t str> {
    text.split(start).skip(1).map(|rest| rest.split(end).next().unwrap()).collect()
}

/// Asserts that every tag is closed where it has to be.
fn assert_well_formed(text: &str) {
    let mut open: Vec<&str> = Vec::new();
    for tag in between(text, "<", ">") {
        let name = tag.split([' ', '/', '\n']).find(|word| !word.is_empty()).unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
        } else if !tag.starts_with(['!', '?']) && !tag.ends_with('/') && !["meta", "wbr"].contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

/// Undoes the escapes of markup.
fn unescaped(text: &str) -> String {
    let marks = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    marks.into_iter().fold(text.to_owned(), |text, (mark, c)| text.replace(mark, c))
}

/// The schema of SARIF 2.1.0, as Microsoft publishes it.
fn assert_is_sarif(log: &Json) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sarif-2.1.0-rtm.5.json");
    let schema: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    compiler.set_default_draft(boon::Draft::V4);
    compiler.add_resource("mfm:sarif", schema).unwrap();
    let compiled = compiler.compile("mfm:sarif", &mut schemas).unwrap();
    let wrong = schemas.validate(log, compiled).err().map(|error| format!("{error:#}"));
    assert_eq!(wrong, None);
    assert!(schemas.validate(&json!({"version": "2.1.0"}), compiled).is_err(), "the schema refuses what has no runs");
}

#[test]
fn sarif_is_valid_and_says_what_the_json_says() {
    let world = broken();
    let (code, out) = check(&world, &["--as", "sarif"]);
    let (log, json): (Json, Json) = (serde_json::from_str(&out).unwrap(), json(&world, &[]));
    assert_is_sarif(&log);
    assert_eq!(code, 1);
    let run = &log["runs"][0];
    let (rules, results) = (run["tool"]["driver"]["rules"].as_array().unwrap(), run["results"].as_array().unwrap());
    assert_eq!(rules.len(), json["checks"].as_array().unwrap().len());
    for (rule, check) in rules.iter().zip(json["checks"].as_array().unwrap()) {
        assert_eq!((&rule["id"], &rule["help"]["text"]), (&check["id"], &check["remedy"]));
        assert_eq!(rule["properties"]["violations"], check["violations"]);
    }
    assert_eq!(results.len() as u64, json["violations"].as_u64().unwrap());
    for (result, finding) in results.iter().zip(json["findings"].as_array().unwrap()) {
        let own = &result["partialFingerprints"];
        assert_eq!((&own["mfmFinding/v1"], &result["ruleId"]), (&finding["fingerprint"], &finding["check"]));
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        let message = result["message"]["text"].as_str().unwrap();
        assert!(message.ends_with(finding["message"].as_str().unwrap()), "{message}");
        let level = match finding["severity"].as_str().unwrap() {
            "critical" | "high" => "error",
            "medium" => "warning",
            _ => "note",
        };
        assert_eq!(result["level"], level);
        // Code scanning refuses results without a file, and without a line in it.
        let place = &result["locations"][0];
        let file = place["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
        assert_eq!(file, format!("lab/{}", finding["table"].as_str().unwrap()));
        assert_eq!(place["physicalLocation"]["region"]["startLine"], 1);
        assert_eq!(place["logicalLocations"][0]["kind"], "row");
        let related = result["relatedLocations"].as_array().map_or(0, Vec::len);
        assert_eq!(related, finding["related"].as_array().unwrap().len());
    }
}

#[test]
fn sarif_says_what_is_known_and_what_did_not_run() {
    let world = World::with_copy();
    check(&world, &["--only", "angle_range", "--write-baseline", "known.json"]);
    let copy = rusqlite::Connection::open(world.path().join("copy.db")).unwrap();
    copy.execute_batch("UPDATE TxFieldPoint SET Gantry_Ang = 999 WHERE TFP_ID = 10").unwrap();
    let (code, out) =
        check(&world, &["--only", "angle_range,duplicate_delivery", "--baseline", "known.json", "--as", "sarif"]);
    let log: Json = serde_json::from_str(&out).unwrap();
    assert_is_sarif(&log);
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    let states: Vec<&str> = results.iter().map(|result| result["baselineState"].as_str().unwrap()).collect();
    assert_eq!((code, states), (1, [&["new"][..], &["unchanged"; 6]].concat()));
    assert!(results[0].get("suppressions").is_none());
    assert_eq!(results[1]["suppressions"][0]["status"], "accepted");
    let note = &run["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(note["associatedRule"]["id"], "duplicate_delivery");
    assert!(note["message"]["text"].as_str().unwrap().starts_with("not run: "), "{note}");
}

#[test]
fn junit_has_a_case_a_check() {
    let world = broken();
    let (code, out) = check(&world, &["--as", "junit"]);
    assert_well_formed(&out);
    let json = json(&world, &[]);
    let checks = json["checks"].as_array().unwrap();
    let fails = checks.iter().filter(|check| check["status"] == "fail").count();
    let head = format!("tests=\"{}\" failures=\"{fails}\" errors=\"0\" skipped=\"0\"", checks.len());
    assert_eq!((code, between(&out, "<testsuites ", ">")[0].contains(&head)), (1, true), "{out}");
    let names: BTreeSet<&str> = between(&out, "<testcase name=\"", "\"").into_iter().collect();
    assert_eq!(names, checks.iter().map(|check| check["id"].as_str().unwrap()).collect());
    assert_eq!(between(&out, "<failure ", ">").len(), fails);
    let plain = unescaped(&out);
    for finding in json["findings"].as_array().unwrap() {
        assert!(plain.contains(finding["message"].as_str().unwrap()), "{finding}");
    }
    // What is not bad enough fails no test, and is said.
    let (code, never) = check(&world, &["--as", "junit", "--fail-on", "never"]);
    assert_eq!((code, never.contains("<failure"), never.contains("<system-out>low, ")), (0, false, true), "{never}");
}

#[test]
fn junit_skips_what_could_not_run() {
    let world = World::with_copy();
    let (code, out) = check(&world, &["--only", "duplicate_delivery,angle_range", "--as", "junit"]);
    assert_well_formed(&out);
    assert_eq!((code, between(&out, "<skipped message=\"", "\"")), (1, vec!["the target has no table TrackTreatment"]));
}

#[test]
fn html_says_what_the_json_says() {
    let world = broken();
    check(&world, &["--only", "angle_range", "--write-baseline", "known.json"]);
    let words = ["--baseline", "known.json"];
    let (code, page) = check(&world, &[&words[..], &["--as", "html"]].concat());
    let json = json(&world, &words);
    assert_well_formed(&page);
    assert_eq!(code, 1);
    for name in ["violations", "known", "gone", "unchecked", "not_run"] {
        let said = between(&page, &format!("data-count=\"{name}\">"), "<")[0];
        assert_eq!(said, json[name].to_string(), "{name}");
    }
    let said: BTreeSet<String> = between(&page, "data-fingerprint=\"", "\"").into_iter().map(str::to_owned).collect();
    assert_eq!(said, fingerprints(&json));
    for finding in json["findings"].as_array().unwrap() {
        let fingerprint = finding["fingerprint"].as_str().unwrap();
        let item = page.split(&format!("data-fingerprint=\"{fingerprint}\"")).nth(1).unwrap().split("</li>").next();
        let item = item.unwrap();
        let message = unescaped(between(item, "<span class=\"message\">", "</span>")[0]);
        assert_eq!(message, finding["message"].as_str().unwrap());
        assert!(item.contains(finding["severity"].as_str().unwrap()));
        assert_eq!(item.contains("Known"), finding["known"] == true, "{item}");
    }
    for check in json["checks"].as_array().unwrap() {
        let id = check["id"].as_str().unwrap();
        let row = between(&page, &format!("<tr data-check=\"{id}\">"), "</tr>")[0];
        let numbers = between(row, "<td class=\"number\">", "<");
        let expected = ["violations", "known", "looked_at"].map(|name| check[name].to_string());
        assert_eq!(numbers, expected, "{id}");
    }
}

#[test]
fn html_stands_alone_and_can_be_walked_by_keys() {
    let world = broken();
    let page = check(&world, &["--as", "html"]).1;
    for word in ["<script", "http:", "https:", "url(", "@import", " src=", "<link", "<iframe", " onclick"] {
        assert!(!page.contains(word), "{word}");
    }
    let ids = between(&page, " id=\"", "\"");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "every id is there once");
    let links = between(&page, "href=\"", "\"");
    assert!(links.len() > 20 && links.iter().all(|link| ids.contains(&link.strip_prefix('#').unwrap())), "{links:?}");
    for part in ["<main", "<header", "<nav aria-label=", "<footer", "<h1", "lang=\"en\"", "class=\"skip\"", "<title>"] {
        assert_eq!(page.matches(part).count(), 1, "{part}");
    }
    let pictures = between(&page, "<figure ", "</figure>");
    for title in ["Leaves of control point", "Angles of field", "Shifts of site"] {
        assert!(pictures.iter().any(|picture| picture.contains(title)), "{title}");
    }
    for picture in pictures {
        let words = between(picture, "role=\"img\" aria-label=\"", "\"")[0];
        assert!(words.len() > 40 && picture.contains("<figcaption>"), "{words}");
        assert!(words.contains("ringed: ") || words.contains("marked: "), "{words}");
    }
}

/// A database whose every text is an attack on whoever shows it.
fn hostile() -> World {
    let world = World::empty();
    let copy = rusqlite::Connection::open(world.path().join("a & b.db")).unwrap();
    let attack = "<script>alert(1)</script>\"'&amp; ]]> \u{1b}[31m\u{202e}";
    copy.execute_batch("CREATE TABLE Offset(OFF_ID text PRIMARY KEY, Offset_Type, Offset_State int);").unwrap();
    copy.execute("INSERT INTO Offset VALUES (?1, ?1, 1), ('sound', 2, 1)", [attack]).unwrap();
    world.mfm(&["target", "add", "sqlite:a & b.db"]).assert().success();
    world
}

#[test]
fn nothing_from_the_database_becomes_markup() {
    let world = hostile();
    for form in ["html", "junit"] {
        let (code, out) = check(&world, &["--only", "offset_codes", "--as", form]);
        assert_well_formed(&out);
        assert_eq!(code, 1);
        assert!(!out.contains("<script") && out.contains("&lt;script&gt;alert(1)"), "{out}");
        assert!(!out.contains('\u{1b}') && !out.contains('\u{202e}'), "{out}");
    }
    let (_, out) = check(&world, &["--only", "offset_codes", "--as", "sarif"]);
    let log: Json = serde_json::from_str(&out).unwrap();
    assert_is_sarif(&log);
    let result = &log["runs"][0]["results"][0];
    for shown in [&result["message"]["text"], &result["locations"][0]["logicalLocations"][0]["name"]] {
        assert!(!shown.as_str().unwrap().contains(['\u{1b}', '\u{202e}']), "{shown}");
    }
    let (_, page) = check(&world, &["--only", "offset_codes", "--as", "table"]);
    assert!(!page.contains('\u{1b}'), "{page:?}");
}

#[test]
fn a_report_goes_to_a_file_and_the_page_to_stdout() {
    let world = World::with_copy();
    std::fs::write(world.path().join("mine.html"), "<!doctype html><title>mine</title>").unwrap();
    for form in ["json", "sarif", "junit", "html"] {
        let (_, whole) = check(&world, &["--only", "angle_range", "--as", form]);
        for _ in 0..2 {
            let (code, page) = check(&world, &["--only", "angle_range", "--as", form, "--output", "report"]);
            assert!(code == 1 && page.starts_with("7 violations on copy"), "{page}");
            assert_eq!(std::fs::read_to_string(world.path().join("report")).unwrap(), whole, "{form}");
        }
        let done = world.run(&["check", "--as", form, "-o", "mine.html", "--json"]);
        let error: Json = serde_json::from_slice(&done.stderr).unwrap();
        assert_eq!((done.status.code(), &error["code"]), (Some(2), &json!("report_file")));
    }
    check(&world, &["--only", "angle_range", "--as", "table", "--output", "page.txt"]);
    let page = std::fs::read_to_string(world.path().join("page.txt")).unwrap();
    assert!(page.starts_with("7 violations on copy") && !page.contains('\u{1b}'), "{page}");
    assert_eq!(check(&world, &["-o", "page.txt"]).0, 2, "an output needs a form");
}

#[test]
fn forms_of_every_command_can_be_asked_for_too() {
    let world = World::with_copy();
    let only = ["--only", "angle_range"];
    let same = |one: &[&str], other: &[&str]| {
        assert_eq!(check(&world, &[&only, one].concat()), check(&world, &[&only, other].concat()));
    };
    same(&["--as", "json"], &["--json"]);
    same(&["--as", "table"], &[]);
    same(&["--as", "sarif", "--json"], &["--as", "sarif"]);
}

#[test]
#[ignore = "needs node, Chromium, playwright-core and axe-core"]
fn a_browser_shows_the_report_to_everybody() {
    // An arc of fifty points: each of the page's links is reached by the keyboard, four times.
    let world = broken_by(["1", "7"]);
    check(&world, &["--only", "angles,nulls", "--write-baseline", "known.json"]);
    check(&world, &["--baseline", "known.json", "--as", "html", "--output", "report.html"]);
    assert_legible(&world.path().join("report.html"));
}

/// Opens a page in a browser: legible on a phone and a screen, without a mouse, without a network.
pub(crate) fn assert_legible(page: &Path) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/report.js");
    let chromium = std::env::var("MFM_TEST_CHROMIUM").unwrap();
    let done = std::process::Command::new("node").arg(script).arg(page).arg(chromium).output().unwrap();
    assert!(done.status.success(), "{}: {}", page.display(), text(&done.stderr));
}

#[test]
fn every_form_names_the_rules_that_judged_and_the_page_its_baseline() {
    let world = World::with_copy();
    std::fs::write(world.path().join("mine.toml"), "[machine]\ngantry_range = [0, 401]\n").unwrap();
    let only = ["--only", "angle_range"];
    let own = [&only[..], &["--rules", "mine.toml"]].concat();
    check(&world, &[&own[..], &["--write-baseline", "known.json"]].concat());
    let digest = json(&world, &own)["rules"]["digest"].as_str().unwrap().to_owned();
    let form = |words: &[&str], form: &str| check(&world, &[words, &["--as", form]].concat()).1;
    let log: Json = serde_json::from_str(&form(&own, "sarif")).unwrap();
    assert_is_sarif(&log);
    assert_eq!(log["runs"][0]["properties"]["rules"], json!({"file": "mine.toml", "digest": digest}));
    let junit = form(&own, "junit");
    assert!(junit.contains("<property name=\"rules\" value=\"mine.toml\"/>"), "{junit}");
    assert!(junit.contains(&format!("<property name=\"rules_sha256\" value=\"{digest}\"/>")), "{junit}");
    let known = [&own[..], &["--baseline", "known.json"]].concat();
    let page = form(&known, "html");
    assert!(page.contains(&format!("Rules: mine.toml, SHA-256 {digest}. Baseline: known.json.")), "{page}");
    assert!(form(&only, "html").contains("Rules: default, SHA-256 "), "the default rules are named too");
    let table = form(&known, "table");
    assert!(table.contains("judged by mine.toml, sha256") && table.contains(&digest), "{table}");
    assert!(table.contains(" without a reason)"), "{table}");
    assert!(!form(&only, "table").contains("judged by"), "nobody gave rules");
}
