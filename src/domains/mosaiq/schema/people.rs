//! People, patients and their checklists.

use crate::domain::table::TableCard;

/// People, machines and places in one table.
pub(super) static STAFF: TableCard = TableCard {
    name: "Staff",
    key: &["Staff_ID"],
    distinctive: false,
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
    indexes: &[],
};

pub(super) static PATIENT: TableCard = TableCard {
    name: "Patient",
    key: &["Pat_ID1"],
    distinctive: false,
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
    indexes: &[],
};

/// A patient's hospital numbers.
pub(super) static IDENT: TableCard = TableCard {
    name: "Ident",
    key: &["IDENT_ID"],
    distinctive: true,
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
    indexes: &["Pat_Id1"],
};

/// Kinds of checklist items.
pub(super) static QCL_TASK: TableCard = TableCard {
    name: "QCLTask",
    key: &["TSK_ID"],
    distinctive: true,
    identifying: &["Description"],
    columns: &[
        ("TSK_ID", "int"),
        ("Create_DtTm", "datetime"),
        ("Edit_DtTm", "datetime"),
        ("Description", "varchar(40)"),
        ("Inactive", "bit"),
        ("Responsible_Staff_ID", "int"),
        ("Est_Dur", "int"),
        ("RowVers", "timestamp"),
    ],
    indexes: &[],
};

/// Checklist items.
pub(super) static CHKLIST: TableCard = TableCard {
    name: "Chklist",
    key: &["Chk_id"],
    distinctive: true,
    identifying: &["Notes", "Instructions"],
    columns: &[
        ("Chk_id", "int"),
        ("Chk_set_id", "int"),
        ("Version", "smallint"),
        ("Create_DtTm", "datetime"),
        ("Create_ID", "int"),
        ("Edit_DtTm", "datetime"),
        ("Edit_ID", "int"),
        ("Pat_ID1", "int"),
        ("Due_DtTm", "datetime"),
        ("Act_DtTm", "datetime"),
        ("Req_Staff_ID", "int"),
        ("Rsp_Staff_ID", "int"),
        ("Com_Staff_ID", "int"),
        ("Complete", "smallint"),
        ("Notes", "varchar(255)"),
        ("Suppressed", "bit"),
        ("TSK_ID", "int"),
        ("Est_Dur", "int"),
        ("Instructions", "varchar(255)"),
        ("Start_DtTm", "datetime"),
        ("RowVers", "timestamp"),
    ],
    indexes: &[],
};

/// Further names of patients. No lab has it.
pub(super) static PATIENT_NAME: TableCard = TableCard {
    name: "PatientName",
    key: &["PatientNameId"],
    distinctive: false,
    identifying: &["Last_Name", "First_Name", "Middle_Name"],
    columns: &[],
    indexes: &[],
};

/// Relatives of patients. No lab has it.
pub(super) static PATIENT_FAMILY_HISTORY: TableCard = TableCard {
    name: "PatientFamilyHistory",
    key: &["PFH_ID"],
    distinctive: false,
    identifying: &["Name"],
    columns: &[],
    indexes: &[],
};
