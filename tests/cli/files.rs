//! Files that commands read and write: what is in the way, what is no file, and who may read what was written.

use std::path::Path;

use serde_json::Value as Json;

use crate::world::{World, text};

const NOW: [&str; 2] = ["--now", "2024-06-29T12:00:00"];
const PLAN: [&str; 8] = ["plan", "create_invalid_angles", "--variant", "gantry", "--sample", "1", "--seed", "9"];

/// Runs a command that has to fail, and returns its exit code and the error's code and message.
fn failure(world: &World, words: &[&str]) -> (i32, String, String) {
    let output = world.run(&[words, &["--json"]].concat());
    let last = text(&output.stderr).lines().last().unwrap_or_default().to_owned();
    let json: Json = serde_json::from_str(&last).unwrap_or_default();
    let part = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    (output.status.code().unwrap(), part("code"), part("message"))
}

/// Every command that writes a file, but for the file's name.
fn writers() -> Vec<Vec<&'static str>> {
    vec![
        [&PLAN[..], &["-o"]].concat(),
        [&["check"], &NOW[..], &["--as", "json", "-o"]].concat(),
        [&["check"], &NOW[..], &["--write-baseline"]].concat(),
        vec!["audit", "export", "-o"],
    ]
}

#[cfg(unix)]
#[test]
fn k5_no_output_takes_the_place_of_the_journal_a_target_or_what_lies_beside_them() {
    let world = World::with_lab();
    let at = |name: &str| world.path().join(name);
    std::fs::hard_link(at("journal.db"), at("hard")).unwrap();
    std::os::unix::fs::symlink("lab.db", at("soft")).unwrap();
    let before = [std::fs::read(at("journal.db")).unwrap(), std::fs::read(at("lab.db")).unwrap()];
    for writer in writers() {
        for name in ["journal.db", "journal.db-wal", "journal.db.lock", "lab.db", "lab.db-journal", "hard", "soft"] {
            let (code, error, message) = failure(&world, &[&writer[..], &[name]].concat());
            assert_eq!((code, error.as_str()), (3, "protected_file"), "{writer:?} {name}: {message}");
        }
        let output = world.run(&[&writer[..], &["fine"]].concat());
        assert!(output.status.success(), "{writer:?}: {}", text(&output.stderr));
        std::fs::remove_file(at("fine")).unwrap();
    }
    assert_eq!([std::fs::read(at("journal.db")).unwrap(), std::fs::read(at("lab.db")).unwrap()], before);
    for url in ["sqlite:journal.db-wal", "sqlite:lab.db-journal"] {
        assert_eq!(failure(&world, &["lab", "create", url]).1, "protected_file", "{url}");
    }
    let (code, error, _) = failure(&world, &["--journal", "new.db-wal", "lab", "create", "sqlite:new.db"]);
    assert_eq!((code, error.as_str()), (3, "protected_file"));
}

#[cfg(unix)]
#[test]
fn k5_no_link_is_followed_when_a_file_is_written() {
    let world = World::with_lab();
    let at = |name: &str| world.path().join(name);
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, at(name)).unwrap();
    std::fs::write(at("precious"), "mine").unwrap();
    for (number, writer) in (0..).zip(writers()) {
        let name = format!("out{number}");
        link("precious", &format!("{name}.draft"));
        let output = world.run(&[&writer[..], &[&name]].concat());
        assert!(output.status.success(), "{writer:?}: {}", text(&output.stderr));
        link("nowhere", &format!("link{number}"));
        let (code, _, message) = failure(&world, &[&writer[..], &[&format!("link{number}")]].concat());
        assert_eq!(code, 2, "{writer:?}: {message}");
    }
    link("precious", "tui.view");
    std::fs::remove_file(at("journal.db.lock")).unwrap();
    link("precious", "journal.db.lock");
    let apply = [&["apply"], &PLAN[1..], &["--yes"]].concat();
    let (code, error, _) = failure(&world, &apply);
    assert_eq!((code, error.as_str()), (5, "journal_io"));
    std::fs::remove_file(at("journal.db.lock")).unwrap();
    assert!(world.run(&apply).status.success());
    assert_eq!(std::fs::read_to_string(at("precious")).unwrap(), "mine");
    assert!(!at("nowhere").exists());
}

#[cfg(unix)]
#[test]
fn k5_what_is_of_people_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::with_lab();
    assert!(world.run(&[&PLAN[..], &["-o", "plan.json"]].concat()).status.success());
    world.mfm(&["audit", "export", "--include-phi", "-o", "export.jsonl"]).assert().success();
    for name in ["journal.db", "journal.db.lock", "plan.json", "export.jsonl"] {
        let mode = std::fs::metadata(world.path().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}");
    }
}

/// Every command that reads a file, but for the file's name, with the code of its refusal.
fn readers() -> Vec<(Vec<&'static str>, &'static str)> {
    vec![
        (vec!["check", "--rules"], "rules"),
        (vec!["check", "--baseline"], "baseline_file"),
        (vec!["apply", "--yes", "--plan"], "plan_file"),
        (vec!["campaign", "plan"], "campaign"),
        (vec!["drill", "--yes", "--baseline"], "drill"),
        (vec!["lab", "import", "--name", "x"], "import_source"),
    ]
}

#[cfg(unix)]
#[test]
fn k5_only_regular_files_of_a_sane_size_are_read_and_nothing_is_waited_for() {
    let world = World::with_lab();
    let at = |name: &str| world.path().join(name);
    assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    std::os::unix::fs::symlink("pipe", at("to-pipe")).unwrap();
    let long = std::fs::File::create(at("long")).unwrap();
    long.set_len(1 << 31).unwrap();
    for (words, code) in readers() {
        for (name, why) in [
            ("pipe", "it is a pipe"),
            ("to-pipe", "it is a pipe"),
            ("/dev/zero", "it is a device"),
            ("long", "it is larger than"),
        ] {
            let import = words.contains(&"import");
            let rest: &[&str] = if import { &["sqlite:new.db"] } else { &[] };
            let (exit, error, message) = failure(&world, &[&words[..], &[name], rest].concat());
            assert_eq!((exit, error.as_str()), (2, code), "{words:?} {name}: {message}");
            assert!(message.contains(why) || (import && name == "long"), "{words:?} {name}: {message}");
        }
    }
    for (name, error) in [("pipe", "not_a_journal"), ("/dev/zero", "not_a_journal"), (".", "not_a_journal")] {
        let (code, found, message) = failure(&world, &["--journal", name, "log"]);
        assert_eq!((code, found.as_str()), (5, error), "{name}: {message}");
        assert_eq!(failure(&world, &["--journal", name, "target", "add", "sqlite:lab.db"]).0, 5, "{name}");
    }
    std::fs::rename(at("pipe"), at("mfm.toml")).unwrap();
    let (code, error, _) = failure(&world, &["modes"]);
    assert_eq!(code, 3, "a pipe is no configuration, and nothing waits at it: {error}");
}

fn with_mark(path: &Path) {
    let text = std::fs::read_to_string(path).unwrap();
    std::fs::write(path, format!("\u{feff}{text}")).unwrap();
}

fn as_utf_16(path: &Path) {
    let text = std::fs::read_to_string(path).unwrap();
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn w08_a_byte_order_mark_is_skipped_and_utf_16_is_named() {
    let world = World::with_lab();
    let at = |name: &str| world.path().join(name);
    let campaign =
        "version = 1\nname = 'a'\nseed = 7\n[[fault]]\ntool = 'create_invalid_angles'\nvariant = 'gantry'\ncount = 1\n";
    std::fs::write(at("campaign.toml"), campaign).unwrap();
    std::fs::write(at("mfm.toml"), "format = 'table'\n").unwrap();
    std::fs::write(at("rules.toml"), world.run(&["check", "--print-rules"]).stdout).unwrap();
    assert!(world.run(&[&["check"], &NOW[..], &["--write-baseline", "known.json"]].concat()).status.success());
    assert!(world.run(&[&PLAN[..], &["-o", "plan.json"]].concat()).status.success());
    let commands: [(&str, Vec<&str>); 5] = [
        ("mfm.toml", vec!["modes"]),
        ("rules.toml", [&["check"], &NOW[..], &["--rules", "rules.toml"]].concat()),
        ("known.json", [&["check"], &NOW[..], &["--baseline", "known.json"]].concat()),
        ("campaign.toml", vec!["campaign", "plan", "campaign.toml"]),
        ("plan.json", vec!["apply", "--plan", "plan.json", "--yes"]),
    ];
    for (name, words) in &commands {
        with_mark(&at(name));
        let output = world.run(words);
        assert!(output.status.success(), "{name}: {}", text(&output.stderr));
    }
    for (name, words) in &commands {
        let kept = std::fs::read(at(name)).unwrap();
        as_utf_16(&at(name));
        let output = world.run(words);
        let said = text(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains("UTF-16"), "{name}: {said}");
        std::fs::write(at(name), kept).unwrap();
    }
}

#[test]
fn k5_man_pages_replace_nothing_but_man_pages() {
    let world = World::empty();
    let page = world.path().join("pages/mfm-apply.1");
    std::fs::create_dir(world.path().join("pages")).unwrap();
    std::fs::write(&page, "my own notes").unwrap();
    let (code, error, message) = failure(&world, &["man", "pages"]);
    assert_eq!((code, error.as_str()), (2, "folder"));
    assert!(message.contains("mfm-apply.1"), "{message}");
    assert_eq!(std::fs::read_to_string(&page).unwrap(), "my own notes");
    assert_eq!(std::fs::read_dir(world.path().join("pages")).unwrap().count(), 1, "mfm writes nothing else");
    std::fs::remove_file(&page).unwrap();
    world.mfm(&["man", "pages"]).assert().success();
    let text = std::fs::read_to_string(&page).unwrap();
    std::fs::write(&page, format!("{text}older\n")).unwrap();
    world.mfm(&["man", "pages"]).assert().success();
    assert_eq!(std::fs::read_to_string(&page).unwrap(), text, "an older page is brought up to date");
}

#[test]
fn k11_a_folder_that_cannot_be_made_is_the_targets_failure() {
    let world = World::empty();
    std::fs::write(world.path().join("file"), "").unwrap();
    let (code, error, message) = failure(&world, &["demo", "file/demo"]);
    assert_eq!(code, 4, "{error}: {message}");
}
