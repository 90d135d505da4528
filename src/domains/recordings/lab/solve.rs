//! The contact solver: sequential impulses, swept over all contacts until none changes by more than a little.

use super::contact::Contact;
use super::scene::SceneBody;
use super::vector::{Vector3, add, dot, scale, subtract};

/// The most sweeps of a solve, as in the recorder's solver.
const SWEEPS_MAX: u32 = 50;
/// The largest change of an impulse in a sweep at which the solver has converged, N s.
const SETTLED: f64 = 1e-9;

/// The diagnostics of a solve; all zero and not converged where there was no contact, as recorders write it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct SolverResult {
    /// The number of sweeps.
    pub(super) iterations: u32,
    /// The largest velocity error that is left at a contact, m/s.
    pub(super) residual: f64,
    /// Whether the last sweep changed no impulse by more than [`SETTLED`].
    pub(super) converged: bool,
}

/// Returns one over the mass of each body of a contact, 1/kg; 0 for the slab, which no impulse moves.
fn inverse_masses(bodies: &[SceneBody], contact: &Contact) -> [f64; 2] {
    [Some(contact.a), contact.b]
        .map(|place| place.and_then(|place| bodies.get(place)).map_or(0.0, |body| 1.0 / body.mass))
}

fn body_velocity(bodies: &[SceneBody], place: Option<usize>) -> Vector3 {
    place.and_then(|place| bodies.get(place)).map_or([0.0; 3], |body| body.velocity)
}

/// Applies an impulse, N s, to the first body of a contact and its opposite to the second.
fn apply_impulse(bodies: &mut [SceneBody], contact: &Contact, impulse: Vector3) {
    let [first, second] = inverse_masses(bodies, contact);
    if let Some(body) = bodies.get_mut(contact.a) {
        body.velocity = add(body.velocity, scale(impulse, first));
    }
    if let Some(body) = contact.b.and_then(|place| bodies.get_mut(place)) {
        body.velocity = subtract(body.velocity, scale(impulse, second));
    }
}

/// Solves the impulses of all contacts, starting from those that they have, and applies them to the velocities.
pub(super) fn solve(bodies: &mut [SceneBody], contacts: &mut [Contact]) -> SolverResult {
    let mut solved = SolverResult::default();
    if contacts.is_empty() {
        return solved;
    }
    // Warm start: most contacts last, and the impulses of the step before are nearly right.
    for contact in contacts.iter() {
        apply_impulse(bodies, contact, contact_impulse(contact));
    }
    while solved.iterations < SWEEPS_MAX && !solved.converged {
        let mut largest_change: f64 = 0.0;
        for at in 0..contacts.len() * 2 {
            // A sweep goes forwards and then back, so that an impulse passes through a whole stack in one sweep.
            let place = if at < contacts.len() { at } else { contacts.len() * 2 - 1 - at };
            if let Some(contact) = contacts.get_mut(place) {
                largest_change = largest_change.max(solve_normal(bodies, contact)).max(solve_friction(bodies, contact));
            }
        }
        solved.iterations += 1;
        solved.converged = largest_change <= SETTLED;
    }
    solved.residual = contacts.iter().map(|contact| velocity_error(bodies, contact)).fold(0.0, f64::max);
    solved
}

/// Returns the impulse of a contact on its first body, N s.
pub(super) fn contact_impulse(contact: &Contact) -> Vector3 {
    let rubbed = contact.tangents.iter().zip(contact.rubbed).map(|(tangent, size)| scale(*tangent, size));
    rubbed.fold(scale(contact.normal, -contact.pressed), add)
}

/// Returns the speed, m/s, at which the bodies of a contact part along a direction.
fn separation_speed(bodies: &[SceneBody], contact: &Contact, direction: Vector3) -> f64 {
    let (first, second) = (body_velocity(bodies, Some(contact.a)), body_velocity(bodies, contact.b));
    dot(subtract(second, first), direction)
}

/// Corrects the impulse along the normal, which must not pull; returns the size of the change, N s.
fn solve_normal(bodies: &mut [SceneBody], contact: &mut Contact) -> f64 {
    let target = -contact.restitution * contact.approach;
    let [first, second] = inverse_masses(bodies, contact);
    // The first body of a contact always moves: the sum of the inverse masses is above 0.
    let lacking = (target - separation_speed(bodies, contact, contact.normal)) / (first + second);
    // The whole impulse is clamped, not this correction: a sweep may take back what an earlier one gave.
    let pressed = (contact.pressed + lacking).max(0.0);
    let change = pressed - contact.pressed;
    contact.pressed = pressed;
    apply_impulse(bodies, contact, scale(contact.normal, -change));
    change.abs()
}

/// Corrects the impulses along the tangents, which the friction cone limits; returns the size of the change, N s.
fn solve_friction(bodies: &mut [SceneBody], contact: &mut Contact) -> f64 {
    let [first, second] = inverse_masses(bodies, contact);
    let lacking = contact.tangents.map(|tangent| separation_speed(bodies, contact, tangent) / (first + second));
    let [one, two] = contact.rubbed;
    let [more, further] = lacking;
    let target = [one + more, two + further];
    let size = target.iter().map(|part| part * part).sum::<f64>().sqrt();
    // The cone limits both tangents together: clamping each would allow more friction along the diagonal.
    let limit = contact.friction * contact.pressed;
    let rubbed = if size > limit { target.map(|part| part * (limit / size)) } else { target };
    let mut largest_change: f64 = 0.0;
    for ((tangent, new), old) in contact.tangents.into_iter().zip(rubbed).zip(contact.rubbed) {
        largest_change = largest_change.max((new - old).abs());
        apply_impulse(bodies, contact, scale(tangent, new - old));
    }
    contact.rubbed = rubbed;
    largest_change
}

/// Returns the velocity error of a contact along its normal, m/s. A contact without impulse may part at any speed.
fn velocity_error(bodies: &[SceneBody], contact: &Contact) -> f64 {
    let open = separation_speed(bodies, contact, contact.normal) + contact.restitution * contact.approach;
    if contact.pressed > 0.0 { open.abs() } else { (-open).max(0.0) }
}

/// The overlap that the position corrector leaves alone, m.
const SLOP: f64 = 0.005;
/// The share of a deeper overlap that it removes in a step.
const BETA: f64 = 0.2;
/// Bodies that part faster than this need no correction, m/s.
const PARTING: f64 = 1e-6;

/// Returns the displacement of each body by the position corrector, m. It moves positions only: a velocity that undid
/// an overlap would stay as kinetic energy.
pub(super) fn correct_positions(bodies: &[SceneBody], contacts: &[Contact]) -> Vec<Vector3> {
    let mut moves = vec![[0.0; 3]; bodies.len()];
    let resting: Vec<&Contact> =
        contacts.iter().filter(|contact| separation_speed(bodies, contact, contact.normal) < PARTING).collect();
    let mut pushed = vec![0.0; resting.len()];
    for _ in 0..SWEEPS_MAX {
        let mut largest_change: f64 = 0.0;
        for (contact, pushed) in resting.iter().zip(&mut pushed) {
            let target = BETA * (contact.depth - SLOP).max(0.0);
            let [first_move, second_move] = [Some(contact.a), contact.b]
                .map(|place| place.and_then(|place| moves.get(place)).copied().unwrap_or_default());
            let apart = dot(subtract(second_move, first_move), contact.normal);
            let [first, second] = inverse_masses(bodies, contact);
            let new = (*pushed + (target - apart) / (first + second)).max(0.0);
            let change = new - *pushed;
            *pushed = new;
            largest_change = largest_change.max(change.abs());
            if let Some(by) = moves.get_mut(contact.a) {
                *by = subtract(*by, scale(contact.normal, change * first));
            }
            if let Some(by) = contact.b.and_then(|place| moves.get_mut(place)) {
                *by = add(*by, scale(contact.normal, change * second));
            }
        }
        if largest_change <= SETTLED {
            break;
        }
    }
    moves
}
