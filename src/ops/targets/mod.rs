//! `mfm target`: the registry of targets, folded from the journal, and their markers.

pub mod add;
mod copies;
pub mod list;
pub mod mark;
pub mod preflight;
mod rebind;
pub(in crate::ops) use self::rebind::lost_records;
pub mod remove;
pub mod show;
pub mod signs;
pub mod unmark;

use mfm_journal::{Digest, Journal, WriterLock};
use serde_json::{Value as Json, json};

use super::context::Context;
use super::failure::{Failure, FailureKind};
use crate::engine::EngineError;
use crate::model::Refusal;
use crate::model::next_step::{Deed, Flag, act, give, give_value};
use crate::targets::{Marker, OperationRow, TableDigest, Target, is_same_file};

/// Returns the default name of a target: that of the file without its ending, or of the database.
#[must_use]
pub fn default_name(target: &dyn Target) -> String {
    let name = target.name();
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    let name: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
    if name.is_empty() { "target".to_owned() } else { name }
}

/// Returns whether a target can be registered under a name: ASCII letters, digits and `-_.` only.
#[must_use]
pub fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

/// Returns a name unchanged, and a URL in canonical form; `None` for anything else.
#[must_use]
pub fn normalize_target(target: &str) -> Option<String> {
    if is_name(target) {
        return Some(target.to_owned());
    }
    crate::targets::canonical_folder_url(target).or_else(|| crate::targets::canonical_url(target).ok())
}

/// Refuses a name that could be mistaken for a URL, or belongs to another target; and a URL with another name.
pub(super) fn free_name(journal: &Journal, name: &str, url: &str) -> Result<(), Failure> {
    if !is_name(name) {
        return Err(Failure::usage(
            "name",
            format!("`{name}` is not a valid name for a target"),
            "use letters, digits and -_.",
        ));
    }
    let elsewhere = journal.state().targets.iter().find(|(known, target)| target.url == url && *known != name);
    if let Some((known, _)) = elsewhere {
        let message = format!("{url} is registered already, as `{known}`");
        let forget = act(Deed::RemoveTarget { target: known.clone() }, "removes it first").when("or");
        let next = [give_value(Flag::Target, known, ""), forget];
        return Err(Failure::new(FailureKind::Refused, "url_taken", message, next));
    }
    match journal.state().targets.get(name) {
        Some(target) if target.url != url => {
            let message = format!("the name `{name}` is taken by {}", target.url);
            Err(Failure::new(FailureKind::Refused, "name_taken", message, give(Flag::Name, "")))
        }
        _ => Ok(()),
    }
}

/// Refuses a database that is already registered under another name, by whatever URL.
pub(super) fn nobody_else(journal: &Journal, target: &mut dyn Target, name: &str) -> Result<(), Failure> {
    let identity = crate::engine::guard::check_marker(target).ok().map(|marker| marker.identity());
    let url = target.url();
    for (other, known) in journal.state().targets.iter().filter(|(other, _)| *other != name) {
        // By marker as well as by file: a server's database has no file, and may be reached under several hosts.
        if is_same_file(&known.url, url) || identity.is_some_and(|identity| known.lineage.contains(&identity)) {
            let message = format!("{url} is the same database as the registered `{other}` at {}", known.url);
            return Err(Failure::new(FailureKind::Refused, "url_taken", message, give_value(Flag::Target, other, "")));
        }
    }
    Ok(())
}

/// Refuses while an operation is active or open on a target.
pub(super) fn nothing_active(journal: &Journal, name: &str) -> Result<(), Failure> {
    let state = journal.state();
    let active = state.active_on(name).map(|(op, _)| op);
    let operations: Vec<u64> = active.chain(state.open_on(name).map(|(op, _)| op)).collect();
    if operations.is_empty() {
        return Ok(());
    }
    Err(Refusal::StillActive { target: name.to_owned(), operations }.into())
}

/// Appends an entry of the registry.
pub(super) fn append_entry(
    context: &Context<'_>,
    journal: &mut Journal,
    lock: &WriterLock,
    kind: &str,
    body: Json,
) -> Result<(), Failure> {
    journal.append(lock, &context.stamp(), kind, body)?;
    journal.checkpoint();
    Ok(())
}

/// The content of a `target_marked` entry.
pub(super) struct Marking<'a> {
    pub(super) name: &'a str,
    pub(super) url: &'a str,
    /// The id of the domain of its data.
    pub(super) domain: &'a str,
    pub(super) marker: &'a Marker,
    /// The signs of a live clinic that were overridden.
    pub(super) overrides: &'a [String],
    /// Whether mfm made the database.
    pub(super) lab: bool,
    /// Whether all its data are invented.
    pub(super) synthetic: bool,
    /// The identity that a moved target had before.
    pub(super) moved_from: Option<mfm_journal::Digest>,
    /// Whether the marker was found there, rather than made.
    pub(super) adopted: bool,
    /// The rows to restore in mfm's own table.
    pub(super) records: &'a [OperationRow],
}

impl Marking<'_> {
    pub(super) fn to_json(&self) -> Json {
        json!({
            "name": self.name,
            "url": self.url,
            "domain": self.domain,
            "identity": self.marker.identity(),
            "marker_id": self.marker.marker_id,
            "bound": self.marker.bound,
            "overrides": self.overrides,
            "lab": self.lab,
            "synthetic": self.synthetic,
            "moved_from": self.moved_from,
            "adopted": self.adopted,
            "records": self.records.iter().map(|row| row.op).collect::<Vec<_>>(),
        })
    }
}

/// Journals a marker, and then writes it to the target unless it was found there.
///
/// In this order, because a crash between the two leaves an unmarked database, which is safe.
///
/// # Errors
/// A target or journal error.
pub(super) fn put_marker(
    context: &Context<'_>,
    journal: &mut Journal,
    lock: &WriterLock,
    target: &mut dyn Target,
    marking: &Marking<'_>,
) -> Result<(), Failure> {
    append_entry(context, journal, lock, "target_marked", marking.to_json())?;
    // An adopted marker is in the target already.
    if marking.adopted && marking.records.is_empty() {
        return Ok(());
    }
    target.open_writer(context.wait_ms)?.mark_with(marking.marker, marking.records)?;
    Ok(())
}

/// Returns a new marker, bound to the present place and file of a target.
pub(super) fn new_marker(context: &Context<'_>, target: &mut dyn Target) -> Result<Marker, Failure> {
    target.settle_copy_on_write()?;
    let bound = target.read_binding()?;
    let marker_id = context.random_id();
    Ok(Marker { marker_id, bound, at_us: context.clock.now_us(), actor: context.actor.clone() })
}

/// Digests all tables, and journals the digests as the baseline.
///
/// # Errors
/// A target or journal error.
pub(super) fn journal_baseline(
    context: &Context<'_>,
    journal: &mut Journal,
    target: &mut dyn Target,
    name: &str,
) -> Result<Vec<TableDigest>, Failure> {
    let marker = crate::engine::guard::check_marker(target).map_err(|error: EngineError| Failure::from(error))?;
    // Before the lock is taken: reading all tables may take minutes, in which others may write the journal.
    let tables = context.engine(journal, target, name).digest_tables()?;
    let lock = journal.lock(&context.holder)?;
    append_baseline(context, journal, &lock, name, &marker.identity(), &tables)?;
    Ok(tables)
}

/// Journals the digests of a target's tables.
pub(super) fn append_baseline(
    context: &Context<'_>,
    journal: &mut Journal,
    lock: &WriterLock,
    name: &str,
    identity: &Digest,
    tables: &[TableDigest],
) -> Result<(), Failure> {
    let body = json!({"name": name, "identity": identity, "tables": tables});
    append_entry(context, journal, lock, "baseline", body)
}
