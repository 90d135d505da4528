//! Deliveries, dose history and shifts.

use crate::domain::table::TableCard;

/// Deliveries, including interrupted and cancelled attempts.
pub(super) static TRACK_TREATMENT: TableCard = TableCard {
    name: "TrackTreatment",
    key: &["TTX_ID"],
    distinctive: true,
    identifying: &[],
    columns: &[
        ("TTX_ID", "int"),
        ("Create_DtTm", "datetime"),
        ("Create_ID", "int"),
        ("Edit_DtTm", "datetime"),
        ("Edit_ID", "int"),
        ("Pat_ID1", "int"),
        ("FLD_ID", "int"),
        ("SIT_ID", "int"),
        ("Machine_ID_Staff_ID", "int"),
        ("Staff_ID", "int"),
        ("Sent_DtTm", "datetime"),
        ("WasQAMode", "bit"),
        ("WasBeamEnabled", "bit"),
        ("WasBeamOn", "bit"),
        ("WasBeamComplete", "bit"),
        ("WasCanceled", "bit"),
        ("WasRecorded", "bit"),
        ("DHS_ID", "int"),
        ("RowVers", "timestamp"),
    ],
    indexes: &["Pat_ID1", "FLD_ID"],
};

/// The dose history, one row a delivered treatment field.
pub(super) static DOSE_HST: TableCard = TableCard {
    name: "Dose_Hst",
    key: &["DHS_ID"],
    distinctive: true,
    identifying: &[],
    columns: &[
        ("DHS_ID", "int"),
        ("Pat_ID1", "int"),
        ("SIT_ID", "int"),
        ("FLD_ID", "int"),
        ("Machine_ID_Staff_ID", "int"),
        ("Tx_DtTm", "datetime"),
        ("Fractions_Tx", "smallint"),
        ("Energy", "smallint"),
        ("Meterset", "decimal(10,4)"),
        ("Dose_Tx_Act", "decimal(9,2)"),
        ("RowVers", "timestamp"),
    ],
    indexes: &[],
};

/// Shifts of the patient measured by imaging.
pub(super) static OFFSET: TableCard = TableCard {
    name: "Offset",
    key: &["OFF_ID"],
    distinctive: true,
    identifying: &[],
    columns: &[
        ("OFF_ID", "int"),
        ("SIT_SET_ID", "int"),
        ("Version", "smallint"),
        ("Create_DtTm", "datetime"),
        ("Study_DtTm", "datetime"),
        ("Offset_State", "tinyint"),
        ("Offset_Type", "tinyint"),
        ("Superior_Offset", "decimal(6,1)"),
        ("Anterior_Offset", "decimal(6,1)"),
        ("Lateral_Offset", "decimal(6,1)"),
        ("RowVers", "timestamp"),
    ],
    indexes: &["SIT_SET_ID"],
};
