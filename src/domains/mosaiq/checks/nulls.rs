//! NULLs: no row holds NULL in a required column.

use super::{Check, CheckCard, CheckFacts, CheckVisitor, Criteria, check_rows};
use crate::domain::column_choice::ColumnVariant;
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::required::{LOOKED_UP, REQUIRED, null_severity};
use crate::model::{Fetch, Severity, Value, Violation};

/// The check of one table's required columns.
pub(super) struct Nulls {
    card: &'static CheckCard,
    table: &'static str,
}

pub(super) static DELIVERY: Nulls = Nulls {
    card: &CheckCard {
        id: "null_delivery",
        group: "nulls",
        mode: "null_required_fields",
        severity: Severity::Critical,
        about: "Every delivery has a patient, a field, a prescription, a machine and both times.",
        remedy: "Find the delivery in the machine's log by its neighbours in time, and fill in the missing value.",
    },
    table: "TrackTreatment",
};

pub(super) static FIELD: Nulls = Nulls {
    card: &CheckCard {
        id: "null_field",
        group: "nulls",
        mode: "null_required_fields",
        severity: Severity::Critical,
        about: "Every field has a patient, a prescription, a meterset, a type, a machine and a set of versions; a \
            setup field's meterset is 0, not NULL.",
        remedy: "Compare the field with the treatment plan, and import it again.",
    },
    table: "TxField",
};

pub(super) static POINT: Nulls = Nulls {
    card: &CheckCard {
        id: "null_point",
        group: "nulls",
        mode: "null_required_fields",
        severity: Severity::High,
        about: "Every control point has a field, a number, an index, a gantry angle and a collimator angle.",
        remedy: "Compare the field with the treatment plan, and import its control points again.",
    },
    table: "TxFieldPoint",
};

pub(super) static OFFSET: Nulls = Nulls {
    card: &CheckCard {
        id: "null_offset",
        group: "nulls",
        mode: "null_required_fields",
        severity: Severity::Medium,
        about: "Every patient shift has a prescription, a time, a type and a state.",
        remedy: "Find the shift in the imaging system by its time, and send it again.",
    },
    table: "Offset",
};

pub(super) static IDENTITY: Nulls = Nulls {
    card: &CheckCard {
        id: "null_identity",
        group: "nulls",
        mode: "null_required_fields",
        severity: Severity::Critical,
        about: "Every identity has its patient.",
        remedy: "Find out whose number it is before using it to look anyone up.",
    },
    table: "Ident",
};

pub(super) static PRESCRIPTION: Nulls = Nulls {
    card: &CheckCard {
        id: "null_prescription",
        group: "nulls",
        mode: "null_required_fields",
        severity: Severity::Critical,
        about: "Every prescription has a patient and a set of versions, which fields and shifts refer to.",
        remedy: "Find the prescription by its fields, and fill in the missing value.",
    },
    table: "Site",
};

pub(super) static DOSE: Nulls = Nulls {
    card: &CheckCard {
        id: "null_dose",
        group: "nulls",
        mode: "null_required_fields",
        severity: Severity::Critical,
        about: "Every entry of the dose history has a patient, a prescription, a field and a time.",
        remedy: "Find the delivery that the entry belongs to, and fill in the missing value.",
    },
    table: "Dose_Hst",
};

impl Check for Nulls {
    fn card(&self) -> &'static CheckCard {
        self.card
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(self.table)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        required_columns(self.table)
            .map(|place| {
                CheckedColumn::judged_alone(place.table, place.column, CellForm::from_schema(place.table, place.column))
            })
            .collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, _: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let table = self.table;
        check_rows(self.card, table, move |row, _| {
            let mut faults = Vec::new();
            for place in required_columns(table) {
                let column = place.column;
                // A missing column holds no NULL; the runner adds a remark about it.
                if row.cell(column).is_some_and(Value::is_null) {
                    let (what, message) = (format!("{column}=NULL"), format!("{column} is NULL"));
                    faults.push((null_severity(place), Violation { what, message }));
                }
            }
            faults
        })
    }
}

fn required_columns(table: &'static str) -> impl Iterator<Item = &'static ColumnVariant> {
    REQUIRED.iter().chain(&LOOKED_UP).filter(move |place| place.table == table)
}
