//! `mfm target mark`: puts the marker that makes a database a target, after a person typed its name.

use std::path::PathBuf;

use clap::Args;
use jiff::SignedDuration;
use mfm_journal::{Digest, Journal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Marking, append, baseline, default_name, free_name, new_marker, nothing_active, put_marker};
use crate::model::ports::{Danger, Question};
use crate::model::{Query, Refusal, Snapshot};
use crate::ops::status::{self, TargetLine};
use crate::ops::{Card, Context, Failure};
use crate::target::{LiveSign, OperationState, Target, TargetError, canonical_url};

/// What it is.
pub const CARD: Card =
    Card { name: "target mark", danger: Danger::Destroy, about: "Say that a database is a test copy" };

/// The word that overrides the refusal to mark anew what another journal's operations depend on.
const FOREIGN: &str = "foreign-operations";

/// A delivery younger than this is a sign of a live clinic.
const RECENT_DAYS: i64 = 30;

/// What to mark.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// A URL, or the name of a registered target
    #[arg(value_name = "URL")]
    pub target: String,
    /// The name to register it under
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The database's own name (the file's name), typed to confirm
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
    /// Override a sign of a live clinic, by its word
    #[arg(long = "override", value_name = "SIGN")]
    pub overrides: Vec<String>,
    /// Rebind a target that was moved to this place, with all its operations
    #[arg(long)]
    pub moved: bool,
    /// Journal a digest of every table, for `mfm audit verify --depth live --full`
    #[arg(long)]
    pub baseline: bool,
}

/// What a marking says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The target.
    #[serde(flatten)]
    pub line: TargetLine,
    /// Its new identity.
    pub identity: Digest,
    /// The signs that were overridden.
    pub overrides: Vec<String>,
    /// How many tables the baseline covers; null without one.
    pub baseline_tables: Option<u64>,
    /// The journal.
    pub journal: PathBuf,
}

/// Marks a database.
///
/// # Errors
/// Usage, a refusal, or what target and journal say.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let mut journal = context.writing_or_new()?;
    let url = match journal.state().targets.get(&request.target) {
        Some(known) => known.url.clone(),
        None => canonical_url(&request.target)?,
    };
    let mut target = context.open(&url)?;
    let moved_from = if request.moved { Some(moved(context, &journal, target.as_mut())?) } else { None };
    let name = match &moved_from {
        Some((name, _)) => name.clone(),
        None => name(&journal, target.as_ref(), request, &url),
    };
    if moved_from.is_none() {
        nothing_stranded(context, &journal, target.as_mut(), &request.overrides)?;
        free_name(&journal, &name, &url)?;
        nothing_active(&journal, &name)?;
    }
    judge_signs(context, target.as_mut(), &url, &request.overrides)?;
    confirm(context, target.as_ref(), &url, request)?;
    if !journal.state().targets.contains_key(&name) {
        append(context, &mut journal, "target_added", json!({"name": name, "url": url}))?;
    }
    let marker = new_marker(context, target.as_mut())?;
    let marking = Marking {
        name: &name,
        url: &url,
        marker: &marker,
        overrides: &request.overrides,
        lab: journal.state().targets.get(&name).is_some_and(|known| known.lab),
        moved_from: moved_from.map(|(_, identity)| identity),
        adopted: false,
    };
    put_marker(context, &mut journal, target.as_mut(), &marking)?;
    let tables = if request.baseline { Some(baseline(context, &mut journal, target.as_mut(), &name)?) } else { None };
    Ok(Outcome {
        line: status::target_line(context, &journal, &name, None),
        identity: marker.identity(),
        overrides: request.overrides.clone(),
        baseline_tables: tables.map(|tables| tables.len() as u64),
        journal: context.journal.clone(),
    })
}

fn name(journal: &Journal, target: &dyn Target, request: &Request, url: &str) -> String {
    let registered = journal.state().targets.iter().find(|(_, known)| known.url == url);
    let registered = registered.map(|(name, _)| name.clone());
    request.name.clone().or(registered).unwrap_or_else(|| default_name(target))
}

/// Returns the name and former identity of a moved target: it must hold every uid, and nobody else may be it.
fn moved(context: &Context<'_>, journal: &Journal, target: &mut dyn Target) -> Result<(String, Digest), Failure> {
    let url = target.url().to_owned();
    let marker = target.marker()?.ok_or(Refusal::Unmarked { url: url.clone() })?;
    let identity = marker.identity();
    let known = journal.state().targets.iter().find(|(_, known)| known.identity == Some(identity));
    let (name, known) = known.ok_or_else(|| TargetError::Replaced {
        url: url.clone(),
        what: "its marker is not one that this journal put".into(),
    })?;
    if marker.bound == target.bound()? {
        let message = format!("{url} was not moved: its marker fits where it is");
        return Err(Failure::usage("not_moved", message, "leave --moved out"));
    }
    let original = context.open(&known.url).and_then(|mut original| original.marker());
    if original.is_ok_and(|found| found.is_some_and(|found| found.marker_id == marker.marker_id)) {
        let what = format!("{} is still there with the same marker, so this is a copy", known.url);
        return Err(TargetError::Replaced { url, what }.into());
    }
    let state = journal.state();
    let uids = state.active.values().filter(|active| active.target == *name).map(|active| active.uid);
    for uid in uids.chain(known.newest.map(|newest| newest.uid)) {
        if target.operation(&uid)?.is_none_or(|row| row.state != OperationState::Committed) {
            let what = "it does not hold every operation that the journal committed there".into();
            return Err(TargetError::Replaced { url, what }.into());
        }
    }
    Ok((name.clone(), identity))
}

/// Refuses a new marker where it would cut operations off from the journal that can take them back.
fn nothing_stranded(
    context: &Context<'_>,
    journal: &Journal,
    target: &mut dyn Target,
    overrides: &[String],
) -> Result<(), Failure> {
    let Some(marker) = target.marker()? else { return Ok(()) };
    let url = target.url().to_owned();
    let in_place = marker.bound == target.bound()?;
    let own = journal.id();
    if !in_place {
        let identity = marker.identity();
        let known = journal.state().targets.iter().find(|(_, known)| known.identity == Some(identity));
        let Some((name, known)) = known else { return Ok(()) };
        let carries = journal.state().active.values().any(|active| active.target == *name)
            || journal.state().open.values().any(|open| open.target == *name);
        let original = context.open(&known.url).and_then(|mut original| original.marker());
        let is_copy = original.is_ok_and(|found| found.is_some_and(|found| found.marker_id == marker.marker_id));
        if carries && !is_copy {
            return Err(Refusal::LooksMoved { url, target: name.clone() }.into());
        }
        return Ok(());
    }
    for journal_id in target.journals()?.into_iter().filter(|id| *id != own) {
        let committed = target.operations(&journal_id)?.iter().any(|row| row.state == OperationState::Committed);
        if committed && !overrides.iter().any(|word| word == FOREIGN) {
            return Err(Refusal::MarkedBeside { url, journal_id: journal_id.to_string() }.into());
        }
    }
    Ok(())
}

fn judge_signs(context: &Context<'_>, target: &mut dyn Target, url: &str, overrides: &[String]) -> Result<(), Failure> {
    for sign in signs(context, target)? {
        if !overrides.iter().any(|word| word == sign.word) {
            let refusal = Refusal::LiveClinic { url: url.to_owned(), sign: sign.word.to_owned(), what: sign.what };
            return Err(refusal.into());
        }
    }
    Ok(())
}

/// Returns the signs of a live clinic.
///
/// # Errors
/// What the target says.
pub fn signs(context: &Context<'_>, target: &mut dyn Target) -> Result<Vec<LiveSign>, Failure> {
    let mut signs = target.live_signs()?;
    let name = target.name();
    let stem = name.split('.').next().unwrap_or_default();
    if stem.eq_ignore_ascii_case("mosaiq") {
        signs.push(LiveSign { word: "name-mosaiq", what: format!("it is named {name}") });
    }
    if let Some(newest) = newest_delivery(target)? {
        let age = context.clock.local().duration_since(newest);
        if age < SignedDuration::from_hours(24 * RECENT_DAYS) {
            let what = format!("its newest delivery is of {newest}, within {RECENT_DAYS} days of now");
            signs.push(LiveSign { word: "recent-treatments", what });
        }
    }
    Ok(signs)
}

/// Returns the start of the newest delivery, judged by the highest ids: a delivery of today is among the last ones.
fn newest_delivery(target: &mut dyn Target) -> Result<Option<jiff::civil::DateTime>, Failure> {
    let Some(table) = target.table("TrackTreatment")? else { return Ok(None) };
    if table.position("Create_DtTm").is_none() {
        return Ok(None);
    }
    let keys = target.keys(&table)?;
    let last = keys.iter().rev().take(4096).filter_map(|key| key.first().cloned());
    let mut snapshot = Snapshot::default();
    let column = table.shape.key.first().cloned().unwrap_or_default();
    let query = Query::among("TrackTreatment", &column, last);
    let answer = target.read(&query)?;
    snapshot.add(query, answer)?;
    let rows = snapshot.table("TrackTreatment")?;
    Ok(rows.rows().filter_map(|row| row.datetime("Create_DtTm")).max())
}

fn confirm(context: &Context<'_>, target: &dyn Target, url: &str, request: &Request) -> Result<(), Failure> {
    let name = target.name();
    match &request.confirm {
        Some(typed) if *typed == name => Ok(()),
        Some(typed) => {
            let message = format!("`{typed}` is not the database's name");
            Err(Failure::new(crate::ops::Kind::Refused, "wrong_name", message, format!("it is named {name}")))
        }
        None => {
            let text = format!("{url} will be marked as a test copy, on which faults can be committed.");
            context.consent(&Question { text, danger: CARD.danger, type_name: Some(name) })
        }
    }
}
