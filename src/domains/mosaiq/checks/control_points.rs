//! Control points: every field has the points that it promises, numbered without a hole; looks at no meterset.

use std::collections::BTreeSet;

use super::{Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, RowBatch, of_key, sorted_verdict};
use crate::domains::mosaiq::fields::Field;
use crate::domains::mosaiq::ground::{CellForm, CheckedColumn};
use crate::domains::mosaiq::lookup::IdSet;
use crate::domains::mosaiq::rules::Rules;
use crate::model::{Fetch, Finding, Severity, Violation};

/// The table of fields.
const FIELDS: &str = "TxField";
/// The table of control points.
const POINTS: &str = "TxFieldPoint";

/// The check of the numbering.
pub(super) struct ControlPointSequence;
/// The check of the number.
pub(super) struct ControlPointMinimum;

static CARD: CheckCard = CheckCard {
    id: "control_point_sequence",
    group: "control_points",
    mode: "missing_control_points",
    severity: Severity::High,
    about: "A field's control points are numbered 0 to n-1, once each; there are as many as TxField.ControlPoints \
        promises, and at least one where the field has a type.",
    remedy: "Export the field's plan again and compare the number of control points before anything uses the field.",
};

static MINIMUM: CheckCard = CheckCard {
    id: "control_point_minimum",
    group: "control_points",
    mode: "missing_control_points",
    severity: Severity::Medium,
    about: "A field with control points has at least as many as the rules say of its type.",
    remedy: "Compare the field with the treatment plan: an arc of few points is rarely what was planned.",
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

/// The look: fields are counted, and judged as their control points come by.
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
                self.findings.extend(wrong.map(|wrong| of_key(&MINIMUM, FIELDS, field.key(), wrong)));
            }
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        sorted_verdict(self.looked_at, std::mem::take(&mut self.findings))
    }
}

/// Says that a field has fewer control points than its type needs.
fn check_minimum(field: &Field<'_>, count: usize, rules: &Rules) -> Option<Violation> {
    let least = rules.of_type(field.kind)?.min_control_points?;
    let kind = field.kind.unwrap_or_default();
    let message = || match count {
        1 => format!("is of type {kind} and has one control point only"),
        _ => format!("is of type {kind} and has {count} control points, fewer than {least}"),
    };
    let wrong = || Violation { what: format!("points={count} Type_Enum={kind}"), message: message() };
    (u64::try_from(count).unwrap_or(u64::MAX) < u64::from(least)).then(wrong)
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

/// The look: fields are judged as their control points come by, and those without any when all have.
#[derive(Default)]
struct SequenceVisitor {
    /// The fields that have control points.
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
                let cells = || points.iter().map(|row| row.cell("Point"));
                let is_there = cells().any(|cell| cell.is_some());
                let is_unread = cells().flatten().zip(&numbers).any(|(cell, read)| !cell.is_null() && read.is_none());
                let wrong = if is_there && !is_unread { check_numbering(&numbers) } else { Vec::new() };
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
        self.findings.extend(wrong.map(|wrong| of_key(&CARD, FIELDS, field.key(), wrong)));
    }
}

/// Says what is wrong with a field that has so many control points.
fn check_count(field: &Field<'_>, points: usize) -> Vec<Violation> {
    let kind = field.kind.unwrap_or(0);
    let count = i64::try_from(points).unwrap_or(i64::MAX);
    let mut found = Vec::new();
    let mut say = |what: String, message: String| found.push(Violation { what, message });
    if let Some(promised) = field.promised.filter(|promised| *promised != count) {
        let message = format!("has {count} control points and promises {promised}");
        say(format!("points={count} ControlPoints={promised}"), message);
    }
    if count == 0 && kind != 0 {
        say(format!("points={count} Type_Enum={kind}"), format!("is of type {kind} and has no control point"));
    }
    found
}

/// Says what is wrong with the numbers of a field's control points.
fn check_numbering(numbers: &[Option<i64>]) -> Vec<Violation> {
    let mut found = Vec::new();
    let unnumbered = numbers.iter().filter(|number| number.is_none()).count();
    if unnumbered > 0 {
        let message = format!("has {unnumbered} control points without a number");
        found.push(Violation { what: format!("Point=NULL x{unnumbered}"), message });
    }
    found.extend(check_sequence(&numbers.iter().copied().flatten().collect::<Vec<_>>()));
    found
}

/// Says how numbers differ from 0 to n-1, once each.
fn check_sequence(numbers: &[i64]) -> Vec<Violation> {
    let once: BTreeSet<i64> = numbers.iter().copied().collect();
    let mut found = Vec::new();
    let mut say = |what: String, message: String| found.push(Violation { what, message });
    if once.len() < numbers.len() {
        let repeated = numbers.len() - once.len();
        say(format!("repeated={repeated}"), format!("has {repeated} control points whose number occurs before"));
    }
    let mut expected = 0;
    for number in once {
        match number.saturating_sub(expected) {
            0 => {}
            ..0 => say(format!("Point={number}"), format!("has a control point {number}")),
            1 => say(format!("lacks={expected}"), format!("lacks control point {expected}")),
            _ => {
                let last = number - 1;
                say(format!("lacks={expected}-{last}"), format!("lacks control points {expected} to {last}"));
            }
        }
        expected = expected.max(number.saturating_add(1));
    }
    found
}
