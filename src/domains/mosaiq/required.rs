//! The columns in which no row may hold NULL, shared by the mode that empties them and the checks.

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

const fn required_column(table: &'static str, column: &'static str, word: &'static str) -> ColumnVariant {
    ColumnVariant { table, column, word }
}

/// Every required column, table by table.
pub(super) static REQUIRED: [ColumnVariant; 20] = [
    required_column("TrackTreatment", "Pat_ID1", PAT_ID),
    required_column("TrackTreatment", "FLD_ID", FLD_ID),
    required_column("TrackTreatment", "SIT_ID", OTHER),
    required_column("TrackTreatment", "Create_DtTm", TIMESTAMP),
    required_column("TrackTreatment", "Edit_DtTm", TIMESTAMP),
    required_column("TrackTreatment", "Machine_ID_Staff_ID", OTHER),
    required_column("TxField", "Pat_ID1", PAT_ID),
    required_column("TxField", "SIT_Set_ID", OTHER),
    required_column("TxField", "Meterset", OTHER),
    required_column("TxField", "Type_Enum", OTHER),
    required_column("TxField", "Machine_ID_Staff_ID", OTHER),
    required_column("TxFieldPoint", "FLD_ID", FLD_ID),
    required_column("TxFieldPoint", "Point", OTHER),
    required_column("TxFieldPoint", "Index", OTHER),
    required_column("TxFieldPoint", "Gantry_Ang", OTHER),
    required_column("TxFieldPoint", "Coll_Ang", OTHER),
    required_column("Offset", "SIT_SET_ID", OTHER),
    required_column("Offset", "Study_DtTm", TIMESTAMP),
    required_column("Offset", "Offset_Type", OTHER),
    required_column("Offset", "Offset_State", OTHER),
];

/// Required columns that no mode empties: rows are looked up or sorted by them.
pub(super) static LOOKED_UP: [ColumnVariant; 8] = [
    required_column("TxField", "FLD_SET_ID", OTHER),
    required_column("Ident", "Pat_Id1", PAT_ID),
    required_column("Site", "Pat_ID1", PAT_ID),
    required_column("Site", "SIT_SET_ID", OTHER),
    required_column("Dose_Hst", "Pat_ID1", PAT_ID),
    required_column("Dose_Hst", "SIT_ID", OTHER),
    required_column("Dose_Hst", "FLD_ID", FLD_ID),
    required_column("Dose_Hst", "Tx_DtTm", TIMESTAMP),
];

/// Returns the severity of a NULL in a column.
pub(super) fn null_severity(place: &ColumnVariant) -> Severity {
    match place.word {
        PAT_ID => Severity::Critical,
        FLD_ID => Severity::High,
        _ => Severity::Medium,
    }
}
