//! `create_timestamp_inconsistency`: a delivery whose times cannot be true; changes no other column.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use clap::Args;
use jiff::{SignedDuration, ToSpan as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::mode::{FailureMode, FaultRecord, ModeCard, ModeGroup, PlannedFault, Task, Variant};
use crate::domain::params;
use crate::domains::mosaiq::records;
use crate::model::time::Time;
use crate::model::{Datum, Edit, FaultSeverity, Fetch, Ids, Refusal, Row, Snapshot, Value, time};

pub(super) struct TimestampInconsistencies;

const TABLE: &str = "TrackTreatment";
const START: &str = "Create_DtTm";
const END: &str = "Edit_DtTm";
const PARAMETER: &str = "inconsistency_type";
const BEFORE: &str = "edit_before_create";
const FUTURE: &str = "future_timestamp";
const NEGATIVE: &str = "negative_duration";

static CARD: ModeCard = ModeCard {
    id: "timestamp_inconsistencies",
    tool: "create_timestamp_inconsistency",
    group: ModeGroup::Specified,
    title: "A delivery at an impossible time",
    description: "A delivery ends before it starts, or is in the future, as when two workstations disagree about the \
        time, a clock is set back by hand, or a migration reads local times as UTC. Reports by day lose the delivery, \
        durations become negative, and searches for the latest treatment always find this one.",
    record: FaultRecord { table: TABLE, key: "TTX_ID", parameter: "ttx_id" },
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: BEFORE,
            severity: FaultSeverity::tenths::<12>(),
            about: "Edit_DtTm is two hours before Create_DtTm",
            eligible: "a delivery with both times that does not end before it starts",
            size: None,
        },
        Variant {
            word: FUTURE,
            severity: FaultSeverity::tenths::<10>(),
            about: "Create_DtTm is a year in the future, and Edit_DtTm an hour later",
            eligible: "a delivery with both times, neither of them in the future",
            size: None,
        },
        Variant {
            word: NEGATIVE,
            severity: FaultSeverity::tenths::<13>(),
            about: "Edit_DtTm is as far before Create_DtTm as it was after it",
            eligible: "a delivery with both times that ends after it starts",
            size: None,
        },
    ],
    severity: FaultSeverity::tenths::<10>(),
    uses_now: true,
    uses_ordinal: false,
    checks: &["delivery_order", "delivery_future", "delivery_duration", "technique_duration", "delivery_dose_time"],
    data_needed: &["NTP status of servers and workstations", "expected treatment durations by technique"],
};

/// Parameters of `create_timestamp_inconsistency`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Deliveries to break, by TrackTreatment.TTX_ID: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    ttx_id: Option<Ids>,
    /// What becomes impossible: edit_before_create (the end moves to 2 hours before the start), future_timestamp (the
    /// start moves to a year from now, the end to an hour later) or negative_duration (the end moves as far before the
    /// start as it lay after it).
    #[arg(long, value_name = "WORD", value_parser = params::variant_parser(&CARD))]
    #[schemars(extend("enum" = params::variant_words(&CARD)))]
    inconsistency_type: Option<String>,
}

impl FailureMode for TimestampInconsistencies {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, params: Params, variant: Option<&str>) -> Result<Params, String> {
        let word = params::resolve_variant(self, PARAMETER, params.inconsistency_type.as_deref(), variant)?;
        Ok(Params { ttx_id: None, inconsistency_type: Some(word.to_owned()) })
    }

    fn needs(&self, records: &[Value], _: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        records::unread_queries(snapshot, [Fetch::among(TABLE, "TTX_ID", records::key_forms(records))])
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let variant = params::variant_of_plan(self, params.inconsistency_type.as_deref(), PARAMETER)?;
        let delivery = records::read_record(snapshot, TABLE, "TTX_ID", task.record)?;
        let (start, end) = (read_time(&delivery, START, task)?, read_time(&delivery, END, task)?);
        let mut set = BTreeMap::new();
        let times = plan_times(variant, start, end, Time::local(task.now)).map_err(|reason| task.ineligible(reason))?;
        for (name, time) in times.ok_or_else(|| task.ineligible("its times cannot be moved so far"))? {
            let column = records::settable_column(delivery.table, name)?;
            let old = delivery.cell(name).unwrap_or(&Value::Null);
            let Some(new) = time::replace_time(time, old, column) else {
                return Err(task.ineligible("its times cannot be moved so far"));
            };
            // The column may round the planned time, in the worst case back to a possible one.
            let duration = time::read_time(&new, column).and_then(|time| time.elapsed_since(start));
            if variant != FUTURE && !duration.is_some_and(|duration| duration.is_negative()) {
                let reason = "its end, as the column would store it, would not be before its start";
                return Err(task.ineligible(reason));
            }
            set.insert(name.to_owned(), Datum::Raw(new));
        }
        let edit = Edit::Update { table: TABLE.into(), key: delivery.key(), set };
        Ok(PlannedFault::without_witness(variant, vec![edit]))
    }
}

fn read_time(delivery: &Row<'_>, column: &str, task: &Task<'_>) -> Result<Time, Refusal> {
    delivery.table.column(column)?;
    match delivery.time(column) {
        Some(time) => Ok(time),
        None if delivery.has_value(column) => Err(task.ineligible(format!("its {column} cannot be read"))),
        None => Err(task.ineligible(format!("it has no {column}"))),
    }
}

/// The columns to set with their times; `None` if a time would lie beyond the calendar.
type MovedTimes = Option<Vec<(&'static str, Time)>>;

/// Returns the times that make a delivery show the variant, or the reason why it cannot.
fn plan_times(variant: &str, start: Time, end: Time, now: Time) -> Result<MovedTimes, &'static str> {
    let duration = end.elapsed_since(start).ok_or("only one of its times has an offset from UTC")?;
    if variant == FUTURE {
        return plan_future_times(start, end, now);
    }
    if duration.is_negative() {
        return Err("it already ends before it starts");
    }
    let back = if variant == BEFORE { SignedDuration::from_hours(2) } else { duration };
    if back.is_zero() {
        return Err("it ends when it starts, so there is no duration to invert");
    }
    Ok(start.checked_add(-back).map(|end| vec![(END, end)]))
}

/// Returns the times of a delivery that starts a year from now, with the UTC offset of its own start, if it has one.
fn plan_future_times(start: Time, end: Time, now: Time) -> Result<MovedTimes, &'static str> {
    match (start.compare_with_present(now), end.compare_with_present(now)) {
        (Some(Ordering::Greater), _) | (_, Some(Ordering::Greater)) => return Err("it is already in the future"),
        (Some(_), Some(_)) => {}
        _ => return Err("its times have an offset from UTC, and are too close to the present to decide"),
    }
    // A calendar year: 29 February becomes the 28th.
    let Ok(wall) = now.wall.checked_add(1.year()) else { return Ok(None) };
    let start = Time { wall, ..start };
    let end = start.checked_add(SignedDuration::from_hours(1));
    Ok(end.map(|end| vec![(START, start), (END, end)]))
}
