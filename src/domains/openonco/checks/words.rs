//! Checks of words: approval, discontinued tests, coverage.

use serde_json::Value as Json;

use super::record::CatalogueRecord;
use super::{CheckDefinition, Judge, Problem};
use crate::domain::check::CheckCard;
use crate::domains::openonco::rules::Rules;
use crate::domains::openonco::text::folding::fold_text;
use crate::domains::openonco::text::regulatory::{class_of, denies_consent, is_consent};
use crate::model::Severity;

pub(super) static REGULATORY: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "regulatory_words",
        group: "words",
        mode: "inverted_approval",
        severity: Severity::Critical,
        about: "A status contradicts itself or other fields: it denies an approval that has a date or companion \
            diagnostics, or claims one without any trace of it.",
        remedy: "Look the test up in the regulator's public list.",
    },
    judge: Judge::Record(judge_status),
};

pub(super) static DISCONTINUED: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "discontinued_on_market",
        group: "words",
        mode: "inverted_approval",
        severity: Severity::High,
        about: "A test is discontinued by one field, and on the market by another.",
        remedy: "Ask the vendor, and correct the field that is out of date.",
    },
    judge: Judge::Record(judge_discontinued),
};

pub(super) static COVERAGE: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "coverage_words",
        group: "words",
        mode: "inverted_approval",
        severity: Severity::Medium,
        about: "What an insurer covers contradicts what the reimbursement field says.",
        remedy: "Look the policy up by its number, and say for which indications it holds.",
    },
    judge: Judge::Record(judge_coverage),
};

fn judge_status(record: &CatalogueRecord, _: &Rules) -> Vec<Problem> {
    let Some(status) = record.text("fdaStatus") else { return Vec::new() };
    let class = class_of(status);
    let message = if is_consent(class) {
        if has_evidence(record) {
            return Vec::new();
        }
        format!("fdaStatus claims `{}`, and nothing else in the record speaks for it", shorten(status))
    } else {
        let Some(evidence) = find_evidence(record).filter(|_| denies_consent(status)) else { return Vec::new() };
        format!("fdaStatus says `{}`, but {evidence}", shorten(status))
    };
    vec![Problem::text("fdaStatus", status, message)]
}

fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Returns the field that speaks for an approval of the test itself.
pub(in crate::domains::openonco) fn find_evidence(record: &CatalogueRecord) -> Option<&'static str> {
    if ["fdaApprovalDate", "fdaAuthorizationDate", "fdaClearanceDate"].iter().any(|field| record.text(field).is_some())
    {
        return Some("there is a date of approval");
    }
    let count = record.number("fdaCompanionDxCount").filter(|count| *count > 0.0);
    count.map(|_| "it has companion diagnostics")
}

/// Tells whether anything in a record speaks for a claim of approval: a date, companion diagnostics, a number of the
/// regulator's, a year beside the claim, or a page of the regulator among the citations.
pub(in crate::domains::openonco) fn has_evidence(record: &CatalogueRecord) -> bool {
    let status = record.text("fdaStatus").unwrap_or_default();
    let names_year =
        status.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() == 4 && digits.starts_with("20"));
    find_evidence(record).is_some()
        || names_year
        || names_number(status)
        || record.citations().iter().any(|(_, text)| text.contains("fda.gov"))
}

/// Tells whether a text names a number of the regulator's: P170019, K123456, DEN170058.
fn names_number(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        let digits = ["DEN", "P", "K"].iter().find_map(|prefix| word.strip_prefix(prefix));
        digits.is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

fn judge_discontinued(record: &CatalogueRecord, _: &Rules) -> Vec<Problem> {
    let status = record.text("fdaStatus").unwrap_or_default();
    let is_flagged = record.fields.get("isDiscontinued") == Some(&Json::Bool(true));
    let is_said = class_of(status) == "discontinued";
    let market = record.text("clinicalAvailability").map(fold_text).unwrap_or_default();
    // "Commercially available since 2020; discontinued 2024" says both, and agrees.
    let is_sold = market.contains("available")
        && !["discontinued", "not available", "no longer"].iter().any(|no| market.contains(no));
    if (is_flagged || is_said) && is_sold {
        let message = "it is discontinued, but clinicalAvailability says that it is available".to_owned();
        return vec![Problem::text("clinicalAvailability", &market, message)];
    }
    let flag = record.fields.get("isDiscontinued");
    if is_said && flag == Some(&Json::Bool(false)) || is_flagged && is_consent(class_of(status)) {
        let message = format!("isDiscontinued contradicts fdaStatus `{}`", shorten(status));
        return vec![Problem::text("isDiscontinued", status, message)];
    }
    Vec::new()
}

fn judge_coverage(record: &CatalogueRecord, _: &Rules) -> Vec<Problem> {
    let said = record.text("reimbursement").map(fold_text).unwrap_or_default();
    let status =
        record.fields.get("medicareCoverage").and_then(|coverage| coverage.get("status")).and_then(Json::as_str);
    // Some files write NOT_COVERED, others "Not covered".
    let Some(status) = status.map(|status| fold_text(&status.replace('_', " "))) else { return Vec::new() };
    let is_denied = ["not covered", "non covered", "no coverage", "none"].iter().any(|no| status.contains(no));
    let is_covered = !is_denied && status.contains("covered");
    let claims = said.contains("medicare") && !said.contains("not ") && !said.contains("pending");
    let refuses = said.starts_with("not covered") || said.starts_with("no ") || said.contains("self pay");
    if is_denied && claims || is_covered && refuses {
        let message = format!("reimbursement says `{said}`, but medicareCoverage `{status}`");
        return vec![Problem::text("reimbursement", &said, message)];
    }
    Vec::new()
}
