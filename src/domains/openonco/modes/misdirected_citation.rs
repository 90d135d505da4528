//! `create_misdirected_citation`: a citation leads elsewhere.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rewrite::{RECORD, SourceRecord, needs_of_neighbours, neighbours, read_record};
use crate::domain::mode::{FailureMode, ModeCard, PlannedFault, Task, Variant};
use crate::domain::params;
use crate::domains::openonco::checks::{CITED, site_label, squeeze};
use crate::domains::openonco::source;
use crate::domains::openonco::text::citations::split_citations;
use crate::domains::openonco::text::vendors::group_of;
use crate::model::seed::RecordRandom;
use crate::model::{FaultSeverity, Fetch, Ids, Refusal, Snapshot, Value};

pub(super) struct MisdirectedCitation;

const FOREIGN: &str = "other_vendor";
const CUT: &str = "cut_address";

static CARD: ModeCard = ModeCard {
    id: "misdirected_citation",
    tool: "create_misdirected_citation",
    title: "Citation pointing elsewhere",
    description: "The citation of a figure leads to another vendor's site, or nowhere: as from a line copied along \
        with a template, or an address cut in pasting. Nobody can check the figure, or somebody checks another one.",
    record: RECORD,
    variants: &[
        Variant {
            word: FOREIGN,
            severity: FaultSeverity::tenths::<10>(),
            about: "a figure is cited from the site of another vendor",
            eligible: "a test with a cited figure, near a test of a vendor that cites its own site",
            ..Variant::PLAIN
        },
        Variant {
            word: CUT,
            severity: FaultSeverity::tenths::<8>(),
            about: "the address of a citation is cut",
            eligible: "a test with a cited figure",
            ..Variant::PLAIN
        },
    ],
    severity: FaultSeverity::tenths::<10>(),
    checks: &["foreign_citation", "dead_address"],
    data_needed: &["the pages themselves"],
    ..ModeCard::PLAIN
};

/// Parameters of `create_misdirected_citation`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Records to break, by OncologyTest.record: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    record: Option<Ids>,
    /// Where it leads.
    #[arg(long, value_name = "WHAT", value_parser = params::variant_parser(&CARD))]
    leads: Option<String>,
}

impl FailureMode for MisdirectedCitation {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, mut params: Params, variant: Option<&str>) -> Result<Params, String> {
        let word = params::resolve_variant(self, "leads", params.leads.as_deref(), variant)?;
        params.leads = Some(word.to_owned());
        Ok(params)
    }

    fn needs(&self, records: &[Value], _: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        needs_of_neighbours(records, snapshot)
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let word = params::variant_of_plan(self, params.leads.as_deref(), "leads")?;
        let record = read_record(snapshot, task)?;
        if !record.is_consistent() {
            return Err(task.ineligible("its columns differ from its text"));
        }
        let mut random = RecordRandom::new(task.seed, word, std::slice::from_ref(task.record));
        match random.pick(&list_choices(&record, snapshot, word)) {
            Some(text) => Ok(PlannedFault::without_witness(word, record.rewrite(text, record.category))),
            None => Err(task.ineligible("it has no such citation")),
        }
    }
}

/// Returns the texts with one citation changed.
fn list_choices(record: &SourceRecord<'_>, snapshot: &Snapshot, word: &str) -> Vec<String> {
    let mut choices = Vec::new();
    for (field, text) in list_citations(record) {
        if word == CUT {
            choices.extend(cut_address(&text).and_then(|cut| replace_citation(record, &field, &cut)));
            continue;
        }
        let foreign = neighbours(snapshot, record.record).iter().find_map(|other| own_site(other, record));
        choices.extend(foreign.and_then(|foreign| replace_citation(record, &field, &foreign)));
    }
    choices
}

fn replace_citation(record: &SourceRecord<'_>, field: &str, citation: &str) -> Option<String> {
    source::replace_value(record.text, field, &source::encode_text(citation))
}

/// Returns the citations of figures: the field, and its text.
fn list_citations(record: &SourceRecord<'_>) -> Vec<(String, String)> {
    let fields = CITED.iter().map(|figure| format!("{figure}Citations"));
    fields
        .filter_map(|field| {
            let text = source::read_member(record.text, &field)?.as_str()?.to_owned();
            Some((field, text))
        })
        .collect()
}

/// Returns a citation of another record that leads to its vendor's own site, if that is not the record's vendor.
fn own_site(other: &SourceRecord<'_>, record: &SourceRecord<'_>) -> Option<String> {
    let (own, theirs) = (group_of(record.parse()?.vendor()), group_of(other.parse()?.vendor()));
    let site = squeeze(&theirs);
    if own == theirs || squeeze(&own).contains(&site) {
        return None;
    }
    let all = list_citations(other);
    let mut parts = all.iter().flat_map(|(_, text)| split_citations(text));
    parts.find(|part| site_label(part).as_ref() == Some(&site)).map(str::to_owned)
}

/// Cuts the first address of a text behind the first label of its host.
fn cut_address(text: &str) -> Option<String> {
    let first = split_citations(text).next()?;
    let host = first.find("://")? + 3;
    let end = host + first.get(host..)?.find('.')?;
    Some(text.replacen(first, first.get(..end)?, 1))
}
