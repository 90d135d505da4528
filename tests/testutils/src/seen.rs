//! Whether a check saw what a fault did: requests for one record of every kind, and findings that name it.

use std::collections::BTreeSet;

use mfm::domain::mode::{FaultRecord, Mode};
use mfm::model::Finding;
use mfm::ops::plan;
use serde_json::json;

/// When the checks look: the day after a lab's last.
pub const NOW: &str = "2024-06-29T12:00:00";

/// Asks for one record of a kind under a variant and a seed.
pub fn request_one(mode: &dyn Mode, kind: &FaultRecord, variant: &str, seed: u64) -> plan::Request {
    let table = mode.card().table_parameter.map(|name| (name.to_owned(), json!(kind.table)));
    let options = plan::Options {
        variant: Some(variant.into()),
        sample: Some(1),
        seed: Some(seed),
        now: Some(NOW.into()),
        ..Default::default()
    };
    plan::Request { tool: mode.card().tool.into(), parameters: table.into_iter().collect(), options, output: None }
}

/// Tells whether a finding names the record or a row that was changed.
pub fn names_record(finding: &Finding, kind: &FaultRecord, plan: &plan::Outcome) -> bool {
    let id = |key: &[mfm::model::Value]| mfm::model::refusal::render_key(key);
    let mut rows: BTreeSet<(String, String)> =
        plan.keys.iter().map(|key| (kind.table.to_owned(), key.to_string())).collect();
    for change in &plan.changes {
        let key = change.key.as_object().and_then(|key| key.values().next()).unwrap();
        rows.insert((change.table.clone(), key.to_string()));
    }
    let named = |table: &str, key: &[mfm::model::Value]| rows.contains(&(table.to_owned(), id(key)));
    named(finding.table, &finding.key) || finding.related.iter().any(|(table, key)| named(table, key))
}
