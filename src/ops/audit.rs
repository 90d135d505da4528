//! `mfm audit verify`: whether journal, images and target still agree, as findings and never as a bare yes.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use mfm_journal::{AuditFinding, AuditReport, Depth};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Card;
use super::context::{Context, strange_targets};
use super::failure::{Failure, FailureKind};
use crate::engine::live::{self, BaselineComparison};
use crate::model::next_step::{Flag, give_value};
use crate::model::ports::Danger;

/// What it is.
pub const CARD: Card =
    Card { name: "audit verify", danger: Danger::Read, about: "Check journal, images and target against each other" };

/// How deep to look.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The chain, the tree, the legal order of entries and the schema
    Structure,
    /// Every image and every body as well
    #[default]
    Data,
    /// The targets as well: every row ever touched, now
    Live,
}

/// What to verify.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// How deep to look
    #[arg(long, value_enum, default_value_t = Level::Data)]
    pub depth: Level,
    /// With --depth live: compare every table with the journaled baseline
    #[arg(long)]
    pub full: bool,
}

/// What an audit says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Whether nothing was found.
    pub ok: bool,
    /// How deep it looked.
    pub depth: Level,
    /// What the journal's own audit says.
    #[serde(flatten)]
    pub journal: AuditReport,
    /// How many of the findings are the journal's own; those behind them are its targets'.
    #[serde(skip)]
    pub own_findings: usize,
    /// What the targets say, at depth live.
    pub live: Vec<LiveLine>,
    /// The journal read.
    #[serde(rename = "journal")]
    pub path: PathBuf,
}

/// What one target says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LiveLine {
    /// The target's name.
    pub target: String,
    /// Why it could not be looked at.
    pub not_run: Option<String>,
    /// Whether operations are active or open on it, so that not looking is no good answer.
    pub carries: bool,
    /// Whether it was asked for by name, so that not looking is no answer at all.
    #[serde(skip)]
    pub asked: bool,
    /// What is not as the journal says.
    pub findings: Vec<live::LiveFinding>,
    /// How the comparison of whole tables went.
    pub baseline: Option<BaselineComparison>,
}

/// What reaches on from mfm's own tables makes a target other than the journal says, whatever its rows are.
const OWN_TABLES: &str = "own_tables";

/// Audits the journal, and at depth live its targets.
///
/// # Errors
/// What the journal or a target says, where nothing could be audited at all.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    if request.full && request.depth != Level::Live {
        return Err(Failure::usage(
            "full",
            "whole tables are compared with those of a target",
            give_value(Flag::Depth, "live", ""),
        ));
    }
    let depth = if request.depth == Level::Structure { Depth::Structure } else { Depth::Data };
    let reporter = context.reporter;
    let mut audit = mfm_journal::audit(&context.journal, depth, &mut |done, total| {
        reporter.progress("auditing the journal", done, total);
    })?;
    if audit.findings.is_empty() {
        audit.findings.extend(list_strange_targets(context)?);
    }
    // A journal that fails by itself says nothing about targets that could be relied on.
    let live = if request.depth == Level::Live && audit.findings.is_empty() {
        audit_targets(context, request)?
    } else {
        vec![]
    };
    let own_findings = audit.findings.len();
    audit.findings.extend(live.iter().flat_map(LiveLine::as_findings));
    let ok = audit.findings.is_empty();
    Ok(Outcome { ok, depth: request.depth, journal: audit, own_findings, live, path: context.journal.clone() })
}

/// Returns a finding for each target that mfm would not have registered, though the chain holds: whoever wrote the
/// journal is not who made it.
fn list_strange_targets(context: &Context<'_>) -> Result<Vec<AuditFinding>, Failure> {
    let journal = mfm_journal::Journal::open_read(&context.journal)?;
    let finding = |what: String| AuditFinding {
        code: "strange_target".to_owned(),
        seq: None,
        op: None,
        chunk: None,
        message: format!("the journal {what}"),
    };
    Ok(strange_targets(&journal).into_iter().map(finding).collect())
}

impl LiveLine {
    const fn new(target: String) -> Self {
        Self { target, not_run: None, carries: false, asked: false, findings: Vec::new(), baseline: None }
    }

    /// Returns all that speaks against the target, so that one list holds everything an audit found.
    fn as_findings(&self) -> Vec<AuditFinding> {
        let finding = |code: &str, op: Option<u64>, message: String| AuditFinding {
            code: code.to_owned(),
            seq: None,
            op,
            chunk: None,
            message: format!("target {}: {message}", self.target),
        };
        let mut out: Vec<AuditFinding> =
            self.findings.iter().map(|found| finding(found.code, found.op, found.message.clone())).collect();
        if let Some(why) = self.not_run.as_ref().filter(|_| self.carries || self.asked) {
            out.push(finding("target_not_run", None, why.clone()));
        }
        if let Some(BaselineComparison::Differs { tables }) = &self.baseline {
            out.push(finding("baseline_differs", None, format!("tables differ: {}", tables.join(", "))));
        }
        out
    }
}

fn audit_targets(context: &Context<'_>, request: &Request) -> Result<Vec<LiveLine>, Failure> {
    let mut journal = context.open_journal()?;
    let names: Vec<(String, String)> = match &context.target {
        Some(_) => {
            let chosen = context.resolve_target(&journal)?;
            vec![(chosen.name, chosen.url)]
        }
        None => journal.state().targets.iter().map(|(name, target)| (name.clone(), target.url.clone())).collect(),
    };
    let mut out = Vec::new();
    for (name, url) in names {
        out.push(audit_target(context, request, &mut journal, name, &url));
    }
    Ok(out)
}

/// What one look at a target says: findings, and how whole tables compare.
type TargetLook = Result<(Vec<live::LiveFinding>, Option<BaselineComparison>), Failure>;

/// How often a target is looked at again that speaks against its journal while somebody writes to both.
const LOOKS_MAX: u32 = 12;
/// How long to wait for an operation under way before the next look.
const WAIT: Duration = Duration::from_millis(40);

/// Looks at a target until nobody wrote to its journal meanwhile. An operation under way is in one of the two first,
/// and is no finding; what speaks against the target at every look is.
fn audit_until_quiet(
    context: &Context<'_>,
    journal: &mut mfm_journal::Journal,
    name: &str,
    look: &mut dyn FnMut(&mut mfm_journal::Journal) -> TargetLook,
) -> TargetLook {
    let mut before = journal.head();
    let mut out = look(journal);
    for _ in 1..LOOKS_MAX {
        let clean =
            out.as_ref().is_ok_and(|(findings, baseline)| findings.is_empty() && !has_differences(baseline.as_ref()));
        let target = out.as_ref().is_err_and(|failure| failure.kind != FailureKind::Journal);
        journal.refresh()?;
        let moved = journal.head() != before || journal.state().open_on(name).next().is_some();
        if clean || target || !moved {
            break;
        }
        context.go_on()?;
        std::thread::sleep(WAIT);
        journal.refresh()?;
        before = journal.head();
        out = match (out, look(journal)) {
            (Ok((known, _)), Ok((mut again, baseline))) => {
                again.retain(|finding| known.contains(finding));
                Ok((again, baseline))
            }
            (_, again) => again,
        };
    }
    out
}

fn has_differences(baseline: Option<&BaselineComparison>) -> bool {
    matches!(baseline, Some(BaselineComparison::Differs { .. }))
}

fn audit_target(
    context: &Context<'_>,
    request: &Request,
    journal: &mut mfm_journal::Journal,
    name: String,
    url: &str,
) -> LiveLine {
    let looked = audit_until_quiet(context, journal, &name, &mut |journal| {
        let mut target = context.open_target(url)?;
        let mut engine = context.engine(journal, target.as_mut(), &name);
        let findings = engine.compare_live()?;
        let baseline = if request.full { Some(engine.against_baseline()?) } else { None };
        Ok((findings, baseline))
    });
    let state = journal.state();
    let mut line =
        LiveLine { carries: state.has_operations_on(&name), asked: context.target.is_some(), ..LiveLine::new(name) };
    match looked {
        Ok((findings, baseline)) => (line.findings, line.baseline) = (findings, baseline),
        // What the guard says against a target that can be read is a finding about it.
        Err(failure) if failure.kind == FailureKind::Journal => {
            line.findings.push(live::LiveFinding { code: "journal_behind", op: None, message: failure.message });
        }
        Err(failure) if failure.code == OWN_TABLES => {
            line.findings.push(live::LiveFinding { code: OWN_TABLES, op: None, message: failure.message });
        }
        Err(failure) => line.not_run = Some(failure.message),
    }
    line
}
