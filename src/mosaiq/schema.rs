//! The tables of the domain: keys, identifying columns, and the types that labs declare; not a full catalogue.

use std::collections::BTreeMap;

/// A table to be made, in plain words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDef {
    /// The table's name.
    pub name: String,
    /// The key column.
    pub key: Option<String>,
    /// The columns: name, declared type, NULL allowed.
    pub columns: Vec<(String, String, bool)>,
}

/// What is known of a table.
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) key: &'static str,
    /// Columns that identify a person.
    pub(super) identifying: &'static [&'static str],
    /// Columns and declared types of a lab; none where a lab lacks the table. Everything but the key may be NULL.
    pub(super) columns: &'static [(&'static str, &'static str)],
}

/// Every table of the domain; those of a lab in the order in which it makes them.
pub(super) static KNOWN: &[Known] = &[
    Known {
        name: "Staff",
        key: "Staff_ID",
        identifying: &[
            "Initials",
            "User_Name",
            "PasswordBytes",
            "Last_Name",
            "First_Name",
            "Mdl_Initial",
            "Birth_DtTm",
            "Adr1",
            "Adr2",
            "City",
            "Postal",
            "Work_Phone",
            "Fax",
            "Pager",
            "CellPhone",
            "EMail",
            "Home_Phone",
            "Last_Name_SingleByte",
            "First_Name_SingleByte",
            "Mdl_Initial_SingleByte",
            "DirectMailAddress",
        ],
        columns: &[
            ("Staff_ID", "int"),
            ("Create_DtTm", "datetime"),
            ("Edit_DtTm", "datetime"),
            ("Initials", "char(6)"),
            ("Type", "varchar(20)"),
            ("Category", "int"),
            ("Last_Name", "char(40)"),
            ("First_Name", "varchar(40)"),
            ("Staff_Role", "smallint"),
            ("Machine_Type", "tinyint"),
            ("Status_inactive", "bit"),
            ("RowVers", "timestamp"),
        ],
    },
    Known {
        name: "Patient",
        key: "Pat_ID1",
        identifying: &[
            "Birth_DtTm",
            "Salutation",
            "SS_Number",
            "Last_Name",
            "First_Name",
            "MIddle_Name",
            "Suffix",
            "Alias_Name",
            "Maiden_Name",
            "Last_Name_Secondary",
            "First_Name_Secondary",
            "Middle_Name_Secondary",
            "Last_Name_SingleByte",
            "First_Name_SingleByte",
            "Middle_Name_SingleByte",
            "MotherMaidenName",
        ],
        columns: &[
            ("Pat_ID1", "int"),
            ("Create_DtTm", "datetime"),
            ("Edit_DtTm", "datetime"),
            ("Birth_DtTm", "datetime"),
            ("Last_Name", "varchar(40)"),
            ("First_Name", "varchar(40)"),
            ("MIddle_Name", "varchar(40)"),
            ("Clin_Status", "smallint"),
            ("Inactive", "bit"),
            ("RowVers", "timestamp"),
        ],
    },
    Known {
        name: "Ident",
        key: "IDENT_ID",
        identifying: &["IDA", "IDB", "IDC", "IDD", "IDE", "IDF", "PortalID"],
        columns: &[
            ("IDENT_ID", "int"),
            ("IDENT_Set_ID", "int"),
            ("Version", "smallint"),
            ("Create_DtTm", "datetime"),
            ("Edit_DtTm", "datetime"),
            ("Pat_Id1", "int"),
            ("IDA", "varchar(20)"),
            ("IDB", "varchar(20)"),
            ("RowVers", "timestamp"),
        ],
    },
    Known {
        name: "Site",
        key: "SIT_ID",
        identifying: &["Notes"],
        columns: &[
            ("SIT_ID", "int"),
            ("SIT_SET_ID", "int"),
            ("Version", "smallint"),
            ("Pat_ID1", "int"),
            ("Create_DtTm", "datetime"),
            ("Edit_DtTm", "datetime"),
            ("Site_Name", "varchar(40)"),
            ("Technique", "varchar(20)"),
            ("Modality", "varchar(20)"),
            ("Dose_Tx", "decimal(9,2)"),
            ("Dose_Ttl", "decimal(9,2)"),
            ("Fractions", "smallint"),
            ("Notes", "varchar(255)"),
            ("RowVers", "timestamp"),
        ],
    },
    Known {
        name: "TxField",
        key: "FLD_ID",
        identifying: &["Notes"],
        columns: &[
            ("FLD_ID", "int"),
            ("FLD_SET_ID", "int"),
            ("Version", "smallint"),
            ("Pat_ID1", "int"),
            ("Create_DtTm", "datetime"),
            ("Edit_DtTm", "datetime"),
            ("SIT_Set_ID", "int"),
            ("Field_Label", "varchar(20)"),
            ("Field_Name", "varchar(40)"),
            ("Machine_ID_Staff_ID", "int"),
            ("Cgray", "decimal(9,2)"),
            ("Arc_Mu", "decimal(9,4)"),
            ("Sad", "decimal(6,1)"),
            ("Mlc", "smallint"),
            ("Notes", "varchar(255)"),
            ("Type_Enum", "tinyint"),
            ("Modality_Enum", "tinyint"),
            ("ControlPoints", "smallint"),
            ("IndexMethod_Enum", "tinyint"),
            ("IndexReference_Enum", "tinyint"),
            ("Meterset", "decimal(10,4)"),
            ("MetersetUnit_Enum", "tinyint"),
            ("cGrayPerMeterset", "float"),
            ("RowVers", "timestamp"),
        ],
    },
    Known {
        name: "TxFieldPoint",
        key: "TFP_ID",
        identifying: &[],
        columns: &[
            ("TFP_ID", "int"),
            ("FLD_ID", "int"),
            ("Create_DtTm", "datetime"),
            ("Edit_DtTm", "datetime"),
            ("Point", "smallint"),
            ("Index", "decimal(9,4)"),
            ("MLC_Leaves", "smallint"),
            ("A_Leaf_Set", "varbinary(200)"),
            ("B_Leaf_Set", "varbinary(200)"),
            ("Gantry_Ang", "decimal(4,1)"),
            ("Coll_Ang", "decimal(4,1)"),
            ("Field_X", "decimal(6,2)"),
            ("Coll_X1", "decimal(6,2)"),
            ("Coll_X2", "decimal(6,2)"),
            ("Field_Y", "decimal(6,2)"),
            ("Coll_Y1", "decimal(6,2)"),
            ("Coll_Y2", "decimal(6,2)"),
            ("Energy", "smallint"),
            ("Energy_Unit_Enum", "tinyint"),
            ("Meterset_Rate", "decimal(9,4)"),
            ("Gantry_Dir_Enum", "tinyint"),
            ("Couch_Vrt", "decimal(6,2)"),
            ("Couch_Ang", "decimal(4,1)"),
            ("Couch_Lat", "decimal(6,2)"),
            ("Couch_Lng", "decimal(6,2)"),
            ("RowVers", "timestamp"),
        ],
    },
    Known {
        name: "TrackTreatment",
        key: "TTX_ID",
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
            ("WasQAMode", "bit"),
            ("WasBeamEnabled", "bit"),
            ("WasBeamOn", "bit"),
            ("WasBeamComplete", "bit"),
            ("WasCanceled", "bit"),
            ("WasRecorded", "bit"),
            ("DHS_ID", "int"),
            ("RowVers", "timestamp"),
        ],
    },
    Known {
        name: "Dose_Hst",
        key: "DHS_ID",
        identifying: &[],
        columns: &[
            ("DHS_ID", "int"),
            ("Pat_ID1", "int"),
            ("SIT_ID", "int"),
            ("FLD_ID", "int"),
            ("Tx_DtTm", "datetime"),
            ("RowVers", "timestamp"),
        ],
    },
    Known {
        name: "Offset",
        key: "OFF_ID",
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
    },
    Known { name: "Chklist", key: "Chk_id", identifying: &["Notes", "Instructions"], columns: &[] },
    Known { name: "QCLTask", key: "TSK_ID", identifying: &[], columns: &[] },
    Known {
        name: "PatientName",
        key: "PatientNameId",
        identifying: &["Last_Name", "First_Name", "Middle_Name"],
        columns: &[],
    },
    Known { name: "PatientFamilyHistory", key: "PFH_ID", identifying: &["Name"], columns: &[] },
];

/// Returns what is known of a table.
pub(super) fn known(table: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name == table)
}

/// Returns the key columns of every table of the domain.
#[must_use]
pub fn keys() -> BTreeMap<String, Vec<String>> {
    KNOWN.iter().map(|known| (known.name.to_owned(), vec![known.key.to_owned()])).collect()
}

/// Returns the columns that identify a person, by table; exports redact them.
#[must_use]
pub fn identifying() -> BTreeMap<String, Vec<String>> {
    let columns = |known: &Known| known.identifying.iter().map(|column| (*column).to_owned()).collect();
    KNOWN.iter().map(|known| (known.name.to_owned(), columns(known))).collect()
}

/// Returns the tables of a lab, in the order in which they are filled; only keys refuse NULL.
#[must_use]
pub fn lab_tables() -> Vec<TableDef> {
    let column = |known: &Known, (name, declared): &(&str, &str)| {
        ((*name).to_owned(), (*declared).to_owned(), *name != known.key)
    };
    let table = |known: &Known| TableDef {
        name: known.name.to_owned(),
        key: Some(known.key.to_owned()),
        columns: known.columns.iter().map(|each| column(known, each)).collect(),
    };
    KNOWN.iter().filter(|known| !known.columns.is_empty()).map(table).collect()
}
