//! Durations by technique: a delivery lasts as long as the rules say for its field's type.

use super::times::{duration_columns, is_duration_within};
use super::{Check, CheckCard, CheckFacts, CheckVisitor, Criteria, check_rows, rounded_seconds};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::deliveries::judged_duration;
use crate::domains::mosaiq::field_types;
use crate::domains::mosaiq::lookup::LookupId;
use crate::model::{Fetch, Row, Severity, Violation};

const TABLE: &str = "TrackTreatment";
const FIELDS: &str = "TxField";

pub(super) struct TechniqueDuration;

static CARD: CheckCard = CheckCard {
    id: "technique_duration",
    group: "times",
    mode: "timestamp_inconsistencies",
    severity: Severity::Low,
    about: "The duration of a delivery is within the rules for its field's type; only deliveries with beam on, \
        complete, not cancelled, not for quality assurance and ending after they start are judged.",
    remedy: "Compare the times with the machine's log, and the field's type with the plan.",
};

impl Check for TechniqueDuration {
    fn card(&self) -> &'static CheckCard {
        &CARD
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE), Fetch::all(FIELDS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let fields = [("FLD_ID", CellForm::Whole), ("Type_Enum", CellForm::Whole)];
        let fields = fields.map(|(column, form)| CheckedColumn::required(FIELDS, column, form));
        duration_columns().chain([CheckedColumn::required(TABLE, "FLD_ID", CellForm::Whole)]).chain(fields).collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        check_rows(&CARD, TABLE, move |row, known| Vec::from_iter(wrong_duration(row, known, criteria)))
    }
}

/// Returns the fault of a delivery that is too short or too long for its field's type.
fn wrong_duration(row: &Row<'_>, known: &CheckFacts<'_>, criteria: Criteria<'_>) -> Option<(Severity, Violation)> {
    let kind = known.find_field(&LookupId::from_cell(row.cell("FLD_ID")))?.kind?;
    let bounds = *criteria.rules.of_type(Some(kind))?.duration?;
    let lasted = judged_duration(row).filter(|lasted| !is_duration_within(*lasted, bounds))?;
    let word = field_types::find_word(kind).unwrap_or_default();
    let message = format!("lasts {} s; a field of type {word} takes {bounds} s", rounded_seconds(lasted));
    let what = format!("lasted={:.0}s Type_Enum={kind}", lasted.as_secs_f64());
    Some((CARD.severity, Violation { what, message }))
}
