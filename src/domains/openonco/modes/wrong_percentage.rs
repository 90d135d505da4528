//! `create_wrong_percentage`: a share is above a hundred percent, or lost its decimal point.

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

pub(super) struct WrongPercentage;

const ABOVE: &str = "above_hundred";
const POINT: &str = "decimal_point_lost";

static CARD: ModeCard = ModeCard {
    id: "wrong_percentage",
    tool: "create_wrong_percentage",
    title: "Percentage wrong",
    description: "A sensitivity, specificity or predictive value is above a hundred, or its decimal point is gone: as \
        from a slip of the hand or a spreadsheet of another country. It sorts before every true figure, so that the \
        test looks like the best one.",
    record: RECORD,
    variants: &[
        Variant {
            word: ABOVE,
            severity: FaultSeverity::tenths::<20>(),
            about: "a share is a hundred larger",
            eligible: "a test with a figure that is a share of a hundred",
            ..Variant::PLAIN
        },
        Variant {
            word: POINT,
            severity: FaultSeverity::tenths::<22>(),
            about: "the decimal point of a share is gone",
            eligible: "a test with a share of at least 10 that is written with a decimal point",
            ..Variant::PLAIN
        },
    ],
    severity: FaultSeverity::tenths::<22>(),
    checks: &["share_range"],
    data_needed: &["the publications that are cited"],
    ..ModeCard::PLAIN
};

/// Parameters of `create_wrong_percentage`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Records to break, by OncologyTest.record: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    record: Option<Ids>,
    /// What is wrong with it.
    #[arg(long, value_name = "WHAT", value_parser = params::variant_parser(&CARD))]
    percentage: Option<String>,
}

impl FailureMode for WrongPercentage {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, mut params: Params, variant: Option<&str>) -> Result<Params, String> {
        let word = params::resolve_variant(self, "percentage", params.percentage.as_deref(), variant)?;
        params.percentage = Some(word.to_owned());
        Ok(params)
    }

    fn needs(&self, records: &[Value], _: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        needs_of_records(records, snapshot)
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let word = params::variant_of_plan(self, params.percentage.as_deref(), "percentage")?;
        let record = read_record(snapshot, task)?;
        if !record.is_consistent() {
            return Err(task.ineligible("its columns differ from its text"));
        }
        let mut random = RecordRandom::new(task.seed, word, std::slice::from_ref(task.record));
        match random.pick(&list_choices(&record, word)) {
            Some(text) => Ok(PlannedFault::without_witness(word, record.rewrite(text, record.category))),
            None => Err(task.ineligible("it has no share of that kind")),
        }
    }
}

/// Returns the texts with one share changed.
fn list_choices(record: &SourceRecord<'_>, word: &str) -> Vec<String> {
    let mut choices = Vec::new();
    for field in SHARES {
        let Some(member) = source::find_member(record.text, field) else { continue };
        let digits = record.text.get(member.value).unwrap_or_default();
        let is_share = digits.parse::<f64>().is_ok_and(|share| (0.0..=100.0).contains(&share));
        let wrong = if word == ABOVE { add_hundred(digits) } else { drop_point(digits) };
        if let Some(wrong) = wrong.filter(|_| is_share) {
            choices.extend(source::replace_value(record.text, field, &wrong));
        }
    }
    choices
}

/// Adds a hundred to the digits before the point; the others stay as they are written.
fn add_hundred(digits: &str) -> Option<String> {
    let (whole, rest) = digits.split_at_checked(digits.find('.').unwrap_or(digits.len()))?;
    let sum = whole.parse::<u32>().ok()? + 100;
    // 0 becomes 100, which is a share again.
    (sum > 100).then(|| format!("{sum}{rest}"))
}

fn drop_point(digits: &str) -> Option<String> {
    let (whole, rest) = digits.split_once('.')?;
    let lost = format!("{whole}{rest}");
    let number: u32 = lost.parse().ok()?;
    (number > 100 && !lost.starts_with('0')).then_some(lost)
}
