//! Runs jobs by the operations that all faces share. Knows no screen and no terminal.

use std::ops::ControlFlow;

use mfm_journal::{Change, Entry};

use super::job::{Job, JobAnswer, OperationDetail, Preview};
use super::screens::journal;
use crate::domain::Domain;
use crate::ops::agents::{after_others, approve};
use crate::ops::audit::Level;
use crate::ops::{
    Context, Failure, apply, audit, browse, checks, detect, drill, explain, find, log, plan, query, recover, revert,
    show, status,
};
use crate::targets::Target;

/// The most changes that a picture is made from.
const CHANGES_MAX: usize = 2000;

/// A target that stays open between the pages of a list, with the URL it was opened by.
#[derive(Default)]
pub struct OpenTarget {
    target: Option<(String, Box<dyn Target>)>,
}

impl OpenTarget {
    /// Closes the target.
    pub fn close(&mut self) {
        self.target = None;
    }

    /// Returns the context's target, opened again if it is another one than before.
    fn open_target(&mut self, context: &Context<'_>) -> Result<&mut dyn Target, Failure> {
        Ok(self.with_domain(context)?.0)
    }

    /// Returns the context's target, with the domain of its data.
    fn with_domain(&mut self, context: &Context<'_>) -> Result<(&mut dyn Target, &'static dyn Domain), Failure> {
        let journal = context.open_journal()?;
        let chosen = context.resolve_target(&journal)?;
        let domain = detect::registered_domain(&journal, &chosen.name)?;
        // Opening a file is cheap, and it may have been replaced. Only a connection to a server is worth keeping.
        let reusable = self.target.take().filter(|(url, _)| *url == chosen.url && !url.starts_with("sqlite:"));
        let target = match reusable {
            Some(target) => target,
            None => (chosen.url.clone(), context.open_target(&chosen.url)?),
        };
        Ok((self.target.insert(target).1.as_mut(), domain))
    }
}

/// Runs a job; a failure is an answer too.
#[must_use]
pub fn run_job(context: &Context<'_>, open: &mut OpenTarget, job: Job) -> JobAnswer {
    try_job(context, open, job).unwrap_or_else(|failure| {
        // The failure may come from a broken connection: the next job opens a new one.
        open.close();
        JobAnswer::Failed(Box::new(failure))
    })
}

fn try_job(context: &Context<'_>, open: &mut OpenTarget, job: Job) -> Result<JobAnswer, Failure> {
    Ok(match job {
        Job::Status => JobAnswer::Status(Box::new(status::run(context)?)),
        Job::Drills => JobAnswer::Drills(Box::new(drill::past::list_drills(context)?)),
        Job::Page(request) => {
            let (target, domain) = open.with_domain(context)?;
            let outcome = browse::read_page(target, domain, &request)?;
            JobAnswer::Page(request, Box::new(outcome))
        }
        Job::Count { kind, only } => {
            JobAnswer::Count(browse::count_records(open.open_target(context)?, kind, only.as_ref())?)
        }
        Job::Record { kind, id } => {
            let (target, domain) = open.with_domain(context)?;
            JobAnswer::Record(Box::new(browse::whole_record(target, domain, kind, id)?))
        }
        Job::Find(request) => JobAnswer::Found(Box::new(find::run(context, &request)?)),
        Job::Preview(request) => JobAnswer::Preview(Box::new(build_preview(context, open, *request)?)),
        Job::Apply { request, digest } => {
            let source = apply::Source::Seen(*request, digest);
            JobAnswer::Applied(Box::new(after_others(context, || apply::run(context, &source, false, &mut |_| ()))?))
        }
        Job::Log { before } => {
            let request = log::Request { limit: Some(100), before };
            JobAnswer::Log(Box::new(log::run(context, &request)?), before)
        }
        Job::Operation(op) => JobAnswer::Operation(Box::new(load_operation(context, open, op)?)),
        Job::Revert(request) => {
            JobAnswer::Reverted(Box::new(after_others(context, || revert::run(context, &request))?))
        }
        Job::Recover => recovery_answer(recover::run(context, &recover::Request::default())?),
        Job::Verify => {
            let request = audit::Request { depth: Level::Live, full: false };
            JobAnswer::Verified(Box::new(audit::run(context, &request)?))
        }
        Job::Check => JobAnswer::Checked(Box::new(checks::run(context, &checks::Request::default())?)),
        Job::Drill => JobAnswer::Drilled(Box::new(drill::run(context, &drill::Request::default())?)),
        Job::Ask { query, params } => {
            let request = query::Request { query: Some(query.to_owned()), params, ..query::Request::default() };
            JobAnswer::Asked(Box::new(query::run(context, &request)?))
        }
        Job::Entries { before } => JobAnswer::Entries(read_entries(context, before)?, before),
        Job::Approvals => JobAnswer::Approvals(Box::new(approve::run(context, &approve::Request::default())?)),
        Job::Approve { code } => {
            JobAnswer::Approved(Box::new(approve::run(context, &approve::Request { code: Some(code) })?))
        }
    })
}

fn recovery_answer(outcome: recover::Outcome) -> JobAnswer {
    match outcome.failure.clone() {
        Some(failure) if outcome.operations.is_empty() => JobAnswer::Failed(Box::new(failure)),
        _ => JobAnswer::Recovered(Box::new(outcome)),
    }
}

/// Plans a fault, and fixes seed and clock in the request, so that the plan that is committed later is the one shown.
fn build_preview(context: &Context<'_>, open: &mut OpenTarget, mut request: plan::Request) -> Result<Preview, Failure> {
    let (outcome, plan) = after_others(context, || plan::run(context, &request))?;
    request.options.seed = Some(outcome.seed);
    request.options.now.clone_from(&outcome.now);
    let changes: Vec<Change> = plan.prepared.changes().iter().take(CHANGES_MAX).cloned().collect();
    let (target, domain) = open.with_domain(context)?;
    let pictures = browse::before_after(target, domain, &changes).ok().flatten();
    Ok(Preview { request, plan: outcome, pictures })
}

fn load_operation(context: &Context<'_>, open: &mut OpenTarget, op: u64) -> Result<OperationDetail, Failure> {
    let shown = show::run(context, &show::Request { op, diff: true, detect: false })?;
    // Judging the revert needs the target. Without it the operation itself can still be shown.
    let explained = explain::run(context, &explain::Request { op }).ok();
    let pictures = load_pictures(context, open, op).ok().flatten();
    Ok(OperationDetail { shown, explained, pictures })
}

/// Returns pictures of the field before and after an operation; `None` if the target no longer has the field.
fn load_pictures(
    context: &Context<'_>,
    open: &mut OpenTarget,
    op: u64,
) -> Result<Option<browse::BeforeAfter>, Failure> {
    let journal = context.open_journal()?;
    let Some(operation) = journal.read_operation(op)? else { return Ok(None) };
    let mut changes: Vec<Change> = Vec::new();
    journal.visit_changes(&operation, &mut |change| {
        changes.push(change);
        if changes.len() < CHANGES_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    let (target, domain) = open.with_domain(context)?;
    browse::before_after(target, domain, &changes)
}

/// Returns a page of the journal's entries with numbers below `before`, newest first.
fn read_entries(context: &Context<'_>, before: Option<u64>) -> Result<Vec<Entry>, Failure> {
    let journal = context.open_journal()?;
    // Entries are visited upwards, so the page is found by numbers and reversed at the end.
    let end = before.unwrap_or_else(|| journal.head().seq + 1);
    let first = end.saturating_sub(journal::PAGE).max(1);
    let mut entries = Vec::new();
    journal.visit_entries(first, &mut |entry| {
        if entry.seq >= end {
            return ControlFlow::Break(());
        }
        entries.push(entry);
        ControlFlow::Continue(())
    })?;
    entries.reverse();
    Ok(entries)
}
