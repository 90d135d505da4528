//! Metersets: a field's monitor units are possible, and agree with its control points and its dose.

use super::{
    Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, RowBatch, check_rows, key_finding,
    sorted_verdict,
};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::fields::Field;
use crate::domains::mosaiq::metersets::{self, Dose, Tolerance};
use crate::domains::mosaiq::numbers::{CellNumber, CellReading};
use crate::model::{Fetch, Finding, Row, Severity, Violation};

const TABLE: &str = "TxField";
const COLUMN: &str = "Meterset";

pub(super) struct MetersetValue;

static VALUE: CheckCard = CheckCard {
    id: "meterset_value",
    group: "metersets",
    mode: "meterset_inconsistency",
    severity: Severity::Critical,
    about: "The Meterset of a field is neither negative nor impossibly large by the rules.",
    remedy: "Compare the field with the treatment plan before any patient is treated with it.",
};

impl Check for MetersetValue {
    fn card(&self) -> &'static CheckCard {
        &VALUE
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        vec![CheckedColumn::required(TABLE, COLUMN, CellForm::Number)]
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        check_rows(&VALUE, TABLE, move |row, _| match CellReading::from_cell(row, COLUMN).number() {
            Some(meterset) if is_impossible(meterset, criteria) => {
                let message = format!("Meterset is {meterset} MU");
                vec![(VALUE.severity, Violation { what: format!("{COLUMN}={meterset}"), message })]
            }
            _ => Vec::new(),
        })
    }
}

/// Tells whether no field can have this meterset.
pub(super) fn is_impossible(meterset: CellNumber, criteria: Criteria<'_>) -> bool {
    metersets::is_negative(meterset) || !criteria.rules.metersets.impossible.is_above(meterset)
}

pub(super) struct MetersetIndex;

static INDEX: CheckCard = CheckCard {
    id: "meterset_index",
    group: "metersets",
    mode: "meterset_inconsistency",
    severity: Severity::Medium,
    about: "The last control-point index of a field with several points is 100 percent or equals its Meterset, within \
        the rules' tolerances.",
    remedy: "Compare control points and meterset with the treatment plan, and import the field again.",
};

impl Check for MetersetIndex {
    fn card(&self) -> &'static CheckCard {
        &INDEX
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE), Fetch::all("TxFieldPoint")]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let fields = [("FLD_ID", CellForm::Whole), (COLUMN, CellForm::Number)];
        let points = [("FLD_ID", CellForm::Whole), ("Index", CellForm::Number)];
        let fields = fields.map(|(column, form)| CheckedColumn::required(TABLE, column, form));
        let points = points.map(|(column, form)| CheckedColumn::required("TxFieldPoint", column, form));
        fields.into_iter().chain(points).collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let tolerance = Tolerance::from_rules(&criteria.rules.metersets);
        Box::new(IndexVisitor { tolerance, looked_at: 0, findings: Vec::new() })
    }
}

// Fields come before control points: the meterset of a field is known when its points arrive.
struct IndexVisitor {
    tolerance: Tolerance,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl CheckVisitor for IndexVisitor {
    fn visit(&mut self, part: &RowBatch<'_>, known: &CheckFacts<'_>) {
        if part.table == TABLE {
            self.looked_at += part.len();
            return;
        }
        for (id, points) in part.rows_by_field() {
            // A point of no field is an orphan, which another check reports.
            let Some(field) = known.find_field(id) else { continue };
            let wrong = wrong_index(&field, points, self.tolerance);
            self.findings.extend(wrong.map(|wrong| key_finding(&INDEX, TABLE, field.key(), wrong)));
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        sorted_verdict(self.looked_at, std::mem::take(&mut self.findings))
    }
}

/// Returns the fault of a last index that is neither 100 % nor the meterset.
fn wrong_index(field: &Field<'_>, points: &[Row<'_>], tolerance: Tolerance) -> Option<Violation> {
    let (last, meterset) = (metersets::last_index(points)?, field.meterset?);
    if metersets::index_fits(last, meterset, tolerance) {
        return None;
    }
    let [end, all] = [last, meterset].map(CellNumber::from);
    Some(Violation {
        what: format!("Index={end} {COLUMN}={all}"),
        message: format!("the last index is {end}, neither 100 % nor the Meterset, {all} MU"),
    })
}

pub(super) struct MetersetDose;

static DOSE: CheckCard = CheckCard {
    id: "meterset_dose",
    group: "metersets",
    mode: "meterset_inconsistency",
    severity: Severity::Medium,
    about: "cGrayPerMeterset times Meterset equals Cgray within the rules' tolerance, if none of the three is zero.",
    remedy: "Compare dose and meterset of the field with the treatment plan.",
};

impl Check for MetersetDose {
    fn card(&self) -> &'static CheckCard {
        &DOSE
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        [COLUMN, "Cgray", "cGrayPerMeterset"]
            .map(|column| CheckedColumn::required(TABLE, column, CellForm::Number))
            .into()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let tolerance = Tolerance::from_rules(&criteria.rules.metersets);
        check_rows(&DOSE, TABLE, move |row, _| {
            wrong_dose(row, tolerance).map(|wrong| (DOSE.severity, wrong)).into_iter().collect()
        })
    }
}

/// Returns the fault of a meterset that does not give the dose.
fn wrong_dose(row: &Row<'_>, tolerance: Tolerance) -> Option<Violation> {
    let (dose, meterset) = (Dose::from_field(row)?, row.float(COLUMN)?);
    if dose.is_consistent_with(meterset, tolerance) {
        return None;
    }
    let [cgray, each, all] = [dose.cgray, dose.per_meterset, meterset].map(CellNumber::from);
    Some(Violation {
        what: format!("cGrayPerMeterset={each} {COLUMN}={all} Cgray={cgray}"),
        message: format!("{each} cGy per MU times {all} MU is not {cgray} cGy"),
    })
}
