//! Offsets: a patient shift is small, of a known kind, and not from the future.

use super::times::render_future_time;
use super::{Check, CheckCard, CheckFacts, CheckVisitor, Criteria, check_rows};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::limits::{OFFSET_STATES, OFFSET_TYPES};
use crate::domains::mosaiq::numbers::CellReading;
use crate::domains::mosaiq::rules::Offsets;
use crate::model::{Fetch, Row, Severity, Violation};

const TABLE: &str = "Offset";
pub(super) const AXES: [&str; 3] = ["Superior_Offset", "Anterior_Offset", "Lateral_Offset"];

pub(super) struct OffsetSize;

static SIZE: CheckCard = CheckCard {
    id: "offset_size",
    group: "offsets",
    mode: "invalid_offset_data",
    severity: Severity::Critical,
    about: "No axis of a patient shift exceeds the rules' limit in either direction, nor does the length of the whole \
        shift; an axis beyond the possible range is critical.",
    remedy: "Check the image that the shift was measured on before it is applied to a patient.",
};

impl Check for OffsetSize {
    fn card(&self) -> &'static CheckCard {
        &SIZE
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        AXES.map(|axis| CheckedColumn::judged_alone(TABLE, axis, CellForm::Number)).into()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let limits = &criteria.rules.offsets;
        check_rows(&SIZE, TABLE, move |row, _| {
            let mut faults: Vec<_> = AXES.iter().filter_map(|axis| check_axis(row, axis, limits)).collect();
            // With an axis out of limits, the length of the whole shift adds nothing.
            if faults.is_empty() {
                faults.extend(too_far(row, limits));
            }
            faults
        })
    }
}

fn check_axis(row: &Row<'_>, axis: &str, limits: &Offsets) -> Option<(Severity, Violation)> {
    let (usual, possible) = (limits.max_shift.around_zero(), limits.possible_shift.around_zero());
    let shift = CellReading::from_cell(row, axis).number().filter(|shift| !usual.contains(*shift))?;
    let (severity, range) =
        if possible.contains(shift) { (Severity::High, usual) } else { (Severity::Critical, possible) };
    let message = format!("{axis} is {shift} cm, outside {range} cm");
    Some((severity, Violation { what: format!("{axis}={shift}"), message }))
}

fn too_far(row: &Row<'_>, limits: &Offsets) -> Option<(Severity, Violation)> {
    let square: f64 = AXES.iter().filter_map(|axis| row.float(axis)).map(|shift| shift * shift).sum();
    let length = square.sqrt();
    // Not a number, if an axis is none: its own check reports it.
    if length.is_nan() || length <= limits.max_length.get() {
        return None;
    }
    let message = format!("the shift is {length:.2} cm long, more than {}", limits.max_length);
    Some((Severity::High, Violation { what: format!("length={length:.2}"), message }))
}

pub(super) struct OffsetCodes;

static CODES: CheckCard = CheckCard {
    id: "offset_codes",
    group: "offsets",
    mode: "invalid_offset_data",
    severity: Severity::Low,
    about: "Offset_Type is 2, 3 or 4 (localisation, portal, third party), and Offset_State is 1 or 2 (active, \
        complete).",
    remedy: "Find out which system sent the shift, and which release of the codes it uses.",
};

impl Check for OffsetCodes {
    fn card(&self) -> &'static CheckCard {
        &CODES
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        ["Offset_Type", "Offset_State"].map(|column| CheckedColumn::judged_alone(TABLE, column, CellForm::Whole)).into()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, _: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let codes: [(&str, &[i64]); 2] = [("Offset_Type", &OFFSET_TYPES), ("Offset_State", &OFFSET_STATES)];
        check_rows(&CODES, TABLE, move |row, _| {
            let mut faults = Vec::new();
            for (column, valid) in codes {
                let is_known = row.integer(column).is_some_and(|code| valid.contains(&code));
                // NULL is reported by `null_offset`.
                let Some(cell) = row.cell(column).filter(|cell| !is_known && !cell.is_null()) else { continue };
                let shown = crate::model::refusal::render_key(std::slice::from_ref(cell));
                let message = format!("{column} is {shown}, not one of {valid:?}");
                faults.push((CODES.severity, Violation { what: format!("{column}={shown}"), message }));
            }
            faults
        })
    }
}

pub(super) struct OffsetFuture;

static FUTURE: CheckCard = CheckCard {
    id: "offset_future",
    group: "offsets",
    mode: "invalid_offset_data",
    severity: Severity::Medium,
    about: "No patient shift was measured (Study_DtTm) later than the present, by the database's own clock.",
    remedy: "Set the clock of the imaging system, and send the shift again.",
};

impl Check for OffsetFuture {
    fn card(&self) -> &'static CheckCard {
        &FUTURE
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        vec![CheckedColumn::required(TABLE, "Study_DtTm", CellForm::Time)]
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        check_rows(&FUTURE, TABLE, move |row, _| match render_future_time(row, "Study_DtTm", criteria.now) {
            Some(at) => {
                let message = format!("was measured at {at}, in the future");
                vec![(FUTURE.severity, Violation { what: format!("Study_DtTm={at}"), message })]
            }
            None => Vec::new(),
        })
    }
}
