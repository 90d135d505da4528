//! The one page that turns every error into a kind, a code, a hint and an exit code, for every face.

use serde::Serialize;

use crate::engine::EngineError;
use crate::model::Refusal;
use crate::model::password::hidden_in;
use crate::model::refusal::{ANY_MODE, Conflict};
use crate::targets::TargetError;
use mfm_journal::JournalError;

/// What sort of failure it is; decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It ran and found something. Exit code 1.
    Found,
    /// The arguments alone are wrong. Exit code 2.
    Usage,
    /// mfm will not. Exit code 3.
    Refused,
    /// The database. Exit code 4.
    Target,
    /// The journal. Exit code 5.
    Journal,
    /// The person stopped it. Exit code 130, or 143 for SIGTERM.
    Interrupted,
}

impl Kind {
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

/// An operation that did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What sort.
    pub kind: Kind,
    /// The stable code.
    pub code: String,
    /// What was attempted and what was found.
    pub message: String,
    /// What to do next.
    pub hint: String,
    /// The rows in conflict, for a refused revert.
    pub conflicts: Vec<Conflict>,
}

impl Failure {
    /// Returns a failure of the arguments.
    #[must_use]
    pub fn usage(code: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Kind::Usage, code, message, hint)
    }

    /// Returns a failure of any kind.
    #[must_use]
    pub fn new(kind: Kind, code: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        // An error is read by others than who typed it.
        let (message, hint) = (hidden_in(&message.into()), hidden_in(&hint.into()));
        Self { kind, code: code.to_owned(), message, hint, conflicts: Vec::new() }
    }

    /// Returns the failure with one more thing to do in its hint.
    #[must_use]
    pub fn hinting(mut self, more: &str) -> Self {
        self.hint = if self.hint.is_empty() { more.to_owned() } else { format!("{}; {more}", self.hint) };
        self
    }

    /// Returns the failure with the tool in its hint, where that named no mode.
    #[must_use]
    pub fn of_tool(mut self, tool: &str) -> Self {
        self.hint = self.hint.replace(&format!("`mfm modes {ANY_MODE}`"), &format!("`mfm modes {tool}`"));
        self
    }

    /// Returns the JSON that machines read as the last line of stderr.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let mut json = serde_json::json!({
            "schema": "mfm/error/1",
            "code": self.code,
            "kind": self.kind,
            "message": self.message,
            "hint": self.hint,
        });
        if !self.conflicts.is_empty() {
            json["conflicts"] = serde_json::json!(self.conflicts);
        }
        json
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let mut failure = Self::new(Kind::Refused, refusal.code(), refusal.to_string(), refusal.hint());
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
            TargetError::Url { .. } => Self::new(Kind::Usage, error.code(), error.to_string(), error.hint()),
            _ => Self::new(Kind::Target, error.code(), error.to_string(), error.hint()),
        }
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        let hint = match &error {
            // The journal knows no commands.
            JournalError::Missing { .. } => {
                "`mfm lab create sqlite:lab.db` or `mfm target add URL` makes one; --journal names another"
            }
            other => other.hint(),
        };
        Self::new(Kind::Journal, error.code(), error.to_string(), hint)
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let kind = match &error {
            EngineError::Refused(_) => return Self::from_refused(error),
            EngineError::Target(_) => Kind::Target,
            EngineError::Journal(_) | EngineError::JournalBehind { .. } => Kind::Journal,
            EngineError::LeftOpen { cause, .. } if cause.starts_with("journal") => Kind::Journal,
            EngineError::LeftOpen { .. } | EngineError::Abandoned { .. } => Kind::Target,
            EngineError::Interrupted => Kind::Interrupted,
        };
        Self::new(kind, error.code(), error.to_string(), error.hint())
    }
}

impl Failure {
    fn from_refused(error: EngineError) -> Self {
        match error {
            EngineError::Refused(refusal) => refusal.into(),
            other => Self::new(Kind::Refused, other.code(), other.to_string(), other.hint()),
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
            failure.message + &failure.hint
        };
        for url in ["mssql://sa:Tr0ub@4/dor?@host:1433/Copy", "mssql://sa:Tr0ub4dor@host", "x://:Tr0ub@"] {
            assert!(!said(url).contains("Tr0ub"), "{}", said(url));
        }
        for url in ["mssql://sa@host:1433/Copy?encrypt=on", "sqlite:a:b@c", "mssql://host:1433/Copy", "lab"] {
            assert!(said(url).contains(url), "{}", said(url));
        }
    }
}
