//! What is under test: mfm's own checks, or a command; each looks at the target, and knows nothing of the fault before.

use std::collections::BTreeSet;

use mfm_journal::cbor::Writer;
use mfm_journal::{Change, Digest};

use super::command::LookTurn;
use super::command::Program;
use super::matrix::{DetectionVerdict, JudgedLook, SIGNS_MAX, first_signs};
use super::said::{self, CommandAnswer, CommandResult, JudgedAnswer, NoVerdict};
use crate::domain::check::CheckVerdict as Told;
use crate::model::NextSteps;
use crate::model::next_step::{Flag, give_value};
use crate::model::snapshot::key_form;
use crate::model::{Finding, Key};
use crate::ops::checks::{CheckOutcome, CheckSession};
use crate::ops::context::Context;
use crate::ops::failure::{Failure, FailureKind};
use crate::targets::Target;

/// What mfm's own checks are called in a matrix.
pub const OWN: &str = "mfm";

/// Something that looks at a target.
pub enum Detector {
    /// mfm's own checks.
    Checks(Box<CheckDetector>),
    /// A command.
    Program(Box<ProgramDetector>),
}

/// mfm's own checks, and what they found on the untouched data.
pub struct CheckDetector {
    session: CheckSession,
    clean: BTreeSet<Finding>,
}

/// A command, and what it said of the untouched data.
pub struct ProgramDetector {
    name: String,
    program: Program,
    clean: CommandResult,
}

/// What was done, as the judge of a detector knows it and the detector does not.
pub struct KnownFault<'a> {
    /// The tables that were changed, as the target spells them.
    pub tables: BTreeSet<&'a str>,
    /// The rows that were changed, and the records that were chosen: table in lower case, and key.
    touched: BTreeSet<(String, Key)>,
    /// The checks that guard against the mode.
    pub checks: &'a [&'a str],
}

fn identify_row(table: &str, key: &Key) -> (String, Key) {
    (table.to_ascii_lowercase(), key.iter().map(key_form).collect())
}

impl<'a> KnownFault<'a> {
    /// Returns what was done.
    #[must_use]
    pub fn from_changes(changes: &'a [Change], (table, records): (&str, &[Key]), checks: &'a [&'a str]) -> Self {
        let rows = changes.iter().map(|change| identify_row(&change.table.name, &change.key));
        let chosen = records.iter().map(|key| identify_row(table, key));
        let tables = changes.iter().map(|change| change.table.name.as_str()).collect();
        Self { tables, touched: rows.chain(chosen).collect(), checks }
    }

    /// Tells whether a finding names a record that was chosen, or a row that was changed.
    #[must_use]
    pub fn explains(&self, finding: &Finding) -> bool {
        let names = |table: &str, key: &Key| self.touched.contains(&identify_row(table, key));
        names(finding.table, &finding.key) || finding.related.iter().any(|(table, key)| names(table, key))
    }
}

impl Detector {
    /// Begins to use a command: it looks at the untouched data first.
    ///
    /// # Errors
    /// `detector`: it told nothing, or found something there and does not say what.
    pub fn of_program(context: &Context<'_>, name: String, program: Program) -> Result<Self, Failure> {
        context.reporter.progress("trying the command on the untouched data", 0, 0);
        let clean = program.run_once(context, LookTurn::First)?;
        let why = match &clean.said {
            CommandAnswer::Untold(why) => Some(why.to_string()),
            CommandAnswer::Something => Some(said::SAME.to_owned()),
            CommandAnswer::Named(_) | CommandAnswer::Nothing => None,
        };
        if let Some(why) = why {
            let message = format!("{name} cannot be tried: on the untouched data, {why}");
            let judge = give_value(Flag::Judge, "junit, sarif or json", "tells findings apart");
            let next = NextSteps::from("look at what it prints by itself").and(judge);
            return Err(Failure::new(FailureKind::Refused, "detector", message, next));
        }
        Ok(Self::Program(Box::new(ProgramDetector { name, program, clean })))
    }

    /// Begins to use mfm's own checks.
    #[must_use]
    pub fn of_checks(session: CheckSession) -> Self {
        let clean = session.checked.iter().flat_map(CheckOutcome::findings).cloned().collect();
        Self::Checks(Box::new(CheckDetector { session, clean }))
    }

    /// Returns its name in the matrix.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Checks(_) => OWN,
            Self::Program(tried) => &tried.name,
        }
    }

    /// Returns the digest of what decides its verdicts.
    #[must_use]
    pub fn digest(&self) -> Digest {
        match self {
            Self::Program(tried) => tried.program.digest(),
            Self::Checks(checks) => {
                let mut out = Writer::new();
                let ids = checks.session.check_ids();
                out.write_array(ids.len() as u64 + 3);
                out.write_text("mfm/detector/1");
                out.write_text(concat!("mfm ", env!("CARGO_PKG_VERSION")));
                out.write_bytes(checks.session.rules_digest().as_bytes());
                ids.iter().for_each(|id| out.write_text(id));
                Digest::sha256(out.as_bytes())
            }
        }
    }

    /// Returns how many findings of the untouched data do not count.
    #[must_use]
    pub fn count_known(&self) -> u64 {
        match self {
            Self::Checks(checks) => checks.clean.len() as u64,
            Self::Program(tried) => match &tried.clean.said {
                CommandAnswer::Named(names) => names.len() as u64,
                CommandAnswer::Nothing | CommandAnswer::Something | CommandAnswer::Untold(_) => 0,
            },
        }
    }

    /// Looks at a target with a fault in it.
    ///
    /// # Errors
    /// What the target says, or that the person asked to stop.
    pub fn judge_fault(
        &mut self,
        context: &Context<'_>,
        target: &mut dyn Target,
        fault: &KnownFault<'_>,
    ) -> Result<JudgedLook, Failure> {
        let begun = context.clock.now_us();
        let judged = match self {
            Self::Program(tried) => tried.judge_answer(context)?,
            Self::Checks(checks) => checks.judge_fault(context, target, fault)?,
        };
        Ok(self.build_look(context, begun, judged))
    }

    /// Looks at the target once the fault is taken back: whatever is new is a false alarm.
    ///
    /// # Errors
    /// As [`Detector::judge_fault`].
    pub fn judge_control(
        &mut self,
        context: &Context<'_>,
        target: &mut dyn Target,
        tables: &BTreeSet<&str>,
    ) -> Result<JudgedLook, Failure> {
        let begun = context.clock.now_us();
        let judged = match self {
            Self::Program(tried) => tried.judge_answer(context)?,
            Self::Checks(checks) => checks.judge_control(context, target, tables)?,
        };
        let (verdict, signs, beside, why) = judged;
        let verdict = match verdict {
            DetectionVerdict::Caught | DetectionVerdict::FalseAlarm => DetectionVerdict::FalseAlarm,
            DetectionVerdict::Missed | DetectionVerdict::Quiet => DetectionVerdict::Quiet,
            DetectionVerdict::CouldNotTell => DetectionVerdict::CouldNotTell,
        };
        Ok(self.build_look(context, begun, (verdict, signs, beside, why)))
    }

    fn build_look(&self, context: &Context<'_>, begun: i64, (verdict, signs, beside, why): JudgedAnswer) -> JudgedLook {
        let took_us = context.clock.now_us().saturating_sub(begun);
        let took_ms = u64::try_from(took_us / 1000).unwrap_or_default();
        let kept_why = why.as_ref().map(|untold| untold.why.clone());
        let why = why.as_ref().map(ToString::to_string);
        JudgedLook { detector: self.name().to_owned(), verdict, signs, beside, why, kept_why, took_ms: Some(took_ms) }
    }
}

impl ProgramDetector {
    fn judge_answer(&self, context: &Context<'_>) -> Result<JudgedAnswer, Failure> {
        let now = self.program.run_once(context, LookTurn::Later)?;
        Ok(said::judge_answer(&self.clean, &now, &self.program.found_codes))
    }
}

impl CheckDetector {
    fn judge_fault(
        &mut self,
        context: &Context<'_>,
        target: &mut dyn Target,
        fault: &KnownFault<'_>,
    ) -> Result<JudgedAnswer, Failure> {
        let new = self.session.look_again(context, target, &fault.tables)?;
        let ids = |findings: &mut dyn Iterator<Item = &Finding>| {
            let ids: Vec<String> = findings.map(|finding| finding.check.to_owned()).collect();
            first_signs(&ids)
        };
        let explained = ids(&mut new.iter().filter(|finding| fault.explains(finding)));
        let others = ids(&mut new.iter().filter(|finding| !fault.explains(finding)));
        Ok(match (explained.is_empty(), others.is_empty(), self.not_run(fault.checks)) {
            (false, _, _) => (DetectionVerdict::Caught, explained, others, None),
            (true, false, _) => (DetectionVerdict::FalseAlarm, others, Vec::new(), None),
            (true, true, Some(why)) => (DetectionVerdict::CouldNotTell, Vec::new(), Vec::new(), Some(why)),
            (true, true, None) => (DetectionVerdict::Missed, Vec::new(), Vec::new(), None),
        })
    }

    fn judge_control(
        &mut self,
        context: &Context<'_>,
        target: &mut dyn Target,
        tables: &BTreeSet<&str>,
    ) -> Result<JudgedAnswer, Failure> {
        self.session.look_again(context, target, tables)?;
        let all = self.session.checked.iter().flat_map(CheckOutcome::findings);
        let new = all.filter(|finding| !self.clean.contains(finding)).take(SIGNS_MAX);
        let ids: Vec<String> = new.map(|finding| finding.check.to_owned()).collect();
        let verdict = if ids.is_empty() { DetectionVerdict::Quiet } else { DetectionVerdict::FalseAlarm };
        Ok((verdict, first_signs(&ids), Vec::new(), None))
    }

    /// Returns why none of these checks could run.
    fn not_run(&self, ids: &[&str]) -> Option<NoVerdict> {
        let guards = || self.session.checked.iter().filter(|checked| ids.contains(&checked.card.id));
        let why = |checked: &CheckOutcome| match &checked.verdict {
            Told::NotRun { why } => {
                Some(NoVerdict::with_detail(format!("{} did not run", checked.card.id), why.clone()))
            }
            Told::Ran { .. } => None,
        };
        let reasons: Vec<NoVerdict> = guards().filter_map(why).collect();
        if reasons.len() == guards().count() { reasons.into_iter().next() } else { None }
    }
}
