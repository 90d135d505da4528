//! A small rigid-body simulation: boxes on a slab, integrated by semi-implicit Euler, deterministic.

use super::contact::{self, Contact};
use super::scene::{Scene, SceneBody};
use super::solve::{self, SolverResult};
use super::vector::{Vector3, add, dot, scale, subtract};

/// The length of a step, s.
pub(super) const STEP: f64 = 0.016;

/// A simulation after a step, with what the recorder writes of that step.
#[derive(Clone, Debug)]
pub(super) struct Simulation {
    /// The bodies after the step.
    pub(super) bodies: Vec<SceneBody>,
    /// The instance id of the slab, if there is one.
    pub(super) slab: Option<i64>,
    gravity: f64,
    /// The number of steps so far, which is the id of the last frame.
    pub(super) frame: u32,
    /// The positions at the beginning of the step.
    pub(super) before: Vec<Vector3>,
    /// The contacts at the beginning of the step, with the impulses that the step gave them.
    pub(super) contacts: Vec<Contact>,
    /// The diagnostics of the solver.
    pub(super) solved: SolverResult,
    /// The change of each velocity in the step, by its length, m/s2.
    pub(super) accelerations: Vec<Vector3>,
    /// The simulated time, s.
    pub(super) time: f64,
}

/// A body's energies, J.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct EnergyParts {
    pub(super) linear: f64,
    pub(super) rotational: f64,
    pub(super) potential: f64,
}

impl EnergyParts {
    pub(super) fn total(self) -> f64 {
        self.linear + self.rotational + self.potential
    }
}

impl Simulation {
    pub(super) fn new(scene: Scene) -> Self {
        Self {
            before: scene.bodies.iter().map(|body| body.position).collect(),
            accelerations: vec![[0.0; 3]; scene.bodies.len()],
            bodies: scene.bodies,
            slab: scene.slab,
            gravity: scene.gravity,
            frame: 0,
            contacts: Vec::new(),
            solved: SolverResult::default(),
            time: 0.0,
        }
    }

    /// Makes a step: contacts are found and solved on the state before it, then gravity acts and everything moves.
    pub(super) fn step(&mut self) {
        self.frame += 1;
        // Not a sum of steps, which would gather rounding errors.
        self.time = f64::from(self.frame) * STEP;
        let mut contacts = contact::find_contacts(&self.bodies, self.frame, self.slab.is_some());
        self.warm_start(&mut contacts);
        self.before = self.bodies.iter().map(|body| body.position).collect();
        let velocities: Vec<Vector3> = self.bodies.iter().map(|body| body.velocity).collect();
        self.solved = solve::solve(&mut self.bodies, &mut contacts);
        let corrections = solve::correct_positions(&self.bodies, &contacts);
        self.contacts = contacts;
        let pull = [0.0, 0.0, -self.gravity * STEP];
        let frame = self.frame;
        // A body that is not spawned yet stays where it is.
        let moving = self.bodies.iter_mut().zip(corrections).filter(|(body, _)| body.spawned <= frame);
        for (body, correction) in moving {
            body.velocity = add(body.velocity, pull);
            body.position = add(add(body.position, scale(body.velocity, STEP)), correction);
            rotate_body(body);
        }
        let velocities = self.bodies.iter().zip(velocities);
        self.accelerations =
            velocities.map(|(body, before)| scale(subtract(body.velocity, before), 1.0 / STEP)).collect();
    }

    /// Gives contacts the impulses of the step before, from which the solver starts.
    fn warm_start(&self, contacts: &mut [Contact]) {
        for contact in contacts {
            let last = self.contacts.iter().find(|last| (last.a, last.b) == (contact.a, contact.b));
            if let Some(last) = last {
                (contact.pressed, contact.rubbed) = (last.pressed, last.rubbed);
            }
        }
    }

    /// Returns the spawned bodies, each with its index.
    pub(super) fn present_bodies(&self) -> impl Iterator<Item = (usize, &SceneBody)> {
        self.bodies.iter().enumerate().filter(|(_, body)| body.spawned <= self.frame)
    }

    pub(super) fn body_energy(&self, body: &SceneBody) -> EnergyParts {
        let [_, _, height] = body.position;
        EnergyParts {
            linear: 0.5 * body.mass * dot(body.velocity, body.velocity),
            rotational: 0.5 * body.inertia() * dot(body.spin, body.spin),
            potential: body.mass * self.gravity * height,
        }
    }
}

/// Returns the rate of a body's orientation, 1/s: half the product of its angular velocity (world axes) and itself.
pub(super) fn orientation_rate(body: &SceneBody) -> [f64; 4] {
    let [w, x, y, z] = body.orientation;
    let [p, q, r] = body.spin.map(|part| part / 2.0);
    [-p * x - q * y - r * z, p * w + q * z - r * y, q * w + r * x - p * z, r * w + p * y - q * x]
}

fn rotate_body(body: &mut SceneBody) {
    let mut orientation = body.orientation;
    for (part, rate) in orientation.iter_mut().zip(orientation_rate(body)) {
        *part += rate * STEP;
    }
    // A step of Euler's method leaves the unit sphere a little.
    let size = orientation.iter().map(|part| part * part).sum::<f64>().sqrt();
    body.orientation = orientation.map(|part| part / size);
}
