//! A session of checks on one target, which can be run again after the target changed.

use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil;

use crate::domain::Domain;
use crate::domain::check::{CheckCard, CheckParams, CheckRequest, CheckResults, CheckTable, CheckVerdict};
use crate::model::{Digest, Fetch, FetchAnswer, Finding, Scan, Snapshot};
use crate::ops::Failure;
use crate::ops::context::Context;
use crate::ops::pump::{ScanCache, ScanRunner};
use crate::ops::rules;
use crate::targets::Target;

/// A check with its verdict.
#[derive(Clone, Debug)]
pub struct CheckOutcome {
    /// The check.
    pub card: &'static CheckCard,
    /// Its verdict.
    pub verdict: CheckVerdict,
}

impl CheckOutcome {
    /// Returns the check's findings; none where it could not run.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        match &self.verdict {
            CheckVerdict::Ran { findings, .. } => findings,
            CheckVerdict::NotRun { .. } => &[],
        }
    }
}

/// Checks on one target, with their latest verdicts.
pub struct CheckSession {
    pub(super) domain: &'static dyn Domain,
    checks: Vec<&'static CheckCard>,
    pub(super) params: CheckParams,
    /// Declarations of the tables that the checks read, with all rows of those marked as held.
    pub(super) held: Snapshot,
    /// The rows of small tables; `None` where the checks run only once.
    cache: Option<ScanCache>,
    /// The verdict of each check, in the order of the checks.
    pub checked: Vec<CheckOutcome>,
    /// What the domain gathered for pictures when all checks ran.
    pub(super) gathered: Box<dyn Any>,
}

impl CheckSession {
    /// Runs all checks of a domain by its default rules, and keeps small tables in memory for further runs.
    ///
    /// # Errors
    /// A target error.
    pub fn begin(
        context: &Context<'_>,
        target: &mut dyn Target,
        domain: &'static dyn Domain,
        now: civil::DateTime,
    ) -> Result<Self, Failure> {
        let params = default_params(context, domain, now)?;
        Self::start(context, target, domain, domain.checks(), params, Some(ScanCache::default()))
    }

    /// Runs checks once, and keeps no rows; each table is read once, or twice where a check works on groups of rows.
    ///
    /// # Errors
    /// A target error.
    pub fn run_once(
        context: &Context<'_>,
        target: &mut dyn Target,
        domain: &'static dyn Domain,
        checks: &[&'static CheckCard],
        params: CheckParams,
    ) -> Result<Self, Failure> {
        Self::start(context, target, domain, checks, params, None)
    }

    fn start(
        context: &Context<'_>,
        target: &mut dyn Target,
        domain: &'static dyn Domain,
        checks: &[&'static CheckCard],
        params: CheckParams,
        cache: Option<ScanCache>,
    ) -> Result<Self, Failure> {
        let (held, checked) = (Snapshot::default(), Vec::new());
        let checks = checks.to_vec();
        let mut session = Self { domain, checks, params, held, cache, checked, gathered: Box::new(()) };
        let all = session.checks.clone();
        let CheckResults { verdicts, gathered } = session.run_checks(context, target, &all)?;
        session.gathered = gathered;
        session.checked = all.into_iter().zip(verdicts).map(|(card, verdict)| CheckOutcome { card, verdict }).collect();
        Ok(session)
    }

    /// Runs the checks again that read any of these tables, and returns the findings that they did not have before.
    ///
    /// # Errors
    /// A target error.
    pub fn look_again(
        &mut self,
        context: &Context<'_>,
        target: &mut dyn Target,
        touched: &BTreeSet<&str>,
    ) -> Result<Vec<Finding>, Failure> {
        // Both hold rows from before the change.
        touched.iter().for_each(|table| self.held.forget(table));
        self.cache.iter_mut().for_each(|cache| cache.forget(touched));
        let mut again: Vec<&'static CheckCard> = self.checks.clone();
        again.retain(|card| {
            let tables = self.domain.check_tables(&[*card]);
            tables.iter().any(|reads| touched.iter().any(|table| table.eq_ignore_ascii_case(reads.table)))
        });
        // What a partial run gathers is dropped: pictures need what all checks gather.
        let verdicts = self.run_checks(context, target, &again)?.verdicts;
        let mut new = Vec::new();
        for (card, verdict) in again.iter().zip(verdicts) {
            let Some(checked) = self.checked.iter_mut().find(|checked| checked.card.id == card.id) else {
                continue;
            };
            let before = CheckOutcome { card: checked.card, verdict: std::mem::replace(&mut checked.verdict, verdict) };
            let known: BTreeSet<&Finding> = before.findings().iter().collect();
            new.extend(checked.findings().iter().filter(|finding| !known.contains(finding)).cloned());
        }
        Ok(new)
    }

    /// Returns the ids of the checks, in the order in which they run.
    #[must_use]
    pub fn check_ids(&self) -> Vec<&'static str> {
        self.checks.iter().map(|check| check.id).collect()
    }

    /// Returns the digest of the rules in force.
    #[must_use]
    pub fn rules_digest(&self) -> Digest {
        rules::digest(self.params.rules.as_ref())
    }

    fn run_checks(
        &mut self,
        context: &Context<'_>,
        target: &mut dyn Target,
        checks: &[&'static CheckCard],
    ) -> Result<CheckResults, Failure> {
        self.read_declarations(target, checks)?;
        let request = CheckRequest { checks, declared: &self.held, params: &self.params };
        let mut run = self.domain.run_checks(&request);
        let mut pump = ScanRunner { context, target, cache: self.cache.as_mut(), doing: "checking tables" };
        pump.run(run.as_mut())?;
        Ok(run.finish())
    }

    /// Reads the declarations of the tables that some checks need, and the rows of those that are held whole.
    fn read_declarations(&mut self, target: &mut dyn Target, checks: &[&'static CheckCard]) -> Result<(), Failure> {
        for CheckTable { table: name, columns, held, .. } in self.domain.check_tables(checks) {
            let fetch = Fetch::all(name);
            // Still valid: `look_again` forgets the tables that changed.
            if self.held.has_answer(&fetch) {
                continue;
            }
            let table = target.find_table(name)?.map(|table| Arc::new(table.select_columns(&columns)));
            let mut rows = Vec::new();
            if let (true, Some(table)) = (held, &table) {
                target.scan(&Scan::every_row(table.clone()), &mut |row| {
                    rows.push(row.to_vec());
                    Ok(())
                })?;
            }
            self.held.add_answer(fetch, FetchAnswer { table, rows, maximum: None })?;
        }
        Ok(())
    }
}

/// Returns the parameters of checks by a domain's default rules; `now` is the target's wall clock.
///
/// # Errors
/// The default rules cannot be parsed, which a test excludes.
pub fn default_params(
    context: &Context<'_>,
    domain: &dyn Domain,
    now: civil::DateTime,
) -> Result<CheckParams, Failure> {
    Ok(CheckParams { now: context.at_place(now), rules: rules::default_rules(domain)? })
}
