//! Whose folder is this, whose server, whose words: what a stranger put into a place has no say, and nothing repeats a
//! password.

use std::net::TcpListener;
use std::path::Path;

use mfm_journal::{Face, Journal, LockHolder, Stamp};
use serde_json::{Value as Json, json};

use crate::world::{World, own, text};

/// What must be seen nowhere.
const PASSWORD: &str = "Tr0ub4dor";

/// Returns the error that a command ends with, as JSON.
fn refused(world: &World, words: &[&str], code: i32) -> Json {
    let output = world.run(&[words, &["--json"]].concat());
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {said}{}", text(&output.stdout));
    serde_json::from_str(said.lines().last().unwrap()).unwrap()
}

/// Tells whether any file below a folder holds a text.
fn holds(folder: &Path, needle: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holds(&path, needle));
        } else if std::fs::read(&path).unwrap().windows(needle.len()).any(|bytes| bytes == needle.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
    found
}

/// Writes a journal that registers a target, as whoever can write one could.
fn forged(path: &Path, name: &str, url: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let stamp = Stamp { at_us: 1, actor: "somebody".into(), face: Face::Cli };
    let mut journal = Journal::create(path, [7; 16], &stamp).unwrap();
    let holder = LockHolder { pid: 1, host: "h".into(), command: "c".into() };
    let lock = journal.lock(&holder).unwrap();
    journal.append(&lock, &stamp, "target_added", json!({"name": name, "url": url})).unwrap();
    journal.checkpoint();
}

#[test]
fn k6_a_password_is_repeated_nowhere_and_kept_nowhere() {
    let world = World::with_lab();
    std::fs::create_dir_all(world.path().join(".cursor")).unwrap();
    for url in [
        "mssql://sa:Tr0ub4dor@localhost:1/Copy",
        "mssql://sa:Tr0ub4dor@localhost:99999/Copy",
        "mssql://sa@localhost:1/Copy?password=Tr0ub4dor",
        "mssql:/sa:Tr0ub4dor@localhost/Copy",
        "mssql:sa:Tr0ub4dor@localhost/Copy",
        "mssql//sa:Tr0ub4dor@localhost/Copy",
        "msql://sa:Tr0ub4dor@localhost/Copy",
        "sqlserver://sa:Tr0ub4dor@localhost/Copy",
        "jdbc:sqlserver://localhost;user=sa;password=Tr0ub4dor",
        "Server=localhost;User Id=sa;Password=Tr0ub4dor",
        "mssql://sa%3ATr0ub4dor@localhost/Copy",
        "mssql://sa:Tr0ub4dor/Copy",
        "mssql://sa:1/x?Tr0ub4dor@localhost/Copy",
        "sa:Tr0ub4dor@localhost",
        "mssql://sa:Tr 0ub'Tr0ub4dor@localhost/Copy",
        "mssql://sa@localhost/Copy;password=Tr0ub4dor",
        "mssql://sa@localhost/Copy?pass=Tr0ub4dor",
        "mssql://sa/Tr0ub4dor@localhost/Copy",
    ] {
        for words in [
            &["target", "add", url][..],
            &["target", "mark", url],
            &["target", "show", url],
            &["lab", "create", url],
            &["lab", "import", url, "sqlite:x.db"],
            &["status", "--target", url],
            &["check", "--target", url],
            &["check", url],
            &["check", "--rules", url],
            &["replay", "--onto", url],
            &["mcp", "install", "cursor", "--target", url],
            &["mcp", "install", "cursor", "--write", "--yes", "--target", url],
            &["log", "-n", url],
            &["show", url],
            &["revert", url],
            &["--seed", url],
            &["drill", "--seed", url],
            &["campaign", "plan", url],
            &["audit", "verify", "--depth", "live", "--target", url],
            &["log", "--actor", url],
            &[url],
            &["help", url],
            &["modes", url],
        ] {
            let output = world.run(words);
            let said = text(&output.stderr) + &text(&output.stdout);
            assert!(!said.contains(PASSWORD), "{words:?}: {said}");
            assert_ne!(output.status.code(), Some(0), "{words:?}: {said}");
            let output = world.run(&[words, &["--json", "-v"]].concat());
            let said = text(&output.stderr) + &text(&output.stdout);
            assert!(!said.contains(PASSWORD), "{words:?}: {said}");
        }
        for name in ["MFM_TARGET", "MFM_FORMAT", "MFM_ACTOR"] {
            let output = world.mfm(&["check", "-v"]).env(name, url).output().unwrap();
            let said = text(&output.stderr) + &text(&output.stdout);
            assert!(!said.contains(PASSWORD) && !output.status.success(), "{name}: {said}");
        }
    }
    assert_eq!(holds(world.path(), PASSWORD), Vec::<String>::new());
}

#[test]
fn k6_an_option_that_is_none_does_not_repeat_what_it_was_given() {
    let world = World::with_lab();
    for words in [
        &["status", "--password", PASSWORD][..],
        &["status", "--password=Tr0ub4dor"],
        &["status", "--pwd=Tr0ub4dor"],
        &["status", "-pTr0ub4dor"],
        &["target", "add", "mssql://sa@localhost:1/Copy", "--password-file", PASSWORD],
    ] {
        for format in [&[][..], &["--json"]] {
            let output = world.run(&[words, format].concat());
            let said = text(&output.stderr) + &text(&output.stdout);
            assert!(!said.contains(PASSWORD) && !output.status.success(), "{words:?}: {said}");
        }
    }
}

#[test]
fn k6_what_a_client_s_file_gets_is_a_name_or_a_url_without_a_password() {
    let world = World::with_lab();
    std::fs::create_dir_all(world.path().join(".cursor")).unwrap();
    let file = world.path().join(".cursor/mcp.json");
    let install = |target: &str| world.run(&["mcp", "install", "cursor", "--write", "--yes", "--target", target]);
    assert!(install("lab").status.success());
    assert!(install("mssql://sa@HOST/Copy?encrypt=true").status.success());
    let kept: Json = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let words = kept["mcpServers"]["mfm"]["args"].as_array().unwrap();
    assert!(words.contains(&json!("mssql://sa@host:1433/Copy")), "{kept}");
    for target in ["my lab", "$(id)", "sqlite:a\nb"] {
        assert_eq!(install(target).status.code(), Some(2), "{target}");
    }
}

/// A server that counts who comes.
struct Stranger(TcpListener);

impl Stranger {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn url(&self, settings: &str) -> String {
        let port = self.0.local_addr().unwrap().port();
        format!("mssql://sa@127.0.0.1:{port}/Copy?connect_timeout_ms=300{settings}")
    }

    /// Tells whether anybody came, and sends them away.
    fn was_asked(&self) -> bool {
        let mut asked = false;
        while let Ok((connection, _)) = self.0.accept() {
            drop(connection);
            asked = true;
        }
        asked
    }
}

#[cfg(feature = "mssql")]
#[test]
fn k6_no_password_goes_to_a_server_that_only_a_journal_names() {
    let world = World::empty();
    let stranger = Stranger::new();
    forged(&world.path().join("journal.db"), "lab", &stranger.url(""));
    let run = |words: &[&str]| {
        let mut command = world.mfm(&[words, &["--json"]].concat());
        let output = command.env("MFM_MSSQL_PASSWORD", PASSWORD).env("MFM_MSSQL_READ_PASSWORD", PASSWORD).output();
        text(&output.unwrap().stderr)
    };
    for words in [
        &["status"][..],
        &["check"],
        &["check", "--target", "lab"],
        &["find", "field"],
        &["target", "show"],
        &["target", "mark", "lab", "--confirm", "Copy"],
        &["target", "preflight"],
        &["plan", "create_invalid_angles", "--variant", "gantry", "--sample", "1"],
        &["apply", "create_invalid_angles", "--variant", "gantry", "--sample", "1", "--yes"],
        &["revert", "--all"],
        &["recover"],
        &["drill", "--sample", "1", "--yes"],
        &["drill", "--with-password", "--", "true"],
        &["audit", "verify", "--depth", "live"],
        &["replay", "--onto", "lab"],
    ] {
        let said = run(words);
        assert!(!stranger.was_asked(), "{words:?}: {said}");
        assert!(!said.contains(PASSWORD), "{said}");
    }
    let error = refused(&world, &["check"], 3);
    assert_eq!(error["code"], "server_unconfirmed");
    assert!(error["hint"].as_str().unwrap().contains("mfm target add 'mssql://sa@127.0.0.1:"), "{error}");
    // A project's configuration comes with the folder, as the journal does.
    world.configure(format!("target = '{}'", stranger.url("")));
    assert_eq!(refused(&world, &["check"], 3)["code"], "server_unconfirmed");
    // Whoever says the server means it: on the command line, by the variable, in the own configuration.
    let said = run(&["check", "--target", &stranger.url("")]);
    assert!(stranger.was_asked(), "{said}");
    let mut command = world.mfm(&["check"]);
    command.env("MFM_TARGET", stranger.url("")).env("MFM_MSSQL_PASSWORD", PASSWORD).output().unwrap();
    assert!(stranger.was_asked());
    std::fs::create_dir_all(world.path().join(".config/mfm")).unwrap();
    let own = format!("target = '{}'", stranger.url(""));
    std::fs::write(world.path().join(".config/mfm/config.toml"), own).unwrap();
    run(&["check"]);
    assert!(stranger.was_asked());
}

#[cfg(feature = "mssql")]
#[test]
fn k6_an_unencrypted_login_is_confirmed_by_the_host_s_name() {
    let world = World::empty();
    let stranger = Stranger::new();
    let url = stranger.url("&encrypt=off");
    let add = |words: &[&str]| {
        let mut command = world.mfm(&[&["target", "add", &url, "--json"], words].concat());
        text(&command.env("MFM_MSSQL_PASSWORD", PASSWORD).output().unwrap().stderr)
    };
    for words in [&[][..], &["--yes"], &["--unencrypted-login", "localhost"]] {
        let said = add(words);
        assert!(said.contains("login_unencrypted") && !stranger.was_asked(), "{said}");
    }
    add(&["--unencrypted-login", "127.0.0.1"]);
    assert!(stranger.was_asked());
}

#[cfg(feature = "mssql")]
#[test]
fn k6_a_confirmed_server_is_kept_outside_the_journal() {
    let world = World::empty();
    let stranger = Stranger::new();
    forged(&world.path().join("journal.db"), "lab", &canonical(&stranger));
    let state = world.path().join(".local/state/mfm");
    std::fs::create_dir_all(&state).unwrap();
    std::fs::write(state.join("servers"), format!("# mine\n{}\n", canonical(&stranger))).unwrap();
    own(&state, 0o700);
    own(&state.join("servers"), 0o600);
    world.mfm(&["check"]).env("MFM_MSSQL_PASSWORD", PASSWORD).output().unwrap();
    assert!(stranger.was_asked());
    own(&state.join("servers"), 0o622);
    let error = refused(&world, &["check"], 3);
    assert_eq!(error["code"], "server_unconfirmed");
    assert!(cfg!(not(unix)) || error["message"].as_str().unwrap().contains("written by others"), "{error}");
    // Another folder of states knows nothing of it.
    let output = world.mfm(&["check"]).env("XDG_STATE_HOME", world.path().join("other")).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(!stranger.was_asked());
}

fn canonical(stranger: &Stranger) -> String {
    stranger.url("")
}

#[test]
fn k6_a_target_s_name_from_a_forged_journal_is_no_shell_text() {
    for (name, url) in [
        ("$(touch gone)", "sqlite:/tmp/x.db"),
        ("a\nb", "sqlite:/tmp/x.db"),
        ("", "sqlite:/tmp/x.db"),
        ("lab", "sqlite:x.db"),
        ("lab", "sqlite:/tmp/\u{202e}x.db"),
        ("lab", "mssql://sa:Tr0ub4dor@localhost/Copy"),
        ("lab", "mssql://sa@LOCALHOST/Copy"),
        ("lab", "x"),
    ] {
        let world = World::empty();
        forged(&world.path().join("journal.db"), name, url);
        for words in [&["status"][..], &["target", "list"], &["check"], &["recover"]] {
            let error = refused(&world, words, 5);
            assert_eq!(error["code"], "journal_broken", "{name} {url}");
            assert!(!error.to_string().contains(PASSWORD), "{error}");
        }
        let audited = world.run(&["audit", "verify", "--json"]);
        let audit: Json = serde_json::from_slice(&audited.stdout).unwrap();
        assert_eq!((audited.status.code(), &audit["findings"][0]["code"]), (Some(1), &"strange_target".into()));
        assert!(!audit.to_string().contains(PASSWORD), "{audit}");
        let mut command = world.mfm(&["--", "mfm", "--target", ""]);
        command.env("MFM_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", "2").env("_CLAP_IFS", "\n");
        let offered = text(&command.output().unwrap().stdout);
        assert!(offered.lines().all(|word| word == "lab"), "{offered}");
    }
}

#[cfg(unix)]
#[test]
fn k6_a_file_s_name_in_a_completion_is_one_word() {
    let world = World::empty();
    for name in ["p$(touch gone).toml", "p;id.toml", "p\u{202e}x.toml", "plain.toml"] {
        std::fs::write(world.path().join(name), "").unwrap();
    }
    let offered = |shell: &str| {
        let mut command = world.mfm(&["--", "mfm", "campaign", "plan", "p"]);
        command.env("MFM_COMPLETE", shell).env("_CLAP_COMPLETE_INDEX", "3").env("_CLAP_IFS", "\n");
        text(&command.output().unwrap().stdout)
    };
    let bash = offered("bash");
    assert!(bash.lines().any(|line| line == r"p\$\(touch\ gone\).toml"), "{bash}");
    assert!(bash.lines().any(|line| line == "plain.toml") && bash.contains(r"p\;id.toml"), "{bash}");
    assert!(!bash.contains('\u{202e}'), "{bash}");
    assert!(offered("powershell").contains("'p$(touch gone).toml'"));
}

#[cfg(unix)]
mod folders {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A world whose only journal is below `.mfm`, found by searching upward.
    fn found() -> World {
        let world = World::with_lab();
        let place = world.path().join("project/.mfm");
        std::fs::create_dir_all(&place).unwrap();
        own(&world.path().join("project"), 0o755);
        own(&place, 0o755);
        std::fs::rename(world.path().join("journal.db"), place.join("journal.db")).unwrap();
        own(&place.join("journal.db"), 0o644);
        std::fs::create_dir(world.path().join("project/below")).unwrap();
        world
    }

    fn below(world: &World, words: &[&str]) -> std::process::Output {
        world.mfm(words).env_remove("MFM_JOURNAL").current_dir(world.path().join("project/below")).output().unwrap()
    }

    /// Checks that the folder has no say, through every door, and that the ways in the hint work.
    fn has_no_say(world: &World) {
        for words in [&["status"][..], &["tui"], &["mcp"], &["check"], &["lab", "create", "sqlite:new.db"]] {
            let output = below(world, &[words, &["--json"]].concat());
            assert_eq!(output.status.code(), Some(3), "{words:?}: {}", text(&output.stderr));
            let error: Json = serde_json::from_slice(&output.stderr).unwrap();
            assert_eq!(error["code"], "folder_untrusted", "{error}");
            assert!(error["hint"].as_str().unwrap().contains("trusted_folders"), "{error}");
        }
        let mut command = world.mfm(&["--", "mfm", "--target", ""]);
        command.env("MFM_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", "2").env("_CLAP_IFS", "\n");
        let output =
            command.env_remove("MFM_JOURNAL").current_dir(world.path().join("project/below")).output().unwrap();
        assert_eq!(text(&output.stdout), "");
    }

    #[test]
    fn k6_a_journal_of_the_user_s_own_is_found_upward() {
        let world = found();
        assert!(below(&world, &["status"]).status.success());
    }

    #[test]
    fn k6_a_journal_that_others_could_have_planted_has_no_say() {
        for (path, mode) in [("project/.mfm", 0o777), ("project/.mfm", 0o775), ("project/.mfm/journal.db", 0o666)] {
            let world = found();
            own(&world.path().join(path), mode);
            has_no_say(&world);
            let named = below(&world, &["status", "--journal", "../.mfm/journal.db"]);
            assert!(named.status.success(), "{}", text(&named.stderr));
            let own = world.path().join(".config/mfm");
            std::fs::create_dir_all(&own).unwrap();
            let folder = world.path().join("project");
            std::fs::write(own.join("config.toml"), format!("trusted_folders = ['{}']", folder.display())).unwrap();
            assert!(below(&world, &["status"]).status.success(), "{path} {mode:o}");
        }
    }

    #[test]
    fn k6_a_journal_behind_a_link_has_no_say() {
        let world = found();
        std::fs::rename(world.path().join("project/.mfm"), world.path().join("elsewhere")).unwrap();
        symlink(world.path().join("elsewhere"), world.path().join("project/.mfm")).unwrap();
        has_no_say(&world);
        let world = found();
        let file = world.path().join("project/.mfm/journal.db");
        std::fs::rename(&file, world.path().join("real.db")).unwrap();
        symlink(world.path().join("real.db"), &file).unwrap();
        has_no_say(&world);
    }

    #[test]
    fn k6_a_configuration_that_others_could_have_planted_has_no_say() {
        let world = World::with_lab();
        let folder = world.path().join("shared");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("mfm.toml"), "actor = 'somebody'").unwrap();
        own(&folder.join("mfm.toml"), 0o644);
        let status = |journal: &str| {
            let mut command = world.mfm(&["status", "--json"]);
            command.env("MFM_JOURNAL", journal).current_dir(&folder).output().unwrap()
        };
        own(&folder, 0o755);
        assert!(status("../journal.db").status.success());
        for (path, mode) in [(folder.clone(), 0o1777), (folder.join("mfm.toml"), 0o664)] {
            own(&path, mode);
            let output = status("../journal.db");
            assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
            assert!(text(&output.stderr).contains("folder_untrusted"));
            own(&path, 0o644 | if path == folder { 0o111 } else { 0 });
        }
        assert!(status("../journal.db").status.success());
        std::fs::write(folder.join("mfm.toml"), "trusted_folders = ['/']").unwrap();
        assert_eq!(status("../journal.db").status.code(), Some(2), "a folder does not say that it is trusted");
    }

    #[test]
    fn k6_a_configuration_linked_to_a_secret_shows_nothing_of_it() {
        let world = World::empty();
        std::fs::write(world.path().join("secret"), "root:Tr0ub4dor:x\n").unwrap();
        symlink(world.path().join("secret"), world.path().join("mfm.toml")).unwrap();
        for words in [&["status"][..], &["modes"], &["tui"], &["mcp"]] {
            let output = world.run(words);
            let said = text(&output.stderr) + &text(&output.stdout);
            assert!(output.status.code() == Some(3) && !said.contains("Tr0ub"), "{said}");
        }
        // Nor does a file that counts, or the user's own behind a link: lines are never quoted.
        std::fs::remove_file(world.path().join("mfm.toml")).unwrap();
        world.configure("root:Tr0ub4dor:x\n");
        let said = text(&world.run(&["status"]).stderr);
        assert!(said.contains("line 1") && !said.contains("Tr0ub"), "{said}");
        std::fs::remove_file(world.path().join("mfm.toml")).unwrap();
        std::fs::create_dir_all(world.path().join(".config/mfm")).unwrap();
        symlink(world.path().join("secret"), world.path().join(".config/mfm/config.toml")).unwrap();
        let said = text(&world.run(&["status"]).stderr);
        assert!(said.contains("line 1") && !said.contains("Tr0ub"), "{said}");
    }
}

#[test]
fn k6_hostile_names_and_cells_reach_no_terminal_and_no_spreadsheet() {
    let world = World::empty();
    let copy = rusqlite::Connection::open(world.path().join("copy.db")).unwrap();
    let hostile = "=cmd()\u{1b}[2J\u{202e}\u{9b}31m\nnext";
    copy.execute_batch(
        "CREATE TABLE Ident(IDENT_ID int PRIMARY KEY, Pat_Id1 int, IDA char(12));
         CREATE TABLE TxField(FLD_ID int PRIMARY KEY, Pat_ID1 int, Field_Label varchar(20), Field_Name varchar(40),
           Type_Enum tinyint, Machine_ID_Staff_ID int, ControlPoints smallint, Meterset decimal(10,4));
         CREATE TABLE TxFieldPoint(TFP_ID int PRIMARY KEY, FLD_ID int, Point smallint, Gantry_Ang decimal(4,1),
           Coll_Ang decimal(4,1));",
    )
    .unwrap();
    copy.execute("INSERT INTO TxField VALUES (1, 9, ?1, ?1, 1, 5, 2, 1)", [hostile]).unwrap();
    copy.execute("INSERT INTO TxField VALUES (2, 9, '-3.5', '-3.5', 1, 5, 2, 1)", []).unwrap();
    world.mfm(&["target", "add", "sqlite:copy.db"]).assert().success();
    for words in [&["find", "field"][..], &["check"], &["target", "show"], &["target", "preflight"]] {
        for format in ["table", "plain", "json"] {
            let output = world.run(&[words, &["--format", format]].concat());
            let said = text(&output.stdout) + &text(&output.stderr);
            let bad = said.chars().find(|c| (c.is_control() && !"\n\t".contains(*c)) || *c == '\u{202e}');
            assert_eq!(bad, None, "{words:?} {format}: {said}");
            assert!(!said.lines().any(|line| line.trim_start() == "next"), "{words:?} {format}: {said}");
        }
    }
    let plain = text(&world.run(&["find", "field", "--format", "plain"]).stdout);
    let cells: Vec<&str> = plain.split(['\t', '\n']).collect();
    assert!(cells.iter().any(|cell| cell.starts_with("'=cmd()")), "{plain}");
    assert!(cells.contains(&"-3.5") && !cells.iter().any(|cell| cell.starts_with('=')), "{plain}");
}
