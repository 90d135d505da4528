//! The result as SARIF 2.1.0: a rule per check, a result per finding, a logical location per row; none is left out.

use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

use super::{GENERATOR, key_text, render_row_name};
use crate::model::Severity;
use crate::ops::checks::lines::{CheckLine, FindingLine, Outcome, Status};
use crate::ops::report::markup::{clean_text, encode_uri_segment};
use crate::ops::severity;

/// The schema of the format.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Returns the document.
///
/// # Errors
/// A serialization error.
pub(super) fn render_log(outcome: &Outcome) -> serde_json::Result<String> {
    let log = SarifLog {
        schema: SCHEMA,
        properties: json!({ "generator": GENERATOR }),
        runs: [SarifRun::from_outcome(outcome)],
        version: "2.1.0",
    };
    serde_json::to_string(&log).map(|text| text + "\n")
}

/// The document; fields are declared in alphabetical order, as `serde_json` writes all other objects.
#[derive(Serialize)]
struct SarifLog<'o> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    properties: Json,
    runs: [SarifRun<'o>; 1],
    version: &'static str,
}

/// The one run of the checks.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifRun<'o> {
    automation_details: Json,
    column_kind: &'static str,
    invocations: [Json; 1],
    properties: Json,
    #[serde(serialize_with = "serialize_results")]
    results: &'o Outcome,
    tool: Json,
}

impl<'o> SarifRun<'o> {
    fn from_outcome(outcome: &'o Outcome) -> Self {
        let rules: Vec<Json> = outcome.checks.iter().map(build_rule).collect();
        let version = env!("CARGO_PKG_VERSION");
        let driver = json!({
            "name": "mfm",
            "fullName": GENERATOR,
            "version": version,
            "semanticVersion": version,
            "rules": rules,
        });
        Self {
            automation_details: json!({ "id": format!("mfm/check/{}", encode_uri_segment(&outcome.target)) }),
            column_kind: "unicodeCodePoints",
            invocations: [build_invocation(outcome)],
            properties: json!({
                "target": outcome.target,
                "now": outcome.now,
                "rules": outcome.rules,
                "violations": outcome.violations,
                "known": outcome.known,
                "gone": outcome.gone,
                "notRun": outcome.not_run,
            }),
            results: outcome,
            tool: json!({ "driver": driver }),
        }
    }
}

/// Serializes the findings one by one: as a single JSON tree, hundreds of thousands would take much memory.
fn serialize_results<S: Serializer>(outcome: &Outcome, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(outcome.findings.iter().map(|finding| {
        let rule = outcome.checks.iter().position(|check| check.id == finding.check);
        build_result(outcome, finding, rule)
    }))
}

/// Returns the SARIF level of a severity.
const fn sarif_level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

fn build_rule(check: &CheckLine) -> Json {
    json!({
        "id": check.id,
        "name": check.id,
        "shortDescription": { "text": check.about },
        "fullDescription": { "text": check.about },
        "help": { "text": check.remedy },
        "defaultConfiguration": { "level": sarif_level(check.severity) },
        "properties": {
            "tags": [check.group, check.mode],
            "group": check.group,
            "mode": check.mode,
            "severity": check.severity,
            "severityLevel": severity::fault_level(check.severity),
            "status": check.status,
            "lookedAt": check.looked_at,
            "violations": check.violations,
            "known": check.known,
        },
    })
}

fn build_result(outcome: &Outcome, finding: &FindingLine, rule: Option<usize>) -> Json {
    let mut result = json!({
        "ruleId": finding.check,
        "level": sarif_level(finding.severity),
        "kind": "fail",
        "message": { "text": clean_text(&format!("{}: {}", render_row_name(finding), finding.message)) },
        "locations": [build_location(outcome, finding.table, &finding.key)],
        // GitHub code scanning tracks an alert by `primaryLocationLineHash` alone; the other is the documented one.
        "partialFingerprints": {
            "mfmFinding/v1": finding.fingerprint,
            "primaryLocationLineHash": format!("{}:1", finding.fingerprint),
        },
        "properties": {
            "severity": finding.severity,
            "severityLevel": severity::fault_level(finding.severity),
            "table": finding.table,
            "key": finding.key,
            "what": finding.what,
        },
    });
    let related = finding.related.iter().map(|row| build_location(outcome, row.table, &row.key));
    let related: Vec<Json> = (0..).zip(related).map(|(id, location)| with_field(location, "id", json!(id))).collect();
    if !related.is_empty() {
        result = with_field(result, "relatedLocations", json!(related));
    }
    if let Some(rule) = rule {
        result = with_field(result, "ruleIndex", json!(rule));
    }
    if outcome.baseline.is_some() {
        let state = if finding.known { "unchanged" } else { "new" };
        result = with_field(result, "baselineState", json!(state));
    }
    if let Some(reason) = &finding.reason {
        // External, because the baseline is a file and not a remark in the data.
        let accepted = json!([{ "kind": "external", "status": "accepted", "justification": reason }]);
        result = with_field(result, "suppressions", accepted);
    }
    result
}

fn with_field(object: Json, name: &str, value: Json) -> Json {
    match object {
        Json::Object(mut fields) => {
            fields.insert(name.to_owned(), value);
            Json::Object(fields)
        }
        other => other,
    }
}

/// Returns the location of a row. SARIF viewers require a file, so the path is target and table.
fn build_location(outcome: &Outcome, table: &str, key: &Json) -> Json {
    let row = clean_text(&key_text(key));
    let uri = format!("{}/{}", encode_uri_segment(&outcome.target), encode_uri_segment(table));
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri },
            "region": { "startLine": 1 },
        },
        "logicalLocations": [{
            "name": row,
            "fullyQualifiedName": format!("{}.{table}[{row}]", outcome.target),
            "kind": "row",
        }],
    })
}

/// Returns the invocation, with a build_notification for each check that could not run and for each remark.
fn build_invocation(outcome: &Outcome) -> Json {
    let mut notes: Vec<Json> = Vec::new();
    for check in &outcome.checks {
        let why = check.why.iter().map(|why| build_notification(check, "warning", &format!("not run: {why}")));
        notes.extend(why);
        notes.extend(check.remarks.iter().map(|remark| build_notification(check, "note", remark)));
    }
    notes.extend(super::too_many(outcome).map(|text| json!({ "level": "warning", "message": { "text": text } })));
    let ran = outcome.checks.iter().any(|check| check.status != Status::NotRun);
    json!({ "executionSuccessful": ran, "exitCode": u8::from(outcome.failed), "toolExecutionNotifications": notes })
}

fn build_notification(check: &CheckLine, level: &str, text: &str) -> Json {
    json!({
        "level": level,
        "message": { "text": text },
        "associatedRule": { "id": check.id },
    })
}
