//! `mfm plan`: the changes that a fault would make, with their digest; writes nothing to the target.

use std::path::PathBuf;

use clap::Args;
use jiff::civil;
use mfm_journal::{ChosenKeys, Digest, FaultLabel, Journal, OperationAction, Residue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::Card;
use super::cell::{self, ChangeRow};
use super::context::{ChosenTarget, Context};
use super::detect;
use super::failure::Failure;
use super::filters::{self, RecordFilter};
use super::modes;
use super::plan_file::PlanFile;
use super::protected::ProtectedFiles;
use super::select::{self, Records, Selected, SelectionRequest, SkippedRecord};
use crate::domain::filter::FilterValues;
use crate::domain::mode::{FaultRecord, Mode};
use crate::domains;
use crate::engine::apply::{OperationProposal, PreparedOperation};
use crate::engine::guard;
use crate::model::next_step::{Flag, View, give_one, leave_out, look};
use crate::model::ports::Danger;
use crate::model::{Ids, Refusal, time};
use crate::model::{NextStep, NextSteps};
use crate::plan::{Permits, PlanFacts, plan_digest};
use crate::targets::Target;

/// What it is.
pub const CARD: Card =
    Card { name: "plan", danger: Danger::Read, about: "Show the changes that a fault would make, and their digest" };

/// How many rows one operation may change unless told otherwise.
pub const ROWS_MAX: u64 = 10_000;

/// Which records, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Options {
    /// Propose parameters that make this variant, instead of giving them
    #[arg(long, value_name = "WORD")]
    pub variant: Option<String>,
    /// Choose this many eligible records by the seed
    #[arg(long, value_name = "N", conflicts_with = "all")]
    pub sample: Option<u64>,
    /// Choose every eligible record
    #[arg(long)]
    pub all: bool,
    /// What narrows the candidates of a sample, or of all.
    #[command(flatten)]
    #[serde(flatten)]
    pub selector: FilterValues,
    /// Seed of every choice, 0 to 2^53-1; drawn and printed if omitted
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// The target's wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS; read and printed if omitted
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// Refuse to change more rows than this [default: 10000]
    #[arg(long, value_name = "N")]
    pub max_rows: Option<u64>,
    /// Switch triggers off for this transaction
    #[arg(long)]
    pub disable_triggers: bool,
    /// Write although the target holds operations of this other journal
    #[arg(long, value_name = "JOURNAL_ID")]
    pub beside_journal: Vec<String>,
}

/// A fault to plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The mode's tool name.
    pub tool: String,
    /// The mode's own parameters, as given.
    pub parameters: Map<String, Json>,
    /// Which records, and how.
    pub options: Options,
    /// Where to write the plan file.
    pub output: Option<PathBuf>,
}

/// What a plan says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// What the fault is called, and how bad it would be.
    #[serde(flatten, serialize_with = "crate::ops::severity::of_label")]
    pub label: FaultLabel,
    /// The target's name.
    pub target: String,
    /// The parameters, defaults filled in, with those proposed that are the same for every record.
    pub params: Map<String, Json>,
    /// The parameters proposed for each record where they differ; the first thousand.
    pub proposals: Vec<RecordProposal>,
    /// The seed.
    pub seed: u64,
    /// The wall clock, for modes that use it.
    pub now: Option<String>,
    /// How many records were chosen.
    pub records: u64,
    /// The chosen records' ids.
    pub keys: Vec<Json>,
    /// How many rows would change.
    pub rows: u64,
    /// What was permitted beside the usual; left out where nothing was.
    #[serde(skip_serializing_if = "Permits::is_usual")]
    pub permits: Permits,
    /// The plan's digest, which covers that too.
    pub plan_digest: Digest,
    /// The plan's id, where a plan file was written.
    pub plan_id: Option<String>,
    /// The plan file.
    pub file: Option<PathBuf>,
    /// How many changes there are.
    pub changes_total: u64,
    /// The first thousand changes.
    pub changes: Vec<ChangeRow>,
    /// What cannot be put back.
    pub residue: Vec<Residue>,
    /// The records passed over, with reasons.
    pub skipped: Vec<SkippedRecord>,
    /// How many records were passed over.
    pub skipped_total: u64,
    /// What the preflight has to say.
    pub notes: Vec<String>,
    /// What to do next by another clock than now's.
    #[serde(skip_serializing_if = "NextSteps::is_empty")]
    pub next: NextSteps,
    /// The journal read.
    pub journal: PathBuf,
}

/// The parameters proposed for one record.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecordProposal {
    /// The record's id.
    pub record: Json,
    /// Its parameters.
    pub params: Map<String, Json>,
}

/// A plan that can be carried out.
pub struct BuiltPlan {
    /// What it says.
    pub outcome: Outcome,
    /// What its entry will say.
    pub proposal: OperationProposal,
    /// Its changes.
    pub prepared: PreparedOperation,
}

/// Plans a fault, and writes the plan file where one was asked for.
///
/// # Errors
/// Usage, a refusal, or what target and journal say.
pub fn run(context: &Context<'_>, request: &Request) -> Result<(Outcome, BuiltPlan), Failure> {
    let settled = resolve_request(context, request)?;
    request.output.iter().try_for_each(|path| ProtectedFiles::from_context(context).refuse(path))?;
    let mut journal = context.open_journal()?;
    let chosen = context.resolve_target(&journal)?;
    let mut target = context.open_target(&chosen.url)?;
    guard::check_target(&journal, target.as_mut(), &chosen.name)?;
    detect::check_domain(&journal, &chosen.name, target.as_mut())?;
    let mut made = build_plan(context, &mut journal, target.as_mut(), &chosen, &settled)?;
    if let Some(path) = &request.output {
        let plan_id = context.random_id();
        made.outcome.plan_id = Some(plan_id.clone());
        made.outcome.file = Some(path.clone());
        let identity = guard::check_target(&journal, target.as_mut(), &chosen.name)?.identity;
        PlanFile::new(&made, &settled, plan_id, identity, journal.id()).write(path)?;
    }
    Ok((made.outcome.clone(), made))
}

/// A request with everything filled in that can be known before the target is read.
pub struct ResolvedRequest {
    /// The mode.
    pub mode: &'static dyn Mode,
    /// The parameters.
    pub parameters: Map<String, Json>,
    /// The variant to propose.
    pub variant: Option<String>,
    /// Which records.
    pub records: Records,
    /// What narrows the candidates; neither journaled nor kept in a plan file.
    pub selection: Option<RecordFilter>,
    /// The seed.
    pub seed: u64,
    /// The wall clock.
    pub now: civil::DateTime,
    /// What was permitted beside the usual, as the digest has it.
    pub permits: Permits,
    /// The options.
    pub options: Options,
}

/// Checks a request by itself, and fills in seed and clock.
///
/// # Errors
/// Usage only.
pub fn resolve_request(context: &Context<'_>, request: &Request) -> Result<ResolvedRequest, Failure> {
    let mode = modes::find_mode(&request.tool)?;
    let options = request.options.clone();
    let variant =
        options.variant.as_deref().map(|word| modes::known_variant(mode, word)).transpose()?.map(str::to_owned);
    let complete = mode.complete(&request.parameters, variant.as_deref());
    let parameters = complete.map_err(|why| modes::wrong_parameters(mode, why, variant.as_deref()))?;
    let record = mode.card().record_of(&parameters);
    let records = resolve_records(mode, record, &request.parameters, &options)?;
    let selection = resolve_selection(mode, record, &options.selector)?;
    let seed = match options.seed {
        Some(seed) if seed > crate::model::seed::SEED_MAX => {
            return Err(Failure::usage("seed", format!("the seed {seed} is above 2^53-1"), "choose a smaller seed"));
        }
        Some(seed) => seed,
        None => context.draw_seed(),
    };
    let now = context.resolve_now(options.now.as_deref())?;
    let permits = Permits {
        disable_triggers: options.disable_triggers,
        beside_journal: options.beside_journal.clone(),
        // No journal holds a larger number, and no database so many rows.
        max_rows: options.max_rows.filter(|rows| *rows != ROWS_MAX).map(|rows| rows.min(crate::model::seed::SEED_MAX)),
    };
    Ok(ResolvedRequest { mode, parameters, variant, records, selection, seed, now, permits, options })
}

/// Returns what a selector means of a mode's records.
fn resolve_selection(
    mode: &dyn Mode,
    record: &FaultRecord,
    filters: &FilterValues,
) -> Result<Option<RecordFilter>, Failure> {
    let Some(domain) = domains::of_mode(mode.card().id) else { return Ok(None) };
    let Some(kind) = domain.kind_of_table(record.table) else { return Ok(None) };
    RecordFilter::from_filters(domain, kind, filters)
}

fn resolve_records(
    mode: &dyn Mode,
    record: &FaultRecord,
    given: &Map<String, Json>,
    options: &Options,
) -> Result<Records, Failure> {
    let parameter = record.parameter;
    let by_id = || Flag::parameter(parameter);
    let ids = given.get(parameter).filter(|value| !value.is_null());
    let ids: Option<Ids> = match ids {
        None => None,
        Some(value) => Some(serde_json::from_value(value.clone()).map_err(|error| {
            Failure::usage("ids", format!("{parameter}: {error}"), "write ids and ranges such as 5-9,12")
        })?),
    };
    let selects = !options.selector.is_empty();
    let of_domain = domains::of_mode(mode.card().id)
        .map(|domain| filters::render_filter_names(domain.filters()))
        .unwrap_or_default();
    match (ids, options.sample, options.all) {
        (Some(_), None, false) if selects => {
            let message = format!("{parameter} names the records, so {of_domain} say nothing");
            let next = [leave_out(by_id()), give_one([Flag::Sample, Flag::All])];
            Err(Failure::usage("records", message, next))
        }
        (None, None, false) if selects => {
            let message = format!("{of_domain} only narrow what a sample, or all, is chosen from");
            let next = [give_one([Flag::Sample, Flag::All]), look(View::RECORDS, "lists what they leave")];
            Err(Failure::usage("records", message, next))
        }
        (Some(ids), None, false) => Ok(Records::Ids(ids)),
        (None, Some(0), false) => Err(Failure::usage("sample", "a sample of 0 records", "ask for at least one")),
        (None, Some(count), false) => Ok(Records::Sample(count)),
        (None, None, true) => Ok(Records::All),
        (None, None, false) => {
            let message = format!("{} needs to know which records", mode.card().tool);
            Err(Failure::usage("records", message, give_one([by_id(), Flag::Sample, Flag::All])))
        }
        _ => {
            let message = format!("{parameter}, a sample and all exclude each other");
            Err(Failure::usage("records", message, give_one([by_id(), Flag::Sample, Flag::All])))
        }
    }
}

/// Plans a settled request on an open target.
///
/// # Errors
/// A refusal, or what target and journal say.
pub fn build_plan(
    context: &Context<'_>,
    journal: &mut Journal,
    target: &mut dyn Target,
    chosen: &ChosenTarget,
    settled: &ResolvedRequest,
) -> Result<BuiltPlan, Failure> {
    guard::check_target(journal, target, &chosen.name)?;
    guard::nothing_open(journal, &chosen.name)?;
    detect::check_tool(journal, &chosen.name, settled.mode.card().tool)?;
    let order = SelectionRequest {
        mode: settled.mode,
        parameters: &settled.parameters,
        variant: settled.variant.as_deref(),
        records: &settled.records,
        selection: settled.selection.as_ref(),
        seed: settled.seed,
        now: settled.now,
        max_rows: settled.options.max_rows.unwrap_or(ROWS_MAX),
    };
    let of_tool = |failure: Failure| failure.of_tool(settled.mode.card().tool);
    let selected = select::select_records(context, target, &order).map_err(of_tool)?;
    let mut engine = context.engine(journal, target, &chosen.name);
    let prepared = engine.prepare(&selected.rows, settled.options.disable_triggers)?;
    describe_plan(context, settled, &selected, prepared, chosen)
}

fn describe_plan(
    context: &Context<'_>,
    settled: &ResolvedRequest,
    selected: &Selected,
    prepared: PreparedOperation,
    chosen: &ChosenTarget,
) -> Result<BuiltPlan, Failure> {
    let card = settled.mode.card();
    let severity = card.variants.iter().find(|variant| variant.word == selected.variant).map(|v| v.severity);
    let severity = severity.unwrap_or(card.severity);
    let now = card.uses_now.then(|| time::format_wall(settled.now, 0, 'T'));
    let facts = PlanFacts {
        tool: card.tool,
        variant: selected.variant,
        parameters: &settled.parameters,
        seed: settled.seed,
        now: now.as_deref(),
        keys: &selected.keys,
        permits: &settled.permits,
    };
    let digest = plan_digest(&facts, &prepared.rows_root()).map_err(crate::engine::EngineError::from)?;
    let outcome = Outcome {
        label: FaultLabel {
            tool: card.tool.to_owned(),
            mode: card.id.to_owned(),
            variant: selected.variant.to_owned(),
            severity: severity.to_string(),
        },
        target: chosen.name.clone(),
        params: shared_parameters(settled, selected),
        proposals: list_proposals(selected),
        seed: settled.seed,
        now: now.clone(),
        records: selected.keys.len() as u64,
        keys: selected.keys.iter().take(cell::CHANGES_MAX).filter_map(|key| key.first().map(cell::to_json)).collect(),
        rows: prepared.changes().len() as u64,
        permits: settled.permits.clone(),
        plan_digest: digest,
        plan_id: None,
        file: None,
        changes_total: prepared.changes().len() as u64,
        changes: prepared.changes().iter().take(cell::CHANGES_MAX).map(cell::to_change_row).collect(),
        residue: prepared.preflight().residue.clone(),
        skipped: selected.skipped.clone(),
        skipped_total: selected.skipped_total,
        notes: prepared.notes(),
        next: old_clock(context, settled).map(NextSteps::from).unwrap_or_default(),
        journal: context.journal.clone(),
    };
    let proposal = build_proposal(settled, selected, &outcome, digest);
    Ok(BuiltPlan { outcome, proposal, prepared })
}

/// Says that a check needs the clock of the plan: what lay in its future may lie in the past by now.
fn old_clock(context: &Context<'_>, settled: &ResolvedRequest) -> Option<NextStep> {
    let given = settled.options.now.is_some() && settled.mode.card().uses_now;
    let year_later = settled.now.checked_add(jiff::Span::new().years(1)).ok()?;
    let now = time::format_wall(settled.now, 0, 'T');
    (given && year_later < context.clock.local_time()).then(|| look(View::Check { now }, "judges it by the same clock"))
}

/// Returns the parameters that every record shares.
fn shared_parameters(settled: &ResolvedRequest, selected: &Selected) -> Map<String, Json> {
    let Some(first) = selected.parameters.first() else { return settled.parameters.clone() };
    let shared = |name: &String, value: &Json| selected.parameters.iter().all(|other| other.get(name) == Some(value));
    first
        .iter()
        .filter(|(name, value)| shared(name, value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn list_proposals(selected: &Selected) -> Vec<RecordProposal> {
    let same = selected.parameters.windows(2).all(|pair| pair[0] == pair[1]);
    if same {
        return Vec::new();
    }
    let records = selected.keys.iter().zip(&selected.parameters).take(cell::CHANGES_MAX);
    records
        .map(|(key, params)| RecordProposal {
            record: key.first().map_or(Json::Null, cell::to_json),
            params: params.as_ref().clone(),
        })
        .collect()
}

fn build_proposal(
    settled: &ResolvedRequest,
    selected: &Selected,
    outcome: &Outcome,
    digest: Digest,
) -> OperationProposal {
    let mut detail = Map::new();
    detail.insert("params".into(), Json::Object(settled.parameters.clone()));
    detail.insert("proposed".into(), settled.variant.is_some().then(|| Json::Object(outcome.params.clone())).into());
    detail.insert("seed".into(), json!(settled.seed));
    detail.insert("now".into(), json!(outcome.now));
    if !settled.permits.is_usual() {
        detail.insert("permits".into(), json!(settled.permits));
    }
    let shape = &selected.table.shape;
    let keys = ChosenKeys { table: shape.name.clone(), columns: shape.key.clone(), keys: selected.keys.clone() };
    OperationProposal {
        action: OperationAction::Apply,
        label: outcome.label.clone(),
        plan_digest: digest,
        plan_id: None,
        reverts: None,
        keys: Some(keys),
        detail,
        disable_triggers: settled.options.disable_triggers,
        beside: settled.options.beside_journal.clone(),
    }
}

/// Returns the refusal for a plan that no longer makes the changes it promised.
#[must_use]
pub fn stale_plan(what: &str) -> Failure {
    Refusal::Stale { what: what.to_owned() }.into()
}
