//! The intake of rows into the facts, scan by scan. It judges only what concerns a single row: non-finite numbers,
//! dangling references, and the impulses of a contact point.

use std::sync::Arc;

use super::facts::{
    CellFacts, EnergyFacts, FrameFacts, MovingBodyFacts, PairFacts, PointFacts, RecordingFacts, SolverFacts,
    StateFacts, SystemFacts, is_environment,
};
use super::pages::ColumnPlaces;
use super::passes::{ANGLES, CheckScan, ScanSource, WXYZ, XYZ};
use crate::domains::recordings::rules::Rules;
use crate::model::{Snapshot, Table, Value};

/// The intake of a scan: the positions of its columns in the rows of this recording.
pub(super) struct RowIntake {
    pass: CheckScan,
    table: &'static str,
    columns: &'static [&'static str],
    /// The positions of the scan's columns, then those of the joined columns.
    places: Vec<Option<usize>>,
    /// What a row adds to the number of rows: 0 where another scan counts the rows of this table.
    counted: u64,
    /// The joined table, and the position of the column that refers to it.
    parent: Option<(&'static str, Option<usize>)>,
}

/// The cells of a row, by the index of their column in the scan's source.
struct RowCells<'a> {
    intake: &'a RowIntake,
    cells: &'a [Value],
}

impl RowCells<'_> {
    fn cell(&self, column: usize) -> &Value {
        let place = self.intake.places.get(column).copied().flatten();
        place.and_then(|place| self.cells.get(place)).unwrap_or(&Value::Null)
    }

    fn integer(&self, column: usize) -> i64 {
        to_integer(self.cell(column)).unwrap_or_default()
    }

    fn column_name(&self, column: usize) -> &'static str {
        self.intake.columns.get(column).copied().unwrap_or_default()
    }

    /// Returns a number; a cell without a finite one is noted.
    fn read_number(&self, column: usize, frame: Option<i64>, facts: &mut RecordingFacts) -> f64 {
        let cell = self.cell(column);
        let number = to_float(cell);
        if !number.is_finite() {
            let value = render_cell(cell);
            let (table, row, column) = (self.intake.table, self.integer(0), self.column_name(column));
            facts.unreadable.push(CellFacts { table, row, column, value, frame });
        }
        number
    }

    fn read_numbers<const N: usize>(&self, from: usize, frame: Option<i64>, facts: &mut RecordingFacts) -> [f64; N] {
        std::array::from_fn(|at| self.read_number(from + at, frame, facts))
    }

    /// Returns the numbers of the joined row; a cell without a finite one is noted, as one of that row's table.
    fn read_parent_numbers<const N: usize>(&self, frame: Option<i64>, facts: &mut RecordingFacts) -> [f64; N] {
        let names: &[&'static str] = if N == 4 { WXYZ } else { XYZ };
        let from = self.intake.columns.len();
        std::array::from_fn(|at| {
            let cell = self.cell(from + at);
            let number = to_float(cell);
            if let (false, Some((table, place))) = (number.is_finite(), self.intake.parent) {
                let row = place.and_then(|place| self.cells.get(place)).and_then(to_integer).unwrap_or_default();
                let column = names.get(at).copied().unwrap_or_default();
                facts.unreadable.push(CellFacts { table, row, column, value: render_cell(cell), frame });
            }
            number
        })
    }

    /// Notes that a cell refers to a row that does not exist.
    fn note_dangling(&self, column: usize, frame: Option<i64>, facts: &mut RecordingFacts) {
        let (table, row, column, value) =
            (self.intake.table, self.integer(0), self.column_name(column), render_cell(self.cell(column)));
        facts.dangling.push(CellFacts { table, row, column, value, frame });
    }

    /// Returns the index of the frame that a cell names; a frame that does not exist is noted.
    fn find_frame(&self, column: usize, facts: &mut RecordingFacts) -> Option<u32> {
        let frame = facts.find_frame(self.integer(column));
        if frame.is_none() {
            self.note_dangling(column, None, facts);
        }
        frame
    }
}

fn to_integer(cell: &Value) -> Option<i64> {
    match cell {
        Value::Integer(number) => Some(*number),
        Value::Boolean(flag) => Some(i64::from(*flag)),
        _ => None,
    }
}

/// Returns the number of a cell; NaN for NULL, which is how a recorder's NaN arrives in the database.
fn to_float(cell: &Value) -> f64 {
    match cell {
        Value::Real(number) => *number,
        Value::Integer(number) => *number as f64,
        _ => f64::NAN,
    }
}

fn render_cell(cell: &Value) -> String {
    match cell {
        Value::Null => "NULL".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => format!("{number}"),
        _ => "no number".to_owned(),
    }
}

/// Saturates: a count that large is wrong anyway, and must not wrap to a plausible one.
fn increment(number: &mut u32) {
    *number = number.saturating_add(1);
}

impl RowIntake {
    pub(super) fn new(pass: CheckScan, declared: &Snapshot, table: &Arc<Table>) -> Self {
        let ScanSource { table: card, columns, beside } = pass.source(declared);
        let mut places: Vec<Option<usize>> = columns.iter().map(|column| table.position(column)).collect();
        let parent = beside.map(|(column, parent)| {
            // Joined columns carry the name of their table.
            for name in pass.parent_columns() {
                places.push(table.position(&format!("{}.{name}", parent.name)));
            }
            (parent.name, table.position(column))
        });
        // These read a table that another scan has read: its rows were counted then.
        let again =
            [CheckScan::Alongs, CheckScan::Acrosses, CheckScan::Velocities, CheckScan::Orientations, CheckScan::Rates]
                .contains(&pass);
        Self { pass, table: card.name, columns, places, counted: u64::from(!again), parent }
    }

    /// Returns the positions of a row's id and frame.
    pub(super) fn column_places(&self) -> ColumnPlaces {
        ColumnPlaces { id: self.column_place(0), frame: self.column_place(self.pass.frame_column()) }
    }

    /// A column that the recording lacks is beyond every row, where no cell is found.
    fn column_place(&self, column: usize) -> usize {
        self.places.get(column).copied().flatten().unwrap_or(usize::MAX)
    }

    /// Adds a row to the facts.
    pub(super) fn add_row(&self, cells: &[Value], facts: &mut RecordingFacts, rules: &Rules) {
        facts.rows += self.counted;
        let cells = RowCells { intake: self, cells };
        match self.pass {
            CheckScan::Frames => add_frame(&cells, facts),
            CheckScan::Bodies => add_body(&cells, facts),
            CheckScan::States => add_state(&cells, facts),
            CheckScan::Positions | CheckScan::Velocities | CheckScan::Orientations | CheckScan::Rates => {
                add_state_part(self.pass, &cells, facts);
            }
            CheckScan::Accelerations => check_finite::<3>(&cells, facts),
            CheckScan::AngularAccelerations => check_finite::<{ ANGLES.len() }>(&cells, facts),
            CheckScan::Energies => add_energy(&cells, facts),
            CheckScan::System => add_system_energy(&cells, facts),
            CheckScan::Solver => add_solver(&cells, facts),
            CheckScan::Pairs => add_pair(&cells, facts),
            CheckScan::Points => add_point(&cells, facts),
            CheckScan::Normals => add_normal(&cells, facts, rules),
            CheckScan::Alongs | CheckScan::Acrosses => add_tangent(&cells, facts, rules),
        }
    }

    /// Returns the id and the time (s) of a row of the frame scan.
    pub(super) fn frame_time(&self, cells: &[Value]) -> Option<(i64, f64)> {
        let cells = RowCells { intake: self, cells };
        Some((to_integer(cells.cell(0))?, to_float(cells.cell(1))))
    }

    /// Returns the potential energy (J) of a row of the energy scan.
    pub(super) fn potential_energy(&self, cells: &[Value]) -> f64 {
        to_float(RowCells { intake: self, cells }.cell(4))
    }

    /// Returns the height (m) of a row of the position scan; NaN where it has none.
    pub(super) fn state_height(&self, cells: &[Value]) -> f64 {
        to_float(RowCells { intake: self, cells }.cell(self.columns.len() + 2))
    }
}

/// Reads numbers only to note those that are not finite.
fn check_finite<const N: usize>(cells: &RowCells<'_>, facts: &mut RecordingFacts) {
    cells.read_numbers::<N>(1, None, facts);
}

fn add_frame(cells: &RowCells<'_>, facts: &mut RecordingFacts) {
    let id = cells.integer(0);
    let [time, clock] = cells.read_numbers(1, Some(id), facts);
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

fn add_body(cells: &RowCells<'_>, facts: &mut RecordingFacts) {
    let mass = cells.read_number(2, None, facts);
    facts.bodies.push(MovingBodyFacts { id: cells.integer(1), mass, declared: true, first: None });
}

fn add_state(cells: &RowCells<'_>, facts: &mut RecordingFacts) {
    let Some(frame) = cells.find_frame(3, facts) else { return };
    let id = cells.integer(1);
    let declared = facts.find_body(id);
    // A body that the table of bodies lacks still has states to judge, without its mass.
    let body = declared.unwrap_or_else(|| {
        facts.bodies.push(MovingBodyFacts { id, mass: f64::NAN, declared: false, first: None });
        u32::try_from(facts.bodies.len() - 1).unwrap_or_default()
    });
    if facts.bodies.get(body as usize).is_some_and(|body| !body.declared) {
        cells.note_dangling(1, facts.frame_at(frame).map(|frame| frame.id), facts);
    }
    facts.states.push(StateFacts {
        row: cells.integer(0),
        inertial: cells.integer(2),
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

/// Adds a position, velocity, orientation or rate to the state that it belongs to.
fn add_state_part(pass: CheckScan, cells: &RowCells<'_>, facts: &mut RecordingFacts) {
    let inertial = cells.integer(0);
    // Rows that no state of this batch names are skipped.
    let Some(frame) = facts.find_by_inertial(inertial).map(|state| state.frame) else { return };
    let frame = facts.frame_at(frame).map(|frame| frame.id);
    if matches!(pass, CheckScan::Orientations | CheckScan::Rates) {
        let parts: [f64; 4] = cells.read_parent_numbers(frame, facts);
        let length = parts.iter().map(|part| part * part).sum::<f64>().sqrt();
        match facts.find_by_inertial(inertial) {
            Some(state) if pass == CheckScan::Orientations => state.norm = Some(length),
            // The rate of a unit quaternion has half the length of the angular velocity.
            Some(state) if length.is_finite() => state.spin = 2.0 * length,
            _ => {}
        }
        return;
    }
    let parts: [f64; 3] = cells.read_parent_numbers(frame, facts);
    if let Some(state) = facts.find_by_inertial(inertial) {
        let part = if pass == CheckScan::Positions { &mut state.position } else { &mut state.velocity };
        *part = Some(parts);
    }
}

fn add_energy(cells: &RowCells<'_>, facts: &mut RecordingFacts) {
    let Some(frame) = cells.find_frame(6, facts) else { return };
    let id = facts.frame_at(frame).map(|frame| frame.id);
    let parts: [f64; 3] = cells.read_numbers(2, id, facts);
    let total = cells.read_number(5, id, facts);
    if let Some(frame) = facts.frame_at_mut(frame) {
        increment(&mut frame.energies);
        for (sum, part) in frame.sums.iter_mut().zip(parts) {
            *sum += part;
        }
    }
    let energy = EnergyFacts { row: cells.integer(0), parts, total };
    let body = facts.find_body(cells.integer(1));
    match body.and_then(|body| facts.state_mut(frame, body)) {
        Some(state) if state.energy.is_some() => {
            let (table, row, column) = ("EnergyRecord", cells.integer(0), "body_id");
            facts.doubled.push(CellFacts { table, row, column, value: cells.integer(1).to_string(), frame: id });
        }
        Some(state) => state.energy = Some(energy),
        None => cells.note_dangling(1, id, facts),
    }
}

fn add_system_energy(cells: &RowCells<'_>, facts: &mut RecordingFacts) {
    let Some(at) = cells.find_frame(8, facts) else { return };
    let id = facts.frame_at(at).map(|frame| frame.id);
    let parts = cells.read_numbers(1, id, facts);
    let [total, delta] = cells.read_numbers(4, id, facts);
    let [injected, touching] = [6, 7].map(|column| to_integer(cells.cell(column)).map(|flag| flag != 0));
    let system = SystemFacts { row: cells.integer(0), parts, total, delta, injected, touching };
    if let Some(frame) = facts.frame_at_mut(at) {
        frame.system = Some(system);
    }
}

fn add_solver(cells: &RowCells<'_>, facts: &mut RecordingFacts) {
    let Some(at) = cells.find_frame(6, facts) else { return };
    let id = facts.frame_at(at).map(|frame| frame.id);
    let residual = cells.read_number(2, id, facts);
    let solver = SolverFacts {
        row: cells.integer(0),
        iterations: cells.integer(1),
        residual,
        converged: cells.integer(3) != 0,
        constraints: cells.integer(4),
        contacts: cells.integer(5),
    };
    if let Some(frame) = facts.frame_at_mut(at) {
        frame.solver = Some(solver);
    }
}

fn add_pair(cells: &RowCells<'_>, facts: &mut RecordingFacts) {
    let Some(at) = cells.find_frame(4, facts) else { return };
    let id = facts.frame_at(at).map(|frame| frame.id);
    let depth = cells.read_number(3, id, facts);
    let bodies = [cells.integer(1), cells.integer(2)];
    facts.pairs.push(PairFacts { row: cells.integer(0), frame: at, bodies, depth });
    if let Some(frame) = facts.frame_at_mut(at) {
        increment(&mut frame.pairs);
    }
    for (column, body) in (1..).zip(bodies) {
        let known = facts.find_body(body);
        if let Some(state) = known.and_then(|body| facts.state_mut(at, body)) {
            increment(&mut state.touches);
            state.depth += depth;
        } else if !is_environment(body) && known.is_none() {
            cells.note_dangling(column, id, facts);
        }
    }
}

fn add_point(cells: &RowCells<'_>, facts: &mut RecordingFacts) {
    let at = cells.find_frame(1, facts);
    if let Some(frame) = at.and_then(|at| facts.frame_at_mut(at)) {
        increment(&mut frame.points);
    }
}

fn add_normal(cells: &RowCells<'_>, facts: &mut RecordingFacts, rules: &Rules) {
    let Some(at) = cells.find_frame(3, facts) else { return };
    let id = facts.frame_at(at).map(|frame| frame.id);
    if let Some(frame) = facts.frame_at_mut(at) {
        increment(&mut frame.constraints);
    }
    let [friction, pressed, along, across] = cells.read_numbers(4, id, facts);
    let direction: [f64; 3] = cells.read_parent_numbers(id, facts);
    // The normal points from the first body to the second: pressing pushes the first one back.
    apply_impulse(cells, at, direction, -pressed, facts);
    let point = PointFacts {
        row: cells.integer(0),
        frame: id.unwrap_or_default(),
        bodies: [cells.integer(1), cells.integer(2)],
        friction,
        normal: pressed,
        tangential: along.hypot(across),
    };
    check_unit_vector(point, "normal_id", direction, facts, rules);
    facts.impulses.table = cells.intake.table;
    facts.impulses.looked_at += 1;
    let limit = friction * pressed;
    // A pulling point has no cone, and below a small limit the recorder's solver does not project on it.
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

fn add_tangent(cells: &RowCells<'_>, facts: &mut RecordingFacts, rules: &Rules) {
    // Not `cells.find_frame`: the scan of the normals has noted a dangling frame of this row.
    let Some(at) = facts.find_frame(cells.integer(3)) else { return };
    let id = facts.frame_at(at).map(|frame| frame.id);
    let size = to_float(cells.cell(4));
    let direction: [f64; 3] = cells.read_parent_numbers(id, facts);
    apply_impulse(cells, at, direction, size, facts);
    let (row, bodies) = (cells.integer(0), [cells.integer(1), cells.integer(2)]);
    let point = PointFacts { row, frame: id.unwrap_or_default(), bodies, friction: 0.0, normal: 0.0, tangential: 0.0 };
    check_unit_vector(point, cells.column_name(5), direction, facts, rules);
}

/// Adds an impulse, N s along `direction`, to the first body of a contact and its opposite to the second.
fn apply_impulse(cells: &RowCells<'_>, frame: u32, direction: [f64; 3], size: f64, facts: &mut RecordingFacts) {
    for (column, sign) in [(1, 1.0), (2, -1.0)] {
        let body = facts.find_body(cells.integer(column));
        if let Some(state) = body.and_then(|body| facts.state_mut(frame, body)) {
            for (sum, part) in state.impulse.iter_mut().zip(direction) {
                *sum += sign * size * part;
            }
            state.pressed += size.abs();
        }
    }
}

/// Notes a direction that is not a unit vector.
fn check_unit_vector(
    point: PointFacts,
    column: &'static str,
    direction: [f64; 3],
    facts: &mut RecordingFacts,
    rules: &Rules,
) {
    let length = direction.iter().map(|part| part * part).sum::<f64>().sqrt();
    if (length - 1.0).abs() > rules.contacts.direction {
        facts.impulses.skewed.push((point, column, length));
    }
}
