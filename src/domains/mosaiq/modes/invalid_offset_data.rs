//! `corrupt_offset_data`: a patient shift with an impossible size, code or time; the prescription stays untouched.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use clap::Args;
use jiff::ToSpan as _;
use mfm_journal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::mode::{FailureMode, FaultRecord, ModeCard, ModeGroup, PlannedFault, Task, Variant};
use crate::domain::params::{self, Number};
use crate::domains::mosaiq::limits::{OFFSET_POSSIBLE_CM, OFFSET_STATES, OFFSET_TYPES};
use crate::domains::mosaiq::numbers::CellReading;
use crate::domains::mosaiq::records;
use crate::model::time::Time;
use crate::model::{Datum, Edit, FaultSeverity, Fetch, Ids, Refusal, Row, Snapshot, Value, time};

pub(super) struct InvalidOffsetData;

const TABLE: &str = "Offset";
const PARAMETER: &str = "corruption_type";
const EXTREME: &str = "extreme_values";
const TYPE: &str = "invalid_type";
const STATE: &str = "invalid_state";
const FUTURE: &str = "future_study_time";
const AXES: [&str; 3] = ["Superior_Offset", "Anterior_Offset", "Lateral_Offset"];
const STUDY: &str = "Study_DtTm";

static CARD: ModeCard = ModeCard {
    id: "invalid_offset_data",
    tool: "corrupt_offset_data",
    group: ModeGroup::Specified,
    title: "An impossible patient shift",
    description: "A recorded shift of the patient becomes impossible, as when an imaging system sends millimetres for \
        centimetres, a code from another release, or a time from a clock that was never set. Software that applies or \
        averages shifts moves the patient to an impossible position; trends and margins computed from it are wrong.",
    record: FaultRecord { table: TABLE, key: "OFF_ID", parameter: "off_id" },
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: EXTREME,
            severity: FaultSeverity::tenths::<27>(),
            about: "all three axes are beyond 20 cm",
            eligible: "a shift with all three axes within 20 cm",
            size: None,
        },
        Variant {
            word: TYPE,
            severity: FaultSeverity::tenths::<10>(),
            about: "Offset_Type is not 2, 3 or 4",
            eligible: "a shift whose Offset_Type is known or NULL",
            size: None,
        },
        Variant {
            word: STATE,
            severity: FaultSeverity::tenths::<9>(),
            about: "Offset_State is neither 1 nor 2",
            eligible: "a shift whose Offset_State is known or NULL",
            size: None,
        },
        Variant {
            word: FUTURE,
            severity: FaultSeverity::tenths::<11>(),
            about: "Study_DtTm is a year in the future",
            eligible: "a shift with a Study_DtTm that is not in the future",
            size: None,
        },
    ],
    severity: FaultSeverity::tenths::<24>(),
    uses_now: true,
    uses_ordinal: false,
    checks: &["offset_size", "offset_codes", "offset_future", "offset_time", "offset_action_limit"],
    data_needed: &["clinical action limits by site", "logs of the imaging systems that send shifts"],
};

/// Parameters of `corrupt_offset_data`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Shifts to break, by Offset.OFF_ID: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    off_id: Option<Ids>,
    /// What becomes impossible: extreme_values (all three axes), invalid_type (Offset_Type), invalid_state
    /// (Offset_State) or future_study_time (Study_DtTm moves to a year from now).
    #[arg(long, value_name = "WORD", value_parser = params::variant_parser(&CARD))]
    #[schemars(extend("enum" = params::variant_words(&CARD)))]
    corruption_type: Option<String>,
    /// The value to write. extreme_values: a shift in cm, more than 20 either way, with at most one decimal, default
    /// 999.9. invalid_type: a number from 0 to 255 other than 2, 3 and 4, default 99. invalid_state: one other than 1
    /// and 2, default 99. future_study_time takes none.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    value: Option<Number>,
}

impl FailureMode for InvalidOffsetData {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, params: Params, variant: Option<&str>) -> Result<Params, String> {
        let word = params::resolve_variant(self, PARAMETER, params.corruption_type.as_deref(), variant)?;
        let value = match (word, params.value) {
            (FUTURE, Some(_)) => return Err(format!("value: {FUTURE} does not take it; omit it")),
            // Both columns are tinyint.
            (TYPE | STATE, Some(Number(code))) if !code.to_i64_exact().is_some_and(|n| (0..=255).contains(&n)) => {
                return Err(format!("value: {} is not a whole number from 0 to 255", code.normalise()));
            }
            (FUTURE, None) => None,
            (EXTREME, given) => given.or(Decimal::new(9999, 1).map(Number)),
            (_, given) => given.or(Some(Number(Decimal::from(99)))),
        };
        Ok(Params { off_id: None, corruption_type: Some(word.to_owned()), value })
    }

    fn needs(&self, records: &[Value], _: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        records::unread_queries(snapshot, [Fetch::among(TABLE, "OFF_ID", records::key_forms(records))])
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let variant = params::variant_of_plan(self, params.corruption_type.as_deref(), PARAMETER)?;
        let offset = records::read_record(snapshot, TABLE, "OFF_ID", task.record)?;
        let set = match variant {
            EXTREME => plan_shift(&offset, require_value(params)?, task)?,
            TYPE => plan_code(&offset, "Offset_Type", &OFFSET_TYPES, require_value(params)?, task)?,
            STATE => plan_code(&offset, "Offset_State", &OFFSET_STATES, require_value(params)?, task)?,
            _ => plan_future_time(&offset, task)?,
        };
        let edit = Edit::Update { table: TABLE.into(), key: offset.key(), set };
        Ok(PlannedFault::without_witness(variant, vec![edit]))
    }
}

fn require_value(params: &Params) -> Result<Decimal, Refusal> {
    let Number(value) = params::require_param(params.value, "value")?;
    Ok(value)
}

type CellUpdates = BTreeMap<String, Datum>;

/// Sets all three axes to a shift in cm that no patient can need.
fn plan_shift(offset: &Row<'_>, value: Decimal, task: &Task<'_>) -> Result<CellUpdates, Refusal> {
    if OFFSET_POSSIBLE_CM.contains(value) {
        let what = format!("shift along an axis ({OFFSET_POSSIBLE_CM} cm)");
        return Err(Refusal::ValueIsValid { what, value: value.normalise().to_string() });
    }
    let mut set = CellUpdates::new();
    for axis in AXES {
        records::settable_column(offset.table, axis)?;
        if let Some(beyond) =
            CellReading::from_cell(offset, axis).number().filter(|cell| !cell.is_within(OFFSET_POSSIBLE_CM))
        {
            return Err(task.ineligible(format!("it already has {axis} {beyond} cm")));
        }
        set.insert(axis.to_owned(), Datum::Decimal(value));
    }
    Ok(set)
}

/// Sets a column to a code that is none of the valid ones.
fn plan_code(
    offset: &Row<'_>,
    column: &str,
    valid: &[i64],
    value: Decimal,
    task: &Task<'_>,
) -> Result<CellUpdates, Refusal> {
    if value.to_i64_exact().is_some_and(|code| valid.contains(&code)) {
        return Err(Refusal::ValueIsValid { what: column.to_owned(), value: value.normalise().to_string() });
    }
    records::settable_column(offset.table, column)?;
    if offset.has_value(column) && !offset.integer(column).is_some_and(|code| valid.contains(&code)) {
        return Err(task.ineligible(format!("its {column} is already not one of {valid:?}")));
    }
    Ok(CellUpdates::from([(column.to_owned(), Datum::Decimal(value))]))
}

/// Moves the time of the shift to a year from now.
fn plan_future_time(offset: &Row<'_>, task: &Task<'_>) -> Result<CellUpdates, Refusal> {
    let column = records::settable_column(offset.table, STUDY)?;
    let Some(study) = offset.time(STUDY) else {
        let is_filled = offset.has_value(STUDY);
        let reason = if is_filled { "its Study_DtTm cannot be read" } else { "it has no Study_DtTm" };
        return Err(task.ineligible(reason));
    };
    match study.compare_with_present(Time::local(task.now)) {
        Some(Ordering::Greater) => return Err(task.ineligible("its Study_DtTm is already in the future")),
        Some(_) => {}
        // A time with an offset from UTC and the local time of the present compare only if they are far apart.
        None => {
            let reason = "its Study_DtTm has an offset from UTC, and is too close to the present to decide";
            return Err(task.ineligible(reason));
        }
    }
    // A calendar year: 29 February becomes the 28th.
    let ahead = task.now.checked_add(1.year()).ok();
    let old = offset.cell(STUDY).unwrap_or(&Value::Null);
    let Some(new) = ahead.and_then(|ahead| time::replace_time(Time::local(ahead), old, column)) else {
        return Err(task.ineligible("its Study_DtTm cannot be moved so far"));
    };
    Ok(CellUpdates::from([(STUDY.to_owned(), Datum::Raw(new))]))
}
