//! The ports through which the engine reaches clock, entropy, people and screens. They are implemented by the faces,
//! and by tests.

use serde::Serialize;

use super::Refusal;

/// The clock; jobs share it.
pub trait Clock: Sync {
    /// Returns the time, in microseconds since 1970-01-01 UTC.
    fn now_us(&self) -> i64;
    /// Returns the local wall clock, in whole seconds.
    fn local_time(&self) -> jiff::civil::DateTime;
    /// Returns how far the local wall clock is ahead of UTC when it shows this time, in minutes; `None` where the time
    /// zone is unknown.
    fn offset_minutes(&self, _: jiff::civil::DateTime) -> Option<i16> {
        None
    }
}

/// The source of random bytes; jobs share it.
pub trait Entropy: Sync {
    /// Returns 16 bytes that cannot be guessed.
    fn bytes(&self) -> [u8; 16];
}

/// Where progress and remarks go.
pub trait Reporter {
    /// Reports that `done` of `total` parts of a long step are finished; a `total` of 0 is unknown.
    fn progress(&self, step: &str, done: u64, total: u64);
    /// Reports the progress of the whole operation, of which the steps of [`Reporter::progress`] are parts.
    fn overall_progress(&self, step: &str, done: u64, total: u64) {
        self.progress(step, done, total);
    }
    /// Reports something worth knowing that is not part of the result.
    fn note(&self, text: &str);
    /// Reports something that a person has to know before relying on the result.
    fn warn(&self, text: &str) {
        self.note(text);
    }
    /// Tells whether the caller asked to stop. It is polled between steps, never inside a transaction.
    fn is_interrupted(&self) -> bool {
        false
    }
}

/// How much damage an operation can do. Each declares it once, and every face asks for consent accordingly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Danger {
    /// Writes nothing to a target.
    Read,
    /// Writes what can be reverted.
    Write,
    /// Overrides what other people wrote or decided.
    Destroy,
}

/// A question to a person before a write.
#[derive(Clone, Debug)]
pub struct ConfirmQuestion {
    /// What is about to happen, in a line or more.
    pub text: String,
    /// How much damage it can do.
    pub danger: Danger,
    /// A name that the person has to type as consent; `None` where a yes is enough.
    pub type_name: Option<String>,
}

/// A person's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfirmAnswer {
    /// The person agreed.
    Yes,
    /// The person declined.
    No,
    /// There was no person to ask.
    Nobody,
}

/// The port through which a person is asked for consent.
pub trait Confirm {
    /// Asks, and never assumes consent.
    fn ask(&self, question: &ConfirmQuestion) -> ConfirmAnswer;
    /// Tells whether a person agreed to this write before it began, so that no name has to be typed for a critical one.
    fn agreed_before(&self) -> bool {
        false
    }
}

/// The source of passwords. They are never stored, printed or journaled.
pub trait Secrets {
    /// Returns the password of a login, asking a person if necessary.
    ///
    /// # Errors
    /// A sentence saying why there is none.
    fn password(&self, login: &Account<'_>) -> Result<String, String>;
    /// Checks that a login may be sent to a server, given by its canonical URL: only the owner of a password may decide
    /// which server gets it.
    ///
    /// # Errors
    /// [`Refusal::ServerUnconfirmed`], [`Refusal::LoginUnencrypted`].
    fn permit_login(&self, url: &str) -> Result<(), Refusal>;
}

/// A login of a database server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account<'a> {
    /// The user's name.
    pub user: &'a str,
    /// The target's URL, so that a person sees what the password is for.
    pub url: &'a str,
    /// Whether this is the read-only login of a target that has another one for writing.
    pub reads_only: bool,
}

/// A source without any password, for targets that are files.
#[derive(Clone, Copy, Debug)]
pub struct NoSecrets;

impl Secrets for NoSecrets {
    fn password(&self, _: &Account<'_>) -> Result<String, String> {
        Err("no passwords are available here".to_owned())
    }

    fn permit_login(&self, _: &str) -> Result<(), Refusal> {
        Ok(())
    }
}
