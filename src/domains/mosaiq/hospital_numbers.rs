//! Hospital numbers: which of a patient's numbers is the current one. The only place that decides it.

use super::selection::trim_padding;
use crate::model::snapshot::key_form;
use crate::model::{Key, Row, Snapshot, Value};

pub(super) const TABLE: &str = "Ident";

/// Returns the current number, Ident.IDA, among the identities of one patient; `None` where none of them has one.
pub(super) fn current_number(identities: &[Row<'_>]) -> Option<String> {
    let filled = identities.iter().filter_map(|row| Some((rank_identity(row), number_of(row)?)));
    filled.max_by(|(one, _), (other, _)| one.cmp(other)).map(|(_, number)| number)
}

/// Returns the current number of a patient by Pat_ID1, from the identities that were read.
pub(super) fn find_number(snapshot: &Snapshot, patient: &Value) -> Option<String> {
    let patient = key_form(patient);
    if patient.is_null() {
        return None;
    }
    current_number(&snapshot.table(TABLE).ok()?.rows_with("Pat_Id1", &patient))
}

/// Returns the number of an identity, without padding; `None` where it has none.
pub(super) fn number_of(row: &Row<'_>) -> Option<String> {
    row.text("IDA").map(|text| trim_padding(text).trim_start().to_owned()).filter(|text| !text.is_empty())
}

/// Tells whether an identity is the current one of its versions.
pub(super) fn is_current(row: &Row<'_>) -> bool {
    row.integer("Version").is_none_or(|version| version == 0)
}

/// The greatest is the current one: Version 0, else the version saved last, 32000 being the first; then the last key.
fn rank_identity(row: &Row<'_>) -> (bool, i64, Key) {
    (is_current(row), -row.integer("Version").unwrap_or_default(), row.key())
}

#[cfg(test)]
mod tests {
    use super::super::browse::{BrowsedKind, describe_records};
    use super::super::selection::FaultableKind;
    use super::super::testing::Database;
    use super::*;
    use crate::domain::record::DescriptionCell;
    use crate::model::Fetch;

    #[test]
    fn a_superseded_number_is_shown_nowhere() {
        let lab = Database::generate_lab(20, 1);
        let snapshot = lab.read_snapshot(
            ["Patient", "Site", "TxField", "TrackTreatment", "Offset", "Ident", "Staff"].map(Fetch::all),
        );
        let identities = snapshot.table(TABLE).unwrap();
        let old: Vec<Row<'_>> = identities.rows().filter(|row| row.integer("Version") != Some(0)).collect();
        assert!(!old.is_empty(), "the lab has superseded numbers");
        let old: Vec<String> = old.iter().filter_map(number_of).collect();
        let faultable = [FaultableKind::Field, FaultableKind::Delivery, FaultableKind::Offset, FaultableKind::Site];
        let kinds = faultable.map(|kind| (BrowsedKind::Faultable(kind), kind.table()));
        for (kind, table) in [(BrowsedKind::Patient, "Patient")].into_iter().chain(kinds) {
            let keys: Vec<Key> = snapshot.table(table).unwrap().rows().map(|row| row.key()).collect();
            let mut read = snapshot.clone();
            let described = loop {
                match describe_records(kind, &keys, &read) {
                    Ok(described) => break described,
                    Err(crate::domain::pause::Pause::Ask(queries)) => {
                        for query in queries {
                            let answer = lab.answer_fetch(&query).unwrap();
                            read.add_answer(query, answer).unwrap();
                        }
                    }
                    Err(other) => panic!("{other:?}"),
                }
            };
            let shown = described.iter().filter_map(|one| match one.cells.get(1) {
                Some(DescriptionCell::Value(Value::Text(number))) => Some(number.clone()),
                _ => None,
            });
            let shown: Vec<String> = shown.collect();
            assert_eq!(shown.len(), keys.len(), "{table}");
            assert!(!shown.iter().any(|number| old.contains(number)), "{table}");
        }
    }
}
