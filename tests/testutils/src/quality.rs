//! The blocks of `docs/qa.md`, what they are compared with, and faults for them to find.

use std::collections::BTreeSet;
use std::path::Path;

use mfm::domain::mode::{Mode, ModeGroup};
use mfm::domains::mosaiq::modes::MODES;
use mfm::ops::checks::{self, Status};
use mfm::ops::{Context, apply};

use crate::request_samples;

/// The present of checks, queries and faults: a day on which every delivery of a lab and of the mock is past.
pub const PRESENT: &str = "2026-11-21T12:00:00";

/// Edits that no variant of the ten modes makes, for the remaining checks of the page. Both engines read them.
pub const FURTHER_EDITS: [&str; 3] = [
    // The first shift of the prescription of a prostate: beyond its action limit, and within what is usual.
    "UPDATE \"Offset\" SET Lateral_Offset = 3.5 WHERE OFF_ID = (SELECT MIN(OFF_ID) FROM \"Offset\" WHERE SIT_SET_ID IN \
     (SELECT SIT_SET_ID FROM Site WHERE LOWER(Site_Name) LIKE '%prostate%' AND Version = 0))",
    // A delivery that lasts until the last one of all begins.
    "UPDATE TrackTreatment SET Edit_DtTm = (SELECT MAX(Create_DtTm) FROM TrackTreatment) WHERE TTX_ID = \
     (SELECT MIN(TTX_ID) FROM TrackTreatment WHERE WasBeamOn = 1 AND WasBeamComplete = 1 AND WasCanceled = 0 AND \
     WasQAMode = 0)",
    // A last index that is neither 100 percent nor the meterset.
    "UPDATE TxFieldPoint SET \"Index\" = \"Index\" * 0.5 WHERE FLD_ID = \
     (SELECT MIN(f.FLD_ID) FROM TxField AS f WHERE f.Meterset > 60 AND f.ControlPoints > 1)",
];

/// A block of the page.
#[derive(Clone, Debug)]
pub struct Block {
    /// The mode of its section; empty for helpers.
    pub mode: String,
    /// `sql server`, `sql sqlite` or `python`.
    pub language: String,
    /// The checks that it equals; empty for helpers.
    pub checks: Vec<String>,
    /// The code.
    pub text: String,
}

/// A finding: check, table and key of the record.
pub type FoundRecord = (String, String, i64);

/// Reads the blocks of the page in their order.
pub fn read_blocks() -> Vec<Block> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/qa.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (mut blocks, mut mode) = (Vec::new(), String::new());
    for (at, part) in page.split("```").enumerate() {
        if at % 2 == 0 {
            // Prose: a section's first word in backticks is the id of its mode.
            if let Some((_, section)) = part.rsplit_once("\n## ") {
                section.split('`').nth(1).unwrap().clone_into(&mut mode);
            }
            continue;
        }
        let (language, text) = part.split_once('\n').unwrap();
        let first = text.lines().next().unwrap().trim_start_matches(['-', '#', ' ']);
        let checks = first.split(", ").filter(|check| *check != "helpers").map(str::to_owned).collect();
        blocks.push(Block { mode: mode.clone(), language: language.into(), checks, text: text.into() });
    }
    blocks
}

/// Returns the modes of the specification.
pub fn specified_modes() -> impl Iterator<Item = &'static dyn Mode> {
    MODES.iter().copied().filter(|mode| mode.card().group == ModeGroup::Specified)
}

/// Applies every variant of a mode to one record of every kind that can show it.
pub fn apply_variants(context: &Context<'_>, mode: &dyn Mode, seed: u64) {
    for variant in mode.card().variants {
        for (_, mut request) in request_samples(mode, variant.word, 1, seed) {
            request.options.now = Some(PRESENT.into());
            let source = apply::Source::Request(request);
            apply::run(context, &source, false, &mut |_| {}).unwrap();
        }
    }
}

/// Runs all checks of mfm.
pub fn run_checks(context: &Context<'_>) -> checks::Outcome {
    checks::run(context, &checks::Request { now: Some(PRESENT.into()), ..Default::default() }).unwrap()
}

/// Returns what some checks found; `None` if any of them did not run.
pub fn found_records(outcome: &checks::Outcome, ids: &[String]) -> Option<BTreeSet<FoundRecord>> {
    for id in ids {
        let line =
            outcome.checks.iter().find(|line| line.id == id).unwrap_or_else(|| panic!("no check is called {id}"));
        if line.status == Status::NotRun {
            return None;
        }
    }
    let named = outcome.findings.iter().filter(|finding| ids.iter().any(|id| id == finding.check));
    let record = |finding: &checks::FindingLine| {
        let key = finding.key.as_object().unwrap().values().next().unwrap().as_i64().unwrap();
        (finding.check.to_owned(), finding.table.to_owned(), key)
    };
    Some(named.map(record).collect())
}
