//! `mfm target mark`: puts the marker that makes a database a target, after a person typed its name.

use std::path::PathBuf;

use clap::Args;
use mfm_journal::{Digest, Journal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Marking, append, baseline, default_name, free_name, new_marker, nothing_active, put_marker, rebind, signs,
};
use crate::model::ports::{Danger, Question};
use crate::ops::status::{self, TargetLine};
use crate::ops::{Card, Context, Failure};
use crate::target::{Target, canonical_url};

/// What it is.
pub const CARD: Card =
    Card { name: "target mark", danger: Danger::Destroy, about: "Say that a database is a test copy" };

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
    /// The database's own name (of a file: the file's name), typed to confirm
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
    judge(context, &journal, target.as_mut(), request, &url)?;
    signs::judge(context, target.as_mut(), &url, &request.overrides)?;
    confirm(context, target.as_ref(), &url, request)?;
    // Whoever was asked may have taken long: everything is judged again, and nobody else writes from here on.
    let lock = journal.lock(&context.holder)?;
    let (name, moved_from) = judge(context, &journal, target.as_mut(), request, &url)?;
    signs::judge(context, target.as_mut(), &url, &request.overrides)?;
    if !journal.state().targets.contains_key(&name) {
        append(context, &mut journal, &lock, "target_added", json!({"name": name, "url": url}))?;
    }
    let marker = new_marker(context, target.as_mut())?;
    let marking = Marking {
        name: &name,
        url: &url,
        marker: &marker,
        overrides: &request.overrides,
        lab: journal.state().targets.get(&name).is_some_and(|known| known.lab),
        moved_from,
        adopted: false,
    };
    put_marker(context, &mut journal, &lock, target.as_mut(), &marking)?;
    drop(lock);
    let tables = if request.baseline { Some(baseline(context, &mut journal, target.as_mut(), &name)?) } else { None };
    Ok(Outcome {
        line: status::target_line(context, &journal, &name, None),
        identity: marker.identity(),
        overrides: request.overrides.clone(),
        baseline_tables: tables.map(|tables| tables.len() as u64),
        journal: context.journal.clone(),
    })
}

/// Returns the name under which the database will be marked, and the identity that it keeps its operations from.
fn judge(
    context: &Context<'_>,
    journal: &Journal,
    target: &mut dyn Target,
    request: &Request,
    url: &str,
) -> Result<(String, Option<Digest>), Failure> {
    let rebound = if request.moved {
        let (name, identity) = rebind::moved(context, journal, target)?;
        (name, Some(identity))
    } else {
        let name = name(journal, target, request, url);
        let identity = rebind::lost_marker(journal, target, &name, url)?;
        rebind::nothing_stranded(context, journal, target, &request.overrides)?;
        if identity.is_none() {
            free_name(journal, &name, url)?;
            nothing_active(journal, &name)?;
        }
        (name, identity)
    };
    if request.baseline {
        // Faults are no state to compare with once they are gone.
        nothing_active(journal, &rebound.0)?;
    }
    Ok(rebound)
}

fn name(journal: &Journal, target: &dyn Target, request: &Request, url: &str) -> String {
    let registered = journal.state().targets.iter().find(|(_, known)| known.url == url);
    let registered = registered.map(|(name, _)| name.clone());
    request.name.clone().or(registered).unwrap_or_else(|| default_name(target))
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
