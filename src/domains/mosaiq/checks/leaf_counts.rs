//! Leaf counts: the control points of a field agree with each other, with the machine and with other versions.

use std::collections::BTreeMap;

use super::{
    Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, GatheredFact, RowBatch, sorted_verdict,
};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::fleet::MachineRules;
use crate::domains::mosaiq::leaves::{self, POINTS};
use crate::domains::mosaiq::limits::EXPECTING_FIELDS_MIN;
use crate::domains::mosaiq::lookup::LookupId;
use crate::domains::mosaiq::machines::{FIELDS, LeafField, MACHINE};
use crate::domains::mosaiq::rules::MachineRule;
use crate::domains::mosaiq::versions;
use crate::model::{Fetch, Finding, Key, Row, Severity, Violation};

pub(super) struct LeafCountField;
pub(super) struct LeafCountMachine;
pub(super) struct LeafCountVersion;

static FIELD: CheckCard = CheckCard {
    id: "leaf_count_field",
    group: "leaf_counts",
    mode: "mlc_leaf_count_mismatch",
    severity: Severity::High,
    about: "All control points of a field that use leaves use the same number of leaf pairs.",
    remedy: "Compare the control points with the treatment plan, and import the field again.",
};

static MACHINES: CheckCard = CheckCard {
    id: "leaf_count_machine",
    group: "leaf_counts",
    mode: "mlc_leaf_count_mismatch",
    severity: Severity::High,
    about: "A field has the number of leaf pairs in the rules for its machine or, without one, of the majority of at \
        least three other fields of the machine.",
    remedy: "Find out which machine the field was planned for, and plan or import it again for this machine.",
};

static VERSIONS: CheckCard = CheckCard {
    id: "leaf_count_version",
    group: "leaf_counts",
    mode: "mlc_leaf_count_mismatch",
    severity: Severity::High,
    about: "All versions of a field on one machine (the fields with one FLD_SET_ID) have the same number of leaf \
        pairs.",
    remedy: "Compare the versions with the treatment plan, and find out what changed the field.",
};

impl Check for LeafCountField {
    fn card(&self) -> &'static CheckCard {
        &FIELD
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(POINTS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        [("FLD_ID", CellForm::Whole), ("MLC_Leaves", CellForm::Whole)]
            .map(|(column, form)| CheckedColumn::required(POINTS, column, form))
            .into()
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Leaves)
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, _: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(FieldCountVisitor { looked_at: 0, findings: Vec::new() })
    }
}

struct FieldCountVisitor {
    looked_at: u64,
    findings: Vec<Finding>,
}

impl CheckVisitor for FieldCountVisitor {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        self.looked_at += part.len();
        for (field, rows) in part.rows_by_field() {
            let mut counts: BTreeMap<usize, Vec<Row<'_>>> = BTreeMap::new();
            for row in rows {
                if let Some(count) = leaves::in_use(row) {
                    counts.entry(count).or_default().push(*row);
                }
            }
            self.findings.extend(check_field(field, &counts));
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        sorted_verdict(self.looked_at, std::mem::take(&mut self.findings))
    }
}

impl Check for LeafCountMachine {
    fn card(&self) -> &'static CheckCard {
        &MACHINES
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(FIELDS), Fetch::all(POINTS)]
    }

    fn optional_queries(&self) -> Vec<Fetch> {
        MachineRules::queries()
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        leaf_count_columns(&["FLD_ID", MACHINE])
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Leaves)
    }

    fn visitor<'a>(&self, known: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(MachineCountVisitor { fleet: MachineRules::from_snapshot(known.whole, criteria.rules), looked_at: 0 })
    }
}

// Decides at the end only: what is usual on a machine is known after its last field.
struct MachineCountVisitor<'a> {
    fleet: MachineRules<'a>,
    looked_at: u64,
}

impl CheckVisitor for MachineCountVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        self.looked_at += part.len();
    }

    fn finish(&mut self, known: &CheckFacts<'_>) -> CheckVerdict {
        let (machines, fleet, looked_at) = (&known.machines, &self.fleet, self.looked_at);
        let (mut findings, mut unjudged, mut all) = (Vec::new(), 0, 0);
        for field in machines.with_leaves() {
            all += 1;
            // A field whose own points differ is reported by `leaf_count_field`.
            let Some(count) = field.leaves.common_count() else { continue };
            let ruled = fleet.find_rule(field.field.machine).and_then(MachineRule::pairs);
            let Some(expected) = ruled.or_else(|| machines.peer_tally(&field).usual_count()) else {
                unjudged += 1;
                continue;
            };
            if expected == count {
                continue;
            }
            let message = if ruled.is_some() {
                format!("has {count} leaf pairs, and its machine has {expected}")
            } else {
                format!("has {count} leaf pairs, and most other fields of its machine have {expected}")
            };
            let wrong = Violation { what: format!("MLC_Leaves={count} machine={expected}"), message };
            findings.push(build_finding(&MACHINES, field.field.key(), Vec::new(), wrong));
        }
        let why = format!(
            "fewer than {EXPECTING_FIELDS_MIN} other fields of the machine have leaves, or there is no majority"
        );
        if unjudged == all && all > 0 {
            return CheckVerdict::NotRun { why: format!("none of {all} fields with leaves can be judged: {why}") };
        }
        let remark = format!("{unjudged} of {all} fields with leaves were not judged: {why}");
        let remarks = if unjudged > 0 { vec![remark] } else { Vec::new() };
        CheckVerdict::Ran { looked_at, findings, remarks }.with_remarks(fleet.remarks())
    }
}

impl Check for LeafCountVersion {
    fn card(&self) -> &'static CheckCard {
        &VERSIONS
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(FIELDS), Fetch::all(POINTS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        leaf_count_columns(&["FLD_ID", MACHINE, versions::SET])
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Leaves)
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, _: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(VersionCountVisitor { looked_at: 0 })
    }
}

// Decides at the end only: versions of a field need not come together.
struct VersionCountVisitor {
    looked_at: u64,
}

impl CheckVisitor for VersionCountVisitor {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        self.looked_at += part.len();
    }

    fn finish(&mut self, known: &CheckFacts<'_>) -> CheckVerdict {
        let versioned = known.machines.with_leaves().filter(|field| !field.field.set.is_null());
        let mut fields: Vec<(&LookupId, &LookupId, LookupId)> =
            versioned.map(|LeafField { field, .. }| (field.set, field.machine, field.id)).collect();
        fields.sort();
        let sets = fields.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).filter(|versions| versions.len() > 1);
        let versions = sets.map(|versions| versions.iter().filter_map(|(.., id)| known.machines.leaf_field(id)));
        let mut findings: Vec<Finding> = versions.flat_map(check_versions).collect();
        findings.sort();
        CheckVerdict::Ran { looked_at: self.looked_at, findings, remarks: Vec::new() }
    }
}

/// Returns these columns of fields, and the columns of control points that leaf counts need.
fn leaf_count_columns(columns: &[&'static str]) -> Vec<CheckedColumn> {
    let fields = columns.iter().map(|column| CheckedColumn::required(FIELDS, column, CellForm::Whole));
    let points = [("FLD_ID", CellForm::Whole), ("MLC_Leaves", CellForm::Whole)];
    fields.chain(points.map(|(column, form)| CheckedColumn::required(POINTS, column, form))).collect()
}

fn build_finding(card: &'static CheckCard, key: Key, related: Vec<(&'static str, Key)>, wrong: Violation) -> Finding {
    let Violation { what, message } = wrong;
    Finding { check: card.id, severity: card.severity, table: FIELDS, key, related, what, message }
}

/// Returns the finding of a field whose control points differ. It names the points in the minority.
fn check_field(field: &LookupId, counts: &BTreeMap<usize, Vec<Row<'_>>>) -> Option<Finding> {
    // In a tie `max_by_key` returns the last, which has the larger count: leaves are lost more often than gained.
    let (usual, _) = counts.iter().max_by_key(|(_, rows)| rows.len()).filter(|_| counts.len() > 1)?;
    let others = counts.iter().filter(|(count, _)| *count != usual);
    let rows: Vec<&Row<'_>> = others.flat_map(|(_, rows)| rows).collect();
    let texts: Vec<String> = counts.iter().map(|(count, rows)| format!("{count} at {}", rows.len())).collect();
    let message = format!("its control points differ in their number of leaf pairs: {}", texts.join(", "));
    let related = rows.iter().map(|row| (POINTS, row.key())).collect();
    let what: Vec<String> = counts.iter().map(|(count, rows)| format!("{count}x{}", rows.len())).collect();
    Some(build_finding(
        &FIELD,
        vec![field.to_value()],
        related,
        Violation { what: format!("MLC_Leaves={}", what.join(",")), message },
    ))
}

/// Returns a finding for every version that differs from the majority, or without a majority from the current version.
fn check_versions<'m>(versions: impl Iterator<Item = LeafField<'m>>) -> Vec<Finding> {
    let versions =
        versions.filter_map(|LeafField { field, leaves }| Some((leaves.common_count()?, field.version, field.key())));
    let mut versions: Vec<(usize, i64, Key)> = versions.collect();
    // The current version is 0, and comes first.
    versions.sort_by(|a, b| (a.1, &a.2).cmp(&(b.1, &b.2)));
    let mut times: BTreeMap<usize, usize> = BTreeMap::new();
    for (count, ..) in &versions {
        *times.entry(*count).or_default() += 1;
    }
    let majority = versions.iter().find(|(count, ..)| times.get(count).is_some_and(|n| n * 2 > versions.len()));
    let Some((usual, _, reference)) = majority.or(versions.first()) else { return Vec::new() };
    let mut findings = Vec::new();
    for (count, _, key) in versions.iter().filter(|(count, ..)| count != usual) {
        let related = vec![(FIELDS, reference.clone())];
        let message = format!("has {count} leaf pairs, and another version of it has {usual}");
        let what = format!("MLC_Leaves={count} version={usual}");
        findings.push(build_finding(&VERSIONS, key.clone(), related, Violation { what, message }));
    }
    findings
}
