//! References: the row that a row refers to exists. NULL refers to nothing, and is reported by the checks of NULLs.

use std::collections::{BTreeMap, BTreeSet};

use super::{Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, RowBatch};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::lookup::{IdSet, LookupId};
use crate::domains::mosaiq::references::{self, Reference};
use crate::model::refusal::render_key;
use crate::model::{Fetch, Finding, Row, Severity};

/// The check of a list of references.
pub(super) struct References {
    card: &'static CheckCard,
    all: &'static [Reference],
}

pub(super) static DELIVERY: References = References {
    card: &CheckCard {
        id: "orphan_delivery",
        group: "references",
        mode: "orphaned_records",
        severity: Severity::Critical,
        about: "The patient, the field and the prescription of every delivery exist.",
        remedy: "First find out which patient was treated, then restore the missing row.",
    },
    all: &references::DELIVERY,
};

pub(super) static FIELD: References = References {
    card: &CheckCard {
        id: "orphan_field",
        group: "references",
        mode: "orphaned_records",
        severity: Severity::Critical,
        about: "The patient and the prescription of every field exist.",
        remedy: "Compare the field with the treatment plan, and restore the missing row.",
    },
    all: &references::FIELD,
};

pub(super) static POINT: References = References {
    card: &CheckCard {
        id: "orphan_point",
        group: "references",
        mode: "orphaned_records",
        severity: Severity::High,
        about: "The field of every control point exists.",
        remedy: "Restore the field, or remove the control points that were left behind.",
    },
    all: &references::POINT,
};

pub(super) static OFFSET: References = References {
    card: &CheckCard {
        id: "orphan_offset",
        group: "references",
        mode: "orphaned_records",
        severity: Severity::High,
        about: "The prescription of every patient shift exists.",
        remedy: "Find out which patient was shifted, and restore the prescription.",
    },
    all: &references::OFFSET,
};

pub(super) static IDENTITY: References = References {
    card: &CheckCard {
        id: "identity",
        group: "references",
        mode: "orphaned_records",
        severity: Severity::Critical,
        about: "Every patient with a delivery has an identity, and every identity has its patient.",
        remedy: "First find out which patient was treated, then restore the identity.",
    },
    all: &references::IDENTITY,
};

pub(super) static DOSE: References = References {
    card: &CheckCard {
        id: "orphan_dose",
        group: "references",
        mode: "orphaned_records",
        severity: Severity::High,
        about: "The patient, prescription and field of every dose history entry exist, and so does the entry that a \
            delivery refers to.",
        remedy: "Find out which treatment the dose belongs to before it is added up.",
    },
    all: &references::DOSE,
};

impl Check for References {
    fn card(&self) -> &'static CheckCard {
        self.card
    }

    fn required_queries(&self) -> Vec<Fetch> {
        let tables: BTreeSet<&str> =
            self.all.iter().flat_map(|reference| [reference.table, reference.parent]).collect();
        tables.into_iter().map(Fetch::all).collect()
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        self.all.iter().map(referring_column).collect()
    }

    fn visitor<'a>(&self, known: &CheckFacts<'a>, _: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        // Without one of its columns a reference is left out; the runner adds the remark.
        let all = self.all.iter().filter(|reference| referring_column(reference).is_there(known.whole)).collect();
        Box::new(ReferenceVisitor {
            card: self.card,
            all,
            parents: BTreeMap::new(),
            looked_at: 0,
            findings: Vec::new(),
        })
    }
}

fn referring_column(reference: &Reference) -> CheckedColumn {
    let Reference { table, column, parent, parent_column } = *reference;
    CheckedColumn::judged_alone(table, column, CellForm::Whole).with_parent((parent, parent_column))
}

// Parents come before the rows that refer to them: all existing ids are known when a reference is checked.
struct ReferenceVisitor {
    card: &'static CheckCard,
    all: Vec<&'static Reference>,
    /// Existing ids by table and column.
    parents: BTreeMap<(&'static str, &'static str), IdSet>,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl CheckVisitor for ReferenceVisitor {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        // Several references can have one parent column: its ids are added once.
        let columns: BTreeSet<(&str, &str)> = self.all.iter().map(|one| (one.parent, one.parent_column)).collect();
        for place in columns.into_iter().filter(|(parent, _)| *parent == part.table) {
            let ids = self.parents.entry(place).or_default();
            for row in &part.rows {
                ids.insert(LookupId::from_cell(row.cell(place.1)));
            }
            ids.seal();
        }
        for reference in self.all.iter().filter(|reference| reference.table == part.table) {
            self.looked_at += part.len();
            let ids = self.parents.get(&(reference.parent, reference.parent_column));
            let broken = part.rows.iter().filter_map(|row| check_reference(self.card, reference, ids, row));
            self.findings.extend(broken);
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let mut findings = std::mem::take(&mut self.findings);
        findings.sort();
        CheckVerdict::Ran { looked_at: self.looked_at, findings, remarks: Vec::new() }
    }
}

/// Returns the finding of a row whose parent is missing; `ids` are those of existing parents.
fn check_reference(
    card: &'static CheckCard,
    reference: &Reference,
    ids: Option<&IdSet>,
    row: &Row<'_>,
) -> Option<Finding> {
    let Reference { table, column, parent, parent_column } = *reference;
    let id = LookupId::from_cell(row.cell(column));
    if id.is_null() || ids.is_some_and(|ids| ids.contains(&id)) {
        return None;
    }
    let value = render_key(&[id.to_value()]);
    Some(Finding {
        check: card.id,
        severity: card.severity,
        table,
        key: row.key(),
        related: Vec::new(),
        what: format!("{column}={value} without {parent}.{parent_column}"),
        message: format!("{column} is {value}, but {parent} has no such {parent_column}"),
    })
}
