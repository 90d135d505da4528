//! Leaf counts: the control points of a field agree with each other, the machine and other versions; reads no position.

use std::collections::BTreeMap;

use super::{Check, CheckCard, Criteria, Fact, Known, Look, Part, Verdict, ran};
use crate::domains::mosaiq::fleet::Fleet;
use crate::domains::mosaiq::ground::{CellForm, Read};
use crate::domains::mosaiq::leaves::{self, POINTS};
use crate::domains::mosaiq::limits::EXPECTING_FIELDS_MIN;
use crate::domains::mosaiq::lookup::Id;
use crate::domains::mosaiq::machines::{FIELDS, LeafField, MACHINE};
use crate::domains::mosaiq::rules::MachineRule;
use crate::domains::mosaiq::versions;
use crate::model::{Fetch, Finding, Key, Row, Severity, Wrong};

/// The check within a field.
pub(super) struct LeafCountField;
/// The check against the machine's other fields.
pub(super) struct LeafCountMachine;
/// The check against other versions of the field.
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
    about: "A field has as many leaf pairs as the rules say of its machine, or else as most of at least three other \
        fields of the machine.",
    remedy: "Find out which machine the field was planned for, and plan or import it again for this one.",
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

    fn needs(&self) -> Vec<Fetch> {
        vec![Fetch::all(POINTS)]
    }

    fn reads(&self) -> Vec<Read> {
        [("FLD_ID", CellForm::Whole), ("MLC_Leaves", CellForm::Whole)]
            .map(|(column, form)| Read::all(POINTS, column, form))
            .into()
    }

    fn wants(&self) -> Option<Fact> {
        Some(Fact::Leaves)
    }

    fn look<'a>(&self, _: &Known<'a>, _: Criteria<'a>) -> Box<dyn Look + 'a> {
        Box::new(FieldLook { looked_at: 0, findings: Vec::new() })
    }
}

/// The look within fields.
struct FieldLook {
    looked_at: u64,
    findings: Vec<Finding>,
}

impl Look for FieldLook {
    fn take(&mut self, part: &Part<'_>, _: &Known<'_>) {
        self.looked_at += part.len();
        for (field, rows) in part.fields() {
            let mut counts: BTreeMap<usize, Vec<Row<'_>>> = BTreeMap::new();
            for row in rows {
                leaves::in_use(row).into_iter().for_each(|count| counts.entry(count).or_default().push(*row));
            }
            self.findings.extend(within(field, &counts));
        }
    }

    fn verdict(&mut self, _: &Known<'_>) -> Verdict {
        ran(self.looked_at, std::mem::take(&mut self.findings))
    }
}

impl Check for LeafCountMachine {
    fn card(&self) -> &'static CheckCard {
        &MACHINES
    }

    fn needs(&self) -> Vec<Fetch> {
        vec![Fetch::all(FIELDS), Fetch::all(POINTS)]
    }

    fn aids(&self) -> Vec<Fetch> {
        Fleet::queries()
    }

    fn reads(&self) -> Vec<Read> {
        all_of(&["FLD_ID", MACHINE])
    }

    fn wants(&self) -> Option<Fact> {
        Some(Fact::Leaves)
    }

    fn look<'a>(&self, known: &Known<'a>, criteria: Criteria<'a>) -> Box<dyn Look + 'a> {
        Box::new(Among { fleet: Fleet::read(known.whole, criteria.rules), looked_at: 0 })
    }
}

/// The look among the fields of a machine.
struct Among<'a> {
    fleet: Fleet<'a>,
    looked_at: u64,
}

impl Look for Among<'_> {
    fn take(&mut self, part: &Part<'_>, _: &Known<'_>) {
        self.looked_at += part.len();
    }

    fn verdict(&mut self, known: &Known<'_>) -> Verdict {
        let (machines, fleet, looked_at) = (&known.machines, &self.fleet, self.looked_at);
        let (mut findings, mut unjudged, mut all) = (Vec::new(), 0, 0);
        for field in machines.with_leaves() {
            all += 1;
            // A field whose own points differ is the other check's.
            let Some(count) = field.leaves.count() else { continue };
            let told = fleet.rule(field.field.machine).and_then(MachineRule::pairs);
            match told.or_else(|| machines.others(&field).usual_count()) {
                None => unjudged += 1,
                Some(usual) if usual == count => {}
                Some(told) if Some(told) == fleet.rule(field.field.machine).and_then(MachineRule::pairs) => {
                    let message = format!("has {count} leaf pairs, and its machine has {told}");
                    let wrong = Wrong { what: format!("MLC_Leaves={count} machine={told}"), message };
                    findings.push(finding(&MACHINES, field.field.key(), Vec::new(), wrong));
                }
                Some(usual) => findings.push(finding(
                    &MACHINES,
                    field.field.key(),
                    Vec::new(),
                    Wrong {
                        what: format!("MLC_Leaves={count} machine={usual}"),
                        message: format!("has {count} leaf pairs, and most other fields of its machine have {usual}"),
                    },
                )),
            }
        }
        let why = format!("fewer than {EXPECTING_FIELDS_MIN} other fields of the machine have leaves, or no majority");
        if unjudged == all && all > 0 {
            return Verdict::NotRun { why: format!("none of {all} fields with leaves can be judged: {why}") };
        }
        let remark = format!("{unjudged} of {all} fields with leaves were not judged: {why}");
        let remarks = if unjudged > 0 { vec![remark] } else { Vec::new() };
        Verdict::Ran { looked_at, findings, remarks }.remarking(fleet.remarks())
    }
}

impl Check for LeafCountVersion {
    fn card(&self) -> &'static CheckCard {
        &VERSIONS
    }

    fn needs(&self) -> Vec<Fetch> {
        vec![Fetch::all(FIELDS), Fetch::all(POINTS)]
    }

    fn reads(&self) -> Vec<Read> {
        all_of(&["FLD_ID", MACHINE, versions::SET])
    }

    fn wants(&self) -> Option<Fact> {
        Some(Fact::Leaves)
    }

    fn look<'a>(&self, _: &Known<'a>, _: Criteria<'a>) -> Box<dyn Look + 'a> {
        Box::new(Between { looked_at: 0 })
    }
}

/// The look between versions.
struct Between {
    looked_at: u64,
}

impl Look for Between {
    fn take(&mut self, part: &Part<'_>, _: &Known<'_>) {
        self.looked_at += part.len();
    }

    fn verdict(&mut self, known: &Known<'_>) -> Verdict {
        let versioned = known.machines.with_leaves().filter(|field| !field.field.set.is_null());
        let mut fields: Vec<(&Id, &Id, Id)> =
            versioned.map(|LeafField { field, .. }| (field.set, field.machine, field.id)).collect();
        fields.sort();
        let sets = fields.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).filter(|versions| versions.len() > 1);
        let versions = sets.map(|versions| versions.iter().filter_map(|(.., id)| known.machines.leaf_field(id)));
        let mut findings: Vec<Finding> = versions.flat_map(between).collect();
        findings.sort();
        Verdict::Ran { looked_at: self.looked_at, findings, remarks: Vec::new() }
    }
}

/// The columns of fields, and those of control points that numbers of leaves are read from.
fn all_of(columns: &[&'static str]) -> Vec<Read> {
    let fields = columns.iter().map(|column| Read::all(FIELDS, column, CellForm::Whole));
    let points = [("FLD_ID", CellForm::Whole), ("MLC_Leaves", CellForm::Whole)];
    fields.chain(points.map(|(column, form)| Read::all(POINTS, column, form))).collect()
}

fn finding(card: &'static CheckCard, key: Key, related: Vec<(&'static str, Key)>, wrong: Wrong) -> Finding {
    let Wrong { what, message } = wrong;
    Finding { check: card.id, severity: card.severity, table: FIELDS, key, related, what, message }
}

/// Returns the finding of a field whose control points differ: it names those that are not as most of them.
fn within(field: &Id, counts: &BTreeMap<usize, Vec<Row<'_>>>) -> Option<Finding> {
    // Of equally many `max_by_key` returns the last, with the larger number: leaves are rather lost than gained.
    let (usual, _) = counts.iter().max_by_key(|(_, rows)| rows.len()).filter(|_| counts.len() > 1)?;
    let others = counts.iter().filter(|(count, _)| *count != usual);
    let rows: Vec<&Row<'_>> = others.flat_map(|(_, rows)| rows).collect();
    let texts: Vec<String> = counts.iter().map(|(count, rows)| format!("{count} at {}", rows.len())).collect();
    let message = format!("its control points differ in their number of leaf pairs: {}", texts.join(", "));
    let related = rows.iter().map(|row| (POINTS, row.key())).collect();
    let what: Vec<String> = counts.iter().map(|(count, rows)| format!("{count}x{}", rows.len())).collect();
    Some(finding(
        &FIELD,
        vec![field.value()],
        related,
        Wrong { what: format!("MLC_Leaves={}", what.join(",")), message },
    ))
}

/// Returns a finding for every version of a field that is not as most of them, or else not as the first.
fn between<'m>(versions: impl Iterator<Item = LeafField<'m>>) -> Vec<Finding> {
    let of = |leaves: LeafField<'m>| Some((leaves.leaves.count()?, leaves.field.version, leaves.field.key()));
    let mut versions: Vec<(usize, i64, Key)> = versions.filter_map(of).collect();
    versions.sort_by(|a, b| (a.1, &a.2).cmp(&(b.1, &b.2)));
    let agree = |count: usize| versions.iter().filter(|(other, ..)| *other == count).count();
    let most = versions.iter().find(|(count, ..)| agree(*count) * 2 > versions.len());
    let Some((usual, _, reference)) = most.or(versions.first()) else { return Vec::new() };
    let odd = versions.iter().filter(|(count, ..)| count != usual);
    odd.map(|(count, _, key)| {
        let related = vec![(FIELDS, reference.clone())];
        let message = format!("has {count} leaf pairs, and another version of it has {usual}");
        let what = format!("MLC_Leaves={count} version={usual}");
        finding(&VERSIONS, key.clone(), related, Wrong { what, message })
    })
    .collect()
}
