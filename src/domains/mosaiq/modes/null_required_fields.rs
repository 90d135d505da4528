//! `nullify_required_fields`: one cell that every row needs becomes NULL; the row stays.

use std::collections::BTreeMap;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::column_choice::{ColumnChoice, ColumnNames, ColumnVariant};
use crate::domain::mode::{FailureMode, FaultRecord, ModeCard, ModeGroup, PlannedFault, Task, Variant};
use crate::domain::params;
use crate::domains::mosaiq::records;
use crate::domains::mosaiq::required::{FLD_ID, OTHER, PAT_ID, REQUIRED, TIMESTAMP};
use crate::model::seed::RecordRandom;
use crate::model::{Datum, Edit, FaultSeverity, Fetch, Ids, Refusal, Snapshot, Table, Value};

pub(super) struct NullRequiredFields;

const PARAMETER: &str = "record_id";
const TABLES: [&str; 4] = ["TrackTreatment", "TxField", "TxFieldPoint", "Offset"];

static COLUMNS: ColumnChoice =
    ColumnChoice { table: "table", column: "field_to_nullify", by_word: false, places: &REQUIRED };

static CARD: ModeCard = ModeCard {
    id: "null_required_fields",
    tool: "nullify_required_fields",
    group: ModeGroup::Specified,
    title: "A required cell is empty",
    description: "A required cell becomes NULL, as after an import with an unmapped column, an interface that drops an \
        empty segment, or a merge of two patients that stopped half-way. A join on the cell silently loses the row: a \
        delivery without a patient is missing from every report of that patient.",
    record: FaultRecord { table: "TrackTreatment", key: "TTX_ID", parameter: PARAMETER },
    others: &[
        FaultRecord { table: "TxField", key: "FLD_ID", parameter: PARAMETER },
        FaultRecord { table: "TxFieldPoint", key: "TFP_ID", parameter: PARAMETER },
        FaultRecord { table: "Offset", key: "OFF_ID", parameter: PARAMETER },
    ],
    table_parameter: Some("table"),
    variants: &[
        Variant {
            word: PAT_ID,
            severity: FaultSeverity::tenths::<27>(),
            about: "the patient (Pat_ID1) is NULL",
            eligible: "a delivery or field with a patient, where the column takes NULL",
            size: None,
        },
        Variant {
            word: FLD_ID,
            severity: FaultSeverity::tenths::<23>(),
            about: "the field (FLD_ID) is NULL",
            eligible: "a delivery or control point with a field, where the column takes NULL",
            size: None,
        },
        Variant {
            word: TIMESTAMP,
            severity: FaultSeverity::tenths::<12>(),
            about: "a date and time is NULL",
            eligible: "a delivery or shift with the time, where the column takes NULL",
            size: None,
        },
        Variant {
            word: OTHER,
            severity: FaultSeverity::tenths::<10>(),
            about: "another required column is NULL",
            eligible: "any of the four kinds with the cell filled, where the column takes NULL",
            size: None,
        },
    ],
    severity: FaultSeverity::tenths::<18>(),
    uses_now: false,
    uses_ordinal: false,
    checks: &["null_delivery", "null_field", "null_point", "null_offset"],
    data_needed: &["schema constraints: which columns a release of the database declares NOT NULL"],
};

/// Parameters of `nullify_required_fields`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// The table of the records. Default with a variant: TrackTreatment.
    #[arg(long, value_name = "TABLE", value_parser = TABLES, ignore_case = true)]
    #[schemars(extend("enum" = TABLES))]
    table: Option<String>,
    /// Records to break, by the key of the table (TTX_ID, FLD_ID, TFP_ID, OFF_ID): ids and inclusive ranges, such as
    /// 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    record_id: Option<Ids>,
    /// The column to empty. TrackTreatment: Pat_ID1, FLD_ID, SIT_ID, Create_DtTm, Edit_DtTm, Machine_ID_Staff_ID.
    /// TxField: Pat_ID1, SIT_Set_ID, Meterset, Type_Enum, Machine_ID_Staff_ID. TxFieldPoint: FLD_ID, Point, Index,
    /// Gantry_Ang, Coll_Ang. Offset: SIT_SET_ID, Study_DtTm, Offset_Type, Offset_State. With a variant, one that the
    /// seed chooses for each record.
    #[arg(long, value_name = "COLUMN")]
    field_to_nullify: Option<String>,
}

impl FailureMode for NullRequiredFields {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, params: Params, variant: Option<&str>) -> Result<Params, String> {
        let names = ColumnNames { table: params.table.as_deref(), column: params.field_to_nullify.as_deref() };
        let (table, place) = COLUMNS.resolve_column(self, names, variant)?;
        let field_to_nullify = place.map(|place| place.column.to_owned());
        Ok(Params { table: Some(table.to_owned()), field_to_nullify, ..params })
    }

    fn record(&self, params: &Params) -> &'static FaultRecord {
        CARD.find_record(params.table.as_deref())
    }

    fn needs(&self, records: &[Value], params: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        let kind = self.record(params);
        records::unread_queries(snapshot, [Fetch::among(kind.table, kind.key, records::key_forms(records))])
    }

    fn propose(
        &self,
        variant: &str,
        snapshot: &Snapshot,
        task: &Task<'_>,
        params: &Params,
    ) -> Result<Option<Params>, Refusal> {
        if params.field_to_nullify.is_some() {
            return Ok(None);
        }
        let field_to_nullify = Some(choose_column(variant, snapshot, task)?);
        Ok(Some(Params { field_to_nullify, ..params.clone() }))
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let column = params::require_param(params.field_to_nullify.as_deref(), "field_to_nullify")?;
        let kind = task.kind;
        let place = COLUMNS.find_column(kind.table, column).map_err(|what| Refusal::Stale { what })?;
        let row = records::read_record(snapshot, kind.table, kind.key, task.record)?;
        check_nullable(row.table, place)?;
        if !row.has_value(place.column) {
            return Err(task.ineligible(format!("its {} is already NULL", place.column)));
        }
        let set = BTreeMap::from([(place.column.to_owned(), Datum::Null)]);
        let edit = Edit::Update { table: kind.table.into(), key: row.key(), set };
        Ok(PlannedFault::without_witness(place.word, vec![edit]))
    }
}

/// Chooses a column of the variant that is filled and nullable.
fn choose_column(variant: &str, snapshot: &Snapshot, task: &Task<'_>) -> Result<String, Refusal> {
    let kind = task.kind;
    let row = records::read_record(snapshot, kind.table, kind.key, task.record)?;
    let (mut nullable, mut first_refusal) = (Vec::new(), None);
    for place in COLUMNS.columns_of(kind.table).filter(|place| place.word == variant) {
        match check_nullable(row.table, place) {
            Ok(()) => nullable.push(place),
            Err(refusal) => first_refusal = first_refusal.or(Some(refusal)),
        }
    }
    // If no column of the variant is nullable, the schema is the reason rather than this row.
    if let (Some(refusal), true) = (first_refusal, nullable.is_empty()) {
        return Err(refusal);
    }
    nullable.retain(|place| row.has_value(place.column));
    let mut random = RecordRandom::new(task.seed, variant, std::slice::from_ref(task.record));
    match random.pick(&nullable) {
        Some(place) => Ok(place.column.to_owned()),
        None => Err(task.ineligible(format!("all its {variant} columns are already NULL"))),
    }
}

/// Refuses a column that the database declares NOT NULL.
fn check_nullable(table: &Table, place: &ColumnVariant) -> Result<(), Refusal> {
    if records::settable_column(table, place.column)?.nullable {
        return Ok(());
    }
    Err(Refusal::NotNull { table: table.shape.name.clone(), column: place.column.to_owned() })
}
