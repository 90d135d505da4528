//! `mfm find`: lists records by filters, and the variants of a fault that each can show; writes nothing.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use schemars::JsonSchema;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json};

use super::Card;
use super::cell;
use super::context::Context;
use super::detect;
use super::failure::Failure;
use super::filters::RecordFilter;
use super::modes::{find_mode, known_variant};
use super::render_count;
use super::select::{self, Records, SelectionRequest};
use crate::domain::Domain;
use crate::domain::filter::FilterValues;
use crate::domain::mode::{Mode, Variant};
use crate::domain::record::{DescriptionCell, RecordDescription, RecordKind};
use crate::domains;
use crate::model::NextSteps;
use crate::model::next_step::{View, look};
use crate::model::ports::Danger;
use crate::model::{Key, Refusal};
use crate::targets::Target;

/// The command's card.
pub const CARD: Card = Card { name: "find", danger: Danger::Read, about: "List records to commit faults on" };

/// The seed for trying eligibility: any would do, a fixed one gives the same answer every time.
const SEED: u64 = 1;

/// What to look for.
#[derive(Clone, Debug, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// What to look for
    #[arg(value_name = "KIND", value_parser = kind_parser())]
    #[schemars(extend("enum" = kind_words()))]
    #[serde(deserialize_with = "known_kind")]
    pub kind: String,
    /// Which of them.
    #[command(flatten)]
    #[serde(flatten)]
    pub selector: FilterValues,
    /// Only records on which this tool can commit a fault, each with the variants that it can show
    #[arg(long, value_name = "TOOL")]
    #[serde(default)]
    pub eligible: Option<String>,
    /// Only records that can show this variant
    #[arg(long, value_name = "WORD", requires = "eligible")]
    #[serde(default)]
    pub variant: Option<String>,
    /// List at most this many; 0 lists all
    #[arg(long, value_name = "N", default_value_t = LIMIT)]
    #[serde(default = "default_limit")]
    pub limit: u64,
}

/// Returns the parser of the kinds of record that faults are made on.
fn kind_parser() -> PossibleValuesParser {
    let mut values = Vec::new();
    for kind in domains::faultable_kinds() {
        values.push(PossibleValue::new(kind.word).help(kind.about));
    }
    values.into()
}

/// Reads the word of a kind, and refuses unknown ones.
fn known_kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let word = String::deserialize(deserializer)?;
    if kind_words().contains(&word.as_str()) {
        return Ok(word);
    }
    Err(serde::de::Error::custom(format!("kind: `{word}` is not one of {}", kind_words().join(", "))))
}

fn kind_words() -> Vec<&'static str> {
    domains::faultable_kinds().map(|kind| kind.word).collect()
}

/// Default number of records listed.
const LIMIT: u64 = 20;

const fn default_limit() -> u64 {
    LIMIT
}

/// The records found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The kind of record.
    #[serde(serialize_with = "serialize_kind")]
    pub kind: &'static RecordKind,
    /// The target's name.
    pub target: String,
    /// The tool that they are eligible for, where one was requested.
    pub eligible: Option<&'static str>,
    /// The records, by ascending id.
    pub records: Vec<FoundRecord>,
    /// Number of records listed.
    pub shown: u64,
    /// Number of all matching records; null where the search stopped at the limit.
    pub total: Option<u64>,
    /// Why no record is listed, where the filters or the tool exclude all.
    pub why_none: Option<String>,
    /// What can be done about that.
    #[serde(skip_serializing_if = "NextSteps::is_empty")]
    pub next: NextSteps,
    /// Variants that no record can show for a reason that lies with the target, one per line.
    pub remarks: Vec<String>,
    /// The journal in which the target is registered.
    pub journal: PathBuf,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn serialize_kind<S: Serializer>(kind: &&'static RecordKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.word)
}

/// A record in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundRecord {
    /// Its description, by column.
    pub cells: Vec<(&'static str, Json)>,
    /// The variants that it can show, where a tool was requested.
    pub variants: Option<Vec<&'static str>>,
}

impl Serialize for FoundRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.cells.iter().try_for_each(|(name, cell)| map.serialize_entry(name, cell))?;
        if let Some(variants) = &self.variants {
            map.serialize_entry("variants", variants)?;
        }
        map.end()
    }
}

/// A variant to try on records; the parameters are complete but for those that the mode proposes per record.
struct VariantTrial {
    mode: &'static dyn Mode,
    word: &'static str,
    parameters: Map<String, Json>,
}

/// Looks for records.
///
/// # Errors
/// Usage, [`Refusal::NoMatch`], or a target or journal error.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    // Usage errors first, without the target: its domain is assumed from the kind, and checked below.
    let assumed = domains::find_kind(&request.kind).ok_or_else(|| unknown_kind(&request.kind, None))?;
    let mode = request.eligible.as_deref().map(|tool| mode_for(tool, assumed)).transpose()?;
    let trials = mode.map(|mode| list_trials(mode, assumed, request.variant.as_deref())).transpose()?;
    if let Some(domain) = domains::all().iter().find(|domain| domain.find_kind(&request.kind).is_some()) {
        RecordFilter::from_filters(*domain, assumed, &request.selector)?;
    }
    let journal = context.open_journal()?;
    let chosen = context.resolve_target(&journal)?;
    let domain = detect::registered_domain(&journal, &chosen.name)?;
    let kind = domain.find_kind(&request.kind).ok_or_else(|| unknown_kind(&request.kind, Some(domain)))?;
    let selection = RecordFilter::from_filters(domain, kind, &request.selector)?;
    let mut target = context.open_target(&chosen.url)?;
    detect::warn_of_mismatch(context, &journal, &chosen.name, target.as_mut());
    let table = target.find_table(kind.table)?;
    let table = table.ok_or_else(|| Refusal::MissingTable { table: kind.table.to_owned() })?;
    let keys = select::read_keys(target.as_mut(), &table, selection.as_ref())?;
    let looked_at = keys.len() as u64;
    let remarks = Vec::new();
    let mut search = RecordSearch { context, target: target.as_mut(), domain, kind, request, remarks };
    let (picked, total) = match trials {
        None => search.take_first(keys),
        Some(trials) => search.find_eligible(&keys, trials)?,
    };
    let records = search.read_records(&picked)?;
    let none = if records.is_empty() { search.why_none(looked_at, selection.as_ref())? } else { None };
    let (why_none, next) = none.unzip();
    Ok(Outcome {
        kind,
        eligible: mode.map(|mode| mode.card().tool),
        shown: records.len() as u64,
        records,
        total,
        why_none,
        next: next.unwrap_or_default(),
        remarks: search.remarks,
        target: chosen.name,
        journal: context.journal.clone(),
    })
}

fn unknown_kind(word: &str, domain: Option<&dyn Domain>) -> Failure {
    let of = domain.map_or_else(String::new, |domain| format!(" in a target of {}", domain.card().id));
    let kinds = domains::all().iter().filter(|other| domain.is_none_or(|domain| domain.card().id == other.card().id));
    let words: Vec<&str> =
        kinds.flat_map(|domain| domain.kinds()).filter(|kind| kind.faultable).map(|k| k.word).collect();
    let hint = format!("there are {}", words.join(", "));
    Failure::usage("kind", format!("there is no kind of record `{word}`{of}"), hint)
}

/// Why no record is listed, and what can be done about it.
type WhyNone = (String, NextSteps);

/// Returns the mode of a tool, provided that it changes records of this kind.
fn mode_for(tool: &str, kind: &RecordKind) -> Result<&'static dyn Mode, Failure> {
    let mode = find_mode(tool)?;
    if mode.card().fault_records().any(|record| record.table == kind.table) {
        return Ok(mode);
    }
    let domain = domains::of_mode(mode.card().id).unwrap_or(domains::FIRST);
    let kinds = mode.card().fault_records().filter_map(|record| domain.kind_of_table(record.table));
    let kinds: Vec<&str> = kinds.map(|kind| kind.word).collect();
    let message = format!("{} does not apply to a {}: it takes {}", mode.card().tool, kind.word, kinds.join(", "));
    let kind = kinds.first().map(|kind| (*kind).to_owned());
    let view = View::Records { kind, eligible: Some(mode.card().tool.to_owned()) };
    Err(Failure::usage("eligible", message, look(view, "lists those that it applies to")))
}

/// Returns the variants of a mode that records of a kind can show at all, or only one of them.
fn list_trials(mode: &'static dyn Mode, kind: &RecordKind, only: Option<&str>) -> Result<Vec<VariantTrial>, Failure> {
    let card = mode.card();
    let only = only.map(|word| known_variant(mode, word)).transpose()?;
    let table = card.table_parameter.map(|name| (name.to_owned(), Json::from(kind.table)));
    let parameters: Map<String, Json> = table.into_iter().collect();
    let (mut trials, mut first_error) = (Vec::new(), None);
    for variant in card.variants.iter().filter(|variant| only.is_none_or(|only| only == variant.word)) {
        match complete_variant(mode, variant, kind, &parameters) {
            Ok(trial) => trials.push(trial),
            Err(why) => first_error = first_error.or(Some(why)),
        }
    }
    match first_error {
        // Variants of other kinds are an error only where no variant is left.
        Some(why) if trials.is_empty() => {
            Err(Failure::usage("eligible", why, look(View::mode(card.tool), "explains the variants")))
        }
        _ => Ok(trials),
    }
}

/// Completes the parameters of a variant, and refuses one that changes another kind of record.
fn complete_variant(
    mode: &'static dyn Mode,
    variant: &Variant,
    kind: &RecordKind,
    parameters: &Map<String, Json>,
) -> Result<VariantTrial, String> {
    let card = mode.card();
    let parameters = mode.complete(parameters, Some(variant.word))?;
    if card.choose_record(&parameters).table != kind.table {
        return Err(format!("{} makes {} of another kind of record", card.tool, variant.word));
    }
    Ok(VariantTrial { mode, word: variant.word, parameters })
}

/// A key, with the variants that its record can show.
type PickedRecord = (Key, Option<Vec<&'static str>>);

struct RecordSearch<'a, 'c> {
    context: &'a Context<'c>,
    target: &'a mut dyn Target,
    domain: &'static dyn Domain,
    kind: &'static RecordKind,
    request: &'a Request,
    remarks: Vec<String>,
}

impl RecordSearch<'_, '_> {
    /// Returns whether the limit is reached; a limit of 0 never is.
    const fn is_full(&self, count: usize) -> bool {
        self.request.limit > 0 && count as u64 >= self.request.limit
    }

    fn take_first(&self, mut keys: Vec<Key>) -> (Vec<PickedRecord>, Option<u64>) {
        let total = keys.len() as u64;
        if self.request.limit > 0 {
            keys.truncate(usize::try_from(self.request.limit).unwrap_or(usize::MAX));
        }
        (keys.into_iter().map(|key| (key, None)).collect(), Some(total))
    }

    /// Tries records in batches until the limit is reached; returns the eligible ones, and their total if it is known.
    fn find_eligible(
        &mut self,
        keys: &[Key],
        mut trials: Vec<VariantTrial>,
    ) -> Result<(Vec<PickedRecord>, Option<u64>), Failure> {
        let mut eligible: Vec<PickedRecord> = Vec::new();
        let mut tried = 0;
        for batch in keys.chunks(select::BATCH) {
            if self.is_full(eligible.len()) {
                break;
            }
            self.context.reporter.progress("trying records", tried as u64, keys.len() as u64);
            self.context.go_on()?;
            eligible.extend(self.try_batch(batch, &mut trials)?);
            tried += batch.len();
        }
        let total = (tried == keys.len()).then_some(eligible.len() as u64);
        if self.request.limit > 0 {
            eligible.truncate(usize::try_from(self.request.limit).unwrap_or(usize::MAX));
        }
        Ok((eligible, total))
    }

    fn try_batch(&mut self, keys: &[Key], trials: &mut Vec<VariantTrial>) -> Result<Vec<PickedRecord>, Failure> {
        let mut variants: Vec<Vec<&'static str>> = vec![Vec::new(); keys.len()];
        let now = self.context.clock.local_time();
        // Variants that fail for a reason of the target fail for every record, and are not tried again.
        let mut hopeless = Vec::new();
        for VariantTrial { mode, word, parameters } in trials.iter() {
            let order = SelectionRequest {
                mode: *mode,
                parameters,
                variant: Some(word),
                records: &Records::All,
                selection: None,
                seed: SEED,
                now,
                max_rows: u64::MAX,
            };
            let eligibility = select::check_eligible(self.context, self.target, &order, keys)?;
            for (words, _) in variants.iter_mut().zip(&eligibility.holds).filter(|(_, holds)| **holds) {
                words.push(word);
            }
            if let Some(remark) = eligibility.remark {
                hopeless.push(*word);
                self.remarks.push(format!("{word}: {remark}"));
            }
        }
        trials.retain(|trial| !hopeless.contains(&trial.word));
        let able = keys.iter().zip(variants).filter(|(_, words)| !words.is_empty());
        Ok(able.map(|(key, words)| (key.clone(), Some(words))).collect())
    }

    /// Returns why no record is listed; `None` where the target simply has none of the kind.
    fn why_none(&mut self, looked_at: u64, selection: Option<&RecordFilter>) -> Result<Option<WhyNone>, Failure> {
        match selection {
            Some(selection) if looked_at == 0 => {
                let refusal = selection.explain_none_left(self.target)?;
                Ok(Some((refusal.to_string(), refusal.next())))
            }
            _ if looked_at > 0 => {
                let why = format!("none of {} examined is eligible", render_count(looked_at, "record"));
                Ok(Some((why, NextSteps::default())))
            }
            _ => Ok(None),
        }
    }

    fn read_records(&mut self, picked: &[PickedRecord]) -> Result<Vec<FoundRecord>, Failure> {
        let (domain, kind) = (self.domain, self.kind);
        let mut records = Vec::new();
        for batch in picked.chunks(select::BATCH) {
            self.context.reporter.progress("reading records", records.len() as u64, picked.len() as u64);
            self.context.go_on()?;
            let keys: Vec<Key> = batch.iter().map(|(key, _)| key.clone()).collect();
            let descriptions =
                select::read_through(self.target, |snapshot| domain.describe_records(kind, &keys, snapshot))?;
            for (key, variants) in batch {
                // A record that another program has deleted meanwhile has no description, and is left out.
                let description = descriptions.iter().find(|description| description.key == *key);
                records.extend(description.map(|description| build_record(kind, description, variants.clone())));
            }
        }
        Ok(records)
    }
}

fn build_record(
    kind: &RecordKind,
    description: &RecordDescription,
    variants: Option<Vec<&'static str>>,
) -> FoundRecord {
    let cells = description.cells.iter().map(|shown| match shown {
        DescriptionCell::Value(value) => cell::to_json(value),
        DescriptionCell::Words(words) => Json::from(words.clone()),
    });
    FoundRecord { cells: kind.column_names().zip(cells).collect(), variants }
}
