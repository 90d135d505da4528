//! `create_changed_unit`: a time is written in another unit.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rewrite::{RECORD, SourceRecord, needs_of_records, read_record};
use crate::domain::mode::{FailureMode, ModeCard, PlannedFault, Task, Variant};
use crate::domain::params;
use crate::domains::openonco::checks::TURNAROUNDS;
use crate::domains::openonco::source;
use crate::model::seed::RecordRandom;
use crate::model::{FaultSeverity, Fetch, Ids, Refusal, Snapshot, Value};

pub(super) struct ChangedUnit;

const MONTHS: &str = "months_for_days";
const HOURS: &str = "hours_for_days";

static CARD: ModeCard = ModeCard {
    id: "changed_unit",
    tool: "create_changed_unit",
    title: "Unit changed",
    description: "A lead time is written in months, or a time to a result in hours, in a field of days: as when \
        figures are copied from a paper as they stand. The test looks thirty times slower or a day late against \
        others.",
    record: RECORD,
    variants: &[
        Variant {
            word: MONTHS,
            severity: FaultSeverity::tenths::<15>(),
            about: "the lead time over imaging is written in months",
            eligible: "a test with a lead time of 30 to 450 days",
            ..Variant::PLAIN
        },
        Variant {
            word: HOURS,
            severity: FaultSeverity::tenths::<12>(),
            about: "a time to a result is written in hours",
            eligible: "a test with a time to a result of more than 5 days",
            ..Variant::PLAIN
        },
    ],
    severity: FaultSeverity::tenths::<15>(),
    checks: &["unit"],
    data_needed: &["the publications that are cited"],
    ..ModeCard::PLAIN
};

/// Parameters of `create_changed_unit`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Records to break, by OncologyTest.record: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    record: Option<Ids>,
    /// Which unit it is written in.
    #[arg(long, value_name = "WHAT", value_parser = params::variant_parser(&CARD))]
    unit: Option<String>,
}

impl FailureMode for ChangedUnit {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, mut params: Params, variant: Option<&str>) -> Result<Params, String> {
        let word = params::resolve_variant(self, "unit", params.unit.as_deref(), variant)?;
        params.unit = Some(word.to_owned());
        Ok(params)
    }

    fn needs(&self, records: &[Value], _: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        needs_of_records(records, snapshot)
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let word = params::variant_of_plan(self, params.unit.as_deref(), "unit")?;
        let record = read_record(snapshot, task)?;
        if !record.is_consistent() {
            return Err(task.ineligible("its columns differ from its text"));
        }
        let mut random = RecordRandom::new(task.seed, word, std::slice::from_ref(task.record));
        match random.pick(&list_choices(&record, word)) {
            Some(text) => Ok(PlannedFault::without_witness(word, record.rewrite(text, record.category))),
            None => Err(task.ineligible("it has no such time")),
        }
    }
}

/// Returns the texts with one time in the other unit.
fn list_choices(record: &SourceRecord<'_>, word: &str) -> Vec<String> {
    let Some(parsed) = record.parse() else { return Vec::new() };
    let fields: &[&str] = if word == MONTHS { &["leadTimeVsImaging"] } else { &TURNAROUNDS };
    let mut choices = Vec::new();
    for field in fields {
        let Some(days) = parsed.number(field) else { continue };
        let other = if word == MONTHS { (days / DAYS_A_MONTH * 10.0).round() / 10.0 } else { days * 24.0 };
        let shows = if word == MONTHS { (30.0..=450.0).contains(&days) } else { days > 5.0 };
        if shows {
            choices.extend(source::replace_value(record.text, field, &serde_json::Value::from(other).to_string()));
        }
    }
    choices
}

/// The mean length of a month.
const DAYS_A_MONTH: f64 = 365.25 / 12.0;
