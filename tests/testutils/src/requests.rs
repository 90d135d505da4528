//! Requests that several suites make, and what an operation is called that no mode made.

use mfm::domain::mode::{FaultRecord, Mode};
use mfm::engine::apply::OperationProposal;
use mfm::ops::targets::mark;
use mfm::ops::{plan, recover};
use mfm_journal::{Digest, FaultLabel, OperationAction};
use serde_json::{Map, Value as Json, json};

/// Returns what an operation is called that no mode made.
pub fn build_proposal() -> OperationProposal {
    OperationProposal {
        action: OperationAction::Apply,
        label: FaultLabel { tool: "test".into(), mode: "test".into(), variant: "test".into(), severity: "1.0".into() },
        plan_digest: Digest::sha256(b"test"),
        plan_id: None,
        reverts: None,
        keys: None,
        detail: Map::new(),
        disable_triggers: false,
        beside: Vec::new(),
    }
}

/// Asks for a fault with parameters.
pub fn build_request(tool: &str, parameters: Json) -> plan::Request {
    let parameters = parameters.as_object().cloned().unwrap_or_default();
    let options = plan::Options { seed: Some(7), ..Default::default() };
    plan::Request { tool: tool.into(), parameters, options, output: None }
}

/// Asks for a sample of so many records under a variant.
pub fn request_sample(tool: &str, variant: &str, count: u64, seed: u64) -> plan::Request {
    let options =
        plan::Options { variant: Some(variant.into()), sample: Some(count), seed: Some(seed), ..Default::default() };
    plan::Request { tool: tool.into(), parameters: Map::new(), options, output: None }
}

/// Asks for a sample of every kind of record that can show the variant, each with its table.
pub fn request_samples(mode: &dyn Mode, variant: &str, count: u64, seed: u64) -> Vec<(&'static str, plan::Request)> {
    let card = mode.card();
    let one = |record: &FaultRecord| {
        let table = card.table_parameter.map(|name| (name.to_owned(), json!(record.table)));
        let parameters: Map<_, _> = table.into_iter().collect();
        mode.complete(&parameters, Some(variant)).ok()?;
        Some((record.table, plan::Request { parameters, ..request_sample(card.tool, variant, count, seed) }))
    };
    let requests: Vec<_> = card.fault_records().filter_map(one).collect();
    assert!(!requests.is_empty(), "no kind of record can show {variant} of {}", card.tool);
    requests
}

/// Asks for impossible gantry angles of one field.
pub fn request_angles(field: i64, value: &str) -> plan::Request {
    build_request("create_invalid_angles", json!({"fld_id": field, "angle_type": "gantry", "invalid_value": value}))
}

/// Asks for a target to be marked, with the name typed that is asked for.
pub fn request_marking(target: &str, confirm: &str) -> mark::Request {
    mark::Request { target: target.into(), confirm: Some(confirm.into()), ..Default::default() }
}

/// Asks for the lab to be written off.
pub fn request_write_off() -> recover::Request {
    recover::Request { word: Some(recover::As::Gone), confirm: Some("lab".into()), ..Default::default() }
}
