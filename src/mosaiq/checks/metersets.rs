//! Metersets: a field's monitor units are possible, and agree with its control points and its dose; knows no plan.

use std::collections::BTreeMap;

use super::{Card, Check, Terms, Verdict, each, present};
use crate::model::snapshot::key_form;
use crate::model::{Query, Row, Severity, Snapshot, Value, Wrong};
use crate::mosaiq::ground::{Form, Read};
use crate::mosaiq::metersets::{self, Dose, Tolerance};
use crate::mosaiq::numbers::{Number, Reading};

const TABLE: &str = "TxField";
const COLUMN: &str = "Meterset";

/// A meterset is possible.
pub(super) struct MetersetValue;

static VALUE: Card = Card {
    id: "meterset_value",
    group: "metersets",
    mode: "meterset_inconsistency",
    severity: Severity::Critical,
    about: "The Meterset of a field is neither negative nor 10000 MU or more.",
    remedy: "Compare the field with the treatment plan before anybody is treated with it.",
};

impl Check for MetersetValue {
    fn card(&self) -> &'static Card {
        &VALUE
    }

    fn needs(&self) -> Vec<Query> {
        vec![Query::all(TABLE)]
    }

    fn reads(&self) -> Vec<Read> {
        vec![Read::all(TABLE, COLUMN, Form::Number)]
    }

    fn judge(&self, snapshot: &Snapshot, terms: &Terms) -> Verdict {
        each(snapshot, &VALUE, TABLE, |row| {
            let impossible = |meterset: &Number| impossible(*meterset, terms);
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
pub(super) fn impossible(meterset: Number, terms: &Terms) -> bool {
    metersets::negative(meterset) || !terms.rules.metersets.impossible.is_above(meterset)
}

/// A meterset agrees with the control points.
pub(super) struct MetersetIndex;

static INDEX: Card = Card {
    id: "meterset_index",
    group: "metersets",
    mode: "meterset_inconsistency",
    severity: Severity::Medium,
    about: "The last control-point index of a field with several points is 100 percent within 0.5, or its Meterset \
        within 2 percent.",
    remedy: "Compare control points and meterset with the treatment plan, and import the field again.",
};

impl Check for MetersetIndex {
    fn card(&self) -> &'static Card {
        &INDEX
    }

    fn needs(&self) -> Vec<Query> {
        vec![Query::all(TABLE), Query::all("TxFieldPoint")]
    }

    fn reads(&self) -> Vec<Read> {
        let fields = [("FLD_ID", Form::Any), (COLUMN, Form::Number)];
        let points = [("FLD_ID", Form::Any), ("Index", Form::Number)];
        let fields = fields.map(|(column, form)| Read::all(TABLE, column, form));
        let points = points.map(|(column, form)| Read::all("TxFieldPoint", column, form));
        fields.into_iter().chain(points).collect()
    }

    fn judge(&self, snapshot: &Snapshot, terms: &Terms) -> Verdict {
        let points = match present(snapshot, "TxFieldPoint", &[]) {
            Ok(points) => points,
            Err(not_run) => return not_run,
        };
        let mut of_field: BTreeMap<Value, Vec<Row<'_>>> = BTreeMap::new();
        for point in points.rows() {
            of_field.entry(point.cell("FLD_ID").map_or(Value::Null, key_form)).or_default().push(point);
        }
        let tolerance = Tolerance::of(&terms.rules.metersets);
        each(snapshot, &INDEX, TABLE, |row| {
            let judge = || {
                let points = of_field.get(&key_form(row.cell("FLD_ID")?))?;
                let (last, meterset) = (metersets::last_index(points)?, row.float(COLUMN)?);
                let [end, all] = [last, meterset].map(Number::from);
                let wrong = || Wrong {
                    what: format!("Index={end} {COLUMN}={all}"),
                    message: format!("the last index is {end}, neither 100 % nor the Meterset, {all} MU"),
                };
                (!metersets::index_fits(last, meterset, tolerance)).then(|| (INDEX.severity, wrong()))
            };
            judge().into_iter().collect()
        })
    }
}

/// A meterset agrees with the dose.
pub(super) struct MetersetDose;

static DOSE: Card = Card {
    id: "meterset_dose",
    group: "metersets",
    mode: "meterset_inconsistency",
    severity: Severity::Medium,
    about: "cGrayPerMeterset times Meterset is Cgray within 2 percent, where none of the three is zero.",
    remedy: "Compare dose and meterset of the field with the treatment plan.",
};

impl Check for MetersetDose {
    fn card(&self) -> &'static Card {
        &DOSE
    }

    fn needs(&self) -> Vec<Query> {
        vec![Query::all(TABLE)]
    }

    fn reads(&self) -> Vec<Read> {
        [COLUMN, "Cgray", "cGrayPerMeterset"].map(|column| Read::all(TABLE, column, Form::Number)).into()
    }

    fn judge(&self, snapshot: &Snapshot, terms: &Terms) -> Verdict {
        let tolerance = Tolerance::of(&terms.rules.metersets);
        each(snapshot, &DOSE, TABLE, |row| {
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
