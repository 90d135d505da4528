//! `mfm campaign`: the same file makes the same faults, and only its own are taken back.

use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value as Json;

use crate::world::{World, text};

/// The example of the documentation.
const EXAMPLE: &str = include_str!("../../docs/campaign.toml");

fn with_campaign(text: &str) -> World {
    let world = World::empty();
    world.mfm(&["lab", "create", "sqlite:lab.db", "--patients", "30"]).assert().success();
    std::fs::write(world.path().join("c.toml"), text).unwrap();
    world
}

fn column(json: &Json, name: &str) -> Vec<Json> {
    json["steps"].as_array().unwrap().iter().map(|step| step[name].clone()).collect()
}

#[test]
fn a_campaign_is_committed_listed_and_taken_back_alone() {
    let world = with_campaign(EXAMPLE);
    let other = ["apply", "create_invalid_angles", "--variant", "collimator", "--sample", "1", "--seed", "5", "--yes"];
    world.json(&other);
    let planned = world.json(&["campaign", "plan", "c.toml"]);
    assert_eq!((&planned["schema"], &planned["standing"]), (&"mfm/campaign-plan/1".into(), &0.into()));
    let applied = world.json(&["campaign", "apply", "c.toml", "--yes"]);
    assert_eq!(column(&applied, "state"), ["applied", "applied", "applied"]);
    assert_eq!(column(&applied, "plan_digest"), column(&planned, "plan_digest"), "they touch different rows");
    let again = world.json(&["campaign", "apply", "c.toml"]);
    assert_eq!(column(&again, "state"), ["stands", "stands", "stands"], "nothing is left to ask for");
    // A remark does not make it another campaign.
    std::fs::write(world.path().join("c.toml"), format!("# a remark\n{EXAMPLE}")).unwrap();
    let listed = world.json(&["campaign", "list", "c.toml"]);
    assert_eq!((&listed["standing"], &listed["digest"]), (&3.into(), &applied["digest"]));
    let detail = world.json(&["show", &applied["steps"][0]["op"].to_string()]);
    assert_eq!(detail["detail"]["campaign"]["name"], "autumn audit");
    let reverted = world.json(&["campaign", "revert", "c.toml"]);
    let reverts: Vec<u64> =
        reverted["operations"].as_array().unwrap().iter().map(|line| line["reverts"].as_u64().unwrap()).collect();
    assert_eq!(reverts, [4, 3, 2], "newest first");
    assert_eq!(world.json(&["status"])["active"][0]["op"], 1, "another operation is left alone");
    let nothing = world.run(&["campaign", "revert", "c.toml"]);
    assert_eq!(text(&nothing.stdout), "no fault of campaign autumn audit is in effect on lab\n");
    let once_more = world.json(&["campaign", "apply", "c.toml", "--yes"]);
    assert_eq!(column(&once_more, "plan_digest"), column(&applied, "plan_digest"), "the same faults");
}

#[test]
fn the_same_file_makes_the_same_faults_on_the_same_data() {
    let digests = || {
        let world = with_campaign(EXAMPLE);
        column(&world.json(&["campaign", "apply", "c.toml", "--yes"]), "plan_digest")
    };
    assert_eq!(digests(), digests());
}

#[test]
fn a_gap_is_not_filled() {
    let world = with_campaign(EXAMPLE);
    world.json(&["campaign", "apply", "c.toml", "--yes"]);
    world.json(&["revert", "2"]);
    let refused = world.run(&["campaign", "apply", "c.toml", "--yes"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(text(&refused.stderr).contains("fault 3 of the campaign is in effect, but an earlier one is not"));
    assert_eq!(world.json(&["campaign", "revert", "c.toml"])["operations"].as_array().unwrap().len(), 2);
}

#[test]
fn a_mistake_in_the_last_fault_is_known_before_the_first_is_committed() {
    let world = with_campaign(&EXAMPLE.replace("fld_id = \"5015\"", "fld_id = \"1\""));
    let refused = world.run(&["campaign", "apply", "c.toml", "--yes"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(text(&refused.stderr).contains("fault 3 of the campaign, delete_control_points: "));
    assert_eq!(world.json(&["log"])["operations"], Json::Array(Vec::new()));
    let world = with_campaign(&EXAMPLE.replace("count", "cuont"));
    let refused = world.run(&["campaign", "plan", "c.toml"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("unknown field `cuont`"));
}

#[test]
fn a_fault_that_meets_another_is_planned_anew_and_asked_for_again() {
    let text = "version = 1\nname = \"meeting\"\nseed = 3\nnow = \"2024-06-29T12:00:00\"\n\
                [[fault]]\ntool = \"delete_control_points\"\nvariant = \"all_deleted\"\nall = true\nmax_rows = 100000\n\
                select = { machine = \"101\" }\n\
                [[fault]]\ntool = \"create_invalid_angles\"\nvariant = \"gantry\"\nall = true\nmax_rows = 100000\n";
    let world = with_campaign(text);
    let planned = world.json(&["campaign", "plan", "c.toml"]);
    assert_eq!(column(&planned, "meets"), [Json::Null, 1.into()]);
    let page = text_of(&world, &["campaign", "plan", "c.toml"]);
    assert!(page.contains("fault 2 changes the same rows as fault 1: apply plans it again"), "{page}");
    let applied = world.json(&["campaign", "apply", "c.toml", "--yes"]);
    let (before, after) = (&planned["steps"][1], &applied["steps"][1]);
    assert_eq!(after["rows_planned"], before["rows"]);
    assert!(after["rows"].as_u64() < before["rows"].as_u64(), "{after}");
    assert_ne!(after["plan_digest"], before["plan_digest"]);
    assert_eq!(applied["steps"][0]["rows_planned"], Json::Null);
    let show = text_of(&world, &["show", "2"]);
    assert!(show.contains("meeting, fault 2"), "{show}");
    assert_eq!(world.json(&["campaign", "revert", "c.toml"])["operations"].as_array().unwrap().len(), 2);
}

fn text_of(world: &World, words: &[&str]) -> String {
    text(&world.run(words).stdout).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn an_edited_file_does_not_hide_what_stands() {
    let world = with_campaign(EXAMPLE);
    world.json(&["campaign", "apply", "c.toml", "--yes"]);
    std::fs::write(world.path().join("c.toml"), EXAMPLE.replace("seed = 7", "seed = 8")).unwrap();
    let listed = world.json(&["campaign", "list", "c.toml"]);
    assert_eq!((&listed["standing"], &listed["others"][0]["operations"]), (&0.into(), &serde_json::json!([1, 2, 3])));
    let page = text_of(&world, &["campaign", "list", "c.toml"]);
    assert!(page.contains("3 faults of another file with this name in effect (digest"), "{page}");
    let refused = world.run(&["campaign", "revert", "c.toml"]);
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(3), "{said}");
    assert!(said.contains("no fault of this file is in effect on lab") && said.contains("mfm revert 3 2 1"), "{said}");
}

/// Many faults, so that a campaign can be killed among them.
fn long() -> String {
    let fault = "[[fault]]\ntool = \"create_invalid_angles\"\nvariant = \"gantry\"\ncount = 1\n\
                 select = { type = \"vmat\" }\n";
    format!("version = 1\nname = \"long\"\nseed = 3\nnow = \"2024-06-29T12:00:00\"\n{}", fault.repeat(12))
}

#[test]
fn a_killed_campaign_goes_on_where_it_stopped() {
    let whole = with_campaign(&long());
    let expected = whole.json(&["campaign", "apply", "c.toml", "--yes"]);
    let world = with_campaign(&long());
    let mut child = world
        .process(&["campaign", "apply", "c.toml", "--yes"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while world.json(&["log"])["operations"].as_array().unwrap().len() < 3 {
        sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let left = world.json(&["campaign", "list", "c.toml"]);
    assert!(left["standing"].as_u64().unwrap() >= 2, "{left}");
    world.mfm(&["recover"]).assert().success();
    let done = world.json(&["campaign", "apply", "c.toml", "--yes"]);
    assert_eq!(column(&done, "plan_digest"), column(&expected, "plan_digest"), "as if nothing had happened");
    let reverted = world.json(&["campaign", "revert", "c.toml"]);
    assert_eq!(reverted["operations"].as_array().unwrap().len(), 12);
    let audit = world.json(&["audit", "verify", "--depth", "live", "--full"]);
    assert_eq!(audit["ok"], true, "{audit}");
}

#[test]
fn the_schema_is_the_one_in_the_documentation() {
    let kept = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/campaign.schema.json");
    let schema = text(&World::empty().run(&["campaign", "schema"]).stdout);
    if std::env::var_os("MFM_BLESS").is_some() {
        std::fs::write(&kept, &schema).unwrap();
    }
    assert_eq!(std::fs::read_to_string(kept).unwrap(), schema);
    let schema: Json = serde_json::from_str(&schema).unwrap();
    assert_eq!(schema["additionalProperties"], false);
}
