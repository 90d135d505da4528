//! The detectors under test: mfm's own checks, or a command; neither is given any information about the fault.

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

/// The name of mfm's own checks in a matrix.
pub const OWN: &str = "mfm";

/// A detector under test.
pub enum Detector {
    /// mfm's own checks.
    Checks(Box<CheckDetector>),
    /// A command.
    Program(Box<ProgramDetector>),
}

/// mfm's own checks, with their findings on the untouched data.
pub struct CheckDetector {
    session: CheckSession,
    clean: BTreeSet<Finding>,
}

/// A command, with its answer on the untouched data.
pub struct ProgramDetector {
    name: String,
    program: Program,
    clean: CommandResult,
    /// The tests that failed on the untouched data, and failed still in the last run.
    masking: Vec<String>,
}

/// The committed fault, by which findings are judged; detectors do not see it.
pub struct KnownFault<'a> {
    /// The changed tables, as the target spells them.
    pub tables: BTreeSet<&'a str>,
    /// The changed rows and the chosen records, as [`identify_row`] identifies them.
    touched: BTreeSet<(String, Key)>,
    /// The ids of the checks that guard against the mode.
    pub checks: &'a [&'a str],
}

/// Returns table and key in the one form in which engines and spellings agree.
fn identify_row(table: &str, key: &Key) -> (String, Key) {
    (table.to_ascii_lowercase(), key.iter().map(key_form).collect())
}

impl<'a> KnownFault<'a> {
    /// Returns the fault that made these changes on the records of a table with these keys.
    #[must_use]
    pub fn from_changes(changes: &'a [Change], table: &str, records: &[Key], checks: &'a [&'a str]) -> Self {
        let rows = changes.iter().map(|change| identify_row(&change.table.name, &change.key));
        let chosen = records.iter().map(|key| identify_row(table, key));
        let tables = changes.iter().map(|change| change.table.name.as_str()).collect();
        Self { tables, touched: rows.chain(chosen).collect(), checks }
    }

    /// Returns whether a finding names a chosen record or a changed row, in its own row or a related one.
    #[must_use]
    pub fn explains(&self, finding: &Finding) -> bool {
        self.touched.contains(&identify_row(finding.table, &finding.key))
            || finding.related.iter().any(|(table, key)| self.touched.contains(&identify_row(table, key)))
    }
}

impl Detector {
    /// Starts a command with a run on the untouched data.
    ///
    /// # Errors
    /// `detector`: it gave no answer, or found something there without naming it.
    pub fn of_program(context: &Context<'_>, name: String, program: Program) -> Result<Self, Failure> {
        context.reporter.progress("trying the command on the untouched data", 0, 0);
        let clean = program.run_once(context, LookTurn::First)?;
        let why = match &clean.said {
            CommandAnswer::Untold(why) => Some(why.to_string()),
            CommandAnswer::Something => Some(said::SAME.to_owned()),
            CommandAnswer::Named(_) | CommandAnswer::Nothing => None,
        };
        if let Some(why) = why {
            let message = format!("{name} cannot be tested: on the untouched data, {why}");
            let judge = give_value(Flag::Judge, "junit, sarif or json", "distinguishes findings");
            let next = NextSteps::from("run it by itself and look at its output").and(judge);
            return Err(Failure::new(FailureKind::Refused, "detector", message, next));
        }
        Ok(Self::Program(Box::new(ProgramDetector { name, program, clean, masking: Vec::new() })))
    }

    /// Starts mfm's own checks from a session on the untouched data.
    #[must_use]
    pub fn of_checks(session: CheckSession) -> Self {
        let clean = session.checked.iter().flat_map(CheckOutcome::findings).cloned().collect();
        Self::Checks(Box::new(CheckDetector { session, clean }))
    }

    /// Returns the detector's name in the matrix.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Checks(_) => OWN,
            Self::Program(tried) => &tried.name,
        }
    }

    /// Returns the digest of everything that determines its verdicts, by which drills can be compared.
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

    /// Returns the names of all its checks; `None` where a command does not tell them.
    #[must_use]
    pub fn list_checks(&self) -> Option<Vec<String>> {
        match self {
            Self::Checks(checks) => Some(checks.session.check_ids().iter().map(ToString::to_string).collect()),
            Self::Program(tried) => match &tried.clean.said {
                CommandAnswer::Named(named) => named.list_checks().map(|checks| checks.into_iter().collect()),
                CommandAnswer::Nothing | CommandAnswer::Something | CommandAnswer::Untold(_) => None,
            },
        }
    }

    /// Returns the names of its checks with findings on the untouched data.
    #[must_use]
    pub fn list_known_checks(&self) -> Vec<String> {
        let checks: BTreeSet<String> = match self {
            Self::Checks(checks) => checks.clean.iter().map(|finding| finding.check.to_owned()).collect(),
            Self::Program(tried) => match &tried.clean.said {
                CommandAnswer::Named(named) => named.finding_names().map(|name| named.check_of(name)).collect(),
                CommandAnswer::Nothing | CommandAnswer::Something | CommandAnswer::Untold(_) => BTreeSet::new(),
            },
        };
        checks.into_iter().collect()
    }

    /// Returns the number of findings on the untouched data, which do not count.
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

    /// Runs on a target with a fault in it, and judges the answer.
    ///
    /// # Errors
    /// A target error, or that the user asked to stop.
    pub fn judge_fault(
        &mut self,
        context: &Context<'_>,
        target: &mut dyn Target,
        fault: &KnownFault<'_>,
    ) -> Result<JudgedLook, Failure> {
        let start_us = context.clock.now_us();
        let judged = match self {
            Self::Program(tried) => tried.judge_answer(context)?,
            Self::Checks(checks) => checks.judge_fault(context, target, fault)?,
        };
        let mut look = self.build_look(context, start_us, judged);
        if look.verdict == DetectionVerdict::Missed {
            look.masked_by = self.list_masking(fault);
        }
        Ok(look)
    }

    /// Runs on the target after the fault was reverted: any new finding is a false alarm.
    ///
    /// # Errors
    /// As [`Detector::judge_fault`].
    pub fn judge_control(
        &mut self,
        context: &Context<'_>,
        target: &mut dyn Target,
        tables: &BTreeSet<&str>,
    ) -> Result<JudgedLook, Failure> {
        let start_us = context.clock.now_us();
        let mut judged = match self {
            Self::Program(tried) => tried.judge_answer(context)?,
            Self::Checks(checks) => checks.judge_control(context, target, tables)?,
        };
        // A command is judged as with a fault; without one, the same answers mean something else.
        judged.0 = match judged.0 {
            DetectionVerdict::Caught | DetectionVerdict::FalseAlarm => DetectionVerdict::FalseAlarm,
            DetectionVerdict::Missed | DetectionVerdict::Quiet => DetectionVerdict::Quiet,
            DetectionVerdict::CouldNotTell => DetectionVerdict::CouldNotTell,
        };
        Ok(self.build_look(context, start_us, judged))
    }

    fn build_look(&self, context: &Context<'_>, start_us: i64, judged: JudgedAnswer) -> JudgedLook {
        let (verdict, signs, beside, why) = judged;
        let took_us = context.clock.now_us().saturating_sub(start_us);
        let took_ms = u64::try_from(took_us / 1000).unwrap_or_default();
        // The journal must not hold a command's own words, which may quote the data.
        let kept_why = why.as_ref().map(|untold| untold.why.clone());
        let why = why.as_ref().map(ToString::to_string);
        let checks = self.name_checks(&signs);
        JudgedLook {
            detector: self.name().to_owned(),
            verdict,
            signs: first_signs(&signs),
            checks,
            masked_by: Vec::new(),
            beside,
            why,
            kept_why,
            took_ms: Some(took_ms),
        }
    }

    /// Returns the checks that some signs belong to.
    fn name_checks(&self, signs: &[String]) -> Vec<String> {
        let checks: BTreeSet<String> = match self {
            Self::Checks(_) => signs.iter().cloned().collect(),
            Self::Program(tried) => match &tried.clean.said {
                CommandAnswer::Named(named) => signs.iter().map(|sign| named.check_of(sign)).collect(),
                CommandAnswer::Nothing | CommandAnswer::Something | CommandAnswer::Untold(_) => BTreeSet::new(),
            },
        };
        checks.into_iter().collect()
    }

    /// Returns the checks whose findings on the untouched data may hide a fault that was missed.
    fn list_masking(&self, fault: &KnownFault<'_>) -> Vec<String> {
        match self {
            Self::Checks(checks) => {
                let known = checks.clean.iter().filter(|finding| fault.checks.contains(&finding.check));
                let ids: BTreeSet<&str> =
                    known.filter(|finding| fault.explains(finding)).map(|finding| finding.check).collect();
                ids.into_iter().map(str::to_owned).collect()
            }
            Self::Program(tried) => tried.masking.clone(),
        }
    }
}

impl ProgramDetector {
    fn judge_answer(&mut self, context: &Context<'_>) -> Result<JudgedAnswer, Failure> {
        let now = self.program.run_once(context, LookTurn::Later)?;
        self.masking = match (&now.said, &self.clean.said) {
            (CommandAnswer::Named(now), CommandAnswer::Named(clean)) => now.list_still_failing(clean),
            _ => Vec::new(),
        };
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
        let (explained, others): (Vec<Finding>, Vec<Finding>) =
            new.into_iter().partition(|finding| fault.explains(finding));
        let (explained, others) = (check_ids(&explained), check_ids(&others));
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
        // Not what is new since the last run, which reverting may well change, but since the untouched data.
        let all = self.session.checked.iter().flat_map(CheckOutcome::findings);
        let new = all.filter(|finding| !self.clean.contains(finding)).take(SIGNS_MAX);
        let ids: Vec<String> = new.map(|finding| finding.check.to_owned()).collect();
        let verdict = if ids.is_empty() { DetectionVerdict::Quiet } else { DetectionVerdict::FalseAlarm };
        Ok((verdict, first_signs(&ids), Vec::new(), None))
    }

    /// Returns why the first of these checks could not run, where none of them could; `None` where one ran.
    fn not_run(&self, ids: &[&str]) -> Option<NoVerdict> {
        let mut reason = None;
        for checked in self.session.checked.iter().filter(|checked| ids.contains(&checked.card.id)) {
            match &checked.verdict {
                Told::Ran { .. } => return None,
                Told::NotRun { why } => {
                    let id = checked.card.id;
                    reason = reason.or_else(|| Some(NoVerdict::with_detail(format!("{id} did not run"), why.clone())));
                }
            }
        }
        reason
    }
}

fn check_ids(findings: &[Finding]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let new = findings.iter().map(|finding| finding.check).filter(|id| seen.insert(*id));
    new.map(str::to_owned).collect()
}
