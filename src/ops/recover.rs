//! `mfm recover`: closes operations that a crash left open, by the evidence in the target or a person's word.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Card;
use super::context::{ChosenTarget, Context};
use super::failure::Failure;
use super::targets::lost_records;
use crate::engine::guard;
use crate::engine::recover::{ClosedOperation, DeclaredVerdict};
use crate::model::NextSteps;
use crate::model::Refusal;
use crate::model::next_step::{Flag, give, leave_out};
use crate::model::ports::{ConfirmAnswer, ConfirmQuestion, Danger};
use crate::model::refusal::render_key;
use crate::targets::sqlite::MarkerGlimpse;
use crate::targets::{self, OperationState, TargetError};
use mfm_journal::{Face, Journal, OperationVerdict};

/// The command's card.
pub const CARD: Card =
    Card { name: "recover", danger: Danger::Write, about: "Close operations that a crash left open" };

/// A person's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum As {
    /// The operation took effect
    Applied,
    /// The operation never took effect
    Abandoned,
    /// The target lost it: it was restored, replaced or deleted
    Gone,
}

/// What to close.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// The open operation to decide
    #[arg(long, value_name = "N", requires = "word")]
    pub op: Option<u64>,
    /// Its outcome, if the target cannot tell; journaled as your statement
    #[arg(long = "as", id = "word", value_name = "WORD")]
    #[serde(rename = "as")]
    pub word: Option<As>,
    /// The name of a target that no longer exists, typed to confirm
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
}

/// The result of a recover.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The journal.
    pub journal: PathBuf,
    /// One line per operation.
    pub operations: Vec<RecoveredOperation>,
    /// Names of targets in which the database rolled a crashed program's transaction back.
    pub rolled_back: Vec<String>,
    /// A failure because of which operations stay open.
    #[serde(skip)]
    pub failure: Option<Failure>,
}

impl Outcome {
    /// Returns whether an operation stays open.
    #[must_use]
    pub fn left_open(&self) -> bool {
        self.operations.iter().any(|line| line.state == "open")
    }
}

/// An operation after recovery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecoveredOperation {
    /// The operation's number.
    pub op: u64,
    /// The target's name.
    pub target: String,
    /// `applied`, `abandoned`, `gone` or `open`.
    pub state: String,
    /// Rows that differ from what the verdict implies, as table and key.
    pub differing: Vec<String>,
    /// Why it stays open; null otherwise.
    pub why: Option<String>,
}

/// Closes open operations, on one target or on all.
///
/// # Errors
/// A usage error, a refusal, or a target or journal error.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    match (request.word, request.op) {
        (None, _) => recover_automatically(context),
        (Some(As::Gone), None) => write_off(context, request),
        (Some(As::Gone), Some(_)) => Err(Failure::usage(
            "recover",
            "`gone` applies to a whole target",
            NextSteps::from(leave_out(Flag::Op)).and("and name the target"),
        )),
        (Some(_), None) => Err(Failure::usage("recover", "which operation is this for?", give(Flag::Op, ""))),
        (Some(As::Applied), Some(op)) => close_by_word(context, op, DeclaredVerdict::Applied),
        (Some(As::Abandoned), Some(op)) => close_by_word(context, op, DeclaredVerdict::Abandoned),
    }
}

fn recover_automatically(context: &Context<'_>) -> Result<Outcome, Failure> {
    let mut journal = context.open_journal_for_writing()?;
    let mut outcome =
        Outcome { journal: context.journal.clone(), operations: Vec::new(), rolled_back: Vec::new(), failure: None };
    let only = if context.target.is_some() { Some(context.resolve_target(&journal)?.name) } else { None };
    let state = journal.state();
    let open: BTreeSet<String> = state.open.values().map(|open| open.target.clone()).collect();
    let urls: BTreeMap<String, String> =
        state.targets.iter().map(|(name, target)| (name.clone(), target.url.clone())).collect();
    // Targets with nothing open as well: another program that crashed may have left a transaction in the file.
    let names: BTreeSet<&String> = open.iter().chain(urls.keys()).collect();
    for name in names.into_iter().filter(|name| only.as_ref().is_none_or(|only| only == *name)) {
        let chosen = ChosenTarget { name: name.clone(), url: urls.get(name).cloned().unwrap_or_default() };
        // A server rolls transactions back by itself, and opening it could ask for a password for nothing.
        if !open.contains(name) && !targets::leaves_transactions(&chosen.url) {
            continue;
        }
        let opened = open_or_roll_back(context, &journal, &chosen);
        if let Ok((_, true)) = opened {
            outcome.rolled_back.push(name.clone());
        }
        if !open.contains(name) {
            if let Err(error @ (TargetError::NeedsRecovery { .. } | TargetError::Refused(_))) = opened {
                left_alone(context, &mut outcome, only.is_some(), error);
            }
            continue;
        }
        let opened = match opened {
            // Locked by another program, so nothing can be read: the operation stays open for now.
            Err(error) if error.is_transient() => {
                let open = journal.state().open_on(name);
                outcome.operations.extend(open.map(|(op, _)| still_open(name, op, &error.to_string())));
                continue;
            }
            other => other.map(|(target, _)| target),
        };
        match on_target(context, &mut journal, &chosen, opened) {
            Ok(closed) => outcome.operations.extend(closed.into_iter().map(|closed| describe_closed(name, closed))),
            Err(failure) => {
                let open = journal.state().open_on(name);
                outcome.operations.extend(open.map(|(op, _)| still_open(name, op, &failure.message)));
                outcome.failure = Some(failure);
            }
        }
    }
    let copies = super::drill::jobs::remove_left_copies(context, &journal)?;
    if copies > 0 {
        let files = super::render_count(copies, "file");
        context.reporter.note(&format!("{files} removed: copies of a target that an interrupted drill left"));
    }
    Ok(outcome)
}

fn on_target(
    context: &Context<'_>,
    journal: &mut mfm_journal::Journal,
    chosen: &ChosenTarget,
    opened: Result<Box<dyn targets::Target>, TargetError>,
) -> Result<Vec<ClosedOperation>, Failure> {
    let mut target = opened.map_err(absent_as_replaced)?;
    Ok(context.engine(journal, target.as_mut(), &chosen.name).recover()?)
}

/// Reports that another program's transaction was not rolled back: as a failure where the target was asked for.
fn left_alone(context: &Context<'_>, outcome: &mut Outcome, asked_for: bool, error: TargetError) {
    let failure = Failure::from(error);
    if asked_for || failure.kind == super::FailureKind::Refused {
        outcome.failure = Some(failure);
    } else {
        context.reporter.note(&format!("{}; it is left unchanged", failure.message));
    }
}

/// Opens a target; returns also whether the database first rolled a crashed program's transaction back.
fn open_or_roll_back(
    context: &Context<'_>,
    journal: &Journal,
    chosen: &ChosenTarget,
) -> Result<(Box<dyn targets::Target>, bool), TargetError> {
    // Opening alone reads nothing; reading the marker shows whether the file needs recovery.
    let opened = context.open_target(&chosen.url).and_then(|mut target| target.read_marker().map(|_| target));
    match opened {
        Err(error @ TargetError::NeedsRecovery { .. }) => {
            if !may_roll_back(context, journal, chosen)? {
                return Err(error);
            }
            targets::roll_back(&chosen.url)?;
            Ok((context.open_target(&chosen.url)?, true))
        }
        result => Ok((result?, false)),
    }
}

/// Returns whether a crashed program's transaction may be rolled back: only in a marked target, and only by a person.
///
/// Where an operation of this journal is open there, the transaction is its own, and running recover is consent
/// enough. Otherwise it belongs to another program, and the person is asked.
///
/// # Errors
/// [`Refusal::NoConsent`].
fn may_roll_back(context: &Context<'_>, journal: &Journal, chosen: &ChosenTarget) -> Result<bool, Refusal> {
    let known = journal.state().targets.get(&chosen.name).and_then(|target| target.identity);
    let marked = match targets::marker_beside_a_crash(&chosen.url) {
        MarkerGlimpse::Marker(marker) => known == Some(marker.identity()),
        MarkerGlimpse::NoMarker => false,
        MarkerGlimpse::Unknown => known.is_some(),
    };
    if !marked || context.face == Face::Mcp {
        return Ok(false);
    }
    if journal.state().open_on(&chosen.name).next().is_some() {
        return Ok(true);
    }
    let text = format!("A crashed program left a transaction in {}. Let the database roll it back?", chosen.url);
    match context.confirm.ask(&ConfirmQuestion { text, danger: CARD.danger, type_name: None }) {
        ConfirmAnswer::Yes => Ok(true),
        answer => Err(Refusal::NoConsent { asked: answer == ConfirmAnswer::No }),
    }
}

/// Reports a missing target as a replaced one: an operation is open on it, so it did exist.
fn absent_as_replaced(error: TargetError) -> Failure {
    match error {
        TargetError::Absent { url } => {
            TargetError::Replaced { url, what: "the database no longer exists".into() }.into()
        }
        other => other.into(),
    }
}

fn describe_closed(target: &str, closed: ClosedOperation) -> RecoveredOperation {
    let differing = closed.differing.iter().map(|row| format!("{} {}", row.table, render_key(&row.key))).collect();
    let state = closed.verdict.map_or("open", mfm_journal::OperationVerdict::as_str).to_owned();
    RecoveredOperation { op: closed.op, target: target.to_owned(), state, differing, why: closed.why }
}

fn still_open(target: &str, op: u64, why: &str) -> RecoveredOperation {
    RecoveredOperation {
        op,
        target: target.to_owned(),
        state: "open".into(),
        differing: Vec::new(),
        why: Some(why.to_owned()),
    }
}

fn close_by_word(context: &Context<'_>, op: u64, word: DeclaredVerdict) -> Result<Outcome, Failure> {
    let mut journal = context.open_journal_for_writing()?;
    let operation = journal.read_operation(op)?.ok_or(Refusal::NoOperation { op })?;
    check_word(context, &journal, &operation, word)?;
    let name = operation.target.name;
    if let Some(verdict) = operation.verdict {
        return Err(Refusal::NotOpen { op, state: verdict.as_str().to_owned() }.into());
    }
    // In lower case because of the variant's name in it.
    let text = format!("Seal operation {op} on target {name} as {word:?}, on your statement alone?").to_lowercase();
    context.ask_consent(&ConfirmQuestion { text, danger: Danger::Destroy, type_name: None })?;
    let closed = crate::engine::recover::by_word(&mut journal, &context.holder, &context.stamp(), op, word)?;
    Ok(build_outcome(context, vec![describe_closed(&name, closed)]))
}

/// Refuses a person's word that the target, where it can be read, contradicts.
fn check_word(
    context: &Context<'_>,
    journal: &Journal,
    operation: &mfm_journal::Operation,
    word: DeclaredVerdict,
) -> Result<(), Failure> {
    let known = journal.state().targets.get(&operation.target.name);
    let Some(known) = known else { return Ok(()) };
    let row = context.open_target(&known.url).and_then(|mut target| target.find_operation(&operation.uid));
    // A target that cannot be read contradicts nothing: the person's word is needed exactly then.
    let state = row.ok().flatten().map(|row| row.state);
    match (state, word) {
        (Some(OperationState::Committed), DeclaredVerdict::Abandoned)
        | (Some(OperationState::Abandoned), DeclaredVerdict::Applied) => {
            Err(Refusal::Contradicted { op: operation.op }.into())
        }
        _ => Ok(()),
    }
}

fn write_off(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let mut journal = context.open_journal_for_writing()?;
    let chosen = context.resolve_target(&journal)?;
    let opened = open_or_roll_back(context, &journal, &chosen).and_then(|(mut target, _)| {
        target.reaches_no_further()?;
        Ok((target.read_marker()?, target))
    });
    let known = journal.state().targets.get(&chosen.name).and_then(|target| target.identity);
    let written_off = match opened {
        Ok((Some(marker), mut target)) if Some(marker.identity()) == known => {
            nothing_left(context, &mut journal, target.as_mut(), &chosen)?;
            if targets::binding_matches(&marker.bound, &target.read_binding()?) {
                let text = format!("Write off the operations that target {} lost?", chosen.name);
                context.ask_consent(&ConfirmQuestion { text, danger: Danger::Destroy, type_name: None })?;
            } else {
                // It may be a copy that was put in the target's place, so its name has to be typed.
                confirm_name(context, request, &chosen)?;
            }
            context.engine(&mut journal, target.as_mut(), &chosen.name).write_off(true)?
        }
        Ok((_, mut target)) => {
            nothing_left(context, &mut journal, target.as_mut(), &chosen)?;
            holds_none(&journal, target, &chosen)?;
            write_off_absent(context, request, &mut journal, &chosen)?
        }
        Err(error) if is_gone(&error) => write_off_absent(context, request, &mut journal, &chosen)?,
        // A target that merely cannot be read now is not gone.
        Err(error) => return Err(error.into()),
    };
    let mut operations = Vec::new();
    for (op, verdict) in written_off {
        let state = verdict.as_str().to_owned();
        operations.push(RecoveredOperation { state, why: None, ..still_open(&chosen.name, op, "") });
    }
    Ok(build_outcome(context, operations))
}

/// Returns whether a database counts as gone, so that it may be written off by typing its name: it does not exist, or
/// its server does not answer.
///
/// A server that answers again later is refused by the guard, because it holds operations that were written off.
const fn is_gone(error: &TargetError) -> bool {
    matches!(error, TargetError::Absent { .. } | TargetError::Network { .. })
}

fn build_outcome(context: &Context<'_>, operations: Vec<RecoveredOperation>) -> Outcome {
    Outcome { journal: context.journal.clone(), operations, rolled_back: Vec::new(), failure: None }
}

/// Writes off all operations on a target that no longer exists, after its name was typed.
fn write_off_absent(
    context: &Context<'_>,
    request: &Request,
    journal: &mut Journal,
    chosen: &ChosenTarget,
) -> Result<Vec<(u64, OperationVerdict)>, Failure> {
    confirm_name(context, request, chosen)?;
    // The database may have come back while the question waited for its answer.
    match context.open_target(&chosen.url) {
        Ok(target) => holds_none(journal, target, chosen)?,
        Err(error) if is_gone(&error) => {}
        Err(error) => return Err(error.into()),
    }
    let mut absent = targets::AbsentTarget::new(&chosen.url);
    Ok(context.engine(journal, &mut absent, &chosen.name).write_off(false)?)
}

/// Refuses to write off operations whose rows are still changed, and of which only mfm's record was removed.
fn nothing_left(
    context: &Context<'_>,
    journal: &mut Journal,
    target: &mut dyn targets::Target,
    chosen: &ChosenTarget,
) -> Result<(), Failure> {
    match lost_records(context, journal, target, &chosen.name, &chosen.url)? {
        Some(lost) => Err(Refusal::RecordsLost { target: chosen.name.clone(), operations: lost.active }.into()),
        None => Ok(()),
    }
}

/// Refuses to write off operations that a database still holds, under whatever marker.
fn holds_none(journal: &Journal, mut target: Box<dyn targets::Target>, chosen: &ChosenTarget) -> Result<(), Failure> {
    let state = journal.state();
    let active = state.active_on(&chosen.name).map(|(_, active)| active.uid);
    for uid in active.chain(state.open_on(&chosen.name).map(|(_, open)| open.uid)) {
        if guard::is_committed(target.as_mut(), &uid)? {
            let what = "it holds operations of this journal, under another marker or none".into();
            return Err(TargetError::Replaced { url: chosen.url.clone(), what }.into());
        }
    }
    Ok(())
}

fn confirm_name(context: &Context<'_>, request: &Request, chosen: &ChosenTarget) -> Result<(), Failure> {
    match &request.confirm {
        Some(typed) if *typed == chosen.name => return Ok(()),
        Some(typed) => {
            let message = format!("`{typed}` is not the target's name");
            let hint = format!("it is registered as {}", chosen.name);
            return Err(Failure::new(super::FailureKind::Refused, "wrong_name", message, hint));
        }
        None => {}
    }
    let text = format!("Write off every operation on {}, which is no longer the database that was marked?", chosen.url);
    context.ask_consent(&ConfirmQuestion { text, danger: Danger::Destroy, type_name: Some(chosen.name.clone()) })
}
