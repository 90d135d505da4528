//! Writes what a simulation did as the recorder does: row by row, with ids that count up and its omissions kept.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::contact::Contact;
use super::scene::SceneBody;
use super::solve::Solved;
use super::vector::{Vector, add, scale};
use super::world::{self, Energy, World};
use crate::domain::lab::RowSink;
use crate::domain::table::TableCard;
use crate::domains::recordings::schema;
use crate::model::{Datum, Value};

/// What marks the id of a body that does not move.
const ENVIRONMENT: i64 = 1 << 31;
/// How long the recorder takes for a frame, seconds.
const WALL_STEP: f64 = 0.000_03;

/// Where a recording goes.
pub(super) struct Recorder<'s, 'r> {
    sink: &'s mut RowSink<'r>,
    /// The last id of each table.
    last: BTreeMap<&'static str, i64>,
    /// When the recording began, seconds since 1970.
    began: f64,
    /// The energy of the frame before.
    energy: f64,
}

const fn real(number: f64) -> Datum {
    Datum::Raw(Value::Real(number))
}

const fn whole(number: i64) -> Datum {
    Datum::Integer(number)
}

fn reals<const N: usize>(numbers: [f64; N]) -> Vec<Datum> {
    numbers.into_iter().map(real).collect()
}

impl<'s, 'r> Recorder<'s, 'r> {
    pub(super) fn new(sink: &'s mut RowSink<'r>, began: f64) -> Self {
        Self { sink, last: BTreeMap::new(), began, energy: 0.0 }
    }

    /// Adds a row under the next id of its table; returns the id.
    fn put(&mut self, table: &'static TableCard, cells: Vec<Datum>) -> ControlFlow<(), i64> {
        let last = self.last.entry(table.name).or_default();
        *last += 1;
        let id = *last;
        let row = std::iter::once(whole(id)).chain(cells).collect();
        (self.sink)(table.name, row)?;
        ControlFlow::Continue(id)
    }

    /// Records the frame that a world has just made.
    pub(super) fn frame(&mut self, world: &World) -> ControlFlow<()> {
        let clock = self.began + f64::from(world.frame) * WALL_STEP;
        let frame = self.put(&schema::FRAME, reals([world.time, clock]))?;
        for body in world.bodies.iter().filter(|body| body.spawned == world.frame) {
            self.spawn(body)?;
        }
        for contact in &world.contacts {
            self.contact(world, contact, frame)?;
        }
        let mut all = Energy::default();
        for (place, body) in world.present() {
            let acceleration = world.accelerations.get(place).copied().unwrap_or_default();
            self.state(body, acceleration, frame)?;
            let energy = world.energy(body);
            self.energy(body, energy, frame)?;
            all.linear += energy.linear;
            all.rotational += energy.rotational;
            all.potential += energy.potential;
        }
        self.system(world, all, frame)?;
        self.solver(world, frame)
    }

    fn spawn(&mut self, body: &SceneBody) -> ControlFlow<()> {
        let mut cells = vec![whole(body.id)];
        cells.extend(reals([body.mass, body.restitution, body.friction]));
        self.put(&schema::BODY, cells)?;
        self.put(&schema::ASSET, vec![whole(body.id), whole(1), whole(0)])?;
        ControlFlow::Continue(())
    }

    /// The state's own body and frame stay 0: nobody ever fills them in.
    fn state(&mut self, body: &SceneBody, acceleration: Vector, frame: i64) -> ControlFlow<()> {
        let mut cells = vec![whole(self.put(&schema::COORDINATE, reals(body.position))?)];
        cells.push(whole(self.put(&schema::VELOCITY, reals(body.velocity))?));
        cells.push(whole(self.put(&schema::ACCELERATION, reals(acceleration))?));
        cells.push(whole(self.put(&schema::QUATERNION, reals(body.orientation))?));
        let [w, x, y, z] = world::rate(body);
        cells.push(whole(self.put(&schema::RATE, reals([x, y, z, w]))?));
        cells.push(whole(self.put(&schema::ANGULAR_ACCELERATION, reals([0.0; 3]))?));
        cells.extend([whole(0), whole(0)]);
        let state = self.put(&schema::STATE, cells)?;
        self.put(&schema::BODY_STATE, vec![whole(body.id), whole(state), whole(frame)])?;
        ControlFlow::Continue(())
    }

    fn energy(&mut self, body: &SceneBody, energy: Energy, frame: i64) -> ControlFlow<()> {
        let mut cells = vec![whole(body.id)];
        cells.extend(reals([energy.linear, energy.rotational, energy.potential, energy.total()]));
        cells.push(whole(frame));
        self.put(&schema::ENERGY, cells)?;
        ControlFlow::Continue(())
    }

    fn system(&mut self, world: &World, all: Energy, frame: i64) -> ControlFlow<()> {
        let total = all.total();
        let delta = total - self.energy;
        self.energy = total;
        let injected = delta > (1e-6 * total.abs()).max(1e-9);
        let mut cells = reals([all.linear, all.rotational, all.potential, total, delta]);
        let flags = [injected, !world.contacts.is_empty()];
        cells.extend(flags.map(|flag| whole(i64::from(flag))));
        cells.push(whole(frame));
        self.put(&schema::SYSTEM_ENERGY, cells)?;
        ControlFlow::Continue(())
    }

    fn solver(&mut self, world: &World, frame: i64) -> ControlFlow<()> {
        let Solved { iterations, residual, converged } = world.solved;
        let points: usize = world.contacts.iter().map(|contact| contact.arms.len()).sum();
        let counted = |number: usize| whole(i64::try_from(number).unwrap_or(i64::MAX));
        let cells = vec![
            whole(i64::from(iterations)),
            real(residual),
            whole(i64::from(converged)),
            counted(points),
            counted(world.contacts.len()),
            whole(frame),
        ];
        self.put(&schema::SOLVER, cells)?;
        ControlFlow::Continue(())
    }

    /// Records a touching pair: the pair, its points, and a constraint for each point.
    fn contact(&mut self, world: &World, contact: &Contact, frame: i64) -> ControlFlow<()> {
        let id = |place: usize| world.bodies.get(place).map_or(0, |body| body.id);
        let slab = ENVIRONMENT | world.slab.unwrap_or_default();
        let pair = [id(contact.a), contact.b.map_or(slab, id)];
        let place = |place: usize| world.before.get(place).copied().unwrap_or_default();
        let first = place(contact.a);
        // A slab's middle lies where nobody asks; its arm begins at the world's.
        let second = contact.b.map(place).unwrap_or_default();
        let normal = self.put(&schema::VECTOR, reals(contact.normal))?;
        let mut cells: Vec<Datum> = pair.map(whole).into();
        cells.extend([whole(normal), real(contact.depth), whole(frame)]);
        let collision = self.put(&schema::COLLISION, cells)?;
        for (arm, share) in contact.arms.iter().zip(contact.shares()) {
            let on_first = add(first, *arm);
            let on_second = add(on_first, scale(contact.normal, -contact.depth));
            let point = self.point(on_first, on_second, contact.depth)?;
            (self.sink)(schema::COLLISION_POINT.name, vec![whole(collision), whole(point)])?;
            let from_second = add(on_second, scale(second, -1.0));
            self.constraint(contact, pair, [*arm, from_second], share, frame)?;
        }
        ControlFlow::Continue(())
    }

    fn point(&mut self, on_first: Vector, on_second: Vector, depth: f64) -> ControlFlow<(), i64> {
        let first = self.put(&schema::COORDINATE, reals(on_first))?;
        let second = self.put(&schema::COORDINATE, reals(on_second))?;
        self.put(&schema::POINT, vec![whole(first), whole(second), real(depth)])
    }

    fn constraint(
        &mut self,
        contact: &Contact,
        pair: [i64; 2],
        arms: [Vector; 2],
        share: f64,
        frame: i64,
    ) -> ControlFlow<()> {
        let [one, two] = contact.tangents;
        let [first, second] = arms;
        let mut vectors = Vec::new();
        for vector in [contact.normal, first, second, one, two] {
            vectors.push(whole(self.put(&schema::VECTOR, reals(vector))?));
        }
        let tangents = vectors.split_off(3);
        let [along, across] = contact.rubbed.map(|impulse| impulse * share);
        let mut cells: Vec<Datum> = pair.map(whole).into();
        cells.extend(vectors);
        cells.extend(reals([contact.depth, contact.restitution, contact.approach]));
        cells.extend(tangents);
        cells.extend(reals([contact.friction, contact.pressed * share, along, across]));
        cells.push(whole(frame));
        self.put(&schema::UNIFIED, cells)?;
        ControlFlow::Continue(())
    }
}
