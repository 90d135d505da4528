//! Metersets: a field's monitor units are possible, and agree with its control points and its dose; knows no plan.

use super::{
    Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, RowBatch, check_rows, of_key, sorted_verdict,
};
use crate::domains::mosaiq::fields::Field;
use crate::domains::mosaiq::ground::{CellForm, CheckedColumn};
use crate::domains::mosaiq::metersets::{self, Dose, Tolerance};
use crate::domains::mosaiq::numbers::{CellNumber, CellReading};
use crate::model::{Fetch, Finding, Row, Severity, Violation};

const TABLE: &str = "TxField";
const COLUMN: &str = "Meterset";

/// A meterset is possible.
pub(super) struct MetersetValue;

static VALUE: CheckCard = CheckCard {
    id: "meterset_value",
    group: "metersets",
    mode: "meterset_inconsistency",
    severity: Severity::Critical,
    about: "The Meterset of a field is neither negative nor as large as the rules call impossible.",
    remedy: "Compare the field with the treatment plan before anybody is treated with it.",
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
        check_rows(&VALUE, TABLE, move |row, _| {
            let impossible = |meterset: &CellNumber| is_impossible(*meterset, criteria);
            let found = CellReading::from_cell(row, COLUMN).number().filter(impossible);
            let wrong = |meterset: CellNumber| {
                let message = format!("Meterset is {meterset} MU");
                Violation { what: format!("{COLUMN}={meterset}"), message }
            };
            found.map(|meterset| (VALUE.severity, wrong(meterset))).into_iter().collect()
        })
    }
}

/// Tells whether no field can have a meterset.
pub(super) fn is_impossible(meterset: CellNumber, criteria: Criteria<'_>) -> bool {
    metersets::is_negative(meterset) || !criteria.rules.metersets.impossible.is_above(meterset)
}

/// A meterset agrees with the control points.
pub(super) struct MetersetIndex;

static INDEX: CheckCard = CheckCard {
    id: "meterset_index",
    group: "metersets",
    mode: "meterset_inconsistency",
    severity: Severity::Medium,
    about: "The last control-point index of a field with several points is 100 percent or its Meterset, within the \
        rules' tolerances.",
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

/// The look: fields are counted, and judged as their control points come by.
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
            let Some(field) = known.find_field(id) else { continue };
            let wrong = wrong_index(&field, points, self.tolerance);
            self.findings.extend(wrong.map(|wrong| of_key(&INDEX, TABLE, field.key(), wrong)));
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        sorted_verdict(self.looked_at, std::mem::take(&mut self.findings))
    }
}

/// Says that the last index of a field's control points is no end.
fn wrong_index(field: &Field<'_>, points: &[Row<'_>], tolerance: Tolerance) -> Option<Violation> {
    let (last, meterset) = (metersets::last_index(points)?, field.meterset?);
    let [end, all] = [last, meterset].map(CellNumber::from);
    let wrong = || Violation {
        what: format!("Index={end} {COLUMN}={all}"),
        message: format!("the last index is {end}, neither 100 % nor the Meterset, {all} MU"),
    };
    (!metersets::index_fits(last, meterset, tolerance)).then(wrong)
}

/// A meterset agrees with the dose.
pub(super) struct MetersetDose;

static DOSE: CheckCard = CheckCard {
    id: "meterset_dose",
    group: "metersets",
    mode: "meterset_inconsistency",
    severity: Severity::Medium,
    about: "cGrayPerMeterset times Meterset is Cgray within the rules' tolerance, where none of the three is zero.",
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
            let judge = || {
                let (dose, meterset) = (Dose::from_field(row)?, row.float(COLUMN)?);
                let [cgray, each, all] = [dose.cgray, dose.per_meterset, meterset].map(CellNumber::from);
                let wrong = || Violation {
                    what: format!("cGrayPerMeterset={each} {COLUMN}={all} Cgray={cgray}"),
                    message: format!("{each} cGy per MU times {all} MU is not {cgray} cGy"),
                };
                (!dose.is_consistent_with(meterset, tolerance)).then(|| (DOSE.severity, wrong()))
            };
            judge().into_iter().collect()
        })
    }
}
