//! Which boxes touch, along which normal, how deep and in which points; boxes that touch never turn.

use super::scene::{HALF, SceneBody};
use super::vector::{Vector3, add, cross, dot, scale, subtract};

/// Boxes nearer than this touch: what rounding leaves between two that rest on each other.
const TOUCHING: f64 = -1e-9;
/// What a slab is made of.
const SLAB_FRICTION: f64 = 0.5;
const SLAB_RESTITUTION: f64 = 0.5;
/// Slower impacts give nothing back, m/s.
const RESTITUTION_FROM: f64 = 0.5;

/// Two bodies that touch at the beginning of a step.
#[derive(Clone, Debug)]
pub(super) struct Contact {
    /// The place of the first body.
    pub(super) a: usize,
    /// The place of the second one; none is the slab.
    pub(super) b: Option<usize>,
    /// From the first to the second.
    pub(super) normal: Vector3,
    /// Two directions across.
    pub(super) tangents: [Vector3; 2],
    /// How far they overlap, metres.
    pub(super) depth: f64,
    /// The relative velocity along the normal: negative where they approach.
    pub(super) approach: f64,
    /// The friction coefficient of the pair.
    pub(super) friction: f64,
    /// The restitution of this impact.
    pub(super) restitution: f64,
    /// The points, from the centre of the first body.
    pub(super) arms: Vec<Vector3>,
    /// The impulse along the normal, over all points, N s.
    pub(super) pressed: f64,
    /// The impulses along the tangents, over all points, N s.
    pub(super) rubbed: [f64; 2],
}

/// Returns the contacts of the bodies that take part.
pub(super) fn find_contacts(bodies: &[SceneBody], frame: u32, slab: bool) -> Vec<Contact> {
    let mut contacts = Vec::new();
    let here = |body: &&SceneBody| body.spawned <= frame;
    for (at, body) in bodies.iter().enumerate().filter(|(_, body)| here(body)) {
        for (other, second) in bodies.iter().enumerate().skip(at + 1).filter(|(_, body)| here(body)) {
            contacts.extend(body_contact(at, body, other, second));
        }
        if slab {
            contacts.extend(on_slab(at, body));
        }
    }
    contacts
}

fn on_slab(at: usize, body: &SceneBody) -> Option<Contact> {
    let [_, _, height] = body.position;
    let depth = HALF - height;
    let contact = Contact::new(at, None, [0.0, 0.0, -1.0], depth, (body, body.velocity));
    let friction = (body.friction * SLAB_FRICTION).sqrt();
    (depth >= TOUCHING).then(|| contact.made_of(friction, (body.restitution * SLAB_RESTITUTION).sqrt()))
}

fn body_contact(at: usize, first: &SceneBody, other: usize, second: &SceneBody) -> Option<Contact> {
    let apart = subtract(second.position, first.position);
    let depths = apart.map(|distance| 2.0 * HALF - distance.abs());
    let (axis, depth) = depths.into_iter().enumerate().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let direction = |(place, distance): (usize, f64)| if place == axis { distance.signum() } else { 0.0 };
    let mut numbered = apart.into_iter().enumerate().map(direction);
    let normal = [numbered.next()?, numbered.next()?, numbered.next()?];
    let velocity = subtract(first.velocity, second.velocity);
    let contact = Contact::new(at, Some(other), normal, depth, (first, velocity));
    let friction = (first.friction * second.friction).sqrt();
    (depth >= TOUCHING).then(|| contact.made_of(friction, (first.restitution * second.restitution).sqrt()))
}

impl Contact {
    fn new(a: usize, b: Option<usize>, normal: Vector3, depth: f64, (body, velocity): (&SceneBody, Vector3)) -> Self {
        let [_, _, up] = normal;
        let across = if up == 0.0 { [0.0, 0.0, 1.0] } else { [1.0, 0.0, 0.0] };
        let tangents = [across, cross(normal, across)];
        let corner = |(u, v): (f64, f64)| {
            add(scale(normal, HALF), add(scale(across, u * HALF), scale(cross(normal, across), v * HALF)))
        };
        let arms = [(1.0, 1.0), (1.0, -1.0), (-1.0, -1.0), (-1.0, 1.0)].map(corner).to_vec();
        debug_assert!(body.mass > 0.0);
        Self {
            a,
            b,
            normal,
            tangents,
            depth: depth.max(0.0),
            approach: -dot(velocity, normal),
            friction: 0.0,
            restitution: 0.0,
            arms,
            pressed: 0.0,
            rubbed: [0.0; 2],
        }
    }

    fn made_of(self, friction: f64, restitution: f64) -> Self {
        let restitution = if -self.approach > RESTITUTION_FROM { restitution } else { 0.0 };
        Self { friction, restitution, ..self }
    }

    /// Returns the share of each point in the impulses: those ahead of the friction carry more, so that nothing turns
    /// the body.
    pub(super) fn point_shares(&self) -> Vec<f64> {
        let even = 1.0 / 4.0;
        if self.pressed <= 0.0 {
            return vec![even; self.arms.len()];
        }
        let share = |arm: &Vector3| {
            let lever = |(tangent, rubbed): (&Vector3, &f64)| dot(*arm, *tangent) / HALF * rubbed / self.pressed;
            even * (1.0 - self.tangents.iter().zip(&self.rubbed).map(lever).sum::<f64>())
        };
        self.arms.iter().map(share).collect()
    }
}
