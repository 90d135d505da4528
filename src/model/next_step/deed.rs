//! Actions that a next step can propose. Nothing is carried out here.

use serde::Serialize;

use super::Flag;

/// An action that a next step proposes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub enum Deed {
    /// Repeat the same request.
    Again,
    /// Make a new plan.
    PlanAgain,
    /// Close open operations, as the target shows them.
    Recover,
    /// Write off the operations that a lost target carried.
    WriteOff,
    /// Revert operations.
    Revert {
        /// Their numbers; empty where the error does not know them.
        ops: Vec<u64>,
        /// The options to use.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        with: Vec<Flag>,
    },
    /// Revert everything on a target.
    RevertAll {
        /// The target, if it is not the one of the request.
        #[serde(skip_serializing_if = "Option::is_none")]
        target: Option<String>,
    },
    /// Mark a database.
    Mark {
        /// Its URL or registered name; `None` where the error does not know it.
        #[serde(skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        /// How it is marked.
        marking: Marking,
    },
    /// Register a database.
    Register {
        /// Its URL; `None` where the error does not know it.
        #[serde(skip_serializing_if = "Option::is_none")]
        url: Option<String>,
    },
    /// Forget a target.
    RemoveTarget {
        /// Its name.
        target: String,
    },
    /// Make a lab.
    MakeLab,
    /// Make a lab in a file, together with a new journal.
    MakeLabFile,
    /// Make a plan file.
    SavePlan,
    /// Make a baseline of checks.
    SaveBaseline,
    /// Save the result of a drill.
    SaveDrill,
    /// Apply the rest of a campaign.
    ApplyCampaign,
    /// Revert a campaign.
    RevertCampaign,
    /// Run the demo in another folder.
    Demo,
    /// Approve what an agent asked for.
    Approve {
        /// The code of the request.
        code: String,
    },
}

/// How a database is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Marking {
    /// As a test copy.
    TestCopy,
    /// As a target that was moved.
    Moved,
    /// As a target that lost mfm's own records.
    RecordsLost,
    /// As a copy of a target on which another journal made operations.
    Beside,
}

impl Marking {
    fn in_words(self, url: &str) -> String {
        match self {
            Self::TestCopy | Self::Beside => format!("mark {url} as a test copy"),
            Self::Moved => format!("mark {url} as moved"),
            Self::RecordsLost => format!("restore mfm's own records of {url}"),
        }
    }
}

impl Deed {
    /// Returns the revert of operations, without options.
    #[must_use]
    pub fn revert(ops: impl Into<Vec<u64>>) -> Self {
        Self::Revert { ops: ops.into(), with: Vec::new() }
    }

    /// Returns the revert of an operation with options.
    #[must_use]
    pub fn revert_with(op: u64, with: impl Into<Vec<Flag>>) -> Self {
        Self::Revert { ops: vec![op], with: with.into() }
    }

    /// Returns the marking of a database.
    #[must_use]
    pub fn mark(url: &str, marking: Marking) -> Self {
        Self::Mark { url: Some(url.to_owned()), marking }
    }

    /// Describes the action without naming a command or a key, for faces that do not offer it.
    #[must_use]
    pub fn in_words(&self) -> String {
        let words = match self {
            Self::Mark { url, marking } => return marking.in_words(url.as_deref().unwrap_or("the target")),
            Self::Register { url } => return format!("register {}", url.as_deref().unwrap_or("a database")),
            Self::RemoveTarget { target } => return format!("remove the target {target}"),
            Self::Approve { code } => return format!("approve {code}"),
            Self::Again => "run it again",
            Self::PlanAgain => "plan again",
            Self::Recover => "recover the target",
            Self::WriteOff => "write off the operations of the target",
            Self::Revert { .. } => "take the operation back",
            Self::RevertAll { .. } => "take everything back",
            Self::MakeLab | Self::MakeLabFile => "make a lab",
            Self::SavePlan => "make a plan file",
            Self::SaveBaseline => "save a baseline of the checks",
            Self::SaveDrill => "save the result of a drill",
            Self::ApplyCampaign => "apply the campaign",
            Self::RevertCampaign => "take the campaign back",
            Self::Demo => "run the demo in another folder",
        };
        words.to_owned()
    }

    /// Returns the texts that may come from user input, which may contain a password.
    pub(super) fn texts_mut(&mut self) -> Vec<&mut String> {
        match self {
            Self::RevertAll { target: url } | Self::Mark { url, .. } | Self::Register { url } => {
                url.iter_mut().collect()
            }
            Self::RemoveTarget { target: text } | Self::Approve { code: text } => vec![text],
            _ => Vec::new(),
        }
    }
}
