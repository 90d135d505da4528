//! The dose history: a delivery and the entry that it names lie close in time; adds up no dose.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::{Card, Check, Terms, Verdict, each, present, seconds};
use crate::model::snapshot::key_form;
use crate::model::{Query, Row, Severity, Snapshot, Value, Wrong, time};
use crate::mosaiq::ground::{Form, Read};

const TABLE: &str = "TrackTreatment";
const DOSES: &str = "Dose_Hst";

/// The check.
pub(super) struct DeliveryDoseTime;

static CARD: Card = Card {
    id: "delivery_dose_time",
    group: "times",
    mode: "timestamp_inconsistencies",
    severity: Severity::Medium,
    about: "A delivery and the entry of the dose history that it names (DHS_ID) lie within 5 minutes of each other.",
    remedy: "Compare both with the machine's log, and correct the one that is wrong.",
};

impl Check for DeliveryDoseTime {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Vec<Query> {
        vec![Query::all(TABLE), Query::all(DOSES)]
    }

    fn reads(&self) -> Vec<Read> {
        vec![
            Read::all(TABLE, "DHS_ID", Form::Any),
            Read::all(TABLE, "Create_DtTm", Form::Time),
            Read::aid(TABLE, "Edit_DtTm", Form::Time),
            Read::all(DOSES, "DHS_ID", Form::Any),
            Read::all(DOSES, "Tx_DtTm", Form::Time),
        ]
    }

    fn judge(&self, snapshot: &Snapshot, terms: &Terms) -> Verdict {
        let doses = match present(snapshot, DOSES, &[]) {
            Ok(doses) => doses,
            Err(not_run) => return not_run,
        };
        let given = |row: Row<'_>| Some((row.cell("DHS_ID").map(key_form)?, (row.datetime("Tx_DtTm")?, row.key())));
        let doses: BTreeMap<Value, _> = doses.rows().filter_map(given).collect();
        let window = seconds(terms.rules.deliveries.dose_window);
        let verdict = each(snapshot, &CARD, TABLE, |row| {
            let far = || {
                let (given, _) = doses.get(&row.cell("DHS_ID").map(key_form)?)?;
                let apart = apart(row, *given).filter(|apart| *apart > window)?.as_secs_f64();
                let given = time::format(*given, 0, ' ');
                let message = format!("lies {apart} s from its dose history, which says {given}");
                Some((CARD.severity, Wrong { what: format!("Tx_DtTm={given} apart={apart:.0}s"), message }))
            };
            far().into_iter().collect()
        });
        let Verdict::Ran { looked_at, mut findings, remarks } = verdict else { return verdict };
        let rows = snapshot.table(TABLE).ok();
        for finding in &mut findings {
            let named = rows.and_then(|rows| rows.row(&finding.key)?.cell("DHS_ID").map(key_form));
            finding.related.extend(named.and_then(|id| Some((DOSES, doses.get(&id)?.1.clone()))));
        }
        Verdict::Ran { looked_at, findings, remarks }
    }
}

/// Returns how far a moment lies outside a delivery, or from its start where it has no end after that.
fn apart(row: &Row<'_>, moment: DateTime) -> Option<SignedDuration> {
    let start = row.datetime("Create_DtTm")?;
    let end = row.datetime("Edit_DtTm").filter(|end| *end > start).unwrap_or(start);
    Some(start.duration_since(moment).max(moment.duration_since(end)).max(SignedDuration::ZERO))
}
