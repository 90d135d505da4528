//! Selects the records of a request and plans each of them, in batches; writes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;

use jiff::civil;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::context::Context;
use super::crowd::WitnessGroups;
use super::failure::{Failure, FailureKind};
use super::filters::RecordFilter;
pub use super::reading::{read_into, read_through};
use crate::domain::mode::{BoundMode, Mode, PlannedFault, ProposedFault, Task};
use crate::domain::pause::Pause;
use crate::domains;
use crate::model::refusal::render_key;
use crate::model::{Fetch, Ids, Key, Refusal, Snapshot, Table, Value, seed};
use crate::plan::{self, PlannedRow};
use crate::targets::Target;

/// Number of records read at once.
pub(super) const BATCH: usize = 256;

/// Number of records read at once where few are needed: most are eligible, so a large batch would mostly be wasted.
const SMALL_BATCH: usize = 16;

/// The code of [`Refusal::MissingRecord`].
const MISSING: &str = "missing_record";

/// The records to select.
#[derive(Clone, Debug, PartialEq)]
pub enum Records {
    /// Records by id: single ones must be eligible, others of a range are skipped if they are not.
    Ids(Ids),
    /// Exactly these, each of which must be eligible.
    Keys(Vec<Key>),
    /// This many eligible ones, whose keys rank first under the seed.
    Sample(u64),
    /// All eligible ones.
    All,
}

/// A request, as selection and planning need it.
pub struct SelectionRequest<'a> {
    /// The mode.
    pub mode: &'static dyn Mode,
    /// The mode's parameters, with defaults filled in.
    pub parameters: &'a Map<String, Json>,
    /// The variant for which the mode proposes parameters; `None` where they were given.
    pub variant: Option<&'a str>,
    /// The records to select.
    pub records: &'a Records,
    /// Filters on the candidates of a sample, or of all.
    pub selection: Option<&'a RecordFilter>,
    /// The seed.
    pub seed: u64,
    /// The target's wall clock.
    pub now: civil::DateTime,
    /// Maximum number of rows that may change.
    pub max_rows: u64,
}

/// A record of a range, or of `--all`, that was skipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkippedRecord {
    /// The record's id.
    pub record: String,
    /// The reason, in a sentence.
    pub reason: String,
    /// The code of the reason.
    pub code: &'static str,
}

/// The selected records, and the rows that they change.
#[derive(Clone, Debug)]
pub struct Selected {
    /// The variant that all records will show.
    pub variant: &'static str,
    /// The chosen records' keys, ascending.
    pub keys: Vec<Key>,
    /// The parameters of each record, in the order of the keys; a shared object where they are the same.
    pub parameters: Vec<Arc<Map<String, Json>>>,
    /// The rows that will change.
    pub rows: Vec<PlannedRow>,
    /// The skipped records; the first thousand.
    pub skipped: Vec<SkippedRecord>,
    /// Number of skipped records.
    pub skipped_total: u64,
    /// The records' table, as the target spells it.
    pub table: Arc<Table>,
}

/// Selects and plans the records of a request.
///
/// # Errors
/// A refusal, or a target error.
pub fn select_records(
    context: &Context<'_>,
    target: &mut dyn Target,
    order: &SelectionRequest<'_>,
) -> Result<Selected, Failure> {
    let mut run = SelectionRun::new(context, target, order)?;
    let table = run.table()?;
    let candidates = run.list_candidates(&table)?;
    if let (true, Some(selection)) = (candidates.is_empty(), order.selection) {
        return Err(selection.explain_none_left(run.target)?.into());
    }
    let result = match order.records {
        Records::Sample(count) => run.take_sample(&candidates, *count),
        _ => run.plan_all(&candidates),
    };
    if result.as_ref().is_err_and(|failure| failure.code == MISSING) {
        // Perhaps all keys are stored as text, and the record only seems to be missing. Reading them is worth it here.
        whole_numbers(&table, run.target.read_keys(&table)?)?;
    }
    result?;
    run.into_selected(table, candidates.len() as u64)
}

#[derive(Default)]
struct SelectionTally {
    crowd: WitnessGroups,
    rows: Vec<PlannedRow>,
    rows_total: u64,
    keys: Vec<Key>,
    parameters: Vec<Arc<Map<String, Json>>>,
    variants: BTreeSet<&'static str>,
    skipped: Vec<SkippedRecord>,
    skipped_total: u64,
}

/// One record's plan, and the parameters that made it.
struct RecordPlan {
    planned: PlannedFault,
    parameters: Arc<Map<String, Json>>,
}

/// One record with its plan, or the refusal of it.
struct RecordAttempt<'a> {
    key: &'a Key,
    snapshot: Rc<Snapshot>,
    plan: Result<RecordPlan, Refusal>,
}

struct SelectionRun<'a, 'c, 'o> {
    context: &'a Context<'c>,
    target: &'a mut dyn Target,
    order: &'a SelectionRequest<'o>,
    bound: Box<dyn BoundMode + 'a>,
    parameters: Arc<Map<String, Json>>,
    outcome: SelectionTally,
}

impl<'a, 'c, 'o> SelectionRun<'a, 'c, 'o> {
    fn new(
        context: &'a Context<'c>,
        target: &'a mut dyn Target,
        order: &'a SelectionRequest<'o>,
    ) -> Result<Self, Refusal> {
        let bound = order.mode.bind(order.parameters)?;
        let parameters = Arc::new(order.parameters.clone());
        Ok(Self { context, target, order, bound, parameters, outcome: SelectionTally::default() })
    }

    /// Returns the records of a batch that matter in treatment, in their order.
    fn pass_over_minor(&mut self, table: &str, keys: &[Key]) -> Result<Vec<Key>, Failure> {
        let Some(domain) = domains::of_mode(self.order.mode.card().id) else { return Ok(keys.to_vec()) };
        let mut snapshot = Snapshot::default();
        let minor = loop {
            match domain.list_minor_records(table, keys, &snapshot) {
                Ok(minor) => break minor,
                Err(Pause::Ask(queries)) => read_into(&mut snapshot, self.target, queries)?,
                // What says which records are minor is missing here: then all of them count.
                Err(Pause::Refuse(_)) => break BTreeSet::new(),
            }
        };
        Ok(keys.iter().filter(|key| !minor.contains(*key)).cloned().collect())
    }

    fn table(&mut self) -> Result<Arc<Table>, Failure> {
        let record = self.bound.record().table;
        let table = self.target.find_table(record)?;
        Ok(table.ok_or_else(|| Refusal::MissingTable { table: record.to_owned() })?)
    }

    /// Returns the keys to try: ascending, for a sample in the order of the seed.
    ///
    /// Single ids are included even if no record has them, so that they are refused rather than ignored.
    fn list_candidates(&mut self, table: &Table) -> Result<Vec<Key>, Failure> {
        Ok(match self.order.records {
            Records::Keys(keys) => {
                let mut keys = keys.clone();
                keys.sort();
                keys
            }
            Records::Ids(ids) if ids.is_explicit() => keys_of(ids.single_ids()),
            Records::Ids(ids) => {
                let keys = whole_numbers(table, self.target.read_keys(table)?)?;
                let mut named: BTreeSet<i64> = keys.iter().filter_map(record_id).collect();
                named.retain(|id| ids.contains(*id));
                named.extend(ids.single_ids());
                keys_of(named)
            }
            Records::All => read_keys(self.target, table, self.order.selection)?,
            Records::Sample(_) => {
                let mut keys = read_keys(self.target, table, self.order.selection)?;
                keys.sort_by_cached_key(|key| seed::sample_rank(self.order.seed, key));
                keys
            }
        })
    }

    /// Returns whether a record was named by itself, so that it must be eligible.
    fn is_required(&self, key: &Key) -> bool {
        match self.order.records {
            Records::Keys(_) => true,
            Records::Ids(ids) => record_id(key).is_some_and(|id| ids.single_ids().binary_search(&id).is_ok()),
            Records::Sample(_) | Records::All => false,
        }
    }

    /// Reads records batch by batch, plans each, and passes it to `take` until that breaks.
    fn plan_batches<'k>(
        &mut self,
        keys: &'k [Key],
        batch: usize,
        mut take: impl FnMut(&mut Self, RecordAttempt<'k>) -> Result<ControlFlow<()>, Failure>,
    ) -> Result<(), Failure> {
        for keys_read in keys.chunks(batch) {
            self.context.go_on()?;
            let snapshot = Rc::new(self.read_needs(keys_read)?);
            for key in keys_read {
                let plan = self.plan_record(&snapshot, key, self.outcome.keys.len() as u64);
                if take(self, RecordAttempt { key, snapshot: Rc::clone(&snapshot), plan })?.is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Selects the first eligible records in the order of the seed.
    fn take_sample(&mut self, ranked: &[Key], count: u64) -> Result<(), Failure> {
        let (mut chosen, mut crowd, mut first) = (BTreeMap::new(), WitnessGroups::default(), None);
        self.plan_batches(ranked, BATCH, |run, attempt| {
            match attempt.plan.and_then(|plan| crowd.admit(&plan.planned).map(|()| plan)) {
                Ok(plan) => drop(chosen.insert(attempt.key, (plan, attempt.snapshot))),
                // Not listed as skipped: a sample requests no particular record. The first serves as an example.
                Err(refusal) => first = first.take().or(Some(run.reason_to_skip(attempt.key, refusal)?)),
            }
            Ok(if chosen.len() as u64 == count { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        if (chosen.len() as u64) < count {
            let table = self.bound.record().table.to_owned();
            if chosen.is_empty() {
                return Err(none_eligible(table, ranked.len() as u64, first.as_ref()));
            }
            return Err(Refusal::TooFewEligible { table, wanted: count, eligible: chosen.len() as u64 }.into());
        }
        for (ordinal, (key, (plan, snapshot))) in chosen.into_iter().enumerate() {
            // Ordinals count in key order, which is known only now: all plans so far were made with ordinal 0.
            let again = ordinal > 0 && self.order.mode.card().uses_ordinal;
            let plan = if again { self.plan_record(&snapshot, key, ordinal as u64)? } else { plan };
            self.add_plan(key, plan, &snapshot)?;
        }
        Ok(())
    }

    /// Selects every eligible record; those named by themselves must be eligible.
    fn plan_all(&mut self, keys: &[Key]) -> Result<(), Failure> {
        let (mut at, all) = (0, keys.len() as u64);
        self.plan_batches(keys, BATCH, |run, RecordAttempt { key, snapshot, plan }| {
            if at % BATCH as u64 == 0 {
                run.context.reporter.progress("reading records", at, all);
            }
            at += 1;
            match plan.and_then(|plan| run.outcome.crowd.admit(&plan.planned).map(|()| plan)) {
                Ok(plan) => run.add_plan(key, plan, &snapshot)?,
                Err(refusal) if run.is_required(key) => return Err(refusal.into()),
                Err(refusal) => run.skip_record(key, refusal)?,
            }
            Ok(ControlFlow::Continue(()))
        })
    }

    fn add_plan(&mut self, key: &Key, plan: RecordPlan, snapshot: &Snapshot) -> Result<(), Failure> {
        let rows = plan::plan_rows(&plan.planned.edits, snapshot)?;
        self.outcome.rows_total += rows.len() as u64;
        self.outcome.variants.insert(plan.planned.variant);
        // Past the limit rows are only counted, so that the refusal can say how many there are.
        if self.outcome.rows_total <= self.order.max_rows {
            self.outcome.rows.extend(rows);
        }
        self.outcome.keys.push(key.clone());
        self.outcome.parameters.push(plan.parameters);
        Ok(())
    }

    /// Reads the rows that the mode needs for some records, until it needs no further ones.
    fn read_needs(&mut self, keys: &[Key]) -> Result<Snapshot, Failure> {
        let records: Vec<Value> = keys.iter().filter_map(|key| key.first().cloned()).collect();
        let mut snapshot = Snapshot::default();
        // What a mode needs may depend on the rows read so far, for instance on the ids in them.
        loop {
            let needs = self.bound.needs(&records, &snapshot);
            let fresh: BTreeSet<Fetch> = needs.into_iter().filter(|fetch| !snapshot.has_answer(fetch)).collect();
            if fresh.is_empty() {
                return Ok(snapshot);
            }
            read_into(&mut snapshot, self.target, fresh)?;
        }
    }

    /// Plans one record; `ordinal` is its position among the selected ones.
    fn plan_record(&self, snapshot: &Snapshot, key: &Key, ordinal: u64) -> Result<RecordPlan, Refusal> {
        let record = key.first().unwrap_or(&Value::Null);
        let SelectionRequest { seed, now, .. } = *self.order;
        let task = Task { kind: self.bound.record(), record, ordinal, seed, now };
        let (planned, proposed) = match self.order.variant {
            None => (self.bound.plan(snapshot, &task)?, None),
            Some(variant) => {
                let ProposedFault { planned, params } = self.bound.propose(variant, snapshot, &task)?;
                (planned, params)
            }
        };
        Ok(RecordPlan { planned, parameters: proposed.map_or_else(|| Arc::clone(&self.parameters), Arc::new) })
    }

    /// Skips a record, provided that the refusal concerns the record alone.
    fn skip_record(&mut self, key: &Key, refusal: Refusal) -> Result<(), Failure> {
        let skipped = self.reason_to_skip(key, refusal)?;
        self.outcome.skipped_total += 1;
        if self.outcome.skipped.len() < super::cell::CHANGES_MAX {
            self.outcome.skipped.push(skipped);
        }
        Ok(())
    }

    /// Returns why a record is skipped; a refusal that does not concern the record alone is an error.
    fn reason_to_skip(&self, key: &Key, refusal: Refusal) -> Result<SkippedRecord, Failure> {
        let reason = match &refusal {
            Refusal::Ineligible { reason, .. }
            | Refusal::NotADuplicate { reason, .. }
            | Refusal::NoIndependentMeterset { reason, .. } => reason.clone(),
            Refusal::MissingRecord { .. } => "it does not exist".to_owned(),
            Refusal::Undetectable { group, .. } => {
                format!("with more records of {group}, none of them would be detected")
            }
            _ => return Err(refusal.into()),
        };
        Ok(SkippedRecord { record: render_key(key), reason, code: refusal.code() })
    }

    fn into_selected(self, table: Arc<Table>, selected: u64) -> Result<Selected, Failure> {
        let SelectionTally { rows, rows_total, keys, parameters, variants, skipped, skipped_total, crowd: _ } =
            self.outcome;
        let limit = self.order.max_rows;
        if keys.is_empty() {
            return Err(none_eligible(table.shape.name.clone(), selected, skipped.first()));
        }
        if variants.len() > 1 {
            let variants = variants.into_iter().map(str::to_owned).collect();
            return Err(Refusal::MixedVariants { variants }.into());
        }
        if rows_total == 0 {
            return Err(Refusal::NothingToChange.into());
        }
        if rows_total > limit {
            return Err(Refusal::Limit { rows: rows_total, limit }.into());
        }
        // Each record is planned on the rows as they are, without the changes of the others.
        check_changed_once(&rows)?;
        let variant = variants.into_iter().next().unwrap_or_default();
        Ok(Selected { variant, keys, parameters, rows, skipped, skipped_total, table })
    }
}

fn none_eligible(table: String, selected: u64, first: Option<&SkippedRecord>) -> Failure {
    let first = first.map(|skip| format!("{}: {}", skip.record, skip.reason));
    Refusal::NoneEligible { table, selected, first }.into()
}

/// Refuses rows that two records change: the second change would be planned on a row that the first one replaces.
fn check_changed_once(rows: &[PlannedRow]) -> Result<(), Refusal> {
    let mut seen: BTreeMap<&str, BTreeSet<&Key>> = BTreeMap::new();
    for row in rows {
        let table = row.table.shape.name.as_str();
        if !seen.entry(table).or_default().insert(&row.key) {
            return Err(Refusal::ChangedTwice { table: table.to_owned(), key: row.key.clone() });
        }
    }
    Ok(())
}

fn record_id(key: &Key) -> Option<i64> {
    match key.first().map(crate::model::snapshot::key_form) {
        Some(Value::Integer(id)) => Some(id),
        _ => None,
    }
}

fn keys_of(ids: impl IntoIterator<Item = i64>) -> Vec<Key> {
    ids.into_iter().map(|id| vec![Value::Integer(id)]).collect()
}

/// Returns the keys of the selected records, or of all, ascending.
///
/// # Errors
/// [`Refusal::NoMatch`], or a target error.
pub fn read_keys(
    target: &mut dyn Target,
    table: &Table,
    selection: Option<&RecordFilter>,
) -> Result<Vec<Key>, Failure> {
    let keys = match selection {
        None => target.read_keys(table)?,
        Some(selection) => selection.read_keys(target)?,
    };
    Ok(whole_numbers(table, keys)?)
}

/// Returns the keys that are whole numbers: records are named by id, so the others cannot be named.
///
/// # Errors
/// [`Refusal::MistypedColumn`] where there are keys, but none is a whole number.
fn whole_numbers(table: &Table, keys: Vec<Key>) -> Result<Vec<Key>, Refusal> {
    let (whole, other): (Vec<Key>, Vec<Key>) = keys.into_iter().partition(|key| record_id(key).is_some());
    match other.first() {
        Some(first) if whole.is_empty() => Err(Refusal::MistypedColumn {
            table: table.shape.name.clone(),
            column: table.shape.key.join(", "),
            value: render_key(first),
        }),
        _ => Ok(whole),
    }
}

/// The eligibility of a batch of records.
pub struct Eligibility {
    /// Whether each record is eligible, in the order of the keys.
    pub holds: Vec<bool>,
    /// Why no record is, where the reason lies with the target or the parameters.
    pub remark: Option<String>,
}

/// Returns which records of a batch are eligible for a selection; a refusal makes a record ineligible.
///
/// # Errors
/// A target error.
pub fn check_eligible(
    context: &Context<'_>,
    target: &mut dyn Target,
    order: &SelectionRequest<'_>,
    keys: &[Key],
) -> Result<Eligibility, Failure> {
    let mut run = SelectionRun::new(context, target, order)?;
    let (mut holds, mut reasons) = (Vec::with_capacity(keys.len()), Vec::new());
    let all = run.plan_batches(keys, keys.len().max(1), |run, RecordAttempt { key, snapshot, plan }| {
        let planned = plan.and_then(|plan| plan::plan_rows(&plan.planned.edits, &snapshot));
        holds.push(planned.is_ok());
        reasons.extend(planned.err().and_then(|refusal| run.reason_to_skip(key, refusal).err()));
        Ok(ControlFlow::Continue(()))
    });
    match all {
        Err(failure) if failure.kind == FailureKind::Refused => {
            return Ok(Eligibility { holds: vec![false; keys.len()], remark: Some(failure.message) });
        }
        other => other?,
    };
    let remark = if reasons.len() == keys.len() { reasons.into_iter().next() } else { None };
    Ok(Eligibility { holds, remark: remark.map(|failure| failure.message) })
}

/// Returns the keys of the first eligible records in the order of the seed, each eligible by itself; fewer than wanted
/// where there are fewer.
///
/// # Errors
/// [`Refusal::NoneEligible`] where there is none, another refusal, or a target error.
pub fn rank_eligible(
    context: &Context<'_>,
    target: &mut dyn Target,
    order: &SelectionRequest<'_>,
    wanted: u64,
    all_records: bool,
) -> Result<Vec<Key>, Failure> {
    let mut run = SelectionRun::new(context, target, order)?;
    let record = run.bound.record().table;
    let table = run.table()?;
    let candidates = run.list_candidates(&table)?;
    let (mut chosen, mut first) = (Vec::new(), None);
    for batch in candidates.chunks(SMALL_BATCH) {
        let kept = if all_records { batch.to_vec() } else { run.pass_over_minor(record, batch)? };
        run.plan_batches(&kept, SMALL_BATCH, |run, RecordAttempt { key, plan, .. }| {
            match plan {
                Ok(_) => chosen.push(key.clone()),
                Err(refusal) => first = first.take().or(Some(run.reason_to_skip(key, refusal)?)),
            }
            Ok(if chosen.len() as u64 == wanted { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        if chosen.len() as u64 == wanted {
            break;
        }
    }
    if chosen.is_empty() {
        return Err(none_eligible(record.to_owned(), candidates.len() as u64, first.as_ref()));
    }
    Ok(chosen)
}
