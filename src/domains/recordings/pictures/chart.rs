//! Charts of numbers over frames: energies, speeds, depths, touching pairs, times.

use std::collections::{BTreeMap, BTreeSet};

use super::read_optional_rows;
use crate::domain::pause::Pause;
use crate::domain::picture::{Chart, ChartLine, ChartPoint};
use crate::domains::recordings::reading::to_float;
use crate::domains::recordings::schema::{BODY_STATE, COLLISION, ENERGY, FRAME, STATE, SYSTEM_ENERGY, VELOCITY};
use crate::model::{Fetch, Filter, Row, Snapshot, Value};

/// The most frames of a chart; of a longer recording it shows a window.
const FRAMES_MAX: i64 = 1000;

/// The subject of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChartSubject {
    /// The energy of all bodies together.
    System,
    /// The energy of a body.
    Energy(i64),
    /// The speed of a body.
    Speed(i64),
    /// The depth of the overlap of two bodies.
    Depth((i64, i64)),
    /// The number of touching pairs.
    Touches,
    /// The number of touching pairs that a body is part of.
    TouchesOf(i64),
    /// The simulation times of frames.
    Times,
}

/// The range of frames that a chart shows, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameWindow {
    first: i64,
    last: i64,
}

impl FrameWindow {
    /// Returns all frames of a recording whose last id is `last`, or of a long one those around a frame.
    pub(super) fn around(at: Option<i64>, last: i64) -> Self {
        if last <= FRAMES_MAX {
            return Self { first: i64::MIN, last: i64::MAX };
        }
        // Clamped, so that a window at either end of the recording is as wide as any other.
        let middle = at.unwrap_or(0).clamp(FRAMES_MAX / 2, last - FRAMES_MAX / 2);
        Self { first: middle - FRAMES_MAX / 2, last: middle + FRAMES_MAX / 2 }
    }

    const fn contains(self, frame: i64) -> bool {
        self.first <= frame && frame <= self.last
    }

    /// Builds the query for the rows of these frames.
    fn fetch(self, table: &str, column: &str) -> Fetch {
        let filter = Filter::Between { column: column.to_owned(), first: self.first, last: self.last };
        Fetch { table: table.to_owned(), filter }
    }
}

/// Paints a chart; `None` where it would have no line.
///
/// # Errors
/// [`Pause::Ask`] for what has to be read first, [`Pause::Refuse`] for what the recording lacks.
pub(super) fn paint(subject: ChartSubject, window: FrameWindow, snapshot: &Snapshot) -> Result<Option<Chart>, Pause> {
    let (title, up, lines) = match subject {
        ChartSubject::System => ("Energy of all bodies".to_owned(), "J", system_energy_lines(window, snapshot)?),
        ChartSubject::Energy(body) => {
            (format!("Energy of body {body}"), "J", body_energy_lines(body, window, snapshot)?)
        }
        ChartSubject::Speed(body) => (format!("Speed of body {body}"), "m/s", speed_lines(body, window, snapshot)?),
        ChartSubject::Depth(pair) => {
            let (one, other) = pair;
            (
                format!("Overlap of {} and {}", render_body(one), render_body(other)),
                "m",
                depth_lines(pair, window, snapshot)?,
            )
        }
        ChartSubject::Touches => ("Touching pairs".to_owned(), "pairs", touch_lines(None, window, snapshot)?),
        ChartSubject::TouchesOf(body) => {
            (format!("Contacts of body {body}"), "pairs", touch_lines(Some(body), window, snapshot)?)
        }
        ChartSubject::Times => ("Times of frames".to_owned(), "s", time_lines(window, snapshot)?),
    };
    let lines: Vec<ChartLine> = lines.into_iter().filter(|line| !line.dots.is_empty()).collect();
    let title = format!("{title}, frame by frame");
    Ok((!lines.is_empty()).then(|| Chart { title, across: "frame".to_owned(), up, lines }))
}

/// Marks the dots of frames on the last line of a chart: where there are several, the others are the parts of its
/// total.
pub(super) fn mark_frames(mut chart: Chart, frames: &BTreeSet<i64>) -> Chart {
    // Dots know their frame as a float only; the bits of equal integers are equal.
    let wrong: BTreeSet<u64> = frames.iter().map(|frame| to_float(*frame).to_bits()).collect();
    if let Some(line) = chart.lines.last_mut() {
        for dot in &mut line.dots {
            dot.wrong = wrong.contains(&dot.x.to_bits());
        }
    }
    chart
}

/// Renders a body for a title; one of the environment as ground, by its spawn number.
fn render_body(body: i64) -> String {
    use crate::domains::recordings::bodies::{is_environment, spawn_number};
    if is_environment(body) { format!("ground {}", spawn_number(body)) } else { format!("body {body}") }
}

/// Builds a line of numbers over frames. Missing and non-finite numbers are left out: they have no place on an axis.
fn build_line(name: &'static str, numbers: impl IntoIterator<Item = (i64, Option<f64>)>) -> ChartLine {
    let of_frame: BTreeMap<i64, f64> = numbers
        .into_iter()
        .filter_map(|(frame, number)| Some((frame, number.filter(|number| number.is_finite())?)))
        .collect();
    let dots = of_frame.into_iter().map(|(frame, y)| ChartPoint { x: to_float(frame), y, wrong: false });
    ChartLine { name, dots: dots.collect() }
}

/// Returns lines of the kinetic, potential and total energy, from the columns that hold these.
fn energy_lines(rows: &[Row<'_>], columns: [&str; 4]) -> Vec<ChartLine> {
    let [linear, rotational, potential, total] = columns;
    let (mut kinetic_energies, mut potential_energies, mut totals) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let Some(frame) = row.integer("frame_id") else { continue };
        kinetic_energies.push((frame, row.float(linear).zip(row.float(rotational)).map(|(one, other)| one + other)));
        potential_energies.push((frame, row.float(potential)));
        totals.push((frame, row.float(total)));
    }
    vec![
        build_line("kinetic", kinetic_energies),
        build_line("potential", potential_energies),
        build_line("total", totals),
    ]
}

fn system_energy_lines(window: FrameWindow, snapshot: &Snapshot) -> Result<Vec<ChartLine>, Pause> {
    let rows = read_optional_rows(snapshot, &window.fetch(SYSTEM_ENERGY.name, "frame_id"))?;
    Ok(energy_lines(&rows, ["total_linear_ke", "total_rotational_ke", "total_potential_e", "total_system_e"]))
}

/// Reads the rows of a body in the frames of a window.
fn read_body_rows<'s>(
    table: &str,
    body: i64,
    window: FrameWindow,
    snapshot: &'s Snapshot,
) -> Result<Vec<Row<'s>>, Pause> {
    let mut rows = read_optional_rows(snapshot, &Fetch::among(table, "body_id", [Value::Integer(body)]))?;
    rows.retain(|row| row.integer("frame_id").is_some_and(|frame| window.contains(frame)));
    Ok(rows)
}

fn body_energy_lines(body: i64, window: FrameWindow, snapshot: &Snapshot) -> Result<Vec<ChartLine>, Pause> {
    let rows = read_body_rows(ENERGY.name, body, window, snapshot)?;
    Ok(energy_lines(&rows, ["linear_ke", "rotational_ke", "potential_e", "total_e"]))
}

fn speed_lines(body: i64, window: FrameWindow, snapshot: &Snapshot) -> Result<Vec<ChartLine>, Pause> {
    let body_states = read_body_rows(BODY_STATE.name, body, window, snapshot)?;
    let states = read_referenced_rows(&body_states, "kinematicState_id", STATE.name, snapshot)?;
    let state_rows: Vec<Row<'_>> = states.values().copied().collect();
    let velocities = read_referenced_rows(&state_rows, "velocity_id", VELOCITY.name, snapshot)?;
    let mut speeds = Vec::new();
    for row in &body_states {
        let Some(frame) = row.integer("frame_id") else { continue };
        let state = row.integer("kinematicState_id").and_then(|id| states.get(&id));
        let velocity = state.and_then(|state| velocities.get(&state.integer("velocity_id")?));
        speeds.push((frame, velocity.and_then(vector_length)));
    }
    Ok(vec![build_line("speed", speeds)])
}

fn vector_length(row: &Row<'_>) -> Option<f64> {
    Some(row.float("x")?.hypot(row.float("y")?).hypot(row.float("z")?))
}

/// Reads the rows that others refer to, by id.
fn read_referenced_rows<'s>(
    rows: &[Row<'_>],
    column: &str,
    table: &str,
    snapshot: &'s Snapshot,
) -> Result<BTreeMap<i64, Row<'s>>, Pause> {
    let ids = rows.iter().filter_map(|row| row.integer(column)).map(Value::Integer);
    let referenced = read_optional_rows(snapshot, &Fetch::among(table, "id", ids))?;
    Ok(referenced.into_iter().filter_map(|row| Some((row.integer("id")?, row))).collect())
}

fn depth_lines(pair: (i64, i64), window: FrameWindow, snapshot: &Snapshot) -> Result<Vec<ChartLine>, Pause> {
    let (one, other) = pair;
    let mut depths = Vec::new();
    for row in read_optional_rows(snapshot, &window.fetch(COLLISION.name, "frame_id"))? {
        let bodies = (row.integer("body_a_id"), row.integer("body_b_id"));
        let is_pair = bodies == (Some(one), Some(other)) || bodies == (Some(other), Some(one));
        if let (true, Some(frame)) = (is_pair, row.integer("frame_id")) {
            depths.push((frame, row.float("penetrationDepth")));
        }
    }
    Ok(vec![build_line("depth", depths)])
}

/// Counts the touching pairs of every frame, or those of one body; a frame without any counts as 0.
fn touch_lines(body: Option<i64>, window: FrameWindow, snapshot: &Snapshot) -> Result<Vec<ChartLine>, Pause> {
    let frames = read_optional_rows(snapshot, &window.fetch(FRAME.name, "id"))?;
    let rows = read_optional_rows(snapshot, &window.fetch(COLLISION.name, "frame_id"))?;
    // Without the table nothing is known, and zeros would claim that nothing touched.
    if snapshot.lacks(COLLISION.name) {
        return Ok(Vec::new());
    }
    let mut counts: BTreeMap<i64, i64> = frames.iter().filter_map(|row| Some((row.integer("id")?, 0))).collect();
    for row in rows {
        let has_body = body.is_none() || row.integer("body_a_id") == body || row.integer("body_b_id") == body;
        if let (true, Some(frame)) = (has_body, row.integer("frame_id")) {
            *counts.entry(frame).or_default() += 1;
        }
    }
    Ok(vec![build_line("pairs", counts.into_iter().map(|(frame, count)| (frame, Some(to_float(count)))))])
}

fn time_lines(window: FrameWindow, snapshot: &Snapshot) -> Result<Vec<ChartLine>, Pause> {
    let rows = read_optional_rows(snapshot, &window.fetch(FRAME.name, "id"))?;
    let times = rows.iter().filter_map(|row| Some((row.integer("id")?, row.float("simulation_time"))));
    Ok(vec![build_line("simulation time", times)])
}
