//! Where the password of a server's login comes from, and that nothing shows it; no server answers here.

use crate::world::{World, text};

/// A server that is not there: whoever gets as far as asking it had a password.
const NOWHERE: &str = "mssql://somebody@localhost:1/Copy?connect_timeout_ms=2000";
/// What must be seen nowhere.
const PASSWORD: &str = "Tr0ub4dor";

/// Runs `target add` for that server, and returns the error as JSON.
fn add(world: &World, words: &[&str], variable: Option<&str>, typed: &str) -> serde_json::Value {
    let mut command = world.mfm(&[&["target", "add", NOWHERE, "--verbose", "--json"], words].concat());
    variable.map(|password| command.env("MFM_MSSQL_PASSWORD", password));
    let output = command.write_stdin(typed).output().unwrap();
    let said = text(&output.stderr) + &text(&output.stdout);
    assert!(!said.contains(PASSWORD), "{said}");
    assert_eq!(output.status.code(), Some(4), "{said}");
    serde_json::from_str(text(&output.stderr).lines().last().unwrap()).unwrap()
}

fn keep(world: &World, name: &str, mode: u32) -> String {
    let path = world.path().join(name);
    std::fs::write(&path, format!("{PASSWORD}\n")).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    name.to_owned()
}

#[test]
fn without_a_password_the_three_ways_are_named() {
    let world = World::empty();
    for words in [&[][..], &["--no-input"]] {
        let error = add(&world, words, None, "");
        assert_eq!(error["code"], "target_login");
        let message = error["message"].as_str().unwrap();
        for way in ["--password-file", "MFM_MSSQL_PASSWORD", "terminal"] {
            assert!(message.contains(way), "{message}");
        }
    }
}

#[test]
fn a_variable_a_file_or_standard_input_is_enough() {
    let world = World::empty();
    let file = keep(&world, "secret", 0o600);
    assert_eq!(add(&world, &[], Some(PASSWORD), "")["code"], "target_network");
    assert_eq!(add(&world, &["--password-file", &file], None, "")["code"], "target_network");
    assert_eq!(add(&world, &["--password-file", "-"], None, &format!("{PASSWORD}\n"))["code"], "target_network");
    let empty = add(&world, &["--password-file", "-"], None, "\n");
    assert_eq!(empty["code"], "target_login");
    assert!(empty["message"].as_str().unwrap().contains("it is empty"), "{empty}");
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_use_is_refused_even_beside_a_variable() {
    let world = World::empty();
    for mode in [0o644, 0o620] {
        let file = keep(&world, "secret", mode);
        let error = add(&world, &["--password-file", &file], Some(PASSWORD), "");
        assert_eq!(error["code"], "target_login");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(&format!("mode {mode:04o}")) && message.contains("chmod 600"), "{message}");
    }
}

#[test]
fn a_file_that_nobody_asks_for_is_not_opened() {
    let world = World::with_lab();
    world.mfm(&["status", "--password-file", "no such file"]).assert().success();
    let output = world.run(&["status", "--password-file", "-", "--read-password-file", "-"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
}

#[test]
fn a_password_in_a_url_is_refused_and_not_repeated() {
    let world = World::with_lab();
    let url = format!("mssql://somebody:{PASSWORD}@localhost:1/Copy");
    for words in
        [&["target", "add", &url][..], &["target", "mark", &url], &["lab", "create", &url], &["log", "--target", &url]]
    {
        let output = world.run(&[words, &["-v"]].concat());
        let said = text(&output.stderr) + &text(&output.stdout);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("somebody") && !said.contains(PASSWORD), "{said}");
    }
}

#[test]
fn verbose_says_where_a_password_comes_from() {
    let world = World::empty();
    let mut command = world.mfm(&["target", "add", NOWHERE, "-v"]);
    let said = text(&command.env("MFM_MSSQL_PASSWORD", PASSWORD).output().unwrap().stderr);
    assert!(said.contains("password of somebody by MFM_MSSQL_PASSWORD"), "{said}");
    assert!(!said.contains(PASSWORD), "{said}");
}

/// Types at the prompt for a password.
#[cfg(unix)]
fn typed(world: &World, keys: &str) -> String {
    let prompt = "Password of somebody for mssql://somebody@localhost:1/Copy";
    crate::terminal::type_after(world, prompt, true, keys, &["target", "add", NOWHERE])
}

#[cfg(unix)]
#[test]
#[ignore = "needs Python"]
fn a_password_typed_at_a_terminal_is_not_seen_python() {
    let world = World::empty();
    let said = typed(&world, &format!("{PASSWORD}\n"));
    assert!(said.starts_with("4 True"), "{said}");
    assert!(said.contains("mssql://") && !said.contains(PASSWORD), "{said}");
}

#[cfg(unix)]
#[test]
#[ignore = "needs Python"]
fn an_interrupt_gives_the_terminal_its_echo_back_python() {
    let said = typed(&World::empty(), "Tr0\u{3}");
    assert!(said.starts_with("130 True"), "{said}");
}
