//! Whose a field and a prescription are, gathered once for all checks that compare patients. Reads no database.

use std::collections::BTreeMap;

use super::fields::FIELDS;
use super::lookup::{Lookup, LookupId};
use crate::model::{Key, Row};

pub(super) const SITES: &str = "Site";

/// The columns from which links are gathered, by table.
pub(super) const LINK_COLUMNS: [(&str, &[&str]); 2] =
    [(SITES, &["SIT_ID", "SIT_SET_ID", "Pat_ID1", "Version"]), (FIELDS, &["FLD_ID", "Pat_ID1", "SIT_Set_ID"])];

/// The patient and the prescription of a field, or those of a version of a prescription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    /// Pat_ID1.
    pub(super) patient: LookupId,
    /// SIT_SET_ID of the prescription, which all its versions share.
    pub(super) set: LookupId,
}

/// The patient of a prescription by its current version; by its first one where none is current.
#[derive(Clone, Debug)]
pub(super) struct SetOwner {
    pub(super) patient: LookupId,
    /// The key of the version that says so.
    pub(super) key: Key,
    is_current: bool,
}

/// The owners of all fields and prescriptions.
#[derive(Debug, Default)]
pub(super) struct Links {
    fields: Lookup<Owner>,
    sites: Lookup<Owner>,
    sets: BTreeMap<LookupId, SetOwner>,
}

impl Links {
    /// Adds rows of either table; other tables are ignored.
    pub(super) fn add_rows(&mut self, table: &str, rows: &[Row<'_>]) {
        match table {
            SITES => rows.iter().for_each(|row| self.add_site(row)),
            FIELDS => {
                for row in rows {
                    let owner = read_owner(row, "SIT_Set_ID");
                    self.fields.insert(LookupId::from_cell(row.cell("FLD_ID")), owner);
                }
            }
            _ => {}
        }
    }

    fn add_site(&mut self, row: &Row<'_>) {
        let owner = read_owner(row, "SIT_SET_ID");
        let is_current = row.integer("Version").is_none_or(|version| version == 0);
        let key = row.key();
        // By key and not by arrival, because rows come in any order: of several current ones the last counts.
        let replaces = self.sets.get(&owner.set).is_none_or(|known| match (is_current, known.is_current) {
            (true, true) => key > known.key,
            (false, false) => key < known.key,
            (is_current, _) => is_current,
        });
        if replaces && !owner.set.is_null() {
            self.sets.insert(owner.set.clone(), SetOwner { patient: owner.patient.clone(), key, is_current });
        }
        self.sites.insert(LookupId::from_cell(row.cell("SIT_ID")), owner);
    }

    /// Must be called after the last row of a table, before anything is looked up.
    pub(super) fn seal(&mut self) {
        self.fields.seal();
        self.sites.seal();
    }

    /// Returns the owner of a field by FLD_ID.
    pub(super) fn field(&self, id: &LookupId) -> Option<&Owner> {
        self.fields.get(id)
    }

    /// Returns the owner of a version of a prescription by SIT_ID.
    pub(super) fn site(&self, id: &LookupId) -> Option<&Owner> {
        self.sites.get(id)
    }

    /// Returns the owner of a prescription by SIT_SET_ID.
    pub(super) fn set(&self, id: &LookupId) -> Option<&SetOwner> {
        self.sets.get(id)
    }

    /// Returns how a row that names a patient, a field and a prescription contradicts itself.
    pub(super) fn find_conflict(&self, row: &Row<'_>) -> Option<LinkConflict> {
        let [patient, field_id, site_id] =
            ["Pat_ID1", "FLD_ID", "SIT_ID"].map(|column| LookupId::from_cell(row.cell(column)));
        let field = self.field(&field_id).filter(|owner| !owner.patient.is_null());
        let site = self.site(&site_id).filter(|owner| !owner.patient.is_null());
        let named = NamedOwners { patient: &patient, field, site };
        let kind = named.judge()?;
        // A prescription that does not exist is reported by the check of references, once for the field.
        let is_orphan = field.is_some_and(|owner| !self.sets.contains_key(&owner.set));
        if kind == ConflictKind::FieldSite && is_orphan {
            return None;
        }
        Some(LinkConflict { kind, field_id, site_id, field: field.cloned(), site: site.cloned(), patient })
    }
}

fn read_owner(row: &Row<'_>, set: &str) -> Owner {
    Owner { patient: LookupId::from_cell(row.cell("Pat_ID1")), set: LookupId::from_cell(row.cell(set)) }
}

/// In which way a row that names a patient, a field and a prescription contradicts itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConflictKind {
    /// The field is another patient's.
    Field,
    /// The field is the patient's, and the prescription another patient's.
    Site,
    /// All are of one patient, but the field belongs to another prescription.
    FieldSite,
}

/// A row that contradicts itself, with what it names.
#[derive(Clone, Debug)]
pub(super) struct LinkConflict {
    pub(super) kind: ConflictKind,
    pub(super) patient: LookupId,
    pub(super) field_id: LookupId,
    pub(super) site_id: LookupId,
    pub(super) field: Option<Owner>,
    pub(super) site: Option<Owner>,
}

/// A patient, and the owners of the field and the prescription named beside it; `None` for one that is not there.
struct NamedOwners<'o> {
    patient: &'o LookupId,
    field: Option<&'o Owner>,
    site: Option<&'o Owner>,
}

impl NamedOwners<'_> {
    fn judge(&self) -> Option<ConflictKind> {
        let Self { patient, field, site } = *self;
        if patient.is_null() {
            return None;
        }
        let [of_field, of_site] = [field, site].map(|owner| owner.is_some_and(|owner| owner.patient != *patient));
        match (field, site) {
            (Some(field), Some(site))
                if field.set == site.set && !field.set.is_null() && field.patient != site.patient =>
            {
                // Field and prescription belong together and contradict each other: the check of fields says so once,
                // and not once for each delivery. A row that names neither of their patients is wrong itself.
                (of_field && of_site).then_some(ConflictKind::Field)
            }
            _ if of_field => Some(ConflictKind::Field),
            _ if of_site => Some(ConflictKind::Site),
            (Some(field), Some(site)) => {
                let names_other = field.set != site.set && !field.set.is_null() && !site.set.is_null();
                names_other.then_some(ConflictKind::FieldSite)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(patient: i64, set: i64) -> Owner {
        Owner { patient: LookupId::Number(patient), set: LookupId::Number(set) }
    }

    #[test]
    fn the_record_that_is_wrong_is_named_and_no_other() {
        let judge = |patient: i64, field: Option<(i64, i64)>, site: Option<(i64, i64)>| {
            let [field, site] = [field, site].map(|pair| pair.map(|(patient, set)| owner(patient, set)));
            NamedOwners { patient: &LookupId::Number(patient), field: field.as_ref(), site: site.as_ref() }.judge()
        };
        for (case, expected) in [
            (judge(1, Some((1, 7)), Some((1, 7))), None),
            // The delivery itself is booked on somebody else.
            (judge(2, Some((1, 7)), Some((1, 7))), Some(ConflictKind::Field)),
            (judge(1, Some((2, 8)), Some((1, 7))), Some(ConflictKind::Field)),
            (judge(1, Some((1, 7)), Some((2, 8))), Some(ConflictKind::Site)),
            (judge(1, Some((1, 7)), Some((1, 9))), Some(ConflictKind::FieldSite)),
            // The field was booked on another patient, or its prescription was: not the delivery's fault.
            (judge(1, Some((2, 7)), Some((1, 7))), None),
            (judge(1, Some((1, 7)), Some((2, 7))), None),
            (judge(3, Some((2, 7)), Some((1, 7))), Some(ConflictKind::Field)),
            (judge(1, Some((2, 7)), None), Some(ConflictKind::Field)),
            (judge(1, None, Some((2, 7))), Some(ConflictKind::Site)),
            (judge(1, None, None), None),
        ] {
            assert_eq!(case, expected);
        }
    }
}
