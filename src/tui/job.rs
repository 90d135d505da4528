//! What the interface asks the operations for, and what comes back; runs nothing.

use serde_json::{Map, Value as Json};

use crate::domain::record::RecordKind;
use crate::model::Digest;
use crate::ops::{
    Failure, apply, audit, browse, checks, drill, explain, find, log, plan, query, recover, revert, show, status,
};

/// Work for an operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Job {
    /// How journal and target stand.
    Status,
    /// The drills of the journal.
    Drills,
    /// A page of records.
    Page(browse::Request),
    /// How many records there are.
    Count {
        /// Of which kind.
        kind: &'static RecordKind,
        /// Only those whose column holds this.
        only: Option<(String, i64)>,
    },
    /// One record whole.
    Record {
        /// Its kind.
        kind: &'static RecordKind,
        /// Its id.
        id: i64,
    },
    /// A record that can show a fault.
    Find(Box<find::Request>),
    /// What a fault would do.
    Preview(Box<plan::Request>),
    /// Commit what was previewed.
    Apply {
        /// The request, its seed and clock fixed.
        request: Box<plan::Request>,
        /// The digest of the plan that was seen.
        digest: Digest,
    },
    /// A page of operations.
    Log {
        /// Only older ones than this.
        before: Option<u64>,
    },
    /// One operation, with its changes and what a revert would do.
    Operation(u64),
    /// Take operations back.
    Revert(revert::Request),
    /// Close what a crash left open.
    Recover,
    /// Verify journal and target.
    Verify,
    /// Run the checks.
    Check,
    /// Measure what they catch.
    Drill,
    /// A question to the data.
    Ask {
        /// Its name.
        query: &'static str,
        /// Its parameters.
        params: Map<String, Json>,
    },
    /// Entries of the journal, newest first.
    Entries {
        /// Only older ones than this.
        before: Option<u64>,
    },
}

/// Work that waits for its like: of each lane one job runs at a time, and the newest that waits is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobLane {
    /// How things stand.
    Status,
    /// Earlier drills.
    Drills,
    /// Lists of records.
    List,
    /// Their number.
    Count,
    /// One record.
    Record,
    /// The preview of a plan.
    Preview,
    /// Lists of operations.
    Log,
    /// One operation.
    Operation,
    /// Checks and audits, which take long and only read.
    Check,
    /// The audit.
    Verify,
    /// Questions to the data.
    Ask,
    /// Lists of entries.
    Journal,
    /// Whatever writes.
    Act,
}

impl Job {
    /// Returns the lane that it runs in.
    #[must_use]
    pub const fn lane(&self) -> JobLane {
        match self {
            Self::Status => JobLane::Status,
            Self::Drills => JobLane::Drills,
            Self::Page(_) => JobLane::List,
            Self::Count { .. } => JobLane::Count,
            Self::Record { .. } => JobLane::Record,
            Self::Preview(_) | Self::Find(_) => JobLane::Preview,
            Self::Log { .. } => JobLane::Log,
            Self::Operation(_) => JobLane::Operation,
            Self::Check => JobLane::Check,
            Self::Verify => JobLane::Verify,
            Self::Ask { .. } => JobLane::Ask,
            Self::Entries { .. } => JobLane::Journal,
            Self::Apply { .. } | Self::Revert(_) | Self::Recover | Self::Drill => JobLane::Act,
        }
    }

    /// Returns what it does, in a few words.
    #[must_use]
    pub const fn description(&self) -> &'static str {
        match self {
            Self::Status => "reading the state",
            Self::Drills => "reading earlier drills",
            Self::Page(_) => "reading records",
            Self::Count { .. } => "counting records",
            Self::Record { .. } => "reading the record",
            Self::Find(_) => "looking for a record",
            Self::Preview(_) => "planning",
            Self::Apply { .. } => "committing the fault",
            Self::Log { .. } => "reading operations",
            Self::Operation(_) => "reading the operation",
            Self::Revert(_) => "taking back",
            Self::Recover => "recovering",
            Self::Verify => "verifying",
            Self::Check => "checking",
            Self::Drill => "drilling",
            Self::Ask { .. } => "asking",
            Self::Entries { .. } => "reading the journal",
        }
    }
}

/// What came of a job.
#[derive(Debug)]
pub enum JobAnswer {
    /// Of [`Job::Status`].
    Status(Box<status::Outcome>),
    /// Of [`Job::Drills`].
    Drills(Box<drill::past::DrillList>),
    /// Of [`Job::Page`].
    Page(browse::Request, Box<browse::Outcome>),
    /// Of [`Job::Count`].
    Count(u64),
    /// Of [`Job::Record`].
    Record(Box<browse::WholeRecord>),
    /// Of [`Job::Find`].
    Found(Box<find::Outcome>),
    /// Of [`Job::Preview`].
    Preview(Box<Preview>),
    /// Of [`Job::Apply`].
    Applied(Box<apply::Outcome>),
    /// Of [`Job::Log`].
    Log(Box<log::Outcome>, Option<u64>),
    /// Of [`Job::Operation`].
    Operation(Box<OperationDetail>),
    /// Of [`Job::Revert`].
    Reverted(Box<revert::Outcome>),
    /// Of [`Job::Recover`].
    Recovered(Box<recover::Outcome>),
    /// Of [`Job::Verify`].
    Verified(Box<audit::Outcome>),
    /// Of [`Job::Check`].
    Checked(Box<checks::Outcome>),
    /// Of [`Job::Drill`].
    Drilled(Box<drill::Outcome>),
    /// Of [`Job::Ask`].
    Asked(Box<query::Outcome>),
    /// Of [`Job::Entries`].
    Entries(Vec<mfm_journal::Entry>, Option<u64>),
    /// Of any job.
    Failed(Box<Failure>),
}

/// What a fault would do.
#[derive(Debug)]
pub struct Preview {
    /// The request, its seed and clock fixed.
    pub request: plan::Request,
    /// What the plan says.
    pub plan: plan::Outcome,
    /// The field before and after.
    pub pictures: Option<browse::BeforeAfter>,
}

/// An operation whole.
#[derive(Debug)]
pub struct OperationDetail {
    /// What is known of it, with its changes.
    pub shown: show::Outcome,
    /// What a revert would do; `None` where nobody could be asked.
    pub explained: Option<explain::Outcome>,
    /// The field before and after.
    pub pictures: Option<browse::BeforeAfter>,
}
