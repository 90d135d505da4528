//! Control points: every field has as many as ControlPoints says, numbered without a gap.

use std::collections::BTreeSet;

use super::{
    Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, RowBatch, key_finding, sorted_verdict,
};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::fields::Field;
use crate::domains::mosaiq::lookup::IdSet;
use crate::domains::mosaiq::rules::Rules;
use crate::model::{Fetch, Finding, Severity, Value, Violation};

const FIELDS: &str = "TxField";
const POINTS: &str = "TxFieldPoint";

pub(super) struct ControlPointSequence;
pub(super) struct ControlPointMinimum;

static CARD: CheckCard = CheckCard {
    id: "control_point_sequence",
    group: "control_points",
    mode: "missing_control_points",
    severity: Severity::High,
    about: "A field's control points are numbered 0 to n-1, once each; their number equals TxField.ControlPoints, and \
        a field with a type has at least one.",
    remedy: "Export the field's plan again and compare the number of control points before anything uses the field.",
};

static MINIMUM: CheckCard = CheckCard {
    id: "control_point_minimum",
    group: "control_points",
    mode: "missing_control_points",
    severity: Severity::Medium,
    about: "A field with control points has at least the number in the rules for its type.",
    remedy: "Compare the field with the treatment plan: an arc with few points is rarely what was planned.",
};

impl Check for ControlPointMinimum {
    fn card(&self) -> &'static CheckCard {
        &MINIMUM
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(FIELDS), Fetch::all(POINTS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        vec![
            CheckedColumn::required(FIELDS, "FLD_ID", CellForm::Whole),
            CheckedColumn::required(POINTS, "FLD_ID", CellForm::Whole),
            CheckedColumn::required(FIELDS, "Type_Enum", CellForm::Whole),
        ]
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(MinimumVisitor { rules: criteria.rules, looked_at: 0, findings: Vec::new() })
    }
}

struct MinimumVisitor<'a> {
    rules: &'a Rules,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl CheckVisitor for MinimumVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, known: &CheckFacts<'_>) {
        self.looked_at += part.len();
        if part.table == POINTS {
            for (id, points) in part.rows_by_field() {
                let Some(field) = known.find_field(id) else { continue };
                let wrong = check_minimum(&field, points.len(), self.rules);
                self.findings.extend(wrong.map(|wrong| key_finding(&MINIMUM, FIELDS, field.key(), wrong)));
            }
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        sorted_verdict(self.looked_at, std::mem::take(&mut self.findings))
    }
}

/// Returns the fault of a field with fewer control points than its type needs.
fn check_minimum(field: &Field<'_>, count: usize, rules: &Rules) -> Option<Violation> {
    let least = rules.of_type(field.kind)?.min_control_points?;
    if u64::try_from(count).unwrap_or(u64::MAX) >= u64::from(least) {
        return None;
    }
    let kind = field.kind.unwrap_or_default();
    let message = match count {
        1 => format!("is of type {kind} and has one control point only"),
        _ => format!("is of type {kind} and has {count} control points, fewer than {least}"),
    };
    Some(Violation { what: format!("points={count} Type_Enum={kind}"), message })
}

impl Check for ControlPointSequence {
    fn card(&self) -> &'static CheckCard {
        &CARD
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(FIELDS), Fetch::all(POINTS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        vec![
            CheckedColumn::required(FIELDS, "FLD_ID", CellForm::Whole),
            CheckedColumn::required(POINTS, "FLD_ID", CellForm::Whole),
            CheckedColumn::judged_alone(FIELDS, "ControlPoints", CellForm::Whole),
            CheckedColumn::judged_alone(FIELDS, "Type_Enum", CellForm::Whole),
            CheckedColumn::judged_alone(POINTS, "Point", CellForm::Whole),
        ]
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, _: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(SequenceVisitor::default())
    }
}

#[derive(Default)]
struct SequenceVisitor {
    /// The fields that have control points. The others are checked at the end.
    seen: IdSet,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl CheckVisitor for SequenceVisitor {
    fn visit(&mut self, part: &RowBatch<'_>, known: &CheckFacts<'_>) {
        self.looked_at += part.len();
        if part.table == POINTS {
            for (id, points) in part.rows_by_field() {
                let Some(field) = known.find_field(id) else { continue };
                let numbers: Vec<Option<i64>> = points.iter().map(|row| row.integer("Point")).collect();
                // Without the column, or with numbers that cannot be read, a gap in the others means nothing.
                let cells: Vec<&Value> = points.iter().filter_map(|row| row.cell("Point")).collect();
                let is_unread = cells.iter().zip(&numbers).any(|(cell, read)| !cell.is_null() && read.is_none());
                let wrong = if cells.is_empty() || is_unread { Vec::new() } else { check_numbering(&numbers) };
                self.report(&field, check_count(&field, numbers.len()).into_iter().chain(wrong));
                self.seen.insert(id.clone());
            }
            self.seen.seal();
        }
    }

    fn finish(&mut self, known: &CheckFacts<'_>) -> CheckVerdict {
        for field in known.machines.fields.iter() {
            if !self.seen.contains(&field.id) {
                self.report(&field, check_count(&field, 0).into_iter());
            }
        }
        sorted_verdict(self.looked_at, std::mem::take(&mut self.findings))
    }
}

impl SequenceVisitor {
    fn report(&mut self, field: &Field<'_>, wrong: impl Iterator<Item = Violation>) {
        self.findings.extend(wrong.map(|wrong| key_finding(&CARD, FIELDS, field.key(), wrong)));
    }
}

/// Returns the faults of a field with this number of control points.
fn check_count(field: &Field<'_>, points: usize) -> Vec<Violation> {
    let kind = field.kind.unwrap_or(0);
    let count = i64::try_from(points).unwrap_or(i64::MAX);
    let mut faults = Vec::new();
    if let Some(promised) = field.promised.filter(|promised| *promised != count) {
        let message = format!("has {count} control points, but ControlPoints is {promised}");
        faults.push(Violation { what: format!("points={count} ControlPoints={promised}"), message });
    }
    // Type 0, unspecified, promises nothing.
    if count == 0 && kind != 0 {
        let message = format!("is of type {kind} and has no control point");
        faults.push(Violation { what: format!("points={count} Type_Enum={kind}"), message });
    }
    faults
}

/// Returns the faults in the numbers of a field's control points.
fn check_numbering(numbers: &[Option<i64>]) -> Vec<Violation> {
    let mut faults = Vec::new();
    let unnumbered = numbers.iter().filter(|number| number.is_none()).count();
    if unnumbered > 0 {
        let message = format!("has {unnumbered} control points without a number");
        faults.push(Violation { what: format!("Point=NULL x{unnumbered}"), message });
    }
    faults.extend(check_sequence(&numbers.iter().copied().flatten().collect::<Vec<_>>()));
    faults
}

/// Compares numbers with 0 to n-1, once each.
fn check_sequence(numbers: &[i64]) -> Vec<Violation> {
    let distinct: BTreeSet<i64> = numbers.iter().copied().collect();
    let mut faults = Vec::new();
    if distinct.len() < numbers.len() {
        let repeated = numbers.len() - distinct.len();
        let message = format!("has {repeated} control points with a repeated number");
        faults.push(Violation { what: format!("repeated={repeated}"), message });
    }
    let mut expected = 0;
    for number in distinct {
        if number != expected {
            let (what, message) = match number.saturating_sub(expected) {
                ..=0 => (format!("Point={number}"), format!("has a control point {number}")),
                1 => (format!("lacks={expected}"), format!("lacks control point {expected}")),
                _ => {
                    let last = number - 1;
                    (format!("lacks={expected}-{last}"), format!("lacks control points {expected} to {last}"))
                }
            };
            faults.push(Violation { what, message });
        }
        // A negative number does not lower what is expected next.
        expected = expected.max(number.saturating_add(1));
    }
    faults
}
