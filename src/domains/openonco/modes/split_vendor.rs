//! `create_split_vendor`: one company is written in two ways.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rewrite::{RECORD, SourceRecord, needs_of_neighbours, neighbours, read_record};
use crate::domain::mode::{FailureMode, ModeCard, PlannedFault, Task, Variant};
use crate::domain::params;
use crate::domains::openonco::categories::find_category;
use crate::domains::openonco::source;
use crate::domains::openonco::text::vendors::group_of;
use crate::model::seed::RecordRandom;
use crate::model::{FaultSeverity, Fetch, Ids, Refusal, Snapshot, Value};

pub(super) struct SplitVendor;

const FORM: &str = "legal_form";
const CASE: &str = "letter_case";

static CARD: ModeCard = ModeCard {
    id: "split_vendor",
    tool: "create_split_vendor",
    title: "Vendor split",
    description: "A vendor is spelled otherwise on one test than on its others: as when two people keep the \
        catalogue. A filter or a count by vendor misses the test.",
    record: RECORD,
    variants: &[
        Variant {
            word: FORM,
            severity: FaultSeverity::tenths::<8>(),
            about: "the name ends in the form of the company",
            eligible: "a test whose vendor has another one within a dozen records",
            ..Variant::PLAIN
        },
        Variant {
            word: CASE,
            severity: FaultSeverity::tenths::<6>(),
            about: "the name is in capitals",
            eligible: "a test whose vendor has another one within a dozen records, and whose name has small letters",
            ..Variant::PLAIN
        },
    ],
    severity: FaultSeverity::tenths::<8>(),
    checks: &["vendor_spelling"],
    data_needed: &[],
    ..ModeCard::PLAIN
};

/// Parameters of `create_split_vendor`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Records to break, by OncologyTest.record: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    record: Option<Ids>,
    /// How it is spelled.
    #[arg(long, value_name = "WHAT", value_parser = params::variant_parser(&CARD))]
    spelling: Option<String>,
}

impl FailureMode for SplitVendor {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, mut params: Params, variant: Option<&str>) -> Result<Params, String> {
        let word = params::resolve_variant(self, "spelling", params.spelling.as_deref(), variant)?;
        params.spelling = Some(word.to_owned());
        Ok(params)
    }

    fn needs(&self, records: &[Value], _: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        needs_of_neighbours(records, snapshot)
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let word = params::variant_of_plan(self, params.spelling.as_deref(), "spelling")?;
        let record = read_record(snapshot, task)?;
        if !record.is_consistent() {
            return Err(task.ineligible("its columns differ from its text"));
        }
        let mut random = RecordRandom::new(task.seed, word, std::slice::from_ref(task.record));
        match random.pick(&list_choices(&record, snapshot, word)) {
            Some(text) => Ok(PlannedFault::without_witness(word, record.rewrite(text, record.category))),
            None => Err(task.ineligible("its vendor has no other test within a dozen records")),
        }
    }
}

/// Returns the text with the vendor spelled otherwise, if another test shows how it is spelled.
fn list_choices(record: &SourceRecord<'_>, snapshot: &Snapshot, word: &str) -> Vec<String> {
    let Some((field, vendor)) = read_vendor(record) else { return Vec::new() };
    let other = if word == FORM { format!("{vendor}, Inc.") } else { vendor.to_uppercase() };
    let is_shared = neighbours(snapshot, record.record).iter().filter_map(read_vendor).any(|(_, name)| name == vendor);
    if !is_shared || other == vendor || group_of(&other) != group_of(&vendor) {
        return Vec::new();
    }
    source::replace_value(record.text, field, &source::encode_text(&other)).into_iter().collect()
}

/// Returns the field with the vendor's name, and the name.
fn read_vendor(record: &SourceRecord<'_>) -> Option<(&'static str, String)> {
    let field = find_category(record.category)?.fields.vendor;
    let name = source::read_member(record.text, field)?;
    Some((field, name.as_str()?.to_owned()))
}
