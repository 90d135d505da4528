//! The failure that every operation returns: a kind, a code, next steps and an exit code, made here from all errors.

use serde::Serialize;

use crate::engine::EngineError;
use crate::engine::error::Store;
use crate::model::next_step::{Deed, Flag, act, give};
use crate::model::password::hidden_in;
use crate::model::refusal::Conflict;
use crate::model::{NextSteps, Refusal};
use crate::targets::TargetError;
use mfm_journal::JournalError;

/// The kind of a failure, which decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FailureKind {
    /// The operation ran and found something. Exit code 1.
    Found,
    /// The arguments are wrong, whatever target and journal hold. Exit code 2.
    Usage,
    /// mfm refuses. Exit code 3.
    Refused,
    /// A database error. Exit code 4.
    Target,
    /// A journal error. Exit code 5.
    Journal,
    /// The user stopped it. Exit code 130, or 143 for SIGTERM.
    Interrupted,
}

impl FailureKind {
    /// Returns the exit code.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Found => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Target => 4,
            Self::Journal => 5,
            Self::Interrupted => 130,
        }
    }
}

/// The failure of an operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Its kind.
    pub kind: FailureKind,
    /// Its code, in snake case; stable between releases.
    pub code: String,
    /// What was attempted and what was found, as a sentence.
    pub message: String,
    /// What can be done next; each face renders it in its own terms.
    pub next: NextSteps,
    /// The rows in conflict, for a refused revert; empty otherwise.
    pub conflicts: Vec<Conflict>,
}

impl Failure {
    /// Returns a failure of kind [`FailureKind::Usage`].
    #[must_use]
    pub fn usage(code: &str, message: impl Into<String>, next: impl Into<NextSteps>) -> Self {
        Self::new(FailureKind::Usage, code, message, next)
    }

    /// Returns a failure of any kind.
    #[must_use]
    pub fn new(kind: FailureKind, code: &str, message: impl Into<String>, next: impl Into<NextSteps>) -> Self {
        // A URL typed with a password must not appear in a log: errors are read by more people than typed it.
        let (message, next) = (hidden_in(&message.into()), next.into().without_passwords());
        Self { kind, code: code.to_owned(), message, next, conflicts: Vec::new() }
    }

    /// Returns the failure with further next steps after its own.
    #[must_use]
    pub fn and_next(self, more: impl Into<NextSteps>) -> Self {
        Self { next: self.next.and(more).without_passwords(), ..self }
    }

    /// Returns the failure with other next steps in place of its own.
    #[must_use]
    pub fn with_next(self, next: impl Into<NextSteps>) -> Self {
        Self { next: next.into().without_passwords(), ..self }
    }

    /// Returns the failure with this tool in those next steps that need one and name none.
    #[must_use]
    pub fn of_tool(self, tool: &str) -> Self {
        Self { next: self.next.of_tool(tool), ..self }
    }

    /// Returns the failure as JSON, schema `mfm/error/1`, with the hint in the words of the face.
    #[must_use]
    pub fn to_json(&self, hint: &str) -> serde_json::Value {
        let mut json = serde_json::json!({
            "schema": "mfm/error/1",
            "code": self.code,
            "kind": self.kind,
            "message": self.message,
            "hint": hint,
            "next": self.next,
        });
        if !self.conflicts.is_empty() {
            json["conflicts"] = serde_json::json!(self.conflicts);
        }
        json
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let mut failure = Self::new(FailureKind::Refused, refusal.code(), refusal.to_string(), refusal.next());
        if let Refusal::Conflict { conflicts, .. } = refusal {
            failure.conflicts = conflicts;
        }
        failure
    }
}

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        match error {
            TargetError::Refused(refusal) => refusal.into(),
            TargetError::Url { .. } => Self::new(FailureKind::Usage, error.code(), error.to_string(), error.next()),
            _ => Self::new(FailureKind::Target, error.code(), error.to_string(), error.next()),
        }
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        let next = match &error {
            // The journal crate knows no targets and labs, so its own hint cannot name the commands that make one.
            JournalError::Missing { .. } => [
                act(Deed::MakeLabFile, "makes one, and a lab"),
                act(Deed::Register { url: None }, "makes one too"),
                give(Flag::Journal, "names another"),
            ]
            .into(),
            other => NextSteps::from(other.hint()),
        };
        Self::new(FailureKind::Journal, error.code(), error.to_string(), next)
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let kind = match &error {
            EngineError::Refused(_) => return Self::from_refused(error),
            EngineError::Target(_) => FailureKind::Target,
            EngineError::Journal(_) | EngineError::JournalBehind { .. } => FailureKind::Journal,
            EngineError::LeftOpen { store: Store::Journal, .. } => FailureKind::Journal,
            EngineError::LeftOpen { .. } | EngineError::Abandoned { .. } => FailureKind::Target,
            EngineError::Interrupted => FailureKind::Interrupted,
        };
        Self::new(kind, error.code(), error.to_string(), error.next())
    }
}

impl Failure {
    fn from_refused(error: EngineError) -> Self {
        match error {
            EngineError::Refused(refusal) => refusal.into(),
            other => Self::new(FailureKind::Refused, other.code(), other.to_string(), other.next()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_url_is_repeated_in_no_error() {
        let said = |url: &str| {
            let failure = Failure::from(TargetError::Url { url: url.to_owned(), why: "it holds a password".into() });
            format!("{} {:?}", failure.message, failure.next)
        };
        for url in ["mssql://sa:Tr0ub@4/dor?@host:1433/Copy", "mssql://sa:Tr0ub4dor@host", "x://:Tr0ub@"] {
            assert!(!said(url).contains("Tr0ub"), "{}", said(url));
        }
        for url in ["mssql://sa@host:1433/Copy?encrypt=on", "sqlite:a:b@c", "mssql://host:1433/Copy", "lab"] {
            assert!(said(url).contains(url), "{}", said(url));
        }
    }
}
