//! `mfm target mark`: writes the marker that permits faults on a database, after a person typed its name.

use std::path::PathBuf;

use clap::Args;
use mfm_journal::{Digest, Journal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Marking, append_baseline, append_entry, copies, default_name, free_name, new_marker, nobody_else, nothing_active,
    put_marker, rebind, signs,
};
use crate::model::Refusal;
use crate::model::ports::{ConfirmQuestion, Danger};
use crate::ops::status::{self, TargetLine};
use crate::ops::{Card, Context, Failure, detect, synthetic};
use crate::targets::{Marker, OperationRow, Target, canonical_url};

/// The command's card.
pub const CARD: Card = Card { name: "target mark", danger: Danger::Destroy, about: "Mark a database as a test copy" };

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
    /// The kind of data, by a domain's id; detected from the tables if omitted
    #[arg(long, value_name = "ID")]
    pub domain: Option<String>,
    /// The database's own name (of a file: the file's name), typed to confirm
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
    /// Override a sign of a live clinic, by its word
    #[arg(long = "override", value_name = "SIGN")]
    pub overrides: Vec<String>,
    /// Mark the file itself; by default, a recording is copied to NAME.mfm-copy.db next to it and the copy marked
    #[arg(long)]
    pub in_place: bool,
    /// Rebind a target that was moved to this place, with all its operations
    #[arg(long)]
    pub moved: bool,
    /// Restore mfm's own record of active operations, if somebody removed it; their rows must be unchanged
    #[arg(long, conflicts_with = "moved")]
    pub records_lost: bool,
    /// Journal a digest of every table, for `mfm audit verify --depth live --full`
    #[arg(long)]
    pub baseline: bool,
}

/// The result of a marking.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The target.
    #[serde(flatten)]
    pub line: TargetLine,
    /// Its new identity.
    pub identity: Digest,
    /// The signs of a live clinic that were overridden.
    pub overrides: Vec<String>,
    /// Whether the marker of another journal was adopted unchanged.
    pub adopted: bool,
    /// The URL of the original file, where a copy of it was marked; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copied_from: Option<String>,
    /// The operations whose rows in mfm's own table were restored.
    pub records: Vec<u64>,
    /// Number of tables in the baseline; null without one.
    pub baseline_tables: Option<u64>,
    /// The journal.
    pub journal: PathBuf,
}

/// Marks a database.
///
/// # Errors
/// A usage error, a refusal, or a target or journal error.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let mut journal = context.writing_or_new()?;
    let url = match journal.state().targets.get(&request.target) {
        Some(known) => known.url.clone(),
        None => canonical_url(&request.target)?,
    };
    signs::check_overrides(&request.overrides)?;
    let mut target = context.open_target(&url)?;
    if let Some(copy) = copies::plan_copy(&journal, target.as_mut(), request, &url)? {
        // Marking the copy opens the journal itself.
        drop(journal);
        return in_a_copy(context, request, target.as_mut(), &copy);
    }
    let first = judge_marking(context, &mut journal, target.as_mut(), request, &url)?;
    // The database's name may be a sign of a live system, also the name as typed, before links are resolved.
    let typed_url = if request.target.starts_with("sqlite:") { &request.target } else { &url };
    signs::check_signs(context, target.as_mut(), typed_url, &request.overrides)?;
    detect::resolve_for_marking(&journal, &first.name, target.as_mut(), request.domain.as_deref())?;
    confirm_name(context, target.as_ref(), &url, None, request)?;
    // The question may have waited for long: everything is judged again, now under the writer lock.
    let lock = journal.lock(&context.holder)?;
    let JudgedMarking { name, moved_from, records, found } =
        judge_marking(context, &mut journal, target.as_mut(), request, &url)?;
    let mut overrides = signs::check_signs(context, target.as_mut(), typed_url, &request.overrides)?;
    overrides.extend(rebind::find_override(&request.overrides));
    // Reading may fail, so the digests come before any entry: a target is marked with its baseline or not at all.
    let tables =
        request.baseline.then(|| context.engine(&mut journal, target.as_mut(), &name).digest_tables()).transpose()?;
    let domain = detect::resolve_for_marking(&journal, &name, target.as_mut(), request.domain.as_deref())?.card().id;
    if !journal.state().targets.contains_key(&name) {
        append_entry(
            context,
            &mut journal,
            &lock,
            "target_added",
            json!({"name": name, "url": url, "domain": domain}),
        )?;
    }
    let adopted = found.is_some();
    let marker = found.map_or_else(|| new_marker(context, target.as_mut()), Ok)?;
    let marking = Marking {
        // Only for the same database: another one may have been put under the name of a lab.
        synthetic: moved_from.is_some() && synthetic::is_synthetic(&journal, &name)?,
        name: &name,
        url: &url,
        domain,
        marker: &marker,
        overrides: &overrides,
        lab: journal.state().targets.get(&name).is_some_and(|known| known.lab),
        moved_from,
        adopted,
        records: &records,
    };
    put_marker(context, &mut journal, &lock, target.as_mut(), &marking)?;
    if let Some(tables) = &tables {
        append_baseline(context, &mut journal, &lock, &name, &marker.identity(), tables)?;
    }
    drop(lock);
    Ok(Outcome {
        line: status::target_line(context, &journal, &name, None),
        identity: marker.identity(),
        overrides,
        adopted,
        copied_from: None,
        records: records.iter().map(|row| row.op).collect(),
        baseline_tables: tables.map(|tables| tables.len() as u64),
        journal: context.journal.clone(),
    })
}

/// Copies a file, and marks the copy in its place.
fn in_a_copy(
    context: &Context<'_>,
    request: &Request,
    target: &mut dyn Target,
    copy: &str,
) -> Result<Outcome, Failure> {
    let url = target.url().to_owned();
    let typed_url = if request.target.starts_with("sqlite:") { &request.target } else { &url };
    signs::check_signs(context, target, typed_url, &request.overrides)?;
    confirm_name(context, target, &url, Some(copy), request)?;
    let identity = copies::make_copy(&url, copy)?;
    let confirm = Some(context.open_target(copy)?.name());
    let of_copy = Request { target: copy.to_owned(), confirm, in_place: true, ..request.clone() };
    match run(context, &of_copy) {
        Ok(outcome) => {
            context.reporter.note(&format!("{url} is unchanged: its copy {copy} is marked"));
            Ok(Outcome { copied_from: Some(url), ..outcome })
        }
        Err(failure) => {
            copies::remove_unmarked(context, copy, identity);
            Err(failure)
        }
    }
}

/// A marking that may be carried out.
struct JudgedMarking {
    /// The name under which the database will be registered.
    name: String,
    /// The former identity whose operations it keeps; `None` for a fresh target.
    moved_from: Option<Digest>,
    /// The rows to restore in mfm's own table.
    records: Vec<OperationRow>,
    /// The marker to adopt, which another journal wrote; `None` for a new marker.
    found: Option<Marker>,
}

fn judge_marking(
    context: &Context<'_>,
    journal: &mut Journal,
    target: &mut dyn Target,
    request: &Request,
    url: &str,
) -> Result<JudgedMarking, Failure> {
    target.reaches_no_further()?;
    let judged = if request.moved {
        let (name, identity) = rebind::identify_moved(context, journal, target)?;
        JudgedMarking { name, moved_from: Some(identity), records: Vec::new(), found: None }
    } else {
        where_it_is(context, journal, target, request, url)?
    };
    if request.baseline {
        // A baseline with faults in it would differ as soon as they are reverted.
        nothing_active(journal, &judged.name)?;
    }
    Ok(judged)
}

/// Judges a database that was not moved.
fn where_it_is(
    context: &Context<'_>,
    journal: &mut Journal,
    target: &mut dyn Target,
    request: &Request,
    url: &str,
) -> Result<JudgedMarking, Failure> {
    let name = choose_name(journal, target, request, url);
    let found = rebind::to_adopt(journal, target, &request.overrides)?;
    if found.is_none() {
        rebind::nothing_stranded(context, journal, target, &request.overrides)?;
    }
    if let Some(identity) = rebind::lost_marker(journal, target, &name, url)? {
        return Ok(JudgedMarking { name, moved_from: Some(identity), records: Vec::new(), found });
    }
    if let Some(lost) = rebind::lost_records(context, journal, target, &name, url)? {
        if request.records_lost {
            return Ok(JudgedMarking { name, moved_from: Some(lost.identity), records: lost.rows, found });
        }
        return Err(Refusal::RecordsLost { target: name, operations: lost.active }.into());
    }
    free_name(journal, &name, url)?;
    nobody_else(journal, target, &name)?;
    nothing_active(journal, &name)?;
    Ok(JudgedMarking { name, moved_from: None, records: Vec::new(), found })
}

fn choose_name(journal: &Journal, target: &dyn Target, request: &Request, url: &str) -> String {
    let registered = journal.state().targets.iter().find(|(_, known)| known.url == url);
    let registered = registered.map(|(name, _)| name.clone());
    request.name.clone().or(registered).unwrap_or_else(|| default_name(target))
}

fn confirm_name(
    context: &Context<'_>,
    target: &dyn Target,
    url: &str,
    copy: Option<&str>,
    request: &Request,
) -> Result<(), Failure> {
    let name = target.name();
    match &request.confirm {
        Some(typed) if *typed == name => Ok(()),
        Some(typed) => {
            let message = format!("`{typed}` is not the database's name");
            Err(Failure::new(crate::ops::FailureKind::Refused, "wrong_name", message, format!("it is named {name}")))
        }
        None => {
            let what = match copy {
                None => format!("{url} will be marked as a test copy"),
                Some(copy) => format!("{url} will be copied to {copy}, and the copy will be marked as a test copy"),
            };
            let text = format!("{what}, on which faults can be committed.");
            context.ask_consent(&ConfirmQuestion { text, danger: CARD.danger, type_name: Some(name) })
        }
    }
}
