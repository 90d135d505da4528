//! What a write of an agent is held to: by the server and client that asked for it, and by those that carry it out.

use std::path::PathBuf;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::model::next_step::{Deed, act};
use crate::ops::{Failure, FailureKind};

/// Whose yes a write needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Consent {
    /// A person's, asked by the client or by `mfm approve` at a terminal
    Person,
    /// The client's, which approves calls of tools
    Client,
}

/// What a write is held to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteTerms {
    /// Who asks, as the journal will say.
    pub actor: String,
    /// Whether what identifies people is shown.
    pub identifying: bool,
    /// The rules by which checks judge.
    pub rules: Option<PathBuf>,
    /// Whether the client could ask its person.
    pub asks: bool,
    /// Whether nobody's yes counts but a person's.
    pub person: bool,
}

impl WriteTerms {
    /// Returns the stricter of each of two.
    ///
    /// # Errors
    /// `agent_handle`: neither of two files of rules is the stricter one.
    pub fn strictest(&self, other: &Self) -> Result<Self, Failure> {
        if self.rules != other.rules {
            let message = "the handle was made at a server that judges by other rules";
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

    /// Tells whether the client's own word is enough: nobody else can be asked, and nobody else has to be.
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
