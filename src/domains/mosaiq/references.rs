//! The references between tables, shared by the mode that breaks them and the checks.

/// A column whose values must occur in a column of another table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) table: &'static str,
    pub(super) column: &'static str,
    pub(super) parent: &'static str,
    /// Not always the parent's key: prescriptions are referred to by their set of versions.
    pub(super) parent_column: &'static str,
}

const fn reference(
    table: &'static str,
    column: &'static str,
    parent: &'static str,
    parent_column: &'static str,
) -> Reference {
    Reference { table, column, parent, parent_column }
}

/// From deliveries.
pub(super) static DELIVERY: [Reference; 3] = [
    reference("TrackTreatment", "Pat_ID1", "Patient", "Pat_ID1"),
    reference("TrackTreatment", "FLD_ID", "TxField", "FLD_ID"),
    reference("TrackTreatment", "SIT_ID", "Site", "SIT_ID"),
];
/// From fields.
pub(super) static FIELD: [Reference; 2] =
    [reference("TxField", "Pat_ID1", "Patient", "Pat_ID1"), reference("TxField", "SIT_Set_ID", "Site", "SIT_SET_ID")];
/// From control points.
pub(super) static POINT: [Reference; 1] = [reference("TxFieldPoint", "FLD_ID", "TxField", "FLD_ID")];
/// From shifts.
pub(super) static OFFSET: [Reference; 1] = [reference("Offset", "SIT_SET_ID", "Site", "SIT_SET_ID")];
/// From the dose history, and to it.
pub(super) static DOSE: [Reference; 4] = [
    reference("Dose_Hst", "Pat_ID1", "Patient", "Pat_ID1"),
    reference("Dose_Hst", "SIT_ID", "Site", "SIT_ID"),
    reference("Dose_Hst", "FLD_ID", "TxField", "FLD_ID"),
    reference("TrackTreatment", "DHS_ID", "Dose_Hst", "DHS_ID"),
];
/// A treated patient has an identity, and every identity has its patient.
pub(super) static IDENTITY: [Reference; 2] =
    [reference("TrackTreatment", "Pat_ID1", "Ident", "Pat_Id1"), reference("Ident", "Pat_Id1", "Patient", "Pat_ID1")];
