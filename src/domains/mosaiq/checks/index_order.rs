//! The cumulative meterset: it begins at 0, never falls, and no point of an arc carries a large part of it.

use super::{
    Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, RowBatch, key_finding, sorted_verdict,
};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::geometry::rounded;
use crate::model::{Fetch, Finding, Row, Severity, Violation};

const FIELDS: &str = "TxField";
const POINTS: &str = "TxFieldPoint";
/// Type_Enum of a modulated arc, whose meterset is spread over all of its control points.
const SPREAD_TYPE: i64 = 13;

pub(super) struct IndexOrder;

static CARD: CheckCard = CheckCard {
    id: "index_order",
    group: "geometry",
    mode: "plausible_geometry",
    severity: Severity::High,
    about: "The cumulative meterset (Index) of a field with several control points begins at 0 and never falls; no \
        control point of a modulated arc has more than the rules' multiple of the mean weight.",
    remedy: "Export the field from the treatment plan again: the dose goes to the wrong control points.",
};

impl Check for IndexOrder {
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
            CheckedColumn::required(POINTS, "Point", CellForm::Whole),
            CheckedColumn::required(POINTS, "Index", CellForm::Number),
        ]
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let heaviest = criteria.rules.geometry.point_weight.get();
        Box::new(OrderVisitor { heaviest, looked_at: 0, findings: Vec::new() })
    }
}

struct OrderVisitor {
    /// The largest weight of a control point, as a multiple of the mean.
    heaviest: f64,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl CheckVisitor for OrderVisitor {
    fn visit(&mut self, part: &RowBatch<'_>, known: &CheckFacts<'_>) {
        if part.table != POINTS {
            return;
        }
        for (id, points) in part.points_by_number() {
            let Some(field) = known.find_field(id).filter(|_| points.len() > 1) else { continue };
            self.looked_at += 1;
            let heaviest = (field.kind == Some(SPREAD_TYPE)).then_some(self.heaviest);
            let wrong = check_order(points, heaviest);
            self.findings.extend(wrong.map(|wrong| key_finding(&CARD, FIELDS, field.key(), wrong)));
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        sorted_verdict(self.looked_at, std::mem::take(&mut self.findings))
    }
}

/// Returns the first fault in the cumulative meterset of a field's control points.
fn check_order(points: &[Row<'_>], heaviest: Option<f64>) -> Option<Violation> {
    let indices = points.iter().filter_map(|row| Some((row.integer("Point")?, row.float("Index")?)));
    let indices: Vec<(i64, f64)> = indices.collect();
    let (point, first) = *indices.first()?;
    if point == 0 && first != 0.0 {
        let message = format!("the cumulative meterset begins at {} instead of 0", rounded(first));
        return Some(Violation { what: format!("Index={}", rounded(first)), message });
    }
    let (_, last) = *indices.last()?;
    let mean = last / (points.len().max(2) - 1) as f64;
    for pair in indices.windows(2) {
        let [(_, before), (point, index)] = pair else { continue };
        let weight = index - before;
        let (before, index) = (rounded(*before), rounded(*index));
        if weight < 0.0 {
            let message = format!("the cumulative meterset falls from {before} to {index} at control point {point}");
            return Some(Violation { what: format!("Index={index} before={before}"), message });
        }
        // With points missing, which `control_point_sequence` reports, the next one carries their weight.
        if points.len() >= 10 && heaviest.is_some_and(|most| weight > most * mean) {
            let message = format!(
                "control point {point} carries {} times the mean meterset of the arc's control points",
                rounded(weight / mean)
            );
            return Some(Violation { what: format!("Index={index} before={before}"), message });
        }
    }
    None
}
