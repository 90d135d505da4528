//! The audit: reads a whole journal, trusts none of it, and lists what does not hold. It repairs nothing.

mod data;
pub(crate) mod examine;
mod file;
mod structure;

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;
use serde::Serialize;

use crate::digest::Digest;
use crate::entry::Head;
use crate::error::JournalError;
use crate::open::{check_auditable, connect_read};

/// How deep an audit looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Depth {
    /// The file, the schema, the chain, the tree, the order of operations, the stored projection.
    Structure,
    /// All that, and every body and image down to its last byte.
    Data,
}

/// The result of an audit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AuditReport {
    /// The digest of entry 1, as computed; `None` where there is none to read.
    pub journal_id: Option<Digest>,
    /// How many entries there are.
    pub entries: u64,
    /// How many of them are intents.
    pub operations: u64,
    /// The newest entry, with the digest it claims.
    pub head: Option<Head>,
    /// The root of the RFC 6962 tree over the digests claimed; `None` where an entry is missing or unreadable.
    pub root: Option<Digest>,
    /// Ranges `[first, last]` of entries that an anchor covers. Always empty here: this crate sees no anchors.
    pub anchored: Vec<[u64; 2]>,
    /// Ranges of entries that hold together, without an anchor outside the journal.
    pub unanchored: Vec<[u64; 2]>,
    /// Ranges that cannot be judged: from the first entry with a finding to the head.
    pub unverifiable: Vec<[u64; 2]>,
    /// How many entries there are of each kind that this version does not know.
    pub unknown_kinds: BTreeMap<String, u64>,
    /// What does not hold, at most 10 000 of them. Empty means that every check passed.
    pub findings: Vec<AuditFinding>,
}

/// One rule that the journal breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditFinding {
    /// The stable name of the rule that is broken.
    pub code: String,
    /// The entry, where one entry breaks it.
    pub seq: Option<u64>,
    /// The operation, where it concerns one.
    pub op: Option<u64>,
    /// The chunk, where it concerns one.
    pub chunk: Option<Digest>,
    /// What was expected, and what is there.
    pub message: String,
}

/// Beyond this many findings an audit only counts: a ruined file would fill the memory otherwise.
const FINDINGS_MAX: usize = 10_000;

struct Auditor<'p> {
    conn: &'p Connection,
    depth: Depth,
    out: AuditReport,
    more_findings: u64,
    done: u64,
    total: u64,
    progress: &'p mut dyn FnMut(u64, u64),
}

/// Audits the journal at a path. `progress` receives the number of entries and chunks read, and their total.
///
/// # Errors
/// Only where the file cannot be audited at all: [`JournalError::Missing`], [`JournalError::NotAJournal`],
/// [`JournalError::Newer`], [`JournalError::CopyTheWal`], or a file that SQLite cannot open.
pub fn audit(path: &Path, depth: Depth, progress: &mut dyn FnMut(u64, u64)) -> Result<AuditReport, JournalError> {
    let conn = connect_read(path)?;
    check_auditable(&conn, path)?;
    let out = AuditReport::default();
    let mut auditor = Auditor { conn: &conn, depth, out, more_findings: 0, done: 0, total: 0, progress };
    // One read transaction for the whole audit: another process may append meanwhile.
    let begun = conn.execute_batch("BEGIN");
    auditor.note_error("file_unreadable", begun);
    auditor.audit_file();
    auditor.count_total();
    auditor.audit_structure();
    Ok(auditor.finish())
}

impl Auditor<'_> {
    fn count_total(&mut self) {
        self.total = self.count_rows("SELECT count(*) FROM entry");
        if self.depth == Depth::Data {
            self.total += self.count_rows("SELECT count(*) FROM chunk");
        }
        (self.progress)(0, self.total);
    }

    /// Returns a count, 0 if it fails: it only serves the progress, and a later read reports the failure.
    fn count_rows(&self, sql: &str) -> u64 {
        self.conn.query_row(sql, [], |row| crate::entry::read_unsigned(row, 0)).unwrap_or(0)
    }

    fn advance(&mut self) {
        self.done += 1;
        if self.done.is_multiple_of(64) || self.done >= self.total {
            // A chunk that two operations share is counted twice, which would exceed the total.
            (self.progress)(self.done.min(self.total), self.total);
        }
    }

    fn report_finding(&mut self, code: &str, message: impl Into<String>) {
        self.push(AuditFinding { code: code.to_owned(), seq: None, op: None, chunk: None, message: message.into() });
    }

    fn report_entry(&mut self, code: &str, seq: u64, op: Option<u64>, message: impl Into<String>) {
        self.push(AuditFinding { code: code.to_owned(), seq: Some(seq), op, chunk: None, message: message.into() });
    }

    fn report_chunk(&mut self, code: &str, op: Option<u64>, chunk: Option<Digest>, message: impl Into<String>) {
        self.push(AuditFinding { code: code.to_owned(), seq: None, op, chunk, message: message.into() });
    }

    fn push(&mut self, finding: AuditFinding) {
        if self.out.findings.len() < FINDINGS_MAX {
            self.out.findings.push(finding);
        } else {
            self.more_findings += 1;
        }
    }

    fn note_error<T, E: std::fmt::Display>(&mut self, code: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.report_finding(code, error.to_string())).ok()
    }

    fn finish(mut self) -> AuditReport {
        let head = self.out.head.map_or(0, |head| head.seq);
        let first_bad = self.out.findings.iter().filter_map(|finding| finding.seq).min();
        // Everything after a bad entry hangs on its digest, so nothing from there on can be judged.
        let good = first_bad.map_or(head, |seq| head.min(seq.saturating_sub(1)));
        if good > 0 {
            self.out.unanchored.push([1, good]);
        }
        if let Some(first) = first_bad.filter(|first| *first <= head) {
            self.out.unverifiable.push([first, head]);
        }
        if self.more_findings > 0 {
            let message = format!("{} more findings are not listed", self.more_findings);
            let (seq, op, chunk) = (None, None, None);
            self.out.findings.push(AuditFinding { code: "more_findings".to_owned(), seq, op, chunk, message });
        }
        (self.progress)(self.total, self.total);
        self.out
    }
}
