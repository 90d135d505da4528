//! What can be looked at before somebody goes on; reads only.

use serde::Serialize;

/// Something that shows more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum View {
    /// The records that there are.
    Records {
        /// Of which kind, where only that one helps.
        #[serde(skip_serializing_if = "Option::is_none")]
        kind: Option<String>,
        /// Only those that can show the fault of this tool.
        #[serde(skip_serializing_if = "Option::is_none")]
        eligible: Option<String>,
    },
    /// The failure modes.
    Modes,
    /// One failure mode: its variants, its parameters, what its records need.
    Mode {
        /// Its tool, where the error knows it.
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
    /// The files that can be asked.
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
    /// What is active and open.
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
    /// What waits for a person's yes.
    Approvals,
    /// A complete file of rules.
    Rules,
    /// What a campaign file may hold.
    CampaignSchema,
    /// What a campaign would do.
    CampaignPlan,
    /// What one fault of a tool would change.
    OneFault,
    /// The checks, by the clock of an earlier fault.
    Check {
        /// The time that the checks take for now.
        now: String,
    },
}

impl View {
    /// Any record.
    pub const RECORDS: Self = Self::Records { kind: None, eligible: None };
    /// The mode that was asked for.
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

    /// Returns the texts that may come from elsewhere.
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
