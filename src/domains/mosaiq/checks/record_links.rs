//! Deliveries and dose history: patient, field and prescription of one row belong together.

use super::{Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, GatheredFact, RowBatch};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::links::{ConflictKind, LinkConflict, SITES};
use crate::domains::mosaiq::lookup::LookupId;
use crate::domains::mosaiq::machines::FIELDS;
use crate::model::refusal::render_key;
use crate::model::{Fetch, Finding, Row, Severity};

/// The check of one link of the rows of a table.
pub(super) struct RecordLink {
    card: &'static CheckCard,
    table: &'static str,
    /// What a row of the table is called.
    noun: &'static str,
    kind: ConflictKind,
}

const DELIVERIES: &str = "TrackTreatment";
const DOSES: &str = "Dose_Hst";

pub(super) static DELIVERY_FIELD: RecordLink = RecordLink {
    card: &CheckCard {
        id: "delivery_field_patient",
        group: "identity",
        mode: "plausible_identity",
        severity: Severity::Critical,
        about: "The field of every delivery belongs to the patient on whom the delivery is booked.",
        remedy: "Find out from the machine's log who was treated, stop further fractions of both patients until then, \
            and correct the record.",
    },
    table: DELIVERIES,
    noun: "delivery",
    kind: ConflictKind::Field,
};

pub(super) static DELIVERY_SITE: RecordLink = RecordLink {
    card: &CheckCard {
        id: "delivery_site_patient",
        group: "identity",
        mode: "plausible_identity",
        severity: Severity::Critical,
        about: "The prescription of every delivery belongs to the patient on whom the delivery is booked.",
        remedy: "Find out which prescription was treated, and correct the record before doses are added up.",
    },
    table: DELIVERIES,
    noun: "delivery",
    kind: ConflictKind::Site,
};

pub(super) static DELIVERY_FIELD_SITE: RecordLink = RecordLink {
    card: &CheckCard {
        id: "delivery_field_site",
        group: "identity",
        mode: "plausible_identity",
        severity: Severity::High,
        about: "The field of every delivery belongs to the prescription that the delivery names.",
        remedy: "Compare with the machine's log: the dose counts towards the wrong prescription until it is corrected.",
    },
    table: DELIVERIES,
    noun: "delivery",
    kind: ConflictKind::FieldSite,
};

pub(super) static DOSE_FIELD: RecordLink = RecordLink {
    card: &CheckCard {
        id: "dose_field_patient",
        group: "identity",
        mode: "plausible_identity",
        severity: Severity::Critical,
        about: "The field of every dose history entry belongs to the patient whose dose it is.",
        remedy: "Find out who received the dose, and correct the entry before doses are added up.",
    },
    table: DOSES,
    noun: "dose history entry",
    kind: ConflictKind::Field,
};

pub(super) static DOSE_SITE: RecordLink = RecordLink {
    card: &CheckCard {
        id: "dose_site_patient",
        group: "identity",
        mode: "plausible_identity",
        severity: Severity::Critical,
        about: "The prescription of every dose history entry belongs to the patient whose dose it is.",
        remedy: "Find out towards which prescription the dose counts, and correct the entry.",
    },
    table: DOSES,
    noun: "dose history entry",
    kind: ConflictKind::Site,
};

pub(super) static DOSE_FIELD_SITE: RecordLink = RecordLink {
    card: &CheckCard {
        id: "dose_field_site",
        group: "identity",
        mode: "plausible_identity",
        severity: Severity::High,
        about: "The field of every dose history entry belongs to the prescription that the entry names.",
        remedy: "Compare with the delivery: the dose counts towards the wrong prescription until it is corrected.",
    },
    table: DOSES,
    noun: "dose history entry",
    kind: ConflictKind::FieldSite,
};

impl Check for RecordLink {
    fn card(&self) -> &'static CheckCard {
        self.card
    }

    fn required_queries(&self) -> Vec<Fetch> {
        [self.table, FIELDS, SITES].map(Fetch::all).into()
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let (of_field, of_site, of_both) = match self.kind {
            ConflictKind::Field => (true, false, false),
            ConflictKind::Site => (false, true, false),
            ConflictKind::FieldSite => (true, true, true),
        };
        let columns = [
            (self.table, "Pat_ID1", true),
            (self.table, "FLD_ID", of_field),
            (self.table, "SIT_ID", of_site),
            (FIELDS, "FLD_ID", of_field),
            (FIELDS, "Pat_ID1", of_field),
            (FIELDS, "SIT_Set_ID", of_both),
            (SITES, "SIT_ID", of_site),
            (SITES, "Pat_ID1", of_site),
            (SITES, "SIT_SET_ID", of_both),
        ];
        // What is not of the link itself only tells which of the three is the odd one out.
        let to_column = |(table, column, needed)| match needed {
            true => CheckedColumn::required(table, column, CellForm::Whole),
            false => CheckedColumn::optional(table, column, CellForm::Whole),
        };
        columns.map(to_column).into()
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Links)
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, _: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let Self { card, table, noun, kind } = *self;
        Box::new(LinkVisitor { check: Self { card, table, noun, kind }, looked_at: 0, findings: Vec::new() })
    }
}

// Prescriptions and fields come before the rows that name them: their owners are known.
struct LinkVisitor {
    check: RecordLink,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl CheckVisitor for LinkVisitor {
    fn visit(&mut self, part: &RowBatch<'_>, known: &CheckFacts<'_>) {
        if part.table != self.check.table {
            return;
        }
        self.looked_at += part.len();
        for row in &part.rows {
            let conflict = known.links.find_conflict(row).filter(|conflict| conflict.kind == self.check.kind);
            self.findings.extend(conflict.map(|conflict| build_finding(&self.check, row, &conflict)));
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        super::sorted_verdict(self.looked_at, std::mem::take(&mut self.findings))
    }
}

fn build_finding(check: &RecordLink, row: &Row<'_>, conflict: &LinkConflict) -> Finding {
    let LinkConflict { patient, field_id, site_id, field, site, .. } = conflict;
    let (noun, booked) = (check.noun, show_id(patient));
    let [field_name, site_name] = [field_id, site_id].map(show_id);
    let [field_patient, site_patient] =
        [field, site].map(|owner| owner.as_ref().map_or_else(|| "nobody".to_owned(), |owner| show_id(&owner.patient)));
    let field_row = (FIELDS, vec![field_id.to_value()]);
    let site_row = (SITES, vec![site_id.to_value()]);
    let (what, message, related) = match check.kind {
        ConflictKind::Field => (
            format!("Pat_ID1={booked} field={field_name} field.Pat_ID1={field_patient}"),
            describe_foreign_field(noun, conflict),
            vec![field_row],
        ),
        ConflictKind::Site => (
            format!("Pat_ID1={booked} site={site_name} site.Pat_ID1={site_patient}"),
            format!(
                "the {noun} is booked on patient {booked}, to whom its field {field_name} belongs, but its \
                    prescription {site_name} is of patient {site_patient}"
            ),
            vec![site_row],
        ),
        ConflictKind::FieldSite => {
            let [of_field, named] =
                [field, site].map(|owner| owner.as_ref().map_or_else(String::new, |owner| show_id(&owner.set)));
            (
                format!("SIT_ID={site_name} set={named} field={field_name} field.set={of_field}"),
                format!(
                    "the {noun} names prescription {site_name} (of set {named}), but its field {field_name} belongs \
                        to the prescription of set {of_field}"
                ),
                vec![field_row, site_row],
            )
        }
    };
    Finding {
        check: check.card.id,
        severity: check.card.severity,
        table: check.table,
        key: row.key(),
        related,
        what,
        message,
    }
}

/// Says which of the three is the odd one out.
fn describe_foreign_field(noun: &str, conflict: &LinkConflict) -> String {
    let LinkConflict { patient, field_id, site_id, field, site, .. } = conflict;
    let (booked, field_name, site_name) = (show_id(patient), show_id(field_id), show_id(site_id));
    let owner = field.as_ref().map(|owner| &owner.patient);
    let field_patient = owner.map_or_else(String::new, show_id);
    match site.as_ref().map(|owner| &owner.patient) {
        Some(of_site) if Some(of_site) == owner => format!(
            "the {noun} is booked on patient {booked}, but its field {field_name} and its prescription {site_name} \
                are of patient {field_patient}"
        ),
        Some(of_site) if of_site == patient => format!(
            "the {noun} and its prescription {site_name} are of patient {booked}, but its field {field_name} is of \
                patient {field_patient}"
        ),
        _ => format!(
            "the {noun} is booked on patient {booked}, but its field {field_name} is of patient {field_patient}"
        ),
    }
}

/// Renders an id.
pub(super) fn show_id(id: &LookupId) -> String {
    render_key(&[id.to_value()])
}
