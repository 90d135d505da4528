//! The dose history: a delivery and the entry that it names lie close in time; adds up no dose.

use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::{Card, Check, Known, Look, Part, Terms, Verdict, ran, seconds};
use crate::model::snapshot::key_form;
use crate::model::{Finding, Query, Row, Severity, time};
use crate::mosaiq::ground::{Form, Read};
use crate::mosaiq::lookup::{Lookup, SlimKey};

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

    fn look<'a>(&self, _: &Known<'a>, terms: &'a Terms) -> Box<dyn Look + 'a> {
        let window = seconds(terms.rules.deliveries.dose_window);
        Box::new(Beside { window, doses: Lookup::default(), looked_at: 0, findings: Vec::new() })
    }
}

/// The look: the dose history first, then the deliveries.
struct Beside {
    window: SignedDuration,
    /// When each entry says that the dose was given, and its key.
    doses: Lookup<(DateTime, SlimKey)>,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl Look for Beside {
    fn take(&mut self, part: &Part<'_>, _: &Known<'_>) {
        for row in &part.rows {
            if part.table == DOSES {
                let given = row.datetime("Tx_DtTm").map(|given| (given, row.key().into()));
                row.cell("DHS_ID").map(key_form).zip(given).into_iter().for_each(|(id, dose)| self.doses.add(id, dose));
            } else {
                let finding = self.far(row);
                self.findings.extend(finding);
            }
        }
        self.doses.seal();
        self.looked_at += if part.table == TABLE { part.len() } else { 0 };
    }

    fn verdict(&mut self, _: &Known<'_>) -> Verdict {
        ran(self.looked_at, std::mem::take(&mut self.findings))
    }
}

impl Beside {
    /// Returns the finding of a delivery that lies far from the dose that it names.
    fn far(&self, row: &Row<'_>) -> Option<Finding> {
        let (given, dose) = self.doses.get(&row.cell("DHS_ID").map(key_form)?)?;
        let apart = apart(row, *given).filter(|apart| *apart > self.window)?.as_secs_f64();
        let given = time::format(*given, 0, ' ');
        Some(Finding {
            check: CARD.id,
            severity: CARD.severity,
            table: TABLE,
            key: row.key(),
            related: vec![(DOSES, dose.key())],
            what: format!("Tx_DtTm={given} apart={apart:.0}s"),
            message: format!("lies {apart} s from its dose history, which says {given}"),
        })
    }
}

/// Returns how far a moment lies outside a delivery, or from its start where it has no end after that.
fn apart(row: &Row<'_>, moment: DateTime) -> Option<SignedDuration> {
    let start = row.datetime("Create_DtTm")?;
    let end = row.datetime("Edit_DtTm").filter(|end| *end > start).unwrap_or(start);
    Some(start.duration_since(moment).max(moment.duration_since(end)).max(SignedDuration::ZERO))
}
