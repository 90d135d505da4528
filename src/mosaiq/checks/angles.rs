//! Angles: every gantry and collimator angle lies in its range; says nothing of jumps between control points.

use super::{Card, Check, Terms, Verdict, present};
use crate::model::snapshot::key_form;
use crate::model::{Finding, Query, Severity, Snapshot};
use crate::mosaiq::ground::{Form, Read};
use crate::mosaiq::limits::{COLLIMATOR_DEGREES, GANTRY_DEGREES};
use crate::mosaiq::numbers::Reading;

/// The check.
pub(super) struct AngleRange;

static CARD: Card = Card {
    id: "angle_range",
    group: "angles",
    mode: "invalid_angles",
    severity: Severity::Low,
    about: "Gantry_Ang lies in 0 to 360 degrees and Coll_Ang in -180 to 360 degrees at every control point.",
    remedy: "Compare the field with the treatment plan, and import its angles again.",
};

impl Check for AngleRange {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Vec<Query> {
        vec![Query::all("TxFieldPoint")]
    }

    fn reads(&self) -> Vec<Read> {
        ["Gantry_Ang", "Coll_Ang"].map(|column| Read::own("TxFieldPoint", column, Form::Number)).into()
    }

    fn judge(&self, snapshot: &Snapshot, _: &Terms) -> Verdict {
        let points = match present(snapshot, "TxFieldPoint", &[]) {
            Ok(points) => points,
            Err(not_run) => return not_run,
        };
        let mut findings = Vec::new();
        for row in points.rows() {
            for (column, name, range) in
                [("Gantry_Ang", "gantry", GANTRY_DEGREES), ("Coll_Ang", "collimator", COLLIMATOR_DEGREES)]
            {
                let Some(angle) = Reading::cell(&row, column).number().filter(|angle| !angle.within(range)) else {
                    continue;
                };
                let field = row.cell("FLD_ID").filter(|cell| !cell.is_null()).map(key_form);
                findings.push(Finding {
                    check: CARD.id,
                    severity: CARD.severity,
                    table: "TxFieldPoint",
                    key: row.key(),
                    related: field.into_iter().map(|field| ("TxField", vec![field])).collect(),
                    what: format!("{column}={angle}"),
                    message: format!("the {name} angle is {angle}, outside {range} degrees"),
                });
            }
        }
        Verdict::Ran { looked_at: points.len() as u64, findings, remarks: Vec::new() }
    }
}
