//! Checks run on a target, again and again while it changes; how rows come by is another module's.

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

/// What one check says.
#[derive(Clone, Debug)]
pub struct CheckOutcome {
    /// The check.
    pub card: &'static CheckCard,
    /// Its verdict.
    pub verdict: CheckVerdict,
}

impl CheckOutcome {
    /// Returns what the check found; nothing where it could not run.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        match &self.verdict {
            CheckVerdict::Ran { findings, .. } => findings,
            CheckVerdict::NotRun { .. } => &[],
        }
    }
}

/// Checks, and what they say.
pub struct CheckSession {
    pub(super) domain: &'static dyn Domain,
    checks: Vec<&'static CheckCard>,
    pub(super) params: CheckParams,
    /// The tables that are held whole; of the others, how they are declared.
    pub(super) held: Snapshot,
    /// The rows of small tables, where checks will look again.
    cache: Option<ScanCache>,
    /// What each check says of the target as it was last read.
    pub checked: Vec<CheckOutcome>,
    /// What was gathered for pictures when all checks ran.
    pub(super) gathered: Box<dyn Any>,
}

impl CheckSession {
    /// Runs checks by the default rules, which are to look again: small tables are kept.
    ///
    /// # Errors
    /// What the target says.
    pub fn begin(
        context: &Context<'_>,
        target: &mut dyn Target,
        domain: &'static dyn Domain,
        now: civil::DateTime,
    ) -> Result<Self, Failure> {
        let params = default_params(context, domain, now)?;
        Self::start(context, target, (domain, domain.checks()), params, Some(ScanCache::default()))
    }

    /// Runs checks once: every table that they need is read once, or twice where its rows are looked at in groups.
    ///
    /// # Errors
    /// What the target says.
    pub fn run_once(
        context: &Context<'_>,
        target: &mut dyn Target,
        domain: &'static dyn Domain,
        checks: &[&'static CheckCard],
        params: CheckParams,
    ) -> Result<Self, Failure> {
        Self::start(context, target, (domain, checks), params, None)
    }

    fn start(
        context: &Context<'_>,
        target: &mut dyn Target,
        (domain, checks): (&'static dyn Domain, &[&'static CheckCard]),
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

    /// Runs the checks again that look at any of these tables; returns the findings that are new.
    ///
    /// # Errors
    /// What the target says.
    pub fn look_again(
        &mut self,
        context: &Context<'_>,
        target: &mut dyn Target,
        touched: &BTreeSet<&str>,
    ) -> Result<Vec<Finding>, Failure> {
        touched.iter().for_each(|table| self.held.forget(table));
        self.cache.iter_mut().for_each(|cache| cache.forget(touched));
        let is_touched = |name: &str| touched.iter().any(|table| table.eq_ignore_ascii_case(name));
        let looks =
            |card: &&'static CheckCard| self.domain.check_tables(&[*card]).iter().any(|reads| is_touched(reads.table));
        let again: Vec<&'static CheckCard> = self.checks.iter().copied().filter(looks).collect();
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

    /// Returns the ids of the checks, in their order.
    #[must_use]
    pub fn check_ids(&self) -> Vec<&'static str> {
        self.checks.iter().map(|check| check.id).collect()
    }

    /// Returns the digest of the rules that the checks judge by.
    #[must_use]
    pub fn rules_digest(&self) -> Digest {
        rules::digest(self.params.rules.as_ref())
    }

    /// Runs some of the checks on what the target holds now.
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

    /// Reads how the tables are declared that some checks need, and the rows of those that are held.
    fn read_declarations(&mut self, target: &mut dyn Target, checks: &[&'static CheckCard]) -> Result<(), Failure> {
        for CheckTable { table: name, columns, held, .. } in self.domain.check_tables(checks) {
            let fetch = Fetch::all(name);
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

/// Returns the place's clock and the default rules of a domain.
///
/// # Errors
/// The default rules cannot be read, which a test excludes.
pub fn default_params(
    context: &Context<'_>,
    domain: &dyn Domain,
    now: civil::DateTime,
) -> Result<CheckParams, Failure> {
    Ok(CheckParams { now: context.at_place(now), rules: rules::default_rules(domain)? })
}
