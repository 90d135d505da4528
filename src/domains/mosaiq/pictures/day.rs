//! The deliveries of a day on a time line, in lanes by machine or by patient, with clashing ones marked.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::domain::picture::{DayChart, DayLane, DeliverySpan, DeliveryStatus};
use crate::domains::mosaiq::deliveries::{self, Delivery};
use crate::domains::mosaiq::machines::MACHINE;
use crate::model::refusal::render_key;
use crate::model::snapshot::key_form;
use crate::model::{Fetch, Row, Snapshot, TableRows, Value};

const DELIVERIES: &str = "TrackTreatment";
const STAFF: &str = "Staff";

/// What a lane of the time line stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lanes {
    /// A machine; spans are named after patients.
    Machines,
    /// A patient; spans are named after machines.
    Patients,
}

/// Returns the queries for the deliveries of a day that are not answered yet.
#[must_use]
pub fn day_queries(date: Date, snapshot: &Snapshot) -> Vec<Fetch> {
    let deliveries = Fetch::day(DELIVERIES, "Create_DtTm", date);
    if !snapshot.has_answer(&deliveries) {
        return vec![deliveries];
    }
    let machines = of_day(date, snapshot).filter_map(|row| row.cell(MACHINE).map(key_form));
    let machines = Fetch::among(STAFF, "Staff_ID", machines);
    Some(machines).filter(|query| !snapshot.has_answer(query)).into_iter().collect()
}

/// Returns the deliveries that began on a day. Those without a start belong to no day.
#[must_use]
pub fn build_day(date: Date, lanes: Lanes, snapshot: &Snapshot) -> DayChart {
    let (own, other) = match lanes {
        Lanes::Machines => (MACHINE, "Pat_ID1"),
        Lanes::Patients => ("Pat_ID1", MACHINE),
    };
    let mut by_lane: BTreeMap<Value, Vec<(DeliverySpan, Option<Delivery>)>> = BTreeMap::new();
    for row in of_day(date, snapshot) {
        if let Some(span) = build_span(&row, date, other, snapshot) {
            let lane = row.cell(own).map_or(Value::Null, key_form);
            by_lane.entry(lane).or_default().push((span, Delivery::from_row(&row).ok()));
        }
    }
    let mut lanes = Vec::new();
    for (id, mut spans) in by_lane {
        spans.sort_by(|a, b| (a.0.start, &a.0.key).cmp(&(b.0.start, &b.0.key)));
        lanes.push(DayLane { name: lane_name(own, &id, snapshot), spans: mark_clashes(spans) });
    }
    DayChart { title: format!("Deliveries of {date}"), lanes }
}

fn of_day(date: Date, snapshot: &Snapshot) -> impl Iterator<Item = Row<'_>> {
    let rows = snapshot.table(DELIVERIES).into_iter().flat_map(TableRows::rows);
    rows.filter(move |row| deliveries::start_day(row) == Some(date))
}

fn build_span(row: &Row<'_>, date: Date, named_after: &str, snapshot: &Snapshot) -> Option<DeliverySpan> {
    let began = row.time("Create_DtTm")?;
    // On the clock of the cell, as staff would read it, even if the time names an offset from UTC.
    let start = began.wall.duration_since(date.at(0, 0, 0, 0)).as_secs();
    let lasted = row.time("Edit_DtTm").and_then(|end| end.elapsed_since(began));
    let standing = match (row.flag("WasCanceled"), row.flag("WasBeamOn"), row.flag("WasBeamComplete")) {
        (Some(true), ..) => DeliveryStatus::Cancelled,
        (_, Some(true), Some(true)) => DeliveryStatus::Complete,
        _ => DeliveryStatus::Partial,
    };
    let other = row.cell(named_after).map_or(Value::Null, key_form);
    let field = row.cell("FLD_ID").map_or(Value::Null, key_form);
    Some(DeliverySpan {
        key: row.key(),
        start,
        end: lasted.map_or(start, |lasted| start.saturating_add(lasted.as_secs())),
        name: format!("{}, field {}", lane_name(named_after, &other, snapshot), render_key(&[field])),
        standing,
        clashes: false,
    })
}

/// Marks the deliveries that duplicate another one of the same patient.
fn mark_clashes(spans: Vec<(DeliverySpan, Option<Delivery>)>) -> Vec<DeliverySpan> {
    let mut clashes = Vec::with_capacity(spans.len());
    for (at, (_, delivery)) in spans.iter().enumerate() {
        // Every pair: a lane has at most some dozens of deliveries.
        let mut others = spans.iter().enumerate().filter(|(other, _)| *other != at);
        clashes.push(others.any(|(_, (_, other))| is_double(delivery.as_ref(), other.as_ref())));
    }
    spans.into_iter().zip(clashes).map(|((span, _), clashes)| DeliverySpan { clashes, ..span }).collect()
}

fn is_double(one: Option<&Delivery>, other: Option<&Delivery>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one.patient == other.patient && one.is_duplicate_of(other))
}

/// Names a lane by the machine's name, or by the patient's key: pictures show no patient's name.
fn lane_name(column: &str, id: &Value, snapshot: &Snapshot) -> String {
    let shown = render_key(std::slice::from_ref(id));
    if column != MACHINE {
        return format!("patient {shown}");
    }
    let staff = snapshot.table(STAFF).ok().and_then(|staff| staff.rows_with("Staff_ID", id).into_iter().next());
    let name = staff.and_then(|row| row.text("Last_Name").map(|name| name.trim_end().to_owned()));
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| format!("machine {shown}"))
}
