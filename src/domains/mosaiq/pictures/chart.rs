//! Charts over control points or over time: angles, indices and shifts, with those marked that a finding is about.

use crate::domain::picture::{Chart, ChartLine, ChartPoint};
use crate::model::refusal::render_key;
use crate::model::time::Time;
use crate::model::{Finding, Row, Value};

/// Column and name of the axes of a patient shift.
const AXES: [(&str, &str); 3] =
    [("Superior_Offset", "superior"), ("Anterior_Offset", "anterior"), ("Lateral_Offset", "lateral")];

/// Column and name of the angles of a control point.
const ANGLES: [(&str, &str); 2] = [("Gantry_Ang", "gantry"), ("Coll_Ang", "collimator")];

/// Charts the angles of a field over its control points.
pub(super) fn build_angle_chart(field: &Value, points: &[Row<'_>], findings: &[&Finding]) -> Option<Chart> {
    let title = format!("Angles of field {}, control point by control point", render_key(std::slice::from_ref(field)));
    let points = in_order(points);
    let lines = ANGLES.map(|(column, name)| of_points(&points, column, name, |row| is_about(findings, row, column)));
    build_chart(title, "control point".to_owned(), "degrees", lines)
}

/// Charts the indices of a field over its control points. The last one is marked: it is what the finding is about.
pub(super) fn build_index_chart(field: &Value, points: &[Row<'_>]) -> Option<Chart> {
    let title = format!("Index of field {}, control point by control point", render_key(std::slice::from_ref(field)));
    let points = in_order(points);
    let last = points.iter().rfind(|(_, row)| row.float("Index").is_some()).map(|(_, row)| row.key());
    let line = of_points(&points, "Index", "index", |row| Some(row.key()) == last);
    build_chart(title, "control point".to_owned(), "percent or MU", [line])
}

/// Charts the shifts of a site in the order of time.
pub(super) fn build_shift_chart(site: &Value, rows: &[Row<'_>], findings: &[&Finding]) -> Option<Chart> {
    let mut rows = rows.to_vec();
    rows.sort_by_key(|row| (row.time("Study_DtTm").map(Time::instant), row.key()));
    let [first, last] = [rows.first(), rows.last()].map(|row| row.and_then(study_date));
    let between = match (first, last) {
        (Some(first), Some(last)) if rows.len() > 1 => format!(" ({first} to {last})"),
        _ => String::new(),
    };
    // One after the other, not at their times: fractions of a day, then a weekend, would crowd the chart.
    let numbered: Vec<(f64, Row<'_>)> = (1_u32..).map(f64::from).zip(rows).collect();
    let lines = AXES.map(|(column, name)| of_points(&numbered, column, name, |row| is_about(findings, row, column)));
    let title = format!("Shifts of site {}, one after the other", render_key(std::slice::from_ref(site)));
    build_chart(title, format!("shift{between}"), "cm", lines)
}

/// Renders the date of a shift: the first ten characters of its time.
fn study_date(row: &Row<'_>) -> Option<String> {
    row.time("Study_DtTm").map(|time| time.to_text().chars().take(10).collect())
}

fn build_chart(
    title: String,
    across: String,
    up: &'static str,
    lines: impl IntoIterator<Item = ChartLine>,
) -> Option<Chart> {
    let lines: Vec<ChartLine> = lines.into_iter().filter(|line| !line.dots.is_empty()).collect();
    // A chart of a single dot shows nothing that the finding does not say.
    lines.iter().any(|line| line.dots.len() > 1).then_some(Chart { title, across, up, lines })
}

fn of_points(rows: &[(f64, Row<'_>)], column: &str, name: &'static str, wrong: impl Fn(&Row<'_>) -> bool) -> ChartLine {
    let mut dots = Vec::new();
    for (x, row) in rows {
        // Infinity and NaN have no place on an axis.
        if let Some(y) = row.float(column).filter(|y| y.is_finite()) {
            dots.push(ChartPoint { x: *x, y, wrong: wrong(row) });
        }
    }
    ChartLine { name, dots }
}

/// Returns control points sorted by number, each with its number. One without a number gets the next after the last.
fn in_order<'s>(points: &[Row<'s>]) -> Vec<(f64, Row<'s>)> {
    let mut points = points.to_vec();
    points.sort_by_key(|row| (row.integer("Point").unwrap_or(i64::MAX), row.key()));
    let mut numbered = Vec::with_capacity(points.len());
    let mut next = 0.0;
    for row in points {
        let x = row.float("Point").filter(|number| number.is_finite()).unwrap_or(next);
        next = x + 1.0;
        numbered.push((x, row));
    }
    numbered
}

/// Tells whether a finding names the row, and this column or none of the charted ones.
fn is_about(findings: &[&Finding], row: &Row<'_>, column: &str) -> bool {
    let key = row.key();
    let mut own = findings
        .iter()
        .filter(|finding| finding.table.eq_ignore_ascii_case(&row.table.shape.name) && finding.key == key);
    own.any(|finding| names(finding, column) || !ANGLES.iter().chain(&AXES).any(|(other, _)| names(finding, other)))
}

fn names(finding: &Finding, column: &str) -> bool {
    finding.what.strip_prefix(column).is_some_and(|rest| rest.starts_with('='))
}
