//! `create_exchanged_figures`: two figures change places.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rewrite::{RECORD, SourceRecord, needs_of_records, read_record};
use crate::domain::mode::{FailureMode, ModeCard, PlannedFault, Task, Variant};
use crate::domain::params;
use crate::domains::openonco::checks::{PAIRS, stand_in_each_others_notes};
use crate::domains::openonco::source;
use crate::model::seed::RecordRandom;
use crate::model::{FaultSeverity, Fetch, Ids, Refusal, Snapshot, Value};

pub(super) struct ExchangedFigures;

const ACCURACY: &str = "sensitivity_and_specificity";
const PREDICTIVE: &str = "predictive_values";

static CARD: ModeCard = ModeCard {
    id: "exchanged_figures",
    tool: "create_exchanged_figures",
    title: "Figures exchanged",
    description: "Sensitivity and specificity, or PPV and NPV, stand in each other's field: as from columns read in \
        another order. A test that misses cancers looks like one that finds them.",
    record: RECORD,
    variants: &[
        Variant {
            word: ACCURACY,
            severity: FaultSeverity::tenths::<25>(),
            about: "sensitivity and specificity change places",
            eligible: "a test with both, each of which stands in its own notes and not in the other's",
            ..Variant::PLAIN
        },
        Variant {
            word: PREDICTIVE,
            severity: FaultSeverity::tenths::<25>(),
            about: "PPV and NPV change places",
            eligible: "a test with both, each of which stands in its own notes and not in the other's",
            ..Variant::PLAIN
        },
    ],
    severity: FaultSeverity::tenths::<25>(),
    checks: &["figures_and_notes"],
    data_needed: &["the publications that are cited"],
    ..ModeCard::PLAIN
};

/// Parameters of `create_exchanged_figures`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Records to break, by OncologyTest.record: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    record: Option<Ids>,
    /// Which figures change places.
    #[arg(long, value_name = "WHAT", value_parser = params::variant_parser(&CARD))]
    figures: Option<String>,
}

impl FailureMode for ExchangedFigures {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, mut params: Params, variant: Option<&str>) -> Result<Params, String> {
        let word = params::resolve_variant(self, "figures", params.figures.as_deref(), variant)?;
        params.figures = Some(word.to_owned());
        Ok(params)
    }

    fn needs(&self, records: &[Value], _: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        needs_of_records(records, snapshot)
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let word = params::variant_of_plan(self, params.figures.as_deref(), "figures")?;
        let record = read_record(snapshot, task)?;
        if !record.is_consistent() {
            return Err(task.ineligible("its columns differ from its text"));
        }
        let mut random = RecordRandom::new(task.seed, word, std::slice::from_ref(task.record));
        match random.pick(&list_choices(&record, word)) {
            Some(text) => Ok(PlannedFault::without_witness(word, record.rewrite(text, record.category))),
            None => Err(task.ineligible("its notes do not tell the two figures apart")),
        }
    }
}

/// Returns the text with the two figures exchanged, where their notes show it.
fn list_choices(record: &SourceRecord<'_>, word: &str) -> Vec<String> {
    let [accuracy, predictive] = PAIRS;
    let (one, other) = if word == ACCURACY { accuracy } else { predictive };
    let value = |field: &str| record.text.get(source::find_member(record.text, field)?.value).map(str::to_owned);
    let (Some(of_one), Some(of_other)) = (value(one), value(other)) else { return Vec::new() };
    let exchanged = source::replace_value(record.text, one, &of_other)
        .and_then(|text| source::replace_value(&text, other, &of_one))
        .filter(|text| record.parse_other(text).is_some_and(|after| stand_in_each_others_notes(&after, one, other)));
    exchanged.into_iter().collect()
}
