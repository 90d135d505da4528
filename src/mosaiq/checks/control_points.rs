//! Control points: every field has the points that it promises, numbered without a hole; looks at no meterset.

use std::collections::{BTreeMap, BTreeSet};

use super::{Card, Check, Terms, Verdict, present};
use crate::model::snapshot::key_form;
use crate::model::{Finding, Query, Row, Severity, Snapshot, TableRows, Value, Wrong};
use crate::mosaiq::ground::{Form, Read};

/// The check of the numbering.
pub(super) struct ControlPointSequence;
/// The check of the number.
pub(super) struct ControlPointMinimum;

static CARD: Card = Card {
    id: "control_point_sequence",
    group: "control_points",
    mode: "missing_control_points",
    severity: Severity::High,
    about: "A field's control points are numbered 0 to n-1, once each; there are as many as TxField.ControlPoints \
        promises, and at least one where the field has a type.",
    remedy: "Export the field's plan again and compare the number of control points before anything uses the field.",
};

static MINIMUM: Card = Card {
    id: "control_point_minimum",
    group: "control_points",
    mode: "missing_control_points",
    severity: Severity::Medium,
    about: "A field with control points has as many as its type needs: two where it moves between them, ten for VMAT.",
    remedy: "Compare the field with the treatment plan: an arc of few points is rarely what was planned.",
};

impl Check for ControlPointMinimum {
    fn card(&self) -> &'static Card {
        &MINIMUM
    }

    fn needs(&self) -> Vec<Query> {
        vec![Query::all("TxField"), Query::all("TxFieldPoint")]
    }

    fn reads(&self) -> Vec<Read> {
        vec![
            Read::all("TxField", "FLD_ID", Form::Any),
            Read::all("TxFieldPoint", "FLD_ID", Form::Any),
            Read::all("TxField", "Type_Enum", Form::Whole),
        ]
    }

    fn judge(&self, snapshot: &Snapshot, terms: &Terms) -> Verdict {
        let (fields, points) = match both(snapshot) {
            Ok(both) => both,
            Err(not_run) => return not_run,
        };
        let mut counts: BTreeMap<Value, u64> = BTreeMap::new();
        for field in points.rows().filter_map(|row| row.cell("FLD_ID").map(key_form)) {
            *counts.entry(field).or_default() += 1;
        }
        let few = |field: Row<'_>| {
            let kind = field.integer("Type_Enum");
            let least = terms.rules.of_type(kind)?.min_control_points?;
            let count = *counts.get(&field.cell("FLD_ID").map(key_form)?)?;
            let message = || match count {
                1 => format!("is of type {} and has one control point only", kind.unwrap_or_default()),
                _ => format!(
                    "is of type {} and has {count} control points, fewer than {least}",
                    kind.unwrap_or_default()
                ),
            };
            let what = || format!("points={count} Type_Enum={}", kind.unwrap_or_default());
            let wrong = || Wrong { what: what(), message: message() };
            (count < u64::from(least)).then(|| finding(&MINIMUM, &field, wrong()))
        };
        let findings = fields.rows().filter_map(few).collect();
        Verdict::Ran { looked_at: (fields.len() + points.len()) as u64, findings, remarks: Vec::new() }
    }
}

/// Returns fields and control points.
fn both(snapshot: &Snapshot) -> Result<(&TableRows, &TableRows), Verdict> {
    Ok((present(snapshot, "TxField", &[])?, present(snapshot, "TxFieldPoint", &[])?))
}

impl Check for ControlPointSequence {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Vec<Query> {
        vec![Query::all("TxField"), Query::all("TxFieldPoint")]
    }

    fn reads(&self) -> Vec<Read> {
        vec![
            Read::all("TxField", "FLD_ID", Form::Any),
            Read::all("TxFieldPoint", "FLD_ID", Form::Any),
            Read::own("TxField", "ControlPoints", Form::Whole),
            Read::own("TxField", "Type_Enum", Form::Whole),
            Read::own("TxFieldPoint", "Point", Form::Any),
        ]
    }

    fn judge(&self, snapshot: &Snapshot, _: &Terms) -> Verdict {
        let (fields, points) = match both(snapshot) {
            Ok(both) => both,
            Err(not_run) => return not_run,
        };
        let numbered = points.table.position("Point").is_some();
        let mut numbers: BTreeMap<Value, Vec<Option<i64>>> = BTreeMap::new();
        for row in points.rows() {
            let field = row.cell("FLD_ID").map_or(Value::Null, key_form);
            numbers.entry(field).or_default().push(row.integer("Point"));
        }
        let mut findings = Vec::new();
        for field in fields.rows() {
            let id = field.cell("FLD_ID").map_or(Value::Null, key_form);
            let numbers = numbers.get(&id).map_or(&[] as &[Option<i64>], Vec::as_slice);
            let mut wrong = count(&field, numbers.len());
            if numbered {
                wrong.extend(numbering(numbers));
            }
            findings.extend(wrong.into_iter().map(|wrong| finding(&CARD, &field, wrong)));
        }
        Verdict::Ran { looked_at: (fields.len() + points.len()) as u64, findings, remarks: Vec::new() }
    }
}

fn finding(card: &'static Card, field: &Row<'_>, Wrong { what, message }: Wrong) -> Finding {
    Finding {
        check: card.id,
        severity: card.severity,
        table: "TxField",
        key: field.key(),
        related: Vec::new(),
        what,
        message,
    }
}

/// Says what is wrong with a field that has so many control points.
fn count(field: &Row<'_>, points: usize) -> Vec<Wrong> {
    let kind = field.integer("Type_Enum").unwrap_or(0);
    let promised = field.integer("ControlPoints");
    let count = i64::try_from(points).unwrap_or(i64::MAX);
    let mut found = Vec::new();
    let mut say = |what: String, message: String| found.push(Wrong { what, message });
    if let Some(promised) = promised.filter(|promised| *promised != count) {
        let message = format!("has {count} control points and promises {promised}");
        say(format!("points={count} ControlPoints={promised}"), message);
    }
    if count == 0 && kind != 0 {
        say(format!("points={count} Type_Enum={kind}"), format!("is of type {kind} and has no control point"));
    }
    found
}

/// Says what is wrong with the numbers of a field's control points.
fn numbering(numbers: &[Option<i64>]) -> Vec<Wrong> {
    let mut found = Vec::new();
    let unnumbered = numbers.iter().filter(|number| number.is_none()).count();
    if unnumbered > 0 {
        let message = format!("has {unnumbered} control points without a number");
        found.push(Wrong { what: format!("Point=NULL x{unnumbered}"), message });
    }
    found.extend(gaps(&numbers.iter().copied().flatten().collect::<Vec<_>>()));
    found
}

/// Says how numbers differ from 0 to n-1, once each.
fn gaps(numbers: &[i64]) -> Vec<Wrong> {
    let once: BTreeSet<i64> = numbers.iter().copied().collect();
    let mut found = Vec::new();
    let mut say = |what: String, message: String| found.push(Wrong { what, message });
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
