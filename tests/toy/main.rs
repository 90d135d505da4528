//! A toy domain, brought by a program that links the library: whatever the operations do for mfm's own domains they do
//! for it, unasked, which shows that the port is complete.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail by panic")]

#[cfg(feature = "mcp")]
mod agents;
#[cfg(feature = "mcp")]
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "../mcp/world.rs"]
mod agents_world;
mod library;
#[cfg(feature = "tui")]
mod screens;
#[cfg(feature = "tui")]
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "../tui/world.rs"]
mod screens_world;

use std::path::PathBuf;

use mfm::domain::Domain;
use mfm::domain::filter::FilterValues;
use mfm::domains;
use mfm::model::KeyPage;
use mfm::ops::checks::{self, Status};
use mfm::ops::targets::add;
use mfm::ops::{browse, campaign, detect, drill, features, find, lab, modes, plan, query};
use serde_json::{Map, Value as Json, json};
use testutils::{World, dump_tables};

static LIBRARY: library::Library = library::Library;

/// Brings the domain; whoever comes second finds it there.
fn bring() {
    let _ = domains::register_domains(vec![&LIBRARY]);
}

/// A folder with a lab of the toy domain.
fn toy() -> World {
    bring();
    let world = World::new();
    let url = world.url("toy.db");
    let request = lab::create::Request { url, domain: Some("library".into()), ..Default::default() };
    let made = lab::create::run(&world.context(), &request).unwrap();
    assert_eq!((made.domain, made.made.rows), ("library", 42));
    world
}

fn by_shelf(shelf: &str) -> FilterValues {
    let mut filters = FilterValues::default();
    filters.set("shelf", shelf);
    filters
}

fn sample(count: u64) -> plan::Request {
    let options = plan::Options {
        variant: Some("negative".into()),
        sample: Some(count),
        selector: by_shelf("2"),
        seed: Some(7),
        ..plan::Options::default()
    };
    plan::Request { tool: "create_impossible_pages".into(), parameters: Map::new(), options, output: None }
}

fn failed(world: &World) -> (u64, Status) {
    let outcome = checks::run(&world.context(), &checks::Request::default()).unwrap();
    (outcome.violations, outcome.checks[0].status)
}

#[test]
fn a_fault_goes_is_seen_and_comes_back() {
    let world = toy();
    let before = dump_tables(&world.path("toy.db"));
    assert_eq!(failed(&world), (0, Status::Pass));
    let made = world.apply(sample(3)).unwrap();
    assert_eq!((made.plan.rows, made.plan.label.variant.as_str()), (3, "negative"));
    assert_eq!(failed(&world), (3, Status::Fail));
    let back = world.revert(&[1]).unwrap();
    assert!(back.operations[0].exact);
    assert_eq!(failed(&world), (0, Status::Pass));
    assert_eq!(dump_tables(&world.path("toy.db")), before);
}

#[test]
fn records_are_found_narrowed_and_walked_through() {
    let world = toy();
    let (variant, eligible) = (None, Some("create_impossible_pages".to_owned()));
    let request = find::Request { kind: "book".into(), selector: by_shelf("1"), eligible, variant, limit: 4 };
    let found = find::run(&world.context(), &request).unwrap();
    assert_eq!(found.shown, 4);
    assert_eq!(found.records[0].cells[1], ("shelf_id", json!(1)));
    assert_eq!(found.records[0].variants.as_deref(), Some(&["negative", "huge"][..]));
    let wrong = find::Request { selector: by_shelf("top"), ..request.clone() };
    assert_eq!(find::run(&world.context(), &wrong).unwrap_err().code, "selector");
    let foreign = find::Request { kind: "field".into(), selector: FilterValues::default(), eligible: None, ..request };
    assert_eq!(find::run(&world.context(), &foreign).unwrap_err().code, "kind");
    let domain: &'static dyn Domain = &LIBRARY;
    let mut target = browse::open_target(&world.context()).unwrap();
    let page = KeyPage { only: Some(("shelf_id".into(), 2)), from: None, backwards: false, limit: 5 };
    let request = browse::Request { kind: domain.find_kind("book").unwrap(), selector: FilterValues::default(), page };
    let seen = browse::read_page(target.as_mut(), domain, &request).unwrap();
    assert_eq!((seen.records.len(), seen.more, seen.records[0].cells[1].as_str()), (5, true, "2"));
}

#[test]
fn a_drill_and_a_campaign_know_its_modes_alone() {
    let world = toy();
    let before = dump_tables(&world.path("toy.db"));
    let request = drill::Request { modes: vec!["create_impossible_pages".into()], ..Default::default() };
    let drilled = drill::run(&world.context(), &request).unwrap();
    assert!(drilled.ok && drilled.exact == Some(true), "{drilled:?}");
    assert!(drilled.trials.iter().all(|trial| trial.tool == "create_impossible_pages"));
    assert_eq!(drilled.trials.len(), 6);
    let file = world.path("campaign.toml");
    let text = "version = 1\nname = 'toy'\nseed = 3\n[[fault]]\ntool = 'create_impossible_pages'\nvariant = 'huge'\n\
                count = 2\nselect = { shelf = '1' }\n";
    std::fs::write(&file, text).unwrap();
    let campaign = campaign::file::Campaign::read(&PathBuf::from(&file)).unwrap();
    let requests: Vec<plan::Request> = campaign.requests("2026-01-01").collect();
    let made = world.apply(requests[0].clone()).unwrap();
    assert_eq!((made.plan.rows, made.plan.label.variant.as_str()), (2, "huge"));
    world.revert(&[made.op.unwrap()]).unwrap();
    assert_eq!(dump_tables(&world.path("toy.db")), before);
}

#[test]
fn a_sweep_finds_from_which_size_on_the_check_sees() {
    let world = toy();
    let before = dump_tables(&world.path("toy.db"));
    let request = drill::Request { sweep: vec!["create_miscounted_pages:more".into()], ..Default::default() };
    let swept = drill::run(&world.context(), &request).unwrap();
    assert_eq!((swept.exact, swept.ok), (Some(true), false), "a sweep misses the small ones");
    let [curve] = swept.sweeps.as_slice() else { panic!("{:?}", swept.sweeps) };
    let threshold = curve.threshold.unwrap();
    // A book of 101 to 120 pages gets more than the 5000 that the rules allow.
    assert!((threshold.size / 4890.0 - 1.0).abs() < 0.02, "{threshold:?}");
    assert!(threshold.low.unwrap() < 4890.0 && threshold.high.unwrap() > 4880.0, "{threshold:?}");
    assert_eq!((curve.unit, curve.most_caught), ("pages", Some(1.0)));
    assert!(swept.trials.iter().all(|trial| trial.size.is_some()));
    let shown =
        drill::run(&world.context(), &drill::Request { show: Some(swept.drill), ..Default::default() }).unwrap();
    assert_eq!((&shown.sweeps, &shown.matrix.lines), (&swept.sweeps, &swept.matrix.lines));
    let again = drill::Request { replay: Some(swept.drill), ..Default::default() };
    let again = drill::run(&world.context(), &again).unwrap();
    assert_eq!(again.differences, Some(Vec::new()), "with the sizes that were added, and no others");
    assert_eq!(again.trials.len(), swept.trials.len());
    assert_eq!(dump_tables(&world.path("toy.db")), before);
    let sweep = |mode: &str, sizes: &[&str]| drill::Request {
        sweep: vec![mode.into()],
        sizes: sizes.iter().map(ToString::to_string).collect(),
        sample: Some(2),
        ..Default::default()
    };
    let relative = drill::run(&world.context(), &sweep("create_miscounted_pages", &["9000%", "100%"])).unwrap();
    let points = &relative.sweeps[0].points;
    assert_eq!(points.iter().map(|point| point.caught.hits).collect::<Vec<_>>(), [0, 2], "as many as were asked for");
    assert_eq!((points[0].size.to_string().as_str(), relative.sweeps[0].unit), ("100%", "%"));
    for wrong in [sweep("create_impossible_pages", &[]), sweep("create_miscounted_pages", &["-5"])] {
        assert_eq!(drill::run(&world.context(), &wrong).unwrap_err().code, "drill");
    }
}

#[test]
fn a_drill_says_which_check_saw_nothing() {
    let world = toy();
    let modes = vec!["create_impossible_pages".into()];
    let request = drill::Request { modes, sample: Some(2), ..Default::default() };
    let drilled = drill::run(&world.context(), &request).unwrap();
    let [checks] = drilled.checks.as_slice() else { panic!("{:?}", drilled.checks) };
    assert_eq!(checks.saw_nothing.as_deref(), Some(&["card_readable".to_owned()][..]));
    assert_eq!(
        (checks.saw[0].check.as_str(), checks.saw[0].caught, checks.saw[0].faults.len()),
        ("pages_possible", 4, 2)
    );
    assert!(drilled.unseen.is_empty() && drilled.missed.is_empty() && !drilled.caveats.is_empty());
    // A card that is wrong already: its check can find nothing new there.
    let small = drill::Request { sweep: vec!["create_miscounted_pages".into()], sizes: vec!["50".into()], ..request };
    let small = drill::Request { modes: Vec::new(), ..small };
    let missed = drill::run(&world.context(), &small).unwrap();
    assert_eq!((missed.unseen.len(), missed.missed.len()), (1, 2));
    assert_eq!((missed.missed[0].op, missed.missed[0].missed_by.as_slice()), (9, &["mfm".to_owned()][..]));
    assert_eq!(missed.matrix.totals[0].new_variant.low, None, "one variant says nothing about others");
}

#[test]
fn rules_judge_and_a_tool_of_another_domain_is_refused_by_name() {
    let world = toy();
    let rules = world.path("rules.toml");
    std::fs::write(&rules, "most_pages = 110\n").unwrap();
    let request = checks::Request { rules: Some(rules.clone()), ..checks::Request::default() };
    assert_eq!(checks::run(&world.context(), &request).unwrap().violations, 10);
    std::fs::write(&rules, "most_papes = 110\n").unwrap();
    assert_eq!(checks::run(&world.context(), &request).unwrap_err().code, "rules");
    let failure = world.apply(testutils::request_angles(1, "400")).unwrap_err();
    assert_eq!(failure.code, "other_domain");
    assert!(modes::run(Some("create_impossible_pages")).is_ok());
}

#[test]
fn its_tables_tell_what_a_database_is() {
    let world = toy();
    let file = world.path("both.db");
    let connection = rusqlite::Connection::open(&file).unwrap();
    let add = |domain: Option<&str>| {
        let (url, name) = (world.url("both.db"), Some("both".to_owned()));
        add::run(&world.context(), &add::Request { url, name, domain: domain.map(str::to_owned) })
    };
    assert_eq!(add(None).unwrap_err().code, "unknown_domain");
    connection
        .execute_batch("CREATE TABLE book(book_id INTEGER PRIMARY KEY); CREATE TABLE TxField(FLD_ID int)")
        .unwrap();
    assert_eq!(add(None).unwrap_err().code, "ambiguous_domain");
    assert_eq!(add(Some("libary")).unwrap_err().code, "domain");
    add(Some("library")).unwrap();
    let journal = world.context().open_journal().unwrap();
    assert_eq!(detect::registered_domain(&journal, "both").unwrap().card().id, "library");
    assert_eq!(detect::registered_domain(&journal, "toy").unwrap().card().id, "library");
}

#[test]
fn a_query_reads_documents_a_page_at_a_time() {
    let world = toy();
    let ask = |given: Json| {
        let (query, params) = (Some("list-cards".to_owned()), given.as_object().unwrap().clone());
        query::run(&world.context(), &query::Request { query, params, ..Default::default() }).map(|o| o.answer.unwrap())
    };
    let first = ask(json!({"limit": 12})).unwrap();
    assert_eq!((&first["items"][11], &first["next_cursor"]), (&json!({"card_id": 12, "book": 12}), &json!("12")));
    let rest = ask(json!({"limit": 12, "cursor": "12"})).unwrap();
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next_cursor"]), (8, &Json::Null));
    assert_eq!(ask(json!({"book_id": 7})).unwrap()["summary"], "1 of 1 cards");
    for wrong in [json!({"limit": 0}), json!({"cursor": "end"}), json!({"book": 1})] {
        assert_eq!(ask(wrong).unwrap_err().code, "query_parameters");
    }
}

#[test]
fn features_of_books_are_a_line_each() {
    let world = toy();
    let broken = "UPDATE Book SET pages = NULL WHERE book_id = 3";
    rusqlite::Connection::open(world.path("toy.db")).unwrap().execute(broken, []).unwrap();
    let run = |request: features::Request| {
        let mut out = Vec::new();
        let outcome = features::run(&world.context(), &request, &mut out);
        outcome.map(|outcome| (outcome.written.unwrap(), String::from_utf8(out).unwrap()))
    };
    let (written, text) = run(features::Request::default()).unwrap();
    assert_eq!((written.domain, written.records, written.count, written.features), ("library", "books", 20, 2));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..5], ["book_id,pages,is_thick,has_pages", "1,101,0,1", "2,102,0,1", "3,-1,0,0", "4,104,0,1"]);
    assert_eq!((lines[11], lines.len()), ("11,111,1,1", 21));
    let named = features::Request { id: Some(vec![20, 3, 99].into()), ..features::Request::default() };
    let (written, text) = run(named).unwrap();
    assert_eq!((written.missing, text.lines().skip(1).collect::<Vec<_>>()), (1, vec!["3,-1,0,0", "20,120,1,1"]));
    let recent = features::Request { since: Some("2024-01-01".into()), ..features::Request::default() };
    assert_eq!(run(recent).unwrap_err().code, "since", "books have no date");
    assert!(features::list_sets().sets.iter().any(|set| set.domain == "library" && set.flags.len() == 1));
}

#[test]
fn a_check_reads_documents_and_a_lost_table_is_no_pass() {
    let world = toy();
    let file = rusqlite::Connection::open(world.path("toy.db")).unwrap();
    let broken = "UPDATE IndexCard SET document = CASE card_id WHEN 3 THEN 'no json' ELSE '{\"book\": 5}' END";
    file.execute(&format!("{broken} WHERE card_id IN (3, 4, 5)"), []).unwrap();
    let cards = |outcome: &checks::Outcome| outcome.checks.iter().find(|check| check.id == "card_readable").cloned();
    let outcome = checks::run(&world.context(), &checks::Request::default()).unwrap();
    assert_eq!(cards(&outcome).unwrap().violations, 2, "card 5 is of book 5");
    assert_eq!(outcome.findings[0].message, "a card of nothing");
    file.execute_batch("ALTER TABLE IndexCard RENAME COLUMN document TO text").unwrap();
    let outcome = checks::run(&world.context(), &checks::Request::default()).unwrap();
    let lost = cards(&outcome).unwrap();
    assert_eq!((lost.status, lost.why.as_deref()), (Status::NotRun, Some("IndexCard has no column document")));
}

#[test]
fn files_are_imported_and_every_cell_is_proved() {
    let world = toy();
    let source = world.path("source");
    std::fs::create_dir(&source).unwrap();
    std::fs::write(source.join("books.txt"), "Emma\nPersuasion\n").unwrap();
    let (url, domain) = (world.url("imported.db"), Some("library".to_owned()));
    let request = lab::import::Request { source, url, domain, ..Default::default() };
    let outcome = lab::import::run(&world.context(), &request).unwrap();
    assert_eq!((outcome.made.rows, outcome.cells_proved), (2, 8));
}
