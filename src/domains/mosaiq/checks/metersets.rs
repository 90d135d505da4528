//! Metersets: a field's monitor units are possible, and agree with its control points and its dose; knows no plan.

use super::{Check, CheckCard, Criteria, Known, Look, Part, Verdict, each, of_key, ran};
use crate::domains::mosaiq::fields::Field;
use crate::domains::mosaiq::ground::{CellForm, Read};
use crate::domains::mosaiq::metersets::{self, Dose, Tolerance};
use crate::domains::mosaiq::numbers::{Number, Reading};
use crate::model::{Fetch, Finding, Row, Severity, Wrong};

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

    fn needs(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn reads(&self) -> Vec<Read> {
        vec![Read::all(TABLE, COLUMN, CellForm::Number)]
    }

    fn look<'a>(&self, _: &Known<'a>, criteria: Criteria<'a>) -> Box<dyn Look + 'a> {
        each(&VALUE, TABLE, move |row, _| {
            let impossible = |meterset: &Number| impossible(*meterset, criteria);
            let found = Reading::cell(row, COLUMN).number().filter(impossible);
            let wrong = |meterset: Number| {
                let message = format!("Meterset is {meterset} MU");
                Wrong { what: format!("{COLUMN}={meterset}"), message }
            };
            found.map(|meterset| (VALUE.severity, wrong(meterset))).into_iter().collect()
        })
    }
}

/// Tells whether no field can have a meterset.
pub(super) fn impossible(meterset: Number, criteria: Criteria<'_>) -> bool {
    metersets::negative(meterset) || !criteria.rules.metersets.impossible.is_above(meterset)
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

    fn needs(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE), Fetch::all("TxFieldPoint")]
    }

    fn reads(&self) -> Vec<Read> {
        let fields = [("FLD_ID", CellForm::Whole), (COLUMN, CellForm::Number)];
        let points = [("FLD_ID", CellForm::Whole), ("Index", CellForm::Number)];
        let fields = fields.map(|(column, form)| Read::all(TABLE, column, form));
        let points = points.map(|(column, form)| Read::all("TxFieldPoint", column, form));
        fields.into_iter().chain(points).collect()
    }

    fn look<'a>(&self, _: &Known<'a>, criteria: Criteria<'a>) -> Box<dyn Look + 'a> {
        let tolerance = Tolerance::of(&criteria.rules.metersets);
        Box::new(Indexed { tolerance, looked_at: 0, findings: Vec::new() })
    }
}

/// The look: fields are counted, and judged as their control points come by.
struct Indexed {
    tolerance: Tolerance,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl Look for Indexed {
    fn take(&mut self, part: &Part<'_>, known: &Known<'_>) {
        if part.table == TABLE {
            self.looked_at += part.len();
            return;
        }
        for (id, points) in part.fields() {
            let Some(field) = known.field(id) else { continue };
            let wrong = wrong_index(&field, points, self.tolerance);
            self.findings.extend(wrong.map(|wrong| of_key(&INDEX, TABLE, field.key(), wrong)));
        }
    }

    fn verdict(&mut self, _: &Known<'_>) -> Verdict {
        ran(self.looked_at, std::mem::take(&mut self.findings))
    }
}

/// Says that the last index of a field's control points is no end.
fn wrong_index(field: &Field<'_>, points: &[Row<'_>], tolerance: Tolerance) -> Option<Wrong> {
    let (last, meterset) = (metersets::last_index(points)?, field.meterset?);
    let [end, all] = [last, meterset].map(Number::from);
    let wrong = || Wrong {
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

    fn needs(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn reads(&self) -> Vec<Read> {
        [COLUMN, "Cgray", "cGrayPerMeterset"].map(|column| Read::all(TABLE, column, CellForm::Number)).into()
    }

    fn look<'a>(&self, _: &Known<'a>, criteria: Criteria<'a>) -> Box<dyn Look + 'a> {
        let tolerance = Tolerance::of(&criteria.rules.metersets);
        each(&DOSE, TABLE, move |row, _| {
            let judge = || {
                let (dose, meterset) = (Dose::of(row)?, row.float(COLUMN)?);
                let [cgray, each, all] = [dose.cgray, dose.per_meterset, meterset].map(Number::from);
                let wrong = || Wrong {
                    what: format!("cGrayPerMeterset={each} {COLUMN}={all} Cgray={cgray}"),
                    message: format!("{each} cGy per MU times {all} MU is not {cgray} cGy"),
                };
                (!dose.fits(meterset, tolerance)).then(|| (DOSE.severity, wrong()))
            };
            judge().into_iter().collect()
        })
    }
}
