//! Reports as SARIF logs (OASIS, version 2.1.0): the findings of runs that were successful.

use mfm_journal::Digest;
use serde_json::{Map, Value as Json};

use super::strict;
use crate::ops::drill::said::{NamedFindings, NoVerdict};

/// Parses the findings, each identified by rule and first fingerprint, else by rule, location and message.
pub(super) fn parse_sarif(text: &str) -> Result<NamedFindings, NoVerdict> {
    let log = strict::parse_strict(text).map_err(|why| NoVerdict::with_detail("the report is no JSON", why))?;
    let version = log.get("version");
    if version.is_some_and(|version| !version.as_str().is_some_and(|text| text.starts_with("2.1."))) {
        return Err(NoVerdict::new("the report is no SARIF log of version 2.1"));
    }
    let runs = log.get("runs").and_then(Json::as_array);
    let runs = runs.ok_or_else(|| NoVerdict::new("the report is no SARIF log: it has no runs"))?;
    // SARIF lets results stand outside of their runs; ignoring them would count them as not found.
    let mut external = log.get("inlineExternalProperties").and_then(Json::as_array).into_iter().flatten();
    if external.any(|part| part.get("results").is_some() || part.get("invocations").is_some()) {
        return Err(NoVerdict::new("results of the SARIF log stand outside of its runs"));
    }
    if runs.is_empty() {
        return Err(NoVerdict::new("the SARIF log holds no run, so nothing was looked at"));
    }
    let mut named = NamedFindings::default();
    for run in runs {
        ran_to_its_end(run)?;
        for result in list_results(run)? {
            let result = result.as_object().ok_or_else(|| NoVerdict::new("a result of the SARIF log is no object"))?;
            let identity = identify_result(result)?;
            if is_finding(result) {
                named.add_finding("", identity);
            }
        }
        named.answers += 1;
    }
    Ok(named)
}

/// Refuses a run that failed, whatever results it has: they may be only a part.
fn ran_to_its_end(run: &Json) -> Result<(), NoVerdict> {
    let invocations = match run.get("invocations") {
        None => return Ok(()),
        Some(all) => all.as_array().ok_or_else(|| NoVerdict::new("the invocations of the SARIF log are no list"))?,
    };
    for invocation in invocations {
        match invocation.get("executionSuccessful") {
            Some(Json::Bool(true)) => {}
            Some(Json::Bool(false)) => return Err(failed_run("its executionSuccessful is false")),
            _ => return Err(failed_run("its invocation does not say whether it was successful")),
        }
        for name in ["exitSignalName", "exitSignalNumber", "processStartFailureMessage"] {
            if invocation.get(name).is_some_and(|value| !value.is_null()) {
                return Err(failed_run(&format!("it has an {name}")));
            }
        }
        for name in ["toolExecutionNotifications", "toolConfigurationNotifications"] {
            if invocation.get(name).and_then(Json::as_array).into_iter().flatten().any(is_error) {
                return Err(failed_run(&format!("an error stands in its {name}")));
            }
        }
    }
    Ok(())
}

fn failed_run(what: &str) -> NoVerdict {
    NoVerdict::new(format!("a run of the SARIF log failed: {what}"))
}

/// Returns whether a notification reports an error or an exception.
fn is_error(notification: &Json) -> bool {
    notification.get("level").and_then(Json::as_str) == Some("error")
        || notification.get("exception").is_some_and(|exception| !exception.is_null())
}

/// Returns the results of a run; null or no `results` means that it did not look for any.
fn list_results(run: &Json) -> Result<&Vec<Json>, NoVerdict> {
    let elsewhere = run.pointer("/externalPropertyFileReferences/results");
    if elsewhere.is_some_and(|files| !files.is_null()) {
        return Err(NoVerdict::new("results of the SARIF log are in other files"));
    }
    let results = run.get("results").and_then(Json::as_array);
    results.ok_or_else(|| NoVerdict::new("a run of the SARIF log has no results, so it looked for none"))
}

/// Returns whether a result is a finding: not suppressed, not known from a baseline, and no pass.
fn is_finding(result: &Map<String, Json>) -> bool {
    let word = |name: &str| result.get(name).and_then(Json::as_str).unwrap_or_default();
    let suppressions = result.get("suppressions").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    // Without a status a suppression counts as accepted; one under review or rejected does not suppress.
    let suppressed = !suppressions.is_empty()
        && suppressions
            .iter()
            .all(|one| one.get("status").and_then(Json::as_str).is_none_or(|word| word == "accepted"));
    let passed = ["pass", "notApplicable", "informational"].contains(&word("kind")) || word("level") == "none";
    !suppressed && !passed && !["unchanged", "absent"].contains(&word("baselineState"))
}

/// Returns the text that identifies a result between runs.
fn identify_result(result: &Map<String, Json>) -> Result<String, NoVerdict> {
    let rule = result.get("ruleId").or_else(|| result.get("rule")?.get("id")).and_then(Json::as_str);
    let prints = ["fingerprints", "partialFingerprints"].iter().find_map(|name| result.get(*name)?.as_object());
    let print = prints.and_then(|prints| prints.values().next()).and_then(Json::as_str);
    if let Some(print) = print.filter(|print| !print.is_empty()) {
        return Ok(format!("{} {print}", rule.unwrap_or("result")));
    }
    let place = result.get("locations").filter(|place| place.as_array().is_some_and(|all| !all.is_empty()));
    let message = result.get("message").filter(|message| message.as_object().is_some_and(|parts| !parts.is_empty()));
    if place.is_none() && message.is_none() {
        return Err(NoVerdict::new("a result of the SARIF log has neither fingerprint, place nor message"));
    }
    let text = |part: Option<&Json>| part.map(ToString::to_string).unwrap_or_default();
    let digest = Digest::sha256(format!("{}\n{}", text(place), text(message)).as_bytes()).to_string();
    Ok(format!("{} {}", rule.unwrap_or("result"), digest.get(..16).unwrap_or(&digest)))
}
