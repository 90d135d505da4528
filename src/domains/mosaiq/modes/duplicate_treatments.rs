//! `create_duplicate_treatment`: a second record of a delivery that happened once; the first record stays untouched.

use std::collections::BTreeMap;

use clap::Args;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::mode::{FailureMode, FaultRecord, ModeCard, ModeGroup, PlannedFault, Task, Variant};
use crate::domain::params;
use crate::domains::mosaiq::deliveries::Delivery;
use crate::domains::mosaiq::limits::DUPLICATE_WINDOW_SECONDS;
use crate::domains::mosaiq::records;
use crate::model::seed::RecordRandom;
use crate::model::snapshot::key_form;
use crate::model::{Datum, Edit, FaultSeverity, Fetch, Ids, Kind, Refusal, Role, Row, Snapshot, Value, time};

pub(super) struct DuplicateTreatments;

const SAME: &str = "same_field";
const DIFFERENT: &str = "different_field";
const TABLE: &str = "TrackTreatment";

static CARD: ModeCard = ModeCard {
    id: "duplicate_treatments",
    tool: "create_duplicate_treatment",
    group: ModeGroup::Specified,
    title: "One delivery recorded twice",
    description: "A delivery gets a second record a few seconds apart, as when an interface resends a message after a \
        time-out, a recovery replays a queue, or two workstations close the same beam. Anything that counts \
        deliveries, such as fractions, bills and summed doses, counts the beam twice; with another field in the copy, \
        it counts a beam that was never given. The dose history gets no second row.",
    record: FaultRecord { table: TABLE, key: "TTX_ID", parameter: "ttx_id" },
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: SAME,
            severity: FaultSeverity::tenths::<10>(),
            about: "the copy names the same field",
            eligible: "a delivery with beam on, complete, not cancelled, that ends after it starts and has no \
                duplicate",
            size: None,
        },
        Variant {
            word: DIFFERENT,
            severity: FaultSeverity::tenths::<15>(),
            about: "the copy names another field of the patient",
            eligible: "the same deliveries, of a patient with another field",
            size: None,
        },
    ],
    severity: FaultSeverity::tenths::<12>(),
    uses_now: false,
    uses_ordinal: true,
    checks: &["duplicate_delivery", "delivery_two_fields"],
    data_needed: &[
        "expected treatment durations by technique",
        "interlock or machine logs, which distinguish one beam from two",
    ],
};

/// Parameters of `create_duplicate_treatment`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Deliveries to duplicate, by TrackTreatment.TTX_ID: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    ttx_id: Option<Ids>,
    /// Time of the copy relative to the original, in seconds, negative for earlier, default 5. At most 10, or less than
    /// the delivery lasted; 0 makes a copy at the very same second.
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    time_offset_seconds: Option<i64>,
    /// Whether the copy names another field of the same patient, default false.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    change_field: Option<bool>,
}

impl FailureMode for DuplicateTreatments {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, mut params: Params, variant: Option<&str>) -> Result<Params, String> {
        params.time_offset_seconds.get_or_insert(5);
        let word = variant.map(|word| params::find_variant(self, word)).transpose()?;
        let change = *params.change_field.get_or_insert(word == Some(DIFFERENT));
        match word {
            Some(word) if word != choose_variant(change) => {
                Err(format!("change_field {change} contradicts the variant {word}"))
            }
            _ => Ok(params),
        }
    }

    fn needs(&self, records: &[Value], _: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        let sources = Fetch::among(TABLE, "TTX_ID", records::key_forms(records));
        let first = records::unread_queries(snapshot, [sources, Fetch::maximum(TABLE, "TTX_ID")]);
        if !first.is_empty() {
            // The queries below name cells of these rows; the caller asks again once they are read.
            return first;
        }
        let rows: Vec<Row<'_>> =
            records.iter().filter_map(|id| records::read_record(snapshot, TABLE, "TTX_ID", id).ok()).collect();
        let cells = |column: &'static str| rows.iter().filter_map(move |row| row.cell(column).map(key_form));
        let wanted = [
            Fetch::among(TABLE, "Pat_ID1", cells("Pat_ID1")),
            Fetch::among("TxField", "Pat_ID1", cells("Pat_ID1")),
            Fetch::among("TxField", "FLD_ID", cells("FLD_ID")),
        ];
        records::unread_queries(snapshot, wanted)
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let offset = params::require_param(params.time_offset_seconds, "time_offset_seconds")?;
        let change = params::require_param(params.change_field, "change_field")?;
        let source = records::read_record(snapshot, TABLE, "TTX_ID", task.record)?;
        // A missing column is the fault of the schema; the checks of the record below would blame the record.
        for column in Delivery::COLUMNS {
            source.table.column(column)?;
        }
        check_eligible(&source, offset, snapshot, task)?;
        let field = if change { Some(choose_other_field(&source, snapshot, task)?) } else { None };
        let row = copy_row(&source, offset, field, snapshot, task)?;
        Ok(PlannedFault::without_witness(choose_variant(change), vec![Edit::Insert { table: TABLE.into(), row }]))
    }
}

const fn choose_variant(change_field: bool) -> &'static str {
    if change_field { DIFFERENT } else { SAME }
}

/// Refuses a delivery whose copy would be no contradiction, or that has a double already.
fn check_eligible(source: &Row<'_>, offset: i64, snapshot: &Snapshot, task: &Task<'_>) -> Result<(), Refusal> {
    let delivery = Delivery::from_row(source).map_err(|reason| task.ineligible(reason))?;
    let duration = delivery.end.duration_since(delivery.start);
    if duration <= SignedDuration::ZERO {
        return Err(task.ineligible("it does not end after its start"));
    }
    // Beyond the window the copy must overlap the original: two deliveries one after the other are no
    // contradiction.
    let distance = SignedDuration::from_secs(offset.saturating_abs());
    if distance > SignedDuration::from_secs(DUPLICATE_WINDOW_SECONDS) && distance >= duration {
        return Err(Refusal::NotADuplicate {
            table: TABLE.into(),
            key: source.key(),
            offset_seconds: offset,
            reason: format!("more than {DUPLICATE_WINDOW_SECONDS} s, and the delivery lasted {} s", duration.as_secs()),
        });
    }
    if delivery.start.checked_add(SignedDuration::from_secs(offset)).is_err() {
        return Err(task.ineligible("its times cannot be moved so far"));
    }
    for row in snapshot.table(TABLE)?.rows_with("Pat_ID1", &delivery.patient) {
        let Ok(other) = Delivery::from_row(&row) else { continue };
        if other.key != delivery.key && delivery.is_duplicate_of(&other) {
            let reason = "the patient already has another delivery on this machine at the same time";
            return Err(task.ineligible(reason));
        }
    }
    Ok(())
}

/// Chooses another field of the patient, preferably of the same prescription. Versions of the same field do not
/// count as other fields.
fn choose_other_field(source: &Row<'_>, snapshot: &Snapshot, task: &Task<'_>) -> Result<Value, Refusal> {
    let fields = snapshot.table("TxField")?;
    let id = source.cell("FLD_ID").unwrap_or(&Value::Null);
    let own = fields.rows_with("FLD_ID", id).into_iter().next();
    let mut others = fields.rows_with("Pat_ID1", source.cell("Pat_ID1").unwrap_or(&Value::Null));
    others.retain(|row| row.cell("FLD_ID").map(key_form) != Some(key_form(id)) && !share_cell(own, row, "FLD_SET_ID"));
    let of_prescription: Vec<Row<'_>> =
        others.iter().copied().filter(|row| share_cell(own, row, "SIT_Set_ID")).collect();
    let candidates = if of_prescription.is_empty() { &others } else { &of_prescription };
    let mut random = RecordRandom::new(task.seed, DIFFERENT, std::slice::from_ref(task.record));
    let choice = random.pick(candidates).and_then(|row| row.cell("FLD_ID")).cloned();
    choice.ok_or_else(|| task.ineligible("its patient has no other field"))
}

/// Tells whether two fields hold the same in a column; NULL is the same as nothing.
fn share_cell(own: Option<Row<'_>>, other: &Row<'_>, column: &str) -> bool {
    let cell = own.and_then(|row| row.cell(column)).filter(|cell| !cell.is_null());
    cell.is_some() && other.cell(column).map(key_form) == cell.map(key_form)
}

/// Returns the cells of the copy: those of the delivery, with its times moved, an id of its own, and another field
/// where one is given.
fn copy_row(
    source: &Row<'_>,
    offset: i64,
    field: Option<Value>,
    snapshot: &Snapshot,
    task: &Task<'_>,
) -> Result<BTreeMap<String, Datum>, Refusal> {
    let mut row = BTreeMap::new();
    for (column, cell) in source.table.columns.iter().zip(source.cells) {
        let name = column.image.name.as_str();
        // The database fills these columns itself and rejects values for them.
        if column.kind == Kind::RowVersion || column.role != Role::Plain {
            continue;
        }
        let is_time = ["Create_DtTm", "Edit_DtTm"].iter().any(|time| time.eq_ignore_ascii_case(name));
        let value = if is_time { time::shift_time(cell, column, offset) } else { Some(cell.clone()) };
        let value = value.ok_or_else(|| task.ineligible("its times cannot be moved so far"))?;
        row.insert(name.to_owned(), Datum::Raw(value));
    }
    let largest = snapshot.maximum(TABLE, "TTX_ID")?.unwrap_or(0);
    // All copies of an operation are planned from the same maximum; the ordinal keeps their ids apart.
    let ordinal = i64::try_from(task.ordinal).unwrap_or(i64::MAX);
    let id = largest.saturating_add(1).saturating_add(ordinal);
    // The table's own spelling of a name replaces the copied cell instead of adding a second one.
    let (_, column) = source.table.column("TTX_ID")?;
    row.insert(column.image.name.clone(), Datum::Integer(id));
    if let Some(field) = field {
        let (_, column) = source.table.column("FLD_ID")?;
        row.insert(column.image.name.clone(), Datum::of_cell(&field));
    }
    Ok(row)
}
