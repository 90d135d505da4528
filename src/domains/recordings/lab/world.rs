//! A small rigid-body simulation: boxes on a slab, semi-implicit Euler, the same steps for the same scene.

use super::contact::{self, Contact};
use super::scene::{Scene, SceneBody};
use super::solve::{self, SolverResult};
use super::vector::{Vector3, add, dot, scale, subtract};

/// Seconds a step.
pub(super) const STEP: f64 = 0.016;

/// A simulation, and what its last step did.
#[derive(Clone, Debug)]
pub(super) struct Simulation {
    /// The bodies as they are after the step.
    pub(super) bodies: Vec<SceneBody>,
    /// The slab that the boxes stand on.
    pub(super) slab: Option<i64>,
    gravity: f64,
    /// The step, from 1.
    pub(super) frame: u32,
    /// The positions at the beginning of the step.
    pub(super) before: Vec<Vector3>,
    /// The contacts at the beginning of the step, with the impulses that the step gave them.
    pub(super) contacts: Vec<Contact>,
    /// How the solver fared.
    pub(super) solved: SolverResult,
    /// What changed the velocities, m/s2.
    pub(super) accelerations: Vec<Vector3>,
    /// Seconds since the beginning.
    pub(super) time: f64,
}

/// A body's energies, joules.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct EnergyParts {
    pub(super) linear: f64,
    pub(super) rotational: f64,
    pub(super) potential: f64,
}

impl EnergyParts {
    /// Returns all of it.
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

    /// Goes one step further: contacts are found and solved on the state before the step, then everything moves.
    pub(super) fn step(&mut self) {
        self.frame += 1;
        self.time = f64::from(self.frame) * STEP;
        let mut contacts = contact::find_contacts(&self.bodies, self.frame, self.slab.is_some());
        self.begin_with_the_last(&mut contacts);
        self.before = self.bodies.iter().map(|body| body.position).collect();
        let velocities: Vec<Vector3> = self.bodies.iter().map(|body| body.velocity).collect();
        self.solved = solve::solve(&mut self.bodies, &mut contacts);
        let corrections = solve::correct_positions(&self.bodies, &contacts);
        self.contacts = contacts;
        let pull = [0.0, 0.0, -self.gravity * STEP];
        let frame = self.frame;
        let moving = self.bodies.iter_mut().zip(corrections).filter(|(body, _)| body.spawned <= frame);
        for (body, correction) in moving {
            body.velocity = add(body.velocity, pull);
            body.position = add(add(body.position, scale(body.velocity, STEP)), correction);
            rotate_body(body);
        }
        let change = |(body, before): (&SceneBody, &Vector3)| scale(subtract(body.velocity, *before), 1.0 / STEP);
        self.accelerations = self.bodies.iter().zip(&velocities).map(change).collect();
    }

    /// Gives contacts the impulses that the same bodies had in the step before.
    fn begin_with_the_last(&self, contacts: &mut [Contact]) {
        for contact in contacts {
            let same = |last: &&Contact| (last.a, last.b) == (contact.a, contact.b);
            if let Some(last) = self.contacts.iter().find(same) {
                (contact.pressed, contact.rubbed) = (last.pressed, last.rubbed);
            }
        }
    }

    /// Returns the places of the bodies that take part.
    pub(super) fn present_bodies(&self) -> impl Iterator<Item = (usize, &SceneBody)> {
        self.bodies.iter().enumerate().filter(|(_, body)| body.spawned <= self.frame)
    }

    /// Returns a body's energies.
    pub(super) fn body_energy(&self, body: &SceneBody) -> EnergyParts {
        let [_, _, height] = body.position;
        EnergyParts {
            linear: 0.5 * body.mass * dot(body.velocity, body.velocity),
            rotational: 0.5 * body.inertia() * dot(body.spin, body.spin),
            potential: body.mass * self.gravity * height,
        }
    }
}

/// Returns how fast an orientation changes under a spin of the world's axes, 1/s.
pub(super) fn orientation_rate(body: &SceneBody) -> [f64; 4] {
    let [w, x, y, z] = body.orientation;
    let [p, q, r] = body.spin.map(|part| part / 2.0);
    [-p * x - q * y - r * z, p * w + q * z - r * y, q * w + r * x - p * z, r * w + p * y - q * x]
}

fn rotate_body(body: &mut SceneBody) {
    let mut turned = body.orientation;
    turned.iter_mut().zip(orientation_rate(body)).for_each(|(part, rate)| *part += rate * STEP);
    let size = turned.iter().map(|part| part * part).sum::<f64>().sqrt();
    body.orientation = turned.map(|part| part / size);
}
