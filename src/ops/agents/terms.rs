//! The terms of an agent's write: those in force when it was requested, combined with those when it is carried out.

use std::path::PathBuf;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::model::next_step::{Deed, act};
use crate::ops::{Failure, FailureKind};

/// Whose consent a write needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Consent {
    /// A person's, asked by the client or by `mfm approve` at a terminal
    Person,
    /// The client's, which approves calls of tools
    Client,
}

/// The terms that a write is held to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteTerms {
    /// The actor that the journal will record.
    pub actor: String,
    /// Whether columns that identify people are shown.
    pub identifying: bool,
    /// The file of check rules; `None` for the default rules.
    pub rules: Option<PathBuf>,
    /// Whether the agent's program can put a question to its person.
    pub asks: bool,
    /// Whether only a person's consent counts.
    pub person: bool,
}

impl WriteTerms {
    /// Returns the stricter of two terms, field by field.
    ///
    /// # Errors
    /// `agent_handle`: they name different files of rules, neither of which is stricter.
    pub fn strictest(&self, other: &Self) -> Result<Self, Failure> {
        if self.rules != other.rules {
            let message = "the handle was made by a server with other rules";
            return Err(Failure::new(
                FailureKind::Refused,
                "agent_handle",
                message,
                act(Deed::Again, "for a new handle"),
            ));
        }
        Ok(Self {
            actor: self.actor.clone(),
            identifying: self.identifying && other.identifying,
            rules: self.rules.clone(),
            asks: self.asks || other.asks,
            person: self.person || other.person,
        })
    }

    /// Returns whether the agent's program may consent by itself: no person is required, and it can ask none.
    #[must_use]
    pub const fn client_is_enough(&self) -> bool {
        !self.person && !self.asks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k8_of_two_terms_the_stricter_of_each_counts() {
        let free = WriteTerms { actor: "a".into(), identifying: true, rules: None, asks: false, person: false };
        assert!(free.strictest(&free).unwrap().client_is_enough());
        for strict in [WriteTerms { asks: true, ..free.clone() }, WriteTerms { person: true, ..free.clone() }] {
            for (one, other) in [(&free, &strict), (&strict, &free)] {
                assert!(!one.strictest(other).unwrap().client_is_enough());
            }
        }
        let closed = WriteTerms { identifying: false, ..free.clone() };
        assert!(!free.strictest(&closed).unwrap().identifying && !closed.strictest(&free).unwrap().identifying);
        let ruled = WriteTerms { rules: Some("r.toml".into()), ..free.clone() };
        assert_eq!(free.strictest(&ruled).unwrap_err().code, "agent_handle");
    }
}
