//! What a recording does not say of its simulation, and how far it can be told from what it does say: gravity, and
//! what rest looks like under it.

use super::energies::BodyEnergy;
use super::states::State;

/// The gravity of the simulator, m/s2, where it is on.
pub const GRAVITY: f64 = 9.81;
/// How deep bodies may rest within each other before they are moved apart, m.
pub const SLOP: f64 = 0.005;
/// The share of what is deeper that each step takes away.
pub const BETA: f64 = 0.2;

/// The gravity of a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gravity {
    /// How strong it is, m/s2; along -z.
    pub strength: f64,
    /// Whether the recording shows it, or it is only assumed.
    pub shown: bool,
}

impl Gravity {
    /// Tells it from the potential energies of bodies: mass times gravity times height.
    #[must_use]
    pub fn infer(states: &[State], energies: &[BodyEnergy], mass: impl Fn(i64) -> Option<f64>) -> Self {
        let weighed = states.iter().filter_map(|state| {
            let energy = energies.iter().find(|energy| energy.body == state.body_id)?;
            let (height, potential, mass) = (state.position.z.0?, energy.potential?, mass(state.body_id)?);
            let level = height.abs() < 1e-6 || mass <= 0.0 || !height.is_finite() || !potential.is_finite();
            (!level).then(|| potential / (mass * height))
        });
        let strengths: Vec<f64> = weighed.filter(|strength| (0.0..1e3).contains(strength)).collect();
        match strengths.first() {
            Some(strength) => Self { strength: *strength, shown: true },
            None => Self { strength: GRAVITY, shown: false },
        }
    }

    /// Returns how deep a body at rest lies within what it rests on, m.
    #[must_use]
    pub fn resting_depth(&self, step: f64) -> f64 {
        self.strength.mul_add(step * step / BETA, SLOP)
    }

    /// Returns the speed that a body at rest is recorded with, m/s: what one step of gravity gives it.
    #[must_use]
    pub const fn resting_speed(&self, step: f64) -> f64 {
        self.strength * step
    }
}
