//! The fold: computes the present state from a journal's entries. Pure; it reads no database.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::digest::Digest;
use crate::entry::Entry;
use crate::label::FaultLabel;
use crate::operation::{IntendedBody, OperationAction, OperationVerdict};

/// The version of the rules below. A stored state of another version is folded again from the first entry.
pub const FOLD_VERSION: i64 = 3;

/// The present: open and active operations, targets, counts. It does not grow with closed history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalState {
    /// The number of the next operation.
    pub next_op: u64,
    /// Operations without a verdict.
    pub open: BTreeMap<u64, OpenOperation>,
    /// Applied operations of even depth that have rows left in their target.
    pub active: BTreeMap<u64, ActiveOperation>,
    /// Targets by name.
    pub targets: BTreeMap<String, TargetState>,
    /// How many entries there are of each known kind.
    pub counts: BTreeMap<String, u64>,
    /// How many entries there are of kinds that this version does not know.
    pub unknown: u64,
}

/// An operation without a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenOperation {
    /// The digest of its `intended` entry.
    pub uid: Digest,
    /// The target's identity.
    pub identity: Digest,
    /// The target's name.
    pub target: String,
    /// Apply or revert.
    pub action: OperationAction,
    /// The names of the fault, and its severity.
    #[serde(flatten)]
    pub label: FaultLabel,
    /// The operation that it takes back.
    pub reverts: Option<u64>,
    /// 0 for an apply, else one more than that of the operation it takes back.
    pub depth: u32,
    /// How many of its changes write.
    pub rows: u64,
    /// How many rows a revert found in the wanted state already.
    pub kept: u64,
}

/// An operation whose changes are in the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActiveOperation {
    /// The digest of its `intended` entry.
    pub uid: Digest,
    /// The target's identity.
    pub identity: Digest,
    /// The target's name.
    pub target: String,
    /// The names of the fault, and its severity.
    #[serde(flatten)]
    pub label: FaultLabel,
    /// The operation that it takes back.
    pub reverts: Option<u64>,
    /// Even: 0 for an apply, 2 for a revert of a revert, and so on.
    pub depth: u32,
    /// How many of its changes wrote.
    pub rows: u64,
    /// How many of these rows no revert has put back yet.
    pub rows_left: u64,
}

/// What the journal knows of a target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetState {
    /// Where it is.
    pub url: String,
    /// Its identity while it is marked.
    pub identity: Option<Digest>,
    /// The id of its marker while it is marked.
    pub marker_id: Option<String>,
    /// The identities it had since its mark: more than one after moves.
    pub lineage: Vec<Digest>,
    /// Whether this program generated it or imported it.
    pub lab: bool,
    /// What kind of data it holds; `None` where no entry says, as in journals of the first release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Whether everything in it is invented; `None` where no entry says, as in journals of the first release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synthetic: Option<bool>,
    /// The newest operation applied to it since it was marked.
    pub newest: Option<NewestOperation>,
}

/// The newest operation applied to a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewestOperation {
    /// The operation's number in this journal.
    pub op: u64,
    /// The digest of its `intended` entry.
    pub uid: Digest,
}

impl Default for JournalState {
    fn default() -> Self {
        Self {
            next_op: 1,
            open: BTreeMap::new(),
            active: BTreeMap::new(),
            targets: BTreeMap::new(),
            counts: BTreeMap::new(),
            unknown: 0,
        }
    }
}

#[derive(Deserialize)]
struct AddedBody {
    name: String,
    url: String,
    #[serde(default)]
    domain: Option<String>,
    #[serde(default)]
    synthetic: Option<bool>,
}

#[derive(Deserialize)]
struct MarkedBody {
    name: String,
    url: String,
    identity: Digest,
    marker_id: String,
    lab: bool,
    moved_from: Option<Digest>,
    #[serde(default)]
    domain: Option<String>,
    #[serde(default)]
    synthetic: Option<bool>,
}

#[derive(Deserialize)]
struct NamedTarget {
    name: String,
}

#[derive(Deserialize)]
struct SealedBody {
    uid: Digest,
    verdict: OperationVerdict,
}

/// The fields of a `gone` entry's body besides its verdict.
#[derive(Deserialize)]
struct GoneBody {
    uid: Digest,
    #[serde(default)]
    newest: Option<NewestOperation>,
    #[serde(default)]
    reactivates: Option<ReactivatedOperation>,
}

/// An operation that is active again because its target lost a revert of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReactivatedOperation {
    /// The operation's number in this journal.
    pub op: u64,
    /// Its entry in the active operations from now on.
    pub operation: ActiveOperation,
}

impl JournalState {
    /// Returns the active operations on a target, oldest first.
    pub fn active_on(&self, target: &str) -> impl DoubleEndedIterator<Item = (u64, &ActiveOperation)> {
        self.active.iter().filter(move |(_, active)| active.target == target).map(|(op, active)| (*op, active))
    }

    /// Returns the open operations on a target, oldest first.
    pub fn open_on(&self, target: &str) -> impl DoubleEndedIterator<Item = (u64, &OpenOperation)> {
        self.open.iter().filter(move |(_, open)| open.target == target).map(|(op, open)| (*op, open))
    }

    /// Tells whether anything is active or open on a target.
    #[must_use]
    pub fn has_operations_on(&self, target: &str) -> bool {
        self.active_on(target).next().is_some() || self.open_on(target).next().is_some()
    }

    /// Tells whether the fold knows a kind of entry.
    #[must_use]
    pub fn is_known_kind(kind: &str) -> bool {
        OperationVerdict::from_kind(kind).is_some()
            || matches!(kind, "opened" | "intended" | "baseline" | "agent_refused")
            || is_target_kind(kind)
            || is_drill_kind(kind)
    }

    /// Applies the next entry to the state. An entry that does not fit leaves the state unchanged.
    ///
    /// A `gone` entry is not checked against the verdict before it: the state does not keep closed operations.
    ///
    /// # Errors
    /// The rule that the entry breaks, as a sentence about the entry.
    pub fn fold_entry(&mut self, entry: &Entry) -> Result<(), String> {
        match entry.kind.as_str() {
            kind if (entry.seq == 1) != (kind == "opened") => return Err("only entry 1 may open a journal".to_owned()),
            "intended" => self.fold_intended(entry)?,
            kind if OperationVerdict::from_kind(kind).is_some() => self.fold_verdict(entry)?,
            kind if !Self::is_known_kind(kind) => {
                // A later version may add kinds. They are counted and chained, and mean nothing to this fold.
                self.unknown += 1;
                return Ok(());
            }
            _ if entry.op.is_some() => return Err(format!("an entry of kind `{}` names an operation", entry.kind)),
            kind if is_target_kind(kind) => self.fold_target(kind, &entry.body)?,
            _ => {}
        }
        *self.counts.entry(entry.kind.clone()).or_default() += 1;
        Ok(())
    }

    fn fold_intended(&mut self, entry: &Entry) -> Result<(), String> {
        let body: IntendedBody = parse_body(&entry.body)?;
        if entry.op != Some(self.next_op) {
            return Err(format!("the next operation is {}", self.next_op));
        }
        let reverts_before = body.reverts.is_none_or(|reverted| reverted > 0 && reverted < self.next_op);
        let whole = (body.action == OperationAction::Revert) == body.reverts.is_some()
            && body.reverts.is_some() == body.reverted_uid.is_some()
            && body.reverts.is_some() == (body.depth > 0);
        if !whole || !reverts_before {
            return Err("it does not say which earlier operation it takes back".to_owned());
        }
        let open = OpenOperation {
            uid: entry.digest,
            identity: body.target.identity,
            target: body.target.name,
            action: body.action,
            label: body.label,
            reverts: body.reverts,
            depth: body.depth,
            rows: body.rows,
            kept: body.kept,
        };
        self.open.insert(self.next_op, open);
        self.next_op += 1;
        Ok(())
    }

    fn fold_verdict(&mut self, entry: &Entry) -> Result<(), String> {
        let body: SealedBody = parse_body(&entry.body)?;
        let op = entry.op.filter(|op| *op < self.next_op).ok_or("it names no operation")?;
        if body.verdict.as_str() != entry.kind {
            return Err("its body gives a different verdict".to_owned());
        }
        if body.verdict == OperationVerdict::Gone {
            return self.fold_gone(op, parse_body(&entry.body)?);
        }
        let open = self.open.get(&op).ok_or_else(|| format!("operation {op} is not open"))?;
        if open.uid != body.uid {
            return Err(format!("its uid is not that of operation {op}"));
        }
        if let Some(open) = self.open.remove(&op).filter(|_| body.verdict == OperationVerdict::Applied) {
            self.fold_applied(op, open);
        }
        Ok(())
    }

    fn fold_applied(&mut self, op: u64, done: OpenOperation) {
        // By lineage, not by name: a moved target has another identity, and several names may share one database.
        for target in self.targets.values_mut().filter(|target| target.lineage.contains(&done.identity)) {
            target.newest = Some(NewestOperation { op, uid: done.uid });
        }
        if let Some(reverted) = done.reverts
            && let Some(active) = self.active.get_mut(&reverted)
        {
            // Kept rows count as put back too: the revert found them as they were before the fault.
            active.rows_left = active.rows_left.saturating_sub(done.rows.saturating_add(done.kept));
            if active.rows_left == 0 {
                self.active.remove(&reverted);
            }
        }
        // An even depth puts a fault in (an apply, or a revert of a revert); an odd depth only takes one out.
        if done.depth.is_multiple_of(2) && done.rows > 0 {
            let active = ActiveOperation {
                uid: done.uid,
                identity: done.identity,
                target: done.target,
                label: done.label,
                reverts: done.reverts,
                depth: done.depth,
                rows: done.rows,
                rows_left: done.rows,
            };
            self.active.insert(op, active);
        }
    }

    /// Folds an operation that its target lost: it is no longer active, and if it was a revert, its rows carry the
    /// fault again. The state keeps neither closed operations nor older committed ones, so the entry itself says
    /// which operation is active again and which one is the newest now.
    fn fold_gone(&mut self, op: u64, gone: GoneBody) -> Result<(), String> {
        if self.open.contains_key(&op) {
            return Err(format!("operation {op} is still open"));
        }
        if self.active.get(&op).is_some_and(|active| active.uid != gone.uid) {
            return Err(format!("its uid is not that of operation {op}"));
        }
        self.active.remove(&op);
        if let Some(again) = gone.reactivates {
            self.active.insert(again.op, again.operation);
        }
        for target in self.targets.values_mut().filter(|t| t.newest.is_some_and(|newest| newest.uid == gone.uid)) {
            target.newest = gone.newest;
        }
        Ok(())
    }

    fn fold_target(&mut self, kind: &str, body: &Json) -> Result<(), String> {
        match kind {
            "target_added" => {
                let AddedBody { name, url, domain, synthetic } = parse_body(body)?;
                // Also in place of a target of this name: adding it again resets it.
                self.targets.insert(name, TargetState { url, domain, synthetic, ..TargetState::default() });
            }
            "target_marked" => self.fold_marked(parse_body(body)?),
            "target_unmarked" => {
                let named: NamedTarget = parse_body(body)?;
                if let Some(target) = self.targets.get_mut(&named.name) {
                    (target.identity, target.marker_id, target.newest) = (None, None, None);
                    target.synthetic = None;
                    target.lineage.clear();
                }
            }
            _ => {
                let named: NamedTarget = parse_body(body)?;
                self.targets.remove(&named.name);
            }
        }
        Ok(())
    }

    fn fold_marked(&mut self, marked: MarkedBody) {
        let target = self.targets.entry(marked.name).or_default();
        if marked.moved_from.is_none() {
            target.lineage.clear();
            target.newest = None;
        }
        target.url = marked.url;
        target.lineage.push(marked.identity);
        target.identity = Some(marked.identity);
        target.marker_id = Some(marked.marker_id);
        target.lab = marked.lab;
        // The domain is kept from an earlier mark. `synthetic` is not: it decides which safeguards apply, so each mark
        // has to state it.
        target.domain = marked.domain.or_else(|| target.domain.take());
        target.synthetic = marked.synthetic;
    }
}

fn is_target_kind(kind: &str) -> bool {
    matches!(kind, "target_added" | "target_marked" | "target_unmarked" | "target_removed")
}

/// Entries of a drill, an experiment of the caller. They are counted; their bodies are not interpreted.
fn is_drill_kind(kind: &str) -> bool {
    matches!(kind, "drill_begun" | "drill_trial" | "drill_ended")
}

fn parse_body<'a, T: Deserialize<'a>>(body: &'a Json) -> Result<T, String> {
    T::deserialize(body).map_err(|error| format!("its body is incomplete: {error}"))
}
