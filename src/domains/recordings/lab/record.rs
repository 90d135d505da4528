//! Writes the steps of a simulation as the recorder does: row by row, with ascending ids, and with its omissions.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::contact::Contact;
use super::scene::SceneBody;
use super::solve::SolverResult;
use super::vector::{Vector3, ZERO, add, scale};
use super::world::{self, EnergyParts, Simulation};
use crate::domain::lab::RowSink;
use crate::domain::table::TableCard;
use crate::domains::recordings::schema;
use crate::model::{Datum, Value};

/// The bit in a body id of a contact that marks a body of the environment.
const ENVIRONMENT: i64 = 1 << 31;
/// The wall-clock time between frames, s.
const WALL_STEP: f64 = 0.000_03;

/// A recorder: hands the rows of a recording to a sink.
pub(super) struct Recorder<'s, 'r> {
    sink: &'s mut RowSink<'r>,
    /// The last id of each table.
    last: BTreeMap<&'static str, i64>,
    /// The start of the recording, seconds since 1970.
    began: f64,
    /// The total energy of the frame before, J; 0 before the first, so that its delta is the whole energy.
    energy: f64,
}

const fn real(number: f64) -> Datum {
    Datum::Raw(Value::Real(number))
}

const fn integer(number: i64) -> Datum {
    Datum::Integer(number)
}

fn reals<const N: usize>(numbers: [f64; N]) -> Vec<Datum> {
    numbers.into_iter().map(real).collect()
}

impl<'s, 'r> Recorder<'s, 'r> {
    pub(super) fn new(sink: &'s mut RowSink<'r>, began: f64) -> Self {
        Self { sink, last: BTreeMap::new(), began, energy: 0.0 }
    }

    /// Inserts a row under the next id of its table, and returns the id.
    fn insert_row(&mut self, table: &'static TableCard, cells: Vec<Datum>) -> ControlFlow<(), i64> {
        let last = self.last.entry(table.name).or_default();
        *last += 1;
        let id = *last;
        let row = std::iter::once(integer(id)).chain(cells).collect();
        (self.sink)(table.name, row)?;
        ControlFlow::Continue(id)
    }

    /// Records the last step of a simulation. Contacts come before states: they are those of the beginning of the step.
    pub(super) fn record_frame(&mut self, world: &Simulation) -> ControlFlow<()> {
        let clock = self.began + f64::from(world.frame) * WALL_STEP;
        let frame = self.insert_row(&schema::FRAME, reals([world.time, clock]))?;
        // A body is declared in the frame that spawns it.
        for body in world.bodies.iter().filter(|body| body.spawned == world.frame) {
            self.record_spawn(body)?;
        }
        for contact in &world.contacts {
            self.record_contact(world, contact, frame)?;
        }
        let mut all = EnergyParts::default();
        for (place, body) in world.present_bodies() {
            let acceleration = world.accelerations.get(place).copied().unwrap_or_default();
            self.record_state(body, acceleration, frame)?;
            let energy = world.body_energy(body);
            self.record_energy(body, energy, frame)?;
            all.linear += energy.linear;
            all.rotational += energy.rotational;
            all.potential += energy.potential;
        }
        self.record_system_energy(world, all, frame)?;
        self.record_solver(world, frame)
    }

    fn record_spawn(&mut self, body: &SceneBody) -> ControlFlow<()> {
        let mut cells = vec![integer(body.id)];
        cells.extend(reals([body.mass, body.restitution, body.friction]));
        self.insert_row(&schema::BODY, cells)?;
        // All boxes display asset 1, and none belongs to the environment.
        self.insert_row(&schema::ASSET, vec![integer(body.id), integer(1), integer(0)])?;
        ControlFlow::Continue(())
    }

    /// Records a body's state. Its own `body_id` and `frame_id` stay 0: no recorder fills them in.
    fn record_state(&mut self, body: &SceneBody, acceleration: Vector3, frame: i64) -> ControlFlow<()> {
        let mut cells = vec![integer(self.insert_row(&schema::COORDINATE, reals(body.position))?)];
        cells.push(integer(self.insert_row(&schema::VELOCITY, reals(body.velocity))?));
        cells.push(integer(self.insert_row(&schema::ACCELERATION, reals(acceleration))?));
        cells.push(integer(self.insert_row(&schema::QUATERNION, reals(body.orientation))?));
        // This table has w last, unlike the one of the orientations.
        let [w, x, y, z] = world::orientation_rate(body);
        cells.push(integer(self.insert_row(&schema::RATE, reals([x, y, z, w]))?));
        cells.push(integer(self.insert_row(&schema::ANGULAR_ACCELERATION, reals([0.0; 3]))?));
        cells.extend([integer(0), integer(0)]);
        let state = self.insert_row(&schema::STATE, cells)?;
        self.insert_row(&schema::BODY_STATE, vec![integer(body.id), integer(state), integer(frame)])?;
        ControlFlow::Continue(())
    }

    fn record_energy(&mut self, body: &SceneBody, energy: EnergyParts, frame: i64) -> ControlFlow<()> {
        let mut cells = vec![integer(body.id)];
        cells.extend(reals([energy.linear, energy.rotational, energy.potential, energy.total()]));
        cells.push(integer(frame));
        self.insert_row(&schema::ENERGY, cells)?;
        ControlFlow::Continue(())
    }

    fn record_system_energy(&mut self, world: &Simulation, all: EnergyParts, frame: i64) -> ControlFlow<()> {
        let total = all.total();
        let delta = total - self.energy;
        self.energy = total;
        // The rule by which the recorder sets its flag.
        let injected = delta > (1e-6 * total.abs()).max(1e-9);
        let mut cells = reals([all.linear, all.rotational, all.potential, total, delta]);
        let flags = [injected, !world.contacts.is_empty()];
        cells.extend(flags.map(|flag| integer(i64::from(flag))));
        cells.push(integer(frame));
        self.insert_row(&schema::SYSTEM_ENERGY, cells)?;
        ControlFlow::Continue(())
    }

    fn record_solver(&mut self, world: &Simulation, frame: i64) -> ControlFlow<()> {
        let SolverResult { iterations, residual, converged } = world.solved;
        let points: usize = world.contacts.iter().map(|contact| contact.arms.len()).sum();
        let [points, pairs] = [points, world.contacts.len()].map(|count| i64::try_from(count).unwrap_or(i64::MAX));
        let cells = vec![
            integer(i64::from(iterations)),
            real(residual),
            integer(i64::from(converged)),
            integer(points),
            integer(pairs),
            integer(frame),
        ];
        self.insert_row(&schema::SOLVER, cells)?;
        ControlFlow::Continue(())
    }

    /// Records a touching pair: the pair, its points, and a constraint for each point.
    fn record_contact(&mut self, world: &Simulation, contact: &Contact, frame: i64) -> ControlFlow<()> {
        let slab = ENVIRONMENT | world.slab.unwrap_or_default();
        let (first_id, first) = body_before(world, contact.a);
        // The lever arm of the slab starts at the origin of the world: a slab has no state, and hence no centre.
        let (second_id, second) = contact.b.map_or((slab, ZERO), |place| body_before(world, place));
        let pair = [first_id, second_id];
        let normal = self.insert_row(&schema::VECTOR, reals(contact.normal))?;
        let mut cells: Vec<Datum> = pair.map(integer).into();
        cells.extend([integer(normal), real(contact.depth), integer(frame)]);
        let collision = self.insert_row(&schema::COLLISION, cells)?;
        for (arm, share) in contact.arms.iter().zip(contact.point_shares()) {
            let on_first = add(first, *arm);
            let on_second = add(on_first, scale(contact.normal, -contact.depth));
            let point = self.record_point(on_first, on_second, contact.depth)?;
            (self.sink)(schema::COLLISION_POINT.name, vec![integer(collision), integer(point)])?;
            let from_second = add(on_second, scale(second, -1.0));
            self.record_constraint(contact, pair, [*arm, from_second], share, frame)?;
        }
        ControlFlow::Continue(())
    }

    fn record_point(&mut self, on_first: Vector3, on_second: Vector3, depth: f64) -> ControlFlow<(), i64> {
        let first = self.insert_row(&schema::COORDINATE, reals(on_first))?;
        let second = self.insert_row(&schema::COORDINATE, reals(on_second))?;
        self.insert_row(&schema::POINT, vec![integer(first), integer(second), real(depth)])
    }

    fn record_constraint(
        &mut self,
        contact: &Contact,
        pair: [i64; 2],
        arms: [Vector3; 2],
        share: f64,
        frame: i64,
    ) -> ControlFlow<()> {
        let [one, two] = contact.tangents;
        let [first, second] = arms;
        // The ids of all five vectors; those of the tangents are split off, as their columns come later in the row.
        let mut vectors = Vec::new();
        for vector in [contact.normal, first, second, one, two] {
            vectors.push(integer(self.insert_row(&schema::VECTOR, reals(vector))?));
        }
        let tangents = vectors.split_off(3);
        let [along, across] = contact.rubbed.map(|impulse| impulse * share);
        let mut cells: Vec<Datum> = pair.map(integer).into();
        cells.extend(vectors);
        cells.extend(reals([contact.depth, contact.restitution, contact.approach]));
        cells.extend(tangents);
        cells.extend(reals([contact.friction, contact.pressed * share, along, across]));
        cells.push(integer(frame));
        self.insert_row(&schema::UNIFIED, cells)?;
        ControlFlow::Continue(())
    }
}

/// Returns the id of a body, and its position before the step, where contacts were found.
fn body_before(world: &Simulation, place: usize) -> (i64, Vector3) {
    let id = world.bodies.get(place).map_or(0, |body| body.id);
    (id, world.before.get(place).copied().unwrap_or_default())
}
