//! Several servers, each a process of its own, on one journal: what one client may not do, another may not do for it.

use serde_json::{Value as Json, json};
use testutils::piped::Piped;

use crate::world::World;

fn fault(seed: u64) -> Json {
    json!({"target": "lab", "variant": "gantry", "sample": 1, "seed": seed})
}

fn code(answer: &Json) -> &str {
    answer["code"].as_str().unwrap_or_default()
}

#[test]
fn a_rest_and_an_hour_hold_for_all_processes() {
    let world = World::new();
    let words = ["--cooldown-ms", "3600000"];
    let (mut one, mut two) = (world.greeted("one", &words), world.greeted("two", &words));
    assert_eq!(one.write("create_invalid_angles", fault(1))["state"], "applied");
    assert_eq!(code(&two.write("create_invalid_angles", fault(2))), "agent_cooldown");
    assert_eq!(two.write("revert", json!({"operations": [1]}))["state"], "reverted");
    let words = ["--cooldown-ms", "0", "--writes-per-hour", "3"];
    let (mut one, mut two) = (world.greeted("one", &words), world.greeted("two", &words));
    // Each has one write behind it, and both together may make six.
    let mut counted = Vec::new();
    for at in 0..4 {
        for server in [&mut one, &mut two] {
            let done = server.write(
                "create_duplicate_treatment",
                json!({"target": "lab", "variant": "same_field", "sample": 1, "seed": at}),
            );
            counted.push(code(&done).to_owned());
        }
    }
    assert_eq!(counted.iter().filter(|code| code.is_empty()).count(), 4, "{counted:?}");
    assert!(counted[4..].iter().all(|code| code == "agent_writes"), "{counted:?}");
    // A third name has nothing left either: all together have used theirs.
    let mut three = world.greeted("three", &words);
    assert_eq!(code(&three.write("revert", json!({"all": true, "target": "lab"}))), "agent_writes");
    world.sound();
}

#[test]
fn calls_are_counted_over_processes() {
    let world = World::new();
    let words = ["--calls-per-hour", "120"];
    let mut servers: Vec<Piped> = (0..4).map(|_| world.greeted("same", &words)).collect();
    let admitted =
        |server: &mut Piped| (0..100).filter(|_| code(&server.call("log", json!({}))) != "agent_calls").count();
    let admitted: usize = servers.iter_mut().map(admitted).sum();
    assert_eq!(admitted, 120);
    // A resource counts as a call, and is refused as one.
    let refused = servers[0].ask(7, "resources/read", json!({"uri": "mfm://operations"}));
    assert_eq!(refused["error"]["data"]["code"], "agent_calls", "{refused}");
}

#[test]
fn a_failing_target_is_left_alone_by_all_processes() {
    let world = World::new();
    let mut servers = [world.greeted("one", &[]), world.greeted("two", &[])];
    std::fs::rename(world.path().join("lab.db"), world.path().join("away.db")).unwrap();
    for at in 0..5 {
        assert_eq!(code(&servers[at % 2].call("check", json!({"target": "lab"}))), "target_absent");
    }
    for server in &mut servers {
        assert_eq!(code(&server.call("check", json!({"target": "lab"}))), "agent_breaker");
    }
    std::fs::rename(world.path().join("away.db"), world.path().join("lab.db")).unwrap();
    assert_eq!(code(&servers[0].call("create_invalid_angles", fault(1))), "agent_breaker");
    world.sound();
}

#[test]
fn refusals_of_many_processes_do_not_flood_the_journal() {
    let world = World::new();
    let entries = || world.json(&["status"])["entries"].as_u64().unwrap();
    let before = entries();
    let long = json!({"target": "lab", "sample": 1, "variant": "x".repeat(5_000)});
    std::thread::scope(|scope| {
        for name in ["one", "two", "three", "four"] {
            let (world, long) = (&world, &long);
            scope.spawn(move || {
                let mut server = world.greeted(name, &["--calls-per-hour", "100000"]);
                for _ in 0..50 {
                    assert_eq!(code(&server.call("create_invalid_angles", long.clone())), "agent_arguments");
                    assert_eq!(code(&server.call("apply_plan", json!({"handle": "0"}))), "agent_handle");
                }
                assert_eq!(server.end().0, Some(0));
            });
        }
    });
    assert_eq!(entries() - before, 2, "one of each kind");
    let state = std::fs::read_to_string(world.path().join("journal.db.agents/state.json")).unwrap();
    let state: Json = serde_json::from_str(&state).unwrap();
    for kind in ["agent_arguments", "agent_handle"] {
        assert_eq!(state["refused"][kind]["further"], 199, "{state}");
    }
    world.sound();
}

#[test]
fn many_processes_write_at_once_and_the_journal_is_whole() {
    let world = World::of(20);
    let applied = std::thread::scope(|scope| {
        let each = |name: &'static str, seed: u64| {
            let world = &world;
            scope.spawn(move || {
                let mut server = world.greeted(name, &["--cooldown-ms", "0", "--writes-per-hour", "1000"]);
                let mut applied = 0;
                for at in 0..6 {
                    let done = server.write(
                        "create_duplicate_treatment",
                        json!({
                            "target": "lab", "variant": "same_field", "sample": 1, "seed": seed * 100 + at
                        }),
                    );
                    let usual = [
                        "",
                        "stale",
                        "unique_index",
                        "conflict",
                        "ineligible",
                        "target_mismatch",
                        "target_busy",
                        "journal_busy",
                        // Another process was in the middle of its own for longer than one waits.
                        "recover_first",
                    ];
                    assert!(usual.contains(&code(&done)), "{done}");
                    if done["state"] == "applied" {
                        applied += 1;
                        let back = server.write("revert", json!({"operations": [done["op"]]}));
                        let usual = ["", "stale", "journal_busy", "target_busy", "recover_first"];
                        assert!(usual.contains(&code(&back)), "{back}");
                    }
                }
                assert_eq!(server.end().0, Some(0));
                applied
            })
        };
        let threads = [each("one", 1), each("two", 2), each("three", 3)];
        threads.into_iter().map(|thread| thread.join().unwrap()).sum::<u32>()
    });
    assert!(applied > 3, "{applied}");
    world.sound();
    let mut last = world.greeted("last", &["--cooldown-ms", "0"]);
    if !last.call("status", json!({}))["active"].as_array().unwrap().is_empty() {
        assert_eq!(last.write("revert", json!({"all": true, "target": "lab"}))["state"], "reverted");
    }
    world.sound();
}
