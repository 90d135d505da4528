//! `mfm plan`: computes the changes that a fault would make, and their digest; writes nothing to the target.

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

/// The command's card.
pub const CARD: Card =
    Card { name: "plan", danger: Danger::Read, about: "Show the changes that a fault would make, and their digest" };

/// Default limit of rows that one operation may change.
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
    /// The common options of all modes.
    pub options: Options,
    /// The plan file to write; `None` for none.
    pub output: Option<PathBuf>,
}

/// A plan, as reported.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The fault's tool, mode, variant and severity.
    #[serde(flatten, serialize_with = "crate::ops::severity::of_label")]
    pub label: FaultLabel,
    /// The target's name.
    pub target: String,
    /// The parameters with defaults filled in, including proposed ones that are the same for every record.
    pub params: Map<String, Json>,
    /// The parameters proposed for each record, where they differ; the first thousand.
    pub proposals: Vec<RecordProposal>,
    /// The seed.
    pub seed: u64,
    /// The target's wall clock, for modes that use it.
    pub now: Option<String>,
    /// Number of chosen records.
    pub records: u64,
    /// The ids of the chosen records; the first thousand.
    pub keys: Vec<Json>,
    /// Number of rows that would change.
    pub rows: u64,
    /// Permits that differ from the defaults; absent where there are none.
    #[serde(skip_serializing_if = "Permits::is_usual")]
    pub permits: Permits,
    /// The plan's digest, which covers the permits.
    pub plan_digest: Digest,
    /// The plan's id, where a plan file was written.
    pub plan_id: Option<String>,
    /// The plan file that was written.
    pub file: Option<PathBuf>,
    /// Number of changes.
    pub changes_total: u64,
    /// The first thousand changes.
    pub changes: Vec<ChangeRow>,
    /// What a revert cannot put back.
    pub residue: Vec<Residue>,
    /// The records passed over, with reasons; the first thousand.
    pub skipped: Vec<SkippedRecord>,
    /// Number of records passed over.
    pub skipped_total: u64,
    /// Remarks of the preflight.
    pub notes: Vec<String>,
    /// Next steps, where checks have to use the clock of the plan.
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
    /// The plan as reported.
    pub outcome: Outcome,
    /// The content of its `intended` entry.
    pub proposal: OperationProposal,
    /// Its changes, with their preflight.
    pub prepared: PreparedOperation,
}

/// Plans a fault, and writes the plan file where one was asked for.
///
/// # Errors
/// A usage error, a refusal, or a target or journal error.
pub fn run(context: &Context<'_>, request: &Request) -> Result<(Outcome, BuiltPlan), Failure> {
    let resolved = resolve_request(context, request)?;
    // Refused before the target is read, which may take long.
    request.output.iter().try_for_each(|path| ProtectedFiles::from_context(context).refuse(path))?;
    let mut journal = context.open_journal()?;
    let chosen = context.resolve_target(&journal)?;
    let mut target = context.open_target(&chosen.url)?;
    guard::check_target(&journal, target.as_mut(), &chosen.name)?;
    detect::check_domain(&journal, &chosen.name, target.as_mut())?;
    let mut plan = build_plan(context, &mut journal, target.as_mut(), &chosen, &resolved)?;
    if let Some(path) = &request.output {
        let plan_id = context.random_id();
        plan.outcome.plan_id = Some(plan_id.clone());
        plan.outcome.file = Some(path.clone());
        let identity = guard::check_target(&journal, target.as_mut(), &chosen.name)?.identity;
        PlanFile::new(&plan, &resolved, plan_id, identity, journal.id()).write(path)?;
    }
    Ok((plan.outcome.clone(), plan))
}

/// A request with everything filled in that can be known before the target is read.
pub struct ResolvedRequest {
    /// The mode.
    pub mode: &'static dyn Mode,
    /// The mode's parameters, with defaults filled in.
    pub parameters: Map<String, Json>,
    /// The variant for which the mode proposes parameters; `None` where they were given.
    pub variant: Option<String>,
    /// The records to choose.
    pub records: Records,
    /// Filters on the candidates of a sample, or of all; neither journaled nor stored in a plan file.
    pub selection: Option<RecordFilter>,
    /// The seed.
    pub seed: u64,
    /// The target's wall clock.
    pub now: civil::DateTime,
    /// Permits that differ from the defaults, as the digest covers them.
    pub permits: Permits,
    /// The options as requested.
    pub options: Options,
}

/// Validates a request without reading the target, and fills in defaults, seed and clock.
///
/// # Errors
/// Usage errors only.
pub fn resolve_request(context: &Context<'_>, request: &Request) -> Result<ResolvedRequest, Failure> {
    let mode = modes::find_mode(&request.tool)?;
    let options = request.options.clone();
    let variant =
        options.variant.as_deref().map(|word| modes::known_variant(mode, word)).transpose()?.map(str::to_owned);
    // Completed before the records are resolved: the kind of record may depend on a parameter.
    let complete = mode.complete(&request.parameters, variant.as_deref());
    let parameters = complete.map_err(|why| modes::wrong_parameters(mode, why, variant.as_deref()))?;
    let record = mode.card().choose_record(&parameters);
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
        // The default is no permit. Larger numbers are cut: the journal's numbers end at 2^53-1, like those of JSON.
        max_rows: options.max_rows.filter(|rows| *rows != ROWS_MAX).map(|rows| rows.min(crate::model::seed::SEED_MAX)),
    };
    Ok(ResolvedRequest { mode, parameters, variant, records, selection, seed, now, permits, options })
}

/// Returns the filters as a selection of a mode's records; `None` where there are none.
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
    let ids: Option<Ids> = match given.get(parameter).filter(|value| !value.is_null()) {
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
            let message = format!("{parameter} already names the records, so {of_domain} have no effect");
            let next = [leave_out(Flag::parameter(parameter)), give_one([Flag::Sample, Flag::All])];
            Err(Failure::usage("records", message, next))
        }
        (None, None, false) if selects => {
            let message = format!("{of_domain} only narrow what a sample or all chooses from");
            let next = [give_one([Flag::Sample, Flag::All]), look(View::RECORDS, "lists the matching records")];
            Err(Failure::usage("records", message, next))
        }
        (Some(ids), None, false) => Ok(Records::Ids(ids)),
        (None, Some(0), false) => Err(Failure::usage("sample", "a sample of 0 records", "ask for at least one record")),
        (None, Some(count), false) => Ok(Records::Sample(count)),
        (None, None, true) => Ok(Records::All),
        (None, None, false) => {
            let message = format!("{} needs to know which records", mode.card().tool);
            Err(Failure::usage("records", message, give_one([Flag::parameter(parameter), Flag::Sample, Flag::All])))
        }
        _ => {
            let message = format!("{parameter}, a sample and all exclude each other");
            Err(Failure::usage("records", message, give_one([Flag::parameter(parameter), Flag::Sample, Flag::All])))
        }
    }
}

/// Builds the plan of a resolved request on an open target.
///
/// # Errors
/// A refusal, or a target or journal error.
pub fn build_plan(
    context: &Context<'_>,
    journal: &mut Journal,
    target: &mut dyn Target,
    chosen: &ChosenTarget,
    resolved: &ResolvedRequest,
) -> Result<BuiltPlan, Failure> {
    guard::check_target(journal, target, &chosen.name)?;
    guard::nothing_open(journal, &chosen.name)?;
    // A domain's modes know only its own tables.
    detect::check_tool(journal, &chosen.name, resolved.mode.card().tool)?;
    let order = SelectionRequest {
        mode: resolved.mode,
        parameters: &resolved.parameters,
        variant: resolved.variant.as_deref(),
        records: &resolved.records,
        selection: resolved.selection.as_ref(),
        seed: resolved.seed,
        now: resolved.now,
        max_rows: resolved.options.max_rows.unwrap_or(ROWS_MAX),
    };
    let selected = select::select_records(context, target, &order)
        .map_err(|failure| failure.of_tool(resolved.mode.card().tool))?;
    let mut engine = context.engine(journal, target, &chosen.name);
    let prepared = engine.prepare(&selected.rows, resolved.options.disable_triggers)?;
    describe_plan(context, resolved, &selected, prepared, chosen)
}

fn describe_plan(
    context: &Context<'_>,
    resolved: &ResolvedRequest,
    selected: &Selected,
    prepared: PreparedOperation,
    chosen: &ChosenTarget,
) -> Result<BuiltPlan, Failure> {
    let card = resolved.mode.card();
    // A variant may be more or less severe than its mode.
    let severity = card.variants.iter().find(|variant| variant.word == selected.variant).map(|v| v.severity);
    let severity = severity.unwrap_or(card.severity);
    let now = card.uses_now.then(|| time::format_wall(resolved.now, 0, 'T'));
    let facts = PlanFacts {
        tool: card.tool,
        variant: selected.variant,
        parameters: &resolved.parameters,
        seed: resolved.seed,
        now: now.as_deref(),
        keys: &selected.keys,
        permits: &resolved.permits,
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
        params: shared_parameters(resolved, selected),
        proposals: list_proposals(selected),
        seed: resolved.seed,
        now: now.clone(),
        records: selected.keys.len() as u64,
        keys: selected.keys.iter().take(cell::CHANGES_MAX).filter_map(|key| key.first().map(cell::to_json)).collect(),
        rows: prepared.changes().len() as u64,
        permits: resolved.permits.clone(),
        plan_digest: digest,
        plan_id: None,
        file: None,
        changes_total: prepared.changes().len() as u64,
        changes: prepared.changes().iter().take(cell::CHANGES_MAX).map(cell::to_change_row).collect(),
        residue: prepared.preflight().residue.clone(),
        skipped: selected.skipped.clone(),
        skipped_total: selected.skipped_total,
        notes: prepared.notes(),
        next: old_clock(context, resolved).map(NextSteps::from).unwrap_or_default(),
        journal: context.journal.clone(),
    };
    let proposal = build_proposal(resolved, selected, &outcome, digest);
    Ok(BuiltPlan { outcome, proposal, prepared })
}

/// Returns the step of checking by the plan's clock, where that is far from the present.
///
/// A time that the fault puts into the future of that clock may lie in the past by now, and no check would notice it.
fn old_clock(context: &Context<'_>, resolved: &ResolvedRequest) -> Option<NextStep> {
    let is_given = resolved.options.now.is_some() && resolved.mode.card().uses_now;
    let year_later = resolved.now.checked_add(jiff::Span::new().years(1)).ok()?;
    let now = time::format_wall(resolved.now, 0, 'T');
    (is_given && year_later < context.clock.local_time())
        .then(|| look(View::Check { now }, "judges it by the same clock"))
}

/// Returns the parameters that every record shares.
fn shared_parameters(resolved: &ResolvedRequest, selected: &Selected) -> Map<String, Json> {
    let Some(first) = selected.parameters.first() else { return resolved.parameters.clone() };
    let mut shared = first.as_ref().clone();
    shared.retain(|name, value| selected.parameters.iter().all(|other| other.get(name) == Some(value)));
    shared
}

fn list_proposals(selected: &Selected) -> Vec<RecordProposal> {
    if selected.parameters.windows(2).all(|pair| pair[0] == pair[1]) {
        return Vec::new();
    }
    let mut proposals = Vec::new();
    for (key, params) in selected.keys.iter().zip(&selected.parameters).take(cell::CHANGES_MAX) {
        let record = key.first().map_or(Json::Null, cell::to_json);
        proposals.push(RecordProposal { record, params: params.as_ref().clone() });
    }
    proposals
}

fn build_proposal(
    resolved: &ResolvedRequest,
    selected: &Selected,
    outcome: &Outcome,
    digest: Digest,
) -> OperationProposal {
    // Everything that a replay needs to plan the same again, besides the keys.
    let mut detail = Map::new();
    detail.insert("params".into(), Json::Object(resolved.parameters.clone()));
    detail.insert("proposed".into(), resolved.variant.is_some().then(|| Json::Object(outcome.params.clone())).into());
    detail.insert("seed".into(), json!(resolved.seed));
    detail.insert("now".into(), json!(outcome.now));
    if !resolved.permits.is_usual() {
        detail.insert("permits".into(), json!(resolved.permits));
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
        disable_triggers: resolved.options.disable_triggers,
        beside: resolved.options.beside_journal.clone(),
    }
}

/// Returns the refusal of a plan that no longer gives the promised changes.
#[must_use]
pub fn stale_plan(what: &str) -> Failure {
    Refusal::Stale { what: what.to_owned() }.into()
}
