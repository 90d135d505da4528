//! Pictures of single records: films, shifts and days; and the field that a set of changes is about. Reads nothing.

use mfm_journal::Change;

use super::{Lanes, build_day, build_film, build_offset_chart, day_queries, offsets_queries};
use crate::domain::pause::{Pause, read_rows};
use crate::domain::picture::{Film, RecordPicture};
use crate::domain::record::RecordKind;
use crate::domains::mosaiq::rules::Rules;
use crate::model::snapshot::key_form;
use crate::model::{Fetch, Row, Snapshot, Value};

/// Returns the picture of a record: a field or its control point as a film, a shift among those of its prescription, a
/// delivery in its day.
pub(super) fn build_picture(
    kind: &RecordKind,
    row: &Row<'_>,
    rules: &Rules,
    snapshot: &Snapshot,
) -> Result<Option<RecordPicture>, Pause> {
    match kind.table {
        "TxField" => row.integer("FLD_ID").map_or(Ok(None), |field| film_at(field, None, rules, snapshot)),
        "TxFieldPoint" => {
            let point = row.integer("TFP_ID");
            row.integer("FLD_ID").map_or(Ok(None), |field| film_at(field, point, rules, snapshot))
        }
        "Offset" => row.integer("SIT_SET_ID").map_or(Ok(None), |site| build_shift_picture(site, rules, snapshot)),
        "TrackTreatment" => in_day(row, snapshot),
        _ => Ok(None),
    }
}

fn film_at(field: i64, point: Option<i64>, rules: &Rules, snapshot: &Snapshot) -> Result<Option<RecordPicture>, Pause> {
    ask_for_unread(of_field(field), snapshot)?;
    Ok(film_of(field, rules, snapshot).map(|film| {
        let at = point.and_then(|point| find_point(&film, point)).unwrap_or(0);
        RecordPicture::Film(film, at)
    }))
}

fn build_shift_picture(site: i64, rules: &Rules, snapshot: &Snapshot) -> Result<Option<RecordPicture>, Pause> {
    let site = Value::Integer(site);
    ask_for_unread(offsets_queries(&site, snapshot), snapshot)?;
    Ok(build_offset_chart(&site, rules, snapshot).map(|(chart, bars)| RecordPicture::Limits(chart, bars)))
}

fn in_day(row: &Row<'_>, snapshot: &Snapshot) -> Result<Option<RecordPicture>, Pause> {
    let Some(date) = row.time("Create_DtTm").map(|at| at.wall.date()) else { return Ok(None) };
    ask_for_unread(day_queries(date, snapshot), snapshot)?;
    let day = build_day(date, Lanes::Machines, snapshot);
    let id = row.integer("TTX_ID");
    let mut place = None;
    for (at, lane) in day.lanes.iter().enumerate() {
        let span = lane.spans.iter().position(|span| span.key.first().and_then(to_integer) == id);
        place = place.or(span.map(|span| (at, span)));
    }
    Ok(Some(RecordPicture::Day(day, place)))
}

/// Pauses for the queries that are not answered yet.
fn ask_for_unread(queries: impl IntoIterator<Item = Fetch>, snapshot: &Snapshot) -> Result<(), Pause> {
    let unread: Vec<Fetch> = queries.into_iter().filter(|fetch| !snapshot.has_answer(fetch)).collect();
    if unread.is_empty() { Ok(()) } else { Err(Pause::Ask(unread)) }
}

/// Returns the queries for the film of a field.
pub(super) fn of_field(field: i64) -> [Fetch; 2] {
    ["TxField", "TxFieldPoint"].map(|table| Fetch::among(table, "FLD_ID", [Value::Integer(field)]))
}

/// Returns the film of a field; `None` if it has no control points.
pub(super) fn film_of(field: i64, rules: &Rules, snapshot: &Snapshot) -> Option<Film> {
    build_film(&Value::Integer(field), rules, snapshot).ok().filter(|film| !film.stills.is_empty())
}

/// Returns the position of a control point in a film.
fn find_point(film: &Film, point: i64) -> Option<usize> {
    film.stills.iter().position(|still| still.key.first().and_then(to_integer) == Some(point))
}

fn to_integer(value: &Value) -> Option<i64> {
    match key_form(value) {
        Value::Integer(number) => Some(number),
        _ => None,
    }
}

/// Returns the field that changes are about.
pub(super) fn find_subject_field(changes: &[Change], snapshot: &Snapshot) -> Result<Option<i64>, Pause> {
    if let Some(field) = changes.iter().find_map(field_of) {
        return Ok(Some(field));
    }
    // An update of a control point names only the changed cells: the row must be read for its field.
    let points = changes.iter().filter(|change| change.table.name.eq_ignore_ascii_case("TxFieldPoint"));
    let Some(point) = points.filter_map(|change| change.key.first().and_then(to_integer)).next() else {
        return Ok(None);
    };
    let points = read_rows(snapshot, &Fetch::among("TxFieldPoint", "TFP_ID", [Value::Integer(point)]))?;
    Ok(points.first().and_then(|row| row.integer("FLD_ID")))
}

/// Returns the field that a change is about, if the change itself names it.
fn field_of(change: &Change) -> Option<i64> {
    if change.table.name.eq_ignore_ascii_case("TxField") {
        return change.key.first().and_then(to_integer);
    }
    if !change.table.name.eq_ignore_ascii_case("TxFieldPoint") {
        return None;
    }
    let at = change.column_names().iter().position(|name| name.eq_ignore_ascii_case("FLD_ID"))?;
    // The field before the change first: a point that was moved to another field is missing from the old one.
    let mut images = [change.cells_before(), change.cells_after()].into_iter().flatten();
    images.find_map(|values| values.get(at).and_then(to_integer))
}
