//! `create_vanished_record`: a record is gone, or empty.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rewrite::{RECORD, needs_of_records, read_record};
use crate::domain::mode::{FailureMode, ModeCard, PlannedFault, Task, Variant};
use crate::domain::params;
use crate::model::{FaultSeverity, Fetch, Ids, Refusal, Snapshot, Value};

pub(super) struct VanishedRecord;

const DELETED: &str = "nothing";
const EMPTIED: &str = "empty_object";

static CARD: ModeCard = ModeCard {
    id: "vanished_record",
    tool: "create_vanished_record",
    title: "Record vanished",
    description: "A test is not in its file any more, or as an object without fields: as from a merge that went \
        wrong. Nobody who looks for a test can know that there was one.",
    record: RECORD,
    variants: &[
        Variant {
            word: DELETED,
            severity: FaultSeverity::tenths::<18>(),
            about: "the record is gone",
            eligible: "any test",
            ..Variant::PLAIN
        },
        Variant {
            word: EMPTIED,
            severity: FaultSeverity::tenths::<16>(),
            about: "the record has no fields any more",
            eligible: "any test",
            ..Variant::PLAIN
        },
    ],
    severity: FaultSeverity::tenths::<18>(),
    checks: &["lost_record", "identity"],
    data_needed: &["an earlier state of the file"],
    ..ModeCard::PLAIN
};

/// Parameters of `create_vanished_record`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Records to break, by OncologyTest.record: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    record: Option<Ids>,
    /// What is left of it.
    #[arg(long, value_name = "WHAT", value_parser = params::variant_parser(&CARD))]
    left: Option<String>,
}

impl FailureMode for VanishedRecord {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, mut params: Params, variant: Option<&str>) -> Result<Params, String> {
        let word = params::resolve_variant(self, "left", params.left.as_deref(), variant)?;
        params.left = Some(word.to_owned());
        Ok(params)
    }

    fn needs(&self, records: &[Value], _: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        needs_of_records(records, snapshot)
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let word = params::variant_of_plan(self, params.left.as_deref(), "left")?;
        let record = read_record(snapshot, task)?;
        if !record.is_consistent() {
            return Err(task.ineligible("its columns differ from its text"));
        }
        let edits = if word == DELETED { record.delete() } else { record.rewrite("{}", record.category) };
        if word == EMPTIED && record.text == "{}" {
            return Err(task.ineligible("it is empty already"));
        }
        Ok(PlannedFault::without_witness(word, edits))
    }
}
