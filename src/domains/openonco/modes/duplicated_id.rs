//! `create_duplicated_id`: two records have one id.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rewrite::{RECORD, SourceRecord, needs_of_neighbours, neighbours, read_record};
use crate::domain::mode::{FailureMode, ModeCard, PlannedFault, Task, Variant};
use crate::domain::params;
use crate::domains::openonco::source;
use crate::model::seed::RecordRandom;
use crate::model::{FaultSeverity, Fetch, Ids, Refusal, Snapshot, Value};

pub(super) struct DuplicatedId;

const SAME: &str = "same_file";
const OTHER: &str = "other_file";

static CARD: ModeCard = ModeCard {
    id: "duplicated_id",
    tool: "create_duplicated_id",
    title: "Id duplicated",
    description: "A record has the id of another one: as when a new entry is begun as a copy of an old one. Whoever \
        asks for the id gets one of the two by chance, and the other cannot be found at all.",
    record: RECORD,
    variants: &[
        Variant {
            word: SAME,
            severity: FaultSeverity::tenths::<20>(),
            about: "it has the id of another test of its category",
            eligible: "a test with another one of its category within a dozen records",
            ..Variant::PLAIN
        },
        Variant {
            word: OTHER,
            severity: FaultSeverity::tenths::<18>(),
            about: "it has the id of a test of another category",
            eligible: "a test with one of another category within a dozen records",
            ..Variant::PLAIN
        },
    ],
    severity: FaultSeverity::tenths::<20>(),
    checks: &["duplicate_id"],
    data_needed: &[],
    ..ModeCard::PLAIN
};

/// Parameters of `create_duplicated_id`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Records to break, by OncologyTest.record: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    record: Option<Ids>,
    /// Where the id is copied from.
    #[arg(long, value_name = "WHAT", value_parser = params::variant_parser(&CARD))]
    copied_from: Option<String>,
}

impl FailureMode for DuplicatedId {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, mut params: Params, variant: Option<&str>) -> Result<Params, String> {
        let word = params::resolve_variant(self, "copied_from", params.copied_from.as_deref(), variant)?;
        params.copied_from = Some(word.to_owned());
        Ok(params)
    }

    fn needs(&self, records: &[Value], _: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        needs_of_neighbours(records, snapshot)
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let word = params::variant_of_plan(self, params.copied_from.as_deref(), "copied_from")?;
        let record = read_record(snapshot, task)?;
        if !record.is_consistent() {
            return Err(task.ineligible("its columns differ from its text"));
        }
        let mut random = RecordRandom::new(task.seed, word, std::slice::from_ref(task.record));
        match random.pick(&list_choices(&record, snapshot, word)) {
            Some(text) => Ok(PlannedFault::without_witness(word, record.rewrite(text, record.category))),
            None => Err(task.ineligible("there is no other test within a dozen records")),
        }
    }
}

/// Returns the texts with the id of another record.
fn list_choices(record: &SourceRecord<'_>, snapshot: &Snapshot, word: &str) -> Vec<String> {
    let own = source::read_member(record.text, "id");
    let mut choices = Vec::new();
    for other in neighbours(snapshot, record.record) {
        let is_wanted = (other.category == record.category) == (word == SAME);
        let id = source::read_member(other.text, "id").filter(serde_json::Value::is_string);
        if let Some(id) = id.filter(|id| is_wanted && Some(id) != own.as_ref()) {
            choices.extend(source::replace_value(record.text, "id", &id.to_string()));
        }
    }
    choices
}
