//! Collision detection for axis-aligned boxes: pairs, normals, depths and contact points. Boxes that touch never turn,
//! so that their faces stay parallel to the axes.

use super::scene::{HALF, SceneBody};
use super::vector::{Vector3, add, cross, dot, scale, subtract};

/// The least depth of a contact, m. Below 0, as rounding may leave a gap between boxes that rest on each other.
const TOUCHING: f64 = -1e-9;
/// The coefficients of the slab.
const SLAB_FRICTION: f64 = 0.5;
const SLAB_RESTITUTION: f64 = 0.5;
/// The speed of approach up to which an impact has no restitution, m/s: boxes at rest would never stop bouncing.
const RESTITUTION_FROM: f64 = 0.5;

/// Two touching bodies at the beginning of a step, and the impulses that the step gives them.
#[derive(Clone, Debug)]
pub(super) struct Contact {
    /// The index of the first body.
    pub(super) a: usize,
    /// The index of the second body; `None` is the slab.
    pub(super) b: Option<usize>,
    /// The unit vector from the first body to the second.
    pub(super) normal: Vector3,
    /// Two unit vectors across the normal.
    pub(super) tangents: [Vector3; 2],
    /// The depth of the overlap, m; at least 0.
    pub(super) depth: f64,
    /// The relative velocity along the normal, m/s: negative where they approach.
    pub(super) approach: f64,
    /// The friction coefficient of the pair.
    pub(super) friction: f64,
    /// The restitution of this impact.
    pub(super) restitution: f64,
    /// The contact points, from the centre of the first body, m.
    pub(super) arms: Vec<Vector3>,
    /// The impulse along the normal, over all points, N s.
    pub(super) pressed: f64,
    /// The impulses along the tangents, over all points, N s.
    pub(super) rubbed: [f64; 2],
}

/// Finds the contacts of the bodies that are spawned by a frame, with each other and with the slab, if there is one.
pub(super) fn find_contacts(bodies: &[SceneBody], frame: u32, slab: bool) -> Vec<Contact> {
    let mut contacts = Vec::new();
    let present: Vec<(usize, &SceneBody)> =
        bodies.iter().enumerate().filter(|(_, body)| body.spawned <= frame).collect();
    for (at, body) in &present {
        for (other, second) in present.iter().filter(|(other, _)| other > at) {
            contacts.extend(body_contact(*at, body, *other, second));
        }
        if slab {
            contacts.extend(slab_contact(*at, body));
        }
    }
    contacts
}

fn slab_contact(at: usize, body: &SceneBody) -> Option<Contact> {
    let [_, _, height] = body.position;
    let depth = HALF - height;
    let contact = Contact::new(at, None, [0.0, 0.0, -1.0], depth, body.velocity);
    let friction = (body.friction * SLAB_FRICTION).sqrt();
    (depth >= TOUCHING).then(|| contact.with_coefficients(friction, (body.restitution * SLAB_RESTITUTION).sqrt()))
}

fn body_contact(at: usize, first: &SceneBody, other: usize, second: &SceneBody) -> Option<Contact> {
    let apart = subtract(second.position, first.position);
    let depths = apart.map(|distance| 2.0 * HALF - distance.abs());
    // The axis of least overlap is the shortest way to part them. A negative overlap is a gap.
    let (axis, depth) = depths.into_iter().enumerate().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let mut normal = [0.0; 3];
    for (component, (part, distance)) in normal.iter_mut().zip(apart).enumerate() {
        if component == axis {
            *part = distance.signum();
        }
    }
    let velocity = subtract(first.velocity, second.velocity);
    let contact = Contact::new(at, Some(other), normal, depth, velocity);
    let friction = (first.friction * second.friction).sqrt();
    (depth >= TOUCHING).then(|| contact.with_coefficients(friction, (first.restitution * second.restitution).sqrt()))
}

impl Contact {
    /// Builds a contact without impulses; `velocity` is that of the first body relative to the second.
    fn new(a: usize, b: Option<usize>, normal: Vector3, depth: f64, velocity: Vector3) -> Self {
        let [_, _, up] = normal;
        // Any axis across the normal would do. It depends on the normal alone, so that tangents, and the impulses along
        // them, carry over from step to step.
        let first = if up == 0.0 { [0.0, 0.0, 1.0] } else { [1.0, 0.0, 0.0] };
        let second = cross(normal, first);
        // The corners of the first body's face, even where the second body covers only a part of it.
        let arms = [(1.0, 1.0), (1.0, -1.0), (-1.0, -1.0), (-1.0, 1.0)]
            .map(|(u, v)| add(scale(normal, HALF), add(scale(first, u * HALF), scale(second, v * HALF))))
            .to_vec();
        Self {
            a,
            b,
            normal,
            tangents: [first, second],
            depth: depth.max(0.0),
            approach: -dot(velocity, normal),
            friction: 0.0,
            restitution: 0.0,
            arms,
            pressed: 0.0,
            rubbed: [0.0; 2],
        }
    }

    fn with_coefficients(self, friction: f64, restitution: f64) -> Self {
        let restitution = if -self.approach > RESTITUTION_FROM { restitution } else { 0.0 };
        Self { friction, restitution, ..self }
    }

    /// Returns the share of each point in the contact's impulses. Points on the side that friction pushes towards carry
    /// more, so that the torques of friction and normal impulses cancel and the body does not turn.
    pub(super) fn point_shares(&self) -> Vec<f64> {
        let even = 1.0 / 4.0;
        if self.pressed <= 0.0 {
            return vec![even; self.arms.len()];
        }
        let mut shares = Vec::with_capacity(self.arms.len());
        for arm in &self.arms {
            let levers = self.tangents.iter().zip(&self.rubbed);
            let lever: f64 = levers.map(|(tangent, rubbed)| dot(*arm, *tangent) / HALF * rubbed / self.pressed).sum();
            shares.push(even * (1.0 - lever));
        }
        shares
    }
}
