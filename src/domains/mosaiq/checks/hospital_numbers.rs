//! Hospital numbers: every planned patient has one, and no two patients share one.

use std::collections::{BTreeMap, BTreeSet};

use super::record_links::show_id;
use super::{Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, RowBatch, key_finding};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::hospital_numbers::{TABLE, is_current, number_of};
use crate::domains::mosaiq::lookup::{CompactKey, IdSet, LookupId};
use crate::domains::mosaiq::machines::FIELDS;
use crate::model::{Fetch, Finding, Severity, Violation};

/// So many patients without a number at least before their department is taken to keep numbers elsewhere.
const ELSEWHERE_MIN: usize = 5;
/// So many numbers tell the form of a department's numbers, if this percentage of them has it.
const FORM_MIN: usize = 20;
const FORM_PERCENT: usize = 98;

pub(super) struct NumberMissing;
pub(super) struct NumberShared;

static MISSING: CheckCard = CheckCard {
    id: "hospital_number_missing",
    group: "identity",
    mode: "plausible_identity",
    severity: Severity::High,
    about: "Every patient with a field has a current hospital number (Ident.IDA), of the form that nearly all current \
        numbers have: as many letters and digits, in the same places. Not judged where most of them have none: then \
        the department keeps its numbers elsewhere.",
    remedy: "Ask the hospital's patient index for the number: without it, images and results find no patient.",
};

static SHARED: CheckCard = CheckCard {
    id: "hospital_number_shared",
    group: "identity",
    mode: "plausible_identity",
    severity: Severity::Critical,
    about: "No two patients have one hospital number (Ident.IDA, ignoring case and padding), neither as the current \
        nor as a superseded one.",
    remedy: "Find out from the hospital's patient index whose number it is: images and results of one patient are \
        filed with the other.",
};

impl Check for NumberMissing {
    fn card(&self) -> &'static CheckCard {
        &MISSING
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE), Fetch::all(FIELDS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        vec![
            CheckedColumn::required(TABLE, "Pat_Id1", CellForm::Whole),
            CheckedColumn::required(TABLE, "IDA", CellForm::Any),
            CheckedColumn::required(FIELDS, "Pat_ID1", CellForm::Whole),
            CheckedColumn::optional(TABLE, "Version", CellForm::Whole),
        ]
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, _: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(MissingVisitor::default())
    }
}

// Identities come before fields.
#[derive(Default)]
struct MissingVisitor {
    numbered: IdSet,
    /// Identities without a number, by patient.
    blank: BTreeMap<LookupId, CompactKey>,
    planned: BTreeSet<LookupId>,
    forms: NumberForms,
}

impl CheckVisitor for MissingVisitor {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        let patient_column = if part.table == TABLE { "Pat_Id1" } else { "Pat_ID1" };
        for row in &part.rows {
            let patient = LookupId::from_cell(row.cell(patient_column));
            if part.table == FIELDS && !patient.is_null() {
                self.planned.insert(patient);
            } else if part.table == TABLE && is_current(row) {
                match number_of(row) {
                    Some(number) => {
                        self.forms.add_number(&number, &patient, || row.key().into());
                        self.numbered.insert(patient);
                    }
                    None => drop(self.blank.insert(patient, row.key().into())),
                }
            }
        }
        self.numbered.seal();
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let looked_at = self.planned.len() as u64;
        let mut findings = Vec::new();
        for (patient, key) in &self.blank {
            if self.planned.contains(patient) && !self.numbered.contains(patient) {
                findings.push(build_missing(patient, key));
            }
        }
        if findings.len() >= ELSEWHERE_MIN && findings.len() as u64 * 2 > looked_at {
            let remark =
                format!("{} of {looked_at} patients with a field have no IDA, and none is judged", findings.len());
            return CheckVerdict::Ran { looked_at: 0, findings: Vec::new(), remarks: vec![remark] };
        }
        findings.extend(self.forms.find_odd(&self.planned));
        findings.sort();
        CheckVerdict::Ran { looked_at, findings, remarks: Vec::new() }
    }
}

/// The forms of hospital numbers: letters as A, digits as 9. A form identifies nobody.
#[derive(Default)]
struct NumberForms {
    numbers: usize,
    /// How many numbers have a form, and the first few of them.
    forms: BTreeMap<String, (usize, Vec<(LookupId, CompactKey)>)>,
}

impl NumberForms {
    fn add_number(&mut self, number: &str, patient: &LookupId, key: impl FnOnce() -> CompactKey) {
        self.numbers += 1;
        let (count, first) = self.forms.entry(form_of(number)).or_default();
        *count += 1;
        // A form that more numbers have is never a rare one among fewer than a hundred times as many.
        if first.len() < FORM_MIN {
            first.push((patient.clone(), key()));
        }
    }

    /// Returns the findings of planned patients whose number has another form than nearly all.
    fn find_odd(&self, planned: &BTreeSet<LookupId>) -> Vec<Finding> {
        let usual = self.forms.iter().max_by_key(|(_, (count, _))| *count);
        let Some((usual, (count, _))) = usual else { return Vec::new() };
        // A single number of another form is odd among few, too.
        let is_usual = count * 100 >= self.numbers * FORM_PERCENT || count + 1 == self.numbers;
        if self.numbers < FORM_MIN || !is_usual {
            return Vec::new();
        }
        let odd = self.forms.iter().filter(|(form, _)| *form != usual);
        let numbers = odd.flat_map(|(form, (_, first))| first.iter().map(move |(patient, key)| (form, patient, key)));
        let numbers = numbers.filter(|(_, patient, _)| planned.contains(patient));
        numbers.map(|(form, patient, key)| build_odd(form, usual, patient, key)).collect()
    }
}

fn form_of(number: &str) -> String {
    let forms = number.chars().map(|mark| match mark {
        mark if mark.is_numeric() => '9',
        mark if mark.is_alphabetic() => 'A',
        mark => mark,
    });
    forms.collect()
}

fn build_odd(form: &str, usual: &str, patient: &LookupId, key: &CompactKey) -> Finding {
    let patient_id = show_id(patient);
    let wrong = Violation {
        what: format!("IDA={form} usual={usual} Pat_Id1={patient_id}"),
        message: format!("the hospital number of patient {patient_id} has the form {form}, and the others {usual}"),
    };
    Finding {
        related: vec![("Patient", vec![patient.to_value()])],
        ..key_finding(&MISSING, TABLE, key.to_key(), wrong)
    }
}

fn build_missing(patient: &LookupId, key: &CompactKey) -> Finding {
    let patient_id = show_id(patient);
    let wrong = Violation {
        what: format!("IDA=missing Pat_Id1={patient_id}"),
        message: format!("patient {patient_id} has fields, and no hospital number"),
    };
    Finding {
        related: vec![("Patient", vec![patient.to_value()])],
        ..key_finding(&MISSING, TABLE, key.to_key(), wrong)
    }
}

impl Check for NumberShared {
    fn card(&self) -> &'static CheckCard {
        &SHARED
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        vec![
            CheckedColumn::required(TABLE, "Pat_Id1", CellForm::Whole),
            CheckedColumn::required(TABLE, "IDA", CellForm::Any),
        ]
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, _: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(SharedVisitor::default())
    }
}

#[derive(Default)]
struct SharedVisitor {
    /// Identities and their patients, by number in upper case.
    numbers: BTreeMap<String, Vec<(CompactKey, LookupId)>>,
    looked_at: u64,
}

impl CheckVisitor for SharedVisitor {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        if part.table != TABLE {
            return;
        }
        for row in &part.rows {
            let patient = LookupId::from_cell(row.cell("Pat_Id1"));
            if let (Some(number), false) = (number_of(row), patient.is_null()) {
                self.looked_at += 1;
                self.numbers.entry(number.to_uppercase()).or_default().push((row.key().into(), patient));
            }
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let mut findings = Vec::new();
        for identities in self.numbers.values_mut() {
            identities.sort();
            findings.extend(judge_number(identities));
        }
        findings.sort();
        CheckVerdict::Ran { looked_at: self.looked_at, findings, remarks: Vec::new() }
    }
}

/// Returns the finding of a number that several patients have, one for all of them. The number itself identifies
/// people, and is not repeated.
fn judge_number(identities: &[(CompactKey, LookupId)]) -> Option<Finding> {
    let patients: BTreeSet<&LookupId> = identities.iter().map(|(_, patient)| patient).collect();
    if patients.len() < 2 {
        return None;
    }
    let names: Vec<String> = patients.iter().map(|patient| show_id(patient)).collect();
    let wrong = Violation {
        what: format!("IDA=shared Pat_Id1={}", names.join("+")),
        message: format!("patients {} have one hospital number", names.join(" and ")),
    };
    let mut keys = identities.iter().map(|(key, _)| key.to_key());
    let first = keys.next()?;
    let mut related: Vec<_> = keys.map(|key| (TABLE, key)).collect();
    related.extend(patients.iter().map(|patient| ("Patient", vec![patient.to_value()])));
    Some(Finding { related, ..key_finding(&SHARED, TABLE, first, wrong) })
}
