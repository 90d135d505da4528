//! `create_inverted_approval`: a status says the opposite about approval.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rewrite::{RECORD, SourceRecord, needs_of_records, read_record};
use crate::domain::mode::{FailureMode, ModeCard, PlannedFault, Task, Variant};
use crate::domain::params;
use crate::domains::openonco::checks::{find_evidence, has_evidence};
use crate::domains::openonco::source;
use crate::domains::openonco::text::regulatory::{class_of, is_consent};
use crate::model::seed::RecordRandom;
use crate::model::{FaultSeverity, Fetch, Ids, Refusal, Snapshot, Value};

pub(super) struct InvertedApproval;

const DENIED: &str = "denied";
const CLAIMED: &str = "claimed";

static CARD: ModeCard = ModeCard {
    id: "inverted_approval",
    tool: "create_inverted_approval",
    title: "Approval inverted",
    description: "The status of a test denies the approval that it has, or claims one that it has not: as from a line \
        copied from another product, or a negation lost in shortening. A patient may be given a test that nobody \
        examined, or be refused one that is paid for.",
    record: RECORD,
    variants: &[
        Variant {
            word: DENIED,
            severity: FaultSeverity::tenths::<20>(),
            about: "the status of an approved test says that it is not approved",
            eligible: "a test with a regulator's consent, and a date of it or companion diagnostics",
            ..Variant::PLAIN
        },
        Variant {
            word: CLAIMED,
            severity: FaultSeverity::tenths::<28>(),
            about: "the status of a test without approval claims one",
            eligible: "a test without a regulator's consent, nothing of which speaks for one",
            ..Variant::PLAIN
        },
    ],
    severity: FaultSeverity::tenths::<28>(),
    checks: &["regulatory_words"],
    data_needed: &["the public lists of the regulators"],
    ..ModeCard::PLAIN
};

/// Parameters of `create_inverted_approval`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Records to break, by OncologyTest.record: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    record: Option<Ids>,
    /// What the status says.
    #[arg(long, value_name = "WHAT", value_parser = params::variant_parser(&CARD))]
    approval: Option<String>,
}

impl FailureMode for InvertedApproval {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, mut params: Params, variant: Option<&str>) -> Result<Params, String> {
        let word = params::resolve_variant(self, "approval", params.approval.as_deref(), variant)?;
        params.approval = Some(word.to_owned());
        Ok(params)
    }

    fn needs(&self, records: &[Value], _: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        needs_of_records(records, snapshot)
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let word = params::variant_of_plan(self, params.approval.as_deref(), "approval")?;
        let record = read_record(snapshot, task)?;
        if !record.is_consistent() {
            return Err(task.ineligible("its columns differ from its text"));
        }
        let mut random = RecordRandom::new(task.seed, word, std::slice::from_ref(task.record));
        match random.pick(&list_choices(&record, word)) {
            Some(text) => Ok(PlannedFault::without_witness(word, record.rewrite(text, record.category))),
            None => Err(task.ineligible("it has no status of that kind")),
        }
    }
}

/// Returns the text with the other status, where the rest of the record contradicts it.
fn list_choices(record: &SourceRecord<'_>, word: &str) -> Vec<String> {
    let Some(parsed) = record.parse() else { return Vec::new() };
    let has_consent = parsed.text("fdaStatus").map(class_of).is_some_and(is_consent);
    let status = if word == DENIED { "CLIA LDT - not FDA approved" } else { "FDA-approved" };
    if has_consent != (word == DENIED) || parsed.text("fdaStatus").is_none() {
        return Vec::new();
    }
    let text = source::replace_value(record.text, "fdaStatus", &source::encode_text(status));
    let is_contradicted = |text: &String| {
        let other = record.parse_other(text);
        other.is_some_and(|other| if word == DENIED { find_evidence(&other).is_some() } else { !has_evidence(&other) })
    };
    text.into_iter().filter(is_contradicted).collect()
}
