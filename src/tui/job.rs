//! The jobs that the interface gives to its worker threads, and their answers.

use serde_json::{Map, Value as Json};

use crate::domain::record::RecordKind;
use crate::model::Digest;
use crate::ops::agents::approve;
use crate::ops::{
    Failure, apply, audit, browse, checks, drill, explain, find, log, plan, query, recover, revert, show, status,
};

/// A job for a worker thread, done by one of the operations.
#[derive(Clone, Debug, PartialEq)]
pub enum Job {
    /// Read the status of journal and target.
    Status,
    /// List the journal's drills.
    Drills,
    /// Read a page of records.
    Page(browse::Request),
    /// Count the records of a kind.
    Count {
        /// The kind of record to count.
        kind: &'static RecordKind,
        /// A column and the value it must have; `None` counts all.
        only: Option<(String, i64)>,
    },
    /// Read one record with all its columns.
    Record {
        /// The kind of the record.
        kind: &'static RecordKind,
        /// The id of the record.
        id: i64,
    },
    /// Find a record that is eligible for a fault.
    Find(Box<find::Request>),
    /// Plan a fault without committing it.
    Preview(Box<plan::Request>),
    /// Commit a previewed fault.
    Apply {
        /// The request, its seed and clock fixed.
        request: Box<plan::Request>,
        /// The digest of the plan that was shown.
        digest: Digest,
    },
    /// Read a page of operations, newest first.
    Log {
        /// Only those with a lower number; `None` reads the newest.
        before: Option<u64>,
    },
    /// Read one operation with its changes, and judge its revert.
    Operation(u64),
    /// Revert operations.
    Revert(revert::Request),
    /// Close operations that a crash left open.
    Recover,
    /// Audit the journal against its targets.
    Verify,
    /// Run the quality checks.
    Check,
    /// Run a drill.
    Drill,
    /// List the questions of agents.
    Approvals,
    /// Put an agent's question to the person, and record a yes.
    Approve {
        /// The question's code.
        code: String,
    },
    /// Run a query of the domain.
    Ask {
        /// The name of the query.
        query: &'static str,
        /// The parameters, named as in the query's schema.
        params: Map<String, Json>,
    },
    /// Read a page of the journal's entries, newest first.
    Entries {
        /// Only those with a lower number; `None` reads the newest.
        before: Option<u64>,
    },
}

/// A queue of jobs of one sort. Each lane runs one job at a time; of those that wait only the newest is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobLane {
    /// Readings of the status.
    Status,
    /// The list of drills.
    Drills,
    /// Pages of records.
    List,
    /// Counts of records.
    Count,
    /// One record.
    Record,
    /// The preview of a plan.
    Preview,
    /// Pages of operations.
    Log,
    /// One operation.
    Operation,
    /// The quality checks.
    Check,
    /// Audits.
    Verify,
    /// Queries of the domain.
    Ask,
    /// Pages of entries.
    Journal,
    /// The list of agents' questions.
    Approvals,
    /// Everything that writes to a target, or permits an agent to.
    Act,
}

impl Job {
    /// Returns the lane that the job runs in.
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
            Self::Approvals => JobLane::Approvals,
            Self::Apply { .. } | Self::Revert(_) | Self::Recover | Self::Drill | Self::Approve { .. } => JobLane::Act,
        }
    }

    /// Returns what the job does, as the status line shows it while it runs.
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
            Self::Approvals => "reading what agents ask",
            Self::Approve { .. } => "looking at what an agent asks",
        }
    }
}

/// The answer of a job. A page comes with the request or the number it was asked for, to tell whether it still fits.
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
    /// Of [`Job::Approvals`].
    Approvals(Box<approve::Outcome>),
    /// Of [`Job::Approve`].
    Approved(Box<approve::Outcome>),
    /// Of any job that failed.
    Failed(Box<Failure>),
}

/// What a fault would change.
#[derive(Debug)]
pub struct Preview {
    /// The request, its seed and clock fixed.
    pub request: plan::Request,
    /// The plan, with its first changes.
    pub plan: plan::Outcome,
    /// Pictures of the field before and after; `None` where there is nothing to draw.
    pub pictures: Option<browse::BeforeAfter>,
}

/// Everything that is known about an operation.
#[derive(Debug)]
pub struct OperationDetail {
    /// The operation with its changes.
    pub shown: show::Outcome,
    /// What a revert would do; `None` if that could not be judged, for example without the target.
    pub explained: Option<explain::Outcome>,
    /// Pictures of the field before and after; `None` where there is nothing to draw.
    pub pictures: Option<browse::BeforeAfter>,
}
