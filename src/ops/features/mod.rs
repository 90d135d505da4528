//! `mfm features`: the features of a domain's records as CSV, one line a record; reads only.

mod extract;
mod listing;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::civil::Date;
use mfm_journal::{Head, Journal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::extract::render_head;
pub use self::extract::{Extracted, extract};
pub use self::listing::{SetLine, list_sets};
use super::Card;
use super::context::{ChosenTarget, Context};
use super::detect;
use super::failure::{Failure, FailureKind};
use super::output::OutputKind;
use super::protected::ProtectedFiles;
use crate::domain::Domain;
use crate::domain::feature::{BATCH, FeatureRequest, FeatureSet};
use crate::domains;
use crate::file::{self, FileAccess};
use crate::model::ports::Danger;
use crate::model::{Ids, time};
use crate::targets::{self, Target};

/// The command's card.
pub const CARD: Card =
    Card { name: "features", danger: Danger::Read, about: "Write the features of a target's records as CSV" };

/// What it writes.
const FEATURES: OutputKind = OutputKind {
    name: "features",
    failure: |message| Failure::usage("features_file", message, "choose a path that can be written"),
    occupied: "the file exists and is not a feature file",
    option: "writes them to a file",
};

/// Longest first line of a file of features, bytes.
const FIRST_LINE_MAX: u64 = 1 << 16;

/// Of which records, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// The wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS: later times lie in the future [default: the clock here]
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// Only records of this day and later ones, as YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    pub since: Option<String>,
    /// Only these records, by key: ids and inclusive ranges, such as 5-9,12
    #[arg(long, value_name = "IDS")]
    pub id: Option<Ids>,
    /// Write to this file instead of stdout; only earlier features are replaced
    #[arg(long, short, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Compute as the published definitions do where they differ, mistakes included
    #[arg(long)]
    pub strict_reference: bool,
    /// List the features with their formulas, and read nothing
    #[arg(long)]
    pub list: bool,
}

/// The features that were written, or the list of those that there are.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// What was written.
    #[serde(flatten)]
    pub written: Option<Written>,
    /// The features of each domain, where a list was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<SetLine>,
}

/// What was written, and of what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Written {
    /// The target's name, or its URL where no journal registers it.
    pub target: String,
    /// The id of its domain.
    pub domain: &'static str,
    /// The word for several of its records.
    pub records: &'static str,
    /// Number of records written.
    pub count: u64,
    /// Number of records left out, because the published definitions give no features of them.
    pub left_out: u64,
    /// Number of records without a date, which were passed over because only recent ones were asked for.
    pub undated: u64,
    /// Number of ids that were named singly and that no record has.
    pub missing: u64,
    /// Number of features of a record.
    pub features: u64,
    /// Number of flags behind them.
    pub flags: u64,
    /// Whether the published definitions counted.
    pub strict_reference: bool,
    /// The wall clock that times were compared with.
    pub now: String,
    /// The file written; null for stdout.
    pub file: Option<PathBuf>,
    /// The journal; null where there is none.
    pub journal: Option<PathBuf>,
    /// The journal's newest entry; null where there is no journal.
    pub head: Option<Head>,
    /// Whether the reader closed the pipe before the end.
    pub cut: bool,
}

impl Written {
    /// Returns a sentence for each reason why a record gave no line.
    #[must_use]
    pub fn list_remarks(&self) -> Vec<String> {
        let records = self.records;
        let reasons = [
            (self.left_out, format!("{records} left out, because the published definitions fail on them")),
            (self.undated, format!("{records} passed over, because they have no date")),
            (self.missing, format!("ids that none of the {records} has")),
        ];
        reasons.into_iter().filter(|(count, _)| *count > 0).map(|(count, why)| format!("{why}: {count}")).collect()
    }
}

/// A target that is open for reading, registered or not.
struct OpenedTarget {
    name: String,
    domain: &'static dyn Domain,
    target: Box<dyn Target>,
    journal: Option<Journal>,
}

/// Writes the features of a target's records to `out`, or to the file that the request names.
///
/// # Errors
/// Usage: a date or an id cannot be read, or the file cannot be written. Refused: the target's domain has no features,
/// or the file is protected. Or a target or journal error.
pub fn run(context: &Context<'_>, request: &Request, out: &mut dyn Write) -> Result<Outcome, Failure> {
    if request.list {
        return Ok(list_sets());
    }
    let now = context.resolve_now(request.now.as_deref())?;
    let since = request.since.as_deref().map(parse_day).transpose()?;
    if let Some(path) = &request.output {
        ProtectedFiles::from_context(context).refuse(path)?;
    }
    let mut opened = open_target(context)?;
    let set = opened.domain.features().ok_or_else(|| no_features(opened.domain))?;
    if since.is_some() && set.card().time.is_none() {
        let message = format!("the {} have no date to choose by", set.card().record.plural);
        return Err(Failure::usage("since", message, "choose them by their ids"));
    }
    let asked = FeatureRequest {
        since,
        ids: request.id.clone(),
        strict_reference: request.strict_reference,
        batch: BATCH,
        now: context.at_place(now),
    };
    let target = opened.target.as_mut();
    let (extracted, cut) = match &request.output {
        None => {
            let extracted = FEATURES.end_stream(extract(context, target, set, &asked, out))?;
            (extracted.unwrap_or_default(), extracted.is_none())
        }
        Some(path) => {
            let head = render_head(set.card());
            // For its owner alone: the numbers are of patients, even without a name beside them.
            let extracted = FEATURES.write_file(
                path,
                FileAccess::Private,
                |path| is_features(path, &head),
                |out| extract(context, target, set, &asked, out),
            )?;
            (extracted, false)
        }
    };
    let mut written = describe_written(set, &asked, &extracted, &opened);
    written.now = time::format_wall(now, 0, 'T');
    written.file.clone_from(&request.output);
    written.journal = opened.journal.as_ref().map(|_| context.journal.clone());
    written.cut = cut;
    Ok(Outcome { written: Some(written), sets: Vec::new() })
}

fn describe_written(
    set: &dyn FeatureSet,
    asked: &FeatureRequest,
    extracted: &Extracted,
    opened: &OpenedTarget,
) -> Written {
    let (card, counts) = (set.card(), extracted.counts);
    // Ids of a range need not exist, and a record that exists may be older than was asked for.
    let named = asked.ids.as_ref().filter(|ids| ids.is_explicit() && asked.since.is_none());
    let named = named.map_or(counts.read, |ids| ids.single_ids().len() as u64);
    Written {
        target: opened.name.clone(),
        domain: opened.domain.card().id,
        records: card.record.plural,
        count: extracted.rows,
        left_out: counts.left_out,
        undated: counts.undated,
        missing: named.saturating_sub(counts.read),
        features: card.features.len() as u64,
        flags: card.flags.len() as u64,
        strict_reference: asked.strict_reference,
        now: String::new(),
        file: None,
        journal: None,
        head: opened.journal.as_ref().map(Journal::head),
        cut: false,
    }
}

/// Opens the target that was asked for: by its registered name, or any database by its URL.
fn open_target(context: &Context<'_>) -> Result<OpenedTarget, Failure> {
    let url = context.target.as_deref().and_then(|asked| targets::canonical_url(asked).ok());
    let journal = match context.open_journal() {
        // Nothing is written, so that neither a journal nor a marker is needed.
        Err(failure) if failure.code == "journal_missing" && url.is_some() => None,
        opened => Some(opened?),
    };
    let registered = journal.as_ref().map(|journal| context.resolve_target(journal));
    match (registered, url) {
        (Some(Ok(chosen)), _) => open_registered(context, chosen, journal),
        (Some(Err(failure)), url) if failure.code != "no_target" || url.is_none() => Err(failure),
        (_, url) => {
            let url = url.unwrap_or_default();
            let mut target = context.open_target(&url)?;
            let domain = detect::detect_domain(target.as_mut(), None)?;
            Ok(OpenedTarget { name: url, domain, target, journal })
        }
    }
}

fn open_registered(
    context: &Context<'_>,
    chosen: ChosenTarget,
    journal: Option<Journal>,
) -> Result<OpenedTarget, Failure> {
    let mut target = context.open_target(&chosen.url)?;
    let mut domain = domains::FIRST;
    if let Some(journal) = &journal {
        domain = detect::registered_domain(journal, &chosen.name)?;
        detect::warn_of_mismatch(context, journal, &chosen.name, target.as_mut());
    }
    Ok(OpenedTarget { name: chosen.name, domain, target, journal })
}

fn no_features(domain: &dyn Domain) -> Failure {
    let message = format!("the domain {} has no features", domain.card().id);
    let having: Vec<&str> =
        domains::all().iter().filter(|domain| domain.features().is_some()).map(|domain| domain.card().id).collect();
    Failure::new(FailureKind::Refused, "no_features", message, format!("{} has some", having.join(", ")))
}

fn parse_day(text: &str) -> Result<Date, Failure> {
    text.parse().map_err(|_| {
        Failure::usage("since", format!("`{text}` is not a date"), "write it as YYYY-MM-DD, such as 2024-06-28")
    })
}

/// Tells whether a file begins as features of this set do.
fn is_features(path: &Path, head: &str) -> bool {
    let Ok(beginning) = file::read_beginning(path, FIRST_LINE_MAX) else { return false };
    String::from_utf8_lossy(&beginning).lines().next().is_some_and(|first| first.trim_end() == head)
}
