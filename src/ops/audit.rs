//! `mfm audit verify`: checks that journal, images and targets still agree; every disagreement is a finding.

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

/// The command's card.
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

/// The result of an audit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Whether there are no findings.
    pub ok: bool,
    /// The depth of the audit.
    pub depth: Level,
    /// The audit of the journal itself; its findings include those of the targets.
    #[serde(flatten)]
    pub journal: AuditReport,
    /// How many of the findings concern the journal itself; the ones after them concern its targets.
    #[serde(skip)]
    pub own_findings: usize,
    /// One line per target, at depth live; empty otherwise.
    pub live: Vec<LiveLine>,
    /// The journal read.
    #[serde(rename = "journal")]
    pub path: PathBuf,
}

/// The audit of one target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LiveLine {
    /// The target's name.
    pub target: String,
    /// Why it could not be audited; null where it was.
    pub not_run: Option<String>,
    /// Whether operations are active or open on it: not auditing it is then a finding.
    pub carries: bool,
    /// Whether it was asked for by name: not auditing it is then a finding too.
    #[serde(skip)]
    pub asked: bool,
    /// Where the target differs from what the journal says.
    pub findings: Vec<live::LiveFinding>,
    /// The comparison of whole tables with the journaled baseline; null where it was not asked for.
    pub baseline: Option<BaselineComparison>,
}

/// The failure code for triggers or foreign keys on mfm's own tables, which is a finding whatever the rows are.
const OWN_TABLES: &str = "own_tables";

/// Audits the journal, and at depth live its targets.
///
/// # Errors
/// A usage error; a journal or target error, where nothing could be audited at all.
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
    // Targets are compared with what the journal says, so a journal with findings of its own proves nothing about them.
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

/// Returns a finding for each registered target that mfm would not have registered so.
///
/// The chain may hold all the same: anyone who can write the file can append a valid entry.
fn list_strange_targets(context: &Context<'_>) -> Result<Vec<AuditFinding>, Failure> {
    let journal = mfm_journal::Journal::open_read(&context.journal)?;
    let mut findings = Vec::new();
    for what in strange_targets(&journal) {
        let message = format!("the journal {what}");
        findings.push(AuditFinding { code: "strange_target".to_owned(), seq: None, op: None, chunk: None, message });
    }
    Ok(findings)
}

impl LiveLine {
    const fn new(target: String) -> Self {
        Self { target, not_run: None, carries: false, asked: false, findings: Vec::new(), baseline: None }
    }

    /// Returns the target's findings in the journal's form, so that one list holds everything the audit found.
    fn as_findings(&self) -> Vec<AuditFinding> {
        let mut findings: Vec<AuditFinding> =
            self.findings.iter().map(|live| self.build_finding(live.code, live.op, &live.message)).collect();
        if let Some(why) = self.not_run.as_ref().filter(|_| self.carries || self.asked) {
            findings.push(self.build_finding("target_not_run", None, why));
        }
        if let Some(BaselineComparison::Differs { tables }) = &self.baseline {
            findings.push(self.build_finding(
                "baseline_differs",
                None,
                &format!("tables differ: {}", tables.join(", ")),
            ));
        }
        findings
    }

    fn build_finding(&self, code: &str, op: Option<u64>, message: &str) -> AuditFinding {
        let message = format!("target {}: {message}", self.target);
        AuditFinding { code: code.to_owned(), seq: None, op, chunk: None, message }
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

/// The result of auditing a target once: its findings, and the comparison of whole tables.
type TargetLook = Result<(Vec<live::LiveFinding>, Option<BaselineComparison>), Failure>;

/// How often a target with findings is audited again while another process writes to it and to the journal.
const LOOKS_MAX: u32 = 12;
/// How long to wait for an operation under way before auditing again.
const WAIT: Duration = Duration::from_millis(40);

/// Audits a target until its journal did not change meanwhile, and returns the findings common to all rounds.
///
/// An operation under way reaches journal and target one after the other. A difference seen in every round is a
/// finding; one that passes is only such an operation.
fn audit_until_quiet(
    context: &Context<'_>,
    journal: &mut mfm_journal::Journal,
    name: &str,
    look: &mut dyn FnMut(&mut mfm_journal::Journal) -> TargetLook,
) -> TargetLook {
    let mut before = journal.head();
    let mut out = look(journal);
    // The first round is the one above.
    for _ in 1..LOOKS_MAX {
        let clean =
            out.as_ref().is_ok_and(|(findings, baseline)| findings.is_empty() && !has_differences(baseline.as_ref()));
        // An error of the target does not pass when the operation under way ends, so it is not tried again.
        let is_target_error = out.as_ref().is_err_and(|failure| failure.kind != FailureKind::Journal);
        journal.refresh()?;
        let moved = journal.head() != before || journal.state().open_on(name).next().is_some();
        if clean || is_target_error || !moved {
            break;
        }
        context.go_on()?;
        std::thread::sleep(WAIT);
        journal.refresh()?;
        before = journal.head();
        out = match (out, look(journal)) {
            (Ok((earlier, _)), Ok((mut findings, baseline))) => {
                findings.retain(|finding| earlier.contains(finding));
                Ok((findings, baseline))
            }
            (_, latest) => latest,
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
    let result = audit_until_quiet(context, journal, &name, &mut |journal| {
        let mut target = context.open_target(url)?;
        let mut engine = context.engine(journal, target.as_mut(), &name);
        let findings = engine.compare_live()?;
        let baseline = if request.full { Some(engine.against_baseline()?) } else { None };
        Ok((findings, baseline))
    });
    let state = journal.state();
    let mut line =
        LiveLine { carries: state.has_operations_on(&name), asked: context.target.is_some(), ..LiveLine::new(name) };
    match result {
        Ok((findings, baseline)) => (line.findings, line.baseline) = (findings, baseline),
        // The target could be read, and the guard refuses it: that is a finding, not a failure of the audit.
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
