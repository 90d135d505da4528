//! `create_duplicate_treatment`: a second record of a delivery that happened once; the first record stays untouched.

use std::collections::BTreeMap;

use clap::Args;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::mode::{FailureMode, FaultRecord, ModeCard, PlannedFault, Task, Variant};
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
    title: "One delivery recorded twice",
    description: "A delivery gets a second record a few seconds away, as when an interface resends a message after a \
        time-out, a recovery replays a queue, or two workstations close the same beam. What counts deliveries, such as \
        fractions, bills and doses summed from them, counts the beam twice; with another field in the copy, a beam \
        is counted that was never given. The dose history gets no second row.",
    record: FaultRecord { table: TABLE, key: "TTX_ID", parameter: "ttx_id" },
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: SAME,
            severity: FaultSeverity::tenths::<10>(),
            about: "the copy names the same field",
            eligible: "a delivery with beam on, complete, not cancelled, that ends after it starts and has no double",
        },
        Variant {
            word: DIFFERENT,
            severity: FaultSeverity::tenths::<15>(),
            about: "the copy names another field of the patient",
            eligible: "the same deliveries, of a patient with another field",
        },
    ],
    severity: FaultSeverity::tenths::<12>(),
    uses_now: false,
    uses_ordinal: true,
    checks: &["duplicate_delivery", "delivery_two_fields"],
    data_needed: &[
        "expected treatment durations by technique",
        "interlock or machine logs, which tell one beam from two",
    ],
};

/// Parameters of `create_duplicate_treatment`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Deliveries to duplicate, by TrackTreatment.TTX_ID: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    ttx_id: Option<Ids>,
    /// How far the copy lies from the original, in seconds, negative for earlier, default 5. At most 10, or less than
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
            Some(word) if word != variant_of(change) => {
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
        Delivery::COLUMNS.iter().try_for_each(|column| source.table.column(column).map(|_| ()))?;
        self.check_eligible(&source, offset, snapshot, task)?;
        let field = if change { Some(self.other_field(&source, snapshot, task)?) } else { None };
        let row = self.copy_row(&source, offset, field, snapshot, task)?;
        Ok(PlannedFault::without_witness(variant_of(change), vec![Edit::Insert { table: TABLE.into(), row }]))
    }
}

const fn variant_of(change_field: bool) -> &'static str {
    if change_field { DIFFERENT } else { SAME }
}

impl DuplicateTreatments {
    fn check_eligible(
        &self,
        source: &Row<'_>,
        offset: i64,
        snapshot: &Snapshot,
        task: &Task<'_>,
    ) -> Result<(), Refusal> {
        let skip = |reason: &str| task.ineligible(reason);
        let delivery = Delivery::from_row(source).map_err(skip)?;
        let duration = delivery.end.duration_since(delivery.start);
        if duration <= SignedDuration::ZERO {
            return Err(skip("it does not end after its start"));
        }
        // Beyond the window the copy must overlap the original: two deliveries one after the other are no
        // contradiction.
        let distance = SignedDuration::from_secs(offset.saturating_abs());
        if distance > SignedDuration::from_secs(DUPLICATE_WINDOW_SECONDS) && distance >= duration {
            return Err(Refusal::NotADuplicate {
                table: TABLE.into(),
                key: source.key(),
                offset_seconds: offset,
                reason: format!(
                    "more than {DUPLICATE_WINDOW_SECONDS} s, and the delivery lasted {} s",
                    duration.as_secs()
                ),
            });
        }
        let out_of_calendar = |_| skip("its times cannot be moved so far");
        delivery.start.checked_add(SignedDuration::from_secs(offset)).map_err(out_of_calendar)?;
        let others = snapshot.table(TABLE)?.rows_with("Pat_ID1", &delivery.patient);
        let mut counted = others.iter().filter_map(|row| Delivery::from_row(row).ok());
        if counted.any(|other| other.key != delivery.key && delivery.is_duplicate_of(&other)) {
            return Err(skip("the patient already has another delivery on this machine at the same time"));
        }
        Ok(())
    }

    /// Chooses another field of the patient, preferably of the same prescription. Versions of the same field do not
    /// count as other fields.
    fn other_field(&self, source: &Row<'_>, snapshot: &Snapshot, task: &Task<'_>) -> Result<Value, Refusal> {
        let fields = snapshot.table("TxField")?;
        let cell = |column: &str| source.cell(column).unwrap_or(&Value::Null);
        let own = fields.rows_with("FLD_ID", cell("FLD_ID")).into_iter().next();
        let own_cell = |column: &str| own.and_then(|row| row.cell(column)).filter(|cell| !cell.is_null()).map(key_form);
        let same = |row: &Row<'_>, column: &str| {
            let own = own_cell(column);
            own.is_some() && row.cell(column).map(key_form) == own
        };
        let is_source = |row: &Row<'_>| row.cell("FLD_ID").map(key_form) == Some(key_form(cell("FLD_ID")));
        let others: Vec<Row<'_>> = fields
            .rows_with("Pat_ID1", cell("Pat_ID1"))
            .into_iter()
            .filter(|row| !is_source(row) && !same(row, "FLD_SET_ID"))
            .collect();
        let preferred: Vec<Row<'_>> = others.iter().copied().filter(|row| same(row, "SIT_Set_ID")).collect();
        let candidates = if preferred.is_empty() { &others } else { &preferred };
        let mut random = RecordRandom::new(task.seed, DIFFERENT, std::slice::from_ref(task.record));
        let chosen = random.pick(candidates).and_then(|row| row.cell("FLD_ID")).cloned();
        chosen.ok_or_else(|| task.ineligible("its patient has no other field"))
    }

    fn copy_row(
        &self,
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
            let moved = ["Create_DtTm", "Edit_DtTm"].iter().any(|time| time.eq_ignore_ascii_case(name));
            let value = if moved { time::shift_time(cell, column, offset) } else { Some(cell.clone()) };
            let value = value.ok_or_else(|| task.ineligible("its times cannot be moved so far"))?;
            row.insert(name.to_owned(), Datum::Raw(value));
        }
        let largest = snapshot.maximum(TABLE, "TTX_ID")?.unwrap_or(0);
        // All copies of an operation are planned from the same maximum; the ordinal keeps their ids apart.
        let ordinal = i64::try_from(task.ordinal).unwrap_or(i64::MAX);
        // The table's own spelling of the name replaces the copied cell instead of adding a second one.
        let mut set = |name: &str, value| {
            source.table.column(name).map(|(_, column)| drop(row.insert(column.image.name.clone(), value)))
        };
        set("TTX_ID", Datum::Integer(largest.saturating_add(1).saturating_add(ordinal)))?;
        if let Some(field) = field {
            set("FLD_ID", Datum::of_cell(&field))?;
        }
        Ok(row)
    }
}
