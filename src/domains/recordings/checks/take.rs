//! Takes the numbers of rows into the facts, one scan after the other; judges only what needs no other row.

use std::sync::Arc;

use super::facts::{
    BodyFacts, CellFacts, EnergyFacts, FrameFacts, PairFacts, PointFacts, RecordingFacts, SolverFacts, StateFacts,
    SystemFacts, is_environment,
};
use super::pages::Places;
use super::passes::{ANGLES, Pass, ScanSource, WXYZ, XYZ};
use crate::domains::recordings::rules::Rules;
use crate::model::{Snapshot, Table, Value};

/// A scan at work: where its columns stand.
pub(super) struct Intake {
    pass: Pass,
    table: &'static str,
    columns: &'static [&'static str],
    /// The places of the columns, then those of the columns that come along.
    places: Vec<Option<usize>>,
    /// What a row counts: nothing where another scan of its table counts it.
    counted: u64,
    /// The table that the columns that come along are of, and the place of the column that refers to it.
    parent: Option<(&'static str, Option<usize>)>,
}

/// The cells of a row, by the place of their column in the source.
struct RowCells<'a> {
    intake: &'a Intake,
    cells: &'a [Value],
}

impl RowCells<'_> {
    fn cell(&self, column: usize) -> &Value {
        let place = self.intake.places.get(column).copied().flatten();
        place.and_then(|place| self.cells.get(place)).unwrap_or(&Value::Null)
    }

    fn whole(&self, column: usize) -> i64 {
        whole(self.cell(column)).unwrap_or_default()
    }

    fn name(&self, column: usize) -> &'static str {
        self.intake.columns.get(column).copied().unwrap_or_default()
    }

    /// Returns a number; what holds none is noted.
    fn number(&self, column: usize, frame: Option<i64>, facts: &mut RecordingFacts) -> f64 {
        let cell = self.cell(column);
        let number = float(cell);
        if !number.is_finite() {
            let value = shown(cell);
            let (table, row, column) = (self.intake.table, self.whole(0), self.name(column));
            facts.unreadable.push(CellFacts { table, row, column, value, frame });
        }
        number
    }

    fn numbers<const N: usize>(&self, from: usize, frame: Option<i64>, facts: &mut RecordingFacts) -> [f64; N] {
        std::array::from_fn(|at| self.number(from + at, frame, facts))
    }

    /// Returns the numbers of the row that comes along; what holds none is noted of that row.
    fn beside<const N: usize>(&self, frame: Option<i64>, facts: &mut RecordingFacts) -> [f64; N] {
        let names: &[&'static str] = if N == 4 { WXYZ } else { XYZ };
        let from = self.intake.columns.len();
        std::array::from_fn(|at| {
            let cell = self.cell(from + at);
            let number = float(cell);
            if let (false, Some((table, place))) = (number.is_finite(), self.intake.parent) {
                let row = place.and_then(|place| self.cells.get(place)).and_then(whole).unwrap_or_default();
                let column = names.get(at).copied().unwrap_or_default();
                facts.unreadable.push(CellFacts { table, row, column, value: shown(cell), frame });
            }
            number
        })
    }

    /// Notes that a cell refers to nothing.
    fn dangles(&self, column: usize, frame: Option<i64>, facts: &mut RecordingFacts) {
        let (table, row, column, value) =
            (self.intake.table, self.whole(0), self.name(column), shown(self.cell(column)));
        facts.dangling.push(CellFacts { table, row, column, value, frame });
    }

    /// Returns the place of the frame that a cell names; one that does not exist is noted.
    fn frame(&self, column: usize, facts: &mut RecordingFacts) -> Option<u32> {
        let found = facts.frame(self.whole(column));
        if found.is_none() {
            self.dangles(column, None, facts);
        }
        found
    }
}

fn whole(cell: &Value) -> Option<i64> {
    match cell {
        Value::Integer(number) => Some(*number),
        Value::Boolean(flag) => Some(i64::from(*flag)),
        _ => None,
    }
}

/// Returns the number of a cell; NaN where it holds none, as the recorder's own NaN becomes NULL.
fn float(cell: &Value) -> f64 {
    match cell {
        Value::Real(number) => *number,
        Value::Integer(number) => *number as f64,
        _ => f64::NAN,
    }
}

fn shown(cell: &Value) -> String {
    match cell {
        Value::Null => "NULL".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => format!("{number}"),
        _ => "no number".to_owned(),
    }
}

fn counted(number: &mut u32) {
    *number = number.saturating_add(1);
}

impl Intake {
    pub(super) fn new(pass: Pass, declared: &Snapshot, table: &Arc<Table>) -> Self {
        let ScanSource { table: card, columns, beside } = pass.source(declared);
        let mut places: Vec<Option<usize>> = columns.iter().map(|column| table.position(column)).collect();
        let parent = beside.map(|(column, parent)| {
            let name = |column: &&str| table.position(&format!("{}.{column}", parent.name));
            places.extend(pass.parent_columns().iter().map(name));
            (parent.name, table.position(column))
        });
        let again = [Pass::Alongs, Pass::Acrosses, Pass::Velocities, Pass::Orientations, Pass::Rates].contains(&pass);
        Self { pass, table: card.name, columns, places, counted: u64::from(!again), parent }
    }

    /// Returns where the id and the frame of a row stand.
    pub(super) fn places(&self) -> Places {
        let place = |column: usize| self.places.get(column).copied().flatten().unwrap_or(usize::MAX);
        Places { id: place(0), frame: place(self.pass.frame_column()) }
    }

    /// Takes in a row.
    pub(super) fn one(&self, cells: &[Value], facts: &mut RecordingFacts, rules: &Rules) {
        facts.rows += self.counted;
        let cells = RowCells { intake: self, cells };
        match self.pass {
            Pass::Frames => frame(&cells, facts),
            Pass::Bodies => body(&cells, facts),
            Pass::States => state(&cells, facts),
            Pass::Positions | Pass::Velocities | Pass::Orientations | Pass::Rates => part(self.pass, &cells, facts),
            Pass::Accelerations => finite::<3>(&cells, facts),
            Pass::AngularAccelerations => finite::<{ ANGLES.len() }>(&cells, facts),
            Pass::Energies => energy(&cells, facts),
            Pass::System => system(&cells, facts),
            Pass::Solver => solver(&cells, facts),
            Pass::Pairs => pair(&cells, facts),
            Pass::Points => point(&cells, facts),
            Pass::Normals => normal(&cells, facts, rules),
            Pass::Alongs | Pass::Acrosses => tangent(&cells, facts, rules),
        }
    }

    /// Returns a frame's id and time.
    pub(super) fn time(&self, cells: &[Value]) -> Option<(i64, f64)> {
        let cells = RowCells { intake: self, cells };
        Some((whole(cells.cell(0))?, float(cells.cell(1))))
    }

    /// Returns the potential energy of a body.
    pub(super) fn potential(&self, cells: &[Value]) -> f64 {
        float(RowCells { intake: self, cells }.cell(4))
    }

    /// Returns the height of a state; NaN where it has none.
    pub(super) fn height(&self, cells: &[Value]) -> f64 {
        float(RowCells { intake: self, cells }.cell(self.columns.len() + 2))
    }
}

/// Looks whether all numbers of a row are some.
fn finite<const N: usize>(cells: &RowCells<'_>, facts: &mut RecordingFacts) {
    cells.numbers::<N>(1, None, facts);
}

fn frame(cells: &RowCells<'_>, facts: &mut RecordingFacts) {
    let id = cells.whole(0);
    let [time, clock] = cells.numbers(1, Some(id), facts);
    facts.frames.push(FrameFacts {
        id,
        time,
        clock,
        system: None,
        solver: None,
        sums: [0.0; 3],
        energies: 0,
        pairs: 0,
        constraints: 0,
        points: 0,
    });
}

fn body(cells: &RowCells<'_>, facts: &mut RecordingFacts) {
    let mass = cells.number(2, None, facts);
    facts.bodies.push(BodyFacts { id: cells.whole(1), mass, declared: true, first: None });
}

fn state(cells: &RowCells<'_>, facts: &mut RecordingFacts) {
    let Some(frame) = cells.frame(3, facts) else { return };
    let id = cells.whole(1);
    let known = facts.body(id);
    let body = known.unwrap_or_else(|| {
        facts.bodies.push(BodyFacts { id, mass: f64::NAN, declared: false, first: None });
        u32::try_from(facts.bodies.len() - 1).unwrap_or_default()
    });
    if facts.bodies.get(body as usize).is_some_and(|body| !body.declared) {
        cells.dangles(1, facts.frame_at(frame).map(|frame| frame.id), facts);
    }
    facts.states.push(StateFacts {
        row: cells.whole(0),
        inertial: cells.whole(2),
        frame,
        body,
        position: None,
        velocity: None,
        norm: None,
        spin: 0.0,
        impulse: [0.0; 3],
        pressed: 0.0,
        touches: 0,
        depth: 0.0,
        energy: None,
    });
}

/// Takes a position, a velocity or an orientation into the state that it belongs to.
fn part(pass: Pass, cells: &RowCells<'_>, facts: &mut RecordingFacts) {
    let inertial = cells.whole(0);
    let Some(frame) = facts.of_inertial(inertial).map(|state| state.frame) else { return };
    let frame = facts.frame_at(frame).map(|frame| frame.id);
    if matches!(pass, Pass::Orientations | Pass::Rates) {
        let parts: [f64; 4] = cells.beside(frame, facts);
        let length = parts.iter().map(|part| part * part).sum::<f64>().sqrt();
        match facts.of_inertial(inertial) {
            Some(state) if pass == Pass::Orientations => state.norm = Some(length),
            // A unit quaternion changes half as fast as its body turns.
            Some(state) if length.is_finite() => state.spin = 2.0 * length,
            _ => {}
        }
        return;
    }
    let parts: [f64; 3] = cells.beside(frame, facts);
    if let Some(state) = facts.of_inertial(inertial) {
        let part = if pass == Pass::Positions { &mut state.position } else { &mut state.velocity };
        *part = Some(parts);
    }
}

fn energy(cells: &RowCells<'_>, facts: &mut RecordingFacts) {
    let Some(frame) = cells.frame(6, facts) else { return };
    let id = facts.frame_at(frame).map(|frame| frame.id);
    let parts: [f64; 3] = cells.numbers(2, id, facts);
    let total = cells.number(5, id, facts);
    if let Some(frame) = facts.frame_at_mut(frame) {
        counted(&mut frame.energies);
        frame.sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
    }
    let energy = EnergyFacts { row: cells.whole(0), parts, total };
    let body = facts.body(cells.whole(1));
    match body.and_then(|body| facts.state_mut(frame, body)) {
        Some(state) if state.energy.is_some() => {
            let (table, row, column) = ("EnergyRecord", cells.whole(0), "body_id");
            facts.doubled.push(CellFacts { table, row, column, value: cells.whole(1).to_string(), frame: id });
        }
        Some(state) => state.energy = Some(energy),
        None => cells.dangles(1, id, facts),
    }
}

fn system(cells: &RowCells<'_>, facts: &mut RecordingFacts) {
    let Some(at) = cells.frame(8, facts) else { return };
    let id = facts.frame_at(at).map(|frame| frame.id);
    let parts = cells.numbers(1, id, facts);
    let [total, delta] = cells.numbers(4, id, facts);
    let flag = |column: usize| whole(cells.cell(column)).map(|flag| flag != 0);
    let system = SystemFacts { row: cells.whole(0), parts, total, delta, injected: flag(6), touching: flag(7) };
    if let Some(frame) = facts.frame_at_mut(at) {
        frame.system = Some(system);
    }
}

fn solver(cells: &RowCells<'_>, facts: &mut RecordingFacts) {
    let Some(at) = cells.frame(6, facts) else { return };
    let id = facts.frame_at(at).map(|frame| frame.id);
    let residual = cells.number(2, id, facts);
    let solver = SolverFacts {
        row: cells.whole(0),
        iterations: cells.whole(1),
        residual,
        converged: cells.whole(3) != 0,
        constraints: cells.whole(4),
        contacts: cells.whole(5),
    };
    if let Some(frame) = facts.frame_at_mut(at) {
        frame.solver = Some(solver);
    }
}

fn pair(cells: &RowCells<'_>, facts: &mut RecordingFacts) {
    let Some(at) = cells.frame(4, facts) else { return };
    let id = facts.frame_at(at).map(|frame| frame.id);
    let depth = cells.number(3, id, facts);
    let bodies = [cells.whole(1), cells.whole(2)];
    facts.pairs.push(PairFacts { row: cells.whole(0), frame: at, bodies, depth });
    if let Some(frame) = facts.frame_at_mut(at) {
        counted(&mut frame.pairs);
    }
    for (column, body) in (1..).zip(bodies) {
        let known = facts.body(body);
        if let Some(state) = known.and_then(|body| facts.state_mut(at, body)) {
            counted(&mut state.touches);
            state.depth += depth;
        } else if !is_environment(body) && known.is_none() {
            cells.dangles(column, id, facts);
        }
    }
}

fn point(cells: &RowCells<'_>, facts: &mut RecordingFacts) {
    let at = cells.frame(1, facts);
    if let Some(frame) = at.and_then(|at| facts.frame_at_mut(at)) {
        counted(&mut frame.points);
    }
}

fn normal(cells: &RowCells<'_>, facts: &mut RecordingFacts, rules: &Rules) {
    let Some(at) = cells.frame(3, facts) else { return };
    let id = facts.frame_at(at).map(|frame| frame.id);
    if let Some(frame) = facts.frame_at_mut(at) {
        counted(&mut frame.constraints);
    }
    let [friction, pressed, along, across] = cells.numbers(4, id, facts);
    let direction: [f64; 3] = cells.beside(id, facts);
    push(cells, at, direction, -pressed, facts);
    let point = PointFacts {
        row: cells.whole(0),
        frame: id.unwrap_or_default(),
        bodies: [cells.whole(1), cells.whole(2)],
        friction,
        normal: pressed,
        tangential: along.hypot(across),
    };
    unit(point, "normal_id", direction, facts, rules);
    facts.impulses.table = cells.intake.table;
    facts.impulses.looked_at += 1;
    let limit = friction * pressed;
    if pressed < -rules.contacts.cone_epsilon {
        facts.impulses.pulling.push(point);
    } else if limit <= rules.contacts.unpressed {
        if point.tangential > limit.max(0.0) + rules.contacts.cone_epsilon {
            facts.impulses.unpressed += 1;
        }
    } else if point.tangential > limit * (1.0 + rules.contacts.cone_tolerance) + rules.contacts.cone_epsilon {
        facts.impulses.outside.push(point);
    }
}

fn tangent(cells: &RowCells<'_>, facts: &mut RecordingFacts, rules: &Rules) {
    let Some(at) = facts.frame(cells.whole(3)) else { return };
    let id = facts.frame_at(at).map(|frame| frame.id);
    let size = float(cells.cell(4));
    let direction: [f64; 3] = cells.beside(id, facts);
    push(cells, at, direction, size, facts);
    let (row, bodies) = (cells.whole(0), [cells.whole(1), cells.whole(2)]);
    let point = PointFacts { row, frame: id.unwrap_or_default(), bodies, friction: 0.0, normal: 0.0, tangential: 0.0 };
    unit(point, cells.name(5), direction, facts, rules);
}

/// Gives the first body an impulse, and takes it from the second.
fn push(cells: &RowCells<'_>, frame: u32, direction: [f64; 3], size: f64, facts: &mut RecordingFacts) {
    for (column, sign) in [(1, 1.0), (2, -1.0)] {
        let body = facts.body(cells.whole(column));
        if let Some(state) = body.and_then(|body| facts.state_mut(frame, body)) {
            state.impulse.iter_mut().zip(direction).for_each(|(sum, part)| *sum += sign * size * part);
            state.pressed += size.abs();
        }
    }
}

/// Notes a direction that is no unit vector.
fn unit(point: PointFacts, column: &'static str, direction: [f64; 3], facts: &mut RecordingFacts, rules: &Rules) {
    let length = direction.iter().map(|part| part * part).sum::<f64>().sqrt();
    if (length - 1.0).abs() > rules.contacts.direction {
        facts.impulses.skewed.push((point, column, length));
    }
}
