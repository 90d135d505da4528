//! `create_moved_test`: a test is in another category.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rewrite::{RECORD, SourceRecord, needs_of_records, read_record};
use crate::domain::mode::{FailureMode, ModeCard, PlannedFault, Task, Variant};
use crate::domain::params;
use crate::domains::openonco::schema::FILES;
use crate::model::seed::RecordRandom;
use crate::model::{FaultSeverity, Fetch, Ids, Refusal, Snapshot, Value};

pub(super) struct MovedTest;

const OTHER: &str = "other_file";

static CARD: ModeCard = ModeCard {
    id: "moved_test",
    tool: "create_moved_test",
    title: "Test in another category",
    description: "A test stands in the file of another category: as when files are split or merged by hand. It is \
        compared with tests of another purpose, and missing among its own.",
    record: RECORD,
    variants: &[Variant {
        word: OTHER,
        severity: FaultSeverity::tenths::<15>(),
        about: "the test is in the file of another category",
        eligible: "a test of a catalogue with a second category",
        ..Variant::PLAIN
    }],
    severity: FaultSeverity::tenths::<15>(),
    checks: &["moved_record"],
    data_needed: &["an earlier state of the files"],
    ..ModeCard::PLAIN
};

/// Parameters of `create_moved_test`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Records to break, by OncologyTest.record: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    record: Option<Ids>,
    /// Where it is moved to.
    #[arg(long, value_name = "WHAT", value_parser = params::variant_parser(&CARD))]
    moved_to: Option<String>,
}

impl FailureMode for MovedTest {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, mut params: Params, variant: Option<&str>) -> Result<Params, String> {
        let word = params::resolve_variant(self, "moved_to", params.moved_to.as_deref(), variant)?;
        params.moved_to = Some(word.to_owned());
        Ok(params)
    }

    fn needs(&self, records: &[Value], _: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        let mut needs = needs_of_records(records, snapshot);
        let files = Fetch::all(FILES);
        if !snapshot.has_answer(&files) {
            needs.push(files);
        }
        needs
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let word = params::variant_of_plan(self, params.moved_to.as_deref(), "moved_to")?;
        let record = read_record(snapshot, task)?;
        if !record.is_consistent() {
            return Err(task.ineligible("its columns differ from its text"));
        }
        let mut random = RecordRandom::new(task.seed, word, std::slice::from_ref(task.record));
        match random.pick(&list_choices(&record, snapshot)?) {
            Some(category) => Ok(PlannedFault::without_witness(OTHER, record.rewrite(record.text, category))),
            None => Err(task.ineligible("the catalogue has no other category")),
        }
    }
}

/// Returns the other categories whose files are loaded.
fn list_choices(record: &SourceRecord<'_>, snapshot: &Snapshot) -> Result<Vec<String>, Refusal> {
    let files = snapshot.table(FILES)?;
    let loaded: Vec<String> = files.rows().filter_map(|file| file.text("category").map(str::to_owned)).collect();
    Ok(loaded.into_iter().filter(|category| category != record.category).collect())
}
