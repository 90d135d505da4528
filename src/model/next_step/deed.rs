//! What can be done before somebody goes on, or instead; carries nothing out.

use serde::Serialize;

use super::Flag;

/// Something that can be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub enum Deed {
    /// Ask the same again.
    Again,
    /// Make a new plan.
    PlanAgain,
    /// Close what is open, as the target says.
    Recover,
    /// Write off what a lost target carried.
    WriteOff,
    /// Take operations back.
    Revert {
        /// Which; none where the error cannot know.
        ops: Vec<u64>,
        /// With which options.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        with: Vec<Flag>,
    },
    /// Take everything back.
    RevertAll {
        /// On which target, where not on the one that was meant.
        #[serde(skip_serializing_if = "Option::is_none")]
        target: Option<String>,
    },
    /// Mark a database.
    Mark {
        /// Its URL, or its registered name; none where the new one is not known.
        #[serde(skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        /// As what.
        marking: Marking,
    },
    /// Register a database.
    Register {
        /// Its URL, where the error knows it.
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
    /// Make a lab in a file, and with it a journal.
    MakeLabFile,
    /// Make a plan file.
    SavePlan,
    /// Make a baseline of checks.
    SaveBaseline,
    /// Keep the result of a drill.
    SaveDrill,
    /// Carry out the rest of a campaign.
    ApplyCampaign,
    /// Take a campaign back.
    RevertCampaign,
    /// Run the demo in another folder.
    Demo,
    /// Say yes to what an agent asked for.
    Approve {
        /// The code of the question.
        code: String,
    },
}

/// As what a database is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Marking {
    /// A test copy.
    TestCopy,
    /// A target that was moved.
    Moved,
    /// A target that lost mfm's own records.
    RecordsLost,
    /// A copy of a target on which another journal made operations.
    Beside,
}

impl Marking {
    fn in_words(self, url: &str) -> String {
        match self {
            Self::TestCopy | Self::Beside => format!("mark {url} as a test copy"),
            Self::Moved => format!("mark {url} as moved"),
            Self::RecordsLost => format!("put mfm's own records of {url} back"),
        }
    }
}

impl Deed {
    /// Returns the revert of operations.
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

    /// Says what is done in words of no face, for those that cannot do it themselves.
    #[must_use]
    pub fn in_words(&self) -> String {
        let words = match self {
            Self::Mark { url, marking } => return marking.in_words(url.as_deref().unwrap_or("the target")),
            Self::Register { url } => return format!("register {}", url.as_deref().unwrap_or("a database")),
            Self::RemoveTarget { target } => return format!("forget the target {target}"),
            Self::Approve { code } => return format!("approve {code}"),
            Self::Again => "do it again",
            Self::PlanAgain => "plan again",
            Self::Recover => "recover the target",
            Self::WriteOff => "write off what the target carried",
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

    /// Returns the texts that may come from elsewhere.
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
