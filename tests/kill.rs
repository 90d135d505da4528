//! The real program, killed at random moments of apply and revert: afterwards journal and database always agree.
#![cfg(feature = "cli")]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may fail by panic, and has settings of its own"
)]

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use testutils::dump_tables;
use testutils::program::{build_command, parse_stdout};

/// How many times the program is killed at least: as often again until it has left an operation open.
const KILLS: u32 = 40;

struct Lab {
    dir: tempfile::TempDir,
}

impl Lab {
    fn new() -> Self {
        let lab = Self { dir: tempfile::tempdir().unwrap() };
        let url = format!("sqlite:{}", lab.path().display());
        assert!(lab.mfm(&["lab", "create", &url, "--patients", "20"]).status().unwrap().success());
        lab
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("lab.db")
    }

    fn mfm(&self, arguments: &[&str]) -> Command {
        let mut command = build_command(env!("CARGO_BIN_EXE_mfm"), self.dir.path(), arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn json(&self, arguments: &[&str]) -> (i32, Json) {
        let mut command = self.mfm(arguments);
        let output = command.arg("--json").stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
        (output.status.code().unwrap(), parse_stdout(&output))
    }

    /// Starts a command and kills it after a moment; returns how long it took where it ended before.
    fn killed(&self, arguments: &[&str], after: Duration) -> Option<Duration> {
        let begun = Instant::now();
        let mut child = self.mfm(arguments).spawn().unwrap();
        while begun.elapsed() < after {
            std::thread::sleep(Duration::from_millis(2));
            if child.try_wait().unwrap().is_some() {
                return Some(begun.elapsed());
            }
        }
        let _ = child.kill();
        child.wait().unwrap();
        None
    }

    /// Recovers, and checks that nothing is open and that journal and database agree; tells whether a fault is active,
    /// and what recover had to close.
    fn settle(&self, clean: &str) -> (bool, Vec<String>) {
        let (code, recovered) = self.json(&["recover"]);
        assert_eq!(code, 0, "{recovered}");
        let closed = recovered["operations"].as_array().unwrap().iter().map(|line| line["state"].to_string()).collect();
        let (_, status) = self.json(&["status"]);
        assert_eq!(status["open"], Json::Array(vec![]), "{status}");
        let active = !status["active"].as_array().unwrap().is_empty();
        assert_eq!(dump_tables(&self.path()) != clean, active, "{status}");
        (active, closed)
    }

    fn audits(&self) {
        let (code, audit) = self.json(&["audit", "verify", "--depth", "live"]);
        assert_eq!(code, 0, "{audit}");
    }
}

#[test]
fn torture_24_the_program_is_killed_at_any_moment() {
    let lab = Lab::new();
    let clean = dump_tables(&lab.path());
    let apply = ["apply", "create_invalid_angles", "--variant", "both", "--all", "--max-rows", "1000000", "--yes"];
    let revert = ["revert", "--all"];
    // How long each takes undisturbed says where the moments of a kill have to lie.
    let begun = Instant::now();
    assert!(lab.mfm(&apply).status().unwrap().success());
    let mut apply_time = begun.elapsed();
    let begun = Instant::now();
    assert!(lab.mfm(&revert).status().unwrap().success());
    let mut revert_time = begun.elapsed();
    let seed = std::env::var("MFM_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_240_628_u64);
    println!("MFM_TEST_SEED={seed}: apply takes {apply_time:?}, revert {revert_time:?}");
    let mut state = seed;
    let mut hits = 0;
    let mut active = false;
    let mut closed: Vec<String> = Vec::new();
    let kills = KILLS * u32::try_from(mfm_journal::testing::test_scale()).unwrap();
    let mut kill = 0;
    while kill < kills || (closed.is_empty() && kill < 10 * kills) {
        // A plain linear congruence: any spread of moments will do, as long as the seed gives it again.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let share = f64::from(u32::try_from(state >> 33).unwrap()) / f64::from(1_u32 << 31);
        let (arguments, whole) = if active { (&revert[..], &mut revert_time) } else { (&apply[..], &mut apply_time) };
        match lab.killed(arguments, whole.mul_f64(share)) {
            // The machine may have less to do by now than when it was measured.
            Some(took) => *whole = took,
            None => hits += 1,
        }
        let (now, recovered) = lab.settle(&clean);
        active = now;
        closed.extend(recovered);
        kill += 1;
        if kill % 10 == 0 {
            lab.audits();
        }
        if kill % 10 == 0 && active {
            assert!(lab.mfm(&revert).status().unwrap().success());
            active = lab.settle(&clean).0;
            assert!(!active);
        }
    }
    println!("{hits} of {kill} kills met a running program; recover closed {closed:?}");
    assert!(!closed.is_empty(), "no kill ever left an operation open: the moments are badly chosen");
    assert!(hits > kill / 2, "only {hits} of {kill} kills met a running program");
}
