//! `mfm features`: its output, its file, its list, and the databases that it takes.

use serde_json::{Value as Json, json};

use crate::world::{World, text};

fn code(world: &World, words: &[&str]) -> (String, Option<i32>) {
    let output = world.run(&[&["features", "--json"], words].concat());
    let last = text(&output.stderr).lines().last().unwrap_or_default().to_owned();
    let error: Json = serde_json::from_str(&last).unwrap();
    (error["code"].as_str().unwrap().to_owned(), output.status.code())
}

#[test]
fn features_go_to_stdout_or_to_a_file() {
    let world = World::with_lab();
    let printed = world.run(&["features", "--now", "2024-06-29"]);
    assert_eq!((printed.status.code(), text(&printed.stderr)), (Some(0), String::new()));
    let csv = text(&printed.stdout);
    let written = world.json(&["features", "--now", "2024-06-29", "-o", "features.csv"]);
    assert_eq!(std::fs::read_to_string(world.path().join("features.csv")).unwrap(), csv);
    assert_eq!(written["schema"], "mfm/features/1");
    assert_eq!(written["count"], csv.lines().count() - 1);
    assert_eq!(
        (&written["target"], &written["domain"], &written["left_out"]),
        (&json!("lab"), &json!("mosaiq"), &json!(0))
    );
    assert_eq!(written["head"]["seq"], world.json(&["audit", "verify"])["head"]["seq"]);
    assert_eq!(
        (&written["features"], &written["flags"], &written["now"]),
        (&json!(74), &json!(10), &json!("2024-06-29T00:00:00"))
    );
    // Earlier features are replaced, and nothing else is.
    let few = world.json(&["features", "--id", "1-1000000000", "--since", "2024-06-28", "-o", "features.csv"]);
    assert!(few["count"].as_u64() < written["count"].as_u64(), "{few}");
    std::fs::write(world.path().join("notes.txt"), "TTX_ID\n").unwrap();
    assert_eq!(code(&world, &["-o", "notes.txt"]), ("features_file".into(), Some(2)));
    for protected in ["journal.db", "lab.db", "lab.db-wal"] {
        assert_eq!(code(&world, &["-o", protected]), ("protected_file".into(), Some(3)), "{protected}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(world.path().join("features.csv")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "they are of patients");
    }
}

#[test]
fn a_database_need_be_neither_marked_nor_registered() {
    let world = World::with_lab();
    let of_lab = world.run(&["features", "--now", "2024-06-29"]).stdout;
    std::fs::copy(world.path().join("lab.db"), world.path().join("other.db")).unwrap();
    let elsewhere = ["features", "--now", "2024-06-29", "--target", "sqlite:other.db"];
    assert!(world.run(&elsewhere).stdout == of_lab, "another database gives other features");
    let nobody = World::empty();
    std::fs::copy(world.path().join("lab.db"), nobody.path().join("other.db")).unwrap();
    let output = nobody.json(&[&elsewhere[..], &["-o", "out.csv"]].concat());
    assert_eq!((&output["journal"], &output["head"]), (&Json::Null, &Json::Null));
    assert!(output["target"].as_str().unwrap().ends_with("other.db"), "{output}");
    let mut names: Vec<_> = std::fs::read_dir(nobody.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["other.db", "out.csv"], "nothing but the file is left");
    assert_eq!(code(&nobody, &[]), ("journal_missing".into(), Some(5)));
    assert_eq!(code(&nobody, &["--target", "sqlite:nothing.db"]).0, "target_absent");
    assert_eq!(code(&world, &["--target", "nothing"]).0, "no_target");
}

#[test]
fn what_is_asked_for_wrongly_is_said() {
    let world = World::with_lab();
    assert_eq!(code(&world, &["--since", "28.6.2024"]), ("since".into(), Some(2)));
    assert_eq!(code(&world, &["--now", "noon"]), ("now".into(), Some(2)));
    assert_eq!(world.run(&["features", "--id", "7-5"]).status.code(), Some(2));
    world.mfm(&["lab", "create", "sqlite:run.db", "--domain", "recordings", "--frames", "10"]).assert().success();
    assert_eq!(code(&world, &["--target", "run"]), ("no_features".into(), Some(3)));
    let noted = world.run(&["features", "--target", "lab", "--id", "999999999"]);
    assert_eq!(text(&noted.stdout).lines().count(), 1, "the line of heads alone");
    assert_eq!(text(&noted.stderr), "note: ids that none of the deliveries has: 1\n");
}

#[test]
fn the_list_says_unit_formula_and_sentinel_of_each() {
    let world = World::empty();
    let listed = world.json(&["features", "--list"]);
    let set = &listed["sets"][0];
    assert_eq!((&set["domain"], &set["record"], &set["key"]), (&json!("mosaiq"), &json!("delivery"), &json!("TTX_ID")));
    assert_eq!((set["features"].as_array().unwrap().len(), set["flags"].as_array().unwrap().len()), (74, 10));
    let gap = set["features"].as_array().unwrap().iter().find(|card| card["name"] == "min_gap").unwrap();
    assert_eq!((&gap["unit"], &gap["group"], &gap["sentinel"]), (&json!("cm"), &json!("mlc"), &json!(-999.0)));
    let shown = text(&world.run(&["features", "--list"]).stdout);
    assert!(shown.starts_with("mosaiq: 74 features of a delivery, 10 flags\n"), "{shown}");
    let plain = text(&world.run(&["features", "--list", "--format", "plain"]).stdout);
    assert_eq!(plain.lines().count(), 85);
    assert!(plain.contains("mosaiq\toffsets\tvector_extreme\t0/1\t\toffset_vector_magnitude > 15\n"), "{plain}");
}
