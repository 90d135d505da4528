//! The context that a face gives to every operation: journal, target, actor and ports; opens journal and target.

use std::path::PathBuf;

use mfm_journal::{Face, Journal, JournalError, LockHolder, Stamp};

use super::failure::Failure;
use super::targets::is_name;
use crate::domains;
use crate::engine::{Engine, EngineError};
use crate::model::next_step::{Deed, Flag, act, give, give_value, say};
use crate::model::ports::{Clock, Confirm, ConfirmAnswer, ConfirmQuestion, Danger, Entropy, Reporter, Secrets};
use crate::model::time::Time;
use crate::model::{Refusal, password, time};
use crate::targets::{self, Target, TargetError};

/// The context of an operation.
pub struct Context<'a> {
    /// The journal's file.
    pub journal: PathBuf,
    /// The target asked for, by name or URL; `None` for the only one.
    pub target: Option<String>,
    /// The actor that the journal records.
    pub actor: String,
    /// The face through which the operation was called.
    pub face: Face,
    /// The process that holds locks, as others see it.
    pub holder: LockHolder,
    /// How long to wait for other writers of a target, milliseconds.
    pub wait_ms: u64,
    /// The clock, in UTC and local time.
    pub clock: &'a dyn Clock,
    /// The source of random bytes.
    pub entropy: &'a dyn Entropy,
    /// The port for progress, remarks and interruption.
    pub reporter: &'a dyn Reporter,
    /// The port for questions to a person.
    pub confirm: &'a dyn Confirm,
    /// The source of passwords.
    pub secrets: &'a dyn Secrets,
}

/// A registered target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenTarget {
    /// The registered name.
    pub name: String,
    /// The URL.
    pub url: String,
}

/// Describes each target in a journal's registry that mfm itself would not have registered so.
pub(super) fn strange_targets(journal: &Journal) -> Vec<String> {
    let mut strange = Vec::new();
    for (name, known) in &journal.state().targets {
        // A name that is a URL, or a URL in another form, could lead a command to another database than it says.
        if !is_name(name) || !targets::is_canonical(&known.url) {
            strange.push(format!(
                "registers a target in a way that mfm never does: `{name}` at `{}`",
                password::hide_password(&known.url)
            ));
        }
    }
    strange
}

/// Refuses a journal with targets that mfm would not have registered: another program has written to it.
fn check_registry(journal: Journal) -> Result<Journal, Failure> {
    let Some(strange) = strange_targets(&journal).into_iter().next() else { return Ok(journal) };
    let message = format!("the journal {} {strange}", journal.path().display());
    let hint = "somebody else wrote to it; continue with a copy that you trust";
    Err(Failure::new(super::FailureKind::Journal, "journal_broken", message, hint))
}

impl Context<'_> {
    /// Opens the journal for reading, never creating it.
    ///
    /// # Errors
    /// A journal error.
    pub fn open_journal(&self) -> Result<Journal, Failure> {
        check_registry(Journal::open_read(&self.journal)?)
    }

    /// Opens the journal for writing, never creating it.
    ///
    /// # Errors
    /// A journal error.
    pub fn open_journal_for_writing(&self) -> Result<Journal, Failure> {
        check_registry(Journal::open(&self.journal)?)
    }

    /// Opens the journal for writing, and creates it where there is none.
    ///
    /// # Errors
    /// A journal error.
    pub fn writing_or_new(&self) -> Result<Journal, Failure> {
        match Journal::open(&self.journal) {
            Err(JournalError::Missing { .. }) => {
                let journal = Journal::create(&self.journal, self.entropy.bytes(), &self.stamp())?;
                self.reporter.note(&format!("new journal {}", self.journal.display()));
                Ok(journal)
            }
            other => check_registry(other?),
        }
    }

    /// Returns the time, actor and face for an entry.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        Stamp { at_us: self.clock.now_us(), actor: self.actor.clone(), face: self.face }
    }

    /// Returns the registered target that was asked for, or the only one there is.
    ///
    /// # Errors
    /// [`Refusal::NoTarget`].
    pub fn resolve_target(&self, journal: &Journal) -> Result<ChosenTarget, Failure> {
        let targets = &journal.state().targets;
        let asked = match &self.target {
            Some(asked) => asked.clone(),
            None => match targets.iter().next() {
                Some((name, _)) if targets.len() == 1 => name.clone(),
                Some(_) => {
                    let names: Vec<&str> = targets.keys().map(String::as_str).collect();
                    let message = format!("several targets are registered: {}", names.join(", "));
                    return Err(Failure::new(
                        super::FailureKind::Refused,
                        "which_target",
                        message,
                        give(Flag::Target, ""),
                    ));
                }
                None => {
                    let next =
                        [act(Deed::MakeLab, "makes a lab"), act(Deed::Register { url: None }, "registers a database")];
                    let message = "no target is registered";
                    return Err(Failure::new(super::FailureKind::Refused, "no_target", message, next));
                }
            },
        };
        if let Some(target) = targets.get(&asked) {
            return Ok(ChosenTarget { name: asked, url: target.url.clone() });
        }
        let url = match targets::canonical_url(&asked) {
            Ok(url) => url,
            // It is meant as a URL, and its own error helps more than "no target of this name".
            Err(error) if asked.contains("://") => return Err(error.into()),
            Err(_) => asked.clone(),
        };
        match targets.iter().find(|(_, target)| target.url == url) {
            Some((name, target)) => Ok(ChosenTarget { name: name.clone(), url: target.url.clone() }),
            None => Err(Refusal::NoTarget { name: asked }.into()),
        }
    }

    /// Returns the target that was asked for, or else the one of the first of these operations.
    ///
    /// # Errors
    /// [`Refusal::NoTarget`], or a journal error.
    pub fn chosen_for(&self, journal: &Journal, operations: &[u64]) -> Result<ChosenTarget, Failure> {
        if self.target.is_none()
            && let Some(op) = operations.first()
        {
            let operation = journal.read_operation(*op)?.ok_or(Refusal::NoOperation { op: *op })?;
            let known = journal.state().targets.get(&operation.target.name);
            let target = known.ok_or_else(|| Refusal::NoTarget { name: operation.target.name.clone() })?;
            return Ok(ChosenTarget { name: operation.target.name, url: target.url.clone() });
        }
        self.resolve_target(journal)
    }

    /// Returns the target that was asked for, if it is a folder that is read in place: such a one is never registered.
    #[must_use]
    pub fn place_to_read(&self) -> Option<&str> {
        self.target.as_deref().filter(|target| targets::is_read_in_place(target))
    }

    /// Opens a target for reading.
    ///
    /// # Errors
    /// A target error.
    pub fn open_target(&self, url: &str) -> Result<Box<dyn Target>, TargetError> {
        targets::open_url(url, domains::key_columns(), self.secrets)
    }

    /// Returns an engine on an open journal and target.
    #[must_use]
    pub fn engine<'e>(&'e self, journal: &'e mut Journal, target: &'e mut dyn Target, name: &str) -> Engine<'e> {
        Engine {
            journal,
            target,
            name: name.to_owned(),
            clock: self.clock,
            reporter: self.reporter,
            actor: self.actor.clone(),
            face: self.face,
            holder: self.holder.clone(),
            wait_ms: self.wait_ms,
            seen: 0,
        }
    }

    /// Asks for consent; anything but a yes is a refusal.
    ///
    /// # Errors
    /// [`Refusal::NoConsent`], with how to consent.
    pub fn ask_consent(&self, question: &ConfirmQuestion) -> Result<(), Failure> {
        let asked = match self.confirm.ask(question) {
            ConfirmAnswer::Yes => return Ok(()),
            ConfirmAnswer::No => true,
            ConfirmAnswer::Nobody => false,
        };
        let failure = Failure::from(Refusal::NoConsent { asked });
        Err(match (&question.type_name, question.danger) {
            (Some(name), Danger::Write) if asked => failure.with_next(format!("type exactly {name}")),
            (Some(name), Danger::Read | Danger::Destroy) => {
                let confirm = give_value(Flag::Confirm, name, "types the name in scripts");
                let typed = asked.then(|| say(format!("type exactly {name}")));
                failure.with_next(typed.into_iter().chain([confirm]).collect::<Vec<_>>())
            }
            (_, Danger::Destroy) if asked => failure.with_next(act(Deed::Again, "to be asked again")),
            _ => failure,
        })
    }

    /// Checks for an interruption; called only where stopping leaves nothing half done.
    ///
    /// # Errors
    /// [`EngineError::Interrupted`], where the user asked to stop.
    pub fn go_on(&self) -> Result<(), Failure> {
        if self.reporter.is_interrupted() { Err(EngineError::Interrupted.into()) } else { Ok(()) }
    }

    /// Returns 16 random bytes in hexadecimal, as the id of a marker, plan or handle.
    #[must_use]
    pub fn random_id(&self) -> String {
        mfm_journal::digest::encode_hex(&self.entropy.bytes())
    }

    /// Returns the target's wall clock: parsed from text, or the local time here where none is given.
    ///
    /// # Errors
    /// Usage: the text is no date and time.
    pub fn resolve_now(&self, text: Option<&str>) -> Result<jiff::civil::DateTime, Failure> {
        let Some(text) = text else { return Ok(self.clock.local_time()) };
        time::parse_local(text).ok_or_else(|| {
            Failure::usage("now", format!("`{text}` is not a date and time"), "write it as 2024-06-28T12:00:00")
        })
    }

    /// Returns a wall clock time with the local offset from UTC at that time.
    #[must_use]
    pub fn at_place(&self, wall: jiff::civil::DateTime) -> Time {
        Time { wall, offset_minutes: self.clock.offset_minutes(wall) }
    }

    /// Draws a seed of 53 bits.
    #[must_use]
    pub fn draw_seed(&self) -> u64 {
        let bytes = self.entropy.bytes();
        let word = bytes.iter().take(8).fold(0u64, |word, byte| word << 8 | u64::from(*byte));
        // The largest seed is 2^53-1, so that it also works as a mask; JSON readers keep such numbers exact.
        word & crate::model::seed::SEED_MAX
    }
}
