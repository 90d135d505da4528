//! `mfm drill` with the weak script of the documentation: what its rules see, what they forget, and from which size on.

use std::path::Path;

use serde_json::{Value as Json, json};

use crate::check_reports::assert_legible;
use crate::drill::{counts, drill};
use crate::world::{World, text};

/// The modes of the example.
const MODES: &str = "plausible-geometry,plausible-prescription,plausible-offsets";

/// The variants that the script sees, each with how many of two records.
const SEEN: [(&str, u64); 8] = [
    ("dose_per_fraction", 2),
    ("field_dose", 2),
    ("field_meterset", 2),
    ("couch_off", 2),
    ("couch_turned", 2),
    ("skin_distance", 2),
    ("millimetres_as_centimetres", 2),
    ("shift_off", 2),
];

/// Each rule of the script, with the fault whose size its limit is about.
const SWEPT: [(&str, &str); 6] = [
    ("couch_position", "create_plausible_geometry:couch_off"),
    ("couch_angle", "create_plausible_geometry:couch_turned"),
    ("fraction_dose", "create_plausible_prescription:dose_per_fraction"),
    ("meterset", "create_plausible_prescription:field_meterset"),
    ("skin_distance", "create_plausible_geometry:skin_distance"),
    ("shift", "create_plausible_offsets:shift_off"),
];

fn script() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/weak_qa.py").display().to_string()
}

/// Returns the limit of a rule, as the script's source has it.
fn read_limit(rule: &str) -> f64 {
    let source = std::fs::read_to_string(script()).unwrap();
    let after = source.split_once(&format!("\"{rule}\": ")).unwrap().1;
    after.split_once(',').unwrap().0.parse().unwrap()
}

#[test]
#[ignore = "needs python3"]
fn python_shows_the_blind_spots_of_the_weak_script_exactly() {
    let world = World::with_lab();
    let script = script();
    let command = ["--command-only", "--judge", "json", "--", "python3", script.as_str(), "{path}"];
    let (code, json) = drill(&world, &[&["--modes", MODES, "--sample", "2"], &command[..]].concat());
    assert_eq!((code, &json["exact"]), (Some(1), &true.into()));
    let found = counts(&json, "weak_qa.py");
    assert_eq!(found.len(), 30);
    for (variant, [caught, missed, alarms, unknown]) in &found {
        let expected = SEEN.iter().find(|(word, _)| word == variant).map_or(0, |(_, hits)| *hits);
        assert_eq!((*caught, *alarms, *unknown), (expected, 0, 0), "{variant}");
        assert!(*missed > 0 || expected == 2, "{variant}");
    }
    assert_eq!(json["checks"][0]["saw_nothing"], json!([]), "each of its rules saw something");
    assert_eq!(json["unseen"].as_array().unwrap().len(), 30 - SEEN.len(), "{}", json["unseen"]);
    let covered = json["coverage"].as_array().unwrap();
    let seen: u64 = covered.iter().map(|line| line["drill"]["caught"].as_u64().unwrap()).sum();
    assert!(seen > 0 && covered.iter().all(|line| line["drill"]["tried"].as_u64() > Some(0)), "{covered:?}");
}

#[test]
#[ignore = "needs python3"]
fn python_sweeps_find_the_limits_of_the_weak_script() {
    let world = World::with_lab();
    let script = script();
    let swept: Vec<&str> = SWEPT.iter().map(|(_, fault)| *fault).collect();
    let swept = swept.join(",");
    let words =
        ["--sweep", &swept, "--jobs", "2", "--command-only", "--judge", "json", "--", "python3", &script, "{path}"];
    let (_, json) = drill(&world, &words);
    assert_eq!(json["exact"], true, "{json}");
    let curves = json["sweeps"].as_array().unwrap();
    for (rule, fault) in SWEPT {
        let is_own = |curve: &&Json| fault.ends_with(curve["variant"].as_str().unwrap());
        let curve = curves.iter().find(is_own).unwrap();
        let (limit, found) = (read_limit(rule), curve["threshold"]["size"].as_f64().unwrap());
        println!("{rule}: its source says {limit}, the sweep {found}");
        assert!((found / limit - 1.0).abs() < 0.05, "{rule}: {limit}, found {found}: {curve}");
    }
}

/// A drill of several detectors, with what is to be mended and the published failures; and a sweep with its curves.
#[test]
#[ignore = "needs node, Chromium, playwright-core and axe-core, and python3"]
fn a_browser_shows_a_drill_to_everybody() {
    let world = World::with_lab();
    let script = script();
    let detector = format!("weak=python3 '{script}' {{path}}");
    let none = "none=echo '{\"findings\": [], \"checks\": [\"a_check_that_sees_nothing\"]}'";
    let scopes = [
        &["--modes", "plausible-geometry,plausible-prescription", "--sample", "1", "--detector", none][..],
        &["--sweep", "plausible-geometry:couch-off", "--command-only"],
    ];
    for (name, scope) in ["drill.html", "sweep.html"].into_iter().zip(scopes) {
        let same = ["drill", "--seed", "1", "--yes", "--judge", "json", "--as", "html", "--detector", &detector];
        let output = world.run(&[&same[..], scope].concat());
        let page = text(&output.stdout);
        assert!(page.contains("weak"), "{page}{}", text(&output.stderr));
        std::fs::write(world.path().join(name), page).unwrap();
        assert_legible(&world.path().join(name));
    }
}
