//! Angle ranges: every gantry and collimator angle lies in its machine's range.

use super::{Check, CheckCard, CheckFacts, CheckVisitor, Criteria, row_visitor};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::fleet::MachineRules;
use crate::domains::mosaiq::lookup::LookupId;
use crate::model::snapshot::key_form;
use crate::model::{Fetch, Finding, Severity};

pub(super) struct AngleRange;

static CARD: CheckCard = CheckCard {
    id: "angle_range",
    group: "angles",
    mode: "invalid_angles",
    severity: Severity::Low,
    about: "At every control point, Gantry_Ang and Coll_Ang are within the machine's ranges in the rules.",
    remedy: "Compare the field with the treatment plan, and import its angles again.",
};

impl Check for AngleRange {
    fn card(&self) -> &'static CheckCard {
        &CARD
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all("TxFieldPoint")]
    }

    fn optional_queries(&self) -> Vec<Fetch> {
        MachineRules::queries()
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        ["Gantry_Ang", "Coll_Ang"]
            .map(|column| CheckedColumn::judged_alone("TxFieldPoint", column, CellForm::Number))
            .into()
    }

    fn visitor<'a>(&self, known: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let fleet = MachineRules::from_snapshot(known.whole, criteria.rules);
        row_visitor("TxFieldPoint", fleet.remarks(), move |row, known, findings| {
            let machine = fleet.of_field(&LookupId::from_cell(row.cell("FLD_ID")), &known.machines.fields);
            let ranges =
                [("Gantry_Ang", "gantry", machine.gantry_range), ("Coll_Ang", "collimator", machine.collimator_range)];
            for (column, name, range) in ranges {
                let Some(angle) = row.cell(column).and_then(|cell| range.number_beyond(cell)) else {
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
        })
    }
}
