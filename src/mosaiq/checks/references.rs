//! References: what a row refers to is there; a NULL refers to nothing and is another check's business.

use std::collections::BTreeSet;

use super::{Card, Check, Terms, Verdict, present};
use crate::model::refusal::show;
use crate::model::snapshot::key_form;
use crate::model::{Finding, Query, Row, Severity, Snapshot, Value};
use crate::mosaiq::ground::{Form, Read};
use crate::mosaiq::references::{self, Reference};

/// The check of some references.
pub(super) struct References {
    card: &'static Card,
    all: &'static [Reference],
}

/// Deliveries.
pub(super) static DELIVERY: References = References {
    card: &Card {
        id: "orphan_delivery",
        group: "references",
        mode: "orphaned_records",
        severity: Severity::Critical,
        about: "The patient, the field and the prescription of every delivery exist.",
        remedy: "Find out which patient was treated before anything else, then restore what is missing.",
    },
    all: &references::DELIVERY,
};

/// Fields.
pub(super) static FIELD: References = References {
    card: &Card {
        id: "orphan_field",
        group: "references",
        mode: "orphaned_records",
        severity: Severity::Critical,
        about: "The patient and the prescription of every field exist.",
        remedy: "Compare the field with the treatment plan, and restore what is missing.",
    },
    all: &references::FIELD,
};

/// Control points.
pub(super) static POINT: References = References {
    card: &Card {
        id: "orphan_point",
        group: "references",
        mode: "orphaned_records",
        severity: Severity::High,
        about: "The field of every control point exists.",
        remedy: "Restore the field, or remove the control points that were left behind.",
    },
    all: &references::POINT,
};

/// Patient shifts.
pub(super) static OFFSET: References = References {
    card: &Card {
        id: "orphan_offset",
        group: "references",
        mode: "orphaned_records",
        severity: Severity::High,
        about: "The prescription of every patient shift exists.",
        remedy: "Find out which patient was shifted, and restore the prescription.",
    },
    all: &references::OFFSET,
};

/// Identities.
pub(super) static IDENTITY: References = References {
    card: &Card {
        id: "identity",
        group: "references",
        mode: "orphaned_records",
        severity: Severity::Critical,
        about: "Every patient with a delivery has an identity, and every identity has its patient.",
        remedy: "Find out which patient was treated before anything else, then restore the identity.",
    },
    all: &references::IDENTITY,
};

/// Dose history.
pub(super) static DOSE: References = References {
    card: &Card {
        id: "orphan_dose",
        group: "references",
        mode: "orphaned_records",
        severity: Severity::High,
        about: "The patient, the prescription and the field of every entry of the dose history exist, and so does the \
            entry that a delivery names.",
        remedy: "Find out which treatment the dose belongs to before anybody adds it up.",
    },
    all: &references::DOSE,
};

impl Check for References {
    fn card(&self) -> &'static Card {
        self.card
    }

    fn needs(&self) -> Vec<Query> {
        let tables: BTreeSet<&str> =
            self.all.iter().flat_map(|reference| [reference.table, reference.parent]).collect();
        tables.into_iter().map(Query::all).collect()
    }

    fn reads(&self) -> Vec<Read> {
        self.all.iter().map(read).collect()
    }

    fn judge(&self, snapshot: &Snapshot, _: &Terms) -> Verdict {
        let (mut looked_at, mut findings) = (0, Vec::new());
        for reference in self.all.iter().filter(|reference| read(reference).is_there(snapshot)) {
            match self.broken(reference, snapshot) {
                Ok((rows, found)) => {
                    looked_at += rows;
                    findings.extend(found);
                }
                Err(not_run) => return not_run,
            }
        }
        findings.sort();
        Verdict::Ran { looked_at, findings, remarks: Vec::new() }
    }
}

fn read(reference: &Reference) -> Read {
    let Reference { table, column, parent, parent_column } = *reference;
    Read::own(table, column, Form::Any).within((parent, parent_column))
}

impl References {
    /// Returns how many rows refer, and what is found of those whose parent is missing.
    fn broken(&self, reference: &Reference, snapshot: &Snapshot) -> Result<(u64, Vec<Finding>), Verdict> {
        let Reference { table, column, parent, parent_column } = *reference;
        let parents = present(snapshot, parent, &[])?;
        let children = present(snapshot, table, &[])?;
        let known: BTreeSet<Value> = parents.rows().filter_map(|row| row.cell(parent_column).map(key_form)).collect();
        let missing =
            |row: &Row<'_>| row.cell(column).map(key_form).filter(|value| !value.is_null() && !known.contains(value));
        let finding = |row: Row<'_>| {
            let value = show(&[missing(&row)?]);
            Some(Finding {
                check: self.card.id,
                severity: self.card.severity,
                table,
                key: row.key(),
                related: Vec::new(),
                what: format!("{column}={value} without {parent}.{parent_column}"),
                message: format!("{column} is {value}, and {parent} has no such {parent_column}"),
            })
        };
        Ok((children.len() as u64, children.rows().filter_map(finding).collect()))
    }
}
