//! A person, or a system that shuts down, ends a long command.

use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::world::{World, text};

/// Tells whether a terminal that is closed ends a program here: under nohup it does not, nor does mfm then.
pub(crate) fn hangs_up() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & 1 == 0)
}

#[test]
fn a_signal_ends_a_long_write_and_leaves_no_half_made_lab() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        if signal == "HUP" && !hangs_up() {
            println!("left out: a terminal that is closed ends no program here");
            continue;
        }
        let world = World::empty();
        let lab = world.path().join("lab.db");
        let child = world
            .process(&["lab", "create", "sqlite:lab.db", "--patients", "50000", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The file is there only after the signals are watched.
        while !lab.exists() {
            sleep(Duration::from_millis(5));
        }
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
        let last = text(&output.stderr).lines().last().unwrap().to_owned();
        let error: serde_json::Value = serde_json::from_str(&last).unwrap();
        assert_eq!(error["code"], "interrupted");
        assert!(!lab.exists(), "a half-made lab was left");
    }
}
