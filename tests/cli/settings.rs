//! Flags win over the environment, that over the project's file, and that over the user's.

use crate::world::{World, own, text};

/// Returns the journal that a command looked for and did not find.
fn looked_for(world: &World, words: &[&str], variable: Option<&str>) -> String {
    let mut command = world.mfm(&[words, &["log", "--json"]].concat());
    command.env_remove("MFM_JOURNAL");
    variable.map(|path| command.env("MFM_JOURNAL", path));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", text(&output.stderr));
    let error: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    let place = world.path().canonicalize().unwrap();
    let message = error["message"].as_str().unwrap().to_owned();
    message
        .replace(&format!("{}/", place.display()), "")
        .replace("open the journal ", "")
        .split(':')
        .next()
        .unwrap()
        .to_owned()
}

#[test]
fn where_the_journal_is() {
    let world = World::empty();
    assert_eq!(looked_for(&world, &[], None), ".local/state/mfm/journal.db");
    let user = world.path().join(".config/mfm");
    std::fs::create_dir_all(&user).unwrap();
    std::fs::write(user.join("config.toml"), "journal = 'user.db'\n").unwrap();
    assert_eq!(looked_for(&world, &[], None), ".config/mfm/user.db");
    world.configure("journal = 'project.db'\n");
    assert_eq!(looked_for(&world, &[], None), "project.db");
    assert_eq!(looked_for(&world, &[], Some("env.db")), "env.db");
    assert_eq!(looked_for(&world, &["--journal", "flag.db"], Some("env.db")), "flag.db");
}

#[test]
fn the_nearest_journal_upward() {
    let world = World::with_lab();
    std::fs::create_dir_all(world.path().join(".mfm")).unwrap();
    std::fs::rename(world.path().join("journal.db"), world.path().join(".mfm/journal.db")).unwrap();
    own(&world.path().join(".mfm"), 0o755);
    own(&world.path().join(".mfm/journal.db"), 0o644);
    let below = world.path().join("a/b");
    std::fs::create_dir_all(&below).unwrap();
    let output =
        world.mfm(&["target", "list", "--json"]).env_remove("MFM_JOURNAL").current_dir(below).output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["targets"][0]["name"], "lab");
}

#[test]
fn format_and_actor() {
    let world = World::with_lab();
    let starts = |format: Option<&str>, words: &[&str]| {
        let mut command = world.mfm(&[&["log"], words].concat());
        format.map(|word| command.env("MFM_FORMAT", word));
        text(&command.output().unwrap().stdout).chars().next().unwrap()
    };
    assert_eq!(starts(None, &[]), '0');
    world.configure("format = 'json'\nactor = 'project'\n");
    assert_eq!(starts(None, &[]), '{');
    assert_eq!(starts(Some("plain"), &[]), 'o');
    assert_eq!(starts(Some("plain"), &["--json"]), '{');
    let actor = |variable: Option<&str>, words: &[&str]| {
        let apply = ["apply", "create_invalid_angles", "--variant", "gantry", "--sample", "1", "--yes", "--seed", "1"];
        let mut command = world.mfm(&[&apply[..], words].concat());
        command.env_remove("MFM_ACTOR");
        variable.map(|name| command.env("MFM_ACTOR", name));
        command.assert().success();
        world.mfm(&["revert", "--last"]).assert().success();
        world.json(&["log", "-n", "2"])["operations"][1]["actor"].as_str().unwrap().to_owned()
    };
    assert_eq!(actor(None, &[]), "project");
    assert_eq!(actor(Some("env"), &[]), "env");
    assert_eq!(actor(Some("env"), &["--actor", "flag"]), "flag");
}

#[test]
fn a_target_in_a_file_is_a_path_beside_it_or_a_url_as_it_stands() {
    let world = World::with_lab();
    let below = world.path().join("below");
    std::fs::create_dir_all(&below).unwrap();
    let shown = |target: &str| {
        world.configure(format!("target = '{target}'\n"));
        let mut command = world.mfm(&["log", "--json"]);
        command.env("MFM_JOURNAL", world.path().join("journal.db")).current_dir(&below).output().unwrap()
    };
    assert!(shown("sqlite:lab.db").status.success());
    let output = shown("mssql://somebody@dbtest:1433/Copy?encrypt=strict");
    assert_eq!(output.status.code(), Some(3));
    let error: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["code"], "no_target");
    assert!(
        error["hint"].as_str().unwrap().contains("add 'mssql://somebody@dbtest:1433/Copy?encrypt=strict'"),
        "{error}"
    );
}

#[test]
fn a_wrong_file_or_variable_is_a_usage_error() {
    let world = World::empty();
    world.configure("jurnal = 'x'\n");
    let output = world.run(&["modes"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("mfm.toml"), "{}", text(&output.stderr));
    std::fs::remove_file(world.path().join("mfm.toml")).unwrap();
    let output = world.mfm(&["modes"]).env("MFM_FORMAT", "xml").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    world.mfm(&["modes"]).env("MFM_FORMAT", "").assert().success();
}
