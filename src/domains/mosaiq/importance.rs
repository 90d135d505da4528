//! Which records matter in treatment: those of current treatment fields, and what was delivered with them. Imaging and
//! setup fields, and versions that were replaced, do not.

use std::collections::BTreeSet;

use super::fields::FIELDS;
use super::records::key_forms;
use crate::domain::pause::{Pause, read_rows};
use crate::model::snapshot::key_form;
use crate::model::{Fetch, Key, Row, Snapshot, Value};

/// The types of field with which nobody is treated: setup, kV, CT, port and MV CT.
const IMAGING: [i64; 5] = [3, 4, 5, 6, 9];

/// Returns which of these records are of an imaging field, or of a version that was replaced.
pub(super) fn list_minor_records(table: &str, keys: &[Key], snapshot: &Snapshot) -> Result<BTreeSet<Key>, Pause> {
    let ids: Vec<Value> = keys.iter().filter_map(|key| key.first().cloned()).collect();
    let key_column = match table {
        FIELDS => "FLD_ID",
        "TxFieldPoint" => "TFP_ID",
        "TrackTreatment" => "TTX_ID",
        _ => return Ok(BTreeSet::new()),
    };
    let rows = read_rows(snapshot, &Fetch::among(table, key_column, key_forms(&ids)))?;
    if table == FIELDS {
        return Ok(rows.iter().filter(|row| is_minor_field(row)).map(Row::key).collect());
    }
    let fields: Vec<Value> = rows.iter().filter_map(|row| row.cell("FLD_ID").map(key_form)).collect();
    let fields = read_rows(snapshot, &Fetch::among(FIELDS, "FLD_ID", fields))?;
    let minor = fields.iter().filter(|field| is_minor_field(field)).filter_map(|field| field.cell("FLD_ID"));
    let minor: BTreeSet<Value> = minor.map(key_form).collect();
    let is_minor = |row: &&Row<'_>| row.cell("FLD_ID").map(key_form).is_some_and(|field| minor.contains(&field));
    Ok(rows.iter().filter(is_minor).map(Row::key).collect())
}

/// Returns whether a field is for imaging, or was replaced by a later version.
fn is_minor_field(field: &Row<'_>) -> bool {
    let is_imaging = field.integer("Type_Enum").is_some_and(|kind| IMAGING.contains(&kind));
    // The current version of a field has the number 0.
    is_imaging || field.integer("Version").is_some_and(|version| version != 0)
}
