//! Durations by technique: a delivery lasts as long as one of its field's type; the limits are the rules'.

use std::collections::BTreeMap;

use super::times::{judged, judged_by, lasts};
use super::{Card, Check, Terms, Verdict, each, present};
use crate::model::snapshot::key_form;
use crate::model::{Query, Row, Severity, Snapshot, Value, Wrong};
use crate::mosaiq::field_types;
use crate::mosaiq::ground::{Form, Read};

const TABLE: &str = "TrackTreatment";
const FIELDS: &str = "TxField";

/// The check.
pub(super) struct TechniqueDuration;

static CARD: Card = Card {
    id: "technique_duration",
    group: "times",
    mode: "timestamp_inconsistencies",
    severity: Severity::Low,
    about: "A delivery lasts as long as the rules say of its field's type; only those with beam on, complete, not \
        cancelled and not for quality assurance are judged, and only where they end after they start.",
    remedy: "Compare the times with the machine's log, and the field's type with the plan.",
};

impl Check for TechniqueDuration {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Vec<Query> {
        vec![Query::all(TABLE), Query::all(FIELDS)]
    }

    fn reads(&self) -> Vec<Read> {
        let fields = [("FLD_ID", Form::Any), ("Type_Enum", Form::Whole)];
        let fields = fields.map(|(column, form)| Read::all(FIELDS, column, form));
        judged_by().chain([Read::all(TABLE, "FLD_ID", Form::Any)]).chain(fields).collect()
    }

    fn judge(&self, snapshot: &Snapshot, terms: &Terms) -> Verdict {
        let fields = match present(snapshot, FIELDS, &[]) {
            Ok(fields) => fields,
            Err(not_run) => return not_run,
        };
        let kind = |row: Row<'_>| Some((row.cell("FLD_ID").map(key_form)?, row.integer("Type_Enum")?));
        let kinds: BTreeMap<Value, i64> = fields.rows().filter_map(kind).collect();
        each(snapshot, &CARD, TABLE, |row| {
            let strange = || {
                let kind = *kinds.get(&row.cell("FLD_ID").map(key_form)?)?;
                let bounds = terms.rules.of_type(Some(kind))?.duration?;
                let lasted = judged(row).filter(|lasted| !lasts(*lasted, bounds))?.as_secs_f64();
                let word = field_types::word(kind).unwrap_or_default();
                let message = format!("lasts {lasted} s, and a field of type {word} {bounds} s");
                Some((CARD.severity, Wrong { what: format!("lasted={lasted:.0}s Type_Enum={kind}"), message }))
            };
            strange().into_iter().collect()
        })
    }
}
