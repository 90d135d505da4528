//! Audit of entries: digests, chain, tree, the order of operations, and the stored projection.

use rusqlite::Row;
use serde::Deserialize as _;

use super::data::ReferencedChunks;
use super::{Auditor, Depth};
use crate::body;
use crate::digest::Digest;
use crate::entry::{COLUMNS, Entry, Head, Record, read_unsigned};
use crate::fold::{FOLD_VERSION, JournalState};
use crate::operation::{IntendedBody, OperationVerdict};
use crate::projection::{FoldedClaim, Projection};
use crate::tree::Frontier;

/// What later entries are judged by: reverts by uid and depth, verdicts by the verdict before.
struct RememberedOperation {
    uid: Digest,
    depth: u32,
    verdict: Option<OperationVerdict>,
}

/// Running state of the walk over the entries.
struct EntryWalk {
    head: Head,
    tree: Frontier,
    state: JournalState,
    /// Operation `n` is at `n - 1`.
    operations: Vec<RememberedOperation>,
    /// The stored projection, until the walk reaches the entry it was folded up to.
    projection: Option<Projection>,
    /// Whether every entry so far was present and readable. Without that there is no root to report.
    whole: bool,
    referenced: ReferencedChunks,
}

impl Auditor<'_> {
    pub(super) fn audit_structure(&mut self) {
        let mut walk = EntryWalk {
            head: Head { seq: 0, digest: Digest::ZERO },
            tree: Frontier::new(),
            state: JournalState::default(),
            operations: Vec::new(),
            projection: self.stored_projection(),
            whole: true,
            referenced: ReferencedChunks::default(),
        };
        let walked = self.walk_entries(&mut walk);
        if self.note_error("entries_unreadable", walked).is_none() {
            walk.whole = false;
        }
        if walk.head.seq == 0 {
            self.report_finding("no_entries", "the journal has no entry");
        } else {
            self.out.head = Some(walk.head);
            self.out.root = walk.whole.then(|| walk.tree.root());
        }
        if let Some(stored) = walk.projection.take() {
            let message = format!("it was stored at entry {}, but the newest is {}", stored.seq, walk.head.seq);
            self.report_finding("projection", message);
        }
        if self.depth == Depth::Data {
            self.audit_unreferenced_chunks(&walk.referenced);
        }
    }

    /// Returns the stored projection. Every journal has one, perhaps of an earlier entry; its digest must match.
    fn stored_projection(&mut self) -> Option<Projection> {
        let stored = self.note_error("projection", Projection::load(self.conn))?;
        let Some(stored) = stored else {
            self.report_finding("projection", "there is no stored projection");
            return None;
        };
        if !self.note_error("projection", Projection::is_alone(self.conn))? {
            self.report_finding("projection", "there are additional rows");
            return None;
        }
        if stored.compute_digest() != stored.digest {
            self.report_finding("projection", "its digest does not match its content");
            return None;
        }
        // A projection made by the rules of a later version cannot be compared here.
        (2..=FOLD_VERSION).contains(&stored.fold).then_some(stored)
    }

    fn walk_entries(&mut self, walk: &mut EntryWalk) -> rusqlite::Result<()> {
        // NOT INDEXED reads the table itself: a damaged index must not hide an entry.
        let sql = format!("SELECT {COLUMNS} FROM entry NOT INDEXED ORDER BY seq");
        let conn = self.conn;
        let mut statement = conn.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            self.visit_row(walk, row)?;
            self.out.entries += 1;
            self.advance();
        }
        Ok(())
    }

    fn visit_row(&mut self, walk: &mut EntryWalk, row: &Row<'_>) -> rusqlite::Result<()> {
        let seq = read_unsigned(row, 0)?;
        if seq != walk.head.seq + 1 {
            walk.whole = false;
            // The finding names the first missing entry, because everything from there on cannot be judged.
            let missing = seq.min(walk.head.seq + 1);
            let message = format!("entry {seq} comes after entry {}", walk.head.seq);
            self.report_entry("entry_gap", missing, None, message);
        }
        match Record::from_row(row) {
            Ok(record) => self.visit_record(walk, record),
            Err(error) => {
                walk.whole = false;
                walk.head = Head { seq, digest: Digest::ZERO };
                self.report_entry("entry_unreadable", seq, None, error.to_string());
            }
        }
        Ok(())
    }

    fn visit_record(&mut self, walk: &mut EntryWalk, record: Record) {
        let (seq, op, claimed) = (record.seq, record.op, record.digest);
        if seq == 1 {
            self.out.journal_id = Some(record.compute_digest());
        }
        if record.prev != walk.head.digest {
            self.report_entry("entry_chain", seq, op, "it does not name the digest of the entry before");
        }
        // Kept only at this depth: canonical form costs writing every body again.
        let text = (self.depth == Depth::Data).then(|| record.body.clone());
        match record.into_verified_entry() {
            Ok(entry) => {
                if text.is_some_and(|text| body::to_canonical_json(&entry.body).ok() != Some(text)) {
                    self.report_entry("entry_body", seq, op, "its body is not canonical JSON");
                }
                self.check_folded(walk, &entry);
                self.visit_entry(walk, &entry);
            }
            Err(what) => self.report_entry("entry_digest", seq, op, what),
        }
        // The tree and the chain go on with the digest that the entry claims: a wrong digest is one finding, and the
        // entries after it are judged by their own.
        walk.head = Head { seq, digest: claimed };
        walk.tree.push_leaf(claimed.as_bytes());
        self.compare_projection(walk);
    }

    fn visit_entry(&mut self, walk: &mut EntryWalk, entry: &Entry) {
        if !JournalState::is_known_kind(&entry.kind) {
            *self.out.unknown_kinds.entry(entry.kind.clone()).or_default() += 1;
        }
        if let Err(why) = walk.state.fold_entry(entry) {
            self.report_entry("entry_order", entry.seq, entry.op, why);
        }
        if self.depth == Depth::Data {
            self.audit_documents(entry, &mut walk.referenced);
        }
        if entry.kind == "intended" {
            self.visit_intended(walk, entry);
        } else if let (Some(verdict), Some(op)) = (OperationVerdict::from_kind(&entry.kind), entry.op) {
            self.visit_verdict(walk, entry, op, verdict);
        }
    }

    fn visit_intended(&mut self, walk: &mut EntryWalk, entry: &Entry) {
        self.out.operations += 1;
        // If the body cannot be read, the fold has already reported it.
        let Ok(body) = IntendedBody::deserialize(&entry.body) else { return };
        if let Some(reverted) = body.reverts {
            let known = find_operation(&mut walk.operations, reverted);
            let matches = known.is_some_and(|known| {
                body.reverted_uid == Some(known.uid) && known.depth.checked_add(1) == Some(body.depth)
            });
            if !matches {
                let message = format!("operation {reverted}, which it takes back, has another uid or depth");
                self.report_entry("entry_order", entry.seq, entry.op, message);
            }
        }
        if entry.op == Some(walk.operations.len() as u64 + 1) {
            walk.operations.push(RememberedOperation { uid: entry.digest, depth: body.depth, verdict: None });
        }
        if self.depth == Depth::Data {
            self.audit_images(entry.op, &body, &mut walk.referenced);
        }
    }

    /// Judges `gone` verdicts. The fold judges all others, but it does not remember closed operations.
    fn visit_verdict(&mut self, walk: &mut EntryWalk, entry: &Entry, op: u64, verdict: OperationVerdict) {
        let Some(known) = find_operation(&mut walk.operations, op) else { return };
        // A uid that does not parse is no match.
        let uid = entry.body.get("uid").and_then(|uid| uid.as_str()).and_then(|uid| uid.parse().ok());
        let legal = verdict.may_follow(known.verdict) && uid == Some(known.uid);
        // Remembered even if illegal, so that one bad entry is reported once and not at every later one.
        known.verdict = Some(verdict);
        if verdict == OperationVerdict::Gone && !legal {
            let message = format!("operation {op} was not applied under this uid");
            self.report_entry("entry_order", entry.seq, entry.op, message);
        }
    }

    /// Checks an entry's `folded` against the fold of the entries before it. One made by the rules of another version
    /// cannot be compared, and passes.
    fn check_folded(&mut self, walk: &EntryWalk, entry: &Entry) {
        let Some(claim) = FoldedClaim::from_body(&entry.body) else { return };
        let computed = Projection::new(walk.head, &walk.tree, &walk.state).map(|projection| projection.to_folded());
        match claim {
            Ok(claim) if claim.fold != FOLD_VERSION || computed.is_ok_and(|computed| computed == claim) => {}
            Ok(_) => {
                self.report_entry("entry_folded", entry.seq, entry.op, "the entries before it give a different state");
            }
            Err(why) => self.report_entry("entry_folded", entry.seq, entry.op, why),
        }
    }

    fn compare_projection(&mut self, walk: &mut EntryWalk) {
        let Some(stored) = walk.projection.take_if(|stored| stored.seq == walk.head.seq) else { return };
        match Projection::by_rules(stored.fold, walk.head, &walk.tree, &walk.state) {
            Ok(folded) if folded == stored => {}
            _ => self.report_finding(
                "projection",
                format!("it differs from the state that entries 1 to {} give", walk.head.seq),
            ),
        }
    }
}

fn find_operation(operations: &mut [RememberedOperation], op: u64) -> Option<&mut RememberedOperation> {
    let at = usize::try_from(op.checked_sub(1)?).ok()?;
    operations.get_mut(at)
}
