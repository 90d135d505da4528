//! Whose yes a write needs: a client's where mfm made the data, a person's where somebody else did.

use serde_json::{Value as Json, json};

use mfm::mcp::ServerOptions;
use mfm::model::ports::{Confirm, ConfirmAnswer, ConfirmQuestion, NoSecrets};
use mfm::ops::Context;
use mfm::ops::agents::{Consent, approve};
use mfm_journal::{Face, LockHolder};
use testutils::ports::SilentReporter;

use crate::world::{Answered, Era, Person, World, call, run};

fn fault() -> Json {
    json!({"target": "lab", "variant": "gantry", "sample": 1, "seed": 7})
}

/// Somebody at a terminal, who types what they are asked to type, or something else.
struct Typist(Option<&'static str>);

impl Confirm for Typist {
    fn ask(&self, question: &ConfirmQuestion) -> ConfirmAnswer {
        assert!(question.text.contains("tester 1.0 for operator asks"), "{}", question.text);
        match (self.0, &question.type_name) {
            (Some(typed), Some(name)) if typed == name => ConfirmAnswer::Yes,
            (Some(_), _) => ConfirmAnswer::No,
            (None, _) => ConfirmAnswer::Nobody,
        }
    }
}

fn approved(world: &World, code: &str, typed: Option<&'static str>) -> Result<approve::Outcome, String> {
    let person = Typist(typed);
    let entropy = world.entropy();
    let context = Context {
        journal: world.journal(),
        target: None,
        actor: "alice".into(),
        face: Face::Cli,
        holder: LockHolder { pid: 1, host: "here".into(), command: "mfm approve".into() },
        wait_ms: 1_000,
        clock: &world.clock,
        entropy: &entropy,
        reporter: &SilentReporter,
        confirm: &person,
        secrets: &NoSecrets,
    };
    approve::run(&context, &approve::Request { code: Some(code.to_owned()) }).map_err(|failure| failure.code)
}

/// Returns the code in the command that a person has to type.
fn code(planned: &Json) -> String {
    planned["approve"].as_str().unwrap().strip_prefix("mfm approve ").unwrap().to_owned()
}

#[test]
fn k8_a_write_to_somebodys_data_waits_for_a_person_at_a_terminal() {
    let world = World::somebodys();
    let before = world.lab();
    run(async {
        let client = world.client(&World::options(), Era::Session, Person::who(None)).await;
        let planned = call(&client, "create_invalid_angles", fault()).await.ok();
        let (code, handle) = (code(&planned), json!({"handle": planned["handle"]}));
        let redeem = || call(&client, "apply_plan", handle.clone());
        let refused = redeem().await;
        assert!(refused.text.contains(&format!("mfm approve {code}")), "{}", refused.text);
        assert_eq!(refused.code(), "agent_approval");
        for typed in [None, Some("y"), Some("lab.db")] {
            assert_eq!(approved(&world, &code, typed), Err("no_consent".to_owned()));
        }
        assert_eq!(approved(&world, "00000000", Some("lab")), Err("agent_handle".to_owned()));
        assert_eq!(redeem().await.code(), "agent_approval");
        assert_eq!(world.lab(), before);
        let outcome = approved(&world, &code, Some("lab")).unwrap();
        assert_eq!(outcome.approved.unwrap().asker, "tester 1.0 for operator");
        // Once, and by the client that asked.
        let other = Person { name: "other", ..Person::default() };
        let other = world.client(&World::options(), Era::Session, other).await;
        assert_eq!(call(&other, "apply_plan", handle.clone()).await.code(), "agent_handle");
        assert_eq!(redeem().await.ok()["state"], "applied");
        assert_eq!(redeem().await.code(), "agent_handle");
        assert_eq!(approved(&world, &code, Some("lab")), Err("agent_handle".to_owned()));
        let log = call(&client, "log", json!({})).await.ok();
        assert_eq!(log["operations"][0]["actor"], "tester 1.0 for operator, approved by alice");
        // A revert is a write too; and what ended is not approved.
        let revert = call(&client, "revert", json!({"all": true})).await.ok();
        world.clock.now_us.fetch_add(600_000_000, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(approved(&world, &self::code(&revert), Some("lab")), Err("agent_handle".to_owned()));
    });
}

#[test]
fn k8_no_option_and_no_pipe_approves() {
    let world = World::somebodys();
    let before = world.lab();
    let mut server = world.greeted("tester", &["--cooldown-ms", "0"]);
    let planned = server.call("create_invalid_angles", fault());
    let code = code(&planned);
    let listed = world.json(&["approve"]);
    assert_eq!((&listed["waiting"][0]["code"], &listed["waiting"][0]["target"]), (&json!(code), &json!("lab")));
    assert_eq!(listed["waiting"][0]["asker"], "tester 0 for operator");
    for words in [&["approve", &code][..], &["approve", &code, "--yes"], &["approve", &code, "--no-input"]] {
        let piped = world.fed(words, "lab\n");
        let said = String::from_utf8_lossy(&piped.stderr).into_owned();
        assert_eq!(piped.status.code(), Some(3), "{words:?}: {said}");
        assert!(!said.contains("--confirm") && said.contains("at a terminal"), "{said}");
    }
    assert_eq!(world.mfm(&["approve", &code, "--confirm", "lab"]).status.code(), Some(2));
    assert_eq!(server.call("apply_plan", json!({"handle": planned["handle"]}))["code"], "agent_approval");
    assert_eq!(world.lab(), before);
}

#[test]
fn k8_what_changed_since_it_was_asked_is_not_approved() {
    let world = World::somebodys();
    run(async {
        let client = world.client(&World::options(), Era::Session, Person::who(None)).await;
        let plan = call(&client, "create_invalid_angles", fault()).await.ok();
        let recover = call(&client, "recover", json!({})).await.ok();
        world.json(&["apply", "create_invalid_angles", "--variant", "gantry", "--sample", "1", "--seed", "7", "--yes"]);
        for planned in [plan, recover] {
            let refused = approved(&world, &code(&planned), Some("lab")).unwrap_err();
            assert!(["stale", "ineligible"].contains(&refused.as_str()), "{refused}");
        }
    });
}

#[test]
fn k8_a_lab_needs_the_clients_yes_alone_unless_the_operator_wants_a_person() {
    let world = World::new();
    run(async {
        let person = ServerOptions { consent: Some(Consent::Person), ..World::options() };
        let easy = world.client(&World::options(), Era::Session, Person::who(None)).await;
        let strict = world.client(&person, Era::Session, Person::who(None)).await;
        // A handle carries the strictest of what made it and what redeems it.
        let made_easy = call(&easy, "create_invalid_angles", fault()).await.ok();
        let made_strict = call(&strict, "create_invalid_angles", fault()).await.ok();
        assert_eq!((made_easy.get("approve"), made_strict["approve"].is_string()), (None, true));
        let redeem = |client, planned: &Json| call(client, "apply_plan", json!({"handle": planned["handle"]}));
        assert_eq!(redeem(&strict, &made_easy).await.code(), "agent_approval");
        assert_eq!(redeem(&easy, &made_strict).await.code(), "agent_approval");
        assert_eq!(redeem(&easy, &made_easy).await.ok()["state"], "applied");
    });
    let world = World::somebodys();
    run(async {
        let client = ServerOptions { consent: Some(Consent::Client), ..World::options() };
        let client = world.client(&client, Era::Session, Person::who(None)).await;
        let planned = call(&client, "create_invalid_angles", fault()).await.ok();
        assert_eq!(call(&client, "apply_plan", json!({"handle": planned["handle"]})).await.ok()["state"], "applied");
    });
}

#[test]
fn k8_a_handle_of_a_server_with_more_tools_does_not_pass() {
    let world = World::new();
    run(async {
        let free = world.client(&World::options(), Era::Session, Person::who(None)).await;
        let few = ServerOptions { allow: vec!["create_invalid_angles".into()], ..World::options() };
        let few = world.client(&few, Era::Session, Person::who(None)).await;
        let drill = json!({"target": "lab", "modes": ["invalid_angles:gantry"], "sample": 1});
        let drill = call(&free, "drill", drill).await.ok();
        let other = json!({"target": "lab", "variant": "odd_bytes", "sample": 1});
        let other = call(&free, "corrupt_mlc_data", other).await.ok();
        for planned in [drill, other] {
            let redeemed = call(&few, "apply_plan", json!({"handle": planned["handle"]})).await;
            assert_eq!(redeemed.code(), "agent_mode");
        }
        let ruled = ServerOptions { rules: Some("rules.toml".into()), ..World::options() };
        let ruled = world.client(&ruled, Era::Session, Person::who(None)).await;
        let planned = call(&free, "create_invalid_angles", fault()).await.ok();
        let redeemed = call(&ruled, "apply_plan", json!({"handle": planned["handle"]})).await;
        assert_eq!(redeemed.code(), "agent_handle");
        assert_eq!(world.json(&["log"])["operations"], json!([]));
    });
}

#[test]
fn k8_a_client_does_not_unlearn_to_ask() {
    const META: &str = "io.modelcontextprotocol/clientCapabilities";
    let world = World::new();
    let mut server = world.piped(&["--cooldown-ms", "0"]);
    let me = json!({"name": "sly", "version": "0"});
    let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {"elicitation": {}}, "clientInfo": me});
    server.ask(0, "initialize", hello);
    server.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string());
    let mut call = |tool: &str, arguments: Json| {
        let params = json!({"name": tool, "arguments": arguments, "_meta": {META: {}}});
        server.ask(9, "tools/call", params)["result"]["structuredContent"].clone()
    };
    let planned = call("create_invalid_angles", fault());
    assert_eq!(planned["state"], "planned");
    assert_eq!(call("apply_plan", json!({"handle": planned["handle"]}))["code"], "agent_approval");
    // A second greeting makes no other client of it.
    let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": me});
    server.ask(10, "initialize", hello);
    let mut call = |tool: &str, arguments: Json| {
        let params = json!({"name": tool, "arguments": arguments});
        server.ask(11, "tools/call", params)["result"]["structuredContent"].clone()
    };
    let again = call("create_invalid_angles", fault());
    for planned in [planned, again] {
        assert_eq!(call("apply_plan", json!({"handle": planned["handle"]}))["code"], "agent_approval");
    }
    assert_eq!(world.json(&["log"])["operations"], json!([]));
}

#[test]
fn k8_what_needs_a_typed_name_is_not_offered() {
    let world = World::new();
    run(async {
        let client = world.client(&World::options(), Era::Session, Person::who(Some(true))).await;
        std::fs::remove_file(world.path().join("lab.db")).unwrap();
        for arguments in [json!({"as": "gone"}), json!({"as": "gone", "target": "lab"})] {
            let refused = call(&client, "recover", arguments).await;
            assert!(["agent_person", "arguments"].contains(&refused.code().as_str()));
        }
        let typed = call(&client, "recover", json!({"as": "gone", "confirm": "lab"})).await;
        assert_eq!(typed.code(), "arguments");
        let tools = client.list_all_tools().await.unwrap();
        let recover = tools.iter().find(|tool| tool.name == "recover").unwrap();
        let schema = serde_json::to_string(&recover.input_schema).unwrap();
        assert!(!schema.contains("gone") && !schema.contains("confirm"), "{schema}");
    });
}

#[test]
fn k8_an_agent_held_to_a_severity_can_still_take_back() {
    let world = World::new();
    run(async {
        let free = world.client(&World::options(), Era::Session, Person::who(Some(true))).await;
        let mild = ServerOptions { max_severity: Some("1.0".into()), ..World::options() };
        let mild = world.client(&mild, Era::Session, Person::who(Some(true))).await;
        let severe = json!({"target": "lab", "variant": "extreme_values", "sample": 1});
        call(&free, "corrupt_offset_data", severe).await.ok();
        call(&free, "revert", json!({"operations": [1]})).await.ok();
        call(&free, "revert", json!({"operations": [2]})).await.ok();
        // The fault is there again, carried by operation 3: to take that back is never too severe.
        assert_eq!(call(&mild, "revert", json!({"operations": [1]})).await.ok()["state"], "reverted");
        // To commit it again is.
        assert_eq!(call(&mild, "revert", json!({"operations": [4]})).await.code(), "agent_severity");
    });
}

#[test]
fn k8_a_question_names_all_it_will_do_and_a_write_counts_by_its_operations() {
    let world = World::new();
    for seed in 0..25 {
        let seed = seed.to_string();
        let words =
            ["apply", "create_duplicate_treatment", "--variant", "same_field", "--sample", "1", "--seed", &seed];
        world.mfm(&[&words[..], &["--yes"]].concat());
    }
    let active = world.json(&["status"])["active"].as_array().unwrap().len();
    assert!(active > 20, "{active}");
    run(async {
        let few = ServerOptions { writes_per_hour: Some(20), ..World::options() };
        let person = Person::who(Some(true));
        let client = world.client(&few, Era::Session, person.clone()).await;
        let answered: Answered = call(&client, "revert", json!({"all": true})).await;
        assert!(answered.text.contains(&format!("makes {active} operations")), "{}", answered.text);
        assert_eq!(answered.code(), "agent_writes");
        let question = person.asked.lock().unwrap().pop().unwrap();
        assert!(question.contains(&format!("Take back {active} operations")), "{question}");
        assert!(question.contains(&format!("and {} more", active - 20)), "{question}");
        assert_eq!(call(&client, "drill", json!({})).await.code(), "agent_writes");
        call(&client, "revert", json!({"last": true})).await.ok();
    });
}

#[test]
fn k8_one_client_cannot_drop_the_handles_of_another() {
    let world = World::new();
    run(async {
        let client = world.client(&World::options(), Era::Session, Person::who(None)).await;
        let planned = call(&client, "recover", json!({})).await.ok();
        let mut busy = 0;
        for name in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"] {
            let other = world.client(&World::options(), Era::Session, Person { name, ..Person::default() }).await;
            for _ in 0..22 {
                let answered = call(&other, "recover", json!({})).await;
                busy += u64::from(answered.is_error && answered.code() == "agent_busy");
            }
        }
        assert!(busy > 0);
        let redeemed = call(&client, "apply_plan", json!({"handle": planned["handle"]})).await;
        assert_eq!(redeemed.ok()["state"], "recovered");
    });
}

#[cfg(unix)]
#[test]
fn k8_what_waits_is_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::somebodys();
    run(async {
        let client = world.client(&World::options(), Era::Session, Person::who(None)).await;
        call(&client, "create_invalid_angles", fault()).await.ok();
    });
    let folder = world.path().join("journal.db.agents");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    // What locks is empty; the others hold questions, handles and plans.
    let kept = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
    let kept: Vec<_> = kept.filter(|path| path.file_name().is_some_and(|name| name != "lock")).collect();
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert!(kept.iter().all(|path| mode(path) == 0o600), "{kept:?}");
}
