//! Offsets: a patient shift is small, of a known kind, and not from the future; knows no site's own limits.

use super::times::ahead;
use super::{Check, CheckCard, Criteria, Known, Look, each};
use crate::domains::mosaiq::ground::{CellForm, Read};
use crate::domains::mosaiq::limits::{OFFSET_STATES, OFFSET_TYPES};
use crate::domains::mosaiq::numbers::Reading;
use crate::domains::mosaiq::rules::Offsets;
use crate::model::{Fetch, Row, Severity, Wrong};

const TABLE: &str = "Offset";
pub(super) const AXES: [&str; 3] = ["Superior_Offset", "Anterior_Offset", "Lateral_Offset"];

/// A shift is small.
pub(super) struct OffsetSize;

static SIZE: CheckCard = CheckCard {
    id: "offset_size",
    group: "offsets",
    mode: "invalid_offset_data",
    severity: Severity::Critical,
    about: "No axis of a patient shift lies beyond the rules' limit either way, and the whole shift is not longer \
        than they say; an axis beyond what they call possible is critical.",
    remedy: "Look at the image that the shift was measured on before it is applied to anybody.",
};

impl Check for OffsetSize {
    fn card(&self) -> &'static CheckCard {
        &SIZE
    }

    fn needs(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn reads(&self) -> Vec<Read> {
        AXES.map(|axis| Read::own(TABLE, axis, CellForm::Number)).into()
    }

    fn look<'a>(&self, _: &Known<'a>, criteria: Criteria<'a>) -> Box<dyn Look + 'a> {
        let limits = &criteria.rules.offsets;
        each(&SIZE, TABLE, move |row, _| {
            let mut found: Vec<_> = AXES.iter().filter_map(|axis| beyond(row, axis, limits)).collect();
            // Where an axis says it already, the whole adds nothing.
            if found.is_empty() {
                found.extend(too_far(row, limits));
            }
            found
        })
    }
}

fn beyond(row: &Row<'_>, axis: &str, limits: &Offsets) -> Option<(Severity, Wrong)> {
    let (usual, possible) = (limits.max_shift.around_zero(), limits.possible_shift.around_zero());
    let shift = Reading::cell(row, axis).number().filter(|shift| !usual.holds(*shift))?;
    let (severity, range) =
        if possible.holds(shift) { (Severity::High, usual) } else { (Severity::Critical, possible) };
    let message = format!("{axis} is {shift} cm, outside {range} cm");
    Some((severity, Wrong { what: format!("{axis}={shift}"), message }))
}

fn too_far(row: &Row<'_>, limits: &Offsets) -> Option<(Severity, Wrong)> {
    let square: f64 = AXES.iter().filter_map(|axis| row.float(axis)).map(|shift| shift * shift).sum();
    let length = square.sqrt();
    let message = || format!("the shift is {length:.2} cm long, more than {}", limits.max_length);
    let wrong = || Wrong { what: format!("length={length:.2}"), message: message() };
    (length > limits.max_length.get()).then(|| (Severity::High, wrong()))
}

/// A shift is of a known kind.
pub(super) struct OffsetCodes;

static CODES: CheckCard = CheckCard {
    id: "offset_codes",
    group: "offsets",
    mode: "invalid_offset_data",
    severity: Severity::Low,
    about: "Offset_Type is 2, 3 or 4 (localisation, portal, third party), and Offset_State is 1 or 2 (active, \
        complete).",
    remedy: "Find out which system sent the shift, and which release of the codes it speaks.",
};

impl Check for OffsetCodes {
    fn card(&self) -> &'static CheckCard {
        &CODES
    }

    fn needs(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn reads(&self) -> Vec<Read> {
        ["Offset_Type", "Offset_State"].map(|column| Read::own(TABLE, column, CellForm::Whole)).into()
    }

    fn look<'a>(&self, _: &Known<'a>, _: Criteria<'a>) -> Box<dyn Look + 'a> {
        let codes: [(&str, &[i64]); 2] = [("Offset_Type", &OFFSET_TYPES), ("Offset_State", &OFFSET_STATES)];
        each(&CODES, TABLE, move |row, _| {
            let unknown = |(column, valid): (&str, &[i64])| {
                let known = row.integer(column).is_some_and(|code| valid.contains(&code));
                let cell = row.cell(column).filter(|cell| !known && !cell.is_null())?;
                let shown = crate::model::refusal::show(std::slice::from_ref(cell));
                let message = format!("{column} is {shown}, none of {valid:?}");
                Some((CODES.severity, Wrong { what: format!("{column}={shown}"), message }))
            };
            codes.into_iter().filter_map(unknown).collect()
        })
    }
}

/// A shift is not from the future.
pub(super) struct OffsetFuture;

static FUTURE: CheckCard = CheckCard {
    id: "offset_future",
    group: "offsets",
    mode: "invalid_offset_data",
    severity: Severity::Medium,
    about: "No patient shift was measured (Study_DtTm) after the present moment of the database's own clock.",
    remedy: "Set the clock of the imaging system, and send the shift again.",
};

impl Check for OffsetFuture {
    fn card(&self) -> &'static CheckCard {
        &FUTURE
    }

    fn needs(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn reads(&self) -> Vec<Read> {
        vec![Read::all(TABLE, "Study_DtTm", CellForm::Time)]
    }

    fn look<'a>(&self, _: &Known<'a>, criteria: Criteria<'a>) -> Box<dyn Look + 'a> {
        each(&FUTURE, TABLE, move |row, _| {
            let late = ahead(row, "Study_DtTm", criteria.now);
            let wrong = |at: String| {
                let message = format!("was measured at {at}, in the future");
                Wrong { what: format!("Study_DtTm={at}"), message }
            };
            late.map(|at| (FUTURE.severity, wrong(at))).into_iter().collect()
        })
    }
}
