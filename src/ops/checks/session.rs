//! Checks run on a target, again and again while it changes; how rows come by is another module's.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil;

use super::rows::{Kept, Rows};
use crate::domains::mosaiq::checks::{Card, Check, Terms, Verdict};
use crate::domains::mosaiq::machines::Machines;
use crate::domains::mosaiq::pictures::Counting;
use crate::model::{Digest, Fetch, Finding, Snapshot};
use crate::ops::Failure;
use crate::ops::context::Context;
use crate::ops::rules;
use crate::targets::Target;

/// What one check says.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The check.
    pub card: &'static Card,
    /// Its verdict.
    pub verdict: Verdict,
}

impl Checked {
    /// Returns what the check found; nothing where it could not run.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        match &self.verdict {
            Verdict::Ran { findings, .. } => findings,
            Verdict::NotRun { .. } => &[],
        }
    }
}

/// Checks, and what they say.
pub struct Session {
    checks: Vec<&'static dyn Check>,
    pub(super) terms: Terms,
    /// The tables that are held whole; of the others, how they are declared.
    pub(super) held: Snapshot,
    /// The small ones among the others, where checks will look again.
    kept: Option<BTreeMap<&'static str, Kept>>,
    /// Whether deliveries have to be put in order here, because the database's order is not that of their times.
    sorts: bool,
    /// What each check says of the target as it was last read.
    pub checked: Vec<Checked>,
    /// What the leaves of fields say, as far as a check wanted to know.
    pub(super) machines: Machines,
}

impl Session {
    /// Runs checks by the default rules, which are to look again: small tables are kept.
    ///
    /// # Errors
    /// What the target says.
    pub fn begin(
        context: &Context<'_>,
        target: &mut dyn Target,
        checks: &[&'static dyn Check],
        now: civil::DateTime,
    ) -> Result<Self, Failure> {
        let terms = Terms { now: context.at_place(now), ..Terms::standard(now) };
        Self::of(context, target, checks, (terms, Some(BTreeMap::new())))
    }

    /// Runs checks once: every table that they need passes by once, deliveries once more beside their doses, and the
    /// numbers of control points before these.
    ///
    /// # Errors
    /// What the target says.
    pub fn once(
        context: &Context<'_>,
        target: &mut dyn Target,
        checks: &[&'static dyn Check],
        terms: Terms,
    ) -> Result<Self, Failure> {
        Self::of(context, target, checks, (terms, None))
    }

    fn of(
        context: &Context<'_>,
        target: &mut dyn Target,
        checks: &[&'static dyn Check],
        (terms, kept): (Terms, Option<BTreeMap<&'static str, Kept>>),
    ) -> Result<Self, Failure> {
        let (held, machines) = (Snapshot::default(), Machines::default());
        let mut session =
            Self { checks: checks.to_vec(), terms, held, kept, sorts: false, checked: Vec::new(), machines };
        let (verdicts, machines) = session.look(context, target, checks)?;
        session.machines = machines;
        let checked = checks.iter().zip(verdicts).map(|(check, verdict)| Checked { card: check.card(), verdict });
        session.checked = checked.collect();
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
        let looks = |query: &Fetch| touched.iter().any(|table| table.eq_ignore_ascii_case(&query.table));
        touched.iter().for_each(|table| self.held.forget(table));
        let untouched = |name: &str| !touched.iter().any(|table| table.eq_ignore_ascii_case(name));
        self.kept.iter_mut().for_each(|kept| kept.retain(|name, _| untouched(name)));
        let chosen = |check: &&&'static dyn Check| check.queries().iter().any(looks);
        let again: Vec<&'static dyn Check> = self.checks.iter().filter(chosen).copied().collect();
        let (verdicts, _) = self.look(context, target, &again)?;
        let mut new = Vec::new();
        for (check, verdict) in again.iter().zip(verdicts) {
            let Some(checked) = self.checked.iter_mut().find(|checked| checked.card.id == check.card().id) else {
                continue;
            };
            let before = Checked { card: checked.card, verdict: std::mem::replace(&mut checked.verdict, verdict) };
            let known: BTreeSet<&Finding> = before.findings().iter().collect();
            new.extend(checked.findings().iter().filter(|finding| !known.contains(finding)).cloned());
        }
        Ok(new)
    }

    /// Returns the digest of the rules that the checks judge by.
    #[must_use]
    pub fn rules_digest(&self) -> Digest {
        rules::digest(&self.terms.rules)
    }

    /// Returns how the leaves of machines are counted and how far they reach.
    pub(super) fn counting(&self) -> Counting<'_> {
        Counting::new(&self.held, &self.machines, &self.terms.rules)
    }

    /// Lets rows pass by some checks.
    fn look(
        &mut self,
        context: &Context<'_>,
        target: &mut dyn Target,
        checks: &[&'static dyn Check],
    ) -> Result<(Vec<Verdict>, Machines), Failure> {
        let Self { held, kept, sorts, terms, checks: all, .. } = self;
        let mut rows = Rows { context, target, held, kept: kept.as_mut(), sorts: *sorts };
        rows.declare(checks, all)?;
        loop {
            if let Some(said) = rows.pass_by(checks, terms)? {
                *sorts = rows.sorts;
                return Ok(said);
            }
            // What was seen so far is worth nothing: deliveries came in another order than that of their times.
            rows.sorts = true;
        }
    }
}
