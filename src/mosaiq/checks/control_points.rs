//! Control points: every field has the points that it promises, numbered without a hole; looks at no meterset.

use std::collections::{BTreeMap, BTreeSet};

use super::{Card, Check, Terms, Verdict, present};
use crate::model::snapshot::key_form;
use crate::model::{Finding, Query, Row, Severity, Snapshot, Value, Wrong};
use crate::mosaiq::ground::{Form, Read};

/// The check.
pub(super) struct ControlPointSequence;

static CARD: Card = Card {
    id: "control_point_sequence",
    group: "control_points",
    mode: "missing_control_points",
    severity: Severity::High,
    about: "A field's control points are numbered 0 to n-1, once each; there are as many as TxField.ControlPoints \
        promises, at least one where the field has a type, and at least two where its type moves between them.",
    remedy: "Export the field's plan again and compare the number of control points before anything uses the field.",
};

/// Field types that move between control points: step and shoot, arc, skip arcs, VMAT, dynamic MLC.
const MOVING: [i64; 5] = [2, 11, 12, 13, 14];

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
        let fields = present(snapshot, "TxField", &[]);
        let points = present(snapshot, "TxFieldPoint", &[]);
        let (fields, points) = match (fields, points) {
            (Ok(fields), Ok(points)) => (fields, points),
            (Err(not_run), _) | (_, Err(not_run)) => return not_run,
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
            findings.extend(wrong.into_iter().map(|wrong| finding(&field, wrong)));
        }
        Verdict::Ran { looked_at: (fields.len() + points.len()) as u64, findings, remarks: Vec::new() }
    }
}

fn finding(field: &Row<'_>, Wrong { what, message }: Wrong) -> Finding {
    Finding {
        check: CARD.id,
        severity: CARD.severity,
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
    let what = format!("points={count} Type_Enum={kind}");
    match count {
        0 if kind != 0 => say(what, format!("is of type {kind} and has no control point")),
        1 if MOVING.contains(&kind) => say(what, format!("is of type {kind} and has one control point only")),
        _ => {}
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
