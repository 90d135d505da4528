//! Durations by technique: a delivery lasts as long as one of its field's type; the limits are the rules'.

use super::times::{judged_by, lasts};
use super::{Check, CheckCard, Criteria, Known, Look, each, shown};
use crate::domains::mosaiq::deliveries::judged;
use crate::domains::mosaiq::field_types;
use crate::domains::mosaiq::ground::{CellForm, Read};
use crate::domains::mosaiq::lookup::Id;
use crate::model::{Fetch, Severity, Wrong};

const TABLE: &str = "TrackTreatment";
const FIELDS: &str = "TxField";

/// The check.
pub(super) struct TechniqueDuration;

static CARD: CheckCard = CheckCard {
    id: "technique_duration",
    group: "times",
    mode: "timestamp_inconsistencies",
    severity: Severity::Low,
    about: "A delivery lasts as long as the rules say of its field's type; only those with beam on, complete, not \
        cancelled and not for quality assurance are judged, and only where they end after they start.",
    remedy: "Compare the times with the machine's log, and the field's type with the plan.",
};

impl Check for TechniqueDuration {
    fn card(&self) -> &'static CheckCard {
        &CARD
    }

    fn needs(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE), Fetch::all(FIELDS)]
    }

    fn reads(&self) -> Vec<Read> {
        let fields = [("FLD_ID", CellForm::Whole), ("Type_Enum", CellForm::Whole)];
        let fields = fields.map(|(column, form)| Read::all(FIELDS, column, form));
        judged_by().chain([Read::all(TABLE, "FLD_ID", CellForm::Whole)]).chain(fields).collect()
    }

    fn look<'a>(&self, _: &Known<'a>, criteria: Criteria<'a>) -> Box<dyn Look + 'a> {
        each(&CARD, TABLE, move |row, known| {
            let strange = || {
                let kind = known.field(&Id::of(row.cell("FLD_ID")))?.kind?;
                let bounds = *criteria.rules.of_type(Some(kind))?.duration?;
                let lasted = judged(row).filter(|lasted| !lasts(*lasted, bounds))?;
                let word = field_types::word(kind).unwrap_or_default();
                let message = format!("lasts {} s, and a field of type {word} {bounds} s", shown(lasted));
                Some((
                    CARD.severity,
                    Wrong { what: format!("lasted={:.0}s Type_Enum={kind}", lasted.as_secs_f64()), message },
                ))
            };
            strange().into_iter().collect()
        })
    }
}
