//! Findings grouped by what they are about: one fault is one group with its rows, whatever the number of its findings.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::CheckSession;
use super::exhibits::by_fingerprint;
use super::fingerprint;
use super::lines::{FindingLine, Outcome, RelatedLine, key_to_json};
use crate::domain::subject::FindingSubject;
use crate::model::{Finding, Key, Severity};
use crate::ops::cell::{self, CHANGES_MAX};
use crate::ops::select::read_through;
use crate::targets::Target;

/// Maximum number of rows that a group lists for a check; the others are counted.
const ROWS_MAX: usize = 50;

/// New findings about one record, worst first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FindingGroup {
    /// The kind of the record, such as field, delivery or patient; else the name of its table.
    pub record: &'static str,
    /// The record's table.
    pub table: &'static str,
    /// The record's key, by column.
    pub key: Json,
    /// What people recognise it by, such as hospital number, label, machine and time; by the names that `find` uses.
    pub facts: Map<String, Json>,
    /// The severity of its worst finding.
    #[serde(flatten, serialize_with = "crate::ops::severity::of_check")]
    pub severity: Severity,
    /// What each check says about it, worst first.
    pub checks: Vec<GroupedCheck>,
}

/// What one check says about a record.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupedCheck {
    /// The check's id.
    pub check: &'static str,
    /// The severity of its worst finding here.
    #[serde(flatten, serialize_with = "crate::ops::severity::of_check")]
    pub severity: Severity,
    /// What is wrong, by its first finding.
    pub message: String,
    /// The rows that its findings name, violating ones first; at most fifty.
    pub rows: Vec<RelatedLine>,
    /// The number of all rows that its findings name.
    pub rows_total: u64,
    /// The fingerprints of its findings.
    pub fingerprints: Vec<String>,
}

impl FindingGroup {
    /// Groups the new findings of an outcome; of more than a thousand, the first thousand.
    pub(super) fn gather(session: &CheckSession, target: &mut dyn Target, outcome: &Outcome) -> Vec<Self> {
        let by_fingerprint = by_fingerprint(session);
        let mut listed: Vec<(&FindingLine, &Finding)> = Vec::new();
        for line in outcome.new_findings().take(CHANGES_MAX) {
            // Occurrence 1 for all, as where exhibits are gathered.
            let fingerprint = fingerprint::digest_finding(line.check, line.table, &line.key, &line.what, 1);
            listed.extend(by_fingerprint.get(&fingerprint).map(|finding| (line, *finding)));
        }
        let rows: Vec<(&'static str, Key)> =
            listed.iter().map(|(_, finding)| (finding.table, finding.key.clone())).collect();
        let described = read_through(target, |snapshot| session.domain.describe_subjects(&rows, snapshot));
        // A target that lacks a column by which records are recognised has its findings all the same.
        let subjects = described.unwrap_or_else(|_| {
            let kinds = session.domain.kinds();
            rows.iter().map(|(table, key)| FindingSubject::of_row(kinds, table, key)).collect()
        });
        build_groups(session, &listed, &subjects)
    }
}

fn build_groups(
    session: &CheckSession,
    listed: &[(&FindingLine, &Finding)],
    subjects: &[FindingSubject],
) -> Vec<FindingGroup> {
    let mut groups: Vec<FindingGroup> = Vec::new();
    let mut places: BTreeMap<usize, usize> = BTreeMap::new();
    let members = join_findings(listed, subjects);
    for (at, (line, finding)) in listed.iter().enumerate() {
        let (Some(leader), Some(subject)) = (members.get(at), subjects.get(at)) else { continue };
        let next = groups.len();
        let place = *places.entry(*leader).or_insert(next);
        if place == next {
            groups.push(FindingGroup::new(session, subject, line.severity));
        }
        if let Some(group) = groups.get_mut(place) {
            group.add_finding(session, line, finding);
        }
    }
    // After all violating rows, so that these come first.
    for (at, (line, finding)) in listed.iter().enumerate() {
        let place = members.get(at).and_then(|leader| places.get(leader));
        if let Some(group) = place.and_then(|place| groups.get_mut(*place)) {
            group.add_related(session, line, finding);
        }
    }
    groups
}

/// Returns for each finding the index of the first one that it belongs together with: both have one subject, or one
/// names the row of the other beside its own.
fn join_findings(listed: &[(&FindingLine, &Finding)], subjects: &[FindingSubject]) -> Vec<usize> {
    let mut leaders: Vec<usize> = (0..listed.len()).collect();
    let (mut by_row, mut by_subject) = (BTreeMap::new(), BTreeMap::new());
    for (at, (_, finding)) in listed.iter().enumerate() {
        by_row.entry((finding.table, &finding.key)).or_insert(at);
        if let Some(subject) = subjects.get(at) {
            let first = *by_subject.entry((subject.table, &subject.key)).or_insert(at);
            join_two(&mut leaders, first, at);
        }
    }
    for (at, (_, finding)) in listed.iter().enumerate() {
        for (table, key) in &finding.related {
            if let Some(other) = by_row.get(&(*table, key)) {
                join_two(&mut leaders, *other, at);
            }
        }
    }
    (0..listed.len()).map(|at| find_leader(&leaders, at)).collect()
}

fn join_two(leaders: &mut [usize], one: usize, other: usize) {
    let (one, other) = (find_leader(leaders, one), find_leader(leaders, other));
    // The lower index leads: findings come worst first.
    if let Some(leader) = leaders.get_mut(one.max(other)) {
        *leader = one.min(other);
    }
}

fn find_leader(leaders: &[usize], mut at: usize) -> usize {
    while let Some(leader) = leaders.get(at).filter(|leader| **leader != at) {
        at = *leader;
    }
    at
}

impl FindingGroup {
    /// Tells whether the group holds the finding of a fingerprint.
    #[must_use]
    pub fn holds(&self, fingerprint: &str) -> bool {
        self.checks.iter().any(|check| check.fingerprints.iter().any(|known| known == fingerprint))
    }

    /// Returns what people recognise the record by, as `ida LAB000001, label A1`.
    #[must_use]
    pub fn render_facts(&self) -> String {
        let facts = self.facts.iter().map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("{name} {text}")
        });
        facts.collect::<Vec<_>>().join(", ")
    }

    fn new(session: &CheckSession, subject: &FindingSubject, severity: Severity) -> Self {
        let facts = subject.facts.iter().map(|fact| (fact.name.to_owned(), cell::to_json(&fact.value))).collect();
        let key = key_to_json(&session.held, subject.table, &subject.key);
        Self { record: subject.word, table: subject.table, key, facts, severity, checks: Vec::new() }
    }

    fn add_finding(&mut self, session: &CheckSession, line: &FindingLine, finding: &Finding) {
        let place = self.checks.iter().position(|known| known.check == line.check);
        let place = place.unwrap_or_else(|| {
            self.checks.push(GroupedCheck {
                check: line.check,
                severity: line.severity,
                message: line.message.clone(),
                rows: Vec::new(),
                rows_total: 0,
                fingerprints: Vec::new(),
            });
            self.checks.len() - 1
        });
        let Some(check) = self.checks.get_mut(place) else { return };
        check.fingerprints.push(line.fingerprint.clone());
        check.add_row(RelatedLine {
            table: finding.table,
            key: key_to_json(&session.held, finding.table, &finding.key),
        });
    }

    /// Adds the further rows of a finding that was added before, but for the record itself.
    fn add_related(&mut self, session: &CheckSession, line: &FindingLine, finding: &Finding) {
        let Some(check) = self.checks.iter_mut().find(|known| known.check == line.check) else { return };
        for (table, key) in &finding.related {
            let row = RelatedLine { table, key: key_to_json(&session.held, table, key) };
            if row.table != self.table || row.key != self.key {
                check.add_row(row);
            }
        }
    }
}

impl GroupedCheck {
    fn add_row(&mut self, row: RelatedLine) {
        if !self.rows.contains(&row) {
            self.rows_total += 1;
            if self.rows.len() < ROWS_MAX {
                self.rows.push(row);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use mfm_journal::Value;

    use super::*;

    fn finding(table: &'static str, key: i64, related: &[(&'static str, i64)]) -> Finding {
        let related = related.iter().map(|(table, key)| (*table, vec![Value::Integer(*key)])).collect();
        Finding {
            check: "check",
            severity: Severity::Low,
            table,
            key: vec![Value::Integer(key)],
            related,
            what: "what=1".into(),
            message: "message".into(),
        }
    }

    #[test]
    fn findings_of_one_fault_belong_together() {
        let findings = [
            finding("dose", 1, &[]),
            finding("point", 7, &[]),
            finding("delivery", 5, &[("dose", 1)]),
            finding("point", 8, &[]),
            finding("delivery", 6, &[("dose", 2)]),
        ];
        let snapshot = crate::model::Snapshot::default();
        let lines: Vec<FindingLine> = findings.iter().map(|one| FindingLine::new(one, &snapshot)).collect();
        let listed: Vec<(&FindingLine, &Finding)> = lines.iter().zip(&findings).collect();
        let subject = |at: usize| {
            let (table, key) = if findings[at].table == "point" {
                ("field", 3)
            } else {
                (findings[at].table, i64::try_from(at).unwrap())
            };
            FindingSubject { word: table, table, key: vec![Value::Integer(key)], facts: Vec::new() }
        };
        let subjects: Vec<FindingSubject> = (0..findings.len()).map(subject).collect();
        assert_eq!(join_findings(&listed, &subjects), [0, 1, 0, 1, 4]);
    }
}
