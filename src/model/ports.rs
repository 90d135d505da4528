//! The ports through which time, chance, people and screens come in; implements none of them.

use serde::Serialize;

use super::Refusal;

/// Time, from outside.
pub trait Clock {
    /// Returns UTC microseconds since 1970.
    fn now_us(&self) -> i64;
    /// Returns the wall clock of the place, in whole seconds.
    fn local_time(&self) -> jiff::civil::DateTime;
    /// Returns how far the place's wall clock is ahead of UTC when it shows this; `None` where nobody knows.
    fn offset_minutes(&self, _: jiff::civil::DateTime) -> Option<i16> {
        None
    }
}

/// Chance, from outside.
pub trait Entropy {
    /// Returns 16 random bytes.
    fn bytes(&self) -> [u8; 16];
}

/// Where progress and remarks go.
pub trait Reporter {
    /// Says how far a long step is; `total` 0 means unknown.
    fn progress(&self, step: &str, done: u64, total: u64);
    /// Says how far the whole is that the steps of [`Reporter::progress`] are a part of.
    fn overall_progress(&self, step: &str, done: u64, total: u64) {
        self.progress(step, done, total);
    }
    /// Says something worth knowing that is no result.
    fn note(&self, text: &str);
    /// Says something that a person has to know of before going by a result.
    fn warn(&self, text: &str) {
        self.note(text);
    }
    /// Tells whether the person asked to stop; looked at between steps, never inside a transaction.
    fn is_interrupted(&self) -> bool {
        false
    }
}

/// How much an operation can do, declared once and obeyed by every face.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Danger {
    /// Writes nothing to a target.
    Read,
    /// Writes what can be taken back.
    Write,
    /// Overrides somebody's data or somebody's word.
    Destroy,
}

/// What a person is asked before a write.
#[derive(Clone, Debug)]
pub struct ConfirmQuestion {
    /// What is about to happen, in a line or more.
    pub text: String,
    /// How much it can do.
    pub danger: Danger,
    /// A name that the person has to type; `None` for a plain yes.
    pub type_name: Option<String>,
}

/// A person's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfirmAnswer {
    /// Go ahead.
    Yes,
    /// Do not.
    No,
    /// Nobody could be asked.
    Nobody,
}

/// Whom to ask.
pub trait Confirm {
    /// Asks, and never assumes a yes.
    fn ask(&self, question: &ConfirmQuestion) -> ConfirmAnswer;
    /// Tells whether a person agreed to the write before it began, so that a critical one wants no name typed.
    fn agreed_before(&self) -> bool {
        false
    }
}

/// Where passwords come from; nothing keeps, prints or journals them.
pub trait Secrets {
    /// Returns the password of a login, asking a person if need be.
    ///
    /// # Errors
    /// A sentence that says why there is none, without the password.
    fn password(&self, login: &Account<'_>) -> Result<String, String>;
    /// Lets a login go to a server, by its URL in its one spelling, or says why not: whoever gives passwords away says
    /// to whom.
    ///
    /// # Errors
    /// [`Refusal::ServerUnconfirmed`], [`Refusal::LoginUnencrypted`].
    fn permit_login(&self, url: &str) -> Result<(), Refusal>;
}

/// A login of a database server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account<'a> {
    /// The user.
    pub user: &'a str,
    /// The target's URL, for a person to see what is asked for.
    pub url: &'a str,
    /// Whether this login only reads, beside another one that writes.
    pub reads_only: bool,
}

/// No passwords at all: for targets that are files.
#[derive(Clone, Copy, Debug)]
pub struct NoSecrets;

impl Secrets for NoSecrets {
    fn password(&self, _: &Account<'_>) -> Result<String, String> {
        Err("nobody offers passwords here".to_owned())
    }

    fn permit_login(&self, _: &str) -> Result<(), Refusal> {
        Ok(())
    }
}
