//! The references between tables, as the mode that breaks them and the checks both see them; reads no row.

/// A column whose value must stand in a column of another table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// The referring table.
    pub(super) table: &'static str,
    /// Its column.
    pub(super) column: &'static str,
    /// The table referred to.
    pub(super) parent: &'static str,
    /// Its column, which need not be its key.
    pub(super) parent_column: &'static str,
}

const fn reference(
    (table, column): (&'static str, &'static str),
    (parent, parent_column): (&'static str, &'static str),
) -> Reference {
    Reference { table, column, parent, parent_column }
}

/// What a delivery refers to.
pub(super) static DELIVERY: [Reference; 3] = [
    reference(("TrackTreatment", "Pat_ID1"), ("Patient", "Pat_ID1")),
    reference(("TrackTreatment", "FLD_ID"), ("TxField", "FLD_ID")),
    reference(("TrackTreatment", "SIT_ID"), ("Site", "SIT_ID")),
];
/// What a field refers to.
pub(super) static FIELD: [Reference; 2] = [
    reference(("TxField", "Pat_ID1"), ("Patient", "Pat_ID1")),
    reference(("TxField", "SIT_Set_ID"), ("Site", "SIT_SET_ID")),
];
/// What a control point refers to.
pub(super) static POINT: [Reference; 1] = [reference(("TxFieldPoint", "FLD_ID"), ("TxField", "FLD_ID"))];
/// What a shift refers to.
pub(super) static OFFSET: [Reference; 1] = [reference(("Offset", "SIT_SET_ID"), ("Site", "SIT_SET_ID"))];
/// What the dose history refers to, and what refers to it.
pub(super) static DOSE: [Reference; 4] = [
    reference(("Dose_Hst", "Pat_ID1"), ("Patient", "Pat_ID1")),
    reference(("Dose_Hst", "SIT_ID"), ("Site", "SIT_ID")),
    reference(("Dose_Hst", "FLD_ID"), ("TxField", "FLD_ID")),
    reference(("TrackTreatment", "DHS_ID"), ("Dose_Hst", "DHS_ID")),
];
/// Who a patient is: a treated patient has an identity, and every identity has its patient.
pub(super) static IDENTITY: [Reference; 2] = [
    reference(("TrackTreatment", "Pat_ID1"), ("Ident", "Pat_Id1")),
    reference(("Ident", "Pat_Id1"), ("Patient", "Pat_ID1")),
];
