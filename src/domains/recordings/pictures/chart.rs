//! Numbers over frames: energies, speeds, depths, touching pairs, times; a stretch of the recording at a time.

use std::collections::{BTreeMap, BTreeSet};

use super::read_optional_rows;
use crate::domain::pause::Pause;
use crate::domain::picture::{Chart, ChartLine, ChartPoint};
use crate::domains::recordings::reading::to_float;
use crate::domains::recordings::schema::{BODY_STATE, COLLISION, ENERGY, FRAME, STATE, SYSTEM_ENERGY, VELOCITY};
use crate::model::{Fetch, Filter, Row, Snapshot, Value};

/// How many frames a picture shows at most.
const FRAMES_MAX: i64 = 1000;

/// What a chart is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChartSubject {
    /// The energy of all bodies together.
    System,
    /// The energy of a body.
    Energy(i64),
    /// How fast a body moves.
    Speed(i64),
    /// How deep two bodies overlap.
    Depth((i64, i64)),
    /// How many pairs touch.
    Touches,
    /// How many bodies one touches.
    TouchesOf(i64),
    /// When frames were.
    Times,
}

/// The frames that a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameWindow {
    first: i64,
    last: i64,
}

impl FrameWindow {
    /// Returns all frames of a recording, or of a long one those around a frame.
    pub(super) fn around(at: Option<i64>, last: i64) -> Self {
        if last <= FRAMES_MAX {
            return Self { first: i64::MIN, last: i64::MAX };
        }
        let middle = at.unwrap_or(0).clamp(FRAMES_MAX / 2, last - FRAMES_MAX / 2);
        Self { first: middle - FRAMES_MAX / 2, last: middle + FRAMES_MAX / 2 }
    }

    const fn contains(self, frame: i64) -> bool {
        self.first <= frame && frame <= self.last
    }

    /// Asks for the rows of its frames.
    fn fetch(self, table: &str, column: &str) -> Fetch {
        let filter = Filter::Between { column: column.to_owned(), first: self.first, last: self.last };
        Fetch { table: table.to_owned(), filter }
    }
}

/// Paints a subject; nothing where nothing of it is recorded.
///
/// # Errors
/// What has to be read first, or what the recording lacks.
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
            (format!("What body {body} touches"), "pairs", touch_lines(Some(body), window, snapshot)?)
        }
        ChartSubject::Times => ("Times of frames".to_owned(), "s", time_lines(window, snapshot)?),
    };
    let lines: Vec<ChartLine> = lines.into_iter().filter(|line| !line.dots.is_empty()).collect();
    let title = format!("{title}, frame by frame");
    Ok((!lines.is_empty()).then(|| Chart { title, across: "frame".to_owned(), up, lines }))
}

/// Marks what findings are about, on the last line of a chart, which is the whole where the others are its parts.
pub(super) fn mark_frames(mut chart: Chart, frames: &BTreeSet<i64>) -> Chart {
    let wrong: BTreeSet<u64> = frames.iter().map(|frame| to_float(*frame).to_bits()).collect();
    if let Some(line) = chart.lines.last_mut() {
        line.dots.iter_mut().for_each(|dot| dot.wrong = wrong.contains(&dot.x.to_bits()));
    }
    chart
}

/// Returns what people call a body.
fn render_body(body: i64) -> String {
    use crate::domains::recordings::bodies::{is_environment, spawn_number};
    if is_environment(body) { format!("ground {}", spawn_number(body)) } else { format!("body {body}") }
}

/// Returns a line of numbers over frames; what is no number, or none that anybody could draw, is left out.
fn build_line(name: &'static str, numbers: impl IntoIterator<Item = (i64, Option<f64>)>) -> ChartLine {
    let of_frame: BTreeMap<i64, f64> = numbers
        .into_iter()
        .filter_map(|(frame, number)| Some((frame, number.filter(|number| number.is_finite())?)))
        .collect();
    let dot = |(frame, y): (i64, f64)| ChartPoint { x: to_float(frame), y, wrong: false };
    ChartLine { name, dots: of_frame.into_iter().map(dot).collect() }
}

/// Returns kinetic, potential and total energy by the columns that hold them.
fn energy_lines(rows: &[Row<'_>], [linear, rotational, potential, total]: [&str; 4]) -> Vec<ChartLine> {
    let of = |number: &dyn Fn(&Row<'_>) -> Option<f64>| -> Vec<(i64, Option<f64>)> {
        rows.iter().filter_map(|row| Some((row.integer("frame_id")?, number(row)))).collect()
    };
    vec![
        build_line("kinetic", of(&|row| Some(row.float(linear)? + row.float(rotational)?))),
        build_line("potential", of(&|row| row.float(potential))),
        build_line("total", of(&|row| row.float(total))),
    ]
}

fn system_energy_lines(window: FrameWindow, snapshot: &Snapshot) -> Result<Vec<ChartLine>, Pause> {
    let rows = read_optional_rows(snapshot, &window.fetch(SYSTEM_ENERGY.name, "frame_id"))?;
    Ok(energy_lines(&rows, ["total_linear_ke", "total_rotational_ke", "total_potential_e", "total_system_e"]))
}

/// Returns the rows of a body whose frame lies in a window.
fn of_body<'s>(table: &str, body: i64, window: FrameWindow, snapshot: &'s Snapshot) -> Result<Vec<Row<'s>>, Pause> {
    let mut rows = read_optional_rows(snapshot, &Fetch::among(table, "body_id", [Value::Integer(body)]))?;
    rows.retain(|row| row.integer("frame_id").is_some_and(|frame| window.contains(frame)));
    Ok(rows)
}

fn body_energy_lines(body: i64, window: FrameWindow, snapshot: &Snapshot) -> Result<Vec<ChartLine>, Pause> {
    let rows = of_body(ENERGY.name, body, window, snapshot)?;
    Ok(energy_lines(&rows, ["linear_ke", "rotational_ke", "potential_e", "total_e"]))
}

fn speed_lines(body: i64, window: FrameWindow, snapshot: &Snapshot) -> Result<Vec<ChartLine>, Pause> {
    let placed = of_body(BODY_STATE.name, body, window, snapshot)?;
    let states = read_referenced_rows(&placed, "kinematicState_id", STATE.name, snapshot)?;
    let parts: Vec<Row<'_>> = states.values().copied().collect();
    let velocities = read_referenced_rows(&parts, "velocity_id", VELOCITY.name, snapshot)?;
    let speed = |row: &Row<'_>| {
        let state = states.get(&row.integer("kinematicState_id")?)?;
        let velocity = velocities.get(&state.integer("velocity_id")?)?;
        let [x, y, z] = ["x", "y", "z"].map(|axis| velocity.float(axis));
        Some(x?.hypot(y?).hypot(z?))
    };
    Ok(vec![build_line("speed", placed.iter().filter_map(|row| Some((row.integer("frame_id")?, speed(row)))))])
}

/// Returns the rows that others refer to, by id.
fn read_referenced_rows<'s>(
    rows: &[Row<'_>],
    column: &str,
    table: &str,
    snapshot: &'s Snapshot,
) -> Result<BTreeMap<i64, Row<'s>>, Pause> {
    let ids = rows.iter().filter_map(|row| row.integer(column)).map(Value::Integer);
    let found = read_optional_rows(snapshot, &Fetch::among(table, "id", ids))?;
    Ok(found.into_iter().filter_map(|row| Some((row.integer("id")?, row))).collect())
}

fn depth_lines((one, other): (i64, i64), window: FrameWindow, snapshot: &Snapshot) -> Result<Vec<ChartLine>, Pause> {
    let rows = read_optional_rows(snapshot, &window.fetch(COLLISION.name, "frame_id"))?;
    let pair = |row: &&Row<'_>| {
        let bodies = (row.integer("body_a_id"), row.integer("body_b_id"));
        bodies == (Some(one), Some(other)) || bodies == (Some(other), Some(one))
    };
    let depth = |row: &Row<'_>| Some((row.integer("frame_id")?, row.float("penetrationDepth")));
    Ok(vec![build_line("depth", rows.iter().filter(pair).filter_map(depth))])
}

/// Counts the touching pairs of every frame, a frame without any too; or those of one body.
fn touch_lines(body: Option<i64>, window: FrameWindow, snapshot: &Snapshot) -> Result<Vec<ChartLine>, Pause> {
    let frames = read_optional_rows(snapshot, &window.fetch(FRAME.name, "id"))?;
    let rows = read_optional_rows(snapshot, &window.fetch(COLLISION.name, "frame_id"))?;
    if snapshot.lacks(COLLISION.name) {
        return Ok(Vec::new());
    }
    let mut counts: BTreeMap<i64, i64> = frames.iter().filter_map(|row| Some((row.integer("id")?, 0))).collect();
    let takes_part = |row: &&Row<'_>| {
        let of = |column: &str| row.integer(column) == body;
        body.is_none() || of("body_a_id") || of("body_b_id")
    };
    for row in rows.iter().filter(takes_part) {
        if let Some(frame) = row.integer("frame_id") {
            *counts.entry(frame).or_default() += 1;
        }
    }
    Ok(vec![build_line("pairs", counts.into_iter().map(|(frame, count)| (frame, Some(to_float(count)))))])
}

fn time_lines(window: FrameWindow, snapshot: &Snapshot) -> Result<Vec<ChartLine>, Pause> {
    let rows = read_optional_rows(snapshot, &window.fetch(FRAME.name, "id"))?;
    let time = |row: &Row<'_>| Some((row.integer("id")?, row.float("simulation_time")));
    Ok(vec![build_line("simulation time", rows.iter().filter_map(time))])
}
