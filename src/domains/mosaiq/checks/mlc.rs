//! MLC leaf sets: whole leaves, within limits, no pair crossed.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, GatheredFact, RowBatch, row_visitor,
    sorted_verdict,
};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::fleet::MachineRules;
use crate::domains::mosaiq::leaves::{self, BANK_A, BANK_B, Convention, LeafPoint, LeafPositions, POINTS};
use crate::domains::mosaiq::lookup::LookupId;
use crate::domains::mosaiq::machines::{FIELDS, MACHINE};
use crate::model::refusal::render_key;
use crate::model::snapshot::key_form;
use crate::model::{Fetch, Finding, Row, Severity, Value, Violation};

/// The number of leaf pairs in use.
const LEAVES: &str = "MLC_Leaves";

pub(super) struct LeafSet;
pub(super) struct LeafLimits;
pub(super) struct LeafGap;

static SET: CheckCard = CheckCard {
    id: "mlc_leaf_set",
    group: "mlc",
    mode: "corrupt_mlc_data",
    severity: Severity::Medium,
    about: "A control point has both leaf sets or neither, each with an even number of bytes, and long enough for its \
        MLC_Leaves pairs; if no leaves are in use, they contain only zeros.",
    remedy: "Import the field's leaf positions again from its plan; where the missing bytes were cannot be determined.",
};

static LIMITS: CheckCard = CheckCard {
    id: "mlc_leaf_limits",
    group: "mlc",
    mode: "corrupt_mlc_data",
    severity: Severity::High,
    about: "Every leaf in use is within the machine's limits in the rules.",
    remedy: "Compare the control point with the treatment plan, and import its leaf positions again.",
};

static GAP: CheckCard = CheckCard {
    id: "mlc_leaf_gap",
    group: "mlc",
    mode: "corrupt_mlc_data",
    severity: Severity::High,
    about: "No leaf pair is crossed, by the machine's convention: both banks in one coordinate (A at most B) or each \
        outward from the centre (A + B at least 0). The convention comes from the rules or from the machine's other \
        fields.",
    remedy: "Compare the control point with the treatment plan, and find out what wrote the field's leaf sets.",
};

impl Check for LeafSet {
    fn card(&self) -> &'static CheckCard {
        &SET
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(POINTS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let banks = [BANK_A, BANK_B].map(|bank| CheckedColumn::judged_alone(POINTS, bank, CellForm::Bytes));
        banks.into_iter().chain([CheckedColumn::optional(POINTS, LEAVES, CellForm::Whole)]).collect()
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Leaves)
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, _: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        row_visitor(POINTS, Vec::new(), |row, _, findings| {
            let wrong = wrong_bytes(row);
            if !wrong.is_empty() {
                findings.push(point_finding(
                    &SET,
                    row,
                    Violation { what: render_set_lengths(row), message: wrong.join("; ") },
                ));
            }
        })
    }
}

impl Check for LeafLimits {
    fn card(&self) -> &'static CheckCard {
        &LIMITS
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(POINTS)]
    }

    fn optional_queries(&self) -> Vec<Fetch> {
        MachineRules::queries()
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let banks = [BANK_A, BANK_B].map(|bank| CheckedColumn::judged_alone(POINTS, bank, CellForm::Bytes));
        banks.into_iter().chain([CheckedColumn::required(POINTS, LEAVES, CellForm::Whole)]).collect()
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Leaves)
    }

    fn visitor<'a>(&self, known: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let fleet = MachineRules::from_snapshot(known.whole, criteria.rules);
        row_visitor(POINTS, fleet.remarks(), move |row, known, findings| {
            findings.extend(check_limits(row, &fleet, known));
        })
    }
}

/// Returns the finding of a control point with leaves out of limits.
fn check_limits(row: &Row<'_>, fleet: &MachineRules<'_>, known: &CheckFacts<'_>) -> Option<Finding> {
    let point = LeafPoint::from_row(row)?;
    let machine = fleet.of_field(&LookupId::from_cell(row.cell("FLD_ID")), &known.machines.fields);
    let (low, high) = (machine.min_position, machine.max_position);
    let far = point.leaf_positions().filter(|position| !machine.can_reach(*position)).count();
    let (bank, pair, position) = (far > 0).then(|| find_farthest(&point))??;
    let position = leaves::render_centimetres(i32::from(position));
    let what = format!("leaves={far} {bank}{pair}={position}");
    let message =
        format!("leaves outside {low} to {high} cm: {far}; the farthest in bank {bank}, pair {pair}, at {position} cm");
    Some(point_finding(&LIMITS, row, Violation { what, message }))
}

impl Check for LeafGap {
    fn card(&self) -> &'static CheckCard {
        &GAP
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(FIELDS), Fetch::all(POINTS)]
    }

    fn optional_queries(&self) -> Vec<Fetch> {
        MachineRules::queries()
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let fields = [("FLD_ID", CellForm::Whole), (MACHINE, CellForm::Whole)];
        let fields = fields.map(|(column, form)| CheckedColumn::required(FIELDS, column, form));
        let points = [
            ("FLD_ID", CellForm::Whole),
            (LEAVES, CellForm::Whole),
            (BANK_A, CellForm::Bytes),
            (BANK_B, CellForm::Bytes),
        ];
        fields.into_iter().chain(points.map(|(column, form)| CheckedColumn::required(POINTS, column, form))).collect()
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Leaves)
    }

    fn visitor<'a>(&self, known: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let fleet = MachineRules::from_snapshot(known.whole, criteria.rules);
        let (fields, findings) = (BTreeMap::new(), Vec::new());
        Box::new(GapVisitor { fleet, looked_at: 0, all: 0, unjudged: 0, fields, findings })
    }
}

// Needs two passes: all control points tell the conventions of the machines, and only then is it known which pairs are
// crossed. The second pass is limited to the fields with crossed pairs.
struct GapVisitor<'a> {
    fleet: MachineRules<'a>,
    looked_at: u64,
    /// Number of fields with pairs.
    all: u64,
    /// Number of those whose machine's convention is unknown.
    unjudged: u64,
    /// The fields with crossed pairs.
    fields: BTreeMap<LookupId, Convention>,
    findings: Vec<Finding>,
}

impl CheckVisitor for GapVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        self.looked_at += if part.table == POINTS { part.len() } else { 0 };
    }

    fn fields_to_revisit(&mut self, known: &CheckFacts<'_>) -> BTreeSet<LookupId> {
        let gaps = known.machines.check_gaps(|machine| self.fleet.find_rule(machine)?.leaf_convention);
        (self.all, self.unjudged) = (gaps.fields, gaps.unjudged);
        self.fields = gaps.crossed;
        self.fields.keys().cloned().collect()
    }

    fn revisit(&mut self, part: &RowBatch<'_>) {
        for row in &part.rows {
            if let Some(convention) = self.fields.get(&LookupId::from_cell(row.cell("FLD_ID"))) {
                self.findings.extend(check_gap(row, *convention));
            }
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let (all, unjudged) = (self.all, self.unjudged);
        let why = "no machine, or a machine whose other fields do not show how it counts its banks";
        if unjudged == all && all > 0 {
            return CheckVerdict::NotRun { why: format!("none of {all} fields with leaves can be judged: {why}") };
        }
        let remark = format!("{unjudged} of {all} fields with leaves were not judged: {why}");
        let remarks = if unjudged > 0 { vec![remark] } else { Vec::new() };
        sorted_verdict(self.looked_at, std::mem::take(&mut self.findings))
            .with_remarks(remarks)
            .with_remarks(self.fleet.remarks())
    }
}

fn point_finding(card: &'static CheckCard, row: &Row<'_>, Violation { what, message }: Violation) -> Finding {
    let field = row.cell("FLD_ID").filter(|cell| !cell.is_null()).map(key_form);
    Finding {
        check: card.id,
        severity: card.severity,
        table: POINTS,
        key: row.key(),
        related: field.into_iter().map(|field| (FIELDS, vec![field])).collect(),
        what,
        message,
    }
}

/// Renders the lengths of both sets and the number of leaf pairs.
fn render_set_lengths(row: &Row<'_>) -> String {
    let [a, b] = [BANK_A, BANK_B].map(|bank| match row.cell(bank) {
        None => "missing".to_owned(),
        Some(Value::Null) => "NULL".to_owned(),
        Some(Value::Bytes(set)) => format!("{}B", set.len()),
        Some(_) => "no bytes".to_owned(),
    });
    let leaves = row.cell(LEAVES).map_or(Value::Null, key_form);
    format!("{BANK_A}={a} {BANK_B}={b} {LEAVES}={}", render_key(&[leaves]))
}

/// Describes the faults in the bytes of a control point's sets.
fn wrong_bytes(row: &Row<'_>) -> Vec<String> {
    let banks = [BANK_A, BANK_B].map(|bank| (bank, row.cell(bank)));
    let all_missing = banks.iter().all(|(_, cell)| cell.is_none_or(Value::is_null));
    let wrong = banks.into_iter().filter_map(|(bank, cell)| Some(wrong_set(row, bank, cell?, all_missing)));
    wrong.flatten().collect()
}

/// Describes the faults of one set; `all_missing` tells whether neither set of the point is there.
fn wrong_set(row: &Row<'_>, bank: &str, cell: &Value, all_missing: bool) -> Vec<String> {
    let leaves = leaves::in_use(row).unwrap_or(0);
    let mut wrong = Vec::new();
    match cell {
        Value::Null if all_missing && leaves == 0 => {}
        Value::Null if all_missing => wrong.push(format!("{bank} is missing with {leaves} leaf pairs in use")),
        Value::Null => wrong.push(format!("{bank} is missing, but the other bank is there")),
        Value::Bytes(set) => {
            let length = set.len();
            if !length.is_multiple_of(2) {
                wrong.push(format!("{bank} has {length} bytes, an odd number"));
            }
            if length < leaves * 2 {
                wrong.push(format!("{bank} has {length} bytes, but {leaves} leaf pairs need {}", leaves * 2));
            }
            wrong.extend(check_unused(row, bank, set));
        }
        other => wrong.push(format!("{bank} contains {} instead of bytes", render_key(std::slice::from_ref(other)))),
    }
    wrong
}

/// Describes positions in a set although no leaf is in use.
fn check_unused(row: &Row<'_>, bank: &str, set: &[u8]) -> Option<String> {
    // Zeros are padding, not positions.
    if leaves::in_use(row).is_some() || set.iter().all(|byte| *byte == 0) {
        return None;
    }
    let cell = row.cell(LEAVES)?;
    Some(format!("{bank} has positions, but {LEAVES} is {}", render_key(std::slice::from_ref(cell))))
}

/// Returns bank, pair (counted from 1) and position of the leaf farthest from the centre.
fn find_farthest(point: &LeafPoint<'_>) -> Option<(&'static str, usize, i16)> {
    // In a tie `max_by_key` returns the last: with bank A behind bank B, that is the leaf of bank A.
    let banks = [("B", point.b), ("A", point.a)].into_iter();
    let all = banks.flat_map(|(bank, set)| {
        (1..).zip(leaves::decode_positions(set, point.leaves)).map(move |(pair, position)| (bank, pair, position))
    });
    all.max_by_key(|(_, _, position)| position.unsigned_abs())
}

/// Returns the finding of a control point with crossed pairs.
fn check_gap(row: &Row<'_>, convention: Convention) -> Option<Finding> {
    let point = LeafPoint::from_row(row)?;
    let crossed: Vec<(usize, LeafPositions)> =
        (1..).zip(point.pairs()).filter(|(_, pair)| convention.is_crossed(*pair)).collect();
    let (number, worst) = crossed.iter().min_by_key(|(_, pair)| convention.gap(*pair))?;
    let (pairs, all) = (crossed.len(), point.leaves);
    let [a, b, gap] = [worst.a.into(), worst.b.into(), convention.gap(*worst)].map(leaves::render_centimetres);
    let about = convention.description();
    let message = format!(
        "leaf pairs crossed: {pairs} of {all}; the worst is pair {number}, A at {a} and B at {b} cm, a gap of {gap} cm \
         ({about})"
    );
    Some(point_finding(&GAP, row, Violation { what: format!("pairs={pairs} A{number}={a} B{number}={b}"), message }))
}
