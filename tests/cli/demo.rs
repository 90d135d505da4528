//! The demo, whole.

use mfm::domain::mode::ModeGroup;

use crate::world::{World, text};

#[test]
fn the_demo_holds() {
    let world = World::empty();
    let output = world.run(&["demo", "d", "--patients", "20"]);
    let out = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{out}{}", text(&output.stderr));
    for mode in mfm::domains::mosaiq::modes::MODES {
        let card = mode.card();
        assert!(out.contains(&format!("{}: {}", card.tool, card.title)), "{}\n{out}", card.tool);
        // Of a mode with plausible values, one variant stands for all.
        let is_whole = card.group == ModeGroup::Specified;
        for variant in card.variants.iter().take(if is_whole { usize::MAX } else { 1 }) {
            let line = out.lines().find(|line| line.split_whitespace().nth(1) == Some(variant.word));
            assert!(line.is_some_and(|line| line.contains(&format!("severity {}", variant.severity))), "{out}");
        }
    }
    for line in [
        "all detected",
        "found nothing",
        "Summary",
        "38 of 38 caught; 100 % [91-100] for this mix of variants",
        "by severity 100 %; false alarms at 0 of",
        "67 % [58-75] caught by physicists",
        "exactly",
        "row by row, by digest",
        "Try it yourself",
        "MFM_JOURNAL=",
    ] {
        assert!(out.contains(line), "`{line}` is not in\n{out}");
    }
    assert!(out.lines().all(|line| line.chars().count() <= 80 || line.contains('/')), "{out}");
    for file in ["d/lab.db", "d/journal.db"] {
        assert!(world.path().join(file).exists(), "{file}");
    }
    let again = world.run(&["demo", "d"]);
    assert_eq!(again.status.code(), Some(3), "a lab is never overwritten");
    let status = world.mfm(&["status", "--exit-code"]).env("MFM_JOURNAL", "d/journal.db").output().unwrap();
    assert_eq!(status.status.code(), Some(0), "{}", text(&status.stderr));
}
