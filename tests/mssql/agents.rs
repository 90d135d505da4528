//! Agents on a live server, through the binary's pipes: hostname and database look one marked target up, and the whole
//! way from the plan to the audit is as on a file.

use std::process::Command;

use serde_json::{Value as Json, json};
use tempfile::TempDir;
use testutils::piped::Piped;
use testutils::program::{build_command, expect_success};

use super::server::{Database, password_text};

/// A folder with a journal, on which servers are started.
struct Desk(TempDir);

impl Desk {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = build_command(env!("CARGO_BIN_EXE_mfm"), self.0.path(), words);
        command.env("MFM_ACTOR", "operator").env("MFM_MSSQL_PASSWORD", password_text());
        command
    }

    fn mfm(&self, words: &[&str]) -> String {
        let output = self.command(words).output().unwrap();
        expect_success(&output);
        String::from_utf8(output.stdout).unwrap()
    }

    fn agent(&self, words: &[&str]) -> Piped {
        Piped::greeted(self.command(&[&["mcp", "--cooldown-ms", "0"], words].concat()), "agent")
    }
}

/// Returns the host of a URL, and the same host with its port.
fn host(url: &str) -> (String, String) {
    let url: url::Url = url.parse().unwrap();
    let host = url.host_str().unwrap().to_owned();
    let with_port = format!("{host}:{}", url.port().unwrap_or(1433));
    (host, with_port)
}

fn code(answer: &Json) -> &str {
    answer["code"].as_str().unwrap_or_default()
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn an_agent_breaks_checks_and_mends_a_database_of_the_server() {
    let (database, desk) = (Database::new(), Desk(TempDir::new().unwrap()));
    desk.mfm(&["lab", "create", &database.url(), "--patients", "8"]);
    let (hostname, with_port) = host(&database.url());
    let mut agent = desk.agent(&[]);
    let place = json!({"hostname": hostname, "database": database.name});
    let found = agent.call("find", json!({
        "hostname": hostname, "database": database.name, "kind": "field", "eligible": "create_invalid_angles", "limit": 1
    }));
    let fld_id = found["records"][0]["fld_id"].as_i64().unwrap();
    let before = agent.call("check", place.clone())["violations"].clone();
    let fault = json!({
        "hostname": with_port, "database": database.name.to_uppercase(), "fld_id": fld_id, "angle_type": "gantry",
        "invalid_value": 400
    });
    let planned = agent.call("create_invalid_angles", fault);
    assert_eq!(planned["state"], "planned", "{planned}");
    let applied = agent.call("apply_plan", json!({"handle": planned["handle"]}));
    assert_eq!((&applied["state"], &applied["op"]), (&json!("applied"), &json!(1)), "{applied}");
    assert_ne!(agent.call("check", place.clone())["violations"], before);
    let mut duplicate = place.clone();
    duplicate["variant"] = json!("same_field");
    duplicate["sample"] = json!(1);
    let duplicate = agent.write("create_duplicate_treatment", duplicate);
    assert_eq!(duplicate["state"], "applied", "{duplicate}");
    let shown = agent.call("show", json!({"op": 1, "diff": true}));
    assert!(shown["changes"].to_string().to_lowercase().contains("gantry_ang"), "{shown}");
    assert_eq!(agent.call("explain", json!({"op": 1}))["inverse"]["state"], "possible");
    let mut all = place.clone();
    all["all"] = json!(true);
    let back = agent.write("revert", all);
    assert_eq!(back["state"], "reverted", "{back}");
    assert!(back["operations"].as_array().unwrap().iter().all(|op| op["exact"] == true), "{back}");
    assert_eq!(agent.call("check", place)["violations"], before);
    let audit = agent.call("audit_verify", json!({"depth": "live", "full": true}));
    assert_eq!(audit["ok"], true, "{audit}");
    // The password stands in no answer, no file of the agents, and not in the journal.
    let said = [planned, applied, shown, audit, agent.call("status", json!({}))].map(|json| json.to_string()).concat();
    assert!(!said.contains(&password_text()));
    assert_eq!(agent.end().0, Some(0));
    let export = desk.mfm(&["audit", "export"]);
    assert!(export.contains("agent 0 for operator") && !export.contains(&password_text()));
    desk.mfm(&["audit", "verify", "--depth", "live", "--full"]);
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn a_host_and_a_database_mean_one_marked_target_of_the_server() {
    let (database, other, desk) = (Database::new(), Database::new(), Desk(TempDir::new().unwrap()));
    desk.mfm(&["lab", "create", &database.url(), "--patients", "2"]);
    desk.mfm(&["target", "add", &other.url(), "--domain", "mosaiq"]);
    let (hostname, _) = host(&database.url());
    let mut agent = desk.agent(&[]);
    let sampled = |hostname: &str, database: &str| json!({"hostname": hostname, "database": database, "variant": "gantry", "sample": 1});
    for (arguments, wanted) in [
        // Registered, and not marked; never registered; the server's own; another host; an alias of the same host.
        (sampled(&hostname, &other.name), "no_target"),
        (sampled(&hostname, "MOSAIQ"), "no_target"),
        (sampled(&hostname, "master"), "no_target"),
        (sampled("10.255.255.1", &database.name), "no_target"),
        (sampled(&format!("{hostname}:1"), &database.name), "no_target"),
        (sampled(&format!("{hostname};Password=x"), &database.name), "no_target"),
        (sampled(&hostname, &format!("{}' --", database.name)), "no_target"),
        (json!({"hostname": hostname, "variant": "gantry", "sample": 1}), "place"),
        (json!({"database": database.name, "variant": "gantry", "sample": 1}), "place"),
    ] {
        let said = agent.call("create_invalid_angles", arguments.clone());
        assert_eq!(code(&said), wanted, "{arguments}: {said}");
    }
    assert_eq!(agent.call("create_invalid_angles", sampled(&hostname, &database.name))["state"], "planned");
    assert_eq!(agent.end().0, Some(0));
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn a_wrong_password_is_said_without_it_and_opens_the_breaker() {
    let (database, desk) = (Database::new(), Desk(TempDir::new().unwrap()));
    desk.mfm(&["lab", "create", &database.url(), "--patients", "2"]);
    let mut command = desk.command(&["mcp"]);
    command.env("MFM_MSSQL_PASSWORD", "wr0ng-Secret");
    let mut agent = Piped::greeted(command, "agent");
    for at in 0..6 {
        let said = agent.call("check", json!({}));
        assert_eq!(code(&said), if at < 5 { "target_login" } else { "agent_breaker" }, "{said}");
        assert!(!said.to_string().contains("wr0ng-Secret"), "{said}");
    }
    assert_eq!(agent.end().0, Some(0));
}
