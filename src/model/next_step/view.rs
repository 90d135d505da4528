//! Things to look at that a next step can propose.

use serde::Serialize;

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum View {
    /// The records of the target.
    Records {
        /// The kind of record; `None` for any.
        #[serde(skip_serializing_if = "Option::is_none")]
        kind: Option<String>,
        /// Only records that can show a fault of this tool.
        #[serde(skip_serializing_if = "Option::is_none")]
        eligible: Option<String>,
    },
    /// The failure modes.
    Modes,
    /// One failure mode: its variants, its parameters, what its records need.
    Mode {
        /// Its tool; `None` where the error does not know it.
        #[serde(skip_serializing_if = "Option::is_none")]
        mode: Option<String>,
    },
    /// The named queries.
    Queries,
    /// One query.
    Query {
        /// Its name.
        query: String,
        /// An example of its arguments, as a shell takes them.
        #[serde(skip)]
        example: String,
    },
    /// The files that can be queried.
    Files {
        /// The query that lists them.
        query: String,
    },
    /// The operations of the journal.
    Log,
    /// One operation.
    Operation {
        /// Its number.
        op: u64,
    },
    /// The active and open operations.
    Status,
    /// The registered targets.
    Targets,
    /// The drills of the journal.
    Drills,
    /// One drill.
    Drill {
        /// Its number.
        drill: u64,
    },
    /// The requests that wait for a person's approval.
    Approvals,
    /// The complete default rules file.
    Rules,
    /// The schema of a campaign file.
    CampaignSchema,
    /// What a campaign would do.
    CampaignPlan,
    /// What one fault of a tool would change.
    OneFault,
    /// The checks, with the clock of an earlier fault.
    Check {
        /// The time that the checks take for the present.
        now: String,
    },
}

impl View {
    /// Records of any kind.
    pub const RECORDS: Self = Self::Records { kind: None, eligible: None };
    /// The mode of the request.
    pub const THE_MODE: Self = Self::Mode { mode: None };

    /// Returns the mode of a tool.
    #[must_use]
    pub fn mode(tool: &str) -> Self {
        Self::Mode { mode: Some(tool.to_owned()) }
    }

    /// Returns the records of a kind.
    #[must_use]
    pub fn records(kind: &str) -> Self {
        Self::Records { kind: Some(kind.to_owned()), eligible: None }
    }

    /// Returns the texts that may come from user input, which may contain a password.
    pub(super) fn texts_mut(&mut self) -> Vec<&mut String> {
        match self {
            Self::Records { kind, eligible } => kind.iter_mut().chain(eligible).collect(),
            Self::Mode { mode } => mode.iter_mut().collect(),
            Self::Files { query } | Self::Query { query, .. } => vec![query],
            Self::Check { now } => vec![now],
            _ => Vec::new(),
        }
    }
}
