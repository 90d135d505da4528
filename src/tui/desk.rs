//! Carries jobs out by the operations of every other face; knows no screen and no terminal.

use std::ops::ControlFlow;

use mfm_journal::{Change, Entry};

use super::job::{Answer, Job, Operation, Preview};
use super::screens::journal;
use crate::domain::Domain;
use crate::ops::agents::after_others;
use crate::ops::audit::Level;
use crate::ops::{
    Context, Failure, apply, audit, browse, checks, detect, drill, explain, find, log, plan, query, recover, revert,
    show, status,
};
use crate::targets::Target;

/// How many changes a picture is made from.
const CHANGES_MAX: usize = 2000;

/// A target that stays open between the pages of a list, with the URL it was opened by.
#[derive(Default)]
pub struct Open {
    target: Option<(String, Box<dyn Target>)>,
}

impl Open {
    /// Lets go of the target.
    pub fn close(&mut self) {
        self.target = None;
    }

    /// Returns the target that the context names, opened anew where it is another one.
    fn of(&mut self, context: &Context<'_>) -> Result<&mut dyn Target, Failure> {
        Ok(self.with_domain(context)?.0)
    }

    /// Returns the target that the context names, with the domain that its data are of.
    fn with_domain(&mut self, context: &Context<'_>) -> Result<(&mut dyn Target, &'static dyn Domain), Failure> {
        let journal = context.reading()?;
        let chosen = context.chosen(&journal)?;
        let domain = detect::registered(&journal, &chosen.name)?;
        // A file is opened at once, and may have been replaced; only a server is worth keeping.
        let kept = self.target.take().filter(|(url, _)| *url == chosen.url && !url.starts_with("sqlite:"));
        let target = match kept {
            Some(kept) => kept,
            None => (chosen.url.clone(), context.open(&chosen.url)?),
        };
        Ok((self.target.insert(target).1.as_mut(), domain))
    }
}

/// Carries a job out.
#[must_use]
pub fn perform(context: &Context<'_>, open: &mut Open, job: Job) -> Answer {
    let done = try_to(context, open, job);
    done.unwrap_or_else(|failure| {
        // A connection that broke is opened anew the next time.
        open.close();
        Answer::Failed(Box::new(failure))
    })
}

fn try_to(context: &Context<'_>, open: &mut Open, job: Job) -> Result<Answer, Failure> {
    Ok(match job {
        Job::Status => Answer::Status(Box::new(status::run(context)?)),
        Job::Drills => Answer::Drills(Box::new(drill::past::list(context)?)),
        Job::Page(request) => {
            let (target, domain) = open.with_domain(context)?;
            let outcome = browse::page(target, domain, &request)?;
            Answer::Page(request, Box::new(outcome))
        }
        Job::Count { kind, only } => Answer::Count(browse::count(open.of(context)?, kind, only.as_ref())?),
        Job::Record { kind, id } => {
            let (target, domain) = open.with_domain(context)?;
            Answer::Record(Box::new(browse::whole_record(target, domain, kind, id)?))
        }
        Job::Find(request) => Answer::Found(Box::new(find::run(context, &request)?)),
        Job::Preview(request) => Answer::Preview(Box::new(preview(context, open, *request)?)),
        Job::Apply { request, digest } => {
            let source = apply::Source::Seen(*request, digest);
            Answer::Applied(Box::new(after_others(context, || apply::run(context, &source, false, &mut |_| ()))?))
        }
        Job::Log { before } => {
            let request = log::Request { limit: Some(100), before };
            Answer::Log(Box::new(log::run(context, &request)?), before)
        }
        Job::Operation(op) => Answer::Operation(Box::new(operation(context, open, op)?)),
        Job::Revert(request) => Answer::Reverted(Box::new(after_others(context, || revert::run(context, &request))?)),
        Job::Recover => recovered(recover::run(context, &recover::Request::default())?),
        Job::Verify => {
            let request = audit::Request { depth: Level::Live, full: false };
            Answer::Verified(Box::new(audit::run(context, &request)?))
        }
        Job::Check => Answer::Checked(Box::new(checks::run(context, &checks::Request::default())?)),
        Job::Drill => Answer::Drilled(Box::new(drill::run(context, &drill::Request::default())?)),
        Job::Ask { query, params } => {
            let request = query::Request { query: Some(query.to_owned()), params, ..query::Request::default() };
            Answer::Asked(Box::new(query::run(context, &request)?))
        }
        Job::Entries { before } => Answer::Entries(entries(context, before)?, before),
    })
}

fn recovered(outcome: recover::Outcome) -> Answer {
    match outcome.failure.clone() {
        Some(failure) if outcome.operations.is_empty() => Answer::Failed(Box::new(failure)),
        _ => Answer::Recovered(Box::new(outcome)),
    }
}

/// Plans, with seed and clock fixed, so that what is committed is what was seen.
fn preview(context: &Context<'_>, open: &mut Open, mut request: plan::Request) -> Result<Preview, Failure> {
    let (outcome, made) = after_others(context, || plan::run(context, &request))?;
    request.options.seed = Some(outcome.seed);
    request.options.now.clone_from(&outcome.now);
    let changes: Vec<Change> = made.prepared.changes().iter().take(CHANGES_MAX).cloned().collect();
    let (target, domain) = open.with_domain(context)?;
    let pictures = browse::before_after(target, domain, &changes).ok().flatten();
    Ok(Preview { request, plan: outcome, pictures })
}

fn operation(context: &Context<'_>, open: &mut Open, op: u64) -> Result<Operation, Failure> {
    let shown = show::run(context, &show::Request { op, diff: true, detect: false })?;
    let explained = explain::run(context, &explain::Request { op }).ok();
    let pictures = pictures(context, open, op).ok().flatten();
    Ok(Operation { shown, explained, pictures })
}

/// Returns the field before and after an operation; what the target no longer has cannot be drawn.
fn pictures(context: &Context<'_>, open: &mut Open, op: u64) -> Result<Option<browse::BeforeAfter>, Failure> {
    let journal = context.reading()?;
    let Some(operation) = journal.operation(op)? else { return Ok(None) };
    let mut changes: Vec<Change> = Vec::new();
    journal.changes(&operation, &mut |change| {
        changes.push(change);
        if changes.len() < CHANGES_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    let (target, domain) = open.with_domain(context)?;
    browse::before_after(target, domain, &changes)
}

/// Returns entries of the journal, newest first.
fn entries(context: &Context<'_>, before: Option<u64>) -> Result<Vec<Entry>, Failure> {
    let journal = context.reading()?;
    let end = before.unwrap_or_else(|| journal.head().seq + 1);
    let first = end.saturating_sub(journal::PAGE).max(1);
    let mut entries = Vec::new();
    journal.entries(first, &mut |entry| {
        if entry.seq >= end {
            return ControlFlow::Break(());
        }
        entries.push(entry);
        ControlFlow::Continue(())
    })?;
    entries.reverse();
    Ok(entries)
}
