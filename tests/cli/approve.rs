//! An agent's question at a terminal.

use std::time::{SystemTime, UNIX_EPOCH};

use mfm::model::ports::{Clock, Confirm, ConfirmAnswer, ConfirmQuestion, Entropy, NoSecrets, Reporter};
use mfm::ops::agents::{Agents, Limits, WriteTerms, short_code};
use mfm::ops::{Context, plan};
use mfm_journal::{Face, LockHolder};

use crate::terminal::type_after;
use crate::world::World;

/// The agent's side: the machine's clock, one id, and nobody to ask.
struct Side;

impl Clock for Side {
    fn now_us(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        i64::try_from(since.as_micros()).unwrap()
    }

    fn local_time(&self) -> jiff::civil::DateTime {
        jiff::civil::date(2024, 6, 29).at(12, 0, 0, 0)
    }
}

impl Entropy for Side {
    fn bytes(&self) -> [u8; 16] {
        [0x3f; 16]
    }
}

impl Confirm for Side {
    fn ask(&self, _: &ConfirmQuestion) -> ConfirmAnswer {
        ConfirmAnswer::Nobody
    }
}

impl Reporter for Side {
    fn progress(&self, _: &str, _: u64, _: u64) {}
    fn note(&self, _: &str) {}
}

fn with_agents<T>(world: &World, work: impl FnOnce(&Agents, &Context<'_>) -> T) -> T {
    let context = Context {
        journal: world.path().join("journal.db"),
        target: Some("lab".into()),
        actor: "agent for operator".into(),
        face: Face::Mcp,
        holder: LockHolder { pid: 2, host: "here".into(), command: "mfm mcp".into() },
        wait_ms: 5_000,
        clock: &Side,
        entropy: &Side,
        reporter: &Side,
        confirm: &Side,
        secrets: &NoSecrets,
    };
    work(&Agents::for_journal(&context.journal, Limits::default()), &context)
}

/// Plans a fault that a person has to approve, and returns its handle.
fn asked(world: &World) -> String {
    let terms =
        WriteTerms { actor: "agent for operator".into(), identifying: false, rules: None, asks: false, person: true };
    let options =
        plan::Options { variant: Some("gantry".into()), sample: Some(1), seed: Some(3), ..Default::default() };
    let parameters = serde_json::Map::new();
    let request = plan::Request { tool: "create_invalid_angles".into(), parameters, options, output: None };
    with_agents(world, |agents, context| agents.keep_plan(context, "agent", terms, request, &|_| Ok(()))).unwrap().0
}

#[test]
#[ignore = "needs Python"]
fn k8_a_name_typed_at_a_terminal_approves_once_python() {
    let world = World::with_lab();
    let id = asked(&world);
    let words = ["approve", short_code(&id)];
    let approver =
        || with_agents(&world, |agents, context| agents.read_handle(context, "agent", &id)).unwrap().approved;
    // Neither another word nor an option types the name.
    for (keys, words) in [("y\n", words), ("lab.db\n", words), ("\n", ["approve", "3f3f3f3f"])] {
        let said = type_after(&world, "Type ", false, keys, &[&words[..], &["--yes"]].concat());
        assert!(said.starts_with("3 ") && said.contains("by typing the target's name"), "{said}");
        assert_eq!(approver(), None, "{keys}");
    }
    let said = type_after(&world, "Type ", false, "lab\n", &words);
    assert!(said.starts_with("0 "), "{said}");
    for part in ["agent for operator asks through create_invalid_angles", "This will be written to lab.", "approved"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(approver().as_deref(), Some("tester"));
    assert_eq!(world.json(&["approve"])["waiting"], serde_json::json!([]));
}
