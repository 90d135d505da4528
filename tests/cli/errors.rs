//! Mistakes and refusals: what people and programs are told, and the exit codes.

use insta::assert_snapshot;

use crate::world::{World, text};

#[test]
fn letters_in_a_range() {
    assert_snapshot!(World::empty().shown(&["apply", "create_invalid_angles", "--fld-id", "5-x"]), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error: invalid value '5-x' for '--fld-id <IDS>': `5-x` is not a list of ids: write numbers and ranges such as 5-9,12, the smaller number first

    For more information, try '--help'.
    ");
}

#[test]
fn not_a_number() {
    let words = ["apply", "create_invalid_angles", "--fld-id", "5", "--angle-type", "gantry", "--invalid-value", "NaN"];
    assert_snapshot!(World::empty().shown(&words), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error: invalid value 'NaN' for '--invalid-value <DEGREES>': `NaN` is not a decimal number

    For more information, try '--help'.
    ");
}

#[test]
fn an_unknown_mode() {
    assert_snapshot!(World::empty().shown(&["modes", "create_havoc"]), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error: there is no mode or tool `create_havoc`

    hint: `mfm modes` lists them
    ");
    assert_snapshot!(World::empty().shown(&["apply", "create_havoc"]), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error: unrecognized subcommand 'create_havoc'

      tip: some similar subcommands exist: 'create_plausible_versions', 'create_plausible_geometry', 'create_plausible_offsets', 'create_unconverged_solver', 'create_lost_frames', 'create_torn_states', 'create_wrong_percentage', 'create_inverted_approval', 'create_exchanged_figures', 'create_moved_test', 'create_swapped_bodies', 'create_split_vendor', 'create_sunk_contact', 'create_changed_unit', 'create_orphaned_record', 'create_vanished_record'

    Usage: mfm apply [OPTIONS] [TOOL]

    For more information, try '--help'.
    ");
}

#[test]
fn a_usage_error_for_programs() {
    assert_snapshot!(World::empty().shown(&["apply", "create_havoc", "--json"]), @r#"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    {"schema":"mfm/error/1","code":"usage","kind":"usage","message":"unrecognized subcommand 'create_havoc'","hint":"some similar subcommands exist: 'create_plausible_versions', 'create_plausible_geometry', 'create_plausible_offsets', 'create_unconverged_solver', 'create_lost_frames', 'create_torn_states', 'create_wrong_percentage', 'create_inverted_approval', 'create_exchanged_figures', 'create_moved_test', 'create_swapped_bodies', 'create_split_vendor', 'create_sunk_contact', 'create_changed_unit', 'create_orphaned_record', 'create_vanished_record'","next":[{"step":"say","text":"some similar subcommands exist: 'create_plausible_versions', 'create_plausible_geometry', 'create_plausible_offsets', 'create_unconverged_solver', 'create_lost_frames', 'create_torn_states', 'create_wrong_percentage', 'create_inverted_approval', 'create_exchanged_figures', 'create_moved_test', 'create_swapped_bodies', 'create_split_vendor', 'create_sunk_contact', 'create_changed_unit', 'create_orphaned_record', 'create_vanished_record'"}]}
    "#);
    assert_snapshot!(World::empty().shown(&["--format=json", "log", "--limit", "x"]), @r#"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    {"schema":"mfm/error/1","code":"usage","kind":"usage","message":"invalid value 'x' for '--limit <N>': write a whole number","hint":"--help lists the arguments","next":[{"step":"say","text":"--help lists the arguments"}]}
    "#);
}

#[test]
fn neither_tool_nor_plan_file() {
    assert_snapshot!(World::empty().shown(&["apply", "--dry-run"]), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error: which fault? name a tool of `mfm modes`, or a plan file with --plan FILE
    ");
}

#[test]
fn no_journal() {
    assert_snapshot!(World::empty().shown(&["status"]), @r"
    exit code: 5
    ----- stdout -----
    ----- stderr -----
    error: open the journal journal.db: there is no such file

    hint: `mfm lab create sqlite:lab.db` makes one, and a lab; `mfm target add URL` makes one too; --journal FILE names another
    ");
}

#[test]
fn what_a_beginner_leaves_out_is_said_in_plain_words() {
    let world = World::with_lab();
    assert_snapshot!(world.shown(&["revert"]), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error: it is unclear which operations to revert

    hint: give numbers, --last or --all
    ");
    assert_snapshot!(world.shown(&["show", "one"]), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error: invalid value 'one' for '<OP>': write a whole number

    For more information, try '--help'.
    ");
    let unregistered = world.run(&["check", "--target", "sqlite:copy.db"]);
    let said = text(&unregistered.stderr);
    assert!(said.contains("`mfm target add sqlite:copy.db` registers one"), "{said}");
    let log = text(&world.run(&["log"]).stdout);
    assert!(log.starts_with("0 operations in ") && log.contains("next: mfm modes "), "{log}");
}

#[test]
fn a_file_or_folder_that_is_not_right_is_said_to_be() {
    let world = World::with_lab();
    world.json(&["audit", "export", "-o", "audit.jsonl"]);
    std::fs::write(world.path().join("other.json"), "{\"schema\":\"mfm/status/1\"}").unwrap();
    for (words, said) in [
        (
            ["apply", "--plan", "audit.jsonl"],
            "could not read the plan file audit.jsonl: it is not a plan file: trailing",
        ),
        (["apply", "--plan", "other.json"], "could not read the plan file other.json: its schema is `mfm/status/1`"),
        (["lab", "create", "sqlite:no/folder/lab.db"], "lab.db: its folder does not exist"),
    ] {
        let output = world.run(&words);
        assert!(text(&output.stderr).contains(said), "{}", text(&output.stderr));
    }
}

#[test]
fn show_says_parameters_as_people_write_them() {
    let world = World::with_lab();
    let angles = ["--fld-id", "5002", "--angle-type", "gantry", "--invalid-value", "400", "--yes"];
    world.json(&[&["apply", "create_invalid_angles"], &angles[..]].concat());
    world.json(&[
        "apply",
        "delete_control_points",
        "--variant",
        "single_gap",
        "--fld-id",
        "5003",
        "--seed",
        "1",
        "--yes",
    ]);
    let page = |op: &str| text(&world.run(&["show", op]).stdout);
    let given = page("1");
    assert!(given.contains("parameters   angle_type gantry, invalid_value 400\n"), "{given}");
    assert!(!given.contains("proposed") && !given.contains("carried by"), "{given}");
    assert!(page("2").contains("\nproposed     points_to_delete ["), "{}", page("2"));
    world.json(&["revert", "1"]);
    world.json(&["revert", "3"]);
    assert!(page("1").contains("\ncarried by   4\n"), "{}", page("1"));
}

#[test]
fn an_unknown_variant() {
    let world = World::with_lab();
    let words = ["apply", "create_invalid_angles", "--variant", "couch", "--sample", "1"];
    assert_snapshot!(world.shown(&words), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error: create_invalid_angles has no variant `couch`

    hint: its variants: gantry, collimator, both
    ");
}

#[test]
fn what_is_missing_can_be_proposed_and_the_tool_is_named() {
    let world = World::with_lab();
    assert_snapshot!(world.shown(&["plan", "create_invalid_angles", "--fld-id", "5002"]), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error: angle_type is missing: one of gantry, collimator, both

    hint: --variant gantry proposes the missing ones; `mfm modes create_invalid_angles` shows the parameters
    ");
    let ineligible = world.run(&["plan", "corrupt_mlc_data", "--variant", "odd_bytes", "--fld-id", "5001"]);
    assert!(text(&ineligible.stderr).contains("`mfm modes corrupt_mlc_data` lists"), "{}", text(&ineligible.stderr));
}

#[test]
fn an_old_clock_is_to_be_given_to_the_checks_too() {
    let world = World::with_lab();
    let next = |tool: &str, now: &str| {
        world.json(
            &["plan", tool, "--sample", "1", "--seed", "1", "--now", now, "--variant"]
                .into_iter()
                .chain([if tool == "create_invalid_angles" { "gantry" } else { "edit_before_create" }])
                .collect::<Vec<_>>(),
        )["next"]
            .clone()
    };
    let now = "2020-01-01T00:00:00";
    let said = serde_json::json!([
        {"step": "look", "at": "check", "now": now, "text": "judges it by the same clock"}
    ]);
    assert_eq!(next("create_timestamp_inconsistency", "2020-01-01"), said);
    assert_eq!(next("create_timestamp_inconsistency", "2999-01-01"), serde_json::json!(null));
    assert_eq!(next("create_invalid_angles", "2020-01-01"), serde_json::json!(null));
    let words = ["plan", "create_timestamp_inconsistency", "--sample", "1", "--seed", "1", "--now", "2020-01-01"];
    let page = text(&world.run(&[&words[..], &["--variant", "edit_before_create"]].concat()).stdout);
    assert!(page.contains("`mfm check --now 2020-01-01T00:00:00` judges it by the same clock"), "{page}");
}

#[test]
fn several_refusals() {
    let world = World::with_lab();
    let apply = ["apply", "create_invalid_angles", "--variant", "gantry", "--sample", "1", "--seed", "1"];
    assert_snapshot!(world.shown(&apply), @r"
    exit code: 3
    ----- stdout -----
    ----- stderr -----
    error: no consent: there is no terminal to ask at

    hint: --yes consents in scripts; --dry-run shows what would be done
    ");
    assert_snapshot!(world.shown(&[&apply[..], &["--json"]].concat()), @r#"
    exit code: 3
    ----- stdout -----
    ----- stderr -----
    {"schema":"mfm/error/1","code":"no_consent","kind":"refused","message":"no consent: there is no terminal to ask at","hint":"--yes consents in scripts; --dry-run shows what would be done","next":[{"option":"yes","step":"give","text":"consents in scripts"},{"option":"dry_run","step":"give","text":"shows what would be done"}]}
    "#);
    assert_snapshot!(world.shown(&[&apply[..], &["--yes", "--target", "nowhere"]].concat()), @r"
    exit code: 3
    ----- stdout -----
    ----- stderr -----
    error: no target `nowhere` is registered

    hint: `mfm target list` lists them; `mfm target add URL` registers one
    ");
    assert_snapshot!(world.shown(&["lab", "create", "sqlite:lab.db"]), @r"
    exit code: 3
    ----- stdout -----
    ----- stderr -----
    error: [DIR]/lab.db already exists; making a lab never overwrites anything

    hint: choose another path or database, or remove this one yourself
    ");
    assert_snapshot!(world.shown(&["revert", "7"]), @r"
    exit code: 3
    ----- stdout -----
    ----- stderr -----
    error: the journal has no operation 7

    hint: `mfm log` lists the operations
    ");
    std::fs::copy(world.path().join("lab.db"), world.path().join("copy.db")).unwrap();
    assert_snapshot!(world.shown(&["target", "mark", "sqlite:copy.db", "--yes"]), @r"
    exit code: 3
    ----- stdout -----
    ----- stderr -----
    error: no consent: there is no terminal to ask at

    hint: --confirm copy.db types the name in scripts
    ");
}

#[test]
fn a_negative_number_is_a_value() {
    let world = World::with_lab();
    let words = ["plan", "create_invalid_angles", "--variant", "gantry", "--sample", "1", "--invalid-value", "-10.5"];
    let plan = world.json(&words);
    assert_eq!(plan["params"]["invalid_value"], "-10.5");
    let kebab = ["plan", "create-invalid-angles", "--variant", "gantry", "--sample", "1"];
    assert_eq!(world.json(&kebab)["tool"], "create_invalid_angles");
}

#[test]
fn rows_in_conflict_are_named() {
    let world = World::with_lab();
    let apply = ["apply", "create_invalid_angles", "--variant", "gantry", "--fld-id", "5002", "--seed", "1", "--yes"];
    let done = world.json(&apply);
    let key = done["changes"][0]["key"]["TFP_ID"].to_string();
    let database = rusqlite::Connection::open(world.path().join("lab.db")).unwrap();
    database.execute(&format!("UPDATE TxFieldPoint SET Gantry_Ang = 12 WHERE TFP_ID = {key}"), []).unwrap();
    drop(database);
    let page = |words: &[&str]| text(&world.run(words).stdout);
    assert!(page(&["show", "1"]).ends_with("\nnext: mfm show 1 --diff\n"), "{}", page(&["show", "1"]));
    assert!(!page(&["show", "1", "--diff"]).contains("next: "));
    let refused = world.run(&["revert", "1"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(text(&refused.stderr).contains(&format!("TxFieldPoint {key} Gantry_Ang")), "{}", text(&refused.stderr));
    let refused = world.run(&["revert", "1", "--json"]);
    let last = text(&refused.stderr).lines().last().unwrap().to_owned();
    let error: serde_json::Value = serde_json::from_str(&last).unwrap();
    assert_eq!((&error["code"], &error["kind"]), (&"conflict".into(), &"refused".into()));
    assert_eq!(error["conflicts"][0]["key"], key.as_str());
    let partly = world.run(&["revert", "1", "--skip-conflicts", "--json"]);
    assert_eq!(partly.status.code(), Some(1), "{}", text(&partly.stderr));
    let forced = world.run(&["revert", "1", "--force", "--yes"]);
    assert_eq!(forced.status.code(), Some(0), "{}", text(&forced.stderr));
}

#[test]
fn k11_a_group_without_its_command_says_what_is_missing_in_json_too() {
    let world = World::empty();
    for (group, one) in [("campaign", "apply"), ("target", "mark"), ("lab", "import"), ("audit", "verify")] {
        let done = world.run(&["--json", group]);
        let error: serde_json::Value = serde_json::from_slice(&done.stderr).unwrap();
        let field = |name: &str| error[name].as_str().unwrap().to_owned();
        assert_eq!((done.status.code(), field("code").as_str()), (Some(2), "usage"), "{error}");
        assert!(field("message").starts_with("the command is incomplete"), "{error}");
        assert!(field("hint").starts_with("one of ") && field("hint").contains(one), "{error}");
    }
}
