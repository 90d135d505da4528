//! Deliveries and the dose history entries that they refer to: of one patient, field and prescription, and not shared.

use super::dose_history::{SIDE, dose_key_columns, is_joined, related_dose};
use super::record_links::show_id;
use super::{Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, ParentJoin, RowBatch, key_finding};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::lookup::{IdSet, LookupId};
use crate::model::{Fetch, Finding, Row, Severity, Violation};

const TABLE: &str = "TrackTreatment";
const DOSES: &str = "Dose_Hst";

/// The columns that name patient, field and prescription in both tables.
const COMPARED: [(&str, &str); 3] = [("Pat_ID1", "patient"), ("FLD_ID", "field"), ("SIT_ID", "prescription")];

/// The check that both name the same in one of the compared columns.
pub(super) struct DoseLink {
    card: &'static CheckCard,
    /// The index in [`COMPARED`].
    at: usize,
}

pub(super) struct SharedDose;

pub(super) static PATIENT: DoseLink = DoseLink {
    card: &CheckCard {
        id: "delivery_dose_patient",
        group: "identity",
        mode: "plausible_identity",
        severity: Severity::Critical,
        about: "A delivery and its dose history entry (DHS_ID) are of one patient.",
        remedy: "Find out from the machine's log who was treated: dose is added up for the wrong patient.",
    },
    at: 0,
};

pub(super) static FIELD: DoseLink = DoseLink {
    card: &CheckCard {
        id: "delivery_dose_field",
        group: "identity",
        mode: "plausible_identity",
        severity: Severity::High,
        about: "A delivery and its dose history entry (DHS_ID) name the same field; judged where they name the same \
            patient.",
        remedy: "Find out from the machine's log which field was given, and correct the other record.",
    },
    at: 1,
};

pub(super) static SITE: DoseLink = DoseLink {
    card: &CheckCard {
        id: "delivery_dose_site",
        group: "identity",
        mode: "plausible_identity",
        severity: Severity::High,
        about: "A delivery and its dose history entry (DHS_ID) name the same prescription; judged where they name the \
            same patient and field.",
        remedy: "Find out towards which prescription the dose counts, and correct the other record.",
    },
    at: 2,
};

static SHARED: CheckCard = CheckCard {
    id: "dose_shared",
    group: "identity",
    mode: "plausible_identity",
    severity: Severity::High,
    about: "No two deliveries refer to one dose history entry.",
    remedy: "Find the entry of the other delivery: its dose is missing or counted for the wrong one.",
};

impl Check for DoseLink {
    fn card(&self) -> &'static CheckCard {
        self.card
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE), Fetch::all(DOSES)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let compared = COMPARED.iter().take(self.at + 1).map(|(column, _)| *column).chain(["DHS_ID"]);
        compared
            .flat_map(|column| [TABLE, DOSES].map(|table| CheckedColumn::required(table, column, CellForm::Whole)))
            .collect()
    }

    fn parent_join(&self) -> Option<&'static ParentJoin> {
        Some(&SIDE)
    }

    fn visitor<'a>(&self, known: &CheckFacts<'a>, _: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let (card, at, dose_key) = (self.card, self.at, dose_key_columns(known));
        Box::new(DoseLinkVisitor { card, at, dose_key, looked_at: 0, findings: Vec::new() })
    }
}

// Judged in the join of deliveries with the dose history.
struct DoseLinkVisitor {
    card: &'static CheckCard,
    at: usize,
    /// The columns of the joined row that hold the key of the dose.
    dose_key: Vec<String>,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl CheckVisitor for DoseLinkVisitor {
    fn visit(&mut self, _: &RowBatch<'_>, _: &CheckFacts<'_>) {}

    fn visit_joined(&mut self, rows: &[Row<'_>]) {
        for row in rows.iter().filter(|row| is_joined(row)) {
            self.looked_at += 1;
            if let Some(wrong) = find_difference(row, self.at) {
                let related = vec![related_dose(row, &self.dose_key)];
                self.findings.push(Finding { related, ..key_finding(self.card, TABLE, row.key(), wrong) });
            }
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        super::sorted_verdict(self.looked_at, std::mem::take(&mut self.findings))
    }
}

/// Returns what a delivery and its dose differ in, if the first difference is in the column at this index.
fn find_difference(row: &Row<'_>, at: usize) -> Option<Violation> {
    let dose = LookupId::from_cell(row.cell("DHS_ID"));
    for (index, (column, noun)) in COMPARED.iter().enumerate() {
        let own = LookupId::from_cell(row.cell(column));
        let other = LookupId::from_cell(row.cell(&format!("{DOSES}.{column}")));
        // NULLs are reported by the checks of NULLs.
        if own == other || own.is_null() || other.is_null() {
            continue;
        }
        let (own, other, dose) = (show_id(&own), show_id(&other), show_id(&dose));
        return (index == at).then(|| Violation {
            what: format!("{column}={own} dose.{column}={other}"),
            message: format!("the delivery is of {noun} {own}, but its dose history entry {dose} is of {noun} {other}"),
        });
    }
    None
}

impl Check for SharedDose {
    fn card(&self) -> &'static CheckCard {
        &SHARED
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        vec![CheckedColumn::required(TABLE, "DHS_ID", CellForm::Whole)]
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, _: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(SharedDoseVisitor::default())
    }
}

// Ids of doses come nearly in order, so that the set of those seen is a few runs.
#[derive(Default)]
struct SharedDoseVisitor {
    seen: IdSet,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl CheckVisitor for SharedDoseVisitor {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        if part.table != TABLE {
            return;
        }
        let mut batch = std::collections::BTreeSet::new();
        for row in &part.rows {
            let dose = LookupId::from_cell(row.cell("DHS_ID"));
            if dose.is_null() {
                continue;
            }
            self.looked_at += 1;
            if self.seen.contains(&dose) || !batch.insert(dose.clone()) {
                self.findings.push(build_shared(row, &dose));
            }
        }
        for dose in batch {
            self.seen.insert(dose);
        }
        self.seen.seal();
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        super::sorted_verdict(self.looked_at, std::mem::take(&mut self.findings))
    }
}

fn build_shared(row: &Row<'_>, dose: &LookupId) -> Finding {
    let id = show_id(dose);
    let wrong = Violation {
        what: format!("DHS_ID={id} shared"),
        message: format!("the delivery refers to dose history entry {id}, as an earlier delivery does"),
    };
    Finding { related: vec![(DOSES, vec![dose.to_value()])], ..key_finding(&SHARED, TABLE, row.key(), wrong) }
}
