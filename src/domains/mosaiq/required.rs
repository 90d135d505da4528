//! The columns that no row may do without, as the mode that empties them and the checks both see them; reads no row.

use crate::domain::column_choice::ColumnVariant;
use crate::model::Severity;

/// A patient's key.
pub(super) const PAT_ID: &str = "pat_id";
/// A field's key.
pub(super) const FLD_ID: &str = "fld_id";
/// A date and time.
pub(super) const TIMESTAMP: &str = "timestamp";
/// Anything else.
pub(super) const OTHER: &str = "other";

const fn of(table: &'static str, column: &'static str, word: &'static str) -> ColumnVariant {
    ColumnVariant { table, column, word }
}

/// Every required column, table by table.
pub(super) static REQUIRED: [ColumnVariant; 20] = [
    of("TrackTreatment", "Pat_ID1", PAT_ID),
    of("TrackTreatment", "FLD_ID", FLD_ID),
    of("TrackTreatment", "SIT_ID", OTHER),
    of("TrackTreatment", "Create_DtTm", TIMESTAMP),
    of("TrackTreatment", "Edit_DtTm", TIMESTAMP),
    of("TrackTreatment", "Machine_ID_Staff_ID", OTHER),
    of("TxField", "Pat_ID1", PAT_ID),
    of("TxField", "SIT_Set_ID", OTHER),
    of("TxField", "Meterset", OTHER),
    of("TxField", "Type_Enum", OTHER),
    of("TxField", "Machine_ID_Staff_ID", OTHER),
    of("TxFieldPoint", "FLD_ID", FLD_ID),
    of("TxFieldPoint", "Point", OTHER),
    of("TxFieldPoint", "Index", OTHER),
    of("TxFieldPoint", "Gantry_Ang", OTHER),
    of("TxFieldPoint", "Coll_Ang", OTHER),
    of("Offset", "SIT_SET_ID", OTHER),
    of("Offset", "Study_DtTm", TIMESTAMP),
    of("Offset", "Offset_Type", OTHER),
    of("Offset", "Offset_State", OTHER),
];

/// Columns by which rows are looked up or put in time, which no mode empties.
pub(super) static LOOKED_UP: [ColumnVariant; 8] = [
    of("TxField", "FLD_SET_ID", OTHER),
    of("Ident", "Pat_Id1", PAT_ID),
    of("Site", "Pat_ID1", PAT_ID),
    of("Site", "SIT_SET_ID", OTHER),
    of("Dose_Hst", "Pat_ID1", PAT_ID),
    of("Dose_Hst", "SIT_ID", OTHER),
    of("Dose_Hst", "FLD_ID", FLD_ID),
    of("Dose_Hst", "Tx_DtTm", TIMESTAMP),
];

/// Returns how bad it is that a column is NULL.
pub(super) fn severity(place: &ColumnVariant) -> Severity {
    match place.word {
        PAT_ID => Severity::Critical,
        FLD_ID => Severity::High,
        _ => Severity::Medium,
    }
}
