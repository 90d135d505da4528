//! The kinds of record that people list and open, from patients down to control points, and the filters on them.

use crate::domain::filter::FilterCard;
use crate::domain::record::{ColumnVisibility, ListColumn, RecordKind, RecordLink};

/// The filters that narrow a list of records.
pub(super) static FILTERS: [FilterCard; 4] = [
    FilterCard {
        flag: "patient",
        value_name: "IDA",
        about: "Only records of this patient, by the hospital's number, Ident.IDA, in any case",
        brief: "The hospital number, IDA",
        form: "IDA",
        example: "IDA",
        aliases: &["ida"],
    },
    FilterCard {
        flag: "machine",
        value_name: "MACHINE",
        about: "Only records of this machine, by its name, Staff.Last_Name, in any case, or by its Staff_ID",
        brief: "",
        form: "NAME",
        example: "NAME",
        aliases: &[],
    },
    FilterCard {
        flag: "type",
        value_name: "TYPE",
        about: "Only records of fields of this type, such as vmat, step-and-shoot or kv_setup, or by its number, \
                TxField.Type_Enum; electron fields are static ones",
        brief: "",
        form: "WORD",
        example: "vmat",
        aliases: &[],
    },
    FilterCard {
        flag: "date",
        value_name: "DATE",
        about: "Only records of this day, as YYYY-MM-DD: deliveries started, fields and points delivered, offsets \
                measured",
        brief: "YYYY-MM-DD",
        form: "YYYY-MM-DD",
        example: "2024-06-28",
        aliases: &["day"],
    },
];

/// Free text that lists show although the schema counts it as identifying: without it no field could be found.
const LISTED: &[&str] = &["Field_Label", "Field_Name", "Site_Name"];

/// Every kind, from the patient down.
pub(super) static KINDS: [&RecordKind; 6] = [&PATIENT, &SITE, &FIELD, &POINT, &DELIVERY, &OFFSET];

const fn column(name: &'static str) -> ListColumn {
    ListColumn::new(name)
}

pub(super) static PATIENT: RecordKind = RecordKind {
    word: "patient",
    plural: "patients",
    about: "A patient: Patient",
    table: "Patient",
    key: "Pat_ID1",
    columns: &[column("pat_id1"), column("ida").as_free_text(), column("sites").as_free_text(), column("fields")],
    faultable: false,
    opens: Some("field"),
    links: &[
        RecordLink { kind: "site", column: "Pat_ID1" },
        RecordLink { kind: "field", column: "Pat_ID1" },
        RecordLink { kind: "delivery", column: "Pat_ID1" },
    ],
    narrow_below: 0,
    shows: LISTED,
    asks: &[],
};

// Columns that refer to a prescription hold the id of its set, which all versions share.
pub(super) static SITE: RecordKind = RecordKind {
    word: "site",
    plural: "sites",
    about: "A prescription: Site",
    table: "Site",
    key: "SIT_ID",
    columns: &[
        column("sit_id"),
        column("ida").as_free_text(),
        column("site").as_free_text(),
        column("version"),
        column("technique"),
        column("dose_cgy"),
        column("fractions"),
    ],
    faultable: true,
    opens: Some("field"),
    links: &[RecordLink { kind: "field", column: "SIT_Set_ID" }, RecordLink { kind: "offset", column: "SIT_SET_ID" }],
    narrow_below: 0,
    shows: LISTED,
    asks: &[],
};

/// Beams of a plan.
pub(super) static FIELD: RecordKind = RecordKind {
    word: "field",
    plural: "fields",
    about: "A beam of a plan: TxField",
    table: "TxField",
    key: "FLD_ID",
    columns: &[
        column("fld_id"),
        column("ida").as_free_text(),
        column("site").as_free_text().with_visibility(ColumnVisibility::Filled).detail(),
        column("version").with_narrow_heading("ver").detail(),
        column("label").as_free_text().wide(),
        column("name").as_free_text().with_visibility(ColumnVisibility::Instead("site")),
        column("type").as_free_text(),
        column("machine").as_free_text().detail(),
        column("control_points").with_heading("points").wide(),
        column("meterset").with_heading("meterset_mu").wide().detail(),
    ],
    faultable: true,
    opens: Some("point"),
    links: &[RecordLink { kind: "point", column: "FLD_ID" }, RecordLink { kind: "delivery", column: "FLD_ID" }],
    narrow_below: 76,
    shows: LISTED,
    asks: &[],
};

pub(super) static POINT: RecordKind = RecordKind {
    word: "point",
    plural: "points",
    about: "A control point of a field: TxFieldPoint",
    table: "TxFieldPoint",
    key: "TFP_ID",
    columns: &[
        column("tfp_id"),
        column("fld_id"),
        column("point"),
        column("index").with_heading("index_%_or_mu").wide(),
        column("gantry_degrees").with_heading("gantry_deg"),
        column("collimator_degrees").with_heading("collimator_deg"),
        column("leaves"),
    ],
    faultable: true,
    opens: None,
    links: &[],
    narrow_below: 0,
    shows: LISTED,
    asks: &[],
};

pub(super) static DELIVERY: RecordKind = RecordKind {
    word: "delivery",
    plural: "deliveries",
    about: "A delivery of a field: TrackTreatment",
    table: "TrackTreatment",
    key: "TTX_ID",
    columns: &[
        column("ttx_id"),
        column("ida").as_free_text(),
        column("fld_id"),
        column("start"),
        column("seconds").wide().detail(),
        column("machine").as_free_text().detail(),
        column("flags").wide(),
    ],
    faultable: true,
    opens: None,
    links: &[],
    narrow_below: 64,
    shows: LISTED,
    asks: &[],
};

pub(super) static OFFSET: RecordKind = RecordKind {
    word: "offset",
    plural: "offsets",
    about: "A shift of a patient's position: Offset",
    table: "Offset",
    key: "OFF_ID",
    columns: &[
        column("off_id"),
        column("ida").as_free_text().detail(),
        column("site").as_free_text().wide(),
        column("study_time"),
        column("type").as_free_text().detail(),
        column("state").as_free_text().with_visibility(ColumnVisibility::Never).detail(),
        column("superior_cm").with_heading("sup_cm"),
        column("anterior_cm").with_heading("ant_cm"),
        column("lateral_cm").with_heading("lat_cm"),
    ],
    faultable: true,
    opens: None,
    links: &[],
    narrow_below: 76,
    shows: LISTED,
    asks: &[],
};
