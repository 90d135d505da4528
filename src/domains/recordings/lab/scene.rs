//! The initial scenes of the scenarios: bodies, slab and gravity, varied by the seed.

use mfm_journal::Value;

use super::vector::{Vector3, ZERO};
use crate::model::seed::RecordRandom;

/// The scenarios, the default first.
pub(super) const SCENARIOS: [&str; 7] =
    ["stack", "free-fall", "resting", "bouncing", "sliding", "elastic-pair", "grid"];

/// Half the edge of every box, m.
pub(super) const HALF: f64 = 0.5;
/// The gravity of a scene that has any, m/s2.
const GRAVITY: f64 = 9.81;
/// The initial overlap of the boxes of a stack, m: as deep as the position corrector leaves them.
const SEATED: f64 = 0.005;

/// A box.
#[derive(Clone, Debug)]
pub(super) struct SceneBody {
    /// Its instance id.
    pub(super) id: i64,
    /// Its mass, kg.
    pub(super) mass: f64,
    /// The share of an impact's speed that is returned.
    pub(super) restitution: f64,
    /// The friction coefficient.
    pub(super) friction: f64,
    /// The first frame that it is part of.
    pub(super) spawned: u32,
    /// The centre of mass, m.
    pub(super) position: Vector3,
    /// Its velocity, m/s.
    pub(super) velocity: Vector3,
    /// Its angular velocity, rad/s, in world axes; 0 for every body that ever touches anything.
    pub(super) spin: Vector3,
    /// The unit quaternion from body to world: w, x, y, z.
    pub(super) orientation: [f64; 4],
}

impl SceneBody {
    fn at_position(id: i64, position: Vector3) -> Self {
        Self {
            id,
            mass: 1.0,
            restitution: 0.0,
            friction: 0.5,
            spawned: 1,
            position,
            velocity: ZERO,
            spin: ZERO,
            orientation: [1.0, 0.0, 0.0, 0.0],
        }
    }

    /// Returns its moment of inertia, kg m2: that of a cube is the same about every axis through its centre.
    pub(super) fn inertia(&self) -> f64 {
        let edge = 2.0 * HALF;
        self.mass * edge * edge / 6.0
    }
}

/// The initial state of a simulation.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    /// The bodies, in the order in which they are spawned.
    pub(super) bodies: Vec<SceneBody>,
    /// The instance id of the slab, whose top is at z = 0; `None` for a scene without one.
    pub(super) slab: Option<i64>,
    /// The gravity along -z, m/s2.
    pub(super) gravity: f64,
}

/// The random choices of a scene.
struct SceneRandom(RecordRandom);

impl SceneRandom {
    fn pick(&mut self, choices: &[f64]) -> f64 {
        self.0.pick(choices).copied().unwrap_or(1.0)
    }
}

impl Scene {
    /// Builds the scene of a scenario; an unknown one is the default.
    pub(super) fn new(scenario: &str, seed: u64, frames: u32) -> Self {
        let key = [Value::Text(scenario.to_owned())];
        let mut dice = SceneRandom(RecordRandom::new(seed, "recordings/scene", &key));
        match scenario {
            "free-fall" => free_fall(&mut dice),
            "resting" => one_box(&mut dice, 0.0, ZERO),
            "bouncing" => bouncing_box(&mut dice),
            "sliding" => sliding_box(&mut dice),
            "elastic-pair" => elastic_pair(&mut dice),
            "grid" => box_grid(&mut dice),
            _ => box_stack(&mut dice, frames),
        }
    }
}

/// A box that falls and turns, without anything to touch.
fn free_fall(dice: &mut SceneRandom) -> Scene {
    let mut body = SceneBody::at_position(2, [0.0, 0.0, dice.pick(&[10.0, 20.0, 50.0])]);
    body.mass = dice.pick(&[1.0, 2.0, 10.0]);
    body.velocity = [dice.pick(&[-1.0, 0.5, 2.0]), 0.0, 0.0];
    body.spin = [0.0, dice.pick(&[0.5, 1.0, 3.0]), 0.25];
    Scene { bodies: vec![body], slab: None, gravity: GRAVITY }
}

/// A box above or on a slab.
fn one_box(dice: &mut SceneRandom, height: f64, velocity: Vector3) -> Scene {
    let mut body = SceneBody::at_position(3, [0.0, 0.0, HALF + height]);
    body.mass = dice.pick(&[1.0, 2.0, 10.0]);
    body.velocity = velocity;
    Scene { bodies: vec![body], slab: Some(2), gravity: GRAVITY }
}

/// A box that falls on a slab and bounces lower each time.
fn bouncing_box(dice: &mut SceneRandom) -> Scene {
    let height = dice.pick(&[1.0, 1.5, 2.0]);
    let mut scene = one_box(dice, height, ZERO);
    let restitution = dice.pick(&[0.4, 0.5, 0.6]);
    for body in &mut scene.bodies {
        body.restitution = restitution;
    }
    scene
}

/// A box that friction brings to a stop.
fn sliding_box(dice: &mut SceneRandom) -> Scene {
    let velocity = [dice.pick(&[1.5, 2.0, 3.0]), dice.pick(&[-0.5, 0.0, 1.0]), 0.0];
    let mut scene = one_box(dice, 0.0, velocity);
    let friction = dice.pick(&[0.3, 0.5]);
    for body in &mut scene.bodies {
        body.friction = friction;
    }
    scene
}

/// Two boxes without gravity that collide elastically.
fn elastic_pair(dice: &mut SceneRandom) -> Scene {
    let (mut first, mut second) =
        (SceneBody::at_position(2, [-1.0, 0.0, 0.0]), SceneBody::at_position(3, [1.0, 0.0, 0.0]));
    first.velocity = [dice.pick(&[1.0, 2.0, 4.0]), 0.0, 0.0];
    second.mass = dice.pick(&[1.0, 2.0, 5.0]);
    for body in [&mut first, &mut second] {
        (body.restitution, body.friction) = (1.0, 0.0);
    }
    Scene { bodies: vec![first, second], slab: None, gravity: 0.0 }
}

/// Two boxes on top of each other, the upper one sliding at first, and a third that is spawned on top of them later.
fn box_stack(dice: &mut SceneRandom, frames: u32) -> Scene {
    let mut bodies = Vec::new();
    for number in 0..3u8 {
        let height = (2.0 * HALF - SEATED) * f64::from(number) + HALF;
        bodies.push(SceneBody::at_position(3 + i64::from(number), [0.0, 0.0, height]));
    }
    // The heaviest at the bottom: sequential impulses converge slowly where a heavy box rests on a light one.
    let masses = [[4.0, 2.0, 1.0], [3.0, 2.0, 1.0], [6.0, 3.0, 1.0]];
    let masses = dice.0.pick(&masses).copied().unwrap_or([4.0, 2.0, 1.0]);
    for (body, mass) in bodies.iter_mut().zip(masses) {
        body.mass = mass;
    }
    if let [_, middle, top] = bodies.as_mut_slice() {
        middle.velocity = [dice.pick(&[0.3, 0.5, 0.8]), 0.0, 0.0];
        // A third into the recording, so that any length of it has frames with and without the body.
        top.spawned = 1 + frames / 3;
    }
    Scene { bodies, slab: Some(2), gravity: GRAVITY }
}

/// Eight boxes that fall side by side, from different heights.
fn box_grid(dice: &mut SceneRandom) -> Scene {
    let mut bodies = Vec::new();
    for number in 0..8u8 {
        let (x, y) = (f64::from(number % 4) * 3.0, f64::from(number / 4) * 3.0);
        let mut body = SceneBody::at_position(3 + i64::from(number), [x, y, HALF + 0.1 * f64::from(number)]);
        body.mass = dice.pick(&[1.0, 2.0, 10.0]);
        // A box that stopped at its first impact would overlap deeply, and the position corrector would lift it: energy
        // from nowhere.
        body.restitution = 0.6;
        bodies.push(body);
    }
    Scene { bodies, slab: Some(2), gravity: GRAVITY }
}
