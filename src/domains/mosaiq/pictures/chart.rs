//! Numbers over control points or over time: angles, indices, shifts, and which of them a finding is about.

use crate::domain::picture::{Chart, ChartLine, ChartPoint};
use crate::model::refusal::render_key;
use crate::model::time::Time;
use crate::model::{Finding, Row, Value};

/// The axes of a patient shift: column and name.
const AXES: [(&str, &str); 3] =
    [("Superior_Offset", "superior"), ("Anterior_Offset", "anterior"), ("Lateral_Offset", "lateral")];

/// The angles of a control point: column and name.
const ANGLES: [(&str, &str); 2] = [("Gantry_Ang", "gantry"), ("Coll_Ang", "collimator")];

/// Returns the angles of a field at its control points.
pub(super) fn build_angle_chart(field: &Value, points: &[Row<'_>], findings: &[&Finding]) -> Option<Chart> {
    let title = format!("Angles of field {}, control point by control point", render_key(std::slice::from_ref(field)));
    let points = in_order(points);
    let line = |(column, name)| of_points(&points, column, name, |row| is_about(findings, row, column));
    build_chart(title, "control point".to_owned(), "degrees", ANGLES.map(line))
}

/// Returns the indices of a field at its control points; the last one is what a finding is about.
pub(super) fn build_index_chart(field: &Value, points: &[Row<'_>]) -> Option<Chart> {
    let title = format!("Index of field {}, control point by control point", render_key(std::slice::from_ref(field)));
    let points = in_order(points);
    let last = points.iter().rfind(|(_, row)| row.float("Index").is_some()).map(|(_, row)| row.key());
    let line = of_points(&points, "Index", "index", |row| Some(row.key()) == last);
    build_chart(title, "control point".to_owned(), "percent or MU", [line])
}

/// Returns the shifts of a site in the order of time.
pub(super) fn build_shift_chart(site: &Value, rows: &[Row<'_>], findings: &[&Finding]) -> Option<Chart> {
    let mut rows = rows.to_vec();
    rows.sort_by_key(|row| (row.time("Study_DtTm").map(Time::instant), row.key()));
    let day = |row: Option<&Row<'_>>| row.and_then(|row| row.time("Study_DtTm")).map(Time::to_text);
    let date = |at: String| at.chars().take(10).collect::<String>();
    let between = match (day(rows.first()), day(rows.last())) {
        (Some(first), Some(last)) if rows.len() > 1 => format!(" ({} to {})", date(first), date(last)),
        _ => String::new(),
    };
    let numbered: Vec<(f64, Row<'_>)> = (1_u32..).map(f64::from).zip(rows).collect();
    let line = |(column, name)| of_points(&numbered, column, name, |row| is_about(findings, row, column));
    let title = format!("Shifts of site {}, one after the other", render_key(std::slice::from_ref(site)));
    build_chart(title, format!("shift{between}"), "cm", AXES.map(line))
}

fn build_chart(
    title: String,
    across: String,
    up: &'static str,
    lines: impl IntoIterator<Item = ChartLine>,
) -> Option<Chart> {
    let lines: Vec<ChartLine> = lines.into_iter().filter(|line| !line.dots.is_empty()).collect();
    // A single number is read sooner than it is looked at.
    lines.iter().any(|line| line.dots.len() > 1).then_some(Chart { title, across, up, lines })
}

fn of_points(rows: &[(f64, Row<'_>)], column: &str, name: &'static str, wrong: impl Fn(&Row<'_>) -> bool) -> ChartLine {
    let dot = |(x, row): &(f64, Row<'_>)| {
        let y = row.float(column).filter(|y| y.is_finite())?;
        Some(ChartPoint { x: *x, y, wrong: wrong(row) })
    };
    ChartLine { name, dots: rows.iter().filter_map(dot).collect() }
}

/// Returns control points in the order of their numbers, each with its own, or where it has none with the next one.
fn in_order<'s>(points: &[Row<'s>]) -> Vec<(f64, Row<'s>)> {
    let mut points = points.to_vec();
    points.sort_by_key(|row| (row.integer("Point").unwrap_or(i64::MAX), row.key()));
    let mut next = 0.0;
    let mut place = |row: Row<'s>| {
        let x = row.float("Point").filter(|number| number.is_finite()).unwrap_or(next);
        next = x + 1.0;
        (x, row)
    };
    points.into_iter().map(&mut place).collect()
}

/// Tells whether a finding is about a cell: it names the row, and this column or no other one.
fn is_about(findings: &[&Finding], row: &Row<'_>, column: &str) -> bool {
    let key = row.key();
    let mut own = findings
        .iter()
        .filter(|finding| finding.table.eq_ignore_ascii_case(&row.table.shape.name) && finding.key == key);
    let others = |what: &str| ANGLES.iter().chain(&AXES).any(|(other, _)| what.starts_with(&format!("{other}=")));
    own.any(|finding| finding.what.starts_with(&format!("{column}=")) || !others(&finding.what))
}
