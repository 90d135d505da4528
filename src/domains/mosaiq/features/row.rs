//! One delivery: what is kept of its row, and its features and flags in the order of the cards.

use super::cards;
use super::fields::FieldFeatures;
use super::numbers::condition;
use super::offsets::OffsetFacts;
use super::times::{self, read_time};
use crate::domain::feature::FeatureRequest;
use crate::domains::mosaiq::lookup::LookupId;
use crate::model::Row;
use crate::model::time::Time;

/// What is kept of a delivery's row.
#[derive(Clone, Debug)]
pub(super) struct DeliveryFacts {
    pub(super) key: i64,
    /// Pat_ID1.
    pub(super) patient: LookupId,
    /// FLD_ID.
    pub(super) field: LookupId,
    /// SIT_ID.
    pub(super) site: LookupId,
    /// DHS_ID.
    pub(super) dose: LookupId,
    /// Create_DtTm, to the millisecond.
    pub(super) create: Option<Time>,
    /// Edit_DtTm likewise.
    edit: Option<Time>,
}

impl DeliveryFacts {
    pub(super) const COLUMNS: [&'static str; 7] =
        ["TTX_ID", "Pat_ID1", "FLD_ID", "SIT_ID", "DHS_ID", "Create_DtTm", "Edit_DtTm"];

    pub(super) fn from_row(key: i64, row: &Row<'_>) -> Self {
        let id = |column: &str| LookupId::from_cell(row.cell(column));
        Self {
            key,
            patient: id("Pat_ID1"),
            field: id("FLD_ID"),
            site: id("SIT_ID"),
            dose: id("DHS_ID"),
            create: read_time(row, "Create_DtTm"),
            edit: read_time(row, "Edit_DtTm"),
        }
    }
}

/// A delivery with everything that it refers to.
pub(super) struct DeliveryRow<'p> {
    pub(super) delivery: &'p DeliveryFacts,
    pub(super) field: &'p FieldFeatures,
    /// Tx_DtTm of its dose.
    pub(super) dose: Option<Time>,
    pub(super) offset: Option<&'p OffsetFacts>,
    pub(super) patient_exists: bool,
    pub(super) site_exists: bool,
}

impl DeliveryRow<'_> {
    /// Tells whether the reference fails on the delivery: it takes no NULL for a time, a number, an angle or an axis.
    pub(super) fn is_refused(&self) -> bool {
        let times = [self.delivery.create, self.delivery.edit];
        let apart = times[0].zip(times[1]).and_then(|(create, edit)| times::seconds_between(create, edit));
        apart.is_none() || self.field.is_refused || self.offset.is_some_and(OffsetFacts::lacks_axis)
    }

    /// Returns the values and the flags, in the order of the cards.
    pub(super) fn compute(&self, request: &FeatureRequest) -> ([f64; cards::COUNT], [bool; cards::FLAGS_COUNT]) {
        let field = self.field;
        let times = times::compute([self.delivery.create, self.delivery.edit], self.dose, request.now);
        let (angles, mlc) = (field.angles, field.mlc);
        let groups: [&[f64]; 7] = [
            &self.foreign_keys(request.strict_reference),
            &times.map_or([0.0; 9], |times| times.values),
            &field.meterset.unwrap_or([0.0; 8]),
            &field.numbers.unwrap_or([0.0; 6]),
            &angles.map_or([0.0; 14], |angles| angles.values),
            &mlc.map_or([0.0; 19], |leaves| leaves.values),
            &self.offset.map_or([0.0; 12], OffsetFacts::compute),
        ];
        let mut values = [0.0; cards::COUNT];
        for (value, computed) in values.iter_mut().zip(groups.concat()) {
            *value = computed;
        }
        let flags = [
            true,
            times.is_some(),
            field.meterset.is_some(),
            field.numbers.is_some(),
            angles.is_some_and(|angles| angles.present),
            mlc.is_some(),
            self.offset.is_some(),
            times.is_some_and(|times| times.has_dose_time),
            field.has_mu_cp,
            mlc.is_some_and(|leaves| leaves.has_gap),
        ];
        (values, flags)
    }

    fn foreign_keys(&self, strict: bool) -> [f64; 6] {
        let DeliveryFacts { patient, field, site, .. } = self.delivery;
        // The reference takes an id of 0 for none.
        let exists = |id: &LookupId, found: bool| condition(found && !(strict && *id == LookupId::Number(0)));
        [
            condition(patient.is_null()),
            condition(field.is_null()),
            condition(site.is_null()),
            exists(patient, self.patient_exists),
            exists(field, self.field.exists),
            exists(site, self.site_exists),
        ]
    }
}
