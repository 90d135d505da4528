//! `create_orphaned_record`: a reference to a row that does not exist; deletes no parent.

use std::collections::BTreeMap;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::column_choice::{ColumnChoice, ColumnNames, ColumnVariant};
use crate::domain::mode::{FailureMode, FaultRecord, ModeCard, ModeGroup, PlannedFault, Task, Variant};
use crate::domain::params;
use crate::domains::mosaiq::records;
use crate::domains::mosaiq::references::{self, Reference};
use crate::model::seed::RecordRandom;
use crate::model::snapshot::key_form;
use crate::model::{Column, Datum, Edit, FaultSeverity, Fetch, Ids, Kind, Refusal, Snapshot, Value};

pub(super) struct OrphanedRecords;

const PARAMETER: &str = "record_id";
const PATIENT: &str = "patient_id";
const FIELD: &str = "field_id";
const SITE: &str = "site_id";
const TYPES: [&str; 3] = ["TrackTreatment", "TxFieldPoint", "Offset"];
/// A proposed value lies at most this far beyond the largest parent.
const AHEAD: i64 = 1_000_000;

const fn column_variant(reference: &Reference, word: &'static str) -> ColumnVariant {
    ColumnVariant { table: reference.table, column: reference.column, word }
}

static PLACES: [ColumnVariant; 5] = [
    column_variant(&references::DELIVERY[0], PATIENT),
    column_variant(&references::DELIVERY[1], FIELD),
    column_variant(&references::DELIVERY[2], SITE),
    column_variant(&references::POINT[0], FIELD),
    column_variant(&references::OFFSET[0], SITE),
];

static COLUMNS: ColumnChoice =
    ColumnChoice { table: "record_type", column: "invalid_fk_field", by_word: true, places: &PLACES };

static CARD: ModeCard = ModeCard {
    id: "orphaned_records",
    tool: "create_orphaned_record",
    group: ModeGroup::Specified,
    title: "A reference to a missing row",
    description: "A record refers to a patient, field or prescription that does not exist, as after a restore of some \
        tables only, a clean-up that took parents before their children, or an id from another database. The record no \
        longer joins to anything: dose was given, but no patient's history shows it.",
    record: FaultRecord { table: "TrackTreatment", key: "TTX_ID", parameter: PARAMETER },
    others: &[
        FaultRecord { table: "TxFieldPoint", key: "TFP_ID", parameter: PARAMETER },
        FaultRecord { table: "Offset", key: "OFF_ID", parameter: PARAMETER },
    ],
    table_parameter: Some("record_type"),
    variants: &[
        Variant {
            word: PATIENT,
            severity: FaultSeverity::tenths::<28>(),
            about: "the patient referred to does not exist",
            eligible: "a delivery whose patient exists",
            size: None,
        },
        Variant {
            word: FIELD,
            severity: FaultSeverity::tenths::<23>(),
            about: "the field referred to does not exist",
            eligible: "a delivery or control point whose field exists",
            size: None,
        },
        Variant {
            word: SITE,
            severity: FaultSeverity::tenths::<25>(),
            about: "the prescription referred to does not exist",
            eligible: "a delivery or shift whose prescription exists",
            size: None,
        },
    ],
    severity: FaultSeverity::tenths::<26>(),
    uses_now: false,
    uses_ordinal: false,
    checks: &["orphan_delivery", "orphan_point", "orphan_offset", "identity"],
    data_needed: &["schema constraints: which references the database enforces"],
};

/// Parameters of `create_orphaned_record`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// The table of the records. Default with a variant: TrackTreatment.
    #[arg(long, value_name = "TABLE", value_parser = TYPES, ignore_case = true)]
    #[schemars(extend("enum" = TYPES))]
    record_type: Option<String>,
    /// Records to break, by the key of the table (TTX_ID, TFP_ID, OFF_ID): ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    record_id: Option<Ids>,
    /// The reference to break, by column or by word. TrackTreatment: Pat_ID1 (patient_id), FLD_ID (field_id), SIT_ID
    /// (site_id). TxFieldPoint: FLD_ID (field_id). Offset: SIT_SET_ID (site_id).
    #[arg(long, value_name = "COLUMN")]
    invalid_fk_field: Option<String>,
    /// The value to write, which no row of the referenced table may have. Default with a variant: one beyond the
    /// largest, chosen by the seed for each record.
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    invalid_value: Option<i64>,
}

impl FailureMode for OrphanedRecords {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, params: Params, variant: Option<&str>) -> Result<Params, String> {
        let names = ColumnNames { table: params.record_type.as_deref(), column: params.invalid_fk_field.as_deref() };
        let (table, place) = COLUMNS.resolve_column(self, names, variant)?;
        if variant.is_none() && params.invalid_value.is_none() {
            return Err("invalid_value is missing: an unused id, such as 99999999".into());
        }
        Ok(Params {
            record_type: Some(table.to_owned()),
            invalid_fk_field: place.map(|place| place.column.to_owned()),
            ..params
        })
    }

    fn record(&self, params: &Params) -> &'static FaultRecord {
        CARD.find_record(params.record_type.as_deref())
    }

    fn needs(&self, records: &[Value], params: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        let kind = self.record(params);
        let Ok((_, reference)) = find_reference(params, kind) else { return Vec::new() };
        let children = Fetch::among(kind.table, kind.key, records::key_forms(records));
        let largest = Fetch::maximum(reference.parent, reference.parent_column);
        // The largest parent is needed only to propose a value.
        let first = std::iter::once(children).chain(params.invalid_value.is_none().then_some(largest));
        let first = records::unread_queries(snapshot, first);
        if !first.is_empty() {
            // The parents to look for depend on these rows; the caller asks again once they are read.
            return first;
        }
        let mut ids = Vec::new();
        for record in records {
            if let Ok(row) = records::read_record(snapshot, kind.table, kind.key, record) {
                ids.extend(row.cell(reference.column).map(key_form));
            }
        }
        ids.extend(params.invalid_value.map(Value::Integer));
        records::unread_queries(snapshot, [Fetch::among(reference.parent, reference.parent_column, ids)])
    }

    fn propose(
        &self,
        variant: &str,
        snapshot: &Snapshot,
        task: &Task<'_>,
        params: &Params,
    ) -> Result<Option<Params>, Refusal> {
        if params.invalid_value.is_some() {
            return Ok(None);
        }
        let (_, reference) = find_reference(params, task.kind)?;
        let invalid_value = Some(choose_value(variant, reference, snapshot, task)?);
        Ok(Some(Params { invalid_value, ..params.clone() }))
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let (place, reference) = find_reference(params, task.kind)?;
        let value = params::require_param(params.invalid_value, "invalid_value")?;
        let kind = task.kind;
        let row = records::read_record(snapshot, kind.table, kind.key, task.record)?;
        records::settable_column(row.table, reference.column)?;
        let parents = snapshot.table(reference.parent)?;
        parents.table.column(reference.parent_column)?;
        let exists = |value: &Value| !parents.rows_with(reference.parent_column, value).is_empty();
        // The parent exists: this value would be no fault on any record.
        if exists(&Value::Integer(value)) {
            let what = format!("{}.{} ({} has it)", reference.table, reference.column, reference.parent);
            return Err(Refusal::ValueIsValid { what, value: value.to_string() });
        }
        let current = row.cell(reference.column).unwrap_or(&Value::Null);
        if current.is_null() {
            return Err(task.ineligible(format!("its {} is NULL", reference.column)));
        }
        if !exists(current) {
            let reason = format!("its {} already refers to no row of {}", reference.column, reference.parent);
            return Err(task.ineligible(reason));
        }
        let set = BTreeMap::from([(reference.column.to_owned(), Datum::Integer(value))]);
        let edit = Edit::Update { table: kind.table.into(), key: row.key(), set };
        Ok(PlannedFault::without_witness(place.word, vec![edit]))
    }
}

/// Chooses a value beyond the largest id of the parents that still fits the column.
fn choose_value(variant: &str, reference: &Reference, snapshot: &Snapshot, task: &Task<'_>) -> Result<i64, Refusal> {
    let kind = task.kind;
    let row = records::read_record(snapshot, kind.table, kind.key, task.record)?;
    let column = records::settable_column(row.table, reference.column)?;
    // Beyond the maximum no parent needs to be looked up to know that it is missing.
    let largest = snapshot.maximum(reference.parent, reference.parent_column)?.unwrap_or(0);
    let room = largest_id(column).saturating_sub(largest).min(AHEAD);
    if room < 1 {
        let reason = format!("{} has no room for an id beyond {largest}", reference.column);
        return Err(task.ineligible(reason));
    }
    let mut random = RecordRandom::new(task.seed, variant, std::slice::from_ref(task.record));
    let ahead = random.below(u64::try_from(room).unwrap_or(1));
    Ok(largest.saturating_add(1).saturating_add(i64::try_from(ahead).unwrap_or(0)))
}

/// Returns the largest id that fits a column; i32::MAX for a column that is not declared as an integer.
const fn largest_id(column: &Column) -> i64 {
    match column.kind {
        Kind::Integer { max, .. } => max,
        _ => i32::MAX as i64,
    }
}

/// Returns the column and the reference that completed parameters name in a table.
fn find_reference(
    params: &Params,
    record: &FaultRecord,
) -> Result<(&'static ColumnVariant, &'static Reference), Refusal> {
    let column = params::require_param(params.invalid_fk_field.as_deref(), "invalid_fk_field")?;
    let place = COLUMNS.find_column(record.table, column).map_err(|what| Refusal::Stale { what })?;
    for reference in references::DELIVERY.iter().chain(&references::POINT).chain(&references::OFFSET) {
        if reference.table == place.table && reference.column == place.column {
            return Ok((place, reference));
        }
    }
    params::require_param(None, "invalid_fk_field")
}
