//! Completion of values, asked as the scripts of the shells ask.

use crate::world::{World, text};

/// Returns what a shell is offered for the last word of a line.
fn offered(world: &World, shell: &str, line: &str) -> Vec<String> {
    let words: Vec<&str> = line.split(' ').collect();
    let mut command = world.mfm(&[&["--"], words.as_slice()].concat());
    command.env("MFM_COMPLETE", shell).env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string());
    command.env("_CLAP_IFS", "\n");
    let output = command.output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{line}");
    text(&output.stdout).lines().map(str::to_owned).collect()
}

fn world() -> World {
    let world = World::with_lab();
    let apply = |tool: &str, variant: &str| {
        world.json(&["apply", tool, "--variant", variant, "--sample", "1", "--seed", "1", "--yes"]);
    };
    apply("create_invalid_angles", "gantry");
    apply("create_invalid_angles", "collimator");
    world.json(&["revert", "2"]);
    world.json(&["lab", "create", "sqlite:second.db", "--patients", "20"]);
    world
}

#[test]
fn values_of_the_journal() {
    let world = world();
    for (line, expected) in [
        ("mfm show ", vec!["3", "2", "1"]),
        ("mfm show 2", vec!["2"]),
        ("mfm show x", vec![]),
        ("mfm audit export --op ", vec!["3", "2", "1"]),
        ("mfm log --before ", vec!["3", "2", "1"]),
        ("mfm revert ", vec!["1"]),
        ("mfm recover --op ", vec![]),
        ("mfm --target ", vec!["lab", "second"]),
        ("mfm check --target s", vec!["second"]),
        ("mfm check --target=s", vec!["--target=second"]),
        ("mfm check --target = s", vec!["second"]),
        ("mfm target show ", vec!["lab", "second"]),
        ("mfm target mark se", vec!["second"]),
    ] {
        assert_eq!(offered(&world, "bash", line), expected, "{line}");
    }
    world.json(&["revert", "3"]);
    assert_eq!(offered(&world, "bash", "mfm revert "), ["4", "1"], "what is in effect now");
    assert_eq!(offered(&world, "bash", "mfm revert 4 "), ["1"], "what is not yet on the line");
}

#[test]
fn words_of_the_program() {
    let world = World::empty();
    for (line, expected) in [
        ("mfm au", vec!["audit"]),
        ("mfm audit ", vec!["verify", "export"]),
        ("mfm modes create_in", vec!["create_invalid_angles", "create_inverted_approval"]),
        ("mfm apply create_inva", vec!["create_invalid_angles"]),
        ("mfm apply create_invalid_angles --variant ", vec!["gantry", "collimator", "both"]),
        ("mfm plan delete_control_points --variant m", vec!["multiple_gaps"]),
        ("mfm find field --eligible create_inva", vec!["create_invalid_angles"]),
        ("mfm find field --eligible create_invalid_angles --variant c", vec!["collimator"]),
        ("mfm plan create_orphaned_record --record-type T", vec!["TrackTreatment", "TxFieldPoint"]),
        (
            "mfm check --only offset_",
            vec![
                "offset_size",
                "offset_codes",
                "offset_future",
                "offset_time",
                "offset_action_limit",
                "offset_visit",
                "offset_usual",
            ],
        ),
        ("mfm check --only angle_range,null_f", vec!["angle_range,null_field"]),
        ("mfm help exit", vec!["exit-codes"]),
        ("mfm log --li", vec!["--limit"]),
        ("mfm log --format j", vec!["json"]),
        ("mfm completions z", vec!["zsh"]),
    ] {
        assert_eq!(offered(&world, "bash", line), expected, "{line}");
    }
    let bare = offered(&world, "bash", "mfm ");
    assert!(bare.iter().any(|word| word == "apply") && !bare.iter().any(|word| word.starts_with('-')), "{bare:?}");
    let verify = offered(&world, "bash", "mfm audit verify ");
    assert!(
        verify.iter().any(|word| word == "--depth") && !verify.iter().any(|word| word == "--journal"),
        "{verify:?}"
    );
    assert!(offered(&world, "bash", "mfm audit verify --").iter().any(|word| word == "--journal"));
}

#[test]
fn shells_that_show_descriptions_get_them() {
    let world = world();
    let newest = "create_invalid_angles gantry on lab, active";
    assert_eq!(offered(&world, "fish", "mfm show 1"), [format!("1\t{newest}")]);
    assert_eq!(offered(&world, "zsh", "mfm show 1"), [format!("1:{newest}")]);
    assert_eq!(offered(&world, "powershell", "mfm show 1"), [format!("1\t{newest}")]);
    assert_eq!(offered(&world, "elvish", "mfm show 1"), ["1"]);
    assert_eq!(offered(&world, "fish", "mfm show 3"), ["3\trevert of 2, create_invalid_angles on lab, applied"]);
    let target = offered(&world, "zsh", "mfm --target la");
    assert!(target[0].starts_with("lab:sqlite:") && target[0].ends_with("lab.db"), "{target:?}");
}

#[test]
fn the_journal_on_the_line_is_the_one_that_is_asked() {
    let world = world();
    assert_eq!(offered(&world, "bash", "mfm --journal nowhere.db show "), [""; 0]);
    std::fs::create_dir(world.path().join("other")).unwrap();
    std::fs::copy(world.path().join("journal.db"), world.path().join("other/j.db")).unwrap();
    std::fs::write(world.path().join("journal.db"), "no journal").unwrap();
    assert_eq!(offered(&world, "bash", "mfm show "), [""; 0], "a broken journal offers nothing, and says nothing");
    for line in ["mfm --journal other/j.db show ", "mfm show --journal = ~/other/j.db "] {
        assert_eq!(offered(&world, "bash", line), ["3", "2", "1"], "{line}");
    }
    assert!(!world.path().join("nowhere.db").exists());
    world.configure("journal = 5");
    assert_eq!(offered(&world, "bash", "mfm show "), [""; 0], "nor does a broken configuration");
}

#[test]
fn a_variable_that_was_left_over_changes_nothing() {
    let world = World::empty();
    for shell in ["bash", "tcsh", "0"] {
        let output = world.mfm(&["modes"]).env("MFM_COMPLETE", shell).output().unwrap();
        assert!(text(&output.stdout).starts_with("16 modes"), "{shell}");
    }
    let script = text(&world.mfm(&[]).env("MFM_COMPLETE", "/usr/bin/fish").output().unwrap().stdout);
    assert_eq!(script, text(&world.run(&["completions", "fish"]).stdout));
}
