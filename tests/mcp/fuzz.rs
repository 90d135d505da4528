//! What nobody sends: no write without consent, no SQL in the engine, no panic; `MFM_TEST_FUZZ` sets how many.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use rmcp::model::{GetPromptRequestParams, ReadResourceRequestParams};
use serde_json::{Map, Value as Json, json};

use crate::world::{Connected, ERAS, Person, World, call, run};

/// What hostile and careless arguments are made of.
const WORDS: [&str; 26] = [
    "'; DROP TABLE TxField; --",
    "1 OR 1=1",
    "lab",
    "lab.db",
    "localhost",
    "sqlite:lab.db",
    "/etc/passwd",
    "../journal.db",
    "gantry",
    "collimator",
    "same_field",
    "single_gap",
    "create_invalid_angles",
    "TrackTreatment",
    "Pat_ID1",
    "all",
    "5000-5100",
    "NaN",
    "-0",
    "\u{0}",
    "\u{202e}\u{fffd}",
    "$(reboot)",
    "yes",
    "true",
    "9999-99-99",
    "{\"$gt\":0}",
];

struct Fuzzer(ChaCha20Rng);

impl Fuzzer {
    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.0.next_u64() % limit as u64).unwrap()
    }

    fn value(&mut self, depth: usize) -> Json {
        match self.below(if depth > 12 { 8 } else { 11 }) {
            0 => Json::Null,
            1 => json!(self.below(2) == 0),
            2 => json!(5000 + self.below(40)),
            3 => json!(i64::MIN),
            4 => json!(u64::MAX),
            5 => json!(1e308),
            6 => json!("x".repeat(self.below(9000))),
            7 => json!(WORDS[self.below(WORDS.len())]),
            8 => (0..self.below(4)).map(|_| self.value(depth + 1)).collect(),
            9 => {
                let mut map = Map::new();
                for _ in 0..self.below(3) {
                    map.insert(WORDS[self.below(WORDS.len())].to_owned(), self.value(depth + 1));
                }
                Json::Object(map)
            }
            _ => (0..40).fold(self.value(depth + 1), |inner, _| json!([inner])),
        }
    }

    /// Returns what an honest agent could send for an argument.
    fn honest(&mut self, name: &str, property: &Json) -> Option<Json> {
        if let Some(words) = property["enum"].as_array() {
            return Some(words[self.below(words.len())].clone());
        }
        Some(match name {
            "target" => json!("lab"),
            "tool" | "eligible" => json!("create_invalid_angles"),
            "variant" => json!("gantry"),
            "sample" | "op" | "limit" => json!(1),
            "fld_id" => json!(5002),
            "last" | "all" => json!(true),
            _ => return None,
        })
    }

    /// Returns arguments: in one call of three nothing but honest ones, else a mixture of everything.
    fn arguments(&mut self, schema: &Map<String, Json>) -> Json {
        let properties = schema.get("properties").and_then(Json::as_object).cloned().unwrap_or_default();
        let required = schema.get("required").and_then(Json::as_array).cloned().unwrap_or_default();
        let (mut out, mild) = (Map::new(), self.below(3) == 0);
        for (name, property) in &properties {
            let needed = required.contains(&json!(name)) || ["variant", "sample"].contains(&name.as_str());
            let value = match self.below(4) {
                0 if !(mild && needed) => None,
                _ if mild => self.honest(name, property).filter(|_| needed || self.below(3) == 0),
                1 => self.honest(name, property),
                _ => Some(self.value(0)),
            };
            value.map(|value| out.insert(name.clone(), value));
        }
        if !mild && self.below(5) == 0 {
            out.insert(WORDS[self.below(WORDS.len())].to_owned(), self.value(0));
        }
        Json::Object(out)
    }
}

impl Fuzzer {
    fn word(&mut self) -> String {
        match self.below(6) {
            0 => "x".repeat(self.below(9_000)),
            1 => self.value(9).to_string(),
            _ => WORDS[self.below(WORDS.len())].to_owned(),
        }
    }

    /// Reads a resource, gets a prompt or completes something that may not be there.
    async fn beside(&mut self, client: &Connected) -> bool {
        const BEGINNINGS: [&str; 6] =
            ["failure-mode://mosaiq/", "mfm://operations/", "mfm://findings/", "mfm://journal", "file:///", ""];
        match self.below(3) {
            0 => {
                let begun = BEGINNINGS[self.below(BEGINNINGS.len())];
                let end = if self.below(3) == 0 { String::new() } else { self.word() };
                let uri = format!("{begun}{end}");
                let read = client.read_resource(ReadResourceRequestParams::new(uri.clone())).await;
                let said = read.as_ref().map_or_else(ToString::to_string, |read| json!(read).to_string());
                assert!(!said.contains("agent_bug") && !said.contains("root:"), "{uri}: {said}");
                read.is_ok()
            }
            1 => {
                let names = ["test_mlc_validation", "develop_duplicate_detection", "read_drill", "nothing"];
                let arguments = json!({"target": self.value(9), (self.word()): self.value(9)});
                let params = GetPromptRequestParams::new(names[self.below(names.len())]);
                let got = client.get_prompt(params.with_arguments(arguments.as_object().cloned().unwrap())).await;
                let said = got.as_ref().map_or_else(ToString::to_string, |got| json!(got).to_string());
                assert!(!said.contains("DROP") && !said.contains("passwd"), "{arguments}: {said}");
                got.is_ok()
            }
            _ => {
                let names = ["mode", "op", "target", "other"];
                let name = names[self.below(names.len())];
                let templates = ["failure-mode://mosaiq/{mode}", "mfm://operations/{op}", "mfm://findings/{target}"];
                let (template, begun) = (templates[self.below(templates.len())], self.word());
                let done = client.complete_resource_simple(template, name, begun.clone()).await;
                done.is_ok_and(|values| values.iter().all(|value| value.starts_with(&begun)))
            }
        }
    }
}

#[test]
fn no_arguments_write_without_consent() {
    let rounds: u64 = std::env::var("MFM_TEST_FUZZ").ok().map_or(150, |text| text.parse().unwrap());
    let seed: u64 = std::env::var("MFM_TEST_FUZZ_SEED").ok().map_or(1, |text| text.parse().unwrap());
    for (at, era) in (0..).zip(ERAS) {
        for (says, person) in [(false, Person::who(None)), (true, Person::who(Some(false)))] {
            let world = World::new();
            let before = (world.lab(), world.json(&["audit", "verify"])["head"].clone());
            let mut fuzzer = Fuzzer(ChaCha20Rng::seed_from_u64(seed * 100 + at * 10 + u64::from(says)));
            run(async {
                let client = world.client(&World::options(), era, person).await;
                let tools = client.list_all_tools().await.unwrap();
                let mut answered = 0;
                for _ in 0..rounds {
                    if fuzzer.below(5) == 0 {
                        answered += u64::from(fuzzer.beside(&client).await);
                        continue;
                    }
                    let tool = &tools[fuzzer.below(tools.len())];
                    let arguments = fuzzer.arguments(&tool.input_schema);
                    let patience = std::time::Duration::from_secs(120);
                    let answer = tokio::time::timeout(patience, call(&client, &tool.name, arguments.clone())).await;
                    let answer = answer.unwrap_or_else(|_| panic!("no answer: {} {arguments}", tool.name));
                    let code = answer.json["code"].as_str().unwrap_or_default();
                    assert_ne!(code, "agent_bug", "{} {arguments}: {}", tool.name, answer.text);
                    assert!(!code.starts_with("target_"), "{} {arguments}: {}", tool.name, answer.text);
                    // What only the command line has is no advice for an agent.
                    let hint = answer.json["hint"].as_str().unwrap_or_default();
                    let elsewhere = hint.contains("--") || hint.contains("mfm ");
                    assert!(!elsewhere, "{} {arguments}: {hint}", tool.name);
                    answered += u64::from(!answer.is_error);
                }
                assert!(answered > rounds / 20, "only {answered} of {rounds} calls were understood");
            });
            assert_eq!(world.lab(), before.0, "a row was written");
            assert_eq!(world.json(&["log"])["operations"], json!([]));
            let audit = world.json(&["audit", "verify", "--depth", "live", "--full"]);
            assert_eq!(audit["ok"], true, "{audit}");
            let added = audit["head"]["seq"].as_u64().unwrap() - before.1["seq"].as_u64().unwrap();
            assert!(added <= 12, "{added} entries were journaled for refusals");
        }
    }
}
