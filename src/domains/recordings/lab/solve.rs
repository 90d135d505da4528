//! The contact solver: impulses found by going over the contacts again and again until nothing moves any more.

use super::contact::Contact;
use super::scene::SceneBody;
use super::vector::{Vector3, add, dot, scale, subtract};

/// No more sweeps than these.
const SWEEPS_MAX: u32 = 50;
/// Impulses that move less than this between two sweeps are found, N s.
const SETTLED: f64 = 1e-9;

/// How the solver fared.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct SolverResult {
    /// How many sweeps it made.
    pub(super) iterations: u32,
    /// How much velocity the contacts still lack, m/s.
    pub(super) residual: f64,
    /// Whether the last sweep changed next to nothing.
    pub(super) converged: bool,
}

/// One over the mass of each body of a contact; a slab does not move.
fn inverse_masses(bodies: &[SceneBody], contact: &Contact) -> [f64; 2] {
    let mobility = |place: usize| bodies.get(place).map_or(0.0, |body| 1.0 / body.mass);
    [mobility(contact.a), contact.b.map_or(0.0, mobility)]
}

fn body_velocity(bodies: &[SceneBody], place: Option<usize>) -> Vector3 {
    place.and_then(|place| bodies.get(place)).map_or([0.0; 3], |body| body.velocity)
}

/// Adds an impulse to the first body of a contact, and takes it from the second.
fn apply_impulse(bodies: &mut [SceneBody], contact: &Contact, impulse: Vector3) {
    let [first, second] = inverse_masses(bodies, contact);
    if let Some(body) = bodies.get_mut(contact.a) {
        body.velocity = add(body.velocity, scale(impulse, first));
    }
    if let Some(body) = contact.b.and_then(|place| bodies.get_mut(place)) {
        body.velocity = subtract(body.velocity, scale(impulse, second));
    }
}

/// Finds the impulses of all contacts, beginning with those that they have, and changes the velocities by them.
pub(super) fn solve(bodies: &mut [SceneBody], contacts: &mut [Contact]) -> SolverResult {
    let mut solved = SolverResult::default();
    if contacts.is_empty() {
        return solved;
    }
    for contact in contacts.iter() {
        apply_impulse(bodies, contact, contact_impulse(contact));
    }
    while solved.iterations < SWEEPS_MAX && !solved.converged {
        let mut moved: f64 = 0.0;
        for at in 0..contacts.len() * 2 {
            // Forwards and then back: a stack settles in few sweeps.
            let place = if at < contacts.len() { at } else { contacts.len() * 2 - 1 - at };
            if let Some(contact) = contacts.get_mut(place) {
                moved = moved.max(solve_normal(bodies, contact)).max(solve_friction(bodies, contact));
            }
        }
        solved.iterations += 1;
        solved.converged = moved <= SETTLED;
    }
    solved.residual = contacts.iter().map(|contact| velocity_error(bodies, contact)).fold(0.0, f64::max);
    solved
}

/// Returns the impulse that a contact gives its first body.
pub(super) fn contact_impulse(contact: &Contact) -> Vector3 {
    let rubbed = contact.tangents.iter().zip(contact.rubbed).map(|(tangent, size)| scale(*tangent, size));
    rubbed.fold(scale(contact.normal, -contact.pressed), add)
}

/// Returns how fast the bodies of a contact part along a direction.
fn separation_speed(bodies: &[SceneBody], contact: &Contact, direction: Vector3) -> f64 {
    let (first, second) = (body_velocity(bodies, Some(contact.a)), body_velocity(bodies, contact.b));
    dot(subtract(second, first), direction)
}

/// Mends the impulse along the normal; returns by how much.
fn solve_normal(bodies: &mut [SceneBody], contact: &mut Contact) -> f64 {
    let wanted = -contact.restitution * contact.approach;
    let [first, second] = inverse_masses(bodies, contact);
    let lacking = (wanted - separation_speed(bodies, contact, contact.normal)) / (first + second);
    let pressed = (contact.pressed + lacking).max(0.0);
    let change = pressed - contact.pressed;
    contact.pressed = pressed;
    apply_impulse(bodies, contact, scale(contact.normal, -change));
    change.abs()
}

/// Mends the impulses across, which the cone limits; returns by how much.
fn solve_friction(bodies: &mut [SceneBody], contact: &mut Contact) -> f64 {
    let [first, second] = inverse_masses(bodies, contact);
    let lacking = contact.tangents.map(|tangent| separation_speed(bodies, contact, tangent) / (first + second));
    let [one, two] = contact.rubbed;
    let [more, further] = lacking;
    let wanted = [one + more, two + further];
    let size = wanted.iter().map(|part| part * part).sum::<f64>().sqrt();
    let limit = contact.friction * contact.pressed;
    let rubbed = if size > limit { wanted.map(|part| part * (limit / size)) } else { wanted };
    let mut moved: f64 = 0.0;
    for ((tangent, new), old) in contact.tangents.into_iter().zip(rubbed).zip(contact.rubbed) {
        moved = moved.max((new - old).abs());
        apply_impulse(bodies, contact, scale(tangent, new - old));
    }
    contact.rubbed = rubbed;
    moved
}

/// Returns the velocity that a contact still lacks along its normal.
fn velocity_error(bodies: &[SceneBody], contact: &Contact) -> f64 {
    let open = separation_speed(bodies, contact, contact.normal) + contact.restitution * contact.approach;
    if contact.pressed > 0.0 { open.abs() } else { (-open).max(0.0) }
}

/// How deep bodies may overlap, metres.
const SLOP: f64 = 0.005;
/// The part of a deeper overlap that one step takes away.
const BETA: f64 = 0.2;
/// Bodies that part faster than this are left to themselves, m/s.
const PARTING: f64 = 1e-6;

/// Returns how far the position corrector moves each body, which changes no velocity.
pub(super) fn correct_positions(bodies: &[SceneBody], contacts: &[Contact]) -> Vec<Vector3> {
    let mut moves = vec![[0.0; 3]; bodies.len()];
    let resting: Vec<&Contact> =
        contacts.iter().filter(|contact| separation_speed(bodies, contact, contact.normal) < PARTING).collect();
    let mut pushed = vec![0.0; resting.len()];
    for _ in 0..SWEEPS_MAX {
        let mut moved: f64 = 0.0;
        for (contact, pushed) in resting.iter().zip(&mut pushed) {
            let wanted = BETA * (contact.depth - SLOP).max(0.0);
            let move_of = |place: Option<usize>| place.and_then(|place| moves.get(place)).copied().unwrap_or_default();
            let apart = dot(subtract(move_of(contact.b), move_of(Some(contact.a))), contact.normal);
            let [first, second] = inverse_masses(bodies, contact);
            let new = (*pushed + (wanted - apart) / (first + second)).max(0.0);
            let change = new - *pushed;
            *pushed = new;
            moved = moved.max(change.abs());
            if let Some(by) = moves.get_mut(contact.a) {
                *by = subtract(*by, scale(contact.normal, change * first));
            }
            if let Some(by) = contact.b.and_then(|place| moves.get_mut(place)) {
                *by = add(*by, scale(contact.normal, change * second));
            }
        }
        if moved <= SETTLED {
            break;
        }
    }
    moves
}
