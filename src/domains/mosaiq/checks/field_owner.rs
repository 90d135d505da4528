//! Fields and their prescriptions: both are of one patient.

use std::collections::BTreeMap;

use super::record_links::show_id;
use super::{Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, GatheredFact, RowBatch};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::links::SITES;
use crate::domains::mosaiq::lookup::{CompactKey, LookupId};
use crate::domains::mosaiq::machines::FIELDS;
use crate::model::{Fetch, Finding, Severity};

pub(super) struct FieldOwner;

static CARD: CheckCard = CheckCard {
    id: "field_site_patient",
    group: "identity",
    mode: "plausible_identity",
    severity: Severity::Critical,
    about: "Every field and its prescription are of one patient. Where all fields of a prescription agree with each \
        other and not with it, the prescription is reported, otherwise the field.",
    remedy: "Compare with the treatment plan, and treat neither patient with the field until it is corrected.",
};

impl Check for FieldOwner {
    fn card(&self) -> &'static CheckCard {
        &CARD
    }

    fn required_queries(&self) -> Vec<Fetch> {
        [SITES, FIELDS].map(Fetch::all).into()
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let field = ["Pat_ID1", "SIT_Set_ID"].map(|column| (FIELDS, column));
        let site = ["Pat_ID1", "SIT_SET_ID"].map(|column| (SITES, column));
        let all = field.into_iter().chain(site);
        let ids = all.map(|(table, column)| CheckedColumn::required(table, column, CellForm::Whole));
        ids.chain([CheckedColumn::optional(SITES, "Version", CellForm::Whole)]).collect()
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Links)
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, _: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(OwnerVisitor::default())
    }
}

// Prescriptions come before fields. Only fields that disagree are kept.
#[derive(Default)]
struct OwnerVisitor {
    /// By SIT_SET_ID.
    sets: BTreeMap<LookupId, SetFields>,
    looked_at: u64,
}

/// The fields of a prescription.
#[derive(Default)]
struct SetFields {
    /// The number of those that are of the prescription's patient.
    agreeing: u64,
    /// Key and patient of the others.
    foreign: Vec<(CompactKey, LookupId)>,
}

impl CheckVisitor for OwnerVisitor {
    fn visit(&mut self, part: &RowBatch<'_>, known: &CheckFacts<'_>) {
        if part.table != FIELDS {
            return;
        }
        for row in &part.rows {
            let [patient, set] = ["Pat_ID1", "SIT_Set_ID"].map(|column| LookupId::from_cell(row.cell(column)));
            let owner = known.links.set(&set).filter(|owner| !owner.patient.is_null() && !patient.is_null());
            let Some(owner) = owner else { continue };
            self.looked_at += 1;
            let fields = self.sets.entry(set).or_default();
            if owner.patient == patient {
                fields.agreeing += 1;
            } else {
                fields.foreign.push((row.key().into(), patient));
            }
        }
    }

    fn finish(&mut self, known: &CheckFacts<'_>) -> CheckVerdict {
        let mut findings = Vec::new();
        for (set, fields) in &self.sets {
            findings.extend(judge_set(set, fields, known));
        }
        findings.sort();
        CheckVerdict::Ran { looked_at: self.looked_at, findings, remarks: Vec::new() }
    }
}

fn judge_set(set: &LookupId, fields: &SetFields, known: &CheckFacts<'_>) -> Vec<Finding> {
    let Some(owner) = known.links.set(set) else { return Vec::new() };
    let prescribed = show_id(&owner.patient);
    let related = vec![(SITES, owner.key.clone())];
    if let Some((_, patient)) = fields.foreign.first().filter(|_| fields.blames_prescription()) {
        let patient = show_id(patient);
        return vec![Finding {
            table: SITES,
            key: owner.key.clone(),
            related: fields.foreign.iter().map(|(key, _)| (FIELDS, key.to_key())).collect(),
            what: format!("Pat_ID1={prescribed} fields.Pat_ID1={patient}"),
            message: format!(
                "the prescription is of patient {prescribed}, but all {} of its fields are of patient {patient}",
                fields.foreign.len()
            ),
            ..empty_finding()
        }];
    }
    let mut findings = Vec::new();
    for (key, patient) in &fields.foreign {
        let patient = show_id(patient);
        findings.push(Finding {
            key: key.to_key(),
            related: related.clone(),
            what: format!("Pat_ID1={patient} site.Pat_ID1={prescribed}"),
            message: format!(
                "the field is booked on patient {patient}, but its prescription (set {}) is of patient {prescribed}",
                show_id(set)
            ),
            ..empty_finding()
        });
    }
    findings
}

impl SetFields {
    /// Tells whether several fields agree with each other, and none with the prescription.
    fn blames_prescription(&self) -> bool {
        let mut patients = self.foreign.iter().map(|(_, patient)| patient);
        let first = patients.next();
        self.agreeing == 0 && self.foreign.len() > 1 && patients.all(|patient| Some(patient) == first)
    }
}

const fn empty_finding() -> Finding {
    Finding {
        check: CARD.id,
        severity: CARD.severity,
        table: FIELDS,
        key: Vec::new(),
        related: Vec::new(),
        what: String::new(),
        message: String::new(),
    }
}
