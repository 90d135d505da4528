//! Versions: of every set exactly one is current, the newest, and all are of one patient.

use std::collections::BTreeMap;

use super::record_links::show_id;
use super::{Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, RowBatch, key_finding};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::links::SITES;
use crate::domains::mosaiq::lookup::{CompactKey, LookupId};
use crate::domains::mosaiq::machines::FIELDS;
use crate::model::refusal::render_key;
use crate::model::{Fetch, Finding, Row, Severity, Violation};

/// The check of the versions in one table.
pub(super) struct VersionSets {
    card: &'static CheckCard,
    table: &'static str,
    /// The column that all versions share.
    set: &'static str,
    patient: &'static str,
    /// What a row of the table is called.
    noun: &'static str,
}

pub(super) static SITE: VersionSets = VersionSets {
    card: &CheckCard {
        id: "site_versions",
        group: "versions",
        mode: "plausible_versions",
        severity: Severity::High,
        about: "Of the versions of every prescription exactly one is current (Version 0), the newest one, and all are \
            of one patient.",
        remedy: "Find out which prescription the physician approved last, and make that one current.",
    },
    table: SITES,
    set: "SIT_SET_ID",
    patient: "Pat_ID1",
    noun: "prescription",
};

pub(super) static FIELD: VersionSets = VersionSets {
    card: &CheckCard {
        id: "field_versions",
        group: "versions",
        mode: "plausible_versions",
        severity: Severity::High,
        about: "Of the versions of every field exactly one is current (Version 0), the newest one, and all are of one \
            patient.",
        remedy: "Compare with the treatment plan, and make the planned version current before the next fraction.",
    },
    table: FIELDS,
    set: "FLD_SET_ID",
    patient: "Pat_ID1",
    noun: "field",
};

pub(super) static NUMBER: VersionSets = VersionSets {
    card: &CheckCard {
        id: "hospital_number_versions",
        group: "identity",
        mode: "plausible_identity",
        severity: Severity::High,
        about: "Of the hospital numbers of every patient exactly one is current (Version 0), the newest one.",
        remedy: "Ask the hospital's patient index which number is in force, and make that one current.",
    },
    table: "Ident",
    // A patient's numbers: a second set of them is a second current number.
    set: "Pat_Id1",
    patient: "Pat_Id1",
    noun: "hospital number",
};

impl Check for VersionSets {
    fn card(&self) -> &'static CheckCard {
        self.card
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(self.table)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let needed = [self.set, "Version"].map(|column| CheckedColumn::required(self.table, column, CellForm::Whole));
        needed.into_iter().chain([CheckedColumn::optional(self.table, self.patient, CellForm::Whole)]).collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, _: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let Self { card, table, set, patient, noun } = *self;
        let check = Self { card, table, set, patient, noun };
        Box::new(VersionVisitor { check, sets: BTreeMap::new(), looked_at: 0, findings: Vec::new() })
    }
}

// A few words a set, whatever the number of its versions.
struct VersionVisitor {
    check: VersionSets,
    sets: BTreeMap<LookupId, VersionSet>,
    looked_at: u64,
    findings: Vec<Finding>,
}

/// What is known of a set of versions.
struct VersionSet {
    versions: u64,
    currents: u64,
    /// The current version with the highest key.
    current: Option<CompactKey>,
    /// The current version with the lowest key.
    other_current: Option<CompactKey>,
    highest: CompactKey,
    /// The first version with a patient, and the patient.
    first: Option<(CompactKey, LookupId)>,
    /// A version of another patient.
    foreign: Option<(CompactKey, LookupId)>,
}

impl VersionSet {
    const fn new(highest: CompactKey) -> Self {
        Self { versions: 0, currents: 0, current: None, other_current: None, highest, first: None, foreign: None }
    }

    fn add_version(&mut self, key: CompactKey, is_current: bool, patient: LookupId) {
        self.versions += 1;
        if is_current {
            self.currents += 1;
            if self.other_current.as_ref().is_none_or(|known| key < *known) {
                self.other_current = Some(key.clone());
            }
            if self.current.as_ref().is_none_or(|known| key > *known) {
                self.current = Some(key.clone());
            }
        }
        match &self.first {
            _ if patient.is_null() => {}
            None => self.first = Some((key.clone(), patient)),
            Some((_, first)) if *first != patient => self.foreign = Some((key.clone(), patient)),
            Some(_) => {}
        }
        if key > self.highest {
            self.highest = key;
        }
    }
}

impl CheckVisitor for VersionVisitor {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        if part.table != self.check.table {
            return;
        }
        for row in &part.rows {
            self.add_row(row);
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let mut findings = std::mem::take(&mut self.findings);
        for (id, set) in &self.sets {
            findings.extend(judge_set(&self.check, id, set));
        }
        findings.sort();
        CheckVerdict::Ran { looked_at: self.looked_at, findings, remarks: Vec::new() }
    }
}

impl VersionVisitor {
    fn add_row(&mut self, row: &Row<'_>) {
        let set = LookupId::from_cell(row.cell(self.check.set));
        if set.is_null() {
            return;
        }
        self.looked_at += 1;
        let key = CompactKey::from(row.key());
        let patient = LookupId::from_cell(row.cell(self.check.patient));
        let known = self.sets.entry(set).or_insert_with(|| VersionSet::new(key.clone()));
        known.add_version(key, row.integer("Version") == Some(0), patient);
    }
}

fn judge_set(check: &VersionSets, id: &LookupId, set: &VersionSet) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (noun, id) = (check.noun, show_id(id));
    let whose = if check.set == check.patient { "the patient has" } else { "the set has" };
    let highest = show_key(&set.highest);
    match (&set.current, &set.other_current) {
        (Some(current), Some(other)) if set.currents > 1 => {
            let (newer, older) = (show_key(current), show_key(other));
            let message = format!("{whose} {} current versions of one {noun}: {older} and {newer}", set.currents);
            findings.push(build_finding(
                check,
                other,
                Some(current),
                format!("{}={id} current+{older}", check.set),
                message,
            ));
        }
        (Some(current), _) if *current != set.highest => {
            let current_name = show_key(current);
            let message = format!(
                "{noun} {current_name} is current, although {highest} is newer: an old version was made current"
            );
            findings.push(build_finding(
                check,
                current,
                Some(&set.highest),
                format!("{}={id} newer={highest}", check.set),
                message,
            ));
        }
        (None, _) => {
            let message = format!("none of the {} versions of {noun} {highest} is current", set.versions);
            findings.push(build_finding(
                check,
                &set.highest,
                None,
                format!("{}={id} current=none", check.set),
                message,
            ));
        }
        _ => {}
    }
    if let (Some((key, patient)), Some((first, other))) = (&set.foreign, &set.first) {
        let (patient, other) = (show_id(patient), show_id(other));
        let message =
            format!("{noun} {} is of patient {patient}, and other versions of it of patient {other}", show_key(key));
        findings.push(build_finding(
            check,
            key,
            Some(first),
            format!("{}={patient} versions={other}", check.patient),
            message,
        ));
    }
    findings
}

fn show_key(key: &CompactKey) -> String {
    render_key(&key.to_key())
}

fn build_finding(
    check: &VersionSets,
    key: &CompactKey,
    other: Option<&CompactKey>,
    what: String,
    message: String,
) -> Finding {
    let related = other.map(|other| (check.table, other.to_key())).into_iter().collect();
    Finding { related, ..key_finding(check.card, check.table, key.to_key(), Violation { what, message }) }
}
