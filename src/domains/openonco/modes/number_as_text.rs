//! `create_number_as_text`: a number becomes a text.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rewrite::{RECORD, SourceRecord, needs_of_records, read_record};
use crate::domain::mode::{FailureMode, ModeCard, PlannedFault, Task, Variant};
use crate::domain::params;
use crate::domains::openonco::checks::record::SHARES;
use crate::domains::openonco::source;
use crate::model::seed::RecordRandom;
use crate::model::{FaultSeverity, Fetch, Ids, Refusal, Snapshot, Value};

pub(super) struct NumberAsText;

const PERCENT: &str = "percent_sign";
const UNIT: &str = "with_unit";

static CARD: ModeCard = ModeCard {
    id: "number_as_text",
    tool: "create_number_as_text",
    title: "Number turned into text",
    description: "A figure is written as a text with its sign or unit: as when somebody pastes it from a page. It \
        reads the same to people, but every filter and comparison passes the test over without a word.",
    record: RECORD,
    variants: &[
        Variant {
            word: PERCENT,
            severity: FaultSeverity::tenths::<12>(),
            about: "a share is a text with the sign of percent",
            eligible: "a test with a figure that is a share of a hundred",
            ..Variant::PLAIN
        },
        Variant {
            word: UNIT,
            severity: FaultSeverity::tenths::<10>(),
            about: "an amount is a text with its unit",
            eligible: "a test with a time, volume or price that is a number",
            ..Variant::PLAIN
        },
    ],
    severity: FaultSeverity::tenths::<12>(),
    checks: &["number_as_text"],
    data_needed: &[],
    ..ModeCard::PLAIN
};

/// Parameters of `create_number_as_text`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Records to break, by OncologyTest.record: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    record: Option<Ids>,
    /// How it is written.
    #[arg(long, value_name = "WHAT", value_parser = params::variant_parser(&CARD))]
    writing: Option<String>,
}

impl FailureMode for NumberAsText {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, mut params: Params, variant: Option<&str>) -> Result<Params, String> {
        let word = params::resolve_variant(self, "writing", params.writing.as_deref(), variant)?;
        params.writing = Some(word.to_owned());
        Ok(params)
    }

    fn needs(&self, records: &[Value], _: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        needs_of_records(records, snapshot)
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let word = params::variant_of_plan(self, params.writing.as_deref(), "writing")?;
        let record = read_record(snapshot, task)?;
        if !record.is_consistent() {
            return Err(task.ineligible("its columns differ from its text"));
        }
        let mut random = RecordRandom::new(task.seed, word, std::slice::from_ref(task.record));
        match random.pick(&list_choices(&record, word)) {
            Some(text) => Ok(PlannedFault::without_witness(word, record.rewrite(text, record.category))),
            None => Err(task.ineligible("it has no number of that kind")),
        }
    }
}

/// The amounts that people write with a unit: the field, what stands before the number, and what behind.
const WITH_UNIT: [(&str, &str, &str); 5] = [
    ("initialTat", "", " days"),
    ("followUpTat", "", " days"),
    ("leadTimeVsImaging", "", " days"),
    ("bloodVolume", "", " mL"),
    ("listPrice", "$", ""),
];

/// Returns the texts with one number as a text.
fn list_choices(record: &SourceRecord<'_>, word: &str) -> Vec<String> {
    let fields: Vec<(&str, &str, &str)> =
        if word == PERCENT { SHARES.iter().map(|field| (*field, "", "%")).collect() } else { WITH_UNIT.to_vec() };
    let mut choices = Vec::new();
    for (field, before, behind) in fields {
        let Some(member) = source::find_member(record.text, field) else { continue };
        let digits = record.text.get(member.value).unwrap_or_default();
        if digits.parse::<f64>().is_ok() {
            let written = source::encode_text(&format!("{before}{digits}{behind}"));
            choices.extend(source::replace_value(record.text, field, &written));
        }
    }
    choices
}
